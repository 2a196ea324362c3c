//! Whatever is accepted re-emits byte-identical: every header in the captures goes through `Header` and `Value`s and comes
//! out as it was. Nothing is copied from the packet but what a value holds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;

use interop::{agreed, captures, frames, skipped};
use ip_wire::checksum::{Checksum, Sum};
use ip_wire::ip::{Packet, Upper};
use ip_wire::ipv6::{Extension, fragment, mobility, options::Writer, routing};
use ip_wire::link::{DEFAULT_LIMIT, Layers, LinkType, NetworkProtocol};
use ip_wire::{Protocol, icmpv4, icmpv6, ipv4, ipv6, tcp, udp, udp_lite};
use wirecraft_cli::capture::{Capture, Frame};

/// How deep tunnels are followed.
const MAX_DEPTH: u32 = 16;

/// How many headers of each kind came out as they went in.
type Counts = BTreeMap<&'static str, usize>;

#[test]
fn every_packet_of_every_capture_re_emits_byte_identical() {
    let Some(files) = captures() else { return skipped("lossless", "there are no captures") };
    let mut counts = Counts::new();
    for file in &files {
        let _damage = frames(file, |frame| check_frame(frame, &mut counts));
    }
    agreed("real captures", "headers that re-emit to the same octets", counts.values().sum::<usize>());
    let least = [
        ("ipv4", 8000),
        ("ipv4 options", 250),
        ("ipv6", 1000),
        ("hop-by-hop", 40),
        ("destination options", 25),
        ("routing", 15),
        ("fragment", 150),
        ("mobility", 10),
        ("tcp", 3000),
        ("udp", 1200),
        ("udp-lite", 10),
        ("icmpv4", 500),
        ("icmpv6", 250),
    ];
    for (kind, least) in least {
        let found = counts.get(kind).copied().unwrap_or(0);
        assert!(found >= least, "{found} of {kind} are too few to say anything");
    }
}

#[test]
fn every_packet_of_the_sample_re_emits_byte_identical() {
    let mut capture = Capture::sample().unwrap();
    let mut counts = Counts::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        check_frame(&frame, &mut counts);
    }
    let kinds = ["ipv4", "ipv4 options", "ipv6", "hop-by-hop", "destination options", "routing", "fragment", "mobility"];
    for kind in kinds.into_iter().chain(["tcp", "udp", "udp-lite", "icmpv4", "icmpv6"]) {
        assert!(counts.contains_key(kind), "no {kind}");
    }
}

fn check_frame(frame: &Frame<'_>, counts: &mut Counts) {
    let mut layers = Layers::new(LinkType(frame.link_type.0), frame.octets, DEFAULT_LIMIT);
    if layers.by_ref().any(|layer| layer.is_err()) {
        return;
    }
    let network = layers.network();
    if matches!(network.protocol, NetworkProtocol::Ipv4 | NetworkProtocol::Ipv6) {
        check_packet(network.octets, MAX_DEPTH, counts);
    }
}

fn check_packet(octets: &[u8], depth: u32, counts: &mut Counts) {
    // Headers of packets that the capture cut are whole as a rule.
    let Ok(reading) = Packet::parse_lax(octets) else { return };
    let packet = reading.into_view();
    let headers_parse = match packet {
        Packet::V4(view) => check_v4(view, octets, counts),
        Packet::V6(view) => check_v6(view, octets, counts),
    };
    let (true, Ok(upper)) = (headers_parse, packet.upper_layer()) else { return };
    match upper.protocol {
        _ if upper.is_fragment => {}
        Protocol::IPV4 | Protocol::IPV6 if depth > 0 => check_packet(upper.octets, depth - 1, counts),
        _ => check_upper(&packet, &upper, counts),
    }
}

fn same(kind: &'static str, emitted: &[u8], octets: &[u8], counts: &mut Counts) {
    assert_eq!(emitted, octets, "{kind}");
    *counts.entry(kind).or_default() += 1;
}

/// Whether the options could be read, so that the header counts as accepted.
fn check_v4(view: ipv4::View<'_>, octets: &[u8], counts: &mut Counts) -> bool {
    let mut header = ipv4::Header::from(view);
    header.options = ipv4::OptionList::new();
    for option in view.options() {
        let Ok(value) = option.and_then(|option| option.value()) else { return false };
        header.options.push(&value).unwrap();
    }
    let mut buffer = [0xee; ipv4::MAX_HEADER_LEN];
    let len = header.emit(&mut buffer).unwrap();
    same("ipv4", &buffer[..len], &octets[..view.header_len()], counts);
    if len > ipv4::MIN_HEADER_LEN {
        *counts.entry("ipv4 options").or_default() += 1;
    }
    true
}

fn check_v6(view: ipv6::View<'_>, octets: &[u8], counts: &mut Counts) -> bool {
    let header = ipv6::Header {
        ds: view.ds(),
        flow_label: view.flow_label(),
        payload_len: view.payload_len(),
        next_header: view.next_header(),
        hop_limit: view.hop_limit(),
        source: view.source(),
        destination: view.destination(),
    };
    let mut buffer = [0xee; ipv6::HEADER_LEN];
    let len = header.emit(&mut buffer).unwrap();
    same("ipv6", &buffer[..len], &octets[..ipv6::HEADER_LEN], counts);
    view.extensions().all(|extension| extension.is_ok_and(|extension| check_extension(&view, &extension, counts)))
}

fn check_extension(packet: &ipv6::View<'_>, extension: &Extension<'_>, counts: &mut Counts) -> bool {
    let mut buffer = [0xee; 2048];
    let (kind, len) = match extension.kind() {
        Protocol::HOP_BY_HOP | Protocol::DESTINATION_OPTIONS => {
            let mut writer = Writer::new(&mut buffer, extension.next_header()).unwrap();
            for option in extension.options().unwrap() {
                let Ok(value) = option.and_then(|option| option.value()) else { return false };
                writer.push_unaligned(&value).unwrap();
            }
            let kind = if extension.kind() == Protocol::HOP_BY_HOP { "hop-by-hop" } else { "destination options" };
            (kind, writer.finish().unwrap())
        }
        Protocol::ROUTING => {
            let header = routing::Header::try_from(extension.routing().unwrap().unwrap()).unwrap();
            ("routing", header.emit(&mut buffer).unwrap())
        }
        Protocol::FRAGMENT => {
            let fragment: fragment::Header = extension.fragment().unwrap();
            ("fragment", fragment.emit(&mut buffer).unwrap())
        }
        Protocol::MOBILITY => {
            let view = extension.mobility().unwrap().unwrap();
            let (source, destination) = (packet.source(), packet.final_destination());
            let header = mobility::Header {
                next_header: view.next_header(),
                mh_type: view.mh_type(),
                reserved: view.reserved(),
                checksum: Checksum::observed(view.checksum(), view.computed_checksum(source, destination)),
                data: view.data(),
            };
            ("mobility", header.emit(source, destination, &mut buffer).unwrap())
        }
        // HIP and Shim6 are kept as they stand.
        _ => return true,
    };
    same(kind, &buffer[..len], extension.octets(), counts);
    true
}

fn check_upper(packet: &Packet<'_>, upper: &Upper<'_>, counts: &mut Counts) {
    let octets = upper.octets;
    let pseudo = |len| packet.pseudo_header(upper.protocol, len);
    let mut buffer = vec![0xee; octets.len() + 64];
    match upper.protocol {
        Protocol::TCP => {
            let Ok(view) = tcp::View::parse(octets) else { return };
            let pseudo = pseudo(view.segment_len());
            let mut header = tcp::Header::from_view(&view, pseudo);
            header.options = tcp::OptionList::new();
            for option in view.options() {
                let Ok(value) = option.and_then(|option| option.value()) else { return };
                header.options.push(&value).unwrap();
            }
            let len = header.emit(pseudo, view.payload(), &mut buffer).unwrap();
            same("tcp", &buffer[..len], octets, counts);
        }
        Protocol::UDP => {
            let Ok(view) = udp::View::parse(octets) else { return };
            let pseudo = pseudo(view.datagram_len());
            let len = udp::Header::from_view(&view, pseudo).emit(pseudo, view.payload(), &mut buffer).unwrap();
            same("udp", &buffer[..len], &octets[..view.datagram_len()], counts);
        }
        Protocol::UDP_LITE => {
            let Ok(view) = udp_lite::View::parse(octets) else { return };
            let pseudo = pseudo(view.datagram_len());
            let len = udp_lite::Header::from_view(&view, pseudo).emit(pseudo, view.payload(), &mut buffer).unwrap();
            same("udp-lite", &buffer[..len], octets, counts);
        }
        Protocol::ICMP => {
            let Ok(view) = icmpv4::View::parse(octets) else { return };
            let Ok(message) = view.message() else { return };
            let len = message.emit(&mut buffer).unwrap();
            assert_eq!(len, message.wire_len());
            keep_wrong(view.verify_checksum().is_err(), view.checksum(), &mut buffer);
            same("icmpv4", &buffer[..len], octets, counts);
        }
        Protocol::ICMPV6 => {
            let Ok(view) = icmpv6::View::parse(octets) else { return };
            let Ok(message) = view.message() else { return };
            let pseudo: Sum = pseudo(view.message_len());
            let len = message.emit(pseudo, &mut buffer).unwrap();
            assert_eq!(len, message.wire_len());
            keep_wrong(view.verify_checksum(pseudo).is_err(), view.checksum(), &mut buffer);
            same("icmpv6", &buffer[..len], octets, counts);
        }
        _ => {}
    }
}

/// Messages are emitted with a right checksum; one that was read with a wrong one gets it back.
fn keep_wrong(wrong: bool, checksum: u16, buffer: &mut [u8]) {
    if wrong {
        buffer[2..4].copy_from_slice(&checksum.to_be_bytes());
    }
}
