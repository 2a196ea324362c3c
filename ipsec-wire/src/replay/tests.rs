use std::collections::BTreeSet;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

/// What RFC 4303 3.4.3 says, with a set of everything that was received.
#[derive(Clone)]
struct Oracle {
    size: u64,
    highest: u64,
    received: BTreeSet<u64>,
}

impl Oracle {
    fn new(size: u32) -> Self {
        Self { size: u64::from(size), highest: 0, received: BTreeSet::new() }
    }

    fn look(&self, number: u64) -> Result<(), Refusal> {
        if number == 0 {
            Err(Refusal::Zero)
        } else if number + self.size <= self.highest {
            Err(Refusal::TooOld)
        } else if self.received.contains(&number) {
            Err(Refusal::Duplicate)
        } else {
            Ok(())
        }
    }

    fn mark(&mut self, number: u64) -> Result<(), Refusal> {
        self.look(number)?;
        self.received.insert(number);
        self.highest = self.highest.max(number);
        Ok(())
    }

    /// The number nearest to the window among those that have these lower bits: inside it, else the first one above it.
    fn infer(&self, low: u32) -> Option<u64> {
        let bottom = i128::from(self.highest) - i128::from(self.size) + 1;
        let subspace = 1_i128 << 32;
        let mut number = i128::from(low);
        number += (bottom - number).div_euclid(subspace) * subspace;
        if number < bottom {
            number += subspace;
        }
        u64::try_from(number).ok()
    }
}

fn window(size: u32, extended: bool) -> Window<Vec<u64>> {
    Window::new(size, extended, vec![0; words_for(size)]).unwrap()
}

fn all_sizes() -> impl Iterator<Item = u32> {
    (1..=256).chain([512, 1024, 2048, 4096])
}

/// Numbers that meet every border of a window that ends at `highest`.
fn probes(size: u32, highest: u64) -> impl Iterator<Item = u64> {
    let around = |at: u64| at.saturating_sub(2)..=at.saturating_add(2);
    let left = highest.saturating_sub(u64::from(size));
    (0..=70_u64.min(highest)).chain(around(left)).chain(around(highest)).chain(left..highest)
}

#[test]
fn storage_is_a_power_of_two_with_one_word_to_spare() {
    assert_eq!(words_for(0), 0);
    for size in 1..=5000 {
        let words = words_for(size);
        assert!(words.is_power_of_two());
        // From the last bit of a word, the window's lower end is at most this many words away; all must be different.
        assert!(words as u32 > (size - 1).div_ceil(64), "{size}");
        assert!(words == 2 || words / 2 <= ((size - 1) / 64 + 1) as usize, "{size}: {words} are too many");
    }
    assert_eq!((words_for(1), words_for(64), words_for(65), words_for(1024), words_for(4096)), (2, 2, 4, 32, 128));
    assert_eq!(words_for(u32::MAX), 1 << 27);
}

#[test]
fn sizes_and_storage_that_cannot_be_are_refused() {
    let error = Window::new(Window::<[u64; 2]>::MAX_SIZE + 1, false, [0; 2]).unwrap_err();
    assert_eq!(error, Error::DoesNotFit { field: Field::ReplayWindow, found: 0x8000_0001, needed: 0x8000_0000 });
    let error = Window::new(65, false, [0; 3]).unwrap_err();
    assert_eq!(error, Error::BufferTooSmall { field: Field::ReplayStorage, found: 24, needed: 32 });
    let error = Window::restore(64, false, [0; 2], 1 << 32, &[]).unwrap_err();
    assert_eq!(error, Error::DoesNotFit { field: Field::ReplayHighest, found: u32::MAX, needed: u32::MAX });
    let mut window = Window::new(65, false, [0; 4]).unwrap();
    assert_eq!(window.export(&mut [0]).unwrap_err(), Error::BufferTooSmall { field: Field::ReplayBitmap, found: 8, needed: 16 });
    window.mark(1).unwrap();
    assert_eq!(window.export(&mut [7, 7, 7]), Ok(2));
}

#[test]
fn stale_words_of_the_storage_are_not_believed() {
    let window = Window::new(100, false, [u64::MAX; 4]).unwrap();
    assert!((1..300).all(|low| window.check(low).is_ok()));
}

/// Every size, every T mod 64 and more, every number of the window and around: filled in order, then with gaps, then after jumps of
/// every length up to three windows.
#[test]
fn every_window_agrees_with_a_set() {
    for size in all_sizes() {
        let (mut ours, mut oracle) = (window(size, false), Oracle::new(size));
        let steps = if size <= 256 { 2 * u64::from(size) + 130 } else { 200 };
        let mut highest = 0;
        for step in 0..steps {
            // Every third number stays away, and comes late below.
            highest += if step % 3 == 2 { 2 } else { 1 };
            assert_eq!(ours.mark(highest), oracle.mark(highest));
            if step % 16 == 0 || size <= 64 {
                for number in probes(size, highest) {
                    assert_eq!(ours.look(number), oracle.look(number), "W {size} T {highest} number {number}");
                }
            }
        }
        for number in probes(size, highest) {
            assert_eq!(ours.check(number as u32).map(|_| ()), oracle.look(number));
            assert_eq!(ours.mark(number), oracle.mark(number), "W {size} T {highest} number {number}");
        }
        for number in probes(size, highest) {
            assert!(ours.mark(number).is_err(), "W {size}: {number} was accepted twice");
        }
    }
}

#[test]
fn jumps_of_every_length_leave_what_the_set_says() {
    for size in all_sizes().filter(|size| *size <= 130 || *size >= 512) {
        let reach = 3 * u64::from(size) + 70;
        let step = if size <= 130 { 1 } else { 61 };
        for jump in (1..reach).step_by(step) {
            let (mut ours, mut oracle) = (window(size, false), Oracle::new(size));
            let start = 64 + jump % 67;
            let filled = (start.saturating_sub(u64::from(size)).max(1)..=start).step_by(2).chain([start]);
            for number in filled {
                assert_eq!(ours.mark(number), oracle.mark(number));
            }
            let highest = start + jump;
            assert_eq!((ours.mark(highest), oracle.mark(highest)), (Ok(()), Ok(())));
            for number in probes(size, highest) {
                assert_eq!(ours.look(number), oracle.look(number), "W {size} T {start} + {jump} number {number}");
            }
        }
    }
}

/// W - 1, W and W + 1 behind T, duplicates of every number of the window at every T mod 64.
#[test]
fn nothing_inside_the_window_is_refused_and_nothing_is_accepted_twice() {
    for size in [1, 31, 32, 33, 63, 64, 65, 100, 128, 4096] {
        for offset in 0..64 {
            let highest = 2 * u64::from(size) + 64 + offset;
            let mut ours = window(size, false);
            ours.mark(highest).unwrap();
            assert_eq!(ours.look(highest - u64::from(size)), Err(Refusal::TooOld));
            let inside = highest - u64::from(size) + 1..highest;
            for number in inside.clone().rev() {
                assert_eq!(ours.mark(number), Ok(()), "W {size} T {highest} number {number}");
            }
            for number in inside.chain([highest]) {
                assert_eq!(ours.mark(number), Err(Refusal::Duplicate), "W {size} T {highest} number {number}");
            }
        }
    }
}

#[test]
fn a_jump_over_the_whole_ring_forgets_everything() {
    let mut ours = window(64, false);
    for number in 1..=64 {
        ours.mark(number).unwrap();
    }
    for highest in [64 + (1 << 31), u64::from(u32::MAX)] {
        ours.mark(highest).unwrap();
        for number in highest - 63..highest {
            assert_eq!(ours.look(number), Ok(()));
        }
        assert_eq!(ours.look(highest - 64), Err(Refusal::TooOld));
    }
}

#[test]
fn thirty_two_bits_end_at_their_last_number() {
    let mut ours = window(64, false);
    ours.mark(u64::from(u32::MAX)).unwrap();
    assert_eq!(ours.check(u32::MAX), Err(Refusal::Duplicate));
    assert_eq!(ours.check(0), Err(Refusal::Zero));
    assert_eq!(ours.check(1), Err(Refusal::TooOld));
    assert_eq!(ours.mark(1 << 32), Err(Refusal::PastTheEnd));
    assert_eq!(ours.highest(), u64::from(u32::MAX));
}

#[test]
fn check_changes_nothing_and_mark_looks_again() {
    let mut ours = window(64, true);
    let (first, second) = (ours.check(9).unwrap(), ours.check(9).unwrap());
    assert_eq!((first, second, ours.highest()), (9, 9, 0));
    assert_eq!(ours.mark(first), Ok(()));
    assert_eq!(ours.mark(second), Err(Refusal::Duplicate));
    // Checked inside the window, which moves on before the ICV is done.
    let late = ours.check(5).unwrap();
    ours.mark(69).unwrap();
    assert_eq!(ours.mark(late), Err(Refusal::TooOld));
    assert_eq!(ours.highest(), 69);
}

#[test]
fn size_0_takes_everything() {
    for extended in [false, true] {
        let mut off = Window::new(0, extended, [0; 0]).unwrap();
        assert!(!off.is_on());
        for low in [0, 7, 7, 3, 0, 1 << 20] {
            let number = off.check(low).unwrap();
            assert_eq!((number, off.mark(number)), (u64::from(low), Ok(())));
        }
        assert_eq!((off.highest(), off.export(&mut []), off.bitmap_len()), (1 << 20, Ok(0), 0));
    }
    let mut off = Window::new(0, false, [0; 0]).unwrap();
    assert_eq!(off.mark(1 << 32), Err(Refusal::PastTheEnd));
}

/// Where anti-replay is off the higher bits are still found: the nearer subspace has it, and none is before the first.
#[test]
fn size_0_with_extended_numbers_tells_subspaces_apart() {
    let mut off = Window::new(0, true, [0; 0]).unwrap();
    assert_eq!(off.infer(u32::MAX), Some(u64::from(u32::MAX)));
    off.mark(0xffff_fff0).unwrap();
    assert_eq!((off.infer(5), off.infer(0xffff_ff00)), (Some(1 << 32 | 5), Some(0xffff_ff00)));
    off.mark(1 << 32 | 5).unwrap();
    assert_eq!((off.infer(0xffff_fff0), off.infer(9)), (Some(0xffff_fff0), Some(1 << 32 | 9)));
}

/// RFC 4303 appendix A2.2, figure 1: Tl >= W - 1.
#[test]
fn case_a_takes_the_next_subspace_left_of_the_window() {
    let at = |highest: u64| Window::restore(64, true, [0; 2], highest, &[]).unwrap();
    let ours = at(0x0000_0007_0000_1000);
    assert_eq!(ours.infer(0x0fc1), Some(0x7_0000_0fc1), "Bl");
    assert_eq!(ours.infer(0x0fc0), Some(0x8_0000_0fc0), "Bl - 1");
    assert_eq!(ours.infer(0x1000), Some(0x7_0000_1000), "Tl");
    assert_eq!(ours.infer(0xffff_ffff), Some(0x7_ffff_ffff));
    assert_eq!(ours.infer(0), Some(0x8_0000_0000));
    // Tl = W - 1 is the last of case A.
    assert_eq!((at(0x7_0000_003f).infer(0), at(0x7_0000_003f).infer(0xffff_ffff)), (Some(7 << 32), Some(0x7_ffff_ffff)));
}

/// RFC 4303 appendix A2.2, figure 2: Tl < W - 1.
#[test]
fn case_b_takes_the_subspace_before_right_of_the_lower_end() {
    let at = |highest: u64| Window::restore(64, true, [0; 2], highest, &[]).unwrap();
    let ours = at(0x7_0000_0005);
    assert_eq!(ours.infer(0xffff_ffc6), Some(0x6_ffff_ffc6), "Bl");
    assert_eq!(ours.infer(0xffff_ffc5), Some(0x7_ffff_ffc5), "Bl - 1");
    assert_eq!(ours.infer(0xffff_ffff), Some(0x6_ffff_ffff));
    assert_eq!((ours.infer(0), ours.infer(5), ours.infer(6)), (Some(7 << 32), Some(0x7_0000_0005), Some(0x7_0000_0006)));
    assert_eq!(at(0x7_0000_003e).infer(0xffff_ffff), Some(0x6_ffff_ffff), "Tl = W - 2");
}

#[test]
fn nothing_is_before_the_first_number() {
    let mut ours = window(64, true);
    assert_eq!(ours.infer(0xffff_ffff), None);
    assert_eq!(ours.check(0xffff_ffff), Err(Refusal::TooOld));
    assert_eq!(ours.check(0), Err(Refusal::Zero));
    ours.mark(5).unwrap();
    assert_eq!(ours.check(0xffff_ffc6), Err(Refusal::TooOld));
    assert_eq!(ours.check(0xffff_ffc5), Ok(0xffff_ffc5));
}

#[test]
fn nothing_is_past_the_last_number() {
    let mut ours = Window::restore(64, true, [0; 2], u64::MAX - 1, &[]).unwrap();
    assert_eq!(ours.check(0), Err(Refusal::PastTheEnd));
    assert_eq!(ours.check(u32::MAX), Ok(u64::MAX));
    ours.mark(u64::MAX).unwrap();
    assert_eq!((ours.check(u32::MAX), ours.infer(3)), (Err(Refusal::Duplicate), None));
}

/// 2^32 - 1 packets may be lost, less the window's width: the first number that cannot be told is one that looks like an old one.
#[test]
fn losses_over_the_end_of_a_subspace() {
    for size in [32_u64, 64, 1024] {
        for lost in [size - 1, size, (1 << 32) - size - 1] {
            let mut ours = window(size as u32, true);
            ours.mark(0xffff_fffe).unwrap();
            let next = 0xffff_ffff + lost;
            assert_eq!(ours.check(next as u32), Ok(next), "W {size}, {lost} lost");
            ours.mark(next).unwrap();
            assert_eq!(ours.highest(), next);
        }
        let mut ours = window(size as u32, true);
        ours.mark(0xffff_fffe).unwrap();
        let next = 0xffff_ffff + (1 << 32) - size;
        assert_ne!(ours.check(next as u32), Ok(next));
    }
}

#[test]
fn a_wrap_of_the_lower_half_keeps_the_window() {
    for size in all_sizes() {
        let (mut ours, mut oracle) = (window(size, true), Oracle::new(size));
        let start = (1_u64 << 32) - u64::from(size) / 2 - 3;
        (ours.highest, oracle.highest) = (start, start);
        for number in (start + 1..start + u64::from(size) + 70).step_by(2) {
            assert_eq!(ours.check(number as u32), Ok(number), "W {size}");
            assert_eq!((ours.mark(number), oracle.mark(number)), (Ok(()), Ok(())));
        }
        let highest = ours.highest();
        for number in probes(size, highest).filter(|number| *number > start) {
            let low = number as u32;
            let expected = oracle.infer(low).ok_or(Refusal::TooOld).and_then(|full| oracle.look(full).map(|()| full));
            assert_eq!(ours.check(low), expected, "W {size} T {highest} number {number}");
        }
    }
}

#[test]
fn the_bitmap_goes_out_and_comes_in() {
    let mut ours = window(100, true);
    ours.mark(1 << 32 | 3).unwrap();
    ours.mark(1 << 32 | 1).unwrap();
    ours.mark((1 << 32) - 60).unwrap();
    let mut bitmap = [0; 2];
    assert_eq!(ours.export(&mut bitmap), Ok(2));
    assert_eq!(bitmap, [1 | 1 << 2 | 1 << 63, 0]);
    let again = Window::restore(100, true, [u64::MAX; 8], ours.highest(), &bitmap).unwrap();
    assert_eq!(again.highest(), 1 << 32 | 3);
    for back in 0..130 {
        let number = ours.highest() - back;
        assert_eq!(again.look(number), ours.look(number), "T - {back}");
    }
    // A bitmap of ones says that all was received; bits below number 1 and left of the window say nothing.
    let full = Window::restore(100, false, [0; 4], 5, &[u64::MAX; 9]).unwrap();
    assert_eq!((1..=6).map(|low| full.check(low).is_ok()).collect::<Vec<_>>(), [false, false, false, false, false, true]);
    // An empty one leaves T itself to come.
    let fresh = Window::restore(32, false, [0; 2], 5, &[]).unwrap();
    assert_eq!((fresh.check(5), fresh.highest(), fresh.size()), (Ok(5), 5, 32));
}

#[test]
fn resynchronisation_tries_later_subspaces_within_its_limits() {
    let mut resync = Resync::new(2, 3);
    assert_eq!([resync.failed(), resync.failed(), resync.failed(), resync.failed()], [false, true, false, true]);
    resync.succeeded();
    assert_eq!((resync.failures(), resync.failed(), resync.failures()), (0, false, 1));
    assert!(!Resync::new(0, 9).failed());
    let of = |window: &Window<Vec<u64>>, low| Resync::new(1, 3).candidates(window, low).collect::<Vec<_>>();
    let mut ours = window(64, true);
    ours.mark(1000).unwrap();
    assert_eq!(of(&ours, 1001), [1 << 32 | 1001, 2 << 32 | 1001, 3 << 32 | 1001]);
    // One that looks old is expected in the next subspace already.
    assert_eq!(of(&ours, 1), [2 << 32 | 1, 3 << 32 | 1, 4 << 32 | 1]);
    assert_eq!(of(&window(64, true), u32::MAX), [0xffff_ffff, 0x1_ffff_ffff, 0x2_ffff_ffff]);
    ours.highest = u64::MAX - (1 << 32);
    assert_eq!(of(&ours, u32::MAX), [u64::MAX]);
    assert_eq!(of(&window(64, false), 7), []);
}

fn walk() -> impl Strategy<Value = Vec<(u8, u64)>> {
    proptest::collection::vec((any::<u8>(), 0..5000_u64), 1..400)
}

proptest! {
    #[test]
    fn random_walks_agree_with_a_set(size in 1..5000_u32, start in prop_oneof![0..10_u64, (1_u64 << 32) - 3000..(1_u64 << 32) + 100], steps in walk()) {
        let (mut ours, mut oracle) = (window(size, true), Oracle::new(size));
        (ours.highest, oracle.highest) = (start, start);
        for (what, amount) in steps {
            let highest = oracle.highest;
            let number = match what % 8 {
                0..=3 => highest + amount % 4,
                4 | 5 => highest.saturating_sub(amount),
                6 => highest + amount,
                _ => highest + (amount << 19),
            };
            let expected = oracle.infer(number as u32).ok_or(Refusal::TooOld).and_then(|full| oracle.look(full).map(|()| full));
            prop_assert_eq!(ours.check(number as u32), expected);
            if what & 0x80 == 0 && let Ok(full) = expected {
                prop_assert_eq!(ours.mark(full), oracle.mark(full));
                prop_assert_eq!(ours.mark(full), Err(Refusal::Duplicate));
            }
            prop_assert_eq!(ours.highest(), oracle.highest);
        }
        let mut bitmap = vec![0; ours.bitmap_len()];
        ours.export(&mut bitmap).unwrap();
        let again = Window::restore(size, true, vec![0; words_for(size)], ours.highest(), &bitmap).unwrap();
        for back in 0..u64::from(size) + 3 {
            if let Some(number) = ours.highest().checked_sub(back) {
                prop_assert_eq!(again.look(number), oracle.look(number));
            }
        }
    }

    #[test]
    fn inference_is_the_nearest_number_not_left_of_the_window(size in 1..=1_u32 << 31, highest: u64, low: u32) {
        let ours = Window { highest, size, mask: 0, extended: true, words: [0; 0] };
        let oracle = Oracle { size: u64::from(size), highest, received: BTreeSet::new() };
        prop_assert_eq!(ours.infer(low), oracle.infer(low));
    }
}
