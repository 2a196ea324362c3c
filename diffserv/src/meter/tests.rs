//! Meters against their definition. The scenarios of the independent model are in `tests/meter_vectors.rs`.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn at(nanoseconds: u64) -> Duration {
    Duration::from_nanos(nanoseconds)
}

/// The definition, in its own words: how many tokens a rate has made by an instant.
fn made(rate: u64, now: u64) -> u128 {
    u128::from(rate) * u128::from(now) / 1_000_000_000
}

/// A bucket that counts the tokens of each instant one after the other.
#[derive(Clone)]
struct Slow {
    rates: [u64; 2],
    bursts: [u64; 2],
    levels: [u64; 2],
    overflow: bool,
    last: u64,
}

impl Slow {
    fn advance(&mut self, now: u64) {
        if now <= self.last {
            return;
        }
        for place in 0..2 {
            let grown = made(self.rates[place], now) - made(self.rates[place], self.last);
            let room = u128::from(self.bursts[place] - self.levels[place]);
            self.levels[place] += grown.min(room) as u64;
            if self.overflow && place == 0 {
                let over = grown.saturating_sub(room);
                self.levels[1] += over.min(u128::from(self.bursts[1] - self.levels[1])) as u64;
            }
        }
        self.last = now;
    }

    fn take(&mut self, place: usize, octets: u32) -> bool {
        let enough = self.levels[place] >= u64::from(octets);
        if enough {
            self.levels[place] -= u64::from(octets);
        }
        enough
    }
}

fn model(profile: &Profile) -> Slow {
    let slow = |rates, bursts, overflow| Slow { rates, bursts, levels: bursts, overflow, last: 0 };
    match profile {
        Profile::TokenBucket(bucket, _) => slow([bucket.rate(), 0], [bucket.burst(), 0], false),
        Profile::SrTcm(meter) => {
            let [cir, cbs, ebs] = meter.parameters();
            slow([cir, 0], [cbs, ebs], true)
        }
        Profile::TrTcm(meter) => {
            let [cir, cbs, pir, pbs] = meter.parameters();
            slow([cir, pir], [cbs, pbs], false)
        }
        Profile::Rfc4115(meter) => {
            let [cir, cbs, eir, ebs] = meter.parameters();
            slow([cir, eir], [cbs, ebs], false)
        }
    }
}

fn expect(profile: &Profile, slow: &mut Slow, mode: Mode, now: u64, octets: u32, color: Color) -> Color {
    slow.advance(now);
    let color = if mode == Mode::Blind { Color::Green } else { color };
    let (green, red) = (color == Color::Green, color == Color::Red);
    match profile {
        Profile::TokenBucket(_, unit) => {
            let cost = if *unit == Unit::Packets { 1 } else { octets };
            if red {
                Color::Red
            } else if slow.take(0, cost) {
                color
            } else {
                Color::Red
            }
        }
        Profile::TrTcm(_) => {
            if red || slow.levels[1] < u64::from(octets) {
                Color::Red
            } else if !green || slow.levels[0] < u64::from(octets) {
                slow.take(1, octets);
                Color::Yellow
            } else {
                slow.take(0, octets);
                slow.take(1, octets);
                Color::Green
            }
        }
        Profile::SrTcm(_) | Profile::Rfc4115(_) => {
            if green && slow.take(0, octets) {
                Color::Green
            } else if !red && slow.take(1, octets) {
                Color::Yellow
            } else {
                Color::Red
            }
        }
    }
}

fn rates() -> impl Strategy<Value = u64> {
    prop_oneof![Just(1), 1..10_000_u64, 1_000_000..100_000_000_u64, Just(MAX_RATE), Just(999_999_937)]
}

fn bursts() -> impl Strategy<Value = u64> {
    prop_oneof![1..3000_u64, Just(1500), 1..100_000_u64, Just(MAX_BURST)]
}

fn profiles() -> impl Strategy<Value = Profile> {
    prop_oneof![
        (rates(), bursts(), prop_oneof![Just(Unit::Octets), Just(Unit::Packets)])
            .prop_map(|(rate, burst, unit)| Profile::TokenBucket(TokenBucket::new(rate, burst).unwrap(), unit)),
        (rates(), bursts(), bursts()).prop_map(|(cir, cbs, ebs)| Profile::SrTcm(SrTcm::new(cir, cbs, ebs).unwrap())),
        (rates(), bursts(), rates(), bursts())
            .prop_map(|(cir, cbs, pir, pbs)| Profile::TrTcm(TrTcm::new(cir.min(pir), cbs, pir.max(cir), pbs).unwrap())),
        (rates(), bursts(), rates(), bursts())
            .prop_map(|(cir, cbs, eir, ebs)| Profile::Rfc4115(Rfc4115::new(cir, cbs, eir, ebs).unwrap())),
    ]
}

fn colors() -> impl Strategy<Value = Color> {
    prop_oneof![Just(Color::Green), Just(Color::Yellow), Just(Color::Red)]
}

/// Nanoseconds since the last packet, backwards sometimes, and what comes.
fn packets() -> impl Strategy<Value = Vec<(i64, u32, Color)>> {
    let step = prop_oneof![
        3 => 0..2_000_000_i64,
        2 => Just(0),
        1 => -5_000_000..0_i64,
        1 => 0..20_000_000_000_i64,
        1 => Just(1_i64 << 60),
    ];
    prop::collection::vec((step, prop_oneof![0..1600_u32, Just(1500), Just(u32::MAX)], colors()), 0..120)
}

fn walk(packets: &[(i64, u32, Color)]) -> impl Iterator<Item = (u64, u32, Color)> {
    packets.iter().scan(0_i64, |now, (step, octets, color)| {
        *now = now.saturating_add(*step).max(0);
        Some((*now as u64, *octets, *color))
    })
}

fn modes() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Blind), Just(Mode::Aware)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_meter_is_its_definition(profile in profiles(), mode in modes(), packets in packets()) {
        let mut meter = Meter::new(profile, mode, Duration::ZERO);
        let mut slow = model(&profile);
        for (now, octets, color) in walk(&packets) {
            let expected = expect(&profile, &mut slow, mode, now, octets, color);
            prop_assert_eq!(meter.meter(at(now), octets, color), expected);
            prop_assert_eq!([meter.buckets().committed(), meter.buckets().excess()], slow.levels);
        }
    }

    #[test]
    fn awareness_never_makes_a_color_better(profile in profiles(), packets in packets()) {
        let mut meter = Meter::new(profile, Mode::Aware, Duration::ZERO);
        for (now, octets, color) in walk(&packets) {
            prop_assert!(meter.meter(at(now), octets, color) >= color);
        }
    }

    #[test]
    fn aware_of_green_packets_only_is_blind(profile in profiles(), packets in packets()) {
        let (mut aware, mut blind) = (Meter::new(profile, Mode::Aware, Duration::ZERO), Meter::new(profile, Mode::Blind, Duration::ZERO));
        for (now, octets, color) in walk(&packets) {
            prop_assert_eq!(aware.meter(at(now), octets, Color::Green), blind.meter(at(now), octets, color));
            prop_assert_eq!(aware.buckets(), blind.buckets());
        }
    }

    #[test]
    fn red_packets_cost_nothing(profile in profiles(), packets in packets()) {
        let mut meter = Meter::new(profile, Mode::Aware, Duration::ZERO);
        for (now, octets, _) in walk(&packets) {
            let mut advanced = *meter.buckets();
            profile.advance(&mut advanced, at(now));
            prop_assert_eq!(meter.meter(at(now), octets, Color::Red), Color::Red);
            prop_assert_eq!(meter.buckets(), &advanced);
        }
    }

    #[test]
    fn green_octets_are_never_more_than_the_rate_and_the_burst(cir in rates(), cbs in bursts(), packets in packets()) {
        let profile = SrTcm::new(cir, cbs, 1).unwrap();
        let mut buckets = profile.start(Duration::ZERO);
        let (mut green, mut latest) = (0_u128, 0);
        for (now, octets, _) in walk(&packets) {
            latest = latest.max(now);
            if profile.blind(&mut buckets, at(now), octets) == Color::Green {
                green += u128::from(octets);
            }
            prop_assert!(green <= u128::from(cbs) + made(cir, latest));
        }
    }

    #[test]
    fn two_meters_in_a_row_let_nothing_appear_and_no_color_get_better(first in profiles(), second in profiles(), packets in packets()) {
        let (mut first, mut second) = (Meter::new(first, Mode::Aware, Duration::ZERO), Meter::new(second, Mode::Aware, Duration::ZERO));
        let mut counts = [[0_usize; 3]; 3];
        let mut offered = 0;
        for (now, octets, color) in walk(&packets) {
            let between = first.meter(at(now), octets, color);
            let after = second.meter(at(now), octets, between);
            prop_assert!(color <= between && between <= after);
            counts[between.index()][after.index()] += 1;
            offered += 1;
        }
        prop_assert_eq!(counts.iter().flatten().sum::<usize>(), offered);
        prop_assert_eq!([counts[1][0], counts[2][0], counts[2][1]], [0; 3]);
    }

    #[test]
    fn a_stream_that_another_meter_would_pass_is_never_red(rate in 1..10_000_000_u64, burst in 1500..100_000_u64, packets in packets()) {
        // What a bucket let pass conforms to any that is as fast and as deep.
        let shaped = TokenBucket::new(rate, burst).unwrap();
        let meters = [
            Profile::TokenBucket(shaped, Unit::Octets),
            Profile::SrTcm(SrTcm::new(rate, burst, 1).unwrap()),
            Profile::TrTcm(TrTcm::new(rate, burst, rate, burst).unwrap()),
            Profile::Rfc4115(Rfc4115::new(rate, burst, 1, 1).unwrap()),
        ];
        let mut source = shaped.start(Duration::ZERO);
        let mut meters = meters.map(|profile| Meter::new(profile, Mode::Blind, Duration::ZERO));
        let mut latest = 0;
        for (now, octets, _) in walk(&packets) {
            latest = now.max(latest);
            let now = latest;
            if shaped.meter(&mut source, at(now), octets) == Color::Green {
                for meter in &mut meters {
                    prop_assert_eq!(meter.meter(at(now), octets, Color::Green), Color::Green);
                }
            }
        }
    }
}

#[test]
fn a_million_steps_below_one_token_sum_to_the_octet() {
    // 7 tokens in 3 seconds' worth of odd steps: the remainders must not be lost.
    for (rate, step) in [(8000, 40_003), (1, 999_999), (999_999_937, 1), (3, 333_333)] {
        let profile = TokenBucket::new(rate, MAX_BURST).unwrap();
        let mut buckets = profile.start(Duration::ZERO);
        assert_eq!(profile.meter(&mut buckets, Duration::ZERO, u32::MAX), Color::Green);
        for number in 1..=1_000_000_u64 {
            profile.fill(&mut buckets, at(number * step));
        }
        let expected = made(rate, 1_000_000 * step).min(u128::from(MAX_BURST));
        assert_eq!(u128::from(buckets.committed()), expected, "{rate} {step}");
    }
}

#[test]
fn the_remainder_is_kept_while_the_bucket_is_full() {
    // 1,000 tokens a second: one each millisecond from the start, not from when there is room.
    let profile = TokenBucket::new(1000, 1).unwrap();
    let mut buckets = profile.start(Duration::ZERO);
    assert_eq!(profile.meter(&mut buckets, at(2_700_000), 1), Color::Green);
    assert_eq!(profile.meter(&mut buckets, at(2_999_999), 1), Color::Red);
    assert_eq!(profile.meter(&mut buckets, at(3_000_000), 1), Color::Green);
}

#[test]
fn a_clock_that_goes_back_is_held_until_it_is_where_it_was() {
    let profile = TokenBucket::new(1000, 10).unwrap();
    let mut buckets = profile.start(10 * MS);
    assert_eq!(profile.meter(&mut buckets, 10 * MS, 10), Color::Green);
    assert_eq!(profile.meter(&mut buckets, Duration::ZERO, 1), Color::Red);
    assert_eq!(profile.meter(&mut buckets, 10 * MS, 1), Color::Red);
    assert_eq!(profile.meter(&mut buckets, 11 * MS, 1), Color::Green);
    // As far as time goes, and further.
    assert_eq!(profile.meter(&mut buckets, Duration::MAX, 10), Color::Green);
    assert_eq!(profile.meter(&mut buckets, Duration::MAX, 1), Color::Red);
}

#[test]
fn the_slowest_and_the_fastest_rate_are_exact() {
    let slow = TokenBucket::new(1, 10).unwrap();
    let mut buckets = slow.start(Duration::ZERO);
    assert_eq!(slow.meter(&mut buckets, Duration::ZERO, 10), Color::Green);
    assert_eq!(slow.meter(&mut buckets, at(999_999_999), 1), Color::Red);
    assert_eq!(slow.meter(&mut buckets, at(1_000_000_000), 1), Color::Green);
    let fast = TokenBucket::new(MAX_RATE, MAX_BURST).unwrap();
    let mut buckets = fast.start(Duration::ZERO);
    assert_eq!(fast.meter(&mut buckets, Duration::ZERO, u32::MAX), Color::Green);
    // 2^40 tokens a second are 1,099 in a nanosecond.
    fast.fill(&mut buckets, at(1));
    assert_eq!(buckets.committed(), 1099);
    fast.fill(&mut buckets, at(1_000_000));
    assert_eq!(u128::from(buckets.committed()), made(MAX_RATE, 1_000_000));
}

#[cfg(feature = "alloc")]
#[test]
fn a_bucket_is_ready_when_its_tokens_are_there_and_not_before() {
    for (rate, start, spent, needed) in
        [(1000, 0, 1500, 700), (999_999_937, 123, 1500, 1), (3, 999, 1500, 1500), (7, 1, 10, 1490)]
    {
        let profile = TokenBucket::new(rate, 1500).unwrap();
        let mut buckets = profile.start(at(start));
        profile.meter(&mut buckets, at(start + 17), spent);
        let ready = buckets.ready(rate, needed);
        let mut early = buckets;
        if let Some(before) = ready.checked_sub(at(1)).filter(|before| *before > at(start + 17)) {
            profile.fill(&mut early, before);
            assert!(early.committed() < needed, "{rate}");
        }
        profile.fill(&mut buckets, ready);
        assert!(buckets.committed() >= needed, "{rate}");
    }
    // Tokens that are there are not waited for.
    assert_eq!(TokenBucket::new(1, 10).unwrap().start(at(5)).ready(1, 10), at(5));
}

#[test]
fn parameters_that_no_meter_can_have_are_refused() {
    let small = |field, min| Error::TooSmall { field, found: 0, min };
    let large = |field, max: u64| Error::TooLarge { field, found: max + 1, max };
    use crate::Field::{Burst, Cbs, Cir, Ebs, Eir, Pbs, Pir, Rate};
    assert_eq!(TokenBucket::new(0, 1), Err(small(Rate, 1)));
    assert_eq!(TokenBucket::new(1, 0), Err(small(Burst, 1)));
    assert_eq!(TokenBucket::new(MAX_RATE + 1, 1), Err(large(Rate, MAX_RATE)));
    assert_eq!(TokenBucket::new(1, MAX_BURST + 1), Err(large(Burst, MAX_BURST)));
    assert!(TokenBucket::new(MAX_RATE, MAX_BURST).is_ok());

    assert_eq!(SrTcm::new(0, 1, 1), Err(small(Cir, 1)));
    assert_eq!(SrTcm::new(1, 0, 0), Err(small(Cbs, 1)));
    assert!(SrTcm::new(1, 0, 1).is_ok() && SrTcm::new(1, 1, 0).is_ok());
    assert_eq!(SrTcm::new(MAX_RATE + 1, 1, 1), Err(large(Cir, MAX_RATE)));
    assert_eq!(SrTcm::new(1, MAX_BURST + 1, 1), Err(large(Cbs, MAX_BURST)));
    assert_eq!(SrTcm::new(1, 1, MAX_BURST + 1), Err(large(Ebs, MAX_BURST)));

    assert_eq!(TrTcm::new(2, 1, 1, 1), Err(Error::TooSmall { field: Pir, found: 1, min: 2 }));
    assert_eq!(TrTcm::new(0, 1, 1, 1), Err(small(Cir, 1)));
    assert_eq!(TrTcm::new(1, 0, 1, 1), Err(small(Cbs, 1)));
    assert_eq!(TrTcm::new(1, 1, 1, 0), Err(small(Pbs, 1)));
    assert_eq!(TrTcm::new(1, MAX_BURST + 1, 1, 1), Err(large(Cbs, MAX_BURST)));
    assert_eq!(TrTcm::new(1, 1, MAX_RATE + 1, 1), Err(large(Pir, MAX_RATE)));
    assert_eq!(TrTcm::new(1, 1, 1, MAX_BURST + 1), Err(large(Pbs, MAX_BURST)));
    assert!(TrTcm::new(1, 1, 1, 1).is_ok());

    assert_eq!(Rfc4115::new(0, 0, 0, 1), Err(small(Cir, 1)));
    assert_eq!(Rfc4115::new(1, 0, 0, 1), Err(small(Cbs, 1)));
    assert_eq!(Rfc4115::new(0, 0, 1, 0), Err(small(Ebs, 1)));
    assert!(Rfc4115::new(1, 1, 0, 0).is_ok() && Rfc4115::new(0, 0, 1, 1).is_ok());
    assert_eq!(Rfc4115::new(MAX_RATE + 1, 1, 1, 1), Err(large(Cir, MAX_RATE)));
    assert_eq!(Rfc4115::new(1, 1, MAX_RATE + 1, 1), Err(large(Eir, MAX_RATE)));
    assert_eq!(Rfc4115::new(1, MAX_BURST + 1, 1, 1), Err(large(Cbs, MAX_BURST)));
    assert_eq!(Rfc4115::new(1, 1, 1, MAX_BURST + 1), Err(large(Ebs, MAX_BURST)));

    assert_eq!(AverageRate::new(0, MS, Duration::ZERO), Err(small(Rate, 1)));
    assert_eq!(AverageRate::new(1, Duration::ZERO, Duration::ZERO), Err(small(crate::Field::Interval, 1)));
    let interval = Error::TooSmall { field: crate::Field::Interval, found: 999_999, min: 1_000_000 };
    assert_eq!(AverageRate::new(1000, at(999_999), Duration::ZERO), Err(interval));
    assert_eq!(Ewma::new(0, MS, 1, Duration::ZERO), Err(small(Rate, 1)));
    assert_eq!(Ewma::new(1, Duration::ZERO, 1, Duration::ZERO), Err(small(crate::Field::Interval, 1)));
    assert_eq!(Ewma::new(1, MS, 17, Duration::ZERO), Err(large(crate::Field::Gain, 16)));
    assert!(Ewma::new(MAX_RATE, MS, 16, Duration::ZERO).is_ok());
}

#[test]
fn the_largest_packet_that_is_ever_not_red_is_the_larger_burst_that_alone_pays() {
    assert_eq!(Profile::TokenBucket(TokenBucket::new(1, 9).unwrap(), Unit::Octets).largest(), 9);
    assert_eq!(Profile::TokenBucket(TokenBucket::new(1, 9).unwrap(), Unit::Packets).largest(), u64::MAX);
    assert_eq!(Profile::SrTcm(SrTcm::new(1, 5, 9).unwrap()).largest(), 9);
    assert_eq!(Profile::TrTcm(TrTcm::new(1, 9, 1, 5).unwrap()).largest(), 5);
    assert_eq!(Profile::Rfc4115(Rfc4115::new(1, 9, 1, 5).unwrap()).largest(), 9);
}

#[test]
fn blind_takes_every_packet_for_a_green_one() {
    let (single, two, efficient) =
        (SrTcm::new(1, 100, 50).unwrap(), TrTcm::new(1, 50, 1, 100).unwrap(), Rfc4115::new(1, 100, 1, 50).unwrap());
    use Color::{Green, Red, Yellow};
    let mut buckets = single.start(Duration::ZERO);
    assert_eq!([100, 50, 1].map(|octets| single.blind(&mut buckets, Duration::ZERO, octets)), [Green, Yellow, Red]);
    let mut buckets = two.start(Duration::ZERO);
    assert_eq!([50, 50, 1].map(|octets| two.blind(&mut buckets, Duration::ZERO, octets)), [Green, Yellow, Red]);
    let mut buckets = efficient.start(Duration::ZERO);
    assert_eq!([100, 50, 1].map(|octets| efficient.blind(&mut buckets, Duration::ZERO, octets)), [Green, Yellow, Red]);
}

#[test]
fn an_average_rate_is_kept_over_each_interval() {
    let mut meter = AverageRate::new(10_000, 100 * MS, Duration::ZERO).unwrap();
    // 1,000 octets in each tenth of a second.
    assert_eq!([400, 600, 1].map(|octets| meter.meter(50 * MS, octets)), [Color::Green, Color::Green, Color::Red]);
    assert_eq!(meter.meter(at(99_999_999), 1), Color::Red);
    assert_eq!([1001, 1000, 1].map(|octets| meter.meter(100 * MS, octets)), [Color::Red, Color::Green, Color::Red]);
    // Intervals are counted from the start, not from the first packet in them.
    assert_eq!(meter.meter(1250 * MS, 1000), Color::Green);
    assert_eq!(meter.meter(1299 * MS, 1), Color::Red);
    assert_eq!(meter.meter(1300 * MS, 1), Color::Green);
    // A clock that goes back stays in the interval.
    assert_eq!(meter.meter(Duration::ZERO, 1000), Color::Red);
}

#[test]
fn a_moving_average_follows_the_arrivals_with_its_gain() {
    let mut meter = Ewma::new(10_000, 100 * MS, 1, Duration::ZERO).unwrap();
    assert_eq!(meter.meter(Duration::ZERO, 4000), Color::Green);
    assert_eq!(meter.average(), 0);
    // 4,000 octets in a tenth of a second are 40,000 a second; half of that is the new average.
    assert_eq!(meter.meter(100 * MS, 0), Color::Red);
    assert_eq!(meter.average(), 20_000);
    // Silence halves it each interval.
    assert_eq!(meter.meter(200 * MS, 0), Color::Green);
    assert_eq!(meter.average(), 10_000);
    assert_eq!(meter.meter(400 * MS, 0), Color::Green);
    assert_eq!(meter.average(), 2500);
    meter.meter(Duration::MAX, 0);
    assert_eq!(meter.average(), 0);
}

#[test]
fn buckets_are_32_octets() {
    assert_eq!(core::mem::size_of::<Buckets>(), 32);
}

#[test]
fn colors_get_worse_in_order() {
    assert!(Color::Green < Color::Yellow && Color::Yellow < Color::Red);
    assert_eq!(Color::ALL.map(Color::index), [0, 1, 2]);
    assert_eq!(Color::ALL.map(|color| std::format!("{color}")), ["green", "yellow", "red"]);
}
