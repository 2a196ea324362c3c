//! Whose flow a packet is of: ports, the identifier of echo messages, and for ICMP errors the flow of the packet that they quote (RFC 6269 9, RFC 5508).
//!
//! ```
//! use addr_sharing::flow::{Kind, identify};
//! use ip_wire::{Ports, ip::Packet};
//!
//! # fn main() -> Result<(), addr_sharing::Error> {
//! let error = [
//!     0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 203, 0, 113, 9, 192, 0, 2, 1, // IPv4, a router to us
//!     3, 4, 0, 0, 0, 0, 0x05, 0x14, // ICMP: fragmentation needed, MTU 1,300
//!     0x45, 0, 0x05, 0xdc, 0, 0, 0x40, 0, 60, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2, // about our packet
//!     0x04, 0xd2, 0, 53, 0x05, 0xc8, 0, 0, // from port 1234 to 53
//! ];
//! let found = identify(&Packet::parse(&error)?)?;
//! assert_eq!(found.kind, Kind::IcmpError);
//! // The error comes from where our packet went: source and destination are exchanged.
//! assert_eq!(found.key.ports(), Ports::Pair { source: 53, destination: 1234 });
//! # Ok(())
//! # }
//! ```

use ip_wire::icmp::Quote;
use ip_wire::ip::Packet;
use ip_wire::{Flow, FlowKey, Fragment, Protocol, icmpv4, icmpv6, ipv4};

use crate::error::Error;

/// What a packet's flow was found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Its own headers.
    Packet,
    /// The packet that it quotes: it is an ICMP error.
    IcmpError,
}

/// A packet's flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identified {
    /// The flow, in the direction in which the packet itself goes. For an ICMP error that is the quoted packet's, turned round: its destination port is the receiver's.
    pub key: FlowKey,
    /// What it was found by.
    pub kind: Kind,
    /// Which part of a datagram the packet, or the quoted one, is. One that is not the first has no ports: ask [`crate::fragments`].
    pub fragment: Option<Fragment>,
    /// Whether an ICMP error is addressed to the quoted packet's source, as every true one is; true for other packets.
    pub to_sender: bool,
}

/// The flow of a packet.
///
/// Checksums are not looked at: [`verify_icmp_error`] does.
///
/// # Errors
/// [`Error::Ip`] for a packet, or a quoted one, that can't be read as far as its ports (RFC 792 quotes 8 octets, which is enough); [`Error::ErrorAboutError`] for an ICMP error about
/// an ICMP error.
#[inline]
pub fn identify(packet: &Packet<'_>) -> Result<Identified, Error> {
    match usual(packet) {
        Some(found) => Ok(found),
        // In parts, so that the place of the one result is not that of the other, and a usual flow is in registers.
        None => match identify_any(*packet) {
            Ok(Identified { key, kind, fragment, to_sender }) => Ok(Identified { key, kind, fragment, to_sender }),
            Err(error) => Err(error),
        },
    }
}

/// The flow of what nearly all packets are: of one with ports right behind its IP header, or of an error of ICMP about one. `None` says nothing: then [`identify_any`] has its say.
#[inline(always)]
fn usual(packet: &Packet<'_>) -> Option<Identified> {
    if let Some(flow) = Flow::of_usual(packet) {
        return Some(Identified { key: flow.key, kind: Kind::Packet, fragment: flow.fragment(), to_sender: true });
    }
    let flow = Flow::of_usual_quote(usual_quote(packet)?)?;
    let to_sender = flow.key.source() == packet.destination();
    Some(Identified { key: flow.key.reversed(), kind: Kind::IcmpError, fragment: flow.fragment(), to_sender })
}

/// The same for any packet, out of line: the result goes through memory.
#[inline(never)]
fn identify_any(packet: Packet<'_>) -> Result<Identified, Error> {
    let packet = &packet;
    let flow = Flow::of(packet)?;
    if matches!(flow.key.protocol(), Protocol::ICMP | Protocol::ICMPV6) {
        if let Some(quote) = quote(packet)? {
            return of_quoted(packet, &quote.packet()?.into_view());
        }
    }
    Ok(Identified { key: flow.key, kind: Kind::Packet, fragment: flow.fragment(), to_sender: true })
}

/// What the errors that nearly all are quote: unreachable, time exceeded or parameter problem of IPv4, without extensions (RFC 4884), about an IPv4 packet.
#[inline]
fn usual_quote<'a>(packet: &Packet<'a>) -> Option<&'a [u8]> {
    let Packet::V4(view) = packet else { return None };
    if view.protocol() != Protocol::ICMP || view.fragment_offset().units() != 0 {
        return None;
    }
    let ([3 | 11 | 12, _, _, _, _, 0, _, _], original) = view.payload().split_first_chunk::<8>()? else { return None };
    Some(original)
}

fn of_quoted(packet: &Packet<'_>, quoted: &Packet<'_>) -> Result<Identified, Error> {
    let flow = Flow::of(quoted)?;
    if matches!(flow.key.protocol(), Protocol::ICMP | Protocol::ICMPV6) && is_icmp_error(quoted)? {
        return Err(Error::ErrorAboutError);
    }
    Ok(Identified {
        key: flow.key.reversed(),
        kind: Kind::IcmpError,
        fragment: flow.fragment(),
        to_sender: quoted.source() == packet.destination(),
    })
}

/// The packet that an ICMP error quotes; `None` for other packets, and for an error's later fragments.
///
/// # Errors
/// [`Error::Ip`] for a packet whose headers can't be read.
#[inline]
pub fn quote<'a>(packet: &Packet<'a>) -> Result<Option<Quote<'a>>, Error> {
    let upper = packet.upper_layer()?;
    if !upper.has_start {
        return Ok(None);
    }
    Ok(match (packet, upper.protocol) {
        (Packet::V4(_), Protocol::ICMP) => icmpv4::View::parse(upper.octets)?.quote(),
        (Packet::V6(_), Protocol::ICMPV6) => icmpv6::View::parse(upper.octets)?.quote(),
        _ => None,
    })
}

fn is_icmp_error(packet: &Packet<'_>) -> Result<bool, Error> {
    let upper = packet.upper_layer()?;
    Ok(match (packet, upper.protocol, upper.octets.first()) {
        (Packet::V4(_), Protocol::ICMP, Some(kind)) if upper.has_start => icmpv4::MessageType(*kind).is_error(),
        (Packet::V6(_), Protocol::ICMPV6, Some(kind)) if upper.has_start => icmpv6::MessageType(*kind).is_error(),
        _ => false,
    })
}

/// Checks an ICMP error before it is passed on: its own checksum, and the IPv4 header checksum of the quoted packet. The quoted transport checksum is not to be looked at, as most
/// of what it covers is not quoted (RFC 5508 4.1, REQ-3).
///
/// # Errors
/// [`Error::NotAnIcmpError`]; [`Error::Ip`] for what can't be read, or a checksum that does not hold.
pub fn verify_icmp_error(packet: &Packet<'_>) -> Result<(), Error> {
    let Some(quote) = quote(packet)? else { return Err(Error::NotAnIcmpError) };
    let upper = packet.upper_layer()?;
    match packet {
        Packet::V4(_) => icmpv4::View::parse(upper.octets)?.verify_checksum()?,
        Packet::V6(_) => {
            let pseudo = packet.pseudo_header(Protocol::ICMPV6, upper.octets.len());
            icmpv6::View::parse(upper.octets)?.verify_checksum(pseudo)?;
        }
    }
    if let Packet::V4(_) = packet {
        let quoted = ipv4::View::parse_lax(quote.original())?.into_view();
        quoted.verify_checksum()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
