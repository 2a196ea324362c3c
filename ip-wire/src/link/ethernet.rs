//! Ethernet (IEEE 802.3): header, and the two meanings of its third field.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +---------------------------------------------------------------+
//! |                      Destination Address                      |  0
//! +-------------------------------+-------------------------------+
//! |  Destination Address (cont.)  |        Source Address         |  4
//! +-------------------------------+-------------------------------+
//! |                    Source Address (cont.)                     |  8
//! +-------------------------------+-------------------------------+
//! |       EtherType / Length      |  802.1Q tags, then payload    | 12
//! +-------------------------------+-------------------------------+
//! ```
//!
//! From 0x0600 on the field is an EtherType, up to 1500 the length of an 802.2 LLC frame; between the two it means nothing.
//! The frame check sequence is no part of what captures hold as a rule; padding up to 60 octets is.

use core::fmt;

use super::vlan;
use crate::error::{Error, Field};
use crate::octets::{be16, copy, first, room, room_for};

/// Octets of the header without tags.
pub const HEADER_LEN: usize = 14;
/// The largest value of the third field that is a length.
pub const MAX_LENGTH: u16 = 1500;
/// The smallest value of the third field that is an EtherType.
pub const MIN_ETHER_TYPE: u16 = 0x0600;

/// A read Ethernet frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; HEADER_LEN],
    payload: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a frame without its check sequence.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 14 octets.
    #[inline]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, payload) = first::<HEADER_LEN>(octets, Field::EthernetHeader)?;
        Ok(Self { fixed, payload })
    }

    /// Whom the frame is for.
    #[must_use]
    #[inline]
    pub const fn destination(&self) -> MacAddress {
        let f = self.fixed;
        MacAddress([f[0], f[1], f[2], f[3], f[4], f[5]])
    }

    /// Who sent the frame.
    #[must_use]
    #[inline]
    pub const fn source(&self) -> MacAddress {
        let f = self.fixed;
        MacAddress([f[6], f[7], f[8], f[9], f[10], f[11]])
    }

    /// The third field as it stands: EtherType or length.
    #[must_use]
    #[inline]
    pub const fn type_or_length(&self) -> u16 {
        be16(self.fixed[12], self.fixed[13])
    }

    /// The third field if it is an EtherType. That of a tag means that a tag follows: see [`View::tags`].
    #[must_use]
    #[inline]
    pub const fn ether_type(&self) -> Option<EtherType> {
        if self.type_or_length() >= MIN_ETHER_TYPE { Some(EtherType(self.type_or_length())) } else { None }
    }

    /// The third field if it is the length of an 802.2 LLC frame.
    #[must_use]
    #[inline]
    pub const fn length(&self) -> Option<u16> {
        if self.type_or_length() <= MAX_LENGTH { Some(self.type_or_length()) } else { None }
    }

    /// Everything behind the header: tags, payload, padding.
    #[must_use]
    #[inline]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The 802.1Q tags, `limit` of them at most.
    #[must_use]
    pub const fn tags(&self, limit: u32) -> vlan::Tags<'a> {
        vlan::Tags::new(EtherType(self.type_or_length()), self.payload, 14, limit)
    }
}

/// An Ethernet header to emit, with its 802.1Q tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Whom the frame is for.
    pub destination: MacAddress,
    /// Who sends it.
    pub source: MacAddress,
    /// Tags, outermost first.
    pub tags: &'a [vlan::Tag],
    /// What the payload is.
    pub payload: Payload,
}

/// What stands behind the addresses and tags of a frame to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// A protocol that has an EtherType.
    EtherType(EtherType),
    /// An 802.2 LLC frame of so many octets.
    Llc {
        /// Its length, at most 1500.
        length: u16,
    },
}

impl Header<'_> {
    /// Octets that [`Header::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        HEADER_LEN.saturating_add(self.tags.len().saturating_mul(vlan::TAG_LEN))
    }

    /// Writes the header and returns its octets' number. Payload and padding are the caller's.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::DoesNotFit`] for an LLC length over 1500; [`Error::Value`] for an EtherType below
    /// 0x0600, which would be read as a length. Nothing is written then.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let last = match self.payload {
            Payload::EtherType(EtherType(found)) if found < MIN_ETHER_TYPE => {
                let needed = u32::from(MIN_ETHER_TYPE);
                return Err(Error::Value { field: Field::EtherType, offset: 12, found: u32::from(found), needed });
            }
            Payload::EtherType(EtherType(value)) => value,
            Payload::Llc { length } if length > MAX_LENGTH => {
                let needed = u32::from(MAX_LENGTH);
                return Err(Error::DoesNotFit { field: Field::LinkLength, found: u32::from(length), needed });
            }
            Payload::Llc { length } => length,
        };
        let len = self.wire_len();
        let out = room(buffer, len, Field::EthernetHeader)?;
        let (addresses, mut rest) = room_for::<12>(out, Field::EthernetHeader)?;
        copy(addresses, &self.destination.0);
        copy(addresses.get_mut(6..).unwrap_or_default(), &self.source.0);
        for tag in self.tags {
            let (at, behind) = room_for::<{ vlan::TAG_LEN }>(rest, Field::VlanTag)?;
            *at = tag.to_octets();
            rest = behind;
        }
        copy(rest, &last.to_be_bytes());
        Ok(len)
    }
}

/// What an Ethernet frame, an 802.1Q tag or a SNAP header says of its payload.
///
/// Values: IANA "IEEE 802 Numbers", as of 2026-11.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EtherType(pub u16);

macro_rules! ether_types {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl EtherType {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The protocol's name, where this crate knows one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

ether_types! {
    /// IPv4.
    IPV4 = 0x0800, "IPv4";
    /// Address Resolution Protocol.
    ARP = 0x0806, "ARP";
    /// 802.1Q customer tag.
    VLAN = 0x8100, "802.1Q";
    /// IPv6.
    IPV6 = 0x86dd, "IPv6";
    /// MAC control (pause frames).
    MAC_CONTROL = 0x8808, "MAC control";
    /// Slow protocols (link aggregation).
    SLOW = 0x8809, "slow protocols";
    /// MPLS unicast.
    MPLS = 0x8847, "MPLS";
    /// MPLS multicast.
    MPLS_MULTICAST = 0x8848, "MPLS multicast";
    /// PPP over Ethernet, discovery.
    PPPOE_DISCOVERY = 0x8863, "PPPoE discovery";
    /// PPP over Ethernet, session.
    PPPOE_SESSION = 0x8864, "PPPoE session";
    /// 802.1X port authentication.
    EAPOL = 0x888e, "802.1X";
    /// 802.1ad service tag.
    PROVIDER_BRIDGE = 0x88a8, "802.1ad";
    /// Link layer discovery.
    LLDP = 0x88cc, "LLDP";
    /// 802.1AE MAC security.
    MACSEC = 0x88e5, "MACsec";
    /// The stacked tag of before 802.1ad.
    QINQ = 0x9100, "QinQ";
}

impl EtherType {
    /// Whether an 802.1Q tag follows.
    #[must_use]
    pub const fn is_tag(self) -> bool {
        matches!(self, Self::VLAN | Self::PROVIDER_BRIDGE | Self::QINQ)
    }
}

impl fmt::Debug for EtherType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EtherType({:#06x})", self.0)
    }
}

impl fmt::Display for EtherType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#06x}", self.0),
        }
    }
}

/// An IEEE 802 MAC address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// All stations.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Whether it names a group of stations: the low bit of the first octet.
    #[must_use]
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 != 0
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacAddress({self})")
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
