//! The commands `ipsec seal` and `ipsec open`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use ip_wire::ip::Packet;
use ip_wire::link::LinkType;
use ip_wire::{PacketBuf, Protocol, udp};
use ipsec_wire::audit::Record;
use ipsec_wire::natt::{Encapsulation, Payload};
use ipsec_wire::{Inbound, Opened, Outbound, Suite};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value as Json, json};

use super::decrypt::Keyed;
use super::imported::Arrival;
use super::sa_file::{Association, End, hex, read};
use crate::args::{Ipsec, IpsecIo, IpsecSeal};
use crate::capture::Capture;
use crate::pcap;
use crate::progress::Progress;
use crate::run::Outcome;

/// Octets before and behind a packet: outer headers and trailers of as many associations as a file is likely to have.
const ROOM: usize = 4096;
/// How many associations deep a packet is opened.
const MAX_DEPTH: usize = 16;

/// A packet on its way through the associations.
struct Item {
    frame: u64,
    time: Duration,
    packet: PacketBuf<Vec<u8>>,
    /// Dropped: why, or nothing for a dummy.
    fate: Fate,
    /// How many associations it has been through.
    stages: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Alive,
    Dummy,
    Discarded(String),
}

/// Runs `ipsec seal` or `ipsec open`.
pub(crate) fn run(args: &Ipsec, out: &mut dyn Write) -> Result<Outcome> {
    match args {
        Ipsec::Seal(args) => run_seal(args, out),
        Ipsec::Open(args) => run_open(args, out),
    }
}

/// Runs `ipsec seal`.
fn run_seal(args: &IpsecSeal, out: &mut dyn Write) -> Result<Outcome> {
    let associations = read(&args.io.sa)?;
    let mut rng = random(args.iv_seed)?;
    let build = |sa: &Association, rng: &mut ChaCha20Rng| {
        sa.build(End::Sender, |builder| builder.outbound(rng))
            .with_context(|| format!("association {}", sa.index.saturating_add(1)))
    };
    let mut sealers = Vec::new();
    for sa in &associations {
        if sa.pattern.as_ref().is_some_and(|pattern| pattern.spi.mask != u32::MAX) {
            bail!("association {}: it has no SPI of its own to seal with", sa.index.saturating_add(1));
        }
        sealers.push(build(sa, &mut rng)?);
    }
    let mut ivs = match (&args.iv, args.iv_seed) {
        (None, None) => Ivs::Own,
        (Some(iv), _) => {
            warn("the IV of the first packet is given: for tests only");
            Ivs::First(hex(iv).context("--iv")?)
        }
        (None, Some(seed)) => {
            warn("all IVs follow from a seed: for tests only");
            Ivs::Seeded(Box::new(ChaCha20Rng::seed_from_u64(seed)), 0)
        }
    };
    let alone = associations.len() == 1;
    pass(&args.io, out, |items| {
        for (sa, sealer) in associations.iter().zip(&mut sealers) {
            seal_stage(items, sa, sealer, alone, &mut ivs);
        }
        for item in items.iter_mut().filter(|item| item.fate == Fate::Alive && item.stages == 0) {
            item.fate = discard(item, "no association takes the packet");
        }
    })
}

/// Runs `ipsec open`.
fn run_open(args: &IpsecIo, out: &mut dyn Write) -> Result<Outcome> {
    let mut receivers = Receivers::new(read(&args.sa)?)?;
    pass(args, out, |items| {
        for _ in 0..MAX_DEPTH {
            let chosen: Vec<Option<usize>> = items.iter_mut().map(|item| choose(item, &mut receivers)).collect();
            if chosen.iter().all(Option::is_none) {
                break;
            }
            for (index, opener) in receivers.openers.iter_mut().enumerate() {
                let mine = items.iter_mut().zip(&chosen).filter(|(_, chosen)| **chosen == Some(index)).map(|(item, _)| item);
                open_stage(mine.collect(), opener);
            }
        }
    })
}

/// Takes a capture through `process`, some packets at a time, and writes what is left of them.
fn pass(io: &IpsecIo, out: &mut dyn Write, mut process: impl FnMut(&mut [Item])) -> Result<Outcome> {
    let mut capture = Capture::open(&io.input)?;
    let mut packets = pcap::Writer::new(create(&io.output)?, LinkType::RAW).with_context(|| io.output.display().to_string())?;
    let mut audit = io.audit.as_deref().map(create).transpose()?;
    let progress = Progress::over(Some(&io.input));
    let batch = usize::try_from(io.batch).unwrap_or(1);
    let mut totals = Totals::default();
    let mut damage = None;
    let mut more = true;
    while more {
        let mut items = Vec::new();
        while items.len() < batch {
            match capture.next_frame() {
                Ok(Some(frame)) => {
                    totals.frames = totals.frames.saturating_add(1);
                    match crate::atm::packet(&frame) {
                        Some(octets) => items.push(item(frame.number, frame.time, octets)?),
                        None => totals.not_ip = totals.not_ip.saturating_add(1),
                    }
                }
                Ok(None) => {
                    more = false;
                    break;
                }
                Err(error) => {
                    (damage, more) = (Some(error), false);
                    break;
                }
            }
        }
        progress.at(totals.frames, capture.consumed());
        process(&mut items);
        for item in &items {
            match &item.fate {
                Fate::Alive => {
                    packets.frame(item.time, item.packet.octets()).with_context(|| io.output.display().to_string())?;
                    totals.written = totals.written.saturating_add(1);
                }
                Fate::Dummy => totals.dummies = totals.dummies.saturating_add(1),
                Fate::Discarded(line) => {
                    totals.discard(line);
                    if let Some(audit) = &mut audit {
                        writeln!(audit, "{line}")?;
                    }
                }
            }
        }
    }
    packets.finish().with_context(|| io.output.display().to_string())?;
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

fn item(frame: u64, time: Option<Duration>, octets: &[u8]) -> Result<Item> {
    let mut storage = vec![0; ROOM];
    storage.extend_from_slice(octets);
    storage.resize(storage.len().saturating_add(ROOM).saturating_add(usize::from(u16::MAX)), 0);
    let packet = PacketBuf::new(storage, ROOM, octets.len())?;
    Ok(Item { frame, time: time.unwrap_or_default(), packet, fate: Fate::Alive, stages: 0 })
}

/// Where the IVs of sealed packets come from.
enum Ivs {
    Own,
    /// That of the first packet.
    First(Vec<u8>),
    /// All of them, with a count for counter modes.
    Seeded(Box<ChaCha20Rng>, u64),
}

impl Ivs {
    /// The next packet's IV, where it is given.
    fn next(&mut self, suite: &Suite) -> Option<Vec<u8>> {
        let len = match suite {
            Suite::Ah(_) => return None,
            suite => suite.iv_len(),
        };
        match self {
            Self::Own => None,
            Self::First(_) => match std::mem::replace(self, Self::Own) {
                Self::First(iv) => Some(iv),
                _ => None,
            },
            Self::Seeded(rng, count) => {
                let mut iv = vec![0; len];
                if suite.has_counter_iv() {
                    // A counter mode's IVs must differ: they count from a number of the seed's.
                    if *count == 0 {
                        *count = rng.next_u64() >> 16;
                    }
                    *count = count.saturating_add(1);
                    iv.iter_mut().rev().zip(count.to_le_bytes()).for_each(|(to, from)| *to = from);
                } else {
                    rng.fill_bytes(&mut iv);
                }
                Some(iv)
            }
        }
    }
}

/// Seals every packet that an association takes.
fn seal_stage(items: &mut [Item], sa: &Association, sealer: &mut Outbound, alone: bool, ivs: &mut Ivs) {
    let takes = |item: &Item| {
        item.fate == Fate::Alive && Packet::parse(item.packet.octets()).is_ok_and(|packet| sa.takes(&packet, alone))
    };
    let mut mine: Vec<&mut Item> = items.iter_mut().filter(|item| takes(item)).collect();
    let now = mine.first().map_or(Duration::ZERO, |item| item.time);
    // A given IV goes with one packet at a time.
    let results: Vec<Result<(), ipsec_wire::Error>> = match (ivs, mine.len()) {
        (Ivs::Own, 2..) => batch(&mut mine, |packets| {
            let mut results = vec![Err(ipsec_wire::Error::Authentication); packets.len()];
            match sealer.seal_batch(now, packets, &mut results) {
                Ok(()) => results.into_iter().map(|result| result.map(drop)).collect(),
                Err(error) => vec![Err(error); packets.len()],
            }
        }),
        (ivs, _) => {
            let seal = |item: &mut &mut Item| match ivs.next(&sa.suite) {
                Some(iv) => sealer.seal_with_iv(item.time, &mut item.packet, &iv).map(drop),
                None => sealer.seal(item.time, &mut item.packet).map(drop),
            };
            mine.iter_mut().map(seal).collect()
        }
    };
    for (item, result) in mine.into_iter().zip(results) {
        item.stages = item.stages.saturating_add(1);
        if let Err(error) = result {
            item.fate = audited(item, error);
        }
    }
}

fn open_stage(mut mine: Vec<&mut Item>, opener: &mut Inbound) {
    let now = mine.first().map_or(Duration::ZERO, |item| item.time);
    let results: Vec<Result<Opened, ipsec_wire::Error>> = match mine.as_mut_slice() {
        [] => return,
        [item] => vec![opener.open(item.time, &mut item.packet)],
        _ => batch(&mut mine, |packets| {
            let mut results = vec![Err(ipsec_wire::Error::Authentication); packets.len()];
            match opener.open_batch(now, packets, &mut results) {
                Ok(()) => results,
                Err(error) => vec![Err(error); packets.len()],
            }
        }),
    };
    for (item, result) in mine.into_iter().zip(results) {
        item.stages = item.stages.saturating_add(1);
        item.fate = match result {
            Ok(Opened::Packet(_)) => Fate::Alive,
            Ok(Opened::Dummy { .. }) => Fate::Dummy,
            Err(error) => audited(item, error),
        };
    }
}

/// Lends the packets of `items` to a batch.
fn batch<R>(items: &mut [&mut Item], with: impl FnOnce(&mut [PacketBuf<Vec<u8>>]) -> Vec<R>) -> Vec<R> {
    let mut packets: Vec<PacketBuf<Vec<u8>>> = Vec::with_capacity(items.len());
    for item in items.iter_mut() {
        let Ok(empty) = PacketBuf::empty(Vec::new(), 0) else { return Vec::new() };
        packets.push(std::mem::replace(&mut item.packet, empty));
    }
    let results = with(&mut packets);
    for (item, packet) in items.iter_mut().zip(packets) {
        item.packet = packet;
    }
    results
}

/// The receiving ends of a file, and those that packets made of Wireshark's lines.
struct Receivers {
    associations: Vec<Association>,
    /// One for each association; that of a line is never asked.
    openers: Vec<Inbound>,
    /// How many are of the file.
    in_file: usize,
    /// The lines.
    lines: Vec<(usize, Keyed)>,
}

impl Receivers {
    fn new(associations: Vec<Association>) -> Result<Self> {
        let (mut openers, mut lines) = (Vec::new(), Vec::new());
        for sa in &associations {
            let number = || format!("association {}", sa.index.saturating_add(1));
            openers.push(sa.build(End::Receiver, |builder| builder.inbound()).with_context(number)?);
            if sa.pattern.is_some() {
                lines.push((sa.index, Keyed::new(sa.clone())?));
            }
        }
        let in_file = associations.len();
        Ok(Self { associations, openers, in_file, lines })
    }

    /// The association with these ends, or of the file with this SPI alone.
    fn find(&self, found: &Identity) -> Option<usize> {
        let of_spi = || {
            let same = |sa: &&Association| {
                let expected = if sa.is_ah() { Protocol::AH } else { Protocol::ESP };
                let encapsulated = found.protocol == Protocol::UDP && sa.encapsulation.is_some();
                sa.pattern.is_none() && sa.spi == found.spi && (found.protocol == expected || encapsulated)
            };
            self.associations.iter().filter(same)
        };
        let ends =
            |sa: &&Association| sa.destination == found.destination && (sa.index < self.in_file || sa.source == found.source);
        of_spi().find(ends).or_else(|| of_spi().find(|sa| sa.index < self.in_file)).map(|sa| sa.index)
    }

    /// Makes an association of the first line under which a packet is authentic. A line says neither the mode, nor whether there is UDP: what is
    /// inside of the packet, and the packet, do. `None` if no line has the packet's SPI and addresses.
    fn make(&mut self, octets: &[u8], found: &Identity) -> Option<Result<usize, ipsec_wire::Error>> {
        if found.protocol == Protocol::AH || (found.protocol == Protocol::UDP && !found.has_port) {
            return None;
        }
        let mut outcome = None;
        for (index, keyed) in &self.lines {
            let Some(line) = self.associations.get(*index) else { continue };
            let pattern = line.pattern.as_ref().filter(|pattern| pattern.has(found.source, found.destination));
            if pattern.is_none_or(|pattern| !pattern.spi.matches(found.spi)) {
                continue;
            }
            let decrypted = octets.get(found.esp..found.end).and_then(|esp| keyed.decrypt(esp));
            let inside = decrypted.filter(|decrypted| decrypted.authentic != Some(false));
            let Some(inside) = inside.and_then(|decrypted| decrypted.trailer().map(|trailer| trailer.next_header())) else {
                outcome = Some(Err(ipsec_wire::Error::Authentication));
                continue;
            };
            let Identity { spi, source, destination, encapsulation, .. } = *found;
            let made = line.narrowed(self.associations.len(), &Arrival { spi, source, destination, encapsulation }, inside);
            return Some(made.build(End::Receiver, |builder| builder.inbound()).map(|opener| {
                let index = made.index;
                self.openers.push(opener);
                self.associations.push(made);
                index
            }));
        }
        outcome
    }
}

/// The association that a packet is of; one that is of none is discarded unless it came out of one.
fn choose(item: &mut Item, receivers: &mut Receivers) -> Option<usize> {
    if item.fate != Fate::Alive {
        return None;
    }
    let found = match identify(item.packet.octets()) {
        Ok(Some(found)) => found,
        Ok(None) if item.stages > 0 => return None,
        Ok(None) => {
            item.fate = discard(item, "neither AH nor ESP");
            return None;
        }
        Err(error) => {
            item.fate = audited(item, error.into());
            return None;
        }
    };
    let chosen = match receivers.find(&found) {
        Some(index) => Some(Ok(index)),
        None => receivers.make(item.packet.octets(), &found),
    };
    match chosen {
        Some(Ok(index)) => Some(index),
        _ if item.stages > 0 => None,
        Some(Err(error)) => {
            item.fate = audited(item, error);
            None
        }
        None => {
            item.fate = discard(item, "no association has this SPI");
            None
        }
    }
}

/// What tells whose a packet is.
struct Identity {
    protocol: Protocol,
    spi: u32,
    source: IpAddr,
    destination: IpAddr,
    /// Where ESP or AH starts, and where it ends.
    esp: usize,
    end: usize,
    /// UDP around ESP.
    encapsulation: Option<Encapsulation>,
    /// Whether it is from or to the port of ESP in UDP.
    has_port: bool,
}

/// Whose a packet is, if it is AH, ESP or UDP around ESP.
fn identify(octets: &[u8]) -> Result<Option<Identity>, ip_wire::Error> {
    let packet = Packet::parse(octets)?;
    let upper = packet.upper_layer()?;
    if !upper.has_start {
        return Ok(None);
    }
    let word = |octets: &[u8], at: usize| octets.get(at..).and_then(<[u8]>::first_chunk).map(|word| u32::from_be_bytes(*word));
    let around = Encapsulation::new();
    let (spi, encapsulation) = match upper.protocol {
        Protocol::AH => (word(upper.octets, 4), None),
        Protocol::ESP => (word(upper.octets, 0), None),
        Protocol::UDP => match upper.octets.get(udp::HEADER_LEN..).map(Payload::parse) {
            Some(Ok(Payload::Esp(esp))) => (word(esp, 0), Some(around)),
            // The older form has 8 zero octets first.
            Some(Ok(Payload::Ike([0, 0, 0, 0, esp @ ..]))) => {
                (word(esp, 0), Some(Encapsulation { non_ike_marker: true, ..around }))
            }
            _ => (None, None),
        },
        _ => (None, None),
    };
    let ports = word(upper.octets, 0).unwrap_or(0).to_be_bytes();
    let port = ipsec_wire::natt::PORT.to_be_bytes();
    let has_port = ports.starts_with(&port) || ports.ends_with(&port);
    let start = usize::try_from(upper.offset).unwrap_or(usize::MAX);
    Ok(spi.map(|spi| Identity {
        protocol: upper.protocol,
        spi,
        source: packet.source(),
        destination: packet.destination(),
        esp: start.saturating_add(encapsulation.map_or(0, |encapsulation| encapsulation.len())),
        end: packet.len(),
        encapsulation,
        has_port,
    }))
}

/// A discard as a line of the audit file: what RFC 4301 asks to be logged.
fn audited(item: &Item, error: ipsec_wire::Error) -> Fate {
    let record = Record::new(item.time, item.packet.octets(), error);
    Fate::Discarded(line(item, &error.to_string(), &record))
}

fn discard(item: &Item, reason: &str) -> Fate {
    let record = Record::new(item.time, item.packet.octets(), ipsec_wire::Error::Authentication);
    Fate::Discarded(line(item, reason, &record))
}

fn line(item: &Item, reason: &str, record: &Record) -> String {
    let time = format!("{}.{:09}", record.time.as_secs(), record.time.subsec_nanos());
    json!({
        "frame": item.frame,
        "time": time,
        "reason": reason,
        "src": record.source.map(|address| address.to_string()),
        "dst": record.destination.map(|address| address.to_string()),
        "flow": record.flow_label.map(ip_wire::ipv6::FlowLabel::value),
        "proto": record.protocol.map(|protocol| protocol.0),
        "spi": record.spi,
        "seq": record.sequence_number,
    })
    .to_string()
}

#[derive(Debug, Default)]
struct Totals {
    frames: u64,
    not_ip: u64,
    written: u64,
    dummies: u64,
    discards: BTreeMap<String, u64>,
}

impl Totals {
    fn discard(&mut self, line: &str) {
        let reason = serde_json::from_str::<Json>(line).ok().and_then(|line| Some(line.get("reason")?.as_str()?.to_owned()));
        let count = self.discards.entry(reason.unwrap_or_default()).or_default();
        *count = count.saturating_add(1);
    }

    fn discarded(&self) -> u64 {
        self.discards.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn print(&self, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "{:<20}{:>12}", "frames", self.frames)?;
        writeln!(out, "{:<20}{:>12}", "without an IP packet", self.not_ip)?;
        writeln!(out, "{:<20}{:>12}", "packets written", self.written)?;
        if self.dummies > 0 {
            writeln!(out, "{:<20}{:>12}", "dummy packets", self.dummies)?;
        }
        writeln!(out, "{:<20}{:>12}", "discards", self.discarded())?;
        for (reason, count) in &self.discards {
            writeln!(out, "{count:>32}  {reason}")?;
        }
        Ok(())
    }
}

/// Random numbers of the system's, or of a seed.
pub(crate) fn random(seed: Option<u64>) -> Result<ChaCha20Rng> {
    if let Some(seed) = seed {
        return Ok(ChaCha20Rng::seed_from_u64(seed));
    }
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(|error| anyhow!("no random numbers: {error}"))?;
    if seed == [0; 32] {
        bail!("the system's random numbers are all zero");
    }
    Ok(ChaCha20Rng::from_seed(seed))
}

fn warn(text: &str) {
    // There is nobody to tell if this can't be written.
    let _ = writeln!(std::io::stderr(), "wirecraft: warning: {text}");
}

pub(crate) fn create(path: &Path) -> Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path).with_context(|| path.display().to_string())?))
}
