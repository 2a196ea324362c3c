use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::checksum::pseudo_v6;
use crate::{Protocol, Reaction};
use core::net::Ipv6Addr;

const A: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const B: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

fn pseudo(len: usize) -> Sum {
    pseudo_v6(A, B, Protocol::ICMPV6, len as u32)
}

/// RFC 4443 2.3: the sum over pseudo-header and message.
fn right(mut octets: Vec<u8>) -> Vec<u8> {
    octets[2..4].fill(0);
    let mut summed = A.octets().to_vec();
    summed.extend(B.octets());
    summed.extend(u32::try_from(octets.len()).unwrap().to_be_bytes());
    summed.extend([0, 0, 0, 58]);
    summed.extend(&octets);
    summed.push(0);
    let mut sum: u32 = summed.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    octets[2..4].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    octets
}

fn emitted(octets: &[u8]) -> Vec<u8> {
    let message = View::parse(octets).unwrap().message().unwrap();
    let mut out = vec![0xff; message.wire_len()];
    assert_eq!(message.emit(pseudo(out.len()), &mut out), Ok(out.len()));
    out
}

#[test]
fn each_message_of_rfc_4443_reads_and_emits_as_drawn() {
    let quote = [0x60, 1, 2, 3, 4, 5, 6, 7, 8];
    let message = |kind: u8, code: u8, word: [u8; 4]| right([&[kind, code, 0, 0][..], &word, &quote].concat());
    let octets = message(1, 4, [0, 2, 3, 4]);
    let read = View::parse(&octets).unwrap();
    assert!(matches!(read.message(), Ok(Message::DestinationUnreachable { code: 4, unused: [2, 3, 4], .. })));
    assert_eq!((read.quote().unwrap().original(), emitted(&octets)), (&quote[..], octets.clone()));
    let octets = message(2, 0, [0, 0, 5, 0]);
    let read = View::parse(&octets).unwrap();
    assert!(matches!(read.message(), Ok(Message::PacketTooBig { code: 0, mtu: 1280, .. })));
    assert_eq!((read.quote().unwrap().original(), emitted(&octets)), (&quote[..], octets.clone()));
    let octets = message(3, 1, [0, 2, 3, 4]);
    let read = View::parse(&octets).unwrap();
    assert!(matches!(read.message(), Ok(Message::TimeExceeded { code: 1, unused: [2, 3, 4], .. })));
    assert_eq!((read.quote().unwrap().original(), emitted(&octets)), (&quote[..], octets.clone()));
    let octets = message(4, 2, [0, 0, 1, 4]);
    let read = View::parse(&octets).unwrap();
    assert!(matches!(read.message(), Ok(Message::ParameterProblem { code: 2, pointer: 260, .. })));
    assert_eq!((read.quote().unwrap().original(), emitted(&octets)), (&quote[..], octets.clone()));
    for kind in [128u8, 129] {
        let octets = message(kind, 0, [0x12, 0x34, 0x56, 0x78]);
        let read = View::parse(&octets).unwrap();
        let echo = match read.message().unwrap() {
            Message::EchoRequest { code: 0, echo } if kind == 128 => echo,
            Message::EchoReply { code: 0, echo } if kind == 129 => echo,
            other => panic!("{other:?}"),
        };
        assert_eq!((echo.identifier, echo.sequence_number, echo.data), (0x1234, 0x5678, &quote[..]));
        assert_eq!((read.quote(), emitted(&octets)), (None, octets.clone()));
    }
}

/// RFC 4884 4.1: the length counts 64-bit words, in types 1 and 3 alone.
#[test]
fn the_length_attribute_splits_quote_and_extensions() {
    for kind in 1..=4u8 {
        for length in 0..=5u8 {
            let mut octets = vec![kind, 0, 0, 0, length, 0, 0, 0];
            octets.extend(0..32u8);
            let quote = View::parse(&octets).unwrap().quote().unwrap();
            let at = if [1, 3].contains(&kind) && (1..=4).contains(&length) { 8 * usize::from(length) } else { 32 };
            assert_eq!((quote.original(), quote.extensions()), (&octets[8..8 + at], &octets[8 + at..]), "{kind} {length}");
        }
    }
}

#[test]
fn types_below_128_are_errors_and_others_are_kept() {
    for kind in 0..=255u8 {
        assert_eq!(MessageType(kind).is_error(), kind < 128);
        let octets = right(vec![kind, 7, 0, 0, 1, 0, 3, 4, 5]);
        let unknown = matches!(View::parse(&octets).unwrap().message(), Ok(Message::Unknown { .. }));
        assert_eq!((unknown, emitted(&octets)), (![1, 2, 3, 4, 128, 129].contains(&kind), octets));
    }
    assert!(matches!(View::parse(&[137, 0, 0, 0]).unwrap().message(), Ok(Message::Unknown { body: &[], .. })));
}

#[test]
fn a_message_is_truncated_at_every_octet_of_its_fixed_part() {
    for len in 0..8u32 {
        let octets = [1; 8];
        let octets = &octets[..len as usize];
        if len < 4 {
            let error = Error::Truncated { field: Field::Icmpv6Header, offset: 0, found: len, needed: 4 };
            assert_eq!(View::parse(octets), Err(error));
        } else {
            let error = Error::Truncated { field: Field::Icmpv6Message, offset: 4, found: len - 4, needed: 4 };
            let view = View::parse(octets).unwrap();
            assert_eq!((view.message(), view.quote(), view.message_len()), (Err(error), None, len as usize));
        }
    }
}

#[test]
fn a_wrong_checksum_names_the_right_one_and_is_kept() {
    let mut octets = right(vec![128, 0, 0, 0, 0, 1, 0, 2, 5]);
    let needed = u16::from_be_bytes([octets[2], octets[3]]);
    assert_eq!(View::parse(&octets).unwrap().verify_checksum(pseudo(9)), Ok(()));
    octets[3] ^= 1;
    let view = View::parse(&octets).unwrap();
    let error = Error::Checksum { field: Field::Icmpv6Checksum, offset: 2, found: needed ^ 1, needed };
    assert_eq!((view.verify_checksum(pseudo(9)), error.reaction()), (Err(error), Reaction::Discard));
    let header = Header::from_view(&view, pseudo(9));
    assert_eq!(header.checksum, Checksum::Verbatim(needed ^ 1));
    let mut out = [0; 9];
    assert_eq!((header.wire_len(), header.emit(pseudo(9), view.body(), &mut out)), (4, Ok(9)));
    assert_eq!(out[..], octets);
    let error = Error::BufferTooSmall { field: Field::Icmpv6Header, found: 8, needed: 9 };
    assert_eq!(header.emit(pseudo(9), view.body(), &mut [0; 8]), Err(error));
}

proptest! {
    #[test]
    fn any_message_emits_itself(octets in prop::collection::vec(any::<u8>(), 8..60)) {
        let octets = right(octets);
        prop_assert_eq!(View::parse(&octets).unwrap().verify_checksum(pseudo(octets.len())), Ok(()));
        prop_assert_eq!(emitted(&octets), octets);
    }
}
