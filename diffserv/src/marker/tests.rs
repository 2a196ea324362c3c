//! Every octet and every codepoint.

use std::vec::Vec;

use ip_wire::{Ecn, Protocol};
use proptest::prelude::*;

use super::*;

fn v4(ds: u8) -> [u8; 24] {
    let mut packet = [0u8; 24];
    let mut header = ipv4::Header::new([192, 0, 2, 1].into(), [198, 51, 100, 2].into(), Protocol::UDP, 4).unwrap();
    header.ds = DsField(ds);
    header.emit(&mut packet).unwrap();
    packet
}

fn v6(ds: u8) -> [u8; 44] {
    let mut packet = [0u8; 44];
    let mut header = ipv6::Header::new(1.into_address(), 2.into_address(), Protocol::UDP, 4).unwrap();
    header.ds = DsField(ds);
    header.flow_label = ipv6::FlowLabel::new(0xabcde).unwrap();
    header.emit(&mut packet).unwrap();
    packet
}

trait IntoAddress {
    fn into_address(self) -> std::net::Ipv6Addr;
}

impl IntoAddress for u128 {
    fn into_address(self) -> std::net::Ipv6Addr {
        self.into()
    }
}

fn all() -> impl Iterator<Item = Dscp> {
    (0..64).filter_map(Dscp::new)
}

#[test]
fn every_codepoint_on_every_octet_keeps_ecn_and_the_checksum() {
    for octet in 0..=255 {
        for dscp in all() {
            let mut packet = v4(octet);
            set_codepoint(&mut packet, dscp).unwrap();
            assert_eq!((packet[1] >> 2, packet[1] & 3), (dscp.value(), octet & 3));
            ipv4::View::parse(&packet).unwrap().verify_checksum().unwrap();
            let mut untouched = v4(octet);
            untouched[1] = packet[1];
            untouched[10..12].copy_from_slice(&packet[10..12]);
            assert_eq!(packet, untouched);
            // Once more changes nothing.
            let once = packet;
            set_codepoint(&mut packet, dscp).unwrap();
            assert_eq!(packet, once);

            let mut packet = v6(octet);
            set_codepoint(&mut packet, dscp).unwrap();
            // The traffic class lies across two octets, between version and flow label.
            assert_eq!(packet[..4], [0x60 | dscp.value() >> 2, (dscp.value() & 3) << 6 | (octet & 3) << 4 | 0xa, 0xbc, 0xde]);
            assert_eq!(packet[4..], v6(octet)[4..]);
        }
    }
}

#[test]
fn a_header_with_options_is_marked_as_one_without() {
    let mut packet = [0u8; 28];
    let mut plain = v4(0xfe);
    packet[..20].copy_from_slice(&plain[..20]);
    packet[20..24].copy_from_slice(&[1, 1, 1, 0]);
    packet[0] = 0x46;
    packet[3] = 28;
    ipv4::ViewMut::parse(&mut packet).unwrap().fill_checksum();
    set_codepoint(&mut packet, Dscp::EF).unwrap();
    assert_eq!(packet[1], 0xba);
    ipv4::View::parse(&packet).unwrap().verify_checksum().unwrap();
    // A total length below the header's is no packet, whatever the way.
    plain[2..4].copy_from_slice(&[0, 19]);
    assert!(set_codepoint(&mut plain, Dscp::EF).is_err());
    plain[2..4].copy_from_slice(&[0, 20]);
    assert!(set_codepoint(&mut plain, Dscp::EF).is_ok());
}

#[test]
fn a_wrong_checksum_stays_as_wrong_as_it_was() {
    let mut packet = v4(0);
    packet[10] ^= 0x10;
    set_codepoint(&mut packet, Dscp::EF).unwrap();
    assert!(ipv4::View::parse(&packet).unwrap().verify_checksum().is_err());
    set_codepoint(&mut packet, Dscp::CS0).unwrap();
    let mut expected = v4(0);
    expected[10] ^= 0x10;
    assert_eq!(packet, expected);
}

#[test]
fn a_packet_cut_behind_its_header_can_be_marked() {
    let mut packet = v4(0);
    set_codepoint(&mut packet[..20], Dscp::EF).unwrap();
    assert_eq!(codepoint(&packet[..20]), Ok(Dscp::EF));
    assert_eq!(ds_field(&v6(0xbb)[..40]), Ok(DsField::new(Dscp::EF, Ecn::Ce)));
}

#[test]
fn what_is_no_packet_is_refused_and_left() {
    for octets in [&[][..], &[0x45; 19], &[0x60; 39], &[0x50; 40], &[0x44; 20]] {
        let mut changed = Vec::from(octets);
        assert!(set_codepoint(&mut changed, Dscp::EF).is_err());
        assert!(codepoint(octets).is_err());
        assert!(Marker::Codepoint(Dscp::EF).mark(&mut changed, Color::Green).is_err());
        assert_eq!(changed, octets);
    }
}

#[test]
fn a_jumbogram_that_is_none_is_refused_and_left() {
    // Payload length 0 and a jumbo payload option that says 100: too small for one (RFC 2675 2).
    let mut packet = [0u8; 48];
    packet[..40].copy_from_slice(&v6(0)[..40]);
    (packet[4], packet[5], packet[6]) = (0, 0, Protocol::HOP_BY_HOP.0);
    packet[40..].copy_from_slice(&[Protocol::UDP.0, 0, 0xc2, 4, 0, 0, 0, 100]);
    let before = packet;
    assert!(matches!(set_codepoint(&mut packet, Dscp::EF), Err(Error::Value { .. })));
    assert_eq!(packet, before);
}

#[test]
fn the_class_stays_and_drop_precedence_only_rises() {
    for dscp in all() {
        for color in Color::ALL {
            let marked = Marker::DropPrecedence.codepoint(dscp, color);
            match (Phb::recommended(dscp), Phb::recommended(marked)) {
                (
                    Phb::AssuredForwarding { class: before, drop_precedence: low },
                    Phb::AssuredForwarding { class: after, drop_precedence: high },
                ) => {
                    assert_eq!(before, after);
                    assert_eq!(usize::from(high), usize::from(low).max(color.index() + 1));
                }
                _ => assert_eq!(marked, dscp),
            }
        }
    }
}

#[test]
fn each_color_gets_its_codepoint() {
    let marker = Marker::ByColor([Dscp::AF11, Dscp::AF12, Dscp::LE]);
    for dscp in all() {
        assert_eq!(Color::ALL.map(|color| marker.codepoint(dscp, color)), [Dscp::AF11, Dscp::AF12, Dscp::LE]);
        assert_eq!(Color::ALL.map(|color| Marker::Codepoint(Dscp::EF).codepoint(dscp, color)), [Dscp::EF; 3]);
    }
    let mut packet = v4(0x03);
    assert_eq!(marker.mark(&mut packet, Color::Yellow), Ok(Dscp::AF12));
    assert_eq!(packet[1], 0x33);
}

#[test]
fn boundary_maps_are_what_their_names_say() {
    for dscp in all() {
        assert_eq!(RemarkMap::identity().get(dscp), dscp);
        assert_eq!(RemarkMap::zero().get(dscp), Dscp::CS0);
        let legacy = if dscp == Dscp::LE { 8 } else { dscp.value() & 0b11_1000 };
        assert_eq!(RemarkMap::legacy().get(dscp).value(), legacy);
        let known = Phb::recommended(dscp) != Phb::Default;
        assert_eq!(RemarkMap::known_only().get(dscp), if known { dscp } else { Dscp::CS0 });
    }
    for map in [RemarkMap::identity(), RemarkMap::zero(), RemarkMap::legacy(), RemarkMap::known_only()] {
        assert!(map.is_idempotent());
    }
}

#[test]
fn maps_follow_one_another() {
    let (mut first, mut second) = (RemarkMap::identity(), RemarkMap::identity());
    first.set(Dscp::EF, Dscp::CS5);
    second.set(Dscp::CS5, Dscp::CS4);
    let both = first.then(&second);
    assert_eq!(
        [Dscp::EF, Dscp::CS5, Dscp::CS4, Dscp::CS3].map(|dscp| both.get(dscp)),
        [Dscp::CS4, Dscp::CS4, Dscp::CS4, Dscp::CS3]
    );
    let mut chain = RemarkMap::identity();
    chain.set(Dscp::EF, Dscp::CS5);
    assert!(chain.is_idempotent());
    chain.set(Dscp::CS5, Dscp::CS4);
    assert!(!chain.is_idempotent());
    assert_eq!(Marker::Map(chain).codepoint(Dscp::EF, Color::Red), Dscp::CS5);
}

#[test]
fn a_checksum_of_all_ones_or_none_is_kept_by_a_codepoint_that_is_there_already() {
    for checksum in [[0xff, 0xff], [0, 0]] {
        let mut packet = v4(0xb8);
        packet[10..12].copy_from_slice(&checksum);
        let before = packet;
        set_codepoint(&mut packet, Dscp::EF).unwrap();
        assert_eq!(packet, before);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn every_packet_is_marked_as_the_views_mark_it(
        is_v6: bool, ds: u8, checksum in prop_oneof![any::<u16>(), Just(0), Just(0xffff), 0xff00..=0xffffu16], len in prop_oneof![0..24usize, 18..22usize, 38..45usize],
        flips in proptest::collection::vec((0..44usize, prop_oneof![Just(0x10u8), Just(0x20), any::<u8>()]), 0..3), total in prop_oneof![Just(None), (0..24u16).prop_map(Some)],
        dscp in 0..64u8,
    ) {
        let mut octets = if is_v6 { v6(ds).to_vec() } else { v4(ds).to_vec() };
        if !is_v6 {
            octets[10..12].copy_from_slice(&checksum.to_be_bytes());
        }
        if let Some(total) = total {
            let at = if is_v6 { 4 } else { 2 };
            octets[at..at + 2].copy_from_slice(&total.to_be_bytes());
        }
        for (at, octet) in flips {
            if let Some(place) = octets.get_mut(at) {
                *place ^= octet;
            }
        }
        octets.truncate(len);
        let dscp = Dscp::new(dscp).unwrap();
        let (mut one, mut other) = (octets.clone(), octets.clone());
        let outcome = set_codepoint(&mut one, dscp);
        prop_assert_eq!(outcome, set_any_codepoint(&mut other, dscp));
        prop_assert_eq!(&one, &other);
        if outcome.is_err() {
            prop_assert_eq!(one, octets);
        }
    }
}
