//! Three parties, two connections, and who stands between them.

#![allow(dead_code, reason = "no test uses all of it")]

use std::collections::VecDeque;
use std::time::Duration;

use llpf_wire::session::mas::{self, Database, Side};
use llpf_wire::session::{GatewayConfig, GatewayEvent, Initiator, LongTermKey, Name, Open, Responder, TerminateReason};
use llpf_wire::{Algorithm, Error, HostId, KeyTable};

use crate::common::Rng;

pub const HOST: HostId = HostId(0x0a0b);

pub fn name(name: &str) -> Name {
    Name::new(name).unwrap()
}

/// A table as a gateway got it.
pub struct Got {
    pub generation: u32,
    pub host: HostId,
    pub table: KeyTable,
    pub expiry: Duration,
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    Mas(Side),
    Initiator,
    Responder,
}

pub struct World {
    pub now: Duration,
    pub rng: Rng,
    pub database: Database,
    pub initiator: Initiator,
    pub mas: mas::Session,
    pub responder: Responder,
    pub of_initiator: Vec<Got>,
    pub of_responder: Vec<Got>,
    pub mas_events: Vec<mas::Event>,
    pub terminated: Vec<(To, TerminateReason)>,
    /// Every message, in the order in which it was sent.
    pub sent: Vec<(To, Vec<u8>)>,
    wire: VecDeque<(To, Vec<u8>)>,
}

pub fn config(user: &str) -> GatewayConfig {
    GatewayConfig::new(name(user), LongTermKey::new(format!("the long-term key of {user}").as_bytes()).unwrap())
}

pub fn mas_config() -> mas::Config {
    mas::Config {
        algorithm: Algorithm::HmacMd5,
        keys: 4,
        refresh_lead: Duration::from_secs(10),
        certificate_lifetime: Duration::from_secs(300),
        ..mas::Config::default()
    }
}

impl World {
    pub fn new() -> Self {
        let mut database = Database::new(2);
        for user in ["pfgs1", "pfgs2"] {
            database.authorise(name(user), config(user).key).unwrap();
        }
        let now = Duration::from_secs(1000);
        Self {
            now,
            rng: Rng(1),
            database,
            initiator: Initiator::new(config("pfgs1"), name("pfgs2")),
            mas: mas::Session::new(now, mas_config()),
            responder: Responder::new(now, config("pfgs2"), HOST),
            of_initiator: Vec::new(),
            of_responder: Vec::new(),
            mas_events: Vec::new(),
            terminated: Vec::new(),
            sent: Vec::new(),
            wire: VecDeque::new(),
        }
    }

    pub fn established() -> Self {
        let mut world = Self::new();
        assert_eq!(world.open(), Ok(Open::CallSetup));
        world.run(|_, _, frame| vec![frame]);
        assert_eq!((world.of_initiator.len(), world.of_responder.len()), (1, 1));
        world
    }

    pub fn open(&mut self) -> Result<Open, Error> {
        self.initiator.open(self.now, &mut self.rng)
    }

    /// Takes all events and puts all messages on the wire.
    fn collect(&mut self) {
        while let Some(event) = self.initiator.poll_event() {
            note(event, To::Initiator, &mut self.of_initiator, &mut self.terminated);
        }
        while let Some(event) = self.responder.poll_event() {
            note(event, To::Responder, &mut self.of_responder, &mut self.terminated);
        }
        while let Some(event) = self.mas.poll_event() {
            self.mas_events.push(event);
        }
        let mut send = |to, frame: Vec<u8>| self.wire.push_back((to, frame));
        while let Some(frame) = self.initiator.poll_transmit() {
            send(To::Mas(Side::Initiator), frame);
        }
        while let Some(frame) = self.mas.poll_transmit(Side::Initiator) {
            send(To::Initiator, frame);
        }
        while let Some(frame) = self.mas.poll_transmit(Side::Responder) {
            send(To::Responder, frame);
        }
        while let Some(frame) = self.responder.poll_transmit() {
            send(To::Mas(Side::Responder), frame);
        }
    }

    pub fn deliver(&mut self, to: To, octets: &[u8]) -> Result<(), Error> {
        match to {
            To::Initiator => self.initiator.handle_input(self.now, octets),
            To::Responder => self.responder.handle_input(self.now, &mut self.rng, octets),
            To::Mas(side) => self.mas.handle_input(self.now, &mut self.database, &mut self.rng, side, octets),
        }
    }

    /// Delivers until nothing is under way: what `hostile` makes of each message, which it gets with its number.
    pub fn run(&mut self, mut hostile: impl FnMut(usize, To, Vec<u8>) -> Vec<Vec<u8>>) {
        loop {
            self.collect();
            let Some((to, frame)) = self.wire.pop_front() else { return };
            let number = self.sent.len();
            self.sent.push((to, frame.clone()));
            for frame in hostile(number, to, frame) {
                let _ = self.deliver(to, &frame);
            }
            assert!(self.sent.len() < 1000, "the parties talk without end");
        }
    }

    pub fn run_quietly(&mut self) {
        self.run(|_, _, frame| vec![frame]);
    }

    pub fn next_deadline(&self) -> Option<Duration> {
        [self.initiator.next_deadline(), self.mas.next_deadline(), self.responder.next_deadline()].into_iter().flatten().min()
    }

    pub fn handle_timeout(&mut self) {
        self.initiator.handle_timeout(self.now);
        self.responder.handle_timeout(self.now);
        self.mas.handle_timeout(self.now, &mut self.database, &mut self.rng);
    }

    /// What must be true whatever happened: the initiator has no table that the responder has not, both have the same keys, and all of them.
    pub fn check(&self) {
        assert!(self.of_initiator.len() <= self.of_responder.len());
        assert!(self.of_responder.len() <= self.of_initiator.len() + 1);
        for (at, (one, two)) in self.of_initiator.iter().zip(&self.of_responder).enumerate() {
            assert_eq!((one.generation, two.generation), (at as u32 + 1, at as u32 + 1));
            assert_eq!((one.host, two.host, one.expiry), (HOST, HOST, two.expiry));
            assert_eq!((one.table.schedule(), one.table.algorithm()), (two.table.schedule(), two.table.algorithm()));
            assert!((0..=one.table.len() as u16).all(|index| one.table.key(index) == two.table.key(index)));
            assert_eq!(one.table.len(), 4);
        }
    }
}

fn note(event: GatewayEvent, to: To, got: &mut Vec<Got>, terminated: &mut Vec<(To, TerminateReason)>) {
    match event {
        GatewayEvent::Table { host, initiator, generation, table, expiry } => {
            assert_eq!(initiator, name("pfgs1"));
            got.push(Got { generation, host, table, expiry });
        }
        GatewayEvent::Terminated(reason) => terminated.push((to, reason)),
    }
}
