use std::vec::Vec;

use hex_literal::hex;
use proptest::prelude::*;

use super::*;

/// HECs of headers, from I.361's preassigned values and an independent CRC.
const VECTORS: [(u32, u8); 23] = [
    (0x0000_0000, 0x55),
    (0x0000_0001, 0x52),
    (0x0000_000d, 0x76),
    (0x0000_0010, 0x25),
    (0x0000_0020, 0xb5),
    (0x0000_0030, 0xc5),
    (0x0000_0040, 0x92),
    (0x0000_0050, 0xe2),
    (0x0000_0052, 0xec),
    (0x0000_0100, 0x40),
    (0x0000_0200, 0x7f),
    (0x0000_0210, 0x0f),
    (0x0000_0642, 0xe2),
    (0x0080_0230, 0xe4),
    (0x0080_0232, 0xea),
    (0x0010_0208, 0xe5),
    (0x0010_020a, 0xeb),
    (0x0010_006c, 0xf4),
    (0x0010_020c, 0xf9),
    (0xffff_ffff, 0x8b),
    (0xfff0_0200, 0xc2),
    (0x0fff_fff0, 0xa5),
    (0x0050_3e87, 0xc2),
];

/// Syndromes of errors of one bit, the most significant of octet 1 first.
const SINGLE: [u8; 40] = hex!(
    "31 9B CE 67 B0 58 2C 16 0B 86 43 A2 51 AB D6 6B B6 5B AE 57 A8 54 2A 15 89 C7 E0 70 38 1C 0E 07 80 40 20 10 08 04 02 01"
);

/// The definition: the header's 32 bits one after the other through the division by x^8 + x^2 + x + 1.
fn bit_serial(header: u32) -> u8 {
    let mut remainder = 0u8;
    for bit in (0..32).rev() {
        let carry = remainder >> 7 ^ (header >> bit & 1) as u8;
        remainder = remainder << 1 ^ if carry == 1 { 0b111 } else { 0 };
    }
    remainder ^ 0b0101_0101
}

fn header_of(word: u32) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = word.to_be_bytes();
    [a, b, c, d, compute([a, b, c, d])]
}

fn with_errors(header: [u8; HEADER_LEN], bits: &[u8]) -> [u8; HEADER_LEN] {
    let mut header = header;
    for bit in bits {
        invert(&mut header, *bit);
    }
    header
}

#[test]
fn hecs_are_those_of_the_vectors() {
    for (word, hec) in VECTORS {
        assert_eq!(compute(word.to_be_bytes()), hec, "{word:08x}");
        assert_eq!(bit_serial(word), hec, "{word:08x}");
    }
}

#[test]
fn the_catalogue_s_check_value_comes_out() {
    // CRC-8/I-432-1 of "123456789" is A1: the first five octets' remainder goes into the last four.
    let mut remainder = 0;
    for octet in b"123456789" {
        remainder = times_x8(remainder ^ octet);
    }
    assert_eq!(remainder ^ COSET, 0xa1);
}

#[test]
fn hecs_of_a_million_headers_agree_with_the_bit_serial_definition() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..1 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let word = (state >> 16) as u32;
        assert_eq!(compute(word.to_be_bytes()), bit_serial(word), "{word:08x}");
    }
}

/// About a minute in a release build: `cargo test --release -p atm-cell -- --ignored`.
#[test]
#[ignore = "all 2^32 headers"]
fn hecs_of_all_headers_agree_with_the_bit_serial_definition() {
    for word in 0..=u32::MAX {
        assert_eq!(compute(word.to_be_bytes()), bit_serial(word), "{word:08x}");
    }
}

#[test]
fn a_single_error_has_the_syndrome_of_its_bit() {
    for word in [0, 0x0080_0232, 0xffff_ffff] {
        for bit in 0..40 {
            assert_eq!(syndrome(&with_errors(header_of(word), &[bit])), SINGLE[usize::from(bit)]);
            assert_eq!(error_bit(SINGLE[usize::from(bit)]), Some(bit));
        }
    }
    assert_eq!(error_bit(0), None);
    assert_eq!((0..=255).filter(|syndrome| error_bit(*syndrome).is_some()).count(), 40);
}

#[test]
fn all_40_single_errors_are_corrected() {
    for word in [0, 1, 0x0050_3e87, 0xffff_ffff] {
        for bit in 0..40 {
            let mut header = with_errors(header_of(word), &[bit]);
            assert_eq!(correct(&mut header), Check::Single { bit });
            assert_eq!(header, header_of(word));
        }
    }
}

#[test]
fn all_780_double_errors_are_detected_and_none_is_miscorrected() {
    let sent = header_of(0x0080_0230);
    let mut patterns = 0;
    for a in 0..40 {
        for b in a + 1..40 {
            let received = with_errors(sent, &[a, b]);
            let mut header = received;
            assert_eq!(correct(&mut header), Check::Multiple);
            assert_eq!(header, received);
            patterns += 1;
        }
    }
    assert_eq!(patterns, 780);
}

#[test]
fn of_9880_triple_errors_2908_are_miscorrected_in_correction_mode_and_none_passes_in_detection_mode() {
    let sent = header_of(0x0080_0230);
    let (mut patterns, mut miscorrected) = (0, 0);
    for a in 0..40 {
        for b in a + 1..40 {
            for c in b + 1..40 {
                let received = with_errors(sent, &[a, b, c]);
                let mut header = received;
                match Receiver::new().receive(&mut header) {
                    Verdict::Corrected { .. } => {
                        assert_ne!(header, sent);
                        assert_eq!(syndrome(&header), 0);
                        miscorrected += 1;
                    }
                    verdict => assert_eq!(verdict, Verdict::Discard),
                }
                let mut header = received;
                assert_eq!(Receiver::in_mode(Mode::Detection).receive(&mut header), Verdict::Discard);
                assert_eq!(header, received);
                patterns += 1;
            }
        }
    }
    assert_eq!((patterns, miscorrected), (9880, 2908));
}

#[test]
fn of_91390_quadruple_errors_727_are_not_seen() {
    let sent = header_of(0);
    let mut unseen = 0;
    for a in 0..40 {
        for b in a + 1..40 {
            for c in b + 1..40 {
                for d in c + 1..40 {
                    unseen += u32::from(syndrome(&with_errors(sent, &[a, b, c, d])) == 0);
                }
            }
        }
    }
    assert_eq!(unseen, 727);
}

#[test]
fn a_second_error_in_a_row_is_discarded_and_a_right_header_ends_detection() {
    let sent = header_of(0x0000_0640);
    let mut receiver = Receiver::new();
    assert_eq!(receiver.mode(), Mode::Correction);
    let mut header = with_errors(sent, &[39]);
    assert_eq!(receiver.receive(&mut header), Verdict::Corrected { bit: 39 });
    assert_eq!(header, sent);
    assert_eq!(receiver.mode(), Mode::Detection);
    let mut header = with_errors(sent, &[0]);
    assert_eq!(receiver.receive(&mut header), Verdict::Discard);
    assert_eq!(header, with_errors(sent, &[0]));
    assert_eq!(receiver.mode(), Mode::Detection);
    assert_eq!(receiver.receive(&mut sent.clone()), Verdict::Valid);
    assert_eq!(receiver.mode(), Mode::Correction);
    assert_eq!(receiver.receive(&mut with_errors(sent, &[3])), Verdict::Corrected { bit: 3 });
}

#[test]
fn errors_of_several_bits_leave_correction_mode_too() {
    let sent = header_of(0x0000_0640);
    let mut receiver = Receiver::new();
    assert_eq!(receiver.receive(&mut with_errors(sent, &[1, 2])), Verdict::Discard);
    assert_eq!(receiver.mode(), Mode::Detection);
    assert_eq!(receiver.receive(&mut with_errors(sent, &[1])), Verdict::Discard);
}

#[test]
fn a_header_of_zeros_with_a_hec_of_zero_is_wrong() {
    assert_ne!(check(&[0; HEADER_LEN]), Check::Valid);
}

#[test]
fn batches_stop_at_the_shorter_slice() {
    let headers = [[0; 4], [0, 0, 0, 1], [0, 0, 0, 0x52]];
    let mut hecs = [0xee; 2];
    assert_eq!(compute_batch(&headers, &mut hecs), 2);
    assert_eq!(hecs, [0x55, 0x52]);
    let mut hecs = [0xee; 4];
    assert_eq!(compute_batch(&headers, &mut hecs), 3);
    assert_eq!(hecs, [0x55, 0x52, 0xec, 0xee]);
    let cells = [crate::cell::IDLE; 3];
    let mut syndromes = [0xee; 4];
    assert_eq!(syndromes_of_cells(&cells, &mut syndromes[..2]), 2);
    assert_eq!(syndromes, [0, 0, 0xee, 0xee]);
    assert_eq!(syndromes_of_cells(&cells, &mut syndromes), 3);
    assert_eq!(syndromes, [0, 0, 0, 0xee]);
}

proptest! {
    #[test]
    fn batches_agree_with_one_header_at_a_time(headers in prop::collection::vec(any::<[u8; 5]>(), 0..150)) {
        let words: Vec<[u8; 4]> = headers.iter().map(|h| [h[0], h[1], h[2], h[3]]).collect();
        let mut hecs = std::vec![0; words.len()];
        prop_assert_eq!(compute_batch(&words, &mut hecs), words.len());
        for (word, hec) in words.iter().zip(&hecs) {
            prop_assert_eq!(*hec, bit_serial(u32::from_be_bytes(*word)));
        }
        let cells: Vec<[u8; CELL]> = headers.iter().map(|h| {
            let mut cell = [0x99; CELL];
            cell[..5].copy_from_slice(h);
            cell
        }).collect();
        let mut syndromes = std::vec![0xee; cells.len()];
        prop_assert_eq!(syndromes_of_cells(&cells, &mut syndromes), cells.len());
        for (header, found) in headers.iter().zip(&syndromes) {
            prop_assert_eq!(*found, syndrome(header));
        }
    }

    #[test]
    fn hecs_are_linear_but_for_the_coset(a: u32, b: u32) {
        let sum = compute(a.to_be_bytes()) ^ compute(b.to_be_bytes()) ^ COSET;
        prop_assert_eq!(compute((a ^ b).to_be_bytes()), sum);
    }

    #[test]
    fn the_receiver_agrees_with_the_figure(steps in prop::collection::vec((any::<u32>(), prop::collection::btree_set(0..40_u8, 0..3)), 0..40)) {
        let mut receiver = Receiver::new();
        let mut correcting = true;
        for (word, errors) in steps {
            let sent = header_of(word);
            let errors: Vec<u8> = errors.into_iter().collect();
            let mut header = with_errors(sent, &errors);
            let verdict = receiver.receive(&mut header);
            match errors[..] {
                [] => prop_assert_eq!(verdict, Verdict::Valid),
                [bit] if correcting => {
                    prop_assert_eq!(verdict, Verdict::Corrected { bit });
                    prop_assert_eq!(header, sent);
                }
                _ => {
                    prop_assert_eq!(verdict, Verdict::Discard);
                    prop_assert_eq!(header, with_errors(sent, &errors));
                }
            }
            correcting = errors.is_empty();
        }
    }
}

const CELL: usize = crate::cell::CELL_LEN;

#[test]
fn the_table_paths_of_batches_agree_with_the_definition() {
    let headers: Vec<[u8; 4]> = (0..100_u32).map(|index| index.wrapping_mul(0x9e37_79b9).to_be_bytes()).collect();
    let mut hecs = [0; 100];
    batch::compute_each(&headers, &mut hecs);
    let mut cells = [[0x77; CELL]; 100];
    for (cell, header) in cells.iter_mut().zip(&headers) {
        cell[..4].copy_from_slice(header);
    }
    let mut syndromes = [0; 100];
    batch::syndromes_of_each(&cells, &mut syndromes);
    for ((header, hec), found) in headers.iter().zip(hecs).zip(syndromes) {
        assert_eq!(hec, bit_serial(u32::from_be_bytes(*header)));
        assert_eq!(found, hec ^ 0x77);
    }
}
