//! AES by the instructions of x86-64. A value of [`Vaes`] or [`AesNi`] is the proof that the CPU has what its kernels need.

mod aes_ni;
mod vaes;

use super::schedule::{Backend, Chains, LaneKeys, RowsMut};
use super::{Block, Key};

cpufeatures::new!(has_vaes, "vaes", "avx512f");
cpufeatures::new!(has_aes_ni, "aes", "sse2");

/// The CPU has AES in registers of 512 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vaes(());

/// The CPU has AES in registers of 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AesNi(());

impl Vaes {
    pub(crate) fn detect() -> Option<Self> {
        has_vaes::get().then_some(Self(()))
    }

    #[inline]
    pub(crate) fn decrypt(self, key: &Key, iv: &Block, blocks: &mut [Block]) {
        // SAFETY: a value of this type exists only where the CPU has VAES and AVX-512 F.
        unsafe { vaes::decrypt(key, iv, blocks) }
    }
}

impl AesNi {
    pub(crate) fn detect() -> Option<Self> {
        has_aes_ni::get().then_some(Self(()))
    }

    #[inline]
    pub(crate) fn decrypt(self, key: &Key, iv: &Block, blocks: &mut [Block]) {
        // SAFETY: a value of this type exists only where the CPU has AES-NI.
        unsafe { aes_ni::decrypt(key, iv, blocks) }
    }
}

impl Backend for Vaes {
    const LANES: usize = 32;
    const SHORT: usize = 4;

    #[inline]
    fn taking_part(active: usize) -> usize {
        vaes::taking_part(active)
    }

    #[inline]
    fn encrypt(self, chains: &mut Chains, rows: &mut RowsMut<'_>, keys: &LaneKeys<'_, '_>, rounds: usize) {
        // SAFETY: a value of this type exists only where the CPU has VAES and AVX-512 F.
        unsafe { vaes::encrypt(chains, rows, keys, rounds) }
    }
}

impl Backend for AesNi {
    const LANES: usize = 8;
    const SHORT: usize = 4;

    #[inline]
    fn taking_part(active: usize) -> usize {
        active
    }

    #[inline]
    fn encrypt(self, chains: &mut Chains, rows: &mut RowsMut<'_>, keys: &LaneKeys<'_, '_>, rounds: usize) {
        // SAFETY: a value of this type exists only where the CPU has AES-NI.
        unsafe { aes_ni::encrypt(chains, rows, keys, rounds) }
    }
}
