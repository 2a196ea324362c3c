//! The table of pairs.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::time::Duration;

use hashbrown::{DefaultHashBuilder, HashTable};
use ip_wire::ip::Packet;
use ip_wire::{Flow, FlowKey};

use super::name::{Change, Name, Usual};
use super::{Learned, flow, rewrite_to};
use crate::error::{Error, Field};

/// How far a table may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Flows at most.
    pub flows: u32,
    /// After how long without a packet a flow may give way.
    pub idle: Duration,
}

impl Default for Limits {
    /// 65,536 flows; five minutes, as RFC 4787 4.3 recommends for UDP.
    fn default() -> Self {
        Self { flows: 65_536, idle: Duration::from_secs(300) }
    }
}

/// A flow inside and outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair {
    /// As the near side sends it.
    pub inner: FlowKey,
    /// As it is on the wire.
    pub outer: FlowKey,
}

/// Names no slot.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// As the near side sends it, and as packets come in.
    inner: Name,
    arriving: Name,
    /// What checksums of packets change by that go out and come in.
    outward: Option<Change>,
    inward: Option<Change>,
    used: Duration,
    /// When it came to its place in the list.
    linked: Duration,
    /// Whether it has carried a packet since it was made.
    carried: bool,
    before: u32,
    behind: u32,
    pair: Pair,
}

/// Slots from the one that was used longest ago to the last one.
#[derive(Debug, Clone, Copy)]
struct List {
    oldest: u32,
    newest: u32,
}

/// Pairs of flows, with a limit.
///
/// Which flow was used longest ago is known to within a 64th of [`Limits::idle`], so that a packet does not move its flow each time.
#[derive(Debug, Clone)]
pub struct Pairs {
    limits: Limits,
    grain: Duration,
    /// Of the hash.
    keys: [u64; 4],
    /// Slots by [`Slot::inner`], and by [`Slot::arriving`].
    by_inner: HashTable<u32>,
    by_arriving: HashTable<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Those that carried nothing, and those that did.
    lists: [List; 2],
    evicted: u64,
    refused: u64,
}

impl Pairs {
    /// An empty table; memory grows with the flows up to the limit.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let empty = List { oldest: NONE, newest: NONE };
        let random = DefaultHashBuilder::default();
        Self {
            limits: Limits { flows: limits.flows.min(NONE.saturating_sub(1)), ..limits },
            grain: limits.idle.checked_div(64).unwrap_or_default(),
            keys: [1u64, 2, 3, 4].map(|number| random.hash_one(number)),
            by_inner: HashTable::new(),
            by_arriving: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            lists: [empty; 2],
            evicted: 0,
            refused: 0,
        }
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// How many flows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_inner.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_inner.is_empty()
    }

    /// Flows that gave way to others.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Flows that were refused.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Puts a pair in. A flow that is known inside or outside is replaced: its mapping has changed.
    ///
    /// # Errors
    /// [`Error::TableFull`] if no entry may go: the table stays as it was.
    pub fn insert(&mut self, now: Duration, inner: FlowKey, outer: FlowKey) -> Result<Learned, Error> {
        let (inner_name, arriving) = (Name::of(&inner), Name::of(&outer.reversed()));
        let (by_inner, by_outer) = (self.at_inner(&inner_name), self.at_arriving(&arriving));
        if let (Some(slot), true) = (by_inner, by_inner == by_outer) {
            self.touch(now, slot, false);
            return Ok(Learned::Same);
        }
        let learned = if by_inner.is_some() || by_outer.is_some() { Learned::Changed } else { Learned::New };
        let carried = by_inner.and_then(|slot| self.slot(slot)).is_some_and(|slot| slot.carried);
        for slot in [by_inner, by_outer].into_iter().flatten() {
            self.take_out(slot);
        }
        if self.by_inner.len() >= usize::try_from(self.limits.flows).unwrap_or(usize::MAX) && !self.evict(now) {
            self.refused = self.refused.saturating_add(1);
            return Err(Error::TableFull { field: Field::FlowTable, limit: self.limits.flows });
        }
        let new = Slot {
            inner: inner_name,
            arriving,
            outward: Change::between(&inner, &outer),
            inward: Change::between(&outer.reversed(), &inner.reversed()),
            used: now,
            linked: now,
            carried,
            before: NONE,
            behind: NONE,
            pair: Pair { inner, outer },
        };
        let at = match self.free.pop() {
            Some(at) => {
                if let Some(slot) = self.slot_mut(at) {
                    *slot = new;
                }
                at
            }
            None => {
                self.slots.push(new);
                u32::try_from(self.slots.len()).unwrap_or(NONE).saturating_sub(1)
            }
        };
        let Self { keys, slots, by_inner, by_arriving, .. } = self;
        by_inner.insert_unique(new.inner.hash(keys), at, |at| hash_of(slots, *at, keys, |slot| &slot.inner));
        by_arriving.insert_unique(new.arriving.hash(keys), at, |at| hash_of(slots, *at, keys, |slot| &slot.arriving));
        self.link(at);
        Ok(learned)
    }

    /// The flow on the wire of a flow inside, which counts as used.
    pub fn outer_of(&mut self, now: Duration, inner: &FlowKey) -> Option<FlowKey> {
        let at = self.at_inner(&Name::of(inner))?;
        self.touch(now, at, true);
        self.slot(at).map(|slot| slot.pair.outer)
    }

    /// The flow inside of a flow that comes in, as the near side is to get it; counts as used.
    pub fn inner_of(&mut self, now: Duration, arriving: &FlowKey) -> Option<FlowKey> {
        let at = self.at_arriving(&Name::of(arriving))?;
        self.touch(now, at, true);
        self.slot(at).map(|slot| slot.pair.inner.reversed())
    }

    /// Whether a flow inside is known.
    #[must_use]
    pub fn has_inner(&self, inner: &FlowKey) -> bool {
        self.at_inner(&Name::of(inner)).is_some()
    }

    /// Whether a flow on the wire, as it leaves, is known.
    #[must_use]
    pub fn has_outer(&self, outer: &FlowKey) -> bool {
        self.at_arriving(&Name::of(&outer.reversed())).is_some()
    }

    /// Takes a flow out by its name inside; says whether it was there.
    pub fn remove(&mut self, inner: &FlowKey) -> bool {
        self.at_inner(&Name::of(inner)).is_some_and(|at| {
            self.take_out(at);
            true
        })
    }

    /// Takes out what was idle for [`Limits::idle`], and returns how many there were.
    pub fn expire(&mut self, now: Duration) -> usize {
        let before = self.len();
        for list in 0..2 {
            while let Some(at) = self.oldest(list).filter(|at| self.is_idle(now, *at)) {
                self.take_out(at);
            }
        }
        before.saturating_sub(self.len())
    }

    /// When the next flow has been idle long enough, or at most a 64th of [`Limits::idle`] later.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let oldest = [self.oldest(0), self.oldest(1)].into_iter().flatten();
        oldest.filter_map(|at| self.slot(at)).map(|slot| slot.used.saturating_add(self.limits.idle)).min()
    }

    /// Rewrites a packet that goes out, or the packet that an ICMP error quotes; says whether its flow is known.
    ///
    /// # Errors
    /// Those of reading the packet. It stays as it was.
    pub fn outward(&mut self, now: Duration, packet: &mut [u8]) -> Result<bool, Error> {
        if let Some(usual) = Usual::read(packet)
            && let Some(at) = self.at_inner(&usual.name)
            && let Some(Slot { outward: Some(change), arriving, .. }) = self.slot(at)
        {
            usual.write(packet, &arriving.reversed(), *change);
            self.touch(now, at, true);
            return Ok(true);
        }
        self.outward_of_any(now, packet)
    }

    /// Rewrites a usual packet that goes out if its flow is known and it is data; says whether it was.
    pub(crate) fn outward_data(&mut self, now: Duration, packet: &mut [u8]) -> bool {
        let Some(usual) = Usual::read(packet) else { return false };
        if !usual.is_control(packet)
            && let Some(at) = self.at_inner(&usual.name)
            && let Some(Slot { outward: Some(change), arriving, .. }) = self.slot(at)
        {
            usual.write(packet, &arriving.reversed(), *change);
            self.touch(now, at, true);
            return true;
        }
        false
    }

    /// The same for a packet of any kind.
    pub(super) fn outward_of_any(&mut self, now: Duration, packet: &mut [u8]) -> Result<bool, Error> {
        if let Some(outer) = self.outer_of(now, &flow(packet)?) {
            rewrite_to(&outer).apply(packet)?;
            return Ok(true);
        }
        // An error quotes a packet that came in, and goes to where that came from.
        let Some(quoted) = quoted(packet) else { return Ok(false) };
        let Some(outer) = self.outer_of(now, &quoted.reversed()) else { return Ok(false) };
        rewrite_to(&outer).apply(packet)?;
        Ok(true)
    }

    /// Rewrites a packet that comes in, or the packet that an ICMP error quotes; says whether its flow is known.
    ///
    /// # Errors
    /// Those of reading the packet. It stays as it was.
    pub fn inward(&mut self, now: Duration, packet: &mut [u8]) -> Result<bool, Error> {
        if let Some(usual) = Usual::read(packet)
            && let Some(at) = self.at_arriving(&usual.name)
            && let Some(Slot { inward: Some(change), inner, .. }) = self.slot(at)
        {
            usual.write(packet, &inner.reversed(), *change);
            self.touch(now, at, true);
            return Ok(true);
        }
        self.inward_of_any(now, packet)
    }

    /// The same for a packet of any kind.
    pub(super) fn inward_of_any(&mut self, now: Duration, packet: &mut [u8]) -> Result<bool, Error> {
        if let Some(inner) = self.inner_of(now, &flow(packet)?) {
            rewrite_to(&inner).apply(packet)?;
            return Ok(true);
        }
        let Some(quoted) = quoted(packet) else { return Ok(false) };
        let Some(inner) = self.inner_of(now, &quoted.reversed()) else { return Ok(false) };
        // A router on the way keeps its address as the error's source.
        let error = ip_wire::nat::Rewrite { source: None, ..rewrite_to(&inner) };
        error.apply_with_quote(packet, &rewrite_to(&inner.reversed()))?;
        Ok(true)
    }

    /// Places that memory was taken for.
    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.slots.len()
    }

    fn at_inner(&self, name: &Name) -> Option<u32> {
        self.by_inner.find(name.hash(&self.keys), |at| self.slot(*at).is_some_and(|slot| slot.inner == *name)).copied()
    }

    fn at_arriving(&self, name: &Name) -> Option<u32> {
        self.by_arriving.find(name.hash(&self.keys), |at| self.slot(*at).is_some_and(|slot| slot.arriving == *name)).copied()
    }

    fn slot(&self, at: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(at).ok()?)
    }

    fn slot_mut(&mut self, at: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(at).ok()?)
    }

    fn oldest(&self, list: usize) -> Option<u32> {
        self.lists.get(list).map(|list| list.oldest).filter(|at| *at != NONE)
    }

    fn is_idle(&self, now: Duration, at: u32) -> bool {
        self.slot(at).is_some_and(|slot| now.saturating_sub(slot.used) >= self.limits.idle)
    }

    fn touch(&mut self, now: Duration, at: u32, carried: bool) {
        let grain = self.grain;
        let Some(slot) = self.slot_mut(at) else { return };
        slot.used = now;
        let is_in_place = (slot.carried || !carried) && now.saturating_sub(slot.linked) <= grain;
        if is_in_place {
            return;
        }
        self.unlink(at);
        if let Some(slot) = self.slot_mut(at) {
            slot.linked = now;
            slot.carried |= carried;
        }
        self.link(at);
    }

    /// Makes a place: of the oldest that carried nothing, or of one that was idle.
    fn evict(&mut self, now: Duration) -> bool {
        let victim = self.oldest(0).or_else(|| self.oldest(1).filter(|at| self.is_idle(now, *at)));
        let Some(at) = victim else { return false };
        self.take_out(at);
        self.evicted = self.evicted.saturating_add(1);
        true
    }

    fn take_out(&mut self, at: u32) {
        let Some((inner, arriving)) = self.slot(at).map(|slot| (slot.inner, slot.arriving)) else { return };
        let Ok(entry) = self.by_inner.find_entry(inner.hash(&self.keys), |other| *other == at) else { return };
        entry.remove();
        if let Ok(entry) = self.by_arriving.find_entry(arriving.hash(&self.keys), |other| *other == at) {
            entry.remove();
        }
        self.unlink(at);
        self.free.push(at);
    }

    fn link(&mut self, at: u32) {
        let Some(list) = self.slot(at).map(|slot| usize::from(slot.carried)) else { return };
        let Some(newest) = self.lists.get(list).map(|list| list.newest) else { return };
        if let Some(slot) = self.slot_mut(at) {
            (slot.before, slot.behind) = (newest, NONE);
        }
        match self.slot_mut(newest) {
            Some(slot) => slot.behind = at,
            None => {
                if let Some(list) = self.lists.get_mut(list) {
                    list.oldest = at;
                }
            }
        }
        if let Some(list) = self.lists.get_mut(list) {
            list.newest = at;
        }
    }

    fn unlink(&mut self, at: u32) {
        let Some(Slot { carried, before, behind, .. }) = self.slot(at).copied() else { return };
        let list = usize::from(carried);
        match self.slot_mut(before) {
            Some(slot) => slot.behind = behind,
            None => {
                if let Some(list) = self.lists.get_mut(list) {
                    list.oldest = behind;
                }
            }
        }
        match self.slot_mut(behind) {
            Some(slot) => slot.before = before,
            None => {
                if let Some(list) = self.lists.get_mut(list) {
                    list.newest = before;
                }
            }
        }
    }
}

fn hash_of(slots: &[Slot], at: u32, keys: &[u64; 4], name: impl Fn(&Slot) -> &Name) -> u64 {
    let slot = usize::try_from(at).ok().and_then(|at| slots.get(at));
    slot.map_or(0, |slot| name(slot).hash(keys))
}

fn quoted(packet: &[u8]) -> Option<FlowKey> {
    let packet = Packet::parse(packet).ok()?;
    Flow::of_icmp_error(&packet)?.ok().map(|flow| flow.key)
}
