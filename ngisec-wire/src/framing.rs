//! The framings before protection (draft-shukla 6, figures 1 and 2), by themselves what SSL/TLS VPNs put into a connection's first packet (7).
//!
//! ```text
//! plain                       | IP | T | data                    |
//! TCPSec, UDPSec              | IP | T | T' | data               |
//! duplicate, encapsulating    | IP | T | IP' | T' | data         |
//! duplicate, appended         | IP | T | data | IP' | T' | length |
//! ```
//!
//! IP and T are what a translation on the way changes, IP' and T' are copies that it can't see. `length` are 4 octets: the number of octets of IP' and T'. T
//! is TCP or UDP, its checksum is right for all that follows it.

use core::net::IpAddr;

use ip_wire::{FlowKey, PacketBuf, Protocol, tcp, udp};

use crate::error::{Error, Field};
use crate::packet::{self, Check, Outline, copy, copy_front, len32};

/// Octets behind appended headers that tell their length.
pub const TRAILER_LEN: usize = 4;

/// Which headers are duplicated, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// None: data packets.
    Plain,
    /// The transport header, before the data: TCPSec and UDPSec (figure 2).
    TransportSec,
    /// IP and transport header, before the data (figure 1).
    DuplicateEncapsulating,
    /// IP and transport header, behind the data (figure 1).
    DuplicateAppended,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::TransportSec, Self::DuplicateEncapsulating, Self::DuplicateAppended];

    /// Octets that the form adds to a packet with `ip_len` octets of IP headers and `transport_len` of transport header, protection aside.
    #[must_use]
    pub const fn duplicate_len(self, ip_len: usize, transport_len: usize) -> usize {
        match self {
            Self::Plain => 0,
            Self::TransportSec => transport_len,
            Self::DuplicateEncapsulating => ip_len.saturating_add(transport_len),
            Self::DuplicateAppended => ip_len.saturating_add(transport_len).saturating_add(TRAILER_LEN),
        }
    }

    /// Whether an opened packet tells what a translation did to it.
    #[must_use]
    pub const fn is_duplicate(self) -> bool {
        !matches!(self, Self::Plain)
    }

    /// What stands behind T says about itself in ESP's next header.
    pub(crate) const fn next_header(self, outline: &Outline) -> Protocol {
        match self {
            Self::Plain | Self::TransportSec => outline.protocol,
            Self::DuplicateEncapsulating | Self::DuplicateAppended => outline.ip_protocol(),
        }
    }

    /// The form that what was hidden behind a transport header has, as far as it shows: for tools that look at packets without the channel's agreement.
    ///
    /// `transport` is the visible header, with or without what follows it; `next_header` is what ESP says of `hidden`, its payload. A datagram or segment is [`Form::TransportSec`] if it
    /// starts with a header like the visible one, [`Form::Plain`] else. `None` for what is no form.
    #[must_use]
    pub fn of_hidden(protocol: Protocol, transport: &[u8], next_header: Protocol, hidden: &[u8]) -> Option<Self> {
        let outer = transport.get(..transport_len(transport, protocol)?)?;
        if next_header == protocol {
            let inner = transport_len(hidden, protocol).and_then(|_| hidden.get(..outer.len()));
            let counts = protocol != Protocol::UDP || udp_len(hidden) == hidden.len();
            let is_copy = counts && inner.is_some_and(|inner| fixed(inner, protocol) == fixed(outer, protocol));
            return Some(if is_copy { Self::TransportSec } else { Self::Plain });
        }
        let version = match next_header {
            Protocol::IPV4 => 4,
            Protocol::IPV6 => 6,
            _ => return None,
        };
        if let Ok(inner) = Outline::read(hidden, Check::None)
            && (inner.version, inner.protocol, inner.len) == (version, protocol, hidden.len())
        {
            return Some(Self::DuplicateEncapsulating);
        }
        let (rest, length) = hidden.split_last_chunk::<TRAILER_LEN>()?;
        let at = rest.len().checked_sub(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        (*rest.get(at)? >> 4 == version).then_some(Self::DuplicateAppended)
    }

    /// Puts the packet into this form without protection, lengths and checksums right (draft-shukla 7: SSL/TLS VPNs do so with the first packet of a
    /// connection).
    ///
    /// # Errors
    /// Those of reading the packet; [`Error::TooLong`]; [`Error::BufferTooSmall`]. The packet stays as it was.
    pub fn wrap<S: AsRef<[u8]> + AsMut<[u8]>>(self, packet: &mut PacketBuf<S>) -> Result<(), Error> {
        let outline = Outline::read(packet.octets(), Check::All)?;
        let plan = Plan::new(self, &outline, (0, 0));
        plan.check(&outline, packet)?;
        plan.arrange(&outline, packet)?;
        packet.push_front(plan.at)?;
        packet::finish(packet.octets_mut(), &outline)
    }

    /// Takes a packet of this form apart: what is left is the packet with the addresses and ports that it has inside, and what is returned are both.
    ///
    /// # Errors
    /// Those of reading the packet; [`Error::Truncated`], [`Error::Mismatch`] for a duplicate that is not one of the packet's headers. The packet stays as it was.
    pub fn unwrap<S: AsRef<[u8]> + AsMut<[u8]>>(self, packet: &mut PacketBuf<S>) -> Result<Observation, Error> {
        let outline = Outline::read(packet.octets(), Check::All)?;
        let whole = packet.len();
        packet.truncate(outline.len);
        packet.pop_front(outline.headers)?;
        let inner = self.restore(&outline, packet, outline.headers);
        if inner.is_err() {
            packet.push_front(outline.headers)?;
            packet.push_back(whole.saturating_sub(packet.len()))?;
        }
        inner
    }

    /// Restores a packet whose outer headers start `front` octets before `packet`, which holds what was behind T.
    pub(crate) fn restore<S: AsRef<[u8]> + AsMut<[u8]>>(
        self,
        outer: &Outline,
        packet: &mut PacketBuf<S>,
        front: usize,
    ) -> Result<Observation, Error> {
        match self {
            Self::Plain => {
                bring(packet, front, outer.headers)?;
                packet::finish(packet.octets_mut(), outer)?;
                Ok(Observation { outer: outer.flow, inner: outer.flow })
            }
            Self::TransportSec => {
                let ports = ports(packet.octets())?;
                let transport = outer.headers.saturating_sub(outer.ip_len);
                let found = packet.octets().get(..transport).ok_or_else(|| short(packet.len(), transport))?;
                compare(outer, &fixed(found, outer.protocol))?;
                let (len, told) = (packet.len(), udp_len(found));
                if outer.protocol == Protocol::UDP && told != len {
                    return Err(Error::Mismatch {
                        field: Field::DuplicateLength,
                        offset: 4,
                        found: len32(told),
                        needed: len32(len),
                    });
                }
                bring(packet, front, outer.ip_len)?;
                let len = packet.len();
                packet::set_ip_len(packet.octets_mut(), outer, len)?;
                packet::mend_checksum(packet.octets_mut())?;
                let (source, destination) = (outer.flow.source(), outer.flow.destination());
                let inner = FlowKey::new(source, destination, outer.protocol, ports)?;
                Ok(Observation { outer: outer.flow, inner })
            }
            Self::DuplicateEncapsulating => {
                let inner = inside(outer, packet.octets(), packet.len())?;
                Ok(Observation { outer: outer.flow, inner: inner.flow })
            }
            Self::DuplicateAppended => restore_appended(outer, packet),
        }
    }
}

/// What a translation made of a packet, and what the packet was: the two 4-tuples of draft-shukla 6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Observation {
    /// Addresses and ports of the outer headers, as the packet arrived.
    pub outer: FlowKey,
    /// Those of the duplicate, as its sender made it. With [`Form::TransportSec`] the addresses are the outer ones.
    pub inner: FlowKey,
}

impl Observation {
    /// Whether there was a translation.
    #[must_use]
    pub fn is_translated(&self) -> bool {
        self.outer != self.inner
    }

    /// The 3-tuple of draft-shukla 6.3: the source address, and the pairs of ports outside and inside.
    #[must_use]
    pub fn three_tuple(&self) -> (IpAddr, (u16, u16), (u16, u16)) {
        let ports = |key: &FlowKey| (key.source_port().unwrap_or(0), key.destination_port().unwrap_or(0));
        (self.outer.source(), ports(&self.outer), ports(&self.inner))
    }
}

/// Where things go when a packet is put into a form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    form: Form,
    /// Where what is to be hidden starts in the packet as it is.
    inner_at: usize,
    /// Octets of what is to be hidden.
    pub(crate) inner_len: usize,
    /// Octets appended to it.
    appended: usize,
    /// Octets that protection puts before and behind it.
    room: (usize, usize),
    /// Where it starts in the framed packet.
    pub(crate) at: usize,
}

impl Plan {
    pub(crate) fn new(form: Form, outline: &Outline, room: (usize, usize)) -> Self {
        let inner_at = match form {
            Form::Plain | Form::DuplicateAppended => outline.headers,
            Form::TransportSec => outline.ip_len,
            Form::DuplicateEncapsulating => 0,
        };
        let appended = if form == Form::DuplicateAppended { outline.headers.saturating_add(TRAILER_LEN) } else { 0 };
        let inner_len = outline.len.saturating_sub(inner_at).saturating_add(appended);
        Self { form, inner_at, inner_len, appended, room, at: outline.headers.saturating_add(room.0) }
    }

    /// Octets of the framed packet.
    pub(crate) const fn total(&self) -> usize {
        self.at.saturating_add(self.inner_len).saturating_add(self.room.1)
    }

    /// Octets in front of the packet as it is.
    const fn grows(&self) -> usize {
        self.at.saturating_sub(self.inner_at)
    }

    /// Whether it fits buffer and IP.
    pub(crate) fn check<S: AsRef<[u8]> + AsMut<[u8]>>(&self, outline: &Outline, packet: &PacketBuf<S>) -> Result<(), Error> {
        outline.check_len(self.total())?;
        let link_padding = packet.len().saturating_sub(outline.len);
        let tailroom = packet.tailroom().saturating_add(link_padding);
        for (field, found, needed) in [
            (Field::Headroom, packet.headroom(), self.grows()),
            (Field::Tailroom, tailroom, self.appended.saturating_add(self.room.1)),
        ] {
            if found < needed {
                return Err(Error::BufferTooSmall { field, found: len32(found), needed: len32(needed) });
            }
        }
        Ok(())
    }

    /// Copies headers to their places, and leaves in `packet` what is to be hidden: the framed packet starts `self.at` octets before it.
    pub(crate) fn arrange<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        outline: &Outline,
        packet: &mut PacketBuf<S>,
    ) -> Result<(), Error> {
        packet.truncate(outline.len);
        if self.form == Form::DuplicateAppended {
            packet.push_back(self.appended)?;
            let (from, to) = (outline.headers, outline.len);
            let octets = packet.octets_mut();
            octets.copy_within(..from, to);
            let length = len32(from).to_be_bytes();
            copy(octets.get_mut(to.saturating_add(from)..).unwrap_or_default(), &length);
        }
        copy_front(packet, self.grows(), outline.headers)?;
        packet.pop_front(self.at)?;
        Ok(())
    }
}

/// Moves the `len` octets of headers that start `front` octets before the packet right before it, and into it.
fn bring<S: AsRef<[u8]> + AsMut<[u8]>>(packet: &mut PacketBuf<S>, front: usize, len: usize) -> Result<(), Error> {
    packet.push_front(front)?;
    let to = front.saturating_sub(len);
    packet.octets_mut().copy_within(..len, to);
    packet.pop_front(to)?;
    Ok(())
}

/// The packet in what was hidden, if it can be the one that `outer` came with.
fn inside(outer: &Outline, octets: &[u8], len: usize) -> Result<Outline, Error> {
    let inner = Outline::read(octets, Check::All)?;
    for (found, needed) in [(inner.version, outer.version), (inner.protocol.0, outer.protocol.0)] {
        if found != needed {
            return Err(Error::Mismatch {
                field: Field::Duplicate,
                offset: 0,
                found: u32::from(found),
                needed: u32::from(needed),
            });
        }
    }
    if inner.len != len {
        return Err(Error::Mismatch { field: Field::DuplicateLength, offset: 0, found: len32(inner.len), needed: len32(len) });
    }
    compare(outer, &inner.fixed)?;
    Ok(inner)
}

fn restore_appended<S: AsRef<[u8]> + AsMut<[u8]>>(outer: &Outline, packet: &mut PacketBuf<S>) -> Result<Observation, Error> {
    let (octets, len) = (packet.octets(), packet.len());
    let Some((rest, length)) = octets.split_last_chunk::<TRAILER_LEN>() else { return Err(short(len, TRAILER_LEN)) };
    let found = u32::from_be_bytes(*length);
    let headers = usize::try_from(found).unwrap_or(usize::MAX);
    let Some(data_len) = rest.len().checked_sub(headers) else {
        let (offset, needed) = (len32(rest.len()), len32(rest.len()));
        return Err(Error::Mismatch { field: Field::DuplicateLength, offset, found, needed });
    };
    // Headers and data change places, and back if they make no packet.
    let len = rest.len();
    let whole = packet.octets_mut().get_mut(..len).unwrap_or_default();
    whole.rotate_right(headers);
    match inside(outer, whole, len) {
        Ok(inner) if inner.headers == headers => {
            // To where the sender had it: where outer headers, AH and ESP were.
            packet.push_front(headers)?;
            packet.octets_mut().copy_within(headers..headers.saturating_add(len), 0);
            packet.truncate(len);
            Ok(Observation { outer: outer.flow, inner: inner.flow })
        }
        other => {
            whole.rotate_left(headers);
            let needed = other.map(|inner| len32(inner.headers))?;
            Err(Error::Mismatch { field: Field::DuplicateLength, offset: len32(data_len), found, needed })
        }
    }
}

/// Octets of the TCP or UDP header that `octets` start with; `None` if it is neither, or they end before it.
fn transport_len(octets: &[u8], protocol: Protocol) -> Option<usize> {
    let len = match protocol {
        Protocol::TCP => usize::from(*octets.get(12)? >> 4).saturating_mul(4),
        Protocol::UDP => udp::HEADER_LEN,
        _ => return None,
    };
    let least = if protocol == Protocol::TCP { tcp::MIN_HEADER_LEN } else { udp::HEADER_LEN };
    (len >= least && octets.len() >= len).then_some(len)
}

fn fixed(transport: &[u8], protocol: Protocol) -> [u8; packet::FIXED] {
    let mut octets = [0; packet::FIXED];
    copy(&mut octets, transport);
    let (zeros, at): (usize, usize) = if protocol == Protocol::TCP { (2, 16) } else { (4, 4) };
    octets.get_mut(..4).unwrap_or_default().fill(0);
    octets.get_mut(at..at.saturating_add(zeros)).unwrap_or_default().fill(0);
    octets
}

/// The visible transport header says what the hidden one says, ports, checksum and options aside.
fn compare(outer: &Outline, inner: &[u8; packet::FIXED]) -> Result<(), Error> {
    match outer.fixed.iter().zip(inner).position(|(outer, inner)| outer != inner) {
        None => Ok(()),
        Some(at) => {
            let octet = |octets: &[u8]| u32::from(octets.get(at).copied().unwrap_or(0));
            let offset = len32(outer.ip_len.saturating_add(at));
            Err(Error::Mismatch { field: Field::OuterHeader, offset, found: octet(&outer.fixed), needed: octet(inner) })
        }
    }
}

fn ports(octets: &[u8]) -> Result<ip_wire::Ports, Error> {
    match octets.first_chunk::<4>() {
        Some([a, b, c, d]) => {
            Ok(ip_wire::Ports::Pair { source: u16::from_be_bytes([*a, *b]), destination: u16::from_be_bytes([*c, *d]) })
        }
        None => Err(short(octets.len(), 4)),
    }
}

fn udp_len(header: &[u8]) -> usize {
    match header {
        [_, _, _, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    }
}

fn short(found: usize, needed: usize) -> Error {
    Error::Truncated { field: Field::Duplicate, offset: 0, found: len32(found), needed: len32(needed) }
}
