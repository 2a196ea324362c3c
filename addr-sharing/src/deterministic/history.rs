//! Which configuration was in force when: without it a reversal names the wrong subscriber (RFC 7422 3).

use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use super::{Answer, Deterministic};
use crate::error::{Error, Parameter};

/// A configuration, and since when it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Its number, from 0: that of the configuration in the order in which they were added.
    pub number: u32,
    /// Since when.
    pub since: Duration,
    /// The configuration.
    pub map: Deterministic,
}

/// The configurations of a translator, in the order in which they were in force.
#[derive(Debug, Clone)]
pub struct History {
    epochs: Vec<Epoch>,
    most: usize,
}

impl History {
    /// An empty history of at most `most` configurations.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { epochs: Vec::new(), most }
    }

    /// A new configuration is in force since `since`; the old one no longer is. Returns its number.
    ///
    /// # Errors
    /// [`Error::TimeBackwards`] if that is not after the latest one's start; [`Error::Full`] if there are too many.
    pub fn add(&mut self, since: Duration, map: Deterministic) -> Result<u32, Error> {
        if let Some(latest) = self.epochs.last().filter(|latest| since <= latest.since) {
            return Err(Error::TimeBackwards { found_s: since.as_secs(), latest_s: latest.since.as_secs() });
        }
        let number = u32::try_from(self.epochs.len()).unwrap_or(u32::MAX);
        if self.epochs.len() >= self.most {
            let most = u32::try_from(self.most).unwrap_or(u32::MAX);
            return Err(Error::Full { parameter: Parameter::Epochs, most });
        }
        self.epochs.push(Epoch { number, since, map });
        Ok(number)
    }

    /// All of them.
    #[must_use]
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// The configuration at a time.
    #[must_use]
    pub fn at(&self, time: Duration) -> Option<&Epoch> {
        self.epochs.iter().rev().find(|epoch| epoch.since <= time)
    }

    /// Whose a port of an outside address was at a time, where clocks may be `skew` apart: the answer of each configuration that may have been in force, oldest first.
    #[must_use]
    pub fn reverse(&self, address: Ipv4Addr, port: u16, time: Duration, skew: Duration) -> Answers<'_> {
        let (from, to) = (time.saturating_sub(skew), time.saturating_add(skew));
        let end = self.epochs.partition_point(|epoch| epoch.since <= to);
        // The one that was in force at the start of the interval, too.
        let start = self.epochs.partition_point(|epoch| epoch.since <= from).saturating_sub(1);
        Answers { epochs: self.epochs.get(start..end).unwrap_or(&[]), address, port }
    }
}

/// Answers of several configurations.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a> {
    epochs: &'a [Epoch],
    address: Ipv4Addr,
    port: u16,
}

impl<'a> Answers<'a> {
    /// Each configuration that may have been in force, with its answer; an error where it did not have the address.
    pub fn iter(&self) -> impl Iterator<Item = (&'a Epoch, Result<Answer, Error>)> + use<'a> {
        let (address, port) = (self.address, self.port);
        self.epochs.iter().map(move |epoch| (epoch, epoch.map.reverse(address, port)))
    }

    /// The answer, if all agree; `None` if they do not, or if there was no configuration: then more than the clock's time is needed to tell.
    #[must_use]
    pub fn agreed(&self) -> Option<Answer> {
        let mut answers = self.iter().map(|(_, answer)| answer.ok());
        let first = answers.next()??;
        answers.all(|answer| answer == Some(first)).then_some(first)
    }
}
