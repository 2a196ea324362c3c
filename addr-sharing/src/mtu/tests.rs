use super::*;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::vec;
use std::vec::Vec;

/// Fragmentation needed with this MTU, about a packet of `len` octets from 192.0.2.1 port 1234.
fn message4(mtu: u16, len: u16, dont_fragment: bool) -> Vec<u8> {
    let mut octets = vec![0; 28];
    let header = ipv4::Header::new(Ipv4Addr::new(203, 0, 113, 9), Ipv4Addr::new(192, 0, 2, 1), Protocol::ICMP, 36).unwrap();
    header.emit(&mut octets).unwrap();
    octets[20..22].copy_from_slice(&[3, 4]);
    octets[26..28].copy_from_slice(&mtu.to_be_bytes());
    let mut quoted = vec![0; 20];
    let mut header =
        ipv4::Header::new(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 2), Protocol::UDP, usize::from(len) - 20)
            .unwrap();
    header.flags = if dont_fragment { ipv4::Flags::DONT_FRAGMENT } else { ipv4::Flags::NONE };
    header.emit(&mut quoted).unwrap();
    quoted.extend([0x04, 0xd2, 0, 53, 0, 0, 0, 0]);
    octets.extend(quoted);
    octets
}

fn message6(kind: u8, mtu: u32, len: u16) -> Vec<u8> {
    let address = |last: u16| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last);
    let mut octets = vec![0; 48];
    ipv6::Header::new(address(9), address(1), Protocol::ICMPV6, 56).unwrap().emit(&mut octets).unwrap();
    octets[40] = kind;
    octets[44..48].copy_from_slice(&mtu.to_be_bytes());
    let mut quoted = vec![0; 40];
    ipv6::Header::new(address(1), address(2), Protocol::UDP, usize::from(len) - 40).unwrap().emit(&mut quoted).unwrap();
    quoted.extend([0x04, 0xd2, 0, 53, 0, 0, 0, 0]);
    octets.extend(quoted);
    octets
}

fn verdict(octets: &[u8]) -> Result<Verdict, Error> {
    check(&Packet::parse(octets).unwrap(), |_| true).map(|path| path.verdict)
}

#[test]
fn an_ipv4_mtu_is_refused_below_68_and_suspicious_below_576() {
    for (mtu, expected) in [
        (0, Ok(Verdict::NotTold)),
        (1, Err(Error::Mtu { found: 1, least: 68 })),
        (67, Err(Error::Mtu { found: 67, least: 68 })),
        (68, Ok(Verdict::Suspicious(68))),
        (575, Ok(Verdict::Suspicious(575))),
        (576, Ok(Verdict::Mtu(576))),
        (1499, Ok(Verdict::Mtu(1499))),
        // The packet would have gone through.
        (1500, Err(Error::UnknownFlow)),
        (1501, Err(Error::UnknownFlow)),
    ] {
        assert_eq!(verdict(&message4(mtu, 1500, true)), expected, "{mtu}");
    }
}

#[test]
fn an_ipv6_mtu_is_suspicious_below_1280() {
    for (mtu, expected) in [
        (0, Err(Error::Mtu { found: 0, least: 1 })),
        (1, Ok(Verdict::Suspicious(1))),
        (1279, Ok(Verdict::Suspicious(1279))),
        (1280, Ok(Verdict::Mtu(1280))),
        (1499, Ok(Verdict::Mtu(1499))),
        (1500, Err(Error::UnknownFlow)),
    ] {
        assert_eq!(verdict(&message6(2, mtu, 1500)), expected, "{mtu}");
    }
}

#[test]
fn the_flow_must_be_known_here() {
    let octets = message4(1400, 1500, true);
    let packet = Packet::parse(&octets).unwrap();
    let mut asked = None;
    let path = check(&packet, |key| {
        asked = Some(*key);
        true
    })
    .unwrap();
    // In the direction of the packet that was too big.
    assert_eq!((asked.unwrap().source_port(), asked.unwrap().destination_port()), (Some(1234), Some(53)));
    assert_eq!((path.key, path.verdict), (asked.unwrap().reversed(), Verdict::Mtu(1400)));
    assert_eq!(check(&packet, |_| false), Err(Error::UnknownFlow));
    // Quoted from elsewhere, or sent so that any router could have fragmented it.
    let mut foreign = octets.clone();
    foreign[28 + 15] = 2;
    assert_eq!(verdict(&foreign), Err(Error::UnknownFlow));
    assert_eq!(verdict(&message4(1400, 1500, false)), Err(Error::UnknownFlow));
}

#[test]
fn only_the_two_messages_tell_an_mtu() {
    let mut unreachable = message4(1400, 1500, true);
    for code in (0..=255u8).filter(|code| *code != 4) {
        unreachable[21] = code;
        assert_eq!(verdict(&unreachable), Err(Error::NotAnIcmpError));
    }
    let mut exceeded = message4(1400, 1500, true);
    exceeded[20] = 11;
    assert_eq!(verdict(&exceeded), Err(Error::NotAnIcmpError));
    assert_eq!(verdict(&message6(3, 1400, 1500)), Err(Error::NotAnIcmpError));
    let mut udp = message4(1400, 1500, true);
    udp[9] = 17;
    assert_eq!(verdict(&udp), Err(Error::NotAnIcmpError));
    let mut later = message4(1400, 1500, true);
    later[7] = 1;
    assert_eq!(verdict(&later), Err(Error::NotAnIcmpError));
}
