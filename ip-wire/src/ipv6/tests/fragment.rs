use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::packet;
use crate::ipv6::View;
use crate::ipv6::fragment::{Fragments, Header};
use crate::{Error, Field, FragmentOffset, Protocol};

#[test]
fn the_fragment_header_of_rfc_8200_section_4_5_reads_as_drawn() {
    let octets = [17, 0xa5, 0x12, 0x3d, 0xde, 0xad, 0xbe, 0xef];
    let header = Header::from_octets(&octets);
    let expected = Header {
        next_header: Protocol::UDP,
        reserved: 0xa5,
        offset: FragmentOffset::new(0x123d >> 3).unwrap(),
        reserved_bits: 0b10,
        more: true,
        identification: 0xdead_beef,
    };
    assert_eq!(header, expected);
    let mut out = [0; 8];
    assert_eq!((header.wire_len(), header.emit(&mut out), out), (8, Ok(8), octets));
}

#[test]
fn every_word_of_offset_and_flag_reads_and_emits() {
    for word in 0..=0xffffu16 {
        let [high, low] = word.to_be_bytes();
        let octets = [6, 0, high, low, 0, 0, 0, 1];
        let header = Header::from_octets(&octets);
        assert_eq!(header.offset.units(), word / 8);
        assert_eq!((header.more, u16::from(header.reserved_bits)), (word & 1 == 1, word / 2 % 4));
        assert_eq!(header.is_atomic(), word / 8 == 0 && word & 1 == 0);
        let mut out = [0; 8];
        header.emit(&mut out).unwrap();
        assert_eq!(out, octets);
    }
    let mut header = Header::new(Protocol::TCP, FragmentOffset::MAX, false, 7);
    let mut out = [0xaa; 8];
    assert_eq!(header.emit(&mut out[..7]), Err(Error::BufferTooSmall { field: Field::Ipv6FragmentHeader, found: 7, needed: 8 }));
    header.reserved_bits = 4;
    assert_eq!(header.emit(&mut out), Err(Error::DoesNotFit { field: Field::Ipv6FragmentHeader, found: 4, needed: 3 }));
    assert_eq!(out, [0xaa; 8]);
}

#[cfg(feature = "bytes")]
#[test]
fn put_appends_what_emit_writes() {
    let mut buffer = bytes::BytesMut::new();
    assert_eq!(Header::new(Protocol::TCP, FragmentOffset::MAX, true, 7).put(&mut buffer), Ok(8));
    assert_eq!(&buffer[..], [6, 0, 0xff, 0xf9, 0, 0, 0, 7]);
}

/// A packet with the headers `kinds` of 8 octets each and then `len` octets of UDP.
fn original(kinds: &[u8], len: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let next = kinds.get(index + 1).copied().unwrap_or(17);
        payload.extend(if *kind == 43 { [next, 0, 99, 0, 0, 0, 0, 0] } else { [next, 0, 1, 4, 0, 0, 0, 0] });
    }
    payload.extend((0..len).map(|index| (index % 251) as u8));
    packet(Protocol(kinds.first().copied().unwrap_or(17)), &payload)
}

fn cut(octets: &[u8], mtu: u32) -> Vec<Vec<u8>> {
    let fragments = Fragments::new(octets, mtu, 0xdead_beef).unwrap();
    fragments
        .map(|fragment| {
            let mut out = vec![0xff; fragment.wire_len()];
            assert_eq!(fragment.emit(&mut out), Ok(out.len()));
            out
        })
        .collect()
}

/// RFC 8200 4.5 backwards: the unfragmentable part is what stands before the fragment header, and its last next header field gets
/// the fragment header's value.
fn put_together(fragments: &[Vec<u8>]) -> Vec<u8> {
    let mut whole = Vec::new();
    for (index, octets) in fragments.iter().enumerate() {
        let view = View::parse(octets).unwrap();
        assert_eq!(usize::from(view.payload_len()) + 40, octets.len());
        let mut walk = view.extensions();
        let extension = walk.by_ref().map(|step| step.unwrap()).find(|extension| extension.kind().0 == 44).unwrap();
        let header = extension.fragment().unwrap();
        assert_eq!((header.identification, header.reserved, header.reserved_bits), (0xdead_beef, 0, 0));
        let at = extension.offset() as usize;
        if index == 0 {
            whole.extend_from_slice(&octets[..at]);
            let pointer = if at == 40 { 6 } else { at - 8 };
            assert_eq!(whole[pointer], 44);
            whole[pointer] = header.next_header.0;
        }
        assert_eq!(header.offset.octets() as usize, whole.len() - at);
        assert_eq!(header.more, index + 1 < fragments.len());
        whole.extend_from_slice(&octets[at + 8..]);
    }
    let len = u16::try_from(whole.len() - 40).unwrap();
    whole[4..6].copy_from_slice(&len.to_be_bytes());
    whole
}

#[test]
fn every_mtu_cuts_at_8_octet_boundaries_and_loses_nothing() {
    let octets = original(&[], 300);
    for mtu in 56..=360u32 {
        let fragments = cut(&octets, mtu);
        assert_eq!(put_together(&fragments), octets, "MTU {mtu}");
        let (last, others) = fragments.split_last().unwrap();
        assert!(last.len() <= mtu as usize);
        for fragment in others {
            assert!(fragment.len() <= mtu as usize && fragment.len() + 8 > mtu as usize, "MTU {mtu}");
            assert_eq!((fragment.len() - 48) % 8, 0);
        }
        assert_eq!(fragments.len() == 1, mtu >= 348);
    }
}

/// RFC 8200 4.5: everything up to the routing header, else the hop-by-hop header, else nothing, is repeated.
#[test]
fn the_unfragmentable_part_ends_behind_routing_or_hop_by_hop_headers() {
    for (kinds, repeated) in [
        (&[][..], 0),
        (&[0], 1),
        (&[60], 0),
        (&[43], 1),
        (&[0, 60], 1),
        (&[0, 60, 43], 3),
        (&[60, 43, 60], 2),
        (&[0, 43, 60, 60], 2),
    ] {
        let octets = original(kinds, 400);
        let fragments = cut(&octets, 200);
        assert!(fragments.len() > 2);
        assert_eq!(put_together(&fragments), octets);
        for fragment in &fragments {
            assert_eq!(fragment[8..40], octets[8..40]);
            let at = View::parse(fragment).unwrap().extensions().map(|step| step.unwrap());
            let before = at.take_while(|extension| extension.kind().0 != 44).count();
            assert_eq!(before, repeated, "{kinds:?}");
        }
    }
}

#[test]
fn a_packet_that_fits_with_a_fragment_header_is_one_atomic_fragment() {
    let octets = original(&[], 100);
    let fragments = cut(&octets, 148);
    assert_eq!((fragments.len(), fragments[0].len()), (1, 148));
    assert!(View::parse(&fragments[0]).unwrap().upper_layer().unwrap().fragment.unwrap().is_atomic());
    assert_eq!(cut(&octets, 147).len(), 2);
}

#[test]
fn an_mtu_without_room_for_the_whole_chain_is_refused() {
    let octets = original(&[], 100);
    let error = Error::DoesNotFit { field: Field::Mtu, found: 56, needed: 55 };
    assert_eq!(Fragments::new(&octets, 55, 1).unwrap_err(), error);
    assert!(Fragments::new(&octets, 56, 1).is_ok());
    // Two destination options headers of the fragmentable part and 8 octets of UDP: RFC 7112 5.
    let octets = original(&[60, 60], 100);
    assert_eq!(Fragments::new(&octets, 71, 1).unwrap_err(), Error::DoesNotFit { field: Field::Mtu, found: 72, needed: 71 });
    assert!(Fragments::new(&octets, 72, 1).is_ok());
}

#[test]
fn the_first_fragment_holds_a_whole_tcp_header() {
    let mut tcp = [0u8; 100];
    tcp[12] = 0xa0;
    let octets = packet(Protocol::TCP, &tcp);
    assert!(Fragments::new(&octets, 48 + 39, 1).is_err());
    let first = Fragments::new(&octets, 48 + 40, 1).unwrap().next().unwrap();
    assert_eq!(first.data.len(), 40);
    tcp[12] = 0x50;
    let octets = packet(Protocol::TCP, &tcp);
    assert!(Fragments::new(&octets, 48 + 23, 1).is_err());
    assert!(Fragments::new(&octets, 48 + 24, 1).is_ok());
}

#[test]
fn a_header_chain_that_fits_is_no_reason_to_refuse() {
    // 44 octets of TCP header and no more: whole in an atomic fragment, though 44 is no multiple of 8.
    let mut tcp = [0u8; 44];
    tcp[12] = 0xb0;
    let octets = packet(Protocol::TCP, &tcp);
    assert_eq!(put_together(&cut(&octets, 48 + 44)), octets);
    assert_eq!(cut(&octets, 48 + 44).len(), 1);
    assert!(Fragments::new(&octets, 48 + 43, 1).is_err());
}

#[test]
fn a_fragment_is_not_fragmented_again() {
    let octets = cut(&original(&[0], 400), 300).remove(0);
    let error = Fragments::new(&octets, 200, 1).unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Ipv6FragmentHeader, offset: 48, found: 44, needed: 17 });
}

#[test]
fn a_jumbogram_is_not_fragmented() {
    let mut octets = packet(Protocol::HOP_BY_HOP, &[59, 0, 0xc2, 4, 0, 1, 0, 0]);
    octets[5] = 0;
    octets.resize(40 + 65_536, 0);
    let error = Fragments::new(&octets, 1280, 1).unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Ipv6PayloadLength, offset: 4, found: 0, needed: 65_535 });
}

#[test]
fn link_padding_is_not_sent_along() {
    let mut octets = original(&[], 100);
    octets.extend([0xee; 50]);
    assert_eq!(put_together(&cut(&octets, 80)), octets[..140]);
}

#[test]
fn the_largest_packet_is_cut_whole() {
    let octets = original(&[], 65_535);
    assert_eq!(put_together(&cut(&octets, 1280)), octets);
    let atomic = Fragments::new(&octets, u32::MAX, 1).unwrap().next().unwrap();
    let mut out = vec![0; atomic.wire_len()];
    let (field, found) = (Field::Ipv6PayloadLength, 65_543);
    assert_eq!(atomic.emit(&mut out), Err(Error::DoesNotFit { field, found, needed: 65_535 }));
}

#[test]
fn a_fragment_writes_nothing_into_a_small_buffer() {
    let octets = original(&[], 100);
    let fragment = Fragments::new(&octets, 80, 1).unwrap().next().unwrap();
    let mut out = [0xaa; 80];
    let error = Error::BufferTooSmall { field: Field::Ipv6Header, found: 79, needed: 80 };
    assert_eq!(fragment.emit(&mut out[..79]), Err(error));
    assert_eq!(out, [0xaa; 80]);
}

proptest! {
    #[test]
    fn any_packet_is_whole_again_behind_any_mtu(len in 8usize..4000, mtu in 104u32..2000, kinds in prop::sample::select(vec![&[][..], &[0], &[0, 43], &[60], &[0, 60, 43, 60]])) {
        let octets = original(kinds, len);
        let fragments = cut(&octets, mtu);
        prop_assert!(fragments.iter().all(|fragment| fragment.len() <= mtu as usize));
        prop_assert_eq!(put_together(&fragments), octets);
    }
}
