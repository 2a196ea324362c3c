//! The fixed part of the Encapsulating Security Payload (RFC 4303 2), all of it that is in the clear. The rest is `ipsec-wire`'s.
//!
//! ```text
//! +---------------------------------------------------------------+
//! |                 Security Parameters Index (SPI)               |  0
//! +---------------------------------------------------------------+
//! |                        Sequence Number                        |  4
//! +---------------------------------------------------------------+
//! |      initialization vector, ciphertext, integrity check       |  8
//! +---------------------------------------------------------------+
//! ```

use crate::error::{Error, Field};
use crate::octets::first;

/// Octets before the opaque part.
pub const FIXED_LEN: usize = 8;

/// A read ESP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; FIXED_LEN],
    payload: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a packet.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 8 octets.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, payload) = first::<FIXED_LEN>(octets, Field::EspHeader)?;
        Ok(Self { fixed, payload })
    }

    /// Security parameters index.
    #[must_use]
    pub const fn spi(&self) -> u32 {
        let f = self.fixed;
        u32::from_be_bytes([f[0], f[1], f[2], f[3]])
    }

    /// Sequence number, the low 32 bits.
    #[must_use]
    pub const fn sequence_number(&self) -> u32 {
        let f = self.fixed;
        u32::from_be_bytes([f[4], f[5], f[6], f[7]])
    }

    /// Everything behind the sequence number.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_rfc_4303_section_2_reads_as_drawn() {
        let octets = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        let view = View::parse(&octets).unwrap();
        assert_eq!((view.spi(), view.sequence_number(), view.payload()), (0x0102_0304, 0x0506_0708, &[9, 10][..]));
        assert!(View::parse(&octets[..8]).unwrap().payload().is_empty());
        for len in 0..8u32 {
            let error = Error::Truncated { field: Field::EspHeader, offset: 0, found: len, needed: 8 };
            assert_eq!(View::parse(&octets[..len as usize]), Err(error));
        }
    }
}
