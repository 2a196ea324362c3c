//! ICMP errors of real captures: each whose quoted packet is in the same capture is of that packet's flow, turned round.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

use std::collections::HashMap;
use std::net::IpAddr;

use addr_sharing::flow::{Kind, identify, quote};
use interop::{agreed, captures, frames, skipped};
use ip_wire::ip::Packet;
use ip_wire::{FlowKey, Protocol};

/// What is the same of a packet here and in the quote of a router further on: addresses, protocol, IPv4's identification and place in the datagram, and 8 octets of what is carried.
type Name = (IpAddr, IpAddr, Protocol, u32, Vec<u8>);

fn name(packet: &Packet<'_>) -> Option<Name> {
    let upper = packet.upper_layer().ok()?;
    let mut carried = upper.octets.get(..8)?.to_vec();
    // Where the upper layer is not quoted to its checksum's end, the checksum may be an offloaded one.
    if upper.protocol == Protocol::UDP {
        carried.truncate(6);
    }
    let fragment = match packet {
        Packet::V4(view) => (u32::from(view.identification()) << 16) | u32::from(view.fragment_offset().units()),
        Packet::V6(view) => view.flow_label().value(),
    };
    Some((packet.source(), packet.destination(), upper.protocol, fragment, carried))
}

#[test]
fn icmp_errors_are_of_the_flow_that_they_quote() {
    let Some(captures) = captures() else {
        return skipped("icmp_errors_are_of_the_flow_that_they_quote", "no captures");
    };
    let mut matched = 0;
    for path in captures {
        let mut flows: HashMap<Name, FlowKey> = HashMap::new();
        let mut quoted: Vec<(Name, FlowKey, bool, u64)> = Vec::new();
        // A damaged capture is read up to its damage.
        let _ = frames(&path, |frame| {
            let Some(octets) = wirecraft_cli::atm::packet(frame) else { return };
            let Ok(reading) = Packet::parse_lax(octets) else { return };
            let packet = reading.into_view();
            let Ok(found) = identify(&packet) else { return };
            match found.kind {
                Kind::Packet => {
                    if let Some(name) = name(&packet) {
                        flows.insert(name, found.key);
                    }
                }
                Kind::IcmpError => {
                    let quote = quote(&packet).unwrap().unwrap();
                    if let Some(name) = quote.packet().ok().and_then(|reading| name(&reading.into_view())) {
                        quoted.push((name, found.key, found.to_sender, frame.number));
                    }
                }
            }
        });
        for (name, key, _, number) in &quoted {
            if let Some(flow) = flows.get(name) {
                assert_eq!(*key, flow.reversed(), "{} frame {number}", path.display());
                matched += 1;
            }
        }
    }
    agreed("real captures", "ICMP errors of the flow of the packet that they quote", matched);
    assert!(matched > 0);
}
