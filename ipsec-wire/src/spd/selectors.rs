//! Selectors: what an entry of the policy, or an SA, says of the packets it is for (RFC 4301 4.4.1.1).

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ip_wire::Protocol;

use super::Packet;
use crate::error::{Error, Field};

/// Numbers that a field may have. `Any` matches every value and its absence, `Opaque` its absence only, a list the values in its ranges.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Numbers<T> {
    /// Whatever the field has, and packets that lack it.
    #[default]
    Any,
    /// Packets whose field is not there or can't be seen: later fragments, protocols without it, what is encrypted.
    Opaque,
    /// Values in one of the ranges. An empty list matches nothing.
    List(Vec<Range<T>>),
}

/// Numbers from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range<T> {
    first: T,
    last: T,
}

impl<T: Copy + Ord> Range<T> {
    /// Both ends are in the range; `None` if `first` is over `last`.
    #[must_use]
    pub fn new(first: T, last: T) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The lowest.
    #[must_use]
    pub const fn first(&self) -> T {
        self.first
    }

    /// The highest.
    #[must_use]
    pub const fn last(&self) -> T {
        self.last
    }

    /// Whether a number is in it.
    #[must_use]
    pub fn contains(&self, number: T) -> bool {
        self.first <= number && number <= self.last
    }
}

impl<T: Copy + Ord> Numbers<T> {
    /// One value.
    #[must_use]
    pub fn is(value: T) -> Self {
        Self::List(alloc::vec![Range { first: value, last: value }])
    }

    /// One range; `None` if `first` is over `last`.
    #[must_use]
    pub fn range(first: T, last: T) -> Option<Self> {
        Range::new(first, last).map(|range| Self::List(alloc::vec![range]))
    }

    /// Whether a field with that value, or none, matches.
    #[must_use]
    pub fn matches(&self, value: Option<T>) -> bool {
        match (self, value) {
            (Self::Any, _) | (Self::Opaque, None) => true,
            (Self::List(ranges), Some(value)) => ranges.iter().any(|range| range.contains(value)),
            (Self::Opaque, Some(_)) | (Self::List(_), None) => false,
        }
    }
}

impl Numbers<u16> {
    /// ICMP types and codes from (`type_first`, `code_first`) to (`type_last`, `code_last`), compared as one number of 16 bits, the type above
    /// (RFC 4301 4.4.1.1); `None` if the first is over the last.
    #[must_use]
    pub fn icmp((type_first, code_first): (u8, u8), (type_last, code_last): (u8, u8)) -> Option<Self> {
        Self::range(u16::from_be_bytes([type_first, code_first]), u16::from_be_bytes([type_last, code_last]))
    }

    /// An ICMP type with any code.
    #[must_use]
    pub fn icmp_type(kind: u8) -> Self {
        Self::List(alloc::vec![Range { first: u16::from_be_bytes([kind, 0]), last: u16::from_be_bytes([kind, 255]) }])
    }

    /// An IPv6 mobility header type (RFC 4301 4.4.1.1: the upper eight bits).
    #[must_use]
    pub fn mobility(kind: u8) -> Self {
        Self::icmp_type(kind)
    }
}

/// Next layer protocols: the header behind the IP header and those extension headers that policy looks through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protocols {
    /// Whatever it is.
    #[default]
    Any,
    /// A later fragment of an IPv6 packet that does not show it.
    Opaque,
    /// One protocol.
    Is(Protocol),
}

impl Protocols {
    /// Whether a packet of that protocol, or of one that can't be seen, matches.
    #[must_use]
    pub fn matches(&self, protocol: Option<Protocol>) -> bool {
        match self {
            Self::Any => true,
            Self::Opaque => protocol.is_none(),
            Self::Is(known) => protocol == Some(*known),
        }
    }
}

/// Addresses of one side.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Addresses {
    /// All of both versions.
    #[default]
    Any,
    /// Those in one of the ranges. An empty list matches nothing.
    List(Vec<AddressRange>),
}

impl Addresses {
    /// One address.
    #[must_use]
    pub fn is(address: IpAddr) -> Self {
        Self::List(alloc::vec![AddressRange::single(address)])
    }

    /// A prefix.
    ///
    /// # Errors
    /// Those of [`AddressRange::prefix`].
    pub fn prefix(address: IpAddr, len: u8) -> Result<Self, Error> {
        Ok(Self::List(alloc::vec![AddressRange::prefix(address, len)?]))
    }

    /// Whether an address is among them.
    #[must_use]
    pub fn matches(&self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::List(ranges) => ranges.iter().any(|range| range.contains(address)),
        }
    }

    pub(super) fn ranges(&self) -> &[AddressRange] {
        match self {
            Self::Any => &[],
            Self::List(ranges) => ranges,
        }
    }
}

/// Addresses of one version from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressRange {
    pub(super) first: u128,
    pub(super) last: u128,
    pub(super) is_ipv6: bool,
}

/// An address as a number: its octets, most significant first.
#[inline]
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl AddressRange {
    /// Both ends are in the range.
    ///
    /// # Errors
    /// [`Error::AddressFamily`] if the ends are not of one version; [`Error::Value`] if the first is over the last, with what differs in
    /// their last 32 bits.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, Error> {
        if first.is_ipv4() != last.is_ipv4() {
            let (found, needed) = if last.is_ipv4() { (4, 6) } else { (6, 4) };
            return Err(Error::AddressFamily { field: Field::AddressRange, found, needed });
        }
        let range = Self { first: number(first), last: number(last), is_ipv6: first.is_ipv6() };
        if range.first > range.last {
            let low = |number: u128| u32::try_from(number & u128::from(u32::MAX)).unwrap_or(u32::MAX);
            return Err(Error::Value { field: Field::AddressRange, found: low(range.last), needed: low(range.first) });
        }
        Ok(range)
    }

    /// One address.
    #[must_use]
    pub fn single(address: IpAddr) -> Self {
        Self { first: number(address), last: number(address), is_ipv6: address.is_ipv6() }
    }

    /// All addresses that share their first `len` bits with this one; what it has behind them says nothing.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if `len` is over 32 for IPv4 or 128 for IPv6.
    pub fn prefix(address: IpAddr, len: u8) -> Result<Self, Error> {
        let bits = if address.is_ipv6() { 128_u32 } else { 32 };
        let Some(hosts) = bits.checked_sub(u32::from(len)) else {
            return Err(Error::DoesNotFit { field: Field::PrefixLen, found: u32::from(len), needed: bits });
        };
        let mask = u128::MAX.checked_shl(hosts).map_or(u128::MAX, |ones| !ones);
        let first = number(address) & !mask;
        Ok(Self { first, last: first | mask, is_ipv6: address.is_ipv6() })
    }

    /// The lowest.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.address(self.first)
    }

    /// The highest.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.address(self.last)
    }

    fn address(&self, number: u128) -> IpAddr {
        if self.is_ipv6 {
            return IpAddr::V6(Ipv6Addr::from_bits(number));
        }
        IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)))
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let number = number(address);
        address.is_ipv6() == self.is_ipv6 && self.first <= number && number <= self.last
    }
}

/// One set of selectors. The default matches everything.
///
/// Local is the protected side: the source of outbound packets and the destination of inbound ones, whatever the direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Selectors {
    /// Addresses of the protected side.
    pub local: Addresses,
    /// Addresses of the other side.
    pub remote: Addresses,
    /// The next layer protocol.
    pub protocol: Protocols,
    /// Ports of the protected side; ICMP type and code, or mobility header type, of what it may send.
    pub local_port: Numbers<u16>,
    /// Ports of the other side; ICMP type and code, or mobility header type, of what it may send.
    pub remote_port: Numbers<u16>,
    /// The IPv4 TOS or IPv6 traffic class octet (RFC 2401 4.4.2 had them for IPv6; a local selector today).
    pub class: Numbers<u8>,
    /// The IPv6 flow label, 20 bits.
    pub flow_label: Numbers<u32>,
    /// The data sensitivity level (RFC 2401 4.4.2), as the caller numbers levels.
    pub sensitivity: Numbers<u8>,
}

/// The selector that a packet does not match.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mismatch {
    /// There was nothing to match.
    NoSelectors,
    /// The protected side's address.
    LocalAddress,
    /// The other side's address.
    RemoteAddress,
    /// The next layer protocol.
    Protocol,
    /// The protected side's port, or the type of what it sends.
    LocalPort,
    /// The other side's port, or the type of what it sends.
    RemotePort,
    /// TOS or traffic class.
    Class,
    /// The flow label.
    FlowLabel,
    /// The sensitivity level.
    Sensitivity,
}

impl Selectors {
    /// Whether a packet matches all of them.
    ///
    /// A protocol with one "port" (ICMP's type and code, the mobility header's type) is compared with the sender's selector only: Local of
    /// what goes out, Remote of what comes in (RFC 4301 4.4.1.3).
    ///
    /// # Errors
    /// The first selector that does not match.
    pub fn check(&self, packet: &Packet) -> Result<(), Mismatch> {
        let checks = [
            (self.local.matches(packet.local), Mismatch::LocalAddress),
            (self.remote.matches(packet.remote), Mismatch::RemoteAddress),
            (self.protocol.matches(packet.protocol), Mismatch::Protocol),
            (packet.is_from_remote_alone() || self.local_port.matches(packet.local_port), Mismatch::LocalPort),
            (packet.is_from_local_alone() || self.remote_port.matches(packet.remote_port), Mismatch::RemotePort),
            (self.class.matches(Some(packet.class)), Mismatch::Class),
            (self.flow_label.matches(packet.flow_label), Mismatch::FlowLabel),
            (self.sensitivity.matches(packet.sensitivity), Mismatch::Sensitivity),
        ];
        match checks.iter().find(|(matches, _)| !matches) {
            Some((_, mismatch)) => Err(*mismatch),
            None => Ok(()),
        }
    }

    /// Whether addresses of one version are on one side and of the other on the other, or on the same: then no packet could match.
    pub(super) fn check_families(&self) -> Result<(), Error> {
        let mut ranges = self.local.ranges().iter().chain(self.remote.ranges());
        let Some(first) = ranges.next() else { return Ok(()) };
        if ranges.any(|range| range.is_ipv6 != first.is_ipv6) {
            let (found, needed) = if first.is_ipv6 { (4, 6) } else { (6, 4) };
            return Err(Error::AddressFamily { field: Field::Selectors, found, needed });
        }
        Ok(())
    }
}

/// Checks a packet that came through an SA against the SA's selectors (RFC 4301 5.2, step 4): one set must match.
///
/// # Errors
/// What did not match in the set that came nearest: the packet is dropped, which is an auditable event, and the peer may be told.
pub fn check_sa(sets: &[Selectors], packet: &Packet) -> Result<(), Mismatch> {
    let mut nearest = Mismatch::NoSelectors;
    for set in sets {
        match set.check(packet) {
            Ok(()) => return Ok(()),
            Err(mismatch) => nearest = nearest.max(mismatch),
        }
    }
    Err(nearest)
}

/// Which selectors of a new SA are populated from the packet that it is made for, rather than from the policy's entry (RFC 4301 4.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Pfp {
    /// The protected side's address.
    pub local: bool,
    /// The other side's address.
    pub remote: bool,
    /// The next layer protocol.
    pub protocol: bool,
    /// The protected side's port, ICMP type and code, or mobility header type.
    pub local_port: bool,
    /// The other side's port, ICMP type and code, or mobility header type.
    pub remote_port: bool,
}

impl Pfp {
    /// None is.
    pub const NONE: Self = Self { local: false, remote: false, protocol: false, local_port: false, remote_port: false };

    /// All are: an SA for each conversation.
    pub const ALL: Self = Self { local: true, remote: true, protocol: true, local_port: true, remote_port: true };

    /// The selectors of an SA for that packet under that set.
    pub(super) fn populate(self, set: &Selectors, packet: &Packet) -> Selectors {
        let mut populated = set.clone();
        let port = |port: Option<u16>| port.map_or(Numbers::Opaque, Numbers::is);
        if self.local {
            populated.local = Addresses::is(packet.local);
        }
        if self.remote {
            populated.remote = Addresses::is(packet.remote);
        }
        if self.protocol {
            populated.protocol = packet.protocol.map_or(Protocols::Opaque, Protocols::Is);
        }
        if self.local_port && !packet.is_from_remote_alone() {
            populated.local_port = port(packet.local_port);
        }
        if self.remote_port && !packet.is_from_local_alone() {
            populated.remote_port = port(packet.remote_port);
        }
        populated
    }
}
