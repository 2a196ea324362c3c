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
//! use ip_wire::first_match::{FirstMatch, Region};
//!
//! // An address as a number, and a port.
//! let mut rules = FirstMatch::<u32, 2>::new();
//! rules.insert(20, 0, Region([(0, u32::MAX), (0, 65_535)]));
//! rules.insert(10, 1, Region([(0xc000_0200, 0xc000_02ff), (53, 53)]));
//! assert_eq!(rules.first(&[0xc000_0207, 53], |_| true), Some((10, 1)));
//! assert_eq!(rules.first(&[0xc000_0207, 80], |_| true), Some((20, 0)));
//! assert!(rules.remove(10));
//! assert_eq!(rules.first(&[0xc000_0207, 53], |_| true), Some((20, 0)));
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

mod cuts;
mod tree;

use tree::Tree;

/// How often a rule is stored on the average, at most.
pub const COPIES: usize = 8;

/// The unsigned numbers that fields are compared as. An IPv6 address is two fields of `u64`: see [`halves`].
pub trait Number: sealed::Number {}

impl Number for u32 {}
impl Number for u64 {}

mod sealed {
    /// What the tree does with numbers.
    pub trait Number: Copy + Ord + core::fmt::Debug + core::hash::Hash {
        const ZERO: Self;
        const MAX: Self;
        /// The number behind, if there is one.
        fn next(self) -> Option<Self>;
        /// How far it is from a smaller one, wrapping.
        fn minus(self, low: Self) -> Self;
        /// What is so far from it, wrapping.
        fn plus(self, span: Self) -> Self;
        /// Which bucket of 2^`shift` numbers it is in, counted from `base`, which is not larger.
        fn bucket(self, base: Self, shift: u32) -> Option<usize>;
    }

    macro_rules! numbers {
        ($($kind:ty)*) => {$(
            impl Number for $kind {
                const ZERO: Self = 0;
                const MAX: Self = Self::MAX;

                fn next(self) -> Option<Self> {
                    self.checked_add(1)
                }

                #[inline]
                fn minus(self, low: Self) -> Self {
                    self.wrapping_sub(low)
                }

                fn plus(self, span: Self) -> Self {
                    self.wrapping_add(span)
                }

                #[inline]
                fn bucket(self, base: Self, shift: u32) -> Option<usize> {
                    usize::try_from(self.wrapping_sub(base).checked_shr(shift).unwrap_or(0)).ok()
                }
            }
        )*};
    }

    numbers! { u32 u64 }
}

/// What a rule matches: first and last value of each field, both included. A range whose first is over its last matches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region<T, const N: usize>(pub [(T, T); N]);

impl<T: Number, const N: usize> Region<T, N> {
    /// Whether a packet's values are all in their ranges.
    #[must_use]
    pub fn contains(&self, point: &[T; N]) -> bool {
        self.0.iter().zip(point).all(|((first, last), at)| first <= at && at <= last)
    }

    /// Whether no packet can match.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().any(|(first, last)| first > last)
    }
}

/// A range of 128-bit numbers as ranges of their upper and lower halves, and whether those say all: they do for every prefix, and for every
/// range within one upper half. Otherwise they let some numbers in that are not in the range.
#[must_use]
pub fn halves(first: u128, last: u128) -> ([(u64, u64); 2], bool) {
    let ([upper_first, lower_first], [upper_last, lower_last]) = (split(first), split(last));
    if upper_first == upper_last {
        return ([(upper_first, upper_last), (lower_first, lower_last)], true);
    }
    ([(upper_first, upper_last), (0, u64::MAX)], lower_first == 0 && lower_last == u64::MAX)
}

/// Upper and lower half.
#[must_use]
#[inline]
pub const fn split(number: u128) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = number.to_be_bytes();
    [u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes([i, j, k, l, m, n, o, p])]
}

/// Rules in the order of their numbers, and what finds the first that matches.
#[derive(Debug, Clone)]
pub struct FirstMatch<T, const N: usize> {
    /// By order.
    rules: BTreeMap<u64, (u32, Region<T, N>)>,
    tree: Tree<T, N>,
}

impl<T: Number, const N: usize> Default for FirstMatch<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Number, const N: usize> FirstMatch<T, N> {
    /// Without rules.
    #[must_use]
    pub fn new() -> Self {
        Self { rules: BTreeMap::new(), tree: Tree::new() }
    }

    /// Many rules at once: order, the caller's own number, and region. Of several with one order the last stays.
    #[must_use]
    pub fn from_rules(rules: impl IntoIterator<Item = (u64, u32, Region<T, N>)>) -> Self {
        let rules: BTreeMap<_, _> = rules.into_iter().map(|(order, id, region)| (order, (id, region))).collect();
        let matching = rules.iter().filter(|(_, (_, region))| !region.is_empty());
        let all: Vec<_> = matching.map(|(order, (id, region))| tree::Rule::new(*order, *id, region)).collect();
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
    pub fn insert(&mut self, order: u64, id: u32, region: Region<T, N>) -> bool {
        let known = self.remove(order);
        self.rules.insert(order, (id, region));
        // What is empty matches nothing, and has no place among the pieces.
        if !region.is_empty() {
            self.tree.insert(tree::Rule::new(order, id, &region), self.rules.len());
        }
        known
    }

    /// Takes a rule out; false if there is none of that order.
    pub fn remove(&mut self, order: u64) -> bool {
        let Some((_, region)) = self.rules.remove(&order) else { return false };
        if !region.is_empty() {
            self.tree.remove(&tree::Rule::new(order, 0, &region), self.rules.len());
        }
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
    pub fn first(&self, point: &[T; N], confirm: impl Fn(u32) -> bool) -> Option<(u64, u32)> {
        self.tree.first(point, &confirm)
    }

    /// The same by looking at all rules in order: what [`FirstMatch::first`] must equal.
    #[must_use]
    pub fn first_by_scan(&self, point: &[T; N], confirm: impl Fn(u32) -> bool) -> Option<(u64, u32)> {
        self.rules.iter().find(|(_, (id, region))| region.contains(point) && confirm(*id)).map(|(order, (id, _))| (*order, *id))
    }

    /// The rules in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u32, &Region<T, N>)> {
        self.rules.iter().map(|(order, (id, region))| (*order, *id, region))
    }
}

#[cfg(test)]
mod tests;
