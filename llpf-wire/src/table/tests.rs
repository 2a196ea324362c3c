use proptest::prelude::*;

use super::*;

fn seconds(start: u64, period: u64, keys: u32) -> Schedule {
    Schedule::new(Duration::from_secs(start), Duration::from_secs(period), keys).unwrap()
}

/// The thesis's example says 6.5 minutes (p. 77); 25 keys of 15 seconds are 6.25.
#[test]
fn the_example_of_25_keys_cycles_in_375_seconds() {
    let schedule = seconds(1000, 15, 25);
    assert_eq!((schedule.start().as_secs(), schedule.end().as_secs()), (1000, 1375));
    assert_eq!((schedule.period().as_secs(), schedule.keys()), (15, 25));
    let slot = |now| {
        schedule.slot(Duration::from_secs(now)).map(|slot| (slot.index, slot.cycle, slot.from.as_secs(), slot.until.as_secs()))
    };
    assert_eq!(slot(999), None);
    assert_eq!(slot(1000), Some((0, 0, 1000, 1015)));
    assert_eq!(slot(1014), Some((0, 0, 1000, 1015)));
    assert_eq!(slot(1015), Some((1, 0, 1015, 1030)));
    assert_eq!(slot(1374), Some((24, 0, 1360, 1375)));
    assert_eq!(slot(1375), Some((0, 1, 1375, 1390)));
    assert_eq!(slot(1375 + 375 + 16), Some((1, 2, 1765, 1780)));
}

#[test]
fn a_key_is_in_its_period_to_the_nanosecond() {
    let schedule = seconds(1000, 15, 25);
    let at = |secs: u64, nanos: i64| Duration::from_nanos((secs * 1_000_000_000).checked_add_signed(nanos).unwrap());
    let live = |index, now, skew| schedule.is_in_period(index, now, Duration::from_secs(skew), false);
    for skew in [0, 5] {
        assert!(!live(3, at(1045 - skew, -1), skew));
        assert!(live(3, at(1045 - skew, 0), skew));
        assert!(live(3, at(1060 + skew, -1), skew));
        assert!(!live(3, at(1060 + skew, 0), skew));
    }
    // No key behind the last one, and none again a cycle later, unless the table may wrap.
    assert!(!live(25, at(1376, 0), 0));
    assert!(!live(3, at(1045 + 375, 0), 0));
    let wrapped = |now| schedule.is_in_period(3, now, Duration::from_secs(5), true);
    assert!(!wrapped(at(1040, -1)));
    for cycle in [0, 1, 2, 1000] {
        assert!(!wrapped(at(1040 + 375 * cycle, -1)));
        assert!(wrapped(at(1040 + 375 * cycle, 0)));
        assert!(wrapped(at(1065 + 375 * cycle, -1)));
        assert!(!wrapped(at(1065 + 375 * cycle, 0)));
    }
}

#[test]
fn schedules_that_make_no_sense_are_refused() {
    let second = Duration::from_secs(1);
    let new = Schedule::new;
    assert_eq!(new(second, second, 0), Err(Error::TooSmall { field: Field::KeyCount, found: 0, needed: 1 }));
    let error = Error::DoesNotFit { field: Field::KeyCount, found: 65_537, needed: 65_536 };
    assert_eq!(new(second, second, 65_537), Err(error));
    assert!(new(second, second, 65_536).is_ok());
    assert_eq!(new(second, Duration::ZERO, 1), Err(Error::TooSmall { field: Field::Period, found: 0, needed: 1 }));
    let last = Duration::from_nanos(u64::MAX);
    assert!(new(last - second, second, 1).is_ok());
    let error = Error::DoesNotFit { field: Field::Period, found: 2, needed: 1 };
    assert_eq!(new(last - second, 2 * second, 1), Err(error));
    assert!(matches!(new(Duration::MAX, second, 1), Err(Error::DoesNotFit { field: Field::Period, .. })));
    assert!(matches!(new(second, Duration::MAX, 1), Err(Error::DoesNotFit { field: Field::Period, .. })));
    // The end of time is in no period of a table that ended before.
    let schedule = new(second, second, 2).unwrap();
    assert!(!schedule.is_in_period(1, Duration::MAX, Duration::ZERO, false));
}

proptest! {
    /// By definition: an instant within the skew of now at which the key is the one of the time.
    #[test]
    fn in_period_is_what_the_slots_say(
        start in 0u64..50, period in 1u64..9, keys in 1u32..6, index in 0u16..7, now in 0u64..200, skew in 0u64..12, wrap: bool,
    ) {
        let schedule = seconds(start, period, keys);
        let first = now.saturating_sub(skew);
        // Half a second on, for the open ends of periods.
        let expected = (first * 2..=(now + skew) * 2).any(|half| {
            let at = Duration::from_millis(half * 500);
            let is_end = half == first * 2 && now >= skew && skew > 0;
            !is_end && schedule.slot(at).is_some_and(|slot| slot.index == index && (wrap || slot.cycle == 0))
        });
        let live = schedule.is_in_period(index, Duration::from_secs(now), Duration::from_secs(skew), wrap);
        prop_assert_eq!(live, expected);
    }

    #[test]
    fn a_slot_holds_the_time_that_it_is_of(start in 0u64..1 << 40, period in 1u64..1 << 40, keys in 1u32..=65_536, after in 0u64..1 << 60) {
        let nanos = Duration::from_nanos;
        let schedule = Schedule::new(nanos(start), nanos(period), keys).unwrap();
        let now = nanos(start + after);
        let slot = schedule.slot(now).unwrap();
        prop_assert!(slot.from <= now && now < slot.until);
        prop_assert_eq!(slot.until - slot.from, nanos(period));
        prop_assert_eq!(u128::from(slot.cycle) * u128::from(keys) + u128::from(slot.index), u128::from(after / period));
        prop_assert!(schedule.is_in_period(slot.index, now, Duration::ZERO, true));
        prop_assert_eq!(schedule.is_in_period(slot.index, now, Duration::ZERO, false), slot.cycle == 0);
    }
}
