//! The SHA extensions: one message takes few instructions, but each waits for the one before; so up to four messages go in turn.

use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_loadu_si128, _mm_set_epi8, _mm_set_epi32, _mm_setzero_si128,
    _mm_sha1msg1_epu32, _mm_sha1msg2_epu32, _mm_sha1nexte_epu32, _mm_sha1rnds4_epu32, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32,
    _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_xor_si128,
};

use crate::hash::backend::{Columns, Rows, padding_word};
use crate::hash::{Sha1, Sha256};

/// `a` is the highest word.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn vector([a, b, c, d]: [u32; 4]) -> __m128i {
    _mm_set_epi32(a.cast_signed(), b.cast_signed(), c.cast_signed(), d.cast_signed())
}

/// The counterpart of [`vector`].
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn words(vector: __m128i) -> [u32; 4] {
    [
        _mm_extract_epi32::<3>(vector).cast_unsigned(),
        _mm_extract_epi32::<2>(vector).cast_unsigned(),
        _mm_extract_epi32::<1>(vector).cast_unsigned(),
        _mm_extract_epi32::<0>(vector).cast_unsigned(),
    ]
}

/// A lane's block in four vectors, their octets brought into `order`.
///
/// # Safety
/// `block` must be below `rows.count()`.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
unsafe fn load_block(rows: &Rows<'_>, lane: usize, block: usize, order: __m128i) -> [__m128i; 4] {
    let mut vectors = [_mm_setzero_si128(); 4];
    let Some(row) = rows.rows().get(lane) else { return vectors };
    for (at, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: `block` is below the count, so that the row has this block; 16 of its 64 octets are read, from 0, 16, 32 and 48 on, without any need
        // of alignment.
        let octets = unsafe { _mm_loadu_si128(row.as_ptr().add(block).cast::<__m128i>().add(at)) };
        *vector = _mm_shuffle_epi8(octets, order);
    }
    vectors
}

/// Words as SHA-1's instructions take them: the first one highest.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn first_highest() -> __m128i {
    _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
}

/// Words as SHA-256's instructions take them: the first one lowest.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn first_lowest() -> __m128i {
    _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3)
}

/// SHA-1 of one block in each of `N` streams.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn sha1<const N: usize>(state: &mut [[__m128i; 2]; N], block: &mut [[__m128i; 4]; N]) {
    let mut abcd = state.map(|[abcd, _]| abcd);
    let mut before = state.map(|[_, e]| e);
    /// Rounds 4 `$g` to 4 `$g` + 3, of function `$f`: (A..D, what E comes from) -> the same.
    macro_rules! rounds {
        ($g:literal, $f:literal, [$($place:ident),*], $w0:ident, $w1:ident, $w2:ident, $w3:ident) => {
            for ((at, before), [$($place),*]) in abcd.iter_mut().zip(&mut before).zip(block.iter_mut()) {
                if $g >= 4 {
                    *$w0 = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(*$w0, *$w1), *$w2), *$w3);
                }
                let e = if $g == 0 { _mm_add_epi32(*before, *$w0) } else { _mm_sha1nexte_epu32(*before, *$w0) };
                *before = *at;
                *at = _mm_sha1rnds4_epu32::<$f>(*at, e);
            }
        };
    }
    rounds!(0, 0, [w0, w1, w2, w3], w0, w1, w2, w3);
    rounds!(1, 0, [w3, w0, w1, w2], w0, w1, w2, w3);
    rounds!(2, 0, [w2, w3, w0, w1], w0, w1, w2, w3);
    rounds!(3, 0, [w1, w2, w3, w0], w0, w1, w2, w3);
    rounds!(4, 0, [w0, w1, w2, w3], w0, w1, w2, w3);
    rounds!(5, 1, [w3, w0, w1, w2], w0, w1, w2, w3);
    rounds!(6, 1, [w2, w3, w0, w1], w0, w1, w2, w3);
    rounds!(7, 1, [w1, w2, w3, w0], w0, w1, w2, w3);
    rounds!(8, 1, [w0, w1, w2, w3], w0, w1, w2, w3);
    rounds!(9, 1, [w3, w0, w1, w2], w0, w1, w2, w3);
    rounds!(10, 2, [w2, w3, w0, w1], w0, w1, w2, w3);
    rounds!(11, 2, [w1, w2, w3, w0], w0, w1, w2, w3);
    rounds!(12, 2, [w0, w1, w2, w3], w0, w1, w2, w3);
    rounds!(13, 2, [w3, w0, w1, w2], w0, w1, w2, w3);
    rounds!(14, 2, [w2, w3, w0, w1], w0, w1, w2, w3);
    rounds!(15, 3, [w1, w2, w3, w0], w0, w1, w2, w3);
    rounds!(16, 3, [w0, w1, w2, w3], w0, w1, w2, w3);
    rounds!(17, 3, [w3, w0, w1, w2], w0, w1, w2, w3);
    rounds!(18, 3, [w2, w3, w0, w1], w0, w1, w2, w3);
    rounds!(19, 3, [w1, w2, w3, w0], w0, w1, w2, w3);
    for (([abcd0, e0], abcd), before) in state.iter_mut().zip(abcd).zip(before) {
        *e0 = _mm_sha1nexte_epu32(before, *e0);
        *abcd0 = _mm_add_epi32(*abcd0, abcd);
    }
}

/// SHA-256 of one block in each of `N` streams.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn sha256<const N: usize>(state: &mut [[__m128i; 2]; N], block: &mut [[__m128i; 4]; N]) {
    let mut abef = state.map(|[abef, _]| abef);
    let mut cdgh = state.map(|[_, cdgh]| cdgh);
    /// Rounds 4 `$g` to 4 `$g` + 3.
    macro_rules! rounds {
        ($g:literal, [$k0:literal, $k1:literal, $k2:literal, $k3:literal], [$($place:ident),*], $w0:ident, $w1:ident, $w2:ident, $w3:ident) => {
            let constants = vector([$k3, $k2, $k1, $k0]);
            for ((abef, cdgh), [$($place),*]) in abef.iter_mut().zip(&mut cdgh).zip(block.iter_mut()) {
                if $g >= 4 {
                    let sum = _mm_add_epi32(_mm_sha256msg1_epu32(*$w0, *$w1), _mm_alignr_epi8::<4>(*$w3, *$w2));
                    *$w0 = _mm_sha256msg2_epu32(sum, *$w3);
                }
                let sums = _mm_add_epi32(*$w0, constants);
                *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sums);
                *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32::<0x0e>(sums));
            }
        };
    }
    rounds!(0, [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5], [w0, w1, w2, w3], w0, w1, w2, w3);
    rounds!(1, [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5], [w3, w0, w1, w2], w0, w1, w2, w3);
    rounds!(2, [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3], [w2, w3, w0, w1], w0, w1, w2, w3);
    rounds!(3, [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174], [w1, w2, w3, w0], w0, w1, w2, w3);
    rounds!(4, [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc], [w0, w1, w2, w3], w0, w1, w2, w3);
    rounds!(5, [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da], [w3, w0, w1, w2], w0, w1, w2, w3);
    rounds!(6, [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7], [w2, w3, w0, w1], w0, w1, w2, w3);
    rounds!(7, [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967], [w1, w2, w3, w0], w0, w1, w2, w3);
    rounds!(8, [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13], [w0, w1, w2, w3], w0, w1, w2, w3);
    rounds!(9, [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85], [w3, w0, w1, w2], w0, w1, w2, w3);
    rounds!(10, [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3], [w2, w3, w0, w1], w0, w1, w2, w3);
    rounds!(11, [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070], [w1, w2, w3, w0], w0, w1, w2, w3);
    rounds!(12, [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5], [w0, w1, w2, w3], w0, w1, w2, w3);
    rounds!(13, [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3], [w3, w0, w1, w2], w0, w1, w2, w3);
    rounds!(14, [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208], [w2, w3, w0, w1], w0, w1, w2, w3);
    rounds!(15, [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2], [w1, w2, w3, w0], w0, w1, w2, w3);
    for (([abef0, cdgh0], abef), cdgh) in state.iter_mut().zip(abef).zip(cdgh) {
        *abef0 = _mm_add_epi32(*abef0, abef);
        *cdgh0 = _mm_add_epi32(*cdgh0, cdgh);
    }
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn load_sha1<const N: usize>(states: &Columns) -> [[__m128i; 2]; N] {
    let mut vectors = [[_mm_setzero_si128(); 2]; N];
    for (lane, vectors) in vectors.iter_mut().enumerate() {
        let [a, b, c, d, e, ..] = states.lane::<Sha1>(lane);
        *vectors = [vector([a, b, c, d]), vector([e, 0, 0, 0])];
    }
    vectors
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn store_sha1<const N: usize>(states: &mut Columns, vectors: [[__m128i; 2]; N]) {
    for (lane, [abcd, e]) in vectors.into_iter().enumerate() {
        let [a, b, c, d] = words(abcd);
        let [e, ..] = words(e);
        states.set_lane::<Sha1>(lane, &[a, b, c, d, e, 0, 0, 0]);
    }
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn load_sha256<const N: usize>(states: &Columns) -> [[__m128i; 2]; N] {
    let mut vectors = [[_mm_setzero_si128(); 2]; N];
    for (lane, vectors) in vectors.iter_mut().enumerate() {
        let [a, b, c, d, e, f, g, h] = states.lane::<Sha256>(lane);
        *vectors = [vector([a, b, e, f]), vector([c, d, g, h])];
    }
    vectors
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn store_sha256<const N: usize>(states: &mut Columns, vectors: [[__m128i; 2]; N]) {
    for (lane, [abef, cdgh]) in vectors.into_iter().enumerate() {
        let [a, b, e, f] = words(abef);
        let [c, d, g, h] = words(cdgh);
        states.set_lane::<Sha256>(lane, &[a, b, c, d, e, f, g, h]);
    }
}

/// The words behind a digest, in the order of `Sha1`'s or `Sha256`'s vectors.
macro_rules! digest_block {
    ($function:ty, $lane:expr, $digests:expr, |$w:ident| $vector:expr) => {{
        let mut block = [0; 16];
        for (index, word) in block.iter_mut().enumerate() {
            *word = padding_word::<$function>(index);
        }
        for (word, digest) in
            block.iter_mut().zip($digests.lane::<$function>($lane)).take(<$function as crate::hash::sealed::Function>::WORDS)
        {
            *word = digest;
        }
        let mut vectors = [_mm_setzero_si128(); 4];
        for (place, $w) in vectors.iter_mut().zip(block.as_chunks::<4>().0) {
            *place = $vector;
        }
        vectors
    }};
}

/// `blocks` and `digests` of a hash function, in as many streams as there are messages: 1, 2 or 4.
macro_rules! kernels {
    ($function:ty, $compress:ident, $load:ident, $store:ident, $order:ident, |$w:ident| $vector:expr, $blocks:ident, $digests:ident, $blocks_n:ident, $digests_n:ident) => {
        #[target_feature(enable = "sha,ssse3,sse4.1")]
        pub(super) fn $blocks(active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
            match active {
                0 | 1 => $blocks_n::<1>(states, rows),
                2 => $blocks_n::<2>(states, rows),
                3 | 4 => $blocks_n::<4>(states, rows),
                _ => $blocks_n::<8>(states, rows),
            }
        }

        #[inline]
        #[target_feature(enable = "sha,ssse3,sse4.1")]
        fn $blocks_n<const N: usize>(states: &mut Columns, rows: &Rows<'_>) -> usize {
            let mut state = $load::<N>(states);
            for block in 0..rows.count() {
                let mut words = [[_mm_setzero_si128(); 4]; N];
                for (lane, words) in words.iter_mut().enumerate() {
                    // SAFETY: each row has `count` blocks at least.
                    *words = unsafe { load_block(rows, lane, block, $order()) };
                }
                $compress(&mut state, &mut words);
            }
            $store(states, state);
            rows.count()
        }

        #[target_feature(enable = "sha,ssse3,sse4.1")]
        pub(super) fn $digests(active: usize, states: &mut Columns, digests: &Columns) {
            match active {
                0 | 1 => $digests_n::<1>(states, digests),
                2 => $digests_n::<2>(states, digests),
                3 | 4 => $digests_n::<4>(states, digests),
                _ => $digests_n::<8>(states, digests),
            }
        }

        #[inline]
        #[target_feature(enable = "sha,ssse3,sse4.1")]
        fn $digests_n<const N: usize>(states: &mut Columns, digests: &Columns) {
            let mut state = $load::<N>(states);
            let mut words = [[_mm_setzero_si128(); 4]; N];
            for (lane, words) in words.iter_mut().enumerate() {
                *words = digest_block!($function, lane, digests, |$w| $vector);
            }
            $compress(&mut state, &mut words);
            $store(states, state);
        }
    };
}

kernels!(
    Sha1,
    sha1,
    load_sha1,
    store_sha1,
    first_highest,
    |w| vector(*w),
    sha1_blocks,
    sha1_digests,
    sha1_blocks_n,
    sha1_digests_n
);
kernels!(
    Sha256,
    sha256,
    load_sha256,
    store_sha256,
    first_lowest,
    |w| {
        let [a, b, c, d] = *w;
        vector([d, c, b, a])
    },
    sha256_blocks,
    sha256_digests,
    sha256_blocks_n,
    sha256_digests_n
);
