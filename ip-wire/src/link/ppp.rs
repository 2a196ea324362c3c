//! PPP (RFC 1661), with or without the address and control octets of HDLC-like framing (RFC 1662).
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! | Address, 0xff | Control, 0x03 |   Protocol, 1 or 2 octets     |
//! +---------------+---------------+-------------------------------+
//! ```
//!
//! Address and control may be left out by agreement (RFC 1661 6.6): then the first octet is not 0xff, which no protocol number
//! starts with. The protocol field has one octet if that is odd (RFC 1661 2, 6.5), else two.

use crate::error::{Error, Field};
use crate::octets::{be16, truncated};

/// A PPP protocol number.
///
/// Values: IANA "PPP DLL Protocol Numbers", as of 2026-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PppProtocol(pub u16);

impl PppProtocol {
    /// IPv4 (RFC 1332).
    pub const IPV4: Self = Self(0x0021);
    /// IPv6 (RFC 5072).
    pub const IPV6: Self = Self(0x0057);
    /// MPLS unicast (RFC 3032).
    pub const MPLS: Self = Self(0x0281);
    /// IP control protocol.
    pub const IPCP: Self = Self(0x8021);
    /// Link control protocol.
    pub const LCP: Self = Self(0xc021);
}

/// A read PPP frame without its check sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    payload: &'a [u8],
    protocol: PppProtocol,
    header_len: u8,
}

impl<'a> View<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`Error::Truncated`] inside the header.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (framing, rest) = match octets {
            [0xff, _, rest @ ..] => (2u8, rest),
            _ => (0, octets),
        };
        let (field, protocol, payload) = match rest {
            [low, payload @ ..] if low & 1 == 1 => (1u8, u16::from(*low), payload),
            [high, low, payload @ ..] => (2, be16(*high, *low), payload),
            _ => {
                let needed = usize::from(framing).saturating_add(rest.len()).saturating_add(1);
                return Err(truncated(octets.len(), needed, Field::PppHeader));
            }
        };
        Ok(Self { payload, protocol: PppProtocol(protocol), header_len: framing.wrapping_add(field) })
    }

    /// Whether the address and control octets are there.
    #[must_use]
    pub const fn has_framing(&self) -> bool {
        self.header_len > 2
    }

    /// Protocol of the payload.
    #[must_use]
    pub const fn protocol(&self) -> PppProtocol {
        self.protocol
    }

    /// Octets of the header, 1 to 4.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        self.header_len as usize
    }

    /// What follows.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}
