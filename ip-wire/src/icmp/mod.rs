//! What ICMPv4 and ICMPv6 share: echo messages and the original datagram that an error quotes.

use crate::error::{Error, len32};
use crate::ip::Packet;
use crate::octets::be16;
use crate::{Field, Reading};

/// The body of an echo request or reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo<'a> {
    /// Identifier: tells askers apart.
    pub identifier: u16,
    /// Sequence number.
    pub sequence_number: u16,
    /// Data, returned as it came.
    pub data: &'a [u8],
}

impl<'a> Echo<'a> {
    pub(crate) const fn new(word: [u8; 4], data: &'a [u8]) -> Self {
        let [i0, i1, s0, s1] = word;
        Self { identifier: be16(i0, i1), sequence_number: be16(s0, s1), data }
    }

    pub(crate) const fn word(&self) -> [u8; 4] {
        let ([i0, i1], [s0, s1]) = (self.identifier.to_be_bytes(), self.sequence_number.to_be_bytes());
        [i0, i1, s0, s1]
    }
}

/// What an ICMP error message quotes: as much of the datagram that caused it as it carries, and extensions behind it.
///
/// ```text
/// +---------------------------------------------------------------+
/// |    original datagram: `length` units of 4 (v4) or 8 (v6)      |
/// +---------------------------------------------------------------+
/// |    extension structure (RFC 4884 7), if `length` is not 0     |
/// +---------------------------------------------------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote<'a> {
    /// RFC 4884's length attribute, in 32-bit (ICMPv4) or 64-bit (ICMPv6) words; 0 if all octets are the datagram's.
    pub length: u8,
    /// All octets behind the ICMP header.
    pub octets: &'a [u8],
    unit: u8,
}

impl<'a> Quote<'a> {
    /// A quote without extensions.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { length: 0, octets, unit: 0 }
    }

    pub(crate) const fn with_length(length: u8, unit: u8, octets: &'a [u8]) -> Self {
        Self { length, octets, unit }
    }

    fn split(&self) -> (&'a [u8], &'a [u8]) {
        let len = usize::from(self.length).saturating_mul(usize::from(self.unit));
        match self.octets.split_at_checked(len) {
            Some((original, extensions)) if len > 0 => (original, extensions),
            _ => (self.octets, &[]),
        }
    }

    /// The octets of the original datagram. Where extensions follow they may end in padding.
    #[must_use]
    pub fn original(&self) -> &'a [u8] {
        self.split().0
    }

    /// The extension structure; empty if there is none.
    #[must_use]
    pub fn extensions(&self) -> &'a [u8] {
        self.split().1
    }

    /// The original datagram, read as far as it goes.
    ///
    /// # Errors
    /// Those of [`Packet::parse_lax`].
    pub fn packet(&self) -> Result<Reading<Packet<'a>>, Error> {
        Packet::parse_lax(self.original())
    }
}

/// What both versions' headers start with.
///
/// ```text
/// +---------------+---------------+-------------------------------+
/// |     Type      |     Code      |           Checksum            |
/// +---------------+---------------+-------------------------------+
/// ```
pub(crate) const FIXED_LEN: usize = 4;

/// The word behind the fixed part, which nearly every message has, and what follows.
pub(crate) fn word_and_body(body: &[u8], field: Field) -> Result<([u8; 4], &[u8]), Error> {
    match body.split_first_chunk::<4>() {
        Some((word, rest)) => Ok((*word, rest)),
        None => Err(Error::Truncated { field, offset: len32(FIXED_LEN), found: len32(body.len()), needed: 4 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_without_length_is_all_datagram() {
        let quote = Quote::new(&[0x45, 1, 2]);
        assert_eq!((quote.length, quote.original(), quote.extensions()), (0, &[0x45, 1, 2][..], &[][..]));
    }

    #[test]
    fn a_quoted_packet_is_read_as_far_as_it_goes() {
        let octets = [0x45, 0, 0, 48, 0, 0, 0, 0, 1, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 3, 4, 0, 28, 0, 0];
        let reading = Quote::new(&octets).packet().unwrap();
        assert_eq!((reading.missing(), reading.into_view().upper_layer().unwrap().octets), (20, &octets[20..]));
        assert!(matches!(Quote::new(&octets[..19]).packet(), Err(Error::Truncated { found: 19, needed: 20, .. })));
        // A length keeps what follows it out.
        let reading = Quote::with_length(5, 4, &octets).packet().unwrap();
        assert_eq!((reading.missing(), reading.into_view().upper_layer().unwrap().octets), (28, &[][..]));
    }
}
