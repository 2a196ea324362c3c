//! Sealing and filtering, octet for octet against packets put together by hand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;

use std::time::Duration;

use common::*;
use ip_wire::tunnel::{DontFragment, DsModel, EcnMode, HopLimit};
use ip_wire::{Dscp, ipv4};
use llpf_wire::filter::{BATCH, Config, Congestion, Policy};
use llpf_wire::{Algorithm, Error, Field, Filter, HostId, KeyIndex, KeyTable, Outer, PacketBuf, Sender, audit, seal, trailer};

const VERSIONS: [u8; 2] = [4, 6];

fn all() -> impl Iterator<Item = (Algorithm, u8, u8)> {
    Algorithm::ALL.into_iter().flat_map(|algorithm| {
        VERSIONS.into_iter().flat_map(move |outer| VERSIONS.into_iter().map(move |inner| (algorithm, outer, inner)))
    })
}

#[test]
fn a_sealed_packet_is_the_one_put_together_by_hand() {
    for (algorithm, version, of_inner) in all() {
        let mut packet = buffer(inner(of_inner));
        let done = outer(version).seal(&key(algorithm), INDEX, &mut packet, 0).unwrap();
        assert_eq!(packet.octets(), sealed(algorithm, version, of_inner), "{algorithm} {of_inner} in {version}");
        assert_eq!((done.key, usize::from(done.header_len)), (INDEX, if version == 4 { 20 } else { 40 }));
    }
}

#[test]
fn a_sender_takes_the_key_of_the_time() {
    for (algorithm, version, of_inner) in all() {
        let mut packet = buffer(inner(of_inner));
        let done = sender(algorithm, version).seal(NOW, &mut packet).unwrap();
        assert_eq!((packet.octets(), done.key), (&sealed(algorithm, version, of_inner)[..], INDEX));
    }
}

#[test]
fn a_packet_put_together_by_hand_passes_and_comes_out_untouched() {
    for (algorithm, version, of_inner) in all() {
        for policy in [any(), Policy::InPeriod { skew: Duration::ZERO }] {
            let mut filter = filter(algorithm, policy);
            let mut packet = buffer(&sealed(algorithm, version, of_inner));
            let done = filter.filter(NOW, &mut packet).unwrap();
            assert_eq!((packet.octets(), done.key, done.outer_ds.0), (inner(of_inner), INDEX, 0xba));
            assert_eq!((filter.counters().accepted, filter.counters().macs), (1, 1));
        }
    }
}

/// 1,460 octets, so that many blocks of the hash are full; MACs by Python again.
#[test]
fn the_mac_of_a_long_packet_is_the_one_computed_elsewhere() {
    let mut long = hex_literal::hex!("450005b4 00014000 4011372d c0000201 cb007109").to_vec();
    long.extend((0..1440u32).map(|at| at as u8));
    let words = hex_literal::hex!("2000 05cc ffff ffff");
    for (algorithm, mac) in [
        (Algorithm::HmacMd5, hex_literal::hex!("dfb1d17b01f4e28755afc6810ba66bf2")),
        (Algorithm::HmacSha1, hex_literal::hex!("9d3010831d57b964d57505c4f14f541f")),
        (Algorithm::HmacSha256, hex_literal::hex!("255a415957444876b2f3a36091037f5f")),
        (Algorithm::AesCmac, hex_literal::hex!("99792ccacb54f163095a57cc203c983d")),
    ] {
        let mut packet = buffer(&long);
        outer(4).seal(&key(algorithm), KeyIndex(0xffff_ffff), &mut packet, 0).unwrap();
        assert_eq!(packet.octets()[20..], [&long[..], &words, &mac].concat());
    }
}

#[test]
fn any_bit_flipped_in_inner_packet_or_trailer_is_refused_and_nothing_is_written() {
    for (algorithm, version, of_inner) in all() {
        let whole = sealed(algorithm, version, of_inner);
        let start = outer_header(version, of_inner).len();
        let mut filter = filter(algorithm, any());
        let mut storage: Vec<PacketBuf<Vec<u8>>> = Vec::new();
        for bit in start * 8..whole.len() * 8 {
            let mut octets = whole.clone();
            octets[bit / 8] ^= 0x80 >> (bit % 8);
            let mut packet = buffer(&octets);
            let error = filter.filter(NOW, &mut packet).unwrap_err();
            // Version, padding bit, length, host and index have errors of their own; the MAC sees the rest.
            let expected = match bit.checked_sub((whole.len() - 24) * 8) {
                Some(0..=2) => matches!(error, Error::Mismatch { field: Field::Version, .. }),
                Some(15) => matches!(error, Error::Mismatch { field: Field::Pad, .. }),
                Some(16..=31) => matches!(error, Error::Length { field: Field::InnerPacketLength, .. }),
                Some(32..=47) => matches!(error, Error::UnknownHost { .. }),
                Some(48..=63) => matches!(error, Error::UnknownKey { .. } | Error::Authentication),
                _ => error == Error::Authentication,
            };
            assert!(expected, "bit {bit}: {error}");
            assert_eq!((packet.octets(), packet.headroom()), (&octets[..], HEAD));
            let bare = packet.into_storage();
            assert_eq!((bare[..HEAD].to_vec(), bare[HEAD + octets.len()..].to_vec()), (vec![0xcc; HEAD], vec![0xdd; 32]));
            storage.push(buffer(&octets));
        }
        assert_eq!(filter.counters().accepted, 0);
        let mut results = llpf_wire::filter::results(storage.len());
        filter.filter_batch(NOW, &mut storage, &mut results).unwrap();
        assert!(results.iter().all(Result::is_err));
    }
}

#[test]
fn what_has_no_key_costs_no_mac() {
    let whole = sealed(Algorithm::HmacMd5, 4, 4);
    let mut filter = filter(Algorithm::HmacMd5, Policy::InPeriod { skew: Duration::from_secs(1) });
    let at = whole.len() - 20;
    let with = |host: u16, index: u16| {
        let mut octets = whole.clone();
        octets[at..at + 2].copy_from_slice(&host.to_be_bytes());
        octets[at + 2..at + 4].copy_from_slice(&index.to_be_bytes());
        octets
    };
    let index = |host, index| KeyIndex::new(HostId(host), index);
    let cases = [
        (with(0x0103, 0x0304), NOW, Error::UnknownHost { index: index(0x0103, 0x0304) }),
        (with(0, 0), NOW, Error::UnknownHost { index: index(0, 0) }),
        (with(0x0102, 0x0305), NOW, Error::UnknownKey { index: index(0x0102, 0x0305) }),
        (with(0x0102, 0xffff), NOW, Error::UnknownKey { index: index(0x0102, 0xffff) }),
        (with(0x0102, 0), NOW, Error::OutsidePeriod { index: index(0x0102, 0) }),
        (whole.clone(), NOW + Duration::from_secs(15), Error::OutsidePeriod { index: INDEX }),
    ];
    for (octets, now, error) in &cases {
        assert_eq!(filter.filter(*now, &mut buffer(octets)), Err(*error));
        let mut batch = [buffer(octets), buffer(octets)];
        let mut results = llpf_wire::filter::results(2);
        filter.filter_batch(*now, &mut batch, &mut results).unwrap();
        assert_eq!(results, [Err(*error), Err(*error)]);
        assert_eq!(batch[1].octets(), octets);
    }
    let counters = *filter.counters();
    assert_eq!((counters.macs, counters.unknown_host, counters.unknown_key, counters.outside_period), (0, 6, 6, 6));
    // A forgery for a live key costs one, alone and in a batch.
    let mut forged = whole.clone();
    forged[25] ^= 1;
    assert_eq!(filter.filter(NOW, &mut buffer(&forged)), Err(Error::Authentication));
    let mut results = llpf_wire::filter::results(2);
    filter.filter_batch(NOW, &mut [buffer(&forged), buffer(&forged)], &mut results).unwrap();
    assert_eq!((filter.counters().macs, filter.counters().forged), (3, 3));
    let empty = Filter::new(Config::default()).filter(NOW, &mut buffer(&whole));
    assert_eq!(empty, Err(Error::UnknownHost { index: INDEX }));
}

#[test]
fn lengths_that_do_not_agree_are_refused_before_the_key_is_looked_up() {
    let mut filter = Filter::new(Config::default());
    let mut refused = |octets: &[u8]| filter.filter(NOW, &mut buffer(octets)).unwrap_err();
    // An IPL that says more or less than the outer length.
    for (version, start) in [(4, 20), (6, 40)] {
        let whole = sealed(Algorithm::HmacMd5, version, 4);
        for (ipl, needed) in [(55, 56), (57, 56), (24, 56), (0xffff, 56)] {
            let mut octets = whole.clone();
            octets[start + 34..start + 36].copy_from_slice(&u16::to_be_bytes(ipl));
            let offset = start as u32 + 34;
            let error = Error::Length { field: Field::InnerPacketLength, offset, found: ipl.into(), needed };
            assert_eq!(refused(&octets), error);
        }
        let mut octets = whole.clone();
        octets[start + 32..start + 36].copy_from_slice(&[0x20, 0, 0, 23]);
        let error = Error::Length { field: Field::InnerPacketLength, offset: start as u32 + 34, found: 23, needed: 24 };
        assert_eq!(refused(&octets), error);
    }
    // An inner packet too short for an IP header of the version that the outer protocol says: 19 and 39 octets.
    for (protocol, len) in [(4u8, 19usize), (41, 39)] {
        let mut octets = outer_header(4, 4).to_vec();
        octets.extend(vec![0x45; len]);
        octets.extend([0x20, 0, 0, len as u8 + 24, 1, 2, 3, 4]);
        octets.extend([0; 16]);
        let total = octets.len() as u8;
        (octets[3], octets[9]) = (total, protocol);
        let (offset, found) = (u32::from(total) - 22, len as u32 + 24);
        let error = Error::Length { field: Field::InnerPacketLength, offset, found, needed: found + 1 };
        assert_eq!(refused(&octets), error);
    }
    // No room for a trailer.
    let mut octets = outer_header(4, 4).to_vec();
    octets.extend([0; 23]);
    octets[3] = 43;
    assert_eq!(refused(&octets), Error::Truncated { field: Field::Trailer, offset: 20, found: 23, needed: 24 });
    // A packet cut short, an empty one, and one of no IP version.
    let whole = sealed(Algorithm::HmacMd5, 4, 4);
    for octets in [&whole[..whole.len() - 1], &[], &[0x55; 60]] {
        assert!(matches!(refused(octets), Error::Ip(_)));
    }
    assert_eq!((filter.counters().macs, filter.counters().malformed), (0, 16));
}

#[test]
fn only_protocols_4_and_41_carry_trailers() {
    for protocol in 0..=255u8 {
        let mut four = sealed(Algorithm::HmacMd5, 4, 4);
        four[9] = protocol;
        let mut six = sealed(Algorithm::HmacMd5, 6, 4);
        six[6] = protocol;
        for (octets, offset) in [(four, 9), (six, 6)] {
            let outcome = filter(Algorithm::HmacMd5, any()).filter(NOW, &mut buffer(&octets));
            match protocol {
                4 => assert!(outcome.is_ok()),
                // 32 octets are too few for IPv6.
                41 => assert!(matches!(outcome, Err(Error::Length { .. }))),
                _ if offset == 6 && ip_wire::Protocol(protocol).is_extension_header() => assert!(outcome.is_err()),
                found => {
                    let error = Error::Mismatch { field: Field::Protocol, offset, found: found.into(), needed: 4 };
                    assert_eq!(outcome, Err(error));
                }
            }
        }
    }
}

#[test]
fn padding_of_the_link_behind_the_outer_packet_is_no_part_of_it() {
    for (version, of_inner) in [(4, 4), (4, 6), (6, 4), (6, 6)] {
        for padding in [1, 6, 24, 32] {
            let octets = [sealed(Algorithm::HmacSha256, version, of_inner), vec![0x2f; padding]].concat();
            let mut packet = buffer(&octets);
            filter(Algorithm::HmacSha256, any()).filter(NOW, &mut packet).unwrap();
            assert_eq!(packet.octets(), inner(of_inner));
            // And behind an inner packet that is to be sealed.
            let mut packet = buffer(&[inner(of_inner), &vec![0x2f; padding]].concat());
            sender(Algorithm::HmacSha256, version).seal(NOW, &mut packet).unwrap();
            assert_eq!(packet.octets(), sealed(Algorithm::HmacSha256, version, of_inner));
        }
    }
}

#[test]
fn options_and_extension_headers_of_the_outer_packet_go_with_it() {
    // Two words of options: NOPs.
    let whole = sealed(Algorithm::HmacMd5, 4, 4);
    let mut octets = [&whole[..20], &[1; 8], &whole[20..]].concat();
    (octets[0], octets[3]) = (0x47, octets[3] + 8);
    let mut packet = buffer(&octets);
    filter(Algorithm::HmacMd5, any()).filter(NOW, &mut packet).unwrap();
    assert_eq!(packet.octets(), INNER_4);
    // A destination options header of 8 octets: PadN.
    let whole = sealed(Algorithm::HmacMd5, 6, 6);
    let mut octets = [&whole[..40], &[41, 0, 1, 4, 0, 0, 0, 0], &whole[40..]].concat();
    (octets[5], octets[6]) = (octets[5] + 8, 60);
    let mut packet = buffer(&octets);
    filter(Algorithm::HmacMd5, any()).filter(NOW, &mut packet).unwrap();
    assert_eq!(packet.octets(), INNER_6);
    // The protocol behind the extension header, and where it stands.
    octets[40] = 17;
    let error = Error::Mismatch { field: Field::Protocol, offset: 40, found: 17, needed: 4 };
    assert_eq!(filter(Algorithm::HmacMd5, any()).filter(NOW, &mut buffer(&octets)), Err(error));
}

#[test]
fn a_tunnel_encapsulation_limit_goes_on_to_the_outer_header_and_counts_against_the_mtu() {
    // IPv6 with destination options: limit 3, then PadN, then UDP.
    let mut limited = INNER_6.to_vec();
    limited.splice(40..40, [17, 0, 4, 1, 3, 1, 1, 0]);
    (limited[5], limited[6]) = (20, 60);
    let key = key(Algorithm::HmacMd5);
    let mut packet = buffer(&limited);
    let done = outer(6).seal(&key, INDEX, &mut packet, 0).unwrap();
    assert_eq!((done.header_len, packet.len()), (48, 48 + 60 + 24));
    filter(Algorithm::HmacMd5, any()).filter(NOW, &mut packet).unwrap();
    assert_eq!(packet.octets(), limited);
    for (mtu, refused) in [(132, None), (131, Some(Error::FragmentationNeeded { found: 60, mtu: 59 }))] {
        let mut packet = buffer(&limited);
        let outcome = Outer { path_mtu: Some(mtu), ..outer(6) }.seal(&key, INDEX, &mut packet, 0);
        assert_eq!(outcome.err(), refused);
        if refused.is_some() {
            assert_eq!((packet.octets(), packet.headroom()), (&limited[..], HEAD));
        }
    }
    // At limit 0 it may not be encapsulated.
    limited[44] = 0;
    let mut packet = buffer(&limited);
    assert!(matches!(outer(6).seal(&key, INDEX, &mut packet, 0), Err(Error::Ip(ip_wire::Error::Value { .. }))));
    assert_eq!((packet.octets(), packet.tailroom()), (&limited[..], 32));
}

#[test]
fn fragments_are_refused_until_they_are_reassembled() {
    use ip_wire::reassembly::{Outcome, Reassembler};
    let long = packet(4, 1200);
    let mut sender = sender(Algorithm::HmacSha1, 4);
    sender.outer.dont_fragment = DontFragment::Clear;
    let mut whole = buffer(&long);
    sender.seal(NOW, &mut whole).unwrap();
    let mut filter = filter(Algorithm::HmacSha1, any());
    let mut reassembler = Reassembler::new(Default::default());
    let mut passed = 0;
    for fragment in ipv4::fragment::Fragments::new(ipv4::View::parse(whole.octets()).unwrap(), 576).unwrap() {
        let mut wire = vec![0; 576];
        let len = fragment.emit(&mut wire).unwrap();
        wire.truncate(len);
        let error = Error::NotReassembled { field: Field::Fragment, offset: 6 };
        assert_eq!(filter.filter(NOW, &mut buffer(&wire)), Err(error));
        if let Outcome::Completed(datagram) = reassembler.handle_fragment(NOW, &wire).unwrap() {
            let mut packet = buffer(datagram);
            filter.filter(NOW, &mut packet).unwrap();
            assert_eq!(packet.octets(), long);
            passed += 1;
        }
    }
    assert_eq!((passed, filter.counters().fragments, filter.counters().macs), (1, 3, 1));
    // IPv6: a fragment header, first fragment with more to come.
    let whole = sealed(Algorithm::HmacSha1, 6, 6);
    let mut octets = [&whole[..40], &[41, 0, 0, 1, 0, 0, 0, 7], &whole[40..]].concat();
    (octets[5], octets[6]) = (octets[5] + 8, 44);
    let refused = filter.filter(NOW, &mut buffer(&octets));
    assert!(matches!(refused, Err(Error::NotReassembled { field: Field::Fragment, .. })), "{refused:?}");
}

#[test]
fn the_other_family_needs_a_source() {
    for (version, of_inner, found, needed) in [(4, 6, 6, 4), (6, 4, 4, 6)] {
        let outer = Outer { source: None, ..outer(version) };
        let mut packet = buffer(inner(of_inner));
        let error = Error::AddressFamily { field: Field::OuterSource, found, needed };
        assert_eq!(outer.seal(&key(Algorithm::HmacMd5), INDEX, &mut packet, 0), Err(error));
        assert_eq!(packet.octets(), inner(of_inner));
        // A source of the wrong family is none.
        let wrong = Outer { source: Some(ip_wire::ip::Packet::parse(inner(of_inner)).unwrap().source()), ..outer };
        assert_eq!(wrong.seal(&key(Algorithm::HmacMd5), INDEX, &mut packet, 0), Err(error));
    }
}

#[test]
fn parameters_of_the_outer_header_are_obeyed() {
    let key = key(Algorithm::HmacMd5);
    let seal = |outer: Outer, identification| {
        let mut packet = buffer(&INNER_4);
        outer.seal(&key, INDEX, &mut packet, identification).unwrap();
        let view = ipv4::View::parse(packet.octets()).unwrap();
        view.verify_checksum().unwrap();
        (view.ds().0, view.ttl(), view.flags().dont_fragment(), view.identification())
    };
    assert_eq!(seal(outer(4), 9), (0xba, 64, true, 9));
    let changed = Outer {
        ds_model: DsModel::Pipe(Dscp::new(10).unwrap()),
        ecn_mode: EcnMode::Compatibility,
        hop_limit: HopLimit::Fixed(7),
        dont_fragment: DontFragment::Clear,
        ..outer(4)
    };
    assert_eq!(seal(changed, 0xabcd), (0x28, 7, false, 0xabcd));
    assert_eq!(seal(Outer { hop_limit: HopLimit::Copy, dont_fragment: DontFragment::Copy, ..outer(4) }, 0), (0xba, 63, true, 0));
}

#[test]
fn what_would_not_fit_the_path_is_refused_with_the_limit_unless_it_may_be_fragmented() {
    let key = key(Algorithm::HmacMd5);
    for (version, limit) in [(4, 1456), (6, 1436)] {
        let outer = Outer { path_mtu: Some(1500), ..outer(version) };
        assert_eq!((outer.max_inner_len(), seal::max_inner_len(version == 4, 1500)), (Some(limit), limit));
        for of_inner in VERSIONS {
            let fits = packet(of_inner, limit as usize - if of_inner == 4 { 20 } else { 40 });
            let mut octets = buffer(&fits);
            outer.seal(&key, INDEX, &mut octets, 0).unwrap();
            assert_eq!(octets.len(), 1500);
            let mut over = packet(of_inner, limit as usize + 1 - if of_inner == 4 { 20 } else { 40 });
            let mut octets = buffer(&over);
            let error = Error::FragmentationNeeded { found: limit + 1, mtu: limit };
            assert_eq!(outer.seal(&key, INDEX, &mut octets, 0), Err(error));
            assert_eq!(octets.octets(), over);
            let open = Outer { dont_fragment: DontFragment::Clear, ..outer };
            assert!(open.seal(&key, INDEX, &mut octets, 0).is_ok());
            // Copied from the inner packet: clear in this IPv4 one, set in that; IPv6 never lets itself be fragmented.
            let copied = Outer { dont_fragment: DontFragment::Copy, ..outer };
            if of_inner == 4 {
                over[6] &= !0x40;
                assert!(copied.seal(&key, INDEX, &mut buffer(&over), 0).is_ok());
                over[6] |= 0x40;
            }
            assert_eq!(copied.seal(&key, INDEX, &mut buffer(&over), 0), Err(error));
        }
    }
}

#[test]
fn the_longest_packet_is_sealed_and_one_octet_more_is_refused() {
    let key = key(Algorithm::HmacMd5);
    for (version, of_inner, longest) in [(4, 4, 65_491), (6, 4, 65_511), (4, 6, 65_491), (6, 6, 65_511)] {
        let header = if of_inner == 4 { 20 } else { 40 };
        let mut octets = buffer(&packet(of_inner, longest - header));
        outer(version).seal(&key, INDEX, &mut octets, 0).unwrap();
        filter(Algorithm::HmacMd5, any()).filter(NOW, &mut octets).unwrap();
        assert_eq!(octets.len(), longest);
        let mut octets = buffer(&packet(of_inner, longest + 1 - header));
        let (found, needed) = (longest as u32 + 1, longest as u32);
        let error = Error::DoesNotFit { field: Field::InnerPacket, found, needed };
        assert_eq!(outer(version).seal(&key, INDEX, &mut octets, 0), Err(error));
        assert_eq!(octets.len(), longest + 1);
    }
}

#[test]
fn without_room_nothing_is_written() {
    let key = key(Algorithm::HmacMd5);
    for (head, tail, ok) in [(20, 24, true), (19, 24, false), (20, 23, false)] {
        let storage = [&vec![0xcc; head][..], &INNER_4, &vec![0xdd; tail]].concat();
        let mut packet = PacketBuf::new(storage.clone(), head, 32).unwrap();
        let outcome = outer(4).seal(&key, INDEX, &mut packet, 0);
        assert_eq!(outcome.is_ok(), ok);
        if !ok {
            assert!(matches!(outcome, Err(Error::Ip(ip_wire::Error::BufferTooSmall { .. }))));
            assert_eq!((packet.len(), packet.into_storage()), (32, storage));
        }
    }
    // With padding behind it, the packet has it still.
    let padded = [&INNER_4[..], &[0x2f; 9]].concat();
    let mut packet = PacketBuf::new([&vec![0xcc; 19][..], &padded, &[0xdd; 24]].concat(), 19, 41).unwrap();
    assert!(outer(4).seal(&key, INDEX, &mut packet, 0).is_err());
    assert_eq!((packet.octets(), packet.tailroom()), (&padded[..], 24));
    // An IPv6 header alone, whose next header could make it a jumbogram.
    let mut alone = INNER_6[..40].to_vec();
    (alone[5], alone[6]) = (0, 0);
    let mut packet = buffer(&alone);
    let outcome = outer(6).seal(&key, INDEX, &mut packet, 0);
    assert!(outcome.is_ok() || packet.octets() == alone && outcome.unwrap_err().offset().is_none_or(|offset| offset <= 40));
    let mut nonsense = buffer(&[0x55; 40]);
    assert!(matches!(outer(4).seal(&key, INDEX, &mut nonsense, 0), Err(Error::Ip(ip_wire::Error::Version { .. }))));
}

#[test]
fn congestion_on_the_way_is_combined_only_after_the_mac_holds() {
    // ECT(0) inside, congestion experienced outside: RFC 6040 4.2 marks the inner packet.
    let mut whole = sealed(Algorithm::HmacMd5, 4, 4);
    whole[1] |= 3;
    let checksum = {
        whole[10..12].fill(0);
        ip_wire::checksum::of(&whole[..20]).to_be_bytes()
    };
    whole[10..12].copy_from_slice(&checksum);
    let mut packet = buffer(&whole);
    filter(Algorithm::HmacMd5, any()).filter(NOW, &mut packet).unwrap();
    let view = ipv4::View::parse(packet.octets()).unwrap();
    view.verify_checksum().unwrap();
    assert_eq!((view.ds().0, &packet.octets()[12..]), (0xbb, &INNER_4[12..]));
    // The same for a filter that ignores it.
    let mut ignoring = Filter::new(Config { policy: any(), congestion: Congestion::Ignore, ..Config::default() });
    ignoring.install(NOW, HostId(0x0102), &table(Algorithm::HmacMd5)).unwrap();
    let mut packet = buffer(&whole);
    let done = ignoring.filter(NOW, &mut packet).unwrap();
    assert_eq!((packet.octets(), done.outer_ds.0), (&INNER_4[..], 0xbb));
    // A forgery stays as it was.
    let mut forged = whole.clone();
    forged[40] ^= 1;
    let mut packet = buffer(&forged);
    assert_eq!(filter(Algorithm::HmacMd5, any()).filter(NOW, &mut packet), Err(Error::Authentication));
    assert_eq!(packet.octets(), forged);
    // ECT(1) outside, over ECT(0), goes inside as well.
    let mut first = sealed(Algorithm::HmacMd5, 4, 4);
    first[1] = 0xb9;
    let mut packet = buffer(&first);
    filter(Algorithm::HmacMd5, any()).filter(NOW, &mut packet).unwrap();
    assert_eq!(packet.octets()[1], 0xb9);
}

#[test]
fn a_congestion_mark_that_the_transport_does_not_understand_is_a_loss() {
    let mut sender = sender(Algorithm::HmacMd5, 4);
    let mut packet = buffer(&packet(4, 40));
    sender.seal(NOW, &mut packet).unwrap();
    packet.octets_mut()[1] |= 3;
    let before = packet.octets().to_vec();
    let mut filter = filter(Algorithm::HmacMd5, any());
    assert_eq!(filter.filter(NOW, &mut packet), Err(Error::CongestionLoss));
    assert_eq!((packet.octets(), filter.counters().congestion), (&before[..], 1));
}

#[test]
fn a_batch_is_what_its_packets_are_one_by_one() {
    // Every function, both families, forgeries and nonsense, in one batch that takes several chunks.
    let mut one = Filter::new(Config { policy: any(), ..Config::default() });
    let mut many = Filter::new(Config { policy: any(), ..Config::default() });
    let mut senders = Vec::new();
    for (at, algorithm) in Algorithm::ALL.into_iter().enumerate() {
        for version in VERSIONS {
            let host = HostId(at as u16 * 10 + u16::from(version));
            let table = KeyTable::generate(algorithm, Duration::ZERO, Duration::from_secs(15), 4, &mut Rng(at as u64)).unwrap();
            one.install(NOW, host, &table).unwrap();
            many.install(NOW, host, &table).unwrap();
            senders.push(Sender::new(outer(version), Default::default(), host, table));
        }
    }
    for count in [0, 1, 2, 31, 32, 33, 255, 256, 257, BATCH * 2 + 3] {
        let mut batch: Vec<_> = (0..count)
            .map(|at| {
                let mut octets = buffer(&packet(VERSIONS[at % 2], at * 7 % 1400));
                senders[at * 5 % 8].seal(Duration::from_secs(20), &mut octets).unwrap();
                let len = octets.len();
                match at % 11 {
                    3 => octets.octets_mut()[len - 1] ^= 1,
                    6 => octets.octets_mut()[len - 17] ^= 1,
                    9 => octets.octets_mut()[0] = 0,
                    _ => {}
                }
                octets
            })
            .collect();
        let mut alone = batch.clone();
        let expected: Vec<_> = alone.iter_mut().map(|packet| one.filter(Duration::from_secs(20), packet)).collect();
        let mut results = llpf_wire::filter::results(count);
        many.filter_batch(Duration::from_secs(20), &mut batch, &mut results).unwrap();
        assert_eq!(results, expected);
        for (packet, alone) in batch.iter().zip(&alone) {
            assert_eq!((packet.octets(), packet.headroom()), (alone.octets(), alone.headroom()));
        }
        assert_eq!(one.counters(), many.counters());
    }
    assert!(one.counters().accepted > 700 && one.counters().forged > 50);
}

#[test]
fn a_sealed_batch_is_what_its_packets_are_one_by_one() {
    for (algorithm, version, of_inner) in all() {
        for count in [0, 1, 63, 64, 65, 130] {
            let (mut one, mut many) = (sender(algorithm, version), sender(algorithm, version));
            let mut batch: Vec<_> = (0..count).map(|at| buffer(&packet(of_inner, at * 11))).collect();
            if let Some(nonsense) = batch.get_mut(40) {
                nonsense.octets_mut()[0] = 0;
            }
            let mut alone = batch.clone();
            let expected: Vec<_> = alone.iter_mut().map(|packet| one.seal(NOW, packet)).collect();
            let mut results = vec![Err(Error::NotYet); count];
            many.seal_batch(NOW, &mut batch, &mut results).unwrap();
            assert_eq!(results, expected);
            for (packet, alone) in batch.iter().zip(&alone) {
                assert_eq!(packet.octets(), alone.octets());
            }
        }
    }
}

#[test]
fn a_batch_needs_a_result_for_each_packet() {
    let mut batch = [buffer(&INNER_4), buffer(&INNER_4)];
    let error = Error::BufferTooSmall { field: Field::Results, found: 1, needed: 2 };
    let mut sender = sender(Algorithm::HmacMd5, 4);
    assert_eq!(sender.seal_batch(NOW, &mut batch, &mut [Err(Error::NotYet)]), Err(error));
    let mut filter = filter(Algorithm::HmacMd5, any());
    assert_eq!(filter.filter_batch(NOW, &mut batch, &mut llpf_wire::filter::results(1)), Err(error));
    assert!(batch.iter().all(|packet| packet.octets() == INNER_4));
    // Before the table's time and behind it each packet has that for its result; more results than packets are left alone.
    let mut results = [Err(Error::Authentication); 3];
    let table = KeyTable::new(Algorithm::HmacMd5, Duration::from_secs(10), Duration::from_secs(1), &[[1; 16]]).unwrap();
    let mut sender = Sender::new(outer(4), Default::default(), HostId(1), table);
    sender.seal_batch(Duration::from_secs(9), &mut batch, &mut results).unwrap();
    assert_eq!(results, [Err(Error::NotYet), Err(Error::NotYet), Err(Error::Authentication)]);
    sender.seal_batch(Duration::from_secs(11), &mut batch, &mut results).unwrap();
    assert_eq!(results[..2], [Err(Error::CycledThrough), Err(Error::CycledThrough)]);
}

#[test]
fn identifications_count_up_so_that_fragments_are_told_apart() {
    let mut sender = sender(Algorithm::HmacMd5, 4);
    let mut seen = Vec::new();
    let mut seal = |sender: &mut Sender| {
        let mut packet = buffer(&INNER_4);
        sender.seal(NOW, &mut packet).unwrap();
        seen.push(ipv4::View::parse(packet.octets()).unwrap().identification());
    };
    seal(&mut sender);
    seal(&mut sender);
    let mut batch = [buffer(&INNER_4), buffer(&[0]), buffer(&INNER_4)];
    sender.seal_batch(NOW, &mut batch, &mut [Err(Error::NotYet); 3]).unwrap();
    seen.extend([0, 2].map(|at| ipv4::View::parse(batch[at].octets()).unwrap().identification()));
    assert_eq!(seen, [0, 1, 2, 3]);
}

#[test]
fn an_audit_record_names_reason_source_host_and_index() {
    for version in VERSIONS {
        let mut octets = sealed(Algorithm::HmacMd5, version, 4);
        octets.extend([0; 5]);
        octets[50] ^= 1;
        let reason = filter(Algorithm::HmacMd5, any()).filter(NOW, &mut buffer(&octets)).unwrap_err();
        let record = audit::Record::new(NOW, &octets, reason);
        let (source, destination) = match version {
            4 => ("192.0.2.1", "198.51.100.1"),
            _ => ("2001:db8::77", "2001:db8:ff::1"),
        };
        assert_eq!((record.time, record.reason, record.key), (NOW, Error::Authentication, Some(INDEX)));
        assert_eq!((record.source, record.destination), (source.parse().ok(), destination.parse().ok()));
        // Cut short there is no trailer to read, and of nonsense nothing at all.
        let cut = audit::Record::new(NOW, &octets[..octets.len() - 6], reason);
        assert_eq!((cut.source, cut.key), (source.parse().ok(), None));
        let none = audit::Record::new(NOW, &[0x55; 60], reason);
        assert_eq!((none.source, none.destination, none.key), (None, None, None));
    }
    // What looks like a trailer at the end of a fragment is none.
    let mut octets = sealed(Algorithm::HmacMd5, 4, 4);
    octets[7] = 1;
    assert_eq!(audit::Record::new(NOW, &octets, Error::Authentication).key, None);
}

#[test]
fn the_trailer_is_where_figure_32_has_it() {
    let whole = sealed(Algorithm::HmacSha256, 4, 4);
    let view = trailer::View::parse(&whole).unwrap();
    assert_eq!((view.ipl(), view.inner_len(), view.key(), view.option()), (56, 32, INDEX, 0));
    assert_eq!((view.mac(), &whole[20..52]), (&macs(Algorithm::HmacSha256).1, &INNER_4[..]));
}
