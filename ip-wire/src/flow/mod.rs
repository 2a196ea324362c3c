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
//! assert_eq!(flow.key.protocol(), Protocol::UDP);
//! assert_eq!(flow.key.ports(), Ports::Pair { source: 1234, destination: 53 });
//! # Ok(())
//! # }
//! ```

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{Error, Field, len32};
use crate::ip::Packet;
use crate::link::{self, LinkType, NetworkProtocol};
use crate::octets::be16;
use crate::{FragmentOffset, Protocol, icmpv4, icmpv6, ipv4, ipv6};

/// What names a flow: addresses, protocol, and whatever the protocol tells its conversations apart by.
///
/// Flat and `Copy`, made to be hashed and compared: addresses are kept as bits, and read as [`IpAddr`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// The octets of the addresses as they stand, IPv4's first; in words that fit registers.
    source: [u64; 2],
    destination: [u64; 2],
    /// A port pair, an identifier or an SPI, as `kind` says.
    number: u32,
    kind: Kind,
    protocol: Protocol,
    is_ipv6: bool,
}

/// Which [`Ports`] a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Pair,
    Identifier,
    Spi,
    InFirstFragment,
    None,
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
    /// A key from its parts, as a packet with these headers would have.
    ///
    /// # Errors
    /// [`Error::AddressFamily`] if the addresses are not of one version.
    pub fn new(source: IpAddr, destination: IpAddr, protocol: Protocol, ports: Ports) -> Result<Self, Error> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Ok(Self::of_v4(source, destination, protocol, ports.parts())),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Ok(Self::of_v6(source, destination, protocol, ports.parts())),
            (IpAddr::V4(_), _) => Err(Error::AddressFamily { field: Field::Address, found: 6, needed: 4 }),
            (IpAddr::V6(_), _) => Err(Error::AddressFamily { field: Field::Address, found: 4, needed: 6 }),
        }
    }

    #[inline]
    fn of_v4(source: Ipv4Addr, destination: Ipv4Addr, protocol: Protocol, (kind, number): (Kind, u32)) -> Self {
        let bits = |address: Ipv4Addr| [u64::from(u32::from_ne_bytes(address.octets())), 0];
        Self { source: bits(source), destination: bits(destination), number, kind, protocol, is_ipv6: false }
    }

    #[inline]
    fn of_v6(source: Ipv6Addr, destination: Ipv6Addr, protocol: Protocol, (kind, number): (Kind, u32)) -> Self {
        let bits = |address: Ipv6Addr| {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = address.octets();
            [u64::from_ne_bytes([a, b, c, d, e, f, g, h]), u64::from_ne_bytes([i, j, k, l, m, n, o, p])]
        };
        Self { source: bits(source), destination: bits(destination), number, kind, protocol, is_ipv6: true }
    }

    /// Source address.
    #[must_use]
    #[inline]
    pub fn source(&self) -> IpAddr {
        self.address(self.source)
    }

    /// Destination address as it stands in the header.
    #[must_use]
    #[inline]
    pub fn destination(&self) -> IpAddr {
        self.address(self.destination)
    }

    #[inline]
    fn address(&self, [first, second]: [u64; 2]) -> IpAddr {
        if self.is_ipv6 {
            let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (first.to_ne_bytes(), second.to_ne_bytes());
            return IpAddr::V6(Ipv6Addr::from([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]));
        }
        #[expect(clippy::cast_possible_truncation, reason = "made from 32 bits")]
        let bits = first as u32;
        IpAddr::V4(Ipv4Addr::from(bits.to_ne_bytes()))
    }

    /// Upper-layer protocol, behind IPv6 extension headers.
    #[must_use]
    #[inline]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Ports, or what stands for them.
    #[must_use]
    #[inline]
    pub const fn ports(&self) -> Ports {
        let [s0, s1, d0, d1] = self.number.to_be_bytes();
        match self.kind {
            Kind::Pair => Ports::Pair { source: be16(s0, s1), destination: be16(d0, d1) },
            Kind::Identifier => Ports::Identifier(be16(d0, d1)),
            Kind::Spi => Ports::Spi(self.number),
            Kind::InFirstFragment => Ports::InFirstFragment,
            Kind::None => Ports::None,
        }
    }

    /// The source port, if there is one.
    #[must_use]
    #[inline]
    pub const fn source_port(&self) -> Option<u16> {
        let [high, low, _, _] = self.number.to_be_bytes();
        if matches!(self.kind, Kind::Pair) { Some(be16(high, low)) } else { None }
    }

    /// The destination port, if there is one.
    #[must_use]
    #[inline]
    pub const fn destination_port(&self) -> Option<u16> {
        let [_, _, high, low] = self.number.to_be_bytes();
        if matches!(self.kind, Kind::Pair) { Some(be16(high, low)) } else { None }
    }

    /// The key of the answers: source and destination exchanged. An SPI names one direction only and stays.
    #[must_use]
    #[inline]
    pub const fn reversed(self) -> Self {
        let number = match self.kind {
            Kind::Pair => self.number.rotate_left(16),
            _ => self.number,
        };
        Self { source: self.destination, destination: self.source, number, ..self }
    }
}

impl fmt::Debug for FlowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowKey")
            .field("source", &self.source())
            .field("destination", &self.destination())
            .field("protocol", &self.protocol)
            .field("ports", &self.ports())
            .finish()
    }
}

impl Ports {
    #[inline]
    const fn parts(self) -> (Kind, u32) {
        match self {
            Self::Pair { source, destination } => (Kind::Pair, ((source as u32) << 16) | destination as u32),
            Self::Identifier(identifier) => (Kind::Identifier, identifier as u32),
            Self::Spi(spi) => (Kind::Spi, spi),
            Self::InFirstFragment => (Kind::InFirstFragment, 0),
            Self::None => (Kind::None, 0),
        }
    }
}

/// A packet's flow, and whether the packet is a part of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Five-tuple.
    pub key: FlowKey,
    part: Part,
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

/// A [`Fragment`] or none, flat: 13 bits of offset, two of nothing, and More Fragments. Both zero say that the packet is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Part {
    identification: u32,
    word: u16,
}

impl Part {
    const WHOLE: Self = Self { identification: 0, word: 0 };

    #[inline]
    const fn new(identification: u32, offset: FragmentOffset, more: bool) -> Self {
        let word = (offset.units() << 3) | more as u16;
        if word == 0 { Self::WHOLE } else { Self { identification, word } }
    }
}

impl Flow {
    /// The flow of an Ethernet frame, behind any 802.1Q tags.
    ///
    /// # Errors
    /// [`Error::UnsupportedProtocol`] at the EtherType of a frame that carries no IP; those of [`link::network`] and of [`Flow::from_ip`], whose
    /// offsets count from the frame's start.
    #[inline]
    pub fn from_ethernet(frame: &[u8]) -> Result<Self, Error> {
        match Self::usual(frame) {
            Some(flow) => Ok(flow),
            None => {
                let (key, part) = Self::from_link(frame)?;
                Ok(Self { key, part })
            }
        }
    }

    /// The frames that nearly all are, with two tags at most and no thought of what is wrong with the others.
    #[inline]
    fn usual(frame: &[u8]) -> Option<Self> {
        let (header, mut rest) = frame.split_first_chunk::<{ link::ethernet::HEADER_LEN }>()?;
        let mut ether_type = be16(header[12], header[13]);
        for _ in 0..3 {
            match ether_type {
                0x0800 => return Self::from_ipv4(rest).ok(),
                0x86dd => return Self::from_ipv6(rest).ok(),
                0x8100 | 0x88a8 => ether_type = skip_tag(&mut rest)?,
                _ => return None,
            }
        }
        None
    }

    /// Any frame. In parts, so that the flow of a usual frame need not be put together in memory.
    #[cold]
    #[inline(never)]
    fn from_link(frame: &[u8]) -> Result<(FlowKey, Part), Error> {
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
        let Self { key, part } = flow.map_err(|error| error.shifted(network.offset))?;
        Ok((key, part))
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
        match Self::of_usual(packet) {
            Some(flow) => Ok(flow),
            None => Self::of_any(*packet),
        }
    }

    /// The flow of what nearly all packets are: with ports, right behind the IP header. `None` says nothing: then [`Flow::of`] has its say. Always inlined, so that the
    /// flow stays in registers.
    #[must_use]
    #[inline(always)]
    pub fn of_usual(packet: &Packet<'_>) -> Option<Self> {
        match packet {
            Packet::V4(view) => {
                if !has_port_pair(view.protocol()) || view.fragment_offset() != FragmentOffset::ZERO {
                    return None;
                }
                let key = FlowKey::of_v4(view.source(), view.destination(), view.protocol(), (Kind::Pair, long(view.payload())?));
                let more = view.flags().more_fragments();
                Some(Self { key, part: Part::new(u32::from(view.identification()), FragmentOffset::ZERO, more) })
            }
            Packet::V6(view) => {
                if !has_port_pair(view.next_header()) {
                    return None;
                }
                let number = (Kind::Pair, long(view.payload())?);
                Some(Self {
                    key: FlowKey::of_v6(view.source(), view.destination(), view.next_header(), number),
                    part: Part::WHOLE,
                })
            }
        }
    }

    #[inline(never)]
    fn of_any(packet: Packet<'_>) -> Result<Self, Error> {
        match packet {
            Packet::V4(view) => Self::of_ipv4(view),
            Packet::V6(view) => Self::of_ipv6(view),
        }
    }

    /// The flow of what nearly all ICMP errors of IPv4 quote, by fixed offsets: the header of an IPv4 packet without options, and eight octets of UDP's, TCP's or the like, which the
    /// quote need not go on behind (RFC 792). `None` says nothing: then [`Packet::parse_lax`] and [`Flow::of`] have their say. Always inlined, so that the flow stays in registers.
    #[must_use]
    #[inline(always)]
    pub fn of_usual_quote(octets: &[u8]) -> Option<Self> {
        let h: &[u8; ipv4::MIN_HEADER_LEN + 8] = octets.first_chunk()?;
        let (protocol, word) = (Protocol(h[9]), be16(h[6], h[7]));
        let starts = h[0] == 0x45 && be16(h[2], h[3]) >= 28 && word & 0x1fff == 0;
        if !starts || !has_port_pair(protocol) {
            return None;
        }
        let number = u32::from_be_bytes([h[20], h[21], h[22], h[23]]);
        let (source, destination) = (Ipv4Addr::new(h[12], h[13], h[14], h[15]), Ipv4Addr::new(h[16], h[17], h[18], h[19]));
        let key = FlowKey::of_v4(source, destination, protocol, (Kind::Pair, number));
        let part = Part::new(u32::from(be16(h[4], h[5])), FragmentOffset::ZERO, word & 0x2000 != 0);
        Some(Self { key, part })
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
        let Some(ports) = ports(view.protocol(), view.payload(), view.fragment_offset() == FragmentOffset::ZERO) else {
            return Err(no_ports(view.protocol(), view.payload().len(), view.header_len()));
        };
        let part = if view.is_fragment() {
            Part::new(u32::from(view.identification()), view.fragment_offset(), view.flags().more_fragments())
        } else {
            Part::WHOLE
        };
        Ok(Self { key: FlowKey::of_v4(view.source(), view.destination(), view.protocol(), ports), part })
    }

    #[inline]
    fn of_ipv6(view: ipv6::View<'_>) -> Result<Self, Error> {
        let upper = view.upper_layer()?;
        let part = match upper.fragment {
            Some(header) => Part::new(header.identification, header.offset, header.more),
            None => Part::WHOLE,
        };
        let Some(ports) = ports(upper.protocol, upper.octets, upper.has_start()) else {
            let start = usize::try_from(upper.offset).unwrap_or(usize::MAX);
            return Err(no_ports(upper.protocol, upper.octets.len(), start));
        };
        Ok(Self { key: FlowKey::of_v6(view.source(), view.destination(), upper.protocol, ports), part })
    }

    /// Which part of which datagram the packet is, if it is one. An atomic fragment is a whole packet.
    #[must_use]
    #[inline]
    pub const fn fragment(&self) -> Option<Fragment> {
        let Part { identification, word } = self.part;
        if word == 0 {
            return None;
        }
        Some(Fragment { identification, offset: FragmentOffset::from_low_13(word >> 3), more: word & 1 != 0 })
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

/// Goes past an 802.1Q tag's control information and returns the EtherType behind it.
#[inline]
fn skip_tag(rest: &mut &[u8]) -> Option<u16> {
    let ([_, _, high, low], inner) = rest.split_first_chunk()?;
    *rest = inner;
    Some(be16(*high, *low))
}

/// What tells a protocol's conversations apart, from the octets behind the IP headers; `None` if they end before it does.
#[inline]
fn ports(protocol: Protocol, octets: &[u8], has_start: bool) -> Option<(Kind, u32)> {
    if !has_start {
        return Some((Kind::InFirstFragment, 0));
    }
    if has_port_pair(protocol) { Some((Kind::Pair, long(octets)?)) } else { other(protocol, octets) }
}

#[inline]
const fn has_port_pair(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::TCP | Protocol::UDP | Protocol::UDP_LITE | Protocol::SCTP | Protocol::DCCP)
}

#[inline(never)]
fn other(protocol: Protocol, octets: &[u8]) -> Option<(Kind, u32)> {
    match (protocol, octets.first()) {
        (Protocol::ICMP, Some(0 | 8)) | (Protocol::ICMPV6, Some(128 | 129)) => {
            let [high, low] = octets.get(4..)?.first_chunk()?;
            Some((Kind::Identifier, u32::from(be16(*high, *low))))
        }
        (Protocol::ESP, _) => Some((Kind::Spi, long(octets)?)),
        (Protocol::AH, _) => Some((Kind::Spi, long(octets.get(4..)?)?)),
        _ => Some((Kind::None, 0)),
    }
}

#[inline]
fn long(octets: &[u8]) -> Option<u32> {
    octets.first_chunk().map(|octets| u32::from_be_bytes(*octets))
}

#[cold]
#[inline(never)]
fn no_ports(protocol: Protocol, found: usize, offset: usize) -> Error {
    let needed = match protocol {
        Protocol::ICMP | Protocol::ICMPV6 => 6,
        Protocol::AH => 8,
        _ => 4,
    };
    Error::Truncated { field: Field::Ports, offset: len32(offset), found: len32(found), needed }
}

#[cfg(test)]
mod tests;
