//! First match among many entries: their selectors as ranges, in [`ip_wire::first_match`].

use alloc::vec::Vec;

use ip_wire::Protocol;
use ip_wire::first_match::{FirstMatch, Region, halves, split};

use super::selectors::{AddressRange, Addresses, Numbers, Protocols, Selectors, number};
use super::{Direction, Packet};

/// Protocol, local and remote port, class, flow label, sensitivity. Values that are not there have the number behind the last.
const SMALL: usize = 6;
/// Set in a rule's number if ranges do not say all that its selectors do.
const INEXACT: u32 = 1 << 31;

/// All entries, by what a packet is.
#[derive(Debug, Clone)]
pub(super) struct Classifier {
    trees: Vec<Trees>,
    /// Entry and set of each rule, by its number.
    sets: Vec<(u32, u32)>,
}

/// The entries for packets of one direction and number of ports.
#[derive(Debug, Clone)]
struct Trees {
    v4: FirstMatch<u32, 8>,
    v6: FirstMatch<u64, 10>,
}

/// A set of selectors as the classifier is given it.
pub(super) struct Set<'a> {
    pub(super) position: u32,
    pub(super) set: u32,
    pub(super) selectors: &'a Selectors,
    pub(super) outbound: bool,
    pub(super) inbound: bool,
    pub(super) named: bool,
}

impl Classifier {
    /// `sets` in the policy's order.
    pub(super) fn new(sets: &[Set<'_>]) -> Self {
        let trees = (0..4_u8).map(|kind| {
            let (inbound, one_port) = (kind & 1 != 0, kind & 2 != 0);
            let numbered = || (0_u32..INEXACT).zip(sets);
            let order = |set: &Set<'_>| u64::from(set.position) << 32 | u64::from(set.set);
            let number = |number: u32, exact: bool| if exact { number } else { number | INEXACT };
            Trees {
                v4: FirstMatch::from_rules(numbered().filter_map(|(at, set)| {
                    let Rule { exact, addresses: [a, b], small: [c, d, e, f, g, h] } = rule(set, false, inbound, one_port)?;
                    let narrow = |(first, last): (u128, u128)| {
                        (u32::try_from(first).unwrap_or(u32::MAX), u32::try_from(last).unwrap_or(u32::MAX))
                    };
                    Some((order(set), number(at, exact), Region([narrow(a), narrow(b), c, d, e, f, g, h])))
                })),
                v6: FirstMatch::from_rules(numbered().filter_map(|(at, set)| {
                    let rule = rule(set, true, inbound, one_port)?;
                    let [(local, all), (remote, all_remote)] = rule.addresses.map(|(first, last)| halves(first, last));
                    let ([a, b], [c, d]) = (local, remote);
                    let [e, f, g, h, i, j] = rule.small.map(|(first, last)| (u64::from(first), u64::from(last)));
                    let exact = rule.exact && all && all_remote;
                    Some((order(set), number(at, exact), Region([a, b, c, d, e, f, g, h, i, j])))
                })),
            }
        });
        Self { trees: trees.collect(), sets: sets.iter().map(|set| (set.position, set.set)).collect() }
    }

    /// The place of the first entry that matches. `matches` compares all selectors of a set, where ranges did not say all.
    #[inline]
    pub(super) fn first(&self, packet: &Packet, matches: impl Fn(u32, u32) -> bool) -> Option<u32> {
        // No entry's addresses are of both versions, and so no packet's that matches one: it would match entries for any address only.
        let is_ipv6 = packet.local.is_ipv6();
        if packet.remote.is_ipv6() != is_ipv6 {
            return None;
        }
        let inbound = packet.direction == Direction::Inbound;
        let trees = self.trees.get(usize::from(inbound) | usize::from(packet.has_one_port()) << 1)?;
        let confirm = |number: u32| {
            number & INEXACT == 0 || self.set(number & !INEXACT).is_some_and(|(position, set)| matches(position, set))
        };
        let [c, d, e, f, g, h] = small(packet);
        let (local, remote) = (number(packet.local), number(packet.remote));
        let found = if is_ipv6 {
            let ([a, b], [i, j]) = (split(local), split(remote));
            let [c, d, e, f, g, h] = [c, d, e, f, g, h].map(u64::from);
            trees.v6.first(&[a, b, i, j, c, d, e, f, g, h], confirm)
        } else {
            let narrow = |address: u128| u32::try_from(address).unwrap_or(u32::MAX);
            trees.v4.first(&[narrow(local), narrow(remote), c, d, e, f, g, h], confirm)
        };
        found.and_then(|(_, number)| self.set(number & !INEXACT)).map(|(position, _)| position)
    }

    fn set(&self, number: u32) -> Option<(u32, u32)> {
        self.sets.get(usize::try_from(number).ok()?).copied()
    }
}

/// What a packet has in the fields behind the addresses.
fn small(packet: &Packet) -> [u32; SMALL] {
    let port = |port: Option<u16>| port.map_or(1 << 16, u32::from);
    [
        packet.protocol.map_or(1 << 8, |protocol| u32::from(protocol.0)),
        port(packet.local_port),
        port(packet.remote_port),
        u32::from(packet.class),
        packet.flow_label.unwrap_or(1 << 20),
        packet.sensitivity.map_or(1 << 8, u32::from),
    ]
}

/// One set of selectors of an entry, as far as ranges can say it.
struct Rule {
    /// Whether the ranges below say all: there is one of each, and no name.
    exact: bool,
    addresses: [(u128, u128); 2],
    small: [(u32, u32); SMALL],
}

/// The rule of a set for packets of that kind; none if no such packet can match.
fn rule(set: &Set<'_>, is_ipv6: bool, inbound: bool, one_port: bool) -> Option<Rule> {
    let Selectors { local, remote, protocol, local_port, remote_port, class, flow_label, sensitivity } = set.selectors;
    if !(if inbound { set.inbound } else { set.outbound }) {
        return None;
    }
    if let Protocols::Is(protocol) = protocol
        && one_port != matches!(*protocol, Protocol::ICMP | Protocol::ICMPV6 | Protocol::MOBILITY)
    {
        return None;
    }
    let mut exact = !set.named;
    let protocol = match protocol {
        Protocols::Any => (0, 1 << 8),
        Protocols::Opaque => (1 << 8, 1 << 8),
        Protocols::Is(protocol) => (u32::from(protocol.0), u32::from(protocol.0)),
    };
    let all_ports = Numbers::Any;
    // The receiver's selector says nothing where a protocol has the sender's "port" only.
    let (local_port, remote_port) = match (one_port, inbound) {
        (false, _) => (local_port, remote_port),
        (true, false) => (local_port, &all_ports),
        (true, true) => (&all_ports, remote_port),
    };
    let small = [
        protocol,
        hull(local_port, 1 << 16, &mut exact)?,
        hull(remote_port, 1 << 16, &mut exact)?,
        hull(class, 1 << 8, &mut exact)?,
        hull(flow_label, 1 << 20, &mut exact)?,
        hull(sensitivity, 1 << 8, &mut exact)?,
    ];
    let addresses = [address_hull(local, is_ipv6, &mut exact)?, address_hull(remote, is_ipv6, &mut exact)?];
    Some(Rule { exact, addresses, small })
}

/// The narrowest range that all values are in; `absent` stands for a field that is not there.
fn hull<T: Copy + Ord + Into<u32>>(numbers: &Numbers<T>, absent: u32, exact: &mut bool) -> Option<(u32, u32)> {
    match numbers {
        Numbers::Any => Some((0, absent)),
        Numbers::Opaque => Some((absent, absent)),
        Numbers::List(ranges) => {
            *exact &= ranges.len() == 1;
            let first = ranges.iter().map(|range| range.first().into()).min()?;
            let last = ranges.iter().map(|range| range.last().into()).max()?;
            // A flow label has 20 bits: a selector for more of them is for none.
            (first < absent).then_some((first, last.min(absent.saturating_sub(1))))
        }
    }
}

fn address_hull(addresses: &Addresses, is_ipv6: bool, exact: &mut bool) -> Option<(u128, u128)> {
    match addresses {
        Addresses::Any if is_ipv6 => Some((0, u128::MAX)),
        Addresses::Any => Some((0, u128::from(u32::MAX))),
        Addresses::List(ranges) => {
            *exact &= ranges.len() == 1;
            let mine = || ranges.iter().filter(|range: &&AddressRange| range.is_ipv6 == is_ipv6);
            Some((mine().map(|range| range.first).min()?, mine().map(|range| range.last).max()?))
        }
    }
}
