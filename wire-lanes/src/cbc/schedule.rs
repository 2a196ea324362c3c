//! Keeps the lanes of CBC encryption full: each takes the next message as soon as it is free, the longest first.

#![expect(
    clippy::indexing_slicing,
    reason = "the remainder of an index by the length of its array is below it, which the compiler sees"
)]

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

impl<'a> LaneKeys<'_, 'a> {
    #[inline]
    pub(crate) const fn shared(&self) -> Option<&'a Key> {
        self.shared
    }

    /// There is one if there is no shared key.
    #[inline]
    #[cfg_attr(
        any(not(target_arch = "x86_64"), feature = "safe-only"),
        expect(dead_code, reason = "only lanes with keys of their own ask for it")
    )]
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
    /// Lanes that have messages: the first ones.
    active: usize,
    /// Not more than any row of an active lane has.
    count: usize,
}

impl<'a> RowsMut<'a> {
    fn new() -> Self {
        Self { rows: core::array::from_fn(|_| Default::default()), active: 0, count: 0 }
    }

    /// Blocks that each row has, at least.
    #[inline]
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// The rows of the lanes that have messages, each with [`Self::count`] blocks or more.
    #[inline]
    pub(crate) fn rows_mut(&mut self) -> &mut [&'a mut [Block]] {
        self.rows.get_mut(..self.active).unwrap_or_default()
    }

    /// Finds out how many blocks all rows have.
    #[inline]
    fn measure(&mut self) {
        self.count = self.rows_mut().iter().map(|row| row.len()).min().unwrap_or(0);
    }
}

/// The lanes of CBC encryption on one kind of CPU.
pub(crate) trait Backend: Copy {
    /// How many messages go side by side, [`MAX_LANES`] at most.
    const LANES: usize;
    /// Messages of up to so many blocks are encrypted one after the other: they end so soon that a CPU has several of them under way at once by
    /// itself, and filling a lane costs more.
    const SHORT: usize;

    /// How many lanes take part when so many have messages. The scheduler makes the others copies of the first lane: they write what it writes.
    fn taking_part(active: usize) -> usize;

    /// Encrypts [`RowsMut::count`] blocks of each row. `rounds` is that of every key. Of lanes that take part without a message, chain and keys are
    /// those of the first.
    fn encrypt(self, chains: &mut Chains, rows: &mut RowsMut<'_>, keys: &LaneKeys<'_, '_>, rounds: usize);
}

/// Encrypts all messages.
pub(crate) fn encrypt<B: Backend>(backend: B, messages: &mut [Message<'_>]) {
    for message in messages.iter_mut() {
        if message.octets.len() <= B::SHORT.saturating_mul(BLOCK_LEN) {
            message.key.encrypt_blocks(&message.iv, message.octets.as_chunks_mut().0);
        }
    }
    for window in messages.chunks_mut(WINDOW) {
        // Lanes side by side do the same number of rounds.
        for rounds in [10, 12, 14] {
            of_rounds(backend, window, rounds);
        }
    }
}

/// Encrypts those of up to 256 messages whose keys have so many rounds.
fn of_rounds<B: Backend>(backend: B, messages: &mut [Message<'_>], rounds: usize) {
    let mut keys = messages.iter().filter(|message| is_for_lanes::<B>(message, rounds)).map(|message| message.key);
    let Some(first) = keys.next() else { return };
    let shared = Some(first).filter(|first| keys.all(|key| core::ptr::eq(*first, key)));
    if shared.is_some() {
        in_order(backend, messages, rounds, LaneKeys { shared, schedule: None });
    } else {
        let mut schedule = Schedule([[[0; BLOCK_LEN]; MAX_LANES]; MAX_ROUND_KEYS]);
        in_order(backend, messages, rounds, LaneKeys { shared, schedule: Some(&mut schedule) });
        schedule.0 = [[[0; BLOCK_LEN]; MAX_LANES]; MAX_ROUND_KEYS];
        zeroize::optimization_barrier(&schedule);
    }
}

/// Whether a message goes through the lanes while keys of so many rounds do.
fn is_for_lanes<B: Backend>(message: &Message<'_>, rounds: usize) -> bool {
    message.key.rounds() == rounds && message.octets.len() > B::SHORT.saturating_mul(BLOCK_LEN)
}

fn in_order<'a, B: Backend>(backend: B, messages: &mut [Message<'a>], rounds: usize, mut keys: LaneKeys<'_, 'a>) {
    let mut order = Order::new();
    let count = messages.len();
    order.sort(count, B::LANES, |message| messages.get(message).map_or(0, |message| message.octets.len() / BLOCK_LEN));
    let wanted = |message: &&mut Message<'a>| is_for_lanes::<B>(message, rounds);
    if order.is_sorted() {
        let mut waiting: [Option<&mut Message<'a>>; WINDOW] = [const { None }; WINDOW];
        for (place, message) in waiting.iter_mut().zip(messages) {
            *place = Some(message);
        }
        let waiting = (0..count).filter_map(|before| waiting.get_mut(order.at(before)).and_then(Option::take));
        through_lanes(backend, waiting.filter(wanted), rounds, &mut keys);
    } else {
        through_lanes(backend, messages.iter_mut().filter(wanted), rounds, &mut keys);
    }
}

/// Encrypts messages in the order in which they come.
fn through_lanes<'m, 'a: 'm, B: Backend>(
    backend: B,
    mut messages: impl Iterator<Item = &'m mut Message<'a>>,
    rounds: usize,
    keys: &mut LaneKeys<'_, 'a>,
) {
    let mut rows = RowsMut::new();
    let mut chains = Chains([[0; BLOCK_LEN]; MAX_LANES]);
    // The row of the next message, which lane `at` gets.
    let mut start = |at: usize, chains: &mut Chains, keys: &mut LaneKeys<'_, 'a>| {
        messages.next().map(|message| {
            chains.0[at % MAX_LANES] = message.iv;
            keys.set(at, message.key);
            message.octets.as_chunks_mut().0
        })
    };
    for (at, row) in rows.rows.iter_mut().enumerate().take(B::LANES) {
        let Some(blocks) = start(at, &mut chains, keys) else { break };
        *row = blocks;
        rows.active = at.wrapping_add(1);
    }
    while rows.active > 0 {
        rows.measure();
        for idle in rows.active..B::taking_part(rows.active) {
            chains.0[idle % MAX_LANES] = chains.0[0];
            keys.copy(0, idle);
        }
        backend.encrypt(&mut chains, &mut rows, keys, rounds);
        let mut at = 0;
        while at < rows.active {
            let row = core::mem::take(&mut rows.rows[at % MAX_LANES]);
            let mut rest = row.get_mut(rows.count..).unwrap_or_default();
            if rest.is_empty() {
                match start(at, &mut chains, keys) {
                    Some(blocks) => rest = blocks,
                    None => {
                        // The last lane takes this one's place, and is looked at there.
                        rows.active = rows.active.wrapping_sub(1);
                        rows.rows.swap(at, rows.active);
                        chains.0.swap(at, rows.active);
                        keys.copy(rows.active, at);
                        continue;
                    }
                }
            }
            rows.rows[at % MAX_LANES] = rest;
            at = at.wrapping_add(1);
        }
    }
}
