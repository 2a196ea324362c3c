//! Sealing, opening, observing and a gateway's data packets allocate nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    unreachable_pub,
    unsafe_code,
    reason = "tests fail by panicking; the allocator that counts is a test's"
)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::*;
use ip_wire::{Protocol, tcp};
use ngisec_wire::role::{Network, Peer};
use ngisec_wire::{Class, Form, Host, Limits, ReverseNat, Translator, VpnGateway};

/// Counts the allocations of the thread that a test runs on.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(run: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    run();
    COUNT.with(Cell::get) - before
}

#[test]
fn the_allocator_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1u8; 100]))), 1);
}

#[test]
fn sealing_opening_and_observing_a_known_flow_allocate_nothing() {
    for (form, suite) in Form::ALL.into_iter().flat_map(|form| SUITES.map(|suite| (form, suite))) {
        for version in [4, 6] {
            let (mut sender, mut receiver) = (sender(form, 0x1000, suite), receiver(form, 0x1000, suite));
            let mut table = ReverseNat::new(Limits::default());
            let original = packet(Ends::of(version), Protocol::UDP, tcp::Flags::NONE, b"data");
            let mut buf = buffer(&original);
            sender.seal(NOW, &mut buf).unwrap();
            table.learn(NOW, &receiver.open(NOW, &mut buf).unwrap().observation).unwrap();
            let count = allocations(|| {
                for _ in 0..100 {
                    sender.seal(NOW, &mut buf).unwrap();
                    let observation = receiver.open(NOW, &mut buf).unwrap().observation;
                    table.learn(NOW, &observation).unwrap();
                    table.restore(NOW, buf.octets_mut()).unwrap();
                    form.wrap(&mut buf).unwrap();
                    form.unwrap(&mut buf).unwrap();
                }
            });
            assert_eq!((count, buf.octets()), (0, &original[..]));
        }
    }
}

#[test]
fn gateways_and_hosts_allocate_nothing_for_packets_of_a_known_flow() {
    const A: [u8; 4] = [10, 1, 0, 5];
    const B: [u8; 4] = [10, 2, 0, 7];
    let network = |address: [u8; 4]| Network { address: address.into(), prefix_len: 16 };
    let gateway = |own: [u8; 4], near, far, peer: [u8; 4], send, receive| {
        let mut gateway = VpnGateway::new(Translator::new(own.into(), (4000, 4015), Limits::default()), network(near));
        let channel = channel(Form::DuplicateEncapsulating, send, receive);
        gateway.add_peer(Peer { gateway: peer.into(), network: network(far), channel });
        gateway
    };
    let (ga, gb) = ([203, 0, 113, 1], [198, 51, 100, 1]);
    let (mut near, mut far) = (gateway(ga, A, B, gb, 0x2000, 0x2100), gateway(gb, B, A, ga, 0x2100, 0x2000));
    let host = |send, receive| Host::with_one_channel(channel(Form::Plain, send, receive), Limits::default());
    let (mut a, mut b) = (host(0x3000, 0x3100), host(0x3100, 0x3000));
    let ends = Ends { source: A.into(), sport: 1000, destination: B.into(), dport: 80 };
    let mut pass = |flags, expected| {
        let mut buf = buffer(&packet(ends, Protocol::TCP, flags, b"data"));
        allocations(|| {
            a.send(NOW, &mut buf).unwrap();
            assert_eq!(near.outbound(NOW, &mut buf).unwrap().class, expected);
            assert_eq!(far.inbound(NOW, &mut buf).unwrap().class, expected);
            b.receive(NOW, &mut buf).unwrap();
        })
    };
    assert!(pass(tcp::Flags::SYN, Class::Control) > 0, "tables have to grow");
    for _ in 0..100 {
        assert_eq!(pass(tcp::Flags::ACK, Class::Data), 0);
        assert_eq!(pass(tcp::Flags::SYN, Class::Control), 0);
    }
}
