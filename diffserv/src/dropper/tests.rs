//! Random early detection by its definition, with chance in our hands.

use core::convert::Infallible;

use super::*;
use crate::meter::{Mode, Profile, TokenBucket, Unit};

/// Gives the same number again and again.
struct Always(u32);

impl rand_core::TryRng for Always {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.0))
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Pseudo-random numbers (xorshift).
struct Xorshift(u64);

impl rand_core::TryRng for Xorshift {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Ok((self.0 >> 20) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        Ok(())
    }
}

const AT_ONCE: Average = Average { shift: 0, service: Duration::from_millis(1) };

fn offer(red: &mut Red, queue: u32, number: u32) -> RedVerdict {
    red.offer(Color::Green, queue, Duration::ZERO, false, &mut Always(number))
}

#[test]
fn nothing_below_the_minimum_is_dropped_and_everything_from_the_maximum_on() {
    let mut red = Red::new(Curve::new(10, 20, 10).unwrap(), AT_ONCE).unwrap();
    assert_eq!(offer(&mut red, 9, 0), RedVerdict::Admit);
    assert_eq!(offer(&mut red, 11, 0), RedVerdict::Drop);
    assert_eq!(offer(&mut red, 19, u32::MAX), RedVerdict::Admit);
    assert_eq!(offer(&mut red, 20, u32::MAX), RedVerdict::Drop);
    assert_eq!(offer(&mut red, u32::MAX, u32::MAX), RedVerdict::Drop);
    // Certain drops are drops for every transport.
    assert_eq!(red.offer(Color::Green, 20, Duration::ZERO, true, &mut Always(0)), RedVerdict::Drop);
    assert_eq!(red.offer(Color::Green, 15, Duration::ZERO, true, &mut Always(0)), RedVerdict::MarkCongestion);
}

#[test]
fn the_chance_rises_with_the_average_and_with_the_packets_since_the_last_drop() {
    // In the middle of the curve one in ten becomes one in twenty: 2^32 / 20 is the limit for the first packet.
    let limit = ((1_u64 << 32) / 20) as u32;
    let fresh = Red::new(Curve::new(10, 20, 10).unwrap(), AT_ONCE).unwrap();
    assert_eq!(offer(&mut fresh.clone(), 15, limit), RedVerdict::Drop);
    assert_eq!(offer(&mut fresh.clone(), 15, limit + 1), RedVerdict::Admit);
    // p / (1 - n p): behind 19 packets it is certain.
    let mut red = fresh;
    for _ in 0..19 {
        assert_eq!(offer(&mut red, 15, u32::MAX), RedVerdict::Admit);
    }
    assert_eq!(offer(&mut red, 15, u32::MAX), RedVerdict::Drop);
    // And starts again: after a drop, and below the minimum.
    assert_eq!(offer(&mut red, 15, u32::MAX), RedVerdict::Admit);
    for _ in 0..17 {
        assert_eq!(offer(&mut red, 15, u32::MAX), RedVerdict::Admit);
    }
    assert_eq!(offer(&mut red, 5, u32::MAX), RedVerdict::Admit);
    for _ in 0..19 {
        assert_eq!(offer(&mut red, 15, u32::MAX), RedVerdict::Admit);
    }
    assert_eq!(offer(&mut red, 15, u32::MAX), RedVerdict::Drop);
}

#[test]
fn the_chance_is_exact_and_packets_at_the_minimum_count_towards_it() {
    // A sixteenth of the way, one in one: 1/16 of 2^32 numbers drop.
    let fresh = Red::new(Curve::new(0, 16, 1).unwrap(), AT_ONCE).unwrap();
    assert_eq!(offer(&mut fresh.clone(), 1, (1 << 28) - 1), RedVerdict::Drop);
    assert_eq!(offer(&mut fresh.clone(), 1, 1 << 28), RedVerdict::Admit);
    let mut red = Red::new(Curve::new(10, 20, 10).unwrap(), AT_ONCE).unwrap();
    for _ in 0..20 {
        assert_eq!(offer(&mut red, 10, 0), RedVerdict::Admit);
    }
    assert_eq!(offer(&mut red, 15, u32::MAX), RedVerdict::Drop);
}

#[test]
fn drops_are_spread_evenly() {
    // Uniform over 1..=20: 1/10.5 in the mean.
    let mut red = Red::new(Curve::new(10, 20, 10).unwrap(), AT_ONCE).unwrap();
    let mut rng = Xorshift(88_172_645_463_325_252);
    let (mut drops, mut since, mut longest) = (0, 0, 0);
    for _ in 0..105_000 {
        since += 1;
        if red.offer(Color::Green, 15, Duration::ZERO, false, &mut rng) == RedVerdict::Drop {
            drops += 1;
            longest = longest.max(since);
            since = 0;
        }
    }
    assert!((9500..10_500).contains(&drops), "{drops}");
    assert_eq!(longest, 20);
}

#[test]
fn the_average_follows_with_its_weight_and_decays_while_idle() {
    let average = Average { shift: 2, service: Duration::from_millis(1) };
    let mut red = Red::new(Curve::new(1000, 2000, 10).unwrap(), average).unwrap();
    let lengths = [64, 64, 64].map(|queue| {
        offer(&mut red, queue, 0);
        red.average()
    });
    assert_eq!(lengths, [16, 28, 37]);
    // Two packets' time: two steps down, then one up towards the new length.
    red.idle(Duration::from_millis(10));
    red.offer(Color::Green, 0, Duration::from_micros(12_999), false, &mut Always(0));
    assert_eq!(red.average(), 37 * 27 / 64);
    // Only once.
    red.offer(Color::Green, 0, Duration::from_secs(10), false, &mut Always(0));
    assert_eq!(red.average(), 37 * 81 / 256);
    red.idle(Duration::ZERO);
    red.offer(Color::Green, 0, Duration::MAX, false, &mut Always(0));
    assert_eq!(red.average(), 0);
}

#[test]
fn a_worse_color_goes_earlier() {
    let curves = [Curve::new(40, 70, 10).unwrap(), Curve::new(20, 50, 10).unwrap(), Curve::new(10, 30, 5).unwrap()];
    let mut red = Red::weighted(curves, AT_ONCE).unwrap();
    let mut verdicts = |queue| Color::ALL.map(|color| red.offer(color, queue, Duration::ZERO, false, &mut Always(u32::MAX)));
    use RedVerdict::{Admit, Drop};
    assert_eq!(verdicts(29), [Admit, Admit, Admit]);
    assert_eq!(verdicts(30), [Admit, Admit, Drop]);
    assert_eq!(verdicts(50), [Admit, Drop, Drop]);
    assert_eq!(verdicts(70), [Drop, Drop, Drop]);
}

#[test]
fn curves_that_favor_a_worse_color_and_other_nonsense_are_refused() {
    assert_eq!(Curve::new(5, 5, 1), Err(Error::TooSmall { field: Field::MaximumThreshold, found: 5, min: 6 }));
    assert_eq!(Curve::new(5, 6, 0), Err(Error::TooSmall { field: Field::Probability, found: 0, min: 1 }));
    let (low, high) = (Curve::new(10, 20, 1).unwrap(), Curve::new(11, 20, 1).unwrap());
    let minimum = Error::TooLarge { field: Field::MinimumThreshold, found: 11, max: 10 };
    assert_eq!(Red::weighted([low, high, low], AT_ONCE), Err(minimum));
    assert_eq!(Red::weighted([high, low, high], AT_ONCE), Err(minimum));
    let later = Curve::new(10, 21, 1).unwrap();
    let maximum = Error::TooLarge { field: Field::MaximumThreshold, found: 21, max: 20 };
    assert_eq!(Red::weighted([low, later, low], AT_ONCE), Err(maximum));
    assert_eq!(Red::weighted([later, low, later], AT_ONCE), Err(maximum));
    let gain = Error::TooLarge { field: Field::Gain, found: 17, max: 16 };
    assert_eq!(Red::new(low, Average { shift: 17, ..AT_ONCE }), Err(gain));
}

#[test]
fn a_policer_drops_what_is_worse_than_its_color() {
    let bucket = Profile::TokenBucket(TokenBucket::new(1000, 1000).unwrap(), Unit::Octets);
    let mut policer = Policer::new(Meter::new(bucket, Mode::Aware, Duration::ZERO), Color::Yellow);
    let now = Duration::ZERO;
    assert_eq!(policer.police(now, 400, Color::Green), Some(Color::Green));
    assert_eq!(policer.police(now, 400, Color::Yellow), Some(Color::Yellow));
    assert_eq!(policer.police(now, 400, Color::Green), None);
    assert_eq!(policer.police(now, 1, Color::Red), None);
    assert_eq!((policer.passed(), policer.dropped()), (2, 2));
    let mut strict = Policer::new(Meter::new(bucket, Mode::Aware, now), Color::Green);
    assert_eq!(strict.police(now, 400, Color::Yellow), None);
    assert_eq!(strict.police(now, 400, Color::Green), Some(Color::Green));
}
