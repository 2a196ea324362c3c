//! 16 lanes in a register of 512 bits; MD5 two registers side by side.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_load_si512, _mm512_loadu_si512, _mm512_rol_epi32, _mm512_set1_epi32, _mm512_shuffle_epi8,
    _mm512_shuffle_i32x4, _mm512_srli_epi32, _mm512_store_si512, _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use crate::hash::backend::{Columns, MAX_LANES, Rows, padding_word, shortest};
use crate::hash::rounds::{md5_compression, sha1_compression, sha256_compression};
use crate::hash::sealed::Function;
use crate::hash::{BLOCK_LEN, Md5, Sha1, Sha256};

/// Lanes of a register.
const WIDTH: usize = 16;

/// Truth tables of three-input functions, bit (4x + 2y + z) of each.
const XOR3: i32 = 0x96;
const CHOOSE: i32 = 0xca;
const MAJORITY: i32 = 0xe8;
const OR_NOT: i32 = 0x39;

/// One register of lanes.
mod one {
    use super::*;

    type V = __m512i;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn splat(x: u32) -> V {
        _mm512_set1_epi32(x.cast_signed())
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn add(x: V, y: V) -> V {
        _mm512_add_epi32(x, y)
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn xor(x: V, y: V) -> V {
        _mm512_xor_si512(x, y)
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn xor3(x: V, y: V, z: V) -> V {
        _mm512_ternarylogic_epi32::<XOR3>(x, y, z)
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn choose(x: V, y: V, z: V) -> V {
        _mm512_ternarylogic_epi32::<CHOOSE>(x, y, z)
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn majority(x: V, y: V, z: V) -> V {
        _mm512_ternarylogic_epi32::<MAJORITY>(x, y, z)
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn or_not(x: V, y: V, z: V) -> V {
        _mm512_ternarylogic_epi32::<OR_NOT>(x, y, z)
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn rol<const LEFT: i32, const RIGHT: i32>(x: V) -> V {
        _mm512_rol_epi32::<LEFT>(x)
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn shr<const N: u32>(x: V) -> V {
        _mm512_srli_epi32::<N>(x)
    }

    md5_compression!(#[inline] #[target_feature(enable = "avx512f,avx512bw")]);
    sha1_compression!(#[inline] #[target_feature(enable = "avx512f,avx512bw")]);
    sha256_compression!(#[inline] #[target_feature(enable = "avx512f,avx512bw")]);
}

/// Two registers: while one chain of dependent steps waits for a result, the other one goes on.
mod pair {
    use super::*;

    type V = [__m512i; 2];

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn splat(x: u32) -> V {
        [_mm512_set1_epi32(x.cast_signed()); 2]
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn add([x, s]: V, [y, t]: V) -> V {
        [_mm512_add_epi32(x, y), _mm512_add_epi32(s, t)]
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn xor3([x, s]: V, [y, t]: V, [z, u]: V) -> V {
        [_mm512_ternarylogic_epi32::<XOR3>(x, y, z), _mm512_ternarylogic_epi32::<XOR3>(s, t, u)]
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn choose([x, s]: V, [y, t]: V, [z, u]: V) -> V {
        [_mm512_ternarylogic_epi32::<CHOOSE>(x, y, z), _mm512_ternarylogic_epi32::<CHOOSE>(s, t, u)]
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn or_not([x, s]: V, [y, t]: V, [z, u]: V) -> V {
        [_mm512_ternarylogic_epi32::<OR_NOT>(x, y, z), _mm512_ternarylogic_epi32::<OR_NOT>(s, t, u)]
    }
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn rol<const LEFT: i32, const RIGHT: i32>([x, s]: V) -> V {
        [_mm512_rol_epi32::<LEFT>(x), _mm512_rol_epi32::<LEFT>(s)]
    }

    md5_compression!(#[inline] #[target_feature(enable = "avx512f,avx512bw")]);
}

/// The first `WORDS` rows of 16 lanes from lane `from` (0 or 16) on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_columns<const WORDS: usize, const FROM: usize>(columns: &Columns) -> [__m512i; WORDS] {
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM % WIDTH == 0 && WORDS <= 8) };
    let mut vectors = [_mm512_set1_epi32(0); WORDS];
    for (vector, row) in vectors.iter_mut().zip(&columns.0) {
        // SAFETY: a row has MAX_LANES words, of which FROM and the 15 behind it are read. `Columns` is aligned to 64 octets and a row has 128, so
        // lane 0 and lane 16 of each row are aligned.
        *vector = unsafe { _mm512_load_si512(row.as_ptr().add(FROM).cast()) };
    }
    vectors
}

/// The counterpart of [`load_columns`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn store_columns<const WORDS: usize, const FROM: usize>(columns: &mut Columns, vectors: [__m512i; WORDS]) {
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM % WIDTH == 0 && WORDS <= 8) };
    for (vector, row) in vectors.into_iter().zip(&mut columns.0) {
        // SAFETY: a row has MAX_LANES words, of which FROM and the 15 behind it are written; aligned as in `load_columns`.
        unsafe { _mm512_store_si512(row.as_mut_ptr().add(FROM).cast(), vector) };
    }
}

/// Words of 16 lanes from 16 lanes' octets: a 16 x 16 transposition.
///
/// Two stages of interleaving make columns of 4 x 4 words inside the quarters of the registers, two of exchanging quarters bring them together.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn transpose(r: [__m512i; WIDTH]) -> [__m512i; WIDTH] {
    let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15] = r;
    let [a0, a1, a2, a3] = quads(r0, r1, r2, r3);
    let [b0, b1, b2, b3] = quads(r4, r5, r6, r7);
    let [c0, c1, c2, c3] = quads(r8, r9, r10, r11);
    let [d0, d1, d2, d3] = quads(r12, r13, r14, r15);
    let [w0, w4, w8, w12] = quarters(a0, b0, c0, d0);
    let [w1, w5, w9, w13] = quarters(a1, b1, c1, d1);
    let [w2, w6, w10, w14] = quarters(a2, b2, c2, d2);
    let [w3, w7, w11, w15] = quarters(a3, b3, c3, d3);
    [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15]
}

/// In each quarter of 128 bits: word `n` of the four rows, for `n` from 0 to 3.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn quads(r0: __m512i, r1: __m512i, r2: __m512i, r3: __m512i) -> [__m512i; 4] {
    let low01 = _mm512_unpacklo_epi32(r0, r1);
    let high01 = _mm512_unpackhi_epi32(r0, r1);
    let low23 = _mm512_unpacklo_epi32(r2, r3);
    let high23 = _mm512_unpackhi_epi32(r2, r3);
    [
        _mm512_unpacklo_epi64(low01, low23),
        _mm512_unpackhi_epi64(low01, low23),
        _mm512_unpacklo_epi64(high01, high23),
        _mm512_unpackhi_epi64(high01, high23),
    ]
}

/// Quarter `n` of the four rows side by side, for `n` from 0 to 3.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn quarters(a: __m512i, b: __m512i, c: __m512i, d: __m512i) -> [__m512i; 4] {
    let even_ab = _mm512_shuffle_i32x4::<0b10_00_10_00>(a, b);
    let odd_ab = _mm512_shuffle_i32x4::<0b11_01_11_01>(a, b);
    let even_cd = _mm512_shuffle_i32x4::<0b10_00_10_00>(c, d);
    let odd_cd = _mm512_shuffle_i32x4::<0b11_01_11_01>(c, d);
    [
        _mm512_shuffle_i32x4::<0b10_00_10_00>(even_ab, even_cd),
        _mm512_shuffle_i32x4::<0b10_00_10_00>(odd_ab, odd_cd),
        _mm512_shuffle_i32x4::<0b11_01_11_01>(even_ab, even_cd),
        _mm512_shuffle_i32x4::<0b11_01_11_01>(odd_ab, odd_cd),
    ]
}

/// Block `block` of 16 rows, as words.
///
/// # Safety
/// Each pointer must be that of a slice with more than `block` blocks.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn load_block<F: Function>(rows: &[*const [u8; BLOCK_LEN]; WIDTH], block: usize) -> [__m512i; WIDTH] {
    let mut vectors = [_mm512_set1_epi32(0); WIDTH];
    for (vector, row) in vectors.iter_mut().zip(rows) {
        // SAFETY: the caller says that the row has this block, whose 64 octets are read without any need of alignment.
        *vector = unsafe { _mm512_loadu_si512(row.add(block).cast()) };
        if F::BIG_ENDIAN {
            *vector = _mm512_shuffle_epi8(*vector, reversal());
        }
    }
    transpose(vectors)
}

/// Reverses the octets of each word.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn reversal() -> __m512i {
    const ORDER: [u8; 64] = {
        let mut order = [0; 64];
        let mut at = 0;
        #[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "a constant")]
        while at < 64 {
            order[at] = (at % 16) as u8 ^ 3;
            at += 1;
        }
        order
    };
    // SAFETY: 64 octets of a constant of 64 octets are read, without any need of alignment.
    unsafe { _mm512_loadu_si512(ORDER.as_ptr().cast()) }
}

/// The words of the block behind a digest.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn digest_block<F: Function, const WORDS: usize, const FROM: usize>(digests: &Columns) -> [__m512i; WIDTH] {
    let mut words = [_mm512_set1_epi32(0); WIDTH];
    for (index, word) in words.iter_mut().enumerate() {
        *word = _mm512_set1_epi32(padding_word::<F>(index).cast_signed());
    }
    for (word, digest) in words.iter_mut().zip(load_columns::<WORDS, FROM>(digests)) {
        *word = digest;
    }
    words
}

/// `blocks` and `digests` of a hash function in 16 lanes.
macro_rules! kernels {
    ($function:ty, $words:literal, $compress:path, $blocks:ident, $digests:ident) => {
        #[target_feature(enable = "avx512f,avx512bw")]
        pub(super) fn $blocks(states: &mut Columns, rows: &Rows<'_>) -> usize {
            let (rows, _) = rows.split_first_chunk::<WIDTH>().unwrap_or((&[&[]; WIDTH], &[]));
            let count = shortest(rows);
            let rows = rows.map(<[_]>::as_ptr);
            let mut state = load_columns::<$words, 0>(states);
            for block in 0..count {
                // SAFETY: the rows are of slices whose shortest has `count` blocks.
                let words = unsafe { load_block::<$function>(&rows, block) };
                state = $compress(state, &words);
            }
            store_columns::<$words, 0>(states, state);
            count
        }

        #[target_feature(enable = "avx512f,avx512bw")]
        pub(super) fn $digests(states: &mut Columns, digests: &Columns) {
            let state = load_columns::<$words, 0>(states);
            let state = $compress(state, &digest_block::<$function, $words, 0>(digests));
            store_columns::<$words, 0>(states, state);
        }
    };
}

kernels!(Md5, 4, one::md5, md5_blocks, md5_digests);
kernels!(Sha1, 5, one::sha1, sha1_blocks, sha1_digests);
kernels!(Sha256, 8, one::sha256, sha256_blocks, sha256_digests);

/// Two arrays as one of pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn zip<const N: usize>(low: [__m512i; N], high: [__m512i; N]) -> [[__m512i; 2]; N] {
    let mut pairs = [[_mm512_set1_epi32(0); 2]; N];
    for ((pair, low), high) in pairs.iter_mut().zip(low).zip(high) {
        *pair = [low, high];
    }
    pairs
}

/// The counterpart of [`load_columns`] for all 32 lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn store_pairs(states: &mut Columns, [a, b, c, d]: [[__m512i; 2]; 4]) {
    store_columns::<4, 0>(states, [a[0], b[0], c[0], d[0]]);
    store_columns::<4, 16>(states, [a[1], b[1], c[1], d[1]]);
}

/// MD5 in 32 lanes.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn md5_blocks_pair(states: &mut Columns, rows: &Rows<'_>) -> usize {
    let count = shortest(rows);
    let (Some(low), Some(high)) = (rows.first_chunk::<WIDTH>(), rows.last_chunk::<WIDTH>()) else { return count };
    let low = low.map(<[_]>::as_ptr);
    let high = high.map(<[_]>::as_ptr);
    let mut state = zip(load_columns::<4, 0>(states), load_columns::<4, 16>(states));
    for block in 0..count {
        // SAFETY: the rows are of slices whose shortest has `count` blocks.
        let words = unsafe { zip(load_block::<Md5>(&low, block), load_block::<Md5>(&high, block)) };
        state = pair::md5(state, &words);
    }
    store_pairs(states, state);
    count
}

/// The outer hash's block of 32 lanes.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn md5_digests_pair(states: &mut Columns, digests: &Columns) {
    let state = zip(load_columns::<4, 0>(states), load_columns::<4, 16>(states));
    let words = zip(digest_block::<Md5, 4, 0>(digests), digest_block::<Md5, 4, 16>(digests));
    let state = pair::md5(state, &words);
    store_pairs(states, state);
}
