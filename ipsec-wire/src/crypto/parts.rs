//! The parts of an ESP packet as algorithms want them: what is authenticated only, the nonce, the body.

use crate::error::{Error, Field};
use crate::octets::{be32, copy, put, put_slice};

/// Octets of SPI and sequence number.
const HEADER_LEN: usize = ip_wire::esp::FIXED_LEN;

/// What an engine's nonce starts with: 4 octets, or 3 behind one that is not used.
pub(super) type Salt = [u8; 4];

/// A key and the salt behind it; a salt of 3 octets is put behind a 0.
pub(super) fn split_salt(key: &[u8]) -> Result<(&[u8], Salt), Error> {
    let salt_len = if key.len() % 4 == 3 { 3 } else { 4 };
    let at = key.len().saturating_sub(salt_len);
    let (key, tail) = key.split_at_checked(at).ok_or(Error::Unsupported(Field::EncryptionKey))?;
    let mut salt = [0u8; 4];
    put_slice(&mut salt, 4usize.saturating_sub(salt_len), tail);
    Ok((key, salt))
}

/// The parts of an ESP packet.
pub(super) struct Parts<'a> {
    pub(super) header: &'a mut [u8; HEADER_LEN],
    pub(super) iv: &'a mut [u8],
    pub(super) body: &'a mut [u8],
    pub(super) icv: &'a mut [u8],
}

impl<'a> Parts<'a> {
    /// The parts of a packet, if it has them all.
    pub(super) fn of(packet: &'a mut [u8], iv_len: usize, icv_len: usize) -> Option<Self> {
        let (header, rest) = packet.split_first_chunk_mut()?;
        let (iv, rest) = rest.split_at_mut_checked(iv_len)?;
        let (body, icv) = rest.split_at_mut_checked(rest.len().checked_sub(icv_len)?)?;
        Some(Self { header, iv, body, icv })
    }

    /// Salt and IV; with an implicit IV the sequence number stands for it (RFC 8750 4).
    pub(super) fn nonce(&self, salt: &Salt, esn_high: Option<u32>) -> [u8; 12] {
        let iv = match <[u8; 8]>::try_from(&*self.iv) {
            Ok(iv) => u64::from_be_bytes(iv),
            Err(_) => (u64::from(esn_high.unwrap_or(0)) << 32) | u64::from(be32(self.header, 4)),
        };
        nonce(salt, iv)
    }

    /// SPI and sequence number, the high half of an extended one between them (RFC 4106 5).
    pub(super) fn aad(&self, esn_high: Option<u32>) -> Aad {
        let mut octets = [0u8; 12];
        match esn_high {
            None => {
                copy(&mut octets, self.header);
                Aad { octets, len: 8 }
            }
            Some(high) => {
                copy(&mut octets, self.header);
                put_slice(&mut octets, 8, self.header.get(4..).unwrap_or(&[]));
                put(&mut octets, 4, &high.to_be_bytes());
                Aad { octets, len: 12 }
            }
        }
    }
}

/// What a combined mode authenticates beside the payload.
pub(super) struct Aad {
    octets: [u8; 12],
    len: usize,
}

impl Aad {
    pub(super) fn octets(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or(&[])
    }
}

pub(super) fn nonce(salt: &Salt, iv: u64) -> [u8; 12] {
    let mut nonce = [0u8; 12];
    copy(&mut nonce, salt);
    put(&mut nonce, 4, &iv.to_be_bytes());
    nonce
}
