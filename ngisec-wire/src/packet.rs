//! The headers of a TCP or UDP packet, with its checksums checked and made.

use ip_wire::ip::Packet;
use ip_wire::{Flow, FlowKey, PacketBuf, Protocol, ipv4, ipv6, tcp, udp};

use crate::error::{Error, Field};

/// Octets of the transport header that are compared with its duplicate: all but the ports and the checksum.
pub(crate) const FIXED: usize = tcp::MIN_HEADER_LEN;

/// What stands where in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) version: u8,
    pub(crate) protocol: Protocol,
    /// Octets of IP header and extension headers.
    pub(crate) ip_len: usize,
    /// Octets of the headers, transport's included.
    pub(crate) headers: usize,
    /// Octets of the packet.
    pub(crate) len: usize,
    pub(crate) flow: FlowKey,
    /// The transport header but for what a translation changes.
    pub(crate) fixed: [u8; FIXED],
}

/// Whether checksums are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// They must hold; a UDP checksum of 0 in IPv4 says that there is none.
    All,
    /// A translation may have changed what they cover.
    None,
}

impl Outline {
    /// Reads a whole TCP or UDP packet.
    pub(crate) fn read(octets: &[u8], check: Check) -> Result<Self, Error> {
        let packet = Packet::parse(octets)?;
        let upper = packet.upper_layer()?;
        if upper.is_fragment {
            return Err(Error::NotReassembled);
        }
        let (ip_len, len) = (usize::try_from(upper.offset).unwrap_or(usize::MAX), packet.len());
        if let (Packet::V4(view), Check::All) = (&packet, check) {
            view.verify_checksum()?;
        }
        let pseudo = packet.pseudo_header(upper.protocol, upper.octets.len());
        let shift = |error: ip_wire::Error| error.shifted(upper.offset);
        let transport_len = match upper.protocol {
            Protocol::TCP => {
                let view = tcp::View::parse(upper.octets).map_err(shift)?;
                if check == Check::All {
                    view.verify_checksum(pseudo).map_err(shift)?;
                }
                view.header_len()
            }
            Protocol::UDP => {
                let view = udp::View::parse(upper.octets).map_err(shift)?;
                if view.datagram_len() != upper.octets.len() {
                    let (found, needed) = (len32(view.datagram_len()), len32(upper.octets.len()));
                    return Err(Error::Mismatch { field: Field::TotalLength, offset: upper.offset, found, needed });
                }
                let zero = if packet.version() == 4 { udp::ZeroChecksum::Allowed } else { udp::ZeroChecksum::Refused };
                if check == Check::All {
                    view.verify_checksum(pseudo, zero).map_err(shift)?;
                }
                udp::HEADER_LEN
            }
            Protocol(found) => return Err(Error::Transport(found)),
        };
        let mut fixed = [0; FIXED];
        copy(&mut fixed, upper.octets.get(..transport_len).unwrap_or(&[]));
        // Ports, and what covers or counts everything: the checksum, and the length of UDP.
        fill(&mut fixed, 0, 4);
        if upper.protocol == Protocol::TCP {
            fill(&mut fixed, 16, 2)
        } else {
            fill(&mut fixed, 4, 4)
        }
        Ok(Self {
            version: packet.version(),
            protocol: upper.protocol,
            ip_len,
            headers: ip_len.saturating_add(transport_len),
            len,
            flow: Flow::of(&packet)?.key,
            fixed,
        })
    }

    /// Next header of a whole packet of this version.
    pub(crate) const fn ip_protocol(&self) -> Protocol {
        if self.version == 4 { Protocol::IPV4 } else { Protocol::IPV6 }
    }

    /// Whether `octets` can't be written into the length fields of this packet's headers.
    pub(crate) fn check_len(&self, octets: usize) -> Result<(), Error> {
        // IPv6 does not count its first header. UDP counts no more than IP does.
        let most = if self.version == 4 { 65_535 } else { 65_575 };
        if octets > most {
            return Err(Error::TooLong { found: len32(octets), needed: len32(most) });
        }
        Ok(())
    }
}

/// Where what starts in a usual packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glance {
    pub(crate) ip_len: usize,
    /// Octets of the headers, transport's included.
    pub(crate) headers: usize,
    /// Octets of the packet.
    pub(crate) len: usize,
    pub(crate) protocol: Protocol,
}

/// A TCP or UDP packet without IP options or extension headers, as [`Outline::read`] finds it; `None` for every other packet, right or wrong.
#[inline]
pub(crate) fn glance(octets: &[u8]) -> Option<Glance> {
    let (ip_len, len, protocol) = match octets.first()? {
        0x45 => {
            let h: &[u8; ipv4::MIN_HEADER_LEN] = octets.first_chunk()?;
            let whole = u16::from_be_bytes([h[6], h[7]]) & 0x3fff == 0;
            (h.len(), usize::from(u16::from_be_bytes([h[2], h[3]])), whole.then_some(h[9])?)
        }
        0x60..=0x6f => {
            let h: &[u8; ipv6::HEADER_LEN] = octets.first_chunk()?;
            let payload = usize::from(u16::from_be_bytes([h[4], h[5]]));
            (h.len(), payload.saturating_add(h.len()), h[6])
        }
        _ => return None,
    };
    let transport = octets.get(ip_len..len)?;
    let transport_len = match Protocol(protocol) {
        Protocol::UDP => {
            let h: &[u8; udp::HEADER_LEN] = transport.first_chunk()?;
            (usize::from(u16::from_be_bytes([h[4], h[5]])) == transport.len()).then_some(h.len())?
        }
        Protocol::TCP => {
            let h: &[u8; tcp::MIN_HEADER_LEN] = transport.first_chunk()?;
            let len = usize::from(h[12] >> 4).saturating_mul(4);
            (h.len()..=transport.len()).contains(&len).then_some(len)?
        }
        _ => return None,
    };
    Some(Glance { ip_len, headers: ip_len.saturating_add(transport_len), len, protocol: Protocol(protocol) })
}

/// Octets as an error has them.
pub(crate) fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

fn fill(octets: &mut [u8], at: usize, len: usize) {
    octets.get_mut(at..at.saturating_add(len)).unwrap_or_default().fill(0);
}

fn put16(octets: &mut [u8], at: usize, value: usize) {
    let value = u16::try_from(value).unwrap_or(u16::MAX).to_be_bytes();
    copy(octets.get_mut(at..).unwrap_or_default(), &value);
}

/// Writes lengths and checksums of a packet that is as long as `octets`: IP's, and those of the transport header `ip_len` octets in.
pub(crate) fn finish(octets: &mut [u8], outline: &Outline) -> Result<(), Error> {
    let (len, ip_len) = (octets.len(), outline.ip_len);
    set_ip_len(octets, outline, len)?;
    if outline.protocol == Protocol::UDP {
        put16(octets, ip_len.saturating_add(4), len.saturating_sub(ip_len));
    }
    fill_checksum(octets, outline)
}

/// Writes the length in the IP header.
pub(crate) fn set_ip_len(octets: &mut [u8], outline: &Outline, len: usize) -> Result<(), Error> {
    if outline.version == 4 {
        put16(octets, 2, len);
        ipv4::ViewMut::parse(octets)?.fill_checksum();
    } else {
        put16(octets, 4, len.saturating_sub(ip_wire::ipv6::HEADER_LEN));
    }
    Ok(())
}

/// Computes the transport checksum anew.
pub(crate) fn fill_checksum(octets: &mut [u8], outline: &Outline) -> Result<(), Error> {
    let at = outline.ip_len.saturating_add(if outline.protocol == Protocol::TCP { 16 } else { 6 });
    fill(octets, at, 2);
    let packet = Packet::parse(octets)?;
    let segment = octets.get(outline.ip_len..).unwrap_or(&[]);
    let sum = packet.pseudo_header(outline.protocol, segment.len()).octets(segment).checksum();
    // UDP's 0 would say that there is none.
    let sum = if sum == 0 && outline.protocol == Protocol::UDP { 0xffff } else { sum };
    copy(octets.get_mut(at..).unwrap_or_default(), &sum.to_be_bytes());
    Ok(())
}

/// Computes the transport checksum anew unless it holds, or is absent: what an ICV protected was right when it was sent, and a translation has changed the
/// addresses since.
pub(crate) fn mend_checksum(octets: &mut [u8]) -> Result<(), Error> {
    match Outline::read(octets, Check::All) {
        Ok(_) => Ok(()),
        Err(_) => {
            let outline = Outline::read(octets, Check::None)?;
            fill_checksum(octets, &outline)
        }
    }
}

/// Moves the first `len` octets of the packet to `by` octets before them; the packet grows at its front.
pub(crate) fn copy_front<S: AsRef<[u8]> + AsMut<[u8]>>(packet: &mut PacketBuf<S>, by: usize, len: usize) -> Result<(), Error> {
    packet.push_front(by)?;
    let octets = packet.octets_mut();
    let end = by.saturating_add(len);
    if end <= octets.len() {
        octets.copy_within(by..end, 0);
    }
    Ok(())
}
