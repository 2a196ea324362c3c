//! Header error control: CRC-8 with correction (I.432.1 4.3).
//!
//! The HEC is the remainder of the header's first 32 bits times x^8 by x^8 + x^2 + x + 1, plus the coset 0x55, so that a header of zeros
//! has no HEC of zero and delineation does not lock on silence. The code has distance 4 over the header's 40 bits: it corrects every
//! single error or detects every double one.

mod batch;
mod receiver;

pub use batch::{compute_batch, syndromes_of_cells};
pub use receiver::{Mode, Receiver, Verdict};

use crate::cell::HEADER_LEN;

/// x^8 + x^2 + x + 1 without its leading term.
const POLYNOMIAL: u8 = 0x07;
/// What is added to the remainder before it is sent.
pub const COSET: u8 = 0x55;

/// Remainders of one octet followed by so many octets of zeros, and the HEC's own 8 bits, plus a constant.
const fn table(zeros: usize, plus: u8) -> [u8; 256] {
    let mut table = [0; 256];
    let mut octet: usize = 0;
    #[expect(clippy::cast_possible_truncation, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "octet < 256")]
    while octet < 256 {
        let mut remainder = octet as u8;
        let mut bits = 8 * (zeros + 1);
        while bits > 0 {
            remainder = times_x(remainder);
            bits -= 1;
        }
        table[octet] = remainder ^ plus;
        octet += 1;
    }
    table
}

/// `remainder` times x.
pub(crate) const fn times_x(remainder: u8) -> u8 {
    if remainder & 0x80 == 0 { remainder << 1 } else { remainder << 1 ^ POLYNOMIAL }
}

/// One table for each octet of the header: the first stands in front of three others. The coset is in one of them.
static TABLES: [[u8; 256]; 4] = [table(3, COSET), table(2, 0), table(1, 0), table(0, 0)];

/// The remainder of an octet times x^8.
#[inline]
pub(crate) const fn times_x8(remainder: u8) -> u8 {
    let [_, _, _, table] = &TABLES;
    #[expect(clippy::indexing_slicing, reason = "256 entries for every octet")]
    table[remainder as usize]
}

/// The HEC of a header's first four octets.
#[must_use]
#[inline]
#[expect(clippy::indexing_slicing, reason = "256 entries for every octet")]
pub const fn compute(header: [u8; 4]) -> u8 {
    let [a, b, c, d] = header;
    let [ta, tb, tc, td] = &TABLES;
    ta[a as usize] ^ tb[b as usize] ^ tc[c as usize] ^ td[d as usize]
}

/// How the HEC that was received differs from the one that the header gives: 0 where they agree.
#[must_use]
#[inline]
pub const fn syndrome(header: &[u8; HEADER_LEN]) -> u8 {
    let [a, b, c, d, hec] = *header;
    compute([a, b, c, d]) ^ hec
}

/// The bit that a single error of that syndrome inverted, 0 being the first bit on the line (the most significant of octet 1) and 39 the
/// last of the HEC; `None` where no single error gives that syndrome, and for 0.
#[must_use]
pub const fn error_bit(syndrome: u8) -> Option<u8> {
    #[expect(clippy::indexing_slicing, reason = "256 entries for every octet")]
    match ERROR_BITS[syndrome as usize] {
        bit @ 0..40 => Some(bit),
        _ => None,
    }
}

/// [`error_bit`] of every syndrome; 255 where there is none.
static ERROR_BITS: [u8; 256] = {
    let mut bits = [255; 256];
    let mut syndrome = 1;
    let mut bit: u8 = 40;
    #[expect(clippy::indexing_slicing, reason = "counts from 40 down to 0 in a table of 256")]
    while bit > 0 {
        bit -= 1;
        bits[syndrome as usize] = bit;
        syndrome = times_x(syndrome);
    }
    bits
};

/// What a header's HEC says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Check {
    /// No error is seen.
    Valid,
    /// One bit is wrong, as far as the code can tell: three wrong bits look the same in 2,908 of 9,880 cases.
    Single {
        /// The bit, as [`error_bit`] counts.
        bit: u8,
    },
    /// Two bits or more are wrong.
    Multiple,
}

/// Checks a header.
#[must_use]
#[inline]
pub const fn check(header: &[u8; HEADER_LEN]) -> Check {
    match syndrome(header) {
        0 => Check::Valid,
        syndrome => match error_bit(syndrome) {
            Some(bit) => Check::Single { bit },
            None => Check::Multiple,
        },
    }
}

/// Inverts one bit of a header, as [`error_bit`] counts. A number over 39 changes nothing.
pub(crate) fn invert(header: &mut [u8; HEADER_LEN], bit: u8) {
    if let Some(octet) = header.get_mut(usize::from(bit >> 3)) {
        *octet ^= 0x80 >> (bit & 7);
    }
}

/// Corrects a header with at most one wrong bit and says what was found. A header with more is left as it is.
///
/// A line's receiver must not do this cell after cell: bursts would be miscorrected. That is what [`Receiver`] is for.
pub fn correct(header: &mut [u8; HEADER_LEN]) -> Check {
    let check = check(header);
    if let Check::Single { bit } = check {
        invert(header, bit);
    }
    check
}

#[cfg(test)]
mod tests;
