//! One datagram under reassembly: its pieces in order, none overlapping another.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::fragment::{self, Head, Part};
use super::{Config, Discard, Overlap};
use crate::error::{Error, len32};

#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) age: u64,
    pub(super) deadline: Duration,
    state: State,
}

#[derive(Debug)]
enum State {
    Live(Live),
    /// Discarded; stays until its time runs out, so that fragments to come do not start it anew.
    Dead,
}

#[derive(Debug, Default)]
struct Live {
    /// Pieces by where they start.
    pieces: BTreeMap<u32, Vec<u8>>,
    /// Octets of the pieces.
    received: u32,
    /// Where the datagram ends, once the last fragment is here.
    end: Option<u32>,
    first: Option<First>,
}

/// What is kept of the first fragment besides its data.
#[derive(Debug)]
struct First {
    head: Vec<u8>,
    /// In IPv6, where the next header field is that announces the fragment header.
    pointer: Option<usize>,
    data_len: usize,
}

impl First {
    fn head(&self) -> Head<'_> {
        match self.pointer {
            None => Head::V4(&self.head),
            Some(pointer) => Head::V6 { octets: &self.head, pointer },
        }
    }
}

/// What became of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    Stored,
    Duplicate,
    /// It is left out; the datagram goes on.
    Dropped(Discard),
    /// The datagram is discarded.
    Killed(Discard),
}

impl Datagram {
    pub(super) fn new(age: u64, deadline: Duration) -> Self {
        Self { age, deadline, state: State::Live(Live::default()) }
    }

    pub(super) const fn is_dead(&self) -> bool {
        matches!(self.state, State::Dead)
    }

    pub(super) fn kill(&mut self) {
        self.state = State::Dead;
    }

    /// Octets kept.
    pub(super) fn octets(&self) -> usize {
        match &self.state {
            State::Live(live) => {
                let head = live.first.as_ref().map_or(0, |first| first.head.len());
                usize::try_from(live.received).unwrap_or(usize::MAX).saturating_add(head)
            }
            State::Dead => 0,
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        match &self.state {
            // Pieces do not overlap: as many octets as there are to the end are all of them.
            State::Live(live) => live.first.is_some() && live.end == Some(live.received),
            State::Dead => false,
        }
    }

    pub(super) fn add(&mut self, part: &Part<'_>, config: &Config) -> Added {
        let State::Live(live) = &mut self.state else {
            return Added::Dropped(Discard::DatagramDiscarded);
        };
        let first_wins = config.ipv4_overlap == Overlap::FirstWins && matches!(part.key.source, IpAddr::V4(_));
        let added = live.add(part, first_wins, config.max_fragments);
        if let Added::Killed(_) = added {
            self.kill();
        }
        added
    }

    /// Writes the whole datagram.
    pub(super) fn finish(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let State::Live(Live { pieces, received, first: Some(first), .. }) = &self.state else { return Ok(()) };
        let len = usize::try_from(*received).unwrap_or(usize::MAX);
        fragment::finish(&first.head(), len, pieces.values().map(Vec::as_slice), out)
    }

    /// Writes the first fragment as it came, and says whether it is here.
    pub(super) fn first_fragment(&self, out: &mut Vec<u8>) -> bool {
        let State::Live(Live { pieces, first: Some(first), .. }) = &self.state else { return false };
        out.clear();
        out.extend_from_slice(&first.head);
        let data = pieces.values().flat_map(|piece| piece.iter().copied());
        out.extend(data.take(first.data_len));
        true
    }
}

impl Live {
    fn add(&mut self, part: &Part<'_>, first_wins: bool, max_fragments: usize) -> Added {
        let (start, end) = (part.start, part.end());
        // The last fragment says where the datagram ends. What lies past that contradicts it.
        let last_seen = self.pieces.last_key_value().map_or(0, |(at, piece)| at.saturating_add(len32(piece.len())));
        let contradiction = match self.end {
            Some(known) => end > known || (!part.more && end != known),
            None => !part.more && end < last_seen,
        };
        if contradiction {
            let why = Discard::Inconsistent;
            return if first_wins { Added::Dropped(why) } else { Added::Killed(why) };
        }
        // Exactly what is here already, as networks duplicate packets (RFC 8200 4.5 lets it pass).
        let same = self.pieces.get(&start).is_some_and(|piece| piece == part.data);
        let nothing_new = part.more || self.end == Some(end);
        if same && nothing_new && (start != 0 || self.first.is_some()) {
            return Added::Duplicate;
        }
        let overlaps = !same && self.overlap(start, end).is_some();
        if overlaps && !first_wins {
            return Added::Killed(Discard::Overlap);
        }
        let stored = if same { 0 } else { self.store(part, max_fragments) };
        if self.pieces.len() > max_fragments {
            return Added::Killed(Discard::TooManyFragments);
        }
        if !part.more {
            self.end = Some(end);
        }
        let mut kept = stored > 0 || !part.more;
        if start == 0 && self.first.is_none() {
            let pointer = match part.head {
                Head::V4(_) => None,
                Head::V6 { pointer, .. } => Some(pointer),
            };
            self.first = Some(First { head: part.head.octets().to_vec(), pointer, data_len: part.data.len() });
            kept = true;
        }
        if kept { Added::Stored } else { Added::Dropped(Discard::Overlap) }
    }

    /// The first piece that shares an octet with `start..end`.
    fn overlap(&self, start: u32, end: u32) -> Option<(u32, u32)> {
        let span = |(at, piece): (&u32, &Vec<u8>)| (*at, at.saturating_add(len32(piece.len())));
        let before = self.pieces.range(..=start).next_back().map(span).filter(|(_, to)| *to > start && start < end);
        before.or_else(|| self.pieces.range(start..end.max(start)).next().map(span))
    }

    /// Stores what of the fragment is not here yet, and returns how many octets that is.
    fn store(&mut self, part: &Part<'_>, max_fragments: usize) -> u32 {
        let (mut at, end) = (part.start, part.end());
        let mut stored = 0u32;
        while at < end && self.pieces.len() <= max_fragments {
            let (gap_end, next) = match self.overlap(at, end) {
                Some((from, to)) if from <= at => (at, to),
                Some((from, to)) => (from, to),
                None => (end, end),
            };
            if gap_end > at {
                let index = |octet: u32| usize::try_from(octet.saturating_sub(part.start)).unwrap_or(usize::MAX);
                let octets = part.data.get(index(at)..index(gap_end)).unwrap_or(&[]);
                self.pieces.insert(at, octets.to_vec());
                stored = stored.saturating_add(len32(octets.len()));
            }
            at = next;
        }
        self.received = self.received.saturating_add(stored);
        stored
    }
}
