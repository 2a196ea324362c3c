//! Audit of what a conditioner refused or changed (RFC 2475 6.1 to 6.3).
//!
//! Each [`Event`] says when it was, from where to where the packet went, with which codepoint, and why. Records are bounded in number
//! and in rate, counters are exact, and any kind of event can be switched off: counters go on.
//!
//! ```
//! use core::time::Duration;
//! use diffserv::audit::{Audit, Config, Event, Kind};
//! use ip_wire::Dscp;
//!
//! let mut audit = Audit::new(Config::default().with_records(2))?;
//! let event = Event::new(Kind::OutOfProfile, Duration::ZERO, "192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap(), Dscp::EF);
//! for _ in 0..1000 {
//!     audit.record(event);
//! }
//! assert_eq!((audit.count(Kind::OutOfProfile), audit.suppressed()), (1000, 998));
//! assert_eq!(core::iter::from_fn(|| audit.poll()).count(), 2);
//! # Ok::<(), diffserv::Error>(())
//! ```

use alloc::collections::VecDeque;
use core::net::IpAddr;
use core::time::Duration;

use ip_wire::Dscp;

use crate::meter::{Buckets, Color, TokenBucket};
use crate::{Error, Field};

/// Why a packet is worth a record.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Its codepoint is none that the ingress node accepts (RFC 2475 6.1).
    UnacceptableCodepoint,
    /// It was out of profile and dropped.
    OutOfProfile,
    /// The shaper's queue was full, or the packet longer than its burst.
    NotShaped,
    /// It came out of a tunnel with inner and outer codepoints that do not go together (RFC 2475 6.2).
    TunnelMismatch,
    /// It came out of a tunnel marked congested, and its transport does not understand that (RFC 6040 4.2).
    TunnelCongestion,
    /// It came out of a tunnel with a combination of ECN codepoints that a correct ingress does not make (RFC 6040 4.2).
    TunnelEcn,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::UnacceptableCodepoint,
        Self::OutOfProfile,
        Self::NotShaped,
        Self::TunnelMismatch,
        Self::TunnelCongestion,
        Self::TunnelEcn,
    ];

    /// A word for it, as logs have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnacceptableCodepoint => "unacceptable-codepoint",
            Self::OutOfProfile => "out-of-profile",
            Self::NotShaped => "not-shaped",
            Self::TunnelMismatch => "tunnel-mismatch",
            Self::TunnelCongestion => "tunnel-congestion",
            Self::TunnelEcn => "tunnel-ecn",
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// What happened: the least that RFC 2475 6.1 asks for, and the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Why.
    pub kind: Kind,
    /// When the packet came.
    pub time: Duration,
    /// Its source.
    pub source: IpAddr,
    /// Its destination.
    pub destination: IpAddr,
    /// The codepoint that it came with.
    pub dscp: Dscp,
    /// The rule that it matched, by its place in the agreement.
    pub rule: Option<usize>,
    /// What its meter said.
    pub color: Option<Color>,
}

impl Event {
    /// An event without rule and color.
    #[must_use]
    pub const fn new(kind: Kind, time: Duration, source: IpAddr, destination: IpAddr, dscp: Dscp) -> Self {
        Self { kind, time, source, destination, dscp, rule: None, color: None }
    }
}

/// What is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    records: usize,
    rate: Option<(u64, u64)>,
    enabled: [bool; Kind::ALL.len()],
}

impl Default for Config {
    /// All kinds, 1,024 records, 100 a second after a burst of 1,024.
    fn default() -> Self {
        Self { records: 1024, rate: Some((100, 1024)), enabled: [true; Kind::ALL.len()] }
    }
}

impl Config {
    /// Nothing is recorded.
    #[must_use]
    pub const fn off() -> Self {
        Self { records: 0, rate: None, enabled: [false; Kind::ALL.len()] }
    }

    /// The same, with so many events kept until they are polled.
    #[must_use]
    pub const fn with_records(self, records: usize) -> Self {
        Self { records, ..self }
    }

    /// The same, with so many events a second, and so many at once; none for no bound but that of the records.
    #[must_use]
    pub const fn with_rate(self, rate: Option<(u64, u64)>) -> Self {
        Self { rate, ..self }
    }

    /// The same, with one kind recorded or not.
    #[must_use]
    pub fn with(mut self, kind: Kind, enabled: bool) -> Self {
        if let Some(place) = self.enabled.get_mut(kind.index()) {
            *place = enabled;
        }
        self
    }

    /// Whether a kind is recorded.
    #[must_use]
    pub fn records(&self, kind: Kind) -> bool {
        self.enabled.get(kind.index()).copied().unwrap_or(false)
    }
}

/// Bounded records and exact counters.
#[derive(Debug, Clone)]
pub struct Audit {
    config: Config,
    bucket: Option<(TokenBucket, Buckets)>,
    events: VecDeque<Event>,
    counts: [u64; Kind::ALL.len()],
    suppressed: u64,
}

impl Audit {
    /// Without events yet. The rate's bucket is full at the time of the first one.
    ///
    /// # Errors
    /// Those of [`TokenBucket::new`] for the rate; [`Error::TooLarge`] for more than 2^24 records.
    pub fn new(config: Config) -> Result<Self, Error> {
        if config.records > MAX_RECORDS {
            let found = u64::try_from(config.records).unwrap_or(u64::MAX);
            return Err(Error::TooLarge { field: Field::Records, found, max: 1 << 24 });
        }
        let bucket = match config.rate {
            Some((rate, burst)) => {
                let bucket = TokenBucket::new(rate, burst)?;
                Some((bucket, bucket.start(Duration::ZERO)))
            }
            None => None,
        };
        Ok(Self { config, bucket, events: VecDeque::new(), counts: [0; Kind::ALL.len()], suppressed: 0 })
    }

    /// Counts an event, and keeps it if its kind is on, there is room and the rate allows. Returns whether it was kept.
    pub fn record(&mut self, event: Event) -> bool {
        if let Some(count) = self.counts.get_mut(event.kind.index()) {
            *count = count.saturating_add(1);
        }
        if !self.config.records(event.kind) {
            return false;
        }
        let room = self.events.len() < self.config.records;
        let allowed =
            room && self.bucket.as_mut().is_none_or(|(bucket, buckets)| bucket.meter(buckets, event.time, 1) == Color::Green);
        if allowed {
            self.events.push_back(event);
        } else {
            self.suppressed = self.suppressed.saturating_add(1);
        }
        allowed
    }

    /// The oldest event that was kept.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// How many events of a kind there were, recorded or not.
    #[must_use]
    pub fn count(&self, kind: Kind) -> u64 {
        self.counts.get(kind.index()).copied().unwrap_or(0)
    }

    /// How many events of kinds that are on were not kept, for lack of room or because they came too fast.
    #[must_use]
    pub const fn suppressed(&self) -> u64 {
        self.suppressed
    }
}

const MAX_RECORDS: usize = 1 << 24;

#[cfg(test)]
mod tests;
