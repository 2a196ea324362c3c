//! Headers and the line: HEC of cells, delineation.

use std::cell::RefCell;
use std::collections::HashMap;

use atm_cell::cell::IDLE;
use atm_cell::delineation::{Alignment, Config, Delineator, Event};
use atm_cell::switch::{End, Leaf, Port, PortConfig, Slot, Switch};
use atm_cell::{CELL_LEN, Interface, Vc, Vci, Vpi, cell, hec};
use crc::{CRC_8_I_432_1, Crc, Table};

use crate::packets::Numbers;
use crate::{Contender, Peer, Work};

/// Cells a batch has: what fits into the first level cache.
const CELLS: usize = 512;

static CRATE_HEC: Crc<u8, Table<1>> = Crc::<u8, Table<1>>::new(&CRC_8_I_432_1);

fn cells() -> Vec<[u8; CELL_LEN]> {
    let mut numbers = Numbers::new(3);
    (0..CELLS)
        .map(|_| {
            let number = numbers.draw();
            let vc = Vc::new(Vpi::new((number & 0xff) as u16).expect("8 bits"), Vci::new((number >> 8) as u16));
            cell::Header::new(Interface::Uni, vc).with_payload(&[(number >> 24) as u8; 48]).expect("it fits")
        })
        .collect()
}

/// HECs of a batch of cells, verified: is any wrong? The times are those of the whole batch.
pub fn hec() -> Vec<Work> {
    let crate_s =
        |cells: &[[u8; CELL_LEN]]| cells.iter().fold(0, |wrong, cell| wrong | (CRATE_HEC.checksum(&cell[..4]) ^ cell[4]));
    let one_by_one =
        |cells: &[[u8; CELL_LEN]]| cells.iter().fold(0, |wrong, cell| wrong | cell.first_chunk().map_or(1, hec::syndrome));
    let batch = |cells: &[[u8; CELL_LEN]]| {
        let mut syndromes = [0; CELLS];
        hec::syndromes_of_cells(cells, &mut syndromes);
        syndromes.iter().fold(0, |wrong, syndrome| wrong | syndrome)
    };
    let peer = |budget| vec![Peer::Crate(Contender::new("crc Table<1>", vec![cells()], crate_s), Some(budget))];
    vec![
        Work {
            name: "hec of 512 cells, one by one",
            ours: Contender::new("atm-cell", vec![cells()], one_by_one),
            peers: peer(1.4),
        },
        Work { name: "hec of 512 cells, batch", ours: Contender::new("atm-cell", vec![cells()], batch), peers: peer(2.2) },
    ]
}

/// Cells through a VC switch of 1,024 connections: HEC checked, looked up, header written anew.
pub fn switch() -> Work {
    let channel = |number: u16| Vc::new(Vpi::new(number >> 8).expect("8 bits"), Vci::new(32 + (number & 0xff) * 7));
    let onward = |number: u16| Vc::new(Vpi::new(number >> 7).expect("8 bits"), Vci::new(5000 - number));
    let mut numbers = Numbers::new(6);
    let cells: Vec<[u8; CELL_LEN]> = (0..CELLS)
        .map(|_| {
            cell::Header::new(Interface::Uni, channel(numbers.draw() as u16 % 1024)).with_payload(&[7; 48]).expect("it fits")
        })
        .collect();
    let ports = [(); 2].map(|()| Port::new(PortConfig::default()).expect("a usual port"));
    let mut switch = Switch::new(ports, vec![Slot::EMPTY; 4096], [Leaf::EMPTY; 0]);
    let mut table = HashMap::new();
    for number in 0..1024 {
        switch.connect(End::channel(0, channel(number)), End::channel(1, onward(number))).expect("no conflict");
        table.insert((0_u16, channel(number).to_bits()), (1_u16, onward(number).to_bits()));
    }
    let switch = RefCell::new(switch);
    let ours = Contender::new("atm-cell", cells.clone(), move |octets: &[u8; CELL_LEN]| {
        let mut octets = *octets;
        let outcome = switch.borrow_mut().switch_cell(0, &mut octets);
        (outcome, octets)
    });
    let plainly = Contender::new("HashMap, crc Table<1>", cells, move |octets: &[u8; CELL_LEN]| {
        let mut octets = *octets;
        if CRATE_HEC.checksum(&octets[..4]) != octets[4] {
            return (None, octets);
        }
        let word = u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]]);
        let Some((port, bits)) = table.get(&(0, word >> 4 & 0x00ff_ffff)) else { return (None, octets) };
        octets[..4].copy_from_slice(&(bits << 4 | word & 0xf).to_be_bytes());
        octets[4] = CRATE_HEC.checksum(&octets[..4]);
        (Some(*port), octets)
    });
    Work { name: "switch a cell, 1024 connections", ours, peers: vec![Peer::Crate(plainly, None)] }
}

/// A line, hunting in noise and in sync.
pub fn delineation() -> Vec<Work> {
    let noise = |octets: usize| Numbers::new(5).bytes(octets);
    let count = |config: Config| {
        // Cells are never acquired in noise: DELTA right headers in a row are one in 2^56.
        move |line: &[u8]| {
            let mut delineator = Delineator::new(config).expect("thresholds over 0");
            let mut input = line;
            let mut cells = 0;
            while let Some(event) = delineator.poll(&mut input) {
                cells += u64::from(matches!(event, Event::Cell { .. }));
            }
            cells
        }
    };
    let synced = |config: Config, shift: u32| {
        let mut line: Vec<u8> = IDLE.repeat(20);
        if shift != 0 {
            let mut last = 0_u8;
            for octet in &mut line {
                let both = u16::from_be_bytes([last, *octet]);
                last = *octet;
                *octet = (both >> shift) as u8;
            }
        }
        let mut delineator = Delineator::new(config).expect("thresholds over 0");
        let mut input = &line[..];
        while delineator.poll(&mut input).is_some() {}
        // The next rotation of the line goes on where this one ends: 20 cells are whole octets.
        let delineator = RefCell::new(delineator);
        let line: Vec<u8> = if shift == 0 { line } else { [&line[CELL_LEN..], &line[CELL_LEN..2 * CELL_LEN]].concat() };
        Contender::new("atm-cell", vec![line], move |line: &[u8]| {
            let mut delineator = delineator.borrow_mut();
            let mut input = line;
            let mut cells = 0;
            while let Some(event) = delineator.poll(&mut input) {
                cells += u64::from(matches!(event, Event::Cell { .. }));
            }
            cells
        })
    };
    let octets = Config { alignment: Alignment::Octet, ..Config::default() };
    let bits = Config { alignment: Alignment::Bit, ..Config::default() };
    let line_rate = |octets: usize, gigabits: f64| octets as f64 * 8.0 / gigabits;
    let work = |name, ours, octets, peer, gigabits| {
        let peers = vec![Peer::Nanoseconds(peer, line_rate(octets, gigabits))];
        Work { name, ours, peers }
    };
    vec![
        work(
            "delineate 4096 octets, hunting",
            Contender::new("atm-cell", vec![noise(4096)], count(octets)),
            4096,
            "1 Gbit/s",
            1.0,
        ),
        work(
            "delineate 4096 octets, hunting bits",
            Contender::new("atm-cell", vec![noise(4096)], count(bits)),
            4096,
            "1 Gbit/s",
            1.0,
        ),
        work("delineate 20 cells, in sync", synced(octets, 0), 20 * CELL_LEN, "10 Gbit/s", 10.0),
        work("delineate 20 cells, in sync, shifted", synced(bits, 3), 20 * CELL_LEN, "10 Gbit/s", 10.0),
    ]
}
