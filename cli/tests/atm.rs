//! `wirecraft atm`: what is written, what is said of it, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use atm_cell::cell::IDLE;
use atm_cell::{CELL_LEN, hec};
use hex_literal::hex;
use serde_json::Value;
use wirecraft_cli::atm::packet;
use wirecraft_cli::capture::{Capture, SAMPLE};

/// An ICMP echo request of 28 octets.
const FOUR: [u8; 28] = hex!("4500001c 00004000 4001b6dd c0000201 c0000202 0800e5ca 12340001");
/// Its cell on 0/32 under VC multiplexing: SDU, 12 octets of pad, trailer.
const FOUR_CELL: [u8; 53] =
    hex!("0000020271 4500001c 00004000 4001b6dd c0000201 c0000202 0800e5ca 12340001 000000000000000000000000 0000001c c12e70ce");
/// Its cell on 0/33 behind LLC.
const FOUR_LLC_CELL: [u8; 53] =
    hex!("0000021201 aaaa030000000800 4500001c 00004000 4001b6dd c0000201 c0000202 0800e5ca 12340001 00000000 00000024 eecd6441");

fn wirecraft(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirecraft")).args(args).output().unwrap()
}

/// Runs the tool, which must end with that status, and returns what it prints: its standard output, or what it complains of.
fn ends_with(status: i32, args: &[&str]) -> String {
    let output = wirecraft(args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(status), "{args:?}: {out}{err}");
    if status == 2 { err } else { out }
}

/// The path of a file of a test's own.
fn path(name: &str) -> String {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).to_str().unwrap().to_owned()
}

fn write(name: &str, octets: &[u8]) -> String {
    let path = path(name);
    fs::write(&path, octets).unwrap();
    path
}

/// A classic capture of raw IP packets.
fn raw_ip(packets: &[&[u8]]) -> Vec<u8> {
    let mut writer = wirecraft_cli::pcap::Writer::new(Vec::new(), ip_wire::link::LinkType::RAW).unwrap();
    for packet in packets {
        writer.frame(Duration::ZERO, packet).unwrap();
    }
    writer.finish().unwrap()
}

/// The packets of a capture in any order, and how many frames have none.
fn packets(path: &str) -> (Vec<Vec<u8>>, usize) {
    let mut capture = Capture::open(path.as_ref()).unwrap();
    let (mut packets, mut without) = (Vec::new(), 0);
    while let Some(frame) = capture.next_frame().unwrap() {
        match packet(&frame) {
            Some(packet) => packets.push(packet.to_vec()),
            None => without += 1,
        }
    }
    packets.sort();
    (packets, without)
}

fn events(path: &str) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The number behind a label of a summary.
fn number(summary: &str, label: &str) -> u64 {
    let line = summary.lines().find(|line| line.starts_with(label)).unwrap_or_else(|| panic!("no {label} in {summary}"));
    line[label.len()..].split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn the_cells_of_a_packet_are_those_computed_by_hand() {
    let input = write("hand.pcap", &raw_ip(&[&FOUR]));
    let output = path("hand.bin");
    ends_with(0, &["atm", "segment", "--vpi", "0", "--vci", "32", "--encap", "vc-mux", "--in", &input, "--out", &output]);
    assert_eq!(fs::read(&output).unwrap(), FOUR_CELL);
    ends_with(0, &["atm", "segment", "--vci", "33", "--encap", "llc", "--in", &input, "--out", &output]);
    assert_eq!(fs::read(&output).unwrap(), FOUR_LLC_CELL);
}

#[test]
fn an_nni_header_carries_12_bits_of_vpi() {
    let input = write("nni.pcap", &raw_ip(&[&FOUR]));
    let (cells, output) = (path("nni.bin"), path("nni.out.pcap"));
    ends_with(0, &["atm", "segment", "--nni", "--vpi", "4095", "--encap", "vc-mux", "--in", &input, "--out", &cells]);
    assert_eq!(fs::read(&cells).unwrap()[..4], hex!("fff00202"));
    ends_with(0, &["atm", "reassemble", "--nni", "--encap", "vc-mux", "--in", &cells, "--out", &output]);
    assert_eq!(packets(&output).0, [FOUR]);
}

#[test]
fn the_sample_over_16_channels_comes_back_byte_identical() {
    let sample = write("sample.pcapng", SAMPLE);
    let (expected, without) = packets(&sample);
    for encap in ["llc", "vc-mux"] {
        let (cells, output) = (path(&format!("sample.{encap}.bin")), path(&format!("sample.{encap}.pcap")));
        let said = ends_with(0, &["atm", "segment", "--vcs", "16", "--encap", encap, "--in", &sample, "--out", &cells]);
        assert_eq!(
            (number(&said, "packets"), number(&said, "frames")),
            (expected.len() as u64, (expected.len() + without) as u64)
        );
        assert!(said.contains(&format!("({without} without an IP packet)")), "{said}");
        assert_eq!(number(&said, "cells") * CELL_LEN as u64, fs::metadata(&cells).unwrap().len());
        let said = ends_with(0, &["atm", "reassemble", "--strict", "--encap", encap, "--in", &cells, "--out", &output]);
        assert_eq!(number(&said, "packets delivered"), expected.len() as u64);
        assert!(packets(&output).0 == expected);
    }
    // Frames without a packet are a failure only where that is asked for.
    ends_with(1, &["atm", "segment", "--strict", "--encap", "llc", "--in", &sample, "--out", &path("strict.bin")]);
}

#[test]
fn what_arrives_over_a_lossy_line_is_what_was_sent_and_the_rest_is_explained() {
    let sample = write("lossy.pcapng", SAMPLE);
    let (cells, output, log) = (path("lossy.bin"), path("lossy.pcap"), path("lossy.jsonl"));
    ends_with(0, &["atm", "segment", "--vcs", "16", "--encap", "llc", "--in", &sample, "--out", &cells]);
    let (sent, _) = packets(&sample);
    let mut missing_once = false;
    for seed in ["1", "2", "3"] {
        let args = ["atm", "reassemble", "--encap", "llc", "--in", &cells, "--out", &output, "--events", &log];
        let said = ends_with(0, &[&args[..], &["--loss", "0.01", "--seed", seed]].concat());
        let (arrived, _) = packets(&output);
        let mut left = sent.clone();
        for packet in &arrived {
            let at = left.iter().position(|sent| sent == packet).expect("a packet that was not sent");
            left.remove(at);
        }
        let explained: u64 = events(&log).iter().filter_map(|event| event["packets"].as_u64()).sum();
        assert_eq!(explained, left.len() as u64);
        assert_eq!((number(&said, "packets missing"), number(&said, "packets sent")), (explained, sent.len() as u64));
        let lost = events(&log).iter().filter(|event| event["event"] == "lost-cell").count();
        assert_eq!(lost as u64, number(&said, "cells lost"));
        missing_once |= !left.is_empty();
        let again = path("lossy.again.pcap");
        ends_with(0, &["atm", "reassemble", "--encap", "llc", "--in", &cells, "--out", &again, "--loss", "0.01", "--seed", seed]);
        assert!(fs::read(&again).unwrap() == fs::read(&output).unwrap(), "a seed is a result");
    }
    assert!(missing_once);
}

#[test]
fn segment_loses_the_same_cells_for_the_same_seed_and_says_how_many() {
    let sample = write("seed.pcapng", SAMPLE);
    let run = |name: &str, seed: &str| {
        let output = path(name);
        let args = ["atm", "segment", "--vcs", "4", "--encap", "vc-mux", "--in", &sample, "--out", &output, "--loss", "0.2"];
        let said = ends_with(0, &[&args[..], &["--bit-error", "0.001", "--seed", seed]].concat());
        (said, fs::read(output).unwrap())
    };
    let (first, second, other) = (run("seed.1.bin", "1"), run("seed.2.bin", "1"), run("seed.3.bin", "2"));
    assert!(first == second && first.1 != other.1);
    let (said, octets) = first;
    assert_eq!((number(&said, "cells") - number(&said, "cells lost")) * 53, octets.len() as u64);
    assert!(said.contains("ended a message") && number(&said, "bits inverted") > 0);
    // The seed that is not given is 1.
    let output = path("seed.4.bin");
    let args = ["atm", "segment", "--vcs", "4", "--encap", "vc-mux", "--in", &sample, "--out", &output, "--loss", "0.2"];
    ends_with(0, &[&args[..], &["--bit-error", "0.001"]].concat());
    assert!(fs::read(output).unwrap() == octets);
}

#[test]
fn an_ethernet_frames_padding_is_left_out() {
    let mut capture = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    let frame = [&hex!("020000000002 020000000001 0800")[..], &FOUR, &[0xee; 18]].concat();
    capture.extend([0; 8]);
    capture.extend([60, 0, 0, 0, 60, 0, 0, 0]);
    capture.extend(&frame);
    let output = path("padding.bin");
    let input = write("padding.pcap", &capture);
    ends_with(0, &["atm", "segment", "--encap", "vc-mux", "--in", &input, "--out", &output]);
    assert_eq!(fs::read(&output).unwrap(), FOUR_CELL);
}

/// A cell of that header, with a right HEC and a payload of fours.
fn cell(header: [u8; 4]) -> [u8; CELL_LEN] {
    let mut cell = [0x45; CELL_LEN];
    cell[..4].copy_from_slice(&header);
    cell[4] = hec::compute(header);
    cell
}

#[test]
fn cells_that_carry_no_user_data_are_counted_apart() {
    let headers = [
        hex!("00000000"),
        hex!("0000000c"),
        hex!("00000038"),
        hex!("00000040"),
        hex!("00000208"),
        hex!("0000020a"),
        hex!("0010006c"),
        hex!("0000020e"),
    ];
    let mut octets = IDLE.to_vec();
    octets.extend(headers.iter().flat_map(|header| cell(*header)));
    octets.extend(FOUR_CELL);
    let (input, output) = (write("kinds.bin", &octets), path("kinds.pcap"));
    let said = ends_with(0, &["atm", "reassemble", "--strict", "--encap", "vc-mux", "--in", &input, "--out", &output]);
    assert!(said.contains("(1 idle, 2 unassigned, 4 OAM, 2 of other kinds)"), "{said}");
    assert_eq!(packets(&output).0, [FOUR]);
}

#[test]
fn what_is_no_ip_packet_and_what_has_no_llc_header_is_told_apart() {
    // Under LLC: the bare packet reads as LLC of no protocol of ours. Under VC multiplexing an LLC header is no IP packet.
    let both = [FOUR_CELL, FOUR_LLC_CELL].concat();
    let (input, output, log) = (write("encap.bin", &both), path("encap.pcap"), path("encap.jsonl"));
    let reasons = |encap: &str| -> Vec<(String, u64)> {
        ends_with(1, &["atm", "reassemble", "--strict", "--encap", encap, "--in", &input, "--out", &output, "--events", &log]);
        assert_eq!(packets(&output).0.len(), 1);
        assert_eq!(events(&log)[0]["packets"], 1);
        events(&log).iter().map(|event| (event["reason"].as_str().unwrap().into(), event["vci"].as_u64().unwrap())).collect()
    };
    assert_eq!(reasons("llc"), [("not-ip".into(), 32)]);
    assert_eq!(reasons("vc-mux"), [("not-ip".into(), 33)]);
}

#[test]
fn a_discard_says_what_it_accounts_for() {
    // Two packets of one cell each, and one of which only the first of two cells is there.
    let mut first = [0x45; CELL_LEN];
    first[..5].copy_from_slice(&hex!("000002007f"));
    let input = write("discard.bin", &[FOUR_CELL, FOUR_CELL, first].concat());
    let (output, log) = (path("discard.pcap"), path("discard.jsonl"));
    let said = ends_with(0, &["atm", "reassemble", "--encap", "vc-mux", "--in", &input, "--out", &output, "--events", &log]);
    let golden = serde_json::json!(
        {"event": "discard", "cell": 3, "vpi": 0, "vci": 32, "reason": "unfinished", "cells": 1, "ended": false, "packets": 1}
    );
    assert_eq!(events(&log), [golden]);
    assert_eq!((number(&said, "packets sent"), number(&said, "packets delivered"), number(&said, "packets missing")), (3, 2, 1));
    // With every cell lost, what was never seen is still accounted for.
    ends_with(0, &["atm", "reassemble", "--encap", "vc-mux", "--in", &input, "--out", &output, "--events", &log, "--loss", "1"]);
    let all = events(&log);
    assert_eq!(all.len(), 4);
    assert_eq!(all[0], serde_json::json!({"event": "lost-cell", "cell": 1, "vpi": 0, "vci": 32, "end_of_message": true}));
    assert_eq!(all[2]["end_of_message"], false);
    let golden = serde_json::json!(
        {"event": "discard", "cell": 3, "vpi": 0, "vci": 32, "reason": "lost-end", "cells": 0, "ended": false, "packets": 3}
    );
    assert_eq!(all[3], golden);
}

#[test]
fn a_header_with_one_wrong_bit_is_corrected_and_one_with_two_drops_its_cell() {
    let (mut one, mut two) = (FOUR_CELL, FOUR_CELL);
    one[3] ^= 0x10;
    two[0] ^= 0x81;
    let input = write("header.bin", &[one, FOUR_CELL, two].concat());
    let (output, log) = (path("header.pcap"), path("header.jsonl"));
    let said = ends_with(0, &["atm", "reassemble", "--encap", "vc-mux", "--in", &input, "--out", &output, "--events", &log]);
    assert_eq!(packets(&output).0.len(), 2);
    assert_eq!((number(&said, "headers corrected"), number(&said, "headers discarded")), (1, 1));
    let corrected = serde_json::json!({"event": "header-corrected", "cell": 1, "vpi": 0, "vci": 32, "bit": 27, "wrongly": false});
    // What a file's own damage hides is not known.
    let discarded =
        serde_json::json!({"event": "header-discarded", "cell": 3, "vpi": null, "vci": null, "end_of_message": false});
    assert_eq!(events(&log), [corrected, discarded]);
}

#[test]
fn packets_have_the_times_of_their_last_cells_on_a_line_of_155_mbit_s() {
    let input = write("times.bin", &[IDLE, FOUR_CELL].concat());
    let output = path("times.pcap");
    ends_with(0, &["atm", "reassemble", "--encap", "vc-mux", "--in", &input, "--out", &output]);
    let octets = fs::read(&output).unwrap();
    assert_eq!(octets[..4], hex!("4d3cb2a1"), "nanoseconds, little-endian");
    let mut capture = Capture::open(output.as_ref()).unwrap();
    let frame = capture.next_frame().unwrap().unwrap();
    // 2 cells of 424 bits at 155.52 Mbit/s.
    assert_eq!((frame.link_type.0, frame.time), (101, Some(Duration::from_nanos(5452))));
}

#[test]
fn a_file_that_ends_inside_a_cell_is_read_up_to_it() {
    let input = write("partial.bin", &[&FOUR_CELL[..], &FOUR_CELL[..52]].concat());
    let output = path("partial.pcap");
    let complaint = ends_with(2, &["atm", "reassemble", "--encap", "vc-mux", "--in", &input, "--out", &output]);
    assert!(
        complaint.contains("partial.bin: cell 2 at octet 53 of the file: the file ends after 52 of its 53 octets"),
        "{complaint}"
    );
    assert_eq!(packets(&output).0, [FOUR]);
}

#[test]
fn a_damaged_capture_is_sent_up_to_the_damage() {
    let whole = raw_ip(&[&FOUR, &FOUR]);
    let input = write("broken-atm.pcap", &whole[..whole.len() - 1]);
    let output = path("broken-atm.bin");
    let complaint = ends_with(2, &["atm", "segment", "--encap", "vc-mux", "--in", &input, "--out", &output]);
    assert!(complaint.contains("broken-atm.pcap: frame 2 at octet "), "{complaint}");
    assert_eq!(fs::read(&output).unwrap(), FOUR_CELL);
}

#[test]
fn a_packet_that_no_sdu_has_room_for_is_counted() {
    let mut long = vec![0; 65_575];
    long[..6].copy_from_slice(&hex!("600000000000"));
    long[4..6].copy_from_slice(&[0xff, 0xff]);
    let input = write("long.pcap", &raw_ip(&[&long, &FOUR]));
    let output = path("long.bin");
    let said = ends_with(1, &["atm", "segment", "--strict", "--encap", "vc-mux", "--in", &input, "--out", &output]);
    assert!(said.contains("(1 too long for AAL5)"), "{said}");
    assert_eq!(fs::read(&output).unwrap(), FOUR_CELL);
}

#[test]
fn bad_usage_ends_with_status_2() {
    let input = write("usage.pcap", &raw_ip(&[&FOUR]));
    let output = path("usage.bin");
    let segment = ["atm", "segment", "--in", &input, "--out", &output];
    for (more, reason) in [
        (&["--encap", "llc", "--vci", "31"][..], "VCIs 0 to 31 are reserved"),
        (&["--encap", "llc", "--vci", "65530", "--vcs", "7"], "would end at VCI 65536"),
        (&["--encap", "llc", "--vci", "65536"], "65536"),
        (&["--encap", "llc", "--vcs", "0"], "--vcs 0"),
        (&["--encap", "llc", "--vpi", "256"], "the largest is 255 at the UNI"),
        (&["--encap", "llc", "--nni", "--vpi", "4096"], "the largest is 4095"),
        (&["--encap", "llc", "--loss", "1.1"], "a probability is a number from 0 to 1"),
        (&["--encap", "llc", "--bit-error=-1"], "a probability is a number from 0 to 1"),
        (&["--encap", "llc", "--loss", "NaN"], "a probability is a number from 0 to 1"),
        (&["--encap", "snap"], "invalid value 'snap'"),
        (&[], "--encap"),
    ] {
        let complaint = ends_with(2, &[&segment[..], more].concat());
        assert!(complaint.contains(reason), "{more:?}: {complaint}");
    }
    let reassemble = ["atm", "reassemble", "--encap", "llc", "--in"];
    for (file, reason) in [("no/such/cells.bin", "no/such/cells.bin: "), (env!("CARGO_TARGET_TMPDIR"), "is a directory")] {
        let complaint = ends_with(2, &[&reassemble[..], &[file, "--out", &output]].concat());
        assert!(complaint.starts_with("wirecraft: ") && complaint.contains(reason), "{complaint}");
    }
    let complaint = ends_with(2, &[&reassemble[..], &[&input, "--out", "no/such/folder/out.pcap"]].concat());
    assert!(complaint.contains("no/such/folder/out.pcap"), "{complaint}");
}

#[test]
fn help_has_examples() {
    for command in ["segment", "reassemble"] {
        let help = ends_with(0, &["atm", command, "--help"]);
        assert!(help.contains("Examples:") && help.contains(&format!("wirecraft atm {command} --encap llc --in ")), "{help}");
    }
}
