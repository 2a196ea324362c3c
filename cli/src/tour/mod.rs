//! The command `tour`: a capture through the whole family, every packet compared with what it was.
//!
//! ```text
//! capture -> mark -> LLPF seal -> AAL5 segment => line => AAL5 reassemble -> LLPF filter -> ESP seal -> ESP open
//!         -> NGISec seal -> NAT -> NGISec open -> 6to4 encapsulate -> 6to4 decapsulate
//! ```
//!
//! Packets go in batches, stage by stage; state (meters, key tables, associations, translations, the line) goes on from batch to batch. A stage
//! takes what it can take. The rest passes it by and goes on, with its reason counted. Nothing gets lost but on the line and for want of a port.

mod chain;
mod compare;
mod esp;
mod link;
mod mark;
mod ngisec;
mod picture;
mod reasons;
mod six_to_four;
mod table;
mod text;
mod trailer;

use std::fs;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use chain::{Chain, Same, Traveller};
pub use compare::{Fault, Faults, Octet, compare};
pub use picture::svg;
pub use table::{Report, Row, Timing};
pub use text::{json, table};

use crate::args::Tour;
use crate::capture::{Capture, CaptureError};
use crate::progress::Progress;
use crate::run::Outcome;
use crate::totals::random;

/// Packets of a batch, and octets after which it is full.
const BATCH: usize = 1024;
const BATCH_OCTETS: usize = 4 << 20;
/// Octets that a stage may need before and behind a packet; NGISec has whole headers to put before it.
const ROOM: usize = 128;

/// The stages, in order.
const STAGES: [&str; 12] = [
    "mark",
    "LLPF seal",
    "AAL5 segment",
    "AAL5 reassemble",
    "LLPF filter",
    "ESP seal",
    "ESP open",
    "NGISec seal",
    "NAT",
    "NGISec open",
    "6to4 encapsulate",
    "6to4 decapsulate",
];

/// What a tour is to be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Seed of all keys and of the line's losses.
    pub seed: u64,
    /// Probability that the line loses a cell.
    pub loss: f64,
    /// How long a stage is measured: again and again the packets of a batch, until it is that long in all.
    pub measured: Duration,
}

impl Default for Options {
    /// Seed 1, one cell of a hundred lost, 20 ms.
    fn default() -> Self {
        Self { seed: 1, loss: 0.01, measured: Duration::from_millis(20) }
    }
}

/// Runs `tour`.
pub(crate) fn run(args: &Tour, out: &mut dyn Write) -> Result<Outcome> {
    let mut capture = match &args.file {
        Some(path) => Capture::open(path)?,
        None => Capture::sample()?,
    };
    let progress = Progress::over(args.file.as_deref());
    let options = Options { seed: args.seed, loss: args.loss, ..Options::default() };
    let (report, damage) = travel(&mut capture, &options, &mut |frames, octets| progress.at(frames, octets))?;
    drop(progress);
    if let Some(path) = &args.svg {
        fs::write(path, svg(&report)).with_context(|| path.display().to_string())?;
    }
    if args.json {
        write!(out, "{}", json(&report))?;
    } else {
        write!(out, "{}", table(&report))?;
    }
    match damage {
        Some(error) => Err(error.into()),
        None => Ok(outcome(&report)),
    }
}

/// A fault is a failure of the command.
const fn outcome(report: &Report) -> Outcome {
    Outcome { failed: report.faults.count(), strict: true }
}

/// Takes a capture on the tour, as far as it can be read; tells `progress` frames and octets that were read.
///
/// # Errors
/// If a stage can't be set up, which is a fault of the tour.
pub fn travel(
    capture: &mut Capture,
    options: &Options,
    progress: &mut dyn FnMut(u64, usize),
) -> Result<(Report, Option<CaptureError>)> {
    let Options { seed, loss, .. } = *options;
    let mut report = Report { name: capture.name().into(), seed, loss, capture: Row::new("capture"), ..Report::default() };
    let damage = travel_with(&mut Family::new(options)?, capture, &mut report, progress)?;
    Ok((report, damage))
}

fn travel_with(
    family: &mut Family,
    capture: &mut Capture,
    report: &mut Report,
    progress: &mut dyn FnMut(u64, usize),
) -> Result<Option<CaptureError>> {
    report.rows = STAGES.map(Row::new).into();
    let (mut first, mut now) = (None, Duration::ZERO);
    let mut damage = None;
    let mut more = true;
    while more {
        let (mut batch, mut octets) = (Vec::new(), 0usize);
        while batch.len() < BATCH && octets < BATCH_OCTETS {
            progress(report.capture.entered, capture.consumed());
            let frame = match capture.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    more = false;
                    break;
                }
                Err(error) => {
                    (damage, more) = (Some(error), false);
                    break;
                }
            };
            report.capture.enter();
            let Some(packet) = crate::atm::packet(&frame) else {
                report.capture.discard("no IP packet");
                continue;
            };
            report.capture.leave(frame.octets.len(), packet.len());
            // Clocks of captures go backwards; the tour's does not.
            if let Some(time) = frame.time {
                now = now.max(time.saturating_sub(*first.get_or_insert(time)));
            }
            octets = octets.saturating_add(packet.len());
            batch.push(Traveller { frame: frame.number, time: now, octets: packet.to_vec(), plain: None, lost: false });
        }
        family.pass(&mut batch, report)?;
    }
    family.finish(report);
    report.check_balance();
    Ok(damage)
}

/// Every stage.
struct Family {
    mark: mark::Mark,
    model: mark::Model,
    seal: trailer::Seal,
    link: link::Link,
    filter: trailer::Sieve,
    esp: (esp::Seal, esp::Open),
    ngisec: (ngisec::Seal, ngisec::Nat, ngisec::Open),
    routers: (six_to_four::Encapsulate, six_to_four::Decapsulate),
    narrow: Chain,
    wide: Chain,
}

impl Family {
    fn new(&Options { seed, loss, measured }: &Options) -> Result<Self> {
        // Keys of a seed are for a tour only: nobody is to be kept from reading it.
        let mut rng = random(Some(seed))?;
        let (seal, filter) = trailer::ends(&mut rng)?;
        let (sealer, opener) = ngisec::channel(&mut rng)?;
        Ok(Self {
            mark: mark::Mark::new()?,
            model: mark::Model::new(),
            seal,
            link: link::Link::new(loss, seed, measured)?,
            filter,
            esp: esp::tunnel(&mut rng)?,
            ngisec: (sealer, ngisec::Nat::new(), opener),
            routers: six_to_four::routers()?,
            narrow: Chain::new(ROOM, ROOM, measured),
            wide: Chain::new(crate::ngisec::ROOM, ROOM, measured),
        })
    }

    /// Takes a batch from stage to stage.
    fn pass(&mut self, batch: &mut Vec<Traveller>, report: &mut Report) -> Result<()> {
        let Report { rows, faults, .. } = report;
        // Rows of the stages that belong together: as many as `STAGES` has, in its order.
        let mut left = rows.as_mut_slice();
        let mut next = |count: usize| {
            let (here, behind) = std::mem::take(&mut left).split_at_mut_checked(count).unwrap_or_default();
            left = behind;
            here
        };
        self.narrow.pass(&mut [&mut self.mark], next(1), batch, &mut self.model, faults);
        self.narrow.pass(&mut [&mut self.seal], next(1), batch, &mut trailer::Sealing, faults);
        if let [cells, packets] = next(2) {
            self.link.pass([cells, packets], batch, faults)?;
        }
        self.narrow.pass(&mut [&mut self.filter], next(1), batch, &mut trailer::Filtering, faults);
        let (near, far) = &mut self.esp;
        self.narrow.pass(&mut [near, far], next(2), batch, &mut Same, faults);
        let (near, nat, far) = &mut self.ngisec;
        self.wide.pass(&mut [near, nat, far], next(3), batch, &mut Same, faults);
        let (near, far) = &mut self.routers;
        self.narrow.pass(&mut [near, far], next(2), batch, &mut six_to_four::Ipv6Only, faults);
        Ok(())
    }

    /// Adds what is known at the end only.
    fn finish(&self, report: &mut Report) {
        let Some(mark) = report.rows.first_mut() else { return };
        for (dscp, count) in self.model.left.iter().enumerate().filter(|(_, count)| **count > 0) {
            mark.note(&mark::name(dscp), *count);
        }
    }
}

#[cfg(test)]
mod tests;
