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
        match octets.first().map(|first| first >> 4) {
            Some(4) => {
                if let Some(view) = ipv4::View::usual(octets) {
                    return Ok(Self::V4(view));
                }
            }
            _ => {
                if let Some(view) = ipv6::View::usual(octets) {
                    return Ok(Self::V6(view));
                }
            }
        }
        // In parts, so that the place of the one result is not that of the other, and a usual packet is in registers.
        match Self::parse_any(octets) {
            Ok(Self::V4(view)) => Ok(Self::V4(view)),
            Ok(Self::V6(view)) => Ok(Self::V6(view)),
            Err(error) => Err(error),
        }
    }

    /// The same for any packet, out of line: the result goes through memory.
    #[inline(never)]
    pub(crate) fn parse_any(octets: &'a [u8]) -> Result<Self, Error> {
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
                pointer: 9,
                octets: view.payload(),
                is_fragment: view.is_fragment(),
                has_start: view.fragment_offset().units() == 0,
            }),
            Self::V6(view) => {
                let upper = view.upper_layer()?;
                Ok(Upper {
                    protocol: upper.protocol,
                    offset: upper.offset,
                    pointer: upper.pointer,
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
    /// Where the field is that names its protocol, for an ICMP error that points at it.
    pub pointer: u32,
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

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};
    use std::vec;
    use std::vec::Vec;

    fn v4() -> Vec<u8> {
        vec![0x45, 0xb8, 0, 24, 0, 0, 0x20, 0, 33, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2, 1, 2, 3, 4, 0xee]
    }

    fn v6() -> Vec<u8> {
        let mut octets = vec![0x6b, 0x80, 0, 0, 0, 12, 44, 34];
        octets.extend([1; 16]);
        octets.extend([2; 16]);
        octets.extend([17, 0, 0, 9, 0, 0, 0, 1, 1, 2, 3, 4, 0xee]);
        octets
    }

    #[test]
    fn the_first_nibble_decides_the_version() {
        for nibble in 0..16u8 {
            let mut octets = v6();
            (octets[0], octets[3]) = (nibble << 4 | 5, 20);
            match nibble {
                4 => assert_eq!(Packet::parse(&octets).map(|packet| packet.version()), Ok(4)),
                6 => assert_eq!(Packet::parse(&octets).map(|packet| packet.version()), Ok(6)),
                found => {
                    let error = Error::Version { field: Field::Ipv4Version, offset: 0, found, needed: 4 };
                    assert_eq!((Packet::parse(&octets), Packet::parse_lax(&octets)), (Err(error), Err(error)));
                }
            }
        }
        let error = Error::Truncated { field: Field::Ipv4Header, offset: 0, found: 0, needed: 1 };
        assert_eq!((Packet::parse(&[]), Packet::parse_lax(&[])), (Err(error), Err(error)));
    }

    #[test]
    fn both_versions_give_the_same_facts() {
        let (four, six) = (v4(), v6());
        let (four, six) = (Packet::parse(&four).unwrap(), Packet::parse(&six).unwrap());
        assert_eq!((four.source(), six.source()), (IpAddr::from([192, 0, 2, 1]), IpAddr::from([1; 16])));
        assert_eq!((four.destination(), six.destination()), (IpAddr::from([198, 51, 100, 2]), IpAddr::from([2; 16])));
        assert_eq!((four.ds().0, six.ds().0), (0xb8, 0xb8));
        assert_eq!((four.hop_limit(), six.hop_limit()), (33, 34));
        assert_eq!((four.len(), six.len(), four.is_empty(), six.is_empty()), (24, 52, false, false));
        let (four, six) = (four.upper_layer().unwrap(), six.upper_layer().unwrap());
        assert_eq!((four.protocol, four.offset, four.octets), (Protocol::UDP, 20, &[1, 2, 3, 4][..]));
        assert_eq!((six.protocol, six.offset, six.octets), (Protocol::UDP, 48, &[1, 2, 3, 4][..]));
        assert_eq!((four.is_fragment, four.has_start, six.is_fragment, six.has_start), (true, true, true, false));
    }

    #[test]
    fn an_atomic_fragment_is_whole() {
        let mut octets = v6();
        octets[43] = 0;
        let upper = Packet::parse(&octets).unwrap().upper_layer().unwrap();
        assert!(!upper.is_fragment && upper.has_start);
        let mut octets = v4();
        octets[6..8].copy_from_slice(&[0, 1]);
        let upper = Packet::parse(&octets).unwrap().upper_layer().unwrap();
        assert!(upper.is_fragment && !upper.has_start);
    }

    #[test]
    fn a_cut_packet_says_how_much_is_missing() {
        for (octets, len) in [(v4(), 24), (v6(), 52)] {
            for missing in 0..4u32 {
                let cut = &octets[..len - missing as usize];
                assert_eq!(Packet::parse(cut).is_ok(), missing == 0);
                assert_eq!(Packet::parse_lax(cut).map(|reading| reading.missing()), Ok(missing));
            }
        }
    }

    #[test]
    fn the_pseudo_header_is_that_of_the_version() {
        let (four, six) = (v4(), v6());
        let (a, b) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 2));
        let expected = checksum::pseudo_v4(a, b, Protocol::TCP, 77).checksum();
        assert_eq!(Packet::parse(&four).unwrap().pseudo_header(Protocol::TCP, 77).checksum(), expected);
        let (a, b) = (Ipv6Addr::from([1; 16]), Ipv6Addr::from([2; 16]));
        let expected = checksum::pseudo_v6(a, b, Protocol::TCP, 77_777).checksum();
        assert_eq!(Packet::parse(&six).unwrap().pseudo_header(Protocol::TCP, 77_777).checksum(), expected);
    }
}
