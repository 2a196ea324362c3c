use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::cell::{IDLE, Interface, PAYLOAD_LEN, Vc, Vci, Vpi};
use crate::scrambler::Scrambler;

type Cell = [u8; CELL_LEN];

const PLAIN: Config = Config { alpha: 7, delta: 6, alignment: Alignment::Octet, scrambled: false };

fn cell(number: u16) -> Cell {
    let header = crate::cell::Header::new(Interface::Uni, Vc::new(Vpi::ZERO, Vci::new(32 + number)));
    // The first payload of many that has no right header in it by accident: one of 256 places has.
    (0..u16::MAX)
        .map(|salt| {
            let payload =
                core::array::from_fn(|index| (index as u16).wrapping_mul(31 + salt).wrapping_add(number * 7 + salt) as u8);
            header.with_payload(&payload).unwrap()
        })
        .find(|cell| (1..=48).all(|at| hec::syndrome(cell[at..at + 5].try_into().unwrap()) != 0))
        .unwrap()
}

fn line(cells: &[Cell], scrambled: bool) -> Vec<u8> {
    let mut scrambler = Scrambler::new();
    let mut line = Vec::new();
    for cell in cells {
        let mut cell = *cell;
        if scrambled {
            scrambler.scramble(&mut cell[5..]);
        }
        line.extend(cell);
    }
    line
}

/// The stream with so many bits in front of it, all ones.
fn shifted(octets: &[u8], bits: u32) -> Vec<u8> {
    let mut out = vec![0xff; (bits / 8) as usize];
    let bits = bits % 8;
    let mut last = 0xff_u8;
    for octet in octets {
        out.push((u16::from_be_bytes([last, *octet]) >> bits) as u8);
        last = *octet;
    }
    if bits != 0 {
        out.push(last << (8 - bits));
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Acquired,
    Lost,
    Cell(Cell, Option<u8>),
    Discarded([u8; 5]),
}

fn run(delineator: &mut Delineator, mut input: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    while let Some(event) = delineator.poll(&mut input) {
        seen.push(match event {
            Event::Acquired => Seen::Acquired,
            Event::Lost => Seen::Lost,
            Event::Cell { cell, corrected } => Seen::Cell(*cell, corrected),
            Event::Discarded { header } => Seen::Discarded(header),
        });
    }
    assert!(input.is_empty());
    seen
}

fn cells_of(seen: &[Seen]) -> Vec<Cell> {
    seen.iter().filter_map(|seen| if let Seen::Cell(cell, _) = seen { Some(*cell) } else { None }).collect()
}

/// The state machine of the figure over single bits, with nothing incremental in it.
fn model(config: Config, stream: &[u8]) -> Vec<Seen> {
    let bits: Vec<u8> = stream.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1)).collect();
    let octets_at = |at: usize, len: usize| -> Option<Vec<u8>> {
        bits.get(at..at + 8 * len)
            .map(|bits| bits.chunks(8).map(|bits| bits.iter().fold(0, |octet, bit| octet << 1 | bit)).collect())
    };
    let header_at = |at: usize| -> Option<[u8; 5]> { octets_at(at, 5).map(|octets| octets.try_into().unwrap()) };
    let step = if config.alignment == Alignment::Bit { 1 } else { 8 };
    let mut seen = vec![];
    let mut at = 0;
    let mut descrambler = Descrambler::new();
    'hunt: loop {
        // HUNT.
        loop {
            let Some(header) = header_at(at) else { return seen };
            if hec::syndrome(&header) == 0 {
                break;
            }
            at += step;
        }
        // PRESYNC.
        for _ in 0..config.delta {
            let Some(mut payload) = octets_at(at + 40, 48) else { return seen };
            if config.scrambled {
                descrambler.descramble(&mut payload);
            }
            at += 424;
            let Some(header) = header_at(at) else { return seen };
            if hec::syndrome(&header) != 0 {
                at += step;
                continue 'hunt;
            }
        }
        seen.push(Seen::Acquired);
        // SYNC.
        let mut errors = 0;
        let mut correcting = true;
        loop {
            let Some(mut header) = header_at(at) else { return seen };
            let check = hec::check(&header);
            errors = if check == hec::Check::Valid { 0 } else { errors + 1 };
            if errors == config.alpha {
                seen.push(Seen::Lost);
                at += step;
                continue 'hunt;
            }
            let Some(mut payload) = octets_at(at + 40, 48) else { return seen };
            if config.scrambled {
                descrambler.descramble(&mut payload);
            }
            let mut cell = |header: [u8; 5], corrected| {
                let mut cell = [0; 53];
                cell[..5].copy_from_slice(&header);
                cell[5..].copy_from_slice(&payload);
                seen.push(Seen::Cell(cell, corrected));
            };
            match check {
                hec::Check::Valid => cell(header, None),
                hec::Check::Single { bit } if correcting => {
                    hec::correct(&mut header);
                    cell(header, Some(bit));
                }
                _ => seen.push(Seen::Discarded(header)),
            }
            correcting = check == hec::Check::Valid;
            at += 424;
        }
    }
}

#[test]
fn sync_takes_the_first_right_header_and_delta_more() {
    let cells: Vec<Cell> = (0..10).map(cell).collect();
    let mut delineator = Delineator::new(PLAIN).unwrap();
    assert_eq!(delineator.state(), State::Hunt);
    let line = line(&cells, false);
    assert_eq!(run(&mut delineator, &line[..5]), []);
    assert_eq!(delineator.state(), State::Presync { confirmed: 0 });
    assert_eq!(run(&mut delineator, &line[5..5 * 53 + 5]), []);
    assert_eq!(delineator.state(), State::Presync { confirmed: 5 });
    let seen = run(&mut delineator, &line[5 * 53 + 5..]);
    assert_eq!(seen[0], Seen::Acquired);
    assert_eq!(cells_of(&seen), cells[6..]);
    assert_eq!(delineator.state(), State::Sync { errors: 0 });
}

#[test]
fn sync_is_acquired_from_every_bit_offset() {
    let cells: Vec<Cell> = (0..12).map(cell).collect();
    for scrambled in [false, true] {
        for bits in 0..53 * 8 {
            let config = Config { alignment: Alignment::Bit, scrambled, ..PLAIN };
            let mut delineator = Delineator::new(config).unwrap();
            let stream = shifted(&line(&cells, scrambled), bits);
            let seen = run(&mut delineator, &stream);
            assert_eq!(seen, model(config, &stream));
            let found = cells_of(&seen);
            assert!(found.len() >= 4, "{bits} bits: {}", found.len());
            assert_eq!(found, cells[12 - found.len()..], "{bits} bits");
        }
    }
}

#[test]
fn sync_is_acquired_from_every_octet_offset() {
    let cells: Vec<Cell> = (0..24).map(cell).collect();
    for skipped in 0..53 {
        let mut delineator = Delineator::new(Config::default()).unwrap();
        let stream = line(&cells, true).split_off(skipped);
        let seen = run(&mut delineator, &stream);
        assert_eq!(seen, model(Config::default(), &stream));
        let found = cells_of(&seen);
        // Scrambled payloads have right headers by accident, each of which costs a cell or two.
        assert!(found.len() >= 10, "{skipped} octets");
        assert_eq!(found, cells[24 - found.len()..]);
    }
}

#[test]
fn alpha_wrong_headers_in_a_row_end_sync_and_one_less_does_not() {
    for (wrong, lost) in [(6, false), (7, true)] {
        let mut cells: Vec<Cell> = (0..30).map(cell).collect();
        for cell in &mut cells[10..10 + wrong] {
            cell[1] ^= 0x11;
        }
        let mut delineator = Delineator::new(PLAIN).unwrap();
        let seen = run(&mut delineator, &line(&cells, false));
        assert_eq!(seen.contains(&Seen::Lost), lost);
        assert_eq!(seen.iter().filter(|seen| matches!(seen, Seen::Discarded(_))).count(), 6);
        // Behind the loss, the first right header and DELTA more are waited for again.
        let after = if lost { 17 + 6 } else { 16 };
        assert_eq!(cells_of(&seen), [&cells[6..10], &cells[after..]].concat());
    }
}

#[test]
fn single_errors_are_corrected_in_sync_only_and_not_twice_in_a_row() {
    let sent: Vec<Cell> = (0..12).map(cell).collect();
    let mut cells = sent.clone();
    cells[7][0] ^= 0x80;
    cells[9][4] ^= 0x01;
    cells[10][2] ^= 0x10;
    let mut delineator = Delineator::new(PLAIN).unwrap();
    let seen = run(&mut delineator, &line(&cells, false));
    assert_eq!(
        seen,
        [
            Seen::Acquired,
            Seen::Cell(sent[6], None),
            Seen::Cell(sent[7], Some(0)),
            Seen::Cell(sent[8], None),
            Seen::Cell(sent[9], Some(39)),
            Seen::Discarded(cells[10][..5].try_into().unwrap()),
            Seen::Cell(sent[11], None),
        ]
    );
    // In PRESYNC the same error sends it back to HUNT.
    let mut cells = sent.clone();
    cells[3][0] ^= 0x80;
    let mut delineator = Delineator::new(PLAIN).unwrap();
    assert_eq!(cells_of(&run(&mut delineator, &line(&cells, false))), sent[10..]);
}

#[test]
fn sync_starts_in_correction_mode_each_time() {
    let sent: Vec<Cell> = (0..30).map(cell).collect();
    let mut cells = sent.clone();
    for cell in &mut cells[8..15] {
        cell[1] ^= 0x11;
    }
    // The first header behind the one that ends PRESYNC again.
    cells[22][3] ^= 0x04;
    let mut delineator = Delineator::new(PLAIN).unwrap();
    let seen = run(&mut delineator, &line(&cells, false));
    let again = seen.iter().rposition(|seen| *seen == Seen::Acquired).unwrap();
    assert_eq!(seen[again + 1..again + 3], [Seen::Cell(sent[21], None), Seen::Cell(sent[22], Some(29))]);
}

#[test]
fn corrected_headers_count_towards_alpha() {
    let mut cells: Vec<Cell> = (0..20).map(cell).collect();
    for cell in &mut cells[8..15] {
        cell[4] ^= 1;
    }
    let mut delineator = Delineator::new(PLAIN).unwrap();
    assert!(run(&mut delineator, &line(&cells, false)).contains(&Seen::Lost));
}

#[test]
fn an_inserted_and_a_removed_octet_are_survived() {
    let cells: Vec<Cell> = (0..60).map(cell).collect();
    for change in [true, false] {
        let mut stream = line(&cells, true);
        if change {
            stream.insert(20 * 53 + 30, 0xa5);
        } else {
            stream.remove(20 * 53 + 30);
        }
        let mut delineator = Delineator::new(Config::default()).unwrap();
        let seen = run(&mut delineator, &stream);
        let found = cells_of(&seen);
        assert_eq!(seen.iter().filter(|seen| **seen == Seen::Acquired).count(), 2);
        assert_eq!(found[..14], cells[6..20]);
        // The damaged cell, ALPHA wrong ones and DELTA to be sure again.
        let again = found.len() - 15;
        assert!(again >= 60 - 21 - 7 - 7, "{again}");
        assert_eq!(found[15..], cells[60 - again..]);
    }
}

#[test]
fn a_bit_slip_is_survived() {
    let cells: Vec<Cell> = (0..60).map(cell).collect();
    let config = Config { alignment: Alignment::Bit, ..Config::default() };
    for slip in 1..8 {
        let whole = line(&cells, true);
        let mut stream = whole[..20 * 53].to_vec();
        // A slip drops or doubles bits; here the rest of the line comes some bits late.
        stream.extend(shifted(&whole[20 * 53..], slip));
        let mut delineator = Delineator::new(config).unwrap();
        let seen = run(&mut delineator, &stream);
        assert_eq!(seen, model(config, &stream));
        assert_eq!(seen.iter().filter(|seen| **seen == Seen::Acquired).count(), 2, "{slip}");
        let found = cells_of(&seen);
        assert_eq!(found[..14], cells[6..20]);
        assert_eq!(found[found.len() - 20..], cells[40..]);
    }
}

#[test]
fn silence_has_no_cells_and_idle_cells_are_cells() {
    for octet in [0x00, 0xff, 0x55, 0xaa] {
        let mut delineator = Delineator::new(PLAIN).unwrap();
        assert_eq!(run(&mut delineator, &[octet; 5000]), [], "{octet:02x}");
        assert_eq!(delineator.state(), State::Hunt);
    }
    let mut delineator = Delineator::new(PLAIN).unwrap();
    assert_eq!(cells_of(&run(&mut delineator, &line(&[IDLE; 20], false))), [IDLE; 14]);
}

/// A payload with a right header of its own in it.
fn emulating(number: u16, at: usize) -> Cell {
    let mut cell = cell(number);
    let fake: [u8; 5] = super::super::cell::with_hec(0x0123_4560);
    cell[at..at + 5].copy_from_slice(&fake);
    cell
}

#[test]
fn a_payload_that_emulates_headers_is_left_when_it_stops() {
    // The receiver comes in the middle of a cell, so that the imitation is what it finds first.
    let mut cells: Vec<Cell> = (0..30).map(|number| emulating(number, 20)).collect();
    cells.extend((30..60).map(cell));
    let mut delineator = Delineator::new(PLAIN).unwrap();
    let seen = run(&mut delineator, &line(&cells, false)[10..]);
    assert_eq!(seen, model(PLAIN, &line(&cells, false)[10..]));
    let lost = seen.iter().position(|seen| *seen == Seen::Lost).unwrap();
    assert!(cells_of(&seen[..lost]).len() >= 20, "it was caught");
    let found = cells_of(&seen[lost..]);
    assert!(found.len() >= 30 - 7 - 8, "{}", found.len());
    assert_eq!(found, cells[60 - found.len()..]);
}

#[test]
fn an_emulation_that_pauses_within_delta_cells_catches_nobody() {
    // Every sixth payload lacks the imitation: PRESYNC fails there, and hunting goes on to the true header behind it.
    let cells: Vec<Cell> = (0..60).map(|number| if number % 6 == 5 { cell(number) } else { emulating(number, 20) }).collect();
    let mut delineator = Delineator::new(PLAIN).unwrap();
    let seen = run(&mut delineator, &line(&cells, false)[10..]);
    assert!(!seen.contains(&Seen::Lost));
    let found = cells_of(&seen);
    assert!(found.len() >= 40);
    assert_eq!(found, cells[60 - found.len()..]);
}

#[test]
fn the_scrambler_defeats_emulation() {
    let cells: Vec<Cell> = (0..20).map(|number| emulating(number, 20)).collect();
    let mut delineator = Delineator::new(Config::default()).unwrap();
    let seen = run(&mut delineator, &line(&cells, true)[10..]);
    let found = cells_of(&seen);
    assert!(found.len() >= 12);
    assert_eq!(found, cells[20 - found.len()..]);
}

#[test]
fn thresholds_of_zero_are_refused() {
    let error = Error::Value { field: Field::DelineationThreshold, offset: 0, found: 0, needed: 1 };
    assert_eq!(Delineator::new(Config { alpha: 0, ..PLAIN }).unwrap_err(), error);
    assert_eq!(Delineator::new(Config { delta: 0, ..PLAIN }).unwrap_err(), error);
    assert!(Delineator::new(Config { alpha: 1, delta: 1, ..PLAIN }).is_ok());
}

#[test]
fn the_first_cell_delivered_is_descrambled_whatever_delta_is() {
    let cells: Vec<Cell> = (0..4).map(cell).collect();
    let mut delineator = Delineator::new(Config { delta: 1, ..Config::default() }).unwrap();
    assert_eq!(cells_of(&run(&mut delineator, &line(&cells, true))), cells[1..]);
}

fn streams() -> impl Strategy<Value = Vec<u8>> {
    // Cells, damaged cells, garbage, and pieces of cells, one behind the other.
    let piece = (0..60_u16, 0..8_u8, 0..53_usize, any::<u8>(), prop::collection::vec(any::<u8>(), 0..20));
    prop::collection::vec(piece, 0..40).prop_map(|pieces| {
        let mut stream = vec![];
        for (number, what, at, bits, garbage) in pieces {
            let mut octets = cell(number);
            match what {
                0 => octets[at] ^= bits,
                1 => octets = emulating(number, at.clamp(5, 48)),
                2 => {
                    stream.extend(&octets[..at]);
                    continue;
                }
                3 => stream.extend(garbage),
                4 => octets[4] ^= bits | 1,
                _ => {}
            }
            stream.extend(octets);
        }
        stream
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn every_stream_in_any_pieces_gives_what_the_figure_says(
        stream in streams(),
        alpha in 1..8_u8,
        delta in 1..8_u8,
        bit in any::<bool>(),
        scrambled in any::<bool>(),
        shift in 0..8_u32,
        cuts in prop::collection::vec(0..3000_usize, 0..5),
    ) {
        let alignment = if bit { Alignment::Bit } else { Alignment::Octet };
        let config = Config { alpha, delta, alignment, scrambled };
        let stream = shifted(&stream, shift);
        let expected = model(config, &stream);
        let mut delineator = Delineator::new(config).unwrap();
        prop_assert_eq!(&run(&mut delineator, &stream), &expected);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.sort_unstable();
        let mut delineator = Delineator::new(config).unwrap();
        let mut seen = vec![];
        let mut from = 0;
        for cut in cuts.into_iter().chain([stream.len()]) {
            seen.extend(run(&mut delineator, &stream[from..cut]));
            from = cut;
        }
        prop_assert_eq!(seen, expected);
    }
}

#[test]
fn the_payload_is_48_octets() {
    assert_eq!(PAYLOAD_LEN + HEADER_LEN, CELL_LEN);
}
