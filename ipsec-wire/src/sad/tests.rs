use std::collections::HashMap as Model;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn here() -> IpAddr {
    address("192.0.2.1")
}

fn there() -> IpAddr {
    address("192.0.2.2")
}

fn esp(spi: u32) -> Identifier {
    Identifier::new(Protocol::ESP, spi)
}

fn found<T: Copy>(sad: &Sad<T>, spi: u32, destination: &str, source: &str) -> Option<T> {
    sad.lookup(Protocol::ESP, spi, address(destination), address(source)).map(|(_, value)| *value)
}

/// RFC 4301 4.1, steps 1 to 3.
#[test]
fn the_longest_identifier_wins() {
    let mut sad = Sad::new(10, 1).unwrap();
    sad.insert(esp(0x1000), "spi").unwrap();
    sad.insert(esp(0x1000).to(address("239.0.0.1")), "spi, destination").unwrap();
    sad.insert(esp(0x1000).to(address("239.0.0.1")).from(address("192.0.2.9")), "all").unwrap();
    assert_eq!(found(&sad, 0x1000, "239.0.0.1", "192.0.2.9"), Some("all"));
    assert_eq!(found(&sad, 0x1000, "239.0.0.1", "192.0.2.8"), Some("spi, destination"));
    assert_eq!(found(&sad, 0x1000, "239.0.0.2", "192.0.2.9"), Some("spi"));
    assert_eq!(found(&sad, 0x1001, "239.0.0.1", "192.0.2.9"), None);
}

#[test]
fn a_longer_identifier_wins_over_an_spi_of_ours() {
    let mut sad = Sad::new(10, 1).unwrap();
    let (_, spi) = sad.insert_own(Protocol::ESP, 7, |_| "ours").unwrap();
    let group = sad.insert(esp(spi).to(address("ff02::1")).from(address("2001:db8::1")), "theirs").unwrap();
    assert_eq!(found(&sad, spi, "ff02::1", "2001:db8::1"), Some("theirs"));
    assert_eq!(found(&sad, spi, "ff02::1", "2001:db8::2"), Some("ours"));
    assert_eq!(sad.remove(group), Some("theirs"));
    assert_eq!(found(&sad, spi, "ff02::1", "2001:db8::1"), Some("ours"));
}

#[test]
fn each_protocol_has_its_own_unicast_spis_and_groups_have_none() {
    let mut sad = Sad::new(10, 1).unwrap();
    sad.insert(esp(0x1000), 1).unwrap();
    sad.insert(Identifier::new(Protocol::AH, 0x1000), 2).unwrap();
    sad.insert(esp(0x2000).to(here()), 3).unwrap();
    sad.insert(Identifier::new(Protocol::AH, 0x2000).to(here()), 4).unwrap();
    sad.insert(esp(0x3000).to(address("239.0.0.1")), 5).unwrap();
    let of = |protocol, spi, destination| sad.lookup(protocol, spi, destination, there()).map(|(_, value)| *value);
    assert_eq!([Protocol::ESP, Protocol::AH].map(|protocol| of(protocol, 0x1000, here())), [Some(1), Some(2)]);
    assert_eq!([Protocol::ESP, Protocol::AH].map(|protocol| of(protocol, 0x2000, here())), [Some(3), Some(4)]);
    let group = address("239.0.0.1");
    assert_eq!([Protocol::ESP, Protocol::AH].map(|protocol| of(protocol, 0x3000, group)), [Some(5), Some(5)]);
    assert_eq!(of(Protocol::UDP, 0x1000, here()), None);
    let (_, own) = sad.insert_own(Protocol::AH, 5, |_| 6).unwrap();
    assert!(sad.lookup(Protocol::ESP, own, here(), there()).is_none());
}

#[test]
fn addresses_of_both_versions_are_told_apart() {
    let mut sad = Sad::new(10, 1).unwrap();
    sad.insert(esp(0x1000).to(address("192.0.2.1")), 4).unwrap();
    sad.insert(esp(0x1000).to(address("::ffff:192.0.2.1")), 6).unwrap();
    assert_eq!(found(&sad, 0x1000, "192.0.2.1", "192.0.2.2"), Some(4));
    assert_eq!(found(&sad, 0x1000, "::ffff:192.0.2.1", "::1"), Some(6));
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let error = Sad::<u8>::new(Sad::<u8>::MAX_LIMIT + 1, 0).unwrap_err();
    assert_eq!(error, Error::DoesNotFit { field: Field::Sad, found: 0x100_0001, needed: 0x100_0000 });
    let mut sad = Sad::new(3, 1).unwrap();
    for spi in [0, 1, 255] {
        let reserved = Error::Reserved { field: Field::Spi, found: spi, needed: 256 };
        assert_eq!(sad.insert(esp(spi), 0), Err(reserved));
        assert_eq!(sad.insert(esp(spi).to(here()), 0), Err(reserved));
    }
    let udp = Error::Value { field: Field::SaProtocol, found: 17, needed: 50 };
    assert_eq!(sad.insert(Identifier::new(Protocol::UDP, 256), 0), Err(udp));
    assert_eq!(sad.insert_own(Protocol::UDP, 0, |_| 0), Err(udp));
    let mixed = Error::AddressFamily { field: Field::Spi, found: 6, needed: 4 };
    assert_eq!(sad.insert(esp(256).to(here()).from(address("::1")), 0), Err(mixed));
    let mixed = Error::AddressFamily { field: Field::Spi, found: 4, needed: 6 };
    assert_eq!(sad.insert(esp(256).to(address("::1")).from(here()), 0), Err(mixed));
    assert!(sad.is_empty());

    sad.insert(esp(256), 1).unwrap();
    sad.insert(esp(256).to(here()), 2).unwrap();
    let (_, own) = sad.insert_own(Protocol::ESP, 9, |_| 3).unwrap();
    for identifier in [esp(256), esp(256).to(here()), esp(own)] {
        assert_eq!(sad.insert(identifier, 9), Err(Error::Conflict { field: Field::Spi, found: identifier.spi }));
    }
    let full = Error::TableFull { field: Field::Sad, limit: 3 };
    assert_eq!(sad.insert(esp(257), 9), Err(full));
    assert_eq!(sad.insert(esp(257).to(here()), 9), Err(full));
    assert_eq!(sad.insert_own(Protocol::ESP, 0, |_| 9), Err(full));
    assert_eq!(sad.iter().map(|(_, value)| *value).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(Sad::new(0, 0).unwrap().insert(esp(256), 0), Err(Error::TableFull { field: Field::Sad, limit: 0 }));
}

/// Whatever is drawn: never a reserved SPI, never one that is in use, and the slot is found in it.
#[test]
fn own_spis_are_usable_and_all_different() {
    for limit in [1, 2, 3, 200, 256, 257, 5000] {
        for random in [0, 1, 255, 256, u32::MAX, u32::MAX - 1] {
            let mut sad = Sad::new(limit, 1).unwrap();
            let spis: Vec<u32> = (0..limit).map(|_| sad.insert_own(Protocol::ESP, random, |spi| spi).unwrap().1).collect();
            let different: std::collections::HashSet<_> = spis.iter().collect();
            assert_eq!(different.len(), spis.len());
            for spi in spis {
                assert!(spi >= FIRST_SPI, "limit {limit}, random {random:#x}: SPI {spi}");
                assert_eq!(sad.lookup(Protocol::ESP, spi, here(), there()).map(|(_, value)| *value), Some(spi));
            }
        }
    }
}

#[test]
fn an_own_spi_keeps_clear_of_the_slots_last_one_and_of_others() {
    let mut sad = Sad::new(256, 1).unwrap();
    let (handle, first) = sad.insert_own(Protocol::ESP, 5, |_| 0).unwrap();
    assert_eq!(first, 6 << 8);
    sad.remove(handle).unwrap();
    for _ in 1..256 {
        sad.insert_own(Protocol::ESP, 5, |_| 0).unwrap();
    }
    // The slot comes again, with the same random number and another SPI.
    let (again, second) = sad.insert_own(Protocol::ESP, 5, |_| 0).unwrap();
    assert_eq!(second, 7 << 8);
    assert!(sad.lookup(Protocol::ESP, first, here(), there()).is_none());
    // Someone else's SPI is where ours would be.
    sad.remove(again).unwrap();
    sad.insert(esp(9 << 8), 0).unwrap();
    let (other, _) = sad.iter().nth(7).unwrap();
    sad.remove(other).unwrap();
    let (_, third) = sad.insert_own(Protocol::ESP, 8, |_| 0).unwrap();
    assert_eq!(third, 9 << 8 | 7);
}

#[test]
fn slots_that_lie_idle_are_used_again() {
    let mut sad = Sad::new(1 << 20, 1).unwrap();
    for round in 0..10 {
        let handles: Vec<Handle> = (0..300).map(|_| sad.insert_own(Protocol::ESP, round, |_| ()).unwrap().0).collect();
        for handle in handles {
            sad.remove(handle).unwrap();
        }
    }
    assert!(sad.is_empty() && sad.entries.len() <= 600, "{} slots", sad.entries.len());
}

#[test]
fn a_slot_whose_spis_are_all_taken_gives_its_last_one() {
    let mut sad = Sad::<u8>::new(Sad::<u8>::MAX_LIMIT, 1).unwrap();
    for upper in 1..=255_u32 {
        sad.by_spi[0].insert(upper << 24 | 5, 9);
    }
    assert_eq!(sad.own_spi(Protocol::ESP, 5, 77, 3), 77);
    assert_eq!(sad.own_spi(Protocol::AH, 5, 77, 3), 4 << 24 | 5);
}

#[test]
fn handles_name_their_sa_only() {
    let mut sad = Sad::new(1, 1).unwrap();
    let (handle, spi) = sad.insert_own(Protocol::ESP, 1, |_| 1).unwrap();
    assert_eq!((sad.get(handle), sad.spi(handle)), (Some(&1), Some(spi)));
    *sad.get_mut(handle).unwrap() = 2;
    *sad.lookup_mut(Protocol::ESP, spi, here(), there()).unwrap().1 += 1;
    assert_eq!(sad.remove(handle), Some(3));
    assert_eq!((sad.get(handle), sad.spi(handle)), (None, None));
    assert_eq!(sad.get_mut(handle), None);
    assert_eq!(sad.remove(handle), None);
    let next = sad.insert(esp(999), 4).unwrap();
    assert_ne!(next, handle);
    assert_eq!((sad.get(handle), sad.get(next)), (None, Some(&4)));
    assert!(!sad.set_deadline(handle, Some(Duration::ZERO)));
    assert_eq!(sad.next_deadline(), None);
}

#[test]
fn sas_expire_in_order_at_their_deadline() {
    let mut sad = Sad::new(10, 1).unwrap();
    let seconds = Duration::from_secs;
    let handles: Vec<Handle> = (0..5).map(|number| sad.insert(esp(1000 + number), number).unwrap()).collect();
    for (handle, at) in handles.iter().zip([30, 10, 20, 10, 40]) {
        assert!(sad.set_deadline(*handle, Some(seconds(at))));
    }
    assert!(sad.set_deadline(handles[2], None));
    assert!(sad.set_deadline(handles[4], Some(seconds(15))));
    assert_eq!(sad.remove(handles[3]), Some(3));
    assert_eq!(sad.next_deadline(), Some(seconds(10)));
    assert_eq!(sad.expire(seconds(9)), None);
    assert_eq!(sad.expire(seconds(10)), Some((handles[1], 1)));
    assert_eq!(sad.expire(seconds(10)), None);
    assert_eq!(sad.next_deadline(), Some(seconds(15)));
    assert_eq!(sad.expire(seconds(99)), Some((handles[4], 4)));
    assert_eq!(sad.expire(seconds(99)), Some((handles[0], 0)));
    assert_eq!((sad.expire(seconds(99)), sad.len()), (None, 1));
    assert!(sad.lookup(Protocol::ESP, 1000, here(), there()).is_none());
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Own { protocol: bool, random: u32 },
    Insert { protocol: bool, spi: u32, destination: Option<u8>, source: Option<u8> },
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let small = || proptest::option::of(0..3_u8);
    prop_oneof![
        (any::<bool>(), any::<u32>()).prop_map(|(protocol, random)| Step::Own { protocol, random }),
        (any::<bool>(), 256..264_u32, small(), small()).prop_map(|(protocol, spi, destination, source)| Step::Insert {
            protocol,
            spi,
            destination,
            source
        }),
        any::<usize>().prop_map(Step::Remove),
    ]
}

/// Unicast and groups, of both versions.
fn numbered(number: u8) -> IpAddr {
    address(["192.0.2.1", "239.0.0.1", "198.51.100.7"][usize::from(number)])
}

fn protocol(esp: bool) -> Protocol {
    if esp { Protocol::ESP } else { Protocol::AH }
}

/// RFC 4301 4.1 with a list of everything.
fn search(model: &Model<Handle, (Identifier, u32)>, protocol: Protocol, spi: u32, to: IpAddr, from: IpAddr) -> Option<u32> {
    let same = |identifier: &Identifier| {
        let group = identifier.destination.is_some_and(|destination| destination.is_multicast());
        identifier.spi == spi && (group || identifier.protocol == protocol)
    };
    let matching = |destination, source| {
        model.values().find(|(known, _)| same(known) && (known.destination, known.source) == (destination, source))
    };
    matching(Some(to), Some(from)).or_else(|| matching(Some(to), None)).or_else(|| matching(None, None)).map(|found| found.1)
}

proptest! {
    #[test]
    fn lookups_are_those_of_a_list(steps in proptest::collection::vec(step(), 0..80)) {
        let mut sad = Sad::new(24, 3).unwrap();
        let mut model: Model<Handle, (Identifier, u32)> = Model::new();
        let mut order = Vec::new();
        for (number, step) in (0_u32..).zip(steps) {
            let entered = match step {
                Step::Own { protocol: esp, random } => sad.insert_own(protocol(esp), random, |_| number).ok().map(|(handle, spi)| (handle, Identifier::new(protocol(esp), spi))),
                Step::Insert { protocol: esp, spi, destination, source } => {
                    let mut identifier = Identifier::new(protocol(esp), spi);
                    if let Some(destination) = destination {
                        identifier = identifier.to(numbered(destination));
                        identifier.source = source.map(numbered);
                    }
                    let known = model.values().any(|(known, _)| {
                        let group = known.destination.is_some_and(|destination| destination.is_multicast());
                        Identifier { protocol: if group { known.protocol } else { identifier.protocol }, ..identifier } == *known
                    });
                    let full = model.len() == 24;
                    let entered = sad.insert(identifier, number);
                    prop_assert_eq!(entered.is_ok(), !known && !full);
                    entered.ok().map(|handle| (handle, identifier))
                }
                Step::Remove(at) => {
                    if !order.is_empty() {
                        let handle: Handle = order.swap_remove(at % order.len());
                        prop_assert_eq!(sad.remove(handle), model.remove(&handle).map(|known| known.1));
                    }
                    None
                }
            };
            if let Some((handle, identifier)) = entered {
                model.insert(handle, (identifier, number));
                order.push(handle);
            }
            prop_assert_eq!(sad.len(), model.len());
        }
        let spis: Vec<u32> = (256..264).chain(model.values().map(|known| known.0.spi)).collect();
        for spi in spis {
            for esp in [true, false] {
                for (to, from) in (0..9).map(|pair| (numbered(pair / 3), numbered(pair % 3))) {
                    let ours = sad.lookup(protocol(esp), spi, to, from).map(|(_, value)| *value);
                    prop_assert_eq!(ours, search(&model, protocol(esp), spi, to, from));
                }
            }
        }
    }
}
