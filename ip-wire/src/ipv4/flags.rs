//! The flag bits beside the fragment offset.

/// The flag bits of the fragmentation word (RFC 791 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u8);

impl Flags {
    /// The flags in the three high bits of an octet.
    pub(super) const fn from_high_bits(octet: u8) -> Self {
        Self(octet >> 5)
    }

    /// No bit set.
    pub const NONE: Self = Self(0);
    /// More Fragments.
    pub const MORE_FRAGMENTS: Self = Self(1);
    /// Don't Fragment.
    pub const DONT_FRAGMENT: Self = Self(2);
    /// Reserved, zero when sent.
    pub const RESERVED: Self = Self(4);

    /// Flags from their number; `None` above 7.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits < 8 { Some(Self(bits)) } else { None }
    }

    /// The bits, 0 to 7.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The same flags with those of `other` set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The same flags with those of `other` cleared.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Reserved bit.
    #[must_use]
    pub const fn reserved(self) -> bool {
        self.contains(Self::RESERVED)
    }

    /// Don't Fragment bit.
    #[must_use]
    pub const fn dont_fragment(self) -> bool {
        self.contains(Self::DONT_FRAGMENT)
    }

    /// More Fragments bit.
    #[must_use]
    pub const fn more_fragments(self) -> bool {
        self.contains(Self::MORE_FRAGMENTS)
    }
}
