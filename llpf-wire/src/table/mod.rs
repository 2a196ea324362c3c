//! Key tables and their cryptoperiods (thesis pp. 76-78, 85-88, 91-92).
//!
//! ```text
//! start                                                            end
//!   |  key 0  |  key 1  |  key 2  |       ...       | key N - 1 |
//!   |<period->|<period->|<period->|                 |<-period-->|
//! ```
//!
//! A table holds up to 65,536 keys. Each is used for one cryptoperiod, in the order of their indexes: the thesis's example is 25 keys of 15 seconds.
//! The table has then cycled through and is to be refreshed.

use core::time::Duration;

use crate::error::{Error, Field};

#[cfg(feature = "alloc")]
mod keys;
#[cfg(feature = "alloc")]
mod prepared;

#[cfg(feature = "alloc")]
pub use keys::KeyTable;
#[cfg(feature = "alloc")]
pub(crate) use prepared::{KeyRef, Prepared};

/// The most keys that a table can have: the index has 16 bits.
pub const MAX_KEYS: u32 = 1 << 16;

/// When each key of a table is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Schedule {
    start: u64,
    period: u64,
    keys: u32,
}

/// A cryptoperiod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Index of its key.
    pub index: u16,
    /// How many times the table has cycled through before: 0 the first time.
    pub cycle: u64,
    /// When it begins.
    pub from: Duration,
    /// When the next one begins.
    pub until: Duration,
}

impl Schedule {
    /// A table of `keys` keys, the first of them used from `start` on, each for `period`. Both count from the epoch that the caller's clock has; they are kept
    /// in nanoseconds.
    ///
    /// # Errors
    /// [`Error::TooSmall`] without a key or with a period of nothing; [`Error::DoesNotFit`] with more than [`MAX_KEYS`] keys, or if the end is later than
    /// 2^64 nanoseconds (584 years).
    pub fn new(start: Duration, period: Duration, keys: u32) -> Result<Self, Error> {
        if keys == 0 {
            return Err(Error::TooSmall { field: Field::KeyCount, found: 0, needed: 1 });
        }
        if keys > MAX_KEYS {
            return Err(Error::DoesNotFit { field: Field::KeyCount, found: keys, needed: MAX_KEYS });
        }
        if period.is_zero() {
            return Err(Error::TooSmall { field: Field::Period, found: 0, needed: 1 });
        }
        let exact = |time: Duration| u64::try_from(time.as_nanos()).ok();
        exact(start)
            .zip(exact(period))
            .filter(|(start, period)| period.checked_mul(keys.into()).and_then(|len| len.checked_add(*start)).is_some())
            .map(|(start, period)| Self { start, period, keys })
            .ok_or_else(|| {
                let found = u32::try_from(period.as_secs()).unwrap_or(u32::MAX);
                let left = Duration::from_nanos(u64::MAX).saturating_sub(start).as_secs().checked_div(keys.into()).unwrap_or(0);
                Error::DoesNotFit { field: Field::Period, found, needed: u32::try_from(left).unwrap_or(u32::MAX) }
            })
    }

    /// When the first key's cryptoperiod begins.
    #[must_use]
    pub const fn start(&self) -> Duration {
        Duration::from_nanos(self.start)
    }

    /// How long each key is used.
    #[must_use]
    pub const fn period(&self) -> Duration {
        Duration::from_nanos(self.period)
    }

    /// How many keys there are.
    #[must_use]
    pub const fn keys(&self) -> u32 {
        self.keys
    }

    /// When the last key's cryptoperiod ends: the table has cycled through.
    #[must_use]
    pub const fn end(&self) -> Duration {
        Duration::from_nanos(self.start.saturating_add(self.cycle_len()))
    }

    const fn cycle_len(&self) -> u64 {
        self.period.saturating_mul(self.keys as u64)
    }

    /// The cryptoperiod that `now` is in, counting on behind the last key as if the table began anew. `None` before the first.
    #[must_use]
    pub fn slot(&self, now: Duration) -> Option<Slot> {
        let elapsed = nanos(now).checked_sub(self.start)?;
        // Neither is 0 in a schedule.
        let number = elapsed.checked_div(self.period)?;
        let (cycle, index) = (number.checked_div(self.keys.into())?, number.checked_rem(self.keys.into())?);
        let from = self.start.saturating_add(number.saturating_mul(self.period));
        Some(Slot {
            index: u16::try_from(index).ok()?,
            cycle,
            from: Duration::from_nanos(from),
            until: Duration::from_nanos(from.saturating_add(self.period)),
        })
    }

    /// Whether the key `index` may be in use at `now`, by a clock that is at most `skew` away: in its first cryptoperiod, or with `wrap` in any.
    #[must_use]
    #[inline]
    pub fn is_in_period(&self, index: u16, now: Duration, skew: Duration, wrap: bool) -> bool {
        self.is_live(index, nanos(now), nanos(skew), wrap)
    }

    #[inline]
    pub(crate) fn is_live(&self, index: u16, now: u64, skew: u64, wrap: bool) -> bool {
        let from = self.start.saturating_add(self.period.saturating_mul(index.into()));
        let Some(since) = now.saturating_add(skew).checked_sub(from) else { return false };
        let cycles = if wrap { since.checked_div(self.cycle_len()).unwrap_or(0) } else { 0 };
        let until = from.saturating_add(cycles.saturating_mul(self.cycle_len())).saturating_add(self.period);
        u32::from(index) < self.keys && now < until.saturating_add(skew)
    }
}

/// A time in nanoseconds; what is later than they can say is as late as they can.
#[inline]
pub(crate) fn nanos(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000_000).saturating_add(time.subsec_nanos().into())
}

#[cfg(test)]
mod tests;
