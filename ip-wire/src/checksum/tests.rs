use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;

/// RFC 1071 as it is written: 16-bit words, end-around carry, one at a time.
fn model(octets: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in octets.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn pseudo_random(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

#[test]
fn the_example_of_rfc_1071_section_3() {
    assert_eq!(of(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), 0x220d);
}

#[test]
fn every_length_up_to_2000_agrees_with_the_words_one_at_a_time() {
    let random = pseudo_random(2000);
    for octets in [&random[..], &vec![0xff; 2000], &vec![0; 2000], &vec![0x80; 2000]] {
        for len in 0..=octets.len() {
            assert_eq!(of(&octets[..len]), model(&octets[..len]), "{len} octets");
        }
    }
}

#[test]
fn carries_of_the_largest_packets_are_not_lost() {
    for len in [65_535, 65_536, 100_001, 1 << 20] {
        let ones = vec![0xff; len];
        assert_eq!(of(&ones), model(&ones));
        let random = pseudo_random(len);
        assert_eq!(of(&random), model(&random));
    }
}

#[test]
fn a_fixed_header_sums_like_any_octets() {
    let mut octets = [0u8; 20];
    octets.copy_from_slice(&pseudo_random(20));
    assert_eq!(header(&octets).checksum(), model(&octets));
    assert_eq!(header(&[0xff; 20]).checksum(), model(&[0xff; 20]));
}

#[test]
fn an_odd_last_octet_counts_as_the_high_half_of_a_word() {
    assert_eq!(of(&[0x12, 0x34, 0x56]), of(&[0x12, 0x34, 0x56, 0x00]));
    assert_eq!(of(&[0x01]), !0x0100);
}

#[test]
fn pseudo_headers_are_the_octets_of_their_figures() {
    let (a, b) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 255));
    let figure = [192, 0, 2, 1, 198, 51, 100, 255, 0, 17, 0x12, 0x34];
    assert_eq!(pseudo_v4(a, b, Protocol::UDP, 0x1234).checksum(), model(&figure));

    let (a, b) = (Ipv6Addr::from([1; 16]), Ipv6Addr::from([0xfe; 16]));
    let mut figure = vec![1; 16];
    figure.extend([0xfe; 16]);
    figure.extend([0x00, 0x01, 0x86, 0xa0, 0, 0, 0, 58]);
    assert_eq!(pseudo_v6(a, b, Protocol::ICMPV6, 100_000).checksum(), model(&figure));
}

#[test]
fn the_example_of_rfc_1624_section_4() {
    // HC = dd2f, m = 5555, m' = 3285: equation 3 gives 0000, where equation 2 of RFC 1141 gave ffff.
    assert_eq!(update_u16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

#[test]
fn a_change_to_the_same_value_changes_no_checksum() {
    for checksum in [0x0000, 0x0001, 0x7fff, 0xfffe, 0xffff] {
        for word in [0x0000, 0x1234, 0xffff] {
            assert_eq!(Delta::new().word(word, word).apply(checksum), checksum);
            assert_eq!(update_u32(checksum, u32::from(word) << 16, u32::from(word) << 16), checksum);
        }
    }
}

#[test]
fn an_update_is_the_equation_of_rfc_1624_for_every_checksum() {
    // Equation 3 with the carries counted at the end, as it stands.
    let equation = |checksum: u16, old: u16, new: u16| {
        let sum = u32::from(!checksum) + u32::from(!old) + u32::from(new);
        let sum = (sum >> 16) + (sum & 0xffff);
        !((sum >> 16) + (sum & 0xffff)) as u16
    };
    let words = [0, 1, 2, 0x45b8, 0x4500, 0x7fff, 0x8000, 0xba45, 0xfffe, 0xffff];
    for checksum in 0..=u16::MAX {
        for old in words {
            for new in words {
                assert_eq!(update_u16(checksum, old, new), equation(checksum, old, new), "{checksum:04x} {old:04x} {new:04x}");
            }
        }
    }
}

#[test]
fn holds_wants_all_ones() {
    assert!(Sum::new().word(0xffff).holds());
    assert!(!Sum::new().word(0xfffe).holds());
    // Sixteen zero octets are no valid checksummed data: their sum is 0, not ffff.
    assert!(!Sum::new().octets(&[0; 16]).holds());
}

proptest! {
    #[test]
    fn an_update_gives_what_a_new_sum_gives(mut octets in proptest::collection::vec(any::<u8>(), 4..80), at in any::<prop::sample::Index>(), new: u16) {
        // A header always has a non-zero word besides the one that changes: sums of all zeros have two names.
        octets.extend([0x45, 0x00]);
        let at = at.index(octets.len() / 2 - 1) * 2;
        let before = of(&octets);
        let old = u16::from_be_bytes([octets[at], octets[at + 1]]);
        octets[at..at + 2].copy_from_slice(&new.to_be_bytes());
        prop_assert_eq!(update_u16(before, old, new), of(&octets));
    }

    #[test]
    fn changes_of_wide_fields_equal_those_of_their_words(checksum: u16, old: u128, new: u128) {
        let mut by_words = checksum;
        for shift in (0..8).rev() {
            by_words = update_u16(by_words, (old >> (16 * shift)) as u16, (new >> (16 * shift)) as u16);
        }
        // ffff and 0000 are the same number in ones' complement; collected changes may name it either way.
        let same = |a: u16, b: u16| a == b || (a == 0xffff && b == 0) || (a == 0 && b == 0xffff);
        prop_assert!(same(Delta::new().address(old, new).apply(checksum), by_words));
        let (old, new) = (old as u32, new as u32);
        let by_words = update_u16(update_u16(checksum, (old >> 16) as u16, (new >> 16) as u16), old as u16, new as u16);
        prop_assert!(same(update_u32(checksum, old, new), by_words));
    }

    #[test]
    fn parts_sum_like_the_whole(octets in proptest::collection::vec(any::<u8>(), 0..1200), split in any::<prop::sample::Index>()) {
        let split = if octets.is_empty() { 0 } else { split.index(octets.len()) & !1 };
        let (a, b) = octets.split_at(split);
        prop_assert_eq!(Sum::new().octets(a).octets(b).checksum(), model(&octets));
    }
}
