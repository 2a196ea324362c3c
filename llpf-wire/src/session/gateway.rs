//! What both gateways of a session do alike, once their link is secured.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::link::{End, Link, table_message_len};
use super::message::Message;
use super::{Events, GatewayConfig, GatewayEvent, Name};
use crate::error::{Error, Field, TerminateReason};
use crate::host::HostId;
use crate::table::Schedule;

/// The gateway's end of a session.
pub(super) struct Gateway {
    pub(super) config: GatewayConfig,
    pub(super) link: Link,
    pub(super) events: Events<GatewayEvent>,
    /// When an answer is due.
    pub(super) deadline: Option<Duration>,
    pub(super) session: u64,
    pub(super) host: Option<HostId>,
    pub(super) installed: Option<Installed>,
    pub(super) ended: Option<Error>,
    /// The session is over, and its tables and certificate still hold.
    pub(super) finished: bool,
}

/// The table that is in place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Installed {
    pub(super) generation: u32,
    pub(super) schedule: Schedule,
    pub(super) expiry: Duration,
}

impl Gateway {
    pub(super) fn new(config: GatewayConfig) -> Self {
        Self {
            config,
            link: Link::new(End::Gateway),
            events: Events::new(),
            deadline: None,
            session: 0,
            host: None,
            installed: None,
            ended: None,
            finished: false,
        }
    }

    /// Ends the session: keys, half messages and what waits to be sent are forgotten.
    pub(super) fn end(&mut self, error: Error) -> Error {
        self.link = Link::new(End::Gateway);
        (self.deadline, self.host, self.installed) = (None, None, None);
        self.ended = Some(error);
        error
    }

    pub(super) fn await_answer(&mut self, now: Duration) {
        self.deadline = Some(now.saturating_add(self.config.timeout));
    }

    /// The link is secured: tables may come.
    pub(super) fn expect_tables(&mut self) {
        self.link.limit = table_message_len(self.config.max_table_len).max(self.link.limit);
    }

    /// A message of the server's that is no part of the call setup.
    pub(super) fn secured(&mut self, initiator: Name, message: &Message<'_>) -> Result<(), Error> {
        match (*message, self.host) {
            (Message::Table { generation, iv, ciphertext }, Some(host)) => {
                let expected = self.installed.map_or(0, |installed| installed.generation).saturating_add(1);
                if generation != expected {
                    return Err(Error::Mismatch { field: Field::Generation, offset: 0, found: generation, needed: expected });
                }
                let (table, expiry) = self.link.open_table(&iv, ciphertext)?;
                let installed = Installed { generation, schedule: table.schedule(), expiry };
                self.link.send(&Message::Installed { generation })?;
                self.events.push(GatewayEvent::Table { host, initiator, generation, table, expiry })?;
                (self.installed, self.deadline, self.finished) = (Some(installed), None, false);
                Ok(())
            }
            (Message::Terminate { reason: TerminateReason::Finished }, _) => {
                self.events.push(GatewayEvent::Terminated(TerminateReason::Finished))?;
                (self.finished, self.deadline) = (true, None);
                Ok(())
            }
            (Message::Terminate { reason }, _) => {
                self.events.push(GatewayEvent::Terminated(reason))?;
                Err(Error::Terminated(reason))
            }
            (other, _) => Err(Error::OutOfTurn { found: other.kind() }),
        }
    }

    /// Asks for a new table.
    pub(super) fn refresh(&mut self, now: Duration) -> Result<(), Error> {
        if let Some(error) = self.ended {
            return Err(error);
        }
        let Some(installed) = self.installed else { return Err(Error::State) };
        if now >= installed.expiry {
            return Err(Error::CertificateExpired);
        }
        // A table is under way.
        if self.deadline.is_some() {
            return Ok(());
        }
        self.link.send(&Message::Refresh { session: self.session, generation: installed.generation })?;
        self.await_answer(now);
        Ok(())
    }

    pub(super) fn terminate(&mut self, reason: TerminateReason) -> Result<(), Error> {
        if let Some(error) = self.ended {
            return Err(error);
        }
        if self.installed.is_none() {
            return Err(Error::State);
        }
        self.link.send(&Message::Terminate { reason })?;
        (self.finished, self.deadline) = (true, None);
        if reason != TerminateReason::Finished {
            // What is to be sent still is; everything else is forgotten.
            let last: Vec<_> = core::iter::from_fn(|| self.link.poll_transmit()).collect();
            self.end(Error::Terminated(reason));
            self.link.restore(last);
        }
        Ok(())
    }

    pub(super) fn handle_timeout(&mut self, now: Duration) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.end(Error::Timeout);
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("Gateway");
        all.field("name", &self.config.name).field("session", &self.session).field("host", &self.host);
        all.field("installed", &self.installed).field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// What both gateways have for their callers.
macro_rules! gateway_api {
    () => {
        /// Octets for the server, in the order in which they are to be sent.
        pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
            self.gateway.link.poll_transmit()
        }

        /// What happened.
        pub fn poll_event(&mut self) -> Option<GatewayEvent> {
            self.gateway.events.pop()
        }

        /// Notes the time: an answer that is late ends the session with [`Error::Timeout`].
        pub fn handle_timeout(&mut self, now: Duration) {
            self.gateway.handle_timeout(now);
        }

        /// When [`handle_timeout`](Self::handle_timeout) is next to be called.
        #[must_use]
        pub const fn next_deadline(&self) -> Option<Duration> {
            self.gateway.deadline
        }

        /// There is a new connection to the server: half a message of the old one is forgotten, and what was to be sent on it.
        pub fn reconnected(&mut self) {
            self.gateway.link.reconnected();
        }

        /// Asks for a new table, without a call setup; the sender's [`RefreshDue`](crate::seal::Event::RefreshDue) is the time for it. While one is under way nothing is sent.
        ///
        /// # Errors
        /// [`Error::State`] without a table, [`Error::CertificateExpired`] if a call setup is needed; whatever ended the session.
        pub fn refresh(&mut self, now: Duration) -> Result<(), Error> {
            self.gateway.refresh(now)
        }

        /// Ends the session (thesis p. 91, g). Tables stay good with [`TerminateReason::Finished`].
        ///
        /// # Errors
        /// [`Error::State`] before there is a table; whatever ended the session.
        pub fn terminate(&mut self, reason: TerminateReason) -> Result<(), Error> {
            self.gateway.terminate(reason)
        }

        /// Why the session ended, if it has.
        #[must_use]
        pub const fn ended(&self) -> Option<Error> {
            self.gateway.ended
        }

        /// The initiator's ID at the responder, once it is known.
        #[must_use]
        pub const fn host(&self) -> Option<HostId> {
            self.gateway.host
        }

        /// Generation of the table in place, 0 without one.
        #[must_use]
        pub fn generation(&self) -> u32 {
            self.gateway.installed.map_or(0, |installed| installed.generation)
        }
    };
}
pub(super) use gateway_api;
