//! Against the scan, with rules that come and go.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

type Small = FirstMatch<u32, 2>;

fn ranges(bound: u32) -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![
        3 => (0..bound).prop_map(|value| (value, value)),
        3 => (0..bound, 0..bound / 4).prop_map(move |(first, more)| (first, (first + more).min(bound - 1))),
        2 => Just((0, bound - 1)),
        1 => Just((0, u32::MAX)),
        1 => (0..bound, 0..bound), // may be empty
    ]
}

fn regions() -> impl Strategy<Value = Region<u32, 2>> {
    (ranges(64), ranges(64), ranges(16), ranges(8))
        .prop_map(|(source, destination, port, protocol)| Region { addresses: [source, destination], small: [port, protocol] })
}

fn points() -> impl Strategy<Value = Point<u32, 2>> {
    let edge = |bound: u32| prop_oneof![9 => 0..bound, 1 => Just(u32::MAX)];
    (edge(64), edge(64), edge(16), edge(8))
        .prop_map(|(source, destination, port, protocol)| Point { addresses: [source, destination], small: [port, protocol] })
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u64, Region<u32, 2>),
    Remove(u64),
    Look(Point<u32, 2>),
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..400_u64, regions()).prop_map(|(order, region)| Step::Insert(order, region)),
        2 => (0..400_u64).prop_map(Step::Remove),
        4 => points().prop_map(Step::Look),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_answer_is_that_of_a_scan_while_rules_come_and_go(steps in prop::collection::vec(steps(), 0..1200)) {
        let mut rules = Small::new();
        let mut model: BTreeMap<u64, (u32, Region<u32, 2>)> = BTreeMap::new();
        for (id, step) in (0_u32..).zip(steps) {
            match step {
                Step::Insert(order, region) => {
                    prop_assert_eq!(rules.insert(order, id, region), model.insert(order, (id, region)).is_some());
                }
                Step::Remove(order) => prop_assert_eq!(rules.remove(order), model.remove(&order).is_some()),
                Step::Look(point) => {
                    for accept in [|_: u32| true, |id: u32| id % 3 == 0] {
                        let expected = model.iter().find(|(_, (id, region))| region.contains(&point) && accept(*id));
                        let expected = expected.map(|(order, (id, _))| (*order, *id));
                        prop_assert_eq!(rules.first(&point, accept), expected);
                        prop_assert_eq!(rules.first_by_scan(&point, accept), expected);
                    }
                }
            }
            prop_assert_eq!(rules.len(), model.len());
            prop_assert!(rules.stored() <= (rules.len() + 24) * COPIES, "{} of {}", rules.stored(), rules.len());
        }
        for order in 0..400 {
            rules.remove(order);
        }
        prop_assert!(rules.is_empty());
        prop_assert_eq!(rules.stored(), 0);
    }

    #[test]
    fn grown_at_once_or_one_by_one_the_answers_are_the_same(regions in prop::collection::vec(regions(), 0..500), points in prop::collection::vec(points(), 100)) {
        let all: Vec<_> = (0..).zip(&regions).map(|(order, region)| (order, order as u32, *region)).collect();
        let at_once = Small::from_rules(all.clone());
        let mut one_by_one = Small::new();
        for (order, id, region) in all.into_iter().rev() {
            one_by_one.insert(order, id, region);
        }
        for point in points {
            let expected = regions.iter().position(|region| region.contains(&point)).map(|at| (at as u64, at as u32));
            prop_assert_eq!(at_once.first(&point, |_| true), expected);
            prop_assert_eq!(one_by_one.first(&point, |_| true), expected);
        }
    }

    #[test]
    fn a_region_includes_another_if_no_point_is_outside(own in regions(), other in regions(), points in prop::collection::vec(points(), 200)) {
        if own.includes(&other) {
            for point in points {
                prop_assert!(!other.contains(&point) || own.contains(&point));
            }
        }
        prop_assert!(own.includes(&own));
    }
}

fn region(source: (u128, u128), port: (u32, u32)) -> Region<u128, 1> {
    Region { addresses: [source, (0, u128::MAX)], small: [port] }
}

#[test]
fn the_ends_of_ranges_belong_to_them() {
    let mut rules = FirstMatch::<u128, 1>::new();
    for (order, first) in (0..64_u64).map(|order| (order, u128::from(order) << 120)) {
        rules.insert(order, order as u32, region((first, first + 10), (5, 7)));
    }
    rules.insert(99, 99, region((u128::MAX - 1, u128::MAX), (0, u32::MAX)));
    let look = |source, port| rules.first(&Point { addresses: [source, 0], small: [port] }, |_| true).map(|(_, id)| id);
    let start = 33_u128 << 120;
    assert_eq!([start, start + 10].map(|source| look(source, 5)), [Some(33), Some(33)]);
    assert_eq!([start - 1, start + 11].map(|source| look(source, 5)), [None, None]);
    assert_eq!([4, 5, 7, 8].map(|port| look(start, port)), [None, Some(33), Some(33), None]);
    assert_eq!([u128::MAX - 2, u128::MAX - 1, u128::MAX].map(|source| look(source, u32::MAX)), [None, Some(99), Some(99)]);
}

#[test]
fn rules_that_all_overlap_are_stored_a_bounded_number_of_times() {
    // Nested ranges: each lies in the pieces of all that are inside it.
    let nested =
        |order: u64| Region::<u32, 1> { addresses: [(order as u32, 100_000 - order as u32), (0, u32::MAX)], small: [(0, 9)] };
    let mut rules = FirstMatch::new();
    for order in 0..3000 {
        rules.insert(order, order as u32, nested(order));
    }
    assert!(rules.stored() <= 3000 * COPIES);
    // The order of the rules decides, not how narrow they are.
    assert_eq!(rules.first(&Point { addresses: [50_000, 0], small: [0] }, |_| true), Some((0, 0)));
    assert_eq!(rules.first(&Point { addresses: [50_000, 0], small: [0] }, |id| id >= 2000), Some((2000, 2000)));
    assert_eq!(rules.first(&Point { addresses: [100_001, 0], small: [0] }, |_| true), None);
    for order in 0..2999 {
        assert!(rules.remove(order));
        assert!(!rules.remove(order));
    }
    assert_eq!((rules.len(), rules.iter().count()), (1, 1));
    assert_eq!(rules.first(&Point { addresses: [2999, 0], small: [0] }, |_| true), Some((2999, 2999)));
    assert_eq!(rules.first(&Point { addresses: [2998, 0], small: [0] }, |_| true), None);
}

#[test]
fn one_rule_takes_the_place_of_another_with_its_order() {
    let mut rules = FirstMatch::<u128, 1>::new();
    assert!(!rules.insert(5, 1, region((0, 9), (0, 0))));
    assert!(rules.insert(5, 2, region((20, 29), (0, 0))));
    assert_eq!((rules.len(), rules.stored()), (1, 1));
    let look = |source| rules.first(&Point { addresses: [source, 0], small: [0] }, |_| true);
    assert_eq!((look(5), look(25)), (None, Some((5, 2))));
    // Even the highest order is one.
    rules.insert(u64::MAX, 3, region((0, u128::MAX), (0, 0)));
    assert_eq!(rules.first(&Point { addresses: [5, 0], small: [0] }, |_| true), Some((u64::MAX, 3)));
}

#[test]
fn an_empty_range_matches_nothing_and_hides_nothing() {
    let empty = region((9, 8), (0, 9));
    assert!(empty.is_empty() && !region((8, 8), (0, 9)).is_empty() && region((0, 0), (1, 0)).is_empty());
    assert!(region((0, 0), (0, 0)).includes(&empty) && !region((0, 0), (0, 0)).includes(&region((0, 1), (0, 0))));
    let mut rules = FirstMatch::new();
    rules.insert(0, 0, empty);
    assert_eq!((rules.len(), rules.stored()), (1, 0));
    assert!(rules.remove(0));
    assert!(rules.is_empty());
}
