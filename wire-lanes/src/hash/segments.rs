//! What is hashed: octets that need not lie in one piece.

/// A message in pieces: one, then any number of others.
///
/// ```text
/// first                       rest[0]    rest[1]
/// +-------------------------+ +--------+ +----+
/// | the packet as it lies   | |8 octets| | 4  |     hashed as if it were one
/// +-------------------------+ +--------+ +----+
/// ```
///
/// A MAC over a packet, some words that are elsewhere, and some that are never sent, takes no copy that way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Segments<'a> {
    first: &'a [u8],
    rest: &'a [&'a [u8]],
}

impl<'a> Segments<'a> {
    /// `first`, and behind it what is in `rest`, in order. Pieces may be empty.
    #[inline]
    #[must_use]
    pub const fn new(first: &'a [u8], rest: &'a [&'a [u8]]) -> Self {
        Self { first, rest }
    }

    /// The first piece.
    #[inline]
    #[must_use]
    pub const fn first(&self) -> &'a [u8] {
        self.first
    }

    /// The other pieces.
    #[inline]
    #[must_use]
    pub const fn rest(&self) -> &'a [&'a [u8]] {
        self.rest
    }

    /// Octets of all pieces.
    #[inline]
    #[must_use]
    pub fn octets(&self) -> usize {
        self.rest.iter().fold(self.first.len(), |sum, piece| sum.wrapping_add(piece.len()))
    }

    /// All pieces in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        core::iter::once(self.first).chain(self.rest.iter().copied())
    }
}

impl<'a> From<&'a [u8]> for Segments<'a> {
    #[inline]
    fn from(octets: &'a [u8]) -> Self {
        Self::new(octets, &[])
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Segments<'a> {
    #[inline]
    fn from(octets: &'a [u8; N]) -> Self {
        Self::new(octets, &[])
    }
}
