//! Replay windows against a Linux kernel's verdicts on sequences of packets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "tests fail by panicking"
)]

use interop::{agreed, golden, golden_names, skipped};
use ipsec_wire::replay::{Window, words_for};
use serde::Deserialize;

#[derive(Deserialize)]
struct Recording {
    sas: Vec<Association>,
    packets: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Association {
    esn: bool,
    replay_window: u32,
    /// The highest number so far on both sides when the recording starts.
    #[serde(default)]
    seq: u32,
    #[serde(default)]
    seq_hi: u32,
}

#[derive(Deserialize)]
struct Recorded {
    label: String,
    seq64: u64,
    accepted: bool,
}

/// The ICV of a packet holds if the receiver finds the number that the sender had: that is all of the cryptography that a verdict needs.
#[test]
fn windows_give_a_kernels_verdicts() {
    let names = golden_names("r-replay-");
    if names.is_empty() {
        return skipped("windows", "there are no recordings");
    }
    let (mut accepted, mut refused) = (0, 0);
    for name in &names {
        let recording: Recording = serde_json::from_str(&golden(name).unwrap()).unwrap();
        let [sa] = &recording.sas[..] else { panic!("{name}: one association is needed") };
        let highest = u64::from(sa.seq_hi) << 32 | u64::from(sa.seq);
        let storage = vec![0; words_for(sa.replay_window)];
        let mut window = Window::restore(sa.replay_window, sa.esn, storage, highest, &[]).unwrap();
        for packet in &recording.packets {
            let low = packet.seq64 as u32;
            let ours = match window.check(low) {
                Ok(number) => (!sa.esn || number == packet.seq64) && window.mark(number).is_ok(),
                Err(_) => false,
            };
            assert_eq!(ours, packet.accepted, "{name} {}: T {:#x}", packet.label, window.highest());
            *if ours { &mut accepted } else { &mut refused } += 1;
        }
    }
    agreed("Linux kernel, recorded", "verdicts of replay windows without any cryptography", accepted + refused);
    assert!(accepted >= 500 && refused >= 300, "{accepted} accepted and {refused} refused are too few to say anything");
}
