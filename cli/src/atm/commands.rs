//! The commands `atm segment` and `atm reassemble`.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use atm_cell::cell::{Header, Kind};
use atm_cell::{CELL_LEN, Interface, Vc};
use ip_wire::link::LinkType;
use serde_json::{Value as Json, json};

use super::{Cause, Channels, Counts, Event, Fate, Line, Reception, Refused, Transmission, packet};
use crate::args::{Link, Reassemble, Segment};
use crate::capture::Capture;
use crate::pcap;
use crate::progress::Progress;
use crate::run::Outcome;
use crate::totals::create;

/// Octets to read and write at once.
const BUFFER_LEN: usize = 1 << 17;

impl Link {
    const fn interface(&self) -> Interface {
        if self.nni { Interface::Nni } else { Interface::Uni }
    }

    fn line(&self) -> Line {
        Line::new(self.loss, self.bit_error, self.seed)
    }
}

/// What became of a capture's frames, and of their cells.
#[derive(Debug, Default)]
struct Sending {
    frames: u64,
    octets: u64,
    not_ip: u64,
    too_long: u64,
    /// Packets that the capture cut.
    cut: u64,
    cells: u64,
    lost: u64,
    lost_ends: u64,
    inverted: u64,
}

/// Runs `atm segment`.
pub(crate) fn run_segment(args: &Segment, out: &mut dyn Write) -> Result<Outcome> {
    let channels = Channels::new(args.link.interface(), args.vpi, args.vci, args.vcs)?;
    let mut transmission = Transmission::new(channels, args.link.encap);
    let mut line = args.link.line();
    let mut capture = Capture::open(&args.input)?;
    let mut sink = create(&args.output)?;
    let progress = Progress::over(Some(&args.input));
    let mut sending = Sending::default();
    let mut damage = None;
    let mut more = true;
    loop {
        while more && transmission.has_room() {
            progress.at(sending.frames, capture.consumed());
            match take(&mut capture, &mut transmission, &mut sending) {
                Ok(another) => more = another,
                // What the capture has before its damage is sent.
                Err(error) => (damage, more) = (Some(error), false),
            }
        }
        let Some(cell) = transmission.next_cell() else { break };
        put(cell, &mut line, &mut sending, &mut sink).with_context(|| args.output.display().to_string())?;
    }
    sink.flush().with_context(|| args.output.display().to_string())?;
    drop(progress);
    sending.print(transmission.packets(), out)?;
    match damage {
        Some(error) => Err(error),
        None => Ok(Outcome { failed: sending.not_ip.saturating_add(sending.too_long), strict: args.strict }),
    }
}

/// Sends the packet of the next frame; `false` at the end of the capture.
fn take(capture: &mut Capture, transmission: &mut Transmission, sending: &mut Sending) -> Result<bool> {
    let Some(frame) = capture.next_frame()? else { return Ok(false) };
    bump(&mut sending.frames);
    let Some(packet) = packet(&frame) else {
        bump(&mut sending.not_ip);
        return Ok(true);
    };
    match transmission.send(packet) {
        Ok(()) => {
            sending.octets = sending.octets.saturating_add(u64::try_from(packet.len()).unwrap_or(u64::MAX));
            sending.cut = sending.cut.saturating_add(u64::from(frame.original_len > frame.octets.len()));
        }
        Err(Refused::NotIp) => bump(&mut sending.not_ip),
        Err(Refused::TooLong) => bump(&mut sending.too_long),
    }
    Ok(true)
}

/// Sends a cell over the line.
fn put(mut cell: [u8; CELL_LEN], line: &mut Line, sending: &mut Sending, sink: &mut impl Write) -> Result<()> {
    bump(&mut sending.cells);
    let [a, b, c, d, ..] = cell;
    match line.carry(&mut cell) {
        Fate::Lost => {
            bump(&mut sending.lost);
            // PT and CLP are where they are in both formats.
            let header = Header::from_word(u32::from_be_bytes([a, b, c, d]), Interface::Nni);
            let ends = header.kind() == Kind::User && header.payload_type.sdu_type();
            sending.lost_ends = sending.lost_ends.saturating_add(u64::from(ends));
        }
        Fate::Arrived { inverted } => {
            sending.inverted = sending.inverted.saturating_add(inverted.into());
            sink.write_all(&cell)?;
        }
    }
    Ok(())
}

impl Sending {
    fn print(&self, packets: u64, out: &mut dyn Write) -> Result<()> {
        row(out, "frames", self.frames, &[("without an IP packet", self.not_ip), ("too long for AAL5", self.too_long)])?;
        row(out, "packets", packets, &[("cut short by the capture, sent as they are", self.cut)])?;
        row(out, "octets", self.octets, &[])?;
        row(out, "cells", self.cells, &[])?;
        row(out, "cells lost", self.lost, &[("ended a message", self.lost_ends)])?;
        row(out, "bits inverted", self.inverted, &[])
    }
}

/// Runs `atm reassemble`.
pub(crate) fn run_reassemble(args: &Reassemble, out: &mut dyn Write) -> Result<Outcome> {
    let name = args.input.display().to_string();
    let file = File::open(&args.input).with_context(|| name.clone())?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        bail!("{name}: is a directory");
    }
    let mut cells = BufReader::with_capacity(BUFFER_LEN, file);
    let written = |path: &Path| path.display().to_string();
    let mut packets = pcap::Writer::new(create(&args.output)?, LinkType::RAW).with_context(|| written(&args.output))?;
    let mut events = args.events.as_deref().map(create).transpose()?;
    let progress = Progress::over(Some(&args.input));
    let mut reception = Reception::new(args.link.interface(), args.link.encap, args.link.line());
    let mut number = 0u64;
    let mut damage = None;
    let mut each = |number: u64, event: Event<'_>| -> Result<()> {
        if let Event::Packet { time, octets, .. } = event {
            packets.frame(time, octets).with_context(|| written(&args.output))?;
        }
        match (&mut events, line_of(number, &event)) {
            (Some(events), Some(line)) => {
                writeln!(events, "{line}").with_context(|| args.events.as_deref().map(written).unwrap_or_default())
            }
            _ => Ok(()),
        }
    };
    loop {
        let mut cell = [0; CELL_LEN];
        let at = number.saturating_mul(u64::try_from(CELL_LEN).unwrap_or(u64::MAX));
        progress.at(number, usize::try_from(at).unwrap_or(usize::MAX));
        let found = match fill(&mut cells, &mut cell) {
            Ok(found) => found,
            Err(error) => {
                damage = Some(anyhow!("{name}: cell {} at octet {at} of the file: {error}", number.saturating_add(1)));
                break;
            }
        };
        match found {
            CELL_LEN => {}
            0 => break,
            found => {
                let cell = number.saturating_add(1);
                damage = Some(anyhow!(
                    "{name}: cell {cell} at octet {at} of the file: the file ends after {found} of its {CELL_LEN} octets"
                ));
                break;
            }
        }
        number = number.saturating_add(1);
        reception.cell(cell, &mut |event| each(number, event))?;
    }
    reception.finish(&mut |event| each(number, event))?;
    packets.finish().with_context(|| written(&args.output))?;
    if let (Some(events), Some(path)) = (&mut events, &args.events) {
        events.flush().with_context(|| written(path))?;
    }
    drop(progress);
    print(reception.counts(), out)?;
    match damage {
        Some(error) => Err(error),
        None => Ok(Outcome { failed: reception.counts().discarded(), strict: args.strict }),
    }
}

/// An event as a line of JSON; packets that arrive where they should are none.
fn line_of(cell: u64, event: &Event<'_>) -> Option<Json> {
    let vpi = |vc: Option<Vc>| vc.map(|vc| vc.vpi.get());
    let vci = |vc: Option<Vc>| vc.map(|vc| vc.vci.get());
    Some(match *event {
        Event::Packet { misdelivered: false, .. } => return None,
        Event::Packet { vc, .. } => json!({"event": "misdelivered", "cell": cell, "vpi": vc.vpi.get(), "vci": vc.vci.get()}),
        Event::Discard { vc, cause, cells, ended, packets } => json!({
            "event": "discard", "cell": cell, "vpi": vc.vpi.get(), "vci": vc.vci.get(), "reason": cause.name(), "cells": cells,
            "ended": ended, "packets": packets,
        }),
        Event::LostCell { vc, end_of_message } => {
            json!({"event": "lost-cell", "cell": cell, "vpi": vpi(vc), "vci": vci(vc), "end_of_message": end_of_message})
        }
        Event::BitErrors { vc, bits } => {
            json!({"event": "bit-errors", "cell": cell, "vpi": vpi(vc), "vci": vci(vc), "bits": bits})
        }
        Event::HeaderCorrected { vc, bit, wrongly } => json!({
            "event": "header-corrected", "cell": cell, "vpi": vc.vpi.get(), "vci": vc.vci.get(), "bit": bit, "wrongly": wrongly,
        }),
        Event::HeaderDiscarded { vc, end_of_message } => {
            json!({"event": "header-discarded", "cell": cell, "vpi": vpi(vc), "vci": vci(vc), "end_of_message": end_of_message})
        }
    })
}

fn print(counts: &Counts, out: &mut dyn Write) -> Result<()> {
    let kinds = [("idle", counts.idle), ("unassigned", counts.unassigned), ("OAM", counts.oam), ("of other kinds", counts.other)];
    row(out, "cells read", counts.cells, &kinds)?;
    row(out, "cells lost", counts.lost, &[("ended a message", counts.lost_ends)])?;
    row(out, "bits inverted", counts.inverted_bits, &[])?;
    row(out, "headers corrected", counts.corrected, &[("wrongly", counts.corrected_wrongly)])?;
    row(out, "headers discarded", counts.discarded_headers, &[])?;
    row(out, "packets sent", counts.sent, &[])?;
    row(out, "packets delivered", counts.delivered, &[("on a wrong channel", counts.misdelivered)])?;
    row(out, "packets missing", counts.missing(), &[("explained by discards", counts.explained())])?;
    row(out, "discards", counts.discarded(), &[])?;
    for (cause, (count, packets)) in &counts.discards {
        row(out, &format!("  {}", Cause::name(*cause)), *count, &[("packets", *packets)])?;
    }
    Ok(())
}

/// A line of a summary: a number, and parts of it that are not 0.
fn row(out: &mut dyn Write, label: &str, number: u64, parts: &[(&str, u64)]) -> Result<()> {
    write!(out, "{label:<20}{number:>12}")?;
    let parts: Vec<String> =
        parts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")).collect();
    if !parts.is_empty() {
        write!(out, "  ({})", parts.join(", "))?;
    }
    writeln!(out)?;
    Ok(())
}

/// Reads as many octets as there are, up to a whole cell's.
fn fill(source: &mut impl Read, cell: &mut [u8; CELL_LEN]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = cell.get_mut(filled..).filter(|room| !room.is_empty()) {
        match source.read(room) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

const fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
