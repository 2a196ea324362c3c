//! Flow association: which flow a datagram belongs to (thesis pp. 57-58, figure 24). The policy is the caller's, the mechanism is here.

use core::fmt;
use core::hash::Hash;
use core::time::Duration;

use ip_wire::ip::Packet;
use ip_wire::{Flow, FlowKey};
use rand_core::CryptoRng;

use super::header::Sfl;
use super::lru::Lru;
use crate::error::Error;

/// The policy module: what makes a flow, and which flows are confidential.
pub trait Mapper {
    /// What the datagrams of a flow have in common.
    type Attributes: Eq + Hash + Clone;

    /// The attributes of a datagram.
    ///
    /// # Errors
    /// Whatever is wrong with the datagram.
    fn attributes(&mut self, packet: &Packet<'_>) -> Result<Self::Attributes, Error>;

    /// Whether the payloads of a flow are to be encrypted.
    fn is_confidential(&mut self, attributes: &Self::Attributes) -> bool;
}

/// Flows by addresses, protocol and ports: one for each conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByFiveTuple {
    /// Whether all of them are confidential, or none.
    pub confidential: bool,
}

impl Mapper for ByFiveTuple {
    type Attributes = FlowKey;

    fn attributes(&mut self, packet: &Packet<'_>) -> Result<FlowKey, Error> {
        Ok(Flow::of(packet)?.key)
    }

    fn is_confidential(&mut self, _: &FlowKey) -> bool {
        self.confidential
    }
}

/// The sweeper's policy: how long a flow lasts. The next datagram begins a new one, and with it a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Since its last datagram.
    pub idle: Duration,
    /// Since its first one.
    pub age: Duration,
}

impl Default for Lifetimes {
    /// 10 minutes idle, 8 hours in all.
    fn default() -> Self {
        Self { idle: Duration::from_secs(600), age: Duration::from_secs(8 * 3600) }
    }
}

/// A datagram's flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Association {
    /// Its label.
    pub sfl: Sfl,
    /// Whether the datagram begins it.
    pub is_new: bool,
}

/// The flow state table, and its sweeper. Bounded: when it is full, the flow that was idle longest goes.
pub struct FlowTable<A> {
    flows: Lru<A, State>,
    lifetimes: Lifetimes,
    next: u64,
}

#[derive(Debug, Clone, Copy)]
struct State {
    sfl: Sfl,
    first: Duration,
    last: Duration,
}

impl Lifetimes {
    fn are_over(&self, state: &State, now: Duration) -> bool {
        now.saturating_sub(state.last) >= self.idle || now.saturating_sub(state.first) >= self.age
    }
}

impl<A: Eq + Hash + Clone> FlowTable<A> {
    /// A table for at most `capacity` flows. Labels count up from a random one, so that none comes twice.
    #[must_use]
    pub fn new(capacity: usize, lifetimes: Lifetimes, rng: &mut impl CryptoRng) -> Self {
        let mut next = [0; 8];
        rng.fill_bytes(&mut next);
        Self { flows: Lru::new(capacity), lifetimes, next: u64::from_be_bytes(next) }
    }

    /// The flow of a datagram with these attributes at `now`: the one that there is, or a new one.
    pub fn associate(&mut self, now: Duration, attributes: &A, confidential: bool) -> Association {
        let lifetimes = self.lifetimes;
        if let Some(state) = self.flows.get(attributes) {
            if !lifetimes.are_over(state, now) && state.sfl.is_encrypted() == confidential {
                state.last = state.last.max(now);
                return Association { sfl: state.sfl, is_new: false };
            }
            self.flows.remove(attributes);
        }
        let label = self.next & !Sfl::ENCRYPTED;
        let sfl = Sfl(if confidential { label | Sfl::ENCRYPTED } else { label });
        self.next = self.next.wrapping_add(1);
        self.flows.insert(attributes.clone(), State { sfl, first: now, last: now });
        Association { sfl, is_new: true }
    }

    /// The sweeper: removes the flows whose time is over, and returns how many.
    pub fn sweep(&mut self, now: Duration) -> usize {
        let lifetimes = self.lifetimes;
        self.flows.remove_if(|state| lifetimes.are_over(state, now))
    }

    /// When the flow that was idle longest will have been so for too long.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.flows.oldest().map(|state| state.last.saturating_add(self.lifetimes.idle))
    }

    /// Flows in the table.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<A: Eq + Hash + Clone> fmt::Debug for FlowTable<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowTable").field("flows", &self.len()).field("lifetimes", &self.lifetimes).finish_non_exhaustive()
    }
}
