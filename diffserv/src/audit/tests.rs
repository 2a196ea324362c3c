//! Bounded records, exact counters.

use std::vec::Vec;

use super::*;

fn event(kind: Kind, time: Duration) -> Event {
    Event::new(kind, time, "192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap(), Dscp::EF)
}

#[test]
fn a_million_offending_packets_leave_bounded_records_and_exact_counters() {
    let mut audit = Audit::new(Config::default()).unwrap();
    let mut polled = 0;
    for number in 0..1_000_000_u64 {
        // 100,000 a second for ten seconds.
        let kind = Kind::ALL[(number % 3) as usize];
        audit.record(event(kind, Duration::from_micros(number * 10)));
        if number % 1000 == 0 {
            polled += core::iter::from_fn(|| audit.poll()).count() as u64;
        }
    }
    polled += core::iter::from_fn(|| audit.poll()).count() as u64;
    assert_eq!(Kind::ALL.map(|kind| audit.count(kind)), [333_334, 333_333, 333_333, 0, 0, 0]);
    // The burst, and a hundred a second after it.
    assert_eq!(polled, 1024 + 999);
    assert_eq!(audit.suppressed(), 1_000_000 - polled);
}

#[test]
fn the_number_of_records_is_bounded_without_a_rate_too() {
    let mut audit = Audit::new(Config::default().with_records(3).with_rate(None)).unwrap();
    let kept: Vec<_> = (0..5).map(|second| audit.record(event(Kind::OutOfProfile, Duration::from_secs(second)))).collect();
    assert_eq!(kept, [true, true, true, false, false]);
    assert_eq!(audit.poll(), Some(event(Kind::OutOfProfile, Duration::ZERO)));
    assert!(audit.record(event(Kind::NotShaped, Duration::ZERO)));
    assert_eq!((audit.suppressed(), audit.count(Kind::OutOfProfile), audit.count(Kind::NotShaped)), (2, 5, 1));
}

#[test]
fn audit_can_be_off_in_whole_or_in_part_and_counts_all_the_same() {
    let mut off = Audit::new(Config::off()).unwrap();
    for kind in Kind::ALL {
        assert!(!off.record(event(kind, Duration::ZERO)));
        assert_eq!(off.count(kind), 1);
    }
    assert_eq!((off.poll(), off.suppressed()), (None, 0));
    for silent in Kind::ALL {
        let config = Config::default().with(silent, false);
        let mut audit = Audit::new(config).unwrap();
        for kind in Kind::ALL {
            assert_eq!(config.records(kind), kind != silent);
            assert_eq!(audit.record(event(kind, Duration::ZERO)), kind != silent);
            assert_eq!(audit.count(kind), 1);
        }
    }
    assert!(Config::off().with(Kind::TunnelEcn, true).records(Kind::TunnelEcn));
}

#[test]
fn absurd_configurations_are_refused() {
    let config = Config::default().with_records((1 << 24) + 1);
    let error = Error::TooLarge { field: Field::Records, found: (1 << 24) + 1, max: 1 << 24 };
    assert_eq!(Audit::new(config).unwrap_err(), error);
    assert!(Audit::new(config.with_records(1 << 24)).is_ok());
    let rate = Audit::new(Config::default().with_rate(Some((0, 1)))).unwrap_err();
    assert_eq!(rate, Error::TooSmall { field: Field::Rate, found: 0, min: 1 });
}

#[test]
fn kinds_have_names_of_their_own() {
    let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Kind::ALL.len());
}
