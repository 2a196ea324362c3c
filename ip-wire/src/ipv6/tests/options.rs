use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use crate::ipv6::options::*;
use crate::{Error, Field, Protocol, Reaction};
use core::net::Ipv6Addr;

fn only(octets: &[u8]) -> Result<Value<'_>, Error> {
    let mut options = Options::new(octets, 42);
    let option = options.next().unwrap()?;
    assert_eq!((option.offset(), options.next()), (42, None));
    option.value()
}

fn wrong_length(found: u32, needed: u32) -> Error {
    Error::OptionLength { field: Field::Ipv6Option, offset: 42, found, needed }
}

/// A header of `values`, aligned.
fn written(values: &[Value<'_>]) -> Vec<u8> {
    let mut buffer = [0xff; 2048];
    let mut writer = Writer::new(&mut buffer, Protocol::UDP).unwrap();
    for value in values {
        writer.push(value).unwrap();
    }
    let len = writer.finish().unwrap();
    buffer[..len].to_vec()
}

/// RFC 8200 4.2: the two high bits are the action, the third says whether the data may change.
#[test]
fn every_type_octet_has_its_action_and_change_bit() {
    for octet in 0..=255u8 {
        let kind = Kind(octet);
        let action = [Action::Skip, Action::Discard, Action::Report, Action::ReportUnlessMulticast][usize::from(octet / 64)];
        assert_eq!((kind.action(), kind.may_change()), (action, octet / 32 % 2 == 1));
        let area = [octet, 0];
        let option = Options::new(&area, 42).next().unwrap().unwrap();
        let report = Some(Reaction::ParameterProblem { code: 2, pointer: 42 });
        let expected = match octet / 64 {
            0 => [None, None],
            1 => [Some(Reaction::Discard); 2],
            2 => [report; 2],
            _ => [report, Some(Reaction::Discard)],
        };
        assert_eq!([option.reaction_if_unknown(false), option.reaction_if_unknown(true)], expected);
    }
}

#[test]
fn the_options_of_the_registry_have_their_numbers() {
    let table = [
        (Kind::PAD_1, 0x00),
        (Kind::PAD_N, 0x01),
        (Kind::JUMBO_PAYLOAD, 0xc2),
        (Kind::RPL, 0x23),
        (Kind::RPL_OLD, 0x63),
        (Kind::TUNNEL_ENCAPSULATION_LIMIT, 0x04),
        (Kind::ROUTER_ALERT, 0x05),
        (Kind::QUICK_START, 0x26),
        (Kind::CALIPSO, 0x07),
        (Kind::HOME_ADDRESS, 0xc9),
        (Kind::MINIMUM_PATH_MTU, 0x30),
    ];
    for (kind, number) in table {
        assert_eq!(kind.0, number);
        assert!(kind.name().is_some());
    }
    assert_eq!((0..=255).filter(|octet| Kind(*octet).name().is_some()).count(), table.len());
    assert_eq!(std::format!("{}", Kind(0x8a)), "option 0x8a");
}

#[test]
fn pad1_is_a_single_octet_and_padn_any_number_from_2() {
    let area = [0, 0, 1, 0, 1, 2, 0, 0, 0];
    let options: Vec<_> = Options::new(&area, 2).map(|option| option.unwrap()).collect();
    let seen: Vec<_> = options.iter().map(|option| (option.offset(), option.length(), option.octets().len())).collect();
    assert_eq!(seen, [(2, None, 1), (3, None, 1), (4, Some(0), 2), (6, Some(2), 4), (10, None, 1)]);
    assert_eq!((options[0].value(), options[3].value()), (Ok(Value::Pad1), Ok(Value::PadN(&[0, 0]))));
}

#[test]
fn a_length_of_0_is_whole_and_never_loops() {
    let area = [0x1e; 64].map(|_| 0x1e);
    let mut zeros = area;
    for pair in zeros.chunks_mut(2) {
        pair[1] = 0;
    }
    let options: Vec<_> = Options::new(&zeros, 2).map(|option| option.unwrap()).collect();
    assert_eq!(options.len(), 32);
    assert!(options.iter().all(|option| option.data().is_empty()));
}

#[test]
fn every_length_past_the_area_is_an_overrun_and_ends_the_walk() {
    for length in 0..=255u8 {
        let area = [0x1e, length, 1, 2, 3, 4];
        let mut options = Options::new(&area, 42);
        match options.next().unwrap() {
            Ok(option) => assert!(length <= 4 && option.data().len() == usize::from(length)),
            Err(error) => {
                let (field, needed) = (Field::Ipv6Option, u32::from(length) + 2);
                assert!(length > 4);
                assert_eq!(error, Error::OptionOverrun { field, offset: 42, found: 6, needed });
                assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 42 });
                assert_eq!((options.next(), options.next()), (None, None));
            }
        }
    }
    let error = Error::OptionOverrun { field: Field::Ipv6Option, offset: 2, found: 1, needed: 2 };
    assert_eq!(Options::new(&[5], 2).next(), Some(Err(error)));
}

#[test]
fn fixed_length_options_read_and_refuse_other_lengths() {
    let home = Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 3, 4, 5, 6);
    let mut home_octets = vec![0xc9, 16];
    home_octets.extend(home.octets());
    let quick = QuickStart { function: 8, rate: 5, ttl: 200, nonce_and_reserved: 0x0102_0304 };
    let table: [(&[u8], Value<'_>); 6] = [
        (&[4, 1, 9], Value::TunnelEncapsulationLimit(9)),
        (&[5, 2, 0x12, 0x34], Value::RouterAlert(0x1234)),
        (&[0xc2, 4, 0, 1, 0, 2], Value::JumboPayload(65_538)),
        (&home_octets, Value::HomeAddress(home)),
        (&[0x26, 6, 0x85, 200, 1, 2, 3, 4], Value::QuickStart(quick)),
        (&[0x30, 4, 5, 0, 4, 1], Value::MinimumPathMtu { minimum: 1280, returned: 1025 }),
    ];
    for (octets, value) in table {
        assert_eq!(only(octets), Ok(value));
        assert_eq!(value.kind().0, octets[0]);
        for length in 0..20u8 {
            let mut area = [0; 22];
            (area[0], area[1]) = (octets[0], length);
            let read = only(&area[..usize::from(length) + 2]);
            match length == octets[1] {
                true => assert!(read.is_ok()),
                false => assert_eq!(read, Err(wrong_length(u32::from(length), u32::from(octets[1])))),
            }
        }
        assert!(written(&[value]).windows(octets.len()).any(|window| window == octets));
    }
}

#[test]
fn calipso_counts_its_compartments_in_words() {
    let octets = [7, 12, 0, 0, 0, 5, 1, 3, 0xab, 0xcd, 0xf0, 0, 0, 1];
    let label = Calipso { doi: 5, sensitivity_level: 3, checksum: 0xabcd, compartments: &[0xf0, 0, 0, 1] };
    assert_eq!(only(&octets), Ok(Value::Calipso(label)));
    assert!(written(&[Value::Calipso(label)]).windows(14).any(|window| window == octets));
    for words in 0..=255u8 {
        let mut wrong = octets;
        wrong[6] = words;
        match words {
            1 => assert!(only(&wrong).is_ok()),
            _ => assert_eq!(only(&wrong), Err(wrong_length(12, 8 + 4 * u32::from(words)))),
        }
    }
    assert_eq!(only(&[7, 7, 0, 0, 0, 5, 0, 3, 0]), Err(wrong_length(7, 8)));
    let mut writer_buffer = [0; 64];
    let mut writer = Writer::new(&mut writer_buffer, Protocol::UDP).unwrap();
    let odd = Calipso { compartments: &[0; 5], ..label };
    assert_eq!(writer.push(&Value::Calipso(odd)), Err(Error::DoesNotFit { field: Field::Ipv6Option, found: 5, needed: 4 }));
}

#[test]
fn rpl_keeps_the_number_it_came_with() {
    for kind in [Kind::RPL, Kind::RPL_OLD] {
        let octets = [kind.0, 6, 0xa0, 1, 0x12, 0x34, 9, 0];
        let rpl = Rpl { kind, flags: 0xa0, instance: 1, sender_rank: 0x1234, sub_tlvs: &[9, 0] };
        assert_eq!(only(&octets), Ok(Value::Rpl(rpl)));
        assert!(written(&[Value::Rpl(rpl)]).windows(8).any(|window| window == octets));
        assert!(only(&[kind.0, 4, 0, 0, 0, 0]).is_ok());
        assert_eq!(only(&[kind.0, 3, 0, 0, 0]), Err(wrong_length(3, 4)));
    }
}

#[test]
fn every_unknown_type_keeps_its_octets() {
    for octet in 1..=255u8 {
        let kind = Kind(octet);
        if kind.name().is_none() {
            let octets = [octet, 3, 0xde, 0xad, 0xbe];
            let value = Value::Unknown { kind, data: &[0xde, 0xad, 0xbe] };
            assert_eq!(only(&octets), Ok(value));
            assert_eq!((value.kind(), value.alignment()), (kind, (1, 0)));
            assert_eq!(written(&[value])[2..7], octets);
        }
    }
}

/// The exact octets of a header whose option stands where its alignment lets it.
#[test]
fn alignment_puts_padding_before_an_option() {
    // 4n+2 right behind the first two octets: the figure of RFC 2675 2.
    assert_eq!(written(&[Value::JumboPayload(0x0001_0000)]), [17, 0, 0xc2, 4, 0, 1, 0, 0]);
    // 2n+0.
    assert_eq!(written(&[Value::RouterAlert(0)]), [17, 0, 5, 2, 0, 0, 1, 0]);
    assert_eq!(
        written(&[Value::TunnelEncapsulationLimit(4), Value::RouterAlert(0)]),
        [17, 1, 4, 1, 4, 0, 5, 2, 0, 0, 1, 4, 0, 0, 0, 0]
    );
    // 4n+2 behind five octets: Pad1; behind three: PadN of three.
    let quick = Value::QuickStart(QuickStart { function: 0, rate: 1, ttl: 2, nonce_and_reserved: 3 });
    assert_eq!(
        written(&[Value::TunnelEncapsulationLimit(4), quick]),
        [17, 1, 4, 1, 4, 0, 0x26, 6, 0x01, 2, 0, 0, 0, 3, 1, 0].map(|octet| octet)
    );
    let label = Calipso { doi: 1, sensitivity_level: 2, checksum: 3, compartments: &[] };
    assert_eq!(
        written(&[Value::Pad1, Value::Calipso(label)]),
        [17, 1, 0, 1, 1, 0, 7, 8, 0, 0, 0, 1, 0, 2, 0, 3].map(|octet| octet)
    );
    let rpl = Rpl { kind: Kind::RPL, flags: 0, instance: 1, sender_rank: 2, sub_tlvs: &[] };
    assert_eq!(written(&[Value::Pad1, Value::Rpl(rpl)]), [17, 1, 0, 0, 0x23, 4, 0, 1, 0, 2, 1, 4, 0, 0, 0, 0]);
    let mtu = Value::MinimumPathMtu { minimum: 1, returned: 2 };
    assert_eq!(written(&[mtu]), [17, 0, 0x30, 4, 0, 1, 0, 2]);
}

/// RFC 6275 6.3: 8n+6, so that the address is aligned.
#[test]
fn a_home_address_stands_at_8n_plus_6() {
    let home = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);
    let mut expected = vec![17, 2, 1, 2, 0, 0, 0xc9, 16];
    expected.extend(home.octets());
    assert_eq!(written(&[Value::HomeAddress(home)]), expected);
    for before in 0..16usize {
        let mut values = vec![Value::Pad1; before];
        values.push(Value::HomeAddress(home));
        let octets = written(&values);
        let option = Options::new(&octets[2..], 2).map(|option| option.unwrap()).find(|option| option.kind().0 == 0xc9);
        assert_eq!(option.unwrap().offset() % 8, 6);
    }
}

#[test]
fn the_alignments_are_those_of_the_standards() {
    let rpl = Rpl { kind: Kind::RPL_OLD, flags: 0, instance: 0, sender_rank: 0, sub_tlvs: &[] };
    let label = Calipso { doi: 1, sensitivity_level: 2, checksum: 3, compartments: &[] };
    let quick = QuickStart { function: 0, rate: 1, ttl: 2, nonce_and_reserved: 3 };
    for (value, alignment) in [
        (Value::Pad1, (1, 0)),
        (Value::PadN(&[]), (1, 0)),
        (Value::TunnelEncapsulationLimit(0), (1, 0)),
        (Value::RouterAlert(0), (2, 0)),
        (Value::JumboPayload(0), (4, 2)),
        (Value::HomeAddress(Ipv6Addr::LOCALHOST), (8, 6)),
        (Value::QuickStart(quick), (4, 2)),
        (Value::Calipso(label), (4, 2)),
        (Value::Rpl(rpl), (2, 0)),
    ] {
        assert_eq!(value.alignment(), alignment);
    }
}

#[test]
fn a_finished_header_is_whole_8_octet_units() {
    for pads in 0..40usize {
        let octets = written(&vec![Value::TunnelEncapsulationLimit(7); pads]);
        assert_eq!(octets.len(), (2 + 3 * pads).next_multiple_of(8));
        assert_eq!((octets[0], usize::from(octets[1])), (17, octets.len() / 8 - 1));
        let walked: Vec<_> = Options::new(&octets[2..], 2).map(|option| option.unwrap()).collect();
        assert_eq!(walked.iter().map(|option| option.octets().len()).sum::<usize>(), octets.len() - 2);
        // Padding is one option, and its octets are zero (RFC 8200 4.2).
        assert!(walked.len() <= pads + 1);
        if let Some(Ok(Value::PadN(zeros))) = walked.last().map(|option| option.value()) {
            assert!(zeros.len() <= 5 && zeros.iter().all(|zero| *zero == 0));
        }
    }
    assert_eq!(written(&[]), [17, 0, 1, 4, 0, 0, 0, 0]);
}

#[test]
fn a_small_buffer_is_refused_and_the_header_stays() {
    let error = Error::BufferTooSmall { field: Field::Ipv6Extension, found: 7, needed: 8 };
    assert_eq!(Writer::new(&mut [0; 7], Protocol::UDP).unwrap_err(), error);
    let mut buffer = [0xff; 16];
    let mut writer = Writer::new(&mut buffer, Protocol::UDP).unwrap();
    writer.push(&Value::TunnelEncapsulationLimit(1)).unwrap();
    let error = Error::BufferTooSmall { field: Field::Ipv6Extension, found: 16, needed: 24 };
    assert_eq!(writer.push(&Value::HomeAddress(Ipv6Addr::LOCALHOST)), Err(error));
    writer.push(&Value::RouterAlert(0)).unwrap();
    assert_eq!(writer.finish(), Ok(16));
    assert_eq!(buffer, [17, 1, 4, 1, 1, 0, 5, 2, 0, 0, 1, 4, 0, 0, 0, 0]);
    let mut buffer = [0; 12];
    let mut writer = Writer::new(&mut buffer, Protocol::UDP).unwrap();
    writer.push(&Value::Unknown { kind: Kind(0x1e), data: &[0; 7] }).unwrap();
    assert_eq!(writer.finish(), Err(Error::BufferTooSmall { field: Field::Ipv6Extension, found: 12, needed: 16 }));
}

#[test]
fn a_header_has_at_most_2048_octets() {
    let data = [0xab; 256];
    let mut buffer = [0; 4096];
    let mut writer = Writer::new(&mut buffer, Protocol::UDP).unwrap();
    let error = Error::DoesNotFit { field: Field::Ipv6Option, found: 256, needed: 255 };
    assert_eq!(writer.push(&Value::Unknown { kind: Kind(0x1e), data: &data }), Err(error));
    for _ in 0..7 {
        writer.push(&Value::Unknown { kind: Kind(0x1e), data: &data[..255] }).unwrap();
    }
    let error = Error::DoesNotFit { field: Field::Ipv6ExtensionLength, found: 2058, needed: 2048 };
    assert_eq!(writer.push(&Value::Unknown { kind: Kind(0x1e), data: &data[..255] }), Err(error));
    writer.push(&Value::Unknown { kind: Kind(0x1e), data: &data[..245] }).unwrap();
    assert_eq!(writer.finish(), Ok(2048));
    assert_eq!(buffer[1], 255);
}

#[test]
fn numbers_over_four_bits_are_not_emitted() {
    for (function, rate, found) in [(16, 0, 16), (0, 16, 16), (15, 200, 200)] {
        let mut buffer = [0; 32];
        let mut writer = Writer::new(&mut buffer, Protocol::UDP).unwrap();
        let quick = QuickStart { function, rate, ttl: 0, nonce_and_reserved: 0 };
        let error = Error::DoesNotFit { field: Field::Ipv6Option, found, needed: 15 };
        assert_eq!(writer.push(&Value::QuickStart(quick)), Err(error));
        assert_eq!(writer.finish(), Ok(8));
    }
}

proptest! {
    #[test]
    fn any_area_that_reads_is_written_again_octet_for_octet(mut area in prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(5), 0u8..8, any::<u8>()], 6..=6usize), more in prop::collection::vec(any::<u8>(), 0..10)) {
        area.extend(&more);
        area.resize((area.len() + 2).next_multiple_of(8) - 2, 0);
        let values: Option<Vec<_>> = Options::new(&area, 2).map(|option| option.ok()?.value().ok()).collect();
        if let Some(values) = values {
            let mut buffer = [0xff; 64];
            let mut writer = Writer::new(&mut buffer, Protocol::UDP).unwrap();
            for value in &values {
                writer.push_unaligned(value).unwrap();
            }
            let len = writer.finish().unwrap();
            prop_assert_eq!(&buffer[2..len], &area[..]);
        }
    }

    #[test]
    fn aligned_options_read_back_in_order(kinds in prop::collection::vec(0usize..8, 0..12), word: u32, data in prop::collection::vec(any::<u8>(), 0..12)) {
        let [a, b, ..] = word.to_be_bytes();
        let words = data.len() / 4 * 4;
        let values = [
            Value::TunnelEncapsulationLimit(a),
            Value::RouterAlert(word as u16),
            Value::JumboPayload(word),
            Value::HomeAddress(Ipv6Addr::from_bits(u128::from(word) << 64 | 7)),
            Value::QuickStart(QuickStart { function: a >> 4, rate: b & 15, ttl: b, nonce_and_reserved: word }),
            Value::MinimumPathMtu { minimum: word as u16, returned: 3 },
            Value::Calipso(Calipso { doi: word, sensitivity_level: a, checksum: 9, compartments: &data[..words] }),
            Value::Unknown { kind: Kind(0x1e), data: &data },
        ];
        let pushed: Vec<_> = kinds.iter().map(|kind| values[*kind]).collect();
        let octets = written(&pushed);
        let mut read = Vec::new();
        for option in Options::new(&octets[2..], 2) {
            let option = option.unwrap();
            let value = option.value().unwrap();
            if !matches!(value, Value::Pad1 | Value::PadN(_)) {
                let (step, start) = value.alignment();
                prop_assert_eq!(option.offset() as usize % step, start);
                read.push(value);
            }
        }
        prop_assert_eq!(read, pushed);
    }
}
