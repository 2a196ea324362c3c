//! What the scheduler asks of a kernel.

use super::sealed::Function;
use crate::hash::BLOCK_LEN;

/// The most lanes that a kernel has: two chains of 16.
pub(crate) const MAX_LANES: usize = 32;

/// Words of many lanes, word by word: `0[w][lane]`, so that a vector is a row.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub struct Columns(pub(crate) [[u32; MAX_LANES]; 8]);

#[expect(clippy::indexing_slicing, reason = "the remainder is below the length, which the compiler sees")]
impl Columns {
    pub(crate) const ZERO: Self = Self([[0; MAX_LANES]; 8]);

    /// The first `WORDS` words of a lane.
    #[inline]
    pub(crate) fn lane<F: Function>(&self, lane: usize) -> [u32; 8] {
        let mut state = [0; 8];
        for (word, row) in state.iter_mut().zip(&self.0).take(F::WORDS) {
            *word = row[lane % MAX_LANES];
        }
        state
    }

    #[inline]
    pub(crate) fn set_lane<F: Function>(&mut self, lane: usize, state: &[u32; 8]) {
        for (word, row) in state.iter().zip(&mut self.0).take(F::WORDS) {
            row[lane % MAX_LANES] = *word;
        }
    }
}

/// Where each lane's next blocks are, and how many all of them have.
pub struct Rows<'a> {
    rows: [&'a [[u8; BLOCK_LEN]]; MAX_LANES],
    /// Not more than any of `rows` has.
    count: usize,
}

impl<'a> Rows<'a> {
    /// `row` in every lane.
    #[inline]
    pub(crate) const fn new(row: &'a [[u8; BLOCK_LEN]]) -> Self {
        Self { rows: [row; MAX_LANES], count: row.len() }
    }

    #[inline]
    pub(crate) fn set(&mut self, lane: usize, row: &'a [[u8; BLOCK_LEN]]) {
        if let Some(place) = self.rows.get_mut(lane) {
            *place = row;
            self.count = self.count.min(row.len());
        }
    }

    /// Blocks that each row has, at least.
    #[inline]
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// All rows, each with [`Self::count`] blocks or more.
    #[inline]
    pub(crate) const fn rows(&self) -> &[&'a [[u8; BLOCK_LEN]]; MAX_LANES] {
        &self.rows
    }
}

/// The lanes of one hash function on one kind of CPU.
pub trait Backend<F: Function>: Copy {
    /// How many messages go side by side, [`MAX_LANES`] at most.
    const LANES: usize;

    /// Takes as many blocks in each of the first `active` lanes as all of their rows have, and tells how many that were. States of other lanes
    /// may change, to nothing of meaning.
    fn blocks(self, active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize;

    /// Takes the second block of HMAC's outer hash in each of the first `active` lanes: a digest (`words`), then the padding, which is the same
    /// everywhere.
    fn digests(self, active: usize, states: &mut Columns, words: &Columns);
}

/// What is done with a backend once it is known which one.
pub trait Visitor<F: Function> {
    /// What comes of it.
    type Result;

    /// The same code for each backend, compiled for each of them.
    fn visit<B: Backend<F>>(self, backend: B) -> Self::Result;
}

/// The words of the block behind a digest of `F`: the digest, a one bit, zeros, and the length of key block and digest in bits.
#[inline]
pub(crate) const fn padding_word<F: Function>(index: usize) -> u32 {
    #[expect(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "small constants")]
    let bits = ((BLOCK_LEN + 4 * F::WORDS) * 8) as u32;
    match (index, F::BIG_ENDIAN) {
        (index, true) if index == F::WORDS => 0x8000_0000,
        (index, false) if index == F::WORDS => 0x80,
        (15, true) | (14, false) => bits,
        _ => 0,
    }
}
