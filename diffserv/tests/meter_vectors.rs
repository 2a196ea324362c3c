//! Thirty scenarios of 200 packets each, made by an independent model of the three meters: every color and every final level.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

use core::time::Duration;

use diffserv::meter::{Buckets, Color, Meter, Mode, Profile, Rfc4115, SrTcm, TrTcm};

struct Scenario<'a> {
    name: String,
    profile: Profile,
    times: Vec<u64>,
    octets: Vec<u32>,
    input: &'a str,
    expected: [(Mode, &'a str, [u64; 2]); 2],
}

fn numbers<T: std::str::FromStr<Err: std::fmt::Debug>>(line: &str) -> Vec<T> {
    line.split(' ').map(|number| number.parse().unwrap()).collect()
}

fn scenarios() -> Vec<Scenario<'static>> {
    let lines: Vec<&str> = include_str!("data/meters.txt").lines().filter(|line| !line.starts_with('#')).collect();
    let read = |lines: &[&'static str]| {
        let rest = |line: usize, key: &str| lines[line].strip_prefix(key).unwrap().trim_start();
        let (kind, named) = rest(0, "scenario").split_once(' ').unwrap();
        let (name, parameters) = named.split_once(' ').unwrap();
        let profile = match (kind, &numbers(parameters)[..]) {
            ("srtcm", [cir, cbs, ebs]) => Profile::SrTcm(SrTcm::new(*cir, *cbs, *ebs).unwrap()),
            ("trtcm", [cir, cbs, pir, pbs]) => Profile::TrTcm(TrTcm::new(*cir, *cbs, *pir, *pbs).unwrap()),
            ("rfc4115", [cir, cbs, eir, ebs]) => Profile::Rfc4115(Rfc4115::new(*cir, *cbs, *eir, *ebs).unwrap()),
            other => panic!("{other:?}"),
        };
        let outcome = |line, key, mode| {
            let (colors, levels) = rest(line, key).split_once(' ').unwrap();
            (mode, colors, numbers(levels).try_into().unwrap())
        };
        Scenario {
            name: format!("{kind} {name}"),
            profile,
            times: numbers(rest(1, "t")),
            octets: numbers(rest(2, "octets")),
            input: rest(3, "in"),
            expected: [outcome(4, "blind", Mode::Blind), outcome(5, "aware", Mode::Aware)],
        }
    };
    lines.chunks(6).map(read).collect()
}

fn color(letter: char) -> Color {
    match letter {
        'G' => Color::Green,
        'Y' => Color::Yellow,
        'R' => Color::Red,
        other => panic!("{other}"),
    }
}

fn levels(buckets: &Buckets) -> [u64; 2] {
    [buckets.committed(), buckets.excess()]
}

#[test]
fn every_packet_of_every_scenario_gets_its_color_and_the_buckets_end_where_they_should() {
    let scenarios = scenarios();
    assert_eq!(scenarios.len(), 30);
    for scenario in &scenarios {
        for (mode, colors, expected) in &scenario.expected {
            let mut meter = Meter::new(scenario.profile, *mode, Duration::ZERO);
            let packets = scenario.times.iter().zip(&scenario.octets).zip(scenario.input.chars());
            let found: Vec<Color> =
                packets.map(|((time, octets), input)| meter.meter(Duration::from_nanos(*time), *octets, color(input))).collect();
            let wanted: Vec<Color> = colors.chars().map(color).collect();
            assert_eq!((found.len(), wanted.len()), (200, 200));
            assert_eq!(found, wanted, "{} {mode:?}", scenario.name);
            assert_eq!(levels(meter.buckets()), *expected, "{} {mode:?}", scenario.name);
        }
    }
}

#[test]
fn a_batch_of_many_flows_gives_what_one_by_one_does() {
    for scenario in &scenarios() {
        for (mode, colors, _) in &scenario.expected {
            // Three flows with the same packets, and a flow that is not there, all in one batch per instant.
            let mut flows = [scenario.profile.start(Duration::ZERO); 3];
            for (at, wanted) in colors.chars().map(color).enumerate() {
                let now = Duration::from_nanos(scenario.times[at]);
                let input = color(scenario.input.as_bytes()[at].into());
                let samples =
                    [2, 0, 9, 1].map(|flow| diffserv::meter::Sample { flow, octets: scenario.octets[at], color: input });
                let mut found = [Color::Green; 5];
                assert_eq!(scenario.profile.meter_many(&mut flows, *mode, now, &samples, &mut found), 4);
                assert_eq!(found, [wanted, wanted, Color::Red, wanted, Color::Green], "{} {mode:?} {at}", scenario.name);
            }
            assert!(flows.iter().all(|flow| flow == &flows[0]));
        }
    }
}
