//! The command `diffserv condition`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use diffserv::agreement::Treatment;
use diffserv::audit::{Config, Event};
use diffserv::conditioner::{Arrival, Count, Reason, RuleCounters, Verdict};
use diffserv::{Color, Conditioner, TrafficConditioningAgreement};
use ip_wire::link::LinkType;
use serde_json::{Map, Value as Json, json};

use crate::args::Condition;
use crate::atm;
use crate::capture::Capture;
use crate::pcap;
use crate::progress::Progress;
use crate::run::Outcome;
use crate::totals::create;

/// A packet on its way, which may have to wait.
struct Packet(Vec<u8>);

impl AsRef<[u8]> for Packet {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsMut<[u8]> for Packet {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// Runs `diffserv condition`.
pub(crate) fn run(args: &Condition, out: &mut dyn Write) -> Result<Outcome> {
    let agreement = read(&args.agreement)?;
    let mut capture = Capture::open(&args.input)?;
    let mut packets =
        pcap::Writer::new(create(&args.output)?, LinkType::RAW).with_context(|| args.output.display().to_string())?;
    let mut audit = args.audit.as_deref().map(create).transpose()?;
    // Events are taken out behind each packet: none is lost for lack of room, and the caller asked for all.
    let config = if audit.is_some() { Config::default().with_rate(None) } else { Config::off() };
    let progress = Progress::over(Some(&args.input));
    let mut node: Option<Conditioner<Packet>> = None;
    let (mut frames, mut not_ip, mut written, mut now) = (0_u64, 0_u64, 0_u64, Duration::ZERO);
    let damage = loop {
        progress.at(frames, capture.consumed());
        let frame = match capture.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        frames = frames.saturating_add(1);
        now = frame.time.unwrap_or(now);
        let node = match &mut node {
            Some(node) => node,
            None => node.insert(Conditioner::with_audit(&agreement, now, config)?),
        };
        written = written.saturating_add(release(node, now, &mut packets)?);
        let Some(octets) = atm::packet(&frame) else {
            not_ip = not_ip.saturating_add(1);
            continue;
        };
        let verdict = node.offer(Packet(octets.to_vec()), Arrival::at(now));
        if let Verdict::Forward { packet, .. } = &verdict {
            packets.frame(now, packet.as_ref()).with_context(|| args.output.display().to_string())?;
            written = written.saturating_add(1);
        }
        if let Some(audit) = &mut audit {
            if let Verdict::Discard { reason: Reason::Unreadable(error), .. } = &verdict {
                let line =
                    json!({"frame": frame.number, "time": seconds(now), "kind": "unreadable", "reason": error.to_string()});
                writeln!(audit, "{line}")?;
            }
            while let Some(event) = node.poll_event() {
                writeln!(audit, "{}", line(frame.number, &event, &agreement))?;
            }
        }
    };
    let mut node = match node {
        Some(node) => node,
        None => Conditioner::with_audit(&agreement, Duration::ZERO, config)?,
    };
    written = written.saturating_add(release(&mut node, Duration::MAX, &mut packets)?);
    packets.finish().with_context(|| args.output.display().to_string())?;
    if let Some(audit) = &mut audit {
        audit.flush()?;
    }
    drop(progress);
    let report = Report { agreement: &agreement, node: &node, frames, not_ip, written };
    if args.json {
        writeln!(out, "{}", report.json())?
    } else {
        write!(out, "{}", report.text())?
    }
    match damage {
        Some(error) => Err(error.into()),
        None => Ok(Outcome { failed: node.counters().unreadable.saturating_add(not_ip), strict: args.strict }),
    }
}

/// An agreement in JSON or TOML: what starts with a brace is JSON.
fn read(path: &Path) -> Result<TrafficConditioningAgreement> {
    let name = || path.display().to_string();
    let text = fs::read_to_string(path).with_context(name)?;
    let read = if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(|error| anyhow!(error))
    } else {
        toml::from_str(&text).map_err(|error| anyhow!(error))
    };
    read.with_context(name)
}

/// Writes what shapers let go until `until`, each packet at its own time.
fn release(node: &mut Conditioner<Packet>, until: Duration, packets: &mut pcap::Writer<impl Write>) -> Result<u64> {
    let mut written = 0_u64;
    while let Some(deadline) = node.next_deadline().filter(|deadline| *deadline <= until) {
        let Some((_, packet)) = node.poll(deadline) else { break };
        packets.frame(deadline, packet.as_ref())?;
        written = written.saturating_add(1);
    }
    Ok(written)
}

fn seconds(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

fn line(frame: u64, event: &Event, agreement: &TrafficConditioningAgreement) -> Json {
    let rule = event.rule.and_then(|rule| agreement.rules.get(rule)).map(|rule| rule.name.as_str());
    json!({
        "frame": frame,
        "time": seconds(event.time),
        "kind": event.kind.name(),
        "src": event.source.to_string(),
        "dst": event.destination.to_string(),
        "dscp": event.dscp.value(),
        "rule": rule,
        "color": event.color.map(|color| color.to_string()),
    })
}

/// What is printed at the end.
struct Report<'a> {
    agreement: &'a TrafficConditioningAgreement,
    node: &'a Conditioner<Packet>,
    frames: u64,
    not_ip: u64,
    written: u64,
}

impl Report<'_> {
    /// Names, whether they have a meter, and counters: of the rules, and of the default.
    fn rules(&self) -> impl Iterator<Item = (&str, bool, &RuleCounters)> {
        let rules = self.agreement.rules.iter().enumerate().filter_map(|(place, rule)| {
            let metered = matches!(rule.treatment, Treatment::Metered { .. });
            Some((rule.name.as_str(), metered, self.node.rule_counters(place)?))
        });
        rules.chain(std::iter::once(("default", false, self.node.default_counters())))
    }

    fn text(&self) -> String {
        let all = self.node.counters();
        let mut out = String::new();
        // Writing to a string can't fail.
        let _ = writeln!(out, "{:<24} {:>10} {:>14}", "", "packets", "octets");
        let mut row = |name: &str, count: Count| {
            let _ = writeln!(out, "{name:<24} {:>10} {:>14}", count.packets, count.octets);
        };
        for (name, metered, rule) in self.rules() {
            row(name, rule.matched);
            if metered {
                for color in Color::ALL {
                    row(&format!("  {color}"), rule.color(color));
                }
            }
            for (name, count) in [
                ("  marked", rule.marked),
                ("  forwarded", rule.forwarded),
                ("  shaped", rule.shaped),
                ("  dropped", rule.discarded),
            ] {
                if count.packets > 0 {
                    row(name, count);
                }
            }
        }
        row("all", all.offered);
        for (name, count) in [
            ("  forwarded", all.forwarded),
            ("  shaped", all.shaped),
            ("  out of profile", all.out_of_profile),
            ("  not shaped", all.not_shaped),
            ("  unacceptable DSCP", all.unacceptable),
        ] {
            row(name, count);
        }
        let Self { frames, not_ip, written, .. } = self;
        let _ = writeln!(
            out,
            "{frames} frames read, {not_ip} without an IP packet, {} unreadable, {written} written",
            all.unreadable
        );
        out
    }

    fn json(&self) -> Json {
        let count = |count: Count| json!({"packets": count.packets, "octets": count.octets});
        let all = self.node.counters();
        let mut rules = Vec::new();
        for (name, metered, rule) in self.rules() {
            let mut object = Map::new();
            object.insert("name".into(), name.into());
            object.insert("matched".into(), count(rule.matched));
            if metered {
                for color in Color::ALL {
                    object.insert(color.to_string(), count(rule.color(color)));
                }
            }
            for (name, counter) in
                [("marked", rule.marked), ("forwarded", rule.forwarded), ("shaped", rule.shaped), ("dropped", rule.discarded)]
            {
                object.insert(name.into(), count(counter));
            }
            rules.push(Json::from(object));
        }
        let default = rules.pop();
        json!({
            "frames": self.frames,
            "not_ip": self.not_ip,
            "unreadable": all.unreadable,
            "written": self.written,
            "offered": count(all.offered),
            "forwarded": count(all.forwarded),
            "shaped": count(all.shaped),
            "out_of_profile": count(all.out_of_profile),
            "not_shaped": count(all.not_shaped),
            "unacceptable": count(all.unacceptable),
            "rules": rules,
            "default": default,
        })
    }
}
