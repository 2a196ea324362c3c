//! AES-XCBC-MAC (RFC 3566 4): CBC-MAC whose last block is masked by one of two keys, by whether it is whole.

use aes::Aes128;
use aes::cipher::array::Array;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Field};

const BLOCK: usize = 16;

pub(super) struct Xcbc {
    /// Keyed with K1.
    cipher: Aes128,
    /// For a whole last block.
    k2: [u8; BLOCK],
    /// For a padded last block.
    k3: [u8; BLOCK],
}

impl Drop for Xcbc {
    fn drop(&mut self) {
        self.k2.zeroize();
        self.k3.zeroize();
    }
}

impl Xcbc {
    pub(super) fn new(key: &[u8]) -> Result<Self, Error> {
        let of_key = Aes128::new_from_slice(key).map_err(|_| Error::Unsupported(Field::IntegrityKey))?;
        let derived = |octet: u8| {
            let mut block = Array::from([octet; BLOCK]);
            of_key.encrypt_block(&mut block);
            Zeroizing::new(<[u8; BLOCK]>::from(block))
        };
        let cipher = Aes128::new(&Array::from(*derived(1)));
        Ok(Self { cipher, k2: *derived(2), k3: *derived(3) })
    }

    pub(super) fn compute(&self, feed: impl Fn(&mut dyn FnMut(&[u8]))) -> [u8; BLOCK] {
        let mut state = [0u8; BLOCK];
        let mut block = [0u8; BLOCK];
        let mut len = 0usize;
        feed(&mut |piece| {
            for octet in piece {
                // A whole block is worked in only when another octet follows: the last one is masked.
                if len == BLOCK {
                    self.step(&mut state, &block);
                    len = 0;
                }
                if let Some(place) = block.get_mut(len) {
                    *place = *octet;
                }
                len = len.wrapping_add(1);
            }
        });
        let mask = if len == BLOCK { &self.k2 } else { &self.k3 };
        for (at, place) in block.iter_mut().enumerate().skip(len) {
            *place = if at == len { 0x80 } else { 0 };
        }
        for (octet, mask) in block.iter_mut().zip(mask) {
            *octet ^= mask;
        }
        self.step(&mut state, &block);
        state
    }

    fn step(&self, state: &mut [u8; BLOCK], block: &[u8; BLOCK]) {
        for (octet, add) in state.iter_mut().zip(block) {
            *octet ^= add;
        }
        let mut block = Array::from(*state);
        self.cipher.encrypt_block(&mut block);
        *state = block.into();
    }
}
