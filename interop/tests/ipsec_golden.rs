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

use std::net::IpAddr;
use std::time::Duration;

use interop::ipsec::{Association, TestRng, buffer, hex};
use interop::{agreed, golden, golden_names, skipped};
use ip_wire::ip::Packet;
use ipsec_wire::ah::{End, covered};
use ipsec_wire::crypto::{RustCrypto, Transform};
use ipsec_wire::{Error, Inbound, Keys, Opened, Outbound, Suite};
use serde_json::Value;

const NOW: Duration = Duration::ZERO;

const KERNEL: &str = "Linux kernel, recorded";

struct Recording {
    name: String,
    kind: String,
    value: Value,
}

/// The recordings of some kinds that are of IPsec.
fn recordings(kinds: &[&str]) -> Vec<Recording> {
    golden_names("")
        .iter()
        .filter_map(|name| {
            let value: Value = serde_json::from_str(&golden(name)?).unwrap();
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

/// What Linux seals otherwise than RFC 4302 has it: under a source route at its end it takes the route's last address for the destination all the same, and
/// then refuses such packets itself.
const SEALED_OTHERWISE: [&str; 2] = ["udp-opt-lsrr-done", "udp-opt-ssrr-done"];

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
            if recording.kind == "ah"
                && recording.value["mode"] == "transport"
                && SEALED_OTHERWISE.contains(&packet["label"].as_str().unwrap())
            {
                assert_ne!(packet["delivered"].as_bool(), Some(true), "{label}");
                continue;
            }
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
                let mut inbound = sa.build(false, |builder| builder.received(number.saturating_sub(1), &[]).inbound()).unwrap();
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
    agreed(KERNEL, "AH and ESP packets that open to what went in", opened);
    agreed(KERNEL, "AH and ESP packets sealed to the same octets", sealed);
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
    assert!(opened > 2800 && sealed == opened, "{opened} {sealed}");
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
        let mut inbound: Inbound = association.build(false, |builder| builder.received(start, &[]).inbound()).unwrap();
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
    agreed(KERNEL, "verdicts on replayed, late and wrapped sequence numbers", count);
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
}

/// Where our verdict is not the kernel's, and why.
const STRICTER_OR_LOOSER: [(&str, &str); 7] = [
    ("pad-wrong-content", "RFC 4303 2.4: the receiver should look at the padding"),
    ("pad-zero-content", "RFC 4303 2.4"),
    ("dummy-nh59", "RFC 4303 2.6: dropped without being an error"),
    ("dummy-nh59-empty", "RFC 4303 2.6"),
    ("empty-nh17", "RFC 4303 2.3: a payload may be empty"),
    ("checksum-wrong", "RFC 3948 2.1: UDP's checksum does not count, the ICV does"),
    ("ecn-outer3-inner0", "RFC 6040 4.2: CE on a packet that is Not-ECT inside is a loss"),
];

#[test]
fn recorded_verdicts_of_changed_packets_are_ours_but_where_an_rfc_says_otherwise() {
    let recordings = recordings(&["mutate"]);
    if recordings.is_empty() {
        return skipped("recorded_verdicts_of_changed_packets_are_ours_but_where_an_rfc_says_otherwise", "no recordings");
    }
    let (mut count, mut otherwise, mut failures) = (0, 0, Vec::new());
    for recording in &recordings {
        let sa = &recording.value["sas"][0];
        let association = Association::of_xfrm(sa).unwrap();
        let start = sa["seq_hi"].as_u64().unwrap_or(0) << 32 | sa["seq"].as_u64().unwrap_or(0);
        let mut inbound: Inbound = association.build(false, |builder| builder.received(start, &[]).inbound()).unwrap();
        for packet in recording.value["packets"].as_array().unwrap() {
            let label = packet["label"].as_str().unwrap();
            let Some(accepted) = packet["accepted"].as_bool() else { continue };
            let protected = match packet["protected"].as_str() {
                Some(protected) => hex(protected),
                None => mutated(&hex(recording.value["base"].as_str().unwrap()), label),
            };
            let taken = taken_by_ip(&protected, sa["dst"].as_str().unwrap().parse().unwrap());
            let result = if taken { inbound.open(NOW, &mut buffer(&protected)) } else { Err(Error::Authentication) };
            if STRICTER_OR_LOOSER.iter().any(|(name, _)| *name == label) {
                assert_ne!(result.is_ok(), accepted, "{label}: no longer a difference");
                otherwise += 1;
            } else if result.is_ok() == accepted {
                count += 1;
            } else {
                failures.push(format!("{} {label}: {result:?}, {accepted} {}", recording.name, packet["why"]));
            }
        }
    }
    agreed(KERNEL, "verdicts on changed packets", count);
    agreed(KERNEL, "verdicts on changed packets where an RFC says otherwise, each listed", otherwise);
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
    assert!(count > 2900, "{count}");
}

/// Whether the receiver's IP takes a packet at all: it is its own, and its IPv4 header's checksum holds.
fn taken_by_ip(octets: &[u8], address: IpAddr) -> bool {
    Packet::parse(octets).is_ok_and(|packet| {
        packet.destination() == address
            && match packet {
                Packet::V4(view) => view.verify_checksum().is_ok(),
                Packet::V6(_) => true,
            }
    })
}

/// The base packet with the change that a label says: `xor:OFFSET:MASK`. An IPv4 header's checksum is set right again.
fn mutated(base: &[u8], label: &str) -> Vec<u8> {
    let mut parts = label.split(':').skip(1);
    let offset: usize = parts.next().unwrap().parse().unwrap();
    let mask = u8::from_str_radix(parts.next().unwrap().trim_start_matches("0x"), 16).unwrap();
    let mut octets = base.to_vec();
    octets[offset] ^= mask;
    if base[0] == 0x45 && offset < 20 && !(10..12).contains(&offset) {
        octets[10..12].fill(0);
        let checksum = ip_wire::checksum::of(&octets[..20]);
        octets[10..12].copy_from_slice(&checksum.to_be_bytes());
    }
    octets
}

#[test]
fn recorded_lengths_and_mtus_are_those_of_the_arithmetic() {
    let recordings = recordings(&["gateway"]);
    if recordings.is_empty() {
        return skipped("recorded_lengths_and_mtus_are_those_of_the_arithmetic", "no recordings");
    }
    let mut count = 0;
    for recording in &recordings {
        let wan = recording.value["wan_mtu"].as_u64().unwrap() as usize;
        let version = recording.value["inner_family"].as_u64().unwrap() as u8;
        let association = associations(recording, "a2b").remove(0);
        let outbound: Outbound = association.build(true, |builder| builder.outbound(&mut TestRng(1))).unwrap();
        for packet in recording.value["packets"].as_array().unwrap() {
            let label = format!("{} {}", recording.name, packet["label"]);
            let Some(len) = packet["length"].as_u64() else { continue };
            if let Some(mtu) = packet["icmp_mtu"].as_u64() {
                assert_eq!(outbound.max_inner(version, wan, 0), Some(mtu as usize), "{label}");
                count += 1;
            }
            if let Some([wire]) = packet["wire_lengths"].as_array().map(Vec::as_slice) {
                assert_eq!(outbound.sealed_len(version, len as usize, 0), wire.as_u64().unwrap() as usize, "{label}");
                count += 1;
            }
        }
    }
    agreed(KERNEL, "sealed lengths and path MTUs of a gateway", count);
    assert!(count > 200, "{count}");
}

#[test]
fn packets_recorded_at_gateways_open_and_seal_to_the_same_octets() {
    let recordings = recordings(&["gateway"]);
    if recordings.is_empty() {
        return skipped("packets_recorded_at_gateways_open_and_seal_to_the_same_octets", "no recordings");
    }
    let mut count = 0;
    for recording in &recordings {
        for packet in recording.value["packets"].as_array().unwrap() {
            let label = format!("{} {}", recording.name, packet["label"]);
            let (Some(injected), Some(protected)) = (packet["injected"].as_str(), packet["protected"].as_str()) else { continue };
            let (mut plain, protected) = (hex(injected), hex(protected));
            if packet["fragments"].is_array() {
                continue;
            }
            // The gateway forwards, and takes one hop off, before it seals.
            match Packet::parse(&plain).unwrap() {
                Packet::V4(_) => drop(ip_wire::ipv4::ViewMut::parse(&mut plain).unwrap().decrement_ttl().unwrap()),
                Packet::V6(_) => drop(ip_wire::ipv6::ViewMut::parse(&mut plain).unwrap().decrement_hop_limit().unwrap()),
            }
            let sas = associations(recording, packet["dir"].as_str().unwrap());
            let (iv, number) = iv_of(&sas[0], &protected).unwrap();
            let mut buf = buffer(&protected);
            let mut inbound: Inbound =
                sas[0].build(false, |builder| builder.received(u64::from(number) - 1, &[]).inbound()).unwrap();
            assert!(inbound.open(NOW, &mut buf).is_ok(), "{label}");
            assert_eq!(buf.octets(), plain, "{label}");
            let mut outbound: Outbound =
                sas[0].build(true, |builder| builder.last_sent(u64::from(number) - 1).outbound(&mut TestRng(1))).unwrap();
            if let Ok(Packet::V4(view)) = Packet::parse(&protected) {
                outbound.set_identification(view.identification());
            }
            outbound.seal_with_iv(NOW, &mut buf, &iv).unwrap();
            assert_eq!(with_padding_of(&sas, buf.octets(), &protected, 0), protected, "{label}");
            count += 1;
        }
    }
    agreed(KERNEL, "packets of a gateway, opened and sealed", count);
    assert!(count > 10, "{count}");
}

#[test]
fn at_the_end_of_the_recorded_numbers_we_stop_too() {
    let recordings: Vec<_> = recordings(&["esp"]).into_iter().filter(|recording| recording.name.contains("seqend")).collect();
    if recordings.is_empty() {
        return skipped("at_the_end_of_the_recorded_numbers_we_stop_too", "no recordings");
    }
    for recording in &recordings {
        let sa = &recording.value["sas"][0];
        let last = sa["oseq_hi"].as_u64().unwrap_or(0) << 32 | sa["oseq"].as_u64().unwrap();
        let association = associations(recording, "a2b").remove(0);
        let mut outbound: Outbound =
            association.build(true, |builder| builder.last_sent(last).outbound(&mut TestRng(1))).unwrap();
        for packet in recording.value["packets"].as_array().unwrap().iter().filter(|packet| packet["dir"] == "a2b") {
            let mut buf = buffer(&hex(packet["plain"].as_str().unwrap()));
            let result = outbound.seal(NOW, &mut buf);
            assert_eq!(result.is_ok(), packet["protected"].is_string(), "{} {}", recording.name, packet["label"]);
            if packet["send_error"].is_string() {
                assert_eq!(result, Err(Error::SequenceExhausted));
            }
        }
    }
}
