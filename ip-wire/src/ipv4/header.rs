//! The IPv4 header to emit.

use core::net::Ipv4Addr;

use super::options::OptionList;
use super::{Flags, MAX_TOTAL_LEN, MIN_HEADER_LEN, View, total_below_header};
use crate::checksum::{Checksum, Sum};
use crate::error::{Error, Field, len32};
use crate::octets::{copy, first_mut, room};
use crate::{DsField, FragmentOffset, Protocol};

/// An IPv4 header to emit. Version and IHL follow from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// DSCP and ECN.
    pub ds: DsField,
    /// Total length in octets, header included.
    pub total_len: u16,
    /// Identification.
    pub identification: u16,
    /// Flag bits.
    pub flags: Flags,
    /// Where a fragment's data belongs.
    pub fragment_offset: FragmentOffset,
    /// Time to live.
    pub ttl: u8,
    /// Protocol of the payload.
    pub protocol: Protocol,
    /// Header checksum: computed, or a given value.
    pub checksum: Checksum,
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
    /// Options.
    pub options: OptionList,
}

impl Header {
    /// A header for `payload_len` octets of payload: no options, TTL 64, Don't Fragment set and therefore
    /// identification 0 (an atomic datagram needs none, RFC 6864 4.1).
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if the datagram would be over 65,535 octets.
    #[inline]
    pub fn new(source: Ipv4Addr, destination: Ipv4Addr, protocol: Protocol, payload_len: usize) -> Result<Self, Error> {
        let mut header = Self {
            ds: DsField::default(),
            total_len: 0,
            identification: 0,
            flags: Flags::DONT_FRAGMENT,
            fragment_offset: FragmentOffset::ZERO,
            ttl: 64,
            protocol,
            checksum: Checksum::Compute,
            source,
            destination,
            options: OptionList::new(),
        };
        header.set_payload_len(payload_len)?;
        Ok(header)
    }

    /// Sets the total length for `payload_len` octets of payload behind this header with its options.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if the datagram would be over 65,535 octets; the header stays as it was.
    #[inline]
    pub fn set_payload_len(&mut self, payload_len: usize) -> Result<(), Error> {
        let total = payload_len.saturating_add(self.wire_len());
        self.total_len = u16::try_from(total).map_err(|_| Error::DoesNotFit {
            field: Field::Ipv4TotalLength,
            found: len32(total),
            needed: len32(MAX_TOTAL_LEN),
        })?;
        Ok(())
    }

    /// Octets that [`Header::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        MIN_HEADER_LEN.wrapping_add(self.options.len())
    }

    /// Writes the header and returns its octets' number. The payload is the caller's.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::LengthTooSmall`] if the total length is below the header's: nothing is written.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let len = self.wire_len();
        if usize::from(self.total_len) < len {
            return Err(total_below_header(usize::from(self.total_len), len));
        }
        let out = room(buffer, len, Field::Ipv4Header)?;
        let (fixed, rest) = first_mut::<MIN_HEADER_LEN>(out, Field::Ipv4Header)?;
        self.write(fixed);
        copy(rest, self.options.as_octets());
        Ok(len)
    }

    /// As [`Header::emit`], for a header without options and a place of its size: where a header is made for each packet. Always inlined, so that a header that is made
    /// just before stays in registers.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] for a header with options; [`Error::LengthTooSmall`] if the total length is below the header's: nothing is written.
    #[inline(always)]
    pub fn emit_fixed(&self, place: &mut [u8; MIN_HEADER_LEN]) -> Result<(), Error> {
        // Nothing below may take the header's address.
        let (total, len) = (usize::from(self.total_len), self.wire_len());
        if total < len {
            return Err(total_below_header(total, len));
        }
        if len > MIN_HEADER_LEN {
            return Err(no_room(len));
        }
        self.write(place);
        Ok(())
    }

    /// Writes all but the options.
    #[inline(always)]
    fn write(&self, fixed: &mut [u8; MIN_HEADER_LEN]) {
        // At most 40 octets of options: at most 10 words.
        let version = 0x45u8.wrapping_add(self.options.words());
        let [t0, t1] = self.total_len.to_be_bytes();
        let [i0, i1] = self.identification.to_be_bytes();
        let [f0, f1] = ((u16::from(self.flags.bits()) << 13) | self.fragment_offset.units()).to_be_bytes();
        let ([s0, s1, s2, s3], [d0, d1, d2, d3]) = (self.source.octets(), self.destination.octets());
        // In words, of the fields and not of the octets: what was just written one by one can't be read as words without a stall.
        let first = u64::from_ne_bytes([version, self.ds.0, t0, t1, i0, i1, f0, f1]);
        let second = u64::from_ne_bytes([self.ttl, self.protocol.0, 0, 0, s0, s1, s2, s3]);
        let third = u32::from_ne_bytes([d0, d1, d2, d3]);
        let checksum = match self.checksum {
            Checksum::Verbatim(value) => value,
            Checksum::Compute => {
                let sum = Sum::new().native(first).native(second).native(u64::from(third));
                if self.options.is_empty() { sum.checksum() } else { sum.octets(self.options.as_octets()).checksum() }
            }
        };
        let [c0, c1] = checksum.to_be_bytes();
        let second = second | u64::from_ne_bytes([0, 0, c0, c1, 0, 0, 0, 0]);
        let Some((place, rest)) = fixed.split_first_chunk_mut::<8>() else { return };
        *place = first.to_ne_bytes();
        let Some((place, rest)) = rest.split_first_chunk_mut::<8>() else { return };
        *place = second.to_ne_bytes();
        copy(rest, &third.to_ne_bytes());
    }
}

crate::impl_put!(Header, super::MAX_HEADER_LEN);

impl From<View<'_>> for Header {
    /// What emits the very octets that were read: a wrong checksum is kept.
    fn from(view: View<'_>) -> Self {
        Self {
            ds: view.ds(),
            total_len: view.total_len(),
            identification: view.identification(),
            flags: view.flags(),
            fragment_offset: view.fragment_offset(),
            ttl: view.ttl(),
            protocol: view.protocol(),
            checksum: Checksum::observed(view.checksum(), view.computed_checksum()),
            source: view.source(),
            destination: view.destination(),
            options: OptionList::from_words(view.options_octets()),
        }
    }
}

#[cold]
fn no_room(needed: usize) -> Error {
    Error::BufferTooSmall { field: Field::Ipv4Header, found: len32(MIN_HEADER_LEN), needed: len32(needed) }
}
