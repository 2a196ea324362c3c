//! Rewriting of addresses and ports in place, as address translators do it (RFC 3022, RFC 5508, RFC 7915's checksum rules): every
//! checksum that covers what changes is kept as true as it was, by RFC 1624 arithmetic; nothing is summed anew, nothing is copied.
//!
//! ```
//! use ip_wire::nat::{Endpoint, Rewrite};
//!
//! # fn main() -> Result<(), ip_wire::Error> {
//! # let mut packet = [
//! #     0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2, 0x04, 0xd2, 0, 53, 0, 8, 0, 0,
//! # ];
//! let to_outside = Rewrite::source(Endpoint::new("203.0.113.7".parse().unwrap(), 40_000));
//! to_outside.apply(&mut packet)?;
//! assert_eq!(packet[12..16], [203, 0, 113, 7]);
//! assert_eq!(packet[20..22], 40_000u16.to_be_bytes());
//! # Ok(())
//! # }
//! ```

use core::net::IpAddr;

use crate::checksum::Delta;
use crate::error::{Error, Field, len32};
use crate::icmp::Quote;
use crate::ip::Packet;
use crate::udp::never_zero;
use crate::{Protocol, Reading, icmpv4, icmpv6};

/// What one end of a packet is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The new address, of the packet's version.
    pub address: IpAddr,
    /// The new port, or echo identifier; `None` to keep it.
    pub port: Option<u16>,
}

impl Endpoint {
    /// A new address and port.
    #[must_use]
    pub const fn new(address: IpAddr, port: u16) -> Self {
        Self { address, port: Some(port) }
    }

    /// A new address; the port stays.
    #[must_use]
    pub const fn address(address: IpAddr) -> Self {
        Self { address, port: None }
    }
}

/// What to change in a packet.
///
/// In an echo message the source's port is the identifier of a request, the destination's that of a reply. In an ICMP error the packet
/// that it quotes is changed too, see [`Rewrite::apply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rewrite {
    /// The new source.
    pub source: Option<Endpoint>,
    /// The new destination.
    pub destination: Option<Endpoint>,
}

/// What a rewrite did.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rewritten {
    /// Addresses and transport.
    Transport,
    /// The addresses alone: the protocol has no ports and no checksum over addresses that this crate knows of.
    AddressesOnly,
    /// The addresses alone: the packet is a fragment, and the transport header is in the first one.
    Fragment,
    /// The addresses of an ICMP error and the packet it quotes.
    IcmpError,
}

impl Rewrite {
    /// A new source.
    #[must_use]
    pub const fn source(endpoint: Endpoint) -> Self {
        Self { source: Some(endpoint), destination: None }
    }

    /// A new destination.
    #[must_use]
    pub const fn destination(endpoint: Endpoint) -> Self {
        Self { source: None, destination: Some(endpoint) }
    }

    /// The same change seen from the other direction: what it makes of the source it makes of the destination.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source }
    }

    /// Changes the IP packet in `packet`.
    ///
    /// An ICMP error quotes a packet of the other direction: what is done to the error's destination is done to the quoted
    /// source, ports and all, and the other way round (RFC 5508 4.2), as far as the quote goes. Where an error comes from a router
    /// on the way, its source is not the quoted destination: use [`Rewrite::apply_with_quote`].
    ///
    /// A UDP checksum of 0 stays 0, over IPv6 too (RFC 6936 has tunnels without one). What an IPv6 routing header or an IPv4 source route makes of the destination stays, and the
    /// transport checksum with it.
    ///
    /// # Errors
    /// Those of [`Packet::parse`] and [`crate::ipv6::Extensions`]; [`Error::AddressFamily`] for an address of the other version; [`Error::Truncated`] if the
    /// transport header ends before its checksum. The packet stays as it was.
    pub fn apply(&self, packet: &mut [u8]) -> Result<Rewritten, Error> {
        self.apply_with_quote(packet, &self.reversed())
    }

    /// As [`Rewrite::apply`], with a change of its own for the packet that an ICMP error quotes.
    ///
    /// # Errors
    /// Those of [`Rewrite::apply`].
    pub fn apply_with_quote(&self, packet: &mut [u8], quoted: &Self) -> Result<Rewritten, Error> {
        let outer = Plan::new(&Packet::parse(packet)?, self)?;
        let inner = match outer.transport {
            Transport::IcmpError { at, original_len, .. } => {
                let original = packet.get(at..at.saturating_add(original_len)).unwrap_or(&[]);
                // A quote that can't be read is passed on as it is (RFC 5508 4.2 leaves it to the receiver to drop).
                let plan = Packet::parse_lax(original).and_then(|reading| Plan::for_quote(&reading, quoted));
                plan.ok().map(|plan| (at, plan))
            }
            _ => None,
        };
        let mut icmp = Delta::new();
        if let Some((at, plan)) = inner {
            icmp = plan.carry_out(packet.get_mut(at..).unwrap_or_default(), quoted, Delta::new());
        }
        outer.carry_out(packet, self, icmp);
        Ok(match outer.transport {
            Transport::None => Rewritten::AddressesOnly,
            Transport::Fragment => Rewritten::Fragment,
            Transport::IcmpError { .. } => Rewritten::IcmpError,
            _ => Rewritten::Transport,
        })
    }
}

/// Where in a packet what is: made before anything is changed, so that a packet is changed wholly or not at all.
#[derive(Debug, Clone, Copy)]
struct Plan {
    version: u8,
    /// Whether the transport checksum is over the header's destination, not that of a route.
    direct: bool,
    transport: Transport,
}

#[derive(Debug, Clone, Copy)]
enum Transport {
    None,
    Fragment,
    /// Ports in the first four octets; a checksum, if it is there and in use.
    Ports {
        start: usize,
        checksum: Option<usize>,
        zero_means_none: bool,
    },
    /// An identifier instead of a port.
    Echo {
        start: usize,
        request: bool,
        pseudo: bool,
    },
    /// A checksum alone.
    Icmp {
        start: usize,
        pseudo: bool,
    },
    IcmpError {
        start: usize,
        pseudo: bool,
        at: usize,
        original_len: usize,
    },
}

impl Plan {
    fn new(packet: &Packet<'_>, rewrite: &Rewrite) -> Result<Self, Error> {
        Self::make(packet, rewrite, false)
    }

    fn for_quote(reading: &Reading<Packet<'_>>, rewrite: &Rewrite) -> Result<Self, Error> {
        Self::make(&reading.into_view(), rewrite, true)
    }

    fn make(packet: &Packet<'_>, rewrite: &Rewrite, quoted: bool) -> Result<Self, Error> {
        for endpoint in [rewrite.source, rewrite.destination].into_iter().flatten() {
            let found = if endpoint.address.is_ipv4() { 4 } else { 6 };
            if found != packet.version() {
                return Err(Error::AddressFamily { field: Field::Address, found, needed: packet.version() });
            }
        }
        let upper = packet.upper_layer()?;
        let direct = match packet {
            Packet::V4(view) => view.final_destination() == view.destination(),
            Packet::V6(view) => view.final_destination() == view.destination(),
        };
        let start = usize::try_from(upper.offset).unwrap_or(usize::MAX);
        let transport =
            if upper.has_start { transport(packet, upper.protocol, upper.octets, start, quoted)? } else { Transport::Fragment };
        Ok(Self { version: packet.version(), direct, transport })
    }

    /// Changes the packet at the start of `octets` and returns what that did to a sum over all of its octets; `inside` is what changed in
    /// an ICMP error's quote before.
    fn carry_out(&self, octets: &mut [u8], rewrite: &Rewrite, inside: Delta) -> Delta {
        let (source_at, destination_at) = if self.version == 4 { (12, 16) } else { (8, 24) };
        let source = change_address(octets, source_at, rewrite.source);
        let destination = change_address(octets, destination_at, rewrite.destination);
        let addresses = source.and(destination);
        // What the transport's pseudo-header sees.
        let pseudo = if self.direct { addresses } else { source };
        let mut total = addresses;
        if self.version == 4 {
            total = total.and(mend(octets, 10, addresses));
        }
        let (source_port, destination_port) =
            (rewrite.source.and_then(|end| end.port), rewrite.destination.and_then(|end| end.port));
        let transport = match self.transport {
            Transport::None | Transport::Fragment => Delta::new(),
            Transport::Ports { start, checksum, zero_means_none } => {
                let ports =
                    change_word(octets, start, source_port).and(change_word(octets, start.saturating_add(2), destination_port));
                let checksum = checksum.map_or(Delta::new(), |at| match zero_means_none {
                    true => mend_udp(octets, at, ports.and(pseudo)),
                    false => mend(octets, at, ports.and(pseudo)),
                });
                ports.and(checksum)
            }
            Transport::Echo { start, request, pseudo: covered } => {
                let identifier = if request { source_port } else { destination_port };
                let changed = change_word(octets, start.saturating_add(4), identifier);
                let covers = if covered { changed.and(pseudo) } else { changed };
                changed.and(mend(octets, start.saturating_add(2), covers))
            }
            Transport::Icmp { start, pseudo: covered } => {
                mend(octets, start.saturating_add(2), if covered { pseudo } else { Delta::new() })
            }
            Transport::IcmpError { start, pseudo: covered, .. } => {
                let covers = if covered { inside.and(pseudo) } else { inside };
                inside.and(mend(octets, start.saturating_add(2), covers))
            }
        };
        total.and(transport)
    }
}

/// What of the transport header is to be changed. In a quote, which may be cut anywhere, what is missing is left out; in a packet it is
/// an error.
fn transport(packet: &Packet<'_>, protocol: Protocol, octets: &[u8], start: usize, quoted: bool) -> Result<Transport, Error> {
    let field = match protocol {
        Protocol::TCP => Field::TcpHeader,
        Protocol::UDP => Field::UdpHeader,
        Protocol::UDP_LITE => Field::UdpLiteHeader,
        Protocol::ICMP => Field::Icmpv4Header,
        Protocol::ICMPV6 => Field::Icmpv6Header,
        _ => return Ok(Transport::None),
    };
    let has = |len: usize| octets.len() >= len;
    let need = |len: usize| {
        if quoted || has(len) {
            Ok(())
        } else {
            Err(Error::Truncated { field, offset: len32(start), found: len32(octets.len()), needed: len32(len) })
        }
    };
    let is_v4 = packet.version() == 4;
    match protocol {
        Protocol::TCP => {
            need(18)?;
            let checksum = has(18).then_some(start.saturating_add(16));
            Ok(if has(4) { Transport::Ports { start, checksum, zero_means_none: false } } else { Transport::None })
        }
        Protocol::UDP | Protocol::UDP_LITE => {
            need(8)?;
            let in_use = protocol == Protocol::UDP_LITE || octets.get(6..8) != Some(&[0, 0]);
            let checksum = (has(8) && in_use).then_some(start.saturating_add(6));
            Ok(if has(4) { Transport::Ports { start, checksum, zero_means_none: true } } else { Transport::None })
        }
        Protocol::ICMP if is_v4 => {
            need(4)?;
            let Ok(view) = icmpv4::View::parse(octets) else { return Ok(Transport::None) };
            let echo = matches!(view.message_type(), icmpv4::MessageType::ECHO_REQUEST | icmpv4::MessageType::ECHO_REPLY);
            let request = view.message_type() == icmpv4::MessageType::ECHO_REQUEST;
            Ok(icmp(start, echo && has(6), request, false, view.quote().filter(|_| !quoted)))
        }
        Protocol::ICMPV6 if !is_v4 => {
            need(4)?;
            let Ok(view) = icmpv6::View::parse(octets) else { return Ok(Transport::None) };
            let echo = matches!(view.message_type(), icmpv6::MessageType::ECHO_REQUEST | icmpv6::MessageType::ECHO_REPLY);
            let request = view.message_type() == icmpv6::MessageType::ECHO_REQUEST;
            Ok(icmp(start, echo && has(6), request, true, view.quote().filter(|_| !quoted)))
        }
        _ => Ok(Transport::None),
    }
}

fn icmp(start: usize, echo: bool, request: bool, pseudo: bool, quote: Option<Quote<'_>>) -> Transport {
    match quote {
        Some(quote) => {
            let (at, original_len) = (start.saturating_add(8), quote.original().len());
            Transport::IcmpError { start, pseudo, at, original_len }
        }
        None if echo => Transport::Echo { start, request, pseudo },
        None => Transport::Icmp { start, pseudo },
    }
}

/// Writes a new address and returns the change.
fn change_address(octets: &mut [u8], at: usize, endpoint: Option<Endpoint>) -> Delta {
    let Some(place) = octets.get_mut(at..) else { return Delta::new() };
    match endpoint.map(|endpoint| endpoint.address) {
        Some(IpAddr::V4(new)) => place.first_chunk_mut::<4>().map_or(Delta::new(), |place| {
            let old = u32::from_be_bytes(*place);
            *place = new.octets();
            Delta::new().long(old, new.to_bits())
        }),
        Some(IpAddr::V6(new)) => place.first_chunk_mut::<16>().map_or(Delta::new(), |place| {
            let old = u128::from_be_bytes(*place);
            *place = new.octets();
            Delta::new().address(old, new.to_bits())
        }),
        None => Delta::new(),
    }
}

/// Writes a new word, if there is one, and returns the change.
fn change_word(octets: &mut [u8], at: usize, new: Option<u16>) -> Delta {
    let (Some(place), Some(new)) = (octets.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>), new) else {
        return Delta::new();
    };
    let old = u16::from_be_bytes(*place);
    *place = new.to_be_bytes();
    Delta::new().word(old, new)
}

/// Mends the checksum at `at`, and returns the change of the checksum's own octets.
fn mend(octets: &mut [u8], at: usize, delta: Delta) -> Delta {
    mend_with(octets, at, |old| delta.apply(old))
}

/// The same for UDP: 0 would say that there is none.
fn mend_udp(octets: &mut [u8], at: usize, delta: Delta) -> Delta {
    mend_with(octets, at, |old| never_zero(delta.apply(old)))
}

fn mend_with(octets: &mut [u8], at: usize, new: impl Fn(u16) -> u16) -> Delta {
    let old = octets.get(at..).and_then(<[u8]>::first_chunk::<2>).map(|old| u16::from_be_bytes(*old));
    change_word(octets, at, old.map(new))
}

#[cfg(test)]
mod tests;
