//! Authentication Header (RFC 4302): its header, its padding, and the fields that its ICV covers.
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |  Next Header  |  Payload Len  |           Reserved            |  0
//! +---------------+---------------+-------------------------------+
//! |                 Security Parameters Index (SPI)               |  4
//! +---------------------------------------------------------------+
//! |                        Sequence Number                        |  8
//! +---------------------------------------------------------------+
//! |     Integrity Check Value (12 to 64 octets) and padding       | 12
//! +---------------------------------------------------------------+
//! ```
//!
//! Payload Len counts 32-bit words of the whole header, two left out. The header's length is a multiple of 4 octets in IPv4 and of 8
//! in IPv6; Linux has 8 in both unless told otherwise.

use ip_wire::Protocol;
pub use ip_wire::ah::{FIXED_LEN, View};

use crate::error::{Error, Field, len32};
use crate::octets::{copy, put, round_up};

pub(crate) mod coverage;
pub(crate) mod gathered;

pub use coverage::{End, covered};

/// An Authentication Header to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What follows.
    pub next_header: Protocol,
    /// Security parameters index.
    pub spi: u32,
    /// Low half of the sequence number.
    pub sequence_number: u32,
    /// Octets of the ICV.
    pub icv_len: usize,
    /// What the header's length is a multiple of: 4 or 8.
    pub alignment: usize,
}

impl Header {
    /// Octets that [`Header::emit`] writes, ICV and padding among them.
    #[must_use]
    #[inline]
    pub const fn wire_len(&self) -> usize {
        header_len(self.icv_len, self.alignment)
    }

    /// Writes the header, ICV and padding zero, and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`], [`Error::DoesNotFit`] for an ICV over 1,008 octets: nothing is written.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let len = self.wire_len();
        let found = buffer.len();
        let out = buffer.get_mut(..len).ok_or(Error::BufferTooSmall {
            field: Field::AhHeader,
            found: len32(found),
            needed: len32(len),
        })?;
        let payload_len = u8::try_from((len / 4).saturating_sub(2)).map_err(|_| Error::DoesNotFit {
            field: Field::AhLength,
            found: len32(self.icv_len),
            needed: 1008,
        })?;
        out.fill(0);
        copy(out, &[self.next_header.0, payload_len]);
        put(out, 4, &self.spi.to_be_bytes());
        put(out, 8, &self.sequence_number.to_be_bytes());
        Ok(len)
    }
}

/// Octets of a header with an ICV of `icv_len` octets, padded to a multiple of `alignment`.
#[must_use]
#[inline]
pub const fn header_len(icv_len: usize, alignment: usize) -> usize {
    round_up(FIXED_LEN.wrapping_add(icv_len), alignment)
}

#[cfg(test)]
mod tests;
