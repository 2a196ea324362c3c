//! A block in a register of 128 bits, eight registers in turn.

#![expect(
    clippy::indexing_slicing,
    reason = "each index is a remainder by the length of its array, or below a number that is one"
)]

use core::arch::x86_64::{
    __m128i, _mm_aesdec_si128, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128, _mm_loadu_si128, _mm_setzero_si128,
    _mm_storeu_si128, _mm_xor_si128,
};

use crate::cbc::key::MAX_ROUND_KEYS;
use crate::cbc::schedule::{Chains, LaneKeys, MAX_LANES, RowsMut};
use crate::cbc::{Block, Key};

#[inline]
#[target_feature(enable = "aes,sse2")]
fn load(block: &Block) -> __m128i {
    // SAFETY: the 16 octets of a block are read, without any need of alignment.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "aes,sse2")]
fn store(block: &mut Block, value: __m128i) {
    // SAFETY: the 16 octets of a block are written, without any need of alignment.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), value) };
}

/// CBC encryption in up to 8 lanes.
#[target_feature(enable = "aes,sse2")]
pub(super) fn encrypt(chains: &mut Chains, rows: &mut RowsMut<'_>, keys: &LaneKeys<'_, '_>, rounds: usize) {
    match (keys.shared(), keys.schedule()) {
        (Some(key), _) => {
            let key = key.encryption();
            lanes_of(chains, rows, rounds, |round, _| load(&key[round % MAX_ROUND_KEYS]))
        }
        (None, Some(schedule)) => {
            lanes_of(chains, rows, rounds, |round, lane| load(&schedule.0[round % MAX_ROUND_KEYS][lane % MAX_LANES]))
        }
        (None, None) => {}
    }
}

#[inline]
#[target_feature(enable = "aes,sse2")]
fn lanes_of(chains: &mut Chains, rows: &mut RowsMut<'_>, rounds: usize, key: impl Fn(usize, usize) -> __m128i) {
    let count = rows.count();
    match rows.rows_mut() {
        [] => {}
        [a] => lanes([a], chains, count, rounds, key),
        [a, b] => lanes([a, b], chains, count, rounds, key),
        [a, b, c] => lanes([a, b, c], chains, count, rounds, key),
        [a, b, c, d] => lanes([a, b, c, d], chains, count, rounds, key),
        [a, b, c, d, e] => lanes([a, b, c, d, e], chains, count, rounds, key),
        [a, b, c, d, e, f] => lanes([a, b, c, d, e, f], chains, count, rounds, key),
        [a, b, c, d, e, f, g] => lanes([a, b, c, d, e, f, g], chains, count, rounds, key),
        [a, b, c, d, e, f, g, h, ..] => lanes([a, b, c, d, e, f, g, h], chains, count, rounds, key),
    }
}

/// CBC encryption of the first `count` blocks of `N` rows.
#[inline]
#[target_feature(enable = "aes,sse2")]
fn lanes<const N: usize>(
    mut rows: [&mut [Block]; N],
    chains: &mut Chains,
    count: usize,
    rounds: usize,
    key: impl Fn(usize, usize) -> __m128i,
) {
    let mut states = [_mm_setzero_si128(); N];
    for (state, chain) in states.iter_mut().zip(&chains.0) {
        *state = load(chain);
    }
    let last = rounds % MAX_ROUND_KEYS;
    for at in 0..count {
        for (lane, (state, row)) in states.iter_mut().zip(&rows).enumerate() {
            let plain = row.get(at).map_or_else(|| _mm_setzero_si128(), |block| load(block));
            *state = _mm_xor_si128(_mm_xor_si128(*state, plain), key(0, lane));
        }
        for round in 1..last {
            for (lane, state) in states.iter_mut().enumerate() {
                *state = _mm_aesenc_si128(*state, key(round, lane));
            }
        }
        for (lane, (state, row)) in states.iter_mut().zip(&mut rows).enumerate() {
            *state = _mm_aesenclast_si128(*state, key(last, lane));
            if let Some(block) = row.get_mut(at) {
                store(block, *state);
            }
        }
    }
    for (state, chain) in states.iter().zip(&mut chains.0) {
        store(chain, *state);
    }
}

/// Blocks that are decrypted together.
const TOGETHER: usize = 8;

/// CBC decryption of one message: its blocks do not wait for each other.
#[target_feature(enable = "aes,sse2")]
pub(super) fn decrypt(key: &Key, iv: &Block, blocks: &mut [Block]) {
    let mut before = load(iv);
    let (many, rest) = blocks.as_chunks_mut::<TOGETHER>();
    for blocks in many {
        decrypt_chunk(key, &mut before, blocks);
    }
    let (some, rest) = rest.as_chunks_mut::<2>();
    for blocks in some {
        decrypt_chunk(key, &mut before, blocks);
    }
    for block in rest {
        decrypt_chunk(key, &mut before, core::array::from_mut(block));
    }
}

#[inline]
#[target_feature(enable = "aes,sse2")]
fn decrypt_chunk<const N: usize>(key: &Key, before: &mut __m128i, blocks: &mut [Block; N]) {
    let keys = key.decryption();
    let last = key.rounds() % MAX_ROUND_KEYS;
    let mut cipher = [_mm_setzero_si128(); N];
    for (register, block) in cipher.iter_mut().zip(blocks.iter()) {
        *register = load(block);
    }
    let mut states = cipher;
    for state in &mut states {
        *state = _mm_xor_si128(*state, load(&keys[0]));
    }
    for key in &keys[1..last] {
        for state in &mut states {
            *state = _mm_aesdec_si128(*state, load(key));
        }
    }
    for ((state, cipher), block) in states.into_iter().zip(cipher).zip(blocks) {
        store(block, _mm_xor_si128(_mm_aesdeclast_si128(state, load(&keys[last])), *before));
        *before = cipher;
    }
}
