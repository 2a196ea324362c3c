//! The windows and databases of group `ipsec`: replay checks, SAs by SPI, policy.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;

use ip_wire::Protocol;
use ipsec_wire::replay::{Window, words_for};
use ipsec_wire::sad::{Identifier, Sad};
use ipsec_wire::spd::{Action, Addresses, Direction, Entry, Limits, Numbers, Packet, Pfp, Protocols, Selectors, Spd};

use crate::{Contender, Peer, Work};

/// All work items.
#[must_use]
pub fn works() -> Vec<Work> {
    let mut works = vec![replay("replay check + mark, W 64", 64), replay("replay check + mark, W 4096", 4096)];
    for (own, foreign, count) in [
        ("SAD, own SPI, 1 SA", "SAD, foreign SPI, 1 SA", 1),
        ("SAD, own SPI, 256 SAs", "SAD, foreign SPI, 256 SAs", 256),
        ("SAD, own SPI, 65,536 SAs", "SAD, foreign SPI, 65,536 SAs", 65_536),
        ("SAD, own SPI, 10^6 SAs", "SAD, foreign SPI, 10^6 SAs", 1_000_000),
    ] {
        works.extend(associations(own, foreign, count));
    }
    for (cached, uncached, count) in [
        ("SPD, known conversation, 10 entries", "SPD, first match of 10", 10),
        ("SPD, known conversation, 1,000", "SPD, first match of 1,000", 1000),
        ("SPD, known conversation, 10,000", "SPD, first match of 10,000", 10_000),
    ] {
        works.extend(policy(cached, uncached, count));
    }
    works
}

/// Numbers that are the same each time: xorshift.
struct Numbers64(u64);

impl Numbers64 {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn replay(name: &'static str, size: u32) -> Work {
    let window = RefCell::new((0_u32, Window::new(size, true, vec![0; words_for(size)]).expect("it fits")));
    // A packet in eight is ahead of its place by three, and those that it overtook follow.
    let steps: Vec<[u32; 1]> = (0..1024).map(|at| [[1, 1, 1, 4, u32::MAX - 2, 1, 1, 2][at % 8]]).collect();
    let ours = Contender::new("ipsec-wire", steps, move |[step]: &[u32; 1]| {
        let (low, window) = &mut *window.borrow_mut();
        *low = low.wrapping_add(*step);
        window.check(*low).and_then(|number| window.mark(number))
    });
    Work { name, ours, peers: vec![Peer::Nanoseconds("budget", 2.0)] }
}

/// Against the standard library's map with its own hasher: by SPI alone, and by what RFC 4301 4.1 tells SAs apart by.
pub(crate) fn associations(own: &'static str, foreign: &'static str, count: u32) -> [Work; 2] {
    let here: IpAddr = [192, 0, 2, 1].into();
    let there: IpAddr = [192, 0, 2, 2].into();
    let mut random = Numbers64(0x1234_5678_9abc_def1);
    let mut ours = Sad::new(count, random.below(u64::MAX)).expect("it fits");
    let mut theirs = Sad::new(count, random.below(u64::MAX)).expect("it fits");
    let (mut by_spi, mut by_all) = (HashMap::new(), HashMap::new());
    let mut spis = Vec::new();
    for number in 0..u64::from(count) {
        let draw = random.below(1 << 32) as u32;
        let (_, spi) = ours.insert_own(Protocol::ESP, draw, |_| number).expect("there is room");
        theirs.insert(Identifier::new(Protocol::ESP, spi), number).expect("there is room");
        by_spi.insert(spi, number);
        by_all.insert((spi, here, Protocol::ESP), number);
        spis.push(spi);
    }
    let packets: Vec<[u32; 1]> = (0..1 << 14).map(|_| [spis[random.below(u64::from(count)) as usize]]).collect();
    let contender = |sad: Sad<u64>| {
        Contender::new("ipsec-wire", packets.clone(), move |[spi]: &[u32; 1]| {
            sad.lookup(Protocol::ESP, *spi, here, there).map(|(_, number)| *number)
        })
    };
    let peers = |budget: f64, by_spi: HashMap<u32, u64>, by_all: HashMap<(u32, IpAddr, Protocol), u64>| {
        let short = Contender::new("HashMap SPI", packets.clone(), move |[spi]: &[u32; 1]| by_spi.get(spi).copied());
        let long = Contender::new("HashMap SPI,dst,proto", packets.clone(), move |[spi]: &[u32; 1]| {
            by_all.get(&(*spi, here, Protocol::ESP)).copied()
        });
        vec![Peer::Crate(short, Some(budget)), Peer::Crate(long, Some(budget))]
    };
    let first = Work { name: own, ours: contender(ours), peers: peers(10.0, by_spi.clone(), by_all.clone()) };
    [first, Work { name: foreign, ours: contender(theirs), peers: peers(4.0, by_spi, by_all) }]
}

/// Entries of a gateway: prefixes of 16 to 32 bits on both sides that nest, half of them for TCP, a third for one port.
pub(crate) fn policy(cached: &'static str, uncached: &'static str, count: u32) -> [Work; 2] {
    const LENS: [u8; 5] = [16, 24, 24, 28, 32];
    let mut random = Numbers64(0x0123_4567_89ab_cdef);
    let mut spd: Spd<u32, u32> = Spd::new(Limits::default());
    let mut hosts = Vec::new();
    for number in 0..count {
        let mut octets =
            |first: u8, second: u64| [first, random.below(second) as u8, random.below(256) as u8, random.below(256) as u8];
        let (local, remote) = (octets(10, 8), octets(172, 16));
        let mut prefix = |octets: [u8; 4]| {
            let len = LENS[random.below(5) as usize];
            Addresses::prefix(octets.into(), len).expect("at most 32 bits")
        };
        let (from, to) = (prefix(local), prefix(remote));
        let selectors = Selectors {
            local: if random.below(10) == 0 { Addresses::Any } else { from },
            remote: to,
            protocol: if random.below(2) == 0 { Protocols::Any } else { Protocols::Is(Protocol::TCP) },
            remote_port: if random.below(3) == 0 { Numbers::is(random.below(1000) as u16) } else { Numbers::Any },
            ..Selectors::default()
        };
        let action = if number % 3 == 0 { Action::Bypass } else { Action::Protect { pfp: Pfp::NONE, parameters: number } };
        spd.push(Entry::new(selectors, action)).expect("there is room");
        hosts.push((local, remote));
    }
    let mut packet = |local_port: u16| {
        let (local, remote) = hosts[random.below(u64::from(count)) as usize];
        [Packet {
            direction: Direction::Outbound,
            local: local.into(),
            remote: remote.into(),
            protocol: Some(Protocol::TCP),
            local_port: Some(local_port),
            remote_port: Some(random.below(1000) as u16),
            class: 0,
            flow_label: None,
            sensitivity: None,
            name: None,
        }]
    };
    let packets: Vec<[Packet; 1]> = (0..256).map(&mut packet).collect();
    let many: Vec<[Packet; 1]> = (0..2048).map(&mut packet).collect();
    let [known, search, scan] = [spd.clone(), spd.clone(), spd].map(RefCell::new);
    let ours = Contender::new("ipsec-wire", packets, move |[packet]: &[Packet; 1]| {
        std::hint::black_box(&known.borrow_mut().lookup(packet));
    });
    let first = Work { name: cached, ours, peers: vec![Peer::Nanoseconds("budget", 10.0)] };
    let linear = Contender::new("linear scan", many.clone(), move |[packet]: &[Packet; 1]| scan.borrow().scan(packet));
    let budget = match count {
        1000 => Some(15.0),
        10_000 => Some(100.0),
        _ => None,
    };
    let ours = Contender::new("ipsec-wire", many, move |[packet]: &[Packet; 1]| search.borrow_mut().first_match(packet));
    [first, Work { name: uncached, ours, peers: vec![Peer::Crate(linear, budget)] }]
}
