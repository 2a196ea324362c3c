//! Transport mode in UDP through a translation: the checksums of what it carries (RFC 3948 3.1.2).

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

use std::net::IpAddr;

use common::*;
use ip_wire::ip::Packet;
use ip_wire::{Protocol, ipv4};
use ipsec_wire::natt::{Encapsulation, InnerChecksum};
use ipsec_wire::{Error, Field};

/// A packet with a right checksum at `at` of a payload of 28 octets, 4 of padding behind UDP's own length among them.
fn plain(version: u8, protocol: Protocol) -> (Vec<u8>, usize) {
    let mut octets = packet(version, 20);
    let start = if version == 4 { 20 } else { 40 };
    let (at, len) = if protocol == Protocol::TCP { (start + 16, 28) } else { (start + 6, 24) };
    octets[if version == 4 { 9 } else { 6 }] = protocol.0;
    octets[at..at + 2].copy_from_slice(&[0, 0]);
    if protocol == Protocol::UDP {
        octets[start + 5] = 24;
    }
    if version == 4 {
        ipv4::ViewMut::parse(&mut octets).unwrap().fill_checksum();
    }
    let checksum = Packet::parse(&octets).unwrap().pseudo_header(protocol, len).octets(&octets[start..start + len]).checksum();
    octets[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    (octets, at)
}

fn holds(octets: &[u8], protocol: Protocol) -> bool {
    let packet = Packet::parse(octets).unwrap();
    let upper = packet.upper_layer().unwrap();
    let len = if protocol == Protocol::TCP { 28 } else { 24 };
    packet.pseudo_header(protocol, len).octets(&upper.octets[..len]).holds()
}

/// What arrives of `octets` when a translation has changed the source address.
fn through(octets: &[u8], choice: InnerChecksum) -> Vec<u8> {
    let (mut outbound, mut inbound) =
        Keyed::new(GCM).pair(0, |builder| builder.encapsulation(Encapsulation::new()).inner_checksum(choice));
    let (_, mut sealed) = seal(&mut outbound, octets).unwrap();
    if sealed[0] >> 4 == 4 {
        sealed[12..16].copy_from_slice(&[203, 0, 113, 77]);
        ipv4::ViewMut::parse(&mut sealed).unwrap().fill_checksum();
    } else {
        sealed[8..12].copy_from_slice(&[0x20, 1, 0x12, 0x34]);
    }
    open(&mut inbound, &sealed).unwrap().1
}

fn original(version: u8) -> InnerChecksum {
    let (source, destination): (IpAddr, IpAddr) = match version {
        4 => ("10.1.0.1".parse().unwrap(), "10.2.0.1".parse().unwrap()),
        _ => ("2001:db8:a::1".parse().unwrap(), "2001:db8:b::1".parse().unwrap()),
    };
    InnerChecksum::Mend { source, destination }
}

#[test]
fn checksums_hold_behind_a_translation_by_each_procedure_of_rfc_3948() {
    for version in [4, 6] {
        for protocol in [Protocol::TCP, Protocol::UDP] {
            let (octets, at) = plain(version, protocol);
            assert!(holds(&octets, protocol));
            let kept = through(&octets, InnerChecksum::Keep);
            assert!(!holds(&kept, protocol));
            assert_eq!(kept[at..], octets[at..]);
            for choice in [original(version), InnerChecksum::Recompute] {
                let mended = through(&octets, choice);
                assert!(holds(&mended, protocol), "{version} {protocol:?} {choice:?}");
                assert_eq!(mended[at + 2..], octets[at + 2..]);
            }
            let zero = through(&octets, InnerChecksum::ZeroUdp);
            // UDP without a checksum is for IPv4 alone.
            let none = version == 4 && protocol == Protocol::UDP;
            assert_eq!((zero[at..at + 2] == [0, 0], holds(&zero, protocol)), (none, !none));
        }
    }
}

#[test]
fn an_error_of_the_sender_s_stays_when_mended_and_is_hidden_when_recomputed() {
    for protocol in [Protocol::TCP, Protocol::UDP] {
        let (mut octets, at) = plain(4, protocol);
        octets[at] ^= 0x40;
        assert!(!holds(&through(&octets, original(4)), protocol));
        assert!(holds(&through(&octets, InnerChecksum::Recompute), protocol));
    }
}

#[test]
fn no_checksum_stays_none_and_other_protocols_are_left_alone() {
    for choice in [original(4), InnerChecksum::Recompute, InnerChecksum::ZeroUdp] {
        let (mut octets, at) = plain(4, Protocol::UDP);
        octets[at..at + 2].copy_from_slice(&[0, 0]);
        assert_eq!(through(&octets, choice)[20..], octets[20..]);
        let (mut octets, _) = plain(4, Protocol::TCP);
        octets[9] = Protocol::SCTP.0;
        ipv4::ViewMut::parse(&mut octets).unwrap().fill_checksum();
        assert_eq!(through(&octets, choice)[20..], octets[20..]);
    }
}

#[test]
fn inner_checksums_are_for_transport_mode_in_udp_with_integrity() {
    let keyed = Keyed::new(GCM);
    let choice = InnerChecksum::Recompute;
    let refused = Error::Unsupported(Field::InnerChecksum);
    assert_eq!(keyed.builder().inner_checksum(choice).inbound().unwrap_err(), refused);
    let (near, far) = ends(4);
    let tunnel = keyed.builder().tunnel(ipsec_wire::Tunnel::new(near, far).unwrap()).encapsulation(Encapsulation::new());
    assert_eq!(tunnel.inner_checksum(choice).inbound().unwrap_err(), refused);
    let bare = Keyed::new(ipsec_wire::Suite::Esp { cipher: ipsec_wire::Cipher::AesCbc, integrity: None });
    let bare = bare.builder().encapsulation(Encapsulation::new());
    for choice in [InnerChecksum::Recompute, InnerChecksum::ZeroUdp] {
        assert_eq!(bare.inner_checksum(choice).inbound().unwrap_err(), Error::Unsafe(Field::InnerChecksum));
    }
    assert!(bare.inner_checksum(original(4)).inbound().is_ok());
    let mixed = InnerChecksum::Mend { source: near, destination: ends(6).0 };
    let error = Error::AddressFamily { field: Field::InnerChecksum, found: 6, needed: 4 };
    assert_eq!(bare.inner_checksum(mixed).inbound().unwrap_err(), error);
}
