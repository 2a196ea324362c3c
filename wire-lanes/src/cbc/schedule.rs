//! Keeps the lanes of CBC encryption full: each takes the next message as soon as it is free, the longest first.

use super::key::MAX_ROUND_KEYS;
use super::{BLOCK_LEN, Block, Key, Message};
use crate::order::{Order, WINDOW};

/// The most lanes that a kernel has: eight registers of four.
pub(crate) const MAX_LANES: usize = 32;

/// The last block of each lane, or the IV.
#[repr(C, align(64))]
pub(crate) struct Chains(pub(crate) [Block; MAX_LANES]);

/// What the lanes are encrypted with.
pub(crate) struct LaneKeys<'m, 'a> {
    /// The key of all of them, if it is one.
    shared: Option<&'a Key>,
    /// Otherwise: the round keys of all lanes.
    schedule: Option<&'m mut Schedule>,
}

/// Round keys: `0[round][lane]`. A vector of lanes is a row of 64 octets, on an address that is a multiple of 64.
#[repr(C, align(64))]
pub(crate) struct Schedule(pub(crate) [[Block; MAX_LANES]; MAX_ROUND_KEYS]);

#[expect(clippy::indexing_slicing, reason = "the remainder is below the length, which the compiler sees")]
impl<'a> LaneKeys<'_, 'a> {
    #[inline]
    pub(crate) const fn shared(&self) -> Option<&'a Key> {
        self.shared
    }

    /// There is one if there is no shared key.
    #[inline]
    #[cfg_attr(any(not(target_arch = "x86_64"), feature = "safe-only"), expect(dead_code, reason = "only lanes with keys of their own ask for it"))]
    pub(crate) fn schedule(&self) -> Option<&Schedule> {
        self.schedule.as_deref()
    }

    fn set(&mut self, lane: usize, key: &Key) {
        if let Some(schedule) = &mut self.schedule {
            for (row, round_key) in schedule.0.iter_mut().zip(key.encryption()) {
                row[lane % MAX_LANES] = *round_key;
            }
        }
    }

    fn copy(&mut self, from: usize, to: usize) {
        if let Some(schedule) = &mut self.schedule {
            for row in &mut schedule.0 {
                row[to % MAX_LANES] = row[from % MAX_LANES];
            }
        }
    }
}

/// The blocks that lanes go on with, one row each, and how many all of them have.
pub(crate) struct RowsMut<'a> {
    rows: [&'a mut [Block]; MAX_LANES],
    len: usize,
    /// Not more than any of the first `len` rows has.
    count: usize,
}

impl<'a> RowsMut<'a> {
    fn new() -> Self {
        Self { rows: core::array::from_fn(|_| Default::default()), len: 0, count: usize::MAX }
    }

    #[inline]
    fn push(&mut self, row: &'a mut [Block]) {
        if let Some(place) = self.rows.get_mut(self.len) {
            self.count = self.count.min(row.len());
            *place = row;
            self.len = self.len.wrapping_add(1);
        }
    }

    /// Blocks that each row has, at least.
    #[inline]
    pub(crate) const fn count(&self) -> usize {
        if self.len == 0 { 0 } else { self.count }
    }

    /// The rows of the lanes that have messages, each with [`Self::count`] blocks or more.
    #[inline]
    pub(crate) fn rows_mut(&mut self) -> &mut [&'a mut [Block]] {
        self.rows.get_mut(..self.len).unwrap_or_default()
    }
}

/// The lanes of CBC encryption on one kind of CPU.
pub(crate) trait Backend: Copy {
    /// How many messages go side by side, [`MAX_LANES`] at most.
    const LANES: usize;

    /// Encrypts as many blocks of each row as all of them have, and tells how many that were. `rounds` is that of every key.
    fn encrypt(self, chains: &mut Chains, rows: &mut RowsMut<'_>, keys: &LaneKeys<'_, '_>, rounds: usize) -> usize;
}

/// A message on its way: all its octets, and how many blocks of them are done.
#[derive(Default)]
struct Lane<'a> {
    message: usize,
    octets: &'a mut [u8],
    done: usize,
}

impl Lane<'_> {
    fn rest(&mut self) -> &mut [Block] {
        self.octets.as_chunks_mut().0.get_mut(self.done..).unwrap_or_default()
    }
}

/// Encrypts all messages.
pub(crate) fn encrypt<B: Backend>(backend: B, messages: &mut [Message<'_>]) {
    for window in messages.chunks_mut(WINDOW) {
        // Lanes side by side do the same number of rounds.
        for rounds in [10, 12, 14] {
            if window.iter().any(|message| message.key.rounds() == rounds) {
                of_rounds(backend, window, rounds);
            }
        }
    }
}

/// Encrypts those of up to 256 messages whose keys have so many rounds.
fn of_rounds<B: Backend>(backend: B, messages: &mut [Message<'_>], rounds: usize) {
    let mut keys_of_size = messages.iter().filter(|message| message.key.rounds() == rounds).map(|message| message.key);
    let first = keys_of_size.next();
    let shared = first.filter(|first| keys_of_size.all(|key| core::ptr::eq(*first, key)));
    let mut order = Order::new();
    order.sort(messages.len(), B::LANES, |message| messages.get(message).map_or(0, |message| message.octets.len() / BLOCK_LEN));
    if shared.is_some() {
        Run { messages, order, started: 0, rounds, keys: LaneKeys { shared, schedule: None } }.encrypt(backend);
    } else {
        let mut schedule = Schedule([[[0; BLOCK_LEN]; MAX_LANES]; MAX_ROUND_KEYS]);
        Run { messages, order, started: 0, rounds, keys: LaneKeys { shared, schedule: Some(&mut schedule) } }.encrypt(backend);
        schedule.0 = [[[0; BLOCK_LEN]; MAX_LANES]; MAX_ROUND_KEYS];
        zeroize::optimization_barrier(&schedule);
    }
}

/// Messages on their way through the lanes.
struct Run<'m, 'a> {
    messages: &'m mut [Message<'a>],
    order: Order,
    /// How many of `order` have started.
    started: usize,
    rounds: usize,
    keys: LaneKeys<'m, 'a>,
}

impl<'a> Run<'_, 'a> {
    fn encrypt<B: Backend>(mut self, backend: B) {
        let mut lanes: [Lane<'a>; MAX_LANES] = core::array::from_fn(|_| Lane::default());
        let mut chains = Chains([[0; BLOCK_LEN]; MAX_LANES]);
        let mut active = 0_usize;
        for lane in lanes.iter_mut().take(B::LANES) {
            if !self.start(active, lane, &mut chains) {
                break;
            }
            active = active.wrapping_add(1);
        }
        while active > 0 {
            let mut rows = RowsMut::new();
            for lane in lanes.iter_mut().take(active) {
                rows.push(lane.rest());
            }
            let blocks = backend.encrypt(&mut chains, &mut rows, &self.keys, self.rounds);
            let mut at = 0;
            while at < active {
                let Some(lane) = lanes.get_mut(at) else { break };
                lane.done = lane.done.saturating_add(blocks);
                if lane.rest().is_empty() {
                    if let Some(message) = self.messages.get_mut(lane.message) {
                        message.octets = core::mem::take(&mut lane.octets);
                    }
                    if !self.start(at, lane, &mut chains) {
                        // The last lane takes this one's place, and is looked at there.
                        active = active.wrapping_sub(1);
                        lanes.swap(at, active);
                        chains.0.swap(at, active);
                        self.keys.copy(active, at);
                        continue;
                    }
                }
                at = at.wrapping_add(1);
            }
        }
    }

    /// Gives the lane the next message that is not empty, if there is one.
    fn start(&mut self, at: usize, lane: &mut Lane<'a>, chains: &mut Chains) -> bool {
        while self.started < self.messages.len() {
            let index = self.order.at(self.started);
            self.started = self.started.wrapping_add(1);
            let Some(message) = self.messages.get_mut(index) else { return false };
            if message.key.rounds() != self.rounds || message.octets.is_empty() {
                continue;
            }
            *lane = Lane { message: index, octets: core::mem::take(&mut message.octets), done: 0 };
            if let Some(chain) = chains.0.get_mut(at) {
                *chain = message.iv;
            }
            self.keys.set(at, message.key);
            return true;
        }
        false
    }
}
