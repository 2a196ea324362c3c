//! The fragment header and fragmentation at the source (RFC 8200 4.5).
//!
//! ```text
//! +---------------+---------------+-------------------------+---+-+
//! |  Next Header  |   Reserved    |     Fragment Offset     |Res|M|  0
//! +---------------+---------------+-------------------------+---+-+
//! |                         Identification                        |  4
//! +---------------------------------------------------------------+
//! ```
//!
//! Fragment Offset counts 8-octet units from the start of the fragmentable part.

use super::{HEADER_LEN as IPV6_HEADER_LEN, View};
use crate::error::{Error, Field, len32};
use crate::octets::{copy, room, room_for};
use crate::{FragmentOffset, Protocol};

/// Octets of the header.
pub const HEADER_LEN: usize = 8;

/// A fragment header: small enough to be read into a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// First header of the fragmentable part, the same in every fragment.
    pub next_header: Protocol,
    /// The reserved octet, zero when sent.
    pub reserved: u8,
    /// Where this fragment's data belongs in the fragmentable part.
    pub offset: FragmentOffset,
    /// The two reserved bits, zero when sent.
    pub reserved_bits: u8,
    /// More fragments follow.
    pub more: bool,
    /// With source and destination it names the packet.
    pub identification: u32,
}

impl Header {
    /// A header with zero reserved bits.
    #[must_use]
    pub const fn new(next_header: Protocol, offset: FragmentOffset, more: bool, identification: u32) -> Self {
        Self { next_header, reserved: 0, offset, reserved_bits: 0, more, identification }
    }

    /// Reads the header; every 8 octets are one.
    #[must_use]
    #[inline]
    pub const fn from_octets(octets: &[u8; HEADER_LEN]) -> Self {
        let word = u16::from_be_bytes([octets[2], octets[3]]);
        Self {
            next_header: Protocol(octets[0]),
            reserved: octets[1],
            offset: FragmentOffset::from_low_13(word >> 3),
            reserved_bits: (octets[3] >> 1) & 3,
            more: word & 1 != 0,
            identification: u32::from_be_bytes([octets[4], octets[5], octets[6], octets[7]]),
        }
    }

    /// Whether the "fragment" is a whole packet: offset 0 and no more to come (RFC 6946).
    #[must_use]
    pub const fn is_atomic(&self) -> bool {
        self.offset.units() == 0 && !self.more
    }

    /// Octets that [`Header::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        HEADER_LEN
    }

    /// Writes the header and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::DoesNotFit`] if `reserved_bits` is over 3. Nothing is written then.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        if self.reserved_bits > 3 {
            let found = u32::from(self.reserved_bits);
            return Err(Error::DoesNotFit { field: Field::Ipv6FragmentHeader, found, needed: 3 });
        }
        let (out, _) = room_for::<HEADER_LEN>(buffer, Field::Ipv6FragmentHeader)?;
        let word = (self.offset.units() << 3) | (u16::from(self.reserved_bits) << 1) | u16::from(self.more);
        out[0] = self.next_header.0;
        out[1] = self.reserved;
        [out[2], out[3]] = word.to_be_bytes();
        [out[4], out[5], out[6], out[7]] = self.identification.to_be_bytes();
        Ok(HEADER_LEN)
    }
}

crate::impl_put!(Header, HEADER_LEN);

/// The fragments of a packet, one at a time; nothing is copied before [`Fragment::emit`].
#[derive(Debug, Clone)]
pub struct Fragments<'a> {
    /// IPv6 header and the extension headers that every fragment repeats.
    unfragmentable: &'a [u8],
    /// Where in it the next header field is that becomes 44.
    pointer: usize,
    fragmentable: &'a [u8],
    next_header: Protocol,
    identification: u32,
    done: usize,
    /// Octets of the fragmentable part that a fragment has room for; all but the last take a multiple of 8 of them.
    space: usize,
}

impl<'a> Fragments<'a> {
    /// Cuts the packet in `octets` for a path of `mtu` octets. Hop-by-hop and routing headers, and what stands before a routing
    /// header, go into every fragment (RFC 8200 4.5). The caller's `identification` must be hard to guess (RFC 7739).
    ///
    /// A packet that fits comes out as one atomic fragment; don't call for that unless you want one.
    ///
    /// # Errors
    /// Those of [`View::parse`] and [`super::Extensions`]. [`Error::Value`] for a jumbogram or a packet that has a fragment header
    /// already: neither may be fragmented. [`Error::DoesNotFit`] if the MTU leaves no room for the headers, which must all be
    /// in the first fragment (RFC 7112), and 8 octets.
    pub fn new(octets: &'a [u8], mtu: u32, identification: u32) -> Result<Self, Error> {
        let view = View::parse(octets)?;
        if view.is_jumbogram() {
            let field = Field::Ipv6PayloadLength;
            return Err(Error::Value { field, offset: 4, found: 0, needed: len32(super::MAX_PAYLOAD_LEN) });
        }
        let mut cut = (IPV6_HEADER_LEN, 6, view.next_header());
        let mut walk = view.extensions();
        while let Some(extension) = walk.next() {
            let extension = extension?;
            match extension.kind() {
                Protocol::HOP_BY_HOP | Protocol::ROUTING => {
                    let upper = walk.upper();
                    let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
                    cut = (at(upper.offset), at(upper.pointer), upper.protocol);
                }
                Protocol::FRAGMENT => {
                    return Err(Error::Value {
                        field: Field::Ipv6FragmentHeader,
                        offset: extension.offset(),
                        found: u32::from(Protocol::FRAGMENT.0),
                        needed: u32::from(extension.next_header().0),
                    });
                }
                _ => {}
            }
        }
        let (at, pointer, next_header) = cut;
        let whole = octets.get(..IPV6_HEADER_LEN.saturating_add(view.payload().len())).unwrap_or(octets);
        let (unfragmentable, fragmentable) = whole.split_at_checked(at).unwrap_or((whole, &[]));
        let budget = usize::try_from(mtu).unwrap_or(usize::MAX);
        let headers = at.saturating_add(HEADER_LEN);
        let space = budget.saturating_sub(headers);
        let step = space & !7;
        // The chain up to the upper-layer header, and that header: 8 octets, or what a TCP data offset says.
        let upper = walk.upper();
        let upper_len = match (upper.protocol, upper.octets.get(12)) {
            (Protocol::TCP, Some(octet)) => usize::from(octet >> 4).saturating_mul(4).max(crate::tcp::MIN_HEADER_LEN),
            _ => 8,
        };
        let chain = usize::try_from(upper.offset).unwrap_or(usize::MAX).saturating_sub(at).saturating_add(upper_len);
        if step == 0 || (step < chain && space < fragmentable.len()) {
            let needed = headers.saturating_add(chain.next_multiple_of(8));
            return Err(Error::DoesNotFit { field: Field::Mtu, found: len32(needed), needed: mtu });
        }
        Ok(Self { unfragmentable, pointer, fragmentable, next_header, identification, done: 0, space })
    }
}

impl<'a> Iterator for Fragments<'a> {
    type Item = Fragment<'a>;

    fn next(&mut self) -> Option<Fragment<'a>> {
        let left = self.fragmentable.get(self.done..)?;
        let (data, more) = match left.split_at_checked(self.space & !7) {
            Some((data, _)) if left.len() > self.space => (data, true),
            _ => (left, false),
        };
        let offset = FragmentOffset::from_octets(len32(self.done))?;
        let header = Header::new(self.next_header, offset, more, self.identification);
        // One past the end: nothing is left to give out.
        self.done = if more { self.done.saturating_add(data.len()) } else { self.fragmentable.len().saturating_add(1) };
        Some(Fragment { unfragmentable: self.unfragmentable, pointer: self.pointer, header, data })
    }
}

/// One fragment to emit.
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    unfragmentable: &'a [u8],
    pointer: usize,
    /// Its fragment header.
    pub header: Header,
    /// Its part of the fragmentable part.
    pub data: &'a [u8],
}

impl Fragment<'_> {
    /// Octets that [`Fragment::emit`] writes.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.unfragmentable.len().saturating_add(HEADER_LEN).saturating_add(self.data.len())
    }

    /// Writes the fragment's packet and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: nothing is written. [`Error::DoesNotFit`] if the packet would be over the payload length field's range.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let len = self.wire_len();
        let payload_len = len.saturating_sub(IPV6_HEADER_LEN);
        let Ok(payload_len) = u16::try_from(payload_len) else {
            let (field, found) = (Field::Ipv6PayloadLength, len32(payload_len));
            return Err(Error::DoesNotFit { field, found, needed: len32(super::MAX_PAYLOAD_LEN) });
        };
        let out = room(buffer, len, Field::Ipv6Header)?;
        copy(out, self.unfragmentable);
        if let Some(field) = out.get_mut(4..6) {
            copy(field, &payload_len.to_be_bytes());
        }
        if let Some(next_header) = out.get_mut(self.pointer) {
            *next_header = Protocol::FRAGMENT.0;
        }
        let rest = out.get_mut(self.unfragmentable.len()..).unwrap_or_default();
        let written = self.header.emit(rest)?;
        copy(rest.get_mut(written..).unwrap_or_default(), self.data);
        Ok(len)
    }
}
