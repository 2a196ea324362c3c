//! A fragment of either version, read and checked: what the reassembler needs of it.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::Key;
use crate::checksum::Checksum;
use crate::error::{Error, Field, len32};
use crate::ip::Packet;
use crate::octets::copy;
use crate::{Protocol, ipv4, ipv6};

/// Octets of the largest datagram, or payload of the largest IPv6 packet.
const MAX_LEN: u32 = 65_535;

/// A fragment that may be a part of a datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) key: Key,
    /// Where its data starts in the datagram's payload (IPv4) or fragmentable part (IPv6), in octets.
    pub(super) start: u32,
    pub(super) more: bool,
    pub(super) head: Head<'a>,
    pub(super) data: &'a [u8],
}

/// The headers that a datagram takes from its first fragment.
#[derive(Debug, Clone, Copy)]
pub(super) enum Head<'a> {
    V4(&'a [u8]),
    /// Everything up to and with the fragment header; where in it the next header field is that announces that.
    V6 {
        octets: &'a [u8],
        pointer: usize,
    },
}

impl<'a> Head<'a> {
    pub(super) const fn octets(&self) -> &'a [u8] {
        match self {
            Self::V4(octets) | Self::V6 { octets, .. } => octets,
        }
    }
}

impl<'a> Part<'a> {
    /// Reads a packet; `None` if it is no fragment.
    pub(super) fn read(packet: &'a [u8], refuse_tiny: bool) -> Result<Option<Self>, Error> {
        match Packet::parse(packet)? {
            Packet::V4(view) if view.is_fragment() => Self::read_v4(packet, &view, refuse_tiny).map(Some),
            Packet::V4(_) => Ok(None),
            Packet::V6(view) => Self::read_v6(packet, &view, refuse_tiny),
        }
    }

    pub(super) const fn is_atomic(&self) -> bool {
        self.start == 0 && !self.more
    }

    /// Where the data ends.
    pub(super) fn end(&self) -> u32 {
        self.start.saturating_add(len32(self.data.len()))
    }

    fn read_v4(packet: &'a [u8], view: &ipv4::View<'a>, refuse_tiny: bool) -> Result<Self, Error> {
        let (start, more, data) = (view.fragment_offset().octets(), view.flags().more_fragments(), view.payload());
        let head = packet.get(..view.header_len()).unwrap_or(packet);
        let key = Key {
            source: IpAddr::V4(view.source()),
            destination: IpAddr::V4(view.destination()),
            identification: u32::from(view.identification()),
            protocol: view.protocol().0,
        };
        let part = Self { key, start, more, head: Head::V4(head), data };
        part.check_length(Field::Ipv4TotalLength, 2, len32(view.header_len()))?;
        // The datagram's header counts too: its total length has 16 bits.
        part.check_end(Field::Ipv4FragmentOffset, 6, MAX_LEN.saturating_sub(len32(view.header_len())))?;
        if refuse_tiny && view.protocol() == Protocol::TCP {
            // RFC 1858 3.2.1: ports, sequence numbers and flags must be in the first fragment; 3.2.2: and not be overwritten.
            if start == 0 && data.len() < 16 {
                let (offset, found) = (len32(view.header_len()), len32(data.len()));
                return Err(Error::FirstFragmentTooSmall { field: Field::TcpHeader, offset, found, needed: 16 });
            }
            if start == 8 {
                return Err(Error::Value { field: Field::TcpFragmentOffset, offset: 6, found: 1, needed: 2 });
            }
        }
        Ok(part)
    }

    fn read_v6(packet: &'a [u8], view: &ipv6::View<'a>, refuse_tiny: bool) -> Result<Option<Self>, Error> {
        let mut walk = view.extensions();
        let (header, extension, pointer) = loop {
            // Where the header that comes next is announced.
            let pointer = walk.upper().pointer;
            let Some(extension) = walk.next() else { return Ok(None) };
            let extension = extension?;
            if let Some(header) = extension.fragment() {
                break (header, extension, pointer);
            }
        };
        if view.is_jumbogram() {
            // RFC 2675 3: the two exclude each other.
            let (field, offset) = (Field::Ipv6FragmentHeader, extension.offset());
            return Err(Error::Value {
                field,
                offset,
                found: u32::from(Protocol::FRAGMENT.0),
                needed: u32::from(header.next_header.0),
            });
        }
        let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let head_len = at(extension.offset()).saturating_add(ipv6::fragment::HEADER_LEN);
        let whole = ipv6::HEADER_LEN.saturating_add(view.payload().len());
        let head = packet.get(..head_len).unwrap_or(packet);
        let data = packet.get(head_len..whole).unwrap_or(&[]);
        let key = Key {
            source: IpAddr::V6(view.source()),
            destination: IpAddr::V6(view.destination()),
            identification: header.identification,
            protocol: 0,
        };
        let head = Head::V6 { octets: head, pointer: at(pointer) };
        let part = Self { key, start: header.offset.octets(), more: header.more, head, data };
        if part.is_atomic() {
            return Ok(Some(part));
        }
        part.check_length(Field::Ipv6PayloadLength, 4, len32(head_len.saturating_sub(ipv6::HEADER_LEN)))?;
        part.check_end(Field::Ipv6FragmentOffset, extension.offset().saturating_add(2), MAX_LEN)?;
        if refuse_tiny && part.start == 0 {
            check_chain(view)?;
        }
        Ok(Some(part))
    }

    /// All fragments but the last are whole 8-octet units, and not empty.
    fn check_length(&self, field: Field, offset: u32, headers: u32) -> Result<(), Error> {
        let found = len32(self.data.len());
        if self.more && found == 0 {
            return Err(Error::LengthTooSmall { field, offset, found: headers, needed: headers.saturating_add(8) });
        }
        if self.more && found % 8 != 0 {
            return Err(Error::FragmentLength { field, offset, found });
        }
        Ok(())
    }

    fn check_end(&self, field: Field, offset: u32, needed: u32) -> Result<(), Error> {
        let found = self.end();
        if found > needed {
            return Err(Error::FragmentBeyondDatagram { field, offset, found, needed });
        }
        Ok(())
    }

    /// Writes the whole datagram: this fragment's headers, made those of a whole one, and `len` octets of data.
    pub(super) fn finish<'d>(&self, len: usize, data: impl Iterator<Item = &'d [u8]>, out: &mut Vec<u8>) -> Result<(), Error> {
        finish(&self.head, len, data, out)
    }
}

/// See [`Part::finish`].
pub(super) fn finish<'d>(
    head: &Head<'_>,
    len: usize,
    data: impl Iterator<Item = &'d [u8]>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    out.clear();
    match head {
        Head::V4(octets) => {
            let mut header = ipv4::Header::from(ipv4::View::parse_lax(octets)?.into_view());
            header.flags = header.flags.without(ipv4::Flags::MORE_FRAGMENTS);
            header.fragment_offset = crate::FragmentOffset::ZERO;
            header.checksum = Checksum::Compute;
            header.set_payload_len(len)?;
            out.resize(header.wire_len(), 0);
            header.emit(out)?;
        }
        Head::V6 { octets, pointer } => {
            let (unfragmentable, fragment) =
                octets.split_at_checked(octets.len().saturating_sub(ipv6::fragment::HEADER_LEN)).unwrap_or((octets, &[]));
            // RFC 8200 4.5: PL.orig = PL.first - FL.first - 8 + (8 * FO.last) + FL.last.
            let payload_len = unfragmentable.len().saturating_sub(ipv6::HEADER_LEN).saturating_add(len);
            let Ok(payload_len) = u16::try_from(payload_len) else {
                let offset = len32(unfragmentable.len()).saturating_add(2);
                let (field, found) = (Field::Ipv6FragmentOffset, len32(payload_len));
                return Err(Error::FragmentBeyondDatagram { field, offset, found, needed: MAX_LEN });
            };
            out.extend_from_slice(unfragmentable);
            copy(out.get_mut(4..6).unwrap_or_default(), &payload_len.to_be_bytes());
            if let (Some(field), Some(next_header)) = (out.get_mut(*pointer), fragment.first()) {
                *field = *next_header;
            }
        }
    }
    data.for_each(|octets| out.extend_from_slice(octets));
    Ok(())
}

/// The first fragment must hold every header of the chain, the upper layer's too (RFC 7112 5).
fn check_chain(view: &ipv6::View<'_>) -> Result<(), Error> {
    let upper = view.upper_layer()?;
    let needed = match upper.protocol {
        Protocol::TCP => upper.octets.get(12).map_or(5, |octet| u32::from(octet >> 4).max(5)).saturating_mul(4),
        Protocol::UDP | Protocol::UDP_LITE | Protocol::ICMPV6 | Protocol::ESP => 8,
        Protocol::SCTP | Protocol::AH => 12,
        _ => return Ok(()),
    };
    let found = len32(upper.octets.len());
    if found >= needed {
        return Ok(());
    }
    Err(Error::FirstFragmentTooSmall { field: Field::Ipv6HeaderChain, offset: upper.offset, found, needed })
}
