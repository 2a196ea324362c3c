//! Key distribution: the Master Authentication Server (MAS) and its gateways (PFGS), without a socket or a clock of their own (thesis pp. 84-91).
//!
//! ```text
//!  PFGS 1 (initiator)                 MAS                  PFGS 2 (responder)
//!      | ------ Request -------------> |                            |      a
//!      | <----- Challenge ------------ | ------ Invite -----------> |      b, c
//!      | ------ Response ------------> | <----- Reply ------------- |
//!      |                               | ------ Confirm ----------> |
//!      | <----- HostId --------------- | <----- HostId ------------ |      d
//!      |                               | ------ Table ------------> |      e
//!      |                               | <----- Installed --------- |
//!      | <----- Table ---------------- |                            |
//!      | ------ Installed -----------> |                            |
//!      | ====== sealed packets ===================================> |      phase II
//! ```
//!
//! The receiving gateway has a table before the sending one does, so that no packet comes too early. Everything from HostId on bears a tag under keys of this
//! session; a message that is lost, repeated, out of order, cut or changed ends the session with an error, and no table comes of it.
//!
//! The caller owns connections and clock: octets in by `handle_input`, octets out by `poll_transmit`, what happened by `poll_event` (to be drained before octets are
//! sent, since they may say that a table is installed), time by `handle_timeout` at `next_deadline`. All parties count time from one epoch, and their clocks
//! differ by less than the filter's skew.
//!
//! [`Initiator::open`] knows the follow-on sessions of p. 91: the table still holds, or a refresh is enough, or a call setup is needed.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::error::{Error, Field};
use crate::host::HostId;
use crate::table::KeyTable;

mod gateway;
mod initiator;
mod link;
pub mod mas;
pub mod message;
mod responder;

pub use crate::error::TerminateReason;
pub use initiator::{Initiator, Open};
pub use link::{LongTermKey, MIN_LONG_TERM_KEY_LEN};
pub use message::Name;
pub use responder::Responder;

/// What a gateway needs to know.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Its name at the server.
    pub name: Name,
    /// What it has in common with the server.
    pub key: LongTermKey,
    /// How long an answer of the server may take.
    pub timeout: Duration,
    /// Octets of all keys of a table, at most: what a message may make this gateway keep.
    pub max_table_len: usize,
}

impl GatewayConfig {
    /// 10 seconds, and tables of up to 65,536 keys of 32 octets.
    #[must_use]
    pub const fn new(name: Name, key: LongTermKey) -> Self {
        Self { name, key, timeout: Duration::from_secs(10), max_table_len: 1 << 21 }
    }
}

/// What a gateway has to say.
#[derive(Debug)]
pub enum GatewayEvent {
    /// A whole table, authentic: the initiator gives it to its [`Sender`](crate::Sender), the responder to its [`Filter`](crate::Filter).
    Table {
        /// The initiator's ID at the responder.
        host: HostId,
        /// The initiator's name.
        initiator: Name,
        /// 1 for the first table of a session.
        generation: u32,
        /// The table.
        table: KeyTable,
        /// When the certificate expires.
        expiry: Duration,
    },
    /// The other gateway or the server ended the session. With [`TerminateReason::Finished`] tables stay good; with any other they are to be withdrawn.
    Terminated(TerminateReason),
}

/// Events that wait to be taken.
#[derive(Debug)]
struct Events<E>(VecDeque<E>);

impl<E> Events<E> {
    const fn new() -> Self {
        Self(VecDeque::new())
    }

    fn push(&mut self, event: E) -> Result<(), Error> {
        if self.0.len() >= link::MAX_WAITING {
            return Err(Error::State);
        }
        self.0.push_back(event);
        Ok(())
    }

    fn pop(&mut self) -> Option<E> {
        self.0.pop_front()
    }
}

const UNAUTHORISED_INITIATOR: Error = Error::Unauthorised(Field::Initiator);
const UNAUTHORISED_RESPONDER: Error = Error::Unauthorised(Field::Responder);
