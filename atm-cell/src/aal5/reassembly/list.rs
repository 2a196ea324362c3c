//! A list threaded through a table: order without an allocation, and every step constant.

/// The end of a list.
const NONE: u32 = u32::MAX;

/// A place's neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links {
    before: u32,
    after: u32,
    linked: bool,
}

impl Default for Links {
    fn default() -> Self {
        Self { before: NONE, after: NONE, linked: false }
    }
}

/// The list's ends.
#[derive(Debug)]
pub(super) struct List {
    first: u32,
    last: u32,
}

impl List {
    pub(super) const fn new() -> Self {
        Self { first: NONE, last: NONE }
    }

    pub(super) const fn first(&self) -> Option<u32> {
        if self.first == NONE { None } else { Some(self.first) }
    }

    /// Puts a place that is in no list at the end.
    pub(super) fn push_back(&mut self, links: &mut [Links], slot: u32) {
        let before = self.last;
        if let Some(place) = links.get_mut(slot as usize) {
            *place = Links { before, after: NONE, linked: true };
        }
        self.last = slot;
        match links.get_mut(before as usize) {
            Some(place) => place.after = slot,
            None => self.first = slot,
        }
    }

    /// Takes a place out, if it is in.
    pub(super) fn remove(&mut self, links: &mut [Links], slot: u32) {
        let Some(place) = links.get_mut(slot as usize) else { return };
        let Links { before, after, linked } = core::mem::take(place);
        if !linked {
            return;
        }
        match links.get_mut(before as usize) {
            Some(place) => place.after = after,
            None => self.first = after,
        }
        match links.get_mut(after as usize) {
            Some(place) => place.before = before,
            None => self.last = before,
        }
    }

    /// Moves a place that is in to the end.
    #[inline]
    pub(super) fn move_to_back(&mut self, links: &mut [Links], slot: u32) {
        if self.last != slot {
            self.remove(links, slot);
            self.push_back(links, slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn order(list: &List, links: &[Links]) -> Vec<u32> {
        let mut order = vec![];
        let mut next = list.first();
        while let Some(slot) = next {
            order.push(slot);
            next = Some(links[slot as usize].after).filter(|after| *after != NONE);
        }
        order
    }

    proptest! {
        #[test]
        fn a_list_keeps_order_like_a_vec(steps in prop::collection::vec((0..3_u8, 0..6_u32), 0..60)) {
            let mut links = vec![Links::default(); 6];
            let mut list = List::new();
            let mut model: Vec<u32> = vec![];
            for (step, slot) in steps {
                let there = model.contains(&slot);
                match step {
                    0 if !there => {
                        list.push_back(&mut links, slot);
                        model.push(slot);
                    }
                    1 => {
                        list.remove(&mut links, slot);
                        model.retain(|other| *other != slot);
                    }
                    2 if there => {
                        list.move_to_back(&mut links, slot);
                        model.retain(|other| *other != slot);
                        model.push(slot);
                    }
                    _ => {}
                }
                prop_assert_eq!(order(&list, &links), &model[..]);
                prop_assert_eq!(list.first(), model.first().copied());
            }
        }
    }
}
