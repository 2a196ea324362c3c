//! The chain of extension headers (RFC 8200 4): a bounded walk that yields each header with its offset.
//!
//! ```text
//! +---------------+---------------+------------------- ... -+
//! |  Next Header  |  Hdr Ext Len  |  8 * Hdr Ext Len + 6    |  hop-by-hop, destination, routing, mobility, HIP, Shim6
//! +---------------+---------------+------------------- ... -+
//! ```
//!
//! Hdr Ext Len counts 8-octet units, the first left out. The fragment header always has 8 octets. The walk ends at what it does
//! not know to be an extension header, at AH and ESP (the family's `ipsec-wire` reads on), at No Next Header, and behind
//! the fragment header of any fragment but the first.

use core::fmt;

use super::{fragment, mobility, options, routing};
use crate::Protocol;
use crate::error::{Error, Field, len32};

/// How many headers a walk reads unless told otherwise. No standard's chain has more than 9; a host may refuse more than it
/// likes (RFC 8504 5.3), and must bound its work.
pub const DEFAULT_LIMIT: u32 = 16;

/// A walk over the extension headers of a packet; ends after the first error.
///
/// Each header costs a fixed number of steps, and the budget bounds their number. A walk is `Copy`: keep one to start over.
#[derive(Debug, Clone, Copy)]
pub struct Extensions<'a> {
    next: Protocol,
    rest: &'a [u8],
    offset: u32,
    /// Offset of the next header field that names `next`.
    pointer: u32,
    left: u32,
    limit: u32,
    first: bool,
    ended: bool,
    order: Order,
    /// The first fragment header; one word, so that a walk fits the registers.
    fragment: Option<&'a [u8; fragment::HEADER_LEN]>,
}

/// What a chain of extension headers ends at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upper<'a> {
    /// The upper-layer protocol, AH, ESP, No Next Header, or, behind the header of a fragment that is not the first,
    /// whatever the first fragment continues with.
    pub protocol: Protocol,
    /// Where it starts, in octets from the start of the packet.
    pub offset: u32,
    /// Offset of the next header field that names it.
    pub pointer: u32,
    /// Its octets, up to the end of the packet.
    pub octets: &'a [u8],
    /// The fragment header of the chain; of several, the first that is not atomic.
    pub fragment: Option<fragment::Header>,
    has_start: bool,
}

impl Upper<'_> {
    /// Whether the octets start with the upper layer's header: the packet is whole, or a first fragment.
    #[must_use]
    pub const fn has_start(&self) -> bool {
        self.has_start
    }
}

impl<'a> Extensions<'a> {
    /// Walks `octets`, which start `offset` octets into the packet with a header of kind `next`, over `limit` headers at most.
    #[must_use]
    #[inline]
    pub const fn new(next: Protocol, octets: &'a [u8], offset: u32, limit: u32) -> Self {
        Self {
            next,
            rest: octets,
            offset,
            // The next header field of the IPv6 header.
            pointer: 6,
            left: limit,
            limit,
            first: true,
            ended: false,
            order: Order::START,
            fragment: None,
        }
    }

    /// Walks on behind a header that this walk ends at (AH): its next header, `octets` behind it, their offset, and where
    /// the next header field was. A hop-by-hop header is out of place there.
    #[must_use]
    pub const fn resume(next: Protocol, octets: &'a [u8], offset: u32, pointer: u32, limit: u32) -> Self {
        let mut walk = Self::new(next, octets, offset, limit);
        walk.pointer = pointer;
        walk.first = false;
        walk
    }

    /// Walks to the end of the chain.
    ///
    /// # Errors
    /// See [`Extensions::next`].
    #[inline]
    pub fn upper_layer(mut self) -> Result<Upper<'a>, Error> {
        while !self.ended && is_walked(self.next) {
            if self.advance().is_none() {
                return Err(self.failure());
            }
        }
        Ok(self.upper())
    }

    /// What the walk has come to: after the last header, what the chain ends at.
    #[must_use]
    #[inline]
    pub const fn upper(&self) -> Upper<'a> {
        let fragment = match self.fragment {
            Some(octets) => Some(fragment::Header::from_octets(octets)),
            None => None,
        };
        Upper {
            protocol: self.next,
            offset: self.offset,
            pointer: self.pointer,
            octets: self.rest,
            fragment,
            has_start: !self.ended,
        }
    }

    /// Goes past the next header and returns its octets; `None` if [`Extensions::failure`] says why not.
    #[inline]
    fn advance(&mut self) -> Option<&'a [u8]> {
        let kind = self.next;
        if self.left == 0 || (kind == Protocol::HOP_BY_HOP && !self.first) {
            return None;
        }
        let [next_header, len_octet, ..] = self.rest else { return None };
        let len = if kind == Protocol::FRAGMENT { fragment::HEADER_LEN } else { generic_len(*len_octet) };
        let (octets, rest) = self.rest.split_at_checked(len)?;
        if kind == Protocol::FRAGMENT {
            let header = octets.first_chunk();
            self.ended = header.is_some_and(|header| fragment::Header::from_octets(header).offset.units() != 0);
            self.fragment = self.fragment.filter(|first| !fragment::Header::from_octets(first).is_atomic()).or(header);
        }
        self.pointer = self.offset;
        // At most 2,048 octets a header, and a budget of headers.
        self.offset = self.offset.wrapping_add(len32(len));
        self.next = Protocol(*next_header);
        self.rest = rest;
        self.left = self.left.wrapping_sub(1);
        self.first = false;
        Some(octets)
    }

    /// Why the next header can't be read. By value: a walk whose address is taken would live in memory.
    #[cold]
    #[inline(never)]
    fn failure(self) -> Error {
        if self.left == 0 {
            return Error::HeaderBudget { offset: self.offset, limit: self.limit };
        }
        if self.next == Protocol::HOP_BY_HOP && !self.first {
            return Error::HopByHopNotFirst { offset: self.offset, pointer: self.pointer };
        }
        let [_, len_octet, ..] = self.rest else {
            return self.cut_short(2);
        };
        let is_first_fragment = self.fragment.is_some_and(|header| fragment::Header::from_octets(header).more);
        if self.next == Protocol::FRAGMENT {
            return self.cut_short(len32(fragment::HEADER_LEN));
        }
        let needed = len32(generic_len(*len_octet));
        if is_first_fragment {
            return self.cut_short(needed);
        }
        let (offset, found) = (self.offset.saturating_add(1), len32(self.rest.len()));
        Error::LengthBeyondBuffer { field: Field::Ipv6ExtensionLength, offset, found, needed }
    }

    /// A first fragment must hold the whole chain (RFC 7112); elsewhere the packet just ends too early.
    fn cut_short(self, needed: u32) -> Error {
        let (offset, found) = (self.offset, len32(self.rest.len()));
        match self.fragment {
            Some(header) if fragment::Header::from_octets(header).more => {
                Error::FirstFragmentTooSmall { field: Field::Ipv6HeaderChain, offset, found, needed }
            }
            _ => Error::Truncated { field: Field::Ipv6Extension, offset, found, needed },
        }
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Result<Extension<'a>, Error>;

    /// The next header.
    ///
    /// # Errors
    /// [`Error::HeaderBudget`], [`Error::HopByHopNotFirst`], [`Error::Truncated`] inside a header's first octets,
    /// [`Error::LengthBeyondBuffer`] for a length past the end, [`Error::FirstFragmentTooSmall`] for either in a first fragment.
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended || !is_walked(self.next) {
            return None;
        }
        let (kind, offset) = (self.next, self.offset);
        match self.advance() {
            Some(octets) => Some(Ok(Extension { kind, octets, offset, lint: self.order.meet(kind) })),
            None => {
                self.ended = true;
                Some(Err(self.failure()))
            }
        }
    }
}

impl core::iter::FusedIterator for Extensions<'_> {}

/// Whether the walk reads a header of this kind, rather than end there.
#[inline]
const fn is_walked(kind: Protocol) -> bool {
    matches!(
        kind,
        Protocol::HOP_BY_HOP
            | Protocol::ROUTING
            | Protocol::FRAGMENT
            | Protocol::DESTINATION_OPTIONS
            | Protocol::MOBILITY
            | Protocol::HIP
            | Protocol::SHIM6
    )
}

/// Octets of a header whose Hdr Ext Len is `len`.
#[inline]
pub(super) const fn generic_len(len: u8) -> usize {
    (len as usize).wrapping_add(1).wrapping_mul(8)
}

/// The Hdr Ext Len of a header of `octets` octets, a multiple of 8.
pub(super) fn ext_len(octets: usize, field: Field) -> Result<u8, Error> {
    u8::try_from((octets / 8).saturating_sub(1)).map_err(|_| Error::DoesNotFit { field, found: len32(octets), needed: 2048 })
}

/// One extension header as it stands in the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    kind: Protocol,
    /// At least 8 octets.
    octets: &'a [u8],
    offset: u32,
    lint: Option<Lint>,
}

impl<'a> Extension<'a> {
    /// Which header this is.
    #[must_use]
    pub const fn kind(&self) -> Protocol {
        self.kind
    }

    /// Where it starts, in octets from the start of the packet.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// The whole header.
    #[must_use]
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// What follows this header.
    #[must_use]
    pub const fn next_header(&self) -> Protocol {
        match self.octets {
            [next, ..] => Protocol(*next),
            [] => Protocol::NO_NEXT_HEADER,
        }
    }

    /// The second octet: Hdr Ext Len, reserved in a fragment header.
    #[must_use]
    pub const fn hdr_ext_len(&self) -> u8 {
        match self.octets {
            [_, len, ..] => *len,
            _ => 0,
        }
    }

    /// What is odd about its place in the chain (RFC 8200 4.1 recommends an order and receivers must cope with any).
    #[must_use]
    pub const fn lint(&self) -> Option<Lint> {
        self.lint
    }

    /// The options of a hop-by-hop or destination options header.
    #[must_use]
    pub fn options(&self) -> Option<options::Options<'a>> {
        match self.kind {
            Protocol::HOP_BY_HOP | Protocol::DESTINATION_OPTIONS => {
                Some(options::Options::new(self.octets.get(2..).unwrap_or(&[]), self.offset.saturating_add(2)))
            }
            _ => None,
        }
    }

    /// The routing header.
    #[must_use]
    pub fn routing(&self) -> Option<Result<routing::View<'a>, Error>> {
        (self.kind == Protocol::ROUTING).then(|| routing::View::parse(self.octets).map_err(|error| error.shifted(self.offset)))
    }

    /// The fragment header.
    #[must_use]
    pub fn fragment(&self) -> Option<fragment::Header> {
        let octets = self.octets.first_chunk::<{ fragment::HEADER_LEN }>()?;
        (self.kind == Protocol::FRAGMENT).then(|| fragment::Header::from_octets(octets))
    }

    /// The mobility header.
    #[must_use]
    pub fn mobility(&self) -> Option<Result<mobility::View<'a>, Error>> {
        (self.kind == Protocol::MOBILITY).then(|| mobility::View::parse(self.octets).map_err(|error| error.shifted(self.offset)))
    }
}

/// What is odd about an extension header's place.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lint {
    /// It comes behind a header that it should come before.
    OutOfOrder {
        /// The header that should come later.
        after: Protocol,
    },
    /// It occurs more often than it should: once, destination options twice.
    Repeated,
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfOrder { after } => write!(f, "comes behind {after}, which RFC 8200 4.1 puts later"),
            Self::Repeated => f.write_str("occurs more often than RFC 8200 4.1 allows"),
        }
    }
}

/// Headers met so far, for [`Lint`]. The order of RFC 8200 4.1: hop-by-hop, destination options (only before a routing
/// header), routing, fragment, (AH, ESP,) destination options, upper layer.
#[derive(Debug, Clone, Copy)]
struct Order {
    met: u8,
    last: Protocol,
}

impl Order {
    const START: Self = Self { met: 0, last: Protocol::NO_NEXT_HEADER };

    fn meet(&mut self, kind: Protocol) -> Option<Lint> {
        let bit = match kind {
            Protocol::HOP_BY_HOP => 0x01,
            Protocol::ROUTING => 0x02,
            Protocol::FRAGMENT => 0x04,
            Protocol::MOBILITY => 0x08,
            Protocol::HIP => 0x10,
            Protocol::SHIM6 => 0x20,
            // The first and the second destination options header.
            _ if self.met & 0x40 == 0 => 0x40,
            _ => 0x80,
        };
        let repeated = self.met & bit != 0;
        let after = match kind {
            Protocol::ROUTING if self.met & 0x04 != 0 => Some(Protocol::FRAGMENT),
            Protocol::ROUTING | Protocol::FRAGMENT if self.met & 0x38 != 0 => Some(self.last),
            Protocol::FRAGMENT if self.last == Protocol::DESTINATION_OPTIONS => Some(self.last),
            _ => None,
        };
        self.met |= bit;
        self.last = kind;
        if repeated { Some(Lint::Repeated) } else { after.map(|after| Lint::OutOfOrder { after }) }
    }
}
