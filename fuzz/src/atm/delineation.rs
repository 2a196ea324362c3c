use atm_cell::cell::Header;
use atm_cell::delineation::{Alignment, Config, Delineator, Event, State};
use atm_cell::hec::{self, Check};
use atm_cell::scrambler::{Descrambler, Scrambler};
use atm_cell::{Interface, Vc, Vci, Vpi};

use super::Input;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Acquired,
    Lost,
    Cell(Vec<u8>, Option<u8>),
    Discarded([u8; 5]),
}

/// Any stream, in one piece or in many, gives what I.432.1's figure says; what is scrambled descrambles.
///
/// Five octets of settings, then the stream as it is or as steps that make one.
pub fn delineation(data: &[u8]) {
    let mut input = Input(data);
    let [flags, thresholds, piece, more, seed] = input.array();
    let config = Config {
        alpha: thresholds & 0xf,
        delta: thresholds >> 4,
        alignment: if flags & 1 == 0 { Alignment::Octet } else { Alignment::Bit },
        scrambled: flags & 2 != 0,
    };
    let Ok(mut delineator) = Delineator::new(config) else {
        assert!(config.alpha == 0 || config.delta == 0);
        return;
    };
    assert!(config.alpha != 0 && config.delta != 0);
    scrambling(input.0, usize::from(piece));
    let mut stream = if flags & 4 == 0 { input.0.to_vec() } else { made(&mut input, config.scrambled, seed) };
    stream.truncate(60 * 53);
    let stream = shifted(&stream, u32::from(flags >> 3 & 7));

    let expected = model(config, &stream);
    assert_eq!(run(&mut delineator, &stream), expected);
    let mut pieces = Delineator::new(config).expect("it was fine above");
    let (mut seen, mut rest, mut size) = (vec![], &stream[..], usize::from(piece));
    while !rest.is_empty() {
        let (now, later) = rest.split_at((size % 64 + 1).min(rest.len()));
        seen.extend(run(&mut pieces, now));
        size = size.wrapping_mul(5).wrapping_add(usize::from(more));
        rest = later;
    }
    assert_eq!(seen, expected);
    assert_eq!(pieces.state(), delineator.state());
    match pieces.state() {
        State::Hunt => {}
        State::Presync { confirmed } => assert!(confirmed < config.delta),
        State::Sync { errors } => assert!(errors < config.alpha),
    }
}

/// A line of cells, with damage, by steps of two octets.
fn made(input: &mut Input<'_>, scrambled: bool, seed: u8) -> Vec<u8> {
    let mut stream = vec![];
    let mut scrambler = Scrambler::new();
    while !input.is_empty() && stream.len() < 60 * 53 {
        let (what, arg) = (input.octet(), input.octet());
        let count = if what & 7 == 7 { arg & 0xf } else { 1 };
        for number in 0..count {
            let vc = Vc::new(Vpi::new(u16::from(seed)).expect("8 bits"), Vci::new(u16::from(arg) << 4 | u16::from(number)));
            let mut payload: [u8; 48] = std::array::from_fn(|at| (at as u8).wrapping_mul(seed).wrapping_add(arg));
            if scrambled {
                scrambler.scramble(&mut payload);
            }
            let mut cell = Header::new(Interface::Uni, vc).with_payload(&payload).expect("it fits");
            match what & 7 {
                3 => cell[usize::from(arg % 40) / 8] ^= 0x80 >> (arg & 7),
                4 => cell[1] ^= arg | 0x11,
                5 => {
                    stream.extend(&cell[..usize::from(arg % 53)]);
                    continue;
                }
                6 => {
                    stream.extend((0..arg % 20).map(|at| at.wrapping_mul(what)));
                    continue;
                }
                _ => {}
            }
            stream.extend(cell);
        }
    }
    stream
}

/// The same bits, some later.
fn shifted(octets: &[u8], bits: u32) -> Vec<u8> {
    let mut last = 0xff;
    octets
        .iter()
        .map(|octet| {
            let both = u16::from_be_bytes([last, *octet]);
            last = *octet;
            (both >> bits) as u8
        })
        .collect()
}

fn run(delineator: &mut Delineator, mut input: &[u8]) -> Vec<Seen> {
    let mut seen = vec![];
    while let Some(event) = delineator.poll(&mut input) {
        seen.push(match event {
            Event::Acquired => Seen::Acquired,
            Event::Lost => Seen::Lost,
            Event::Cell { cell, corrected } => Seen::Cell(cell.to_vec(), corrected),
            Event::Discarded { header } => Seen::Discarded(header),
        });
    }
    assert!(input.is_empty());
    seen
}

/// The figure over single bits, with nothing incremental in it.
fn model(config: Config, stream: &[u8]) -> Vec<Seen> {
    let octet_at = |at: usize| match (stream.get(at / 8), stream.get(at / 8 + 1)) {
        (Some(octet), _) if at.is_multiple_of(8) => Some(*octet),
        (Some(a), Some(b)) => Some((u16::from_be_bytes([*a, *b]) >> (8 - at % 8)) as u8),
        _ => None,
    };
    let octets_at = |at: usize, len: usize| (0..len).map(|index| octet_at(at + 8 * index)).collect::<Option<Vec<u8>>>();
    let header_at = |at: usize| {
        let mut header = [0; 5];
        for (index, octet) in header.iter_mut().enumerate() {
            *octet = octet_at(at + 8 * index)?;
        }
        Some(header)
    };
    let step = if config.alignment == Alignment::Bit { 1 } else { 8 };
    let (mut seen, mut at, mut descrambler) = (vec![], 0, Descrambler::new());
    'hunt: loop {
        loop {
            let Some(header) = header_at(at) else { return seen };
            if hec::syndrome(&header) == 0 {
                break;
            }
            at += step;
        }
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
        let (mut errors, mut correcting) = (0, true);
        loop {
            let Some(mut header) = header_at(at) else { return seen };
            let check = hec::check(&header);
            errors = if check == Check::Valid { 0 } else { errors + 1 };
            if errors == config.alpha {
                seen.push(Seen::Lost);
                at += step;
                continue 'hunt;
            }
            let Some(mut payload) = octets_at(at + 40, 48) else { return seen };
            if config.scrambled {
                descrambler.descramble(&mut payload);
            }
            match check {
                Check::Valid => seen.push(Seen::Cell([&header[..], &payload].concat(), None)),
                Check::Single { bit } if correcting => {
                    hec::correct(&mut header);
                    seen.push(Seen::Cell([&header[..], &payload].concat(), Some(bit)));
                }
                Check::Single { .. } | Check::Multiple => seen.push(Seen::Discarded(header)),
            }
            correcting = check == Check::Valid;
            at += 424;
        }
    }
}

/// Round trip, in pieces of any size, and one bit after another by the definition.
fn scrambling(octets: &[u8], cut: usize) {
    let octets = &octets[..octets.len().min(512)];
    let cut = cut.min(octets.len());
    let mut line = octets.to_vec();
    let mut scrambler = Scrambler::new();
    scrambler.scramble(&mut line[..cut]);
    scrambler.scramble(&mut line[cut..]);
    let mut sent = vec![false; 43];
    for bit in super::bits(octets) {
        sent.push(bit != sent[sent.len() - 43]);
    }
    assert!(super::bits(&line).eq(sent[43..].iter().copied()));
    let mut descrambler = Descrambler::new();
    for piece in line.chunks_mut(cut + 1) {
        descrambler.descramble(piece);
    }
    assert_eq!(line, octets);
}
