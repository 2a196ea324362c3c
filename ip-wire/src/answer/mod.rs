//! The ICMP or ICMPv6 error that a refused packet calls for: whether one may be sent at all, and the packet that carries it.
//!
//! ```
//! use ip_wire::answer::{Answer, Arrival};
//! use ip_wire::Error;
//! # fn main() -> Result<(), ip_wire::Error> {
//! # let offending = [
//! #     0x45, 0, 0, 28, 0, 0, 0x40, 0, 1, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2, 0x04, 0xd2, 0, 53, 0, 8, 0, 0,
//! # ];
//! // A router found the time to live used up.
//! let error = Error::HopLimitExceeded { field: ip_wire::Field::Ipv4Ttl, offset: 8, found: 1 };
//! let mut buffer = [0; 576];
//! let router = "203.0.113.1".parse().unwrap();
//! match ip_wire::answer::emit(error.reaction(), &offending, router, Arrival::Unicast, &mut buffer)? {
//!     Answer::Send(len) => assert_eq!(buffer[20], 11, "time exceeded in {len} octets"),
//!     Answer::Silence(reason) => panic!("{reason:?}"),
//! }
//! # Ok(())
//! # }
//! ```

use core::net::IpAddr;

use crate::error::{Error, Field};
use crate::icmp::Quote;
use crate::ip::Packet;
use crate::octets::room;
use crate::{Protocol, Reaction, checksum, icmpv4, icmpv6, ipv4, ipv6};

/// Octets of the largest IPv4 answer (RFC 1812 4.3.2.3): quote as much as fits.
pub const MAX_IPV4_LEN: usize = 576;
/// Octets of the largest IPv6 answer: the least MTU (RFC 4443 2.4 (c)).
pub const MAX_IPV6_LEN: usize = 1280;

/// How the offending packet came in, which its octets do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// To this node's link-layer address.
    Unicast,
    /// To a link-layer broadcast or multicast address.
    Broadcast,
}

/// What to do about an offending packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Send so many octets of the buffer. How many a second is the caller's to limit (RFC 4443 2.4 (f), RFC 1812 4.3.2.8).
    Send(usize),
    /// Send nothing.
    Silence(Silence),
}

/// Why nothing may be sent.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Silence {
    /// The reaction is none that is sent.
    Reaction,
    /// The packet's header can't be read: there is nobody to answer.
    Unreadable,
    /// It is an ICMP error itself, or an ICMPv6 redirect.
    IcmpError,
    /// It went to a group, or to a broadcast address, here or on the link.
    GroupDestination,
    /// Its source is no single node: unspecified, loopback, multicast, broadcast, class E.
    SourceNotOneNode,
    /// It is a fragment, and not the first: of any IPv4 datagram, or of an ICMPv6 message.
    LaterFragment,
}

/// Emits into `buffer` the packet that carries the ICMP error for `reaction` to the source of `offending`, from this node's address
/// `source`.
///
/// May nothing be sent: RFC 1122 3.2.2 and RFC 1812 4.3.2.7, RFC 4443 2.4 (e). Packet too big, and parameter problem code 2, answer IPv6 packets to
/// groups too.
///
/// # Errors
/// [`Error::AddressFamily`] if `source` is not of the packet's version; [`Error::BufferTooSmall`]: [`MAX_IPV4_LEN`] and [`MAX_IPV6_LEN`] are always enough.
pub fn emit(reaction: Reaction, offending: &[u8], source: IpAddr, arrival: Arrival, buffer: &mut [u8]) -> Result<Answer, Error> {
    if matches!(reaction, Reaction::None | Reaction::Discard | Reaction::Audit) {
        return Ok(Answer::Silence(Silence::Reaction));
    }
    // A packet whose length field is at fault still has a source.
    let Ok(reading) = Packet::parse_lax(offending) else {
        return Ok(Answer::Silence(Silence::Unreadable));
    };
    let packet = reading.into_view();
    if let Some(silence) = silence(reaction, &packet, arrival) {
        return Ok(Answer::Silence(silence));
    }
    let len = match (packet, source) {
        (Packet::V4(view), IpAddr::V4(source)) => emit_v4(reaction, &view, offending, source, buffer)?,
        (Packet::V6(view), IpAddr::V6(source)) => emit_v6(reaction, &view, offending, source, buffer)?,
        (packet, source) => {
            let found = if source.is_ipv4() { 4 } else { 6 };
            return Err(Error::AddressFamily { field: Field::Address, found, needed: packet.version() });
        }
    };
    Ok(Answer::Send(len))
}

fn silence(reaction: Reaction, packet: &Packet<'_>, arrival: Arrival) -> Option<Silence> {
    let (to_group, from_nobody) = match packet {
        Packet::V4(view) => {
            let (source, destination) = (view.source(), view.destination());
            let nobody = source.octets()[0] == 0 || source.is_loopback() || source.octets()[0] >= 224;
            (destination.is_multicast() || destination.is_broadcast(), nobody)
        }
        Packet::V6(view) => {
            let source = view.source();
            (view.destination().is_multicast(), source.is_unspecified() || source.is_multicast() || source.is_loopback())
        }
    };
    if from_nobody {
        return Some(Silence::SourceNotOneNode);
    }
    let answers_groups = matches!(packet, Packet::V6(_))
        && matches!(reaction, Reaction::PacketTooBig { .. } | Reaction::ParameterProblem { code: 2, .. });
    if (to_group || arrival == Arrival::Broadcast) && !answers_groups {
        return Some(Silence::GroupDestination);
    }
    // A chain that can't be walked has no ICMP message at its end that could be found.
    let upper = packet.upper_layer().ok()?;
    if !upper.has_start {
        // RFC 1122 3.2.2 lets no later IPv4 fragment be answered. RFC 4443 2.4 has no such rule, but one of an ICMPv6 message may be
        // an error's.
        let silent = packet.version() == 4 || upper.protocol == Protocol::ICMPV6;
        return silent.then_some(Silence::LaterFragment);
    }
    let is_error = match (upper.protocol, upper.octets.first()) {
        (Protocol::ICMP, Some(message_type)) => icmpv4::MessageType(*message_type).is_error(),
        (Protocol::ICMPV6, Some(message_type)) => {
            let message_type = icmpv6::MessageType(*message_type);
            message_type.is_error() || message_type == icmpv6::MessageType::REDIRECT
        }
        _ => false,
    };
    is_error.then_some(Silence::IcmpError)
}

fn emit_v4(
    reaction: Reaction,
    view: &ipv4::View<'_>,
    offending: &[u8],
    source: core::net::Ipv4Addr,
    buffer: &mut [u8],
) -> Result<usize, Error> {
    let quote = quoted(offending, usize::from(view.total_len()), MAX_IPV4_LEN, ipv4::MIN_HEADER_LEN);
    let message = match reaction {
        Reaction::ParameterProblem { pointer, .. } => icmpv4::Message::ParameterProblem {
            code: 0,
            pointer: u8::try_from(pointer).unwrap_or(u8::MAX),
            unused: [0; 2],
            quote,
        },
        Reaction::PacketTooBig { mtu } => icmpv4::Message::DestinationUnreachable {
            code: icmpv4::unreachable::FRAGMENTATION_NEEDED,
            unused: 0,
            next_hop_mtu: u16::try_from(mtu).unwrap_or(u16::MAX),
            quote,
        },
        Reaction::TimeExceeded { code } => icmpv4::Message::TimeExceeded { code, unused: [0; 3], quote },
        Reaction::Unreachable { code } => icmpv4::Message::DestinationUnreachable { code, unused: 0, next_hop_mtu: 0, quote },
        Reaction::None | Reaction::Discard | Reaction::Audit => return Ok(0),
    };
    let mut header = ipv4::Header::new(source, view.source(), Protocol::ICMP, message.wire_len())?;
    // RFC 1812 4.3.2.5: precedence 6 for errors about the network.
    header.ds = crate::DsField::new(crate::Dscp::CS6, crate::Ecn::NotEct);
    let len = usize::from(header.total_len);
    let out = room(buffer, len, Field::Buffer)?;
    let start = header.emit(out)?;
    message.emit(out.get_mut(start..).unwrap_or_default())?;
    Ok(len)
}

fn emit_v6(
    reaction: Reaction,
    view: &ipv6::View<'_>,
    offending: &[u8],
    source: core::net::Ipv6Addr,
    buffer: &mut [u8],
) -> Result<usize, Error> {
    let whole = ipv6::HEADER_LEN.saturating_add(view.payload().len());
    let quote = quoted(offending, whole, MAX_IPV6_LEN, ipv6::HEADER_LEN);
    let message = match reaction {
        Reaction::ParameterProblem { code, pointer } => icmpv6::Message::ParameterProblem { code, pointer, quote },
        Reaction::PacketTooBig { mtu } => icmpv6::Message::PacketTooBig { code: 0, mtu, quote },
        Reaction::TimeExceeded { code } => icmpv6::Message::TimeExceeded { code, unused: [0; 3], quote },
        Reaction::Unreachable { code } => icmpv6::Message::DestinationUnreachable { code, unused: [0; 3], quote },
        Reaction::None | Reaction::Discard | Reaction::Audit => return Ok(0),
    };
    let message_len = message.wire_len();
    let header = ipv6::Header::new(source, view.source(), Protocol::ICMPV6, message_len)?;
    let out = room(buffer, ipv6::HEADER_LEN.saturating_add(message_len), Field::Buffer)?;
    let start = header.emit(out)?;
    let pseudo = checksum::pseudo_v6(source, view.source(), Protocol::ICMPV6, crate::error::len32(message_len));
    message.emit(pseudo, out.get_mut(start..).unwrap_or_default())?;
    Ok(out.len())
}

/// As much of the offending packet as fits an answer of `max` octets.
fn quoted(offending: &[u8], packet_len: usize, max: usize, header_len: usize) -> Quote<'_> {
    let space = max.saturating_sub(header_len).saturating_sub(icmpv4::HEADER_LEN);
    let len = offending.len().min(packet_len).min(space);
    Quote::new(offending.get(..len).unwrap_or(offending))
}

#[cfg(test)]
mod tests;
