//! Rules and packets for the classifiers, and the ways to search that ours is compared with.

use std::cell::RefCell;
use std::net::Ipv4Addr;

use diffserv::classifier::{Addresses, Fields, Match, MultiField};
use hashbrown::HashMap;
use ip_wire::{Dscp, Protocol};

use crate::{Contender, Peer, Work};

/// Numbers that are the same each time: xorshift.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A five-tuple rule in the form that scans like best: numbers, side by side.
#[derive(Clone, Copy)]
struct Plain {
    source: (u32, u8),
    destination: (u32, u8),
    source_ports: (u16, u16),
    destination_ports: (u16, u16),
    protocol: Option<u8>,
}

/// A packet in the same form.
#[derive(Clone, Copy)]
struct Packet {
    source: u32,
    destination: u32,
    ports: (u16, u16),
    protocol: u8,
}

const fn mask(len: u8) -> u32 {
    match u32::MAX.checked_shr(len as u32) {
        Some(host) => !host,
        None => u32::MAX,
    }
}

impl Plain {
    fn ports_match(&self, packet: &Packet) -> bool {
        self.source_ports.0 <= packet.ports.0
            && packet.ports.0 <= self.source_ports.1
            && self.destination_ports.0 <= packet.ports.1
            && packet.ports.1 <= self.destination_ports.1
            && self.protocol.is_none_or(|protocol| protocol == packet.protocol)
    }

    fn matches(&self, packet: &Packet) -> bool {
        packet.source & mask(self.source.1) == self.source.0
            && packet.destination & mask(self.destination.1) == self.destination.0
            && self.ports_match(packet)
    }

    fn to_match(self) -> Match {
        let prefix = |(address, len): (u32, u8)| Addresses::prefix(Ipv4Addr::from(address).into(), len).expect("at most 32 bits");
        let ports = |ports: (u16, u16)| (ports != (0, u16::MAX)).then_some(ports);
        Match {
            source: prefix(self.source),
            destination: prefix(self.destination),
            source_ports: ports(self.source_ports),
            destination_ports: ports(self.destination_ports),
            protocol: self.protocol.map(Protocol),
            ..Match::ANY
        }
    }
}

/// Access lists as they are: a few hundred networks that many rules speak of, prefixes of all lengths from 8 on, one address in ten any; ports
/// mostly of the server, single or well-known ranges; TCP, UDP or any protocol.
fn rules(count: usize) -> Vec<Plain> {
    let mut random = Random::new(42);
    let networks: Vec<u32> = (0..(count / 8).max(8)).map(|_| random.below(1 << 32) as u32).collect();
    let mut list = Vec::with_capacity(count);
    while list.len() < count {
        let mut prefix = || {
            if random.below(10) == 0 {
                return (0, 0);
            }
            let network = networks[random.below(networks.len() as u64) as usize];
            let len = [8, 16, 20, 24, 24, 24, 28, 30, 32, 32, 32, 32][random.below(12) as usize];
            let host = random.below(1 << 16) as u32;
            ((network ^ host) & mask(len), len)
        };
        let (source, destination) = (prefix(), prefix());
        if source.1 == 0 && destination.1 == 0 {
            continue;
        }
        let ports = |kind: u64, port: u16| match kind {
            0..3 => (0, u16::MAX),
            3..7 => (port, port),
            7 => (1024, u16::MAX),
            8 => (0, 1023),
            _ => (port, port.saturating_add(100)),
        };
        let destination_ports = ports(random.below(10), [22, 53, 80, 123, 443, 1433, 5060, 8080][random.below(8) as usize]);
        let source_ports = if random.below(8) == 0 { ports(random.below(10), 1024) } else { (0, u16::MAX) };
        let protocol = [Some(6), Some(6), Some(17), None][random.below(4) as usize];
        list.push(Plain { source, destination, source_ports, destination_ports, protocol });
    }
    list
}

/// Packets that match some rule, most of them not the first.
fn packets(rules: &[Plain], count: usize) -> Vec<Packet> {
    let mut random = Random::new(7);
    let mut packet = || {
        let rule = rules[random.below(rules.len() as u64) as usize];
        let mut address = |(address, len): (u32, u8)| address | (random.below(1 << 32) as u32 & !mask(len));
        let (source, destination) = (address(rule.source), address(rule.destination));
        let mut port = |(first, last): (u16, u16)| first + random.below(u64::from(last - first) + 1) as u16;
        let ports = (port(rule.source_ports), port(rule.destination_ports));
        Packet { source, destination, ports, protocol: rule.protocol.unwrap_or(6) }
    };
    (0..count).map(|_| packet()).collect()
}

fn fields(packet: &Packet) -> Fields {
    Fields {
        source: Ipv4Addr::from(packet.source).into(),
        destination: Ipv4Addr::from(packet.destination).into(),
        protocol: Protocol(packet.protocol),
        ports: Some(packet.ports),
        dscp: Dscp::CS0,
        flow_label: None,
        interface: 0,
        later_fragment: false,
    }
}

/// Rules with the lengths of their prefixes in common, by the prefixes: the rules' numbers, lowest first.
struct Tuple {
    lens: (u8, u8),
    first: u32,
    rules: HashMap<(u32, u32), Vec<u32>>,
}

/// Tuple space search (Srinivasan, Suri and Varghese 1999), with tuples in the order of their first rule.
struct TupleSpace {
    tuples: Vec<Tuple>,
    rules: Vec<Plain>,
}

impl TupleSpace {
    fn new(rules: &[Plain]) -> Self {
        let mut tuples: Vec<Tuple> = Vec::new();
        for (number, rule) in (0..).zip(rules) {
            let lens = (rule.source.1, rule.destination.1);
            let at = tuples.iter().position(|tuple| tuple.lens == lens).unwrap_or_else(|| {
                tuples.push(Tuple { lens, first: number, rules: HashMap::new() });
                tuples.len() - 1
            });
            tuples[at].rules.entry((rule.source.0, rule.destination.0)).or_default().push(number);
        }
        Self { tuples, rules: rules.to_vec() }
    }

    fn first(&self, packet: &Packet) -> Option<u32> {
        let mut best = u32::MAX;
        for tuple in &self.tuples {
            if tuple.first >= best {
                break;
            }
            let key = (packet.source & mask(tuple.lens.0), packet.destination & mask(tuple.lens.1));
            let found = tuple.rules.get(&key).and_then(|rules| {
                rules.iter().copied().take_while(|rule| *rule < best).find(|rule| self.rules[*rule as usize].ports_match(packet))
            });
            best = best.min(found.unwrap_or(u32::MAX));
        }
        (best != u32::MAX).then_some(best)
    }
}

/// What a search must reach: against a linear scan, against tuple space search, in nanoseconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Budgets {
    linear: Option<f64>,
    tuples: Option<f64>,
    nanoseconds: Option<f64>,
}

/// A search among `count` rules.
pub(crate) fn search(name: &'static str, count: usize, budgets: Budgets) -> Work {
    let rules = rules(count);
    let packets = packets(&rules, 1 << 12);
    let (mut classifier, mut at_random) = (MultiField::new(), Vec::new());
    for (number, rule) in (0_u32..).zip(&rules) {
        at_random.push((number, rule.to_match()));
    }
    // As rules come in practice: not in their order, and one by one.
    let mut random = Random::new(3);
    while !at_random.is_empty() {
        let (number, rule) = at_random.swap_remove(random.below(at_random.len() as u64) as usize);
        classifier.insert(number, rule, number).expect("it is valid");
    }
    let space = TupleSpace::new(&rules);
    for packet in &packets {
        let scanned = rules.iter().position(|rule| rule.matches(packet)).map(|place| place as u32);
        assert_eq!(classifier.classify(&fields(packet)).copied(), scanned);
        assert_eq!(space.first(packet), scanned);
    }
    let seen: Vec<[Fields; 1]> = packets.iter().map(|packet| [fields(packet)]).collect();
    let plain: Vec<[Packet; 1]> = packets.iter().map(|packet| [*packet]).collect();
    let ours = Contender::new("diffserv", seen, move |[fields]: &[Fields; 1]| classifier.classify(fields).copied());
    let scan = Contender::new("linear scan", plain.clone(), move |[packet]: &[Packet; 1]| {
        rules.iter().position(|rule| rule.matches(packet))
    });
    let space = Contender::new("tuple space search", plain, move |[packet]: &[Packet; 1]| space.first(packet));
    let mut peers = vec![Peer::Crate(scan, budgets.linear), Peer::Crate(space, budgets.tuples)];
    peers.extend(budgets.nanoseconds.map(|nanoseconds| Peer::Nanoseconds("budget", nanoseconds)));
    Work { name, ours, peers }
}

/// A search among each number of rules, and a change.
pub(super) fn works() -> Vec<Work> {
    let budgets = |linear, nanoseconds| Budgets { linear: Some(linear), tuples: Some(6.0), nanoseconds: Some(nanoseconds) };
    vec![
        search("multi-field, 10 rules", 10, Budgets::default()),
        search("multi-field, 100 rules", 100, Budgets::default()),
        search("multi-field, 1,000 rules", 1000, budgets(15.0, 20.0)),
        search("multi-field, 10,000 rules", 10_000, budgets(100.0, 31.0)),
        change("insert and remove among 10,000", 10_000),
    ]
}

/// A rule goes and another comes.
fn change(name: &'static str, count: usize) -> Work {
    let rules = rules(count);
    let mut classifier = MultiField::new();
    let ids: Vec<_> = (0_u32..)
        .zip(&rules)
        .map(|(number, rule)| classifier.insert(number, rule.to_match(), number).expect("it is valid"))
        .collect();
    let places: Vec<[usize; 1]> = (0..4096).map(|at| [at * 977 % count]).collect();
    let state = RefCell::new((classifier, ids, rules));
    let ours = Contender::new("diffserv", places, move |[place]: &[usize; 1]| {
        let (classifier, ids, rules) = &mut *state.borrow_mut();
        classifier.remove(ids[*place]);
        ids[*place] = classifier.insert(*place as u32, rules[*place].to_match(), *place as u32).expect("it is valid");
    });
    Work { name, ours, peers: vec![Peer::Nanoseconds("10 us", 10_000.0)] }
}
