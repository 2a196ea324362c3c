use std::vec::Vec;

use hex_literal::hex;
use proptest::prelude::*;

use super::*;
use crate::Reaction;

const A: [u8; 20] = hex!("47009181000000 00603e5a4101 00603e5a4101 00");
const B: [u8; 20] = hex!("39840f80011100 00000000000a 00005e0001fe 05");
const IP_A: [u8; 4] = [10, 0, 0, 1];
const IP_B: [u8; 4] = [10, 0, 0, 2];

/// Who has 10.0.0.2? says 10.0.0.1 at A.
const REQUEST: [u8; 40] = hex!(
    "0013 0800 14 00 0001 04 00 00 04"
    "47009181000000 00603e5a4101 00603e5a4101 00" "0a000001" "0a000002"
);
/// 10.0.0.2 is at B, says the server to A.
const REPLY: [u8; 60] = hex!(
    "0013 0800 14 00 0002 04 14 00 04"
    "39840f80011100 00000000000a 00005e0001fe 05" "0a000002"
    "47009181000000 00603e5a4101 00603e5a4101 00" "0a000001"
);
/// An inverse request of a station of structure 3: an E.164 number with an NSAPA as its subaddress.
const INVERSE: [u8; 48] = hex!(
    "0013 0800 4c 14 0008 04 40 40 00"
    "313233343536373839303132" "47009181000000 00603e5a4101 00603e5a4101 00" "0a000001"
);

fn emitted(header: &Header<'_>) -> Vec<u8> {
    let mut out = std::vec![0xee; header.wire_len() + 1];
    assert_eq!(header.emit(&mut out), Ok(header.wire_len()));
    assert_eq!(out.pop(), Some(0xee));
    out
}

#[test]
fn a_request_reads_and_emits_as_drawn() {
    let view = View::parse(&REQUEST).unwrap();
    assert_eq!((view.protocol(), view.operation()), (PROTOCOL_IPV4, Operation::REQUEST));
    assert_eq!(view.source(), Station::nsapa(&A, &IP_A));
    assert_eq!(view.target(), Station { protocol: &IP_B, ..Station::NULL });
    let header = Header { protocol: 0x0800, operation: Operation(1), source: view.source(), target: view.target() };
    assert_eq!((Header::from_view(&view), emitted(&header)), (header, REQUEST.to_vec()));
}

#[test]
fn an_e164_number_may_have_an_nsapa_as_its_subaddress() {
    let view = View::parse(&INVERSE).unwrap();
    assert_eq!(view.operation(), Operation::INVERSE_REQUEST);
    let source = Station { number: Number::E164(b"123456789012"), subaddress: Subaddress::Nsapa(&A), protocol: &IP_A };
    let (number, subaddress) = (Number::Null { e164: true }, Subaddress::Null { e164: true });
    assert_eq!((view.source(), view.target()), (source, Station { number, subaddress, protocol: &[] }));
    assert_eq!(emitted(&Header::from_view(&view)), INVERSE);
}

#[test]
fn a_reply_has_the_answer_as_its_source_and_the_asker_as_its_target() {
    let request = Header::from_view(&View::parse(&REQUEST).unwrap());
    let reply = request.reply(Station::nsapa(&B, &IP_B)).unwrap();
    assert_eq!(emitted(&reply), REPLY);
    let inverse = Header::from_view(&View::parse(&INVERSE).unwrap());
    let reply = inverse.reply(Station::nsapa(&B, &IP_B)).unwrap();
    assert_eq!(
        (reply.operation, reply.source, reply.target),
        (Operation::INVERSE_REPLY, Station::nsapa(&B, &IP_B), inverse.source)
    );
    assert_eq!(reply.protocol, 0x0800);
}

#[test]
fn a_nak_is_the_request_with_another_operation() {
    let request = Header::from_view(&View::parse(&REQUEST).unwrap());
    let mut expected = REQUEST;
    expected[7] = 10;
    assert_eq!(emitted(&request.nak().unwrap()), expected);
}

#[test]
fn only_requests_are_answered() {
    let request = Header::from_view(&View::parse(&REQUEST).unwrap());
    for operation in 0..=u16::MAX {
        let operation = Operation(operation);
        let header = Header { operation, ..request };
        let reply = header.reply(Station::NULL).map(|header| header.operation.0);
        assert_eq!(
            reply,
            match operation.0 {
                1 => Some(2),
                8 => Some(9),
                _ => None,
            }
        );
        assert_eq!(header.nak().is_some(), operation.0 == 1);
        assert_eq!(operation.is_known(), matches!(operation.0, 1 | 2 | 8 | 9 | 10));
        let mut octets = REQUEST;
        octets[6..8].copy_from_slice(&operation.0.to_be_bytes());
        assert_eq!(View::parse(&octets).unwrap().operation(), operation);
    }
}

#[test]
fn a_null_address_that_came_as_zeros_goes_out_with_no_length() {
    let zeros = Station::nsapa(&A, &[0; 4]);
    assert!(zeros.is_protocol_null() && Station::NULL.is_protocol_null());
    assert!(!Station::nsapa(&A, &IP_A).is_protocol_null() && !Station::nsapa(&A, &[0; 3]).is_protocol_null());
    let request = Header { protocol: 0x0800, operation: Operation::INVERSE_REQUEST, source: zeros, target: zeros };
    let reply = request.reply(Station::nsapa(&B, &[0; 4])).unwrap();
    assert_eq!((reply.source, reply.target), (Station::nsapa(&B, &[]), Station::nsapa(&A, &[])));
    assert_eq!(View::parse(&emitted(&request)).unwrap().source(), zeros);
}

#[test]
fn a_packet_is_truncated_at_every_length() {
    for packet in [&REQUEST[..], &REPLY, &INVERSE] {
        for len in 0..packet.len() {
            let needed = if len < 12 { 12 } else { len32(packet.len()) };
            let error = Error::Truncated { field: Field::AtmArpPacket, offset: 0, found: len32(len), needed };
            assert_eq!(View::parse(&packet[..len]), Err(error));
            assert_eq!(error.reaction(), Reaction::DiscardPdu);
        }
    }
}

#[test]
fn octets_behind_a_packet_are_left_out() {
    let octets = [&REQUEST[..], &[1, 2, 3]].concat();
    assert_eq!(View::parse(&octets).unwrap().as_octets(), REQUEST);
    assert!(size_of::<View<'_>>() <= 32);
}

#[test]
fn every_hardware_type_but_the_atm_forums_is_refused() {
    for hardware in 0..=u16::MAX {
        let mut octets = REQUEST;
        octets[..2].copy_from_slice(&hardware.to_be_bytes());
        let error = Error::Value { field: Field::AtmArpHardware, offset: 0, found: hardware.into(), needed: 0x13 };
        assert_eq!(View::parse(&octets).map(|_| ()), if hardware == 0x13 { Ok(()) } else { Err(error) });
    }
}

/// What the RFC says of a number's and a subaddress's type and length octets, at those offsets.
fn verdict(number: u8, number_at: u32, sub: u8, sub_at: u32) -> Result<(), Error> {
    let (n, s) = (Field::AtmArpNumber, Field::AtmArpSubaddress);
    for (octet, field, offset) in [(number, n, number_at), (sub, s, sub_at)] {
        if octet >= 0x80 {
            return Err(Error::Value { field, offset, found: octet.into(), needed: (octet - 0x80).into() });
        }
    }
    let allowed = |octet: u8| matches!(octet, 0 | 20 | 0x40..=0x4f);
    if !allowed(number) {
        let (found, needed) = ((number & 0x3f).into(), if number < 0x40 { 20 } else { 15 });
        return Err(Error::Length { field: n, offset: number_at, found, needed });
    }
    match sub {
        0 | 0x40 => Ok(()),
        20 if number > 0x40 => Ok(()),
        20 => Err(Error::Value { field: s, offset: sub_at, found: 20, needed: 0 }),
        0x41.. => Err(Error::Value { field: s, offset: sub_at, found: sub.into(), needed: (sub - 0x40).into() }),
        _ => Err(Error::Length { field: s, offset: sub_at, found: sub.into(), needed: 20 }),
    }
}

#[test]
fn every_pair_of_type_and_length_octets() {
    let mut octets = [0; 300];
    for (at, source) in [(4, true), (9, false)] {
        octets[..12].copy_from_slice(&hex!("0013 0800 00 00 0001 00 00 00 00"));
        for pair in 0..=u16::MAX {
            let [number, sub] = pair.to_be_bytes();
            [octets[at], octets[at + 1]] = [number, sub];
            let expected = verdict(number, len32(at), sub, len32(at + 1));
            let view = View::parse(&octets);
            assert_eq!(view.map(|_| ()), expected, "{number:#x} {sub:#x}");
            if let Ok(view) = view {
                let header = Header::from_view(&view);
                assert_eq!(emitted(&header), view.as_octets());
                let station = if source { header.source } else { header.target };
                let nsapa = (station.number.as_octets().len() == 20, station.subaddress.as_octets().len() == 20);
                assert_eq!(nsapa, (number == 20, sub == 20));
                assert_eq!(matches!(station.number, Number::E164(_)), number > 0x40);
            }
        }
    }
}

#[test]
fn ipv4_addresses_have_four_octets_or_none() {
    for (offset, protocol) in [(8, 0x0800), (11, 0x0800), (8, 0x86dd), (11, 0x86dd)] {
        for len in 0..=u8::MAX {
            let mut octets = [0; 300];
            octets[..12].copy_from_slice(&hex!("0013 0000 00 00 0001 00 00 00 00"));
            octets[2..4].copy_from_slice(&u16::to_be_bytes(protocol));
            octets[offset] = len;
            let view = View::parse(&octets);
            if protocol == 0x0800 && len != 0 && len != 4 {
                let (field, offset) = (Field::AtmArpProtocolAddress, len32(offset));
                assert_eq!(view, Err(Error::Length { field, offset, found: len.into(), needed: 4 }));
            } else {
                assert_eq!(view.unwrap().as_octets().len(), 12 + usize::from(len));
            }
        }
    }
}

#[test]
fn what_could_not_be_read_is_not_emitted() {
    let good = Header::from_view(&View::parse(&REPLY).unwrap());
    let mut out = [0xee; 700];
    let long = [0; 256];
    let e164 = |len: usize| Station { number: Number::E164(&long[..len]), ..good.source };
    let sub = Station { subaddress: Subaddress::Nsapa(&A), ..good.source };
    let ip = |len: usize| Station { protocol: &long[..len], ..good.source };
    let length = |field, offset, found, needed| Error::Length { field, offset, found, needed };
    for (station, source, target) in [
        (e164(16), length(Field::AtmArpNumber, 4, 16, 15), length(Field::AtmArpNumber, 9, 16, 15)),
        (e164(200), length(Field::AtmArpNumber, 4, 63, 15), length(Field::AtmArpNumber, 9, 63, 15)),
        (ip(5), length(Field::AtmArpProtocolAddress, 8, 5, 4), length(Field::AtmArpProtocolAddress, 11, 5, 4)),
        (
            sub,
            Error::Value { field: Field::AtmArpSubaddress, offset: 5, found: 20, needed: 0 },
            Error::Value { field: Field::AtmArpSubaddress, offset: 10, found: 20, needed: 0 },
        ),
    ] {
        assert_eq!(Header { source: station, ..good }.emit(&mut out), Err(source));
        assert_eq!(Header { target: station, ..good }.emit(&mut out), Err(target));
    }
    let error = Error::DoesNotFit { field: Field::AtmArpProtocolAddress, found: 256, needed: 255 };
    for header in [Header { source: ip(256), protocol: 1, ..good }, Header { target: ip(256), protocol: 1, ..good }] {
        assert_eq!(header.emit(&mut out), Err(error));
    }
    let error = Error::BufferTooSmall { field: Field::AtmArpPacket, found: 59, needed: 60 };
    assert_eq!(good.emit(&mut out[..59]), Err(error));
    assert_eq!(out, [0xee; 700]);
    let longest = Station { number: Number::E164(&long[..15]), subaddress: Subaddress::Nsapa(&A), protocol: &long[..255] };
    let longest = Header { protocol: 1, operation: Operation(1), source: longest, target: longest };
    assert_eq!(longest.emit(&mut out), Ok(12 + 2 * (15 + 20 + 255)));
    assert_eq!(MAX_LEN, 602);
}

#[cfg(feature = "bytes")]
#[test]
fn put_appends_what_emit_writes_or_nothing() {
    let header = Header::from_view(&View::parse(&REPLY).unwrap());
    let mut buffer = Vec::from([7]);
    assert_eq!((header.put(&mut buffer), &buffer[1..]), (Ok(60), &REPLY[..]));
    let mut short = [0; 59];
    let error = Error::BufferTooSmall { field: Field::Buffer, found: 59, needed: 60 };
    assert_eq!((header.put(&mut &mut short[..]), short), (Err(error), [0; 59]));
    let mut exact = [0; 60];
    assert_eq!((header.put(&mut &mut exact[..]), exact), (Ok(60), REPLY));
}

proptest! {
    #[test]
    fn whatever_is_accepted_emits_the_same_octets(
        base in prop::sample::select(std::vec![REQUEST.to_vec(), REPLY.to_vec(), INVERSE.to_vec()]),
        changes in prop::collection::vec((2..12usize, any::<u8>()), 0..3), tail in prop::collection::vec(any::<u8>(), 0..90),
    ) {
        let mut octets = base;
        for (at, value) in changes {
            octets[at] = value;
        }
        octets.extend(tail);
        if let Ok(view) = View::parse(&octets) {
            prop_assert_eq!(emitted(&Header::from_view(&view)), view.as_octets());
            prop_assert!(octets.starts_with(view.as_octets()));
        }
    }
}
