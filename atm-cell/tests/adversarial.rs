//! What a hostile or broken network sends, through the crate's public entry points.

#![cfg(feature = "std")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use atm_cell::aal5::{Config, Outcome, Reason, Reassembler, Segmenter, crc32};
use atm_cell::cell::{Header, IDLE, View};
use atm_cell::delineation::{Delineator, Event, State};
use atm_cell::hec::{Mode, Receiver, Verdict};
use atm_cell::llc::{Bridged, Pdu, Protocol};
use atm_cell::oam::loopback::{Answer, Responder};
use atm_cell::oam::{self, Contents, Loopback, Message};
use atm_cell::switch::{End, Leaf, Outcome as Switched, Port, PortConfig, Slot, Switch};
use atm_cell::tag::{Forwarding, HopCount, SubEntry, Tag, TagBase, TagInterface};
use atm_cell::{Error, Field, Gfc, Interface, PayloadType, Vc, Vci, Vpi};

type Cell = [u8; 53];

fn vc(vpi: u16, vci: u16) -> Vc {
    Vc::new(Vpi::new(vpi).unwrap(), Vci::new(vci))
}

fn nni(vci: u32) -> Header {
    Header::new(Interface::Nni, Vc::from_bits(vci))
}

fn feed<'a>(reassembler: &'a mut Reassembler, octets: &Cell) -> Outcome<'a> {
    let view = View::from_octets(octets, Interface::Nni).unwrap();
    reassembler.handle_cell(Duration::ZERO, &view.header(), view.payload())
}

#[test]
fn a_burst_over_two_headers_is_corrected_once_at_most_whatever_bits_it_hits() {
    let good = Header::new(Interface::Uni, vc(1, 32)).to_octets().unwrap();
    let with = |bit: usize| {
        let mut header = good;
        header[bit / 8] ^= 0x80 >> (bit % 8);
        header
    };
    for (first, second) in (0..40).flat_map(|first| (0..40).map(move |second| (first, second))) {
        let mut receiver = Receiver::new();
        let mut header = with(first);
        assert_eq!((receiver.receive(&mut header), header), (Verdict::Corrected { bit: first as u8 }, good));
        let mut header = with(second);
        assert_eq!((receiver.receive(&mut header), header), (Verdict::Discard, with(second)));
        assert_eq!((receiver.receive(&mut good.clone()), receiver.mode()), (Verdict::Valid, Mode::Correction));
    }
}

#[test]
fn a_line_full_of_imitated_headers_costs_one_event_a_cell_and_is_left() {
    // Nine right headers in each payload, one behind the other, at the same place in every cell: hunting always finds some.
    let fake = Header::new(Interface::Uni, vc(5, 77)).to_octets().unwrap();
    let payload: [u8; 48] = std::array::from_fn(|at| if at < 45 { fake[at % 5] } else { 0 });
    let cell = Header::new(Interface::Uni, vc(0, 32)).with_payload(&payload).unwrap();
    let config = atm_cell::delineation::Config { scrambled: false, ..Default::default() };
    for start in 0..53 {
        let mut delineator = Delineator::new(config).unwrap();
        let hostile = cell.repeat(40);
        let mut input = &hostile[start..];
        let mut events = 0;
        while delineator.poll(&mut input).is_some() {
            events += 1;
        }
        assert!(events <= 42, "{events}");
        let line = [&IDLE[..]; 40].concat();
        // What is left of the last hostile cell goes on until its end: the true cells stand behind it.
        let mut input = &line[..];
        let mut found = 0;
        while let Some(event) = delineator.poll(&mut input) {
            found += u32::from(matches!(event, Event::Cell { cell, .. } if *cell == IDLE));
        }
        assert!(found >= 40 - 7 - 8, "{start}: {found}");
        assert!(matches!(delineator.state(), State::Sync { errors: 0 }));
    }
}

#[test]
fn a_cell_read_in_the_other_format_has_its_first_twelve_bits_read_otherwise_and_nothing_else() {
    let nni = Header::new(Interface::Nni, vc(4095, 32)).with_payload(&[7; 48]).unwrap();
    let uni = View::parse(&nni, Interface::Uni).unwrap();
    assert_eq!((uni.gfc(), uni.vc()), (Gfc::MAX, vc(255, 32)));
    assert_eq!((uni.payload_type(), uni.hec(), uni.payload()), (PayloadType::USER_0, nni[4], &[7; 48]));
    let sent = Header { gfc: Gfc::new(9).unwrap(), ..Header::new(Interface::Uni, vc(0x12, 33)) };
    let octets = sent.with_payload(&[0; 48]).unwrap();
    assert_eq!(View::parse(&octets, Interface::Nni).unwrap().vc(), vc(0x912, 33));
}

#[test]
fn the_gfc_of_every_uni_cell_is_lost_on_the_way_to_an_nni_by_path_and_by_channel() {
    let port = |interface| Port::new(PortConfig { interface, ..PortConfig::default() }).unwrap();
    let mut switch = Switch::new([port(Interface::Uni), port(Interface::Nni)], [Slot::EMPTY; 32], [Leaf::EMPTY; 0]);
    switch.connect(End::path(0, Vpi::UNI_MAX), End::path(1, Vpi::MAX)).unwrap();
    switch.connect(End::channel(0, vc(1, 32)), End::channel(1, vc(2, 33))).unwrap();
    for (gfc, (from, to)) in (0..16).flat_map(|gfc| [(vc(255, 500), vc(4095, 500)), (vc(1, 32), vc(2, 33))].map(|way| (gfc, way)))
    {
        let header = Header { gfc: Gfc::new(gfc).unwrap(), ..Header::new(Interface::Uni, from) };
        let mut octets = header.with_payload(&[0; 48]).unwrap();
        assert_eq!(switch.switch_cell(0, &mut octets), Switched::Forward { port: 1 });
        assert_eq!(View::parse(&octets, Interface::Nni).unwrap().vc(), to);
    }
}

#[test]
fn oam_management_and_reserved_cells_in_the_middle_of_a_pdu_do_not_touch_it() {
    let line: Vec<Cell> = Segmenter::new(&nni(70), &[9; 200], 0).unwrap().collect();
    let mut reassembler = Reassembler::new(Config::default());
    for (at, octets) in line.iter().enumerate() {
        for payload_type in 4..8 {
            let header = Header { payload_type: PayloadType::new(payload_type).unwrap(), ..nni(70) };
            assert_eq!(feed(&mut reassembler, &header.with_payload(&[0xee; 48]).unwrap()), Outcome::NotUserData);
        }
        let outcome = feed(&mut reassembler, octets);
        assert_eq!(matches!(outcome, Outcome::Complete(sdu) if sdu.payload == [9; 200]), at + 1 == line.len());
    }
}

#[test]
fn sixty_five_thousand_channels_with_a_cell_each_stay_under_the_caps_and_each_end_is_told_once() {
    let config = Config { max_vcs: 100, max_octets: 64 << 10, ..Config::default() };
    let mut reassembler = Reassembler::new(config);
    for vci in 32..=65_535 {
        let octets = nni(vci).with_payload(&[0; 48]).unwrap();
        assert_eq!(feed(&mut reassembler, &octets), Outcome::Pending);
        assert!(reassembler.len() <= 100 && reassembler.octets() <= 64 << 10);
        while reassembler.poll_discard().is_some() {}
    }
    let counters = reassembler.counters();
    assert!(counters.evicted >= 65_504 - 100);
    // Their ends come after all: none of them is taken for a PDU of one cell.
    for vci in 32..=65_535_u32 {
        let cell = Segmenter::new(&nni(vci), &[1; 40], 0).unwrap().next().unwrap();
        match feed(&mut reassembler, &cell) {
            Outcome::Discarded(discard) => assert!(discard.ended && matches!(discard.reason, Reason::Skipped | Reason::Length)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(reassembler.counters().completed, 0);
}

#[test]
fn pdus_that_lost_the_end_between_them_are_left_to_the_crc_where_the_length_is_plausible() {
    // Two PDUs of 96 octets: without the first one's end they are three cells, as the trailer of a PDU of 136 octets would have it.
    let first: Vec<Cell> = Segmenter::new(&nni(70), &[1; 80], 0).unwrap().collect();
    let mut second: Vec<Cell> = Segmenter::new(&nni(70), &[2; 80], 0).unwrap().collect();
    let mut reassembler = Reassembler::new(Config::default());
    second[1][5 + 42..5 + 44].copy_from_slice(&136_u16.to_be_bytes());
    let line = [first[0], second[0], second[1]];
    for octets in &line[..2] {
        assert_eq!(feed(&mut reassembler, octets), Outcome::Pending);
    }
    assert!(matches!(feed(&mut reassembler, &line[2]), Outcome::Discarded(discard) if discard.reason == Reason::Crc));
    // With the CRC of the whole it is a PDU: nothing else tells.
    let mut pdu: Vec<u8> = line.iter().flat_map(|octets| octets[5..].to_vec()).collect();
    let crc = crc32(&pdu[..140]).to_be_bytes();
    pdu[140..].copy_from_slice(&crc);
    second[1][5..].copy_from_slice(&pdu[96..]);
    feed(&mut reassembler, &line[0]);
    feed(&mut reassembler, &line[1]);
    assert!(matches!(feed(&mut reassembler, &second[1]), Outcome::Complete(sdu) if sdu.payload.len() == 136));
}

#[test]
fn cells_that_two_channels_exchanged_fail_both_pdus() {
    let [mut one, mut other] =
        [70, 71].map(|vci| Segmenter::new(&nni(vci), &[vci as u8; 100], 0).unwrap().collect::<Vec<Cell>>());
    for at in 5..53 {
        (one[1][at], other[1][at]) = (other[1][at], one[1][at]);
    }
    let mut reassembler = Reassembler::new(Config::default());
    for octets in one.iter().chain(&other) {
        assert!(!matches!(feed(&mut reassembler, octets), Outcome::Complete(_)));
    }
    assert_eq!(reassembler.counters().crc, 2);
}

#[test]
fn llc_headers_are_read_by_their_organization_first() {
    // An organization nobody knows, with the PID of bridged Ethernet: no frame, no FCS, nothing cut off.
    let pdu = [0xaa, 0xaa, 3, 0, 0x90, 0x0d, 0, 1, 1, 2];
    let read = Pdu::parse(&pdu).unwrap();
    assert!(matches!(read.protocol(), Protocol::Other { .. }));
    assert_eq!((read.payload(), read.bridged_frame().is_err()), (&[1, 2][..], true));
    // A routed PDU whose eighth octet is that of bridged Ethernet with FCS.
    let pdu = [0xaa, 0xaa, 3, 0, 0, 0, 8, 1, 1, 2, 3];
    assert_eq!(Pdu::parse(&pdu).unwrap().payload(), [1, 2, 3]);
    // Bridged Ethernet with an FCS that is not there.
    for len in 0..4 {
        let pdu = [&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 1, 0, 0][..], &[0; 4][..len]].concat();
        let error = Error::Truncated { field: Field::BridgedFcs, offset: 10, found: len as u32, needed: 4 };
        assert_eq!(Pdu::parse(&pdu), Err(error));
    }
    let frame = [&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 1, 0, 0][..], &[0; 4]].concat();
    assert_eq!(Pdu::parse(&frame).unwrap().protocol(), Protocol::Bridged(Bridged::ethernet(true)));
    for len in [0, 1, 7] {
        assert!(Pdu::parse(&[0xaa, 0xaa, 3, 0, 0, 0, 8][..len]).is_err());
    }
}

#[test]
fn loopback_cells_do_not_go_round_between_two_end_points() {
    let request = Message::new(Contents::Loopback(Loopback::request(7))).to_octets();
    let Ok(Answer::Reply(reply)) = Responder::END_POINT.answer(oam::View::parse(&request).unwrap()) else { panic!() };
    assert_eq!(Responder::END_POINT.answer(oam::View::parse(&reply).unwrap()), Ok(Answer::AlreadyLooped));
    let elsewhere = Loopback { location: [0x12; 16], ..Loopback::request(7) };
    let octets = Message::new(Contents::Loopback(elsewhere)).to_octets();
    assert_eq!(Responder::END_POINT.answer(oam::View::parse(&octets).unwrap()), Ok(Answer::OtherLocation));
    // A payload of zeros has a CRC that holds, and is nothing all the same.
    let zeros = [0; 48];
    assert!(oam::View::parse(&zeros).unwrap().contents().is_err());
    assert!(Responder::END_POINT.answer(oam::View::parse(&zeros).unwrap()).is_err());
}

#[test]
fn tags_are_not_taken_from_reserved_channels_do_not_swap_to_themselves_and_spend_ttl() {
    let mut base = TagBase::new(&[TagInterface::default(); 2], 8, 8).unwrap();
    for vci in 0..=32 {
        assert_eq!(Tag::new(vci), None);
        assert_eq!(base.forward(0, &Header::new(Interface::Uni, vc(0, vci))), Forwarding::Control);
    }
    let sub = |interface, tag| SubEntry { tag: Tag::new(tag).unwrap(), interface, link: Vpi::ZERO };
    let conflict = Error::Conflict { field: Field::Tag, found: 40 };
    assert_eq!(base.insert(0, Tag::new(40).unwrap(), vec![sub(0, 40)]), Err(conflict));
    assert_eq!(base.insert(0, Tag::new(40).unwrap(), vec![sub(1, 40)]), Ok(()));
    for hops in [0, 1, 2, 254, 255] {
        assert_eq!(HopCount(hops).outgoing_ttl(0), None);
        assert_eq!(HopCount(hops).outgoing_ttl(1), None);
    }
    assert_eq!(HopCount(254).outgoing_ttl(255), Some(1));
    assert_eq!(HopCount(255).outgoing_ttl(255), None);
}
