//! Nothing allocates, however large the batch: an allocator that counts proves it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use wire_lanes::{Engine, Md5, Segments, Sha1, Sha256, cbc, hmac};

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

/// Lengths of packets, three hundred of them.
fn lengths() -> impl Iterator<Item = usize> {
    (0..300).map(|n| [64, 576, 64, 1504, 0, 4096][n % 6])
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn no_path_allocates() {
    let octets = vec![0x5a; 4096];
    let (md5, sha1, sha256) = (hmac::Key::<Md5>::new(b"key"), hmac::Key::<Sha1>::new(b"key"), hmac::Key::<Sha256>::new(b"key"));
    let segments: Vec<Segments<'_>> = lengths().map(|len| octets[..len].into()).collect();
    let of_md5: Vec<_> = segments.iter().map(|segments| hmac::Message::new(&md5, *segments)).collect();
    let of_sha1: Vec<_> = segments.iter().map(|segments| hmac::Message::new(&sha1, *segments)).collect();
    let of_sha256: Vec<_> = segments.iter().map(|segments| hmac::Message::new(&sha256, *segments)).collect();
    let keys: Vec<cbc::Key> = [16, 24, 32].iter().map(|len| cbc::Key::new(&octets[..*len]).unwrap()).collect();
    let mut packets: Vec<Vec<u8>> = lengths().map(|len| vec![1; len]).collect();
    for engine in Engine::all() {
        let (mut tags16, mut tags20, mut tags32) = (vec![[0; 16]; 300], vec![[0; 20]; 300], vec![[0; 32]; 300]);
        let mut right = vec![false; 300];
        let tags: Vec<&[u8]> = vec![&octets[..12]; 300];
        let mut messages: Vec<cbc::Message<'_>> =
            packets.iter_mut().enumerate().map(|(n, packet)| cbc::Message::new(&keys[n % 3], [0; 16], packet)).collect();
        let count = allocations(|| {
            engine.digest_many::<Md5>(&segments, &mut tags16).unwrap();
            engine.hmac_many(&of_md5, &mut tags16).unwrap();
            engine.hmac_many(&of_sha1, &mut tags20).unwrap();
            engine.hmac_many(&of_sha256, &mut tags32).unwrap();
            engine.verify_many(&of_sha256, &tags, &mut right).unwrap();
            engine.cbc_encrypt_many(&mut messages).unwrap();
            engine.cbc_decrypt_many(&mut messages).unwrap();
        });
        assert_eq!(count, 0, "{engine:?}");
    }
    assert_eq!(allocations(|| assert!(!sha1.verify(b"text".into(), &[0; 12]))), 0);
}
