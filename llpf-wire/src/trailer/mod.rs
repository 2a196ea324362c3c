//! Authentication Trailer (AT): 24 octets behind the inner packet (thesis pp. 81-83, figure 31).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-----+-----------------------+-+-------------------------------+
//! | Ver |        Option         |P|      Inner Packet Length      |  0
//! +-----+-----------------------+-+-------------------------------+
//! |            Host ID            |           Key Index           |  4
//! +-------------------------------+-------------------------------+
//! |                                                               |  8
//! |              Message Authentication Code (128 bits)           | 12
//! |                                                               | 16
//! |                                                               | 20
//! +---------------------------------------------------------------+
//! ```
//!
//! All fields are big-endian. Version is 1, the padding bit P is 0. Inner Packet Length (IPL) counts the octets of the inner packet **and** of the
//! trailer. The MAC covers the inner packet and the trailer's first two words, so that what it covers lies in one piece.
//!
//! ```
//! use llpf_wire::{HostId, KeyIndex, trailer};
//!
//! let header = trailer::Header { option: 0, inner_len: 20, key: KeyIndex::new(HostId(1), 2), mac: [0xaa; 16] };
//! let mut octets = [0; 24];
//! header.emit(&mut octets)?;
//! assert_eq!(octets[..8], [0x20, 0x00, 0, 44, 0, 1, 0, 2]);
//! assert_eq!(trailer::View::parse(&octets)?.key(), header.key);
//! # Ok::<(), llpf_wire::Error>(())
//! ```

use crate::error::{Error, Field, len32};
use crate::host::KeyIndex;
use crate::mac::MAC_LEN;

/// Octets of the trailer.
pub const LEN: usize = 24;

/// Octets of the trailer that the MAC covers: its first two words.
pub const COVERED_LEN: usize = 8;

/// The version that this crate speaks.
pub const VERSION: u8 = 1;

/// The largest inner packet whose length with the trailer fits IPL.
pub const MAX_INNER_LEN: usize = 65_535 - LEN;

/// The largest value of the Option field: 12 bits.
pub const MAX_OPTION: u16 = 0x0fff;

/// A trailer as it was received: version, padding bit and the least IPL checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    octets: &'a [u8; LEN],
}

impl<'a> View<'a> {
    /// Reads the trailer that ends `octets`.
    ///
    /// The Option field may have any value: it is reserved for future use, and the MAC covers it.
    ///
    /// # Errors
    /// [`Error::Truncated`] with fewer octets than a trailer has; [`Error::Mismatch`] at another version or a padding bit that is set;
    /// [`Error::Length`] at an IPL below the trailer's own length. Offsets count from the start of `octets`.
    #[inline]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let Some(trailer) = octets.last_chunk::<LEN>() else {
            return Err(Error::Truncated { field: Field::Trailer, offset: 0, found: len32(octets.len()), needed: len32(LEN) });
        };
        let view = Self { octets: trailer };
        let [first, second, ..] = *trailer;
        // The three bits of the version and, four places further, the padding bit.
        if first >> 5 != VERSION || second & 1 != 0 || usize::from(view.ipl()) < LEN {
            return Err(view.problem(octets.len()));
        }
        Ok(view)
    }

    #[cold]
    fn problem(self, len: usize) -> Error {
        let offset = len32(len.saturating_sub(LEN));
        if self.version() != VERSION {
            return Error::Mismatch { field: Field::Version, offset, found: self.version().into(), needed: VERSION.into() };
        }
        if self.octets[1] & 1 != 0 {
            return Error::Mismatch { field: Field::Pad, offset: offset.saturating_add(1), found: 1, needed: 0 };
        }
        let found = self.ipl().into();
        Error::Length { field: Field::InnerPacketLength, offset: offset.saturating_add(2), found, needed: len32(LEN) }
    }

    /// Version, 3 bits.
    #[must_use]
    #[inline]
    pub const fn version(&self) -> u8 {
        self.octets[0] >> 5
    }

    /// Option, 12 bits.
    #[must_use]
    #[inline]
    pub const fn option(&self) -> u16 {
        u16::from_be_bytes([self.octets[0], self.octets[1]]) >> 1 & MAX_OPTION
    }

    /// Inner Packet Length: octets of the inner packet and the trailer, [`LEN`] at least.
    #[must_use]
    #[inline]
    pub const fn ipl(&self) -> u16 {
        u16::from_be_bytes([self.octets[2], self.octets[3]])
    }

    /// Octets of the inner packet.
    #[must_use]
    #[inline]
    pub const fn inner_len(&self) -> usize {
        (self.ipl() as usize).saturating_sub(LEN)
    }

    /// Host ID and key index.
    #[must_use]
    #[inline]
    pub const fn key(&self) -> KeyIndex {
        KeyIndex(u32::from_be_bytes([self.octets[4], self.octets[5], self.octets[6], self.octets[7]]))
    }

    /// Message Authentication Code.
    #[must_use]
    #[inline]
    pub fn mac(&self) -> &'a [u8; MAC_LEN] {
        let [_, _, _, _, _, _, _, _, mac @ ..] = self.octets;
        mac
    }

    /// All of it, to be emitted again octet for octet.
    #[must_use]
    pub fn to_header(&self) -> Header {
        // An IPL of 16 bits less the trailer fits 16 bits.
        let inner_len = self.ipl().saturating_sub(24);
        Header { option: self.option(), inner_len, key: self.key(), mac: *self.mac() }
    }
}

/// A trailer to be emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// Option, at most [`MAX_OPTION`]; sent as 0.
    pub option: u16,
    /// Octets of the inner packet, without the trailer; at most [`MAX_INNER_LEN`].
    pub inner_len: u16,
    /// Host ID and key index.
    pub key: KeyIndex,
    /// Message Authentication Code.
    pub mac: [u8; MAC_LEN],
}

impl Header {
    /// The first two words, which the MAC covers.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if the inner packet is too long or the option has more than 12 bits.
    #[inline]
    pub fn covered(&self) -> Result<[u8; COVERED_LEN], Error> {
        let Some(ipl) = self.inner_len.checked_add(24) else {
            let (found, needed) = (self.inner_len.into(), len32(MAX_INNER_LEN));
            return Err(Error::DoesNotFit { field: Field::InnerPacketLength, found, needed });
        };
        if self.option > MAX_OPTION {
            return Err(Error::DoesNotFit { field: Field::Option, found: self.option.into(), needed: MAX_OPTION.into() });
        }
        let [a, b] = (u16::from(VERSION) << 13 | self.option << 1).to_be_bytes();
        let ([c, d], [e, f, g, h]) = (ipl.to_be_bytes(), self.key.0.to_be_bytes());
        Ok([a, b, c, d, e, f, g, h])
    }

    /// Octets that [`Header::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        LEN
    }

    /// Writes the trailer at the start of `buffer` and returns its length.
    ///
    /// # Errors
    /// Those of [`Header::covered`]; [`Error::BufferTooSmall`]. Nothing is written then.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let covered = self.covered()?;
        let found = len32(buffer.len());
        let Some(place) = buffer.first_chunk_mut::<LEN>() else {
            return Err(Error::BufferTooSmall { field: Field::Trailer, found, needed: len32(LEN) });
        };
        crate::octets::put(place, 0, &covered);
        crate::octets::put(place, COVERED_LEN, &self.mac);
        Ok(LEN)
    }
}

#[cfg(test)]
mod tests;
