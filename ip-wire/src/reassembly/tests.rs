use std::collections::{BTreeMap, HashMap};
use std::vec;
use std::vec::Vec;

use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use proptest::prelude::*;

use super::*;
use crate::ipv6::options::{Value, Writer};
use crate::{Field, FragmentOffset, Protocol, Reaction, ipv4, ipv6};

const SECOND: Duration = Duration::from_secs(1);

fn a4() -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, 1)
}

fn b4() -> Ipv4Addr {
    Ipv4Addr::new(198, 51, 100, 2)
}

fn a6() -> Ipv6Addr {
    "2001:db8::1".parse().unwrap()
}

fn b6() -> Ipv6Addr {
    "2001:db8::2".parse().unwrap()
}

/// An IPv4 fragment of UDP with these octets at `start` (octets).
fn v4(id: u16, start: u32, more: bool, data: &[u8]) -> Vec<u8> {
    v4_of(Protocol::UDP, id, start, more, data)
}

fn v4_of(protocol: Protocol, id: u16, start: u32, more: bool, data: &[u8]) -> Vec<u8> {
    let mut header = ipv4::Header::new(a4(), b4(), protocol, data.len()).unwrap();
    header.identification = id;
    header.flags = if more { ipv4::Flags::MORE_FRAGMENTS } else { ipv4::Flags::NONE };
    header.fragment_offset = FragmentOffset::from_octets(start).unwrap();
    let mut packet = vec![0; 20 + data.len()];
    header.emit(&mut packet).unwrap();
    packet[20..].copy_from_slice(data);
    packet
}

/// An IPv6 fragment of `next` with these octets at `start` (octets).
fn v6_of(next: Protocol, id: u32, start: u32, more: bool, data: &[u8]) -> Vec<u8> {
    let header = ipv6::Header::new(a6(), b6(), Protocol::FRAGMENT, 8 + data.len()).unwrap();
    let mut packet = vec![0; 48 + data.len()];
    header.emit(&mut packet).unwrap();
    let offset = FragmentOffset::from_octets(start).unwrap();
    ipv6::fragment::Header::new(next, offset, more, id).emit(&mut packet[40..]).unwrap();
    packet[48..].copy_from_slice(data);
    packet
}

fn v6(id: u32, start: u32, more: bool, data: &[u8]) -> Vec<u8> {
    v6_of(Protocol::UDP, id, start, more, data)
}

fn octets(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 256) as u8).collect()
}

fn config() -> Config {
    Config::default()
}

fn take(reassembler: &mut Reassembler, packet: &[u8]) -> Vec<u8> {
    match reassembler.handle_fragment(SECOND, packet).unwrap() {
        Outcome::Completed(datagram) => datagram.to_vec(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_packet_that_is_no_fragment_is_the_callers() {
    let mut reassembler = Reassembler::new(config());
    assert_eq!(reassembler.handle_fragment(SECOND, &v4(1, 0, false, &octets(8))), Ok(Outcome::Whole));
    let mut plain = vec![0; 48];
    ipv6::Header::new(a6(), b6(), Protocol::UDP, 8).unwrap().emit(&mut plain).unwrap();
    assert_eq!(reassembler.handle_fragment(SECOND, &plain), Ok(Outcome::Whole));
    assert!(reassembler.is_empty());
    assert_eq!(reassembler.counters(), Counters::default());
}

#[test]
fn every_order_of_four_fragments_gives_the_datagram() {
    let data = octets(100);
    let parts = [(0, 32), (32, 64), (64, 96), (96, 100)];
    let orders = (0..24).map(|n| {
        let mut left = vec![0, 1, 2, 3];
        [left.remove(n / 6), left.remove(n % 6 / 2), left.remove(n % 2), left.remove(0)]
    });
    for order in orders {
        for version in [4, 6] {
            let mut reassembler = Reassembler::new(config());
            let packet = |index: usize| {
                let (from, to) = parts[index];
                let part = &data[from as usize..to as usize];
                if version == 4 { v4(7, from, to < 100, part) } else { v6(7, from, to < 100, part) }
            };
            for index in &order[..3] {
                assert_eq!(reassembler.handle_fragment(SECOND, &packet(*index)), Ok(Outcome::Stored));
            }
            let whole = take(&mut reassembler, &packet(order[3]));
            if version == 4 {
                let view = ipv4::View::parse(&whole).unwrap();
                view.verify_checksum().unwrap();
                assert_eq!((view.payload(), view.is_fragment(), view.total_len()), (&data[..], false, 120));
                assert_eq!(view.identification(), 7);
            } else {
                let view = ipv6::View::parse(&whole).unwrap();
                assert_eq!((view.payload(), view.next_header(), view.payload_len()), (&data[..], Protocol::UDP, 100));
            }
            assert_eq!((reassembler.len(), reassembler.octets()), (0, 0));
            assert_eq!(reassembler.next_deadline(), None);
        }
    }
}

#[test]
fn the_header_and_options_are_those_of_the_first_fragment() {
    let data = octets(24);
    let mut first = ipv4::Header::new(a4(), b4(), Protocol::UDP, 16).unwrap();
    first.options.push(&ipv4::options::Value::RouterAlert(0)).unwrap();
    first.flags = ipv4::Flags::MORE_FRAGMENTS;
    first.identification = 9;
    first.ttl = 33;
    first.set_payload_len(16).unwrap();
    let mut packet = vec![0; 40];
    first.emit(&mut packet).unwrap();
    packet[24..].copy_from_slice(&data[..16]);
    let mut reassembler = Reassembler::new(config());
    assert_eq!(reassembler.handle_fragment(SECOND, &v4(9, 16, false, &data[16..])), Ok(Outcome::Stored));
    let whole = take(&mut reassembler, &packet);
    let view = ipv4::View::parse(&whole).unwrap();
    assert_eq!((view.ttl(), view.header_len(), view.total_len()), (33, 24, 48));
    assert_eq!(view.options_octets(), [148, 4, 0, 0]);
    assert_eq!(view.payload(), data);
    view.verify_checksum().unwrap();
}

#[test]
fn headers_before_the_fragment_header_stay_and_the_last_announces_what_follows() {
    let data = octets(40);
    let mut packet = vec![0; 40 + 8 + 8 + 32];
    ipv6::Header::new(a6(), b6(), Protocol::HOP_BY_HOP, 48).unwrap().emit(&mut packet).unwrap();
    let mut writer = Writer::new(&mut packet[40..], Protocol::FRAGMENT).unwrap();
    writer.push(&Value::RouterAlert(0)).unwrap();
    writer.finish().unwrap();
    ipv6::fragment::Header::new(Protocol::UDP, FragmentOffset::ZERO, true, 5).emit(&mut packet[48..]).unwrap();
    packet[56..].copy_from_slice(&data[..32]);
    let mut reassembler = Reassembler::new(config());
    assert_eq!(reassembler.handle_fragment(SECOND, &packet), Ok(Outcome::Stored));
    // The last fragment came without the hop-by-hop header: the first one's headers count (RFC 8200 4.5).
    let whole = take(&mut reassembler, &v6(5, 32, false, &data[32..]));
    let view = ipv6::View::parse(&whole).unwrap();
    assert_eq!((view.next_header(), view.payload_len()), (Protocol::HOP_BY_HOP, 48));
    let upper = view.upper_layer().unwrap();
    assert_eq!((upper.protocol, upper.octets, upper.fragment), (Protocol::UDP, &data[..], None));
}

#[test]
fn what_fragmentation_cuts_reassembly_joins() {
    for mtu in [68, 100, 576, 1280, 1500] {
        let data = octets(4000);
        let mut header = ipv4::Header::new(a4(), b4(), Protocol::UDP, data.len()).unwrap();
        header.flags = ipv4::Flags::NONE;
        let mut packet = vec![0; 4020];
        header.emit(&mut packet).unwrap();
        packet[20..].copy_from_slice(&data);
        let mut reassembler = Reassembler::new(Config { max_fragments: 1000, ..config() });
        let mut whole = None;
        for fragment in ipv4::fragment::Fragments::new(ipv4::View::parse(&packet).unwrap(), mtu).unwrap() {
            let mut wire = vec![0; mtu as usize];
            let len = fragment.emit(&mut wire).unwrap();
            if let Outcome::Completed(datagram) = reassembler.handle_fragment(SECOND, &wire[..len]).unwrap() {
                whole = Some(datagram.to_vec());
            }
        }
        assert!(whole.as_deref() == Some(&packet[..]), "mtu {mtu}");

        let mut packet = vec![0; 4040];
        ipv6::Header::new(a6(), b6(), Protocol::UDP, data.len()).unwrap().emit(&mut packet).unwrap();
        packet[40..].copy_from_slice(&data);
        let mut whole = None;
        for fragment in ipv6::fragment::Fragments::new(&packet, mtu, 77).unwrap() {
            let mut wire = vec![0; mtu as usize];
            let len = fragment.emit(&mut wire).unwrap();
            if let Outcome::Completed(datagram) = reassembler.handle_fragment(SECOND, &wire[..len]).unwrap() {
                whole = Some(datagram.to_vec());
            }
        }
        assert!(whole.as_deref() == Some(&packet[..]), "mtu {mtu}");
    }
}

#[test]
fn an_atomic_fragment_comes_out_at_once_and_meets_no_other() {
    let mut reassembler = Reassembler::new(config());
    // A fragment with the same addresses and identification is waiting: RFC 6946 4 keeps the two apart.
    assert_eq!(reassembler.handle_fragment(SECOND, &v6(3, 8, true, &octets(8))), Ok(Outcome::Stored));
    let whole = take(&mut reassembler, &v6(3, 0, false, &octets(20)));
    let view = ipv6::View::parse(&whole).unwrap();
    assert_eq!((view.next_header(), view.payload()), (Protocol::UDP, &octets(20)[..]));
    assert_eq!(reassembler.len(), 1);
}

#[test]
fn a_duplicate_is_told_and_changes_nothing() {
    for packet in
        [v4(1, 8, true, &octets(16)), v6(1, 8, true, &octets(16)), v6(1, 0, true, &octets(16)), v4(1, 8, false, &octets(5))]
    {
        let mut reassembler = Reassembler::new(config());
        assert_eq!(reassembler.handle_fragment(SECOND, &packet), Ok(Outcome::Stored));
        let octets = reassembler.octets();
        assert_eq!(reassembler.handle_fragment(SECOND, &packet), Ok(Outcome::Duplicate));
        assert_eq!((reassembler.octets(), reassembler.counters().duplicates), (octets, 1));
    }
}

#[test]
fn overlapping_ipv6_fragments_discard_the_datagram_and_what_comes_later() {
    // RFC 5722 4: the datagram and all its fragments, those not yet received too.
    for (start, len) in [(8, 8), (0, 32), (16, 16), (0, 8), (16, 8)] {
        let mut reassembler = Reassembler::new(config());
        assert_eq!(reassembler.handle_fragment(SECOND, &v6(1, 8, true, &octets(16))), Ok(Outcome::Stored));
        let mut other = octets(len);
        other[0] ^= 0xff;
        let outcome = reassembler.handle_fragment(SECOND, &v6(1, start, true, &other));
        assert_eq!(outcome, if start == 0 && len == 8 { Ok(Outcome::Stored) } else { Ok(Outcome::Discarded(Discard::Overlap)) });
        if start == 0 && len == 8 {
            continue;
        }
        assert_eq!(reassembler.octets(), 0);
        let late = reassembler.handle_fragment(SECOND, &v6(1, 0, true, &octets(8)));
        assert_eq!(late, Ok(Outcome::Discarded(Discard::DatagramDiscarded)));
        assert_eq!((reassembler.counters().discarded, reassembler.counters().dropped_fragments), (1, 1));
    }
}

#[test]
fn ipv4_overlaps_follow_the_policy() {
    let (first, second) = (vec![0xaa; 16], vec![0xbb; 24]);
    let mut drop = Reassembler::new(config());
    drop.handle_fragment(SECOND, &v4(1, 8, true, &first)).unwrap();
    assert_eq!(drop.handle_fragment(SECOND, &v4(1, 0, true, &second)), Ok(Outcome::Discarded(Discard::Overlap)));
    assert_eq!(drop.handle_fragment(SECOND, &v4(1, 24, false, &first)), Ok(Outcome::Discarded(Discard::DatagramDiscarded)));

    let mut wins = Reassembler::new(Config { ipv4_overlap: Overlap::FirstWins, ..config() });
    wins.handle_fragment(SECOND, &v4(1, 8, true, &first)).unwrap();
    assert_eq!(wins.handle_fragment(SECOND, &v4(1, 0, true, &second)), Ok(Outcome::Stored));
    // All of it is here already, but not as one fragment.
    assert_eq!(wins.handle_fragment(SECOND, &v4(1, 0, true, &[0xcc; 16])), Ok(Outcome::Discarded(Discard::Overlap)));
    let whole = take(&mut wins, &v4(1, 16, false, &[0xdd; 12]));
    let mut expected = vec![0xbb; 8];
    expected.extend([0xaa; 16]);
    expected.extend([0xdd; 4]);
    assert_eq!(&whole[20..], expected);
    // An IPv6 overlap discards whatever the IPv4 policy is.
    wins.handle_fragment(SECOND, &v6(1, 8, true, &first)).unwrap();
    assert_eq!(wins.handle_fragment(SECOND, &v6(1, 0, true, &second)), Ok(Outcome::Discarded(Discard::Overlap)));
}

#[test]
fn teardrop_is_discarded_under_either_policy() {
    // The attack's second fragment lies within the first: offset 24, 4 octets, of a first fragment of 36.
    let (first, second) = (v4(242, 0, true, &octets(40)), v4(242, 24, false, &octets(4)));
    let mut drop = Reassembler::new(config());
    drop.handle_fragment(SECOND, &first).unwrap();
    assert_eq!(drop.handle_fragment(SECOND, &second), Ok(Outcome::Discarded(Discard::Inconsistent)));
    assert_eq!(drop.octets(), 0);
    let mut wins = Reassembler::new(Config { ipv4_overlap: Overlap::FirstWins, ..config() });
    wins.handle_fragment(SECOND, &first).unwrap();
    assert_eq!(wins.handle_fragment(SECOND, &second), Ok(Outcome::Discarded(Discard::Inconsistent)));
    assert_eq!(
        wins.handle_fragment(SECOND, &v4(242, 40, false, &octets(4))).map(|outcome| matches!(outcome, Outcome::Completed(_))),
        Ok(true)
    );
}

#[test]
fn the_ping_of_death_is_refused_at_its_fragment_offset() {
    let mut reassembler = Reassembler::new(config());
    let needed = 65_535 - 20;
    // 65,528 + 8 - 65,515 octets too many.
    let error = reassembler.handle_fragment(SECOND, &v4(1, 65_528, false, &octets(8))).unwrap_err();
    assert_eq!(error, Error::FragmentBeyondDatagram { field: Field::Ipv4FragmentOffset, offset: 6, found: 65_536, needed });
    assert_eq!(error.reaction(), Reaction::Audit);
    let error = reassembler.handle_fragment(SECOND, &v4(1, 65_504, false, &octets(12))).unwrap_err();
    assert_eq!(error, Error::FragmentBeyondDatagram { field: Field::Ipv4FragmentOffset, offset: 6, found: 65_516, needed });
    assert_eq!(reassembler.handle_fragment(SECOND, &v4(1, 65_504, false, &octets(11))), Ok(Outcome::Stored));

    let error = reassembler.handle_fragment(SECOND, &v6(1, 65_528, false, &octets(8))).unwrap_err();
    assert_eq!(
        error,
        Error::FragmentBeyondDatagram { field: Field::Ipv6FragmentOffset, offset: 42, found: 65_536, needed: 65_535 }
    );
    assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 42 });
    assert_eq!(reassembler.handle_fragment(SECOND, &v6(1, 65_528, false, &octets(7))), Ok(Outcome::Stored));
    assert_eq!(reassembler.counters().refused, 3);
}

#[test]
fn the_largest_datagrams_complete() {
    for (version, len) in [(4u8, 65_515usize), (6, 65_535)] {
        let data = octets(len);
        let mut reassembler = Reassembler::new(config());
        let mut completed = false;
        for (index, part) in data.chunks(1024).enumerate() {
            let (start, more) = (index as u32 * 1024, (index + 1) * 1024 < len);
            let packet = if version == 4 { v4(1, start, more, part) } else { v6(1, start, more, part) };
            if let Outcome::Completed(whole) = reassembler.handle_fragment(SECOND, &packet).unwrap() {
                assert_eq!(whole.len(), if version == 4 { 65_535 } else { 65_575 });
                completed = true;
            }
        }
        assert!(completed, "version {version}");
    }
}

#[test]
fn a_payload_that_the_headers_make_too_long_is_refused_at_the_end() {
    // RFC 8200 4.5: the whole packet counts, so 8 octets of hop-by-hop header leave 65,527 for the rest.
    let data = octets(65_528);
    let mut reassembler = Reassembler::new(config());
    let mut first = vec![0; 40 + 8 + 8 + 1024];
    ipv6::Header::new(a6(), b6(), Protocol::HOP_BY_HOP, 1040).unwrap().emit(&mut first).unwrap();
    Writer::new(&mut first[40..], Protocol::FRAGMENT).unwrap().finish().unwrap();
    ipv6::fragment::Header::new(Protocol::UDP, FragmentOffset::ZERO, true, 1).emit(&mut first[48..]).unwrap();
    reassembler.handle_fragment(SECOND, &first).unwrap();
    let mut last = Ok(Outcome::Whole);
    for (index, part) in data.chunks(1024).enumerate().skip(1) {
        let packet = v6(1, index as u32 * 1024, (index + 1) * 1024 < data.len(), part);
        last = reassembler.handle_fragment(SECOND, &packet).map(|outcome| match outcome {
            Outcome::Stored => Outcome::Stored,
            _ => Outcome::Whole,
        });
    }
    let field = Field::Ipv6FragmentOffset;
    assert_eq!(last, Err(Error::FragmentBeyondDatagram { field, offset: 50, found: 65_536, needed: 65_535 }));
    assert_eq!((reassembler.len(), reassembler.octets(), reassembler.counters().discarded), (0, 0, 1));
}

#[test]
fn a_fragment_that_is_not_the_last_has_whole_units_of_eight() {
    let mut reassembler = Reassembler::new(config());
    for len in [1, 7, 9, 15, 20] {
        let error = reassembler.handle_fragment(SECOND, &v6(1, 16, true, &octets(len))).unwrap_err();
        assert_eq!(error, Error::FragmentLength { field: Field::Ipv6PayloadLength, offset: 4, found: len as u32 });
        assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 4 });
        let error = reassembler.handle_fragment(SECOND, &v4(1, 16, true, &octets(len))).unwrap_err();
        assert_eq!(error, Error::FragmentLength { field: Field::Ipv4TotalLength, offset: 2, found: len as u32 });
        assert_eq!(error.reaction(), Reaction::Audit);
    }
    let error = reassembler.handle_fragment(SECOND, &v4(1, 16, true, &[])).unwrap_err();
    assert_eq!(error, Error::LengthTooSmall { field: Field::Ipv4TotalLength, offset: 2, found: 20, needed: 28 });
    let error = reassembler.handle_fragment(SECOND, &v6(1, 16, true, &[])).unwrap_err();
    assert_eq!(error, Error::LengthTooSmall { field: Field::Ipv6PayloadLength, offset: 4, found: 8, needed: 16 });
    assert!(reassembler.is_empty());
}

#[test]
fn tiny_first_fragments_are_refused() {
    let mut reassembler = Reassembler::new(config());
    // RFC 1858: TCP flags must be in the first fragment, so 8 octets are too few and 16 are enough.
    let error = reassembler.handle_fragment(SECOND, &v4_of(Protocol::TCP, 1, 0, true, &octets(8))).unwrap_err();
    assert_eq!(error, Error::FirstFragmentTooSmall { field: Field::TcpHeader, offset: 20, found: 8, needed: 16 });
    assert_eq!(error.reaction(), Reaction::Audit);
    assert_eq!(reassembler.handle_fragment(SECOND, &v4_of(Protocol::TCP, 2, 0, true, &octets(16))), Ok(Outcome::Stored));
    // ... and a fragment at offset 1 may not overwrite them.
    let error = reassembler.handle_fragment(SECOND, &v4_of(Protocol::TCP, 2, 8, true, &octets(16))).unwrap_err();
    assert_eq!(error, Error::Value { field: Field::TcpFragmentOffset, offset: 6, found: 1, needed: 2 });
    assert_eq!(reassembler.handle_fragment(SECOND, &v4_of(Protocol::TCP, 2, 16, true, &octets(16))), Ok(Outcome::Stored));
    assert_eq!(reassembler.handle_fragment(SECOND, &v4_of(Protocol::UDP, 3, 8, true, &octets(16))), Ok(Outcome::Stored));

    let mut lenient = Reassembler::new(Config { refuse_tiny: false, ..config() });
    assert_eq!(lenient.handle_fragment(SECOND, &v4_of(Protocol::TCP, 1, 0, true, &octets(8))), Ok(Outcome::Stored));
    assert_eq!(lenient.handle_fragment(SECOND, &v4_of(Protocol::TCP, 1, 8, true, &octets(16))), Ok(Outcome::Stored));
    assert_eq!(lenient.handle_fragment(SECOND, &v6_of(Protocol::TCP, 1, 0, true, &octets(8))), Ok(Outcome::Stored));
}

#[test]
fn the_first_ipv6_fragment_holds_the_whole_header_chain() {
    // RFC 7112 5: every header up to the upper layer's, whatever that is.
    for (protocol, needed) in [(Protocol::TCP, 20), (Protocol::SCTP, 12), (Protocol::AH, 12)] {
        let mut reassembler = Reassembler::new(config());
        let error = reassembler.handle_fragment(SECOND, &v6_of(protocol, 1, 0, true, &[0; 8])).unwrap_err();
        assert_eq!(error, Error::FirstFragmentTooSmall { field: Field::Ipv6HeaderChain, offset: 48, found: 8, needed });
        assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 3, pointer: 0 });
        assert_eq!(reassembler.handle_fragment(SECOND, &v6_of(protocol, 1, 0, true, &[0; 24])), Ok(Outcome::Stored));
    }
    // A TCP header with options is longer.
    let mut reassembler = Reassembler::new(config());
    let mut tcp = [0; 24];
    tcp[12] = 0x80;
    let error = reassembler.handle_fragment(SECOND, &v6_of(Protocol::TCP, 1, 0, true, &tcp)).unwrap_err();
    assert_eq!(error, Error::FirstFragmentTooSmall { field: Field::Ipv6HeaderChain, offset: 48, found: 24, needed: 32 });
    // Destination options that go on in the next fragment: 60, then 2 units of 8 octets.
    let options = [17, 1, 1, 4, 0, 0, 0, 0];
    let error = reassembler.handle_fragment(SECOND, &v6_of(Protocol::DESTINATION_OPTIONS, 2, 0, true, &options)).unwrap_err();
    assert_eq!(error, Error::FirstFragmentTooSmall { field: Field::Ipv6HeaderChain, offset: 48, found: 8, needed: 16 });
    for protocol in [Protocol::UDP, Protocol::UDP_LITE, Protocol::ICMPV6, Protocol::ESP] {
        assert_eq!(
            reassembler.handle_fragment(SECOND, &v6_of(protocol, protocol.0.into(), 0, true, &[0; 8])),
            Ok(Outcome::Stored)
        );
    }
}

#[test]
fn a_contradiction_about_the_end_discards() {
    for (first, second) in [
        // Two last fragments that end elsewhere.
        (v6(1, 8, false, &octets(8)), v6(1, 24, false, &octets(8))),
        // A fragment past the last.
        (v6(1, 8, false, &octets(8)), v6(1, 16, true, &octets(8))),
        // A last fragment before one that is here.
        (v6(1, 64, true, &octets(8)), v6(1, 8, false, &octets(8))),
    ] {
        let mut reassembler = Reassembler::new(config());
        assert_eq!(reassembler.handle_fragment(SECOND, &first), Ok(Outcome::Stored));
        assert_eq!(reassembler.handle_fragment(SECOND, &second), Ok(Outcome::Discarded(Discard::Inconsistent)));
        assert_eq!((reassembler.octets(), reassembler.counters().discarded), (0, 1));
    }
}

#[test]
fn a_jumbogram_is_not_fragmented() {
    let mut packet = vec![0; 40 + 16 + 65_536];
    let mut header = ipv6::Header::new(a6(), b6(), Protocol::HOP_BY_HOP, 0).unwrap();
    header.payload_len = 0;
    header.emit(&mut packet).unwrap();
    let mut writer = Writer::new(&mut packet[40..], Protocol::FRAGMENT).unwrap();
    writer.push(&Value::JumboPayload(65_552)).unwrap();
    writer.finish().unwrap();
    ipv6::fragment::Header::new(Protocol::UDP, FragmentOffset::ZERO, true, 1).emit(&mut packet[48..]).unwrap();
    let error = Reassembler::new(config()).handle_fragment(SECOND, &packet).unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Ipv6FragmentHeader, offset: 48, found: 44, needed: 17 });
    assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 48 });
}

#[test]
fn identification_addresses_and_ipv4_protocol_keep_datagrams_apart() {
    let mut reassembler = Reassembler::new(config());
    let half = octets(8);
    reassembler.handle_fragment(SECOND, &v4_of(Protocol::UDP, 1, 0, true, &half)).unwrap();
    assert_eq!(reassembler.handle_fragment(SECOND, &v4_of(Protocol::UDP, 2, 8, false, &half)), Ok(Outcome::Stored));
    assert_eq!(reassembler.handle_fragment(SECOND, &v4_of(Protocol::ICMP, 1, 8, false, &half)), Ok(Outcome::Stored));
    let mut other = v4_of(Protocol::UDP, 1, 8, false, &half);
    ipv4::ViewMut::parse(&mut other).unwrap().set_source(Ipv4Addr::new(192, 0, 2, 9));
    assert_eq!(reassembler.handle_fragment(SECOND, &other), Ok(Outcome::Stored));
    let mut other = v4_of(Protocol::UDP, 1, 8, false, &half);
    ipv4::ViewMut::parse(&mut other).unwrap().set_destination(Ipv4Addr::new(192, 0, 2, 9));
    assert_eq!(reassembler.handle_fragment(SECOND, &other), Ok(Outcome::Stored));
    assert_eq!(reassembler.len(), 5);
    // In IPv6 the next header is no part of the name: the first fragment's counts.
    reassembler.handle_fragment(SECOND, &v6_of(Protocol::UDP, 1, 0, true, &half)).unwrap();
    let whole = take(&mut reassembler, &v6_of(Protocol::TCP, 1, 8, false, &half));
    assert_eq!(whole[6], Protocol::UDP.0);
}

#[test]
fn time_runs_out_from_the_first_arrival_and_the_first_fragment_is_handed_back() {
    let mut reassembler = Reassembler::new(Config { timeout: 60 * SECOND, ..config() });
    let first = v4(1, 0, true, &octets(16));
    reassembler.handle_fragment(5 * SECOND, &v4(1, 24, true, &octets(8))).unwrap();
    reassembler.handle_fragment(30 * SECOND, &first).unwrap();
    reassembler.handle_fragment(31 * SECOND, &v6(2, 8, true, &octets(8))).unwrap();
    assert_eq!(reassembler.next_deadline(), Some(65 * SECOND));
    assert_eq!(reassembler.poll_expired(65 * SECOND - Duration::from_nanos(1)), None);
    let expired = reassembler.poll_expired(65 * SECOND).unwrap();
    assert_eq!((expired.key.identification, expired.first_fragment), (1, Some(&first[..])));
    assert_eq!(reassembler.poll_expired(65 * SECOND), None);
    assert_eq!(reassembler.next_deadline(), Some(91 * SECOND));
    let expired = reassembler.poll_expired(1000 * SECOND).unwrap();
    // Without the first fragment nobody is told.
    assert_eq!((expired.key.identification, expired.first_fragment), (2, None));
    assert_eq!((reassembler.counters().expired, reassembler.octets(), reassembler.len()), (2, 0, 0));
}

#[test]
fn the_first_ipv6_fragment_is_handed_back_as_it_came() {
    let mut reassembler = Reassembler::new(config());
    let first = v6(1, 0, true, &octets(16));
    reassembler.handle_fragment(SECOND, &v6(1, 16, true, &octets(8))).unwrap();
    reassembler.handle_fragment(SECOND, &first).unwrap();
    let expired = reassembler.poll_expired(100 * SECOND).unwrap();
    assert_eq!(expired.first_fragment, Some(&first[..]));
    let mut buffer = [0; 1280];
    let time_exceeded = Reaction::TimeExceeded { code: 1 };
    let answer = crate::answer::emit(time_exceeded, &first, b6().into(), crate::answer::Arrival::Unicast, &mut buffer);
    assert_eq!(answer, Ok(crate::answer::Answer::Send(40 + 8 + first.len())));
    assert_eq!(buffer[40..42], [3, 1]);
}

#[test]
fn a_late_fragment_never_joins_a_datagram_whose_time_has_run_out() {
    let mut reassembler = Reassembler::new(Config { timeout: 60 * SECOND, ..config() });
    reassembler.handle_fragment(SECOND, &v4(1, 0, true, &octets(8))).unwrap();
    assert_eq!(reassembler.handle_fragment(61 * SECOND, &v4(1, 8, false, &octets(8))), Ok(Outcome::Stored));
    assert_eq!((reassembler.counters().expired, reassembler.len()), (1, 1));
    assert_eq!(reassembler.next_deadline(), Some(121 * SECOND));
}

#[test]
fn a_clock_that_goes_backwards_is_held() {
    let mut reassembler = Reassembler::new(Config { timeout: 60 * SECOND, ..config() });
    reassembler.handle_fragment(100 * SECOND, &v4(1, 0, true, &octets(8))).unwrap();
    reassembler.handle_fragment(10 * SECOND, &v4(2, 0, true, &octets(8))).unwrap();
    assert_eq!(reassembler.next_deadline(), Some(160 * SECOND));
    reassembler.poll_expired(160 * SECOND).unwrap();
    assert_eq!(reassembler.next_deadline(), Some(160 * SECOND));
    assert!(reassembler.poll_expired(Duration::ZERO).is_some(), "both deadlines are the same");
}

#[test]
fn past_the_cap_on_datagrams_the_oldest_goes() {
    let mut reassembler = Reassembler::new(Config { max_datagrams: 3, ..config() });
    for id in 1..=4 {
        reassembler.handle_fragment(SECOND, &v4(id, 0, true, &octets(8))).unwrap();
    }
    assert_eq!((reassembler.len(), reassembler.counters().evicted), (3, 1));
    // 1 is gone, 2 is not.
    assert_eq!(
        reassembler.handle_fragment(SECOND, &v4(2, 8, false, &octets(8))).map(|o| matches!(o, Outcome::Completed(_))),
        Ok(true)
    );
    assert_eq!(reassembler.handle_fragment(SECOND, &v4(1, 8, false, &octets(8))), Ok(Outcome::Stored));
}

#[test]
fn past_the_cap_on_octets_the_oldest_go_until_there_is_room() {
    let mut reassembler = Reassembler::new(Config { max_octets: 3 * 120, ..config() });
    for id in 1..=3 {
        // 100 octets of data and a header of 20 each.
        reassembler.handle_fragment(SECOND, &v4(id, 0, true, &octets(96))).unwrap();
    }
    assert_eq!((reassembler.len(), reassembler.octets()), (3, 3 * 116));
    reassembler.handle_fragment(SECOND, &v4(4, 0, true, &octets(160))).unwrap();
    assert_eq!((reassembler.len(), reassembler.octets(), reassembler.counters().evicted), (2, 116 + 180, 2));
    // A datagram that does not fit alone is discarded, and stays so.
    let outcome = reassembler.handle_fragment(SECOND, &v4(5, 0, true, &octets(400)));
    assert_eq!(outcome, Ok(Outcome::Discarded(Discard::TooManyOctets)));
    assert!(reassembler.octets() <= 360);
}

#[test]
fn past_the_cap_on_pieces_the_datagram_is_discarded() {
    let mut reassembler = Reassembler::new(Config { max_fragments: 4, ..config() });
    for index in 0..4 {
        assert_eq!(reassembler.handle_fragment(SECOND, &v6(1, 16 * index, true, &octets(8))), Ok(Outcome::Stored));
    }
    assert_eq!(
        reassembler.handle_fragment(SECOND, &v6(1, 64, true, &octets(8))),
        Ok(Outcome::Discarded(Discard::TooManyFragments))
    );
    assert_eq!((reassembler.octets(), reassembler.counters().discarded), (0, 1));
}

#[test]
fn octets_that_were_not_received_never_come_out() {
    // A hole of 8 octets: everything else is here, and nothing comes out.
    let mut reassembler = Reassembler::new(config());
    reassembler.handle_fragment(SECOND, &v4(1, 0, true, &[1; 8])).unwrap();
    assert_eq!(reassembler.handle_fragment(SECOND, &v4(1, 16, false, &[3; 8])), Ok(Outcome::Stored));
    let whole = take(&mut reassembler, &v4(1, 8, true, &[2; 8]));
    assert_eq!(&whole[20..], [[1; 8], [2; 8], [3; 8]].concat());
}

#[test]
fn an_empty_last_fragment_ends_the_datagram() {
    let mut reassembler = Reassembler::new(config());
    reassembler.handle_fragment(SECOND, &v4(1, 0, true, &octets(8))).unwrap();
    let whole = take(&mut reassembler, &v4(1, 8, false, &[]));
    assert_eq!(&whole[20..], octets(8));
}

/// Octet by octet, without caps: what the reassembler must do with well-formed fragments under [`Overlap::Drop`].
#[derive(Default)]
struct Model {
    octets: BTreeMap<u32, u8>,
    pieces: Vec<(u32, Vec<u8>, bool)>,
    end: Option<u32>,
    dead: bool,
}

impl Model {
    fn add(&mut self, start: u32, more: bool, data: &[u8]) -> &'static str {
        if self.dead {
            return "dead";
        }
        let end = start + data.len() as u32;
        let highest = self.octets.last_key_value().map_or(0, |(at, _)| at + 1);
        let contradiction = self.end.is_some_and(|known| end > known || (!more && end != known))
            || (self.end.is_none() && !more && end < highest);
        let seen = self.pieces.iter().any(|(s, d, _)| *s == start && d == data);
        if contradiction {
            self.dead = true;
            return "inconsistent";
        }
        if seen && (more || self.end == Some(end)) {
            return "duplicate";
        }
        if !seen && (start..end).any(|at| self.octets.contains_key(&at)) {
            self.dead = true;
            return "overlap";
        }
        self.octets.extend((start..end).zip(data.iter().copied()));
        self.pieces.push((start, data.to_vec(), more));
        if !more {
            self.end = Some(end);
        }
        let complete = self.end.is_some_and(|end| (0..end).all(|at| self.octets.contains_key(&at)));
        if complete && self.pieces.iter().any(|(start, ..)| *start == 0) { "completed" } else { "stored" }
    }
}

fn name(outcome: &Outcome<'_>) -> &'static str {
    match outcome {
        Outcome::Whole => "whole",
        Outcome::Stored => "stored",
        Outcome::Duplicate => "duplicate",
        Outcome::Completed(_) => "completed",
        Outcome::Discarded(Discard::Overlap) => "overlap",
        Outcome::Discarded(Discard::Inconsistent) => "inconsistent",
        Outcome::Discarded(Discard::DatagramDiscarded) => "dead",
        Outcome::Discarded(_) => "capped",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_fragments_do_what_the_model_does(
        steps in proptest::collection::vec((0u32..3, 0u32..8, 1usize..4, any::<bool>(), 0u8..3, any::<bool>()), 1..60),
        version_6: bool,
    ) {
        let mut reassembler = Reassembler::new(Config { refuse_tiny: false, ..config() });
        let mut models: HashMap<u32, Model> = HashMap::new();
        for (id, unit, units, more, fill, short) in steps {
            let start = unit * 8;
            let len = units * 8 - if short && !more { 3 } else { 0 };
            if start == 0 && !more {
                continue; // A whole packet.
            }
            let data = vec![fill; len];
            let packet = if version_6 { v6(id, start, more, &data) } else { v4(id as u16, start, more, &data) };
            let model = models.entry(id).or_default();
            let expected = model.add(start, more, &data);
            let outcome = reassembler.handle_fragment(SECOND, &packet).unwrap();
            prop_assert_eq!(name(&outcome), expected);
            if let Outcome::Completed(whole) = outcome {
                let payload: Vec<u8> = model.octets.values().copied().collect();
                let header = if version_6 { 40 } else { 20 };
                prop_assert_eq!(&whole[header..], &payload[..]);
                models.remove(&id);
            }
            let kept: usize = models.values().filter(|model| !model.dead).map(|model| model.octets.len()).sum();
            let heads = models.values().filter(|model| !model.dead && model.pieces.iter().any(|(start, ..)| *start == 0)).count();
            prop_assert_eq!(reassembler.octets(), kept + heads * if version_6 { 48 } else { 20 });
        }
    }

    #[test]
    fn first_wins_keeps_each_octet_as_it_came_first(
        steps in proptest::collection::vec((0u32..8, 1usize..5, any::<u8>()), 1..20),
    ) {
        let mut reassembler = Reassembler::new(Config { ipv4_overlap: Overlap::FirstWins, ..config() });
        let mut expected = [None; 96];
        for (unit, units, fill) in steps {
            let start = unit * 8;
            let data = vec![fill; units * 8];
            reassembler.handle_fragment(SECOND, &v4(1, start, true, &data)).unwrap();
            for slot in &mut expected[start as usize..start as usize + data.len()] {
                *slot = slot.or(Some(fill));
            }
        }
        // Fill the holes and end the datagram.
        let outcome = reassembler.handle_fragment(SECOND, &v4(1, 0, true, &[0xee; 96])).map(|_| ());
        prop_assert_eq!(outcome, Ok(()));
        let whole = take(&mut reassembler, &v4(1, 96, false, &[0xdd; 1]));
        for (at, octet) in expected.iter().enumerate() {
            prop_assert_eq!(whole[20 + at], octet.unwrap_or(0xee));
        }
    }
}

#[test]
fn a_flood_of_a_million_fragments_stays_inside_the_caps_and_honest_datagrams_complete() {
    let config = Config { max_datagrams: 64, max_fragments: 16, max_octets: 64 << 10, ..config() };
    let mut reassembler = Reassembler::new(config);
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let junk = octets(1480);
    let mut packet = v4(0, 0, true, &junk);
    let honest = octets(64);
    let (mut completed, mut sent) = (0, 0);
    let mut now = Duration::ZERO;
    for round in 0..1_000_000u32 {
        let bits = random();
        let len = 8 * (1 + (bits >> 56) as usize % 185);
        // An attacker's fragment: any identification, offset and length, its source one of many.
        packet[2..4].copy_from_slice(&(20 + len as u16).to_be_bytes());
        packet[4..6].copy_from_slice(&(bits as u16 | 0x8000).to_be_bytes());
        packet[6..8].copy_from_slice(&(0x2000 | (bits >> 16) as u16 & 0x1eff).to_be_bytes());
        packet[15] = (bits >> 48) as u8;
        let _ = reassembler.handle_fragment(now, &packet[..20 + len]);
        assert!(reassembler.len() <= 64 && reassembler.octets() <= 64 << 10);
        if round % 100 == 0 {
            // An honest sender's two fragments, with a few of the attacker's in between.
            sent += 1;
            let id = (round / 100) as u16 & 0x7fff;
            assert_eq!(reassembler.handle_fragment(now, &v4(id, 0, true, &honest[..32])), Ok(Outcome::Stored));
            for _ in 0..8 {
                let bits = random();
                packet[2..4].copy_from_slice(&1500u16.to_be_bytes());
                packet[4..6].copy_from_slice(&(bits as u16 | 0x8000).to_be_bytes());
                let _ = reassembler.handle_fragment(now, &packet);
            }
            if let Ok(Outcome::Completed(whole)) = reassembler.handle_fragment(now, &v4(id, 32, false, &honest[32..])) {
                assert_eq!(&whole[20..], honest);
                completed += 1;
            }
        }
        now += Duration::from_micros(50);
        while reassembler.poll_expired(now).is_some() {}
    }
    assert_eq!((completed, sent), (10_000, 10_000));
    let counters = reassembler.counters();
    assert!(counters.evicted > 100_000, "{counters:?}");
    // Every packet was counted: the attacker's of both loops, and the honest ones.
    assert_eq!(counters.fragments + counters.refused, 1_000_000 + 10_000 * 10);
    assert_eq!(counters.completed, 10_000);
}
