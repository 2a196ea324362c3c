//! Packets through agreements.

use std::vec;
use std::vec::Vec;

use ip_wire::{DsField, Ecn, Protocol, ipv4, ipv6};
use proptest::prelude::*;

use super::*;
use crate::agreement::{Egress, Rule};
use crate::classifier::Match;
use crate::meter::{Mode, Profile, SrTcm, TokenBucket, Unit};
use crate::phb::DscpSet;
use crate::shaper::{Limit, Refusal};

fn v4_to(destination: [u8; 4], ds: u8, octets: u16) -> Vec<u8> {
    let mut packet = vec![0; usize::from(octets)];
    let mut header =
        ipv4::Header::new([192, 0, 2, 1].into(), destination.into(), Protocol::UDP, usize::from(octets) - 20).unwrap();
    header.ds = DsField(ds);
    header.emit(&mut packet).unwrap();
    packet[20..24].copy_from_slice(&[0, 7, 0, 9]);
    packet
}

fn v4(dscp: Dscp, octets: u16) -> Vec<u8> {
    v4_to([198, 51, 100, 2], DsField::new(dscp, Ecn::Ect0).0, octets)
}

fn v6(dscp: Dscp, octets: u16) -> Vec<u8> {
    let mut packet = vec![0; usize::from(octets)];
    let source = "2001:db8::1".parse().unwrap();
    let mut header = ipv6::Header::new(source, "2001:db8::2".parse().unwrap(), Protocol::UDP, usize::from(octets) - 40).unwrap();
    header.ds = DsField::new(dscp, Ecn::Ce);
    header.emit(&mut packet).unwrap();
    packet
}

fn rule(matches: Match, treatment: Treatment) -> Rule {
    Rule { name: "r".into(), matches, treatment }
}

fn agreement(rules: Vec<Rule>) -> TrafficConditioningAgreement {
    TrafficConditioningAgreement { rules, ..TrafficConditioningAgreement::default() }
}

fn srtcm(mode: Mode, actions: [Action; 3]) -> Treatment {
    Treatment::Metered { profile: Profile::SrTcm(SrTcm::new(1000, 1500, 1500).unwrap()), mode, actions }
}

fn conditioner(agreement: &TrafficConditioningAgreement) -> Conditioner<Vec<u8>> {
    Conditioner::new(agreement, Duration::ZERO).unwrap()
}

fn at(seconds: u64) -> Arrival {
    Arrival::at(Duration::from_secs(seconds))
}

const COLORS: [Action; 3] = [Action::mark(Dscp::AF11), Action::mark(Dscp::AF12), Action::Drop];

#[test]
fn a_packet_is_marked_by_its_color_and_dropped_out_of_profile() {
    let mut node = conditioner(&agreement(vec![rule(Match::ANY, srtcm(Mode::Blind, COLORS))]));
    let treated = |color, dscp| Treated { rule: Some(0), color: Some(color), dscp };
    let packet = v4(Dscp::CS0, 1000);
    let marked = v4(Dscp::AF11, 1000);
    let forwarded = Verdict::Forward { packet: marked, treated: treated(Color::Green, Dscp::AF11) };
    assert_eq!(node.offer(packet.clone(), at(0)), forwarded);
    let Verdict::Forward { packet: yellow, treated: found } = node.offer(packet.clone(), at(0)) else { panic!() };
    assert_eq!((yellow, found), (v4(Dscp::AF12, 1000), treated(Color::Yellow, Dscp::AF12)));
    // The dropped packet is as it came.
    let reason = Reason::OutOfProfile { rule: Some(0), color: Some(Color::Red) };
    assert_eq!(node.offer(packet.clone(), at(0)), Verdict::Discard { packet: packet.clone(), reason });
    // A second makes a thousand tokens.
    assert!(matches!(node.offer(packet, at(1)), Verdict::Forward { .. }));

    let count = |packets| Count { packets, octets: packets * 1000 };
    let rule = node.rule_counters(0).unwrap();
    assert_eq!(Color::ALL.map(|color| rule.color(color)), [count(2), count(1), count(1)]);
    assert_eq!([rule.matched, rule.marked, rule.forwarded, rule.discarded, rule.shaped], [4, 3, 3, 1, 0].map(count));
    let all = node.counters();
    assert_eq!(
        [all.offered, all.forwarded, all.out_of_profile, all.shaped, all.not_shaped, all.unacceptable],
        [4, 3, 1, 0, 0, 0].map(count)
    );
    assert_eq!((all.unreadable, all.released), (0, 0));
    assert_eq!(node.default_counters(), &RuleCounters::default());
    assert_eq!(node.meter(0).unwrap().buckets().committed(), 500);
    assert!(node.meter(1).is_none() && node.rule_counters(2).is_none());

    let event = node.poll_event().unwrap();
    let expected = Event {
        rule: Some(0),
        color: Some(Color::Red),
        ..Event::new(Kind::OutOfProfile, Duration::ZERO, "192.0.2.1".parse().unwrap(), "198.51.100.2".parse().unwrap(), Dscp::CS0)
    };
    assert_eq!((event, node.poll_event(), node.audit().count(Kind::OutOfProfile)), (expected, None, 1));
}

#[test]
fn the_first_rule_that_matches_counts_and_the_default_takes_the_rest() {
    let tcp = Match { protocol: Some(Protocol::TCP), ..Match::ANY };
    let port = Match { destination_ports: Some((9, 9)), ..Match::ANY };
    let mut agreement =
        agreement(vec![rule(tcp, Treatment::Unmetered(Action::Drop)), rule(port, Treatment::Unmetered(Action::mark(Dscp::EF)))]);
    agreement.default = Action::mark(Dscp::LE);
    let mut node = conditioner(&agreement);
    let Verdict::Forward { treated, .. } = node.offer(v4(Dscp::CS0, 100), at(0)) else { panic!() };
    assert_eq!(treated, Treated { rule: Some(1), color: None, dscp: Dscp::EF });
    let Verdict::Forward { treated, packet } = node.offer(v6(Dscp::CS0, 100), at(0)) else { panic!() };
    assert_eq!((treated, packet), (Treated { rule: None, color: None, dscp: Dscp::LE }, v6(Dscp::LE, 100)));
    let mut dropped = v4(Dscp::CS0, 100);
    dropped[9] = 6;
    let reason = Reason::OutOfProfile { rule: Some(0), color: None };
    assert_eq!(node.offer(dropped.clone(), at(0)), Verdict::Discard { packet: dropped, reason });
    let count = |packets| Count { packets, octets: packets * 100 };
    assert_eq!((node.rule_counters(1).unwrap().matched, node.default_counters().matched), (count(1), count(1)));
    assert_eq!(node.default_counters(), node.rule_counters(2).unwrap());
    // Without a meter there are no colors.
    assert_eq!(Color::ALL.map(|color| node.rule_counters(1).unwrap().color(color)), [count(0); 3]);
}

#[test]
fn an_aware_meter_takes_the_drop_precedence_for_a_color() {
    let precedence = Action::Forward { mark: Some(Mark::DropPrecedence), shape: None };
    let mut node = conditioner(&agreement(vec![rule(Match::ANY, srtcm(Mode::Aware, [precedence; 3]))]));
    let mut colors = |dscp| match node.offer(v4(dscp, 500), at(0)) {
        Verdict::Forward { treated, .. } => (treated.color.unwrap(), treated.dscp),
        other => panic!("{other:?}"),
    };
    assert_eq!(colors(Dscp::AF32), (Color::Yellow, Dscp::AF32));
    assert_eq!(colors(Dscp::AF33), (Color::Red, Dscp::AF33));
    assert_eq!(colors(Dscp::AF31), (Color::Green, Dscp::AF31));
    assert_eq!(colors(Dscp::EF), (Color::Green, Dscp::EF));
    assert_eq!(colors(Dscp::AF31), (Color::Green, Dscp::AF31));
    // The committed bucket is empty: green becomes yellow.
    assert_eq!(colors(Dscp::AF31), (Color::Yellow, Dscp::AF32));
    assert_eq!(colors(Dscp::AF21), (Color::Yellow, Dscp::AF22));
    assert_eq!(colors(Dscp::AF22), (Color::Red, Dscp::AF23));
}

#[test]
fn the_color_is_that_of_the_codepoint_that_counts() {
    let mut node = conditioner(&agreement(vec![rule(Match::ANY, srtcm(Mode::Aware, [Action::PASS; 3]))]));
    let mut color = |own, classify_by| match node.offer(v4(own, 100), Arrival { classify_by, ..at(0) }) {
        Verdict::Forward { treated, .. } => treated.color.unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(color(Dscp::AF11, Some(Dscp::AF13)), Color::Red);
    assert_eq!(color(Dscp::AF13, Some(Dscp::AF11)), Color::Green);
    assert_eq!(color(Dscp::AF12, None), Color::Yellow);
}

#[test]
fn the_ingress_accepts_its_codepoints_and_no_others() {
    let ingress = Ingress { acceptable: DscpSet::of(Dscp::EF), multicast: DscpSet::of(Dscp::CS1), otherwise: None };
    let mut node =
        conditioner(&TrafficConditioningAgreement { ingress: Some(ingress), ..TrafficConditioningAgreement::default() });
    let group = |dscp| v4_to([224, 0, 1, 9], DsField::new(dscp, Ecn::NotEct).0, 100);
    assert!(matches!(node.offer(v4(Dscp::EF, 100), at(0)), Verdict::Forward { .. }));
    assert!(matches!(node.offer(group(Dscp::CS1), at(0)), Verdict::Forward { .. }));
    for (packet, dscp) in [(v4(Dscp::CS1, 100), Dscp::CS1), (group(Dscp::EF), Dscp::EF)] {
        let reason = Reason::UnacceptableCodepoint(dscp);
        assert_eq!(node.offer(packet.clone(), at(3)), Verdict::Discard { packet, reason });
        let event = node.poll_event().unwrap();
        assert_eq!((event.kind, event.dscp, event.time), (Kind::UnacceptableCodepoint, dscp, Duration::from_secs(3)));
    }
    assert_eq!((node.counters().unacceptable.packets, node.counters().offered.packets), (2, 4));

    // With another codepoint instead, which the rules see.
    let ingress = Ingress { otherwise: Some(Dscp::CS2), ..ingress };
    let seen = Match { dscp: DscpSet::of(Dscp::CS2), ..Match::ANY };
    let mut agreement = agreement(vec![rule(seen, Treatment::Unmetered(Action::PASS))]);
    agreement.ingress = Some(ingress);
    let mut node = conditioner(&agreement);
    let treated = Treated { rule: Some(0), color: None, dscp: Dscp::CS2 };
    assert_eq!(node.offer(v4(Dscp::CS7, 100), at(0)), Verdict::Forward { packet: v4(Dscp::CS2, 100), treated });
    assert_eq!(node.audit().count(Kind::UnacceptableCodepoint), 1);
}

#[test]
fn codepoints_leave_through_the_egress_map() {
    let mut agreement = agreement(vec![]);
    agreement.egress = Egress::ClassSelectors;
    agreement.default = Action::mark(Dscp::AF33);
    let mut node = conditioner(&agreement);
    let treated = Treated { rule: None, color: None, dscp: Dscp::CS3 };
    assert_eq!(node.offer(v4(Dscp::EF, 60), at(0)), Verdict::Forward { packet: v4(Dscp::CS3, 60), treated });
    agreement.default = Action::PASS;
    agreement.egress = Egress::Zero;
    let mut node = conditioner(&agreement);
    assert!(matches!(node.offer(v6(Dscp::EF, 60), at(0)), Verdict::Forward { packet, .. } if packet == v6(Dscp::CS0, 60)));
    // What has the codepoint already is not counted as marked.
    assert_eq!(node.default_counters().marked.packets, 1);
    node.offer(v6(Dscp::CS0, 60), at(0));
    assert_eq!(node.default_counters().marked.packets, 1);
}

#[test]
fn a_codepoint_from_outside_selects_and_the_own_one_stays() {
    let ef = Match { dscp: DscpSet::of(Dscp::EF), ..Match::ANY };
    let mut node = conditioner(&agreement(vec![rule(ef, Treatment::Unmetered(Action::PASS))]));
    let arrival = Arrival { classify_by: Some(Dscp::EF), ..at(0) };
    let treated = Treated { rule: Some(0), color: None, dscp: Dscp::AF11 };
    assert_eq!(node.offer(v4(Dscp::AF11, 99), arrival), Verdict::Forward { packet: v4(Dscp::AF11, 99), treated });
    let interface = Match { interface: Some(4), ..Match::ANY };
    let mut node = conditioner(&agreement(vec![rule(interface, Treatment::Unmetered(Action::Drop))]));
    assert!(matches!(node.offer(v4(Dscp::AF11, 99), at(0)), Verdict::Forward { .. }));
    assert!(matches!(node.offer(v4(Dscp::AF11, 99), Arrival { interface: 4, ..at(0) }), Verdict::Discard { .. }));
}

fn shape(rate: u64, packets: usize) -> Option<Shape> {
    Some(Shape { profile: TokenBucket::new(rate, 1500).unwrap(), limit: Limit { packets, octets: 15_000 } })
}

#[test]
fn shaped_packets_come_out_marked_and_later() {
    let shaped = |rate, mark: Option<Dscp>| {
        Treatment::Unmetered(Action::Forward { mark: mark.map(Mark::Codepoint), shape: shape(rate, 3) })
    };
    let udp = Match { protocol: Some(Protocol::UDP), ..Match::ANY };
    let mut node = conditioner(&agreement(vec![rule(udp, shaped(1000, Some(Dscp::EF))), rule(Match::ANY, shaped(2000, None))]));
    let other = || {
        let mut packet = v4(Dscp::CS0, 1000);
        packet[9] = 1;
        packet
    };
    for _ in 0..3 {
        assert!(matches!(node.offer(v4(Dscp::CS0, 1000), at(0)), Verdict::Shaped { treated } if treated.dscp == Dscp::EF));
        assert!(matches!(node.offer(other(), at(0)), Verdict::Shaped { .. }));
    }
    let full = Reason::NotShaped { rule: Some(0), refusal: Refusal::TooManyPackets };
    let marked = v4(Dscp::EF, 1000);
    assert_eq!(node.offer(v4(Dscp::CS0, 1000), at(0)), Verdict::Discard { packet: marked.clone(), reason: full });
    assert_eq!((node.waiting(), node.audit().count(Kind::NotShaped), node.counters().not_shaped.packets), (6, 1, 1));
    // 1,500 tokens each at first: one packet of each rule; then 250 ms and 500 ms for the next.
    let ms = Duration::from_millis;
    let mut out = Vec::new();
    let mut now = Duration::ZERO;
    while let Some(deadline) = node.next_deadline() {
        now = now.max(deadline);
        let (rule, packet) = node.poll(now).unwrap();
        assert_eq!(packet, if rule == 0 { marked.clone() } else { other() });
        out.push((now, rule));
    }
    assert_eq!(out, [(ms(0), 0), (ms(0), 1), (ms(250), 1), (ms(500), 0), (ms(750), 1), (ms(1500), 0)]);
    assert_eq!((node.poll(Duration::MAX), node.waiting(), node.counters().released), (None, 0, 6));
    assert_eq!((node.counters().shaped.packets, node.rule_counters(0).unwrap().shaped.octets), (6, 3000));
    assert_eq!(node.rule_counters(0).unwrap().discarded.packets, 1);
}

#[test]
fn colors_of_one_rule_share_a_shaper_and_only_those_that_are_shaped_wait() {
    let wait = Action::Forward { mark: None, shape: shape(1000, 9) };
    let mut node = conditioner(&agreement(vec![rule(Match::ANY, srtcm(Mode::Blind, [Action::PASS, wait, wait]))]));
    let verdicts = [0; 3].map(|_| matches!(node.offer(v4(Dscp::CS0, 1500), at(0)), Verdict::Shaped { .. }));
    assert_eq!(verdicts, [false, true, true]);
    assert_eq!(node.waiting(), 2);
    assert_eq!(node.poll(Duration::ZERO).map(|(rule, _)| rule), Some(0));
    assert_eq!(node.poll(Duration::ZERO), None);
}

#[test]
fn what_cannot_be_read_is_counted_and_left() {
    let mut node = conditioner(&agreement(vec![]));
    for packet in [vec![], vec![0x45; 10], vec![0x00; 40]] {
        let Verdict::Discard { packet: back, reason: Reason::Unreadable(Error::Ip(_)) } = node.offer(packet.clone(), at(0))
        else {
            panic!()
        };
        assert_eq!(back, packet);
    }
    assert_eq!((node.counters().unreadable, node.counters().offered.packets), (3, 0));
}

#[test]
fn a_cut_packet_counts_with_the_length_that_its_header_has() {
    for (cut, octets) in [(v4(Dscp::CS0, 1400), 1400), (v6(Dscp::CS0, 1400), 1400)] {
        let mut node = conditioner(&agreement(vec![]));
        node.offer(cut[..60].to_vec(), at(0));
        node.offer(cut[..41].to_vec(), at(0));
        assert_eq!(node.counters().offered, Count { packets: 2, octets: 2 * octets });
    }
}

#[test]
fn meters_are_full_at_the_time_the_conditioner_is_made() {
    let bucket = Profile::TokenBucket(TokenBucket::new(1, 1500).unwrap(), Unit::Octets);
    let treatment =
        Treatment::Metered { profile: bucket, mode: Mode::Blind, actions: [Action::PASS, Action::Drop, Action::Drop] };
    let start = Duration::from_secs(1_700_000_000);
    let mut node = Conditioner::new(&agreement(vec![rule(Match::ANY, treatment)]), start).unwrap();
    assert!(matches!(node.offer(v4(Dscp::CS0, 1500), Arrival::at(start)), Verdict::Forward { .. }));
    assert!(matches!(node.offer(v4(Dscp::CS0, 1500), Arrival::at(start)), Verdict::Discard { .. }));
}

#[test]
fn an_agreement_that_is_not_valid_makes_no_conditioner() {
    let pass = Treatment::Unmetered(Action::PASS);
    let twice = agreement(vec![rule(Match::ANY, pass), rule(Match::ANY, pass)]);
    let error = Conditioner::<Vec<u8>>::new(&twice, Duration::ZERO).unwrap_err();
    assert_eq!(error, Error::NeverMatches { rule: 1, by: 0 });
    let config = audit::Config::default().with_records(usize::MAX);
    assert!(Conditioner::<Vec<u8>>::with_audit(&agreement(vec![]), Duration::ZERO, config).is_err());
}

#[test]
fn audit_that_is_off_records_nothing() {
    let mut agreement = agreement(vec![]);
    agreement.default = Action::Drop;
    let mut node = Conditioner::with_audit(&agreement, Duration::ZERO, audit::Config::off()).unwrap();
    for _ in 0..1000 {
        node.offer(v4(Dscp::CS0, 100), at(0));
    }
    assert_eq!(
        (node.poll_event(), node.audit().count(Kind::OutOfProfile), node.counters().out_of_profile.packets),
        (None, 1000, 1000)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn packets_are_conserved(packets in prop::collection::vec((0..64_u8, 0..3_u8, 40..1500_u16, 0..2_000_000_000_u64), 0..200)) {
        let wait = Action::Forward { mark: Some(Mark::DropPrecedence), shape: shape(5000, 5) };
        let ingress = Ingress { acceptable: DscpSet::ALL.without(Dscp::CS7), multicast: DscpSet::EMPTY, otherwise: None };
        let udp = Match { protocol: Some(Protocol::UDP), ..Match::ANY };
        let mut agreement = agreement(vec![rule(udp, srtcm(Mode::Aware, [Action::PASS, wait, Action::Drop]))]);
        agreement.ingress = Some(ingress);
        let mut node = conditioner(&agreement);
        let (mut forwarded, mut discarded, mut shaped, mut released, mut now) = (0, 0, 0, 0, Duration::ZERO);
        for (dscp, protocol, octets, step) in packets.iter().copied() {
            now += Duration::from_nanos(step);
            let mut packet = v4(Dscp::new(dscp).unwrap(), octets);
            packet[9] = 17 + protocol;
            match node.offer(packet, Arrival::at(now)) {
                Verdict::Forward { .. } => forwarded += 1,
                Verdict::Discard { .. } => discarded += 1,
                Verdict::Shaped { .. } => shaped += 1,
            }
            while node.poll(now).is_some() {
                released += 1;
            }
        }
        while node.poll(Duration::MAX).is_some() {
            released += 1;
        }
        let all = *node.counters();
        prop_assert_eq!(forwarded + discarded + shaped, packets.len() as u64);
        prop_assert_eq!((all.forwarded.packets, all.shaped.packets, all.released), (forwarded, shaped, released));
        prop_assert!(released <= shaped && node.waiting() as u64 == shaped - released);
        prop_assert_eq!(all.unreadable + all.unacceptable.packets + all.out_of_profile.packets + all.not_shaped.packets, discarded);
        let octets: u64 = packets.iter().map(|(_, _, octets, _)| u64::from(*octets)).sum();
        prop_assert_eq!(all.forwarded.octets + all.shaped.octets + all.unacceptable.octets + all.out_of_profile.octets + all.not_shaped.octets, octets);
        prop_assert_eq!(all.offered, Count { packets: packets.len() as u64, octets });
    }
}
