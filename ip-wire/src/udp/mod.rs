//! UDP (RFC 768).
//!
//! ```text
//! +-------------------------------+-------------------------------+
//! |          Source Port          |       Destination Port        |  0
//! +-------------------------------+-------------------------------+
//! |            Length             |           Checksum            |  4
//! +-------------------------------+-------------------------------+
//! ```
//!
//! Length counts octets, header included. Checksum 0 means that there is none: allowed over IPv4 (RFC 768), over IPv6 only where a
//! tunnel protocol says so (RFC 8200 8.1, RFC 6935).

use crate::Reading;
use crate::checksum::{Checksum, Sum};
use crate::error::{Error, Field, len32};
use crate::octets::{be16, copy, first, first_mut, room};

/// Octets of the header.
pub const HEADER_LEN: usize = 8;

/// Whether a checksum of 0 is acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ZeroChecksum {
    /// It means that there is no checksum: IPv4, and IPv6 tunnels of RFC 6935.
    Allowed,
    /// It is an error: IPv6.
    Refused,
}

/// What a checksum that did not fail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verified {
    /// It holds.
    Good,
    /// The sender computed none.
    Absent,
}

/// A read UDP datagram: header and payload, cut at the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; HEADER_LEN],
    payload: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a datagram. Octets past its length are left out. A length of 0 stands for all of a buffer over 65,535 octets, a
    /// jumbogram's (RFC 2675 4). The checksum needs the IP addresses: see [`View::verify_checksum`].
    ///
    /// # Errors
    /// [`Error::Truncated`] below 8 octets, [`Error::LengthTooSmall`] for a length below 8, [`Error::LengthBeyondBuffer`] for one
    /// past the end.
    #[inline]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, rest) = first::<HEADER_LEN>(octets, Field::UdpHeader)?;
        // A length below 8 wraps around to one that no buffer has.
        let len = usize::from(be16(fixed[4], fixed[5])).wrapping_sub(HEADER_LEN);
        match rest.get(..len) {
            Some(payload) => Ok(Self { fixed, payload }),
            None => Self { fixed, payload: rest }.unusual_len(),
        }
    }

    /// Reads a datagram whose end may be missing.
    ///
    /// # Errors
    /// Those of [`View::parse`], but for a length past the end, which is [`Reading::Truncated`].
    #[inline]
    pub fn parse_lax(octets: &'a [u8]) -> Result<Reading<Self>, Error> {
        match Self::parse(octets) {
            Ok(view) => Ok(Reading::Complete(view)),
            Err(Error::LengthBeyondBuffer { found, needed, .. }) => {
                let (fixed, payload) = first::<HEADER_LEN>(octets, Field::UdpHeader)?;
                Ok(Reading::Truncated { view: Self { fixed, payload }, missing: needed.saturating_sub(found) })
            }
            Err(error) => Err(error),
        }
    }

    /// A length that is not that of a part of the buffer: `self` has all of it.
    #[cold]
    #[inline(never)]
    fn unusual_len(self) -> Result<Self, Error> {
        let (field, offset) = (Field::UdpLength, 4);
        let (found, needed) = (self.datagram_len(), u32::from(self.length()));
        match self.length() {
            0 if found > usize::from(u16::MAX) => Ok(self),
            0..8 => Err(Error::LengthTooSmall { field, offset, found: needed, needed: 8 }),
            _ => Err(Error::LengthBeyondBuffer { field, offset, found: len32(found), needed }),
        }
    }

    /// Source port; 0 if the sender wants no answer.
    #[must_use]
    #[inline]
    pub const fn source_port(&self) -> u16 {
        be16(self.fixed[0], self.fixed[1])
    }

    /// Destination port.
    #[must_use]
    #[inline]
    pub const fn destination_port(&self) -> u16 {
        be16(self.fixed[2], self.fixed[3])
    }

    /// The length field as it stands.
    #[must_use]
    #[inline]
    pub const fn length(&self) -> u16 {
        be16(self.fixed[4], self.fixed[5])
    }

    /// The checksum as it stands.
    #[must_use]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed[6], self.fixed[7])
    }

    /// The payload.
    #[must_use]
    #[inline]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Octets of the datagram, header included: the length of the pseudo-header.
    #[must_use]
    #[inline]
    pub const fn datagram_len(&self) -> usize {
        HEADER_LEN.wrapping_add(self.payload.len())
    }

    /// The checksum that the datagram's octets give with `pseudo`, the sum of the pseudo-header over
    /// [`View::datagram_len`] octets; never 0.
    #[must_use]
    pub fn computed_checksum(&self, pseudo: Sum) -> u16 {
        let f = self.fixed;
        never_zero(pseudo.octets(&[f[0], f[1], f[2], f[3], f[4], f[5]]).octets(self.payload).checksum())
    }

    /// Checks the checksum.
    ///
    /// # Errors
    /// [`Error::Checksum`] if it does not hold, or is 0 where that is refused.
    #[inline]
    pub fn verify_checksum(&self, pseudo: Sum, zero: ZeroChecksum) -> Result<Verified, Error> {
        let found = self.checksum();
        if found == 0 && zero == ZeroChecksum::Allowed {
            return Ok(Verified::Absent);
        }
        if found != 0 && pseudo.octets(self.fixed).octets(self.payload).holds() {
            return Ok(Verified::Good);
        }
        Err(Error::Checksum { field: Field::UdpChecksum, offset: 6, found, needed: self.computed_checksum(pseudo) })
    }
}

/// A sum of 0 is sent as ffff, which is the same number: 0 says that there is no checksum (RFC 768).
#[inline]
pub(crate) const fn never_zero(checksum: u16) -> u16 {
    if checksum == 0 { 0xffff } else { checksum }
}

/// A UDP header to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// The checksum: computed by [`Header::emit`], or a given value ([`Checksum::Verbatim`] of 0 for none).
    pub checksum: Checksum,
}

impl Header {
    /// A header with a computed checksum.
    #[must_use]
    pub const fn new(source_port: u16, destination_port: u16) -> Self {
        Self { source_port, destination_port, checksum: Checksum::Compute }
    }

    /// What emits, with the same pseudo-header and payload, the very octets that were read: a wrong checksum is kept.
    #[must_use]
    pub fn from_view(view: &View<'_>, pseudo: Sum) -> Self {
        Self {
            source_port: view.source_port(),
            destination_port: view.destination_port(),
            checksum: Checksum::observed(view.checksum(), view.computed_checksum(pseudo)),
        }
    }

    /// Octets of the header that [`Header::emit`] writes: always 8.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        HEADER_LEN
    }

    /// Writes the header and `payload` and returns their octets' number. `pseudo` is the sum of the pseudo-header over
    /// that number. The length of a datagram over 65,535 octets, which takes a jumbogram, is written as 0 (RFC 2675 4).
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: nothing is written.
    pub fn emit(&self, pseudo: Sum, payload: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        let len = HEADER_LEN.saturating_add(payload.len());
        let out = room(buffer, len, Field::UdpHeader)?;
        let (fixed, rest) = first_mut::<HEADER_LEN>(out, Field::UdpHeader)?;
        [fixed[0], fixed[1]] = self.source_port.to_be_bytes();
        [fixed[2], fixed[3]] = self.destination_port.to_be_bytes();
        [fixed[4], fixed[5]] = u16::try_from(len).unwrap_or(0).to_be_bytes();
        [fixed[6], fixed[7]] = [0, 0];
        copy(rest, payload);
        let checksum = match self.checksum {
            Checksum::Verbatim(value) => value,
            Checksum::Compute => never_zero(pseudo.octets(fixed).octets(payload).checksum()),
        };
        [fixed[6], fixed[7]] = checksum.to_be_bytes();
        Ok(len)
    }
}

#[cfg(test)]
mod tests;
