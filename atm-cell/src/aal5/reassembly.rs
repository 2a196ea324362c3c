//! Cells of many channels to SDUs.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use hashbrown::HashMap;

use super::assembly::complete;
use super::{Discard, MAX_SDU, Reason, Sdu, cells_for};
use crate::cell::{CELL_LEN, Header, Interface, Kind, PAYLOAD_LEN, Vc};

mod channel;
mod list;
mod report;
#[cfg(test)]
mod tests;

pub use report::{Config, Counters, Outcome};

use channel::{Channel, State, Use};
use list::{Links, List};

/// An [`Outcome`] that borrows nothing: the SDU is the start of [`Reassembler::finished`].
enum Taken {
    Pending,
    Skipped,
    NotUserData,
    Discarded(Discard),
    Complete(Finished),
}

struct Finished {
    vc: Vc,
    len: usize,
    uu: u8,
    cpi: u8,
    clp: bool,
    congestion: bool,
}

/// Reassembles the SDUs of many channels at once.
///
/// Where a cap is hit, the PDU that gives way is reported by [`Reassembler::poll_discard`], and its channel's cells are dropped up to the
/// next end of message, so that no PDU starts in the middle of another. For each end of message exactly one thing is reported: an SDU, or a
/// [`Discard`] with [`Discard::ended`].
///
/// A cell takes a constant number of steps. Memory is at most [`Config::max_octets`] of buffers and a fixed amount for each of
/// [`Config::max_vcs`] channels.
#[derive(Debug)]
pub struct Reassembler {
    config: Config,
    /// Where a channel is in `channels`.
    index: HashMap<u32, u32>,
    channels: Vec<Channel>,
    free: Vec<u32>,
    /// The channel of the last cell, and where it is: most cells follow one of their own PDU.
    latest: (u32, u32),
    /// The same of latest channels by their lowest bits, whether or not they are in the middle of a PDU: the table need not be asked.
    recent: [(u32, u32); RECENT],
    /// Channels without a buffer, and with one, by the time of their last cell.
    bare: List,
    holding: List,
    use_links: Vec<Links>,
    by_age: List,
    age_links: Vec<Links>,
    /// Octets of all buffers, the finished one's too.
    octets: usize,
    /// What was handed out last.
    finished: Vec<u8>,
    /// Discards that no cell's outcome tells.
    discards: VecDeque<Discard>,
    /// Channels that were forgotten in the middle of a PDU, by a hash of 16 bits.
    forgotten: Box<[u64]>,
    /// The latest time seen: a clock that goes backwards is held.
    now: Duration,
    counters: Counters,
}

/// No channel is `latest`: a value that no channel's 28 bits have.
const NO_CHANNEL: (u32, u32) = (u32::MAX, 0);
/// Places of `recent`: a power of two.
const RECENT: usize = 32;
/// Words of `forgotten`.
const FORGOTTEN_WORDS: usize = 1024;
/// Octets that a buffer starts with: those of an Ethernet frame's PDU.
const FIRST_CAPACITY: usize = 32 * PAYLOAD_LEN;

impl Reassembler {
    /// A reassembler without cells. A cap of 0 counts as 1 channel, 1 octet of SDU, and one cell's octets.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let config = Config {
            max_sdu: config.max_sdu.clamp(1, MAX_SDU),
            max_vcs: config.max_vcs.clamp(1, 1 << 28),
            max_octets: config.max_octets.max(PAYLOAD_LEN),
            ..config
        };
        Self {
            config,
            index: HashMap::new(),
            channels: Vec::new(),
            free: Vec::new(),
            latest: NO_CHANNEL,
            recent: [NO_CHANNEL; RECENT],
            bare: List::new(),
            holding: List::new(),
            use_links: Vec::new(),
            by_age: List::new(),
            age_links: Vec::new(),
            octets: 0,
            finished: Vec::new(),
            discards: VecDeque::new(),
            forgotten: alloc::vec![0; FORGOTTEN_WORDS].into_boxed_slice(),
            now: Duration::ZERO,
            counters: Counters::default(),
        }
    }

    /// Takes the next cell of any channel. Take expired PDUs with [`Self::poll_expired`] before, and those that had to give way with
    /// [`Self::poll_discard`] after.
    #[inline]
    pub fn handle_cell(&mut self, now: Duration, header: &Header, payload: &[u8; PAYLOAD_LEN]) -> Outcome<'_> {
        // The common cell: one more of the PDU that the last cell was of, with room for it.
        if header.vc.to_bits() == self.latest.0
            && header.payload_type.get() & 0b101 == 0
            && let Some(channel) = self.channels.get_mut(self.latest.1 as usize)
            && channel.add(payload, header.clp)
        {
            self.counters.cells = self.counters.cells.wrapping_add(1);
            return Outcome::Pending;
        }
        let taken = self.take_other(now, *header, payload);
        self.outcome(taken)
    }

    /// Takes cells whose HECs were found right off the front of `cells`, up to one that brings something to tell: an SDU or a discard. Any
    /// other outcome means that all were taken.
    ///
    /// Cells that follow others of their own PDU cost little more than copying their payloads.
    pub fn handle_cells(&mut self, now: Duration, interface: Interface, cells: &mut &[[u8; CELL_LEN]]) -> Outcome<'_> {
        let mut taken = Taken::Pending;
        loop {
            self.take_run(interface, cells);
            let Some((cell, rest)) = cells.split_first() else { break };
            *cells = rest;
            let [a, b, c, d, _, payload @ ..] = cell;
            let header = Header::from_word(u32::from_be_bytes([*a, *b, *c, *d]), interface);
            taken = self.take_other(now, header, payload);
            if matches!(taken, Taken::Complete(_) | Taken::Discarded(_)) {
                break;
            }
        }
        self.outcome(taken)
    }

    /// Takes as many cells as continue the PDU that the last cell was of.
    #[inline]
    fn take_run(&mut self, interface: Interface, cells: &mut &[[u8; CELL_LEN]]) {
        let Some(channel) = self.channels.get_mut(self.latest.1 as usize) else { return };
        if self.latest == NO_CHANNEL {
            return;
        }
        // The header word without congestion and CLP, and without the GFC.
        let same = self.latest.0 << 4;
        let mask = match interface {
            Interface::Uni => 0x0fff_fffa,
            Interface::Nni => 0xffff_fffa,
        };
        let (room, _) = channel.buffer.get_mut(channel.filled..).unwrap_or_default().as_chunks_mut();
        let (count, any) = copy_run(cells, room, same, mask);
        channel.filled = channel.filled.wrapping_add(count.wrapping_mul(PAYLOAD_LEN));
        channel.clp |= any & 1 != 0;
        self.counters.cells = self.counters.cells.wrapping_add(count as u64);
        *cells = cells.get(count..).unwrap_or(&[]);
    }

    /// Takes a cell that is the first of its PDU, or its last, or not of the PDU that the last cell was of.
    #[inline(never)]
    fn take_other(&mut self, now: Duration, header: Header, payload: &[u8; PAYLOAD_LEN]) -> Taken {
        let vc = header.vc.to_bits();
        // A channel that is in the table is one of user data.
        let known = header.payload_type.is_user_data() && self.recent(vc).is_some_and(|recent| recent.0 == vc);
        if !known && header.kind() != Kind::User {
            self.counters.not_user_data = self.counters.not_user_data.saturating_add(1);
            return Taken::NotUserData;
        }
        self.counters.cells = self.counters.cells.wrapping_add(1);
        self.now = self.now.max(now);
        let end = header.payload_type.sdu_type();
        let slot = match self.find(vc) {
            Some(slot) => slot,
            None => self.open(vc),
        };
        let Some(channel) = self.channels.get_mut(slot as usize) else {
            return Taken::Skipped;
        };
        match channel.state {
            State::Collecting => {}
            State::Idle => {
                channel.state = State::Collecting;
                channel.clp = false;
                channel.since = self.now;
                // A PDU of one cell is over before its time could be asked for.
                if !end {
                    self.by_age.push_back(&mut self.age_links, slot);
                }
            }
            State::Skipping => {
                channel.skipped = channel.skipped.saturating_add(1);
                self.counters.skipped_cells = self.counters.skipped_cells.saturating_add(1);
                if !end {
                    return Taken::Skipped;
                }
                channel.state = State::Idle;
                let cells = core::mem::take(&mut channel.skipped);
                return Taken::Discarded(self.discard(header.vc, Reason::Skipped, cells, true));
            }
        }
        if !channel.add(payload, header.clp) && !self.grow_and_add(slot, payload, header.clp) {
            let cells = self.channels.get(slot as usize).map_or(0, Channel::cells).saturating_add(1);
            self.leave(slot, if end { State::Idle } else { State::Skipping });
            return Taken::Discarded(self.discard(header.vc, Reason::TooLong, cells, end));
        }
        if !end {
            self.latest = (vc, slot);
            return Taken::Pending;
        }
        self.finish(slot, header)
    }

    /// Checks the PDU whose last cell came.
    fn finish(&mut self, slot: u32, header: Header) -> Taken {
        self.latest = NO_CHANNEL;
        self.by_age.remove(&mut self.age_links, slot);
        let Some(channel) = self.channels.get_mut(slot as usize) else {
            return Taken::Skipped;
        };
        channel.state = State::Idle;
        let (cells, clp, filled) = (channel.cells(), channel.clp, core::mem::take(&mut channel.filled));
        // What was handed out before is not needed any more: its buffer is the channel's next one.
        core::mem::swap(&mut channel.buffer, &mut self.finished);
        if channel.buffer.is_empty() {
            self.list(slot);
        }
        let octets = self.finished.get(..filled).unwrap_or(&[]);
        match complete(octets, header.vc, header.payload_type, clp, self.config.max_sdu, self.config.cpi) {
            Ok(Sdu { vc, payload, uu, cpi, clp, congestion }) => {
                self.counters.completed = self.counters.completed.wrapping_add(1);
                Taken::Complete(Finished { vc, len: payload.len(), uu, cpi, clp, congestion })
            }
            Err(reason) => {
                self.counters.count(reason);
                Taken::Discarded(Discard { vc: header.vc, reason, cells, ended: true })
            }
        }
    }

    fn outcome(&self, taken: Taken) -> Outcome<'_> {
        match taken {
            Taken::Pending => Outcome::Pending,
            Taken::Skipped => Outcome::Skipped,
            Taken::NotUserData => Outcome::NotUserData,
            Taken::Discarded(discard) => Outcome::Discarded(discard),
            Taken::Complete(Finished { vc, len, uu, cpi, clp, congestion }) => {
                let payload = self.finished.get(..len).unwrap_or(&[]);
                Outcome::Complete(Sdu { vc, payload, uu, cpi, clp, congestion })
            }
        }
    }

    /// The next PDU whose time has run out.
    pub fn poll_expired(&mut self, now: Duration) -> Option<Discard> {
        self.now = self.now.max(now);
        let slot = self.by_age.first()?;
        let channel = self.channels.get(slot as usize)?;
        if self.now < channel.since.saturating_add(self.config.timeout) {
            return None;
        }
        Some(self.give_up(slot, Reason::Expired))
    }

    /// When the next PDU's time runs out.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let channel = self.channels.get(self.by_age.first()? as usize)?;
        Some(channel.since.saturating_add(self.config.timeout))
    }

    /// The next PDU that had to make room for another. At most as many as there may be channels wait to be asked for; the counters know of
    /// all.
    pub fn poll_discard(&mut self) -> Option<Discard> {
        self.discards.pop_front()
    }

    /// The next PDU that is not whole, given up: ask until there is none when the input is over.
    pub fn poll_unfinished(&mut self) -> Option<Discard> {
        let slot = self.by_age.first()?;
        let discard = self.give_up(slot, Reason::Unfinished);
        Some(discard)
    }

    /// Closes a channel: what it is in the middle of is given up, and its next cell starts a PDU.
    pub fn close(&mut self, vc: Vc) -> Option<Discard> {
        let bits = vc.to_bits();
        self.remember(bits);
        let slot = self.find(bits)?;
        let collecting = self.channels.get(slot as usize)?.state == State::Collecting;
        let discard = collecting.then(|| self.give_up(slot, Reason::Unfinished));
        self.remove(slot);
        discard
    }

    /// How often what happened so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Channels that the table knows, at most [`Config::max_vcs`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether the table knows no channel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Octets of all buffers: never over [`Config::max_octets`].
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.octets
    }

    #[inline]
    fn find(&mut self, vc: u32) -> Option<u32> {
        let slot = match self.recent(vc) {
            Some((known, slot)) if *known == vc => *slot,
            _ => {
                let slot = *self.index.get(&vc)?;
                self.note(vc, slot);
                slot
            }
        };
        match self.channels.get(slot as usize)?.list {
            Use::Bare => self.bare.move_to_back(&mut self.use_links, slot),
            Use::Holding => self.holding.move_to_back(&mut self.use_links, slot),
        }
        Some(slot)
    }

    /// The place of [`Self::recent`] where a channel would be.
    #[inline]
    fn recent(&mut self, vc: u32) -> Option<&mut (u32, u32)> {
        self.recent.get_mut(vc as usize % RECENT)
    }

    #[inline]
    fn note(&mut self, vc: u32, slot: u32) {
        if let Some(place) = self.recent(vc) {
            *place = (vc, slot);
        }
    }

    /// A place for a channel that has none, at the cost of the one that was quiet longest where all are taken.
    #[cold]
    fn open(&mut self, vc: u32) -> u32 {
        if self.index.len() >= self.config.max_vcs
            && let Some(slot) = self.bare.first().or(self.holding.first())
        {
            self.evict(slot);
            if let Some(&Channel { vc, state: State::Skipping, .. }) = self.channels.get(slot as usize) {
                self.forget(vc);
            }
            self.remove(slot);
        }
        let state = if self.remember(vc) { State::Skipping } else { State::Idle };
        let channel = Channel { vc, state, ..Channel::default() };
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.channels.len()).unwrap_or(u32::MAX);
                self.channels.push(Channel::default());
                self.use_links.push(Links::default());
                self.age_links.push(Links::default());
                slot
            }
        };
        if let Some(place) = self.channels.get_mut(slot as usize) {
            *place = channel;
        }
        self.index.insert(vc, slot);
        self.note(vc, slot);
        self.bare.push_back(&mut self.use_links, slot);
        slot
    }

    /// Takes a channel out of the table.
    fn remove(&mut self, slot: u32) {
        self.leave(slot, State::Idle);
        self.drop_buffer(slot);
        let Some(&Channel { vc, .. }) = self.channels.get(slot as usize) else { return };
        self.index.remove(&vc);
        if let Some(place) = self.recent(vc) {
            *place = NO_CHANNEL;
        }
        self.bare.remove(&mut self.use_links, slot);
        self.free.push(slot);
    }

    /// Drops what a channel has of a PDU; the buffer stays.
    fn leave(&mut self, slot: u32, state: State) {
        let Some(channel) = self.channels.get_mut(slot as usize) else { return };
        channel.state = state;
        channel.filled = 0;
        channel.skipped = 0;
        self.by_age.remove(&mut self.age_links, slot);
        self.latest = NO_CHANNEL;
    }

    fn drop_buffer(&mut self, slot: u32) {
        let Some(channel) = self.channels.get_mut(slot as usize) else { return };
        self.octets = self.octets.saturating_sub(channel.buffer.len());
        channel.buffer = Vec::new();
        self.list(slot);
    }

    /// Puts a channel into the list of use that it belongs to, at its end.
    fn list(&mut self, slot: u32) {
        let Some(channel) = self.channels.get_mut(slot as usize) else { return };
        let list = if channel.buffer.is_empty() { Use::Bare } else { Use::Holding };
        if channel.list != list {
            channel.list = list;
            let (from, to) = match list {
                Use::Bare => (&mut self.holding, &mut self.bare),
                Use::Holding => (&mut self.bare, &mut self.holding),
            };
            from.remove(&mut self.use_links, slot);
            to.push_back(&mut self.use_links, slot);
        }
    }

    /// Gives up the PDU that a channel is in the middle of: its cells up to the end are skipped.
    fn give_up(&mut self, slot: u32, reason: Reason) -> Discard {
        let (vc, cells) = self.channels.get(slot as usize).map_or((0, 0), |channel| (channel.vc, channel.cells()));
        self.leave(slot, State::Skipping);
        self.discard(Vc::from_bits(vc), reason, cells, false)
    }

    /// Takes a channel's buffer to make room for another's, and with it the PDU it is in the middle of.
    fn evict(&mut self, slot: u32) {
        if self.channels.get(slot as usize).is_some_and(|channel| channel.state == State::Collecting) {
            let discard = self.give_up(slot, Reason::Evicted);
            if self.discards.len() >= self.config.max_vcs {
                self.discards.pop_front();
            }
            self.discards.push_back(discard);
        }
        self.drop_buffer(slot);
    }

    fn discard(&mut self, vc: Vc, reason: Reason, cells: u32, ended: bool) -> Discard {
        self.counters.count(reason);
        Discard { vc, reason, cells, ended }
    }

    /// Makes a channel's buffer larger, at the cost of others where that must be, and adds a cell; `false` where the PDU is over the longest
    /// one allowed, or alone over all the octets there are.
    #[cold]
    fn grow_and_add(&mut self, slot: u32, payload: &[u8; PAYLOAD_LEN], clp: bool) -> bool {
        let Some(channel) = self.channels.get(slot as usize) else { return false };
        let len = channel.buffer.len();
        let needed = channel.filled.saturating_add(PAYLOAD_LEN);
        let longest = cells_for(self.config.max_sdu).saturating_mul(PAYLOAD_LEN);
        if needed > longest {
            return false;
        }
        let wanted = len.saturating_mul(2).max(FIRST_CAPACITY).min(longest).max(needed);
        // Doubling is a convenience; where the room is short, one cell is all that others are evicted for.
        let limit = self.config.max_octets.saturating_add(len);
        let mut size = wanted;
        while self.octets.saturating_add(size) > limit {
            if !self.finished.is_empty() {
                self.octets = self.octets.saturating_sub(self.finished.len());
                self.finished = Vec::new();
            } else if size != needed {
                size = needed;
            } else if !self.evict_other(slot) {
                return false;
            }
        }
        let Some(channel) = self.channels.get_mut(slot as usize) else { return false };
        channel.buffer.reserve_exact(size.saturating_sub(len));
        channel.buffer.resize(size, 0);
        self.octets = self.octets.saturating_sub(len).saturating_add(size);
        let added = channel.add(payload, clp);
        self.list(slot);
        added
    }

    /// Takes the buffer of the channel that was quiet longest, other than that one, whose cell is the latest there is.
    fn evict_other(&mut self, spared: u32) -> bool {
        match self.holding.first() {
            Some(slot) if slot != spared => {
                self.evict(slot);
                true
            }
            _ => false,
        }
    }

    fn forget(&mut self, vc: u32) {
        let (word, bit) = place(vc);
        if let Some(word) = self.forgotten.get_mut(word) {
            *word |= bit;
        }
    }

    /// Whether a channel with that channel's hash was forgotten in the middle of a PDU. That is known only once.
    fn remember(&mut self, vc: u32) -> bool {
        let (word, bit) = place(vc);
        match self.forgotten.get_mut(word) {
            Some(word) => {
                let was = *word & bit != 0;
                *word &= !bit;
                was
            }
            None => false,
        }
    }
}

/// Copies payloads into `room` for as long as the cells' masked header words are the same. Gives how many there were, and all bits that any of
/// their words has.
#[inline]
fn copy_run(cells: &[[u8; CELL_LEN]], room: &mut [[u8; PAYLOAD_LEN]], same: u32, mask: u32) -> (usize, u32) {
    let mut count: usize = 0;
    let mut any = 0;
    for (cell, out) in cells.iter().zip(room) {
        let [a, b, c, d, _, payload @ ..] = cell;
        let word = u32::from_be_bytes([*a, *b, *c, *d]);
        if word & mask != same {
            break;
        }
        *out = *payload;
        any |= word;
        count = count.wrapping_add(1);
    }
    (count, any)
}

/// Where the bit of a channel is in [`Reassembler::forgotten`].
fn place(vc: u32) -> (usize, u64) {
    // The channels of one path never share a bit.
    let hash = (vc ^ vc >> 16) & 0xffff;
    ((hash >> 6) as usize, 1 << (hash & 63))
}
