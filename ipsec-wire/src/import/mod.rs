//! Readers of what other tools print about security associations and policy: `ip xfrm state` and `ip xfrm policy` of iproute2 ([`xfrm`]), and
//! the `esp_sa` table of Wireshark ([`esp_sa`]).
//!
//! They give what is written, in this crate's words: algorithms as enums, keys as octets, addresses, numbers. Reading judges nothing: an algorithm that
//! this crate does not have is read too. [`Protection::esp`] and [`Protection::ah`] make a suite and keys of it, [`xfrm::State::sender`],
//! [`xfrm::State::receiver`] and [`esp_sa::EspSa::builder`] a [`Builder`](crate::Builder), which judges. Errors of reading say line and offset. Keys are
//! zeroed when dropped, and never printed.

mod algorithms;
mod association;
pub mod esp_sa;
mod protocols;
mod text;
pub mod xfrm;

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

pub use algorithms::{Cipher, Combined, Integrity};

/// The octets of a key, with the salt or nonce behind it where the algorithm has one. Zeroed when dropped; its `Debug` does not show them.
#[derive(Clone)]
pub struct Key(Zeroizing<Vec<u8>>);

impl Key {
    /// The octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// How many there are, salt included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none: the null cipher's.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Two digits an octet. An odd number of digits has a 0 before the first, as Wireshark has it. `None` if a character is no digit.
    pub(crate) fn from_hex(digits: &str) -> Option<Self> {
        // Made at its final size: growing would leave a copy of the key behind.
        let mut octets = Zeroizing::new(alloc::vec![0; digits.len().div_ceil(2)]);
        let nibbles = digits.chars().rev().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()));
        for (at, nibble) in nibbles.enumerate() {
            let octet = octets.iter_mut().rev().nth(at / 2)?;
            *octet |= if at % 2 == 0 { nibble? } else { nibble? << 4 };
        }
        Some(Self(octets))
    }

    pub(crate) fn from_octets(octets: &[u8]) -> Self {
        Self(Zeroizing::new(octets.to_vec()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// An algorithm with its key.
#[derive(Debug, Clone)]
pub struct Keyed<A> {
    /// Which one.
    pub algorithm: A,
    /// The key, salt or nonce behind it; none where it was not printed (`nokeys`).
    pub key: Option<Key>,
    /// Bits of the ICV, where they are given.
    pub icv_bits: Option<u16>,
}

/// What an SA protects packets with. Nonsense is possible, and refused by who builds the SA.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    /// The cipher, if it has no ICV of its own.
    pub cipher: Option<Keyed<Cipher>>,
    /// The integrity algorithm, if it is a separate one.
    pub integrity: Option<Keyed<Integrity>>,
    /// The combined mode algorithm.
    pub combined: Option<Keyed<Combined>>,
}

#[cfg(test)]
mod tests;
