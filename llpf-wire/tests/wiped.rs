//! What dropped keys leave in memory.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    missing_docs,
    unsafe_code,
    reason = "tests fail by panicking; looking at freed memory is the test"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use llpf_wire::filter::Config;
use llpf_wire::{Algorithm, Filter, HostId, KeyTable};

/// Looks for a needle in every block of memory as it is given back.
struct Looking;

const NEEDLE: [u8; 16] = *b"a key to be seen";

thread_local! {
    static FOUND: Cell<u64> = const { Cell::new(0) };
    static LOOKED: Cell<u64> = const { Cell::new(0) };
}

unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeros, so that all of a block can be read.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let octets = unsafe { core::slice::from_raw_parts(pointer, layout.size()) };
        let hits = octets.windows(16).filter(|window| *window == NEEDLE).count() as u64;
        FOUND.with(|found| found.set(found.get() + hits));
        LOOKED.with(|looked| looked.set(looked.get() + 1));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

fn found(work: impl FnOnce()) -> u64 {
    let before = FOUND.with(Cell::get);
    work();
    FOUND.with(Cell::get) - before
}

#[test]
fn the_allocator_of_this_test_sees_a_key_that_is_not_wiped() {
    assert_eq!(found(|| drop(NEEDLE.to_vec())), 1);
}

#[test]
fn a_dropped_table_leaves_no_key() {
    let keys = [NEEDLE; 5];
    for algorithm in Algorithm::ALL {
        let left = found(|| {
            let table = KeyTable::new(algorithm, Duration::ZERO, Duration::from_secs(1), &keys).unwrap();
            let copy = table.clone();
            let mut filter = Filter::new(Config::default());
            filter.install(Duration::ZERO, HostId(1), &table).unwrap();
            drop((table, copy, filter));
        });
        assert_eq!(left, 0, "{algorithm}");
    }
    assert!(LOOKED.with(Cell::get) > 4);
}
