use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use crate::ipv4::fragment::{Fragments, needs_fragmentation};
use crate::ipv4::{Flags, Header, OptionList, View};
use crate::{Error, Field, FragmentOffset, Protocol, Reaction};
use core::net::Ipv4Addr;

/// A datagram that may be fragmented, its payload a pattern without period 8.
fn datagram(options: &[u8], payload_len: usize) -> Vec<u8> {
    let mut header = Header::new(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2), Protocol::TCP, 0).unwrap();
    header.flags = Flags::NONE;
    header.identification = 111;
    header.ttl = 123;
    header.options = OptionList::from_octets(options).unwrap();
    header.set_payload_len(payload_len).unwrap();
    let mut packet = vec![0; usize::from(header.total_len)];
    let start = header.emit(&mut packet).unwrap();
    for (index, octet) in packet[start..].iter_mut().enumerate() {
        *octet = (index % 251) as u8;
    }
    packet
}

fn cut(packet: &[u8], mtu: u32) -> Vec<Vec<u8>> {
    let fragments = Fragments::new(View::parse(packet).unwrap(), mtu).unwrap();
    fragments
        .map(|fragment| {
            let mut out = vec![0xff; fragment.wire_len()];
            assert_eq!(fragment.emit(&mut out), Ok(fragment.wire_len()));
            out
        })
        .collect()
}

/// Puts fragments together by their own words alone: RFC 791 3.2.
fn put_together(fragments: &[Vec<u8>]) -> (Vec<u8>, bool) {
    let mut data = Vec::new();
    let mut ended = false;
    for fragment in fragments {
        let view = View::parse(fragment).unwrap();
        assert_eq!(usize::from(view.total_len()), fragment.len());
        assert_eq!(view.verify_checksum(), Ok(()));
        assert_eq!(view.fragment_offset().octets() as usize, data.len());
        assert!(!ended, "nothing follows the last fragment");
        ended = !view.flags().more_fragments();
        data.extend_from_slice(view.payload());
    }
    (data, ended)
}

#[test]
fn the_example_of_rfc_791_figures_6_to_8() {
    // 452 octets of data at a maximum of 280 octets: 276 and 216 octets, offsets 0 and 32.
    let packet = datagram(&[], 452);
    assert_eq!(packet.len(), 472);
    let fragments = cut(&packet, 280);
    assert_eq!(fragments.len(), 2);
    let (first, second) = (View::parse(&fragments[0]).unwrap(), View::parse(&fragments[1]).unwrap());
    assert_eq!((first.total_len(), first.flags(), first.fragment_offset().units()), (276, Flags::MORE_FRAGMENTS, 0));
    assert_eq!((second.total_len(), second.flags(), second.fragment_offset().units()), (216, Flags::NONE, 32));
    for view in [first, second] {
        assert_eq!((view.identification(), view.ttl(), view.protocol().0), (111, 123, 6));
        assert_eq!((view.source(), view.destination()), (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)));
        assert_eq!(view.verify_checksum(), Ok(()));
    }
    assert_eq!(put_together(&fragments), (packet[20..].to_vec(), true));
}

#[test]
fn every_mtu_cuts_at_8_octet_boundaries_and_loses_nothing() {
    let packet = datagram(&[], 300);
    for mtu in 28..=330u32 {
        let fragments = cut(&packet, mtu);
        let (data, ended) = put_together(&fragments);
        assert_eq!((data, ended), (packet[20..].to_vec(), true), "MTU {mtu}");
        let (last, others) = fragments.split_last().unwrap();
        assert!(last.len() <= mtu as usize);
        for fragment in others {
            assert!(fragment.len() <= mtu as usize, "MTU {mtu}");
            assert!(fragment.len() + 8 > mtu as usize, "as long as they can be");
            assert_eq!((fragment.len() - 20) % 8, 0);
        }
        assert_eq!(fragments.len() == 1, mtu >= 320);
    }
}

#[test]
fn a_packet_that_fits_comes_out_as_it_is() {
    for flags in [Flags::NONE, Flags::DONT_FRAGMENT, Flags::RESERVED, Flags::MORE_FRAGMENTS] {
        let mut packet = datagram(&[0x83, 7, 4, 192, 0, 2, 9], 15);
        packet[6] = flags.bits() << 5;
        packet[10] ^= 0x11;
        for mtu in [packet.len() as u32, packet.len() as u32 + 1, u32::MAX] {
            assert_eq!(cut(&packet, mtu), [&packet[..]]);
        }
    }
}

#[test]
fn dont_fragment_is_answered_with_the_mtu() {
    let mut packet = datagram(&[], 100);
    packet[6] = 0x40;
    let view = View::parse(&packet).unwrap();
    let error = Fragments::new(view, 119).unwrap_err();
    assert_eq!(error, Error::FragmentationNeeded { found: 120, mtu: 119 });
    assert_eq!(error.reaction(), Reaction::PacketTooBig { mtu: 119 });
    assert_eq!(Fragments::new(view, 120).unwrap().count(), 1);
    assert_eq!(needs_fragmentation(view, 119), Some(Reaction::PacketTooBig { mtu: 119 }));
    assert_eq!(needs_fragmentation(view, 120), None);
    let may = datagram(&[], 100);
    assert_eq!(needs_fragmentation(View::parse(&may).unwrap(), 119), None);
}

#[test]
fn an_mtu_without_room_for_8_octets_is_refused() {
    let packet = datagram(&[], 9);
    let view = View::parse(&packet).unwrap();
    let error = Error::DoesNotFit { field: Field::Mtu, found: 28, needed: 27 };
    assert_eq!(Fragments::new(view, 27).unwrap_err(), error);
    assert_eq!(Fragments::new(view, 28).unwrap().count(), 2);
    let packet = datagram(&[0x82, 40].into_iter().chain([0; 38]).collect::<Vec<_>>(), 16);
    let view = View::parse(&packet).unwrap();
    assert!(Fragments::new(view, 67).is_err());
    assert_eq!(Fragments::new(view, 68).unwrap().count(), 2, "RFC 791 3.2: 68 octets always do");
}

#[test]
fn a_fragment_of_a_fragment_keeps_its_place_and_its_more_bit() {
    let packet = datagram(&[], 1000);
    let mut pieces = Vec::new();
    for (index, fragment) in cut(&packet, 420).iter().enumerate() {
        let view = View::parse(fragment).unwrap();
        assert_eq!(view.flags().more_fragments(), index < 2);
        pieces.extend(cut(fragment, 100));
    }
    assert!(pieces.len() > 10);
    assert_eq!(put_together(&pieces), (packet[20..].to_vec(), true));
    let more: Vec<_> = pieces.iter().map(|piece| View::parse(piece).unwrap().flags().more_fragments()).collect();
    assert_eq!(more.iter().filter(|more| !**more).count(), 1);
    assert_eq!(more.last(), Some(&false));
}

#[test]
fn a_middle_fragment_whose_length_is_no_multiple_of_8_is_not_cut() {
    let mut packet = datagram(&[], 101);
    packet[6] = 0x20;
    let error = Fragments::new(View::parse(&packet).unwrap(), 60).unwrap_err();
    assert_eq!(error, Error::FragmentLength { field: Field::Ipv4TotalLength, offset: 2, found: 101 });
    assert_eq!(error.reaction(), Reaction::Audit);
    packet[6] = 0;
    assert!(Fragments::new(View::parse(&packet).unwrap(), 60).is_ok());
}

#[test]
fn a_fragment_past_65535_octets_is_not_cut() {
    let mut packet = datagram(&[], 64);
    // 8,184 units are 65,472 octets; with 64 more the end is one past the last possible octet.
    [packet[6], packet[7]] = 8184u16.to_be_bytes();
    let error = Fragments::new(View::parse(&packet).unwrap(), 60).unwrap_err();
    let (field, found) = (Field::Ipv4FragmentOffset, 65_536);
    assert_eq!(error, Error::FragmentBeyondDatagram { field, offset: 6, found, needed: 65_535 });
    let mut packet = datagram(&[], 63);
    [packet[6], packet[7]] = 8184u16.to_be_bytes();
    let last = cut(&packet, 60).pop().unwrap();
    assert_eq!(View::parse(&last).unwrap().fragment_offset(), FragmentOffset::new(8184 + 5).unwrap());
}

/// RFC 791 3.1: the copied bit of each option decides whether it goes into every fragment.
#[test]
fn the_first_fragment_has_all_options_and_the_others_the_copied_ones() {
    let options: [(&[u8], bool); 9] = [
        (&[0x82, 11, 0xf1, 0x35, 0, 0, 0, 0, 0, 0, 0], true),
        (&[0x83, 7, 4, 192, 0, 2, 9], true),
        (&[0x89, 7, 4, 192, 0, 2, 9], true),
        (&[0x07, 7, 4, 0, 0, 0, 0], false),
        (&[0x88, 4, 0xab, 0xcd], true),
        (&[0x44, 8, 5, 0, 0, 0, 0, 0], false),
        (&[0x94, 4, 0, 0], true),
        (&[0x52, 12, 0, 1, 0, 2, 0xff, 0xff, 192, 0, 2, 7], false),
        (&[0x95, 6, 192, 0, 2, 8], true),
    ];
    for (option, copied) in options {
        let packet = datagram(option, 100);
        let fragments = cut(&packet, 80);
        assert!(fragments.len() > 1);
        let whole = View::parse(&packet).unwrap();
        for (index, fragment) in fragments.iter().enumerate() {
            let view = View::parse(fragment).unwrap();
            let expected = if index == 0 || copied { whole.options_octets() } else { &[] };
            assert_eq!(view.options_octets(), expected, "option {:#x}", option[0]);
        }
        assert_eq!(put_together(&fragments), (whole.payload().to_vec(), true));
    }
}

#[test]
fn every_option_type_is_copied_by_its_high_bit() {
    for kind in 2..=255u8 {
        let list = OptionList::from_octets(&[1, kind, 3, 0x55, 1, 0]).unwrap();
        let copied = list.copied().unwrap();
        let expected: &[u8] = if kind >= 0x80 { &[kind, 3, 0x55, 0] } else { &[] };
        assert_eq!(copied.as_octets(), expected);
    }
}

#[test]
fn options_that_cannot_be_told_apart_are_not_cut() {
    let packet = datagram(&[0x83, 1, 4, 0], 100);
    let error = Fragments::new(View::parse(&packet).unwrap(), 80).unwrap_err();
    assert_eq!(error, Error::OptionLength { field: Field::Ipv4Option, offset: 20, found: 1, needed: 2 });
}

#[test]
fn a_fragment_writes_nothing_into_a_small_buffer() {
    let packet = datagram(&[], 100);
    let fragment = Fragments::new(View::parse(&packet).unwrap(), 60).unwrap().next().unwrap();
    let mut out = [0xaa; 60];
    let error = Error::BufferTooSmall { field: Field::Ipv4Header, found: 59, needed: 60 };
    assert_eq!(fragment.emit(&mut out[..59]), Err(error));
    assert_eq!(out, [0xaa; 60]);
    assert_eq!(fragment.emit(&mut out), Ok(60));
}

#[test]
fn a_packet_without_payload_is_one_fragment() {
    let packet = datagram(&[], 0);
    assert_eq!(cut(&packet, 20), [&packet[..]]);
}

proptest! {
    #[test]
    fn any_datagram_is_whole_again_behind_any_two_mtus(len in 0usize..3000, first in 68u32..1500, second in 68u32..1500) {
        let packet = datagram(&[0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0], len);
        let pieces: Vec<_> = cut(&packet, first).iter().flat_map(|fragment| cut(fragment, second)).collect();
        prop_assert!(pieces.iter().all(|piece| piece.len() <= first.min(second) as usize));
        let (data, ended) = put_together(&pieces);
        prop_assert_eq!(&data[..], View::parse(&packet).unwrap().payload());
        prop_assert!(ended);
    }
}
