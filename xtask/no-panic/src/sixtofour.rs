//! `sixtofour`.

use core::net::{IpAddr, Ipv6Addr};

use ip_wire::PacketBuf;
use sixtofour::{Domain, Router, SixToFourAddr, classify, embedded_v4};

type Packet<'a> = PacketBuf<&'a mut [u8]>;

entry_points! {
    sixtofour_classify(address: IpAddr) { classify(address) }
    sixtofour_embedded(address: Ipv6Addr) { embedded_v4(address).count() }
    sixtofour_address(address: Ipv6Addr) { SixToFourAddr::from_ipv6(address) }
    sixrd_v4addr(domain: &Domain, address: Ipv6Addr) { domain.v4addr(address) }
    sixtofour_encapsulate(router: &Router<'_>, packet: &mut Packet<'_>) { router.encapsulate(packet, 7).is_ok() }
    sixtofour_decapsulate(router: &Router<'_>, packet: &mut Packet<'_>) { router.decapsulate(packet).is_ok() }
}
