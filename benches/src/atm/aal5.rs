//! AAL5: the CRC-32 alone, segmentation and reassembly beside what one writes with a CRC crate and a `Vec`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use atm_cell::aal5::{Config, Outcome, Reassembler, Segmenter, cells_for, crc32, pad_for};
use atm_cell::{CELL_LEN, Interface, PAYLOAD_LEN, Vc, Vci, Vpi, cell, hec};
use crc::{CRC_32_BZIP2, Crc, Table};
use crc_fast::CrcAlgorithm::Crc32Bzip2;

use crate::packets::Numbers;
use crate::{Contender, Peer, Work};

static CRATE_1: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_BZIP2);
static CRATE_16: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_BZIP2);

/// The SDU of the budgets, an Ethernet payload.
const SDU: usize = 1500;
const CELLS: usize = cells_for(SDU);
/// How many SDUs take turns.
const SDUS: usize = 8;

fn header(channel: u16) -> cell::Header {
    cell::Header::new(Interface::Uni, Vc::new(Vpi::ZERO, Vci::new(32 + channel)))
}

fn octets(len: usize) -> Vec<u8> {
    Numbers::new(4).bytes(len)
}

fn sdus() -> Vec<Vec<u8>> {
    octets(SDU * SDUS).chunks(SDU).map(<[u8]>::to_vec).collect()
}

fn fast(octets: &[u8]) -> u32 {
    crc_fast::checksum(Crc32Bzip2, octets) as u32
}

/// The CRC-32 over what PDUs of 1, 12, 32 and 192 cells have before it.
pub fn crc() -> Vec<Work> {
    [
        ("aal5 crc-32, 44", 44, 2.5),
        ("aal5 crc-32, 576", 576, 4.0),
        ("aal5 crc-32, 1532", 1532, 2.5),
        ("aal5 crc-32, 9212", 9212, 1.25),
    ]
    .into_iter()
    .map(|(name, len, budget)| Work {
        name,
        ours: Contender::new("atm-cell", vec![octets(len); SDUS], |octets: &[u8]| crc32(octets)),
        peers: vec![
            Peer::Crate(Contender::new("crc-fast", vec![octets(len); SDUS], fast), Some(budget)),
            Peer::Crate(
                Contender::new("crc Table<16>", vec![octets(len); SDUS], |octets: &[u8]| CRATE_16.checksum(octets)),
                None,
            ),
        ],
    })
    .collect()
}

/// The PDU in one piece, its CRC by `crc`.
fn pdu(sdu: &[u8], pdu: &mut Vec<u8>, crc: impl Fn(&[u8]) -> u32) {
    pdu.clear();
    pdu.extend_from_slice(sdu);
    pdu.resize(sdu.len() + pad_for(sdu.len()), 0);
    pdu.extend_from_slice(&[0, 0]);
    pdu.extend_from_slice(&(sdu.len() as u16).to_be_bytes());
    let crc = crc(pdu);
    pdu.extend_from_slice(&crc.to_be_bytes());
}

/// What one writes first: the PDU in a new `Vec`, the CRC and each cell's HEC by the `crc` crate, a new `Vec` of cells.
fn segment_plainly(sdu: &[u8]) -> Vec<u8> {
    static HEC: Crc<u8, Table<1>> = Crc::<u8, Table<1>>::new(&crc::CRC_8_I_432_1);
    let mut octets = Vec::new();
    pdu(sdu, &mut octets, |octets| CRATE_1.checksum(octets));
    let cells = octets.len() / PAYLOAD_LEN;
    let mut line = Vec::new();
    for (index, payload) in octets.chunks(PAYLOAD_LEN).enumerate() {
        let word = 32_u32 << 4 | u32::from(index + 1 == cells) << 1;
        line.extend_from_slice(&word.to_be_bytes());
        line.push(HEC.checksum(&word.to_be_bytes()));
        line.extend_from_slice(payload);
    }
    line
}

/// Segmentation of an SDU of 1,500 octets into a buffer.
pub fn segment() -> Work {
    let buffer = RefCell::new(vec![0; CELLS * CELL_LEN]);
    let ours = Contender::new("atm-cell", sdus(), move |sdu: &[u8]| {
        let mut buffer = buffer.borrow_mut();
        let segmenter = Segmenter::new(&header(0), sdu, 0).expect("a usual SDU");
        segmenter.emit(&mut buffer).expect("the buffer has room")
    });
    let buffers = RefCell::new((Vec::new(), vec![0; CELLS * CELL_LEN]));
    let with_crc_fast = Contender::new("crc-fast + copies", sdus(), move |sdu: &[u8]| {
        let (octets, line) = &mut *buffers.borrow_mut();
        pdu(sdu, octets, fast);
        let (payloads, _) = octets.as_chunks::<PAYLOAD_LEN>();
        let heads = heads();
        for (index, (payload, cell)) in payloads.iter().zip(line.as_chunks_mut::<CELL_LEN>().0).enumerate() {
            let (head, rest) = cell.split_at_mut(5);
            head.copy_from_slice(&heads[usize::from(index + 1 == payloads.len())]);
            rest.copy_from_slice(payload);
        }
        line.len()
    });
    let buffer = RefCell::new(vec![0; CELLS * CELL_LEN]);
    let padded: Vec<Vec<u8>> = sdus()
        .into_iter()
        .map(|mut sdu| {
            sdu.resize(CELLS * PAYLOAD_LEN, 0);
            sdu
        })
        .collect();
    let limit = Contender::new("crc + cell copies", padded, move |octets: &[u8]| {
        let mut line = buffer.borrow_mut();
        copy_out(octets, &mut line);
        crc32(octets)
    });
    Work {
        name: "segment 1500",
        ours,
        peers: vec![
            Peer::Crate(Contender::new("crc Table<1>, Vec", sdus(), segment_plainly), Some(35.0)),
            Peer::Crate(with_crc_fast, Some(1.7)),
            Peer::Crate(limit, Some(1.0 / 1.5)),
        ],
    }
}

fn heads() -> [[u8; 5]; 2] {
    [0, 2].map(|bits: u32| {
        let [a, b, c, d] = (32_u32 << 4 | bits).to_be_bytes();
        [a, b, c, d, hec::compute([a, b, c, d])]
    })
}

fn copy_out(octets: &[u8], line: &mut [u8]) {
    for (payload, cell) in octets.as_chunks::<PAYLOAD_LEN>().0.iter().zip(line.as_chunks_mut::<CELL_LEN>().0) {
        if let Some(out) = cell.last_chunk_mut() {
            *out = *payload;
        }
    }
}

fn copy_in(line: &[u8], octets: &mut [u8]) {
    for (cell, payload) in line.as_chunks::<CELL_LEN>().0.iter().zip(octets.as_chunks_mut::<PAYLOAD_LEN>().0) {
        if let Some(octets) = cell.last_chunk() {
            *payload = *octets;
        }
    }
}

fn lines() -> Vec<Vec<u8>> {
    sdus().iter().map(|sdu| segment_plainly(sdu)).collect()
}

fn word_of(cell: &[u8; CELL_LEN]) -> u32 {
    u32::from_be_bytes([cell[0], cell[1], cell[2], cell[3]])
}

/// The SDU of a line of cells by a `Vec` and a CRC.
fn collect<'a>(line: &[u8], pdu: &'a mut Vec<u8>, crc: impl Fn(&[u8]) -> u32) -> Option<&'a [u8]> {
    pdu.clear();
    for cell in line.as_chunks::<CELL_LEN>().0 {
        let word = word_of(cell);
        if word >> 4 != 32 || word & 8 != 0 {
            continue;
        }
        pdu.extend_from_slice(&cell[5..]);
        if word & 2 != 0 {
            return finish(pdu, crc);
        }
    }
    None
}

/// The SDU of a whole PDU.
fn finish(pdu: &[u8], crc: impl Fn(&[u8]) -> u32) -> Option<&[u8]> {
    let (body, trailer) = pdu.split_last_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([body[body.len() - 2], body[body.len() - 1]]));
    let whole = cells_for(length) * PAYLOAD_LEN == pdu.len() && crc(body) == u32::from_be_bytes(*trailer);
    if whole { pdu.get(..length) } else { None }
}

/// Reassembly of an SDU of 1,500 octets whose cells come one behind the other.
pub fn reassemble() -> Work {
    let reassembler = RefCell::new(Reassembler::new(Config::default()));
    let ours = Contender::new("atm-cell", lines(), move |line: &[u8]| feed(&mut reassembler.borrow_mut(), line));
    let with_vec = Contender::new("crc Table<1>, Vec", lines(), |line: &[u8]| {
        collect(line, &mut Vec::new(), |octets| CRATE_1.checksum(octets)).map_or(0, <[u8]>::len)
    });
    let buffer = RefCell::new(Vec::new());
    let with_crc_fast = Contender::new("crc-fast + copies", lines(), move |line: &[u8]| {
        collect(line, &mut buffer.borrow_mut(), fast).map_or(0, <[u8]>::len)
    });
    let buffer = RefCell::new(vec![0; CELLS * PAYLOAD_LEN]);
    let limit = Contender::new("crc + cell copies", lines(), move |line: &[u8]| {
        let mut octets = buffer.borrow_mut();
        copy_in(line, &mut octets);
        crc32(&octets)
    });
    Work {
        name: "reassemble 1500",
        ours,
        peers: vec![
            Peer::Crate(with_vec, Some(35.0)),
            Peer::Crate(with_crc_fast, Some(1.5)),
            Peer::Crate(limit, Some(1.0 / 1.5)),
        ],
    }
}

/// The cells of an SDU on each of so many channels: taking turns, and one channel after the other.
fn interleaved(count: usize) -> [Vec<u8>; 2] {
    let sdus = sdus();
    let channels: Vec<Vec<[u8; CELL_LEN]>> = (0..count)
        .map(|channel| Segmenter::new(&header(channel as u16), &sdus[channel % SDUS], 0).expect("a usual SDU").collect())
        .collect();
    let line = (0..CELLS).flat_map(|index| channels.iter().flat_map(move |cells| cells[index])).collect();
    [line, channels.concat().concat()]
}

/// The same octets on 16 channels whose cells take turns: nobody's budget, but what a switch port sees. The time is that of 16 SDUs.
pub fn reassemble_interleaved() -> Work {
    let [line, in_a_row] = interleaved(16);
    let reassembler = RefCell::new(Reassembler::new(Config::default()));
    let ours = Contender::new("atm-cell", vec![line], move |line: &[u8]| feed(&mut reassembler.borrow_mut(), line));
    let in_turn = RefCell::new(Reassembler::new(Config::default()));
    let one_by_one = Contender::new("not interleaved", vec![in_a_row], move |line: &[u8]| feed(&mut in_turn.borrow_mut(), line));
    Work { name: "reassemble 16 x 1500, interleaved", ours, peers: vec![Peer::Crate(one_by_one, None)] }
}

/// A cell of one of so many channels whose cells take turns, beside a map of `Vec`s.
pub fn reassemble_channels(name: &'static str, count: usize) -> Work {
    let [line, _] = interleaved(count);
    let config = Config { max_vcs: count, max_octets: (count + 1) * CELLS * PAYLOAD_LEN, ..Config::default() };
    let reassembler = RefCell::new(Reassembler::new(config));
    assert_eq!(feed(&mut reassembler.borrow_mut(), &line), count * SDU);
    let ours = Contender::new("atm-cell", vec![line.clone()], move |line: &[u8]| feed(&mut reassembler.borrow_mut(), line));
    let pdus: RefCell<HashMap<u32, Vec<u8>>> = RefCell::default();
    let map = Contender::new("HashMap of Vecs, crc-fast", vec![line], move |line: &[u8]| {
        let pdus = &mut *pdus.borrow_mut();
        let mut delivered = 0;
        for cell in line.as_chunks::<CELL_LEN>().0 {
            let word = word_of(cell);
            let pdu = pdus.entry(word >> 4).or_default();
            pdu.extend_from_slice(&cell[5..]);
            if word & 2 != 0 {
                delivered += finish(pdu, fast).map_or(0, <[u8]>::len);
                pdu.clear();
            }
        }
        delivered
    });
    let cells = count * CELLS;
    Work { name, ours: ours.of_batches(cells), peers: vec![Peer::Crate(map.of_batches(cells), None)] }
}

fn feed(reassembler: &mut Reassembler, line: &[u8]) -> usize {
    let (mut cells, _) = line.as_chunks::<CELL_LEN>();
    let mut delivered = 0;
    while !cells.is_empty() {
        if let Outcome::Complete(sdu) = reassembler.handle_cells(Duration::ZERO, Interface::Uni, &mut cells) {
            delivered += sdu.payload.len();
        }
    }
    delivered
}
