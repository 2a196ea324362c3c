use std::format;

use hex_literal::hex;

use super::*;

/// RFC 2202 2 and 3 (test case 1), RFC 4231 4.2, RFC 4493 4 (example 2).
#[test]
fn macs_are_those_of_the_rfcs_leftmost_128_bits() {
    for (algorithm, key, message, mac) in [
        (
            Algorithm::HmacMd5,
            &hex!("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b")[..],
            &b"Hi There"[..],
            hex!("9294727a3638bb1c13f48ef8158bfc9d"),
        ),
        (Algorithm::HmacSha1, &[0x0b; 20], b"Hi There", hex!("b617318655057264e28bc0b6fb378c8e")),
        (Algorithm::HmacSha256, &[0x0b; 20], b"Hi There", hex!("b0344c61d8db38535ca8afceaf0bf12b")),
        (
            Algorithm::AesCmac,
            &hex!("2b7e151628aed2a6abf7158809cf4f3c"),
            &hex!("6bc1bee22e409f96e93d7e117393172a"),
            hex!("070a16b46b4d4144f79bdd9dd04a287c"),
        ),
    ] {
        let key = Key::new(algorithm, key).unwrap();
        assert_eq!((key.mac(message), key.algorithm()), (mac, algorithm));
        assert!(key.verify(message, &mac));
        for bit in 0..128 {
            let mut other = mac;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verify(message, &other));
        }
    }
}

#[test]
fn keys_have_the_lengths_that_the_algorithm_takes() {
    for algorithm in Algorithm::ALL {
        for len in 0..=80usize {
            let found = Key::new(algorithm, &[7; 80][..len]).map(|_| ());
            let max = if algorithm == Algorithm::AesCmac { 16 } else { 64 };
            let expected = match len {
                0..16 => Err(Error::KeyLength { field: Field::Key, found: len as u32, needed: 16 }),
                _ if len > max => Err(Error::KeyLength { field: Field::Key, found: len as u32, needed: max as u32 }),
                _ => Ok(()),
            };
            assert_eq!(found, expected);
        }
        assert!(algorithm.check_key_len(algorithm.key_len()).is_ok());
    }
    assert!(matches!(CmacKey::new(&[0; 15]), Err(Error::KeyLength { found: 15, needed: 16, .. })));
}

#[test]
fn names_and_numbers_of_the_algorithms() {
    let all = Algorithm::ALL.map(|algorithm| (algorithm.name(), algorithm.to_wire(), algorithm.key_len()));
    assert_eq!(all, [("hmac-md5", 1, 16), ("hmac-sha1", 2, 20), ("hmac-sha256", 3, 32), ("aes-cmac", 4, 16)]);
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        assert_eq!(Algorithm::from_wire(algorithm.to_wire()), Some(algorithm));
        assert_eq!(format!("{algorithm}"), algorithm.name());
    }
    assert_eq!((0..=255).filter_map(Algorithm::from_wire).count(), 4);
    assert_eq!((Algorithm::from_name("md5"), Algorithm::default()), (None, Algorithm::HmacSha256));
}

#[test]
fn debug_shows_no_key() {
    let key = Key::new(Algorithm::HmacMd5, b"0123456789abcdef").unwrap();
    assert_eq!(format!("{key:?}"), "Key { algorithm: HmacMd5, .. }");
}
