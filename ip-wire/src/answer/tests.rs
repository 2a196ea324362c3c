use std::vec;
use std::vec::Vec;

use super::*;
use crate::{Flow, Reading};
use core::net::{Ipv4Addr, Ipv6Addr};

const ROUTER_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));
const ROUTER_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xff, 0, 0, 0, 0, 1));

fn v4(source: [u8; 4], destination: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = ipv4::Header::new(source.into(), destination.into(), Protocol(protocol), payload.len()).unwrap();
    header.ttl = 1;
    let mut octets = vec![0; 20];
    header.emit(&mut octets).unwrap();
    octets.extend(payload);
    octets
}

fn v6(source: Ipv6Addr, destination: Ipv6Addr, next: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; 40];
    ipv6::Header::new(source, destination, Protocol(next), payload.len()).unwrap().emit(&mut octets).unwrap();
    octets.extend(payload);
    octets
}

const A6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const B6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const EXCEEDED: Reaction = Reaction::TimeExceeded { code: 0 };

fn udp_v4(len: usize) -> Vec<u8> {
    v4([192, 0, 2, 1], [198, 51, 100, 2], 17, &[&[1, 2, 3, 4, 0, 0, 0, 0][..], &vec![7; len]].concat())
}

fn udp_v6(len: usize) -> Vec<u8> {
    v6(A6, B6, 17, &[&[1, 2, 3, 4, 0, 0, 0, 0][..], &vec![7; len]].concat())
}

/// The answer, after a buffer that is too small by one octet was refused.
fn sent(reaction: Reaction, offending: &[u8]) -> Vec<u8> {
    let source = if offending[0] >> 4 == 4 { ROUTER_V4 } else { ROUTER_V6 };
    let mut buffer = [0xaa; 1500];
    let Ok(Answer::Send(len)) = emit(reaction, offending, source, Arrival::Unicast, &mut buffer) else { panic!() };
    assert!(buffer[len..].iter().all(|octet| *octet == 0xaa));
    let mut small = vec![0xaa; len - 1];
    let (found, needed) = (len as u32 - 1, len as u32);
    let error = Error::BufferTooSmall { field: Field::Buffer, found, needed };
    assert_eq!(emit(reaction, offending, source, Arrival::Unicast, &mut small), Err(error));
    assert!(small.iter().all(|octet| *octet == 0xaa), "nothing is written");
    buffer[..len].to_vec()
}

fn silence(reaction: Reaction, offending: &[u8], arrival: Arrival) -> Option<Silence> {
    let source = if offending.first().is_some_and(|first| first >> 4 == 6) { ROUTER_V6 } else { ROUTER_V4 };
    match emit(reaction, offending, source, arrival, &mut [0; 1280]).unwrap() {
        Answer::Send(_) => None,
        Answer::Silence(reason) => Some(reason),
    }
}

#[test]
fn an_ipv4_answer_is_a_whole_icmp_packet() {
    let offending = udp_v4(10);
    let answer = sent(EXCEEDED, &offending);
    let view = ipv4::View::parse(&answer).unwrap();
    assert_eq!((view.source(), view.destination()), (Ipv4Addr::new(203, 0, 113, 1), Ipv4Addr::new(192, 0, 2, 1)));
    assert_eq!((view.protocol(), view.verify_checksum(), usize::from(view.total_len())), (Protocol::ICMP, Ok(()), answer.len()));
    // RFC 1812 4.3.2.5: precedence 6.
    assert_eq!((view.ds().type_of_service().precedence(), view.ecn()), (6, crate::Ecn::NotEct));
    let message = icmpv4::View::parse(view.payload()).unwrap();
    assert_eq!(message.verify_checksum(), Ok(()));
    assert_eq!(view.payload()[..8], [11, 0, view.payload()[2], view.payload()[3], 0, 0, 0, 0]);
    assert_eq!(message.quote().unwrap().original(), offending);
}

#[test]
fn an_ipv6_answer_is_a_whole_icmpv6_packet() {
    let offending = udp_v6(10);
    let answer = sent(EXCEEDED, &offending);
    let view = ipv6::View::parse(&answer).unwrap();
    assert_eq!((IpAddr::V6(view.source()), view.destination()), (ROUTER_V6, A6));
    assert_eq!((view.next_header(), view.payload().len() + 40), (Protocol::ICMPV6, answer.len()));
    let message = icmpv6::View::parse(view.payload()).unwrap();
    let pseudo = checksum::pseudo_v6(view.source(), A6, Protocol::ICMPV6, view.payload().len() as u32);
    assert_eq!(message.verify_checksum(pseudo), Ok(()));
    assert_eq!((view.payload()[0], view.payload()[1], &view.payload()[4..8]), (3, 0, &[0; 4][..]));
    assert_eq!(message.quote().unwrap().original(), offending);
}

#[test]
fn each_reaction_has_its_message_in_both_versions() {
    let (four, six) = (udp_v4(0), udp_v6(0));
    for (reaction, v4, v6) in [
        (Reaction::ParameterProblem { code: 0, pointer: 20 }, [12, 0, 20, 0, 0, 0], [4, 0, 0, 0, 0, 20]),
        (Reaction::ParameterProblem { code: 2, pointer: 0x0102 }, [12, 0, 255, 0, 0, 0], [4, 2, 0, 0, 1, 2]),
        (Reaction::PacketTooBig { mtu: 1400 }, [3, 4, 0, 0, 5, 0x78], [2, 0, 0, 0, 5, 0x78]),
        (Reaction::PacketTooBig { mtu: 0x1_0000 }, [3, 4, 0, 0, 0xff, 0xff], [2, 0, 0, 1, 0, 0]),
        (Reaction::TimeExceeded { code: 1 }, [11, 1, 0, 0, 0, 0], [3, 1, 0, 0, 0, 0]),
        (Reaction::Unreachable { code: 2 }, [3, 2, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0]),
    ] {
        let answer = sent(reaction, &four);
        assert_eq!((&answer[20..22], &answer[24..28]), (&v4[..2], &v4[2..]), "{reaction:?}");
        let answer = sent(reaction, &six);
        assert_eq!((&answer[40..42], &answer[44..48]), (&v6[..2], &v6[2..]), "{reaction:?}");
    }
}

/// RFC 1812 4.3.2.3: 576 octets at most; RFC 4443 2.4 (c): 1,280.
#[test]
fn the_quote_is_cut_to_what_the_answer_may_have() {
    for len in [519usize, 520, 521, 540, 2000] {
        let answer = sent(EXCEEDED, &udp_v4(len));
        assert_eq!(answer.len(), (28 + 28 + len).min(576), "{len}");
        assert_eq!(answer[28..], udp_v4(len)[..answer.len() - 28]);
        assert_eq!(icmpv4::View::parse(&answer[20..]).unwrap().verify_checksum(), Ok(()));
    }
    for len in [1183usize, 1184, 1185, 3000] {
        let answer = sent(EXCEEDED, &udp_v6(len));
        assert_eq!(answer.len(), (48 + 48 + len).min(1280), "{len}");
        assert_eq!(answer[48..], udp_v6(len)[..answer.len() - 48]);
    }
    assert_eq!((MAX_IPV4_LEN, MAX_IPV6_LEN), (576, 1280));
}

#[test]
fn link_padding_is_not_quoted_and_a_cut_packet_is_quoted_as_far_as_it_goes() {
    for packet in [udp_v4(5), udp_v6(5)] {
        let header = if packet[0] >> 4 == 4 { 28 } else { 48 };
        let padded = [&packet[..], &[0xee; 20]].concat();
        assert_eq!(sent(EXCEEDED, &padded)[header..], packet);
        let cut = &packet[..packet.len() - 3];
        let answer = sent(EXCEEDED, cut);
        assert_eq!(answer[header..], *cut);
        let flow = Flow::of_icmp_error(&Packet::parse(&answer).unwrap()).unwrap().unwrap();
        assert_eq!(flow.key, Flow::from_ip(&packet).unwrap().key);
        assert!(matches!(Packet::parse_lax(&answer[header..]), Ok(Reading::Truncated { missing: 3, .. })));
    }
}

#[test]
fn a_reaction_that_is_not_sent_is_silence() {
    for reaction in [Reaction::None, Reaction::Discard, Reaction::Audit] {
        assert_eq!(silence(reaction, &udp_v4(0), Arrival::Unicast), Some(Silence::Reaction));
        assert_eq!(silence(reaction, &udp_v6(0), Arrival::Unicast), Some(Silence::Reaction));
    }
}

#[test]
fn an_unreadable_packet_is_silence() {
    for octets in [&[][..], &udp_v4(0)[..19], &udp_v6(0)[..39], &[0x50; 60]] {
        assert_eq!(silence(EXCEEDED, octets, Arrival::Unicast), Some(Silence::Unreadable));
    }
}

/// RFC 1122 3.2.2, RFC 4443 2.4 (e.1, e.2): no error about an error.
#[test]
fn icmp_errors_are_not_answered_and_other_messages_are() {
    for kind in 0..=255u8 {
        let message = [kind, 0, 0, 0, 0, 0, 0, 0];
        let expected = [3, 4, 5, 11, 12].contains(&kind).then_some(Silence::IcmpError);
        assert_eq!(silence(EXCEEDED, &v4([192, 0, 2, 1], [198, 51, 100, 2], 1, &message), Arrival::Unicast), expected);
        let expected = (kind < 128 || kind == 137).then_some(Silence::IcmpError);
        assert_eq!(silence(EXCEEDED, &v6(A6, B6, 58, &message), Arrival::Unicast), expected, "type {kind}");
        let chained = [&[58, 0, 1, 4, 0, 0, 0, 0][..], &message].concat();
        assert_eq!(silence(EXCEEDED, &v6(A6, B6, 60, &chained), Arrival::Unicast), expected, "type {kind}");
    }
    // An ICMP message without a type is none that is known to be an error.
    assert_eq!(silence(EXCEEDED, &v4([192, 0, 2, 1], [198, 51, 100, 2], 1, &[]), Arrival::Unicast), None);
}

#[test]
fn packets_to_groups_and_broadcasts_are_not_answered() {
    for destination in [[224, 0, 0, 1], [239, 255, 255, 255], [255, 255, 255, 255]] {
        let packet = v4([192, 0, 2, 1], destination, 17, &[0; 8]);
        for reaction in [EXCEEDED, Reaction::PacketTooBig { mtu: 1280 }, Reaction::ParameterProblem { code: 2, pointer: 20 }] {
            assert_eq!(silence(reaction, &packet, Arrival::Unicast), Some(Silence::GroupDestination));
        }
    }
    assert_eq!(silence(EXCEEDED, &udp_v4(0), Arrival::Broadcast), Some(Silence::GroupDestination));
    assert_eq!(silence(EXCEEDED, &udp_v6(0), Arrival::Broadcast), Some(Silence::GroupDestination));
    for unicast in [[223, 255, 255, 255], [240, 0, 0, 1], [255, 255, 255, 254]] {
        assert_eq!(silence(EXCEEDED, &v4([192, 0, 2, 1], unicast, 17, &[0; 8]), Arrival::Unicast), None);
    }
}

/// RFC 4443 2.4 (e.3): packet too big, and parameter problem code 2, are sent about packets to groups too.
#[test]
fn two_icmpv6_errors_answer_groups_too() {
    let packet = v6(A6, GROUP, 17, &[0; 8]);
    for (reaction, expected) in [
        (EXCEEDED, Some(Silence::GroupDestination)),
        (Reaction::Unreachable { code: 0 }, Some(Silence::GroupDestination)),
        (Reaction::ParameterProblem { code: 0, pointer: 4 }, Some(Silence::GroupDestination)),
        (Reaction::ParameterProblem { code: 1, pointer: 6 }, Some(Silence::GroupDestination)),
        (Reaction::ParameterProblem { code: 3, pointer: 0 }, Some(Silence::GroupDestination)),
        (Reaction::ParameterProblem { code: 2, pointer: 42 }, None),
        (Reaction::PacketTooBig { mtu: 1280 }, None),
    ] {
        assert_eq!(silence(reaction, &packet, Arrival::Unicast), expected, "{reaction:?}");
        assert_eq!(silence(reaction, &udp_v6(0), Arrival::Broadcast), expected, "{reaction:?}");
    }
}

#[test]
fn a_source_that_is_no_single_node_is_not_answered() {
    for source in [[0, 0, 0, 0], [0, 1, 2, 3], [127, 0, 0, 1], [224, 0, 0, 1], [240, 0, 0, 1], [255, 255, 255, 255]] {
        let packet = v4(source, [198, 51, 100, 2], 17, &[0; 8]);
        assert_eq!(silence(EXCEEDED, &packet, Arrival::Unicast), Some(Silence::SourceNotOneNode));
    }
    for source in [[1, 0, 0, 0], [126, 0, 0, 1], [128, 0, 0, 1], [223, 255, 255, 255]] {
        assert_eq!(silence(EXCEEDED, &v4(source, [198, 51, 100, 2], 17, &[0; 8]), Arrival::Unicast), None);
    }
    for source in [Ipv6Addr::UNSPECIFIED, Ipv6Addr::LOCALHOST, GROUP] {
        let packet = v6(source, B6, 17, &[0; 8]);
        assert_eq!(silence(EXCEEDED, &packet, Arrival::Unicast), Some(Silence::SourceNotOneNode));
        let reaction = Reaction::PacketTooBig { mtu: 1280 };
        assert_eq!(silence(reaction, &packet, Arrival::Unicast), Some(Silence::SourceNotOneNode));
    }
}

/// RFC 1122 3.2.2 lets no later fragment be answered; RFC 4443 2.4 does, unless it may be an ICMPv6 error's.
#[test]
fn later_fragments_are_answered_over_ipv6_alone() {
    for (word, expected) in [(0x2000u16, None), (0x2001, Some(Silence::LaterFragment)), (1, Some(Silence::LaterFragment))] {
        let mut packet = udp_v4(0);
        packet[6..8].copy_from_slice(&word.to_be_bytes());
        assert_eq!(silence(EXCEEDED, &packet, Arrival::Unicast), expected);
    }
    let fragment = |next: u8, low: u8| v6(A6, B6, 44, &[next, 0, 0, low, 0, 0, 0, 1, 128, 0, 0, 0]);
    let too_big = Reaction::PacketTooBig { mtu: 1280 };
    assert_eq!(silence(too_big, &fragment(17, 9), Arrival::Unicast), None);
    assert_eq!(silence(too_big, &fragment(58, 1), Arrival::Unicast), None);
    assert_eq!(silence(too_big, &fragment(58, 9), Arrival::Unicast), Some(Silence::LaterFragment));
    assert_eq!(silence(too_big, &fragment(58, 8), Arrival::Unicast), Some(Silence::LaterFragment));
}

#[test]
fn a_chain_that_cannot_be_walked_is_answered() {
    let packet = v6(A6, B6, 60, &[&[0, 0, 1, 4, 0, 0, 0, 0][..], &[0; 8]].concat());
    let error = Packet::parse(&packet).unwrap().upper_layer().unwrap_err();
    let answer = sent(error.reaction(), &packet);
    assert_eq!((&answer[40..42], &answer[44..48]), (&[4, 1][..], &[0, 0, 0, 40][..]));
}

#[test]
fn a_source_of_the_other_version_is_refused() {
    let mut out = [0xaa; 1280];
    let error = |found, needed| Err(Error::AddressFamily { field: Field::Address, found, needed });
    assert_eq!(emit(EXCEEDED, &udp_v4(0), ROUTER_V6, Arrival::Unicast, &mut out), error(6, 4));
    assert_eq!(emit(EXCEEDED, &udp_v6(0), ROUTER_V4, Arrival::Unicast, &mut out), error(4, 6));
    assert_eq!(out, [0xaa; 1280]);
}

#[test]
fn an_ipv4_answer_is_atomic_so_that_its_identification_need_not_be_unique() {
    // RFC 6864 4.1: Don't Fragment set, no fragment; the identification is then free.
    let octets = sent(EXCEEDED, &udp_v4(8));
    let view = ipv4::View::parse(&octets).unwrap();
    assert!(view.flags().dont_fragment() && !view.is_fragment());
    assert_eq!(view.identification(), 0);
}
