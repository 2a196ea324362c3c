//! Nothing allocates: an allocator that counts proves it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use sixtofour::selection::{Source, order_destinations, select_source};
use sixtofour::{Counters, PacketBuf, Policy, Role, Router, classify};

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

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn no_path_allocates() {
    let parse = |text: &str| text.parse().unwrap();
    let mut near = Router::new(parse("192.0.2.4"), Policy::RFC_3964).unwrap();
    (near.role, near.relay) = (Role::Relay, Some(parse("203.0.113.9")));
    let far = Router::new(parse("198.51.100.7"), Policy::RFC_3964).unwrap();
    let header = |from: &str, to: &str| {
        ip_wire::ipv6::Header::new(from.parse().unwrap(), to.parse().unwrap(), ip_wire::Protocol::UDP, 64).unwrap()
    };
    let mut storage = [0u8; 256];
    let sources = ["2001:db8::1", "2002:c000:204::1", "192.0.2.4"].map(|text| Source::new(text.parse().unwrap()));
    let mut destinations = ["2002:c633:6407::1", "2a00::1", "198.51.100.7"].map(|text| text.parse().unwrap());
    let mut counters = Counters::default();
    let count = allocations(|| {
        for (from, to) in [
            ("2002:c000:204::1", "2002:c633:6407::1"),
            ("2001:db8::1", "2002:c633:6407::1"),
            ("2001:db8::1", "2001:db8::2"),
            ("fe80::1", "2002:c633:6407::1"),
            ("2002:c000:204::1", "2001:db8::1"),
        ] {
            header(from, to).emit(&mut storage[20..]).unwrap();
            let mut packet = PacketBuf::new(&mut storage[..], 20, 104).unwrap();
            if counters.count(near.encapsulate(&mut packet, 1)).is_ok() {
                let _ = counters.count(far.decapsulate(&mut packet));
            }
        }
        assert!(select_source(destinations[0], &sources).is_some());
        order_destinations(&mut destinations, &sources);
        assert!(classify(destinations[0]).is_ok());
    });
    assert_eq!(count, 0);
    assert_eq!((counters.passed(), counters.refused()), (5, 3));
}
