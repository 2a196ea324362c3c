//! Tables of pairs against a plain model, and their limits.

use super::*;
use ip_wire::Protocol;
use proptest::prelude::*;
use std::vec::Vec;

fn key(n: u16) -> FlowKey {
    let ports = Ports::Pair { source: n, destination: 80 };
    FlowKey::new([10, 0, (n >> 8) as u8, n as u8].into(), [198, 51, 100, 1].into(), Protocol::UDP, ports).unwrap()
}

fn wire(n: u16) -> FlowKey {
    let ports = Ports::Pair { source: n, destination: 80 };
    FlowKey::new([203, 0, 113, 1].into(), [198, 51, 100, 1].into(), Protocol::UDP, ports).unwrap()
}

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn small() -> Limits {
    Limits { flows: 3, idle: at(10) }
}

#[test]
fn flows_that_carried_nothing_give_way_the_oldest_first() {
    let mut pairs = Pairs::new(small());
    for n in 1..=3 {
        assert_eq!(pairs.insert(at(0), key(n), wire(n)), Ok(Learned::New));
    }
    assert!(pairs.outer_of(at(1), &key(1)).is_some());
    assert_eq!(pairs.insert(at(1), key(4), wire(4)), Ok(Learned::New));
    assert!(pairs.has_inner(&key(1)) && !pairs.has_inner(&key(2)) && pairs.has_inner(&key(3)));
    assert_eq!((pairs.len(), pairs.evicted(), pairs.refused()), (3, 1, 0));
}

#[test]
fn what_is_told_again_has_carried_nothing_for_that() {
    let mut pairs = Pairs::new(small());
    for n in 1..=3 {
        pairs.insert(at(0), key(n), wire(n)).unwrap();
        assert_eq!(pairs.insert(at(1), key(n), wire(n)), Ok(Learned::Same));
    }
    assert_eq!(pairs.insert(at(2), key(4), wire(4)), Ok(Learned::New));
    assert!(!pairs.has_inner(&key(1)));
}

#[test]
fn flows_in_use_give_way_only_when_idle() {
    let mut pairs = Pairs::new(small());
    for n in 1..=3 {
        pairs.insert(at(0), key(n), wire(n)).unwrap();
        assert_eq!(pairs.inner_of(at(u64::from(n)), &wire(n).reversed()), Some(key(n).reversed()));
    }
    let full = Error::TableFull { field: Field::FlowTable, limit: 3 };
    assert_eq!(pairs.insert(Duration::from_millis(10_999), key(4), wire(4)), Err(full));
    assert_eq!(pairs.next_deadline(), Some(at(11)));
    assert_eq!(pairs.insert(at(11), key(4), wire(4)), Ok(Learned::New));
    assert_eq!((pairs.has_inner(&key(1)), pairs.evicted(), pairs.refused()), (false, 1, 1));
    assert_eq!((pairs.expire(at(12)), pairs.len()), (1, 2));
}

#[test]
fn a_flood_never_pushes_out_a_flow_in_use_and_never_grows_the_table() {
    let mut pairs = Pairs::new(Limits { flows: 64, idle: at(300) });
    pairs.insert(at(0), key(1), wire(1)).unwrap();
    pairs.outer_of(at(0), &key(1)).unwrap();
    for n in 2..20_000 {
        pairs.insert(at(1), key(n), wire(n)).unwrap();
        assert!(pairs.len() <= 64);
    }
    assert_eq!(pairs.outer_of(at(2), &key(1)), Some(wire(1)));
    assert!(pairs.places() <= 64);
}

#[test]
fn a_changed_mapping_replaces_both_names() {
    let mut pairs = Pairs::new(small());
    pairs.insert(at(0), key(1), wire(1)).unwrap();
    assert_eq!(pairs.insert(at(0), key(1), wire(1)), Ok(Learned::Same));
    assert_eq!(pairs.insert(at(1), key(1), wire(2)), Ok(Learned::Changed));
    assert!(!pairs.has_outer(&wire(1)) && pairs.has_outer(&wire(2)) && pairs.len() == 1);
    // A port that another flow has now.
    assert_eq!(pairs.insert(at(1), key(7), wire(2)), Ok(Learned::Changed));
    assert!(!pairs.has_inner(&key(1)) && pairs.has_inner(&key(7)) && pairs.len() == 1);
    assert!(pairs.remove(&key(7)) && !pairs.remove(&key(7)) && pairs.is_empty());
    assert_eq!(pairs.next_deadline(), None);
}

#[test]
fn a_translator_uses_each_port_of_its_pool_once_for_a_destination() {
    let mut nat = Translator::new([203, 0, 113, 1].into(), (5_000, 5_002), Limits { flows: 10, idle: at(10) });
    let there = [198, 51, 100, 1].into();
    let ports: Vec<_> = (1..=3).map(|n| nat.map(at(0), key(n), there).unwrap().source_port().unwrap()).collect();
    assert_eq!(ports, [5_000, 5_001, 5_002]);
    assert_eq!(nat.map(at(0), key(2), there).unwrap().source_port(), Some(5_001));
    assert_eq!(nat.map(at(0), key(4), there), Err(Error::TableFull { field: Field::PortPool, limit: 3 }));
    nat.pairs_mut().remove(&key(1));
    assert_eq!(nat.map(at(0), key(4), there).unwrap().source_port(), Some(5_000));
    assert_eq!(nat.address(), IpAddr::from([203, 0, 113, 1]));
}

proptest! {
    /// A list of pairs, the oldest use first. Uses at one time do not change places: a 64th of the idle time is less than the steps here.
    #[test]
    fn the_table_is_the_list_it_stands_for(steps in prop::collection::vec((0u8..4, 0u16..6, 0u16..6, 0u64..8), 1..200)) {
        let mut pairs = Pairs::new(Limits { flows: 4, idle: at(12) });
        let mut model: Vec<(u16, u16, Duration, bool)> = Vec::new();
        let mut now = at(0);
        for (step, a, b, wait) in steps {
            now += at(wait);
            match step {
                0 => {
                    let same = model.iter().position(|entry| (entry.0, entry.1) == (a, b));
                    let found = pairs.insert(now, key(a), wire(b));
                    if let Some(index) = same {
                        prop_assert_eq!(found, Ok(Learned::Same));
                        if now > model[index].2 {
                            let mut entry = model.remove(index);
                            entry.2 = now;
                            model.push(entry);
                        }
                        continue;
                    }
                    let carried = model.iter().any(|entry| entry.0 == a && entry.3);
                    let before = model.len();
                    model.retain(|entry| entry.0 != a && entry.1 != b);
                    let changed = model.len() < before;
                    if model.len() == 4 {
                        let victim = model.iter().position(|entry| !entry.3)
                            .or_else(|| model.iter().position(|entry| now - entry.2 >= at(12)));
                        match victim {
                            Some(index) => { model.remove(index); }
                            None => { prop_assert!(found.is_err()); continue; }
                        }
                    }
                    model.push((a, b, now, carried));
                    prop_assert_eq!(found, Ok(if changed { Learned::Changed } else { Learned::New }));
                }
                1 | 2 => {
                    let index = model.iter().position(|entry| if step == 1 { entry.0 == a } else { entry.1 == b });
                    let expected = index.map(|index| {
                        if model[index].3 && now == model[index].2 {
                            return (model[index].0, model[index].1);
                        }
                        let mut entry = model.remove(index);
                        (entry.2, entry.3) = (now, true);
                        model.push(entry);
                        (entry.0, entry.1)
                    });
                    if step == 1 {
                        prop_assert_eq!(pairs.outer_of(now, &key(a)), expected.map(|pair| wire(pair.1)));
                    } else {
                        prop_assert_eq!(pairs.inner_of(now, &wire(b).reversed()), expected.map(|pair| key(pair.0).reversed()));
                    }
                }
                _ => {
                    let before = model.len();
                    model.retain(|entry| now - entry.2 < at(12));
                    prop_assert_eq!(pairs.expire(now), before - model.len());
                }
            }
            prop_assert_eq!(pairs.len(), model.len());
            let deadline = model.iter().map(|entry| entry.2 + at(12)).min();
            prop_assert_eq!(pairs.next_deadline(), deadline);
        }
    }
}

/// A packet of 10.0.0.1:`port` to 198.51.100.1:80 or of the same in IPv6, made odd in the ways that `odd` has bits for.
fn any_packet(port: u16, six: bool, udp: bool, odd: u8, data: &[u8]) -> Vec<u8> {
    let transport = if udp {
        let len = (8 + data.len()) as u16;
        [&port.to_be_bytes()[..], &[0, 80], &len.to_be_bytes(), &(if odd & 1 != 0 { [0, 0] } else { [0x12, 0x34] }), data]
            .concat()
    } else {
        [&port.to_be_bytes()[..], &[0, 80], &[1; 8], &[0x50, 0x10, 1, 1, 0x56, 0x78, 0, 0], data].concat()
    };
    let mut octets = if six {
        let mut octets = std::vec![0x6a, 0xbc, 0, 0, 0, transport.len() as u8, if udp { 17 } else { 6 }, 9];
        octets.extend([[0xfd; 16], [0x20; 16]].as_flattened());
        octets
    } else {
        let options = if odd & 2 != 0 { 4 } else { 0 };
        let total = 20 + options + transport.len();
        let first = 0x45 + (options / 4) as u8;
        let part = if odd & 4 != 0 { 0x20 } else { 0x40 };
        let mut octets = std::vec![first, 0, 0, total as u8, 7, 7, part, 0, 64, if udp { 17 } else { 6 }, 0xab, 0xcd];
        octets.extend([10, 0, 0, 1, 198, 51, 100, 1]);
        octets.resize(20 + options, 1);
        octets
    };
    octets.extend(transport);
    if odd & 8 != 0 {
        octets.extend([9; 3]);
    }
    if odd & 16 != 0 {
        octets.truncate(octets.len() / 2);
    }
    if odd & 32 != 0 {
        // IP says that there are fewer octets of the transport header, or of what is behind it.
        let at = if six { 5 } else { 3 };
        octets[at] = octets[at].saturating_sub(data.len() as u8 + 3);
    }
    octets
}

#[test]
fn every_checksum_changes_as_the_general_way_changes_it() {
    for (udp, six) in [(false, false), (true, false), (false, true), (true, true)] {
        let octets = any_packet(1, six, udp, 0, b"data");
        let place = if six { 40 } else { 20 } + if udp { 6 } else { 16 };
        let flow = Flow::from_ip(&octets).unwrap().key;
        let other =
            if six { FlowKey::new([7; 16].into(), [8; 16].into(), flow.protocol(), wire(7).ports()).unwrap() } else { wire(7) };
        let other = FlowKey::new(other.source(), other.destination(), flow.protocol(), other.ports()).unwrap();
        let mut pairs = Pairs::new(small());
        pairs.insert(at(0), flow, other).unwrap();
        for checksum in 0..=u16::MAX {
            let mut short = octets.clone();
            short[place..place + 2].copy_from_slice(&checksum.to_be_bytes());
            let mut long = short.clone();
            assert_eq!((pairs.outward(at(0), &mut short), pairs.outward_of_any(at(0), &mut long)), (Ok(true), Ok(true)));
            assert_eq!(short, long, "{checksum:#x}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The short way for usual packets does what the general one does, octet for octet.
    #[test]
    fn usual_packets_are_rewritten_as_all_are(
        (near, far) in (0u16..3, any::<u16>()),
        (six, udp, inward) in any::<(bool, bool, bool)>(),
        odd in 0u8..64,
        ends in any::<[u8; 32]>(),
        (checksum, data) in (any::<[u8; 2]>(), prop::collection::vec(any::<u8>(), 0..40)),
    ) {
        let odd = if odd & 48 != 0 && ends[0] > 100 { odd & 15 } else { odd };
        let mut octets = any_packet(near, six, udp, odd, &data);
        let place = if six { 40 } else { 20 } + if udp { 6 } else { 16 };
        if odd & 1 == 0 && odd & 18 == 0 {
            octets[place..place + 2].copy_from_slice(&checksum);
        }
        let ports = |source, destination| Ports::Pair { source, destination };
        let protocol = if udp { Protocol::UDP } else { Protocol::TCP };
        let (source, destination): (IpAddr, IpAddr) =
            if six { ([0xfd; 16].into(), [0x20; 16].into()) } else { ([10, 0, 0, 1].into(), [198, 51, 100, 1].into()) };
        let end = |from: usize| -> IpAddr {
            if six { <[u8; 16]>::try_from(&ends[from..from + 16]).unwrap().into() } else { <[u8; 4]>::try_from(&ends[from..from + 4]).unwrap().into() }
        };
        let known = FlowKey::new(source, destination, protocol, ports(1, 80)).unwrap();
        let other = FlowKey::new(end(0), end(16), protocol, ports(far, near)).unwrap();
        let (inner, outer) = if inward { (other, known.reversed()) } else { (known, other) };
        let (mut pairs, mut general) = (Pairs::new(small()), Pairs::new(small()));
        for pairs in [&mut pairs, &mut general] {
            pairs.insert(at(1), inner, outer).unwrap();
        }
        let (mut short, mut long) = (octets.clone(), octets);
        let found = if inward { pairs.inward(at(2), &mut short) } else { pairs.outward(at(2), &mut short) };
        let expected =
            if inward { general.inward_of_any(at(2), &mut long) } else { general.outward_of_any(at(2), &mut long) };
        prop_assert_eq!(found, expected);
        prop_assert_eq!(short, long);
        prop_assert_eq!(pairs.next_deadline(), general.next_deadline());
    }
}

#[test]
fn a_flow_that_is_used_again_within_a_64th_of_the_idle_time_keeps_its_place_and_its_deadline_moves() {
    let mut pairs = Pairs::new(Limits { flows: 2, idle: at(64) });
    for n in 1..=2 {
        pairs.insert(at(0), key(n), wire(n)).unwrap();
        pairs.outer_of(at(u64::from(n)), &key(n)).unwrap();
    }
    pairs.outer_of(Duration::from_millis(1_900), &key(1)).unwrap();
    assert_eq!(pairs.next_deadline(), Some(Duration::from_millis(65_900)));
    // One second after its first use: it stays before the other, and only its own deadline is later.
    pairs.outer_of(at(2), &key(1)).unwrap();
    pairs.outer_of(Duration::from_millis(2_500), &key(2)).unwrap();
    assert_eq!(pairs.next_deadline(), Some(at(66)));
    pairs.outer_of(at(2), &key(2)).unwrap();
    // And a little more.
    pairs.outer_of(Duration::from_millis(2_001), &key(1)).unwrap();
    assert_eq!(pairs.next_deadline(), Some(at(66)));
    assert_eq!((pairs.expire(at(66)), pairs.has_inner(&key(1)), pairs.has_inner(&key(2))), (1, true, false));
    assert_eq!(pairs.next_deadline(), Some(Duration::from_millis(66_001)));
}

/// An ICMP port-unreachable error that quotes the first octets of a packet, all checksums right.
fn icmp_error(source: [u8; 4], destination: [u8; 4], quote: &[u8]) -> Vec<u8> {
    let mut message = [&[3, 3, 0, 0, 0, 0, 0, 0][..], quote].concat();
    let sum = ip_wire::checksum::Sum::new().octets(&message).checksum();
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let mut octets = std::vec![0; 20];
    let header = ip_wire::ipv4::Header::new(source.into(), destination.into(), Protocol::ICMP, message.len()).unwrap();
    header.emit(&mut octets).unwrap();
    octets.extend(message);
    octets
}

/// IPv4 and UDP headers of a packet of `flow`, as an error quotes them.
fn quote(flow: &FlowKey) -> Vec<u8> {
    let mut octets = any_packet(0, false, true, 0, b"");
    rewrite_to(flow).apply(&mut octets).unwrap();
    ip_wire::ipv4::ViewMut::parse(&mut octets).unwrap().fill_checksum();
    octets
}

#[test]
fn icmp_errors_are_matched_to_the_flow_that_they_quote_either_way() {
    const ROUTER: [u8; 4] = [192, 0, 2, 9];
    let (inner, outer) = (key(0x102), wire(0x8000));
    let mut pairs = Pairs::new(small());
    pairs.insert(at(0), inner, outer).unwrap();
    // A router refuses what went out: the error goes to the private host, and quotes what that sent.
    let mut error = icmp_error(ROUTER, [203, 0, 113, 1], &quote(&outer));
    assert_eq!(pairs.inward(at(1), &mut error), Ok(true));
    assert_eq!(error, icmp_error(ROUTER, [10, 0, 1, 2], &quote(&inner)));
    // The private host refuses what came in: the error leaves as the translation's, and quotes what came.
    let mut error = icmp_error([10, 0, 1, 2], [198, 51, 100, 1], &quote(&inner.reversed()));
    assert_eq!(pairs.outward(at(2), &mut error), Ok(true));
    assert_eq!(error, icmp_error([203, 0, 113, 1], [198, 51, 100, 1], &quote(&outer.reversed())));
    assert_eq!(pairs.next_deadline(), Some(at(12)));
    // Of a flow that is not there, of its other direction, and no error at all.
    for quoted in [quote(&wire(1)), quote(&outer.reversed())] {
        let mut error = icmp_error(ROUTER, [203, 0, 113, 1], &quoted);
        let before = error.clone();
        assert_eq!((pairs.inward(at(3), &mut error), &error), (Ok(false), &before));
    }
    let mut error = icmp_error([10, 0, 1, 2], [198, 51, 100, 1], &quote(&inner));
    assert_eq!(pairs.outward(at(3), &mut error), Ok(false));
    let mut echo = icmp_error(ROUTER, [203, 0, 113, 1], b"");
    echo[20] = 8;
    assert_eq!((pairs.inward(at(3), &mut echo), pairs.outward(at(3), &mut echo)), (Ok(false), Ok(false)));
    assert_eq!(pairs.next_deadline(), Some(at(12)));
}

#[test]
fn the_limits_are_65536_flows_and_five_minutes() {
    assert_eq!(Limits::default(), Limits { flows: 65_536, idle: at(300) });
}

#[test]
fn packets_count_as_uses_of_their_flow_either_way() {
    let mut pairs = Pairs::new(small());
    pairs.insert(at(0), key(1), wire(1)).unwrap();
    let packet = |flow: &FlowKey| {
        let mut octets = any_packet(0, false, true, 0, b"");
        rewrite_to(flow).apply(&mut octets).unwrap();
        octets
    };
    assert_eq!(pairs.outward(at(1), &mut packet(&key(1))), Ok(true));
    assert_eq!(pairs.next_deadline(), Some(at(11)));
    assert_eq!(pairs.inward(at(2), &mut packet(&wire(1).reversed())), Ok(true));
    assert_eq!(pairs.next_deadline(), Some(at(12)));
    assert_eq!(pairs.inward(at(3), &mut packet(&wire(1))), Ok(false));
    assert_eq!(pairs.next_deadline(), Some(at(12)));
}

#[test]
fn a_translator_tries_as_many_ports_as_there_can_be_flows_and_one() {
    // One place for a flow: the port that it has, and the next.
    let limits = Limits { flows: 1, idle: at(10) };
    let mut nat = Translator::new([203, 0, 113, 1].into(), (5_000, 5_001), limits);
    let there: IpAddr = [198, 51, 100, 1].into();
    let mapped = |nat: &mut Translator, n| nat.map(at(0), key(n), there).map(|outer| outer.source_port());
    assert_eq!(mapped(&mut nat, 1), Ok(Some(5_000)));
    assert_eq!(mapped(&mut nat, 2), Ok(Some(5_001)));
    // Learned from outside: the port that would be next is taken.
    let outer =
        FlowKey::new([203, 0, 113, 1].into(), there, Protocol::UDP, Ports::Pair { source: 5_000, destination: 80 }).unwrap();
    nat.pairs_mut().insert(at(0), key(3), outer).unwrap();
    assert_eq!(mapped(&mut nat, 4), Ok(Some(5_001)));
}

#[test]
fn a_pool_whose_ends_are_exchanged_has_its_first_port() {
    let mut nat = Translator::new([203, 0, 113, 1].into(), (5_002, 5_000), Limits::default());
    let there: IpAddr = [198, 51, 100, 1].into();
    assert_eq!(nat.map(at(0), key(1), there).unwrap().source_port(), Some(5_002));
    assert_eq!(nat.map(at(0), key(2), there), Err(Error::TableFull { field: Field::PortPool, limit: 1 }));
    assert!(nat.pairs().has_inner(&key(1)) && !nat.pairs().has_inner(&key(2)));
}

#[test]
fn only_data_goes_the_short_way_out() {
    use crate::Class;
    for (six, flags) in (0..=255u8).flat_map(|flags| [(false, flags), (true, flags)]) {
        for (source, destination) in [(1u16, 80u16), (21, 80), (80, 21), (20, 22), (0x1500, 0x0015), (0x0015, 0x1500)] {
            for udp in [false, true] {
                let mut octets = any_packet(source, six, udp, 0, b"data");
                let ip = if six { 40 } else { 20 };
                octets[ip + 2..ip + 4].copy_from_slice(&destination.to_be_bytes());
                if !udp {
                    octets[ip + 13] = flags;
                }
                let flow = Flow::from_ip(&octets).unwrap().key;
                let mut pairs = Pairs::new(small());
                assert!(!pairs.outward_data(at(0), &mut octets));
                pairs.insert(at(0), flow, flow.reversed()).unwrap();
                let is_data = Class::of(&octets, |_| true) == Ok(Class::Data);
                let (mut general, before) = (octets.clone(), octets.clone());
                assert_eq!(pairs.outward_data(at(2), &mut octets), is_data, "{source} {destination} {flags:#x}");
                assert_eq!(pairs.next_deadline(), Some(at(if is_data { 12 } else { 10 })));
                pairs.outward_of_any(at(2), &mut general).unwrap();
                assert_eq!(octets, if is_data { general } else { before });
            }
        }
    }
}
