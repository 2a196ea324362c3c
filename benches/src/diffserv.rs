//! Group `diffserv`: meters, classifiers, markers.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use diffserv::marker;
use diffserv::meter::{Buckets, Color, Mode, Profile, Rfc4115, Sample, SrTcm, TrTcm};
use governor::clock::FakeRelativeClock;
use governor::{Quota, RateLimiter};
use ip_wire::{Dscp, Protocol, ipv4, ipv6};

use crate::{Contender, Group, Peer, Work};

pub(crate) mod rules;

/// What `ratios` calls it.
pub const NAME: &str = "diffserv";

/// All work items.
#[must_use]
pub fn group() -> Group {
    let cycle = cycle();
    let mut works = vec![
        hot("srTCM, one hot flow", Profile::SrTcm(SrTcm::new(125_000_000, 15_000, 30_000).expect("it is valid")), cycle),
        hot(
            "trTCM, one hot flow",
            Profile::TrTcm(TrTcm::new(125_000_000, 15_000, 250_000_000, 30_000).expect("it is valid")),
            cycle,
        ),
        hot(
            "RFC 4115, one hot flow",
            Profile::Rfc4115(Rfc4115::new(125_000_000, 15_000, 125_000_000, 30_000).expect("it is valid")),
            cycle,
        ),
        flows("srTCM, 10^6 flows in batches of 32", 1_000_000, cycle),
        flows("srTCM, 1,000 flows in batches of 32", 1000, cycle),
    ];
    works.extend(rules::works());
    works.push(mark("set DSCP, IPv4", &v4()));
    works.push(mark("set DSCP, IPv6", &v6()));
    Group { name: NAME, facts: Vec::new(), works }
}

/// Nanoseconds of a clock cycle, by a chain of multiplications, which take three each on every x86-64 and most other cores, and of additions, which take one.
pub(crate) fn cycle() -> f64 {
    let best = (0..50).map(|_| {
        let start = Instant::now();
        let factor = black_box(5_u64);
        let mut value = black_box(3_u64);
        for _ in 0..10_000 {
            // Ten in a row, so that the loop itself costs nothing.
            for _ in 0..10 {
                value = value.wrapping_mul(factor).wrapping_add(factor);
            }
        }
        black_box(value);
        start.elapsed().as_secs_f64() * 1e9 / 100_000.0 / 4.0
    });
    best.fold(f64::MAX, f64::min)
}

const IMIX: [u32; 12] = [64, 576, 64, 64, 1500, 64, 576, 64, 576, 64, 64, 576];

fn hot(name: &'static str, profile: Profile, cycle: f64) -> Work {
    // About the committed rate on the whole, so that all colors come.
    let step = |at: u64| Duration::from_nanos(2500 + at * 7 % 501);
    let packets: Vec<[(Duration, u32); 1]> = (0..1200).map(|at| [(step(at), IMIX[at as usize % 12])]).collect();
    let state = RefCell::new((Duration::ZERO, profile.start(Duration::ZERO)));
    let ours = Contender::new("diffserv", packets.clone(), move |[(step, octets)]: &[(Duration, u32); 1]| {
        let (now, buckets) = &mut *state.borrow_mut();
        *now += *step;
        profile.meter(buckets, Mode::Blind, *now, *octets, Color::Green)
    });
    let clock = FakeRelativeClock::default();
    let quota = Quota::per_second(125_000_000.try_into().expect("not zero")).allow_burst(15_000.try_into().expect("not zero"));
    let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
    let governor = Contender::new("governor (2 colors)", packets.clone(), move |[(step, octets)]: &[(Duration, u32); 1]| {
        clock.advance(*step);
        limiter.check_n((*octets).try_into().expect("not zero")).is_ok_and(|inner| inner.is_ok())
    });
    let clock = RefCell::new(Duration::ZERO);
    let nothing = Contender::new("the loop alone", packets, move |[(step, octets)]: &[(Duration, u32); 1]| {
        *clock.borrow_mut() += *step;
        *octets
    });
    let peers = vec![Peer::Nanoseconds("15 cycles", 15.0 * cycle), Peer::Crate(governor, None), Peer::Crate(nothing, None)];
    Work { name, ours, peers }
}

pub(crate) fn flows(name: &'static str, count: usize, cycle: f64) -> Work {
    const BATCH: usize = 32;
    let profile = Profile::SrTcm(SrTcm::new(125_000, 15_000, 30_000).expect("it is valid"));
    let mut random = rules::Random::new(5);
    let batches: Vec<Vec<Sample>> = (0..8192)
        .map(|_| {
            let sample =
                |at: usize| Sample { flow: random.below(count as u64) as usize, octets: IMIX[at % 12], color: Color::Green };
            (0..BATCH).map(sample).collect()
        })
        .collect();
    // The same flows for both, so that they do not push each other's out of the cache.
    let states: Vec<Buckets> = (0..count).map(|_| profile.start(Duration::ZERO)).collect();
    let ours = Rc::new(RefCell::new((0_u64, states)));
    let plain = Rc::clone(&ours);
    let ours = Contender::new("diffserv", batches.clone(), move |batch: &Vec<Sample>| {
        let (now, flows) = &mut *ours.borrow_mut();
        *now += 300;
        let mut colors = [Color::Red; BATCH];
        profile.meter_many(flows, Mode::Blind, Duration::from_nanos(*now), batch, &mut colors);
        black_box(colors);
    });
    let plain = Contender::new("one by one", batches, move |batch: &Vec<Sample>| {
        let (now, flows) = &mut *plain.borrow_mut();
        *now += 300;
        let mut colors = [Color::Red; BATCH];
        for (sample, color) in batch.iter().zip(&mut colors) {
            *color = profile.meter(&mut flows[sample.flow], Mode::Blind, Duration::from_nanos(*now), sample.octets, sample.color);
        }
        black_box(colors);
    });
    let peers = vec![Peer::Nanoseconds("60 cycles", 60.0 * cycle), Peer::Crate(plain.of_batches(BATCH), None)];
    Work { name, ours: ours.of_batches(BATCH), peers }
}

fn v4() -> [u8; 100] {
    let mut packet = [0; 100];
    let header = ipv4::Header::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), Protocol::UDP, 80).expect("it fits");
    header.emit(&mut packet).expect("it fits");
    packet
}

fn v6() -> [u8; 100] {
    let mut packet = [0; 100];
    let header = ipv6::Header::new(1_u128.into(), 2_u128.into(), Protocol::UDP, 60).expect("it fits");
    header.emit(&mut packet).expect("it fits");
    packet
}

/// Packets in turn: one alone would be changed again before what was written to it can be read.
fn mark(name: &'static str, packet: &[u8; 100]) -> Work {
    let packets = || {
        let marked = |dscp: Dscp| (dscp, RefCell::new(*packet));
        (0..64).filter_map(Dscp::new).map(marked).collect::<Vec<_>>()
    };
    let ours = Contender::new("diffserv", packets(), |(dscp, octets): &(Dscp, RefCell<[u8; 100]>)| {
        // What pnet's says: to copy an error that there is not would be measured too.
        marker::set_codepoint(&mut octets.borrow_mut()[..], *dscp).is_ok()
    });
    let mut peers = vec![Peer::Nanoseconds("budget", 2.0)];
    if packet[0] >> 4 == 4 {
        let pnet = Contender::new("pnet", packets(), |(dscp, octets): &(Dscp, RefCell<[u8; 100]>)| {
            let mut octets = octets.borrow_mut();
            let mut view = pnet_packet::ipv4::MutableIpv4Packet::new(&mut octets[..])?;
            view.set_dscp(dscp.value());
            let checksum = pnet_packet::ipv4::checksum(&view.to_immutable());
            view.set_checksum(checksum);
            Some(())
        });
        peers.push(Peer::Crate(pnet, None));
    }
    Work { name, ours, peers }
}
