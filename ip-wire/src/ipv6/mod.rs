//! IPv6 (RFC 8200): fixed header, extension headers, options, fragmentation, jumbograms (RFC 2675).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------+---------------+---------------------------------------+
//! |Version| Traffic Class |              Flow Label               |  0
//! +-------+---------------+-------+---------------+---------------+
//! |         Payload Length        |  Next Header  |   Hop Limit   |  4
//! +-------------------------------+---------------+---------------+
//! |                        Source Address, 16 octets              |  8
//! +---------------------------------------------------------------+
//! |                      Destination Address, 16 octets           | 24
//! +---------------------------------------------------------------+
//! ```
//!
//! Payload Length counts octets behind this header, extension headers included. Traffic Class is DSCP and ECN.
//!
//! ```
//! use ip_wire::{Protocol, ipv6};
//! use core::net::Ipv6Addr;
//!
//! let header = ipv6::Header::new(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST, Protocol::UDP, 8)?;
//! let mut packet = [0; 48];
//! header.emit(&mut packet)?;
//! let view = ipv6::View::parse(&packet)?;
//! assert_eq!(view.upper_layer()?.protocol, Protocol::UDP);
//! # Ok::<(), ip_wire::Error>(())
//! ```

use core::net::Ipv6Addr;

use crate::ds::OutOfRange;
use crate::error::{Error, Field, len32};
use crate::octets::{be16, first, first_mut, room_for};
use crate::{DsField, Dscp, Ecn, Protocol, Reading};

pub mod ext;
pub mod fragment;
mod jumbo;
pub mod mobility;
pub mod options;
pub mod routing;

pub use ext::{Extension, Extensions, Upper};

/// Octets of the fixed header.
pub const HEADER_LEN: usize = 40;
/// Octets that every link must carry in one piece (RFC 8200 5).
pub const MIN_MTU: u32 = 1280;
/// Octets of the largest payload that is not a jumbogram's.
pub const MAX_PAYLOAD_LEN: usize = 65_535;

/// A read IPv6 packet: fixed header and payload, cut at the payload length (or at a jumbogram's).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; HEADER_LEN],
    payload: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a packet. Octets past its end (link padding) are left out.
    ///
    /// A payload length of 0 before a hop-by-hop options header means a jumbogram, whose length is in a jumbo payload option
    /// (RFC 2675 3); before anything else it means a packet without payload.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 40 octets, [`Error::Version`], [`Error::LengthBeyondBuffer`] for a payload length past the
    /// end; [`Error::Value`] for a jumbo length below 65,536, or a payload length of 0 before a hop-by-hop options header
    /// without a jumbo payload option (RFC 2675 3).
    #[inline]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        match Self::usual(octets) {
            Some(view) => Ok(view),
            None => Self::parse_any(octets),
        }
    }

    /// A whole packet that has a payload and is no jumbogram, which nearly every one is; `None` says nothing. Apart from [`View::parse_any`], so that the views of such packets
    /// are never put together with errors in memory.
    #[inline(always)]
    pub(crate) fn usual(octets: &'a [u8]) -> Option<Self> {
        let (fixed, rest) = octets.split_first_chunk::<HEADER_LEN>()?;
        let len = usize::from(be16(fixed[4], fixed[5]));
        if fixed[0] >> 4 != 6 || len == 0 {
            return None;
        }
        Some(Self { fixed, payload: rest.get(..len)? })
    }

    #[inline(never)]
    pub(crate) fn parse_any(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, rest) = first::<HEADER_LEN>(octets, Field::Ipv6Header)?;
        let len = any_len(fixed, rest)?;
        match rest.get(..len) {
            Some(payload) => Ok(Self { fixed, payload }),
            None => Err(too_long(rest.len(), len)),
        }
    }

    /// Reads a packet whose end may be missing: cut by a snapshot length, or quoted in an ICMPv6 error.
    ///
    /// # Errors
    /// Those of [`View::parse`], but for a length past the end, which is [`Reading::Truncated`].
    #[inline]
    pub fn parse_lax(octets: &'a [u8]) -> Result<Reading<Self>, Error> {
        match Self::parse(octets) {
            Ok(view) => Ok(Reading::Complete(view)),
            Err(Error::LengthBeyondBuffer { field: Field::Ipv6PayloadLength, found, needed, .. }) => {
                let (fixed, payload) = first::<HEADER_LEN>(octets, Field::Ipv6Header)?;
                Ok(Reading::Truncated { view: Self { fixed, payload }, missing: needed.saturating_sub(found) })
            }
            Err(error) => Err(error),
        }
    }

    /// Traffic class: DSCP and ECN.
    #[must_use]
    #[inline]
    pub const fn ds(&self) -> DsField {
        DsField((self.fixed[0] << 4) | (self.fixed[1] >> 4))
    }

    /// Differentiated services codepoint.
    #[must_use]
    #[inline]
    pub const fn dscp(&self) -> Dscp {
        self.ds().dscp()
    }

    /// Congestion mark.
    #[must_use]
    #[inline]
    pub const fn ecn(&self) -> Ecn {
        self.ds().ecn()
    }

    /// Flow label.
    #[must_use]
    #[inline]
    pub const fn flow_label(&self) -> FlowLabel {
        FlowLabel(u32::from_be_bytes([0, self.fixed[1] & 0x0f, self.fixed[2], self.fixed[3]]))
    }

    /// The payload length field as it stands: 0 for a jumbogram.
    #[must_use]
    #[inline]
    pub const fn payload_len(&self) -> u16 {
        be16(self.fixed[4], self.fixed[5])
    }

    /// Whether the length is a jumbo payload option's.
    #[must_use]
    pub fn is_jumbogram(&self) -> bool {
        self.payload_len() == 0 && !self.payload.is_empty()
    }

    /// What follows the fixed header: an extension header or the upper layer.
    #[must_use]
    #[inline]
    pub const fn next_header(&self) -> Protocol {
        Protocol(self.fixed[6])
    }

    /// Hop limit.
    #[must_use]
    #[inline]
    pub const fn hop_limit(&self) -> u8 {
        self.fixed[7]
    }

    /// Source address.
    #[must_use]
    #[inline]
    pub const fn source(&self) -> Ipv6Addr {
        let [_, _, _, _, _, _, _, _, s @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = self.fixed;
        Ipv6Addr::from_bits(u128::from_be_bytes(*s))
    }

    /// Destination address as it stands; with a routing header it is the next segment.
    #[must_use]
    #[inline]
    pub const fn destination(&self) -> Ipv6Addr {
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, d @ ..] = self.fixed;
        Ipv6Addr::from_bits(u128::from_be_bytes(*d))
    }

    /// Everything behind the fixed header.
    #[must_use]
    #[inline]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The extension headers, with the default budget of [`ext::DEFAULT_LIMIT`] headers.
    #[must_use]
    #[inline]
    pub fn extensions(&self) -> Extensions<'a> {
        Extensions::new(self.next_header(), self.payload, len32(HEADER_LEN), ext::DEFAULT_LIMIT)
    }

    /// The extension headers, `limit` of them at most.
    #[must_use]
    pub fn extensions_within(&self, limit: u32) -> Extensions<'a> {
        Extensions::new(self.next_header(), self.payload, len32(HEADER_LEN), limit)
    }

    /// What the chain of extension headers ends at.
    ///
    /// # Errors
    /// Those of [`Extensions`].
    #[inline]
    pub fn upper_layer(&self) -> Result<Upper<'a>, Error> {
        self.extensions().upper_layer()
    }

    /// Checks each option of the packet's hop-by-hop and destination options headers: what a node must do before it acts on any.
    ///
    /// # Errors
    /// The first error of [`Extensions`], [`options::Options`] or [`options::Opt::value`]; [`Error::Value`] at a jumbo payload option beside a
    /// payload length (RFC 2675 3).
    pub fn verify_options(&self) -> Result<(), Error> {
        for extension in self.extensions() {
            for option in extension?.options().into_iter().flatten() {
                let option = option?;
                option.value()?;
                if option.kind() == options::Kind::JUMBO_PAYLOAD && self.payload_len() != 0 {
                    let (offset, found) = (option.offset(), u32::from(self.payload_len()));
                    return Err(Error::Value { field: Field::Ipv6JumboLength, offset, found, needed: 0 });
                }
            }
        }
        Ok(())
    }

    /// The destination that the packet ends up at: that of a routing header with segments left, else the header's.
    /// Upper-layer checksums are taken over it (RFC 8200 8.1).
    #[must_use]
    pub fn final_destination(&self) -> Ipv6Addr {
        if self.next_header().is_extension_header() {
            self.extensions()
                .map_while(Result::ok)
                .filter_map(|extension| extension.routing()?.ok()?.final_segment_from(self.destination()))
                .next()
                .unwrap_or(self.destination())
        } else {
            self.destination()
        }
    }
}

/// Octets behind a header of any kind: one of another version (an error), or of payload length 0, too.
fn any_len(fixed: &[u8; HEADER_LEN], rest: &[u8]) -> Result<usize, Error> {
    let (version, len) = (fixed[0] >> 4, usize::from(be16(fixed[4], fixed[5])));
    if version != 6 {
        return Err(Error::Version { field: Field::Ipv6Version, offset: 0, found: version, needed: 6 });
    }
    if len > 0 || fixed[6] != Protocol::HOP_BY_HOP.0 || rest.is_empty() {
        return Ok(len);
    }
    jumbo::payload_len(rest)
}

#[cold]
#[inline(never)]
fn too_long(found: usize, needed: usize) -> Error {
    let (found, needed) = (len32(found), len32(needed));
    Error::LengthBeyondBuffer { field: Field::Ipv6PayloadLength, offset: 4, found, needed }
}

/// A read IPv6 packet to be changed in place. The IPv6 header has no checksum; those of upper layers cover the
/// addresses, and [`crate::nat`] changes both.
#[derive(Debug)]
pub struct ViewMut<'a> {
    fixed: &'a mut [u8; HEADER_LEN],
    payload: &'a mut [u8],
}

impl<'a> ViewMut<'a> {
    /// Reads a packet to be changed.
    ///
    /// # Errors
    /// Those of [`View::parse`].
    #[inline]
    pub fn parse(octets: &'a mut [u8]) -> Result<Self, Error> {
        let len = View::parse(octets)?.payload.len();
        Self::split(octets, len)
    }

    /// Reads a packet whose end may be missing.
    ///
    /// # Errors
    /// Those of [`View::parse_lax`].
    #[inline]
    pub fn parse_lax(octets: &'a mut [u8]) -> Result<Reading<Self>, Error> {
        let reading = View::parse_lax(octets)?;
        let (missing, len) = (reading.missing(), reading.into_view().payload.len());
        Ok(Reading::new(Self::split(octets, len)?, missing))
    }

    #[inline]
    fn split(octets: &'a mut [u8], payload_len: usize) -> Result<Self, Error> {
        let (fixed, payload) = first_mut::<HEADER_LEN>(octets, Field::Ipv6Header)?;
        let payload = payload.get_mut(..payload_len).unwrap_or_default();
        Ok(Self { fixed, payload })
    }

    /// The packet as it is now.
    #[must_use]
    #[inline]
    pub fn view(&self) -> View<'_> {
        View { fixed: self.fixed, payload: self.payload }
    }

    /// Sets DSCP and ECN.
    #[inline]
    pub fn set_ds(&mut self, ds: DsField) {
        self.fixed[0] = 0x60 | (ds.0 >> 4);
        self.fixed[1] = (ds.0 << 4) | (self.fixed[1] & 0x0f);
    }

    /// Sets the codepoint; ECN stays.
    #[inline]
    pub fn set_dscp(&mut self, dscp: Dscp) {
        self.set_ds(self.view().ds().with_dscp(dscp));
    }

    /// Sets the congestion mark; DSCP stays.
    #[inline]
    pub fn set_ecn(&mut self, ecn: Ecn) {
        self.set_ds(self.view().ds().with_ecn(ecn));
    }

    /// Sets the flow label.
    #[inline]
    pub fn set_flow_label(&mut self, label: FlowLabel) {
        let [_, high, middle, low] = label.0.to_be_bytes();
        self.fixed[1] = (self.fixed[1] & 0xf0) | high;
        [self.fixed[2], self.fixed[3]] = [middle, low];
    }

    /// Sets the hop limit.
    #[inline]
    pub fn set_hop_limit(&mut self, hop_limit: u8) {
        self.fixed[7] = hop_limit;
    }

    /// Takes one hop off the hop limit, as a forwarding node must (RFC 8200 3), and returns what is left.
    ///
    /// # Errors
    /// [`Error::HopLimitExceeded`] if none is left to go on with; the packet stays as it was.
    #[inline]
    pub fn decrement_hop_limit(&mut self) -> Result<u8, Error> {
        let found = self.fixed[7];
        match found.checked_sub(1) {
            Some(left) if left > 0 => {
                self.fixed[7] = left;
                Ok(left)
            }
            _ => Err(Error::HopLimitExceeded { field: Field::Ipv6HopLimit, offset: 7, found }),
        }
    }

    /// Sets the source address.
    #[inline]
    pub fn set_source(&mut self, source: Ipv6Addr) {
        self.fixed[8..24].copy_from_slice(&source.octets());
    }

    /// Sets the destination address.
    #[inline]
    pub fn set_destination(&mut self, destination: Ipv6Addr) {
        self.fixed[24..40].copy_from_slice(&destination.octets());
    }

    /// Everything behind the fixed header, to be changed.
    #[must_use]
    #[inline]
    pub fn payload_mut(&mut self) -> &mut [u8] {
        self.payload
    }
}

/// A flow label: 20 bits (RFC 6437). Zero means that the packet is in no labelled flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "u32", into = "u32"))]
pub struct FlowLabel(u32);

impl FlowLabel {
    /// No flow.
    pub const ZERO: Self = Self(0);
    /// The largest label.
    pub const MAX: Self = Self(0xf_ffff);

    /// A label from its number; `None` above 0xfffff.
    #[must_use]
    pub const fn new(value: u32) -> Option<Self> {
        if value <= Self::MAX.0 { Some(Self(value)) } else { None }
    }

    /// A label for a new flow from 32 random bits: uniform over the non-zero labels but for a bias of 2^-12
    /// (RFC 6437 3 wants labels that are hard to guess and not zero).
    #[must_use]
    pub const fn from_random(random: u32) -> Self {
        match random % Self::MAX.0 {
            label if label < Self::MAX.0 => Self(label.wrapping_add(1)),
            _ => Self::MAX,
        }
    }

    /// The label's number, 0 to 0xfffff.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for FlowLabel {
    type Error = OutOfRange;

    fn try_from(value: u32) -> Result<Self, OutOfRange> {
        Self::new(value).ok_or(OutOfRange)
    }
}

impl From<FlowLabel> for u32 {
    fn from(value: FlowLabel) -> Self {
        value.0
    }
}

/// An IPv6 header to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Traffic class.
    pub ds: DsField,
    /// Flow label.
    pub flow_label: FlowLabel,
    /// Octets behind this header; 0 for a jumbogram.
    pub payload_len: u16,
    /// What follows.
    pub next_header: Protocol,
    /// Hop limit.
    pub hop_limit: u8,
    /// Source address.
    pub source: Ipv6Addr,
    /// Destination address.
    pub destination: Ipv6Addr,
}

impl Header {
    /// A header for `payload_len` octets behind it (extension headers included): hop limit 64, flow label and traffic class 0.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] over 65,535 octets: that takes a jumbo payload option.
    pub fn new(source: Ipv6Addr, destination: Ipv6Addr, next_header: Protocol, payload_len: usize) -> Result<Self, Error> {
        let payload_len = u16::try_from(payload_len).map_err(|_| Error::DoesNotFit {
            field: Field::Ipv6PayloadLength,
            found: len32(payload_len),
            needed: len32(MAX_PAYLOAD_LEN),
        })?;
        Ok(Self {
            ds: DsField::default(),
            flow_label: FlowLabel::ZERO,
            payload_len,
            next_header,
            hop_limit: 64,
            source,
            destination,
        })
    }

    /// Octets that [`Header::emit`] writes: always 40.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        HEADER_LEN
    }

    /// Writes the header and returns its octets' number. The payload is the caller's.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: nothing is written.
    #[inline]
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let (fixed, _) = room_for::<HEADER_LEN>(buffer, Field::Ipv6Header)?;
        let word = (6 << 28) | (u32::from(self.ds.0) << 20) | self.flow_label.0;
        [fixed[0], fixed[1], fixed[2], fixed[3]] = word.to_be_bytes();
        [fixed[4], fixed[5]] = self.payload_len.to_be_bytes();
        fixed[6] = self.next_header.0;
        fixed[7] = self.hop_limit;
        fixed[8..24].copy_from_slice(&self.source.octets());
        fixed[24..40].copy_from_slice(&self.destination.octets());
        Ok(HEADER_LEN)
    }
}

crate::impl_put!(Header, HEADER_LEN);

impl From<View<'_>> for Header {
    fn from(view: View<'_>) -> Self {
        Self {
            ds: view.ds(),
            flow_label: view.flow_label(),
            payload_len: view.payload_len(),
            next_header: view.next_header(),
            hop_limit: view.hop_limit(),
            source: view.source(),
            destination: view.destination(),
        }
    }
}

/// Octets that an upper layer may fill on a path of `mtu` octets behind `extension_len` octets of extension headers:
/// the link's less the headers'. A jumbogram's limit is its 32-bit length, not this.
#[must_use]
pub fn max_upper_layer_len(mtu: u32, extension_len: u32) -> u32 {
    let behind_header = mtu.saturating_sub(len32(HEADER_LEN)).min(len32(MAX_PAYLOAD_LEN));
    behind_header.saturating_sub(extension_len)
}

#[cfg(test)]
mod tests;
