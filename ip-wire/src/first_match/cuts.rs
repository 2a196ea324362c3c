//! Where a field is cut into pieces.

use alloc::vec::Vec;

/// The first value of each piece but the first one, in order. Every so many of them stand in a list of their own, which a search reads first: it is
/// short enough to stay in the nearest cache, and what is left to search is a few cache lines in a row.
#[derive(Debug, Clone)]
pub(super) struct Cuts<T> {
    sample: Vec<T>,
    all: Vec<T>,
}

/// A power of two.
const SAMPLED: usize = 32;

impl<T: Copy + Ord> Cuts<T> {
    pub(super) fn new(all: Vec<T>) -> Self {
        Self { sample: all.iter().copied().step_by(SAMPLED).skip(1).collect(), all }
    }

    /// How many cuts are at or before a value: the number of the piece that it is in.
    #[inline]
    pub(super) fn piece(&self, value: T) -> usize {
        let start = self.sample.partition_point(|cut| *cut <= value).saturating_mul(SAMPLED);
        let end = start.saturating_add(SAMPLED).min(self.all.len());
        let cuts = self.all.get(start..end).unwrap_or(&[]);
        start.saturating_add(cuts.partition_point(|cut| *cut <= value))
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
    fn sampled_cuts_find_the_piece_that_all_of_them_do() {
        for len in [0_u32, 1, 2, 31, 32, 33, 63, 64, 65, 1000] {
            let all: Vec<u32> = (0..len).map(|number| number * 3 + 1).collect();
            let cuts = Cuts::new(all.clone());
            for value in 0..len * 3 + 5 {
                assert_eq!(cuts.piece(value), all.partition_point(|cut| *cut <= value), "{len} cuts, value {value}");
            }
        }
    }
}
