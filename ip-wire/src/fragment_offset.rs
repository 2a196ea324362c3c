//! The fragment offset of IPv4 and IPv6.

use crate::ds::OutOfRange;

/// Where a fragment's data belongs in its datagram: 13 bits in units of 8 octets (RFC 791 3.1, RFC 8200 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FragmentOffset(u16);

impl FragmentOffset {
    /// The start of the datagram.
    pub const ZERO: Self = Self(0);
    /// The largest offset: 8,191 units, 65,528 octets.
    pub const MAX: Self = Self(0x1fff);

    /// An offset from its number of 8-octet units; `None` above 8,191.
    #[must_use]
    pub const fn new(units: u16) -> Option<Self> {
        if units <= Self::MAX.0 { Some(Self(units)) } else { None }
    }

    /// An offset from octets; `None` if they are no multiple of 8 or above 65,528.
    #[must_use]
    pub const fn from_octets(octets: u32) -> Option<Self> {
        if octets % 8 != 0 || octets / 8 > Self::MAX.0 as u32 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "compared with the largest offset above")]
        let units = (octets / 8) as u16;
        Some(Self(units))
    }

    /// The offset in the low 13 bits of an IPv4 fragmentation word.
    pub(crate) const fn from_low_13(word: u16) -> Self {
        Self(word & 0x1fff)
    }

    /// The offset in 8-octet units.
    #[must_use]
    pub const fn units(self) -> u16 {
        self.0
    }

    /// The offset in octets.
    #[must_use]
    pub const fn octets(self) -> u32 {
        (self.0 as u32).wrapping_mul(8)
    }
}

impl TryFrom<u16> for FragmentOffset {
    type Error = OutOfRange;

    fn try_from(units: u16) -> Result<Self, OutOfRange> {
        Self::new(units).ok_or(OutOfRange)
    }
}
