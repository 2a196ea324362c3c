//! Initialization vectors: unpredictable for CBC, never repeated for counter modes.

use aes::Aes128;
use aes::cipher::array::Array;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::algorithm::Suite;
use crate::octets::{copy, put};

/// Where an association's IVs come from.
#[expect(
    clippy::large_enum_variant,
    reason = "an association lives where its owner puts it; there may be no allocator for a box"
)]
pub(super) enum IvSource {
    /// No IV is sent, or it is the sequence number's 64 bits: a count that goes on where an exported state left off (RFC 3686 3.1,
    /// RFC 4106 3.1).
    Counter,
    /// The sequence number encrypted under a key of its own, drawn when the association is made: to whoever has not the key, random
    /// numbers (RFC 3602 3; NIST SP 800-38A appendix C has this way). A new association, or a restored one, has a new key.
    Encrypted(Aes128),
}

impl IvSource {
    pub(super) fn new(suite: &Suite, rng: &mut impl CryptoRng) -> Self {
        if suite.has_counter_iv() || suite.iv_len() == 0 {
            return Self::Counter;
        }
        let mut key = Zeroizing::new([0u8; 16]);
        rng.fill_bytes(key.as_mut_slice());
        Self::Encrypted(Aes128::new(&Array::from(*key)))
    }

    /// Writes the IV of the packet with number `sequence`.
    #[inline]
    pub(super) fn write(&self, sequence: u64, iv: &mut [u8]) {
        match self {
            Self::Counter => put(iv, 0, &sequence.to_be_bytes()),
            Self::Encrypted(cipher) => {
                let mut block = Array::from(u128::from(sequence).to_be_bytes());
                cipher.encrypt_block(&mut block);
                let block = <[u8; 16]>::from(block);
                match iv.first_chunk_mut() {
                    Some(iv) => *iv = block,
                    None => copy(iv, &block),
                }
            }
        }
    }
}
