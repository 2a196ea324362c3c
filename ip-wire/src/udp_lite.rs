//! UDP-Lite (RFC 3828): UDP whose checksum may cover only the start of the datagram.
//!
//! ```text
//! +-------------------------------+-------------------------------+
//! |          Source Port          |       Destination Port        |  0
//! +-------------------------------+-------------------------------+
//! |       Checksum Coverage       |           Checksum            |  4
//! +-------------------------------+-------------------------------+
//! ```
//!
//! Checksum Coverage counts octets from the header's first; 0 is all. The datagram's length is IP's to say.

use crate::checksum::{Checksum, Sum};
use crate::error::{Error, Field, len32};
use crate::octets::{be16, copy, first, first_mut, room};
use crate::udp::never_zero;

/// Octets of the header.
pub const HEADER_LEN: usize = 8;

/// A read UDP-Lite datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; HEADER_LEN],
    payload: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a datagram that fills `octets`.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 8 octets; [`Error::LengthTooSmall`] for a coverage of 1 to 7 and [`Error::LengthBeyondBuffer`] for
    /// one past the end: RFC 3828 3.1 has both dropped.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let view = Self::parse_cut(octets)?;
        let coverage = view.checksum_coverage();
        if usize::from(coverage) > octets.len() {
            let (field, found) = (Field::UdpLiteCoverage, len32(octets.len()));
            return Err(Error::LengthBeyondBuffer { field, offset: 4, found, needed: u32::from(coverage) });
        }
        Ok(view)
    }

    /// Reads a datagram whose end may be missing: the coverage may be past the end.
    ///
    /// # Errors
    /// [`Error::Truncated`] and [`Error::LengthTooSmall`] as [`View::parse`].
    pub fn parse_cut(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, payload) = first::<HEADER_LEN>(octets, Field::UdpLiteHeader)?;
        let view = Self { fixed, payload };
        match view.checksum_coverage() {
            found @ 1..8 => {
                Err(Error::LengthTooSmall { field: Field::UdpLiteCoverage, offset: 4, found: u32::from(found), needed: 8 })
            }
            _ => Ok(view),
        }
    }

    /// Source port.
    #[must_use]
    pub const fn source_port(&self) -> u16 {
        be16(self.fixed[0], self.fixed[1])
    }

    /// Destination port.
    #[must_use]
    pub const fn destination_port(&self) -> u16 {
        be16(self.fixed[2], self.fixed[3])
    }

    /// Octets that the checksum covers, header included; 0 for all.
    #[must_use]
    pub const fn checksum_coverage(&self) -> u16 {
        be16(self.fixed[4], self.fixed[5])
    }

    /// The checksum as it stands.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed[6], self.fixed[7])
    }

    /// The payload.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Octets of the datagram, header included: the length of the pseudo-header, whatever the coverage (RFC 3828 3.2).
    #[must_use]
    pub const fn datagram_len(&self) -> usize {
        HEADER_LEN.wrapping_add(self.payload.len())
    }

    /// The checksum that the covered octets give with `pseudo`; never 0.
    #[must_use]
    pub fn computed_checksum(&self, pseudo: Sum) -> u16 {
        let f = self.fixed;
        never_zero(pseudo.octets(&[f[0], f[1], f[2], f[3], f[4], f[5]]).octets(self.covered()).checksum())
    }

    /// Checks the checksum. It is never optional: 0 is an error (RFC 3828 3.1).
    ///
    /// # Errors
    /// [`Error::Checksum`].
    pub fn verify_checksum(&self, pseudo: Sum) -> Result<(), Error> {
        let found = self.checksum();
        if found != 0 && pseudo.octets(self.fixed).octets(self.covered()).holds() {
            return Ok(());
        }
        Err(Error::Checksum { field: Field::UdpLiteChecksum, offset: 6, found, needed: self.computed_checksum(pseudo) })
    }

    fn covered(&self) -> &'a [u8] {
        covered(self.checksum_coverage(), self.payload)
    }
}

/// The part of the payload that a coverage includes.
fn covered(coverage: u16, payload: &[u8]) -> &[u8] {
    match usize::from(coverage).checked_sub(HEADER_LEN) {
        Some(len) => payload.get(..len).unwrap_or(payload),
        None => payload,
    }
}

/// A UDP-Lite header to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Octets that the checksum covers: 0 for all, or 8 and more.
    pub checksum_coverage: u16,
    /// The checksum: computed by [`Header::emit`], or a given value.
    pub checksum: Checksum,
}

impl Header {
    /// What emits, with the same pseudo-header and payload, the very octets that were read: a wrong checksum is kept.
    #[must_use]
    pub fn from_view(view: &View<'_>, pseudo: Sum) -> Self {
        Self {
            source_port: view.source_port(),
            destination_port: view.destination_port(),
            checksum_coverage: view.checksum_coverage(),
            checksum: Checksum::observed(view.checksum(), view.computed_checksum(pseudo)),
        }
    }

    /// Octets of the header that [`Header::emit`] writes: always 8.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        HEADER_LEN
    }

    /// Writes the header and `payload` and returns their octets' number. `pseudo` is the sum of the pseudo-header over
    /// that number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::DoesNotFit`] for a coverage of 1 to 7 or over the datagram's length. Nothing is written then.
    pub fn emit(&self, pseudo: Sum, payload: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        let len = HEADER_LEN.saturating_add(payload.len());
        let coverage = usize::from(self.checksum_coverage);
        if coverage > len || (1..HEADER_LEN).contains(&coverage) {
            let found = u32::from(self.checksum_coverage);
            return Err(Error::DoesNotFit { field: Field::UdpLiteCoverage, found, needed: len32(len) });
        }
        let out = room(buffer, len, Field::UdpLiteHeader)?;
        let (fixed, rest) = first_mut::<HEADER_LEN>(out, Field::UdpLiteHeader)?;
        [fixed[0], fixed[1]] = self.source_port.to_be_bytes();
        [fixed[2], fixed[3]] = self.destination_port.to_be_bytes();
        [fixed[4], fixed[5]] = self.checksum_coverage.to_be_bytes();
        [fixed[6], fixed[7]] = [0, 0];
        copy(rest, payload);
        let checksum = match self.checksum {
            Checksum::Verbatim(value) => value,
            Checksum::Compute => never_zero(pseudo.octets(fixed).octets(covered(self.checksum_coverage, payload)).checksum()),
        };
        [fixed[6], fixed[7]] = checksum.to_be_bytes();
        Ok(len)
    }
}

#[cfg(test)]
mod tests;
