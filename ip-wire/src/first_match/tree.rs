//! The tree itself: branches that cut one field each, and lists.

use alloc::vec::Vec;

use super::cuts::Cuts;
use super::{COPIES, Number, Point, Region};

/// One rule as a list holds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<A, const S: usize> {
    pub(super) order: u64,
    pub(super) id: u32,
    pub(super) region: Region<A, S>,
}

/// Lists of so many rules, or fewer, are not cut.
const LIST: usize = 12;
/// A rule that lies in more pieces than this is a wildcard to the branch.
const PIECES: usize = 8;
/// Levels below which everything is a list.
const DEPTH: u32 = 24;
/// No branch.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone)]
enum Branch<A, const S: usize> {
    /// Taken out of the tree, to be used again.
    Free,
    List(List<A, S>),
    Cut(Cut<A>),
}

/// In the order of the rules.
#[derive(Debug, Clone)]
struct List<A, const S: usize> {
    rules: Vec<Rule<A, S>>,
    /// How many there must be before it is tried again to cut the list.
    patience: usize,
}

/// What a branch is cut by, and into.
#[derive(Debug, Clone)]
struct Cut<A> {
    /// No rule below has a lower order.
    first: u64,
    /// Rules below when the branch was grown.
    built: usize,
    /// Rules that came or went since.
    changed: usize,
    cuts: FieldCuts<A>,
    pieces: Vec<u32>,
    rest: u32,
}

#[derive(Debug, Clone)]
enum FieldCuts<A> {
    Address(usize, Cuts<A>),
    Small(usize, Cuts<u32>),
}

impl<A: Number> FieldCuts<A> {
    fn span<const S: usize>(&self, region: &Region<A, S>) -> Option<(usize, usize)> {
        let (from, to) = match self {
            Self::Address(field, cuts) => cuts.span(*region.addresses.get(*field)?),
            Self::Small(field, cuts) => cuts.span(*region.small.get(*field)?),
        };
        (to.saturating_sub(from) < PIECES).then_some((from, to))
    }

    #[inline]
    fn piece<const S: usize>(&self, point: &Point<A, S>) -> usize {
        match self {
            Self::Address(field, cuts) => point.addresses.get(*field).map_or(0, |value| cuts.piece(*value)),
            Self::Small(field, cuts) => point.small.get(*field).map_or(0, |value| cuts.piece(*value)),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Tree<A, const S: usize> {
    branches: Vec<Branch<A, S>>,
    free: Vec<u32>,
    root: u32,
    stored: usize,
}

impl<A: Number, const S: usize> Tree<A, S> {
    pub(super) const fn new() -> Self {
        Self { branches: Vec::new(), free: Vec::new(), root: NONE, stored: 0 }
    }

    /// `rules` are in order.
    pub(super) fn of(mut rules: Vec<Rule<A, S>>) -> Self {
        let mut tree = Self::new();
        rules.retain(|rule| !rule.region.is_empty());
        let live = rules.len();
        tree.root = tree.grow(rules, DEPTH, live.saturating_mul(COPIES));
        tree
    }

    pub(super) const fn stored(&self) -> usize {
        self.stored
    }

    fn branch(&self, at: u32) -> Option<&Branch<A, S>> {
        self.branches.get(usize::try_from(at).ok()?)
    }

    fn branch_mut(&mut self, at: u32) -> Option<&mut Branch<A, S>> {
        self.branches.get_mut(usize::try_from(at).ok()?)
    }

    fn push(&mut self, branch: Branch<A, S>) -> u32 {
        if let Some(at) = self.free.pop() {
            if let Some(place) = self.branch_mut(at) {
                *place = branch;
            }
            return at;
        }
        let at = u32::try_from(self.branches.len()).unwrap_or(NONE);
        self.branches.push(branch);
        at
    }

    fn push_list(&mut self, rules: Vec<Rule<A, S>>) -> u32 {
        self.stored = self.stored.saturating_add(rules.len());
        let patience = rules.len().max(LIST).saturating_mul(2);
        self.push(Branch::List(List { rules, patience }))
    }

    /// A branch of `rules`, which are in order. `limit` is how many may be stored in the whole tree.
    fn grow(&mut self, rules: Vec<Rule<A, S>>, depth: u32, limit: usize) -> u32 {
        let Some(first) = rules.first().map(|rule| rule.order) else { return NONE };
        if rules.len() <= LIST || depth == 0 {
            return self.push_list(rules);
        }
        let room = limit.saturating_sub(self.stored);
        let Some(cuts) = best_cut(&rules, room) else { return self.push_list(rules) };
        let built = rules.len();
        let mut lists: Vec<Vec<Rule<A, S>>> = Vec::new();
        let mut rest = Vec::new();
        for rule in rules {
            match cuts.span(&rule.region) {
                Some((from, to)) => {
                    if lists.len() <= to {
                        lists.resize_with(to.saturating_add(1), Vec::new);
                    }
                    for list in lists.iter_mut().take(to.saturating_add(1)).skip(from) {
                        list.push(rule);
                    }
                }
                None => rest.push(rule),
            }
        }
        let depth = depth.saturating_sub(1);
        // What the lists hold is spoken for before any of them is cut further.
        let mut waiting: usize = lists.iter().map(Vec::len).sum::<usize>().saturating_add(rest.len());
        waiting = waiting.saturating_sub(rest.len());
        let rest = self.grow(rest, depth, limit.saturating_sub(waiting));
        let mut pieces = Vec::with_capacity(lists.len());
        for list in lists {
            waiting = waiting.saturating_sub(list.len());
            pieces.push(self.grow(list, depth, limit.saturating_sub(waiting)));
        }
        self.push(Branch::Cut(Cut { first, built, changed: 0, cuts, pieces, rest }))
    }

    /// Takes a branch apart. Its rules go to `rules`, some of them several times.
    fn dissolve(&mut self, at: u32, rules: &mut Vec<Rule<A, S>>) {
        let Some(branch) = self.branch_mut(at) else { return };
        match core::mem::replace(branch, Branch::Free) {
            Branch::Free => return,
            Branch::List(list) => {
                self.stored = self.stored.saturating_sub(list.rules.len());
                rules.extend(list.rules);
            }
            Branch::Cut(cut) => {
                self.dissolve(cut.rest, rules);
                for piece in cut.pieces {
                    self.dissolve(piece, rules);
                }
            }
        }
        self.free.push(at);
    }

    /// The same branch, grown anew, with one more rule or none.
    fn regrow(&mut self, at: u32, more: Option<Rule<A, S>>, depth: u32, live: usize) -> u32 {
        let mut rules = Vec::new();
        self.dissolve(at, &mut rules);
        rules.extend(more);
        rules.sort_unstable_by_key(|rule| rule.order);
        rules.dedup_by_key(|rule| rule.order);
        self.grow(rules, depth, live.saturating_mul(COPIES))
    }

    /// `live`: how many rules there are with it.
    pub(super) fn insert(&mut self, rule: Rule<A, S>, live: usize) {
        // What is empty matches nothing, and has no place among the pieces.
        if !rule.region.is_empty() {
            self.root = self.insert_at(self.root, rule, DEPTH, live);
        }
    }

    fn insert_at(&mut self, at: u32, rule: Rule<A, S>, depth: u32, live: usize) -> u32 {
        let below = depth.saturating_sub(1);
        match self.branch_mut(at) {
            None | Some(Branch::Free) => self.push_list(alloc::vec![rule]),
            Some(Branch::List(list)) => {
                let place = list.rules.partition_point(|known| known.order < rule.order);
                list.rules.insert(place, rule);
                let impatient = list.rules.len() > list.patience;
                self.stored = self.stored.saturating_add(1);
                if impatient { self.regrow(at, None, depth, live) } else { at }
            }
            Some(Branch::Cut(cut)) => {
                if cut.changed >= cut.built {
                    return self.regrow(at, Some(rule), depth, live);
                }
                cut.changed = cut.changed.saturating_add(1);
                cut.first = cut.first.min(rule.order);
                let span = cut.cuts.span(&rule.region);
                // A tree that is as large as it may be takes rules once.
                let span = span.filter(|(from, to)| from == to || self.stored < live.saturating_mul(COPIES));
                self.follow(at, span, |tree, child| tree.insert_at(child, rule, below, live));
                at
            }
        }
    }

    /// Does something with the pieces in a span, or with the rest.
    fn follow(&mut self, at: u32, span: Option<(usize, usize)>, mut step: impl FnMut(&mut Self, u32) -> u32) {
        let (from, to) = span.unwrap_or((0, 0));
        for piece in from..=to {
            let Some(Branch::Cut(cut)) = self.branch(at) else { return };
            let child = if span.is_some() { cut.pieces.get(piece).copied().unwrap_or(NONE) } else { cut.rest };
            let child = step(self, child);
            let Some(Branch::Cut(cut)) = self.branch_mut(at) else { return };
            if span.is_none() {
                cut.rest = child;
            } else {
                // Pieces behind the last that has rules are not stored.
                if child != NONE && cut.pieces.len() <= piece {
                    cut.pieces.resize(piece.saturating_add(1), NONE);
                }
                if let Some(place) = cut.pieces.get_mut(piece) {
                    *place = child;
                }
            }
        }
    }

    /// `live`: how many rules there are without it.
    pub(super) fn remove(&mut self, order: u64, region: &Region<A, S>, live: usize) {
        self.root = self.remove_at(self.root, order, region, DEPTH, live).0;
    }

    /// The branch as it is then, and whether the rule was there.
    fn remove_at(&mut self, at: u32, order: u64, region: &Region<A, S>, depth: u32, live: usize) -> (u32, bool) {
        let below = depth.saturating_sub(1);
        match self.branch_mut(at) {
            None | Some(Branch::Free) => (NONE, false),
            Some(Branch::List(list)) => {
                let Ok(place) = list.rules.binary_search_by_key(&order, |rule| rule.order) else { return (at, false) };
                list.rules.remove(place);
                let empty = list.rules.is_empty();
                self.stored = self.stored.saturating_sub(1);
                if empty {
                    self.dissolve(at, &mut Vec::new());
                    return (NONE, true);
                }
                (at, true)
            }
            Some(Branch::Cut(cut)) => {
                let span = cut.cuts.span(region);
                let mut found = false;
                if span.is_some() {
                    self.follow(at, span, |tree, child| {
                        let (child, was) = tree.remove_at(child, order, region, below, live);
                        found |= was;
                        child
                    });
                }
                if !found {
                    self.follow(at, None, |tree, child| {
                        let (child, was) = tree.remove_at(child, order, region, below, live);
                        found |= was;
                        child
                    });
                }
                let Some(Branch::Cut(cut)) = self.branch_mut(at) else { return (at, found) };
                cut.changed = cut.changed.saturating_add(usize::from(found));
                if cut.changed > cut.built { (self.regrow(at, None, depth, live), found) } else { (at, found) }
            }
        }
    }

    #[inline]
    pub(super) fn first(&self, point: &Point<A, S>, confirm: &impl Fn(u32) -> bool) -> Option<(u64, u32)> {
        let mut best = None;
        self.search(self.root, point, &mut best, confirm);
        best
    }

    /// Looks for a rule before `best` and puts it there.
    fn search(&self, mut at: u32, point: &Point<A, S>, best: &mut Option<(u64, u32)>, confirm: &impl Fn(u32) -> bool) {
        while let Some(branch) = self.branch(at) {
            let limit = best.map_or(u64::MAX, |(order, _)| order);
            match branch {
                Branch::Free => return,
                Branch::List(list) => {
                    for rule in &list.rules {
                        if rule.order >= limit && best.is_some() {
                            return;
                        }
                        if rule.region.contains(point) && confirm(rule.id) {
                            *best = Some((rule.order, rule.id));
                            return;
                        }
                    }
                    return;
                }
                Branch::Cut(cut) => {
                    if cut.first >= limit && best.is_some() {
                        return;
                    }
                    if let Some(piece) = cut.pieces.get(cut.cuts.piece(point)) {
                        self.search(*piece, point, best, confirm);
                    }
                    at = cut.rest;
                }
            }
        }
    }
}

/// The field whose cut leaves a search the fewest rules; none if no field leaves less than three quarters, or if the pieces would hold more than
/// `room` rules.
fn best_cut<A: Number, const S: usize>(rules: &[Rule<A, S>], room: usize) -> Option<FieldCuts<A>> {
    let enough = rules.len().saturating_mul(3);
    let mut best: Option<(usize, FieldCuts<A>)> = None;
    let mut consider = |cost: usize, cuts: FieldCuts<A>| {
        if cost.saturating_mul(4) < enough && best.as_ref().is_none_or(|(known, _)| cost < *known) {
            best = Some((cost, cuts));
        }
    };
    for field in 0..2 {
        let ranges: Vec<(A, A)> = rules.iter().filter_map(|rule| rule.region.addresses.get(field).copied()).collect();
        if let Some((cost, cuts)) = cut(&ranges, room) {
            consider(cost, FieldCuts::Address(field, cuts));
        }
    }
    for field in 0..S {
        let ranges: Vec<(u32, u32)> = rules.iter().filter_map(|rule| rule.region.small.get(field).copied()).collect();
        if let Some((cost, cuts)) = cut(&ranges, room) {
            consider(cost, FieldCuts::Small(field, cuts));
        }
    }
    best.map(|(_, cuts)| cuts)
}

/// Cuts a field wherever a range begins or ends, and counts the rules that a search meets which ends where a rule is.
fn cut<T: Number>(ranges: &[(T, T)], room: usize) -> Option<(usize, Cuts<T>)> {
    let (first, last) = *ranges.first()?;
    if ranges.iter().all(|range| *range == (first, last)) {
        return None;
    }
    let mut all: Vec<T> = ranges.iter().flat_map(|(first, last)| [Some(*first), last.next()]).flatten().collect();
    all.sort_unstable();
    all.dedup();
    let pieces = all.len().saturating_add(1);
    let cuts = Cuts::new(all);
    let mut lens = alloc::vec![0_usize; pieces];
    let mut rest = 0_usize;
    for range in ranges {
        match cuts.span(*range) {
            (from, to) if to.saturating_sub(from) < PIECES => {
                lens.iter_mut().take(to.saturating_add(1)).skip(from).for_each(|len| *len = len.saturating_add(1));
            }
            _ => rest = rest.saturating_add(1),
        }
    }
    let all: usize = lens.iter().sum();
    if all.saturating_add(rest) > room {
        return None;
    }
    let squares: usize = lens.iter().map(|len| len.saturating_mul(*len)).sum();
    Some((rest.saturating_add(squares.checked_div(all).unwrap_or(0)), cuts))
}
