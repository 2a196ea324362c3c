//! Lanes in plain Rust: loops that the compiler turns into whatever vectors the target has.
//!
//! The words of the blocks are gathered into arrays first; then each lane's block is one body of a loop over lanes without any dependence between its
//! turns, which is the form that vectorises best. MD5 takes two lanes 16 apart in each body: one chain of dependent steps leaves half of a core idle.

#![expect(
    clippy::indexing_slicing,
    reason = "lanes and words count up to the length of the arrays, which the compiler sees; so it leaves out the checks and vectorises"
)]

use multiversion::multiversion;

use super::backend::{Backend, Columns, MAX_LANES, Rows, padding_word};
use super::sealed::Function;
use super::{BLOCK_LEN, Md5, Sha1, Sha256};

/// Lanes of a vector loop.
const WIDTH: usize = 16;

/// The words of a block, word by word.
type Words = [[u32; MAX_LANES]; 16];

/// Plain loops as the compilation's target has vectors for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Portable;

/// The same loops, compiled for several kinds of CPU; which one it is is found out at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Detected;

/// One lane.
mod scalar {
    use crate::hash::rounds::{md5_compression, sha1_compression, sha256_compression};

    type V = u32;

    #[inline(always)]
    fn splat(x: u32) -> V {
        x
    }
    #[inline(always)]
    fn add(x: V, y: V) -> V {
        x.wrapping_add(y)
    }
    #[inline(always)]
    fn xor(x: V, y: V) -> V {
        x ^ y
    }
    #[inline(always)]
    fn xor3(x: V, y: V, z: V) -> V {
        x ^ y ^ z
    }
    #[inline(always)]
    fn choose(x: V, y: V, z: V) -> V {
        z ^ (x & (y ^ z))
    }
    #[inline(always)]
    fn majority(x: V, y: V, z: V) -> V {
        (x & y) | (z & (x | y))
    }
    #[inline(always)]
    fn or_not(x: V, y: V, z: V) -> V {
        y ^ (x | !z)
    }
    #[inline(always)]
    fn rol<const LEFT: i32, const RIGHT: i32>(x: V) -> V {
        (x << LEFT) | (x >> RIGHT)
    }
    #[inline(always)]
    fn shr<const N: i32>(x: V) -> V {
        x >> N
    }

    #[inline(always)]
    fn settle(x: V) -> V {
        x
    }

    md5_compression!(#[inline(always)]);
    sha1_compression!(#[inline(always)]);
    sha256_compression!(#[inline(always)]);
}

/// Two chains in one body.
mod pair {
    use crate::hash::rounds::md5_compression;

    type V = [u32; 2];

    #[inline(always)]
    fn splat(x: u32) -> V {
        [x; 2]
    }
    #[inline(always)]
    fn add([x, s]: V, [y, t]: V) -> V {
        [x.wrapping_add(y), s.wrapping_add(t)]
    }
    #[inline(always)]
    fn xor3([x, s]: V, [y, t]: V, [z, u]: V) -> V {
        [x ^ y ^ z, s ^ t ^ u]
    }
    #[inline(always)]
    fn choose([x, s]: V, [y, t]: V, [z, u]: V) -> V {
        [z ^ (x & (y ^ z)), u ^ (s & (t ^ u))]
    }
    #[inline(always)]
    fn or_not([x, s]: V, [y, t]: V, [z, u]: V) -> V {
        [y ^ (x | !z), t ^ (s | !u)]
    }
    #[inline(always)]
    fn rol<const LEFT: i32, const RIGHT: i32>([x, s]: V) -> V {
        [(x << LEFT) | (x >> RIGHT), (s << LEFT) | (s >> RIGHT)]
    }

    #[inline(always)]
    fn settle(x: V) -> V {
        x
    }

    md5_compression!(#[inline(always)]);
}

/// The words of block `block` of each lane of a vector loop.
#[inline(always)]
fn gather<F: Function>(rows: &[&[[u8; BLOCK_LEN]]], block: usize, words: &mut Words) {
    for (lane, row) in rows.iter().enumerate() {
        let Some(octets) = row.get(block) else { continue };
        for (column, octets) in words.iter_mut().zip(octets.as_chunks::<4>().0) {
            column[lane] = if F::BIG_ENDIAN { u32::from_be_bytes(*octets) } else { u32::from_le_bytes(*octets) };
        }
    }
}

/// Words `4 * GROUP` to `4 * GROUP + 3` of a lane's block.
#[inline(always)]
fn words_of<const GROUP: usize>(words: &Words, lane: usize) -> [u32; 4] {
    let first = (GROUP % 4).wrapping_mul(4);
    [words[first][lane], words[first | 1][lane], words[first | 2][lane], words[first | 3][lane]]
}

/// The same of this lane and the one 16 lanes on.
#[inline(always)]
fn words_of_two<const GROUP: usize>(words: &Words, lane: usize) -> [[u32; 2]; 4] {
    let ([a, b, c, d], [p, q, r, s]) = (words_of::<GROUP>(words, lane), words_of::<GROUP>(words, lane | WIDTH));
    [[a, p], [b, q], [c, r], [d, s]]
}

#[inline(always)]
fn md5_one(lane: usize, states: &mut Columns, words: &Words) {
    let state = core::array::from_fn(|word| states.0[word][lane]);
    let state = scalar::md5(
        state,
        || words_of::<0>(words, lane),
        || words_of::<1>(words, lane),
        || words_of::<2>(words, lane),
        || words_of::<3>(words, lane),
    );
    for (column, word) in states.0.iter_mut().zip(state) {
        column[lane] = word;
    }
}

#[inline(always)]
fn md5_lanes(active: usize, states: &mut Columns, words: &Words) {
    if active <= WIDTH {
        for lane in 0..WIDTH {
            md5_one(lane, states, words);
        }
        return;
    }
    for lane in 0..WIDTH {
        let state = core::array::from_fn(|word| [states.0[word][lane], states.0[word][lane | WIDTH]]);
        let state = pair::md5(
            state,
            || words_of_two::<0>(words, lane),
            || words_of_two::<1>(words, lane),
            || words_of_two::<2>(words, lane),
            || words_of_two::<3>(words, lane),
        );
        for (column, [low, high]) in states.0.iter_mut().zip(state) {
            column[lane] = low;
            column[lane | WIDTH] = high;
        }
    }
}

#[inline(always)]
fn sha1_lanes(_active: usize, states: &mut Columns, words: &Words) {
    for lane in 0..WIDTH {
        let state = core::array::from_fn(|word| states.0[word][lane]);
        let state = scalar::sha1(
            state,
            || words_of::<0>(words, lane),
            || words_of::<1>(words, lane),
            || words_of::<2>(words, lane),
            || words_of::<3>(words, lane),
        );
        for (column, word) in states.0.iter_mut().zip(state) {
            column[lane] = word;
        }
    }
}

#[inline(always)]
fn sha256_lanes(_active: usize, states: &mut Columns, words: &Words) {
    for lane in 0..WIDTH {
        let state = core::array::from_fn(|word| states.0[word][lane]);
        let state = scalar::sha256(
            state,
            || words_of::<0>(words, lane),
            || words_of::<1>(words, lane),
            || words_of::<2>(words, lane),
            || words_of::<3>(words, lane),
        );
        for (column, word) in states.0.iter_mut().zip(state) {
            column[lane] = word;
        }
    }
}

/// `blocks` and `digests` of a backend over a function that takes one block in each lane.
macro_rules! plain_kernels {
    ($function:ty, $lanes_fn:ident, $lanes:expr, $blocks:ident, $digests:ident, $detected_blocks:ident, $detected_digests:ident) => {
        #[inline(always)]
        fn $blocks(active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
            let mut words = [[0; MAX_LANES]; 16];
            for block in 0..rows.count() {
                gather::<$function>(&rows.rows()[..$lanes], block, &mut words);
                $lanes_fn(active, states, &words);
            }
            rows.count()
        }

        #[inline(always)]
        fn $digests(active: usize, states: &mut Columns, digests: &Columns) {
            let words = core::array::from_fn(|word| {
                if word < <$function>::WORDS { digests.0[word] } else { [padding_word::<$function>(word); MAX_LANES] }
            });
            $lanes_fn(active, states, &words);
        }

        #[multiversion(targets(
            "x86_64+avx+avx2+avx512f+avx512bw+avx512vl+avx512dq+bmi1+bmi2",
            "x86_64+avx+avx2+bmi1+bmi2",
            "aarch64+neon"
        ))]
        fn $detected_blocks(active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
            $blocks(active, states, rows)
        }

        #[multiversion(targets(
            "x86_64+avx+avx2+avx512f+avx512bw+avx512vl+avx512dq+bmi1+bmi2",
            "x86_64+avx+avx2+bmi1+bmi2",
            "aarch64+neon"
        ))]
        fn $detected_digests(active: usize, states: &mut Columns, digests: &Columns) {
            $digests(active, states, digests);
        }

        impl Backend<$function> for Portable {
            const LANES: usize = $lanes;

            fn blocks(self, active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
                $blocks(active, states, rows)
            }

            fn digests(self, active: usize, states: &mut Columns, digests: &Columns) {
                $digests(active, states, digests);
            }
        }

        impl Backend<$function> for Detected {
            const LANES: usize = $lanes;

            fn blocks(self, active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
                $detected_blocks(active, states, rows)
            }

            fn digests(self, active: usize, states: &mut Columns, digests: &Columns) {
                $detected_digests(active, states, digests);
            }
        }
    };
}

plain_kernels!(Md5, md5_lanes, MAX_LANES, md5_blocks, md5_digests, md5_blocks_detected, md5_digests_detected);
plain_kernels!(Sha1, sha1_lanes, WIDTH, sha1_blocks, sha1_digests, sha1_blocks_detected, sha1_digests_detected);
plain_kernels!(Sha256, sha256_lanes, WIDTH, sha256_blocks, sha256_digests, sha256_blocks_detected, sha256_digests_detected);
