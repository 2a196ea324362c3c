//! The first of many ordered rules that a packet matches, where a rule is a range in each of several fields: what packet filters, security
//! policies and multi-field classifiers all search for.
//!
//! ```text
//!                   destination: 10.0.0.0 | 10.0.1.0 | 10.0.2.0 | ...        one field is cut at a time
//!                               /         |          |                  \
//!                      port: ..|..     a few      a few      rest: rules that lie in many pieces, wildcards among them
//!                             /  \     rules      rules      (a branch of its own, cut by another field)
//! ```
//!
//! [`FirstMatch`] answers exactly as a scan through all rules in their order would. What it promises beside that:
//!
//! - rules come and go one by one. A branch that changed by as much as it was is grown anew, so a change costs a search and, on the
//!   average, the growing of a few rules;
//! - memory grows with the number of rules: each is stored at most [`COPIES`] times on the average;
//! - a search looks at no rule twice, so whatever the rules are it looks at no more of them than the scan does.
//!
//! ```
//! use ip_wire::first_match::{FirstMatch, Point, Region};
//!
//! // Two addresses as numbers, and one more field: a port.
//! let mut rules = FirstMatch::<u32, 1>::new();
//! let any = Region { addresses: [(0, u32::MAX); 2], small: [(0, 65_535)] };
//! rules.insert(20, 0, any);
//! rules.insert(10, 1, Region { small: [(53, 53)], ..any });
//! let point = |port| Point { addresses: [1, 2], small: [port] };
//! assert_eq!(rules.first(&point(53), |_| true), Some((10, 1)));
//! assert_eq!(rules.first(&point(80), |_| true), Some((20, 0)));
//! assert!(rules.remove(10));
//! assert_eq!(rules.first(&point(53), |_| true), Some((20, 0)));
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

mod cuts;
mod tree;

use tree::Tree;

/// How often a rule is stored on the average, at most.
pub const COPIES: usize = 8;

/// An unsigned number that addresses are compared as: `u32` for IPv4, `u128` for both.
pub trait Number: sealed::Number {}

impl Number for u32 {}
impl Number for u128 {}

mod sealed {
    /// What the tree does with numbers.
    pub trait Number: Copy + Ord + core::fmt::Debug + core::hash::Hash {
        /// The number behind, if there is one.
        fn next(self) -> Option<Self>;
    }

    impl Number for u32 {
        fn next(self) -> Option<Self> {
            self.checked_add(1)
        }
    }

    impl Number for u128 {
        fn next(self) -> Option<Self> {
            self.checked_add(1)
        }
    }
}

/// What a rule matches: first and last value of each field, both included. A range whose first is over its last matches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region<A, const S: usize> {
    /// Two addresses.
    pub addresses: [(A, A); 2],
    /// All other fields.
    pub small: [(u32, u32); S],
}

impl<A: Number, const S: usize> Region<A, S> {
    /// Whether a packet's values are all in their ranges.
    #[must_use]
    #[inline]
    pub fn contains(&self, point: &Point<A, S>) -> bool {
        // Without a branch for each field: they are few, and which one fails is anyone's guess.
        let addresses = self
            .addresses
            .iter()
            .zip(point.addresses)
            .fold(true, |all, ((first, last), at)| all & (*first <= at) & (at <= *last));
        let small =
            self.small.iter().zip(point.small).fold(true, |all, ((first, last), at)| all & (*first <= at) & (at <= *last));
        addresses & small
    }

    /// Whether everything that `other` matches is matched by this region too. A region that matches nothing is in any other.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.is_empty()
            || self.addresses.iter().zip(&other.addresses).all(|(own, other)| own.0 <= other.0 && other.1 <= own.1)
                && self.small.iter().zip(&other.small).all(|(own, other)| own.0 <= other.0 && other.1 <= own.1)
    }

    /// Whether no packet can match.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.iter().any(|(first, last)| first > last) || self.small.iter().any(|(first, last)| first > last)
    }
}

/// What a packet has in each field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Point<A, const S: usize> {
    /// Two addresses.
    pub addresses: [A; 2],
    /// All other fields.
    pub small: [u32; S],
}

/// Rules in the order of their numbers, and what finds the first that matches.
#[derive(Debug, Clone)]
pub struct FirstMatch<A, const S: usize> {
    /// By order.
    rules: BTreeMap<u64, (u32, Region<A, S>)>,
    tree: Tree<A, S>,
}

impl<A: Number, const S: usize> Default for FirstMatch<A, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Number, const S: usize> FirstMatch<A, S> {
    /// Without rules.
    #[must_use]
    pub fn new() -> Self {
        Self { rules: BTreeMap::new(), tree: Tree::new() }
    }

    /// Many rules at once: order, the caller's own number, and region. Of several with one order the last stays.
    #[must_use]
    pub fn from_rules(rules: impl IntoIterator<Item = (u64, u32, Region<A, S>)>) -> Self {
        let rules: BTreeMap<_, _> = rules.into_iter().map(|(order, id, region)| (order, (id, region))).collect();
        let all: Vec<_> =
            rules.iter().map(|(order, (id, region))| tree::Rule { order: *order, id: *id, region: *region }).collect();
        Self { rules, tree: Tree::of(all) }
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// How many rules are stored, copies included: at most [`COPIES`] times [`FirstMatch::len`], give or take a branch's few.
    #[must_use]
    pub fn stored(&self) -> usize {
        self.tree.stored()
    }

    /// Adds a rule. `order` says where it stands among the others, lowest first, and names it; `id` is the caller's. Returns whether it took
    /// the place of one with the same order.
    pub fn insert(&mut self, order: u64, id: u32, region: Region<A, S>) -> bool {
        let known = self.remove(order);
        self.rules.insert(order, (id, region));
        self.tree.insert(tree::Rule { order, id, region }, self.rules.len());
        known
    }

    /// Takes a rule out; false if there is none of that order.
    pub fn remove(&mut self, order: u64) -> bool {
        let Some((_, region)) = self.rules.remove(&order) else { return false };
        self.tree.remove(order, &region, self.rules.len());
        true
    }

    /// The caller's number of the rule with that order.
    #[must_use]
    pub fn id(&self, order: u64) -> Option<u32> {
        self.rules.get(&order).map(|(id, _)| *id)
    }

    /// Order and number of the first rule whose region contains the point and that `confirm`, given the rule's number, agrees to. `confirm` is
    /// for what ranges can't say; it is asked of rules in whatever order they are found.
    #[must_use]
    #[inline]
    pub fn first(&self, point: &Point<A, S>, confirm: impl Fn(u32) -> bool) -> Option<(u64, u32)> {
        self.tree.first(point, &confirm)
    }

    /// The same by looking at all rules in order: what [`FirstMatch::first`] must equal.
    #[must_use]
    pub fn first_by_scan(&self, point: &Point<A, S>, confirm: impl Fn(u32) -> bool) -> Option<(u64, u32)> {
        self.rules.iter().find(|(_, (id, region))| region.contains(point) && confirm(*id)).map(|(order, (id, _))| (*order, *id))
    }

    /// The rules in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u32, &Region<A, S>)> {
        self.rules.iter().map(|(order, (id, region))| (*order, *id, region))
    }
}

#[cfg(test)]
mod tests;
