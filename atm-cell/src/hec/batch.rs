//! Many headers at once: by GFNI's bit matrices where the CPU has them, by tables elsewhere.

use multiversion::multiversion;
use multiversion::target::match_target;

use super::{compute, syndrome};
use crate::cell::CELL_LEN;

/// The HECs of many headers. As many are written as both slices have room for; that number is returned.
pub fn compute_batch(headers: &[[u8; 4]], hecs: &mut [u8]) -> usize {
    let count = headers.len().min(hecs.len());
    if let (Some(headers), Some(hecs)) = (headers.get(..count), hecs.get_mut(..count)) {
        compute_all(headers, hecs);
    }
    count
}

/// The [`syndrome`]s of many cells' headers: 0 where the header is right. As many are written as both slices have room for; that number is
/// returned.
pub fn syndromes_of_cells(cells: &[[u8; CELL_LEN]], syndromes: &mut [u8]) -> usize {
    let count = cells.len().min(syndromes.len());
    if let (Some(cells), Some(syndromes)) = (cells.get(..count), syndromes.get_mut(..count)) {
        syndromes_of_all(cells, syndromes);
    }
    count
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512vbmi+gfni"))]
fn compute_all(headers: &[[u8; 4]], hecs: &mut [u8]) {
    match_target! {
        "x86_64+avx512f+avx512bw+avx512vl+avx512vbmi+gfni" => x86::compute_all(headers, hecs),
        _ => compute_each(headers, hecs),
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512vbmi+gfni"))]
fn syndromes_of_all(cells: &[[u8; CELL_LEN]], syndromes: &mut [u8]) {
    match_target! {
        "x86_64+avx512f+avx512bw+avx512vl+avx512vbmi+gfni" => x86::syndromes_of_all(cells, syndromes),
        _ => syndromes_of_each(cells, syndromes),
    }
}

pub(super) fn compute_each(headers: &[[u8; 4]], hecs: &mut [u8]) {
    for (header, hec) in headers.iter().zip(hecs) {
        *hec = compute(*header);
    }
}

pub(super) fn syndromes_of_each(cells: &[[u8; CELL_LEN]], syndromes: &mut [u8]) {
    for (cell, out) in cells.iter().zip(syndromes) {
        *out = cell.first_chunk().map_or(0, syndrome);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::{
        __m512i, _mm_cvtsi128_si64, _mm256_castsi256_si128, _mm512_castsi512_si128, _mm512_extracti64x4_epi64,
        _mm512_gf2p8affine_epi64_epi8, _mm512_permutex_epi64, _mm512_permutexvar_epi8, _mm512_set_epi64, _mm512_set1_epi8,
        _mm512_shuffle_epi32, _mm512_shuffle_i64x2, _mm512_xor_si512,
    };

    use super::{compute_each, syndromes_of_each};
    use crate::cell::CELL_LEN;
    use crate::hec::{COSET, TABLES};

    /// What one octet of the header adds to the HEC, as the 8 x 8 bit matrix that the affine instruction takes: the row of an output bit is
    /// in the octet of 7 less its number.
    const fn matrix(octet: usize) -> i64 {
        let mut rows = [0_u8; 8];
        let mut input = 0;
        #[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "constants")]
        while input < 8 {
            let column = TABLES[octet][1 << input] ^ TABLES[octet][0];
            let mut output = 0;
            while output < 8 {
                rows[7 - output] |= (column >> output & 1) << input;
                output += 1;
            }
            input += 1;
        }
        i64::from_le_bytes(rows)
    }

    /// The matrix that changes nothing.
    const IDENTITY: i64 = i64::from_be_bytes([0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80]);

    /// Octet `place` of 8 groups of `stride` octets, for each of 8 places.
    const fn planes(stride: u8, places: [u8; 8]) -> [u8; 64] {
        let mut order = [0; 64];
        let mut index: u8 = 0;
        #[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "constants")]
        while index < 64 {
            order[index as usize] = index % 8 * stride + places[index as usize / 8];
            index += 1;
        }
        order
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
    pub(super) fn compute_all(headers: &[[u8; 4]], hecs: &mut [u8]) {
        // 16 headers: their first octets, second octets ... of the first 8, then of the others.
        let order: __m512i = bytemuck::cast(const { planes(4, [0, 1, 2, 3, 32, 33, 34, 35]) });
        let matrices: __m512i =
            bytemuck::cast(const { [matrix(0), matrix(1), matrix(2), matrix(3), matrix(0), matrix(1), matrix(2), matrix(3)] });
        let coset = _mm512_set1_epi8(COSET.cast_signed());
        let (blocks, tail) = headers.as_chunks::<16>();
        let (outs, tail_out) = hecs.as_chunks_mut::<16>();
        for (block, out) in blocks.iter().zip(outs) {
            let planes = _mm512_permutexvar_epi8(order, bytemuck::cast(*block));
            let terms = _mm512_gf2p8affine_epi64_epi8::<0>(planes, matrices);
            let pairs = _mm512_xor_si512(terms, _mm512_permutex_epi64::<0b01_00_11_10>(terms));
            let sums = _mm512_xor_si512(pairs, _mm512_shuffle_epi32::<0b01_00_11_10>(pairs));
            let sums = _mm512_xor_si512(sums, coset);
            let low = _mm_cvtsi128_si64(_mm512_castsi512_si128(sums));
            let high = _mm_cvtsi128_si64(_mm256_castsi256_si128(_mm512_extracti64x4_epi64::<1>(sums)));
            *out = bytemuck::cast([low.to_le_bytes(), high.to_le_bytes()]);
        }
        compute_each(tail, tail_out);
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
    pub(super) fn syndromes_of_all(cells: &[[u8; CELL_LEN]], syndromes: &mut [u8]) {
        // 8 cells' first 8 octets: the HEC's plane is added as it is, the payload's are left out.
        let order: __m512i = bytemuck::cast(const { planes(8, [0, 1, 2, 3, 4, 5, 6, 7]) });
        let matrices: __m512i = bytemuck::cast(const { [matrix(0), matrix(1), matrix(2), matrix(3), IDENTITY, 0, 0, 0] });
        let coset = i64::from_le_bytes([COSET; 8]);
        let (blocks, tail) = cells.as_chunks::<8>();
        let (outs, tail_out) = syndromes.as_chunks_mut::<8>();
        for ([a, b, c, d, e, f, g, h], out) in blocks.iter().zip(outs) {
            let rows = _mm512_set_epi64(head(h), head(g), head(f), head(e), head(d), head(c), head(b), head(a));
            let planes = _mm512_permutexvar_epi8(order, rows);
            let terms = _mm512_gf2p8affine_epi64_epi8::<0>(planes, matrices);
            let halves = _mm512_xor_si512(terms, _mm512_shuffle_i64x2::<0b01_00_11_10>(terms, terms));
            let quarters = _mm512_xor_si512(halves, _mm512_permutex_epi64::<0b01_00_11_10>(halves));
            let sums = _mm512_xor_si512(quarters, _mm512_shuffle_epi32::<0b01_00_11_10>(quarters));
            *out = (_mm_cvtsi128_si64(_mm512_castsi512_si128(sums)) ^ coset).to_le_bytes();
        }
        syndromes_of_each(tail, tail_out);
    }

    #[inline(always)]
    const fn head(cell: &[u8; CELL_LEN]) -> i64 {
        let [a, b, c, d, e, f, g, h, ..] = *cell;
        i64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}
