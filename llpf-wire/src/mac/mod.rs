//! The Message Authentication Code of a packet: 128 bits of an HMAC, or AES-128-CMAC.
//!
//! ```text
//! |<------------------- covered ------------------>|<--- MAC ---->|
//! +--------------------------------------+---------+--------------+
//! | inner packet, header and payload     | words   | leftmost     |
//! |                                      | 0 and 1 | 128 bits     |
//! +--------------------------------------+---------+--------------+
//! ```

use core::fmt;

use aes::Aes128;
use cmac::{Cmac, KeyInit, Mac as _};
use subtle::ConstantTimeEq;
use wire_lanes::{Md5, Segments, Sha1, Sha256, hmac};

use crate::error::{Error, Field, len32};

/// Octets of the MAC on the wire.
pub const MAC_LEN: usize = 16;

/// Fewest octets of a key: as many as the MAC has.
pub const MIN_KEY_LEN: usize = 16;

/// Most octets of a key: the block of the hash functions, above which a key is hashed and gains nothing (RFC 2104 section 3).
pub const MAX_KEY_LEN: usize = 64;

/// How the MAC is made. It belongs to a key table, and no packet says it.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// HMAC-MD5 (RFC 2104), which has exactly 128 bits: the thesis's example, p. 84. For fidelity only (RFC 6151).
    HmacMd5,
    /// HMAC-SHA-1, the leftmost 128 of 160 bits. For fidelity only (RFC 6194).
    HmacSha1,
    /// HMAC-SHA-256, the leftmost 128 of 256 bits: for new tables.
    HmacSha256,
    /// AES-128-CMAC (RFC 4493).
    AesCmac,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HmacMd5, Self::HmacSha1, Self::HmacSha256, Self::AesCmac];

    /// Octets of the keys that are made for it: as many as the function gives (RFC 2104 section 3).
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::HmacMd5 | Self::AesCmac => 16,
            Self::HmacSha1 => 20,
            Self::HmacSha256 => 32,
        }
    }

    /// The name in files and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacMd5 => "hmac-md5",
            Self::HmacSha1 => "hmac-sha1",
            Self::HmacSha256 => "hmac-sha256",
            Self::AesCmac => "aes-cmac",
        }
    }

    /// The algorithm of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Its number in control messages.
    #[must_use]
    pub const fn to_wire(self) -> u8 {
        match self {
            Self::HmacMd5 => 1,
            Self::HmacSha1 => 2,
            Self::HmacSha256 => 3,
            Self::AesCmac => 4,
        }
    }

    /// The algorithm of a number in control messages.
    #[must_use]
    pub fn from_wire(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.to_wire() == number)
    }

    /// Checks the length of a key: [`MIN_KEY_LEN`] to [`MAX_KEY_LEN`] octets for the HMACs, 16 for AES-128-CMAC.
    ///
    /// # Errors
    /// [`Error::KeyLength`].
    pub fn check_key_len(self, len: usize) -> Result<(), Error> {
        let max = if self == Self::AesCmac { MIN_KEY_LEN } else { MAX_KEY_LEN };
        let needed = len.clamp(MIN_KEY_LEN, max);
        if len == needed { Ok(()) } else { Err(Error::KeyLength { field: Field::Key, found: len32(len), needed: len32(needed) }) }
    }
}

impl Default for Algorithm {
    /// HMAC-SHA-256.
    fn default() -> Self {
        Self::HmacSha256
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key, ready for use. It is wiped when dropped and does not show itself in `Debug`.
#[derive(Clone)]
pub struct Key(pub(crate) Inner);

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "a key lives in its owner; boxing it would need an allocator")]
pub(crate) enum Inner {
    Md5(hmac::Key<Md5>),
    Sha1(hmac::Key<Sha1>),
    Sha256(hmac::Key<Sha256>),
    Cmac(CmacKey),
}

impl Key {
    /// Prepares a key.
    ///
    /// # Errors
    /// [`Error::KeyLength`].
    pub fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self, Error> {
        algorithm.check_key_len(key.len())?;
        Ok(Self(match algorithm {
            Algorithm::HmacMd5 => Inner::Md5(hmac::Key::new(key)),
            Algorithm::HmacSha1 => Inner::Sha1(hmac::Key::new(key)),
            Algorithm::HmacSha256 => Inner::Sha256(hmac::Key::new(key)),
            Algorithm::AesCmac => Inner::Cmac(CmacKey::new(key)?),
        }))
    }

    /// What the key is for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Inner::Md5(_) => Algorithm::HmacMd5,
            Inner::Sha1(_) => Algorithm::HmacSha1,
            Inner::Sha256(_) => Algorithm::HmacSha256,
            Inner::Cmac(_) => Algorithm::AesCmac,
        }
    }

    /// The MAC of `covered`: an inner packet and the first two words of its trailer.
    #[must_use]
    pub fn mac(&self, covered: &[u8]) -> [u8; MAC_LEN] {
        self.mac_of(covered.into())
    }

    /// The MAC of octets that do not lie in one piece.
    pub(crate) fn mac_of(&self, covered: Segments<'_>) -> [u8; MAC_LEN] {
        match &self.0 {
            Inner::Md5(key) => leftmost(key.tag(covered).as_ref()),
            Inner::Sha1(key) => leftmost(key.tag(covered).as_ref()),
            Inner::Sha256(key) => leftmost(key.tag(covered).as_ref()),
            Inner::Cmac(key) => key.mac_of(covered),
        }
    }

    /// Whether `mac` is the MAC of `covered`, in a time that does not depend on where they differ.
    #[must_use]
    pub fn verify(&self, covered: &[u8], mac: &[u8; MAC_LEN]) -> bool {
        is_mac(&self.mac(covered), mac)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

impl zeroize::ZeroizeOnDrop for Key {}

/// A key of AES-128-CMAC: a state that has seen no octet yet, which RustCrypto wipes.
#[derive(Clone)]
pub(crate) struct CmacKey(Cmac<Aes128>);

impl CmacKey {
    pub(crate) fn new(key: &[u8]) -> Result<Self, Error> {
        let length = Error::KeyLength { field: Field::Key, found: len32(key.len()), needed: len32(MIN_KEY_LEN) };
        Cmac::new_from_slice(key).map(Self).map_err(|_| length)
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn mac(&self, covered: &[u8]) -> [u8; MAC_LEN] {
        self.mac_of(covered.into())
    }

    fn mac_of(&self, covered: Segments<'_>) -> [u8; MAC_LEN] {
        let mut mac = self.0.clone();
        covered.iter().for_each(|piece| mac.update(piece));
        mac.finalize().into_bytes().into()
    }
}

/// The first octets of what a function gives, 16 at least.
#[inline]
pub(crate) fn leftmost(tag: &[u8]) -> [u8; MAC_LEN] {
    tag.first_chunk().copied().unwrap_or_default()
}

/// Whether `mac` is the leftmost part of a tag, in a time that does not depend on where they differ: each is compared as two numbers.
#[inline]
pub(crate) fn is_mac(tag: &[u8], mac: &[u8; MAC_LEN]) -> bool {
    let differ = u128::from_ne_bytes(leftmost(tag)) ^ u128::from_ne_bytes(*mac);
    let [a, b, c, d, e, f, g, h, low @ ..] = differ.to_ne_bytes();
    (u64::from_ne_bytes([a, b, c, d, e, f, g, h]) | u64::from_ne_bytes(low)).ct_eq(&0).into()
}

#[cfg(test)]
mod tests;
