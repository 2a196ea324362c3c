use std::time::Duration;

use atm_cell::cell::{Header, Kind};
use atm_cell::oam::alarm::{Action, Monitor, Timers};
use atm_cell::oam::loopback::{Answer, Pending, Reply, Requester, Responder};
use atm_cell::oam::{Contents, Flow, Message, View};
use atm_cell::{Interface, Vc, Vci, Vpi, crc10};

use super::{Input, check_error, crc10 as serial_crc10};

/// Payloads survive, CRC-10s are those of the definition, no reply is looped, tables and alarms keep to their rules.
pub fn oam(data: &[u8]) {
    for payload in data.as_chunks::<48>().0 {
        check(payload);
        let mut sealed = *payload;
        crc10::seal(&mut sealed);
        check(&sealed);
    }
    for word in data.as_chunks::<4>().0 {
        for interface in [Interface::Uni, Interface::Nni] {
            let header = Header::from_word(u32::from_be_bytes(*word), interface);
            let is_oam = matches!(header.kind(), Kind::OamF4 { .. } | Kind::OamF5 { .. });
            assert_eq!(Flow::of(&header).is_some(), is_oam);
            if let Some(flow) = Flow::of(&header) {
                let again = flow.header(interface, header.vc).expect("it is one");
                assert_eq!(Flow::of(&again), Some(flow));
                assert_eq!(again.vc, header.vc);
            }
        }
    }
    requests(data);
    alarms(data);
}

fn check(payload: &[u8; 48]) {
    let carried = u16::from_be_bytes([payload[46], payload[47]]) & 0x3ff;
    assert_eq!((crc10::compute(payload), crc10::carried(payload)), (serial_crc10(payload), carried));
    let view = match View::parse(payload) {
        Ok(view) => view,
        Err(error) => {
            assert_ne!(serial_crc10(payload), carried);
            return check_error(&error, payload.len());
        }
    };
    assert_eq!(serial_crc10(payload), carried);
    let message = match Message::from_view(view) {
        Ok(message) => message,
        Err(error) => return check_error(&error, payload.len()),
    };
    assert_eq!(message.to_octets(), *payload);
    assert_eq!((message.contents.oam_type(), message.contents.function()), (view.oam_type(), view.function()));
    for location in [None, Some([0x11; 16]), Some([0xff; 16]), Some([0; 16])] {
        for end_point in [false, true] {
            let responder = Responder { location, end_point };
            let Contents::Loopback(loopback) = message.contents else {
                assert!(responder.answer(view).is_err());
                continue;
            };
            let everyone = loopback.location == [0xff; 16];
            let own = if everyone { end_point } else { location == Some(loopback.location) };
            match responder.answer(view).expect("a loopback cell") {
                Answer::Reply(octets) => {
                    assert!(loopback.is_request() && own);
                    let reply = View::parse(&octets).expect("its CRC is right");
                    // No point answers an answer.
                    for responder in
                        [responder, Responder::END_POINT, Responder { location: Some(loopback.location), end_point: true }]
                    {
                        assert_eq!(responder.answer(reply), Ok(Answer::AlreadyLooped));
                    }
                    assert_eq!(octets[1], payload[1] & 0xfe);
                    assert_eq!((octets[0], &octets[2..46], octets[46] >> 2), (payload[0], &payload[2..46], payload[46] >> 2));
                }
                Answer::AlreadyLooped => assert!(!loopback.is_request()),
                Answer::OtherLocation => assert!(loopback.is_request() && !own),
            }
        }
    }
}

fn requests(data: &[u8]) {
    let mut input = Input(data);
    let mut slots: [Option<Pending>; 3] = [None; 3];
    let mut requester = Requester::new(&mut slots, [0x6a; 16]);
    let mut waiting: Vec<(u32, Vc, Flow, Duration)> = vec![];
    let mut now = Duration::ZERO;
    while !input.is_empty() {
        let (what, arg) = (input.octet(), input.octet());
        let vc = Vc::new(Vpi::ZERO, Vci::new(32 + u16::from(arg & 1)));
        let flow = Flow::ALL[usize::from(arg >> 1 & 3)];
        match what & 3 {
            0 => match requester.request(now, vc, flow, [0xff; 16]) {
                Ok(loopback) => {
                    assert!(loopback.is_request() && waiting.len() < 3);
                    assert!(waiting.iter().all(|(tag, ..)| *tag != loopback.correlation_tag));
                    waiting.push((loopback.correlation_tag, vc, flow, now));
                }
                Err(_) => assert_eq!(waiting.len(), 3),
            },
            1 => {
                let tag = waiting.get(usize::from(arg >> 3 & 3)).map_or(u32::from(arg), |(tag, ..)| *tag);
                let mut loopback = atm_cell::oam::Loopback::request(tag);
                loopback.indication = arg >> 5 & 1;
                if arg & 0xc0 == 0xc0 {
                    loopback.source = [7; 16];
                }
                let octets = Message::new(Contents::Loopback(loopback)).to_octets();
                let view = View::parse(&octets).expect("its CRC is right");
                let found = waiting.iter().position(|&(t, v, f, sent)| {
                    (t, v, f) == (tag, vc, flow) && now < sent + Duration::from_secs(5) && loopback.source == [0x6a; 16]
                });
                match (requester.handle(now, vc, flow, view).expect("a loopback cell"), found) {
                    (Reply::Request, _) => assert!(loopback.is_request()),
                    (Reply::Answered(pending, took), Some(at)) => {
                        let (tag, vc, flow, sent) = waiting.remove(at);
                        assert_eq!((pending.correlation_tag(), pending.vc(), pending.flow(), took), (tag, vc, flow, now - sent));
                    }
                    (reply, found) => assert_eq!((reply, found), (Reply::Unexpected, None)),
                }
            }
            2 => now += Duration::from_millis(u64::from(arg) * 30),
            _ => {
                while let Some(pending) = requester.poll(now) {
                    let at = waiting.iter().position(|(tag, ..)| *tag == pending.correlation_tag()).expect("it waited");
                    assert!(waiting.remove(at).3 + Duration::from_secs(5) <= now);
                }
                assert!(waiting.iter().all(|(.., sent)| *sent + Duration::from_secs(5) > now));
            }
        }
        assert_eq!(requester.next_deadline(), waiting.iter().map(|(.., sent)| *sent + Duration::from_secs(5)).min());
    }
}

fn alarms(data: &[u8]) {
    let timers = Timers::NOMINAL;
    let mut monitor = Monitor::new(timers);
    let mut input = Input(data);
    let (mut now, mut sent) = (Duration::ZERO, None::<Duration>);
    // Until when each lasts, and when there was last a sign of life while the check is on.
    let (mut ais, mut rdi, mut alive) = (None::<Duration>, None::<Duration>, None::<Duration>);
    let mut reported = Default::default();
    while !input.is_empty() {
        let (what, arg) = (input.octet(), input.octet());
        now += Duration::from_millis(u64::from(arg) * 8);
        match what % 6 {
            0 => {
                monitor.handle_ais(now);
                ais = Some(now);
            }
            1 => {
                monitor.handle_rdi(now);
                rdi = Some(now);
            }
            2 | 3 => {
                if what % 6 == 2 {
                    monitor.handle_user_cell(now)
                } else {
                    monitor.handle_continuity_check(now)
                }
                ais = None;
                alive = alive.map(|_| now);
            }
            4 => {
                monitor.set_continuity_check(now, what & 0x80 == 0);
                alive = (what & 0x80 == 0).then_some(now);
            }
            _ => {}
        }
        for polls in 0.. {
            assert!(polls < 4, "polling comes to an end");
            match monitor.poll(now) {
                Action::Idle => break,
                Action::Report(alarms) => {
                    assert_ne!(alarms, reported);
                    reported = alarms;
                }
                Action::SendRdi => {
                    assert!(reported.ais || reported.loc);
                    assert!(sent.is_none_or(|sent| now >= sent + timers.period));
                    sent = Some(now);
                }
            }
        }
        assert_eq!(reported, monitor.alarms());
        let within = |since: Option<Duration>, time: Duration| since.is_some_and(|since| now < since + time);
        assert_eq!((reported.ais, reported.rdi), (within(ais, timers.hold), within(rdi, timers.hold)));
        assert_eq!(reported.loc, alive.is_some() && !within(alive, timers.continuity));
        if !(reported.ais || reported.loc) {
            sent = None;
        }
        assert!(monitor.next_deadline().is_none_or(|deadline| deadline > now));
    }
}
