//! Views of an IPv4 header and the UDP header behind it.

use super::digest::four;

#[inline]
pub(super) fn ours(packet: &[u8]) -> Option<u64> {
    let ip = ip_wire::ipv4::View::parse(packet).ok()?;
    let udp = ip_wire::udp::View::parse(ip.payload()).ok()?;
    Some(four(ip.source(), ip.destination(), udp.source_port(), udp.destination_port()))
}

#[cfg(feature = "ingot")]
#[inline]
pub(super) fn ingot(packet: &[u8]) -> Option<u64> {
    use std::net::Ipv4Addr;

    use ingot::ip::{Ipv4Ref, ValidIpv4};
    use ingot::types::HeaderParse;
    use ingot::udp::{UdpRef, ValidUdp};

    let (ip, _, rest) = ValidIpv4::parse(packet).ok()?;
    let (udp, ..) = ValidUdp::parse(rest).ok()?;
    Some(four(Ipv4Addr::from(ip.source()), Ipv4Addr::from(ip.destination()), udp.source(), udp.destination()))
}

#[inline]
pub(super) fn pnet(packet: &[u8]) -> Option<u64> {
    use pnet_packet::Packet;

    let ip = pnet_packet::ipv4::Ipv4Packet::new(packet)?;
    let udp = pnet_packet::udp::UdpPacket::new(ip.payload())?;
    Some(four(ip.get_source(), ip.get_destination(), udp.get_source(), udp.get_destination()))
}

#[inline]
pub(super) fn smoltcp(packet: &[u8]) -> Option<u64> {
    let ip = smoltcp::wire::Ipv4Packet::new_checked(packet).ok()?;
    let udp = smoltcp::wire::UdpPacket::new_checked(ip.payload()).ok()?;
    Some(four(ip.src_addr(), ip.dst_addr(), udp.src_port(), udp.dst_port()))
}

#[inline]
pub(super) fn ours_verified(packet: &[u8]) -> bool {
    ip_wire::ipv4::View::parse(packet).is_ok_and(|ip| ip.verify_checksum().is_ok())
}

#[inline]
pub(super) fn smoltcp_verified(packet: &[u8]) -> bool {
    smoltcp::wire::Ipv4Packet::new_checked(packet).is_ok_and(|ip| ip.verify_checksum())
}

/// etherparse computes from its owned header only.
#[inline]
pub(super) fn etherparse_verified(packet: &[u8]) -> bool {
    etherparse::Ipv4HeaderSlice::from_slice(packet).is_ok_and(|ip| ip.header_checksum() == ip.to_header().calc_header_checksum())
}

#[inline]
pub(super) fn pnet_verified(packet: &[u8]) -> bool {
    pnet_packet::ipv4::Ipv4Packet::new(packet).is_some_and(|ip| ip.get_checksum() == pnet_packet::ipv4::checksum(&ip))
}
