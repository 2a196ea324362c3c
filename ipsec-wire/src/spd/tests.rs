use std::format;
use std::vec;

use ip_wire::{Protocol, ip};

use super::*;

pub(super) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn addresses(text: &str) -> Addresses {
    match text.split_once(['-', '/']) {
        Some((first, last)) if text.contains('-') => {
            Addresses::List(vec![AddressRange::new(address(first), address(last)).unwrap()])
        }
        Some((first, len)) => Addresses::prefix(address(first), len.parse().unwrap()).unwrap(),
        None => Addresses::is(address(text)),
    }
}

fn outbound(local: &str, remote: &str, protocol: Protocol, ports: Option<(u16, u16)>) -> Packet {
    Packet {
        direction: Direction::Outbound,
        local: address(local),
        remote: address(remote),
        protocol: Some(protocol),
        local_port: ports.map(|ports| ports.0),
        remote_port: ports.map(|ports| ports.1),
        class: 0,
        flow_label: None,
        sensitivity: None,
        name: None,
    }
}

fn inbound(local: &str, remote: &str, protocol: Protocol, ports: Option<(u16, u16)>) -> Packet {
    Packet { direction: Direction::Inbound, ..outbound(local, remote, protocol, ports) }
}

pub(super) fn tcp() -> Packet {
    outbound("10.0.0.1", "198.51.100.7", Protocol::TCP, Some((1234, 80)))
}

pub(super) fn all() -> Selectors {
    Selectors::default()
}

pub(super) const PROTECT: Action<&str> = Action::Protect { pfp: Pfp::NONE, parameters: "esp" };

pub(super) fn spd() -> Spd<&'static str, u32> {
    Spd::new(Limits::default())
}

/// All three forms of a lookup, which must agree.
pub(super) fn decide(spd: &mut Spd<&'static str, u32>, packet: &Packet) -> Option<EntryId> {
    let first = spd.scan(packet);
    assert_eq!(spd.first_match(packet), first);
    for _ in 0..2 {
        let found = match spd.lookup(packet) {
            Verdict::Bypass(id) | Verdict::Protect { entry: id, .. } => Some(id),
            Verdict::Discard(Reason::Entry(id) | Reason::Unprotected(id)) => Some(id),
            Verdict::Discard(Reason::NoEntry) => None,
        };
        assert_eq!(found, first);
    }
    first
}

#[test]
fn an_empty_policy_discards() {
    let mut spd = spd();
    assert_eq!(spd.lookup(&tcp()), Verdict::Discard(Reason::NoEntry));
    assert_eq!(spd.lookup(&tcp().reversed()), Verdict::Discard(Reason::NoEntry));
    assert_eq!(decide(&mut spd, &tcp()), None);
}

#[test]
fn the_first_entry_that_matches_decides_and_the_order_is_the_administrators() {
    let mut spd = spd();
    let narrow = spd.push(Entry::new(Selectors { remote: addresses("198.51.100.7"), ..all() }, Action::Bypass)).unwrap();
    let wide = spd.push(Entry::new(Selectors { remote: addresses("198.51.100.0/24"), ..all() }, PROTECT)).unwrap();
    let rest = spd.push(Entry::new(all(), Action::Discard)).unwrap();
    assert_eq!(spd.lookup(&tcp()), Verdict::Bypass(narrow));
    let other = Packet { remote: address("198.51.100.8"), ..tcp() };
    assert_eq!(spd.lookup(&other), Verdict::Protect { entry: wide, parameters: &"esp", sa: None });
    assert_eq!(spd.lookup(&Packet { remote: address("192.0.2.1"), ..tcp() }), Verdict::Discard(Reason::Entry(rest)));
    // The same entries in another order decide otherwise, and what was cached is forgotten.
    let (entry, _) = spd.remove(wide).unwrap();
    let wide = spd.insert(0, entry).unwrap();
    assert_eq!(spd.lookup(&tcp()), Verdict::Protect { entry: wide, parameters: &"esp", sa: None });
    assert_eq!((spd.position(wide), spd.position(narrow), spd.position(rest)), (Some(0), Some(1), Some(2)));
    assert_eq!(spd.iter().map(|(id, _)| id).collect::<Vec<_>>(), [wide, narrow, rest]);
    assert!(spd.get(rest).is_some_and(|entry| entry.action == Action::Discard));
}

#[test]
fn what_should_have_come_protected_is_discarded() {
    let mut spd = spd();
    let entry = spd.push(Entry::new(Selectors { remote: addresses("198.51.100.0/24"), ..all() }, PROTECT)).unwrap();
    spd.push(Entry::new(all(), Action::Bypass)).unwrap();
    assert_eq!(spd.lookup(&tcp().reversed()), Verdict::Discard(Reason::Unprotected(entry)));
    assert!(matches!(spd.lookup(&tcp()), Verdict::Protect { .. }));
}

#[test]
fn entries_may_be_for_one_direction() {
    let mut spd = spd();
    let out = spd.push(Entry { applies: Applies::Outbound, ..Entry::new(all(), Action::Bypass) }).unwrap();
    let into = spd.push(Entry { applies: Applies::Inbound, ..Entry::new(all(), Action::Discard) }).unwrap();
    assert_eq!((decide(&mut spd, &tcp()), decide(&mut spd, &tcp().reversed())), (Some(out), Some(into)));
}

/// Local and remote change places in the header with the direction, and not in the policy.
#[test]
fn local_is_the_protected_side_whatever_the_direction() {
    let mut spd = spd();
    let server = Selectors { local: addresses("10.0.0.1"), local_port: Numbers::is(22), ..all() };
    let entry = spd.push(Entry::new(server, Action::Bypass)).unwrap();
    let [to, from] = [[10, 0, 0, 1], [192, 0, 2, 9]];
    let packet = |source: [u8; 4], destination: [u8; 4], ports: [u8; 4]| {
        let head = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0];
        [&head[..], &source, &destination, &ports, &[0; 16]].concat()
    };
    let read = |octets: &[u8], direction| Packet::of(&ip::Packet::parse(octets).unwrap(), direction).unwrap();
    let question = read(&packet(from, to, [0x30, 0x39, 0, 22]), Direction::Inbound);
    let answer = read(&packet(to, from, [0, 22, 0x30, 0x39]), Direction::Outbound);
    assert_eq!((question.local_port, question.remote_port), (Some(22), Some(12345)));
    assert_eq!(question, answer.reversed());
    assert_eq!((decide(&mut spd, &question), decide(&mut spd, &answer)), (Some(entry), Some(entry)));
    let turned = read(&packet(from, to, [0x30, 0x39, 0, 22]), Direction::Outbound);
    assert_eq!(decide(&mut spd, &turned), None);
}

#[test]
fn every_selector_is_compared() {
    let full = Selectors {
        local: Addresses::List(vec![
            AddressRange::single(address("10.0.0.1")),
            AddressRange::new(address("10.0.0.5"), address("10.0.0.9")).unwrap(),
        ]),
        remote: addresses("198.51.100.0/24"),
        protocol: Protocols::Is(Protocol::TCP),
        local_port: Numbers::range(1000, 2000).unwrap(),
        remote_port: Numbers::List(vec![Range::new(80, 80).unwrap(), Range::new(443, 444).unwrap()]),
        class: Numbers::is(0xb8),
        flow_label: Numbers::Any,
        sensitivity: Numbers::range(2, 3).unwrap(),
    };
    let good = Packet { class: 0xb8, sensitivity: Some(2), ..tcp() };
    let bad = [
        (Packet { local: address("10.0.0.2"), ..good }, Mismatch::LocalAddress),
        (Packet { remote: address("198.51.101.0"), ..good }, Mismatch::RemoteAddress),
        (Packet { protocol: Some(Protocol::UDP), ..good }, Mismatch::Protocol),
        (Packet { protocol: None, ..good }, Mismatch::Protocol),
        (Packet { local_port: Some(999), ..good }, Mismatch::LocalPort),
        (Packet { local_port: None, ..good }, Mismatch::LocalPort),
        (Packet { remote_port: Some(81), ..good }, Mismatch::RemotePort),
        (Packet { class: 0, ..good }, Mismatch::Class),
        (Packet { sensitivity: Some(4), ..good }, Mismatch::Sensitivity),
        (Packet { sensitivity: None, ..good }, Mismatch::Sensitivity),
    ];
    let mut spd = spd();
    spd.push(Entry::new(full.clone(), Action::Bypass)).unwrap();
    for (packet, mismatch) in bad {
        assert_eq!(full.check(&packet), Err(mismatch));
        assert_eq!(decide(&mut spd, &packet), None);
    }
    for packet in [good, Packet { local: address("10.0.0.7"), ..good }, Packet { remote_port: Some(444), ..good }] {
        assert_eq!(full.check(&packet), Ok(()));
        assert!(decide(&mut spd, &packet).is_some());
    }
    let labelled = Selectors { flow_label: Numbers::is(0xabcde), ..all() };
    let v6 = outbound("2001:db8::1", "2001:db8::2", Protocol::UDP, None);
    assert_eq!(labelled.check(&Packet { flow_label: Some(0xabcde), ..v6 }), Ok(()));
    assert_eq!(labelled.check(&Packet { flow_label: Some(0xabcdf), ..v6 }), Err(Mismatch::FlowLabel));
    assert_eq!(labelled.check(&tcp()), Err(Mismatch::FlowLabel));
}

/// RFC 4301 4.4.1: ANY takes what is there and what is not, OPAQUE what is not, a value neither.
#[test]
fn any_encompasses_opaque() {
    let fragment = Packet { local_port: None, remote_port: None, ..tcp() };
    for (numbers, whole, part) in [(Numbers::Any, true, true), (Numbers::Opaque, false, true), (Numbers::is(1234), true, false)] {
        let selectors = Selectors { local_port: numbers.clone(), ..all() };
        let mut spd = spd();
        spd.push(Entry::new(selectors, Action::Bypass)).unwrap();
        assert_eq!((decide(&mut spd, &tcp()).is_some(), decide(&mut spd, &fragment).is_some()), (whole, part), "{numbers:?}");
    }
    let later = Packet { protocol: None, ..outbound("::1", "::2", Protocol::TCP, None) };
    assert!(Protocols::Opaque.matches(later.protocol) && Protocols::Any.matches(later.protocol));
    assert!(!Protocols::Opaque.matches(Some(Protocol::TCP)));
    assert!(!Numbers::<u16>::List(vec![]).matches(Some(1)) && !Numbers::<u16>::List(vec![]).matches(None));
}

/// RFC 4301 4.4.1.1: (T-start * 256) + C-start <= (t * 256) + c <= (T-end * 256) + C-end.
#[test]
fn icmp_types_and_codes_are_one_number() {
    let range = Numbers::icmp((3, 4), (5, 1)).unwrap();
    for kind in 0..=255_u8 {
        for code in 0..=255_u8 {
            let value = u16::from(kind) * 256 + u16::from(code);
            assert_eq!(range.matches(Some(value)), (3 * 256 + 4..=5 * 256 + 1).contains(&value));
            assert!(Numbers::icmp_type(kind).matches(Some(value)));
            assert!(!Numbers::icmp_type(kind.wrapping_add(1)).matches(Some(value)));
        }
    }
    assert_eq!(Numbers::icmp((5, 0), (4, 9)), None);
}

/// RFC 4301 4.4.1.3 C, D: willing to send traceroutes, and not to receive them.
#[test]
fn one_port_of_icmp_is_the_senders() {
    let mut spd = spd();
    let icmp = |local_port, remote_port| Selectors { protocol: Protocols::Is(Protocol::ICMP), local_port, remote_port, ..all() };
    let send = spd.push(Entry::new(icmp(Numbers::icmp_type(30), Numbers::Opaque), Action::Bypass)).unwrap();
    let receive = spd.push(Entry::new(icmp(Numbers::Opaque, Numbers::icmp_type(8)), Action::Bypass)).unwrap();
    let both = spd.push(Entry::new(icmp(Numbers::icmp_type(0), Numbers::icmp_type(0)), Action::Bypass)).unwrap();
    let icmp = |direction, kind: u8| {
        let octets = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, kind, 7, 0, 0, 0, 0, 0, 0];
        Packet::of(&ip::Packet::parse(&octets).unwrap(), direction).unwrap()
    };
    assert_eq!(icmp(Direction::Outbound, 30).local_port, Some(30 << 8 | 7));
    assert_eq!(icmp(Direction::Inbound, 30).remote_port, Some(30 << 8 | 7));
    let expected = [(30, Some(send), None), (8, None, Some(receive)), (0, Some(both), Some(both)), (3, None, None)];
    for (kind, out, into) in expected {
        assert_eq!(decide(&mut spd, &icmp(Direction::Outbound, kind)), out, "type {kind}");
        assert_eq!(decide(&mut spd, &icmp(Direction::Inbound, kind)), into, "type {kind}");
    }
    let echo = icmp(Direction::Outbound, 8);
    assert_eq!((echo.reversed().remote_port, echo.reversed().local_port), (Some(8 << 8 | 7), None));
}

#[test]
fn headers_before_the_next_layer_protocol_are_looked_through_and_ah_and_esp_are_not() {
    let v6 = |next: u8, payload: &[u8]| {
        let mut octets = vec![0x6b, 0x8a, 0xbc, 0xde, 0, payload.len() as u8, next, 64];
        octets.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        octets.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        octets.extend_from_slice(payload);
        Packet::of(&ip::Packet::parse(&octets).unwrap(), Direction::Outbound).unwrap()
    };
    let options = [60, 0, 1, 4, 0, 0, 0, 0];
    let udp = [0, 53, 0x30, 0x39, 0, 8, 0, 0];
    let packet = v6(0, &[&options[..], &[17, 0, 1, 4, 0, 0, 0, 0], &udp].concat());
    assert_eq!((packet.protocol, packet.local_port, packet.remote_port), (Some(Protocol::UDP), Some(53), Some(12345)));
    assert_eq!((packet.class, packet.flow_label), (0xb8, Some(0xabcde)));
    // First fragment, later fragment, later fragment that shows no next layer protocol.
    let fragment = |next, offset: u8, rest: &[u8]| v6(44, &[&[next, 0, 0, offset, 0, 0, 0, 9], rest].concat());
    assert_eq!(fragment(17, 1, &udp).local_port, Some(53));
    let later = fragment(17, 8, &udp);
    assert_eq!((later.protocol, later.local_port), (Some(Protocol::UDP), None));
    assert_eq!(fragment(60, 8, &udp).protocol, None);
    // A mobility header's type; AH and ESP have nothing.
    let mobility = v6(135, &[59, 0, 5, 0, 0, 0, 0, 0]);
    assert_eq!((mobility.protocol, mobility.local_port), (Some(Protocol::MOBILITY), Some(5 << 8)));
    assert!(Numbers::mobility(5).matches(mobility.local_port));
    for kind in [50, 51] {
        let packet = v6(kind, &[17, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 53, 0, 54]);
        assert_eq!((packet.protocol, packet.local_port), (Some(Protocol(kind)), None));
    }
    // Ports that are cut off are not there; an option's length past the end is an error.
    assert_eq!(v6(6, &[0, 80]).local_port, None);
    let bad = [&[0x60, 0, 0, 0, 0, 2, 60, 64][..], &[0; 32], &[17, 9]].concat();
    assert!(Packet::of(&ip::Packet::parse(&bad).unwrap(), Direction::Inbound).is_err());
    // Later fragments of IPv4.
    let octets = [0x45, 0, 0, 28, 0, 0, 0, 1, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 80, 0, 81, 0, 0, 0, 0];
    let later = Packet::of(&ip::Packet::parse(&octets).unwrap(), Direction::Outbound).unwrap();
    assert_eq!((later.protocol, later.local_port), (Some(Protocol::TCP), None));
}

#[test]
fn ranges_and_prefixes_say_what_they_contain() {
    let range = AddressRange::new(address("192.0.2.1"), address("192.0.2.10")).unwrap();
    assert_eq!((range.first(), range.last()), (address("192.0.2.1"), address("192.0.2.10")));
    assert!(range.contains(address("192.0.2.10")) && !range.contains(address("192.0.2.11")));
    assert!(!range.contains(address("::c000:201")));
    let all = AddressRange::prefix(address("10.1.2.3"), 0).unwrap();
    assert_eq!((all.first(), all.last()), (address("0.0.0.0"), address("255.255.255.255")));
    let prefix = AddressRange::prefix(address("2001:db8::ff"), 124).unwrap();
    assert_eq!((prefix.first(), prefix.last()), (address("2001:db8::f0"), address("2001:db8::ff")));
    let all = AddressRange::prefix(address("::1"), 0).unwrap();
    assert_eq!((all.first(), all.last()), (address("::"), address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
    assert_eq!(AddressRange::prefix(address("10.0.0.1"), 32).unwrap(), AddressRange::single(address("10.0.0.1")));
}

#[test]
fn what_cannot_be_is_refused() {
    let too_long = |found, needed| Err(Error::DoesNotFit { field: Field::PrefixLen, found, needed });
    assert_eq!(AddressRange::prefix(address("10.0.0.0"), 33), too_long(33, 32));
    assert_eq!(Addresses::prefix(address("::"), 129).map(|_| ()), too_long(129, 128).map(|_: AddressRange| ()));
    let mixed = |field, found, needed| Error::AddressFamily { field, found, needed };
    assert_eq!(AddressRange::new(address("::"), address("10.0.0.0")), Err(mixed(Field::AddressRange, 4, 6)));
    assert_eq!(AddressRange::new(address("10.0.0.0"), address("::")), Err(mixed(Field::AddressRange, 6, 4)));
    assert_eq!(
        AddressRange::new(address("0.0.0.9"), address("0.0.0.8")),
        Err(Error::Value { field: Field::AddressRange, found: 8, needed: 9 })
    );
    assert_eq!((Range::new(2, 1), Numbers::range(2_u8, 1)), (None, None));
    assert_eq!(Range::new(1, 2).map(|range| (range.first(), range.last())), Some((1, 2)));

    let mut spd: Spd<&str, u32> = Spd::new(Limits { entries: 1, conversations: 4, links: 1, names: 1 });
    let both = Selectors { local: addresses("10.0.0.1"), remote: addresses("::1"), ..all() };
    assert_eq!(spd.push(Entry::new(both, Action::Bypass)), Err(mixed(Field::Selectors, 6, 4)));
    let both = Selectors { local: addresses("::1"), remote: addresses("10.0.0.1"), ..all() };
    assert_eq!(spd.push(Entry::new(both, Action::Bypass)), Err(mixed(Field::Selectors, 4, 6)));
    spd.push(Entry::new(all(), Action::Protect { pfp: Pfp::ALL, parameters: "esp" })).unwrap();
    assert_eq!(spd.push(Entry::new(all(), Action::Bypass)), Err(Error::TableFull { field: Field::Spd, limit: 1 }));
    let name = Name::User("mozart@foo.example.com".into());
    assert_eq!(spd.name(name.clone()), spd.name(name));
    assert_eq!(spd.name(Name::Octets([1].into())), Err(Error::TableFull { field: Field::Names, limit: 1 }));
    assert!(spd.bind(&tcp(), 1).unwrap().is_some());
    assert!(spd.bind(&tcp(), 2).unwrap().is_some(), "another SA in the same place");
    let other = Packet { local_port: Some(9), ..tcp() };
    assert_eq!(spd.bind(&other, 3), Err(Error::TableFull { field: Field::Links, limit: 1 }));
}

#[test]
fn all_packets_of_an_entry_share_an_sa_unless_flags_say_otherwise() {
    let mut spd = spd();
    let selectors = Selectors { remote: addresses("192.0.2.1-192.0.2.10"), ..all() };
    let entry = spd.push(Entry::new(selectors.clone(), PROTECT)).unwrap();
    let to = |remote: &str| Packet { remote: address(remote), ..tcp() };
    let sa = |spd: &mut Spd<&'static str, u32>, packet: &Packet| match spd.lookup(packet) {
        Verdict::Protect { sa, .. } => sa,
        other => panic!("{other:?}"),
    };
    assert_eq!(sa(&mut spd, &to("192.0.2.3")), None);
    assert_eq!(spd.bind(&to("192.0.2.3"), 7).unwrap(), Some((entry, vec![selectors.clone()])));
    assert_eq!([sa(&mut spd, &to("192.0.2.3")), sa(&mut spd, &to("192.0.2.4"))], [Some(7), Some(7)]);
    assert_eq!(spd.remove(entry).unwrap().1, [7]);

    // RFC 4301 4.4.1's example, with the flag for the remote address.
    let pfp = Pfp { remote: true, ..Pfp::NONE };
    let entry = spd.push(Entry::new(selectors, Action::Protect { pfp, parameters: "esp" })).unwrap();
    let expected = Selectors { remote: addresses("192.0.2.3"), ..all() };
    assert_eq!(spd.bind(&to("192.0.2.3"), 8).unwrap(), Some((entry, vec![expected])));
    assert_eq!([sa(&mut spd, &to("192.0.2.3")), sa(&mut spd, &to("192.0.2.4"))], [Some(8), None]);
    let other_port = Packet { local_port: Some(5), ..to("192.0.2.3") };
    assert_eq!(sa(&mut spd, &other_port), Some(8));
    spd.bind(&to("192.0.2.4"), 9).unwrap();
    assert_eq!([sa(&mut spd, &to("192.0.2.3")), sa(&mut spd, &to("192.0.2.4"))], [Some(8), Some(9)]);
    assert_eq!((spd.unbind(8), spd.unbind(8)), (1, 0));
    assert_eq!([sa(&mut spd, &to("192.0.2.3")), sa(&mut spd, &to("192.0.2.4"))], [None, Some(9)]);
}

#[test]
fn flags_populate_each_selector_from_the_packet() {
    let entry: Entry<&str> = Entry::new(all(), Action::Protect { pfp: Pfp::ALL, parameters: "esp" });
    let populated = entry.sa_selectors(&tcp()).unwrap();
    let expected = Selectors {
        local: addresses("10.0.0.1"),
        remote: addresses("198.51.100.7"),
        protocol: Protocols::Is(Protocol::TCP),
        local_port: Numbers::is(1234),
        remote_port: Numbers::is(80),
        ..all()
    };
    assert_eq!(populated, [expected]);
    let fragment = Packet { protocol: None, local_port: None, remote_port: None, ..tcp() };
    let populated = &entry.sa_selectors(&fragment).unwrap()[0];
    assert_eq!((&populated.protocol, &populated.local_port), (&Protocols::Opaque, &Numbers::Opaque));
    // The receiver's "port" of ICMP says nothing, and stays what the entry has.
    let icmp = outbound("10.0.0.1", "10.0.0.2", Protocol::ICMP, None);
    let populated = &entry.sa_selectors(&Packet { local_port: Some(0x800), ..icmp }).unwrap()[0];
    assert_eq!((&populated.local_port, &populated.remote_port), (&Numbers::is(0x800), &Numbers::Any));
    // With several sets the one that matches is populated; without flags all of them stay.
    let udp = Selectors { protocol: Protocols::Is(Protocol::UDP), ..all() };
    let mut entry: Entry<&str> =
        Entry::new(udp.clone(), Action::Protect { pfp: Pfp { local: true, ..Pfp::NONE }, parameters: "esp" });
    entry.selectors.push(all());
    assert_eq!(entry.sa_selectors(&tcp()), Some(vec![Selectors { local: addresses("10.0.0.1"), ..all() }]));
    entry.action = PROTECT;
    assert_eq!(entry.sa_selectors(&tcp()), Some(vec![udp, all()]));
    assert_eq!(Entry::<&str>::new(all(), Action::Bypass).sa_selectors(&tcp()), None);
}

/// RFC 4301 5.2 step 4.
#[test]
fn a_packet_that_came_through_an_sa_must_match_its_selectors_and_the_policy() {
    let mut spd = spd();
    let first = spd.push(Entry::new(Selectors { local_port: Numbers::is(22), ..all() }, Action::Discard)).unwrap();
    let protect = spd.push(Entry::new(Selectors { remote: addresses("198.51.100.0/24"), ..all() }, PROTECT)).unwrap();
    let Some((entry, selectors)) = spd.bind(&tcp(), 1).unwrap() else { panic!("it is protected") };
    let inner = tcp().reversed();
    assert_eq!((check_sa(&selectors, &inner), spd.verify_inbound(&inner, entry)), (Ok(()), Ok(())));
    let outside = Packet { remote: address("192.0.2.1"), ..inner };
    assert_eq!(check_sa(&selectors, &outside), Err(Mismatch::RemoteAddress));
    assert_eq!(spd.verify_inbound(&outside, entry), Err(None));
    // Inside the SA's selectors, but an entry before is for it.
    let ssh = inbound("10.0.0.1", "198.51.100.7", Protocol::TCP, Some((22, 9)));
    assert_eq!((check_sa(&selectors, &ssh), spd.verify_inbound(&ssh, protect)), (Ok(()), Err(Some(first))));
    assert_eq!(check_sa(&[], &inner), Err(Mismatch::NoSelectors));
    // Of several sets the nearest miss is told.
    let sets = [Selectors { local: addresses("10.9.9.9"), ..all() }, Selectors { remote_port: Numbers::is(81), ..all() }];
    assert_eq!(check_sa(&sets, &inner), Err(Mismatch::RemotePort));
    // A later fragment does not match a port (RFC 4301 4.4.1.1).
    let sets = [Selectors { remote_port: Numbers::is(80), ..all() }];
    let fragment = Packet { local_port: None, remote_port: None, ..inner };
    assert_eq!((check_sa(&sets, &inner), check_sa(&sets, &fragment)), (Ok(()), Err(Mismatch::RemotePort)));
}

#[test]
fn names_are_asked_for_and_admitted_peers_have_entries() {
    let mut spd = spd();
    let user = spd.name(Name::User("mozart@foo.example.com".into())).unwrap();
    let host = spd.name(Name::Dns("foo.example.com".into())).unwrap();
    let other = spd.name(Name::Distinguished([0x30, 0].into())).unwrap();
    let entry = Entry { names: vec![user, host], ..Entry::new(Selectors { remote_port: Numbers::is(80), ..all() }, PROTECT) };
    let named = spd.push(entry).unwrap();
    assert_eq!(decide(&mut spd, &tcp()), None, "without a name");
    assert_eq!(decide(&mut spd, &Packet { name: Some(other), ..tcp() }), None);
    let mine = Packet { name: Some(host), ..tcp() };
    assert_eq!(decide(&mut spd, &mine), Some(named));
    // An SA that is made for a user is for the address that the user has.
    let (_, selectors) = spd.bind(&mine, 1).unwrap().unwrap();
    assert_eq!(selectors[0].local, addresses("10.0.0.1"));
    let elsewhere = Packet { local: address("10.0.0.2"), ..mine };
    assert!(matches!(spd.lookup(&elsewhere), Verdict::Protect { sa: None, .. }));
    assert!(matches!(spd.lookup(&mine), Verdict::Protect { sa: Some(1), .. }));
    // A road warrior is admitted under its name, with the address that it has today.
    let admitted = spd.admit(user, address("198.51.100.7")).unwrap().unwrap();
    assert_eq!((spd.position(admitted), spd.position(named)), (Some(0), Some(1)));
    assert_eq!(decide(&mut spd, &tcp()), Some(admitted));
    assert_eq!(decide(&mut spd, &Packet { remote: address("198.51.100.8"), ..tcp() }), None);
    assert_eq!((spd.find_named(user).map(|(id, _)| id), spd.admit(other, address("::1"))), (Some(named), Ok(None)));
    assert_eq!(spd.bind(&Packet { remote: address("192.0.2.9"), ..tcp() }, 3), Ok(None), "nothing matches");
}

#[test]
fn the_table_of_conversations_is_capped_counted_and_emptied() {
    let mut spd: Spd<&str, u32> = Spd::new(Limits { conversations: 8, ..Limits::default() });
    spd.push(Entry::new(all(), Action::Bypass)).unwrap();
    let flow = |port: u16| Packet { local_port: Some(port), ..tcp() };
    for port in 0..100 {
        spd.lookup(&flow(port));
        assert!(spd.conversations() <= 8);
    }
    assert_eq!(spd.counters(), Counters { cached: 0, searched: 100 });
    // One that is met again and again stays, whatever comes by.
    spd.lookup(&flow(1));
    for port in 100..200 {
        spd.lookup(&flow(port));
        if port % 3 == 0 {
            spd.lookup(&flow(1));
        }
    }
    assert_eq!(spd.counters(), Counters { cached: 33, searched: 201 });
    let id = spd.push(Entry::new(all(), Action::Discard)).unwrap();
    assert_eq!(spd.conversations(), 0);
    spd.lookup(&flow(1));
    spd.remove(id).unwrap();
    assert_eq!((spd.conversations(), spd.remove(id)), (0, None));
    let mut off: Spd<&str, u32> = Spd::new(Limits { conversations: 0, ..Limits::default() });
    off.lookup(&tcp());
    off.lookup(&tcp());
    assert_eq!((off.conversations(), off.counters().searched), (0, 2));
}

#[test]
fn a_new_link_is_seen_by_conversations_in_the_table() {
    let mut spd = spd();
    spd.push(Entry::new(all(), PROTECT)).unwrap();
    spd.lookup(&tcp());
    spd.bind(&tcp(), 1).unwrap();
    assert!(matches!(spd.lookup(&tcp()), Verdict::Protect { sa: Some(1), .. }));
    spd.bind(&tcp(), 2).unwrap();
    assert!(matches!(spd.lookup(&tcp()), Verdict::Protect { sa: Some(2), .. }));
    assert_eq!(spd.counters(), Counters { cached: 2, searched: 1 });
}

/// Fields that differ in one bit give keys that differ.
#[test]
fn keys_tell_all_packets_apart() {
    let base = Packet { flow_label: Some(5), sensitivity: Some(1), ..outbound("::1", "::2", Protocol::UDP, Some((1, 2))) };
    let mut others = vec![
        Packet { direction: Direction::Inbound, ..base },
        Packet { protocol: None, ..base },
        Packet { local_port: None, ..base },
        Packet { remote_port: None, ..base },
        Packet { flow_label: None, ..base },
        Packet { sensitivity: None, ..base },
        Packet { name: Some(NameId(0)), ..base },
        Packet { name: Some(NameId(u32::MAX)), ..base },
        Packet { local: address("0.0.0.1"), ..base },
        Packet { remote: address("0.0.0.2"), ..base },
    ];
    for bit in 0..16 {
        others.push(Packet { local_port: Some(1 ^ 1 << bit), ..base });
        others.push(Packet { remote_port: Some(2 ^ 1 << bit), ..base });
        others.push(Packet { flow_label: Some(5 ^ 1 << bit << 4), ..base });
    }
    for bit in 0..8 {
        others.push(Packet { protocol: Some(Protocol(17 ^ 1 << bit)), ..base });
        others.push(Packet { class: 1 << bit, ..base });
        others.push(Packet { sensitivity: Some(1 ^ 1 << bit), ..base });
    }
    for bit in 0..128 {
        others.push(Packet { local: IpAddr::V6((1_u128 ^ 1 << bit).into()), ..base });
        others.push(Packet { remote: IpAddr::V6((2_u128 ^ 1 << bit).into()), ..base });
    }
    let keys: std::collections::HashSet<_> = others.iter().map(|packet| format!("{:?}", packet.key())).collect();
    assert_eq!(keys.len(), others.len());
    assert!(!keys.contains(&format!("{:?}", base.key())));
}
