//! Kernels for x86-64. A value of [`Avx512`], [`Avx2`] or [`ShaNi`] is the proof that the CPU has what its kernels need.

mod avx2;
mod avx512;
mod sha_ni;

use super::backend::{Backend, Columns, Rows};
use super::{Md5, Sha1, Sha256};

cpufeatures::new!(has_avx512, "avx512f", "avx512bw");
cpufeatures::new!(has_avx2, "avx2");
cpufeatures::new!(has_sha_ni, "sha", "ssse3", "sse4.1");

/// The CPU has AVX-512 F and BW.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512 {
    /// Takes over where few lanes are left.
    sha_ni: Option<ShaNi>,
}

/// The CPU has AVX2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

/// The CPU has the SHA extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShaNi(());

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        has_avx512::get().then(|| Self { sha_ni: ShaNi::detect() })
    }

    /// The same without SHA extensions.
    pub(crate) const fn without_sha_ni(self) -> Self {
        Self { sha_ni: None }
    }
}

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        has_avx2::get().then_some(Self(()))
    }
}

impl ShaNi {
    pub(crate) fn detect() -> Option<Self> {
        has_sha_ni::get().then_some(Self(()))
    }
}

impl Backend<Md5> for Avx512 {
    const LANES: usize = 32;

    #[inline]
    fn blocks(self, active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
        // SAFETY: a value of this type exists only where the CPU has AVX-512 F and BW.
        unsafe { if active <= 16 { avx512::md5_blocks(states, rows) } else { avx512::md5_blocks_pair(states, rows) } }
    }

    #[inline]
    fn digests(self, active: usize, states: &mut Columns, words: &Columns) {
        // SAFETY: as above.
        unsafe { if active <= 16 { avx512::md5_digests(states, words) } else { avx512::md5_digests_pair(states, words) } }
    }
}

/// Lanes down to which SHA-1 by AVX-512 is worth it, where there are SHA extensions.
const FEW_SHA1: usize = 4;
/// The same for SHA-256.
const FEW_SHA256: usize = 6;

macro_rules! sha_backends {
    ($function:ty, $few:expr, $blocks:ident, $digests:ident) => {
        impl Backend<$function> for Avx512 {
            const LANES: usize = 16;

            #[inline]
            fn blocks(self, active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
                match self.sha_ni {
                    Some(sha_ni) if active <= $few => Backend::<$function>::blocks(sha_ni, active, states, rows),
                    // SAFETY: a value of this type exists only where the CPU has AVX-512 F and BW.
                    _ => unsafe { avx512::$blocks(states, rows) },
                }
            }

            #[inline]
            fn digests(self, active: usize, states: &mut Columns, words: &Columns) {
                match self.sha_ni {
                    Some(sha_ni) if active <= $few => Backend::<$function>::digests(sha_ni, active, states, words),
                    // SAFETY: as above.
                    _ => unsafe { avx512::$digests(states, words) },
                }
            }
        }

        impl Backend<$function> for Avx2 {
            const LANES: usize = 8;

            #[inline]
            fn blocks(self, _active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
                // SAFETY: a value of this type exists only where the CPU has AVX2.
                unsafe { avx2::$blocks(states, rows) }
            }

            #[inline]
            fn digests(self, _active: usize, states: &mut Columns, words: &Columns) {
                // SAFETY: as above.
                unsafe { avx2::$digests(states, words) }
            }
        }

        impl Backend<$function> for ShaNi {
            const LANES: usize = 4;

            #[inline]
            fn blocks(self, active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
                // SAFETY: a value of this type exists only where the CPU has the SHA extensions, SSSE3 and SSE4.1.
                unsafe { sha_ni::$blocks(active, states, rows) }
            }

            #[inline]
            fn digests(self, active: usize, states: &mut Columns, words: &Columns) {
                // SAFETY: as above.
                unsafe { sha_ni::$digests(active, states, words) }
            }
        }
    };
}

sha_backends!(Sha1, FEW_SHA1, sha1_blocks, sha1_digests);
sha_backends!(Sha256, FEW_SHA256, sha256_blocks, sha256_digests);

impl Backend<Md5> for Avx2 {
    const LANES: usize = 16;

    #[inline]
    fn blocks(self, active: usize, states: &mut Columns, rows: &Rows<'_>) -> usize {
        // SAFETY: a value of this type exists only where the CPU has AVX2.
        unsafe { if active <= 8 { avx2::md5_blocks(states, rows) } else { avx2::md5_blocks_pair(states, rows) } }
    }

    #[inline]
    fn digests(self, active: usize, states: &mut Columns, words: &Columns) {
        // SAFETY: as above.
        unsafe { if active <= 8 { avx2::md5_digests(states, words) } else { avx2::md5_digests_pair(states, words) } }
    }
}

/// Keeps loads behind it from being moved up in front of it. Compilers like to begin with all loads of a block, which then fill the registers and are
/// spilled; those of a few rounds ahead are enough.
#[inline(always)]
fn stay() {
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
}
