//! PFGS 1: the gateway that asks for a session, and will seal.

use alloc::vec::Vec;
use core::time::Duration;

use rand_core::CryptoRng;

use super::gateway::{Gateway, gateway_api};
use super::link::{Call, End, Link};
use super::message::{Message, Nonce};
use super::{GatewayConfig, GatewayEvent, Name};
use crate::error::{Error, TerminateReason};
use crate::host::HostId;

/// The sending gateway's side of a session.
#[derive(Debug)]
pub struct Initiator {
    gateway: Gateway,
    responder: Name,
    step: Step,
}

/// What is awaited.
#[derive(Debug, Clone, Copy)]
enum Step {
    Nothing,
    Challenge(Nonce),
    HostId,
    Tables,
}

/// How a session is opened (thesis p. 91).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// The table in place still holds and so does the certificate: seal at once, the server is not asked.
    UseTable,
    /// The table has cycled through and the certificate holds: a new table was asked for, without a call setup.
    Refreshing,
    /// The first session, or the certificate has expired: a call setup was begun, on a new connection.
    CallSetup,
}

impl Initiator {
    /// A gateway that will have sessions with `responder`.
    #[must_use]
    pub fn new(config: GatewayConfig, responder: Name) -> Self {
        Self { gateway: Gateway::new(config), responder, step: Step::Nothing }
    }

    /// Opens a session, the first one or a follow-on.
    ///
    /// # Errors
    /// [`Error::State`] while a call setup or refresh is under way.
    pub fn open(&mut self, now: Duration, rng: &mut impl CryptoRng) -> Result<Open, Error> {
        if self.gateway.deadline.is_some() {
            return Err(Error::State);
        }
        if let Some(installed) = self.gateway.installed.filter(|installed| now < installed.expiry) {
            if now < installed.schedule.end() {
                self.gateway.finished = false;
                return Ok(Open::UseTable);
            }
            self.gateway.refresh(now)?;
            return Ok(Open::Refreshing);
        }
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        self.gateway.link = Link::new(End::Gateway);
        (self.gateway.host, self.gateway.installed, self.gateway.ended) = (None, None, None);
        self.gateway.finished = false;
        let initiator = self.gateway.config.name;
        self.gateway.link.send(&Message::Request { initiator, responder: self.responder, nonce })?;
        self.gateway.await_answer(now);
        self.step = Step::Challenge(nonce);
        Ok(Open::CallSetup)
    }

    /// Octets from the server, in pieces of any size.
    ///
    /// # Errors
    /// Whatever is wrong with them, which ends the session; the same again from then on.
    pub fn handle_input(&mut self, now: Duration, mut octets: &[u8]) -> Result<(), Error> {
        if let Some(error) = self.gateway.ended {
            return Err(error);
        }
        loop {
            let frame = match self.gateway.link.next_message(&mut octets) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error) => return Err(self.gateway.end(error)),
            };
            if let Err(error) = self.message(now, &frame) {
                return Err(self.gateway.end(error));
            }
        }
    }

    fn message(&mut self, now: Duration, frame: &[u8]) -> Result<(), Error> {
        let gateway = &mut self.gateway;
        let message = gateway.link.open(frame)?;
        match (self.step, message) {
            (Step::Challenge(gateway_nonce), Message::Challenge { session, nonce, proof }) => {
                let (initiator, responder) = (gateway.config.name, self.responder);
                let call = Call { session, gateway_nonce, server_nonce: nonce, initiator, responder };
                gateway.link.check(End::Server, &gateway.config.key, &call, &proof)?;
                gateway.link.heard(frame);
                let proof = gateway.link.proof(End::Gateway, &gateway.config.key, &call);
                gateway.link.send(&Message::Response { proof })?;
                gateway.link.secure(&gateway.config.key, &call)?;
                gateway.session = session;
                gateway.await_answer(now);
                self.step = Step::HostId;
                Ok(())
            }
            (Step::HostId, Message::HostId(host)) => {
                gateway.host = Some(host);
                gateway.expect_tables();
                gateway.await_answer(now);
                self.step = Step::Tables;
                Ok(())
            }
            (Step::HostId | Step::Tables, message) => gateway.secured(gateway.config.name, &message),
            (_, message) => Err(Error::OutOfTurn { found: message.kind() }),
        }
    }

    gateway_api!();
}
