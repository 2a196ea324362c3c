//! The mobility header (RFC 6275 6.1), its message kept verbatim.
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! | Payload Proto |  Header Len   |    MH Type    |   Reserved    |  0
//! +---------------+---------------+---------------+---------------+
//! |           Checksum            |         Message Data          |  4
//! +-------------------------------+-------------------------------+
//! ```

use core::net::Ipv6Addr;

use super::ext::{ext_len, generic_len};
use crate::Protocol;
use crate::checksum::{self, Checksum};
use crate::error::{Error, Field, len32};
use crate::octets::{be16, copy, first, room, room_for};

/// Octets before the message data.
pub const FIXED_LEN: usize = 6;

/// A read mobility header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; FIXED_LEN],
    data: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a mobility header from the start of `octets`.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 6 octets, [`Error::LengthBeyondBuffer`] for a Header Len past the end.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, rest) = first::<FIXED_LEN>(octets, Field::Ipv6MobilityHeader)?;
        let len = generic_len(fixed[1]);
        let data = rest.get(..len.saturating_sub(FIXED_LEN)).ok_or(Error::LengthBeyondBuffer {
            field: Field::Ipv6MobilityHeader,
            offset: 1,
            found: len32(octets.len()),
            needed: len32(len),
        })?;
        Ok(Self { fixed, data })
    }

    /// Payload Proto: what follows; 59 in all that RFC 6275 sends.
    #[must_use]
    pub const fn next_header(&self) -> Protocol {
        Protocol(self.fixed[0])
    }

    /// MH Type: which message.
    #[must_use]
    pub const fn mh_type(&self) -> u8 {
        self.fixed[2]
    }

    /// The reserved octet, zero when sent.
    #[must_use]
    pub const fn reserved(&self) -> u8 {
        self.fixed[3]
    }

    /// The checksum as it stands.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed[4], self.fixed[5])
    }

    /// The message and its options.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Checks the checksum, which covers a pseudo-header with next header 135 (RFC 6275 6.1.1).
    ///
    /// # Errors
    /// [`Error::Checksum`].
    pub fn verify_checksum(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Result<(), Error> {
        let needed = self.computed_checksum(source, destination);
        if needed == self.checksum() {
            return Ok(());
        }
        Err(Error::Checksum { field: Field::Ipv6MobilityHeader, offset: 4, found: self.checksum(), needed })
    }

    /// The checksum that the header's octets give.
    #[must_use]
    pub fn computed_checksum(&self, source: Ipv6Addr, destination: Ipv6Addr) -> u16 {
        let len = len32(self.data.len().saturating_add(FIXED_LEN));
        let [a, b, c, d, _, _] = *self.fixed;
        checksum::pseudo_v6(source, destination, Protocol::MOBILITY, len).octets(&[a, b, c, d]).octets(self.data).checksum()
    }
}

/// A mobility header to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// What follows; 59.
    pub next_header: Protocol,
    /// Which message.
    pub mh_type: u8,
    /// Zero.
    pub reserved: u8,
    /// The checksum: computed by [`Header::emit`] from the addresses it is given, or a given value.
    pub checksum: Checksum,
    /// The message; with the 6 octets before it, whole 8-octet units.
    pub data: &'a [u8],
}

impl Header<'_> {
    /// Octets that [`Header::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        FIXED_LEN.saturating_add(self.data.len())
    }

    /// Writes the header and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::DoesNotFit`] for data that does not make whole 8-octet units, or over 2,048 octets.
    /// Nothing is written then.
    pub fn emit(&self, source: Ipv6Addr, destination: Ipv6Addr, buffer: &mut [u8]) -> Result<usize, Error> {
        let len = self.wire_len();
        if len % 8 != 0 {
            let (field, found) = (Field::Ipv6MobilityHeader, len32(len));
            return Err(Error::DoesNotFit { field, found, needed: found & !7 });
        }
        let units = ext_len(len, Field::Ipv6MobilityHeader)?;
        let out = room(buffer, len, Field::Ipv6MobilityHeader)?;
        let (fixed, rest) = room_for::<FIXED_LEN>(out, Field::Ipv6MobilityHeader)?;
        *fixed = [self.next_header.0, units, self.mh_type, self.reserved, 0, 0];
        copy(rest, self.data);
        let checksum = match self.checksum {
            Checksum::Verbatim(value) => value,
            Checksum::Compute => View { fixed, data: self.data }.computed_checksum(source, destination),
        };
        [fixed[4], fixed[5]] = checksum.to_be_bytes();
        Ok(len)
    }
}
