//! BSD loopback: an address family before the packet.
//!
//! ```text
//! +---------------------------------------------------------------+
//! |                        Address Family                         |
//! +---------------------------------------------------------------+
//! ```
//!
//! The family is in the byte order of the host that captured (link type 0) or in network byte order (108). Families are small
//! numbers, so the order shows. That of IPv4 is 2 everywhere; that of IPv6 is 24, 28 or 30, as the system has it.

use crate::error::{Error, Field};
use crate::octets::first;

/// Octets of the header.
pub const HEADER_LEN: usize = 4;

/// An address family of a BSD system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressFamily(pub u32);

impl AddressFamily {
    /// IPv4.
    pub const INET: Self = Self(2);
    /// IPv6 on NetBSD and OpenBSD.
    pub const INET6_BSD: Self = Self(24);
    /// IPv6 on FreeBSD.
    pub const INET6_FREEBSD: Self = Self(28);
    /// IPv6 on Darwin.
    pub const INET6_DARWIN: Self = Self(30);

    /// Whether the family is that of IPv6 on any of the systems.
    #[must_use]
    pub const fn is_inet6(self) -> bool {
        matches!(self, Self::INET6_BSD | Self::INET6_FREEBSD | Self::INET6_DARWIN)
    }
}

/// Which byte order a loopback header has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// That of the capturing host, which the number itself tells.
    Host,
    /// Network byte order.
    Network,
}

/// A read loopback header and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    family: AddressFamily,
    payload: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 4 octets.
    pub fn parse(octets: &'a [u8], order: Order) -> Result<Self, Error> {
        let (header, payload) = first::<HEADER_LEN>(octets, Field::NullHeader)?;
        let (big, little) = (u32::from_be_bytes(*header), u32::from_le_bytes(*header));
        let family = match order {
            Order::Network => big,
            // The right reading is the one whose upper half is empty.
            Order::Host if big > 0xffff => little,
            Order::Host => big,
        };
        Ok(Self { family: AddressFamily(family), payload })
    }

    /// Address family of the packet. Some old captures have an EtherType here: numbers over 1500.
    #[must_use]
    pub const fn family(&self) -> AddressFamily {
        self.family
    }

    /// What follows.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
