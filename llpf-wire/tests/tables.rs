//! Key tables over time: rotation, refresh, policies, caps.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;

use std::time::Duration;

use common::*;
use llpf_wire::filter::{Config, Policy};
use llpf_wire::seal::{AfterLast, Event, SenderPolicy};
use llpf_wire::{Algorithm, Error, Field, Filter, HostId, KeyIndex, KeyTable, PacketBuf, Sender};
use proptest::prelude::*;

const HOST: HostId = HostId(7);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn table_of(start: u64, keys: u32, seed: u64) -> KeyTable {
    KeyTable::generate(Algorithm::HmacMd5, secs(start), secs(15), keys, &mut Rng(seed)).unwrap()
}

fn sealed_at(sender: &mut Sender, now: Duration) -> Result<PacketBuf<Vec<u8>>, Error> {
    let mut packet = buffer(&INNER_4);
    sender.seal(now, &mut packet).map(|_| packet)
}

fn filter_with(policy: Policy, wrap: bool) -> Filter {
    Filter::new(Config { policy, wrap, ..Config::default() })
}

/// 25 keys of 15 s each, refreshed whenever the sender asks, over an hour; clocks up to 5 s apart either way.
#[test]
fn an_hour_of_rotations_and_refreshes_loses_nothing_at_five_seconds_of_skew() {
    for skew in [-5i64, -4, 0, 4, 5] {
        for policy in [Policy::InPeriod { skew: secs(5) }, Policy::AnyCurrentKey] {
            let receivers = |now: Duration| Duration::from_secs(now.as_secs().checked_add_signed(skew).unwrap());
            let begin = secs(1000);
            let first = KeyTable::generate(Algorithm::HmacSha256, begin, secs(15), 25, &mut Rng(1)).unwrap();
            let mut filter = filter_with(policy, false);
            filter.install(receivers(begin), HOST, &first).unwrap();
            let mut sender = Sender::new(outer(4), SenderPolicy::default(), HOST, first);
            let (mut sent, mut refreshes) = (0u64, 0u64);
            let mut now = begin;
            while now < begin + secs(3600) {
                let mut packet = sealed_at(&mut sender, now).unwrap();
                sent += 1;
                filter.filter(receivers(now), &mut packet).unwrap();
                while let Some(event) = sender.poll_event() {
                    let Event::RefreshDue { end } = event else { panic!("{event:?}") };
                    assert_eq!(end, sender.table().schedule().end());
                    assert!(now >= end - secs(30) && now < end - secs(29));
                    let next = KeyTable::generate(Algorithm::HmacSha256, end, secs(15), 25, &mut Rng(end.as_secs())).unwrap();
                    filter.install(receivers(now), HOST, &next).unwrap();
                    sender.install(HOST, next);
                    refreshes += 1;
                }
                filter.handle_timeout(receivers(now));
                now += Duration::from_millis(1000);
            }
            assert_eq!((sent, filter.counters().accepted), (3600, 3600));
            // 3600 / 375 = 9.6, each asked for 30 s before.
            assert_eq!((refreshes, filter.hosts()), (9, 1));
            assert_eq!(filter.keys(), 25);
        }
    }
}

#[test]
fn in_period_refuses_a_replay_one_period_later_and_any_current_key_takes_it() {
    let table = table_of(0, 25, 1);
    let mut sender = Sender::new(outer(4), SenderPolicy::default(), HOST, table.clone());
    let captured = sealed_at(&mut sender, secs(37)).unwrap();
    for (policy, expected) in [
        (Policy::InPeriod { skew: secs(5) }, Err(Error::OutsidePeriod { index: KeyIndex::new(HOST, 2) })),
        (Policy::AnyCurrentKey, Ok(())),
    ] {
        let mut filter = filter_with(policy, false);
        filter.install(secs(0), HOST, &table).unwrap();
        filter.filter(secs(37), &mut captured.clone()).unwrap();
        // Within its period a replay passes in both: the trailer has no sequence number.
        filter.filter(secs(44), &mut captured.clone()).unwrap();
        assert_eq!(filter.filter(secs(37 + 15), &mut captured.clone()).map(|_| ()), expected);
        assert_eq!(filter.filter(secs(2), &mut captured.clone()).map(|_| ()), expected);
        assert_eq!(filter.look_up(secs(37 + 15), KeyIndex::new(HOST, 2)), expected);
    }
}

#[test]
fn a_sender_asks_for_a_refresh_once_and_refuses_behind_the_last_key() {
    let policy = SenderPolicy { refresh_lead: secs(10), after_last: AfterLast::Refuse };
    let mut sender = Sender::new(outer(4), policy, HOST, table_of(100, 4, 1));
    assert_eq!(sealed_at(&mut sender, secs(99)).err(), Some(Error::NotYet));
    assert_eq!(sender.next_deadline(), Some(secs(150)));
    assert!(sealed_at(&mut sender, secs(100)).is_ok());
    sender.handle_timeout(secs(149));
    assert_eq!(sender.poll_event(), None);
    sender.handle_timeout(secs(150));
    assert_eq!((sender.poll_event(), sender.poll_event()), (Some(Event::RefreshDue { end: secs(160) }), None));
    assert_eq!(sender.next_deadline(), Some(secs(160)));
    assert!(sealed_at(&mut sender, secs(159)).is_ok());
    assert_eq!(sender.poll_event(), None);
    assert_eq!(sealed_at(&mut sender, secs(160)).err(), Some(Error::CycledThrough));
    assert_eq!((sender.poll_event(), sender.poll_event()), (Some(Event::CycledThrough), None));
    assert_eq!((sender.next_deadline(), Error::CycledThrough.reaction()), (None, llpf_wire::Reaction::Refresh));
    // A clock that goes back finds its key again.
    assert!(sealed_at(&mut sender, secs(159)).is_ok());
    // A new table brings it to life, from its start on.
    sender.install(HostId(8), table_of(170, 4, 2));
    assert_eq!(sealed_at(&mut sender, secs(169)).err(), Some(Error::CycledThrough));
    let packet = sealed_at(&mut sender, secs(170)).unwrap();
    let trailer = llpf_wire::trailer::View::parse(packet.octets()).unwrap();
    assert_eq!((trailer.key(), sender.host()), (KeyIndex::new(HostId(8), 0), HostId(8)));
    assert_eq!(sender.next_deadline(), Some(secs(220)));
}

#[test]
fn a_refresh_that_waits_for_its_time_is_not_asked_for_again() {
    let mut sender =
        Sender::new(outer(4), SenderPolicy { refresh_lead: secs(10), ..SenderPolicy::default() }, HOST, table_of(0, 4, 1));
    sender.install(HOST, table_of(60, 4, 2));
    sender.handle_timeout(secs(55));
    assert_eq!(sender.poll_event(), None);
    let packet = sealed_at(&mut sender, secs(59)).unwrap();
    assert_eq!(llpf_wire::trailer::View::parse(packet.octets()).unwrap().key().index(), 3);
    let packet = sealed_at(&mut sender, secs(60)).unwrap();
    assert_eq!(llpf_wire::trailer::View::parse(packet.octets()).unwrap().key().index(), 0);
    assert_eq!(sender.table().schedule().start(), secs(60));
}

#[test]
fn a_table_wraps_only_if_both_policies_say_so() {
    let table = table_of(0, 4, 1);
    let policy = SenderPolicy { after_last: AfterLast::Wrap, ..SenderPolicy::default() };
    let mut sender = Sender::new(outer(4), policy, HOST, table.clone());
    let packet = sealed_at(&mut sender, secs(60 * 5 + 16)).unwrap();
    assert_eq!(llpf_wire::trailer::View::parse(packet.octets()).unwrap().key().index(), 1);
    for (wrap, passes) in [(true, true), (false, false)] {
        let mut filter = filter_with(Policy::InPeriod { skew: secs(1) }, wrap);
        filter.install(secs(0), HOST, &table).unwrap();
        assert_eq!(filter.filter(secs(60 * 5 + 16), &mut packet.clone()).is_ok(), passes);
        assert!(filter.filter(secs(60 * 5 + 31), &mut packet.clone()).is_err());
    }
}

#[test]
fn old_and_new_table_overlap_for_the_grace_and_no_longer() {
    for policy in [Policy::AnyCurrentKey, Policy::InPeriod { skew: secs(200) }] {
        let (old, new) = (table_of(0, 4, 1), table_of(60, 4, 2));
        let mut filter = Filter::new(Config { policy, grace: secs(20), ..Config::default() });
        let mut senders = [&old, &new].map(|table| Sender::new(outer(4), SenderPolicy::default(), HOST, table.clone()));
        let of_old = sealed_at(&mut senders[0], secs(59)).unwrap();
        let of_new = sealed_at(&mut senders[1], secs(60 + 45)).unwrap();
        assert_eq!(of_old.octets()[52 + 4..52 + 8], of_new.octets()[52 + 4..52 + 8]);
        filter.install(secs(0), HOST, &old).unwrap();
        assert_eq!(filter.next_deadline(), None);
        filter.install(secs(50), HOST, &new).unwrap();
        assert_eq!((filter.keys(), filter.hosts(), filter.next_deadline()), (8, 1, Some(secs(80))));
        let mut macs = Vec::new();
        let mut pass = |filter: &mut Filter, packet: &PacketBuf<Vec<u8>>, now| {
            let before = filter.counters().macs;
            let outcome = filter.filter(now, &mut packet.clone()).map(|_| ());
            let mut results = llpf_wire::filter::results(2);
            filter.filter_batch(now, &mut [packet.clone(), packet.clone()], &mut results).unwrap();
            assert!(results.iter().all(|result| result.map(|_| ()) == outcome));
            assert_eq!((filter.counters().macs - before) % 3, 0);
            macs.push((filter.counters().macs - before) / 3);
            outcome
        };
        // Before the new table's start the old one is tried first, behind it the new one; both pass.
        assert_eq!(pass(&mut filter, &of_old, secs(59)), Ok(()));
        assert_eq!(pass(&mut filter, &of_new, secs(59)), Ok(()));
        assert_eq!(pass(&mut filter, &of_old, secs(60)), Ok(()));
        assert_eq!(pass(&mut filter, &of_new, secs(79)), Ok(()));
        let mut forged = of_new.clone();
        forged.octets_mut()[30] ^= 1;
        assert_eq!(pass(&mut filter, &forged, secs(79)), Err(Error::Authentication));
        // The grace is over, whether the filter was told or not.
        assert_eq!(pass(&mut filter, &of_old, secs(80)), Err(Error::Authentication));
        assert_eq!(pass(&mut filter, &of_new, secs(80)), Ok(()));
        assert_eq!(macs, [1, 2, 2, 1, 2, 1, 1]);
        filter.handle_timeout(secs(79));
        assert_eq!(filter.keys(), 8);
        filter.handle_timeout(secs(80));
        assert_eq!((filter.keys(), filter.next_deadline()), (4, None));
        // A third table throws out the first of three.
        filter.install(secs(90), HOST, &table_of(90, 2, 3)).unwrap();
        filter.install(secs(91), HOST, &table_of(91, 3, 4)).unwrap();
        assert_eq!((filter.keys(), filter.next_deadline()), (5, Some(secs(111))));
        assert_eq!(filter.filter(secs(92), &mut of_new.clone()), Err(Error::UnknownKey { index: KeyIndex::new(HOST, 3) }));
    }
}

#[test]
fn during_a_grace_the_index_may_be_in_either_table_and_in_period_in_one() {
    let (old, new) = (table_of(0, 4, 1), table_of(60, 2, 2));
    let mut filter = Filter::new(Config { policy: Policy::InPeriod { skew: secs(5) }, grace: secs(20), ..Config::default() });
    filter.install(secs(0), HOST, &old).unwrap();
    filter.install(secs(50), HOST, &new).unwrap();
    let index = |index| KeyIndex::new(HOST, index);
    let late = sealed_at(&mut Sender::new(outer(4), SenderPolicy::default(), HOST, old), secs(59)).unwrap();
    assert!(filter.filter(secs(64), &mut late.clone()).is_ok());
    assert_eq!(filter.filter(secs(65), &mut late.clone()), Err(Error::OutsidePeriod { index: index(3) }));
    assert_eq!(filter.look_up(secs(60), index(0)), Ok(()));
    assert_eq!(filter.look_up(secs(60), index(1)), Err(Error::OutsidePeriod { index: index(1) }));
    assert_eq!(filter.look_up(secs(60), index(4)), Err(Error::UnknownKey { index: index(4) }));
    // Alone in a batch of the other table's function.
    let mut results = llpf_wire::filter::results(1);
    filter.filter_batch(secs(64), &mut [late.clone()], &mut results).unwrap();
    assert!(results[0].is_ok());
    assert_eq!(filter.look_up(secs(80), index(3)), Err(Error::UnknownKey { index: index(3) }));
}

#[test]
fn caps_hold_and_a_refused_table_changes_nothing() {
    let mut filter = Filter::new(Config { max_hosts: 2, max_keys: 10, ..Config::default() });
    filter.install(secs(0), HostId(1), &table_of(0, 4, 1)).unwrap();
    filter.install(secs(0), HostId(2), &table_of(0, 4, 1)).unwrap();
    let error = Error::DoesNotFit { field: Field::Hosts, found: 3, needed: 2 };
    assert_eq!(filter.install(secs(0), HostId(3), &table_of(0, 1, 1)), Err(error));
    let error = Error::DoesNotFit { field: Field::KeyCount, found: 11, needed: 10 };
    assert_eq!(filter.install(secs(0), HostId(2), &table_of(0, 3, 1)), Err(error));
    assert_eq!((filter.keys(), filter.hosts(), filter.next_deadline()), (8, 2, None));
    // What leaves makes room: of host 2 the four keys are in their grace, then go.
    filter.install(secs(0), HostId(2), &table_of(0, 2, 1)).unwrap();
    filter.install(secs(0), HostId(2), &table_of(0, 4, 1)).unwrap();
    assert_eq!(filter.keys(), 4 + 2 + 4);
    assert_eq!((filter.free_host_id(HostId(0)), filter.free_host_id(HostId(1))), (Some(HostId(0)), Some(HostId(3))));
    assert!(filter.withdraw(HostId(1)));
    assert!(!filter.withdraw(HostId(1)) && !filter.withdraw(HostId(9)));
    assert_eq!((filter.keys(), filter.hosts(), filter.free_host_id(HostId(1))), (6, 1, Some(HostId(1))));
    assert_eq!(filter.look_up(secs(1), KeyIndex::new(HostId(2), 0)), Ok(()));
    assert!(filter.withdraw(HostId(2)));
    assert_eq!((filter.keys(), filter.hosts()), (0, 0));
    assert_eq!(filter.config().max_hosts, 2);
}

#[test]
fn all_65536_keys_of_a_host_are_found_and_all_host_ids() {
    let keys: Vec<[u8; 16]> = (0..65_536u32).map(|at| u128::from(at).to_be_bytes()).collect();
    let table = KeyTable::new(Algorithm::HmacMd5, secs(0), secs(1), &keys).unwrap();
    assert_eq!((table.len(), table.key_len(), table.is_empty()), (65_536, 16, false));
    let mut filter = Filter::new(Config { policy: Policy::AnyCurrentKey, ..Config::default() });
    filter.install(secs(0), HostId(65_535), &table).unwrap();
    assert!((0..=65_535).all(|index| filter.look_up(secs(0), KeyIndex::new(HostId(65_535), index)).is_ok()));
    assert!((0..=65_535).all(|index| table.key(index) == Some(&keys[usize::from(index)][..])));
    // The right key for an index far up.
    let mut sender = Sender::new(outer(4), SenderPolicy::default(), HostId(65_535), table);
    let mut packet = sealed_at(&mut sender, secs(65_535)).unwrap();
    assert_eq!(filter.filter(secs(0), &mut packet).unwrap().key, KeyIndex(0xffff_ffff));
    let small = table_of(0, 1, 1);
    let mut filter = Filter::new(Config { policy: Policy::AnyCurrentKey, ..Config::default() });
    for host in 0..=65_535 {
        filter.install(secs(0), HostId(host), &small).unwrap();
    }
    assert_eq!((filter.hosts(), filter.free_host_id(HostId(0))), (65_536, None));
    assert!((0..=65_535).all(|host| filter.look_up(secs(0), KeyIndex::new(HostId(host), 0)).is_ok()));
}

#[test]
fn tables_are_of_one_key_length_and_show_no_key() {
    let new = |keys: &[&[u8]]| KeyTable::new(Algorithm::HmacSha1, secs(0), secs(1), keys).map(|table| table.len());
    assert_eq!(new(&[]), Err(Error::TooSmall { field: Field::KeyCount, found: 0, needed: 1 }));
    assert_eq!(new(&[&[1; 15]]), Err(Error::KeyLength { field: Field::Key, found: 15, needed: 16 }));
    assert_eq!(new(&[&[1; 20], &[1; 16]]), Err(Error::KeyLength { field: Field::Key, found: 16, needed: 20 }));
    assert_eq!(new(&[&[1; 20], &[1; 20]]), Ok(2));
    let table = KeyTable::new(Algorithm::HmacMd5, secs(0), secs(1), &[*b"0123456789abcdef"]).unwrap();
    let mut filter = Filter::new(Config::default());
    filter.install(secs(0), HOST, &table).unwrap();
    let sender = Sender::new(outer(4), SenderPolicy::default(), HOST, table.clone());
    let shown = format!("{table:?} {filter:?} {sender:?} {:?}", table.prepared_key(0));
    for octets in [&b"0123456789abcdef"[..], b"01234567"] {
        let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        assert!(!shown.contains(&hex) && !shown.contains(&format!("{octets:?}")[1..20]), "{shown}");
    }
    assert!(shown.contains("KeyTable { algorithm: HmacMd5") && table.prepared_key(1).is_none());
}

#[test]
fn generated_tables_differ_and_a_generator_that_repeats_itself_is_refused() {
    let one = table_of(0, 25, 1);
    let other = table_of(0, 25, 2);
    assert!((0..25).all(|index| one.key(index) != other.key(index)));
    assert_eq!((one.algorithm(), one.schedule().start(), one.key(25)), (Algorithm::HmacMd5, secs(0), None));
    struct Stuck;
    impl llpf_wire::rand_core::TryRng for Stuck {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(7)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(7)
        }
        fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
            octets.fill(7);
            Ok(())
        }
    }
    impl llpf_wire::rand_core::TryCryptoRng for Stuck {}
    let generate = |keys| KeyTable::generate(Algorithm::HmacMd5, secs(0), secs(1), keys, &mut Stuck).map(|_| ());
    assert_eq!((generate(2), generate(1)), (Err(Error::Randomness), Ok(())));
    for algorithm in Algorithm::ALL {
        let table = KeyTable::generate(algorithm, secs(0), secs(1), 2, &mut Rng(1)).unwrap();
        assert_eq!(table.key_len(), algorithm.key_len());
    }
}

proptest! {
    /// Hosts come and go; the filter knows exactly those that a plain map knows.
    #[test]
    fn the_table_by_host_is_what_a_map_would_be(steps in proptest::collection::vec((0u16..6, 0u32..5), 0..40)) {
        let mut filter = Filter::new(Config { policy: Policy::AnyCurrentKey, grace: Duration::ZERO, ..Config::default() });
        let mut model = std::collections::BTreeMap::new();
        for (host, keys) in steps {
            if keys == 0 {
                prop_assert_eq!(filter.withdraw(HostId(host)), model.remove(&host).is_some());
            } else {
                filter.install(secs(1), HostId(host), &table_of(0, keys, host.into())).unwrap();
                filter.handle_timeout(secs(1));
                model.insert(host, keys);
            }
            prop_assert_eq!(filter.hosts() as usize, model.len());
            prop_assert_eq!(filter.keys(), model.values().sum::<u32>());
            for host in 0..7 {
                for index in 0..6u16 {
                    let index = KeyIndex::new(HostId(host), index);
                    let expected = match model.get(&host) {
                        None => Err(Error::UnknownHost { index }),
                        Some(keys) if u32::from(index.index()) >= *keys => Err(Error::UnknownKey { index }),
                        Some(_) => Ok(()),
                    };
                    prop_assert_eq!(filter.look_up(secs(1), index), expected);
                }
            }
        }
    }

    /// What passes was sealed with a live key: of any packet of any sender, whole or with octets changed, only the untouched ones in their time pass.
    #[test]
    fn nothing_passes_but_what_a_live_key_of_the_host_sealed(
        sent in 0u64..80, arrives in 0u64..80, known: bool, len in 0usize..200, change in proptest::option::of((20usize..264, 1u8..=255)),
    ) {
        let table = table_of(0, 4, 9);
        let mut filter = filter_with(Policy::InPeriod { skew: secs(2) }, false);
        filter.install(secs(0), if known { HOST } else { HostId(8) }, &table).unwrap();
        let mut sender = Sender::new(outer(4), SenderPolicy::default(), HOST, table);
        let plain = packet(4, len);
        let mut octets = buffer(&plain);
        prop_assert_eq!(sender.seal(secs(sent), &mut octets).is_ok(), sent < 60);
        if sent < 60 {
            let total = octets.len();
            if let Some((at, flip)) = change {
                octets.octets_mut()[20 + at % (total - 20)] ^= flip;
            }
            let slot = sent / 15 * 15;
            let live = arrives + 2 >= slot && arrives < slot + 17;
            let passes = filter.filter(secs(arrives), &mut octets).is_ok();
            prop_assert_eq!(passes, known && live && change.is_none());
            if passes {
                prop_assert_eq!(octets.octets(), &plain[..]);
            }
        }
    }
}
