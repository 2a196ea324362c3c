//! 16 lanes in a register of 512 bits; MD5 two registers side by side.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_loadu_si128, _mm512_add_epi32, _mm512_load_si512, _mm512_loadu_si512, _mm512_mask_broadcast_i32x4,
    _mm512_rol_epi32, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_srli_epi32, _mm512_store_si512,
    _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
    _mm512_xor_si512, _mm512_zextsi128_si512,
};

use super::stay;
use crate::hash::backend::{Columns, MAX_LANES, Rows, padding_word};
use crate::hash::rounds::{md5_compression, sha1_compression, sha256_compression};
use crate::hash::sealed::Function;
use crate::hash::{Md5, Sha1, Sha256};

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

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn settle(mut x: V) -> V {
        // SAFETY: no instruction at all; the compiler only has to have the value in a register here.
        unsafe { core::arch::asm!("/* {0} */", inout(zmm_reg) x, options(pure, nomem, nostack, preserves_flags)) };
        x
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

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn settle([x, s]: V) -> V {
        [one::settle(x), one::settle(s)]
    }

    md5_compression!(#[inline] #[target_feature(enable = "avx512f,avx512bw")]);
}

/// The first `WORDS` rows of 16 lanes from lane `FROM` (0 or 16) on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_columns<const WORDS: usize, const FROM: usize>(columns: &Columns) -> [__m512i; WORDS] {
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM.is_multiple_of(WIDTH) && WORDS <= 8) };
    let mut vectors = [_mm512_setzero_si512(); WORDS];
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
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM.is_multiple_of(WIDTH) && WORDS <= 8) };
    for (vector, row) in vectors.into_iter().zip(&mut columns.0) {
        // SAFETY: a row has MAX_LANES words, of which FROM and the 15 behind it are written; aligned as in `load_columns`.
        unsafe { _mm512_store_si512(row.as_mut_ptr().add(FROM).cast(), vector) };
    }
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

/// Words `4 * GROUP` to `4 * GROUP + 3` of block `block` of 16 rows from `FROM` (0 or 16) on: a 16 x 4 transposition.
///
/// Quarter `t` of the `i`th register is read from row `4 * t + i`, so that exchanges inside of quarters are all that is left to do. Reading a quarter
/// takes a load port and any vector port; exchanging quarters would take the one port that all shuffles wait for.
///
/// # Safety
/// `block` must be below `rows.count()`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn load_words<F: Function, const FROM: usize, const GROUP: usize>(rows: &Rows<'_>, block: usize) -> [__m512i; 4] {
    const { assert!(FROM + WIDTH <= MAX_LANES && GROUP < 4) };
    stay();
    let Some(rows) = rows.rows().get(FROM..).and_then(<[_]>::first_chunk::<WIDTH>) else { return [_mm512_setzero_si512(); 4] };
    let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15] = *rows;
    let mut vectors = [_mm512_setzero_si512(); 4];
    for (vector, rows) in vectors.iter_mut().zip([[r0, r4, r8, r12], [r1, r5, r9, r13], [r2, r6, r10, r14], [r3, r7, r11, r15]]) {
        // SAFETY: `block` is below the count, so that each row has this block; 16 of its 64 octets are read, from 16 * GROUP on (GROUP < 4), without
        // any need of alignment.
        let [a, b, c, d] = rows.map(|row| unsafe { _mm_loadu_si128(row.as_ptr().add(block).cast::<__m128i>().add(GROUP)) });
        let ab = _mm512_mask_broadcast_i32x4(_mm512_zextsi128_si512(a), 0x00f0, b);
        let abc = _mm512_mask_broadcast_i32x4(ab, 0x0f00, c);
        *vector = _mm512_mask_broadcast_i32x4(abc, 0xf000, d);
        if F::BIG_ENDIAN {
            *vector = _mm512_shuffle_epi8(*vector, reversal());
        }
    }
    let [a, b, c, d] = vectors;
    quads(a, b, c, d)
}

/// Reverses the octets of each word.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn reversal() -> __m512i {
    const ORDER: [u8; 64] = {
        let mut order = [0; 64];
        let mut at = 0;
        #[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "a constant")]
        while at < 64 {
            order[at] = (at % 16) as u8 ^ 3;
            at += 1;
        }
        order
    };
    // SAFETY: 64 octets of a constant of 64 octets are read, without any need of alignment.
    unsafe { _mm512_loadu_si512(ORDER.as_ptr().cast()) }
}

/// Words `4 * GROUP` to `4 * GROUP + 3` of the block that a digest is in.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn digest_words<F: Function, const FROM: usize, const GROUP: usize>(digests: &Columns) -> [__m512i; 4] {
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM.is_multiple_of(WIDTH)) };
    let mut words = [_mm512_setzero_si512(); 4];
    for (at, word) in words.iter_mut().enumerate() {
        let index = GROUP.wrapping_mul(4).wrapping_add(at);
        *word = match digests.0.get(index) {
            // SAFETY: as in `load_columns`.
            Some(row) if index < F::WORDS => unsafe { _mm512_load_si512(row.as_ptr().add(FROM).cast()) },
            _ => _mm512_set1_epi32(padding_word::<F>(index).cast_signed()),
        };
    }
    words
}

/// `blocks` and `digests` of a hash function in 16 lanes.
macro_rules! kernels {
    ($function:ty, $words:literal, $compress:ident, $blocks:ident, $digests:ident) => {
        #[target_feature(enable = "avx512f,avx512bw")]
        pub(super) fn $blocks(states: &mut Columns, rows: &Rows<'_>) -> usize {
            let mut state = load_columns::<$words, 0>(states);
            for block in 0..rows.count() {
                state = one::$compress(
                    state,
                    // SAFETY: `block` is below the count.
                    || unsafe { load_words::<$function, 0, 0>(rows, block) },
                    // SAFETY: likewise.
                    || unsafe { load_words::<$function, 0, 1>(rows, block) },
                    // SAFETY: likewise.
                    || unsafe { load_words::<$function, 0, 2>(rows, block) },
                    // SAFETY: likewise.
                    || unsafe { load_words::<$function, 0, 3>(rows, block) },
                );
            }
            store_columns::<$words, 0>(states, state);
            rows.count()
        }

        #[target_feature(enable = "avx512f,avx512bw")]
        pub(super) fn $digests(states: &mut Columns, digests: &Columns) {
            let state = load_columns::<$words, 0>(states);
            let state = one::$compress(
                state,
                || digest_words::<$function, 0, 0>(digests),
                || digest_words::<$function, 0, 1>(digests),
                || digest_words::<$function, 0, 2>(digests),
                || digest_words::<$function, 0, 3>(digests),
            );
            store_columns::<$words, 0>(states, state);
        }
    };
}

kernels!(Md5, 4, md5, md5_blocks, md5_digests);
kernels!(Sha1, 5, sha1, sha1_blocks, sha1_digests);
kernels!(Sha256, 8, sha256, sha256_blocks, sha256_digests);

/// Two arrays as one of pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn zip<const N: usize>(low: [__m512i; N], high: [__m512i; N]) -> [[__m512i; 2]; N] {
    let mut pairs = [[_mm512_setzero_si512(); 2]; N];
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
    let mut state = zip(load_columns::<4, 0>(states), load_columns::<4, 16>(states));
    for block in 0..rows.count() {
        state = pair::md5(
            state,
            // SAFETY: `block` is below the count.
            || unsafe { zip(load_words::<Md5, 0, 0>(rows, block), load_words::<Md5, 16, 0>(rows, block)) },
            // SAFETY: likewise.
            || unsafe { zip(load_words::<Md5, 0, 1>(rows, block), load_words::<Md5, 16, 1>(rows, block)) },
            // SAFETY: likewise.
            || unsafe { zip(load_words::<Md5, 0, 2>(rows, block), load_words::<Md5, 16, 2>(rows, block)) },
            // SAFETY: likewise.
            || unsafe { zip(load_words::<Md5, 0, 3>(rows, block), load_words::<Md5, 16, 3>(rows, block)) },
        );
    }
    store_pairs(states, state);
    rows.count()
}

/// The outer hash's block of 32 lanes.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn md5_digests_pair(states: &mut Columns, digests: &Columns) {
    let state = zip(load_columns::<4, 0>(states), load_columns::<4, 16>(states));
    let state = pair::md5(
        state,
        || zip(digest_words::<Md5, 0, 0>(digests), digest_words::<Md5, 16, 0>(digests)),
        || zip(digest_words::<Md5, 0, 1>(digests), digest_words::<Md5, 16, 1>(digests)),
        || zip(digest_words::<Md5, 0, 2>(digests), digest_words::<Md5, 16, 2>(digests)),
        || zip(digest_words::<Md5, 0, 3>(digests), digest_words::<Md5, 16, 3>(digests)),
    );
    store_pairs(states, state);
}
