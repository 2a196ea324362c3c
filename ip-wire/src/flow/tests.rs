use proptest::prelude::*;
use std::net::IpAddr;
use std::vec;
use std::vec::Vec;

use super::*;

const A: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const B: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 2));

fn v4(protocol: u8, word: u16, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x45, 0, 0, 20 + payload.len() as u8, 0x12, 0x34];
    octets.extend(word.to_be_bytes());
    octets.extend([64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2]);
    octets.extend(payload);
    octets
}

fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x60, 0, 0, 0, 0, payload.len() as u8, next, 64];
    octets.extend([1; 16]);
    octets.extend([2; 16]);
    octets.extend(payload);
    octets
}

const PAYLOAD: [u8; 20] = [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

/// What each protocol tells its conversations apart by.
fn expected(protocol: u8) -> Ports {
    match protocol {
        6 | 17 | 33 | 132 | 136 => Ports::Pair { source: 0x1234, destination: 0x5678 },
        50 => Ports::Spi(0x1234_5678),
        51 => Ports::Spi(0x9abc_def0),
        _ => Ports::None,
    }
}

#[test]
fn every_protocol_has_its_own_ports() {
    for protocol in 0..=255u8 {
        let flow = Flow::from_ip(&v4(protocol, 0, &PAYLOAD)).unwrap();
        assert_eq!((flow.key.source(), flow.key.destination(), flow.key.protocol().0), (A, B, protocol));
        assert_eq!((flow.key.ports(), flow.fragment()), (expected(protocol), None), "protocol {protocol}");
        if ![0, 43, 44, 60, 135, 139, 140].contains(&protocol) {
            let flow = Flow::from_ip(&v6(protocol, &PAYLOAD)).unwrap();
            assert_eq!((flow.key.source(), flow.key.destination()), (IpAddr::from([1; 16]), IpAddr::from([2; 16])));
            assert_eq!((flow.key.ports(), flow.fragment()), (expected(protocol), None), "next header {protocol}");
        }
    }
}

#[test]
fn echo_messages_have_an_identifier_and_other_icmp_messages_nothing() {
    for kind in 0..=255u8 {
        let payload = [kind, 0, 0, 0, 0xab, 0xcd, 0, 1];
        let ports = Flow::from_ip(&v4(1, 0, &payload)).unwrap().key.ports();
        assert_eq!(ports, if [0, 8].contains(&kind) { Ports::Identifier(0xabcd) } else { Ports::None });
        let ports = Flow::from_ip(&v6(58, &payload)).unwrap().key.ports();
        assert_eq!(ports, if [128, 129].contains(&kind) { Ports::Identifier(0xabcd) } else { Ports::None });
    }
}

#[test]
fn a_packet_that_ends_before_its_ports_is_truncated() {
    for (protocol, needed) in [(6u8, 4u32), (17, 4), (33, 4), (132, 4), (136, 4), (50, 4), (51, 8)] {
        for len in 0..needed {
            let (field, found) = (Field::Ports, len);
            let error = Error::Truncated { field, offset: 20, found, needed };
            assert_eq!(Flow::from_ip(&v4(protocol, 0, &PAYLOAD[..len as usize])), Err(error));
            let error = Error::Truncated { field, offset: 40, found, needed };
            assert_eq!(Flow::from_ip(&v6(protocol, &PAYLOAD[..len as usize])), Err(error));
        }
        assert!(Flow::from_ip(&v4(protocol, 0, &PAYLOAD[..needed as usize])).is_ok());
    }
    let error = Error::Truncated { field: Field::Ports, offset: 20, found: 5, needed: 6 };
    assert_eq!(Flow::from_ip(&v4(1, 0, &[8, 0, 0, 0, 1])), Err(error));
    assert!(Flow::from_ip(&v4(1, 0, &[8, 0, 0, 0, 1, 2])).is_ok());
}

#[test]
fn ipv4_fragments_are_reported_and_only_the_first_has_ports() {
    let first = Flow::from_ip(&v4(17, 0x2000, &PAYLOAD)).unwrap();
    assert_eq!(first.key.ports(), expected(17));
    let (identification, offset) = (0x1234, FragmentOffset::ZERO);
    assert_eq!(first.fragment(), Some(Fragment { identification, offset, more: true }));
    for (word, more) in [(0x2001u16, true), (0x0001, false)] {
        let later = Flow::from_ip(&v4(17, word, &PAYLOAD)).unwrap();
        let offset = FragmentOffset::new(1).unwrap();
        assert_eq!(
            (later.key.ports(), later.fragment()),
            (Ports::InFirstFragment, Some(Fragment { identification, offset, more }))
        );
    }
    // Neither Don't Fragment nor the reserved bit makes a fragment.
    assert_eq!(Flow::from_ip(&v4(17, 0xc000, &PAYLOAD)).unwrap().fragment(), None);
    // A later fragment needs no octet of ports.
    assert!(Flow::from_ip(&v4(17, 1, &[])).is_ok());
}

#[test]
fn ipv6_fragments_are_reported_and_atomic_ones_are_whole() {
    let fragment = |word: u16| {
        let [high, low] = word.to_be_bytes();
        let mut payload = vec![60, 0, high, low, 0xde, 0xad, 0xbe, 0xef, 17, 0, 1, 4, 0, 0, 0, 0];
        payload.extend(PAYLOAD);
        Flow::from_ip(&v6(44, &payload)).unwrap()
    };
    assert_eq!((fragment(0).key.ports(), fragment(0).fragment()), (expected(17), None));
    let first = fragment(1);
    let (identification, offset) = (0xdead_beef, FragmentOffset::ZERO);
    assert_eq!((first.key.ports(), first.fragment()), (expected(17), Some(Fragment { identification, offset, more: true })));
    let later = fragment(8);
    let offset = FragmentOffset::new(1).unwrap();
    assert_eq!(later.fragment(), Some(Fragment { identification, offset, more: false }));
    assert_eq!((later.key.ports(), later.key.protocol().0), (Ports::InFirstFragment, 60));
}

#[test]
fn ports_stand_behind_options_and_extension_headers() {
    let mut octets = v4(6, 0, &PAYLOAD);
    octets[0] = 0x46;
    octets[3] += 4;
    octets.splice(20..20, [1, 1, 1, 0]);
    assert_eq!(Flow::from_ip(&octets).unwrap().key.ports(), expected(6));
    let mut payload = vec![43, 0, 1, 4, 0, 0, 0, 0, 6, 0, 99, 0, 0, 0, 0, 0];
    payload.extend(PAYLOAD);
    let flow = Flow::from_ip(&v6(0, &payload)).unwrap();
    assert_eq!((flow.key.protocol(), flow.key.ports()), (Protocol::TCP, expected(6)));
    let error = Error::Truncated { field: Field::Ports, offset: 56, found: 3, needed: 4 };
    assert_eq!(Flow::from_ip(&v6(0, &payload[..19])), Err(error));
}

#[test]
fn the_answers_key_is_the_key_reversed() {
    let key = Flow::from_ip(&v4(6, 0, &PAYLOAD)).unwrap().key;
    let reversed = key.reversed();
    assert_eq!((reversed.source(), reversed.destination(), reversed.protocol()), (B, A, Protocol::TCP));
    assert_eq!((reversed.source_port(), reversed.destination_port()), (Some(0x5678), Some(0x1234)));
    assert_eq!((key.source_port(), key.destination_port()), (Some(0x1234), Some(0x5678)));
    assert_eq!(reversed.reversed(), key);
    assert_ne!(reversed, key);
    for protocol in [50u8, 51, 1] {
        let key = Flow::from_ip(&v4(protocol, 0, &[8, 0, 0, 0, 1, 2, 3, 4])).unwrap().key;
        assert_eq!((key.reversed().ports(), key.source_port(), key.destination_port()), (key.ports(), None, None));
    }
}

#[test]
fn a_key_from_parts_equals_the_key_of_the_packet() {
    for protocol in [6u8, 50, 99] {
        let key = Flow::from_ip(&v4(protocol, 0, &PAYLOAD)).unwrap().key;
        assert_eq!(FlowKey::new(A, B, Protocol(protocol), expected(protocol)), Ok(key));
        let other = Flow::from_ip(&v6(protocol, &PAYLOAD)).unwrap().key;
        let (a, b) = (IpAddr::from([1; 16]), IpAddr::from([2; 16]));
        assert_eq!(FlowKey::new(a, b, Protocol(protocol), expected(protocol)), Ok(other));
        assert_ne!(key, other);
    }
    let v6 = IpAddr::from([1; 16]);
    let error = |found, needed| Err(Error::AddressFamily { field: Field::Address, found, needed });
    assert_eq!(FlowKey::new(A, v6, Protocol::TCP, Ports::None), error(6, 4));
    assert_eq!(FlowKey::new(v6, A, Protocol::TCP, Ports::None), error(4, 6));
    // The same 32 bits in both versions are not the same address.
    let low = IpAddr::from([192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_ne!(FlowKey::new(A, A, Protocol::TCP, Ports::None), FlowKey::new(low, low, Protocol::TCP, Ports::None));
}

#[test]
fn ethernet_frames_have_their_flow_behind_any_tags() {
    for tags in [&[][..], &[0x81, 0, 0, 5], &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 5]] {
        for (ether_type, packet) in [([0x08, 0x00], v4(17, 0, &PAYLOAD)), ([0x86, 0xdd], v6(17, &PAYLOAD))] {
            let mut frame = vec![0xff; 12];
            frame.extend(tags);
            frame.extend(ether_type);
            let at = frame.len() as u32;
            frame.extend(&packet);
            assert_eq!(Flow::from_ethernet(&frame), Flow::from_ip(&packet));
            // Offsets count from the frame's start.
            let fixed = if packet[0] == 0x45 { 20 } else { 40 };
            frame.truncate(at as usize + fixed - 1);
            let error = Flow::from_ethernet(&frame).unwrap_err();
            assert_eq!(error.offset(), Some(at), "{tags:?}");
            assert!(matches!(error, Error::Truncated { needed, .. } if needed as usize == fixed));
        }
        let mut frame = vec![0xff; 12];
        frame.extend(tags);
        frame.extend([0x08, 0x06]);
        let offset = frame.len() as u32 - 2;
        frame.extend([0; 46]);
        let error = Error::UnsupportedProtocol { field: Field::EtherType, offset, found: 0x0806 };
        assert_eq!(Flow::from_ethernet(&frame), Err(error));
    }
}

#[test]
fn an_ethernet_frame_whose_packet_is_of_another_version_is_refused() {
    let mut frame = vec![0xff; 12];
    frame.extend([0x08, 0x00]);
    frame.extend(v6(17, &PAYLOAD));
    let error = Error::Version { field: Field::Ipv4Version, offset: 14, found: 6, needed: 4 };
    assert_eq!(Flow::from_ethernet(&frame), Err(error));
    let error = Error::Version { field: Field::Ipv4Version, offset: 0, found: 5, needed: 4 };
    assert_eq!(Flow::from_ip(&[0x50; 60]), Err(error));
    assert!(matches!(Flow::from_ip(&[]), Err(Error::Truncated { found: 0, .. })));
}

#[test]
fn an_icmp_error_is_about_the_flow_it_quotes() {
    let quoted = v4(17, 0, &PAYLOAD);
    let mut message = vec![3, 3, 0, 0, 0, 0, 0, 0];
    message.extend(&quoted[..28]);
    let octets = v4(1, 0, &message);
    let flow = Flow::of_icmp_error(&Packet::parse(&octets).unwrap()).unwrap().unwrap();
    assert_eq!(flow, Flow::from_ip(&quoted).unwrap());
    // A quote without ports is an error whose offset counts from the quote.
    let octets = v4(1, 0, &message[..8 + 23]);
    let error = Error::Truncated { field: Field::Ports, offset: 20, found: 3, needed: 4 };
    assert_eq!(Flow::of_icmp_error(&Packet::parse(&octets).unwrap()), Some(Err(error)));

    let quoted = v6(6, &PAYLOAD);
    let mut message = vec![2, 0, 0, 0, 0, 0, 5, 0];
    message.extend(&quoted[..44]);
    let octets = v6(58, &message);
    let flow = Flow::of_icmp_error(&Packet::parse(&octets).unwrap()).unwrap().unwrap();
    assert_eq!(flow, Flow::from_ip(&quoted).unwrap());
}

#[test]
fn other_packets_are_about_no_flow_but_their_own() {
    for octets in [
        v4(1, 0, &[8, 0, 0, 0, 0, 1, 0, 2]),
        v4(17, 0, &PAYLOAD),
        v4(1, 1, &[3, 3, 0, 0, 0, 0, 0, 0, 0x45]),
        v4(1, 0, &[3, 3, 0]),
        v6(58, &[128, 0, 0, 0, 0, 1, 0, 2]),
        v4(58, 0, &[1, 0, 0, 0, 0, 0, 0, 0, 0x60]),
    ] {
        assert_eq!(Flow::of_icmp_error(&Packet::parse(&octets).unwrap()), None);
    }
}

/// A packet of either version with ports, or nearly one: octets combined with others, cut, or grown.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![Just(1u8), Just(0x10), Just(0x20), Just(0x80), any::<u8>()];
    let at = prop_oneof![0..48usize, Just(0), Just(3), Just(5), Just(6), Just(9)];
    let protocol = prop_oneof![Just(6u8), Just(17), Just(33), Just(132), Just(136), Just(1), Just(58), any::<u8>()];
    let word = prop_oneof![Just(0u16), Just(0x4000), Just(0x2000), Just(1), any::<u16>()];
    let flips = proptest::collection::vec((at, octet), 0..3);
    (any::<bool>(), protocol, word, flips, 0..12usize, -9..4isize).prop_map(|(is_v6, protocol, word, flips, payload, behind)| {
        let payload = &PAYLOAD[..payload];
        let mut octets = if is_v6 { v6(protocol, payload) } else { v4(protocol, word, payload) };
        for (at, octet) in flips {
            if let Some(place) = octets.get_mut(at) {
                *place ^= octet;
            }
        }
        octets.resize(octets.len().saturating_add_signed(behind), 7);
        octets
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn a_flow_is_the_same_both_ways(octets in nearly()) {
        prop_assert_eq!(Packet::parse(&octets), Packet::parse_any(&octets));
        prop_assert_eq!(ipv6::View::parse(&octets), ipv6::View::parse_any(&octets));
        let quoted = Packet::parse_lax(&octets).map(crate::Reading::into_view);
        if let Some(flow) = Flow::of_usual_quote(&octets) {
            prop_assert_eq!(quoted.and_then(Flow::of_any), Ok(flow));
        }
        if let Ok(packet) = quoted {
            prop_assert_eq!(Flow::of(&packet), Flow::of_any(packet));
        }
    }
}

#[test]
fn what_nearly_all_packets_are_is_usual() {
    for protocol in [6, 17, 33, 132, 136] {
        for octets in [v4(protocol, 0, &PAYLOAD), v4(protocol, 0x2000, &PAYLOAD), v6(protocol, &PAYLOAD)] {
            let packet = Packet::parse(&octets).unwrap();
            assert!(Flow::of_usual(&packet).is_some());
            assert_eq!(Flow::of_usual_quote(&octets).is_some(), octets[0] == 0x45);
        }
        // RFC 792 quotes 8 octets of a longer packet.
        assert!(Flow::of_usual_quote(&v4(protocol, 0, &PAYLOAD)[..28]).is_some());
        assert!(Flow::of_usual_quote(&v4(protocol, 0, &PAYLOAD)[..27]).is_none());
    }
}
