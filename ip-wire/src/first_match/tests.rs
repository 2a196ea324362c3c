//! Against the scan, with rules that come and go.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

type Small = FirstMatch<u32, 4>;

fn ranges(bound: u32) -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![
        3 => (0..bound).prop_map(|value| (value, value)),
        3 => (0..bound, 0..bound / 4).prop_map(move |(first, more)| (first, (first + more).min(bound - 1))),
        2 => Just((0, bound - 1)),
        1 => Just((0, u32::MAX)),
        1 => (0..bound, 0..bound), // may be empty
    ]
}

fn regions() -> impl Strategy<Value = Region<u32, 4>> {
    (ranges(64), ranges(64), ranges(16), ranges(8)).prop_map(|(a, b, c, d)| Region([a, b, c, d]))
}

fn points() -> impl Strategy<Value = [u32; 4]> {
    let edge = |bound: u32| prop_oneof![9 => 0..bound, 1 => Just(u32::MAX)];
    (edge(64), edge(64), edge(16), edge(8)).prop_map(|(a, b, c, d)| [a, b, c, d])
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u64, Region<u32, 4>),
    Remove(u64),
    Look([u32; 4]),
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
        let mut model: BTreeMap<u64, (u32, Region<u32, 4>)> = BTreeMap::new();
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
        for (order, (id, region)) in &model {
            prop_assert_eq!(rules.id(*order), Some(*id));
            prop_assert!(rules.iter().any(|found| found == (*order, *id, region)));
        }
        for order in 0..400 {
            rules.remove(order);
        }
        prop_assert!(rules.is_empty());
        prop_assert_eq!(rules.stored(), 0);
    }

    #[test]
    fn grown_at_once_or_one_by_one_the_answers_are_the_same(
        regions in prop::collection::vec(regions(), 0..500),
        points in prop::collection::vec(points(), 100),
    ) {
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
    fn halves_let_in_what_the_range_does_and_nothing_else_if_they_say_all(
        first in any::<u128>(), last in any::<u128>(), len in 0..=128_u32, inside in any::<u128>(), near in -2..=2_i64,
    ) {
        let check = |first: u128, last: u128| {
            let ([upper, lower], all) = halves(first, last);
            for value in [inside, first, last, first.wrapping_add_signed(near.into()), last.wrapping_add_signed(near.into())] {
                let [high, low] = split(value);
                let let_in = upper.0 <= high && high <= upper.1 && lower.0 <= low && low <= lower.1;
                let wanted = first <= value && value <= last;
                assert!(if all { let_in == wanted } else { let_in || !wanted }, "{first:x} {last:x} {value:x}");
            }
            all
        };
        check(first.min(last), first.max(last));
        check(first, first.saturating_add(1 << 20));
        // A prefix is always told in full.
        let host = u128::MAX.checked_shr(len).unwrap_or(0);
        prop_assert!(check(first & !host, first | host));
    }
}

fn region(source: (u64, u64), port: (u64, u64)) -> Region<u64, 2> {
    Region([source, port])
}

#[test]
fn the_ends_of_ranges_belong_to_them() {
    let mut rules = FirstMatch::<u64, 2>::new();
    for (order, first) in (0..64_u64).map(|order| (order, order << 56)) {
        rules.insert(order, order as u32, region((first, first + 10), (5, 7)));
    }
    rules.insert(99, 99, region((u64::MAX - 1, u64::MAX), (0, u64::MAX)));
    let look = |source, port| rules.first(&[source, port], |_| true).map(|(_, id)| id);
    let start = 33_u64 << 56;
    assert_eq!([start, start + 10].map(|source| look(source, 5)), [Some(33), Some(33)]);
    assert_eq!([start - 1, start + 11].map(|source| look(source, 5)), [None, None]);
    assert_eq!([4, 5, 7, 8].map(|port| look(start, port)), [None, Some(33), Some(33), None]);
    assert_eq!([u64::MAX - 2, u64::MAX - 1, u64::MAX].map(|source| look(source, u64::MAX)), [None, Some(99), Some(99)]);
}

#[test]
fn rules_that_all_overlap_are_stored_a_bounded_number_of_times() {
    // Nested ranges: each lies in the pieces of all that are inside it.
    let nested = |order: u64| Region::<u32, 2>([(order as u32, 100_000 - order as u32), (0, 9)]);
    let mut rules = FirstMatch::new();
    for order in 0..3000 {
        rules.insert(order, order as u32, nested(order));
    }
    assert!(rules.stored() <= 3000 * COPIES);
    // The order of the rules decides, not how narrow they are.
    assert_eq!(rules.first(&[50_000, 0], |_| true), Some((0, 0)));
    assert_eq!(rules.first(&[50_000, 0], |id| id >= 2000), Some((2000, 2000)));
    assert_eq!(rules.first(&[100_001, 0], |_| true), None);
    for order in 0..2999 {
        assert!(rules.remove(order));
        assert!(!rules.remove(order));
    }
    assert_eq!((rules.len(), rules.iter().count()), (1, 1));
    assert_eq!(rules.first(&[2999, 0], |_| true), Some((2999, 2999)));
    assert_eq!(rules.first(&[2998, 0], |_| true), None);
}

#[test]
fn a_tree_that_is_full_takes_rules_once_and_gives_them_back() {
    // Each rule lies in several pieces of each field: with all of them cut, there would be hundreds of copies.
    let at = |order: u32| [order, order * 7 % 500, order * 11 % 500, order * 13 % 500];
    let region = |order: u32| Region(at(order).map(|first| (first / 6 * 6, first / 6 * 6 + 35)));
    let mut rules = FirstMatch::new();
    let mut most = 0;
    for order in 0..500 {
        rules.insert(u64::from(order), order, region(order));
        most = most.max(rules.stored() / rules.len());
        assert!(rules.stored() <= (rules.len() + 24) * COPIES);
    }
    assert!(most >= COPIES - 1, "never near its limit: {most} copies");
    let check = |rules: &FirstMatch<u32, 4>| {
        for value in 0..510 {
            let point = at(value).map(|first| first + 1);
            assert_eq!(rules.first(&point, |_| true), rules.first_by_scan(&point, |_| true));
        }
    };
    check(&rules);
    for order in (0..500).filter(|order| order % 3 != 0) {
        assert!(rules.remove(order));
    }
    check(&rules);
    for order in (0..500).filter(|order| order % 3 == 0) {
        assert!(rules.remove(order));
    }
    assert_eq!((rules.len(), rules.stored()), (0, 0));
}

#[test]
fn halves_say_all_of_whole_upper_halves_only() {
    let (one, two) = (1_u128 << 64, 2_u128 << 64);
    assert_eq!(halves(one, two + u128::from(u64::MAX)), ([(1, 2), (0, u64::MAX)], true));
    assert_eq!(halves(one, two + u128::from(u64::MAX) - 1), ([(1, 2), (0, u64::MAX)], false));
    assert_eq!(halves(one + 1, two + u128::from(u64::MAX)), ([(1, 2), (0, u64::MAX)], false));
    assert_eq!(halves(one + 5, one + 9), ([(1, 1), (5, 9)], true));
}

#[test]
fn one_rule_takes_the_place_of_another_with_its_order() {
    let mut rules = FirstMatch::<u64, 2>::new();
    assert!(!rules.insert(5, 1, region((0, 9), (0, 0))));
    assert!(rules.insert(5, 2, region((20, 29), (0, 0))));
    assert_eq!((rules.len(), rules.stored()), (1, 1));
    let look = |source| rules.first(&[source, 0], |_| true);
    assert_eq!((look(5), look(25)), (None, Some((5, 2))));
    // Even the highest order is one.
    rules.insert(u64::MAX, 3, region((0, u64::MAX), (0, 0)));
    assert_eq!(rules.first(&[5, 0], |_| true), Some((u64::MAX, 3)));
}

#[test]
fn an_empty_range_matches_nothing_and_hides_nothing() {
    let empty = region((9, 8), (0, 9));
    assert!(empty.is_empty() && !region((8, 8), (0, 9)).is_empty() && region((0, 0), (1, 0)).is_empty());
    let mut rules = FirstMatch::new();
    rules.insert(0, 0, empty);
    assert_eq!((rules.len(), rules.stored()), (1, 0));
    assert!(rules.remove(0));
    assert!(rules.is_empty());
    let rules = FirstMatch::from_rules([(0, 0, empty), (1, 1, region((0, 20), (0, 20)))]);
    assert_eq!((rules.len(), rules.stored(), rules.first(&[9, 5], |_| true)), (2, 1, Some((1, 1))));
}
