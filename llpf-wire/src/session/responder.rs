//! PFGS 2: the gateway that is asked for, and will filter.

use alloc::vec::Vec;
use core::time::Duration;

use rand_core::CryptoRng;

use super::gateway::{Gateway, gateway_api};
use super::link::{Call, End};
use super::message::Message;
use super::{GatewayConfig, GatewayEvent, Name, UNAUTHORISED_RESPONDER};
use crate::error::{Error, TerminateReason};
use crate::host::HostId;

/// The receiving gateway's side of one session: there is one for each connection that the server makes for a call setup.
#[derive(Debug)]
pub struct Responder {
    gateway: Gateway,
    /// The ID that the initiator gets.
    assigned: HostId,
    step: Step,
}

/// What is awaited.
#[derive(Debug, Clone, Copy)]
enum Step {
    Invite,
    Confirm(Call),
    Tables(Name),
}

impl Responder {
    /// A gateway that gives `assigned` to whoever the server brings: an ID that its filter has no table of
    /// ([`Filter::free_host_id`](crate::Filter::free_host_id)), or that of the initiator's session before. The server has just connected, and has its
    /// invitation to send.
    #[must_use]
    pub fn new(now: Duration, config: GatewayConfig, assigned: HostId) -> Self {
        let mut gateway = Gateway::new(config);
        gateway.await_answer(now);
        Self { gateway, assigned, step: Step::Invite }
    }

    /// Octets from the server, in pieces of any size.
    ///
    /// # Errors
    /// Whatever is wrong with them, which ends the session; the same again from then on.
    pub fn handle_input(&mut self, now: Duration, rng: &mut impl CryptoRng, mut octets: &[u8]) -> Result<(), Error> {
        if let Some(error) = self.gateway.ended {
            return Err(error);
        }
        loop {
            let frame = match self.gateway.link.next_message(&mut octets) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error) => return Err(self.gateway.end(error)),
            };
            if let Err(error) = self.message(now, rng, &frame) {
                return Err(self.gateway.end(error));
            }
        }
    }

    fn message(&mut self, now: Duration, rng: &mut impl CryptoRng, frame: &[u8]) -> Result<(), Error> {
        let gateway = &mut self.gateway;
        let message = gateway.link.open(frame)?;
        match (self.step, message) {
            (Step::Invite, Message::Invite { session, nonce, initiator, responder }) => {
                if responder != gateway.config.name {
                    return Err(UNAUTHORISED_RESPONDER);
                }
                let mut gateway_nonce = [0; 32];
                rng.fill_bytes(&mut gateway_nonce);
                let call = Call { session, gateway_nonce, server_nonce: nonce, initiator, responder };
                gateway.link.heard(frame);
                let proof = gateway.link.proof(End::Gateway, &gateway.config.key, &call);
                gateway.link.send(&Message::Reply { nonce: gateway_nonce, proof })?;
                gateway.session = session;
                gateway.await_answer(now);
                self.step = Step::Confirm(call);
                Ok(())
            }
            (Step::Confirm(call), Message::Confirm { proof }) => {
                gateway.link.check(End::Server, &gateway.config.key, &call, &proof)?;
                gateway.link.heard(frame);
                gateway.link.secure(&gateway.config.key, &call)?;
                gateway.link.send(&Message::HostId(self.assigned))?;
                gateway.host = Some(self.assigned);
                gateway.expect_tables();
                gateway.await_answer(now);
                self.step = Step::Tables(call.initiator);
                Ok(())
            }
            (Step::Tables(initiator), message) => gateway.secured(initiator, &message),
            (_, message) => Err(Error::OutOfTurn { found: message.kind() }),
        }
    }

    gateway_api!();
}
