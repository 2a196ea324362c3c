//! Tables and pictures of a run that `ratios --json` wrote.

mod bars;
mod curves;
mod svg;
mod table;

pub use bars::bars;
pub use curves::curves;
pub use table::markdown;

/// A row as it was printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Printed {
    /// The group.
    pub group: String,
    /// The work item.
    pub work: String,
    /// `ns` or `octets`.
    pub unit: &'static str,
    /// Ours.
    pub ours: f64,
    /// The peer's name.
    pub peer: String,
    /// The peer's.
    pub theirs: f64,
    /// How many times ours the peer's is.
    pub ratio: f64,
    /// The ratio needed.
    pub budget: Option<f64>,
    /// Whether it is reached.
    pub met: bool,
}

impl Printed {
    /// The rows of JSON lines.
    ///
    /// # Errors
    /// Says which line is no row.
    pub fn read(lines: &str) -> Result<Vec<Self>, String> {
        let lines = lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(at, line)| Self::of(line).ok_or_else(|| format!("line {}: not a row of the table", at + 1))).collect()
    }

    fn of(line: &str) -> Option<Self> {
        let row: serde_json::Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| Some(row.get(name)?.as_str()?.to_owned());
        let number = |name: &str| row.get(name)?.as_f64();
        let unit = if row.get("ours_ns").is_some() { "ns" } else { "octets" };
        Some(Self {
            group: text("group")?,
            work: text("work")?,
            unit,
            ours: number(&format!("ours_{unit}"))?,
            peer: text("peer")?,
            theirs: number(&format!("peer_{unit}"))?,
            ratio: number("ratio")?,
            budget: number("budget").filter(|budget| *budget > 0.0),
            met: row.get("met")?.as_bool()?,
        })
    }
}

/// A time in as few digits as say something.
fn nanoseconds(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.1}"),
        ..10_000.0 => format!("{value:.0}"),
        _ => format!("{:.0} us", value / 1000.0),
    }
}

#[cfg(test)]
mod tests;
