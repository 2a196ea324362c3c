//! Counts of what a router did.

use crate::error::{Error, Reason};

/// How many packets a router passed on, and how many it refused for each reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    passed: u64,
    refused: [u64; Reason::ALL.len()],
}

impl Default for Counters {
    fn default() -> Self {
        Self { passed: 0, refused: [0; Reason::ALL.len()] }
    }
}

impl Counters {
    /// Counts an outcome and hands it on.
    pub fn count<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        let counter = match &outcome {
            Ok(_) => Some(&mut self.passed),
            Err(error) => self.refused.get_mut(usize::from(error.reason() as u8)),
        };
        if let Some(counter) = counter {
            *counter = counter.saturating_add(1);
        }
        outcome
    }

    /// Packets that were passed on.
    #[must_use]
    pub const fn passed(&self) -> u64 {
        self.passed
    }

    /// Packets refused for `reason`.
    #[must_use]
    pub fn refused_for(&self, reason: Reason) -> u64 {
        self.refused.get(usize::from(reason as u8)).copied().unwrap_or(0)
    }

    /// Packets refused for any reason.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The reasons for which packets were refused, with how many.
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        Reason::ALL.iter().zip(self.refused).filter(|(_, count)| *count > 0).map(|(reason, count)| (*reason, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn every_outcome_is_counted_once_under_its_reason() {
        let mut counters = Counters::default();
        assert_eq!(counters.count(Ok(7)), Ok(7));
        assert_eq!(counters.count(Ok(8)), Ok(8));
        assert_eq!(counters.count::<()>(Err(Error::NativeToNative)), Err(Error::NativeToNative));
        assert_eq!(counters.count::<()>(Err(Error::Congestion)), Err(Error::Congestion));
        assert_eq!(counters.count::<()>(Err(Error::Congestion)), Err(Error::Congestion));
        assert_eq!((counters.passed(), counters.refused()), (2, 3));
        assert_eq!((counters.refused_for(Reason::Congestion), counters.refused_for(Reason::Loop)), (2, 0));
        let reasons: Vec<_> = counters.reasons().collect();
        assert_eq!(reasons, [(Reason::NativeToNative, 1), (Reason::Congestion, 2)]);
    }

    #[test]
    fn every_reason_has_a_place_of_its_own() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(usize::from(*reason as u8), index);
        }
    }
}
