use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::checksum::Checksum;

mod fragment;
mod options;

/// RFC 791 figure 5: 21 octets, identification 111, time 123, protocol 1. Addresses and checksum are ours.
const FIGURE_5: [u8; 21] = [0x45, 0, 0, 21, 0, 111, 0, 0, 123, 1, 0xbb, 0x75, 192, 0, 2, 1, 192, 0, 2, 2, 0xda];

/// A well-known header whose checksum is b861.
const KNOWN: [u8; 20] = [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];

/// The checksum by RFC 1071, word by word, the checksum field taken as zero.
fn model_checksum(header: &[u8]) -> u16 {
    let mut sum = 0u32;
    for (index, pair) in header.chunks(2).enumerate() {
        if index != 5 {
            sum += u32::from(pair[0]) << 8 | u32::from(pair[1]);
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[test]
fn the_datagram_of_rfc_791_figure_5_reads_as_drawn() {
    let view = View::parse(&FIGURE_5).unwrap();
    assert_eq!(view.header_len(), 20);
    assert_eq!(view.ds().0, 0);
    assert_eq!(view.total_len(), 21);
    assert_eq!(view.identification(), 111);
    assert_eq!(view.flags(), Flags::NONE);
    assert_eq!(view.fragment_offset(), FragmentOffset::ZERO);
    assert!(!view.is_fragment());
    assert_eq!(view.ttl(), 123);
    assert_eq!(view.protocol(), Protocol::ICMP);
    assert_eq!(view.source(), Ipv4Addr::new(192, 0, 2, 1));
    assert_eq!(view.destination(), Ipv4Addr::new(192, 0, 2, 2));
    assert_eq!(view.final_destination(), Ipv4Addr::new(192, 0, 2, 2));
    assert!(view.options_octets().is_empty());
    assert_eq!(view.options().count(), 0);
    assert_eq!(view.payload(), [0xda]);
    assert_eq!(view.checksum(), model_checksum(&FIGURE_5[..20]));
    assert_eq!(view.verify_checksum(), Ok(()));
}

#[test]
fn figure_5_is_emitted_octet_for_octet() {
    let header = Header {
        ds: DsField(0),
        total_len: 21,
        identification: 111,
        flags: Flags::NONE,
        fragment_offset: FragmentOffset::ZERO,
        ttl: 123,
        protocol: Protocol(1),
        checksum: Checksum::Compute,
        source: Ipv4Addr::new(192, 0, 2, 1),
        destination: Ipv4Addr::new(192, 0, 2, 2),
        options: OptionList::new(),
    };
    let mut out = [0xff; 21];
    assert_eq!((header.wire_len(), header.emit(&mut out)), (20, Ok(20)));
    assert_eq!(out[..20], FIGURE_5[..20]);
    assert_eq!(out[20], 0xff, "the payload is the caller's");
}

#[test]
fn a_published_checksum_is_computed_and_verified() {
    let mut packet = vec![0u8; 0x73];
    packet[..20].copy_from_slice(&KNOWN);
    let view = View::parse(&packet).unwrap();
    assert_eq!(view.computed_checksum(), 0xb861);
    assert_eq!(view.verify_checksum(), Ok(()));
    packet[11] ^= 1;
    let error = View::parse(&packet).unwrap().verify_checksum().unwrap_err();
    assert_eq!(error, Error::Checksum { field: Field::Ipv4Checksum, offset: 10, found: 0xb860, needed: 0xb861 });
}

#[test]
fn every_single_bit_error_of_a_header_breaks_its_checksum() {
    let mut packet = vec![0u8; 0x73];
    packet[..20].copy_from_slice(&KNOWN);
    for bit in 0..160 {
        packet[bit / 8] ^= 0x80 >> (bit % 8);
        if let Ok(view) = View::parse(&packet) {
            assert!(view.verify_checksum().is_err(), "bit {bit}");
        }
        packet[bit / 8] ^= 0x80 >> (bit % 8);
    }
}

#[test]
fn a_checksum_covers_the_options_and_not_the_payload() {
    let mut packet = [0u8; 32];
    let mut header = Header::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, Protocol::UDP, 4).unwrap();
    header.options = OptionList::from_octets(&[7, 7, 4, 0, 0, 0, 0, 0]).unwrap();
    header.set_payload_len(4).unwrap();
    header.emit(&mut packet).unwrap();
    assert_eq!(View::parse(&packet).unwrap().checksum(), model_checksum(&packet[..28]));
    packet[28..].fill(0xff);
    assert_eq!(View::parse(&packet).unwrap().verify_checksum(), Ok(()));
    packet[27] = 1;
    assert!(View::parse(&packet).unwrap().verify_checksum().is_err());
}

#[test]
fn less_than_20_octets_are_truncated_at_every_length() {
    for len in 0..20 {
        let found = u32::try_from(len).unwrap();
        let error = Error::Truncated { field: Field::Ipv4Header, offset: 0, found, needed: 20 };
        assert_eq!(View::parse(&FIGURE_5[..len]), Err(error));
        assert_eq!(View::parse_lax(&FIGURE_5[..len]), Err(error));
        assert_eq!(error.reaction(), crate::Reaction::Discard);
    }
}

#[test]
fn every_version_but_4_is_refused() {
    let mut packet = FIGURE_5;
    for version in 0..16u8 {
        packet[0] = version << 4 | 5;
        let expected = Err(Error::Version { field: Field::Ipv4Version, offset: 0, found: version, needed: 4 });
        match version {
            4 => assert!(View::parse(&packet).is_ok()),
            _ => assert_eq!(View::parse(&packet), expected),
        }
    }
}

/// Every IHL with every total length up to 70 in a buffer of 64 octets, by the rules of RFC 791 3.1 and RFC 1122 3.2.1.
#[test]
fn every_header_length_with_every_total_length() {
    let mut packet = [0u8; 64];
    for ihl in 0..16u8 {
        for total in 0..70u16 {
            packet[0] = 0x40 | ihl;
            [packet[2], packet[3]] = total.to_be_bytes();
            let header = u32::from(ihl) * 4;
            let parsed = View::parse(&packet);
            if ihl < 5 {
                let (field, found) = (Field::Ipv4Ihl, u32::from(ihl));
                assert_eq!(parsed, Err(Error::LengthTooSmall { field, offset: 0, found, needed: 5 }));
            } else if u32::from(total) < header {
                let (field, found) = (Field::Ipv4TotalLength, u32::from(total));
                assert_eq!(parsed, Err(Error::LengthTooSmall { field, offset: 2, found, needed: header }));
            } else if total > 64 {
                let (field, needed) = (Field::Ipv4TotalLength, u32::from(total));
                assert_eq!(parsed, Err(Error::LengthBeyondBuffer { field, offset: 2, found: 64, needed }));
                let reading = View::parse_lax(&packet).unwrap();
                assert_eq!(reading.missing(), needed - 64);
                assert_eq!(reading.into_view().payload().len(), 64 - header as usize);
            } else {
                let view = parsed.unwrap();
                assert_eq!(view.header_len(), header as usize);
                assert_eq!(view.options_octets().len(), header as usize - 20);
                assert_eq!(view.payload().len(), usize::from(total) - header as usize);
                assert_eq!(View::parse_lax(&packet), Ok(Reading::Complete(view)));
            }
        }
    }
}

#[test]
fn options_that_the_buffer_does_not_hold_are_truncated() {
    let mut packet = [0u8; 60];
    packet[0] = 0x4f;
    packet[3] = 60;
    for len in 20..60usize {
        let error = View::parse(&packet[..len]).unwrap_err();
        let (field, found) = (Field::Ipv4Options, u32::try_from(len - 20).unwrap());
        assert_eq!(error, Error::Truncated { field, offset: 20, found, needed: 40 });
        assert_eq!(View::parse_lax(&packet[..len]), Err(error));
    }
    assert_eq!(View::parse(&packet).unwrap().options_octets().len(), 40);
}

#[test]
fn a_cut_packet_says_how_much_is_missing_at_every_octet() {
    let mut packet = [7u8; 50];
    let header = Header::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, Protocol::UDP, 30).unwrap();
    header.emit(&mut packet).unwrap();
    for len in 20..50usize {
        let missing = u32::try_from(50 - len).unwrap();
        let (field, found) = (Field::Ipv4TotalLength, 50 - missing);
        let strict = View::parse(&packet[..len]).unwrap_err();
        assert_eq!(strict, Error::LengthBeyondBuffer { field, offset: 2, found, needed: 50 });
        match View::parse_lax(&packet[..len]).unwrap() {
            Reading::Truncated { view, missing: found } => {
                assert_eq!((found, view.payload()), (missing, &packet[20..len]));
            }
            Reading::Complete(_) => panic!("{missing} octets are missing"),
        }
    }
}

#[test]
fn octets_past_the_total_length_are_not_payload() {
    let mut packet = FIGURE_5.to_vec();
    packet.extend([0xee; 25]);
    assert_eq!(View::parse(&packet).unwrap().payload(), [0xda]);
    assert_eq!(ViewMut::parse(&mut packet).unwrap().payload_mut(), [0xda]);
}

#[test]
fn every_type_of_service_octet_splits_into_dscp_and_ecn() {
    let mut packet = FIGURE_5;
    for octet in 0..=255u8 {
        packet[1] = octet;
        let view = View::parse(&packet).unwrap();
        assert_eq!((view.ds().0, view.dscp().value(), view.ecn().value()), (octet, octet >> 2, octet & 3));
    }
}

#[test]
fn every_fragmentation_word_reads_and_emits_as_flags_and_offset() {
    let mut packet = FIGURE_5;
    for word in 0..=0xffffu16 {
        [packet[6], packet[7]] = word.to_be_bytes();
        let view = View::parse(&packet).unwrap();
        let flags = view.flags();
        assert_eq!((u16::from(flags.bits()), view.fragment_offset().units()), (word >> 13, word & 0x1fff));
        // RFC 791 3.1: bit 0 reserved, bit 1 DF, bit 2 MF.
        let bits = (word & 0x8000 != 0, word & 0x4000 != 0, word & 0x2000 != 0);
        assert_eq!((flags.reserved(), flags.dont_fragment(), flags.more_fragments()), bits);
        assert_eq!(view.is_fragment(), bits.2 || word & 0x1fff != 0);
        let mut out = [0; 20];
        Header::from(view).emit(&mut out).unwrap();
        assert_eq!(out, packet[..20]);
    }
}

#[test]
fn the_eight_flag_combinations_are_all_there_are() {
    for bits in 0..=255u8 {
        assert_eq!(Flags::new(bits).map(Flags::bits), (bits < 8).then_some(bits));
    }
    for a in 0..8u8 {
        for b in 0..8u8 {
            let (x, y) = (Flags::new(a).unwrap(), Flags::new(b).unwrap());
            assert_eq!((x.with(y).bits(), x.without(y).bits(), x.contains(y)), (a | b, a & !b, a & b == b));
        }
    }
    assert_eq!((Flags::MORE_FRAGMENTS.bits(), Flags::DONT_FRAGMENT.bits(), Flags::RESERVED.bits()), (1, 2, 4));
}

#[test]
fn a_new_header_is_an_atomic_datagram() {
    let header = Header::new(Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST, Protocol::TCP, 1000).unwrap();
    assert_eq!((header.total_len, header.ttl, header.identification), (1020, 64, 0));
    assert_eq!((header.flags, header.fragment_offset), (Flags::DONT_FRAGMENT, FragmentOffset::ZERO));
    assert_eq!((header.source, header.destination), (Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST));
    assert_eq!((header.protocol, header.ds.0, header.checksum), (Protocol::TCP, 0, Checksum::Compute));
}

#[test]
fn the_largest_datagram_has_65535_octets() {
    let new = |len| Header::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, Protocol::UDP, len);
    assert_eq!(new(65_515).unwrap().total_len, 65_535);
    let error = Error::DoesNotFit { field: Field::Ipv4TotalLength, found: 65_536, needed: 65_535 };
    assert_eq!(new(65_516), Err(error));
    assert_eq!(error.reaction(), crate::Reaction::None);
    let mut header = new(0).unwrap();
    header.options = OptionList::from_octets(&[1]).unwrap();
    assert_eq!(header.set_payload_len(65_512), Err(error));
    assert_eq!(header.total_len, 20, "it stays as it was");
    assert_eq!(header.set_payload_len(65_511), Ok(()));
    assert_eq!(header.total_len, 65_535);
}

#[test]
fn emission_refuses_a_small_buffer_and_a_total_length_below_the_header() {
    let mut header = Header::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, Protocol::UDP, 0).unwrap();
    header.options = OptionList::from_octets(&[1, 1, 1, 0]).unwrap();
    let mut out = [0xaa; 24];
    let error = Error::LengthTooSmall { field: Field::Ipv4TotalLength, offset: 2, found: 20, needed: 24 };
    assert_eq!(header.emit(&mut out), Err(error));
    header.total_len = 24;
    let error = Error::BufferTooSmall { field: Field::Ipv4Header, found: 23, needed: 24 };
    assert_eq!(header.emit(&mut out[..23]), Err(error));
    assert_eq!(out, [0xaa; 24], "nothing is written");
    assert_eq!(header.emit(&mut out), Ok(24));
    assert_eq!(out[0], 0x46);
}

#[test]
fn a_wrong_checksum_is_kept_as_it_was() {
    let mut packet = FIGURE_5;
    packet[10] ^= 0x40;
    let header = Header::from(View::parse(&packet).unwrap());
    assert_eq!(header.checksum, Checksum::Verbatim(0xfb75));
    let mut out = [0; 20];
    header.emit(&mut out).unwrap();
    assert_eq!(out, packet[..20]);
}

#[cfg(feature = "bytes")]
#[test]
fn put_appends_what_emit_writes() {
    let header = Header::from(View::parse(&FIGURE_5).unwrap());
    let mut buffer = bytes::BytesMut::from(&b"x"[..]);
    assert_eq!(header.put(&mut buffer), Ok(20));
    assert_eq!((buffer[0], &buffer[1..]), (b'x', &FIGURE_5[..20]));
    let mut small = &mut [0u8; 19][..];
    let error = Error::BufferTooSmall { field: Field::Buffer, found: 19, needed: 20 };
    assert_eq!(header.put(&mut small), Err(error));
    assert_eq!(small.len(), 19, "nothing is appended");
}

type Change = fn(&mut ViewMut<'_>);

const CHANGES: [(&str, Change); 11] = [
    ("ds", |view| view.set_ds(DsField(0xb9))),
    ("dscp", |view| view.set_dscp(Dscp::EF)),
    ("ecn", |view| view.set_ecn(Ecn::Ce)),
    ("identification", |view| view.set_identification(0xbeef)),
    ("DF set", |view| view.set_dont_fragment(true)),
    ("DF cleared", |view| view.set_dont_fragment(false)),
    ("TTL", |view| view.set_ttl(200)),
    ("TTL less one", |view| assert_eq!(view.decrement_ttl(), Ok(122))),
    ("source", |view| view.set_source(Ipv4Addr::new(203, 0, 113, 99))),
    ("destination", |view| view.set_destination(Ipv4Addr::new(255, 255, 255, 254))),
    ("both", |view| {
        view.set_source(Ipv4Addr::UNSPECIFIED);
        view.set_destination(Ipv4Addr::BROADCAST);
    }),
];

#[test]
fn setters_keep_a_right_checksum_right() {
    for (name, change) in CHANGES {
        let mut packet = FIGURE_5;
        change(&mut ViewMut::parse(&mut packet).unwrap());
        assert_eq!(View::parse(&packet).unwrap().checksum(), model_checksum(&packet[..20]), "{name}");
        assert_eq!(packet[20], 0xda);
    }
}

#[test]
fn setters_keep_a_wrong_checksum_wrong_by_the_same_amount() {
    // The difference of two checksums in ones' complement arithmetic.
    let off_by = |packet: &[u8]| {
        let found = u32::from(View::parse(packet).unwrap().checksum());
        (found + 0xffff - u32::from(model_checksum(&packet[..20]))) % 0xffff
    };
    for (name, change) in CHANGES {
        for wrong in [1u16, 0x1234, 0x8000, 0xfffe] {
            let mut packet = FIGURE_5;
            let checksum = u16::from_be_bytes([packet[10], packet[11]]).wrapping_add(wrong);
            [packet[10], packet[11]] = checksum.to_be_bytes();
            let before = off_by(&packet);
            change(&mut ViewMut::parse(&mut packet).unwrap());
            assert_eq!(off_by(&packet), before, "{name} with {wrong}");
        }
    }
}

#[test]
fn each_setter_changes_its_field_and_the_checksum_alone() {
    let places: [&[usize]; 11] = [
        &[1],
        &[1],
        &[1],
        &[4, 5],
        &[6],
        &[6],
        &[8],
        &[8],
        &[12, 13, 14, 15],
        &[16, 17, 18, 19],
        &[12, 13, 14, 15, 16, 17, 18, 19],
    ];
    for ((name, change), places) in CHANGES.into_iter().zip(places) {
        let mut packet = FIGURE_5;
        change(&mut ViewMut::parse(&mut packet).unwrap());
        for at in 0..21 {
            if packet[at] != FIGURE_5[at] {
                assert!([10, 11].contains(&at) || places.contains(&at), "{name}: octet {at}");
            }
        }
    }
    let mut packet = FIGURE_5;
    packet[1] = 0b1011_1001;
    packet[6] = 0xbf;
    let mut view = ViewMut::parse(&mut packet).unwrap();
    view.set_dscp(Dscp::new(1).unwrap());
    assert_eq!(view.view().ds().0, 0b0000_0101);
    view.set_ecn(Ecn::Ect0);
    assert_eq!(view.view().ds().0, 0b0000_0110);
    view.set_dont_fragment(true);
    assert_eq!((view.view().flags().bits(), view.view().fragment_offset().units()), (7, 0x1f00));
    view.set_dont_fragment(false);
    assert_eq!(view.view().flags().bits(), 5);
    view.set_identification(0xbeef);
    view.set_source(Ipv4Addr::new(1, 2, 3, 4));
    view.set_destination(Ipv4Addr::new(5, 6, 7, 8));
    assert_eq!(view.view().identification(), 0xbeef);
    assert_eq!((view.view().source(), view.view().destination()), (Ipv4Addr::new(1, 2, 3, 4), Ipv4Addr::new(5, 6, 7, 8)));
}

#[test]
fn a_forwarded_packet_needs_more_than_one_hop() {
    for ttl in 0..=255u8 {
        let mut packet = FIGURE_5;
        packet[8] = ttl;
        let before = packet;
        let result = ViewMut::parse(&mut packet).unwrap().decrement_ttl();
        if ttl > 1 {
            assert_eq!((result, packet[8]), (Ok(ttl - 1), ttl - 1));
        } else {
            let error = Error::HopLimitExceeded { field: Field::Ipv4Ttl, offset: 8, found: ttl };
            assert_eq!(result, Err(error));
            assert_eq!(error.reaction(), crate::Reaction::TimeExceeded { code: 0 });
            assert_eq!(packet, before);
        }
    }
}

#[test]
fn fill_checksum_makes_any_checksum_right() {
    let mut packet = FIGURE_5;
    packet[10] = 0x12;
    ViewMut::parse(&mut packet).unwrap().fill_checksum();
    assert_eq!(packet, FIGURE_5);
}

#[test]
fn a_cut_packet_can_be_changed_too() {
    let mut packet = FIGURE_5;
    packet[3] = 30;
    assert!(ViewMut::parse(&mut packet).is_err());
    let reading = ViewMut::parse_lax(&mut packet).unwrap();
    assert_eq!(reading.missing(), 9);
    let mut view = reading.into_view();
    view.fill_checksum();
    view.set_ttl(1);
    view.payload_mut()[0] = 0;
    assert_eq!(view.view().verify_checksum(), Ok(()));
    assert_eq!((packet[8], packet[20]), (1, 0));
}

#[test]
fn payload_to_be_changed_starts_behind_the_options() {
    let mut packet = [0u8; 26];
    packet[0] = 0x46;
    packet[3] = 26;
    ViewMut::parse(&mut packet).unwrap().payload_mut().fill(9);
    assert_eq!(packet[20..], [0, 0, 0, 0, 9, 9]);
}

fn any_header() -> impl Strategy<Value = Header> {
    let fixed = (any::<u8>(), any::<u16>(), 0u8..8, 0u16..0x2000, any::<u8>(), any::<u8>());
    let rest = (prop::option::of(any::<u16>()), any::<u32>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..=40));
    (fixed, rest, 0u16..1000).prop_map(|((ds, id, flags, offset, ttl, protocol), (checksum, from, to, options), payload)| {
        let options = OptionList::from_octets(&options).unwrap();
        Header {
            ds: DsField(ds),
            total_len: 20 + options.len() as u16 + payload,
            identification: id,
            flags: Flags::new(flags).unwrap(),
            fragment_offset: FragmentOffset::new(offset).unwrap(),
            ttl,
            protocol: Protocol(protocol),
            checksum: checksum.map_or(Checksum::Compute, Checksum::Verbatim),
            source: Ipv4Addr::from_bits(from),
            destination: Ipv4Addr::from_bits(to),
            options,
        }
    })
}

proptest! {
    #[test]
    fn what_is_emitted_reads_back_and_emits_the_same_octets(header in any_header()) {
        let mut packet = vec![0x5a; usize::from(header.total_len)];
        let len = header.emit(&mut packet).unwrap();
        prop_assert_eq!(len, header.wire_len());
        let view = View::parse(&packet).unwrap();
        prop_assert_eq!(view.header_len(), len);
        prop_assert_eq!(view.options_octets(), header.options.as_octets());
        let again = Header::from(view);
        // The list read has the padding as an option of its own.
        prop_assert_eq!(Header { checksum: header.checksum, options: header.options, ..again }, header);
        let mut out = vec![0; len];
        again.emit(&mut out).unwrap();
        prop_assert_eq!(&out[..], &packet[..len]);
        if header.checksum == Checksum::Compute {
            prop_assert_eq!(view.checksum(), model_checksum(&packet[..len]));
        }
    }

    #[test]
    fn any_octets_that_read_emit_themselves(mut octets in prop::collection::vec(any::<u8>(), 0..200), ihl in 0u8..16, total: u8) {
        if let Some(first) = octets.first_mut() {
            *first = 0x40 | ihl;
        }
        if let [_, _, high, low, ..] = &mut octets[..] {
            (*high, *low) = (0, total);
        }
        if let Ok(reading) = View::parse_lax(&octets) {
            let view = reading.into_view();
            let mut out = vec![0; view.header_len()];
            prop_assert_eq!(Header::from(view).emit(&mut out), Ok(out.len()));
            prop_assert_eq!(&out[..], &octets[..out.len()]);
            let walked: Vec<_> = view.options().collect();
            prop_assert!(walked.len() <= 40);
        }
    }
}

/// A usual packet or nearly one: octets combined with others, cut, or grown.
fn nearly(base: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![Just(1u8), Just(0x10), Just(0x20), Just(0x80), any::<u8>()];
    let flips = prop::collection::vec((prop_oneof![0..48usize, 0..8usize], octet), 0..3);
    (flips, -6..4isize).prop_map(move |(flips, behind)| {
        let mut octets = base.clone();
        for (at, octet) in flips {
            if let Some(place) = octets.get_mut(at) {
                *place ^= octet;
            }
        }
        octets.resize(octets.len().saturating_add_signed(behind), 7);
        octets
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_packet_is_read_the_same_both_ways(octets in prop_oneof![nearly(FIGURE_5.to_vec()), nearly(KNOWN[..20].to_vec())]) {
        prop_assert_eq!(View::parse(&octets), View::parse_any(&octets));
        if let Some(view) = View::usual(&octets) {
            prop_assert_eq!(View::parse_any(&octets), Ok(view));
        }
    }

    #[test]
    fn a_header_is_written_the_same_both_ways(
        ds: u8, numbers: (u16, u16), addresses: (u32, u32), ttl: u8, protocol: u8, word in 0..8u8, offset in 0..0x2000u16,
        checksum in prop::option::of(any::<u16>()), total in prop_oneof![Just(19u16), Just(20), 0..80u16, any::<u16>()], options in 0..3usize,
    ) {
        let header = Header {
            ds: DsField(ds),
            total_len: total,
            identification: numbers.0,
            flags: Flags::new(word).unwrap(),
            fragment_offset: FragmentOffset::from_low_13(offset),
            ttl,
            protocol: Protocol(protocol),
            checksum: checksum.map_or(Checksum::Compute, Checksum::Verbatim),
            source: Ipv4Addr::from_bits(addresses.0),
            destination: Ipv4Addr::from_bits(addresses.1),
            options: OptionList::from_words(&[1; 8][..options * 4]),
        };
        let (mut one, mut other) = ([0xee; 20], [0xee; 20]);
        prop_assert_eq!(header.emit_fixed(&mut one).map(|()| 20), header.emit(&mut other));
        prop_assert_eq!(one, other);
        if header.emit(&mut [0; 60]).is_ok() && options == 0 {
            let view = View::parse_any(&[&one[..], &vec![0; usize::from(total) - 20]].concat()).map(|view| Header::from(view).total_len);
            prop_assert_eq!(view, Ok(total));
            let expected = checksum.unwrap_or_else(|| model_checksum(&one));
            prop_assert_eq!(u16::from_be_bytes([one[10], one[11]]), expected);
        }
    }
}
