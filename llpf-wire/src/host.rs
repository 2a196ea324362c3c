//! The numbers that name a key.

use core::fmt;

/// The number by which a receiving gateway knows a sending one: 16 bits, handed out by the receiver (thesis p. 86).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u16);

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The 32-bit Key Index field: a host's ID and the place of a key in that host's table (thesis pp. 85-88).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-------------------------------+-------------------------------+
/// |            Host ID            |           Key Index           |
/// +-------------------------------+-------------------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyIndex(pub u32);

impl KeyIndex {
    /// The field with both of its halves.
    #[must_use]
    #[inline]
    pub const fn new(host: HostId, index: u16) -> Self {
        let ([a, b], [c, d]) = (host.0.to_be_bytes(), index.to_be_bytes());
        Self(u32::from_be_bytes([a, b, c, d]))
    }

    /// High half: whose table.
    #[must_use]
    #[inline]
    pub const fn host(self) -> HostId {
        let [a, b, _, _] = self.0.to_be_bytes();
        HostId(u16::from_be_bytes([a, b]))
    }

    /// Low half: which of its keys.
    #[must_use]
    #[inline]
    pub const fn index(self) -> u16 {
        let [_, _, c, d] = self.0.to_be_bytes();
        u16::from_be_bytes([c, d])
    }
}

impl fmt::Display for KeyIndex {
    /// `host/index`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host().0, self.index())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_id_is_the_high_half_and_the_index_the_low_half() {
        let index = KeyIndex(0x0102_a3a4);
        assert_eq!((index.host(), index.index()), (HostId(0x0102), 0xa3a4));
        assert_eq!(std::format!("{index} {}", index.host()), "258/41892 258");
        for half in 0..=u16::MAX {
            let (high, low) = (KeyIndex::new(HostId(half), 7), KeyIndex::new(HostId(7), half));
            assert_eq!((high.host(), high.index(), low.host(), low.index()), (HostId(half), 7, HostId(7), half));
            assert_eq!((high.0, low.0), (u32::from(half) << 16 | 7, 7 << 16 | u32::from(half)));
        }
    }
}
