//! Chapter III.C from end to end: three parties, simulated time, and a hostile network between them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;
#[path = "common/world.rs"]
mod world;

use std::time::Duration;

use common::{INNER_4, Rng, buffer, outer};
use llpf_wire::filter::{Config, Policy};
use llpf_wire::seal::SenderPolicy;
use llpf_wire::session::mas::{Event, Side};
use llpf_wire::session::message::{MAX_SHORT_LEN, Message};
use llpf_wire::session::{Initiator, LongTermKey, Open, Responder, TerminateReason, mas};
use llpf_wire::{Error, Field, Filter, KeyIndex, KeyTable, PacketBuf, Reaction, Sender};
use world::*;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn kinds(world: &World) -> Vec<(To, u8)> {
    world.sent.iter().map(|(to, frame)| (*to, frame[5])).collect()
}

/// Gateways with their data sides.
struct Gateways {
    sender: Sender,
    filter: Filter,
}

impl Gateways {
    fn new(world: &World) -> Self {
        let mut filter = Filter::new(Config { policy: Policy::InPeriod { skew: secs(5) }, ..Config::default() });
        let (one, two) = (&world.of_initiator[0], &world.of_responder[0]);
        filter.install(world.now, two.host, &two.table).unwrap();
        Self { sender: Sender::new(outer(4), SenderPolicy::default(), one.host, one.table.clone()), filter }
    }

    fn install_newest(&mut self, world: &World) {
        let (one, two) = (world.of_initiator.last().unwrap(), world.of_responder.last().unwrap());
        self.filter.install(world.now, two.host, &two.table).unwrap();
        self.sender.install(one.host, one.table.clone());
    }

    fn pass(&mut self, now: Duration) -> Result<KeyIndex, Error> {
        let mut packet = buffer(&INNER_4);
        self.sender.seal(now, &mut packet)?;
        let passed = self.filter.filter(now, &mut packet)?;
        assert_eq!(packet.octets(), INNER_4);
        Ok(passed.key)
    }
}

#[test]
fn phase_one_goes_from_a_to_e_in_the_order_of_the_thesis() {
    let world = World::established();
    let (from_initiator, from_responder) = (To::Mas(Side::Initiator), To::Mas(Side::Responder));
    assert_eq!(
        kinds(&world),
        [
            // a, b: request, challenge. c, concurrently: the other gateway.
            (from_initiator, 1),
            (To::Initiator, 2),
            (To::Responder, 4),
            (from_initiator, 3),
            (from_responder, 5),
            (To::Responder, 6),
            // d: the host ID goes through the server.
            (from_responder, 16),
            // e: the receiving gateway has its table first.
            (To::Initiator, 16),
            (To::Responder, 17),
            (from_responder, 18),
            (To::Initiator, 17),
            (from_initiator, 18),
        ]
    );
    assert_eq!(world.mas_events, [Event::Connect { responder: name("pfgs2") }, Event::Established { generation: 1 }]);
    world.check();
    let schedule = world.of_initiator[0].table.schedule();
    assert_eq!((schedule.start(), schedule.period(), schedule.keys()), (secs(1002), secs(15), 4));
    assert_eq!(world.of_initiator[0].expiry, secs(1300));
    assert_eq!((world.initiator.host(), world.responder.host()), (Some(HOST), Some(HOST)));
    assert_eq!((world.initiator.generation(), world.responder.generation(), world.mas.generation()), (1, 1, 1));
    assert_eq!((world.initiator.next_deadline(), world.responder.next_deadline()), (None, None));
    // The key table goes over no wire in the clear.
    for (_, frame) in &world.sent {
        for index in 0..4 {
            let key = world.of_initiator[0].table.key(index).unwrap();
            assert!(!frame.windows(key.len()).any(|window| window == key));
        }
    }
}

#[test]
fn phase_two_goes_from_a_to_g() {
    let mut world = World::established();
    let mut gateways = Gateways::new(&world);
    // a to e, in each of the four cryptoperiods.
    for (at, index) in [(1002, 0), (1016, 0), (1017, 1), (1032, 2), (1047, 3)] {
        assert_eq!(gateways.pass(secs(at)), Ok(KeyIndex::new(HOST, index)));
    }
    let mut forged = buffer(&INNER_4);
    gateways.sender.seal(secs(1048), &mut forged).unwrap();
    forged.octets_mut()[30] ^= 1;
    assert_eq!(gateways.filter.filter(secs(1048), &mut forged), Err(Error::Authentication));
    // f: the server sends the next table before this one has cycled.
    assert_eq!(world.next_deadline(), Some(secs(1062 - 10)));
    world.now = secs(1052);
    world.handle_timeout();
    world.run_quietly();
    world.check();
    assert_eq!((world.of_initiator.len(), world.mas_events.last()), (2, Some(&Event::Established { generation: 2 })));
    gateways.install_newest(&world);
    assert_eq!(world.of_initiator[1].table.schedule().start(), secs(1062));
    assert_eq!(gateways.pass(secs(1061)), Ok(KeyIndex::new(HOST, 3)));
    assert_eq!(gateways.pass(secs(1062)), Ok(KeyIndex::new(HOST, 0)));
    // g: either gateway or the server ends it.
    world.initiator.terminate(TerminateReason::Finished).unwrap();
    world.run_quietly();
    assert_eq!(world.terminated, [(To::Responder, TerminateReason::Finished)]);
    let by = Side::Initiator;
    assert_eq!(world.mas_events.last(), Some(&Event::Terminated { by, reason: TerminateReason::Finished }));
    assert_eq!((world.next_deadline(), world.mas.ended()), (None, None));
}

#[test]
fn any_party_may_end_the_session() {
    for reason in [TerminateReason::Finished, TerminateReason::Revoked] {
        for by in 0..3 {
            let mut world = World::established();
            match by {
                0 => world.initiator.terminate(reason).unwrap(),
                1 => world.mas.terminate(reason).unwrap(),
                _ => world.responder.terminate(reason).unwrap(),
            }
            world.run_quietly();
            let (initiator, responder) = ((To::Initiator, reason), (To::Responder, reason));
            let expected = [vec![responder], vec![initiator, responder], vec![initiator]];
            assert_eq!(world.terminated, expected[by]);
            let ended = [world.initiator.ended(), world.mas.ended(), world.responder.ended()];
            let expected = if reason == TerminateReason::Finished { None } else { Some(Error::Terminated(reason)) };
            assert_eq!(ended, [expected; 3]);
            // Once revoked, only a call setup helps.
            let opened = world.open();
            assert_eq!(opened, Ok(if expected.is_some() { Open::CallSetup } else { Open::UseTable }));
            if expected.is_some() {
                let error = Err(Error::Terminated(reason));
                assert_eq!((world.mas.terminate(reason), world.responder.terminate(reason)), (error, error));
                assert_eq!((world.responder.refresh(world.now), world.deliver(To::Mas(Side::Responder), &[0])), (error, error));
            }
        }
    }
}

/// The first of the three cases of p. 91.
#[test]
fn a_follow_on_session_uses_the_table_while_it_and_the_certificate_hold() {
    let mut world = World::established();
    let mut gateways = Gateways::new(&world);
    world.initiator.terminate(TerminateReason::Finished).unwrap();
    world.run_quietly();
    let messages = world.sent.len();
    world.now = secs(1061);
    assert_eq!(world.open(), Ok(Open::UseTable));
    world.run_quietly();
    assert_eq!((world.sent.len(), gateways.pass(world.now)), (messages, Ok(KeyIndex::new(HOST, 3))));
}

/// The second one.
#[test]
fn a_follow_on_session_gets_a_new_table_without_a_call_setup_once_the_old_one_has_cycled() {
    let mut world = World::established();
    let mut gateways = Gateways::new(&world);
    world.responder.terminate(TerminateReason::Finished).unwrap();
    world.run_quietly();
    world.now = secs(1062);
    assert_eq!(world.mas.next_deadline(), None);
    // On new connections.
    world.initiator.reconnected();
    world.responder.reconnected();
    world.mas.reconnected(Side::Initiator);
    world.mas.reconnected(Side::Responder);
    let before = world.sent.len();
    assert_eq!(gateways.pass(world.now), Err(Error::CycledThrough));
    assert_eq!(world.open(), Ok(Open::Refreshing));
    assert_eq!(world.open(), Err(Error::State));
    world.run_quietly();
    world.check();
    let kinds: Vec<_> = kinds(&world)[before..].iter().map(|(_, kind)| *kind).collect();
    assert_eq!(kinds, [19, 17, 18, 17, 18]);
    // A Refresh says which session it belongs to.
    let frame = &world.sent[before].1;
    let Ok(Message::Refresh { session, generation: 1 }) = Message::decode(&frame[4..frame.len() - 32]) else { panic!() };
    assert_eq!(Some(session), world.mas.number());
    gateways.install_newest(&world);
    assert_eq!(world.of_initiator[1].table.schedule().start(), secs(1064));
    assert_eq!(gateways.pass(secs(1064)), Ok(KeyIndex::new(HOST, 0)));
    // Under way again, the server refreshes by itself.
    assert_eq!(world.mas.next_deadline(), Some(secs(1064 + 60 - 10)));
}

/// The third one.
#[test]
fn a_follow_on_session_needs_a_call_setup_once_the_certificate_has_expired() {
    let mut world = World::established();
    world.now = secs(1300);
    assert_eq!(world.initiator.refresh(world.now), Err(Error::CertificateExpired));
    assert_eq!(world.open(), Ok(Open::CallSetup));
    // The server and the responder have a machine for each call setup.
    world.mas = mas::Session::new(world.now, mas_config());
    world.responder = Responder::new(world.now, config("pfgs2"), HOST);
    world.run_quietly();
    assert_eq!((world.of_initiator.len(), world.of_responder.len()), (2, 2));
    let (first, second) = (&world.of_initiator[0], &world.of_initiator[1]);
    assert_eq!((second.generation, second.expiry), (1, secs(1600)));
    assert!((0..4).all(|index| first.table.key(index) != second.table.key(index)));
    assert_eq!(world.mas.number(), Some(2));
}

#[test]
fn the_server_refuses_a_refresh_behind_the_certificates_end() {
    let mut world = World::established();
    world.initiator.refresh(secs(1299)).unwrap();
    // Its clock is behind; the server's is not.
    world.now = secs(1300);
    world.run_quietly();
    assert_eq!(world.terminated, [(To::Initiator, TerminateReason::CertificateExpired)]);
    let error = Some(Error::Terminated(TerminateReason::CertificateExpired));
    assert_eq!((world.mas.ended(), world.initiator.ended()), (error, error));
    assert_eq!(world.of_initiator.len(), 1);
    // Nor does it send a table by itself.
    let mut world = World::established();
    world.now = secs(1300);
    world.handle_timeout();
    world.run_quietly();
    assert_eq!((world.of_initiator.len(), world.mas.generation()), (1, 1));
}

#[test]
fn gateways_ask_for_a_refresh_themselves_and_both_at_once() {
    for both in [false, true] {
        let mut world = World::established();
        world.now = secs(1040);
        world.responder.refresh(world.now).unwrap();
        world.responder.refresh(world.now).unwrap();
        if both {
            world.initiator.refresh(world.now).unwrap();
        }
        world.run_quietly();
        world.check();
        assert_eq!((world.of_initiator.len(), world.of_responder.len()), (2, 2));
        assert_eq!((world.initiator.ended(), world.mas.ended(), world.responder.ended()), (None, None, None));
        assert_eq!((world.initiator.next_deadline(), world.responder.next_deadline()), (None, None));
    }
}

#[test]
fn who_is_not_authorised_gets_no_answer() {
    for (user, expected) in [("pfgs1", Field::Initiator), ("pfgs2", Field::Responder)] {
        let mut world = World::new();
        assert!(world.database.revoke(&name(user)) && !world.database.revoke(&name(user)));
        world.open().unwrap();
        world.run_quietly();
        assert_eq!((world.mas.ended(), world.sent.len()), (Some(Error::Unauthorised(expected)), 1));
        assert_eq!(Error::Unauthorised(expected).reaction(), Reaction::EndSession);
        assert_eq!(world.mas_events, []);
        world.now += secs(10);
        world.handle_timeout();
        assert_eq!(world.initiator.ended(), Some(Error::Timeout));
    }
    // A session with oneself.
    let mut world = World::new();
    world.initiator = Initiator::new(config("pfgs1"), name("pfgs1"));
    world.open().unwrap();
    world.run_quietly();
    assert_eq!(world.mas.ended(), Some(Error::Unauthorised(Field::Responder)));
    // A user that was revoked in between.
    for user in ["pfgs1", "pfgs2"] {
        let mut world = World::new();
        world.open().unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = world.initiator.poll_transmit() {
            frames.push(frame);
        }
        world.deliver(To::Mas(Side::Initiator), &frames.concat()).unwrap();
        world.database.revoke(&name(user));
        world.run_quietly();
        assert!(matches!(world.mas.ended(), Some(Error::Unauthorised(_))));
        assert!(world.of_responder.is_empty());
    }
}

#[test]
fn a_party_with_another_long_term_key_gets_no_table() {
    let other = || LongTermKey::new(&[7; 32]).unwrap();
    for who in 0..3 {
        let mut world = World::new();
        match who {
            0 => {
                world.initiator =
                    Initiator::new(llpf_wire::session::GatewayConfig { key: other(), ..config("pfgs1") }, name("pfgs2"))
            }
            1 => world.database.authorise(name("pfgs2"), other()).unwrap(),
            _ => {
                world.responder =
                    Responder::new(world.now, llpf_wire::session::GatewayConfig { key: other(), ..config("pfgs2") }, HOST)
            }
        }
        world.open().unwrap();
        world.run_quietly();
        world.now += secs(10);
        world.handle_timeout();
        let ended = [world.initiator.ended(), world.mas.ended(), world.responder.ended()];
        assert!(ended.contains(&Some(Error::Authentication)), "{ended:?}");
        assert!(world.of_initiator.is_empty() && world.of_responder.is_empty());
    }
    // An invitation for somebody else.
    let mut world = World::new();
    world.responder = Responder::new(world.now, config("pfgs1"), HOST);
    world.open().unwrap();
    world.run_quietly();
    assert_eq!(world.responder.ended(), Some(Error::Unauthorised(Field::Responder)));
}

/// What a hostile network does with one message.
#[derive(Debug, Clone, Copy)]
enum Attack {
    Lose,
    Duplicate,
    /// Deliver it behind the next message that goes the same way, or when nothing else is under way.
    Delay,
    Cut(usize),
    Alter(usize, u8),
    /// Deliver the message before it instead.
    Replay,
}

/// Runs a call setup, a refresh by each side and a termination with one attack, and then until all time is up.
fn attacked(number: usize, attack: Attack) -> World {
    let mut world = World::new();
    let mut held: Option<(To, Vec<u8>)> = None;
    let mut before = std::collections::BTreeMap::<String, Vec<u8>>::new();
    let mut step = |world: &mut World| {
        world.run(|at, to, frame| {
            let last = before.insert(format!("{to:?}"), frame.clone());
            if let Some((_, late)) = held.take_if(|(whither, _)| *whither == to) {
                return vec![frame, late];
            }
            if at != number {
                return vec![frame];
            }
            match attack {
                Attack::Lose => vec![],
                Attack::Duplicate => vec![frame.clone(), frame],
                Attack::Delay => {
                    held = Some((to, frame));
                    vec![]
                }
                Attack::Cut(len) => vec![frame[..len].to_vec()],
                Attack::Alter(position, flip) => {
                    let mut frame = frame;
                    frame[position] ^= flip;
                    vec![frame]
                }
                Attack::Replay => vec![last.unwrap_or_default()],
            }
        });
        if let Some((to, late)) = held.take() {
            let _ = world.deliver(to, &late);
        }
        world.check();
    };
    world.open().unwrap();
    step(&mut world);
    step(&mut world);
    world.now = secs(1040);
    let _ = world.initiator.refresh(world.now);
    step(&mut world);
    step(&mut world);
    world.now = secs(1045);
    let _ = world.responder.refresh(world.now);
    step(&mut world);
    world.now = secs(1046);
    let _ = world.initiator.terminate(TerminateReason::Finished);
    step(&mut world);
    // Until nothing waits any more: at most the timeouts and the refreshes of the certificate's life.
    for _ in 0..40 {
        let Some(next) = world.next_deadline() else { break };
        world.now = world.now.max(next);
        world.handle_timeout();
        step(&mut world);
    }
    assert_eq!(world.next_deadline(), None, "message {number}, {attack:?}");
    world
}

/// Messages of the undisturbed run: call setup 12, two refreshes of 5, and 2 to terminate.
const MESSAGES: usize = 12 + 5 + 5 + 2;

#[test]
fn without_an_attack_everything_arrives() {
    let world = attacked(usize::MAX, Attack::Lose);
    assert_eq!((world.sent.len(), world.of_initiator.len(), world.of_responder.len()), (MESSAGES, 3, 3));
    assert_eq!(world.terminated, [(To::Responder, TerminateReason::Finished)]);
}

/// Tables that the initiator gets if the message `number` does not arrive. Of a lost one nothing is seen until the next of its direction: the first request for a
/// refresh lost, the other gateway's gets both of them a table.
fn tables_after(number: usize) -> usize {
    // Nor does the server see that the session was to end: it goes on refreshing.
    let tables = [11, 12, 21, 22].iter().filter(|last| number >= **last).count();
    tables - usize::from((13..16).contains(&number) || number == 23)
}

#[test]
fn a_message_lost_at_any_point_gives_nobody_a_wrong_table() {
    for number in 0..MESSAGES {
        let world = attacked(number, Attack::Lose);
        // Whoever waits for it gives up.
        let ended = [world.initiator.ended(), world.mas.ended(), world.responder.ended()];
        assert!(number >= MESSAGES - 2 || ended.iter().any(Option::is_some) || !world.terminated.is_empty(), "{number}");
        assert_eq!(world.of_initiator.len(), tables_after(number), "{number}");
    }
}

#[test]
fn a_message_repeated_or_replayed_at_any_point_ends_the_session() {
    for number in 0..MESSAGES {
        for attack in [Attack::Duplicate, Attack::Replay] {
            let (to, _) = attacked(usize::MAX, Attack::Lose).sent[number].clone();
            let world = attacked(number, attack);
            let ended = match to {
                To::Initiator => world.initiator.ended(),
                To::Responder => world.responder.ended(),
                To::Mas(_) => world.mas.ended(),
            };
            // The first message of a direction has none before it.
            let is_first = matches!(number, 0 | 1 | 2 | 4) && matches!(attack, Attack::Replay);
            assert!(
                is_first || matches!(ended, Some(Error::Authentication | Error::OutOfTurn { .. })),
                "{number} {attack:?}: {ended:?}"
            );
        }
    }
}

#[test]
fn messages_out_of_order_at_any_point_give_nobody_a_wrong_table() {
    let mut survived = 0;
    for number in 0..MESSAGES {
        let world = attacked(number, Attack::Delay);
        survived += usize::from(world.of_initiator.len() == 3);
    }
    // What is late by itself is no harm; what another message of its direction overtakes is.
    assert!(survived > 0 && survived < MESSAGES, "{survived}");
}

#[test]
fn a_message_cut_at_any_position_gives_nobody_a_wrong_table() {
    let whole = attacked(usize::MAX, Attack::Lose).sent;
    for (number, (_, frame)) in whole.iter().enumerate() {
        for len in 0..frame.len() {
            let world = attacked(number, Attack::Cut(len));
            assert_eq!(world.of_initiator.len(), tables_after(number), "message {number} cut to {len}");
        }
    }
}

#[test]
fn a_message_altered_at_any_position_gives_nobody_a_table() {
    let whole = attacked(usize::MAX, Attack::Lose).sent;
    for (number, (to, frame)) in whole.iter().enumerate() {
        for position in 0..frame.len() {
            for flip in [1, 0x80] {
                let world = attacked(number, Attack::Alter(position, flip));
                // A Length word that grew is waited for, as if the message were lost; else it is seen at once.
                let most = tables_after(number);
                let least = most - usize::from(matches!(number, 12 | 22));
                let tables = world.of_initiator.len();
                assert!(tables == least || position < 4 && tables == most, "message {number} altered at {position}: {tables}");
                assert!(world.of_responder.len() <= [7, 12, 19].iter().filter(|last| number >= **last).count() + 1);
                let ended = match to {
                    To::Initiator => world.initiator.ended(),
                    To::Responder => world.responder.ended(),
                    To::Mas(_) => world.mas.ended(),
                };
                // A length that grew within its limit waits for octets that never come.
                let is_longer = position < 4 && (number >= MESSAGES - 2 || !world.terminated.is_empty());
                assert!(ended.is_some() || is_longer, "message {number} altered at {position}");
            }
        }
    }
}

#[test]
fn octets_may_come_in_pieces_of_any_size() {
    for size in [1, 2, 3, 7, 64] {
        let mut world = World::new();
        world.open().unwrap();
        world.run(|_, _, frame| frame.chunks(size).map(<[u8]>::to_vec).collect());
        world.check();
        assert_eq!((world.of_initiator.len(), world.mas.ended()), (1, None));
    }
}

#[test]
fn lengths_over_the_limit_are_refused_before_the_octets_come() {
    let mut world = World::new();
    let error = |found, needed| Err(Error::Length { field: Field::MessageLength, offset: 0, found, needed });
    let long = MAX_SHORT_LEN as u32;
    for side in [Side::Initiator, Side::Responder] {
        world.mas = mas::Session::new(world.now, mas_config());
        assert_eq!(world.deliver(To::Mas(side), &(long + 1).to_be_bytes()), error(long + 1, long));
        assert_eq!(world.deliver(To::Mas(side), &[]), error(long + 1, long));
    }
    assert_eq!(world.deliver(To::Responder, &u32::MAX.to_be_bytes()), error(u32::MAX, long));
    assert_eq!(world.deliver(To::Initiator, &1u32.to_be_bytes()), error(1, 2));
    // Once tables may come, they may be as long as the gateway was told.
    let mut world = World::established();
    let most = (1 << 21) + 2 + 4 + 16 + 32 + 16 + 32;
    assert_eq!(world.deliver(To::Initiator, &u32::to_be_bytes(most)), Ok(()));
    let mut world = World::established();
    assert_eq!(world.deliver(To::Initiator, &u32::to_be_bytes(most + 1)), error(most + 1, most));
    for (max_table_len, tables) in [(127, 0), (128, 1)] {
        let mut world = World::new();
        let config = llpf_wire::session::GatewayConfig { max_table_len, ..config("pfgs1") };
        world.initiator = Initiator::new(config, name("pfgs2"));
        // 8 keys of 16 octets.
        world.mas = mas::Session::new(world.now, mas::Config { keys: 8, ..mas_config() });
        world.open().unwrap();
        world.run_quietly();
        assert_eq!((world.of_initiator.len(), world.of_responder.len()), (tables, 1));
    }
}

#[test]
fn secured_types_in_the_clear_and_clear_types_behind_the_keys_are_out_of_turn() {
    let frame = |kind: u8, len: u32| [&len.to_be_bytes()[..], &[1, kind], &vec![0; len as usize - 2]].concat();
    for kind in 0..=255u8 {
        let found = World::new().deliver(To::Responder, &frame(kind, 40));
        match kind {
            16.. => assert_eq!(found, Err(Error::OutOfTurn { found: kind })),
            3 | 6 => assert!(found.is_err()),
            _ => assert!(found.is_err(), "{kind}"),
        }
        let found = World::established().deliver(To::Initiator, &frame(kind, 40));
        assert_eq!(found, Err(if kind < 16 { Error::OutOfTurn { found: kind } } else { Error::Authentication }));
    }
    // Well-formed, and out of turn.
    let proof = [0; 32];
    let response = Message::Response { proof }.encode();
    assert_eq!(World::new().deliver(To::Responder, &response), Err(Error::OutOfTurn { found: 3 }));
    assert_eq!(World::new().deliver(To::Initiator, &response), Err(Error::OutOfTurn { found: 3 }));
    assert_eq!(World::new().deliver(To::Mas(Side::Responder), &response), Err(Error::OutOfTurn { found: 3 }));
}

#[test]
fn silence_ends_a_session_in_time() {
    // A connection without a request.
    let mut world = World::new();
    assert_eq!(world.next_deadline(), Some(secs(1010)));
    world.now = secs(1009);
    world.handle_timeout();
    assert_eq!(world.mas.ended(), None);
    world.now = secs(1010);
    world.handle_timeout();
    assert_eq!(
        (world.mas.ended(), world.responder.ended(), world.next_deadline()),
        (Some(Error::Timeout), Some(Error::Timeout), None)
    );
}

#[test]
fn a_gateway_without_a_table_has_nothing_to_refresh_or_end() {
    let mut world = World::new();
    assert_eq!(world.initiator.refresh(world.now), Err(Error::State));
    assert_eq!(world.initiator.terminate(TerminateReason::Finished), Err(Error::State));
    assert_eq!(world.responder.terminate(TerminateReason::Finished), Err(Error::State));
    assert_eq!(world.mas.terminate(TerminateReason::Finished), Err(Error::State));
    assert_eq!((world.mas.number(), world.initiator.generation()), (None, 0));
    world.open().unwrap();
    assert_eq!(world.open(), Err(Error::State));
}

#[test]
fn who_fetches_nothing_has_the_session_ended_and_memory_stays_bounded() {
    let mut world = World::established();
    // The server refreshes again and again; the gateway that acknowledges is never asked what it has to say.
    for _ in 0..40 {
        if world.mas.terminate(TerminateReason::Finished).is_err() {
            break;
        }
    }
    assert!(std::iter::from_fn(|| world.mas.poll_transmit(Side::Initiator)).count() <= 16);
}

#[test]
fn two_sessions_never_get_the_same_table() {
    // The generator is in the same state twice: the server notices.
    let mut world = World::established();
    let first: Vec<_> = world.sent.clone();
    let mut again = World::new();
    std::mem::swap(&mut again.database, &mut world.database);
    again.open().unwrap();
    again.run_quietly();
    assert_eq!((again.mas.ended(), again.of_responder.len()), (Some(Error::Randomness), 0));
    assert_eq!(again.mas.number(), Some(2));
    assert_eq!(first[0], again.sent[0]);
}

#[test]
fn a_full_database_takes_no_more_users() {
    let mut world = World::new();
    let error = Error::DoesNotFit { field: Field::Users, found: 3, needed: 2 };
    assert_eq!(world.database.authorise(name("pfgs3"), config("pfgs3").key), Err(error));
    assert_eq!(world.database.authorise(name("pfgs1"), config("pfgs1").key), Ok(()));
    assert_eq!(LongTermKey::new(&[0; 15]).err(), Some(Error::KeyLength { field: Field::LongTermKey, found: 15, needed: 16 }));
}

#[test]
fn debug_shows_no_key_of_a_session() {
    let world = World::established();
    let shown = format!("{:?} {:?} {:?} {:?} {:?}", world.initiator, world.mas, world.responder, world.database, config("pfgs1"));
    assert!(shown.contains("pfgs1") && !shown.contains("long-term key of"));
    for got in &world.of_initiator {
        for index in 0..4 {
            let key = format!("{:?}", got.table.key(index).unwrap());
            assert!(!shown.contains(&key[1..key.len() - 1]));
        }
    }
    assert!(format!("{:?}", LongTermKey::new(b"0123456789abcdef").unwrap()).len() < 30);
}

#[test]
fn large_tables_of_every_algorithm_arrive_whole() {
    for algorithm in llpf_wire::Algorithm::ALL {
        for keys in [1, 2, 3, 4, 4096] {
            let mut world = World::new();
            world.mas = mas::Session::new(world.now, mas::Config { algorithm, keys, ..mas_config() });
            world.open().unwrap();
            world.run_quietly();
            let (one, two): (&KeyTable, &KeyTable) = (&world.of_initiator[0].table, &world.of_responder[0].table);
            assert_eq!((one.len(), one.algorithm(), one.key_len()), (keys, algorithm, algorithm.key_len()));
            assert!((0..keys as u16).all(|index| one.key(index) == two.key(index) && one.key(index).is_some()));
        }
    }
}

/// Keeps the imports of the data side in one place.
#[test]
fn a_packet_of_another_sessions_table_is_refused() {
    let world = World::established();
    let mut gateways = Gateways::new(&world);
    let other = KeyTable::generate(llpf_wire::Algorithm::HmacMd5, secs(1002), secs(15), 4, &mut Rng(99)).unwrap();
    let mut stranger = Sender::new(outer(4), SenderPolicy::default(), HOST, other);
    let mut packet: PacketBuf<Vec<u8>> = buffer(&INNER_4);
    stranger.seal(secs(1002), &mut packet).unwrap();
    assert_eq!(gateways.filter.filter(secs(1002), &mut packet), Err(Error::Authentication));
}
