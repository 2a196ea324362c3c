//! The tree itself: branches that cut one field each, and lists.

use alloc::vec::Vec;

use super::cuts::Cuts;
use super::{COPIES, Number, Region};

/// One rule as a list holds it. A range is its start and how far it goes: one subtraction and one comparison tell whether a value is inside, and
/// all of a rule's can be done at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<T, const N: usize> {
    pub(super) order: u64,
    low: [T; N],
    span: [T; N],
    id: u32,
}

impl<T: Number, const N: usize> Rule<T, N> {
    /// The region is not empty.
    pub(super) fn new(order: u64, id: u32, region: &Region<T, N>) -> Self {
        let low = region.0.map(|(first, _)| first);
        let span = region.0.map(|(first, last)| last.minus(first));
        Self { order, low, span, id }
    }

    #[inline]
    fn contains(&self, point: &[T; N]) -> bool {
        // Without a branch for each field: they are few, and which one fails is anyone's guess.
        let mut all = true;
        for ((low, span), at) in self.low.iter().zip(&self.span).zip(point) {
            all &= at.minus(*low) <= *span;
        }
        all
    }

    fn range(&self, field: usize) -> Option<(T, T)> {
        let (low, span) = (*self.low.get(field)?, *self.span.get(field)?);
        Some((low, low.plus(span)))
    }
}

/// Lists of so many rules, or fewer, are not cut.
const LIST: usize = 16;
/// A rule that lies in more pieces than this is a wildcard to the branch.
const PIECES: usize = 8;
/// Levels below which everything is a list.
const DEPTH: u32 = 24;

/// A branch: the number of a list, or of a cut with the highest bit set, or none.
type At = u32;
const NONE: At = u32::MAX;
const CUT: At = 1 << 31;

enum Kind {
    List(usize),
    Cut(usize),
    None,
}

#[inline]
fn kind(at: At) -> Kind {
    if at == NONE {
        return Kind::None;
    }
    let number = usize::try_from(at & !CUT).unwrap_or(usize::MAX);
    if at & CUT == 0 { Kind::List(number) } else { Kind::Cut(number) }
}

/// In the order of the rules.
#[derive(Debug, Clone)]
struct List<T, const N: usize> {
    rules: Vec<Rule<T, N>>,
    /// How many there must be before it is tried again to cut the list.
    patience: u32,
}

/// What a branch is cut by, and into.
#[derive(Debug, Clone)]
struct Cut<T> {
    /// No rule below has a lower order.
    first: u64,
    /// Rules below when the branch was grown.
    built: usize,
    /// Rules that came or went since.
    changed: usize,
    field: usize,
    cuts: Cuts<T>,
    /// Pieces behind the last that has rules are not stored.
    pieces: Vec<At>,
    rest: At,
}

/// The pieces that a rule goes to; none if they are too many.
fn span<T: Number, const N: usize>(field: usize, cuts: &Cuts<T>, rule: &Rule<T, N>) -> Option<(usize, usize)> {
    let (from, to) = cuts.span(rule.range(field)?);
    (to.saturating_sub(from) < PIECES).then_some((from, to))
}

#[derive(Debug, Clone)]
pub(super) struct Tree<T, const N: usize> {
    lists: Vec<List<T, N>>,
    cuts: Vec<Option<Cut<T>>>,
    free_lists: Vec<u32>,
    free_cuts: Vec<u32>,
    root: At,
    stored: usize,
}

impl<T: Number, const N: usize> Tree<T, N> {
    pub(super) const fn new() -> Self {
        Self { lists: Vec::new(), cuts: Vec::new(), free_lists: Vec::new(), free_cuts: Vec::new(), root: NONE, stored: 0 }
    }

    /// `rules` are in order.
    pub(super) fn of(rules: Vec<Rule<T, N>>) -> Self {
        let mut tree = Self::new();
        let live = rules.len();
        tree.root = tree.grow(rules, DEPTH, live.saturating_mul(COPIES));
        tree
    }

    pub(super) const fn stored(&self) -> usize {
        self.stored
    }

    fn push_list(&mut self, rules: Vec<Rule<T, N>>) -> At {
        self.stored = self.stored.saturating_add(rules.len());
        let patience = u32::try_from(rules.len().max(LIST).saturating_mul(2)).unwrap_or(u32::MAX);
        let list = List { rules, patience };
        if let Some(at) = self.free_lists.pop() {
            if let Some(place) = usize::try_from(at).ok().and_then(|at| self.lists.get_mut(at)) {
                *place = list;
            }
            return at;
        }
        self.lists.push(list);
        u32::try_from(self.lists.len().saturating_sub(1)).unwrap_or(NONE)
    }

    fn push_cut(&mut self, cut: Cut<T>) -> At {
        if let Some(at) = self.free_cuts.pop() {
            if let Some(place) = usize::try_from(at).ok().and_then(|at| self.cuts.get_mut(at)) {
                *place = Some(cut);
            }
            return at | CUT;
        }
        self.cuts.push(Some(cut));
        u32::try_from(self.cuts.len().saturating_sub(1)).unwrap_or(NONE) | CUT
    }

    /// A branch of `rules`, which are in order. `limit` is how many may be stored in the whole tree.
    fn grow(&mut self, rules: Vec<Rule<T, N>>, depth: u32, limit: usize) -> At {
        let Some(first) = rules.first().map(|rule| rule.order) else { return NONE };
        if rules.len() <= LIST || depth == 0 {
            return self.push_list(rules);
        }
        let Some((field, cuts)) = best_cut(&rules, limit.saturating_sub(self.stored)) else { return self.push_list(rules) };
        let built = rules.len();
        let mut lists: Vec<Vec<Rule<T, N>>> = Vec::new();
        let mut rest = Vec::new();
        for rule in rules {
            match span(field, &cuts, &rule) {
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
        let mut waiting: usize = lists.iter().map(Vec::len).fold(0, usize::saturating_add);
        let rest = self.grow(rest, depth, limit.saturating_sub(waiting));
        let mut pieces = Vec::with_capacity(lists.len());
        for list in lists {
            waiting = waiting.saturating_sub(list.len());
            pieces.push(self.grow(list, depth, limit.saturating_sub(waiting)));
        }
        self.push_cut(Cut { first, built, changed: 0, field, cuts, pieces, rest })
    }

    /// Takes a branch apart. Its rules go to `rules`, some of them several times.
    fn dissolve(&mut self, at: At, rules: &mut Vec<Rule<T, N>>) {
        match kind(at) {
            Kind::None => {}
            Kind::List(number) => {
                let Some(list) = self.lists.get_mut(number) else { return };
                self.stored = self.stored.saturating_sub(list.rules.len());
                rules.append(&mut core::mem::take(&mut list.rules));
                self.free_lists.push(at);
            }
            Kind::Cut(number) => {
                let Some(cut) = self.cuts.get_mut(number).and_then(Option::take) else { return };
                self.free_cuts.push(at & !CUT);
                self.dissolve(cut.rest, rules);
                for piece in cut.pieces {
                    self.dissolve(piece, rules);
                }
            }
        }
    }

    /// The same branch, grown anew, with one more rule or none.
    fn regrow(&mut self, at: At, more: Option<Rule<T, N>>, depth: u32, live: usize) -> At {
        let mut rules = Vec::new();
        self.dissolve(at, &mut rules);
        rules.extend(more);
        rules.sort_unstable_by_key(|rule| rule.order);
        rules.dedup_by_key(|rule| rule.order);
        self.grow(rules, depth, live.saturating_mul(COPIES))
    }

    /// `live`: how many rules there are with it.
    pub(super) fn insert(&mut self, rule: Rule<T, N>, live: usize) {
        self.root = self.insert_at(self.root, rule, DEPTH, live);
    }

    fn insert_at(&mut self, at: At, rule: Rule<T, N>, depth: u32, live: usize) -> At {
        match kind(at) {
            Kind::None => self.push_list(alloc::vec![rule]),
            Kind::List(number) => {
                let Some(list) = self.lists.get_mut(number) else { return at };
                let place = list.rules.partition_point(|known| known.order < rule.order);
                list.rules.insert(place, rule);
                let impatient = list.rules.len() > usize::try_from(list.patience).unwrap_or(usize::MAX);
                self.stored = self.stored.saturating_add(1);
                if impatient { self.regrow(at, None, depth, live) } else { at }
            }
            Kind::Cut(number) => {
                let full = self.stored >= live.saturating_mul(COPIES);
                let Some(cut) = self.cut_mut(number) else { return at };
                if cut.changed >= cut.built {
                    return self.regrow(at, Some(rule), depth, live);
                }
                cut.changed = cut.changed.saturating_add(1);
                cut.first = cut.first.min(rule.order);
                // A tree that is as large as it may be takes rules once.
                let span = span(cut.field, &cut.cuts, &rule).filter(|(from, to)| from == to || !full);
                let below = depth.saturating_sub(1);
                self.follow(number, span, |tree, child| tree.insert_at(child, rule, below, live));
                at
            }
        }
    }

    fn cut_mut(&mut self, number: usize) -> Option<&mut Cut<T>> {
        self.cuts.get_mut(number)?.as_mut()
    }

    /// Does something with the pieces in a span, or with the rest.
    fn follow(&mut self, number: usize, span: Option<(usize, usize)>, mut step: impl FnMut(&mut Self, At) -> At) {
        let Some((from, to)) = span else {
            let Some(rest) = self.cut_mut(number).map(|cut| cut.rest) else { return };
            let rest = step(self, rest);
            if let Some(cut) = self.cut_mut(number) {
                cut.rest = rest;
            }
            return;
        };
        for piece in from..=to {
            let Some(child) = self.cut_mut(number).map(|cut| cut.pieces.get(piece).copied().unwrap_or(NONE)) else { return };
            let child = step(self, child);
            let Some(cut) = self.cut_mut(number) else { return };
            if child != NONE && cut.pieces.len() <= piece {
                cut.pieces.resize(piece.saturating_add(1), NONE);
            }
            if let Some(place) = cut.pieces.get_mut(piece) {
                *place = child;
            }
        }
    }

    /// `live`: how many rules there are without it.
    pub(super) fn remove(&mut self, rule: &Rule<T, N>, live: usize) {
        self.root = self.remove_at(self.root, rule, DEPTH, live).0;
    }

    /// The branch as it is then, and whether the rule was there.
    fn remove_at(&mut self, at: At, rule: &Rule<T, N>, depth: u32, live: usize) -> (At, bool) {
        match kind(at) {
            Kind::None => (NONE, false),
            Kind::List(number) => {
                let Some(list) = self.lists.get_mut(number) else { return (at, false) };
                let Ok(place) = list.rules.binary_search_by_key(&rule.order, |known| known.order) else { return (at, false) };
                list.rules.remove(place);
                let empty = list.rules.is_empty();
                self.stored = self.stored.saturating_sub(1);
                if empty {
                    self.dissolve(at, &mut Vec::new());
                    return (NONE, true);
                }
                (at, true)
            }
            Kind::Cut(number) => {
                let below = depth.saturating_sub(1);
                let Some(span) = self.cut_mut(number).map(|cut| span(cut.field, &cut.cuts, rule)) else { return (at, false) };
                let mut found = false;
                // In its pieces, or in the rest: there too if it came when the tree was full.
                for places in [span, None] {
                    if !found {
                        self.follow(number, places, |tree, child| {
                            let (child, was) = tree.remove_at(child, rule, below, live);
                            found |= was;
                            child
                        });
                    }
                }
                let Some(cut) = self.cut_mut(number) else { return (at, found) };
                cut.changed = cut.changed.saturating_add(usize::from(found));
                if cut.changed > cut.built { (self.regrow(at, None, depth, live), found) } else { (at, found) }
            }
        }
    }

    /// The first rule that contains the point and is confirmed.
    #[inline]
    pub(super) fn first(&self, point: &[T; N], confirm: &impl Fn(u32) -> bool) -> Option<(u64, u32)> {
        // Orders differ, so what is not before the best is behind it; nothing is behind the last order there is.
        let mut best = (u64::MAX, None);
        // Branches put off: at most one a level.
        let mut later = [NONE; DEPTH as usize + 1];
        let mut waiting = 0_usize;
        let mut at = self.root;
        loop {
            match kind(at) {
                Kind::Cut(number) => {
                    if let Some(cut) = self.cuts.get(number).and_then(Option::as_ref).filter(|cut| cut.first <= best.0) {
                        if let Some(place) = later.get_mut(waiting) {
                            *place = cut.rest;
                            waiting = waiting.wrapping_add(usize::from(cut.rest != NONE));
                        }
                        let value = point.get(cut.field).copied().unwrap_or(T::ZERO);
                        at = cut.pieces.get(cut.cuts.piece(value)).copied().unwrap_or(NONE);
                        continue;
                    }
                }
                Kind::List(number) => {
                    for rule in self.lists.get(number).map_or(&[][..], |list| &list.rules) {
                        if rule.order > best.0 {
                            break;
                        }
                        if rule.contains(point) && confirm(rule.id) {
                            best = (rule.order, Some(rule.id));
                            break;
                        }
                    }
                }
                Kind::None => {}
            }
            let Some(next) = waiting.checked_sub(1) else { break };
            waiting = next;
            at = later.get(next).copied().unwrap_or(NONE);
        }
        best.1.map(|id| (best.0, id))
    }
}

/// The field whose cut leaves a search the fewest rules; none if no field leaves less than three quarters, or if the pieces would hold more than
/// `room` rules.
fn best_cut<T: Number, const N: usize>(rules: &[Rule<T, N>], room: usize) -> Option<(usize, Cuts<T>)> {
    let enough = rules.len().saturating_mul(3);
    let mut best: Option<(usize, (usize, Cuts<T>))> = None;
    for field in 0..N {
        let ranges: Vec<(T, T)> = rules.iter().filter_map(|rule| rule.range(field)).collect();
        let Some((cost, cuts)) = cut(&ranges, room) else { continue };
        if cost.saturating_mul(4) < enough && best.as_ref().is_none_or(|(known, _)| cost < *known) {
            best = Some((cost, (field, cuts)));
        }
    }
    best.map(|(_, cut)| cut)
}

/// Cuts a field wherever a range begins or ends, and counts the rules that a search meets which ends where a rule is.
fn cut<T: Number>(ranges: &[(T, T)], room: usize) -> Option<(usize, Cuts<T>)> {
    let first = *ranges.first()?;
    if ranges.iter().all(|range| *range == first) {
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
    let all = lens.iter().copied().fold(0, usize::saturating_add);
    if all.saturating_add(rest) > room {
        return None;
    }
    let squares = lens.iter().map(|len| len.saturating_mul(*len)).fold(0, usize::saturating_add);
    Some((rest.saturating_add(squares.checked_div(all).unwrap_or(0)), cuts))
}
