//! Classical IP over ATM against a Linux kernel's recording, IP packets of real captures over cells, and what we emit read by tshark.
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
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use atm_cell::aal5::{MAX_SDU, Segmenter};
use atm_cell::cell::Header;
use atm_cell::link::{self as pseudo, TrafficType};
use atm_cell::llc::{self, EtherType, Pdu, Protocol, VcMux};
use atm_cell::{CELL_LEN, Interface, Vc, Vci, Vpi};
use interop::{agreed, captures, frames, golden, skipped, tool};
use ip_wire::ip::Packet;
use ip_wire::link::LinkType;
use serde::Deserialize;
use wirecraft_cli::atm::{Channels, Encapsulation, Event, Line, Reception, Transmission, packet};
use wirecraft_cli::capture::Capture;
use wirecraft_cli::pcap;

#[derive(Deserialize)]
struct Recording {
    encapsulation: String,
    packets: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    label: String,
    dir: String,
    /// The IP packet; only of what the kernel sent.
    plain: Option<String>,
    /// The SDU.
    protected: String,
    /// Whether the kernel took what it was sent.
    delivered: Option<bool>,
    #[serde(default)]
    answers: Vec<String>,
}

fn octets(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn routed(ether_type: EtherType) -> [u8; llc::ROUTED_LEN] {
    let mut prefix = [0; llc::ROUTED_LEN];
    llc::Header { vpn: None, protocol: Protocol::Routed(ether_type) }.emit(&mut prefix).unwrap();
    prefix
}

const VC: Vc = Vc::new(Vpi::ZERO, Vci::new(100));

/// Linux takes a bare IPv4 packet on a channel with LLC encapsulation; RFC 2684 5 has an LLC header in front of every PDU of it.
const LINUX_TAKES: [(&str, &str); 1] = [("llc", "other-encapsulation")];

#[test]
fn a_kernels_sdus_are_ours_both_ways() {
    for name in ["a-clip-llc.json", "a-clip-null.json"] {
        let Some(text) = golden(name) else { return skipped("clip", "there is no recording") };
        let recording: Recording = serde_json::from_str(&text).unwrap();
        let encapsulation = if recording.encapsulation == "llc" { Encapsulation::Llc } else { Encapsulation::VcMux };
        let (mut sent, mut received) = (0, 0);
        for recorded in &recording.packets {
            let sdu = octets(&recorded.protected);
            let delivered = deliver(&sdu, encapsulation);
            match (&recorded.plain, recorded.delivered) {
                (Some(plain), _) => {
                    let plain = octets(plain);
                    let prefix = routed(EtherType::IPV4);
                    let ours = match encapsulation {
                        Encapsulation::Llc => [&prefix[..], &plain].concat(),
                        Encapsulation::VcMux => plain.clone(),
                    };
                    assert!(ours == sdu, "{name} {}", recorded.label);
                    assert_eq!(inner(&sdu, encapsulation), plain);
                    assert_eq!(delivered.as_deref(), Some(&plain[..]), "{name} {}", recorded.label);
                    sent += 1;
                }
                (None, Some(taken)) => {
                    assert_eq!(recorded.dir, "b2a");
                    let stricter = LINUX_TAKES.contains(&(recording.encapsulation.as_str(), recorded.label.as_str()));
                    assert_eq!(delivered.is_some(), taken && !stricter, "{name} {}", recorded.label);
                    for answer in &recorded.answers {
                        let answer = octets(answer);
                        assert!(Packet::parse(inner(&answer, encapsulation)).is_ok(), "{name} {}", recorded.label);
                    }
                    received += 1;
                }
                _ => panic!("{name} {}: neither sent nor received", recorded.label),
            }
        }
        agreed("Linux kernel, recorded", "AAL5 SDUs of classical IP over ATM", sent + received);
        assert!(sent >= 7 && received >= 7, "{sent} sent and {received} received are too few to say anything");
    }
}

/// The packet of an SDU, by the codecs.
fn inner(sdu: &[u8], encapsulation: Encapsulation) -> &[u8] {
    match encapsulation {
        Encapsulation::Llc => {
            let pdu = Pdu::parse(sdu).unwrap();
            assert_eq!(pdu.protocol(), Protocol::Routed(EtherType::IPV4));
            pdu.payload()
        }
        Encapsulation::VcMux => VcMux::Routed.parse(sdu).unwrap().payload(),
    }
}

/// The packet of an SDU that went through cells, if the tool delivers it.
fn deliver(sdu: &[u8], encapsulation: Encapsulation) -> Option<Vec<u8>> {
    let mut reception = Reception::new(Interface::Uni, encapsulation, Line::new(0.0, 0.0, 0));
    let mut delivered = None;
    for cell in Segmenter::new(&Header::new(Interface::Uni, VC), sdu, 0).unwrap() {
        reception
            .cell(cell, &mut |event| {
                if let Event::Packet { octets, .. } = event {
                    delivered = Some(octets.to_vec());
                }
                Ok(())
            })
            .unwrap();
    }
    delivered
}

/// The IP packets of all captures; those of the embedded sample where there are none.
fn packets() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    match captures() {
        Some(files) => {
            for file in files {
                let _damage = frames(&file, |frame| packets.extend(packet(frame).map(<[u8]>::to_vec)));
            }
            assert!(packets.len() > 10_000, "{} packets are too few to say anything", packets.len());
        }
        None => {
            skipped("captures", "there are none: the embedded sample stands for them");
            let mut sample = Capture::sample().unwrap();
            while let Some(frame) = sample.next_frame().unwrap() {
                packets.extend(packet(&frame).map(<[u8]>::to_vec));
            }
        }
    }
    // Jumbo frames of captures on the way to a segmenting adapter.
    let all = packets.len();
    packets.retain(|packet| packet.len() <= MAX_SDU - llc::ROUTED_LEN);
    assert!(all - packets.len() <= all / 1000, "{} of {all} packets are too long", all - packets.len());
    packets
}

/// Sends packets over 16 channels, and returns what arrives on each and what the discards account for.
fn through_cells(packets: &[Vec<u8>], encapsulation: Encapsulation, line: Line) -> (BTreeMap<u16, Vec<Vec<u8>>>, u64) {
    let mut transmission = Transmission::new(Channels::new(Interface::Uni, 0, 32, 16).unwrap(), encapsulation);
    let mut reception = Reception::new(Interface::Uni, encapsulation, line);
    let (mut arrived, mut explained) = (BTreeMap::<u16, Vec<Vec<u8>>>::new(), 0);
    let mut each = |event: Event<'_>| {
        match event {
            Event::Packet { vc, octets, .. } => arrived.entry(vc.vci.get()).or_default().push(octets.to_vec()),
            Event::Discard { packets, .. } => explained += packets,
            _ => {}
        }
        Ok(())
    };
    let mut left = packets.iter();
    loop {
        while transmission.has_room() {
            let Some(packet) = left.next() else { break };
            transmission.send(packet).unwrap();
        }
        let Some(cell) = transmission.next_cell() else { break };
        let _: &[u8; CELL_LEN] = &cell;
        reception.cell(cell, &mut each).unwrap();
    }
    reception.finish(&mut each).unwrap();
    (arrived, explained)
}

#[test]
fn every_packet_of_every_capture_comes_back_over_16_interleaved_channels() {
    let packets = packets();
    for encapsulation in [Encapsulation::Llc, Encapsulation::VcMux] {
        let (arrived, explained) = through_cells(&packets, encapsulation, Line::new(0.0, 0.0, 0));
        assert_eq!(explained, 0);
        for channel in 0..16 {
            let sent: Vec<&Vec<u8>> = packets.iter().skip(usize::from(channel)).step_by(16).collect();
            let arrived: Vec<&Vec<u8>> = arrived.get(&(32 + channel)).into_iter().flatten().collect();
            assert!(arrived == sent, "channel {channel}");
        }
        agreed("real captures", "packets that come back out of interleaved cells", packets.len());
    }
}

#[test]
fn at_one_percent_loss_every_missing_packet_is_explained() {
    let packets = packets();
    for seed in 0..4 {
        let (arrived, explained) = through_cells(&packets, Encapsulation::Llc, Line::new(0.01, 0.0, seed));
        let mut count = 0;
        for (vci, arrived) in &arrived {
            let mut sent = packets.iter().skip(usize::from(vci - 32)).step_by(16);
            for packet in arrived {
                assert!(sent.any(|sent| sent == packet), "a packet that was not sent, or not in this order");
                count += 1;
            }
        }
        assert_eq!(count + explained, packets.len() as u64);
        assert!(count < packets.len() as u64);
    }
}

/// What tshark must read in a frame.
struct Expected {
    vc: Option<Vc>,
    ether_type: u16,
    source: Option<String>,
}

#[test]
fn tshark_reads_the_sdus_that_we_emit() {
    if tool("tshark").is_none() {
        return skipped("tshark", "tshark is not installed");
    }
    let packets = packets();
    let sunatm = |index: usize, sdu: &[u8]| {
        let vc = Vc::new(Vpi::new((index % 256) as u16).unwrap(), Vci::new(32 + (index * 7 % 65_000) as u16));
        let header = pseudo::Header::new(index.is_multiple_of(2), TrafficType::LLC, vc);
        let mut head = [0; pseudo::SUN_ATM_LEN];
        header.emit(&mut head).unwrap();
        (Some(vc), [&head[..], sdu].concat())
    };
    let rfc1483 = |_: usize, sdu: &[u8]| (None, sdu.to_vec());
    check_tshark(pseudo::LINKTYPE_SUNATM, &packets, sunatm);
    check_tshark(pseudo::LINKTYPE_ATM_RFC1483, &packets, rfc1483);
}

fn check_tshark(link_type: u16, packets: &[Vec<u8>], frame: impl Fn(usize, &[u8]) -> (Option<Vc>, Vec<u8>)) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("link-{link_type}.pcap"));
    let mut writer = pcap::Writer::new(std::fs::File::create(&path).unwrap(), LinkType(link_type)).unwrap();
    let mut expected = Vec::new();
    for (index, packet) in packets.iter().enumerate() {
        let ether_type = if packet[0] >> 4 == 4 { EtherType::IPV4 } else { EtherType::IPV6 };
        let (vc, octets) = frame(index, &[&routed(ether_type)[..], packet].concat());
        writer.frame(Duration::from_secs(index as u64), &octets).unwrap();
        let source = Packet::parse(packet).ok().map(|packet| packet.source().to_string());
        expected.push(Expected { vc, ether_type: ether_type.0, source });
    }
    writer.finish().unwrap();
    let output = Command::new("tshark")
        .arg("-n")
        .arg("-r")
        .arg(&path)
        .args("-T fields -E separator=/t -E occurrence=f -o ip.defragment:FALSE -o ipv6.defragment:FALSE".split(' '))
        .args("-e frame.number -e atm.vpi -e atm.vci -e llc.dsap -e llc.ssap -e llc.control -e llc.oui -e llc.type".split(' '))
        .args("-e ip.src -e ipv6.src".split(' '))
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), packets.len());
    let mut sources = 0;
    for (row, expected) in rows.iter().zip(&expected) {
        let [number, vpi, vci, dsap, ssap, control, oui, ether_type, four, six] = row[..] else { panic!("{row:?}") };
        let vc = expected.vc.map_or((String::new(), String::new()), |vc| (vc.vpi.to_string(), vc.vci.to_string()));
        assert_eq!((vpi, vci), (vc.0.as_str(), vc.1.as_str()), "frame {number}");
        assert_eq!((dsap, ssap, control, oui), ("0xaa", "0xaa", "0x0003", "0"), "frame {number}");
        assert_eq!(ether_type, format!("0x{:04x}", expected.ether_type), "frame {number}");
        if let Some(source) = &expected.source {
            let found = if expected.ether_type == EtherType::IPV4.0 { four } else { six };
            assert_eq!(found, source, "frame {number}");
            sources += 1;
        }
    }
    agreed("tshark", "AAL5 PDUs of ours, SunATM and RFC 1483", packets.len());
    assert!(sources * 2 > packets.len(), "{sources} addresses of {} packets are too few", packets.len());
}
