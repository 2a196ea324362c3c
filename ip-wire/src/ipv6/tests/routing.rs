use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use crate::ipv6::routing::*;
use crate::{Error, Field, Protocol, Reaction};
use core::net::Ipv6Addr;

const HOP: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xff);

fn address(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last)
}

fn list(last: &[u16]) -> Vec<u8> {
    last.iter().flat_map(|last| address(*last).octets()).collect()
}

/// A routing header from its fixed octets' type and segments left, its word, and what follows.
fn header(routing_type: u8, left: u8, word: [u8; 4], rest: &[u8]) -> Vec<u8> {
    let units = u8::try_from((8 + rest.len()) / 8 - 1).unwrap();
    let mut octets = vec![17, units, routing_type, left];
    octets.extend(word);
    octets.extend(rest);
    octets
}

fn emitted(octets: &[u8]) -> Vec<u8> {
    let header = Header::try_from(View::parse(octets).unwrap()).unwrap();
    let mut out = vec![0xff; header.wire_len()];
    assert_eq!(header.emit(&mut out), Ok(out.len()));
    out
}

fn parameter_problem(error: Error, pointer: u32) {
    assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer });
}

#[test]
fn the_fixed_fields_read_as_rfc_8200_draws_them() {
    let octets = header(2, 1, [1, 2, 3, 4], &list(&[1]));
    let view = View::parse(&octets).unwrap();
    assert_eq!((view.next_header(), view.hdr_ext_len()), (Protocol::UDP, 2));
    assert_eq!((view.routing_type(), view.segments_left()), (RoutingType::TYPE_2, 1));
    assert_eq!(view.data(), &octets[4..]);
    let longer = [&octets[..], &[9, 9]].concat();
    assert_eq!(View::parse(&longer), Ok(view), "what follows is not the header's");
}

#[test]
fn a_header_is_truncated_or_too_long_at_every_octet() {
    let octets = header(2, 1, [0; 4], &list(&[1]));
    for len in 0..octets.len() {
        let found = u32::try_from(len).unwrap();
        let expected = if len < 8 {
            Error::Truncated { field: Field::Ipv6RoutingHeader, offset: 0, found, needed: 8 }
        } else {
            Error::LengthBeyondBuffer { field: Field::Ipv6RoutingLength, offset: 1, found, needed: 24 }
        };
        assert_eq!(View::parse(&octets[..len]), Err(expected));
    }
}

#[test]
fn type_0_lists_addresses_and_is_refused() {
    let octets = header(0, 2, [9, 8, 7, 6], &list(&[1, 2, 3]));
    let view = View::parse(&octets).unwrap();
    let Ok(Route::SourceRoute { reserved, addresses }) = view.route() else { panic!() };
    assert_eq!((reserved, addresses.len(), addresses.is_empty()), ([9, 8, 7, 6], 3, false));
    assert_eq!(addresses.iter().collect::<Vec<_>>(), [address(1), address(2), address(3)]);
    assert_eq!((view.final_segment(), view.final_segment_from(HOP)), (Some(address(3)), Some(address(3))));
    // RFC 5095 3: as an unknown type, a parameter problem at the routing type.
    let error = view.check(HOP).unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Ipv6RoutingHeader, offset: 2, found: 0, needed: 4 });
    parameter_problem(error, 2);
    assert_eq!(emitted(&octets), octets);
    let odd = header(0, 0, [0; 4], &[0; 24]);
    let error = View::parse(&odd).unwrap().route().unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Ipv6RoutingLength, offset: 1, found: 3, needed: 2 });
    assert_eq!(emitted(&odd), odd);
}

#[test]
fn unknown_types_are_kept_and_refused_while_segments_are_left() {
    for routing_type in (0..=255u8).filter(|number| ![0, 2, 3, 4].contains(number)) {
        let octets = header(routing_type, 1, [1, 2, 3, 4], &[5; 8]);
        let view = View::parse(&octets).unwrap();
        assert_eq!(view.route(), Ok(Route::Unknown(&octets[4..])));
        assert_eq!((view.final_segment(), emitted(&octets)), (None, octets.clone()));
        let error = view.check(HOP).unwrap_err();
        let found = u32::from(routing_type);
        assert_eq!(error, Error::Value { field: Field::Ipv6RoutingHeader, offset: 2, found, needed: 4 });
        parameter_problem(error, 2);
    }
}

/// RFC 8200 4.4: with no segments left a header is ignored, whatever its type.
#[test]
fn a_header_without_segments_left_is_ignored() {
    for routing_type in 0..=255u8 {
        let octets = header(routing_type, 0, [0xff; 4], &[0xff; 8]);
        let view = View::parse(&octets).unwrap();
        assert_eq!((view.check(HOP), view.final_segment_from(HOP)), (Ok(()), None));
    }
}

#[test]
fn type_2_has_one_home_address() {
    let octets = header(2, 1, [0, 0, 0, 5], &list(&[7]));
    let view = View::parse(&octets).unwrap();
    assert_eq!(view.route(), Ok(Route::Type2 { reserved: [0, 0, 0, 5], home_address: address(7) }));
    assert_eq!((view.final_segment(), view.check(HOP)), (Some(address(7)), Ok(())));
    assert_eq!(emitted(&octets), octets);
    for left in 2..=255u8 {
        let octets = header(2, left, [0; 4], &list(&[7]));
        let error = View::parse(&octets).unwrap().check(HOP).unwrap_err();
        assert_eq!(error, Error::Value { field: Field::Ipv6SegmentsLeft, offset: 3, found: u32::from(left), needed: 1 });
        parameter_problem(error, 3);
    }
    for units in [0usize, 1, 3, 4] {
        let octets = header(2, 1, [0; 4], &vec![0; units * 8]);
        let error = View::parse(&octets).unwrap().check(HOP).unwrap_err();
        let found = u32::try_from(units).unwrap();
        assert_eq!(error, Error::Value { field: Field::Ipv6RoutingLength, offset: 1, found, needed: 2 });
        parameter_problem(error, 1);
    }
    for wrong in [Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), Ipv6Addr::UNSPECIFIED, Ipv6Addr::LOCALHOST] {
        let octets = header(2, 1, [0; 4], &wrong.octets());
        let error = View::parse(&octets).unwrap().check(HOP).unwrap_err();
        assert_eq!(error, Error::Value { field: Field::Ipv6Address, offset: 8, found: 0, needed: 1 });
        parameter_problem(error, 8);
    }
}

/// RFC 6554 3: n = ((Hdr Ext Len * 8 - Pad - (16 - CmprE)) / (16 - CmprI)) + 1.
#[test]
fn an_rpl_route_completes_its_addresses_from_the_destination() {
    // CmprI 14, CmprE 15, five octets of addresses, three of padding.
    let octets = header(3, 3, [0xef, 0x30, 0, 0], &[0, 1, 0, 2, 3, 0, 0, 0]);
    let view = View::parse(&octets).unwrap();
    let Ok(Route::Rpl(rpl)) = view.route() else { panic!() };
    assert_eq!((rpl.prefix_inner(), rpl.prefix_last(), rpl.padding()), (14, 15, 3));
    assert_eq!((rpl.len(), rpl.is_empty(), rpl.word()), (3, false, [0xef, 0x30, 0, 0]));
    let hop = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x00ff);
    assert_eq!(rpl.addresses(hop).collect::<Vec<_>>(), [address(1), address(2), address(3)]);
    assert_eq!((view.final_segment_from(hop), view.final_segment()), (Some(address(3)), None));
    assert_eq!(view.check(hop), Ok(()));
    assert_eq!(emitted(&octets), octets);
}

/// The compression of RFC 6554 3: CmprI 0 and CmprE 0 carry full addresses.
#[test]
fn an_rpl_route_may_carry_full_addresses() {
    let octets = header(3, 2, [0, 0, 0, 0], &list(&[1, 2]));
    let view = View::parse(&octets).unwrap();
    let Ok(Route::Rpl(rpl)) = view.route() else { panic!() };
    assert_eq!(rpl.len(), 2);
    assert_eq!(rpl.addresses(Ipv6Addr::LOCALHOST).collect::<Vec<_>>(), [address(1), address(2)]);
    let empty = header(3, 0, [0; 4], &[]);
    let Ok(Route::Rpl(rpl)) = View::parse(&empty).unwrap().route() else { panic!() };
    assert_eq!((rpl.len(), rpl.is_empty(), rpl.addresses(HOP).count()), (0, true, 0));
}

#[test]
fn every_rpl_compression_agrees_with_the_formula() {
    for inner in 0..16usize {
        for last in 0..16usize {
            for pad in 0..8usize {
                for len in [0usize, 8, 16, 24, 32] {
                    let octets = vec![1; len];
                    let word = [(inner << 4 | last) as u8, (pad as u8) << 4, 0, 0];
                    let body = len.checked_sub(pad);
                    let before = body.and_then(|body| if body == 0 { Some(0) } else { body.checked_sub(16 - last) });
                    let legal = before.is_some_and(|before| before % (16 - inner) == 0);
                    let route = RplRoute::new(word, &octets);
                    assert_eq!(route.is_some(), legal, "{inner} {last} {pad} {len}");
                    if let (Some(route), Some(before), Some(body)) = (route, before, body) {
                        let count = if body == 0 { 0 } else { before / (16 - inner) + 1 };
                        assert_eq!((route.len(), route.addresses(HOP).count()), (count, count));
                    }
                }
            }
        }
    }
}

#[test]
fn an_rpl_header_whose_lengths_disagree_is_a_value_error() {
    // One address of 16 octets does not fit 8.
    let octets = header(3, 1, [0x0f, 0, 0, 0], &[0; 8]);
    let error = View::parse(&octets).unwrap().check(HOP).unwrap_err();
    assert_eq!(error, Error::Value { field: Field::Ipv6RoutingHeader, offset: 4, found: 0x0f, needed: 0 });
    assert_eq!(emitted(&octets), octets);
}

#[test]
fn an_rpl_route_with_more_segments_left_than_listed_points_at_segments_left() {
    for left in 1..=255u8 {
        let octets = header(3, left, [0, 0, 0, 0], &list(&[1, 2]));
        let checked = View::parse(&octets).unwrap().check(HOP);
        if left <= 2 {
            assert_eq!(checked, Ok(()));
        } else {
            let error = Error::Value { field: Field::Ipv6SegmentsLeft, offset: 3, found: u32::from(left), needed: 2 };
            assert_eq!(checked, Err(error));
            parameter_problem(error, 3);
        }
    }
}

/// RFC 6554 4.2: a route that would loop, or that goes through a group, is refused.
#[test]
fn an_rpl_route_that_refers_to_itself_is_refused() {
    let bad = |octets: &[u8], offset| {
        let error = View::parse(octets).unwrap().check(HOP).unwrap_err();
        assert_eq!(error, Error::Value { field: Field::Ipv6Address, offset, found: 0, needed: 1 });
        parameter_problem(error, offset);
    };
    bad(&header(3, 3, [0; 4], &list(&[1, 2, 1])), 8 + 32);
    bad(&header(3, 2, [0; 4], &list(&[1, 0xff])), 8 + 16);
    bad(&header(3, 1, [0; 4], &list(&[0xff])), 8);
    let group = [&list(&[1])[..], &Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).octets()].concat();
    bad(&header(3, 2, [0; 4], &group), 8 + 16);
    // 2,032 addresses of one octet each: bounded work.
    bad(&header(3, 255, [0xff, 0, 0, 0], &vec![3; 2032]), 9);
}

#[test]
fn a_segment_routing_header_lists_its_segments_in_reverse() {
    let tlvs = [5, 6, 0, 0, 0, 0, 0, 0];
    let octets = header(4, 1, [1, 0x80, 0x12, 0x34], &[&list(&[1, 2])[..], &tlvs].concat());
    let view = View::parse(&octets).unwrap();
    let Ok(Route::Segments(route)) = view.route() else { panic!() };
    assert_eq!((route.flags, route.tag, route.segments.len(), route.tlvs), (0x80, 0x1234, 2, &tlvs[..]));
    assert_eq!((view.final_segment(), view.check(HOP)), (Some(address(1)), Ok(())));
    assert_eq!(emitted(&octets), octets);
    // RFC 8754 4.3.1.1: Segments Left is at most Last Entry + 1.
    for left in 1..=255u8 {
        let octets = header(4, left, [1, 0, 0, 0], &list(&[1, 2]));
        let checked = View::parse(&octets).unwrap().check(HOP);
        match left {
            1 | 2 => assert_eq!(checked, Ok(())),
            _ => parameter_problem(checked.unwrap_err(), 3),
        }
    }
}

#[test]
fn a_last_entry_past_the_header_is_reported_at_segments_left() {
    for last_entry in 0..=255u8 {
        let octets = header(4, 1, [last_entry, 0, 0, 0], &list(&[1, 2, 3]));
        let view = View::parse(&octets).unwrap();
        if last_entry < 3 {
            assert_eq!(view.check(HOP), Ok(()));
        } else {
            let (field, found) = (Field::Ipv6RoutingHeader, u32::from(last_entry));
            assert_eq!(view.route(), Err(Error::Value { field, offset: 4, found, needed: 2 }));
            parameter_problem(view.check(HOP).unwrap_err(), 3);
        }
        assert_eq!(emitted(&octets), octets);
    }
}

#[test]
fn emission_refuses_what_is_no_routing_header() {
    let base =
        Header { next_header: Protocol::UDP, routing_type: RoutingType(9), segments_left: 0, route: Route::Unknown(&[0; 4]) };
    let mut out = [0xaa; 8];
    let odd = Header { route: Route::Unknown(&[0; 7]), ..base };
    assert_eq!(odd.emit(&mut out), Err(Error::DoesNotFit { field: Field::Ipv6RoutingLength, found: 11, needed: 8 }));
    let empty = Route::Segments(SegmentRoute { flags: 0, tag: 0, segments: Addresses::new(&[]).unwrap(), tlvs: &[] });
    let empty = Header { route: empty, ..base };
    assert_eq!(empty.emit(&mut out), Err(Error::DoesNotFit { field: Field::Ipv6RoutingHeader, found: 0, needed: 127 }));
    let error = Error::BufferTooSmall { field: Field::Ipv6RoutingHeader, found: 7, needed: 8 };
    assert_eq!(base.emit(&mut out[..7]), Err(error));
    let long = vec![0; 2052];
    let long = Header { route: Route::Unknown(&long), ..base };
    let error = Error::DoesNotFit { field: Field::Ipv6RoutingLength, found: 2056, needed: 2048 };
    assert_eq!(long.emit(&mut [0; 3000]), Err(error));
    assert_eq!(out, [0xaa; 8], "nothing is written");
    assert_eq!(base.emit(&mut out), Ok(8));
    assert_eq!(out, [17, 0, 9, 0, 0, 0, 0, 0]);
    assert_eq!(Addresses::new(&[0; 15]), None);
}

proptest! {
    #[test]
    fn any_routing_header_emits_itself(routing_type in 0u8..6, left: u8, word: [u8; 4], units in 0usize..12, fill: u8) {
        let octets = header(routing_type, left, word, &vec![fill; units * 8]);
        prop_assert_eq!(emitted(&octets), octets.clone());
        let view = View::parse(&octets).unwrap();
        if let Err(error) = view.check(HOP) {
            prop_assert!(error.offset().is_some_and(|offset| (offset as usize) < octets.len()));
        }
    }
}
