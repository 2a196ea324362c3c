//! The CPCS's CRC-32: x^32 + x^26 + x^23 + x^22 + x^16 + x^12 + x^11 + x^10 + x^8 + x^7 + x^5 + x^4 + x^2 + x + 1, most significant bit
//! first, preset to all ones and inverted at the end (I.363.5 9.2.1.2.2 f).
//!
//! Carry-less multiplication does it where the CPU has it, tables of 16 KiB elsewhere (4 KiB without `std`).

#[cfg(target_arch = "x86_64")]
mod x86;

use multiversion::multiversion;
use multiversion::target::match_target;

/// The generator without its leading term.
const POLYNOMIAL: u32 = 0x04c1_1db7;

/// What the register holds after any PDU that ends in its right CRC, before the inversion.
pub const RESIDUE: u32 = 0xc704_dd7b;

/// The CRC-32 of `octets`.
#[must_use]
#[inline]
pub fn crc32(octets: &[u8]) -> u32 {
    !update(u32::MAX, octets)
}

/// The CRC-32 of octets that come piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crc32(u32);

impl Crc32 {
    /// The CRC of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(u32::MAX)
    }

    /// Takes the next octets.
    pub fn update(&mut self, octets: &[u8]) {
        self.0 = update(self.0, octets);
    }

    /// The CRC of all octets so far.
    #[must_use]
    pub const fn finish(self) -> u32 {
        !self.0
    }

    /// Whether the octets so far end in their own right CRC.
    #[must_use]
    pub const fn is_residue(self) -> bool {
        self.0 == RESIDUE
    }
}

impl Default for Crc32 {
    fn default() -> Self {
        Self::new()
    }
}

/// The register after more octets.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi+vpclmulqdq+pclmulqdq+ssse3",
    "x86_64+pclmulqdq+ssse3"
))]
#[inline]
pub(crate) fn update(state: u32, octets: &[u8]) -> u32 {
    match_target! {
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi+vpclmulqdq+pclmulqdq+ssse3" => x86::update_512(state, octets),
        "x86_64+pclmulqdq+ssse3" => x86::update_128(state, octets),
        _ => update_portable(state, octets),
    }
}

/// The register after `octets`, `zeros` octets of zero (at most 47) and one word more: the SDU, the pad and the trailer up to the CRC.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi+vpclmulqdq+pclmulqdq+ssse3",
    "x86_64+pclmulqdq+ssse3"
))]
#[inline]
pub(crate) fn update_padded(state: u32, octets: &[u8], zeros: usize, word: u32) -> u32 {
    match_target! {
        "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi+vpclmulqdq+pclmulqdq+ssse3" =>
            x86::append_padded(x86::update_512(state, octets), zeros, word),
        "x86_64+pclmulqdq+ssse3" => x86::append_padded(x86::update_128(state, octets), zeros, word),
        _ => append_padded_portable(update_portable(state, octets), zeros, word),
    }
}

/// The register times x.
const fn times_x(register: u32) -> u32 {
    if register >> 31 == 0 { register << 1 } else { register << 1 ^ POLYNOMIAL }
}

/// How many octets the tables take at a time.
const SLICES: usize = if cfg!(feature = "std") { 16 } else { 4 };

/// The register that one octet leaves behind, followed by as many octets of zeros as the table's number.
static TABLES: [[u32; 256]; SLICES] = {
    let mut tables = [[0; 256]; SLICES];
    let mut slice = 0;
    #[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "constants")]
    while slice < SLICES {
        let mut octet = 0;
        while octet < 256 {
            let mut register = match slice {
                0 => (octet as u32) << 24,
                _ => tables[slice - 1][octet],
            };
            let mut bit = 0;
            while bit < 8 {
                register = times_x(register);
                bit += 1;
            }
            tables[slice][octet] = register;
            octet += 1;
        }
        slice += 1;
    }
    tables
};

pub(super) fn update_portable(mut state: u32, octets: &[u8]) -> u32 {
    let mut rest = octets;
    while let Some((chunk, tail)) = rest.split_first_chunk::<SLICES>() {
        let mut chunk = *chunk;
        for (octet, register) in chunk.iter_mut().zip(state.to_be_bytes()) {
            *octet ^= register;
        }
        state = 0;
        for (octet, table) in chunk.iter().zip(TABLES.iter().rev()) {
            state ^= entry(table, *octet);
        }
        rest = tail;
    }
    let [table, ..] = &TABLES;
    for octet in rest {
        let [first, ..] = state.to_be_bytes();
        state = state << 8 ^ entry(table, first ^ octet);
    }
    state
}

fn append_padded_portable(state: u32, zeros: usize, word: u32) -> u32 {
    let pad = [0; super::MAX_PAD];
    let state = update_portable(state, pad.get(..zeros).unwrap_or(&pad));
    update_portable(state, &word.to_be_bytes())
}

#[inline]
fn entry(table: &[u32; 256], octet: u8) -> u32 {
    #[expect(clippy::indexing_slicing, reason = "256 entries for every octet")]
    table[usize::from(octet)]
}

#[cfg(test)]
mod tests;
