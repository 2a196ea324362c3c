//! The leaves of point-to-multipoint connections: lists in storage of the caller's.

use super::{End, Port, rewrite};
use crate::cell::HEADER_LEN;

/// No leaf.
pub(super) const NONE: u32 = u32::MAX;

/// Room for a leaf of a point-to-multipoint connection. The caller hands in a slice of [`Leaf::EMPTY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    pub(super) word: u32,
    pub(super) next: u32,
    pub(super) port: u16,
    pub(super) hec: u8,
}

impl Leaf {
    /// Nothing here.
    pub const EMPTY: Self = Self { word: 0, next: NONE, port: 0, hec: 0 };
}

/// Which leaves are free.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    /// Leaves that were given back, as a list.
    free: u32,
    /// Leaves from here on were never in use.
    fresh: u32,
    used: usize,
}

impl Pool {
    pub(super) const fn new() -> Self {
        Self { free: NONE, fresh: 0, used: 0 }
    }

    pub(super) const fn used(&self) -> usize {
        self.used
    }

    /// Puts a leaf somewhere and says where; `None` where there is no room.
    pub(super) fn put(&mut self, leaves: &mut [Leaf], leaf: Leaf) -> Option<u32> {
        let (at, given_back) = if self.free == NONE { (self.fresh, false) } else { (self.free, true) };
        if at == NONE {
            return None;
        }
        let place = leaves.get_mut(index(at))?;
        if given_back {
            self.free = place.next;
        } else {
            self.fresh = self.fresh.saturating_add(1);
        }
        *place = leaf;
        self.used = self.used.saturating_add(1);
        Some(at)
    }

    /// Gives a leaf back.
    pub(super) fn take(&mut self, leaves: &mut [Leaf], at: u32) -> Option<Leaf> {
        let place = leaves.get_mut(index(at))?;
        let leaf = *place;
        *place = Leaf { next: self.free, ..Leaf::EMPTY };
        self.free = at;
        self.used = self.used.saturating_sub(1);
        Some(leaf)
    }
}

pub(super) fn index(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// A cell of a point-to-multipoint connection, for [`super::Switch::copies`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Multipoint {
    key: u64,
    word: u32,
}

impl Multipoint {
    pub(super) const fn new(key: u64, word: u32) -> Self {
        Self { key, word }
    }

    pub(super) const fn key(&self) -> u64 {
        self.key
    }
}

/// One copy of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CopyOut {
    /// The port that it goes out on.
    pub port: u16,
    /// Its header; the payload is the cell's.
    pub header: [u8; HEADER_LEN],
}

/// The copies of a cell, the newest leaf's first.
#[derive(Debug, Clone)]
pub struct Copies<'a> {
    leaves: &'a [Leaf],
    next: u32,
    cell: Multipoint,
}

impl<'a> Copies<'a> {
    pub(super) const fn new(leaves: &'a [Leaf], first: Option<u32>, cell: Multipoint) -> Self {
        let next = match first {
            Some(first) => first,
            None => NONE,
        };
        Self { leaves, next, cell }
    }
}

impl Iterator for Copies<'_> {
    type Item = CopyOut;

    #[inline]
    fn next(&mut self) -> Option<CopyOut> {
        let leaf = self.leaves.get(index(self.next))?;
        self.next = leaf.next;
        let header = rewrite(End::key_is_path(self.cell.key), leaf.word, leaf.hec, self.cell.word);
        Some(CopyOut { port: leaf.port, header })
    }
}

impl core::iter::FusedIterator for Copies<'_> {}

/// The outputs of a point-to-multipoint connection, the newest first.
#[derive(Debug, Clone)]
pub struct LeafEnds<'a> {
    leaves: &'a [Leaf],
    ports: &'a [Port],
    next: u32,
    path: bool,
}

impl<'a> LeafEnds<'a> {
    pub(super) const fn new(leaves: &'a [Leaf], ports: &'a [Port], first: u32, path: bool) -> Self {
        Self { leaves, ports, next: first, path }
    }
}

impl Iterator for LeafEnds<'_> {
    type Item = End;

    fn next(&mut self) -> Option<End> {
        let leaf = self.leaves.get(index(self.next))?;
        self.next = leaf.next;
        End::of_output(self.ports, leaf.port, leaf.word, self.path)
    }
}

impl core::iter::FusedIterator for LeafEnds<'_> {}
