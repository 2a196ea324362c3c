//! What comes out conforms, in order, and the queue is bounded.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn bucket(rate: u64, burst: u64) -> TokenBucket {
    TokenBucket::new(rate, burst).unwrap()
}

const WIDE: Limit = Limit { packets: 1000, octets: 1_000_000 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_comes_out_conforms_in_order_and_at_the_first_instant_it_may(
        rate in prop_oneof![1..2000_u64, 100_000..10_000_000_u64],
        burst in 100..3000_u64,
        packets in prop::collection::vec((0..20_000_000_u64, 0..3500_u32), 1..120),
    ) {
        let profile = bucket(rate, burst);
        let mut shaper = Shaper::new(profile, Limit { packets: 20, octets: 10_000 }, Duration::ZERO).unwrap();
        let mut check = profile.start(Duration::ZERO);
        let mut waiting: std::collections::VecDeque<(usize, u32)> = Default::default();
        let mut now = Duration::ZERO;
        let mut taken = 0;
        let mut release = |shaper: &mut Shaper<(usize, u32)>, waiting: &mut std::collections::VecDeque<(usize, u32)>, until: Duration| {
            while let Some(deadline) = shaper.next_deadline().filter(|deadline| *deadline <= until) {
                let packet = shaper.poll(deadline);
                prop_assert_eq!(packet, waiting.pop_front());
                let (_, octets) = packet.unwrap();
                // Not a nanosecond before: then the profile would have called it red.
                if let Some(before) = deadline.checked_sub(Duration::from_nanos(1)) {
                    let mut early = check;
                    let early = profile.meter(&mut early, before, octets);
                    let due = Duration::from_nanos(0);
                    prop_assert!(early == Color::Red || deadline <= due || before < until);
                }
                prop_assert_eq!(profile.meter(&mut check, deadline, octets), Color::Green);
            }
            Ok(())
        };
        for (number, (step, octets)) in packets.into_iter().enumerate() {
            let until = now + Duration::from_nanos(step);
            release(&mut shaper, &mut waiting, until)?;
            now = until;
            let fits = waiting.len() < 20 && waiting.iter().map(|(_, octets)| u64::from(*octets)).sum::<u64>() + u64::from(octets) <= 10_000;
            match shaper.offer((number, octets), octets, now) {
                Ok(()) => {
                    prop_assert!(fits && u64::from(octets) <= burst);
                    waiting.push_back((number, octets));
                    taken += 1;
                }
                Err(refused) => {
                    prop_assert_eq!(refused.packet, (number, octets));
                    prop_assert_eq!(refused.refusal == Refusal::LongerThanBurst, u64::from(octets) > burst);
                    prop_assert!(!fits || u64::from(octets) > burst);
                }
            }
            prop_assert_eq!(shaper.len(), waiting.len());
            prop_assert_eq!(shaper.octets(), waiting.iter().map(|(_, octets)| u64::from(*octets)).sum::<u64>());
        }
        release(&mut shaper, &mut waiting, Duration::MAX)?;
        prop_assert!(shaper.is_empty() && waiting.is_empty());
        prop_assert_eq!(shaper.released(), taken);
    }
}

#[test]
fn a_packet_goes_at_its_deadline_and_not_a_nanosecond_before() {
    let mut shaper = Shaper::new(bucket(3, 10), WIDE, Duration::ZERO).unwrap();
    shaper.offer('a', 10, Duration::ZERO).unwrap();
    shaper.offer('b', 1, Duration::ZERO).unwrap();
    assert_eq!(shaper.poll(Duration::ZERO), Some('a'));
    // A third of a second, rounded up.
    let deadline = Duration::from_nanos(333_333_334);
    assert_eq!(shaper.next_deadline(), Some(deadline));
    assert_eq!(shaper.poll(deadline - Duration::from_nanos(1)), None);
    // Looking early has not moved it.
    assert_eq!(shaper.next_deadline(), Some(deadline));
    assert_eq!(shaper.poll(deadline), Some('b'));
    assert_eq!((shaper.poll(deadline), shaper.next_deadline()), (None, None));
}

#[test]
fn a_clock_that_jumps_releases_no_more_than_a_burst_at_once() {
    let mut shaper = Shaper::new(bucket(1000, 1500), WIDE, Duration::ZERO).unwrap();
    for number in 0..10 {
        shaper.offer(number, 700, Duration::ZERO).unwrap();
    }
    let later = Duration::from_secs(3600);
    let released: Vec<_> = core::iter::from_fn(|| shaper.poll(later)).collect();
    assert_eq!(released, [0, 1]);
    // And backwards: nothing, until the clock is there again.
    assert_eq!(shaper.poll(Duration::ZERO), None);
    assert_eq!(shaper.next_deadline(), Some(later + Duration::from_millis(600)));
}

#[test]
fn a_full_queue_refuses_and_says_why() {
    let mut shaper = Shaper::new(bucket(1, 1000), Limit { packets: 2, octets: 1500 }, Duration::ZERO).unwrap();
    let refusal = |result: Result<(), Refused<u8>>| result.map_err(|refused| refused.refusal);
    assert_eq!(refusal(shaper.offer(0, 1001, Duration::ZERO)), Err(Refusal::LongerThanBurst));
    assert_eq!(refusal(shaper.offer(1, 1000, Duration::ZERO)), Ok(()));
    assert_eq!(refusal(shaper.offer(2, 501, Duration::ZERO)), Err(Refusal::TooManyOctets));
    assert_eq!(refusal(shaper.offer(3, 500, Duration::ZERO)), Ok(()));
    assert_eq!(refusal(shaper.offer(4, 0, Duration::ZERO)), Err(Refusal::TooManyPackets));
    assert_eq!((shaper.refused(), shaper.len(), shaper.octets()), (3, 2, 1500));
    for limit in [Limit { packets: 0, octets: 1 }, Limit { packets: 1, octets: 0 }] {
        let error = Shaper::<()>::new(bucket(1, 1), limit, Duration::ZERO).unwrap_err();
        assert_eq!(error, Error::TooSmall { field: Field::Queue, found: 0, min: 1 });
    }
    assert_eq!(std::format!("{shaper:?}"), "Shaper { profile: TokenBucket { rate: 1, burst: 1000 }, waiting: 2, .. }");
}
