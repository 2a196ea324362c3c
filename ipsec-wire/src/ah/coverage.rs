//! What the ICV of AH covers (RFC 4302 3.3.3.1 and appendix A): the whole packet, mutable fields zeroed, predictable ones as they arrive.
//!
//! | field | in the ICV |
//! | --- | --- |
//! | IPv4 version, IHL, total length, identification, protocol, source | as it is |
//! | IPv4 destination | as it arrives: under a source route the route's last address |
//! | IPv4 DS field, flags, fragment offset, TTL, checksum | zero |
//! | IPv4 options 0, 1, 130, 133, 134, 148, 149 | as they are |
//! | every other IPv4 option, type and length too | zero |
//! | IPv6 version, payload length, next header, source | as it is; with a Home Address option source and home address change places |
//! | IPv6 destination | as it arrives: behind a type 0 or 2 routing header the last address |
//! | IPv6 traffic class, flow label, hop limit | zero |
//! | IPv6 option data whose type has the change-en-route bit (0x20) | zero; type and length as they are |
//! | routing header of type 0 or 2 | as it arrives: Segments Left 0, addresses shifted by one hop each |
//! | AH | ICV zero, its padding and Reserved as they are |
//! | everything behind | as it is |
//! | high half of an extended sequence number | behind the packet's last octet |

use ip_wire::ipv6::ext::DEFAULT_LIMIT;
use ip_wire::{Protocol, ipv4, ipv6};

use super::FIXED_LEN;
use crate::error::{Error, Field, len32};
use crate::octets::{copy, put};

/// Which end computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The sender: routes are still to be travelled.
    Sender,
    /// The receiver: they are at their end.
    Receiver,
}

/// Calls `sink` with each piece of what the ICV of the IP packet `packet` covers. Its AH starts `ah_offset` octets in, and has an ICV of
/// `icv_len` octets, of which the first `iv_len` are an IV, covered as they are (AES-GMAC). `packet` ends where its IP header says.
///
/// # Errors
/// [`Error::Mismatch`] for options and routing headers that cannot be: an option past the end of its area, a source route shorter than one
/// address, more segments left than listed; a route of another type not at its end; a route not at its end at the receiver.
/// [`Error::HeaderBudget`] for more than 16 extension headers.
pub fn covered(
    packet: &[u8],
    ah_offset: usize,
    (iv_len, icv_len): (usize, usize),
    esn_high: Option<u32>,
    end: End,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), Error> {
    headers(packet, ah_offset, end, sink)?;
    let fixed = ah_offset.saturating_add(FIXED_LEN).saturating_add(iv_len);
    let behind = ah_offset.saturating_add(FIXED_LEN).saturating_add(icv_len);
    sink(packet.get(ah_offset..fixed).unwrap_or(&[]));
    zeros(icv_len.saturating_sub(iv_len), sink);
    sink(packet.get(behind..).unwrap_or(&[]));
    if let Some(high) = esn_high {
        sink(&high.to_be_bytes());
    }
    Ok(())
}

/// What is covered before AH, which starts `ah_offset` octets in, or is to.
pub(crate) fn headers(packet: &[u8], ah_offset: usize, end: End, sink: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
    match packet.first().map(|octet| octet >> 4) {
        Some(4) => ipv4_header(packet, end, sink),
        _ => ipv6_headers(packet, ah_offset, end, sink),
    }
}

fn ipv4_header(packet: &[u8], end: End, sink: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
    let view = ipv4::View::parse(packet)?;
    let mut header = [0u8; ipv4::MAX_HEADER_LEN];
    let len = view.header_len();
    copy(&mut header, packet.get(..len).unwrap_or(&[]));
    // DS field; flags, fragment offset and TTL; checksum.
    put(&mut header, 1, &[0]);
    put(&mut header, 6, &[0; 3]);
    put(&mut header, 10, &[0; 2]);
    if len > ipv4::MIN_HEADER_LEN {
        let options = header.get_mut(ipv4::MIN_HEADER_LEN..len).unwrap_or_default();
        if let (Some(last), End::Sender) = (ipv4_options(options)?, end) {
            put(&mut header, 16, &last);
        }
    }
    sink(header.get(..len).unwrap_or(&[]));
    Ok(())
}

/// Zeroes the mutable options, and returns the last address of a source route that is not at its end.
fn ipv4_options(options: &mut [u8]) -> Result<Option<[u8; 4]>, Error> {
    let mut destination = None;
    let mut at = 0usize;
    while let Some(rest) = options.get_mut(at..).filter(|rest| !rest.is_empty()) {
        let offset = len32(at.saturating_add(ipv4::MIN_HEADER_LEN));
        let len = match *rest {
            // Whatever stands behind the end of the list is covered as it is.
            [0, ..] => break,
            [1, ..] => 1,
            [_, len, ..] if len >= 2 => usize::from(len),
            [_, found, ..] => {
                let found = u32::from(found);
                return Err(Error::Length { field: Field::Ipv4Option, offset, found, needed: 2 });
            }
            _ => return Err(Error::Truncated { field: Field::Ipv4Option, offset, found: 1, needed: 2 }),
        };
        let found = rest.len();
        let option = rest.get_mut(..len).ok_or(Error::Length {
            field: Field::Ipv4Option,
            offset,
            found: len32(len),
            needed: len32(found),
        })?;
        match option.first() {
            Some(0 | 1 | 130 | 133 | 134 | 148 | 149) => {}
            Some(131 | 137) => {
                let [.., a, b, c, d] = *option else {
                    return Err(Error::Length { field: Field::Ipv4Option, offset, found: len32(len), needed: 7 });
                };
                if len < 7 {
                    return Err(Error::Length { field: Field::Ipv4Option, offset, found: len32(len), needed: 7 });
                }
                // The pointer counts from 1 and is past the option when the route is at its end.
                if option.get(2).is_some_and(|pointer| usize::from(*pointer) <= len) {
                    destination = Some([a, b, c, d]);
                }
                option.fill(0);
            }
            _ => option.fill(0),
        }
        at = at.saturating_add(len);
    }
    Ok(destination)
}

fn ipv6_headers(packet: &[u8], ah_offset: usize, end: End, sink: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
    let view = ipv6::View::parse(packet)?;
    let mut header = [0u8; ipv6::HEADER_LEN];
    copy(&mut header, packet);
    // Traffic class, flow label; hop limit.
    put(&mut header, 0, &[0x60, 0, 0, 0]);
    put(&mut header, 7, &[0]);
    let (mut source, mut destination) = (view.source().octets(), view.destination().octets());
    // First what the chain does to the addresses, then its octets: the addresses come before it.
    each_extension(&view, ah_offset, |kind, octets, offset| {
        match kind {
            Protocol::ROUTING => {
                if let Some(last) = routing_destination(octets, offset, end)? {
                    destination = last;
                }
            }
            Protocol::DESTINATION_OPTIONS => {
                options(octets, offset, |option, _| {
                    if let Some(home) = home_address(option) {
                        source = home;
                    }
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    put(&mut header, 8, &source);
    put(&mut header, 24, &destination);
    sink(&header);
    each_extension(&view, ah_offset, |kind, octets, offset| match kind {
        Protocol::ROUTING => routing_header(octets, view.destination().octets(), end, sink),
        Protocol::HOP_BY_HOP | Protocol::DESTINATION_OPTIONS => {
            sink(octets.get(..2).unwrap_or(&[]));
            options(octets, offset, |option, mutable| {
                if kind == Protocol::DESTINATION_OPTIONS && home_address(option).is_some() {
                    sink(option.get(..2).unwrap_or(&[]));
                    sink(&view.source().octets());
                } else if mutable {
                    sink(option.get(..2).unwrap_or(&[]));
                    zeros(option.len().saturating_sub(2), sink);
                } else {
                    sink(option);
                }
            })
        }
        _ => {
            sink(octets);
            Ok(())
        }
    })
}

/// The headers before AH, each with its offset.
fn each_extension(
    view: &ipv6::View<'_>,
    ah_offset: usize,
    mut each: impl FnMut(Protocol, &[u8], u32) -> Result<(), Error>,
) -> Result<(), Error> {
    let end = len32(ah_offset);
    for extension in view.extensions_within(DEFAULT_LIMIT) {
        let extension = extension?;
        if extension.offset() >= end {
            break;
        }
        if extension.kind() == Protocol::FRAGMENT {
            return Err(Error::NotReassembled { field: Field::FragmentOffset, offset: extension.offset() });
        }
        each(extension.kind(), extension.octets(), extension.offset())?;
    }
    Ok(())
}

/// Calls `each` with every option of a hop-by-hop or destination options header, and with whether it may change on the way.
fn options(octets: &[u8], offset: u32, mut each: impl FnMut(&[u8], bool)) -> Result<(), Error> {
    let mut rest = octets.get(2..).unwrap_or(&[]);
    let mut at = offset.saturating_add(2);
    while let Some(kind) = rest.first() {
        let len = match rest.get(1) {
            // Pad1 has no length.
            _ if *kind == 0 => 1,
            Some(len) => usize::from(*len).saturating_add(2),
            None => return Err(Error::Truncated { field: Field::Ipv6Option, offset: at, found: 1, needed: 2 }),
        };
        let found = len32(rest.len());
        let Some((option, behind)) = rest.split_at_checked(len) else {
            return Err(Error::Length { field: Field::Ipv6Option, offset: at, found: len32(len), needed: found });
        };
        each(option, kind & 0x20 != 0);
        at = at.saturating_add(len32(len));
        rest = behind;
    }
    Ok(())
}

/// The address in a Home Address option (RFC 6275 6.3).
fn home_address(option: &[u8]) -> Option<[u8; 16]> {
    match option {
        [201, 16, address @ ..] => <[u8; 16]>::try_from(address).ok(),
        _ => None,
    }
}

/// The addresses of a route, and how many of them are still to be visited.
type Route<'a> = (&'a [[u8; 16]], usize);

/// A type 0 or 2 routing header: its addresses, of which `left` are still to be visited.
fn route(octets: &[u8], offset: u32, end: End) -> Result<Option<Route<'_>>, Error> {
    let [_, len, kind, left, _, _, _, _, addresses @ ..] = octets else {
        let (found, needed) = (len32(octets.len()), 8);
        return Err(Error::Truncated { field: Field::RoutingHeader, offset, found, needed });
    };
    let value = |at: u32, found: u32, needed: u32| {
        Err(Error::Mismatch { field: Field::RoutingHeader, offset: offset.saturating_add(at), found, needed })
    };
    if *left == 0 {
        return Ok(None);
    }
    let (addresses, rest) = addresses.as_chunks::<16>();
    match kind {
        _ if end == End::Receiver => value(3, u32::from(*left), 0),
        0 | 2 if !rest.is_empty() => value(1, u32::from(*len), u32::from(*len & !1)),
        0 | 2 if usize::from(*left) > addresses.len() => value(3, u32::from(*left), len32(addresses.len())),
        0 | 2 => Ok(Some((addresses, usize::from(*left)))),
        // How the last hop sees it is not known.
        _ => value(3, u32::from(*left), 0),
    }
}

fn routing_destination(octets: &[u8], offset: u32, end: End) -> Result<Option<[u8; 16]>, Error> {
    Ok(route(octets, offset, end)?.and_then(|(addresses, _)| addresses.last().copied()))
}

/// Each hop changes the packet's destination and the address that it takes from the list over: so every address still to be visited is
/// replaced by the one before it, the first of them by the destination that the packet starts with.
fn routing_header(octets: &[u8], destination: [u8; 16], end: End, sink: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
    let Some((addresses, left)) = route(octets, 0, end)? else {
        sink(octets);
        return Ok(());
    };
    sink(octets.get(..3).unwrap_or(&[]));
    sink(&[0]);
    sink(octets.get(4..8).unwrap_or(&[]));
    let visited = addresses.len().saturating_sub(left);
    let (visited, ahead) = addresses.split_at_checked(visited).unwrap_or_default();
    sink(visited.as_flattened());
    sink(&destination);
    let kept = ahead.len().saturating_sub(1);
    sink(ahead.get(..kept).unwrap_or(&[]).as_flattened());
    Ok(())
}

pub(super) fn zeros(mut len: usize, sink: &mut dyn FnMut(&[u8])) {
    const ZEROS: [u8; 64] = [0; 64];
    while let Some(piece) = ZEROS.get(..len.min(ZEROS.len())).filter(|piece| !piece.is_empty()) {
        sink(piece);
        len = len.saturating_sub(piece.len());
    }
}
