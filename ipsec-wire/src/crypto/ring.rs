//! AES-GCM and ChaCha20-Poly1305 by `ring`, whose assembly does encryption and authentication in one pass.

use ring::aead::{self, AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroize;

use super::parts::{Parts, Salt, split_salt};
use super::{AhJob, Job, Pieces, RustCrypto, Transform};
use crate::algorithm::{CombinedMode, Keys, Suite};
use crate::error::{Error, Field};
use crate::octets::copy;

/// Octets of the only ICV that `ring` checks.
const TAG_LEN: usize = 16;

/// The keyed algorithms of one association: AES-GCM with keys of 128 and 256 bits and an ICV of 16 octets, and ChaCha20-Poly1305, by `ring`; every
/// other suite by [`RustCrypto`]. To be given to [`Builder::outbound_with`](crate::Builder::outbound_with) and
/// [`Builder::inbound_with`](crate::Builder::inbound_with).
///
/// Packets are the same octets either way. What is other: `ring` does not wipe its expanded keys when they are dropped, and it decrypts before it can
/// tell whether the ICV holds: where it does not, the body is wiped.
pub struct Ring(Engine);

impl Ring {
    /// Sets the keys of `suite` up.
    ///
    /// # Errors
    /// Those of [`RustCrypto::new`].
    pub fn new(suite: &Suite, keys: &Keys<'_>) -> Result<Self, Error> {
        suite.check_keys(keys)?;
        let Suite::EspCombined(combined) = suite else { return Self::other(suite, keys) };
        let (key, salt) = split_salt(keys.encryption)?;
        let algorithm = match (combined.mode(), key.len(), suite.icv_len()) {
            (CombinedMode::AesGcm, 16, TAG_LEN) => &AES_128_GCM,
            (CombinedMode::AesGcm, 32, TAG_LEN) => &AES_256_GCM,
            (CombinedMode::ChaCha20Poly1305, 32, TAG_LEN) => &CHACHA20_POLY1305,
            _ => return Self::other(suite, keys),
        };
        let key = UnboundKey::new(algorithm, key).map_err(|_| Error::Unsupported(Field::EncryptionKey))?;
        Ok(Self(Engine::Ring { key: LessSafeKey::new(key), salt, iv_len: suite.iv_len() }))
    }

    fn other(suite: &Suite, keys: &Keys<'_>) -> Result<Self, Error> {
        RustCrypto::new(suite, keys).map(|other| Self(Engine::Other(other)))
    }

    /// Whether the suite is one of those that `ring` does, and not left to [`RustCrypto`].
    #[must_use]
    pub const fn is_native(&self) -> bool {
        matches!(self.0, Engine::Ring { .. })
    }
}

impl core::fmt::Debug for Ring {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}

impl Transform for Ring {
    #[inline]
    fn seal(&self, job: &mut Job<'_>) {
        let (key, salt, iv_len) = match &self.0 {
            Engine::Ring { key, salt, iv_len } => (key, salt, *iv_len),
            Engine::Other(other) => return other.seal(job),
        };
        let Some(parts) = Parts::of(job.packet, iv_len, TAG_LEN) else { return };
        let (nonce, aad) = (parts.nonce(salt, job.esn_high), parts.aad(job.esn_high));
        // Only more than 2^36 octets are an error, and no packet has them.
        let tag = key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aead::Aad::from(aad.octets()), parts.body);
        if let Ok(tag) = tag {
            copy(parts.icv, tag.as_ref());
        }
    }

    #[inline]
    fn open(&self, job: &mut Job<'_>) {
        let (key, salt, iv_len) = match &self.0 {
            Engine::Ring { key, salt, iv_len } => (key, salt, *iv_len),
            Engine::Other(other) => return other.open(job),
        };
        job.authentic = false;
        let Some(parts) = Parts::of(job.packet, iv_len, TAG_LEN) else { return };
        let (nonce, aad) = (parts.nonce(salt, job.esn_high), parts.aad(job.esn_high));
        let Ok(tag) = aead::Tag::try_from(&*parts.icv) else { return };
        let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), aead::Aad::from(aad.octets()));
        job.authentic = key.open_in_place_separate_tag(nonce, aad, tag, parts.body, 0..).is_ok();
    }

    fn seal_batch(&self, jobs: &mut [Job<'_>]) {
        match &self.0 {
            Engine::Ring { .. } => jobs.iter_mut().for_each(|job| self.seal(job)),
            Engine::Other(other) => other.seal_batch(jobs),
        }
    }

    fn open_batch(&self, jobs: &mut [Job<'_>]) {
        match &self.0 {
            Engine::Ring { .. } => jobs.iter_mut().for_each(|job| self.open(job)),
            Engine::Other(other) => other.open_batch(jobs),
        }
    }

    fn ah_icv(&self, pieces: Pieces<'_>, icv: &mut [u8]) {
        if let Engine::Other(other) = &self.0 {
            other.ah_icv(pieces, icv);
        }
    }

    fn ah_icv_batch(&self, jobs: &mut [AhJob<'_>]) {
        if let Engine::Other(other) = &self.0 {
            other.ah_icv_batch(jobs);
        }
    }
}

#[expect(
    clippy::large_enum_variant,
    reason = "an association lives where its owner puts it; there may be no allocator for a box"
)]
enum Engine {
    Ring { key: LessSafeKey, salt: Salt, iv_len: usize },
    Other(RustCrypto),
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Self::Ring { salt, .. } = self {
            salt.zeroize();
        }
    }
}

#[cfg(test)]
mod tests;
