//! Deterministic mapping (RFC 7422): from a subscriber to its ports, and from an outside address and port to the subscriber, by arithmetic instead of a log.
//!
//! Ports that are reserved (R) are taken out; each subscriber gets 1/(C + D) of the rest, where C is how many subscribers share an address and D how many more shares the dynamic pool
//! has. What is then left over belongs to the pool too.
//!
//! ```text
//! ports of an outside address, algorithm 0, C = 14, D = 2:
//! +----------+--------------+--------------+-----+--------------+---------------------+
//! | reserved | subscriber 1 | subscriber 2 | ... | subscriber 14|    dynamic pool     |
//! +----------+--------------+--------------+-----+--------------+---------------------+
//! 0       1023 1024    5055                        53440   57471 57472           65535
//! ```
//!
//! ```
//! use addr_sharing::deterministic::{Answer, Deterministic, Inside};
//!
//! // RFC 7422 2.3.
//! let inside = Inside::ipv4_hosts("198.51.100.0/28".parse()?);
//! let map = Deterministic::new(inside, "192.0.2.1/32".parse()?, 2)?;
//! let mapping = map.forward("198.51.100.1".parse()?)?;
//! assert_eq!(mapping.ranges().next().unwrap().to_string(), "192.0.2.1:1024-5055");
//! assert_eq!(map.reverse("192.0.2.1".parse()?, 2001)?, Answer::Subscriber("198.51.100.1".parse()?));
//! assert_eq!(map.reverse("192.0.2.1".parse()?, 58204)?, Answer::Dynamic);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ip_wire::prefix::{Ipv4Prefix, Ipv6Prefix};

use crate::error::{Error, Parameter};
use crate::port::PortRange;

#[cfg(feature = "alloc")]
mod history;
mod reserved;
mod text;

#[cfg(feature = "alloc")]
pub use history::{Answers, Epoch, History};
pub use reserved::{MAX_RESERVED, Reserved};

/// The subscribers: addresses, or prefixes, on the inside (I).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inside {
    /// IPv4 addresses; a subscriber each.
    Ipv4 {
        /// The prefix.
        prefix: Ipv4Prefix,
        /// Its first and its last address are no subscribers' (network and broadcast address), as RFC 7422 2.3 counts; prefixes of 31 and 32 bits have
        /// none to leave out.
        hosts_only: bool,
    },
    /// IPv6 prefixes; a subscriber each (DS-Lite, NAT64).
    Ipv6 {
        /// What all of them start with.
        prefix: Ipv6Prefix,
        /// Bits of a subscriber's prefix.
        subscriber_len: u8,
    },
}

impl Inside {
    /// The hosts of an IPv4 prefix.
    #[must_use]
    pub const fn ipv4_hosts(prefix: Ipv4Prefix) -> Self {
        Self::Ipv4 { prefix, hosts_only: true }
    }

    /// All addresses of an IPv4 prefix.
    #[must_use]
    pub const fn ipv4_all(prefix: Ipv4Prefix) -> Self {
        Self::Ipv4 { prefix, hosts_only: false }
    }

    /// How many subscribers there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        match self {
            Self::Ipv4 { prefix, .. } => {
                let all = 1u64.wrapping_shl(32u32.saturating_sub(prefix.len() as u32));
                all.saturating_sub(self.left_out().saturating_mul(2))
            }
            Self::Ipv6 { prefix, subscriber_len } => {
                let bits = subscriber_len.saturating_sub(prefix.len()) as u32;
                match 1u64.checked_shl(bits) {
                    Some(count) => count,
                    None => u64::MAX,
                }
            }
        }
    }

    /// The subscriber of an index, from 0: its address, or the first address of its prefix.
    #[must_use]
    pub const fn nth(&self, index: u64) -> Option<IpAddr> {
        if index >= self.count() {
            return None;
        }
        Some(match self {
            #[expect(clippy::cast_possible_truncation, reason = "below the count of a 32-bit prefix")]
            Self::Ipv4 { prefix, .. } => {
                let at = index.wrapping_add(self.left_out()) as u32;
                IpAddr::V4(Ipv4Addr::from_bits(prefix.address().to_bits().wrapping_add(at)))
            }
            Self::Ipv6 { prefix, subscriber_len } => {
                let shift = 128u32.saturating_sub(*subscriber_len as u32);
                IpAddr::V6(Ipv6Addr::from_bits(prefix.address().to_bits() | (index as u128).wrapping_shl(shift)))
            }
        })
    }

    /// The index of the subscriber that has an address.
    #[must_use]
    pub const fn index_of(&self, address: IpAddr) -> Option<u64> {
        let index = match (self, address) {
            (Self::Ipv4 { prefix, .. }, IpAddr::V4(address)) if prefix.contains(address) => {
                let at = (address.to_bits() & !prefix.mask()) as u64;
                match at.checked_sub(self.left_out()) {
                    Some(index) => index,
                    None => return None,
                }
            }
            (Self::Ipv6 { prefix, subscriber_len }, IpAddr::V6(address)) if prefix.contains(address) => {
                let shift = 128u32.saturating_sub(*subscriber_len as u32);
                #[expect(clippy::cast_possible_truncation, reason = "checked by `Deterministic::with`: 32 bits at most")]
                let index = (address.to_bits() & !prefix.mask()).wrapping_shr(shift) as u64;
                index
            }
            _ => return None,
        };
        if index < self.count() { Some(index) } else { None }
    }

    const fn left_out(&self) -> u64 {
        match self {
            Self::Ipv4 { prefix, hosts_only } => (*hosts_only && prefix.len() < 31) as u64,
            Self::Ipv6 { .. } => 0,
        }
    }
}

/// How ports are assigned (A of RFC 7422 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Algorithm {
    /// 0: block after block of an address; then the next address.
    Sequential,
    /// 1: every (C + D)th port of an address. RFC 7422 writes n*C + R for address 1 and (1 + n)*C + R for address 2, under which both would have nearly the same ports. This is
    /// n*(C + D) + i - 1 for the address's ith subscriber, counted over the ports that are not reserved.
    Staggered,
    /// 2: the same ports of all outside addresses, then the next higher ones.
    RoundRobin,
    /// 3: every port of a stride over the ports of all outside addresses, one address after the other.
    Interlaced,
}

impl Algorithm {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Sequential, Self::Staggered, Self::RoundRobin, Self::Interlaced];

    /// The number in RFC 7422.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// Whose a port of an outside address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// A subscriber's: its address, or the first address of its prefix.
    Subscriber(IpAddr),
    /// Nobody's: among the reserved ports (R).
    Reserved,
    /// The dynamic pool's: the log tells who had it.
    Dynamic,
    /// Nobody's: left over where there is no dynamic pool, or the share of a subscriber that there is none for.
    Orphan,
}

/// A configuration of deterministic mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deterministic {
    inside: Inside,
    outside: Ipv4Prefix,
    dynamic_factor: u32,
    max_ports: u32,
    algorithm: Algorithm,
    reserved: Reserved,
    /// Outside addresses, and subscribers to each of them (C).
    addresses: u64,
    per_address: u64,
    /// Ports of each subscriber.
    share: u64,
}

impl Deterministic {
    /// A configuration with the usual rest: sequential, system ports reserved, no limit on a user's dynamic ports.
    ///
    /// # Errors
    /// Those of [`Deterministic::with`].
    pub const fn new(inside: Inside, outside: Ipv4Prefix, dynamic_factor: u32) -> Result<Self, Error> {
        Self::with(inside, outside, dynamic_factor, 65_536, Algorithm::Sequential, Reserved::SYSTEM)
    }

    /// A configuration of I, O, D, M, A and R (RFC 7422 2). The compression ratio C follows from I and O, rounded up.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is no subscriber, or more than 2^32; if an IPv6 subscriber's prefix is shorter than the inside prefix, or longer than 128 bits; for D or M over 65,536; and if
    /// there are more shares than ports.
    pub const fn with(
        inside: Inside,
        outside: Ipv4Prefix,
        dynamic_factor: u32,
        max_ports: u32,
        algorithm: Algorithm,
        reserved: Reserved,
    ) -> Result<Self, Error> {
        if let Inside::Ipv6 { prefix, subscriber_len } = inside {
            let (least, most) =
                (prefix.len() as u32, if prefix.len() > 96 { 128 } else { (prefix.len() as u32).saturating_add(32) });
            if (subscriber_len as u32) < least || subscriber_len as u32 > most {
                let (parameter, found) = (Parameter::SubscriberPrefix, subscriber_len as u32);
                return Err(Error::Parameter { parameter, found, least, most });
            }
        }
        if dynamic_factor > 65_536 {
            return Err(over(Parameter::DynamicFactor, dynamic_factor));
        }
        if max_ports > 65_536 {
            return Err(over(Parameter::MaxPorts, max_ports));
        }
        let subscribers = inside.count();
        let addresses = 1u64.wrapping_shl(32u32.saturating_sub(outside.len() as u32));
        let ports = reserved.left() as u64;
        let per_address = subscribers.div_ceil(addresses);
        let (shares, places) = match algorithm {
            Algorithm::Sequential | Algorithm::Staggered => (per_address.saturating_add(dynamic_factor as u64), ports),
            Algorithm::RoundRobin | Algorithm::Interlaced => {
                (subscribers.saturating_add(addresses.saturating_mul(dynamic_factor as u64)), ports.saturating_mul(addresses))
            }
        };
        let share = match places.checked_div(shares) {
            Some(share) if share > 0 => share,
            _ => {
                #[expect(clippy::cast_possible_truncation, reason = "the lesser of a number and 2^32 - 1")]
                let found = if per_address > u32::MAX as u64 { u32::MAX } else { per_address as u32 };
                return Err(Error::Parameter { parameter: Parameter::Ratio, found, least: 1, most: reserved.left() });
            }
        };
        Ok(Self { inside, outside, dynamic_factor, max_ports, algorithm, reserved, addresses, per_address, share })
    }

    /// I: the subscribers.
    #[must_use]
    pub const fn inside(&self) -> Inside {
        self.inside
    }

    /// O: the outside addresses.
    #[must_use]
    pub const fn outside(&self) -> Ipv4Prefix {
        self.outside
    }

    /// D: shares of the dynamic pool on each outside address.
    #[must_use]
    pub const fn dynamic_factor(&self) -> u32 {
        self.dynamic_factor
    }

    /// M: ports that a subscriber may have, dynamic ones included.
    #[must_use]
    pub const fn max_ports(&self) -> u32 {
        self.max_ports
    }

    /// A: how ports are assigned.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// R: ports that nobody gets.
    #[must_use]
    pub const fn reserved(&self) -> Reserved {
        self.reserved
    }

    /// C: subscribers to an outside address.
    #[must_use]
    pub const fn compression_ratio(&self) -> u64 {
        self.per_address
    }

    /// Ports that each subscriber has without a log.
    #[must_use]
    pub const fn ports_per_subscriber(&self) -> u64 {
        self.share
    }

    /// Ports of the dynamic pool that a subscriber may have on top: M less its own ones; none if D is 0.
    #[must_use]
    pub const fn dynamic_ports_per_subscriber(&self) -> u64 {
        if self.dynamic_factor == 0 { 0 } else { (self.max_ports as u64).saturating_sub(self.share) }
    }

    /// The ports of a subscriber: function 1 of RFC 7422 2.
    ///
    /// # Errors
    /// [`Error::UnknownAddress`] for an address that is no subscriber's.
    pub const fn forward(&self, subscriber: IpAddr) -> Result<Mapping<'_>, Error> {
        match self.inside.index_of(subscriber) {
            Some(index) => Ok(Mapping { map: self, index }),
            None => Err(Error::UnknownAddress(subscriber)),
        }
    }

    /// Whose a port of an outside address is: function 2 of RFC 7422 2. There is one answer for each.
    ///
    /// # Errors
    /// [`Error::UnknownAddress`] for an address that is not outside.
    pub const fn reverse(&self, address: Ipv4Addr, port: u16) -> Result<Answer, Error> {
        if !self.outside.contains(address) {
            return Err(Error::UnknownAddress(IpAddr::V4(address)));
        }
        let at = (address.to_bits() & !self.outside.mask()) as u64;
        let Some(rank) = self.reserved.rank(port) else { return Ok(Answer::Reserved) };
        let rank = rank as u64;
        let left_over = if self.dynamic_factor > 0 { Answer::Dynamic } else { Answer::Orphan };
        let index = match self.algorithm {
            Algorithm::Sequential => {
                let slot = quotient(rank, self.share);
                if slot >= self.per_address {
                    return Ok(left_over);
                }
                at.wrapping_mul(self.per_address).wrapping_add(slot)
            }
            Algorithm::Staggered => {
                let stride = self.per_address.wrapping_add(self.dynamic_factor as u64);
                let slot = remainder(rank, stride);
                if slot >= self.per_address || quotient(rank, stride) >= self.share {
                    return Ok(left_over);
                }
                at.wrapping_mul(self.per_address).wrapping_add(slot)
            }
            Algorithm::RoundRobin => {
                let index = quotient(self.across(rank, at), self.share);
                if index >= self.inside.count() {
                    return Ok(left_over);
                }
                index
            }
            Algorithm::Interlaced => {
                let (stride, across) = (self.stride_across(), self.across(rank, at));
                let index = remainder(across, stride);
                if index >= self.inside.count() || quotient(across, stride) >= self.share {
                    return Ok(left_over);
                }
                index
            }
        };
        Ok(match self.inside.nth(index) {
            Some(subscriber) => Answer::Subscriber(subscriber),
            // A share of the last address for which there is no subscriber.
            None => Answer::Orphan,
        })
    }

    /// Place of a port among those of all outside addresses, counted port by port.
    const fn across(&self, rank: u64, address: u64) -> u64 {
        rank.wrapping_mul(self.addresses).wrapping_add(address)
    }

    const fn stride_across(&self) -> u64 {
        self.inside.count().wrapping_add(self.addresses.wrapping_mul(self.dynamic_factor as u64))
    }
}

/// No divisor is 0: there are a subscriber, an outside address and a port for each.
const fn quotient(dividend: u64, divisor: u64) -> u64 {
    match dividend.checked_div(divisor) {
        Some(quotient) => quotient,
        None => 0,
    }
}

/// As [`quotient`].
const fn remainder(dividend: u64, divisor: u64) -> u64 {
    match dividend.checked_rem(divisor) {
        Some(remainder) => remainder,
        None => 0,
    }
}

const fn over(parameter: Parameter, found: u32) -> Error {
    Error::Parameter { parameter, found, least: 0, most: 65_536 }
}

/// The ports of a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping<'a> {
    map: &'a Deterministic,
    index: u64,
}

impl Mapping<'_> {
    /// How many ports.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.map.share
    }

    /// The `n`th of them, from 0, with its outside address.
    #[must_use]
    pub const fn nth(&self, n: u64) -> Option<(Ipv4Addr, u16)> {
        let map = self.map;
        if n >= map.share {
            return None;
        }
        let slot = remainder(self.index, map.per_address);
        let address = quotient(self.index, map.per_address);
        let (address, rank) = match map.algorithm {
            Algorithm::Sequential => (address, slot.wrapping_mul(map.share).wrapping_add(n)),
            Algorithm::Staggered => {
                let stride = map.per_address.wrapping_add(map.dynamic_factor as u64);
                (address, n.wrapping_mul(stride).wrapping_add(slot))
            }
            Algorithm::RoundRobin => {
                let across = self.index.wrapping_mul(map.share).wrapping_add(n);
                (remainder(across, map.addresses), quotient(across, map.addresses))
            }
            Algorithm::Interlaced => {
                let across = n.wrapping_mul(map.stride_across()).wrapping_add(self.index);
                (remainder(across, map.addresses), quotient(across, map.addresses))
            }
        };
        #[expect(clippy::cast_possible_truncation, reason = "below the number of ports, and of addresses")]
        let (at, rank) = (address as u32, rank as u32);
        match map.reserved.nth(rank) {
            Some(port) => Some((Ipv4Addr::from_bits(map.outside.address().to_bits().wrapping_add(at)), port)),
            None => None,
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (Ipv4Addr, u16)> + '_ {
        (0..self.count()).map_while(|n| self.nth(n))
    }

    /// The ports as ranges of an address each, in the order of [`Mapping::iter`].
    pub fn ranges(&self) -> impl Iterator<Item = OutsideRange> + '_ {
        let mut n = 0u64;
        core::iter::from_fn(move || {
            let (address, first) = self.nth(n)?;
            let mut last = first;
            loop {
                n = n.saturating_add(1);
                match self.nth(n) {
                    Some((next_address, next)) if next_address == address && last.checked_add(1) == Some(next) => last = next,
                    _ => break,
                }
            }
            Some(OutsideRange { address, ports: PortRange::new(first, last).ok()? })
        })
    }
}

/// Consecutive ports of an outside address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutsideRange {
    /// The address.
    pub address: Ipv4Addr,
    /// The ports.
    pub ports: PortRange,
}

impl fmt::Display for OutsideRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.address, self.ports)
    }
}

#[cfg(test)]
mod tests;
