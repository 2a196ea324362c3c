//! Initialization vectors: unpredictable for CBC, never repeated for counter modes.

use aes::Aes128;
use aes::cipher::array::Array;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::algorithm::Suite;

/// IVs that are made at a time.
const AHEAD: usize = 8;

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
    ///
    /// Several are made at a time, since one by itself takes as long as eight: those of the `count` packets from number `first` on.
    Encrypted { cipher: Aes128, first: u64, count: u64, ready: Zeroizing<[[u8; 16]; AHEAD]> },
}

impl IvSource {
    pub(super) fn new(suite: &Suite, rng: &mut impl CryptoRng) -> Self {
        if suite.has_counter_iv() || suite.iv_len() == 0 {
            return Self::Counter;
        }
        let mut key = Zeroizing::new([0u8; 16]);
        rng.fill_bytes(key.as_mut_slice());
        let cipher = Aes128::new(&Array::from(*key));
        Self::Encrypted { cipher, first: 0, count: 0, ready: Zeroizing::new([[0; 16]; AHEAD]) }
    }

    /// The IV of the packet with number `sequence`: as many octets of it as the cipher takes.
    #[inline]
    pub(super) fn of(&mut self, sequence: u64) -> [u8; 16] {
        match self {
            Self::Counter => (u128::from(sequence) << 64).to_be_bytes(),
            Self::Encrypted { cipher, first, count, ready } => {
                if sequence.wrapping_sub(*first) >= *count {
                    make(cipher, sequence, ready);
                    (*first, *count) = (sequence, AHEAD as u64);
                }
                let at = usize::try_from(sequence.wrapping_sub(*first)).unwrap_or(0);
                ready.get(at).copied().unwrap_or_default()
            }
        }
    }
}

#[inline(never)]
fn make(cipher: &Aes128, first: u64, ready: &mut [[u8; 16]; AHEAD]) {
    let mut number = first;
    let mut blocks: [_; AHEAD] = core::array::from_fn(|_| {
        let block = Array::from(u128::from(number).to_be_bytes());
        number = number.wrapping_add(1);
        block
    });
    cipher.encrypt_blocks(&mut blocks);
    for (ready, block) in ready.iter_mut().zip(blocks) {
        *ready = block.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iv_is_the_encrypted_number_in_whatever_order_numbers_come() {
        let cipher = Aes128::new(&Array::from([7; 16]));
        let mut source =
            IvSource::Encrypted { cipher: cipher.clone(), first: 0, count: 0, ready: Zeroizing::new([[0; 16]; AHEAD]) };
        for sequence in (1..40).chain([7, 1, 1 << 32, (1 << 32) + 9, u64::MAX - 3, u64::MAX, 0, 1]) {
            let mut block = Array::from(u128::from(sequence).to_be_bytes());
            cipher.encrypt_block(&mut block);
            assert_eq!(source.of(sequence), <[u8; 16]>::from(block), "{sequence}");
        }
    }
}
