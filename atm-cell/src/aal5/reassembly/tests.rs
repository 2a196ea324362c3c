use std::collections::{BTreeMap, BTreeSet};
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::super::{CpiPolicy, Discard, MAX_PDU, MAX_SDU, Reason, Segmenter, Trailer, cells_for, crc32};
use super::*;
use crate::cell::{self, CELL_LEN, Interface, PayloadType, Vci, Vpi};

type Cell = [u8; CELL_LEN];

fn vc(number: u32) -> Vc {
    Vc::new(Vpi::new((number >> 16) as u16).unwrap(), Vci::new(number as u16))
}

fn header(number: u32) -> Header {
    Header::new(Interface::Nni, vc(number))
}

fn cells(number: u32, sdu: &[u8]) -> Vec<Cell> {
    Segmenter::new(&header(number), sdu, 0).unwrap().collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Sdu(Vc, Vec<u8>),
    Discard(Discard),
}

/// Feeds a cell at a time and notes what it brings, and what it cost others.
fn feed_at(reassembler: &mut Reassembler, now: u64, cell: &Cell) -> Vec<Seen> {
    let view = cell::View::from_octets(cell, Interface::Nni).unwrap();
    let mut seen = vec![];
    match reassembler.handle_cell(Duration::from_millis(now), &view.header(), view.payload()) {
        Outcome::Complete(sdu) => seen.push(Seen::Sdu(sdu.vc, sdu.payload.to_vec())),
        Outcome::Discarded(discard) => seen.push(Seen::Discard(discard)),
        Outcome::Pending | Outcome::Skipped | Outcome::NotUserData => {}
    }
    while let Some(discard) = reassembler.poll_discard() {
        seen.push(Seen::Discard(discard));
    }
    seen
}

fn feed(reassembler: &mut Reassembler, cells: &[Cell]) -> Vec<Seen> {
    cells.iter().flat_map(|cell| feed_at(reassembler, 0, cell)).collect()
}

fn discard(number: u32, reason: Reason, cells: u32, ended: bool) -> Seen {
    Seen::Discard(Discard { vc: vc(number), reason, cells, ended })
}

fn sdu(number: u32, payload: &[u8]) -> Seen {
    Seen::Sdu(vc(number), payload.to_vec())
}

#[test]
fn sdus_of_interleaved_channels_come_out_as_they_went_in() {
    let sdus: Vec<Vec<u8>> = (0..16).map(|number| vec![number as u8; 40 + 61 * number]).collect();
    let mut lines: Vec<_> = (0..16).map(|number| cells(32 + number as u32, &sdus[number]).into_iter()).collect();
    let mut reassembler = Reassembler::new(Config::default());
    let mut seen = vec![];
    loop {
        let round: Vec<Cell> = lines.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() {
            break;
        }
        seen.extend(feed(&mut reassembler, &round));
    }
    assert_eq!(seen.len(), 16);
    for (number, payload) in sdus.iter().enumerate() {
        assert!(seen.contains(&sdu(32 + number as u32, payload)));
    }
    assert_eq!(reassembler.next_deadline(), None);
    assert_eq!(reassembler.len(), 16);
    assert_eq!(reassembler.counters().completed, 16);
}

#[test]
fn clp_is_that_of_any_cell_and_congestion_that_of_the_last() {
    let mut line = cells(50, &[1; 200]);
    let mark = |cell: &mut Cell, clp, congestion: bool| {
        let mut view = cell::ViewMut::parse(cell, Interface::Nni).unwrap();
        let payload_type = view.view().payload_type();
        view.set_clp(clp);
        view.set_payload_type(PayloadType::user(congestion, payload_type.sdu_type()));
    };
    let run = |line: &[Cell]| {
        let mut reassembler = Reassembler::new(Config::default());
        let mut result = None;
        for octets in line {
            let view = cell::View::from_octets(octets, Interface::Nni).unwrap();
            if let Outcome::Complete(sdu) = reassembler.handle_cell(Duration::ZERO, &view.header(), view.payload()) {
                result = Some((sdu.clp, sdu.congestion));
            }
        }
        result.unwrap()
    };
    assert_eq!(run(&line), (false, false));
    for index in 0..line.len() {
        let mut line = line.clone();
        mark(&mut line[index], true, true);
        assert_eq!(run(&line), (true, index == 4), "{index}");
    }
    mark(&mut line[4], false, true);
    assert_eq!(run(&line), (false, true));
}

#[test]
fn uu_is_passed_up_and_cpi_by_policy() {
    let mut payload = [7; 48];
    let trailer = Trailer { uu: 0x11, cpi: 0x22, length: 40, crc: 0 };
    payload[40..].copy_from_slice(&trailer.to_octets());
    let crc = crc32(&payload[..44]);
    payload[44..].copy_from_slice(&crc.to_be_bytes());
    let header = Header { payload_type: PayloadType::USER_1, ..header(40) };
    let mut strict = Reassembler::new(Config::default());
    assert_eq!(
        strict.handle_cell(Duration::ZERO, &header, &payload),
        Outcome::Discarded(Discard { vc: vc(40), reason: Reason::Cpi, cells: 1, ended: true })
    );
    let mut lax = Reassembler::new(Config { cpi: CpiPolicy::Any, ..Config::default() });
    let Outcome::Complete(sdu) = lax.handle_cell(Duration::ZERO, &header, &payload) else { panic!() };
    assert_eq!((sdu.uu, sdu.cpi, sdu.payload), (0x11, 0x22, &[7; 40][..]));
}

#[test]
fn only_user_data_enters_reassembly() {
    let line = cells(60, &[5; 90]);
    let mut reassembler = Reassembler::new(Config::default());
    for (index, cell) in line.iter().enumerate() {
        for value in 4..8 {
            let other = Header { payload_type: PayloadType::new(value).unwrap(), ..header(60) };
            assert_eq!(reassembler.handle_cell(Duration::ZERO, &other, &[0; 48]), Outcome::NotUserData);
        }
        // F4 cells and cells without a channel have payload types of user data.
        for number in [0, 3, 4, 0x0005_0003] {
            assert_eq!(reassembler.handle_cell(Duration::ZERO, &header(number), &[0; 48]), Outcome::NotUserData);
        }
        let seen = feed(&mut reassembler, &[*cell]);
        assert_eq!(seen, if index == 2 && cells_for(90) == 3 { vec![sdu(60, &[5; 90])] } else { vec![] });
    }
    assert_eq!(reassembler.counters().not_user_data, 24);
    assert_eq!(reassembler.counters().cells, 3);
}

#[test]
fn a_lost_cell_is_a_length_error_and_a_lost_end_makes_one_of_two() {
    let mut reassembler = Reassembler::new(Config::default());
    let mut line = cells(70, &[1; 200]);
    line.remove(2);
    assert_eq!(feed(&mut reassembler, &line), [discard(70, Reason::Length, 4, true)]);
    let mut merged = cells(70, &[1; 200]);
    merged.pop();
    merged.extend(cells(70, &[2; 100]));
    assert_eq!(feed(&mut reassembler, &merged), [discard(70, Reason::Length, 7, true)]);
    // The next PDU is not affected.
    assert_eq!(feed(&mut reassembler, &cells(70, &[3; 10])), [sdu(70, &[3; 10])]);
    assert_eq!(reassembler.counters().of(Reason::Length), 2);
}

#[test]
fn a_merge_whose_length_is_plausible_is_left_to_the_crc() {
    // 3 cells and 3 cells, of which the first one's last and the second one's first and second are lost: 3 cells again.
    let mut line = cells(70, &[1; 100])[..2].to_vec();
    line.extend(&cells(70, &[2; 100])[2..]);
    let mut reassembler = Reassembler::new(Config::default());
    assert_eq!(feed(&mut reassembler, &line), [discard(70, Reason::Crc, 3, true)]);
}

#[test]
fn cells_in_another_order_or_of_another_channel_fail_the_crc() {
    let octets: Vec<u8> = (0..200).collect();
    let mut line = cells(70, &octets);
    line.swap(0, 1);
    let mut reassembler = Reassembler::new(Config::default());
    assert_eq!(feed(&mut reassembler, &line), [discard(70, Reason::Crc, 5, true)]);
    let (mut a, mut b) = (cells(70, &octets), cells(71, &[9; 200]));
    // The payloads change places; the headers, and so the channels, do not.
    let (payload_a, payload_b) = (a[1][5..].to_vec(), b[1][5..].to_vec());
    a[1][5..].copy_from_slice(&payload_b);
    b[1][5..].copy_from_slice(&payload_a);
    assert_eq!(feed(&mut reassembler, &a), [discard(70, Reason::Crc, 5, true)]);
    assert_eq!(feed(&mut reassembler, &b), [discard(71, Reason::Crc, 5, true)]);
}

#[test]
fn a_duplicated_cell_is_a_length_error() {
    let mut line = cells(70, &[1; 200]);
    line.insert(1, line[1]);
    let mut reassembler = Reassembler::new(Config::default());
    assert_eq!(feed(&mut reassembler, &line), [discard(70, Reason::Length, 6, true)]);
}

#[test]
fn an_abort_drops_the_pdu_and_is_no_empty_sdu() {
    let mut reassembler = Reassembler::new(Config::default());
    let abort: Vec<Cell> = Segmenter::abort(&header(70), &[]).unwrap().collect();
    assert_eq!(feed(&mut reassembler, &abort), [discard(70, Reason::Aborted, 1, true)]);
    let mut line = cells(70, &[1; 200])[..3].to_vec();
    let sent: Vec<u8> = line.iter().flat_map(|cell| cell[5..].to_vec()).collect();
    line.extend(Segmenter::abort(&header(70), &sent).unwrap());
    assert_eq!(feed(&mut reassembler, &line), [discard(70, Reason::Aborted, 4, true)]);
}

#[test]
fn an_sdu_over_the_cap_is_discarded_and_its_tail_skipped_up_to_the_end() {
    let config = Config { max_sdu: 100, ..Config::default() };
    let mut reassembler = Reassembler::new(config);
    assert_eq!(feed(&mut reassembler, &cells(70, &[1; 100])), [sdu(70, &[1; 100])]);
    // 101 octets take as many cells as 100.
    assert_eq!(feed(&mut reassembler, &cells(70, &[1; 101])), [discard(70, Reason::TooLong, 3, true)]);
    assert_eq!(feed(&mut reassembler, &cells(70, &[1; 137])), [discard(70, Reason::TooLong, 4, true)]);
    assert_eq!(
        feed(&mut reassembler, &cells(70, &[1; 400])),
        [discard(70, Reason::TooLong, 4, false), discard(70, Reason::Skipped, 5, true)]
    );
    assert_eq!(reassembler.counters().skipped_cells, 5);
    assert_eq!(feed(&mut reassembler, &cells(70, &[2; 100])), [sdu(70, &[2; 100])]);
}

#[test]
fn cells_without_an_end_are_given_up_behind_the_longest_pdu() {
    let config = Config { max_sdu: MAX_SDU, ..Config::default() };
    let mut reassembler = Reassembler::new(config);
    let cell = cells(70, &[1; 100])[0];
    let mut seen = vec![];
    for count in 1..=3000 {
        seen.extend(feed(&mut reassembler, &[cell]).into_iter().map(|seen| (count, seen)));
        assert!(reassembler.octets() <= MAX_PDU);
    }
    assert_eq!(seen, [(1367, discard(70, Reason::TooLong, 1367, false))]);
    assert_eq!(feed(&mut reassembler, &cells(70, &[1; 100])[2..]), [discard(70, Reason::Skipped, 1634, true)]);
    let longest = vec![0xff; 65535];
    assert_eq!(feed(&mut reassembler, &cells(70, &longest)), [sdu(70, &longest)]);
}

#[test]
fn the_quiet_channel_gives_way_when_there_are_too_many() {
    let config = Config { max_vcs: 3, ..Config::default() };
    let mut reassembler = Reassembler::new(config);
    let line = |number| cells(number, &[number as u8; 100]);
    for number in [40, 41, 42] {
        assert_eq!(feed(&mut reassembler, &line(number)[..1]), []);
    }
    // 40 is used again, so 41 was quiet longest.
    assert_eq!(feed(&mut reassembler, &line(40)[1..2]), []);
    assert_eq!(feed(&mut reassembler, &line(43)[..1]), [discard(41, Reason::Evicted, 1, false)]);
    assert_eq!(reassembler.len(), 3);
    // What comes on 41 up to the end is dropped, not taken for a PDU, though the table forgot the channel; that costs 42 its place.
    assert_eq!(feed(&mut reassembler, &line(41)[1..2]), [discard(42, Reason::Evicted, 1, false)]);
    assert_eq!(feed(&mut reassembler, &line(41)[2..]), [discard(41, Reason::Skipped, 2, true)]);
    assert_eq!(feed(&mut reassembler, &line(41)), [sdu(41, &[41; 100])]);
    assert_eq!(feed(&mut reassembler, &line(40)[2..]), [sdu(40, &[40; 100])]);
    assert_eq!(reassembler.counters().evicted, 2);
}

#[test]
fn octets_are_capped_and_the_quiet_channel_s_pay() {
    let config = Config { max_octets: 4 * 1536, max_sdu: 6000, ..Config::default() };
    let mut reassembler = Reassembler::new(config);
    let line = |number| cells(number, &[number as u8; 3000]);
    for number in 40..44 {
        assert_eq!(feed(&mut reassembler, &line(number)[..2]), []);
    }
    assert_eq!(reassembler.octets(), 4 * 1536);
    assert_eq!(feed(&mut reassembler, &line(44)[..1]), [discard(40, Reason::Evicted, 2, false)]);
    assert_eq!(feed(&mut reassembler, &line(40)[2..]), [discard(40, Reason::Skipped, 61, true)]);
    // One PDU of 63 cells takes two of the others' buffers.
    let seen = feed(&mut reassembler, &line(44)[1..]);
    assert_eq!(seen.last(), Some(&sdu(44, &[44; 3000])));
    assert!(seen.contains(&discard(41, Reason::Evicted, 2, false)));
    assert!(reassembler.octets() <= 4 * 1536);
    // Alone it may have all there is, and no more.
    let seen = feed(&mut reassembler, &cells(50, &[1; 5900]));
    assert_eq!(seen.last(), Some(&sdu(50, &[1; 5900])));
    let mut small = Reassembler::new(Config { max_octets: 480, ..Config::default() });
    assert_eq!(feed(&mut small, &cells(50, &[1; 472])), [sdu(50, &[1; 472])]);
    assert_eq!(feed(&mut small, &cells(50, &[1; 473])), [discard(50, Reason::TooLong, 11, true)]);
    assert_eq!(feed(&mut small, &cells(50, &[1; 472])), [sdu(50, &[1; 472])]);
}

#[test]
fn a_pdu_s_time_runs_from_its_first_cell() {
    let config = Config { timeout: Duration::from_millis(100), ..Config::default() };
    let mut reassembler = Reassembler::new(config);
    let line = cells(70, &[1; 200]);
    assert_eq!(reassembler.next_deadline(), None);
    assert_eq!(feed_at(&mut reassembler, 10, &line[0]), []);
    assert_eq!(feed_at(&mut reassembler, 20, &cells(71, &[1; 200])[0]), []);
    assert_eq!(feed_at(&mut reassembler, 90, &line[1]), []);
    assert_eq!(reassembler.next_deadline(), Some(Duration::from_millis(110)));
    assert_eq!(reassembler.poll_expired(Duration::from_millis(109)), None);
    let expired = |number, cells| Some(Discard { vc: vc(number), reason: Reason::Expired, cells, ended: false });
    assert_eq!(reassembler.poll_expired(Duration::from_millis(110)), expired(70, 2));
    assert_eq!(reassembler.poll_expired(Duration::from_millis(110)), None);
    assert_eq!(reassembler.next_deadline(), Some(Duration::from_millis(120)));
    // A clock that goes backwards is held.
    assert_eq!(reassembler.poll_expired(Duration::from_millis(120)), expired(71, 1));
    assert_eq!(feed_at(&mut reassembler, 0, &cells(72, &[1; 200])[0]), []);
    assert_eq!(reassembler.next_deadline(), Some(Duration::from_millis(220)));
    // The rest of an expired PDU is skipped.
    assert_eq!(feed(&mut reassembler, &line[2..]), [discard(70, Reason::Skipped, 3, true)]);
    assert_eq!(feed(&mut reassembler, &line), [sdu(70, &[1; 200])]);
}

#[test]
fn what_is_unfinished_is_told_at_the_end_and_when_a_channel_is_closed() {
    let mut reassembler = Reassembler::new(Config { max_sdu: 100, ..Config::default() });
    feed(&mut reassembler, &cells(70, &[1; 90])[..1]);
    feed(&mut reassembler, &cells(71, &[1; 90])[..2]);
    feed(&mut reassembler, &cells(72, &[1; 400])[..5]);
    assert_eq!(reassembler.close(vc(99)), None);
    assert_eq!(reassembler.close(vc(71)), Some(Discard { vc: vc(71), reason: Reason::Unfinished, cells: 2, ended: false }));
    assert_eq!(feed(&mut reassembler, &cells(71, &[4; 90])), [sdu(71, &[4; 90])]);
    // 72 is skipping; its discard was told.
    assert_eq!(reassembler.poll_unfinished(), Some(Discard { vc: vc(70), reason: Reason::Unfinished, cells: 1, ended: false }));
    assert_eq!(reassembler.poll_unfinished(), None);
    for number in [70, 71, 72] {
        assert!(!reassembler.is_empty());
        assert_eq!(reassembler.close(vc(number)), None);
    }
    assert!(reassembler.is_empty());
    assert_eq!(reassembler.counters().unfinished, 2);
}

#[test]
fn closing_a_channel_that_was_forgotten_makes_it_start_afresh() {
    let mut reassembler = Reassembler::new(Config { max_vcs: 1, ..Config::default() });
    feed(&mut reassembler, &cells(70, &[1; 90])[..1]);
    assert_eq!(feed(&mut reassembler, &cells(71, &[1; 90])[..1]), [discard(70, Reason::Evicted, 1, false)]);
    assert_eq!(reassembler.close(vc(70)), None);
    let seen = feed(&mut reassembler, &cells(70, &[2; 90]));
    assert_eq!(seen, [discard(71, Reason::Evicted, 1, false), sdu(70, &[2; 90])]);
}

#[test]
fn a_flood_of_channels_is_bounded_counted_and_leaves_an_honest_channel_alone() {
    let config = Config { max_vcs: 256, max_octets: 1 << 20, ..Config::default() };
    let mut reassembler = Reassembler::new(config);
    let payload = vec![0x5a; 1000];
    let honest = cells(0x000f_0020, &payload);
    let mut line = honest.iter().cycle();
    let (mut delivered, mut evicted) = (0, 0);
    for number in 0..1_u32 << 16 {
        // Path 0 has every number but those that the standards set aside for OAM.
        if !matches!(number, 0 | 3 | 4) {
            for seen in feed_at(&mut reassembler, 0, &cells(number, &[1; 100])[0]) {
                match seen {
                    Seen::Discard(Discard { reason: Reason::Evicted, .. }) => evicted += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
        for seen in feed_at(&mut reassembler, 0, line.next().unwrap()) {
            match seen {
                Seen::Sdu(_, octets) => {
                    assert_eq!(octets, payload);
                    delivered += 1;
                }
                Seen::Discard(Discard { vc, reason, .. }) => {
                    // The honest channel shares a bit with one of the flood's: it may lose one PDU to that.
                    assert!(reason == Reason::Evicted || (vc.to_bits() == 0x000f_0020 && reason == Reason::Skipped));
                    evicted += u64::from(reason == Reason::Evicted);
                }
            }
        }
        assert!(reassembler.len() <= 256 && reassembler.octets() <= 1 << 20);
    }
    assert!(delivered >= (1 << 16) / honest.len() - 1, "{delivered}");
    assert_eq!(reassembler.counters().evicted, evicted);
    assert!(evicted >= (1 << 16) - 3 - 256);
}

#[test]
fn discards_that_nobody_asks_for_are_bounded_too() {
    let mut reassembler = Reassembler::new(Config { max_vcs: 4, ..Config::default() });
    for number in 40..140 {
        let line = cells(number, &[1; 100]);
        let view = cell::View::from_octets(&line[0], Interface::Nni).unwrap();
        reassembler.handle_cell(Duration::ZERO, &view.header(), view.payload());
    }
    assert_eq!(reassembler.counters().evicted, 96);
    let told: Vec<Discard> = core::iter::from_fn(|| reassembler.poll_discard()).collect();
    assert_eq!(told.iter().map(|discard| discard.vc).collect::<Vec<_>>(), [vc(132), vc(133), vc(134), vc(135)]);
}

#[test]
fn settings_of_nothing_count_as_the_least() {
    let config = Config { max_sdu: 0, max_vcs: 0, max_octets: 0, ..Config::default() };
    let mut reassembler = Reassembler::new(config);
    assert_eq!(feed(&mut reassembler, &cells(70, &[1])), [sdu(70, &[1])]);
    assert_eq!(feed(&mut reassembler, &cells(70, &[1; 2])), [discard(70, Reason::TooLong, 1, true)]);
    let defaults = Config::default();
    assert_eq!((defaults.max_sdu, defaults.max_vcs, defaults.max_octets), (9188, 1024, 16 << 20));
    assert_eq!((defaults.timeout, defaults.cpi), (Duration::from_secs(10), CpiPolicy::Zero));
}

#[test]
fn reasons_have_names_and_counters() {
    let counters = Counters {
        length: 1,
        crc: 2,
        aborted: 3,
        cpi: 4,
        too_long: 5,
        evicted: 6,
        expired: 7,
        unfinished: 8,
        skipped: 9,
        ..Counters::default()
    };
    let reasons = [
        (Reason::Length, "length"),
        (Reason::Crc, "crc"),
        (Reason::Aborted, "aborted"),
        (Reason::Cpi, "cpi"),
        (Reason::TooLong, "too-long"),
        (Reason::Evicted, "evicted"),
        (Reason::Expired, "expired"),
        (Reason::Unfinished, "unfinished"),
        (Reason::Skipped, "skipped"),
    ];
    for (index, (reason, name)) in reasons.into_iter().enumerate() {
        assert_eq!(reason.name(), name);
        assert_eq!(counters.of(reason), index as u64 + 1);
        let mut counted = Counters::default();
        counted.count(reason);
        assert_eq!(counted.of(reason), 1);
    }
}

#[test]
fn cells_in_bulk_give_what_they_give_one_by_one() {
    let mut line = vec![];
    for round in 0..6 {
        for number in [70, 71, 0x0001_0046] {
            let mut cells = cells(number, &vec![round; 20 + 900 * usize::from(round)]);
            let mut view = cell::ViewMut::parse(&mut cells[0], Interface::Nni).unwrap();
            view.set_clp(round == 2);
            let payload_type = view.view().payload_type().with_congestion();
            view.set_payload_type(payload_type);
            line.extend(cells);
        }
        line.push(cell::IDLE);
        line.extend(&cells(70, &[1; 300])[..usize::from(round)]);
        let oam = Header { payload_type: PayloadType::OAM_F5_SEGMENT, ..header(70) };
        line.push(oam.with_payload(&[0; 48]).unwrap());
    }
    let config = Config { max_sdu: 4000, ..Config::default() };
    let (mut single, mut bulk) = (Reassembler::new(config), Reassembler::new(config));
    let mut expected = vec![];
    for octets in &line {
        let view = cell::View::from_octets(octets, Interface::Nni).unwrap();
        match single.handle_cell(Duration::ZERO, &view.header(), view.payload()) {
            Outcome::Complete(sdu) => expected.push(std::format!("{sdu:?}")),
            Outcome::Discarded(discard) => expected.push(std::format!("{discard:?}")),
            _ => {}
        }
    }
    let mut seen = vec![];
    let mut cells = &line[..];
    while !cells.is_empty() {
        match bulk.handle_cells(Duration::ZERO, Interface::Nni, &mut cells) {
            Outcome::Complete(sdu) => seen.push(std::format!("{sdu:?}")),
            Outcome::Discarded(discard) => seen.push(std::format!("{discard:?}")),
            _ => assert!(cells.is_empty()),
        }
    }
    assert!(expected.len() > 20 && expected.iter().any(|seen| seen.contains("clp: true")));
    assert_eq!(seen, expected);
    assert_eq!(bulk.counters(), single.counters());
    assert!(bulk.counters().not_user_data == 12 && bulk.counters().too_long > 0 && bulk.counters().length > 0);
}

#[test]
fn channels_whose_numbers_differ_by_a_shift_are_told_apart_in_bulk() {
    for (one, other) in [(0x1000, 0x0100), (0x1000, 0x0010), (0x0100, 0x1000), (0x0020, 0x0200)] {
        let (a, b) = (cells(one, &[1; 200]), cells(other, &[2; 200]));
        let line: Vec<Cell> = a.iter().zip(&b).flat_map(|(a, b)| [*a, *b]).collect();
        let mut reassembler = Reassembler::new(Config::default());
        let mut cells = &line[..];
        for (number, octet) in [(one, 1), (other, 2)] {
            let outcome = reassembler.handle_cells(Duration::ZERO, Interface::Nni, &mut cells);
            assert!(matches!(outcome, Outcome::Complete(sdu) if sdu.vc == vc(number) && sdu.payload == [octet; 200]));
        }
    }
}

#[test]
fn the_gfc_of_a_uni_is_no_part_of_the_channel() {
    let mut line: Vec<Cell> = Segmenter::new(&Header::new(Interface::Uni, vc(70)), &[4; 200], 0).unwrap().collect();
    for (gfc, octets) in line.iter_mut().enumerate() {
        let mut view = cell::ViewMut::parse(octets, Interface::Uni).unwrap();
        let header = Header { gfc: cell::Gfc::new(gfc as u8 * 3).unwrap(), ..view.view().header() };
        view.set_header(header).unwrap();
    }
    let mut reassembler = Reassembler::new(Config::default());
    let mut cells = &line[..];
    let outcome = reassembler.handle_cells(Duration::ZERO, Interface::Uni, &mut cells);
    assert!(matches!(outcome, Outcome::Complete(sdu) if sdu.payload == [4; 200]));
    // Read as NNI headers they are of five channels.
    let mut reassembler = Reassembler::new(Config::default());
    let mut cells = &line[..];
    let outcome = reassembler.handle_cells(Duration::ZERO, Interface::Nni, &mut cells);
    assert!(matches!(outcome, Outcome::Discarded(Discard { reason: Reason::Length, cells: 1, .. })));
}

#[test]
fn paths_that_share_their_low_bits_are_not_mixed_up_in_bulk() {
    // Paths 1, 257 and 4081 differ in the bits that are the GFC's at a UNI.
    let numbers = [0x0001_0046, 0x0101_0046, 0x0ff1_0046];
    let lines: Vec<Vec<Cell>> =
        numbers.iter().map(|&number| cells(number, &[number as u8 ^ (number >> 24) as u8; 300])).collect();
    let line: Vec<Cell> = (0..lines[0].len()).flat_map(|at| lines.iter().map(move |line| line[at])).collect();
    let mut reassembler = Reassembler::new(Config::default());
    let mut rest = &line[..];
    for &number in &numbers {
        match reassembler.handle_cells(Duration::ZERO, Interface::Nni, &mut rest) {
            Outcome::Complete(sdu) => {
                assert_eq!((sdu.vc, sdu.payload), (vc(number), &[number as u8 ^ (number >> 24) as u8; 300][..]))
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(rest.is_empty());
}

#[test]
fn a_clp_within_a_run_of_cells_is_seen_in_bulk() {
    for marked in 0..7 {
        let mut line = cells(70, &[5; 300]);
        cell::ViewMut::parse(&mut line[marked], Interface::Nni).unwrap().set_clp(true);
        let mut reassembler = Reassembler::new(Config::default());
        let outcome = reassembler.handle_cells(Duration::ZERO, Interface::Nni, &mut &line[..]);
        assert!(matches!(outcome, Outcome::Complete(sdu) if sdu.clp), "{marked}");
    }
}

#[test]
fn a_channel_without_a_pdu_gives_way_before_one_with_cells() {
    let mut reassembler = Reassembler::new(Config { max_vcs: 2, ..Config::default() });
    let whole = cells(70, &[1; 100]);
    // Channel 70 was quiet longer than 71, but has a PDU to lose.
    assert_eq!(feed(&mut reassembler, &whole[..1]), []);
    assert_eq!(feed(&mut reassembler, &cells(71, &[2; 10])), [sdu(71, &[2; 10])]);
    assert_eq!(feed(&mut reassembler, &cells(72, &[3; 10])), [sdu(72, &[3; 10])]);
    assert_eq!(feed(&mut reassembler, &whole[1..]), [sdu(70, &[1; 100])]);
    assert_eq!(reassembler.counters().evicted, 0);
}

/// What a hostile network does to one cell of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    Lost,
    Doubled,
    /// Bits of the payload are inverted.
    Damaged,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// Whatever the network does, for each end of message that arrives exactly one thing is told; what is delivered is what was sent; and a
    /// PDU whose cells all arrive untouched, behind an end of message, is delivered.
    #[test]
    fn nothing_vanishes_and_nothing_is_made_up(
        sdus in prop::collection::vec((0..6_u32, 1..700_usize, any::<u8>()), 1..24),
        fates in prop::collection::vec((0..100_u8, 0..48_usize, 1..=255_u8), 400),
        order in prop::collection::vec(any::<u32>(), 400),
        max_sdu in prop::sample::select(vec![300_usize, 9188]),
    ) {
        let mut queues: BTreeMap<u32, Vec<(usize, Cell, bool)>> = BTreeMap::new();
        let mut sent: Vec<(u32, Vec<u8>)> = vec![];
        for (number, (channel, len, seed)) in sdus.into_iter().enumerate() {
            let channel = 40 + channel;
            let octets: Vec<u8> = (0..len).map(|index| (index as u8).wrapping_mul(29) ^ seed ^ (number as u8).wrapping_mul(83)).collect();
            let line = cells(channel, &octets);
            let last = line.len() - 1;
            queues.entry(channel).or_default().extend(line.into_iter().enumerate().map(|(index, cell)| (number, cell, index == last)));
            sent.push((channel, octets));
        }
        let mut reassembler = Reassembler::new(Config { max_sdu, ..Config::default() });
        // By channel: the SDUs that a piece arrived of since the last end, and whether any piece is not as it was sent.
        let mut open: BTreeMap<u32, (BTreeSet<usize>, bool)> = BTreeMap::new();
        let (mut ends, mut told, mut delivered) = (0, 0, BTreeSet::new());
        let mut step = 0;
        while !queues.is_empty() {
            let channels: Vec<u32> = queues.keys().copied().collect();
            let channel = channels[order[step % order.len()] as usize % channels.len()];
            let queue = queues.get_mut(&channel).unwrap();
            let (number, mut octets, end) = queue.remove(0);
            if queue.is_empty() {
                queues.remove(&channel);
            }
            let (what, at, bits) = fates[step % fates.len()];
            step += 1;
            let fate = match what {
                0..=2 => Fate::Lost,
                3..=4 => Fate::Doubled,
                5..=6 => Fate::Damaged,
                _ => Fate::Arrives,
            };
            let entry = open.entry(channel).or_default();
            if fate == Fate::Lost {
                // What it leaves of its PDU is not whole any more.
                entry.1 = true;
                entry.0.insert(number);
                continue;
            }
            if fate == Fate::Damaged {
                octets[5 + at] ^= bits;
            }
            for copy in 0..if fate == Fate::Doubled { 2 } else { 1 } {
                let entry = open.entry(channel).or_default();
                entry.0.insert(number);
                // A second end stands alone: it is a PDU of one cell, right only where the whole one was.
                let alone = copy == 1 && end;
                let intact = !entry.1 && entry.0.len() == 1 && fate != Fate::Damaged && (fate != Fate::Doubled || end) && !alone;
                entry.1 |= fate == Fate::Damaged || (fate == Fate::Doubled && !end);
                let seen = feed(&mut reassembler, &[octets]);
                if !end {
                    let early = |seen: &Seen| matches!(seen, Seen::Discard(Discard { reason: Reason::TooLong, ended: false, .. }));
                    prop_assert!(seen.iter().all(early), "an end was told where none came");
                    continue;
                }
                ends += 1;
                open.remove(&channel);
                prop_assert_eq!(seen.len(), 1);
                told += 1;
                let (_, whole) = &sent[number];
                match &seen[0] {
                    Seen::Sdu(at, payload) => {
                        prop_assert_eq!(at.to_bits(), channel);
                        prop_assert_eq!(payload, whole);
                        prop_assert!(whole.len() <= max_sdu);
                        // A one-cell PDU that is doubled comes twice.
                        prop_assert!(delivered.insert(number) || whole.len() <= 40);
                    }
                    Seen::Discard(discard) => {
                        prop_assert!(discard.ended);
                        prop_assert!(!intact || whole.len() > max_sdu, "an intact SDU is gone");
                    }
                }
            }
        }
        prop_assert_eq!(ends, told);
        let counters = reassembler.counters();
        let ended = counters.completed + counters.length + counters.crc + counters.skipped + counters.aborted + counters.cpi;
        prop_assert!(ended <= ends && ends <= ended + counters.too_long);
        while reassembler.poll_unfinished().is_some() {}
        prop_assert_eq!(reassembler.next_deadline(), None);
        prop_assert!(reassembler.octets() <= 7 * MAX_PDU);
    }
}
