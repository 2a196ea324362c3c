use std::vec::Vec;

use super::*;
use crate::algorithm::{Aead, Cipher, Integrity};

const CBC: Suite = Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::HMAC_SHA1_96) };

#[test]
fn the_parts_are_those_of_the_figure_of_rfc_4303() {
    let octets: Vec<u8> = (0..8 + 16 + 32 + 12).collect();
    let parts = Layout::new(&CBC).split(&octets).unwrap();
    assert_eq!((parts.spi, parts.sequence_number), (0x0001_0203, 0x0405_0607));
    assert_eq!((parts.iv, parts.ciphertext, parts.icv), (&octets[8..24], &octets[24..56], &octets[56..]));
}

#[test]
fn every_length_below_the_shortest_packet_and_every_broken_block_is_refused() {
    for suite in
        [CBC, Suite::EspCombined(Aead::AES_GCM_16), Suite::Esp { cipher: Cipher::Null, integrity: Some(Integrity::HMAC_MD5_96) }]
    {
        let layout = Layout::new(&suite);
        let octets = [0u8; 200];
        let least = layout.least_len();
        for len in 0..200 {
            let result = layout.split(&octets[..len]);
            if len < least {
                let (found, needed) = (len as u32, least as u32);
                assert_eq!(result, Err(Error::Truncated { field: Field::EspPacket, offset: 0, found, needed }));
            } else if layout.alignment > 4 && !(len - layout.front() - layout.icv_len).is_multiple_of(layout.alignment) {
                assert!(matches!(result, Err(Error::Length { field: Field::EspCiphertext, .. })), "{len}");
            } else {
                assert!(result.is_ok(), "{len}");
            }
        }
    }
}

#[test]
fn padding_is_the_least_that_aligns_every_payload() {
    for suite in [CBC, Suite::EspCombined(Aead::AES_GCM_8), Suite::Esp { cipher: Cipher::TripleDesCbc, integrity: None }] {
        let layout = Layout::new(&suite);
        for payload in 0..600 {
            let padding = layout.padding(payload);
            assert!(padding < layout.alignment);
            assert_eq!((payload + padding + TRAILER_LEN) % layout.alignment, 0);
            let whole = 8 + layout.iv_len + payload + padding + 2 + layout.icv_len;
            assert_eq!(layout.sealed_len(payload), whole);
        }
    }
}

#[test]
fn the_largest_payload_is_the_inverse_of_the_sealed_length() {
    for suite in [CBC, Suite::EspCombined(Aead::CHACHA20_POLY1305), Suite::Esp { cipher: Cipher::DesCbc, integrity: None }] {
        let layout = Layout::new(&suite);
        for room in 0..2000 {
            match layout.max_payload(room) {
                None => assert!(layout.sealed_len(0) > room),
                Some(payload) => {
                    assert!(layout.sealed_len(payload) <= room);
                    assert!(layout.sealed_len(payload + 1) > room);
                }
            }
        }
    }
}

#[test]
fn a_trailer_is_padding_its_length_and_the_next_header() {
    // RFC 3602 4, case 6: padding 0102, pad length 02, next header 01 (ICMP).
    let trailer = Trailer::parse(&[0x77, 0x77, 1, 2, 2, 1]).unwrap();
    assert_eq!((trailer.payload(), trailer.padding(), trailer.next_header()), (&[0x77, 0x77][..], &[1, 2][..], Protocol::ICMP));
    let mut room = [9; 4];
    Trailer::emit(&mut room, Protocol::ICMP).unwrap();
    assert_eq!(room, [1, 2, 2, 1]);
}

#[test]
fn every_pad_length_is_written_and_read() {
    for len in 0..=255usize {
        let mut octets = std::vec![0xaa; 300];
        Trailer::emit(&mut octets[300 - len - 2..], Protocol::UDP).unwrap();
        let trailer = Trailer::parse(&octets).unwrap();
        assert_eq!((trailer.padding().len(), trailer.payload().len()), (len, 298 - len));
        // One more than there is.
        octets.truncate(len + 2);
        let pad_len_at = octets.len() - 2;
        octets[..len].iter_mut().zip(1..=255).for_each(|(octet, value)| *octet = value);
        octets[pad_len_at] = len as u8;
        assert!(Trailer::parse(&octets).unwrap().payload().is_empty());
        if len < 255 {
            octets[pad_len_at] = len as u8 + 1;
            let (found, needed) = (len as u32 + 1, len as u32);
            assert_eq!(Trailer::parse(&octets), Err(Error::Length { field: Field::EspPadding, offset: needed, found, needed }));
        }
    }
    for len in [0, 1, 258, 300] {
        assert!(Trailer::emit(&mut std::vec![0; len], Protocol::UDP).is_err());
    }
}

#[test]
fn padding_that_is_not_1_2_3_is_refused_at_its_place() {
    for at in 0..10 {
        let mut octets = [5, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 4];
        octets[2 + at] ^= 0x80;
        let (found, needed) = (u32::from(octets[2 + at]), at as u32 + 1);
        let error = Error::Mismatch { field: Field::EspPadding, offset: 2 + at as u32, found, needed };
        assert_eq!(Trailer::parse(&octets), Err(error));
    }
    for len in 0..2 {
        let error = Error::Truncated { field: Field::EspTrailer, offset: 0, found: len, needed: 2 };
        assert_eq!(Trailer::parse(&[0, 0][..len as usize]), Err(error));
    }
}

#[test]
fn a_trailer_behind_a_payload_is_the_same_octets() {
    for len in 2..300 {
        for from in 0..=len {
            let body: std::vec::Vec<u8> = (0..len).map(|octet| (octet + 90) as u8).collect();
            let (mut expected, mut found) = (body.clone(), body);
            let result = Trailer::emit(&mut expected[from..], Protocol::UDP);
            assert_eq!(Trailer::emit_behind(&mut found, from, Protocol::UDP), result);
            assert_eq!(found, expected, "{len} {from}");
        }
    }
}
