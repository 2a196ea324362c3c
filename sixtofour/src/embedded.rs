//! IPv4 addresses inside IPv6 addresses, and whether an address is one that strangers may be connected to.
//!
//! A program that fetches what a stranger names must not be led to an address of the machine's own network. That an IPv6 address looks global says little:
//! `2002:7f00:1::` is a 6to4 address whose tunnel ends at 127.0.0.1. [`classify`] looks through each such form.
//!
//! ```
//! use sixtofour::classify;
//!
//! assert!(classify("2002:b0c:d0e::1".parse().unwrap()).is_ok());
//! let refused = classify("2002:7f00:1::".parse().unwrap()).unwrap_err();
//! assert_eq!(refused.to_string(), "127.0.0.1, embedded as 6to4, is loopback (RFC 1122)");
//! ```

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::special::{Ipv4Block, Ipv6Block};

/// How an IPv4 address is embedded in an IPv6 address.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Embedding {
    /// `2002:V4ADDR::/48` (RFC 3056 2): the address of the site's router.
    SixToFour,
    /// A prefix of an operator's and some bits of the router's IPv4 address (RFC 5969 4). Nothing in the address tells: only the operator knows.
    SixRd,
    /// `2001:0:...`, last 32 bits inverted (RFC 4380 4): the client's address, as it is mapped outside.
    TeredoClient,
    /// `2001:0:V4ADDR:...` (RFC 4380 4): the client's server.
    TeredoServer,
    /// Interface identifier `0:5efe:V4ADDR` or `200:5efe:V4ADDR` (RFC 5214 6.1).
    Isatap,
    /// `::ffff:V4ADDR` (RFC 4291 2.5.5.2): an IPv4 node as sockets name it.
    Mapped,
    /// `::V4ADDR` (RFC 4291 2.5.5.1), deprecated.
    Compatible,
    /// `64:ff9b::V4ADDR` (RFC 6052 2.1): an IPv4 node behind a translator.
    Translated,
}

impl Embedding {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SixToFour => "6to4",
            Self::SixRd => "6rd",
            Self::TeredoClient => "Teredo client",
            Self::TeredoServer => "Teredo server",
            Self::Isatap => "ISATAP",
            Self::Mapped => "IPv4-mapped",
            Self::Compatible => "IPv4-compatible",
            Self::Translated => "NAT64",
        }
    }
}

impl fmt::Display for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An IPv4 address that an IPv6 address has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Embedded {
    /// How.
    pub embedding: Embedding,
    /// The IPv4 address.
    pub address: Ipv4Addr,
}

/// All IPv4 addresses in an IPv6 address, those of the prefix first. An address can have three: Teredo's two and an ISATAP identifier that its obfuscated
/// port happens to make.
#[derive(Debug, Clone)]
pub struct EmbeddedV4 {
    found: [Option<Embedded>; 3],
    next: usize,
}

impl Iterator for EmbeddedV4 {
    type Item = Embedded;

    fn next(&mut self) -> Option<Embedded> {
        while let Some(found) = self.found.get(self.next) {
            self.next = self.next.saturating_add(1);
            if found.is_some() {
                return *found;
            }
        }
        None
    }
}

/// The IPv4 addresses in `address` that its form shows. 6rd addresses show none: ask their [`crate::Domain`].
#[must_use]
pub const fn embedded_v4(address: Ipv6Addr) -> EmbeddedV4 {
    let last = Ipv4Addr::from_bits(low(address));
    let (first, second) = match address.segments() {
        [0x2002, a, b, ..] => (embedded(Embedding::SixToFour, joined(a, b)), None),
        [0x2001, 0, a, b, ..] => (
            embedded(Embedding::TeredoServer, joined(a, b)),
            embedded(Embedding::TeredoClient, Ipv4Addr::from_bits(!low(address))),
        ),
        [0, 0, 0, 0, 0, 0xffff, _, _] => (embedded(Embedding::Mapped, last), None),
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => (None, None),
        [0, 0, 0, 0, 0, 0, _, _] => (embedded(Embedding::Compatible, last), None),
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => (embedded(Embedding::Translated, last), None),
        _ => (None, None),
    };
    EmbeddedV4 { found: [first, second, isatap(address)], next: 0 }
}

/// The address of an ISATAP interface identifier, if it is one; the bit that says whether the IPv4 address is unique does not count.
#[inline]
pub(crate) const fn isatap(address: Ipv6Addr) -> Option<Embedded> {
    match address.segments() {
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => embedded(Embedding::Isatap, Ipv4Addr::from_bits(low(address))),
        _ => None,
    }
}

const fn embedded(embedding: Embedding, address: Ipv4Addr) -> Option<Embedded> {
    Some(Embedded { embedding, address })
}

const fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(((high as u32) << 16) | low as u32)
}

#[expect(clippy::cast_possible_truncation, reason = "the last 32 bits")]
const fn low(address: Ipv6Addr) -> u32 {
    address.to_bits() as u32
}

/// Why an address is not one that strangers may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NotGlobal {
    /// The address that is at fault: the one that was asked for, or one embedded in it.
    pub address: IpAddr,
    /// How it is embedded; `None` for the address that was asked for.
    pub through: Option<Embedding>,
    /// What it is.
    pub block: Block,
}

/// What an address is that is not a global unicast address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Block {
    /// Of IPv4.
    V4(Ipv4Block),
    /// Of IPv6.
    V6(Ipv6Block),
}

impl fmt::Display for NotGlobal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        if let Some(through) = self.through {
            write!(f, ", embedded as {through},")?;
        }
        match self.block {
            Block::V4(block) => write!(f, " is {block}"),
            Block::V6(block) => write!(f, " is {block}"),
        }
    }
}

impl core::error::Error for NotGlobal {}

/// Whether `address` is a global unicast address, and so is each IPv4 address embedded in it.
///
/// An IPv4-mapped or NAT64 address is as good as the IPv4 address in it. Other addresses outside of 2000::/3 are not allocated, and not global. What an operator's own
/// prefix embeds (6rd, NAT64 with another prefix) can't be seen.
///
/// # Errors
/// What is not global, and how it is embedded. Blocks of the registry that are globally reachable (AS112, AMT, ...) are global, but the deprecated anycast prefix of
/// 6to4 relays is not.
pub const fn classify(address: IpAddr) -> Result<(), NotGlobal> {
    let address = match address {
        IpAddr::V4(address) => return classify_v4(address, None),
        IpAddr::V6(address) => address,
    };
    if let Some(block) = block_of(address) {
        return Err(NotGlobal { address: IpAddr::V6(address), through: None, block: Block::V6(block) });
    }
    let [first, second, third] = embedded_v4(address).found;
    match classify_embedded(first) {
        Ok(()) => match classify_embedded(second) {
            Ok(()) => classify_embedded(third),
            error => error,
        },
        error => error,
    }
}

const fn block_of(address: Ipv6Addr) -> Option<Ipv6Block> {
    match address.segments() {
        // As good as the address in them.
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => return None,
        _ => {}
    }
    match Ipv6Block::of(address) {
        None => match address.segments() {
            [0x2000..=0x3fff, ..] => None,
            _ => Some(Ipv6Block::Unallocated),
        },
        block => block,
    }
}

const fn classify_embedded(embedded: Option<Embedded>) -> Result<(), NotGlobal> {
    match embedded {
        Some(embedded) => classify_v4(embedded.address, Some(embedded.embedding)),
        None => Ok(()),
    }
}

const fn classify_v4(address: Ipv4Addr, through: Option<Embedding>) -> Result<(), NotGlobal> {
    match Ipv4Block::of(address) {
        Some(block) => Err(NotGlobal { address: IpAddr::V4(address), through, block: Block::V4(block) }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
