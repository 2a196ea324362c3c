use proptest::prelude::*;
use std::vec;

use super::*;
use crate::checksum::pseudo_v4;
use crate::{Protocol, Reaction};
use core::net::Ipv4Addr;

const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const B: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);

fn pseudo(len: usize) -> Sum {
    pseudo_v4(A, B, Protocol::UDP_LITE, len as u16)
}

/// RFC 3828 3.2: the pseudo-header has the whole length, the sum only the covered octets.
fn model_sum(datagram: &[u8], covered: usize) -> u16 {
    let mut octets = A.octets().to_vec();
    octets.extend(B.octets());
    octets.extend([0, 136]);
    octets.extend(u16::try_from(datagram.len()).unwrap().to_be_bytes());
    octets.extend(&datagram[..covered]);
    octets.push(0);
    let mut sum: u32 = octets.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[test]
fn every_coverage_sums_what_it_covers() {
    let payload = [9, 8, 7, 6, 5];
    for coverage in 0..=20u16 {
        let header = Header { source_port: 1, destination_port: 2, checksum_coverage: coverage, checksum: Checksum::Compute };
        let mut out = [0; 13];
        let emitted = header.emit(pseudo(13), &payload, &mut out);
        if (1..8).contains(&coverage) || coverage > 13 {
            let (field, found) = (Field::UdpLiteCoverage, u32::from(coverage));
            assert_eq!(emitted, Err(Error::DoesNotFit { field, found, needed: 13 }));
            assert_eq!(out, [0; 13]);
            continue;
        }
        assert_eq!((emitted, header.wire_len()), (Ok(13), 8));
        let covered = if coverage == 0 { 13 } else { usize::from(coverage) };
        assert_eq!(model_sum(&out, covered), 0xffff);
        let view = View::parse(&out).unwrap();
        assert_eq!((view.source_port(), view.destination_port(), view.checksum_coverage()), (1, 2, coverage));
        assert_eq!((view.payload(), view.datagram_len()), (&payload[..], 13));
        assert_eq!(view.verify_checksum(pseudo(13)), Ok(()));
        assert_eq!(Header::from_view(&view, pseudo(13)), header);
        // Damage behind what is covered is tolerated, before it is not.
        for at in 0..13 {
            let mut damaged = out;
            damaged[at] ^= 0x10;
            let holds = View::parse(&damaged).is_ok_and(|view| view.verify_checksum(pseudo(13)).is_ok());
            assert_eq!(holds, at >= covered, "coverage {coverage}, octet {at}");
        }
    }
}

#[test]
fn every_coverage_reads_or_is_refused_as_rfc_3828_says() {
    for coverage in 0..=0xffffu16 {
        let mut octets = [1; 12];
        [octets[4], octets[5]] = coverage.to_be_bytes();
        let (field, value) = (Field::UdpLiteCoverage, u32::from(coverage));
        let expected = match coverage {
            0 | 8..=12 => None,
            1..8 => Some(Error::LengthTooSmall { field, offset: 4, found: value, needed: 8 }),
            _ => Some(Error::LengthBeyondBuffer { field, offset: 4, found: 12, needed: value }),
        };
        assert_eq!(View::parse(&octets).err(), expected);
        assert_eq!(View::parse_cut(&octets).is_err(), (1..8).contains(&coverage));
        assert!(expected.is_none_or(|error| error.reaction() == Reaction::Discard));
    }
    for len in 0..8 {
        let found = u32::try_from(len).unwrap();
        let error = Error::Truncated { field: Field::UdpLiteHeader, offset: 0, found, needed: 8 };
        assert_eq!((View::parse(&[0; 8][..len]), View::parse_cut(&[0; 8][..len])), (Err(error), Err(error)));
    }
}

#[test]
fn a_checksum_of_0_is_an_error() {
    let octets = [0, 1, 0, 2, 0, 8, 0, 0];
    let view = View::parse(&octets).unwrap();
    let needed = !model_sum(&octets, 8);
    let error = Error::Checksum { field: Field::UdpLiteChecksum, offset: 6, found: 0, needed };
    assert_eq!(view.verify_checksum(pseudo(8)), Err(error));
    let mut out = [0xff; 8];
    Header::from_view(&view, pseudo(8)).emit(pseudo(8), &[], &mut out).unwrap();
    assert_eq!(out, octets, "a wrong checksum is kept");
}

#[test]
fn a_sum_of_zero_is_sent_as_ffff() {
    let header = Header { source_port: 0, destination_port: 0, checksum_coverage: 0, checksum: Checksum::Compute };
    let mut zeros = 0;
    for word in 0..=0xffffu16 {
        let mut out = [0; 10];
        header.emit(pseudo(10), &word.to_be_bytes(), &mut out).unwrap();
        assert_ne!(out[6..8], [0, 0]);
        zeros += u32::from(out[6..8] == [0xff, 0xff]);
    }
    assert_eq!(zeros, 1);
}

#[test]
fn emission_refuses_a_small_buffer() {
    let header = Header { source_port: 0, destination_port: 0, checksum_coverage: 0, checksum: Checksum::Compute };
    let mut out = [0xaa; 9];
    let error = Error::BufferTooSmall { field: Field::UdpLiteHeader, found: 9, needed: 10 };
    assert_eq!((header.emit(pseudo(10), &[1, 2], &mut out), out), (Err(error), [0xaa; 9]));
}

proptest! {
    #[test]
    fn any_datagram_that_reads_emits_itself(mut octets in prop::collection::vec(any::<u8>(), 8..40), coverage in prop_oneof![Just(0u16), 8..40u16]) {
        octets[4..6].copy_from_slice(&coverage.to_be_bytes());
        if let Ok(view) = View::parse(&octets) {
            let sum = pseudo(octets.len());
            let mut out = vec![0; octets.len()];
            Header::from_view(&view, sum).emit(sum, view.payload(), &mut out).unwrap();
            prop_assert_eq!(&out, &octets);
        }
    }
}
