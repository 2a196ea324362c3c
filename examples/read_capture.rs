//! Reads a classic pcap file with a reader of its own, and prints its flows by the octets that they carry.
//!
//! `cargo run --release -p wirecraft-examples --bin read_capture [FILE]`; without a file it reads one that it makes up.

use std::collections::HashMap;
use std::error::Error;
use std::{env, fs};

use ip_wire::link::{LinkType, NetworkProtocol, network};
use ip_wire::{Flow, FlowKey};
use wirecraft_examples::traffic;

/// The frames of a classic pcap file, of either byte order.
struct Frames<'a> {
    rest: &'a [u8],
    number: fn([u8; 4]) -> u32,
    link_type: LinkType,
}

impl<'a> Frames<'a> {
    fn new(file: &'a [u8]) -> Result<Self, &'static str> {
        let (head, rest) = file.split_first_chunk::<24>().ok_or("shorter than a file header")?;
        let number: fn([u8; 4]) -> u32 = match head {
            [0xd4, 0xc3, 0xb2, 0xa1, ..] | [0x4d, 0x3c, 0xb2, 0xa1, ..] => u32::from_le_bytes,
            [0xa1, 0xb2, 0xc3, 0xd4, ..] | [0xa1, 0xb2, 0x3c, 0x4d, ..] => u32::from_be_bytes,
            _ => return Err("not a classic pcap file"),
        };
        let [.., a, b, c, d] = *head;
        // The upper half of the field is about frame check sequences.
        let link_type = LinkType(number([a, b, c, d]) as u16);
        Ok(Self { rest, number, link_type })
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        // Seconds, fraction, octets that are here, octets that there were.
        let ([_, _, _, _, _, _, _, _, a, b, c, d, _, _, _, _], rest) = self.rest.split_first_chunk::<16>()?;
        let (frame, rest) = rest.split_at_checked((self.number)([*a, *b, *c, *d]) as usize)?;
        self.rest = rest;
        Some(frame)
    }
}

/// Packets and octets by flow, and frames by the reason why they are of none.
#[derive(Debug, Default)]
struct Report {
    flows: HashMap<FlowKey, (u64, u64)>,
    others: HashMap<String, u64>,
}

fn report(file: &[u8]) -> Result<Report, &'static str> {
    let mut report = Report::default();
    let frames = Frames::new(file)?;
    let link_type = frames.link_type;
    for frame in frames {
        let flow = match network(link_type, frame) {
            Ok(found) if matches!(found.protocol, NetworkProtocol::Ipv4 | NetworkProtocol::Ipv6) => {
                Flow::from_ip(found.octets).map_err(|error| error.to_string())
            }
            Ok(found) => Err(format!("not IP: {:?}", found.protocol)),
            Err(error) => Err(error.to_string()),
        };
        match flow {
            Ok(flow) => {
                let (packets, octets) = report.flows.entry(flow.key).or_default();
                *packets += 1;
                *octets += frame.len() as u64;
            }
            Err(reason) => *report.others.entry(reason).or_default() += 1,
        }
    }
    Ok(report)
}

/// A capture of raw IP packets.
fn made_up() -> Result<Vec<u8>, ip_wire::Error> {
    let mut file = [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 65_535, 101].map(u32::to_be_bytes).concat();
    for (second, packet) in (0_u32..).zip(traffic(12, 3, 100)?) {
        let len = packet.len() as u32;
        file.extend([second, 0, len, len].map(u32::to_be_bytes).concat());
        file.extend(packet);
    }
    Ok(file)
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = match env::args().nth(1) {
        Some(path) => fs::read(&path).map_err(|error| format!("{path}: {error}"))?,
        None => made_up()?,
    };
    let report = report(&file)?;
    let mut flows: Vec<_> = report.flows.into_iter().collect();
    flows.sort_by_key(|(key, (_, octets))| (std::cmp::Reverse(*octets), key.source(), key.source_port()));
    println!("{:>8} {:>10}  flow", "packets", "octets");
    for (key, (packets, octets)) in flows.iter().take(20) {
        let port = |port: Option<u16>| port.map_or_else(String::new, |port| format!(":{port}"));
        let (from, to) = (port(key.source_port()), port(key.destination_port()));
        println!("{packets:>8} {octets:>10}  {} {}{from} > {}{to}", key.protocol(), key.source(), key.destination());
    }
    for (reason, count) in report.others {
        println!("{count:>8} frames: {reason}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{made_up, report};

    #[test]
    fn flows_of_both_byte_orders_are_counted() {
        let file = made_up().unwrap();
        let big = report(&file).unwrap();
        assert_eq!((big.flows.len(), big.others.len()), (3, 0));
        assert!(big.flows.values().all(|(packets, octets)| (*packets, *octets) == (4, 4 * 128)));
        // The same file as a machine of the other byte order writes it.
        let mut little: Vec<u8> = file[..24].chunks(4).flat_map(|word| word.iter().rev().copied()).collect();
        let mut rest = &file[24..];
        while let Some((head, after)) = rest.split_first_chunk::<16>() {
            little.extend(head.chunks(4).flat_map(|word| word.iter().rev().copied()));
            let len = u32::from_be_bytes(*head[8..].first_chunk().unwrap()) as usize;
            little.extend(&after[..len]);
            rest = &after[len..];
        }
        little[4..8].copy_from_slice(&[2, 0, 4, 0]);
        assert_eq!(report(&little).unwrap().flows, big.flows);
    }

    #[test]
    fn what_is_no_capture_and_what_is_cut_off_is_survived() {
        let file = made_up().unwrap();
        assert!(report(&file[..23]).is_err() && report(&[0; 100]).is_err());
        for len in 24..file.len() {
            assert!(report(&file[..len]).is_ok());
        }
    }
}
