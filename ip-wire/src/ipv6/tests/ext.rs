use std::vec::Vec;

use super::packet;
use crate::ipv6::ext::{DEFAULT_LIMIT, Lint};
use crate::ipv6::{Extension, Extensions, View};
use crate::{Error, Field, Protocol, Reaction};

const HBH: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DEST: u8 = 60;

/// Headers of 8 octets each, in order, then `upper`; the fragment header is atomic.
fn chain(kinds: &[u8], upper: u8) -> Vec<u8> {
    let mut octets = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let next = kinds.get(index + 1).copied().unwrap_or(upper);
        match *kind {
            HBH | DEST => octets.extend([next, 0, 1, 4, 0, 0, 0, 0]),
            FRAGMENT => octets.extend([next, 0, 0, 0, 1, 2, 3, 4]),
            _ => octets.extend([next, 0, 99, 0, 0, 0, 0, 0]),
        }
    }
    octets.extend([0xee; 8]);
    packet(Protocol(kinds.first().copied().unwrap_or(upper)), &octets)
}

fn lints(kinds: &[u8]) -> Vec<Option<Lint>> {
    let octets = chain(kinds, 17);
    let view = View::parse(&octets).unwrap();
    view.extensions().map(|extension| extension.unwrap().lint()).collect()
}

#[test]
fn the_walk_yields_each_header_with_its_offset() {
    let octets = chain(&[HBH, DEST, ROUTING, FRAGMENT, 135, 139, 140, DEST], 6);
    let view = View::parse(&octets).unwrap();
    let extensions: Vec<Extension<'_>> = view.extensions().map(|extension| extension.unwrap()).collect();
    let kinds: Vec<_> = extensions.iter().map(|extension| extension.kind().0).collect();
    assert_eq!(kinds, [0, 60, 43, 44, 135, 139, 140, 60]);
    for (index, extension) in extensions.iter().enumerate() {
        let at = 40 + 8 * index;
        assert_eq!((extension.offset() as usize, extension.octets()), (at, &octets[at..at + 8]));
        assert_eq!((extension.next_header().0, extension.hdr_ext_len()), (octets[at], octets[at + 1]));
    }
    let upper = view.upper_layer().unwrap();
    assert_eq!((upper.protocol, upper.offset, upper.pointer), (Protocol::TCP, 104, 96));
    assert_eq!((upper.octets, upper.has_start()), (&octets[104..], true));
    assert!(upper.fragment.unwrap().is_atomic());
}

#[test]
fn the_walk_ends_at_whatever_is_no_extension_header_it_reads() {
    for next in 0..=255u8 {
        let octets = packet(Protocol(next), &[59, 0, 0, 0, 0, 0, 0, 0]);
        let walked = View::parse(&octets).unwrap().extensions().count();
        assert_eq!(walked, usize::from([0, 43, 44, 60, 135, 139, 140].contains(&next)), "next header {next}");
    }
    let octets = packet(Protocol::ESP, &[1, 2, 3]);
    let upper = View::parse(&octets).unwrap().upper_layer().unwrap();
    assert_eq!((upper.protocol, upper.offset, upper.pointer, upper.octets), (Protocol::ESP, 40, 6, &[1, 2, 3][..]));
}

#[test]
fn every_header_length_counts_8_octet_units_the_first_left_out() {
    for len in 0..=255u8 {
        let mut octets = std::vec![0u8; 2100];
        (octets[0], octets[1]) = (59, len);
        let octets = packet(Protocol::DESTINATION_OPTIONS, &octets);
        let upper = View::parse(&octets).unwrap().upper_layer().unwrap();
        assert_eq!(upper.offset, 40 + 8 * (u32::from(len) + 1));
        let cut = packet(Protocol::DESTINATION_OPTIONS, &octets[40..upper.offset as usize - 1]);
        let needed = upper.offset - 40;
        let (field, found) = (Field::Ipv6ExtensionLength, needed - 1);
        let error = Error::LengthBeyondBuffer { field, offset: 41, found, needed };
        assert_eq!(View::parse(&cut).unwrap().upper_layer(), Err(error));
        assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 41 });
    }
}

#[test]
fn the_second_octet_of_a_fragment_header_is_no_length() {
    let octets = packet(Protocol::FRAGMENT, &[17, 255, 0, 0, 0, 0, 0, 1, 9]);
    let upper = View::parse(&octets).unwrap().upper_layer().unwrap();
    assert_eq!((upper.offset, upper.octets), (48, &[9][..]));
}

#[test]
fn a_header_cut_before_its_length_is_truncated() {
    for (len, kind) in [(0, 60u8), (1, 60), (0, 44), (1, 44)] {
        let octets = packet(Protocol(kind), &[59, 0][..len]);
        let (field, found) = (Field::Ipv6Extension, u32::try_from(len).unwrap());
        let error = Error::Truncated { field, offset: 40, found, needed: 2 };
        assert_eq!(View::parse(&octets).unwrap().upper_layer(), Err(error));
    }
    let octets = packet(Protocol::FRAGMENT, &[59, 0, 0, 0, 0, 0, 0]);
    let error = Error::Truncated { field: Field::Ipv6Extension, offset: 40, found: 7, needed: 8 };
    assert_eq!(View::parse(&octets).unwrap().upper_layer(), Err(error));
    assert_eq!(error.reaction(), Reaction::Discard);
}

#[test]
fn a_chain_of_176_headers_uses_up_the_budget() {
    let octets = chain(&[DEST; 176], 59);
    let view = View::parse(&octets).unwrap();
    let error = Error::HeaderBudget { offset: 40 + 16 * 8, limit: 16 };
    assert_eq!(view.upper_layer(), Err(error));
    assert_eq!((DEFAULT_LIMIT, error.reaction()), (16, Reaction::Discard));
    let mut walk = view.extensions();
    assert_eq!(walk.by_ref().filter(|step| step.is_ok()).count(), 16);
    assert_eq!((walk.next(), walk.next()), (None, None), "fused after the error");
    assert!(view.extensions_within(176).upper_layer().is_ok());
    let error = Error::HeaderBudget { offset: 40 + 175 * 8, limit: 175 };
    assert_eq!(view.extensions_within(175).upper_layer(), Err(error));
    assert_eq!(view.extensions_within(0).next(), Some(Err(Error::HeaderBudget { offset: 40, limit: 0 })));
}

#[test]
fn a_budget_of_exactly_the_chain_is_enough() {
    let octets = chain(&[DEST; 16], 59);
    assert!(View::parse(&octets).unwrap().upper_layer().is_ok());
    let octets = chain(&[DEST; 17], 59);
    assert!(View::parse(&octets).unwrap().upper_layer().is_err());
    // A packet without extension headers needs none.
    let octets = chain(&[], 17);
    assert!(View::parse(&octets).unwrap().extensions_within(0).upper_layer().is_ok());
}

#[test]
fn a_hop_by_hop_header_anywhere_but_first_is_an_error() {
    for kinds in [&[DEST, HBH][..], &[ROUTING, HBH], &[HBH, HBH], &[HBH, DEST, HBH], &[FRAGMENT, HBH]] {
        let octets = chain(kinds, 17);
        let offset = 40 + 8 * (kinds.len() as u32 - 1);
        let error = Error::HopByHopNotFirst { offset, pointer: offset - 8 };
        assert_eq!(View::parse(&octets).unwrap().upper_layer(), Err(error));
        assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 1, pointer: offset - 8 });
        assert_eq!((error.field(), error.offset()), (Field::Ipv6NextHeader, Some(offset)));
    }
    let octets = chain(&[HBH, DEST], 17);
    assert!(View::parse(&octets).unwrap().upper_layer().is_ok());
}

#[test]
fn a_walk_resumed_behind_ah_takes_no_hop_by_hop_header() {
    let octets = [17, 0, 1, 4, 0, 0, 0, 0, 9];
    let error = Error::HopByHopNotFirst { offset: 64, pointer: 40 };
    assert_eq!(Extensions::resume(Protocol::HOP_BY_HOP, &octets, 64, 40, 4).upper_layer(), Err(error));
    let upper = Extensions::resume(Protocol::DESTINATION_OPTIONS, &octets, 64, 40, 4).upper_layer().unwrap();
    assert_eq!((upper.protocol, upper.offset, upper.pointer), (Protocol::UDP, 72, 64));
    let end = Extensions::resume(Protocol::TCP, &octets, 64, 40, 4).upper_layer().unwrap();
    assert_eq!((end.offset, end.pointer), (64, 40));
}

#[test]
fn the_order_of_rfc_8200_section_4_1_has_no_lint() {
    for kinds in [
        &[HBH, DEST, ROUTING, FRAGMENT, DEST][..],
        &[HBH, ROUTING, FRAGMENT],
        &[DEST, ROUTING],
        &[ROUTING, DEST],
        &[FRAGMENT, DEST],
        &[DEST],
        &[DEST, 135],
    ] {
        assert!(lints(kinds).iter().all(Option::is_none), "{kinds:?}");
    }
}

#[test]
fn another_order_is_a_lint_and_no_error() {
    let after = |after: u8| Some(Lint::OutOfOrder { after: Protocol(after) });
    assert_eq!(lints(&[FRAGMENT, ROUTING]), [None, after(FRAGMENT)]);
    assert_eq!(lints(&[DEST, FRAGMENT]), [None, after(DEST)]);
    assert_eq!(lints(&[135, ROUTING]), [None, after(135)]);
    assert_eq!(lints(&[139, FRAGMENT]), [None, after(139)]);
    assert_eq!(lints(&[140, FRAGMENT]), [None, after(140)]);
    assert_eq!(lints(&[ROUTING, ROUTING]), [None, Some(Lint::Repeated)]);
    assert_eq!(lints(&[FRAGMENT, FRAGMENT]), [None, Some(Lint::Repeated)]);
    assert_eq!(lints(&[135, 135]), [None, Some(Lint::Repeated)]);
    assert_eq!(lints(&[DEST, DEST]), [None, None], "destination options may occur twice");
    assert_eq!(lints(&[DEST, DEST, DEST]), [None, None, Some(Lint::Repeated)]);
    let text = std::format!("{} / {}", Lint::Repeated, after(44).unwrap());
    assert_eq!(text, "occurs more often than RFC 8200 4.1 allows / comes behind IPv6-Frag, which RFC 8200 4.1 puts later");
}

#[test]
fn a_later_fragment_ends_the_walk() {
    // Offset 1, more fragments: what follows is not the header it is announced as.
    let octets = packet(Protocol::FRAGMENT, &[60, 0, 0, 9, 0, 0, 0, 1, 60, 255]);
    let view = View::parse(&octets).unwrap();
    assert_eq!(view.extensions().count(), 1);
    let upper = view.upper_layer().unwrap();
    assert_eq!((upper.protocol, upper.offset, upper.has_start()), (Protocol::DESTINATION_OPTIONS, 48, false));
    assert_eq!(upper.fragment.map(|header| (header.offset.units(), header.more)), Some((1, true)));
}

/// RFC 7112 5: the first fragment holds the entire header chain.
#[test]
fn a_first_fragment_without_the_whole_chain_is_refused() {
    for rest in [&[][..], &[17], &[17, 0, 1, 4], &[17, 1, 1, 12, 0, 0, 0, 0]] {
        let mut payload = std::vec![60, 0, 0, 1, 0, 0, 0, 1];
        payload.extend(rest);
        let octets = packet(Protocol::FRAGMENT, &payload);
        let found = rest.len() as u32;
        let needed = if found < 2 { 2 } else { 8 * (u32::from(rest[1]) + 1) };
        let field = Field::Ipv6HeaderChain;
        let error = Error::FirstFragmentTooSmall { field, offset: 48, found, needed };
        assert_eq!(View::parse(&octets).unwrap().upper_layer(), Err(error));
        assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 3, pointer: 0 });
        // The same in a whole packet is just cut short.
        payload[3] = 0;
        let octets = packet(Protocol::FRAGMENT, &payload);
        let error = View::parse(&octets).unwrap().upper_layer().unwrap_err();
        assert!(matches!(error, Error::Truncated { .. } | Error::LengthBeyondBuffer { .. }));
    }
}

#[test]
fn typed_readings_are_of_their_own_header_alone() {
    let octets = chain(&[HBH, DEST, ROUTING, FRAGMENT, 135], 17);
    let view = View::parse(&octets).unwrap();
    for extension in view.extensions().map(|extension| extension.unwrap()) {
        let kind = extension.kind().0;
        assert_eq!(extension.options().is_some(), [HBH, DEST].contains(&kind));
        assert_eq!(extension.routing().is_some(), kind == ROUTING);
        assert_eq!(extension.fragment().is_some(), kind == FRAGMENT);
        assert_eq!(extension.mobility().is_some(), kind == 135);
    }
    let first = view.extensions().next().unwrap().unwrap();
    let option = first.options().unwrap().next().unwrap().unwrap();
    assert_eq!((option.offset(), option.octets()), (42, &octets[42..48]));
    let fragment = view.extensions().nth(3).unwrap().unwrap().fragment().unwrap();
    assert_eq!(fragment.identification, 0x0102_0304);
}

#[test]
fn a_routing_header_decides_the_final_destination() {
    let last = core::net::Ipv6Addr::new(0x2001, 0xdb8, 9, 9, 9, 9, 9, 9);
    let mut payload = std::vec![60, 0, 1, 4, 0, 0, 0, 0];
    payload.splice(0..1, [43]);
    payload.extend([17, 2, 2, 1, 0, 0, 0, 0]);
    payload.extend(last.octets());
    payload.extend([0; 8]);
    let mut octets = packet(Protocol::DESTINATION_OPTIONS, &payload);
    assert_eq!(View::parse(&octets).unwrap().final_destination(), last);
    octets[40 + 8 + 3] = 0;
    assert_eq!(View::parse(&octets).unwrap().final_destination(), super::B, "no segment is left");
    let plain = packet(Protocol::UDP, &payload);
    assert_eq!(View::parse(&plain).unwrap().final_destination(), super::B);
}

/// RFC 7045 3.1 and the registry.
#[test]
fn extension_header_types_are_those_of_the_registry() {
    let list = [0, 43, 44, 50, 51, 60, 135, 139, 140, 253, 254];
    for number in 0..=255u8 {
        assert_eq!(Protocol(number).is_extension_header(), list.contains(&number));
    }
}

#[test]
fn of_several_fragment_headers_the_first_that_is_not_atomic_tells_and_any_later_one_ends_the_walk() {
    // Atomic, then one at offset 8: what follows is no header, and the second one says which part this is.
    let mut octets = chain(&[FRAGMENT, FRAGMENT], 6);
    octets[48 + 3] = 8;
    let upper = View::parse(&octets).unwrap().upper_layer().unwrap();
    assert!(!upper.has_start());
    assert_eq!(upper.fragment.map(|header| (header.offset.units(), header.more)), Some((1, false)));
    assert_eq!(crate::Flow::from_ip(&octets).unwrap().key.ports(), crate::Ports::InFirstFragment);
    // A first fragment, then one at offset 8: the datagram inside is a later part of another.
    octets[40 + 3] = 1;
    let upper = View::parse(&octets).unwrap().upper_layer().unwrap();
    assert!(!upper.has_start());
    assert_eq!(upper.fragment.map(|header| (header.offset.units(), header.more)), Some((0, true)));
    // Two atomic ones are a whole packet.
    let octets = chain(&[FRAGMENT, FRAGMENT], 6);
    let upper = View::parse(&octets).unwrap().upper_layer().unwrap();
    assert!(upper.has_start() && upper.fragment.is_some_and(|header| header.is_atomic()));
}
