//! The frames of the sample: every feature that the tool shows, and a few packets as they must not be.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a generator fails by panicking"
)]

use std::net::{Ipv4Addr, Ipv6Addr};

use atm_cell::link::{self as pseudo, TrafficType};
use atm_cell::llc::Protocol::{Bridged, Iso, Routed};
use atm_cell::llc::{self as atm_llc, MAX_HEADER_LEN};
use atm_cell::oam::{self, Contents};
use atm_cell::{Vc, Vci, Vpi, atmarp};
use ip_wire::checksum::{self, Checksum};
use ip_wire::icmp::{Echo, Quote};
use ip_wire::ipv4::options::{
    self as options4, Cipso, Classification, Route as Route4, Security, Timestamp, TimestampFlag, Traceroute, Value as V4,
};
use ip_wire::ipv6::options::{Calipso, Kind as Kind6, QuickStart, Rpl, Value as V6, Writer};
use ip_wire::ipv6::{fragment, mobility, routing};
use ip_wire::link::{EtherType, LinkType, vlan};
use ip_wire::tcp::options::{Kind as TcpKind, SackBlocks, Value as Tcp};
use ip_wire::{Dscp, Ecn, FragmentOffset, Protocol, icmpv4, icmpv6, ipv4, ipv6, tcp, udp, udp_lite};

use crate::build::{A4, A6, B4, B6, emitted, ethernet, ip, llc, pcapng, pseudo4, pseudo6, v4, v6};

type Frame = (LinkType, Vec<u8>);

/// The whole file.
pub(crate) fn capture() -> Vec<u8> {
    let mut frames: Vec<(LinkType, Vec<u8>, usize)> = Vec::new();
    for part in
        [links(), ipv4_options(), extension_headers(), transports(), icmp(), tunnels(), security(), fragments(), atm(), wrong()]
    {
        frames.extend(part.into_iter().map(|(link, octets)| {
            let len = octets.len();
            (link, octets, len)
        }));
    }
    // One frame that the capture cut: see `--lax`.
    let (link, mut octets) = ip(v4(Protocol::UDP, &udp4(b"this datagram goes on behind the end of the capture"), |_| {}));
    let original_len = octets.len();
    octets.truncate(60);
    frames.push((link, octets, original_len));
    pcapng(&frames)
}

fn udp4(payload: &[u8]) -> Vec<u8> {
    let pseudo = pseudo4(Protocol::UDP, payload.len() + 8);
    emitted(|buffer| udp::Header::new(40_000, 53).emit(pseudo, payload, buffer))
}

fn udp6(payload: &[u8]) -> Vec<u8> {
    let pseudo = pseudo6(Protocol::UDP, payload.len() + 8);
    emitted(|buffer| udp::Header::new(40_000, 53).emit(pseudo, payload, buffer))
}

/// Every link layer, each with the same datagram.
fn links() -> Vec<Frame> {
    let four = v4(Protocol::UDP, &udp4(b"hello, four"), |_| {});
    let six = v6(Protocol::UDP, &udp6(b"hello, six"), |header| header.flow_label = ipv6::FlowLabel::new(0x1_2345).unwrap());
    let one = vlan::Tag::new(42).unwrap();
    let outer = vlan::Tag::new(100).unwrap().with_tpid(EtherType::PROVIDER_BRIDGE);
    let behind = |head: &[u8], packet: &[u8]| [head, packet].concat();
    let arp = [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2];
    let sll2 = [0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    vec![
        ip(four.clone()),
        ip(six.clone()),
        (LinkType::ETHERNET, ethernet(EtherType::IPV4, &[one], &four)),
        (LinkType::ETHERNET, ethernet(EtherType::IPV6, &[outer, one], &six)),
        (LinkType::ETHERNET, ethernet(EtherType::IPV6, &[one.with_tpid(EtherType::QINQ), one, one], &six)),
        (LinkType::ETHERNET, ethernet(EtherType::ARP, &[], &arp)),
        (LinkType::ETHERNET, llc(&behind(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &four))),
        (LinkType::ETHERNET, llc(&[0x42, 0x42, 3, 0, 0, 0, 0, 0])),
        (LinkType::RAW, four.clone()),
        (LinkType::RAW, six.clone()),
        (LinkType::IPV4, four.clone()),
        (LinkType::IPV6, six.clone()),
        (LinkType::NULL, behind(&[2, 0, 0, 0], &four)),
        (LinkType::NULL, behind(&[0, 0, 0, 30], &six)),
        (LinkType::LOOP, behind(&[0, 0, 0, 24], &six)),
        (LinkType::LINUX_SLL, behind(&[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], &four)),
        (LinkType::LINUX_SLL2, behind(&sll2, &six)),
        (LinkType::PPP, behind(&[0xff, 3, 0, 0x21], &four)),
        (LinkType::PPP, behind(&[0x57], &six)),
    ]
}

/// Every IPv4 option.
fn ipv4_options() -> Vec<Frame> {
    let with = |values: &[V4<'_>]| {
        let packet =
            |udp: &[u8]| v4(Protocol::UDP, udp, |header| values.iter().for_each(|value| header.options.push(value).unwrap()));
        // The checksum is taken over the address that a source route ends at.
        let draft = packet(&udp4(b"options"));
        let destination = ipv4::View::parse(&draft).unwrap().final_destination();
        let pseudo = checksum::pseudo_v4(A4, destination, Protocol::UDP, 15);
        ip(packet(&emitted(|buffer| udp::Header::new(40_000, 53).emit(pseudo, b"options", buffer))))
    };
    let hops = options4::Addresses::new(&[203, 0, 113, 1, 203, 0, 113, 2]).unwrap();
    let secret = [Classification::Secret as u8, 0x80];
    let stamp = |flag, entries| V4::Timestamp(Timestamp { pointer: 5, overflow: 1, flag, entries });
    let entries = [203, 0, 113, 1, 0, 0, 0, 0];
    vec![
        with(&[V4::NoOperation, V4::RouterAlert(0), V4::EndOfOptions { padding: &[0, 0] }]),
        with(&[V4::RecordRoute(Route4 { pointer: 8, addresses: hops })]),
        with(&[V4::LooseSourceRoute(Route4 { pointer: 4, addresses: hops })]),
        with(&[V4::StrictSourceRoute(Route4 { pointer: 12, addresses: hops })]),
        with(&[stamp(TimestampFlag::TimestampsOnly, &entries)]),
        with(&[stamp(TimestampFlag::AddressesAndTimestamps, &entries)]),
        with(&[stamp(TimestampFlag::PrespecifiedAddresses, &entries)]),
        with(&[V4::Security(Security::new(&secret).unwrap()), V4::ExtendedSecurity { format: 1, info: &[7] }]),
        with(&[V4::Security(Security::new(&[0xf1, 0x35, 0, 1, 0, 2, 0, 0, 3]).unwrap()), V4::StreamId(7)]),
        with(&[V4::Traceroute(Traceroute { id: 9, outbound_hops: 3, return_hops: 0xffff, originator: A4 })]),
        with(&[V4::Cipso(Cipso::new(3, &[1, 4, 0, 5]))]),
        with(&[V4::SenderDirectedDelivery(hops)]),
        with(&[V4::Unknown { kind: options4::Kind(0x9e), data: &[1, 2] }]),
    ]
}

/// An options header with `values`, followed by `next`.
fn options_header(next: Protocol, values: &[V6<'_>]) -> Vec<u8> {
    emitted(|buffer| {
        let mut writer = Writer::new(buffer, next)?;
        values.iter().try_for_each(|value| writer.push(value))?;
        writer.finish()
    })
}

fn routing_header(next_header: Protocol, routing_type: u8, segments_left: u8, route: routing::Route<'_>) -> Vec<u8> {
    let routing_type = routing::RoutingType(routing_type);
    let header = routing::Header { next_header, routing_type, segments_left, route };
    emitted(|buffer| header.emit(buffer))
}

/// Every extension header and IPv6 option.
fn extension_headers() -> Vec<Frame> {
    let udp = udp6(b"extended");
    let behind = |kind: Protocol, headers: &[u8]| ip(v6(kind, &[headers, &udp].concat(), |_| {}));
    let hop = |values: &[V6<'_>]| behind(Protocol::HOP_BY_HOP, &options_header(Protocol::UDP, values));
    let home = Ipv6Addr::new(0x2001, 0xdb8, 0, 0x99, 0, 0, 0, 1);
    // The checksum is taken over the home address (RFC 6275 11.3.1).
    let pseudo = checksum::pseudo_v6(home, B6, Protocol::UDP, 13);
    let from_home = emitted(|buffer| udp::Header::new(40_000, 53).emit(pseudo, b"roams", buffer));
    let segments = [A6.octets(), B6.octets()].concat();
    let addresses = routing::Addresses::new(&segments).unwrap();
    let srh = routing::SegmentRoute { flags: 0, tag: 5, segments: addresses, tlvs: &[] };
    let compressed = [0, 0, 0, 0, 0, 0, 0, 9];
    let rpl = routing::RplRoute::new([0x88, 0, 0, 0], &compressed).unwrap();
    let quick = QuickStart { function: 0, rate: 9, ttl: 64, nonce_and_reserved: 0x1234_5678 };
    let label = Calipso { doi: 1, sensitivity_level: 2, checksum: 0, compartments: &[0, 0, 0, 1] };
    let chain = [
        options_header(Protocol::DESTINATION_OPTIONS, &[V6::RouterAlert(0)]),
        options_header(Protocol::ROUTING, &[V6::TunnelEncapsulationLimit(4)]),
        routing_header(Protocol::DESTINATION_OPTIONS, 4, 0, routing::Route::Segments(srh)),
        options_header(Protocol::UDP, &[V6::PadN(&[0; 4])]),
    ]
    .concat();
    // Registration by RFC 6275: a binding update with its checksum.
    let update = mobility::Header {
        next_header: Protocol::NO_NEXT_HEADER,
        mh_type: 5,
        reserved: 0,
        checksum: Checksum::Compute,
        data: &[0, 1, 0x80, 0, 0, 60, 1, 2, 0, 0],
    };
    let hip = [59, 4, 1, 0x21, 0, 0, 0, 0];
    vec![
        hop(&[V6::RouterAlert(0)]),
        hop(&[V6::QuickStart(quick)]),
        hop(&[V6::MinimumPathMtu { minimum: 1500, returned: 1501 }]),
        hop(&[V6::Calipso(label)]),
        hop(&[V6::Rpl(Rpl { kind: Kind6::RPL, flags: 0x80, instance: 1, sender_rank: 256, sub_tlvs: &[] })]),
        hop(&[V6::Unknown { kind: Kind6(0x9e), data: &[1, 2, 3] }, V6::Pad1]),
        ip(v6(
            Protocol::DESTINATION_OPTIONS,
            &[options_header(Protocol::UDP, &[V6::HomeAddress(home)]), from_home].concat(),
            |_| {},
        )),
        behind(
            Protocol::ROUTING,
            &routing_header(Protocol::UDP, 0, 0, routing::Route::SourceRoute { reserved: [0; 4], addresses }),
        ),
        behind(
            Protocol::ROUTING,
            &routing_header(Protocol::UDP, 2, 0, routing::Route::Type2 { reserved: [0; 4], home_address: home }),
        ),
        behind(Protocol::ROUTING, &routing_header(Protocol::UDP, 3, 0, routing::Route::Rpl(rpl))),
        behind(Protocol::ROUTING, &routing_header(Protocol::UDP, 4, 0, routing::Route::Segments(srh))),
        behind(Protocol::ROUTING, &routing_header(Protocol::UDP, 253, 0, routing::Route::Unknown(&[0; 4]))),
        behind(Protocol::HOP_BY_HOP, &chain),
        ip(v6(Protocol::MOBILITY, &emitted(|buffer| update.emit(A6, B6, buffer)), |_| {})),
        ip(v6(Protocol::HIP, &[&hip[..], &[0; 32]].concat(), |_| {})),
        ip(v6(Protocol::SHIM6, &[59, 0, 0x80, 0, 0, 0, 0, 1], |_| {})),
        ip(v6(Protocol::NO_NEXT_HEADER, &[], |_| {})),
    ]
}

/// TCP with every option, UDP, UDP-Lite, and DSCP and ECN in all colours.
fn transports() -> Vec<Frame> {
    let segment = |flags, values: &[Tcp<'_>], payload: &[u8]| {
        let mut header = tcp::Header::new(49_152, 443);
        header.sequence_number = 1000;
        header.acknowledgment_number = 2000;
        header.window = 64_240;
        header.flags = flags;
        values.iter().for_each(|value| header.options.push(value).unwrap());
        header
            .wire_len()
            .checked_add(payload.len())
            .map(|len| emitted(|buffer| header.emit(pseudo4(Protocol::TCP, len), payload, buffer)))
            .unwrap()
    };
    let tcp = |flags, values: &[Tcp<'_>], payload: &[u8]| ip(v4(Protocol::TCP, &segment(flags, values, payload), |_| {}));
    let (syn, ack) = (tcp::Flags::SYN, tcp::Flags::ACK);
    let blocks = [0, 0, 7, 0xd0, 0, 0, 0x0b, 0xb8];
    let lite = udp_lite::Header { source_port: 5004, destination_port: 5005, checksum_coverage: 12, checksum: Checksum::Compute };
    let mut zero = udp::Header::new(40_000, 4789);
    zero.checksum = Checksum::Verbatim(0);
    let marked =
        |dscp, ecn| ip(v4(Protocol::UDP, &udp4(b"marked"), |header| header.ds = header.ds.with_dscp(dscp).with_ecn(ecn)));
    vec![
        tcp(
            syn,
            &[
                Tcp::MaximumSegmentSize(1460),
                Tcp::SackPermitted,
                Tcp::Timestamps { value: 7, echo_reply: 0 },
                Tcp::NoOperation,
                Tcp::WindowScale(7),
            ],
            b"",
        ),
        tcp(syn.with(ack).with(tcp::Flags::ECE), &[Tcp::FastOpen { cookie: &[1, 2, 3, 4, 5, 6, 7, 8] }], b""),
        tcp(ack, &[Tcp::NoOperation, Tcp::NoOperation, Tcp::Sack(SackBlocks::new(&blocks).unwrap())], b""),
        tcp(ack.with(tcp::Flags::PSH), &[Tcp::UserTimeout { minutes: true, timeout: 5 }], b"GET / HTTP/1.1\r\n\r\n"),
        tcp(ack, &[Tcp::Md5Signature(&[0xab; 16])], b""),
        tcp(ack, &[Tcp::Authentication { key_id: 1, r_next_key_id: 2, mac: &[0xcd; 12] }], b""),
        tcp(ack, &[Tcp::Multipath(&[0x20, 0x01, 0, 0, 0, 1])], b""),
        tcp(ack.with(tcp::Flags::URG), &[Tcp::Unknown { kind: TcpKind(253), data: &[0x13, 0x37] }], b"!"),
        tcp(tcp::Flags::RST.with(tcp::Flags::CWR).with(tcp::Flags::AE), &[], b""),
        ip(v4(Protocol::UDP_LITE, &emitted(|buffer| lite.emit(pseudo4(Protocol::UDP_LITE, 17), b"half said", buffer)), |_| {})),
        ip(v4(Protocol::UDP, &emitted(|buffer| zero.emit(pseudo4(Protocol::UDP, 12), b"none", buffer)), |_| {})),
        marked(Dscp::new(46).unwrap(), Ecn::Ect0),
        marked(Dscp::new(10).unwrap(), Ecn::Ect1),
        marked(Dscp::new(8).unwrap(), Ecn::Ce),
        marked(Dscp::new(5).unwrap(), Ecn::NotEct),
    ]
}

/// Echo, timestamps, and errors with the datagrams that they quote.
fn icmp() -> Vec<Frame> {
    let refused = v4(Protocol::UDP, &udp4(b"to nobody"), |_| {});
    let refused6 = v6(Protocol::UDP, &udp6(b"to nobody"), |_| {});
    let quote = Quote::new(&refused[..28]);
    let quote6 = Quote::new(&refused6);
    let echo = Echo { identifier: 0x1234, sequence_number: 1, data: b"ping" };
    let four = |message: icmpv4::Message<'_>| ip(v4(Protocol::ICMP, &emitted(|buffer| message.emit(buffer)), |_| {}));
    let six = |message: icmpv6::Message<'_>| {
        let pseudo = pseudo6(Protocol::ICMPV6, message.wire_len());
        ip(v6(Protocol::ICMPV6, &emitted(|buffer| message.emit(pseudo, buffer)), |_| {}))
    };
    vec![
        four(icmpv4::Message::EchoRequest { code: 0, echo }),
        four(icmpv4::Message::EchoReply { code: 0, echo }),
        four(icmpv4::Message::DestinationUnreachable { code: 4, unused: 0, next_hop_mtu: 1400, quote }),
        four(icmpv4::Message::TimeExceeded { code: 0, unused: [0; 3], quote }),
        four(icmpv4::Message::ParameterProblem { code: 0, pointer: 20, unused: [0; 2], quote }),
        four(icmpv4::Message::Redirect { code: 1, gateway: Ipv4Addr::new(192, 0, 2, 254), quote }),
        six(icmpv6::Message::EchoRequest { code: 0, echo }),
        six(icmpv6::Message::EchoReply { code: 0, echo }),
        six(icmpv6::Message::DestinationUnreachable { code: 4, unused: [0; 3], quote: quote6 }),
        six(icmpv6::Message::PacketTooBig { code: 0, mtu: 1280, quote: quote6 }),
        six(icmpv6::Message::TimeExceeded { code: 0, unused: [0; 3], quote: quote6 }),
        six(icmpv6::Message::ParameterProblem { code: 1, pointer: 6, quote: quote6 }),
    ]
}

/// One IP in the other, both ways, and 6to4.
fn tunnels() -> Vec<Frame> {
    let four = v4(Protocol::UDP, &udp4(b"inner"), |_| {});
    let six = v6(Protocol::UDP, &udp6(b"inner"), |_| {});
    let site = |header: &mut ipv6::Header| {
        header.source = Ipv6Addr::new(0x2002, 0xc000, 0x0201, 7, 0, 0, 0, 1);
        header.destination = Ipv6Addr::new(0x2002, 0xc633, 0x6407, 9, 0, 0, 0, 1);
    };
    let deep = (0..4).fold(four.clone(), |inner, _| v4(Protocol::IPV4, &inner, |_| {}));
    vec![
        ip(v4(Protocol::IPV4, &four, |_| {})),
        ip(v4(Protocol::IPV6, &six, |_| {})),
        ip(v6(Protocol::IPV4, &four, |_| {})),
        ip(v6(Protocol::IPV6, &six, |_| {})),
        ip(v4(Protocol::IPV6, &v6(Protocol::NO_NEXT_HEADER, &[], site), |_| {})),
        ip(deep),
    ]
}

/// AH and ESP, typed from RFC 4302 2 and RFC 4303 2.
fn security() -> Vec<Frame> {
    let ah = |next: Protocol| [&[next.0, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1][..], &[0xaa; 12]].concat();
    let esp = [&[0, 0, 2, 0, 0, 0, 0, 9][..], &[0x5a; 24]].concat();
    let marker = [&[0; 4][..], &[7; 24]].concat();
    let mut nat = udp::Header::new(4500, 4500);
    nat.checksum = Checksum::Verbatim(0);
    let over_udp = |payload: &[u8]| ip(v4(Protocol::UDP, &emitted(|b| nat.emit(pseudo4(Protocol::UDP, 0), payload, b)), |_| {}));
    vec![
        ip(v4(Protocol::AH, &[ah(Protocol::UDP), udp4(b"signed")].concat(), |_| {})),
        ip(v6(Protocol::AH, &[ah(Protocol::UDP), udp6(b"signed")].concat(), |_| {})),
        ip(v4(Protocol::ESP, &esp, |_| {})),
        ip(v6(Protocol::ESP, &esp, |_| {})),
        over_udp(&esp),
        over_udp(&marker),
    ]
}

/// Datagrams cut up at the source.
fn fragments() -> Vec<Frame> {
    let whole = v4(Protocol::UDP, &udp4(&[0x61; 80]), |header| {
        header.flags = ipv4::Flags::NONE;
        header.identification = 0x4242;
        header.options.push(&V4::RouterAlert(0)).unwrap();
    });
    let view = ipv4::View::parse(&whole).unwrap();
    let mut frames: Vec<Frame> =
        ipv4::fragment::Fragments::new(view, 68).unwrap().map(|piece| ip(emitted(|buffer| piece.emit(buffer)))).collect();
    let whole = v6(Protocol::UDP, &udp6(&[0x62; 1500]), |_| {});
    let pieces = fragment::Fragments::new(&whole, 1280, 0xfeed_f00d).unwrap();
    frames.extend(pieces.map(|piece| ip(emitted(|buffer| piece.emit(buffer)))));
    let atomic = fragment::Header::new(Protocol::UDP, FragmentOffset::ZERO, false, 7);
    let atomic = [emitted(|buffer| atomic.emit(buffer)), udp6(b"atomic")].concat();
    frames.push(ip(v6(Protocol::FRAGMENT, &atomic, |_| {})));
    frames
}

/// What ATM carries, in captures of SunATM and of RFC 2684 SDUs.
fn atm() -> Vec<Frame> {
    let four = v4(Protocol::UDP, &udp4(b"over cells"), |_| {});
    let six = v6(Protocol::UDP, &udp6(b"over cells"), |_| {});
    let sun = |traffic, vci, sdu: &[u8]| {
        let mut head = [0; pseudo::SUN_ATM_LEN];
        pseudo::Header::new(true, traffic, Vc::new(Vpi::ZERO, Vci::new(vci))).emit(&mut head).unwrap();
        (LinkType(pseudo::LINKTYPE_SUNATM), [&head[..], sdu].concat())
    };
    let behind = |protocol, payload: &[u8]| {
        let mut head = [0; MAX_HEADER_LEN];
        let len = atm_llc::Header { vpn: None, protocol }.emit(&mut head).unwrap();
        [&head[..len], payload].concat()
    };
    let sdu = |sdu| (LinkType(pseudo::LINKTYPE_ATM_RFC1483), sdu);
    let number = hex(b"47000580ffe1000000f21a2c3d0020481a2c3d00");
    let request = atmarp::Header {
        protocol: atmarp::PROTOCOL_IPV4,
        operation: atmarp::Operation::INVERSE_REQUEST,
        source: atmarp::Station::nsapa(&number, &[192, 0, 2, 1]),
        target: atmarp::Station::NULL,
    };
    let mut arp = vec![0; request.wire_len()];
    request.emit(&mut arp).unwrap();
    let frame = ethernet(EtherType::IPV4, &[], &four);
    let with_fcs = [&frame[..], &atm_llc::fcs(&frame)].concat();
    let cell = |contents| oam::Message::new(contents).to_octets();
    vec![
        sun(TrafficType::LLC, 32, &behind(Routed(atm_llc::EtherType::IPV4), &four)),
        sdu(behind(Routed(atm_llc::EtherType::IPV6), &six)),
        sdu(behind(Iso(atm_llc::Nlpid::IP), &four)),
        sdu(behind(Routed(atm_llc::EtherType::ARP), &arp)),
        sdu(behind(Bridged(atm_llc::Bridged::ethernet(true)), &with_fcs)),
        sun(TrafficType::RAW, 33, &six),
        sun(TrafficType::RAW, 34, &[&[0, 0], &frame[..]].concat()),
        sun(TrafficType::RAW, 35, &[&[0x00, 0x21], &four[..]].concat()),
        sun(TrafficType::LANE, 36, &[&[0, 1], &frame[..]].concat()),
        sun(TrafficType::SIGNALLING, 5, &[0, 0, 0, 0, 0x0a, 0, 0, 0]),
        sun(TrafficType::RAW, 4, &cell(Contents::Loopback(oam::Loopback::request(7)))),
        sun(TrafficType::RAW, 3, &cell(Contents::Ais(oam::Alarm::PLAIN))),
    ]
}

fn hex(digits: &[u8; 40]) -> [u8; 20] {
    std::array::from_fn(|at| u8::from_str_radix(std::str::from_utf8(&digits[2 * at..2 * at + 2]).unwrap(), 16).unwrap())
}

/// Packets as they must not be: what each error and note looks like.
fn wrong() -> Vec<Frame> {
    let good = v4(Protocol::UDP, &udp4(b"was good"), |_| {});
    let damaged = |at: usize, octet: u8| {
        let mut packet = good.clone();
        packet[at] = octet;
        (LinkType::RAW, packet)
    };
    // A zero-length option: 7 (record route), length 0.
    let mut zero_option = v4(Protocol::UDP, &udp4(b"option"), |header| header.options.push(&V4::RouterAlert(0)).unwrap());
    zero_option[20..24].copy_from_slice(&[7, 0, 0, 0]);
    let late = [options_header(Protocol::HOP_BY_HOP, &[]), options_header(Protocol::UDP, &[]), udp6(b"late")].concat();
    let overlong = [Protocol::UDP.0, 9, 1, 4, 0, 0, 0, 0];
    let zero_udp = [udp6(b"none")[..6].to_vec(), vec![0, 0], b"none".to_vec()].concat();
    let mut tcp = emitted(|buffer| tcp::Header::new(1, 2).emit(pseudo4(Protocol::TCP, 20), b"", buffer));
    tcp[12] = 0xf0;
    vec![
        damaged(10, 0xbd),
        damaged(27, 0x2a),
        damaged(0, 0x43),
        damaged(0, 0x55),
        damaged(3, 0xff),
        damaged(25, 4),
        (LinkType::RAW, zero_option),
        ip(v6(Protocol::DESTINATION_OPTIONS, &late, |_| {})),
        ip(v6(Protocol::HOP_BY_HOP, &overlong, |_| {})),
        ip(v6(Protocol::UDP, &zero_udp, |_| {})),
        ip(v4(Protocol::TCP, &tcp, |header| header.flags = ipv4::Flags::RESERVED)),
        ip(v4(Protocol::ICMP, &[8, 0, 0xf7], |header| header.destination = B4)),
        (LinkType::ETHERNET, good[..10].to_vec()),
        (LinkType::ETHERNET, [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x05, 0xff][..], &A4.octets()].concat()),
    ]
}
