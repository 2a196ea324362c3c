//! Keeps lanes full: messages of any lengths go in, each lane takes the next one as soon as it is free.
//!
//! A message is a few runs of blocks: those that lie whole in its pieces are read where they are, what is left over and blocks across the border of two
//! pieces are put together in a lane's scratch, with the padding behind the last. All lanes step together by as many blocks as the shortest run has.
//! Longer messages go first, so that the lanes run empty together at the end. Of HMAC the inner hashes go through the lanes; their digests are
//! collected until there is one for each lane, and then take the outer hash's one block in lockstep.

use super::backend::{Backend, Columns, MAX_LANES, Rows, Visitor};
use super::{Algorithm, BLOCK_LEN, Segments, State};
use crate::Engine;
use crate::order::{Order, WINDOW};

/// Blocks of a lane's scratch: two of message octets, and one more for the padding.
const SCRATCH: usize = 3;
/// Message octets that scratch takes at most.
const SCRATCH_OCTETS: usize = 128;
/// In place of a message: the lane has none.
const FREE: usize = usize::MAX;

/// The messages of a call.
pub(crate) trait Jobs<'a> {
    /// Whether [`Jobs::states`] gives HMAC's two states.
    const KEYED: bool;

    fn len(&self) -> usize;
    fn segments(&self, index: usize) -> Segments<'a>;
    /// The states after the key's block: inner, outer.
    fn states(&self, index: usize) -> Option<&'a [State; 2]>;
}

/// Hashes all `jobs` and hands each result to `sink`, in any order.
pub(crate) fn run<'a, A: Algorithm, J: Jobs<'a>>(engine: Engine, jobs: &J, sink: impl FnMut(usize, &State)) {
    A::visit(engine, Run { jobs, sink, function: core::marker::PhantomData::<A>, lifetime: core::marker::PhantomData::<&'a ()> });
}

struct Run<'j, 'a, A, J, S> {
    jobs: &'j J,
    sink: S,
    function: core::marker::PhantomData<A>,
    lifetime: core::marker::PhantomData<&'a ()>,
}

impl<'a, A: Algorithm, J: Jobs<'a>, S: FnMut(usize, &State)> Visitor<A> for Run<'_, 'a, A, J, S> {
    type Result = ();

    fn visit<B: Backend<A>>(mut self, backend: B) {
        let count = self.jobs.len();
        let mut outer = Outer::new();
        let mut first = 0;
        while first < count {
            let end = count.min(first.saturating_add(WINDOW));
            Window::<A, B, J>::new(backend, self.jobs, first, end).run(&mut outer, &mut self.sink);
            first = end;
        }
        outer.flush::<A, B>(backend, &mut self.sink);
    }
}

/// What a lane is at.
#[derive(Clone, Copy, Default)]
struct Lane<'a> {
    message: usize,
    /// What comes behind the run: the rest of this piece, then these.
    piece: &'a [u8],
    pieces: &'a [&'a [u8]],
    /// All octets of the message, the key's block included.
    octets: u64,
    /// The run has the padding.
    ending: bool,
    run: Run64<'a>,
}

/// Blocks to take: in the message, or in the lane's scratch.
#[derive(Clone, Copy)]
enum Run64<'a> {
    Message(&'a [[u8; BLOCK_LEN]]),
    Scratch { from: usize, to: usize },
}

impl Default for Run64<'_> {
    fn default() -> Self {
        Self::Scratch { from: 0, to: 0 }
    }
}

type Scratch = [[u8; BLOCK_LEN]; SCRATCH];

impl<'a> Lane<'a> {
    fn new(message: usize, segments: Segments<'a>, before: u64) -> Self {
        let octets = before.wrapping_add(segments.octets() as u64);
        Self { message, piece: segments.first(), pieces: segments.rest(), octets, ending: false, run: Run64::default() }
    }

    /// The blocks that are to be taken.
    #[inline]
    fn row<'s>(&'s self, scratch: &'s Scratch) -> &'s [[u8; BLOCK_LEN]] {
        match self.run {
            Run64::Message(blocks) => blocks,
            Run64::Scratch { from, to } => scratch.get(from..to).unwrap_or(&[]),
        }
    }

    /// Leaves out `blocks` blocks of the run; says whether it is at its end.
    #[inline]
    fn consume(&mut self, blocks: usize) -> bool {
        match &mut self.run {
            Run64::Message(run) => {
                *run = run.get(blocks..).unwrap_or(&[]);
                run.is_empty()
            }
            Run64::Scratch { from, to } => {
                *from = from.saturating_add(blocks);
                *from >= *to
            }
        }
    }

    /// Finds the next run, of one block at least; `false` where the message is at its end.
    #[inline]
    fn next_run<A: Algorithm>(&mut self, scratch: &mut Scratch) -> bool {
        if self.ending {
            return false;
        }
        // A short rest is not worth a run of its own beside the padding's.
        if self.piece.len() >= BLOCK_LEN && !(self.pieces.is_empty() && self.piece.len() <= SCRATCH_OCTETS) {
            let (blocks, rest) = self.piece.as_chunks();
            self.run = Run64::Message(blocks);
            self.piece = rest;
            return true;
        }
        *scratch = [[0; BLOCK_LEN]; SCRATCH];
        let octets = scratch.as_flattened_mut();
        let mut filled: usize = 0;
        loop {
            let taken = self.piece.len().min(SCRATCH_OCTETS.saturating_sub(filled));
            let (take, rest) = self.piece.split_at_checked(taken).unwrap_or((&[], &[]));
            if let Some(place) = octets.get_mut(filled..filled.saturating_add(taken)) {
                place.copy_from_slice(take);
            }
            filled = filled.saturating_add(taken);
            self.piece = rest;
            if rest.is_empty() {
                match self.pieces.split_first() {
                    Some((piece, pieces)) => (self.piece, self.pieces) = (piece, pieces),
                    None => break,
                }
            } else if filled == SCRATCH_OCTETS {
                self.run = Run64::Scratch { from: 0, to: SCRATCH_OCTETS / BLOCK_LEN };
                return true;
            }
            if filled == BLOCK_LEN && self.piece.len() >= BLOCK_LEN {
                self.run = Run64::Scratch { from: 0, to: 1 };
                return true;
            }
        }
        self.run = Run64::Scratch { from: 0, to: pad::<A>(octets, filled, self.octets) };
        self.ending = true;
        true
    }
}

/// Puts the padding behind `filled` octets of a scratch that has zeros there; the number of blocks that makes. `octets` is the length to be told.
#[inline]
fn pad<A: Algorithm>(scratch: &mut [u8], filled: usize, octets: u64) -> usize {
    if let Some(octet) = scratch.get_mut(filled) {
        *octet = 0x80;
    }
    let blocks = filled.wrapping_add(8) / BLOCK_LEN;
    let bits = octets.wrapping_shl(3);
    let length = if A::BIG_ENDIAN { bits.to_be_bytes() } else { bits.to_le_bytes() };
    if let Some(block) = scratch.as_chunks_mut::<BLOCK_LEN>().0.get_mut(blocks)
        && let Some(place) = block.last_chunk_mut()
    {
        *place = length;
    }
    blocks.wrapping_add(1)
}

/// The hash of one message after `before` octets, by RustCrypto.
pub(crate) fn finish_alone<A: Algorithm>(state: &mut State, before: u64, segments: Segments<'_>) {
    let mut lane = Lane::new(0, segments, before);
    let mut scratch = [[0; BLOCK_LEN]; SCRATCH];
    while lane.next_run::<A>(&mut scratch) {
        A::compress(state, lane.row(&scratch));
    }
}

/// Up to 256 messages on their way through the lanes.
struct Window<'j, 'a, A: Algorithm, B: Backend<A>, J: Jobs<'a>> {
    backend: B,
    jobs: &'j J,
    first: usize,
    /// Of messages counted from `first`.
    order: Order,
    count: usize,
    /// How many of `order` have started.
    started: usize,
    function: core::marker::PhantomData<A>,
    lifetime: core::marker::PhantomData<&'a ()>,
}

impl<'j, 'a, A: Algorithm, B: Backend<A>, J: Jobs<'a>> Window<'j, 'a, A, B, J> {
    fn new(backend: B, jobs: &'j J, first: usize, end: usize) -> Self {
        let count = end.saturating_sub(first);
        Self {
            backend,
            jobs,
            first,
            order: Order::new(),
            count,
            started: 0,
            function: core::marker::PhantomData,
            lifetime: core::marker::PhantomData,
        }
    }

    fn run(&mut self, outer: &mut Outer, sink: &mut impl FnMut(usize, &State)) {
        let (jobs, first) = (self.jobs, self.first);
        self.order.sort(self.count, B::LANES, |offset| jobs.segments(first.wrapping_add(offset)).octets() / BLOCK_LEN);
        let mut lanes = [Lane::default(); MAX_LANES];
        let mut scratch = [[[0; BLOCK_LEN]; SCRATCH]; MAX_LANES];
        let mut states = Columns::ZERO;
        let mut active = 0;
        for (lane, scratch) in lanes.iter_mut().zip(&mut scratch).take(B::LANES) {
            if !self.start(active, lane, scratch, &mut states) {
                break;
            }
            active = active.wrapping_add(1);
        }
        while active > 0 {
            let blocks = self.step(active, &lanes, &scratch, &mut states);
            let mut free = 0_usize;
            for (at, (lane, own)) in lanes.iter_mut().zip(&mut scratch).enumerate().take(active) {
                if lane.consume(blocks) && !lane.next_run::<A>(own) {
                    let message = lane.message;
                    if J::KEYED {
                        outer.push::<A, B>(self.backend, message, self.jobs.states(message), &states.lane::<A>(at), sink);
                    } else {
                        sink(message, &states.lane::<A>(at));
                    }
                    if !self.start(at, lane, own, &mut states) {
                        lane.message = FREE;
                        free = free.wrapping_add(1);
                    }
                }
            }
            if free > 0 {
                active = compact::<A>(active, free, &mut lanes, &mut scratch, &mut states);
            }
        }
    }

    /// Gives the lane the next message, if there is one.
    #[inline]
    fn start(&mut self, at: usize, lane: &mut Lane<'a>, scratch: &mut Scratch, states: &mut Columns) -> bool {
        if self.started >= self.count {
            return false;
        }
        let message = self.first.wrapping_add(self.order.at(self.started));
        self.started = self.started.wrapping_add(1);
        let before = if J::KEYED { BLOCK_LEN as u64 } else { 0 };
        *lane = Lane::new(message, self.jobs.segments(message), before);
        let state = if J::KEYED { self.jobs.states(message).map_or(&A::INITIAL, |[inner, _]| inner) } else { &A::INITIAL };
        states.set_lane::<A>(at, state);
        lane.next_run::<A>(scratch)
    }

    #[inline]
    fn step(&self, active: usize, lanes: &[Lane<'a>; MAX_LANES], scratch: &[Scratch; MAX_LANES], states: &mut Columns) -> usize {
        // Lanes without a message read along with the first.
        let [first, ..] = lanes;
        let [first_scratch, ..] = scratch;
        let mut rows = Rows::new(first.row(first_scratch));
        for (at, (lane, scratch)) in lanes.iter().zip(scratch).enumerate().take(active) {
            rows.set(at, lane.row(scratch));
        }
        self.backend.blocks(active, states, &rows)
    }
}

/// Brings the lanes that have messages to the front, so that a kernel with fewer lanes can do; their number.
fn compact<A: Algorithm>(
    active: usize,
    free: usize,
    lanes: &mut [Lane<'_>; MAX_LANES],
    scratch: &mut [Scratch; MAX_LANES],
    states: &mut Columns,
) -> usize {
    let left = active.saturating_sub(free);
    let (mut to, mut from) = (0, left);
    while to < left && from < active {
        if lanes.get(to).is_some_and(|lane| lane.message != FREE) {
            to = to.wrapping_add(1);
        } else if lanes.get(from).is_some_and(|lane| lane.message == FREE) {
            from = from.wrapping_add(1);
        } else {
            lanes.swap(to, from);
            scratch.swap(to, from);
            let state = states.lane::<A>(from);
            states.set_lane::<A>(to, &state);
        }
    }
    left
}

/// Inner digests that wait for the outer hash.
struct Outer {
    states: Columns,
    words: Columns,
    messages: [usize; MAX_LANES],
    count: usize,
}

impl Outer {
    fn new() -> Self {
        Self { states: Columns::ZERO, words: Columns::ZERO, messages: [0; MAX_LANES], count: 0 }
    }

    #[inline]
    fn push<A: Algorithm, B: Backend<A>>(
        &mut self,
        backend: B,
        message: usize,
        states: Option<&[State; 2]>,
        inner: &State,
        sink: &mut impl FnMut(usize, &State),
    ) {
        if let Some(place) = self.messages.get_mut(self.count) {
            *place = message;
        }
        self.words.set_lane::<A>(self.count, inner);
        self.states.set_lane::<A>(self.count, states.map_or(&A::INITIAL, |[_, outer]| outer));
        self.count = self.count.wrapping_add(1);
        if self.count >= B::LANES {
            self.flush::<A, B>(backend, sink);
        }
    }

    fn flush<A: Algorithm, B: Backend<A>>(&mut self, backend: B, sink: &mut impl FnMut(usize, &State)) {
        if self.count == 0 {
            return;
        }
        backend.digests(self.count, &mut self.states, &self.words);
        for (at, message) in self.messages.iter().enumerate().take(self.count) {
            sink(*message, &self.states.lane::<A>(at));
        }
        self.count = 0;
    }
}
