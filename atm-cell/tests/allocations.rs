//! No cell costs an allocation, nor does a PDU once buffers are as large as they need to be: an allocator that counts proves it.

#![cfg(feature = "std")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell as Counter;
use std::time::Duration;

use atm_cell::aal5::{Config, CpiPolicy, Outcome, Reassembler, Segmenter, Step, VcReassembler};
use atm_cell::cell::{self, Header, IDLE};
use atm_cell::delineation::{Delineator, Event};
use atm_cell::hec::{self, Receiver};
use atm_cell::llc::{EtherType, Pdu, Protocol};
use atm_cell::oam::loopback::{Answer, Requester, Responder};
use atm_cell::oam::{Contents, Flow, Message};
use atm_cell::policing::{Conformance, FrameDiscard, Policer, Room};
use atm_cell::scrambler::Scrambler;
use atm_cell::switch::{End, Leaf, Outcome as Switched, Port, PortConfig, Slot, Switch};
use atm_cell::{Interface, Vc, Vci, Vpi, atmarp, crc10, oam};

thread_local! {
    static ALLOCATIONS: Counter<u64> = const { Counter::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting touches a thread-local number without destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get().wrapping_add(1)));
        // SAFETY: the caller's promises about the layout are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above, and so from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations that `work` makes on this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Counter::get);
    work();
    ALLOCATIONS.with(Counter::get).wrapping_sub(before)
}

fn vc(vci: u16) -> Vc {
    Vc::new(Vpi::ZERO, Vci::new(vci))
}

/// The cells of an SDU on each of four channels, in turn.
fn line(len: usize) -> Vec<[u8; 53]> {
    let sdu = vec![0x3c; len];
    let cells = |vci| Segmenter::new(&Header::new(Interface::Uni, vc(vci)), &sdu, 0).unwrap().collect::<Vec<_>>();
    let lines: [Vec<_>; 4] = [32, 33, 34, 35].map(cells);
    (0..lines[0].len()).flat_map(|at| lines.iter().map(move |line| line[at])).collect()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn hecs_segmenting_and_scrambling_allocate_nothing() {
    let sdu = [0x5a; 9188];
    let (mut wire, mut hecs) = ([0; 192 * 53], [0; 64]);
    let count = allocations(|| {
        let segmenter = Segmenter::new(&Header::new(Interface::Uni, vc(40)), &sdu, 0).unwrap();
        assert_eq!(segmenter.emit(&mut wire), Ok(192 * 53));
        let mut receiver = Receiver::new();
        let mut scrambler = Scrambler::new();
        for mut octets in segmenter {
            assert!(cell::View::from_octets(&octets, Interface::Uni).is_ok());
            let mut header = [octets[0], octets[1], octets[2], octets[3], octets[4] ^ 1];
            receiver.receive(&mut header);
            scrambler.scramble(&mut octets[5..]);
        }
        assert_eq!(hec::compute_batch(&[[1, 2, 3, 4]; 64], &mut hecs), 64);
        assert_eq!(hec::syndromes_of_cells(wire.as_chunks().0, &mut hecs), 64);
    });
    assert_eq!(count, 0);
}

#[test]
fn delineation_allocates_nothing() {
    let stream = IDLE.repeat(40);
    let count = allocations(|| {
        let mut delineator = Delineator::new(atm_cell::delineation::Config { scrambled: false, ..Default::default() }).unwrap();
        let mut cells = 0;
        for piece in [&stream[..], &[0xff; 999], &stream[7..]] {
            let mut input = piece;
            while let Some(event) = delineator.poll(&mut input) {
                cells += u32::from(matches!(event, Event::Cell { .. }));
            }
        }
        assert!(cells > 50);
    });
    assert_eq!(count, 0);
}

#[test]
fn one_channel_is_reassembled_without_allocating() {
    let cells = line(2000);
    let mut buffer = [0; 4800];
    let count = allocations(|| {
        let mut reassembler = VcReassembler::new(vc(33), &mut buffer, CpiPolicy::Zero);
        let mut complete = 0;
        for octets in cells.iter().filter(|octets| octets[2] == 0x02 && octets[3] >> 4 == 1) {
            let view = cell::View::from_octets(octets, Interface::Uni).unwrap();
            let step = reassembler.handle_cell(view.payload_type(), view.clp(), view.payload());
            complete += u32::from(matches!(step, Step::Complete(_)));
        }
        assert_eq!(complete, 1);
    });
    assert_eq!(count, 0);
}

#[test]
fn reassembly_allocates_nothing_once_its_buffers_are_there() {
    let cells = line(9188);
    let mut reassembler = Reassembler::new(Config::default());
    let mut pass = |bulk: bool| {
        let mut complete = 0;
        if bulk {
            let mut rest = &cells[..];
            while !rest.is_empty() {
                let outcome = reassembler.handle_cells(Duration::ZERO, Interface::Uni, &mut rest);
                complete += u32::from(matches!(outcome, Outcome::Complete(_)));
            }
        }
        for octets in cells.iter().filter(|_| !bulk) {
            let view = cell::View::from_octets(octets, Interface::Uni).unwrap();
            let outcome = reassembler.handle_cell(Duration::ZERO, &view.header(), view.payload());
            complete += u32::from(matches!(outcome, Outcome::Complete(_)));
        }
        assert_eq!(complete, 4);
    };
    // One buffer more than there are channels goes round: it grows in the second pass.
    pass(false);
    pass(true);
    pass(false);
    for bulk in [false, true, false, true] {
        assert_eq!(allocations(|| pass(bulk)), 0);
    }
}

#[test]
fn switching_copying_and_policing_allocate_nothing() {
    let port = |interface| Port::new(PortConfig { interface, ..PortConfig::default() }).unwrap();
    let mut switch = Switch::new([port(Interface::Uni), port(Interface::Nni)], [Slot::EMPTY; 64], [Leaf::EMPTY; 4]);
    let cells = line(400);
    let count = allocations(|| {
        for vci in 32..35 {
            switch.connect(End::channel(0, vc(vci)), End::channel(1, vc(vci + 100))).unwrap();
        }
        for vci in [500, 600] {
            switch.add_leaf(End::channel(0, vc(35)), End::channel(1, vc(vci))).unwrap();
        }
        let conformance = Conformance::Vbr3 { pcr: 1000, cdvt: Duration::ZERO, scr: 100, mbs: 3 };
        let mut policer = Policer::new(conformance).unwrap();
        let mut frames = FrameDiscard::new();
        let (mut forwarded, mut copied) = (0, 0);
        for (number, octets) in (0..).zip(&cells) {
            let mut octets = *octets;
            policer.police_cell(Duration::from_millis(number), &mut octets);
            frames.offer(cell::View::from_octets(&octets, Interface::Uni).unwrap().payload_type(), || Room::Free);
            match switch.switch_cell(0, &mut octets) {
                Switched::Forward { .. } => forwarded += 1,
                Switched::Multipoint(multipoint) => copied += switch.copies(multipoint).count(),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((forwarded, copied), (27, 18));
        switch.disconnect(End::channel(0, vc(35))).unwrap();
    });
    assert_eq!(count, 0);
}

#[test]
fn codecs_and_errors_allocate_nothing() {
    let nsapa = [0x47; 20];
    let (mut slots, mut wire) = ([None; 4], [0; 100]);
    let count = allocations(|| {
        let mut requester = Requester::new(&mut slots, [0x6a; 16]);
        let request = requester.request(Duration::ZERO, vc(40), Flow::ALL[3], [0xff; 16]).unwrap();
        let octets = Message::new(Contents::Loopback(request)).to_octets();
        let view = oam::View::parse(&octets).unwrap();
        let Ok(Answer::Reply(reply)) = Responder::END_POINT.answer(view) else { panic!() };
        assert_eq!(crc10::compute(&reply), crc10::carried(&reply));
        requester.handle(Duration::ZERO, vc(40), Flow::ALL[3], oam::View::parse(&reply).unwrap()).unwrap();
        assert!(oam::View::parse(&[1; 48]).is_err());

        atm_cell::llc::Header::new(Protocol::Routed(EtherType::ARP)).emit(&mut wire).unwrap();
        let packet = atmarp::Header {
            protocol: atmarp::PROTOCOL_IPV4,
            operation: atmarp::Operation::REQUEST,
            source: atmarp::Station::nsapa(&nsapa, &[10, 0, 0, 1]),
            target: atmarp::Station::NULL,
        };
        let len = packet.emit(&mut wire[8..]).unwrap();
        let pdu = Pdu::parse(&wire[..8 + len]).unwrap();
        assert!(atmarp::View::parse(pdu.payload()).is_ok());
        for len in 0..8 {
            assert!(Pdu::parse(&wire[..len]).is_err());
        }
    });
    assert_eq!(count, 0);
}
