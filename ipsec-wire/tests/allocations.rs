//! Sealing and opening allocate nothing, one packet at a time and in batches.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    unreachable_pub,
    unsafe_code,
    reason = "tests fail by panicking; the allocator that counts is a test's"
)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::*;
use ipsec_wire::{Error, PacketBuf};

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

#[test]
fn sealing_and_opening_allocate_nothing() {
    const COUNT_OF: usize = 40;
    for keyed in suites() {
        for (mode, inner) in [(0, 4), (0, 6), (4, 6), (6, 4)] {
            let (mut outbound, mut inbound) = keyed.pair(mode, |builder| builder);
            let plain = packet(inner, 300);
            let mut storage = vec![0u8; COUNT_OF * 1024];
            let mut packets: Vec<PacketBuf<&mut [u8]>> = storage
                .chunks_mut(1024)
                .map(|room| {
                    room[128..128 + plain.len()].copy_from_slice(&plain);
                    PacketBuf::new(room, 128, plain.len()).unwrap()
                })
                .collect();
            let mut sealed = vec![Err(Error::Authentication); COUNT_OF];
            let mut opened = vec![Err(Error::Authentication); COUNT_OF];
            let mut rooms = [[0u8; 1024]; 2];
            let [first, second] = &mut rooms;
            let mut into = PacketBuf::empty(&mut first[..], 0).unwrap();
            let mut back = PacketBuf::empty(&mut second[..], 0).unwrap();
            let before = COUNT.get();
            outbound.seal_into(NOW, &plain, &mut into).unwrap();
            inbound.open_into(NOW, into.octets(), &mut back).unwrap();
            outbound.seal(NOW, &mut packets[0]).unwrap();
            inbound.open(NOW, &mut packets[0]).unwrap();
            outbound.seal_batch(NOW, &mut packets, &mut sealed).unwrap();
            inbound.open_batch(NOW, &mut packets, &mut opened).unwrap();
            assert_eq!(COUNT.get(), before, "{:?} {mode} {inner}", keyed.suite);
            assert!(sealed.iter().all(Result::is_ok) && opened.iter().all(Result::is_ok));
            assert!(packets.iter().all(|packet| packet.octets() == plain) && back.octets() == plain);
        }
    }
}

#[cfg(feature = "ring")]
#[test]
fn sealing_and_opening_by_ring_allocate_nothing() {
    use ipsec_wire::crypto::Ring;
    use ipsec_wire::{Aead, Suite, Tunnel};

    for suite in [GCM, Suite::EspCombined(Aead::CHACHA20_POLY1305)] {
        let keyed = Keyed::new(suite);
        let end = |local, remote| keyed.builder().tunnel(Tunnel::new(local, remote).unwrap());
        let transform = || Ring::new(&suite, &keyed.keys()).unwrap();
        let (near, far) = ends(4);
        let mut outbound = end(near, far).outbound_with(transform(), &mut TestRng(7)).unwrap();
        let mut inbound = end(far, near).inbound_with(transform(), [0; 4]).unwrap();
        let plain = packet(4, 300);
        let mut packets: Vec<_> = (0..40).map(|_| buffer(&plain)).collect();
        let mut sealed = vec![Err(Error::Authentication); 40];
        let mut opened = vec![Err(Error::Authentication); 40];
        let before = COUNT.get();
        outbound.seal(NOW, &mut packets[0]).unwrap();
        inbound.open(NOW, &mut packets[0]).unwrap();
        outbound.seal_batch(NOW, &mut packets, &mut sealed).unwrap();
        inbound.open_batch(NOW, &mut packets, &mut opened).unwrap();
        assert_eq!(COUNT.get(), before, "{suite:?}");
        assert!(sealed.iter().all(Result::is_ok) && opened.iter().all(Result::is_ok));
        assert!(packets.iter().all(|packet| packet.octets() == plain));
    }
}
