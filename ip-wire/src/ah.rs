//! The fixed part of the Authentication Header (RFC 4302 2), as a walk over headers needs it. Its meaning is `ipsec-wire`'s.
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |  Next Header  |  Payload Len  |           Reserved            |  0
//! +---------------+---------------+-------------------------------+
//! |                 Security Parameters Index (SPI)               |  4
//! +---------------------------------------------------------------+
//! |                        Sequence Number                        |  8
//! +---------------------------------------------------------------+
//! |                Integrity Check Value and padding              | 12
//! +---------------------------------------------------------------+
//! ```
//!
//! Payload Len counts 32-bit words of the whole header, two left out.

use crate::Protocol;
use crate::error::{Error, Field, len32};
use crate::octets::{be16, first};

/// Octets before the integrity check value.
pub const FIXED_LEN: usize = 12;

/// A read Authentication Header and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; FIXED_LEN],
    /// Integrity check value, then payload.
    rest: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a header.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 12 octets, [`Error::LengthTooSmall`] for a length that ends before the sequence number does,
    /// [`Error::LengthBeyondBuffer`] for one past the end.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, rest) = first::<FIXED_LEN>(octets, Field::AhHeader)?;
        let view = Self { fixed, rest };
        if fixed[1] == 0 {
            return Err(Error::LengthTooSmall { field: Field::AhLength, offset: 1, found: 0, needed: 1 });
        }
        if view.header_len() > octets.len() {
            let (found, needed) = (len32(octets.len()), len32(view.header_len()));
            return Err(Error::LengthBeyondBuffer { field: Field::AhLength, offset: 1, found, needed });
        }
        Ok(view)
    }

    /// What follows the header.
    #[must_use]
    pub const fn next_header(&self) -> Protocol {
        Protocol(self.fixed[0])
    }

    /// The Payload Len field as it stands.
    #[must_use]
    pub const fn payload_len(&self) -> u8 {
        self.fixed[1]
    }

    /// Octets of the header: 4 times Payload Len + 2.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        (self.fixed[1] as usize).wrapping_add(2).wrapping_mul(4)
    }

    /// Reserved, zero when sent.
    #[must_use]
    pub const fn reserved(&self) -> u16 {
        be16(self.fixed[2], self.fixed[3])
    }

    /// Security parameters index.
    #[must_use]
    pub const fn spi(&self) -> u32 {
        let f = self.fixed;
        u32::from_be_bytes([f[4], f[5], f[6], f[7]])
    }

    /// Sequence number, the low 32 bits.
    #[must_use]
    pub const fn sequence_number(&self) -> u32 {
        let f = self.fixed;
        u32::from_be_bytes([f[8], f[9], f[10], f[11]])
    }

    /// Integrity check value and padding.
    #[must_use]
    pub fn icv(&self) -> &'a [u8] {
        self.rest.get(..self.header_len().saturating_sub(FIXED_LEN)).unwrap_or(self.rest)
    }

    /// What the header protects.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.rest.get(self.header_len().saturating_sub(FIXED_LEN)..).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4302 2.2: a 96-bit integrity check value makes a payload length of 4.
    const PACKET: [u8; 27] = [6, 4, 0xab, 0xcd, 0, 0, 1, 2, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xaa, 0xbb, 0xcc];

    #[test]
    fn the_header_of_rfc_4302_section_2_reads_as_drawn() {
        let view = View::parse(&PACKET).unwrap();
        assert_eq!((view.next_header(), view.payload_len(), view.header_len()), (Protocol::TCP, 4, 24));
        assert_eq!((view.reserved(), view.spi(), view.sequence_number()), (0xabcd, 0x0102, 7));
        assert_eq!((view.icv(), view.payload()), (&PACKET[12..24], &PACKET[24..]));
    }

    #[test]
    fn every_payload_length_in_a_buffer_of_27_octets() {
        for len in 0..=255u8 {
            let mut octets = PACKET;
            octets[1] = len;
            let needed = 4 * (u32::from(len) + 2);
            let field = Field::AhLength;
            match View::parse(&octets) {
                Ok(view) => {
                    assert!((1..=4).contains(&len));
                    assert_eq!((view.icv().len() + 12, view.payload().len()), (needed as usize, 27 - needed as usize));
                }
                Err(error) if len == 0 => {
                    assert_eq!(error, Error::LengthTooSmall { field, offset: 1, found: 0, needed: 1 });
                }
                Err(error) => {
                    assert!(len > 4);
                    assert_eq!(error, Error::LengthBeyondBuffer { field, offset: 1, found: 27, needed });
                    assert_eq!(error.reaction(), crate::Reaction::Discard);
                }
            }
        }
    }

    #[test]
    fn less_than_12_octets_are_truncated_at_every_length() {
        for len in 0..12u32 {
            let error = Error::Truncated { field: Field::AhHeader, offset: 0, found: len, needed: 12 };
            assert_eq!(View::parse(&PACKET[..len as usize]), Err(error));
        }
    }
}
