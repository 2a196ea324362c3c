//! One node, message by message.

use core::net::IpAddr;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::cell::{Vc, Vpi};

fn tag(tag: u16) -> Tag {
    Tag::new(tag).unwrap()
}

fn prefix() -> Prefix {
    Prefix::new("10.0.0.0".parse().unwrap(), 8).unwrap()
}

fn destination() -> IpAddr {
    "10.1.2.3".parse().unwrap()
}

const TAG_40: u16 = 40;

/// A node with three links of 5 tags each, from 40 on, and no packets of its own unless said otherwise.
fn node(allocation: Allocation, config: impl FnOnce(&mut Config)) -> TagSwitch {
    let merge = allocation == Allocation::Downstream;
    let mut full = Config { allocation, merge, edge: false, ..Config::default() };
    config(&mut full);
    TagSwitch::new(full, &[TagInterface { first: tag(TAG_40), last: tag(44), ..TagInterface::default() }; 3]).unwrap()
}

fn sent(node: &mut TagSwitch) -> Vec<(u16, Message)> {
    core::iter::from_fn(|| node.poll_message()).collect()
}

/// The message as it is but for its number.
fn numbered(message: Message, id: u32) -> Message {
    match message {
        Message::Request { prefix, hops, .. } => Message::Request { id, prefix, hops },
        Message::Advertise { prefix, tag, hops, .. } => Message::Advertise { id, prefix, tag, hops },
        Message::Accept { hops, .. } => Message::Accept { id, hops },
        Message::Withdraw { reason, .. } => Message::Withdraw { id, reason },
        Message::Release { .. } => Message::Release { id },
    }
}

/// Sends exactly that message, and gives the number of its binding.
#[track_caller]
fn expect(node: &mut TagSwitch, to: u16, message: Message) -> u32 {
    let [(interface, found)] = sent(node)[..] else { panic!("not one message") };
    let (Message::Request { id, .. }
    | Message::Advertise { id, .. }
    | Message::Accept { id, .. }
    | Message::Withdraw { id, .. }
    | Message::Release { id }) = found;
    assert_eq!((interface, numbered(found, 0)), (to, message));
    id
}

fn request(id: u32, hops: u8) -> Message {
    Message::Request { id, prefix: prefix(), hops: HopCount(hops) }
}

fn advertise(id: u32, of: u16, hops: u8) -> Message {
    Message::Advertise { id, prefix: prefix(), tag: tag(of), hops: HopCount(hops) }
}

const DEMAND: Allocation = Allocation::DownstreamOnDemand;

#[test]
fn on_demand_a_request_is_passed_on_and_answered_when_the_answer_comes() {
    let mut node = node(DEMAND, |_| {});
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    assert_eq!(sent(&mut node), []);
    node.handle_message(0, request(7, 3)).unwrap();
    let id = expect(&mut node, 2, request(0, 4));
    assert!(node.base().is_empty());
    node.handle_message(2, advertise(id, 43, 5)).unwrap();
    assert_eq!(sent(&mut node), [(0, advertise(7, TAG_40, 6))]);
    let sub_entry = SubEntry { tag: tag(43), interface: 2, link: Vpi::ZERO };
    assert_eq!(node.base().lookup(0, tag(TAG_40)), Some(&[sub_entry][..]));
    assert_eq!((node.bindings(), [0, 1, 2].map(|link| node.tags_in_use(link))), ((1, 1), [1, 0, 0]));
    // A new hop count goes on, the same one does not, unknown goes on as unknown.
    node.handle_message(2, advertise(id, 43, 6)).unwrap();
    assert_eq!(sent(&mut node), [(0, advertise(7, TAG_40, 7))]);
    node.handle_message(2, advertise(id, 43, 6)).unwrap();
    assert_eq!(sent(&mut node), []);
    node.handle_message(2, advertise(id, 42, 0)).unwrap();
    assert_eq!(sent(&mut node), [(0, advertise(7, TAG_40, 0))]);
    assert_eq!(node.base().lookup(0, tag(TAG_40)).unwrap()[0].tag, tag(42));
    node.handle_message(0, Message::Release { id: 7 }).unwrap();
    assert_eq!(sent(&mut node), [(2, Message::Release { id })]);
    assert_eq!((node.bindings(), node.tags_in_use(0), node.base().len()), ((0, 0), 0, 0));
    // What crosses the release is nobody's.
    node.handle_message(2, advertise(id, 43, 6)).unwrap();
    node.handle_message(2, Message::Withdraw { id, reason: Reason::NoRoute }).unwrap();
    node.handle_message(0, Message::Release { id: 7 }).unwrap();
    assert_eq!((sent(&mut node), node.base().len()), (vec![], 0));
}

#[test]
fn on_demand_the_egress_answers_at_once_with_one_hop() {
    let mut node = node(DEMAND, |_| {});
    node.set_route(prefix(), NextHop::Local).unwrap();
    node.handle_message(0, request(7, 3)).unwrap();
    assert_eq!(sent(&mut node), [(0, advertise(7, TAG_40, 1))]);
    assert_eq!(node.base().lookup(0, tag(TAG_40)), Some(&[][..]));
    assert_eq!(node.impose(destination(), 9), Imposition::Local);
    node.remove_route(prefix()).unwrap();
    assert_eq!(sent(&mut node), [(0, Message::Withdraw { id: 7, reason: Reason::NoRoute })]);
    assert_eq!((node.bindings(), node.tags_in_use(0), node.base().len()), ((0, 0), 0, 0));
}

#[test]
fn a_request_waits_for_its_route() {
    let mut node = node(DEMAND, |_| {});
    node.handle_message(0, request(7, 3)).unwrap();
    assert_eq!((sent(&mut node), node.bindings()), (vec![], (1, 0)));
    node.set_route(prefix(), NextHop::Local).unwrap();
    assert_eq!(sent(&mut node), [(0, advertise(7, TAG_40, 1))]);
}

#[test]
fn every_upstream_gets_its_own_tag_downstream_where_vcs_are_not_merged() {
    for (merge, asked) in [(false, 1), (true, 0)] {
        let mut node = node(DEMAND, |config| config.merge = merge);
        node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
        node.handle_message(0, request(7, 1)).unwrap();
        let first = expect(&mut node, 2, request(0, 2));
        node.handle_message(2, advertise(first, 44, 1)).unwrap();
        sent(&mut node);
        node.handle_message(1, request(7, 1)).unwrap();
        let messages = sent(&mut node);
        let requests = messages.iter().filter(|(to, message)| *to == 2 && matches!(message, Message::Request { .. })).count();
        assert_eq!(requests, asked);
        if merge {
            assert_eq!(messages, [(1, advertise(7, TAG_40, 2))]);
            // The way on is let go with the last who uses it.
            node.handle_message(0, Message::Release { id: 7 }).unwrap();
            assert_eq!(sent(&mut node), []);
            node.handle_message(1, Message::Release { id: 7 }).unwrap();
            assert_eq!(sent(&mut node), [(2, Message::Release { id: first })]);
        }
    }
}

#[test]
fn the_next_hop_gets_no_binding_for_its_own_route() {
    for merge in [false, true] {
        let mut node = node(DEMAND, |config| config.merge = merge);
        node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
        node.handle_message(2, request(7, 1)).unwrap();
        assert_eq!(sent(&mut node), []);
        node.set_route(prefix(), NextHop::Neighbor(1)).unwrap();
        let id = expect(&mut node, 1, request(0, 2));
        node.handle_message(1, advertise(id, 44, 1)).unwrap();
        assert_eq!(sent(&mut node), [(2, advertise(7, TAG_40, 2))]);
        // The route turns back: the binding is withdrawn, and what was asked for it is let go.
        node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
        let expected = [(2, Message::Withdraw { id: 7, reason: Reason::NoRoute }), (1, Message::Release { id })];
        assert_eq!((sent(&mut node), node.base().len(), node.tags_in_use(2)), (expected.to_vec(), 0, 0));
    }
    // In downstream allocation the next hop hears nothing of its own route.
    let mut node = node(Allocation::Downstream, |_| {});
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    node.handle_message(2, advertise(5, 43, 1)).unwrap();
    let told: Vec<_> = sent(&mut node).iter().map(|&(to, message)| (to, numbered(message, 0))).collect();
    assert_eq!(told, [(0, advertise(0, TAG_40, 2)), (1, advertise(0, TAG_40, 2))]);
}

#[test]
fn when_the_next_hop_changes_upstream_keeps_its_tag_and_goes_to_layer_3_until_the_answer() {
    let mut node = node(DEMAND, |_| {});
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    node.handle_message(0, request(7, 1)).unwrap();
    let old = expect(&mut node, 2, request(0, 2));
    node.handle_message(2, advertise(old, 44, 1)).unwrap();
    sent(&mut node);
    node.set_route(prefix(), NextHop::Neighbor(1)).unwrap();
    let [release, (1, Message::Request { id: new, hops: HopCount(2), .. })] = sent(&mut node)[..] else { panic!() };
    assert_eq!(release, (2, Message::Release { id: old }));
    assert_eq!(node.base().lookup(0, tag(TAG_40)), Some(&[][..]));
    node.handle_message(1, advertise(new, 42, 1)).unwrap();
    assert_eq!(sent(&mut node), []);
    assert_eq!(node.base().lookup(0, tag(TAG_40)).unwrap()[0].interface, 1);
    // The same route again changes nothing.
    node.set_route(prefix(), NextHop::Neighbor(1)).unwrap();
    assert_eq!(sent(&mut node), []);
}

#[test]
fn a_withdrawn_binding_is_withdrawn_upstream_and_asked_for_anew_by_who_needs_it() {
    let mut node = node(DEMAND, |config| (config.edge, config.merge) = (true, true));
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    let first = expect(&mut node, 2, request(0, 1));
    node.handle_message(0, request(7, 1)).unwrap();
    node.handle_message(2, advertise(first, 44, 1)).unwrap();
    sent(&mut node);
    node.handle_message(2, Message::Withdraw { id: first, reason: Reason::NoRoute }).unwrap();
    let [up, (2, again)] = sent(&mut node)[..] else { panic!() };
    assert_eq!(up, (0, Message::Withdraw { id: 7, reason: Reason::NoRoute }));
    assert_eq!(numbered(again, 0), request(0, 1));
    assert_eq!((node.bindings(), node.base().len()), ((0, 1), 0));
}

#[test]
fn what_is_refused_is_asked_again_on_retry_or_when_somebody_new_asks_and_not_before() {
    for reason in [Reason::HopLimit, Reason::NoResources] {
        let mut node = node(DEMAND, |config| (config.edge, config.merge) = (true, true));
        node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
        let id = expect(&mut node, 2, request(0, 1));
        node.handle_message(0, request(7, 1)).unwrap();
        node.handle_message(2, Message::Withdraw { id, reason }).unwrap();
        assert_eq!(sent(&mut node), [(0, Message::Withdraw { id: 7, reason })]);
        assert_eq!(node.impose(destination(), 9), Imposition::Untagged { interface: 2, ttl: 8 });
        node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
        assert_eq!(sent(&mut node), []);
        node.retry().unwrap();
        let id = expect(&mut node, 2, request(0, 1));
        node.retry().unwrap();
        node.handle_message(2, Message::Withdraw { id, reason }).unwrap();
        assert_eq!(sent(&mut node), []);
        node.handle_message(0, request(8, 1)).unwrap();
        expect(&mut node, 2, request(0, 2));
    }
}

#[test]
fn requests_at_the_hop_limit_pass_and_over_it_are_refused() {
    let refused = |id| (0, Message::Withdraw { id, reason: Reason::HopLimit });
    let mut node = node(DEMAND, |config| config.max_hops = 9);
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    node.handle_message(0, request(1, 8)).unwrap();
    let id = expect(&mut node, 2, request(0, 9));
    node.handle_message(0, request(2, 9)).unwrap();
    assert_eq!(sent(&mut node), [refused(2)]);
    node.handle_message(0, request(3, 10)).unwrap();
    assert_eq!((sent(&mut node), node.bindings()), (vec![refused(3)], (1, 1)));
    // And the count that comes back.
    node.handle_message(2, advertise(id, 44, 8)).unwrap();
    assert_eq!(sent(&mut node), [(0, advertise(1, TAG_40, 9))]);
    node.handle_message(2, advertise(id, 44, 9)).unwrap();
    assert_eq!(sent(&mut node), [refused(1), (2, Message::Release { id })]);
    assert_eq!((node.bindings(), node.base().len(), node.tags_in_use(0)), ((0, 0), 0, 0));
    // At the egress a request with the whole count is served, one over it is not.
    node.set_route(prefix(), NextHop::Local).unwrap();
    node.handle_message(0, request(4, 9)).unwrap();
    assert!(matches!(sent(&mut node)[..], [(0, Message::Advertise { id: 4, .. })]));
    node.handle_message(0, request(5, 10)).unwrap();
    assert_eq!(sent(&mut node), [refused(5)]);
}

#[test]
fn what_is_refused_is_not_asked_again_for_somebody_at_the_hop_limit() {
    let mut node = node(DEMAND, |config| (config.merge, config.edge, config.max_hops) = (true, true, 3));
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    let id = expect(&mut node, 2, request(0, 1));
    node.handle_message(2, Message::Withdraw { id, reason: Reason::HopLimit }).unwrap();
    // The node itself could ask with 1 again; in a ring of such nodes that would never end.
    node.handle_message(0, request(1, 3)).unwrap();
    assert_eq!(sent(&mut node), [(0, Message::Withdraw { id: 1, reason: Reason::HopLimit })]);
    assert_eq!(node.bindings(), (0, 0));
    node.handle_message(0, request(2, 2)).unwrap();
    expect(&mut node, 2, request(0, 3));
    assert_eq!(node.bindings(), (1, 1));
    // Somebody at the limit shares what is under way.
    node.handle_message(1, request(3, 3)).unwrap();
    assert_eq!((sent(&mut node), node.bindings()), (vec![], (2, 1)));
}

#[test]
fn upstream_allocation_advertises_the_outgoing_tag_and_uses_it_when_accepted() {
    let mut node = node(Allocation::Upstream, |config| config.edge = true);
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    let own = expect(&mut node, 2, advertise(0, TAG_40, 1));
    assert_eq!(node.impose(destination(), 9), Imposition::Untagged { interface: 2, ttl: 8 });
    node.handle_message(2, Message::Accept { id: own, hops: HopCount(3) }).unwrap();
    let vc = Vc::new(Vpi::ZERO, tag(TAG_40).vci());
    assert_eq!(node.impose(destination(), 9), Imposition::Tagged { interface: 2, vc, ttl: 6 });
    node.handle_message(0, advertise(7, 44, 1)).unwrap();
    let through = expect(&mut node, 2, advertise(0, TAG_40 + 1, 2));
    assert!(node.base().is_empty());
    node.handle_message(2, Message::Accept { id: through, hops: HopCount(3) }).unwrap();
    assert_eq!(sent(&mut node), [(0, Message::Accept { id: 7, hops: HopCount(4) })]);
    let sub_entry = SubEntry { tag: tag(TAG_40 + 1), interface: 2, link: Vpi::ZERO };
    assert_eq!(node.base().lookup(0, tag(44)), Some(&[sub_entry][..]));
    // The neighbour's tags are its own to give out; a tag is bound once.
    assert_eq!([0, 2].map(|link| node.tags_in_use(link)), [0, 2]);
    let conflict = Err(Error::Conflict { field: Field::Tag, found: 44 });
    assert_eq!(node.handle_message(0, advertise(8, 44, 1)), conflict);
    assert_eq!(node.handle_message(1, advertise(8, 44, 1)), Ok(()));
    node.handle_message(0, Message::Release { id: 7 }).unwrap();
    assert_eq!([0, 2].map(|link| node.tags_in_use(link)), [0, 2]);
    assert_eq!(node.handle_message(0, advertise(8, 44, 1)), Ok(()));
}

#[test]
fn a_link_without_free_tags_refuses_and_serves_again() {
    let refused = |id| (0, Message::Withdraw { id, reason: Reason::NoResources });
    let mut node = node(DEMAND, |_| {});
    node.set_route(prefix(), NextHop::Local).unwrap();
    (1..=5).for_each(|id| node.handle_message(0, request(id, 1)).unwrap());
    assert_eq!((sent(&mut node).len(), node.tags_in_use(0)), (5, 5));
    node.handle_message(0, request(6, 1)).unwrap();
    assert_eq!((sent(&mut node), node.bindings()), (vec![refused(6)], (5, 0)));
    node.handle_message(0, Message::Release { id: 3 }).unwrap();
    node.handle_message(0, request(6, 1)).unwrap();
    assert_eq!(sent(&mut node), [(0, advertise(6, TAG_40 + 2, 1))]);
    // The same for the outgoing tags of upstream allocation.
    let mut node = self::node(Allocation::Upstream, |_| {});
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    (1..=5).for_each(|id| node.handle_message(0, advertise(id, 39 + id as u16, 1)).unwrap());
    assert_eq!(sent(&mut node).len(), 5);
    node.handle_message(1, advertise(6, 40, 1)).unwrap();
    assert_eq!(sent(&mut node), [(1, refused(6).1)]);
    assert_eq!((node.bindings(), node.tags_in_use(2)), ((5, 5), 5));
}

#[test]
fn bindings_over_the_limit_are_refused() {
    let mut node = node(DEMAND, |config| config.bindings = 2);
    node.set_route(prefix(), NextHop::Local).unwrap();
    (1..=3).for_each(|id| node.handle_message(0, request(id, 1)).unwrap());
    assert_eq!(sent(&mut node)[2], (0, Message::Withdraw { id: 3, reason: Reason::NoResources }));
    assert_eq!(node.bindings(), (2, 0));
    // Those that wait for a route count too.
    let mut node = self::node(DEMAND, |config| config.bindings = 2);
    (1..=3).for_each(|id| node.handle_message(0, request(id, 1)).unwrap());
    assert_eq!(sent(&mut node), [(0, Message::Withdraw { id: 3, reason: Reason::NoResources })]);
    assert_eq!(node.bindings(), (2, 0));
    let mut node = self::node(Allocation::Downstream, |config| config.bindings = 1);
    node.handle_message(0, advertise(1, 40, 1)).unwrap();
    node.handle_message(0, advertise(1, 41, 1)).unwrap();
    let full = Err(Error::TableFull { field: Field::TagBase, limit: 1 });
    assert_eq!(node.handle_message(1, advertise(1, 40, 1)), full);
    assert_eq!(node.bindings(), (0, 1));
}

#[test]
fn downstream_allocation_advertises_a_route_once_its_way_is_known_and_withdraws_it_after() {
    let mut node = node(Allocation::Downstream, |config| config.edge = true);
    node.handle_message(1, advertise(9, 42, 4)).unwrap();
    assert_eq!(sent(&mut node), []);
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    assert_eq!(sent(&mut node), []);
    // Tags of neighbours that are no next hop are kept: the route may move there.
    node.set_route(prefix(), NextHop::Neighbor(1)).unwrap();
    let messages = sent(&mut node);
    assert_eq!(
        messages.iter().map(|(to, message)| (*to, numbered(*message, 0))).collect::<Vec<_>>(),
        [(0, advertise(0, TAG_40, 5)), (2, advertise(0, TAG_40, 5))]
    );
    let vc = Vc::new(Vpi::ZERO, tag(42).vci());
    assert_eq!(node.impose(destination(), 9), Imposition::Tagged { interface: 1, vc, ttl: 5 });
    assert_eq!(node.bindings(), (0, 1));
    node.handle_message(1, Message::Withdraw { id: 8, reason: Reason::NoRoute }).unwrap();
    node.handle_message(2, Message::Withdraw { id: 9, reason: Reason::NoRoute }).unwrap();
    assert_eq!(sent(&mut node), []);
    node.handle_message(1, Message::Withdraw { id: 9, reason: Reason::NoRoute }).unwrap();
    let withdrawn: Vec<_> = messages
        .iter()
        .map(|&(to, message)| (to, numbered(Message::Withdraw { id: 0, reason: Reason::NoRoute }, id_of(message))))
        .collect();
    assert_eq!((sent(&mut node), node.base().len(), node.tags_in_use(0)), (withdrawn, 0, 0));
    assert_eq!(node.impose(destination(), 9), Imposition::Untagged { interface: 1, ttl: 8 });
}

fn id_of(message: Message) -> u32 {
    match message {
        Message::Advertise { id, .. } => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn downstream_allocation_stops_at_the_hop_limit() {
    let mut node = node(Allocation::Downstream, |config| config.max_hops = 5);
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    node.handle_message(2, advertise(1, 40, 4)).unwrap();
    assert_eq!(sent(&mut node).len(), 2);
    node.handle_message(2, advertise(1, 40, 5)).unwrap();
    assert!(sent(&mut node).iter().all(|(_, message)| matches!(message, Message::Withdraw { reason: Reason::HopLimit, .. })));
    assert_eq!((node.base().len(), node.tags_in_use(0)), (0, 0));
    node.handle_message(2, advertise(1, 40, 4)).unwrap();
    assert_eq!((sent(&mut node).len(), node.base().len()), (2, 2));
}

#[test]
fn an_advertisement_that_found_no_tag_is_made_on_retry() {
    let mut node = node(Allocation::Downstream, |_| {});
    let of = |n: u8| Prefix::new(IpAddr::from([n, 0, 0, 0]), 8).unwrap();
    (1..=6).for_each(|n| node.set_route(of(n), NextHop::Local).unwrap());
    assert_eq!((sent(&mut node).len(), node.tags_in_use(0)), (15, 5));
    node.remove_route(of(2)).unwrap();
    assert_eq!(sent(&mut node).len(), 3);
    node.retry().unwrap();
    let messages = sent(&mut node);
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|(_, message)| matches!(message, Message::Advertise { prefix, .. } if *prefix == of(6))));
}

#[test]
fn a_full_base_takes_no_tags_away() {
    let mut node = node(Allocation::Downstream, |config| config.bindings = 1);
    node.set_route(prefix(), NextHop::Local).unwrap();
    assert_eq!((sent(&mut node).len(), node.base().len()), (1, 1));
    assert_eq!([0, 1, 2].map(|link| node.tags_in_use(link)), [1, 0, 0]);
}

#[test]
fn packets_are_tagged_by_longest_match_with_the_ttl_of_the_far_end() {
    let mut node = node(DEMAND, |config| config.edge = true);
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    let id = expect(&mut node, 2, request(0, 1));
    node.handle_message(2, advertise(id, 44, 3)).unwrap();
    let vc = Vc::new(Vpi::ZERO, tag(44).vci());
    assert_eq!(node.impose(destination(), 4), Imposition::Tagged { interface: 2, vc, ttl: 1 });
    // Too little for the whole way, enough for one hop.
    assert_eq!(node.impose(destination(), 3), Imposition::Untagged { interface: 2, ttl: 2 });
    assert_eq!(node.impose(destination(), 2), Imposition::Untagged { interface: 2, ttl: 1 });
    assert_eq!([1, 0].map(|ttl| node.impose(destination(), ttl)), [Imposition::Expired; 2]);
    node.handle_message(2, advertise(id, 44, 255)).unwrap();
    assert_eq!(node.impose(destination(), 255), Imposition::Untagged { interface: 2, ttl: 254 });
    node.handle_message(2, advertise(id, 44, 0)).unwrap();
    assert_eq!(node.impose(destination(), 2), Imposition::Tagged { interface: 2, vc, ttl: 1 });
    let longer = Prefix::containing(destination(), 24).unwrap();
    node.set_route(longer, NextHop::Local).unwrap();
    assert_eq!(node.impose(destination(), 0), Imposition::Local);
    assert_eq!(node.impose("11.0.0.1".parse().unwrap(), 9), Imposition::NoRoute);
    assert_eq!(node.impose("::1".parse().unwrap(), 9), Imposition::NoRoute);
    assert_eq!(node.routes().len(), 2);
    // A node that is no edge has tags for others' packets only, even where it merges them.
    let mut core = self::node(DEMAND, |config| config.merge = true);
    core.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    core.handle_message(0, request(1, 1)).unwrap();
    let id = expect(&mut core, 2, request(0, 2));
    core.handle_message(2, advertise(id, 44, 1)).unwrap();
    assert_eq!(core.impose(destination(), 9), Imposition::Untagged { interface: 2, ttl: 8 });
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let new = |config| TagSwitch::new(config, &[]).map(|_| ());
    let value = |field| Err(Error::Value { field, offset: 0, found: 0, needed: 1 });
    assert_eq!(new(Config { max_hops: 0, ..Config::default() }), value(Field::TagRoute));
    assert_eq!(new(Config { allocation: Allocation::Downstream, ..Config::default() }), value(Field::TagBase));
    assert_eq!(new(Config { allocation: Allocation::Downstream, merge: true, max_hops: 1, ..Config::default() }), Ok(()));
    let interface = TagInterface { first: tag(41), last: tag(40), ..TagInterface::default() };
    assert!(TagSwitch::new(Config::default(), &[interface]).is_err());
}

#[test]
fn messages_that_are_wrong_change_nothing() {
    let unsupported = |found| Err(Error::Unsupported { field: Field::TagNeighbor, offset: 0, found });
    let accept = Message::Accept { id: 1, hops: HopCount(1) };
    let release = Message::Release { id: 1 };
    let mut of = [Allocation::Downstream, DEMAND, Allocation::Upstream].map(|allocation| node(allocation, |_| {}));
    assert_eq!(of[0].handle_message(0, request(1, 1)), unsupported(0));
    assert_eq!(of[0].handle_message(0, accept), unsupported(2));
    assert_eq!(of[0].handle_message(0, release), unsupported(4));
    assert_eq!(of[1].handle_message(0, accept), unsupported(2));
    assert_eq!(of[2].handle_message(0, request(1, 1)), unsupported(0));
    for node in &mut of {
        assert_eq!(node.handle_message(3, release), Err(Error::NotFound { field: Field::TagNeighbor, found: 3 }));
        let late = Err(Error::DoesNotFit { field: Field::Tag, found: 45, needed: 44 });
        assert_eq!(node.handle_message(0, advertise(1, 45, 1)), late);
        let early = Err(Error::Reserved { field: Field::Tag, found: 39, needed: 40 });
        assert_eq!(node.handle_message(0, advertise(1, 39, 1)), early);
        assert_eq!((node.bindings(), sent(node)), ((0, 0), vec![]));
    }
    let [_, mut node, _] = of;
    node.handle_message(0, request(1, 1)).unwrap();
    assert_eq!(node.handle_message(0, request(1, 1)), Err(Error::Conflict { field: Field::TagNeighbor, found: 1 }));
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    let id = expect(&mut node, 2, request(0, 2));
    let other = Prefix::containing(destination(), 9).unwrap();
    let message = Message::Advertise { id, prefix: other, tag: tag(40), hops: HopCount(1) };
    assert_eq!(node.handle_message(2, message), Err(Error::Conflict { field: Field::Prefix, found: 9 }));
    // Another link's binding of the same number is another binding.
    node.handle_message(1, advertise(id, 40, 1)).unwrap();
    node.handle_message(1, Message::Withdraw { id, reason: Reason::NoRoute }).unwrap();
    node.handle_message(1, Message::Release { id: 1 }).unwrap();
    assert_eq!((sent(&mut node), node.bindings()), (vec![], (1, 1)));
    let missing = |found| Err(Error::NotFound { field: Field::TagNeighbor, found });
    assert_eq!(node.set_route(prefix(), NextHop::Neighbor(3)), missing(3));
    assert_eq!((node.neighbor_down(3), node.neighbor_up(4)), (missing(3), missing(4)));
    assert_eq!(node.remove_route(other), Err(Error::NotFound { field: Field::TagRoute, found: 9 }));
    assert_eq!(node.tags_in_use(9), 0);
}

#[test]
fn input_is_refused_while_too_many_messages_wait_and_routes_while_too_many_are_there() {
    let mut node = node(DEMAND, |config| (config.messages, config.routes) = (1, 1));
    let full = Err(Error::TableFull { field: Field::TagNeighbor, limit: 1 });
    node.set_route(prefix(), NextHop::Local).unwrap();
    node.handle_message(0, request(1, 1)).unwrap();
    assert_eq!(node.handle_message(0, request(2, 1)), full);
    assert_eq!(node.set_route(prefix(), NextHop::Neighbor(1)), full);
    assert_eq!((node.remove_route(prefix()), node.retry(), node.neighbor_up(0)), (full, full, full));
    assert_eq!((node.routes().exact(prefix()).copied(), sent(&mut node).len()), (Some(NextHop::Local), 1));
    node.handle_message(0, request(2, 1)).unwrap();
    // A lost neighbour is always heard of, and its messages are gone.
    node.neighbor_down(0).unwrap();
    assert_eq!((sent(&mut node), node.bindings()), (vec![], (0, 0)));
    let other = Prefix::containing(destination(), 9).unwrap();
    assert_eq!(node.set_route(other, NextHop::Local), Err(Error::TableFull { field: Field::TagRoute, limit: 1 }));
    assert_eq!(node.set_route(prefix(), NextHop::Neighbor(1)), Ok(()));
}

#[test]
fn a_route_to_a_lost_neighbour_leads_nowhere_until_it_is_back() {
    let mut node = node(DEMAND, |config| config.edge = true);
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    let id = expect(&mut node, 2, request(0, 1));
    node.handle_message(0, request(1, 1)).unwrap();
    let through = expect(&mut node, 2, request(0, 2));
    node.handle_message(2, advertise(id, 44, 3)).unwrap();
    node.handle_message(2, advertise(through, 43, 3)).unwrap();
    sent(&mut node);
    node.neighbor_down(2).unwrap();
    assert_eq!(sent(&mut node), [(0, Message::Withdraw { id: 1, reason: Reason::NoRoute })]);
    assert_eq!((node.impose(destination(), 9), node.base().len()), (Imposition::Untagged { interface: 2, ttl: 8 }, 0));
    node.neighbor_up(2).unwrap();
    expect(&mut node, 2, request(0, 1));
    node.neighbor_up(2).unwrap();
    assert_eq!(sent(&mut node), []);
}

#[test]
fn what_a_lost_neighbour_advertised_is_forgotten() {
    let mut node = node(Allocation::Downstream, |config| config.edge = true);
    node.set_route(prefix(), NextHop::Neighbor(2)).unwrap();
    node.handle_message(2, advertise(1, 40, 1)).unwrap();
    node.handle_message(1, advertise(1, 40, 1)).unwrap();
    node.neighbor_down(2).unwrap();
    assert_eq!(node.bindings(), (0, 1));
    node.neighbor_up(2).unwrap();
    assert_eq!(node.impose(destination(), 9), Imposition::Untagged { interface: 2, ttl: 8 });
}
