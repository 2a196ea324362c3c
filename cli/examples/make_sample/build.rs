//! Bricks of the sample: packets from the crates' emitters, and the pcapng file around them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a generator fails by panicking"
)]

use std::net::{Ipv4Addr, Ipv6Addr};

use ip_wire::checksum::{self, Sum};
use ip_wire::link::{EtherType, LinkType, MacAddress, ethernet, vlan};
use ip_wire::{Protocol, ipv4, ipv6};

pub(crate) const A4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub(crate) const B4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
pub(crate) const A6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 1);
pub(crate) const B6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 7);

/// What an emitter of the crates writes.
pub(crate) fn emitted(emit: impl FnOnce(&mut [u8]) -> Result<usize, ip_wire::Error>) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let len = emit(&mut buffer).unwrap();
    buffer.truncate(len);
    buffer
}

/// An IPv4 packet whose header `change` has had its way with.
pub(crate) fn v4(protocol: Protocol, payload: &[u8], change: impl FnOnce(&mut ipv4::Header)) -> Vec<u8> {
    let mut header = ipv4::Header::new(A4, B4, protocol, payload.len()).unwrap();
    change(&mut header);
    header.set_payload_len(payload.len()).unwrap();
    [emitted(|buffer| header.emit(buffer)), payload.to_vec()].concat()
}

/// An IPv6 packet whose header `change` has had its way with.
pub(crate) fn v6(next_header: Protocol, payload: &[u8], change: impl FnOnce(&mut ipv6::Header)) -> Vec<u8> {
    let mut header = ipv6::Header::new(A6, B6, next_header, payload.len()).unwrap();
    change(&mut header);
    [emitted(|buffer| header.emit(buffer)), payload.to_vec()].concat()
}

pub(crate) fn pseudo4(protocol: Protocol, len: usize) -> Sum {
    checksum::pseudo_v4(A4, B4, protocol, len as u16)
}

pub(crate) fn pseudo6(protocol: Protocol, len: usize) -> Sum {
    checksum::pseudo_v6(A6, B6, protocol, len as u32)
}

/// An Ethernet frame, padded to the least length.
pub(crate) fn ethernet(ether_type: EtherType, tags: &[vlan::Tag], packet: &[u8]) -> Vec<u8> {
    framed(ethernet::Payload::EtherType(ether_type), tags, packet)
}

/// An 802.3 frame with LLC.
pub(crate) fn llc(frame: &[u8]) -> Vec<u8> {
    framed(ethernet::Payload::Llc { length: frame.len() as u16 }, &[], frame)
}

fn framed(payload: ethernet::Payload, tags: &[vlan::Tag], packet: &[u8]) -> Vec<u8> {
    let header =
        ethernet::Header { destination: MacAddress([2, 0, 0, 0, 0, 2]), source: MacAddress([2, 0, 0, 0, 0, 1]), tags, payload };
    let mut frame = [emitted(|buffer| header.emit(buffer)), packet.to_vec()].concat();
    frame.resize(frame.len().max(60), 0);
    frame
}

/// An IP packet of either version in Ethernet.
pub(crate) fn ip(packet: Vec<u8>) -> (LinkType, Vec<u8>) {
    let ether_type = if packet[0] >> 4 == 4 { EtherType::IPV4 } else { EtherType::IPV6 };
    (LinkType::ETHERNET, ethernet(ether_type, &[], &packet))
}

/// A little-endian pcapng file of `frames`, one interface a link type, a frame every 1.25 ms from 2026-01-01 on.
pub(crate) fn pcapng(frames: &[(LinkType, Vec<u8>, usize)]) -> Vec<u8> {
    let mut links: Vec<LinkType> = Vec::new();
    let mut packets = Vec::new();
    for (index, (link, octets, original_len)) in frames.iter().enumerate() {
        let interface = links.iter().position(|known| known == link).unwrap_or_else(|| {
            links.push(*link);
            links.len() - 1
        });
        let time = 1_767_225_600_000_000 + index as u64 * 1250;
        let fields = [interface as u32, (time >> 32) as u32, time as u32, octets.len() as u32, *original_len as u32];
        let mut body: Vec<u8> = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
        body.extend(octets);
        packets.extend(block(6, &body));
    }
    // Byte order, version 1.0, section of unknown length.
    let section = [&0x1a2b_3c4du32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let mut file = block(0x0a0d_0d0a, &section);
    for link in links {
        let [low, high] = link.0.to_le_bytes();
        file.extend(block(1, &[low, high, 0, 0, 0, 0, 4, 0]));
    }
    file.extend(packets);
    file
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let len = (padded as u32 + 12).to_le_bytes();
    let mut block = [&kind.to_le_bytes()[..], &len, body].concat();
    block.resize(8 + padded, 0);
    block.extend(len);
    block
}
