use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::Family;

fn sum(octets: &[u8]) -> u16 {
    let mut padded = octets.to_vec();
    padded.push(0);
    let mut sum: u32 = padded.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The sum over pseudo-header and upper layer with `destination`, taken from nothing but the octets.
fn upper_sum(packet: &[u8], at: usize, protocol: u8, destination: &[u8]) -> u16 {
    let source = if packet[0] >> 4 == 4 { &packet[12..16] } else { &packet[8..24] };
    let mut octets = source.to_vec();
    octets.extend(destination);
    octets.extend([0, protocol]);
    octets.extend(u16::try_from(packet.len() - at).unwrap().to_be_bytes());
    octets.extend(&packet[at..]);
    sum(&octets)
}

/// Whether every checksum of a whole packet without routes is true.
fn is_true(packet: &[u8]) -> bool {
    let (at, protocol, destination) = match packet[0] >> 4 {
        4 => (usize::from(packet[0] & 15) * 4, packet[9], &packet[16..20]),
        _ => (40, packet[6], &packet[24..40]),
    };
    let header = packet[0] >> 4 == 6 || sum(&packet[..at]) == 0xffff;
    header
        && match protocol {
            1 => sum(&packet[at..]) == 0xffff,
            6 | 17 | 58 | 136 => upper_sum(packet, at, protocol, destination) == 0xffff,
            _ => true,
        }
}

/// The offset of an upper layer's checksum.
fn place(protocol: u8) -> usize {
    match protocol {
        6 => 16,
        17 | 136 => 6,
        _ => 2,
    }
}

fn v4(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = 20 + options.len();
    let mut octets = vec![0x40 | (header / 4) as u8, 0];
    octets.extend(u16::try_from(header + payload.len()).unwrap().to_be_bytes());
    octets.extend([0, 9, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 198, 51, 100, 2]);
    octets.extend(options);
    let checksum = !sum(&octets);
    octets[10..12].copy_from_slice(&checksum.to_be_bytes());
    octets.extend(payload);
    finish(octets, header, protocol, [198, 51, 100, 2].to_vec())
}

fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x60, 0, 0, 0];
    octets.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    octets.extend([next, 64]);
    octets.extend([0xfd; 16]);
    octets.extend([0x20; 16]);
    octets.extend(payload);
    finish(octets, 40, next, [0x20; 16].to_vec())
}

/// Fills in the upper layer's checksum.
fn finish(mut octets: Vec<u8>, at: usize, protocol: u8, destination: Vec<u8>) -> Vec<u8> {
    if [1, 6, 17, 58, 136].contains(&protocol) {
        let place = at + place(protocol);
        octets[place..place + 2].fill(0);
        let checksum = if protocol == 1 { !sum(&octets[at..]) } else { !upper_sum(&octets, at, protocol, &destination) };
        octets[place..place + 2].copy_from_slice(&checksum.to_be_bytes());
    }
    octets
}

fn tcp() -> Vec<u8> {
    [&[0x12, 0x34, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0][..], b"odd"].concat()
}

fn udp(protocol: u8) -> Vec<u8> {
    let length = if protocol == 17 { 13 } else { 0 };
    [&[0x12, 0x34, 0, 53, 0, length, 0, 0][..], b"query"].concat()
}

const OUTSIDE_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
const OUTSIDE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 7, 7, 7, 7, 7, 7));

/// Every kind of packet whose transport is rewritten, with where its source port or identifier is.
fn packets() -> Vec<(Vec<u8>, Option<usize>)> {
    let echo = |kind: u8| vec![kind, 0, 0, 0, 0xab, 0xcd, 0, 1, 7];
    vec![
        (v4(6, &[], &tcp()), Some(20)),
        (v4(17, &[], &udp(17)), Some(20)),
        (v4(136, &[], &udp(136)), Some(20)),
        (v4(6, &[1, 1, 1, 0], &tcp()), Some(24)),
        (v4(1, &[], &echo(8)), Some(24)),
        (v4(1, &[], &echo(0)), None),
        (v6(6, &tcp()), Some(40)),
        (v6(17, &udp(17)), Some(40)),
        (v6(136, &udp(136)), Some(40)),
        (v6(58, &echo(128)), Some(44)),
        (v6(58, &echo(129)), None),
        (v6(58, &[135, 0, 0, 0, 1, 2, 3, 4]), None),
        (v4(1, &[], &[13, 0, 0, 0, 1, 2, 3, 4]), None),
    ]
}

fn outside(packet: &[u8]) -> IpAddr {
    if packet[0] >> 4 == 4 { OUTSIDE_V4 } else { OUTSIDE_V6 }
}

#[test]
fn a_new_source_is_written_and_every_checksum_stays_true() {
    for (packet, port_at) in packets() {
        assert!(is_true(&packet), "{packet:?}");
        let mut changed = packet.clone();
        let rewrite = Rewrite::source(Endpoint::new(outside(&packet), 40_000));
        assert_eq!(rewrite.apply(&mut changed), Ok(Rewritten::Transport));
        assert!(is_true(&changed), "{packet:?}");
        let parsed = Packet::parse(&changed).unwrap();
        assert_eq!((parsed.source(), parsed.destination()), (outside(&packet), Packet::parse(&packet).unwrap().destination()));
        let mut expected = changed.clone();
        let (from, len) = if packet[0] >> 4 == 4 { (12, 4) } else { (8, 16) };
        expected[from..from + len].copy_from_slice(&packet[from..from + len]);
        if let Some(at) = port_at {
            assert_eq!(changed[at..at + 2], 40_000u16.to_be_bytes());
            expected[at..at + 2].copy_from_slice(&packet[at..at + 2]);
        }
        let header = usize::from(packet[0] & 15) * 4;
        let (at, protocol) = if packet[0] >> 4 == 4 { (header, packet[9]) } else { (40, packet[6]) };
        let place = at + place(protocol);
        expected[place..place + 2].copy_from_slice(&packet[place..place + 2]);
        if packet[0] >> 4 == 4 {
            expected[10..12].copy_from_slice(&packet[10..12]);
        }
        assert_eq!(expected, packet, "nothing else is changed");
    }
}

#[test]
fn a_new_destination_is_written_and_every_checksum_stays_true() {
    for (packet, _) in packets() {
        let mut changed = packet.clone();
        Rewrite::destination(Endpoint::new(outside(&packet), 8080)).apply(&mut changed).unwrap();
        assert!(is_true(&changed), "{packet:?}");
        assert_eq!(Packet::parse(&changed).unwrap().destination(), outside(&packet));
        let (at, protocol) = if packet[0] >> 4 == 4 { (usize::from(packet[0] & 15) * 4, packet[9]) } else { (40, packet[6]) };
        let port = match (protocol, packet[at]) {
            (6 | 17 | 136, _) => Some(at + 2),
            (1, 0) | (58, 129) => Some(at + 4),
            _ => None,
        };
        match port {
            Some(port) => assert_eq!(changed[port..port + 2], 8080u16.to_be_bytes()),
            // The identifier of a request is its source's.
            None => assert_eq!(changed[at + 4..], packet[at + 4..]),
        }
    }
}

#[test]
fn an_address_alone_keeps_the_port() {
    let mut packet = v4(17, &[], &udp(17));
    Rewrite::source(Endpoint::address(OUTSIDE_V4)).apply(&mut packet).unwrap();
    assert!(is_true(&packet));
    assert_eq!(packet[20..24], [0x12, 0x34, 0, 53]);
    let before = packet.clone();
    assert_eq!(Rewrite::default().apply(&mut packet), Ok(Rewritten::Transport));
    assert_eq!(packet, before, "no change changes nothing");
}

#[test]
fn undoing_a_rewrite_restores_every_octet() {
    for (packet, port_at) in packets() {
        let original = Packet::parse(&packet).unwrap();
        let port = port_at.map(|at| u16::from_be_bytes([packet[at], packet[at + 1]]));
        let there = Rewrite::source(Endpoint::new(outside(&packet), 40_000));
        let back = Rewrite::source(Endpoint { address: original.source(), port });
        let mut changed = packet.clone();
        there.apply(&mut changed).unwrap();
        assert_ne!(changed, packet);
        back.apply(&mut changed).unwrap();
        assert_eq!(changed, packet);
    }
}

#[test]
fn a_wrong_checksum_stays_wrong() {
    for (packet, _) in packets() {
        let mut changed = packet.clone();
        let last = changed.len() - 1;
        changed[last] ^= 0x55;
        assert!(!is_true(&changed));
        Rewrite::source(Endpoint::new(outside(&packet), 1)).apply(&mut changed).unwrap();
        assert!(!is_true(&changed));
        changed[last] ^= 0x55;
        assert!(is_true(&changed), "wrong by the same amount");
    }
}

/// RFC 768: 0 says that there is no checksum, so it is neither mended nor made.
#[test]
fn a_udp_checksum_of_zero_stays_zero() {
    for mut packet in [v4(17, &[], &udp(17)), v6(17, &udp(17))] {
        let place = packet.len() - 13 + 6;
        packet[place..place + 2].fill(0);
        Rewrite::source(Endpoint::new(outside(&packet), 40_000)).apply(&mut packet).unwrap();
        assert_eq!(packet[place..place + 2], [0, 0]);
        assert_eq!(packet[place - 6..place - 4], 40_000u16.to_be_bytes());
        assert!(packet[0] >> 4 == 6 || sum(&packet[..20]) == 0xffff);
    }
}

#[test]
fn a_mended_udp_checksum_is_never_zero() {
    let packet = v4(17, &[], &udp(17));
    let mut ones = 0;
    for port in 0..=0xffffu16 {
        let mut changed = packet.clone();
        Rewrite::source(Endpoint::new(OUTSIDE_V4, port)).apply(&mut changed).unwrap();
        assert_ne!(changed[26..28], [0, 0]);
        assert!(is_true(&changed));
        ones += u32::from(changed[26..28] == [0xff, 0xff]);
    }
    assert_eq!(ones, 1);
}

#[test]
fn fragments_and_unknown_protocols_have_their_addresses_changed_alone() {
    let mut later = v4(99, &[], &tcp());
    later[7] = 1;
    later[9] = 6;
    let checksum = {
        later[10..12].fill(0);
        !sum(&later[..20])
    };
    later[10..12].copy_from_slice(&checksum.to_be_bytes());
    let rewrite = Rewrite::source(Endpoint::new(OUTSIDE_V4, 40_000));
    let payload = later[20..].to_vec();
    assert_eq!(rewrite.apply(&mut later), Ok(Rewritten::Fragment));
    assert_eq!((&later[20..], sum(&later[..20])), (&payload[..], 0xffff));
    let mut other = v4(99, &[], &tcp());
    assert_eq!(rewrite.apply(&mut other), Ok(Rewritten::AddressesOnly));
    assert_eq!((&other[20..], &other[12..16]), (&tcp()[..], &[203, 0, 113, 7][..]));
    assert!(is_true(&other));
    let mut later = v6(44, &[&[17, 0, 0, 9, 0, 0, 0, 1][..], &udp(17)].concat());
    let payload = later[40..].to_vec();
    assert_eq!(Rewrite::source(Endpoint::new(OUTSIDE_V6, 1)).apply(&mut later), Ok(Rewritten::Fragment));
    assert_eq!(later[40..], payload);
    // The first fragment has the ports and the checksum.
    let mut first = v6(44, &[&[17, 0, 0, 1, 0, 0, 0, 1][..], &udp(17)].concat());
    assert_eq!(Rewrite::source(Endpoint::new(OUTSIDE_V6, 0x5555)).apply(&mut first), Ok(Rewritten::Transport));
    assert_eq!(first[48..50], [0x55, 0x55]);
}

#[test]
fn under_a_route_the_transport_checksum_keeps_the_final_destination() {
    let last = [192, 0, 2, 99];
    let mut packet = v4(6, &[0x83, 7, 4, 192, 0, 2, 99, 0], &tcp());
    packet = finish(packet, 28, 6, last.to_vec());
    let changed_destination = Rewrite::destination(Endpoint::new(OUTSIDE_V4, 8080));
    changed_destination.apply(&mut packet).unwrap();
    assert_eq!((upper_sum(&packet, 28, 6, &last), sum(&packet[..28])), (0xffff, 0xffff));
    Rewrite::source(Endpoint::new(OUTSIDE_V4, 9)).apply(&mut packet).unwrap();
    assert_eq!((upper_sum(&packet, 28, 6, &last), sum(&packet[..28])), (0xffff, 0xffff));

    let mut routed = vec![6, 2, 2, 1, 0, 0, 0, 0];
    routed.extend([0x33; 16]);
    routed.extend(tcp());
    let mut packet = finish(v6(43, &routed), 64, 6, [0x33; 16].to_vec());
    Rewrite::destination(Endpoint::new(OUTSIDE_V6, 8080)).apply(&mut packet).unwrap();
    assert_eq!(upper_sum(&packet, 64, 6, &[0x33; 16]), 0xffff);
    assert_eq!(packet[66..68], 8080u16.to_be_bytes());
}

/// An ICMP error from a router about `quoted`, cut to `len` octets of it, to the source of the quoted packet.
fn error_about(quoted: &[u8], len: usize) -> Vec<u8> {
    let is_v4 = quoted[0] >> 4 == 4;
    let mut message = if is_v4 { vec![3, 1, 0, 0, 0, 0, 0, 0] } else { vec![1, 3, 0, 0, 0, 0, 0, 0] };
    message.extend(&quoted[..len]);
    if is_v4 {
        let mut packet = v4(1, &[], &message);
        let (source, destination) = (quoted[16..20].to_vec(), quoted[12..16].to_vec());
        packet[12..16].copy_from_slice(&source);
        packet[16..20].copy_from_slice(&destination);
        packet[10..12].fill(0);
        let checksum = !sum(&packet[..20]);
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        packet
    } else {
        let mut packet = v6(58, &message);
        packet[8..24].copy_from_slice(&quoted[24..40]);
        packet[24..40].copy_from_slice(&quoted[8..24]);
        finish(packet, 40, 58, quoted[8..24].to_vec())
    }
}

/// RFC 5508 4.2: the error's destination and the quoted source are one, ports and all; every checksum stays true, the quoted
/// ones too.
#[test]
fn an_icmp_error_has_its_quote_translated_whole_or_cut() {
    for (packet, port_at) in packets() {
        let outside = outside(&packet);
        let mut translated = packet.clone();
        Rewrite::source(Endpoint::new(outside, 40_000)).apply(&mut translated).unwrap();
        let header = if packet[0] >> 4 == 4 { usize::from(packet[0] & 15) * 4 } else { 40 };
        let quote_at = if packet[0] >> 4 == 4 { 28 } else { 48 };
        let inside = Packet::parse(&packet).unwrap().source();
        let port = port_at.map(|at| u16::from_be_bytes([packet[at], packet[at + 1]]));
        let inbound = Rewrite::destination(Endpoint { address: inside, port });
        for len in header..=packet.len() {
            let mut error = error_about(&translated, len);
            assert!(is_true(&error));
            assert_eq!(inbound.apply(&mut error), Ok(Rewritten::IcmpError));
            assert!(is_true(&error), "{len} of {packet:?}");
            assert_eq!(Packet::parse(&error).unwrap().destination(), inside);
            // As far as the quote goes it is the packet that the inside sent; a checksum is mended only if it is whole.
            let protocol = if packet[0] >> 4 == 4 { packet[9] } else { packet[6] };
            let checksum_at = header + place(protocol);
            let mut expected = packet[..len].to_vec();
            if len < checksum_at + 2 {
                let end = len.max(checksum_at);
                expected[checksum_at.min(len)..].copy_from_slice(&translated[checksum_at.min(len)..end.min(len)]);
            }
            if let Some(at) = port_at {
                let needed = if [1, 58].contains(&protocol) { header + 6 } else { header + 4 };
                if len < needed {
                    expected[at.min(len)..].copy_from_slice(&translated[at.min(len)..len]);
                }
            }
            if [1, 58].contains(&protocol) && len < header + 6 && len >= checksum_at + 2 {
                // Without the identifier the checksum is mended for what was changed alone.
                expected[checksum_at..checksum_at + 2]
                    .copy_from_slice(&error[quote_at + checksum_at..quote_at + checksum_at + 2]);
            }
            assert_eq!(error[quote_at..], expected, "{len} of {packet:?}");
        }
    }
}

#[test]
fn an_error_from_a_router_on_the_way_takes_a_change_of_its_own_for_the_quote() {
    let quoted = v4(17, &[], &udp(17));
    let mut error = error_about(&quoted, 28);
    let outer = Rewrite::destination(Endpoint::address(OUTSIDE_V4));
    let inner = Rewrite { source: Some(Endpoint::new(OUTSIDE_V4, 7)), destination: Some(Endpoint::new(OUTSIDE_V4, 8)) };
    assert_eq!(outer.apply_with_quote(&mut error, &inner), Ok(Rewritten::IcmpError));
    assert!(is_true(&error));
    assert_eq!((&error[28 + 12..28 + 20], &error[48..52]), (&[203, 0, 113, 7, 203, 0, 113, 7][..], &[0, 7, 0, 8][..]));
    assert_eq!(sum(&error[28..48]), 0xffff, "the quoted header's checksum");
}

#[test]
fn a_quote_that_cannot_be_read_is_passed_on() {
    for quote in [&[][..], &[0x45, 0, 0], &[0x75; 40]] {
        let mut packet = v4(1, &[], &[&[11, 0, 0, 0, 0, 0, 0, 0][..], quote].concat());
        assert_eq!(Rewrite::destination(Endpoint::new(OUTSIDE_V4, 5)).apply(&mut packet), Ok(Rewritten::IcmpError));
        assert!(is_true(&packet));
        assert_eq!((&packet[28..], &packet[16..20]), (quote, &[203, 0, 113, 7][..]));
    }
}

#[test]
fn reversed_exchanges_the_ends() {
    let (a, b) = (Endpoint::new(OUTSIDE_V4, 1), Endpoint::address(OUTSIDE_V6));
    let rewrite = Rewrite { source: Some(a), destination: Some(b) };
    assert_eq!(rewrite.reversed(), Rewrite { source: Some(b), destination: Some(a) });
    assert_eq!(
        (Rewrite::source(a).reversed(), Rewrite::destination(a).reversed()),
        (Rewrite::destination(a), Rewrite::source(a))
    );
}

#[test]
fn an_error_leaves_the_packet_as_it_was() {
    let refused = |mut packet: Vec<u8>, rewrite: Rewrite, expected: Error| {
        let before = packet.clone();
        assert_eq!(rewrite.apply(&mut packet), Err(expected));
        assert_eq!(packet, before);
    };
    let (four, six) = (Endpoint::new(OUTSIDE_V4, 1), Endpoint::new(OUTSIDE_V6, 1));
    let family = |found, needed| Error::AddressFamily { field: Field::Address, found, needed };
    refused(v4(6, &[], &tcp()), Rewrite::source(six), family(6, 4));
    refused(v4(6, &[], &tcp()), Rewrite { source: Some(four), destination: Some(six) }, family(6, 4));
    refused(v6(6, &tcp()), Rewrite::destination(four), family(4, 6));
    assert_eq!(family(4, 6).field().protocol(), Family::Caller);
    let needed = [(6u8, 18, Field::TcpHeader), (17, 8, Field::UdpHeader), (136, 8, Field::UdpLiteHeader)];
    for (protocol, needed, field) in needed {
        for len in 0..needed {
            let mut packet = v4(99, &[], &tcp()[..len as usize]);
            packet[9] = protocol;
            let error = Error::Truncated { field, offset: 20, found: len, needed };
            refused(packet, Rewrite::source(four), error);
            let mut packet = v6(99, &tcp()[..len as usize]);
            packet[6] = protocol;
            let error = Error::Truncated { field, offset: 40, found: len, needed };
            refused(packet, Rewrite::source(six), error);
        }
        let mut packet = v4(99, &[], &tcp()[..needed as usize]);
        packet[9] = protocol;
        assert_eq!(Rewrite::source(four).apply(&mut packet), Ok(Rewritten::Transport));
    }
    let mut short = v4(99, &[], &[8, 0, 0]);
    short[9] = 1;
    refused(short, Rewrite::source(four), Error::Truncated { field: Field::Icmpv4Header, offset: 20, found: 3, needed: 4 });
    let mut short = v6(99, &[128, 0, 0]);
    short[6] = 58;
    refused(short, Rewrite::source(six), Error::Truncated { field: Field::Icmpv6Header, offset: 40, found: 3, needed: 4 });
    refused(vec![], Rewrite::source(four), Error::Truncated { field: Field::Ipv4Header, offset: 0, found: 0, needed: 1 });
}

proptest! {
    #[test]
    fn any_rewrite_keeps_checksums_true_and_can_be_undone(
        index in 0usize..13, from: u128, to: u128, source_port in prop::option::of(any::<u16>()), destination_port in prop::option::of(any::<u16>()),
    ) {
        let (packet, _) = packets().swap_remove(index);
        let v4 = packet[0] >> 4 == 4;
        let address = |bits: u128| if v4 { IpAddr::V4(Ipv4Addr::from_bits(bits as u32)) } else { IpAddr::V6(Ipv6Addr::from_bits(bits)) };
        let rewrite = Rewrite {
            source: Some(Endpoint { address: address(from), port: source_port }),
            destination: Some(Endpoint { address: address(to), port: destination_port }),
        };
        let mut changed = packet.clone();
        rewrite.apply(&mut changed).unwrap();
        prop_assert!(is_true(&changed));
        let key = crate::Flow::from_ip(&packet).unwrap().key;
        let (protocol, at) = if v4 { (packet[9], usize::from(packet[0] & 15) * 4) } else { (packet[6], 40) };
        let (source, destination) = match (key.ports(), protocol) {
            (crate::Ports::Pair { source, destination }, _) => (Some(source), Some(destination)),
            (crate::Ports::Identifier(id), 1) if packet[at] == 8 => (Some(id), None),
            (crate::Ports::Identifier(id), 58) if packet[at] == 128 => (Some(id), None),
            (crate::Ports::Identifier(id), _) => (None, Some(id)),
            _ => (None, None),
        };
        let back = Rewrite {
            source: Some(Endpoint { address: key.source(), port: source }),
            destination: Some(Endpoint { address: key.destination(), port: destination }),
        };
        back.apply(&mut changed).unwrap();
        prop_assert_eq!(changed, packet);
    }
}
