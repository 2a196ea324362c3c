//! Reads, corrects, finds, segments, switches and reassembles cells.

use core::hint::black_box;

use atm_cell::aal5::{CpiPolicy, Segmenter, Step, VcReassembler, crc32};
use atm_cell::delineation::{Config, Delineator, Event};
use atm_cell::switch::{End, Leaf, Outcome, Port, PortConfig, Slot, Switch};
use atm_cell::{CELL_LEN, Interface, PayloadType, Vc, Vci, Vpi, cell, hec, oam};

/// What is to be right.
pub(crate) const CHECKS: [fn() -> bool; 6] =
    [reads_and_emits_cells, corrects_headers, segments_and_reassembles, finds_cells, switches_cells, reads_oam];

/// The last cell of a PDU on VPI 8, VCI 35, with its HEC.
static HEADER: [u8; 5] = [0x00, 0x80, 0x02, 0x32, 0xea];

fn channel() -> Vc {
    Vc::new(Vpi::new(8).unwrap_or_default(), Vci::new(35))
}

fn reads_and_emits_cells() -> bool {
    let header = cell::Header { payload_type: PayloadType::USER_1, ..cell::Header::new(Interface::Uni, black_box(channel())) };
    let mut octets = [0; CELL_LEN];
    octets[..5].copy_from_slice(black_box(&HEADER));
    header.to_octets() == Ok(HEADER) && cell::View::parse(&octets, Interface::Uni).is_ok_and(|cell| cell.header() == header)
}

fn corrects_headers() -> bool {
    (0..40_u8).all(|bit| {
        let mut header = HEADER;
        header[usize::from(bit / 8)] ^= 0x80 >> (bit % 8);
        hec::Receiver::new().receive(black_box(&mut header)) == hec::Verdict::Corrected { bit } && header == HEADER
    })
}

fn segments_and_reassembles() -> bool {
    let sdu = black_box([0x5a_u8; 1000]);
    let mut buffer = [0; 1056];
    let mut reassembler = VcReassembler::new(channel(), &mut buffer, CpiPolicy::Zero);
    let Ok(cells) = Segmenter::new(&cell::Header::new(Interface::Uni, channel()), &sdu, 0) else { return false };
    let mut whole = false;
    for octets in cells {
        let Ok(cell) = cell::View::from_octets(&octets, Interface::Uni) else { return false };
        let step = reassembler.handle_cell(cell.payload_type(), cell.clp(), cell.payload());
        whole = matches!(step, Step::Complete(done) if done.payload == sdu);
    }
    // The check value of CRC-32/BZIP2.
    whole && crc32(black_box(b"123456789")) == 0xfc89_1918
}

fn finds_cells() -> bool {
    let Ok(mut delineator) = Delineator::new(Config { scrambled: false, ..Config::default() }) else { return false };
    let mut found = 0;
    for _ in 0..10 {
        let mut line = black_box(&cell::IDLE[..]);
        while let Some(event) = delineator.poll(&mut line) {
            found += u32::from(matches!(event, Event::Cell { .. }));
        }
    }
    found == 4
}

fn switches_cells() -> bool {
    let port = |interface| Port::new(PortConfig { interface, ..PortConfig::default() });
    let (Ok(uni), Ok(nni)) = (port(Interface::Uni), port(Interface::Nni)) else { return false };
    let mut slots = [Slot::EMPTY; 16];
    let mut switch = Switch::new([uni, nni], &mut slots[..], [Leaf::EMPTY; 0]);
    let out = Vc::new(Vpi::MAX, Vci::new(40));
    if switch.connect(End::channel(0, channel()), End::channel(1, out)).is_err() {
        return false;
    }
    let mut octets = [0; CELL_LEN];
    octets[..5].copy_from_slice(black_box(&HEADER));
    switch.switch_cell(0, &mut octets) == Outcome::Forward { port: 1 }
        && cell::View::parse(&octets, Interface::Nni).is_ok_and(|cell| cell.vc() == out && cell.payload_type().sdu_type())
}

fn reads_oam() -> bool {
    let request = oam::Message::new(oam::Contents::Loopback(oam::Loopback::request(7))).to_octets();
    oam::View::parse(black_box(&request)).is_ok_and(|view| matches!(view.contents(), Ok(oam::Contents::Loopback(_))))
}
