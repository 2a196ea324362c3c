//! Nothing is allocated for a port or a packet: an allocator that counts proves it.

#![cfg(feature = "alloc")]
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use addr_sharing::allocator::{Config, PortAllocator, Subscriber};
use addr_sharing::deterministic::{Deterministic, Inside};
use addr_sharing::{PsidParams, flow};
use ip_wire::ip::Packet;
use ip_wire::{Protocol, ipv4};
use rand_core::{TryCryptoRng, TryRng};

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
/// Numbers that are the same each time.
struct Counter(u64);

impl TryRng for Counter {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        octets.fill(0x5a);
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn ports_come_and_go_without_allocation() {
    let set = PsidParams::new(6, 8).unwrap().set(0x34).unwrap();
    let mut ports = PortAllocator::new(set, Config::new(4, 60)).unwrap();
    let mut rng = Counter(3);
    let made = allocations(|| {
        for round in 0..500_u64 {
            let now = Duration::from_secs(round * 300);
            let subscriber = Subscriber((round % 4) as u32);
            let grant = ports.allocate(now, subscriber, &mut rng).unwrap();
            assert_eq!(ports.owner(grant.port), Some(subscriber));
            ports.release(now, grant.port).unwrap();
            ports.advance(now);
        }
    });
    assert_eq!(made, 0);
}

#[test]
fn flows_and_mappings_are_found_without_allocation() {
    let mut octets = [0u8; 28];
    let header = ipv4::Header::new([192, 0, 2, 1].into(), [198, 51, 100, 1].into(), Protocol::UDP, 8).unwrap();
    header.emit(&mut octets).unwrap();
    let map =
        Deterministic::new(Inside::ipv4_hosts("198.51.100.0/28".parse().unwrap()), "192.0.2.1/32".parse().unwrap(), 2).unwrap();
    let made = allocations(|| {
        for port in 0..=u16::MAX {
            let packet = Packet::parse(&octets).unwrap();
            assert!(flow::identify(&packet).is_ok());
            assert!(map.reverse([192, 0, 2, 1].into(), port).is_ok());
        }
    });
    assert_eq!(made, 0);
}
