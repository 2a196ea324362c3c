//! The security association database: which SA a packet with an SPI belongs to (RFC 4301 4.1, 4.4.2).
//!
//! | identifier of the SA | for | step of the search |
//! | --- | --- | --- |
//! | SPI, destination, source | source-specific multicast | 1 |
//! | SPI, destination | any-source multicast, and unicast where a node has several addresses | 2 |
//! | SPI, protocol | unicast | 3 |
//!
//! The longest identifier that a packet matches is its SA's, so that a group's SPI and a unicast one may be the same number. The protocol (AH
//! or ESP) is a part of unicast identifiers and none of multicast ones: the two protocols have a space of SPIs each.
//!
//! An SPI that this node chooses ([`Sad::insert_own`]) carries the number of its slot, and is found without a search:
//!
//! ```text
//! +---------------------------+----------------+
//! |  random, and not 0        |      slot      |   32 bits; as many for the slot as the limit of the database takes
//! +---------------------------+----------------+
//! ```
//!
//! SPIs that others choose go through a table of their own, whose hash the caller seeds. SAs of outbound traffic are found by the [`Handle`]
//! that the policy's cache keeps, never by SPI; keep them in a database of their own, as their SPIs are the peers'.

mod spi_table;

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use hashbrown::HashMap;
use ip_wire::Protocol;

use crate::error::{Error, Field};
use spi_table::SpiTable;

/// The first SPI that an SA may have: 0 is never sent, and 1 to 255 are IANA's (RFC 4303 2.1).
pub const FIRST_SPI: u32 = 256;

/// SAs by what packets say of them. `T` is the SA, or a reference to it.
///
/// ```
/// use core::net::IpAddr;
/// use ip_wire::Protocol;
/// use ipsec_wire::sad::{Identifier, Sad};
///
/// let mut sad = Sad::new(1000, 0x1234_5678_9abc_def0)?;
/// let (_, spi) = sad.insert_own(Protocol::ESP, 0xfeed_face, |_spi| "mine")?;
/// let group: IpAddr = "239.1.1.1".parse().unwrap();
/// sad.insert(Identifier::new(Protocol::ESP, spi).to(group), "the group's")?;
///
/// let (here, there) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
/// assert_eq!(sad.lookup(Protocol::ESP, spi, here, there).map(|(_, sa)| *sa), Some("mine"));
/// assert_eq!(sad.lookup(Protocol::ESP, spi, group, there).map(|(_, sa)| *sa), Some("the group's"));
/// assert!(sad.lookup(Protocol::AH, spi, here, there).is_none());
/// # Ok::<(), ipsec_wire::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sad<T> {
    entries: Vec<Entry<T>>,
    /// Slots that were given back, the longest free one first: an SPI comes again as late as it can.
    free: VecDeque<u32>,
    limit: u32,
    slot_mask: u32,
    /// Of ESP and of AH.
    by_spi: [SpiTable; 2],
    longer: HashMap<Key, u32>,
    /// Entries of `longer` with a source, and without one: a step of the search that can find nothing is left out.
    with_source: u32,
    without_source: u32,
    keys: HashMap<u32, Key>,
    deadlines: BTreeSet<(Duration, u32)>,
    deadline_of: HashMap<u32, Duration>,
}

/// A slot. What a lookup compares stands beside the SA, so that both come with one access to memory.
#[derive(Debug, Clone)]
struct Entry<T> {
    /// The last SPI that the slot had.
    spi: u32,
    /// Protocol of an SPI of ours, in the lowest 8 bits; 0: the SPI is no search's first guess. Above, what grows whenever the slot is given
    /// back.
    meta: u32,
    value: Option<T>,
}

impl<T> Entry<T> {
    #[inline]
    const fn generation(&self) -> u32 {
        self.meta >> 8
    }

    #[inline]
    const fn own(&self) -> u8 {
        let [_, _, _, own] = self.meta.to_be_bytes();
        own
    }
}

/// An SA of a database: stays valid until the SA is removed, and names no other one after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    slot: u32,
    generation: u32,
}

/// What a packet must have to belong to an SA (RFC 4301 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identifier {
    protocol: Protocol,
    spi: u32,
    destination: Option<IpAddr>,
    source: Option<IpAddr>,
}

impl Identifier {
    /// SPI and protocol: a unicast SA.
    #[must_use]
    pub const fn new(protocol: Protocol, spi: u32) -> Self {
        Self { protocol, spi, destination: None, source: None }
    }

    /// The destination counts too.
    #[must_use]
    pub const fn to(mut self, destination: IpAddr) -> Self {
        self.destination = Some(destination);
        self
    }

    /// The source counts too, if the destination does.
    #[must_use]
    pub const fn from(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }
}

/// An identifier with a destination. The protocol is left out where the destination is a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    spi: u32,
    protocol: Protocol,
    destination: IpAddr,
    source: Option<IpAddr>,
}

impl Key {
    const fn new(protocol: Protocol, spi: u32, destination: IpAddr, source: Option<IpAddr>) -> Self {
        let protocol = if destination.is_multicast() { Protocol(0) } else { protocol };
        Self { spi, protocol, destination, source }
    }
}

impl<T> Sad<T> {
    /// The largest limit: an SPI keeps 8 bits at least that say nothing about its slot.
    pub const MAX_LIMIT: u32 = 1 << 24;

    /// An empty database for at most `limit` SAs. `seed`: from a cryptographic generator, so that nobody can choose SPIs that collide.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if `limit` is over [`Sad::MAX_LIMIT`].
    pub fn new(limit: u32, seed: u64) -> Result<Self, Error> {
        if limit > Self::MAX_LIMIT {
            return Err(Error::DoesNotFit { field: Field::Sad, found: limit, needed: Self::MAX_LIMIT });
        }
        Ok(Self {
            entries: Vec::new(),
            free: VecDeque::new(),
            limit,
            slot_mask: limit.next_power_of_two().saturating_sub(1),
            by_spi: [SpiTable::new(seed), SpiTable::new(seed)],
            longer: HashMap::new(),
            with_source: 0,
            without_source: 0,
            keys: HashMap::new(),
            deadlines: BTreeSet::new(),
            deadline_of: HashMap::new(),
        })
    }

    /// SAs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len().saturating_sub(self.free.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SAs there may be.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// Enters an inbound SA under an SPI that is chosen here, which no other SA of the protocol has. The SPI is 256 or over, differs from the
    /// one that its slot had before, and is handed to `make`. `random`: from a cryptographic generator, so that SPIs can't be guessed.
    ///
    /// # Errors
    /// [`Error::TableFull`]; [`Error::Value`] if the protocol is neither AH nor ESP.
    pub fn insert_own(&mut self, protocol: Protocol, random: u32, make: impl FnOnce(u32) -> T) -> Result<(Handle, u32), Error> {
        check_protocol(protocol)?;
        let slot = self.slot()?;
        let last = self.entries.get(index(slot)).map_or(0, |entry| entry.spi);
        let spi = self.own_spi(protocol, slot, last, random);
        let handle = self.fill(slot, spi, protocol.0, make(spi));
        Ok((handle, spi))
    }

    /// An SPI of that slot. The ones that may not be are few: SPIs of others in the table, and the slot's last one.
    fn own_spi(&self, protocol: Protocol, slot: u32, last: u32, random: u32) -> u32 {
        let bits = self.slot_mask.count_ones();
        // Upper parts from 1 on, or more where the slot is so narrow that 1 would still be a reserved SPI.
        let first = FIRST_SPI.checked_shr(bits).unwrap_or(0).max(1);
        let uppers = u32::MAX.checked_shr(bits).unwrap_or(0).saturating_sub(first).saturating_add(1);
        let start = random.checked_rem(uppers).unwrap_or(0);
        let mut upper = start;
        loop {
            let spi = upper.saturating_add(first).checked_shl(bits).unwrap_or(0) | slot;
            if spi != last && self.foreign(protocol, spi).is_none() {
                return spi;
            }
            upper = upper.wrapping_add(1).checked_rem(uppers).unwrap_or(0);
            if upper == start {
                // All of the slot's SPIs are others' but the last: it is free again.
                return last;
            }
        }
    }

    /// Enters an SA under an identifier that others chose: a group's, a peer's, or one of manual keying.
    ///
    /// # Errors
    /// [`Error::Reserved`] for SPIs below 256; [`Error::Conflict`] if an SA has the identifier; [`Error::TableFull`]; [`Error::Value`] if the
    /// protocol is neither AH nor ESP; [`Error::AddressFamily`] if the addresses are not of one version.
    pub fn insert(&mut self, identifier: Identifier, value: T) -> Result<Handle, Error> {
        let Identifier { protocol, spi, destination, source } = identifier;
        check_protocol(protocol)?;
        if spi < FIRST_SPI {
            return Err(Error::Reserved { field: Field::Spi, found: spi, needed: FIRST_SPI });
        }
        let conflict = Error::Conflict { field: Field::Spi, found: spi };
        let Some(destination) = destination else {
            if self.own(protocol, spi).is_some() || self.foreign(protocol, spi).is_some() {
                return Err(conflict);
            }
            let slot = self.slot()?;
            let [of_esp, of_ah] = &mut self.by_spi;
            let table = if protocol == Protocol::AH { of_ah } else { of_esp };
            table.insert(spi, slot);
            return Ok(self.fill(slot, spi, 0, value));
        };
        if let Some(source) = source
            && source.is_ipv4() != destination.is_ipv4()
        {
            let (found, needed) = if source.is_ipv4() { (4, 6) } else { (6, 4) };
            return Err(Error::AddressFamily { field: Field::Spi, found, needed });
        }
        let key = Key::new(protocol, spi, destination, source);
        if self.longer.contains_key(&key) {
            return Err(conflict);
        }
        let slot = self.slot()?;
        self.longer.insert(key, slot);
        self.keys.insert(slot, key);
        let count = if source.is_some() { &mut self.with_source } else { &mut self.without_source };
        *count = count.saturating_add(1);
        Ok(self.fill(slot, spi, 0, value))
    }

    /// A slot that is free; it is taken by [`Self::fill`].
    fn slot(&mut self) -> Result<u32, Error> {
        let grown = crate::error::len32(self.entries.len());
        // New slots rather than old ones, until a quarter of them lies idle: then memory counts for more than an SPI's return.
        let idle = self.free.len() >= 64 && self.free.len().saturating_mul(4) > self.entries.len();
        if grown < self.limit && !idle {
            self.entries.push(Entry { spi: 0, meta: 0, value: None });
            return Ok(grown);
        }
        self.free.pop_front().ok_or(Error::TableFull { field: Field::Sad, limit: self.limit })
    }

    fn fill(&mut self, slot: u32, spi: u32, own: u8, value: T) -> Handle {
        let mut generation = 0;
        if let Some(entry) = self.entries.get_mut(index(slot)) {
            generation = entry.generation();
            (entry.spi, entry.meta, entry.value) = (spi, generation << 8 | u32::from(own), Some(value));
        }
        Handle { slot, generation }
    }

    /// The SA of an inbound packet: that of the longest identifier (RFC 4301 4.1). None is an auditable event, and the packet is dropped.
    ///
    /// The protocol is no part of a group's identifier: where such an SA may be of either protocol, compare it with the packet's.
    #[must_use]
    #[inline]
    pub fn lookup(&self, protocol: Protocol, spi: u32, destination: IpAddr, source: IpAddr) -> Option<(Handle, &T)> {
        let slot = self.position(protocol, spi, destination, source)?;
        let entry = self.entries.get(index(slot))?;
        Some((Handle { slot, generation: entry.generation() }, entry.value.as_ref()?))
    }

    /// Like [`Self::lookup`], to work with the SA.
    #[must_use]
    #[inline]
    pub fn lookup_mut(&mut self, protocol: Protocol, spi: u32, destination: IpAddr, source: IpAddr) -> Option<(Handle, &mut T)> {
        let slot = self.position(protocol, spi, destination, source)?;
        let entry = self.entries.get_mut(index(slot))?;
        Some((Handle { slot, generation: entry.generation() }, entry.value.as_mut()?))
    }

    #[inline]
    fn position(&self, protocol: Protocol, spi: u32, destination: IpAddr, source: IpAddr) -> Option<u32> {
        if !self.longer.is_empty()
            && let Some(slot) = self.longer(protocol, spi, destination, source)
        {
            return Some(slot);
        }
        match self.own(protocol, spi) {
            Some(slot) => Some(slot),
            None => self.foreign(protocol, spi),
        }
    }

    #[inline]
    fn own(&self, protocol: Protocol, spi: u32) -> Option<u32> {
        let slot = spi & self.slot_mask;
        let entry = self.entries.get(index(slot))?;
        (entry.spi == spi && entry.own() == protocol.0 && protocol.0 != 0).then_some(slot)
    }

    #[inline]
    fn foreign(&self, protocol: Protocol, spi: u32) -> Option<u32> {
        let [of_esp, of_ah] = &self.by_spi;
        match protocol {
            Protocol::ESP => of_esp.find(spi),
            Protocol::AH => of_ah.find(spi),
            _ => None,
        }
    }

    #[inline(never)]
    fn longer(&self, protocol: Protocol, spi: u32, destination: IpAddr, source: IpAddr) -> Option<u32> {
        let find = |source| self.longer.get(&Key::new(protocol, spi, destination, source)).copied();
        let with = if self.with_source != 0 { find(Some(source)) } else { None };
        with.or_else(|| if self.without_source != 0 { find(None) } else { None })
    }

    /// The SA of a handle; none if it was removed.
    #[must_use]
    #[inline]
    pub fn get(&self, handle: Handle) -> Option<&T> {
        let entry = self.entries.get(index(handle.slot))?;
        entry.value.as_ref().filter(|_| entry.generation() == handle.generation)
    }

    /// Like [`Self::get`], to work with the SA.
    #[must_use]
    #[inline]
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        let entry = self.entries.get_mut(index(handle.slot))?;
        if entry.generation() == handle.generation { entry.value.as_mut() } else { None }
    }

    /// The SPI of a handle's SA.
    #[must_use]
    pub fn spi(&self, handle: Handle) -> Option<u32> {
        self.get(handle)?;
        self.entries.get(index(handle.slot)).map(|entry| entry.spi)
    }

    /// Removes an SA: no packet finds it any more, and its handle names nothing.
    pub fn remove(&mut self, handle: Handle) -> Option<T> {
        self.get(handle)?;
        let slot = handle.slot;
        if let Some(key) = self.keys.remove(&slot) {
            self.longer.remove(&key);
            let count = if key.source.is_some() { &mut self.with_source } else { &mut self.without_source };
            *count = count.saturating_sub(1);
        }
        self.forget_deadline(slot);
        let entry = self.entries.get_mut(index(slot))?;
        if entry.own() == 0 {
            // Either protocol's, if it is this slot's.
            for table in &mut self.by_spi {
                if table.find(entry.spi) == Some(slot) {
                    table.remove(entry.spi);
                }
            }
        }
        entry.meta = entry.generation().wrapping_add(1) << 8;
        self.free.push_back(slot);
        entry.value.take()
    }

    /// When the SA is to be handed out by [`Self::expire`], as a time since an epoch of the caller's; `None`: never. False if the handle
    /// names no SA.
    pub fn set_deadline(&mut self, handle: Handle, deadline: Option<Duration>) -> bool {
        if self.get(handle).is_none() {
            return false;
        }
        self.forget_deadline(handle.slot);
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, handle.slot));
            self.deadline_of.insert(handle.slot, deadline);
        }
        true
    }

    fn forget_deadline(&mut self, slot: u32) {
        if let Some(deadline) = self.deadline_of.remove(&slot) {
            self.deadlines.remove(&(deadline, slot));
        }
    }

    /// When [`Self::expire`] will have something to hand out.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Removes an SA whose deadline is `now` or before and hands it out, the earliest first; call until there is none.
    pub fn expire(&mut self, now: Duration) -> Option<(Handle, T)> {
        let (deadline, slot) = *self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        let handle = Handle { slot, generation: self.entries.get(index(slot))?.generation() };
        Some((handle, self.remove(handle)?))
    }

    /// All SAs, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &T)> {
        (0..).zip(&self.entries).filter_map(|(slot, entry)| {
            let handle = Handle { slot, generation: entry.generation() };
            entry.value.as_ref().map(|value| (handle, value))
        })
    }
}

const fn check_protocol(protocol: Protocol) -> Result<(), Error> {
    match protocol {
        Protocol::ESP | Protocol::AH => Ok(()),
        _ => Err(Error::Value { field: Field::SaProtocol, found: protocol.0 as u32, needed: Protocol::ESP.0 as u32 }),
    }
}

#[inline]
fn index(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
