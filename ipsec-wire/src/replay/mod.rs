//! Anti-replay windows (RFC 4302 3.4.3, RFC 4303 3.4.3) over a ring of words (RFC 6479), and extended sequence numbers (RFC 4303
//! appendix A).
//!
//! The window of width W ends at T, the highest number whose packet was authenticated:
//!
//! ```text
//!        too old         |<------------ W ------------>|        new
//! -----------------------+-----------------------------+---------------->
//!                        B = T - W + 1                 T
//!
//!        +--------+--------+--------+--------+
//! ring:  |xxxxxxxb|bbbbbbbb|bbbbbbt0|xxxxxxxx|   a word is 64 numbers; b..t: the window; x: stale, never looked at
//!        +--------+--------+--------+--------+
//! ```
//!
//! A number's bit has its place by the number alone, so that nothing is ever shifted: when T moves into other words, these are cleared.
//! The window is exactly W wide, whatever the ring: the distance from T decides, not the ring's size.
//!
//! Two steps, with the ICV between them: [`Window::check`] says whether a packet is worth the work, and which 64-bit number it has;
//! [`Window::mark`] looks again, because the window may have moved meanwhile, and moves it.

mod resync;

pub use resync::Resync;

use crate::error::{Error, Field, len32};

/// Words of storage: any array, slice or vector of them.
pub trait Storage: AsRef<[u64]> + AsMut<[u64]> {}

impl<S: AsRef<[u64]> + AsMut<[u64]>> Storage for S {}

/// How far from T numbers are told apart where anti-replay is off: half the subspace each way (RFC 4303 appendix A2.2 needs a W).
const OFF_WIDTH: u64 = 1 << 31;

/// The receiver's memory of the numbers of one SA.
///
/// Sizes: W is 1 to [`Window::MAX_SIZE`], or 0 for no anti-replay, in packets; storage is [`words_for`] words. Both steps take the same
/// time whatever W is, but for a jump over many words, which clears them: W / 64 words at most.
///
/// ```
/// use ipsec_wire::replay::{Refusal, Window, words_for};
///
/// let mut window = Window::new(1024, false, [0u64; words_for(1024)])?;
/// for low in [5, 3, 4] {
///     let number = window.check(low).unwrap();
///     window.mark(number).unwrap();
/// }
/// assert_eq!(window.check(3), Err(Refusal::Duplicate));
/// assert_eq!(window.check(0), Err(Refusal::Zero));
/// assert_eq!(window.highest(), 5);
/// # Ok::<(), ipsec_wire::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Window<S> {
    /// T.
    highest: u64,
    /// W; 0: anti-replay is off.
    size: u32,
    /// One less than the words in use, which are a power of two.
    mask: u32,
    extended: bool,
    words: S,
}

/// Why a sequence number is refused.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Number 0, which no sender sends: the first packet has number 1 (RFC 4303 3.3.3).
    #[error("sequence number 0")]
    Zero,
    /// Left of the window. With extended numbers also one whose place is before the first number of all.
    #[error("sequence number left of the window")]
    TooOld,
    /// A packet with this number was received.
    #[error("sequence number received before")]
    Duplicate,
    /// Past the last number of 32 or 64 bits: no sender goes on there (RFC 4303 3.3.3).
    #[error("sequence number past the last one")]
    PastTheEnd,
}

/// Words of storage that a window of that size takes: a power of two, one word more than the window fills, so that the word that T
/// moves into holds no number of the window. At least 1, and 0 for size 0.
#[must_use]
pub const fn words_for(size: u32) -> usize {
    match size.checked_sub(1) {
        None => 0,
        // The last number of the window may be the first of its word, and so on to the other end.
        Some(last) => ((last / 64).saturating_add(2) as usize).next_power_of_two(),
    }
}

impl<S> Window<S> {
    /// The widest window: RFC 4303 appendix A2 assumes no more than 2^31 packets.
    pub const MAX_SIZE: u32 = 1 << 31;

    /// T, the highest number marked, all 64 bits of it; 0 before the first.
    #[must_use]
    #[inline]
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// W; 0 where anti-replay is off.
    #[must_use]
    #[inline]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// Whether numbers have 64 bits, of which packets carry the lower 32.
    #[must_use]
    #[inline]
    pub const fn is_extended(&self) -> bool {
        self.extended
    }

    /// Whether replays are refused at all.
    #[must_use]
    #[inline]
    pub const fn is_on(&self) -> bool {
        self.size != 0
    }

    /// The 64-bit number that a packet with these lower 32 bits has (RFC 4303 appendix A2.2), or none: it would lie before number 0, or
    /// past the last one. Without extended numbers, the lower 32 bits.
    ///
    /// In case A, T is at least W - 1, counted in its subspace: what is left of the window belongs to the next subspace. In case B the
    /// window reaches into the subspace before: what is not left of it belongs there.
    #[must_use]
    #[inline]
    pub fn infer(&self, low: u32) -> Option<u64> {
        if !self.extended {
            return Some(u64::from(low));
        }
        self.inferred(low).ok()
    }

    /// Both cases are one: the number is the first one at or above the window's lower end that has these lower bits. In case B at the very
    /// start the lower end is below 0, and so is a number that does not wrap to get above it.
    #[inline]
    fn inferred(&self, low: u32) -> Result<u64, Refusal> {
        let width = if self.size == 0 { OFF_WIDTH } else { u64::from(self.size) };
        let back = width.wrapping_sub(1);
        let bottom = self.highest.wrapping_sub(back);
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is what packets carry")]
        let ahead = low.wrapping_sub(bottom as u32);
        let number = bottom.wrapping_add(u64::from(ahead));
        if (number < bottom) == (self.highest < back) { Ok(number) } else { self.outside(low) }
    }

    /// A number that there is not.
    #[cold]
    fn outside(&self, low: u32) -> Result<u64, Refusal> {
        match (self.highest >> 32, self.size) {
            // Nothing is before the first subspace. Where no window refuses it, the number can only be ahead.
            (0, 0) => Ok(u64::from(low)),
            (0, _) => Err(Refusal::TooOld),
            _ => Err(Refusal::PastTheEnd),
        }
    }
}

impl<S: Storage> Window<S> {
    /// An empty window: no number was received. `size` 0 turns anti-replay off, as a manually keyed SA may have it (RFC 4301 4.4.2.1) and
    /// as an SA without integrity must have it (RFC 4303 3.4.3); with `extended`, numbers are then told apart half a subspace each way.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if `size` is over [`Window::MAX_SIZE`]; [`Error::BufferTooSmall`] if storage has fewer than [`words_for`] words.
    pub fn new(size: u32, extended: bool, mut storage: S) -> Result<Self, Error> {
        if size > Self::MAX_SIZE {
            return Err(Error::DoesNotFit { field: Field::ReplayWindow, found: size, needed: Self::MAX_SIZE });
        }
        let (found, needed) = (storage.as_ref().len(), words_for(size));
        if found < needed {
            let octets = |words: usize| len32(words.saturating_mul(8));
            return Err(Error::BufferTooSmall { field: Field::ReplayStorage, found: octets(found), needed: octets(needed) });
        }
        if let Some(words) = storage.as_mut().get_mut(..needed) {
            words.fill(0);
        }
        Ok(Self { highest: 0, size, mask: len32(needed).saturating_sub(1), extended, words: storage })
    }

    /// A window that goes on where another was left: T with its higher 32 bits, and the bitmap as [`Window::export`] gives it. What the
    /// bitmap lacks was not received; bits for numbers left of the window or below 1 say nothing.
    ///
    /// # Errors
    /// Those of [`Window::new`]; [`Error::DoesNotFit`] if `highest` has more than 32 bits and `extended` is false.
    pub fn restore(size: u32, extended: bool, storage: S, highest: u64, bitmap: &[u64]) -> Result<Self, Error> {
        let mut window = Self::new(size, extended, storage)?;
        if !extended && highest > u64::from(u32::MAX) {
            return Err(Error::DoesNotFit { field: Field::ReplayHighest, found: u32::MAX, needed: u32::MAX });
        }
        window.highest = highest;
        if size == 0 {
            return Ok(window);
        }
        for (base, word) in (0_u64..).step_by(64).zip(bitmap) {
            let mut left = *word;
            while left != 0 {
                let back = base.saturating_add(u64::from(left.trailing_zeros()));
                left &= left.wrapping_sub(1);
                match highest.checked_sub(back) {
                    Some(number) if number != 0 && back < u64::from(size) => window.set(number),
                    _ => break,
                }
            }
        }
        Ok(window)
    }

    /// Writes the bitmap: bit 0 of the first word says whether T was received, bit `i` of word `j` whether T - (64 j + i) was. Returns
    /// the words written, [`Window::bitmap_len`].
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`], and nothing is written then.
    pub fn export(&self, bitmap: &mut [u64]) -> Result<usize, Error> {
        let (found, needed) = (bitmap.len(), self.bitmap_len());
        let octets = |words: usize| len32(words.saturating_mul(8));
        let too_small = Error::BufferTooSmall { field: Field::ReplayBitmap, found: octets(found), needed: octets(needed) };
        let words = bitmap.get_mut(..needed).ok_or(too_small)?;
        words.fill(0);
        for back in 0..u64::from(self.size) {
            let Some(number) = self.highest.checked_sub(back).filter(|number| *number != 0) else { break };
            let word = usize::try_from(back >> 6).ok().and_then(|at| words.get_mut(at));
            if let Some(word) = word.filter(|_| self.is_set(number)) {
                *word |= 1 << (back & 63);
            }
        }
        Ok(needed)
    }

    /// Words that [`Window::export`] writes: a bit for each number of the window.
    #[must_use]
    pub const fn bitmap_len(&self) -> usize {
        self.size.div_ceil(64) as usize
    }

    /// Whether a packet with this sequence number may be new, and which number it has in full. Changes nothing: the ICV is still to be
    /// verified, with the higher 32 bits of what is returned (RFC 4303 3.4.3).
    ///
    /// # Errors
    /// The [`Refusal`], an auditable event (RFC 4303 3.4.3). Where anti-replay is off only numbers past the last one are refused.
    #[inline]
    pub fn check(&self, low: u32) -> Result<u64, Refusal> {
        let number = if self.extended { self.inferred(low)? } else { u64::from(low) };
        self.look(number)?;
        Ok(number)
    }

    /// Marks a number as received whose packet's ICV held. The number is looked at again, as two packets with it may have been checked
    /// before either was marked.
    ///
    /// # Errors
    /// The [`Refusal`], with the window as it was: the packet must be dropped.
    #[inline]
    pub fn mark(&mut self, number: u64) -> Result<(), Refusal> {
        if !self.extended && number > u64::from(u32::MAX) {
            return Err(Refusal::PastTheEnd);
        }
        if self.size == 0 {
            self.highest = self.highest.max(number);
            return Ok(());
        }
        if number > self.highest {
            self.clear(self.highest >> 6, number >> 6);
            self.highest = number;
        } else {
            self.look(number)?;
        }
        self.set(number);
        Ok(())
    }

    #[inline]
    fn look(&self, number: u64) -> Result<(), Refusal> {
        if self.size == 0 {
            return Ok(());
        }
        match self.highest.checked_sub(number) {
            None => Ok(()),
            Some(_) if number == 0 => Err(Refusal::Zero),
            Some(back) if back >= u64::from(self.size) => Err(Refusal::TooOld),
            Some(_) if self.is_set(number) => Err(Refusal::Duplicate),
            Some(_) => Ok(()),
        }
    }

    /// Clears the words behind `from` up to `to`, each once.
    #[inline]
    fn clear(&mut self, from: u64, to: u64) {
        if from == to {
            return;
        }
        let words = to.wrapping_sub(from).min(u64::from(self.mask).saturating_add(1));
        for step in 0..words {
            if let Some(word) = self.word(to.wrapping_sub(step)) {
                *word = 0;
            }
        }
    }

    #[inline]
    fn place(&self, block: u64) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "the mask has 32 bits")]
        let at = (block & u64::from(self.mask)) as usize;
        at
    }

    #[inline]
    fn word(&mut self, block: u64) -> Option<&mut u64> {
        let at = self.place(block);
        self.words.as_mut().get_mut(at)
    }

    #[inline]
    fn set(&mut self, number: u64) {
        if let Some(word) = self.word(number >> 6) {
            *word |= 1 << (number & 63);
        }
    }

    #[inline]
    fn is_set(&self, number: u64) -> bool {
        self.words.as_ref().get(self.place(number >> 6)).is_some_and(|word| word >> (number & 63) & 1 != 0)
    }
}

#[cfg(test)]
mod tests;
