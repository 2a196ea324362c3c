//! A bounded first-in, first-out queue, as shapers and schedulers have them.

use alloc::collections::VecDeque;

/// What a queue may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Limit {
    /// Packets.
    pub packets: usize,
    /// Octets of all packets together.
    pub octets: u64,
}

/// Why a packet was not taken.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The queue has as many packets as it may.
    TooManyPackets,
    /// The queue would have more octets than it may.
    TooManyOctets,
    /// The packet is longer than the bucket is deep.
    LongerThanBurst,
    /// The packet is longer than the scheduler was told that packets are.
    LongerThanMtu,
    /// There is no queue of that number.
    NoSuchQueue,
}

#[derive(Debug, Clone)]
pub(crate) struct Queue<P> {
    packets: VecDeque<(P, u32)>,
    octets: u64,
    limit: Limit,
}

impl<P> Queue<P> {
    pub(crate) const fn new(limit: Limit) -> Self {
        Self { packets: VecDeque::new(), octets: 0, limit }
    }

    pub(crate) fn push(&mut self, packet: P, octets: u32) -> Result<(), (P, Refusal)> {
        if self.packets.len() >= self.limit.packets {
            return Err((packet, Refusal::TooManyPackets));
        }
        let sum = self.octets.saturating_add(u64::from(octets));
        if sum > self.limit.octets {
            return Err((packet, Refusal::TooManyOctets));
        }
        self.octets = sum;
        self.packets.push_back((packet, octets));
        Ok(())
    }

    pub(crate) fn pop(&mut self) -> Option<(P, u32)> {
        let (packet, octets) = self.packets.pop_front()?;
        self.octets = self.octets.saturating_sub(u64::from(octets));
        Some((packet, octets))
    }

    /// Octets of the next packet.
    pub(crate) fn front(&self) -> Option<u32> {
        self.packets.front().map(|(_, octets)| *octets)
    }

    pub(crate) fn len(&self) -> usize {
        self.packets.len()
    }

    pub(crate) const fn octets(&self) -> u64 {
        self.octets
    }
}
