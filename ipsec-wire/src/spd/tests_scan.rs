//! All forms of a lookup against the linear scan.

use std::vec;

use ip_wire::Protocol;
use proptest::prelude::any as arbitrary;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};

use super::tests::{PROTECT, all, decide, spd, tcp};
use super::*;

/// Values close together, so that ranges meet, nest and end at one another.
fn numbers<T: Copy + Ord + core::fmt::Debug + From<u8> + 'static>() -> impl Strategy<Value = Numbers<T>> {
    let range = (0..6_u8, 0..3_u8).prop_map(|(first, more)| Range::new(T::from(first), T::from(first + more)).unwrap());
    prop_oneof![
        4 => Just(Numbers::Any),
        1 => Just(Numbers::Opaque),
        4 => proptest::collection::vec(range, 0..3).prop_map(Numbers::List),
    ]
}

fn side(v6: bool) -> impl Strategy<Value = Addresses> {
    let at = move |low: u8| {
        if v6 { IpAddr::V6((u128::MAX - 7 + u128::from(low)).into()) } else { IpAddr::V4([255, 255, 255, 248 + low].into()) }
    };
    let range = (0..8_u8, 0..8_u8).prop_map(move |(a, b)| AddressRange::new(at(a.min(b)), at(a.max(b))).unwrap());
    prop_oneof![1 => Just(Addresses::Any), 2 => proptest::collection::vec(range, 1..3).prop_map(Addresses::List)]
}

fn selectors() -> impl Strategy<Value = Selectors> {
    let protocol = prop_oneof![
        Just(Protocols::Any),
        Just(Protocols::Opaque),
        proptest::sample::select(vec![6, 17, 1, 58, 135, 50]).prop_map(|number| Protocols::Is(Protocol(number))),
    ];
    arbitrary::<bool>()
        .prop_flat_map(move |v6| (side(v6), side(v6), protocol.clone(), numbers(), numbers(), numbers(), numbers(), numbers()))
        .prop_map(|(local, remote, protocol, local_port, remote_port, class, flow_label, sensitivity)| Selectors {
            local,
            remote,
            protocol,
            local_port,
            remote_port,
            class,
            flow_label,
            sensitivity,
        })
}

fn entry() -> impl Strategy<Value = Entry<&'static str>> {
    let action = prop_oneof![Just(Action::Bypass), Just(Action::Discard), Just(PROTECT)];
    let applies = prop_oneof![3 => Just(Applies::Both), 1 => Just(Applies::Outbound), 1 => Just(Applies::Inbound)];
    let names = proptest::collection::vec((0..2_u32).prop_map(NameId), 0..2);
    let names = prop_oneof![4 => Just(vec![]), 1 => names];
    (proptest::collection::vec(selectors(), 1..3), names, applies, action).prop_map(|(selectors, names, applies, action)| Entry {
        selectors,
        names,
        applies,
        action,
    })
}

fn packet() -> impl Strategy<Value = Packet> {
    let field = || proptest::option::weighted(0.8, 0..9_u8);
    let protocol = proptest::option::weighted(0.9, proptest::sample::select(vec![6, 17, 1, 58, 135, 50]));
    (
        arbitrary::<(bool, bool, bool)>(),
        0..8_u8,
        0..8_u8,
        protocol,
        (field(), field(), 0..9_u8, field(), field()),
        proptest::option::of(0..2_u32),
    )
        .prop_map(|((v6, mixed, inbound), local, remote, protocol, (local_port, remote_port, class, label, level), name)| {
            let at = |v6: bool, low: u8| {
                if v6 {
                    IpAddr::V6((u128::MAX - 7 + u128::from(low)).into())
                } else {
                    IpAddr::V4([255, 255, 255, 248 + low].into())
                }
            };
            Packet {
                direction: if inbound { Direction::Inbound } else { Direction::Outbound },
                local: at(v6, local),
                remote: at(v6 ^ (mixed && local == 3), remote),
                protocol: protocol.map(Protocol),
                local_port: local_port.map(u16::from),
                remote_port: remote_port.map(u16::from),
                class,
                flow_label: label.map(u32::from),
                sensitivity: level,
                name: name.map(NameId),
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_lookup_is_the_linear_scan_s(
        entries in proptest::collection::vec(entry(), 0..150),
        packets in proptest::collection::vec(packet(), 1..60),
        changes in proptest::collection::vec((arbitrary::<usize>(), entry()), 0..4),
    ) {
        let mut spd = spd();
        for entry in entries {
            spd.push(entry).unwrap();
        }
        for (at, entry) in changes.into_iter().map(Some).chain([None]).map(|change| change.unwrap_or_else(|| (0, Entry::new(all(), Action::Discard)))) {
            for packet in &packets {
                decide(&mut spd, packet);
            }
            let ids: Vec<EntryId> = spd.iter().map(|(id, _)| id).collect();
            if !ids.is_empty() && at % 2 == 0 {
                spd.remove(ids[at % ids.len()]).unwrap();
            }
            spd.insert(at % (ids.len() + 1), entry).unwrap();
        }
    }
}

/// Thousands of entries of the kind that gateways have: nested prefixes on both sides, services, wildcards between them.
#[test]
fn large_policies_agree_with_the_linear_scan() {
    let mut random = 0x1234_5678_9abc_def1_u64;
    let mut draw = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut spd = spd();
    for _ in 0..3000 {
        let mut side = || match draw(5) {
            0 => Addresses::Any,
            kind => {
                let net = IpAddr::V4([10, draw(4) as u8, draw(16) as u8 * 16, draw(256) as u8].into());
                Addresses::prefix(net, [8, 16, 24, 28, 32][kind as usize]).unwrap()
            }
        };
        let (local, remote) = (side(), side());
        let remote_port = match draw(3) {
            0 => Numbers::Any,
            1 => Numbers::is(draw(20) as u16),
            _ => Numbers::range(draw(10) as u16, 10 + draw(10) as u16).unwrap(),
        };
        let protocol = [Protocols::Any, Protocols::Is(Protocol::TCP), Protocols::Is(Protocol::UDP)][draw(3) as usize];
        let selectors = Selectors { local, remote, remote_port, protocol, ..all() };
        // The few that would match everything come last.
        if selectors.local == Addresses::Any && selectors.remote == Addresses::Any {
            continue;
        }
        spd.push(Entry::new(selectors, Action::Bypass)).unwrap();
    }
    let mut found = 0;
    for _ in 0..2000 {
        let mut host = || IpAddr::V4([10, draw(5) as u8, draw(256) as u8, draw(256) as u8].into());
        let (local, remote) = (host(), host());
        let protocol = [Protocol::TCP, Protocol::UDP, Protocol::ICMP][draw(3) as usize];
        let packet = Packet { local, remote, protocol: Some(protocol), remote_port: Some(draw(24) as u16), ..tcp() };
        found += u32::from(decide(&mut spd, &packet).is_some());
    }
    assert!(found > 500, "{found} packets that match are too few to say anything");
}
