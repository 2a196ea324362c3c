use hex_literal::hex;
use proptest::prelude::*;

use super::*;

fn vc(vpi: u16, vci: u16) -> Vc {
    Vc::new(Vpi::new(vpi).unwrap(), Vci::new(vci))
}

#[test]
fn a_pseudo_header_reads_and_emits_as_drawn() {
    let octets = hex!("82 05 0123 aaaa03");
    let view = View::parse(&octets).unwrap();
    let header = Header::new(true, TrafficType::LLC, vc(5, 0x123));
    assert_eq!((view.header(), view.is_sent(), view.traffic(), view.vc()), (header, true, TrafficType::LLC, vc(5, 0x123)));
    assert_eq!((view.payload(), view.content()), (&octets[4..], Content::Llc));
    let mut out = [0xee; 5];
    assert_eq!((header.wire_len(), header.emit(&mut out), out), (4, Ok(4), hex!("82050123ee")));
    let error = Error::BufferTooSmall { field: Field::SunAtmHeader, found: 3, needed: 4 };
    assert_eq!(header.emit(&mut out[..3]), Err(error));
    #[cfg(feature = "bytes")]
    {
        let mut buffer = std::vec::Vec::new();
        assert_eq!((header.put(&mut buffer), &buffer[..]), (Ok(4), &octets[..4]));
    }
    assert!(size_of::<View<'_>>() <= 32);
}

/// The frames of two captures that broke an earlier reader: Wireshark reads direction, VPI and VCI likewise.
#[test]
fn captures_that_broke_others_are_read() {
    let short = hex!("30000003");
    let view = View::parse(&short).unwrap();
    assert_eq!((view.is_sent(), view.traffic(), view.vc(), view.payload()), (false, TrafficType::RAW, vc(0, 3), &[][..]));
    assert_eq!((view.header().reserved, view.content()), (3, Content::Oam));
    let overrun = hex!("d3000004 80e60300001830180201091b011b9e1b");
    let view = View::parse(&overrun).unwrap();
    assert_eq!((view.is_sent(), view.traffic(), view.vc()), (true, TrafficType::MARS, vc(0, 4)));
    assert_eq!((view.header().reserved, view.content()), (5, Content::Oam));
}

#[test]
fn less_than_four_octets_are_truncated() {
    for len in 0..4 {
        let error = Error::Truncated { field: Field::SunAtmHeader, offset: 0, found: len32(len), needed: 4 };
        assert_eq!(View::parse(&[0; 4][..len]), Err(error));
    }
    assert!(View::parse(&[0; 4]).unwrap().payload().is_empty());
}

#[test]
fn every_first_octet_and_every_vpi_survive() {
    for value in 0..=u8::MAX {
        for octets in [[value, 1, 2, 3], [1, value, 2, 3]] {
            let header = View::parse(&octets).unwrap().header();
            let mut out = [0; 4];
            assert_eq!((header.emit(&mut out), out), (Ok(4), octets));
        }
        let header = View::parse(&[value, 0, 0, 0]).unwrap().header();
        assert_eq!((header.sent, header.reserved, header.traffic.get()), (value >= 128, value >> 4 & 7, value & 15));
        assert_eq!(TrafficType::new(value).map(TrafficType::get), (value < 16).then_some(value));
    }
}

#[test]
fn what_does_not_fit_is_not_emitted() {
    let header = Header::new(false, TrafficType::RAW, vc(0, 0));
    let mut out = [0xee; 4];
    let vpi = Error::DoesNotFit { field: Field::Vpi, found: 256, needed: 255 };
    assert_eq!(Header { vc: vc(256, 0), ..header }.emit(&mut out), Err(vpi));
    let reserved = Error::DoesNotFit { field: Field::SunAtmHeader, found: 8, needed: 7 };
    assert_eq!((Header { reserved: 8, ..header }.emit(&mut out), out), (Err(reserved), [0xee; 4]));
    assert_eq!((Header { reserved: 7, vc: vc(255, 0), ..header }.emit(&mut out), out), (Ok(4), hex!("70ff0000")));
}

#[test]
fn the_traffic_type_tells_how_to_read_before_the_channel_does() {
    let content = |first: u8, vpi: u8, vci: u8| View::parse(&[first, vpi, 0, vci, 0xaa, 0xaa, 3]).unwrap().content();
    for vci in [3, 4, 5, 16, 32] {
        assert_eq!(content(1, 0, vci), Content::Lane);
        assert_eq!(content(0x82, 0, vci), Content::Llc);
        assert_eq!(content(5, 0, vci), Content::Ilmi);
        assert_eq!(content(6, 0, vci), Content::Signalling);
    }
    for first in [0, 3, 4, 7, 15, 0x80] {
        assert_eq!((content(first, 0, 5), content(first, 1, 5)), (Content::Signalling, Content::Llc));
        assert_eq!((content(first, 0, 16), content(first, 1, 16)), (Content::Ilmi, Content::Llc));
        assert_eq!(
            (content(first, 9, 3), content(first, 0, 4), content(first, 0, 6)),
            (Content::Oam, Content::Oam, Content::Llc)
        );
    }
    let values = [TrafficType::RAW, TrafficType::LANE, TrafficType::LLC, TrafficType::MARS, TrafficType::IFMP];
    assert_eq!(values.map(TrafficType::get), [0, 1, 2, 3, 4]);
    assert_eq!([TrafficType::ILMI, TrafficType::SIGNALLING].map(TrafficType::get), [5, 6]);
    assert_eq!((LINKTYPE_ATM_RFC1483, LINKTYPE_SUNATM), (100, 123));
}

#[test]
fn an_sdu_of_an_unknown_channel_is_guessed_by_its_start_and_length() {
    for llc in [hex!("aaaa03"), hex!("fefe03"), hex!("424203")] {
        assert_eq!(guess(&llc), Content::Llc);
        for bit in 0..24 {
            let mut other = llc;
            other[bit / 8] ^= 0x80 >> (bit % 8);
            assert_eq!(guess(&other), Content::Unknown, "{other:x?}");
        }
        assert_eq!(guess(&llc[..2]), Content::Unknown);
    }
    for first in 1..=u8::MAX {
        let content = |len: usize| guess(&[&[first][..], &[0; 40]].concat()[..len]);
        let (at_20, at_40) = match first {
            0x45..=0x4f => (Content::Ipv4, Content::Ipv4),
            0x60..=0x6f => (Content::Unknown, Content::Ipv6),
            _ => (Content::Unknown, Content::Unknown),
        };
        assert_eq!((content(19), content(20)), (Content::Unknown, at_20), "{first:#x}");
        assert_eq!((content(39), content(40)), (at_20, at_40), "{first:#x}");
    }
    assert_eq!((guess(&[0; 15]), guess(&[0; 16])), (Content::Unknown, Content::BridgedEthernet));
    let mut pad = [0; 16];
    pad[1] = 1;
    assert_eq!((guess(&pad), guess(&[])), (Content::Unknown, Content::Unknown));
}

proptest! {
    #[test]
    fn every_frame_survives(octets in prop::collection::vec(any::<u8>(), 4..60)) {
        let view = View::parse(&octets).unwrap();
        let mut out = std::vec![0; 4];
        view.header().emit(&mut out).unwrap();
        out.extend(view.payload());
        prop_assert_eq!(out, octets);
    }
}
