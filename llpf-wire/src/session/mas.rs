//! The Master Authentication Server: who may have sessions, and one state machine for each of them.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use rand_core::CryptoRng;
use wire_lanes::Sha256;

use super::link::{Call, End, Issue, Link};
use super::message::{Message, Nonce};
use super::{Events, LongTermKey, Name, UNAUTHORISED_INITIATOR, UNAUTHORISED_RESPONDER};
use crate::error::{Error, Field, TerminateReason, len32};
use crate::host::HostId;
use crate::mac::Algorithm;
use crate::table::{KeyTable, Schedule};

/// All authorised users (thesis p. 84), the numbers of sessions, and fingerprints of the tables that were issued last.
#[derive(Debug)]
pub struct Database {
    users: BTreeMap<Name, LongTermKey>,
    max_users: usize,
    sessions: u64,
    issued: VecDeque<[u8; 32]>,
}

/// How many tables the database remembers, so that no two sessions get the same (thesis p. 78).
const FINGERPRINTS: usize = 1024;

impl Database {
    /// An empty database for at most `max_users`.
    #[must_use]
    pub const fn new(max_users: usize) -> Self {
        Self { users: BTreeMap::new(), max_users, sessions: 0, issued: VecDeque::new() }
    }

    /// Authorises a user, or gives one another key.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if there are as many as may be.
    pub fn authorise(&mut self, user: Name, key: LongTermKey) -> Result<(), Error> {
        if !self.users.contains_key(&user) && self.users.len() >= self.max_users {
            let (found, needed) = (len32(self.users.len()).saturating_add(1), len32(self.max_users));
            return Err(Error::DoesNotFit { field: Field::Users, found, needed });
        }
        self.users.insert(user, key);
        Ok(())
    }

    /// Takes a user's authorisation back, and says whether there was one. Sessions under way go on: see [`Session::terminate`].
    pub fn revoke(&mut self, user: &Name) -> bool {
        self.users.remove(user).is_some()
    }

    fn next_session(&mut self) -> u64 {
        self.sessions = self.sessions.wrapping_add(1);
        self.sessions
    }

    /// Notes a table, and says whether it is new.
    fn note(&mut self, table: &KeyTable) -> bool {
        let print = wire_lanes::hash::digest::<Sha256>(table.octets().into());
        if self.issued.contains(&print) {
            return false;
        }
        if self.issued.len() >= FINGERPRINTS {
            self.issued.pop_front();
        }
        self.issued.push_back(print);
        true
    }
}

/// What the server gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// For what the keys are.
    pub algorithm: Algorithm,
    /// Keys of a table.
    pub keys: u32,
    /// How long each is used.
    pub period: Duration,
    /// How long after its making a first table starts, so that both gateways have it by then.
    pub start_delay: Duration,
    /// How long before a table has cycled through the server sends the next one by itself.
    pub refresh_lead: Duration,
    /// How long a certificate holds.
    pub certificate_lifetime: Duration,
    /// How long an answer of a gateway may take.
    pub timeout: Duration,
}

impl Default for Config {
    /// HMAC-SHA-256, 25 keys of 15 s (the thesis's example), 2 s of delay, 30 s of lead, certificates of 8 h, 10 s for an answer.
    fn default() -> Self {
        Self {
            algorithm: Algorithm::HmacSha256,
            keys: 25,
            period: Duration::from_secs(15),
            start_delay: Duration::from_secs(2),
            refresh_lead: Duration::from_secs(30),
            certificate_lifetime: Duration::from_secs(8 * 3600),
            timeout: Duration::from_secs(10),
        }
    }
}

/// Which gateway's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// PFGS 1's, which it made.
    Initiator,
    /// PFGS 2's, which the server makes.
    Responder,
}

/// What the server's machine has to say.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A connection to this gateway is needed, for the octets of [`Side::Responder`].
    Connect {
        /// Whom to connect to.
        responder: Name,
    },
    /// Both gateways have a table.
    Established {
        /// 1 for the first of the session.
        generation: u32,
    },
    /// A gateway ended the session.
    Terminated {
        /// Which one.
        by: Side,
        /// Why.
        reason: TerminateReason,
    },
}

/// One session of two gateways.
pub struct Session {
    config: Config,
    links: [Link; 2],
    steps: [Step; 2],
    call: Option<Call>,
    host: Option<HostId>,
    /// A table that is on its way.
    pending: Option<KeyTable>,
    /// The table that both have, or are about to.
    schedule: Option<Schedule>,
    generation: u32,
    expiry: Option<Duration>,
    deadline: Option<Duration>,
    events: Events<Event>,
    finished: bool,
    ended: Option<Error>,
}

/// What is awaited of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A request, or nothing.
    Start,
    /// That it shows who it is.
    Proof(Nonce),
    /// Its host ID, or nothing from the initiator.
    Authentic,
    /// That it has the table that it was sent.
    Installed,
    /// Nothing.
    Established,
}

impl Session {
    /// The machine for a connection that a gateway has made just now, and has its request to send on.
    #[must_use]
    pub fn new(now: Duration, config: Config) -> Self {
        Self {
            config,
            links: [Link::new(End::Server), Link::new(End::Server)],
            steps: [Step::Start; 2],
            call: None,
            host: None,
            pending: None,
            schedule: None,
            generation: 0,
            expiry: None,
            deadline: Some(now.saturating_add(config.timeout)),
            events: Events::new(),
            finished: false,
            ended: None,
        }
    }

    /// The session's number, once there is one: messages of type 19 bear it, so that they find their session on a new connection.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.call.as_ref().map(|call| call.session)
    }

    /// Generation of the table that was issued last, 0 before.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Why the session ended, if it has: both connections are to be closed.
    #[must_use]
    pub const fn ended(&self) -> Option<Error> {
        self.ended
    }

    /// Octets from a gateway, in pieces of any size.
    ///
    /// # Errors
    /// Whatever is wrong with them, which ends the session; the same again from then on.
    pub fn handle_input(
        &mut self,
        now: Duration,
        database: &mut Database,
        rng: &mut impl CryptoRng,
        side: Side,
        mut octets: &[u8],
    ) -> Result<(), Error> {
        if let Some(error) = self.ended {
            return Err(error);
        }
        loop {
            let frame = match self.link(side).next_message(&mut octets) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error) => return Err(self.end(error)),
            };
            if let Err(error) = self.message(now, database, rng, side, &frame) {
                return Err(self.end(error));
            }
            // It may have been the last one of the session.
            if self.ended.is_some() {
                return Ok(());
            }
        }
    }

    /// Octets for a gateway, in the order in which they are to be sent.
    pub fn poll_transmit(&mut self, side: Side) -> Option<Vec<u8>> {
        self.link(side).poll_transmit()
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// There is a new connection to a gateway: half a message of the old one is forgotten, and what was to be sent on it.
    pub fn reconnected(&mut self, side: Side) {
        self.link(side).reconnected();
    }

    /// Notes the time: an answer that is late ends the session with [`Error::Timeout`], and a table that is about to cycle is refreshed while the certificate holds.
    pub fn handle_timeout(&mut self, now: Duration, database: &mut Database, rng: &mut impl CryptoRng) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.end(Error::Timeout);
        }
        let is_due = self.refresh_at().is_some_and(|at| at <= now) && self.expiry.is_some_and(|expiry| now < expiry);
        let issued = if is_due { self.issue(now, database, rng) } else { Ok(()) };
        if let Err(error) = issued {
            self.end(error);
        }
    }

    /// When [`Session::handle_timeout`] is next to be called.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let refresh = self.refresh_at().filter(|at| self.expiry.is_some_and(|expiry| *at < expiry));
        [self.deadline, refresh].into_iter().flatten().min()
    }

    /// When the server sends the next table by itself.
    fn refresh_at(&self) -> Option<Duration> {
        let is_idle = self.ended.is_none() && !self.finished && self.pending.is_none();
        self.schedule.filter(|_| is_idle).map(|schedule| schedule.end().saturating_sub(self.config.refresh_lead))
    }

    /// Ends the session for both gateways.
    ///
    /// # Errors
    /// [`Error::State`] before there is a table; whatever ended the session.
    pub fn terminate(&mut self, reason: TerminateReason) -> Result<(), Error> {
        if let Some(error) = self.ended {
            return Err(error);
        }
        if self.schedule.is_none() {
            return Err(Error::State);
        }
        self.send_last(reason, &[Side::Initiator, Side::Responder])
    }

    fn link(&mut self, side: Side) -> &mut Link {
        let [initiator, responder] = &mut self.links;
        match side {
            Side::Initiator => initiator,
            Side::Responder => responder,
        }
    }

    fn step(&mut self, side: Side) -> &mut Step {
        let [initiator, responder] = &mut self.steps;
        match side {
            Side::Initiator => initiator,
            Side::Responder => responder,
        }
    }

    /// Forgets everything but why.
    fn end(&mut self, error: Error) -> Error {
        self.links = [Link::new(End::Server), Link::new(End::Server)];
        (self.pending, self.schedule, self.deadline, self.expiry) = (None, None, None, None);
        self.ended = Some(error);
        error
    }

    /// Tells gateways that the session is over.
    fn send_last(&mut self, reason: TerminateReason, to: &[Side]) -> Result<(), Error> {
        for side in to {
            self.link(*side).send(&Message::Terminate { reason })?;
        }
        (self.finished, self.pending, self.deadline) = (true, None, None);
        self.steps = [Step::Established; 2];
        if reason != TerminateReason::Finished {
            let last =
                [Side::Initiator, Side::Responder].map(|side| core::iter::from_fn(|| self.link(side).poll_transmit()).collect());
            self.end(Error::Terminated(reason));
            for (link, last) in self.links.iter_mut().zip(last) {
                link.restore(last);
            }
        }
        Ok(())
    }

    fn message(
        &mut self,
        now: Duration,
        database: &mut Database,
        rng: &mut impl CryptoRng,
        side: Side,
        frame: &[u8],
    ) -> Result<(), Error> {
        let message = self.link(side).open(frame)?;
        match (side, *self.step(side), message) {
            (Side::Initiator, Step::Start, Message::Request { initiator, responder, nonce }) => self.request(
                now,
                database,
                rng,
                frame,
                Call { session: 0, gateway_nonce: nonce, server_nonce: [0; 32], initiator, responder },
            ),
            (Side::Initiator, Step::Proof(nonce), Message::Response { proof }) => {
                let call = self.call(nonce)?;
                let key = database.users.get(&call.initiator).ok_or(UNAUTHORISED_INITIATOR)?;
                let [link, _] = &mut self.links;
                link.check(End::Gateway, key, &call, &proof)?;
                link.heard(frame);
                link.secure(key, &call)?;
                *self.step(side) = Step::Authentic;
                self.proceed(now, database, rng)
            }
            (Side::Responder, Step::Proof(server_nonce), Message::Reply { nonce, proof }) => {
                let call = Call { gateway_nonce: nonce, ..self.call(server_nonce)? };
                let key = database.users.get(&call.responder).ok_or(UNAUTHORISED_RESPONDER)?;
                let [_, link] = &mut self.links;
                link.check(End::Gateway, key, &call, &proof)?;
                link.heard(frame);
                let proof = link.proof(End::Server, key, &call);
                link.send(&Message::Confirm { proof })?;
                link.secure(key, &call)?;
                *self.step(side) = Step::Authentic;
                Ok(())
            }
            (Side::Responder, Step::Authentic, Message::HostId(host)) if self.host.is_none() => {
                self.host = Some(host);
                self.proceed(now, database, rng)
            }
            (_, Step::Installed, Message::Installed { generation }) if generation == self.generation => {
                self.installed(now, rng, side)
            }
            (_, Step::Established | Step::Installed, Message::Refresh { session, generation }) => {
                self.refresh(now, database, rng, side, (session, generation))
            }
            (_, Step::Established | Step::Installed, Message::Terminate { reason }) => {
                self.events.push(Event::Terminated { by: side, reason })?;
                let other = if side == Side::Initiator { Side::Responder } else { Side::Initiator };
                self.send_last(reason, &[other])
            }
            (_, _, message) => Err(Error::OutOfTurn { found: message.kind() }),
        }
    }

    fn call(&self, server_nonce: Nonce) -> Result<Call, Error> {
        self.call.map(|call| Call { server_nonce, ..call }).ok_or(Error::State)
    }

    /// Phase I a to c: whoever is not authorised gets no answer at all.
    fn request(
        &mut self,
        now: Duration,
        database: &mut Database,
        rng: &mut impl CryptoRng,
        frame: &[u8],
        call: Call,
    ) -> Result<(), Error> {
        if !database.users.contains_key(&call.initiator) {
            return Err(UNAUTHORISED_INITIATOR);
        }
        if !database.users.contains_key(&call.responder) || call.responder == call.initiator {
            return Err(UNAUTHORISED_RESPONDER);
        }
        let call = Call { session: database.next_session(), ..call };
        let key = database.users.get(&call.initiator).ok_or(UNAUTHORISED_INITIATOR)?;
        let mut nonces = [[0; 32]; 2];
        nonces.iter_mut().for_each(|nonce| rng.fill_bytes(nonce));
        let [to_initiator, to_responder] = nonces;
        let [initiator, responder] = &mut self.links;
        initiator.heard(frame);
        let proof = initiator.proof(End::Server, key, &Call { server_nonce: to_initiator, ..call });
        initiator.send(&Message::Challenge { session: call.session, nonce: to_initiator, proof })?;
        let invite =
            Message::Invite { session: call.session, nonce: to_responder, initiator: call.initiator, responder: call.responder };
        responder.send(&invite)?;
        self.events.push(Event::Connect { responder: call.responder })?;
        self.call = Some(call);
        self.steps = nonces.map(Step::Proof);
        self.deadline = Some(now.saturating_add(self.config.timeout));
        Ok(())
    }

    /// Phase I d and e, once both gateways are authentic and the host ID is there.
    fn proceed(&mut self, now: Duration, database: &mut Database, rng: &mut impl CryptoRng) -> Result<(), Error> {
        let (Some(host), [Step::Authentic, Step::Authentic]) = (self.host, self.steps) else { return Ok(()) };
        self.expiry = Some(now.saturating_add(self.config.certificate_lifetime));
        self.link(Side::Initiator).send(&Message::HostId(host))?;
        self.issue(now, database, rng)
    }

    /// Makes a table and sends it to the receiving gateway first.
    fn issue(&mut self, now: Duration, database: &mut Database, rng: &mut impl CryptoRng) -> Result<(), Error> {
        let soonest = now.saturating_add(self.config.start_delay);
        // A table follows its predecessor without a gap, if it is not late.
        let start = self.schedule.map_or(soonest, |schedule| schedule.end().max(soonest));
        let config = &self.config;
        let table = KeyTable::generate(config.algorithm, start, config.period, config.keys, rng)?;
        if !database.note(&table) {
            return Err(Error::Randomness);
        }
        self.generation = self.generation.saturating_add(1);
        let issue = Issue { generation: self.generation, table: &table, expiry: self.expiry.unwrap_or_default() };
        let [_, responder] = &mut self.links;
        responder.send_table(&issue, rng)?;
        self.schedule = Some(table.schedule());
        self.pending = Some(table);
        *self.step(Side::Responder) = Step::Installed;
        *self.step(Side::Initiator) = Step::Established;
        self.deadline = Some(now.saturating_add(self.config.timeout));
        self.finished = false;
        Ok(())
    }

    fn installed(&mut self, now: Duration, rng: &mut impl CryptoRng, side: Side) -> Result<(), Error> {
        *self.step(side) = Step::Established;
        match (side, &self.pending) {
            (Side::Responder, Some(table)) => {
                let issue = Issue { generation: self.generation, table, expiry: self.expiry.unwrap_or_default() };
                let [initiator, _] = &mut self.links;
                initiator.send_table(&issue, rng)?;
                *self.step(Side::Initiator) = Step::Installed;
                self.deadline = Some(now.saturating_add(self.config.timeout));
                Ok(())
            }
            _ => {
                (self.pending, self.deadline) = (None, None);
                self.events.push(Event::Established { generation: self.generation })
            }
        }
    }

    fn refresh(
        &mut self,
        now: Duration,
        database: &mut Database,
        rng: &mut impl CryptoRng,
        side: Side,
        (session, generation): (u64, u32),
    ) -> Result<(), Error> {
        if Some(session) != self.number() {
            let found = u32::try_from(session).unwrap_or(u32::MAX);
            let needed = u32::try_from(self.number().unwrap_or(0)).unwrap_or(u32::MAX);
            return Err(Error::Mismatch { field: Field::SessionId, offset: 2, found, needed });
        }
        // Asked for while one is under way: it was on its way when the gateway asked.
        if self.pending.is_some() {
            return Ok(());
        }
        if generation > self.generation {
            return Err(Error::Mismatch { field: Field::Generation, offset: 10, found: generation, needed: self.generation });
        }
        // It has the next one already, or both asked at the same time.
        if generation < self.generation {
            return Ok(());
        }
        if self.expiry.is_none_or(|expiry| now >= expiry) {
            return self.send_last(TerminateReason::CertificateExpired, &[side]);
        }
        self.issue(now, database, rng)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("Session");
        all.field("config", &self.config).field("number", &self.number()).field("steps", &self.steps.map(Step::name));
        all.field("host", &self.host).field("generation", &self.generation).field("expiry", &self.expiry);
        all.field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Proof(_) => "proof",
            Self::Authentic => "authentic",
            Self::Installed => "installed",
            Self::Established => "established",
        }
    }
}
