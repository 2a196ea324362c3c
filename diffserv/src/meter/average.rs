//! Meters that compare a mean with a rate (RFC 3290 5.1.1 and 5.1.2).

use core::time::Duration;

use super::bucket::nanoseconds;
use super::{Color, MAX_RATE, positive};
use crate::mean::decayed;
use crate::{Error, Field};

/// Counts octets over intervals of one length, one after the other: a packet is green if the interval's octets, its own included, are no
/// more than the rate allows (RFC 3290 5.1.1).
///
/// A packet that is red is not counted: what was not admitted does not use up the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AverageRate {
    interval: u64,
    allowed: u64,
    start: u64,
    counted: u64,
}

impl AverageRate {
    /// At most `rate` octets a second, averaged over `interval`.
    ///
    /// # Errors
    /// [`Error::TooSmall`] if the rate or the interval is zero, or so small that the interval allows no octet; [`Error::TooLarge`] over
    /// [`MAX_RATE`].
    pub fn new(rate: u64, interval: Duration, now: Duration) -> Result<Self, Error> {
        let rate = positive(Field::Rate, rate)?;
        let (interval, allowed) = (interval_of(interval)?, allowance(rate, interval));
        if allowed == 0 {
            return Err(Error::TooSmall { field: Field::Interval, found: interval, min: 1_000_000_000_u64.div_ceil(rate) });
        }
        Ok(Self { interval, allowed, start: nanoseconds(now), counted: 0 })
    }

    /// Green if the interval that `now` is in has room for `octets`.
    pub fn meter(&mut self, now: Duration, octets: u32) -> Color {
        let elapsed = nanoseconds(now).saturating_sub(self.start);
        if elapsed >= self.interval {
            let whole = elapsed.checked_rem(self.interval).map_or(0, |part| elapsed.saturating_sub(part));
            self.start = self.start.saturating_add(whole);
            self.counted = 0;
        }
        let counted = self.counted.saturating_add(u64::from(octets));
        if counted > self.allowed {
            return Color::Red;
        }
        self.counted = counted;
        Color::Green
    }
}

/// An exponentially weighted moving average of the arrival rate: `avg = (1 - gain) avg + gain x actual` at the end of each interval
/// (RFC 3290 5.1.2). Packets are green while the average is at or below the rate.
///
/// The gain is 2^-`shift`, so that the average is kept exactly to 1/65,536 octet a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ewma {
    rate: u64,
    interval: u64,
    shift: u32,
    start: u64,
    counted: u64,
    /// Octets a second, with 16 fractional bits.
    average: u128,
}

impl Ewma {
    /// Compares the average, updated every `interval` with gain 2^-`shift`, with `rate` octets a second.
    ///
    /// # Errors
    /// [`Error::TooSmall`] if rate or interval is zero, [`Error::TooLarge`] over [`MAX_RATE`] or a shift of 16.
    pub fn new(rate: u64, interval: Duration, shift: u32, now: Duration) -> Result<Self, Error> {
        if shift > 16 {
            return Err(Error::TooLarge { field: Field::Gain, found: u64::from(shift), max: 16 });
        }
        let rate = positive(Field::Rate, rate)?;
        Ok(Self { rate, interval: interval_of(interval)?, shift, start: nanoseconds(now), counted: 0, average: 0 })
    }

    /// Counts a packet, and tells whether the average up to the last whole interval is within the rate.
    pub fn meter(&mut self, now: Duration, octets: u32) -> Color {
        let elapsed = nanoseconds(now).saturating_sub(self.start);
        let intervals = elapsed.checked_div(self.interval).unwrap_or(0);
        if intervals > 0 {
            self.close(intervals);
        }
        self.counted = self.counted.saturating_add(u64::from(octets));
        if self.average <= u128::from(self.rate) << FRACTION { Color::Green } else { Color::Red }
    }

    /// The average, in whole octets a second.
    #[must_use]
    pub fn average(&self) -> u64 {
        u64::try_from(self.average >> FRACTION).unwrap_or(u64::MAX)
    }

    fn close(&mut self, intervals: u64) {
        let second = 1_000_000_000_u128;
        let actual = u128::from(self.counted).saturating_mul(second) << FRACTION;
        let actual = actual.checked_div(u128::from(self.interval)).unwrap_or(0);
        self.average = self.average.saturating_sub(self.average >> self.shift).saturating_add(actual >> self.shift);
        self.average = decayed(self.average, self.shift, intervals.saturating_sub(1));
        self.start = self.start.saturating_add(intervals.saturating_mul(self.interval));
        self.counted = 0;
    }
}

const FRACTION: u32 = 16;

fn interval_of(interval: Duration) -> Result<u64, Error> {
    match nanoseconds(interval) {
        0 => Err(Error::TooSmall { field: Field::Interval, found: 0, min: 1 }),
        interval => Ok(interval),
    }
}

/// Octets that a rate allows in an interval.
fn allowance(rate: u64, interval: Duration) -> u64 {
    let parts = u128::from(rate.min(MAX_RATE)).saturating_mul(u128::from(nanoseconds(interval)));
    u64::try_from(parts / 1_000_000_000).unwrap_or(u64::MAX)
}
