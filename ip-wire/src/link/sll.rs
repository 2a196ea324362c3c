//! Linux "cooked" captures: the pseudo-header of a capture on the device "any".
//!
//! Version 1 (link type 113):
//!
//! ```text
//! +-------------------------------+-------------------------------+
//! |          Packet Type          |      ARPHRD_ Device Type      |  0
//! +-------------------------------+-------------------------------+
//! |   Link-layer Address Length   |                               |  4
//! +-------------------------------+  Link-layer Address, 8 octets |
//! |                                                               |  8
//! +-------------------------------+-------------------------------+
//! |       Address (cont.)         |         Protocol Type         | 12
//! +-------------------------------+-------------------------------+
//! ```
//!
//! Version 2 (link type 276):
//!
//! ```text
//! +-------------------------------+-------------------------------+
//! |         Protocol Type         |       Reserved, zero          |  0
//! +-------------------------------+-------------------------------+
//! |                        Interface Index                        |  4
//! +-------------------------------+---------------+---------------+
//! |      ARPHRD_ Device Type      |  Packet Type  | Address Length|  8
//! +-------------------------------+---------------+---------------+
//! |                 Link-layer Address, 8 octets                  | 12
//! +---------------------------------------------------------------+
//! ```
//!
//! Protocol Type is an EtherType, or a number of Linux' own: 1 for Novell raw 802.3, 4 for 802.2 LLC.

use super::ethernet::EtherType;
use crate::error::{Error, Field};
use crate::octets::{be16, first};

/// Octets of a version 1 header.
pub const V1_LEN: usize = 16;
/// Octets of a version 2 header.
pub const V2_LEN: usize = 20;
/// The protocol type of an 802.2 LLC frame.
pub const PROTOCOL_LLC: u16 = 4;

/// Which way a packet went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketType(pub u16);

impl PacketType {
    /// To this host.
    pub const HOST: Self = Self(0);
    /// To all.
    pub const BROADCAST: Self = Self(1);
    /// To a group.
    pub const MULTICAST: Self = Self(2);
    /// Between two others.
    pub const OTHER_HOST: Self = Self(3);
    /// From this host.
    pub const OUTGOING: Self = Self(4);
}

/// A device type of Linux (`ARPHRD_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceType(pub u16);

impl DeviceType {
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// PPP.
    pub const PPP: Self = Self(512);
    /// The loopback device.
    pub const LOOPBACK: Self = Self(772);
    /// GRE tunnel: the protocol type is that of a GRE header.
    pub const IP_GRE: Self = Self(778);
    /// 802.11 with a radiotap header: no protocol type.
    pub const RADIOTAP: Self = Self(803);
    /// Netlink: the protocol type is a netlink family.
    pub const NETLINK: Self = Self(824);

    /// Whether the protocol type of a packet of this device is an EtherType.
    #[must_use]
    pub const fn has_ether_type(self) -> bool {
        !matches!(self, Self::RADIOTAP | Self::NETLINK)
    }
}

/// A read cooked header of either version, and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View<'a> {
    /// Version 1.
    V1(V1<'a>),
    /// Version 2.
    V2(V2<'a>),
}

/// A version 1 header and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct V1<'a> {
    fixed: &'a [u8; V1_LEN],
    payload: &'a [u8],
}

/// A version 2 header and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct V2<'a> {
    fixed: &'a [u8; V2_LEN],
    payload: &'a [u8],
}

impl<'a> V1<'a> {
    /// Reads a version 1 header.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 16 octets.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, payload) = first::<V1_LEN>(octets, Field::SllHeader)?;
        Ok(Self { fixed, payload })
    }
}

impl<'a> V2<'a> {
    /// Reads a version 2 header.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 20 octets.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, payload) = first::<V2_LEN>(octets, Field::SllHeader)?;
        Ok(Self { fixed, payload })
    }

    /// Index of the interface.
    #[must_use]
    pub const fn interface(&self) -> u32 {
        u32::from_be_bytes([self.fixed[4], self.fixed[5], self.fixed[6], self.fixed[7]])
    }
}

impl<'a> View<'a> {
    /// Which way the packet went.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        PacketType(match self {
            Self::V1(view) => be16(view.fixed[0], view.fixed[1]),
            Self::V2(view) => view.fixed[10] as u16,
        })
    }

    /// Type of the device.
    #[must_use]
    pub const fn device_type(&self) -> DeviceType {
        DeviceType(match self {
            Self::V1(view) => be16(view.fixed[2], view.fixed[3]),
            Self::V2(view) => be16(view.fixed[8], view.fixed[9]),
        })
    }

    /// The sender's link-layer address: as many of the 8 octets as its length says.
    #[must_use]
    pub fn address(&self) -> &'a [u8] {
        let (len, field): (usize, &[u8]) = match self {
            Self::V1(V1 { fixed: [_, _, _, _, l0, l1, address @ .., _, _], .. }) => (usize::from(be16(*l0, *l1)), address),
            Self::V2(V2 { fixed: [_, _, _, _, _, _, _, _, _, _, _, len, address @ ..], .. }) => (usize::from(*len), address),
        };
        field.get(..len).unwrap_or(field)
    }

    /// The protocol type as it stands.
    #[must_use]
    pub const fn protocol(&self) -> EtherType {
        EtherType(match self {
            Self::V1(view) => be16(view.fixed[14], view.fixed[15]),
            Self::V2(view) => be16(view.fixed[0], view.fixed[1]),
        })
    }

    /// Octets of the header.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        match self {
            Self::V1(_) => V1_LEN,
            Self::V2(_) => V2_LEN,
        }
    }

    /// What follows.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        match self {
            Self::V1(view) => view.payload,
            Self::V2(view) => view.payload,
        }
    }
}
