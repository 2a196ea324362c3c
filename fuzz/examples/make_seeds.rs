//! Writes the seeds: small packets of every kind, from the crate's own emitters and hand-typed octets.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example make_seeds` from the repository's root.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use atm_cell::aal5::Segmenter;
use atm_cell::oam::{Alarm, Contents, Loopback, Message};
use atm_cell::{Interface, Vc, Vci, Vpi, atmarp, cell, llc};
use ip_wire::checksum::{pseudo_v4, pseudo_v6};
use ip_wire::ipv6::options::{Value, Writer};
use ip_wire::{FragmentOffset, Protocol, icmpv4, icmpv6, ipv4, ipv6, tcp, udp};

const A4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const B4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
const A6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const B6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn v4(protocol: Protocol, payload: &[u8]) -> Result<Vec<u8>> {
    let mut header = ipv4::Header::new(A4, B4, protocol, payload.len())?;
    header.flags = ipv4::Flags::NONE;
    let mut packet = vec![0; 20 + payload.len()];
    header.emit(&mut packet)?;
    packet[20..].copy_from_slice(payload);
    Ok(packet)
}

fn v6(next: Protocol, payload: &[u8]) -> Result<Vec<u8>> {
    let mut packet = vec![0; 40 + payload.len()];
    ipv6::Header::new(A6, B6, next, payload.len())?.emit(&mut packet)?;
    packet[40..].copy_from_slice(payload);
    Ok(packet)
}

fn tcp_v4() -> Result<Vec<u8>> {
    let mut header = tcp::Header::new(1234, 80);
    header.flags = tcp::Flags::SYN;
    header.options.push(&tcp::options::Value::MaximumSegmentSize(1460))?;
    header.options.push(&tcp::options::Value::SackPermitted)?;
    header.options.push(&tcp::options::Value::Timestamps { value: 1, echo_reply: 0 })?;
    header.options.push(&tcp::options::Value::WindowScale(7))?;
    let mut segment = vec![0; header.wire_len() + 4];
    let len = segment.len() as u16;
    header.emit(pseudo_v4(A4, B4, Protocol::TCP, len), b"data", &mut segment)?;
    v4(Protocol::TCP, &segment)
}

fn udp_v4() -> Result<Vec<u8>> {
    let mut datagram = [0; 12];
    udp::Header::new(1234, 53).emit(pseudo_v4(A4, B4, Protocol::UDP, 12), b"data", &mut datagram)?;
    v4(Protocol::UDP, &datagram)
}

fn udp_v6_behind_options() -> Result<Vec<u8>> {
    let mut payload = vec![0; 64];
    let mut writer = Writer::new(&mut payload, Protocol::DESTINATION_OPTIONS)?;
    writer.push(&Value::RouterAlert(0))?;
    let mut at = writer.finish()?;
    let mut writer = Writer::new(&mut payload[at..], Protocol::UDP)?;
    writer.push(&Value::HomeAddress(A6))?;
    at += writer.finish()?;
    at += udp::Header::new(1234, 53).emit(pseudo_v6(A6, B6, Protocol::UDP, 12), b"data", &mut payload[at..])?;
    payload.truncate(at);
    v6(Protocol::HOP_BY_HOP, &payload)
}

fn icmp_v4_error(quoted: &[u8]) -> Result<Vec<u8>> {
    let quote = ip_wire::icmp::Quote::new(quoted);
    let message = icmpv4::Message::DestinationUnreachable { code: 4, unused: 0, next_hop_mtu: 1400, quote };
    let mut octets = vec![0; message.wire_len()];
    message.emit(&mut octets)?;
    v4(Protocol::ICMP, &octets)
}

fn icmp_v6_error(quoted: &[u8]) -> Result<Vec<u8>> {
    let message = icmpv6::Message::PacketTooBig { code: 0, mtu: 1280, quote: ip_wire::icmp::Quote::new(quoted) };
    let mut octets = vec![0; message.wire_len()];
    let pseudo = pseudo_v6(A6, B6, Protocol::ICMPV6, octets.len() as u32);
    message.emit(pseudo, &mut octets)?;
    v6(Protocol::ICMPV6, &octets)
}

fn chain() -> Result<Vec<u8>> {
    // Routing header with one segment, fragment header of a first fragment, destination options, UDP.
    let mut payload = vec![43, 0, 5, 2, 0, 0, 1, 0];
    payload.extend([44, 2, 4, 0, 0, 0, 0, 0]);
    payload.extend(B6.octets());
    let mut fragment = [0; 8];
    ipv6::fragment::Header::new(Protocol::DESTINATION_OPTIONS, FragmentOffset::ZERO, true, 0x1234_5678).emit(&mut fragment)?;
    payload.extend(fragment);
    payload.extend([17, 0, 4, 1, 7, 1, 1, 0]);
    payload.extend([4, 210, 0, 53, 0, 8, 0, 0]);
    v6(Protocol::HOP_BY_HOP, &payload)
}

fn frame(ether_type: u16, packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    frame.extend(ether_type.to_be_bytes());
    frame.extend_from_slice(packet);
    frame
}

/// Packets for AH and ESP: what is to be sealed behind the octets that choose an association, and what arrives.
fn ipsec(write: impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    let plain = [("tcp4", tcp_v4()?), ("udp4", udp_v4()?), ("udp6", udp_v6_behind_options()?)];
    for (name, packet) in &plain {
        for (mode, tag) in [(0, "transport"), (1, "tunnel4"), (2, "tunnel6")] {
            write("seal_open_roundtrip", &format!("{name}_{tag}"), &[&[mode * 3, mode, 1, 0], packet.as_slice()].concat())?;
        }
    }
    let esp = [&[0, 0, 0x10, 0, 0, 0, 0, 1][..], &[0xaa; 40]].concat();
    let ah = [&[17, 4, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 1][..], &[0xaa; 12], &[0, 1, 0, 2, 0, 8, 0, 0]].concat();
    for (target, protocol, body) in [("esp_open", Protocol::ESP, &esp), ("ah_open", Protocol::AH, &ah)] {
        write(target, "v4", &[&[0, 0, 0], v4(protocol, body)?.as_slice()].concat())?;
        write(target, "v6", &[&[0, 0, 0], v6(protocol, body)?.as_slice()].concat())?;
    }
    write("ah_parse", "v4", &v4(Protocol::AH, &ah)?)?;
    write("ah_parse", "v6", &v6(Protocol::AH, &ah)?)
}

/// Packets to be sealed and opened, packets with duplicates in clear, and what tables and roles meet.
fn ngisec(write: impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    use ngisec_wire::{Form, PacketBuf};

    let plain = [("tcp4", tcp_v4()?), ("udp4", udp_v4()?), ("udp6", udp_v6_behind_options()?)];
    for (number, form) in (0u8..).zip(Form::ALL) {
        for (name, packet) in &plain {
            write("ngisec_open", &format!("{name}_{number}"), &[&[number, 7], packet.as_slice()].concat())?;
            let mut storage = vec![0; 200];
            storage.extend_from_slice(packet);
            storage.resize(storage.len() + 200, 0);
            let mut wrapped = PacketBuf::new(storage, 200, packet.len())?;
            form.wrap(&mut wrapped)?;
            write("appended_trailer", &format!("{name}_{number}"), wrapped.octets())?;
        }
    }
    // Learned, changed, looked for, and idle; more flows than places.
    write("nat_observer", "changed", &[0, 1, 2, 0, 1, 3, 2, 0, 3, 2, 0, 2, 0xf8, 0, 0, 3, 0, 0])?;
    let many: Vec<u8> = (0..12).flat_map(|flow| [0, flow, flow, 2, 0, flow]).collect();
    write("nat_observer", "full", &many)?;
    // Forth and back; a mapping dropped; a first packet lost, and the next; a changed bit; more flows than places.
    write("gateway_roles", "answers", &[0, 1, 1, 0, 1, 1, 8, 1, 1, 0, 1, 1, 8, 1, 1])?;
    write("gateway_roles", "dropped", &[0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 9, 1, 1])?;
    write("gateway_roles", "lost", &[2, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1])?;
    write("gateway_roles", "changed", &[0, 1, 1, 4, 1, 40, 4, 1, 90])?;
    let many: Vec<u8> = (0..12).flat_map(|flow| [0, flow, 200, 0, flow, 200]).collect();
    write("gateway_roles", "full", &many)
}

/// Trailers, packets to be sealed, control messages, and what a network does.
fn llpf(write: impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    use llpf_wire::session::message::{Message, PREFIX_LEN};
    use llpf_wire::session::{Name, TerminateReason};
    use llpf_wire::{HostId, KeyIndex, trailer};

    let mut octets = [0; trailer::LEN];
    trailer::Header { option: 0, inner_len: 20, key: KeyIndex::new(HostId(0x0102), 3), mac: [0xaa; 16] }.emit(&mut octets)?;
    write("llpf_trailer", "plain", &octets)?;
    trailer::Header { option: 0xfff, inner_len: 65_511, key: KeyIndex(u32::MAX), mac: [0x55; 16] }.emit(&mut octets)?;
    write("llpf_trailer", "largest", &octets)?;
    for (kind, packet) in [("v4", udp_v4()?), ("v6", udp_v6_behind_options()?)] {
        for pick in 0..4u8 {
            // Algorithm, sent and arrived at, policy and family, where to flip what.
            write("llpf_filter", &format!("{kind}-{pick}"), &[&[pick, 25, 25, pick, 0, 0][..], &packet].concat())?;
            write("llpf_filter", &format!("{kind}-{pick}-flipped"), &[&[pick, 25, 25, pick, 3, 1][..], &packet].concat())?;
            write("llpf_fbs", &format!("{kind}-{pick}"), &[&[pick, pick, 1, 0, 0][..], &packet].concat())?;
        }
    }
    let (one, two, proof) = (Name::new("one")?, Name::new("two")?, [7; 32]);
    for (kind, message) in [
        ("request", Message::Request { initiator: one, responder: two, nonce: proof }),
        ("challenge", Message::Challenge { session: 1, nonce: proof, proof }),
        ("response", Message::Response { proof }),
        ("invite", Message::Invite { session: 1, nonce: proof, initiator: one, responder: two }),
        ("reply", Message::Reply { nonce: proof, proof }),
        ("confirm", Message::Confirm { proof }),
        ("host-id", Message::HostId(HostId(9))),
        ("table", Message::Table { generation: 1, iv: [3; 16], ciphertext: &[4; 32] }),
        ("installed", Message::Installed { generation: 1 }),
        ("refresh", Message::Refresh { session: 1, generation: 1 }),
        ("terminate", Message::Terminate { reason: TerminateReason::Finished }),
    ] {
        write("llpf_control_message", kind, &message.encode()[PREFIX_LEN..])?;
    }
    // A whole call setup is twelve messages.
    write("llpf_mas_session", "setup", &[0; 14])?;
    write("llpf_mas_session", "refresh", &[&[0; 12][..], &[17, 0], &[0; 6]].concat())?;
    write("llpf_mas_session", "refresh-by-the-server", &[&[0; 12][..], &[16, 27], &[0; 6]].concat())?;
    write("llpf_mas_session", "terminate", &[&[0; 12][..], &[18, 1, 0], &[0; 3]].concat())?;
    write("llpf_mas_session", "hostile", &[0, 0, 10, 0, 0, 12, 40, 1, 11, 0, 13, 9, 0, 15, 2, 16, 31])?;
    Ok(())
}

/// Steps and texts for the windows, databases and importers of `ipsec-wire`.
fn ipsec_db(write: impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    let windows: [(&str, &[u8]); 3] = [
        ("plain", &[63, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 4, 1, 0, 4, 0, 0, 5, 1, 0, 4, 3, 0, 5, 63, 0, 5, 64, 0]),
        ("wrap", &[63, 0, 1, 0xf0, 0xff, 0xff, 0xff, 0, 4, 7, 0, 4, 7, 0, 12, 7, 0, 5, 40, 0, 0xf6, 1, 0, 4, 1, 0, 5, 100, 0]),
        ("wide", &[0xff, 0x0f, 0x81, 0, 0, 0, 0, 1, 6, 0xff, 0xff, 13, 0xff, 0x0f, 5, 0, 16, 5, 0xfe, 0x0f, 7, 1, 0]),
    ];
    for (name, steps) in windows {
        write("replay_window", name, steps)?;
    }
    // Entries (0..=2), removals (3), SAs (4), packets (5..=7), each with its octets.
    let mut policy = Vec::new();
    for entry in 0..24 {
        policy.extend([entry << 3, 2 + (entry & 1), 0, 2, entry, entry + 3, 0, 1, 0, 0, 6, entry, 9, 0, 0, 0]);
        policy.extend([5, 0, entry, entry, 0, 5, entry, 0, 0, 0, 4, 0, entry, 1, 0, 5, 6, 0, 0, 0]);
    }
    write("spd_lookup", "steps", &policy)?;
    let state = "src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00001000 reqid 7 mode tunnel\n\treplay-window 32 flag noecn af-unspec\n\
        \tmark 0x10/0xff output-mark 0x20/0xf0\n\tauth-trunc hmac(sha1) 0x00112233445566778899aabbccddeeff00112233 96\n\
        \tenc cbc(aes) 0x000102030405060708090a0b0c0d0e0f\n\tencap type espinudp sport 4500 dport 4501 addr 0.0.0.0\n\
        \tlastused 2026-11-26 04:30:59\n\tanti-replay context: seq 0x5, oseq 0x1f, bitmap 0x0000001b\n\tif_id 0x2a\n\
        \tsel src 10.0.0.0/8 dst 10.1.0.0/16 proto tcp sport 80 dport 443 dev eth1 \n";
    let esn = "src ::1 dst ::2\n\tproto ah spi 0x00001002(4098) reqid 9(0x00000009) mode transport\n\
        \treplay-window 0 seq 0x00000012 flag align4 esnextra_flag dont-encap-dscp (0x11000000)\n\
        \taead rfc4106(gcm(aes)) 0x0102 (16 bits) 128\n\tanti-replay esn context:\n\t seq-hi 0x1, seq 0x41, oseq-hi 0x0, oseq 0x7\n\
        \t replay_window 64, bitmap-length 2\n\t 80000000 00000003 \n\tlifetime config:\n\
        \t  limit: soft 1000(bytes), hard (INF)(bytes)\n\t  limit: soft (INF)(packets), hard 10(packets)\n\
        \t  expire add: soft 100(sec), hard 0(sec)\n\t  expire use: soft 0(sec), hard 300(sec)\n\tlifetime current:\n\
        \t  84(bytes), 2(packets)\n\t  add 2026-11-26 04:00:00 use -\n\tstats:\n\t  replay-window 1 replay 2 failed 3\n";
    let policies = "src 10.0.0.0/8 dst 10.1.0.0/16 proto udp sport 5 dport 7 \n\tdir out priority 100 ptype main \n\
        \ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 7 mode tunnel\n\t\tlevel use \nsrc ::/0 dst ::/0 uid 0\n\
        \tsocket in action block index 35 priority 0 ptype sub share any flag localok icmp (0x00000011)\n";
    let table = "# a comment\n\"IPv4\",\"192.0.2.1\",\"198.51.100.0/24\",\"0x00**1000\",\"AES-CBC [RFC3602]\",\"0x00010203\",\
        \"HMAC-SHA-1-96 [RFC2404]\",\"a\\x00\\\"b\",\"64-bit\",\"0x1\"\n";
    write("xfrm_text", "state", state.as_bytes())?;
    write("xfrm_text", "esn", esn.as_bytes())?;
    write("xfrm_text", "one-line", esn.replace('\n', "\\").as_bytes())?;
    write("xfrm_text", "policies", policies.as_bytes())?;
    write("xfrm_text", "table", table.as_bytes())
}

/// Cells, PDUs and steps for the targets of `atm-cell`.
fn atm(write: impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    // Headers and HECs of values set aside, and of usual channels.
    let headers: [[u8; 5]; 8] = [
        [0, 0, 0, 0, 0x55],
        [0, 0, 0, 1, 0x52],
        [0, 0, 0, 0x50, 0xe2],
        [0, 0, 2, 0x10, 0x0f],
        [0, 0x80, 2, 0x32, 0xea],
        [0, 0x10, 2, 0x0a, 0xeb],
        [0xff, 0xf0, 2, 0, 0xc2],
        [0x0f, 0xff, 0xff, 0xf0, 0xa5],
    ];
    for (number, header) in headers.iter().enumerate() {
        write("cell", &format!("header{number}"), &[&header[..], &[0x6a; 48]].concat())?;
    }
    write("cell", "headers", headers.as_flattened())?;
    let steps = [0x01, 0x22, 0x30, 5, 0, 1, 1, 2, 0, 3, 1, 0, 8, 0, 2, 0xff, 0xff, 3, 0, 0x1f, 4, 2, 9];
    write("cell", "steps", &steps)?;

    write("delineation", "idle", &[&[0, 0x67, 20, 7, 1][..], &cell::IDLE.repeat(12)].concat())?;
    write("delineation", "made", &[7, 0x67, 52, 3, 9, 7, 15, 3, 4, 0, 9, 6, 3, 7, 15, 4, 1, 4, 2, 7, 14, 5, 20, 7, 15, 7, 15])?;
    write("delineation", "slip", &[0x0e, 0x22, 1, 1, 5, 7, 9, 5, 30, 7, 9, 3, 1, 3, 2, 7, 8, 6, 7, 7, 15])?;

    let steps: [(&str, &[u8]); 6] = [
        ("plain", &[0xff, 0xff, 100, 0, 0x14, 40, 0xe0, 0x24, 41, 0xe0, 0x34, 200, 0xe0, 0x14, 1, 0xe1]),
        ("interleaved", &[0xff, 0xff, 100, 0, 0x10, 90, 0xe0, 0x20, 95, 0xe0, 0x10, 0, 0, 0x20, 0, 0, 0x10, 0, 0, 0x20, 0, 0]),
        ("damaged", &[0xff, 0xff, 100, 0, 0x11, 90, 0xe0, 0x14, 0, 0, 0x22, 90, 0xe0, 0x24, 0, 0, 0x33, 90, 0xe0, 0x34, 0, 0]),
        ("small", &[0x0a, 4, 60, 0, 0x10, 90, 0xe0, 0x20, 90, 0xe0, 0x30, 90, 0xe0, 0x14, 0, 0, 0x24, 0, 0, 0x34, 0, 0]),
        ("late", &[0x0f, 0xff, 100, 0, 0x10, 90, 0xe0, 0x0c, 0xff, 0, 0x14, 0, 0, 0x1d, 1, 0, 0x10, 90, 0xe0, 0x0e, 0, 15]),
        ("others", &[0xff, 0xff, 100, 1, 0x10, 90, 0xff, 0x1b, 0, 1, 0x14, 0, 0, 0x2e, 0, 0, 0x2f, 1, 1, 7, 7, 7]),
    ];
    for (name, octets) in steps {
        write("aal5_reassembly", name, octets)?;
    }
    let header = cell::Header::new(Interface::Uni, Vc::new(Vpi::ZERO, Vci::new(32)));
    let pdu: Vec<u8> = Segmenter::new(&header, &(1..=40).collect::<Vec<u8>>(), 0)?.flat_map(|cell| cell[5..].to_vec()).collect();
    write("aal5_reassembly", "pdu", &pdu)?;

    let nsapa = [0x47; 20];
    let request = atmarp::Header {
        protocol: atmarp::PROTOCOL_IPV4,
        operation: atmarp::Operation::REQUEST,
        source: atmarp::Station::nsapa(&nsapa, &[10, 0, 0, 1]),
        target: atmarp::Station { protocol: &[10, 0, 0, 2], ..atmarp::Station::NULL },
    };
    let number = atmarp::Station { number: atmarp::Number::E164(b"4922855555"), ..request.source };
    let number = atmarp::Station { subaddress: atmarp::Subaddress::Nsapa(&nsapa), ..number };
    let inverse = atmarp::Header { operation: atmarp::Operation::INVERSE_REQUEST, source: number, ..request };
    for (name, packet) in [("request", request), ("inverse", inverse)] {
        let mut octets = vec![0; packet.wire_len()];
        packet.emit(&mut octets)?;
        write("atmarp", name, &octets)?;
        write("llc", name, &[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 6][..], &octets].concat())?;
    }
    let frame: Vec<u8> = (0..60).collect();
    let bridged = |pid: u8, pad: &[u8], frame: &[u8]| [&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, pid][..], pad, frame].concat();
    write("llc", "ipv4", &[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &v4(Protocol::UDP, &[0; 8])?].concat())?;
    write("llc", "ethernet", &bridged(7, &[0, 0], &frame))?;
    write("llc", "ethernet-fcs", &bridged(1, &[0, 0], &[&frame[..], &llc::fcs(&frame)].concat()))?;
    write("llc", "ring", &bridged(9, &[0, 0, 0x10], &frame))?;
    write("llc", "dqdb", &bridged(0x0b, &[0, 7, 0, 60], &[&frame[..], &[0, 7, 0, 60]].concat()))?;
    write("llc", "bpdu", &bridged(0x0e, &[], &[0, 0, 0, 0, 0]))?;
    write("llc", "clnp", &[0xfe, 0xfe, 3, 0x81, 0x1e, 1, 0x40])?;
    write(
        "llc",
        "vpn",
        &[&[0xaa, 0xaa, 3, 0, 0, 0x5e, 0, 8, 0, 0, 0, 1, 0, 0, 0, 9][..], &bridged(7, &[0, 0], &frame)].concat(),
    )?;
    write("llc", "sunatm", &[0x82, 0, 0, 33, 0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd])?;
    // Where readers of captures ran over the end: headers that promise more than there is.
    for len in [1, 3, 7, 9, 11] {
        write("llc", &format!("short{len}"), &bridged(1, &[0, 0], &[])[..len.min(10)])?;
    }

    let contents = [
        ("ais", Contents::Ais(Alarm::PLAIN)),
        ("rdi", Contents::Rdi(Alarm::PLAIN)),
        ("continuity", Contents::CONTINUITY_CHECK),
        ("loopback", Contents::Loopback(Loopback::request(1))),
        ("looped", Contents::Loopback(Loopback { indication: 0, ..Loopback::request(1) })),
    ];
    for (name, contents) in contents {
        write("oam", name, &Message::new(contents).to_octets())?;
    }
    write("oam", "zeros", &[0; 48])?;
    write("oam", "steps", &[0, 0, 0, 2, 1, 0, 2, 80, 1, 0x20, 0, 0, 2, 255, 3, 0, 4, 125, 5, 125, 5, 125, 5, 125, 2, 1])?;

    let connections =
        [8, 0, 0x15, 0x56, 2, 0x14, 0x54, 2, 0x14, 0x95, 5, 0x15, 0x10, 0x45, 0x54, 0x80, 3, 0x14, 0x54, 4, 0x15, 0];
    let network =
        [0x71, 0x04, 0x02, 0x08, 0x02, 0x00, 0x04, 0x10, 0x01, 7, 0x7f, 7, 0x3f, 0x0c, 2, 7, 0x7f, 0x1b, 0, 7, 0x77, 7, 7];
    let policing = [9, 1, 0, 5, 3, 0xe8, 100, 3, 1, 0, 5, 1, 10, 2, 1, 3, 0, 0, 20, 4, 3, 0xf1];
    write("switch", "all", &[&connections[..22], &network[..22], &policing].concat())?;
    // Routes in a ring, in upstream allocation with merging and one hop at most.
    let ring = [0x04, 0x15, 0x00, 0x71, 0x00, 0x00, 0x01, 0x04, 0x10, 0x2e, 0xba, 0xe8, 0xa2, 0x8b, 0x2e, 0xff, 0x63, 0x04, 0xff];
    write("switch", "ring", &[&[0; 19][..], &ring, &[0; 19]].concat())?;
    write("switch", "network", &[&[0; 22][..], &network[..22], &[0; 22]].concat())?;
    Ok(())
}

/// 6to4 and shared addresses.
fn sharing(write: impl Fn(&str, &str, &[u8]) -> Result<()>, error4: &[u8], error6: &[u8], udp4: &[u8]) -> Result<()> {
    let site = |v4addr: Ipv4Addr| sixtofour::SixToFourAddr::new(v4addr, 0, 1).ipv6();
    for (name, source) in
        [("site", site(A4)), ("relay", A6), ("spoofed", site(B4)), ("link-local", Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1))]
    {
        let mut inner = vec![0; 44];
        ipv6::Header::new(source, site(B4), Protocol::UDP, 4)?.emit(&mut inner)?;
        write("sixtofour_decap", name, &v4(Protocol::IPV6, &inner)?)?;
    }
    for (name, address) in [
        ("6to4", "2002:7f00:1::"),
        ("teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
        ("isatap", "2a00::5efe:a00:1"),
        ("mapped", "::ffff:8.8.8.8"),
    ] {
        let address: Ipv6Addr = address.parse()?;
        write("sixtofour_classify", name, &[&address.octets()[..], &[32, 8, 10, 100, 100, 1]].concat())?;
    }
    write("psid", "rfc7597", &[&[6, 8, 0x04, 0xd0, 16, 24, 40, 192, 0, 2, 18][..], &A6.octets()].concat())?;
    write("psid", "option", &[&[0, 16, 0xff, 0xff, 16, 32, 48, 6, 8, 0x34, 0][..], &A6.octets()].concat())?;
    for (name, packet) in [("error4", error4), ("error6", error6), ("udp4", udp4)] {
        write("flow_key_icmp", name, packet)?;
    }
    for line in [
        "1760000000.123 session created 17 10.0.0.1:40000 192.0.2.1:5056",
        "1760000000.123 block assigned 2001:db8:: 192.0.2.1 58000-58099",
        "0.001 configuration 198.51.100.0:28:192.0.2.0:32:2:5040:0:1-1023,5004,5060",
    ] {
        let record: addr_sharing::record::Record = line.parse()?;
        let mut octets = vec![0; record.wire_len()];
        record.emit(&mut octets)?;
        let name = line.split(' ').nth(1).unwrap_or_default();
        write("log_record", name, &octets)?;
        write("log_record", &format!("{name}-text"), line.as_bytes())?;
    }
    Ok(())
}

fn main() -> Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let write = |target: &str, name: &str, octets: &[u8]| -> Result<()> {
        fs::create_dir_all(seeds.join(target))?;
        Ok(fs::write(seeds.join(target).join(name), octets)?)
    };
    let with = |prefix: &[u8], packet: &[u8]| [prefix, packet].concat();

    let (tcp4, udp4, udp6, chain) = (tcp_v4()?, udp_v4()?, udp_v6_behind_options()?, chain()?);
    let echo4 = v4(Protocol::ICMP, &[8, 0, 0xe5, 0xca, 0x12, 0x34, 0, 1])?;
    let (error4, error6) = (icmp_v4_error(&tcp4)?, icmp_v6_error(&udp6)?);
    let (in4, in6) = (v4(Protocol::IPV6, &udp6)?, v6(Protocol::IPV4, &udp4)?);
    let packets: [(&str, &[u8]); 10] = [
        ("tcp4", &tcp4),
        ("udp4", &udp4),
        ("udp6", &udp6),
        ("chain6", &chain),
        ("echo4", &echo4),
        ("error4", &error4),
        ("error6", &error6),
        ("6in4", &in4),
        ("4in6", &in6),
        ("esp4", &v4(Protocol::ESP, &[0, 0, 16, 0, 0, 0, 0, 1, 1, 2, 3, 4])?),
    ];
    for (name, packet) in packets {
        write(if packet[0] >> 4 == 4 { "ipv4" } else { "ipv6_chain" }, name, packet)?;
        write("flow_key", name, packet)?;
        write("tunnel", name, &with(&[packet[0]], packet))?;
        write("nat_rewrite", name, &with(&[3, 9, 8, 6], packet))?;
        write("icmp_quote", name, &with(&[1], packet))?;
        write("upper_layers", name, &packet[if packet[0] >> 4 == 4 { 20 } else { 40 }..])?;
        let ether_type = if packet[0] >> 4 == 4 { 0x0800 } else { 0x86dd };
        write("link", name, &with(&[0, 1], &frame(ether_type, packet)))?;
    }
    write("flow_key", "frame4", &frame(0x0800, &udp4))?;
    write("link", "vlan", &with(&[0, 1], &frame(0x8100, &with(&[0, 5, 0x86, 0xdd], &udp6))))?;
    write("link", "sll", &with(&[0, 113], &with(&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], &udp4)))?;
    write("link", "ppp", &with(&[0, 9], &with(&[0xff, 3, 0, 0x21], &udp4)))?;
    write("icmp_quote", "message4", &error4[20..])?;
    write("icmp_quote", "message6", &error6[40..])?;

    write("options_v4", "routes", &[131, 7, 4, 192, 0, 2, 9, 137, 7, 8, 192, 0, 2, 9, 7, 7, 4, 0, 0, 0, 0, 1, 1, 0])?;
    write("options_v4", "timestamps", &[68, 12, 5, 0x31, 192, 0, 2, 9, 0, 0, 0, 0, 148, 4, 0, 0, 136, 4, 0, 1])?;
    write("options_v4", "security", &[130, 11, 0xab, 0xcd, 0, 0, 0, 0, 0, 0, 0, 133, 3, 1, 134, 10, 0, 0, 0, 1, 1, 4, 0, 5])?;
    write("options_v4", "trace", &[82, 12, 0, 1, 0, 2, 0xff, 0xff, 192, 0, 2, 1, 149, 6, 192, 0, 2, 7, 0, 0])?;
    write("tcp_options", "syn", &[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7])?;
    write("tcp_options", "sack", &[1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 9])?;
    write("tcp_options", "rest", &[28, 4, 0x80, 1, 29, 4, 1, 2, 30, 3, 0, 34, 2, 34, 6, 1, 2, 3, 4, 253, 4, 1, 2, 0, 0])?;
    write("tcp_options", "md5", &[&[19, 18][..], &[0xaa; 16]].concat())?;
    write("options_v6", "hop", &[5, 2, 0, 0, 0, 0xc2, 4, 0, 1, 0, 0, 1, 1, 0])?;
    write("options_v6", "home", &[&[1, 2, 0, 0, 0xc9, 16][..], &A6.octets(), &[4, 1, 3]].concat())?;
    write(
        "options_v6",
        "labels",
        &[7, 12, 0, 0, 0, 1, 1, 2, 3, 4, 0xff, 0, 0, 0, 0x26, 6, 0, 64, 1, 2, 3, 4, 0x63, 4, 0x80, 1, 0, 2],
    )?;
    for target in ["reassembly_v4", "reassembly_v6"] {
        write(target, "two", &[0, 5, 0, 0, 32, 1, 1, 0, 4, 20, 1])?;
        write(target, "overlap", &[1, 5, 0, 0, 32, 1, 5, 0, 2, 32, 1, 1, 0, 6, 9, 0x1f])?;
        write(target, "late", &[2, 13, 0, 0, 32, 15, 9, 0, 4, 8, 15, 13, 0, 0, 64, 15])?;
        write(target, "raw", &with(&[0, 0, 0, 0, 0, 0x80], if target.ends_with('4') { &tcp4 } else { &chain }))?;
    }
    atm(write)?;
    ipsec(write)?;
    ngisec(write)?;
    ipsec_db(write)?;
    llpf(write)?;
    lanes(write)?;
    diffserv(write)?;
    sharing(write, &error4, &error6, &udp4)?;
    println!("seeds of {} targets written", wirecraft_fuzz::TARGETS.len());
    Ok(())
}

/// Rules, meters and agreements.
fn diffserv(write: impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    for (name, step) in [("rules", 1_u8), ("changes", 7), ("looks", 3)] {
        let octets: Vec<u8> = (0..600_u16).map(|at| (at as u8).wrapping_mul(step).wrapping_add((at >> 8) as u8 * 31)).collect();
        write("classifier_vs_linear", name, &octets)?;
        write("conditioner", name, &octets)?;
        write("ecn_tunnel", name, &octets[..60])?;
    }
    for kind in 0..5_u8 {
        // 1 Mbit/s and 2 Mbit/s, 3,000 and 6,000 octets; then packets of 1,500 octets every few milliseconds.
        let number = |number: u64| [&number.to_le_bytes()[..], &[0]].concat();
        let head = [&[kind][..], &number(125_000), &number(250_000), &number(3000), &number(6000), &[kind & 1]].concat();
        let packet = |at: u64| [&[1][..], &number(at * 1_000_000), &number(1500), &[(at % 3) as u8]].concat();
        write("meter_vs_reference", &format!("kind{kind}"), &[head, (0..12).flat_map(packet).collect()].concat())?;
    }
    write("agreement_parse", "boundary", include_bytes!("../../diffserv/examples/boundary.json"))?;
    let all = br#"{"version":1,"mtu":64,"ingress":{"acceptable":["EF"],"multicast":"any","otherwise":{"mark":"CS0"}},"egress":{"EF":40},
"rules":[{"name":"a","match":{"src":"::1-::9","flow_label":3,"src_ports":"1-2","protocol":"tcp"},"meter":{"kind":"trtcm","cir":1,"cbs":64,"pir":2,
"pbs":99,"mode":"aware"},"green":{"pass":true},"yellow":{"mark":"drop-precedence"},"red":{"drop":true}},{"name":"b","match":{"interface":1},
"meter":{"kind":"token-bucket","rate":5,"burst":64,"unit":"packets"},"green":{"shape":{"rate":1,"burst":64,"packets":1,"octets":64}},"red":{"drop":true}}]}"#;
    write("agreement_parse", "all", all)
}

/// Batches: function, number, keys, then a message after the other.
fn lanes(write: impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    let with = |head: &[u8], messages: &[u8]| [head, messages].concat();
    for (function, name) in [(0, "md5"), (1, "sha1"), (2, "sha256")] {
        // A few short messages; as many as there are lanes; a mix in which lanes are taken again, with pieces.
        write("lanes_hmac", &format!("{name}-few"), &with(&[function, 0, 3, 0, 16], &[7; 60]))?;
        write("lanes_hmac", &format!("{name}-lanes"), &with(&[function, 0, 32, 1, 20], &[64; 300]))?;
        write("lanes_hmac", &format!("{name}-mix"), &with(&[function, 1, 20, 4, 80], &[0, 230, 9, 2, 0, 70, 1, 0].repeat(60)))?;
    }
    write("lanes_cbc", "few", &with(&[0, 3, 0, 0], &[0x50; 120]))?;
    write("lanes_cbc", "lanes", &with(&[0, 33, 0, 2], &[0x60; 700]))?;
    write("lanes_cbc", "mix", &with(&[1, 10, 4, 0], &[1, 240, 3, 99, 2, 0, 215, 64].repeat(90)))?;
    Ok(())
}
