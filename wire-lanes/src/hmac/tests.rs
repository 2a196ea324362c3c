//! Every path against the RFCs' test cases and against RustCrypto.

use std::format;
use std::vec;
use std::vec::Vec;

use hex_literal::hex;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;

use super::*;
use crate::hash::tests::octets;
use crate::{Md5, Sha1, Sha256};

/// Key, text, tag.
type Case<'a, const N: usize> = (&'a [u8], &'a [u8], [u8; N]);

fn check<A: Algorithm<Output = [u8; N]>, const N: usize>(cases: &[Case<'_, N>]) {
    let keys: Vec<Key<A>> = cases.iter().map(|(key, ..)| Key::new(key)).collect();
    let messages: Vec<Message<'_, A>> = keys.iter().zip(cases).map(|(key, (_, text, _))| Message::new(key, *text)).collect();
    let expected: Vec<[u8; N]> = cases.iter().map(|(.., tag)| *tag).collect();
    for engine in Engine::all() {
        let mut tags = vec![[0; N]; cases.len()];
        engine.hmac_many(&messages, &mut tags).unwrap();
        assert_eq!(tags, expected, "{engine:?}");
    }
    for (message, expected) in messages.iter().zip(expected) {
        assert_eq!(message.key.tag(message.segments), expected);
    }
}

const LARGE_KEY: &[u8] = b"Test Using Larger Than Block-Size Key - Hash Key First";
const LARGE_KEY_AND_DATA: &[u8] = b"Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data";
const COUNTING: [u8; 25] = hex!("0102030405060708090a0b0c0d0e0f10111213141516171819");

#[test]
fn test_cases_of_rfc_2202_for_md5() {
    check::<Md5, 16>(&[
        (&[0x0b; 16], b"Hi There", hex!("9294727a3638bb1c13f48ef8158bfc9d")),
        (b"Jefe", b"what do ya want for nothing?", hex!("750c783e6ab0b503eaa86e310a5db738")),
        (&[0xaa; 16], &[0xdd; 50], hex!("56be34521d144c88dbb8c733f0e8b3f6")),
        (&COUNTING, &[0xcd; 50], hex!("697eaf0aca3a3aea3a75164746ffaa79")),
        (&[0x0c; 16], b"Test With Truncation", hex!("56461ef2342edc00f9bab995690efd4c")),
        (&[0xaa; 80], LARGE_KEY, hex!("6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd")),
        (&[0xaa; 80], LARGE_KEY_AND_DATA, hex!("6f630fad67cda0ee1fb1f562db3aa53e")),
    ]);
}

#[test]
fn test_cases_of_rfc_2202_for_sha_1() {
    check::<Sha1, 20>(&[
        (&[0x0b; 20], b"Hi There", hex!("b617318655057264e28bc0b6fb378c8ef146be00")),
        (b"Jefe", b"what do ya want for nothing?", hex!("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")),
        (&[0xaa; 20], &[0xdd; 50], hex!("125d7342b9ac11cd91a39af48aa17b4f63f175d3")),
        (&COUNTING, &[0xcd; 50], hex!("4c9007f4026250c6bc8414f9bf50c86c2d7235da")),
        (&[0x0c; 20], b"Test With Truncation", hex!("4c1a03424b55e07fe7f27be1d58bb9324a9a5a04")),
        (&[0xaa; 80], LARGE_KEY, hex!("aa4ae5e15272d00e95705637ce8a3b55ed402112")),
        (&[0xaa; 80], LARGE_KEY_AND_DATA, hex!("e8e99d0f45237d786d6bbaa7965c7808bbff1a91")),
    ]);
}

#[test]
fn test_cases_of_rfc_4231_for_sha_256() {
    check::<Sha256, 32>(&[
        (&[0x0b; 20], b"Hi There", hex!("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            hex!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ),
        (&[0xaa; 20], &[0xdd; 50], hex!("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")),
        (&COUNTING, &[0xcd; 50], hex!("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b")),
        (&[0xaa; 131], LARGE_KEY, hex!("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")),
        (
            &[0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
            hex!("9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        ),
    ]);
}

#[test]
fn truncated_test_cases_verify() {
    let md5 = Key::<Md5>::new(&[0x0c; 16]);
    let sha1 = Key::<Sha1>::new(&[0x0c; 20]);
    let sha256 = Key::<Sha256>::new(&[0x0c; 20]);
    let text: Segments<'_> = b"Test With Truncation".into();
    assert!(md5.verify(text, &hex!("56461ef2342edc00f9bab995")));
    assert!(sha1.verify(text, &hex!("4c1a03424b55e07fe7f27be1")));
    assert!(sha256.verify(text, &hex!("a3b6167473100ee06e0c796c2955552b")));
}

#[test]
fn every_key_length_up_to_two_blocks() {
    let text = octets(100, 1);
    for len in 0..=130 {
        let key = octets(len, 2);
        let expected: [u8; 16] =
            <Hmac<md5::Md5> as KeyInit>::new_from_slice(&key).unwrap().chain_update(&text).finalize().into_bytes().into();
        assert_eq!(Key::<Md5>::new(&key).tag(text.as_slice().into()), expected);
        let expected: [u8; 20] =
            <Hmac<sha1::Sha1> as KeyInit>::new_from_slice(&key).unwrap().chain_update(&text).finalize().into_bytes().into();
        assert_eq!(Key::<Sha1>::new(&key).tag(text.as_slice().into()), expected);
        let expected: [u8; 32] =
            <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(&key).unwrap().chain_update(&text).finalize().into_bytes().into();
        assert_eq!(Key::<Sha256>::new(&key).tag(text.as_slice().into()), expected);
    }
}

/// Tags of RustCrypto.
macro_rules! expected {
    ($hash:ty, $keys:expr, $texts:expr) => {
        $keys
            .iter()
            .zip($texts)
            .map(|(key, text)| {
                <Hmac<$hash> as KeyInit>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().into()
            })
            .collect::<Vec<_>>()
    };
}

fn check_many<A: Algorithm>(keys: &[Vec<u8>], texts: &[Vec<u8>], expected: &[A::Output]) {
    let prepared: Vec<Key<A>> = keys.iter().map(|key| Key::new(key)).collect();
    for engine in Engine::all() {
        let messages: Vec<Message<'_, A>> =
            prepared.iter().zip(texts).map(|(key, text)| Message::new(key, text.as_slice())).collect();
        let mut tags = vec![A::Output::default(); texts.len()];
        engine.hmac_many(&messages, &mut tags).unwrap();
        assert!(tags == expected, "{engine:?}");
        let truncated: Vec<&[u8]> = tags.iter().enumerate().map(|(n, tag)| &tag.as_ref()[..MIN_TAG_LEN + n % 7]).collect();
        let mut right = vec![false; texts.len()];
        engine.verify_many(&messages, &truncated, &mut right).unwrap();
        assert!(right.iter().all(|right| *right), "{engine:?}");
    }
}

#[test]
fn every_length_up_to_4096_under_keys_of_their_own() {
    let lengths: Vec<usize> = (0..=4096_usize).map(|n| (n * 2311) % 4097).collect();
    for (batch, lengths) in lengths.chunks(241).enumerate() {
        let keys: Vec<Vec<u8>> = lengths.iter().map(|len| octets(1 + len % 90, *len as u64)).collect();
        let texts: Vec<Vec<u8>> = lengths.iter().map(|len| octets(*len, batch as u64)).collect();
        check_many::<Md5>(&keys, &texts, &expected!(md5::Md5, keys, &texts));
        check_many::<Sha1>(&keys, &texts, &expected!(sha1::Sha1, keys, &texts));
        check_many::<Sha256>(&keys, &texts, &expected!(sha2::Sha256, keys, &texts));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn mixes_of_up_to_200_messages(lengths in proptest::collection::vec((0..100_usize, prop_oneof![0..200_usize, 0..2000_usize]), 1..=200), seed: u64) {
        let keys: Vec<Vec<u8>> = lengths.iter().enumerate().map(|(n, (key, _))| octets(*key, seed ^ n as u64)).collect();
        let texts: Vec<Vec<u8>> = lengths.iter().enumerate().map(|(n, (_, text))| octets(*text, seed ^ (n << 8) as u64)).collect();
        check_many::<Md5>(&keys, &texts, &expected!(md5::Md5, keys, &texts));
        check_many::<Sha1>(&keys, &texts, &expected!(sha1::Sha1, keys, &texts));
        check_many::<Sha256>(&keys, &texts, &expected!(sha2::Sha256, keys, &texts));
    }
}

#[test]
fn pieces_of_a_packet_are_authenticated_as_one() {
    let key = Key::<Md5>::new(b"0123456789abcdef");
    let packet = octets(1500, 9);
    let whole: Vec<u8> = [packet.as_slice(), &[1; 8], &[2; 4]].concat();
    let rest: [&[u8]; 2] = [&[1; 8], &[2; 4]];
    let expected = key.tag(whole.as_slice().into());
    for engine in Engine::all() {
        let mut tags = [[0; 16]; 40];
        engine.hmac_many(&[Message::new(&key, Segments::new(&packet, &rest)); 40], &mut tags).unwrap();
        assert_eq!(tags, [expected; 40], "{engine:?}");
    }
}

#[test]
fn every_flipped_bit_of_a_tag_is_refused_and_so_are_short_and_long_ones() {
    fn check<A: Algorithm>() {
        let key = Key::<A>::new(b"a key");
        let text: Segments<'_> = b"a text".into();
        let tag = key.tag(text);
        let tag = tag.as_ref();
        let mut candidates: Vec<(Vec<u8>, bool)> = (0..=tag.len()).map(|len| (tag[..len].to_vec(), len >= MIN_TAG_LEN)).collect();
        candidates.push(([tag, &[0]].concat(), false));
        for len in [MIN_TAG_LEN, tag.len()] {
            for bit in 0..8 * len {
                let mut wrong = tag[..len].to_vec();
                wrong[bit / 8] ^= 1 << (bit % 8);
                candidates.push((wrong, false));
            }
        }
        let (tags, expected): (Vec<&[u8]>, Vec<bool>) = candidates.iter().map(|(tag, right)| (tag.as_slice(), *right)).unzip();
        assert_eq!(tags.iter().map(|tag| key.verify(text, tag)).collect::<Vec<_>>(), expected);
        for engine in Engine::all() {
            // Whatever stood there before is overwritten.
            let mut right: Vec<bool> = expected.iter().map(|right| !right).collect();
            engine.verify_many(&vec![Message::new(&key, text); tags.len()], &tags, &mut right).unwrap();
            assert_eq!(right, expected, "{engine:?}");
        }
    }
    check::<Md5>();
    check::<Sha1>();
    check::<Sha256>();
}

#[test]
fn another_text_or_key_is_refused() {
    let (key, other) = (Key::<Sha256>::new(b"a key"), Key::<Sha256>::new(b"another"));
    let text = octets(200, 3);
    let tag = key.tag(text.as_slice().into());
    assert!(key.verify(text.as_slice().into(), &tag));
    assert!(!other.verify(text.as_slice().into(), &tag));
    for bit in 0..8 * text.len() {
        let mut wrong = text.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert!(!key.verify(wrong.as_slice().into(), &tag), "bit {bit}");
    }
}

#[test]
fn other_numbers_of_results_are_refused_and_nothing_written() {
    let key = Key::<Md5>::new(b"a key");
    let messages = [Message::new(&key, b"a text"); 2];
    let mut tags = [[0x55; 16]; 3];
    assert_eq!(Engine::new().hmac_many(&messages, &mut tags), Err(Error::Count { found: 3, needed: 2 }));
    assert_eq!(tags, [[0x55; 16]; 3]);
    let tag = key.tag(messages[0].segments);
    let mut right = [false; 2];
    assert_eq!(Engine::new().verify_many(&messages, &[&tag], &mut right), Err(Error::Count { found: 1, needed: 2 }));
    assert_eq!(Engine::new().verify_many(&messages, &[&tag, &tag], &mut right[..1]), Err(Error::Count { found: 1, needed: 2 }));
    assert_eq!(right, [false; 2]);
}

#[test]
fn keys_do_not_show_themselves() {
    assert_eq!(format!("{:?}", Key::<Md5>::new(&[0x41; 16])), "Key { .. }");
}
