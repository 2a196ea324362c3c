//! What was counted and measured, stage by stage.

use std::collections::BTreeMap;
use std::time::Duration;

use super::compare::{Fault, Faults};

/// A stage's line of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The stage.
    pub name: &'static str,
    /// Packets that it took.
    pub entered: u64,
    /// Packets that came out.
    pub left: u64,
    /// Packets that it lost or dropped, by reason.
    pub discards: BTreeMap<String, u64>,
    /// Packets that are not for it and went on without it, by reason.
    pub passed_by: BTreeMap<String, u64>,
    /// Octets that packets grew by; below 0 where something is taken off.
    pub overhead: i64,
    /// What else is worth knowing, in order.
    pub notes: Vec<(String, u64)>,
    /// How long it took.
    pub timing: Timing,
}

/// Time that work took, and how much work that was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Time.
    pub elapsed: Duration,
    /// Packets.
    pub packets: u64,
    /// Octets of the packets as they went in.
    pub octets: u64,
}

impl Timing {
    /// Adds some work.
    pub fn add(&mut self, elapsed: Duration, packets: usize, octets: usize) {
        self.elapsed = self.elapsed.saturating_add(elapsed);
        self.packets = self.packets.saturating_add(number(packets));
        self.octets = self.octets.saturating_add(number(octets));
    }

    /// Nanoseconds a packet.
    #[must_use]
    pub fn nanoseconds(&self) -> Option<f64> {
        (self.packets > 0).then(|| self.elapsed.as_secs_f64() * 1e9 / float(self.packets))
    }

    /// Gigabits a second.
    #[must_use]
    pub fn gigabits(&self) -> Option<f64> {
        (self.packets > 0 && !self.elapsed.is_zero()).then(|| float(self.octets) * 8e-9 / self.elapsed.as_secs_f64())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a quotient for people, whose digits are the first ones")]
fn float(number: u64) -> f64 {
    number as f64
}

/// A number of things.
pub(super) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Row {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    /// A packet went in.
    pub(super) const fn enter(&mut self) {
        self.entered = self.entered.saturating_add(1);
    }

    /// A packet that went in came out.
    pub(super) fn leave(&mut self, before: usize, after: usize) {
        self.left = self.left.saturating_add(1);
        let signed = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
        self.overhead = self.overhead.saturating_add(signed(after).saturating_sub(signed(before)));
    }

    /// A packet that went in did not come out.
    pub(super) fn discard(&mut self, reason: &str) {
        bump(&mut self.discards, reason);
    }

    /// A packet went on without this stage.
    pub(super) fn pass(&mut self, reason: &str) {
        bump(&mut self.passed_by, reason);
    }

    /// Adds to a note.
    pub(super) fn note(&mut self, what: &str, count: u64) {
        match self.notes.iter_mut().find(|(known, _)| known == what) {
            Some((_, known)) => *known = known.saturating_add(count),
            None => self.notes.push((what.to_owned(), count)),
        }
    }

    /// Packets discarded.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        sum(&self.discards)
    }

    /// Packets that went on without this stage.
    #[must_use]
    pub fn passed(&self) -> u64 {
        sum(&self.passed_by)
    }
}

fn bump(counts: &mut BTreeMap<String, u64>, reason: &str) {
    match counts.get_mut(reason) {
        Some(count) => *count = count.saturating_add(1),
        None => {
            counts.insert(reason.to_owned(), 1);
        }
    }
}

fn sum(counts: &BTreeMap<String, u64>) -> u64 {
    counts.values().fold(0, |sum, count| sum.saturating_add(*count))
}

/// A whole tour.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The capture.
    pub name: String,
    /// Seed of keys and of the line's faults.
    pub seed: u64,
    /// Probability that the line loses a cell.
    pub loss: f64,
    /// Its frames; those without an IP packet are discards.
    pub capture: Row,
    /// The stages, in order.
    pub rows: Vec<Row>,
    /// What is wrong.
    pub faults: Faults,
}

impl Report {
    /// Adds a fault for each stage that does not balance: what went in came out or was discarded, and what left a stage or passed it by came to
    /// the next one.
    pub fn check_balance(&mut self) {
        let mut coming = None;
        for row in std::iter::once(&self.capture).chain(&self.rows) {
            let accounted = row.left.saturating_add(row.discarded());
            let mut wrong = |what: String| self.faults.push(Fault { stage: row.name, frame: None, octet: None, what });
            if accounted != row.entered {
                wrong(format!("does not balance: {} packets in, {accounted} out or discarded", row.entered));
            }
            let came = row.entered.saturating_add(row.passed());
            if let Some(coming) = coming.filter(|coming| *coming != came) {
                wrong(format!("does not balance: {coming} packets were to come, {came} did"));
            }
            coming = Some(row.left.saturating_add(row.passed()));
        }
    }
}
