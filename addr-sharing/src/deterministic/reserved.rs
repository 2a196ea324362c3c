//! Ports that nobody gets.

use crate::error::{Error, Parameter};
use crate::port::PortRange;

/// How many ranges there can be.
pub const MAX_RESERVED: usize = 16;

/// The reserved port list (R of RFC 7422 2): ranges, sorted, that do not touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reserved {
    ranges: [PortRange; MAX_RESERVED],
    len: u8,
}

impl Reserved {
    /// Nothing is reserved.
    pub const NONE: Self = Self { ranges: [PortRange::single(0); MAX_RESERVED], len: 0 };
    /// The system ports, 0 to 1023: the least that should be (RFC 7422 2).
    pub const SYSTEM: Self = {
        let mut reserved = Self::NONE;
        reserved.ranges[0] = crate::port::PortClass::WellKnown.range();
        reserved.len = 1;
        reserved
    };

    /// These ranges, in any order; they may overlap.
    ///
    /// # Errors
    /// [`Error::Full`] if more than [`MAX_RESERVED`] are left when those that touch are one.
    pub fn new(ranges: impl IntoIterator<Item = PortRange>) -> Result<Self, Error> {
        let mut reserved = Self::NONE;
        for range in ranges {
            reserved.add(range)?;
        }
        Ok(reserved)
    }

    fn add(&mut self, range: PortRange) -> Result<(), Error> {
        let (mut first, mut last) = (range.first(), range.last());
        let mut kept = Self::NONE;
        let mut placed = false;
        for other in self.ranges() {
            let touches = other.first() <= last.saturating_add(1) && first <= other.last().saturating_add(1);
            if touches {
                (first, last) = (first.min(other.first()), last.max(other.last()));
            } else if other.first() > last && !placed {
                kept.push(PortRange::new(first, last)?)?;
                placed = true;
                kept.push(*other)?;
            } else {
                kept.push(*other)?;
            }
        }
        if !placed {
            kept.push(PortRange::new(first, last)?)?;
        }
        *self = kept;
        Ok(())
    }

    fn push(&mut self, range: PortRange) -> Result<(), Error> {
        let full = Error::Full { parameter: Parameter::ReservedRanges, most: 16 };
        *self.ranges.get_mut(usize::from(self.len)).ok_or(full)? = range;
        self.len = self.len.saturating_add(1);
        Ok(())
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[PortRange] {
        self.ranges.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// How many ports are not reserved.
    #[must_use]
    pub const fn left(&self) -> u32 {
        let mut left = 65_536u32;
        let mut ranges = self.const_ranges();
        while let Some((range, rest)) = ranges.split_first() {
            left = left.saturating_sub(range.count());
            ranges = rest;
        }
        left
    }

    /// How many ports below `port` are not reserved; `None` if the port itself is.
    #[must_use]
    pub const fn rank(&self, port: u16) -> Option<u32> {
        let mut rank = port as u32;
        let mut ranges = self.const_ranges();
        while let Some((range, rest)) = ranges.split_first() {
            if range.contains(port) {
                return None;
            }
            if range.last() < port {
                rank = rank.saturating_sub(range.count());
            }
            ranges = rest;
        }
        Some(rank)
    }

    /// The port that has `rank` ports below it that are not reserved.
    #[must_use]
    pub const fn nth(&self, rank: u32) -> Option<u16> {
        let mut port = rank;
        let mut ranges = self.const_ranges();
        while let Some((range, rest)) = ranges.split_first() {
            if range.first() as u32 <= port {
                port = port.saturating_add(range.count());
            }
            ranges = rest;
        }
        if port > u16::MAX as u32 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "16 bits, as just checked")]
        let port = port as u16;
        Some(port)
    }

    const fn const_ranges(&self) -> &[PortRange] {
        match self.ranges.split_at_checked(self.len as usize) {
            Some((ranges, _)) => ranges,
            None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn of(ranges: &[(u16, u16)]) -> Result<Reserved, Error> {
        Reserved::new(ranges.iter().map(|(first, last)| PortRange::new(*first, *last).unwrap()))
    }

    fn list(reserved: &Reserved) -> Vec<(u16, u16)> {
        reserved.ranges().iter().map(|range| (range.first(), range.last())).collect()
    }

    #[test]
    fn ranges_that_touch_become_one() {
        assert_eq!(list(&of(&[(5060, 5060), (0, 1023), (5004, 5004)]).unwrap()), [(0, 1023), (5004, 5004), (5060, 5060)]);
        assert_eq!(list(&of(&[(10, 20), (21, 30)]).unwrap()), [(10, 30)]);
        assert_eq!(list(&of(&[(10, 20), (22, 30)]).unwrap()), [(10, 20), (22, 30)]);
        assert_eq!(list(&of(&[(22, 30), (10, 20), (15, 25)]).unwrap()), [(10, 30)]);
        assert_eq!(list(&of(&[(0, 65535), (3, 4)]).unwrap()), [(0, 65535)]);
        assert_eq!(list(&Reserved::SYSTEM), [(0, 1023)]);
        assert_eq!((Reserved::SYSTEM.left(), Reserved::NONE.left(), of(&[(0, 65535)]).unwrap().left()), (64_512, 65_536, 0));
    }

    #[test]
    fn there_are_sixteen_ranges_at_most() {
        let ranges: Vec<(u16, u16)> = (0..17).map(|n| (n * 10, n * 10)).collect();
        assert!(of(&ranges[..16]).is_ok());
        assert_eq!(of(&ranges), Err(Error::Full { parameter: Parameter::ReservedRanges, most: 16 }));
    }

    proptest! {
        #[test]
        fn rank_and_nth_are_inverse_over_the_ports_that_are_left(pairs in proptest::collection::vec(any::<(u16, u16)>(), 0..12), small: bool) {
            let pairs: Vec<(u16, u16)> = pairs
                .iter()
                .map(|(a, b)| if small { (*a, a.saturating_add(b % 50)) } else { (*a.min(b), *a.max(b)) })
                .collect();
            let reserved = of(&pairs).unwrap();
            let mut rank = 0;
            for port in 0..=u16::MAX {
                if pairs.iter().any(|(first, last)| (first..=last).contains(&&port)) {
                    prop_assert_eq!(reserved.rank(port), None);
                } else {
                    prop_assert_eq!((reserved.rank(port), reserved.nth(rank)), (Some(rank), Some(port)));
                    rank += 1;
                }
            }
            prop_assert_eq!((reserved.left(), reserved.nth(rank), reserved.nth(u32::MAX)), (rank, None, None));
        }
    }
}
