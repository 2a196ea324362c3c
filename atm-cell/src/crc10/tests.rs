use hex_literal::hex;
use proptest::prelude::*;

use super::*;

/// Bit by bit, as the standard defines it: the first `bits` bits of the message, times x^10.
fn serial(octets: &[u8], bits: usize) -> u16 {
    let mut crc = 0u16;
    for bit in 0..bits {
        let input = u16::from(octets[bit / 8] >> (7 - bit % 8) & 1);
        let top = crc >> 9 & 1;
        crc = crc << 1 & 0x3ff;
        if top ^ input == 1 {
            crc ^= 0b10_0011_0011;
        }
    }
    crc
}

/// The remainder of all 384 bits as one polynomial, octet by octet, with no zeros appended: 0 where the CRC holds.
fn remainder(payload: &[u8; 48]) -> u16 {
    let mut register = 0u32;
    for octet in payload {
        register = register << 8 | u32::from(*octet);
        for bit in (10..18).rev() {
            if register >> bit & 1 == 1 {
                register ^= 0b110_0011_0011 << (bit - 10);
            }
        }
    }
    register as u16
}

#[test]
fn the_serial_model_gives_the_catalogued_check_value() {
    assert_eq!(serial(b"123456789", 72), 0x199);
}

#[test]
fn the_crcs_of_whole_payloads_are_those_computed_elsewhere() {
    let mut filler = [0x6a; 48];
    filler[46] = 0;
    for (first, crc) in [(0x10, 0x3b9), (0x11, 0x0af), (0x14, 0x387)] {
        filler[0] = first;
        assert_eq!(compute(&filler), crc);
    }
    let mut bare = [0; 48];
    assert_eq!(compute(&bare), 0);
    bare[0] = 0x80;
    assert_eq!(compute(&bare), 0x1f3);
}

#[test]
fn each_of_the_374_bits_alone_gives_the_remainder_of_the_serial_model() {
    for bit in 0..374 {
        let mut payload = [0; 48];
        payload[bit / 8] = 0x80 >> (bit % 8);
        assert_eq!(compute(&payload), serial(&payload, 374), "bit {bit}");
        assert_ne!(compute(&payload), 0);
    }
}

#[test]
fn the_last_ten_bits_do_not_enter_the_crc_and_are_what_is_carried() {
    for bit in 374..384 {
        let mut payload = [0; 48];
        payload[bit / 8] = 0x80 >> (bit % 8);
        assert_eq!((compute(&payload), carried(&payload)), (0, 0x200 >> (bit - 374)));
    }
    let mut payload = [0xff; 48];
    payload[46..].copy_from_slice(&hex!("fd23"));
    assert_eq!(carried(&payload), 0x123);
}

#[test]
fn sealing_keeps_the_six_bits_before_the_crc() {
    for reserved in 0..64u8 {
        let mut payload = [0x5a; 48];
        payload[46] = reserved << 2 | 3;
        seal(&mut payload);
        assert_eq!(payload[46] >> 2, reserved);
        assert_eq!((remainder(&payload), verify(&payload, Field::OamCrc)), (0, Ok(())));
    }
}

#[test]
fn every_single_and_double_bit_error_is_found() {
    let mut payload = core::array::from_fn(|i| (i * 37) as u8);
    seal(&mut payload);
    for first in 0..384 {
        for second in first..384 {
            let mut broken = payload;
            broken[first / 8] ^= 0x80 >> (first % 8);
            if second != first {
                broken[second / 8] ^= 0x80 >> (second % 8);
            }
            let (found, needed) = (carried(&broken), compute(&broken));
            assert_ne!(found, needed);
            let error = Error::Checksum { field: Field::Aal34Crc, offset: 46, found: found.into(), needed: needed.into() };
            assert_eq!(verify(&broken, Field::Aal34Crc), Err(error));
        }
    }
}

proptest! {
    #[test]
    fn two_other_algorithms_agree(
        octets in proptest::array::uniform32(any::<u8>()), tail in proptest::array::uniform16(any::<u8>()),
    ) {
        let mut payload = [0; 48];
        payload[..32].copy_from_slice(&octets);
        payload[32..].copy_from_slice(&tail);
        prop_assert_eq!(compute(&payload), serial(&payload, 374));
        prop_assert_eq!(carried(&payload) ^ compute(&payload), remainder(&payload));
        seal(&mut payload);
        prop_assert_eq!(remainder(&payload), 0);
    }
}
