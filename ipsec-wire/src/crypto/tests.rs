//! Vectors typed from RFC 2202, 3566, 3602, 3686, 4494, 4868 and 7634.

use hex_literal::hex;
use std::vec::Vec;

use super::*;
use crate::algorithm::{Aead, Cipher, Integrity, Keys, Mac, Suite};

/// The tag that AH of this algorithm computes over a message given in pieces of `step` octets.
fn icv(integrity: Integrity, key: &[u8], message: &[u8], step: usize) -> Vec<u8> {
    let transform = RustCrypto::new(&Suite::Ah(integrity), &Keys { encryption: &[], integrity: key }).unwrap();
    let mut icv = std::vec![0; integrity.icv_len()];
    transform.ah_icv(&|sink| message.chunks(step).for_each(&mut *sink), &mut icv);
    icv
}

fn check(integrity: Integrity, key: &[u8], message: &[u8], expected: &[u8]) {
    for step in [1, 3, 16, 17, 2000] {
        assert_eq!(icv(integrity, key, message, step), expected, "{integrity:?} in steps of {step}");
    }
}

#[test]
fn hmac_tags_are_those_of_rfc_2202_and_4868() {
    let data = b"Hi There";
    check(Integrity::HMAC_MD5_96, &[0x0b; 16], data, &hex!("9294727a3638bb1c13f48ef8"));
    check(Integrity::HMAC_MD5_96, &[0xaa; 16], &[0xdd; 50], &hex!("56be34521d144c88dbb8c733"));
    check(Integrity::HMAC_SHA1_96, &[0x0b; 20], data, &hex!("b617318655057264e28bc0b6"));
    check(Integrity::HMAC_SHA256_128, &[0x0b; 32], data, &hex!("198a607eb44bfbc69903a0f1cf2bbdc5"));
    check(Integrity::HMAC_SHA256_96, &[0x0b; 32], data, &hex!("198a607eb44bfbc69903a0f1"));
    let key = b"JefeJefeJefeJefeJefeJefeJefeJefe";
    check(Integrity::HMAC_SHA256_128, key, b"what do ya want for nothing?", &hex!("167f928588c5cc2eef8e3093caa0e87c"));
    check(Integrity::HMAC_SHA384_192, &[0x0b; 48], data, &hex!("b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"));
    let expected = hex!("637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8");
    check(Integrity::HMAC_SHA512_256, &[0x0b; 64], data, &expected);
    let whole = Integrity::new(Mac::HmacSha256, 32).unwrap();
    check(whole, &[0x0b; 32], data, &hex!("198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7"));
}

#[test]
fn xcbc_tags_are_those_of_rfc_3566() {
    let key = hex!("000102030405060708090a0b0c0d0e0f");
    let message: Vec<u8> = (0..=0x21).collect();
    let cases = [
        (0, hex!("75f0251d528ac01c4573dfd5")),
        (3, hex!("5b376580ae2f19afe7219cee")),
        (16, hex!("d2a246fa349b68a79998a439")),
        (20, hex!("47f51b4564966215b8985c63")),
        (32, hex!("f54f0ec8d2b9f3d36807734b")),
        (34, hex!("becbb3bccdb518a30677d548")),
    ];
    for (len, expected) in cases {
        check(Integrity::AES_XCBC_96, &key, &message[..len], &expected);
    }
}

#[test]
fn cmac_tags_are_those_of_rfc_4494() {
    let key = hex!("2b7e151628aed2a6abf7158809cf4f3c");
    let message = hex!(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    );
    let cases = [
        (0, hex!("bb1d6929e95937287fa37d12")),
        (16, hex!("070a16b46b4d4144f79bdd9d")),
        (40, hex!("dfa66747de9ae63030ca3261")),
        (64, hex!("51f0bebf7e3b9d92fc497417")),
    ];
    for (len, expected) in cases {
        check(Integrity::AES_CMAC_96, &key, &message[..len], &expected);
    }
}

/// Seals `plaintext` behind a header of zeros and `iv`, compares, and opens again.
fn cipher(cipher: Cipher, key: &[u8], iv: &[u8], plaintext: &[u8], ciphertext: &[u8]) {
    let suite = Suite::Esp { cipher, integrity: None };
    let transform = RustCrypto::new(&suite, &Keys { encryption: key, integrity: &[] }).unwrap();
    let mut packet: Vec<u8> = [0; 8].iter().chain(iv).chain(plaintext).copied().collect();
    transform.seal(&mut Job::new(&mut packet, None));
    assert_eq!(&packet[8 + iv.len()..], ciphertext);
    let mut job = Job::new(&mut packet, None);
    transform.open(&mut job);
    assert!(job.authentic);
    assert_eq!(&packet[8 + iv.len()..], plaintext);
}

#[test]
fn aes_cbc_is_that_of_rfc_3602() {
    let one = hex!("e353779c1079aeb82708942dbe77181a");
    let (key, iv) = (hex!("06a9214036b8a15b512e03d534120006"), hex!("3dafba429d9eb430b422da802c9fac41"));
    cipher(Cipher::AesCbc, &key, &iv, b"Single block msg", &one);
    let (key, iv) = (hex!("6c3ea0477630ce21a2ce334aa746c2cd"), hex!("c782dc4c098c66cbd9cd27d825682c81"));
    let three = hex!("d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579695d83ba2684");
    cipher(Cipher::AesCbc, &key, &iv, b"This is a 48-byte message (exactly 3 AES blocks)", &three);
}

#[test]
fn aes_ctr_is_that_of_rfc_3686() {
    let key = hex!("ae6852f8121067cc4bf7a5765577f39e 00000030");
    cipher(Cipher::AesCtr, &key, &[0; 8], b"Single block msg", &hex!("e4095d4fb7a7b3792d6175a3261311b8"));
    let key = hex!("7691be035e5020a8ac6e618529f9a0dc 00e0017b");
    let plaintext: Vec<u8> = (0..0x24).collect();
    let expected = hex!("c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f");
    cipher(Cipher::AesCtr, &key, &hex!("27777f3f4a1786f0"), &plaintext, &expected);
    let key = hex!("16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb78515 00000048");
    let expected = hex!("4b55384fe259c9c84e7935a003cbe928");
    cipher(Cipher::AesCtr, &key, &hex!("36733c147d6d93cb"), b"Single block msg", &expected);
}

#[test]
fn chacha20_poly1305_is_that_of_rfc_7634_appendix_a() {
    let mut key: Vec<u8> = (0x80..0xa0).collect();
    key.extend([0xa0, 0xa1, 0xa2, 0xa3]);
    let suite = Suite::EspCombined(Aead::CHACHA20_POLY1305);
    let transform = RustCrypto::new(&suite, &Keys { encryption: &key, integrity: &[] }).unwrap();
    let plaintext = hex!(
        "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f10111213"
        "1415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637 01020204"
    );
    let sealed = hex!(
        "0102030400000005 1011121314151617"
        "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f7"
        "2aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0"
        "76aaa8266b7fb0f7b11b369907e1ad43"
    );
    let mut packet = sealed.to_vec();
    let mut job = Job::new(&mut packet, None);
    transform.open(&mut job);
    assert!(job.authentic);
    assert_eq!(packet[16..104], plaintext);
    packet[104..].fill(0);
    transform.seal(&mut Job::new(&mut packet, None));
    assert_eq!(packet, sealed);
}

/// Every suite that there is, with keys.
pub(crate) fn suites() -> Vec<(Suite, Vec<u8>, Vec<u8>)> {
    let mut suites = Vec::new();
    let integrities = [
        Integrity::HMAC_MD5_96,
        Integrity::HMAC_SHA1_96,
        Integrity::HMAC_SHA256_128,
        Integrity::HMAC_SHA384_192,
        Integrity::HMAC_SHA512_256,
        Integrity::HMAC_RIPEMD160_96,
        Integrity::AES_XCBC_96,
        Integrity::AES_CMAC_96,
    ];
    let key = |len: usize| (0..len as u8).map(|octet| octet.wrapping_mul(7)).collect::<Vec<u8>>();
    for integrity in integrities {
        for cipher in [Cipher::Null, Cipher::AesCbc, Cipher::AesCtr] {
            for len in cipher.key_lens() {
                suites.push((Suite::Esp { cipher, integrity: Some(integrity) }, key(*len), key(integrity.mac().key_lens()[0])));
            }
        }
    }
    let aeads = [
        Aead::AES_GCM_16,
        Aead::AES_GCM_12,
        Aead::AES_GCM_8,
        Aead::AES_CCM_16,
        Aead::AES_CCM_12,
        Aead::AES_CCM_8,
        Aead::AES_GMAC,
        Aead::CHACHA20_POLY1305,
        Aead::AES_GCM_16.with_implicit_iv().unwrap(),
        Aead::AES_CCM_16.with_implicit_iv().unwrap(),
        Aead::CHACHA20_POLY1305.with_implicit_iv().unwrap(),
    ];
    for aead in aeads {
        for len in aead.key_lens() {
            suites.push((Suite::EspCombined(aead), key(*len), Vec::new()));
        }
    }
    suites
}

#[test]
fn what_is_not_authentic_is_never_decrypted() {
    for (suite, encryption, integrity) in suites() {
        let transform = RustCrypto::new(&suite, &Keys { encryption: &encryption, integrity: &integrity }).unwrap();
        let layout = crate::esp::Layout::new(&suite);
        let mut packet: Vec<u8> = (0..layout.sealed_len(62) as u8).collect();
        transform.seal(&mut Job::new(&mut packet, Some(3)));
        for at in [0, 7, layout.front(), packet.len() - layout.icv_len - 1, packet.len() - 1] {
            let mut forged = packet.clone();
            forged[at] ^= 0x40;
            let before = forged.clone();
            let mut job = Job::new(&mut forged, Some(3));
            transform.open(&mut job);
            assert!(!job.authentic, "{suite:?} {at}");
            let body = layout.front()..packet.len() - layout.icv_len;
            let wiped = forged[body.clone()].iter().all(|octet| *octet == 0);
            assert!(wiped || forged == before, "{suite:?} {at}");
            assert_eq!((&forged[..body.start], &forged[body.end..]), (&before[..body.start], &before[body.end..]));
        }
        for high in [None, Some(0), Some(0x0300_0000)] {
            let mut other = packet.clone();
            let mut job = Job::new(&mut other, high);
            transform.open(&mut job);
            assert!(!job.authentic, "{suite:?}: the high half of the number is not covered");
        }
    }
}

#[test]
fn a_packet_too_short_for_the_suite_is_left_alone() {
    for (suite, encryption, integrity) in suites() {
        let transform = RustCrypto::new(&suite, &Keys { encryption: &encryption, integrity: &integrity }).unwrap();
        for len in 0..8 + suite.iv_len() + suite.icv_len() {
            let mut packet = std::vec![7; len];
            transform.seal(&mut Job::new(&mut packet, None));
            let mut job = Job::new(&mut packet, None);
            transform.open(&mut job);
            assert!(!job.authentic, "{suite:?} {len}");
            assert!(packet.iter().all(|octet| *octet == 7), "{suite:?} {len}");
        }
    }
}

#[test]
fn a_batch_gives_what_single_packets_give() {
    for (suite, encryption, integrity) in suites() {
        let transform = RustCrypto::new(&suite, &Keys { encryption: &encryption, integrity: &integrity }).unwrap();
        let layout = crate::esp::Layout::new(&suite);
        let packets: Vec<Vec<u8>> =
            (0..40usize).map(|at| (0..layout.sealed_len(at * 29 % 700)).map(|octet| (octet * 3 + at) as u8).collect()).collect();
        let mut single = packets.clone();
        for (at, packet) in single.iter_mut().enumerate() {
            transform.seal(&mut Job::new(packet, (at % 2 == 0).then_some(at as u32)));
        }
        let mut batch = packets.clone();
        let mut jobs: Vec<Job<'_>> =
            batch.iter_mut().enumerate().map(|(at, packet)| Job::new(packet, (at % 2 == 0).then_some(at as u32))).collect();
        transform.seal_batch(&mut jobs);
        assert_eq!(batch, single, "{suite:?}");
        let forged = batch[5].len() - 1;
        batch[5][forged] ^= 1;
        let mut jobs: Vec<Job<'_>> =
            batch.iter_mut().enumerate().map(|(at, packet)| Job::new(packet, (at % 2 == 0).then_some(at as u32))).collect();
        transform.open_batch(&mut jobs);
        for (at, job) in jobs.iter().enumerate() {
            assert_eq!(job.authentic, at != 5, "{suite:?} {at}");
        }
        let body = |packet: &[u8]| packet[layout.front()..packet.len() - layout.icv_len].to_vec();
        for at in (0..40).filter(|at| *at != 5) {
            assert_eq!(body(&batch[at]), body(&packets[at]), "{suite:?} {at}");
        }
    }
}

#[test]
fn keys_are_not_shown() {
    let keys = Keys { encryption: &[0x5a; 20], integrity: &[0x5a; 20] };
    let transform = RustCrypto::new(&Suite::EspCombined(Aead::AES_GCM_16), &Keys { integrity: &[], ..keys }).unwrap();
    for text in [std::format!("{keys:?}"), std::format!("{transform:?}")] {
        assert!(!text.contains("90") && !text.contains("5a"), "{text}");
    }
}
