//! The classifiers against the definition of a match.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::vec::Vec;

use hex_literal::hex;
use ip_wire::ip::Packet;
use proptest::prelude::*;

use super::*;

fn v4(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
}

fn v6(last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last))
}

fn fields() -> Fields {
    Fields {
        source: v4(1),
        destination: v4(2),
        protocol: Protocol::UDP,
        ports: Some((1234, 53)),
        dscp: Dscp::EF,
        flow_label: None,
        interface: 3,
        later_fragment: false,
    }
}

#[test]
fn fields_are_read_from_packets_of_both_versions() {
    let packet = hex!("45b8001c 00000000 40110000 c0000201 c0000202 04d20035 00080000");
    let expected = Fields { interface: 7, ..fields() };
    assert_eq!(Fields::of(&Packet::parse(&packet).unwrap(), 7), Ok(expected));

    // IPv6 with an empty hop-by-hop options header, TCP ports 1 and 2, flow label 0xabcde, traffic class 0xb8.
    let packet =
        hex!("6b8abcde 000c 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002 0600010400000000 00010002");
    let found = Fields::of(&Packet::parse(&packet).unwrap(), 0).unwrap();
    let expected = Fields {
        source: v6(1),
        destination: v6(2),
        protocol: Protocol::TCP,
        ports: Some((1, 2)),
        flow_label: FlowLabel::new(0xabcde),
        interface: 0,
        ..fields()
    };
    assert_eq!(found, expected);
}

#[test]
fn fragments_and_cut_packets_have_no_ports() {
    // Offset 1: a later fragment. Offset 0 with more fragments: the first one.
    let later = hex!("45b8001c 00000001 40110000 c0000201 c0000202 04d20035 00080000");
    let expected = Fields { ports: None, later_fragment: true, interface: 0, ..fields() };
    assert_eq!(Fields::of(&Packet::parse(&later).unwrap(), 0), Ok(expected));
    let first = hex!("45b8001c 00002000 40110000 c0000201 c0000202 04d20035 00080000");
    assert_eq!(Fields::of(&Packet::parse(&first).unwrap(), 3), Ok(fields()));
    let cut = Packet::parse_lax(&first[..22]).unwrap().into_view();
    assert_eq!(Fields::of(&cut, 3), Ok(Fields { ports: None, ..fields() }));
    // ICMP has none at all.
    let icmp = hex!("4500001c 00000000 40010000 c0000201 c0000202 0800 0000 0001 0001");
    let found = Fields::of(&Packet::parse(&icmp).unwrap(), 0).unwrap();
    assert_eq!((found.protocol, found.ports, found.later_fragment), (Protocol::ICMP, None, false));
}

#[test]
fn a_broken_extension_header_is_an_error() {
    // A hop-by-hop options header that is longer than the packet.
    let packet = hex!("60000000 0008 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002 0609010400000000");
    assert!(matches!(Fields::of(&Packet::parse(&packet).unwrap(), 0), Err(Error::Ip(_))));
}

#[test]
fn each_thing_that_a_rule_asks_for_counts() {
    let asks = [
        Match { source: Addresses::one(v4(1)), ..Match::ANY },
        Match { destination: Addresses::prefix(v4(0), 24).unwrap(), ..Match::ANY },
        Match { protocol: Some(Protocol::UDP), ..Match::ANY },
        Match { source_ports: Some((1234, 1234)), ..Match::ANY },
        Match { destination_ports: Some((1, 53)), ..Match::ANY },
        Match { dscp: DscpSet::of(Dscp::EF), ..Match::ANY },
        Match { interface: Some(3), ..Match::ANY },
        Match { fragments: Fragments::NotLater, ..Match::ANY },
    ];
    let others = [
        Fields { source: v4(3), ..fields() },
        Fields { destination: IpAddr::V4(Ipv4Addr::new(192, 0, 3, 0)), ..fields() },
        Fields { protocol: Protocol::TCP, ..fields() },
        Fields { ports: Some((1235, 53)), ..fields() },
        Fields { ports: Some((1234, 54)), ..fields() },
        Fields { dscp: Dscp::CS5, ..fields() },
        Fields { interface: 4, ..fields() },
        Fields { later_fragment: true, ports: None, ..fields() },
    ];
    for (place, rule) in asks.iter().enumerate() {
        let mut classifier = MultiField::new();
        classifier.insert(0, *rule, ()).unwrap();
        assert!(rule.matches(&fields()));
        assert_eq!(classifier.classify(&fields()), Some(&()));
        for (other, changed) in others.iter().enumerate() {
            let expected = other != place && (changed.ports.is_some() || !(3..5).contains(&place));
            assert_eq!(rule.matches(changed), expected, "rule {place}, packet {other}");
            assert_eq!(classifier.classify(changed).is_some(), expected, "rule {place}, packet {other}");
        }
    }
    // A flow label is only in IPv6, and a rule for any address takes both versions.
    let six = Fields { source: v6(1), destination: v6(2), flow_label: FlowLabel::new(5), ..fields() };
    let label = |value| Match { flow_label: FlowLabel::new(value), ..Match::ANY };
    assert!(label(5).matches(&six) && !label(6).matches(&six) && !label(5).matches(&fields()));
    assert!(Match::ANY.matches(&six) && Match::ANY.matches(&fields()));
    assert!(!Match { source: Addresses::one(v4(1)), ..Match::ANY }.matches(&six));
}

#[test]
fn absent_ports_match_no_rule_that_asks_for_ports_however_wide() {
    let all = Match { source_ports: Some((0, u16::MAX)), ..Match::ANY };
    let none = Fields { ports: None, ..fields() };
    assert!(all.matches(&fields()) && !all.matches(&none));
    let mut classifier = MultiField::new();
    classifier.insert(0, all, "ports").unwrap();
    classifier.insert(1, Match { fragments: Fragments::LaterOnly, ..Match::ANY }, "later").unwrap();
    classifier.insert(2, Match::ANY, "rest").unwrap();
    assert_eq!(classifier.classify(&fields()), Some(&"ports"));
    assert_eq!(classifier.classify(&none), Some(&"rest"));
    assert_eq!(classifier.classify(&Fields { later_fragment: true, ..none }), Some(&"later"));
}

#[test]
fn equal_priorities_go_by_age_and_numbers_are_not_used_again() {
    let mut classifier = MultiField::new();
    let second = classifier.insert(5, Match::ANY, 2).unwrap();
    let third = classifier.insert(5, Match::ANY, 3).unwrap();
    let first = classifier.insert(4, Match::ANY, 1).unwrap();
    assert_eq!((classifier.classify(&fields()), classifier.rule(&fields())), (Some(&1), Some(first)));
    assert_eq!((classifier.len(), classifier.stream(third)), (3, Some(&3)));
    assert_eq!(classifier.remove(first), Some(1));
    assert_eq!((classifier.remove(first), classifier.stream(first), classifier.classify(&fields())), (None, None, Some(&2)));
    *classifier.classify_mut(&fields()).unwrap() = 9;
    assert_eq!(classifier.stream(second), Some(&9));
    let again = classifier.insert(4, Match::ANY, 4).unwrap();
    assert!(![first, second, third].contains(&again));
    for id in [second, third, again] {
        assert!(classifier.remove(id).is_some());
    }
    assert_eq!((classifier.is_empty(), classifier.len(), classifier.stored()), (true, 0, 0));
    assert_eq!(classifier.classify(&fields()), None);
}

#[test]
fn prefixes_take_their_addresses_and_no_others() {
    let prefix = |len| Addresses::prefix(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 130)), len).unwrap();
    assert_eq!(prefix(25).bounds(), Some((v4(128), v4(255))));
    assert_eq!(prefix(32).bounds(), Some((v4(130), v4(130))));
    assert_eq!(prefix(0).bounds(), Some((IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::BROADCAST))));
    assert_eq!([127, 128, 255].map(|last| prefix(25).contains(v4(last))), [false, true, true]);
    let six = Addresses::prefix(v6(5), 127).unwrap();
    assert_eq!(six.bounds(), Some((v6(4), v6(5))));
    assert_eq!(Addresses::prefix(v6(5), 0).unwrap().bounds().unwrap().1, IpAddr::V6(u128::MAX.into()));
    assert_eq!((0..=32).map(|len| prefix(len).prefix_len()).collect::<Vec<_>>(), (0..=32).map(Some).collect::<Vec<_>>());
    assert_eq!(six.prefix_len(), Some(127));
    assert_eq!(Addresses::range(Field::Source, v4(1), v4(2)).unwrap().prefix_len(), None);
    assert_eq!(Addresses::range(Field::Source, v4(0), v4(6)).unwrap().prefix_len(), None);
    assert_eq!(Addresses::ANY.prefix_len(), None);
    assert!(Addresses::ANY.contains(v4(1)) && Addresses::ANY.contains(v6(1)));
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let large = |found, max| Error::TooLarge { field: Field::PrefixLength, found, max };
    assert_eq!(Addresses::prefix(v4(0), 33), Err(large(33, 32)));
    assert_eq!(Addresses::prefix(v6(0), 129), Err(large(129, 128)));
    let family = |field, found, needed| Error::AddressFamily { field, found, needed };
    assert_eq!(Addresses::range(Field::Source, v6(0), v4(0)), Err(family(Field::Source, 6, 4)));
    let numbers = Error::TooSmall { field: Field::Source, found: 0xc000_0201, min: 0xc000_0202 };
    assert_eq!(Addresses::range(Field::Source, v4(2), v4(1)), Err(numbers));
    assert_eq!(Addresses::range(Field::Source, v4(2), v4(2)).unwrap(), Addresses::one(v4(2)));
    assert!(Addresses::range(Field::Destination, v6(2), v6(1)).is_err());

    let refused = |rule: Match| MultiField::new().insert(0, rule, ()).unwrap_err();
    let mixed = Match { source: Addresses::one(v4(1)), destination: Addresses::one(v6(1)), ..Match::ANY };
    assert_eq!(refused(mixed), family(Field::Destination, 6, 4));
    let label = Match { destination: Addresses::one(v4(1)), flow_label: FlowLabel::new(1), ..Match::ANY };
    assert_eq!(refused(label), family(Field::FlowLabel, 4, 6));
    let ports = Match { source_ports: Some((2, 1)), ..Match::ANY };
    assert_eq!(refused(ports), Error::EmptyRange { field: Field::SourcePorts, first: 2, last: 1 });
    let ports = Match { destination_ports: Some((9, 0)), ..Match::ANY };
    assert_eq!(refused(ports), Error::EmptyRange { field: Field::DestinationPorts, first: 9, last: 0 });
    let none = Match { dscp: DscpSet::EMPTY, ..Match::ANY };
    assert_eq!(refused(none), Error::TooSmall { field: Field::Codepoints, found: 0, min: 1 });
    for ports in [Match { source_ports: Some((1, 2)), ..Match::ANY }, Match { destination_ports: Some((1, 2)), ..Match::ANY }] {
        assert_eq!(refused(Match { fragments: Fragments::LaterOnly, ..ports }), Error::PortsOfLaterFragments);
    }
}

#[test]
fn a_table_by_codepoint_holds_64_streams() {
    let mut table = BehaviorAggregate::new();
    assert_eq!(table.classify(Dscp::EF), None);
    for value in 0..64 {
        assert_eq!(table.insert(Dscp::new(value).unwrap(), value), None);
    }
    assert_eq!(table.codepoints(), DscpSet::ALL);
    for value in 0..64 {
        assert_eq!(table.classify(Dscp::new(value).unwrap()), Some(&value));
    }
    assert_eq!((table.insert(Dscp::EF, 99), table.remove(Dscp::EF)), (Some(46), Some(99)));
    assert_eq!(table.classify(Dscp::EF), None);
    assert_eq!(table.codepoints().len(), 63);
}

fn addresses() -> impl Strategy<Value = Addresses> {
    prop_oneof![
        2 => Just(Addresses::ANY),
        3 => (0..16_u8, 24..=32_u8).prop_map(|(last, len)| Addresses::prefix(v4(last), len).unwrap()),
        1 => (0..16_u8, 0..16_u8).prop_map(|(a, b)| Addresses::range(Field::Source, v4(a.min(b)), v4(a.max(b))).unwrap()),
        2 => (0..16_u16, 120..=128_u8).prop_map(|(last, len)| Addresses::prefix(v6(last), len).unwrap()),
    ]
}

fn ports() -> impl Strategy<Value = Option<(u16, u16)>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some((0, u16::MAX))),
        2 => (0..12_u16, 0..12_u16).prop_map(|(a, b)| Some((a.min(b), a.max(b)))),
        1 => (0..12_u16).prop_map(|port| Some((port, port))),
    ]
}

fn protocols() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::UDP), Just(Protocol::TCP), Just(Protocol::ICMP)]
}

fn matches() -> impl Strategy<Value = Match> {
    let dscp = prop_oneof![
        3 => Just(DscpSet::ALL),
        1 => (0..8_u8).prop_map(|value| DscpSet::of(Dscp::new(value).unwrap())),
        1 => prop::collection::vec(0..8_u8, 1..4).prop_map(|values| values.into_iter().filter_map(Dscp::new).collect()),
    ];
    let fragments = prop_oneof![4 => Just(Fragments::Any), 1 => Just(Fragments::NotLater), 1 => Just(Fragments::LaterOnly)];
    let few = prop_oneof![3 => Just(None), 1 => (0..3_u32).prop_map(Some)];
    let label = prop_oneof![5 => Just(None), 1 => (0..3_u32).prop_map(FlowLabel::new)];
    let protocol = prop_oneof![2 => Just(None), 3 => protocols().prop_map(Some)];
    (addresses(), addresses(), protocol, ports(), ports(), dscp, few, label, fragments).prop_map(
        |(source, destination, protocol, source_ports, destination_ports, dscp, interface, flow_label, fragments)| Match {
            source,
            destination,
            protocol,
            source_ports,
            destination_ports,
            dscp,
            interface,
            flow_label,
            fragments,
        },
    )
}

fn any_fields() -> impl Strategy<Value = Fields> {
    let pair = prop_oneof![
        3 => (0..18_u8, 0..18_u8).prop_map(|(a, b)| (v4(a), v4(b))),
        2 => (0..18_u16, 0..18_u16).prop_map(|(a, b)| (v6(a), v6(b))),
        1 => (0..3_u8, 0..3_u16).prop_map(|(a, b)| (v4(a), v6(b))),
    ];
    let ports = prop_oneof![3 => (0..13_u16, 0..13_u16).prop_map(Some), 1 => Just(None)];
    (pair, protocols(), ports, 0..9_u8, 0..4_u32, 0..4_u32, any::<bool>()).prop_map(
        |((source, destination), protocol, ports, dscp, interface, label, later)| Fields {
            source,
            destination,
            protocol,
            ports,
            dscp: Dscp::new(dscp).unwrap(),
            flow_label: if source.is_ipv6() { FlowLabel::new(label) } else { None },
            interface,
            later_fragment: later && ports.is_none(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_first_rule_in_order_that_matches_is_found(
        rules in prop::collection::vec((0..8_u32, matches()), 0..300),
        gone in prop::collection::vec(any::<prop::sample::Index>(), 0..100),
        packets in prop::collection::vec(any_fields(), 200),
    ) {
        let mut classifier = MultiField::new();
        let mut model = Vec::new();
        for (number, (priority, rule)) in rules.into_iter().enumerate() {
            match (rule.validate(), classifier.insert(priority, rule, number)) {
                (Ok(()), Ok(id)) => model.push((priority, number, rule, id)),
                (Err(expected), Err(found)) => prop_assert_eq!(found, expected),
                other => prop_assert!(false, "{:?}", other),
            }
        }
        for index in gone {
            if !model.is_empty() {
                let (_, number, _, id) = model.swap_remove(index.index(model.len()));
                prop_assert_eq!(classifier.remove(id), Some(number));
            }
        }
        model.sort_unstable_by_key(|(priority, number, ..)| (*priority, *number));
        for packet in packets {
            let mixed = packet.source.is_ipv4() != packet.destination.is_ipv4();
            let expected = model.iter().find(|(_, _, rule, _)| !mixed && rule.matches(&packet)).map(|(_, number, _, id)| (*number, *id));
            prop_assert_eq!(classifier.classify(&packet).copied(), expected.map(|(number, _)| number));
            prop_assert_eq!(classifier.rule(&packet), expected.map(|(_, id)| id));
            if !mixed {
                prop_assert_eq!(classifier.classify_by_scan(&packet).copied(), expected.map(|(number, _)| number));
            }
        }
    }

    #[test]
    fn what_a_rule_includes_it_matches(own in matches(), other in matches(), packets in prop::collection::vec(any_fields(), 100)) {
        prop_assert!(own.includes(&own) && Match::ANY.includes(&own));
        if own.includes(&other) {
            for packet in packets {
                prop_assert!(!other.matches(&packet) || own.matches(&packet));
            }
        }
    }
}

#[test]
fn a_rule_includes_another_only_if_all_of_it_does() {
    let narrow = Match {
        source: Addresses::prefix(v4(0), 28).unwrap(),
        destination: Addresses::one(v4(9)),
        protocol: Some(Protocol::TCP),
        source_ports: Some((10, 20)),
        destination_ports: Some((30, 40)),
        dscp: DscpSet::of(Dscp::EF).with(Dscp::CS1),
        interface: Some(1),
        flow_label: None,
        fragments: Fragments::NotLater,
    };
    let wider = [
        Match { source: Addresses::ANY, ..narrow },
        Match { source: Addresses::prefix(v4(0), 27).unwrap(), ..narrow },
        Match { destination: Addresses::range(Field::Destination, v4(9), v4(10)).unwrap(), ..narrow },
        Match { protocol: None, ..narrow },
        Match { source_ports: Some((9, 20)), ..narrow },
        Match { source_ports: Some((10, 21)), ..narrow },
        Match { source_ports: None, ..narrow },
        Match { destination_ports: Some((29, 41)), ..narrow },
        Match { dscp: narrow.dscp.with(Dscp::CS2), ..narrow },
        Match { interface: None, ..narrow },
        Match { fragments: Fragments::Any, ..narrow },
    ];
    for wide in wider {
        assert!(wide.includes(&narrow), "{wide:?}");
        assert!(!narrow.includes(&wide), "{wide:?}");
    }
    let label = Match { flow_label: FlowLabel::new(1), ..Match::ANY };
    assert!(Match::ANY.includes(&label) && !label.includes(&Match::ANY));
    assert!(!Match { interface: Some(2), ..narrow }.includes(&narrow));
    let six = Match { source: Addresses::one(v6(1)), ..Match::ANY };
    let four = Match { source: Addresses::prefix(v4(0), 0).unwrap(), ..Match::ANY };
    assert!(!four.includes(&six) && !six.includes(&four));
}
