//! Droppers: policing by color, and random early detection for a queue (RFC 2475 2.3.3.4, RFC 2597 2 and 4).
//!
//! ```text
//!  probability
//!   1 |                       +-------------   at the maximum and over it every packet is dropped
//!     |                       |
//!     |                       |
//!  pmax|                     .+
//!     |                .  '
//!     |           .  '
//!   0 +---------+-------------+-------------   average queue length
//!             minimum      maximum
//! ```
//!
//! [`Red`] with three curves is the active queue management that RFC 2597 asks for: the higher a packet's drop precedence, the earlier it
//! goes. All curves look at one average, that of the whole class's queue. Arithmetic is in whole numbers, and chance is the caller's: the
//! same numbers give the same drops.
//!
//! ```
//! use core::time::Duration;
//! use diffserv::Color;
//! use diffserv::dropper::{Average, Curve, Red, RedVerdict};
//! # struct Chance(u64);
//! # impl rand_core::TryRng for Chance {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1); Ok((self.0 >> 33) as u32) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(0) }
//! #     fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> { Ok(()) }
//! # }
//! # let mut rng = Chance(1);
//!
//! let curves = [Curve::new(40, 70, 10)?, Curve::new(20, 50, 10)?, Curve::new(10, 30, 5)?];
//! let mut red = Red::weighted(curves, Average { shift: 2, service: Duration::from_micros(12) })?;
//! // A queue of 35 packets builds up: red packets are dropped, green ones are not.
//! for _ in 0..50 {
//!     assert_eq!(red.offer(Color::Green, 35, Duration::ZERO, false, &mut rng), RedVerdict::Admit);
//! }
//! assert_eq!(red.offer(Color::Red, 35, Duration::ZERO, false, &mut rng), RedVerdict::Drop);
//! # Ok::<(), diffserv::Error>(())
//! ```

use core::time::Duration;

use rand_core::Rng;

use crate::mean::decayed;
use crate::meter::{Color, Meter};
use crate::{Error, Field};

/// Drops what its meter finds worse than a color (RFC 2475 2.3.3.4: a shaper without a buffer).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policer {
    meter: Meter,
    worst: Color,
    passed: u64,
    dropped: u64,
}

impl Policer {
    /// Lets packets pass up to and including the color `worst`.
    #[must_use]
    pub const fn new(meter: Meter, worst: Color) -> Self {
        Self { meter, worst, passed: 0, dropped: 0 }
    }

    /// The color of a packet that may pass; `None` for one to be dropped.
    pub fn police(&mut self, now: Duration, octets: u32, color: Color) -> Option<Color> {
        let color = self.meter.meter(now, octets, color);
        if color > self.worst {
            self.dropped = self.dropped.saturating_add(1);
            return None;
        }
        self.passed = self.passed.saturating_add(1);
        Some(color)
    }

    /// Packets that passed.
    #[must_use]
    pub const fn passed(&self) -> u64 {
        self.passed
    }

    /// Packets that were dropped.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Where dropping starts, where it is certain, and how likely it is just before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Curve {
    minimum: u32,
    maximum: u32,
    one_in: u32,
}

impl Curve {
    /// Nothing is dropped below an average queue of `minimum`, everything from `maximum` on, and one packet in `one_in` right below it. Lengths
    /// are in whatever unit queue lengths are given.
    ///
    /// # Errors
    /// [`Error::TooSmall`] if `maximum` is not over `minimum` or `one_in` is zero.
    pub const fn new(minimum: u32, maximum: u32, one_in: u32) -> Result<Self, Error> {
        if maximum <= minimum {
            return Err(Error::TooSmall {
                field: Field::MaximumThreshold,
                found: maximum as u64,
                min: (minimum as u64).saturating_add(1),
            });
        }
        if one_in == 0 {
            return Err(Error::TooSmall { field: Field::Probability, found: 0, min: 1 });
        }
        Ok(Self { minimum, maximum, one_in })
    }
}

/// How the average follows the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Average {
    /// The weight of a new length is 2^-`shift`, 0 to 16; 9 is usual.
    pub shift: u32,
    /// The time a usual packet takes to be sent: an idle queue's average decays by one step for each.
    pub service: Duration,
}

/// What becomes of a packet before it is put into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RedVerdict {
    /// Into the queue.
    Admit,
    /// Into the queue, with ECN's congestion experienced set (RFC 3168 5).
    MarkCongestion,
    /// Dropped.
    Drop,
}

/// Random early detection, with a curve for each color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Red {
    curves: [Curve; 3],
    average: Average,
    /// With 16 fractional bits.
    mean: u64,
    /// Packets of each color since the last drop of that color.
    since: [u32; 3],
    idle_since: Option<Duration>,
}

impl Red {
    /// One curve for all packets.
    ///
    /// # Errors
    /// Those of [`Red::weighted`].
    pub fn new(curve: Curve, average: Average) -> Result<Self, Error> {
        Self::weighted([curve; 3], average)
    }

    /// A curve for each color, in the order of [`Color::ALL`].
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a shift over 16, or if a worse color's curve starts or ends later than a better one's (RFC 2597 2: packets of a
    /// higher drop precedence must not fare better).
    pub fn weighted(curves: [Curve; 3], average: Average) -> Result<Self, Error> {
        if average.shift > 16 {
            return Err(Error::TooLarge { field: Field::Gain, found: u64::from(average.shift), max: 16 });
        }
        let [green, yellow, red] = curves;
        for (better, worse) in [(green, yellow), (yellow, red)] {
            if worse.minimum > better.minimum {
                let (found, max) = (u64::from(worse.minimum), u64::from(better.minimum));
                return Err(Error::TooLarge { field: Field::MinimumThreshold, found, max });
            }
            if worse.maximum > better.maximum {
                let (found, max) = (u64::from(worse.maximum), u64::from(better.maximum));
                return Err(Error::TooLarge { field: Field::MaximumThreshold, found, max });
            }
        }
        Ok(Self { curves, average, mean: 0, since: [0; 3], idle_since: None })
    }

    /// Tells that the queue ran empty.
    pub fn idle(&mut self, now: Duration) {
        self.idle_since = Some(now);
    }

    /// What becomes of a packet that finds `queue` in front of it. `capable` says that its transport understands ECN: then a packet that would
    /// be dropped early is marked.
    pub fn offer(&mut self, color: Color, queue: u32, now: Duration, capable: bool, rng: &mut impl Rng) -> RedVerdict {
        self.update(queue, now);
        let (Some(curve), Some(since)) = (self.curves.get(color.index()), self.since.get_mut(color.index())) else {
            return RedVerdict::Admit;
        };
        let (minimum, maximum) = (u64::from(curve.minimum) << FRACTION, u64::from(curve.maximum) << FRACTION);
        if self.mean < minimum {
            *since = 0;
            return RedVerdict::Admit;
        }
        if self.mean >= maximum {
            *since = 0;
            return RedVerdict::Drop;
        }
        // p = pmax (mean - min) / (max - min); then p / (1 - since p), so that drops are spread evenly.
        let over = u128::from(self.mean.saturating_sub(minimum));
        let width = u128::from(maximum.saturating_sub(minimum)).saturating_mul(u128::from(curve.one_in));
        let left = width.saturating_sub(over.saturating_mul(u128::from(*since)));
        let hit = u128::from(rng.next_u32()).saturating_mul(left) < over << 32;
        if !hit {
            *since = since.saturating_add(1);
            return RedVerdict::Admit;
        }
        *since = 0;
        if capable { RedVerdict::MarkCongestion } else { RedVerdict::Drop }
    }

    /// The average queue length, rounded down.
    #[must_use]
    pub fn average(&self) -> u32 {
        u32::try_from(self.mean >> FRACTION).unwrap_or(u32::MAX)
    }

    fn update(&mut self, queue: u32, now: Duration) {
        if let Some(since) = self.idle_since.take() {
            let service = self.average.service.as_nanos().max(1);
            let sent = now.saturating_sub(since).as_nanos().checked_div(service).unwrap_or(0);
            let mean = decayed(u128::from(self.mean), self.average.shift, u64::try_from(sent).unwrap_or(u64::MAX));
            self.mean = u64::try_from(mean).unwrap_or(u64::MAX);
        }
        let queue = u64::from(queue) << FRACTION;
        self.mean = self.mean.saturating_sub(self.mean >> self.average.shift).saturating_add(queue >> self.average.shift);
    }
}

const FRACTION: u32 = 16;

#[cfg(test)]
mod tests;
