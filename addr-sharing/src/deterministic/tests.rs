use super::*;
use proptest::prelude::*;
use std::collections::HashMap;
use std::string::{String, ToString};
use std::time::Duration;
use std::vec::Vec;

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn hosts(text: &str) -> Inside {
    Inside::ipv4_hosts(text.parse().unwrap())
}

fn example() -> Deterministic {
    let reserved = Reserved::SYSTEM;
    let outside = "192.0.2.1/32".parse().unwrap();
    Deterministic::with(hosts("198.51.100.0/28"), outside, 2, 5040, Algorithm::Sequential, reserved).unwrap()
}

#[test]
fn the_example_of_rfc_7422_holds() {
    let map = example();
    assert_eq!((map.compression_ratio(), map.ports_per_subscriber(), map.dynamic_ports_per_subscriber()), (14, 4032, 1008));
    // The table of 2.3, typed from it.
    let table = [
        (1, 1024, 5055),
        (2, 5056, 9087),
        (3, 9088, 13119),
        (4, 13120, 17151),
        (5, 17152, 21183),
        (6, 21184, 25215),
        (7, 25216, 29247),
        (8, 29248, 33279),
        (9, 33280, 37311),
        (10, 37312, 41343),
        (11, 41344, 45375),
        (12, 45376, 49407),
        (13, 49408, 53439),
        (14, 53440, 57471),
    ];
    for (host, first, last) in table {
        let subscriber: IpAddr = Ipv4Addr::new(198, 51, 100, host).into();
        let ranges: Vec<String> = map.forward(subscriber).unwrap().ranges().map(|range| range.to_string()).collect();
        assert_eq!(ranges, [std::format!("192.0.2.1:{first}-{last}")]);
        for port in first..=last {
            assert_eq!(map.reverse(v4("192.0.2.1"), port), Ok(Answer::Subscriber(subscriber)));
        }
    }
    for port in 0..1024 {
        assert_eq!(map.reverse(v4("192.0.2.1"), port), Ok(Answer::Reserved));
    }
    for port in 57_472..=65_535 {
        assert_eq!(map.reverse(v4("192.0.2.1"), port), Ok(Answer::Dynamic));
    }
    // The two reports of 2.3.
    assert_eq!(map.reverse(v4("192.0.2.1"), 2001), Ok(Answer::Subscriber("198.51.100.1".parse().unwrap())));
    assert_eq!(map.reverse(v4("192.0.2.1"), 58_204), Ok(Answer::Dynamic));
    // Network and broadcast address are no subscribers.
    for address in ["198.51.100.0", "198.51.100.15", "198.51.100.16", "2001:db8::1"] {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(map.forward(address).err(), Some(Error::UnknownAddress(address)));
    }
    assert_eq!(map.reverse(v4("192.0.2.2"), 2001), Err(Error::UnknownAddress("192.0.2.2".parse().unwrap())));
}

fn configurations() -> Vec<Deterministic> {
    let reserved = [
        Reserved::NONE,
        Reserved::SYSTEM,
        Reserved::new(["1-1023", "5004", "5060", "65535"].map(|range| range.parse().unwrap())).unwrap(),
    ];
    let insides = [
        hosts("10.0.0.0/24"),
        Inside::ipv4_all("10.0.0.0/26".parse().unwrap()),
        Inside::Ipv6 { prefix: "2001:db8::/48".parse().unwrap(), subscriber_len: 56 },
        hosts("10.0.0.4/31"),
    ];
    let mut all = Vec::new();
    for algorithm in Algorithm::ALL {
        for inside in insides {
            for (outside, dynamic) in [("192.0.2.1/32", 2), ("192.0.2.0/30", 0), ("192.0.2.0/31", 3), ("192.0.2.0/29", 1)] {
                for reserved in reserved {
                    all.push(
                        Deterministic::with(inside, outside.parse().unwrap(), dynamic, 65_536, algorithm, reserved).unwrap(),
                    );
                }
            }
        }
    }
    all
}

#[test]
fn every_port_reverses_to_the_one_who_has_it() {
    for map in configurations() {
        let mut owner: HashMap<(Ipv4Addr, u16), IpAddr> = HashMap::new();
        for index in 0..map.inside().count() {
            let subscriber = map.inside().nth(index).unwrap();
            assert_eq!(map.inside().index_of(subscriber), Some(index));
            let mapping = map.forward(subscriber).unwrap();
            let mut count = 0;
            for (address, port) in mapping.iter() {
                count += 1;
                assert_eq!(owner.insert((address, port), subscriber), None, "{map}: {address} {port} twice");
            }
            assert_eq!((count, mapping.count(), mapping.nth(count)), (map.ports_per_subscriber(), count, None));
            let by_ranges: u64 = mapping.ranges().map(|range| u64::from(range.ports.count())).sum();
            assert_eq!(by_ranges, count);
        }
        let (mut dynamic, mut orphans) = (0u64, 0u64);
        let outside = map.outside();
        for address in outside.address().to_bits()..=outside.last().to_bits() {
            let address = Ipv4Addr::from_bits(address);
            for port in 0..=u16::MAX {
                let answer = map.reverse(address, port).unwrap();
                match owner.get(&(address, port)) {
                    Some(subscriber) => assert_eq!(answer, Answer::Subscriber(*subscriber), "{map}: {address} {port}"),
                    None => {
                        let reserved = map.reserved().ranges().iter().any(|range| range.contains(port));
                        assert_eq!(answer == Answer::Reserved, reserved, "{map}: {address} {port}");
                        assert!(!matches!(answer, Answer::Subscriber(_)), "{map}: {address} {port}");
                        dynamic += u64::from(answer == Answer::Dynamic);
                        orphans += u64::from(answer == Answer::Orphan);
                    }
                }
            }
        }
        // Without a dynamic pool no port is in it; with one it has D shares of each address at least.
        let addresses = 1u64 << (32 - outside.len());
        let least = u64::from(map.dynamic_factor()) * map.ports_per_subscriber() * addresses;
        assert!(if map.dynamic_factor() == 0 { dynamic == 0 } else { dynamic >= least }, "{map}: {dynamic} {least}");
        // Orphans are left over, or shares that no subscriber has.
        let shares = match map.algorithm() {
            Algorithm::Sequential | Algorithm::Staggered => map.compression_ratio() * addresses - map.inside().count(),
            Algorithm::RoundRobin | Algorithm::Interlaced => 0,
        };
        let unused = shares * map.ports_per_subscriber();
        assert!(if map.dynamic_factor() > 0 { orphans == unused } else { orphans >= unused }, "{map}: {orphans} {unused}");
    }
}

#[test]
fn the_algorithms_differ_as_they_are_described() {
    let of = |algorithm, host: u8| {
        let map =
            Deterministic::with(hosts("10.0.0.0/29"), "192.0.2.0/31".parse().unwrap(), 1, 65_536, algorithm, Reserved::SYSTEM);
        let map = map.unwrap();
        let mapping = map.forward(Ipv4Addr::new(10, 0, 0, host).into()).unwrap();
        (0..3).map(|n| mapping.nth(n).unwrap()).map(|(address, port)| (address.octets()[3], port)).collect::<Vec<_>>()
    };
    // Six subscribers on two addresses: C = 3, D = 1, 64,512 ports to share.
    assert_eq!(of(Algorithm::Sequential, 1), [(0, 1024), (0, 1025), (0, 1026)]);
    assert_eq!(of(Algorithm::Sequential, 2), [(0, 17_152), (0, 17_153), (0, 17_154)]);
    assert_eq!(of(Algorithm::Sequential, 4), [(1, 1024), (1, 1025), (1, 1026)]);
    assert_eq!(of(Algorithm::Staggered, 1), [(0, 1024), (0, 1028), (0, 1032)]);
    assert_eq!(of(Algorithm::Staggered, 2), [(0, 1025), (0, 1029), (0, 1033)]);
    assert_eq!(of(Algorithm::RoundRobin, 1), [(0, 1024), (1, 1024), (0, 1025)]);
    assert_eq!(of(Algorithm::RoundRobin, 2), [(0, 9088), (1, 9088), (0, 9089)]);
    assert_eq!(of(Algorithm::Interlaced, 1), [(0, 1024), (0, 1028), (0, 1032)]);
    assert_eq!(of(Algorithm::Interlaced, 2), [(1, 1024), (1, 1028), (1, 1032)]);
    assert_eq!(Algorithm::ALL.map(Algorithm::number), [0, 1, 2, 3]);
}

#[test]
fn a_share_that_does_not_come_out_even_goes_to_the_pool_or_to_nobody() {
    // 64,512 ports for 31 hosts: 2,081 each, one left over.
    let inside = Inside::ipv4_all("10.0.0.0/27".parse().unwrap());
    let none = Deterministic::new(inside, "192.0.2.1/32".parse().unwrap(), 0).unwrap();
    assert_eq!((none.ports_per_subscriber(), none.dynamic_ports_per_subscriber()), (2016, 0));
    let inside = Inside::ipv4_all("10.0.0.0/21".parse().unwrap());
    let many = Deterministic::new(inside, "192.0.2.1/32".parse().unwrap(), 0).unwrap();
    // 2,048 subscribers: 31 ports each; what is past them is an orphan, not the 2,082nd subscriber's.
    assert_eq!(many.ports_per_subscriber(), 31);
    assert_eq!(many.reverse(v4("192.0.2.1"), 1024 + 2048 * 31 - 1), Ok(Answer::Subscriber("10.0.7.255".parse().unwrap())));
    assert_eq!(many.reverse(v4("192.0.2.1"), 1024 + 2048 * 31), Ok(Answer::Orphan));
    assert_eq!(many.reverse(v4("192.0.2.1"), 65_535), Ok(Answer::Orphan));
    // More outside than inside addresses: the rest of them is nobody's.
    let few = Deterministic::new(hosts("10.0.0.4/31"), "192.0.2.0/24".parse().unwrap(), 0).unwrap();
    assert_eq!(few.reverse(v4("192.0.2.1"), 5000), Ok(Answer::Subscriber("10.0.0.5".parse().unwrap())));
    assert_eq!(few.reverse(v4("192.0.2.2"), 5000), Ok(Answer::Orphan));
}

#[test]
fn configurations_that_make_no_sense_are_refused() {
    let outside: Ipv4Prefix = "192.0.2.1/32".parse().unwrap();
    let parameter = |parameter, found, least, most| Some(Error::Parameter { parameter, found, least, most });
    let new = |inside, dynamic| Deterministic::new(inside, outside, dynamic).err();
    assert_eq!(new(Inside::ipv4_all("10.0.0.0/16".parse().unwrap()), 0), parameter(Parameter::Ratio, 65_536, 1, 64_512));
    assert_eq!(new(hosts("10.0.0.0/24"), 65_537), parameter(Parameter::DynamicFactor, 65_537, 0, 65_536));
    assert_eq!(new(hosts("10.0.0.0/24"), 65_536), parameter(Parameter::Ratio, 254, 1, 64_512));
    let with_max = Deterministic::with(hosts("10.0.0.0/24"), outside, 1, 65_537, Algorithm::Sequential, Reserved::NONE).err();
    assert_eq!(with_max, parameter(Parameter::MaxPorts, 65_537, 0, 65_536));
    let all = Reserved::new([crate::port::ALL]).unwrap();
    let nothing = Deterministic::with(hosts("10.0.0.0/24"), outside, 1, 1, Algorithm::Sequential, all).err();
    assert_eq!(nothing, parameter(Parameter::Ratio, 254, 1, 0));
    for (prefix, subscriber_len, least, most) in
        [("2001:db8::/48", 47, 48, 80), ("2001:db8::/48", 81, 48, 80), ("::/100", 129, 100, 128)]
    {
        let inside = Inside::Ipv6 { prefix: prefix.parse().unwrap(), subscriber_len };
        assert_eq!(new(inside, 0), parameter(Parameter::SubscriberPrefix, u32::from(subscriber_len), least, most));
    }
    let single = Inside::Ipv6 { prefix: "2001:db8::/48".parse().unwrap(), subscriber_len: 48 };
    assert_eq!(Deterministic::new(single, outside, 0).unwrap().compression_ratio(), 1);
    let widest = Inside::Ipv6 { prefix: "2001:db8::/48".parse().unwrap(), subscriber_len: 80 };
    assert_eq!(widest.count(), 1 << 32);
    assert!(Deterministic::new(widest, "0.0.0.0/1".parse().unwrap(), 0).is_ok_and(|map| map.compression_ratio() == 2));
}

#[test]
fn an_ipv6_subscriber_is_found_by_any_of_its_addresses() {
    let inside = Inside::Ipv6 { prefix: "2001:db8::/48".parse().unwrap(), subscriber_len: 56 };
    assert_eq!(inside.index_of("2001:db8:0:25ff::99".parse().unwrap()), Some(0x25));
    assert_eq!(inside.nth(0x25), Some("2001:db8:0:2500::".parse().unwrap()));
    assert_eq!((inside.count(), inside.nth(256), inside.index_of("2001:db8:1::".parse().unwrap())), (256, None, None));
    assert_eq!(inside.index_of("192.0.2.1".parse().unwrap()), None);
}

#[test]
fn the_line_of_the_log_is_that_of_rfc_7422() {
    // 3, with the outside address of 2.3.
    let text = "198.51.100.0:28:192.0.2.0:32:2:5040:0:1-1023,5004,5060";
    let map: Deterministic = text.parse().unwrap();
    assert_eq!(map.to_string(), text);
    assert_eq!((map.inside(), map.dynamic_factor(), map.max_ports()), (hosts("198.51.100.0/28"), 2, 5040));
    assert_eq!(map.reserved().left(), 65_536 - 1023 - 2);
    for map in configurations() {
        assert_eq!(map.to_string().parse(), Ok(map), "{map}");
    }
    for (text, at) in [
        ("", 0),
        ("198.51.100.1:28:192.0.2.0:32:2:5040:0:", 13),
        ("198.51.100.0:33:192.0.2.0:32:2:5040:0:", 13),
        ("198.51.100.0:28:192.0.2:32:2:5040:0:", 16),
        ("198.51.100.0:28:192.0.2.0:31x:2:5040:0:", 26),
        ("198.51.100.0:28:192.0.2.0:32:+2:5040:0:", 29),
        ("198.51.100.0:28:192.0.2.0:32:2:x:0:", 31),
        ("198.51.100.0:28:192.0.2.0:32:2:5040:4:", 36),
        ("198.51.100.0:28:192.0.2.0:32:2:5040:0:1-1023,x", 45),
        ("198.51.100.0:28:192.0.2.0:32:2:5040", 31),
        ("[2001:db8::]:48:192.0.2.0:32:2:5040:0:", 13),
        ("[2001:db8::1]:48/56:192.0.2.0:32:2:5040:0:", 14),
        ("[2001:db8::", 0),
    ] {
        assert_eq!(text.parse::<Deterministic>(), Err(Error::Text { at }), "{text}");
    }
    assert!("198.51.100.0:28:192.0.2.0:32:2:5040:0:".parse::<Deterministic>().is_ok_and(|map| map.reserved() == Reserved::NONE));
}

#[cfg(feature = "alloc")]
#[test]
fn the_configuration_of_the_time_answers() {
    let second = |n| Duration::from_secs(n);
    let mut history = History::new(3);
    let outside = "192.0.2.1/32".parse().unwrap();
    let old = example();
    let new = Deterministic::new(hosts("198.51.100.0/27"), outside, 2).unwrap();
    let other = Deterministic::new(hosts("198.51.100.0/28"), "192.0.2.2/32".parse().unwrap(), 2).unwrap();
    assert_eq!((history.add(second(100), old), history.add(second(200), new)), (Ok(0), Ok(1)));
    let backwards = Error::TimeBackwards { found_s: 200, latest_s: 200 };
    assert_eq!(history.add(second(200), old), Err(backwards));
    let subscriber = |host: u8| Some(Answer::Subscriber(Ipv4Addr::new(198, 51, 100, host).into()));
    let at = |history: &History, time, skew| history.reverse(v4("192.0.2.1"), 5056, second(time), second(skew)).agreed();
    // Port 5056 is the second subscriber's under the old configuration, the third's under the new one.
    assert_eq!((at(&history, 199, 0), at(&history, 200, 0)), (subscriber(2), subscriber(3)));
    assert_eq!((at(&history, 99, 0), at(&history, 99, 1)), (None, subscriber(2)));
    // Within the skew of a change both are possible, and that is said.
    assert_eq!(
        (at(&history, 195, 5), at(&history, 195, 4), at(&history, 205, 5), at(&history, 205, 6)),
        (None, subscriber(2), subscriber(3), None)
    );
    let answers = history.reverse(v4("192.0.2.1"), 5056, second(200), second(1));
    let found: Vec<(u32, Option<Answer>)> = answers.iter().map(|(epoch, answer)| (epoch.number, answer.ok())).collect();
    assert_eq!(found, [(0, subscriber(2)), (1, subscriber(3))]);
    // Reserved ports agree under both.
    assert_eq!(history.reverse(v4("192.0.2.1"), 80, second(200), second(1)).agreed(), Some(Answer::Reserved));
    assert_eq!(history.add(second(300), other), Ok(2));
    assert_eq!(history.add(second(400), old), Err(Error::Full { parameter: Parameter::Epochs, most: 3 }));
    assert_eq!(at(&history, 300, 0), None);
    assert_eq!(history.reverse(v4("192.0.2.1"), 5056, second(300), second(0)).iter().count(), 1);
    assert_eq!(history.at(second(250)).map(|epoch| epoch.number), Some(1));
    assert_eq!((history.at(second(99)), history.epochs().len()), (None, 3));
}

proptest! {
    #[test]
    fn the_inverse_of_forward_is_reverse(
        inside in 16u8..=32, outside in 24u8..=32, dynamic in 0u32..200, algorithm in 0usize..4, index: u64, n: u64, hosts_only: bool,
    ) {
        let prefix = Ipv4Prefix::holding(v4("10.1.2.3"), inside).unwrap();
        let inside = Inside::Ipv4 { prefix, hosts_only };
        let outside = Ipv4Prefix::holding(v4("192.0.2.77"), outside).unwrap();
        let reserved = Reserved::new(["0-1023", "5004", "40000-41000"].map(|range| range.parse().unwrap())).unwrap();
        let made = Deterministic::with(inside, outside, dynamic, 65_536, Algorithm::ALL[algorithm], reserved);
        prop_assume!(made.is_ok());
        let map = made.unwrap();
        let subscriber = map.inside().nth(index % map.inside().count()).unwrap();
        let mapping = map.forward(subscriber).unwrap();
        let (address, port) = mapping.nth(n % mapping.count()).unwrap();
        prop_assert_eq!(map.reverse(address, port), Ok(Answer::Subscriber(subscriber)));
    }
}
