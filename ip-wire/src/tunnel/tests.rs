use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::Reaction;
use core::net::{Ipv4Addr, Ipv6Addr};

const HEAD: usize = 64;

fn tunnel(v6: bool) -> Tunnel {
    match v6 {
        false => Tunnel::new("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()).unwrap(),
        true => Tunnel::new("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap()).unwrap(),
    }
}

/// The same tunnel from the other end.
fn far(near: &Tunnel) -> Tunnel {
    let mut far = Tunnel::new(near.remote(), near.local()).unwrap();
    (far.ds_model, far.ecn_mode) = (near.ds_model, near.ecn_mode);
    far
}

fn v4(ds: u8, dont_fragment: bool, len: usize) -> Vec<u8> {
    let mut header = ipv4::Header::new(Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2), Protocol::UDP, len).unwrap();
    (header.ds, header.ttl) = (DsField(ds), 33);
    header.flags = if dont_fragment { ipv4::Flags::DONT_FRAGMENT } else { ipv4::Flags::NONE };
    let mut octets = vec![0xda; 20 + len];
    header.emit(&mut octets).unwrap();
    octets
}

fn v6(ds: u8, next: u8, payload: &[u8]) -> Vec<u8> {
    let (a, b) = (Ipv6Addr::from([0xfd; 16]), Ipv6Addr::from([0xfc; 16]));
    let mut header = ipv6::Header::new(a, b, Protocol(next), payload.len()).unwrap();
    (header.ds, header.hop_limit, header.flow_label) = (DsField(ds), 33, FlowLabel::new(0xabcde).unwrap());
    let mut octets = vec![0; 40];
    header.emit(&mut octets).unwrap();
    octets.extend(payload);
    octets
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0xcc; HEAD];
    storage.extend(octets);
    storage.extend([0xcc; 8]);
    PacketBuf::new(storage, HEAD, octets.len()).unwrap()
}

fn encapsulated(tunnel: &Tunnel, inner: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut packet = buffer(inner);
    tunnel.encapsulate(&mut packet, 0x1234).unwrap();
    packet
}

#[test]
fn ipv4_in_ipv4_is_rfc_2003s_header_octet_for_octet() {
    let inner = v4(0xb9, false, 5);
    let packet = encapsulated(&tunnel(false), &inner);
    let mut expected = vec![0x45, 0xb9, 0, 45, 0x12, 0x34, 0, 0, 64, 4, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    let checksum = crate::checksum::of(&expected);
    expected[10..12].copy_from_slice(&checksum.to_be_bytes());
    expected.extend(&inner);
    assert_eq!(packet.octets(), expected);
    assert_eq!((packet.headroom(), packet.tailroom()), (HEAD - 20, 8));
}

#[test]
fn ipv6_in_ipv6_is_rfc_2473s_header_octet_for_octet() {
    let inner = v6(0xb9, 17, &[1, 2, 3]);
    let packet = encapsulated(&tunnel(true), &inner);
    let mut expected = vec![0x6b, 0x9a, 0xbc, 0xde, 0, 43, 41, 64];
    expected.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
    expected.extend("2001:db8::2".parse::<Ipv6Addr>().unwrap().octets());
    expected.extend(&inner);
    assert_eq!(packet.octets(), expected);
}

#[test]
fn all_four_combinations_go_there_and_back() {
    for outer_v6 in [false, true] {
        for (inner, protocol) in [(v4(0x2e, true, 9), 4), (v6(0x2e, 17, &[7; 9]), 41)] {
            let near = tunnel(outer_v6);
            let mut packet = encapsulated(&near, &inner);
            assert_eq!(packet.len(), inner.len() + near.overhead());
            let outer = Packet::parse(packet.octets()).unwrap();
            assert_eq!((outer.source(), outer.destination(), outer.ds().0), (near.local(), near.remote(), 0x2e));
            assert_eq!(outer.upper_layer().unwrap().protocol.0, protocol);
            let result = far(&near).decapsulate(&mut packet);
            assert_eq!(result, Ok(Decapsulation::Forward { classify_by: Dscp::new(0x2e >> 2).unwrap(), alarm: None }));
            assert_eq!((packet.octets(), packet.headroom()), (&inner[..], HEAD));
        }
    }
    assert_eq!((tunnel(false).overhead(), tunnel(true).overhead()), (20, 40));
    assert_eq!((tunnel(false).max_inner(1500), tunnel(true).max_inner(1500), tunnel(true).max_inner(39)), (1480, 1460, 0));
}

#[test]
fn the_three_dont_fragment_modes() {
    for (mode, inner, expected) in [
        (DontFragment::Copy, v4(0, true, 0), true),
        (DontFragment::Copy, v4(0, false, 0), false),
        (DontFragment::Copy, v6(0, 59, &[]), true),
        (DontFragment::Set, v4(0, false, 0), true),
        (DontFragment::Clear, v4(0, true, 0), false),
        (DontFragment::Clear, v6(0, 59, &[]), false),
    ] {
        let mut near = tunnel(false);
        near.dont_fragment = mode;
        let packet = encapsulated(&near, &inner);
        let view = ipv4::View::parse(packet.octets()).unwrap();
        assert_eq!((view.flags().dont_fragment(), view.flags().bits() & 5), (expected, 0), "{mode:?}");
        assert_eq!((view.identification(), view.verify_checksum()), (0x1234, Ok(())));
    }
}

#[test]
fn hop_limit_and_flow_label_are_copied_or_fixed() {
    for inner in [v4(0, true, 0), v6(0, 59, &[])] {
        for outer_v6 in [false, true] {
            for (mode, expected) in [(HopLimit::Copy, 33), (HopLimit::Fixed(7), 7)] {
                let mut near = tunnel(outer_v6);
                near.hop_limit = mode;
                assert_eq!(Packet::parse(encapsulated(&near, &inner).octets()).unwrap().hop_limit(), expected);
            }
        }
        let label = FlowLabel::new(0x12345).unwrap();
        let copied = if inner[0] >> 4 == 6 { 0xabcde } else { 0 };
        for (mode, expected) in [(FlowLabelMode::Copy, copied), (FlowLabelMode::Fixed(label), 0x12345)] {
            let mut near = tunnel(true);
            near.flow_label = mode;
            let packet = encapsulated(&near, &inner);
            assert_eq!(ipv6::View::parse(packet.octets()).unwrap().flow_label().value(), expected);
        }
    }
}

/// RFC 2473 4.1.1: the option's exact octets.
#[test]
fn an_encapsulation_limit_is_put_on_in_a_destination_options_header() {
    let mut near = tunnel(true);
    near.encapsulation_limit = Some(4);
    assert_eq!(near.overhead(), 48);
    for (inner, protocol) in [(v4(0, true, 3), 4u8), (v6(0, 59, &[]), 41)] {
        let mut packet = encapsulated(&near, &inner);
        assert_eq!((packet.octets()[6], &packet.octets()[40..48]), (60, &[protocol, 0, 4, 1, 4, 1, 1, 0][..]));
        assert_eq!(usize::from(packet.octets()[5]), 8 + inner.len());
        far(&near).decapsulate(&mut packet).unwrap();
        assert_eq!(packet.octets(), inner);
    }
    // Over IPv4 there is no place for it.
    let mut near = tunnel(false);
    near.encapsulation_limit = Some(4);
    assert_eq!((near.overhead(), encapsulated(&near, &v4(0, true, 3)).len()), (20, 43));
}

#[test]
fn an_inner_encapsulation_limit_goes_on_one_lower_until_it_is_zero() {
    for limit in 0..=255u8 {
        let inner = v6(0, 60, &[59, 0, 4, 1, limit, 1, 1, 0]);
        for (outer_v6, own) in [(true, None), (true, Some(9)), (false, None)] {
            let mut near = tunnel(outer_v6);
            near.encapsulation_limit = own;
            let mut packet = buffer(&inner);
            let result = near.encapsulate(&mut packet, 0);
            if limit == 0 {
                let error = Error::Value { field: Field::Ipv6Option, offset: 44, found: 0, needed: 1 };
                assert_eq!(result, Err(error));
                assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 0, pointer: 44 });
                assert_eq!((packet.octets(), packet.headroom()), (&inner[..], HEAD));
            } else {
                assert_eq!(result, Ok(()));
                let added = if outer_v6 { 48 } else { 20 };
                assert_eq!((packet.len(), &packet.octets()[added..]), (inner.len() + added, &inner[..]));
                if outer_v6 {
                    assert_eq!(packet.octets()[40..48], [41, 0, 4, 1, limit - 1, 1, 1, 0]);
                }
            }
        }
    }
}

#[test]
fn link_padding_does_not_go_into_the_tunnel_or_out_of_it() {
    for outer_v6 in [false, true] {
        let near = tunnel(outer_v6);
        let inner = v4(0, true, 4);
        let mut packet = buffer(&[&inner[..], &[0xee; 6]].concat());
        near.encapsulate(&mut packet, 0).unwrap();
        assert_eq!(packet.octets()[near.overhead()..], inner);
        packet.append(&[0xee; 8]).unwrap();
        far(&near).decapsulate(&mut packet).unwrap();
        assert_eq!(packet.octets(), inner);
    }
}

/// Figure 4 of RFC 6040 4.2: sixteen cells.
#[test]
fn the_sixteen_cells_of_rfc_6040_figure_4() {
    use Ecn::{Ce, Ect0, Ect1, NotEct};
    let forward = |ecn, alarm| EcnOutcome::Forward { ecn, alarm };
    let (loud, quiet) = (Some(Alarm::Dangerous), Some(Alarm::Unused));
    let outers = [NotEct, Ect0, Ect1, Ce];
    let rows = [
        (NotEct, [forward(NotEct, None), forward(NotEct, loud), forward(NotEct, loud), EcnOutcome::Drop]),
        (Ect0, [forward(Ect0, None), forward(Ect0, None), forward(Ect1, None), forward(Ce, None)]),
        (Ect1, [forward(Ect1, None), forward(Ect1, quiet), forward(Ect1, None), forward(Ce, None)]),
        (Ce, [forward(Ce, None), forward(Ce, None), forward(Ce, loud), forward(Ce, None)]),
    ];
    for (inner, cells) in rows {
        for (outer, expected) in outers.into_iter().zip(cells) {
            assert_eq!(ecn::egress(inner, outer), expected, "inner {inner}, outer {outer}");
            for outer_v6 in [false, true] {
                for packet in [v4(0xb8 | inner.value(), true, 2), v6(0xb8 | inner.value(), 59, &[])] {
                    let near = tunnel(outer_v6);
                    let mut wire = encapsulated(&near, &packet);
                    set_ds(wire.octets_mut(), DsField::new(Dscp::EF, outer)).unwrap();
                    let before = wire.octets().to_vec();
                    let result = far(&near).decapsulate(&mut wire).unwrap();
                    match expected {
                        EcnOutcome::Drop => assert_eq!((result, wire.octets()), (Decapsulation::Drop, &before[..])),
                        EcnOutcome::Forward { ecn, alarm } => {
                            assert_eq!(result, Decapsulation::Forward { classify_by: Dscp::EF, alarm });
                            let forwarded = Packet::parse(wire.octets()).unwrap();
                            assert_eq!(forwarded.ds(), DsField::new(Dscp::EF, ecn));
                            if let Packet::V4(view) = forwarded {
                                assert_eq!(view.verify_checksum(), Ok(()));
                            }
                        }
                    }
                    let mut alone = packet.clone();
                    assert_eq!(combine_ecn(&mut alone, outer), Ok(expected));
                    match expected {
                        EcnOutcome::Drop => assert_eq!(alone, packet),
                        EcnOutcome::Forward { ecn, .. } => assert_eq!(Packet::parse(&alone).unwrap().ds().ecn(), ecn),
                    }
                }
            }
        }
    }
}

/// RFC 6040 4.1.
#[test]
fn the_ingress_copies_ecn_or_clears_it_in_compatibility_mode() {
    for ecn in Ecn::ALL {
        for (mode, expected) in [(EcnMode::Normal, ecn), (EcnMode::Compatibility, Ecn::NotEct)] {
            assert_eq!(mode.ingress(ecn), expected);
            for outer_v6 in [false, true] {
                let mut near = tunnel(outer_v6);
                near.ecn_mode = mode;
                let packet = encapsulated(&near, &v4(0x88 | ecn.value(), true, 0));
                assert_eq!(Packet::parse(packet.octets()).unwrap().ds(), DsField(0x88 | expected.value()));
            }
        }
    }
}

/// RFC 2983 3: what each model does with every pair of codepoints.
#[test]
fn the_three_models_of_rfc_2983() {
    for inner in 0..64 {
        for outer in 0..64 {
            let (inner, outer) = (Dscp::new(inner).unwrap(), Dscp::new(outer).unwrap());
            let (pipe, short) = (DsModel::Pipe(Dscp::AF11), DsModel::ShortPipe(Dscp::AF11));
            assert_eq!((DsModel::Uniform.ingress(inner), DsModel::Uniform.egress(outer, inner)), (inner, (outer, outer)));
            assert_eq!((pipe.ingress(inner), pipe.egress(outer, inner)), (Dscp::AF11, (inner, outer)));
            assert_eq!((short.ingress(inner), short.egress(outer, inner)), (Dscp::AF11, (inner, inner)));
        }
    }
    for (model, outer, inner, classify_by) in [
        (DsModel::Uniform, Dscp::EF, Dscp::CS1, Dscp::CS1),
        (DsModel::Pipe(Dscp::CS5), Dscp::CS5, Dscp::EF, Dscp::CS1),
        (DsModel::ShortPipe(Dscp::CS5), Dscp::CS5, Dscp::EF, Dscp::EF),
    ] {
        let mut near = tunnel(false);
        near.ds_model = model;
        let mut packet = encapsulated(&near, &v6(46 << 2, 59, &[]));
        assert_eq!(Packet::parse(packet.octets()).unwrap().ds().dscp(), outer);
        // A node on the way remarks the outer header.
        set_ds(packet.octets_mut(), DsField::new(Dscp::CS1, Ecn::NotEct)).unwrap();
        let result = far(&near).decapsulate(&mut packet).unwrap();
        assert_eq!(result, Decapsulation::Forward { classify_by, alarm: None });
        assert_eq!(Packet::parse(packet.octets()).unwrap().ds().dscp(), inner);
    }
}

#[test]
fn ends_of_two_versions_are_no_tunnel() {
    let (four, six) = ("192.0.2.1".parse().unwrap(), "::1".parse().unwrap());
    let error = |found, needed| Error::AddressFamily { field: Field::Address, found, needed };
    assert_eq!(Tunnel::new(four, six), Err(error(6, 4)));
    assert_eq!(Tunnel::new(six, four), Err(error(4, 6)));
}

#[test]
fn encapsulation_without_room_leaves_the_packet_as_it_was() {
    for (outer_v6, limit, needed) in [(false, None, 20), (true, None, 40), (true, Some(4), 48)] {
        let mut near = tunnel(outer_v6);
        near.encapsulation_limit = limit;
        let inner = v4(0, true, 3);
        let mut storage = vec![0xcc; needed - 1];
        storage.extend(&inner);
        let before = storage.clone();
        let mut packet = PacketBuf::new(storage, needed - 1, inner.len()).unwrap();
        let (found, needed) = (needed as u32 - 1, needed as u32);
        let error = Error::BufferTooSmall { field: Field::Headroom, found, needed };
        assert_eq!(near.encapsulate(&mut packet, 0), Err(error));
        assert_eq!((packet.octets(), packet.headroom()), (&inner[..], found as usize));
        assert_eq!(packet.into_storage(), before);
    }
    let inner = v4(0, true, 65_500);
    let mut packet = buffer(&inner);
    let error = Error::DoesNotFit { field: Field::Ipv4TotalLength, found: 65_540, needed: 65_535 };
    assert_eq!(tunnel(false).encapsulate(&mut packet, 0), Err(error));
    assert_eq!(packet.octets(), inner);
    let mut packet = buffer(&[0x75; 40]);
    assert!(matches!(tunnel(false).encapsulate(&mut packet, 0), Err(Error::Version { found: 7, .. })));
    assert_eq!(packet.octets(), [0x75; 40]);
}

/// RFC 4213 3.6: a wrong outer source is discarded and nobody is told.
#[test]
fn a_packet_of_another_tunnel_is_refused_silently() {
    for (outer_v6, offset) in [(false, 12), (true, 8)] {
        let near = tunnel(outer_v6);
        let inner = v4(0, true, 3);
        for at in [offset as usize, if outer_v6 { 24 } else { 16 }] {
            let mut packet = encapsulated(&near, &inner);
            packet.octets_mut()[at] ^= 1;
            let before = packet.octets().to_vec();
            let error = far(&near).decapsulate(&mut packet).unwrap_err();
            assert_eq!(error, Error::Value { field: Field::Address, offset, found: 0, needed: 1 });
            assert_eq!((error.reaction(), packet.octets()), (Reaction::Discard, &before[..]));
        }
        // This end's own packets are not for it.
        assert!(near.decapsulate(&mut encapsulated(&near, &inner)).is_err());
    }
}

#[test]
fn what_carries_no_packet_of_the_announced_version_is_refused() {
    for (outer_v6, field, offset, start) in [(false, Field::Ipv4Protocol, 9, 20u32), (true, Field::Ipv6NextHeader, 6, 40)] {
        let near = tunnel(outer_v6);
        let refused = |change: &dyn Fn(&mut [u8]), expected: Error| {
            let mut packet = encapsulated(&near, &v4(0, true, 3));
            change(packet.octets_mut());
            let before = packet.octets().to_vec();
            assert_eq!(far(&near).decapsulate(&mut packet), Err(expected));
            assert_eq!(packet.octets(), before);
        };
        refused(&|octets| octets[offset as usize] = 17, Error::UnsupportedProtocol { field, offset, found: 17 });
        let version = Error::Truncated { field: Field::Ipv6Header, offset: start, found: 23, needed: 40 };
        refused(&|octets| octets[offset as usize] = 41, version);
        let version = Error::Version { field: Field::Ipv4Version, offset: start, found: 5, needed: 4 };
        refused(&|octets| octets[start as usize] = 0x55, version);
        let mut packet = encapsulated(&near, &v6(0, 59, &[]));
        packet.octets_mut()[offset as usize] = 4;
        let error = Error::Version { field: Field::Ipv4Version, offset: start, found: 6, needed: 4 };
        assert_eq!(far(&near).decapsulate(&mut packet), Err(error));
    }
    let error = Error::UnsupportedProtocol { field: Field::Ipv4Protocol, offset: 9, found: 17 };
    assert_eq!(error.reaction(), Reaction::Unreachable { code: 2 });
}

/// RFC 8200 4: the pointer is where the value that is not known stands, behind extension headers too.
#[test]
fn an_unknown_protocol_behind_extension_headers_is_pointed_at() {
    let mut near = tunnel(true);
    near.encapsulation_limit = Some(4);
    let mut packet = encapsulated(&near, &v4(0, true, 3));
    packet.octets_mut()[40] = 17;
    let error = far(&near).decapsulate(&mut packet).unwrap_err();
    assert_eq!(error, Error::UnsupportedProtocol { field: Field::Ipv6NextHeader, offset: 40, found: 17 });
    assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 1, pointer: 40 });
}

#[test]
fn a_fragment_is_to_be_reassembled_first() {
    let near = tunnel(false);
    let mut packet = encapsulated(&near, &v4(0, false, 3));
    packet.octets_mut()[6] |= 0x20;
    let before = packet.octets().to_vec();
    let error = Error::NotReassembled { field: Field::Ipv4FragmentOffset, offset: 6 };
    assert_eq!(far(&near).decapsulate(&mut packet), Err(error));
    assert_eq!(packet.octets(), before);
    let outer = v6(0, 44, &[&[4, 0, 0, 1, 0, 0, 0, 9][..], &v4(0, false, 4)].concat());
    let error = strip(&Packet::parse(&outer).unwrap()).unwrap_err();
    assert_eq!(error, Error::NotReassembled { field: Field::Ipv6FragmentHeader, offset: 40 });
    let atomic = v6(0, 44, &[&[4, 0, 0, 0, 0, 0, 0, 9][..], &v4(0, false, 4)].concat());
    let stripped = strip(&Packet::parse(&atomic).unwrap()).unwrap();
    assert_eq!((stripped.start, stripped.inner.len(), stripped.inner.version()), (48, 24, 4));
}

#[test]
fn packets_over_the_tunnel_mtu_are_answered_if_they_may_not_be_cut() {
    let check = |near: &Tunnel, inner: &[u8], mtu| near.check_mtu(&Packet::parse(inner).unwrap(), mtu);
    let near = tunnel(false);
    assert_eq!(check(&near, &v4(0, true, 80), 120), Ok(()));
    let error = Error::FragmentationNeeded { found: 101, mtu: 100 };
    assert_eq!(check(&near, &v4(0, true, 81), 120), Err(error));
    assert_eq!(error.reaction(), Reaction::PacketTooBig { mtu: 100 });
    assert_eq!(check(&near, &v4(0, false, 81), 120), Ok(()), "it can be fragmented");
    assert_eq!(check(&near, &v4(0, true, 48), 60), Ok(()), "68 octets always pass");
    assert_eq!(check(&near, &v4(0, true, 49), 60), Err(Error::FragmentationNeeded { found: 69, mtu: 68 }));
    let near = tunnel(true);
    assert_eq!(check(&near, &v6(0, 59, &[0; 1420]), 1500), Ok(()));
    assert_eq!(check(&near, &v6(0, 59, &[0; 1421]), 1500), Err(Error::FragmentationNeeded { found: 1461, mtu: 1460 }));
    // Below 1,280 octets the outer packet is to be fragmented.
    assert_eq!(check(&near, &v6(0, 59, &[0; 1240]), 1280), Ok(()));
    assert_eq!(check(&near, &v6(0, 59, &[0; 1241]), 1280), Err(Error::FragmentationNeeded { found: 1281, mtu: 1280 }));
    // A packet with a limit takes the option's header too.
    let limited = |len: usize| v6(0, 60, &[&[59, 0, 4, 1, 5, 1, 1, 0][..], &vec![0; len - 48]].concat());
    assert_eq!(check(&near, &limited(1452), 1500), Ok(()));
    assert_eq!(encapsulated(&near, &limited(1452)).len(), 1500);
    assert_eq!(check(&near, &limited(1453), 1500), Err(Error::FragmentationNeeded { found: 1453, mtu: 1452 }));
}

proptest! {
    #[test]
    fn any_inner_packet_comes_out_as_it_went_in(len in 0usize..200, ds: u8, outer_v6: bool, inner_v6: bool, limit in prop::option::of(any::<u8>()), padding in 0usize..8) {
        let mut near = tunnel(outer_v6);
        (near.ds_model, near.encapsulation_limit) = (DsModel::Pipe(Dscp::AF41), limit);
        let inner = if inner_v6 { v6(ds, 17, &vec![3; len]) } else { v4(ds, false, len) };
        let mut packet = buffer(&[&inner[..], &vec![0xee; padding]].concat());
        near.encapsulate(&mut packet, 9).unwrap();
        far(&near).decapsulate(&mut packet).unwrap();
        prop_assert_eq!(packet.octets(), &inner[..]);
    }
}

#[test]
fn a_trailer_counts_in_the_outer_length() {
    for (v6, at, wanted) in [(false, 2, 20 + 25 + 6), (true, 4, 25 + 6)] {
        let inner = v4(0, false, 5);
        let mut packet = buffer(&[&inner[..], &[0xaa; 6]].concat());
        tunnel(v6).encapsulate_with_trailer(&mut packet, 7, 6).unwrap();
        let octets = packet.octets();
        assert_eq!(u16::from_be_bytes([octets[at], octets[at + 1]]), wanted);
        assert_eq!(octets[tunnel(v6).overhead()..], [&inner[..], &[0xaa; 6]].concat());
    }
}

/// Without a payload, and with a next header that could make it a jumbogram.
#[test]
fn a_trailer_is_not_taken_for_a_part_of_the_inner_packet() {
    let inner = v6(0, 0, &[]);
    let mut packet = buffer(&[&inner[..], &[0xaa; 24]].concat());
    let outcome = tunnel(true).encapsulate_with_trailer(&mut packet, 0, 24);
    assert_eq!(outcome, tunnel(true).encapsulate(&mut buffer(&inner), 0));
}

#[test]
fn a_trailer_that_is_not_right_behind_the_packet_is_refused_and_changes_nothing() {
    let inner = v4(0, false, 5);
    let octets = [&inner[..], &[0xaa; 6]].concat();
    let mut packet = buffer(&octets);
    let error = Error::DoesNotFit { field: Field::Buffer, found: 26, needed: 25 };
    assert_eq!(tunnel(false).encapsulate_with_trailer(&mut packet, 7, 5), Err(error));
    assert!(matches!(tunnel(false).encapsulate_with_trailer(&mut packet, 7, 7), Err(Error::LengthBeyondBuffer { .. })));
    let error = Error::Truncated { field: Field::Buffer, offset: 0, found: 31, needed: 32 };
    assert_eq!(tunnel(false).encapsulate_with_trailer(&mut packet, 7, 32), Err(error));
    assert_eq!((packet.octets(), packet.headroom()), (&octets[..], HEAD));
    let mut packet = buffer(&[&v4(0, false, 65_535 - 20 - 20)[..], &[0xaa; 1]].concat());
    assert!(matches!(tunnel(false).encapsulate_with_trailer(&mut packet, 7, 1), Err(Error::DoesNotFit { .. })));
}
