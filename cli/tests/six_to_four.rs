//! `6to4 encap`, `6to4 decap` and `6to4 site`, in process.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use hex_literal::hex;
use ip_wire::link::LinkType;
use serde_json::Value as Json;
use wirecraft_cli::args::Cli;
use wirecraft_cli::capture::Capture;
use wirecraft_cli::{Outcome, execute, pcap};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wirecraft-6to4-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn write(path: &str, packets: &[Vec<u8>]) {
    let mut writer = pcap::Writer::new(fs::File::create(path).unwrap(), LinkType::RAW).unwrap();
    for packet in packets {
        writer.frame(Duration::new(1_700_000_000, 5), packet).unwrap();
    }
    writer.finish().unwrap();
}

fn packets(path: &str) -> Vec<Vec<u8>> {
    let mut capture = Capture::open(Path::new(path)).unwrap();
    let mut packets = Vec::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        assert_eq!((frame.time, frame.link_type), (Some(Duration::new(1_700_000_000, 5)), LinkType::RAW));
        packets.push(frame.octets.to_vec());
    }
    packets
}

fn run(args: &[&str]) -> (Outcome, String) {
    let mut out = Vec::new();
    let args = ["wirecraft", "6to4"].iter().chain(args).copied();
    let outcome = execute(&Cli::try_parse_from(args).unwrap(), &mut out).unwrap();
    (outcome, String::from_utf8(out).unwrap())
}

const INNER: [u8; 40] = hex!("6ba0000000003b40 2002c000020400000000000000000001 2002c633640700000000000000000001");
const OUTER: [u8; 60] = hex!(
    "45ba003c0000000040298da0c0000204c6336407"
    "6ba0000000003b40 2002c000020400000000000000000001 2002c633640700000000000000000001"
);

#[test]
fn a_capture_goes_through_the_router_and_back() {
    let folder = Folder::new("through");
    let (inner, outer, back) = (folder.file("inner.pcap"), folder.file("outer.pcap"), folder.file("back.pcap"));
    write(&inner, &[INNER.to_vec(), INNER.to_vec()]);
    let (outcome, text) = run(&["encap", "--v4", "192.0.2.4", "--relay", "192.88.99.1", "--in", &inner, "--out", &outer]);
    assert_eq!((outcome.failed, outcome.strict), (0, false), "{text}");
    let sent = packets(&outer);
    // Each packet has an identification of its own.
    assert_eq!((sent.len(), &sent[0][..], &sent[1][4..6]), (2, &OUTER[..], &[0, 1][..]));
    let (outcome, text) = run(&["decap", "--v4", "198.51.100.7", "--in", &outer, "--out", &back]);
    assert_eq!((outcome.failed, packets(&back)), (0, vec![INNER.to_vec(), INNER.to_vec()]), "{text}");
    let expected = "\
frames                         2
without an IP packet           0
packets written                2
refused                        0
";
    assert_eq!(text, expected);
}

#[test]
fn what_is_refused_is_counted_and_audited_with_frame_and_reason() {
    let folder = Folder::new("refused");
    let (outer, back, audit) = (folder.file("outer.pcap"), folder.file("back.pcap"), folder.file("audit.jsonl"));
    let mut spoofed = OUTER.to_vec();
    (spoofed[15], spoofed[10], spoofed[11]) = (5, 0x8d, 0x9f);
    write(&outer, &[OUTER.to_vec(), spoofed, INNER.to_vec()]);
    let decap = ["decap", "--v4", "198.51.100.7", "--in", &outer, "--out", &back, "--audit", &audit, "--strict"];
    let (outcome, text) = run(&decap);
    assert_eq!((outcome.failed, outcome.strict, packets(&back).len()), (2, true, 1), "{text}");
    assert!(text.contains("1  source spoofed") && text.contains("1  malformed"), "{text}");
    let lines: Vec<Json> = fs::read_to_string(&audit).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["frame"], &lines[0]["time"]), (&Json::from(2), &Json::from("1700000000.000000005")));
    assert_eq!(lines[0]["reason"], "inner source embeds 192.0.2.4, the outer source is 192.0.2.5");
    assert_eq!((&lines[0]["src"], &lines[0]["dst"]), (&Json::from("192.0.2.5"), &Json::from("198.51.100.7")));
    // The codec takes it all the same; the strict profile not even the router's address.
    let (outcome, _) = run(&["decap", "--v4", "198.51.100.7", "--profile", "codec", "--in", &outer, "--out", &back]);
    assert_eq!((outcome.failed, packets(&back).len()), (1, 2));
    let strict = ["wirecraft", "6to4", "decap", "--v4", "198.51.100.7", "--profile", "strict", "--in", &outer, "--out", &back];
    let error = execute(&Cli::try_parse_from(strict).unwrap(), &mut Vec::new()).unwrap_err();
    assert_eq!(format!("{error:#}"), "--v4: address 198.51.100.7 is for documentation (RFC 5737)");
}

#[test]
fn native_destinations_go_to_the_relay_and_from_it() {
    let folder = Folder::new("relay");
    let (inner, outer, back) = (folder.file("inner.pcap"), folder.file("outer.pcap"), folder.file("back.pcap"));
    let mut native = INNER.to_vec();
    native[24..28].copy_from_slice(&hex!("20010db8"));
    write(&inner, &[native.clone()]);
    let (outcome, text) = run(&["encap", "--v4", "192.0.2.4", "--in", &inner, "--out", &outer]);
    assert_eq!(outcome.failed, 1, "{text}");
    run(&["encap", "--v4", "192.0.2.4", "--relay", "198.51.100.7", "--in", &inner, "--out", &outer]);
    assert_eq!(packets(&outer)[0][16..20], [198, 51, 100, 7]);
    let (outcome, _) = run(&["decap", "--v4", "198.51.100.7", "--in", &outer, "--out", &back]);
    assert_eq!(outcome.failed, 1);
    let (outcome, _) = run(&["decap", "--v4", "198.51.100.7", "--relay-role", "--in", &outer, "--out", &back]);
    assert_eq!((outcome.failed, packets(&back)), (0, vec![native]));
}

#[test]
fn a_packet_over_the_mtu_is_refused() {
    let folder = Folder::new("mtu");
    let (inner, outer) = (folder.file("inner.pcap"), folder.file("outer.pcap"));
    let packet = |len: u16| {
        let mut octets = INNER.to_vec();
        octets[4..6].copy_from_slice(&(len - 40).to_be_bytes());
        octets.resize(len.into(), 0);
        octets
    };
    write(&inner, &[packet(1480), packet(1481)]);
    let (outcome, text) = run(&["encap", "--v4", "192.0.2.4", "--in", &inner, "--out", &outer]);
    assert!(outcome.failed == 1 && text.contains("1  too big"), "{text}");
    let (outcome, _) = run(&["encap", "--v4", "192.0.2.4", "--mtu", "1280", "--ttl", "9", "--in", &inner, "--out", &outer]);
    assert_eq!(outcome.failed, 2);
    let wrong = ["wirecraft", "6to4", "encap", "--v4", "192.0.2.4", "--mtu", "1279", "--in", &inner, "--out", &outer];
    assert!(execute(&Cli::try_parse_from(wrong).unwrap(), &mut Vec::new()).is_err());
}

#[test]
fn a_site_has_its_prefix_or_a_reason_why_not() {
    let (outcome, text) = run(&["site", "192.0.2.4"]);
    assert_eq!((outcome.failed, text.as_str()), (0, "2002:c000:204::/48\n"));
    for (address, reason) in [
        ("10.0.0.1", "no site: address 10.0.0.1 is private (RFC 1918)\n"),
        ("100.64.0.1", "no site: address 100.64.0.1 is shared address space behind a provider's NAT (RFC 6598)\n"),
        ("192.88.99.1", "no site: address 192.88.99.1 is the deprecated anycast prefix of 6to4 relays (RFC 7526)\n"),
    ] {
        let (outcome, text) = run(&["site", address]);
        assert_eq!((outcome.failed, outcome.strict, text.as_str()), (1, true, reason));
    }
    assert_eq!(run(&["site", "192.0.2.4", "--profile", "strict"]).0.failed, 1);
    assert_eq!(run(&["site", "10.0.0.1", "--profile", "codec"]).1, "2002:a00:1::/48\n");
}
