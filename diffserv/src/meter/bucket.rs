//! Tokens that grow with time, in whole numbers.

use core::time::Duration;

/// The highest rate, 2^40 tokens a second: 8.8 Tbit/s in octets.
pub const MAX_RATE: u64 = 1 << 40;
/// The largest bucket, 2^48 tokens.
pub const MAX_BURST: u64 = 1 << 48;

/// Parts of a token that a remainder counts: nanoseconds in a second.
const PARTS: u64 = 1_000_000_000;

/// How full a stream's buckets are, and since when: the state of any meter of this module but the averaging ones.
///
/// `first` is the committed bucket (or the only one), `second` that of the excess or peak.
///
/// Aligned to its size, so that no flow's state lies in two cache lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(align(32))]
pub struct Buckets {
    /// Nanoseconds since the caller's epoch; more than 584 years saturate.
    last: u64,
    first: u64,
    second: u64,
    /// What is on its way to the next token, in `PARTS` of one.
    first_part: u32,
    second_part: u32,
}

impl Buckets {
    pub(super) fn full(now: Duration, first: u64, second: u64) -> Self {
        Self { last: nanoseconds(now), first, second, first_part: 0, second_part: 0 }
    }

    /// Tokens in the committed bucket, or the only one, as of the last packet.
    #[must_use]
    pub const fn committed(&self) -> u64 {
        self.first
    }

    /// Tokens in the excess or peak bucket as of the last packet.
    #[must_use]
    pub const fn excess(&self) -> u64 {
        self.second
    }

    /// Nanoseconds gone since the last call. A clock that went backwards has not moved.
    #[inline]
    pub(super) fn elapsed(&mut self, now: Duration) -> u64 {
        let now = nanoseconds(now);
        let elapsed = now.saturating_sub(self.last);
        self.last = self.last.max(now);
        elapsed
    }

    /// One bucket that fills at `rate`.
    #[inline]
    pub(super) fn fill_first(&mut self, elapsed: u64, rate: u64, burst: u64) {
        let grown = tokens(elapsed, rate, &mut self.first_part);
        self.first = self.first.saturating_add(grown).min(burst);
    }

    /// The other one.
    #[inline]
    pub(super) fn fill_second(&mut self, elapsed: u64, rate: u64, burst: u64) {
        let grown = tokens(elapsed, rate, &mut self.second_part);
        self.second = self.second.saturating_add(grown).min(burst);
    }

    /// Both from one rate: what the first can't hold flows into the second.
    #[inline]
    pub(super) fn fill_over(&mut self, elapsed: u64, rate: u64, bursts: [u64; 2]) {
        let [first, second] = bursts;
        let all = self.first.saturating_add(tokens(elapsed, rate, &mut self.first_part));
        self.first = all.min(first);
        self.second = self.second.saturating_add(all.saturating_sub(first)).min(second);
    }

    /// Takes `cost` tokens if they are there.
    #[inline]
    pub(super) fn take_first(&mut self, cost: u64) -> bool {
        take(&mut self.first, cost)
    }

    /// Takes `cost` tokens if they are there.
    #[inline]
    pub(super) fn take_second(&mut self, cost: u64) -> bool {
        take(&mut self.second, cost)
    }

    /// The instant at which the first bucket has `needed` tokens, if nothing is taken; at once if it has them.
    #[cfg(feature = "alloc")]
    pub(crate) fn ready(&self, rate: u64, needed: u64) -> Duration {
        let missing = u128::from(needed.saturating_sub(self.first));
        // The part is under way already.
        let parts = missing.saturating_mul(u128::from(PARTS)).saturating_sub(u128::from(self.first_part));
        let parts = if missing == 0 { 0 } else { parts };
        let wait = parts.div_ceil(u128::from(rate.max(1)));
        let at = u128::from(self.last).saturating_add(wait);
        Duration::from_nanos(u64::try_from(at).unwrap_or(u64::MAX))
    }

    /// Nanoseconds of the last call.
    #[inline]
    pub(super) const fn last(&self) -> u64 {
        self.last
    }
}

#[inline]
fn take(tokens: &mut u64, cost: u64) -> bool {
    match tokens.checked_sub(cost) {
        Some(left) => {
            *tokens = left;
            true
        }
        None => false,
    }
}

#[inline]
pub(super) fn nanoseconds(time: Duration) -> u64 {
    time.as_secs().saturating_mul(PARTS).saturating_add(u64::from(time.subsec_nanos()))
}

/// How many whole tokens come in `elapsed` nanoseconds; what is left over stays in `part`.
#[inline]
fn tokens(elapsed: u64, rate: u64, part: &mut u32) -> u64 {
    // Enough for 16 ms at the highest rate, and for 147 s at 1 Gbit/s.
    let Some(parts) = elapsed.checked_mul(rate).and_then(|parts| parts.checked_add(u64::from(*part))) else {
        return many_tokens(elapsed, rate, part);
    };
    let (whole, left) = (parts / PARTS, parts % PARTS);
    #[expect(clippy::cast_possible_truncation, reason = "less than 10^9")]
    let left = left as u32;
    *part = left;
    whole
}

/// The same after a long time.
#[cold]
fn many_tokens(elapsed: u64, rate: u64, part: &mut u32) -> u64 {
    let parts = u128::from(elapsed).wrapping_mul(u128::from(rate)).wrapping_add(u128::from(*part));
    const WIDE: u128 = PARTS as u128;
    let (whole, left) = (parts / WIDE, parts % WIDE);
    *part = u32::try_from(left).unwrap_or(0);
    u64::try_from(whole).unwrap_or(u64::MAX)
}
