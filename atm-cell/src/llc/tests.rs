use std::vec::Vec;

use hex_literal::hex;
use proptest::prelude::*;

use super::*;
use crate::Reaction;

const VPN_ID: VpnId = VpnId { oui: Oui([0x00, 0x12, 0x34]), index: 0xdead_beef };

/// Every form with the octets of RFC 2684's figures, and how many of them are header.
fn forms() -> Vec<(Header, Vec<u8>)> {
    let header = |protocol| Header::new(protocol);
    let bridged = |bridged| Header::new(Protocol::Bridged(bridged));
    let dqdb = CommonPduHeader { reserved: 0x11, be_tag: 0x22, ba_size: 0x3344 };
    let pad = [0x01, 0x02, 0x5a];
    let mut forms = Vec::from([
        (header(Protocol::Routed(EtherType::IPV4)), hex!("aaaa03 000000 0800").to_vec()),
        (header(Protocol::Routed(EtherType::IPV6)), hex!("aaaa03 000000 86dd").to_vec()),
        (header(Protocol::Routed(EtherType::ARP)), hex!("aaaa03 000000 0806").to_vec()),
        (header(Protocol::Routed(EtherType(0x0001))), hex!("aaaa03 000000 0001").to_vec()),
        (header(Protocol::Iso(Nlpid::CLNP)), hex!("fefe03 81").to_vec()),
        (bridged(Bridged::ethernet(true)), hex!("aaaa03 0080c2 0001 0000").to_vec()),
        (bridged(Bridged::ethernet(false)), hex!("aaaa03 0080c2 0007 0000").to_vec()),
        (bridged(Bridged::Ethernet { fcs: false, pad: [0xab, 0xcd] }), hex!("aaaa03 0080c2 0007 abcd").to_vec()),
        (bridged(Bridged::TokenBus { fcs: true, pad }), hex!("aaaa03 0080c2 0002 01025a").to_vec()),
        (bridged(Bridged::TokenRing { fcs: true, pad }), hex!("aaaa03 0080c2 0003 01025a").to_vec()),
        (bridged(Bridged::Fddi { fcs: true, pad }), hex!("aaaa03 0080c2 0004 01025a").to_vec()),
        (bridged(Bridged::Dqdb { fcs: true, header: dqdb }), hex!("aaaa03 0080c2 0005 11223344").to_vec()),
        (bridged(Bridged::TokenBus { fcs: false, pad }), hex!("aaaa03 0080c2 0008 01025a").to_vec()),
        (bridged(Bridged::TokenRing { fcs: false, pad }), hex!("aaaa03 0080c2 0009 01025a").to_vec()),
        (bridged(Bridged::Fddi { fcs: false, pad }), hex!("aaaa03 0080c2 000a 01025a").to_vec()),
        (bridged(Bridged::Dqdb { fcs: false, header: dqdb }), hex!("aaaa03 0080c2 000b 11223344").to_vec()),
        (bridged(Bridged::Fragment), hex!("aaaa03 0080c2 000d").to_vec()),
        (bridged(Bridged::Bpdu), hex!("aaaa03 0080c2 000e").to_vec()),
        (header(Protocol::Other { oui: Oui([0x00, 0x00, 0x0c]), pid: Pid(0x2000) }), hex!("aaaa03 00000c 2000").to_vec()),
        (header(Protocol::Other { oui: Oui::BRIDGED, pid: Pid(0x0006) }), hex!("aaaa03 0080c2 0006").to_vec()),
        (header(Protocol::Other { oui: Oui::IANA, pid: Pid(0x0009) }), hex!("aaaa03 00005e 0009").to_vec()),
        (header(Protocol::Llc { dsap: 0x42, ssap: 0x42, control: Control::UI }), hex!("424203").to_vec()),
        (
            header(Protocol::Llc { dsap: 0xaa, ssap: 0xaa, control: Control::new(0x10, Some(0x20)).unwrap() }),
            hex!("aaaa1020").to_vec(),
        ),
    ]);
    for (header, octets) in forms.clone() {
        let vpn = Some(Vpn { pad: 0x77, id: VPN_ID });
        forms.push((Header { vpn, ..header }, [&hex!("aaaa03 00005e 0008 77 001234 deadbeef")[..], &octets].concat()));
    }
    forms
}

#[test]
fn every_form_reads_and_emits_as_drawn() {
    for (header, octets) in forms() {
        let payload = [1, 2, 3, 4, 5];
        let sdu = [&octets[..], &payload].concat();
        let pdu = Pdu::parse(&sdu).unwrap();
        assert_eq!((pdu.header(), pdu.protocol(), pdu.vpn()), (header, header.protocol, header.vpn));
        assert_eq!((pdu.payload(), pdu.as_octets()), (&payload[..], &sdu[..]));
        let mut out = [0xee; MAX_HEADER_LEN + 1];
        assert_eq!((header.wire_len(), header.emit(&mut out)), (octets.len(), Ok(octets.len())));
        assert_eq!((&out[..octets.len()], out[octets.len()]), (&octets[..], 0xee));
        assert_eq!(header.max_payload(), 65_535 - octets.len());
        let mut short = [0xee; MAX_HEADER_LEN];
        let (found, needed) = (len32(octets.len() - 1), len32(octets.len()));
        let error = Error::BufferTooSmall { field: Field::LlcHeader, found, needed };
        assert_eq!((header.emit(&mut short[..octets.len() - 1]), short), (Err(error), [0xee; MAX_HEADER_LEN]));
    }
}

#[cfg(feature = "bytes")]
#[test]
fn put_appends_what_emit_writes_or_nothing() {
    for (header, octets) in forms() {
        let mut buffer = Vec::from([9]);
        assert_eq!(header.put(&mut buffer), Ok(octets.len()));
        assert_eq!(buffer, [&[9], &octets[..]].concat());
        let mut short = [0; 2];
        let error = Error::BufferTooSmall { field: Field::Buffer, found: 2, needed: len32(octets.len()) };
        assert_eq!(header.put(&mut &mut short[..]), Err(error));
    }
}

#[test]
fn the_lengths_that_callers_plan_with_are_those_of_the_headers() {
    let len = |protocol| Header::new(protocol).wire_len();
    assert_eq!((DEFAULT_MTU, MAX_HEADER_LEN), (9180, 28));
    assert_eq!((len(Protocol::Routed(EtherType::IPV4)), ROUTED_LEN), (8, 8));
    assert_eq!((len(Protocol::Iso(Nlpid::CLNP)), ISO_LEN), (4, 4));
    assert_eq!((len(Protocol::Bridged(Bridged::ethernet(true))), BRIDGED_ETHERNET_LEN), (10, 10));
    assert_eq!((len(Protocol::Bridged(Bridged::Fddi { fcs: true, pad: [0; 3] })), BRIDGED_RING_LEN), (11, 11));
    let dqdb = Bridged::Dqdb { fcs: false, header: CommonPduHeader::default() };
    assert_eq!((len(Protocol::Bridged(dqdb)), BRIDGED_DQDB_LEN), (12, 12));
    assert_eq!((len(Protocol::Bridged(Bridged::Bpdu)), BPDU_LEN), (8, 8));
    assert_eq!((Header { vpn: Some(Vpn::new(VPN_ID)), protocol: Protocol::Bridged(dqdb) }.wire_len(), VPN_LEN), (28, 16));
    assert_eq!((Vpn::new(VPN_ID).pad, Header::new(Protocol::Routed(EtherType::IPV4)).max_payload()), (0, 65_527));
}

#[test]
fn views_stay_in_registers() {
    assert!(size_of::<Pdu<'_>>() <= 32 && size_of::<VcMuxPdu<'_>>() <= 32);
}

#[test]
fn every_header_is_truncated_at_every_length_where_it_ends() {
    let cut = |field, offset, found, needed| Err(Error::Truncated { field, offset, found, needed });
    let error = |sdu: &[u8]| Pdu::parse(sdu).map(|_| ());
    for len in 0..3 {
        assert_eq!(error(&hex!("aaaa03")[..len]), cut(Field::LlcHeader, 0, len32(len), 3));
    }
    for len in 3..8 {
        assert_eq!(error(&hex!("aaaa03 00005e 0008")[..len]), cut(Field::SnapHeader, 3, len32(len - 3), 5));
    }
    for len in 8..16 {
        let sdu = hex!("aaaa03 00005e 0008 00 001234 00000001");
        assert_eq!(error(&sdu[..len]), cut(Field::VpnHeader, 8, len32(len - 8), 8));
    }
    for len in 16..19 {
        let sdu = hex!("aaaa03 00005e 0008 00 001234 00000001 aaaa03");
        assert_eq!(error(&sdu[..len]), cut(Field::LlcHeader, 16, len32(len - 16), 3));
    }
    assert_eq!(error(&hex!("fefe03")), cut(Field::Nlpid, 3, 0, 1));
    assert_eq!(error(&hex!("aaaa00")), cut(Field::LlcHeader, 0, 3, 4));
    for (pid, pad) in [(1, 2), (2, 3), (3, 3), (4, 3), (5, 4), (7, 2), (8, 3), (9, 3), (10, 3), (11, 4), (13, 0), (14, 0)] {
        let sdu = [&hex!("aaaa03 0080c2 00")[..], &[pid], &[0; 8]].concat();
        let fcs = if pid < 5 { 4 } else { 0 };
        for len in 8..8 + pad {
            assert_eq!(error(&sdu[..len]), cut(Field::BridgedPad, 8, len32(len - 8), len32(pad)));
        }
        for len in 8 + pad..8 + pad + fcs {
            assert_eq!(error(&sdu[..len]), cut(Field::BridgedFcs, 8 + len32(pad), len32(len - 8 - pad), 4));
        }
        assert_eq!(error(&sdu[..8 + pad + fcs]), Ok(()));
    }
}

#[test]
fn a_refused_pdu_is_discarded() {
    assert_eq!(Pdu::parse(&[]).unwrap_err().reaction(), Reaction::DiscardPdu);
}

#[test]
fn every_ether_type_under_oui_0_is_routed() {
    for value in 0..=u16::MAX {
        let [a, b] = value.to_be_bytes();
        let sdu = [0xaa, 0xaa, 3, 0, 0, 0, a, b];
        assert_eq!(Pdu::parse(&sdu).unwrap().header(), Header::new(Protocol::Routed(EtherType(value))));
    }
}

#[test]
fn only_the_pids_of_appendix_b_are_bridged_frames() {
    for value in 0..=u16::MAX {
        let [a, b] = value.to_be_bytes();
        let sdu = [0xaa, 0xaa, 3, 0, 0x80, 0xc2, a, b, 0, 0, 0, 0, 0, 0, 0, 0];
        let pdu = Pdu::parse(&sdu).unwrap();
        match pdu.protocol() {
            Protocol::Bridged(bridged) => assert_eq!(bridged.pid(), Pid(value)),
            other => assert_eq!(other, Protocol::Other { oui: Oui::BRIDGED, pid: Pid(value) }),
        }
        let known = matches!(value, 1..=5 | 7..=0xb | 0xd..=0xe);
        assert_eq!(matches!(pdu.protocol(), Protocol::Bridged(_)), known, "{value:#x}");
    }
}

#[test]
fn the_organization_decides_before_the_pid() {
    for bit in 0..24 {
        for known in [Oui::ETHER_TYPE, Oui::BRIDGED, Oui::IANA] {
            for pid in [Pid::ETHERNET_FCS, Pid::VPN, Pid(0x0800)] {
                let [a, b, c] = known.0;
                let oui = (u32::from_be_bytes([0, a, b, c]) ^ 1 << bit).to_be_bytes();
                let [_, a, b, c] = oui;
                let [p, q] = pid.0.to_be_bytes();
                let sdu = [0xaa, 0xaa, 3, a, b, c, p, q];
                assert_eq!(Pdu::parse(&sdu).unwrap().protocol(), Protocol::Other { oui: Oui([a, b, c]), pid });
            }
        }
    }
    assert_eq!(std::format!("{}", Oui::BRIDGED), "00-80-C2");
}

#[test]
fn the_iso_format_takes_every_nlpid_but_those_of_nothing_and_of_ip() {
    for value in 0..=u8::MAX {
        let sdu = [0xfe, 0xfe, 3, value, 7];
        let pdu = Pdu::parse_with(&sdu, NlpidRule::Any).unwrap();
        assert_eq!((pdu.protocol(), pdu.payload()), (Protocol::Iso(Nlpid(value)), &[7][..]));
        assert_eq!(pdu.iso_pdu(), Some(&[value, 7][..]));
        let error = Error::Value { field: Field::Nlpid, offset: 3, found: value.into(), needed: 0x81 };
        let refused = value == 0 || value == 0xcc;
        assert_eq!(Pdu::parse(&sdu), if refused { Err(error) } else { Ok(pdu) });
        let in_vpn = [&hex!("aaaa03 00005e 0008 00 001234 00000001")[..], &sdu].concat();
        match Pdu::parse(&in_vpn) {
            Ok(pdu) => assert_eq!((refused, pdu.iso_pdu()), (false, Some(&[value, 7][..]))),
            Err(found) => assert_eq!((refused, found), (true, error.shifted(16))),
        }
        assert_eq!(Pdu::parse_with(&in_vpn, NlpidRule::Any).unwrap().protocol(), Protocol::Iso(Nlpid(value)));
    }
    assert_eq!(Pdu::parse(&hex!("aaaa03 000000 0800 45")).unwrap().iso_pdu(), None);
    assert_eq!(NlpidRule::default(), NlpidRule::Rfc2684);
}

#[test]
fn other_service_access_points_keep_their_control_field_of_one_or_two_octets() {
    for first in 0..=u8::MAX {
        let sdu = [0xfe, 0xfe, first, 0x99, 0x55];
        let pdu = Pdu::parse(&sdu).unwrap();
        if first == 3 {
            assert_eq!(pdu.protocol(), Protocol::Iso(Nlpid(0x99)));
            continue;
        }
        let unnumbered = first & 3 == 3;
        let len = if unnumbered { 1 } else { 2 };
        let control = Control::new(first, Some(0x99)).unwrap();
        assert_eq!(pdu.protocol(), Protocol::Llc { dsap: 0xfe, ssap: 0xfe, control });
        assert_eq!((control.is_unnumbered(), control.as_octets()), (unnumbered, &[first, 0x99][..len]));
        assert_eq!((pdu.payload(), Control::new(first, None).is_some()), (&sdu[2 + len..], unnumbered));
    }
    for saps in 0..=u16::MAX {
        let [dsap, ssap] = saps.to_be_bytes();
        let sdu = [dsap, ssap, 3, 0x81, 0, 0, 0, 0];
        let expected = match (dsap, ssap) {
            (0xaa, 0xaa) => Protocol::Other { oui: Oui([0x81, 0, 0]), pid: Pid(0) },
            (0xfe, 0xfe) => Protocol::Iso(Nlpid::CLNP),
            _ => Protocol::Llc { dsap, ssap, control: Control::UI },
        };
        assert_eq!(Pdu::parse(&sdu).unwrap().protocol(), expected);
    }
}

#[test]
fn a_vpn_in_a_vpn_is_refused() {
    let vpn = hex!("aaaa03 00005e 0008 00 001234 00000001");
    let error = Error::Unsupported { field: Field::VpnHeader, offset: 16, found: 8 };
    assert_eq!(Pdu::parse(&[&vpn[..], &vpn, &hex!("aaaa03 000000 0800")].concat()), Err(error));
}

/// The LAN CRC-32 bit by bit in the order of transmission; its bits follow in that order, the highest term first.
fn model_fcs(frame: &[u8], high_bit_first: bool) -> [u8; 4] {
    let order = |bit: usize| if high_bit_first { 7 - bit } else { bit };
    let mut crc = u32::MAX;
    for octet in frame {
        for bit in 0..8 {
            let input = u32::from(octet >> order(bit) & 1);
            let top = crc >> 31;
            crc <<= 1;
            if top != input {
                crc ^= 0x04c1_1db7;
            }
        }
    }
    let crc = !crc;
    let mut fcs = [0; 4];
    for bit in 0..32 {
        fcs[bit / 8] |= ((crc >> (31 - bit) & 1) as u8) << order(bit % 8);
    }
    fcs
}

#[test]
fn the_fcs_is_the_lan_crc_in_the_order_of_transmission() {
    assert_eq!(fcs(b"123456789"), hex!("2639f4cb"));
    let (pad, frame) = ([0; 3], b"123456789");
    assert_eq!(Bridged::ethernet(false).compute_fcs(frame), Some(hex!("2639f4cb")));
    assert_eq!(Bridged::TokenBus { fcs: true, pad }.compute_fcs(frame), Some(hex!("2639f4cb")));
    assert_eq!(Bridged::TokenRing { fcs: true, pad }.compute_fcs(frame), Some(hex!("fc891918")));
    assert_eq!(Bridged::Fddi { fcs: true, pad }.compute_fcs(frame), Some(hex!("fc891918")));
    let header = CommonPduHeader::default();
    for none in [Bridged::Dqdb { fcs: true, header }, Bridged::Fragment, Bridged::Bpdu] {
        assert_eq!((none.compute_fcs(frame), none.has_fcs()), (None, false));
    }
    let long: Vec<u8> = (0..200u8).map(|i| i.wrapping_mul(73)).collect();
    for len in [0, 1, 63, 64, 65, 127, 128, 129, 200] {
        assert_eq!(fcs(&long[..len]), model_fcs(&long[..len], false), "{len}");
        assert_eq!(Bridged::Fddi { fcs: true, pad }.compute_fcs(&long[..len]), Some(model_fcs(&long[..len], true)), "{len}");
    }
}

#[test]
fn a_bridged_frame_comes_without_its_fcs_if_that_holds() {
    let frame = hex!("ffffffffffff 020000000001 0800 4500");
    for (pid, pad, high) in [(1, 2, false), (2, 3, false), (3, 3, true), (4, 3, true)] {
        let start = [&hex!("aaaa03 0080c2 00")[..], &[pid], &[0; 3][..pad]].concat();
        let good = model_fcs(&frame, high);
        let sdu = [&start[..], &frame, &good].concat();
        assert_eq!(Pdu::parse(&sdu).unwrap().bridged_frame(), Ok(&frame[..]));
        for bit in 0..32 {
            let found = u32::from_be_bytes(good) ^ 1 << bit;
            let sdu = [&start[..], &frame, &found.to_be_bytes()].concat();
            let offset = len32(8 + pad + frame.len());
            let error = Error::Checksum { field: Field::BridgedFcs, offset, found, needed: u32::from_be_bytes(good) };
            assert_eq!(Pdu::parse(&sdu).unwrap().bridged_frame(), Err(error));
        }
        let empty = [&start[..], &[0; 4]].concat();
        assert_eq!(Pdu::parse(&empty).unwrap().bridged_frame(), Ok(&[][..]));
    }
    for pid in [5, 7, 8, 9, 10, 11, 13, 14] {
        let sdu = [&hex!("aaaa03 0080c2 00")[..], &[pid], &[0; 4], &frame].concat();
        let pdu = Pdu::parse(&sdu).unwrap();
        assert_eq!(pdu.bridged_frame(), Ok(pdu.payload()));
    }
    let error = Error::Unsupported { field: Field::BridgedFrame, offset: 0, found: 0 };
    assert_eq!(Pdu::parse(&hex!("aaaa03 000000 0800")).unwrap().bridged_frame(), Err(error));
}

#[test]
fn the_common_pdu_trailer_of_802_6_comes_off_the_end() {
    let trailer = CommonPduTrailer { reserved: 9, be_tag: 0x22, length: 3 };
    let payload = hex!("010203 09220003");
    assert_eq!(CommonPduTrailer::split(&payload), Ok((&payload[..3], trailer)));
    assert_eq!(trailer.to_octets(), hex!("09220003"));
    assert_eq!((CommonPduHeader::LEN, CommonPduTrailer::LEN), (4, 4));
    let header = CommonPduHeader { reserved: 0, be_tag: 0x22, ba_size: 3 };
    assert!(trailer.agrees_with(header, &payload[..3]));
    assert!(!trailer.agrees_with(header, &payload[..2]));
    assert!(!trailer.agrees_with(CommonPduHeader { be_tag: 0x23, ..header }, &payload[..3]));
    assert!(!trailer.agrees_with(CommonPduHeader { ba_size: 4, ..header }, &payload[..3]));
    let error = Error::Truncated { field: Field::CommonPduTrailer, offset: 0, found: 3, needed: 4 };
    assert_eq!(CommonPduTrailer::split(&payload[..3]), Err(error));
}

fn vc_muxes() -> [(VcMux, Option<Bridged>, usize); 11] {
    let pad = [0, 1, 2];
    let header = CommonPduHeader { reserved: 0, be_tag: 1, ba_size: 0x0203 };
    [
        (VcMux::Routed, None, 0),
        (VcMux::Ethernet { fcs: true }, Some(Bridged::Ethernet { fcs: true, pad: [0, 1] }), 2),
        (VcMux::Ethernet { fcs: false }, Some(Bridged::Ethernet { fcs: false, pad: [0, 1] }), 2),
        (VcMux::TokenBus { fcs: true }, Some(Bridged::TokenBus { fcs: true, pad }), 3),
        (VcMux::TokenBus { fcs: false }, Some(Bridged::TokenBus { fcs: false, pad }), 3),
        (VcMux::TokenRing { fcs: true }, Some(Bridged::TokenRing { fcs: true, pad }), 3),
        (VcMux::TokenRing { fcs: false }, Some(Bridged::TokenRing { fcs: false, pad }), 3),
        (VcMux::Fddi { fcs: true }, Some(Bridged::Fddi { fcs: true, pad }), 3),
        (VcMux::Fddi { fcs: false }, Some(Bridged::Fddi { fcs: false, pad }), 3),
        (VcMux::Dqdb, Some(Bridged::Dqdb { fcs: false, header }), 4),
        (VcMux::Bpdu, Some(Bridged::Bpdu), 0),
    ]
}

#[test]
fn a_channel_of_one_protocol_carries_it_from_the_pad_on() {
    let vpn = hex!("aaaa03 00005e 0008 77 001234 deadbeef");
    let sdu: [u8; 12] = core::array::from_fn(|i| i as u8);
    for (vc_mux, bridged, pad) in vc_muxes() {
        let pdu = vc_mux.parse(&sdu).unwrap();
        assert_eq!((pdu.bridged(), pdu.vpn(), pdu.payload(), pdu.as_octets()), (bridged, None, &sdu[pad..], &sdu[..]));
        let whole = [&vpn[..], &sdu].concat();
        let in_vpn = vc_mux.parse_in_vpn(&whole).unwrap();
        assert_eq!((in_vpn.bridged(), in_vpn.vpn()), (bridged, Some(Vpn { pad: 0x77, id: VPN_ID })));
        assert_eq!((in_vpn.payload(), in_vpn.as_octets()), (&sdu[pad..], &whole[..]));
        for (pdu, octets) in [(pdu, &sdu[..pad]), (in_vpn, &whole[..16 + pad])] {
            let mut out = [0xee; 21];
            let len = octets.len();
            assert_eq!((pdu.header().wire_len(), pdu.header().emit(&mut out)), (len, Ok(len)));
            assert_eq!((&out[..len], out[len]), (octets, 0xee));
            #[cfg(feature = "bytes")]
            {
                let mut buffer = Vec::new();
                assert_eq!(pdu.header().put(&mut buffer), Ok(len));
                assert_eq!(buffer, octets);
            }
            if let Some(short) = len.checked_sub(1) {
                let error = Error::BufferTooSmall { field: Field::VcMuxPdu, found: len32(short), needed: len32(len) };
                assert_eq!(pdu.header().emit(&mut out[..short]), Err(error));
            }
        }
    }
}

#[test]
fn a_channel_of_one_protocol_refuses_what_is_too_short() {
    for (vc_mux, bridged, pad) in vc_muxes() {
        let fcs = if bridged.is_some_and(Bridged::has_fcs) { 4 } else { 0 };
        for len in 0..pad + fcs {
            let (field, offset, needed) = if len < pad { (Field::BridgedPad, 0, pad) } else { (Field::BridgedFcs, pad, 4) };
            let error = Error::Truncated { field, offset: len32(offset), found: len32(len - offset), needed: len32(needed) };
            assert_eq!(vc_mux.parse(&[0; 8][..len]), Err(error));
            let whole = [&hex!("aaaa03 00005e 0008 00 001234 00000001")[..], &[0; 8][..len]].concat();
            assert_eq!(vc_mux.parse_in_vpn(&whole), Err(error.shifted(16)));
        }
        assert!(vc_mux.parse(&[0; 8][..pad + fcs]).is_ok());
    }
    let no_vpn = |found| Err(Error::Unsupported { field: Field::VpnHeader, offset: 0, found });
    assert_eq!(VcMux::Routed.parse_in_vpn(&hex!("4500 0054 99")), no_vpn(0x4500_0054));
    assert_eq!(VcMux::Routed.parse_in_vpn(&hex!("45")), no_vpn(0x4500_0000));
    let cut = Error::Truncated { field: Field::VpnHeader, offset: 8, found: 7, needed: 8 };
    assert_eq!(VcMux::Routed.parse_in_vpn(&hex!("aaaa03 00005e 0008 00 001234 000000")), Err(cut));
}

#[test]
fn frames_of_a_channel_of_one_protocol_have_their_fcs_checked() {
    let frame = hex!("ffffffffffff 020000000001 0800 4500");
    let sdu = [&[0, 0][..], &frame, &fcs(&frame)].concat();
    assert_eq!(VcMux::Ethernet { fcs: true }.parse(&sdu).unwrap().bridged_frame(), Ok(&frame[..]));
    let mut broken = sdu.clone();
    broken[3] ^= 1;
    let error = VcMux::Ethernet { fcs: true }.parse(&broken).unwrap().bridged_frame().unwrap_err();
    assert_eq!((error.field(), error.offset()), (Field::BridgedFcs, Some(18)));
    assert_eq!(VcMux::Ethernet { fcs: false }.parse(&sdu).unwrap().bridged_frame(), Ok(&sdu[2..]));
    let error = Error::Unsupported { field: Field::BridgedFrame, offset: 0, found: 0 };
    assert_eq!(VcMux::Routed.parse(&sdu).unwrap().bridged_frame(), Err(error));
}

#[test]
fn fragments_have_no_form_without_llc() {
    let header = VcMuxHeader { vpn: None, bridged: Some(Bridged::Fragment) };
    let error = Error::Unsupported { field: Field::VcMuxPdu, offset: 0, found: 0x0d };
    assert_eq!((header.emit(&mut [0; 8]), header.wire_len()), (Err(error), 0));
}

proptest! {
    #[test]
    fn whatever_is_accepted_emits_the_same_octets(
        start in prop::sample::select(forms()), cut in 0..40usize, rest in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let (_, mut sdu) = start;
        sdu.truncate(cut);
        sdu.extend(rest);
        if let Ok(pdu) = Pdu::parse_with(&sdu, NlpidRule::Any) {
            let mut out = std::vec![0; sdu.len()];
            let len = pdu.header().emit(&mut out).unwrap();
            out[len..].copy_from_slice(pdu.payload());
            let _ = pdu.bridged_frame();
            prop_assert_eq!(out, sdu);
        }
    }
}

#[test]
fn the_named_numbers_are_the_assigned_ones() {
    let ether_types = [EtherType::IPV4, EtherType::ARP, EtherType::IPV6, EtherType::MPLS];
    assert_eq!(ether_types.map(|value| value.0), [0x0800, 0x0806, 0x86dd, 0x8847]);
    assert_eq!([EtherType::PPPOE_DISCOVERY, EtherType::PPPOE_SESSION].map(|value| value.0), [0x8863, 0x8864]);
    let nlpids = [Nlpid::INACTIVE, Nlpid::SNAP, Nlpid::CLNP, Nlpid::ES_IS, Nlpid::IS_IS, Nlpid::IP, Nlpid::PPP];
    assert_eq!(nlpids.map(|value| value.0), [0x00, 0x80, 0x81, 0x82, 0x83, 0xcc, 0xcf]);
    assert_eq!((Control::UI.as_octets(), Vpn::new(VPN_ID).id), (&[3][..], VPN_ID));
}
