use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::Reaction;

mod ext;
mod fragment;
mod options;
mod routing;

const A: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const B: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

/// A packet from [`A`] to [`B`] whose first header behind the fixed one is `next`.
fn packet(next: Protocol, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x60, 0, 0, 0];
    octets.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    octets.extend([next.0, 64]);
    octets.extend(A.octets());
    octets.extend(B.octets());
    octets.extend(payload);
    octets
}

#[test]
fn the_header_of_rfc_8200_section_3_reads_as_drawn() {
    let mut octets = packet(Protocol::UDP, &[1, 2, 3]);
    // Version 6, traffic class ab, flow label cdef0.
    octets[..4].copy_from_slice(&[0x6a, 0xbc, 0xde, 0xf0]);
    octets[7] = 9;
    let view = View::parse(&octets).unwrap();
    assert_eq!((view.ds().0, view.dscp().value(), view.ecn()), (0xab, 0xab >> 2, Ecn::Ce));
    assert_eq!(view.flow_label().value(), 0xc_def0);
    assert_eq!((view.payload_len(), view.next_header(), view.hop_limit()), (3, Protocol::UDP, 9));
    assert_eq!((view.source(), view.destination()), (A, B));
    assert_eq!((view.payload(), view.is_jumbogram()), (&[1, 2, 3][..], false));
    let header = Header {
        ds: DsField(0xab),
        flow_label: FlowLabel::new(0xc_def0).unwrap(),
        payload_len: 3,
        next_header: Protocol::UDP,
        hop_limit: 9,
        source: A,
        destination: B,
    };
    assert_eq!(Header::from(view), header);
    let mut out = [0xff; 41];
    assert_eq!((header.wire_len(), header.emit(&mut out)), (40, Ok(40)));
    assert_eq!((&out[..40], out[40]), (&octets[..40], 0xff));
}

#[test]
fn less_than_40_octets_are_truncated_at_every_length() {
    let octets = packet(Protocol::UDP, &[]);
    for len in 0..40 {
        let found = u32::try_from(len).unwrap();
        let error = Error::Truncated { field: Field::Ipv6Header, offset: 0, found, needed: 40 };
        assert_eq!(View::parse(&octets[..len]), Err(error));
        assert_eq!(View::parse_lax(&octets[..len]), Err(error));
    }
    assert!(View::parse(&octets).is_ok());
}

#[test]
fn every_version_but_6_is_refused() {
    let mut octets = packet(Protocol::UDP, &[1]);
    for version in 0..16u8 {
        octets[0] = version << 4 | 0x0f;
        let expected = Error::Version { field: Field::Ipv6Version, offset: 0, found: version, needed: 6 };
        match version {
            6 => assert!(View::parse(&octets).is_ok()),
            _ => assert_eq!(View::parse(&octets), Err(expected)),
        }
        assert_eq!(expected.reaction(), Reaction::Discard);
    }
}

#[test]
fn every_payload_length_around_that_of_the_buffer() {
    let mut octets = packet(Protocol::UDP, &[7; 24]);
    for len in 0..50u16 {
        [octets[4], octets[5]] = len.to_be_bytes();
        let reading = View::parse_lax(&octets).unwrap();
        assert_eq!(reading.into_view().payload().len(), usize::from(len.min(24)));
        assert_eq!(reading.missing(), u32::from(len.saturating_sub(24)));
        let (field, needed) = (Field::Ipv6PayloadLength, u32::from(len));
        let error = Error::LengthBeyondBuffer { field, offset: 4, found: 24, needed };
        match View::parse(&octets) {
            Ok(view) => assert!(len <= 24 && view.payload().len() == usize::from(len)),
            Err(found) => assert!(len > 24 && found == error),
        }
        assert_eq!(error.reaction(), Reaction::Discard);
    }
}

#[test]
fn every_traffic_class_and_the_bits_of_the_flow_label() {
    for class in 0..=255u8 {
        for label in [0, 1, 0x8_0000, 0xf_ffff, 0x5_a5a5] {
            let mut header = Header::new(A, B, Protocol::UDP, 0).unwrap();
            (header.ds, header.flow_label) = (DsField(class), FlowLabel::new(label).unwrap());
            let mut out = [0; 40];
            header.emit(&mut out).unwrap();
            let word = u32::from_be_bytes([out[0], out[1], out[2], out[3]]);
            assert_eq!(word, 6 << 28 | u32::from(class) << 20 | label);
            assert_eq!(Header::from(View::parse(&out).unwrap()), header);
        }
    }
}

#[test]
fn a_flow_label_has_20_bits() {
    assert_eq!(FlowLabel::new(0xf_ffff), Some(FlowLabel::MAX));
    assert_eq!(FlowLabel::new(0x10_0000), None);
    assert!(FlowLabel::try_from(u32::MAX).is_err());
    assert_eq!(u32::from(FlowLabel::MAX), 0xf_ffff);
    assert_eq!(FlowLabel::ZERO.value(), 0);
}

#[test]
fn a_random_flow_label_is_never_zero_and_can_be_any_other() {
    for random in (0..0x20_0000u32).chain(u32::MAX - 0x1000..=u32::MAX) {
        assert!((1..=0xf_ffff).contains(&FlowLabel::from_random(random).value()));
    }
    let mut seen = vec![false; 0x10_0000];
    for random in 0..0xf_ffffu32 {
        seen[FlowLabel::from_random(random).value() as usize] = true;
    }
    assert_eq!(seen.iter().filter(|seen| **seen).count(), 0xf_ffff);
}

#[test]
fn setters_change_their_field_alone() {
    let mut octets = packet(Protocol::UDP, &[1, 2]);
    octets[..4].copy_from_slice(&[0x6a, 0xbc, 0xde, 0xf0]);
    let mut view = ViewMut::parse(&mut octets).unwrap();
    view.set_ds(DsField(0x51));
    assert_eq!((view.view().ds().0, view.view().flow_label().value()), (0x51, 0xc_def0));
    view.set_dscp(Dscp::EF);
    assert_eq!(view.view().ds().0, 46 << 2 | 1);
    view.set_ecn(Ecn::Ce);
    assert_eq!(view.view().ds().0, 46 << 2 | 3);
    view.set_flow_label(FlowLabel::new(0x1_2345).unwrap());
    assert_eq!((view.view().ds().0, view.view().flow_label().value()), (46 << 2 | 3, 0x1_2345));
    view.set_hop_limit(3);
    view.set_source(B);
    view.set_destination(A);
    view.payload_mut()[0] = 9;
    let mut expected = packet(Protocol::UDP, &[9, 2]);
    expected[..4].copy_from_slice(&[0x6b, 0xb1, 0x23, 0x45]);
    expected[7] = 3;
    expected[8..24].copy_from_slice(&B.octets());
    expected[24..40].copy_from_slice(&A.octets());
    assert_eq!(octets, expected);
}

#[test]
fn a_forwarded_packet_needs_more_than_one_hop() {
    for hop_limit in 0..=255u8 {
        let mut octets = packet(Protocol::UDP, &[]);
        octets[7] = hop_limit;
        let before = octets.clone();
        let result = ViewMut::parse(&mut octets).unwrap().decrement_hop_limit();
        if hop_limit > 1 {
            assert_eq!((result, octets[7]), (Ok(hop_limit - 1), hop_limit - 1));
        } else {
            let error = Error::HopLimitExceeded { field: Field::Ipv6HopLimit, offset: 7, found: hop_limit };
            assert_eq!((result, error.reaction()), (Err(error), Reaction::TimeExceeded { code: 0 }));
            assert_eq!(octets, before);
        }
    }
}

#[test]
fn a_cut_packet_can_be_changed_too() {
    let mut octets = packet(Protocol::UDP, &[0; 8]);
    octets.truncate(44);
    assert!(ViewMut::parse(&mut octets).is_err());
    let reading = ViewMut::parse_lax(&mut octets).unwrap();
    assert_eq!(reading.missing(), 4);
    let mut view = reading.into_view();
    view.payload_mut().fill(5);
    assert_eq!(octets[40..], [5; 4]);
    // What is behind the packet is not to be changed.
    let mut octets = packet(Protocol::UDP, &[0; 4]);
    octets[5] = 2;
    ViewMut::parse(&mut octets).unwrap().payload_mut().fill(5);
    assert_eq!(octets[40..], [5, 5, 0, 0]);
}

#[test]
fn a_payload_over_65535_octets_takes_a_jumbo_option() {
    assert_eq!(Header::new(A, B, Protocol::UDP, 65_535).unwrap().payload_len, 65_535);
    let error = Error::DoesNotFit { field: Field::Ipv6PayloadLength, found: 65_536, needed: 65_535 };
    assert_eq!(Header::new(A, B, Protocol::UDP, 65_536), Err(error));
}

#[test]
fn emission_refuses_a_small_buffer() {
    let mut out = [0xaa; 40];
    let header = Header::new(A, B, Protocol::UDP, 0).unwrap();
    let error = Error::BufferTooSmall { field: Field::Ipv6Header, found: 39, needed: 40 };
    assert_eq!(header.emit(&mut out[..39]), Err(error));
    assert_eq!(out, [0xaa; 40]);
}

#[cfg(feature = "bytes")]
#[test]
fn put_appends_what_emit_writes() {
    let octets = packet(Protocol::UDP, &[]);
    let mut buffer = bytes::BytesMut::new();
    assert_eq!(Header::from(View::parse(&octets).unwrap()).put(&mut buffer), Ok(40));
    assert_eq!(&buffer[..], &octets[..]);
}

/// A jumbogram of `payload_len` octets: hop-by-hop options header with the option of RFC 2675 2, then upper-layer octets.
fn jumbogram(jumbo: u32, payload_len: usize) -> Vec<u8> {
    let mut octets = packet(Protocol::HOP_BY_HOP, &[]);
    octets.extend([59, 0, 0xc2, 4]);
    octets.extend(jumbo.to_be_bytes());
    octets.resize(40 + payload_len, 0);
    octets
}

#[test]
fn a_jumbogram_has_the_length_of_its_option() {
    for len in [65_536u32, 65_537, 100_000] {
        let mut octets = jumbogram(len, len as usize);
        let view = View::parse(&octets).unwrap();
        assert_eq!((view.payload().len(), view.payload_len(), view.is_jumbogram()), (len as usize, 0, true));
        assert_eq!(view.upper_layer().unwrap().protocol, Protocol::NO_NEXT_HEADER);
        octets.pop();
        let error = View::parse(&octets).unwrap_err();
        let (field, found) = (Field::Ipv6PayloadLength, len - 1);
        assert_eq!(error, Error::LengthBeyondBuffer { field, offset: 4, found, needed: len });
        assert_eq!(View::parse_lax(&octets).unwrap().missing(), 1);
    }
}

/// The list of format errors of RFC 2675 3, each with the pointer that it says.
#[test]
fn the_format_errors_of_rfc_2675_point_where_it_says() {
    let octets = jumbogram(65_535, 70_000);
    let error = View::parse(&octets).unwrap_err();
    let (field, needed) = (Field::Ipv6JumboLength, 65_536);
    assert_eq!(error, Error::Value { field, offset: 44, found: 65_535, needed });
    assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 44 });

    let mut octets = jumbogram(0, 16);
    octets[42..44].copy_from_slice(&[1, 4]);
    let error = View::parse(&octets).unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Ipv6PayloadLength, offset: 4, found: 0, needed: 8 });
    assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 4 });
}

#[test]
fn a_payload_length_decides_over_a_jumbo_option_beside_it() {
    let mut octets = jumbogram(65_536, 65_536);
    octets[5] = 16;
    let view = View::parse(&octets).unwrap();
    assert_eq!((view.payload().len(), view.is_jumbogram()), (16, false));
    let extension = view.extensions().next().unwrap().unwrap();
    let option = extension.options().unwrap().next().unwrap().unwrap();
    assert_eq!(option.value(), Ok(crate::ipv6::options::Value::JumboPayload(65_536)), "the caller can see it");
}

#[test]
fn checking_the_options_refuses_a_jumbo_option_beside_a_payload_length() {
    let mut octets = jumbogram(65_536, 65_536);
    assert_eq!(View::parse(&octets).unwrap().verify_options(), Ok(()));
    octets[5] = 16;
    let error = View::parse(&octets).unwrap().verify_options().unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Ipv6JumboLength, offset: 42, found: 16, needed: 0 });
    // RFC 2675 3: the pointer is at the option's type.
    assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 42 });
}

#[test]
fn checking_the_options_finds_the_first_that_is_malformed() {
    let header = [6, 0, 1, 2, 0, 0, 4, 9];
    let error = View::parse(&packet(Protocol::DESTINATION_OPTIONS, &header)).unwrap().verify_options().unwrap_err();
    assert_eq!(error, Error::OptionOverrun { field: Field::Ipv6Option, offset: 46, found: 2, needed: 11 });
    let header = [6, 0, 4, 2, 0, 0, 0, 0];
    let error = View::parse(&packet(Protocol::DESTINATION_OPTIONS, &header)).unwrap().verify_options().unwrap_err();
    assert_eq!(error, Error::OptionLength { field: Field::Ipv6Option, offset: 42, found: 2, needed: 1 });
}

#[test]
fn a_jumbo_option_of_another_length_is_an_error() {
    let mut octets = jumbogram(65_536, 65_536);
    octets[43] = 3;
    let error = Error::OptionLength { field: Field::Ipv6Option, offset: 42, found: 3, needed: 4 };
    assert_eq!(View::parse(&octets), Err(error));
    octets[43] = 5;
    let error = Error::OptionOverrun { field: Field::Ipv6Option, offset: 42, found: 6, needed: 7 };
    assert_eq!(View::parse(&octets), Err(error));
}

#[test]
fn a_payload_length_of_0_without_a_hop_by_hop_header_means_no_payload() {
    let mut octets = packet(Protocol::TCP, &[1, 2, 3]);
    octets[5] = 0;
    let view = View::parse(&octets).unwrap();
    assert!(view.payload().is_empty() && !view.is_jumbogram());
    // Nothing behind the header: there is no option to look for.
    let octets = packet(Protocol::HOP_BY_HOP, &[]);
    assert!(View::parse(&octets).unwrap().payload().is_empty());
}

#[test]
fn a_jumbogram_cut_inside_its_option_is_an_error() {
    let octets = jumbogram(65_536, 65_536);
    let error = Error::Truncated { field: Field::Ipv6Extension, offset: 40, found: 1, needed: 2 };
    assert_eq!(View::parse(&octets[..41]), Err(error));
    for len in 42..48u32 {
        let (field, found) = (Field::Ipv6ExtensionLength, len - 40);
        let error = Error::LengthBeyondBuffer { field, offset: 41, found, needed: 8 };
        assert_eq!(View::parse_lax(&octets[..len as usize]), Err(error));
    }
    assert_eq!(View::parse_lax(&octets[..48]).unwrap().missing(), 65_528);
}

#[test]
fn upper_layers_fill_what_headers_leave() {
    assert_eq!(max_upper_layer_len(1280, 0), 1240);
    assert_eq!(max_upper_layer_len(1500, 8), 1452);
    assert_eq!(max_upper_layer_len(65_575, 0), 65_535);
    assert_eq!(max_upper_layer_len(65_576, 0), 65_535);
    assert_eq!(max_upper_layer_len(u32::MAX, 8), 65_527);
    assert_eq!((max_upper_layer_len(40, 0), max_upper_layer_len(39, 0), max_upper_layer_len(48, 9)), (0, 0, 0));
}

#[test]
fn a_mobility_header_reads_emits_and_checks_its_checksum() {
    // RFC 6275 6.1.2: a binding refresh request has type 0 and a reserved word.
    let header = mobility::Header {
        next_header: Protocol::NO_NEXT_HEADER,
        mh_type: 0,
        reserved: 0,
        checksum: crate::checksum::Checksum::Compute,
        data: &[0, 0],
    };
    let mut out = [0xff; 8];
    assert_eq!((header.wire_len(), header.emit(A, B, &mut out)), (8, Ok(8)));
    assert_eq!(out[..4], [59, 0, 0, 0]);
    let mut summed = A.octets().to_vec();
    summed.extend(B.octets());
    summed.extend([0, 0, 0, 8, 0, 0, 0, 135]);
    summed.extend(out);
    let sum: u32 = summed.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    assert_eq!((sum >> 16) + (sum & 0xffff), 0xffff);
    let view = mobility::View::parse(&out).unwrap();
    assert_eq!((view.next_header(), view.mh_type(), view.reserved(), view.data()), (Protocol(59), 0, 0, &[0, 0][..]));
    assert_eq!(view.verify_checksum(A, B), Ok(()));
    let error = view.verify_checksum(A, A).unwrap_err();
    let (field, found) = (Field::Ipv6MobilityHeader, view.checksum());
    assert_eq!(error, Error::Checksum { field, offset: 4, found, needed: view.computed_checksum(A, A) });
    let error = Error::Truncated { field, offset: 0, found: 5, needed: 6 };
    assert_eq!(mobility::View::parse(&out[..5]), Err(error));
    let error = Error::LengthBeyondBuffer { field, offset: 1, found: 7, needed: 8 };
    assert_eq!(mobility::View::parse(&out[..7]), Err(error));
    let odd = mobility::Header { data: &[0; 3], ..header };
    assert_eq!(odd.emit(A, B, &mut out), Err(Error::DoesNotFit { field, found: 9, needed: 8 }));
    let long = [0; 2050];
    let long = mobility::Header { data: &long, ..header };
    assert_eq!(long.emit(A, B, &mut [0; 3000]), Err(Error::DoesNotFit { field, found: 2056, needed: 2048 }));
    let verbatim = mobility::Header { checksum: crate::checksum::Checksum::Verbatim(0x1234), ..header };
    verbatim.emit(A, B, &mut out).unwrap();
    assert_eq!(out[4..6], [0x12, 0x34]);
}

proptest! {
    #[test]
    fn any_header_reads_back_and_emits_the_same_octets(
        word: u32, payload in prop::collection::vec(any::<u8>(), 1..60), next: u8, hop_limit: u8, from: u128, to: u128,
    ) {
        let mut octets = packet(Protocol(next.max(1)), &payload);
        octets[..4].copy_from_slice(&(word >> 4 | 6 << 28).to_be_bytes());
        octets[7] = hop_limit;
        octets[8..24].copy_from_slice(&from.to_be_bytes());
        octets[24..40].copy_from_slice(&to.to_be_bytes());
        let view = View::parse(&octets).unwrap();
        let mut out = [0; 40];
        prop_assert_eq!(Header::from(view).emit(&mut out), Ok(40));
        prop_assert_eq!(&out[..], &octets[..40]);
        prop_assert_eq!((view.source().to_bits(), view.destination().to_bits()), (from, to));
    }

    #[test]
    fn any_octets_read_or_are_refused_in_bounds(mut octets in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(first) = octets.first_mut() {
            *first = 0x60 | (*first & 15);
        }
        if let Ok(reading) = View::parse_lax(&octets) {
            let view = reading.into_view();
            let mut end = 40;
            for extension in view.extensions() {
                let Ok(extension) = extension else { break };
                prop_assert_eq!(extension.offset(), end);
                end += u32::try_from(extension.octets().len()).unwrap();
            }
            prop_assert!(end as usize <= octets.len());
        }
    }
}
