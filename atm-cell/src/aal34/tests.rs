use std::vec::Vec;

use hex_literal::hex;
use proptest::prelude::*;

use super::*;
use crate::Reaction;

fn sar(segment_type: SegmentType, sequence: u8, mid: u16, li: u8) -> SarHeader {
    let (sequence, mid) = (SequenceNumber::new(sequence).unwrap(), Mid::new(mid).unwrap());
    SarHeader { segment_type, sequence, mid, li: LengthIndication::new(li).unwrap() }
}

/// The CRC-10 bit by bit over the first 374 bits.
fn model_crc(octets: &[u8; 48]) -> u16 {
    let mut crc = 0u16;
    for bit in 0..374 {
        let top = crc >> 9 ^ u16::from(octets[bit / 8] >> (7 - bit % 8) & 1);
        crc = (crc << 1 ^ if top == 1 { 0x633 } else { 0 }) & 0x3ff;
    }
    crc
}

#[test]
fn a_sar_pdu_reads_and_emits_as_drawn() {
    // ST 10, SN 1101, MID 10 0100 0110 | 44 octets | LI 101100, CRC-10.
    let mut octets = [0x5a; 48];
    octets[..2].copy_from_slice(&hex!("b646"));
    octets[46..].copy_from_slice(&hex!("b000"));
    let crc = model_crc(&octets);
    octets[46] |= (crc >> 8) as u8;
    octets[47] = crc as u8;
    let view = SarView::parse(&octets).unwrap();
    let header = sar(SegmentType::Bom, 0b1101, 0b10_0100_0110, 44);
    assert_eq!((view.header(), view.payload(), view.data()), (header, &[0x5a; 44], &[0x5a; 44][..]));
    assert_eq!(header.with_payload(&[0x5a; 44]), Ok(octets));
    let mut out = [0xee; 49];
    assert_eq!((header.wire_len(), header.emit(&[0x5a; 44], &mut out)), (48, Ok(48)));
    assert_eq!((&out[..48], out[48]), (&octets[..], 0xee));
    let error = Error::BufferTooSmall { field: Field::Aal34SarPdu, found: 47, needed: 48 };
    assert_eq!(header.emit(&[0x5a; 44], &mut out[..47]), Err(error));
    assert!(size_of::<SarView<'_>>() <= 32 && size_of::<CpcsView<'_>>() <= 32);
}

#[test]
fn every_segment_type_and_length_indication() {
    use SegmentType::{Bom, Com, Eom, Ssm};
    for (bits, segment_type, min) in [(0u8, Com, 44), (1, Eom, 4), (2, Bom, 44), (3, Ssm, 8)] {
        assert_eq!((segment_type.get(), segment_type.min_li().get()), (bits, min));
        for li in 0..64u8 {
            let mut octets = [0x11; 48];
            octets[0] = bits << 6;
            octets[46] = li << 2;
            crc10::seal(&mut octets);
            let abort = segment_type == Eom && li == 63;
            let header = sar(segment_type, 0, 0x011, li);
            assert_eq!(header.is_abort(), abort);
            if (min..=44).contains(&li) || abort {
                let view = SarView::parse(&octets).unwrap();
                let data = if abort { 0 } else { usize::from(li) };
                assert_eq!((view.header(), view.data().len(), view.payload().len()), (header, data, 44));
                assert_eq!(header.with_payload(view.payload()), Ok(octets));
            } else {
                let needed = if li < min { min } else { 44 };
                let error = Error::Length { field: Field::Aal34Length, offset: 46, found: li.into(), needed: needed.into() };
                assert_eq!((SarView::parse(&octets), header.with_payload(&[0; 44])), (Err(error), Err(error)));
                assert_eq!(error.reaction(), Reaction::DiscardCell);
            }
        }
    }
}

#[test]
fn every_header_word() {
    for word in 0..=u16::MAX {
        let mut octets = [0; 48];
        octets[..2].copy_from_slice(&word.to_be_bytes());
        octets[46] = 44 << 2;
        crc10::seal(&mut octets);
        let view = SarView::parse(&octets).unwrap();
        assert_eq!(u16::from(view.segment_type().get()), word >> 14);
        assert_eq!((u16::from(view.sequence().get()), view.mid().get()), (word >> 10 & 0xf, word & 0x3ff));
        assert_eq!(view.header().with_payload(view.payload()), Ok(octets));
    }
}

#[test]
fn bounded_numbers_refuse_what_does_not_fit() {
    for value in 0..=u16::MAX {
        assert_eq!(Mid::new(value).map(Mid::get), (value < 1024).then_some(value));
    }
    for value in 0..=u8::MAX {
        assert_eq!(SequenceNumber::new(value).map(SequenceNumber::get), (value < 16).then_some(value));
        assert_eq!(LengthIndication::new(value).map(LengthIndication::get), (value < 64).then_some(value));
    }
    for value in 0..16 {
        assert_eq!(SequenceNumber(value).next().get(), (value + 1) % 16);
    }
    let max = (Mid::MAX.get(), SequenceNumber::MAX.get(), LengthIndication::MAX.get());
    assert_eq!((max, LengthIndication::FULL.get(), LengthIndication::ABORT.get()), ((1023, 15, 63), 44, 63));
}

#[test]
fn any_wrong_bit_breaks_the_crc() {
    let good = sar(SegmentType::Ssm, 3, 77, 20).with_payload(&[0xc3; 44]).unwrap();
    for bit in 0..384 {
        let mut octets = good;
        octets[bit / 8] ^= 0x80 >> (bit % 8);
        let (found, needed) = (crc10::carried(&octets).into(), model_crc(&octets).into());
        assert_eq!(SarView::parse(&octets), Err(Error::Checksum { field: Field::Aal34Crc, offset: 46, found, needed }));
    }
}

#[test]
fn the_data_is_as_long_as_the_length_indication_says() {
    let mut out = [0xee; 48];
    for (header, expected) in [(sar(SegmentType::Eom, 0, 0, 7), 7), (sar(SegmentType::Eom, 0, 0, 63), 0)] {
        for len in 0..=100 {
            let result = header.emit(&std::vec![9; len], &mut out);
            if len == expected {
                assert_eq!(result, Ok(48));
                let view = SarView::parse(&out).unwrap();
                assert_eq!((view.data(), view.payload()[expected..].iter().all(|octet| *octet == 0)), (&[9; 7][..len], true));
            } else {
                let (found, needed) = (len32(len), len32(expected));
                assert_eq!(result, Err(Error::Length { field: Field::Aal34SarPdu, offset: 2, found, needed }));
            }
        }
    }
    let error = Error::Length { field: Field::Aal34Length, offset: 46, found: 43, needed: 44 };
    assert_eq!(sar(SegmentType::Bom, 0, 0, 43).emit(&[0; 43], &mut out), Err(error));
}

#[test]
fn a_cpcs_pdu_reads_and_emits_as_drawn() {
    let octets = hex!("00 2a 0009" "01020304050607" "ff" "00 2a 0007");
    let view = CpcsView::parse(&octets).unwrap();
    let (header, trailer) = (CpcsHeader { cpi: 0, btag: 0x2a, ba_size: 9 }, CpcsTrailer { al: 0, etag: 0x2a, length: 7 });
    assert_eq!((view.header(), view.trailer()), (header, trailer));
    assert_eq!((view.payload(), view.pad()), (&[1, 2, 3, 4, 5, 6, 7][..], &[0xff][..]));
    let mut out = [0xee; 5];
    assert_eq!((header.wire_len(), header.emit(&mut out), out), (4, Ok(4), hex!("002a0009ee")));
    assert_eq!((trailer.wire_len(), trailer.emit(&mut out), out), (4, Ok(4), hex!("002a0007ee")));
    let error = Error::BufferTooSmall { field: Field::Aal34CpcsPdu, found: 3, needed: 4 };
    assert_eq!((header.emit(&mut out[..3]), trailer.emit(&mut out[..3])), (Err(error), Err(error)));
    #[cfg(feature = "bytes")]
    {
        let mut buffer = Vec::new();
        assert_eq!(
            (header.put(&mut buffer), trailer.put(&mut buffer), buffer),
            (Ok(4), Ok(4), hex!("002a0009002a0007").to_vec())
        );
    }
}

#[test]
fn the_pad_aligns_to_four_octets() {
    for len in 0..20 {
        let pad = CpcsTrailer::pad_len(len);
        assert!(pad < 4 && (len + pad).is_multiple_of(4));
    }
}

#[test]
fn a_cpcs_pdu_with_a_wrong_field_is_refused() {
    let good = hex!("00 2a 0007 01020304050607ff 00 2a 0007");
    assert!(CpcsView::parse(&good).is_ok());
    for len in 0..8 {
        let error = Error::Truncated { field: Field::Aal34CpcsPdu, offset: 0, found: len32(len), needed: 8 };
        assert_eq!(CpcsView::parse(&good[..len]), Err(error));
    }
    assert!(CpcsView::parse(&[0; 8]).is_ok());
    let with = |at: usize, value: u8| {
        let mut octets = good;
        octets[at] = value;
        CpcsView::parse(&octets).map(|_| ())
    };
    assert_eq!(with(0, 1), Err(Error::Value { field: Field::Aal34Cpi, offset: 0, found: 1, needed: 0 }));
    assert_eq!(with(12, 1), Err(Error::Value { field: Field::Aal34Al, offset: 12, found: 1, needed: 0 }));
    assert_eq!(with(13, 0x2b), Err(Error::Value { field: Field::Aal34Tag, offset: 13, found: 0x2b, needed: 0x2a }));
    assert_eq!(with(3, 6), Err(Error::Length { field: Field::Aal34BaSize, offset: 2, found: 6, needed: 7 }));
    assert_eq!((with(3, 8), with(2, 1)), (Ok(()), Ok(())));
    for length in 0..=u8::MAX {
        let error = Error::Length { field: Field::Aal34CpcsLength, offset: 14, found: length.into(), needed: 8 };
        let mut octets = good;
        (octets[2], octets[15]) = (1, length);
        assert_eq!(CpcsView::parse(&octets).map(|_| ()), if (5..=8).contains(&length) { Ok(()) } else { Err(error) });
    }
}

proptest! {
    #[test]
    fn a_message_survives_its_segments(
        payload in prop::collection::vec(any::<u8>(), 0..300), tag in any::<u8>(), mid in 0..1024u16,
    ) {
        let len = payload.len() as u16;
        let header = CpcsHeader { cpi: 0, btag: tag, ba_size: len };
        let trailer = CpcsTrailer { al: 0, etag: tag, length: len };
        let pad = &[0; 3][..CpcsTrailer::pad_len(payload.len())];
        let pdu = [&header.to_octets()[..], &payload, pad, &trailer.to_octets()].concat();
        let last = pdu.len().div_ceil(44) - 1;
        let mut again = Vec::new();
        for (i, data) in pdu.chunks(44).enumerate() {
            let segment_type = match (i == 0, i == last) {
                (true, true) => SegmentType::Ssm,
                (true, false) => SegmentType::Bom,
                (false, true) => SegmentType::Eom,
                (false, false) => SegmentType::Com,
            };
            let mut out = [0; 48];
            sar(segment_type, i as u8 % 16, mid, data.len() as u8).emit(data, &mut out).unwrap();
            again.extend_from_slice(SarView::parse(&out).unwrap().data());
        }
        let view = CpcsView::parse(&again).unwrap();
        prop_assert_eq!((view.payload(), view.pad(), view.header(), view.trailer()), (&payload[..], pad, header, trailer));
    }
}
