//! The MTU that an ICMP message tells, before it is believed: one subscriber must not make all who share its address send tiny packets (RFC 6269 10).

use ip_wire::ip::Packet;
use ip_wire::{FlowKey, Protocol, icmpv4, icmpv6, ipv4, ipv6};

use crate::error::Error;
use crate::flow::{Kind, identify};

/// Octets that every IPv4 host can take in one datagram (RFC 791 3.1): an MTU below it is rare, and worth a look.
pub const IPV4_USUAL_MTU: u32 = 576;

/// What an ICMP message says about the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PathMtu {
    /// The flow whose packet was too big, in the direction of the message.
    pub key: FlowKey,
    /// What the message says.
    pub verdict: Verdict,
}

/// An MTU, and whether to believe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The path carries packets of so many octets.
    Mtu(u32),
    /// The same, but below 576 octets (IPv4) or 1,280 (IPv6): cache it for this flow alone, if at all, and keep an eye on who sent it.
    Suspicious(u32),
    /// A router before RFC 1191 tells nothing: estimate (RFC 1191 5), for this flow alone.
    NotTold,
}

/// Reads ICMPv4 "fragmentation needed" or ICMPv6 "packet too big". `is_known` says whether there is such a flow here, in the direction of the packet that was too big.
///
/// # Errors
/// [`Error::NotAnIcmpError`] for any other packet; [`Error::Mtu`] for an IPv4 MTU below 68 octets, which no link has (RFC 791 3.2), or an IPv6 one of 0; [`Error::UnknownFlow`] if the quoted packet is not
/// from the message's receiver, is of no flow that is known, was not longer than the MTU, or was sent (over IPv4) without Don't Fragment; those of [`identify`].
pub fn check(packet: &Packet<'_>, is_known: impl FnOnce(&FlowKey) -> bool) -> Result<PathMtu, Error> {
    let told = told(packet)?;
    let found = identify(packet)?;
    if found.kind != Kind::IcmpError || !found.to_sender {
        return Err(Error::UnknownFlow);
    }
    let quote = crate::flow::quote(packet)?.ok_or(Error::NotAnIcmpError)?;
    let reading = quote.packet()?;
    let quoted = reading.into_view();
    let (least, usual) = match quoted {
        Packet::V4(_) => (ipv4::MIN_MTU, IPV4_USUAL_MTU),
        Packet::V6(_) => (1, ipv6::MIN_MTU),
    };
    let len = match quoted {
        Packet::V4(view) => u32::from(view.total_len()),
        Packet::V6(view) => u32::from(view.payload_len()).saturating_add(40),
    };
    let could_be_too_big = match quoted {
        Packet::V4(view) => view.flags().dont_fragment(),
        Packet::V6(_) => true,
    };
    if !could_be_too_big || !is_known(&found.key.reversed()) {
        return Err(Error::UnknownFlow);
    }
    let verdict = match told {
        0 if packet.version() == 4 => Verdict::NotTold,
        told if told < least => return Err(Error::Mtu { found: told, least }),
        told if told >= len => return Err(Error::UnknownFlow),
        told if told < usual => Verdict::Suspicious(told),
        told => Verdict::Mtu(told),
    };
    Ok(PathMtu { key: found.key, verdict })
}

/// The MTU field of the two messages that have one.
fn told(packet: &Packet<'_>) -> Result<u32, Error> {
    let upper = packet.upper_layer()?;
    if !upper.has_start {
        return Err(Error::NotAnIcmpError);
    }
    match (packet, upper.protocol) {
        (Packet::V4(_), Protocol::ICMP) => match icmpv4::View::parse(upper.octets)?.message()? {
            icmpv4::Message::DestinationUnreachable { code, next_hop_mtu, .. }
                if code == icmpv4::unreachable::FRAGMENTATION_NEEDED =>
            {
                Ok(u32::from(next_hop_mtu))
            }
            _ => Err(Error::NotAnIcmpError),
        },
        (Packet::V6(_), Protocol::ICMPV6) => match icmpv6::View::parse(upper.octets)?.message()? {
            icmpv6::Message::PacketTooBig { mtu, .. } => Ok(mtu),
            _ => Err(Error::NotAnIcmpError),
        },
        _ => Err(Error::NotAnIcmpError),
    }
}

#[cfg(test)]
mod tests;
