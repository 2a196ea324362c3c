//! A bounded map that forgets what was used least recently. It allocates for new entries only.

use alloc::vec::Vec;
use core::hash::Hash;

use hashbrown::HashMap;

/// No slot.
const NONE: usize = usize::MAX;

pub(super) struct Lru<K, V> {
    capacity: usize,
    places: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    /// Used most recently, and least recently.
    newest: usize,
    oldest: usize,
}

struct Slot<K, V> {
    key: K,
    value: V,
    newer: usize,
    older: usize,
}

impl<K: Eq + Hash + Clone, V> Lru<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, places: HashMap::new(), slots: Vec::new(), newest: NONE, oldest: NONE }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The value of a key, which is then the one used most recently.
    pub(super) fn get(&mut self, key: &K) -> Option<&mut V> {
        let at = *self.places.get(key)?;
        if at != self.newest {
            self.unlink(at);
            self.link(at);
        }
        self.slots.get_mut(at).map(|slot| &mut slot.value)
    }

    /// Enters a key that is not there, in the place of the oldest one if there is no room.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.slots.len() >= self.capacity {
            self.remove_oldest();
        }
        if self.capacity == 0 || self.places.contains_key(&key) {
            return;
        }
        let at = self.slots.len();
        self.slots.push(Slot { key: key.clone(), value, newer: NONE, older: NONE });
        self.places.insert(key, at);
        self.link(at);
    }

    pub(super) fn oldest(&self) -> Option<&V> {
        self.slots.get(self.oldest).map(|slot| &slot.value)
    }

    pub(super) fn remove_oldest(&mut self) {
        self.remove_at(self.oldest);
    }

    pub(super) fn remove(&mut self, key: &K) {
        if let Some(at) = self.places.get(key) {
            self.remove_at(*at);
        }
    }

    /// Removes what `is_done` says is done, and returns how many.
    pub(super) fn remove_if(&mut self, mut is_done: impl FnMut(&V) -> bool) -> usize {
        let before = self.slots.len();
        let mut at = 0usize;
        while let Some(slot) = self.slots.get(at) {
            if is_done(&slot.value) {
                self.remove_at(at);
            } else {
                at = at.saturating_add(1);
            }
        }
        before.saturating_sub(self.slots.len())
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.slots.clear();
        (self.newest, self.oldest) = (NONE, NONE);
    }

    fn remove_at(&mut self, at: usize) {
        if at >= self.slots.len() {
            return;
        }
        self.unlink(at);
        let gone = self.slots.swap_remove(at);
        self.places.remove(&gone.key);
        // The last slot has moved to where the one was that went.
        let Some((key, newer, older)) = self.slots.get(at).map(|slot| (slot.key.clone(), slot.newer, slot.older)) else { return };
        if let Some(place) = self.places.get_mut(&key) {
            *place = at;
        }
        self.set_older(newer, at);
        self.set_newer(older, at);
    }

    /// Takes a slot out of the order.
    fn unlink(&mut self, at: usize) {
        let Some((newer, older)) = self.slots.get(at).map(|slot| (slot.newer, slot.older)) else { return };
        self.set_older(newer, older);
        self.set_newer(older, newer);
    }

    /// Puts a slot at the newest end.
    fn link(&mut self, at: usize) {
        let before = self.newest;
        if let Some(slot) = self.slots.get_mut(at) {
            (slot.newer, slot.older) = (NONE, before);
        }
        self.set_newer(before, at);
        self.newest = at;
    }

    /// What is older than a slot; than none: the newest of all.
    fn set_older(&mut self, of: usize, older: usize) {
        match self.slots.get_mut(of) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
    }

    /// What is newer than a slot; than none: the oldest of all.
    fn set_newer(&mut self, of: usize, newer: usize) {
        match self.slots.get_mut(of) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    /// A list, newest first.
    #[derive(Default)]
    struct Model(Vec<(u8, u32)>);

    proptest! {
        #[test]
        fn it_is_a_list_with_the_newest_first(capacity in 0usize..5, steps in proptest::collection::vec((0u8..5, 0u8..8, any::<u32>()), 0..60)) {
            let (mut lru, mut model) = (Lru::new(capacity), Model::default());
            for (what, key, value) in steps {
                let at = model.0.iter().position(|(known, _)| *known == key);
                match what {
                    0 | 1 => {
                        let expected = at.map(|at| {
                            let entry = model.0.remove(at);
                            model.0.insert(0, entry);
                            entry.1
                        });
                        prop_assert_eq!(lru.get(&key).copied(), expected);
                    }
                    2 if at.is_none() => {
                        lru.insert(key, value);
                        if model.0.len() >= capacity {
                            model.0.pop();
                        }
                        if capacity > 0 {
                            model.0.insert(0, (key, value));
                        }
                    }
                    3 => {
                        lru.remove(&key);
                        model.0.retain(|(known, _)| *known != key);
                    }
                    4 if value % 4 == 0 => {
                        let before = model.0.len();
                        model.0.retain(|(_, value)| value % 2 == 0);
                        prop_assert_eq!(lru.remove_if(|value| value % 2 == 1), before - model.0.len());
                    }
                    4 if value % 4 == 1 => {
                        lru.remove_oldest();
                        model.0.pop();
                    }
                    4 if value % 64 == 2 => {
                        lru.clear();
                        model.0.clear();
                    }
                    _ => {}
                }
                prop_assert_eq!(lru.len(), model.0.len());
                prop_assert_eq!(lru.oldest().copied(), model.0.last().map(|(_, value)| *value));
                // The whole order, forwards and backwards.
                let (mut forwards, mut at) = (vec![], lru.newest);
                while let Some(slot) = lru.slots.get(at) {
                    forwards.push((slot.key, slot.value));
                    at = slot.older;
                }
                prop_assert_eq!(&forwards, &model.0);
                let (mut backwards, mut at) = (vec![], lru.oldest);
                while let Some(slot) = lru.slots.get(at) {
                    backwards.push((slot.key, slot.value));
                    at = slot.newer;
                }
                backwards.reverse();
                prop_assert_eq!(&backwards, &model.0);
            }
        }
    }
}
