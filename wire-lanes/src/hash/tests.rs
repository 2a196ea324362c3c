//! Every path against the standards' examples and against RustCrypto.

use std::string::String;
use std::vec;
use std::vec::Vec;

use digest::Digest;
use hex_literal::hex;
use md5::digest;
use proptest::prelude::*;

use super::*;

/// Octets without a pattern that a wrong offset would fit.
pub(crate) fn octets(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (state >> 56) as u8
        })
        .collect()
}

/// Every message's digest by every path, and by the code for one message.
fn check<A: Algorithm>(messages: &[Segments<'_>], expected: &[A::Output], what: &str) {
    for engine in Engine::all() {
        let mut digests = vec![A::Output::default(); messages.len()];
        engine.digest_many::<A>(messages, &mut digests).unwrap();
        assert!(digests == expected, "{engine:?}, {what}");
    }
    for (message, expected) in messages.iter().zip(expected) {
        assert!(super::digest::<A>(*message) == *expected, "alone, {what}");
    }
}

fn check_all(messages: &[Segments<'_>], what: &str) {
    let whole: Vec<Vec<u8>> = messages.iter().map(|message| message.iter().flatten().copied().collect()).collect();
    let md5: Vec<[u8; 16]> = whole.iter().map(|octets| md5::Md5::digest(octets).into()).collect();
    check::<Md5>(messages, &md5, what);
    let sha1: Vec<[u8; 20]> = whole.iter().map(|octets| sha1::Sha1::digest(octets).into()).collect();
    check::<Sha1>(messages, &sha1, what);
    let sha256: Vec<[u8; 32]> = whole.iter().map(|octets| sha2::Sha256::digest(octets).into()).collect();
    check::<Sha256>(messages, &sha256, what);
}

#[test]
fn every_path_gives_the_examples_of_rfc_1321() {
    let examples: [(&str, [u8; 16]); 7] = [
        ("", hex!("d41d8cd98f00b204e9800998ecf8427e")),
        ("a", hex!("0cc175b9c0f1b6a831c399e269772661")),
        ("abc", hex!("900150983cd24fb0d6963f7d28e17f72")),
        ("message digest", hex!("f96b697d7cb7938d525a2f31aaf161d0")),
        ("abcdefghijklmnopqrstuvwxyz", hex!("c3fcd3d76192e4007dfb496cca67e13b")),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", hex!("d174ab98d277d9f5a5611c2c9f419d9f")),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            hex!("57edf4a22be3c955ac49da2e2107b67a"),
        ),
    ];
    let (messages, digests): (Vec<Segments<'_>>, Vec<[u8; 16]>) =
        examples.iter().map(|(text, digest)| (Segments::from(text.as_bytes()), *digest)).unzip();
    check::<Md5>(&messages, &digests, "examples");
}

#[test]
fn every_path_gives_the_examples_of_fips_180() {
    let million = String::from("a").repeat(1_000_000);
    let texts = ["abc", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", &million];
    let messages = texts.map(|text| Segments::from(text.as_bytes()));
    let sha1 = [
        hex!("a9993e364706816aba3e25717850c26c9cd0d89d"),
        hex!("84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        hex!("34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    ];
    check::<Sha1>(&messages, &sha1, "examples");
    let sha256 = [
        hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        hex!("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        hex!("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ];
    check::<Sha256>(&messages, &sha256, "examples");
}

#[test]
fn every_length_up_to_4096() {
    let octets = octets(4096, 1);
    // In batches in which lengths are far apart, so that lanes change messages all the time.
    let lengths: Vec<usize> = (0..=4096_usize).map(|n| (n * 1543) % 4097).collect();
    for batch in lengths.chunks(241) {
        let messages: Vec<Segments<'_>> = batch.iter().map(|len| octets[..*len].into()).collect();
        check_all(&messages, "lengths");
    }
}

#[test]
fn neighbouring_lengths_side_by_side() {
    let octets = octets(700, 2);
    let messages: Vec<Segments<'_>> = (0..=700).map(|len| octets[..len].into()).collect();
    check_all(&messages, "neighbours");
}

#[test]
fn every_number_of_messages_of_one_length() {
    let octets = octets(1000, 3);
    for count in 0..=70 {
        let messages: Vec<Segments<'_>> = (0..count).map(|n| octets[n..n + 200].into()).collect();
        check_all(&messages, "numbers");
    }
}

#[test]
fn more_messages_than_are_ordered_at_once() {
    let octets = octets(900, 4);
    for count in [255, 256, 257, 511, 512, 513, 700] {
        let messages: Vec<Segments<'_>> = (0..count).map(|n| octets[n % 100..n % 100 + (n * 131) % 800].into()).collect();
        check_all(&messages, "windows");
    }
}

#[test]
fn every_split_in_two_pieces() {
    let octets = octets(330, 5);
    let pieces: Vec<[&[u8]; 1]> = (0..=330).map(|at| [&octets[at..]]).collect();
    let messages: Vec<Segments<'_>> = pieces.iter().enumerate().map(|(at, rest)| Segments::new(&octets[..at], rest)).collect();
    check_all(&messages, "two pieces");
}

#[test]
fn every_split_in_three_pieces_around_blocks() {
    let octets = octets(200, 6);
    for len in [63, 64, 65, 128, 183, 184, 192, 200] {
        let pieces: Vec<(usize, [&[u8]; 2])> = (0..=len)
            .flat_map(|a| (a..=len).step_by(3).map(move |b| (a, b)))
            .map(|(a, b)| (a, [&octets[a..b], &octets[b..len]]))
            .collect();
        let messages: Vec<Segments<'_>> = pieces.iter().map(|(a, rest)| Segments::new(&octets[..*a], rest)).collect();
        check_all(&messages, "three pieces");
    }
}

#[test]
fn many_small_and_empty_pieces() {
    let octets = octets(400, 7);
    let pieces: Vec<&[u8]> = (0..400).flat_map(|at| [&octets[at..=at], &[]]).collect();
    check_all(&[Segments::new(&[], &pieces), Segments::new(&octets, &[&[], &[]]), Segments::default()], "small pieces");
}

#[test]
fn lengths_that_need_more_than_32_bits_of_length_are_told_in_64() {
    // 2^29 octets are 2^32 bits; the same slice many times over takes no memory.
    let piece = octets(1 << 20, 8);
    let pieces: Vec<&[u8]> = vec![&piece; 512];
    let message = Segments::new(&[], &pieces);
    assert_eq!(message.octets(), 1 << 29);
    let mut hasher = sha2::Sha256::new();
    pieces.iter().for_each(|piece| hasher.update(piece));
    let mut digests = [[0; 32]];
    Engine::new().digest_many::<Sha256>(&[message], &mut digests).unwrap();
    assert_eq!(digests[0], <[u8; 32]>::from(hasher.finalize()));
}

#[test]
fn another_number_of_digests_is_refused_and_nothing_written() {
    let messages = [Segments::default(); 3];
    for found in [0, 2, 4] {
        let mut digests = vec![[0x55; 20]; found];
        assert_eq!(Engine::new().digest_many::<Sha1>(&messages, &mut digests), Err(Error::Count { found, needed: 3 }));
        assert!(digests.iter().flatten().all(|octet| *octet == 0x55));
    }
}

#[test]
fn pieces_are_shown_as_they_were_given() {
    let rest: [&[u8]; 2] = [b"cd", b"e"];
    let message = Segments::new(b"ab", &rest);
    assert_eq!((message.first(), message.rest(), message.octets()), (b"ab".as_slice(), rest.as_slice(), 5));
    assert_eq!(message.iter().collect::<Vec<_>>(), [b"ab".as_slice(), b"cd", b"e"]);
    assert_eq!(Segments::from(b"ab"), Segments::from(b"ab".as_slice()));
}

/// Lengths as packets have them, and some long ones.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..200_usize, 2 => 200..1600_usize, 1 => 1600..9000_usize]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// One at a time is the model of many at once: any lengths, in any number of pieces.
    #[test]
    fn mixes_of_up_to_200_messages(
        messages in proptest::collection::vec((length(), proptest::collection::vec(0..9000_usize, 0..6), any::<u64>()), 1..=200)
    ) {
        let octets: Vec<Vec<u8>> = messages.iter().map(|(len, _, seed)| octets(*len, *seed)).collect();
        let pieces: Vec<Vec<&[u8]>> = messages
            .iter()
            .zip(&octets)
            .map(|((len, cuts, _), octets)| {
                let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (len + 1)).chain([0, *len]).collect();
                cuts.sort_unstable();
                cuts.windows(2).map(|ends| &octets[ends[0]..ends[1]]).collect()
            })
            .collect();
        let messages: Vec<Segments<'_>> = pieces.iter().map(|pieces| Segments::new(pieces[0], &pieces[1..])).collect();
        check_all(&messages, "mix");
    }
}
