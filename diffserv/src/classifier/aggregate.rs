//! By codepoint alone.

use ip_wire::Dscp;

use crate::phb::DscpSet;

/// The behavior aggregate classifier (RFC 2475 2.3.1): a table with a place for each codepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BehaviorAggregate<T>([Option<T>; 64]);

impl<T> Default for BehaviorAggregate<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> BehaviorAggregate<T> {
    /// Selects nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self([const { None }; 64])
    }

    /// Lets a codepoint select a stream, and returns the one it selected before.
    pub fn insert(&mut self, dscp: Dscp, stream: T) -> Option<T> {
        self.0.get_mut(usize::from(dscp.value())).and_then(|place| place.replace(stream))
    }

    /// Lets a codepoint select nothing, and returns the stream it selected.
    pub fn remove(&mut self, dscp: Dscp) -> Option<T> {
        self.0.get_mut(usize::from(dscp.value())).and_then(Option::take)
    }

    /// The stream of a codepoint.
    #[must_use]
    #[inline]
    pub fn classify(&self, dscp: Dscp) -> Option<&T> {
        self.0.get(usize::from(dscp.value())).and_then(Option::as_ref)
    }

    /// Codepoints that select something.
    #[must_use]
    pub fn codepoints(&self) -> DscpSet {
        (0..=Dscp::MAX.value()).filter_map(Dscp::new).filter(|dscp| self.classify(*dscp).is_some()).collect()
    }
}
