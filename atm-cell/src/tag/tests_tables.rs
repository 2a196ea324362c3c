//! Tag spaces, prefix tables and the Tag Information Base.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::vec;
use std::vec::Vec;

use super::space::TagSpace;
use super::*;
use crate::cell::{Gfc, Header, Interface, PayloadType, Vc, Vpi};
use crate::switch::{End, Leaf, Port, PortConfig, Slot, Switch, Target};

fn tag(tag: u16) -> Tag {
    Tag::new(tag).unwrap()
}

fn vpi(vpi: u16) -> Vpi {
    Vpi::new(vpi).unwrap()
}

#[test]
fn every_tag_of_a_range_is_given_out_once_and_comes_back_late() {
    for size in [1_u16, 2, 63, 64, 65, 128, 130] {
        let mut space = TagSpace::new(tag(100), tag(99 + size));
        for round in 0..2 {
            let given: Vec<_> = (0..size).map(|_| space.allocate().unwrap().get()).collect();
            assert_eq!(given, (100..100 + size).collect::<Vec<_>>(), "{round}");
            assert_eq!((space.allocate(), space.count()), (None, usize::from(size)));
            (100..100 + size).for_each(|of| space.release(tag(of)));
            assert_eq!(space.count(), 0);
        }
    }
    let mut space = TagSpace::new(tag(33), tag(233));
    assert_eq!(space.allocate(), Some(tag(33)));
    space.release(tag(33));
    space.release(tag(33));
    assert_eq!((space.allocate(), space.count()), (Some(tag(34)), 1));
    (0..200).for_each(|_| assert!(space.allocate().is_some()));
    for free in [33, 96, 97, 160, 161, 232, 233] {
        space.release(tag(free));
        space.release(tag(1000));
        assert_eq!((space.allocate(), space.count()), (Some(tag(free)), 201));
    }
    let mut all = TagSpace::new(Tag::MIN, Tag::MAX);
    assert_eq!((0..70_000).map_while(|_| all.allocate()).count(), 65_503);
}

proptest! {
    #[test]
    fn longest_match_is_the_longest_prefix_that_contains_the_address(
        prefixes in proptest::collection::vec((any::<bool>(), any::<u8>(), 0..=20_u8, any::<bool>()), 0..40),
        probes in proptest::collection::vec((any::<bool>(), any::<u8>()), 1..20),
    ) {
        // Bits are set where prefixes and probes meet often: in the first octet and far behind.
        let address = |v6: bool, bits: u8| -> IpAddr {
            if v6 { Ipv6Addr::from(u128::from(bits) << 120 | 1).into() } else { Ipv4Addr::from(u32::from(bits) << 24 | 1).into() }
        };
        let mut table = PrefixTable::new(30);
        let mut model: Vec<Prefix> = Vec::new();
        for (v6, bits, length, remove) in prefixes {
            let length = if length == 20 { if v6 { 128 } else { 32 } } else { length };
            let prefix = Prefix::containing(address(v6, bits), length).unwrap();
            if remove {
                prop_assert_eq!(table.remove(prefix).is_some(), model.contains(&prefix));
                model.retain(|other| *other != prefix);
            } else if model.contains(&prefix) {
                prop_assert_eq!(table.insert(prefix, prefix), Ok(Some(prefix)));
            } else if model.len() == 30 {
                prop_assert_eq!(table.insert(prefix, prefix), Err(Error::TableFull { field: Field::TagRoute, limit: 30 }));
            } else {
                prop_assert_eq!(table.insert(prefix, prefix), Ok(None));
                model.push(prefix);
            }
        }
        for (v6, bits) in probes {
            let address = address(v6, bits);
            let expected = model.iter().filter(|prefix| prefix.contains(address)).max_by_key(|prefix| prefix.length());
            prop_assert_eq!(table.longest(address), expected.map(|prefix| (*prefix, prefix)));
        }
        model.sort();
        prop_assert_eq!(table.iter().map(|(prefix, _)| prefix).collect::<Vec<_>>(), model.clone());
        prop_assert_eq!((table.len(), table.is_empty()), (model.len(), model.is_empty()));
        prop_assert!(model.iter().all(|prefix| table.exact(*prefix) == Some(prefix)));
    }
}

fn sub(interface: u16, number: u16) -> SubEntry<Vpi> {
    SubEntry { tag: tag(number), interface, link: vpi(interface + 1) }
}

/// Interface 0 is a UNI with tags 40 to 50, 1 a UNI, 2 an NNI; their paths are 1, 2 and 3.
fn base() -> TagBase<Vpi> {
    let interface = |format, path, first, last| TagInterface { format, vpi: vpi(path), first: tag(first), last: tag(last) };
    let interfaces =
        [interface(Interface::Uni, 1, 40, 50), interface(Interface::Uni, 2, 33, 65535), interface(Interface::Nni, 3, 33, 99)];
    TagBase::new(&interfaces, 3, 5).unwrap()
}

#[test]
fn an_incoming_tag_names_its_sub_entries() {
    let mut base = base();
    assert!(base.is_empty());
    base.insert(0, tag(40), vec![sub(1, 40)]).unwrap();
    base.insert(0, tag(50), vec![]).unwrap();
    base.insert(2, tag(50), vec![sub(1, 33), sub(0, 50)]).unwrap();
    assert_eq!(base.lookup(0, tag(40)), Some(&[sub(1, 40)][..]));
    assert_eq!(base.lookup(0, tag(50)), Some(&[][..]));
    assert_eq!(base.lookup(2, tag(50)), Some(&[sub(1, 33), sub(0, 50)][..]));
    for (interface, other) in [(0, 39), (0, 41), (0, 51), (1, 40), (2, 40), (3, 40)] {
        assert_eq!(base.lookup(interface, tag(other)), None);
    }
    let listed: Vec<_> = base.iter().map(|(interface, tag, subs)| (interface, tag.get(), subs.len())).collect();
    assert_eq!(listed, [(0, 40, 1), (0, 50, 0), (2, 50, 2)]);
    // A new binding takes the old one's place.
    base.insert(0, tag(40), vec![sub(2, 60)]).unwrap();
    assert_eq!(base.lookup(0, tag(40)), Some(&[sub(2, 60)][..]));
    assert_eq!(base.remove(0, tag(50)), Some(vec![]));
    assert_eq!(base.remove(0, tag(50)), None);
    assert_eq!(base.remove(0, tag(40)), Some(vec![sub(2, 60)]));
    assert_eq!((base.len(), base.lookup(0, tag(40)), base.lookup(2, tag(50)).unwrap().len()), (1, None, 2));
    base.add(0, tag(41), sub(1, 77)).unwrap();
    base.add(0, tag(41), sub(2, 77)).unwrap();
    assert_eq!(base.lookup(0, tag(41)), Some(&[sub(1, 77), sub(2, 77)][..]));
    assert_eq!(base.interface(2).unwrap().last, tag(99));
    assert_eq!(base.interface(3), None);
}

#[test]
fn a_base_refuses_what_would_loop_or_does_not_fit() {
    let mut base = base();
    let conflict = |found| Err(Error::Conflict { field: Field::Tag, found });
    assert_eq!(base.insert(0, tag(40), vec![sub(0, 40)]), conflict(40));
    assert_eq!(base.insert(0, tag(40), vec![sub(1, 40), sub(0, 40)]), conflict(40));
    assert_eq!(base.insert(0, tag(40), vec![sub(1, 41), sub(2, 41), sub(1, 41)]), conflict(41));
    // The same interface with another tag, or the same tag on another interface, is no loop.
    assert_eq!(base.insert(0, tag(40), vec![sub(0, 41), sub(1, 40)]), Ok(()));
    let nobody = Err(Error::NotFound { field: Field::TagNeighbor, found: 3 });
    assert_eq!(base.insert(3, tag(40), vec![]), nobody);
    assert_eq!(base.insert(0, tag(41), vec![sub(3, 40)]), nobody);
    let early = Err(Error::Reserved { field: Field::Tag, found: 39, needed: 40 });
    assert_eq!(base.insert(0, tag(39), vec![]), early);
    assert_eq!(base.insert(1, tag(39), vec![sub(0, 39)]), early);
    let late = Err(Error::DoesNotFit { field: Field::Tag, found: 51, needed: 50 });
    assert_eq!(base.insert(0, tag(51), vec![]), late);
    assert_eq!(base.insert(1, tag(51), vec![sub(0, 51)]), late);
    assert_eq!(base.len(), 1);
    // 5 sub-entries in all, 3 entries.
    base.insert(1, tag(40), vec![sub(1, 41), sub(1, 42), sub(1, 43)]).unwrap();
    let full = |limit| Err(Error::TableFull { field: Field::TagBase, limit });
    assert_eq!(base.insert(1, tag(41), vec![sub(2, 44)]), full(5));
    assert_eq!(base.add(1, tag(40), sub(2, 44)), full(5));
    base.insert(1, tag(40), vec![sub(2, 41), sub(1, 42), sub(1, 43)]).unwrap();
    base.insert(1, tag(40), vec![sub(2, 41), sub(1, 42)]).unwrap();
    base.insert(1, tag(41), vec![sub(2, 44)]).unwrap();
    assert_eq!(base.insert(1, tag(45), vec![]), full(3));
    base.remove(0, tag(40)).unwrap();
    assert_eq!(base.insert(1, tag(45), vec![sub(2, 45), sub(2, 46)]), Ok(()));
    assert_eq!(base.add(1, tag(45), sub(2, 47)), full(5));
}

#[test]
fn interfaces_are_checked() {
    let bad = TagInterface { first: tag(51), last: tag(50), ..TagInterface::default() };
    let error = Error::DoesNotFit { field: Field::Tag, found: 51, needed: 50 };
    assert_eq!(TagBase::<Vpi>::new(&[bad], 1, 1).map(|_| ()), Err(error));
    assert!(TagBase::<Vpi>::new(&[TagInterface { first: tag(50), ..bad }], 1, 1).is_ok());
    let path = TagInterface { vpi: vpi(256), ..TagInterface::default() };
    let error = Error::DoesNotFit { field: Field::Vpi, found: 256, needed: 255 };
    assert_eq!(TagBase::<Vpi>::new(&[path], 1, 1).map(|_| ()), Err(error));
    assert!(TagBase::<Vpi>::new(&[TagInterface { format: Interface::Nni, ..path }], 1, 1).is_ok());
}

#[test]
fn a_cell_gets_tag_and_path_of_its_sub_entry_and_keeps_pt_and_clp() {
    let mut base = base();
    base.insert(0, tag(40), vec![sub(2, 99)]).unwrap();
    base.insert(0, tag(41), vec![]).unwrap();
    let payload_type = PayloadType::USER_CONGESTED_1;
    let of = |channel| {
        let vc = Vc::new(vpi(1), Vci::new(channel));
        Header { gfc: Gfc::MAX, payload_type, clp: true, ..Header::new(Interface::Uni, vc) }
    };
    let Forwarding::Swap(&[way]) = base.forward(0, &of(40)) else { panic!("not swapped") };
    let out = Header { payload_type, clp: true, ..Header::new(Interface::Nni, Vc::new(vpi(3), Vci::new(99))) };
    assert_eq!(base.swap(way, &of(40)), out);
    assert_eq!(base.forward(0, &of(41)), Forwarding::Untag);
    assert_eq!(base.forward(0, &of(42)), Forwarding::Unknown);
    assert_eq!(base.forward(1, &of(40)), Forwarding::Unknown);
    assert_eq!(base.forward(3, &of(32)), Forwarding::Unknown);
    // The same tag on another path is not the tag.
    let other = Header { vc: Vc::new(vpi(2), Vci::new(40)), ..of(40) };
    assert_eq!(base.forward(0, &other), Forwarding::Unknown);
    for channel in 0..=32 {
        assert_eq!(base.forward(0, &of(channel)), Forwarding::Control);
    }
    assert_eq!(base.forward(0, &of(33)), Forwarding::Unknown);
}

fn cell_switch() -> Switch<[Port; 3], [Slot; 64], [Leaf; 3]> {
    let port = |interface| Port::new(PortConfig { interface, ..PortConfig::default() }).unwrap();
    Switch::new([port(Interface::Uni), port(Interface::Uni), port(Interface::Nni)], [Slot::EMPTY; 64], [Leaf::EMPTY; 3])
}

fn channel(interface: u16, number: u16) -> End {
    End::channel(interface, Vc::new(vpi(interface + 1), Vci::new(number)))
}

#[test]
fn a_switch_is_programmed_with_points_and_leaves() {
    let (mut base, mut switch) = (base(), cell_switch());
    base.insert(0, tag(40), vec![sub(1, 70)]).unwrap();
    base.insert(1, tag(70), vec![]).unwrap();
    base.insert(2, tag(50), vec![sub(0, 44), sub(1, 44)]).unwrap();
    base.program(&mut switch).unwrap();
    assert_eq!(switch.connection(channel(0, 40)).unwrap().to, Target::Point(channel(1, 70)));
    assert_eq!(switch.leaves(channel(2, 50)).collect::<BTreeSet<_>>(), BTreeSet::from([channel(0, 44), channel(1, 44)]));
    assert_eq!(switch.connections().count(), 2);
}

#[test]
fn a_switch_that_cannot_be_programmed_is_left_as_it_was() {
    for (taken, found) in [((channel(0, 45), channel(1, 44)), 0x2_002c), ((channel(2, 50), channel(1, 90)), 0x32)] {
        let (mut base, mut switch) = (base(), cell_switch());
        base.insert(0, tag(40), vec![sub(1, 70)]).unwrap();
        base.insert(1, tag(70), vec![]).unwrap();
        base.insert(2, tag(50), vec![sub(0, 44), sub(1, 44)]).unwrap();
        switch.connect(taken.0, taken.1).unwrap();
        let before = (switch.usage(), switch.connections().collect::<Vec<_>>());
        assert_eq!(base.program(&mut switch), Err(Error::Conflict { field: Field::SwitchConnection, found }));
        assert_eq!((switch.usage(), switch.connections().collect::<Vec<_>>()), before);
    }
    // Leaves of a tree that is there already are not added to it.
    let (mut base, mut switch) = (base(), cell_switch());
    base.insert(2, tag(50), vec![sub(0, 44), sub(1, 44)]).unwrap();
    switch.add_leaf(channel(2, 50), channel(1, 90)).unwrap();
    assert_eq!(base.program(&mut switch), Err(Error::Conflict { field: Field::SwitchConnection, found: 0x32 }));
    assert_eq!(switch.leaves(channel(2, 50)).count(), 1);
}
