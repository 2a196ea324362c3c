//! Group `headers`: reading headers, finding flows, checksums.

mod checksums;
mod digest;
mod flows;
mod views;

use crate::packets::{self, Numbers};
use crate::{Contender, Group, Peer, Row, Work};

/// The group's name.
pub const NAME: &str = "headers";

/// All work items.
#[must_use]
pub fn group() -> Group {
    let mut works = vec![four_getters(), verified_header()];
    works.extend(five_tuples());
    works.extend([checksum(1500), checksum(64), checksum(20), update()]);
    Group { name: NAME, facts: sizes(), works }
}

/// The five-tuple items by name, for counting instructions: what `count` runs. `loop` is what is around each packet, and no more.
#[must_use]
pub fn countable(name: &str) -> Option<Contender> {
    if name == "loop" {
        return Some(Contender::new("loop", packets::v4_tcp_frames(), |frame: &[u8]| Some(frame.len() as u64)));
    }
    let frames = match name {
        "v4-tcp" => packets::v4_tcp_frames(),
        "v6-ext-udp" => packets::v6_extension_udp_frames(),
        "mix" => packets::mixed_frames(),
        _ => return None,
    };
    Some(Contender::new("ip-wire", frames, flows::ours))
}

/// The largest of the views of headers, and of the errors of all crates.
fn sizes() -> Vec<Row> {
    let views = [
        size_of::<ip_wire::ipv4::View<'_>>(),
        size_of::<ip_wire::ipv6::View<'_>>(),
        size_of::<ip_wire::tcp::View<'_>>(),
        size_of::<ip_wire::udp::View<'_>>(),
        size_of::<ip_wire::icmpv4::View<'_>>(),
        size_of::<ip_wire::icmpv6::View<'_>>(),
        size_of::<ip_wire::ah::View<'_>>(),
        size_of::<ip_wire::esp::View<'_>>(),
        size_of::<ip_wire::link::ethernet::View<'_>>(),
        size_of::<atm_cell::cell::View<'_>>(),
        size_of::<atm_cell::aal5::View<'_>>(),
        size_of::<llpf_wire::trailer::View<'_>>(),
    ];
    let errors = [
        size_of::<ip_wire::Error>(),
        size_of::<atm_cell::Error>(),
        size_of::<wire_lanes::Error>(),
        size_of::<ipsec_wire::Error>(),
        size_of::<ngisec_wire::Error>(),
        size_of::<llpf_wire::Error>(),
        size_of::<sixtofour::Error>(),
        size_of::<diffserv::Error>(),
        size_of::<addr_sharing::Error>(),
    ];
    let largest = |sizes: &[usize]| sizes.iter().copied().max().unwrap_or_default();
    vec![
        Row::octets("size of a view, the largest of 12", largest(&views), "budget", 32),
        Row::octets("size of an error, the largest of 9", largest(&errors), "budget", 24),
    ]
}

fn four_getters() -> Work {
    let packets = packets::ipv4_udp;
    let peers = vec![
        #[cfg(feature = "ingot")]
        Peer::Crate(Contender::new("ingot", packets(), views::ingot), Some(1.0)),
        Peer::Crate(Contender::new("pnet", packets(), views::pnet), Some(1.0)),
        Peer::Crate(Contender::new("smoltcp", packets(), views::smoltcp), Some(1.0)),
    ];
    Work { name: "ipv4+udp views, 4 getters", ours: Contender::new("ip-wire", packets(), views::ours), peers }
}

fn verified_header() -> Work {
    let packets = packets::ipv4_udp;
    Work {
        name: "ipv4 parse + header checksum verify",
        ours: Contender::new("ip-wire", packets(), views::ours_verified),
        peers: vec![
            Peer::Crate(Contender::new("smoltcp", packets(), views::smoltcp_verified), Some(1.0)),
            Peer::Crate(Contender::new("etherparse", packets(), views::etherparse_verified), None),
            Peer::Crate(Contender::new("pnet", packets(), views::pnet_verified), None),
        ],
    }
}

fn five_tuples() -> [Work; 3] {
    let work = |name, frames: fn() -> Vec<Vec<u8>>, etherparse, smoltcp| Work {
        name,
        ours: Contender::new("ip-wire", frames(), flows::ours),
        peers: vec![
            Peer::Crate(Contender::new("etherparse", frames(), flows::etherparse), Some(etherparse)),
            Peer::Crate(Contender::new("smoltcp", frames(), flows::smoltcp), Some(smoltcp)),
        ],
    };
    [
        work("five-tuple, v4+TCP", packets::v4_tcp_frames, 4.5, 1.15),
        work("five-tuple, v6+HBH+DstOpt+UDP", packets::v6_extension_udp_frames, 2.7, 1.05),
        work("five-tuple, mix", packets::mixed_frames, 3.5, 1.15),
    ]
}

/// The Internet checksum of octets that look random.
fn checksum(len: usize) -> Work {
    let (name, etherparse, smoltcp, internet_checksum, pnet) = match len {
        1500 => ("internet checksum, 1500 octets", Some(5.0), Some(2.4), Some(4.5), Some(12.0)),
        64 => ("internet checksum, 64 octets", None, Some(1.0), None, None),
        _ => ("internet checksum, 20 octets", Some(1.5), Some(1.5), Some(1.5), Some(1.5)),
    };
    let data = || {
        let mut numbers = Numbers::new(5);
        (0..8).map(|_| numbers.bytes(len)).collect::<Vec<_>>()
    };
    Work {
        name,
        ours: Contender::new("ip-wire", data(), checksums::ours),
        peers: vec![
            Peer::Crate(Contender::new("etherparse", data(), checksums::etherparse), etherparse),
            Peer::Crate(Contender::new("smoltcp", data(), checksums::smoltcp), smoltcp),
            Peer::Crate(Contender::new("internet-checksum", data(), checksums::internet_checksum), internet_checksum),
            Peer::Crate(Contender::new("pnet", data(), checksums::pnet), pnet),
        ],
    }
}

fn update() -> Work {
    let changes = || {
        let mut numbers = Numbers::new(6);
        (0..64).map(|_| std::array::from_fn::<u16, 3, _>(|_| numbers.draw() as u16)).collect::<Vec<_>>()
    };
    Work {
        name: "RFC 1624 update of 2 octets",
        ours: Contender::new("ip-wire", changes(), checksums::ours_update),
        peers: vec![
            Peer::Nanoseconds("budget-1ns", 1.0),
            Peer::Crate(Contender::new("internet-checksum", changes(), checksums::internet_checksum_update), None),
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::digest::four;
    use super::{checksums, flows, views};
    use crate::packets::{self, Numbers};

    #[test]
    fn all_contenders_read_the_same_fields() {
        for packet in packets::ipv4_udp() {
            let address = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&packet[at..at + 4]).unwrap());
            let port = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
            let expected = four(address(12), address(16), port(20), port(22));
            let ours = views::ours(&packet);
            assert_eq!(ours, Some(expected));
            assert_eq!(views::pnet(&packet), ours);
            assert_eq!(views::smoltcp(&packet), ours);
            #[cfg(feature = "ingot")]
            assert_eq!(views::ingot(&packet), ours);
        }
    }

    #[test]
    fn all_contenders_verify_alike() {
        for mut packet in packets::ipv4_udp() {
            for right in [true, false] {
                assert_eq!(views::ours_verified(&packet), right);
                assert_eq!(views::smoltcp_verified(&packet), right);
                assert_eq!(views::etherparse_verified(&packet), right);
                assert_eq!(views::pnet_verified(&packet), right);
                packet[8] ^= 1;
            }
        }
    }

    #[test]
    fn all_contenders_find_the_same_flows() {
        let frames = [packets::v4_tcp_frames(), packets::v6_extension_udp_frames(), packets::mixed_frames()];
        for frame in frames.iter().flatten() {
            let ours = flows::ours(frame);
            assert!(ours.is_some());
            assert_eq!(flows::etherparse(frame), ours);
            assert_eq!(flows::smoltcp(frame), ours);
        }
    }

    #[test]
    fn all_contenders_compute_the_same_checksums() {
        let mut numbers = Numbers::new(7);
        for len in 1..1600 {
            let data = numbers.bytes(len);
            let ours = checksums::ours(&data);
            assert_eq!(checksums::etherparse(&data), ours, "{len}");
            assert_eq!(checksums::smoltcp(&data), ours, "{len}");
            assert_eq!(checksums::internet_checksum(&data), ours, "{len}");
            assert_eq!(checksums::pnet(&data), ours, "{len}");
            let change = [ours, len as u16, numbers.draw() as u16];
            assert_eq!(checksums::internet_checksum_update(&change), checksums::ours_update(&change));
        }
    }
}
