//! What an association does over its life: numbers, IVs, lifetimes, keys, buffers, tunnel headers, path MTU, nesting.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;

use std::collections::HashSet;
use std::time::Duration;

use common::*;
use ip_wire::{Dscp, Ecn, Protocol, ipv4, ipv6};
use ipsec_wire::lifetime::{Limit, Limits};
use ipsec_wire::natt::Encapsulation;
use ipsec_wire::sa::{OuterDscp, PathMtu};
use ipsec_wire::{
    Aead, Builder, Cipher, Error, Field, Inbound, Integrity, Keys, Opened, Outbound, PacketBuf, Reaction, Suite, Tunnel,
};

#[test]
fn the_first_packet_has_number_1_and_after_the_last_none_is_sent() {
    for (esn, last) in [(false, u64::from(u32::MAX)), (true, u64::MAX)] {
        for suite in [NULL_SHA256, GCM, AH_SHA1, CBC_SHA1] {
            let keyed = Keyed::new(suite);
            let (mut outbound, _) = keyed.pair(4, |builder| builder.esn(esn));
            assert_eq!(seal(&mut outbound, &packet(4, 1)).unwrap().0.sequence, 1);
            let (mut outbound, _) = keyed.pair(4, |builder| builder.esn(esn).last_sent(last - 1));
            assert_eq!(seal(&mut outbound, &packet(4, 1)).unwrap().0.sequence, last);
            let plain = packet(4, 1);
            for _ in 0..2 {
                let mut buf = buffer(&plain);
                let error = outbound.seal(NOW, &mut buf).unwrap_err();
                assert_eq!((error, error.reaction()), (Error::SequenceExhausted, Reaction::Replace));
                assert_eq!((buf.octets(), outbound.last_sent()), (&plain[..], last));
            }
        }
    }
}

#[test]
fn a_batch_stops_where_the_numbers_end() {
    let keyed = Keyed::new(GCM);
    let (mut outbound, mut inbound) = keyed.pair(4, |builder| builder.last_sent(u64::from(u32::MAX) - 3));
    let mut packets: Vec<_> = (0..5).map(|len| buffer(&packet(4, len))).collect();
    let mut results = vec![Err(Error::Authentication); 5];
    outbound.seal_batch(NOW, &mut packets, &mut results).unwrap();
    let numbers: Vec<_> = results.iter().map(|result| result.map(|sealed| sealed.sequence)).collect();
    let exhausted = Err(Error::SequenceExhausted);
    assert_eq!(numbers, [Ok(0xffff_fffd), Ok(0xffff_fffe), Ok(0xffff_ffff), exhausted, exhausted]);
    assert_eq!(packets[3].octets(), packet(4, 3));
    assert!(open(&mut inbound, packets[2].octets()).is_ok());
}

#[test]
fn a_batch_gives_the_octets_and_results_of_single_packets() {
    for keyed in suites() {
        for mode in [0, 4, 6] {
            let is_ah = matches!(keyed.suite, Suite::Ah(_));
            let (mut single, mut inbound) = keyed.pair(mode, |builder| rich(builder, is_ah));
            let (mut batch, mut batch_in) = keyed.pair(mode, |builder| rich(builder, is_ah));
            let mut plain: Vec<Vec<u8>> = (0..70).map(|at| packet(if at % 3 == 0 { 6 } else { 4 }, at * 31 % 400)).collect();
            plain[7] = vec![0x45, 0];
            let mut packets: Vec<_> = plain.iter().map(|octets| buffer(octets)).collect();
            let mut results = vec![Err(Error::Authentication); 70];
            batch.seal_batch(NOW, &mut packets, &mut results).unwrap();
            for (at, plain) in plain.iter().enumerate() {
                match seal(&mut single, plain) {
                    Ok((sealed, octets)) => assert_eq!((results[at], packets[at].octets()), (Ok(sealed), &octets[..])),
                    Err(error) => assert_eq!((results[at], packets[at].octets()), (Err(error), &plain[..])),
                }
            }
            let mut opened = vec![Err(Error::Authentication); 70];
            batch_in.open_batch(NOW, &mut packets, &mut opened).unwrap();
            let (mut again, _) = keyed.pair(mode, |builder| rich(builder, is_ah));
            for (at, plain) in plain.iter().enumerate() {
                let Ok((_, octets)) = seal(&mut again, plain) else { continue };
                let (result, octets) = open(&mut inbound, &octets).unwrap();
                assert_eq!((opened[at], packets[at].octets()), (Ok(result), &octets[..]), "{:?} {mode}", keyed.suite);
                assert_eq!(&octets, plain);
            }
            let error = Error::BufferTooSmall { field: Field::Results, found: 1, needed: 70 };
            assert_eq!(batch.seal_batch(NOW, &mut packets, &mut results[..1]), Err(error));
            assert_eq!(batch_in.open_batch(NOW, &mut packets, &mut opened[..1]), Err(error));
        }
    }
}

/// Extended numbers, and UDP with a checksum around ESP.
fn rich(builder: Builder<'_>, is_ah: bool) -> Builder<'_> {
    if is_ah {
        return builder.esn(true);
    }
    builder.esn(true).encapsulation(Encapsulation { ipv6_checksum: true, ..Encapsulation::new() })
}

/// The explicit IVs of counter modes, over a life with exports: none twice, whoever sends.
#[test]
fn counter_ivs_never_repeat_over_export_and_restore() {
    for suite in [
        GCM,
        CTR_SHA256,
        Suite::EspCombined(Aead::CHACHA20_POLY1305),
        Suite::EspCombined(Aead::AES_CCM_16),
        Suite::Ah(Integrity::AES_GMAC),
    ] {
        let keyed = Keyed::new(suite);
        let mut ivs = HashSet::new();
        let mut send = |outbound: &mut Outbound| -> bool {
            let Ok((_, octets)) = seal(outbound, &packet(4, 1)) else { return false };
            let at = if matches!(suite, Suite::Ah(_)) { 20 + 12 } else { 20 + 8 };
            assert!(ivs.insert(octets[at..at + 8].to_vec()), "{suite:?}: an IV twice");
            true
        };
        let (mut first, _) = keyed.pair(4, |builder| builder);
        for _ in 0..10 {
            assert!(send(&mut first));
        }
        let exported = first.export(5);
        let (mut restored, _) = keyed.pair(4, |builder| builder.last_sent(exported.last_sent));
        for _ in 0..5 {
            assert!(send(&mut first) && send(&mut restored));
        }
        // The lease is used up: the first one sends no more until it exports again.
        assert!(!send(&mut first));
        assert_eq!(seal(&mut first, &packet(4, 1)).unwrap_err(), Error::LeaseExhausted);
        let handed_over = restored.export(0);
        assert!(!send(&mut restored));
        let (mut heir, _) = keyed.pair(4, |builder| builder.last_sent(handed_over.last_sent));
        assert!(send(&mut heir));
        assert_eq!(ivs.len(), 21);
    }
}

#[test]
fn a_callers_iv_for_a_counter_mode_must_go_up() {
    for suite in [GCM, CTR_SHA256] {
        let keyed = Keyed::new(suite);
        let (mut outbound, mut inbound) = keyed.pair(4, |builder| builder);
        let mut seal_with = |iv: u64| {
            let mut buf = buffer(&packet(4, 1));
            outbound.seal_with_iv(NOW, &mut buf, &iv.to_be_bytes()).map(|_| open(&mut inbound, buf.octets()).unwrap())
        };
        assert!(seal_with(1000).is_ok());
        for iv in [1000, 999, 0] {
            assert!(matches!(seal_with(iv), Err(Error::Mismatch { field: Field::Iv, .. })), "{iv}");
        }
        assert!(seal_with(1001).is_ok());
        let mut buf = buffer(&packet(4, 1));
        // Its own IVs would be below the caller's.
        assert!(matches!(outbound.seal(NOW, &mut buf), Err(Error::Mismatch { field: Field::Iv, .. })));
        let error = Error::KeyLength { field: Field::Iv, found: 7, needed: 8 };
        assert_eq!(outbound.seal_with_iv(NOW, &mut buf, &[0xff; 7]), Err(error));
    }
}

/// 2^17 packets: as many IVs, none the number itself, none the end of the packet before, and every octet of them taking all values.
#[test]
fn cbc_ivs_are_distinct_and_not_to_be_predicted() {
    let keyed = Keyed::new(CBC_SHA1);
    let (mut outbound, _) = keyed.pair(4, |builder| builder);
    let mut ivs = HashSet::new();
    let mut values = vec![HashSet::new(); 16];
    let plain = packet(4, 0);
    let mut storage = vec![0u8; 256];
    let mut last_block = [0u8; 16];
    for number in 1..=1u64 << 17 {
        storage[64..64 + plain.len()].copy_from_slice(&plain);
        let mut buf = PacketBuf::new(&mut storage[..], 64, plain.len()).unwrap();
        outbound.seal(NOW, &mut buf).unwrap();
        let octets = buf.octets();
        let iv: [u8; 16] = octets[28..44].try_into().unwrap();
        assert_ne!(iv, last_block);
        assert_ne!(iv[8..], number.to_be_bytes());
        let end = octets.len() - 12;
        last_block.copy_from_slice(&octets[end - 16..end]);
        assert!(ivs.insert(iv));
        for (octet, values) in iv.iter().zip(&mut values) {
            values.insert(*octet);
        }
    }
    assert!(values.iter().all(|values| values.len() == 256));
    // Another association under the same keys has other IVs: their key is drawn anew.
    let mut other: Outbound = keyed.builder().outbound(&mut TestRng(8)).unwrap();
    assert!(!ivs.contains(&seal(&mut other, &packet(4, 0)).unwrap().1[28..44]));
}

#[test]
fn soft_limits_are_reported_once_and_hard_ones_end_the_association() {
    let soft = Limits { packets: Some(2), ..Limits::default() };
    let hard = Limits { octets: Some(28 * 4), ..Limits::default() };
    let keyed = Keyed::new(NULL_SHA256);
    let (mut outbound, mut inbound) = keyed.pair(4, |builder| builder.lifetimes(NOW, soft, hard));
    let mut forged = None;
    for number in 1..=4 {
        let (sealed, octets) = seal(&mut outbound, &packet(4, 0)).unwrap();
        assert_eq!(sealed.soft_limit, (number == 2).then_some(Limit::Packets));
        // What is not authentic does not count.
        let mut wrong = octets.clone();
        wrong[25] ^= 1;
        assert!(open(&mut inbound, &wrong).is_err());
        let Opened::Packet(accepted) = open(&mut inbound, &octets).unwrap().0 else { panic!() };
        assert_eq!(accepted.soft_limit, (number == 2).then_some(Limit::Packets));
        forged = Some(octets);
    }
    let error = seal(&mut outbound, &packet(4, 0)).unwrap_err();
    assert_eq!((error, error.reaction()), (Error::Expired(Limit::Octets), Reaction::Replace));
    assert_eq!((outbound.last_sent(), outbound.lifetime().octets()), (4, 28 * 4));
    let mut next = forged.unwrap();
    next[27] = 9;
    assert_eq!(open(&mut inbound, &next).unwrap_err(), Error::Expired(Limit::Octets));
    assert_eq!(inbound.counters().expired, 1);
}

#[test]
fn an_association_that_makes_no_sense_is_not_made() {
    let keyed = Keyed::new(GCM);
    let made = |builder: Builder<'_>| builder.inbound().map(drop).unwrap_err();
    for spi in 0..256 {
        let error = Error::Reserved { field: Field::Spi, found: spi, needed: 256 };
        assert_eq!(made(Builder::new(spi, GCM, keyed.keys())), error);
        assert!(Builder::new(spi, GCM, keyed.keys()).allow_reserved_spi().inbound().is_ok());
    }
    let none = Keys::default();
    let cipher = Cipher::Null;
    assert_eq!(made(Builder::new(256, Suite::Esp { cipher, integrity: None }, none)), Error::Unsafe(Field::Integrity));
    let cbc = Suite::Esp { cipher: Cipher::AesCbc, integrity: None };
    let keys = Keys { encryption: &[1; 16], integrity: &[] };
    assert_eq!(made(Builder::new(256, cbc, keys)), Error::Unsafe(Field::EncryptionOnly));
    assert!(Builder::new(256, cbc, keys).legacy_no_integrity().inbound().is_ok());
    let gmac = Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::AES_GMAC) };
    assert_eq!(
        made(Builder::new(256, gmac, Keys { encryption: &[1; 16], integrity: &[1; 20] })),
        Error::Unsupported(Field::Integrity)
    );
    let ah = Keyed::new(AH_SHA1);
    assert_eq!(made(ah.builder().encapsulation(Encapsulation::new())), Error::Unsupported(Field::UdpHeader));
    assert_eq!(made(ah.builder().pad_to(1)), Error::Unsupported(Field::TrafficFlowPadding));
    assert_eq!(made(ah.builder().ah_alignment(16)), Error::Value { field: Field::Alignment, found: 16, needed: 4 });
    assert!(matches!(made(keyed.builder().replay_window(10_000)), Error::BufferTooSmall { field: Field::ReplayStorage, .. }));
    let (near, _) = ends(4);
    let error = Error::AddressFamily { field: Field::TunnelEnd, found: 6, needed: 4 };
    assert_eq!(Tunnel::new(near, ends(6).1), Err(error));
    assert!(matches!(made(keyed.builder().last_sent(1 << 32)), Error::DoesNotFit { field: Field::Sequence, .. }));
}

#[test]
fn every_wrong_key_length_is_an_error_when_the_association_is_made() {
    for keyed in suites() {
        let (encryption, integrity): (&[usize], &[usize]) = match keyed.suite {
            Suite::Ah(integrity) => (&[0], integrity.mac().key_lens()),
            Suite::Esp { cipher, integrity } => (cipher.key_lens(), integrity.unwrap().mac().key_lens()),
            Suite::EspCombined(aead) => (aead.key_lens(), &[0]),
        };
        for len in 0..70 {
            let key = vec![1; len];
            let keys = Keys { encryption: &key, integrity: &keyed.integrity };
            let result = Builder::new(256, keyed.suite, keys).inbound().map(drop);
            assert_eq!(result.is_ok(), encryption.contains(&len), "{:?} {len}", keyed.suite);
            let keys = Keys { encryption: &keyed.encryption, integrity: &key };
            match Builder::new(256, keyed.suite, keys).inbound().map(drop) {
                Ok(()) => assert!(integrity.contains(&len)),
                Err(error) => assert!(matches!(error, Error::KeyLength { field: Field::IntegrityKey, .. }), "{error:?}"),
            }
        }
    }
    for (mac, len) in [
        (ipsec_wire::algorithm::Mac::HmacSha1, 8),
        (ipsec_wire::algorithm::Mac::HmacMd5, 20),
        (ipsec_wire::algorithm::Mac::HmacSha256, 13),
    ] {
        assert!(matches!(Integrity::new(mac, len), Err(Error::KeyLength { field: Field::IcvLen, .. })));
    }
}

#[test]
fn keys_are_in_no_debug_output() {
    let key = [0xd7; 36];
    for suite in [GCM, CTR_SHA256, CBC_SHA1, AH_SHA1] {
        let mut keyed = Keyed::new(suite);
        keyed.encryption.iter_mut().chain(&mut keyed.integrity).for_each(|octet| *octet = key[0]);
        let (outbound, inbound) = keyed.pair(4, |builder| builder);
        for text in
            [format!("{:?}", keyed.builder()), format!("{outbound:?}"), format!("{inbound:?}"), format!("{:?}", keyed.keys())]
        {
            assert!(!text.contains("215, 215") && !text.contains("d7d7") && !text.contains("d7, d7"), "{text}");
        }
    }
}

/// Exactly enough room, and one octet less at each end: an error before any octet or number is used.
#[test]
fn buffers_are_checked_before_anything_is_written() {
    for keyed in suites() {
        for (mode, inner) in [(0, 4), (0, 6), (4, 6), (6, 4)] {
            for len in [0, 1, 2, 13, 14, 15, 16] {
                let (mut outbound, _) = keyed.pair(mode, |builder| builder);
                let plain = packet(inner, len);
                let (_, sealed) = seal(&mut outbound, &plain).unwrap();
                let header = if inner == 4 { 20 } else { 40 };
                let total = outbound.sealed_len(inner, plain.len(), header);
                assert_eq!(sealed.len(), total, "{:?}", keyed.suite);
                let (front, back) = room(&mut outbound, &plain, &sealed);
                assert!(front <= outbound.headroom() && back <= outbound.tailroom());
                let last = outbound.last_sent();
                for (headroom, tailroom, field) in
                    [(front - 1, back, Field::Headroom), (front, back.wrapping_sub(1), Field::Tailroom)]
                {
                    if tailroom > back {
                        continue;
                    }
                    let mut storage = vec![0xc3; headroom];
                    storage.extend(&plain);
                    storage.extend(vec![0xc3; tailroom]);
                    let before = storage.clone();
                    let mut buf = PacketBuf::new(storage, headroom, plain.len()).unwrap();
                    let error = outbound.seal(NOW, &mut buf).unwrap_err();
                    assert!(matches!(error, Error::BufferTooSmall { field: f, .. } if f == field), "{error:?}");
                    assert_eq!((buf.octets(), outbound.last_sent()), (&plain[..], last));
                    assert_eq!(buf.into_storage(), before);
                }
                let mut storage = vec![0; front];
                storage.extend(&plain);
                storage.extend(vec![0; back]);
                let mut buf = PacketBuf::new(storage, front, plain.len()).unwrap();
                outbound.seal(NOW, &mut buf).unwrap();
                assert_eq!((buf.len(), buf.headroom(), buf.tailroom()), (sealed.len(), 0, 0));
            }
        }
    }
}

/// Octets that sealing adds before and behind the payload.
fn room(outbound: &mut Outbound, plain: &[u8], sealed: &[u8]) -> (usize, usize) {
    let mut buf = buffer(plain);
    let (headroom, tailroom) = (buf.headroom(), buf.tailroom());
    outbound.seal(NOW, &mut buf).unwrap();
    assert_eq!(buf.len(), sealed.len());
    (headroom - buf.headroom(), tailroom - buf.tailroom())
}

#[test]
fn a_result_over_what_ip_carries_is_refused() {
    for (mode, inner) in [(0, 4), (4, 4), (6, 4), (0, 6), (6, 6), (4, 6)] {
        let keyed = Keyed::new(GCM);
        let (mut outbound, _) = keyed.pair(mode, |builder| builder);
        let header = if inner == 4 { 20 } else { 40 };
        let most = if (mode == 0 && inner == 6) || mode == 6 { 65_575 } else { 65_535 };
        for len in 65_300usize..65_535 {
            let total = outbound.sealed_len(inner, len, header);
            let plain = packet(inner, len - header - 8);
            let mut storage = vec![0; 128];
            storage.extend(&plain);
            storage.extend([0; 64]);
            let mut buf = PacketBuf::new(storage, 128, plain.len()).unwrap();
            match outbound.seal(NOW, &mut buf) {
                Ok(_) => assert!(total <= most, "{mode} {inner} {len}"),
                Err(error) => {
                    assert!(total > most, "{mode} {inner} {len}");
                    assert!(matches!(error, Error::DoesNotFit { field: Field::TotalLength, .. }), "{error:?}");
                    assert_eq!(buf.octets(), plain);
                }
            }
        }
    }
}

#[test]
fn the_largest_packet_is_the_inverse_of_the_overhead() {
    for keyed in suites() {
        for (mode, inner) in [(0, 4), (0, 6), (4, 4), (6, 4), (4, 6), (6, 6)] {
            let (outbound, _) = keyed.pair(mode, |builder| builder);
            let header = if inner == 4 { 20 } else { 40 };
            for mtu in 60..1600 {
                match outbound.max_inner(inner, mtu, header) {
                    Some(len) => {
                        assert!(outbound.sealed_len(inner, len, header) <= mtu, "{:?} {mtu}", keyed.suite);
                        assert!(outbound.sealed_len(inner, len + 1, header) > mtu, "{:?} {mtu}", keyed.suite);
                        assert_eq!(outbound.overhead(inner, len, header), outbound.sealed_len(inner, len, header) - len);
                    }
                    None => assert!(outbound.sealed_len(inner, if mode == 0 { header } else { 0 }, header) > mtu),
                }
            }
        }
    }
}

#[test]
fn packets_over_the_path_mtu_are_reported_with_the_mtu_that_fits() {
    let keyed = Keyed::new(CBC_SHA1);
    let (mut outbound, _) = keyed.pair(4, |builder| builder.path_mtu(PathMtu::new(1500, 576)));
    let fits = outbound.max_inner(4, 1500, 0).unwrap();
    assert!(seal(&mut outbound, &packet(4, fits - 28)).unwrap().0.sequence == 1);
    let error = seal(&mut outbound, &packet(4, fits - 27)).unwrap_err();
    assert_eq!(error, Error::FragmentationNeeded { found: fits as u32 + 1, mtu: fits as u32 });
    assert_eq!(error.reaction(), Reaction::PacketTooBig { mtu: fits as u32 });
    // Without Don't Fragment it is sealed, and to be fragmented.
    let mut plain = packet(4, fits - 27);
    ipv4::ViewMut::parse(&mut plain).unwrap().set_dont_fragment(false);
    let (sealed, octets) = seal(&mut outbound, &plain).unwrap();
    assert!(sealed.fragment && !ipv4::View::parse(&octets).unwrap().flags().dont_fragment());
    // An ICMP error that quotes one of its packets; others are not its own.
    let quoted = &octets[..28];
    let mut other = quoted.to_vec();
    other[23] ^= 1;
    assert!(!outbound.handle_too_big(NOW, 1400, &other));
    assert!(outbound.handle_too_big(NOW, 1400, quoted));
    assert_eq!(outbound.path_mtu(NOW), Some(1400));
    assert!(!outbound.handle_too_big(NOW, 1450, quoted));
    // An attacker's MTU counts as the floor, and is forgotten.
    assert!(outbound.handle_too_big(NOW, 68, quoted));
    assert_eq!(outbound.path_mtu(NOW), Some(576));
    assert_eq!(outbound.path_mtu(NOW + PathMtu::MAX_AGE), Some(1500));
    // No source of IPv6 is told less than 1,280.
    let (mut six, _) = keyed.pair(6, |builder| builder.path_mtu(PathMtu::new(1280, 1280)));
    assert!(seal(&mut six, &packet(6, 1280 - 48)).unwrap().0.fragment);
    let error = seal(&mut six, &packet(6, 1281 - 48)).unwrap_err();
    assert_eq!(error, Error::FragmentationNeeded { found: 1281, mtu: 1280 });
}

/// All 16 pairs of inner and outer marks in the four pairs of IP versions, as figure 4 of RFC 6040 has them.
#[test]
fn congestion_marks_cross_the_tunnel_as_rfc_6040_says() {
    // Rows inner Not-ECT, ECT(1), ECT(0), CE by the codepoint's number; columns outer likewise; 9 is a drop.
    const INNER: [[u8; 4]; 4] = [[0, 0, 0, 9], [1, 1, 1, 3], [2, 1, 2, 3], [3, 3, 3, 3]];
    for (outer, inner) in [(4, 4), (4, 6), (6, 4), (6, 6)] {
        for suite in [GCM, AH_SHA1] {
            let keyed = Keyed::new(suite);
            let (mut outbound, mut inbound) = keyed.pair(outer, |builder| builder.replay_window(0));
            for from in Ecn::ALL {
                let mut plain = packet(inner, 4);
                ip_wire::tunnel::set_ds(&mut plain, ip_wire::DsField::new(Dscp::AF41, from)).unwrap();
                let (_, sealed) = seal(&mut outbound, &plain).unwrap();
                let ds = ip_wire::ip::Packet::parse(&sealed).unwrap().ds();
                assert_eq!((ds.dscp(), ds.ecn()), (Dscp::AF41, from), "copied out");
                for to in Ecn::ALL {
                    let mut marked = sealed.clone();
                    ip_wire::tunnel::set_ds(&mut marked, ip_wire::DsField::new(Dscp::EF, to)).unwrap();
                    let expected = INNER[usize::from(from.value())][usize::from(to.value())];
                    match open(&mut inbound, &marked) {
                        Ok((Opened::Packet(accepted), octets)) => {
                            let packet = ip_wire::ip::Packet::parse(&octets).unwrap();
                            assert_eq!((packet.ds().ecn().value(), packet.ds().dscp()), (expected, Dscp::AF41));
                            assert_eq!(accepted.outer_dscp, Some(Dscp::EF));
                            if let ip_wire::ip::Packet::V4(view) = packet {
                                assert!(view.verify_checksum().is_ok());
                            }
                        }
                        Ok(other) => panic!("{other:?}"),
                        Err(error) => assert_eq!((error, expected), (Error::CongestionLoss, 9)),
                    }
                }
            }
        }
    }
}

#[test]
fn the_outer_header_is_built_as_configured() {
    use ip_wire::tunnel::{DontFragment, FlowLabelMode, HopLimit};
    let keyed = Keyed::new(GCM);
    let outer = |version: u8, change: &dyn Fn(&mut Tunnel), plain: &[u8]| {
        let (near, far) = ends(version);
        let mut tunnel = Tunnel::new(near, far).unwrap();
        change(&mut tunnel);
        let mut outbound: Outbound = keyed.builder().tunnel(tunnel).outbound(&mut TestRng(1)).unwrap();
        seal(&mut outbound, plain).unwrap().1
    };
    for df in [false, true] {
        let mut plain = packet(4, 4);
        ipv4::ViewMut::parse(&mut plain).unwrap().set_dont_fragment(df);
        for (mode, expected) in [(DontFragment::Copy, df), (DontFragment::Set, true), (DontFragment::Clear, false)] {
            let octets = outer(4, &|tunnel| tunnel.dont_fragment = mode, &plain);
            let view = ipv4::View::parse(&octets).unwrap();
            assert!(view.verify_checksum().is_ok());
            assert_eq!(view.flags().dont_fragment(), expected);
            assert!(!expected || view.identification() == 0);
        }
    }
    for (hop_limit, expected) in [(HopLimit::Fixed(9), 9), (HopLimit::Copy, 64)] {
        assert_eq!(outer(4, &|tunnel| tunnel.hop_limit = hop_limit, &packet(4, 1))[8], expected);
        assert_eq!(outer(6, &|tunnel| tunnel.hop_limit = hop_limit, &packet(6, 1))[7], expected);
    }
    for ttl in [0, 1] {
        // The hop limit inside is forwarding's; the tunnel neither looks at it nor takes one off.
        let mut plain = packet(4, 4);
        ipv4::ViewMut::parse(&mut plain).unwrap().set_ttl(ttl);
        let (mut outbound, mut inbound) = keyed.pair(6, |builder| builder);
        let (_, sealed) = seal(&mut outbound, &plain).unwrap();
        assert_eq!(open(&mut inbound, &sealed).unwrap().1, plain);
    }
    let mut plain = packet(6, 4);
    let label = ipv6::FlowLabel::new(0x12345).unwrap();
    ipv6::ViewMut::parse(&mut plain).unwrap().set_flow_label(label);
    assert_eq!(ipv6::View::parse(&outer(6, &|_| {}, &plain)).unwrap().flow_label(), label);
    let fixed = ipv6::FlowLabel::new(7).unwrap();
    let octets = outer(6, &|tunnel| tunnel.flow_label = FlowLabelMode::Fixed(fixed), &plain);
    assert_eq!(ipv6::View::parse(&octets).unwrap().flow_label(), fixed);
    let octets = outer(6, &|tunnel| tunnel.dscp = OuterDscp::Fixed(Dscp::EF), &plain);
    assert_eq!(ipv6::View::parse(&octets).unwrap().dscp(), Dscp::EF);
}

/// Transport AH over ESP, and a tunnel in a tunnel, opened from the outside in; in another order they are not authentic.
#[test]
fn associations_nest_and_open_in_reverse_order() {
    for version in [4, 6] {
        for modes in [[0, 0], [0, 4], [4, 6], [6, 4], [6, 6]] {
            let inner = Keyed::new(GCM);
            let outer = Keyed::new(AH_SHA1);
            let (mut first, mut last_in) = inner.pair(modes[0], |builder| builder);
            let (mut second, mut first_in): (Outbound, Inbound) = outer.pair(modes[1], |builder| builder);
            let plain = packet(version, 50);
            let mut buf = buffer(&plain);
            first.seal(NOW, &mut buf).unwrap();
            second.seal(NOW, &mut buf).unwrap();
            let sealed = buf.octets().to_vec();
            assert!(open(&mut last_in, &sealed).is_err());
            first_in.open(NOW, &mut buf).unwrap();
            last_in.open(NOW, &mut buf).unwrap();
            assert_eq!(buf.octets(), plain);
        }
    }
}

#[test]
fn dummy_packets_are_made_and_dropped_in_both_modes() {
    for suite in [GCM, CBC_SHA1, NULL_SHA256] {
        let keyed = Keyed::new(suite);
        for mode in [0, 4, 6] {
            let (mut outbound, mut inbound) = keyed.pair(mode, |builder| builder);
            let octets = if mode == 0 { packet(4, 30) } else { vec![0xd0; 50] };
            let mut buf = buffer(&octets);
            let sealed = outbound.seal_dummy(Duration::ZERO, &mut buf).unwrap();
            assert_eq!(inbound.open(NOW, &mut buf), Ok(Opened::Dummy { sequence: sealed.sequence }));
        }
    }
    let (mut outbound, _) = Keyed::new(AH_SHA1).pair(4, |builder| builder);
    assert_eq!(outbound.seal_dummy(NOW, &mut buffer(&packet(4, 1))), Err(Error::Unsupported(Field::Protocol)));
}

#[test]
fn protocol_numbers_are_those_of_iana() {
    for (suite, protocol) in [(GCM, Protocol::ESP), (AH_SHA1, Protocol::AH)] {
        let (mut outbound, _) = Keyed::new(suite).pair(4, |builder| builder);
        assert_eq!(seal(&mut outbound, &packet(4, 1)).unwrap().1[9], protocol.0);
    }
}
