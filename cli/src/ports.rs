//! The commands `ports psid`, `set`, `allocate`, `deterministic` and `trace`.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use addr_sharing::allocator::{Config, Subscriber};
use addr_sharing::deterministic::{Algorithm, Answer, Deterministic, Inside, Reserved};
use addr_sharing::record::{Query, Record, attribute};
use addr_sharing::{Ipv4Prefix, Ipv6Prefix, PortAllocator, PortRange, PsidParams};
use anyhow::{Context, Result, anyhow, bail};
use ip_wire::Protocol;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::args::{self, DeterministicRule, Ports, PortsAllocate, PortsPsid, PortsSet, PortsTrace, PsidArgs};
use crate::run::Outcome;

const DONE: Outcome = Outcome { failed: 0, strict: false };

/// Runs one of the commands.
pub(crate) fn run(args: &Ports, out: &mut dyn Write) -> Result<Outcome> {
    match args {
        Ports::Psid(args) => run_psid(args, out)?,
        Ports::Set(args) => run_set(args, out)?,
        Ports::Allocate(args) => run_allocate(args, out)?,
        Ports::Deterministic(args) => run_deterministic(args, out)?,
        Ports::Trace(args) => run_trace(args, out)?,
    }
    Ok(DONE)
}

fn params(args: PsidArgs) -> Result<PsidParams> {
    Ok(PsidParams::new(args.offset, args.length)?)
}

fn run_psid(args: &PortsPsid, out: &mut dyn Write) -> Result<()> {
    match params(args.params)?.psid_of(args.port) {
        Some(psid) => writeln!(out, "{psid:#x}")?,
        None => writeln!(out, "excluded")?,
    }
    Ok(())
}

fn run_set(args: &PortsSet, out: &mut dyn Write) -> Result<()> {
    for range in params(args.params)?.set(args.psid)?.ranges() {
        writeln!(out, "{range}")?;
    }
    Ok(())
}

fn run_allocate(args: &PortsAllocate, out: &mut dyn Write) -> Result<()> {
    let set = params(args.set.params)?.set(args.set.psid)?;
    let mut allocator = PortAllocator::new(set, Config::new(1, args.count.max(1)).in_blocks(args.block))?;
    let mut rng = match args.seed {
        Some(seed) => ChaCha20Rng::seed_from_u64(seed),
        None => {
            let mut seed = [0u8; 32];
            getrandom::fill(&mut seed).map_err(|error| anyhow!("no random numbers: {error}"))?;
            ChaCha20Rng::from_seed(seed)
        }
    };
    for _ in 0..args.count {
        let grant = allocator.allocate(Duration::ZERO, Subscriber(0), &mut rng)?;
        writeln!(out, "{}", grant.port)?;
    }
    Ok(())
}

fn run_deterministic(args: &args::Deterministic, out: &mut dyn Write) -> Result<()> {
    let map = configuration(&args.inside, &args.outside, &args.rule)?;
    let outside = map.outside();
    for address in outside.address().to_bits()..=outside.last().to_bits() {
        let address = Ipv4Addr::from_bits(address);
        let mut first = 0u16;
        let mut answer = map.reverse(address, 0)?;
        for port in 1..=u16::MAX {
            let next = map.reverse(address, port)?;
            if next != answer {
                write_share(out, answer, address, first, port.saturating_sub(1))?;
                (answer, first) = (next, port);
            }
        }
        write_share(out, answer, address, first, u16::MAX)?;
    }
    writeln!(out, "configuration {map}")?;
    Ok(())
}

fn write_share(out: &mut dyn Write, answer: Answer, address: Ipv4Addr, first: u16, last: u16) -> Result<()> {
    writeln!(out, "{} {address}:{first}-{last}", words(answer))?;
    Ok(())
}

fn words(answer: Answer) -> String {
    match answer {
        Answer::Subscriber(address) => address.to_string(),
        Answer::Reserved => "reserved".into(),
        Answer::Dynamic => "dynamic".into(),
        Answer::Orphan => "orphan".into(),
    }
}

fn run_trace(args: &PortsTrace, out: &mut dyn Write) -> Result<()> {
    let (address, port) = match (args.port, args.address.rsplit_once(':')) {
        (Some(port), _) => (args.address.as_str(), port),
        (None, Some((address, port))) => (address, port.parse().with_context(|| format!("port {port}"))?),
        (None, None) => bail!("{}: a port is missing", args.address),
    };
    let address: Ipv4Addr = address.parse().with_context(|| format!("outside address {address}"))?;
    if let (Some(inside), Some(outside)) = (&args.inside, &args.outside) {
        let map = configuration(inside, outside, &args.rule)?;
        let answer = map.reverse(address, port)?;
        // The log knows who had a port of the dynamic pool.
        if args.log.is_none() || answer != Answer::Dynamic {
            writeln!(out, "{}", words(answer))?;
            return Ok(());
        }
    }
    let (Some(log), Some(time)) = (&args.log, args.time) else { bail!("--log goes with --time") };
    let records = read(log)?;
    let protocol = args.protocol.map(Protocol);
    let attribution = attribute(&records, &Query { address, port, protocol, time, skew: args.skew });
    let mut nobody = true;
    for subscriber in attribution.candidates() {
        nobody = false;
        writeln!(out, "{subscriber}")?;
    }
    if nobody {
        writeln!(out, "nobody")?;
    }
    if attribution.has_more() {
        writeln!(out, "and more")?;
    }
    Ok(())
}

/// The records of a file, one a line.
fn read(path: &Path) -> Result<Vec<Record>> {
    let name = || path.display().to_string();
    let file = BufReader::new(File::open(path).with_context(name)?);
    let mut records: Vec<Record> = Vec::new();
    for (index, line) in file.lines().enumerate() {
        let number = index.saturating_add(1);
        let line = line.with_context(name)?;
        if line.trim().is_empty() {
            continue;
        }
        let record: Record = line.trim_end().parse().with_context(|| format!("{}: line {number}", path.display()))?;
        if records.last().is_some_and(|last| last.time > record.time) {
            bail!("{}: line {number}: its time is before that of the line above", path.display());
        }
        records.push(record);
    }
    Ok(records)
}

fn configuration(inside: &str, outside: &str, rule: &DeterministicRule) -> Result<Deterministic> {
    let subscribers = match (inside.parse::<Ipv4Prefix>(), inside.parse::<Ipv6Prefix>()) {
        (Ok(prefix), _) => Inside::Ipv4 { prefix, hosts_only: !rule.all_inside },
        (_, Ok(prefix)) => Inside::Ipv6 { prefix, subscriber_len: rule.subscriber_len },
        (Err(error), Err(_)) => return Err(error).with_context(|| format!("--inside {inside}")),
    };
    let pool = match outside.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => Ipv4Prefix::new(address, 32),
        _ => outside.parse(),
    };
    let pool = pool.with_context(|| format!("--outside {outside}"))?;
    let algorithm = Algorithm::ALL.get(usize::from(rule.algorithm)).copied().context("--algorithm")?;
    let ranges = rule
        .reserved
        .split(',')
        .filter(|range| !range.is_empty())
        .map(|range| range.parse::<PortRange>().with_context(|| format!("--reserved {range}")));
    let reserved = Reserved::new(ranges.collect::<Result<Vec<_>>>()?)?;
    Ok(Deterministic::with(subscribers, pool, rule.dynamic, rule.max, algorithm, reserved)?)
}
