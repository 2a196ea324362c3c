//! Open addressing over the caller's slots: linear probing, and removal that closes the gap.

/// A place of the switch table. The caller hands in a slice of [`Slot::EMPTY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// 0: nothing here.
    pub(super) key: u64,
    pub(super) word: u32,
    pub(super) port: u16,
    pub(super) hec: u8,
    pub(super) role: Role,
}

/// What a slot says about its end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// An input whose cells go to one output: `word`, `hec` and `port` are the output's.
    Point,
    /// An input whose cells go to leaves: `word` is the first one's number.
    Root,
    /// A path whose channels are switched one by one: `word` is their number.
    Channels,
    /// An output in use.
    Taken,
}

impl Slot {
    /// Nothing here.
    pub const EMPTY: Self = Self { key: 0, word: 0, port: 0, hec: 0, role: Role::Taken };

    pub(super) const fn new(key: u64, role: Role, word: u32) -> Self {
        Self { key, word, port: 0, hec: 0, role }
    }

    pub(super) const fn key(&self) -> Option<u64> {
        if self.key == 0 { None } else { Some(self.key) }
    }
}

/// Slots that may be filled: the free eighth keeps searches short, and ends them.
pub(super) const fn capacity(slots: usize) -> usize {
    slots.saturating_sub(slots.div_ceil(8))
}

/// Slots for so many entries.
#[cfg(feature = "alloc")]
pub(super) const fn slots_for(entries: usize) -> usize {
    entries.saturating_add(entries.div_ceil(7))
}

/// Where the search for a key starts: the golden ratio spreads numbers in a row, and the product's high half is scaled to the table.
#[inline]
fn home(key: u64, slots: usize) -> usize {
    let hash = (key ^ key >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    usize::try_from(hash.wrapping_mul(slots as u64) >> 32).unwrap_or(0)
}

#[inline]
const fn after(index: usize, slots: usize) -> usize {
    let next = index.wrapping_add(1);
    if next < slots { next } else { 0 }
}

/// Steps from one slot on to another.
const fn steps(from: usize, to: usize, slots: usize) -> usize {
    if to >= from { to.wrapping_sub(from) } else { to.wrapping_add(slots).wrapping_sub(from) }
}

/// The slot of that key.
#[inline]
pub(super) fn find(slots: &[Slot], key: u64) -> Option<&Slot> {
    position(slots, key).and_then(|at| slots.get(at))
}

pub(super) fn find_mut(slots: &mut [Slot], key: u64) -> Option<&mut Slot> {
    position(slots, key).and_then(|at| slots.get_mut(at))
}

#[inline]
fn position(slots: &[Slot], key: u64) -> Option<usize> {
    let mut at = home(key, slots.len());
    loop {
        match slots.get(at)?.key {
            found if found == key => return Some(at),
            0 => return None,
            _ => at = after(at, slots.len()),
        }
    }
}

/// Fills a slot whose key is not in the table. The caller has seen to it that there is room.
pub(super) fn insert(slots: &mut [Slot], slot: Slot) {
    let len = slots.len();
    let mut at = home(slot.key, len);
    while let Some(place) = slots.get_mut(at) {
        if place.key == 0 {
            *place = slot;
            return;
        }
        at = after(at, len);
    }
}

/// Takes a key out: later slots of the same run move up, so that no search stops short of them.
pub(super) fn remove(slots: &mut [Slot], key: u64) -> Option<Slot> {
    let len = slots.len();
    let mut hole = position(slots, key)?;
    let removed = slots.get(hole).copied();
    let mut at = after(hole, len);
    while let Some(&slot) = slots.get(at) {
        if slot.key == 0 {
            break;
        }
        // A slot may move to the hole unless its search starts behind it.
        if steps(home(slot.key, len), at, len) >= steps(hole, at, len) {
            if let Some(place) = slots.get_mut(hole) {
                *place = slot;
            }
            hole = at;
        }
        at = after(at, len);
    }
    if let Some(place) = slots.get_mut(hole) {
        *place = Slot::EMPTY;
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::vec;

    proptest! {
        #[test]
        fn the_table_holds_what_a_map_holds_after_any_changes(
            slots in 2..40_usize,
            steps in proptest::collection::vec((any::<bool>(), 1..60_u64), 0..300),
        ) {
            let mut table = vec![Slot::EMPTY; slots];
            let mut model = HashMap::new();
            for (add, key) in steps {
                // Keys that differ in high bits only, as the ports of a switch do.
                let key = 1 << 63 | key << 28;
                if !add {
                    prop_assert_eq!(remove(&mut table, key).map(|slot| slot.word), model.remove(&key));
                } else if !model.contains_key(&key) && model.len() < slots - 1 {
                    let word = model.len() as u32;
                    insert(&mut table, Slot::new(key, Role::Point, word));
                    model.insert(key, word);
                }
                for key in (0..60).map(|key| 1 << 63 | key << 28) {
                    prop_assert_eq!(find(&table, key).map(|slot| slot.word), model.get(&key).copied());
                }
                prop_assert_eq!(table.iter().filter(|slot| slot.key().is_some()).count(), model.len());
            }
        }
    }

    #[test]
    fn an_eighth_of_the_slots_stays_free_and_at_least_one() {
        assert_eq!([0, 1, 2, 7, 8, 9, 16, 17].map(capacity), [0, 0, 1, 6, 7, 7, 14, 14]);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn slots_for_entries_have_just_room_for_them() {
        for entries in 1..2000 {
            assert!(capacity(slots_for(entries)) >= entries);
            assert!(capacity(slots_for(entries) - 1) < entries);
        }
        assert_eq!(slots_for(0), 0);
    }

    #[test]
    fn an_empty_table_has_nothing() {
        assert_eq!(find(&[], 1), None);
        assert_eq!(remove(&mut [], 1), None);
        insert(&mut [], Slot::EMPTY);
    }

    #[test]
    fn keys_in_a_row_spread_over_the_table() {
        // Searches in a table filled to seven eighths with the 896 first channels of a path.
        let mut table = vec![Slot::EMPTY; 1024];
        for vci in 0..896_u64 {
            insert(&mut table, Slot::new((1 << 63) + 32 + vci, Role::Point, 0));
        }
        let longest = (0..1024).filter_map(|at| table[at].key().map(|key| super::steps(home(key, 1024), at, 1024))).max();
        assert!(longest < Some(16), "{longest:?}");
        assert_eq!(core::mem::size_of::<Slot>(), 16);
    }
}
