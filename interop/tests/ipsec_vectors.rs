//! AH and ESP packets that others made: RFCs, DPDK, OpenDataPlane, Linux, KLIPS; and those on which scapy and an independent reference agree.

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

use std::time::Duration;

use interop::ipsec::{Association, TestRng, buffer, hex};
use interop::{agreed, skipped, vectors};
use ip_wire::ip::Packet;
use ipsec_wire::crypto::{Job, RustCrypto, Transform};
use ipsec_wire::esp::{Layout, Trailer};
use ipsec_wire::{Error, Keys, Opened, Suite};
use serde_json::Value;

const NOW: Duration = Duration::ZERO;

fn load(name: &str) -> Option<Value> {
    Some(serde_json::from_str(&vectors(name)?).unwrap())
}

fn sequence(vector: &Value) -> u64 {
    vector["seq_hi"].as_u64().unwrap() << 32 | vector["seq"].as_u64().unwrap()
}

/// The association of a vector with its tunnel ends from the packet's outer header.
fn association(vector: &Value) -> Association {
    let mut association = Association::of_vector(vector).unwrap_or_else(|| panic!("{}", vector["name"]));
    if vector["mode"] == "tunnel" && vector["level"] != "esp" {
        let wire = hex(vector["wire"].as_str().unwrap());
        let packet = Packet::parse(&wire).unwrap();
        association.tunnel = Some((packet.source(), packet.destination()));
    }
    association
}

fn open(association: &Association, vector: &Value, wire: &[u8]) -> Result<(Opened, Vec<u8>), Error> {
    let number = sequence(vector);
    let mut inbound = association.build(false, |builder| builder.received(number, &[]).inbound()).unwrap();
    let mut packet = buffer(wire);
    let opened = inbound.open(NOW, &mut packet)?;
    Ok((opened, packet.octets().to_vec()))
}

/// What a sealer takes from its node and not from the packet: outer identification, Don't Fragment, TTL, DS field.
fn seal_like(vector: &Value, plain: &[u8], wire: &[u8]) -> Vec<u8> {
    let association = association(vector);
    let number = sequence(vector);
    let mut outbound = association
        .build(true, |builder| {
            let builder = match (builder_tunnel(&association), Packet::parse(wire).unwrap()) {
                (Some(mut tunnel), Packet::V4(view)) => {
                    tunnel.hop_limit = ip_wire::tunnel::HopLimit::Fixed(view.ttl());
                    tunnel.dscp = ipsec_wire::sa::OuterDscp::Fixed(view.dscp());
                    if view.ecn() == ip_wire::Ecn::NotEct {
                        tunnel.ecn = ipsec_wire::sa::OuterEcn::NotEct;
                    }
                    tunnel.dont_fragment = if view.flags().dont_fragment() {
                        ip_wire::tunnel::DontFragment::Set
                    } else {
                        ip_wire::tunnel::DontFragment::Clear
                    };
                    builder.tunnel(tunnel)
                }
                (Some(mut tunnel), Packet::V6(view)) => {
                    tunnel.hop_limit = ip_wire::tunnel::HopLimit::Fixed(view.hop_limit());
                    tunnel.dscp = ipsec_wire::sa::OuterDscp::Fixed(view.dscp());
                    if view.ecn() == ip_wire::Ecn::NotEct {
                        tunnel.ecn = ipsec_wire::sa::OuterEcn::NotEct;
                    }
                    tunnel.flow_label = ip_wire::tunnel::FlowLabelMode::Fixed(view.flow_label());
                    builder.tunnel(tunnel)
                }
                _ => builder,
            };
            builder.last_sent(number.wrapping_sub(1)).outbound(&mut TestRng(1))
        })
        .unwrap();
    if let Packet::V4(view) = Packet::parse(wire).unwrap() {
        outbound.set_identification(view.identification());
    }
    let mut packet = buffer(plain);
    let iv = hex(vector["iv"].as_str().unwrap_or_default());
    outbound.seal_with_iv(NOW, &mut packet, &iv).unwrap_or_else(|error| panic!("{}: {error}", vector["name"]));
    packet.octets().to_vec()
}

fn builder_tunnel(association: &Association) -> Option<ipsec_wire::Tunnel> {
    association.tunnel.map(|(source, destination)| ipsec_wire::Tunnel::new(source, destination).unwrap())
}

#[test]
fn packets_of_others_open_and_seal_to_the_same_octets() {
    let Some(file) = load("ipsec-packets.json") else {
        return skipped("packets_of_others_open_and_seal_to_the_same_octets", "no ipsec-packets.json");
    };
    let (mut opened, mut sealed, mut refused) = (0, 0, 0);
    let mut failures = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let wire = hex(vector["wire"].as_str().unwrap());
        let association = association(vector);
        if vector["level"] == "esp" {
            match esp_level(vector, &association, &wire) {
                Ok(()) => (opened, sealed) = (opened + 1, sealed + 1),
                Err(error) => failures.push(format!("{name}: {error}")),
            }
            continue;
        }
        let result = open(&association, vector, &wire);
        if vector["expect"] == "reject" {
            assert_eq!(result.unwrap_err(), Error::Authentication, "{name}");
            refused += 1;
            continue;
        }
        let plain = hex(vector["plain"].as_str().unwrap());
        match result {
            Ok((_, octets)) if octets == plain => opened += 1,
            Ok((_, octets)) => failures.push(format!("{name}: opened\n  {octets:02x?}\n  {plain:02x?}")),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
        let again = seal_like(vector, &plain, &wire);
        if again == wire {
            sealed += 1;
        } else {
            failures.push(format!("{name}: sealed\n  {again:02x?}\n  {wire:02x?}"));
        }
    }
    agreed("packets published by others", "AH and ESP packets opened and sealed, or refused", opened.min(sealed) + refused);
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
    assert_eq!((opened, sealed, refused), (116, 116, 3));
}

/// ESP without an IP header around it.
fn esp_level(vector: &Value, association: &Association, wire: &[u8]) -> Result<(), String> {
    let keys = Keys { encryption: &association.encryption, integrity: &association.integrity };
    let transform = RustCrypto::new(&association.suite, &keys).map_err(|error| error.to_string())?;
    let high = vector["esn"].as_bool().unwrap().then(|| vector["seq_hi"].as_u64().unwrap() as u32);
    let mut packet = wire.to_vec();
    let mut job = Job::new(&mut packet, high);
    transform.open(&mut job);
    if !job.authentic {
        return Err("not authentic".into());
    }
    let layout = Layout::new(&association.suite);
    let parts = layout.split(&packet).map_err(|error| error.to_string())?;
    if vector["plaintext_with_trailer"].as_str().is_some_and(|plaintext| hex(plaintext) != parts.ciphertext) {
        return Err("plaintext".into());
    }
    let trailer = Trailer::parse(parts.ciphertext).map_err(|error| error.to_string())?;
    if trailer.payload() != hex(vector["plain"].as_str().unwrap()) {
        return Err("payload".into());
    }
    transform.seal(&mut Job::new(&mut packet, high));
    if packet == wire { Ok(()) } else { Err("sealed otherwise".into()) }
}

#[test]
fn packets_on_which_two_references_agree_hold_both_ways() {
    let Some(file) = load("ipsec-generated.json") else {
        return skipped("packets_on_which_two_references_agree_hold_both_ways", "no ipsec-generated.json");
    };
    let mut count = 0;
    let mut failures = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let (wire, plain) = (hex(vector["wire"].as_str().unwrap()), hex(vector["plain"].as_str().unwrap()));
        let association = association(vector);
        let arrives = vector["wire_at_destination"].as_str().map_or_else(|| wire.clone(), hex);
        let delivered = vector["plain_at_destination"].as_str().map_or_else(|| plain.clone(), hex);
        let before = failures.len();
        match open(&association, vector, &arrives) {
            Ok((_, octets)) if octets == delivered => {}
            Ok((_, octets)) => failures.push(format!("{name}: opened\n  {octets:02x?}\n  {delivered:02x?}")),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
        let again = seal_like(vector, &plain, &wire);
        if again != wire {
            failures.push(format!("{name}: sealed\n  {again:02x?}\n  {wire:02x?}"));
        }
        count += usize::from(before == failures.len());
    }
    agreed("scapy and a second reference", "generated AH and ESP packets, opened and sealed", count);
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
    assert_eq!(count, 329);
}

#[test]
fn packets_without_keys_are_read() {
    let Some(file) = load("ipsec-packets.json") else {
        return skipped("packets_without_keys_are_read", "no ipsec-packets.json");
    };
    for vector in file["parse_only"].as_array().unwrap() {
        let octets = hex(vector["packet"].as_str().unwrap());
        let start = if vector["link"] == "ethernet" { 14 } else { 0 };
        let packet = Packet::parse(&octets[start..]).unwrap();
        let upper = packet.upper_layer().unwrap();
        match upper.protocol {
            ip_wire::Protocol::ESP => assert!(ipsec_wire::esp::View::parse(upper.octets).unwrap().spi() > 0),
            ip_wire::Protocol::AH => assert!(ipsec_wire::ah::View::parse(upper.octets).unwrap().spi() > 0),
            other => panic!("{other:?}: {}", vector["name"]),
        }
    }
}

#[test]
fn the_vectors_have_suites_of_every_kind() {
    let Some(file) = load("ipsec-generated.json") else {
        return skipped("the_vectors_have_suites_of_every_kind", "no ipsec-generated.json");
    };
    let kinds = file["vectors"].as_array().unwrap().iter().fold([0; 3], |mut kinds, vector| {
        match Association::of_vector(vector).unwrap().suite {
            Suite::Ah(_) => kinds[0] += 1,
            Suite::Esp { .. } => kinds[1] += 1,
            Suite::EspCombined(_) => kinds[2] += 1,
        }
        kinds
    });
    assert_eq!(kinds.iter().sum::<i32>(), 329);
    assert!(kinds.iter().all(|count| *count > 50), "{kinds:?}");
}
