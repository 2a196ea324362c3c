//! What arrives: lengths, ICVs, padding, next headers, replays, fragments, encapsulation. Each group of cases is one that some
//! implementation got wrong.

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

use std::collections::HashSet;

use common::*;
use ip_wire::Protocol;
use ipsec_wire::natt::Encapsulation;
use ipsec_wire::{Cipher, Error, Field, Integrity, Opened, Suite};

/// Every length from nothing to the whole packet, for every suite and mode: an error, and no reading past the end.
#[test]
fn every_packet_that_is_cut_short_is_refused() {
    for keyed in suites() {
        for mode in [0, 4, 6] {
            let (mut outbound, mut inbound) = keyed.pair(mode, |builder| builder);
            let (_, sealed) = seal(&mut outbound, &packet(4, 20)).unwrap();
            for len in 0..sealed.len() {
                assert!(open(&mut inbound, &sealed[..len]).is_err(), "{:?} {len}", keyed.suite);
            }
            assert!(open(&mut inbound, &sealed).is_ok(), "{:?}", keyed.suite);
        }
    }
}

/// The same with a right IP length: ESP and AH of every length below the least, and the least with one and two octets more.
#[test]
fn every_esp_or_ah_shorter_than_its_suite_has_is_refused() {
    for keyed in suites() {
        let (_, mut inbound) = keyed.pair(0, |builder| builder.replay_window(0));
        let protocol = if matches!(keyed.suite, Suite::Ah(_)) { Protocol::AH } else { Protocol::ESP };
        let mut octets = [0; 140];
        octets[..8].copy_from_slice(&[0, 0, 0x10, 0, 0, 0, 0, 1]);
        if protocol == Protocol::AH {
            octets[..12].copy_from_slice(&[17, 4, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 1]);
        }
        for len in 0..140 {
            let error = open(&mut inbound, &wrapped(4, protocol, &octets[..len])).unwrap_err();
            let least = 8 + keyed.suite.iv_len() + keyed.suite.alignment() + keyed.suite.icv_len();
            if protocol == Protocol::ESP && len < least {
                assert!(matches!(error, Error::Truncated { field: Field::EspPacket, offset: 20, .. }), "{error:?}");
            }
        }
    }
}

/// An empty payload is legal (RFC 4303 2.3), as a dummy and as a packet.
#[test]
fn an_empty_payload_is_accepted_as_a_packet_and_as_a_dummy() {
    let keyed = Keyed::new(NULL_SHA256);
    let (_, mut inbound) = keyed.pair(0, |builder| builder);
    let (opened, octets) = open(&mut inbound, &crafted(&keyed, 4, 1, &[1, 2, 2, 17])).unwrap();
    assert!(matches!(opened, Opened::Packet(_)));
    assert_eq!(octets.len(), 20);
    let (opened, _) = open(&mut inbound, &crafted(&keyed, 4, 2, &[1, 2, 2, 59])).unwrap();
    assert_eq!(opened, Opened::Dummy { sequence: 2 });
}

/// A dummy packet counts as received: it cannot be replayed.
#[test]
fn a_dummy_packet_moves_the_window() {
    let keyed = Keyed::new(NULL_SHA256);
    let (_, mut inbound) = keyed.pair(4, |builder| builder);
    let dummy = crafted(&keyed, 4, 5, &[9, 9, 9, 9, 1, 2, 2, 59]);
    assert_eq!(open(&mut inbound, &dummy).unwrap().0, Opened::Dummy { sequence: 5 });
    assert_eq!(open(&mut inbound, &dummy).unwrap_err(), Error::Replayed { sequence: 5 });
    assert_eq!((inbound.counters().dummies, inbound.counters().replayed), (1, 1));
}

/// An SA whose ICV is cut to 96 bits takes no packet of one with 128, and the other way round.
#[test]
fn icv_lengths_must_agree() {
    let (short, long) = (Keyed::new(Suite::Ah(Integrity::HMAC_SHA256_96)), Keyed::new(Suite::Ah(Integrity::HMAC_SHA256_128)));
    let cipher = Cipher::Null;
    let esp = |integrity| Keyed::new(Suite::Esp { cipher, integrity: Some(integrity) });
    let pairs = [
        (short.clone(), long.clone()),
        (long, short),
        (esp(Integrity::HMAC_SHA256_96), esp(Integrity::HMAC_SHA256_128)),
        (esp(Integrity::HMAC_SHA256_128), esp(Integrity::HMAC_SHA256_96)),
    ];
    for (sender, receiver) in pairs {
        let (mut outbound, _) = sender.pair(0, |builder| builder);
        let (_, mut inbound) = receiver.pair(0, |builder| builder);
        let (_, sealed) = seal(&mut outbound, &packet(4, 30)).unwrap();
        assert!(open(&mut inbound, &sealed).is_err(), "{:?}", receiver.suite);
    }
}

/// Whatever bit of a packet is changed, it is refused, but for AH's mutable fields, and the outer fields that ESP does not protect.
#[test]
fn every_single_bit_flip_is_refused_but_where_fields_are_mutable() {
    for keyed in suites() {
        let is_ah = matches!(keyed.suite, Suite::Ah(_));
        for (mode, inner) in [(0, 4), (0, 6), (4, 4), (4, 6), (6, 4), (6, 6)] {
            let outer = if mode == 0 { inner } else { mode };
            let (mut outbound, mut inbound) = keyed.pair(mode, |builder| builder.replay_window(0));
            let (_, sealed) = seal(&mut outbound, &packet(inner, 5)).unwrap();
            let ip_len = if outer == 4 { 20 } else { 40 };
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                flipped[bit / 8] ^= 0x80 >> (bit % 8);
                let accepted = open(&mut inbound, &flipped).is_ok();
                let mutable = match (outer, bit / 8) {
                    // DS field, Reserved and Don't Fragment bits, TTL, checksum.
                    (4, 1 | 8 | 10 | 11) => true,
                    (4, 6) => bit % 8 < 2,
                    // Traffic class and flow label, hop limit.
                    (6, 0) => bit % 8 >= 4,
                    (6, 1..=3 | 7) => true,
                    _ => false,
                };
                // What only AH protects of the IP header.
                let unprotected = !is_ah
                    && match (outer, bit / 8) {
                        (4, 4 | 5 | 12..=15) | (6, 8..=23) => true,
                        (4, 16..=19) | (6, 24..=39) => mode == 0,
                        _ => false,
                    };
                if accepted {
                    assert!(mutable || unprotected, "{:?} {mode} {inner}: bit {bit} of octet {}", keyed.suite, bit / 8);
                } else if mutable && bit / 8 < ip_len {
                    // A mark of congestion on a packet without ECN is the one mutable bit that refuses it (RFC 6040 4.2).
                    let congestion = mode != 0 && [(4, 1), (6, 1)].contains(&(outer, bit / 8));
                    assert!(congestion, "{:?} {mode} {inner}: bit {bit}", keyed.suite);
                }
            }
        }
    }
}

/// Padding, pad length, next header and inner packet are looked at behind the ICV only, and all give the error that a wrong ICV gives.
#[test]
fn what_is_wrong_inside_looks_like_a_wrong_icv() {
    let keyed = Keyed::new(NULL_SHA256);
    let inner = packet(4, 2);
    let end = |tail: &[u8]| [inner.as_slice(), tail].concat();
    let longer = {
        let mut octets = inner.clone();
        octets[3] += 1;
        octets
    };
    let cases: [(&str, Vec<u8>); 12] = [
        ("pad length past the start", vec![0, 0, 3, 4]),
        ("pad length far past the start", vec![0, 0, 255, 4]),
        ("pad octets wrong", end(&[2, 2, 2, 4])),
        ("pad octets zero", end(&[0, 0, 2, 4])),
        ("version nibble not that of the next header", end(&[1, 2, 2, 41])),
        ("next header TCP in a tunnel", end(&[1, 2, 2, 6])),
        ("next header UDP in a tunnel", end(&[1, 2, 2, 17])),
        ("next header ESP in a tunnel", end(&[1, 2, 2, 50])),
        ("next header AH in a tunnel", end(&[1, 2, 2, 51])),
        ("next header 0 in a tunnel", end(&[1, 2, 2, 0])),
        ("inner packet longer than what is there", [longer.as_slice(), &[1, 2, 2, 4]].concat()),
        ("no inner packet", vec![1, 2, 2, 4]),
    ];
    for (at, (name, plaintext)) in cases.iter().enumerate() {
        let (_, mut inbound) = keyed.pair(4, |builder| builder);
        let error = open(&mut inbound, &crafted(&keyed, 4, at as u32 + 1, plaintext)).unwrap_err();
        assert_eq!(error, Error::Authentication, "{name}");
        assert_eq!((inbound.counters().nonsense, inbound.counters().unauthentic), (1, 0), "{name}");
    }
    let (_, mut inbound) = keyed.pair(4, |builder| builder);
    let mut forged = crafted(&keyed, 4, 1, &end(&[1, 2, 2, 4]));
    assert!(open(&mut inbound, &forged).is_ok());
    *forged.last_mut().unwrap() ^= 1;
    let mut next = forged.clone();
    next[27] = 2;
    assert_eq!(open(&mut inbound, &next).unwrap_err(), Error::Authentication);
    assert_eq!(inbound.counters().unauthentic, 1);
}

#[test]
fn every_pad_length_is_accepted_whatever_the_payload() {
    let keyed = Keyed::new(NULL_SHA256);
    let (_, mut inbound) = keyed.pair(0, |builder| builder);
    for len in 0..=255u8 {
        let mut plaintext = vec![0xee; 8];
        plaintext.extend(1..=len);
        plaintext.extend([len, 17]);
        let (_, octets) = open(&mut inbound, &crafted(&keyed, 4, u32::from(len) + 1, &plaintext)).unwrap();
        assert_eq!(octets[20..], [0xee; 8]);
    }
}

/// Behind the inner packet's own length stands TFC padding, in tunnel mode; in transport mode IP cannot tell.
#[test]
fn tfc_padding_is_cut_in_tunnel_mode_and_stays_in_transport_mode() {
    let keyed = Keyed::new(NULL_SHA256);
    for inner in [4, 6] {
        let plain = packet(inner, 3);
        for tfc in 0..40 {
            let (mut outbound, mut inbound) = keyed.pair(4, |builder| builder.pad_to((plain.len() + tfc) as u16));
            let (_, sealed) = seal(&mut outbound, &plain).unwrap();
            assert_eq!(sealed.len(), outbound.sealed_len(inner, plain.len(), 0));
            assert!(sealed.len() >= 20 + 8 + plain.len() + tfc + 2 + 16);
            assert_eq!(open(&mut inbound, &sealed).unwrap().1, plain);
        }
    }
    let (mut outbound, mut inbound) = keyed.pair(0, |builder| builder.pad_to(64));
    let plain = packet(4, 3);
    let (_, sealed) = seal(&mut outbound, &plain).unwrap();
    let (_, octets) = open(&mut inbound, &sealed).unwrap();
    assert_eq!((octets.len(), &octets[20..31]), (84, &plain[20..]));
    assert!(octets[31..].iter().all(|octet| *octet == 0));
}

/// The window moves for packets whose ICV holds and for no others; of two copies exactly one is accepted, alone and in a batch.
#[test]
fn forged_packets_do_not_move_the_window_and_no_packet_is_accepted_twice() {
    for suite in [NULL_SHA256, GCM, AH_SHA1, CBC_SHA1] {
        let keyed = Keyed::new(suite);
        let (mut outbound, mut inbound) = keyed.pair(4, |builder| builder);
        let sealed: Vec<Vec<u8>> = (0..200).map(|_| seal(&mut outbound, &packet(4, 9)).unwrap().1).collect();
        let mut forged = sealed[199].clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(open(&mut inbound, &forged).unwrap_err(), Error::Authentication);
        assert_eq!(inbound.window().highest(), 0);
        let mut batch: Vec<_> = [&sealed[0], &forged, &sealed[0], &sealed[1], &sealed[0]].map(|octets| buffer(octets)).into();
        let mut results = vec![Err(Error::SequenceExhausted); 5];
        inbound.open_batch(NOW, &mut batch, &mut results).unwrap();
        let replayed = Err(Error::Replayed { sequence: 1 });
        assert!(results[0].is_ok() && results[3].is_ok());
        assert_eq!((results[1], results[2], results[4]), (Err(Error::Authentication), replayed, replayed));
        assert!(open(&mut inbound, &sealed[199]).is_ok());
        // 136 to 199 are in the window of 64, 2 to 135 are not.
        for (at, octets) in sealed.iter().enumerate().rev() {
            let number = at as u64 + 1;
            let accepted = open(&mut inbound, octets).is_ok();
            assert_eq!(accepted, (137..200).contains(&number), "{suite:?} {number}");
            assert!(open(&mut inbound, octets).is_err());
        }
    }
}

/// Numbers from far ahead, from before, 0, and every number at every place of the window's words.
#[test]
fn numbers_are_accepted_by_their_distance_from_the_highest() {
    let keyed = Keyed::new(NULL_SHA256);
    let plaintext = [1, 2, 2, 17];
    for width in [1, 31, 32, 33, 63, 64, 65, 100, 128, 1024, 4096] {
        for top in [5000u32, 5001, 5002, 5031, 5032, 5063, 1 << 31, u32::MAX] {
            let mut accepted = HashSet::new();
            let (_, mut inbound) = keyed.pair(0, |builder| builder.replay_window(width));
            let mut offer = |number: u32| {
                let ours = open(&mut inbound, &crafted(&keyed, 4, number, &plaintext)).is_ok();
                assert!(!ours || accepted.insert(number), "{width} {top}: {number} twice");
                ours
            };
            assert!(!offer(0));
            assert!(offer(top));
            for (back, expected) in [(width - 1, true), (width, false), (width / 2, true), (0, false)] {
                let number = top.wrapping_sub(back);
                let was_there = number == top || (back == width / 2 && width == 2);
                assert_eq!(offer(number), expected && !was_there, "{width} {top} {back}");
                assert!(!offer(number));
            }
        }
    }
}

/// A high half that is wrong fails the ICV and leaves the state alone; the right one follows from the low half at every wrap.
#[test]
fn extended_numbers_are_recovered_across_the_wrap() {
    for suite in [NULL_SHA256, GCM, AH_SHA1, CTR_SHA256] {
        let keyed = Keyed::new(suite);
        for lost in [0u64, 1, 62, 63, 64, 1000, (1 << 31) - 70] {
            let start = (5u64 << 32) - 3;
            let (mut before, mut inbound) = keyed.pair(4, |builder| builder.esn(true).last_sent(start).received(start, &[]));
            assert!(open(&mut inbound, &seal(&mut before, &packet(4, 1)).unwrap().1).is_ok());
            let (mut after, _) = keyed.pair(4, |builder| builder.esn(true).last_sent(start + 1 + lost));
            let (sealed, octets) = seal(&mut after, &packet(4, 1)).unwrap();
            assert_eq!(sealed.sequence, start + 2 + lost);
            assert!(open(&mut inbound, &octets).is_ok(), "{suite:?} {lost}");
            assert_eq!(inbound.window().highest(), sealed.sequence);
        }
        // A packet of the subspace before the first is left of any window; a high half of the sender's that differs fails the ICV.
        let (mut sender, mut inbound) = keyed.pair(4, |builder| builder.esn(true).last_sent(9u64 << 32));
        let (_, octets) = seal(&mut sender, &packet(4, 1)).unwrap();
        assert_eq!(open(&mut inbound, &octets).unwrap_err(), Error::Authentication);
        assert_eq!(inbound.window().highest(), 0);
        let (mut sender, mut inbound) = keyed.pair(4, |builder| builder.esn(true).last_sent(0xffff_fff0));
        let (_, octets) = seal(&mut sender, &packet(4, 1)).unwrap();
        assert!(matches!(open(&mut inbound, &octets).unwrap_err(), Error::Replayed { .. }));
    }
}

/// Fragments are to be reassembled first, whatever they carry; inside a tunnel they are packets as others.
#[test]
fn fragments_are_refused_outside_and_pass_inside() {
    for suite in [NULL_SHA256, GCM, AH_SHA1] {
        let keyed = Keyed::new(suite);
        let (mut outbound, mut inbound) = keyed.pair(4, |builder| builder);
        let (_, sealed) = seal(&mut outbound, &packet(4, 40)).unwrap();
        for word in [0x2000u16, 0x0001, 0x2001, 0x1fff] {
            let mut fragment = sealed.clone();
            fragment[6..8].copy_from_slice(&word.to_be_bytes());
            let error = open(&mut inbound, &fragment).unwrap_err();
            assert_eq!(error, Error::NotReassembled { field: Field::FragmentOffset, offset: 6 });
            assert_eq!(error.reaction(), ipsec_wire::Reaction::Audit);
        }
        assert_eq!(inbound.counters().fragments, 4);
        let mut inner = packet(4, 40);
        inner[6..8].copy_from_slice(&[0x20, 0]);
        ip_wire::ipv4::ViewMut::parse(&mut inner).unwrap().fill_checksum();
        let (_, sealed) = seal(&mut outbound, &inner).unwrap();
        assert_eq!(open(&mut inbound, &sealed).unwrap().1, inner);
        let (mut transport, _) = keyed.pair(0, |builder| builder);
        let error = seal(&mut transport, &inner).unwrap_err();
        assert_eq!(error, Error::NotReassembled { field: Field::FragmentOffset, offset: 6 });
        assert_eq!(transport.last_sent(), 0);
        // IPv6: any fragment header, also that of a packet that is whole.
        let (mut six, mut inbound) = keyed.pair(6, |builder| builder);
        let (_, sealed) = seal(&mut six, &packet(6, 40)).unwrap();
        let mut fragment = sealed[..40].to_vec();
        let protocol = std::mem::replace(&mut fragment[6], 44);
        fragment.extend([protocol, 0, 0, 0, 0, 0, 0, 1]);
        fragment.extend(&sealed[40..]);
        let len = (fragment.len() - 40) as u16;
        fragment[4..6].copy_from_slice(&len.to_be_bytes());
        assert!(matches!(open(&mut inbound, &fragment).unwrap_err(), Error::NotReassembled { .. }));
    }
}

/// Octets behind the IP packet's own length (Ethernet padding) enter no ICV, no payload and no length.
#[test]
fn link_padding_is_left_out_on_both_sides() {
    for keyed in suites() {
        for mode in [0, 4, 6] {
            let (mut outbound, mut inbound) = keyed.pair(mode, |builder| builder);
            let (mut twin, _) = keyed.pair(mode, |builder| builder);
            let plain = packet(4, 3);
            let padded = [plain.as_slice(), &[0xee; 9]].concat();
            let (_, sealed) = seal(&mut outbound, &padded).unwrap();
            assert_eq!(sealed, seal(&mut twin, &plain).unwrap().1, "{:?}", keyed.suite);
            let arrived = [sealed.as_slice(), &[0xdd; 7]].concat();
            assert_eq!(open(&mut inbound, &arrived).unwrap().1, plain, "{:?}", keyed.suite);
        }
    }
}

/// UDP encapsulation: lengths that do not agree, keep-alives, IKE, and ESP that comes without UDP or with it where it should not.
#[test]
fn udp_around_esp_is_taken_by_its_own_length_and_by_nothing_else() {
    let keyed = Keyed::new(NULL_SHA256);
    for inner in [4, 6] {
        for marker in [false, true] {
            let encapsulation = Encapsulation { non_ike_marker: marker, ..Encapsulation::new() };
            let (mut outbound, mut inbound) = keyed.pair(inner, |builder| builder.encapsulation(encapsulation));
            let plain = packet(inner, 30);
            let (_, sealed) = seal(&mut outbound, &plain).unwrap();
            let udp = if inner == 4 { 20 } else { 40 };
            for len in 0..=(sealed.len() - udp) as u16 + 2 {
                let mut changed = sealed.clone();
                changed[udp + 4..udp + 6].copy_from_slice(&len.to_be_bytes());
                let right = usize::from(len) == sealed.len() - udp;
                assert_eq!(open(&mut inbound, &changed).is_ok(), right, "{len}");
            }
        }
        for payload in [&[0xff][..], &[0xfe], &[0; 4], &[0; 28], &[]] {
            let datagram = [&[0x11, 0x94, 0x11, 0x94, 0, 8 + payload.len() as u8, 0, 0], payload].concat();
            let (_, mut inbound) = keyed.pair(inner, |builder| builder.encapsulation(Encapsulation::new()));
            assert!(open(&mut inbound, &wrapped(inner, Protocol::UDP, &datagram)).is_err());
        }
        let (mut plain_esp, mut plain_inbound) = keyed.pair(inner, |builder| builder);
        let (mut in_udp, mut udp_inbound) = keyed.pair(inner, |builder| builder.encapsulation(Encapsulation::new()));
        let (_, esp) = seal(&mut plain_esp, &packet(inner, 3)).unwrap();
        let (_, udp) = seal(&mut in_udp, &packet(inner, 3)).unwrap();
        let wrong = |error| matches!(error, Error::Mismatch { field: Field::Protocol, .. });
        assert!(wrong(open(&mut udp_inbound, &esp).unwrap_err()) && wrong(open(&mut plain_inbound, &udp).unwrap_err()));
    }
}

/// Packets of other associations: SPI, protocol, tunnel ends.
#[test]
fn packets_of_other_associations_are_told_from_bad_ones() {
    let (ah, esp) = (Keyed::new(AH_SHA1), Keyed::new(NULL_SHA256));
    let (mut ah_out, mut ah_in) = ah.pair(4, |builder| builder);
    let (mut esp_out, mut esp_in) = esp.pair(4, |builder| builder);
    let (_, ah_packet) = seal(&mut ah_out, &packet(4, 3)).unwrap();
    let (_, esp_packet) = seal(&mut esp_out, &packet(4, 3)).unwrap();
    // An AH packet that meets an ESP association with its SPI, and the other way round.
    for error in [open(&mut ah_in, &esp_packet).unwrap_err(), open(&mut esp_in, &ah_packet).unwrap_err()] {
        assert!(matches!(error, Error::Mismatch { field: Field::Protocol, offset: 9, .. }), "{error:?}");
    }
    let mut other_spi = esp_packet.clone();
    other_spi[22] ^= 1;
    let error = open(&mut esp_in, &other_spi).unwrap_err();
    assert_eq!(error, Error::Mismatch { field: Field::Spi, offset: 20, found: 0x1100, needed: 0x1000 });
    let mut elsewhere = esp_packet.clone();
    elsewhere[19] ^= 1;
    assert!(matches!(open(&mut esp_in, &elsewhere).unwrap_err(), Error::Mismatch { field: Field::TunnelEnd, offset: 16, .. }));
    assert_eq!((esp_in.counters().misdirected, ah_in.counters().misdirected), (3, 1));
    // The source counts where the association says so.
    let (near, far) = ends(4);
    let mut tunnel = ipsec_wire::Tunnel::new(far, near).unwrap();
    tunnel.check_source = true;
    let mut strict: ipsec_wire::Inbound = esp.builder().tunnel(tunnel).inbound().unwrap();
    let mut from_elsewhere = esp_packet.clone();
    from_elsewhere[15] ^= 1;
    assert!(matches!(
        open(&mut strict, &from_elsewhere).unwrap_err(),
        Error::Mismatch { field: Field::TunnelEnd, offset: 12, .. }
    ));
    assert!(open(&mut strict, &esp_packet).is_ok());
}
