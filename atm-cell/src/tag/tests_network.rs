//! Whole networks of tag switches, in each mode of allocation.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::cell::{Header, Interface, Vpi};

/// Messages that a network may exchange after one change; more of them would never end.
const PATIENCE: usize = 200_000;

const MODES: [(Allocation, bool); 5] = [
    (Allocation::Downstream, true),
    (Allocation::DownstreamOnDemand, false),
    (Allocation::DownstreamOnDemand, true),
    (Allocation::Upstream, false),
    (Allocation::Upstream, true),
];

struct Network {
    nodes: Vec<TagSwitch>,
    edges: Vec<bool>,
    /// The other end of an interface.
    peers: BTreeMap<(usize, u16), (usize, u16)>,
    /// Messages under way to an interface.
    queues: BTreeMap<(usize, u16), VecDeque<Message>>,
    /// Links in use by the routes.
    links: BTreeSet<(usize, usize)>,
    random: u64,
}

impl Network {
    fn new(config: Config, edges: &[bool], links: &[(usize, usize)]) -> Self {
        let mut interfaces = vec![Vec::new(); edges.len()];
        let mut peers = BTreeMap::new();
        for (path, &(one, other)) in (1..).zip(links) {
            let format = if path % 2 == 0 { Interface::Uni } else { Interface::Nni };
            let of = TagInterface { format, vpi: Vpi::new(path).unwrap(), ..TagInterface::default() };
            let ends = [one, other].map(|node: usize| (node, interfaces[node].len() as u16));
            peers.insert(ends[0], ends[1]);
            peers.insert(ends[1], ends[0]);
            interfaces[one].push(of);
            interfaces[other].push(of);
        }
        let node = |(of, &edge): (&Vec<TagInterface>, &bool)| TagSwitch::new(Config { edge, ..config }, of).unwrap();
        Self {
            nodes: interfaces.iter().zip(edges).map(node).collect(),
            edges: edges.to_vec(),
            peers,
            queues: BTreeMap::new(),
            links: links.iter().copied().collect(),
            random: 1,
        }
    }

    fn random(&mut self, below: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % below
    }

    /// Where the nodes should send packets for a destination behind `egress`: breadth first over the links in use.
    fn next_hops(&self, egress: usize) -> Vec<Option<NextHop>> {
        let mut next = vec![None; self.nodes.len()];
        next[egress] = Some(NextHop::Local);
        let mut queue = VecDeque::from([egress]);
        while let Some(node) = queue.pop_front() {
            for (&(from, interface), &(to, _)) in &self.peers {
                let used = self.links.contains(&(from, to)) || self.links.contains(&(to, from));
                if to == node && used && next[from].is_none() {
                    next[from] = Some(NextHop::Neighbor(interface));
                    queue.push_back(from);
                }
            }
        }
        next
    }

    /// All the routes that should be.
    fn wanted(&self) -> Vec<(usize, Prefix, Option<NextHop>)> {
        let egresses = (0..self.nodes.len()).filter(|&node| self.edges[node]);
        egresses
            .flat_map(|egress| {
                let next_hops = self.next_hops(egress);
                prefixes(egress).into_iter().flat_map(move |prefix| {
                    next_hops.clone().into_iter().enumerate().map(move |(node, next)| (node, prefix, next))
                })
            })
            .collect()
    }

    /// Brings all routes up to date, node by node in any order, while some messages are delivered.
    fn reroute(&mut self) {
        let mut changes = self.wanted();
        while !changes.is_empty() {
            let at = self.random(changes.len());
            let (node, prefix, next) = changes.swap_remove(at);
            match next {
                Some(next) if self.nodes[node].routes().exact(prefix) != Some(&next) => {
                    self.nodes[node].set_route(prefix, next).unwrap();
                }
                None if self.nodes[node].routes().exact(prefix).is_some() => self.nodes[node].remove_route(prefix).unwrap(),
                _ => {}
            }
            for _ in 0..self.random(4) {
                self.deliver_one();
            }
        }
    }

    fn deliver_one(&mut self) -> bool {
        for (at, node) in self.nodes.iter_mut().enumerate() {
            while let Some((interface, message)) = node.poll_message() {
                self.queues.entry(self.peers[&(at, interface)]).or_default().push_back(message);
            }
        }
        self.queues.retain(|_, queue| !queue.is_empty());
        if self.queues.is_empty() {
            return false;
        }
        let at = self.random(self.queues.len());
        let (&(node, interface), queue) = self.queues.iter_mut().nth(at).unwrap();
        let message = queue.pop_front().unwrap();
        self.nodes[node].handle_message(interface, message).unwrap();
        true
    }

    fn settle(&mut self) {
        for _ in 0..2 {
            assert!((0..PATIENCE).any(|_| !self.deliver_one()), "messages never end");
            self.nodes.iter_mut().for_each(|node| node.retry().unwrap());
        }
        assert!((0..PATIENCE).any(|_| !self.deliver_one()), "messages never end");
    }

    /// Tags a packet and follows its cell: the node where the tags end, the hops, and the TTL; `None` where it goes untagged.
    fn walk(&self, ingress: usize, destination: IpAddr, ttl: u8) -> Option<(usize, u8, u8)> {
        let Imposition::Tagged { interface, vc, ttl } = self.nodes[ingress].impose(destination, ttl) else { return None };
        let format = self.nodes[ingress].base().interface(interface).unwrap().format;
        let mut header = Header::new(format, vc);
        let (mut node, mut at) = self.peers[&(ingress, interface)];
        for hops in 1..=self.nodes.len() as u8 {
            // Through octets, as the link would have it.
            let format = self.nodes[node].base().interface(at).unwrap().format;
            header = Header::from_word(header.to_word().unwrap(), format);
            match self.nodes[node].forward(at, &header) {
                Forwarding::Untag => return Some((node, hops, ttl)),
                Forwarding::Swap(&[sub_entry]) => {
                    header = self.nodes[node].base().swap(sub_entry, &header);
                    (node, at) = self.peers[&(node, sub_entry.interface)];
                }
                other => panic!("{other:?} at node {node}"),
            }
        }
        panic!("a loop from {ingress} to {destination}");
    }

    /// Every packet from every edge gets to its egress by tags alone where there is a way, and the tables have nothing else.
    fn check(&self, merge: bool) {
        let edges: Vec<usize> = (0..self.nodes.len()).filter(|&node| self.edges[node]).collect();
        let mut used = BTreeSet::new();
        for &egress in &edges {
            let next_hops = self.next_hops(egress);
            for (destination, &ingress) in addresses(egress).iter().flat_map(|of| edges.iter().map(move |node| (*of, node))) {
                let found = self.walk(ingress, destination, 64);
                match next_hops[ingress] {
                    None => assert_eq!(self.nodes[ingress].impose(destination, 64), Imposition::NoRoute),
                    Some(NextHop::Local) => assert_eq!(self.nodes[ingress].impose(destination, 64), Imposition::Local),
                    Some(NextHop::Neighbor(_)) => {
                        let distance = self.distance(ingress, &next_hops);
                        assert_eq!(found, Some((egress, distance, 64 - distance)), "{ingress} to {egress}");
                        used.extend(self.entries(ingress, destination));
                    }
                }
            }
        }
        for (at, node) in self.nodes.iter().enumerate() {
            let entries: BTreeSet<_> = node.base().iter().map(|(interface, tag, _)| (at, interface, tag)).collect();
            // In downstream allocation neighbours that have no packets for a route get a tag for it all the same.
            if node.config.allocation == Allocation::Downstream {
                assert!(entries.is_superset(&used.iter().copied().filter(|entry| entry.0 == at).collect()));
            } else {
                assert_eq!(entries, used.iter().copied().filter(|entry| entry.0 == at).collect(), "stale entries at {at}");
            }
            let mut out = BTreeSet::new();
            for sub in node.base().iter().flat_map(|(_, _, subs)| subs) {
                assert!(out.insert((sub.interface, sub.tag)) || merge, "frames would interleave at {at}");
            }
            let (up, down) = node.bindings();
            if node.config.allocation != Allocation::Downstream {
                assert_eq!(up, entries.len());
                assert!(down <= self.nodes.len() * self.nodes.len() * 2);
            }
        }
    }

    fn distance(&self, from: usize, next_hops: &[Option<NextHop>]) -> u8 {
        let (mut node, mut distance) = (from, 0);
        while let Some(NextHop::Neighbor(interface)) = next_hops[node] {
            node = self.peers[&(node, interface)].0;
            distance += 1;
        }
        distance
    }

    /// The entries that a packet's cell meets.
    fn entries(&self, ingress: usize, destination: IpAddr) -> Vec<(usize, u16, Tag)> {
        let Imposition::Tagged { interface, vc, .. } = self.nodes[ingress].impose(destination, 64) else { return vec![] };
        let (mut link, mut tag) = (self.peers[&(ingress, interface)], Tag::new(vc.vci.get()).unwrap());
        let mut entries = vec![(link.0, link.1, tag)];
        while let Some(&[sub]) = self.nodes[link.0].base().lookup(link.1, tag) {
            (link, tag) = (self.peers[&(link.0, sub.interface)], sub.tag);
            entries.push((link.0, link.1, tag));
        }
        entries
    }

    fn remove_all_routes(&mut self) {
        self.links.clear();
        for (node, prefix, _) in self.wanted() {
            if self.nodes[node].routes().exact(prefix).is_some() {
                self.nodes[node].remove_route(prefix).unwrap();
            }
            self.deliver_one();
        }
        self.settle();
    }

    fn check_empty(&self) {
        for node in &self.nodes {
            assert!(node.base().is_empty() && node.routes().is_empty() && node.flows.is_empty());
            assert_eq!(node.bindings(), (0, 0));
            assert!((0..20).all(|interface| node.tags_in_use(interface) == 0));
        }
    }
}

fn addresses(node: usize) -> [IpAddr; 2] {
    let n = node as u16;
    [IpAddr::V4(Ipv4Addr::new(10, n as u8, 200, 7)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, n, 0, 0, 0, 0, 1))]
}

fn prefixes(node: usize) -> [Prefix; 2] {
    let [v4, v6] = addresses(node);
    [Prefix::containing(v4, 16).unwrap(), Prefix::containing(v6, 48).unwrap()]
}

/// Three edge routers around four switches in a square with a diagonal.
fn square((allocation, merge): (Allocation, bool)) -> Network {
    let edges = [true, true, true, false, false, false, false];
    let links = [(0, 3), (1, 5), (2, 6), (3, 4), (4, 5), (5, 6), (6, 3), (4, 6)];
    Network::new(Config { allocation, merge, ..Config::default() }, &edges, &links)
}

#[test]
fn routes_build_the_tables_of_a_whole_topology() {
    for mode in MODES {
        let mut network = square(mode);
        network.reroute();
        network.settle();
        network.check(mode.1);
        // Edge 0 to edge 1: 3, then 4 or 6, then 5.
        assert_eq!(network.walk(0, addresses(1)[0], 10), Some((1, 4, 6)));
    }
}

#[test]
fn after_a_route_change_tags_follow_and_nothing_stale_is_left() {
    for mode in MODES {
        let mut network = square(mode);
        network.reroute();
        network.settle();
        for (gone, distance) in [((6, 3), 4), ((4, 5), 5)] {
            network.links.remove(&gone);
            network.reroute();
            network.settle();
            network.check(mode.1);
            assert_eq!(network.walk(0, addresses(1)[1], 255), Some((1, distance, 255 - distance)));
        }
        network.links.insert((6, 3));
        network.reroute();
        network.settle();
        network.check(mode.1);
        network.remove_all_routes();
        network.nodes.iter_mut().enumerate().for_each(|(node, of)| {
            let _ = (0..3).flat_map(prefixes).filter(|&prefix| of.remove_route(prefix).is_ok()).count();
            assert!(of.routes().is_empty(), "{node}");
        });
        network.settle();
        network.check_empty();
    }
}

#[test]
fn upstream_switches_keep_their_tags_when_a_route_moves_further_down() {
    for mode in [(Allocation::DownstreamOnDemand, false), (Allocation::Upstream, false)] {
        let mut network = square(mode);
        network.reroute();
        network.settle();
        let before = network.entries(0, addresses(1)[0]);
        // The second hop's way on moves: 3 -> 4 -> 5 or 3 -> 6 -> 5 gets a link longer behind 3's next hop.
        let second = before[1].0;
        network.links.remove(&if second == 4 { (4, 5) } else { (5, 6) });
        for (node, prefix, next) in network.wanted() {
            if node == second
                && let Some(next) = next
            {
                network.nodes[node].set_route(prefix, next).unwrap();
            }
        }
        network.settle();
        let after = network.entries(0, addresses(1)[0]);
        assert_eq!(after[..2], before[..2]);
        assert_eq!(network.walk(0, addresses(1)[0], 64), Some((1, 5, 59)));
    }
}

#[test]
fn a_lost_neighbour_takes_its_bindings_with_it_and_brings_them_back() {
    for mode in MODES {
        let mut network = square(mode);
        network.reroute();
        network.settle();
        let ends = [(3_usize, 4_usize), (4, 3)]
            .map(|(from, to)| *network.peers.iter().find(|&(&(node, _), &(peer, _))| (node, peer) == (from, to)).unwrap().0);
        let all_up: Vec<_> = (0..3).map(|node| network.walk(0, addresses(node)[0], 64)).collect();
        for (node, interface) in ends {
            network.nodes[node].neighbor_down(interface).unwrap();
            network.queues.remove(&(node, interface));
            assert_eq!(network.nodes[node].tags_in_use(interface), 0);
            let bound =
                |(on, _, subs): (u16, Tag, &[SubEntry<Vpi>])| on == interface || subs.iter().any(|s| s.interface == interface);
            assert!(!network.nodes[node].base().iter().any(bound));
            let error = Err(Error::NotFound { field: Field::TagNeighbor, found: interface.into() });
            assert_eq!(network.nodes[node].handle_message(interface, Message::Release { id: 1 }), error);
        }
        network.settle();
        for (ingress, destination) in (0..3).flat_map(|i| (0..3).map(move |e| (i, e))) {
            // Whatever is tagged gets somewhere.
            network.walk(ingress, addresses(destination)[0], 64);
        }
        for (node, interface) in ends {
            network.nodes[node].neighbor_up(interface).unwrap();
        }
        network.settle();
        network.check(mode.1);
        assert_eq!((0..3).map(|node| network.walk(0, addresses(node)[0], 64)).collect::<Vec<_>>(), all_up);
    }
}

#[test]
fn bindings_of_routes_that_loop_come_to_an_end() {
    for (allocation, merge) in MODES {
        let links = [(0, 1), (1, 2), (2, 3), (3, 1)];
        let config = Config { allocation, merge, max_hops: 9, ..Config::default() };
        let mut network = Network::new(config, &[true, false, false, false], &links);
        let to = |network: &Network, from: usize, to: usize| {
            let of = |entry: &(&(usize, u16), &(usize, u16))| (entry.0.0, entry.1.0) == (from, to);
            NextHop::Neighbor(network.peers.iter().find(of).unwrap().0.1)
        };
        let prefix = prefixes(9)[0];
        // First a way that ends at 3, then 3 sends it back to 1.
        for (node, next) in [(0, 1), (1, 2), (2, 3)] {
            let next = to(&network, node, next);
            network.nodes[node].set_route(prefix, next).unwrap();
        }
        network.nodes[3].set_route(prefix, NextHop::Local).unwrap();
        network.settle();
        assert_eq!(network.walk(0, addresses(9)[0], 64), Some((3, 3, 61)));
        let back = to(&network, 3, 1);
        network.nodes[3].set_route(prefix, back).unwrap();
        network.settle();
        assert_eq!(network.walk(0, addresses(9)[0], 64), None);
        assert!(network.nodes.iter().all(|node| node.base().is_empty()), "{allocation:?} {merge}");
        network.nodes[3].set_route(prefix, NextHop::Local).unwrap();
        network.settle();
        assert_eq!(network.walk(0, addresses(9)[0], 64), Some((3, 3, 61)));
        for node in &mut network.nodes {
            node.remove_route(prefix).unwrap();
        }
        network.settle();
        network.check_empty();
    }
}

#[test]
fn messages_about_routes_that_loop_end_where_every_node_is_an_edge() {
    let links = [(0, 1), (1, 2), (2, 0), (2, 3)];
    for ((allocation, merge), max_hops) in MODES.into_iter().flat_map(|mode| (1..7).map(move |hops| (mode, hops))) {
        for random in 0..20 {
            let config = Config { allocation, merge, max_hops, ..Config::default() };
            let mut network = Network::new(config, &[true; 4], &links);
            network.random = random;
            let prefix = prefixes(9)[0];
            // In a ring, one after the other while messages are under way, and then the way out of it.
            for (node, next) in [(0, 1), (1, 2), (3, 2), (2, 0), (0, 2), (0, 1)] {
                let of = |entry: &(&(usize, u16), &(usize, u16))| (entry.0.0, entry.1.0) == (node, next);
                let interface = network.peers.iter().find(of).unwrap().0.1;
                network.nodes[node].set_route(prefix, NextHop::Neighbor(interface)).unwrap();
                for _ in 0..network.random(6) {
                    network.deliver_one();
                }
            }
            network.settle();
            assert!(network.nodes.iter().all(|node| node.base().is_empty()));
            network.nodes[2].set_route(prefix, NextHop::Local).unwrap();
            network.settle();
            assert_eq!(network.walk(3, addresses(9)[0], 64), Some((2, 1, 63)));
        }
    }
}

#[test]
fn the_tables_of_switches_that_do_not_merge_can_be_programmed_into_cell_switches() {
    use crate::switch::{Leaf, Outcome, Port, PortConfig, Slot, Switch};
    for mode in [(Allocation::DownstreamOnDemand, false), (Allocation::Upstream, false)] {
        let mut network = square(mode);
        network.reroute();
        network.settle();
        let mut switches: Vec<_> = network
            .nodes
            .iter()
            .map(|node| {
                let ports: Vec<_> = (0..)
                    .map_while(|at| node.base().interface(at))
                    .map(|of| Port::new(PortConfig { interface: of.format, ..PortConfig::default() }).unwrap())
                    .collect();
                let mut switch = Switch::new(ports, vec![Slot::EMPTY; 512], vec![Leaf::EMPTY; 0]);
                node.base().program(&mut switch).unwrap();
                switch
            })
            .collect();
        for (ingress, egress) in [(0, 1), (1, 0), (0, 2), (2, 1), (1, 2), (2, 0)] {
            let destination = addresses(egress)[0];
            let Imposition::Tagged { interface, vc, .. } = network.nodes[ingress].impose(destination, 64) else { panic!() };
            let format = network.nodes[ingress].base().interface(interface).unwrap().format;
            let mut cell = Header::new(format, vc).with_payload(&[9; 48]).unwrap();
            let (mut node, mut at) = network.peers[&(ingress, interface)];
            while let Outcome::Forward { port } = switches[node].switch_cell(at, &mut cell) {
                (node, at) = network.peers[&(node, port)];
            }
            let format = network.nodes[node].base().interface(at).unwrap().format;
            let header = crate::cell::View::parse(&cell, format).unwrap().header();
            assert_eq!((node, network.nodes[node].forward(at, &header)), (egress, Forwarding::Untag));
        }
    }
    // With tags merged a cell switch would interleave frames: node 5 sends what comes from 4 and 6 to 1.
    let mut network = square((Allocation::Downstream, true));
    network.reroute();
    network.settle();
    let refused = network.nodes.iter().filter(|node| {
        let ports = vec![Port::new(PortConfig { interface: Interface::Nni, ..PortConfig::default() }).unwrap(); 5];
        let mut switch = Switch::new(ports, vec![Slot::EMPTY; 512], vec![Leaf::EMPTY; 0]);
        let result = node.base().program(&mut switch);
        assert_eq!(result.is_err(), switch.usage().0 == 0 && !node.base().iter().all(|(_, _, subs)| subs.is_empty()));
        matches!(result, Err(Error::Conflict { .. }))
    });
    assert!(refused.count() >= 2);
}

fn any_network() -> impl Strategy<Value = (Vec<bool>, Vec<(usize, usize)>)> {
    (3..8_usize).prop_flat_map(|nodes| {
        let tree: Vec<_> = (1..nodes).map(|node| (0..node).prop_map(move |parent| (parent, node))).collect();
        let more = proptest::collection::btree_set((0..nodes, 0..nodes), 0..6);
        (proptest::collection::vec(any::<bool>(), nodes), tree, more).prop_map(|(mut edges, tree, more)| {
            edges[0] = true;
            let mut links: BTreeSet<_> = tree.into_iter().collect();
            links.extend(more.into_iter().filter(|(one, other)| one < other));
            (edges, links.into_iter().collect())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_network_settles_after_any_changes(
        (edges, links) in any_network(), mode in proptest::sample::select(&MODES[..]), max_hops in 8..20_u8,
        changes in proptest::collection::vec(any::<prop::sample::Index>(), 1..6), random in any::<u64>(),
    ) {
        let config = Config { allocation: mode.0, merge: mode.1, max_hops, ..Config::default() };
        let mut network = Network::new(config, &edges, &links);
        network.random = random;
        network.reroute();
        for change in changes {
            let link = links[change.index(links.len())];
            if !network.links.remove(&link) {
                network.links.insert(link);
            }
            network.reroute();
            if random % 3 != 0 {
                network.settle();
                network.check(mode.1);
            }
        }
        network.settle();
        network.check(mode.1);
        for (node, of) in network.nodes.iter_mut().enumerate() {
            for prefix in (0..edges.len()).flat_map(prefixes) {
                prop_assert!(of.remove_route(prefix).is_ok() || of.routes().exact(prefix).is_none(), "{}", node);
            }
        }
        network.settle();
        network.check_empty();
    }
}
