//! Group `llpf`: the packet filter beside its MACs alone, beside the same filter on other crates, and beside AH and ESP.
//!
//! Sixteen hosts with 25 keys each, one key of each in use. No packet is copied: what the filter took off is uncovered again before the next round, in everyone's time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use llpf_wire::filter::{Config, Policy};
use llpf_wire::{Algorithm, Filter, HostId, KeyIndex, KeyTable, Outer, PacketBuf, trailer};

use crate::lanes::{Batch, Size};
use crate::packets::Numbers;
use crate::{Contender, Group, Peer, Work};

mod peers;

/// The group's name.
pub const NAME: &str = "llpf";

const HOSTS: u16 = 16;
const KEYS: u32 = 25;
const NOW: Duration = Duration::from_secs(7);
const PERIOD: Duration = Duration::from_secs(15);
/// Octets of the outer header.
const OUTER: usize = 20;

/// A MAC function, and what is needed: a share of the lanes' speed, and against the crates at 64, 576, 1500 and IMIX.
struct Function {
    name: &'static str,
    algorithm: Algorithm,
    lanes: f64,
    crates: [f64; 4],
    #[cfg_attr(not(ipsec_mb), expect(dead_code, reason = "that peer is not compiled"))]
    ipsec_mb: [f64; 4],
}

const FUNCTIONS: [Function; 3] = [
    Function {
        name: "MD5",
        algorithm: Algorithm::HmacMd5,
        lanes: 0.85,
        crates: [8.0, 12.0, 12.0, 10.0],
        ipsec_mb: [0.0, 2.0, 2.0, 0.0],
    },
    Function { name: "SHA1", algorithm: Algorithm::HmacSha1, lanes: 0.85, crates: [0.0; 4], ipsec_mb: [0.0; 4] },
    Function { name: "SHA256", algorithm: Algorithm::HmacSha256, lanes: 0.85, crates: [3.5; 4], ipsec_mb: [0.0; 4] },
];

const SIZES: [(Size, &str); 4] =
    [(Size::Fixed(64), "64"), (Size::Fixed(576), "576"), (Size::Fixed(1500), "1500"), (Size::Imix, "IMIX")];

/// Its work items.
#[must_use]
pub fn group() -> Group {
    let mut works = Vec::new();
    for function in &FUNCTIONS {
        for (at, (size, of)) in SIZES.into_iter().enumerate() {
            for batch in [1, 32, 256] {
                works.push(work(function, at, size, of, batch));
            }
        }
    }
    works.push(look_up());
    works.push(many_keys());
    Group { name: NAME, facts: Vec::new(), works }
}

/// A budget, if it is one, for the largest batch.
fn needed(budget: f64, batch: usize) -> Option<f64> {
    (budget > 0.0 && batch == 256).then_some(budget)
}

/// The table of a host, the same each time.
fn table(algorithm: Algorithm, host: u16, keys: u32) -> KeyTable {
    let mut numbers = Numbers::new(100 + u64::from(host));
    let keys: Vec<Vec<u8>> = (0..keys).map(|_| numbers.bytes(algorithm.key_len())).collect();
    KeyTable::new(algorithm, Duration::ZERO, PERIOD, &keys).expect("it makes sense")
}

fn filter(algorithm: Algorithm, policy: Policy, hosts: u16, keys: u32) -> Filter {
    let mut filter = Filter::new(Config { policy, ..Config::default() });
    for host in 0..hosts {
        filter.install(NOW, HostId(host), &table(algorithm, host, keys)).expect("it fits");
    }
    filter
}

/// An IPv4 packet of `len` octets.
fn packet(len: usize) -> Vec<u8> {
    let mut packet = vec![0x35; len];
    ip_wire::ipv4::Header::new([10, 1, 0, 1].into(), [10, 2, 0, 1].into(), ip_wire::Protocol::UDP, len - 20)
        .and_then(|ipv4| ipv4.emit(&mut packet))
        .expect("it fits");
    packet
}

/// Sealed packets of all hosts in turn, each with the key that `index` gives.
fn sealed(algorithm: Algorithm, size: Size, count: usize, mut index: impl FnMut(usize) -> KeyIndex, keys: u32) -> Vec<Vec<u8>> {
    let outer = Outer::new([198, 51, 100, 1].into());
    let tables: Vec<KeyTable> = (0..HOSTS).map(|host| table(algorithm, host, keys)).collect();
    let lens: Vec<usize> = Batch::new(size, count).octets.iter().map(Vec::len).collect();
    lens.iter()
        .enumerate()
        .map(|(at, len)| {
            let index = index(at);
            let key = tables[usize::from(index.host().0)].prepared_key(index.index()).expect("it is there");
            let storage = [&[0; OUTER][..], &packet(*len), &[0; trailer::LEN]].concat();
            let mut packet = PacketBuf::new(storage, OUTER, *len).expect("it fits");
            outer.seal(&key, index, &mut packet, 0).expect("it is a packet");
            packet.octets().to_vec()
        })
        .collect()
}

/// The host's live key.
fn live(at: usize) -> KeyIndex {
    KeyIndex::new(HostId(at as u16 % HOSTS), 0)
}

fn buffers(sealed: &[Vec<u8>]) -> Vec<PacketBuf<Vec<u8>>> {
    sealed.iter().map(|octets| PacketBuf::new(octets.clone(), 0, octets.len()).expect("all of it")).collect()
}

/// Uncovers what was taken off.
fn renew(packet: &mut PacketBuf<Vec<u8>>) {
    let (front, back) = (packet.headroom(), packet.tailroom());
    packet.push_front(front).expect("it was there");
    packet.push_back(back).expect("it was there");
}

fn filter_all(name: &'static str, filter: Filter, sealed: &[Vec<u8>]) -> Contender {
    let (packets, results) = (buffers(sealed), llpf_wire::filter::results(sealed.len()));
    let state = RefCell::new((filter, packets, results));
    let work = move |_: &[u8; 0]| {
        let (filter, packets, results) = &mut *state.borrow_mut();
        packets.iter_mut().for_each(renew);
        filter.filter_batch(NOW, packets, results).expect("as many results as packets");
        assert!(results.iter().all(Result::is_ok));
    };
    Contender::new(name, vec![[0u8; 0]; 1], work).of_batches(sealed.len())
}

fn filter_each(filter: Filter, sealed: &[Vec<u8>]) -> Contender {
    let state = RefCell::new((filter, buffers(sealed)));
    Contender::new("llpf-wire", (0..sealed.len()).collect::<Vec<usize>>(), move |at: &usize| {
        let (filter, packets) = &mut *state.borrow_mut();
        renew(&mut packets[*at]);
        assert!(filter.filter(NOW, &mut packets[*at]).is_ok());
    })
}

fn work(function: &Function, at: usize, size: Size, of: &str, batch: usize) -> Work {
    let algorithm = function.algorithm;
    let how = if batch == 1 { String::new() } else { format!(", b{batch}") };
    let name = format!("{} filter {of}{how}", function.name);
    // One by one all sizes come in turn.
    let sealed = sealed(algorithm, size, batch.max(32), live, KEYS);
    let filter = filter(algorithm, Policy::InPeriod { skew: Duration::from_secs(5) }, HOSTS, KEYS);
    let ours = if batch == 1 { filter_each(filter, &sealed) } else { filter_all("llpf-wire", filter, &sealed) };
    let mut peers = vec![
        Peer::Crate(peers::lanes(algorithm, &sealed, batch > 1), needed(function.lanes, batch)),
        Peer::Crate(peers::crates(algorithm, &sealed), needed(function.crates[at], batch)),
    ];
    #[cfg(ipsec_mb)]
    peers.push(Peer::Crate(peers::intel(algorithm, &sealed), needed(function.ipsec_mb[at], batch)));
    for (name, suite) in peers::suites(algorithm) {
        peers.push(Peer::Crate(peers::ipsec(name, suite, size, batch), None));
    }
    Work { name: name.leak(), ours, peers }
}

/// Any key of `hosts` hosts with `keys` keys each, in turn.
fn any_keys(hosts: u16, keys: u32) -> Vec<[KeyIndex; 1]> {
    let mut numbers = Numbers::new(9);
    let any = |_| {
        let (host, index) = (numbers.draw() % u64::from(hosts), numbers.draw() % u64::from(keys));
        [KeyIndex::new(HostId(host as u16), index as u16)]
    };
    (0..1 << 16).map(any).collect()
}

/// The look-up alone.
fn looking_up(name: &'static str, hosts: u16, keys: u32) -> Contender {
    let filter = filter(Algorithm::HmacMd5, Policy::AnyCurrentKey, hosts, keys);
    Contender::new(name, any_keys(hosts, keys), move |index: &[KeyIndex; 1]| assert!(filter.look_up(NOW, index[0]).is_ok()))
}

/// Among all the keys there can be of 16 hosts, beside one host's 25.
fn look_up() -> Work {
    Work {
        name: "look-up in 65,536 x 16",
        ours: looking_up("llpf-wire", HOSTS, 65_536),
        peers: vec![Peer::Crate(looking_up("25 keys", 1, 25), Some(1.0 / 3.0))],
    }
}

/// The look-up among that many keys beside a map of the standard library.
pub(crate) fn look_up_beside_a_map(name: &'static str, hosts: u16, keys: u32) -> Work {
    let map: HashMap<u32, [u64; 4]> = (0..u32::from(hosts))
        .flat_map(|host| (0..keys).map(move |index| (KeyIndex::new(HostId(host as u16), index as u16).0, [u64::from(index); 4])))
        .collect();
    let map = Contender::new("HashMap", any_keys(hosts, keys), move |index: &[KeyIndex; 1]| map.get(&index[0].0).copied());
    Work { name, ours: looking_up("llpf-wire", hosts, keys), peers: vec![Peer::Crate(map, None)] }
}

/// The whole filter where each packet has another key of a million: what the look-up's memory costs.
fn many_keys() -> Work {
    let of = |name, keys: u32| {
        let mut numbers = Numbers::new(11);
        let any = move |at: usize| KeyIndex::new(HostId(at as u16 % HOSTS), (numbers.draw() % u64::from(keys)) as u16);
        // 16,384 packets: more keys than near caches hold.
        let sealed = sealed(Algorithm::HmacMd5, Size::Fixed(64), 1 << 14, any, keys);
        filter_all(name, filter(Algorithm::HmacMd5, Policy::AnyCurrentKey, HOSTS, keys), &sealed)
    };
    let few = of("25 x 16 keys", KEYS);
    Work {
        name: "MD5 filter 64, keys of 65,536 x 16",
        ours: of("llpf-wire", 65_536),
        peers: vec![Peer::Crate(few, Some(1.0 / 3.0))],
    }
}
