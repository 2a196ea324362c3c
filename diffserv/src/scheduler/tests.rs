//! Shares, over a million packets.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

const LIMIT: Limit = Limit { packets: 4, octets: 10_000 };
const MTU: u32 = 1500;

/// Octets of packets, in a fixed pseudo-random order.
struct Lengths(u64);

impl Lengths {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = (self.0 >> 33) as u32;
        [64, 576, MTU, 40 + random % 1461][(random >> 20) as usize % 4]
    }
}

fn weights() -> Vec<Weighted> {
    [7, 1, 4, 2, 13].map(|weight| Weighted { limit: LIMIT, weight }).to_vec()
}

#[test]
fn in_a_million_packets_no_weighted_queue_is_ever_an_mtu_from_its_share() {
    let mut scheduler = WeightedFair::new(&weights(), MTU).unwrap();
    let mut lengths = Lengths(1);
    let mut sent = [0_u64; 5];
    for queue in 0..5 {
        for _ in 0..2 {
            let octets = lengths.next();
            scheduler.enqueue(queue, octets, octets).unwrap();
        }
    }
    for _ in 0..1_000_000 {
        let (queue, octets) = scheduler.dequeue().unwrap();
        sent[queue] += u64::from(octets);
        let next = lengths.next();
        scheduler.enqueue(queue, next, next).unwrap();
        let all: u64 = sent.iter().sum();
        for (sent, weight) in sent.iter().zip([7, 1, 4, 2, 13]) {
            // In 27ths, so that nothing is rounded.
            assert!((sent * 27).abs_diff(all * weight) <= u64::from(MTU) * 27, "{sent} of {all}, weight {weight}");
        }
    }
}

#[test]
fn in_a_million_packets_each_round_gives_each_queue_its_quantum_within_an_mtu() {
    let mut scheduler = DeficitRoundRobin::new(&weights(), MTU).unwrap();
    let mut lengths = Lengths(2);
    let mut sent = [0_u64; 5];
    for queue in 0..5 {
        for _ in 0..2 {
            let octets = lengths.next();
            scheduler.enqueue(queue, octets, octets).unwrap();
        }
    }
    let mut rounds = 0;
    for _ in 0..1_000_000 {
        let (queue, octets) = scheduler.dequeue().unwrap();
        if scheduler.rounds() > rounds {
            // The packet is the first of the next round.
            rounds = scheduler.rounds();
            for (sent, weight) in sent.iter().zip([7, 1, 4, 2, 13]) {
                let quantum = rounds * weight * u64::from(MTU);
                assert!(*sent <= quantum && quantum - sent < u64::from(MTU), "{sent} in {rounds} rounds, weight {weight}");
            }
        }
        sent[queue] += u64::from(octets);
        let next = lengths.next();
        scheduler.enqueue(queue, next, next).unwrap();
    }
    assert!(rounds > 10_000);
}

#[test]
fn strict_priority_starves_no_configured_minimum_in_a_million_packets() {
    let classes = [0, 50, 100, 0].map(|minimum| Class { limit: LIMIT, minimum });
    let mut scheduler = StrictPriority::new(&classes).unwrap();
    let mut lengths = Lengths(3);
    let mut sent = [0_u64; 4];
    for queue in 0..4 {
        for _ in 0..2 {
            let octets = lengths.next();
            scheduler.enqueue(queue, octets, octets).unwrap();
        }
    }
    for _ in 0..1_000_000 {
        let (queue, octets) = scheduler.dequeue().unwrap();
        sent[queue] += u64::from(octets);
        let next = lengths.next();
        scheduler.enqueue(queue, next, next).unwrap();
        let all: u64 = sent.iter().sum();
        for (sent, minimum) in sent.iter().zip([0, 50, 100, 0]) {
            let owed = all * minimum / 1000;
            assert!(*sent + 2 * u64::from(MTU) > owed, "{sent} of {all}");
            // And no more than that, while the first queue has packets.
            assert!(minimum == 0 || *sent <= owed + u64::from(MTU), "{sent} of {all}");
        }
    }
    assert_eq!(sent[3], 0);
    assert!(sent[0] > sent.iter().sum::<u64>() / 1000 * 849);
}

#[test]
fn the_first_queue_that_has_a_packet_sends() {
    let classes = [0, 0, 0].map(|minimum| Class { limit: LIMIT, minimum });
    let mut scheduler = StrictPriority::new(&classes).unwrap();
    for (queue, packet) in [(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd')] {
        scheduler.enqueue(queue, packet, 100).unwrap();
    }
    assert_eq!([0, 1, 2, 3].map(|queue| scheduler.len(queue)), [1, 1, 2, 0]);
    let sent: Vec<_> = core::iter::from_fn(|| scheduler.dequeue()).collect();
    assert_eq!(sent, [(0, 'd'), (1, 'b'), (2, 'a'), (2, 'c')]);
    assert!(scheduler.is_empty());
}

#[test]
fn an_idle_queue_saves_nothing_up() {
    let classes = [0, 500].map(|minimum| Class { limit: Limit { packets: 100, octets: 100_000 }, minimum });
    let mut scheduler = StrictPriority::new(&classes).unwrap();
    for _ in 0..50 {
        scheduler.enqueue(0, 'a', 1000).unwrap();
        scheduler.dequeue();
    }
    for _ in 0..4 {
        scheduler.enqueue(0, 'a', 1000).unwrap();
        scheduler.enqueue(1, 'b', 1000).unwrap();
    }
    let sent: Vec<_> = core::iter::from_fn(|| scheduler.dequeue()).map(|(_, packet)| packet).collect();
    assert_eq!(sent, ['a', 'a', 'b', 'a', 'b', 'a', 'b', 'b']);
}

#[test]
fn bad_shares_and_full_queues_are_refused() {
    let share = Error::TooLarge { field: Field::Share, found: 1001, max: 1000 };
    let class = |minimum| Class { limit: LIMIT, minimum };
    assert_eq!(StrictPriority::<()>::new(&[class(1000), class(1)]).unwrap_err(), share);
    assert!(StrictPriority::<()>::new(&[class(999), class(1)]).is_ok());
    let none = Error::TooSmall { field: Field::Queues, found: 0, min: 1 };
    assert_eq!(StrictPriority::<()>::new(&[]).unwrap_err(), none);
    assert_eq!(DeficitRoundRobin::<()>::new(&[], 1).unwrap_err(), none);
    assert_eq!(WeightedFair::<()>::new(&[], 1).unwrap_err(), none);
    let weighted = |weight| [Weighted { limit: LIMIT, weight }];
    let weight = Error::TooSmall { field: Field::Share, found: 0, min: 1 };
    assert_eq!(DeficitRoundRobin::<()>::new(&weighted(0), 1).unwrap_err(), weight);
    assert_eq!(WeightedFair::<()>::new(&weighted(0), 1).unwrap_err(), weight);
    let mtu = Error::TooSmall { field: Field::Mtu, found: 0, min: 1 };
    assert_eq!(DeficitRoundRobin::<()>::new(&weighted(1), 0).unwrap_err(), mtu);
    assert_eq!(WeightedFair::<()>::new(&weighted(1), 0).unwrap_err(), mtu);

    let refusal = |result: Result<(), Refused<char>>| result.map_err(|refused| (refused.packet, refused.refusal));
    let mut strict = StrictPriority::new(&[class(0)]).unwrap();
    let mut robin = DeficitRoundRobin::new(&weighted(1), MTU).unwrap();
    let mut fair = WeightedFair::new(&weighted(1), MTU).unwrap();
    assert_eq!(refusal(strict.enqueue(1, 'x', 1)), Err(('x', Refusal::NoSuchQueue)));
    assert_eq!(refusal(robin.enqueue(1, 'x', 1)), Err(('x', Refusal::NoSuchQueue)));
    assert_eq!(refusal(fair.enqueue(1, 'x', 1)), Err(('x', Refusal::NoSuchQueue)));
    assert_eq!(refusal(robin.enqueue(0, 'x', MTU + 1)), Err(('x', Refusal::LongerThanMtu)));
    assert_eq!(refusal(fair.enqueue(0, 'x', MTU + 1)), Err(('x', Refusal::LongerThanMtu)));
    for _ in 0..4 {
        strict.enqueue(0, 'y', MTU).unwrap();
        robin.enqueue(0, 'y', MTU).unwrap();
        fair.enqueue(0, 'y', MTU).unwrap();
    }
    assert_eq!(refusal(strict.enqueue(0, 'x', 1)), Err(('x', Refusal::TooManyPackets)));
    assert_eq!(refusal(robin.enqueue(0, 'x', 1)), Err(('x', Refusal::TooManyPackets)));
    assert_eq!(refusal(fair.enqueue(0, 'x', 1)), Err(('x', Refusal::TooManyPackets)));
    assert_eq!([strict.len(0), robin.len(0), fair.len(0), strict.len(9), robin.len(9), fair.len(9)], [4, 4, 4, 0, 0, 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_packet_comes_out_once_and_in_the_order_of_its_queue(steps in prop::collection::vec((any::<bool>(), 0..3_usize, 0..1500_u32), 0..300)) {
        let weighted = [3, 1, 2].map(|weight| Weighted { limit: LIMIT, weight });
        let classes = [0, 300, 10].map(|minimum| Class { limit: LIMIT, minimum });
        let mut strict = StrictPriority::new(&classes).unwrap();
        let mut robin = DeficitRoundRobin::new(&weighted, MTU).unwrap();
        let mut fair = WeightedFair::new(&weighted, MTU).unwrap();
        let mut models = vec![vec![std::collections::VecDeque::new(); 3]; 3];
        for (number, (put, queue, octets)) in steps.into_iter().enumerate() {
            if put {
                let taken = [strict.enqueue(queue, number, octets).is_ok(), robin.enqueue(queue, number, octets).is_ok(), fair.enqueue(queue, number, octets).is_ok()];
                for (model, taken) in models.iter_mut().zip(taken) {
                    if taken {
                        model[queue].push_back(number);
                    }
                }
            } else {
                for (model, sent) in models.iter_mut().zip([strict.dequeue(), robin.dequeue(), fair.dequeue()]) {
                    match sent {
                        Some((queue, packet)) => prop_assert_eq!(model[queue].pop_front(), Some(packet)),
                        None => prop_assert!(model.iter().all(std::collections::VecDeque::is_empty)),
                    }
                }
            }
            let empty = models.iter().map(|model| model.iter().all(std::collections::VecDeque::is_empty)).collect::<Vec<_>>();
            prop_assert_eq!(empty, vec![strict.is_empty(), robin.is_empty(), fair.is_empty()]);
        }
    }
}
