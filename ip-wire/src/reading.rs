//! Truncation as a value.

/// What a parser read from octets that may have been cut: by a capture's snapshot length, or by the ICMP error that
/// quotes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading<T> {
    /// Everything that the header announces is there.
    Complete(T),
    /// The header is whole, but octets that it announces are missing at the end.
    Truncated {
        /// What is there.
        view: T,
        /// How many octets are not.
        missing: u32,
    },
}

impl<T> Reading<T> {
    pub(crate) fn new(view: T, missing: u32) -> Self {
        if missing == 0 { Self::Complete(view) } else { Self::Truncated { view, missing } }
    }

    /// What is there, whole or not.
    #[must_use]
    #[inline]
    pub fn into_view(self) -> T {
        match self {
            Self::Complete(view) | Self::Truncated { view, .. } => view,
        }
    }

    /// How many announced octets are missing; 0 if none.
    #[must_use]
    pub const fn missing(&self) -> u32 {
        match self {
            Self::Complete(_) => 0,
            Self::Truncated { missing, .. } => *missing,
        }
    }

    /// Whether nothing is missing.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_without_missing_octets_is_complete() {
        let complete = Reading::new('x', 0);
        assert_eq!(complete, Reading::Complete('x'));
        assert_eq!((complete.is_complete(), complete.missing(), complete.into_view()), (true, 0, 'x'));
        let cut = Reading::new('y', 1);
        assert_eq!(cut, Reading::Truncated { view: 'y', missing: 1 });
        assert_eq!((cut.is_complete(), cut.missing(), cut.into_view()), (false, 1, 'y'));
    }
}
