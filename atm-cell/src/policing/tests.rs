//! GCRA tables by hand, the two forms against each other, conformance definitions, frame discard.

use core::time::Duration;
use proptest::prelude::*;
use std::vec::Vec;

use super::*;
use crate::cell::{Header, Interface, PayloadType, Vc, Vci, View, Vpi};
use crate::{Error, Field};

const MS: Duration = Duration::from_millis(1);
const NS: Duration = Duration::from_nanos(1);

fn ns(ns: u64) -> Duration {
    Duration::from_nanos(ns)
}

/// A cell in every slot: the slots that conform.
fn conforming_slots(gcra: Gcra, slots: u64) -> Vec<u64> {
    let mut virtual_scheduling = VirtualScheduling::new(gcra);
    let mut leaky_bucket = LeakyBucket::new(gcra);
    (0..slots)
        .filter(|&t| {
            let verdict = virtual_scheduling.arrive(t);
            assert_eq!(leaky_bucket.arrive(t), verdict);
            verdict
        })
        .collect()
}

#[test]
fn gcra_1_5_with_half_a_slot_lets_two_cells_of_three_pass() {
    assert_eq!(conforming_slots(Gcra::new(3, 2, 1).unwrap(), 9), [0, 1, 3, 4, 6, 7]);
}

#[test]
fn gcra_4_5_with_half_a_slot_spaces_cells_by_four_and_five() {
    assert_eq!(conforming_slots(Gcra::new(9, 2, 1).unwrap(), 24), [0, 4, 9, 13, 18, 22]);
}

#[test]
fn gcra_4_5_without_tolerance_waits_for_the_whole_slot() {
    assert_eq!(conforming_slots(Gcra::new(9, 2, 0).unwrap(), 21), [0, 5, 10, 15, 20]);
}

#[test]
fn clumps_are_as_long_as_one_plus_the_tolerance_by_the_increment_less_a_slot() {
    // floor(1 + L / (I - 1)): I = 4.5.
    for (limit, clump) in [(1, 1), (6, 1), (7, 2), (13, 2), (14, 3), (20, 3), (21, 4)] {
        let slots = conforming_slots(Gcra::new(9, 2, limit).unwrap(), 30);
        let found = slots.iter().zip(0..).take_while(|&(&slot, n)| slot == n).count();
        assert_eq!(found, clump, "limit {limit}/2");
    }
    assert_eq!(conforming_slots(Gcra::new(9, 2, 14).unwrap(), 16), [0, 1, 2, 7, 11]);
}

#[test]
fn a_cell_exactly_as_early_as_the_limit_conforms_and_one_tick_earlier_does_not() {
    for (t, verdict) in [(6, false), (7, true)] {
        let gcra = Gcra::new(10, 1, 3).unwrap();
        let (mut virtual_scheduling, mut leaky_bucket) = (VirtualScheduling::new(gcra), LeakyBucket::new(gcra));
        assert!(virtual_scheduling.arrive(0) && leaky_bucket.arrive(0));
        assert_eq!((virtual_scheduling.conforms(t), leaky_bucket.conforms(t)), (verdict, verdict));
        assert_eq!((virtual_scheduling.arrive(t), leaky_bucket.arrive(t)), (verdict, verdict));
    }
}

#[test]
fn a_cell_that_does_not_conform_changes_nothing() {
    let gcra = Gcra::new(10, 1, 0).unwrap();
    let (mut virtual_scheduling, mut leaky_bucket) = (VirtualScheduling::new(gcra), LeakyBucket::new(gcra));
    let verdicts: Vec<bool> = [0, 5, 9, 10, 19, 20].map(|t| virtual_scheduling.arrive(t)).into();
    assert_eq!(verdicts, [true, false, false, true, false, true]);
    assert_eq!([0, 5, 9, 10, 19, 20].map(|t| leaky_bucket.arrive(t)).to_vec(), verdicts);
}

#[test]
fn asking_changes_nothing() {
    let gcra = Gcra::new(10, 1, 0).unwrap();
    let (mut virtual_scheduling, mut leaky_bucket) = (VirtualScheduling::new(gcra), LeakyBucket::new(gcra));
    assert!(virtual_scheduling.conforms(1000) && leaky_bucket.conforms(1000));
    assert_eq!((virtual_scheduling, leaky_bucket), (VirtualScheduling::new(gcra), LeakyBucket::new(gcra)));
    assert!(virtual_scheduling.arrive(0) && leaky_bucket.arrive(0));
    assert_eq!(leaky_bucket.content(4), 6);
    assert_eq!((virtual_scheduling.gcra(), leaky_bucket.gcra()), (gcra, gcra));
    assert_eq!((gcra.increment(), gcra.limit()), ((10, 1), 0));
}

#[test]
fn a_clock_that_goes_backwards_is_held_at_its_latest() {
    let gcra = Gcra::new(10, 1, 0).unwrap();
    let (mut virtual_scheduling, mut leaky_bucket) = (VirtualScheduling::new(gcra), LeakyBucket::new(gcra));
    let times = [100, 105, 50, 110, 3, 119, 0, 120];
    let expected = [true, false, false, true, false, false, false, true];
    assert_eq!(times.map(|t| virtual_scheduling.arrive(t)), expected);
    assert_eq!(times.map(|t| leaky_bucket.arrive(t)), expected);
    // The latest time counts even where its cell did not conform.
    let mut held = VirtualScheduling::new(Gcra::new(10, 1, 15).unwrap());
    let mut bucket = LeakyBucket::new(held.gcra());
    assert_eq!([0, 0, 0, 5, 0].map(|t| held.arrive(t)), [true, true, false, true, false]);
    assert_eq!([0, 0, 0, 5, 0].map(|t| bucket.arrive(t)), [true, true, false, true, false]);
    let gcra = Gcra::new(100, 1, 95).unwrap();
    let (mut held, mut bucket) = (VirtualScheduling::new(gcra), LeakyBucket::new(gcra));
    assert_eq!([0, 4, 0].map(|t| held.arrive(t)), [true, false, false]);
    assert_eq!([0, 4, 0].map(|t| bucket.arrive(t)), [true, false, false]);
    held.update(5);
    bucket.update(5);
    assert_eq!([held.arrive(105), bucket.arrive(105)], [true, true]);
    assert_eq!([held.arrive(110), bucket.arrive(110)], [false, false]);
}

#[test]
fn a_late_time_seen_on_a_refused_cell_serves_an_earlier_one_after_it() {
    let gcra = Gcra::new(100, 1, 0).unwrap();
    let (mut virtual_scheduling, mut leaky_bucket) = (VirtualScheduling::new(gcra), LeakyBucket::new(gcra));
    virtual_scheduling.arrive(0);
    leaky_bucket.arrive(0);
    assert!(!virtual_scheduling.arrive(99) && !leaky_bucket.arrive(99));
    let (mut scheduled, mut poured) = (virtual_scheduling, leaky_bucket);
    scheduled.update(0);
    poured.update(0);
    // Both counted the forced cell at 99.
    assert_eq!(poured.content(0), 101);
    assert!(!scheduled.conforms(199) && scheduled.conforms(200));
    assert!(!poured.conforms(199) && poured.conforms(200));
}

#[test]
fn the_ends_of_time_are_survived() {
    for gcra in
        [Gcra::new(1, 1, 0).unwrap(), Gcra::new(u64::MAX, u32::MAX, u64::MAX).unwrap(), Gcra::new(u64::MAX, 1, 0).unwrap()]
    {
        let (mut virtual_scheduling, mut leaky_bucket) = (VirtualScheduling::new(gcra), LeakyBucket::new(gcra));
        for t in [0, u64::MAX, 0, u64::MAX, u64::MAX - 1] {
            assert_eq!(virtual_scheduling.arrive(t), leaky_bucket.arrive(t));
        }
    }
}

#[test]
fn over_a_million_cells_the_rate_is_exact_to_a_cell() {
    // Rates whose nanoseconds per cell are no whole number.
    for (rate, cells) in [(353_207_u32, 1_000_000_u64), (999_999_937, 1_000_000), (7, 1000), (1, 10)] {
        let mut test = VirtualScheduling::new(Gcra::rate(rate, Duration::ZERO).unwrap());
        for n in 0..cells {
            // The first nanosecond at which cell n is due.
            let due = (u128::from(n) * 1_000_000_000).div_ceil(u128::from(rate)) as u64;
            if due > 0 {
                assert!(!test.conforms(due - 1), "before cell {n} at {rate}/s");
            }
            assert!(test.conforms(due), "cell {n} at {rate}/s");
            // Cells come exactly at their due time, counted without the rounding to a tick.
            test.update(0);
        }
    }
}

#[test]
fn greedy_arrivals_with_tolerance_get_exactly_their_rate() {
    // With a tolerance of a tick the rounding of each arrival is not lost: N seconds carry N * rate cells.
    let rate = 333_333;
    let mut test = LeakyBucket::new(Gcra::rate(rate, Duration::from_nanos(1000)).unwrap());
    let passed = (0..3_000_000_u64).filter(|n| test.arrive(n * 1000)).count();
    // 3 seconds: 999 999 cells, and the one that the tolerance lends at the start.
    assert_eq!(passed, 1_000_000);
}

#[test]
fn a_burst_of_mbs_cells_passes_at_the_peak_rate_and_no_more() {
    for (scr, pcr, mbs) in [(100, 1000, 3), (7, 13, 50), (1, 1_000_000_000, 100), (333, 1000, 2), (500, 500, 10), (3, 7, 1)] {
        let gcra = Gcra::sustainable(scr, pcr, mbs, Duration::ZERO).unwrap();
        let mut test = VirtualScheduling::new(gcra);
        let passed = (0..u64::from(mbs) + 200)
            .take_while(|n| test.arrive((u128::from(*n) * 1_000_000_000).div_ceil(u128::from(pcr)) as u64))
            .count() as u64;
        if scr == pcr {
            assert_eq!(passed, u64::from(mbs) + 200);
        } else {
            // While the burst lasts, credit for more cells comes in at SCR: floor(1 + BT / (1/SCR - 1/PCR)) = MBS.
            assert_eq!(passed, u64::from(mbs), "{scr} {pcr} {mbs}");
        }
    }
}

#[test]
fn the_burst_tolerance_is_one_less_than_mbs_times_the_difference_of_the_intervals() {
    // (3 - 1)(10 ms - 1 ms) = 18 ms, in units of 1/100 ns; and the CDVT on top.
    let gcra = Gcra::sustainable(100, 1000, 3, Duration::ZERO).unwrap();
    assert_eq!((gcra.increment(), gcra.limit()), ((1_000_000_000, 100), 1_800_000_000));
    assert_eq!(Gcra::sustainable(100, 1000, 3, 2 * NS).unwrap().limit(), 1_800_000_200);
    // Rounded down once: 1 * (10^9 - 10^9 * 2 / 3) units.
    assert_eq!(Gcra::sustainable(2, 3, 2, Duration::ZERO).unwrap().limit(), 333_333_333);
    assert_eq!(Gcra::sustainable(2, 3, 4, Duration::ZERO).unwrap().limit(), 1_000_000_000);
    assert_eq!(Gcra::rate(100, 5 * NS).unwrap().limit(), 500);
    let largest = Gcra::sustainable(1, 1_000_000_000, u32::MAX, ns(u64::MAX)).unwrap();
    assert_eq!(largest.limit(), 4_294_967_294 * 999_999_999 + u128::from(u64::MAX));
}

#[test]
fn impossible_parameters_are_refused() {
    let zero = Error::Value { field: Field::PolicerRate, offset: 0, found: 0, needed: 1 };
    assert_eq!(Gcra::new(0, 1, 0), Err(zero));
    assert_eq!(Gcra::new(1, 0, 0), Err(zero));
    assert_eq!(Gcra::rate(0, Duration::ZERO), Err(zero));
    assert_eq!(Gcra::sustainable(0, 1, 1, Duration::ZERO), Err(zero));
    assert_eq!(Gcra::sustainable(1, 0, 1, Duration::ZERO), Err(zero));
    assert_eq!(Gcra::new(4, 5, 0), Err(Error::DoesNotFit { field: Field::PolicerRate, found: 5, needed: 4 }));
    assert!(Gcra::new(5, 5, 0).is_ok());
    assert!(Gcra::new(u64::from(u32::MAX) + 1, u32::MAX, 0).is_ok());
    let over = Error::DoesNotFit { field: Field::PolicerRate, found: 1_000_000_001, needed: 1_000_000_000 };
    assert_eq!(Gcra::rate(1_000_000_001, Duration::ZERO), Err(over));
    assert!(Gcra::rate(1_000_000_000, Duration::ZERO).is_ok());
    assert_eq!(
        Gcra::sustainable(11, 10, 1, Duration::ZERO),
        Err(Error::DoesNotFit { field: Field::PolicerRate, found: 11, needed: 10 })
    );
    assert_eq!(
        Gcra::sustainable(10, 10, 0, Duration::ZERO),
        Err(Error::Value { field: Field::PolicerTolerance, offset: 0, found: 0, needed: 1 })
    );
    let long = Error::DoesNotFit { field: Field::PolicerTolerance, found: u32::MAX, needed: u32::MAX };
    assert_eq!(Gcra::rate(1, ns(u64::MAX) + NS), Err(long));
    assert!(Gcra::rate(1, ns(u64::MAX)).is_ok());
    let cdvt = Duration::ZERO;
    assert_eq!(Policer::new(Conformance::Cbr1 { pcr: 0, cdvt }), Err(zero));
    assert_eq!(
        Policer::new(Conformance::Minimum { pcr: 5, cdvt, mcr: 6, tolerance: cdvt }),
        Err(Error::DoesNotFit { field: Field::PolicerRate, found: 6, needed: 5 })
    );
}

use Verdict::{Conform, Discard, Tagged};

/// Verdicts of cells given as (milliseconds, CLP).
fn verdicts(conformance: Conformance, cells: &[(u32, bool)]) -> Vec<Verdict> {
    let mut policer = Policer::new(conformance).unwrap();
    let verdicts: Vec<_> = cells.iter().map(|&(ms, clp)| policer.police(MS * ms, clp)).collect();
    let count = |which| verdicts.iter().filter(|&&verdict| verdict == which).count() as u64;
    let counters = Counters { conform: count(Conform), tagged: count(Tagged), discarded: count(Discard) };
    assert_eq!(policer.counters(), counters);
    verdicts
}

const HI: bool = false;
const LO: bool = true;
/// 1000 cells a second, 100 on average, bursts of 2.
const CELLS: [(u32, bool); 8] = [(0, HI), (0, HI), (1, LO), (2, HI), (3, HI), (4, LO), (20, HI), (21, HI)];

#[test]
fn cbr_1_and_ubr_1_police_the_peak_rate_of_all_cells() {
    let expected = [Conform, Discard, Conform, Conform, Conform, Conform, Conform, Conform];
    assert_eq!(verdicts(Conformance::Cbr1 { pcr: 1000, cdvt: Duration::ZERO }, &CELLS), expected);
    assert_eq!(verdicts(Conformance::Ubr1 { pcr: 1000, cdvt: Duration::ZERO }, &CELLS), expected);
    let expected = [Conform; 8];
    assert_eq!(verdicts(Conformance::Cbr1 { pcr: 1000, cdvt: MS }, &CELLS), expected);
    assert_eq!(verdicts(Conformance::Ubr1 { pcr: 1000, cdvt: MS }, &CELLS), expected);
}

#[test]
fn vbr_1_averages_all_cells_and_discards_those_over_it() {
    // TAT at 100/s with 9 ms of tolerance: 10, (peak), 20, ...
    let conformance = Conformance::Vbr1 { pcr: 1000, cdvt: Duration::ZERO, scr: 100, mbs: 2 };
    assert_eq!(verdicts(conformance, &CELLS), [Conform, Discard, Conform, Discard, Discard, Discard, Conform, Conform]);
}

#[test]
fn vbr_2_averages_high_priority_cells_and_discards_those_over_it() {
    let conformance = Conformance::Vbr2 { pcr: 1000, cdvt: Duration::ZERO, scr: 100, mbs: 2 };
    assert_eq!(verdicts(conformance, &CELLS), [Conform, Discard, Conform, Conform, Discard, Conform, Conform, Conform]);
    let more = [(0, HI), (1, HI), (2, HI), (2, LO), (3, HI), (3, LO)];
    assert_eq!(verdicts(conformance, &more), [Conform, Conform, Discard, Conform, Discard, Conform]);
}

#[test]
fn vbr_3_averages_high_priority_cells_and_tags_those_over_it() {
    let conformance = Conformance::Vbr3 { pcr: 1000, cdvt: Duration::ZERO, scr: 100, mbs: 2 };
    assert_eq!(verdicts(conformance, &CELLS), [Conform, Discard, Conform, Conform, Tagged, Conform, Conform, Conform]);
    // A tagged cell takes its place in the peak rate's test.
    let more = [(0, HI), (1, HI), (2, HI), (2, LO), (3, HI), (3, LO), (19, HI), (20, HI), (29, HI)];
    let expected = [Conform, Conform, Tagged, Discard, Tagged, Discard, Conform, Tagged, Conform];
    assert_eq!(verdicts(conformance, &more), expected);
}

#[test]
fn a_minimum_passes_and_what_is_over_it_is_tagged_up_to_the_peak() {
    let conformance = Conformance::Minimum { pcr: 1000, cdvt: Duration::ZERO, mcr: 100, tolerance: 4 * MS };
    let cells = [(0, HI), (5, HI), (5, HI), (6, HI), (7, LO), (16, HI)];
    assert_eq!(verdicts(conformance, &cells), [Conform, Tagged, Discard, Conform, Conform, Conform]);
}

#[test]
fn a_cell_over_the_peak_takes_nothing_from_the_average() {
    // CDVT 0, PCR 1000, SCR 500, MBS 2: the cell at 0.5 ms fails the peak only, and the average still has its second cell.
    let mut policer = Policer::new(Conformance::Vbr1 { pcr: 1000, cdvt: Duration::ZERO, scr: 500, mbs: 2 }).unwrap();
    let at = |us| Duration::from_micros(us);
    assert_eq!([0, 500, 1000, 2000, 3000].map(|us| policer.police(at(us), false)), [Conform, Discard, Conform, Discard, Conform]);
}

#[test]
fn a_cell_over_the_average_takes_nothing_from_the_peak() {
    // PCR one in 1 ms, SCR one in 10 ms with CDVT 5 ms: the cell at 4 ms is over the average; a CLP=1 cell at 4 ms still fits the peak.
    let mut policer = Policer::new(Conformance::Vbr2 { pcr: 1000, cdvt: Duration::ZERO, scr: 100, mbs: 1 }).unwrap();
    assert_eq!(policer.police(Duration::ZERO, HI), Conform);
    assert_eq!(policer.police(4 * MS, HI), Discard);
    assert_eq!(policer.police(4 * MS, LO), Conform);
    assert_eq!(policer.police(4 * MS, LO), Discard);
}

#[test]
fn the_policer_holds_a_clock_that_goes_backwards_or_over_its_end() {
    let mut policer = Policer::new(Conformance::Cbr1 { pcr: 1000, cdvt: Duration::ZERO }).unwrap();
    assert_eq!(policer.police(10 * MS, HI), Conform);
    assert_eq!(policer.police(10 * MS + 999_999 * NS, HI), Discard);
    assert_eq!(policer.police(Duration::ZERO, HI), Discard);
    assert_eq!(policer.police(11 * MS, HI), Conform);
    assert_eq!(policer.police(Duration::MAX, HI), Conform);
    assert_eq!(policer.police(Duration::MAX, HI), Discard);
}

#[test]
fn a_tagged_cell_has_clp_set_and_a_hec_that_is_right_if_it_was() {
    let vc = Vc::new(Vpi::new(8).unwrap(), Vci::new(35));
    for (payload_type, broken) in [(0, 0), (1, 0), (3, 0x40)] {
        let header = Header { payload_type: PayloadType::new(payload_type).unwrap(), ..Header::new(Interface::Uni, vc) };
        let mut cell = header.with_payload(&[7; 48]).unwrap();
        cell[4] ^= broken;
        let before = cell;
        let mut policer = Policer::new(Conformance::Vbr3 { pcr: 1000, cdvt: Duration::ZERO, scr: 1, mbs: 1 }).unwrap();
        assert_eq!(policer.police_cell(Duration::ZERO, &mut cell), Conform);
        assert_eq!(cell, before);
        assert_eq!(policer.police_cell(Duration::ZERO, &mut cell), Discard);
        assert_eq!(cell, before);
        assert_eq!(policer.police_cell(MS, &mut cell), Tagged);
        cell[4] ^= broken;
        let view = View::from_octets(&cell, Interface::Uni).unwrap();
        assert_eq!(view.header(), Header { clp: true, ..header });
        assert_eq!(view.payload(), &[7; 48]);
        // A cell that comes with CLP set is seen as such: only the peak rate is tested.
        assert_eq!(policer.police_cell(2 * MS, &mut cell), Conform);
    }
}

const MIDDLE: PayloadType = PayloadType::USER_0;
const LAST: PayloadType = PayloadType::USER_1;

/// Verdicts of cells given as (payload type, room), 1 for cells that go on.
fn frames(cells: &[(PayloadType, Room)]) -> (Vec<u8>, u64) {
    let mut discard = FrameDiscard::new();
    let verdicts = cells.iter().map(|&(pt, room)| u8::from(discard.offer(pt, || room) == FrameVerdict::Forward)).collect();
    (verdicts, discard.frames_hit())
}

#[test]
fn whole_frames_pass_where_there_is_room() {
    let cells = [(MIDDLE, Room::Free), (LAST, Room::Free), (LAST, Room::Free), (PayloadType::USER_CONGESTED_1, Room::Free)];
    assert_eq!(frames(&cells), (std::vec![1, 1, 1, 1], 0));
    let cells = [(MIDDLE, Room::Free), (MIDDLE, Room::Free), (MIDDLE, Room::Free), (MIDDLE, Room::Free), (LAST, Room::Free)];
    assert_eq!(frames(&cells), (std::vec![1; 5], 0));
}

#[test]
fn a_frame_that_starts_over_the_threshold_is_dropped_whole() {
    for first in [Room::NoNewFrame, Room::None] {
        let cells = [(MIDDLE, first), (MIDDLE, Room::Free), (LAST, Room::Free), (MIDDLE, Room::Free), (LAST, Room::Free)];
        assert_eq!(frames(&cells), (std::vec![0, 0, 0, 1, 1], 1));
        // A frame of one cell is one too.
        assert_eq!(frames(&[(LAST, first), (LAST, Room::Free)]), (std::vec![0, 1], 1));
    }
}

#[test]
fn a_frame_that_started_goes_on_over_the_threshold() {
    let cells = [(MIDDLE, Room::Free), (MIDDLE, Room::NoNewFrame), (LAST, Room::NoNewFrame), (MIDDLE, Room::NoNewFrame)];
    assert_eq!(frames(&cells), (std::vec![1, 1, 1, 0], 1));
}

#[test]
fn after_a_dropped_cell_the_rest_is_dropped_but_the_last_goes_on() {
    let cells =
        [(MIDDLE, Room::Free), (MIDDLE, Room::None), (MIDDLE, Room::Free), (LAST, Room::NoNewFrame), (MIDDLE, Room::Free)];
    assert_eq!(frames(&cells), (std::vec![1, 0, 0, 1, 1], 1));
}

#[test]
fn a_frame_behind_a_lost_last_cell_is_dropped_up_to_its_own_last_cell() {
    let after = [(MIDDLE, Room::Free), (LAST, Room::Free), (MIDDLE, Room::Free)];
    let mut cells = std::vec![(MIDDLE, Room::Free), (LAST, Room::None)];
    cells.extend(after);
    assert_eq!(frames(&cells), (std::vec![1, 0, 0, 1, 1], 2));
    let mut cells = std::vec![(MIDDLE, Room::Free), (MIDDLE, Room::None), (LAST, Room::None)];
    cells.extend(after);
    assert_eq!(frames(&cells), (std::vec![1, 0, 0, 0, 1, 1], 2));
}

#[test]
fn cells_that_are_no_user_data_go_on_where_there_is_room_and_belong_to_no_frame() {
    for pt in 4..8 {
        let other = PayloadType::new(pt).unwrap();
        let cells = [
            (other, Room::NoNewFrame),
            (MIDDLE, Room::Free),
            (other, Room::None),
            (other, Room::Free),
            (MIDDLE, Room::None),
            (other, Room::Free),
            (LAST, Room::Free),
            (MIDDLE, Room::None),
            (other, Room::Free),
            (LAST, Room::Free),
        ];
        assert_eq!(frames(&cells), (std::vec![1, 1, 0, 1, 0, 1, 1, 0, 1, 0], 2));
    }
}

#[test]
fn cells_dropped_in_any_case_are_not_asked_about() {
    let mut discard = FrameDiscard::new();
    let never = || -> Room { panic!("asked") };
    assert_eq!(discard.offer(MIDDLE, || Room::Free), FrameVerdict::Forward);
    assert_eq!(discard.offer(MIDDLE, || Room::None), FrameVerdict::Discard);
    assert_eq!(discard.offer(MIDDLE, never), FrameVerdict::Discard);
    assert_eq!(discard.offer(LAST, || Room::Free), FrameVerdict::Forward);
    assert_eq!(discard.offer(MIDDLE, || Room::None), FrameVerdict::Discard);
    assert_eq!(discard.offer(MIDDLE, never), FrameVerdict::Discard);
    assert_eq!(discard.offer(LAST, never), FrameVerdict::Discard);
}

/// GCRA as the standard's text has it, with fractions of i128 and no state that could be shared with the code.
fn model(ticks: u64, cells: u32, limit: u64, arrivals: &[u64]) -> Vec<bool> {
    let mut latest = 0;
    let mut conforming: Option<i128> = None;
    arrivals
        .iter()
        .map(|&arrival| {
            latest = arrival.max(latest);
            let now = i128::from(latest) * i128::from(cells);
            let tat = conforming.unwrap_or(now);
            if now < tat - i128::from(limit) {
                return false;
            }
            conforming = Some(tat.max(now) + i128::from(ticks));
            true
        })
        .collect()
}

proptest! {
    #[test]
    fn both_forms_agree_with_the_text_for_any_arrivals(
        cells in 1..=1000_u32, more in 0..5000_u64, limit in 0..20_000_u64,
        arrivals in proptest::collection::vec(prop_oneof![0..200_u64, 0..100_000_u64, any::<u64>()], 0..100),
    ) {
        let gcra = Gcra::new(u64::from(cells) + more, cells, limit).unwrap();
        let (mut virtual_scheduling, mut leaky_bucket) = (VirtualScheduling::new(gcra), LeakyBucket::new(gcra));
        let expected = model(u64::from(cells) + more, cells, limit, &arrivals);
        let scheduled: Vec<_> = arrivals.iter().map(|&t| virtual_scheduling.arrive(t)).collect();
        let poured: Vec<_> = arrivals.iter().map(|&t| leaky_bucket.arrive(t)).collect();
        prop_assert_eq!(&scheduled, &expected);
        prop_assert_eq!(&poured, &expected);
    }

    #[test]
    fn no_window_carries_more_than_its_rate_and_tolerance_allow(
        rate in 1..2_000_000_u32, tolerance in 0..10_000_000_u64,
        gaps in proptest::collection::vec(0..3_000_000_u64, 1..200),
    ) {
        let mut test = VirtualScheduling::new(Gcra::rate(rate, ns(tolerance)).unwrap());
        let mut now = 0;
        let mut passed = Vec::new();
        for gap in gaps {
            now += gap;
            if test.arrive(now) {
                passed.push(now);
            }
        }
        for (first, &start) in passed.iter().enumerate() {
            for (last, &end) in passed.iter().enumerate().skip(first) {
                // (n - 1) increments fit in the window and the tolerance.
                let increments = (last - first) as u128 * 1_000_000_000;
                prop_assert!(increments <= u128::from(end - start + tolerance) * u128::from(rate));
            }
        }
    }

    #[test]
    fn frames_leave_whole_or_end_in_their_last_cell(
        cells in proptest::collection::vec((0..4_u8, 0..3_u8), 0..200),
    ) {
        let mut discard = FrameDiscard::new();
        // Cells of frames as the receiver sees them: the numbers of the frames whose cells run together up to a last cell.
        let (mut frame, mut run) = (0, Vec::new());
        let mut sent_of = std::vec![0; 201];
        let mut cells_of = std::vec![0; 201];
        for (kind, room) in cells {
            let pt = if kind == 0 { LAST } else { MIDDLE };
            cells_of[frame] += 1;
            let room = [Room::Free, Room::NoNewFrame, Room::None][usize::from(room)];
            if discard.offer(pt, || room) == FrameVerdict::Forward {
                prop_assert!(room != Room::None);
                sent_of[frame] += 1;
                run.push(frame);
                if pt == LAST {
                    // What the receiver takes for one frame: whole frames have nothing of another before them.
                    if sent_of[frame] == cells_of[frame] && cells_of[frame] > 1 {
                        prop_assert!(run.iter().all(|&of| of == frame));
                    }
                    run.clear();
                }
            }
            frame += usize::from(pt == LAST);
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_conformance_definition_survives_serde() {
    let conformance = Conformance::Vbr3 { pcr: 1000, cdvt: 5 * NS, scr: 100, mbs: 3 };
    let text = serde_json::to_string(&conformance).unwrap();
    assert_eq!(serde_json::from_str::<Conformance>(&text).unwrap(), conformance);
}
