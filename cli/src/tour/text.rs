//! The table, for people and as JSON lines.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::table::{Report, Row};

/// The table for people.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = write_table(&mut out, report);
    out
}

fn write_table(out: &mut String, report: &Report) -> std::fmt::Result {
    let Report { name, seed, loss, capture, rows, faults } = report;
    writeln!(
        out,
        "{name}: {} frames, {} IP packets; the line loses {loss} of the cells, seed {seed}",
        capture.entered, capture.left
    )?;
    if capture.left == 0 {
        writeln!(out, "no frame has an IP packet: there is nothing to take on the tour")?;
        return write_faults(out, report);
    }
    writeln!(
        out,
        "\n{:<17}{:>9}{:>9}{:>10}{:>11}{:>12}{:>12}{:>9}",
        "stage", "in", "out", "discards", "passed by", "overhead", "ns/packet", "Gbit/s"
    )?;
    for row in std::iter::once(capture).chain(rows) {
        write_row(out, row, std::ptr::eq(row, capture))?;
    }
    writeln!(
        out,
        "\nin = out + discards. What is passed by is not for that stage and goes on without it. Overhead: octets that packets grew by."
    )?;
    if faults.count() == 0 {
        writeln!(out, "Every packet that came out of a stage is, octet by octet, what it was to be.")?;
    }
    write_faults(out, report)
}

fn write_row(out: &mut String, row: &Row, is_capture: bool) -> std::fmt::Result {
    write!(out, "{:<17}{:>9}{:>9}{:>10}{:>11}", row.name, row.entered, row.left, row.discarded(), row.passed())?;
    if is_capture {
        writeln!(out)?;
    } else {
        let measured = |value: Option<f64>, digits: usize| value.map_or_else(|| "-".into(), |value| format!("{value:.digits$}"));
        let overhead = if row.overhead == 0 { "0".into() } else { format!("{:+}", row.overhead) };
        let (time, rate) = (measured(row.timing.nanoseconds(), 0), measured(row.timing.gigabits(), 2));
        writeln!(out, "{overhead:>12}{time:>12}{rate:>9}")?;
    }
    for (reason, count) in &row.discards {
        writeln!(out, "{:>17}discarded {count}: {reason}", "")?;
    }
    for (reason, count) in &row.passed_by {
        writeln!(out, "{:>17}passed by {count}: {reason}", "")?;
    }
    if !row.notes.is_empty() {
        let notes: Vec<String> = row.notes.iter().map(|(what, count)| format!("{what} {count}")).collect();
        writeln!(out, "{:>17}{}", "", notes.join(", "))?;
    }
    Ok(())
}

fn write_faults(out: &mut String, report: &Report) -> std::fmt::Result {
    for fault in report.faults.kept() {
        writeln!(out, "ERROR {fault}")?;
    }
    match report.faults.count() {
        0 => Ok(()),
        count => writeln!(out, "{count} faults"),
    }
}

/// The table as JSON lines: the capture, the stages in order, faults.
#[must_use]
pub fn json(report: &Report) -> String {
    let mut lines = vec![json!({
        "capture": report.name,
        "seed": report.seed,
        "loss": report.loss,
        "in": report.capture.entered,
        "out": report.capture.left,
        "discards": report.capture.discards,
        "faults": report.faults.count(),
    })];
    lines.extend(report.rows.iter().map(|row| {
        let notes: Map<String, Json> = row.notes.iter().map(|(what, count)| (what.clone(), (*count).into())).collect();
        json!({
            "stage": row.name,
            "in": row.entered,
            "out": row.left,
            "discards": row.discards,
            "passed_by": row.passed_by,
            "overhead": row.overhead,
            "ns_per_packet": row.timing.nanoseconds(),
            "gbit_per_s": row.timing.gigabits(),
            "notes": notes,
        })
    }));
    lines.extend(report.faults.kept().iter().map(|fault| {
        json!({
            "fault": fault.stage,
            "frame": fault.frame,
            "offset": fault.octet.map(|octet| octet.offset),
            "expected": fault.octet.and_then(|octet| octet.expected),
            "found": fault.octet.and_then(|octet| octet.found),
            "what": fault.what,
        })
    }));
    lines.iter().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{line}");
        out
    })
}
