//! Nothing is allocated for a packet: an allocator that counts proves it.

#![cfg(feature = "alloc")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use diffserv::agreement::{Action, Rule, Shape, Treatment};
use diffserv::classifier::{Addresses, Fields, Match, MultiField};
use diffserv::conditioner::{Arrival, Verdict};
use diffserv::marker::{self, Marker};
use diffserv::meter::{Sample, TokenBucket, TrTcm};
use diffserv::shaper::Limit;
use diffserv::{Color, Conditioner, Mode, Profile, TrafficConditioningAgreement};
use ip_wire::ip::Packet;
use ip_wire::{Dscp, Protocol, ipv4};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting touches a thread-local number without destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises about the layout are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above, and so from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations that `work` makes on this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}
fn packet(ports: u8) -> Vec<u8> {
    let mut packet = vec![0; 200];
    let header = ipv4::Header::new([192, 0, 2, 1].into(), [198, 51, 100, ports].into(), Protocol::UDP, 180).unwrap();
    header.emit(&mut packet).unwrap();
    packet[20..24].copy_from_slice(&[ports, 1, ports, 2]);
    packet
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn meters_markers_and_searches_do_not_allocate() {
    let mut classifier = MultiField::new();
    for number in 0..200_u8 {
        let destination = Addresses::one([198, 51, 100, number].into());
        classifier.insert(u32::from(number), Match { destination, ..Match::ANY }, number).unwrap();
    }
    let profile = Profile::TrTcm(TrTcm::new(1000, 1500, 2000, 3000).unwrap());
    let mut flows = [profile.start(Duration::ZERO); 4];
    let mut octets = packet(7);
    let made = allocations(|| {
        for step in 0..1000_u64 {
            let now = Duration::from_millis(step);
            let samples = [0, 1, 2, 3].map(|flow| Sample { flow, octets: 200, color: Color::Green });
            let mut colors = [Color::Red; 4];
            profile.meter_many(&mut flows, Mode::Aware, now, &samples, &mut colors);
            let fields = Fields::of(&Packet::parse(&octets).unwrap(), 0).unwrap();
            assert_eq!(classifier.classify(&fields), Some(&7));
            Marker::DropPrecedence.mark(&mut octets, colors[0]).unwrap();
            marker::set_codepoint(&mut octets, Dscp::AF11).unwrap();
        }
    });
    assert_eq!(made, 0);
}

#[test]
fn a_conditioner_does_not_allocate_for_a_packet() {
    let shape = Shape { profile: TokenBucket::new(1_000_000, 1500).unwrap(), limit: Limit { packets: 8, octets: 15_000 } };
    let treatment = Treatment::Metered {
        profile: Profile::TrTcm(TrTcm::new(1000, 1500, 2000, 3000).unwrap()),
        mode: Mode::Blind,
        actions: [Action::mark(Dscp::AF11), Action::Forward { mark: None, shape: Some(shape) }, Action::Drop],
    };
    let rules = vec![Rule { name: "all".into(), matches: Match::ANY, treatment }];
    let agreement = TrafficConditioningAgreement { rules, ..TrafficConditioningAgreement::default() };
    let mut node = Conditioner::new(&agreement, Duration::ZERO).unwrap();
    let mut spare: Vec<Vec<u8>> = (0..64).map(|_| packet(1)).collect();
    // Queues and audit records grow to their size once.
    let mut pass = |steps: std::ops::Range<u64>| {
        for step in steps {
            let now = Duration::from_millis(step * 20);
            while let Some((_, packet)) = node.poll(now) {
                spare.push(packet);
            }
            match node.offer(spare.pop().unwrap(), Arrival::at(now)) {
                Verdict::Forward { packet, .. } | Verdict::Discard { packet, .. } => spare.push(packet),
                Verdict::Shaped { .. } => {}
            }
            while node.poll_event().is_some() {}
        }
    };
    pass(0..500);
    assert_eq!(allocations(|| pass(500..5000)), 0);
    let counters = *node.rule_counters(0).unwrap();
    assert!([counters.forwarded, counters.shaped, counters.discarded].iter().all(|count| count.packets > 100), "{counters:?}");
}
