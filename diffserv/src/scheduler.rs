//! Schedulers: which of several queues sends next (RFC 2475 2.4, 2.5). Building blocks that make a per-hop behavior observable.
//!
//! | scheduler | who sends | cost of a packet |
//! | --- | --- | --- |
//! | [`StrictPriority`] | the first queue that has a packet, but for those that are owed their minimum | queues |
//! | [`DeficitRoundRobin`] | queues in turn, each its quantum of octets (Shreedhar and Varghese 1995) | constant |
//! | [`WeightedFair`] | by virtual finishing time, of those whose turn it is: WF2Q+ (Bennett and Zhang 1997) | queues |
//!
//! None of them knows a clock: the caller asks for a packet when the line is free.
//!
//! ```
//! use diffserv::scheduler::{Class, StrictPriority};
//! use diffserv::shaper::Limit;
//!
//! let limit = Limit { packets: 100, octets: 100_000 };
//! // Queue 0 goes first; queue 1 gets a tenth of the line whatever happens.
//! let mut scheduler = StrictPriority::new(&[Class { limit, minimum: 0 }, Class { limit, minimum: 100 }])?;
//! scheduler.enqueue(1, "bulk", 1000).unwrap();
//! for _ in 0..20 {
//!     scheduler.enqueue(0, "voice", 1000).unwrap();
//! }
//! let sent: Vec<_> = core::iter::from_fn(|| scheduler.dequeue()).map(|(_, packet)| packet).collect();
//! assert_eq!(sent.iter().position(|packet| *packet == "bulk"), Some(10));
//! # Ok::<(), diffserv::Error>(())
//! ```

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::queue::{Limit, Queue, Refusal};
use crate::shaper::Refused;
use crate::{Error, Field};

/// A queue of [`StrictPriority`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// What it may hold.
    pub limit: Limit,
    /// The part of all octets sent that it gets while it has packets, in thousandths.
    pub minimum: u32,
}

/// Thousandths.
const WHOLE: u64 = 1000;

/// Queue 0 before queue 1 before queue 2, but none gets less than its minimum.
#[derive(Debug, Clone)]
pub struct StrictPriority<P> {
    queues: Vec<Guaranteed<P>>,
}

#[derive(Debug, Clone)]
struct Guaranteed<P> {
    queue: Queue<P>,
    minimum: u64,
    /// What it is owed, in thousandths of an octet.
    credit: u64,
}

impl<P> StrictPriority<P> {
    /// Queues in the order of their priority.
    ///
    /// # Errors
    /// [`Error::TooSmall`] without queues; [`Error::TooLarge`] if minima are more than the whole.
    pub fn new(classes: &[Class]) -> Result<Self, Error> {
        some(classes.len())?;
        let minima = classes.iter().fold(0, |sum: u64, class| sum.saturating_add(u64::from(class.minimum)));
        if minima > WHOLE {
            return Err(Error::TooLarge { field: Field::Share, found: minima, max: WHOLE });
        }
        let queue = |class: &Class| Guaranteed { queue: Queue::new(class.limit), minimum: u64::from(class.minimum), credit: 0 };
        Ok(Self { queues: classes.iter().map(queue).collect() })
    }

    /// Puts a packet of `octets` into a queue.
    ///
    /// # Errors
    /// The packet, if the queue is full or is none.
    pub fn enqueue(&mut self, queue: usize, packet: P, octets: u32) -> Result<(), Refused<P>> {
        match self.queues.get_mut(queue) {
            Some(place) => place.queue.push(packet, octets).map_err(refused),
            None => Err(Refused { packet, refusal: Refusal::NoSuchQueue }),
        }
    }

    /// The packet to send next, and the queue that it was in.
    pub fn dequeue(&mut self) -> Option<(usize, P)> {
        let owed = |class: &Guaranteed<P>| {
            class.queue.front().is_some_and(|octets| class.minimum > 0 && class.credit >= u64::from(octets).saturating_mul(WHOLE))
        };
        let next = self.queues.iter().position(owed);
        let next = next.or_else(|| self.queues.iter().position(|class| class.queue.front().is_some()))?;
        let (packet, octets) = self.queues.get_mut(next)?.queue.pop()?;
        let octets = u64::from(octets);
        for (number, class) in self.queues.iter_mut().enumerate() {
            if class.queue.front().is_none() {
                // Who has nothing to send saves nothing up.
                class.credit = 0;
                continue;
            }
            class.credit = class.credit.saturating_add(octets.saturating_mul(class.minimum));
            if number == next {
                class.credit = class.credit.saturating_sub(octets.saturating_mul(WHOLE));
            }
        }
        Some((next, packet))
    }

    /// Packets that wait in a queue.
    #[must_use]
    pub fn len(&self, queue: usize) -> usize {
        self.queues.get(queue).map_or(0, |class| class.queue.len())
    }

    /// Whether no packet waits in any queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queues.iter().all(|class| class.queue.len() == 0)
    }
}

/// A queue of [`DeficitRoundRobin`] or [`WeightedFair`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weighted {
    /// What it may hold.
    pub limit: Limit,
    /// Its part of the line, in relation to the others'.
    pub weight: u32,
}

/// Deficit round robin: in each round a queue that has packets sends `weight` times the MTU, less what the last packet lacked.
///
/// After m whole rounds, a queue that always had packets has sent m times its quantum, give or take less than one MTU.
#[derive(Debug, Clone)]
pub struct DeficitRoundRobin<P> {
    queues: Vec<Turn<P>>,
    /// Queues that have packets; the first one's turn it is.
    active: VecDeque<usize>,
    /// Whether the first has got its quantum.
    started: bool,
    mtu: u32,
    rounds: u64,
    /// Queues left in this round.
    left: usize,
}

#[derive(Debug, Clone)]
struct Turn<P> {
    queue: Queue<P>,
    quantum: u64,
    deficit: u64,
}

impl<P> DeficitRoundRobin<P> {
    /// Queues, for packets of up to `mtu` octets.
    ///
    /// # Errors
    /// [`Error::TooSmall`] without queues, for a weight of zero, or an MTU of zero.
    pub fn new(queues: &[Weighted], mtu: u32) -> Result<Self, Error> {
        check_weights(queues, mtu)?;
        let turn = |queue: &Weighted| Turn {
            queue: Queue::new(queue.limit),
            quantum: u64::from(queue.weight).saturating_mul(u64::from(mtu)),
            deficit: 0,
        };
        let queues = queues.iter().map(turn).collect();
        Ok(Self { queues, active: VecDeque::new(), started: false, mtu, rounds: 0, left: 0 })
    }

    /// Puts a packet of `octets` into a queue.
    ///
    /// # Errors
    /// The packet, if the queue is full or is none, or if it is longer than the MTU.
    pub fn enqueue(&mut self, queue: usize, packet: P, octets: u32) -> Result<(), Refused<P>> {
        let Some(turn) = self.queues.get_mut(queue) else { return Err(Refused { packet, refusal: Refusal::NoSuchQueue }) };
        if octets > self.mtu {
            return Err(Refused { packet, refusal: Refusal::LongerThanMtu });
        }
        let idle = turn.queue.len() == 0;
        turn.queue.push(packet, octets).map_err(refused)?;
        if idle {
            self.active.push_back(queue);
        }
        Ok(())
    }

    /// The packet to send next, and the queue that it was in.
    pub fn dequeue(&mut self) -> Option<(usize, P)> {
        // A quantum is one MTU at least, so the second look finds a packet.
        loop {
            let next = *self.active.front()?;
            if !self.started && self.left == 0 {
                self.left = self.active.len();
            }
            let turn = self.queues.get_mut(next)?;
            if !self.started {
                turn.deficit = turn.deficit.saturating_add(turn.quantum);
                self.started = true;
            }
            let octets = turn.queue.front()?;
            if let Some(deficit) = turn.deficit.checked_sub(u64::from(octets)) {
                turn.deficit = deficit;
                let (packet, _) = turn.queue.pop()?;
                if turn.queue.len() == 0 {
                    turn.deficit = 0;
                    self.active.pop_front();
                    self.end_turn();
                }
                return Some((next, packet));
            }
            self.active.rotate_left(1);
            self.end_turn();
        }
    }

    fn end_turn(&mut self) {
        self.started = false;
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.rounds = self.rounds.saturating_add(1);
        }
    }

    /// Rounds that are over: every queue that had packets at their start has had its turn.
    #[must_use]
    pub const fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Packets that wait in a queue.
    #[must_use]
    pub fn len(&self, queue: usize) -> usize {
        self.queues.get(queue).map_or(0, |turn| turn.queue.len())
    }

    /// Whether no packet waits in any queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.active.is_empty()
    }
}

/// Worst-case fair weighted fair queueing (WF2Q+): at any time a queue that always had packets has sent its share of all octets, give or take
/// one MTU.
#[derive(Debug, Clone)]
pub struct WeightedFair<P> {
    queues: Vec<Timed<P>>,
    mtu: u32,
    weights: u64,
    /// Octets per weight, with 32 fractional bits.
    now: u128,
}

#[derive(Debug, Clone)]
struct Timed<P> {
    queue: Queue<P>,
    weight: u64,
    /// Virtual time at which the first packet starts and ends.
    start: u128,
    finish: u128,
}

impl<P> Timed<P> {
    fn plan(&mut self, start: u128) {
        let octets = self.queue.front().unwrap_or(0);
        self.start = start;
        self.finish = start.saturating_add(share(octets, self.weight));
    }
}

/// How long `octets` take at a part of the line, in virtual time.
fn share(octets: u32, weight: u64) -> u128 {
    (u128::from(octets) << 32).checked_div(u128::from(weight)).unwrap_or(0)
}

impl<P> WeightedFair<P> {
    /// Queues, for packets of up to `mtu` octets.
    ///
    /// # Errors
    /// [`Error::TooSmall`] without queues, for a weight of zero, or an MTU of zero.
    pub fn new(queues: &[Weighted], mtu: u32) -> Result<Self, Error> {
        check_weights(queues, mtu)?;
        let weights = queues.iter().fold(0, |sum: u64, queue| sum.saturating_add(u64::from(queue.weight)));
        let timed =
            |queue: &Weighted| Timed { queue: Queue::new(queue.limit), weight: u64::from(queue.weight), start: 0, finish: 0 };
        Ok(Self { queues: queues.iter().map(timed).collect(), mtu, weights, now: 0 })
    }

    /// Puts a packet of `octets` into a queue.
    ///
    /// # Errors
    /// The packet, if the queue is full or is none, or if it is longer than the MTU.
    pub fn enqueue(&mut self, queue: usize, packet: P, octets: u32) -> Result<(), Refused<P>> {
        let Some(timed) = self.queues.get_mut(queue) else { return Err(Refused { packet, refusal: Refusal::NoSuchQueue }) };
        if octets > self.mtu {
            return Err(Refused { packet, refusal: Refusal::LongerThanMtu });
        }
        let idle = timed.queue.len() == 0;
        timed.queue.push(packet, octets).map_err(refused)?;
        if idle {
            timed.plan(timed.finish.max(self.now));
        }
        Ok(())
    }

    /// The packet to send next, and the queue that it was in.
    pub fn dequeue(&mut self) -> Option<(usize, P)> {
        let waiting = |timed: &&Timed<P>| timed.queue.len() > 0;
        // Time does not stand still while nobody is eligible.
        let earliest = self.queues.iter().filter(waiting).map(|timed| timed.start).min()?;
        self.now = self.now.max(earliest);
        let eligible = self.queues.iter().enumerate().filter(|(_, timed)| waiting(timed) && timed.start <= self.now);
        let (next, _) = eligible.min_by_key(|(_, timed)| timed.finish)?;
        let timed = self.queues.get_mut(next)?;
        let (packet, octets) = timed.queue.pop()?;
        if timed.queue.len() > 0 {
            timed.plan(timed.finish);
        }
        self.now = self.now.saturating_add(share(octets, self.weights));
        Some((next, packet))
    }

    /// Packets that wait in a queue.
    #[must_use]
    pub fn len(&self, queue: usize) -> usize {
        self.queues.get(queue).map_or(0, |timed| timed.queue.len())
    }

    /// Whether no packet waits in any queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queues.iter().all(|timed| timed.queue.len() == 0)
    }
}

fn refused<P>((packet, refusal): (P, Refusal)) -> Refused<P> {
    Refused { packet, refusal }
}

fn some(queues: usize) -> Result<(), Error> {
    if queues == 0 { Err(Error::TooSmall { field: Field::Queues, found: 0, min: 1 }) } else { Ok(()) }
}

fn check_weights(queues: &[Weighted], mtu: u32) -> Result<(), Error> {
    some(queues.len())?;
    if mtu == 0 {
        return Err(Error::TooSmall { field: Field::Mtu, found: 0, min: 1 });
    }
    if queues.iter().any(|queue| queue.weight == 0) {
        return Err(Error::TooSmall { field: Field::Share, found: 0, min: 1 });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
