//! Lifetimes of an association (RFC 4301 4.4.2.1): octets, packets and time, soft and hard.
//!
//! Octets are those of IP packets without protection, headers included; only packets that were sealed, or opened and accepted, count. A
//! packet that brings the count to a hard limit exactly is the last one; one that would go over it is refused. A soft limit is
//! reported once, with the packet that reaches it.

use core::fmt;
use core::time::Duration;

/// One set of limits; `None` is without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// Octets of IP packets.
    pub octets: Option<u64>,
    /// Packets.
    pub packets: Option<u64>,
    /// Time since the association was made.
    pub age: Option<Duration>,
    /// Time since its first packet.
    pub use_time: Option<Duration>,
}

impl Limits {
    const fn is_any(&self) -> bool {
        self.octets.is_some() || self.packets.is_some() || self.age.is_some() || self.use_time.is_some()
    }
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Octets.
    Octets,
    /// Packets.
    Packets,
    /// Time since the association was made.
    Age,
    /// Time since the first packet.
    UseTime,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Octets => "octets",
            Self::Packets => "packets",
            Self::Age => "age",
            Self::UseTime => "time of use",
        })
    }
}

/// What an association has carried, and its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    soft: Limits,
    hard: Limits,
    made: Duration,
    first_use: Option<Duration>,
    octets: u64,
    packets: u64,
    /// Whether there is a hard limit at all.
    limited: bool,
    /// Whether a soft limit is still to be reported.
    watched: bool,
}

impl Lifetime {
    /// Starts at `made`.
    #[must_use]
    pub const fn new(made: Duration, soft: Limits, hard: Limits) -> Self {
        let (limited, watched) = (hard.is_any(), soft.is_any());
        Self { soft, hard, made, first_use: None, octets: 0, packets: 0, limited, watched }
    }

    /// Octets carried.
    #[must_use]
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    /// Packets carried.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// The hard limit that a packet of `octets` would break now.
    #[must_use]
    #[inline]
    pub fn expired(&self, now: Duration, octets: usize) -> Option<Limit> {
        if !self.limited {
            return None;
        }
        let octets = self.octets.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        self.over(&self.hard, now, octets.saturating_sub(1), self.packets)
    }

    /// Counts a packet, and says once when a soft limit is reached: time to replace the association.
    #[inline]
    pub fn count(&mut self, now: Duration, octets: usize) -> Option<Limit> {
        self.octets = self.octets.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        self.packets = self.packets.saturating_add(1);
        if self.first_use.is_none() {
            self.first_use = Some(now);
        }
        if !self.watched {
            return None;
        }
        let limit = self.over(&self.soft, now, self.octets, self.packets);
        self.watched = limit.is_none();
        limit
    }

    /// When a limit of time, soft (unless reported) or hard, is reached next: a time for the caller's timer.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let of = |limits: &Limits| {
            let age = limits.age.map(|age| self.made.saturating_add(age));
            let used = limits.use_time.zip(self.first_use).map(|(time, first)| first.saturating_add(time));
            [age, used].into_iter().flatten().min()
        };
        let soft = if self.watched { of(&self.soft) } else { None };
        [soft, of(&self.hard)].into_iter().flatten().min()
    }

    /// Says once when a soft limit of time has passed without a packet.
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Limit> {
        if !self.watched {
            return None;
        }
        let limit = self.over(&self.soft, now, self.octets, self.packets);
        self.watched = limit.is_none();
        limit
    }

    fn over(&self, limits: &Limits, now: Duration, octets: u64, packets: u64) -> Option<Limit> {
        if limits.octets.is_some_and(|limit| octets >= limit) {
            return Some(Limit::Octets);
        }
        if limits.packets.is_some_and(|limit| packets >= limit) {
            return Some(Limit::Packets);
        }
        if limits.age.is_some_and(|limit| now.saturating_sub(self.made) >= limit) {
            return Some(Limit::Age);
        }
        let used = self.first_use.map_or(Duration::ZERO, |first| now.saturating_sub(first));
        if self.first_use.is_some() && limits.use_time.is_some_and(|limit| used >= limit) {
            return Some(Limit::UseTime);
        }
        None
    }
}

#[cfg(test)]
mod tests;
