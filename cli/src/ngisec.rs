//! NGISec over a capture: `ngisec seal`, `ngisec open`, `ngisec nat`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use ip_wire::link::LinkType;
use ip_wire::{Flow, FlowKey, PacketBuf};
use ngisec_wire::nat::rewrite_to;
use ngisec_wire::{Form, Limits, Receiver, Sender, Translator};
use serde_json::json;

use crate::args::{Ngisec, NgisecChannel, NgisecForm, NgisecIo, NgisecNat};
use crate::capture::Capture;
use crate::ipsec::{Association, End, read};
use crate::pcap;
use crate::progress::Progress;
use crate::run::Outcome;
use crate::totals::{create, random};

/// Octets before and behind a packet: duplicates, AH, ESP.
pub(crate) const ROOM: usize = 2048;

/// Runs one of the commands.
pub(crate) fn run(args: &Ngisec, out: &mut dyn Write) -> Result<Outcome> {
    match args {
        Ngisec::Seal(args) => seal(args, out),
        Ngisec::Open(args) => open(args, out),
        Ngisec::Nat(args) => nat(args, out),
    }
}

fn seal(args: &NgisecChannel, out: &mut dyn Write) -> Result<Outcome> {
    let (ah, esp) = associations(args)?;
    let mut rng = random(None)?;
    let ah = ah.build(End::Sender, |builder| builder.outbound(&mut rng)).context("association of AH")?;
    let esp = esp.build(End::Sender, |builder| builder.outbound(&mut rng)).context("association of ESP")?;
    let mut sender = Sender::new(form(args.form), ah, esp)?;
    pass(&args.io, out, |now, packet| sender.seal(now, packet).map(|_| ()).map_err(Into::into))
}

fn open(args: &NgisecChannel, out: &mut dyn Write) -> Result<Outcome> {
    let (ah, esp) = associations(args)?;
    let ah = ah.build(End::Receiver, |builder| builder.inbound()).context("association of AH")?;
    let esp = esp.build(End::Receiver, |builder| builder.inbound()).context("association of ESP")?;
    let mut receiver = Receiver::new(form(args.form), ah, esp)?;
    let mut seen = BTreeSet::new();
    let outcome = pass(&args.io, out, |now, packet| {
        let observation = receiver.open(now, packet)?.observation;
        if observation.is_translated() {
            seen.insert(format!("{} arrived as {}", show(&observation.inner), show(&observation.outer)));
        }
        Ok(())
    })?;
    for line in seen {
        writeln!(out, "{line}")?;
    }
    Ok(outcome)
}

fn nat(args: &NgisecNat, out: &mut dyn Write) -> Result<Outcome> {
    let mut translator = Translator::new(args.address, (args.first_port, u16::MAX), Limits::default());
    pass(&args.io, out, |now, packet| translate(&mut translator, now, packet.octets_mut()).map_err(Into::into))
}

/// Translates a packet that goes out.
pub(crate) fn translate(translator: &mut Translator, now: Duration, packet: &mut [u8]) -> Result<(), ngisec_wire::Error> {
    let flow = Flow::from_ip(packet)?.key;
    let outer = translator.map(now, flow, flow.destination())?;
    rewrite_to(&outer).apply(packet)?;
    Ok(())
}

const fn form(form: NgisecForm) -> Form {
    match form {
        NgisecForm::Plain => Form::Plain,
        NgisecForm::Tcpsec => Form::TransportSec,
        NgisecForm::DuplicateEncapsulating => Form::DuplicateEncapsulating,
        NgisecForm::DuplicateAppended => Form::DuplicateAppended,
    }
}

fn show(flow: &FlowKey) -> String {
    let end = |address, port: Option<u16>| std::net::SocketAddr::new(address, port.unwrap_or(0));
    format!("{} > {}", end(flow.source(), flow.source_port()), end(flow.destination(), flow.destination_port()))
}

/// The two associations of a file.
fn associations(args: &NgisecChannel) -> Result<(Association, Association)> {
    let file = || args.sa.display().to_string();
    let mut all = read(&args.sa)?.into_iter();
    let (Some(first), Some(second), None) = (all.next(), all.next(), all.next()) else {
        bail!("{}: two associations needed, one of AH and one of ESP", file());
    };
    let (ah, esp) = if first.is_ah() { (first, second) } else { (second, first) };
    if !ah.is_ah() || esp.is_ah() {
        bail!("{}: two associations needed, one of AH and one of ESP", file());
    }
    if ah.tunnel || esp.tunnel || ah.encapsulation.is_some() || esp.encapsulation.is_some() {
        bail!("{}: NGISec has neither tunnel mode nor UDP encapsulation", file());
    }
    Ok((ah, esp))
}

/// Takes a capture through `process`.
fn pass(
    io: &NgisecIo,
    out: &mut dyn Write,
    mut process: impl FnMut(Duration, &mut PacketBuf<Vec<u8>>) -> Result<()>,
) -> Result<Outcome> {
    let mut capture = Capture::open(&io.input)?;
    let mut packets = pcap::Writer::new(create(&io.output)?, LinkType::RAW).with_context(|| io.output.display().to_string())?;
    let mut audit = io.audit.as_deref().map(create).transpose()?;
    let progress = Progress::over(Some(&io.input));
    let (mut frames, mut not_ip, mut written) = (0u64, 0u64, 0u64);
    let mut discards: BTreeMap<String, u64> = BTreeMap::new();
    let damage = loop {
        let frame = match capture.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        frames = frames.saturating_add(1);
        let (number, time) = (frame.number, frame.time.unwrap_or_default());
        match crate::atm::packet(&frame) {
            None => not_ip = not_ip.saturating_add(1),
            Some(octets) => {
                let mut storage = vec![0; ROOM];
                storage.extend_from_slice(octets);
                storage.resize(storage.len().saturating_add(ROOM), 0);
                let mut packet = PacketBuf::new(storage, ROOM, octets.len())?;
                match process(time, &mut packet) {
                    Ok(()) => {
                        packets.frame(time, packet.octets()).with_context(|| io.output.display().to_string())?;
                        written = written.saturating_add(1);
                    }
                    Err(error) => {
                        let reason = error.to_string();
                        if let Some(audit) = &mut audit {
                            let time = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
                            writeln!(audit, "{}", json!({"frame": number, "time": time, "reason": reason}))?;
                        }
                        let count = discards.entry(reason).or_default();
                        *count = count.saturating_add(1);
                    }
                }
            }
        }
        progress.at(frames, capture.consumed());
    };
    packets.finish().with_context(|| io.output.display().to_string())?;
    if let Some(audit) = &mut audit {
        audit.flush()?;
    }
    drop(progress);
    for (name, count) in [("frames", frames), ("without an IP packet", not_ip), ("packets written", written)] {
        writeln!(out, "{name:<20}{count:>12}")?;
    }
    for (reason, count) in &discards {
        writeln!(out, "discarded {count}: {reason}")?;
    }
    match damage {
        Some(error) => Err(anyhow!(error)),
        None => {
            let discarded = discards.values().fold(0u64, |sum, count| sum.saturating_add(*count));
            Ok(Outcome { failed: discarded.saturating_add(not_ip), strict: io.strict })
        }
    }
}
