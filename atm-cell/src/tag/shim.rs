//! The tag entry that a packet carries besides its VCI.

use crate::error::len32;
use crate::{Error, Field};

/// An entry of the tag stack between link and network header (RFC 3032 section 2.1).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +---------------------------------------+-----+-+---------------+
/// |                 label                 | exp |S|      TTL      |
/// +---------------------------------------+-----+-+---------------+
/// ```
///
/// On ATM the top entry is a placeholder that carries TTL and class of service: its label is sent as 0 and not read (RFC 3035 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shim(u32);

impl Shim {
    /// Octets of an entry.
    pub const LEN: usize = 4;

    /// The top entry on ATM: label 0.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] for an experimental field (class of service) over 7.
    pub const fn placeholder(experimental: u8, bottom: bool, ttl: u8) -> Result<Self, Error> {
        if experimental > 7 {
            return Err(Error::DoesNotFit { field: Field::Tag, found: experimental as u32, needed: 7 });
        }
        Ok(Self((experimental as u32) << 9 | (bottom as u32) << 8 | ttl as u32))
    }

    /// Reads the entry at the start of `octets`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn parse(octets: &[u8]) -> Result<Self, Error> {
        match octets.first_chunk() {
            Some(entry) => Ok(Self(u32::from_be_bytes(*entry))),
            None => Err(Error::Truncated { field: Field::Tag, offset: 0, found: len32(octets.len()), needed: len32(Self::LEN) }),
        }
    }

    /// The label: to be ignored in the top entry on ATM.
    #[must_use]
    pub const fn label(self) -> u32 {
        self.0 >> 12
    }

    /// The experimental field (class of service).
    #[must_use]
    pub const fn experimental(self) -> u8 {
        self.0.to_be_bytes()[2] >> 1 & 7
    }

    /// Whether it is the last entry of the stack.
    #[must_use]
    pub const fn bottom(self) -> bool {
        self.0 & 0x100 != 0
    }

    /// Time to live.
    #[must_use]
    pub const fn ttl(self) -> u8 {
        self.0.to_be_bytes()[3]
    }

    /// Octets that [`Self::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        Self::LEN
    }

    /// Writes the entry and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`].
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let found = buffer.len();
        let Some(out) = buffer.first_chunk_mut() else {
            return Err(Error::BufferTooSmall { field: Field::Tag, found: len32(found), needed: len32(Self::LEN) });
        };
        *out = self.0.to_be_bytes();
        Ok(Self::LEN)
    }
}

crate::impl_put!(Shim, Shim::LEN);
