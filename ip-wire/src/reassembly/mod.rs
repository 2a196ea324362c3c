//! Reassembly of IPv4 (RFC 791 3.2) and IPv6 (RFC 8200 4.5) datagrams: no clock and no I/O of its own, hard caps on memory.
//!
//! A fragment goes in with the caller's clock, and the datagram comes out with the last one. What arrives is kept as it came, in order
//! of its offset, and put together once nothing is missing: no octet that was not received is ever seen.
//!
//! ```
//! # use core::time::Duration;
//! # use ip_wire::{Protocol, ipv4};
//! use ip_wire::reassembly::{Config, Outcome, Reassembler};
//! # let mut header = ipv4::Header::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), Protocol::UDP, 100)?;
//! # header.flags = ipv4::Flags::NONE;
//! # let mut packet = [0; 120];
//! # header.emit(&mut packet)?;
//!
//! let mut reassembler = Reassembler::new(Config::default());
//! let mut now = Duration::ZERO;
//! for fragment in ipv4::fragment::Fragments::new(ipv4::View::parse(&packet)?, 68)? {
//!     let mut wire = [0; 68];
//!     let len = fragment.emit(&mut wire)?;
//!     match reassembler.handle_fragment(now, &wire[..len])? {
//!         Outcome::Stored => {}
//!         Outcome::Completed(datagram) => assert_eq!(datagram, packet),
//!         other => panic!("{other:?}"),
//!     }
//!     now += Duration::from_millis(1);
//! }
//! # Ok::<(), ip_wire::Error>(())
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::Error;

mod datagram;
mod fragment;

use datagram::{Added, Datagram};
use fragment::Part;

/// Caps and policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Config {
    /// Datagrams under reassembly at once. Past it the oldest one goes.
    pub max_datagrams: usize,
    /// Pieces kept of one datagram. Past it the datagram is discarded.
    pub max_fragments: usize,
    /// Octets of headers and data kept in all. Past it the oldest datagrams go.
    pub max_octets: usize,
    /// How long a datagram's fragments are waited for, from the first one that arrives on: RFC 8200 4.5 has 60 s, RFC 1122 3.3.2 60 to
    /// 120 s.
    pub timeout: Duration,
    /// What to do about overlapping IPv4 fragments. Those of IPv6 always discard the datagram (RFC 5722).
    pub ipv4_overlap: Overlap,
    /// Refuse first fragments without the whole header chain (RFC 7112) or with less than 16 octets of TCP, and IPv4 TCP fragments at
    /// offset 1 (RFC 1858, RFC 3128).
    pub refuse_tiny: bool,
}

impl Default for Config {
    /// 1,024 datagrams of at most 128 pieces and 4 MiB in all, 60 s, overlaps discard, tiny fragments refused.
    fn default() -> Self {
        Self {
            max_datagrams: 1024,
            max_fragments: 128,
            max_octets: 4 << 20,
            timeout: Duration::from_secs(60),
            ipv4_overlap: Overlap::Drop,
            refuse_tiny: true,
        }
    }
}

/// What to do about IPv4 fragments that overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Overlap {
    /// What came first stays; of a later fragment only what is new is taken.
    FirstWins,
    /// The datagram is discarded, with all of its fragments to come.
    Drop,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// It is no fragment: go on with the packet itself.
    Whole,
    /// It is kept; the datagram is not complete.
    Stored,
    /// It was here before, octet for octet.
    Duplicate,
    /// The whole datagram, with a header that says so, ready to parse. An atomic fragment comes out at once, without its fragment header
    /// (RFC 6946).
    Completed(&'a [u8]),
    /// It is dropped.
    Discarded(Discard),
}

/// Why a fragment was dropped.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Discard {
    /// It overlaps another: the datagram is discarded, or (IPv4, [`Overlap::FirstWins`]) it brings nothing new.
    Overlap,
    /// It contradicts others about where the datagram ends.
    Inconsistent,
    /// The datagram has too many pieces, and is discarded.
    TooManyFragments,
    /// The datagram alone has more octets than may be kept in all, and is discarded.
    TooManyOctets,
    /// Its datagram was discarded before.
    DatagramDiscarded,
}

/// How often what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Fragments handed in that were well formed.
    pub fragments: u64,
    /// Fragments refused with an error.
    pub refused: u64,
    /// Fragments that were here before.
    pub duplicates: u64,
    /// Datagrams completed, atomic fragments among them.
    pub completed: u64,
    /// Datagrams discarded for an overlap or a contradiction, and for too many pieces or octets.
    pub discarded: u64,
    /// Fragments dropped because their datagram had been discarded, or for a contradiction or overlap that left it alone.
    pub dropped_fragments: u64,
    /// Datagrams evicted to make room.
    pub evicted: u64,
    /// Datagrams whose time ran out.
    pub expired: u64,
}

/// What names a datagram (RFC 791 3.2, RFC 8200 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Identification.
    pub identification: u32,
    /// The protocol field in IPv4; 0 in IPv6, whose fragments may differ in it.
    pub protocol: u8,
}

/// A datagram whose time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired<'a> {
    /// Which.
    pub key: Key,
    /// Its first fragment as it came, if it came: [`crate::answer`] makes the time exceeded message of it, with
    /// [`crate::Reaction::TimeExceeded`] code 1. Without it none is sent (RFC 792, RFC 8200 4.5).
    pub first_fragment: Option<&'a [u8]>,
}

/// Reassembles datagrams.
///
/// Finding a datagram and inserting a fragment take O(log n) steps. Memory is at most [`Config::max_octets`] of packet, one finished
/// datagram, and a fixed amount for each piece and each datagram, both capped.
#[derive(Debug)]
pub struct Reassembler {
    config: Config,
    datagrams: BTreeMap<Key, Datagram>,
    /// Keys in order of arrival, which is the order of deadlines.
    by_age: BTreeMap<u64, Key>,
    next_age: u64,
    /// The latest time seen: a clock that goes backwards is held.
    now: Duration,
    octets: usize,
    counters: Counters,
    /// What was handed out last.
    out: Vec<u8>,
}

impl Reassembler {
    /// A reassembler without datagrams.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            datagrams: BTreeMap::new(),
            by_age: BTreeMap::new(),
            next_age: 0,
            now: Duration::ZERO,
            octets: 0,
            counters: Counters {
                fragments: 0,
                refused: 0,
                duplicates: 0,
                completed: 0,
                discarded: 0,
                dropped_fragments: 0,
                evicted: 0,
                expired: 0,
            },
            out: Vec::new(),
        }
    }

    /// Takes an IP packet of either version, whose header the caller has accepted ([`crate::ipv4::View::verify_checksum`]). Take expired datagrams with [`Reassembler::poll_expired`] before: a fragment never joins a datagram whose time
    /// has run out.
    ///
    /// # Errors
    /// Those of [`crate::ip::Packet::parse`] and [`crate::ipv6::Extensions`]. [`Error::FragmentLength`], [`Error::FragmentBeyondDatagram`], [`Error::FirstFragmentTooSmall`],
    /// [`Error::LengthTooSmall`] for a fragment without data that is not the last, [`Error::Value`] for a TCP fragment at offset 1 or a fragment header in a jumbogram.
    /// Nothing but a counter changes then; [`Error::reaction`] says what the sender is owed.
    pub fn handle_fragment(&mut self, now: Duration, packet: &[u8]) -> Result<Outcome<'_>, Error> {
        self.now = self.now.max(now);
        let part = match Part::read(packet, self.config.refuse_tiny) {
            Ok(Some(part)) => part,
            Ok(None) => return Ok(Outcome::Whole),
            Err(error) => {
                self.counters.refused = self.counters.refused.saturating_add(1);
                return Err(error);
            }
        };
        self.counters.fragments = self.counters.fragments.saturating_add(1);
        if part.is_atomic() {
            self.counters.completed = self.counters.completed.saturating_add(1);
            part.finish(part.data.len(), core::iter::once(part.data), &mut self.out)?;
            return Ok(Outcome::Completed(&self.out));
        }
        self.drop_if_expired(&part.key);
        self.add(part)
    }

    /// The next datagram whose time has run out, taken out.
    pub fn poll_expired(&mut self, now: Duration) -> Option<Expired<'_>> {
        self.now = self.now.max(now);
        let (age, key) = self.by_age.first_key_value().map(|(age, key)| (*age, *key))?;
        if self.datagrams.get(&key).is_some_and(|datagram| datagram.deadline > self.now) {
            return None;
        }
        self.by_age.remove(&age);
        let datagram = self.datagrams.remove(&key)?;
        self.octets = self.octets.saturating_sub(datagram.octets());
        self.counters.expired = self.counters.expired.saturating_add(1);
        let first_fragment = datagram.first_fragment(&mut self.out).then_some(self.out.as_slice());
        Some(Expired { key, first_fragment })
    }

    /// When the next datagram's time runs out.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let (_, key) = self.by_age.first_key_value()?;
        self.datagrams.get(key).map(|datagram| datagram.deadline)
    }

    /// How often what happened so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Datagrams under reassembly, discarded ones that wait for their time to run out among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.datagrams.len()
    }

    /// Whether no datagram is under reassembly.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    /// Octets of packet that are kept.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.octets
    }

    fn add(&mut self, part: Part<'_>) -> Result<Outcome<'_>, Error> {
        let key = part.key;
        if !self.datagrams.contains_key(&key) {
            while self.datagrams.len() >= self.config.max_datagrams.max(1) {
                self.evict_oldest_but(None);
            }
            let age = self.next_age;
            self.next_age = age.wrapping_add(1);
            let deadline = self.now.saturating_add(self.config.timeout);
            self.by_age.insert(age, key);
            self.datagrams.insert(key, Datagram::new(age, deadline));
        }
        let incoming = part.data.len().saturating_add(part.head.octets().len());
        while self.octets.saturating_add(incoming) > self.config.max_octets {
            if !self.evict_oldest_but(Some(&key)) {
                // Only this one is left, and it is too much alone.
                self.kill(&key);
                return Ok(Outcome::Discarded(Discard::TooManyOctets));
            }
        }
        let Some(datagram) = self.datagrams.get_mut(&key) else { return Ok(Outcome::Stored) };
        let before = datagram.octets();
        let added = datagram.add(&part, &self.config);
        let (after, complete) = (datagram.octets(), datagram.is_complete());
        self.octets = self.octets.saturating_sub(before).saturating_add(after);
        Ok(match added {
            Added::Stored if complete => return self.complete(&key),
            Added::Stored => Outcome::Stored,
            Added::Duplicate => {
                self.counters.duplicates = self.counters.duplicates.saturating_add(1);
                Outcome::Duplicate
            }
            Added::Dropped(why) => {
                self.counters.dropped_fragments = self.counters.dropped_fragments.saturating_add(1);
                Outcome::Discarded(why)
            }
            Added::Killed(why) => {
                self.counters.discarded = self.counters.discarded.saturating_add(1);
                Outcome::Discarded(why)
            }
        })
    }

    fn complete(&mut self, key: &Key) -> Result<Outcome<'_>, Error> {
        let Some(datagram) = self.remove(key) else { return Ok(Outcome::Stored) };
        match datagram.finish(&mut self.out) {
            Ok(()) => {
                self.counters.completed = self.counters.completed.saturating_add(1);
                Ok(Outcome::Completed(&self.out))
            }
            Err(error) => {
                self.counters.discarded = self.counters.discarded.saturating_add(1);
                Err(error)
            }
        }
    }

    fn kill(&mut self, key: &Key) {
        if let Some(datagram) = self.datagrams.get_mut(key).filter(|datagram| !datagram.is_dead()) {
            self.octets = self.octets.saturating_sub(datagram.octets());
            datagram.kill();
            self.counters.discarded = self.counters.discarded.saturating_add(1);
        }
    }

    fn remove(&mut self, key: &Key) -> Option<Datagram> {
        let datagram = self.datagrams.remove(key)?;
        self.by_age.remove(&datagram.age);
        self.octets = self.octets.saturating_sub(datagram.octets());
        Some(datagram)
    }

    fn drop_if_expired(&mut self, key: &Key) {
        if self.datagrams.get(key).is_some_and(|datagram| datagram.deadline <= self.now) && self.remove(key).is_some() {
            self.counters.expired = self.counters.expired.saturating_add(1);
        }
    }

    /// Evicts the oldest datagram other than `spared`, and says whether there was one.
    fn evict_oldest_but(&mut self, spared: Option<&Key>) -> bool {
        let oldest = self.by_age.values().find(|key| Some(*key) != spared).copied();
        let Some(datagram) = oldest.and_then(|key| self.remove(&key)) else { return false };
        // One that was discarded before is counted already.
        if !datagram.is_dead() {
            self.counters.evicted = self.counters.evicted.saturating_add(1);
        }
        true
    }
}

#[cfg(test)]
mod tests;
