//! AES-CBC of many messages at once, in place.

mod key;
mod portable;
mod schedule;
#[cfg(test)]
mod tests;
#[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
pub(crate) mod x86;

pub use key::Key;

use crate::engine::AesKernels;
use crate::{Engine, Error};

/// Octets of a block, and of an IV.
pub const BLOCK_LEN: usize = 16;

pub(crate) type Block = [u8; BLOCK_LEN];

/// A message to be encrypted or decrypted where it lies.
#[derive(Debug)]
pub struct Message<'a> {
    /// Its key. Each message of a batch may have another, of another size too.
    pub key: &'a Key,
    /// The initialization vector. What is encrypted must have one that nobody can predict (SP 800-38A appendix C).
    pub iv: [u8; BLOCK_LEN],
    /// Whole blocks.
    pub octets: &'a mut [u8],
}

impl<'a> Message<'a> {
    /// A message with its key and IV.
    #[inline]
    #[must_use]
    pub fn new(key: &'a Key, iv: [u8; BLOCK_LEN], octets: &'a mut [u8]) -> Self {
        Self { key, iv, octets }
    }
}

/// Refuses messages that are not whole blocks.
fn check(messages: &[Message<'_>]) -> Result<(), Error> {
    match messages.iter().position(|message| message.octets.len() % BLOCK_LEN != 0) {
        None => Ok(()),
        Some(at) => Err(Error::NotWholeBlocks { message: at, found: messages.get(at).map_or(0, |message| message.octets.len()) }),
    }
}

impl Engine {
    /// Encrypts every message in place (SP 800-38A 6.2).
    ///
    /// In CBC each block waits for the one before it, so one message keeps a core's AES unit mostly idle; lanes of other messages fill it.
    ///
    /// ```
    /// use wire_lanes::{Engine, cbc};
    ///
    /// let keys = [cbc::Key::new(&[1; 16])?, cbc::Key::new(&[2; 32])?];
    /// let (mut first, mut second) = ([0x11; 64], [0x22; 1504]);
    /// let mut messages = [
    ///     cbc::Message::new(&keys[0], [3; 16], &mut first),
    ///     cbc::Message::new(&keys[1], [4; 16], &mut second),
    /// ];
    /// Engine::new().cbc_encrypt_many(&mut messages)?;
    ///
    /// keys[0].decrypt(&[3; 16], &mut first)?;
    /// assert_eq!(first, [0x11; 64]);
    /// # Ok::<(), wire_lanes::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotWholeBlocks`]; nothing is changed then.
    pub fn cbc_encrypt_many(self, messages: &mut [Message<'_>]) -> Result<(), Error> {
        check(messages)?;
        match self.aes() {
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            AesKernels::Vaes(vaes) => schedule::encrypt(vaes, messages),
            #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
            AesKernels::AesNi(aes_ni) => schedule::encrypt(aes_ni, messages),
            AesKernels::Portable => portable::encrypt(messages),
        }
        Ok(())
    }

    /// Decrypts every message in place (SP 800-38A 6.2).
    ///
    /// # Errors
    /// [`Error::NotWholeBlocks`]; nothing is changed then.
    pub fn cbc_decrypt_many(self, messages: &mut [Message<'_>]) -> Result<(), Error> {
        check(messages)?;
        for message in messages {
            let (blocks, _) = message.octets.as_chunks_mut();
            match self.aes() {
                #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
                AesKernels::Vaes(vaes) => vaes.decrypt(message.key, &message.iv, blocks),
                #[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
                AesKernels::AesNi(aes_ni) => aes_ni.decrypt(message.key, &message.iv, blocks),
                AesKernels::Portable => message.key.decrypt_blocks(&message.iv, blocks),
            }
        }
        Ok(())
    }
}
