//! Sealing and filtering allocate nothing, one packet at a time and in batches.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    unsafe_code,
    reason = "tests fail by panicking; the allocator that counts is a test's"
)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::*;
use llpf_wire::{Algorithm, Error, PacketBuf};

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
fn sealing_and_filtering_allocate_nothing() {
    const PACKETS: usize = 300;
    for algorithm in Algorithm::ALL {
        for (version, of_inner) in [(4, 4), (6, 6)] {
            let (mut sender, mut filter) = (sender(algorithm, version), filter(algorithm, any()));
            let plain = packet(of_inner, 300);
            let mut storage = vec![0u8; PACKETS * 512];
            let mut packets: Vec<_> =
                storage.chunks_mut(512).map(|chunk| PacketBuf::new(chunk, 64, plain.len()).unwrap()).collect();
            packets.iter_mut().for_each(|packet| packet.octets_mut().copy_from_slice(&plain));
            let (mut sealed, mut filtered) = (vec![Err(Error::NotYet); PACKETS], llpf_wire::filter::results(PACKETS));
            let before = COUNT.with(Cell::get);
            sender.seal_batch(NOW, &mut packets, &mut sealed).unwrap();
            packets[7].octets_mut()[60] ^= 1;
            filter.filter_batch(NOW, &mut packets, &mut filtered).unwrap();
            for packet in &mut packets[8..40] {
                sender.seal(NOW, packet).unwrap();
                filter.filter(NOW, packet).unwrap();
                let _ = filter.filter(NOW, packet).unwrap_err();
            }
            assert_eq!(COUNT.with(Cell::get), before);
            assert_eq!(filtered.iter().filter(|result| result.is_ok()).count(), PACKETS - 1);
            assert!(packets.iter().skip(8).all(|packet| packet.octets() == plain));
        }
    }
}

#[test]
fn datagrams_of_a_known_flow_are_protected_and_opened_without_allocating() {
    use llpf_wire::fbs::{ByFiveTuple, MasterKey, Receiver, ReceiverConfig, Sender, SenderConfig};

    let mut rng = Rng(1);
    let master = MasterKey::new(&[7; 32]).unwrap();
    for confidential in [false, true] {
        let mut sender = Sender::new(SenderConfig::default(), ByFiveTuple { confidential }, &mut rng);
        let mut receiver = Receiver::new(ReceiverConfig::default());
        let plain = packet(4, 300);
        let mut octets = buffer(&plain);
        sender.protect(NOW, &mut rng, &master, &mut octets).unwrap();
        receiver.open(NOW, &master, &mut octets).unwrap();
        let before = COUNT.with(Cell::get);
        for _ in 0..20 {
            sender.protect(NOW, &mut rng, &master, &mut octets).unwrap();
            receiver.open(NOW, &master, &mut octets).unwrap();
        }
        assert_eq!(COUNT.with(Cell::get), before);
        assert_eq!(octets.octets(), plain);
    }
}
