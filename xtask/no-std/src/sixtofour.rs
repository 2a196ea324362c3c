//! A packet through two 6to4 routers, and an address that only looks global.

use core::hint::black_box;

use addr_sharing::PsidParams;
use ip_wire::{PacketBuf, Protocol, ipv6};
use sixtofour::port_range::Profile;
use sixtofour::{Policy, Router, SixToFourAddr, classify};

/// What is to be right.
pub(crate) const CHECKS: [fn() -> bool; 3] = [goes_through_the_tunnel, looks_through_addresses, finds_the_subscriber];

fn goes_through_the_tunnel() -> bool {
    let (near, far) = black_box(([11, 12, 13, 14].into(), [9, 254, 253, 252].into()));
    let (Ok(sender), Ok(receiver)) = (Router::new(near, Policy::STRICT), Router::new(far, Policy::STRICT)) else { return false };
    let mut storage = [0u8; 80];
    let (source, destination) = (SixToFourAddr::new(near, 1, 1).ipv6(), SixToFourAddr::new(far, 2, 2).ipv6());
    let Ok(header) = ipv6::Header::new(source, destination, Protocol::UDP, 20) else { return false };
    let Some(Ok(_)) = storage.get_mut(20..).map(|place| header.emit(place)) else { return false };
    let Ok(mut packet) = PacketBuf::new(&mut storage[..], 20, 60) else { return false };
    sender.encapsulate(&mut packet, 7).is_ok_and(|done| done.destination == far)
        && packet.len() == 80
        && receiver.decapsulate(&mut packet).is_ok()
        && packet.len() == 60
}

fn looks_through_addresses() -> bool {
    let loopback = SixToFourAddr::new(black_box([127, 0, 0, 1].into()), 0, 0).ipv6();
    let global = SixToFourAddr::new(black_box([11, 12, 13, 14].into()), 0, 0).ipv6();
    classify(loopback.into()).is_err() && classify(global.into()).is_ok()
}

fn finds_the_subscriber() -> bool {
    let Ok(params) = PsidParams::new(black_box(6), 8) else { return false };
    let found = Profile::new(params).parse(SixToFourAddr::new([11, 12, 13, 14].into(), 0x3412, 1).ipv6());
    found.is_ok_and(|subscriber| subscriber.psid() == 0x34 && subscriber.ports().contains(1232))
}
