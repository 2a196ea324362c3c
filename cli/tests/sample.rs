//! The embedded sample is what its generator writes, and shows what it should.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests fail by panicking")]

#[path = "../examples/make_sample/build.rs"]
mod build;
#[path = "../examples/make_sample/frames.rs"]
mod frames;

use std::collections::BTreeSet;

use wirecraft_cli::capture::{Capture, SAMPLE};
use wirecraft_cli::dissect::{Dissection, Truncation, dissect};

fn sample() -> Vec<Dissection> {
    let mut capture = Capture::sample().unwrap();
    let mut all = Vec::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        all.push(dissect(&frame, Truncation::Refused));
    }
    all
}

#[test]
fn the_committed_file_is_what_the_generator_writes() {
    assert!(frames::capture() == SAMPLE, "run `cargo run -p wirecraft-cli --example make_sample -- cli/sample/sample.pcapng`");
}

#[test]
fn every_layer_that_the_tool_reads_occurs() {
    let names: BTreeSet<_> = sample().iter().flat_map(|frame| &frame.layers).map(|layer| layer.name).collect();
    let expected = [
        "ah",
        "atm",
        "atmarp",
        "data",
        "esp",
        "eth",
        "hip",
        "icmp",
        "icmpv6",
        "ip",
        "ipv6",
        "ipv6.dstopts",
        "ipv6.fraghdr",
        "ipv6.hopopts",
        "ipv6.routing",
        "lane",
        "llc",
        "mipv6",
        "null",
        "oam",
        "ppp",
        "shim6",
        "sll",
        "tcp",
        "udp",
        "udplite",
        "vlan",
    ];
    assert_eq!(names, BTreeSet::from(expected));
}

#[test]
fn every_option_that_the_crates_know_occurs() {
    let numbers = |key| {
        let all = sample();
        all.iter().flat_map(|frame| frame.values(key)).filter_map(|value| value.number()).collect::<BTreeSet<_>>()
    };
    assert!(numbers("ip.opt.type").is_superset(&BTreeSet::from([0, 1, 7, 68, 82, 130, 131, 133, 134, 136, 137, 148, 149])));
    assert!(numbers("ipv6.opt.type").is_superset(&BTreeSet::from([0, 1, 4, 5, 7, 0x23, 0x26, 0x30, 0xc9])));
    assert!(numbers("tcp.option_kind").is_superset(&BTreeSet::from([0, 1, 2, 3, 4, 5, 8, 19, 28, 29, 30, 34, 253])));
    assert!(numbers("ipv6.routing.type").is_superset(&BTreeSet::from([0, 2, 3, 4, 253])));
    assert!(numbers("ip.dsfield.dscp").len() >= 4 && numbers("ip.dsfield.ecn").len() == 4);
}

#[test]
fn packets_as_they_must_not_be_show_their_errors() {
    let kinds: BTreeSet<_> = sample().iter().filter_map(|frame| frame.error).map(|problem| problem.kind()).collect();
    let expected = ["HopByHopNotFirst", "LengthBeyondBuffer", "LengthTooSmall", "OptionLength", "Truncated", "Value", "Version"];
    assert_eq!(kinds, expected.into_iter().map(String::from).collect());
}

#[test]
fn what_is_not_meant_to_be_wrong_is_right() {
    // The last frames are wrong on purpose; before them every checksum holds.
    let all = sample();
    let wrong = 15;
    for (index, frame) in all[..all.len() - wrong].iter().enumerate() {
        assert_eq!(frame.error, None, "frame {}", index + 1);
        for key in ["ip.checksum.status", "tcp.checksum.status", "udp.checksum.status"] {
            assert!(frame.values(key).all(|status| status.number() != Some(0)), "frame {}", index + 1);
        }
    }
}
