//! AAL type 5: SDUs of up to 65,535 octets in cells (I.363.5).
//!
//! ```text
//!  |<------------------- CPCS-PDU: a multiple of 48 octets ------------------->|
//!  +-------------------------------+----------+------+------+--------+---------+
//!  |       CPCS-SDU, 1..65535      | PAD 0-47 | UU 8 | CPI 8|Length16| CRC-32  |
//!  +-------------------------------+----------+------+------+--------+---------+
//!  |     cell      |     cell      |  . . .   |             cell               |
//!     SDU type 0      SDU type 0                        SDU type 1
//! ```
//!
//! The trailer is right-aligned in the last cell, which is the one with SDU type 1 in its payload type. Nothing numbers the cells: only the
//! Length (of the SDU, in octets) and the CRC-32 (over all of the PDU before it) tell a whole PDU from one that lost a cell or ran into the
//! next.

mod assembly;
mod crc;
#[cfg(feature = "alloc")]
mod reassembly;
mod segment;

pub use assembly::{CpiPolicy, Discard, Reason, Sdu, Step, VcReassembler};
pub use crc::{Crc32, RESIDUE, crc32};
#[cfg(feature = "alloc")]
pub use reassembly::{Config, Counters, Outcome, Reassembler};
pub use segment::Segmenter;

use crate::cell::PAYLOAD_LEN;
use crate::error::len32;
use crate::octets::write;
use crate::{Error, Field};

/// Octets of the trailer.
pub const TRAILER_LEN: usize = 8;
/// The longest pad.
pub const MAX_PAD: usize = PAYLOAD_LEN - 1;
/// The longest SDU.
pub const MAX_SDU: usize = 65_535;
/// The cells of the longest PDU.
pub const MAX_CELLS: usize = cells_for(MAX_SDU);
/// Octets of the longest PDU.
pub const MAX_PDU: usize = MAX_CELLS * PAYLOAD_LEN;

/// How many cells an SDU of so many octets takes: ceil((length + 8) / 48).
#[must_use]
#[inline]
pub const fn cells_for(sdu_len: usize) -> usize {
    sdu_len.saturating_add(TRAILER_LEN).div_ceil(PAYLOAD_LEN)
}

/// How many octets of pad an SDU of so many octets takes.
#[must_use]
#[inline]
pub const fn pad_for(sdu_len: usize) -> usize {
    cells_for(sdu_len).saturating_mul(PAYLOAD_LEN).saturating_sub(sdu_len).saturating_sub(TRAILER_LEN)
}

/// The CPCS-PDU trailer.
///
/// ```text
///  +---------------+---------------+-------------------------------+
///  |    CPCS-UU    |      CPI      |            Length             |
///  +---------------+---------------+-------------------------------+
///  |                            CRC-32                             |
///  +---------------------------------------------------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Trailer {
    /// User-to-user indication: carried for the AAL's user, unread.
    pub uu: u8,
    /// Common part indicator: 0, all other values are reserved.
    pub cpi: u8,
    /// Octets of the SDU; 0 is an abort.
    pub length: u16,
    /// CRC-32 over the PDU up to here.
    pub crc: u32,
}

impl Trailer {
    /// Reads a trailer. All octets are one.
    #[must_use]
    #[inline]
    pub const fn from_octets(octets: [u8; TRAILER_LEN]) -> Self {
        let [uu, cpi, l0, l1, c0, c1, c2, c3] = octets;
        Self { uu, cpi, length: u16::from_be_bytes([l0, l1]), crc: u32::from_be_bytes([c0, c1, c2, c3]) }
    }

    /// The trailer's octets.
    #[must_use]
    #[inline]
    pub const fn to_octets(self) -> [u8; TRAILER_LEN] {
        let [l0, l1] = self.length.to_be_bytes();
        let [c0, c1, c2, c3] = self.crc.to_be_bytes();
        [self.uu, self.cpi, l0, l1, c0, c1, c2, c3]
    }

    /// Octets that [`Self::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        TRAILER_LEN
    }

    /// Writes the trailer and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`].
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        write(&self.to_octets(), buffer, Field::Aal5Pdu)
    }

    /// What the trailer says before its CRC, as a word.
    #[inline]
    pub(crate) const fn first_word(self) -> u32 {
        let [a, b, c, d, ..] = self.to_octets();
        u32::from_be_bytes([a, b, c, d])
    }
}

crate::impl_put!(Trailer, TRAILER_LEN);

/// A whole CPCS-PDU, its length, CRC and CPI checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    sdu: &'a [u8],
    octets: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a CPCS-PDU: the payloads of its cells, one behind the other. What the pad holds does not matter.
    ///
    /// # Errors
    /// [`Error::Truncated`] below one cell; [`Error::Length`] of [`Field::Aal5Pdu`] where the octets are no whole cells, and of
    /// [`Field::Aal5Length`] where the Length field would take another number of cells; [`Error::Checksum`]; [`Error::Value`] of
    /// [`Field::Aal5Length`] for an abort (Length 0 and all else right) and of [`Field::Aal5Cpi`] for a CPI other than 0, unless `cpi` says
    /// that any will do.
    #[inline]
    pub fn parse(octets: &'a [u8], cpi: CpiPolicy) -> Result<Self, Error> {
        let found = octets.len();
        let Some((head, trailer)) = octets.split_last_chunk::<TRAILER_LEN>() else {
            return Err(truncated(found));
        };
        let trailer = Trailer::from_octets(*trailer);
        let length = usize::from(trailer.length);
        // A PDU of a Length that asks for more cells is shorter than its SDU, one that asks for fewer has a pad of 48 octets or more.
        let sdu = match head.get(..length) {
            Some(sdu) if length == 0 || cells_for(length).wrapping_mul(PAYLOAD_LEN) == found => sdu,
            _ => return Err(wrong_length(found, trailer)),
        };
        if !found.is_multiple_of(PAYLOAD_LEN) {
            return Err(wrong_length(found, trailer));
        }
        let register = crc::update(u32::MAX, octets);
        if register != RESIDUE || length == 0 || (trailer.cpi != 0 && cpi == CpiPolicy::Zero) {
            return Err(bad(octets, register, trailer));
        }
        Ok(Self { sdu, octets })
    }

    /// The SDU.
    #[must_use]
    pub const fn sdu(self) -> &'a [u8] {
        self.sdu
    }

    /// The trailer.
    #[must_use]
    pub const fn trailer(self) -> Trailer {
        match self.octets.last_chunk() {
            Some(octets) => Trailer::from_octets(*octets),
            None => Trailer { uu: 0, cpi: 0, length: 0, crc: 0 },
        }
    }

    /// The pad, 0 to 47 octets. A sender may leave anything in it.
    #[must_use]
    pub fn pad(self) -> &'a [u8] {
        let end = self.octets.len().saturating_sub(TRAILER_LEN);
        self.octets.get(self.sdu.len()..end).unwrap_or(&[])
    }

    /// The whole PDU.
    #[must_use]
    pub const fn as_octets(self) -> &'a [u8] {
        self.octets
    }
}

#[cold]
#[inline(never)]
fn truncated(found: usize) -> Error {
    Error::Truncated { field: Field::Aal5Pdu, offset: 0, found: len32(found), needed: len32(PAYLOAD_LEN) }
}

/// Which of the length errors it is.
#[cold]
#[inline(never)]
fn wrong_length(found: usize, trailer: Trailer) -> Error {
    if found < PAYLOAD_LEN {
        return truncated(found);
    }
    let whole = found.saturating_sub(found % PAYLOAD_LEN);
    if whole != found {
        return Error::Length { field: Field::Aal5Pdu, offset: 0, found: len32(found), needed: len32(whole) };
    }
    // The nearest length that so many cells hold.
    let longest = found.saturating_sub(TRAILER_LEN).min(MAX_SDU);
    let shortest = longest.saturating_sub(MAX_PAD).max(1);
    let length = usize::from(trailer.length);
    Error::Length {
        field: Field::Aal5Length,
        offset: len32(found.saturating_sub(6)),
        found: len32(length),
        needed: len32(length.clamp(shortest, longest.max(shortest))),
    }
}

/// Which of the errors behind the lengths it is.
#[cold]
#[inline(never)]
fn bad(octets: &[u8], register: u32, trailer: Trailer) -> Error {
    let found = octets.len();
    if register != RESIDUE {
        let needed = crc32(octets.get(..found.saturating_sub(4)).unwrap_or(octets));
        return Error::Checksum { field: Field::Aal5Crc, offset: len32(found.saturating_sub(4)), found: trailer.crc, needed };
    }
    if trailer.length == 0 {
        return Error::Value { field: Field::Aal5Length, offset: len32(found.saturating_sub(6)), found: 0, needed: 1 };
    }
    Error::Value { field: Field::Aal5Cpi, offset: len32(found.saturating_sub(7)), found: trailer.cpi.into(), needed: 0 }
}

#[cfg(test)]
mod tests;
