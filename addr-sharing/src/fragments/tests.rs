use super::*;
use ip_wire::{FragmentOffset, ipv4, ipv6};
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::vec;
use std::vec::Vec;

/// A fragment of a UDP datagram from 192.0.2.`host`: offset in units of 8 octets, then its data.
fn fragment(host: u8, identification: u16, offset: u16, more: bool, data: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; 20];
    let source = Ipv4Addr::new(192, 0, 2, host);
    let mut header = ipv4::Header::new(source, Ipv4Addr::new(198, 51, 100, 2), Protocol::UDP, data.len()).unwrap();
    header.identification = identification;
    header.flags = if more { ipv4::Flags::MORE_FRAGMENTS } else { ipv4::Flags::NONE };
    header.fragment_offset = FragmentOffset::new(offset).unwrap();
    header.emit(&mut octets).unwrap();
    octets.extend(data);
    octets
}

/// The start of a UDP datagram from this port, of 16 octets.
fn start(port: u16) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    [&[high, low, 0, 53, 0, 40, 0, 0][..], &[0; 8]].concat()
}

fn table() -> FragmentTable {
    FragmentTable::new(4, DEFAULT_TIMEOUT).unwrap()
}

fn handle(table: &mut FragmentTable, second: u64, octets: &[u8]) -> Outcome {
    table.handle(Duration::from_secs(second), &Packet::parse(octets).unwrap()).unwrap()
}

fn port_of(outcome: Outcome) -> Option<u16> {
    match outcome {
        Outcome::Whole(key) | Outcome::Later(key) | Outcome::First { key, .. } => key.source_port(),
        _ => None,
    }
}

#[test]
fn later_fragments_have_the_ports_of_the_first() {
    let mut table = table();
    let first = handle(&mut table, 0, &fragment(1, 7, 0, true, &start(1234)));
    assert!(matches!(first, Outcome::First { kept: 0, .. }));
    assert_eq!(port_of(first), Some(1234));
    assert_eq!(port_of(handle(&mut table, 1, &fragment(1, 7, 2, true, &[0; 16]))), Some(1234));
    assert_eq!(port_of(handle(&mut table, 2, &fragment(1, 7, 4, false, &[0; 3]))), Some(1234));
    // Of another identification, another source, another protocol nothing is known.
    assert!(matches!(handle(&mut table, 2, &fragment(1, 8, 2, true, &[0; 16])), Outcome::Keep(_)));
    assert!(matches!(handle(&mut table, 2, &fragment(2, 7, 2, true, &[0; 16])), Outcome::Keep(_)));
    let mut other = fragment(1, 7, 2, true, &[0; 16]);
    other[9] = 132;
    assert!(matches!(handle(&mut table, 2, &other), Outcome::Keep(_)));
    assert_eq!((table.len(), table.is_empty()), (4, false));
}

#[test]
fn whole_packets_pass_without_a_trace() {
    let mut table = table();
    assert_eq!(port_of(handle(&mut table, 0, &fragment(1, 7, 0, false, &start(1234)))), Some(1234));
    assert!(table.is_empty());
}

#[test]
fn a_first_fragment_that_comes_late_says_how_many_wait() {
    let mut table = table();
    let Outcome::Keep(id) = handle(&mut table, 0, &fragment(1, 7, 2, true, &[0; 16])) else { panic!() };
    assert_eq!(handle(&mut table, 0, &fragment(1, 7, 4, false, &[0; 3])), Outcome::Keep(id));
    let Outcome::First { datagram, kept, .. } = handle(&mut table, 1, &fragment(1, 7, 0, true, &start(1234))) else { panic!() };
    assert_eq!((datagram, kept), (id, 2));
    // A duplicate of it says it once.
    assert!(matches!(handle(&mut table, 1, &fragment(1, 7, 0, true, &start(1234))), Outcome::First { kept: 0, .. }));
}

#[test]
fn overlaps_spoil_a_datagram_and_duplicates_do_not() {
    for (offset, data) in [(1, 16), (0, 8), (1, 8), (3, 8), (0, 64), (2, 24)] {
        let mut table = table();
        handle(&mut table, 0, &fragment(1, 7, 0, true, &start(1234)));
        handle(&mut table, 0, &fragment(1, 7, 2, true, &[0; 16]));
        let octets = [start(1234), vec![0; 64]].concat();
        let outcome = handle(&mut table, 0, &fragment(1, 7, offset, true, &octets[..data]));
        assert_eq!(outcome, Outcome::Refused(Spoiled::Overlap), "{offset} {data}");
        assert_eq!(handle(&mut table, 0, &fragment(1, 7, 8, false, &[0; 8])), Outcome::Refused(Spoiled::Overlap));
    }
    let mut table = table();
    handle(&mut table, 0, &fragment(1, 7, 0, true, &start(1234)));
    for _ in 0..3 {
        assert_eq!(port_of(handle(&mut table, 0, &fragment(1, 7, 2, true, &[0; 16]))), Some(1234));
        // A last fragment of one octet reaches into its unit.
        assert_eq!(port_of(handle(&mut table, 0, &fragment(1, 7, 4, false, &[0; 1]))), Some(1234));
    }
    assert_eq!(handle(&mut table, 0, &fragment(1, 7, 4, false, &[0; 9])), Outcome::Refused(Spoiled::Overlap));
}

#[test]
fn two_subscribers_with_one_identification_collide() {
    let mut table = table();
    handle(&mut table, 0, &fragment(1, 7, 0, true, &start(1234)));
    assert_eq!(handle(&mut table, 0, &fragment(1, 7, 0, true, &start(5678))), Outcome::Refused(Spoiled::Collision));
    assert_eq!(handle(&mut table, 0, &fragment(1, 7, 2, false, &[0; 8])), Outcome::Refused(Spoiled::Collision));
}

#[test]
fn a_tcp_fragment_at_offset_1_is_refused() {
    let mut table = table();
    let mut tiny = fragment(1, 7, 1, false, &[0; 16]);
    tiny[9] = 6;
    assert_eq!(handle(&mut table, 0, &tiny), Outcome::Refused(Spoiled::Tiny));
    assert!(matches!(handle(&mut table, 0, &fragment(1, 8, 1, false, &[0; 16])), Outcome::Keep(_)));
    let mut second = fragment(1, 9, 2, false, &[0; 16]);
    second[9] = 6;
    assert!(matches!(handle(&mut table, 0, &second), Outcome::Keep(_)));
}

#[test]
fn pieces_are_counted_up_to_the_limit() {
    let mut table = table();
    for n in 0..MAX_PIECES as u16 {
        assert!(matches!(handle(&mut table, 0, &fragment(1, 7, 2 + 2 * n, true, &[0; 8])), Outcome::Keep(_)));
    }
    assert_eq!(handle(&mut table, 0, &fragment(1, 7, 500, true, &[0; 8])), Outcome::Refused(Spoiled::TooManyPieces));
}

#[test]
fn entries_live_for_their_time_and_no_longer() {
    let mut table = table();
    assert_eq!(table.next_deadline(), None);
    handle(&mut table, 10, &fragment(1, 7, 0, true, &start(1234)));
    handle(&mut table, 20, &fragment(1, 8, 0, true, &start(1234)));
    assert_eq!(table.next_deadline(), Some(Duration::from_secs(70)));
    assert_eq!(port_of(handle(&mut table, 69, &fragment(1, 7, 2, true, &[0; 16]))), Some(1234));
    assert_eq!(table.poll_expired(Duration::from_secs(69)), None);
    assert!(matches!(handle(&mut table, 70, &fragment(1, 7, 4, true, &[0; 16])), Outcome::Keep(_)));
    assert_eq!(table.expired(), 1);
    // A clock that goes back is taken for one that stands still.
    assert_eq!(table.poll_expired(Duration::from_secs(79)), None);
    assert!(table.poll_expired(Duration::from_secs(80)).is_some());
    assert_eq!((table.poll_expired(Duration::ZERO), table.len(), table.expired()), (None, 1, 2));
    assert_eq!(table.next_deadline(), Some(Duration::from_secs(130)));
}

#[test]
fn a_full_table_forgets_the_oldest() {
    let mut table = table();
    for identification in 0..1000 {
        handle(&mut table, 0, &fragment(1, identification, 0, true, &start(1234)));
        assert!(table.len() <= 4);
    }
    assert_eq!((table.len(), table.evicted(), table.expired()), (4, 996, 0));
    assert_eq!(port_of(handle(&mut table, 0, &fragment(1, 996, 2, true, &[0; 16]))), Some(1234));
    assert!(matches!(handle(&mut table, 0, &fragment(1, 995, 2, true, &[0; 16])), Outcome::Keep(_)));
    let error = |found| Some(Error::Parameter { parameter: Parameter::Fragments, found, least: 1, most: 1 << 24 });
    assert_eq!(FragmentTable::new(0, DEFAULT_TIMEOUT).err(), error(0));
    assert_eq!(FragmentTable::new((1 << 24) + 1, DEFAULT_TIMEOUT).err(), error((1 << 24) + 1));
}

#[test]
fn ipv6_fragments_are_named_by_their_fragment_header() {
    let packet = |offset: u16, next: u8, data: &[u8]| {
        let mut octets = vec![0; 40];
        let address = |last: u16| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last);
        ipv6::Header::new(address(1), address(2), Protocol::FRAGMENT, 8 + data.len()).unwrap().emit(&mut octets).unwrap();
        let word = (offset << 3) | 1;
        octets.extend([next, 0, (word >> 8) as u8, word as u8, 0, 1, 2, 3]);
        octets.extend(data);
        octets
    };
    let mut table = table();
    assert!(matches!(handle(&mut table, 0, &packet(2, 17, &[0; 16])), Outcome::Keep(_)));
    assert!(matches!(handle(&mut table, 0, &packet(0, 17, &start(1234))), Outcome::First { kept: 1, .. }));
    // RFC 8200 4.5: only the first fragment's next header counts.
    assert_eq!(port_of(handle(&mut table, 0, &packet(4, 59, &[0; 16]))), Some(1234));
}

#[test]
fn the_quoted_fragment_of_an_icmp_error_is_found() {
    let mut table = table();
    handle(&mut table, 0, &fragment(1, 7, 0, true, &start(1234)));
    let later = fragment(1, 7, 2, true, &[0; 16]);
    let flow = Flow::from_ip(&later).unwrap();
    assert_eq!(table.flow_of(&flow.key, &flow.fragment().unwrap()).unwrap().source_port(), Some(1234));
    let other = Flow::from_ip(&fragment(1, 8, 2, true, &[0; 16])).unwrap();
    assert_eq!(table.flow_of(&other.key, &other.fragment().unwrap()), None);
    handle(&mut table, 0, &fragment(1, 7, 0, true, &start(5678)));
    assert_eq!(table.flow_of(&flow.key, &flow.fragment().unwrap()), None);
}

#[test]
fn a_first_fragment_without_its_ports_is_an_error() {
    let mut table = table();
    let octets = fragment(1, 7, 0, true, &[4, 210]);
    assert!(matches!(table.handle(Duration::ZERO, &Packet::parse(&octets).unwrap()), Err(Error::Ip(_))));
    assert!(table.is_empty());
}

proptest! {
    #[test]
    fn in_any_order_every_fragment_gets_its_ports(
        order in Just((0..30u16).collect::<Vec<_>>()).prop_shuffle(), port: u16,
    ) {
        let mut table = FragmentTable::new(1, DEFAULT_TIMEOUT).unwrap();
        let (mut kept, mut known, mut released) = (0, false, 0);
        for n in order {
            let data = if n == 0 { start(port) } else { vec![0; 16] };
            match handle(&mut table, 0, &fragment(1, 7, 2 * n, n != 29, &data)) {
                Outcome::Keep(_) => {
                    prop_assert!(!known);
                    kept += 1;
                }
                Outcome::First { key, kept: told, .. } => {
                    prop_assert_eq!((key.source_port(), told), (Some(port), kept));
                    (known, released) = (true, told);
                }
                Outcome::Later(key) => prop_assert_eq!((known, key.source_port()), (true, Some(port))),
                outcome => prop_assert!(false, "{:?}", outcome),
            }
        }
        prop_assert_eq!(released, kept);
    }
}
