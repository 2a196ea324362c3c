//! The CRC by carry-less multiplication.
//!
//! A message is a polynomial over GF(2), its first bit the highest coefficient. A block of 128 bits that stands `d` bits in front of
//! another is congruent to (high half * (x^(d+64) mod P)) + (low half * (x^d mod P)) in that other's place: that "fold" takes two
//! multiplications and no table. Zeros in front of a message change nothing, so a message of any length becomes whole blocks by padding its
//! front, away from the chain of folds, and the register only has to be added to its first 32 bits.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_clmulepi64_si128, _mm_cvtsi32_si128, _mm_cvtsi128_si32, _mm_set_epi8, _mm_set_epi64x, _mm_shuffle_epi8,
    _mm_srli_si128, _mm_unpackhi_epi64, _mm_xor_si128, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_xor_si256,
    _mm512_add_epi8, _mm512_broadcast_i32x4, _mm512_castsi512_si256, _mm512_clmulepi64_epi128, _mm512_cmpge_epu8_mask,
    _mm512_extracti64x4_epi64, _mm512_maskz_permutexvar_epi8, _mm512_set_epi64, _mm512_set1_epi8, _mm512_shuffle_epi8,
    _mm512_sub_epi8, _mm512_ternarylogic_epi64, _mm512_xor_si512, _mm512_zextsi128_si512,
};

use super::{POLYNOMIAL, times_x, update_portable};
use crate::aal5::MAX_PAD;

/// x^`exponent` mod P, as a multiplier.
const fn power(exponent: u32) -> i64 {
    let mut register = 1;
    let mut exponent = exponent;
    #[expect(clippy::arithmetic_side_effects, reason = "counts down to 0")]
    while exponent > 0 {
        register = times_x(register);
        exponent -= 1;
    }
    register as i64
}

/// What folds a block over a distance of so many bits: low half, high half.
#[expect(clippy::arithmetic_side_effects, reason = "constants")]
const fn folding(bits: u32) -> [i64; 2] {
    [power(bits), power(bits + 64)]
}

/// The low 64 of the 65 bits of x^96 / P, and P without its leading term: what reduces 96 bits to 32.
const BARRETT: [i64; 2] = {
    let mut quotient: u64 = 0;
    let mut remainder: u64 = 1;
    let mut bit = 0;
    while bit < 96 {
        remainder <<= 1;
        quotient <<= 1;
        if remainder >> 32 != 0 {
            remainder ^= 1 << 32 | POLYNOMIAL as u64;
            quotient |= 1;
        }
        bit += 1;
    }
    [quotient.cast_signed(), POLYNOMIAL as i64]
};

/// What multiplies a register of 32 bits so that it stands in front of as many octets of zeros and one word.
static BEHIND_PAD: [i64; MAX_PAD + 1] = {
    let mut powers = [0; MAX_PAD + 1];
    let mut zeros = 0;
    #[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "constants")]
    while zeros <= MAX_PAD {
        powers[zeros] = power(8 * zeros as u32 + 32);
        zeros += 1;
    }
    powers
};

/// Reverses the octets of a block: the first octet of a message is its highest.
#[inline]
#[target_feature(enable = "pclmulqdq,ssse3")]
fn reversal() -> __m128i {
    _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
}

#[inline]
#[target_feature(enable = "pclmulqdq,ssse3")]
fn load(block: &[u8; 16]) -> __m128i {
    _mm_shuffle_epi8(bytemuck::cast(*block), reversal())
}

#[inline]
#[target_feature(enable = "pclmulqdq,ssse3")]
fn from_u128(value: u128) -> __m128i {
    bytemuck::cast(value)
}

#[inline]
#[target_feature(enable = "pclmulqdq,ssse3")]
fn fold(block: __m128i, by: &[i64; 2], next: __m128i) -> __m128i {
    let by: __m128i = bytemuck::cast(*by);
    let high = _mm_clmulepi64_si128::<0x11>(block, by);
    let low = _mm_clmulepi64_si128::<0x00>(block, by);
    _mm_xor_si128(_mm_xor_si128(high, low), next)
}

/// The remainder of 96 bits by P (Barrett's: the quotient from the top 64 bits, exactly).
#[inline]
#[target_feature(enable = "pclmulqdq,ssse3")]
fn remainder(value: __m128i) -> u32 {
    let barrett: __m128i = bytemuck::cast(BARRETT);
    let top = _mm_srli_si128::<4>(value);
    let product = _mm_clmulepi64_si128::<0x00>(top, barrett);
    let quotient = _mm_xor_si128(_mm_unpackhi_epi64(product, product), top);
    let multiple = _mm_clmulepi64_si128::<0x10>(quotient, barrett);
    _mm_cvtsi128_si32(_mm_xor_si128(multiple, value)).cast_unsigned()
}

/// The register after `octets`, 16 at a time.
#[inline]
#[target_feature(enable = "pclmulqdq,ssse3")]
pub(super) fn update_128(state: u32, octets: &[u8]) -> u32 {
    let Some(first) = octets.first_chunk::<16>() else {
        return update_portable(state, octets);
    };
    // The first block has `pad` octets of zeros in front, which push as many of its octets (and of the register on them) into the second.
    let pad = octets.len().wrapping_neg() % 16;
    let bits = u32::try_from(pad.wrapping_mul(8)).unwrap_or(0);
    let register = u128::from(state) << 96;
    let mut pushed = from_u128(register.checked_shl(128_u32.wrapping_sub(bits)).unwrap_or(0));
    let head = from_u128((u128::from_be_bytes(*first) ^ register) >> bits);
    let mut rest = octets.get(16_usize.wrapping_sub(pad)..).unwrap_or(&[]);

    let mut last = head;
    if let Some((blocks, tail)) = rest.split_first_chunk::<48>() {
        let [b, c, d] = thirds(blocks);
        let mut lanes = [head, _mm_xor_si128(load(b), pushed), load(c), load(d)];
        pushed = from_u128(0);
        rest = tail;
        while let Some((blocks, tail)) = rest.split_first_chunk::<64>() {
            for (lane, block) in lanes.iter_mut().zip(quarters(blocks)) {
                *lane = fold(*lane, const { &folding(512) }, load(block));
            }
            rest = tail;
        }
        let [a, b, c, d] = lanes;
        let c = fold(c, const { &folding(128) }, d);
        let b = fold(b, const { &folding(256) }, c);
        last = fold(a, const { &folding(384) }, b);
    }
    while let Some((block, tail)) = rest.split_first_chunk() {
        last = fold(last, const { &folding(128) }, _mm_xor_si128(load(block), pushed));
        pushed = from_u128(0);
        rest = tail;
    }
    let by: __m128i = bytemuck::cast(const { folding(32) });
    let high = _mm_clmulepi64_si128::<0x11>(last, by);
    let low = _mm_clmulepi64_si128::<0x00>(last, by);
    remainder(_mm_xor_si128(high, low))
}

/// The register `state` after `zeros` octets of zero and `word`.
#[inline]
#[target_feature(enable = "pclmulqdq,ssse3")]
pub(super) fn append_padded(state: u32, zeros: usize, word: u32) -> u32 {
    let power = BEHIND_PAD.get(zeros).copied().unwrap_or(0);
    let values = _mm_set_epi64x(word.into(), state.into());
    let by = _mm_set_epi64x(const { self::power(32) }, power);
    let state = _mm_clmulepi64_si128::<0x00>(values, by);
    let word = _mm_clmulepi64_si128::<0x11>(values, by);
    remainder(_mm_xor_si128(state, word))
}

fn thirds(blocks: &[u8; 48]) -> [&[u8; 16]; 3] {
    let ([a, b, c], _) = blocks.as_chunks::<16>() else { return [&[0; 16]; 3] };
    [a, b, c]
}

fn quarters(blocks: &[u8; 64]) -> [&[u8; 16]; 4] {
    let ([a, b, c, d], _) = blocks.as_chunks::<16>() else { return [&[0; 16]; 4] };
    [a, b, c, d]
}

/// Reverses the octets of each 128-bit lane, by their numbers in the whole vector.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vpclmulqdq,pclmulqdq,ssse3")]
fn lane_reversal() -> __m512i {
    let lanes = _mm512_set_epi64(
        0x3030_3030_3030_3030,
        0x3030_3030_3030_3030,
        0x2020_2020_2020_2020,
        0x2020_2020_2020_2020,
        0x1010_1010_1010_1010,
        0x1010_1010_1010_1010,
        0,
        0,
    );
    _mm512_add_epi8(_mm512_broadcast_i32x4(reversal()), lanes)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vpclmulqdq,pclmulqdq,ssse3")]
fn load_512(blocks: &[u8; 64]) -> __m512i {
    reverse_lanes(bytemuck::cast(*blocks))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vpclmulqdq,pclmulqdq,ssse3")]
fn reverse_lanes(blocks: __m512i) -> __m512i {
    _mm512_shuffle_epi8(blocks, _mm512_broadcast_i32x4(reversal()))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vpclmulqdq,pclmulqdq,ssse3")]
fn fold_512(blocks: __m512i, by: &[i64; 2], next: __m512i) -> __m512i {
    let by = _mm512_broadcast_i32x4(bytemuck::cast(*by));
    let high = _mm512_clmulepi64_epi128::<0x11>(blocks, by);
    let low = _mm512_clmulepi64_epi128::<0x00>(blocks, by);
    xor3(high, low, next)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vpclmulqdq,pclmulqdq,ssse3")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0x96>(a, b, c)
}

/// What brings each half of each lane of a vector with so many bits behind it into 96 bits, x^32 of the CRC's definition included.
#[expect(clippy::arithmetic_side_effects, reason = "constants")]
const fn gathering(behind: u32) -> [i64; 8] {
    let [a, b] = folding(behind + 416);
    let [c, d] = folding(behind + 288);
    let [e, f] = folding(behind + 160);
    let [g, h] = folding(behind + 32);
    [a, b, c, d, e, f, g, h]
}

/// Adds the products of [`gathering`] to `sum`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vpclmulqdq,pclmulqdq,ssse3")]
fn gather(sum: __m512i, lanes: __m512i, by: &[i64; 8]) -> __m512i {
    let by: __m512i = bytemuck::cast(*by);
    let high = _mm512_clmulepi64_epi128::<0x11>(lanes, by);
    let low = _mm512_clmulepi64_epi128::<0x00>(lanes, by);
    xor3(high, low, sum)
}

/// The register after `octets`, 64 at a time.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vpclmulqdq,pclmulqdq,ssse3")]
pub(super) fn update_512(state: u32, octets: &[u8]) -> u32 {
    let Some(first) = octets.first_chunk::<64>() else {
        return update_128(state, octets);
    };
    let pad = octets.len().wrapping_neg() % 64;
    let register = _mm512_zextsi128_si512(_mm_cvtsi32_si128(state.swap_bytes().cast_signed()));
    let first = _mm512_xor_si512(bytemuck::cast(*first), register);
    let head = if pad == 0 {
        reverse_lanes(first)
    } else {
        let order = lane_reversal();
        let by = _mm512_set1_epi8(i8::try_from(pad).unwrap_or(0));
        _mm512_maskz_permutexvar_epi8(_mm512_cmpge_epu8_mask(order, by), _mm512_sub_epi8(order, by), first)
    };
    // More than 60 octets of zeros push a part of the register into the second vector.
    let pushed = match pad {
        61 => state << 24,
        62 => state << 16,
        63 => state << 8,
        _ => 0,
    };
    let pushed = _mm512_zextsi128_si512(_mm_set_epi64x((u64::from(pushed) << 32).cast_signed(), 0));
    let zero = _mm512_zextsi128_si512(from_u128(0));
    let rest = octets.get(64_usize.wrapping_sub(pad)..).unwrap_or(&[]);
    let (mut rest, _) = rest.as_chunks::<64>();

    let mut sum = zero;
    if let Some(([b, c, d], tail)) = rest.split_first_chunk() {
        let mut lanes = [head, _mm512_xor_si512(load_512(b), pushed), load_512(c), load_512(d)];
        rest = tail;
        while let Some((blocks, tail)) = rest.split_first_chunk::<4>() {
            for (lane, blocks) in lanes.iter_mut().zip(blocks) {
                *lane = fold_512(*lane, const { &folding(2048) }, load_512(blocks));
            }
            rest = tail;
        }
        for blocks in rest {
            let [a, b, c, d] = lanes;
            lanes = [b, c, d, fold_512(a, const { &folding(2048) }, load_512(blocks))];
        }
        let [a, b, c, d] = lanes;
        sum = gather(sum, a, const { &gathering(1536) });
        sum = gather(sum, b, const { &gathering(1024) });
        sum = gather(sum, c, const { &gathering(512) });
        sum = gather(sum, d, const { &gathering(0) });
    } else {
        let mut pushed = pushed;
        let mut last = head;
        for blocks in rest {
            last = fold_512(last, const { &folding(512) }, _mm512_xor_si512(load_512(blocks), pushed));
            pushed = zero;
        }
        sum = gather(sum, last, const { &gathering(0) });
    }
    let sum = _mm256_xor_si256(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64::<1>(sum));
    let sum = _mm_xor_si128(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
    remainder(sum)
}

/// The paths one by one, for tests: each where the CPU has it, or the portable one.
#[cfg(test)]
pub(super) mod paths {
    use multiversion::multiversion;
    use multiversion::target::match_target;

    #[multiversion(targets("x86_64+pclmulqdq+ssse3"))]
    pub(in super::super) fn narrow(state: u32, octets: &[u8]) -> u32 {
        match_target! {
            "x86_64+pclmulqdq+ssse3" => super::update_128(state, octets),
            _ => super::update_portable(state, octets),
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi+vpclmulqdq+pclmulqdq+ssse3"))]
    pub(in super::super) fn wide(state: u32, octets: &[u8]) -> u32 {
        match_target! {
            "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi+vpclmulqdq+pclmulqdq+ssse3" => super::update_512(state, octets),
            _ => super::update_portable(state, octets),
        }
    }
}
