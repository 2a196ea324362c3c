//! What a capture has in it, counted.

use std::collections::BTreeMap;
use std::fmt;

use ip_wire::Dscp;

use crate::capture::Frame;
use crate::dissect::{Dissection, Layer};

/// Columns of the longest bar.
const BAR_LEN: u64 = 40;

/// Counts over the frames of a capture.
#[derive(Debug, Clone, Default)]
pub struct Census {
    all: Count,
    failed: u64,
    noted: u64,
    /// Under the path of layer names from the outermost on.
    hierarchy: BTreeMap<Vec<&'static str>, Count>,
    dscp: BTreeMap<u64, u64>,
    options: BTreeMap<(&'static str, u64), (u64, String)>,
    extensions: BTreeMap<&'static str, (u64, String)>,
    errors: BTreeMap<(String, &'static str), (u64, u64)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    packets: u64,
    octets: u64,
}

impl Count {
    fn add(&mut self, frame: &Frame<'_>) {
        self.packets = self.packets.saturating_add(1);
        self.octets = self.octets.saturating_add(u64::try_from(frame.original_len).unwrap_or(u64::MAX));
    }
}

impl Census {
    /// Frames counted so far.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.all.packets
    }

    /// Frames with an error.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.failed
    }

    /// Counts a frame.
    pub fn count(&mut self, frame: &Frame<'_>, dissection: &Dissection) {
        self.all.add(frame);
        let mut path = Vec::new();
        for layer in &dissection.layers {
            path.push(layer.name);
            self.hierarchy.entry(path.clone()).or_default().add(frame);
            self.count_layer(layer);
        }
        if dissection.layers.iter().any(|layer| !layer.notes.is_empty()) {
            self.noted = self.noted.saturating_add(1);
        }
        if let Some(problem) = dissection.error {
            self.failed = self.failed.saturating_add(1);
            let (count, _) = self.errors.entry((problem.kind(), problem.error.field_name())).or_insert((0, frame.number));
            *count = count.saturating_add(1);
        }
    }

    fn count_layer(&mut self, layer: &Layer) {
        if matches!(
            layer.name,
            "ipv6.hopopts" | "ipv6.dstopts" | "ipv6.routing" | "ipv6.fraghdr" | "mipv6" | "hip" | "shim6" | "ah" | "esp"
        ) {
            let (count, _) = self.extensions.entry(layer.name).or_insert_with(|| (0, layer.title.clone()));
            *count = count.saturating_add(1);
        }
        for item in &layer.items {
            let Some(number) = item.value.number() else { continue };
            match item.key {
                "ip.dsfield.dscp" | "ipv6.tclass.dscp" => {
                    let count = self.dscp.entry(number).or_default();
                    *count = count.saturating_add(1);
                }
                _ if item.label == "option" => {
                    let (count, _) = self.options.entry((layer.name, number)).or_insert_with(|| (0, item.meaning.clone()));
                    *count = count.saturating_add(1);
                }
                _ => {}
            }
        }
    }

    fn options_of(&self, f: &mut fmt::Formatter<'_>, title: &str, layer: &str) -> fmt::Result {
        let mut titled = false;
        for ((_, number), (count, name)) in self.options.iter().filter(|((found, _), _)| *found == layer) {
            if !std::mem::replace(&mut titled, true) {
                writeln!(f, "\n{title}")?;
            }
            writeln!(f, "  {count:>10}  {number:>3} {name}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { all, failed, noted, .. } = self;
        writeln!(f, "{} frames, {} octets; {failed} with an error, {noted} with notes", all.packets, all.octets)?;

        writeln!(f, "\nprotocols{:>40} {:>14}", "packets", "octets")?;
        for (path, count) in &self.hierarchy {
            let (depth, name) = (path.len().saturating_sub(1), path.last().copied().unwrap_or(""));
            let name = format!("{:indent$}{name}", "", indent = depth.saturating_mul(2));
            writeln!(f, "  {name:<36} {:>10} {:>14}", count.packets, count.octets)?;
        }

        let most = self.dscp.values().copied().max().unwrap_or(0);
        if most > 0 {
            writeln!(f, "\nDSCP, over all IP headers")?;
        }
        for (value, count) in &self.dscp {
            let name = u8::try_from(*value).ok().and_then(Dscp::new).map(|dscp| dscp.to_string()).unwrap_or_default();
            let bar = count.saturating_mul(BAR_LEN).div_ceil(most.max(1));
            let bar = "█".repeat(usize::try_from(bar).unwrap_or(0));
            writeln!(f, "  {value:>2} {name:<12} {count:>10} {bar}")?;
        }

        self.options_of(f, "IPv4 options", "ip")?;
        self.options_of(f, "IPv6 hop-by-hop options", "ipv6.hopopts")?;
        self.options_of(f, "IPv6 destination options", "ipv6.dstopts")?;
        self.options_of(f, "TCP options", "tcp")?;

        if !self.extensions.is_empty() {
            writeln!(f, "\nextension headers")?;
        }
        for (count, title) in self.extensions.values() {
            writeln!(f, "  {count:>10}  {title}")?;
        }

        if !self.errors.is_empty() {
            writeln!(f, "\nerrors")?;
        }
        for ((kind, field), (count, first)) in &self.errors {
            writeln!(f, "  {count:>10}  {kind}: {field} (first in frame {first})")?;
        }
        Ok(())
    }
}
