//! Addresses that are no site's or host's of their own: what RFC 3964 5.3 refuses, and what the special-purpose registries at IANA (RFC 6890, as of 2026-11) add.
//!
//! `ip_wire::special` has the registries themselves. Here is one decision, made once for each address of each packet.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

/// What kind of IPv4 address it is that is no ordinary host's.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ipv4Block {
    /// 0.0.0.0/8 (RFC 791 3.2).
    ThisNetwork,
    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918).
    Private,
    /// 100.64.0.0/10: between a translator of the provider's and its customers (RFC 6598).
    SharedAddressSpace,
    /// 127.0.0.0/8 (RFC 1122 3.2.1.3).
    Loopback,
    /// 169.254.0.0/16 (RFC 3927).
    LinkLocal,
    /// 192.0.0.0/24 (RFC 6890 2.1).
    ProtocolAssignments,
    /// 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737).
    Documentation,
    /// 192.88.99.0/24: 6to4 relays, by anycast, deprecated (RFC 7526).
    RelayAnycast,
    /// 198.18.0.0/15 (RFC 2544).
    Benchmarking,
    /// 224.0.0.0/4 (RFC 1112).
    Multicast,
    /// 240.0.0.0/4 but for its last address (RFC 1112 4).
    Reserved,
    /// 255.255.255.255 (RFC 919 7).
    Broadcast,
}

impl Ipv4Block {
    /// The block that `address` is in; `None` for an address that a host can have.
    #[must_use]
    #[inline]
    pub const fn of(address: Ipv4Addr) -> Option<Self> {
        Self::of_each(address)
    }

    /// The same, always inlined: for what is asked once for each packet.
    #[inline(always)]
    pub(crate) const fn of_each(address: Ipv4Addr) -> Option<Self> {
        let [a, b, c, d] = address.octets();
        Some(match (a, b, c) {
            (0, _, _) => Self::ThisNetwork,
            (10, _, _) | (172, 16..=31, _) | (192, 168, _) => Self::Private,
            (100, 64..=127, _) => Self::SharedAddressSpace,
            (127, _, _) => Self::Loopback,
            (169, 254, _) => Self::LinkLocal,
            (192, 0, 0) => Self::ProtocolAssignments,
            (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Self::Documentation,
            (192, 88, 99) => Self::RelayAnycast,
            (198, 18..=19, _) => Self::Benchmarking,
            (224..=239, _, _) => Self::Multicast,
            (255, 255, 255) if d == 255 => Self::Broadcast,
            (240..=255, _, _) => Self::Reserved,
            _ => return None,
        })
    }

    /// What no single host can have, whoever's network it is in.
    pub(crate) const NO_UNICAST: u16 = Self::ThisNetwork.bit()
        | Self::Loopback.bit()
        | Self::LinkLocal.bit()
        | Self::Multicast.bit()
        | Self::Reserved.bit()
        | Self::Broadcast.bit();
    /// What RFC 3964 5.3.1 refuses.
    pub(crate) const RFC_3964: u16 = Self::NO_UNICAST | Self::Private.bit();

    /// The block as a set of blocks.
    #[inline]
    pub(crate) const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Whether RFC 3964 5.3.1 refuses it.
    #[must_use]
    #[inline]
    pub const fn is_refused_by_rfc_3964(self) -> bool {
        Self::RFC_3964 & self.bit() != 0
    }

    /// Whether no single host can have it, whoever's network it is in.
    #[must_use]
    #[inline]
    pub const fn is_no_unicast(self) -> bool {
        Self::NO_UNICAST & self.bit() != 0
    }

    /// What it is, with its source.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ThisNetwork => "\"this network\" (RFC 791)",
            Self::Private => "private (RFC 1918)",
            Self::SharedAddressSpace => "shared address space behind a provider's NAT (RFC 6598)",
            Self::Loopback => "loopback (RFC 1122)",
            Self::LinkLocal => "link-local (RFC 3927)",
            Self::ProtocolAssignments => "an IETF protocol assignment (RFC 6890)",
            Self::Documentation => "for documentation (RFC 5737)",
            Self::RelayAnycast => "the deprecated anycast prefix of 6to4 relays (RFC 7526)",
            Self::Benchmarking => "for benchmarking (RFC 2544)",
            Self::Multicast => "multicast (RFC 1112)",
            Self::Reserved => "reserved (RFC 1112)",
            Self::Broadcast => "limited broadcast (RFC 919)",
        }
    }
}

impl fmt::Display for Ipv4Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of IPv6 address it is that a router does not forward for a stranger.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ipv6Block {
    /// `::` (RFC 4291 2.5.2).
    Unspecified,
    /// `::1` (RFC 4291 2.5.3).
    Loopback,
    /// `::/96`: IPv4-compatible, deprecated (RFC 4291 2.5.5.1).
    Compatible,
    /// `::ffff:0:0/96`: IPv4-mapped (RFC 4291 2.5.5.2).
    Mapped,
    /// The rest of `0::/16` (RFC 3964 5.3.2).
    Low,
    /// `fe80::/10` (RFC 4291 2.5.6).
    LinkLocal,
    /// `fec0::/10`: site-local, deprecated (RFC 3879).
    SiteLocal,
    /// `ff00::/8` (RFC 4291 2.7).
    Multicast,
    /// `64:ff9b:1::/48`: translation within a network (RFC 8215).
    LocalTranslation,
    /// `100::/64` and `100:0:0:1::/64` (RFC 6666, RFC 9780).
    DiscardOnly,
    /// What of `2001::/23` is not globally reachable (RFC 2928).
    ProtocolAssignments,
    /// `2001:2::/48` (RFC 5180).
    Benchmarking,
    /// `2001:db8::/32` and `3fff::/20` (RFC 3849, RFC 9637).
    Documentation,
    /// `5f00::/16` (RFC 9602).
    SegmentRouting,
    /// `fc00::/7` (RFC 4193).
    UniqueLocal,
    /// Outside of `2000::/3`, where no global unicast address has been allocated; only [`crate::classify`] asks for this.
    Unallocated,
}

impl Ipv6Block {
    /// The block of RFC 3964 5.3.2 that `address` is in.
    #[must_use]
    #[inline]
    pub const fn of_rfc_3964(address: Ipv6Addr) -> Option<Self> {
        match first_segment(address) {
            // Nearly all addresses, by one comparison.
            1..=0xfe7f => None,
            0 => Some(Self::of_low(address)),
            0xfe80..=0xfebf => Some(Self::LinkLocal),
            0xfec0..=0xfeff => Some(Self::SiteLocal),
            0xff00..=0xffff => Some(Self::Multicast),
        }
    }

    /// The block that `address` is in: those of RFC 3964, and those of the registry that are not globally reachable.
    #[must_use]
    #[inline]
    pub const fn of(address: Ipv6Addr) -> Option<Self> {
        match first_segment(address) {
            // Nearly all native addresses, and 6to4's.
            0x2002..=0x3ffe => None,
            _ => Self::of_other(address),
        }
    }

    const fn of_other(address: Ipv6Addr) -> Option<Self> {
        Some(match address.segments() {
            [0x64, 0xff9b, 1, ..] => Self::LocalTranslation,
            [0x100, 0, 0, 0 | 1, ..] => Self::DiscardOnly,
            [0x2001, 2, 0, ..] => Self::Benchmarking,
            // Of the protocol assignments these can be reached from anywhere, or say nothing of it (Teredo).
            [0x2001, 0 | 3 | 0x20..=0x3f, ..] | [0x2001, 4, 0x112, ..] | [0x2001, 1, 0, 0, 0, 0, 0, 1..=3] => return None,
            [0x2001, 0..=0x1ff, ..] => Self::ProtocolAssignments,
            [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Self::Documentation,
            [0x5f00, ..] => Self::SegmentRouting,
            [0xfc00..=0xfdff, ..] => Self::UniqueLocal,
            _ => return Self::of_rfc_3964(address),
        })
    }

    #[inline]
    const fn of_low(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::Unspecified,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            [0, 0, 0, 0, 0, 0, _, _] => Self::Compatible,
            [0, 0, 0, 0, 0, 0xffff, _, _] => Self::Mapped,
            _ => Self::Low,
        }
    }

    /// What it is, with its source.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified (RFC 4291)",
            Self::Loopback => "loopback (RFC 4291)",
            Self::Compatible => "IPv4-compatible (RFC 4291)",
            Self::Mapped => "IPv4-mapped (RFC 4291)",
            Self::Low => "in 0::/16 (RFC 3964)",
            Self::LinkLocal => "link-local (RFC 4291)",
            Self::SiteLocal => "site-local (RFC 3879)",
            Self::Multicast => "multicast (RFC 4291)",
            Self::LocalTranslation => "for translation within a network (RFC 8215)",
            Self::DiscardOnly => "for packets to be discarded (RFC 6666, RFC 9780)",
            Self::ProtocolAssignments => "an IETF protocol assignment (RFC 2928)",
            Self::Benchmarking => "for benchmarking (RFC 5180)",
            Self::Documentation => "for documentation (RFC 3849, RFC 9637)",
            Self::SegmentRouting => "a segment identifier (RFC 9602)",
            Self::UniqueLocal => "unique-local (RFC 4193)",
            Self::Unallocated => "not allocated",
        }
    }
}

/// The first 16 bits of an address.
#[inline]
pub(crate) const fn first_segment(address: Ipv6Addr) -> u16 {
    (address.to_bits() >> 112) as u16
}

impl fmt::Display for Ipv6Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
