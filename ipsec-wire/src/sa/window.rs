//! The receiver's anti-replay window.

/// A window over the last numbers received, up to [`Window::MAX`] wide.
#[derive(Debug, Clone)]
pub(super) struct Window {
    width: u64,
    highest: u64,
    words: [u64; WORDS],
}

/// One word more than the widest window, so that a word is cleared only when all of it is too old (RFC 6479 2).
const WORDS: usize = 65;

impl Window {
    pub(super) const MAX: u32 = 4096;

    pub(super) const fn new(width: u32, highest: u64) -> Self {
        Self { width: width as u64, highest, words: [0; WORDS] }
    }

    pub(super) const fn highest(&self) -> u64 {
        self.highest
    }

    /// The whole number of a packet with the low half `low` (RFC 4303 appendix A2): of the numbers with it, the one nearest to the window.
    pub(super) fn recover(&self, low: u32) -> Option<u64> {
        let (low, base) = (u64::from(low), self.highest & !0xffff_ffff);
        let width = self.width.max(1);
        let top = self.highest & 0xffff_ffff;
        if top >= width.saturating_sub(1) {
            // The window lies within one subspace.
            let bottom = top.saturating_sub(width.saturating_sub(1));
            if low >= bottom { Some(base | low) } else { base.checked_add(1 << 32).map(|base| base | low) }
        } else {
            // It reaches back into the one before.
            let bottom = (1u64 << 32).saturating_add(top).saturating_sub(width.saturating_sub(1));
            if low >= bottom { base.checked_sub(1 << 32).map(|base| base | low) } else { Some(base | low) }
        }
    }

    pub(super) fn check(&self, sequence: u64) -> bool {
        if self.width == 0 {
            return true;
        }
        if sequence == 0 {
            return false;
        }
        if sequence > self.highest {
            return true;
        }
        if self.highest.saturating_sub(sequence) >= self.width {
            return false;
        }
        let (at, bit) = place(sequence);
        self.words.get(at).is_some_and(|word| word & bit == 0)
    }

    pub(super) fn mark(&mut self, sequence: u64) -> bool {
        if !self.check(sequence) {
            return false;
        }
        if self.width == 0 {
            self.highest = self.highest.max(sequence);
            return true;
        }
        if sequence > self.highest {
            let (old, new) = (self.highest / 64, sequence / 64);
            for word in old.saturating_add(1)..=new.min(old.saturating_add(65)) {
                let (at, _) = place(word.saturating_mul(64));
                if let Some(word) = self.words.get_mut(at) {
                    *word = 0;
                }
            }
            self.highest = sequence;
        }
        let (at, bit) = place(sequence);
        if let Some(word) = self.words.get_mut(at) {
            *word |= bit;
        }
        true
    }
}

fn place(sequence: u64) -> (usize, u64) {
    let at = usize::try_from((sequence / 64) % 65).unwrap_or(0);
    (at, 1 << (sequence % 64))
}
