//! Fragmentation of IPv4 datagrams (RFC 791 3.2): n-way, at 8-octet boundaries, of whole datagrams and of fragments.

use super::{Flags, Header, MAX_TOTAL_LEN, View};
use crate::checksum::Checksum;
use crate::error::{Error, Field, len32};
use crate::octets::{copy, room};
use crate::{FragmentOffset, Reaction};

/// The fragments of a packet, one at a time; nothing is copied before [`Fragment::emit`].
///
/// ```
/// # use ip_wire::{Protocol, ipv4};
/// # use core::net::Ipv4Addr;
/// # let mut header = ipv4::Header::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, Protocol::UDP, 100)?;
/// # header.flags = ipv4::Flags::NONE;
/// # let mut packet = [0; 120];
/// # header.emit(&mut packet)?;
/// let mut wire = [0; 68];
/// for fragment in ipv4::fragment::Fragments::new(ipv4::View::parse(&packet)?, 68)? {
///     let len = fragment.emit(&mut wire)?;
///     assert!(len <= 68);
/// }
/// # Ok::<(), ip_wire::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Fragments<'a> {
    first: Header,
    /// The header of every fragment but the first: copied options alone.
    later: Header,
    payload: &'a [u8],
    /// Octets of the payload already given out.
    done: usize,
    mtu: usize,
    more_after: bool,
}

impl<'a> Fragments<'a> {
    /// Cuts `packet` for a link of `mtu` octets. A packet that fits comes out as it is, in one piece.
    ///
    /// # Errors
    /// [`Error::FragmentationNeeded`] if the packet does not fit and has Don't Fragment set: its
    /// [`Error::reaction`] is the ICMP message with the MTU. [`Error::DoesNotFit`] if not even 8 octets of payload fit behind
    /// the header. [`Error::FragmentBeyondDatagram`] and [`Error::FragmentLength`] for a fragment that could not be one. An error of [`super::Options`] if the options can't be told apart.
    pub fn new(packet: View<'a>, mtu: u32) -> Result<Self, Error> {
        let first = Header::from(packet);
        let whole = u32::from(packet.total_len());
        let fits = whole <= mtu;
        if !fits && first.flags.dont_fragment() {
            return Err(Error::FragmentationNeeded { found: whole, mtu });
        }
        let mut later = first;
        if !fits {
            let end = first.fragment_offset.octets().saturating_add(len32(packet.payload().len()));
            if end > len32(MAX_TOTAL_LEN) {
                return Err(Error::FragmentBeyondDatagram {
                    field: Field::Ipv4FragmentOffset,
                    offset: 6,
                    found: end,
                    needed: len32(MAX_TOTAL_LEN),
                });
            }
            if first.flags.more_fragments() && packet.payload().len() % 8 != 0 {
                let found = len32(packet.payload().len());
                return Err(Error::FragmentLength { field: Field::Ipv4TotalLength, offset: 2, found });
            }
            later.options = first.options.copied()?;
            let least = first.wire_len().max(later.wire_len()).saturating_add(8);
            if least > usize::try_from(mtu).unwrap_or(usize::MAX) {
                return Err(Error::DoesNotFit { field: Field::Mtu, found: len32(least), needed: mtu });
            }
        }
        Ok(Self {
            first,
            later,
            payload: packet.payload(),
            done: 0,
            mtu: usize::try_from(mtu).unwrap_or(MAX_TOTAL_LEN),
            more_after: first.flags.more_fragments(),
        })
    }
}

impl<'a> Iterator for Fragments<'a> {
    type Item = Fragment<'a>;

    fn next(&mut self) -> Option<Fragment<'a>> {
        let mut header = if self.done == 0 { self.first } else { self.later };
        let left = self.payload.get(self.done..)?;
        if left.is_empty() && self.done > 0 {
            return None;
        }
        let space = self.mtu.saturating_sub(header.wire_len());
        let (payload, last) = match left.split_at_checked(space & !7) {
            Some((payload, rest)) if left.len() > space && !rest.is_empty() => (payload, false),
            _ => (left, true),
        };
        let whole = self.done == 0 && last;
        if !whole {
            let offset = self.first.fragment_offset.octets().saturating_add(len32(self.done));
            header.fragment_offset = FragmentOffset::from_octets(offset)?;
            header.flags = header.flags.without(Flags::MORE_FRAGMENTS);
            if !last || self.more_after {
                header.flags = header.flags.with(Flags::MORE_FRAGMENTS);
            }
            header.checksum = Checksum::Compute;
            header.set_payload_len(payload.len()).ok()?;
        }
        // One past the end: nothing is left to give out.
        self.done = if last { self.payload.len().saturating_add(1) } else { self.done.saturating_add(payload.len()) };
        Some(Fragment { header, payload })
    }
}

/// One fragment to emit.
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    /// Its header.
    pub header: Header,
    /// Its part of the payload.
    pub payload: &'a [u8],
}

impl Fragment<'_> {
    /// Octets that [`Fragment::emit`] writes.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.header.wire_len().saturating_add(self.payload.len())
    }

    /// Writes header and payload and returns their octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: nothing is written.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let len = self.wire_len();
        let out = room(buffer, len, Field::Ipv4Header)?;
        let written = self.header.emit(out)?;
        copy(out.get_mut(written..).unwrap_or_default(), self.payload);
        Ok(len)
    }
}

/// The reaction that a packet over the MTU with Don't Fragment set calls for, for callers that look before they cut.
#[must_use]
pub fn needs_fragmentation(packet: View<'_>, mtu: u32) -> Option<Reaction> {
    let over = u32::from(packet.total_len()) > mtu && packet.flags().dont_fragment();
    over.then_some(Reaction::PacketTooBig { mtu })
}
