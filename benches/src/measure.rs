//! Interleaved measurement. Times of a shared machine drift, so contenders take turns in short slices; only the ratios of
//! neighbouring slices are trusted, and of those the median.

use std::borrow::Borrow;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Slices that each contender gets.
const SLICES: usize = 40;
/// How long a slice takes, about.
const SLICE: Duration = Duration::from_micros(1500);

/// One way to do a work item.
pub struct Contender {
    /// The crate's name.
    pub name: &'static str,
    run: Box<dyn Fn(u64) -> Duration>,
}

impl Contender {
    /// `work` applied to `inputs` in rotation. The compiler knows neither the inputs nor what becomes of the results.
    pub fn new<I: Borrow<T> + 'static, T: ?Sized + 'static, R>(
        name: &'static str,
        inputs: Vec<I>,
        work: impl Fn(&T) -> R + 'static,
    ) -> Self {
        Self { name, run: Box::new(move |operations| timed(&inputs, operations, &work)) }
    }

    /// The same, each of whose inputs is a batch of `messages`: a message is an operation.
    #[must_use]
    pub fn of_batches(self, messages: usize) -> Self {
        let messages = messages as u64;
        let batches = self.run;
        let run = move |operations: u64| {
            let whole = operations.div_ceil(messages).max(1);
            batches(whole).mul_f64(operations as f64 / (whole * messages) as f64)
        };
        Self { name: self.name, run: Box::new(run) }
    }

    /// How long `operations` operations take. They are done in whole rotations; the time is scaled to the number asked for.
    #[must_use]
    pub fn run(&self, operations: u64) -> Duration {
        (self.run)(operations)
    }

    fn nanoseconds(&self, operations: u64) -> f64 {
        self.run(operations).as_secs_f64() * 1e9 / operations as f64
    }
}

/// Kept out of line so that every contender gets a loop of its own, made in the same way. The inputs are out of the
/// compiler's sight once they went through `black_box`, and each result's `black_box` might change them again.
#[inline(never)]
fn timed<I: Borrow<T>, T: ?Sized, R>(inputs: &[I], operations: u64, work: impl Fn(&T) -> R) -> Duration {
    let rotation = inputs.len() as u64;
    let rotations = operations.div_ceil(rotation).max(1);
    let start = Instant::now();
    for _ in 0..rotations {
        for input in black_box(inputs) {
            black_box(work(input.borrow()));
        }
    }
    start.elapsed().mul_f64(operations as f64 / (rotations * rotation) as f64)
}

/// What ours is measured against.
pub enum Peer {
    /// Another crate; the factor by which ours must be faster, if there is a budget.
    Crate(Contender, Option<f64>),
    /// A fixed number of nanoseconds.
    Nanoseconds(&'static str, f64),
}

/// A work item: ours and its peers.
pub struct Work {
    /// What is done.
    pub name: &'static str,
    /// The family's way.
    pub ours: Contender,
    /// The others.
    pub peers: Vec<Peer>,
}

/// What a row counts, the fewer the better.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds an operation, measured.
    Nanoseconds,
    /// Octets of memory or of a packet, which are what they are.
    Octets,
}

impl Unit {
    /// As tables have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Octets => "octets",
        }
    }
}

/// One line of the table.
pub struct Row {
    /// The work item.
    pub work: &'static str,
    /// What is counted.
    pub unit: Unit,
    /// Ours; of times the median.
    pub ours: f64,
    /// The peer's name.
    pub peer: &'static str,
    /// The peer's; of times the median.
    pub theirs: f64,
    /// Median over the slices of the peer's time divided by ours.
    pub ratio: f64,
    /// The ratio needed, if there is a budget.
    pub budget: Option<f64>,
}

impl Row {
    /// A number of octets that must not be more than another.
    #[must_use]
    pub fn octets(work: &'static str, ours: usize, peer: &'static str, theirs: usize) -> Self {
        let (ours, theirs) = (ours as f64, theirs as f64);
        Self { work, unit: Unit::Octets, ours, peer, theirs, ratio: theirs / ours, budget: Some(1.0) }
    }

    /// Whether the budget is met; where there is none, there is nothing to miss.
    #[must_use]
    pub fn met(&self) -> bool {
        self.budget.is_none_or(|budget| self.ratio >= budget)
    }
}

impl Work {
    /// Ours, then those peers that are crates.
    pub fn contenders(&self) -> impl Iterator<Item = &Contender> {
        let peers = self.peers.iter().filter_map(|peer| match peer {
            Peer::Crate(contender, _) => Some(contender),
            Peer::Nanoseconds(..) => None,
        });
        std::iter::once(&self.ours).chain(peers)
    }

    /// Measures all contenders, interleaved, and gives a row for each peer.
    #[must_use]
    pub fn measure(&self) -> Vec<Row> {
        let contenders: Vec<&Contender> = self.contenders().collect();
        let operations: Vec<u64> = contenders.iter().map(|contender| operations_of_a_slice(contender)).collect();
        let mut times = vec![Vec::with_capacity(SLICES); contenders.len()];
        for slice in 0..SLICES {
            // Another contender begins each time, so that none always follows the same one.
            for turn in 0..contenders.len() {
                let index = (slice + turn) % contenders.len();
                times[index].push(contenders[index].nanoseconds(operations[index]));
            }
        }
        let ours = &times[0];
        let mut peer_times = times[1..].iter();
        self.peers
            .iter()
            .map(|peer| {
                let (name, theirs, budget) = match peer {
                    Peer::Crate(contender, budget) => (contender.name, peer_times.next().cloned().unwrap_or_default(), *budget),
                    Peer::Nanoseconds(name, nanoseconds) => (*name, vec![*nanoseconds; SLICES], Some(1.0)),
                };
                let ratios = theirs.iter().zip(ours).map(|(peer, ours)| peer / ours).collect();
                Row {
                    work: self.name,
                    unit: Unit::Nanoseconds,
                    ours: median(ours.clone()),
                    peer: name,
                    theirs: median(theirs),
                    ratio: median(ratios),
                    budget,
                }
            })
            .collect()
    }
}

/// The number of operations that fill a slice. Finding it warms caches and branch predictors too.
fn operations_of_a_slice(contender: &Contender) -> u64 {
    let mut operations = 64;
    loop {
        let time = contender.run(operations);
        if time >= SLICE {
            let wanted = operations as f64 * SLICE.as_secs_f64() / time.as_secs_f64();
            return (wanted as u64).max(1);
        }
        operations *= 2;
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.as_slice() {
        [] => f64::NAN,
        values if values.len() % 2 == 1 => values[middle],
        values => f64::midpoint(values[middle - 1], values[middle]),
    }
}
