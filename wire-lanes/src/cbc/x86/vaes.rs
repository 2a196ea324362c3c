//! Four blocks in a register of 512 bits: of four messages to encrypt, of one message to decrypt.

#![expect(
    clippy::indexing_slicing,
    reason = "each index is a remainder by the length of its array, or below a number that is one"
)]

use core::arch::x86_64::{
    __m128i, __m512i, _mm_loadu_si128, _mm_storeu_si128, _mm512_aesdec_epi128, _mm512_aesdeclast_epi128, _mm512_aesenc_epi128,
    _mm512_aesenclast_epi128, _mm512_alignr_epi64, _mm512_broadcast_i32x4, _mm512_castsi512_si128, _mm512_extracti32x4_epi32,
    _mm512_inserti32x4, _mm512_load_si512, _mm512_loadu_si512, _mm512_mask_storeu_epi64, _mm512_maskz_loadu_epi64,
    _mm512_setzero_si512, _mm512_store_si512, _mm512_storeu_si512, _mm512_xor_si512, _mm512_zextsi128_si512,
};

use crate::cbc::key::MAX_ROUND_KEYS;
use crate::cbc::schedule::{Chains, LaneKeys, MAX_LANES, RowsMut, Schedule};
use crate::cbc::{Block, Key};

/// Lanes of a register.
const WIDTH: usize = 4;
/// Registers that all lanes take.
const GROUPS: usize = MAX_LANES / WIDTH;

/// Lanes of the kernel that is taken for so many messages.
pub(super) const fn taking_part(active: usize) -> usize {
    match active {
        0..=4 => 4,
        5..=8 => 8,
        9..=16 => 16,
        17..=24 => 24,
        _ => 32,
    }
}

/// CBC encryption in up to 32 lanes.
#[target_feature(enable = "avx512f,vaes")]
pub(super) fn encrypt(chains: &mut Chains, rows: &mut RowsMut<'_>, keys: &LaneKeys<'_, '_>, rounds: usize) {
    let lanes = taking_part(rows.rows_mut().len());
    match (keys.shared(), keys.schedule()) {
        (Some(key), _) => {
            let key = broadcast(key.encryption());
            match lanes {
                4 => in_lanes::<1>(chains, rows, rounds, |round, _| key[round % MAX_ROUND_KEYS]),
                8 => in_lanes::<2>(chains, rows, rounds, |round, _| key[round % MAX_ROUND_KEYS]),
                16 => in_lanes::<4>(chains, rows, rounds, |round, _| key[round % MAX_ROUND_KEYS]),
                24 => in_lanes::<6>(chains, rows, rounds, |round, _| key[round % MAX_ROUND_KEYS]),
                _ => in_lanes::<8>(chains, rows, rounds, |round, _| key[round % MAX_ROUND_KEYS]),
            }
        }
        (None, Some(schedule)) => match lanes {
            4 => in_lanes::<1>(chains, rows, rounds, |round, register| load_keys(schedule, round, register)),
            8 => in_lanes::<2>(chains, rows, rounds, |round, register| load_keys(schedule, round, register)),
            16 => in_lanes::<4>(chains, rows, rounds, |round, register| load_keys(schedule, round, register)),
            24 => in_lanes::<6>(chains, rows, rounds, |round, register| load_keys(schedule, round, register)),
            _ => in_lanes::<8>(chains, rows, rounds, |round, register| load_keys(schedule, round, register)),
        },
        (None, None) => {}
    }
}

/// The keys of a round for the four lanes of a register.
#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn load_keys(schedule: &Schedule, round: usize, register: usize) -> __m512i {
    let (groups, _) = schedule.0[round % MAX_ROUND_KEYS].as_chunks::<WIDTH>();
    // SAFETY: the four blocks of a group are read. `Schedule` is aligned to 64 octets, a row has 512 and a group 64, so that each is aligned.
    unsafe { _mm512_load_si512(groups[register % GROUPS].as_ptr().cast()) }
}

/// Each round key four times.
#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn broadcast(round_keys: &[Block; MAX_ROUND_KEYS]) -> [__m512i; MAX_ROUND_KEYS] {
    let mut registers = [_mm512_setzero_si512(); MAX_ROUND_KEYS];
    for (register, round_key) in registers.iter_mut().zip(round_keys) {
        // SAFETY: the 16 octets of a block are read, without any need of alignment.
        *register = _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(round_key.as_ptr().cast()) });
    }
    registers
}

/// CBC encryption in `N` registers of lanes. Lanes without a message do what the first lane does, to the same octets.
#[inline]
#[target_feature(enable = "avx512f,vaes")]
fn in_lanes<const N: usize>(chains: &mut Chains, rows: &mut RowsMut<'_>, rounds: usize, key: impl Fn(usize, usize) -> __m512i) {
    const { assert!(N <= GROUPS) };
    let count = rows.count();
    let [first, others @ ..] = rows.rows_mut() else { return };
    let mut bases: [[*mut Block; WIDTH]; GROUPS] = [[first.as_mut_ptr(); WIDTH]; GROUPS];
    for (base, row) in bases.as_flattened_mut().iter_mut().skip(1).zip(others) {
        *base = row.as_mut_ptr();
    }
    let mut states = [_mm512_setzero_si512(); N];
    for (state, chains) in states.iter_mut().zip(chains.0.as_chunks::<WIDTH>().0) {
        // SAFETY: four blocks are read. `Chains` is aligned to 64 octets and a group has 64, so that each is aligned.
        *state = unsafe { _mm512_load_si512(chains.as_ptr().cast()) };
    }
    let last = rounds % MAX_ROUND_KEYS;
    for block in 0..count {
        for (register, state) in states.iter_mut().enumerate() {
            // SAFETY: `block` is below the count of every row.
            let plain = unsafe { load_lanes(&bases[register % GROUPS], block) };
            *state = _mm512_xor_si512(_mm512_xor_si512(*state, plain), key(0, register));
        }
        for round in 1..last {
            for (register, state) in states.iter_mut().enumerate() {
                *state = _mm512_aesenc_epi128(*state, key(round, register));
            }
        }
        for (register, state) in states.iter_mut().enumerate() {
            *state = _mm512_aesenclast_epi128(*state, key(last, register));
            // SAFETY: as above. Rows are borrowed mutably, and none lies in another; all lanes' blocks have been read before the first is written.
            unsafe { store_lanes(&bases[register % GROUPS], block, *state) };
        }
    }
    for (state, chains) in states.iter().zip(chains.0.as_chunks_mut::<WIDTH>().0) {
        // SAFETY: as where they were read.
        unsafe { _mm512_store_si512(chains.as_mut_ptr().cast(), *state) };
    }
}

/// Block `block` of four lanes.
///
/// # Safety
/// Each lane's base must be the first of more than `block` blocks.
#[inline]
#[target_feature(enable = "avx512f,vaes")]
unsafe fn load_lanes(bases: &[*mut Block; WIDTH], block: usize) -> __m512i {
    // SAFETY: the caller says that there is such a block; its 16 octets are read, without any need of alignment.
    let [a, b, c, d] = bases.map(|base| unsafe { _mm_loadu_si128(base.add(block).cast::<__m128i>()) });
    let ab = _mm512_inserti32x4::<1>(_mm512_zextsi128_si512(a), b);
    let abc = _mm512_inserti32x4::<2>(ab, c);
    _mm512_inserti32x4::<3>(abc, d)
}

/// The counterpart of [`load_lanes`].
///
/// # Safety
/// As there, and the blocks may be written.
#[inline]
#[target_feature(enable = "avx512f,vaes")]
unsafe fn store_lanes(bases: &[*mut Block; WIDTH], block: usize, state: __m512i) {
    let values = [
        _mm512_castsi512_si128(state),
        _mm512_extracti32x4_epi32::<1>(state),
        _mm512_extracti32x4_epi32::<2>(state),
        _mm512_extracti32x4_epi32::<3>(state),
    ];
    for (base, value) in bases.iter().zip(values) {
        // SAFETY: the caller says that there is such a block; its 16 octets are written, without any need of alignment.
        unsafe { _mm_storeu_si128(base.add(block).cast::<__m128i>(), value) };
    }
}

/// Registers that are decrypted together.
const TOGETHER: usize = 4;

/// CBC decryption of one message: its blocks do not wait for each other.
#[target_feature(enable = "avx512f,vaes")]
pub(super) fn decrypt(key: &Key, iv: &Block, blocks: &mut [Block]) {
    let keys = broadcast(key.decryption());
    let last = key.rounds() % MAX_ROUND_KEYS;
    // The ciphertext before, its last block highest.
    // SAFETY: the 16 octets of a block are read, without any need of alignment.
    let mut before = _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(iv.as_ptr().cast()) });
    let (many, rest) = blocks.as_chunks_mut::<{ WIDTH * TOGETHER }>();
    for blocks in many {
        let mut cipher = [_mm512_setzero_si512(); TOGETHER];
        for (register, blocks) in cipher.iter_mut().zip(blocks.as_chunks::<WIDTH>().0) {
            // SAFETY: four blocks of 16 octets are read, without any need of alignment.
            *register = unsafe { _mm512_loadu_si512(blocks.as_ptr().cast()) };
        }
        let mut states = cipher;
        for state in &mut states {
            *state = _mm512_xor_si512(*state, keys[0]);
        }
        for key in &keys[1..last] {
            for state in &mut states {
                *state = _mm512_aesdec_epi128(*state, *key);
            }
        }
        for ((state, cipher), blocks) in states.iter().zip(cipher).zip(blocks.as_chunks_mut::<WIDTH>().0) {
            let plain = _mm512_aesdeclast_epi128(*state, _mm512_xor_si512(keys[last], _mm512_alignr_epi64::<6>(cipher, before)));
            before = cipher;
            // SAFETY: four blocks of 16 octets are written, without any need of alignment.
            unsafe { _mm512_storeu_si512(blocks.as_mut_ptr().cast(), plain) };
        }
    }
    for blocks in rest.chunks_mut(WIDTH) {
        let words: u8 = match blocks.len() {
            1 => 0x03,
            2 => 0x0f,
            3 => 0x3f,
            _ => 0xff,
        };
        // SAFETY: of the 64 octets those are read that the mask has: two words of 8 octets for each of the one to four blocks.
        let cipher = unsafe { _mm512_maskz_loadu_epi64(words, blocks.as_ptr().cast()) };
        let mut state = _mm512_xor_si512(cipher, keys[0]);
        for key in &keys[1..last] {
            state = _mm512_aesdec_epi128(state, *key);
        }
        let plain = _mm512_aesdeclast_epi128(state, _mm512_xor_si512(keys[last], _mm512_alignr_epi64::<6>(cipher, before)));
        before = cipher;
        // SAFETY: as where they were read.
        unsafe { _mm512_mask_storeu_epi64(blocks.as_mut_ptr().cast(), words, plain) };
    }
}
