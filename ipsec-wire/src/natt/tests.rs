use hex_literal::hex;

use super::*;

#[test]
fn payloads_are_told_apart_by_their_first_octets() {
    assert_eq!(Payload::parse(&[0xff]), Ok(Payload::KeepAlive));
    assert_eq!(Payload::parse(&[0, 0, 0, 0, 1, 2]), Ok(Payload::Ike(&[1, 2])));
    let esp = [0, 0, 1, 0, 0, 0, 0, 1];
    assert_eq!(Payload::parse(&esp), Ok(Payload::Esp(&esp)));
    // RFC 3948 2.2: the marker alone already says IKE.
    assert_eq!(Payload::parse(&[0; 4]), Ok(Payload::Ike(&[])));
}

#[test]
fn every_single_octet_but_the_keep_alive_and_every_short_payload_is_refused() {
    for octet in 0..=254u8 {
        let error = Error::Mismatch { field: Field::NonEspMarker, offset: 0, found: octet.into(), needed: 0xff };
        assert_eq!(Payload::parse(&[octet]), Err(error));
    }
    for len in [0, 2, 3, 4, 5, 6, 7usize] {
        let error = Error::Truncated { field: Field::EspPacket, offset: 0, found: len as u32, needed: 8 };
        assert_eq!(Payload::parse(&[1; 8][..len]), Err(error));
    }
}

#[test]
fn the_udp_header_has_ports_length_and_a_zero_checksum() {
    let mut octets = [0xee; 10];
    assert_eq!(Encapsulation::new().emit(&mut octets, 100), Ok(8));
    assert_eq!(octets, hex!("1194 1194 006c 0000 eeee"));
    let old = Encapsulation { source_port: 500, destination_port: 501, non_ike_marker: true, ipv6_checksum: false };
    let mut octets = [0xee; 16];
    assert_eq!(old.emit(&mut octets, 8), Ok(16));
    assert_eq!(octets, hex!("01f4 01f5 0018 0000 0000000000000000"));
    for len in 0..8 {
        let error = Error::BufferTooSmall { field: Field::UdpHeader, found: len, needed: 8 };
        assert_eq!(Encapsulation::new().emit(&mut octets[..len as usize], 8), Err(error));
    }
    assert!(Encapsulation::new().emit(&mut octets, 65_527).is_ok());
    let error = Error::DoesNotFit { field: Field::UdpHeader, found: 65_536, needed: 65_535 };
    assert_eq!(Encapsulation::new().emit(&mut octets, 65_528), Err(error));
}

#[test]
fn an_ike_header_is_read_as_rfc_7296_draws_it() {
    let octets = hex!("0102030405060708 1112131415161718 21 20 22 08 00000003 0000001c");
    let header = IkeHeader::parse(&octets).unwrap();
    assert_eq!((header.initiator_spi, header.responder_spi), (0x0102_0304_0506_0708, 0x1112_1314_1516_1718));
    assert_eq!((header.version, header.exchange, header.flags, header.message_id, header.len), (0x20, 0x22, 8, 3, 28));
    for len in 0..28 {
        let error = Error::Truncated { field: Field::IkeHeader, offset: 0, found: len, needed: 28 };
        assert_eq!(IkeHeader::parse(&octets[..len as usize]), Err(error));
    }
    let mut short = octets;
    short[27] = 27;
    assert_eq!(IkeHeader::parse(&short), Err(Error::Length { field: Field::IkeHeader, offset: 24, found: 27, needed: 28 }));
}

#[test]
fn checksums_are_mended_for_translated_addresses() {
    use ip_wire::checksum::pseudo_v4;
    let (a, b, c) = ([10, 0, 0, 1].into(), [192, 0, 2, 1].into(), [198, 51, 100, 7].into());
    for protocol in [Protocol::TCP, Protocol::UDP] {
        let at = if protocol == Protocol::TCP { 16 } else { 6 };
        for seed in 0..500u16 {
            let mut payload = [0u8; 20];
            payload[..2].copy_from_slice(&seed.wrapping_mul(131).to_be_bytes());
            let checksum = pseudo_v4(a, b, protocol, 20).octets(&payload).checksum();
            payload[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
            mend_checksum(protocol, &mut payload, (IpAddr::V4(a), IpAddr::V4(b)), (IpAddr::V4(c), IpAddr::V4(b)));
            assert!(pseudo_v4(c, b, protocol, 20).octets(&payload).holds(), "{seed}");
        }
    }
    // No checksum stays none, and what is not there is not mended.
    let mut none = [0u8; 8];
    mend_checksum(Protocol::UDP, &mut none, (IpAddr::V4(a), IpAddr::V4(b)), (IpAddr::V4(c), IpAddr::V4(b)));
    assert_eq!(none, [0; 8]);
    mend_checksum(Protocol::TCP, &mut none, (IpAddr::V4(a), IpAddr::V4(b)), (IpAddr::V4(c), IpAddr::V4(b)));
    assert_eq!(none, [0; 8]);
}
