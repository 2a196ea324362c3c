//! Every path against the standards' examples and against RustCrypto.

use std::format;
use std::vec;
use std::vec::Vec;

use aes::cipher::array::Array;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hex_literal::hex;
use proptest::prelude::*;

use super::*;
use crate::hash::tests::octets;

/// A message and what becomes of it.
#[derive(Clone)]
struct Case {
    key: Vec<u8>,
    iv: Block,
    plain: Vec<u8>,
    cipher: Vec<u8>,
}

impl Case {
    /// What RustCrypto makes of it, with a key of its own.
    fn new(key: Vec<u8>, iv: Block, plain: Vec<u8>) -> Self {
        let mut cipher = plain.clone();
        let blocks = Array::cast_slice_from_core_mut(cipher.as_chunks_mut().0);
        match key.len() {
            16 => ::cbc::Encryptor::<aes::Aes128>::new_from_slices(&key, &iv).unwrap().encrypt_blocks(blocks),
            24 => ::cbc::Encryptor::<aes::Aes192>::new_from_slices(&key, &iv).unwrap().encrypt_blocks(blocks),
            _ => ::cbc::Encryptor::<aes::Aes256>::new_from_slices(&key, &iv).unwrap().encrypt_blocks(blocks),
        }
        let mut again = cipher.clone();
        let blocks = Array::cast_slice_from_core_mut(again.as_chunks_mut().0);
        match key.len() {
            16 => ::cbc::Decryptor::<aes::Aes128>::new_from_slices(&key, &iv).unwrap().decrypt_blocks(blocks),
            24 => ::cbc::Decryptor::<aes::Aes192>::new_from_slices(&key, &iv).unwrap().decrypt_blocks(blocks),
            _ => ::cbc::Decryptor::<aes::Aes256>::new_from_slices(&key, &iv).unwrap().decrypt_blocks(blocks),
        }
        assert!(again == plain);
        Self { key, iv, plain, cipher }
    }
}

/// Both directions by every path. Neighbours with equal octets for keys share a [`Key`] if `share`.
fn check(cases: &[Case], share: bool) {
    let mut keys: Vec<Key> = Vec::new();
    let mut key_of = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        let same = share.then(|| cases[..n].iter().position(|other| other.key == case.key)).flatten();
        match same {
            Some(other) => key_of.push(key_of[other]),
            None => {
                key_of.push(keys.len());
                keys.push(Key::new(&case.key).unwrap());
            }
        }
    }
    for engine in Engine::all() {
        let mut octets: Vec<Vec<u8>> = cases.iter().map(|case| case.plain.clone()).collect();
        let batch = |octets: &mut [Vec<u8>], decrypt: bool| {
            let mut messages: Vec<Message<'_>> = octets
                .iter_mut()
                .zip(cases)
                .zip(&key_of)
                .map(|((octets, case), key)| Message::new(&keys[*key], case.iv, octets))
                .collect();
            if decrypt { engine.cbc_decrypt_many(&mut messages) } else { engine.cbc_encrypt_many(&mut messages) }.unwrap();
            // Messages are as they were, but for their octets.
            for (message, case) in messages.iter().zip(cases) {
                assert_eq!((message.octets.len(), message.iv), (case.plain.len(), case.iv));
            }
        };
        batch(&mut octets, false);
        assert!(octets.iter().zip(cases).all(|(octets, case)| *octets == case.cipher), "encrypt, {engine:?}");
        batch(&mut octets, true);
        assert!(octets.iter().zip(cases).all(|(octets, case)| *octets == case.plain), "decrypt, {engine:?}");
    }
    for (case, key) in cases.iter().zip(key_of) {
        let mut octets = case.plain.clone();
        keys[key].encrypt(&case.iv, &mut octets).unwrap();
        assert!(octets == case.cipher);
        keys[key].decrypt(&case.iv, &mut octets).unwrap();
        assert!(octets == case.plain);
    }
}

/// Each case alone, all of them together, and each many times, so that it meets every lane.
fn check_examples(cases: &[Case]) {
    check(cases, false);
    for case in cases {
        check(core::slice::from_ref(case), true);
        check(&vec![case.clone(); 37], true);
        check(&vec![case.clone(); 37], false);
    }
}

#[test]
fn examples_of_rfc_3602() {
    let case = |key: [u8; 16], iv: Block, plain: &[u8], cipher: &[u8]| Case {
        key: key.to_vec(),
        iv,
        plain: plain.to_vec(),
        cipher: cipher.to_vec(),
    };
    check_examples(&[
        case(
            hex!("06a9214036b8a15b512e03d534120006"),
            hex!("3dafba429d9eb430b422da802c9fac41"),
            b"Single block msg",
            &hex!("e353779c1079aeb82708942dbe77181a"),
        ),
        case(
            hex!("c286696d887c9aa0611bbb3e2025a45a"),
            hex!("562e17996d093d28ddb3ba695a2e6f58"),
            &hex!("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
            &hex!("d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"),
        ),
        case(
            hex!("6c3ea0477630ce21a2ce334aa746c2cd"),
            hex!("c782dc4c098c66cbd9cd27d825682c81"),
            b"This is a 48-byte message (exactly 3 AES blocks)",
            &hex!("d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579695d83ba2684"),
        ),
        case(
            hex!("56e47a38c5598974bc46903dba290349"),
            hex!("8ce82eefbea0da3c44699ed7db51b7d9"),
            &hex!(
                "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
                "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
            ),
            &hex!(
                "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e"
                "35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55"
            ),
        ),
        // The payload of the ESP packet of case 5, with its padding and trailer.
        case(
            hex!("90d382b410eeba7ad938c46cec1a82bf"),
            hex!("e96e8c08ab465763fd098d45dd3ff893"),
            &hex!(
                "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
                "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
                "0102030405060708090a0b0c0d0e0e01"
            ),
            &hex!(
                "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
                "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
                "a269add047ad2d5913ac19b7cfbad4a6"
            ),
        ),
    ]);
}

#[test]
fn examples_of_sp_800_38a() {
    let plain = hex!(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    );
    let case = |key: &[u8], cipher: [u8; 64]| Case {
        key: key.to_vec(),
        iv: hex!("000102030405060708090a0b0c0d0e0f"),
        plain: plain.to_vec(),
        cipher: cipher.to_vec(),
    };
    check_examples(&[
        case(
            &hex!("2b7e151628aed2a6abf7158809cf4f3c"),
            hex!(
                "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
                "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
            ),
        ),
        case(
            &hex!("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"),
            hex!(
                "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
                "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd"
            ),
        ),
        case(
            &hex!("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
            hex!(
                "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
                "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
            ),
        ),
    ]);
}

#[test]
fn key_expansions_of_fips_197() {
    // The round keys behind the key's own octets, and the last ones.
    let key = Key::new(&hex!("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
    assert_eq!(key.rounds(), 10);
    assert_eq!(key.encryption()[0], hex!("2b7e151628aed2a6abf7158809cf4f3c"));
    assert_eq!(key.encryption()[1], hex!("a0fafe1788542cb123a339392a6c7605"));
    assert_eq!(key.encryption()[10], hex!("d014f9a8c9ee2589e13f0cc8b6630ca6"));
    assert_eq!(key.encryption()[11..], [[0; 16]; 4]);
    let key = Key::new(&hex!("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b")).unwrap();
    assert_eq!(key.rounds(), 12);
    assert_eq!(key.encryption()[1], hex!("62f8ead2522c6b7bfe0c91f72402f5a5"));
    assert_eq!(key.encryption()[2], hex!("ec12068e6c827f6b0e7a95b95c56fec2"));
    assert_eq!(key.encryption()[12], hex!("e98ba06f448c773c8ecc720401002202"));
    let key = Key::new(&hex!("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")).unwrap();
    assert_eq!(key.rounds(), 14);
    assert_eq!(key.encryption()[2], hex!("9ba354118e6925afa51a8b5f2067fcde"));
    assert_eq!(key.encryption()[14], hex!("fe4890d1e6188d0b046df344706c631e"));
    // The inverse cipher goes through them from the other end.
    assert_eq!(key.decryption()[0], key.encryption()[14]);
    assert_eq!(key.decryption()[14], key.encryption()[0]);
}

#[test]
fn every_number_of_blocks_up_to_256_under_keys_of_every_size() {
    let cases: Vec<Case> = (0..=256_usize)
        .map(|n| (n * 101) % 257)
        .map(|blocks| {
            let key = octets([16, 24, 32][blocks % 3], blocks as u64);
            Case::new(key, octets(16, 77 ^ blocks as u64).try_into().unwrap(), octets(16 * blocks, 88 ^ blocks as u64))
        })
        .collect();
    for batch in cases.chunks(90) {
        check(batch, false);
    }
    check(&cases, false);
    check(&cases[..0], true);
}

#[test]
fn every_number_of_messages_under_one_key_and_under_several() {
    for count in 1..=70_usize {
        let case = |n: usize, keys: usize, blocks: usize| {
            Case::new(octets(16, (n % keys) as u64), octets(16, n as u64).try_into().unwrap(), octets(16 * blocks, n as u64))
        };
        check(&(0..count).map(|n| case(n, 1, 9)).collect::<Vec<_>>(), true);
        check(&(0..count).map(|n| case(n, 3, 6 + n % 7)).collect::<Vec<_>>(), true);
    }
}

#[test]
fn long_messages_beside_short_ones() {
    let blocks = [0, 1, 3, 4, 5, 6, 16, 17, 94, 300, 4, 5, 1000];
    let cases: Vec<Case> = (0..300_usize)
        .map(|n| {
            let key = octets([16, 32][n % 2], (n % 4) as u64);
            Case::new(key, octets(16, n as u64).try_into().unwrap(), octets(16 * blocks[n % blocks.len()], n as u64))
        })
        .collect();
    check(&cases, true);
    check(&cases, false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// One at a time is the model of many at once.
    #[test]
    fn mixes_of_up_to_200_messages(
        messages in proptest::collection::vec((0..3_usize, 0..5_u64, prop_oneof![0..6_usize, 0..120_usize]), 1..=200),
        share: bool,
        seed: u64,
    ) {
        let cases: Vec<Case> = messages
            .iter()
            .enumerate()
            .map(|(n, (size, key, blocks))| {
                let iv = octets(16, seed ^ n as u64).try_into().unwrap();
                Case::new(octets([16, 24, 32][*size], *key), iv, octets(16 * blocks, seed.wrapping_add(n as u64)))
            })
            .collect();
        check(&cases, share);
    }
}

#[test]
fn octets_beside_a_message_stay_as_they_are() {
    let key = Key::new(&[1; 16]).unwrap();
    for engine in Engine::all() {
        for blocks in 1..=21 {
            let mut buffer = vec![0xee; 33 * (16 * blocks + 13)];
            for direction in [Engine::cbc_encrypt_many, Engine::cbc_decrypt_many] {
                let mut messages: Vec<Message<'_>> = buffer
                    .chunks_exact_mut(16 * blocks + 13)
                    .map(|chunk| Message::new(&key, [2; 16], &mut chunk[6..6 + 16 * blocks]))
                    .collect();
                direction(engine, &mut messages).unwrap();
            }
            assert!(buffer.iter().all(|octet| *octet == 0xee), "{engine:?}");
        }
    }
}

#[test]
fn parts_of_blocks_are_refused_and_nothing_changes() {
    let key = Key::new(&[1; 16]).unwrap();
    for engine in Engine::all() {
        for extra in 1..16 {
            let (mut first, mut second, mut third) = ([0x11; 32], vec![0x22; 48 + extra], [0x33; 16]);
            let mut messages = [
                Message::new(&key, [0; 16], &mut first),
                Message::new(&key, [0; 16], &mut second),
                Message::new(&key, [0; 16], &mut third),
            ];
            let refused = Err(Error::NotWholeBlocks { message: 1, found: 48 + extra });
            assert_eq!(engine.cbc_encrypt_many(&mut messages), refused);
            assert_eq!(engine.cbc_decrypt_many(&mut messages), refused);
            assert_eq!((first, second.as_slice(), third), ([0x11; 32], vec![0x22; 48 + extra].as_slice(), [0x33; 16]));
        }
    }
    let mut octets = [0x44; 31];
    assert_eq!(key.encrypt(&[0; 16], &mut octets), Err(Error::NotWholeBlocks { message: 0, found: 31 }));
    assert_eq!(key.decrypt(&[0; 16], &mut octets), Err(Error::NotWholeBlocks { message: 0, found: 31 }));
    assert_eq!(octets, [0x44; 31]);
}

#[test]
fn keys_of_other_lengths_are_refused() {
    for len in 0..=64 {
        match (Key::new(&vec![7; len]), len) {
            (Ok(_), 16 | 24 | 32) => {}
            (Err(error), _) => assert_eq!(error, Error::KeyLength { found: len }),
            (Ok(_), _) => panic!("a key of {len} octets was taken"),
        }
    }
}

#[test]
fn errors_are_sentences() {
    for (error, sentence) in [
        (Error::Count { found: 1, needed: 2 }, "1 places for the results of 2 messages"),
        (Error::NotWholeBlocks { message: 3, found: 20 }, "message 3 has 20 octets, which is no multiple of 16"),
        (Error::KeyLength { found: 5 }, "a key of 5 octets; AES has keys of 16, 24 or 32"),
    ] {
        assert_eq!(format!("{error}"), sentence);
    }
}

#[test]
fn keys_do_not_show_themselves() {
    assert_eq!(format!("{:?}", Key::new(&[0x41; 16]).unwrap()), "Key { .. }");
}
