use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::checksum::{pseudo_v4, pseudo_v6};
use crate::{Protocol, Reaction};
use core::net::{Ipv4Addr, Ipv6Addr};

const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const B: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);

fn pseudo(len: usize) -> Sum {
    pseudo_v4(A, B, Protocol::UDP, len as u16)
}

/// The ones' complement sum of pseudo-header and datagram: RFC 768.
fn model_sum(datagram: &[u8]) -> u16 {
    let mut octets = A.octets().to_vec();
    octets.extend(B.octets());
    octets.extend([0, 17]);
    octets.extend(u16::try_from(datagram.len()).unwrap().to_be_bytes());
    octets.extend(datagram);
    octets.push(0);
    let mut sum: u32 = octets.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[test]
fn the_datagram_of_rfc_768_reads_and_emits_as_drawn() {
    let mut octets = [1, 2, 3, 4, 0, 11, 0, 0, b'a', b'b', b'c'];
    let checksum = !model_sum(&octets);
    [octets[6], octets[7]] = checksum.to_be_bytes();
    let view = View::parse(&octets).unwrap();
    assert_eq!((view.source_port(), view.destination_port()), (0x0102, 0x0304));
    assert_eq!((view.length(), view.checksum(), view.payload(), view.datagram_len()), (11, checksum, &b"abc"[..], 11));
    assert_eq!(view.verify_checksum(pseudo(11), ZeroChecksum::Refused), Ok(Verified::Good));
    let header = Header::new(0x0102, 0x0304);
    assert_eq!(Header::from_view(&view, pseudo(11)), header);
    let mut out = [0xaa; 12];
    assert_eq!((header.wire_len(), header.emit(pseudo(11), b"abc", &mut out)), (8, Ok(11)));
    assert_eq!((&out[..11], out[11]), (&octets[..], 0xaa));
    let error = Error::BufferTooSmall { field: Field::UdpHeader, found: 10, needed: 11 };
    let mut out = [0xaa; 10];
    assert_eq!((header.emit(pseudo(11), b"abc", &mut out), out), (Err(error), [0xaa; 10]));
}

#[test]
fn less_than_8_octets_are_truncated_at_every_length() {
    for len in 0..8 {
        let found = u32::try_from(len).unwrap();
        let error = Error::Truncated { field: Field::UdpHeader, offset: 0, found, needed: 8 };
        assert_eq!((View::parse(&[0; 8][..len]), View::parse_lax(&[0; 8][..len])), (Err(error), Err(error)));
    }
}

#[test]
fn every_length_in_a_buffer_of_20_octets() {
    for length in 0..=0xffffu16 {
        let mut octets = [7; 20];
        [octets[4], octets[5]] = length.to_be_bytes();
        let (field, needed) = (Field::UdpLength, u32::from(length));
        if length < 8 {
            let error = Error::LengthTooSmall { field, offset: 4, found: needed, needed: 8 };
            assert_eq!((View::parse(&octets), View::parse_lax(&octets)), (Err(error), Err(error)));
            assert_eq!(error.reaction(), Reaction::Discard);
        } else if length <= 20 {
            assert_eq!(View::parse(&octets).unwrap().payload().len(), usize::from(length) - 8);
        } else {
            let error = Error::LengthBeyondBuffer { field, offset: 4, found: 20, needed };
            assert_eq!(View::parse(&octets), Err(error));
            let reading = View::parse_lax(&octets).unwrap();
            assert_eq!((reading.missing(), reading.into_view().payload().len()), (needed - 20, 12));
        }
    }
}

/// RFC 768: no checksum is 0; RFC 8200 8.1: over IPv6 that is an error.
#[test]
fn a_zero_checksum_is_absent_or_refused() {
    let octets = [0, 1, 0, 2, 0, 9, 0, 0, 5];
    let view = View::parse(&octets).unwrap();
    assert_eq!(view.verify_checksum(pseudo(9), ZeroChecksum::Allowed), Ok(Verified::Absent));
    let needed = view.computed_checksum(pseudo(9));
    let error = Error::Checksum { field: Field::UdpChecksum, offset: 6, found: 0, needed };
    assert_eq!(view.verify_checksum(pseudo(9), ZeroChecksum::Refused), Err(error));
    assert_eq!(needed, !model_sum(&octets));
    let header = Header::from_view(&view, pseudo(9));
    assert_eq!(header.checksum, Checksum::Verbatim(0));
    let mut out = [0xff; 9];
    header.emit(pseudo(9), &[5], &mut out).unwrap();
    assert_eq!(out, octets);
}

/// RFC 768: a sum that comes out as zero is sent as all ones.
#[test]
fn every_sum_that_gives_zero_is_sent_as_ffff() {
    let mut seen_ones = 0;
    for word in 0..=0xffffu16 {
        let mut out = [0; 10];
        Header::new(0, 0).emit(pseudo(10), &word.to_be_bytes(), &mut out).unwrap();
        let checksum = u16::from_be_bytes([out[6], out[7]]);
        assert_ne!(checksum, 0);
        assert_eq!(model_sum(&out), 0xffff);
        let view = View::parse(&out).unwrap();
        assert_eq!(view.verify_checksum(pseudo(10), ZeroChecksum::Allowed), Ok(Verified::Good));
        assert_eq!(view.computed_checksum(pseudo(10)), checksum);
        seen_ones += u32::from(checksum == 0xffff);
    }
    assert_eq!(seen_ones, 1, "the one word that makes the sum ffff");
}

#[test]
fn a_wrong_checksum_names_the_right_one_and_is_kept() {
    let mut octets = [1, 2, 3, 4, 0, 10, 0, 0, 8, 9];
    let right = !model_sum(&octets);
    for wrong in [1u16, 0x0100, 0x7fff] {
        let found = right.wrapping_add(wrong);
        [octets[6], octets[7]] = found.to_be_bytes();
        let view = View::parse(&octets).unwrap();
        let error = Error::Checksum { field: Field::UdpChecksum, offset: 6, found, needed: right };
        assert_eq!(view.verify_checksum(pseudo(10), ZeroChecksum::Allowed), Err(error));
        assert_eq!(error.reaction(), Reaction::Discard);
        let mut out = [0; 10];
        Header::from_view(&view, pseudo(10)).emit(pseudo(10), view.payload(), &mut out).unwrap();
        assert_eq!(out, octets);
    }
}

#[test]
fn octets_past_the_length_are_not_payload() {
    let octets = [0, 1, 0, 2, 0, 9, 0, 0, 5, 6, 7];
    let view = View::parse(&octets).unwrap();
    assert_eq!((view.payload(), view.datagram_len()), (&[5][..], 9));
}

/// RFC 2675 4: the length of a jumbogram's datagram is 0.
#[test]
fn a_datagram_over_65535_octets_has_length_0() {
    let payload = vec![3; 65_528];
    let (a, b) = (Ipv6Addr::LOCALHOST, Ipv6Addr::from([1; 16]));
    let mut out = vec![0; 65_536];
    let sum = pseudo_v6(a, b, Protocol::UDP, 65_536);
    assert_eq!(Header::new(1, 2).emit(sum, &payload, &mut out), Ok(65_536));
    assert_eq!(out[4..6], [0, 0]);
    let view = View::parse(&out).unwrap();
    assert_eq!((view.length(), view.datagram_len(), view.payload()), (0, 65_536, &payload[..]));
    assert_eq!(view.verify_checksum(sum, ZeroChecksum::Refused), Ok(Verified::Good));
    let error = Error::LengthTooSmall { field: Field::UdpLength, offset: 4, found: 0, needed: 8 };
    assert_eq!(View::parse(&out[..65_535]), Err(error));
    let mut out = vec![0; 65_535];
    Header::new(1, 2).emit(pseudo(65_535), &payload[1..], &mut out).unwrap();
    assert_eq!(out[4..6], [0xff, 0xff]);
}

proptest! {
    #[test]
    fn any_datagram_that_reads_emits_itself(mut octets in prop::collection::vec(any::<u8>(), 8..80)) {
        let len = octets.len() as u16;
        octets[4..6].copy_from_slice(&len.to_be_bytes());
        let view = View::parse(&octets).unwrap();
        let sum = pseudo(octets.len());
        let mut out: Vec<u8> = vec![0; octets.len()];
        Header::from_view(&view, sum).emit(sum, view.payload(), &mut out).unwrap();
        prop_assert_eq!(&out, &octets);
        let holds = model_sum(&octets) == 0xffff && view.checksum() != 0;
        prop_assert_eq!(view.verify_checksum(sum, ZeroChecksum::Refused).is_ok(), holds);
    }
}
