use super::*;
use rand_core::{TryCryptoRng, TryRng};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::vec::Vec;

/// xorshift64*: for tests.
struct TestRng(u64);

impl TryRng for TestRng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        Ok(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        for octet in to {
            *octet = self.try_next_u32()? as u8;
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}

fn second(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn range(first: u16, last: u16) -> PortSet {
    PortRange::new(first, last).unwrap().into()
}

fn psid_set() -> PortSet {
    crate::PsidParams::new(6, 8).unwrap().set(0x34).unwrap()
}

#[test]
fn a_subscriber_gets_ports_of_the_set_up_to_its_quota() {
    let mut rng = TestRng(1);
    let mut allocator = PortAllocator::new(psid_set(), Config::new(2, 100)).unwrap();
    let mut ports = HashSet::new();
    for _ in 0..100 {
        let grant = allocator.allocate(Duration::ZERO, Subscriber(0), &mut rng).unwrap();
        assert!(psid_set().contains(grant.port) && ports.insert(grant.port));
        assert_eq!(allocator.owner(grant.port), Some(Subscriber(0)));
    }
    assert_eq!(allocator.allocate(Duration::ZERO, Subscriber(0), &mut rng), Err(Error::Quota { quota: 100 }));
    assert_eq!((allocator.taken(Subscriber(0)), allocator.taken(Subscriber(1))), (100, 0));
    // They are of many ranges: all 63 are drawn from, not the first alone.
    let ranges = psid_set().ranges().filter(|range| ports.iter().any(|port| range.contains(*port))).count();
    assert!(ranges > 40, "{ranges}");
    for _ in 0..100 {
        allocator.allocate(Duration::ZERO, Subscriber(1), &mut rng).unwrap();
    }
    let unknown = Error::Parameter { parameter: Parameter::Subscriber, found: 2, least: 0, most: 1 };
    assert_eq!(allocator.allocate(Duration::ZERO, Subscriber(2), &mut rng), Err(unknown));
    assert_eq!(allocator.taken(Subscriber(2)), 0);
    assert_eq!(allocator.set(), psid_set());
}

#[test]
fn a_released_port_is_held_for_its_time() {
    let mut rng = TestRng(2);
    let mut allocator = PortAllocator::new(range(5000, 5000), Config::new(2, 1)).unwrap();
    allocator.allocate(second(0), Subscriber(0), &mut rng).unwrap();
    assert_eq!(allocator.allocate(second(0), Subscriber(1), &mut rng), Err(Error::Exhausted));
    assert_eq!((allocator.release(second(10), 5000), allocator.held()), (Ok(Subscriber(0)), 1));
    // Held: it counts, and nobody gets it.
    assert_eq!(allocator.allocate(second(249), Subscriber(0), &mut rng), Err(Error::Quota { quota: 1 }));
    assert_eq!(allocator.allocate(second(249), Subscriber(1), &mut rng), Err(Error::Exhausted));
    assert_eq!(
        (allocator.release(second(249), 5000), allocator.next_deadline()),
        (Err(Error::NotInUse(5000)), Some(second(250)))
    );
    let grant = allocator.allocate(second(250), Subscriber(1), &mut rng).unwrap();
    assert_eq!((grant.port, allocator.held(), allocator.next_deadline()), (5000, 0, None));
    assert_eq!(TIME_WAIT, second(240));
    // A clock that goes back stands still.
    allocator.release(second(100), 5000).unwrap();
    assert_eq!(allocator.next_deadline(), Some(second(490)));
    // Without a hold it is free at once.
    let mut allocator = PortAllocator::new(range(5000, 5000), Config { hold: Duration::ZERO, ..Config::new(2, 1) }).unwrap();
    allocator.allocate(second(0), Subscriber(0), &mut rng).unwrap();
    allocator.release(second(0), 5000).unwrap();
    assert!(allocator.allocate(second(0), Subscriber(1), &mut rng).is_ok());
}

#[test]
fn blocks_are_a_subscribers_own_until_their_last_port_is_free() {
    let mut rng = TestRng(3);
    let config = Config::new(3, 1000).in_blocks(100);
    let mut allocator = PortAllocator::new(range(58_000, 58_249), config).unwrap();
    let grant = allocator.allocate(second(0), Subscriber(0), &mut rng).unwrap();
    let block = grant.new_block.unwrap();
    let ports: Vec<PortRange> = allocator.ports(block).collect();
    assert!(ports.len() == 1 && ports[0].contains(grant.port));
    // The rest of the block is the subscriber's, and gives out before another block is taken.
    for _ in 1..ports[0].count() {
        let next = allocator.allocate(second(0), Subscriber(0), &mut rng).unwrap();
        assert!(next.new_block.is_none() && ports[0].contains(next.port));
    }
    let second_block = allocator.allocate(second(0), Subscriber(0), &mut rng).unwrap().new_block;
    assert!(second_block.is_some_and(|second| second != block));
    let third = allocator.allocate(second(0), Subscriber(1), &mut rng).unwrap().new_block.unwrap();
    assert_eq!(allocator.allocate(second(0), Subscriber(2), &mut rng), Err(Error::Exhausted));
    let mut sizes: Vec<u32> =
        [block, second_block.unwrap(), third].iter().flat_map(|block| allocator.ports(*block)).map(PortRange::count).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
    let release = ports[0].first()..=ports[0].last();
    for port in release.clone().skip(1) {
        allocator.release(second(1), port).unwrap();
    }
    // One port is in use still; then one hold is not over.
    assert_eq!(allocator.allocate(second(300), Subscriber(2), &mut rng), Err(Error::Exhausted));
    allocator.release(second(300), ports[0].first()).unwrap();
    assert_eq!(allocator.allocate(second(539), Subscriber(2), &mut rng), Err(Error::Exhausted));
    assert_eq!(allocator.owner(ports[0].last()), Some(Subscriber(0)));
    let grant = allocator.allocate(second(540), Subscriber(2), &mut rng).unwrap();
    assert_eq!((grant.new_block, allocator.owner(ports[0].last())), (Some(block), Some(Subscriber(2))));
}

#[test]
fn a_block_of_a_scattered_set_is_scattered() {
    let allocator = PortAllocator::new(psid_set(), Config::new(1, 1000).in_blocks(6)).unwrap();
    let ranges: Vec<(u16, u16)> = allocator.ports(Block(0)).map(|range| (range.first(), range.last())).collect();
    assert_eq!(ranges, [(1232, 1235), (2256, 2257)]);
    let ranges: Vec<(u16, u16)> = allocator.ports(Block(41)).map(|range| (range.first(), range.last())).collect();
    assert_eq!(ranges, [(63_698, 63_699), (64_720, 64_723)]);
    assert_eq!(allocator.ports(Block(42)).count(), 0);
}

#[test]
fn a_wanted_port_is_given_if_it_is_free() {
    let mut allocator = PortAllocator::new(range(5000, 5009), Config::new(2, 3).in_blocks(5)).unwrap();
    let grant = allocator.allocate_port(second(0), Subscriber(0), 5003).unwrap();
    assert_eq!((grant.port, grant.new_block), (5003, Some(Block(0))));
    assert_eq!(allocator.allocate_port(second(0), Subscriber(0), 5004).unwrap().new_block, None);
    assert_eq!(allocator.allocate_port(second(0), Subscriber(0), 5003), Err(Error::Taken(5003)));
    assert_eq!(allocator.allocate_port(second(0), Subscriber(1), 5002), Err(Error::Taken(5002)));
    assert_eq!(allocator.allocate_port(second(0), Subscriber(1), 5010), Err(Error::Taken(5010)));
    assert_eq!(allocator.allocate_port(second(0), Subscriber(1), 5009).unwrap().new_block, Some(Block(1)));
    allocator.allocate_port(second(0), Subscriber(0), 5000).unwrap();
    assert_eq!(allocator.allocate_port(second(0), Subscriber(0), 5001), Err(Error::Quota { quota: 3 }));
    allocator.release(second(0), 5003).unwrap();
    assert_eq!(allocator.allocate_port(second(240), Subscriber(0), 5001).map(|grant| grant.port), Ok(5001));
    assert_eq!((allocator.release(second(240), 4999), allocator.owner(4999)), (Err(Error::NotInUse(4999)), None));
}

#[test]
fn a_subscriber_that_leaves_gives_everything_back() {
    let mut rng = TestRng(4);
    let mut allocator = PortAllocator::new(range(1024, 1123), Config::new(2, 100).in_blocks(10)).unwrap();
    for _ in 0..35 {
        allocator.allocate(second(0), Subscriber(0), &mut rng).unwrap();
    }
    let one = allocator.allocate(second(0), Subscriber(1), &mut rng).unwrap().port;
    assert_eq!((allocator.release_all(second(1), Subscriber(0)), allocator.held()), (35, 35));
    assert_eq!((allocator.release_all(second(1), Subscriber(0)), allocator.taken(Subscriber(0))), (0, 35));
    allocator.advance(second(241));
    assert_eq!((allocator.taken(Subscriber(0)), allocator.taken(Subscriber(1)), allocator.held()), (0, 1, 0));
    assert_eq!(allocator.owner(one), Some(Subscriber(1)));
    // All other blocks are free again.
    for _ in 0..90 {
        allocator.allocate(second(241), Subscriber(0), &mut rng).unwrap();
    }
    assert_eq!(allocator.allocate(second(241), Subscriber(0), &mut rng), Err(Error::Exhausted));
}

#[test]
fn configurations_that_make_no_sense_are_refused() {
    let new = |config| PortAllocator::new(range(5000, 5009), config).err();
    let error = |parameter, found, most| Some(Error::Parameter { parameter, found, least: 1, most });
    assert_eq!(new(Config::new(0, 1)), error(Parameter::Subscribers, 0, MAX_SUBSCRIBERS));
    assert_eq!(new(Config::new(MAX_SUBSCRIBERS + 1, 1)), error(Parameter::Subscribers, MAX_SUBSCRIBERS + 1, MAX_SUBSCRIBERS));
    assert_eq!(new(Config::new(1, 0)), error(Parameter::Quota, 0, u32::MAX));
    assert_eq!(new(Config::new(1, 1).in_blocks(0)), error(Parameter::BlockSize, 0, 10));
    assert_eq!(new(Config::new(1, 1).in_blocks(11)), error(Parameter::BlockSize, 11, 10));
    assert_eq!(new(Config::new(1, 1).in_blocks(10)), None);
    let nothing = crate::PsidParams::new(16, 0).unwrap().set(0).unwrap();
    assert_eq!(nothing.count(), 65_535);
}

#[test]
fn every_free_port_is_as_likely_as_any_other() {
    let mut rng = TestRng(5);
    let mut counts = HashMap::new();
    let config = Config { hold: Duration::ZERO, ..Config::new(1, 8).in_blocks(4) };
    let mut allocator = PortAllocator::new(range(100, 107), config).unwrap();
    // Ports 100 to 103 are in use, so that the ones behind them would be favoured by a search.
    for port in [100, 101, 102, 103] {
        allocator.allocate_port(second(0), Subscriber(0), port).unwrap();
    }
    for _ in 0..40_000 {
        let port = allocator.allocate(second(0), Subscriber(0), &mut rng).unwrap().port;
        *counts.entry(port).or_insert(0u32) += 1;
        allocator.release(second(0), port).unwrap();
    }
    assert_eq!(counts.len(), 4);
    assert!(counts.values().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    // And where a subscriber has several blocks, each of their free ports.
    let mut allocator = PortAllocator::new(range(100, 107), config).unwrap();
    for port in [100, 101, 102, 104] {
        allocator.allocate_port(second(0), Subscriber(0), port).unwrap();
    }
    let mut counts = HashMap::new();
    for _ in 0..40_000 {
        let port = allocator.allocate(second(0), Subscriber(0), &mut rng).unwrap().port;
        *counts.entry(port).or_insert(0u32) += 1;
        allocator.release(second(0), port).unwrap();
    }
    assert_eq!(counts.len(), 4);
    assert!(counts.values().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
}

#[test]
fn a_source_of_numbers_that_is_broken_does_not_hold_us_up() {
    struct Ones;
    impl TryRng for Ones {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(u32::MAX)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(u64::MAX)
        }
        fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
            to.fill(255);
            Ok(())
        }
    }
    impl TryCryptoRng for Ones {}
    let mut allocator = PortAllocator::new(range(100, 106), Config::new(1, 7)).unwrap();
    let ports: HashSet<u16> = (0..7).map(|_| allocator.allocate(second(0), Subscriber(0), &mut Ones).unwrap().port).collect();
    assert_eq!(ports.len(), 7);
}

/// What the allocator must do, in sets.
#[derive(Default)]
struct Oracle {
    used: BTreeMap<u16, u32>,
    held: BTreeMap<u16, (u64, u32)>,
}

impl Oracle {
    fn advance(&mut self, now: u64) {
        self.held.retain(|_, (until, _)| *until > now);
    }

    fn taken(&self, subscriber: u32) -> usize {
        self.used.values().filter(|owner| **owner == subscriber).count()
            + self.held.values().filter(|(_, owner)| *owner == subscriber).count()
    }

    /// The subscriber that a block is with, if it has a port in use or held.
    fn owner(&self, set: &PortSet, block: u32, index: u32) -> Option<u32> {
        let first = index / block * block;
        let ports = || (first..first + block).filter_map(|index| set.nth(index));
        let used = ports().find_map(|port| self.used.get(&port).copied());
        used.or_else(|| ports().find_map(|port| self.held.get(&port).map(|(_, owner)| *owner)))
    }
}

/// A million random operations over several sets and block sizes.
#[test]
fn a_million_random_operations_agree_with_sets() {
    const OPERATIONS: u32 = 1_000_000;
    let cases = [
        (psid_set(), 7, 60, 1),
        (psid_set(), 7, 60, 16),
        (range(60_000, 60_099), 5, 30, 7),
        (range(60_000, 60_049), 3, 50, 50),
        (PortSet::of_mask(0x0400, 0xfc07).unwrap(), 6, 40, 8),
    ];
    for (set, subscribers, quota, block) in cases {
        let mut rng = TestRng(u64::from(block) * 77 + 1);
        let mut draw = TestRng(99);
        let config = Config { subscribers, quota, block, hold: second(240) };
        let mut allocator = PortAllocator::new(set, config).unwrap();
        let mut oracle = Oracle::default();
        let mut now = 0;
        for step in 0..OPERATIONS / 5 {
            let number = draw.try_next_u32().unwrap();
            let subscriber = number % subscribers;
            if number >> 8 & 0xf == 0 {
                now += u64::from(number >> 12 & 0x3f);
            }
            oracle.advance(now);
            let time = second(now);
            match number >> 28 {
                0..=6 => match allocator.allocate(time, Subscriber(subscriber), &mut rng) {
                    Ok(grant) => {
                        assert!(set.contains(grant.port));
                        assert!(oracle.taken(subscriber) < quota as usize, "quota");
                        assert!(!oracle.held.contains_key(&grant.port), "TIME-WAIT");
                        let index = set.index_of(grant.port).unwrap();
                        let owner = oracle.owner(&set, block, index);
                        assert_eq!(grant.new_block.is_some(), owner.is_none());
                        assert!(owner.is_none_or(|owner| owner == subscriber), "another's block");
                        assert_eq!(oracle.used.insert(grant.port, subscriber), None, "given twice");
                    }
                    Err(Error::Quota { .. }) => assert_eq!(oracle.taken(subscriber), quota as usize),
                    Err(Error::Exhausted) => {
                        // No port is free in a block of its own or of nobody's.
                        for port in set.iter() {
                            let free = !oracle.used.contains_key(&port) && !oracle.held.contains_key(&port);
                            let owner = oracle.owner(&set, block, set.index_of(port).unwrap());
                            assert!(!free || owner.is_some_and(|owner| owner != subscriber), "{port} was free");
                        }
                    }
                    Err(error) => panic!("{error}"),
                },
                7 => {
                    let port = set.nth((number >> 8) % set.count()).unwrap();
                    let free = !oracle.used.contains_key(&port) && !oracle.held.contains_key(&port);
                    let owner = oracle.owner(&set, block, set.index_of(port).unwrap());
                    let expected = if oracle.taken(subscriber) >= quota as usize {
                        Err(Error::Quota { quota })
                    } else if !free || owner.is_some_and(|owner| owner != subscriber) {
                        Err(Error::Taken(port))
                    } else {
                        Ok(port)
                    };
                    assert_eq!(allocator.allocate_port(time, Subscriber(subscriber), port).map(|grant| grant.port), expected);
                    if expected.is_ok() {
                        oracle.used.insert(port, subscriber);
                    }
                }
                8 if number >> 16 & 0xff == 0 => {
                    let ports: Vec<u16> =
                        oracle.used.iter().filter(|(_, owner)| **owner == subscriber).map(|(port, _)| *port).collect();
                    assert_eq!(allocator.release_all(time, Subscriber(subscriber)) as usize, ports.len());
                    for port in ports {
                        oracle.used.remove(&port);
                        oracle.held.insert(port, (now + 240, subscriber));
                    }
                }
                _ => {
                    // A port in use, mostly.
                    let port = match oracle.used.keys().nth(number as usize >> 8 & 7) {
                        Some(port) => *port,
                        None => set.nth((number >> 8) % set.count()).unwrap(),
                    };
                    match (allocator.release(time, port), oracle.used.remove(&port)) {
                        (Ok(found), Some(owner)) => {
                            assert_eq!(found, Subscriber(owner));
                            oracle.held.insert(port, (now + 240, owner));
                        }
                        (Err(Error::NotInUse(_)), None) => {}
                        (found, expected) => panic!("{port}: {found:?}, {expected:?}"),
                    }
                }
            }
            if step % 1000 == 0 {
                for subscriber in 0..subscribers {
                    assert_eq!(allocator.taken(Subscriber(subscriber)) as usize, oracle.taken(subscriber));
                }
                assert_eq!(allocator.held(), oracle.held.len());
            }
        }
        // Nothing has grown.
        assert!(
            allocator.held.capacity() >= allocator.held.len() && allocator.free_blocks.capacity() <= set.count() as usize + 1
        );
        assert_eq!((allocator.order.len(), allocator.place.len()), (set.count() as usize, set.count() as usize));
    }
}
