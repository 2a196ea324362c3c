//! The flow of fragments that have no ports: a table of datagrams under way (RFC 6269 11, RFC 6346 3.3.5), "virtual reassembly".
//!
//! Only keys are held, no packet. Where a later fragment comes before the first one, the caller keeps it and is told how many it keeps when the first one comes. Entries live for a fixed time, are
//! bounded in number, and the oldest goes when there are too many. Overlapping fragments (RFC 1858, RFC 5722), and a second first fragment with other ports (two subscribers of an address that use
//! one identification at once), spoil their datagram: all that follows of it is refused.

use alloc::collections::VecDeque;
use core::net::IpAddr;
use core::time::Duration;

use hashbrown::HashMap;
use ip_wire::ip::Packet;
use ip_wire::{Flow, FlowKey, Fragment, Protocol};

use crate::error::{Error, Parameter};

/// How long a datagram's fragments are waited for unless set otherwise (RFC 8200 4.5: 60 seconds; RFC 1122 3.3.2: 60 to 120).
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// Fragments that a datagram may be in: one of 65,535 octets over links of 1,280 octets has 53.
pub const MAX_PIECES: usize = 64;

/// What names a datagram: addresses, identification and, in IPv4, protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DatagramId {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    protocol: Protocol,
}

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is whole, with this flow.
    Whole(FlowKey),
    /// The first fragment, with this flow. If later fragments of the datagram were kept, they are of it too.
    First {
        /// The flow.
        key: FlowKey,
        /// The datagram.
        datagram: DatagramId,
        /// How many fragments the caller has kept.
        kept: u32,
    },
    /// A later fragment, of this flow.
    Later(FlowKey),
    /// A later fragment whose first one has not come: keep it, under this name, or drop it.
    Keep(DatagramId),
    /// Drop it: the datagram is spoiled.
    Refused(Spoiled),
}

/// Why a datagram's fragments are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spoiled {
    /// Two fragments have an octet in common, and are not the same piece.
    Overlap,
    /// Two first fragments have different ports.
    Collision,
    /// A TCP fragment that starts inside the fixed header, to hide flags (RFC 1858 3.2.2, RFC 3128).
    Tiny,
    /// More than [`MAX_PIECES`].
    TooManyPieces,
}

/// The datagrams that are under way.
#[derive(Debug, Clone)]
pub struct FragmentTable {
    entries: HashMap<DatagramId, Entry>,
    /// In the order of their starts, as long as the table.
    ages: VecDeque<DatagramId>,
    most: usize,
    timeout: Duration,
    now: Duration,
    evicted: u64,
    expired: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    since: Duration,
    key: Option<FlowKey>,
    kept: u32,
    spoiled: Option<Spoiled>,
    pieces: [(u16, u16); MAX_PIECES],
    len: u8,
}

impl FragmentTable {
    /// A table of at most `most` datagrams, which are forgotten after `timeout`. All memory is taken here.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a table of none, or of more than 2^24.
    pub fn new(most: usize, timeout: Duration) -> Result<Self, Error> {
        let limit = 1 << 24;
        if !(1..=limit).contains(&most) {
            let found = u32::try_from(most).unwrap_or(u32::MAX);
            return Err(Error::Parameter { parameter: Parameter::Fragments, found, least: 1, most: 1 << 24 });
        }
        let (entries, ages) = (HashMap::with_capacity(most), VecDeque::with_capacity(most));
        Ok(Self { entries, ages, most, timeout, now: Duration::ZERO, evicted: 0, expired: 0 })
    }

    /// Datagrams in the table.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Datagrams that were forgotten before their time, as there were too many.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Datagrams whose time was over.
    #[must_use]
    pub const fn expired(&self) -> u64 {
        self.expired
    }

    /// When the oldest datagram's time is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let oldest = self.entries.get(self.ages.front()?)?;
        Some(oldest.since.saturating_add(self.timeout))
    }

    /// Forgets datagrams whose time is over, one with each call; the caller drops what it kept of it. `None` when there is none left.
    pub fn poll_expired(&mut self, now: Duration) -> Option<DatagramId> {
        self.now = self.now.max(now);
        if self.next_deadline()? > self.now {
            return None;
        }
        let id = self.ages.pop_front()?;
        self.entries.remove(&id);
        self.expired = self.expired.saturating_add(1);
        Some(id)
    }

    /// The flow of a packet that may be a fragment. A time before an earlier one counts as that one.
    ///
    /// # Errors
    /// [`Error::Ip`] for a packet that can't be read, or a first fragment without its ports (RFC 7112, RFC 1858).
    pub fn handle(&mut self, now: Duration, packet: &Packet<'_>) -> Result<Outcome, Error> {
        while self.poll_expired(now).is_some() {}
        let flow = Flow::of(packet)?;
        let Some(fragment) = flow.fragment() else { return Ok(Outcome::Whole(flow.key)) };
        let id = id_of(&flow.key, &fragment, packet.version());
        let len = packet.upper_layer()?.octets.len();
        let piece = piece(&fragment, len)?;
        if let Some(entry) = self.entries.get_mut(&id) {
            return Ok(entry.take(id, &flow.key, &fragment, piece));
        }
        if self.entries.len() >= self.most {
            if let Some(oldest) = self.ages.pop_front() {
                self.entries.remove(&oldest);
                self.evicted = self.evicted.saturating_add(1);
            }
        }
        let mut entry = Entry { since: self.now, key: None, kept: 0, spoiled: None, pieces: [(0, 0); MAX_PIECES], len: 0 };
        let outcome = entry.take(id, &flow.key, &fragment, piece);
        self.entries.insert(id, entry);
        self.ages.push_back(id);
        Ok(outcome)
    }

    /// The flow of a datagram that is in the table: for the quoted fragment of an ICMP error.
    #[must_use]
    pub fn flow_of(&self, key: &FlowKey, fragment: &Fragment) -> Option<FlowKey> {
        let version = if key.source().is_ipv4() { 4 } else { 6 };
        self.entries.get(&id_of(key, fragment, version)).filter(|entry| entry.spoiled.is_none())?.key
    }
}

impl Entry {
    fn take(&mut self, id: DatagramId, key: &FlowKey, fragment: &Fragment, piece: (u16, u16)) -> Outcome {
        if let Some(spoiled) = self.spoiled {
            return Outcome::Refused(spoiled);
        }
        let is_first = fragment.offset.units() == 0;
        let spoiled = if key.protocol() == Protocol::TCP && fragment.offset.units() == 1 {
            Some(Spoiled::Tiny)
        } else if is_first && self.key.is_some_and(|known| known != *key) {
            Some(Spoiled::Collision)
        } else {
            self.add(piece).err()
        };
        if let Some(spoiled) = spoiled {
            self.spoiled = Some(spoiled);
            return Outcome::Refused(spoiled);
        }
        if is_first {
            self.key = Some(*key);
            return Outcome::First { key: *key, datagram: id, kept: core::mem::take(&mut self.kept) };
        }
        match self.key {
            Some(key) => Outcome::Later(key),
            None => {
                self.kept = self.kept.saturating_add(1);
                Outcome::Keep(id)
            }
        }
    }

    /// Notes a piece, in units of 8 octets, end not included. The same piece once more is a duplicate of the network's, and is no overlap.
    fn add(&mut self, (start, end): (u16, u16)) -> Result<(), Spoiled> {
        let pieces = self.pieces.get(..usize::from(self.len)).unwrap_or(&[]);
        if pieces.contains(&(start, end)) {
            return Ok(());
        }
        if pieces.iter().any(|(from, to)| *from < end && start < *to) {
            return Err(Spoiled::Overlap);
        }
        *self.pieces.get_mut(usize::from(self.len)).ok_or(Spoiled::TooManyPieces)? = (start, end);
        self.len = self.len.saturating_add(1);
        Ok(())
    }
}

fn id_of(key: &FlowKey, fragment: &Fragment, version: u8) -> DatagramId {
    // In IPv6 the identification is the fragment header's, and the protocol behind it may differ from fragment to fragment.
    let protocol = if version == 4 { key.protocol() } else { Protocol::FRAGMENT };
    DatagramId { source: key.source(), destination: key.destination(), identification: fragment.identification, protocol }
}

/// First and last unit of 8 octets.
fn piece(fragment: &Fragment, len: usize) -> Result<(u16, u16), Error> {
    let start = fragment.offset.units();
    let units = u16::try_from(len.div_ceil(8)).unwrap_or(u16::MAX);
    // A fragment without data takes no place; it is counted as one unit, so that many of them are seen.
    Ok((start, start.saturating_add(units.max(1))))
}

#[cfg(test)]
mod tests;
