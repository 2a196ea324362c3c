//! Packets through steps that belong together, such as sealing and opening: each step with its row of the table, its check and its time.

use std::borrow::Cow;
use std::ops::Range;
use std::time::{Duration, Instant};

use ip_wire::PacketBuf;

use super::compare::{Fault, Faults, compare};
use super::table::Row;

/// A packet with room before and behind it.
pub(super) type Buf = PacketBuf<Vec<u8>>;

/// Packets that a crate takes at once.
const AT_ONCE: usize = 32;
/// How far the times of packets are apart that are taken at once.
const SPAN: Duration = Duration::from_secs(1);
/// How many times that long a chain is measured at most, copies included: no step waits for ever for another one that is slow.
const AT_MOST: u32 = 8;
/// Packets that are measured at once, where there are so few that the clock would count.
const REPEATED: usize = 256;
/// Octets that such packets have at most.
const REPEATED_OCTETS: usize = 4 << 20;

/// A packet on its tour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Traveller {
    /// The number of its frame.
    pub(super) frame: u64,
    /// When it came, since the first one.
    pub(super) time: Duration,
    pub(super) octets: Vec<u8>,
    /// What it was before it was sealed for the link.
    pub(super) plain: Option<Vec<u8>>,
    /// It is not there any more.
    pub(super) lost: bool,
}

/// What it means that a step refuses a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not for this step.
    PassBy,
    /// It may be dropped here.
    Discard,
    /// It should have been taken.
    Fault,
}

/// Work on packets.
pub(super) trait Step {
    /// Takes each packet; a refused one stays as it was.
    fn run(&mut self, times: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]);

    /// What a refusal means.
    fn refusal(&self) -> Refusal;

    /// Whether a packet that was taken looks as it must, read plainly.
    fn check(&self, before: &[u8], after: &[u8]) -> Result<(), String>;

    /// What follows is only measured: the state is to be kept as it is for the packets that really come.
    fn rehearse(&mut self) {}

    /// The next packets really come.
    fn resume(&mut self) {}
}

/// What steps are to make of packets.
pub(super) trait Rules {
    /// Whether a packet is for the steps at all, or why not.
    fn admits(&self, _: &Traveller) -> Result<(), &'static str> {
        Ok(())
    }

    /// What is to come out of the last step; `None` if that is not known yet.
    fn expected<'t>(&mut self, traveller: &'t Traveller) -> Option<Cow<'t, [u8]>>;

    /// Takes what came out.
    fn arrive(&mut self, traveller: &mut Traveller, found: Vec<u8>) {
        traveller.octets = found;
    }
}

/// What went in comes out.
pub(super) struct Same;

impl Rules for Same {
    fn expected<'t>(&mut self, traveller: &'t Traveller) -> Option<Cow<'t, [u8]>> {
        Some(Cow::Borrowed(&traveller.octets))
    }
}

/// Steps, and room to work in.
pub(super) struct Chain {
    headroom: usize,
    tailroom: usize,
    /// How long a step is measured.
    measured: Duration,
    bufs: Vec<Buf>,
    results: Vec<Result<(), String>>,
}

impl Chain {
    pub(super) const fn new(headroom: usize, tailroom: usize, measured: Duration) -> Self {
        Self { headroom, tailroom, measured, bufs: Vec::new(), results: Vec::new() }
    }

    /// Takes a batch through `steps`, which have a row each.
    pub(super) fn pass(
        &mut self,
        steps: &mut [&mut dyn Step],
        rows: &mut [Row],
        batch: &mut Vec<Traveller>,
        rules: &mut dyn Rules,
        faults: &mut Faults,
    ) {
        let mut members = Vec::with_capacity(batch.len());
        for (at, traveller) in batch.iter().enumerate() {
            match rules.admits(traveller) {
                Ok(()) => members.push(at),
                Err(reason) => rows.iter_mut().for_each(|row| row.pass(reason)),
            }
        }
        self.load(batch, &members);
        for place in 0..steps.len() {
            let Some(step) = steps.get_mut(place) else { break };
            let (here, behind) = rows.split_at_mut(place.saturating_add(1));
            let Some(row) = here.last_mut() else { break };
            self.walk(&mut **step, row, behind, batch, &mut members, faults);
        }
        let found: Vec<Vec<u8>> = self.bufs.iter().take(members.len()).map(|buf| buf.octets().to_vec()).collect();
        let last = rows.last().map_or("", |row| row.name);
        for (traveller, found) in members.iter().filter_map(|at| batch.get(*at)).zip(&found) {
            if let Some(octet) = rules.expected(traveller).and_then(|expected| compare(&expected, found)) {
                faults.push(Fault::difference(last, traveller.frame, octet));
            }
        }
        self.measure(steps, rows, batch, &members, faults);
        for (at, found) in members.into_iter().zip(found) {
            if let Some(traveller) = batch.get_mut(at) {
                rules.arrive(traveller, found);
            }
        }
        batch.retain(|traveller| !traveller.lost);
    }

    /// Takes the loaded packets through one step, and leaves those that it took.
    fn walk(
        &mut self,
        step: &mut dyn Step,
        row: &mut Row,
        behind: &mut [Row],
        batch: &mut [Traveller],
        members: &mut Vec<usize>,
        faults: &mut Faults,
    ) {
        let before: Vec<Vec<u8>> = self.bufs.iter().take(members.len()).map(|buf| buf.octets().to_vec()).collect();
        self.run(step, &times(batch, members));
        let mut kept = 0usize;
        for (at, before) in before.iter().enumerate() {
            let (Some(member), Some(buf)) = (members.get(at).copied(), self.bufs.get(at)) else { break };
            let Some(traveller) = batch.get_mut(member) else { break };
            let result = self.results.get(at).cloned().unwrap_or_else(|| Err("no result".into()));
            match (result, step.refusal()) {
                (Ok(()), _) => {
                    row.enter();
                    row.leave(before.len(), buf.len());
                    if let Err(what) = step.check(before, buf.octets()) {
                        faults.push(Fault::new(row.name, traveller.frame, what));
                    }
                    members.swap(kept, at);
                    self.bufs.swap(kept, at);
                    kept = kept.saturating_add(1);
                    continue;
                }
                (Err(reason), Refusal::PassBy) => {
                    row.pass(&reason);
                    behind.iter_mut().for_each(|later| later.pass(&format!("passed by {}", row.name)));
                    if let Some(octet) = compare(before, buf.octets()) {
                        faults.push(Fault::new(row.name, traveller.frame, format!("refused and changed: {octet}")));
                    }
                }
                (Err(reason), refusal) => {
                    row.enter();
                    row.discard(&reason);
                    traveller.lost = true;
                    if refusal == Refusal::Fault {
                        faults.push(Fault::new(row.name, traveller.frame, format!("did not come out: {reason}")));
                    }
                }
            }
        }
        members.truncate(kept);
    }

    /// Measures the steps on copies of the packets that go through all of them.
    fn measure(
        &mut self,
        steps: &mut [&mut dyn Step],
        rows: &mut [Row],
        batch: &[Traveller],
        members: &[usize],
        faults: &mut Faults,
    ) {
        if members.is_empty() {
            return;
        }
        let octets = members.iter().filter_map(|at| batch.get(*at)).map(|traveller| traveller.octets.len());
        let octets = octets.fold(0usize, usize::saturating_add);
        let fit = REPEATED_OCTETS.checked_div(octets).unwrap_or(1);
        let count = members.len().saturating_mul(REPEATED.div_ceil(members.len()).min(fit).max(1));
        let members: Vec<usize> = members.iter().copied().cycle().take(count).collect();
        let times = times(batch, &members);
        steps.iter_mut().for_each(|step| step.rehearse());
        let begin = Instant::now();
        loop {
            self.load(batch, &members);
            let mut refused = false;
            for (step, row) in steps.iter_mut().zip(rows.iter_mut()) {
                let octets = self.bufs.iter().take(count).fold(0usize, |sum, buf| sum.saturating_add(buf.len()));
                let elapsed = self.run(&mut **step, &times);
                row.timing.add(elapsed, count, octets);
                if let Some(Err(reason)) = self.results.iter().find(|result| result.is_err()) {
                    let what = format!("a packet that was taken once is refused when repeated: {reason}");
                    faults.push(Fault { stage: row.name, frame: None, octet: None, what });
                    refused = true;
                    break;
                }
            }
            let long = begin.elapsed() >= self.measured.saturating_mul(AT_MOST);
            if refused || long || rows.iter().all(|row| row.timing.elapsed >= self.measured) {
                break;
            }
        }
        steps.iter_mut().for_each(|step| step.resume());
    }

    /// Runs a step on as many packets as there are times, and says how long that took.
    fn run(&mut self, step: &mut dyn Step, times: &[Duration]) -> Duration {
        self.results.clear();
        self.results.resize(times.len(), Ok(()));
        let packets = self.bufs.get_mut(..times.len()).unwrap_or_default();
        let begin = Instant::now();
        step.run(times, packets, &mut self.results);
        begin.elapsed()
    }

    /// Copies the members' packets to where the steps work.
    fn load(&mut self, batch: &[Traveller], members: &[usize]) {
        for (at, traveller) in members.iter().filter_map(|at| batch.get(*at)).enumerate() {
            let storage = match self.bufs.get_mut(at) {
                Some(buf) => take(buf).into_storage(),
                None => Vec::new(),
            };
            let Some(buf) = filled(storage, &traveller.octets, self.headroom, self.tailroom) else { continue };
            match self.bufs.get_mut(at) {
                Some(place) => *place = buf,
                None => self.bufs.push(buf),
            }
        }
    }
}

fn times(batch: &[Traveller], members: &[usize]) -> Vec<Duration> {
    members.iter().filter_map(|at| batch.get(*at)).map(|traveller| traveller.time).collect()
}

/// A packet in `storage` with room around it; there is always enough.
fn filled(mut storage: Vec<u8>, octets: &[u8], headroom: usize, tailroom: usize) -> Option<Buf> {
    let end = headroom.saturating_add(octets.len());
    if storage.len() < end.saturating_add(tailroom) {
        storage.resize(end.saturating_add(tailroom), 0);
    }
    storage.get_mut(headroom..end)?.copy_from_slice(octets);
    PacketBuf::new(storage, headroom, octets.len()).ok()
}

/// Takes a packet out, and leaves an empty one.
pub(super) fn take(buf: &mut Buf) -> Buf {
    match PacketBuf::empty(Vec::new(), 0) {
        Ok(empty) => std::mem::replace(buf, empty),
        // An empty packet fits anywhere.
        Err(_) => buf.clone(),
    }
}

/// Ranges of packets that may be taken at once, each with the time of its first packet.
pub(super) fn groups(times: &[Duration]) -> impl Iterator<Item = (Duration, Range<usize>)> + '_ {
    let mut start = 0usize;
    std::iter::from_fn(move || {
        let first = *times.get(start)?;
        let near = times.iter().skip(start).take(AT_ONCE).take_while(|time| time.abs_diff(first) < SPAN).count();
        let range = start..start.saturating_add(near.max(1));
        start = range.end;
        Some((first, range))
    })
}

/// Takes packets through a call of a crate that takes many at once, and says why each is refused that is.
pub(super) fn grouped<R: Copy, E: Copy>(
    times: &[Duration],
    packets: &mut [Buf],
    results: &mut [Result<(), String>],
    unknown: E,
    reason: impl Fn(&E) -> String,
    mut with: impl FnMut(Duration, &mut [Buf], &mut [Result<R, E>]) -> Result<(), E>,
) {
    let mut found = [Err(unknown); AT_ONCE];
    for (time, range) in groups(times) {
        let (Some(packets), Some(results)) = (packets.get_mut(range.clone()), results.get_mut(range)) else { return };
        let found = found.get_mut(..packets.len()).unwrap_or_default();
        let done = with(time, packets, found);
        for (result, found) in results.iter_mut().zip(found) {
            let outcome = done.and(found.map(drop));
            if let Err(error) = outcome {
                *result = Err(reason(&error));
            }
        }
    }
}

#[cfg(test)]
mod tests;
