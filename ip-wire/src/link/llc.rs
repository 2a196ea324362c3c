//! 802.2 logical link control, and the SNAP header that extends it.
//!
//! ```text
//! +---------------+---------------+---------------+
//! |     DSAP      |     SSAP      | Control, 1 or |
//! |               |               | 2 octets      |
//! +---------------+---------------+---------------+---------------+
//! |        Organization (OUI), 3 octets           | Protocol type |
//! +-----------------------------------------------+---------------+
//! | Type (cont.)  |
//! +---------------+
//! ```
//!
//! Control has one octet in unnumbered frames (its two low bits are set), two in all others. The second line is there if both service access
//! points are 0xaa; under OUI 0 the type is an EtherType (RFC 1042).

use super::ethernet::EtherType;
use crate::error::{Error, Field, len32};
use crate::octets::{be16, first, truncated};

/// The service access point of SNAP.
pub const SAP_SNAP: u8 = 0xaa;
/// The service access point of IPv4 without SNAP.
pub const SAP_IP: u8 = 0x06;
/// The control octet of unnumbered information.
pub const CONTROL_UI: u8 = 0x03;

/// A read LLC frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    payload: &'a [u8],
    saps: [u8; 2],
    control: u16,
    snap: Option<Snap>,
}

/// A SNAP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snap {
    oui: [u8; 3],
    /// The type that the organization gives a meaning to.
    pub protocol: u16,
}

impl Snap {
    /// Organizationally unique identifier, 24 bits.
    #[must_use]
    pub const fn oui(self) -> u32 {
        let [a, b, c] = self.oui;
        u32::from_be_bytes([0, a, b, c])
    }

    /// The type as an EtherType: under OUI 0 (RFC 1042) and 0x0000f8 (802.1H bridge tunnel).
    #[must_use]
    pub const fn ether_type(self) -> Option<EtherType> {
        match self.oui() {
            0 | 0xf8 => Some(EtherType(self.protocol)),
            _ => None,
        }
    }
}

impl<'a> View<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`Error::Truncated`] inside the LLC or the SNAP header.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let ([dsap, ssap, control], rest) = first::<3>(octets, Field::LlcHeader)?;
        let saps = [*dsap, *ssap];
        let (control, rest) = match rest {
            _ if control & 3 == 3 => (u16::from(*control), rest),
            // The low octet comes first: send count, then receive count and poll bit.
            [high, rest @ ..] => (be16(*high, *control), rest),
            [] => return Err(truncated(octets.len(), 4, Field::LlcHeader)),
        };
        if saps != [SAP_SNAP, SAP_SNAP] {
            return Ok(Self { saps, control, snap: None, payload: rest });
        }
        let offset = len32(octets.len().saturating_sub(rest.len()));
        let ([a, b, c, p0, p1], payload) = first::<5>(rest, Field::SnapHeader).map_err(|error| error.shifted(offset))?;
        Ok(Self { saps, control, snap: Some(Snap { oui: [*a, *b, *c], protocol: be16(*p0, *p1) }), payload })
    }

    /// Destination service access point; its low bit marks a group.
    #[must_use]
    pub const fn dsap(&self) -> u8 {
        self.saps[0]
    }

    /// Source service access point; its low bit marks a response.
    #[must_use]
    pub const fn ssap(&self) -> u8 {
        self.saps[1]
    }

    /// The control field: 8 bits in unnumbered frames, else 16 whose low octet came first.
    #[must_use]
    pub const fn control(&self) -> u16 {
        self.control
    }

    /// Whether the frame carries information, numbered or not: others (receive ready, test, ...) have no protocol's payload.
    #[must_use]
    pub const fn is_information(&self) -> bool {
        self.control & 1 == 0 || self.control & 0xef == CONTROL_UI as u16
    }

    /// The SNAP header, if there is one.
    #[must_use]
    pub const fn snap(&self) -> Option<Snap> {
        self.snap
    }

    /// Octets of the LLC header, and of the SNAP header if there is one.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        let control = if self.control & 3 == 3 { 1 } else { 2usize };
        let snap = if self.snap.is_some() { 5 } else { 0usize };
        control.wrapping_add(snap).wrapping_add(2)
    }

    /// What follows.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
