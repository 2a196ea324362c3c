//! Group `sixtofour`: 6to4 routers, port sets and flow keys.

use std::cell::RefCell;

use addr_sharing::flow::identify;
use addr_sharing::{PortSet, PsidParams};
use etherparse::{IpNumber, Ipv4Header, Ipv4HeaderSlice, Ipv6HeaderSlice};
use ip_wire::ip::Packet;
use ip_wire::tunnel::Tunnel;
use ip_wire::{PacketBuf, Protocol, ipv4, ipv6};
use sixtofour::{Policy, Router};

use crate::{Contender, Group, Peer, Work};

/// The group's name.
pub const NAME: &str = "sixtofour";

/// Lengths of the IPv6 packets, in rotation.
const LENGTHS: [usize; 3] = [64, 576, 1280];

/// All work items.
#[must_use]
pub fn group() -> Group {
    let mut works = vec![encapsulate(), decapsulate()];
    works.extend(ports());
    works.push(icmp_error());
    Group { name: NAME, facts: Vec::new(), works }
}

type Storage = RefCell<Vec<u8>>;

fn near() -> Router<'static> {
    Router::new([192, 0, 2, 4].into(), Policy::RFC_3964).expect("usable")
}

fn far() -> Router<'static> {
    Router::new([198, 51, 100, 7].into(), Policy::RFC_3964).expect("usable")
}

/// 20 octets of room, then a packet from the one site to the other.
fn packets() -> Vec<Storage> {
    let source = "2002:c000:204::1".parse().expect("an address");
    let destination = "2002:c633:6407::1".parse().expect("an address");
    let packet = |len: usize| {
        let mut storage = vec![0x5a; 20 + len];
        let header = ipv6::Header::new(source, destination, Protocol::UDP, len - 40).expect("fits");
        header.emit(&mut storage[20..]).expect("room");
        RefCell::new(storage)
    };
    (0..12).map(|n| packet(LENGTHS[n % 3])).collect()
}

fn encapsulated() -> Vec<Storage> {
    let packets = packets();
    for storage in &packets {
        let mut storage = storage.borrow_mut();
        let len = storage.len() - 20;
        near().encapsulate(&mut PacketBuf::new(&mut storage[..], 20, len).expect("room"), 1).expect("accepted");
    }
    packets
}

/// With every check of RFC 3964 and RFC 6324; the others check nothing.
fn encapsulate() -> Work {
    let router = near();
    let ours = Contender::new("sixtofour", packets(), move |storage: &Storage| {
        let mut storage = storage.borrow_mut();
        let len = storage.len() - 20;
        let mut packet = PacketBuf::new(&mut storage[..], 20, len).expect("room");
        router.encapsulate(&mut packet, 7).map(|done| done.destination)
    });
    let tunnel = Tunnel::new([192, 0, 2, 4].into(), [198, 51, 100, 7].into()).expect("of one version");
    let plain = Contender::new("ip-wire tunnel, no checks", packets(), move |storage: &Storage| {
        let mut storage = storage.borrow_mut();
        let len = storage.len() - 20;
        let mut packet = PacketBuf::new(&mut storage[..], 20, len).expect("room");
        tunnel.encapsulate(&mut packet, 7)
    });
    let etherparse = Contender::new("etherparse, no checks", packets(), |storage: &Storage| {
        let mut storage = storage.borrow_mut();
        let inner = Ipv6HeaderSlice::from_slice(&storage[20..]).ok()?;
        let len = inner.payload_length() + 40;
        let [_, _, d @ ..] = inner.destination();
        let mut header = Ipv4Header::new(len, 64, IpNumber::IPV6, [192, 0, 2, 4], [d[0], d[1], d[2], d[3]]).ok()?;
        header.header_checksum = header.calc_header_checksum();
        let mut place = &mut storage[..20];
        header.write(&mut place).ok()
    });
    let peers = vec![Peer::Nanoseconds("budget", 15.0), Peer::Crate(plain, None), Peer::Crate(etherparse, None)];
    Work { name: "encapsulate with all checks", ours, peers }
}

fn decapsulate() -> Work {
    let router = far();
    let ours = Contender::new("sixtofour", encapsulated(), move |storage: &Storage| {
        let mut storage = storage.borrow_mut();
        let len = storage.len();
        let mut packet = PacketBuf::new(&mut storage[..], 0, len).expect("room");
        router.decapsulate(&mut packet).map(|done| done.to_native)
    });
    let etherparse = Contender::new("etherparse, no checks", encapsulated(), |storage: &Storage| {
        let storage = storage.borrow();
        let outer = Ipv4HeaderSlice::from_slice(&storage).ok()?;
        let inner = storage.get(outer.slice().len()..)?;
        (outer.protocol() == IpNumber::IPV6)
            .then(|| Ipv6HeaderSlice::from_slice(inner).ok().map(|inner| inner.payload_length()))?
    });
    Work {
        name: "decapsulate with all checks",
        ours,
        peers: vec![Peer::Nanoseconds("budget", 20.0), Peer::Crate(etherparse, None)],
    }
}

fn ports() -> Vec<Work> {
    let params = PsidParams::new(6, 8).expect("14 bits");
    let set: PortSet = params.set(0x34).expect("8 bits");
    let numbers: Vec<u16> = (0..1024u32).map(|n| (n * 40_503 % 65_536) as u16).collect();
    let budget = || vec![Peer::Nanoseconds("budget", 2.0)];
    let psid = Contender::new("addr-sharing", numbers.clone(), move |port: &u16| params.psid_of(*port));
    let contains = Contender::new("addr-sharing", numbers.clone(), move |port: &u16| set.contains(*port));
    let nth = Contender::new("addr-sharing", numbers, move |n: &u16| set.nth(u32::from(*n) % 256));
    vec![
        Work { name: "PSID of a port", ours: psid, peers: budget() },
        Work { name: "port set contains", ours: contains, peers: budget() },
        Work { name: "port set nth", ours: nth, peers: budget() },
    ]
}

/// Against the flow key of the packet that the error is about: at most 1.5 times as long.
fn icmp_error() -> Work {
    let mut packet = vec![0; 28];
    let (source, destination) = ([192, 0, 2, 1], [198, 51, 100, 2]);
    ipv4::Header::new(source.into(), destination.into(), Protocol::UDP, 8).expect("fits").emit(&mut packet).expect("room");
    packet[20..28].copy_from_slice(&[4, 210, 0, 53, 0, 8, 0, 0]);
    let mut error = vec![0; 28];
    ipv4::Header::new([203, 0, 113, 9].into(), source.into(), Protocol::ICMP, 36).expect("fits").emit(&mut error).expect("room");
    error[20] = 11;
    error.extend_from_slice(&packet);
    let key = |octets: &Vec<u8>| identify(&Packet::parse(octets).ok()?).ok().map(|found| found.key);
    let ours = Contender::new("addr-sharing", vec![error; 8], key);
    let plain = Contender::new("the same for a plain packet", vec![packet; 8], key);
    Work { name: "flow key of an ICMP error", ours, peers: vec![Peer::Crate(plain, Some(1.0 / 1.5))] }
}
