use super::*;
use ip_wire::checksum;
use ip_wire::ipv6;
use ip_wire::{Field, Ports};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::vec;
use std::vec::Vec;

fn v4(source: &str, destination: &str, protocol: Protocol, payload: &[u8]) -> Vec<u8> {
    let (source, destination): (Ipv4Addr, Ipv4Addr) = (source.parse().unwrap(), destination.parse().unwrap());
    let mut octets = vec![0; 20];
    ipv4::Header::new(source, destination, protocol, payload.len()).unwrap().emit(&mut octets).unwrap();
    octets.extend(payload);
    octets
}

fn v6(source: &str, destination: &str, protocol: Protocol, payload: &[u8]) -> Vec<u8> {
    let (source, destination): (Ipv6Addr, Ipv6Addr) = (source.parse().unwrap(), destination.parse().unwrap());
    let mut octets = vec![0; 40];
    ipv6::Header::new(source, destination, protocol, payload.len()).unwrap().emit(&mut octets).unwrap();
    octets.extend(payload);
    octets
}

/// Source port 1234, destination port 53.
const PORTS: [u8; 8] = [0x04, 0xd2, 0, 53, 0, 8, 0, 0];

/// An ICMP error of `kind` about `quoted`, to 192.0.2.1, with a right checksum.
fn error4(kind: u8, quoted: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0];
    message.extend(quoted);
    let sum = checksum::of(&message).to_be_bytes();
    message[2..4].copy_from_slice(&sum);
    v4("203.0.113.9", "192.0.2.1", Protocol::ICMP, &message)
}

fn error6(kind: u8, quoted: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0, 0, 0, 5, 0];
    message.extend(quoted);
    let (source, destination) = ("2001:db8:9::1".parse().unwrap(), "2001:db8::1".parse().unwrap());
    let pseudo = checksum::pseudo_v6(source, destination, Protocol::ICMPV6, message.len() as u32);
    let sum = pseudo.octets(&message).checksum().to_be_bytes();
    message[2..4].copy_from_slice(&sum);
    v6("2001:db8:9::1", "2001:db8::1", Protocol::ICMPV6, &message)
}

fn of(octets: &[u8]) -> Result<Identified, Error> {
    identify(&Packet::parse(octets).unwrap())
}

fn plain(octets: &[u8]) -> FlowKey {
    Flow::from_ip(octets).unwrap().key
}

#[test]
fn a_packet_with_ports_or_an_identifier_is_its_own_flow() {
    for (octets, ports) in [
        (v4("192.0.2.1", "198.51.100.2", Protocol::UDP, &PORTS), Ports::Pair { source: 1234, destination: 53 }),
        (v4("192.0.2.1", "198.51.100.2", Protocol::TCP, &PORTS), Ports::Pair { source: 1234, destination: 53 }),
        (v4("192.0.2.1", "198.51.100.2", Protocol::ICMP, &[8, 0, 0, 0, 0x12, 0x34, 0, 1]), Ports::Identifier(0x1234)),
        (v4("192.0.2.1", "198.51.100.2", Protocol::ICMP, &[0, 0, 0, 0, 0x12, 0x34, 0, 1]), Ports::Identifier(0x1234)),
        (v6("2001:db8::1", "2001:db8::2", Protocol::ICMPV6, &[128, 0, 0, 0, 0x12, 0x34, 0, 1]), Ports::Identifier(0x1234)),
        (v6("2001:db8::1", "2001:db8::2", Protocol::UDP, &PORTS), Ports::Pair { source: 1234, destination: 53 }),
        (v4("192.0.2.1", "198.51.100.2", Protocol(47), &PORTS), Ports::None),
    ] {
        let found = of(&octets).unwrap();
        assert_eq!((found.key, found.kind, found.to_sender, found.fragment), (plain(&octets), Kind::Packet, true, None));
        assert_eq!(found.key.ports(), ports);
    }
}

#[test]
fn an_icmp_error_is_of_the_flow_that_it_quotes_turned_round() {
    let quoted = v4("192.0.2.1", "198.51.100.2", Protocol::UDP, &PORTS);
    for kind in [3, 4, 5, 11, 12] {
        let found = of(&error4(kind, &quoted)).unwrap();
        assert_eq!((found.key, found.kind, found.to_sender), (plain(&quoted).reversed(), Kind::IcmpError, true));
        assert_eq!(found.key.destination_port(), Some(1234));
        assert_eq!(found.key.destination(), IpAddr::from([192, 0, 2, 1]));
    }
    let quoted = v6("2001:db8::1", "2001:db8::2", Protocol::TCP, &PORTS);
    for kind in [1, 2, 3, 4] {
        let found = of(&error6(kind, &quoted)).unwrap();
        assert_eq!((found.key, found.kind), (plain(&quoted).reversed(), Kind::IcmpError));
    }
    // The identifier of a quoted echo request stays what it is.
    let echo = v4("192.0.2.1", "198.51.100.2", Protocol::ICMP, &[8, 0, 0, 0, 0x12, 0x34, 0, 1]);
    assert_eq!(of(&error4(11, &echo)).unwrap().key.ports(), Ports::Identifier(0x1234));
    // A quoted packet that was not sent from here.
    let foreign = v4("192.0.2.2", "198.51.100.2", Protocol::UDP, &PORTS);
    assert!(!of(&error4(3, &foreign)).unwrap().to_sender);
}

#[test]
fn eight_octets_of_the_quoted_datagram_are_enough_and_fewer_than_the_ports_are_not() {
    // RFC 792: the internet header and 64 bits of data.
    let mut long = v4("192.0.2.1", "198.51.100.2", Protocol::UDP, &[&PORTS[..], &[0; 1000]].concat());
    long.truncate(28);
    assert_eq!(of(&error4(3, &long)).unwrap().key.destination_port(), Some(1234));
    assert_eq!(of(&error4(3, &long[..24])).unwrap().key.destination_port(), Some(1234));
    let cut = ip_wire::Error::Truncated { field: Field::Ports, offset: 20, found: 3, needed: 4 };
    assert_eq!(of(&error4(3, &long[..23])), Err(Error::Ip(cut)));
    assert!(matches!(of(&error4(3, &long[..19])), Err(Error::Ip(ip_wire::Error::Truncated { .. }))));
    assert!(matches!(of(&error4(3, &[])), Err(Error::Ip(_))));
}

#[test]
fn options_of_the_quoted_header_are_walked() {
    let mut quoted = v4("192.0.2.1", "198.51.100.2", Protocol::UDP, &[&[1u8; 12][..], &PORTS].concat());
    quoted[0] = 0x48;
    assert_eq!(of(&error4(3, &quoted)).unwrap().key.destination_port(), Some(1234));
    let chained = [&[17, 0, 1, 4, 0, 0, 0, 0][..], &PORTS].concat();
    let quoted = v6("2001:db8::1", "2001:db8::2", Protocol::DESTINATION_OPTIONS, &chained);
    assert_eq!(of(&error6(3, &quoted)).unwrap().key.destination_port(), Some(1234));
}

#[test]
fn extensions_behind_the_quoted_datagram_are_no_part_of_it() {
    // RFC 4884: 7 words of datagram, then an extension structure.
    let quoted = v4("192.0.2.1", "198.51.100.2", Protocol::UDP, &PORTS);
    let mut error = error4(11, &[&quoted[..], &[0x20, 0, 0, 0, 0, 8, 1, 1, 0, 0, 1, 1]].concat());
    error[25] = 7;
    let found = of(&error).unwrap();
    assert_eq!((found.key, found.kind), (plain(&quoted).reversed(), Kind::IcmpError));
    // With 5 words there is nothing of the ports.
    error[25] = 5;
    assert!(matches!(of(&error), Err(Error::Ip(ip_wire::Error::Truncated { .. }))));
}

#[test]
fn an_error_about_an_error_is_refused() {
    let innermost = v4("192.0.2.1", "198.51.100.2", Protocol::UDP, &PORTS);
    let inner = error4(3, &innermost);
    for kind in [3, 11] {
        assert_eq!(of(&error4(kind, &inner)), Err(Error::ErrorAboutError));
    }
    let innermost = v6("2001:db8::1", "2001:db8::2", Protocol::UDP, &PORTS);
    assert_eq!(of(&error6(1, &error6(1, &innermost))), Err(Error::ErrorAboutError));
    // An echo reply is none.
    let echo = v4("192.0.2.1", "198.51.100.2", Protocol::ICMP, &[0, 0, 0, 0, 0x12, 0x34, 0, 1]);
    assert!(of(&error4(3, &echo)).is_ok());
}

#[test]
fn a_quoted_fragment_has_ports_if_it_is_the_first() {
    let mut quoted = v4("192.0.2.1", "198.51.100.2", Protocol::UDP, &PORTS);
    quoted[4..8].copy_from_slice(&[0xbe, 0xef, 0x20, 0]);
    let found = of(&error4(3, &quoted)).unwrap();
    let fragment = found.fragment.unwrap();
    assert_eq!((fragment.identification, fragment.more, found.key.destination_port()), (0xbeef, true, Some(1234)));
    quoted[6..8].copy_from_slice(&[0, 5]);
    let found = of(&error4(3, &quoted)).unwrap();
    assert_eq!((found.key.ports(), found.fragment.unwrap().offset.units()), (Ports::InFirstFragment, 5));
    // A later fragment of an ICMP error says nothing.
    let mut later = error4(3, &v4("192.0.2.1", "198.51.100.2", Protocol::UDP, &PORTS));
    later[6..8].copy_from_slice(&[0, 5]);
    assert_eq!(of(&later).unwrap().kind, Kind::Packet);
    assert_eq!(quote(&Packet::parse(&later).unwrap()), Ok(None));
}

#[test]
fn an_error_is_verified_by_its_own_checksum_and_the_quoted_headers() {
    let verify = |octets: &[u8]| verify_icmp_error(&Packet::parse(octets).unwrap());
    let quoted = v4("192.0.2.1", "198.51.100.2", Protocol::UDP, &[0x04, 0xd2, 0, 53, 0, 8, 0xba, 0xad]);
    let good = error4(3, &quoted);
    // The quoted UDP checksum is wrong, and not looked at.
    assert_eq!(verify(&good), Ok(()));
    let mut bad = good.clone();
    bad[20 + 4] ^= 1;
    assert!(matches!(verify(&bad), Err(Error::Ip(ip_wire::Error::Checksum { field: Field::Icmpv4Checksum, .. }))));
    let mut header = quoted.clone();
    header[8] ^= 1;
    assert!(matches!(verify(&error4(3, &header)), Err(Error::Ip(ip_wire::Error::Checksum { field: Field::Ipv4Checksum, .. }))));
    // The rest of the quoted packet may be missing.
    assert_eq!(verify(&error4(11, &quoted[..24])), Ok(()));
    assert!(matches!(verify(&error4(11, &quoted[..12])), Err(Error::Ip(ip_wire::Error::Truncated { .. }))));
    let good = error6(2, &v6("2001:db8::1", "2001:db8::2", Protocol::UDP, &PORTS));
    assert_eq!(verify(&good), Ok(()));
    let mut bad = good;
    bad[47] ^= 1;
    assert!(matches!(verify(&bad), Err(Error::Ip(ip_wire::Error::Checksum { field: Field::Icmpv6Checksum, .. }))));
    assert_eq!(verify(&quoted), Err(Error::NotAnIcmpError));
    let echo = v4("192.0.2.1", "198.51.100.2", Protocol::ICMP, &[8, 0, 0, 0, 0x12, 0x34, 0, 1]);
    assert_eq!(verify(&echo), Err(Error::NotAnIcmpError));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn a_packet_is_identified_the_same_both_ways(
        kind in prop_oneof![Just(3u8), Just(11), Just(12), Just(4), Just(5), Just(8), any::<u8>()],
        quoted_protocol in prop_oneof![3 => Just(Protocol::UDP), 1 => Just(Protocol::TCP), 1 => Just(Protocol::ICMP), 1 => any::<u8>().prop_map(Protocol)],
        shape in 0..4u8, quoted_len in 0..30usize,
        flips in proptest::collection::vec((prop_oneof![0..60usize, Just(0), Just(6), Just(9), Just(20), Just(25), Just(28), Just(34)], prop_oneof![Just(1u8), Just(0x20), Just(0x45), any::<u8>()]), 0..3),
        behind in 0..4usize,
    ) {
        let quoted = v4("192.0.2.1", "198.51.100.2", quoted_protocol, &PORTS);
        let mut octets = match shape {
            0 => quoted,
            1 => error4(kind, &quoted),
            2 => error4(kind, &quoted[..quoted_len.min(quoted.len())]),
            _ => error6(kind, &v6("2001:db8::1", "2001:db8:2::2", quoted_protocol, &PORTS)),
        };
        for (at, octet) in flips {
            if let Some(place) = octets.get_mut(at) {
                *place ^= octet;
            }
        }
        octets.resize(octets.len() + behind, 7);
        if let Ok(packet) = Packet::parse(&octets) {
            prop_assert_eq!(identify(&packet), identify_any(packet));
        }
    }
}

#[test]
fn an_error_about_a_packet_with_ports_is_usual() {
    for kind in [3, 11, 12] {
        for protocol in [Protocol::UDP, Protocol::TCP] {
            let octets = error4(kind, &v4("192.0.2.1", "198.51.100.2", protocol, &PORTS));
            let found = usual(&Packet::parse(&octets).unwrap()).unwrap();
            assert_eq!((found.kind, found.to_sender), (Kind::IcmpError, true));
        }
    }
}
