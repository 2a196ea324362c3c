//! Parameters that choose an association, and sealing and opening into another buffer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;

use common::*;
use ip_wire::Dscp;
use ipsec_wire::sa::{DscpSet, Peer};
use ipsec_wire::{Error, Field, Opened, PacketBuf};

#[test]
fn an_association_is_for_the_codepoints_it_was_given_and_a_receiver_asks_for_none() {
    let keyed = Keyed::new(GCM);
    for value in 0..64u8 {
        let dscp = Dscp::new(value).unwrap();
        let only = DscpSet::of(&[dscp]);
        assert_eq!(only.0, 1 << value);
        let (mut outbound, mut inbound) = keyed.pair(4, |builder| builder.dscps(only));
        for other in 0..64u8 {
            assert_eq!(outbound.carries(Dscp::new(other).unwrap()), other == value);
        }
        assert_eq!((outbound.dscps(), inbound.dscps()), (only, only));
        // Codepoint 0: chosen wrongly, it goes through all the same.
        let (_, sealed) = seal(&mut outbound, &packet(4, 9)).unwrap();
        assert!(open(&mut inbound, &sealed).is_ok());
    }
    let (outbound, _) = keyed.pair(4, |builder| builder);
    assert_eq!(outbound.dscps(), DscpSet::default());
    assert!((0..64).all(|value| outbound.carries(Dscp::new(value).unwrap())));
    let none = keyed.builder().dscps(DscpSet::of(&[]));
    assert_eq!(none.inbound().unwrap_err(), Error::Value { field: Field::Dscps, found: 0, needed: 1 });
}

#[test]
fn fragment_checking_and_peer_are_read_back() {
    let keyed = Keyed::new(GCM);
    let peers = [Peer::Address("2001:db8::9".parse().unwrap()), Peer::Identity(77)];
    for peer in peers {
        let (outbound, inbound) = keyed.pair(6, |builder| builder.stateful_fragment_checking(true).peer(peer));
        assert!(outbound.stateful_fragment_checking() && inbound.stateful_fragment_checking());
        assert_eq!((outbound.peer(), inbound.peer()), (Some(peer), Some(peer)));
    }
    let (outbound, inbound) = keyed.pair(6, |builder| builder);
    assert!(!outbound.stateful_fragment_checking() && !inbound.stateful_fragment_checking());
    assert_eq!((outbound.peer(), inbound.peer()), (None, None));
    // Transport mode carries no fragments (RFC 4301 4.1).
    let transport = keyed.builder().stateful_fragment_checking(true);
    assert_eq!(transport.inbound().unwrap_err(), Error::Unsupported(Field::FragmentChecking));
}

#[test]
fn what_is_sealed_and_opened_into_another_buffer_is_what_it_is_in_place() {
    for keyed in suites() {
        for (mode, inner) in [(0, 4), (0, 6), (4, 4), (4, 6), (6, 4), (6, 6)] {
            let (mut place, mut place_in) = keyed.pair(mode, |builder| builder);
            let (mut into, mut into_in) = keyed.pair(mode, |builder| builder);
            for len in [0, 1, 31, 300] {
                let plain = packet(inner, len);
                let (sealed, octets) = seal(&mut place, &plain).unwrap();
                // Padding of a link goes nowhere, and what the buffer held before neither.
                let padded = [&plain[..], &[0xee; 5]].concat();
                let header_len = if inner == 4 { 20 } else { 40 };
                assert_eq!(octets.len(), into.sealed_len(inner, plain.len(), header_len));
                let mut out = PacketBuf::new(vec![0xa5; 14 + octets.len()], 14, 3).unwrap();
                assert_eq!(into.seal_into(NOW, &padded, &mut out), Ok(sealed), "{:?} {mode} {inner}", keyed.suite);
                assert_eq!((out.octets(), out.headroom()), (&octets[..], 14), "{:?} {mode} {inner}", keyed.suite);
                assert!(padded.starts_with(&plain) && padded.ends_with(&[0xee; 5]));
                let arriving = [&octets[..], &[0xee; 5]].concat();
                let mut out = PacketBuf::new(vec![0x5a; 9 + octets.len()], 9, 9).unwrap();
                let opened = into_in.open_into(NOW, &arriving, &mut out).unwrap();
                assert_eq!((opened, out.octets()), (open(&mut place_in, &octets).unwrap().0, &plain[..]));
                assert!(arriving.starts_with(&octets));
            }
        }
    }
}

#[test]
fn without_room_or_a_good_packet_the_other_buffer_has_no_octets() {
    let keyed = Keyed::new(GCM);
    for mode in [0, 4] {
        let (mut outbound, mut inbound) = keyed.pair(mode, |builder| builder);
        let plain = packet(4, 50);
        let total = outbound.sealed_len(4, plain.len(), 20);
        let mut short = PacketBuf::new(vec![0; 14 + total - 1], 14, 5).unwrap();
        let error = Error::BufferTooSmall { field: Field::Tailroom, found: total as u32 - 1, needed: total as u32 };
        assert_eq!(outbound.seal_into(NOW, &plain, &mut short), Err(error));
        assert_eq!((short.len(), short.headroom(), outbound.last_sent()), (0, 14, 0));
        let mut out = PacketBuf::new(vec![0; 14 + total], 14, 5).unwrap();
        assert!(matches!(outbound.seal_into(NOW, &plain[..30], &mut out), Err(Error::Ip(_))));
        assert_eq!((out.len(), out.headroom()), (0, 14));
        let sealed = outbound.seal_into(NOW, &plain, &mut out).unwrap();
        assert_eq!(sealed.sequence, 1);
        let good = out.octets().to_vec();

        let mut short = PacketBuf::new(vec![0; good.len() - 1], 0, 5).unwrap();
        let error = Error::BufferTooSmall { field: Field::Tailroom, found: total as u32 - 1, needed: total as u32 };
        assert_eq!((inbound.open_into(NOW, &good, &mut short), short.len()), (Err(error), 0));
        let mut forged = good.clone();
        *forged.last_mut().unwrap() ^= 1;
        let mut out = PacketBuf::new(vec![0; 200], 0, 5).unwrap();
        assert_eq!((inbound.open_into(NOW, &forged, &mut out), out.len()), (Err(Error::Authentication), 0));
        assert!(inbound.open_into(NOW, &good, &mut out).is_ok());
        assert_eq!(out.octets(), plain);
        let replayed = Err(Error::Replayed { sequence: 1 });
        assert_eq!((inbound.open_into(NOW, &good, &mut out), out.len()), (replayed, 0));
        assert_eq!((inbound.counters().unauthentic, inbound.counters().replayed, inbound.counters().accepted), (1, 1, 1));

        let mut dummy = buffer(&plain);
        outbound.seal_dummy(NOW, &mut dummy).unwrap();
        assert_eq!(inbound.open_into(NOW, dummy.octets(), &mut out), Ok(Opened::Dummy { sequence: 2 }));
        assert_eq!(out.len(), 0);

        // An error behind the plan gives the headroom back.
        let (mut ended, _) = keyed.pair(mode, |builder| builder.last_sent(u64::from(u32::MAX)));
        let mut out = PacketBuf::new(vec![0; 300], 14, 5).unwrap();
        assert_eq!(ended.seal_into(NOW, &plain, &mut out), Err(Error::SequenceExhausted));
        assert_eq!((out.len(), out.headroom()), (0, 14));
    }
}
