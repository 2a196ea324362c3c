//! 6to4 addresses and prefixes (RFC 3056 2).
//!
//! ```text
//! | 3+13 |    32 bits    |   16   |          64 bits              |
//! +------+---------------+--------+-------------------------------+
//! |FP TLA|    V4ADDR     | SLA ID |         Interface ID          |
//! | 2002 |               |        |                               |
//! +------+---------------+--------+-------------------------------+
//! |<-- site prefix, /48->|
//! ```
//!
//! FP is the format prefix 001 of global unicast, TLA ID the top-level aggregation identifier 0x0002; together they are 0x2002.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use ip_wire::prefix::{Ipv4Prefix, Ipv6Prefix};

use crate::domain::Domain;
use crate::error::{Error, Place};
use crate::policy::Ipv4Check;
use crate::special::Ipv4Block;

/// 2002::/16: all of 6to4, and the only 6to4 route that native routing may have.
pub const PREFIX: Ipv6Prefix = match Ipv6Prefix::new(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16) {
    Ok(prefix) => prefix,
    // 16 bits are set at most: the compiler has taken the arm above.
    Err(_) => Ipv6Prefix::ALL,
};
/// 192.88.99.1: relays by anycast (RFC 3068), deprecated (RFC 7526). Packets of existing relays still come from it.
pub const RELAY_ANYCAST: Ipv4Addr = Ipv4Addr::new(192, 88, 99, 1);
/// 2002:c058:6301::, the IPv6 address of [`RELAY_ANYCAST`]: next hop of default routes (RFC 3068 2.5).
pub const RELAY_ANYCAST_IPV6: Ipv6Addr = Ipv6Addr::new(0x2002, 0xc058, 0x6301, 0, 0, 0, 0, 0);

/// Whether `address` is in 192.88.99.0/24, the deprecated anycast prefix of relays (RFC 7526 4).
#[must_use]
pub const fn is_relay_anycast(address: Ipv4Addr) -> bool {
    matches!(Ipv4Block::of(address), Some(Ipv4Block::RelayAnycast))
}

/// An address with the prefix 2002::/16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SixToFourAddr(Ipv6Addr);

impl SixToFourAddr {
    /// An address from its parts.
    #[must_use]
    pub const fn new(v4addr: Ipv4Addr, sla_id: u16, interface_id: u64) -> Self {
        let bits = (0x2002 << 112) | ((v4addr.to_bits() as u128) << 80) | ((sla_id as u128) << 64) | interface_id as u128;
        Self(Ipv6Addr::from_bits(bits))
    }

    /// The address as 6to4's; `None` without the prefix.
    #[must_use]
    pub const fn from_ipv6(address: Ipv6Addr) -> Option<Self> {
        if PREFIX.contains(address) { Some(Self(address)) } else { None }
    }

    /// The address that a host without a router gives itself: 2002:V4ADDR::V4ADDR, as Windows does.
    #[must_use]
    pub const fn of_host(v4addr: Ipv4Addr) -> Self {
        Self::new(v4addr, 0, v4addr.to_bits() as u64)
    }

    /// The IPv4 address of the router that the address is behind.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "32 bits of 128")]
    pub const fn v4addr(self) -> Ipv4Addr {
        Ipv4Addr::from_bits((self.0.to_bits() >> 80) as u32)
    }

    /// SLA ID: the subnet in the site.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "16 bits of 128")]
    pub const fn sla_id(self) -> u16 {
        (self.0.to_bits() >> 64) as u16
    }

    /// Interface ID.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "64 bits of 128")]
    pub const fn interface_id(self) -> u64 {
        self.0.to_bits() as u64
    }

    /// The site that the address is in.
    #[must_use]
    pub const fn site(self) -> SitePrefix {
        SitePrefix(self.v4addr())
    }

    /// The address.
    #[must_use]
    pub const fn ipv6(self) -> Ipv6Addr {
        self.0
    }
}

impl TryFrom<Ipv6Addr> for SixToFourAddr {
    type Error = Error;

    fn try_from(address: Ipv6Addr) -> Result<Self, Error> {
        Self::from_ipv6(address).ok_or(Error::NotInDomain)
    }
}

impl From<SixToFourAddr> for Ipv6Addr {
    fn from(address: SixToFourAddr) -> Self {
        address.0
    }
}

impl fmt::Display for SixToFourAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The prefix of a site: 2002:V4ADDR::/48.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SitePrefix(Ipv4Addr);

impl SitePrefix {
    /// The prefix of the site whose router has `v4addr`, if a router can have it: [`is_usable_site_address`].
    ///
    /// # Errors
    /// [`Error::SpecialIpv4`], which names the block.
    pub const fn new(v4addr: Ipv4Addr, check: Ipv4Check) -> Result<Self, Error> {
        match is_usable_site_address(v4addr, check) {
            Ok(()) => Ok(Self(v4addr)),
            Err(error) => Err(error),
        }
    }

    /// The router's address.
    #[must_use]
    pub const fn v4addr(self) -> Ipv4Addr {
        self.0
    }

    /// The prefix of 48 bits.
    #[must_use]
    pub const fn prefix(self) -> Ipv6Prefix {
        match Ipv6Prefix::holding(SixToFourAddr::new(self.0, 0, 0).0, 48) {
            Ok(prefix) => prefix,
            Err(_) => PREFIX,
        }
    }

    /// The prefix of 64 bits of a subnet.
    #[must_use]
    pub const fn subnet(self, sla_id: u16) -> Ipv6Prefix {
        match Ipv6Prefix::holding(SixToFourAddr::new(self.0, sla_id, 0).0, 64) {
            Ok(prefix) => prefix,
            Err(_) => PREFIX,
        }
    }

    /// An address in the site.
    #[must_use]
    pub const fn address(self, sla_id: u16, interface_id: u64) -> SixToFourAddr {
        SixToFourAddr::new(self.0, sla_id, interface_id)
    }

    /// Whether an address is in the site.
    #[must_use]
    pub const fn contains(self, address: Ipv6Addr) -> bool {
        self.prefix().contains(address)
    }
}

impl TryFrom<Ipv6Prefix> for SitePrefix {
    type Error = Error;

    /// Takes any V4ADDR, as a route may have any.
    fn try_from(prefix: Ipv6Prefix) -> Result<Self, Error> {
        match SixToFourAddr::from_ipv6(prefix.address()) {
            Some(address) if prefix.len() == 48 => Ok(address.site()),
            Some(_) => Err(Error::PrefixLength { found: prefix.len(), needed: 48 }),
            None => Err(Error::NotInDomain),
        }
    }
}

impl fmt::Display for SitePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prefix().fmt(f)
    }
}

impl FromStr for SitePrefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse::<Ipv6Prefix>().map_err(|_| Error::NotInDomain)?.try_into()
    }
}

/// The 6to4 route to all sites whose IPv4 address is in `ipv4`: 1.2.3.0/24 gives 2002:102:300::/40.
#[must_use]
pub const fn route(ipv4: Ipv4Prefix) -> Ipv6Prefix {
    match Domain::SIX_TO_FOUR.route(ipv4) {
        Ok(route) => route,
        // Every IPv4 prefix is in the domain.
        Err(_) => PREFIX,
    }
}

/// Whether a router whose address is `v4addr` can have a 6to4 site behind it, and why not.
///
/// The address must be its own and reachable from everywhere. A private one, or one of the shared address space, is a sign of a translator in front of
/// the router (RFC 6269 17): nothing that is sent to 2002:V4ADDR::/48 would come in, and the site would be an island. Under every check but
/// [`Ipv4Check::None`] the anycast prefix of relays, shared address space, protocol assignments and benchmarking are refused too; addresses for documentation only under
/// [`Ipv4Check::SpecialPurpose`].
///
/// # Errors
/// [`Error::SpecialIpv4`], which names the block.
pub const fn is_usable_site_address(v4addr: Ipv4Addr, check: Ipv4Check) -> Result<(), Error> {
    let Some(block) = Ipv4Block::of(v4addr) else { return Ok(()) };
    let usable = match (check, block) {
        (Ipv4Check::None, _) => true,
        (Ipv4Check::Unicast, block) => !block.is_no_unicast(),
        (Ipv4Check::Rfc3964, Ipv4Block::Documentation) => true,
        (Ipv4Check::Rfc3964 | Ipv4Check::SpecialPurpose, _) => false,
    };
    if usable { Ok(()) } else { Err(Error::SpecialIpv4 { place: Place::Site, address: v4addr, block }) }
}

#[cfg(test)]
mod tests;
