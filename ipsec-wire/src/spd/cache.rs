//! What was decided for conversations lately: two generations of a table.
//!
//! New conversations, and old ones that are met again, go into the young generation. When that has half of the limit, it becomes the old one,
//! and what was old is forgotten: a conversation stays at least as long as half of the limit others take to come by, whatever the number of those
//! that are met once only.

use core::hash::BuildHasher;
use core::mem;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::packet::Key;

#[derive(Debug, Clone)]
pub(super) struct Cache<V> {
    young: HashTable<(Key, V)>,
    old: HashTable<(Key, V)>,
    half: usize,
    /// Unknown to those who send packets.
    secrets: [u64; 6],
}

impl<V: Copy> Cache<V> {
    pub(super) fn new(limit: usize) -> Self {
        let random = DefaultHashBuilder::default();
        let secrets = [0_u64, 1, 2, 3, 4, 5].map(|number| random.hash_one(number));
        Self { young: HashTable::new(), old: HashTable::new(), half: limit / 2, secrets }
    }

    #[inline]
    pub(super) fn get(&mut self, key: &Key) -> Option<V> {
        let hash = key.hash(&self.secrets);
        match self.young.find(hash, |(known, _)| known == key) {
            Some((_, value)) => Some(*value),
            None => self.promoted(key, hash),
        }
    }

    #[inline(never)]
    fn promoted(&mut self, key: &Key, hash: u64) -> Option<V> {
        let ((_, value), _) = self.old.find_entry(hash, |(known, _)| known == key).ok()?.remove();
        self.insert(*key, value);
        Some(value)
    }

    pub(super) fn insert(&mut self, key: Key, value: V) {
        if self.half == 0 {
            return;
        }
        let hash = key.hash(&self.secrets);
        if let Some((_, known)) = self.young.find_mut(hash, |(known, _)| *known == key) {
            *known = value;
            return;
        }
        if self.young.len() >= self.half {
            mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        let secrets = self.secrets;
        self.young.insert_unique(hash, (key, value), |(known, _)| known.hash(&secrets));
    }

    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.young.len().saturating_add(self.old.len())
    }
}
