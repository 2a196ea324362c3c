//! What policy sees of a packet.

use core::net::IpAddr;

use ip_wire::{Protocol, ip, ipv4, ipv6};

use super::{NameId, Pfp, selectors::number};

/// Which way a packet crosses the boundary between the protected and the unprotected side (RFC 4301 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the protected side: the local address is the source.
    Outbound,
    /// From the unprotected side: the local address is the destination.
    Inbound,
}

/// The fields of a packet that selectors are compared with. A field that is not there, or can't be seen, is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Which way it goes.
    pub direction: Direction,
    /// Address of the protected side.
    pub local: IpAddr,
    /// Address of the other side.
    pub remote: IpAddr,
    /// The next layer protocol; none in a later fragment whose fragment header names an extension header.
    pub protocol: Option<Protocol>,
    /// The protected side's port; type and code of an ICMP message that it sends, or type of its mobility header, in the upper eight bits.
    pub local_port: Option<u16>,
    /// The other side's port; type and code of an ICMP message that it sends, or type of its mobility header, in the upper eight bits.
    pub remote_port: Option<u16>,
    /// TOS or traffic class.
    pub class: u8,
    /// The flow label, in IPv6.
    pub flow_label: Option<u32>,
    /// The data sensitivity level, where the caller knows one.
    pub sensitivity: Option<u8>,
    /// On whose behalf the packet is sent, where the caller knows it ([`super::Spd::name`]).
    pub name: Option<NameId>,
}

impl Packet {
    /// The fields of a packet that was read. Behind an IPv6 header, hop-by-hop options, routing, fragment and destination options headers
    /// are looked through, and no others: AH and ESP are next layer protocols to policy (RFC 4301 4.4.1.1).
    ///
    /// Ports of a packet that ends before them are not there. Sensitivity and name are the caller's to fill in.
    ///
    /// # Errors
    /// Those of [`ipv6::Extensions`]: an extension header that can't be read.
    pub fn of(packet: &ip::Packet<'_>, direction: Direction) -> Result<Self, ip_wire::Error> {
        match packet {
            ip::Packet::V4(view) => Ok(Self::of_ipv4(view, direction)),
            ip::Packet::V6(view) => Self::of_ipv6(view, direction),
        }
    }

    fn of_ipv4(view: &ipv4::View<'_>, direction: Direction) -> Self {
        let octets = (view.fragment_offset().units() == 0).then(|| view.payload());
        let addresses = (IpAddr::V4(view.source()), IpAddr::V4(view.destination()));
        Self::new(direction, addresses, Some(view.protocol()), octets, view.ds().0)
    }

    fn of_ipv6(view: &ipv6::View<'_>, direction: Direction) -> Result<Self, ip_wire::Error> {
        let looked_through = |kind: Protocol| {
            matches!(kind, Protocol::HOP_BY_HOP | Protocol::ROUTING | Protocol::FRAGMENT | Protocol::DESTINATION_OPTIONS)
        };
        let mut walk = view.extensions();
        let upper = loop {
            let upper = walk.upper();
            if !upper.has_start() || !looked_through(upper.protocol) {
                break upper;
            }
            match walk.next() {
                Some(header) => header?,
                None => break upper,
            };
        };
        let octets = upper.has_start().then_some(upper.octets);
        let protocol = Some(upper.protocol).filter(|kind| !looked_through(*kind));
        let addresses = (IpAddr::V6(view.source()), IpAddr::V6(view.destination()));
        let mut packet = Self::new(direction, addresses, protocol, octets, view.ds().0);
        packet.flow_label = Some(view.flow_label().value());
        Ok(packet)
    }

    /// `octets`: what starts with the next layer's header.
    fn new(
        direction: Direction,
        (source, destination): (IpAddr, IpAddr),
        protocol: Option<Protocol>,
        octets: Option<&[u8]>,
        class: u8,
    ) -> Self {
        let (local, remote) = match direction {
            Direction::Outbound => (source, destination),
            Direction::Inbound => (destination, source),
        };
        let mut packet = Self {
            direction,
            local,
            remote,
            protocol,
            local_port: None,
            remote_port: None,
            class,
            flow_label: None,
            sensitivity: None,
            name: None,
        };
        let Some(octets) = octets else { return packet };
        let (sender, receiver) = match direction {
            Direction::Outbound => (&mut packet.local_port, &mut packet.remote_port),
            Direction::Inbound => (&mut packet.remote_port, &mut packet.local_port),
        };
        match (protocol, octets) {
            (
                Some(Protocol::TCP | Protocol::UDP | Protocol::UDP_LITE | Protocol::SCTP | Protocol::DCCP),
                [s0, s1, d0, d1, ..],
            ) => {
                *sender = Some(u16::from_be_bytes([*s0, *s1]));
                *receiver = Some(u16::from_be_bytes([*d0, *d1]));
            }
            (Some(Protocol::ICMP | Protocol::ICMPV6), [kind, code, ..]) => *sender = Some(u16::from_be_bytes([*kind, *code])),
            // Payload Proto, Header Len, MH Type (RFC 6275 6.1.1).
            (Some(Protocol::MOBILITY), [_, _, kind, ..]) => *sender = Some(u16::from_be_bytes([*kind, 0])),
            _ => {}
        }
        packet
    }

    /// Whether the protocol has one "port", the sender's.
    #[inline]
    pub(super) const fn has_one_port(&self) -> bool {
        matches!(self.protocol, Some(Protocol::ICMP | Protocol::ICMPV6 | Protocol::MOBILITY))
    }

    /// One "port", and the protected side sends it.
    #[inline]
    pub(super) const fn is_from_local_alone(&self) -> bool {
        self.has_one_port() && matches!(self.direction, Direction::Outbound)
    }

    /// One "port", and the other side sends it.
    #[inline]
    pub(super) const fn is_from_remote_alone(&self) -> bool {
        self.has_one_port() && matches!(self.direction, Direction::Inbound)
    }

    /// The same conversation seen the other way: what the peer sends back, or what an inbound packet would be answered with. Type and code
    /// of an ICMP message are kept for the side that sends.
    #[must_use]
    pub const fn reversed(mut self) -> Self {
        self.direction = match self.direction {
            Direction::Outbound => Direction::Inbound,
            Direction::Inbound => Direction::Outbound,
        };
        if self.has_one_port() {
            (self.local_port, self.remote_port) = (self.remote_port, self.local_port);
        }
        self
    }

    /// All fields in words that are cheap to hash and compare: different packets, different keys.
    #[inline]
    pub(super) fn key(&self) -> Key {
        let [local0, local1] = halves(number(self.local));
        let [remote0, remote1] = halves(number(self.remote));
        let port = |port: Option<u16>| port.map_or(1 << 16, u64::from);
        let small = port(self.local_port)
            | port(self.remote_port) << 17
            | self.protocol.map_or(1 << 8, |protocol| u64::from(protocol.0)) << 34
            | u64::from(self.class) << 43
            | u64::from(self.local.is_ipv6()) << 51
            | u64::from(self.remote.is_ipv6()) << 52
            | u64::from(self.direction == Direction::Inbound) << 53;
        let rest = u64::from(self.flow_label.map_or(1 << 20, |label| label & 0xf_ffff))
            | self.sensitivity.map_or(1 << 8, u64::from) << 21
            | self.name.map_or(0, |name| u64::from(name.0).saturating_add(1)) << 30;
        Key([local0, local1, remote0, remote1, small, rest])
    }

    /// What tells the SAs of one entry apart: the fields that its flags populate from the packet, and the name that stands for an address.
    pub(super) fn populated_key(&self, pfp: Pfp, named: bool) -> Key {
        let nowhere = if self.local.is_ipv6() { IpAddr::V6(0.into()) } else { IpAddr::V4(0.into()) };
        let kept = Self {
            direction: Direction::Outbound,
            local: if pfp.local || named { self.local } else { nowhere },
            remote: if pfp.remote { self.remote } else { nowhere },
            protocol: self.protocol.filter(|_| pfp.protocol),
            local_port: self.local_port.filter(|_| pfp.local_port),
            remote_port: self.remote_port.filter(|_| pfp.remote_port),
            class: 0,
            flow_label: None,
            sensitivity: None,
            name: self.name.filter(|_| named),
        };
        kept.key()
    }
}

/// See [`Packet::key`].
#[derive(Debug, Clone, Copy, Eq)]
pub(super) struct Key([u64; 6]);

impl PartialEq for Key {
    /// Word by word and without a branch between them: comparing arrays would call a function.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let [a, b, c, d, e, f] = self.0;
        let [p, q, r, s, t, u] = other.0;
        (a ^ p) | (b ^ q) | (c ^ r) | (d ^ s) | (e ^ t) | (f ^ u) == 0
    }
}

impl core::hash::Hash for Key {
    #[inline]
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        for word in self.0 {
            state.write_u64(word);
        }
    }
}

impl Key {
    /// Three products that do not wait for one another, of words that a secret was added to.
    #[inline]
    pub(super) fn hash(&self, secrets: &[u64; 6]) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        let [p, q, r, s, t, u] = *secrets;
        let [high, low] = halves(
            u128::from(a.wrapping_add(p))
                .wrapping_mul(u128::from(b.wrapping_add(q)))
                .wrapping_add(u128::from(c.wrapping_add(r)).wrapping_mul(u128::from(d.wrapping_add(s))))
                .wrapping_add(u128::from(e.wrapping_add(t)).wrapping_mul(u128::from(f.wrapping_add(u)))),
        );
        (high ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

#[inline]
fn halves(number: u128) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = number.to_be_bytes();
    [u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes([i, j, k, l, m, n, o, p])]
}
