//! Where a field is cut into pieces.

use alloc::vec::Vec;

use super::Number;

/// The first value of each piece but the first one, in order, and an index to them: values between the first cut and the last are in buckets
/// of equal width, about as many as there are cuts, and for each bucket it is known how many cuts are before it. Where cuts are spread evenly
/// a bucket has one or two; where they are not, what is in a bucket is searched by halves.
#[derive(Debug, Clone)]
pub(super) struct Cuts<T> {
    /// And [`WINDOW`] numbers behind them, which do not count.
    padded: Vec<T>,
    index: Vec<u32>,
    base: T,
    shift: u32,
}

/// So many are counted at once; a bucket with more is searched.
const WINDOW: usize = 4;

impl<T: Number> Cuts<T> {
    /// `all` are in order.
    pub(super) fn new(mut all: Vec<T>) -> Self {
        let (base, last) = match (all.first(), all.last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => (T::ZERO, T::ZERO),
        };
        // As many buckets as cuts, or up to twice as many.
        let mut shift = 0_u32;
        while last.bucket(base, shift).is_none_or(|bucket| bucket > all.len().saturating_mul(2)) {
            shift = shift.saturating_add(1);
        }
        let buckets = last.bucket(base, shift).unwrap_or(0).saturating_add(1);
        let mut index = alloc::vec![0_u32; buckets.saturating_add(1)];
        for bucket in all.iter().filter_map(|cut| cut.bucket(base, shift)) {
            if let Some(count) = index.get_mut(bucket.saturating_add(1)) {
                *count = count.saturating_add(1);
            }
        }
        let mut before = 0_u32;
        for count in &mut index {
            before = before.saturating_add(*count);
            *count = before;
        }
        all.extend([T::MAX; WINDOW]);
        Self { padded: all, index, base, shift }
    }

    /// How many cuts are at or before a value: the number of the piece that it is in.
    #[inline]
    pub(super) fn piece(&self, value: T) -> usize {
        if value < self.base {
            return 0;
        }
        let bucket = value.bucket(self.base, self.shift).unwrap_or(usize::MAX);
        let count = self.padded.len().saturating_sub(WINDOW);
        let Some([start, end]) = self.index.get(bucket..).and_then(<[u32]>::first_chunk) else { return count };
        let (start, end) = (usize::try_from(*start).unwrap_or(0), usize::try_from(*end).unwrap_or(0));
        let before = if end.saturating_sub(start) <= WINDOW {
            // Those of the next buckets are over the value: to count them too saves counting how many there are.
            let window: Option<&[T; WINDOW]> = self.padded.get(start..).and_then(<[T]>::first_chunk);
            let window = window.copied().unwrap_or([T::MAX; WINDOW]);
            window.iter().fold(0_usize, |count, cut| count.wrapping_add(usize::from(*cut <= value)))
        } else {
            self.padded.get(start..end).unwrap_or(&[]).partition_point(|cut| *cut <= value)
        };
        start.wrapping_add(before).min(count)
    }

    /// The pieces that a range lies in, from the first to the last.
    pub(super) fn span(&self, (first, last): (T, T)) -> (usize, usize) {
        (self.piece(first), self.piece(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_finds_the_piece_that_counting_all_cuts_does() {
        for len in [0_u32, 1, 2, 16, 17, 31, 33, 64, 1000] {
            let even: Vec<u32> = (0..len).map(|number| number * 3 + 7).collect();
            // Most in a corner, one far away.
            let uneven: Vec<u32> =
                (0..len).map(|number| if number + 1 == len { u32::MAX } else { number * 2 + 1_000_000 }).collect();
            let squares: Vec<u32> = (0..len).map(|number| number * number).collect();
            for all in [even, uneven, squares] {
                let cuts = Cuts::new(all.clone());
                let wide = Cuts::new(all.iter().map(|cut| u64::from(*cut) << 32).collect());
                for cut in all.iter().copied().chain([0, 1, 999_999, u32::MAX]) {
                    for value in [cut.saturating_sub(1), cut, cut.saturating_add(1)] {
                        let expected = all.iter().filter(|cut| **cut <= value).count();
                        assert_eq!(cuts.piece(value), expected, "{len} cuts, value {value}");
                        assert_eq!(wide.piece(u64::from(value) << 32 | 5), expected, "{len} cuts, value {value}");
                    }
                }
                assert!(cuts.index.len() <= 2 * all.len() + 2, "{} for {}", cuts.index.len(), all.len());
            }
        }
    }
}
