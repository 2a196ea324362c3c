use hex_literal::hex;

use super::*;

const TIME: Duration = Duration::from_secs(9);

fn record(packet: &[u8]) -> Record {
    Record::new(TIME, packet, Error::Authentication)
}

#[test]
fn an_esp_packet_gives_what_rfc_4303_section_5_asks_for() {
    let packet = hex!("45000020 00000000 4032b6db c0000201 c0000202 00001000 00000007 aaaaaaaa");
    let found = record(&packet);
    assert_eq!((found.time, found.reason), (TIME, Error::Authentication));
    assert_eq!((found.source, found.destination), (Some([192, 0, 2, 1].into()), Some([192, 0, 2, 2].into())));
    assert_eq!((found.spi, found.sequence_number, found.flow_label), (Some(0x1000), Some(7), None));
    assert_eq!(found.protocol, Some(Protocol::ESP));
}

#[test]
fn an_ah_packet_over_ipv6_has_a_flow_label_too() {
    let mut packet = hex!("600abcde 0018 33 40").to_vec();
    packet.extend([1; 32]);
    packet.extend(hex!("11040000 00001001 00000008 000000000000000000000000"));
    let found = record(&packet);
    assert_eq!((found.spi, found.sequence_number), (Some(0x1001), Some(8)));
    assert_eq!(found.flow_label, FlowLabel::new(0xabcde));
}

#[test]
fn esp_in_udp_is_looked_into_and_ike_is_not() {
    let mut packet = hex!("45000024 00000000 4011b6f8 c0000201 c0000202 1194119400100000 00001000 00000007").to_vec();
    assert_eq!((record(&packet).spi, record(&packet).sequence_number), (Some(0x1000), Some(7)));
    packet[28..32].fill(0);
    assert_eq!((record(&packet).spi, record(&packet).protocol), (None, Some(Protocol::UDP)));
}

#[test]
fn what_cannot_be_read_is_left_out() {
    let packet = hex!("45000020 00000000 4032b6db c0000201 c0000202 00001000 00000007 aaaaaaaa");
    for len in 0..packet.len() {
        let found = record(&packet[..len]);
        assert_eq!(found.source.is_some(), len >= 20, "{len}");
        assert_eq!(found.spi.is_some(), len >= 28, "{len}");
    }
    // A fragment that is not the first has no numbers.
    let mut fragment = packet;
    fragment[7] = 1;
    assert_eq!((record(&fragment).spi, record(&fragment).protocol), (None, Some(Protocol::ESP)));
}
