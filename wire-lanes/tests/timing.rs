//! Does the time of a verification tell where a tag is wrong? The method of dudect (Reparaz, Balasch, Verbauwhede 2017): two classes of inputs in random
//! order, Welch's t-test over the times, with the slowest measurements left out at several thresholds.
//!
//! It says something on a quiet machine only, so it does not run by itself:
//! `cargo test --release -p wire-lanes --test timing -- --ignored --nocapture`

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests fail by panicking"
)]

use std::hint::black_box;
use std::time::Instant;

use wire_lanes::{Engine, Sha1, hmac};

/// Above this a difference is certain (dudect's own bound); the authors call 4.5 suspicious.
const CERTAIN: f64 = 10.0;
const MEASUREMENTS: usize = 400_000;
/// Verifications in one measurement, since a clock has its own grain.
const TOGETHER: usize = 16;

/// Numbers that look random (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Mean and variance, added up one by one (Welford).
#[derive(Clone, Copy, Default)]
struct Statistics {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Statistics {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let distance = value - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (value - self.mean);
    }

    fn variance_of_mean(self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

/// Welch's t of two classes of times.
fn welch(times: &[(bool, f64)], below: f64) -> f64 {
    let mut classes = [Statistics::default(); 2];
    for (class, time) in times.iter().filter(|(_, time)| *time <= below) {
        classes[usize::from(*class)].add(*time);
    }
    let [first, second] = classes;
    (first.mean - second.mean) / (first.variance_of_mean() + second.variance_of_mean()).sqrt()
}

/// The largest |t| at any threshold, and the mean times, of two kinds of tags.
fn largest_t(tags: [[u8; 20]; 2], verify: impl Fn(&[u8]) -> bool) -> f64 {
    let mut numbers = Numbers(1);
    let mut times = Vec::with_capacity(MEASUREMENTS);
    for _ in 0..MEASUREMENTS {
        let class = numbers.draw() & 1;
        let mut tag = [0; 20];
        // The choice is made without a branch, so that it takes the same time for both.
        for (at, octet) in tag.iter_mut().enumerate() {
            *octet = tags[0][at] ^ ((tags[0][at] ^ tags[1][at]) & (class as u8).wrapping_neg());
        }
        let start = Instant::now();
        for _ in 0..TOGETHER {
            black_box(verify(black_box(&tag)));
        }
        times.push((class == 1, start.elapsed().as_nanos() as f64));
    }
    let mut sorted: Vec<f64> = times.iter().map(|(_, time)| *time).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    [0.5, 0.75, 0.9, 0.95, 0.99, 1.0]
        .into_iter()
        .map(|part| welch(&times, sorted[((sorted.len() - 1) as f64 * part) as usize]).abs())
        .fold(0.0, f64::max)
}

/// Tags that differ from the right one in what an early end would show.
fn pairs(right: [u8; 20]) -> [(&'static str, [[u8; 20]; 2]); 3] {
    let wrong_at = |at: usize| {
        let mut tag = right;
        tag[at] ^= 0x80;
        tag
    };
    [
        ("wrong in the first octet / in the last one", [wrong_at(0), wrong_at(19)]),
        ("right / wrong in the first octet", [right, wrong_at(0)]),
        ("wrong everywhere / in one octet", [right.map(|octet| !octet), wrong_at(10)]),
    ]
}

#[test]
#[ignore = "measures time: run it alone, on a quiet machine, with --release"]
fn the_time_of_a_verification_does_not_tell_where_a_tag_is_wrong() {
    let key = hmac::Key::<Sha1>::new(b"a secret key");
    let text = [0x5a; 64];
    let right = key.tag((&text).into());
    let engine = Engine::new();
    for (name, tags) in pairs(right) {
        let alone = largest_t(tags, |tag| key.verify((&text).into(), tag));
        let many = largest_t(tags, |tag| {
            let mut right = [false; 2];
            engine.verify_many(&[hmac::Message::new(&key, &text); 2], &[tag, tag], &mut right).unwrap();
            right[0]
        });
        println!("{name}: |t| = {alone:.2} alone, {many:.2} in lanes");
        assert!(alone < CERTAIN && many < CERTAIN);
    }
}

/// The method finds what it looks for: a comparison that ends at the first difference.
#[test]
#[ignore = "measures time: run it alone, on a quiet machine, with --release"]
fn the_method_sees_a_comparison_that_ends_early() {
    let right = [0x33; 20];
    let early = |tag: &[u8]| {
        for (found, expected) in tag.iter().zip(&right) {
            if black_box(found) != expected {
                return false;
            }
        }
        true
    };
    let [(_, tags), ..] = pairs(right);
    let t = largest_t(tags, early);
    println!("a comparison that ends early: |t| = {t:.2}");
    assert!(t > CERTAIN);
}
