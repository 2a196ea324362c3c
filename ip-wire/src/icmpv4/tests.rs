use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::Reaction;

fn right(mut octets: Vec<u8>) -> Vec<u8> {
    octets[2..4].fill(0);
    let mut sum: u32 = octets.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    octets[2..4].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    octets
}

fn emitted(octets: &[u8]) -> Vec<u8> {
    let message = View::parse(octets).unwrap().message().unwrap();
    let mut out = vec![0xff; message.wire_len()];
    assert_eq!(message.emit(&mut out), Ok(out.len()));
    out
}

#[test]
fn echo_messages_read_and_emit_as_rfc_792_draws_them() {
    for (kind, is_reply) in [(8u8, false), (0, true)] {
        let octets = right(vec![kind, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, b'a', b'b', b'c']);
        let view = View::parse(&octets).unwrap();
        assert_eq!(view.verify_checksum(), Ok(()));
        let echo = match view.message().unwrap() {
            Message::EchoRequest { code: 0, echo } if !is_reply => echo,
            Message::EchoReply { code: 0, echo } if is_reply => echo,
            other => panic!("{other:?}"),
        };
        assert_eq!((echo.identifier, echo.sequence_number, echo.data), (0x1234, 0x5678, &b"abc"[..]));
        assert_eq!((emitted(&octets), view.quote()), (octets.clone(), None));
    }
}

#[test]
fn each_error_message_has_its_fields_and_its_quote() {
    let quote = [0x45, 0, 0, 28, 9, 9];
    let message = |kind: u8, code: u8, word: [u8; 4]| right([&[kind, code, 0, 0][..], &word, &quote].concat());
    let octets = message(3, 4, [1, 0, 0x05, 0xdc]);
    let Ok(Message::DestinationUnreachable { code: 4, unused: 1, next_hop_mtu: 1500, quote: q }) =
        View::parse(&octets).unwrap().message()
    else {
        panic!()
    };
    assert_eq!((q.length, q.octets, q.original(), q.extensions()), (0, &quote[..], &quote[..], &[][..]));
    assert_eq!(emitted(&octets), octets);
    let octets = message(4, 0, [1, 2, 3, 4]);
    let read = View::parse(&octets).unwrap().message();
    assert!(matches!(read, Ok(Message::SourceQuench { code: 0, unused: [1, 2, 3, 4], .. })));
    assert_eq!(emitted(&octets), octets);
    let octets = message(5, 1, [192, 0, 2, 9]);
    let read = View::parse(&octets).unwrap().message();
    assert!(matches!(read, Ok(Message::Redirect { code: 1, gateway, .. }) if gateway == Ipv4Addr::new(192, 0, 2, 9)));
    assert_eq!(emitted(&octets), octets);
    let octets = message(11, 1, [1, 0, 2, 3]);
    let read = View::parse(&octets).unwrap().message();
    assert!(matches!(read, Ok(Message::TimeExceeded { code: 1, unused: [1, 2, 3], .. })));
    assert_eq!(emitted(&octets), octets);
    let octets = message(12, 0, [20, 0, 2, 3]);
    let read = View::parse(&octets).unwrap().message();
    assert!(matches!(read, Ok(Message::ParameterProblem { code: 0, pointer: 20, unused: [2, 3], .. })));
    assert_eq!(emitted(&octets), octets);
    for kind in [3u8, 4, 5, 11, 12] {
        let octets = message(kind, 0, [0; 4]);
        assert_eq!(View::parse(&octets).unwrap().quote().unwrap().original(), quote);
    }
}

/// RFC 4884 5.1: the length counts 32-bit words of the original datagram, in types 3, 11 and 12 alone.
#[test]
fn the_length_attribute_splits_quote_and_extensions() {
    for kind in [3u8, 4, 5, 11, 12] {
        for length in 0..=10u8 {
            let mut octets = vec![kind, 0, 0, 0, 0, length, 0, 0];
            octets.extend(0..32u8);
            let quote = View::parse(&octets).unwrap().quote().unwrap();
            let has_length = ![4, 5].contains(&kind);
            let at = if has_length && (1..=8).contains(&length) { 4 * usize::from(length) } else { 32 };
            assert_eq!((quote.original(), quote.extensions()), (&octets[8..8 + at], &octets[8 + at..]), "{kind} {length}");
        }
    }
}

#[test]
fn timestamp_messages_read_and_emit_as_rfc_792_draws_them() {
    for kind in [13u8, 14] {
        let octets = right(vec![kind, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 9]);
        let timestamps = match View::parse(&octets).unwrap().message().unwrap() {
            Message::TimestampRequest { timestamps, .. } if kind == 13 => timestamps,
            Message::TimestampReply { timestamps, .. } if kind == 14 => timestamps,
            other => panic!("{other:?}"),
        };
        let (id, times) = ((timestamps.identifier, timestamps.sequence_number), (timestamps.originate, timestamps.receive));
        assert_eq!((id, times, timestamps.transmit, timestamps.rest), ((1, 2), (3, 4), 5, &[9][..]));
        assert_eq!(emitted(&octets), octets);
        for len in 8..20usize {
            let found = u32::try_from(len - 8).unwrap();
            let error = Error::Truncated { field: Field::Icmpv4Message, offset: 8, found, needed: 12 };
            assert_eq!(View::parse(&octets[..len]).unwrap().message(), Err(error));
        }
    }
}

#[test]
fn every_other_type_keeps_its_octets() {
    for kind in 0..=255u8 {
        let octets = right(vec![kind, 7, 0, 0, 1, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let message = View::parse(&octets).unwrap().message().unwrap();
        let known = [0, 3, 4, 5, 8, 11, 12, 13, 14].contains(&kind);
        assert_eq!(matches!(message, Message::Unknown { .. }), !known);
        assert_eq!(emitted(&octets), octets);
        assert_eq!(MessageType(kind).is_error(), [3, 4, 5, 11, 12].contains(&kind));
    }
}

#[test]
fn a_message_is_truncated_at_every_octet_of_its_fixed_part() {
    for len in 0..4 {
        let found = u32::try_from(len).unwrap();
        let error = Error::Truncated { field: Field::Icmpv4Header, offset: 0, found, needed: 4 };
        assert_eq!(View::parse(&[8; 4][..len]), Err(error));
    }
    for len in 4..8 {
        let found = u32::try_from(len - 4).unwrap();
        let error = Error::Truncated { field: Field::Icmpv4Message, offset: 4, found, needed: 4 };
        let octets = [3; 8];
        let view = View::parse(&octets[..len]).unwrap();
        assert_eq!((view.message(), view.quote(), Header::from_view(&view)), (Err(error), None, None));
        assert_eq!(view.body().len(), len - 4);
    }
}

#[test]
fn a_wrong_checksum_names_the_right_one_and_is_kept() {
    let mut octets = right(vec![8, 0, 0, 0, 0, 1, 0, 2, 5]);
    let needed = u16::from_be_bytes([octets[2], octets[3]]);
    octets[3] ^= 1;
    let view = View::parse(&octets).unwrap();
    let error = Error::Checksum { field: Field::Icmpv4Checksum, offset: 2, found: needed ^ 1, needed };
    assert_eq!((view.verify_checksum(), error.reaction()), (Err(error), Reaction::Discard));
    let header = Header::from_view(&view).unwrap();
    assert_eq!(header.checksum, Checksum::Verbatim(needed ^ 1));
    let mut out = [0; 9];
    assert_eq!((header.wire_len(), header.emit(&[5], &mut out)), (8, Ok(9)));
    assert_eq!(out[..], octets);
}

#[test]
fn emission_refuses_a_small_buffer() {
    let message = Message::EchoRequest { code: 0, echo: Echo { identifier: 1, sequence_number: 2, data: &[3] } };
    let mut out = [0xaa; 8];
    let error = Error::BufferTooSmall { field: Field::Icmpv4Header, found: 8, needed: 9 };
    assert_eq!((message.emit(&mut out), out), (Err(error), [0xaa; 8]));
}

proptest! {
    #[test]
    fn any_message_emits_itself(octets in prop::collection::vec(any::<u8>(), 20..60)) {
        let octets = right(octets);
        prop_assert_eq!(View::parse(&octets).unwrap().verify_checksum(), Ok(()));
        prop_assert_eq!(emitted(&octets), octets);
    }
}
