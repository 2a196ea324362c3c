//! What the tool promises to those who run it: help, exit statuses, which frames, which errors.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests fail by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use wirecraft_cli::capture::SAMPLE;

fn wirecraft(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirecraft")).args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A file of its own for a test.
fn file(name: &str, octets: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, octets).unwrap();
    path
}

/// A classic capture of raw IP packets, each with the length that it had on the wire.
fn raw_ip(packets: &[(&[u8], u32)]) -> Vec<u8> {
    let mut octets = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0].to_vec();
    for (packet, original_len) in packets {
        octets.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        octets.extend(u32::try_from(packet.len()).unwrap().to_le_bytes());
        octets.extend(original_len.to_le_bytes());
        octets.extend(*packet);
    }
    octets
}

const GOOD: [u8; 28] = [
    0x45, 0x00, 0x00, 0x1c, 0x00, 0x00, 0x40, 0x00, 0x40, 0x01, 0xb6, 0xdd, 192, 0, 2, 1, 192, 0, 2, 2, // IPv4
    0x08, 0x00, 0xe5, 0xca, 0x12, 0x34, 0x00, 0x01, // echo request
];

#[test]
fn without_arguments_help_starts_with_the_three_commands_a_newcomer_wants() {
    let output = wirecraft(&[]);
    assert_eq!(output.status.code(), Some(0));
    let help = stdout(&output);
    let lines: Vec<&str> = help.lines().take(4).map(str::trim).collect();
    assert_eq!(lines[0], "Start with:");
    for (line, command) in lines[1..].iter().zip(["wirecraft tour ", "wirecraft dissect FILE ", "wirecraft stats FILE "]) {
        assert!(line.starts_with(command), "{line}");
    }
    assert_eq!(stdout(&wirecraft(&["--help"])), help);
    assert!(stderr(&output).is_empty());
}

#[test]
fn bad_usage_ends_with_status_2() {
    for args in [&["frobnicate"][..], &["dissect", "--frame", "0"], &["dissect", "--frame", "x"], &["stats", "--json"]] {
        let output = wirecraft(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty());
    }
}

#[test]
fn what_cannot_be_read_ends_with_status_2_and_names_the_file() {
    let text = file("text.pcap", b"this is no capture, whatever its name says");
    let empty = file("empty.pcap", b"");
    for path in ["no/such/file.pcap", text.to_str().unwrap(), empty.to_str().unwrap(), env!("CARGO_TARGET_TMPDIR")] {
        for command in ["dissect", "stats"] {
            let output = wirecraft(&[command, path]);
            assert_eq!(output.status.code(), Some(2), "{path}");
            assert!(stderr(&output).starts_with(&format!("wirecraft: {path}: ")), "{}", stderr(&output));
        }
    }
}

#[test]
fn the_sample_is_read_without_a_file() {
    let tree = wirecraft(&["dissect"]);
    assert_eq!(tree.status.code(), Some(0));
    assert!(stdout(&tree).starts_with("frame 1, Ethernet, 60 octets, 2026-01-01 00:00:00.000000000 UTC\n├─ Ethernet  [0..14]\n"));
    let stats = stdout(&wirecraft(&["stats"]));
    for part in ["protocols", "DSCP, over all IP headers", "IPv4 options", "TCP options", "extension headers", "errors"] {
        assert!(stats.contains(part), "{part}");
    }
    let lines = stdout(&wirecraft(&["dissect", "--json"]));
    assert_eq!(lines.lines().count(), stdout(&tree).matches("\nframe ").count() + 1);
    for (index, line) in lines.lines().enumerate() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["frame"], index + 1);
        assert!(object["layers"].is_array() && (object["error"].is_null() || object["error"].is_string()));
    }
}

#[test]
fn json_has_wiresharks_names_and_every_occurrence_in_order() {
    let path = file("golden.pcap", &raw_ip(&[(&GOOD, 28)]));
    let line = stdout(&wirecraft(&["dissect", "--json", path.to_str().unwrap()]));
    let golden = r#"{
        "frame": 1, "layers": ["ip", "icmp"], "error": null,
        "ip.hdr_len": [20], "ip.dsfield.dscp": [0], "ip.dsfield.ecn": [0], "ip.len": [28], "ip.id": [0], "ip.flags.rb": [0],
        "ip.flags.df": [1], "ip.flags.mf": [0], "ip.frag_offset": [0], "ip.ttl": [64], "ip.proto": [1], "ip.checksum": [46813],
        "ip.checksum.status": [1], "ip.src": ["192.0.2.1"], "ip.dst": ["192.0.2.2"], "icmp.type": [8], "icmp.code": [0],
        "icmp.checksum": [58826], "icmp.ident": [4660], "icmp.seq": [1]
    }"#;
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), serde_json::from_str::<Value>(golden).unwrap());

    // A time exceeded message that quotes the request: both headers count.
    let mut error =
        vec![0x45, 0, 0, 56, 0, 0, 0, 0, 1, 1, 0xf5, 0x4e, 203, 0, 113, 1, 192, 0, 2, 1, 11, 0, 0xf4, 0xff, 0, 0, 0, 0];
    error.extend(GOOD);
    let path = file("quote.pcap", &raw_ip(&[(&error, 56)]));
    let line = stdout(&wirecraft(&["dissect", "--json", path.to_str().unwrap()]));
    let object: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(object["layers"], serde_json::json!(["ip", "icmp", "ip", "icmp"]));
    assert_eq!(object["ip.src"], serde_json::json!(["203.0.113.1", "192.0.2.1"]));
    assert_eq!(object["icmp.type"], serde_json::json!([11, 8]));
    assert_eq!(object["ip.checksum.status"][1], 1);
}

#[test]
fn one_frame_is_shown_alone() {
    let output = wirecraft(&["dissect", "--frame", "3"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).starts_with("frame 3, ") && stdout(&output).matches("\nframe ").count() == 0);
    let beyond = wirecraft(&["dissect", "--frame", "100000"]);
    assert_eq!(beyond.status.code(), Some(2));
    assert!(stderr(&beyond).contains("(embedded sample): frame 100000: the capture has "), "{}", stderr(&beyond));
}

#[test]
fn packets_that_fail_are_a_failure_with_strict_alone() {
    let wrong = [0x43; 28];
    let path = file("wrong.pcap", &raw_ip(&[(&GOOD, 28), (&wrong, 28)]));
    let path = path.to_str().unwrap();
    for command in ["dissect", "stats"] {
        assert_eq!(wirecraft(&[command, path]).status.code(), Some(0));
        let strict = wirecraft(&[command, "--strict", path]);
        assert_eq!(strict.status.code(), Some(1));
        assert!(!strict.stdout.is_empty(), "the tool goes on behind a packet that fails");
    }
    let good = file("good.pcap", &raw_ip(&[(&GOOD, 28)]));
    assert_eq!(wirecraft(&["dissect", "--strict", good.to_str().unwrap()]).status.code(), Some(0));
    assert!(
        stdout(&wirecraft(&["dissect", path]))
            .contains("ERROR ip at octet 0: IPv4 header length at offset 0: 3 found, at least 5 needed [discard silently]")
    );
}

#[test]
fn a_packet_that_the_capture_cut_is_an_error_unless_lax() {
    let path = file("cut.pcap", &raw_ip(&[(&GOOD[..24], 28)]));
    let path = path.to_str().unwrap();
    let strict = stdout(&wirecraft(&["dissect", path]));
    assert!(strict.contains("ERROR ip at octet 0: IPv4 total length at offset 2: claims 28 octets, 24 are there"), "{strict}");
    let lax = stdout(&wirecraft(&["dissect", "--lax", path]));
    assert!(!lax.contains("ERROR") && lax.contains("4 of 28 octets are missing") && lax.contains("echo request"), "{lax}");
}

#[test]
fn a_broken_capture_is_shown_up_to_the_damage() {
    let whole = raw_ip(&[(&GOOD, 28), (&GOOD, 28)]);
    let path = file("broken.pcap", &whole[..whole.len() - 1]);
    for command in ["dissect", "stats"] {
        let output = wirecraft(&[command, path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stdout(&output).contains(if command == "stats" { "1 frames" } else { "frame 1, raw IP" }));
        let error = stderr(&output);
        assert!(
            error.contains("broken.pcap: frame 2 at octet 68 of the file: the record claims 28 octets, 27 are there"),
            "{error}"
        );
    }
    // The same for pcapng.
    let path = file("broken.pcapng", &SAMPLE[..SAMPLE.len() - 5]);
    let output = wirecraft(&["dissect", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("frame 50, ") && stderr(&output).contains("broken.pcapng: frame "));
}

#[test]
fn a_link_type_that_is_not_read_is_named_and_the_tool_goes_on() {
    let mut octets = raw_ip(&[(&GOOD, 28), (&GOOD, 28)]);
    octets[20] = 105;
    let path = file("wlan.pcap", &octets);
    let output = wirecraft(&["dissect", "--json", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stdout(&output).matches("link type at offset 0: 0x69 is not").count(), 2, "{}", stdout(&output));
}

#[test]
fn a_reader_that_goes_away_ends_the_tool_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wirecraft"))
        .arg("dissect")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}
