//! The tags of one interface that a node may give out.

use alloc::vec;
use alloc::vec::Vec;

use super::Tag;

/// A bit for each tag of a range. Tags come back into use as late as possible, as cells with them may still be under way.
#[derive(Debug, Clone)]
pub(super) struct TagSpace {
    first: u16,
    size: usize,
    used: Vec<u64>,
    next: usize,
    count: usize,
}

impl TagSpace {
    pub(super) fn new(first: Tag, last: Tag) -> Self {
        let size = usize::from(last.get().saturating_sub(first.get())).saturating_add(1);
        Self { first: first.get(), size, used: vec![0; size.div_ceil(64)], next: 0, count: 0 }
    }

    /// Tags given out.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// A tag that nobody has, or `None` where all are given out.
    pub(super) fn allocate(&mut self) -> Option<Tag> {
        if self.count >= self.size {
            return None;
        }
        let mut at = self.next;
        for _ in 0..=self.size {
            if at >= self.size {
                at = 0;
            }
            let word = self.used.get_mut(at >> 6)?;
            let bit = 1u64 << (at & 63);
            if *word & bit == 0 {
                *word |= bit;
                self.count = self.count.saturating_add(1);
                self.next = at.saturating_add(1);
                return Tag::new(self.first.saturating_add(u16::try_from(at).ok()?));
            }
            // A word without a free bit is passed over as a whole.
            at = if *word == u64::MAX { (at | 63).saturating_add(1) } else { at.saturating_add(1) };
        }
        None
    }

    /// Takes a tag back.
    pub(super) fn release(&mut self, tag: Tag) {
        let at = usize::from(tag.get().saturating_sub(self.first));
        let bit = 1u64 << (at & 63);
        if let Some(word) = self.used.get_mut(at >> 6)
            && *word & bit != 0
        {
            *word &= !bit;
            self.count = self.count.saturating_sub(1);
        }
    }
}
