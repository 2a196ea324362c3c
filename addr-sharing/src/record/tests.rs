use super::*;
use crate::deterministic::Inside;
use hex_literal::hex;
use proptest::prelude::*;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn session(created: bool, host: u8, outside_port: u16) -> Event {
    Event::Session {
        created,
        protocol: Protocol::UDP,
        subscriber: Ipv4Addr::new(10, 0, 0, host).into(),
        inside_port: 40_000,
        outside: Ipv4Addr::new(192, 0, 2, 1),
        outside_port,
    }
}

fn block(assigned: bool, host: u8, first: u16, last: u16) -> Event {
    let ports = PortRange::new(first, last).unwrap();
    let subscriber = Ipv4Addr::new(10, 0, 0, host).into();
    Event::Block { assigned, subscriber, outside: Ipv4Addr::new(192, 0, 2, 1), ports }
}

fn map() -> Deterministic {
    Deterministic::new(Inside::ipv4_hosts("198.51.100.0/28".parse().unwrap()), "192.0.2.1/32".parse().unwrap(), 2).unwrap()
}

fn emitted(record: &Record) -> Vec<u8> {
    let mut buffer = vec![0xee; record.wire_len()];
    assert_eq!(record.emit(&mut buffer), Ok(buffer.len()));
    buffer
}

#[test]
fn records_are_these_octets() {
    let record = Record { time: ms(0x0123_4567_89ab), event: session(true, 1, 5056) };
    assert_eq!(emitted(&record), hex!("21 11 0123456789ab 0a000001 c0000201 13c0 9c40"));
    let record = Record { time: ms(1), event: session(false, 1, 5056) };
    assert_eq!(emitted(&record), hex!("22 11 000000000001 0a000001 c0000201 13c0 9c40"));
    let record = Record { time: ms(1), event: block(true, 2, 58_000, 58_099) };
    assert_eq!(emitted(&record), hex!("23 00 000000000001 0a000002 c0000201 e290 e2f3"));
    let record = Record { time: ms(1), event: block(false, 2, 58_000, 58_099) };
    assert_eq!(emitted(&record)[0], 0x24);
    let subscriber = "2001:db8::".parse().unwrap();
    let ports = PortRange::new(1024, 2047).unwrap();
    let event = Event::Block { assigned: true, subscriber, outside: Ipv4Addr::new(192, 0, 2, 1), ports };
    let octets = emitted(&Record { time: ms(1), event });
    assert_eq!(octets, hex!("33 00 000000000001 20010db8000000000000000000000000 c0000201 0400 07ff"));
    assert_eq!(octets.len(), MAX_LEN);
    let octets = emitted(&Record { time: ms(1), event: Event::Configuration(map()) });
    assert_eq!(octets[..10], hex!("25 00 000000000001 002d"));
    assert_eq!(&octets[10..], b"198.51.100.0:28:192.0.2.1:32:2:65536:0:0-1023");
}

#[test]
fn octets_that_are_no_record_are_refused_for_what_they_are() {
    let good = emitted(&Record { time: ms(1), event: session(true, 1, 5056) });
    for len in 0..good.len() {
        assert!(matches!(Record::parse(&good[..len]), Err(Error::Record { found, .. }) if found as usize == len), "{len}");
    }
    for first in 0..=255u8 {
        let mut octets = [&[first][..], &good[1..], &[0; 12]].concat();
        octets[1] = 0;
        let known = first >> 5 == 1 && (1..=4).contains(&(first & 0xf));
        let parsed = Record::parse(&octets);
        match parsed {
            // A block from 5056 to 40000.
            Ok((record, len)) => assert!(known && record.wire_len() == len && len == if first & 0x10 == 0 { 20 } else { 32 }),
            Err(Error::Backwards { .. }) => assert!(known),
            Err(error) if first == 0x25 => assert!(matches!(error, Error::Record { offset: 8, .. }), "{error}"),
            Err(error) => {
                assert!(!known);
                assert_eq!(error, Error::Record { found: u32::from(first), offset: 0 });
            }
        }
    }
    // The protocol of a block is 0.
    let mut octets = emitted(&Record { time: ms(1), event: block(true, 1, 1, 2) });
    octets[1] = 17;
    assert_eq!(Record::parse(&octets), Err(Error::Record { found: 17, offset: 1 }));
    let mut octets = emitted(&Record { time: ms(1), event: block(true, 1, 1, 2) });
    octets[17] = 3;
    assert_eq!(Record::parse(&octets), Err(Error::Backwards { first: 3, last: 2 }));
    let mut octets = emitted(&Record { time: ms(1), event: Event::Configuration(map()) });
    octets[10] = b'x';
    assert_eq!(Record::parse(&octets), Err(Error::Text { at: 0 }));
    octets[10] = 0xff;
    assert_eq!(Record::parse(&octets), Err(Error::Record { found: 45, offset: 8 }));
    octets[8] = 0x02;
    octets[9] = 0x01;
    octets.resize(1000, b'1');
    assert_eq!(Record::parse(&octets), Err(Error::Record { found: 0x201, offset: 8 }));
}

#[test]
fn a_buffer_or_time_that_does_not_fit_is_refused() {
    let record = Record { time: ms(1), event: session(true, 1, 5056) };
    let mut buffer = [0xee; 19];
    let error = Error::Parameter { parameter: Parameter::Buffer, found: 19, least: 20, most: u32::MAX };
    assert_eq!((record.emit(&mut buffer), buffer), (Err(error), [0xee; 19]));
    let mut buffer = [0xee; 20];
    let late = Record { time: ms(1 << 48), ..record };
    let error = Error::Parameter { parameter: Parameter::Time, found: u32::MAX, least: 0, most: u32::MAX };
    assert_eq!((late.emit(&mut buffer), buffer), (Err(error), [0xee; 20]));
    assert_eq!(Record { time: ms((1 << 48) - 1), ..record }.emit(&mut buffer), Ok(20));
}

#[test]
fn records_follow_each_other_and_end_at_an_error() {
    let records = [
        Record { time: ms(1), event: session(true, 1, 5056) },
        Record { time: ms(2), event: Event::Configuration(map()) },
        Record { time: ms(3), event: block(true, 2, 58_000, 58_099) },
    ];
    let mut octets: Vec<u8> = records.iter().flat_map(emitted).collect();
    assert_eq!(Records::new(&octets).map(Result::unwrap).collect::<Vec<_>>(), records);
    octets.extend([0x21, 17]);
    let mut iterator = Records::new(&octets);
    assert_eq!(iterator.by_ref().filter(Result::is_ok).count(), 3);
    assert!(iterator.next().is_none());
    assert_eq!(Records::new(&octets).filter(Result::is_err).count(), 1);
}

#[test]
fn records_are_these_lines() {
    let session_line = "1760000000.123 session created 17 10.0.0.1:40000 192.0.2.1:5056";
    let six = "1.000 session deleted 6 [2001:db8::1]:40000 192.0.2.1:5056";
    let block_line = "1760000000.000 block assigned 10.0.0.2 192.0.2.1 58000-58099";
    let configuration = "0.001 configuration 198.51.100.0:28:192.0.2.1:32:2:65536:0:0-1023";
    for line in [session_line, six, block_line, configuration, "1.000 block released 2001:db8:: 192.0.2.1 1-1"] {
        assert_eq!(line.parse::<Record>().unwrap().to_string(), line);
    }
    assert_eq!(session_line.parse(), Ok(Record { time: ms(1_760_000_000_123), event: session(true, 1, 5056) }));
    assert_eq!(block_line.parse(), Ok(Record { time: ms(1_760_000_000_000), event: block(true, 2, 58_000, 58_099) }));
    assert_eq!(configuration.parse(), Ok(Record { time: ms(1), event: Event::Configuration(map()) }));
    for (line, at) in [
        ("", 0),
        ("1 session", 0),
        ("1.0 block", 0),
        ("1.00x block", 0),
        ("+1.000 block", 0),
        ("1.000", 6),
        ("1.000 x", 6),
        ("1.000 session x", 14),
        ("1.000 session created 256 10.0.0.1:1 192.0.2.1:1", 22),
        ("1.000 session created 17 10.0.0.1 192.0.2.1:1", 25),
        ("1.000 session created 17 [fe80::1%1]:1 192.0.2.1:1", 25),
        ("1.000 session created 17 10.0.0.1:1 [::1]:1", 36),
        ("1.000 session created 17 10.0.0.1:1 192.0.2.1:1 x", 48),
        ("1.000 block assigned x", 21),
        ("1.000 block assigned 10.0.0.1 x", 30),
        ("1.000 block  assigned", 12),
        ("1.000 configuration x", 20),
    ] {
        assert_eq!(line.parse::<Record>(), Err(Error::Text { at }), "{line}");
    }
}

fn query(port: u16, time: u64, skew: u64) -> Query {
    Query { address: Ipv4Addr::new(192, 0, 2, 1), port, protocol: None, time: ms(time), skew: ms(skew) }
}

fn hosts(records: &[Record], query: Query) -> Vec<u8> {
    let octet = |address| match address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(_) => panic!(),
    };
    attribute(records, &query).candidates().map(octet).collect()
}

#[test]
fn the_one_who_had_the_port_at_the_time_is_found() {
    let records = [
        Record { time: ms(100), event: session(true, 1, 5056) },
        Record { time: ms(150), event: session(true, 9, 5057) },
        Record { time: ms(200), event: session(false, 1, 5056) },
        Record { time: ms(300), event: session(true, 2, 5056) },
    ];
    for (time, expected) in [
        (99, vec![]),
        (100, vec![1]),
        (199, vec![1]),
        (200, vec![1]),
        (201, vec![]),
        (299, vec![]),
        (300, vec![2]),
        (900, vec![2]),
    ] {
        assert_eq!(hosts(&records, query(5056, time, 0)), expected, "{time}");
    }
    assert_eq!(hosts(&records, query(5055, 150, 1000)), Vec::<u8>::new());
    assert_eq!(hosts(&records, query(5057, 150, 0)), [9]);
    assert_eq!(hosts(&records, Query { address: Ipv4Addr::new(192, 0, 2, 2), ..query(5056, 150, 0) }), Vec::<u8>::new());
    assert_eq!(hosts(&records, Query { protocol: Some(Protocol::TCP), ..query(5056, 150, 0) }), Vec::<u8>::new());
    assert_eq!(hosts(&records, Query { protocol: Some(Protocol::UDP), ..query(5056, 150, 0) }), [1]);
}

#[test]
fn clocks_that_differ_make_an_answer_ambiguous_and_that_is_said() {
    let records = [
        Record { time: ms(100), event: session(true, 1, 5056) },
        Record { time: ms(200), event: session(false, 1, 5056) },
        Record { time: ms(300), event: session(true, 2, 5056) },
    ];
    for (time, skew, expected) in [
        (250, 49, vec![]),
        (250, 50, vec![1, 2]),
        (201, 1, vec![1]),
        (299, 1, vec![2]),
        (290, 89, vec![2]),
        (290, 90, vec![1, 2]),
    ] {
        let answer = attribute(&records, &query(5056, time, skew));
        assert_eq!(hosts(&records, query(5056, time, skew)), expected, "{time} {skew}");
        assert_eq!(answer.is_ambiguous(), expected.len() > 1);
        assert_eq!(answer.certain().is_some(), expected.len() == 1);
    }
    // The same subscriber twice is one.
    let records = [
        Record { time: ms(100), event: session(true, 1, 5056) },
        Record { time: ms(200), event: session(false, 1, 5056) },
        Record { time: ms(201), event: session(true, 1, 5056) },
    ];
    assert_eq!(attribute(&records, &query(5056, 200, 50)).certain(), Some("10.0.0.1".parse().unwrap()));
}

#[test]
fn blocks_and_configurations_answer_too() {
    let other =
        Deterministic::new(Inside::ipv4_hosts("198.51.100.0/27".parse().unwrap()), "192.0.2.1/32".parse().unwrap(), 2).unwrap();
    let records = [
        Record { time: ms(0), event: Event::Configuration(map()) },
        Record { time: ms(100), event: block(true, 1, 58_000, 58_099) },
        Record { time: ms(100), event: block(true, 1, 58_100, 58_199) },
        Record { time: ms(200), event: block(false, 1, 58_000, 58_099) },
        Record { time: ms(300), event: Event::Configuration(other) },
    ];
    // RFC 7422 2.3: one port by arithmetic, one by the log.
    assert_eq!(hosts(&records, query(2001, 50, 0)), [1]);
    assert_eq!(hosts(&records, query(58_099, 150, 0)), [1]);
    assert_eq!(hosts(&records, query(58_100, 250, 0)), [1]);
    assert_eq!((hosts(&records, query(58_099, 201, 0)), hosts(&records, query(58_200, 150, 0))), (vec![], vec![]));
    // Under the second configuration the port is another's: 5056 was the second's, and is the third's.
    assert_eq!((hosts(&records, query(5056, 299, 0)), hosts(&records, query(5056, 301, 0))), (vec![2], vec![3]));
    assert_eq!(hosts(&records, query(5056, 299, 1)), [2, 3]);
}

#[test]
fn more_candidates_than_can_be_named_are_not_hidden() {
    let records: Vec<Record> = (0..10).map(|host| Record { time: ms(100), event: session(true, host, 5056) }).collect();
    let answer = attribute(&records, &query(5056, 100, 0));
    assert_eq!((answer.candidates().count(), answer.has_more(), answer.certain()), (8, true, None));
    let answer = attribute(&records[..8], &query(5056, 100, 0));
    assert!(!answer.has_more() && answer.is_ambiguous());
}

fn events() -> impl Strategy<Value = Event> {
    let subscriber = || {
        prop_oneof![any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())), any::<u128>().prop_map(|bits| IpAddr::V6(bits.into()))]
    };
    let one = (any::<bool>(), any::<u8>(), subscriber(), any::<u16>(), any::<u32>(), any::<u16>());
    let other = (any::<bool>(), subscriber(), any::<u32>(), any::<(u16, u16)>());
    prop_oneof![
        one.prop_map(|(created, protocol, subscriber, inside_port, outside, outside_port)| Event::Session {
            created,
            protocol: Protocol(protocol),
            subscriber,
            inside_port,
            outside: outside.into(),
            outside_port,
        }),
        other.prop_map(|(assigned, subscriber, outside, (a, b))| Event::Block {
            assigned,
            subscriber,
            outside: outside.into(),
            ports: PortRange::new(a.min(b), a.max(b)).unwrap(),
        }),
        Just(Event::Configuration(map())),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(event in events(), milliseconds in 0u64..1 << 48) {
        let record = Record { time: ms(milliseconds), event };
        let octets = emitted(&record);
        prop_assert_eq!(Record::parse(&octets), Ok((record, octets.len())));
        prop_assert_eq!(record.to_string().parse(), Ok(record));
    }

    #[test]
    fn what_is_read_is_written_back(octets in proptest::collection::vec(any::<u8>(), 0..40), first in 0x20u8..0x40) {
        let octets = [&[first][..], &octets].concat();
        if let Ok((record, len)) = Record::parse(&octets) {
            prop_assert_eq!(&emitted(&record)[..], &octets[..len]);
        }
    }
}
