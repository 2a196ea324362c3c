//! The five-tuple of a packet, in one pass over its headers.
//!
//! ```
//! use ip_wire::{Flow, Ports, Protocol};
//!
//! # fn main() -> Result<(), ip_wire::Error> {
//! let packet = [
//!     0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2, // IPv4
//!     0x04, 0xd2, 0, 53, 0, 8, 0, 0, // UDP from 1234 to 53
//! ];
//! let flow = Flow::from_ip(&packet)?;
//! assert_eq!(flow.key.protocol, Protocol::UDP);
//! assert_eq!(flow.key.ports, Ports::Pair { source: 1234, destination: 53 });
//! # Ok(())
//! # }
//! ```

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{Error, Field, len32};
use crate::ip::Packet;
use crate::link::{self, LinkType, NetworkProtocol};
use crate::octets::be16;
use crate::{FragmentOffset, Protocol, icmpv4, icmpv6, ipv4, ipv6};

/// What names a flow: addresses, protocol, and whatever the protocol tells its conversations apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// Source address.
    pub source: IpAddr,
    /// Destination address as it stands in the header.
    pub destination: IpAddr,
    /// Upper-layer protocol, behind IPv6 extension headers.
    pub protocol: Protocol,
    /// Ports, or what stands for them.
    pub ports: Ports,
}

/// What a protocol tells its conversations apart by.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ports {
    /// TCP, UDP, UDP-Lite, SCTP, DCCP.
    Pair {
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
    },
    /// The identifier of an ICMP or ICMPv6 echo message, the same both ways (RFC 5508 3.1).
    Identifier(u16),
    /// The security parameters index of AH or ESP, of one direction.
    Spi(u32),
    /// The packet is a fragment other than the first: the ports are in another packet.
    InFirstFragment,
    /// The protocol has nothing of the kind.
    None,
}

impl FlowKey {
    /// The source port, if there is one.
    #[must_use]
    pub const fn source_port(&self) -> Option<u16> {
        match self.ports {
            Ports::Pair { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The destination port, if there is one.
    #[must_use]
    pub const fn destination_port(&self) -> Option<u16> {
        match self.ports {
            Ports::Pair { destination, .. } => Some(destination),
            _ => None,
        }
    }

    /// The key of the answers: source and destination exchanged. An SPI names one direction only and stays.
    #[must_use]
    pub const fn reversed(self) -> Self {
        let ports = match self.ports {
            Ports::Pair { source, destination } => Ports::Pair { source: destination, destination: source },
            ports => ports,
        };
        Self { source: self.destination, destination: self.source, protocol: self.protocol, ports }
    }
}

/// A packet's flow, and whether the packet is a part of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Five-tuple.
    pub key: FlowKey,
    /// Which part of which datagram, if it is one.
    pub fragment: Option<Fragment>,
}

/// Which part of a datagram a fragment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fragment {
    /// Names the datagram, with addresses (and, in IPv4, protocol).
    pub identification: u32,
    /// Where the part starts.
    pub offset: FragmentOffset,
    /// Whether more follow.
    pub more: bool,
}

impl Flow {
    /// The flow of an Ethernet frame, behind any 802.1Q tags.
    ///
    /// # Errors
    /// [`Error::UnsupportedProtocol`] at the EtherType of a frame that carries no IP; those of [`link::network`] and of [`Flow::from_ip`], whose
    /// offsets count from the frame's start.
    #[inline]
    pub fn from_ethernet(frame: &[u8]) -> Result<Self, Error> {
        if let Some((header, rest)) = frame.split_first_chunk::<{ link::ethernet::HEADER_LEN }>() {
            // The two frames that nearly all are.
            let offset = len32(link::ethernet::HEADER_LEN);
            match be16(header[12], header[13]) {
                0x0800 => return Self::from_ipv4(rest).map_err(|error| error.shifted(offset)),
                0x86dd => return Self::from_ipv6(rest).map_err(|error| error.shifted(offset)),
                _ => {}
            }
        }
        Self::from_tagged(frame)
    }

    #[cold]
    #[inline(never)]
    fn from_tagged(frame: &[u8]) -> Result<Self, Error> {
        let network = link::network(LinkType::ETHERNET, frame)?;
        let flow = match network.protocol {
            NetworkProtocol::Ipv4 => Self::from_ipv4(network.octets),
            NetworkProtocol::Ipv6 => Self::from_ipv6(network.octets),
            _ => {
                // Whatever names the payload stands in the two octets before it: EtherType, or the end of an LLC header.
                let offset = network.offset.saturating_sub(2);
                let at = usize::try_from(offset).unwrap_or(usize::MAX);
                let found =
                    frame.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |octets| u32::from(u16::from_be_bytes(*octets)));
                return Err(Error::UnsupportedProtocol { field: Field::EtherType, offset, found });
            }
        };
        flow.map_err(|error| error.shifted(network.offset))
    }

    /// The flow of an IP packet of either version.
    ///
    /// # Errors
    /// Those of [`Packet::parse`] and [`ipv6::Extensions`]; [`Error::Truncated`] if the packet ends before its ports do.
    #[inline]
    pub fn from_ip(octets: &[u8]) -> Result<Self, Error> {
        match octets.first().map(|first| first >> 4) {
            Some(6) => Self::from_ipv6(octets),
            Some(4) => Self::from_ipv4(octets),
            _ => Packet::parse(octets).and_then(|packet| Self::of(&packet)),
        }
    }

    /// The flow of a packet that was read, whole or cut.
    ///
    /// # Errors
    /// Those of [`ipv6::Extensions`]; [`Error::Truncated`] if the packet ends before its ports do.
    #[inline]
    pub fn of(packet: &Packet<'_>) -> Result<Self, Error> {
        match packet {
            Packet::V4(view) => Self::of_ipv4(*view),
            Packet::V6(view) => Self::of_ipv6(*view),
        }
    }

    #[inline]
    fn from_ipv4(octets: &[u8]) -> Result<Self, Error> {
        Self::of_ipv4(ipv4::View::parse(octets)?)
    }

    #[inline]
    fn from_ipv6(octets: &[u8]) -> Result<Self, Error> {
        Self::of_ipv6(ipv6::View::parse(octets)?)
    }

    #[inline]
    fn of_ipv4(view: ipv4::View<'_>) -> Result<Self, Error> {
        let fragment = if view.is_fragment() {
            Some(Fragment {
                identification: u32::from(view.identification()),
                offset: view.fragment_offset(),
                more: view.flags().more_fragments(),
            })
        } else {
            None
        };
        let ports = ports(view.protocol(), view.payload(), fragment, view.header_len())?;
        let (source, destination) = (IpAddr::V4(view.source()), IpAddr::V4(view.destination()));
        Ok(Self { key: FlowKey { source, destination, protocol: view.protocol(), ports }, fragment })
    }

    #[inline]
    fn of_ipv6(view: ipv6::View<'_>) -> Result<Self, Error> {
        let upper = view.upper_layer()?;
        let fragment = match upper.fragment {
            Some(header) if !header.is_atomic() => {
                Some(Fragment { identification: header.identification, offset: header.offset, more: header.more })
            }
            _ => None,
        };
        let offset = usize::try_from(upper.offset).unwrap_or(usize::MAX);
        let ports = ports(upper.protocol, upper.octets, fragment, offset)?;
        let (source, destination) = (IpAddr::V6(view.source()), IpAddr::V6(view.destination()));
        Ok(Self { key: FlowKey { source, destination, protocol: upper.protocol, ports }, fragment })
    }

    /// The flow that an ICMP or ICMPv6 error is about: that of the packet it quotes, whose source is the error's receiver. `None` for other
    /// packets.
    ///
    /// # Errors
    /// Those of the quoted packet, which must have its ports; offsets count from its start.
    pub fn of_icmp_error(packet: &Packet<'_>) -> Option<Result<Self, Error>> {
        let upper = packet.upper_layer().ok().filter(|upper| upper.has_start)?;
        let quote = match (packet, upper.protocol) {
            (Packet::V4(_), Protocol::ICMP) => icmpv4::View::parse(upper.octets).ok()?.quote()?,
            (Packet::V6(_), Protocol::ICMPV6) => icmpv6::View::parse(upper.octets).ok()?.quote()?,
            _ => return None,
        };
        Some(quote.packet().and_then(|reading| Self::of(&reading.into_view())))
    }
}

#[inline]
fn ports(protocol: Protocol, octets: &[u8], fragment: Option<Fragment>, offset: usize) -> Result<Ports, Error> {
    if fragment.is_some_and(|fragment| fragment.offset.units() != 0) {
        return Ok(Ports::InFirstFragment);
    }
    match protocol {
        Protocol::TCP | Protocol::UDP | Protocol::UDP_LITE | Protocol::SCTP | Protocol::DCCP => match octets.first_chunk::<4>() {
            Some([s0, s1, d0, d1]) => Ok(Ports::Pair { source: be16(*s0, *s1), destination: be16(*d0, *d1) }),
            None => Err(no_ports(octets.len(), 4, offset)),
        },
        _ => other(protocol, octets, offset),
    }
}

#[inline(never)]
fn other(protocol: Protocol, octets: &[u8], offset: usize) -> Result<Ports, Error> {
    match (protocol, octets) {
        (Protocol::ICMP, [0 | 8, _, _, _, rest @ ..]) | (Protocol::ICMPV6, [128 | 129, _, _, _, rest @ ..]) => match rest {
            [high, low, ..] => Ok(Ports::Identifier(be16(*high, *low))),
            _ => Err(no_ports(octets.len(), 6, offset)),
        },
        (Protocol::ESP, [a, b, c, d, ..]) | (Protocol::AH, [_, _, _, _, a, b, c, d, ..]) => {
            Ok(Ports::Spi(u32::from_be_bytes([*a, *b, *c, *d])))
        }
        (Protocol::ESP, _) => Err(no_ports(octets.len(), 4, offset)),
        (Protocol::AH, _) => Err(no_ports(octets.len(), 8, offset)),
        _ => Ok(Ports::None),
    }
}

#[cold]
fn no_ports(found: usize, needed: u32, offset: usize) -> Error {
    Error::Truncated { field: Field::Ports, offset: len32(offset), found: len32(found), needed }
}

/// The addresses of a key that is all IPv4, for callers with tables of their own per version.
impl FlowKey {
    /// Source and destination, if both are IPv4.
    #[must_use]
    pub const fn ipv4(&self) -> Option<(Ipv4Addr, Ipv4Addr)> {
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Some((source, destination)),
            _ => None,
        }
    }

    /// Source and destination, if both are IPv6.
    #[must_use]
    pub const fn ipv6(&self) -> Option<(Ipv6Addr, Ipv6Addr)> {
        match (self.source, self.destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some((source, destination)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
