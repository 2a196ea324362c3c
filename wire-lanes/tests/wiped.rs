//! What a dropped key leaves in memory.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::mem::MaybeUninit;

use wire_lanes::{Sha256, cbc, hmac};

/// The octets of a value's place, while it is there and after it was dropped.
fn before_and_after<T>(value: T) -> (Vec<u8>, Vec<u8>) {
    let mut place = MaybeUninit::<T>::zeroed();
    place.write(value);
    let octets = place.as_ptr().cast::<u8>();
    let read = || {
        // SAFETY: the place is as large as the value, and was zeros before, so that each of its octets can be read, volatile since the compiler
        // takes what it knows of a dropped value for dead.
        (0..size_of::<T>()).map(|at| unsafe { octets.add(at).read_volatile() }).collect::<Vec<_>>()
    };
    let before = read();
    // SAFETY: the value is there, is dropped once, and not used again.
    unsafe { place.assume_init_drop() };
    (before, read())
}

#[test]
fn a_dropped_hmac_key_leaves_nothing() {
    let (before, after) = before_and_after(hmac::Key::<Sha256>::new(b"a key"));
    assert!(before.iter().any(|octet| *octet != 0));
    assert!(after.iter().all(|octet| *octet == 0));
}

/// Neither this crate's round keys nor RustCrypto's.
#[test]
fn a_dropped_aes_key_leaves_no_round_key() {
    // FIPS 197 A.1: the key, its first round key and its last one.
    let round_keys = [
        [0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c],
        [0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1, 0x23, 0xa3, 0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05],
        [0xd0, 0x14, 0xf9, 0xa8, 0xc9, 0xee, 0x25, 0x89, 0xe1, 0x3f, 0x0c, 0xc8, 0xb6, 0x63, 0x0c, 0xa6],
    ];
    let (before, after) = before_and_after(cbc::Key::new(&round_keys[0]).unwrap());
    let found = |octets: &[u8]| round_keys.iter().filter(|key| octets.windows(16).any(|window| window == key.as_slice())).count();
    assert_eq!(found(&before), 3);
    assert_eq!(found(&after), 0);
}
