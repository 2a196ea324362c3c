//! Pseudo-headers of capture files.
//!
//! The SunATM pseudo-header stands in front of each SDU of captures of link type 123 (LINKTYPE_SUNATM):
//!
//! ```text
//! +---+-----------+---------------+---------------+-------------------------------+
//! | D | 0   0   0 | traffic type  |      VPI      |              VCI              |
//! +---+-----------+---------------+---------------+-------------------------------+
//!  0                               1               2                               4
//! ```
//!
//! D is set in what the capturing host sent. The SDU has no AAL5 trailer. Captures of link type 100 (LINKTYPE_ATM_RFC1483)
//! have the SDU alone.

use crate::error::len32;
use crate::octets::write;
use crate::{Error, Field, Vc, Vci, Vpi};

/// The link type of captures of RFC 2684 SDUs without a pseudo-header.
pub const LINKTYPE_ATM_RFC1483: u16 = 100;
/// The link type of captures with SunATM pseudo-headers.
pub const LINKTYPE_SUNATM: u16 = 123;
/// Octets of the SunATM pseudo-header.
pub const SUN_ATM_LEN: usize = 4;

const DIRECTION: u8 = 0x80;
const TRAFFIC: u8 = 0x0f;

/// What the capturing host took an SDU for: the low 4 bits of the first octet (tcpdump.org, LINKTYPE_SUNATM).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrafficType(u8);

impl TrafficType {
    /// Nothing it knows: raw traffic.
    pub const RAW: Self = Self(0);
    /// LAN emulation: the SDU starts with a LANE header.
    pub const LANE: Self = Self(1);
    /// LLC encapsulation (RFC 2684 5).
    pub const LLC: Self = Self(2);
    /// MARS (RFC 2022).
    pub const MARS: Self = Self(3);
    /// IFMP (RFC 1953).
    pub const IFMP: Self = Self(4);
    /// ILMI.
    pub const ILMI: Self = Self(5);
    /// Signalling, Q.2931 over SSCOP.
    pub const SIGNALLING: Self = Self(6);

    /// The type, or `None` above 15.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value <= TRAFFIC { Some(Self(value)) } else { None }
    }

    /// The value as a number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A SunATM pseudo-header to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// Whether the capturing host sent the SDU.
    pub sent: bool,
    /// The three bits behind D: 0 from those who write such captures, kept as they are. Only the low three bits count.
    pub reserved: u8,
    /// What the SDU is.
    pub traffic: TrafficType,
    /// The channel; the VPI has 8 bits.
    pub vc: Vc,
}

impl Header {
    /// A header of that channel with its reserved bits 0.
    #[must_use]
    pub const fn new(sent: bool, traffic: TrafficType, vc: Vc) -> Self {
        Self { sent, reserved: 0, traffic, vc }
    }

    /// Octets that [`Self::emit`] writes: always 4.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        SUN_ATM_LEN
    }

    /// Writes the header and returns 4.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] for a VPI above 255 and for reserved bits above 7; [`Error::BufferTooSmall`].
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let vpi = self.vc.vpi.get();
        let Ok(vpi) = u8::try_from(vpi) else {
            return Err(Error::DoesNotFit { field: Field::Vpi, found: vpi.into(), needed: 0xff });
        };
        if self.reserved > 7 {
            return Err(Error::DoesNotFit { field: Field::SunAtmHeader, found: self.reserved.into(), needed: 7 });
        }
        let [high, low] = self.vc.vci.get().to_be_bytes();
        let flags = if self.sent { DIRECTION } else { 0 } | self.reserved << 4 | self.traffic.0;
        write(&[flags, vpi, high, low], buffer, Field::SunAtmHeader)
    }
}

crate::impl_put!(Header, SUN_ATM_LEN);

/// A frame of a capture of link type 123.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    header: &'a [u8; SUN_ATM_LEN],
    payload: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 4 octets.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        match octets.split_first_chunk() {
            Some((header, payload)) => Ok(Self { header, payload }),
            None => Err(Error::Truncated {
                field: Field::SunAtmHeader,
                offset: 0,
                found: len32(octets.len()),
                needed: len32(SUN_ATM_LEN),
            }),
        }
    }

    /// Whether the capturing host sent the SDU.
    #[must_use]
    pub const fn is_sent(&self) -> bool {
        self.header[0] & DIRECTION != 0
    }

    /// What the capturing host took the SDU for.
    #[must_use]
    pub const fn traffic(&self) -> TrafficType {
        TrafficType(self.header[0] & TRAFFIC)
    }

    /// The channel.
    #[must_use]
    pub fn vc(&self) -> Vc {
        let [_, vpi, high, low] = *self.header;
        let vpi = Vpi::new(vpi.into()).unwrap_or_default();
        Vc::new(vpi, Vci::new(u16::from_be_bytes([high, low])))
    }

    /// All fields.
    #[must_use]
    pub fn header(&self) -> Header {
        let reserved = self.header[0] >> 4 & 7;
        Header { sent: self.is_sent(), reserved, traffic: self.traffic(), vc: self.vc() }
    }

    /// How to read the SDU: by the traffic type, and where that says nothing by the channels that signalling and ILMI have for
    /// their own, then by [`guess`].
    #[must_use]
    pub fn content(&self) -> Content {
        match self.traffic() {
            TrafficType::LANE => Content::Lane,
            TrafficType::LLC => Content::Llc,
            TrafficType::ILMI => Content::Ilmi,
            TrafficType::SIGNALLING => Content::Signalling,
            _ => match (self.vc().vpi.get(), self.vc().vci) {
                (0, Vci::SIGNALLING) => Content::Signalling,
                (0, Vci::ILMI) => Content::Ilmi,
                (_, Vci::OAM_F4_SEGMENT | Vci::OAM_F4_END_TO_END) => Content::Oam,
                _ => guess(self.payload),
            },
        }
    }

    /// The SDU, or what was captured of it.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// How an SDU of a capture is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// With LLC encapsulation: [`crate::llc::Pdu`].
    Llc,
    /// IPv4, alone on its channel.
    Ipv4,
    /// IPv6, alone on its channel.
    Ipv6,
    /// Bridged Ethernet under VC multiplexing: [`crate::llc::VcMux::Ethernet`].
    BridgedEthernet,
    /// A LAN emulation frame.
    Lane,
    /// ILMI: SNMP.
    Ilmi,
    /// Signalling: SSCOP.
    Signalling,
    /// Cells of a virtual path's OAM.
    Oam,
    /// There is no telling.
    Unknown,
}

/// What an SDU of an unknown channel looks like: a guess, as every reader of link type 100 has to make.
///
/// LLC is told by its service access points: both the same and those of SNAP, ISO or bridging, then an unnumbered information
/// frame. An IPv4 packet starts with 4 and a header length of at least 5 words, an IPv6 packet with 6; bridged Ethernet with a
/// PAD of zeros in front of a whole Ethernet header.
#[must_use]
pub fn guess(sdu: &[u8]) -> Content {
    match *sdu {
        [0xaa, 0xaa, 0x03, ..] | [0xfe, 0xfe, 0x03, ..] | [0x42, 0x42, 0x03, ..] => Content::Llc,
        [0x45..=0x4f, ..] if sdu.len() >= 20 => Content::Ipv4,
        [0x60..=0x6f, ..] if sdu.len() >= 40 => Content::Ipv6,
        [0, 0, ..] if sdu.len() >= 16 => Content::BridgedEthernet,
        _ => Content::Unknown,
    }
}

#[cfg(test)]
mod tests;
