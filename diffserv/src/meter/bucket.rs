//! Tokens that grow with time, in whole numbers.

use core::time::Duration;

/// The highest rate, 2^40 tokens a second: 8.8 Tbit/s in octets.
pub const MAX_RATE: u64 = 1 << 40;
/// The largest bucket, 2^32 - 1 tokens.
pub const MAX_BURST: u64 = u32::MAX as u64;

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// How full a stream's buckets are, and since when: the state of any meter of this module but the averaging ones.
///
/// What a rate has made is counted from an origin, so that nothing is left over from packet to packet, and a packet waits for no more of the one
/// before it than for the levels. Aligned to its size: no flow's state lies in two cache lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(align(32))]
pub struct Buckets {
    /// Nanoseconds since the caller's epoch; more than 584 years saturate.
    origin: u64,
    /// Tokens that each rate has made since the origin, as of the last packet.
    made: [u64; 2],
    /// Tokens in the committed bucket, or the only one, and in that of the excess or peak.
    levels: [u32; 2],
}

impl Buckets {
    /// Bursts are no more than [`MAX_BURST`].
    pub(super) fn full(now: Duration, first: u64, second: u64) -> Self {
        Self { origin: nanoseconds(now), made: [0; 2], levels: [level(first), level(second)] }
    }

    /// Tokens in the committed bucket, or the only one, as of the last packet.
    #[must_use]
    pub const fn committed(&self) -> u64 {
        let [first, _] = self.levels;
        first as u64
    }

    /// Tokens in the excess or peak bucket as of the last packet.
    #[must_use]
    pub const fn excess(&self) -> u64 {
        let [_, second] = self.levels;
        second as u64
    }

    /// One bucket that fills at `rate`.
    #[inline]
    pub(super) fn fill_one(&mut self, now: Duration, rate: u64, burst: u64) {
        let [grown, _] = self.grow(now, [rate, 0]);
        let [first, _] = &mut self.levels;
        *first = level(u64::from(*first).saturating_add(grown).min(burst));
    }

    /// Two, each at its rate.
    #[inline]
    pub(super) fn fill_both(&mut self, now: Duration, rates: [u64; 2], bursts: [u64; 2]) {
        let grown = self.grow(now, rates);
        for ((tokens, grown), burst) in self.levels.iter_mut().zip(grown).zip(bursts) {
            *tokens = level(u64::from(*tokens).saturating_add(grown).min(burst));
        }
    }

    /// Both from one rate: what the first can't hold flows into the second.
    #[inline]
    pub(super) fn fill_over(&mut self, now: Duration, rate: u64, bursts: [u64; 2]) {
        let [grown, _] = self.grow(now, [rate, 0]);
        let [first, second] = &mut self.levels;
        let all = u64::from(*first).saturating_add(grown);
        let [committed, excess] = bursts;
        *first = level(all.min(committed));
        *second = level(u64::from(*second).saturating_add(all.saturating_sub(committed)).min(excess));
    }

    /// Takes `cost` tokens if they are there.
    #[inline]
    pub(super) fn take_first(&mut self, cost: u32) -> bool {
        let [first, _] = &mut self.levels;
        take(first, cost)
    }

    /// Takes `cost` tokens if they are there.
    #[inline]
    pub(super) fn take_second(&mut self, cost: u32) -> bool {
        let [_, second] = &mut self.levels;
        take(second, cost)
    }

    /// The instant at which the first bucket has `needed` tokens, if nothing is taken; one that is past if it has them.
    #[cfg(feature = "alloc")]
    pub(crate) fn ready(&self, rate: u64, needed: u64) -> Duration {
        let [made, _] = self.made;
        let tokens = u128::from(made).saturating_add(u128::from(needed.saturating_sub(self.committed())));
        let wait = tokens.saturating_mul(u128::from(SECOND)).div_ceil(u128::from(rate.max(1)));
        let at = u128::from(self.origin).saturating_add(wait);
        Duration::from_nanos(u64::try_from(at).unwrap_or(u64::MAX))
    }

    /// Where the state is: what a batch reads to have it near.
    #[inline]
    pub(super) const fn origin(&self) -> u64 {
        self.origin
    }

    /// Tokens that came since the last call. A clock that went backwards brings none until it is where it was.
    #[inline]
    fn grow(&mut self, now: Duration, rates: [u64; 2]) -> [u64; 2] {
        let elapsed = nanoseconds(now).saturating_sub(self.origin);
        let [first, second] = rates;
        // Enough for 16 ms at the highest rate, and for 147 s at 1 Gbit/s; then the origin moves.
        let (Some(first), Some(second)) = (elapsed.checked_mul(first), elapsed.checked_mul(second)) else {
            return self.move_on(elapsed, rates);
        };
        let totals = [first / SECOND, second / SECOND];
        let mut grown = [0; 2];
        for ((grown, made), total) in grown.iter_mut().zip(&mut self.made).zip(totals) {
            *grown = total.saturating_sub(*made);
            *made = total.max(*made);
        }
        grown
    }

    /// The same, and moves the origin on by whole seconds, in which every rate makes a whole number of tokens.
    #[cold]
    fn move_on(&mut self, elapsed: u64, rates: [u64; 2]) -> [u64; 2] {
        let seconds = elapsed / SECOND;
        let mut grown = [0; 2];
        for ((grown, made), rate) in grown.iter_mut().zip(&mut self.made).zip(rates) {
            const WIDE: u128 = SECOND as u128;
            // At most 2^64 by 2^40.
            let total = u128::from(elapsed).saturating_mul(u128::from(rate)) / WIDE;
            let latest = total.max(u128::from(*made));
            *grown = u64::try_from(latest.saturating_sub(u128::from(*made))).unwrap_or(u64::MAX);
            let moved = u128::from(seconds).saturating_mul(u128::from(rate));
            *made = u64::try_from(latest.saturating_sub(moved)).unwrap_or(u64::MAX);
        }
        self.origin = self.origin.saturating_add(seconds.saturating_mul(SECOND));
        grown
    }
}

#[inline]
fn take(tokens: &mut u32, cost: u32) -> bool {
    match tokens.checked_sub(cost) {
        Some(left) => {
            *tokens = left;
            true
        }
        None => false,
    }
}

/// Levels and bursts fit 32 bits.
#[inline]
fn level(tokens: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "no more than MAX_BURST")]
    let level = tokens as u32;
    level
}

#[inline]
pub(super) fn nanoseconds(time: Duration) -> u64 {
    time.as_secs().saturating_mul(SECOND).saturating_add(u64::from(time.subsec_nanos()))
}
