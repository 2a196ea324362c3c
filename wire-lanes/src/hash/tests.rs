//! All paths against RustCrypto.

use std::vec;
use std::vec::Vec;

use super::*;

#[test]
fn smoke() {
    let octets: Vec<u8> = (0..5000_u32).map(|n| (n * 7 + n / 256) as u8).collect();
    for engine in Engine::all() {
        for count in [1, 3, 9, 40, 300] {
            let messages: Vec<Segments<'_>> = (0..count).map(|n| octets[n..n + (n * 37) % 1600].into()).collect();
            let mut digests = vec![[0; 16]; count];
            engine.digest_many::<Md5>(&messages, &mut digests).unwrap();
            for (message, found) in messages.iter().zip(&digests) {
                assert_eq!(*found, digest::<Md5>(*message), "{engine:?}");
            }
            let mut digests = vec![[0; 20]; count];
            engine.digest_many::<Sha1>(&messages, &mut digests).unwrap();
            for (message, found) in messages.iter().zip(&digests) {
                assert_eq!(*found, digest::<Sha1>(*message), "{engine:?}");
            }
            let mut digests = vec![[0; 32]; count];
            engine.digest_many::<Sha256>(&messages, &mut digests).unwrap();
            for (message, found) in messages.iter().zip(&digests) {
                assert_eq!(*found, digest::<Sha256>(*message), "{engine:?}");
            }
        }
    }
}
