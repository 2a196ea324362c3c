//! Markers: the DS field set in place (RFC 2475 2.3.3.2).
//!
//! ECN's two bits are never touched, and IPv4's checksum is kept as true as it was (RFC 1624).
//!
//! ```
//! use diffserv::Color;
//! use diffserv::marker::{self, Marker};
//! use ip_wire::Dscp;
//! # use ip_wire::{Protocol, ipv4};
//!
//! # let mut packet = [0u8; 20];
//! # let mut header = ipv4::Header::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), Protocol::UDP, 0)?;
//! # header.ds = header.ds.with_dscp(Dscp::AF21);
//! # header.emit(&mut packet)?;
//! // An AF21 packet that its meter found yellow.
//! assert_eq!(Marker::DropPrecedence.mark(&mut packet, Color::Yellow)?, Dscp::AF22);
//! assert_eq!(marker::codepoint(&packet)?, Dscp::AF22);
//! # Ok::<(), ip_wire::Error>(())
//! ```

use ip_wire::{DsField, Dscp, Error, checksum, ip, ipv4, ipv6};

use crate::meter::Color;
use crate::phb::{self, Phb};

/// The codepoint of the IP packet in `octets`, of either version. The packet may be cut short behind its header.
///
/// # Errors
/// Those of [`ip::Packet::parse_lax`].
#[inline]
pub fn codepoint(octets: &[u8]) -> Result<Dscp, Error> {
    ds_field(octets).map(DsField::dscp)
}

/// DSCP and ECN of the IP packet in `octets`.
///
/// # Errors
/// Those of [`ip::Packet::parse_lax`].
#[inline]
pub fn ds_field(octets: &[u8]) -> Result<DsField, Error> {
    ip::Packet::parse_lax(octets).map(|reading| reading.into_view().ds())
}

/// Sets the codepoint of the IP packet in `octets`. ECN stays.
///
/// # Errors
/// Those of [`ip::Packet::parse_lax`]; nothing is written then.
#[inline]
pub fn set_codepoint(octets: &mut [u8], dscp: Dscp) -> Result<(), Error> {
    // What nearly all packets are, by fixed offsets; for the others the views decide.
    if let Some([0x45, ds, high, low, _, _, _, _, _, _, check, sum, ..]) = octets.first_chunk_mut::<{ ipv4::MIN_HEADER_LEN }>()
        && u16::from_be_bytes([*high, *low]) >= 20
    {
        let (old, new) = (*ds, DsField(*ds).with_dscp(dscp).0);
        if new != old {
            // In the machine's own order, to which the sum is indifferent (RFC 1071 2(B)).
            let word = |ds| u16::from_ne_bytes([0x45, ds]);
            [*check, *sum] = checksum::update_u16(u16::from_ne_bytes([*check, *sum]), word(old), word(new)).to_ne_bytes();
            *ds = new;
        }
        return Ok(());
    }
    if let Some([first @ 0x60..=0x6f, second, _, _, high, low, ..]) = octets.first_chunk_mut::<{ ipv6::HEADER_LEN }>()
        && [*high, *low] != [0, 0]
    {
        let old = DsField((*first << 4) | (*second >> 4));
        let new = old.with_dscp(dscp).0;
        (*first, *second) = (0x60 | (new >> 4), (new << 4) | (*second & 0x0f));
        return Ok(());
    }
    set_any_codepoint(octets, dscp)
}

/// The same for any packet. Out of line: it is seldom asked.
#[cold]
#[inline(never)]
fn set_any_codepoint(octets: &mut [u8], dscp: Dscp) -> Result<(), Error> {
    match octets.first().map(|first| first >> 4) {
        Some(4) => ipv4::ViewMut::parse_lax(octets)?.into_view().set_dscp(dscp),
        Some(6) => ipv6::ViewMut::parse_lax(octets)?.into_view().set_dscp(dscp),
        _ => ip::Packet::parse_lax(octets).map(|_| ())?,
    }
    Ok(())
}

/// How a packet's codepoint follows from its color and the one that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// One codepoint for all.
    Codepoint(Dscp),
    /// One for each color, in the order of [`Color::ALL`].
    ByColor([Dscp; 3]),
    /// The drop precedence of assured forwarding by color, within the packet's class. It only rises: a color better than what the packet
    /// came with leaves it (RFC 2597 2). Other codepoints stay.
    DropPrecedence,
    /// A codepoint of the next domain for each of this one.
    Map(RemarkMap),
}

impl Marker {
    /// The codepoint of a packet that has `dscp` and is of that color.
    #[must_use]
    #[inline]
    pub fn codepoint(&self, dscp: Dscp, color: Color) -> Dscp {
        match self {
            Self::Codepoint(dscp) => *dscp,
            Self::ByColor(codepoints) => codepoints.get(color.index()).copied().unwrap_or(dscp),
            Self::DropPrecedence => phb::colored(dscp, color.max(phb::color_of(dscp))).unwrap_or(dscp),
            Self::Map(map) => map.get(dscp),
        }
    }

    /// Marks a packet and returns the codepoint that it has now.
    ///
    /// # Errors
    /// Those of [`ip::Packet::parse_lax`]; nothing is written then.
    pub fn mark(&self, octets: &mut [u8], color: Color) -> Result<Dscp, Error> {
        let old = codepoint(octets)?;
        let new = self.codepoint(old, color);
        if new != old {
            set_codepoint(octets, new)?;
        }
        Ok(new)
    }
}

/// What each codepoint becomes at the boundary between two domains (RFC 2475 2.3.4.2, 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemarkMap([Dscp; 64]);

impl RemarkMap {
    /// Every codepoint stays.
    #[must_use]
    pub fn identity() -> Self {
        Self::from_fn(|dscp| dscp)
    }

    /// Every codepoint becomes the default: what an agreement-less domain may do (RFC 2475 4).
    #[must_use]
    pub fn zero() -> Self {
        Self::from_fn(|_| Dscp::CS0)
    }

    /// Every codepoint becomes the class selector of its precedence, for a domain of legacy nodes (RFC 2475 4). Lower effort becomes
    /// CS1, which such nodes treat no better than the default (RFC 8622 section 4, RFC 3662).
    #[must_use]
    pub fn legacy() -> Self {
        Self::from_fn(|dscp| if dscp == Dscp::LE { Dscp::CS1 } else { phb::for_legacy_domain(dscp) })
    }

    /// Codepoints without a standard's behavior become the default; the others stay.
    #[must_use]
    pub fn known_only() -> Self {
        Self::from_fn(|dscp| Phb::recommended(dscp).codepoint().unwrap_or(Dscp::CS0))
    }

    /// A map from a function.
    #[must_use]
    pub fn from_fn(mut next: impl FnMut(Dscp) -> Dscp) -> Self {
        let mut map = [Dscp::CS0; 64];
        for (place, dscp) in map.iter_mut().zip((0..=Dscp::MAX.value()).filter_map(Dscp::new)) {
            *place = next(dscp);
        }
        Self(map)
    }

    /// What a codepoint becomes.
    #[must_use]
    #[inline]
    pub fn get(&self, dscp: Dscp) -> Dscp {
        self.0.get(usize::from(dscp.value())).copied().unwrap_or(dscp)
    }

    /// Lets one codepoint become another.
    pub fn set(&mut self, from: Dscp, to: Dscp) {
        if let Some(place) = self.0.get_mut(usize::from(from.value())) {
            *place = to;
        }
    }

    /// First this map, then another.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        Self::from_fn(|dscp| next.get(self.get(dscp)))
    }

    /// Whether to mark twice is to mark once: no codepoint that the map gives becomes another one.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.then(self) == *self
    }
}

#[cfg(test)]
mod tests;
