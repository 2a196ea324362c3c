//! Shapers: packets wait until they conform (RFC 2475 2.3.3.3).
//!
//! ```
//! use core::time::Duration;
//! use diffserv::meter::TokenBucket;
//! use diffserv::shaper::{Limit, Shaper};
//!
//! let mut shaper = Shaper::new(TokenBucket::new(1000, 1500)?, Limit { packets: 10, octets: 15_000 }, Duration::ZERO)?;
//! shaper.offer("first", 1500, Duration::ZERO).unwrap();
//! shaper.offer("second", 500, Duration::ZERO).unwrap();
//! assert_eq!(shaper.poll(Duration::ZERO), Some("first"));
//! // The bucket is empty: 500 tokens take half a second.
//! assert_eq!(shaper.poll(Duration::ZERO), None);
//! assert_eq!(shaper.next_deadline(), Some(Duration::from_millis(500)));
//! assert_eq!(shaper.poll(Duration::from_millis(500)), Some("second"));
//! # Ok::<(), diffserv::Error>(())
//! ```

use core::fmt;
use core::time::Duration;

use crate::meter::{Buckets, Color, TokenBucket};
use crate::queue::Queue;
pub use crate::queue::{Limit, Refusal};
use crate::{Error, Field};

/// A queue in front of a token bucket: what comes out conforms to the profile, in the order it came in.
#[derive(Clone)]
pub struct Shaper<P> {
    profile: TokenBucket,
    buckets: Buckets,
    queue: Queue<P>,
    released: u64,
    refused: u64,
}

impl<P> Shaper<P> {
    /// Shapes to `profile`, in octets, with a queue that holds no more than `limit`.
    ///
    /// # Errors
    /// [`Error::TooSmall`] for a queue that can hold nothing.
    pub fn new(profile: TokenBucket, limit: Limit, now: Duration) -> Result<Self, Error> {
        if limit.packets == 0 || limit.octets == 0 {
            return Err(Error::TooSmall { field: Field::Queue, found: 0, min: 1 });
        }
        Ok(Self { profile, buckets: profile.start(now), queue: Queue::new(limit), released: 0, refused: 0 })
    }

    /// Puts a packet of `octets` into the queue.
    ///
    /// # Errors
    /// The packet, if the queue is full or if it is longer than the profile's burst and could never go.
    pub fn offer(&mut self, packet: P, octets: u32, now: Duration) -> Result<(), Refused<P>> {
        self.profile.fill(&mut self.buckets, now);
        let taken = if u64::from(octets) > self.profile.burst() {
            Err((packet, Refusal::LongerThanBurst))
        } else {
            self.queue.push(packet, octets)
        };
        taken.map_err(|(packet, refusal)| {
            self.refused = self.refused.saturating_add(1);
            Refused { packet, refusal }
        })
    }

    /// The next packet, if it may go by now.
    pub fn poll(&mut self, now: Duration) -> Option<P> {
        let octets = self.queue.front()?;
        if self.profile.meter(&mut self.buckets, now, octets) != Color::Green {
            return None;
        }
        self.released = self.released.saturating_add(1);
        self.queue.pop().map(|(packet, _)| packet)
    }

    /// When the next packet may go; none if there is none.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.queue.front().map(|octets| self.buckets.ready(self.profile.rate(), u64::from(octets)))
    }

    /// Packets that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.len() == 0
    }

    /// Octets that wait.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.queue.octets()
    }

    /// Packets that came out.
    #[must_use]
    pub const fn released(&self) -> u64 {
        self.released
    }

    /// Packets that were not taken.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }
}

impl<P> fmt::Debug for Shaper<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shaper").field("profile", &self.profile).field("waiting", &self.len()).finish_non_exhaustive()
    }
}

/// A packet that a queue did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused<P> {
    /// It.
    pub packet: P,
    /// Why.
    pub refusal: Refusal,
}

#[cfg(test)]
mod tests;
