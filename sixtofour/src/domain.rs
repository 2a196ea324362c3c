//! Where in an IPv6 address the IPv4 address is: 6to4's 2002::/16, and 6rd's prefixes of operators (RFC 5969 4).
//!
//! ```text
//! |     n bits    |    o bits    |   m bits  |    128-n-o-m bits      |
//! +---------------+--------------+-----------+------------------------+
//! |    prefix     | IPv4 address | subnet ID |     interface ID       |
//! +---------------+--------------+-----------+------------------------+
//! |<---    delegated prefix  --->|
//! ```
//!
//! 6to4 has n = 16 and o = 32. In a 6rd domain the first bits of the IPv4 address, which all its routers share, are left out.

use core::net::{Ipv4Addr, Ipv6Addr};

use ip_wire::prefix::{Ipv4Prefix, Ipv6Prefix};

use crate::error::Error;

/// An IPv6 prefix, and the IPv4 prefix that its sites share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Domain {
    prefix: Ipv6Prefix,
    ipv4: Ipv4Prefix,
    // What follows from both, worked out once: every packet asks for it several times.
    mask: u128,
    shift: u32,
    embedded: u32,
}

impl Domain {
    /// 6to4: 2002::/16, and the whole IPv4 address (RFC 3056 2).
    pub const SIX_TO_FOUR: Self = Self::of(crate::address::PREFIX, Ipv4Prefix::ALL);

    /// A 6rd domain: the operator's prefix, and the IPv4 prefix that all its customers' addresses start with (IPv4MaskLen bits of it).
    ///
    /// # Errors
    /// [`Error::PrefixLength`] if the delegated prefix would be over 128 bits (RFC 5969 7.1.1). It should be 64 at most (RFC 5969 4), which is
    /// [`Domain::leaves_subnets`].
    pub const fn new(prefix: Ipv6Prefix, ipv4: Ipv4Prefix) -> Result<Self, Error> {
        let domain = Self::of(prefix, ipv4);
        let found = domain.delegated_len();
        if found > Ipv6Prefix::MAX_LEN { Err(Error::PrefixLength { found, needed: Ipv6Prefix::MAX_LEN }) } else { Ok(domain) }
    }

    const fn of(prefix: Ipv6Prefix, ipv4: Ipv4Prefix) -> Self {
        let delegated = prefix.len().saturating_add(Ipv4Prefix::MAX_LEN.saturating_sub(ipv4.len()));
        let shift = Ipv6Prefix::MAX_LEN.saturating_sub(delegated) as u32;
        Self { prefix, ipv4, mask: prefix.mask(), shift, embedded: !ipv4.mask() }
    }

    /// The IPv6 prefix.
    #[must_use]
    pub const fn prefix(&self) -> Ipv6Prefix {
        self.prefix
    }

    /// What the sites' IPv4 addresses have in common.
    #[must_use]
    pub const fn ipv4(&self) -> Ipv4Prefix {
        self.ipv4
    }

    /// Bits of a site's prefix.
    #[must_use]
    pub const fn delegated_len(&self) -> u8 {
        self.prefix.len().saturating_add(self.embedded_bits())
    }

    /// Whether a site has at least one subnet of 64 bits: what RFC 5969 4 says a domain should leave.
    #[must_use]
    pub const fn leaves_subnets(&self) -> bool {
        self.delegated_len() <= 64
    }

    /// Whether the address is in the domain.
    #[must_use]
    #[inline]
    pub const fn contains(&self, address: Ipv6Addr) -> bool {
        (address.to_bits() ^ self.prefix.address().to_bits()) & self.mask == 0
    }

    /// The IPv4 address of the router that `address` is behind; `None` outside of the domain.
    #[must_use]
    #[inline]
    pub const fn v4addr(&self, address: Ipv6Addr) -> Option<Ipv4Addr> {
        if !self.contains(address) {
            return None;
        }
        let bits = address.to_bits();
        let shifted = match self.shift.checked_sub(64) {
            // A site of at least one subnet: the bits are in the first half of the address.
            Some(shift) => ((bits >> 64) as u64).wrapping_shr(shift) as u32,
            None => shifted(bits, self.shift),
        };
        let low = shifted & self.embedded;
        Some(Ipv4Addr::from_bits(self.ipv4.address().to_bits() | low))
    }

    /// The prefix of the site behind `v4addr`.
    ///
    /// # Errors
    /// [`Error::NotInDomain`] for an address that has not the domain's IPv4 prefix.
    pub const fn site(&self, v4addr: Ipv4Addr) -> Result<Ipv6Prefix, Error> {
        if !self.ipv4.contains(v4addr) {
            return Err(Error::NotInDomain);
        }
        let low = (v4addr.to_bits() & !self.ipv4.mask()) as u128;
        let embedded = match low.checked_shl(self.shift) {
            Some(embedded) => embedded,
            None => 0,
        };
        let bits = self.prefix.address().to_bits() | embedded;
        match Ipv6Prefix::new(Ipv6Addr::from_bits(bits), self.delegated_len()) {
            Ok(site) => Ok(site),
            Err(_) => Err(Error::NotInDomain),
        }
    }

    /// The route to all sites whose IPv4 address is in `ipv4`: 2002:V4ADDR::/(16 + n) of V4ADDR/n.
    ///
    /// # Errors
    /// [`Error::NotInDomain`] for a prefix that is not in the domain's own.
    pub const fn route(&self, ipv4: Ipv4Prefix) -> Result<Ipv6Prefix, Error> {
        if !self.ipv4.covers(&ipv4) {
            return Err(Error::NotInDomain);
        }
        let len = self.prefix.len().saturating_add(ipv4.len().saturating_sub(self.ipv4.len()));
        match self.site(ipv4.address()) {
            Ok(site) => match Ipv6Prefix::new(site.address(), len) {
                Ok(route) => Ok(route),
                Err(_) => Err(Error::NotInDomain),
            },
            Err(error) => Err(error),
        }
    }

    /// The IPv4 addresses of the sites under `route`.
    ///
    /// # Errors
    /// [`Error::NotInDomain`] for a route that is not in the domain; [`Error::PrefixLength`] for one that is longer than a site's.
    pub const fn ipv4_of(&self, route: Ipv6Prefix) -> Result<Ipv4Prefix, Error> {
        if !self.prefix.covers(&route) {
            return Err(Error::NotInDomain);
        }
        if route.len() > self.delegated_len() {
            return Err(Error::PrefixLength { found: route.len(), needed: self.delegated_len() });
        }
        let len = self.ipv4.len().saturating_add(route.len().saturating_sub(self.prefix.len()));
        match self.v4addr(route.address()) {
            Some(address) => match Ipv4Prefix::new(address, len) {
                Ok(ipv4) => Ok(ipv4),
                Err(_) => Err(Error::NotInDomain),
            },
            None => Err(Error::NotInDomain),
        }
    }

    const fn embedded_bits(&self) -> u8 {
        Ipv4Prefix::MAX_LEN.saturating_sub(self.ipv4.len())
    }
}

/// Out of line, so that nobody waits for it beside the usual one.
#[cold]
#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "the last bits are what is wanted")]
const fn shifted(bits: u128, shift: u32) -> u32 {
    bits.wrapping_shr(shift) as u32
}

#[cfg(test)]
mod tests;
