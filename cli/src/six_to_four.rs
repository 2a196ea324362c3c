//! The commands `6to4 encap`, `6to4 decap` and `6to4 site`.

use std::io::Write;

use anyhow::{Context, Result};
use ip_wire::PacketBuf;
use ip_wire::ip::Packet;
use ip_wire::link::LinkType;
use ip_wire::tunnel::HopLimit;
use serde_json::json;
use sixtofour::{Counters, Error, Policy, Role, Router, SitePrefix, router};

use crate::args::{Profile, SixToFour, SixToFourEncap, SixToFourIo, SixToFourSite};
use crate::capture::{Capture, Frame};
use crate::pcap;
use crate::progress::Progress;
use crate::run::Outcome;
use crate::totals::create;

/// Runs one of the commands.
pub(crate) fn run(args: &SixToFour, out: &mut dyn Write) -> Result<Outcome> {
    match args {
        SixToFour::Encap(args) => run_encap(args, out),
        SixToFour::Decap(args) => run_decap(args, out),
        SixToFour::Site(args) => run_site(args, out),
    }
}

fn run_encap(args: &SixToFourEncap, out: &mut dyn Write) -> Result<Outcome> {
    let mut router = router_of(&args.io)?;
    router.set_mtu(args.mtu).context("--mtu")?;
    (router.relay, router.ttl) = (args.relay, HopLimit::Fixed(args.ttl));
    let mut identification = 0u16;
    pass(&args.io, out, |packet| {
        router.encapsulate(packet, identification)?;
        identification = identification.wrapping_add(1);
        Ok(())
    })
}

fn run_decap(args: &SixToFourIo, out: &mut dyn Write) -> Result<Outcome> {
    let router = router_of(args)?;
    pass(args, out, |packet| router.decapsulate(packet).map(drop))
}

fn run_site(args: &SixToFourSite, out: &mut dyn Write) -> Result<Outcome> {
    match SitePrefix::new(args.address, policy(args.profile).ipv4) {
        Ok(site) => {
            writeln!(out, "{site}")?;
            Ok(Outcome { failed: 0, strict: true })
        }
        Err(error) => {
            writeln!(out, "no site: {error}")?;
            Ok(Outcome { failed: 1, strict: true })
        }
    }
}

const fn policy(profile: Profile) -> Policy {
    match profile {
        Profile::Codec => Policy::CODEC,
        Profile::Rfc3964 => Policy::RFC_3964,
        Profile::Strict => Policy::STRICT,
    }
}

fn router_of(args: &SixToFourIo) -> Result<Router<'static>> {
    let mut router = Router::new(args.v4, policy(args.profile)).context("--v4")?;
    router.role = if args.relay_role { Role::Relay } else { Role::Border };
    Ok(router)
}

/// Takes a capture through a router, packet by packet.
fn pass(
    io: &SixToFourIo,
    out: &mut dyn Write,
    mut process: impl FnMut(&mut PacketBuf<Vec<u8>>) -> Result<(), Error>,
) -> Result<Outcome> {
    let mut capture = Capture::open(&io.input)?;
    let mut packets = pcap::Writer::new(create(&io.output)?, LinkType::RAW).with_context(|| io.output.display().to_string())?;
    let mut audit = io.audit.as_deref().map(create).transpose()?;
    let progress = Progress::over(Some(&io.input));
    let (mut counters, mut frames, mut not_ip) = (Counters::default(), 0u64, 0u64);
    let damage = loop {
        progress.at(frames, capture.consumed());
        let frame = match capture.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        frames = frames.saturating_add(1);
        let Some(octets) = crate::atm::packet(&frame) else {
            not_ip = not_ip.saturating_add(1);
            continue;
        };
        let mut storage = vec![0; router::OVERHEAD];
        storage.extend_from_slice(octets);
        let mut packet = PacketBuf::new(storage, router::OVERHEAD, octets.len())?;
        match counters.count(process(&mut packet)) {
            Ok(()) => {
                let time = frame.time.unwrap_or_default();
                packets.frame(time, packet.octets()).with_context(|| io.output.display().to_string())?;
            }
            Err(error) => {
                if let Some(audit) = &mut audit {
                    writeln!(audit, "{}", line(&frame, octets, &error))?;
                }
            }
        }
    };
    packets.finish().with_context(|| io.output.display().to_string())?;
    if let Some(audit) = &mut audit {
        audit.flush()?;
    }
    drop(progress);
    writeln!(out, "{:<20}{frames:>12}", "frames")?;
    writeln!(out, "{:<20}{not_ip:>12}", "without an IP packet")?;
    writeln!(out, "{:<20}{:>12}", "packets written", counters.passed())?;
    writeln!(out, "{:<20}{:>12}", "refused", counters.refused())?;
    for (reason, count) in counters.reasons() {
        writeln!(out, "{count:>32}  {reason}")?;
    }
    match damage {
        Some(error) => Err(error.into()),
        None => Ok(Outcome { failed: counters.refused().saturating_add(not_ip), strict: io.strict }),
    }
}

fn line(frame: &Frame<'_>, octets: &[u8], error: &Error) -> String {
    let packet = Packet::parse_lax(octets).ok().map(ip_wire::Reading::into_view);
    json!({
        "frame": frame.number,
        "time": frame.time.map(|time| format!("{}.{:09}", time.as_secs(), time.subsec_nanos())),
        "reason": error.to_string(),
        "kind": error.reason().name(),
        "src": packet.map(|packet| packet.source().to_string()),
        "dst": packet.map(|packet| packet.destination().to_string()),
    })
    .to_string()
}
