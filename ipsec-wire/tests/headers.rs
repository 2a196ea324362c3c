//! Where AH and ESP stand among other headers, and what AH makes of odd ones: lengths, alignment, options, extension headers, routes.

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

use common::*;
use ip_wire::{Protocol, ipv4, ipv6};
use ipsec_wire::ah::{End, covered};
use ipsec_wire::crypto::{RustCrypto, Transform};
use ipsec_wire::{Error, Field, Inbound, Integrity, Outbound, Suite};
use proptest::prelude::*;

/// An AH packet with any Payload Len, Reserved and padding, its ICV right.
fn ah(keyed: &Keyed, version: u8, payload_len: u8, reserved: u16, padding: &[u8]) -> Vec<u8> {
    let icv_len = keyed.suite.icv_len();
    let mut header = vec![17, payload_len];
    header.extend(reserved.to_be_bytes());
    header.extend([0, 0, 0x10, 0, 0, 0, 0, 1]);
    header.extend(vec![0; icv_len]);
    header.extend(padding);
    header.extend([0x0f, 0xa1, 0x0f, 0xa0, 0, 9, 0, 0, 0xee]);
    let mut octets = wrapped(version, Protocol::AH, &header);
    let at = if version == 4 { 20 } else { 40 };
    let transform = RustCrypto::new(&keyed.suite, &keyed.keys()).unwrap();
    let mut icv = vec![0; icv_len];
    transform.ah_icv(&|sink| covered(&octets, at, (0, icv_len), None, End::Sender, sink).unwrap(), &mut icv);
    octets[at + 12..at + 12 + icv_len].copy_from_slice(&icv);
    octets
}

#[test]
fn an_ah_is_as_long_as_its_icv_and_padding_make_it() {
    // ICV of 16 octets: 28 (Payload Len 5) in IPv4, or 32 as Linux has it (6); 32 in IPv6.
    let keyed = Keyed::new(Suite::Ah(Integrity::HMAC_SHA256_128));
    for version in [4, 6] {
        for payload_len in 0..=20u8 {
            let padding = vec![0; (usize::from(payload_len) + 2).saturating_mul(4).saturating_sub(28)];
            let (_, mut inbound) = keyed.pair(0, |builder| builder);
            let result = open(&mut inbound, &ah(&keyed, version, payload_len, 0, &padding));
            let right = payload_len == 6 || (payload_len == 5 && version == 4);
            assert_eq!(result.is_ok(), right, "{version} {payload_len} {result:?}");
            if (7..=8).contains(&payload_len) || (payload_len == 5 && version == 6) {
                let offset = if version == 4 { 21 } else { 41 };
                let needed = if version == 4 { 5 } else { 6 };
                let error = Error::Length { field: Field::AhLength, offset, found: payload_len.into(), needed };
                assert_eq!(result.unwrap_err(), error);
            }
        }
    }
}

#[test]
fn reserved_and_padding_may_be_anything_that_the_icv_covers() {
    let keyed = Keyed::new(Suite::Ah(Integrity::HMAC_SHA256_128));
    let octets = ah(&keyed, 4, 6, 0xbeef, &[0xde, 0xad, 0xbe, 0xef]);
    let (_, mut inbound) = keyed.pair(0, |builder| builder);
    assert!(open(&mut inbound, &octets).is_ok());
    for at in [22, 23, 48, 49, 50, 51] {
        let (_, mut inbound) = keyed.pair(0, |builder| builder);
        let mut changed = octets.clone();
        changed[at] ^= 1;
        assert_eq!(open(&mut inbound, &changed).unwrap_err(), Error::Authentication, "{at}");
    }
}

#[test]
fn the_linux_preset_pads_the_ah_of_ipv4_to_8_octets_and_leaves_the_rest() {
    let keyed = Keyed::new(Suite::Ah(Integrity::HMAC_SHA256_128));
    for (version, rfc, linux) in [(4, 28, 32), (6, 32, 32)] {
        let (mut plain, mut plain_in) = keyed.pair(0, |builder| builder);
        let (mut preset, mut preset_in) = keyed.pair(0, |builder| builder.linux());
        let octets = packet(version, 7);
        let (_, a) = seal(&mut plain, &octets).unwrap();
        let (_, b) = seal(&mut preset, &octets).unwrap();
        assert_eq!((a.len() - octets.len(), b.len() - octets.len()), (rfc, linux));
        // Each takes the other's.
        assert_eq!(open(&mut plain_in, &b).unwrap().1, octets);
        assert_eq!(open(&mut preset_in, &a).unwrap().1, octets);
    }
}

/// An IPv6 packet with these extension headers: type and octets behind type and length.
fn chain(headers: &[(u8, &[u8])]) -> Vec<u8> {
    let mut octets = vec![0; 40];
    let mut rest = Vec::new();
    for (at, (_, body)) in headers.iter().enumerate() {
        let next = headers.get(at + 1).map_or(17, |(kind, _)| *kind);
        assert_eq!((body.len() + 2) % 8, 0);
        rest.extend([next, ((body.len() + 2) / 8 - 1) as u8]);
        rest.extend(*body);
    }
    rest.extend([0x0f, 0xa1, 0x0f, 0xa0, 0, 9, 0, 0, 0xee]);
    let first = headers.first().map_or(17, |(kind, _)| *kind);
    let (source, destination) = ("2001:db8:a::1".parse().unwrap(), "2001:db8:b::1".parse().unwrap());
    ipv6::Header::new(source, destination, Protocol(first), rest.len()).unwrap().emit(&mut octets).unwrap();
    octets.extend(rest);
    octets
}

/// The kinds of headers of a packet up to AH or ESP.
fn kinds(octets: &[u8]) -> Vec<u8> {
    let view = ipv6::View::parse(octets).unwrap();
    let mut kinds: Vec<u8> = view.extensions().map(|extension| extension.unwrap().kind().0).collect();
    kinds.push(view.upper_layer().unwrap().protocol.0);
    kinds
}

/// Extension headers, and the kinds of those that stay before: usually, and when destination options are protected.
type Case<'a> = (&'a [(u8, &'a [u8])], &'a [u8], &'a [u8]);

#[test]
fn the_header_stands_where_rfc_4302_and_4303_put_it() {
    let options: &[u8] = &[1, 4, 0, 0, 0, 0];
    let route: &[u8] = &[0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
    let (hop, dest, routing) = ((0, options), (60, options), (43, route));
    for (suite, own) in [(GCM, 50), (AH_SHA1, 51)] {
        let keyed = Keyed::new(suite);
        let cases: [Case<'_>; 8] = [
            (&[], &[], &[]),
            (&[hop], &[0], &[0]),
            (&[dest], &[60], &[]),
            (&[hop, dest], &[0, 60], &[0]),
            (&[hop, routing], &[0, 43], &[0, 43]),
            (&[hop, dest, routing], &[0, 60, 43], &[0, 60, 43]),
            (&[routing, dest], &[43], &[43]),
            (&[hop, dest, routing, dest], &[0, 60, 43], &[0, 60, 43]),
        ];
        for (headers, usual, protecting) in cases {
            let plain = chain(headers);
            for (protect, before) in [(false, usual), (true, protecting)] {
                let (mut outbound, mut inbound) = keyed.pair(0, |builder| builder.protect_destination_options(protect));
                let (_, sealed) = seal(&mut outbound, &plain).unwrap();
                assert_eq!(kinds(&sealed), [before, &[own]].concat(), "{headers:?} {protect}");
                assert_eq!(open(&mut inbound, &sealed).unwrap().1, plain, "{headers:?} {protect}");
            }
        }
    }
}

#[test]
fn a_route_under_way_is_authenticated_as_it_will_arrive() {
    let keyed = Keyed::new(AH_SHA1);
    let (mut outbound, mut inbound) = keyed.pair(0, |builder| builder);
    let mut body = vec![0, 2, 0, 0, 0, 0];
    body.extend([0x11; 16]);
    body.extend([0x22; 16]);
    let plain = chain(&[(43, &body)]);
    let (_, mut sealed) = seal(&mut outbound, &plain).unwrap();
    let error = open(&mut inbound, &sealed).unwrap_err();
    assert_eq!(error, Error::Mismatch { field: Field::RoutingHeader, offset: 43, found: 2, needed: 0 });
    // Two hops: destination and next address change places, one segment less, one hop less.
    for hop in 0..2 {
        let at = 48 + 16 * hop;
        for octet in 0..16 {
            sealed.swap(24 + octet, at + octet);
        }
        sealed[43] -= 1;
        sealed[7] -= 1;
    }
    assert!(open(&mut inbound, &sealed).is_ok());
    // A hop that put in another address.
    let (mut outbound, mut inbound) = keyed.pair(0, |builder| builder);
    let (_, mut sealed) = seal(&mut outbound, &chain(&[(43, &[&[0, 0, 0, 0, 0, 0][..], &[1; 16]].concat())])).unwrap();
    sealed[50] ^= 1;
    assert_eq!(open(&mut inbound, &sealed).unwrap_err(), Error::Authentication);
}

#[test]
fn headers_that_ah_cannot_cover_are_refused_before_anything_is_written() {
    let keyed = Keyed::new(AH_SHA1);
    let overrun: &[u8] = &[0x22, 9, 0, 0, 0, 0];
    let many_left = [&[0, 5, 0, 0, 0, 0][..], &[1; 16]].concat();
    let unknown = [&[4, 1, 0, 0, 0, 0][..], &[1; 16]].concat();
    for headers in [vec![(0, overrun)], vec![(60, overrun)], vec![(43, &many_left[..])], vec![(43, &unknown[..])]] {
        let (mut outbound, _) = keyed.pair(0, |builder| builder);
        let plain = chain(&headers);
        let mut buf = buffer(&plain);
        assert!(outbound.seal(NOW, &mut buf).is_err(), "{headers:?}");
        assert_eq!((buf.octets(), outbound.last_sent()), (&plain[..], 0));
    }
    let options: &[u8] = &[1, 4, 0, 0, 0, 0];
    let (mut outbound, _) = keyed.pair(0, |builder| builder);
    assert!(seal(&mut outbound, &chain(&[(60, options); 16])).is_ok());
    for count in [17, 100] {
        assert!(matches!(
            seal(&mut outbound, &chain(&vec![(60, options); count])),
            Err(Error::Ip(ip_wire::Error::HeaderBudget { .. }))
        ));
    }
}

#[test]
fn ipv4_options_stay_in_front_and_ah_covers_the_immutable_ones() {
    let mut plain = packet(4, 4);
    plain.splice(20..20, [148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0]);
    plain[0] = 0x48;
    plain[3] += 12;
    ipv4::ViewMut::parse(&mut plain).unwrap().fill_checksum();
    for suite in [GCM, AH_SHA1] {
        let keyed = Keyed::new(suite);
        let (mut outbound, mut inbound) = keyed.pair(0, |builder| builder);
        let (_, sealed) = seal(&mut outbound, &plain).unwrap();
        assert_eq!(sealed[20..32], plain[20..32]);
        assert_eq!(open(&mut inbound, &sealed).unwrap().1, plain);
    }
    let keyed = Keyed::new(AH_SHA1);
    for (at, accepted) in [(22, false), (24, true), (27, true), (31, false)] {
        let (mut outbound, mut inbound) = keyed.pair(0, |builder| builder);
        let (_, mut sealed) = seal(&mut outbound, &plain).unwrap();
        sealed[at] ^= 1;
        // Recording a route changes what is recorded; type 7 becoming type 6 is unknown and zero too.
        assert_eq!(open(&mut inbound, &sealed).is_ok(), accepted, "{at}");
    }
}

#[test]
fn ip_headers_that_cannot_be_are_refused() {
    let keyed = Keyed::new(AH_SHA1);
    let (mut outbound, mut inbound) = keyed.pair(4, |builder| builder);
    let (_, sealed) = seal(&mut outbound, &packet(4, 4)).unwrap();
    for first in 0..=255u8 {
        let mut changed = sealed.clone();
        changed[0] = first;
        assert_eq!(open(&mut inbound, &changed).is_ok(), first == 0x45, "{first:#x}");
    }
}

/// A jumbogram is not what IP carries AH or ESP in here: its length does not fit what is sealed.
#[test]
fn a_jumbogram_is_refused() {
    let keyed = Keyed::new(GCM);
    let mut octets = vec![0; 40];
    let (source, destination) = ("2001:db8:a::1".parse().unwrap(), "2001:db8:b::1".parse().unwrap());
    ipv6::Header::new(source, destination, Protocol::HOP_BY_HOP, 0).unwrap().emit(&mut octets).unwrap();
    octets.extend([59, 0, 0xc2, 4, 0, 1, 0, 8]);
    octets.resize(40 + 65_544, 0);
    for mode in [0, 4, 6] {
        let (mut outbound, _) = keyed.pair(mode, |builder| builder);
        let mut storage = vec![0; 128];
        storage.extend(&octets);
        storage.extend([0; 64]);
        let mut buf = ipsec_wire::PacketBuf::new(storage, 128, octets.len()).unwrap();
        let error = outbound.seal(NOW, &mut buf).unwrap_err();
        assert!(matches!(error, Error::DoesNotFit { field: Field::TotalLength, .. }), "{error:?}");
    }
}

proptest! {
    /// Whatever is sealed opens to what it was, whichever suite, mode, versions, numbers and padding.
    #[test]
    fn what_is_sealed_opens_to_what_it_was(
        pick in 0usize..1000,
        mode in prop::sample::select(vec![0u8, 4, 6]),
        inner in prop::sample::select(vec![4u8, 6]),
        len in 0usize..1500,
        esn in any::<bool>(),
        last in any::<u64>(),
        pad in prop::option::of(0u16..600),
        ds in any::<u8>(),
    ) {
        let suites = suites();
        let keyed = &suites[pick % suites.len()];
        let last = if esn { last.saturating_sub(1) } else { (last & 0xffff_ffff).saturating_sub(1) };
        let pad = if mode == 0 || matches!(keyed.suite, Suite::Ah(_)) { 0 } else { pad.unwrap_or(0) };
        let (mut outbound, mut inbound): (Outbound, Inbound) =
            keyed.pair(mode, |builder| builder.esn(esn).last_sent(last).received(last, &[]).pad_to(pad));
        let mut plain = packet(inner, len);
        ip_wire::tunnel::set_ds(&mut plain, ip_wire::DsField(ds)).unwrap();
        let (sealed, octets) = seal(&mut outbound, &plain).unwrap();
        prop_assert_eq!(sealed.sequence, last + 1);
        let (_, opened) = open(&mut inbound, &octets).unwrap();
        prop_assert_eq!(opened, plain);
    }

    /// Whatever arrives, opening neither panics nor accepts what was not sealed.
    #[test]
    fn nothing_is_accepted_that_was_not_sealed(mut octets in prop::collection::vec(any::<u8>(), 0..200), pick in 0usize..1000, mode in prop::sample::select(vec![0u8, 4, 6])) {
        let suites = suites();
        let keyed = &suites[pick % suites.len()];
        let (_, mut inbound) = keyed.pair(mode, |builder| builder);
        // Likely to get past the IP header.
        if let [first, ..] = octets.as_mut_slice() {
            *first = if *first & 1 == 0 { 0x45 } else { 0x60 };
        }
        prop_assert!(open(&mut inbound, &octets).is_err());
    }
}
