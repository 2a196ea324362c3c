//! A packet of either IP version, told apart by its first nibble.

use core::net::IpAddr;

use crate::checksum::{self, Sum};
use crate::error::{Error, Field, len32};
use crate::octets::truncated;
use crate::{DsField, Protocol, Reading, ipv4, ipv6};

/// A read IPv4 or IPv6 packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Version 4.
    V4(ipv4::View<'a>),
    /// Version 6.
    V6(ipv6::View<'a>),
}

impl<'a> Packet<'a> {
    /// Reads a packet of the version that its first nibble names.
    ///
    /// # Errors
    /// [`Error::Truncated`] without an octet, [`Error::Version`] for a nibble that is neither 4 nor 6, else those of [`ipv4::View::parse`] and
    /// [`ipv6::View::parse`].
    #[inline]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        match version(octets)? {
            4 => Ok(Self::V4(ipv4::View::parse(octets)?)),
            _ => Ok(Self::V6(ipv6::View::parse(octets)?)),
        }
    }

    /// Reads a packet whose end may be missing.
    ///
    /// # Errors
    /// Those of [`Packet::parse`], but for a length past the end, which is [`Reading::Truncated`].
    pub fn parse_lax(octets: &'a [u8]) -> Result<Reading<Self>, Error> {
        let (packet, missing) = match version(octets)? {
            4 => {
                let reading = ipv4::View::parse_lax(octets)?;
                (Self::V4(reading.into_view()), reading.missing())
            }
            _ => {
                let reading = ipv6::View::parse_lax(octets)?;
                (Self::V6(reading.into_view()), reading.missing())
            }
        };
        Ok(Reading::new(packet, missing))
    }

    /// 4 or 6.
    #[must_use]
    pub const fn version(&self) -> u8 {
        match self {
            Self::V4(_) => 4,
            Self::V6(_) => 6,
        }
    }

    /// Source address.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        match self {
            Self::V4(view) => IpAddr::V4(view.source()),
            Self::V6(view) => IpAddr::V6(view.source()),
        }
    }

    /// Destination address as it stands in the header.
    #[must_use]
    pub const fn destination(&self) -> IpAddr {
        match self {
            Self::V4(view) => IpAddr::V4(view.destination()),
            Self::V6(view) => IpAddr::V6(view.destination()),
        }
    }

    /// DSCP and ECN.
    #[must_use]
    pub const fn ds(&self) -> DsField {
        match self {
            Self::V4(view) => view.ds(),
            Self::V6(view) => view.ds(),
        }
    }

    /// Time to live or hop limit.
    #[must_use]
    pub const fn hop_limit(&self) -> u8 {
        match self {
            Self::V4(view) => view.ttl(),
            Self::V6(view) => view.hop_limit(),
        }
    }

    /// Octets of the packet, header included.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::V4(view) => view.total_len() as usize,
            Self::V6(view) => ipv6::HEADER_LEN.wrapping_add(view.payload().len()),
        }
    }

    /// Never: a packet has a header.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// What IP carries: the IPv4 payload, or what the chain of extension headers ends at.
    ///
    /// # Errors
    /// Those of [`ipv6::Extensions`].
    #[inline]
    pub fn upper_layer(&self) -> Result<Upper<'a>, Error> {
        match self {
            Self::V4(view) => Ok(Upper {
                protocol: view.protocol(),
                offset: len32(view.header_len()),
                octets: view.payload(),
                is_fragment: view.is_fragment(),
                has_start: view.fragment_offset().units() == 0,
            }),
            Self::V6(view) => {
                let upper = view.upper_layer()?;
                Ok(Upper {
                    protocol: upper.protocol,
                    offset: upper.offset,
                    octets: upper.octets,
                    is_fragment: upper.fragment.is_some_and(|fragment| !fragment.is_atomic()),
                    has_start: upper.has_start(),
                })
            }
        }
    }

    /// The sum of the pseudo-header for `len` octets of `protocol`, with the destination that the packet ends up at.
    #[must_use]
    pub fn pseudo_header(&self, protocol: Protocol, len: usize) -> Sum {
        match self {
            Self::V4(view) => {
                let len = u16::try_from(len).unwrap_or(u16::MAX);
                checksum::pseudo_v4(view.source(), view.final_destination(), protocol, len)
            }
            Self::V6(view) => checksum::pseudo_v6(view.source(), view.final_destination(), protocol, len32(len)),
        }
    }
}

/// What an IP packet of either version carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upper<'a> {
    /// Its protocol.
    pub protocol: Protocol,
    /// Where it starts, in octets from the start of the packet.
    pub offset: u32,
    /// Its octets, up to the end of the packet.
    pub octets: &'a [u8],
    /// Whether the packet is a part of a datagram.
    pub is_fragment: bool,
    /// Whether the octets start with the upper layer's header: the packet is whole, or a first fragment.
    pub has_start: bool,
}

#[inline]
fn version(octets: &[u8]) -> Result<u8, Error> {
    let Some(first) = octets.first() else {
        return Err(truncated(0, 1, Field::Ipv4Header));
    };
    match first >> 4 {
        version @ (4 | 6) => Ok(version),
        found => Err(Error::Version { field: Field::Ipv4Version, offset: 0, found, needed: 4 }),
    }
}
