//! AES keys: RustCrypto's ciphers, and the round keys for the lanes.

use core::fmt;

use aes::cipher::array::Array;
use aes::cipher::{BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use aes::hazmat;
use aes::{Aes128, Aes192, Aes256};
use zeroize::Zeroize;

use super::{BLOCK_LEN, Block};
use crate::Error;

/// The most round keys there are: AES-256 has 14 rounds.
pub(crate) const MAX_ROUND_KEYS: usize = 15;

/// A key of AES-128, AES-192 or AES-256, ready for use in both directions.
///
/// It is wiped when dropped, and does not show itself in `Debug`. Source: FIPS 197.
#[derive(Clone)]
pub struct Key {
    cipher: Cipher,
    rounds: usize,
    /// Round keys of the cipher, then of the equivalent inverse cipher (FIPS 197 5.3.5).
    schedules: [[Block; MAX_ROUND_KEYS]; 2],
}

/// RustCrypto's ciphers wipe themselves.
#[derive(Clone)]
enum Cipher {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

/// Calls an expression with whichever cipher it is.
macro_rules! with_cipher {
    ($cipher:expr, |$name:ident| $body:expr) => {
        match $cipher {
            Cipher::Aes128($name) => $body,
            Cipher::Aes192($name) => $body,
            Cipher::Aes256($name) => $body,
        }
    };
}

impl Key {
    /// A key of 16, 24 or 32 octets.
    ///
    /// # Errors
    /// [`Error::KeyLength`] for any other length.
    pub fn new(key: &[u8]) -> Result<Self, Error> {
        let length = Error::KeyLength { found: key.len() };
        let cipher = match key.len() {
            16 => Cipher::Aes128(Aes128::new_from_slice(key).map_err(|_| length)?),
            24 => Cipher::Aes192(Aes192::new_from_slice(key).map_err(|_| length)?),
            32 => Cipher::Aes256(Aes256::new_from_slice(key).map_err(|_| length)?),
            _ => return Err(length),
        };
        let rounds = (key.len() / 4).wrapping_add(6);
        Ok(Self { cipher, rounds, schedules: expand(key, rounds) })
    }

    /// Encrypts one message in place, by RustCrypto's code: for the odd message that comes alone.
    ///
    /// # Errors
    /// [`Error::NotWholeBlocks`]; nothing is changed then.
    pub fn encrypt(&self, iv: &[u8; BLOCK_LEN], octets: &mut [u8]) -> Result<(), Error> {
        let found = octets.len();
        match octets.as_chunks_mut() {
            (blocks, []) => self.encrypt_blocks(iv, blocks),
            _ => return Err(Error::NotWholeBlocks { message: 0, found }),
        }
        Ok(())
    }

    /// Decrypts one message in place, by RustCrypto's code.
    ///
    /// # Errors
    /// [`Error::NotWholeBlocks`]; nothing is changed then.
    pub fn decrypt(&self, iv: &[u8; BLOCK_LEN], octets: &mut [u8]) -> Result<(), Error> {
        let found = octets.len();
        match octets.as_chunks_mut() {
            (blocks, []) => self.decrypt_blocks(iv, blocks),
            _ => return Err(Error::NotWholeBlocks { message: 0, found }),
        }
        Ok(())
    }

    pub(crate) fn encrypt_blocks(&self, iv: &Block, blocks: &mut [Block]) {
        let blocks = Array::cast_slice_from_core_mut(blocks);
        with_cipher!(&self.cipher, |cipher| cbc::Encryptor::inner_iv_init(cipher, iv.into()).encrypt_blocks(blocks));
    }

    pub(crate) fn decrypt_blocks(&self, iv: &Block, blocks: &mut [Block]) {
        let blocks = Array::cast_slice_from_core_mut(blocks);
        with_cipher!(&self.cipher, |cipher| cbc::Decryptor::inner_iv_init(cipher, iv.into()).decrypt_blocks(blocks));
    }

    /// Encrypts blocks that have nothing to do with each other.
    pub(crate) fn encrypt_each(&self, blocks: &mut [Block]) {
        let blocks = Array::cast_slice_from_core_mut(blocks);
        with_cipher!(&self.cipher, |cipher| cipher.encrypt_blocks(blocks));
    }

    /// 10, 12 or 14.
    #[inline]
    pub(crate) const fn rounds(&self) -> usize {
        self.rounds
    }

    /// `rounds + 1` round keys, then zeros.
    #[inline]
    pub(crate) const fn encryption(&self) -> &[Block; MAX_ROUND_KEYS] {
        let [encryption, _] = &self.schedules;
        encryption
    }

    /// The same of the equivalent inverse cipher, in the order in which it uses them.
    #[inline]
    #[cfg(any(test, all(target_arch = "x86_64", not(feature = "safe-only"))))]
    pub(crate) const fn decryption(&self) -> &[Block; MAX_ROUND_KEYS] {
        let [_, decryption] = &self.schedules;
        decryption
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.schedules.zeroize();
    }
}

impl zeroize::ZeroizeOnDrop for Key {}

/// Key expansion (FIPS 197 5.2), forwards and for the inverse cipher. RustCrypto does not show its round keys, but has the steps they are made of.
fn expand(key: &[u8], rounds: usize) -> [[Block; MAX_ROUND_KEYS]; 2] {
    let mut schedules = [[[0; BLOCK_LEN]; MAX_ROUND_KEYS]; 2];
    let [encryption, decryption] = &mut schedules;
    let words_of_key = key.len() / 4;
    let words_needed = rounds.wrapping_add(1).wrapping_mul(4);
    let mut words = [[0_u8; 4]; MAX_ROUND_KEYS * 4];
    for (word, octets) in words.iter_mut().zip(key.as_chunks().0) {
        *word = *octets;
    }
    let mut constant = 1_u8;
    for index in words_of_key..words_needed {
        let mut temporary = words.get(index.wrapping_sub(1)).copied().unwrap_or_default();
        let phase = index.checked_rem(words_of_key).unwrap_or(0);
        if phase == 0 {
            let [a, b, c, d] = substitute(temporary);
            temporary = [b ^ constant, c, d, a];
            constant = (constant << 1) ^ if constant & 0x80 == 0 { 0 } else { 0x1b };
        } else if words_of_key == 8 && phase == 4 {
            temporary = substitute(temporary);
        }
        let before = words.get(index.wrapping_sub(words_of_key)).copied().unwrap_or_default();
        if let Some(word) = words.get_mut(index) {
            for ((word, before), octet) in word.iter_mut().zip(before).zip(temporary) {
                *word = before ^ octet;
            }
        }
        temporary.zeroize();
    }
    for (round_key, octets) in encryption.iter_mut().zip(words.as_flattened().as_chunks().0) {
        *round_key = *octets;
    }
    let last = rounds;
    for (index, round_key) in decryption.iter_mut().enumerate().take(rounds.wrapping_add(1)) {
        let mut block: hazmat::Block = encryption.get(rounds.wrapping_sub(index)).copied().unwrap_or_default().into();
        if index != 0 && index != last {
            hazmat::inv_mix_columns(&mut block);
        }
        *round_key = block.into();
        block.zeroize();
    }
    words.zeroize();
    schedules
}

/// The S-box on each octet, without a table: a round of the cipher on four equal columns, which `ShiftRows` leaves as they are, with `MixColumns`
/// taken off again.
fn substitute(word: [u8; 4]) -> [u8; 4] {
    let [a, b, c, d] = word;
    let mut block: hazmat::Block = [a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d].into();
    hazmat::cipher_round(&mut block, &hazmat::Block::default());
    hazmat::inv_mix_columns(&mut block);
    let block: &mut Block = block.as_mut();
    let result = block.first_chunk().copied().unwrap_or_default();
    block.zeroize();
    result
}
