//! How a dissection is shown: as a tree, or as a line of JSON.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use crate::capture::Frame;
use crate::dissect::{Dissection, Item, Layer, Value, link_type_name};

/// One JSON object: frame number, layer names, error, then every field that occurs with all its values.
#[must_use]
pub fn json(frame: &Frame<'_>, dissection: &Dissection) -> String {
    let mut object = Map::new();
    object.insert("frame".into(), frame.number.into());
    let layers: Vec<Json> = dissection.layers.iter().map(|layer| layer.name.into()).collect();
    object.insert("layers".into(), layers.into());
    object.insert("error".into(), dissection.error.map_or(Json::Null, |problem| problem.to_string().into()));
    for item in dissection.layers.iter().flat_map(|layer| &layer.items) {
        let value = match &item.value {
            _ if item.key.is_empty() => continue,
            Value::Text(text) => json!(text),
            other => json!(other.number()),
        };
        if let Json::Array(values) = object.entry(item.key).or_insert_with(|| Json::Array(Vec::new())) {
            values.push(value);
        }
    }
    Json::Object(object).to_string()
}

/// The frame as a tree that a person can read.
#[must_use]
pub fn tree(frame: &Frame<'_>, dissection: &Dissection) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = write_tree(&mut out, frame, dissection);
    out
}

fn write_tree(out: &mut String, frame: &Frame<'_>, dissection: &Dissection) -> std::fmt::Result {
    write!(out, "frame {}, {}, {} octets", frame.number, link_type_name(frame.link_type), frame.octets.len())?;
    if frame.original_len > frame.octets.len() {
        write!(out, " of {}", frame.original_len)?;
    }
    if let Some(time) = frame.time {
        write!(out, ", {}", Utc(time))?;
    }
    writeln!(out)?;
    let last = dissection.layers.len();
    for (index, layer) in dissection.layers.iter().enumerate() {
        let ends = index.saturating_add(1) == last && dissection.error.is_none();
        write_layer(out, layer, ends)?;
    }
    if let Some(problem) = dissection.error {
        writeln!(out, "└─ ERROR {problem}")?;
    }
    writeln!(out)
}

fn write_layer(out: &mut String, layer: &Layer, ends: bool) -> std::fmt::Result {
    let (branch, stem) = if ends { ("└─", "  ") } else { ("├─", "│ ") };
    let end = layer.offset.saturating_add(layer.len);
    writeln!(out, "{branch} {}  [{}..{end}]", layer.title, layer.offset)?;
    for item in layer.items.iter().filter(|item| !item.label.is_empty()) {
        writeln!(out, "{stem}{}", line(item))?;
    }
    for note in &layer.notes {
        writeln!(out, "{stem}      ! {note}")?;
    }
    Ok(())
}

fn line(item: &Item) -> String {
    let indent = usize::from(item.depth.saturating_sub(1)).saturating_mul(2);
    let label = format!("{:indent$}{}", "", item.label);
    let mut line = format!("{:>5}  {label:<24}{}", item.offset, item.value);
    if !item.meaning.is_empty() {
        let _ = write!(line, " ({})", item.meaning);
    }
    line.truncate(line.trim_end().len());
    line
}

/// A time since 1970 as a date (proleptic Gregorian calendar).
struct Utc(Duration);

impl std::fmt::Display for Utc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        let (days, of_day) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:09} UTC", self.0.subsec_nanos())
    }
}

/// Year, month and day of a day number since 1970-01-01, by eras of 400 years that start in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let leaps = (of_era / 1460).saturating_add(of_era / 146_096);
    let year = of_era.saturating_add(of_era / 36_524).saturating_sub(leaps) / 365;
    let of_year = of_era.saturating_add(year / 100).saturating_sub(year.saturating_mul(365).saturating_add(year / 4));
    let part = of_year.saturating_mul(5).saturating_add(2) / 153;
    let day = of_year.saturating_sub(part.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let month = if part < 10 { part.saturating_add(3) } else { part.saturating_sub(9) };
    let year = year.saturating_add(era.saturating_mul(400));
    (if month <= 2 { year.saturating_add(1) } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let date = |seconds| Utc(Duration::from_secs(seconds)).to_string();
        assert_eq!(date(0), "1970-01-01 00:00:00.000000000 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00:00.000000000 UTC");
        assert_eq!(date(1_709_164_800 + 86_399), "2024-02-29 23:59:59.000000000 UTC");
        assert_eq!(date(4_107_542_400), "2100-03-01 00:00:00.000000000 UTC");
        assert_eq!(date(u64::from(u32::MAX)), "2106-02-07 06:28:15.000000000 UTC");
    }
}
