//! What the programs of the how-tos share: packets to work on. The pages of `docs/` are here as modules, so that their code is compiled
//! and run with the tests.

use std::net::Ipv4Addr;

use ip_wire::checksum::pseudo_v4;
use ip_wire::{Error, Protocol, ipv4, udp};

#[doc = include_str!("../../docs/README.md")]
pub mod book {}
#[doc = include_str!("../../docs/1-read-a-capture.md")]
pub mod read_a_capture {}
#[doc = include_str!("../../docs/2-esp-gateway.md")]
pub mod esp_gateway {}
#[doc = include_str!("../../docs/3-llpf-between-threads.md")]
pub mod llpf_between_threads {}
#[doc = include_str!("../../docs/4-atm-over-udp.md")]
pub mod atm_over_udp {}
#[doc = include_str!("../../docs/5-police-a-stream.md")]
pub mod police_a_stream {}
#[doc = include_str!("../../docs/6-shard-by-flow.md")]
pub mod shard_by_flow {}

/// A UDP packet of IPv4 with these octets of payload.
///
/// # Errors
/// Those of emitting: a payload that no packet holds.
pub fn udp_packet(source: (Ipv4Addr, u16), destination: (Ipv4Addr, u16), payload: &[u8]) -> Result<Vec<u8>, Error> {
    let header = udp::Header::new(source.1, destination.1);
    let mut datagram = vec![0; udp::HEADER_LEN.saturating_add(payload.len())];
    let len = u16::try_from(datagram.len()).unwrap_or(u16::MAX);
    header.emit(pseudo_v4(source.0, destination.0, Protocol::UDP, len), payload, &mut datagram)?;
    let mut packet = vec![0; ipv4::MIN_HEADER_LEN];
    ipv4::Header::new(source.0, destination.0, Protocol::UDP, datagram.len())?.emit(&mut packet)?;
    packet.extend(datagram);
    Ok(packet)
}

/// Packets of many flows: `count` packets, of `flows` flows in turn, with payloads of `len` octets.
///
/// # Errors
/// Those of [`udp_packet`].
pub fn traffic(count: usize, flows: u16, len: usize) -> Result<Vec<Vec<u8>>, Error> {
    let payload = vec![0x5a; len];
    (0..flows)
        .cycle()
        .take(count)
        .map(|flow| {
            let [high, low] = flow.to_be_bytes();
            udp_packet(([10, 1, high, low].into(), 4000), ([192, 0, 2, 1].into(), 5000), &payload)
        })
        .collect()
}
