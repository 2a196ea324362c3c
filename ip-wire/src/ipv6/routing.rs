//! Routing headers (RFC 8200 4.4): types 0 (deprecated, RFC 5095), 2 (RFC 6275), 3 (RFC 6554), 4 (RFC 8754), others verbatim.
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |  Next Header  |  Hdr Ext Len  | Routing Type  | Segments Left |  0
//! +---------------+---------------+---------------+---------------+
//! |                      type-specific data                       |  4
//! +---------------------------------------------------------------+
//! ```

use core::net::Ipv6Addr;

use super::ext::{ext_len, generic_len};
use crate::Protocol;
use crate::error::{Error, Field, len32};
use crate::octets::{copy, room, room_for, truncated};

/// Octets before the type-specific data.
pub const FIXED_LEN: usize = 4;

/// A routing type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoutingType(pub u8);

impl RoutingType {
    /// Source route (RFC 2460), deprecated by RFC 5095: a node treats it as a type that it does not know.
    pub const SOURCE_ROUTE: Self = Self(0);
    /// Mobile IPv6 (RFC 6275 6.4).
    pub const TYPE_2: Self = Self(2);
    /// RPL source route (RFC 6554).
    pub const RPL_SOURCE_ROUTE: Self = Self(3);
    /// Segment routing header (RFC 8754).
    pub const SEGMENT_ROUTING: Self = Self(4);
}

/// A read routing header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; FIXED_LEN],
    data: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a routing header from the start of `octets`.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 8 octets, [`Error::LengthBeyondBuffer`] for a Hdr Ext Len past the end.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let [_, len, ..] = octets else {
            return Err(truncated(octets.len(), 8, Field::Ipv6RoutingHeader));
        };
        let len = generic_len(*len);
        if octets.len() < 8 {
            return Err(truncated(octets.len(), 8, Field::Ipv6RoutingHeader));
        }
        let whole = octets.get(..len).ok_or(Error::LengthBeyondBuffer {
            field: Field::Ipv6RoutingLength,
            offset: 1,
            found: len32(octets.len()),
            needed: len32(len),
        })?;
        let (fixed, data) = whole.split_first_chunk().ok_or_else(|| truncated(whole.len(), 8, Field::Ipv6RoutingHeader))?;
        Ok(Self { fixed, data })
    }

    /// What follows this header.
    #[must_use]
    pub const fn next_header(&self) -> Protocol {
        Protocol(self.fixed[0])
    }

    /// Length in 8-octet units, the first left out.
    #[must_use]
    pub const fn hdr_ext_len(&self) -> u8 {
        self.fixed[1]
    }

    /// Which routing header this is.
    #[must_use]
    pub const fn routing_type(&self) -> RoutingType {
        RoutingType(self.fixed[2])
    }

    /// Listed nodes still to be visited.
    #[must_use]
    pub const fn segments_left(&self) -> u8 {
        self.fixed[3]
    }

    /// The type-specific data.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The type-specific data, read.
    ///
    /// # Errors
    /// [`Error::Value`] at the field that does not agree with the header's length: Hdr Ext Len of types 0 and 2, the
    /// compression of type 3, Last Entry of type 4.
    pub fn route(&self) -> Result<Route<'a>, Error> {
        let (Some((word, rest)), len) = (self.data.split_first_chunk::<4>(), self.hdr_ext_len()) else {
            return Err(truncated(self.data.len(), 4, Field::Ipv6RoutingHeader).shifted(4));
        };
        Ok(match self.routing_type() {
            RoutingType::SOURCE_ROUTE => {
                let addresses = Addresses::new(rest).ok_or_else(|| wrong_len(len, len & !1))?;
                Route::SourceRoute { reserved: *word, addresses }
            }
            RoutingType::TYPE_2 => {
                let home_address = <[u8; 16]>::try_from(rest).map_err(|_| wrong_len(len, 2))?;
                Route::Type2 { reserved: *word, home_address: Ipv6Addr::from(home_address) }
            }
            RoutingType::RPL_SOURCE_ROUTE => {
                let rpl = RplRoute::new(*word, rest).ok_or(Error::Value {
                    field: Field::Ipv6RoutingHeader,
                    offset: 4,
                    found: u32::from(word[0]),
                    needed: 0,
                })?;
                Route::Rpl(rpl)
            }
            RoutingType::SEGMENT_ROUTING => {
                let [last_entry, flags, t0, t1] = *word;
                let list_len = usize::from(last_entry).saturating_add(1).saturating_mul(16);
                let (segments, tlvs) = rest.split_at_checked(list_len).ok_or_else(|| Error::Value {
                    field: Field::Ipv6RoutingHeader,
                    offset: 4,
                    found: u32::from(last_entry),
                    needed: len32((rest.len() / 16).saturating_sub(1)),
                })?;
                Route::Segments(SegmentRoute { flags, tag: u16::from_be_bytes([t0, t1]), segments: Addresses(segments), tlvs })
            }
            _ => Route::Unknown(self.data),
        })
    }

    /// The destination that the route ends at; `None` without segments left, or where the type says nothing of it.
    /// A compressed RPL route is completed from `destination`, the packet's.
    #[must_use]
    pub fn final_segment_from(&self, destination: Ipv6Addr) -> Option<Ipv6Addr> {
        if self.segments_left() == 0 {
            return None;
        }
        match self.route().ok()? {
            Route::SourceRoute { addresses, .. } => addresses.iter().next_back(),
            Route::Type2 { home_address, .. } => Some(home_address),
            Route::Rpl(rpl) => rpl.addresses(destination).last(),
            // The list is in reverse: the first entry is the last segment.
            Route::Segments(route) => route.segments.iter().next(),
            Route::Unknown(_) => None,
        }
    }

    /// [`View::final_segment_from`] for types whose addresses are whole.
    #[must_use]
    pub fn final_segment(&self) -> Option<Ipv6Addr> {
        match self.routing_type() {
            RoutingType::RPL_SOURCE_ROUTE => None,
            _ => self.final_segment_from(Ipv6Addr::UNSPECIFIED),
        }
    }

    /// What the node that `destination` names must check before it forwards by this header, or ignores it.
    ///
    /// With no segments left the header is ignored, whatever its type (RFC 8200 4.4). Otherwise types that are not known, and type 0
    /// (RFC 5095 3), are refused; so are more segments left than listed, a route through a multicast address
    /// (RFC 6275 6.4, RFC 6554 4.2), and a source route that names an address twice or its own
    /// `destination` again (RFC 6554 4.2: it would loop).
    ///
    /// # Errors
    /// [`Error::Value`] whose [`Error::reaction`] is a parameter problem at the routing type, at Segments Left, or at the
    /// address; those of [`View::route`]. Offsets count from the header's start.
    pub fn check(&self, destination: Ipv6Addr) -> Result<(), Error> {
        let left = self.segments_left();
        if left == 0 {
            return Ok(());
        }
        // RFC 8754 4.3.1.1: a Last Entry that the header has no room for is reported at Segments Left too.
        let route = self.route().map_err(|error| match self.routing_type() {
            RoutingType::SEGMENT_ROUTING => too_many_segments(left, self.data.len() / 16),
            _ => error,
        });
        let (addresses, listed) = match route? {
            Route::SourceRoute { .. } | Route::Unknown(_) => {
                return Err(Error::Value {
                    field: Field::Ipv6RoutingHeader,
                    offset: 2,
                    found: u32::from(self.routing_type().0),
                    needed: u32::from(RoutingType::SEGMENT_ROUTING.0),
                });
            }
            Route::Type2 { home_address, .. } => {
                return match home_address.is_multicast() || home_address.is_unspecified() || home_address.is_loopback() {
                    _ if left != 1 => Err(too_many_segments(left, 1)),
                    true => Err(bad_address(8)),
                    false => Ok(()),
                };
            }
            Route::Segments(route) => {
                // RFC 8754 4.3.1.1: at most Last Entry + 1.
                let listed = route.segments.len();
                return if usize::from(left) > listed { Err(too_many_segments(left, listed)) } else { Ok(()) };
            }
            Route::Rpl(rpl) => (rpl, rpl.len()),
        };
        if usize::from(left) > listed {
            return Err(too_many_segments(left, listed));
        }
        // At most 2,040 octets of single-octet addresses: 254 * 8 comparisons of each with those before it stay bounded.
        for (index, address) in addresses.addresses(destination).enumerate() {
            let seen = address == destination || addresses.addresses(destination).take(index).any(|earlier| earlier == address);
            if seen || address.is_multicast() {
                return Err(bad_address(addresses.address_offset(index)));
            }
        }
        Ok(())
    }
}

fn wrong_len(found: u8, needed: u8) -> Error {
    Error::Value { field: Field::Ipv6RoutingLength, offset: 1, found: u32::from(found), needed: u32::from(needed) }
}

fn too_many_segments(found: u8, needed: usize) -> Error {
    Error::Value { field: Field::Ipv6SegmentsLeft, offset: 3, found: u32::from(found), needed: len32(needed) }
}

fn bad_address(offset: usize) -> Error {
    Error::Value { field: Field::Ipv6Address, offset: len32(offset), found: 0, needed: 1 }
}

/// The type-specific data of a routing header.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route<'a> {
    /// Type 0.
    SourceRoute {
        /// Reserved word, zero when sent.
        reserved: [u8; 4],
        /// Addresses to visit, in order.
        addresses: Addresses<'a>,
    },
    /// Type 2: one home address.
    Type2 {
        /// Reserved word, zero when sent.
        reserved: [u8; 4],
        /// The home address.
        home_address: Ipv6Addr,
    },
    /// Type 3: addresses with common prefixes left out.
    Rpl(RplRoute<'a>),
    /// Type 4: segments in reverse order.
    Segments(SegmentRoute<'a>),
    /// Any other type: all octets behind Segments Left.
    Unknown(&'a [u8]),
}

/// A list of IPv6 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses<'a>(&'a [u8]);

impl<'a> Addresses<'a> {
    /// A list from its octets; `None` if they are not whole addresses.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Option<Self> {
        if octets.len() % 16 == 0 { Some(Self(octets)) } else { None }
    }

    /// The octets.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.0
    }

    /// How many addresses.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len() / 16
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The addresses in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Ipv6Addr> + ExactSizeIterator + use<'a> {
        self.0.chunks_exact(16).map(|octets| Ipv6Addr::from(<[u8; 16]>::try_from(octets).unwrap_or_default()))
    }
}

/// The data of an RPL source route (RFC 6554 3).
///
/// ```text
/// +-------+-------+-------+---------------------------------------+
/// | CmprI | CmprE |  Pad  |               Reserved                |
/// +-------+-------+-------+---------------------------------------+
/// |      addresses: n-1 of 16-CmprI octets, one of 16-CmprE       |
/// +---------------------------------------------------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RplRoute<'a> {
    word: [u8; 4],
    octets: &'a [u8],
}

impl<'a> RplRoute<'a> {
    /// A route from its first word and what follows; `None` if the lengths do not agree.
    #[must_use]
    pub fn new(word: [u8; 4], octets: &'a [u8]) -> Option<Self> {
        let route = Self { word, octets };
        let inner = usize::from(16u8.checked_sub(route.prefix_inner())?);
        let last = usize::from(16u8.checked_sub(route.prefix_last())?);
        let body = octets.len().checked_sub(usize::from(route.padding()))?;
        let before = if body == 0 { 0 } else { body.checked_sub(last)? };
        if before.checked_rem(inner)? == 0 { Some(route) } else { None }
    }

    /// CmprI: octets left out of all addresses but the last.
    #[must_use]
    pub const fn prefix_inner(&self) -> u8 {
        self.word[0] >> 4
    }

    /// CmprE: octets left out of the last address.
    #[must_use]
    pub const fn prefix_last(&self) -> u8 {
        self.word[0] & 0x0f
    }

    /// Octets of padding behind the addresses.
    #[must_use]
    pub const fn padding(&self) -> u8 {
        self.word[1] >> 4
    }

    /// The first word as it stands: CmprI, CmprE, Pad, reserved.
    #[must_use]
    pub const fn word(&self) -> [u8; 4] {
        self.word
    }

    /// The addresses' octets and the padding.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.octets
    }

    fn body(&self) -> &'a [u8] {
        let len = self.octets.len().saturating_sub(usize::from(self.padding()));
        self.octets.get(..len).unwrap_or(&[])
    }

    fn inner_len(&self) -> usize {
        usize::from(16u8.saturating_sub(self.prefix_inner())).max(1)
    }

    /// How many addresses.
    #[must_use]
    pub fn len(&self) -> usize {
        let (body, last) = (self.body().len(), usize::from(16u8.saturating_sub(self.prefix_last())));
        if body == 0 { 0 } else { (body.saturating_sub(last)).checked_div(self.inner_len()).unwrap_or(0).saturating_add(1) }
    }

    /// Whether there is no address.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body().is_empty()
    }

    /// The addresses in order, what was left out taken from `destination`.
    pub fn addresses(&self, destination: Ipv6Addr) -> impl Iterator<Item = Ipv6Addr> + use<'a> {
        let (count, inner, body) = (self.len(), self.inner_len(), self.body());
        (0..count).map(move |index| {
            let start = index.saturating_mul(inner);
            let end = if index.saturating_add(1) == count { body.len() } else { start.saturating_add(inner) };
            let part = body.get(start..end).unwrap_or(&[]);
            let mut address = destination.octets();
            let kept = 16usize.saturating_sub(part.len());
            copy(address.get_mut(kept..).unwrap_or_default(), part);
            Ipv6Addr::from(address)
        })
    }

    /// Where address number `index` starts in the routing header.
    fn address_offset(&self, index: usize) -> usize {
        index.saturating_mul(self.inner_len()).saturating_add(8)
    }
}

/// The data of a segment routing header (RFC 8754 2).
///
/// ```text
/// +---------------+---------------+-------------------------------+
/// |  Last Entry   |     Flags     |              Tag              |
/// +---------------+---------------+-------------------------------+
/// |     Segment List[0] ... Segment List[Last Entry], then TLVs   |
/// +---------------------------------------------------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentRoute<'a> {
    /// Flags, unused.
    pub flags: u8,
    /// Tag of a class of packets.
    pub tag: u16,
    /// Segments, the last of the path first. At least one.
    pub segments: Addresses<'a>,
    /// TLVs behind the list.
    pub tlvs: &'a [u8],
}

/// A routing header to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// What follows this header.
    pub next_header: Protocol,
    /// Which routing header this is. Must be that of `route`; it counts where the route is [`Route::Unknown`].
    pub routing_type: RoutingType,
    /// Listed nodes still to be visited.
    pub segments_left: u8,
    /// The type-specific data.
    pub route: Route<'a>,
}

impl Header<'_> {
    /// Octets that [`Header::emit`] writes, if the route is one of whole 8-octet units.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        let data = match self.route {
            Route::SourceRoute { addresses, .. } => addresses.as_octets().len().saturating_add(4),
            Route::Type2 { .. } => 20,
            Route::Rpl(rpl) => rpl.octets.len().saturating_add(4),
            Route::Segments(route) => route.segments.as_octets().len().saturating_add(route.tlvs.len()).saturating_add(4),
            Route::Unknown(data) => data.len(),
        };
        FIXED_LEN.saturating_add(data)
    }

    /// Writes the header and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::DoesNotFit`] for a header over 2,048 octets, one that is not whole 8-octet
    /// units (TLVs or unknown data of an odd size), or a segment list without entry. Nothing is written then.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let len = self.wire_len();
        if len % 8 != 0 || len == 0 {
            let (field, found) = (Field::Ipv6RoutingLength, len32(len));
            return Err(Error::DoesNotFit { field, found, needed: found & !7 });
        }
        let units = ext_len(len, Field::Ipv6RoutingLength)?;
        let (word, parts): ([u8; 4], [&[u8]; 2]) = match &self.route {
            Route::SourceRoute { reserved, addresses } => (*reserved, [addresses.as_octets(), &[]]),
            Route::Type2 { reserved, home_address } => (*reserved, [&home_address.octets(), &[]]),
            Route::Rpl(rpl) => (rpl.word, [rpl.octets, &[]]),
            Route::Segments(SegmentRoute { flags, tag, segments, tlvs }) => {
                let Some(last_entry) = segments.len().checked_sub(1).and_then(|last| u8::try_from(last).ok()) else {
                    let (field, found) = (Field::Ipv6RoutingHeader, len32(segments.len()));
                    return Err(Error::DoesNotFit { field, found, needed: 127 });
                };
                let [t0, t1] = tag.to_be_bytes();
                ([last_entry, *flags, t0, t1], [segments.as_octets(), tlvs])
            }
            Route::Unknown(data) => match data.split_first_chunk::<4>() {
                Some((word, rest)) => (*word, [rest, &[]]),
                None => {
                    let (field, found) = (Field::Ipv6RoutingHeader, len32(data.len()));
                    return Err(Error::DoesNotFit { field, found, needed: 4 });
                }
            },
        };
        let out = room(buffer, len, Field::Ipv6RoutingHeader)?;
        let (head, rest) = room_for::<8>(out, Field::Ipv6RoutingHeader)?;
        let [w0, w1, w2, w3] = word;
        *head = [self.next_header.0, units, self.routing_type.0, self.segments_left, w0, w1, w2, w3];
        let [first, second] = parts;
        copy(rest, first);
        copy(rest.get_mut(first.len()..).unwrap_or_default(), second);
        Ok(len)
    }
}

impl<'a> TryFrom<View<'a>> for Header<'a> {
    type Error = Error;

    /// What emits the very octets that were read. Data that its type can't read is kept verbatim.
    fn try_from(view: View<'a>) -> Result<Self, Error> {
        Ok(Self {
            next_header: view.next_header(),
            routing_type: view.routing_type(),
            segments_left: view.segments_left(),
            route: view.route().unwrap_or(Route::Unknown(view.data())),
        })
    }
}
