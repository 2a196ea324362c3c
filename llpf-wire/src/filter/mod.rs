//! The packet filter of a receiving gateway: nothing passes but what a live key of a known host has sealed (thesis pp. 80-88, 90).
//!
//! ```text
//! arrives   | outer IP header | inner packet                    | AT |   padding of the link, if any
//! checks    | lengths, protocol                                 | version, P, IPL, key index, MAC
//! passes                      | inner packet                    |
//! ```
//!
//! The order of checks is part of the security: lengths and the trailer's fixed fields, then the key by its index, its cryptoperiod, then the MAC, and
//! only then is anything written. What has no key costs no MAC. No field of the inner packet is looked at to decide.

use alloc::vec::Vec;
use core::time::Duration;

use ip_wire::ip::Packet;
use ip_wire::tunnel::{self, EcnOutcome};
use ip_wire::{DsField, Ecn, PacketBuf, Protocol, ipv4, ipv6};
use wire_lanes::Engine;

use crate::error::{Error, Field, len32};
use crate::host::{HostId, KeyIndex};
use crate::mac::MAC_LEN;
use crate::table::KeyTable;
use crate::trailer;

mod batch;
mod hosts;

pub use batch::BATCH;
use hosts::Hosts;

/// Which keys of a table count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Any key of a table that is installed, whatever the time: the thesis's way. **A captured packet can be replayed for as long as its table is
    /// installed.**
    AnyCurrentKey,
    /// Only a key whose cryptoperiod it is, by clocks that are at most `skew` apart. A captured packet can be replayed until its key's period is over by `skew`.
    InPeriod {
        /// How far apart the sender's clock and this one may be, transit included.
        skew: Duration,
    },
}

/// What becomes of a congestion mark on the outer header, once the MAC holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Congestion {
    /// It goes on to the inner packet as RFC 6040 4.2 has it: the other half of the sender's normal mode. The inner packet is looked at only if the outer one bears a mark.
    Combine,
    /// It is lost, and the inner packet comes out as it went in. For senders in RFC 6040's compatibility mode.
    Ignore,
}

/// What a filter does and how much it may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Which keys count.
    pub policy: Policy,
    /// How long a replaced table still counts after the new one's start (or its arrival, if that is later).
    pub grace: Duration,
    /// Whether tables may cycle more than once under [`Policy::InPeriod`], as senders with [`AfterLast::Wrap`](crate::seal::AfterLast::Wrap) use them.
    pub wrap: bool,
    /// What becomes of congestion marks.
    pub congestion: Congestion,
    /// Hosts with a table at most.
    pub max_hosts: u32,
    /// Keys of all tables at most, replaced ones in their grace included. A key takes 64 octets, with AES-128-CMAC about a kibibyte.
    pub max_keys: u32,
}

impl Default for Config {
    /// In period with 5 s of skew, 30 s of grace, no wrapping, congestion combined, all 65,536 hosts, 2^20 keys.
    fn default() -> Self {
        Self {
            policy: Policy::InPeriod { skew: Duration::from_secs(5) },
            grace: Duration::from_secs(30),
            wrap: false,
            congestion: Congestion::Combine,
            max_hosts: 1 << 16,
            max_keys: 1 << 20,
        }
    }
}

/// A packet that passed: the buffer holds the inner packet alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filtered {
    /// The key that sealed it.
    pub key: KeyIndex,
    /// DSCP and ECN of the outer header, for who classifies by it (RFC 2983 pipe).
    pub outer_ds: DsField,
}

/// How often what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Packets that passed.
    pub accepted: u64,
    /// Refused for their outer header or trailer: no packet of this protocol.
    pub malformed: u64,
    /// Refused as fragments.
    pub fragments: u64,
    /// Refused for want of a table.
    pub unknown_host: u64,
    /// Refused for want of a key in the table.
    pub unknown_key: u64,
    /// Refused since it was not the key's time.
    pub outside_period: u64,
    /// Refused for their MAC.
    pub forged: u64,
    /// Refused for a congestion mark that their transport does not understand.
    pub congestion: u64,
    /// MACs computed.
    pub macs: u64,
}

impl Counters {
    fn count(&mut self, outcome: &Result<Filtered, Error>) {
        let counter = match outcome {
            Ok(_) => &mut self.accepted,
            Err(Error::NotReassembled { .. }) => &mut self.fragments,
            Err(Error::UnknownHost { .. }) => &mut self.unknown_host,
            Err(Error::UnknownKey { .. }) => &mut self.unknown_key,
            Err(Error::OutsidePeriod { .. }) => &mut self.outside_period,
            Err(Error::Authentication) => &mut self.forged,
            Err(Error::CongestionLoss) => &mut self.congestion,
            Err(_) => &mut self.malformed,
        };
        *counter = counter.saturating_add(1);
    }
}

/// Filters packets with the key tables of many remote gateways.
///
/// ```
/// use core::time::Duration;
/// use llpf_wire::{Filter, HostId, KeyTable, Algorithm, filter};
///
/// let table = KeyTable::new(Algorithm::HmacSha256, Duration::ZERO, Duration::from_secs(15), &[[7; 32]; 1])?;
/// let mut filter = Filter::new(filter::Config::default());
/// filter.install(Duration::ZERO, HostId(1), &table)?;
/// assert_eq!((filter.hosts(), filter.keys()), (1, 1));
/// # Ok::<(), llpf_wire::Error>(())
/// ```
#[derive(Debug)]
pub struct Filter {
    engine: Engine,
    config: Config,
    hosts: Hosts,
    counters: Counters,
}

impl Filter {
    /// A filter without a table: nothing passes.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { engine: Engine::new(), config, hosts: Hosts::new(), counters: Counters::default() }
    }

    /// What it does and how much it may keep.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Installs the table of a host. A table that the host has already counts on for the grace, and one that was in its grace goes.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if there are as many hosts or keys as may be; the filter stays as it was.
    pub fn install(&mut self, now: Duration, host: HostId, table: &KeyTable) -> Result<(), Error> {
        self.hosts.install(&self.config, now, host, table)
    }

    /// Withdraws all tables of a host at once, and says whether there were any.
    pub fn withdraw(&mut self, host: HostId) -> bool {
        self.hosts.withdraw(host)
    }

    /// A host ID that has no table, the lowest from `from` on: to be handed out to a remote gateway (thesis p. 86).
    #[must_use]
    pub fn free_host_id(&self, from: HostId) -> Option<HostId> {
        (from.0..=u16::MAX).map(HostId).find(|host| !self.hosts.has(*host))
    }

    /// Hosts that have a table.
    #[must_use]
    pub fn hosts(&self) -> u32 {
        self.hosts.len()
    }

    /// Keys of all tables.
    #[must_use]
    pub const fn keys(&self) -> u32 {
        self.hosts.keys()
    }

    /// How often what happened.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Forgets the tables whose grace is over.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.hosts.expire(now);
    }

    /// When [`Filter::handle_timeout`] is next to be called.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.hosts.next_deadline()
    }

    /// Whether a packet sealed with this key would be looked at now: the look-up alone.
    ///
    /// # Errors
    /// [`Error::UnknownHost`], [`Error::UnknownKey`], [`Error::OutsidePeriod`].
    #[inline]
    pub fn look_up(&self, now: Duration, key: KeyIndex) -> Result<(), Error> {
        self.hosts.find(&self.config, now, key).map(|_| ())
    }

    /// Filters one packet: checks the trailer, and takes it and the outer header off. The packet ends where its outer header says; what follows in the buffer is
    /// padding of the link.
    ///
    /// # Errors
    /// [`Error::Ip`] if the outer header is wrong, [`Error::NotReassembled`] if it is a fragment's; [`Error::Mismatch`], [`Error::Truncated`] and [`Error::Length`] for
    /// protocol and trailer; [`Error::UnknownHost`], [`Error::UnknownKey`] and [`Error::OutsidePeriod`], all before a MAC is computed; [`Error::Authentication`];
    /// [`Error::CongestionLoss`]. The packet stays as it was: make the audit record of it ([`crate::audit::Record::new`]).
    pub fn filter<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Filtered, Error> {
        let outcome = self.filter_uncounted(now, packet);
        self.counters.count(&outcome);
        outcome
    }

    fn filter_uncounted<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
    ) -> Result<Filtered, Error> {
        let arrived = Arrived::read(packet.octets())?;
        let found = self.hosts.find(&self.config, now, arrived.place.key)?;
        let mut macs = 1u64;
        let mut holds = found.first.verify(arrived.covered, arrived.mac);
        if let (false, Some(second)) = (holds, found.second) {
            macs = 2;
            holds = second.verify(arrived.covered, arrived.mac);
        }
        let place = arrived.place;
        self.counters.macs = self.counters.macs.saturating_add(macs);
        if holds { self.strip(packet, &place) } else { Err(Error::Authentication) }
    }

    /// Takes outer header and trailer off a packet whose MAC holds.
    #[inline(always)]
    fn strip<S: AsRef<[u8]> + AsMut<[u8]>>(&self, packet: &mut PacketBuf<S>, place: &Place) -> Result<Filtered, Error> {
        let (start, inner_len) = (usize::from(place.start), usize::from(place.inner_len));
        let ecn = place.outer_ds.ecn();
        if self.config.congestion == Congestion::Combine && (ecn == Ecn::Ce || ecn == Ecn::Ect1) {
            let inner = packet.octets_mut().get_mut(start..start.saturating_add(inner_len)).unwrap_or_default();
            if tunnel::combine_ecn(inner, ecn)? == EcnOutcome::Drop {
                return Err(Error::CongestionLoss);
            }
        }
        packet.pop_front(start)?;
        packet.truncate(inner_len);
        Ok(Filtered { key: place.key, outer_ds: place.outer_ds })
    }
}

/// Where things are in a packet that arrived.
#[derive(Debug, Clone, Copy)]
struct Place {
    key: KeyIndex,
    /// Octets of outer headers.
    start: u16,
    inner_len: u16,
    outer_ds: DsField,
}

/// A packet whose lengths and fixed fields are right.
struct Arrived<'a> {
    place: Place,
    /// The inner packet and the trailer's first two words.
    covered: &'a [u8],
    mac: &'a [u8; MAC_LEN],
}

impl<'a> Arrived<'a> {
    /// Inlined wherever it is used: its parts then go through registers, and no load waits for a store that was just made.
    #[inline(always)]
    fn read(octets: &'a [u8]) -> Result<Self, Error> {
        let outer = match octets.first() {
            Some(first) if first >> 4 == 4 => {
                let view = ipv4::View::parse(octets)?;
                if view.is_fragment() {
                    return Err(fragment(octets));
                }
                OuterPacket { protocol: view.protocol(), payload: view.payload(), start: view.header_len(), ds: view.ds() }
            }
            Some(first) if first >> 4 == 6 => {
                let view = ipv6::View::parse(octets)?;
                let (protocol, payload, ds) = (view.next_header(), view.payload(), view.ds());
                if protocol.is_extension_header() {
                    OuterPacket::behind_extensions(octets)?
                } else {
                    OuterPacket { protocol, payload, start: ipv6::HEADER_LEN, ds }
                }
            }
            _ => return Err(no_packet(octets)),
        };
        let least = match outer.protocol {
            Protocol::IPV4 => ipv4::MIN_HEADER_LEN,
            Protocol::IPV6 => ipv6::HEADER_LEN,
            _ => return Err(wrong_protocol(octets, outer.protocol)),
        };
        let (payload, start) = (outer.payload, len32(outer.start));
        let trailer = trailer::View::parse(payload).map_err(|error| error.shifted(start))?;
        let ipl = usize::from(trailer.ipl());
        if ipl != payload.len() || trailer.inner_len() < least {
            return Err(wrong_length(start, payload.len(), ipl, least));
        }
        let Some((covered, mac)) = payload.split_last_chunk::<MAC_LEN>() else {
            return Err(wrong_length(start, payload.len(), ipl, least));
        };
        let (Ok(start), Ok(inner_len)) = (u16::try_from(outer.start), u16::try_from(trailer.inner_len())) else {
            return Err(wrong_length(start, payload.len(), ipl, least));
        };
        Ok(Self { place: Place { key: trailer.key(), start, inner_len, outer_ds: outer.ds }, covered, mac })
    }
}

/// What is looked at of an outer packet.
struct OuterPacket<'a> {
    protocol: Protocol,
    payload: &'a [u8],
    start: usize,
    ds: DsField,
}

impl<'a> OuterPacket<'a> {
    #[cold]
    fn behind_extensions(octets: &'a [u8]) -> Result<Self, Error> {
        let outer = Packet::parse(octets)?;
        let upper = outer.upper_layer()?;
        if upper.is_fragment || !upper.has_start {
            return Err(fragment(octets));
        }
        let start = usize::try_from(upper.offset).unwrap_or(usize::MAX);
        Ok(Self { protocol: upper.protocol, payload: upper.octets, start, ds: outer.ds() })
    }
}

#[cold]
fn no_packet(octets: &[u8]) -> Error {
    match Packet::parse(octets) {
        Err(error) => error.into(),
        // A packet has a version.
        Ok(_) => Error::State,
    }
}

/// Where the field is that says something about what an outer packet carries: in the IPv4 header, or behind it in an IPv6 one.
#[cold]
fn pointer(octets: &[u8], in_ipv4: u32) -> u32 {
    match Packet::parse(octets) {
        Ok(outer @ Packet::V6(_)) => outer.upper_layer().map_or(6, |upper| upper.pointer),
        _ => in_ipv4,
    }
}

#[cold]
fn fragment(octets: &[u8]) -> Error {
    Error::NotReassembled { field: Field::Fragment, offset: pointer(octets, 6) }
}

#[cold]
fn wrong_protocol(octets: &[u8], found: Protocol) -> Error {
    let needed = Protocol::IPV4.0.into();
    Error::Mismatch { field: Field::Protocol, offset: pointer(octets, 9), found: found.0.into(), needed }
}

/// The IPL is not what the outer header says, or leaves no room for an IP header.
#[cold]
fn wrong_length(start: u32, payload: usize, ipl: usize, least: usize) -> Error {
    let needed = len32(payload.max(least.saturating_add(trailer::LEN)));
    let offset = start.saturating_add(len32(payload.saturating_sub(trailer::LEN))).saturating_add(2);
    Error::Length { field: Field::InnerPacketLength, offset, found: len32(ipl), needed }
}

/// Results for `count` packets that nothing is known of yet, for [`Filter::filter_batch`].
#[must_use]
pub fn results(count: usize) -> Vec<Result<Filtered, Error>> {
    alloc::vec![Err(Error::Authentication); count]
}
