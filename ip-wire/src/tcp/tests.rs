use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::options::{Kind, OptionList, Options, SackBlocks, Value};
use super::*;
use crate::checksum::{pseudo_v4, pseudo_v6};
use crate::{Protocol, Reaction};
use core::net::{Ipv4Addr, Ipv6Addr};

const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const B: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);

/// Figure 1 of RFC 9293 3.1, filled in: ports 0x0102 and 0x0304, SYN and ACK, urgent pointer 0x1314, an MSS option, "hi".
const SEGMENT: [u8; 26] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x60, 0x12, 0x0e, 0x0f, 0, 0, 0x13, 0x14, 2, 4, 5, 0xb4, b'h', b'i'];

fn pseudo(len: usize) -> Sum {
    pseudo_v4(A, B, Protocol::TCP, len as u16)
}

/// The ones' complement sum of the words of pseudo-header and segment: RFC 9293 3.1.
fn model_sum(segment: &[u8]) -> u16 {
    let mut octets = A.octets().to_vec();
    octets.extend(B.octets());
    octets.extend([0, 6]);
    octets.extend(u16::try_from(segment.len()).unwrap().to_be_bytes());
    octets.extend(segment);
    octets.push(0);
    let mut sum: u32 = octets.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[test]
fn the_segment_of_rfc_9293_section_3_1_reads_as_drawn() {
    let view = View::parse(&SEGMENT).unwrap();
    assert_eq!((view.source_port(), view.destination_port()), (0x0102, 0x0304));
    assert_eq!((view.sequence_number(), view.acknowledgment_number()), (0x0506_0708, 0x090a_0b0c));
    assert_eq!((view.header_len(), view.reserved(), view.flags().bits()), (24, 0, 0x12));
    assert_eq!((view.window(), view.checksum(), view.urgent_pointer()), (0x0e0f, 0, 0x1314));
    assert_eq!((view.options_octets(), view.payload(), view.segment_len()), (&SEGMENT[20..24], &b"hi"[..], 26));
    let option = view.options().next().unwrap().unwrap();
    assert_eq!((option.offset(), option.value()), (20, Ok(Value::MaximumSegmentSize(1460))));
}

#[test]
fn a_segment_is_emitted_octet_for_octet_with_its_checksum() {
    let mut header = Header::new(0x0102, 0x0304);
    (header.sequence_number, header.acknowledgment_number) = (0x0506_0708, 0x090a_0b0c);
    (header.flags, header.window, header.urgent_pointer) = (Flags::SYN.with(Flags::ACK), 0x0e0f, 0x1314);
    header.options.push(&Value::MaximumSegmentSize(1460)).unwrap();
    let mut out = [0xaa; 27];
    assert_eq!((header.wire_len(), header.emit(pseudo(26), b"hi", &mut out)), (24, Ok(26)));
    let mut expected = SEGMENT;
    let checksum = !model_sum(&SEGMENT);
    [expected[16], expected[17]] = checksum.to_be_bytes();
    assert_eq!((&out[..26], out[26]), (&expected[..], 0xaa));
    let view = View::parse(&out[..26]).unwrap();
    assert_eq!(view.verify_checksum(pseudo(26)), Ok(()));
    assert_eq!(model_sum(&out[..26]), 0xffff);
    assert_eq!(Header::from_view(&view, pseudo(26)), header);
    let error = view.verify_checksum(pseudo(27)).unwrap_err();
    let needed = view.computed_checksum(pseudo(27));
    assert_eq!(error, Error::Checksum { field: Field::TcpChecksum, offset: 16, found: checksum, needed });
    assert_eq!(error.reaction(), Reaction::Discard);
}

#[test]
fn the_checksum_over_ipv6_has_its_own_pseudo_header() {
    let (a, b) = (Ipv6Addr::LOCALHOST, Ipv6Addr::from([0xfe; 16]));
    let mut out = [0; 25];
    Header::new(1, 2).emit(pseudo_v6(a, b, Protocol::TCP, 25), &[1, 2, 3, 4, 5], &mut out).unwrap();
    let mut octets = a.octets().to_vec();
    octets.extend(b.octets());
    octets.extend([0, 0, 0, 25, 0, 0, 0, 6]);
    octets.extend(out);
    octets.push(0);
    let mut sum: u32 = octets.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    assert_eq!(sum, 0xffff);
}

#[test]
fn less_than_20_octets_are_truncated_at_every_length() {
    for len in 0..20 {
        let found = u32::try_from(len).unwrap();
        let error = Error::Truncated { field: Field::TcpHeader, offset: 0, found, needed: 20 };
        assert_eq!(View::parse(&SEGMENT[..len]), Err(error));
    }
}

#[test]
fn every_data_offset_in_every_buffer() {
    for words in 0..16u8 {
        for len in 20..64usize {
            let mut octets = vec![0; len];
            octets[12] = words << 4;
            let (field, needed) = (Field::TcpDataOffset, u32::from(words) * 4);
            let parsed = View::parse(&octets);
            if words < 5 {
                let found = u32::from(words);
                assert_eq!(parsed, Err(Error::LengthTooSmall { field, offset: 12, found, needed: 5 }));
            } else if needed as usize > len {
                assert_eq!(parsed, Err(Error::LengthBeyondBuffer { field, offset: 12, found: len as u32, needed }));
            } else {
                let view = parsed.unwrap();
                assert_eq!((view.header_len(), view.payload().len()), (needed as usize, len - needed as usize));
            }
        }
    }
}

#[test]
fn every_word_of_reserved_bits_and_flags_reads_and_emits() {
    let bits = [
        (Flags::FIN, 1),
        (Flags::SYN, 2),
        (Flags::RST, 4),
        (Flags::PSH, 8),
        (Flags::ACK, 16),
        (Flags::URG, 32),
        (Flags::ECE, 64),
        (Flags::CWR, 128),
        (Flags::AE, 256),
        (Flags::NS, 256),
    ];
    let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
    for word in 0..0x1000u16 {
        let mut octets = SEGMENT;
        [octets[12], octets[13]] = (0x6000 | word).to_be_bytes();
        let view = View::parse(&octets).unwrap();
        assert_eq!((view.flags().bits(), u16::from(view.reserved())), (word & 0x1ff, word >> 9));
        for (flag, bit) in bits {
            assert_eq!(view.flags().contains(flag), word & bit != 0);
        }
        let mut expected: Vec<_> = names.into_iter().enumerate().filter(|(at, _)| word >> at & 1 == 1).collect();
        expected.reverse();
        assert!(view.flags().names().eq(expected.into_iter().map(|(_, name)| name)));
        let mut out = [0; 26];
        Header::from_view(&view, pseudo(26)).emit(pseudo(26), view.payload(), &mut out).unwrap();
        assert_eq!(out, octets);
    }
    assert_eq!(Flags::new(0x1ff).map(Flags::bits), Some(0x1ff));
    assert_eq!(Flags::new(0x200), None);
}

#[test]
fn emission_refuses_reserved_bits_over_7_and_a_small_buffer() {
    let mut header = Header::new(1, 2);
    let mut out = [0xaa; 22];
    let error = Error::BufferTooSmall { field: Field::TcpHeader, found: 21, needed: 22 };
    assert_eq!(header.emit(pseudo(22), b"hi", &mut out[..21]), Err(error));
    header.reserved = 8;
    let error = Error::DoesNotFit { field: Field::TcpHeader, found: 8, needed: 7 };
    assert_eq!(header.emit(pseudo(22), b"hi", &mut out), Err(error));
    assert_eq!(out, [0xaa; 22]);
}

fn only(octets: &[u8]) -> Result<Value<'_>, Error> {
    let mut options = Options::new(octets, 20);
    let option = options.next().unwrap()?;
    assert_eq!((option.offset(), options.next()), (20, None));
    option.value()
}

fn emitted(value: &Value<'_>) -> OptionList {
    let mut list = OptionList::new();
    list.push(value).unwrap();
    list
}

fn wrong_length(found: u32, needed: u32) -> Error {
    Error::OptionLength { field: Field::TcpOption, offset: 20, found, needed }
}

#[test]
fn fixed_length_options_read_emit_and_refuse_other_lengths() {
    let digest = [7; 16];
    let mut md5 = vec![19, 18];
    md5.extend(digest);
    let table: [(&[u8], Value<'_>); 7] = [
        (&[2, 4, 5, 0xb4], Value::MaximumSegmentSize(1460)),
        (&[3, 3, 14], Value::WindowScale(14)),
        (&[4, 2], Value::SackPermitted),
        (&[8, 10, 0, 0, 0, 1, 0, 0, 1, 0], Value::Timestamps { value: 1, echo_reply: 256 }),
        (&md5, Value::Md5Signature(&digest)),
        (&[28, 4, 0x80, 5], Value::UserTimeout { minutes: true, timeout: 5 }),
        (&[28, 4, 0x7f, 0xff], Value::UserTimeout { minutes: false, timeout: 0x7fff }),
    ];
    for (octets, value) in table {
        assert_eq!((only(octets), value.kind().0), (Ok(value), octets[0]));
        assert_eq!(&emitted(&value).as_octets()[..octets.len()], octets);
        for length in 2..20u8 {
            let mut area = [0; 20];
            (area[0], area[1]) = (octets[0], length);
            let read = only(&area[..usize::from(length)]);
            match length == octets[1] {
                true => assert!(read.is_ok()),
                false => assert_eq!(read, Err(wrong_length(u32::from(length), u32::from(octets[1])))),
            }
        }
    }
}

#[test]
fn sack_blocks_are_whole_pairs_of_edges() {
    let octets = [5, 18, 0, 0, 0, 1, 0, 0, 0, 9, 0xff, 0, 0, 0, 0, 0, 0, 2];
    let Ok(Value::Sack(blocks)) = only(&octets) else { panic!() };
    assert_eq!(blocks.iter().collect::<Vec<_>>(), [(1, 9), (0xff00_0000, 2)]);
    assert_eq!((emitted(&Value::Sack(blocks)).as_octets()[..18].to_vec(), blocks.as_octets()), (octets.to_vec(), &octets[2..]));
    for len in [2u8, 3, 9, 11, 17, 19, 33] {
        let mut area = [0; 40];
        (area[0], area[1]) = (5, len);
        let needed = u32::from((len - 2).max(8) & !7) + 2;
        assert_eq!(only(&area[..usize::from(len)]), Err(wrong_length(u32::from(len), needed)));
    }
    assert!(SackBlocks::new(&[]).is_none() && SackBlocks::new(&[0; 12]).is_none() && SackBlocks::new(&[0; 32]).is_some());
}

#[test]
fn a_fast_open_cookie_is_absent_or_4_to_16_octets_and_even() {
    for len in 0..20usize {
        let mut octets = vec![34, len as u8 + 2];
        octets.extend(vec![9; len]);
        let legal = len == 0 || ((4..=16).contains(&len) && len % 2 == 0);
        match only(&octets) {
            Ok(value) => {
                assert!(legal, "{len}");
                assert_eq!(value, Value::FastOpen { cookie: &octets[2..] });
                assert_eq!(emitted(&value).as_octets()[..octets.len()], octets);
            }
            Err(error) => assert!(!legal && error == wrong_length(len as u32 + 2, 10), "{len}"),
        }
    }
}

#[test]
fn authentication_and_multipath_options_keep_their_octets() {
    let value = Value::Authentication { key_id: 1, r_next_key_id: 2, mac: &[3, 4, 5] };
    assert_eq!(only(&[29, 7, 1, 2, 3, 4, 5]), Ok(value));
    assert_eq!(emitted(&value).as_octets(), [29, 7, 1, 2, 3, 4, 5, 0]);
    assert_eq!(only(&[29, 3, 1]), Err(wrong_length(3, 4)));
    assert!(only(&[29, 4, 1, 2]).is_ok());
    assert_eq!(only(&[30, 4, 0x20, 1]), Ok(Value::Multipath(&[0x20, 1])));
    assert_eq!(emitted(&Value::Multipath(&[0x20, 1])).as_octets(), [30, 4, 0x20, 1]);
    assert_eq!(only(&[30, 2]), Err(wrong_length(2, 3)));
}

#[test]
fn every_other_kind_keeps_its_octets() {
    for octet in 2..=255u8 {
        if [2, 3, 4, 5, 8, 19, 28, 29, 30, 34].contains(&octet) {
            assert!(Kind(octet).name().is_some());
            continue;
        }
        let value = Value::Unknown { kind: Kind(octet), data: &[1, 2, 3] };
        assert_eq!(only(&[octet, 5, 1, 2, 3]), Ok(value));
        assert_eq!(emitted(&value).as_octets(), [octet, 5, 1, 2, 3, 0, 0, 0]);
    }
    assert_eq!(std::format!("{} {}", Kind(5), Kind(200)), "SACK option 200");
}

/// RFC 9293 3.1 (MUST-7): an option length that can't be is survived.
#[test]
fn a_length_below_2_or_past_the_area_ends_the_walk() {
    for length in 0..=255u8 {
        let area = [1, 200, length, 0, 0];
        let mut options = Options::new(&area, 20);
        assert_eq!(options.next().unwrap().unwrap().value(), Ok(Value::NoOperation));
        let (field, offset) = (Field::TcpOption, 21);
        match options.next().unwrap() {
            Ok(option) => assert!((2..=4).contains(&length) && option.octets().len() == usize::from(length)),
            Err(error) => {
                let (found, needed) = (u32::from(length), u32::from(length));
                let expected = match length {
                    0 | 1 => Error::OptionLength { field, offset, found, needed: 2 },
                    _ => Error::OptionOverrun { field, offset, found: 4, needed },
                };
                assert_eq!((error, error.reaction()), (expected, Reaction::Discard));
                assert_eq!((options.next(), options.next()), (None, None));
            }
        }
    }
}

#[test]
fn the_end_of_the_list_keeps_what_follows_as_padding() {
    let area = [0, 2, 4, 5];
    let value = Value::EndOfOptions { padding: &[2, 4, 5] };
    assert_eq!(only(&area), Ok(value));
    assert_eq!(emitted(&value).as_octets(), area);
}

#[test]
fn options_over_40_octets_and_timeouts_over_15_bits_do_not_fit() {
    let mut list = OptionList::from_octets(&[1; 38]).unwrap();
    let before = list;
    let error = Error::DoesNotFit { field: Field::TcpOptions, found: 41, needed: 40 };
    assert_eq!(list.push(&Value::WindowScale(1)), Err(error));
    let error = Error::DoesNotFit { field: Field::TcpOption, found: 0x8000, needed: 0x7fff };
    assert_eq!(list.push(&Value::UserTimeout { minutes: false, timeout: 0x8000 }), Err(error));
    assert_eq!(list, before);
    list.push(&Value::SackPermitted).unwrap();
    assert_eq!((list.len(), OptionList::from_octets(&[1; 41]).is_err()), (40, true));
    let mut out = [0; 60];
    let header = Header { options: list, ..Header::new(1, 2) };
    assert_eq!((header.emit(pseudo(60), &[], &mut out), out[12]), (Ok(60), 0xf0));
}

proptest! {
    #[test]
    fn any_segment_that_reads_emits_itself(mut octets in prop::collection::vec(any::<u8>(), 20..120), words in 5u8..16) {
        octets[12] = words << 4 | (octets[12] & 15);
        if let Ok(view) = View::parse(&octets) {
            let sum = pseudo(octets.len());
            let mut out = vec![0; octets.len()];
            prop_assert_eq!(Header::from_view(&view, sum).emit(sum, view.payload(), &mut out), Ok(octets.len()));
            prop_assert_eq!(&out, &octets);
            for option in view.options().map_while(Result::ok) {
                if let Ok(value) = option.value() {
                    let list = emitted(&value);
                    prop_assert_eq!(&list.as_octets()[..option.octets().len()], option.octets());
                }
            }
        }
    }

    #[test]
    fn a_computed_checksum_holds(payload in prop::collection::vec(any::<u8>(), 0..64), ports: u32, sequence: u32) {
        let mut header = Header::new((ports >> 16) as u16, ports as u16);
        header.sequence_number = sequence;
        let len = 20 + payload.len();
        let mut out = vec![0; len];
        header.emit(pseudo(len), &payload, &mut out).unwrap();
        prop_assert_eq!(model_sum(&out), 0xffff);
        prop_assert_eq!(View::parse(&out).unwrap().verify_checksum(pseudo(len)), Ok(()));
    }
}
