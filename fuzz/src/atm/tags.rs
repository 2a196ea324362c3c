use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use atm_cell::cell::Header;
use atm_cell::tag::{Allocation, Config, Forwarding, Imposition, Message, NextHop, Prefix, Tag, TagInterface, TagSwitch};
use atm_cell::{Vc, Vpi};

use super::Input;

/// Nodes, each with a link to each other one.
const NODES: u8 = 4;
/// Messages after which there should be no more.
const PATIENCE: usize = 20_000;

/// The interface of a node to another one, and back.
fn interface(node: u8, to: u8) -> u16 {
    u16::from(if to > node { to - 1 } else { to })
}

fn neighbor(node: u8, interface: u16) -> u8 {
    let to = interface as u8;
    if to >= node { to + 1 } else { to }
}

fn prefix(number: u8) -> Prefix {
    Prefix::new(IpAddr::V4(Ipv4Addr::new(10, number, 0, 0)), 16).expect("no bits behind it")
}

type Queues = BTreeMap<(u8, u16), VecDeque<Message>>;

/// Routes come, go and move in any order, among them those that loop; messages are late, and neighbours come and go. At the end no tag
/// leads in a circle or to nobody.
pub(super) fn network(data: &[u8]) {
    let mut input = Input(data);
    let mode = input.octet();
    let (allocation, merge) = match mode % 5 {
        0 => (Allocation::Downstream, true),
        1 => (Allocation::DownstreamOnDemand, false),
        2 => (Allocation::DownstreamOnDemand, true),
        3 => (Allocation::Upstream, false),
        _ => (Allocation::Upstream, true),
    };
    let last = Tag::new(if mode & 0x80 == 0 { 40 } else { 34 }).expect("over 32");
    let max_hops = (mode >> 4 & 7) + 1;
    let config = Config { allocation, merge, max_hops, routes: 8, bindings: 24, messages: 1000, ..Config::default() };
    let interfaces = [TagInterface { last, ..TagInterface::default() }; NODES as usize - 1];
    let mut nodes: Vec<TagSwitch> = (0..NODES).map(|_| TagSwitch::new(config, &interfaces).expect("it can be")).collect();
    let mut queues = Queues::new();
    while !input.is_empty() {
        let (what, arg) = (input.octet(), input.octet());
        let (node, other) = (what >> 3 & 3, arg & 3);
        let of = prefix(arg >> 2 & 1);
        match what & 7 {
            0..=2 => {
                let next = if other == node { NextHop::Local } else { NextHop::Neighbor(interface(node, other)) };
                let _ = nodes[usize::from(node)].set_route(of, next);
            }
            3 => {
                let _ = nodes[usize::from(node)].remove_route(of);
            }
            4 if other != node => {
                for (one, other) in [(node, other), (other, node)] {
                    let at = interface(one, other);
                    nodes[usize::from(one)].neighbor_down(at).expect("it is there");
                    queues.remove(&(one, at));
                }
                for (one, other) in [(node, other), (other, node)] {
                    // What was said to the other side before is lost.
                    collect(&mut nodes, &mut queues);
                    queues.remove(&(one, interface(one, other)));
                }
                if arg & 0x80 == 0 {
                    for (one, other) in [(node, other), (other, node)] {
                        nodes[usize::from(one)].neighbor_up(interface(one, other)).expect("there is room");
                    }
                }
            }
            _ => {
                for _ in 0..arg & 7 {
                    deliver(&mut nodes, &mut queues, usize::from(arg >> 3));
                }
            }
        }
    }
    assert!((0..PATIENCE).any(|turn| !deliver(&mut nodes, &mut queues, turn)), "messages never end");
    for ingress in 0..NODES {
        for (at, tag, _) in nodes[usize::from(ingress)].base().iter() {
            walk(&nodes, ingress, at, tag, max_hops);
        }
        for number in 0..2 {
            let destination = IpAddr::V4(Ipv4Addr::new(10, number, 9, 9));
            for ttl in [0, 1, 2, 64] {
                match nodes[usize::from(ingress)].impose(destination, ttl) {
                    Imposition::Tagged { interface: out, vc, ttl: left } => {
                        assert!(left < ttl);
                        let next = neighbor(ingress, out);
                        let tag = Tag::new(vc.vci.get()).expect("a tag");
                        let hops = walk(&nodes, next, interface(next, ingress), tag, max_hops);
                        assert!(ttl - left >= hops);
                    }
                    Imposition::Untagged { ttl: left, .. } => assert_eq!(left + 1, ttl),
                    Imposition::Expired => assert!(ttl < 2),
                    Imposition::Local | Imposition::NoRoute => {}
                }
            }
        }
        assert!(nodes[usize::from(ingress)].base().len() <= 24);
        let (up, down) = nodes[usize::from(ingress)].bindings();
        assert!(up <= 24 && down <= 48);
    }
}

/// Follows cells with a tag to where tags end: how many hops that is.
fn walk(nodes: &[TagSwitch], mut node: u8, mut at: u16, mut tag: Tag, max_hops: u8) -> u8 {
    for hops in 1..=max_hops {
        let format = nodes[usize::from(node)].base().interface(at).expect("it is there").format;
        let header = Header::new(format, Vc::new(Vpi::ZERO, tag.vci()));
        match nodes[usize::from(node)].forward(at, &header) {
            Forwarding::Untag => return hops,
            Forwarding::Swap([sub]) => {
                assert_ne!(sub.interface, at, "it goes back where it came from");
                let next = neighbor(node, sub.interface);
                (node, at, tag) = (next, interface(next, node), sub.tag);
            }
            other => panic!("{other:?} at node {node} interface {at} tag {tag}"),
        }
    }
    panic!("a loop");
}

fn collect(nodes: &mut [TagSwitch], queues: &mut Queues) {
    for (node, tags) in (0..).zip(nodes) {
        while let Some((out, message)) = tags.poll_message() {
            let to = neighbor(node, out);
            queues.entry((to, interface(to, node))).or_default().push_back(message);
        }
    }
}

/// One message of any queue; whether there was one.
fn deliver(nodes: &mut [TagSwitch], queues: &mut Queues, choice: usize) -> bool {
    collect(nodes, queues);
    queues.retain(|_, queue| !queue.is_empty());
    if queues.is_empty() {
        return false;
    }
    let choice = choice % queues.len();
    let (&(node, at), queue) = queues.iter_mut().nth(choice).expect("it is in range");
    let message = queue.pop_front().expect("it is not empty");
    let _ = nodes[usize::from(node)].handle_message(at, message);
    true
}
