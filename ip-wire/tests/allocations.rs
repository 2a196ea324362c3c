//! No parse, emission, rewrite, walk, fragmentation, tunnel or answer allocates: an allocator that counts proves it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ip_wire::answer::{Answer, Arrival};
use ip_wire::ipv4::fragment::Fragments as Ipv4Fragments;
use ip_wire::ipv6::fragment::Fragments as Ipv6Fragments;
use ip_wire::ipv6::options::{Value, Writer};
use ip_wire::nat::{Endpoint, Rewrite};
use ip_wire::tunnel::Tunnel;
use ip_wire::{Flow, PacketBuf, Protocol, Reaction, checksum, icmpv4, icmpv6, ip, ipv4, ipv6, tcp, udp, udp_lite};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
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
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get).wrapping_sub(before)
}

/// A TCP segment over IPv4 with options in both headers, into `out`.
fn emit_v4(out: &mut [u8]) -> usize {
    let (a, b) = ([10, 0, 0, 1].into(), [198, 51, 100, 2].into());
    let mut segment = tcp::Header::new(1234, 80);
    segment.options.push(&tcp::options::Value::MaximumSegmentSize(1460)).unwrap();
    let mut header = ipv4::Header::new(a, b, Protocol::TCP, 0).unwrap();
    header.flags = ipv4::Flags::NONE;
    header.options.push(&ipv4::options::Value::RouterAlert(0)).unwrap();
    header.set_payload_len(segment.wire_len() + 200).unwrap();
    let start = header.emit(out).unwrap();
    let len = segment.wire_len() + 200;
    let pseudo = checksum::pseudo_v4(a, b, Protocol::TCP, u16::try_from(len).unwrap());
    start + segment.emit(pseudo, &[7; 200], &mut out[start..]).unwrap()
}

/// A UDP datagram over IPv6 with an options header, into `out`.
fn emit_v6(out: &mut [u8]) -> usize {
    let (a, b) = ([0xfd; 16].into(), [0x20; 16].into());
    let mut options = Writer::new(&mut out[40..], Protocol::UDP).unwrap();
    options.push(&Value::HomeAddress([9; 16].into())).unwrap();
    let options = options.finish().unwrap();
    let payload = options + 8 + 1400;
    ipv6::Header::new(a, b, Protocol::DESTINATION_OPTIONS, payload).unwrap().emit(out).unwrap();
    let pseudo = checksum::pseudo_v6(a, b, Protocol::UDP, 1408);
    40 + options + udp::Header::new(1234, 53).emit(pseudo, &[7; 1400], &mut out[40 + options..]).unwrap()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn emission_and_parsing_allocate_nothing() {
    let mut wire = [0; 2048];
    let count = allocations(|| {
        let len = emit_v4(&mut wire);
        let view = ipv4::View::parse(&wire[..len]).unwrap();
        view.verify_checksum().unwrap();
        view.verify_options().unwrap();
        let segment = tcp::View::parse(view.payload()).unwrap();
        assert_eq!(segment.options().filter_map(|option| option.ok()?.value().ok()).count(), 1);
        let again = ipv4::Header::from(view);
        let mut out = [0; 60];
        assert_eq!(again.emit(&mut out), Ok(view.header_len()));

        let len = emit_v6(&mut wire);
        let packet = ip::Packet::parse(&wire[..len]).unwrap();
        let upper = packet.upper_layer().unwrap();
        let datagram = udp::View::parse(upper.octets).unwrap();
        let pseudo = packet.pseudo_header(Protocol::UDP, datagram.datagram_len());
        datagram.verify_checksum(pseudo, udp::ZeroChecksum::Refused).unwrap();
        assert!(udp_lite::View::parse(upper.octets).is_ok() || udp_lite::View::parse_cut(upper.octets).is_ok());
        let ip::Packet::V6(view) = packet else { panic!() };
        for extension in view.extensions() {
            let options = extension.unwrap().options().unwrap();
            assert!(options.filter_map(|option| option.ok()?.value().ok()).count() > 0);
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn errors_allocate_nothing() {
    let count = allocations(|| {
        for len in 0..60 {
            assert!(ip::Packet::parse(&[0x4f; 60][..len]).is_err());
            assert!(ip::Packet::parse(&[0x65; 60][..len]).is_err());
            assert!(tcp::View::parse(&[0; 60][..len]).is_err());
        }
        let mut walk = ipv4::Options::new(&[0x83, 1, 0, 0], 20);
        assert!(walk.next().unwrap().is_err());
    });
    assert_eq!(count, 0);
}

#[test]
fn fragmentation_allocates_nothing() {
    let (mut wire, mut out) = ([0; 2048], [0; 2048]);
    let count = allocations(|| {
        let len = emit_v4(&mut wire);
        let fragments = Ipv4Fragments::new(ipv4::View::parse(&wire[..len]).unwrap(), 68).unwrap();
        assert!(fragments.map(|fragment| fragment.emit(&mut out).unwrap()).count() > 4);
        let len = emit_v6(&mut wire);
        let fragments = Ipv6Fragments::new(&wire[..len], 1280, 7).unwrap();
        assert_eq!(fragments.map(|fragment| fragment.emit(&mut out).unwrap()).count(), 2);
    });
    assert_eq!(count, 0);
}

#[test]
fn rewriting_and_flow_keys_allocate_nothing() {
    let mut wire = [0; 2048];
    let count = allocations(|| {
        let len = emit_v4(&mut wire);
        Rewrite::source(Endpoint::new([203, 0, 113, 7].into(), 40_000)).apply(&mut wire[..len]).unwrap();
        assert_eq!(Flow::from_ip(&wire[..len]).unwrap().key.source_port(), Some(40_000));
        let len = emit_v6(&mut wire);
        Rewrite::destination(Endpoint::new([0x30; 16].into(), 5353)).apply(&mut wire[..len]).unwrap();
        assert_eq!(Flow::from_ip(&wire[..len]).unwrap().key.destination_port(), Some(5353));
        let mut view = ipv4::ViewMut::parse(&mut wire[..0]);
        assert!(view.as_mut().is_err());
    });
    assert_eq!(count, 0);
}

#[test]
fn tunnels_allocate_nothing() {
    let mut storage = [0; 2048];
    let count = allocations(|| {
        let mut tunnel = Tunnel::new([0x11; 16].into(), [0x22; 16].into()).unwrap();
        tunnel.encapsulation_limit = Some(4);
        let far = Tunnel::new(tunnel.remote(), tunnel.local()).unwrap();
        let len = emit_v4(&mut storage[100..]);
        let mut packet = PacketBuf::new(&mut storage[..], 100, len).unwrap();
        tunnel.encapsulate(&mut packet, 7).unwrap();
        assert_eq!(packet.len(), len + 48);
        far.decapsulate(&mut packet).unwrap();
        assert_eq!(packet.len(), len);
    });
    assert_eq!(count, 0);
}

#[test]
fn answers_and_the_quotes_in_them_allocate_nothing() {
    let (mut wire, mut out) = ([0; 2048], [0; 1280]);
    let count = allocations(|| {
        let len = emit_v4(&mut wire);
        let source = [203, 0, 113, 1].into();
        let answer = ip_wire::answer::emit(Reaction::TimeExceeded { code: 0 }, &wire[..len], source, Arrival::Unicast, &mut out);
        let Ok(Answer::Send(sent)) = answer else { panic!() };
        let packet = ip::Packet::parse(&out[..sent]).unwrap();
        assert!(Flow::of_icmp_error(&packet).unwrap().is_ok());
        assert!(icmpv4::View::parse(&out[20..sent]).unwrap().message().is_ok());
        let back = Rewrite::destination(Endpoint::new([10, 9, 9, 9].into(), 7));
        back.apply(&mut out[..sent]).unwrap();
        let len = emit_v6(&mut wire);
        let source = [0x44; 16].into();
        let answer =
            ip_wire::answer::emit(Reaction::PacketTooBig { mtu: 1280 }, &wire[..len], source, Arrival::Unicast, &mut out);
        let Ok(Answer::Send(sent)) = answer else { panic!() };
        assert!(icmpv6::View::parse(&out[40..sent]).unwrap().message().is_ok());
    });
    assert_eq!(count, 0);
}
