use proptest::prelude::*;
use std::vec::Vec;

use super::super::{Alarm, Level, Message, Scope};
use super::*;
use crate::{Vci, Vpi};

const OWN: [u8; 16] = *b"node-0123456789A";
const OTHER: [u8; 16] = *b"node-0123456789B";
const F5: Flow = Flow { level: Level::F5, scope: Scope::EndToEnd };
const F5_SEGMENT: Flow = Flow { level: Level::F5, scope: Scope::Segment };

fn vc(vci: u16) -> Vc {
    Vc::new(Vpi::ZERO, Vci::new(vci))
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn cell(loopback: Loopback) -> [u8; 48] {
    Message::new(Contents::Loopback(loopback)).to_octets()
}

fn reply(request: Loopback) -> [u8; 48] {
    cell(Loopback { indication: request.indication & !1, ..request })
}

#[test]
fn a_request_is_looped_with_its_indication_cleared_and_all_else_kept() {
    for indication in (1..=u8::MAX).step_by(2) {
        let request = Loopback { indication, unused: [indication; 8], source: OTHER, ..Loopback::request(0xdead_beef) };
        let mut octets = cell(request);
        octets[46] |= 0xa4;
        crc10::seal(&mut octets);
        let Answer::Reply(answer) = Responder::END_POINT.answer(View::parse(&octets).unwrap()).unwrap() else { panic!() };
        octets[1] = indication - 1;
        crc10::seal(&mut octets);
        assert_eq!(answer, octets);
    }
}

#[test]
fn a_reply_is_never_looped_again() {
    for location in [Loopback::END_POINT, OWN, OTHER] {
        let octets = reply(Loopback { location, ..Loopback::request(1) });
        let responder = Responder { location: Some(OWN), end_point: true };
        assert_eq!(responder.answer(View::parse(&octets).unwrap()), Ok(Answer::AlreadyLooped));
    }
    let octets = cell(Loopback::request(1));
    let Answer::Reply(answer) = Responder::END_POINT.answer(View::parse(&octets).unwrap()).unwrap() else { panic!() };
    assert_eq!(Responder::END_POINT.answer(View::parse(&answer).unwrap()), Ok(Answer::AlreadyLooped));
}

#[test]
fn only_the_addressed_point_loops() {
    let mut close = [0xff; 16];
    close[15] = 0xfe;
    for (location, own, end_point, loops) in [
        (Loopback::END_POINT, None, true, true),
        (Loopback::END_POINT, None, false, false),
        (Loopback::END_POINT, Some(OWN), false, false),
        (Loopback::END_POINT, Some(Loopback::END_POINT), false, false),
        (OWN, Some(OWN), false, true),
        (OWN, Some(OWN), true, true),
        (OWN, None, true, false),
        (OTHER, Some(OWN), true, false),
        ([0; 16], Some(OWN), true, false),
        ([0; 16], None, true, false),
        ([0x6a; 16], None, true, false),
        (close, None, true, false),
    ] {
        let octets = cell(Loopback { location, ..Loopback::request(1) });
        let answer = Responder { location: own, end_point }.answer(View::parse(&octets).unwrap()).unwrap();
        assert_eq!(matches!(answer, Answer::Reply(_)), loops, "{location:x?} {own:x?} {end_point}");
        assert!(loops || answer == Answer::OtherLocation);
    }
}

#[test]
fn cells_of_other_functions_are_refused() {
    let octets = Message::new(Contents::Rdi(Alarm::PLAIN)).to_octets();
    let view = View::parse(&octets).unwrap();
    let error = Error::Unsupported { field: Field::OamFunction, offset: 0, found: 1 };
    assert_eq!(Responder::END_POINT.answer(view), Err(error));
    let mut slots = [None; 1];
    assert_eq!(Requester::new(&mut slots, OWN).handle(ms(0), vc(32), F5, view), Err(error));
    let error = Error::Unsupported { field: Field::OamType, offset: 0, found: 0 };
    assert_eq!(Responder::END_POINT.answer(View::parse(&[0; 48]).unwrap()), Err(error));
}

#[test]
fn a_reply_in_time_gives_the_round_trip() {
    let mut slots = [None; 2];
    let mut requester = Requester::new(&mut slots, OWN);
    assert_eq!(requester.next_deadline(), None);
    let request = requester.request(ms(100), vc(32), F5, OTHER).unwrap();
    assert_eq!((request.location, request.source, request.is_request(), request.unused), (OTHER, OWN, true, [0x6a; 8]));
    assert_eq!(requester.next_deadline(), Some(ms(5100)));
    let octets = reply(request);
    let Reply::Answered(pending, took) = requester.handle(ms(5099), vc(32), F5, View::parse(&octets).unwrap()).unwrap() else {
        panic!()
    };
    assert_eq!((pending.vc(), pending.flow(), pending.correlation_tag()), (vc(32), F5, request.correlation_tag));
    assert_eq!((took, requester.next_deadline(), requester.poll(ms(9999))), (ms(4999), None, None));
    let again = requester.handle(ms(5099), vc(32), F5, View::parse(&octets).unwrap());
    assert_eq!(again, Ok(Reply::Unexpected));
}

#[test]
fn a_reply_must_have_the_requests_connection_flow_tag_and_source() {
    let mut slots = [None; 2];
    let mut requester = Requester::new(&mut slots, OWN);
    let request = requester.request(ms(0), vc(32), F5, Loopback::END_POINT).unwrap();
    let tag = request.correlation_tag;
    for (vc, flow, loopback) in [
        (vc(33), F5, request),
        (vc(32), F5_SEGMENT, request),
        (vc(32), F5, Loopback { correlation_tag: tag ^ 1, ..request }),
        (vc(32), F5, Loopback { correlation_tag: tag ^ 1 << 31, ..request }),
        (vc(32), F5, Loopback { source: OTHER, ..request }),
    ] {
        let octets = reply(loopback);
        assert_eq!(requester.handle(ms(1), vc, flow, View::parse(&octets).unwrap()), Ok(Reply::Unexpected));
    }
    let octets = cell(request);
    assert_eq!(requester.handle(ms(1), vc(32), F5, View::parse(&octets).unwrap()), Ok(Reply::Request));
    let octets = reply(request);
    let answer = requester.handle(ms(1), vc(32), F5, View::parse(&octets).unwrap()).unwrap();
    assert!(matches!(answer, Reply::Answered(..)));
}

#[test]
fn a_request_without_reply_fails_after_five_seconds_the_earliest_first() {
    assert_eq!(TIMEOUT, ms(5000));
    let mut slots = [None; 3];
    let mut requester = Requester::new(&mut slots, OWN);
    let late = requester.request(ms(10), vc(33), F5, OTHER).unwrap();
    // A clock that goes backwards is held.
    requester.request(ms(5), vc(34), F5, OTHER).unwrap();
    requester.request(ms(20), vc(35), F5, OTHER).unwrap();
    assert_eq!((requester.poll(ms(5009)), requester.next_deadline()), (None, Some(ms(5010))));
    let octets = reply(late);
    let view = View::parse(&octets).unwrap();
    assert_eq!(requester.handle(ms(5010), vc(33), F5, view), Ok(Reply::Unexpected));
    assert_eq!(requester.poll(ms(5010)).map(|pending| pending.vc()), Some(vc(33)));
    assert_eq!(requester.poll(ms(0)).map(|pending| pending.vc()), Some(vc(34)));
    assert_eq!((requester.poll(ms(5019)), requester.next_deadline()), (None, Some(ms(5020))));
    assert_eq!(requester.poll(ms(5020)).map(|pending| pending.vc()), Some(vc(35)));
    assert_eq!((requester.poll(ms(9000)), requester.next_deadline()), (None, None));
}

#[test]
fn a_full_table_takes_no_more_and_tags_wrap_past_those_that_wait() {
    let mut slots = [Some(Pending { vc: vc(1), flow: F5, correlation_tag: 9, sent: ms(0) }); 2];
    let mut requester = Requester::new(&mut slots, OWN);
    assert_eq!(requester.next_deadline(), None);
    requester.next_tag = u32::MAX;
    assert_eq!(requester.request(ms(0), vc(32), F5, OTHER).unwrap().correlation_tag, u32::MAX);
    assert_eq!(requester.request(ms(1), vc(32), F5, OTHER).unwrap().correlation_tag, 0);
    let error = Error::TableFull { field: Field::LoopbackTable, limit: 2 };
    assert_eq!(requester.request(ms(2), vc(32), F5, OTHER), Err(error));
    assert_eq!(requester.poll(ms(5000)).map(|pending| pending.correlation_tag()), Some(u32::MAX));
    requester.next_tag = 0;
    assert_eq!(requester.request(ms(5000), vc(32), F5, OTHER).unwrap().correlation_tag, 1);
    assert_eq!(requester.next_tag, 2);
    assert_eq!(
        Requester::new(&mut [], OWN).request(ms(0), vc(1), F5, OTHER),
        Err(Error::TableFull { field: Field::LoopbackTable, limit: 0 })
    );
}

proptest! {
    #[test]
    fn each_request_ends_once_in_a_reply_or_a_timeout(steps in prop::collection::vec((0..3u8, 0..3000u64, any::<u8>()), 0..60)) {
        let mut slots = [None; 4];
        let mut requester = Requester::new(&mut slots, OWN);
        let mut model: Vec<(Loopback, u64)> = Vec::new();
        let mut now = 0;
        for (step, wait, pick) in steps {
            now += wait;
            match step {
                0 => match requester.request(ms(now), vc(32), F5, OTHER) {
                    Ok(request) => {
                        prop_assert!(model.iter().all(|(other, _)| other.correlation_tag != request.correlation_tag));
                        model.push((request, now));
                    }
                    Err(_) => prop_assert_eq!(model.len(), 4),
                },
                1 if !model.is_empty() => {
                    let at = usize::from(pick) % model.len();
                    let (request, sent) = model[at];
                    let octets = reply(request);
                    match requester.handle(ms(now), vc(32), F5, View::parse(&octets).unwrap()).unwrap() {
                        Reply::Answered(_, took) => {
                            prop_assert_eq!((took, now < sent + 5000), (ms(now - sent), true));
                            model.remove(at);
                        }
                        other => prop_assert_eq!((other, now >= sent + 5000), (Reply::Unexpected, true)),
                    }
                }
                _ => while let Some(pending) = requester.poll(ms(now)) {
                    let (request, sent) = model.remove(0);
                    prop_assert_eq!((pending.correlation_tag(), now >= sent + 5000), (request.correlation_tag, true));
                },
            }
            prop_assert_eq!(requester.next_deadline(), model.iter().map(|(_, sent)| ms(sent + 5000)).min());
        }
    }
}
