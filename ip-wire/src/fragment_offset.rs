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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_of_13_bits_counts_units_of_8_octets() {
        for units in 0..=0xffffu16 {
            let offset = FragmentOffset::new(units);
            assert_eq!(offset.is_some(), units <= 8191);
            assert_eq!(FragmentOffset::try_from(units), offset.ok_or(OutOfRange));
            assert_eq!(FragmentOffset::from_low_13(units).units(), units % 8192);
            if let Some(offset) = offset {
                assert_eq!((offset.units(), offset.octets()), (units, u32::from(units) * 8));
            }
        }
        assert_eq!((FragmentOffset::ZERO.octets(), FragmentOffset::MAX.octets()), (0, 65_528));
    }

    #[test]
    fn only_multiples_of_8_octets_up_to_65528_are_offsets() {
        for octets in 0..70_000u32 {
            let legal = octets % 8 == 0 && octets <= 65_528;
            assert_eq!(FragmentOffset::from_octets(octets).map(FragmentOffset::octets), legal.then_some(octets));
        }
        assert_eq!(FragmentOffset::from_octets(0x8_0000), None);
    }
}
