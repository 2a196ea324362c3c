//! What one router encapsulates another one decapsulates to the same octets; what is refused stays as it was.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use core::net::{Ipv4Addr, Ipv6Addr};

use ip_wire::{PacketBuf, Protocol, ipv4, ipv6};
use proptest::prelude::*;
use sixtofour::special::Ipv4Block;
use sixtofour::{Policy, Reason, Role, Router, SixToFourAddr};

fn usable() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>()
        .prop_map(Ipv4Addr::from_bits)
        .prop_filter("an address that a host can have", |address| Ipv4Block::of(*address).is_none())
}

/// An address of the blocks that both profiles refuse.
fn refused() -> impl Strategy<Value = Ipv4Addr> {
    let blocks = [(0u32, 8u32), (10, 8), (127, 8), (0xac1, 12), (0xc0a8, 16), (0xa9fe, 16), (0xe, 4), (0xf, 4)];
    (proptest::sample::select(blocks.to_vec()), any::<u32>())
        .prop_map(|((first, len), rest)| Ipv4Addr::from_bits((first << (32 - len)) | (rest >> len)))
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0; 20];
    storage.extend(octets);
    PacketBuf::new(storage, 20, octets.len()).unwrap()
}

fn packet(source: Ipv6Addr, destination: Ipv6Addr, tclass: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; 40];
    let mut header = ipv6::Header::new(source, destination, Protocol::UDP, payload.len()).unwrap();
    header.ds.0 = tclass;
    header.emit(&mut octets).unwrap();
    octets.extend(payload);
    octets
}

proptest! {
    #[test]
    fn a_packet_comes_out_as_it_went_in(
        near in usable(), far in usable(), sla: (u16, u16), hosts: (u64, u64), tclass: u8, identification: u16,
        payload in proptest::collection::vec(any::<u8>(), 0..1200),
    ) {
        prop_assume!(near != far);
        let (source, destination) = (SixToFourAddr::new(near, sla.0, hosts.0), SixToFourAddr::new(far, sla.1, hosts.1));
        let inner = packet(source.ipv6(), destination.ipv6(), tclass, &payload);
        let mut buf = buffer(&inner);
        for policy in [Policy::RFC_3964, Policy::STRICT] {
            let done = Router::new(near, policy).unwrap().encapsulate(&mut buf, identification).unwrap();
            prop_assert_eq!(done.destination, far);
            prop_assert!(ipv4::View::parse(buf.octets()).unwrap().verify_checksum().is_ok());
            Router::new(far, policy).unwrap().decapsulate(&mut buf).unwrap();
            prop_assert_eq!(buf.octets(), &inner[..]);
        }
    }

    #[test]
    fn no_address_of_a_refused_block_gets_through(address in refused(), own in usable(), policy in prop_oneof![Just(Policy::RFC_3964), Just(Policy::STRICT)]) {
        prop_assert!(policy.ipv4.refuses(address).is_some());
        let mut router = Router::new(own, policy).unwrap();
        router.role = Role::Relay;
        let (ours, theirs) = (SixToFourAddr::new(own, 0, 1).ipv6(), SixToFourAddr::new(address, 0, 1).ipv6());
        let mut out = buffer(&packet(ours, theirs, 0, &[]));
        prop_assert_eq!(router.encapsulate(&mut out, 0).unwrap_err().reason(), Reason::SpecialDestinationV4addr);
        let inner = packet(theirs, ours, 0, &[]);
        let mut octets = vec![0; 20];
        ipv4::Header::new(address, own, Protocol::IPV6, inner.len()).unwrap().emit(&mut octets).unwrap();
        octets.extend(inner);
        let mut arrived = buffer(&octets);
        prop_assert_eq!(router.decapsulate(&mut arrived).unwrap_err().reason(), Reason::SpecialOuterSource);
        prop_assert_eq!(arrived.octets(), &octets[..]);
    }

    #[test]
    fn any_octets_are_taken_or_refused_and_refusal_changes_nothing(
        mut octets in proptest::collection::vec(any::<u8>(), 0..120), codec: bool, shape: bool,
    ) {
        if shape && octets.len() >= 60 {
            let len = octets.len() as u16;
            octets[..10].copy_from_slice(&[0x45, 0, (len >> 8) as u8, len as u8, 0, 0, 0, 0, 64, 41]);
            octets[20] = 0x60;
            octets[24] = 0;
            octets[25] = (len - 60) as u8;
        }
        let policy = if codec { Policy::CODEC } else { Policy { checksum: false, ..Policy::RFC_3964 } };
        let border = Router::new(Ipv4Addr::new(192, 0, 2, 4), policy).unwrap();
        let mut relay = border;
        (relay.role, relay.relay) = (Role::Relay, Some(Ipv4Addr::new(8, 8, 8, 8)));
        for router in [border, relay] {
            let mut packet = buffer(&octets);
            if router.decapsulate(&mut packet).is_err() {
                prop_assert_eq!(packet.octets(), &octets[..]);
            }
            let mut packet = buffer(&octets);
            match router.encapsulate(&mut packet, 0) {
                Ok(_) => prop_assert_eq!(&packet.octets()[20..], &octets[..packet.len() - 20]),
                Err(_) => prop_assert_eq!(packet.octets(), &octets[..]),
            }
        }
    }
}
