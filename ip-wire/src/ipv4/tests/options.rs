use proptest::prelude::*;
use std::vec::Vec;

use crate::ipv4::options::*;
use crate::ipv4::{Header, View, ViewMut};
use crate::{Error, Field, Protocol, Reaction};
use core::net::Ipv4Addr;

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
    Error::OptionLength { field: Field::Ipv4Option, offset: 20, found, needed }
}

#[test]
fn every_type_octet_has_its_three_parts() {
    for octet in 0..=255u8 {
        let kind = Kind(octet);
        assert_eq!((kind.copied(), kind.class(), kind.number()), (octet >= 128, octet / 32 % 4, octet % 32));
    }
}

/// The table of RFC 791 3.1 and the registry: copied bit, class, number of each option.
#[test]
fn the_options_of_the_registry_have_their_numbers() {
    let table = [
        (Kind::END_OF_OPTIONS, false, 0, 0),
        (Kind::NO_OPERATION, false, 0, 1),
        (Kind::SECURITY, true, 0, 2),
        (Kind::LOOSE_SOURCE_ROUTE, true, 0, 3),
        (Kind::TIMESTAMP, false, 2, 4),
        (Kind::EXTENDED_SECURITY, true, 0, 5),
        (Kind::CIPSO, true, 0, 6),
        (Kind::RECORD_ROUTE, false, 0, 7),
        (Kind::STREAM_ID, true, 0, 8),
        (Kind::STRICT_SOURCE_ROUTE, true, 0, 9),
        (Kind::TRACEROUTE, false, 2, 18),
        (Kind::ROUTER_ALERT, true, 0, 20),
        (Kind::SENDER_DIRECTED_DELIVERY, true, 0, 21),
        (Kind::QUICK_START, false, 0, 25),
    ];
    for (kind, copied, class, number) in table {
        assert_eq!((kind.copied(), kind.class(), kind.number()), (copied, class, number), "{kind}");
        assert!(kind.name().is_some());
    }
    let named = (0..=255).filter(|octet| Kind(*octet).name().is_some()).count();
    assert_eq!(named, table.len());
    assert_eq!(std::format!("{} {:?}", Kind(99), Kind::CIPSO), "option 99 Kind(commercial security)");
}

#[test]
fn the_end_of_the_list_ends_it_and_keeps_what_follows() {
    let mut options = Options::new(&[1, 0, 9, 8], 20);
    assert_eq!(options.next().unwrap().unwrap().value(), Ok(Value::NoOperation));
    let end = options.next().unwrap().unwrap();
    assert_eq!((end.offset(), end.length(), end.octets()), (21, None, &[0, 9, 8][..]));
    assert_eq!(end.value(), Ok(Value::EndOfOptions { padding: &[9, 8] }));
    assert_eq!((options.next(), options.next()), (None, None));
    assert_eq!(emitted(&Value::EndOfOptions { padding: &[9, 8] }).as_octets(), [0, 9, 8, 0]);
    assert_eq!(emitted(&Value::NoOperation).as_octets(), [1, 0, 0, 0]);
}

#[test]
fn a_length_below_2_is_an_error_at_its_offset_and_ends_the_walk() {
    for kind in 2..=255u8 {
        for length in 0..2u8 {
            let area = [1, kind, length, 1, 1];
            let mut options = Options::new(&area, 20);
            assert!(options.next().unwrap().is_ok());
            let found = u32::from(length);
            let error = Error::OptionLength { field: Field::Ipv4Option, offset: 21, found, needed: 2 };
            assert_eq!(options.next(), Some(Err(error)));
            assert_eq!((options.next(), options.next()), (None, None));
            assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 21 });
        }
    }
}

#[test]
fn every_length_past_the_area_is_an_overrun() {
    for length in 2..=255u8 {
        let area = [0x9e, length, 0, 0, 0, 0, 0, 0];
        let first = Options::new(&area, 20).next().unwrap();
        if length <= 8 {
            assert_eq!(first.unwrap().octets().len(), usize::from(length));
        } else {
            let (field, needed) = (Field::Ipv4Option, u32::from(length));
            let error = Error::OptionOverrun { field, offset: 20, found: 8, needed };
            assert_eq!(first, Err(error));
            assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 20 });
        }
    }
    let error = Error::OptionOverrun { field: Field::Ipv4Option, offset: 20, found: 1, needed: 2 };
    assert_eq!(Options::new(&[0x82], 20).next(), Some(Err(error)));
}

#[test]
fn a_source_route_reads_and_emits_as_rfc_791_draws_it() {
    let octets = [0x83, 11, 8, 192, 0, 2, 1, 198, 51, 100, 2];
    let Ok(Value::LooseSourceRoute(route)) = only(&octets) else { panic!() };
    assert_eq!((route.pointer, route.addresses.len(), route.position()), (8, 2, 1));
    assert_eq!(route.next_hop(), Some(Ipv4Addr::new(198, 51, 100, 2)));
    assert_eq!(route.recorded().collect::<Vec<_>>(), [Ipv4Addr::new(192, 0, 2, 1)]);
    assert!(!route.is_complete() && !route.addresses.is_empty());
    assert_eq!(emitted(&Value::LooseSourceRoute(route)).as_octets()[..11], octets);
    for (kind, expected) in [(0x07, Value::RecordRoute(route)), (0x89, Value::StrictSourceRoute(route))] {
        let mut octets = octets;
        octets[0] = kind;
        assert_eq!(only(&octets), Ok(expected));
        assert_eq!(emitted(&expected).as_octets()[..11], octets);
    }
}

#[test]
fn a_route_is_complete_when_its_pointer_is_past_its_length() {
    for pointer in 4..=255u8 {
        let octets = [0x07, 11, pointer, 1, 1, 1, 1, 2, 2, 2, 2];
        let Ok(Value::RecordRoute(route)) = only(&octets) else { panic!() };
        assert_eq!(route.is_complete(), pointer > 11);
        assert_eq!(route.position(), usize::from((pointer - 4) / 4).min(2));
        let next = if pointer < 8 { Some(Ipv4Addr::new(1, 1, 1, 1)) } else { Some(Ipv4Addr::new(2, 2, 2, 2)) };
        assert_eq!(route.next_hop(), next.filter(|_| pointer <= 11));
    }
}

#[test]
fn the_smallest_legal_route_pointer_is_4() {
    for kind in [0x07u8, 0x83, 0x89] {
        for pointer in 0..4u8 {
            let error = Error::Value { field: Field::Ipv4OptionPointer, offset: 22, found: u32::from(pointer), needed: 4 };
            assert_eq!(only(&[kind, 7, pointer, 0, 0, 0, 0]), Err(error));
            assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 22 });
        }
        assert!(only(&[kind, 7, 4, 0, 0, 0, 0]).is_ok());
        assert!(only(&[kind, 3, 4]).is_ok());
        assert_eq!(only(&[kind, 2]), Err(wrong_length(2, 3)));
        for extra in 1..4u32 {
            let octets = [kind, 7 + extra as u8, 4, 0, 0, 0, 0, 0, 0, 0];
            assert_eq!(only(&octets[..7 + extra as usize]), Err(wrong_length(7 + extra, 7)));
        }
    }
}

#[test]
fn the_three_timestamp_forms_read_and_emit() {
    let octets = [0x44, 12, 9, 0x30, 0, 0, 0, 1, 0x80, 0, 0, 2];
    let Ok(Value::Timestamp(stamp)) = only(&octets) else { panic!() };
    assert_eq!((stamp.pointer, stamp.overflow, stamp.flag), (9, 3, TimestampFlag::TimestampsOnly));
    let entries: Vec<_> = stamp.iter().collect();
    assert_eq!(entries[0], TimestampEntry { address: None, timestamp: 1 });
    assert_eq!(entries[1], TimestampEntry { address: None, timestamp: 0x8000_0002 });
    assert!(!entries[0].is_nonstandard() && entries[1].is_nonstandard() && entries.len() == 2);
    assert_eq!(emitted(&Value::Timestamp(stamp)).as_octets(), octets);
    for (flag, number) in [(TimestampFlag::AddressesAndTimestamps, 1u8), (TimestampFlag::PrespecifiedAddresses, 3)] {
        let octets = [0x44, 12, 5, 0xf0 | number, 192, 0, 2, 9, 0, 0, 1, 0];
        let Ok(Value::Timestamp(stamp)) = only(&octets) else { panic!() };
        assert_eq!((stamp.flag, stamp.overflow, flag.value()), (flag, 15, number));
        let entry = TimestampEntry { address: Some(Ipv4Addr::new(192, 0, 2, 9)), timestamp: 256 };
        assert_eq!(stamp.iter().collect::<Vec<_>>(), [entry]);
        assert_eq!(emitted(&Value::Timestamp(stamp)).as_octets(), octets);
    }
}

#[test]
fn every_timestamp_pointer_overflow_and_flag() {
    for pointer in 0..=255u8 {
        for counts in 0..=255u8 {
            let octets = [0x44, 12, pointer, counts, 0, 0, 0, 0, 0, 0, 0, 0];
            let value = only(&octets);
            if ![0, 1, 3].contains(&(counts & 15)) {
                let (field, found) = (Field::Ipv4OptionFlag, u32::from(counts & 15));
                assert_eq!(value, Err(Error::Value { field, offset: 23, found, needed: 3 }));
            } else if pointer < 5 {
                let (field, found) = (Field::Ipv4OptionPointer, u32::from(pointer));
                assert_eq!(value, Err(Error::Value { field, offset: 22, found, needed: 5 }));
            } else {
                let Ok(Value::Timestamp(stamp)) = value else { panic!() };
                assert_eq!((stamp.overflow, stamp.is_full()), (counts >> 4, pointer > 12));
            }
        }
    }
}

#[test]
fn timestamp_entries_must_be_whole() {
    for (len, flag, needed) in [(3, 0, 4), (2, 0, 4), (5, 0, 4), (9, 0, 8), (11, 1, 4), (13, 3, 12), (8, 1, 4)] {
        let mut octets = [0u8; 40];
        (octets[0], octets[1], octets[2], octets[3]) = (0x44, len, 5, flag);
        assert_eq!(only(&octets[..usize::from(len)]), Err(wrong_length(u32::from(len), needed)), "{len} {flag}");
    }
    assert!(only(&[0x44, 4, 5, 0]).is_ok());
}

#[test]
fn an_overflow_count_over_15_is_not_emitted() {
    let flag = TimestampFlag::TimestampsOnly;
    let mut list = emitted(&Value::NoOperation);
    let before = list;
    let error = list.push(&Value::Timestamp(Timestamp { pointer: 5, overflow: 16, flag, entries: &[] }));
    assert_eq!(error, Err(Error::DoesNotFit { field: Field::Ipv4OptionOverflow, found: 16, needed: 15 }));
    assert_eq!(list, before);
    list.push(&Value::Timestamp(Timestamp { pointer: 5, overflow: 15, flag, entries: &[] })).unwrap();
    assert_eq!(list.as_octets(), [1, 0x44, 4, 5, 0xf0, 0, 0, 0]);
}

#[test]
fn the_security_option_of_rfc_791_has_its_four_fields() {
    // Length 11; S 11010111 10001000 is Secret.
    let octets = [0x82, 11, 0xd7, 0x88, 0, 1, 0x41, 0x42, 7, 8, 9];
    let Ok(Value::Security(security)) = only(&octets) else { panic!() };
    let expected = Rfc791Security { security: 0xd788, compartments: 1, handling: 0x4142, transmission_control: [7, 8, 9] };
    assert_eq!(security.rfc791(), Some(expected));
    assert_eq!(security.data(), &octets[2..]);
    assert_eq!(emitted(&Value::Security(security)).as_octets()[..11], octets);
    assert_eq!(Security::new(&[0; 8]).unwrap().rfc791(), None);
    assert_eq!(Security::new(&[0; 10]).unwrap().rfc791(), None);
    assert_eq!(Security::new(&[]), None);
}

#[test]
fn the_basic_security_option_of_rfc_1108_has_a_level_and_authorities() {
    let levels = [
        (0b0011_1101, Classification::TopSecret),
        (0b0101_1010, Classification::Secret),
        (0b1001_0110, Classification::Confidential),
        (0b1010_1011, Classification::Unclassified),
    ];
    for octet in 0..=255u8 {
        let expected = levels.iter().find(|(code, _)| *code == octet).map(|(_, level)| *level);
        assert_eq!(Classification::from_octet(octet), expected);
        let data = [octet, 0x81, 0x40];
        let octets = [0x82, 5, octet, 0x81, 0x40];
        let Ok(Value::Security(security)) = only(&octets) else { panic!() };
        assert_eq!(security.basic().map(|basic| basic.classification), expected);
        assert!(security.basic().is_none_or(|basic| basic.authorities == &data[1..]));
        assert_eq!(emitted(&Value::Security(security)).as_octets()[..5], octets);
    }
    assert!(only(&[0x82, 3, 0xab]).is_ok());
    assert_eq!(only(&[0x82, 2]), Err(wrong_length(2, 3)));
}

#[test]
fn the_extended_security_option_has_a_format_code() {
    let octets = [0x85, 5, 2, 0xaa, 0xbb];
    let value = Value::ExtendedSecurity { format: 2, info: &[0xaa, 0xbb] };
    assert_eq!(only(&octets), Ok(value));
    assert_eq!(emitted(&value).as_octets()[..5], octets);
    assert_eq!(only(&[0x85, 3, 9]), Ok(Value::ExtendedSecurity { format: 9, info: &[] }));
    assert_eq!(only(&[0x85, 2]), Err(wrong_length(2, 3)));
}

#[test]
fn fixed_length_options_read_emit_and_refuse_other_lengths() {
    let traceroute =
        Traceroute { id: 0x0102, outbound_hops: 0x0304, return_hops: 0xffff, originator: Ipv4Addr::new(192, 0, 2, 7) };
    let table: [(&[u8], Value<'_>); 3] = [
        (&[0x88, 4, 0xab, 0xcd], Value::StreamId(0xabcd)),
        (&[0x94, 4, 0, 1], Value::RouterAlert(1)),
        (&[0x52, 12, 1, 2, 3, 4, 0xff, 0xff, 192, 0, 2, 7], Value::Traceroute(traceroute)),
    ];
    for (octets, value) in table {
        assert_eq!(only(octets), Ok(value));
        assert_eq!(emitted(&value).as_octets(), octets);
        for length in 2..=14u8 {
            let mut area = [0u8; 14];
            (area[0], area[1]) = (octets[0], length);
            let read = only(&area[..usize::from(length)]);
            if length == octets[1] {
                assert!(read.is_ok());
            } else {
                assert_eq!(read, Err(wrong_length(u32::from(length), u32::from(octets[1]))));
            }
        }
    }
}

#[test]
fn router_alert_says_148_4_0_0() {
    assert_eq!(emitted(&Value::RouterAlert(0)).as_octets(), [0b1001_0100, 0b0000_0100, 0, 0]);
}

#[test]
fn cipso_has_a_domain_and_tags() {
    let octets = [0x86, 14, 0, 0, 0, 3, 1, 4, 0, 9, 2, 4, 0, 7];
    let Ok(Value::Cipso(cipso)) = only(&octets) else { panic!() };
    assert_eq!(cipso.doi, 3);
    let tags: Vec<_> = cipso.iter().map(|tag| tag.unwrap()).collect();
    assert_eq!(tags, [CipsoTag { kind: 1, data: &[0, 9] }, CipsoTag { kind: 2, data: &[0, 7] }]);
    assert_eq!(emitted(&Value::Cipso(cipso)).as_octets()[..14], octets);
    assert_eq!(emitted(&Value::Cipso(Cipso::new(3, &octets[6..]))).as_octets()[..14], octets);
    assert!(only(&[0x86, 6, 0, 0, 0, 1]).is_ok());
    assert_eq!(only(&[0x86, 5, 0, 0, 0]), Err(wrong_length(5, 6)));
}

#[test]
fn a_cipso_tag_that_cannot_be_is_an_error_at_its_offset() {
    // Tags of types 0 and 1 have a length octet as any other.
    for (tag, error) in [
        ([0, 1], Error::OptionLength { field: Field::Ipv4Option, offset: 28, found: 1, needed: 2 }),
        ([1, 0], Error::OptionLength { field: Field::Ipv4Option, offset: 28, found: 0, needed: 2 }),
        ([5, 3], Error::OptionOverrun { field: Field::Ipv4Option, offset: 28, found: 2, needed: 3 }),
    ] {
        let octets = [0x86, 10, 0, 0, 0, 3, 0, 2, tag[0], tag[1]];
        let Ok(Value::Cipso(cipso)) = only(&octets) else { panic!() };
        let mut tags = cipso.iter();
        assert_eq!(tags.next(), Some(Ok(CipsoTag { kind: 0, data: &[] })));
        assert_eq!(tags.next(), Some(Err(error)));
        assert_eq!(tags.next(), None);
    }
}

#[test]
fn sender_directed_delivery_lists_addresses() {
    let octets = [0x95, 10, 192, 0, 2, 1, 192, 0, 2, 2];
    let Ok(Value::SenderDirectedDelivery(addresses)) = only(&octets) else { panic!() };
    assert_eq!(addresses.iter().collect::<Vec<_>>(), [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)]);
    assert_eq!(emitted(&Value::SenderDirectedDelivery(addresses)).as_octets()[..10], octets);
    assert_eq!(only(&[0x95, 9, 0, 0, 0, 0, 0, 0, 0]), Err(wrong_length(9, 6)));
    assert_eq!(Addresses::new(&[0; 3]), None);
}

#[test]
fn every_unknown_type_keeps_its_octets() {
    for octet in 2..=255u8 {
        let kind = Kind(octet);
        if kind.name().is_some() && kind != Kind::QUICK_START {
            continue;
        }
        let octets = [octet, 5, 0xde, 0xad, 0xbe];
        let value = Value::Unknown { kind, data: &[0xde, 0xad, 0xbe] };
        assert_eq!(only(&octets), Ok(value));
        assert_eq!((emitted(&value).as_octets(), value.kind()), (&[octet, 5, 0xde, 0xad, 0xbe, 0, 0, 0][..], kind));
    }
}

#[test]
fn emission_pads_to_a_32_bit_boundary() {
    for len in 0..=40usize {
        let octets = [1u8; 40];
        let list = OptionList::from_octets(&octets[..len]).unwrap();
        assert_eq!((list.len(), list.is_empty()), (len.div_ceil(4) * 4, len == 0));
        assert!(list.as_octets()[..len].iter().all(|octet| *octet == 1));
        assert!(list.as_octets()[len..].iter().all(|octet| *octet == 0));
        let mut header = Header::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, Protocol::UDP, 0).unwrap();
        header.options = list;
        header.set_payload_len(0).unwrap();
        let mut packet = [0; 60];
        assert_eq!(header.emit(&mut packet), Ok(20 + list.len()));
        assert_eq!(usize::from(packet[0]), 0x45 + list.len() / 4);
    }
}

#[test]
fn more_than_40_octets_do_not_fit_and_change_nothing() {
    let too_long = |found| Error::DoesNotFit { field: Field::Ipv4Options, found, needed: 40 };
    assert_eq!(OptionList::from_octets(&[1; 41]), Err(too_long(41)));
    let mut list = OptionList::from_octets(&[1; 36]).unwrap();
    let before = list;
    assert_eq!(list.push(&Value::Unknown { kind: Kind(0x99), data: &[0; 3] }), Err(too_long(41)));
    assert_eq!(list, before);
    assert!(list.push(&Value::Unknown { kind: Kind(0x99), data: &[0; 300] }).is_err());
    assert_eq!(list, before);
    list.push(&Value::RouterAlert(0)).unwrap();
    assert_eq!(list.push(&Value::NoOperation), Err(too_long(41)));
    assert_eq!((list.len(), list.iter().count()), (40, 37));
}

/// A packet from 192.0.2.1 to 192.0.2.2 with `options`.
fn packet(options: &[u8]) -> Vec<u8> {
    let mut header = Header::new(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2), Protocol::UDP, 0).unwrap();
    header.options = OptionList::from_octets(options).unwrap();
    header.set_payload_len(0).unwrap();
    let mut packet = std::vec![0; header.wire_len()];
    header.emit(&mut packet).unwrap();
    packet
}

#[test]
fn a_source_route_that_is_not_used_up_ends_at_its_last_address() {
    let last = Ipv4Addr::new(198, 51, 100, 3);
    for kind in [0x83, 0x89] {
        for (pointer, expected) in [(4, last), (8, last), (11, last), (12, Ipv4Addr::new(192, 0, 2, 2))] {
            let octets = packet(&[1, kind, 11, pointer, 192, 0, 2, 9, 198, 51, 100, 3]);
            assert_eq!(View::parse(&octets).unwrap().final_destination(), expected, "pointer {pointer}");
        }
    }
    // A record route routes nothing, and what stands behind an error is not read.
    let direct = Ipv4Addr::new(192, 0, 2, 2);
    assert_eq!(View::parse(&packet(&[7, 7, 4, 1, 2, 3, 4])).unwrap().final_destination(), direct);
    let behind = packet(&[0x94, 1, 0x83, 7, 4, 1, 2, 3, 4]);
    assert_eq!(View::parse(&behind).unwrap().final_destination(), direct);
}

#[test]
fn offsets_count_from_the_start_of_the_packet() {
    let octets = packet(&[1, 0x94, 4, 0, 0, 0x88, 3, 0]);
    let view = View::parse(&octets).unwrap();
    let offsets: Vec<_> = view.options().map(|option| option.unwrap().offset()).collect();
    assert_eq!(offsets, [20, 21, 25]);
    let error = Error::OptionLength { field: Field::Ipv4Option, offset: 25, found: 3, needed: 4 };
    assert_eq!(view.verify_options(), Err(error));
    let right = packet(&[1, 0x94, 4, 0, 0, 0x88, 4, 0, 0]);
    assert_eq!(View::parse(&right).unwrap().verify_options(), Ok(()));
    let overrun = packet(&[0x88, 9, 0, 0]);
    assert!(matches!(View::parse(&overrun).unwrap().verify_options(), Err(Error::OptionOverrun { offset: 20, .. })));
}

#[test]
fn setters_mend_a_checksum_over_options() {
    let mut octets = packet(&[0x94, 4, 0, 0, 7, 7, 4, 1, 2, 3, 4]);
    let mut view = ViewMut::parse(&mut octets).unwrap();
    view.set_ttl(9);
    view.set_source(Ipv4Addr::new(9, 8, 7, 6));
    assert_eq!(view.view().verify_checksum(), Ok(()));
}

fn any_octets(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..=max)
}

proptest! {
    #[test]
    fn values_read_back_as_they_were_pushed(
        kinds in prop::collection::vec(0usize..10, 1..6), data in any_octets(6), route in prop::collection::vec(any::<u32>(), 0..3),
        pointer in 4u8.., word: u16, overflow in 0u8..16,
    ) {
        let addresses: Vec<u8> = route.iter().flat_map(|address| address.to_be_bytes()).collect();
        let route = Route { pointer, addresses: Addresses::new(&addresses).unwrap() };
        let flag = TimestampFlag::TimestampsOnly;
        let stamp = Timestamp { pointer: pointer.max(5), overflow, flag, entries: &addresses };
        let values = [
            Value::NoOperation,
            Value::LooseSourceRoute(route),
            Value::StrictSourceRoute(route),
            Value::RecordRoute(route),
            Value::StreamId(word),
            Value::RouterAlert(word),
            Value::Timestamp(stamp),
            Value::ExtendedSecurity { format: overflow, info: &data },
            Value::Unknown { kind: Kind(0x5e), data: &data },
            Value::SenderDirectedDelivery(route.addresses),
        ];
        let mut list = OptionList::new();
        let mut pushed = Vec::new();
        for kind in kinds {
            if list.push(&values[kind]).is_ok() {
                pushed.push(values[kind]);
            }
        }
        let read: Vec<_> = list.iter().map(|option| option.unwrap().value().unwrap()).collect();
        let padding = list.len() > pushed.iter().map(|value| emitted_len(value)).sum::<usize>();
        prop_assert_eq!(&read[..pushed.len()], &pushed[..]);
        prop_assert_eq!(read.len(), pushed.len() + usize::from(padding));
    }

    #[test]
    fn any_area_walks_in_bounds_and_repeats_itself(area in any_octets(40)) {
        let mut seen = Vec::new();
        for option in Options::new(&area, 20) {
            let Ok(option) = option else { break };
            prop_assert_eq!(option.offset() as usize, 20 + seen.len());
            seen.extend_from_slice(option.octets());
            if let Ok(value) = option.value() {
                let mut list = OptionList::new();
                list.push(&value).unwrap();
                prop_assert_eq!(&list.as_octets()[..option.octets().len()], option.octets());
            }
        }
        prop_assert!(area.starts_with(&seen));
    }
}

fn emitted_len(value: &Value<'_>) -> usize {
    match value {
        Value::NoOperation => 1,
        Value::LooseSourceRoute(route) | Value::StrictSourceRoute(route) | Value::RecordRoute(route) => {
            3 + 4 * route.addresses.len()
        }
        Value::Timestamp(stamp) => 4 + stamp.entries.len(),
        Value::ExtendedSecurity { info, .. } => 3 + info.len(),
        Value::Unknown { data, .. } => 2 + data.len(),
        Value::SenderDirectedDelivery(addresses) => 2 + 4 * addresses.len(),
        _ => 4,
    }
}

#[test]
fn a_list_equals_the_one_that_was_read_from_its_octets() {
    let mut built = OptionList::new();
    built.push(&Value::RouterAlert(0)).unwrap();
    built.push(&Value::NoOperation).unwrap();
    let read = OptionList::from_octets(built.as_octets()).unwrap();
    assert_eq!(read, built);
    built.push(&Value::NoOperation).unwrap();
    assert_ne!(read, built);
}
