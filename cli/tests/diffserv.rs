//! `diffserv condition`, in process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use ip_wire::link::LinkType;
use ip_wire::{Dscp, Protocol, ipv4};
use serde_json::Value as Json;
use wirecraft_cli::args::Cli;
use wirecraft_cli::capture::Capture;
use wirecraft_cli::{Outcome, execute, pcap};

const GOLD: &str = r#"{"version":1,"default":{"mark":"CS0"},"rules":[{"name":"gold","match":{"src":"192.0.2.0/24","dst":"any","protocol":17,
    "dst_ports":"5000-5999","dscp":"any"},"meter":{"kind":"srtcm","cir":125000,"cbs":3000,"ebs":6000,"mode":"blind"},
    "green":{"mark":"AF11"},"yellow":{"mark":"AF12"},"red":{"drop":true}}]}"#;

/// When the first packet comes.
const START: Duration = Duration::new(1_700_000_000, 500);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wirecraft-diffserv-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, octets: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), octets).unwrap();
    }

    /// Frames with the milliseconds since the start at which they come.
    fn capture(&self, name: &str, frames: &[(u64, Vec<u8>)]) {
        let mut writer = pcap::Writer::new(Vec::new(), LinkType::RAW).unwrap();
        for (at, frame) in frames {
            writer.frame(START + Duration::from_millis(*at), frame).unwrap();
        }
        self.write(name, writer.finish().unwrap());
    }

    fn frames(&self, name: &str) -> Vec<(Duration, Vec<u8>)> {
        let mut capture = Capture::open(&self.0.join(name)).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = capture.next_frame().unwrap() {
            assert_eq!(frame.link_type, LinkType::RAW);
            frames.push((frame.time.unwrap() - START, frame.octets.to_vec()));
        }
        frames
    }

    fn run(&self, more: &[&str]) -> (anyhow::Result<Outcome>, String) {
        let (agreement, input, output, audit) =
            (self.file("agreement"), self.file("in.pcap"), self.file("out.pcap"), self.file("audit"));
        let mut args = vec!["wirecraft", "diffserv", "condition", "--agreement", &agreement, "--in", &input, "--out", &output];
        args.extend(["--audit", &audit]);
        args.extend(more);
        let mut out = Vec::new();
        let outcome = execute(&Cli::try_parse_from(args).unwrap(), &mut out);
        (outcome, String::from_utf8(out).unwrap())
    }

    fn json(&self) -> Json {
        let (outcome, out) = self.run(&["--json"]);
        outcome.unwrap();
        serde_json::from_str(&out).unwrap()
    }

    fn audit(&self) -> Vec<Json> {
        fs::read_to_string(self.0.join("audit")).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn udp(source: [u8; 4], port: u16, dscp: Dscp, octets: u16) -> Vec<u8> {
    let mut packet = vec![0; usize::from(octets)];
    let mut header = ipv4::Header::new(source.into(), [198, 51, 100, 1].into(), Protocol::UDP, usize::from(octets) - 20).unwrap();
    header.ds = header.ds.with_dscp(dscp);
    header.emit(&mut packet).unwrap();
    packet[20..24].copy_from_slice(&[0x12, 0x34, (port >> 8) as u8, port as u8]);
    packet
}

const GOLDEN: [u8; 4] = [192, 0, 2, 9];

fn count(value: &Json) -> (u64, u64) {
    (value["packets"].as_u64().unwrap(), value["octets"].as_u64().unwrap())
}

#[test]
fn packets_are_colored_marked_and_dropped_by_the_captures_own_times() {
    let folder = Folder::new("colors");
    folder.write("agreement", GOLD);
    let gold = |dscp| udp(GOLDEN, 5500, dscp, 1500);
    let other = |dscp| udp([203, 0, 113, 1], 5500, dscp, 100);
    // Two green, four yellow, one red; then 12 ms make 1,500 tokens.
    let mut frames: Vec<_> = (0..7).map(|_| (0, gold(Dscp::CS5))).collect();
    frames.extend([(6, other(Dscp::EF)), (12, gold(Dscp::CS5)), (12, gold(Dscp::CS5))]);
    folder.capture("in.pcap", &frames);
    let report = folder.json();
    let rule = &report["rules"][0];
    assert_eq!(rule["name"], "gold");
    let counts = ["matched", "green", "yellow", "red", "marked", "forwarded", "dropped"].map(|key| count(&rule[key]).0);
    assert_eq!(counts, [9, 3, 4, 2, 7, 7, 2]);
    assert_eq!(count(&rule["green"]).1, 4500);
    assert_eq!(count(&report["default"]["marked"]), (1, 100));
    assert_eq!((count(&report["offered"]), count(&report["out_of_profile"])), ((10, 13_600), (2, 3000)));
    assert_eq!((&report["frames"], &report["written"], &report["not_ip"]), (&10.into(), &8.into(), &0.into()));

    let ms = Duration::from_millis;
    let mut expected: Vec<_> = (0..2).map(|_| (ms(0), gold(Dscp::AF11))).collect();
    expected.extend((0..4).map(|_| (ms(0), gold(Dscp::AF12))));
    expected.extend([(ms(6), other(Dscp::CS0)), (ms(12), gold(Dscp::AF11))]);
    assert_eq!(folder.frames("out.pcap"), expected);

    let audit = folder.audit();
    assert_eq!(audit.len(), 2);
    assert_eq!(audit[0]["frame"], 7);
    assert_eq!(audit[1]["time"], "1700000000.012000500");
    for (key, value) in
        [("kind", "out-of-profile"), ("src", "192.0.2.9"), ("dst", "198.51.100.1"), ("rule", "gold"), ("color", "red")]
    {
        assert_eq!(audit[1][key], value);
    }
    assert_eq!(audit[1]["dscp"], 40);
}

#[test]
fn the_table_says_what_the_json_does() {
    let folder = Folder::new("table");
    folder.write("agreement", GOLD);
    folder.capture("in.pcap", &[(0, udp(GOLDEN, 5000, Dscp::CS0, 1000)), (1, vec![0x20; 30])]);
    let (outcome, out) = folder.run(&[]);
    assert_eq!(outcome.unwrap(), Outcome { failed: 1, strict: false });
    let row =
        |name: &str| out.lines().find(|line| line.trim_start().starts_with(name)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(row("gold"), ["gold", "1", "1000"]);
    assert_eq!(row("green"), ["green", "1", "1000"]);
    assert_eq!(row("red"), ["red", "0", "0"]);
    assert_eq!(row("all"), ["all", "1", "1000"]);
    assert!(out.ends_with("2 frames read, 1 without an IP packet, 0 unreadable, 1 written\n"), "{out}");
    let (outcome, _) = folder.run(&["--strict"]);
    assert_eq!(outcome.unwrap(), Outcome { failed: 1, strict: true });
}

#[test]
fn shaped_packets_are_written_when_they_may_go() {
    let folder = Folder::new("shape");
    let shape = "version = 1\n[default]\nmark = \"LE\"\nshape = { rate = 100000, burst = 1500, packets = 2, octets = 9000 }\n";
    folder.write("agreement", shape);
    let packet = |dscp| udp(GOLDEN, 1, dscp, 1000);
    let frames: Vec<_> = [0, 0, 0, 0, 7].map(|at| (at, packet(Dscp::CS0))).to_vec();
    folder.capture("in.pcap", &frames);
    let report = folder.json();
    // The first two wait, the third finds no place: the first one goes at its instant, which is over only when the fourth comes.
    let waited: Vec<_> = folder
        .frames("out.pcap")
        .into_iter()
        .map(|(time, octets)| {
            assert_eq!(octets, packet(Dscp::LE));
            time
        })
        .collect();
    assert_eq!(waited, [0, 5, 15, 25].map(Duration::from_millis));
    assert_eq!((count(&report["shaped"]).0, count(&report["not_shaped"]).0, &report["written"]), (4, 1, &4.into()));
    assert_eq!(folder.audit()[0]["kind"], "not-shaped");
}

#[test]
fn what_is_not_accepted_or_not_readable_is_told() {
    let folder = Folder::new("ingress");
    folder.write("agreement", r#"{"version":1,"ingress":{"acceptable":["EF"],"otherwise":{"drop":true}}}"#);
    let mut broken = udp(GOLDEN, 1, Dscp::EF, 100);
    broken[0] = 0x44;
    folder.capture("in.pcap", &[(0, udp(GOLDEN, 1, Dscp::EF, 100)), (1, udp(GOLDEN, 1, Dscp::CS1, 100)), (2, broken)]);
    let report = folder.json();
    assert_eq!((count(&report["unacceptable"]).0, &report["unreadable"], &report["written"]), (1, &1.into(), &1.into()));
    let audit = folder.audit();
    assert_eq!(
        (&audit[0]["kind"], &audit[0]["dscp"], &audit[0]["rule"]),
        (&"unacceptable-codepoint".into(), &8.into(), &Json::Null)
    );
    assert_eq!((&audit[1]["kind"], &audit[1]["frame"]), (&"unreadable".into(), &3.into()));
}

#[test]
fn a_wrong_agreement_names_the_file_and_the_key() {
    let folder = Folder::new("wrong");
    folder.capture("in.pcap", &[]);
    for (text, expected) in [
        (GOLD.replace("cbs", "cbx"), "unknown field `cbx`"),
        (GOLD.replace("AF12", "AF99"), "rule gold: yellow: mark: AF99 is no codepoint"),
        ("version = 1\nspeed = 2\n".to_owned(), "unknown field `speed`"),
        ("version = 2\n".to_owned(), "agreement of version 2, 1 needed"),
    ] {
        folder.write("agreement", &text);
        let (outcome, _) = folder.run(&[]);
        let error = format!("{:#}", outcome.unwrap_err());
        assert!(error.contains(expected) && error.contains(&folder.file("agreement")), "{error}");
    }
    folder.write("agreement", GOLD);
    assert_eq!(folder.json()["frames"], 0);
}

#[test]
fn both_worked_examples_are_agreements() {
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../diffserv/examples");
    for (name, rules) in [("customer.toml", 3), ("boundary.json", 5)] {
        let folder = Folder::new(name);
        folder.write("agreement", fs::read(examples.join(name)).unwrap());
        folder.capture("in.pcap", &[(0, udp(GOLDEN, 53, Dscp::CS0, 100))]);
        let report = folder.json();
        assert_eq!(report["rules"].as_array().unwrap().len(), rules, "{name}");
        assert_eq!(report["written"], 1);
    }
}
