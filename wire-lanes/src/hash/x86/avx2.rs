//! 8 lanes in a register of 256 bits; MD5 two registers side by side.

use core::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_castsi128_si256, _mm256_inserti128_si256,
    _mm256_load_si256, _mm256_loadu_si256, _mm256_or_si256, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_slli_epi32, _mm256_srli_epi32, _mm256_store_si256, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use super::stay;
use crate::hash::backend::{Columns, MAX_LANES, Rows, padding_word};
use crate::hash::rounds::{md5_compression, sha1_compression, sha256_compression};
use crate::hash::sealed::Function;
use crate::hash::{Md5, Sha1, Sha256};

/// Lanes of a register.
const WIDTH: usize = 8;

/// One register of lanes.
mod one {
    use super::*;

    type V = __m256i;

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn splat(x: u32) -> V {
        _mm256_set1_epi32(x.cast_signed())
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn add(x: V, y: V) -> V {
        _mm256_add_epi32(x, y)
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    fn xor(x: V, y: V) -> V {
        _mm256_xor_si256(x, y)
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn xor3(x: V, y: V, z: V) -> V {
        _mm256_xor_si256(_mm256_xor_si256(x, y), z)
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn choose(x: V, y: V, z: V) -> V {
        _mm256_xor_si256(z, _mm256_and_si256(x, _mm256_xor_si256(y, z)))
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    fn majority(x: V, y: V, z: V) -> V {
        _mm256_or_si256(_mm256_and_si256(x, y), _mm256_and_si256(z, _mm256_or_si256(x, y)))
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn or_not(x: V, y: V, z: V) -> V {
        _mm256_xor_si256(y, _mm256_or_si256(x, _mm256_xor_si256(z, _mm256_set1_epi32(-1))))
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn rol<const LEFT: i32, const RIGHT: i32>(x: V) -> V {
        _mm256_or_si256(_mm256_slli_epi32::<LEFT>(x), _mm256_srli_epi32::<RIGHT>(x))
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    fn shr<const N: i32>(x: V) -> V {
        _mm256_srli_epi32::<N>(x)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn settle(mut x: V) -> V {
        // SAFETY: no instruction at all; the compiler only has to have the value in a register here.
        unsafe { core::arch::asm!("/* {0} */", inout(ymm_reg) x, options(pure, nomem, nostack, preserves_flags)) };
        x
    }

    md5_compression!(#[inline] #[target_feature(enable = "avx2")]);
    sha1_compression!(#[inline] #[target_feature(enable = "avx2")]);
    sha256_compression!(#[inline] #[target_feature(enable = "avx2")]);
}

/// Two registers: while one chain of dependent steps waits for a result, the other one goes on.
mod pair {
    use super::*;

    type V = [__m256i; 2];

    #[inline]
    #[target_feature(enable = "avx2")]
    fn splat(x: u32) -> V {
        [one::splat(x); 2]
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add([x, s]: V, [y, t]: V) -> V {
        [one::add(x, y), one::add(s, t)]
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    fn xor3([x, s]: V, [y, t]: V, [z, u]: V) -> V {
        [one::xor3(x, y, z), one::xor3(s, t, u)]
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    fn choose([x, s]: V, [y, t]: V, [z, u]: V) -> V {
        [one::choose(x, y, z), one::choose(s, t, u)]
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    fn or_not([x, s]: V, [y, t]: V, [z, u]: V) -> V {
        [one::or_not(x, y, z), one::or_not(s, t, u)]
    }
    #[inline]
    #[target_feature(enable = "avx2")]
    fn rol<const LEFT: i32, const RIGHT: i32>([x, s]: V) -> V {
        [one::rol::<LEFT, RIGHT>(x), one::rol::<LEFT, RIGHT>(s)]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn settle([x, s]: V) -> V {
        [one::settle(x), one::settle(s)]
    }

    md5_compression!(#[inline] #[target_feature(enable = "avx2")]);
}

/// The first `WORDS` rows of 8 lanes from lane `FROM` (0 or 8) on.
#[inline]
#[target_feature(enable = "avx2")]
fn load_columns<const WORDS: usize, const FROM: usize>(columns: &Columns) -> [__m256i; WORDS] {
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM.is_multiple_of(WIDTH) && WORDS <= 8) };
    let mut vectors = [_mm256_setzero_si256(); WORDS];
    for (vector, row) in vectors.iter_mut().zip(&columns.0) {
        // SAFETY: a row has MAX_LANES words, of which FROM and the 7 behind it are read. `Columns` is aligned to 64 octets, a row has 128 and
        // FROM is a multiple of 8 words, so the address is a multiple of 32.
        *vector = unsafe { _mm256_load_si256(row.as_ptr().add(FROM).cast()) };
    }
    vectors
}

/// The counterpart of [`load_columns`].
#[inline]
#[target_feature(enable = "avx2")]
fn store_columns<const WORDS: usize, const FROM: usize>(columns: &mut Columns, vectors: [__m256i; WORDS]) {
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM.is_multiple_of(WIDTH) && WORDS <= 8) };
    for (vector, row) in vectors.into_iter().zip(&mut columns.0) {
        // SAFETY: a row has MAX_LANES words, of which FROM and the 7 behind it are written; aligned as in `load_columns`.
        unsafe { _mm256_store_si256(row.as_mut_ptr().add(FROM).cast(), vector) };
    }
}

/// In each half of 128 bits: word `n` of the four rows, for `n` from 0 to 3.
#[inline]
#[target_feature(enable = "avx2")]
fn quads(r0: __m256i, r1: __m256i, r2: __m256i, r3: __m256i) -> [__m256i; 4] {
    let low01 = _mm256_unpacklo_epi32(r0, r1);
    let high01 = _mm256_unpackhi_epi32(r0, r1);
    let low23 = _mm256_unpacklo_epi32(r2, r3);
    let high23 = _mm256_unpackhi_epi32(r2, r3);
    [
        _mm256_unpacklo_epi64(low01, low23),
        _mm256_unpackhi_epi64(low01, low23),
        _mm256_unpacklo_epi64(high01, high23),
        _mm256_unpackhi_epi64(high01, high23),
    ]
}

/// Words `4 * GROUP` to `4 * GROUP + 3` of block `block` of 8 rows from `FROM` (0 or 8) on: an 8 x 4 transposition.
///
/// Half `t` of the `i`th register is read from row `4 * t + i`, so that exchanges inside of halves are all that is left to do.
///
/// # Safety
/// `block` must be below `rows.count()`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_words<F: Function, const FROM: usize, const GROUP: usize>(rows: &Rows<'_>, block: usize) -> [__m256i; 4] {
    const { assert!(FROM + WIDTH <= MAX_LANES && GROUP < 4) };
    stay();
    let Some(rows) = rows.rows().get(FROM..).and_then(<[_]>::first_chunk::<WIDTH>) else { return [_mm256_setzero_si256(); 4] };
    let [r0, r1, r2, r3, r4, r5, r6, r7] = *rows;
    let mut vectors = [_mm256_setzero_si256(); 4];
    for (vector, rows) in vectors.iter_mut().zip([[r0, r4], [r1, r5], [r2, r6], [r3, r7]]) {
        // SAFETY: `block` is below the count, so that each row has this block; 16 of its 64 octets are read, from 16 * GROUP on (GROUP < 4), without
        // any need of alignment.
        let [low, high] = rows.map(|row| unsafe { _mm_loadu_si128(row.as_ptr().add(block).cast::<__m128i>().add(GROUP)) });
        *vector = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high);
        if F::BIG_ENDIAN {
            *vector = _mm256_shuffle_epi8(*vector, reversal());
        }
    }
    let [a, b, c, d] = vectors;
    quads(a, b, c, d)
}

/// Reverses the octets of each word.
#[inline]
#[target_feature(enable = "avx2")]
fn reversal() -> __m256i {
    const ORDER: [u8; 32] =
        [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
    // SAFETY: 32 octets of a constant of 32 octets are read, without any need of alignment.
    unsafe { _mm256_loadu_si256(ORDER.as_ptr().cast()) }
}

/// Words `4 * GROUP` to `4 * GROUP + 3` of the block that a digest is in.
#[inline]
#[target_feature(enable = "avx2")]
fn digest_words<F: Function, const FROM: usize, const GROUP: usize>(digests: &Columns) -> [__m256i; 4] {
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM.is_multiple_of(WIDTH)) };
    let mut words = [_mm256_setzero_si256(); 4];
    for (at, word) in words.iter_mut().enumerate() {
        let index = GROUP.wrapping_mul(4).wrapping_add(at);
        *word = match digests.0.get(index) {
            // SAFETY: as in `load_columns`.
            Some(row) if index < F::WORDS => unsafe { _mm256_load_si256(row.as_ptr().add(FROM).cast()) },
            _ => _mm256_set1_epi32(padding_word::<F>(index).cast_signed()),
        };
    }
    words
}

/// `blocks` and `digests` of a hash function in 8 lanes.
macro_rules! kernels {
    ($function:ty, $words:literal, $compress:ident, $blocks:ident, $digests:ident) => {
        #[target_feature(enable = "avx2")]
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

        #[target_feature(enable = "avx2")]
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
#[target_feature(enable = "avx2")]
fn zip<const N: usize>(low: [__m256i; N], high: [__m256i; N]) -> [[__m256i; 2]; N] {
    let mut pairs = [[_mm256_setzero_si256(); 2]; N];
    for ((pair, low), high) in pairs.iter_mut().zip(low).zip(high) {
        *pair = [low, high];
    }
    pairs
}

/// The counterpart of [`load_columns`] for 16 lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn store_pairs(states: &mut Columns, [a, b, c, d]: [[__m256i; 2]; 4]) {
    store_columns::<4, 0>(states, [a[0], b[0], c[0], d[0]]);
    store_columns::<4, 8>(states, [a[1], b[1], c[1], d[1]]);
}

/// MD5 in 16 lanes.
#[target_feature(enable = "avx2")]
pub(super) fn md5_blocks_pair(states: &mut Columns, rows: &Rows<'_>) -> usize {
    let mut state = zip(load_columns::<4, 0>(states), load_columns::<4, 8>(states));
    for block in 0..rows.count() {
        state = pair::md5(
            state,
            // SAFETY: `block` is below the count.
            || unsafe { zip(load_words::<Md5, 0, 0>(rows, block), load_words::<Md5, 8, 0>(rows, block)) },
            // SAFETY: likewise.
            || unsafe { zip(load_words::<Md5, 0, 1>(rows, block), load_words::<Md5, 8, 1>(rows, block)) },
            // SAFETY: likewise.
            || unsafe { zip(load_words::<Md5, 0, 2>(rows, block), load_words::<Md5, 8, 2>(rows, block)) },
            // SAFETY: likewise.
            || unsafe { zip(load_words::<Md5, 0, 3>(rows, block), load_words::<Md5, 8, 3>(rows, block)) },
        );
    }
    store_pairs(states, state);
    rows.count()
}

/// The outer hash's block of 16 lanes.
#[target_feature(enable = "avx2")]
pub(super) fn md5_digests_pair(states: &mut Columns, digests: &Columns) {
    let state = zip(load_columns::<4, 0>(states), load_columns::<4, 8>(states));
    let state = pair::md5(
        state,
        || zip(digest_words::<Md5, 0, 0>(digests), digest_words::<Md5, 8, 0>(digests)),
        || zip(digest_words::<Md5, 0, 1>(digests), digest_words::<Md5, 8, 1>(digests)),
        || zip(digest_words::<Md5, 0, 2>(digests), digest_words::<Md5, 8, 2>(digests)),
        || zip(digest_words::<Md5, 0, 3>(digests), digest_words::<Md5, 8, 3>(digests)),
    );
    store_pairs(states, state);
}
