//! The loopback function (I.610 9.2, 10.2.3 and annex C): who loops a cell, and who asked for it.

use core::time::Duration;

use super::{Contents, Flow, Loopback, View};
use crate::error::len32;
use crate::{Error, Field, PAYLOAD_LEN, Vc, crc10};

/// How long a looped cell may take (I.610: a loopback is unsuccessful after 5 seconds).
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// What a point of a connection does with a loopback cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Send this payload back on the same flow of the same connection.
    Reply([u8; PAYLOAD_LEN]),
    /// The cell was looped already: it is [`Requester::handle`]'s, and never looped again.
    AlreadyLooped,
    /// Another point is to loop the cell: at an end point it is discarded, elsewhere passed on.
    OtherLocation,
}

/// A point that loops cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Responder {
    /// The point's own location ID, if it has one. All ones would be every end point's.
    pub location: Option<[u8; 16]>,
    /// Whether the flow ends here, so that the point answers to [`Loopback::END_POINT`].
    pub end_point: bool,
}

impl Responder {
    /// An end point without a location ID of its own.
    pub const END_POINT: Self = Self { location: None, end_point: true };

    /// What to do with a cell. The reply is the request with its loopback indication 0, and all else as it came.
    ///
    /// A cell for all ones is looped at an end point, one for the own location ID anywhere. One for all zeros asks every point
    /// on the way for a reply, which I.610 leaves to those that have the option: it counts as another location here, and so
    /// does every other value.
    ///
    /// # Errors
    /// Those of [`View::contents`]; [`Error::Unsupported`] for a cell of another function.
    pub fn answer(&self, view: View<'_>) -> Result<Answer, Error> {
        let loopback = loopback(view)?;
        if !loopback.is_request() {
            return Ok(Answer::AlreadyLooped);
        }
        let own = match loopback.location {
            Loopback::END_POINT => self.end_point,
            location => self.location == Some(location),
        };
        if !own {
            return Ok(Answer::OtherLocation);
        }
        let mut octets = *view.as_octets();
        octets[1] &= !1;
        crc10::seal(&mut octets);
        Ok(Answer::Reply(octets))
    }
}

/// A request that waits for its reply: room for one is a slot of [`Requester`]'s table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    vc: Vc,
    flow: Flow,
    correlation_tag: u32,
    sent: Duration,
}

impl Pending {
    /// The connection.
    #[must_use]
    pub const fn vc(&self) -> Vc {
        self.vc
    }

    /// The flow of the connection.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.flow
    }

    /// The request's correlation tag.
    #[must_use]
    pub const fn correlation_tag(&self) -> u32 {
        self.correlation_tag
    }

    const fn deadline(&self) -> Duration {
        self.sent.saturating_add(TIMEOUT)
    }
}

/// What a received loopback cell is to a requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The reply to that request, which took so long.
    Answered(Pending, Duration),
    /// A cell that is still to be looped: [`Responder::answer`]'s.
    Request,
    /// A reply that nothing waits for: late, doubled, of another connection, or somebody else's.
    Unexpected,
}

/// The side that sends loopback requests and knows their replies.
///
/// The table of waiting requests is the caller's, and as long as it is so many can wait. The clock is the caller's too; one
/// that goes backwards is held.
#[derive(Debug)]
pub struct Requester<'s> {
    slots: &'s mut [Option<Pending>],
    source: [u8; 16],
    next_tag: u32,
    now: Duration,
}

impl<'s> Requester<'s> {
    /// A requester with that source ID; all 6A ([`super::UNUSED`]) where none is used. What the slots hold is left out.
    pub fn new(slots: &'s mut [Option<Pending>], source: [u8; 16]) -> Self {
        slots.fill(None);
        Self { slots, source, next_tag: 0, now: Duration::ZERO }
    }

    /// Enters a request to `location` and returns what to send. Its correlation tag is no other waiting request's.
    ///
    /// # Errors
    /// [`Error::TableFull`] while every slot waits.
    pub fn request(&mut self, now: Duration, vc: Vc, flow: Flow, location: [u8; 16]) -> Result<Loopback, Error> {
        let sent = self.advance(now);
        let limit = len32(self.slots.len());
        // Among one more tags than there are slots, one is free.
        let mut tag = self.next_tag;
        while self.slots.iter().flatten().any(|pending| pending.correlation_tag == tag) {
            tag = tag.wrapping_add(1);
        }
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.is_none()) else {
            return Err(Error::TableFull { field: Field::LoopbackTable, limit });
        };
        *slot = Some(Pending { vc, flow, correlation_tag: tag, sent });
        self.next_tag = tag.wrapping_add(1);
        Ok(Loopback { location, source: self.source, ..Loopback::request(tag) })
    }

    /// Takes a loopback cell of a connection. A reply at its deadline or later is unexpected: [`Self::poll`] reports the request.
    ///
    /// # Errors
    /// Those of [`View::contents`]; [`Error::Unsupported`] for a cell of another function.
    pub fn handle(&mut self, now: Duration, vc: Vc, flow: Flow, view: View<'_>) -> Result<Reply, Error> {
        let now = self.advance(now);
        let loopback = loopback(view)?;
        if loopback.is_request() {
            return Ok(Reply::Request);
        }
        if loopback.source != self.source {
            return Ok(Reply::Unexpected);
        }
        for slot in &mut *self.slots {
            if let Some(pending) = *slot
                && (pending.vc, pending.flow, pending.correlation_tag) == (vc, flow, loopback.correlation_tag)
                && now < pending.deadline()
            {
                *slot = None;
                return Ok(Reply::Answered(pending, now.saturating_sub(pending.sent)));
            }
        }
        Ok(Reply::Unexpected)
    }

    /// Takes a request that got no reply in time out of the table: the earliest first. Call until `None`.
    pub fn poll(&mut self, now: Duration) -> Option<Pending> {
        let now = self.advance(now);
        let slot = self.slots.iter_mut().filter(|slot| slot.is_some()).min_by_key(|slot| slot.map(|pending| pending.sent))?;
        match *slot {
            Some(pending) if now >= pending.deadline() => slot.take(),
            _ => None,
        }
    }

    /// When [`Self::poll`] next has something; `None` while nothing waits.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.slots.iter().flatten().map(Pending::deadline).min()
    }

    fn advance(&mut self, now: Duration) -> Duration {
        self.now = self.now.max(now);
        self.now
    }
}

fn loopback(view: View<'_>) -> Result<Loopback, Error> {
    match view.contents()? {
        Contents::Loopback(loopback) => Ok(loopback),
        other => Err(Error::Unsupported { field: Field::OamFunction, offset: 0, found: other.function().get().into() }),
    }
}

#[cfg(test)]
mod tests;
