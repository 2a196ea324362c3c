//! Control messages, and three parties with a hostile network between them.

use std::collections::VecDeque;
use std::time::Duration;

use llpf_wire::session::mas::{self, Database, Side};
use llpf_wire::session::message::{Message, PREFIX_LEN};
use llpf_wire::session::{GatewayConfig, GatewayEvent, Initiator, LongTermKey, Name, Responder, TerminateReason};
use llpf_wire::{Algorithm, HostId, KeyTable};

use super::{Counting, check};

/// What is read is written again octet for octet.
pub fn llpf_control_message(data: &[u8]) {
    match Message::decode(data) {
        Ok(message) => assert_eq!(&message.encode()[PREFIX_LEN..], data),
        Err(error) => check(&error, data.len()),
    }
}

#[derive(Clone, Copy)]
enum To {
    Mas(Side),
    Initiator,
    Responder,
}

struct World {
    now: Duration,
    rng: Counting,
    database: Database,
    initiator: Initiator,
    mas: mas::Session,
    responder: Responder,
    of_initiator: Vec<KeyTable>,
    of_responder: Vec<KeyTable>,
    wire: VecDeque<(To, Vec<u8>)>,
    last: Vec<u8>,
}

fn name(name: &str) -> Name {
    Name::new(name).expect("short enough")
}

fn config(user: &str) -> GatewayConfig {
    let key = LongTermKey::new(format!("the key of {user}, long enough").as_bytes()).expect("long enough");
    GatewayConfig { max_table_len: 1024, ..GatewayConfig::new(name(user), key) }
}

impl World {
    fn new() -> Self {
        let now = Duration::from_secs(100);
        let mut database = Database::new(2);
        for user in ["one", "two"] {
            database.authorise(name(user), config(user).key).expect("there is room");
        }
        let mas_config = mas::Config {
            algorithm: Algorithm::HmacMd5,
            keys: 2,
            certificate_lifetime: Duration::from_secs(200),
            refresh_lead: Duration::from_secs(5),
            ..mas::Config::default()
        };
        Self {
            now,
            rng: Counting(1),
            database,
            initiator: Initiator::new(config("one"), name("two")),
            mas: mas::Session::new(now, mas_config),
            responder: Responder::new(now, config("two"), HostId(9)),
            of_initiator: Vec::new(),
            of_responder: Vec::new(),
            wire: VecDeque::new(),
            last: Vec::new(),
        }
    }

    fn collect(&mut self) {
        while let Some(event) = self.initiator.poll_event() {
            if let GatewayEvent::Table { table, .. } = event {
                self.of_initiator.push(table);
            }
        }
        while let Some(event) = self.responder.poll_event() {
            if let GatewayEvent::Table { table, .. } = event {
                self.of_responder.push(table);
            }
        }
        while self.mas.poll_event().is_some() {}
        while let Some(frame) = self.initiator.poll_transmit() {
            self.wire.push_back((To::Mas(Side::Initiator), frame));
        }
        while let Some(frame) = self.mas.poll_transmit(Side::Initiator) {
            self.wire.push_back((To::Initiator, frame));
        }
        while let Some(frame) = self.mas.poll_transmit(Side::Responder) {
            self.wire.push_back((To::Responder, frame));
        }
        while let Some(frame) = self.responder.poll_transmit() {
            self.wire.push_back((To::Mas(Side::Responder), frame));
        }
        assert!(self.wire.len() < 256);
        // Nobody has a wrong table, and the receiving gateway has each first.
        assert!(self.of_initiator.len() <= self.of_responder.len());
        for (one, two) in self.of_initiator.iter().zip(&self.of_responder) {
            assert_eq!((one.schedule(), one.len()), (two.schedule(), 2));
            assert!((0..2).all(|index| one.key(index) == two.key(index)));
        }
    }

    fn deliver(&mut self, to: To, octets: &[u8]) {
        let outcome = match to {
            To::Initiator => self.initiator.handle_input(self.now, octets),
            To::Responder => self.responder.handle_input(self.now, &mut self.rng, octets),
            To::Mas(side) => self.mas.handle_input(self.now, &mut self.database, &mut self.rng, side, octets),
        };
        if let Err(error) = outcome {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Two gateways, a server, and a network that does what the input says. Whatever that is, both gateways have the same whole tables, the receiving one first.
pub fn llpf_mas_session(data: &[u8]) {
    let mut world = World::new();
    let _ = world.initiator.open(world.now, &mut world.rng);
    let mut input = data.iter().copied().take(512);
    while let Some(step) = input.next() {
        world.collect();
        let mut next = || input.next().unwrap_or(0);
        match step % 20 {
            // Undisturbed, most of the time.
            0..=8 => {
                if let Some((to, frame)) = world.wire.pop_front() {
                    world.deliver(to, &frame);
                    world.last = frame;
                }
            }
            9 => drop(world.wire.pop_front()),
            10 => {
                if let Some((to, frame)) = world.wire.front().cloned() {
                    world.deliver(to, &frame);
                }
            }
            11 => world.wire.rotate_left(usize::from(!world.wire.is_empty())),
            12 => {
                if let Some((to, mut frame)) = world.wire.pop_front() {
                    let at = usize::from(next()) * 5 % frame.len();
                    frame[at] ^= next();
                    world.deliver(to, &frame);
                }
            }
            13 => {
                if let Some((to, mut frame)) = world.wire.pop_front() {
                    frame.truncate(usize::from(next()));
                    world.deliver(to, &frame);
                }
            }
            14 => {
                let octets: Vec<u8> = (0..step / 20).map(|_| next()).collect();
                let to =
                    [To::Initiator, To::Responder, To::Mas(Side::Initiator), To::Mas(Side::Responder)][usize::from(next()) % 4];
                world.deliver(to, &octets);
            }
            15 => {
                let last = world.last.clone();
                let to =
                    [To::Initiator, To::Responder, To::Mas(Side::Initiator), To::Mas(Side::Responder)][usize::from(next()) % 4];
                world.deliver(to, &last);
            }
            16 => {
                world.now += Duration::from_secs(u64::from(next() % 32));
                world.initiator.handle_timeout(world.now);
                world.responder.handle_timeout(world.now);
                world.mas.handle_timeout(world.now, &mut world.database, &mut world.rng);
            }
            17 => {
                let _ = if next() % 2 == 0 { world.initiator.refresh(world.now) } else { world.responder.refresh(world.now) };
            }
            18 => {
                let reason = TerminateReason::from_wire(next() % 4).unwrap_or(TerminateReason::Finished);
                let _ = match next() % 3 {
                    0 => world.initiator.terminate(reason),
                    1 => world.responder.terminate(reason),
                    _ => world.mas.terminate(reason),
                };
            }
            _ => {
                // Follow-on sessions on the same server: a call setup would need new machines.
                if world.initiator.generation() > 0 {
                    let _ = world.initiator.refresh(world.now);
                }
            }
        }
    }
    world.collect();
}
