use proptest::prelude::*;

use super::*;
use crate::Reaction;

/// The sixteen header octets, worked out by hand from the generator and the parity.
const VALID: [u8; 16] = [0x00, 0x17, 0x2d, 0x3a, 0x4e, 0x59, 0x63, 0x74, 0x8b, 0x9c, 0xa6, 0xb1, 0xc5, 0xd2, 0xe8, 0xff];

fn header(sn: u8) -> Header {
    Header::new(sn >= 8, SequenceCount::new(sn % 8).unwrap())
}

fn payload(first: u8) -> [u8; 48] {
    let mut octets = core::array::from_fn(|i| i as u8);
    octets[0] = first;
    octets
}

#[test]
fn the_sixteen_sn_fields_have_their_crc_and_parity() {
    for (sn, octet) in (0..).zip(VALID) {
        let header = header(sn);
        assert_eq!((header.to_octet(), check(octet)), (octet, Check::Valid(header)));
        let mut out = [0xee; 2];
        assert_eq!((header.wire_len(), header.emit(&mut out), out), (1, Ok(1), [octet, 0xee]));
        let error = Error::BufferTooSmall { field: Field::Aal1Header, found: 0, needed: 1 };
        assert_eq!(header.emit(&mut []), Err(error));
        #[cfg(feature = "bytes")]
        {
            let mut buffer = std::vec::Vec::new();
            assert_eq!((header.put(&mut buffer), &buffer[..]), (Ok(1), &[octet][..]));
        }
    }
}

#[test]
fn of_all_256_octets_16_are_valid_128_are_one_bit_away_and_the_rest_two() {
    let mut counts = [0; 3];
    for octet in 0..=u8::MAX {
        let (sn, distance) =
            (0..).zip(VALID).map(|(sn, valid)| (sn, (valid ^ octet).count_ones())).min_by_key(|(_, d)| *d).unwrap();
        counts[distance as usize] += 1;
        let expected = match distance {
            0 => Check::Valid(header(sn)),
            1 => Check::SingleBit(header(sn)),
            _ => Check::MultiBit,
        };
        assert_eq!(check(octet), expected, "{octet:#x}");
        let octets = payload(octet);
        match View::parse(&octets) {
            Ok(view) => assert_eq!((distance, view.header(), &view.payload()[..]), (0, header(sn), &octets[1..])),
            Err(error) => {
                let needed = u32::from(VALID[usize::from(octet >> 4)] & 0xf);
                let found = u32::from(octet & 0xf);
                assert_eq!(error, Error::Checksum { field: Field::Aal1Snp, offset: 0, found, needed });
                assert_eq!((distance > 0, error.reaction()), (true, Reaction::DiscardCell));
            }
        }
        for mode in [Mode::Correction, Mode::Detection] {
            let mut receiver = Receiver { mode };
            let (after, verdict) = match (expected, mode) {
                (Check::Valid(header), _) => (Mode::Correction, Verdict::Valid(header)),
                (Check::SingleBit(header), Mode::Correction) => (Mode::Detection, Verdict::Corrected(header)),
                _ => (Mode::Detection, Verdict::Invalid),
            };
            assert_eq!((receiver.handle(octet), receiver.mode()), (verdict, after));
        }
    }
    assert_eq!(counts, [16, 128, 112]);
}

#[test]
fn a_receiver_starts_in_correction_mode_and_corrects_no_second_error_in_a_row() {
    let mut receiver = Receiver::new();
    assert_eq!((receiver, receiver.mode()), (Receiver::default(), Mode::Correction));
    assert_eq!(receiver.handle(0x17 ^ 0x80), Verdict::Corrected(header(1)));
    assert_eq!(receiver.handle(0x2d ^ 0x01), Verdict::Invalid);
    assert_eq!(receiver.handle(0x3a), Verdict::Valid(header(3)));
    assert_eq!(receiver.handle(0x4e ^ 0x10), Verdict::Corrected(header(4)));
}

#[test]
fn a_sar_pdu_is_its_header_and_47_octets() {
    let data: [u8; 47] = core::array::from_fn(|i| i as u8 + 1);
    let octets = header(13).with_payload(&data);
    assert_eq!((octets[0], &octets[1..]), (0xd2, &data[..]));
    assert_eq!(View::parse(&octets).unwrap().header(), header(13));
    assert!(size_of::<View<'_>>() <= 32);
}

#[test]
fn counts_are_three_bits() {
    assert_eq!(SequenceCount::MAX.get(), 7);
    for value in 0..=u8::MAX {
        assert_eq!(SequenceCount::new(value).map(SequenceCount::get), (value < 8).then_some(value));
    }
    for a in 0..8 {
        assert_eq!(SequenceCount(a).next().get(), (a + 1) % 8);
        for b in 0..8 {
            assert_eq!(SequenceCount(a).since(SequenceCount(b)), (8 + a - b) % 8);
        }
    }
}

#[test]
fn gaps_count_what_is_missing_modulo_8() {
    for first in 0..8 {
        for second in 0..8 {
            let mut sequence = Sequence::new();
            assert_eq!(
                (sequence.handle(SequenceCount(first)), sequence.expected().unwrap().get()),
                (Step::First, (first + 1) % 8)
            );
            let expected = match (8 + second - first + 7) % 8 {
                0 => Step::InSequence,
                lost => Step::Gap(lost),
            };
            assert_eq!(sequence.handle(SequenceCount(second)), expected);
            assert_eq!(sequence.handle(SequenceCount(second).next()), Step::InSequence);
        }
    }
    assert_eq!(Sequence::default().expected(), None);
}

#[test]
fn every_pointer_octet() {
    for octet in 0..=u8::MAX {
        let value = octet & 0x7f;
        let in_range = value <= 93 || value == 127;
        let range = Error::Value { field: Field::Aal1Pointer, offset: 0, found: value.into(), needed: 93 };
        let ignored = Pointer::from_octet(octet, PointerParity::Ignored);
        assert_eq!(ignored.map(|_| ()), if in_range { Ok(()) } else { Err(range) });
        let even = Pointer::from_octet(octet, PointerParity::Even);
        if octet.count_ones() % 2 == 1 {
            let needed = u32::from(octet ^ 0x80);
            assert_eq!(even, Err(Error::Checksum { field: Field::Aal1Pointer, offset: 0, found: octet.into(), needed }));
        } else {
            assert_eq!(even, ignored);
            if let Ok(pointer) = even {
                assert_eq!(pointer.to_octet(PointerParity::Even), octet);
            }
        }
        if let Ok(pointer) = ignored {
            assert_eq!((pointer.to_octet(PointerParity::Ignored), pointer.offset()), (value, (value != 127).then_some(value)));
        }
        assert_eq!(Pointer::new(octet).map(|pointer| pointer.offset()), (octet <= 93).then_some(Some(octet)));
    }
    assert_eq!((Pointer::DUMMY.to_octet(PointerParity::Even), PointerParity::default()), (0xff, PointerParity::Even));
}

#[test]
fn pointers_stand_in_payloads_of_even_counts_with_csi() {
    for sn in 0..16u8 {
        let mut octets = payload(VALID[usize::from(sn)]);
        octets[1] = 0x81;
        let view = View::parse(&octets).unwrap();
        let p_format = [8, 10, 12, 14].contains(&sn);
        assert_eq!(view.header().is_pointer_format(), p_format);
        match view.structured(PointerParity::Even).unwrap() {
            Structured::P(pointer, data) => assert_eq!((p_format, pointer.offset(), &data[..]), (true, Some(1), &octets[2..])),
            Structured::NonP(data) => assert_eq!((p_format, data), (false, view.payload())),
        }
        octets[1] = 0x01;
        let error = Error::Checksum { field: Field::Aal1Pointer, offset: 1, found: 1, needed: 0x81 };
        let found = View::parse(&octets).unwrap().structured(PointerParity::Even).map(|_| ());
        assert_eq!(found, if p_format { Err(error) } else { Ok(()) });
        assert!(View::parse(&octets).unwrap().structured(PointerParity::Ignored).is_ok());
    }
}

#[test]
fn a_time_stamp_is_the_csi_bits_of_the_odd_counts() {
    for stamp in 0..16u8 {
        for even in [false, true] {
            let mut gather = TimeStamp::new();
            for round in 0..2 {
                for count in 0..8 {
                    let csi = if count % 2 == 0 { even } else { stamp >> (3 - count / 2) & 1 == 1 };
                    let expected = (count == 7).then_some(stamp);
                    assert_eq!(gather.handle(Header::new(csi, SequenceCount(count))), expected, "{round}");
                }
            }
        }
    }
}

#[test]
fn a_time_stamp_with_a_lost_bit_never_comes() {
    for lost in [1, 3, 5, 7] {
        let mut gather = TimeStamp::default();
        for round in 0..2 {
            for count in (0..8).filter(|count| round == 1 || *count != lost) {
                let stamp = gather.handle(Header::new(true, SequenceCount(count)));
                assert_eq!(stamp, (round == 1 && count == 7).then_some(15));
            }
        }
    }
}

proptest! {
    #[test]
    fn time_stamps_come_only_of_1_3_5_7_in_order(counts in prop::collection::vec((0..8u8, any::<bool>()), 0..40)) {
        let mut gather = TimeStamp::new();
        let mut odd = std::vec::Vec::new();
        for (count, csi) in counts {
            let found = gather.handle(Header::new(csi, SequenceCount(count)));
            if count % 2 == 1 {
                odd.push((count, csi));
            }
            let expected = match odd[..] {
                [.., (1, a), (3, b), (5, c), (7, d)] if count == 7 =>
                    Some(u8::from(a) << 3 | u8::from(b) << 2 | u8::from(c) << 1 | u8::from(d)),
                _ => None,
            };
            prop_assert_eq!(found, expected);
        }
    }
}
