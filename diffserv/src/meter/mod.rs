//! Meters: how a stream of packets compares with its traffic profile (RFC 2475 2.3.3.1).
//!
//! ```text
//!          rate tokens a second              one color a packet
//!                 |                        +-- green:  in profile
//!         +-------v-------+                |
//!         | bucket, burst |-- packet, B ---+-- yellow: over the committed, within the excess or the peak
//!         +---------------+                |
//!                                          +-- red:    out of profile
//! ```
//!
//! | meter | buckets | colors | source |
//! | --- | --- | --- | --- |
//! | [`TokenBucket`] | rate, burst | green, red | RFC 2475 2.3.2 |
//! | [`SrTcm`] | CBS and EBS, both filled at CIR | green, yellow, red | RFC 2697 |
//! | [`TrTcm`] | CBS at CIR, PBS at PIR | green, yellow, red | RFC 2698 |
//! | [`Rfc4115`] | CBS at CIR, EBS at EIR | green, yellow, red | RFC 4115 |
//! | [`AverageRate`], [`Ewma`] | none: a mean over intervals | green, red | RFC 3290 5.1 |
//!
//! What was agreed ([`Profile`] and its parts) and how full the buckets are ([`Buckets`], 32 octets) are apart: a million flows share one
//! profile.
//!
//! # Exactness
//!
//! Tokens are octets of IP packets, or packets ([`Unit`]). The k-th token of a rate R exists from k/R seconds on after the meter's start, for
//! every k, in whole numbers: the remainder of a division is kept, also while a bucket is full, so no rate drifts in any time and none is
//! rounded. A packet of B octets conforms if B tokens are there. Buckets are full at the start. A clock that goes backwards is
//! held: nothing happens until it is where it was.
//!
//! ```
//! use core::time::Duration;
//! use diffserv::meter::{Color, SrTcm};
//!
//! // 125,000 octets a second; 3,000 at once are green, 1,500 more yellow.
//! let profile = SrTcm::new(125_000, 3000, 1500)?;
//! let mut buckets = profile.start(Duration::ZERO);
//! let colors = [1500, 1500, 1500, 1500].map(|octets| profile.blind(&mut buckets, Duration::ZERO, octets));
//! assert_eq!(colors, [Color::Green, Color::Green, Color::Yellow, Color::Red]);
//! // 12 ms later there are 1,500 tokens again.
//! assert_eq!(profile.blind(&mut buckets, Duration::from_millis(12), 1500), Color::Green);
//! # Ok::<(), diffserv::Error>(())
//! ```

use core::fmt;
use core::time::Duration;

use crate::Error;

mod average;
mod bucket;
mod profile;

pub use average::{AverageRate, Ewma};
pub use bucket::{Buckets, MAX_BURST, MAX_RATE};
pub use profile::{Mode, Profile, Rfc4115, SrTcm, TokenBucket, TrTcm, Unit};

/// What a meter says of a packet; "greater" is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Color {
    /// In profile.
    #[default]
    Green,
    /// Over the committed burst, within the excess or peak burst.
    Yellow,
    /// Out of profile.
    Red,
}

impl Color {
    /// The three colors, best first.
    pub const ALL: [Self; 3] = [Self::Green, Self::Yellow, Self::Red];

    /// The color's place in [`Color::ALL`].
    #[must_use]
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        })
    }
}

/// A profile and its buckets, for those who meter one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    profile: Profile,
    mode: Mode,
    buckets: Buckets,
}

impl Meter {
    /// A meter whose buckets are full at `now`.
    #[must_use]
    pub fn new(profile: Profile, mode: Mode, now: Duration) -> Self {
        Self { profile, mode, buckets: profile.start(now) }
    }

    /// The color of a packet of `octets` that comes at `now`. `color` is what it came with, which only [`Mode::Aware`] looks at.
    #[inline]
    pub fn meter(&mut self, now: Duration, octets: u32, color: Color) -> Color {
        self.profile.meter(&mut self.buckets, self.mode, now, octets, color)
    }

    /// What was agreed.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Whether the packet's own color counts.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The tokens as of the last packet.
    #[must_use]
    pub const fn buckets(&self) -> &Buckets {
        &self.buckets
    }
}

/// One packet for [`Profile::meter_many`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The flow's place in the slice of buckets.
    pub flow: usize,
    /// Octets of the IP packet.
    pub octets: u32,
    /// The color that the packet came with.
    pub color: Color,
}

/// Refuses what no bucket can hold.
const fn burst(field: crate::Field, found: u64) -> Result<u64, Error> {
    if found > MAX_BURST { Err(Error::TooLarge { field, found, max: MAX_BURST }) } else { Ok(found) }
}

/// Refuses what no rate can be.
const fn rate(field: crate::Field, found: u64) -> Result<u64, Error> {
    if found > MAX_RATE { Err(Error::TooLarge { field, found, max: MAX_RATE }) } else { Ok(found) }
}

/// A rate that has to be more than nothing.
const fn positive(field: crate::Field, found: u64) -> Result<u64, Error> {
    if found == 0 { Err(Error::TooSmall { field, found, min: 1 }) } else { rate(field, found) }
}

#[cfg(test)]
mod tests;
