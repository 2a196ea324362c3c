//! The FBS header (thesis p. 60, figure 26).

use core::fmt;

use crate::error::{Error, Field, len32};
use crate::mac::MAC_LEN;
use crate::octets::put;

/// Octets of the header.
pub const LEN: usize = 32;

/// Security flow label: names a flow of a sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sfl(pub u64);

impl Sfl {
    /// The bit that says that the payload is encrypted.
    pub const ENCRYPTED: u64 = 1 << 63;

    /// Whether the flow's payloads are encrypted.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        self.0 & Self::ENCRYPTED != 0
    }
}

impl fmt::Display for Sfl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}

/// A header as it was received. Any 32 octets are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    octets: &'a [u8; LEN],
}

impl<'a> View<'a> {
    /// Reads the header that starts `octets`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        match octets.first_chunk() {
            Some(octets) => Ok(Self { octets }),
            None => Err(Error::Truncated { field: Field::FlowHeader, offset: 0, found: len32(octets.len()), needed: len32(LEN) }),
        }
    }

    /// All of it.
    #[must_use]
    pub const fn to_header(&self) -> Header {
        let [a, b, c, d, e, f, g, h, i, j, k, l, mac @ .., m, n, o, p] = *self.octets;
        Header {
            sfl: Sfl(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
            confounder: u32::from_be_bytes([i, j, k, l]),
            mac,
            timestamp: u32::from_be_bytes([m, n, o, p]),
        }
    }
}

/// A header to be emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// Security flow label.
    pub sfl: Sfl,
    /// A random value of each datagram's: it hides that two of a flow are the same, and gives the IV.
    pub confounder: u32,
    /// Message Authentication Code.
    pub mac: [u8; MAC_LEN],
    /// Minutes since the epoch that both ends count from.
    pub timestamp: u32,
}

impl Header {
    /// Octets that [`Header::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        LEN
    }

    /// Writes the header at the start of `buffer` and returns its length.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; nothing is written then.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let found = len32(buffer.len());
        let Some(place) = buffer.first_chunk_mut::<LEN>() else {
            return Err(Error::BufferTooSmall { field: Field::FlowHeader, found, needed: len32(LEN) });
        };
        put(place, 0, &self.sfl.0.to_be_bytes());
        put(place, 8, &self.confounder.to_be_bytes());
        put(place, 12, &self.mac);
        put(place, 28, &self.timestamp.to_be_bytes());
        Ok(LEN)
    }
}
