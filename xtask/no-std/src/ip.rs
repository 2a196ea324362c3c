//! Reads and emits IP.

use core::hint::black_box;
use core::net::{Ipv4Addr, Ipv6Addr};

use ip_wire::{Flow, Protocol, checksum, ipv4, ipv6, udp};

/// An IPv4 datagram from 192.0.2.1:5000 to 198.51.100.2:53 with four octets of UDP payload.
static V4_UDP: [u8; 32] = [
    0x45, 0x00, 0x00, 0x20, 0x12, 0x34, 0x40, 0x00, 0x40, 0x11, 0x3c, 0x62, 192, 0, 2, 1, 198, 51, 100, 2, 0x13, 0x88, 0x00,
    0x35, 0x00, 0x0c, 0x00, 0x00, 0xde, 0xad, 0xbe, 0xef,
];

/// An IPv6 datagram with a destination options header before UDP, from 2001:db8::1 port 5000 to 2001:db8::2 port 53.
static V6_DSTOPT_UDP: [u8; 56] = [
    0x60, 0x00, 0x00, 0x00, 0x00, 0x10, 0x3c, 0x40, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 0x01, 0x0d,
    0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x11, 0x00, 0x01, 0x04, 0, 0, 0, 0, 0x13, 0x88, 0x00, 0x35, 0x00, 0x08, 0x00, 0x01,
];

/// What is to be right.
pub(crate) const CHECKS: [fn() -> bool; 5] = [reads_ipv4, reads_ipv6, finds_the_flow, emits_ipv4, refuses_every_truncation];

fn reads_ipv4() -> bool {
    let Ok(ip) = ipv4::View::parse(black_box(&V4_UDP)) else { return false };
    let Ok(udp) = udp::View::parse(ip.payload()) else { return false };
    ip.verify_checksum().is_ok()
        && checksum::of(black_box(&V4_UDP[..20])) == 0
        && ip.source() == Ipv4Addr::new(192, 0, 2, 1)
        && ip.protocol() == Protocol::UDP
        && udp.source_port() == 5000
        && udp.destination_port() == 53
        && udp.payload() == [0xde, 0xad, 0xbe, 0xef]
}

fn reads_ipv6() -> bool {
    let Ok(ip) = ipv6::View::parse(black_box(&V6_DSTOPT_UDP)) else { return false };
    ip.source() == Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1) && ip.payload().len() == 16
}

fn finds_the_flow() -> bool {
    let packets: [&[u8]; 2] = [&V4_UDP, &V6_DSTOPT_UDP];
    packets.iter().all(|packet| {
        Flow::from_ip(black_box(packet)).is_ok_and(|flow| {
            flow.key.protocol() == Protocol::UDP
                && flow.key.source_port() == Some(5000)
                && flow.key.destination_port() == Some(53)
        })
    })
}

fn emits_ipv4() -> bool {
    let [source, destination] = black_box([Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 2)]);
    let Ok(header) = ipv4::Header::new(source, destination, Protocol::UDP, black_box(12)) else { return false };
    let mut buffer = [0_u8; 64];
    let Ok(written) = header.emit(&mut buffer) else { return false };
    written == header.wire_len() && checksum::of(&buffer[..written]) == 0
}

fn refuses_every_truncation() -> bool {
    (0..V4_UDP.len()).all(|len| ipv4::View::parse(black_box(&V4_UDP[..len])).is_err())
}
