//! No packet costs an allocation in windows and databases: an allocator that counts proves it.

#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::IpAddr;

use ip_wire::{Protocol, ip};
use ipsec_wire::replay::{Window, words_for};
use ipsec_wire::sad::{Identifier, Sad};
use ipsec_wire::spd::{Action, Addresses, Direction, Entry, Limits, Packet, Pfp, Selectors, Spd, Verdict, check_sa};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting touches a thread-local number without destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get().wrapping_add(1)));
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
    ALLOCATIONS.with(Cell::get).wrapping_sub(before)
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn windows_allocate_nothing() {
    let mut window = Window::new(4096, true, [0; words_for(4096)]).unwrap();
    let mut bitmap = [0; 64];
    let work = || {
        for low in (1..100_000).chain(50_000..200_000) {
            if let Ok(number) = window.check(low) {
                window.mark(number).unwrap();
            }
        }
        window.export(&mut bitmap).unwrap();
    };
    assert_eq!(allocations(work), 0);
}

#[test]
fn looking_sas_up_allocates_nothing() {
    let mut sad = Sad::new(1000, 7).unwrap();
    let group: IpAddr = "239.1.1.1".parse().unwrap();
    let here: IpAddr = "192.0.2.1".parse().unwrap();
    let mut spis = vec![];
    for number in 0..200_u32 {
        spis.push(sad.insert_own(Protocol::ESP, 1000 + number, |_| number).unwrap().1);
        sad.insert(Identifier::new(Protocol::AH, 1000 + number), number).unwrap();
        sad.insert(Identifier::new(Protocol::ESP, 1000 + number).to(group), number).unwrap();
    }
    let mut found = 0;
    let work = || {
        for spi in spis.iter().copied().chain(1000..1300) {
            found += u32::from(sad.lookup(Protocol::ESP, spi, here, here).is_some());
            found += u32::from(sad.lookup(Protocol::AH, spi, here, here).is_some());
            found += u32::from(sad.lookup_mut(Protocol::ESP, spi, group, here).is_some());
        }
    };
    assert_eq!(allocations(work), 0);
    assert_eq!(found, 200 + 200 + 400);
}

#[test]
fn packets_of_a_known_conversation_allocate_nothing() {
    let mut spd: Spd<(), u32> = Spd::new(Limits::default());
    for number in 0..200_u8 {
        let remote = Addresses::prefix(IpAddr::from([198, 51, number, 0]), 24).unwrap();
        let action = Action::Protect { pfp: Pfp::NONE, parameters: () };
        spd.push(Entry::new(Selectors { remote, ..Selectors::default() }, action)).unwrap();
    }
    let octets = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 198, 51, 100, 7, 4, 0, 0, 53, 0, 8, 0, 0];
    let read = || Packet::of(&ip::Packet::parse(&octets).unwrap(), Direction::Outbound).unwrap();
    let (entry, selectors) = spd.bind(&read(), 7).unwrap().unwrap();
    spd.lookup(&read());
    spd.lookup(&read().reversed());
    let work = || {
        for _ in 0..100 {
            let packet = read();
            assert!(matches!(spd.lookup(&packet), Verdict::Protect { sa: Some(7), .. }));
            // First matches without the table allocate nothing either.
            assert_eq!(spd.first_match(&packet), Some(entry));
            assert_eq!(spd.scan(&packet), Some(entry));
            let inner = packet.reversed();
            assert!(check_sa(&selectors, &inner).is_ok() && spd.verify_inbound(&inner, entry).is_ok());
        }
    };
    assert_eq!(allocations(work), 0);
}
