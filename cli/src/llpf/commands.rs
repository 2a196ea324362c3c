//! The commands themselves.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ip_wire::PacketBuf;
use ip_wire::link::LinkType;
use ip_wire::reassembly::{self, Outcome as Reassembled, Reassembler};
use ip_wire::tunnel::{DontFragment, HopLimit};
use llpf_wire::audit::Record;
use llpf_wire::filter::{Config, Policy};
use llpf_wire::seal::{AfterLast, SenderPolicy};
use llpf_wire::{Error, Filter, HostId, KeyTable, Outer, Sender, trailer};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::json;
use wire_lanes::Sha256;

use super::table_file::{print, read};
use crate::args::{Llpf, LlpfFilter, LlpfIo, LlpfKeygen, LlpfPolicy, LlpfSeal};
use crate::capture::{Capture, Frame};
use crate::pcap;
use crate::progress::Progress;
use crate::run::Outcome;
use crate::totals::{Totals, create, random};

/// Octets before a packet: an outer header of IPv6 with a tunnel encapsulation limit.
const HEADROOM: usize = 48;

/// Runs `llpf keygen`, `llpf seal` or `llpf filter`.
pub(crate) fn run(args: &Llpf, out: &mut dyn Write) -> Result<Outcome> {
    match args {
        Llpf::Keygen(args) => run_keygen(args),
        Llpf::Seal(args) => run_seal(args, out),
        Llpf::Filter(args) => run_filter(args, out),
    }
}

fn run_keygen(args: &LlpfKeygen) -> Result<Outcome> {
    let mut rng = match &args.seed_file {
        Some(path) => {
            let octets = fs::read(path).with_context(|| path.display().to_string())?;
            if octets.len() < 16 {
                bail!("{}: {} octets, at least 16 needed", path.display(), octets.len());
            }
            ChaCha20Rng::from_seed(wire_lanes::hash::digest::<Sha256>(octets.as_slice().into()))
        }
        None => random(None)?,
    };
    let table = KeyTable::generate(args.algorithm, args.start, args.period, args.keys, &mut rng)?;
    let name = || args.output.display().to_string();
    let mut file = secret(&args.output).with_context(name)?;
    writeln!(file, "{}", print(HostId(args.host_id), &table)).with_context(name)?;
    Ok(Outcome { failed: 0, strict: false })
}

/// A file that its owner alone can read, where the system has such a thing.
fn secret(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn run_seal(args: &LlpfSeal, out: &mut dyn Write) -> Result<Outcome> {
    let (host, table) = read(&args.table)?;
    let outer = Outer {
        source: args.source,
        hop_limit: HopLimit::Fixed(args.ttl),
        dont_fragment: if args.df == 1 { DontFragment::Set } else { DontFragment::Clear },
        ..Outer::new(args.gateway)
    };
    let after_last = if args.wrap { AfterLast::Wrap } else { AfterLast::Refuse };
    let mut sender = Sender::new(outer, SenderPolicy { after_last, ..SenderPolicy::default() }, host, table);
    pass(&args.io, out, |time, octets| {
        let storage = [&[0; HEADROOM], octets, &[0; trailer::LEN]].concat();
        let mut packet = PacketBuf::new(storage, HEADROOM, octets.len())?;
        sender.seal(time, &mut packet)?;
        Ok(Some(packet))
    })
}

fn run_filter(args: &LlpfFilter, out: &mut dyn Write) -> Result<Outcome> {
    let policy = match args.policy {
        LlpfPolicy::Any => Policy::AnyCurrentKey,
        LlpfPolicy::InPeriod => Policy::InPeriod { skew: args.skew },
    };
    // A table that another one follows counts to the end of the capture: the policy says which keys do.
    let config = Config { policy, wrap: args.wrap, grace: Duration::MAX, ..Config::default() };
    let mut filter = Filter::new(config);
    let mut hosts: Vec<HostId> = Vec::new();
    for path in &args.tables {
        let (host, table) = read(path)?;
        if hosts.iter().filter(|known| **known == host).count() > 1 {
            bail!("{}: host {host} has two tables already", path.display());
        }
        filter.install(Duration::ZERO, host, &table).with_context(|| path.display().to_string())?;
        hosts.push(host);
    }
    let mut reassembler = Reassembler::new(reassembly::Config::default());
    pass(&args.io, out, |time, octets| {
        let mut packet = PacketBuf::new(octets.to_vec(), 0, octets.len())?;
        match filter.filter(time, &mut packet) {
            Ok(_) => Ok(Some(packet)),
            // The filter takes whole packets.
            Err(error @ Error::NotReassembled { .. }) => match reassembler.handle_fragment(time, octets)? {
                Reassembled::Completed(datagram) => {
                    let mut packet = PacketBuf::new(datagram.to_vec(), 0, datagram.len())?;
                    filter.filter(time, &mut packet)?;
                    Ok(Some(packet))
                }
                Reassembled::Stored | Reassembled::Duplicate => Ok(None),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    })
}

/// Takes the IP packets of a capture through `process`, and writes what comes out: nothing where one is kept until its other fragments come.
fn pass(
    io: &LlpfIo,
    out: &mut dyn Write,
    mut process: impl FnMut(Duration, &[u8]) -> Result<Option<PacketBuf<Vec<u8>>>, Error>,
) -> Result<Outcome> {
    let mut capture = Capture::open(&io.input)?;
    let name = || io.output.display().to_string();
    let mut packets = pcap::Writer::new(create(&io.output)?, LinkType::RAW).with_context(name)?;
    let mut audit = io.audit.as_deref().map(create).transpose()?;
    let progress = Progress::over(Some(&io.input));
    let mut totals = Totals::default();
    let damage = loop {
        progress.at(totals.frames, capture.consumed());
        let frame = match capture.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        totals.frames = totals.frames.saturating_add(1);
        let Some(octets) = crate::atm::packet(&frame) else {
            totals.not_ip = totals.not_ip.saturating_add(1);
            continue;
        };
        let time = frame.time.unwrap_or_default();
        match process(time, octets) {
            Ok(Some(packet)) => {
                packets.frame(time, packet.octets()).with_context(name)?;
                totals.written = totals.written.saturating_add(1);
            }
            Ok(None) => {}
            Err(error) => {
                totals.discard(kind(&error));
                if let Some(audit) = &mut audit {
                    write_record(audit, &frame, &Record::new(time, octets, error))?;
                }
            }
        }
    };
    packets.finish().with_context(name)?;
    if let Some(audit) = &mut audit {
        audit.flush()?;
    }
    drop(progress);
    totals.print(out)?;
    match damage {
        Some(error) => Err(error.into()),
        None => Ok(Outcome { failed: totals.discarded().saturating_add(totals.not_ip), strict: io.strict }),
    }
}

/// The reason for the counts, without the numbers of the one packet: there are not many of them.
pub(crate) fn kind(error: &Error) -> String {
    match error {
        Error::UnknownHost { .. } => "no table of the host".into(),
        Error::UnknownKey { .. } => "no such key in the host's table".into(),
        Error::OutsidePeriod { .. } => "key used outside of its cryptoperiod".into(),
        Error::FragmentationNeeded { .. } => "over the path MTU".into(),
        Error::NotReassembled { .. } => "fragment of a datagram that can't be put together".into(),
        Error::Ip(_) => "outer header".into(),
        other => other.field().map_or_else(|| other.to_string(), |field| field.name().into()),
    }
}

/// A discard as a line of the audit file (thesis p. 90).
fn write_record(audit: &mut BufWriter<File>, frame: &Frame<'_>, record: &Record) -> std::io::Result<()> {
    let line = json!({
        "frame": frame.number,
        "time": format!("{}.{:09}", record.time.as_secs(), record.time.subsec_nanos()),
        "reason": record.reason.to_string(),
        "src": record.source.map(|address| address.to_string()),
        "dst": record.destination.map(|address| address.to_string()),
        "host_id": record.key.map(|key| key.host().0),
        "key_index": record.key.map(llpf_wire::KeyIndex::index),
    });
    writeln!(audit, "{line}")
}
