//! Usual packets: read by fixed offsets, and decided on by what is true of nearly all of them.
//!
//! Each function here gives what the checks of [`Router`] give, or `None`, which says nothing: then those have their say. So nothing here knows what is
//! wrong with a packet. Values stay in registers: a packet's views and results that go through memory cost several times what the checks do.

use core::net::{Ipv4Addr, Ipv6Addr};

use ip_wire::checksum::Sum;
use ip_wire::{DsField, Protocol, ipv4, ipv6};

use super::{Arrival, Encapsulated, Role, Router, Sender};
use crate::special::{Ipv4Block, first_segment};

/// What of an IPv6 header decides. The packet is whole, no jumbogram, and carries TCP, UDP or ICMPv6 without extension headers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inner {
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
    pub(super) payload_len: u16,
    pub(super) ds: DsField,
    pub(super) hop_limit: u8,
}

/// What is in a packet of the tunnel, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) arrival: Arrival,
    pub(super) sender: Sender,
    pub(super) to_native: bool,
    /// DS fields.
    pub(super) outer: DsField,
    pub(super) inner: DsField,
    /// Octets before the IPv6 packet, and of it.
    pub(super) start: usize,
    pub(super) len: usize,
}

impl Inner {
    #[inline(always)]
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let (h, payload): (&[u8; ipv6::HEADER_LEN], _) = octets.split_first_chunk()?;
        let payload_len = u16::from_be_bytes([h[4], h[5]]);
        let usual = h[0] >> 4 == 6 && payload_len != 0 && usize::from(payload_len) <= payload.len();
        if !usual || !matches!(Protocol(h[6]), Protocol::TCP | Protocol::UDP | Protocol::ICMPV6) {
            return None;
        }
        let (source, destination) = h.get(8..)?.split_first_chunk::<16>()?;
        Some(Self {
            source: Ipv6Addr::from_bits(u128::from_be_bytes(*source)),
            destination: Ipv6Addr::from_bits(u128::from_be_bytes(*destination.first_chunk()?)),
            payload_len,
            ds: DsField((h[0] << 4) | (h[1] >> 4)),
            hop_limit: h[7],
        })
    }

    /// Octets of the packet.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        ipv6::HEADER_LEN.saturating_add(usize::from(self.payload_len))
    }
}

impl Router<'_> {
    /// What [`Router::route`] gives without a next hop.
    #[inline(always)]
    pub(super) fn usual_route(&self, inner: &Inner) -> Option<Encapsulated> {
        if !self.policy.consistency || self.refuses(inner.source) || self.refuses(inner.destination) {
            return None;
        }
        let (from_site, of_destination) = (self.is_of_site(inner.source), self.domain.v4addr(inner.destination));
        let end = match of_destination {
            Some(end) if from_site || self.may_relay(inner.source) => end,
            None if from_site && !is_six_to_four(inner.destination) => self.relay?,
            _ => return None,
        };
        let block = Ipv4Block::of_each(end);
        // A source of the router's own site has its address embedded.
        let (own, of_own) = if from_site { (self.v4addr, self.block) } else { (end, block) };
        let usable = self.are_usable([end, own], [block, of_own]);
        let within = u32::from(inner.payload_len).saturating_add(super::IPV6_HEADER_LEN) <= self.mtu;
        if !within || !usable || self.is_ours(end) {
            return None;
        }
        Some(Encapsulated { destination: end, deprecated_anycast: block == Some(Ipv4Block::RelayAnycast) })
    }

    /// What is in a packet that comes out of the tunnel, every check but the ingress filter's and the congestion marks' done.
    #[inline(always)]
    pub(super) fn usual_arrival(&self, octets: &[u8]) -> Option<Seen> {
        let (h, rest): (&[u8; ipv4::MIN_HEADER_LEN], _) = octets.split_first_chunk()?;
        let len = usize::from(u16::from_be_bytes([h[2], h[3]])).checked_sub(ipv4::MIN_HEADER_LEN)?;
        let whole = u16::from_be_bytes([h[6], h[7]]) & 0x3fff == 0;
        if h[0] != 0x45 || Protocol(h[9]) != Protocol::IPV6 || !whole {
            return None;
        }
        if self.policy.checksum && !Sum::new().octets(h).holds() {
            return None;
        }
        let inner = Inner::read(rest.get(..len)?)?;
        let arrival = Arrival {
            outer_source: Ipv4Addr::new(h[12], h[13], h[14], h[15]),
            outer_destination: Ipv4Addr::new(h[16], h[17], h[18], h[19]),
            source: inner.source,
            destination: inner.destination,
        };
        let (sender, to_native) = self.usual_accept(&arrival)?;
        let (outer, start, len) = (DsField(h[1]), ipv4::MIN_HEADER_LEN, inner.len());
        Some(Seen { arrival, sender, to_native, outer, inner: inner.ds, start, len })
    }

    /// What [`Router::accept`] gives.
    #[inline(always)]
    pub(super) fn usual_accept(&self, arrival: &Arrival) -> Option<(Sender, bool)> {
        let Arrival { outer_source, outer_destination, source, destination } = *arrival;
        // The address of the site; others of the router's may get packets for native destinations, too.
        let (to_router, to_site) = (outer_destination == self.v4addr, self.is_of_site(destination));
        let usable = self.are_usable([outer_source, self.v4addr], [Ipv4Block::of_each(outer_source), self.block]);
        if !self.policy.consistency || !to_router || !usable || self.refuses(source) || self.refuses(destination) {
            return None;
        }
        match self.domain.v4addr(source) {
            Some(from) if from != outer_source => None,
            Some(_) if to_site => Some((Sender::Site(outer_source), false)),
            Some(_) if self.may_relay(destination) => Some((Sender::Site(outer_source), true)),
            None if to_site && !is_six_to_four(source) => match self.relays {
                Some(relays) if !relays.contains(&outer_source) => None,
                _ => Some((Sender::Relay(outer_source), false)),
            },
            _ => None,
        }
    }

    /// Whether the address is of the router's own site: its V4ADDR is this router's.
    #[inline(always)]
    const fn is_of_site(&self, address: Ipv6Addr) -> bool {
        (address.to_bits() ^ self.site.address().to_bits()) & self.site_mask == 0
    }

    /// Whether the policy refuses the IPv6 address itself, groups included.
    #[inline(always)]
    fn refuses(&self, address: Ipv6Addr) -> bool {
        self.policy.ipv6.refuses(address).is_some()
    }

    /// Whether neither the policy refuses one of the IPv4 addresses, of those blocks, nor a link has it for its broadcasts.
    #[inline(always)]
    fn are_usable(&self, addresses: [Ipv4Addr; 2], blocks: [Option<Ipv4Block>; 2]) -> bool {
        let [one, other] = blocks.map(|block| block.map_or(0, Ipv4Block::bit));
        let refused = self.policy.ipv4.refused() & (one | other) != 0;
        !refused && (self.broadcasts.is_empty() || !addresses.iter().any(|address| self.broadcasts.contains(address)))
    }

    /// Whether the router is a relay, and the address one to relay for: native, no group's, and of none of the forms that could embed an address of this router.
    #[inline(always)]
    fn may_relay(&self, address: Ipv6Addr) -> bool {
        let bits = address.to_bits();
        let teredo = bits >> 96 == 0x2001_0000;
        let isatap = (bits >> 32) & 0xfdff_ffff == 0x5efe;
        let native = !self.domain.contains(address) && !is_six_to_four(address) && first_segment(address) < 0xff00;
        self.role == Role::Relay && native && !teredo && !isatap && self.known_domains.is_empty()
    }
}

/// Whether the address has the prefix 2002::/16, whatever the router's domain is.
#[inline(always)]
const fn is_six_to_four(address: Ipv6Addr) -> bool {
    first_segment(address) == 0x2002
}

#[cfg(test)]
mod tests;
