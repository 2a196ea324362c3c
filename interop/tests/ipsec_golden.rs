//! Packets recorded from a real Linux kernel: they open to what went in, seal to the same octets, and get the same verdicts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::time::Duration;

use interop::ipsec::{Association, TestRng, buffer, hex};
use interop::{golden_files, skipped};
use ip_wire::ip::Packet;
use ipsec_wire::ah::{End, covered};
use ipsec_wire::crypto::{RustCrypto, Transform};
use ipsec_wire::{Inbound, Keys, Opened, Suite};
use serde_json::Value;

const NOW: Duration = Duration::ZERO;

struct Recording {
    name: String,
    kind: String,
    value: Value,
}

/// The recordings of some kinds that are of IPsec.
fn recordings(kinds: &[&str]) -> Vec<Recording> {
    golden_files()
        .iter()
        .filter_map(|path| {
            let value: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
            let kind = value["kind"].as_str()?.to_owned();
            let has_sas = value["sas"].as_array().is_some_and(|sas| !sas.is_empty());
            (has_sas && kinds.contains(&kind.as_str())).then(|| Recording {
                name: value["name"].as_str().unwrap_or_default().to_owned(),
                kind,
                value,
            })
        })
        .collect()
}

/// The associations of a direction in the order in which the sender applies them.
fn associations(recording: &Recording, dir: &str) -> Vec<Association> {
    let sas = recording.value["sas"].as_array().unwrap();
    let of_dir = sas.iter().filter(|sa| sa["dir"] == dir);
    of_dir.map(|sa| Association::of_xfrm(sa).unwrap_or_else(|error| panic!("{}: {error}", recording.name))).collect()
}

/// The IV that a protected packet has for an association, and its sequence number.
fn iv_of(association: &Association, octets: &[u8]) -> Option<(Vec<u8>, u32)> {
    let packet = Packet::parse(octets).ok()?;
    let upper = packet.upper_layer().ok()?;
    let skip = association.encapsulation.map_or(0, |encapsulation| encapsulation.len());
    let octets = upper.octets.get(skip..)?;
    let number = |at: usize| octets.get(at..at + 4).map(|n| u32::from_be_bytes(n.try_into().unwrap()));
    Some(match association.suite {
        Suite::Ah(_) => (Vec::new(), number(8)?),
        suite => (octets.get(8..8 + suite.iv_len())?.to_vec(), number(4)?),
    })
}

fn difference(ours: &[u8], theirs: &[u8]) -> String {
    let at = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs).unwrap_or(ours.len().min(theirs.len()));
    format!(
        "{} and {} octets, other from {at} on: {:02x?} {:02x?}",
        ours.len(),
        theirs.len(),
        &ours[at..].get(..24),
        &theirs[at..].get(..24)
    )
}

/// Linux leaves whatever was in its buffer in AH's padding, and covers it by the ICV. The packet is made again with that padding.
fn with_padding_of(sas: &[Association], ours: &[u8], theirs: &[u8], high: u64) -> Vec<u8> {
    let mut octets = ours.to_vec();
    let Some(Suite::Ah(integrity)) = sas.last().map(|sa| sa.suite) else { return octets };
    let (Ok(packet), true) = (Packet::parse(ours), ours.len() == theirs.len()) else { return octets };
    let upper = packet.upper_layer().unwrap();
    let (at, len) = (upper.offset as usize, ipsec_wire::ah::View::parse(upper.octets).unwrap().header_len());
    let icv = at + 12..at + 12 + integrity.icv_len();
    octets[icv.end..at + len].copy_from_slice(&theirs[icv.end..at + len]);
    let sa = sas.last().unwrap();
    let transform = RustCrypto::new(&sa.suite, &Keys { encryption: &[], integrity: &sa.integrity }).unwrap();
    let mut computed = vec![0; integrity.icv_len()];
    let high = sa.esn.then_some(high as u32);
    transform.ah_icv(&|sink| covered(&octets, at, (0, integrity.icv_len()), high, End::Sender, sink).unwrap(), &mut computed);
    octets[icv].copy_from_slice(&computed);
    octets
}

#[test]
fn recorded_packets_open_and_seal_to_the_same_octets() {
    let recordings = recordings(&["esp", "ah", "natt", "bundle", "srcroute", "tunnel"]);
    if recordings.is_empty() {
        return skipped("recorded_packets_open_and_seal_to_the_same_octets", "no recordings");
    }
    let (mut opened, mut sealed, mut failures) = (0, 0, Vec::new());
    for recording in &recordings {
        for packet in recording.value["packets"].as_array().unwrap() {
            let (Some(plain), Some(protected)) = (packet["plain"].as_str(), packet["protected"].as_str()) else { continue };
            let label = format!("{} {} {}", recording.kind, recording.name, packet["label"].as_str().unwrap());
            let (plain, protected) = (hex(plain), hex(protected));
            let sas = associations(recording, packet["dir"].as_str().unwrap());
            let high = packet["seq_hi"].as_u64().unwrap_or(0);
            // Open from the outermost.
            let arrives = packet["at_receiver"].as_str().map_or_else(|| protected.clone(), hex);
            let mut buf = buffer(&arrives);
            let mut outcome = Ok(());
            let mut stages = Vec::new();
            for sa in sas.iter().rev() {
                let (iv, low) = iv_of(sa, buf.octets()).unwrap_or_default();
                let number = high << 32 | u64::from(low);
                stages.push((iv, number, buf.octets().to_vec()));
                let mut inbound =
                    sa.build(false, |builder| builder.highest_received(number.saturating_sub(1)).inbound()).unwrap();
                match inbound.open(NOW, &mut buf) {
                    Ok(Opened::Packet(_)) => {}
                    Ok(other) => outcome = Err(format!("{other:?}")),
                    Err(error) => outcome = Err(error.to_string()),
                }
            }
            match outcome {
                Ok(()) if packet["at_receiver"].is_string() || buf.octets() == plain => opened += 1,
                Ok(()) => failures.push(format!("{label}: opened: {}", difference(buf.octets(), &plain))),
                Err(error) => failures.push(format!("{label}: {error}")),
            }
            if packet["at_receiver"].is_string() {
                stages[0].2.clone_from(&protected);
            }
            let mut buf = buffer(&plain);
            let mut outcome = Ok(());
            for (sa, (iv, number, stage)) in sas.iter().zip(stages.iter().rev()) {
                let mut outbound =
                    sa.build(true, |builder| builder.last_sent(number.saturating_sub(1)).outbound(&mut TestRng(1))).unwrap();
                if let Ok(Packet::V4(view)) = Packet::parse(stage) {
                    outbound.set_identification(view.identification());
                }
                if let Err(error) = outbound.seal_with_iv(NOW, &mut buf, iv) {
                    outcome = Err(error.to_string());
                }
            }
            let ours = with_padding_of(&sas, buf.octets(), &protected, high);
            match outcome {
                Ok(()) if ours == protected => sealed += 1,
                Ok(()) => failures.push(format!("{label}: sealed: {}", difference(&ours, &protected))),
                Err(error) => failures.push(format!("{label}: seal: {error}")),
            }
        }
    }
    eprintln!("{opened} opened, {sealed} sealed");
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn recorded_verdicts_of_replay_are_ours_packet_by_packet() {
    let recordings = recordings(&["replay"]);
    if recordings.is_empty() {
        return skipped("recorded_verdicts_of_replay_are_ours_packet_by_packet", "no recordings");
    }
    let (mut count, mut failures) = (0, Vec::new());
    for recording in &recordings {
        let sa = &recording.value["sas"][0];
        let association = Association::of_xfrm(sa).unwrap();
        let start = sa["seq_hi"].as_u64().unwrap_or(0) << 32 | sa["seq"].as_u64().unwrap_or(0);
        let mut inbound: Inbound = association.build(false, |builder| builder.highest_received(start).inbound()).unwrap();
        for packet in recording.value["packets"].as_array().unwrap() {
            let mut buf = buffer(&hex(packet["protected"].as_str().unwrap()));
            let result = inbound.open(NOW, &mut buf);
            let accepted = packet["accepted"].as_bool().unwrap();
            if result.is_ok() == accepted {
                count += 1;
            } else {
                failures.push(format!("{} {}: {result:?}, {}", recording.name, packet["label"], packet["why"]));
            }
        }
    }
    eprintln!("{count} verdicts");
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn recorded_verdicts_of_changed_packets_are_ours_but_where_the_rfc_is_stricter() {
    let recordings = recordings(&["mutate"]);
    if recordings.is_empty() {
        return skipped("recorded_verdicts_of_changed_packets_are_ours_but_where_the_rfc_is_stricter", "no recordings");
    }
    let (mut count, mut failures) = (0, Vec::new());
    for recording in &recordings {
        let sa = &recording.value["sas"][0];
        let association = Association::of_xfrm(sa).unwrap();
        let start = sa["seq_hi"].as_u64().unwrap_or(0) << 32 | sa["seq"].as_u64().unwrap_or(0);
        let mut inbound: Inbound = association.build(false, |builder| builder.highest_received(start).inbound()).unwrap();
        for packet in recording.value["packets"].as_array().unwrap() {
            let (Some(protected), Some(accepted)) = (packet["protected"].as_str(), packet["accepted"].as_bool()) else {
                continue;
            };
            let mut buf = buffer(&hex(protected));
            let result = inbound.open(NOW, &mut buf);
            if result.is_ok() == accepted {
                count += 1;
            } else {
                failures.push(format!(
                    "{} {}: {result:?}, {} {}",
                    recording.name, packet["label"], packet["accepted"], packet["why"]
                ));
            }
        }
    }
    eprintln!("{count} verdicts");
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
}
