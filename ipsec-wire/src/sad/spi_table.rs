//! Slots by SPIs that others chose: buckets of eight in a cache line each, all of a bucket compared at once, and without a branch that
//! depends on where in it an SPI is.

use alloc::vec::Vec;

/// SPIs of a bucket.
const WAYS: usize = 8;

/// Slots by SPI, for one protocol.
#[derive(Debug, Clone)]
pub(super) struct SpiTable {
    /// A power of two of them, or none; at most five of eight places taken over all.
    buckets: Vec<Bucket>,
    len: usize,
    /// Odd: multiplying by a random odd number and taking upper bits is a universal family of hashes.
    multiplier: u64,
    /// 64 less the bits of a bucket's number.
    shift: u32,
}

/// What does not find a place goes to the next bucket, and so on: a search ends at a bucket that has a free place.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Bucket {
    /// 0: nothing here, as SPI 0 is nobody's.
    spis: [u32; WAYS],
    /// One more than the slot, so that 0 says that there is none.
    slots: [u32; WAYS],
}

const EMPTY: Bucket = Bucket { spis: [0; WAYS], slots: [0; WAYS] };

impl Bucket {
    #[inline]
    fn find(&self, spi: u32) -> u32 {
        let mut found = 0;
        for (known, slot) in self.spis.iter().zip(&self.slots) {
            found |= if *known == spi { *slot } else { 0 };
        }
        found
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.spis.iter().all(|spi| *spi != 0)
    }

    fn put(&mut self, spi: u32, slot: u32) -> bool {
        for (known, place) in self.spis.iter_mut().zip(&mut self.slots) {
            if *known == 0 {
                (*known, *place) = (spi, slot);
                return true;
            }
        }
        false
    }

    /// Takes an SPI out, and says whether it was here.
    fn take(&mut self, spi: u32) -> bool {
        for (known, place) in self.spis.iter_mut().zip(&mut self.slots) {
            if *known == spi {
                (*known, *place) = (0, 0);
                return true;
            }
        }
        false
    }
}

impl SpiTable {
    /// A seed that says nothing (0) still spreads SPIs in a row, by the golden ratio.
    pub(super) const fn new(seed: u64) -> Self {
        Self { buckets: Vec::new(), len: 0, multiplier: (seed ^ 0x9e37_79b9_7f4a_7c15) | 1, shift: 63 }
    }

    #[inline]
    fn home(&self, spi: u32) -> usize {
        // The shift is below 64 from the first bucket on; `wrapping_shr` says so without a comparison.
        let hash = u64::from(spi).wrapping_mul(self.multiplier).wrapping_shr(self.shift);
        usize::try_from(hash).unwrap_or(0)
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        at.wrapping_add(1) & self.buckets.len().wrapping_sub(1)
    }

    #[inline]
    pub(super) fn find(&self, spi: u32) -> Option<u32> {
        let mut at = self.home(spi);
        loop {
            let bucket = self.buckets.get(at)?;
            let found = bucket.find(spi);
            if found != 0 {
                return found.checked_sub(1);
            }
            if !bucket.is_full() {
                return None;
            }
            at = self.after(at);
        }
    }

    /// Enters an SPI that is not in the table.
    pub(super) fn insert(&mut self, spi: u32, slot: u32) {
        let places = self.buckets.len().saturating_mul(WAYS);
        if self.len.saturating_mul(8) >= places.saturating_mul(5) {
            self.grow();
        }
        self.put(spi, slot.saturating_add(1));
        self.len = self.len.saturating_add(1);
    }

    fn put(&mut self, spi: u32, slot: u32) {
        let mut at = self.home(spi);
        while self.buckets.get_mut(at).is_some_and(|bucket| !bucket.put(spi, slot)) {
            at = self.after(at);
        }
    }

    fn grow(&mut self) {
        let buckets = self.buckets.len().saturating_mul(2).max(2);
        self.shift = 64_u32.saturating_sub(buckets.trailing_zeros());
        let old = core::mem::replace(&mut self.buckets, alloc::vec![EMPTY; buckets]);
        for (spi, slot) in old.iter().flat_map(|bucket| bucket.spis.iter().zip(&bucket.slots)).filter(|(spi, _)| **spi != 0) {
            self.put(*spi, *slot);
        }
    }

    /// Takes an SPI out that is in the table. A bucket that was full and is no longer would end searches for what went past it: all that
    /// stands in the full buckets behind is entered again.
    pub(super) fn remove(&mut self, spi: u32) {
        let mut at = self.home(spi);
        while let Some(bucket) = self.buckets.get_mut(at) {
            let was_full = bucket.is_full();
            if bucket.take(spi) {
                self.len = self.len.saturating_sub(1);
                if was_full {
                    self.settle(at);
                }
                return;
            }
            if !was_full {
                return;
            }
            at = self.after(at);
        }
    }

    fn settle(&mut self, hole: usize) {
        let mut at = self.after(hole);
        while at != hole {
            let Some(bucket) = self.buckets.get_mut(at) else { return };
            let was_full = bucket.is_full();
            let old = core::mem::replace(bucket, EMPTY);
            for (spi, slot) in old.spis.iter().zip(&old.slots).filter(|(spi, _)| **spi != 0) {
                self.put(*spi, *slot);
            }
            if !was_full {
                return;
            }
            at = self.after(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::vec::Vec;

    fn check(table: &SpiTable, model: &HashMap<u32, u32>, spis: impl Iterator<Item = u32>) {
        assert_eq!(table.len, model.len());
        for spi in spis {
            assert_eq!(table.find(spi), model.get(&spi).copied(), "SPI {spi:#x}");
        }
    }

    #[test]
    fn buckets_that_overflow_lose_nothing() {
        // A multiplier of 1 sends all SPIs to the first bucket.
        let mut table = SpiTable { multiplier: 1, ..SpiTable::new(0) };
        let mut model = HashMap::new();
        for spi in 1..=60 {
            table.insert(spi, spi * 2);
            model.insert(spi, spi * 2);
            check(&table, &model, 1..70);
        }
        for spi in [9, 60, 1, 33, 8, 16, 17, 25, 24, 40].into_iter().chain(1..=60) {
            if model.remove(&spi).is_some() {
                table.remove(spi);
            }
            check(&table, &model, 1..70);
        }
        table.remove(5);
        assert_eq!(table.len, 0);
    }

    proptest! {
        #[test]
        fn the_table_holds_what_a_map_holds_after_any_changes(
            seed in prop_oneof![Just(0), Just(0x9e37_79b9_7f4a_7c15), any::<u64>()],
            steps in proptest::collection::vec((any::<bool>(), 1..80_u32), 0..600),
        ) {
            let mut table = SpiTable::new(seed);
            let mut model = HashMap::new();
            // SPIs in a row, and SPIs that differ in upper bits only.
            let spi = |key: u32| if key & 1 == 0 { key } else { key << 24 | 7 };
            for (number, (add, key)) in (0..).zip(steps) {
                if add && !model.contains_key(&spi(key)) {
                    table.insert(spi(key), number);
                    model.insert(spi(key), number);
                } else if !add && model.remove(&spi(key)).is_some() {
                    table.remove(spi(key));
                }
            }
            check(&table, &model, (1..80).map(spi).collect::<Vec<_>>().into_iter());
        }
    }
}
