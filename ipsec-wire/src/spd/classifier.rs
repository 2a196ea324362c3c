//! First match among many entries: a tree that cuts the fields where entries begin and end, one field a level.
//!
//! A level takes the field that tells the most of its rules apart. Rules that lie in few of the pieces that the field is cut into go into
//! those pieces' branches; the others, wildcards among them, into a branch of their own that every search visits too. Branches of a few rules
//! are lists. A search goes down one piece a level, the rest after it, and leaves out branches whose first entry comes behind what it has.
//! Every rule that could match is in a branch that the search visits, or left out for one before it: the answer is that of a linear scan.

use alloc::vec::Vec;

use ip_wire::Protocol;

use super::selectors::{AddressRange, Addresses, Numbers, Protocols, Selectors, number};
use super::{Direction, Packet};

/// When to cut, measured on policies of 10,000 nested prefixes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Branches of so many rules, or fewer, are lists.
    pub(super) list: usize,
    /// A rule that lies in more pieces than this is a wildcard to the level.
    pub(super) pieces: usize,
    /// How many times the rules the branches may hold in all.
    pub(super) copies: usize,
}

impl Shape {
    pub(super) const USUAL: Self = Self { list: 24, pieces: 16, copies: 32 };
}

/// Levels below which everything is a list.
const DEPTH: u32 = 24;
/// No branch, or no rule.
const NONE: u32 = u32::MAX;

/// Fields of 32 bits and less: protocol, local and remote port, class, flow label, sensitivity.
const SMALL: usize = 6;
/// The two addresses before them.
const FIELDS: usize = SMALL + 2;

/// One set of selectors of an entry, as far as ranges can say it.
#[derive(Debug, Clone)]
struct Rule {
    /// The entry's place in the policy.
    position: u32,
    /// The set's place in the entry.
    set: u32,
    /// Whether the ranges below say all: there is one of each, and no name.
    exact: bool,
    addresses: [(u128, u128); 2],
    small: [(u32, u32); SMALL],
}

/// What a packet has in the fields: values that are not there have the number behind the last.
#[derive(Debug, Clone, Copy)]
struct Point {
    addresses: [u128; 2],
    small: [u32; SMALL],
}

impl Rule {
    #[inline]
    fn contains(&self, point: &Point) -> bool {
        let inside = |(first, last): (u32, u32), at: u32| first <= at && at <= last;
        self.addresses.iter().zip(point.addresses).all(|((first, last), at)| *first <= at && at <= *last)
            && self.small.iter().zip(point.small).all(|(range, at)| inside(*range, at))
    }

    fn range(&self, field: usize) -> (u128, u128) {
        if let Some(range) = self.addresses.get(field) {
            return *range;
        }
        let (first, last) = self.small.get(field.saturating_sub(2)).copied().unwrap_or((0, NONE));
        (u128::from(first), u128::from(last))
    }
}

impl Point {
    fn of(packet: &Packet) -> Self {
        let port = |port: Option<u16>| port.map_or(1 << 16, u32::from);
        let small = [
            packet.protocol.map_or(1 << 8, |protocol| u32::from(protocol.0)),
            port(packet.local_port),
            port(packet.remote_port),
            u32::from(packet.class),
            packet.flow_label.unwrap_or(1 << 20),
            packet.sensitivity.map_or(1 << 8, u32::from),
        ];
        Self { addresses: [number(packet.local), number(packet.remote)], small }
    }
}

#[derive(Debug, Clone)]
enum Branch {
    List(Vec<u32>),
    Narrow { field: usize, cuts: Cuts<u32>, pieces: Vec<u32>, rest: u32, first: u32 },
    Wide { field: usize, cuts: Cuts<u128>, pieces: Vec<u32>, rest: u32, first: u32 },
}

/// Where a field is cut, in order. Every so many cuts stand in a list of their own, which a search reads first: it is short enough to stay in
/// the nearest cache, and what is left to search is a few cache lines in a row.
#[derive(Debug, Clone)]
struct Cuts<T> {
    sample: Vec<T>,
    all: Vec<T>,
}

/// A power of two.
const SAMPLED: usize = 32;

impl<T: Copy + Ord> Cuts<T> {
    fn new(all: Vec<T>) -> Self {
        Self { sample: all.iter().copied().step_by(SAMPLED).skip(1).collect(), all }
    }

    /// How many cuts are at or before a value: the number of the piece that it is in.
    #[inline]
    fn piece(&self, value: T) -> usize {
        let start = self.sample.partition_point(|cut| *cut <= value).saturating_mul(SAMPLED);
        let end = start.saturating_add(SAMPLED).min(self.all.len());
        let cuts = self.all.get(start..end).unwrap_or(&[]);
        start.saturating_add(cuts.partition_point(|cut| *cut <= value))
    }
}

/// The entries for packets of one IP version, direction, and number of ports.
#[derive(Debug, Clone)]
struct Tree {
    rules: Vec<Rule>,
    branches: Vec<Branch>,
    root: u32,
    shape: Shape,
}

impl Tree {
    fn new(rules: Vec<Rule>, shape: Shape) -> Self {
        let mut tree = Self { rules, branches: Vec::new(), root: NONE, shape };
        let all: Vec<u32> = (0..crate::error::len32(tree.rules.len())).collect();
        let mut budget = all.len().saturating_mul(shape.copies);
        tree.root = tree.grow(all, DEPTH, &mut budget);
        tree
    }

    fn rule(&self, rule: u32) -> Option<&Rule> {
        self.rules.get(usize::try_from(rule).ok()?)
    }

    fn push(&mut self, branch: Branch) -> u32 {
        let at = crate::error::len32(self.branches.len());
        self.branches.push(branch);
        at
    }

    /// `rules` are in the policy's order.
    fn grow(&mut self, rules: Vec<u32>, depth: u32, budget: &mut usize) -> u32 {
        let Some(first) = rules.first().and_then(|rule| self.rule(*rule)).map(|rule| rule.position) else { return NONE };
        let cut = if rules.len() > self.shape.list && depth > 0 && *budget > rules.len() { self.best_cut(&rules) } else { None };
        let Some(cut) = cut else { return self.push(Branch::List(rules)) };
        let mut lists: Vec<Vec<u32>> = alloc::vec![Vec::new(); cut.cuts.len().saturating_add(1)];
        let mut rest = Vec::new();
        for rule in rules {
            let Some(known) = self.rule(rule) else { continue };
            match span(&cut.cuts, known.range(cut.field)) {
                (from, to) if to.saturating_sub(from) < self.shape.pieces => {
                    for list in lists.iter_mut().take(to.saturating_add(1)).skip(from) {
                        list.push(rule);
                        *budget = budget.saturating_sub(1);
                    }
                }
                _ => rest.push(rule),
            }
        }
        let depth = depth.saturating_sub(1);
        let rest = self.grow(rest, depth, budget);
        let pieces = lists.into_iter().map(|list| self.grow(list, depth, budget)).collect();
        let Cut { field, cuts } = cut;
        let branch = match cuts.iter().map(|cut| u32::try_from(*cut)).collect::<Result<Vec<u32>, _>>() {
            Ok(cuts) => Branch::Narrow { field, cuts: Cuts::new(cuts), pieces, rest, first },
            Err(_) => Branch::Wide { field, cuts: Cuts::new(cuts), pieces, rest, first },
        };
        self.push(branch)
    }

    /// The field whose cut leaves a search the fewest rules; none if no field leaves less than three quarters.
    fn best_cut(&self, rules: &[u32]) -> Option<Cut> {
        let mut best: Option<(usize, Cut)> = None;
        for field in 0..FIELDS {
            let ranges: Vec<(u128, u128)> = rules.iter().filter_map(|rule| Some(self.rule(*rule)?.range(field))).collect();
            let mut cuts: Vec<u128> =
                ranges.iter().flat_map(|(first, last)| [Some(*first), last.checked_add(1)]).flatten().collect();
            cuts.sort_unstable();
            cuts.dedup();
            let mut lens = alloc::vec![0_usize; cuts.len().saturating_add(1)];
            let mut rest = 0_usize;
            for range in &ranges {
                match span(&cuts, *range) {
                    (from, to) if to.saturating_sub(from) < self.shape.pieces => {
                        lens.iter_mut().take(to.saturating_add(1)).skip(from).for_each(|len| *len = len.saturating_add(1));
                    }
                    _ => rest = rest.saturating_add(1),
                }
            }
            // Rules that a search meets which ends where a rule is.
            let all: usize = lens.iter().sum();
            let squares: usize = lens.iter().map(|len| len.saturating_mul(*len)).sum();
            let cost = rest.saturating_add(squares.checked_div(all).unwrap_or(0));
            if cost.saturating_mul(4) < rules.len().saturating_mul(3) && best.as_ref().is_none_or(|(known, _)| cost < *known) {
                best = Some((cost, Cut { field, cuts }));
            }
        }
        best.map(|(_, cut)| cut)
    }

    /// The first entry whose rule contains the point and that `matches` confirms, if it is before `best`.
    fn search(&self, mut at: u32, point: &Point, best: &mut u32, matches: &impl Fn(u32, u32) -> bool) {
        while let Some(branch) = usize::try_from(at).ok().and_then(|at| self.branches.get(at)) {
            let (piece, rest) = match branch {
                Branch::List(rules) => {
                    for rule in rules.iter().filter_map(|rule| self.rule(*rule)) {
                        if rule.position >= *best {
                            return;
                        }
                        if rule.contains(point) && (rule.exact || matches(rule.position, rule.set)) {
                            *best = rule.position;
                            return;
                        }
                    }
                    return;
                }
                Branch::Narrow { first, .. } | Branch::Wide { first, .. } if *first >= *best => return,
                Branch::Narrow { field, cuts, pieces, rest, .. } => {
                    let value = match point.addresses.get(*field) {
                        // Cuts of 32 bits only: what is over them is behind the last.
                        Some(address) => u32::try_from(*address).unwrap_or(NONE),
                        None => point.small.get(field.saturating_sub(2)).copied().unwrap_or(0),
                    };
                    (pieces.get(cuts.piece(value)), *rest)
                }
                Branch::Wide { field, cuts, pieces, rest, .. } => {
                    let value = point.addresses.get(*field).copied().unwrap_or(0);
                    (pieces.get(cuts.piece(value)), *rest)
                }
            };
            if let Some(piece) = piece {
                self.search(*piece, point, best, matches);
            }
            at = rest;
        }
    }
}

/// A field and where it is cut: a piece ends before each cut.
struct Cut {
    field: usize,
    cuts: Vec<u128>,
}

/// The pieces that a range lies in, from the first to the last.
fn span(cuts: &[u128], (first, last): (u128, u128)) -> (usize, usize) {
    (cuts.partition_point(|cut| *cut <= first), cuts.partition_point(|cut| *cut <= last))
}

/// All entries, by what a packet is.
#[derive(Debug, Clone)]
pub(super) struct Classifier {
    trees: Vec<Tree>,
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
    pub(super) fn new(sets: &[Set<'_>], shape: Shape) -> Self {
        let trees = (0..8_u8).map(|kind| {
            let (is_ipv6, inbound, one_port) = (kind & 1 != 0, kind & 2 != 0, kind & 4 != 0);
            Tree::new(sets.iter().filter_map(|set| rule(set, is_ipv6, inbound, one_port)).collect(), shape)
        });
        Self { trees: trees.collect() }
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
        let kind = usize::from(is_ipv6) | usize::from(inbound) << 1 | usize::from(packet.has_one_port()) << 2;
        let tree = self.trees.get(kind)?;
        let mut best = NONE;
        tree.search(tree.root, &Point::of(packet), &mut best, &matches);
        Some(best).filter(|best| *best != NONE)
    }
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
    Some(Rule { position: set.position, set: set.set, exact, addresses, small })
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
        Addresses::Any => Some((0, u128::MAX)),
        Addresses::List(ranges) => {
            *exact &= ranges.len() == 1;
            let mine = || ranges.iter().filter(|range: &&AddressRange| range.is_ipv6 == is_ipv6);
            Some((mine().map(|range| range.first).min()?, mine().map(|range| range.last).max()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampled_cuts_find_the_piece_that_all_of_them_do() {
        for len in [0_u32, 1, 2, 31, 32, 33, 63, 64, 65, 1000] {
            let all: Vec<u32> = (0..len).map(|number| number * 3 + 1).collect();
            let cuts = Cuts::new(all.clone());
            for value in 0..len * 3 + 5 {
                assert_eq!(cuts.piece(value), all.partition_point(|cut| *cut <= value), "{len} cuts, value {value}");
            }
        }
    }
}
