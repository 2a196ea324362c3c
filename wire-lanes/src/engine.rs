//! Which lanes there are on this CPU.

use crate::hash::{Detected, Md5, Portable, Sha1, Sha256, Visitor};

#[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
use crate::cbc::x86::{AesNi, Vaes};
#[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
use crate::hash::x86::{Avx2, Avx512, ShaNi};

/// The way to the lanes: which kernels this CPU can run, found out once.
///
/// It is a small value, to be copied. [`Engine::new`] asks the CPU the first time in a process, and remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Engine {
    path: Kernels,
    aes: AesKernels,
}

/// A set of kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Path {
    /// 16 lanes a register, MD5 32 lanes; the last few messages of SHA-1 and SHA-256 by the SHA extensions. AES in up to 32 lanes by VAES.
    Avx512,
    /// 8 lanes a register, MD5 16 lanes; SHA-1 and SHA-256 by the SHA extensions in 4 streams where there are any. AES in 8 streams by AES-NI.
    Avx2,
    /// Loops without any `unsafe` that the compiler vectorises for AVX-512, AVX2 or the compilation's target, whichever the CPU is found to have.
    Detected,
    /// The same loops for the compilation's target alone.
    Portable,
}

/// A path, with the proofs that the CPU has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kernels {
    #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
    Avx512(Avx512),
    #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
    Avx2(Avx2, Option<ShaNi>),
    Detected,
    Portable,
}

/// The same for AES.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AesKernels {
    #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
    Vaes(Vaes),
    #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
    AesNi(AesNi),
    Portable,
}

impl AesKernels {
    /// What goes with a path.
    fn of(path: Path) -> Self {
        #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
        {
            let vaes = if path == Path::Avx512 { Vaes::detect() } else { None };
            let aes_ni = if matches!(path, Path::Avx512 | Path::Avx2) { AesNi::detect() } else { None };
            match (vaes, aes_ni) {
                (Some(vaes), _) => Self::Vaes(vaes),
                (None, Some(aes_ni)) => Self::AesNi(aes_ni),
                (None, None) => Self::Portable,
            }
        }
        #[cfg(not(all(target_arch = "x86_64", not(feature = "safe-only"))))]
        {
            let _ = path;
            Self::Portable
        }
    }
}

impl Engine {
    /// The fastest path that this CPU has.
    #[must_use]
    pub fn new() -> Self {
        [Path::Avx512, Path::Avx2]
            .into_iter()
            .find_map(Self::with_path)
            .unwrap_or(Self { path: Kernels::Detected, aes: AesKernels::Portable })
    }

    /// The path that is taken.
    #[must_use]
    pub const fn path(self) -> Path {
        match self.path {
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx512(..) => Path::Avx512,
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx2(..) => Path::Avx2,
            Kernels::Detected => Path::Detected,
            Kernels::Portable => Path::Portable,
        }
    }

    /// One path, if this build and this CPU have it: for tests and benchmarks.
    #[doc(hidden)]
    #[must_use]
    pub fn with_path(path: Path) -> Option<Self> {
        let aes = AesKernels::of(path);
        let path = match path {
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Path::Avx512 => Kernels::Avx512(Avx512::detect()?),
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Path::Avx2 => Kernels::Avx2(Avx2::detect()?, ShaNi::detect()),
            #[cfg(not(all(target_arch = "x86_64", not(feature = "safe-only"))))]
            Path::Avx512 | Path::Avx2 => return None,
            Path::Detected => Kernels::Detected,
            Path::Portable => Kernels::Portable,
        };
        Some(Self { path, aes })
    }

    /// The same path as a CPU without SHA extensions has it: for tests and benchmarks.
    #[doc(hidden)]
    #[must_use]
    pub fn without_sha_extensions(self) -> Self {
        let path = match self.path {
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx512(avx512) => Kernels::Avx512(avx512.without_sha_ni()),
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx2(avx2, _) => Kernels::Avx2(avx2, None),
            other => other,
        };
        Self { path, ..self }
    }

    /// Every path that this build and this CPU have, each with and without SHA extensions: for tests.
    #[doc(hidden)]
    pub fn all() -> impl Iterator<Item = Self> {
        [Path::Avx512, Path::Avx2, Path::Detected, Path::Portable]
            .into_iter()
            .filter_map(Self::with_path)
            .flat_map(|engine| [Some(engine), Some(engine.without_sha_extensions()).filter(|other| *other != engine)])
            .flatten()
    }

    pub(crate) const fn aes(self) -> AesKernels {
        self.aes
    }

    pub(crate) fn visit_md5<V: Visitor<Md5>>(self, visitor: V) -> V::Result {
        match self.path {
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx512(avx512) => visitor.visit(avx512),
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx2(avx2, _) => visitor.visit(avx2),
            Kernels::Detected => visitor.visit(Detected),
            Kernels::Portable => visitor.visit(Portable),
        }
    }

    pub(crate) fn visit_sha1<V: Visitor<Sha1>>(self, visitor: V) -> V::Result {
        match self.path {
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx512(avx512) => visitor.visit(avx512),
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx2(_, Some(sha_ni)) => visitor.visit(sha_ni),
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx2(avx2, None) => visitor.visit(avx2),
            Kernels::Detected => visitor.visit(Detected),
            Kernels::Portable => visitor.visit(Portable),
        }
    }

    pub(crate) fn visit_sha256<V: Visitor<Sha256>>(self, visitor: V) -> V::Result {
        match self.path {
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx512(avx512) => visitor.visit(avx512),
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx2(_, Some(sha_ni)) => visitor.visit(sha_ni),
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            Kernels::Avx2(avx2, None) => visitor.visit(avx2),
            Kernels::Detected => visitor.visit(Detected),
            Kernels::Portable => visitor.visit(Portable),
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}
