use std::vec;
use std::vec::Vec;

use hex_literal::hex;
use proptest::prelude::*;

use super::*;
use crate::cell::{CELL_LEN, Header, Interface, PayloadType, Vc, Vci, Vpi};
use crate::{Reaction, cell};

fn header() -> Header {
    Header::new(Interface::Uni, Vc::new(Vpi::ZERO, Vci::new(100)))
}

fn pdu_of(cells: impl IntoIterator<Item = [u8; CELL_LEN]>) -> Vec<u8> {
    cells.into_iter().flat_map(|cell| cell[5..].to_vec()).collect()
}

/// SDU, UU, CPI, trailer.
fn vectors() -> Vec<(Vec<u8>, u8, u8, [u8; 8])> {
    vec![
        (vec![0; 40], 0, 0, hex!("00000028 864D7F99")),
        (vec![0xff; 40], 0, 0, hex!("00000028 C55E457A")),
        ((1..=40).collect(), 0, 0, hex!("00000028 BF671ED0")),
        ((1..=40).collect(), 0x11, 0x22, hex!("11220028 ACBA602A")),
        (vec![0], 0, 0, hex!("00000001 3CA73976")),
        (vec![0; 39], 0, 0, hex!("00000027 BE02C224")),
        (vec![0; 41], 0, 0, hex!("00000029 5D8EEBAC")),
        (vec![0; 88], 0, 0, hex!("00000058 B9FBEBFC")),
        (vec![0; 89], 0, 0, hex!("00000059 2386B57B")),
        (hex!("AAAA030000000800").to_vec(), 0, 0, hex!("00000008 854D8D6B")),
        (vec![0xaa; 9180], 0, 0, hex!("000023DC 6035C455")),
        (vec![0; 65535], 0, 0, hex!("0000FFFF 5245070F")),
        (vec![0xff; 65535], 0, 0, hex!("0000FFFF 1DB30C81")),
    ]
}

#[test]
fn trailers_are_those_of_i_363_5_s_examples_and_the_other_vectors() {
    for (sdu, uu, cpi, trailer) in vectors() {
        let mut pdu = sdu.clone();
        pdu.resize(sdu.len() + pad_for(sdu.len()), 0);
        pdu.extend(trailer);
        assert_eq!(crc32(&pdu[..pdu.len() - 4]), u32::from_be_bytes(*trailer.last_chunk().unwrap()));
        let view = View::parse(&pdu, CpiPolicy::Any).unwrap();
        assert_eq!(view.sdu(), sdu);
        assert_eq!((view.trailer().uu, view.trailer().cpi), (uu, cpi));
        assert_eq!(view.trailer().to_octets(), trailer);
        assert_eq!(view.as_octets(), pdu);
        assert_eq!(view.pad().len(), pad_for(sdu.len()));
        if cpi == 0 {
            assert_eq!(pdu_of(Segmenter::new(&header(), &sdu, uu).unwrap()), pdu);
        }
    }
}

#[test]
fn the_number_of_cells_is_the_length_and_8_over_48_rounded_up() {
    for (len, cells, pad) in [(0, 1, 40), (1, 1, 39), (40, 1, 0), (41, 2, 47), (88, 2, 0), (89, 3, 47), (9180, 192, 28)] {
        assert_eq!((cells_for(len), pad_for(len)), (cells, pad), "{len}");
    }
    assert_eq!((MAX_CELLS, MAX_PDU), (1366, 65_568));
    assert_eq!(cells_for(usize::MAX), usize::MAX.div_ceil(48));
}

#[test]
fn the_abort_is_a_cell_of_length_0() {
    let abort = pdu_of(Segmenter::abort(&header(), &[]).unwrap());
    assert_eq!(abort[40..], hex!("00000000 386624C1"));
    assert_eq!(abort[..40], [0; 40]);
    let error = View::parse(&abort, CpiPolicy::Any).unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Aal5Length, offset: 42, found: 0, needed: 1 });
    // Behind cells that went out already, the CRC runs over them too.
    let sent = [0x5a; 96];
    let whole = [&sent[..], &pdu_of(Segmenter::abort(&header(), &sent).unwrap())].concat();
    let error = View::parse(&whole, CpiPolicy::Zero).unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Aal5Length, offset: 138, found: 0, needed: 1 });
    assert_eq!(
        Segmenter::abort(&header(), &[0; 50]).unwrap_err(),
        Error::Length { field: Field::Aal5Pdu, offset: 0, found: 50, needed: 48 }
    );
}

#[test]
fn a_cpi_other_than_0_is_an_error_of_its_own_unless_any_will_do() {
    let mut pdu: Vec<u8> = (1..=40).collect();
    pdu.extend(hex!("11220028 ACBA602A"));
    assert_eq!(
        View::parse(&pdu, CpiPolicy::Zero),
        Err(Error::Value { field: Field::Aal5Cpi, offset: 41, found: 0x22, needed: 0 })
    );
    assert!(View::parse(&pdu, CpiPolicy::Any).is_ok());
}

#[test]
fn every_cpi_but_0_is_refused() {
    let mut pdu = vec![0x42; 40];
    pdu.extend([0, 0, 0, 40, 0, 0, 0, 0]);
    for cpi in 0..=255_u8 {
        pdu[41] = cpi;
        let crc = crc32(&pdu[..44]).to_be_bytes();
        pdu[44..].copy_from_slice(&crc);
        assert_eq!(View::parse(&pdu, CpiPolicy::Zero).is_ok(), cpi == 0);
        assert_eq!(View::parse(&pdu, CpiPolicy::Any).map(|view| view.trailer().cpi), Ok(cpi));
    }
}

/// A PDU of so many octets before the trailer whose trailer claims that length and whose CRC is right.
fn pdu_claiming(octets: usize, length: u16) -> Vec<u8> {
    let mut pdu = vec![0x31; octets];
    pdu.extend([0, 0]);
    pdu.extend(length.to_be_bytes());
    pdu.extend(crc32(&pdu).to_be_bytes());
    pdu
}

#[test]
fn the_length_must_take_exactly_the_cells_there_are() {
    let length = |found, needed, offset| Error::Length { field: Field::Aal5Length, offset, found, needed };
    // Two cells hold 41 to 88 octets.
    for (claimed, expected) in [
        (40, Some(length(40, 41, 90))),
        (41, None),
        (88, None),
        (89, Some(length(89, 88, 90))),
        (65535, Some(length(65535, 88, 90))),
        (1, Some(length(1, 41, 90))),
    ] {
        assert_eq!(View::parse(&pdu_claiming(88, claimed), CpiPolicy::Zero).err(), expected, "{claimed}");
    }
    assert_eq!(View::parse(&pdu_claiming(40, 41), CpiPolicy::Zero).err(), Some(length(41, 40, 42)));
    assert_eq!(View::parse(&pdu_claiming(40, 1), CpiPolicy::Zero).err(), None);
    // 1,367 cells are more than any length takes.
    assert_eq!(
        View::parse(&pdu_claiming(1367 * 48 - 8, 65535), CpiPolicy::Zero).err(),
        Some(length(65535, 65535, 1367 * 48 - 6))
    );
    assert_eq!(View::parse(&pdu_claiming(1366 * 48 - 8, 65535), CpiPolicy::Zero).err(), None);
}

#[test]
fn octets_that_are_no_whole_cells_are_refused() {
    for len in [0, 7, 8, 47] {
        let error = Error::Truncated { field: Field::Aal5Pdu, offset: 0, found: len as u32, needed: 48 };
        assert_eq!(View::parse(&vec![0; len], CpiPolicy::Zero), Err(error));
    }
    let pdu = pdu_claiming(41, 0);
    assert_eq!(
        View::parse(&pdu, CpiPolicy::Zero),
        Err(Error::Length { field: Field::Aal5Pdu, offset: 0, found: 49, needed: 48 })
    );
    let pdu = pdu_claiming(50, 50);
    assert_eq!(
        View::parse(&pdu, CpiPolicy::Zero),
        Err(Error::Length { field: Field::Aal5Pdu, offset: 0, found: 58, needed: 48 })
    );
}

#[test]
fn every_changed_bit_is_noticed_and_the_pad_may_hold_anything() {
    let sdu: Vec<u8> = (0..50).collect();
    let pdu = pdu_of(Segmenter::new(&header(), &sdu, 9).unwrap());
    for bit in 0..pdu.len() * 8 {
        let mut pdu = pdu.clone();
        pdu[bit / 8] ^= 0x80 >> (bit % 8);
        let error = View::parse(&pdu, CpiPolicy::Any).unwrap_err();
        let length = (90 * 8..92 * 8).contains(&bit);
        assert!(matches!(error, Error::Checksum { .. } | Error::Length { .. }));
        assert!(length || matches!(error, Error::Checksum { .. }), "{bit}: {error}");
        assert_eq!(error.reaction(), Reaction::DiscardPdu);
    }
    let mut other = pdu.clone();
    other[60] = 0x77;
    let crc = crc32(&other[..92]);
    assert_eq!(
        View::parse(&other, CpiPolicy::Zero),
        Err(Error::Checksum {
            field: Field::Aal5Crc,
            offset: 92,
            found: u32::from_be_bytes(*pdu.last_chunk().unwrap()),
            needed: crc
        })
    );
    other[92..].copy_from_slice(&crc.to_be_bytes());
    let view = View::parse(&other, CpiPolicy::Zero).unwrap();
    assert_eq!(view.sdu(), sdu);
    assert_eq!(view.pad()[10], 0x77);
}

#[test]
fn cells_carry_the_header_s_congestion_and_clp_and_the_last_one_sdu_type_1() {
    let header = Header { clp: true, payload_type: PayloadType::USER_CONGESTED_0, ..header() };
    let cells: Vec<_> = Segmenter::new(&header, &[0; 100], 0).unwrap().collect();
    assert_eq!(cells.len(), 3);
    for (index, octets) in cells.iter().enumerate() {
        let view = cell::View::from_octets(octets, Interface::Uni).unwrap();
        assert_eq!(view.vc(), header.vc);
        assert!(view.clp());
        assert!(view.payload_type().congestion());
        assert_eq!(view.payload_type().sdu_type(), index == 2);
    }
    // The SDU type of the header that is given does not matter.
    let other = Header { payload_type: PayloadType::USER_CONGESTED_1, ..header };
    assert_eq!(Segmenter::new(&other, &[0; 100], 0).unwrap().collect::<Vec<_>>(), cells);
}

#[test]
fn what_cannot_be_segmented_is_refused() {
    let error = |header: &Header, sdu: &[u8]| Segmenter::new(header, sdu, 0).unwrap_err();
    assert_eq!(error(&header(), &[]), Error::Length { field: Field::Aal5Sdu, offset: 0, found: 0, needed: 1 });
    assert_eq!(error(&header(), &[0; 65536]), Error::DoesNotFit { field: Field::Aal5Sdu, found: 65536, needed: 65535 });
    let oam = Header { payload_type: PayloadType::OAM_F5_SEGMENT, ..header() };
    assert_eq!(error(&oam, &[0]), Error::Value { field: Field::PayloadType, offset: 3, found: 4, needed: 0 });
    let wide = Header { vc: Vc::new(Vpi::MAX, Vci::new(32)), ..header() };
    assert_eq!(error(&wide, &[0]), Error::DoesNotFit { field: Field::Vpi, found: 4095, needed: 255 });
    assert_eq!(
        Segmenter::with_prefix(&header(), &[0; 48], &[0], 0).unwrap_err(),
        Error::DoesNotFit { field: Field::Buffer, found: 48, needed: 47 }
    );
    assert!(Segmenter::with_prefix(&header(), &[0; 47], &[], 0).is_ok());
    let segmenter = Segmenter::new(&header(), &[0; 41], 0).unwrap();
    let mut buffer = [0xee; 106];
    assert_eq!(segmenter.emit(&mut buffer[..105]), Err(Error::BufferTooSmall { field: Field::Aal5Pdu, found: 105, needed: 106 }));
    assert_eq!(buffer, [0xee; 106]);
    assert_eq!(segmenter.emit(&mut buffer), Ok(106));
}

#[test]
fn a_trailer_goes_out_as_its_figure_has_it() {
    let trailer = Trailer { uu: 1, cpi: 2, length: 0x0304, crc: 0x0506_0708 };
    let mut buffer = [0xee; 9];
    assert_eq!(trailer.emit(&mut buffer), Ok(8));
    assert_eq!(buffer, hex!("01 02 03 04 05 06 07 08 ee"));
    assert_eq!(trailer.wire_len(), 8);
    assert_eq!(Trailer::from_octets(*buffer.first_chunk().unwrap()), trailer);
    assert_eq!(trailer.emit(&mut [0; 7]), Err(Error::BufferTooSmall { field: Field::Aal5Pdu, found: 7, needed: 8 }));
}

#[test]
fn iterator_and_buffer_give_the_same_cells_for_every_length_and_prefix() {
    let octets: Vec<u8> = (0..400_u32).map(|index| (index * 7 + 3) as u8).collect();
    for len in 1..octets.len() {
        for prefix in [0, 1, 8, 40, 47] {
            let sdu = &octets[..len];
            let (front, back) = sdu.split_at(prefix.min(len));
            let segmenter = Segmenter::with_prefix(&header(), front, back, 5).unwrap();
            assert_eq!(segmenter.cells(), cells_for(len));
            assert_eq!(segmenter.len(), cells_for(len));
            let mut buffer = vec![0xee; segmenter.wire_len()];
            assert_eq!(segmenter.emit(&mut buffer), Ok(cells_for(len) * 53));
            let cells: Vec<_> = segmenter.collect();
            assert_eq!(cells.concat(), buffer);
            for octets in &cells {
                assert!(cell::View::from_octets(octets, Interface::Uni).is_ok());
            }
            let pdu = pdu_of(cells);
            let view = View::parse(&pdu, CpiPolicy::Zero).unwrap();
            assert_eq!(view.sdu(), sdu);
            assert_eq!(view.trailer().uu, 5);
            assert!(view.pad().iter().all(|octet| *octet == 0));
        }
    }
}

#[test]
fn one_channel_reassembles_without_an_allocator() {
    let mut buffer = [0; 480];
    let vc = header().vc;
    let mut reassembler = VcReassembler::new(vc, &mut buffer, CpiPolicy::Zero);
    assert_eq!(reassembler.max_sdu(), 472);
    let feed = |reassembler: &mut VcReassembler<'_>, octets: &[u8; 53]| -> Result<Option<Vec<u8>>, Discard> {
        let view = cell::View::from_octets(octets, Interface::Uni).unwrap();
        match reassembler.handle_cell(view.payload_type(), view.clp(), view.payload()) {
            Step::Complete(sdu) => {
                assert_eq!(sdu.vc, vc);
                Ok(Some(sdu.payload.to_vec()))
            }
            Step::Discarded(discard) => Err(discard),
            Step::Pending | Step::NotUserData => Ok(None),
        }
    };
    let cells = |len: usize| Segmenter::new(&header(), &[3; 600][..len], 0).unwrap().collect::<Vec<_>>();
    let run = |reassembler: &mut VcReassembler<'_>, len| -> Vec<_> {
        cells(len).iter().map(|cell| feed(reassembler, cell)).filter(|result| *result != Ok(None)).collect()
    };
    assert_eq!(run(&mut reassembler, 472), [Ok(Some(vec![3; 472]))]);
    let discard = |reason, cells, ended| Err(Discard { vc, reason, cells, ended });
    // One octet more takes a cell more; that cell is the last one.
    assert_eq!(run(&mut reassembler, 473), [discard(Reason::TooLong, 11, true)]);
    assert_eq!(run(&mut reassembler, 530), [discard(Reason::TooLong, 11, false), discard(Reason::Skipped, 1, true)]);
    assert_eq!(run(&mut reassembler, 100), [Ok(Some(vec![3; 100]))]);
    // Giving up skips to the next end.
    assert_eq!(reassembler.give_up(Reason::Expired), None);
    let whole = cells(100);
    assert_eq!(feed(&mut reassembler, &whole[0]), Ok(None));
    assert_eq!(reassembler.give_up(Reason::Expired), Some(Discard { vc, reason: Reason::Expired, cells: 1, ended: false }));
    assert_eq!(reassembler.give_up(Reason::Expired), None);
    assert_eq!(feed(&mut reassembler, &whole[1]), Ok(None));
    assert_eq!(feed(&mut reassembler, &whole[2]), discard(Reason::Skipped, 2, true));
    assert_eq!(run(&mut reassembler, 1), [Ok(Some(vec![3; 1]))]);
}

#[test]
fn a_channel_s_sdu_has_clp_where_any_of_its_cells_had_and_the_next_one_starts_without() {
    let mut buffer = [0; 480];
    let mut reassembler = VcReassembler::new(header().vc, &mut buffer, CpiPolicy::Zero);
    let cells: Vec<_> = Segmenter::new(&header(), &[8; 90], 0).unwrap().collect();
    for marked in [Some(0), None, Some(1), Some(2), None] {
        for (index, octets) in cells.iter().enumerate() {
            let view = cell::View::from_octets(octets, Interface::Uni).unwrap();
            let step = reassembler.handle_cell(view.payload_type(), marked == Some(index), view.payload());
            assert_eq!(matches!(step, Step::Complete(_)), index == 2);
            if let Step::Complete(sdu) = step {
                assert_eq!(sdu.clp, marked.is_some());
            }
        }
    }
}

#[test]
fn a_channel_that_skips_has_nothing_to_give_up() {
    let mut buffer = [0; 48];
    let mut reassembler = VcReassembler::new(header().vc, &mut buffer, CpiPolicy::Zero);
    assert_eq!(reassembler.handle_cell(PayloadType::USER_0, false, &[0; 48]), Step::Pending);
    let too_long = Discard { vc: header().vc, reason: Reason::TooLong, cells: 2, ended: false };
    assert_eq!(reassembler.handle_cell(PayloadType::USER_0, false, &[0; 48]), Step::Discarded(too_long));
    assert_eq!(reassembler.handle_cell(PayloadType::USER_0, false, &[0; 48]), Step::Pending);
    assert_eq!(reassembler.give_up(Reason::Unfinished), None);
    let skipped = Discard { vc: header().vc, reason: Reason::Skipped, cells: 2, ended: true };
    assert_eq!(reassembler.handle_cell(PayloadType::USER_1, false, &[0; 48]), Step::Discarded(skipped));
}

#[test]
fn a_channel_s_buffer_is_used_in_whole_cells_and_up_to_the_longest_pdu() {
    let mut buffer = vec![0; 70_000];
    assert_eq!(VcReassembler::new(Vc::default(), &mut buffer[..100], CpiPolicy::Zero).max_sdu(), 88);
    assert_eq!(VcReassembler::new(Vc::default(), &mut [], CpiPolicy::Zero).max_sdu(), 0);
    assert_eq!(VcReassembler::new(Vc::default(), &mut buffer, CpiPolicy::Zero).max_sdu(), MAX_SDU);
    let mut none = VcReassembler::new(Vc::default(), &mut [], CpiPolicy::Zero);
    let step = none.handle_cell(PayloadType::USER_1, false, &[0; 48]);
    assert_eq!(step, Step::Discarded(Discard { vc: Vc::default(), reason: Reason::TooLong, cells: 1, ended: true }));
}

#[test]
fn payload_types_over_3_are_nothing_to_a_channel_s_reassembly() {
    let mut buffer = [0; 480];
    let mut reassembler = VcReassembler::new(header().vc, &mut buffer, CpiPolicy::Zero);
    let cells: Vec<_> = Segmenter::new(&header(), &[8; 90], 0).unwrap().collect();
    for (index, octets) in cells.iter().enumerate() {
        for value in 4..8 {
            let step = reassembler.handle_cell(PayloadType::new(value).unwrap(), false, &[0; 48]);
            assert_eq!(step, Step::NotUserData);
        }
        let view = cell::View::from_octets(octets, Interface::Uni).unwrap();
        let step = reassembler.handle_cell(view.payload_type(), view.clp(), view.payload());
        assert_eq!(matches!(step, Step::Complete(sdu) if sdu.payload == [8; 90]), index == 2);
    }
}

proptest! {
    #[test]
    fn the_pdu_view_never_accepts_what_its_own_rules_forbid(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(view) = View::parse(&octets, CpiPolicy::Zero) {
            prop_assert_eq!(cells_for(view.sdu().len()) * 48, octets.len());
            prop_assert_eq!(crc32(&octets[..octets.len() - 4]), view.trailer().crc);
        }
    }
}
