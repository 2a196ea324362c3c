use proptest::prelude::*;
use std::vec::Vec;

use super::*;
use crate::HostId;

/// Figure 31 by hand: version 1, option 0x5a3, padding 0, IPL 44, host 0x0102, key 0x0304, MAC a0 .. af.
const FIGURE: [u8; 24] = [
    0x2b, 0x46, 0x00, 0x2c, 0x01, 0x02, 0x03, 0x04, //
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
];

fn header() -> Header {
    let mac = core::array::from_fn(|at| 0xa0 + at as u8);
    Header { option: 0x5a3, inner_len: 20, key: KeyIndex::new(HostId(0x0102), 0x0304), mac }
}

#[test]
fn the_fields_are_where_figure_31_has_them() {
    let view = View::parse(&FIGURE).unwrap();
    assert_eq!((view.version(), view.option(), view.ipl(), view.inner_len()), (1, 0x5a3, 44, 20));
    assert_eq!(
        (view.key().host(), view.key().index(), view.mac()[..2].to_vec()),
        (HostId(0x0102), 0x0304, std::vec![0xa0, 0xa1])
    );
    assert_eq!(view.to_header(), header());
    let mut octets = [0; 25];
    assert_eq!(header().emit(&mut octets), Ok(24));
    assert_eq!((octets[..24].to_vec(), octets[24], header().wire_len()), (FIGURE.to_vec(), 0, 24));
}

#[test]
fn the_trailer_is_what_ends_the_octets() {
    let octets = [&[0xff; 20][..], &FIGURE].concat();
    assert_eq!(View::parse(&octets).unwrap().to_header(), header());
}

#[test]
fn all_values_of_the_first_half_word_are_told_apart() {
    let mut octets = FIGURE;
    for value in 0..=u16::MAX {
        octets[..2].copy_from_slice(&value.to_be_bytes());
        let expected = match (value >> 13, value & 1) {
            (1, 0) => Ok(value >> 1 & 0xfff),
            (1, _) => Err(Error::Mismatch { field: Field::Pad, offset: 1, found: 1, needed: 0 }),
            (version, _) => Err(Error::Mismatch { field: Field::Version, offset: 0, found: version.into(), needed: 1 }),
        };
        assert_eq!(View::parse(&octets).map(|view| view.option()), expected);
        if let Ok(option) = expected {
            let mut again = [0; 24];
            Header { option, ..header() }.emit(&mut again).unwrap();
            assert_eq!(again, octets);
        }
    }
}

#[test]
fn all_values_of_the_length_are_read_and_those_below_the_trailers_refused() {
    let mut octets = FIGURE;
    for ipl in 0..=u16::MAX {
        octets[2..4].copy_from_slice(&ipl.to_be_bytes());
        let found = View::parse(&octets);
        if ipl < 24 {
            let error = Error::Length { field: Field::InnerPacketLength, offset: 2, found: ipl.into(), needed: 24 };
            assert_eq!(found, Err(error));
        } else {
            assert_eq!(found.map(|view| (view.ipl(), view.inner_len())), Ok((ipl, usize::from(ipl) - 24)));
        }
    }
}

#[test]
fn errors_count_from_the_start_of_what_was_handed_in() {
    let mut octets = [&[0; 20][..], &FIGURE].concat();
    octets[20] = 0x4b;
    assert_eq!(View::parse(&octets), Err(Error::Mismatch { field: Field::Version, offset: 20, found: 2, needed: 1 }));
    octets[20..22].copy_from_slice(&[0x2b, 0x47]);
    assert_eq!(View::parse(&octets), Err(Error::Mismatch { field: Field::Pad, offset: 21, found: 1, needed: 0 }));
    octets[20..24].copy_from_slice(&[0x2b, 0x46, 0, 23]);
    let error = Error::Length { field: Field::InnerPacketLength, offset: 22, found: 23, needed: 24 };
    assert_eq!(View::parse(&octets), Err(error));
    for len in 0..24 {
        let error = Error::Truncated { field: Field::Trailer, offset: 0, found: len as u32, needed: 24 };
        assert_eq!(View::parse(&FIGURE[..len]), Err(error));
    }
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let mut octets = [0xee; 24];
    let error = Error::DoesNotFit { field: Field::InnerPacketLength, found: 65_512, needed: 65_511 };
    assert_eq!(Header { inner_len: 65_512, ..header() }.emit(&mut octets), Err(error));
    let error = Error::DoesNotFit { field: Field::Option, found: 0x1000, needed: 0x0fff };
    assert_eq!(Header { option: 0x1000, ..header() }.emit(&mut octets), Err(error));
    let error = Error::BufferTooSmall { field: Field::Trailer, found: 23, needed: 24 };
    assert_eq!(header().emit(&mut octets[..23]), Err(error));
    assert_eq!(octets, [0xee; 24]);
    assert_eq!(Header { inner_len: 65_511, option: 0x0fff, ..header() }.emit(&mut octets), Ok(24));
    assert_eq!(octets[..4], [0x3f, 0xfe, 0xff, 0xff]);
}

proptest! {
    #[test]
    fn what_is_accepted_is_emitted_again_octet_for_octet(mut octets in proptest::collection::vec(any::<u8>(), 24)) {
        octets[0] = octets[0] & 0x1f | 0x20;
        octets[1] &= 0xfe;
        if let Ok(view) = View::parse(&octets) {
            let mut again: Vec<u8> = std::vec![0; 24];
            view.to_header().emit(&mut again).unwrap();
            prop_assert_eq!(again, octets);
        }
    }
}
