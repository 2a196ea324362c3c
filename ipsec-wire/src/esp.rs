//! Encapsulating Security Payload (RFC 4303 2): the parts of a packet, its trailer, and the arithmetic of its lengths.
//!
//! ```text
//! +---------------------------------------------------------------+
//! |                 Security Parameters Index (SPI)               |  0
//! +---------------------------------------------------------------+
//! |                        Sequence Number                        |  4
//! +---------------------------------------------------------------+
//! |                IV (0, 8 or 16 octets, by the cipher)          |  8
//! +---------------------------------------------------------------+  -
//! |                            Payload                            |  |
//! +                               +-------------------------------+  |
//! |                               |     TFC Padding (tunnel mode) |  | encrypted
//! +-------------------------------+-------------------------------+  |
//! |      Padding: 1, 2, 3, ...    |  Pad Length   |  Next Header  |  |
//! +-------------------------------+---------------+---------------+  -
//! |            Integrity Check Value (0 to 64 octets)             |
//! +---------------------------------------------------------------+
//! ```
//!
//! Payload to Next Header is a multiple of the cipher's block and of 4 octets. The high half of an extended sequence number is not sent.

use ip_wire::Protocol;
pub use ip_wire::esp::{FIXED_LEN, View};

use crate::algorithm::Suite;
use crate::error::{Error, Field, len32};
use crate::octets::{round_down, round_up};

/// Octets of Pad Length and Next Header.
pub const TRAILER_LEN: usize = 2;

/// The least SPI of an association: 0 is for local use, 1 to 255 are IANA's (RFC 4303 2.1).
pub const FIRST_SPI: u32 = 256;

/// The lengths in an association's ESP packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Octets of the IV.
    pub iv_len: usize,
    /// Octets of the ICV.
    pub icv_len: usize,
    /// What payload and trailer are a multiple of: 4, 8 or 16.
    pub alignment: usize,
}

impl Layout {
    /// The lengths of a suite's packets.
    #[must_use]
    pub const fn new(suite: &Suite) -> Self {
        Self { iv_len: suite.iv_len(), icv_len: suite.icv_len(), alignment: suite.alignment() }
    }

    /// Octets of padding behind `payload` octets (TFC padding among them): the fewest that align the trailer.
    #[must_use]
    #[inline]
    pub const fn padding(&self, payload: usize) -> usize {
        let end = payload.wrapping_add(TRAILER_LEN);
        round_up(end, self.alignment).wrapping_sub(end)
    }

    /// Octets before the payload: SPI, sequence number, IV.
    #[must_use]
    #[inline]
    pub const fn front(&self) -> usize {
        FIXED_LEN.wrapping_add(self.iv_len)
    }

    /// Octets of the whole ESP packet around `payload` octets.
    #[must_use]
    #[inline]
    pub const fn sealed_len(&self, payload: usize) -> usize {
        let body = round_up(payload.wrapping_add(TRAILER_LEN), self.alignment);
        self.front().wrapping_add(body).wrapping_add(self.icv_len)
    }

    /// The largest payload whose ESP packet has `room` octets at most; `None` if none does.
    #[must_use]
    pub const fn max_payload(&self, room: usize) -> Option<usize> {
        let Some(body) = room.checked_sub(self.front().wrapping_add(self.icv_len)) else { return None };
        round_down(body, self.alignment).checked_sub(TRAILER_LEN)
    }

    /// Octets of the shortest ESP packet.
    #[must_use]
    pub const fn least_len(&self) -> usize {
        self.sealed_len(0)
    }

    /// The parts of an ESP packet, SPI to ICV.
    ///
    /// # Errors
    /// [`Error::Truncated`] below the shortest packet, [`Error::Length`] if the ciphertext is not whole blocks.
    #[inline]
    pub fn split<'a>(&self, packet: &'a [u8]) -> Result<Parts<'a>, Error> {
        self.check(packet.len())?;
        let clear = View::parse(packet)?;
        let (iv, rest) = clear.payload().split_at_checked(self.iv_len).unwrap_or_default();
        let at = rest.len().saturating_sub(self.icv_len);
        let (ciphertext, icv) = rest.split_at_checked(at).unwrap_or_default();
        Ok(Parts { spi: clear.spi(), sequence_number: clear.sequence_number(), iv, ciphertext, icv })
    }

    /// Whether a packet can have `len` octets.
    #[inline]
    pub(crate) fn check(&self, len: usize) -> Result<(), Error> {
        let (least, around) = (self.least_len(), self.front().wrapping_add(self.icv_len));
        if len < least {
            return Err(Error::Truncated { field: Field::EspPacket, offset: 0, found: len32(len), needed: len32(least) });
        }
        let body = len.wrapping_sub(around);
        let whole = round_down(body, self.alignment);
        if body != whole && self.alignment > 4 {
            let (found, needed) = (len32(body), len32(whole));
            return Err(Error::Length { field: Field::EspCiphertext, offset: len32(self.front()), found, needed });
        }
        Ok(())
    }
}

/// An ESP packet's parts; the ciphertext is the plaintext where the cipher is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Security parameters index.
    pub spi: u32,
    /// Low half of the sequence number.
    pub sequence_number: u32,
    /// Initialization vector.
    pub iv: &'a [u8],
    /// Payload, padding and trailer, encrypted.
    pub ciphertext: &'a [u8],
    /// Integrity check value.
    pub icv: &'a [u8],
}

/// What stands at the end of a decrypted payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer<'a> {
    payload: &'a [u8],
    padding: &'a [u8],
    next_header: Protocol,
}

impl<'a> Trailer<'a> {
    /// Reads the trailer of what was decrypted. Look at it only when the ICV holds: its checks tell an attacker about the plaintext.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 2 octets, [`Error::Length`] for a pad length past the start, [`Error::Mismatch`] for padding that is not
    /// 1, 2, 3, ... (RFC 4303 2.4).
    pub fn parse(plaintext: &'a [u8]) -> Result<Self, Error> {
        let Some((rest, [pad_len, next_header])) = plaintext.split_last_chunk::<TRAILER_LEN>() else {
            let (found, needed) = (len32(plaintext.len()), len32(TRAILER_LEN));
            return Err(Error::Truncated { field: Field::EspTrailer, offset: 0, found, needed });
        };
        let len = usize::from(*pad_len);
        let Some((payload, padding)) = rest.len().checked_sub(len).and_then(|at| rest.split_at_checked(at)) else {
            let (offset, found) = (len32(rest.len()), u32::from(*pad_len));
            return Err(Error::Length { field: Field::EspPadding, offset, found, needed: len32(rest.len()) });
        };
        for (octet, needed) in padding.iter().zip(1u8..=255) {
            if *octet != needed {
                let offset = len32(payload.len()).saturating_add(u32::from(needed)).saturating_sub(1);
                let (found, needed) = (u32::from(*octet), u32::from(needed));
                return Err(Error::Mismatch { field: Field::EspPadding, offset, found, needed });
            }
        }
        Ok(Self { payload, padding, next_header: Protocol(*next_header) })
    }

    /// What the packet carries, TFC padding among it.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The padding.
    #[must_use]
    pub const fn padding(&self) -> &'a [u8] {
        self.padding
    }

    /// What the payload is; 59 for a dummy packet.
    #[must_use]
    pub const fn next_header(&self) -> Protocol {
        self.next_header
    }

    /// Writes padding 1, 2, 3, ..., its length and the next header over all of `room`.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if `room` is not of 2 to 257 octets.
    pub fn emit(room: &mut [u8], next_header: Protocol) -> Result<(), Error> {
        let found = room.len();
        let wrong = Error::DoesNotFit { field: Field::EspPadding, found: len32(found), needed: 257 };
        let Some((padding, trailer)) = room.split_last_chunk_mut::<TRAILER_LEN>() else { return Err(wrong) };
        let Ok(pad_len) = u8::try_from(padding.len()) else { return Err(wrong) };
        for (octet, value) in padding.iter_mut().zip(1u8..=255) {
            *octet = value;
        }
        *trailer = [pad_len, next_header.0];
        Ok(())
    }

    /// As [`Trailer::emit`] over the octets of `body` from `from` on. The last 16 octets are written as one: a cipher that is about to read them as a
    /// block would wait for single ones.
    #[inline]
    pub(crate) fn emit_behind(body: &mut [u8], from: usize, next_header: Protocol) -> Result<(), Error> {
        /// 1, 2, 3, ... from the highest octet on.
        const PADDING: u128 = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;
        let room = body.len().saturating_sub(from);
        if let (2..=16, Some(last)) = (room, body.last_chunk_mut::<16>()) {
            let pad_len = room.saturating_sub(TRAILER_LEN) as u128;
            let bits = len32(room).wrapping_mul(8);
            let mask = u128::MAX.checked_shl(bits).unwrap_or(0);
            let padding = PADDING.checked_shr(144u32.saturating_sub(bits)).unwrap_or(0) << 16;
            let trailer = padding | (pad_len << 8) | u128::from(next_header.0);
            *last = ((u128::from_be_bytes(*last) & mask) | trailer).to_be_bytes();
            return Ok(());
        }
        Self::emit(body.get_mut(from..).unwrap_or_default(), next_header)
    }
}

#[cfg(test)]
mod tests;
