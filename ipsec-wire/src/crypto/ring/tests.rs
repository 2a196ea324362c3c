use std::vec::Vec;

use super::*;
use crate::algorithm::{Aead, Cipher, Integrity};

/// Suites with keys of every length, and whether `ring` does them.
fn suites() -> Vec<(Suite, usize, bool)> {
    let implicit = Aead::AES_GCM_16.with_implicit_iv().unwrap();
    let cbc = Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::HMAC_SHA1_96) };
    std::vec![
        (Suite::EspCombined(Aead::AES_GCM_16), 20, true),
        (Suite::EspCombined(Aead::AES_GCM_16), 28, false),
        (Suite::EspCombined(Aead::AES_GCM_16), 36, true),
        (Suite::EspCombined(Aead::AES_GCM_12), 20, false),
        (Suite::EspCombined(Aead::AES_GCM_8), 20, false),
        (Suite::EspCombined(implicit), 20, true),
        (Suite::EspCombined(Aead::CHACHA20_POLY1305), 36, true),
        (cbc, 16, false),
    ]
}

fn packet(len: usize) -> Vec<u8> {
    (0..len).map(|octet| (octet * 13 + 5) as u8).collect()
}

/// Each of both seals, and the other opens; alone and in a batch.
#[test]
fn both_implementations_make_the_same_packets_and_open_each_other_s() {
    let integrity = [9; 20];
    for (suite, key_len, native) in suites() {
        let encryption = packet(key_len);
        let integrity = if matches!(suite, Suite::Esp { .. }) { &integrity[..] } else { &[] };
        let keys = Keys { encryption: &encryption, integrity };
        let (ring, rust) = (Ring::new(&suite, &keys).unwrap(), RustCrypto::new(&suite, &keys).unwrap());
        assert_eq!(ring.is_native(), native, "{suite:?} {key_len}");
        let around = 8 + suite.iv_len() + suite.icv_len();
        for body in (0..200).chain([1024, 1500, 9000]).filter(|body| body % suite.alignment() == 0) {
            for esn_high in [None, Some(0), Some(0x0102_0304)] {
                let plain = packet(around + body);
                let (mut by_ring, mut by_rust, mut batch) = (plain.clone(), plain.clone(), [plain.clone(), plain.clone()]);
                ring.seal(&mut Job::new(&mut by_ring, esn_high));
                rust.seal(&mut Job::new(&mut by_rust, esn_high));
                assert_eq!(by_ring, by_rust, "{suite:?} {body}");
                let [one, two] = &mut batch;
                let mut jobs = [Job::new(one, esn_high), Job::new(two, esn_high)];
                ring.seal_batch(&mut jobs);
                ring.open_batch(&mut jobs);
                assert!(jobs.iter().all(|job| job.authentic));
                let text = 8 + suite.iv_len()..around + body - suite.icv_len();
                assert_eq!(batch[1][text.clone()], plain[text.clone()]);
                for (opener, octets) in [(&ring as &dyn Transform, &mut by_rust), (&rust, &mut by_ring)] {
                    let mut job = Job::new(octets, esn_high);
                    opener.open(&mut job);
                    assert!(job.authentic, "{suite:?} {body}");
                    assert_eq!(octets[text.clone()], plain[text.clone()]);
                }
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_refused_and_nothing_of_the_plaintext_shows() {
    for (suite, key_len, _) in suites().into_iter().filter(|(_, _, native)| *native) {
        let encryption = packet(key_len);
        let ring = Ring::new(&suite, &Keys { encryption: &encryption, integrity: &[] }).unwrap();
        let plain = packet(8 + suite.iv_len() + 32 + 16);
        let mut sealed = plain.clone();
        ring.seal(&mut Job::new(&mut sealed, Some(1)));
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let mut job = Job::new(&mut changed, Some(1));
            ring.open(&mut job);
            assert!(!job.authentic, "{suite:?} bit {bit}");
            let text = 8 + suite.iv_len()..8 + suite.iv_len() + 32;
            assert_ne!(changed[text.clone()], plain[text]);
        }
        let mut job = Job::new(&mut sealed, Some(2));
        ring.open(&mut job);
        assert!(!job.authentic, "another high half");
    }
}

#[test]
fn a_packet_too_short_is_left_alone_and_not_authentic() {
    let suite = Suite::EspCombined(Aead::AES_GCM_16);
    let ring = Ring::new(&suite, &Keys { encryption: &[7; 20], integrity: &[] }).unwrap();
    for len in 0..32 {
        let mut short = packet(len);
        let mut job = Job { authentic: true, ..Job::new(&mut short, None) };
        ring.seal(&mut job);
        ring.open(&mut job);
        assert!(!job.authentic);
        assert_eq!(short, packet(len));
    }
}

#[test]
fn a_key_of_a_wrong_length_is_refused() {
    let suite = Suite::EspCombined(Aead::AES_GCM_16);
    for len in [0, 3, 4, 16, 19, 21, 35, 37] {
        assert!(Ring::new(&suite, &Keys { encryption: &packet(len), integrity: &[] }).is_err(), "{len}");
    }
}
