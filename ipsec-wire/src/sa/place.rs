//! Where AH and ESP go into a packet in transport mode, and where they are in one that arrived.

use ip_wire::ip::Packet;
use ip_wire::ipv6::ext::DEFAULT_LIMIT;
use ip_wire::{PacketBuf, Protocol, ipv4, ipv6};

use crate::error::{Error, Field, len32};
use crate::octets::put;

/// Where a header goes into a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) version: u8,
    /// Octets that stay before the header.
    pub(super) at: usize,
    /// Offset of the field that names what follows.
    pub(super) pointer: usize,
    /// What follows now.
    pub(super) next: Protocol,
}

/// Where the header goes into a packet in transport mode. Fragments are not protected (RFC 4302 3.3.4, RFC 4303 3.3.4).
pub(super) fn insertion(packet: &Packet<'_>, protect_destination_options: bool) -> Result<Place, Error> {
    let view = match packet {
        Packet::V4(view) => {
            if view.is_fragment() {
                return Err(Error::NotReassembled { field: Field::FragmentOffset, offset: 6 });
            }
            return Ok(Place { version: 4, at: view.header_len(), pointer: 9, next: view.protocol() });
        }
        Packet::V6(view) => view,
    };
    let mut place = Place { version: 6, at: ipv6::HEADER_LEN, pointer: 6, next: view.next_header() };
    let mut settled = place;
    let mut routed = false;
    for extension in view.extensions_within(DEFAULT_LIMIT) {
        let extension = extension?;
        let start = usize_of(extension.offset());
        match extension.kind() {
            Protocol::FRAGMENT => {
                return Err(Error::NotReassembled { field: Field::FragmentOffset, offset: extension.offset() });
            }
            Protocol::ROUTING => routed = true,
            Protocol::HOP_BY_HOP => {}
            // Behind a routing header they are for the last node only, which reads them behind ESP or AH (RFC 8200 4.1).
            Protocol::DESTINATION_OPTIONS if !routed => {}
            _ => break,
        }
        place =
            Place { at: start.saturating_add(extension.octets().len()), pointer: start, next: extension.next_header(), ..place };
        if extension.kind() != Protocol::DESTINATION_OPTIONS || !protect_destination_options {
            settled = place;
        }
    }
    Ok(settled)
}

/// Where AH, ESP or UDP starts in a packet that arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) version: u8,
    /// Where the header starts.
    pub(super) at: usize,
    /// Offset of the field that names it.
    pub(super) pointer: usize,
    /// Octets of the IP packet.
    pub(super) end: usize,
    pub(super) protocol: Protocol,
}

/// Finds what the IP header and its extension headers end at; a fragment is to be reassembled first (RFC 4302 3.4.1, RFC 4303 3.4.1).
#[inline]
pub(super) fn find(packet: &Packet<'_>) -> Result<Found, Error> {
    match packet {
        Packet::V4(view) => {
            if view.is_fragment() {
                return Err(Error::NotReassembled { field: Field::FragmentOffset, offset: 6 });
            }
            let (at, end) = (view.header_len(), usize::from(view.total_len()));
            Ok(Found { version: 4, at, pointer: 9, end, protocol: view.protocol() })
        }
        Packet::V6(view) => {
            let upper = view.upper_layer()?;
            if upper.fragment.is_some() {
                return Err(Error::NotReassembled { field: Field::FragmentOffset, offset: upper.pointer });
            }
            let end = ipv6::HEADER_LEN.saturating_add(view.payload().len());
            let (at, pointer) = (usize_of(upper.offset), usize_of(upper.pointer));
            Ok(Found { version: 6, at, pointer, end, protocol: upper.protocol })
        }
    }
}

/// Writes length, protocol and checksum of a header whose packet is now `total` octets long and goes on with `protocol`.
pub(super) fn mend(octets: &mut [u8], version: u8, pointer: usize, protocol: Protocol, total: usize) -> Result<(), Error> {
    let len = if version == 4 { total } else { total.saturating_sub(ipv6::HEADER_LEN) };
    let len = u16::try_from(len).map_err(|_| too_long(total))?;
    put(octets, pointer, &[protocol.0]);
    if version == 4 {
        put(octets, 2, &len.to_be_bytes());
        ipv4::ViewMut::parse(octets)?.fill_checksum();
    } else {
        put(octets, 4, &len.to_be_bytes());
    }
    Ok(())
}

/// Takes `removed` octets out from behind the first `kept`, which move.
pub(super) fn close_gap<S: AsRef<[u8]> + AsMut<[u8]>>(
    packet: &mut PacketBuf<S>,
    kept: usize,
    removed: usize,
) -> Result<(), Error> {
    if kept.saturating_add(removed) <= packet.len() {
        packet.octets_mut().copy_within(..kept, removed);
    }
    packet.pop_front(removed)?;
    Ok(())
}

/// Makes room for `added` octets behind the first `kept`, which move.
pub(super) fn open_gap<S: AsRef<[u8]> + AsMut<[u8]>>(packet: &mut PacketBuf<S>, kept: usize, added: usize) -> Result<(), Error> {
    packet.push_front(added)?;
    let end = added.saturating_add(kept);
    if end <= packet.len() {
        packet.octets_mut().copy_within(added..end, 0);
    }
    Ok(())
}

pub(super) fn too_long(total: usize) -> Error {
    Error::DoesNotFit { field: Field::TotalLength, found: len32(total), needed: 65_535 }
}

pub(super) fn usize_of(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
