//! What every encapsulation needs once: the DS field models of RFC 2983, the ECN rules of RFC 6040, hop limit, Don't Fragment and flow
//! label, and IP in IP itself (RFC 2003, RFC 2473, RFC 4213), both versions in both.
//!
//! ```
//! use ip_wire::PacketBuf;
//! use ip_wire::tunnel::{Decapsulation, Tunnel};
//! # use ip_wire::{Protocol, ipv6};
//! # use core::net::Ipv6Addr;
//!
//! # let mut storage = [0u8; 128];
//! # ipv6::Header::new(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST, Protocol::NO_NEXT_HEADER, 0)?.emit(&mut storage[64..])?;
//! // 64 octets of headroom, then an IPv6 packet of 40.
//! let mut packet = PacketBuf::new(&mut storage[..], 64, 40)?;
//! let (near, far) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
//! Tunnel::new(near, far)?.encapsulate(&mut packet, 0)?;
//! assert_eq!(packet.len(), 60);
//! // The same tunnel, seen from its other end.
//! let Decapsulation::Forward { .. } = Tunnel::new(far, near)?.decapsulate(&mut packet)? else { panic!() };
//! assert_eq!(packet.len(), 40);
//! # Ok::<(), ip_wire::Error>(())
//! ```

use core::net::IpAddr;

use crate::error::{Error, Field, len32};
use crate::ip::Packet;
use crate::ipv6::FlowLabel;
use crate::ipv6::options::{Value, Writer};
use crate::{DsField, Dscp, Ecn, PacketBuf, Protocol, ipv4, ipv6};

pub mod ecn;

pub use ecn::{Alarm, EcnMode, EcnOutcome};

/// How the DSCP crosses a tunnel (RFC 2983 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DsModel {
    /// Inner and outer are one: copied in at the ingress, copied out at the egress.
    Uniform,
    /// The tunnel is a pipe with a behaviour of its own: the outer codepoint is the tunnel's, the inner one is left alone, and the
    /// egress forwards by the outer one.
    Pipe(Dscp),
    /// As [`DsModel::Pipe`], but the egress forwards by the inner codepoint.
    ShortPipe(Dscp),
}

impl DsModel {
    /// The outer codepoint at the ingress.
    #[must_use]
    #[inline]
    pub const fn ingress(self, inner: Dscp) -> Dscp {
        match self {
            Self::Uniform => inner,
            Self::Pipe(outer) | Self::ShortPipe(outer) => outer,
        }
    }

    /// The inner codepoint behind the egress, and the one that the egress classifies the packet by.
    #[must_use]
    #[inline]
    pub const fn egress(self, outer: Dscp, inner: Dscp) -> (Dscp, Dscp) {
        match self {
            Self::Uniform => (outer, outer),
            Self::Pipe(_) => (inner, outer),
            Self::ShortPipe(_) => (inner, inner),
        }
    }
}

/// The outer time to live or hop limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum HopLimit {
    /// A value of the tunnel's (RFC 2003 3.1, RFC 2473 6.3).
    Fixed(u8),
    /// The inner one, so that the tunnel's hops show.
    Copy,
}

/// The outer Don't Fragment bit, where the outer header is IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DontFragment {
    /// That of an inner IPv4 header (RFC 2003 3.1: a set one must be copied); set over IPv6.
    Copy,
    /// Set.
    Set,
    /// Clear, as RFC 4213 3.2.1 has it for IPv6 over IPv4 with a fixed tunnel MTU.
    Clear,
}

/// The outer flow label, where the outer header is IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FlowLabelMode {
    /// That of an inner IPv6 header; zero over IPv4.
    Copy,
    /// A value of the tunnel's (RFC 6438 has it computed from the inner flow).
    Fixed(FlowLabel),
}

/// A configured IP-in-IP tunnel, both ways: this node's end and the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tunnel {
    local: IpAddr,
    remote: IpAddr,
    /// DSCP model.
    pub ds_model: DsModel,
    /// ECN at the ingress.
    pub ecn_mode: EcnMode,
    /// Outer time to live or hop limit.
    pub hop_limit: HopLimit,
    /// Outer Don't Fragment bit.
    pub dont_fragment: DontFragment,
    /// Outer flow label.
    pub flow_label: FlowLabelMode,
    /// Tunnel encapsulation limit option to put on, where the outer header is IPv6 (RFC 2473 4.1.1; Linux sends 4).
    pub encapsulation_limit: Option<u8>,
}

/// What came out of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decapsulation {
    /// The buffer holds the inner packet, its DS field combined with the outer one.
    Forward {
        /// The codepoint to classify the packet by.
        classify_by: Dscp,
        /// An ECN combination that a correct ingress does not make.
        alarm: Option<Alarm>,
    },
    /// Congestion was marked on a packet whose transport does not understand it: it counts as lost (RFC 6040 4.2). The buffer is
    /// as it was.
    Drop,
}

impl Tunnel {
    /// A tunnel that is uniform in DSCP, normal in ECN, has hop limit 64, copies Don't Fragment and flow label, and puts no limit
    /// on encapsulation.
    ///
    /// # Errors
    /// [`Error::AddressFamily`] if the ends are not of one version.
    pub fn new(local: IpAddr, remote: IpAddr) -> Result<Self, Error> {
        if local.is_ipv4() != remote.is_ipv4() {
            let version = |address: IpAddr| if address.is_ipv4() { 4 } else { 6 };
            return Err(Error::AddressFamily { field: Field::Address, found: version(remote), needed: version(local) });
        }
        Ok(Self {
            local,
            remote,
            ds_model: DsModel::Uniform,
            ecn_mode: EcnMode::Normal,
            hop_limit: HopLimit::Fixed(64),
            dont_fragment: DontFragment::Copy,
            flow_label: FlowLabelMode::Copy,
            encapsulation_limit: None,
        })
    }

    /// This node's end: outer source of what it sends.
    #[must_use]
    pub const fn local(&self) -> IpAddr {
        self.local
    }

    /// The other end.
    #[must_use]
    pub const fn remote(&self) -> IpAddr {
        self.remote
    }

    /// Octets that encapsulation adds.
    #[must_use]
    pub const fn overhead(&self) -> usize {
        match (self.local, self.encapsulation_limit) {
            (IpAddr::V4(_), _) => ipv4::MIN_HEADER_LEN,
            (IpAddr::V6(_), None) => ipv6::HEADER_LEN,
            (IpAddr::V6(_), Some(_)) => ipv6::HEADER_LEN.wrapping_add(LIMIT_HEADER_LEN),
        }
    }

    /// The largest inner packet on a path of `mtu` octets: the tunnel's MTU.
    #[must_use]
    pub fn max_inner(&self, mtu: u32) -> u32 {
        mtu.saturating_sub(len32(self.overhead()))
    }

    /// Checks an inner packet against the tunnel's MTU on a path of `mtu` octets.
    ///
    /// # Errors
    /// [`Error::FragmentationNeeded`], with the MTU to report, for an IPv6 packet or one with Don't Fragment set that is over it (RFC 2003
    /// 5.1, RFC 2473 7). An IPv6 sender may be told no less than 1,280 octets: below that the outer packet is to be fragmented
    /// (RFC 2473 7.1).
    pub fn check_mtu(&self, inner: &Packet<'_>, mtu: u32) -> Result<(), Error> {
        let has_limit = inner_limit(inner).is_ok_and(|limit| limit.is_some());
        let room = mtu.saturating_sub(len32(self.overhead_with(has_limit)));
        let (limit, firm) = match inner {
            Packet::V4(view) => (room.max(ipv4::MIN_MTU), view.flags().dont_fragment()),
            Packet::V6(_) => (room.max(ipv6::MIN_MTU), true),
        };
        let found = len32(inner.len());
        if firm && found > limit { Err(Error::FragmentationNeeded { found, mtu: limit }) } else { Ok(()) }
    }

    /// Puts the outer header on the packet in `packet`, in its headroom; the inner packet is not touched. Decrementing the inner hop limit is
    /// forwarding's, done before. `identification` is for an outer IPv4 header that may be fragmented.
    ///
    /// # Errors
    /// Those of [`Packet::parse`]; [`Error::BufferTooSmall`] without headroom; [`Error::DoesNotFit`] if the outer packet would be too long;
    /// [`Error::Value`] at an inner tunnel encapsulation limit of 0 (RFC 2473 4.1.1: a parameter problem for the source). The packet
    /// stays as it was.
    pub fn encapsulate<S: AsRef<[u8]> + AsMut<[u8]>>(&self, packet: &mut PacketBuf<S>, identification: u16) -> Result<(), Error> {
        self.encapsulate_with_trailer(packet, identification, 0)
    }

    /// As [`Tunnel::encapsulate`], for a protocol that puts a trailer behind the inner packet: the last `trailer_len` octets of `packet` are it. They are part of
    /// the outer packet's payload, and its length counts them.
    ///
    /// # Errors
    /// Those of [`Tunnel::encapsulate`]; [`Error::Truncated`] if `packet` has fewer octets; [`Error::DoesNotFit`] if the trailer does not follow the inner packet at once.
    pub fn encapsulate_with_trailer<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        packet: &mut PacketBuf<S>,
        identification: u16,
        trailer_len: u16,
    ) -> Result<(), Error> {
        let trailer_len = usize::from(trailer_len);
        // Without the trailer: the length of a jumbogram is that of the octets there are.
        let Some(octets) = packet.len().checked_sub(trailer_len).and_then(|len| packet.octets().get(..len)) else {
            return Err(too_short(packet.len(), trailer_len));
        };
        let inner = Packet::parse(octets)?;
        if trailer_len > 0 && inner.len() != octets.len() {
            return Err(Error::DoesNotFit { field: Field::Buffer, found: len32(octets.len()), needed: len32(inner.len()) });
        }
        let inner_len = inner.len().saturating_add(trailer_len);
        let limit = inner_limit(&inner)?;
        let ds = DsField::new(self.ds_model.ingress(inner.ds().dscp()), self.ecn_mode.ingress(inner.ds().ecn()));
        let hop_limit = match self.hop_limit {
            HopLimit::Fixed(value) => value,
            HopLimit::Copy => inner.hop_limit(),
        };
        let protocol = match inner {
            Packet::V4(_) => Protocol::IPV4,
            Packet::V6(_) => Protocol::IPV6,
        };
        match (self.local, self.remote) {
            (IpAddr::V4(local), IpAddr::V4(remote)) => {
                let dont_fragment = match (self.dont_fragment, inner) {
                    (DontFragment::Set, _) | (DontFragment::Copy, Packet::V6(_)) => true,
                    (DontFragment::Clear, _) => false,
                    (DontFragment::Copy, Packet::V4(view)) => view.flags().dont_fragment(),
                };
                let mut header = ipv4::Header::new(local, remote, protocol, inner_len)?;
                (header.ds, header.ttl, header.identification) = (ds, hop_limit, identification);
                header.flags = if dont_fragment { ipv4::Flags::DONT_FRAGMENT } else { ipv4::Flags::NONE };
                header.emit(packet.push_front(ipv4::MIN_HEADER_LEN)?)?;
            }
            (IpAddr::V6(local), IpAddr::V6(remote)) => {
                let flow_label = match (self.flow_label, inner) {
                    (FlowLabelMode::Copy, Packet::V6(view)) => view.flow_label(),
                    (FlowLabelMode::Copy, Packet::V4(_)) => FlowLabel::ZERO,
                    (FlowLabelMode::Fixed(label), _) => label,
                };
                // An inner limit goes on, one lower, whether this tunnel has one of its own or not (RFC 2473 4.1.1).
                let limit = limit.or(self.encapsulation_limit);
                let options = if limit.is_some() { LIMIT_HEADER_LEN } else { 0 };
                let next_header = if limit.is_some() { Protocol::DESTINATION_OPTIONS } else { protocol };
                let mut header = ipv6::Header::new(local, remote, next_header, inner_len.saturating_add(options))?;
                (header.ds, header.hop_limit, header.flow_label) = (ds, hop_limit, flow_label);
                let front = packet.push_front(ipv6::HEADER_LEN.saturating_add(options))?;
                header.emit(front)?;
                if let Some(limit) = limit {
                    let mut writer = Writer::new(front.get_mut(ipv6::HEADER_LEN..).unwrap_or_default(), protocol)?;
                    writer.push(&Value::TunnelEncapsulationLimit(limit))?;
                    writer.finish()?;
                }
            }
            // `new` lets no mixed ends pass.
            (_, IpAddr::V4(_)) => return Err(Error::AddressFamily { field: Field::Address, found: 4, needed: 6 }),
            (_, IpAddr::V6(_)) => return Err(Error::AddressFamily { field: Field::Address, found: 6, needed: 4 }),
        }
        // What stood behind the inner packet (link padding) is no part of the outer one.
        packet.truncate(self.overhead_with(limit.is_some()).saturating_add(inner_len));
        Ok(())
    }

    const fn overhead_with(&self, inner_limit: bool) -> usize {
        match self.local {
            IpAddr::V6(_) if inner_limit => ipv6::HEADER_LEN.wrapping_add(LIMIT_HEADER_LEN),
            _ => self.overhead(),
        }
    }

    /// Takes the outer header off the packet in `packet`, and combines its DS field with the inner one.
    ///
    /// # Errors
    /// Those of [`Packet::parse`] and [`ipv6::Extensions`]; [`Error::Value`] if the outer addresses are not this tunnel's;
    /// [`Error::UnsupportedProtocol`] if it carries no IP packet, [`Error::NotReassembled`] if it is a fragment; [`Error::Version`] if the inner packet
    /// is not of the version that the outer header says. The packet stays as it was.
    pub fn decapsulate<S: AsRef<[u8]> + AsMut<[u8]>>(&self, packet: &mut PacketBuf<S>) -> Result<Decapsulation, Error> {
        let outer = Packet::parse(packet.octets())?;
        if (outer.source(), outer.destination()) != (self.remote, self.local) {
            // The caller's addresses, so that nobody is told (RFC 4213 3.6).
            let offset = if outer.version() == 4 { 12 } else { 8 };
            return Err(Error::Value { field: Field::Address, offset, found: 0, needed: 1 });
        }
        let stripped = strip(&outer)?;
        let (inner_ds, outer_ds) = (stripped.inner.ds(), outer.ds());
        let (ecn, alarm) = match ecn::egress(inner_ds.ecn(), outer_ds.ecn()) {
            EcnOutcome::Drop => return Ok(Decapsulation::Drop),
            EcnOutcome::Forward { ecn, alarm } => (ecn, alarm),
        };
        let (dscp, classify_by) = self.ds_model.egress(outer_ds.dscp(), inner_ds.dscp());
        let (start, len, ds) = (stripped.start, stripped.inner.len(), DsField::new(dscp, ecn));
        packet.pop_front(start)?;
        packet.truncate(len);
        set_ds(packet.octets_mut(), ds)?;
        Ok(Decapsulation::Forward { classify_by, alarm })
    }
}

#[cold]
fn too_short(found: usize, needed: usize) -> Error {
    Error::Truncated { field: Field::Buffer, offset: 0, found: len32(found), needed: len32(needed) }
}

/// Octets of a destination options header with a tunnel encapsulation limit.
const LIMIT_HEADER_LEN: usize = 8;

/// The inner packet of an IP-in-IP packet of either version, and where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stripped<'a> {
    /// The inner packet.
    pub inner: Packet<'a>,
    /// Octets before it.
    pub start: usize,
}

/// Reads the packet inside an IP-in-IP packet (protocols 4 and 41), whoever's tunnel it is.
///
/// # Errors
/// [`Error::UnsupportedProtocol`] if it carries no IP packet, [`Error::NotReassembled`] if it is a fragment; [`Error::Version`] if the inner packet is not of the version that
/// the outer header says; those of [`Packet::parse`]. Offsets count from the outer packet's start.
pub fn strip<'a>(outer: &Packet<'a>) -> Result<Stripped<'a>, Error> {
    let upper = outer.upper_layer()?;
    let offset = upper.pointer;
    let (field, fragment) = match outer {
        Packet::V4(_) => (Field::Ipv4Protocol, (Field::Ipv4FragmentOffset, 6)),
        Packet::V6(_) => (Field::Ipv6NextHeader, (Field::Ipv6FragmentHeader, offset)),
    };
    if upper.is_fragment || !upper.has_start {
        let (field, offset) = fragment;
        return Err(Error::NotReassembled { field, offset });
    }
    let inner = match upper.protocol {
        Protocol::IPV4 => ipv4::View::parse(upper.octets).map(Packet::V4),
        Protocol::IPV6 => ipv6::View::parse(upper.octets).map(Packet::V6),
        Protocol(found) => return Err(Error::UnsupportedProtocol { field, offset, found: u32::from(found) }),
    };
    let inner = inner.map_err(|error| error.shifted(upper.offset))?;
    Ok(Stripped { inner, start: usize::try_from(upper.offset).unwrap_or(usize::MAX) })
}

/// Sets the DS field of the packet in `octets`, of either version, with its checksum.
///
/// # Errors
/// Those of [`Packet::parse`].
pub fn set_ds(octets: &mut [u8], ds: DsField) -> Result<(), Error> {
    match Packet::parse(octets)? {
        Packet::V4(_) => ipv4::ViewMut::parse(octets)?.set_ds(ds),
        Packet::V6(_) => ipv6::ViewMut::parse(octets)?.set_ds(ds),
    }
    Ok(())
}

/// The limit to write one level further out: an inner tunnel encapsulation limit less one.
fn inner_limit(inner: &Packet<'_>) -> Result<Option<u8>, Error> {
    let Packet::V6(view) = inner else { return Ok(None) };
    if !view.next_header().is_extension_header() {
        return Ok(None);
    }
    for extension in view.extensions() {
        let extension = extension?;
        if extension.kind() != Protocol::DESTINATION_OPTIONS {
            continue;
        }
        for option in extension.options().into_iter().flatten() {
            let option = option?;
            let Ok(Value::TunnelEncapsulationLimit(limit)) = option.value() else { continue };
            let Some(left) = limit.checked_sub(1) else {
                let offset = option.offset().saturating_add(2);
                return Err(Error::Value { field: Field::Ipv6Option, offset, found: 0, needed: 1 });
            };
            return Ok(Some(left));
        }
    }
    Ok(None)
}

/// The octet of the inner header when ECN is combined without a whole tunnel: what [`ecn::egress`] gives, applied.
///
/// # Errors
/// Those of [`Packet::parse`].
pub fn combine_ecn(inner: &mut [u8], outer: Ecn) -> Result<EcnOutcome, Error> {
    let ds = Packet::parse(inner)?.ds();
    let outcome = ecn::egress(ds.ecn(), outer);
    if let EcnOutcome::Forward { ecn, .. } = outcome {
        if ecn != ds.ecn() {
            set_ds(inner, ds.with_ecn(ecn))?;
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests;
