//! 8 lanes in a register of 256 bits; MD5 two registers side by side.

use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_load_si256, _mm256_loadu_si256, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_store_si256, _mm256_unpackhi_epi32,
    _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use crate::hash::backend::{Columns, MAX_LANES, Rows, padding_word, shortest};
use crate::hash::rounds::{md5_compression, sha1_compression, sha256_compression};
use crate::hash::sealed::Function;
use crate::hash::{BLOCK_LEN, Md5, Sha1, Sha256};

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

    md5_compression!(#[inline] #[target_feature(enable = "avx2")]);
}

/// The first `WORDS` rows of 8 lanes from lane `FROM` (0 or 8) on.
#[inline]
#[target_feature(enable = "avx2")]
fn load_columns<const WORDS: usize, const FROM: usize>(columns: &Columns) -> [__m256i; WORDS] {
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM % WIDTH == 0 && WORDS <= 8) };
    let mut vectors = [_mm256_set1_epi32(0); WORDS];
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
    const { assert!(FROM + WIDTH <= MAX_LANES && FROM % WIDTH == 0 && WORDS <= 8) };
    for (vector, row) in vectors.into_iter().zip(&mut columns.0) {
        // SAFETY: a row has MAX_LANES words, of which FROM and the 7 behind it are written; aligned as in `load_columns`.
        unsafe { _mm256_store_si256(row.as_mut_ptr().add(FROM).cast(), vector) };
    }
}

/// Words of 8 lanes from half a block of 8 lanes: an 8 x 8 transposition.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(r: [__m256i; WIDTH]) -> [__m256i; WIDTH] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = r;
    let [a0, a1, a2, a3] = quads(r0, r1, r2, r3);
    let [b0, b1, b2, b3] = quads(r4, r5, r6, r7);
    [
        _mm256_permute2x128_si256::<0x20>(a0, b0),
        _mm256_permute2x128_si256::<0x20>(a1, b1),
        _mm256_permute2x128_si256::<0x20>(a2, b2),
        _mm256_permute2x128_si256::<0x20>(a3, b3),
        _mm256_permute2x128_si256::<0x31>(a0, b0),
        _mm256_permute2x128_si256::<0x31>(a1, b1),
        _mm256_permute2x128_si256::<0x31>(a2, b2),
        _mm256_permute2x128_si256::<0x31>(a3, b3),
    ]
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

/// Half `HALF` (0 or 1) of block `block` of 8 rows, as words.
///
/// # Safety
/// Each pointer must be that of a slice with more than `block` blocks.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_half<F: Function, const HALF: usize>(rows: &[*const [u8; BLOCK_LEN]; WIDTH], block: usize) -> [__m256i; WIDTH] {
    const { assert!(HALF < 2) };
    let mut vectors = [_mm256_set1_epi32(0); WIDTH];
    for (vector, row) in vectors.iter_mut().zip(rows) {
        // SAFETY: the caller says that the row has this block; 32 of its 64 octets are read, without any need of alignment.
        *vector = unsafe { _mm256_loadu_si256(row.add(block).cast::<__m256i>().add(HALF)) };
        if F::BIG_ENDIAN {
            *vector = _mm256_shuffle_epi8(*vector, reversal());
        }
    }
    transpose(vectors)
}

/// Block `block` of 8 rows, as words.
///
/// # Safety
/// Each pointer must be that of a slice with more than `block` blocks.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_block<F: Function>(rows: &[*const [u8; BLOCK_LEN]; WIDTH], block: usize) -> [__m256i; 16] {
    // SAFETY: the caller's promise is passed on.
    let [w0, w1, w2, w3, w4, w5, w6, w7] = unsafe { load_half::<F, 0>(rows, block) };
    // SAFETY: likewise.
    let [w8, w9, w10, w11, w12, w13, w14, w15] = unsafe { load_half::<F, 1>(rows, block) };
    [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15]
}

/// Reverses the octets of each word.
#[inline]
#[target_feature(enable = "avx2")]
fn reversal() -> __m256i {
    const ORDER: [u8; 32] = [
        3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,
    ];
    // SAFETY: 32 octets of a constant of 32 octets are read, without any need of alignment.
    unsafe { _mm256_loadu_si256(ORDER.as_ptr().cast()) }
}

/// The words of the block behind a digest.
#[inline]
#[target_feature(enable = "avx2")]
fn digest_block<F: Function, const WORDS: usize, const FROM: usize>(digests: &Columns) -> [__m256i; 16] {
    let mut words = [_mm256_set1_epi32(0); 16];
    for (index, word) in words.iter_mut().enumerate() {
        *word = _mm256_set1_epi32(padding_word::<F>(index).cast_signed());
    }
    for (word, digest) in words.iter_mut().zip(load_columns::<WORDS, FROM>(digests)) {
        *word = digest;
    }
    words
}

/// `blocks` and `digests` of a hash function in 8 lanes.
macro_rules! kernels {
    ($function:ty, $words:literal, $compress:path, $blocks:ident, $digests:ident) => {
        #[target_feature(enable = "avx2")]
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

        #[target_feature(enable = "avx2")]
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
#[target_feature(enable = "avx2")]
fn zip<const N: usize>(low: [__m256i; N], high: [__m256i; N]) -> [[__m256i; 2]; N] {
    let mut pairs = [[_mm256_set1_epi32(0); 2]; N];
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
    let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15, ..] = *rows;
    let low = [r0, r1, r2, r3, r4, r5, r6, r7];
    let high = [r8, r9, r10, r11, r12, r13, r14, r15];
    let count = shortest(&low).min(shortest(&high));
    let low = low.map(<[_]>::as_ptr);
    let high = high.map(<[_]>::as_ptr);
    let mut state = zip(load_columns::<4, 0>(states), load_columns::<4, 8>(states));
    for block in 0..count {
        // SAFETY: the rows are of slices whose shortest has `count` blocks.
        let words = unsafe { zip(load_block::<Md5>(&low, block), load_block::<Md5>(&high, block)) };
        state = pair::md5(state, &words);
    }
    store_pairs(states, state);
    count
}

/// The outer hash's block of 16 lanes.
#[target_feature(enable = "avx2")]
pub(super) fn md5_digests_pair(states: &mut Columns, digests: &Columns) {
    let state = zip(load_columns::<4, 0>(states), load_columns::<4, 8>(states));
    let words = zip(digest_block::<Md5, 4, 0>(digests), digest_block::<Md5, 4, 8>(digests));
    let state = pair::md5(state, &words);
    store_pairs(states, state);
}
