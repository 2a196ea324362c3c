//! AES-GCM and AES-GMAC (NIST SP 800-38D) with a 96-bit nonce, over pieces, any tag length.

use aes::cipher::array::Array;
use aes::cipher::{BlockCipherEncrypt, InnerIvInit, StreamCipher};
use ctr::{Ctr32BE, CtrCore};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;

use super::rust_crypto::{AesKey, with_aes};

const BLOCK: usize = 16;

/// AES with the hash key that follows from it.
pub(super) struct Gcm {
    aes: AesKey,
    ghash: GHash,
}

impl Gcm {
    pub(super) fn new(aes: AesKey) -> Self {
        let mut key = Array::from([0u8; BLOCK]);
        with_aes!(&aes, aes => aes.encrypt_block(&mut key));
        let ghash = GHash::new(&key);
        zeroize::Zeroize::zeroize(key.as_mut_slice());
        Self { aes, ghash }
    }

    /// Encrypts `body` and returns the tag over `aad` and the ciphertext.
    pub(super) fn seal(&self, nonce: &[u8; 12], aad: &[u8], body: &mut [u8]) -> [u8; BLOCK] {
        with_aes!(&self.aes, aes => {
            let mut mask = [0u8; BLOCK];
            let mut counter = counter(aes, nonce);
            apply(&mut counter, &mut mask);
            apply(&mut counter, body);
            self.tag(aad, body, mask)
        })
    }

    /// The tag over `aad` and the ciphertext `body`, which [`Gcm::decrypt`] decrypts.
    pub(super) fn tag_of(&self, nonce: &[u8; 12], aad: &[u8], body: &[u8]) -> [u8; BLOCK] {
        with_aes!(&self.aes, aes => {
            let mut mask = [0u8; BLOCK];
            apply(&mut counter(aes, nonce), &mut mask);
            self.tag(aad, body, mask)
        })
    }

    pub(super) fn decrypt(&self, nonce: &[u8; 12], body: &mut [u8]) {
        with_aes!(&self.aes, aes => {
            let mut mask = [0u8; BLOCK];
            let mut counter = counter(aes, nonce);
            apply(&mut counter, &mut mask);
            apply(&mut counter, body);
        });
    }

    /// GMAC: the tag over pieces that are authenticated only.
    pub(super) fn gmac(&self, nonce: &[u8; 12], feed: impl Fn(&mut dyn FnMut(&[u8]))) -> [u8; BLOCK] {
        let mut stream = Stream { ghash: self.ghash.clone(), block: [0; BLOCK], filled: 0, len: 0 };
        feed(&mut |piece| stream.update(piece));
        let mut mask = [0u8; BLOCK];
        with_aes!(&self.aes, aes => apply(&mut counter(aes, nonce), &mut mask));
        masked(stream.finish(), mask)
    }

    fn tag(&self, aad: &[u8], body: &[u8], mask: [u8; BLOCK]) -> [u8; BLOCK] {
        let mut ghash = self.ghash.clone();
        ghash.update_padded(aad);
        ghash.update_padded(body);
        ghash.update(&[Array::from(lengths(aad.len(), body.len()))]);
        masked(ghash.finalize().into(), mask)
    }
}

/// The key stream from the counter block nonce, 1 on: first the tag's mask, then the cipher's.
fn counter<'a, C: BlockCipherEncrypt<BlockSize = ghash::universal_hash::consts::U16>>(
    aes: &'a C,
    nonce: &[u8; 12],
) -> Ctr32BE<&'a C> {
    let mut block = [0u8; BLOCK];
    crate::octets::copy(&mut block, nonce);
    crate::octets::put(&mut block, 12, &[0, 0, 0, 1]);
    Ctr32BE::from_core(CtrCore::inner_iv_init(aes, &Array::from(block)))
}

/// Only over 2^36 octets are an error, and no packet has them.
fn apply(cipher: &mut impl StreamCipher, octets: &mut [u8]) {
    let _ = cipher.try_apply_keystream(octets);
}

fn lengths(aad: usize, body: usize) -> [u8; BLOCK] {
    let bits = |len: usize| u64::try_from(len).unwrap_or(u64::MAX).wrapping_mul(8).to_be_bytes();
    let mut block = [0u8; BLOCK];
    crate::octets::copy(&mut block, &bits(aad));
    crate::octets::put(&mut block, 8, &bits(body));
    block
}

fn masked(mut tag: [u8; BLOCK], mask: [u8; BLOCK]) -> [u8; BLOCK] {
    for (octet, mask) in tag.iter_mut().zip(mask) {
        *octet ^= mask;
    }
    tag
}

/// GHASH over authenticated data in pieces of any length.
struct Stream {
    ghash: GHash,
    block: [u8; BLOCK],
    filled: usize,
    len: usize,
}

impl Stream {
    fn update(&mut self, mut piece: &[u8]) {
        self.len = self.len.wrapping_add(piece.len());
        if self.filled > 0 {
            let taken = BLOCK.wrapping_sub(self.filled).min(piece.len());
            let (head, rest) = piece.split_at_checked(taken).unwrap_or((piece, &[]));
            crate::octets::put_slice(&mut self.block, self.filled, head);
            self.filled = self.filled.wrapping_add(taken);
            if self.filled < BLOCK {
                return;
            }
            self.ghash.update(&[Array::from(self.block)]);
            self.filled = 0;
            piece = rest;
        }
        let (blocks, tail) = Array::slice_as_chunks(piece);
        self.ghash.update(blocks);
        crate::octets::copy(&mut self.block, tail);
        self.filled = tail.len();
    }

    fn finish(mut self) -> [u8; BLOCK] {
        let rest = self.block.get(..self.filled).unwrap_or(&[]);
        self.ghash.update_padded(rest);
        self.ghash.update(&[Array::from(lengths(self.len, 0))]);
        self.ghash.finalize().into()
    }
}
