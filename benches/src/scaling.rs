//! Group `scaling`: what one operation costs as tables grow. A work item's name ends with ` @ N`, the number of what there is of its kind.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use ip_wire::reassembly::{Config, Outcome, Reassembler};
use ip_wire::{FlowKey, Ports, Protocol, ipv4};
use ngisec_wire::Limits;
use ngisec_wire::nat::Pairs;

use crate::packets::Numbers;
use crate::{Contender, Group, Peer, Work, atm, diffserv, ipsec, llpf};

/// The group's name.
pub const NAME: &str = "scaling";

const NOW: Duration = Duration::ZERO;

/// All work items.
#[must_use]
pub fn group() -> Group {
    let cycle = diffserv::cycle();
    let mut works = Vec::new();
    for count in [1, 16, 256, 4096, 65_536, 1_000_000] {
        works.extend(ipsec::databases::associations(at("SAD, own SPI", count), at("SAD, foreign SPI", count), count as u32));
    }
    for count in [10, 100, 1000, 10_000] {
        let (cached, first) = (at("SPD, known conversation", count), at("SPD, first match", count));
        works.extend(ipsec::databases::policy(cached, first, count as u32));
    }
    for count in [10, 32, 100, 316, 1000, 3162, 10_000] {
        works.push(diffserv::rules::search(at("DiffServ rules", count), count, diffserv::rules::Budgets::default()));
    }
    for (hosts, keys) in [(1, 25), (16, 25), (16, 1024), (16, 65_536)] {
        works.push(llpf::look_up_beside_a_map(at("LLPF keys", usize::from(hosts) * keys as usize), hosts, keys));
    }
    for count in [1, 100, 10_000, 1_000_000] {
        works.push(diffserv::flows(at("meters, batches of 32", count), count, cycle));
    }
    works.extend([1, 100, 10_000, 1_000_000].map(|count| pairs(at("NAT pairs", count), count)));
    works.extend([2, 8, 32, 120].map(|count| fragments(at("fragments of a packet", count), 1, count)));
    works.extend([1, 16, 256, 4096].map(|count| fragments(at("packets in reassembly", count), count, 4)));
    works.extend([1, 16, 256, 4096].map(|count| atm::aal5::reassemble_channels(at("ATM channels", count), count)));
    Group { name: NAME, facts: Vec::new(), works }
}

fn at(name: &str, count: usize) -> &'static str {
    format!("{name} @ {count}").leak()
}

/// The flow inside of a packet that arrives at a translation: any of so many.
fn pairs(name: &'static str, count: usize) -> Work {
    let flow = |number: usize, (source, source_port): (u32, u16), (destination, destination_port): (u32, u16)| {
        let ports = Ports::Pair { source: source_port, destination: destination_port };
        let far = Ipv4Addr::from(destination + (number >> 14) as u32);
        FlowKey::new(Ipv4Addr::from(source).into(), far.into(), Protocol::UDP, ports).expect("one version")
    };
    let (near, outside, far) = (0x0a00_0001, 0xcb00_7101, 0xc633_6401);
    let port = |number: usize| 1024 + (number & 0x3fff) as u16;
    let mut table = Pairs::new(Limits { flows: count as u32, ..Limits::default() });
    let mut map = HashMap::new();
    for number in 0..count {
        let inner = flow(number, (near, port(number)), (far, 80));
        let outer = flow(number, (outside, port(number)), (far, 80));
        table.insert(NOW, inner, outer).expect("there is room");
        map.insert(outer.reversed(), inner.reversed());
    }
    let mut numbers = Numbers::new(12);
    let arriving: Vec<[FlowKey; 1]> = (0..1 << 14)
        .map(|_| {
            let number = (numbers.draw() % count as u64) as usize;
            [flow(number, (outside, port(number)), (far, 80)).reversed()]
        })
        .collect();
    assert!(arriving.iter().all(|[key]| table.inner_of(NOW, key) == map.get(key).copied()));
    let table = RefCell::new(table);
    let ours = Contender::new("ngisec-wire", arriving.clone(), move |[key]: &[FlowKey; 1]| table.borrow_mut().inner_of(NOW, key));
    let map = Contender::new("HashMap", arriving, move |[key]: &[FlowKey; 1]| map.get(key).copied());
    Work { name, ours, peers: vec![Peer::Crate(map, None)] }
}

/// A fragment of 512 octets: `packets` datagrams at once, the fragments of which take turns, with `count` fragments each. The peer keeps them by a map and puts
/// them together when their octets are as many as the last one says; it checks nothing.
fn fragments(name: &'static str, packets: usize, count: usize) -> Work {
    const LEN: usize = 512;
    let of = |packet: usize| {
        let mut octets = vec![0x35; 20 + LEN * count];
        let mut header =
            ipv4::Header::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), Protocol::UDP, LEN * count).expect("it fits");
        header.identification = packet as u16;
        header.flags = ipv4::Flags::NONE;
        header.emit(&mut octets).expect("it fits");
        let view = ipv4::View::parse(&octets).expect("a packet");
        let fragments = ipv4::fragment::Fragments::new(view, 20 + LEN as u32).expect("it may be cut");
        let fragment = |fragment: ipv4::fragment::Fragment<'_>| {
            let mut wire = vec![0; 20 + LEN];
            let len = fragment.emit(&mut wire).expect("it fits");
            wire.truncate(len);
            wire
        };
        fragments.map(fragment).collect::<Vec<_>>()
    };
    let all: Vec<Vec<Vec<u8>>> = (0..packets).map(of).collect();
    assert!(all.iter().all(|fragments| fragments.len() == count));
    let round: Vec<Vec<u8>> = (0..count).flat_map(|at| all.iter().map(move |fragments| fragments[at].clone())).collect();
    let config = Config { max_datagrams: packets, max_octets: 4 * packets * count * LEN + 4096, ..Config::default() };
    let reassembler = RefCell::new(Reassembler::new(config));
    let ours = move |round: &[Vec<u8>]| {
        let mut reassembler = reassembler.borrow_mut();
        let mut completed = 0;
        for fragment in round {
            completed += usize::from(matches!(reassembler.handle_fragment(NOW, fragment), Ok(Outcome::Completed(_))));
        }
        assert_eq!(completed, packets);
    };
    let datagrams: RefCell<HashMap<[u8; 11], Vec<Vec<u8>>>> = RefCell::default();
    let map = move |round: &[Vec<u8>]| {
        let datagrams = &mut *datagrams.borrow_mut();
        let mut completed = 0;
        for fragment in round {
            let mut key = [fragment[9]; 11];
            key[..8].copy_from_slice(&fragment[12..20]);
            key[8..10].copy_from_slice(&fragment[4..6]);
            let parts = datagrams.entry(key).or_default();
            parts.push(fragment.clone());
            let place = |part: &[u8]| usize::from(u16::from_be_bytes([part[6] & 0x1f, part[7]])) * 8;
            let end = parts.iter().find(|part| part[6] & 0x20 == 0).map(|last| place(last) + last.len() - 20);
            if end == Some(parts.iter().map(|part| part.len() - 20).sum()) {
                parts.sort_by_key(|part| place(part));
                let whole: Vec<u8> = parts.iter().flat_map(|part| part[20..].iter().copied()).collect();
                std::hint::black_box(whole);
                datagrams.remove(&key);
                completed += 1;
            }
        }
        assert_eq!(completed, packets);
    };
    let each = round.len();
    let ours = Contender::new("ip-wire", vec![round.clone()], ours).of_batches(each);
    Work { name, ours, peers: vec![Peer::Crate(Contender::new("HashMap of Vecs", vec![round], map).of_batches(each), None)] }
}
