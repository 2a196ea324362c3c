//! What a router checks.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::domain::Domain;
use crate::special::{Ipv4Block, Ipv6Block};

/// Which IPv4 addresses are refused, in the outer header and as V4ADDR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ipv4Check {
    /// None.
    None,
    /// What no unicast packet goes to or comes from; private addresses pass. For 6rd, whose domains are often private (RFC 5969 4).
    Unicast,
    /// The list of RFC 3964 5.3.1: 0/8, 10/8, 127/8, 169.254/16, 172.16/12, 192.168/16, 224/4, 240/4.
    Rfc3964,
    /// That list, and what the special-purpose registry has that is not globally reachable: 100.64/10, 192.0.0/24, 192.0.2/24, 198.18/15, 198.51.100/24, 203.0.113/24.
    SpecialPurpose,
}

impl Ipv4Check {
    /// What `address` is, if the check refuses it. The anycast prefix of relays passes: packets of relays still come from it (RFC 7526 4).
    #[must_use]
    #[inline]
    pub const fn refuses(self, address: Ipv4Addr) -> Option<Ipv4Block> {
        match Ipv4Block::of(address) {
            Some(block) if self.refused() & block.bit() != 0 => Some(block),
            _ => None,
        }
    }

    /// The blocks whose addresses the check refuses: a set, as every packet asks, and a jump by check and block would cost more.
    #[inline]
    pub(crate) const fn refused(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Unicast => Ipv4Block::NO_UNICAST,
            Self::Rfc3964 => Ipv4Block::RFC_3964,
            Self::SpecialPurpose => !Ipv4Block::RelayAnycast.bit(),
        }
    }
}

/// Which IPv6 addresses are refused in the inner header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ipv6Check {
    /// None.
    None,
    /// The list of RFC 3964 5.3.2: 0::/16, fe80::/10, fec0::/10, ff00::/8, and 2002:V4ADDR::/48 of each V4ADDR that [`Ipv4Check`] refuses.
    Rfc3964,
    /// That list, and what the special-purpose registry has that is not globally reachable: unique-local, documentation, discard-only and others.
    SpecialPurpose,
}

impl Ipv6Check {
    /// What `address` is, if the check refuses it. V4ADDRs are [`Policy::refuses_v4addr`]'s.
    #[must_use]
    #[inline]
    pub const fn refuses(self, address: Ipv6Addr) -> Option<Ipv6Block> {
        match self {
            Self::None => None,
            Self::Rfc3964 => Ipv6Block::of_rfc_3964(address),
            Self::SpecialPurpose => Ipv6Block::of(address),
        }
    }
}

/// What a router checks: one of the profiles, or anything between.
///
/// | profile | [`Policy::CODEC`] | [`Policy::RFC_3964`] | [`Policy::STRICT`] | [`Policy::SIX_RD`] |
/// | --- | --- | --- | --- | --- |
/// | IPv4 addresses | any | RFC 3964 | registry | unicast |
/// | IPv6 addresses | any | RFC 3964 | registry | RFC 3964 |
/// | inner against outer addresses, native to native, own addresses | no | yes | yes | yes |
/// | loops (RFC 6324) | no | yes | yes | yes |
/// | a tunnel in the tunnel | passes | refused | refused | refused |
/// | multicast destinations | pass | refused | refused | refused |
/// | outer header checksum | not looked at | must hold | must hold | must hold |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Policy {
    /// IPv4 addresses (RFC 3964 5.3.1).
    pub ipv4: Ipv4Check,
    /// IPv6 addresses (RFC 3964 5.3.2).
    pub ipv6: Ipv6Check,
    /// Inner addresses must agree with the outer ones, one of them must be of the domain, and the tunnel must end or start here (RFC 3964 5.1, 5.2).
    pub consistency: bool,
    /// Foreign addresses that embed one of this router's are refused (RFC 6324 3.3).
    pub loops: bool,
    /// IPv6 packets that carry IPv4 or IPv6 pass.
    pub nested_tunnels: bool,
    /// Multicast destinations of the IPv6 packet pass, for sites that route multicast. RFC 3964 5.3.2 refuses all.
    pub multicast: bool,
    /// The header checksum of what is decapsulated must hold (RFC 1812 5.2.2).
    pub checksum: bool,
}

impl Policy {
    /// No check but those without which there is nothing to do: for tools and tests, never for a router.
    pub const CODEC: Self = Self {
        ipv4: Ipv4Check::None,
        ipv6: Ipv6Check::None,
        consistency: false,
        loops: false,
        nested_tunnels: true,
        multicast: true,
        checksum: false,
    };
    /// Every check of RFC 3964 5 and RFC 6324 3.3.
    pub const RFC_3964: Self = Self {
        ipv4: Ipv4Check::Rfc3964,
        ipv6: Ipv6Check::Rfc3964,
        consistency: true,
        loops: true,
        nested_tunnels: false,
        multicast: false,
        checksum: true,
    };
    /// The same with the registries of IANA. The addresses that examples use are refused by it.
    pub const STRICT: Self = Self { ipv4: Ipv4Check::SpecialPurpose, ipv6: Ipv6Check::SpecialPurpose, ..Self::RFC_3964 };
    /// The same for 6rd, where IPv4 addresses may be private (RFC 5969 12).
    pub const SIX_RD: Self = Self { ipv4: Ipv4Check::Unicast, ..Self::RFC_3964 };
}

impl Policy {
    /// The V4ADDR in `address`, and what it is, if it may not be in a packet: that of a site of `domain` by [`Policy::ipv4`], that of any other 6to4 address by the list
    /// of RFC 3964 (5.3.2: the checks must not be passed by 2002:V4ADDR::/48).
    #[must_use]
    #[inline]
    pub const fn refuses_v4addr(&self, domain: &Domain, address: Ipv6Addr) -> Option<(Ipv4Addr, Ipv4Block)> {
        let (v4addr, check) = match domain.v4addr(address) {
            Some(v4addr) => (v4addr, self.ipv4),
            None => match (Domain::SIX_TO_FOUR.v4addr(address), self.ipv6) {
                (None, _) | (_, Ipv6Check::None) => return None,
                (Some(v4addr), Ipv6Check::Rfc3964) => (v4addr, Ipv4Check::Rfc3964),
                (Some(v4addr), Ipv6Check::SpecialPurpose) => (v4addr, Ipv4Check::SpecialPurpose),
            },
        };
        match check.refuses(v4addr) {
            Some(block) => Some((v4addr, block)),
            None => None,
        }
    }
}
