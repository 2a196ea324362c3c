//! Port numbers: their classes (RFC 6269 5, RFC 6335 6) and ranges.

use core::fmt;
use core::str::FromStr;

use crate::error::Error;

/// What IANA makes of a port number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortClass {
    /// 0 to 1023: system ports.
    WellKnown,
    /// 1024 to 49151: user ports.
    Registered,
    /// 49152 to 65535: dynamic or private ports.
    Dynamic,
}

impl PortClass {
    /// The class of a port.
    #[must_use]
    pub const fn of(port: u16) -> Self {
        match port {
            0..=1023 => Self::WellKnown,
            1024..=49151 => Self::Registered,
            49152..=65535 => Self::Dynamic,
        }
    }

    /// The ports of the class.
    #[must_use]
    pub const fn range(self) -> PortRange {
        match self {
            Self::WellKnown => PortRange { first: 0, last: 1023 },
            Self::Registered => PortRange { first: 1024, last: 49151 },
            Self::Dynamic => PortRange { first: 49152, last: 65535 },
        }
    }
}

/// Ports that a translator may use as source ports without harm: 1024 to 65535, registered ones included (RFC 4787 4.2.1, RFC 6269 5).
pub const SAFE_OUTGOING: PortRange = PortRange { first: 1024, last: 65535 };
/// All port numbers.
pub const ALL: PortRange = PortRange { first: 0, last: 65535 };

/// Consecutive ports, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// The ports from `first` to `last`, both included.
    ///
    /// # Errors
    /// [`Error::Backwards`] if the last is before the first.
    pub const fn new(first: u16, last: u16) -> Result<Self, Error> {
        if first > last { Err(Error::Backwards { first, last }) } else { Ok(Self { first, last }) }
    }

    /// One port.
    #[must_use]
    pub const fn single(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// First port.
    #[must_use]
    pub const fn first(self) -> u16 {
        self.first
    }

    /// Last port.
    #[must_use]
    pub const fn last(self) -> u16 {
        self.last
    }

    /// How many ports.
    #[must_use]
    pub const fn count(self) -> u32 {
        (self.last as u32).saturating_sub(self.first as u32).saturating_add(1)
    }

    /// Whether a port is one of them.
    #[must_use]
    #[inline]
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// The ports that are in both ranges.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Option<Self> {
        let first = if self.first > other.first { self.first } else { other.first };
        let last = if self.last < other.last { self.last } else { other.last };
        if first > last { None } else { Some(Self { first, last }) }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for PortRange {
    type Err = Error;

    /// Reads `first-last`, or a single port.
    fn from_str(text: &str) -> Result<Self, Error> {
        let number = |text: &str| match text.parse() {
            Ok(port) if text.starts_with(|first: char| first.is_ascii_digit()) => Ok(port),
            _ => Err(Error::Text { at: 0 }),
        };
        match text.split_once('-') {
            Some((first, last)) => {
                let at = u32::try_from(first.len().saturating_add(1)).unwrap_or(u32::MAX);
                Self::new(number(first)?, number(last).map_err(|_| Error::Text { at })?)
            }
            None => number(text).map(Self::single),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_port_is_of_one_class() {
        for port in 0..=u16::MAX {
            let classes = [PortClass::WellKnown, PortClass::Registered, PortClass::Dynamic];
            let holding = classes.iter().filter(|class| class.range().contains(port)).count();
            assert_eq!((holding, PortClass::of(port).range().contains(port)), (1, true));
            assert_eq!(SAFE_OUTGOING.contains(port), PortClass::of(port) != PortClass::WellKnown);
            assert!(ALL.contains(port));
        }
        let counts = [PortClass::WellKnown, PortClass::Registered, PortClass::Dynamic].map(|class| class.range().count());
        assert_eq!(counts, [1024, 48_128, 16_384]);
        assert_eq!((ALL.count(), SAFE_OUTGOING.count()), (65_536, 64_512));
    }

    #[test]
    fn a_range_holds_its_ends() {
        let range = PortRange::new(1232, 1235).unwrap();
        assert_eq!([1231, 1232, 1235, 1236].map(|port| range.contains(port)), [false, true, true, false]);
        assert_eq!((range.first(), range.last(), range.count()), (1232, 1235, 4));
        assert_eq!(PortRange::new(2, 1), Err(Error::Backwards { first: 2, last: 1 }));
        assert_eq!(PortRange::new(2, 2), Ok(PortRange::single(2)));
    }

    #[test]
    fn ranges_intersect_where_they_meet() {
        let of = |first, last| PortRange::new(first, last).unwrap();
        assert_eq!(of(1, 5).intersection(of(5, 9)), Some(of(5, 5)));
        assert_eq!(of(5, 9).intersection(of(1, 5)), Some(of(5, 5)));
        assert_eq!(of(1, 9).intersection(of(3, 4)), Some(of(3, 4)));
        assert_eq!(of(1, 4).intersection(of(5, 9)), None);
    }

    #[test]
    fn text_is_first_and_last_port() {
        assert_eq!(PortRange::new(1232, 1235).unwrap().to_string(), "1232-1235");
        assert_eq!("1232-1235".parse(), PortRange::new(1232, 1235));
        assert_eq!("80".parse(), Ok(PortRange::single(80)));
        for (text, at) in [("", 0), ("x", 0), ("+1", 0), ("65536", 0), ("1-", 2), ("12-x", 3), ("1-65536", 2), ("-1", 0)] {
            assert_eq!(text.parse::<PortRange>(), Err(Error::Text { at }), "{text}");
        }
        assert_eq!("2-1".parse::<PortRange>(), Err(Error::Backwards { first: 2, last: 1 }));
    }
}
