//! What is logged of a packet that the filter discarded (thesis p. 90): a value for the caller to write down, at a rate of the caller's.

use core::net::IpAddr;
use core::time::Duration;

use ip_wire::ip::Packet;

use crate::error::Error;
use crate::host::KeyIndex;
use crate::trailer;

/// An audit log entry. It never holds a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// When, by the caller's clock.
    pub time: Duration,
    /// Why the packet was discarded.
    pub reason: Error,
    /// Outer source address.
    pub source: Option<IpAddr>,
    /// Outer destination address.
    pub destination: Option<IpAddr>,
    /// Host ID and key index, where there is a trailer to read.
    pub key: Option<KeyIndex>,
}

impl Record {
    /// The record of a packet that was refused with `reason` and is as it was. Its outer header and trailer are read as far as they can be.
    #[must_use]
    pub fn new(time: Duration, packet: &[u8], reason: Error) -> Self {
        let reading = Packet::parse_lax(packet).ok();
        let outer = reading.map(ip_wire::Reading::into_view);
        // Of a packet whose end is missing the trailer is missing.
        let key = reading
            .filter(ip_wire::Reading::is_complete)
            .map(ip_wire::Reading::into_view)
            .and_then(|packet| packet.upper_layer().ok())
            .filter(|upper| !upper.is_fragment)
            .and_then(|upper| trailer::View::parse(upper.octets).ok())
            .map(|trailer| trailer.key());
        Self { time, reason, source: outer.map(|outer| outer.source()), destination: outer.map(|outer| outer.destination()), key }
    }
}
