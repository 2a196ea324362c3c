//! Nothing that a capture holds makes the dissector panic, loop, or take its time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::time::{Duration, Instant};

use interop::{captures, frames, skipped};
use ip_wire::link::LinkType;
use wirecraft_cli::capture::{Capture, Frame, SAMPLE};
use wirecraft_cli::dissect::{Truncation, dissect};
use wirecraft_cli::output;
use wirecraft_cli::stats::Census;

/// Far more than the worst frame takes, even unoptimised on a busy machine.
const LONGEST: Duration = Duration::from_secs(2);

/// Takes a frame apart in every way there is, within bounded time; returns how many layers it has.
fn take_apart(frame: &Frame<'_>) -> usize {
    let start = Instant::now();
    let mut layers = 0;
    for truncation in [Truncation::Allowed, Truncation::Refused] {
        let dissection = dissect(frame, truncation);
        layers = layers.max(dissection.layers.len());
        assert!(!output::tree(frame, &dissection).is_empty());
        assert!(output::json(frame, &dissection).starts_with('{'));
        let mut census = Census::default();
        census.count(frame, &dissection);
        assert!(census.to_string().starts_with("1 frames"));
    }
    let took = start.elapsed();
    assert!(took < LONGEST, "frame {} took {took:?}", frame.number);
    layers
}

#[test]
fn every_frame_of_every_capture_is_survived() {
    let Some(files) = captures() else { return skipped("hostile captures", "there are no captures") };
    let (mut read, mut damaged) = (0usize, 0usize);
    for file in &files {
        let outcome = frames(file, |frame| {
            take_apart(frame);
            read += 1;
        });
        damaged += usize::from(outcome.is_err());
    }
    assert!(read > 10_000, "{read} frames are too few to say anything");
    assert!(damaged > 0, "some captures are damaged on purpose");
}

#[test]
fn frames_cut_at_every_octet_are_survived() {
    let mut capture = Capture::sample().unwrap();
    while let Some(frame) = capture.next_frame().unwrap() {
        let octets = frame.octets.to_vec();
        for len in 0..octets.len().min(256) {
            for original_len in [len, octets.len()] {
                take_apart(&Frame { octets: &octets[..len], original_len, ..frame });
            }
        }
    }
    let Some(files) = captures() else { return skipped("cut captures", "there are no captures") };
    let mut cuts = 0;
    for file in &files {
        let _damage = frames(file, |frame| {
            // One frame in 16 but the first of each file always.
            if frame.number % 16 != 1 {
                return;
            }
            for len in (0..frame.octets.len().min(160)).step_by(3) {
                take_apart(&Frame { octets: &frame.octets[..len], ..*frame });
                cuts += 1;
            }
        });
    }
    assert!(cuts > 10_000, "{cuts} cuts are too few to say anything");
}

#[test]
fn damaged_files_end_with_an_error_and_never_with_a_panic() {
    // Every octet of the file's first part changed, and the file cut at every octet of it.
    let file = &SAMPLE[..SAMPLE.len().min(2048)];
    let read = |octets: Vec<u8>| {
        let Ok(mut capture) = Capture::new("damaged".into(), std::io::Cursor::new(octets)) else { return 0 };
        let mut frames = 0;
        while let Ok(Some(frame)) = capture.next_frame() {
            take_apart(&frame);
            frames += 1;
            assert!(frames < 1000, "the file does not end");
        }
        frames
    };
    let whole = read(file.to_vec());
    for at in 0..file.len() {
        assert!(read(file[..at].to_vec()) <= whole);
        for octet in [0, 0xff, file[at] ^ 0x40] {
            let mut octets = file.to_vec();
            octets[at] = octet;
            read(octets);
        }
    }
}

#[test]
fn tunnels_without_end_are_cut_off() {
    // 3,000 IPv4 headers in each other.
    let mut packet = Vec::new();
    for inner in 0..3000usize {
        let len = (20 * (inner + 1)).min(65_535) as u16;
        let [high, low] = len.to_be_bytes();
        packet.splice(0..0, [0x45, 0, high, low, 0, 0, 0, 0, 64, 4, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    }
    let frame = Frame { number: 1, link_type: LinkType::RAW, time: None, original_len: packet.len(), octets: &packet };
    assert!(take_apart(&frame) < 100);
    assert!(dissect(&frame, Truncation::Allowed).error.is_some());
}
