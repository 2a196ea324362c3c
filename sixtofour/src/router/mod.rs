//! Border and relay routers: IPv6 packets into IPv4 packets and back, in place (RFC 3056 5, RFC 3964 5).
//!
//! ```text
//!          IPv6 packet                          IPv4 header, protocol 41 | IPv6 packet
//!  site  ---------------->  border router  ------------------------------------------->  border or relay router
//!        source 2002:own::       |            source own, destination V4ADDR of the next hop
//!                                |            Don't Fragment clear, DSCP and ECN copied
//! ```
//!
//! ```
//! use ip_wire::PacketBuf;
//! use sixtofour::{Policy, Router};
//! # use ip_wire::{Protocol, ipv6};
//!
//! # let mut storage = [0u8; 128];
//! # let (from, to) = ("2002:c000:204::1".parse().unwrap(), "2002:c633:6407::1".parse().unwrap());
//! # ipv6::Header::new(from, to, Protocol::NO_NEXT_HEADER, 0)?.emit(&mut storage[20..])?;
//! // 20 octets of headroom, then an IPv6 packet from 2002:c000:204::1 to 2002:c633:6407::1.
//! let mut packet = PacketBuf::new(&mut storage[..], 20, 40)?;
//! let near = Router::new("192.0.2.4".parse().unwrap(), Policy::RFC_3964)?;
//! let far = Router::new("198.51.100.7".parse().unwrap(), Policy::RFC_3964)?;
//! near.encapsulate(&mut packet, 0)?;
//! assert_eq!((packet.len(), packet.octets()[9]), (60, 41));
//! far.decapsulate(&mut packet)?;
//! assert_eq!(packet.len(), 40);
//! # Ok::<(), sixtofour::Error>(())
//! ```

use core::net::{Ipv4Addr, Ipv6Addr};

use ip_wire::prefix::Ipv6Prefix;
use ip_wire::tunnel::ecn::egress;
use ip_wire::tunnel::{Alarm, DsModel, EcnMode, EcnOutcome, HopLimit, set_ds};
use ip_wire::{DsField, Dscp, Field, PacketBuf, Protocol, ipv4, ipv6};

use crate::domain::Domain;
use crate::embedded::{Embedding, isatap};
use crate::error::{Error, Place};
use crate::policy::Policy;
use crate::special::Ipv4Block;

mod usual;

use usual::{Inner, Seen};

/// Octets that encapsulation adds.
pub const OVERHEAD: usize = ipv4::MIN_HEADER_LEN;
/// The tunnel's MTU unless set otherwise: the least that IPv6 allows (RFC 3056 4).
pub const DEFAULT_MTU: u32 = ipv6::MIN_MTU;
/// The largest tunnel MTU: that of an IPv4 packet of 65,535 octets.
pub const MAX_MTU: u32 = 65_515;

/// The tunnel MTU that fits links of `link_mtu` octets without fragmentation: 1,480 for Ethernet.
#[must_use]
pub const fn tunnel_mtu(link_mtu: u32) -> u32 {
    link_mtu.saturating_sub(20)
}

/// What a router does for packets with one native end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It forwards for its own site: what it encapsulates comes from the site, what it decapsulates is for the site.
    Border,
    /// It forwards between native IPv6 and all sites of the domain too.
    Relay,
}

/// A 6to4 or 6rd router. Nothing in it changes with traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Router<'a> {
    v4addr: Ipv4Addr,
    /// The block of `v4addr`, which every packet asks for.
    block: Option<Ipv4Block>,
    domain: Domain,
    site: Ipv6Prefix,
    site_mask: u128,
    mtu: u32,
    /// What is checked.
    pub policy: Policy,
    /// Border or relay router.
    pub role: Role,
    /// IPv4 address of the relay that packets for native destinations go to.
    pub relay: Option<Ipv4Addr>,
    /// Relays (in 6rd: border relays) that packets with a native source are taken from; `None` for any, as 6to4 has it.
    pub relays: Option<&'a [Ipv4Addr]>,
    /// Further IPv4 addresses of this router.
    pub addresses: &'a [Ipv4Addr],
    /// Broadcast addresses of this router's links (RFC 3964 5.3.1).
    pub broadcasts: &'a [Ipv4Addr],
    /// 6rd domains of tunnels nearby, whose addresses are looked through for loops (RFC 6324 3.3.1).
    pub known_domains: &'a [Domain],
    /// Time to live of the IPv4 header.
    pub ttl: HopLimit,
    /// Sets Don't Fragment in the IPv4 header. Clear for 6to4 (RFC 3056 4); a 6rd border relay whose address is anycast must set it (RFC 5969 9.1).
    pub dont_fragment: bool,
    /// The outer DSCP when encapsulating.
    pub ds_ingress: DsModel,
    /// The inner DSCP when decapsulating. The outer one is a stranger's: it is not copied unless asked for.
    pub ds_egress: DsModel,
    /// The outer congestion mark when encapsulating (RFC 6040 4.1).
    pub ecn_mode: EcnMode,
}

/// What was encapsulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Encapsulated {
    /// Where the IPv4 packet goes.
    pub destination: Ipv4Addr,
    /// That is the deprecated anycast prefix of relays: nobody may be there (RFC 7526).
    pub deprecated_anycast: bool,
}

/// Who sent what was decapsulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The site behind that router; inner and outer source agree.
    Site(Ipv4Addr),
    /// A native node, through that relay. Nothing tells whether the source is true (RFC 3964 4).
    Relay(Ipv4Addr),
}

/// What was decapsulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decapsulated {
    /// Who sent it.
    pub sender: Sender,
    /// Whether it goes on to native IPv6, as a relay's packets do, and not into this router's site.
    pub to_native: bool,
    /// The codepoint to classify the packet by.
    pub classify_by: Dscp,
    /// An ECN combination that a correct ingress does not make.
    pub alarm: Option<Alarm>,
}

/// What an ingress filter decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arrival {
    /// Source of the IPv4 header.
    pub outer_source: Ipv4Addr,
    /// Destination of the IPv4 header.
    pub outer_destination: Ipv4Addr,
    /// Source of the IPv6 header.
    pub source: Ipv6Addr,
    /// Destination of the IPv6 header.
    pub destination: Ipv6Addr,
}

impl<'a> Router<'a> {
    /// A border router of the 6to4 site 2002:V4ADDR::/48: no relay, tunnel MTU 1,280, TTL 64; DSCP and ECN go out as they are inside, ECN alone comes back in.
    ///
    /// # Errors
    /// [`Error::SpecialIpv4`] if the policy refuses the address.
    pub const fn new(v4addr: Ipv4Addr, policy: Policy) -> Result<Self, Error> {
        Self::in_domain(Domain::SIX_TO_FOUR, v4addr, policy)
    }

    /// A border router of a site of any domain: of 6rd with [`Policy::SIX_RD`].
    ///
    /// # Errors
    /// [`Error::SpecialIpv4`] if the policy refuses the address; [`Error::NotInDomain`] if the domain has no such IPv4 address.
    pub const fn in_domain(domain: Domain, v4addr: Ipv4Addr, policy: Policy) -> Result<Self, Error> {
        if let Some(block) = policy.ipv4.refuses(v4addr) {
            return Err(Error::SpecialIpv4 { place: Place::Site, address: v4addr, block });
        }
        let site = match domain.site(v4addr) {
            Ok(site) => site,
            Err(error) => return Err(error),
        };
        Ok(Self {
            v4addr,
            block: Ipv4Block::of(v4addr),
            domain,
            site,
            site_mask: site.mask(),
            mtu: DEFAULT_MTU,
            policy,
            role: Role::Border,
            relay: None,
            relays: None,
            addresses: &[],
            broadcasts: &[],
            known_domains: &[],
            ttl: HopLimit::Fixed(64),
            dont_fragment: false,
            ds_ingress: DsModel::Uniform,
            ds_egress: DsModel::ShortPipe(Dscp::CS0),
            ecn_mode: EcnMode::Normal,
        })
    }

    /// This router's IPv4 address.
    #[must_use]
    pub const fn v4addr(&self) -> Ipv4Addr {
        self.v4addr
    }

    /// The domain: 6to4's, or one of 6rd.
    #[must_use]
    pub const fn domain(&self) -> Domain {
        self.domain
    }

    /// The prefix of this router's site.
    #[must_use]
    pub const fn site(&self) -> Ipv6Prefix {
        self.site
    }

    /// The longest IPv6 packet that is encapsulated, in octets.
    #[must_use]
    pub const fn mtu(&self) -> u32 {
        self.mtu
    }

    /// Sets the tunnel's MTU: [`tunnel_mtu`] of what the links on the way are known to carry.
    ///
    /// # Errors
    /// [`Error::Mtu`] outside of 1,280 to [`MAX_MTU`]; the old one stays.
    pub const fn set_mtu(&mut self, mtu: u32) -> Result<(), Error> {
        if mtu < DEFAULT_MTU || mtu > MAX_MTU {
            return Err(Error::Mtu { found: mtu, least: DEFAULT_MTU, most: MAX_MTU });
        }
        self.mtu = mtu;
        Ok(())
    }

    /// Where an IPv6 packet is to be sent: every check of encapsulation, nothing done. `next_hop` is what routing said; `None` for the
    /// destination itself, or the relay for a native one.
    ///
    /// # Errors
    /// Those of [`Router::encapsulate`], but for the buffer's.
    #[inline]
    pub fn route(&self, packet: &ipv6::View<'_>, next_hop: Option<Ipv6Addr>) -> Result<Encapsulated, Error> {
        let (source, destination) = (packet.source(), packet.destination());
        self.check_address(source, Place::Source)?;
        self.check_address(destination, Place::Destination)?;
        let of_destination = self.domain.v4addr(destination);
        if self.policy.consistency {
            match (self.domain.v4addr(source), of_destination) {
                (Some(embedded), _) if embedded != self.v4addr => {
                    return Err(Error::SourceNotOurs { embedded, own: self.v4addr });
                }
                (Some(_), _) => {}
                (None, None) => return Err(Error::NativeToNative),
                (None, Some(_)) if self.role == Role::Border => return Err(Error::NotARelay(Place::Source)),
                (None, Some(_)) => {}
            }
        }
        if self.policy.loops {
            self.check_loop(source, Place::Source)?;
        }
        self.check_nested(packet)?;
        let tunnel_end = match (next_hop, of_destination) {
            (Some(next_hop), _) => self.domain.v4addr(next_hop).ok_or(Error::NextHop(next_hop))?,
            (None, Some(v4addr)) => v4addr,
            (None, None) => self.relay.ok_or(Error::NoRelay)?,
        };
        self.check_ipv4(tunnel_end, Place::NextHop)?;
        if self.policy.consistency && (self.is_ours(tunnel_end) || of_destination.is_some_and(|end| self.is_ours(end))) {
            return Err(Error::ToOurselves { address: of_destination.filter(|end| self.is_ours(*end)).unwrap_or(tunnel_end) });
        }
        let found = u32::try_from(packet.payload().len()).unwrap_or(u32::MAX).saturating_add(IPV6_HEADER_LEN);
        if found > self.mtu {
            return Err(ip_wire::Error::FragmentationNeeded { found, mtu: self.mtu }.into());
        }
        let deprecated_anycast = Ipv4Block::of(tunnel_end) == Some(Ipv4Block::RelayAnycast);
        Ok(Encapsulated { destination: tunnel_end, deprecated_anycast })
    }

    /// Puts the IPv4 header on the IPv6 packet in `packet`, in 20 octets of its headroom; the IPv6 packet is not touched. Its hop limit was decremented by forwarding before.
    /// `identification` should differ from packet to packet, as Don't Fragment is clear (RFC 6864 4.3).
    ///
    /// # Errors
    /// [`Error::Ip`] for a packet that is none of IPv6, is over the tunnel's MTU ([`ip_wire::answer::emit`] makes the packet too big of [`Error::reaction`]), or has no headroom;
    /// [`Error::SpecialIpv6`], [`Error::SpecialIpv4`], [`Error::Broadcast`] for addresses; [`Error::SourceNotOurs`], [`Error::NativeToNative`], [`Error::NotARelay`],
    /// [`Error::ToOurselves`], [`Error::NoRelay`] for the way; [`Error::Loop`], [`Error::Nested`]. The packet stays as it was.
    #[inline]
    pub fn encapsulate<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        packet: &mut PacketBuf<S>,
        identification: u16,
    ) -> Result<Encapsulated, Error> {
        if packet.headroom() >= OVERHEAD {
            if let Some(inner) = Inner::read(packet.octets()) {
                if let Some(routed) = self.usual_route(&inner) {
                    let facts = (inner.len(), inner.ds, inner.hop_limit);
                    self.emit_header(packet, facts, routed.destination, identification)?;
                    return Ok(routed);
                }
            }
        }
        self.put_header(packet, None, identification)
    }

    /// As [`Router::encapsulate`], to a next hop of routing's: the IPv4 packet goes to the V4ADDR of `next_hop`.
    ///
    /// # Errors
    /// Those of [`Router::encapsulate`]; [`Error::NextHop`] for a next hop out of the domain.
    #[inline]
    pub fn encapsulate_via<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        packet: &mut PacketBuf<S>,
        next_hop: Ipv6Addr,
        identification: u16,
    ) -> Result<Encapsulated, Error> {
        self.put_header(packet, Some(next_hop), identification)
    }

    /// The header on every packet, usual or not.
    #[cold]
    #[inline(never)]
    fn put_header<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        packet: &mut PacketBuf<S>,
        next_hop: Option<Ipv6Addr>,
        identification: u16,
    ) -> Result<Encapsulated, Error> {
        let view = ipv6::View::parse(packet.octets())?;
        let routed = self.route(&view, next_hop)?;
        let len = ipv6::HEADER_LEN.saturating_add(view.payload().len());
        let facts = (len, view.ds(), view.hop_limit());
        self.emit_header(packet, facts, routed.destination, identification)?;
        Ok(routed)
    }

    /// The IPv4 header before an IPv6 packet of `len` octets.
    #[inline(always)]
    fn emit_header<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        packet: &mut PacketBuf<S>,
        (len, ds, hop_limit): (usize, DsField, u8),
        destination: Ipv4Addr,
        identification: u16,
    ) -> Result<(), Error> {
        let mut header = ipv4::Header::new(self.v4addr, destination, Protocol::IPV6, len)?;
        header.ds = DsField::new(self.ds_ingress.ingress(ds.dscp()), self.ecn_mode.ingress(ds.ecn()));
        header.ttl = match self.ttl {
            HopLimit::Fixed(ttl) => ttl,
            HopLimit::Copy => hop_limit,
        };
        header.identification = identification;
        header.flags = if self.dont_fragment { ipv4::Flags::DONT_FRAGMENT } else { ipv4::Flags::NONE };
        let front = packet.push_front(OVERHEAD)?;
        let Some(place) = front.first_chunk_mut() else { return Err(no_place()) };
        header.emit_fixed(place)?;
        // What stood behind the IPv6 packet (link padding) is no part of it.
        packet.truncate(OVERHEAD.saturating_add(len));
        Ok(())
    }

    /// Takes the IPv4 header off the packet in `packet`, and combines its congestion mark with the inner one by RFC 6040.
    ///
    /// # Errors
    /// [`Error::Ip`] for a packet that can't be read or is a fragment; [`Error::NotIpv6InIpv4`]; [`Error::NotForUs`]; [`Error::SpecialIpv4`], [`Error::Broadcast`],
    /// [`Error::SpecialIpv6`] for addresses; [`Error::SourceMismatch`], [`Error::DestinationMismatch`], [`Error::NativeToNative`], [`Error::NotARelay`],
    /// [`Error::UnknownRelay`] for the way; [`Error::Loop`], [`Error::Nested`], [`Error::Congestion`]. The packet stays as it was.
    #[inline]
    pub fn decapsulate<S: AsRef<[u8]> + AsMut<[u8]>>(&self, packet: &mut PacketBuf<S>) -> Result<Decapsulated, Error> {
        self.decapsulate_if(packet, |_| true)
    }

    /// As [`Router::decapsulate`], for packets that an ingress filter of the caller's takes: unicast reverse path forwarding, addresses of internal interfaces
    /// (RFC 3964 5.3.3), or whatever else the caller knows.
    ///
    /// # Errors
    /// Those of [`Router::decapsulate`]; [`Error::IngressFilter`] if the filter says no.
    #[inline]
    pub fn decapsulate_if<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        packet: &mut PacketBuf<S>,
        ingress_filter: impl FnOnce(&Arrival) -> bool,
    ) -> Result<Decapsulated, Error> {
        let seen = match self.usual_arrival(packet.octets()) {
            Some(seen) => seen,
            None => self.any_arrival(packet.octets())?,
        };
        let Seen { arrival, sender, to_native, outer, inner, start, len } = seen;
        if !ingress_filter(&arrival) {
            return Err(Error::IngressFilter);
        }
        let (ecn, alarm) = match egress(inner.ecn(), outer.ecn()) {
            EcnOutcome::Drop => return Err(Error::Congestion),
            EcnOutcome::Forward { ecn, alarm } => (ecn, alarm),
        };
        let (dscp, classify_by) = self.ds_egress.egress(outer.dscp(), inner.dscp());
        let new = DsField::new(dscp, ecn);
        packet.pop_front(start)?;
        packet.truncate(len);
        if new != inner {
            set_ds(packet.octets_mut(), new)?;
        }
        Ok(Decapsulated { sender, to_native, classify_by, alarm })
    }

    /// What is in any packet that comes out of the tunnel, every check but the ingress filter's and the congestion marks' done.
    #[cold]
    #[inline(never)]
    fn any_arrival(&self, octets: &[u8]) -> Result<Seen, Error> {
        let outer = ipv4::View::parse(octets)?;
        if self.policy.checksum {
            outer.verify_checksum()?;
        }
        if outer.protocol() != Protocol::IPV6 {
            return Err(Error::NotIpv6InIpv4 { found: outer.protocol() });
        }
        if outer.is_fragment() {
            return Err(ip_wire::Error::NotReassembled { field: Field::Ipv4FragmentOffset, offset: 6 }.into());
        }
        let start = outer.header_len();
        let inner = ipv6::View::parse(outer.payload()).map_err(|error| shifted(error, start))?;
        let arrival = Arrival {
            outer_source: outer.source(),
            outer_destination: outer.destination(),
            source: inner.source(),
            destination: inner.destination(),
        };
        let (sender, to_native) = self.accept_any(&arrival)?;
        self.check_nested(&inner)?;
        let len = ipv6::HEADER_LEN.saturating_add(inner.payload().len());
        Ok(Seen { arrival, sender, to_native, outer: outer.ds(), inner: inner.ds(), start, len })
    }

    /// Whether packets with these addresses are taken out of the tunnel, from whom, and whether they go on to native IPv6: every check of decapsulation that is about addresses.
    ///
    /// # Errors
    /// Those of [`Router::decapsulate`] that are about addresses.
    #[inline]
    pub fn accept(&self, arrival: &Arrival) -> Result<(Sender, bool), Error> {
        match self.usual_accept(arrival) {
            Some(taken) => Ok(taken),
            None => self.accept_any(arrival),
        }
    }

    #[cold]
    #[inline(never)]
    fn accept_any(&self, arrival: &Arrival) -> Result<(Sender, bool), Error> {
        let Arrival { outer_source, outer_destination, source, destination } = *arrival;
        self.check_ipv4(outer_source, Place::OuterSource)?;
        self.check_ipv4(outer_destination, Place::OuterDestination)?;
        if self.policy.consistency && !self.is_ours(outer_destination) {
            return Err(Error::NotForUs { found: outer_destination });
        }
        self.check_address(source, Place::Source)?;
        self.check_address(destination, Place::Destination)?;
        let (of_source, of_destination) = (self.domain.v4addr(source), self.domain.v4addr(destination));
        if self.policy.consistency {
            match of_destination {
                Some(embedded) if embedded != outer_destination => {
                    return Err(Error::DestinationMismatch { embedded, outer: outer_destination });
                }
                _ => {}
            }
            match of_source {
                Some(embedded) if embedded != outer_source => {
                    return Err(Error::SourceMismatch { embedded, outer: outer_source });
                }
                Some(_) => {}
                None if of_destination.is_none() => return Err(Error::NativeToNative),
                None if self.relays.is_some_and(|relays| !relays.contains(&outer_source)) => {
                    return Err(Error::UnknownRelay { outer: outer_source });
                }
                None => {}
            }
            if of_destination.is_none() && self.role == Role::Border && !self.takes_group(destination) {
                return Err(Error::NotARelay(Place::Destination));
            }
        }
        // The site of the very address that the packet was sent to is at home, if it is not that of `v4addr`.
        if self.policy.loops && of_destination != Some(outer_destination) {
            self.check_loop(destination, Place::Destination)?;
        }
        let sender = if of_source.is_some() { Sender::Site(outer_source) } else { Sender::Relay(outer_source) };
        Ok((sender, of_destination.is_none() && !self.takes_group(destination)))
    }

    /// Whether the address is a group's, and groups are for this site too.
    #[inline]
    fn takes_group(&self, address: Ipv6Addr) -> bool {
        self.policy.multicast && address.is_multicast()
    }

    /// Whether the address is one of this router's.
    #[inline]
    fn is_ours(&self, address: Ipv4Addr) -> bool {
        address == self.v4addr || (!self.addresses.is_empty() && self.addresses.contains(&address))
    }

    /// RFC 3964 5.3.1.
    #[inline]
    fn check_ipv4(&self, address: Ipv4Addr, place: Place) -> Result<(), Error> {
        if let Some(block) = self.policy.ipv4.refuses(address) {
            return Err(Error::SpecialIpv4 { place, address, block });
        }
        if !self.broadcasts.is_empty() && self.broadcasts.contains(&address) {
            return Err(Error::Broadcast { place, address });
        }
        Ok(())
    }

    /// RFC 3964 5.3.2.
    #[inline]
    fn check_address(&self, address: Ipv6Addr, place: Place) -> Result<(), Error> {
        if let Some(block) = self.policy.ipv6.refuses(address) {
            if place != Place::Destination || !self.takes_group(address) {
                return Err(Error::SpecialIpv6 { place, address, block });
            }
        }
        if let Some((address, block)) = self.policy.refuses_v4addr(&self.domain, address) {
            return Err(Error::SpecialIpv4 { place, address, block });
        }
        if !self.broadcasts.is_empty() {
            if let Some(address) = self.domain.v4addr(address).filter(|v4addr| self.broadcasts.contains(v4addr)) {
                return Err(Error::Broadcast { place, address });
            }
        }
        Ok(())
    }

    /// RFC 6324 3.3: an address with a foreign prefix that embeds one of ours. A private address may be another node's elsewhere, and tells nothing unless the prefix is of a
    /// domain that is known (3.3.1).
    #[inline]
    fn check_loop(&self, address: Ipv6Addr, place: Place) -> Result<(), Error> {
        if self.domain.v4addr(address) == Some(self.v4addr) {
            return Ok(());
        }
        let looping = |embedding, v4addr: Ipv4Addr| match self.is_ours(v4addr) {
            true => Err(Error::Loop { place, embedding, address: v4addr }),
            false => Ok(()),
        };
        let ambiguous = |v4addr: Ipv4Addr| Ipv4Block::of(v4addr) == Some(Ipv4Block::Private);
        if let Some(found) = isatap(address).filter(|found| !ambiguous(found.address)) {
            looping(Embedding::Isatap, found.address)?;
        }
        if let [0x2001, 0, _, _, _, _, _, _] = address.segments() {
            for found in crate::embedded_v4(address).filter(|found| !ambiguous(found.address)) {
                looping(found.embedding, found.address)?;
            }
        }
        if let Some(v4addr) = Domain::SIX_TO_FOUR.v4addr(address).filter(|v4addr| !ambiguous(*v4addr)) {
            looping(Embedding::SixToFour, v4addr)?;
        }
        for domain in self.known_domains {
            if let Some(v4addr) = domain.v4addr(address) {
                looping(Embedding::SixRd, v4addr)?;
            }
        }
        Ok(())
    }

    /// One tunnel at a time: what is in the IPv6 packet may not be a tunnel.
    #[inline]
    fn check_nested(&self, packet: &ipv6::View<'_>) -> Result<(), Error> {
        if self.policy.nested_tunnels {
            return Ok(());
        }
        let mut protocol = packet.next_header();
        if protocol.is_extension_header() {
            protocol = packet.upper_layer()?.protocol;
        }
        match protocol {
            Protocol::IPV4 | Protocol::IPV6 => Err(Error::Nested(protocol)),
            _ => Ok(()),
        }
    }
}

/// Octets of the IPv6 header, as packet lengths are counted.
const IPV6_HEADER_LEN: u32 = 40;

/// The error of a buffer that has no place for the header, in spite of its headroom.
#[cold]
fn no_place() -> Error {
    ip_wire::Error::BufferTooSmall { field: Field::Ipv4Header, found: 0, needed: 20 }.into()
}

/// The error of an inner packet that starts `by` octets into the outer one.
#[cold]
fn shifted(error: ip_wire::Error, by: usize) -> Error {
    error.shifted(u32::try_from(by).unwrap_or(u32::MAX)).into()
}

#[cfg(test)]
mod tests;
