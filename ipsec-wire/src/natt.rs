//! UDP encapsulation of ESP (RFC 3948): what a datagram to port 4500 holds, and the header around an ESP packet.
//!
//! ```text
//! +-------------------------------+-------------------------------+
//! |          Source Port          |       Destination Port        |  0
//! +-------------------------------+-------------------------------+
//! |             Length            |          Checksum             |  4
//! +-------------------------------+-------------------------------+
//! |  SPI (ESP), or 0 (non-ESP marker) and IKE, or one octet 0xff  |  8
//! +---------------------------------------------------------------+
//! ```
//!
//! The checksum of encapsulated ESP is sent as zero, unless asked for in IPv6, and is not looked at (RFC 3948 2.1).

use core::net::IpAddr;

use ip_wire::checksum::Delta;
use ip_wire::ip::Packet;
use ip_wire::{Protocol, udp};

use crate::error::{Error, Field, len32};
use crate::octets::{copy, put};

/// The port of IKE and ESP behind network address translation.
pub const PORT: u16 = 4500;

/// Octets of a UDP header.
pub const UDP_LEN: usize = udp::HEADER_LEN;

/// Octets of the marker that tells IKE from ESP: an SPI of 0.
pub const NON_ESP_MARKER: [u8; 4] = [0; 4];

/// Octets of the non-IKE marker of the encapsulation that came before the RFC, on IKE's own port: 8 zero octets before ESP.
pub const NON_IKE_MARKER_LEN: usize = 8;

/// What the payload of a datagram to or from port 4500 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// One octet 0xff, which keeps the translation alive: dropped (RFC 3948 4).
    KeepAlive,
    /// An IKE message, the marker taken off.
    Ike(&'a [u8]),
    /// An ESP packet.
    Esp(&'a [u8]),
}

impl<'a> Payload<'a> {
    /// Tells what a UDP payload is.
    ///
    /// # Errors
    /// [`Error::Truncated`] for fewer octets than an ESP header has that are not a keep-alive, [`Error::Mismatch`] for one other octet.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Error> {
        match payload {
            [0xff] => Ok(Self::KeepAlive),
            [0, 0, 0, 0, ike @ ..] => Ok(Self::Ike(ike)),
            [_, _, _, _, _, _, _, _, ..] => Ok(Self::Esp(payload)),
            [other] => {
                let found = u32::from(*other);
                Err(Error::Mismatch { field: Field::NonEspMarker, offset: 0, found, needed: 0xff })
            }
            _ => {
                let (found, needed) = (len32(payload.len()), len32(crate::esp::FIXED_LEN));
                Err(Error::Truncated { field: Field::EspPacket, offset: 0, found, needed })
            }
        }
    }
}

/// The fixed header of an IKE message (RFC 7296 3.1), as far as a demultiplexer needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IkeHeader {
    /// The initiator's SPI.
    pub initiator_spi: u64,
    /// The responder's SPI, 0 in the first message.
    pub responder_spi: u64,
    /// Major version in the high half, minor in the low.
    pub version: u8,
    /// Exchange type.
    pub exchange: u8,
    /// Flags.
    pub flags: u8,
    /// Message ID.
    pub message_id: u32,
    /// Octets of the message.
    pub len: u32,
}

impl IkeHeader {
    /// Octets of the header.
    pub const LEN: usize = 28;

    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 28 octets, [`Error::Length`] for a message length below 28.
    pub fn parse(octets: &[u8]) -> Result<Self, Error> {
        let Some(fixed) = octets.first_chunk::<{ Self::LEN }>() else {
            let (found, needed) = (len32(octets.len()), len32(Self::LEN));
            return Err(Error::Truncated { field: Field::IkeHeader, offset: 0, found, needed });
        };
        let [
            i0,
            i1,
            i2,
            i3,
            i4,
            i5,
            i6,
            i7,
            r0,
            r1,
            r2,
            r3,
            r4,
            r5,
            r6,
            r7,
            _,
            version,
            exchange,
            flags,
            m0,
            m1,
            m2,
            m3,
            rest @ ..,
        ] = *fixed;
        let len = u32::from_be_bytes(rest);
        if len < len32(Self::LEN) {
            return Err(Error::Length { field: Field::IkeHeader, offset: 24, found: len, needed: len32(Self::LEN) });
        }
        Ok(Self {
            initiator_spi: u64::from_be_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
            responder_spi: u64::from_be_bytes([r0, r1, r2, r3, r4, r5, r6, r7]),
            version,
            exchange,
            flags,
            message_id: u32::from_be_bytes([m0, m1, m2, m3]),
            len,
        })
    }
}

/// UDP around ESP: the ports as this node sees them when it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Encapsulation {
    /// Source port of what is sent.
    pub source_port: u16,
    /// Destination port of what is sent.
    pub destination_port: u16,
    /// Whether 8 zero octets stand before ESP, as in the drafts that came before RFC 3948.
    pub non_ike_marker: bool,
    /// Whether a checksum is sent in IPv6, which asks for one (RFC 8200 8.1), where RFC 3948 2.1 and RFC 6936 have zero. In IPv4 it is zero.
    pub ipv6_checksum: bool,
}

impl Encapsulation {
    /// Port 4500 at both ends.
    #[must_use]
    pub const fn new() -> Self {
        Self { source_port: PORT, destination_port: PORT, non_ike_marker: false, ipv6_checksum: false }
    }

    /// Octets before ESP.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        if self.non_ike_marker { UDP_LEN.wrapping_add(NON_IKE_MARKER_LEN) } else { UDP_LEN }
    }

    /// Never: there is a UDP header.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Writes the header before `esp_len` octets of ESP, checksum zero, and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`], [`Error::DoesNotFit`] over 65,535 octets: nothing is written.
    pub fn emit(&self, buffer: &mut [u8], esp_len: usize) -> Result<usize, Error> {
        let (len, found) = (self.len(), buffer.len());
        let out = buffer.get_mut(..len).ok_or(Error::BufferTooSmall {
            field: Field::UdpHeader,
            found: len32(found),
            needed: len32(len),
        })?;
        let total = esp_len.saturating_add(len);
        let total = u16::try_from(total).map_err(|_| Error::DoesNotFit {
            field: Field::UdpHeader,
            found: len32(total),
            needed: 65_535,
        })?;
        out.fill(0);
        copy(out, &self.source_port.to_be_bytes());
        put(out, 2, &self.destination_port.to_be_bytes());
        put(out, 4, &total.to_be_bytes());
        Ok(len)
    }
}

impl Default for Encapsulation {
    fn default() -> Self {
        Self::new()
    }
}

/// What the receiver of transport mode in UDP does with the checksum of TCP or UDP that it carries. It was made over the sender's addresses as the sender
/// knows them, and a translation changed those around it (RFC 3948 3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum InnerChecksum {
    /// Leaves it: for a path without translation, and for who sees to it behind the association.
    #[default]
    Keep,
    /// Mends it by what the addresses changed by (procedure 1): what was wrong before stays wrong. ICMPv6's is mended too.
    Mend {
        /// Source address as the sender had it: its NAT-OA payload (RFC 3947 5.2).
        source: IpAddr,
        /// Destination address as the sender had it.
        destination: IpAddr,
    },
    /// Computes it anew (procedure 2): the ICV says that nothing changed since the sender sealed it, and an error from before that is hidden.
    Recompute,
    /// Sets UDP's to zero in IPv4, where that says that there is none (procedure 3), and computes all others anew.
    ZeroUdp,
}

impl InnerChecksum {
    /// Does it to an IP packet that was opened. UDP without a checksum stays so, and so does what cannot be read: that is
    /// for who takes the packet.
    pub(crate) fn apply(self, octets: &mut [u8]) {
        if self == Self::Keep {
            return;
        }
        let Ok(packet) = Packet::parse(octets) else { return };
        let Some(upper) = packet.upper_layer().ok().filter(|upper| upper.has_start) else { return };
        let (protocol, ends, is_ipv4) = (upper.protocol, (packet.source(), packet.destination()), packet.version() == 4);
        let from = usize::try_from(upper.offset).unwrap_or(usize::MAX);
        let until = from.saturating_add(upper.octets.len());
        if let Self::Mend { source, destination } = self {
            mend_checksum(protocol, octets.get_mut(from..until).unwrap_or_default(), (source, destination), ends);
            return;
        }
        let (at, len) = match (protocol, udp::View::parse(upper.octets)) {
            // Behind UDP's own length is padding.
            (Protocol::UDP, Ok(view)) if view.checksum() != 0 => (6, udp::HEADER_LEN.saturating_add(view.payload().len())),
            (Protocol::TCP, _) if upper.octets.len() >= TCP_MIN_LEN => (16, upper.octets.len()),
            _ => return,
        };
        let zero = protocol == Protocol::UDP && is_ipv4 && self == Self::ZeroUdp;
        let pseudo = packet.pseudo_header(protocol, len);
        let segment = octets.get_mut(from..from.saturating_add(len)).unwrap_or_default();
        put(segment, at, &[0, 0]);
        if !zero {
            let checksum = match pseudo.octets(segment).checksum() {
                0 if protocol == Protocol::UDP => 0xffff,
                checksum => checksum,
            };
            put(segment, at, &checksum.to_be_bytes());
        }
    }
}

/// Octets of a TCP header without options.
const TCP_MIN_LEN: usize = 20;

/// Mends the TCP, UDP or ICMPv6 checksum of a transport-mode packet whose addresses were translated under way (RFC 3948 3.1.2): the
/// checksum was made with the `original` source and destination and is looked at with `present` ones. Other protocols have none
/// over the addresses; a UDP checksum of 0 stays.
pub fn mend_checksum(protocol: Protocol, payload: &mut [u8], original: (IpAddr, IpAddr), present: (IpAddr, IpAddr)) {
    let at = match protocol {
        Protocol::TCP => 16,
        Protocol::UDP => 6,
        Protocol::ICMPV6 => 2,
        _ => return,
    };
    let Some(field) = payload.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>) else { return };
    let old = u16::from_be_bytes(*field);
    if old == 0 && protocol == Protocol::UDP {
        return;
    }
    let delta = change(change(Delta::new(), original.0, present.0), original.1, present.1);
    let new = match delta.apply(old) {
        0 if protocol == Protocol::UDP => 0xffff,
        new => new,
    };
    *field = new.to_be_bytes();
}

fn change(delta: Delta, old: IpAddr, new: IpAddr) -> Delta {
    match (old, new) {
        (IpAddr::V4(old), IpAddr::V4(new)) => delta.long(old.to_bits(), new.to_bits()),
        (IpAddr::V6(old), IpAddr::V6(new)) => {
            old.segments().into_iter().zip(new.segments()).fold(delta, |delta, (old, new)| delta.word(old, new))
        }
        _ => delta,
    }
}

#[cfg(test)]
mod tests;
