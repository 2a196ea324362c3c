//! What RFC 4301, 4302 and 4303 ask to be logged of a packet that was discarded: a value for the caller to write down, at a rate of the caller's.

use core::net::IpAddr;
use core::time::Duration;

use ip_wire::ip::Packet;
use ip_wire::ipv6::FlowLabel;
use ip_wire::{Protocol, ah, esp, udp};

use crate::error::Error;
use crate::natt;

/// An auditable event (RFC 4301 5.2, RFC 4302 4, RFC 4303 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// When, by the caller's clock.
    pub time: Duration,
    /// Why the packet was discarded.
    pub reason: Error,
    /// Source address.
    pub source: Option<IpAddr>,
    /// Destination address.
    pub destination: Option<IpAddr>,
    /// Flow label, in IPv6.
    pub flow_label: Option<FlowLabel>,
    /// Protocol behind the IP header and its extension headers.
    pub protocol: Option<Protocol>,
    /// Security parameters index, where the packet has one.
    pub spi: Option<u32>,
    /// The sequence number that was sent: its low half.
    pub sequence_number: Option<u32>,
}

impl Record {
    /// The record of a packet that was refused with `reason`, at an inbound or outbound association. The packet's headers are read as far as they can be.
    #[must_use]
    pub fn new(time: Duration, packet: &[u8], reason: Error) -> Self {
        let mut record = Self {
            time,
            reason,
            source: None,
            destination: None,
            flow_label: None,
            protocol: None,
            spi: None,
            sequence_number: None,
        };
        let Ok(reading) = Packet::parse_lax(packet) else { return record };
        let packet = reading.into_view();
        record.source = Some(packet.source());
        record.destination = Some(packet.destination());
        if let Packet::V6(view) = &packet {
            record.flow_label = Some(view.flow_label());
        }
        let Ok(upper) = packet.upper_layer() else { return record };
        record.protocol = Some(upper.protocol);
        if !upper.has_start {
            return record;
        }
        let numbers = match upper.protocol {
            Protocol::AH => upper.octets.first_chunk::<{ ah::FIXED_LEN }>().map(|fixed| {
                let [_, _, _, _, numbers @ ..] = *fixed;
                numbers
            }),
            Protocol::ESP => upper.octets.first_chunk::<{ esp::FIXED_LEN }>().copied(),
            Protocol::UDP => upper.octets.get(udp::HEADER_LEN..).and_then(|payload| match natt::Payload::parse(payload) {
                Ok(natt::Payload::Esp(esp)) => esp.first_chunk().copied(),
                _ => None,
            }),
            _ => None,
        };
        if let Some([a, b, c, d, e, f, g, h]) = numbers {
            record.spi = Some(u32::from_be_bytes([a, b, c, d]));
            record.sequence_number = Some(u32::from_be_bytes([e, f, g, h]));
        }
        record
    }
}

#[cfg(test)]
mod tests;
