use std::vec::Vec;

use proptest::prelude::*;

use super::{Crc32, POLYNOMIAL, append_padded_portable, crc32, update, update_padded, update_portable};
use crate::aal5::MAX_PAD;

/// The definition: one bit after the other.
fn bit_serial(mut register: u32, octets: &[u8]) -> u32 {
    for octet in octets {
        for bit in (0..8).rev() {
            let out = register >> 31 ^ u32::from(octet >> bit & 1);
            register = register << 1 ^ if out == 1 { POLYNOMIAL } else { 0 };
        }
    }
    register
}

fn octets(len: usize) -> Vec<u8> {
    (0..len as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

type Path = fn(u32, &[u8]) -> u32;

fn paths() -> Vec<Path> {
    let mut paths: Vec<Path> = std::vec![update, update_portable];
    #[cfg(target_arch = "x86_64")]
    paths.extend([super::x86::paths::narrow as Path, super::x86::paths::wide]);
    paths
}

#[test]
fn the_check_value_is_that_of_the_catalogue() {
    assert_eq!(crc32(b"123456789"), 0xfc89_1918);
    assert_eq!(crc32(b""), 0);
}

#[test]
fn every_path_agrees_with_the_bit_serial_definition_for_every_length_up_to_800() {
    let octets = octets(800);
    let mut expected = 0x1234_5678;
    for len in 0..octets.len() {
        for path in paths() {
            assert_eq!(path(0x1234_5678, &octets[..len]), expected, "{len} octets");
        }
        expected = bit_serial(expected, &octets[len..=len]);
    }
}

#[test]
fn every_path_agrees_for_the_longest_pdu() {
    let octets = octets(65_568);
    let expected = bit_serial(u32::MAX, &octets);
    for path in paths() {
        assert_eq!(path(u32::MAX, &octets), expected);
    }
}

#[test]
fn padding_and_a_word_are_as_good_as_their_octets() {
    for len in [0, 1, 15, 16, 40, 63, 64, 65, 500] {
        let octets = octets(len);
        for zeros in 0..=MAX_PAD {
            let mut whole = octets.clone();
            whole.resize(len + zeros, 0);
            whole.extend(0x0102_fffe_u32.to_be_bytes());
            let expected = bit_serial(u32::MAX, &whole);
            assert_eq!(update_padded(u32::MAX, &octets, zeros, 0x0102_fffe), expected);
            assert_eq!(append_padded_portable(update_portable(u32::MAX, &octets), zeros, 0x0102_fffe), expected);
        }
    }
}

#[test]
fn octets_that_end_in_their_crc_leave_the_residue() {
    let mut whole = octets(100);
    let mut crc = Crc32::default();
    crc.update(&whole);
    assert!(!crc.is_residue());
    whole.extend(crc.finish().to_be_bytes());
    crc.update(&whole[100..]);
    assert!(crc.is_residue());
    assert_eq!(bit_serial(u32::MAX, &whole), super::RESIDUE);
}

proptest! {
    #[test]
    fn pieces_give_what_the_whole_gives(octets in prop::collection::vec(any::<u8>(), 0..600), cuts in prop::collection::vec(0..600_usize, 0..4)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(octets.len())).collect();
        cuts.sort_unstable();
        let mut crc = Crc32::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([octets.len()]) {
            crc.update(&octets[from..cut]);
            from = cut;
        }
        prop_assert_eq!(crc.finish(), crc32(&octets));
        prop_assert_eq!(!crc.finish(), bit_serial(u32::MAX, &octets));
    }
}
