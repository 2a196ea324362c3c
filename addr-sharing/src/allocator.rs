//! Ports of a shared address for subscribers: quotas, blocks, random picks, and a hold before a port is used again (RFC 6269 5, RFC 6431, RFC 6056, RFC 6888).
//!
//! The set's ports, in order, are cut into blocks. A subscriber's ports come out of its own blocks; when they are all in use it gets one more free block, picked at random, as long as its quota
//! allows. In a block every free port is as likely as any other (RFC 6056 3.3.1 without its bias towards ports behind used ones), and the set may be as scattered as a PSID's. A port that is
//! released is held for TIME-WAIT before anyone gets it, counts towards the quota meanwhile, and a block goes back to all when the last hold in it is over.
//!
//! With blocks of one port all subscribers draw from one pool, port by port; with one block for the whole set it is a customer's own allocator over its port set.
//!
//! All memory is taken at the start: 12 octets a subscriber, about 32 a port. Each call takes a fixed number of steps but for the subscriber's blocks, which are looked at one by one.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use rand_core::CryptoRng;

use crate::error::{Error, Parameter};
use crate::port::PortRange;
use crate::port_set::PortSet;

/// How long a released port is held: twice the maximum segment lifetime (RFC 9293 3.4.2, RFC 6269 5).
pub const TIME_WAIT: Duration = Duration::from_secs(240);
/// The most subscribers that an allocator can have.
pub const MAX_SUBSCRIBERS: u32 = 1 << 24;

/// A subscriber of an allocator, by a number of the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscriber(pub u32);

/// How an allocator allocates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Config {
    /// The numbers of subscribers are below this one.
    pub subscribers: u32,
    /// Ports that a subscriber may have, those in TIME-WAIT included.
    pub quota: u32,
    /// Ports of a block.
    pub block: u32,
    /// How long a released port is held.
    pub hold: Duration,
}

impl Config {
    /// Ports one by one, held for [`TIME_WAIT`].
    #[must_use]
    pub const fn new(subscribers: u32, quota: u32) -> Self {
        Self { subscribers, quota, block: 1, hold: TIME_WAIT }
    }

    /// The same in blocks.
    #[must_use]
    pub const fn in_blocks(self, block: u32) -> Self {
        Self { block, ..self }
    }
}

/// A port that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The port.
    pub port: u16,
    /// The block that was taken for it, if one was: what a log of blocks notes.
    pub new_block: Option<Block>,
}

/// A block of ports, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block(u32);

/// Allocates the ports of a set.
#[derive(Debug, Clone)]
pub struct PortAllocator {
    set: PortSet,
    config: Config,
    /// Indices into the set, block by block; those of a block's free ports stand in front.
    order: Vec<u16>,
    /// Where in `order` an index is.
    place: Vec<u16>,
    states: Vec<State>,
    blocks: Vec<BlockState>,
    /// Blocks that nobody has.
    free_blocks: Vec<u32>,
    subscribers: Vec<SubscriberState>,
    /// Released ports, oldest first, with the time from which they are free.
    held: VecDeque<(Duration, u16)>,
    now: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Used,
    Held,
}

#[derive(Debug, Clone, Copy)]
struct BlockState {
    owner: Option<Subscriber>,
    /// Free ports.
    free: u32,
    /// Place in `free_blocks`, or the next and the last block of the owner.
    at: u32,
    next: Option<u32>,
    previous: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct SubscriberState {
    first: Option<u32>,
    /// Ports in use or held.
    taken: u32,
}

impl PortAllocator {
    /// An allocator of the ports of `set`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an empty set, no subscriber or more than [`MAX_SUBSCRIBERS`], a quota of 0, or blocks of none or more ports than the set has.
    pub fn new(set: PortSet, config: Config) -> Result<Self, Error> {
        let count = set.count();
        for (parameter, found, most) in [
            (Parameter::Ports, count, 65_536),
            (Parameter::Subscribers, config.subscribers, MAX_SUBSCRIBERS),
            (Parameter::Quota, config.quota, u32::MAX),
            (Parameter::BlockSize, config.block, count),
        ] {
            if !(1..=most).contains(&found) {
                return Err(Error::Parameter { parameter, found, least: 1, most });
            }
        }
        let indices = || (0..=u16::MAX).take(len(count));
        let blocks = count.div_ceil(config.block);
        let states = (0..blocks).map(|block| BlockState {
            owner: None,
            free: count.saturating_sub(block.saturating_mul(config.block)).min(config.block),
            at: block,
            next: None,
            previous: None,
        });
        Ok(Self {
            set,
            config,
            order: indices().collect(),
            place: indices().collect(),
            states: vec![State::Free; len(count)],
            blocks: states.collect(),
            free_blocks: (0..blocks).collect(),
            subscribers: vec![SubscriberState::default(); len(config.subscribers)],
            held: VecDeque::with_capacity(len(count)),
            now: Duration::ZERO,
        })
    }

    /// The set.
    #[must_use]
    pub const fn set(&self) -> PortSet {
        self.set
    }

    /// Ports that a subscriber has, those in TIME-WAIT included.
    #[must_use]
    pub fn taken(&self, subscriber: Subscriber) -> u32 {
        self.subscribers.get(len(subscriber.0)).map_or(0, |state| state.taken)
    }

    /// Ports in TIME-WAIT.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// When the next port comes out of TIME-WAIT.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.held.front().map(|(until, _)| *until)
    }

    /// The subscriber whose port it is: in use, in TIME-WAIT, or free in its block.
    #[must_use]
    pub fn owner(&self, port: u16) -> Option<Subscriber> {
        let block = self.block_of(self.set.index_of(port)?);
        self.blocks.get(len(block))?.owner
    }

    /// The ports of a block, as ranges.
    pub fn ports(&self, block: Block) -> impl Iterator<Item = PortRange> + use<> {
        let set = self.set;
        let first = block.0.saturating_mul(self.config.block);
        let end = first.saturating_add(self.config.block).min(set.count());
        let mut next = first;
        core::iter::from_fn(move || {
            let start = if next < end { set.nth(next)? } else { return None };
            let mut last = start;
            loop {
                next = next.saturating_add(1);
                match set.nth(next) {
                    Some(port) if next < end && last.checked_add(1) == Some(port) => last = port,
                    _ => break,
                }
            }
            PortRange::new(start, last).ok()
        })
    }

    /// A random free port for a subscriber. A time before an earlier one counts as that one.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a subscriber there is none of; [`Error::Quota`] if it has its ports; [`Error::Exhausted`] if its blocks are used up and no block is free.
    pub fn allocate(&mut self, now: Duration, subscriber: Subscriber, rng: &mut impl CryptoRng) -> Result<Grant, Error> {
        self.advance(now);
        self.check_quota(subscriber)?;
        let mut free = 0u32;
        for block in self.blocks_of(subscriber) {
            free = free.saturating_add(self.blocks.get(len(block)).map_or(0, |state| state.free));
        }
        let (block, mut pick, new_block) = if free > 0 {
            let mut pick = below(free, rng);
            let mut chosen = None;
            for block in self.blocks_of(subscriber) {
                let here = self.blocks.get(len(block)).map_or(0, |state| state.free);
                if pick < here {
                    chosen = Some(block);
                    break;
                }
                pick = pick.saturating_sub(here);
            }
            (chosen.ok_or(Error::Exhausted)?, pick, None)
        } else {
            let count = u32::try_from(self.free_blocks.len()).unwrap_or(u32::MAX);
            if count == 0 {
                return Err(Error::Exhausted);
            }
            let block = self.free_blocks.get(len(below(count, rng))).copied().ok_or(Error::Exhausted)?;
            self.take_block(block, subscriber);
            let free = self.blocks.get(len(block)).map_or(0, |state| state.free);
            (block, below(free, rng), Some(Block(block)))
        };
        pick = pick.saturating_add(block.saturating_mul(self.config.block));
        let index = self.order.get(len(pick)).copied().ok_or(Error::Exhausted)?;
        self.take_port(index, subscriber);
        let port = self.set.nth(u32::from(index)).ok_or(Error::Exhausted)?;
        Ok(Grant { port, new_block })
    }

    /// A port of the subscriber's choice, as port preservation and port control ask for.
    ///
    /// # Errors
    /// [`Error::Parameter`], [`Error::Quota`] as [`PortAllocator::allocate`]; [`Error::Taken`] if the port is not free, in another subscriber's block, or not in the set.
    pub fn allocate_port(&mut self, now: Duration, subscriber: Subscriber, port: u16) -> Result<Grant, Error> {
        self.advance(now);
        self.check_quota(subscriber)?;
        let taken = Error::Taken(port);
        let index = self.set.index_of(port).ok_or(taken)?;
        let block = self.block_of(index);
        let owner = self.blocks.get(len(block)).ok_or(taken)?.owner;
        if owner.is_some_and(|owner| owner != subscriber) || self.states.get(len(index)) != Some(&State::Free) {
            return Err(taken);
        }
        let new_block = owner.is_none().then_some(Block(block));
        if owner.is_none() {
            self.take_block(block, subscriber);
        }
        self.take_port(u16::try_from(index).map_err(|_| taken)?, subscriber);
        Ok(Grant { port, new_block })
    }

    /// Gives a port back. It is held before anyone gets it again.
    ///
    /// # Errors
    /// [`Error::NotInUse`] for a port that is not in use.
    pub fn release(&mut self, now: Duration, port: u16) -> Result<Subscriber, Error> {
        self.advance(now);
        let error = Error::NotInUse(port);
        let index = self.set.index_of(port).ok_or(error)?;
        let owner = self.blocks.get(len(self.block_of(index))).and_then(|block| block.owner).ok_or(error)?;
        match self.states.get_mut(len(index)) {
            Some(state @ State::Used) => *state = State::Held,
            _ => return Err(error),
        }
        self.held.push_back((self.now.saturating_add(self.config.hold), u16::try_from(index).map_err(|_| error)?));
        // A hold of no time is over at once.
        self.advance(now);
        Ok(owner)
    }

    /// Gives all ports of a subscriber back, as when it leaves; returns how many were in use.
    pub fn release_all(&mut self, now: Duration, subscriber: Subscriber) -> u32 {
        self.advance(now);
        let mut released = 0u32;
        let mut next = self.subscribers.get(len(subscriber.0)).and_then(|state| state.first);
        while let Some(block) = next {
            next = self.blocks.get(len(block)).and_then(|state| state.next);
            let first = block.saturating_mul(self.config.block);
            for index in first..first.saturating_add(self.config.block).min(self.set.count()) {
                if let (Some(state @ State::Used), Ok(index)) = (self.states.get_mut(len(index)), u16::try_from(index)) {
                    *state = State::Held;
                    self.held.push_back((self.now.saturating_add(self.config.hold), index));
                    released = released.saturating_add(1);
                }
            }
        }
        self.advance(now);
        released
    }

    /// Lets time pass: ports whose hold is over become free, and so do blocks without a port in use or on hold. The other calls do it too.
    pub fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
        while let Some((until, index)) = self.held.front().copied() {
            if until > self.now {
                return;
            }
            self.held.pop_front();
            self.free_port(index);
        }
    }

    fn check_quota(&self, subscriber: Subscriber) -> Result<(), Error> {
        let most = self.config.subscribers.saturating_sub(1);
        let parameter = Parameter::Subscriber;
        let error = Error::Parameter { parameter, found: subscriber.0, least: 0, most };
        let state = self.subscribers.get(len(subscriber.0)).ok_or(error)?;
        if state.taken >= self.config.quota { Err(Error::Quota { quota: self.config.quota }) } else { Ok(()) }
    }

    fn blocks_of(&self, subscriber: Subscriber) -> impl Iterator<Item = u32> + '_ {
        let first = self.subscribers.get(len(subscriber.0)).and_then(|state| state.first);
        core::iter::successors(first, |block| self.blocks.get(len(*block))?.next)
    }

    fn block_of(&self, index: u32) -> u32 {
        index.checked_div(self.config.block).unwrap_or(0)
    }

    /// Takes a free block from the list of those, which is closed up, and puts it in front of the subscriber's.
    fn take_block(&mut self, block: u32, subscriber: Subscriber) {
        let Some(at) = self.blocks.get(len(block)).map(|state| state.at) else { return };
        if len(at) < self.free_blocks.len() {
            self.free_blocks.swap_remove(len(at));
        }
        if let Some(moved) = self.free_blocks.get(len(at)).copied() {
            if let Some(state) = self.blocks.get_mut(len(moved)) {
                state.at = at;
            }
        }
        let Some(owner) = self.subscribers.get_mut(len(subscriber.0)) else { return };
        let old = owner.first.replace(block);
        if let Some(state) = old.and_then(|old| self.blocks.get_mut(len(old))) {
            state.previous = Some(block);
        }
        if let Some(state) = self.blocks.get_mut(len(block)) {
            (state.owner, state.next, state.previous) = (Some(subscriber), old, None);
        }
    }

    fn give_block(&mut self, block: u32, subscriber: Subscriber) {
        let at = u32::try_from(self.free_blocks.len()).unwrap_or(u32::MAX);
        let Some(state) = self.blocks.get_mut(len(block)) else { return };
        let (next, previous) = (state.next.take(), state.previous.take());
        (state.owner, state.at) = (None, at);
        self.free_blocks.push(block);
        if let Some(next) = next.and_then(|next| self.blocks.get_mut(len(next))) {
            next.previous = previous;
        }
        match previous {
            Some(previous) => {
                if let Some(previous) = self.blocks.get_mut(len(previous)) {
                    previous.next = next;
                }
            }
            None => {
                if let Some(owner) = self.subscribers.get_mut(len(subscriber.0)) {
                    owner.first = next;
                }
            }
        }
    }

    /// Moves a free index behind the block's free ones.
    fn take_port(&mut self, index: u16, subscriber: Subscriber) {
        let block = self.block_of(u32::from(index));
        let Some(state) = self.blocks.get_mut(len(block)) else { return };
        state.free = state.free.saturating_sub(1);
        let last = block.saturating_mul(self.config.block).saturating_add(state.free);
        self.swap(index, last);
        if let Some(state) = self.states.get_mut(usize::from(index)) {
            *state = State::Used;
        }
        if let Some(owner) = self.subscribers.get_mut(len(subscriber.0)) {
            owner.taken = owner.taken.saturating_add(1);
        }
    }

    fn free_port(&mut self, index: u16) {
        let block = self.block_of(u32::from(index));
        let first = block.saturating_mul(self.config.block);
        let size = self.set.count().saturating_sub(first).min(self.config.block);
        let Some(state) = self.blocks.get_mut(len(block)) else { return };
        let end = first.saturating_add(state.free);
        state.free = state.free.saturating_add(1);
        let (free, owner) = (state.free, state.owner);
        self.swap(index, end);
        if let Some(state) = self.states.get_mut(usize::from(index)) {
            *state = State::Free;
        }
        let Some(subscriber) = owner else { return };
        if let Some(owner) = self.subscribers.get_mut(len(subscriber.0)) {
            owner.taken = owner.taken.saturating_sub(1);
        }
        if free == size {
            self.give_block(block, subscriber);
        }
    }

    /// Exchanges an index with the one at a place of `order`.
    fn swap(&mut self, index: u16, to: u32) {
        let Some(from) = self.place.get(usize::from(index)).copied() else { return };
        let Some(other) = self.order.get(len(to)).copied() else { return };
        let Ok(to) = u16::try_from(to) else { return };
        self.order.swap(usize::from(from), usize::from(to));
        if let Some(place) = self.place.get_mut(usize::from(index)) {
            *place = to;
        }
        if let Some(place) = self.place.get_mut(usize::from(other)) {
            *place = from;
        }
    }
}

/// A number below `count`, each as likely as any other.
fn below(count: u32, rng: &mut impl CryptoRng) -> u32 {
    let zone = u32::MAX.saturating_sub(u32::MAX.checked_rem(count).unwrap_or(0));
    // One number in 65,536 at most is drawn again; a source that only gives such ones must not hold us up.
    for _ in 0..8 {
        let drawn = rng.next_u32();
        if drawn < zone {
            return drawn.checked_rem(count).unwrap_or(0);
        }
    }
    rng.next_u32().checked_rem(count).unwrap_or(0)
}

/// 32 bits as a length: there is no smaller machine among those that have an allocator.
const fn len(count: u32) -> usize {
    count as usize
}

#[cfg(test)]
mod tests;
