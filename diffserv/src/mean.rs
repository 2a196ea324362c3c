//! What meters and droppers that average share.

/// An average after `intervals` without a packet: times (1 - 2^-shift) for each. Many of them by repeated squaring, in 48 fractional bits.
pub(crate) fn decayed(mut average: u128, shift: u32, intervals: u64) -> u128 {
    if intervals <= 64 {
        for _ in 0..intervals {
            average = average.saturating_sub(average >> shift);
        }
        return average;
    }
    let (mut factor, mut left) = ((1_u128 << 48).saturating_sub((1 << 48) >> shift), intervals);
    while left > 0 {
        if left & 1 == 1 {
            // At most 80 bits by 48.
            average = average.saturating_mul(factor) >> 48;
        }
        factor = factor.saturating_mul(factor) >> 48;
        left >>= 1;
    }
    average
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_intervals_decay_as_one_by_one() {
        for shift in [0, 1, 4, 9, 16] {
            for start in [0_u128, 1, 1 << 20, 1 << 56, (1 << 76) + 12_345] {
                let mut slow = start;
                for intervals in 1..=2000_u64 {
                    slow -= slow >> shift;
                    let fast = decayed(start, shift, intervals);
                    // Each step of the slow way rounds up by less than one; the fast way rounds its factors down, by 2^-48.
                    let bound = u128::from(intervals) * ((start >> 47) + 1) + 2;
                    assert!(fast.abs_diff(slow) <= bound, "{start} >> {shift}, {intervals}: {fast}, {slow}");
                }
            }
        }
        assert_eq!(decayed(1 << 70, 1, u64::MAX), 0);
        assert_eq!(decayed(1 << 70, 16, u64::MAX), 0);
        assert_eq!(decayed(77, 3, 0), 77);
    }
}
