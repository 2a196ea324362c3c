use std::collections::HashSet;

use ipsec_wire::replay::{Refusal, Window, words_for};

/// The number nearest above the lower end of the window among those with these lower bits.
fn inferred(highest: u64, size: u32, low: u32) -> Option<u64> {
    let bottom = i128::from(highest) - i128::from(size) + 1;
    let number = bottom + (i128::from(low) - bottom).rem_euclid(1 << 32);
    u64::try_from(number).ok()
}

/// A window accepts what a set of all numbers so far says, whatever is checked and marked in which order, and goes on after export.
pub fn replay_window(data: &[u8]) {
    let Some((&[size0, size1, flags, t0, t1, t2, t3, t4], mut rest)) = data.split_first_chunk::<8>() else { return };
    let size = u32::from(u16::from_le_bytes([size0, size1])) % 5000 + 1;
    let extended = flags & 1 != 0;
    let start = u64::from_le_bytes([t0, t1, t2, t3, if extended { t4 } else { 0 }, 0, 0, 0]);
    let storage = vec![u64::MAX; words_for(size) << (flags >> 7)];
    let mut window = Window::restore(size, extended, storage, start, &[]).expect("it fits");
    let (mut highest, mut received) = (start, HashSet::new());
    while let Some((&[what, a, b], after)) = rest.split_first_chunk::<3>() {
        rest = after;
        let amount = u64::from(u16::from_le_bytes([a, b]));
        let near = match what & 3 {
            0 => highest.wrapping_add(amount & 7),
            1 => highest.wrapping_sub(amount),
            2 => highest.wrapping_add(amount << (what >> 4)),
            _ => amount,
        };
        let low = near as u32;
        let number = if extended { inferred(highest, size, low) } else { Some(u64::from(low)) };
        let fresh = number
            .filter(|number| *number != 0 && number.saturating_add(u64::from(size)) > highest && !received.contains(number));
        let checked = window.check(low);
        assert_eq!(checked.ok(), fresh, "W {size} T {highest:#x} low {low:#x}");
        assert_eq!(
            checked == Err(Refusal::Duplicate),
            number.is_some_and(|number| {
                number != 0 && number.saturating_add(u64::from(size)) > highest && received.contains(&number)
            })
        );
        if what & 4 != 0
            && let Some(number) = fresh
        {
            assert_eq!(window.mark(number), Ok(()));
            assert!(window.mark(number).is_err(), "{number} was accepted twice");
            received.insert(number);
            highest = highest.max(number);
        }
        assert_eq!(window.highest(), highest);
        if what & 8 != 0 {
            let mut bitmap = vec![0; window.bitmap_len()];
            window.export(&mut bitmap).expect("there is room");
            window = Window::restore(size, extended, vec![0; words_for(size)], highest, &bitmap).expect("it fits");
        }
    }
}
