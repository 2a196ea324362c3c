//! Tables of pairs against a plain model, and their limits.

use super::*;
use ip_wire::Protocol;
use proptest::prelude::*;
use std::vec::Vec;

fn key(n: u16) -> FlowKey {
    let ports = Ports::Pair { source: n, destination: 80 };
    FlowKey::new([10, 0, (n >> 8) as u8, n as u8].into(), [198, 51, 100, 1].into(), Protocol::UDP, ports).unwrap()
}

fn wire(n: u16) -> FlowKey {
    let ports = Ports::Pair { source: n, destination: 80 };
    FlowKey::new([203, 0, 113, 1].into(), [198, 51, 100, 1].into(), Protocol::UDP, ports).unwrap()
}

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn small() -> Limits {
    Limits { flows: 3, idle: at(10) }
}

#[test]
fn flows_that_carried_nothing_give_way_the_oldest_first() {
    let mut pairs = Pairs::new(small());
    for n in 1..=3 {
        assert_eq!(pairs.insert(at(0), key(n), wire(n)), Ok(Learned::New));
    }
    assert!(pairs.outer_of(at(1), &key(1)).is_some());
    assert_eq!(pairs.insert(at(1), key(4), wire(4)), Ok(Learned::New));
    assert!(pairs.has_inner(&key(1)) && !pairs.has_inner(&key(2)) && pairs.has_inner(&key(3)));
    assert_eq!((pairs.len(), pairs.evicted(), pairs.refused()), (3, 1, 0));
}

#[test]
fn flows_in_use_give_way_only_when_idle() {
    let mut pairs = Pairs::new(small());
    for n in 1..=3 {
        pairs.insert(at(0), key(n), wire(n)).unwrap();
        assert_eq!(pairs.inner_of(at(u64::from(n)), &wire(n).reversed()), Some(key(n).reversed()));
    }
    let full = Error::TableFull { field: Field::FlowTable, limit: 3 };
    assert_eq!(pairs.insert(Duration::from_millis(10_999), key(4), wire(4)), Err(full));
    assert_eq!(pairs.next_deadline(), Some(at(11)));
    assert_eq!(pairs.insert(at(11), key(4), wire(4)), Ok(Learned::New));
    assert_eq!((pairs.has_inner(&key(1)), pairs.evicted(), pairs.refused()), (false, 1, 1));
    assert_eq!((pairs.expire(at(12)), pairs.len()), (1, 2));
}

#[test]
fn a_flood_never_pushes_out_a_flow_in_use_and_never_grows_the_table() {
    let mut pairs = Pairs::new(Limits { flows: 64, idle: at(300) });
    pairs.insert(at(0), key(1), wire(1)).unwrap();
    pairs.outer_of(at(0), &key(1)).unwrap();
    for n in 2..20_000 {
        pairs.insert(at(1), key(n), wire(n)).unwrap();
        assert!(pairs.len() <= 64);
    }
    assert_eq!(pairs.outer_of(at(2), &key(1)), Some(wire(1)));
    assert!(pairs.places() <= 64);
}

#[test]
fn a_changed_mapping_replaces_both_names() {
    let mut pairs = Pairs::new(small());
    pairs.insert(at(0), key(1), wire(1)).unwrap();
    assert_eq!(pairs.insert(at(0), key(1), wire(1)), Ok(Learned::Same));
    assert_eq!(pairs.insert(at(1), key(1), wire(2)), Ok(Learned::Changed));
    assert!(!pairs.has_outer(&wire(1)) && pairs.has_outer(&wire(2)) && pairs.len() == 1);
    // A port that another flow has now.
    assert_eq!(pairs.insert(at(1), key(7), wire(2)), Ok(Learned::Changed));
    assert!(!pairs.has_inner(&key(1)) && pairs.has_inner(&key(7)) && pairs.len() == 1);
    assert!(pairs.remove(&key(7)) && !pairs.remove(&key(7)) && pairs.is_empty());
    assert_eq!(pairs.next_deadline(), None);
}

#[test]
fn a_translator_uses_each_port_of_its_pool_once_for_a_destination() {
    let mut nat = Translator::new([203, 0, 113, 1].into(), (5_000, 5_002), Limits { flows: 10, idle: at(10) });
    let there = [198, 51, 100, 1].into();
    let ports: Vec<_> = (1..=3).map(|n| nat.map(at(0), key(n), there).unwrap().source_port().unwrap()).collect();
    assert_eq!(ports, [5_000, 5_001, 5_002]);
    assert_eq!(nat.map(at(0), key(2), there).unwrap().source_port(), Some(5_001));
    assert_eq!(nat.map(at(0), key(4), there), Err(Error::TableFull { field: Field::PortPool, limit: 3 }));
    nat.pairs_mut().remove(&key(1));
    assert_eq!(nat.map(at(0), key(4), there).unwrap().source_port(), Some(5_000));
    assert_eq!(nat.address(), IpAddr::from([203, 0, 113, 1]));
}

proptest! {
    /// A list of pairs, the oldest use first.
    #[test]
    fn the_table_is_the_list_it_stands_for(steps in prop::collection::vec((0u8..4, 0u16..6, 0u16..6, 0u64..8), 1..200)) {
        let mut pairs = Pairs::new(Limits { flows: 4, idle: at(12) });
        let mut model: Vec<(u16, u16, Duration, bool)> = Vec::new();
        let mut now = at(0);
        for (step, a, b, wait) in steps {
            now += at(wait);
            match step {
                0 => {
                    let same = model.iter().position(|entry| (entry.0, entry.1) == (a, b));
                    let found = pairs.insert(now, key(a), wire(b));
                    if let Some(index) = same {
                        prop_assert_eq!(found, Ok(Learned::Same));
                        let mut entry = model.remove(index);
                        entry.2 = now;
                        model.push(entry);
                        continue;
                    }
                    let carried = model.iter().any(|entry| entry.0 == a && entry.3);
                    let before = model.len();
                    model.retain(|entry| entry.0 != a && entry.1 != b);
                    let changed = model.len() < before;
                    if model.len() == 4 {
                        let victim = model.iter().position(|entry| !entry.3)
                            .or_else(|| model.iter().position(|entry| now - entry.2 >= at(12)));
                        match victim {
                            Some(index) => { model.remove(index); }
                            None => { prop_assert!(found.is_err()); continue; }
                        }
                    }
                    model.push((a, b, now, carried));
                    prop_assert_eq!(found, Ok(if changed { Learned::Changed } else { Learned::New }));
                }
                1 | 2 => {
                    let index = model.iter().position(|entry| if step == 1 { entry.0 == a } else { entry.1 == b });
                    let expected = index.map(|index| {
                        let mut entry = model.remove(index);
                        (entry.2, entry.3) = (now, true);
                        model.push(entry);
                        (entry.0, entry.1)
                    });
                    if step == 1 {
                        prop_assert_eq!(pairs.outer_of(now, &key(a)), expected.map(|pair| wire(pair.1)));
                    } else {
                        prop_assert_eq!(pairs.inner_of(now, &wire(b).reversed()), expected.map(|pair| key(pair.0).reversed()));
                    }
                }
                _ => {
                    let before = model.len();
                    model.retain(|entry| now - entry.2 < at(12));
                    prop_assert_eq!(pairs.expire(now), before - model.len());
                }
            }
            prop_assert_eq!(pairs.len(), model.len());
            let deadline = model.iter().map(|entry| entry.2 + at(12)).min();
            prop_assert_eq!(pairs.next_deadline(), deadline);
        }
    }
}
