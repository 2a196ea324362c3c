use atm_cell::atmarp::{self, Number, Operation, Station, Subaddress};
use atm_cell::link;
use atm_cell::llc::{Bridged, CommonPduTrailer, MAX_HEADER_LEN, NlpidRule, Pdu, Protocol, VcMux, fcs};

use super::{Input, check_error, remainder};

const MUXES: [VcMux; 11] = [
    VcMux::Routed,
    VcMux::Ethernet { fcs: true },
    VcMux::Ethernet { fcs: false },
    VcMux::TokenBus { fcs: true },
    VcMux::TokenBus { fcs: false },
    VcMux::TokenRing { fcs: true },
    VcMux::TokenRing { fcs: false },
    VcMux::Fddi { fcs: true },
    VcMux::Fddi { fcs: false },
    VcMux::Dqdb,
    VcMux::Bpdu,
];

/// The LAN FCS by its definition. On media that send an octet's low bit first the bits are taken that way.
fn lan_fcs(frame: &[u8], low_first: bool) -> [u8; 4] {
    let order = |octet: u8| if low_first { octet.reverse_bits() } else { octet };
    let in_order: Vec<u8> = frame.iter().map(|&octet| order(octet)).collect();
    let crc = !remainder(super::bits(&in_order), 32, 0x04c1_1db7, 0xffff_ffff) as u32;
    crc.to_be_bytes().map(order)
}

fn check_frame(bridged: Option<Bridged>, payload: &[u8], frame: Result<&[u8], atm_cell::Error>, len: usize) {
    let Some(bridged) = bridged else {
        assert!(frame.is_err());
        return;
    };
    let low_first = matches!(bridged, Bridged::Ethernet { .. } | Bridged::TokenBus { .. });
    let expected = match payload.split_last_chunk::<4>() {
        _ if !bridged.has_fcs() => Some(payload),
        Some((frame, found)) => (lan_fcs(frame, low_first) == *found).then_some(frame),
        None => panic!("a frame shorter than its FCS was read"),
    };
    assert_eq!(frame.ok(), expected);
    if let Err(error) = frame {
        check_error(&error, len);
    }
    if let Bridged::Dqdb { header, .. } = bridged
        && let Ok((frame, trailer)) = CommonPduTrailer::split(payload)
    {
        assert_eq!([frame, &trailer.to_octets()].concat(), payload);
        let _ = trailer.agrees_with(header, frame);
    }
}

/// What parses is emitted again octet for octet, with LLC and without, and an FCS holds where it does by its definition.
pub fn llc(data: &[u8]) {
    for rule in [NlpidRule::Rfc2684, NlpidRule::Any] {
        match Pdu::parse_with(data, rule) {
            Ok(pdu) => {
                let header = pdu.header();
                assert!(header.wire_len() <= MAX_HEADER_LEN);
                let mut out = [0; MAX_HEADER_LEN];
                let len = header.emit(&mut out).expect("what was read can be written");
                assert_eq!(len, header.wire_len());
                assert_eq!([&out[..len], pdu.payload()].concat(), data);
                assert!(header.emit(&mut out[..len - 1]).is_err());
                let bridged = if let Protocol::Bridged(bridged) = pdu.protocol() { Some(bridged) } else { None };
                check_frame(bridged, pdu.payload(), pdu.bridged_frame(), data.len());
                assert!(pdu.iso_pdu().is_none_or(|iso| iso.len() == pdu.payload().len() + 1));
                assert!(Pdu::parse_with(data, NlpidRule::Any).is_ok());
                assert_eq!(pdu.vpn().is_some(), data.starts_with(&[0xaa, 0xaa, 3, 0, 0, 0x5e, 0, 8]));
            }
            Err(error) => check_error(&error, data.len()),
        }
    }
    for mux in MUXES {
        for pdu in [mux.parse(data), mux.parse_in_vpn(data)] {
            match pdu {
                Ok(pdu) => {
                    let header = pdu.header();
                    let mut out = [0; MAX_HEADER_LEN];
                    let len = header.emit(&mut out).expect("what was read can be written");
                    assert_eq!([&out[..len], pdu.payload()].concat(), data);
                    check_frame(pdu.bridged(), pdu.payload(), pdu.bridged_frame(), data.len());
                }
                Err(error) => check_error(&error, data.len()),
            }
        }
    }
    assert_eq!(fcs(data), lan_fcs(data, true));
    match link::View::parse(data) {
        Ok(view) => {
            let mut out = [0; link::SUN_ATM_LEN];
            view.header().emit(&mut out).expect("what was read can be written");
            assert_eq!([&out[..], view.payload()].concat(), data);
            let _ = (view.content(), link::guess(data));
        }
        Err(error) => {
            assert!(data.len() < link::SUN_ATM_LEN);
            check_error(&error, data.len());
        }
    }
}

/// What parses is emitted again octet for octet, answers parse as what they are, and so does whatever can be emitted.
pub fn atmarp(data: &[u8]) {
    match atmarp::View::parse(data) {
        Ok(view) => {
            let header = atmarp::Header::from_view(&view);
            emit_and_read(&header, Some(view.as_octets()));
            assert!(data.starts_with(view.as_octets()));
            let reply = header.reply(header.target);
            assert_eq!(reply.is_some(), matches!(header.operation, Operation::REQUEST | Operation::INVERSE_REQUEST));
            if let Some(reply) = reply {
                emit_and_read(&reply, None);
                assert_eq!((reply.target.number, reply.target.subaddress), (header.source.number, header.source.subaddress));
                assert!(reply.reply(reply.source).is_none());
            }
            if let Some(nak) = header.nak() {
                emit_and_read(&nak, None);
                assert_eq!((nak.source, nak.target, nak.operation), (header.source, header.target, Operation::NAK));
            }
        }
        Err(error) => check_error(&error, data.len()),
    }
    let mut input = Input(data);
    let (protocol, operation) = (if input.octet() & 1 == 0 { 0x0800 } else { input.word() }, Operation(input.word() & 0xf));
    let octets: [[u8; 20]; 4] = [input.array(), input.array(), input.array(), input.array()];
    let mut station = |at: usize| {
        let what = input.octet();
        let number = match what & 3 {
            0 => Number::Null { e164: what & 4 != 0 },
            1 => Number::Nsapa(&octets[at]),
            _ => Number::E164(&octets[at][..usize::from(what >> 3) % 21]),
        };
        let subaddress =
            if what & 0x80 == 0 { Subaddress::Null { e164: what & 4 != 0 } } else { Subaddress::Nsapa(&octets[at + 1]) };
        Station { number, subaddress, protocol: &octets[at][..usize::from(input.octet()) % 21] }
    };
    let header = atmarp::Header { protocol, operation, source: station(0), target: station(2) };
    let mut out = [0; atmarp::MAX_LEN];
    if header.emit(&mut out).is_ok() {
        emit_and_read(&header, None);
    }
}

fn emit_and_read(header: &atmarp::Header<'_>, expected: Option<&[u8]>) {
    let mut out = [0; atmarp::MAX_LEN];
    let len = header.emit(&mut out).expect("it can be written");
    assert_eq!(len, header.wire_len());
    assert!(expected.is_none_or(|expected| *expected == out[..len]));
    let mut short = vec![0; len - 1];
    assert!(header.emit(&mut short).is_err());
    let view = atmarp::View::parse(&out[..len]).expect("what was written can be read");
    // An E.164 number of no digits is a null one.
    let same = |a: Station<'_>, b: Station<'_>| {
        (a.number.as_octets(), a.subaddress, a.protocol) == (b.number.as_octets(), b.subaddress, b.protocol)
    };
    assert!(same(view.source(), header.source) && same(view.target(), header.target));
    assert_eq!((view.protocol(), view.operation()), (header.protocol, header.operation));
    let mut again = [0; atmarp::MAX_LEN];
    assert_eq!(atmarp::Header::from_view(&view).emit(&mut again), Ok(len));
    assert_eq!(again, out);
}
