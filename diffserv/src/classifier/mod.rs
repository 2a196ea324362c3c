//! Classifiers: which stream a packet belongs to (RFC 2475 2.3.1).
//!
//! [`BehaviorAggregate`] looks at the codepoint alone, [`MultiField`] at addresses, protocol, ports, codepoint, interface and flow label, and at
//! the first rule in order that matches. Both are of whatever the caller wants to know of a stream.
//!
//! ```
//! # #[cfg(feature = "alloc")] {
//! use diffserv::classifier::{Addresses, Fields, Match, MultiField};
//! use ip_wire::ip::Packet;
//!
//! let mut classifier = MultiField::new();
//! let voice = Match { destination: Addresses::prefix("192.0.2.0".parse().unwrap(), 24)?, destination_ports: Some((5000, 5999)), ..Match::ANY };
//! classifier.insert(10, voice, "voice")?;
//! classifier.insert(20, Match::ANY, "everything else")?;
//!
//! let packet = [
//!     0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 198, 51, 100, 2, 192, 0, 2, 1, // IPv4 to 192.0.2.1
//!     0x04, 0xd2, 0x13, 0x88, 0, 8, 0, 0, // UDP to port 5000
//! ];
//! let fields = Fields::of(&Packet::parse(&packet)?, 0)?;
//! assert_eq!(classifier.classify(&fields), Some(&"voice"));
//! # }
//! # Ok::<(), diffserv::Error>(())
//! ```
//!
//! # Fragments
//!
//! A fragment other than the first has no ports. Rules that ask for ports do not match it, whatever they ask for; [`Fragments`] lets a rule
//! say that it is for such fragments or not for them. Who wants all fragments of a datagram in one stream reassembles first, or writes rules
//! without ports.

use core::net::IpAddr;

use ip_wire::ipv6::FlowLabel;
use ip_wire::{Dscp, Flow, Ports, Protocol, ip};

use crate::phb::DscpSet;
use crate::{Error, Field};

mod aggregate;
#[cfg(feature = "alloc")]
mod multi_field;

pub use aggregate::BehaviorAggregate;
#[cfg(feature = "alloc")]
pub use multi_field::{MultiField, RuleId};

/// What a classifier sees of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    /// Source address.
    pub source: IpAddr,
    /// Destination address as it stands in the header.
    pub destination: IpAddr,
    /// The protocol behind any extension headers.
    pub protocol: Protocol,
    /// Source and destination port, where the protocol has them and the packet shows them.
    pub ports: Option<(u16, u16)>,
    /// The codepoint.
    pub dscp: Dscp,
    /// The flow label, in IPv6.
    pub flow_label: Option<FlowLabel>,
    /// The interface that the packet came in by, as the caller numbers them.
    pub interface: u32,
    /// Whether it is a fragment other than the first.
    pub later_fragment: bool,
}

impl Fields {
    /// The fields of a packet that was read, whole or cut: ports that the packet ends before are not there.
    ///
    /// # Errors
    /// Those of [`ip_wire::ipv6::Extensions`]: an extension header that can't be read.
    #[inline]
    pub fn of(packet: &ip::Packet<'_>, interface: u32) -> Result<Self, Error> {
        let (protocol, ports, later_fragment) = match Flow::of(packet) {
            Ok(flow) => match flow.key.ports() {
                Ports::Pair { source, destination } => (flow.key.protocol(), Some((source, destination)), false),
                ports => (flow.key.protocol(), None, ports == Ports::InFirstFragment),
            },
            // Without its ports, a packet still has a protocol.
            Err(ip_wire::Error::Truncated { .. }) => (packet.upper_layer()?.protocol, None, false),
            Err(error) => return Err(error.into()),
        };
        let (dscp, flow_label) = match packet {
            ip::Packet::V4(view) => (view.dscp(), None),
            ip::Packet::V6(view) => (view.dscp(), Some(view.flow_label())),
        };
        let (source, destination) = (packet.source(), packet.destination());
        Ok(Self { source, destination, protocol, ports, dscp, flow_label, interface, later_fragment })
    }
}

/// Addresses that a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Addresses(Option<(IpAddr, IpAddr)>);

impl Addresses {
    /// All addresses of both versions.
    pub const ANY: Self = Self(None);

    /// One address.
    #[must_use]
    pub const fn one(address: IpAddr) -> Self {
        Self(Some((address, address)))
    }

    /// All addresses that begin with the first `len` bits of `address`; its other bits do not count.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if an address does not have so many bits.
    pub fn prefix(address: IpAddr, len: u8) -> Result<Self, Error> {
        let max = if address.is_ipv4() { 32 } else { 128 };
        if len > max {
            return Err(Error::TooLarge { field: Field::PrefixLength, found: u64::from(len), max: u64::from(max) });
        }
        let (first, last) = match address {
            IpAddr::V4(address) => {
                let host = u32::MAX.checked_shr(u32::from(len)).unwrap_or(0);
                let bits = u32::from(address);
                (IpAddr::V4((bits & !host).into()), IpAddr::V4((bits | host).into()))
            }
            IpAddr::V6(address) => {
                let host = u128::MAX.checked_shr(u32::from(len)).unwrap_or(0);
                let bits = u128::from(address);
                (IpAddr::V6((bits & !host).into()), IpAddr::V6((bits | host).into()))
            }
        };
        Ok(Self(Some((first, last))))
    }

    /// All addresses from `first` to `last`.
    ///
    /// # Errors
    /// [`Error::AddressFamily`] if they are not of one version, [`Error::TooSmall`] if `last` is before `first`; its numbers are the upper 64
    /// bits of an IPv6 address.
    pub fn range(field: Field, first: IpAddr, last: IpAddr) -> Result<Self, Error> {
        same_version(field, first, last)?;
        if last < first {
            let number = |address: IpAddr| match address {
                IpAddr::V4(address) => u64::from(u32::from(address)),
                IpAddr::V6(address) => u64::try_from(u128::from(address) >> 64).unwrap_or(0),
            };
            return Err(Error::TooSmall { field, found: number(last), min: number(first) });
        }
        Ok(Self(Some((first, last))))
    }

    /// How many bits all addresses begin with, if they are all that begin so.
    #[must_use]
    pub fn prefix_len(&self) -> Option<u8> {
        let (first, last) = self.0?;
        let (len, again) = match (first, last) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let len = (u32::from(from) ^ u32::from(to)).leading_zeros();
                (len, Self::prefix(first, u8::try_from(len).ok()?))
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let len = (u128::from(from) ^ u128::from(to)).leading_zeros();
                (len, Self::prefix(first, u8::try_from(len).ok()?))
            }
            _ => return None,
        };
        again.ok().filter(|again| again == self).and(u8::try_from(len).ok())
    }

    /// First and last address; none for all.
    #[must_use]
    pub const fn bounds(&self) -> Option<(IpAddr, IpAddr)> {
        self.0
    }

    /// Whether an address is among them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match self.0 {
            // Addresses of different versions are in an order, but not in one range.
            Some((first, last)) => first.is_ipv4() == address.is_ipv4() && first <= address && address <= last,
            None => true,
        }
    }
}

fn same_version(field: Field, found: IpAddr, needed: IpAddr) -> Result<(), Error> {
    let version = |address: IpAddr| if address.is_ipv4() { 4 } else { 6 };
    if found.is_ipv4() == needed.is_ipv4() {
        return Ok(());
    }
    Err(Error::AddressFamily { field, found: version(found), needed: version(needed) })
}

/// Which parts of datagrams a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Fragments {
    /// Whole datagrams and all fragments, as far as the ports allow.
    #[default]
    Any,
    /// Whole datagrams and first fragments.
    NotLater,
    /// Fragments other than the first.
    LaterOnly,
}

/// What a rule asks for; all of it must be so. Ranges include both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Match {
    /// Source address.
    pub source: Addresses,
    /// Destination address.
    pub destination: Addresses,
    /// Protocol; `None` for any.
    pub protocol: Option<Protocol>,
    /// Source port; `None` for any or none.
    pub source_ports: Option<(u16, u16)>,
    /// Destination port; `None` for any or none.
    pub destination_ports: Option<(u16, u16)>,
    /// Codepoint.
    pub dscp: DscpSet,
    /// Interface that the packet came in by; `None` for any.
    pub interface: Option<u32>,
    /// Flow label, which only IPv6 has; `None` for any or none.
    pub flow_label: Option<FlowLabel>,
    /// Parts of datagrams.
    pub fragments: Fragments,
}

impl Match {
    /// Every packet.
    pub const ANY: Self = Self {
        source: Addresses::ANY,
        destination: Addresses::ANY,
        protocol: None,
        source_ports: None,
        destination_ports: None,
        dscp: DscpSet::ALL,
        interface: None,
        flow_label: None,
        fragments: Fragments::Any,
    };

    /// Whether a packet is as the rule asks: the definition that [`MultiField`] must agree with.
    #[must_use]
    pub fn matches(&self, fields: &Fields) -> bool {
        let port = |asked: Option<(u16, u16)>, port: Option<u16>| match (asked, port) {
            (None, _) => true,
            (Some((first, last)), Some(port)) => first <= port && port <= last,
            (Some(_), None) => false,
        };
        self.source.contains(fields.source)
            && self.destination.contains(fields.destination)
            && self.protocol.is_none_or(|protocol| protocol == fields.protocol)
            && port(self.source_ports, fields.ports.map(|(source, _)| source))
            && port(self.destination_ports, fields.ports.map(|(_, destination)| destination))
            && self.dscp.contains(fields.dscp)
            && self.interface.is_none_or(|interface| interface == fields.interface)
            && self.flow_label.is_none_or(|label| fields.flow_label == Some(label))
            && self.takes(fields.later_fragment)
    }

    fn takes(&self, later_fragment: bool) -> bool {
        match self.fragments {
            Fragments::Any => true,
            Fragments::NotLater => !later_fragment,
            Fragments::LaterOnly => later_fragment,
        }
    }

    /// Whether every packet that matches `other` matches this too.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let addresses = |own: &Addresses, other: &Addresses| match (own.0, other.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((first, last)), Some((from, to))) => first.is_ipv4() == from.is_ipv4() && first <= from && to <= last,
        };
        let ports = |own: Option<(u16, u16)>, other: Option<(u16, u16)>| match (own, other) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((first, last)), Some((from, to))) => first <= from && to <= last,
        };
        let same = |own: Option<u32>, other: Option<u32>| own.is_none() || own == other;
        addresses(&self.source, &other.source)
            && addresses(&self.destination, &other.destination)
            && (self.protocol.is_none() || self.protocol == other.protocol)
            && ports(self.source_ports, other.source_ports)
            && ports(self.destination_ports, other.destination_ports)
            && self.dscp.includes(other.dscp)
            && same(self.interface, other.interface)
            && same(self.flow_label.map(FlowLabel::value), other.flow_label.map(FlowLabel::value))
            && (self.fragments == Fragments::Any || self.fragments == other.fragments)
    }

    /// Refuses a rule that contradicts itself.
    ///
    /// # Errors
    /// [`Error::AddressFamily`] for addresses of both versions, or a flow label with IPv4 addresses; [`Error::EmptyRange`] for ports that end before
    /// they start; [`Error::TooSmall`] for no codepoint at all.
    pub fn validate(&self) -> Result<(), Error> {
        if let (Some((source, _)), Some((destination, _))) = (self.source.0, self.destination.0) {
            same_version(Field::Destination, destination, source)?;
        }
        if self.flow_label.is_some() && [self.source.0, self.destination.0].iter().flatten().any(|(first, _)| first.is_ipv4()) {
            return Err(Error::AddressFamily { field: Field::FlowLabel, found: 4, needed: 6 });
        }
        for (field, ports) in [(Field::SourcePorts, self.source_ports), (Field::DestinationPorts, self.destination_ports)] {
            if let Some((first, last)) = ports.filter(|(first, last)| first > last) {
                return Err(Error::EmptyRange { field, first: u32::from(first), last: u32::from(last) });
            }
        }
        if self.dscp.is_empty() {
            return Err(Error::TooSmall { field: Field::Codepoints, found: 0, min: 1 });
        }
        if self.fragments == Fragments::LaterOnly && (self.source_ports.is_some() || self.destination_ports.is_some()) {
            return Err(Error::PortsOfLaterFragments);
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests;
