//! Ours beside the peers, and where ours has to be.

use super::svg::Svg;
use super::{Printed, nanoseconds};

/// The items that are drawn: group, work item, and what it is called.
const ITEMS: [(&str, &str, &str); 24] = [
    ("headers", "ipv4 parse + header checksum verify", "IPv4 header, checksum verified"),
    ("headers", "five-tuple, mix", "five-tuple of a frame, mixed shapes"),
    ("headers", "internet checksum, 1500 octets", "Internet checksum of 1,500 octets"),
    ("lanes", "hmac-md5, 1500, batch 256", "HMAC-MD5 of 1,500 octets, 256 at once"),
    ("lanes", "hmac-sha256, imix, batch 256", "HMAC-SHA-256, IMIX, 256 at once"),
    ("lanes", "aes-cbc encrypt + hmac-sha1, imix, batch 256", "AES-CBC and HMAC-SHA-1, IMIX, 256 at once"),
    ("ipsec", "CBC+SHA1 seal 576, b32", "ESP seal, CBC and SHA-1, 576 octets, 32 at once"),
    ("ipsec", "GCM ring open 1500", "ESP open, AES-GCM by ring, 1,500 octets"),
    ("ipsec", "framing, GCM open 576", "ESP open, all but cryptography"),
    ("ipsec", "replay check + mark, W 4096", "replay window of 4,096"),
    ("ipsec", "SAD, own SPI, 65,536 SAs", "association by own SPI, of 65,536"),
    ("ipsec", "SPD, first match of 1,000", "policy, first match of 1,000"),
    ("llpf", "MD5 filter 576, b256", "LLPF filter, HMAC-MD5, 576 octets, 256 at once"),
    ("llpf", "SHA256 filter 1500, b256", "LLPF filter, HMAC-SHA-256, 1,500 octets"),
    ("atm", "aal5 crc-32, 576", "AAL5's CRC-32 of 576 octets"),
    ("atm", "segment 1500", "1,500 octets to ATM cells"),
    ("atm", "reassemble 1500", "ATM cells to 1,500 octets"),
    ("atm", "switch a cell, 1024 connections", "a cell through a switch"),
    ("sixtofour", "encapsulate with all checks", "6to4 encapsulation, all checks"),
    ("sixtofour", "decapsulate with all checks", "6to4 decapsulation, all checks"),
    ("diffserv", "srTCM, one hot flow", "srTCM, one flow"),
    ("diffserv", "multi-field, 1,000 rules", "classifier with 1,000 rules"),
    ("diffserv", "set DSCP, IPv4", "DSCP set, checksum mended"),
    ("ngisec", "gateway, 576 octets come in", "NGISec data packet through a gateway"),
];

const COLUMN: f64 = 490.0;
const LEFT: f64 = 28.0;
const ROW: f64 = 17.0;
/// The longest bar; behind bars is what they are.
const LONGEST: f64 = 300.0;
/// From half a nanosecond on.
const FIRST: f64 = 0.5;
const DECADES: f64 = 4.7;
/// Where the first item begins.
const TOP: f64 = 112.0;

/// How long a bar is.
fn length(nanoseconds: f64) -> f64 {
    ((nanoseconds / FIRST).log10() / DECADES * LONGEST).clamp(1.0, LONGEST)
}

/// An item to be drawn.
struct Item<'a> {
    label: &'static str,
    ours: f64,
    ours_name: &'static str,
    budget: Option<f64>,
    peers: Vec<&'a Printed>,
}

impl Item<'_> {
    fn height(&self) -> f64 {
        34.0 + ROW * (1 + self.peers.len()) as f64
    }
}

/// Bars of nanoseconds on a logarithmic scale. A red mark on ours is its tightest budget: where it has to end, if the peer is where it is.
///
/// # Errors
/// Names an item that the run lacks.
pub fn bars(rows: &[Printed]) -> Result<String, String> {
    let items = ITEMS.iter().map(|item| find(rows, item)).collect::<Result<Vec<_>, _>>()?;
    let columns = items.split_at(items.len().div_ceil(2));
    let columns = [columns.0, columns.1];
    let heights = columns.map(|items| items.iter().map(Item::height).sum::<f64>());
    let height = TOP + heights[0].max(heights[1]) + 24.0;
    let title = "Time of an operation, ours and others";
    let mut svg = Svg::new(2.0 * COLUMN + 40.0, height, title, "The same numbers are in benchmarks.md.");
    svg.text("s", LEFT, 66.0, "Nanoseconds, logarithmic; shorter is better. Blue is ours, grey the peers.");
    svg.line("b", (LEFT + 522.0, 54.0), (LEFT + 522.0, 70.0));
    svg.text("s", LEFT + 532.0, 66.0, "the tightest budget: ours is to end at it or before it");
    for (at, items) in columns.into_iter().enumerate() {
        column(&mut svg, LEFT + at as f64 * COLUMN, height - 20.0, items);
    }
    Ok(svg.finish())
}

fn find<'a>(rows: &'a [Printed], (group, work, label): &(&str, &str, &'static str)) -> Result<Item<'a>, String> {
    let found: Vec<&Printed> = rows.iter().filter(|row| row.group == *group && row.work == *work).collect();
    let Some(first) = found.first() else { return Err(format!("the run has no item `{work}` of group `{group}`")) };
    let budgets = found.iter().filter_map(|row| Some(row.theirs / row.budget?));
    // Budgets in numbers have no crate behind them, and our own other paths are for the table.
    let is_crate = |peer: &str| {
        !peer.starts_with("budget") && !peer.ends_with("cycles") && !peer.ends_with("bit/s") && !peer.starts_with("our ")
    };
    Ok(Item {
        label,
        ours: first.ours,
        ours_name: crate_of(group),
        budget: budgets.reduce(f64::min),
        peers: found.iter().filter(|row| is_crate(&row.peer)).take(3).copied().collect(),
    })
}

fn column(svg: &mut Svg, left: f64, bottom: f64, items: &[Item<'_>]) {
    for decade in [1.0, 10.0, 100.0, 1000.0, 10_000.0] {
        let x = left + length(decade);
        svg.line("g", (x, TOP), (x, bottom));
        svg.text("s m", x, TOP - 6.0, &nanoseconds(decade).replace(".0", ""));
    }
    let mut top = TOP;
    for item in items {
        svg.text("n", left, top + 22.0, item.label);
        let mut y = top + 28.0;
        let mut draw = |class: &str, value: f64, name: &str, mark: Option<f64>| {
            let (end, mark) = (left + length(value), mark.map(|mark| left + length(mark)));
            svg.bar(class, left, y, end - left, 12.0);
            if let Some(mark) = mark {
                svg.line("b", (mark, y - 3.0), (mark, y + 15.0));
            }
            svg.text("", end.max(mark.unwrap_or(0.0)) + 8.0, y + 11.0, &format!("{name}  {}", nanoseconds(value)));
            y += ROW;
        };
        draw("f0", item.ours, item.ours_name, item.budget);
        for (at, row) in item.peers.iter().enumerate() {
            draw(&format!("f{}", at + 1), row.theirs, &row.peer, None);
        }
        top += item.height();
    }
}

fn crate_of(group: &str) -> &'static str {
    match group {
        "headers" => "ip-wire",
        "lanes" => "wire-lanes",
        "ipsec" => "ipsec-wire",
        "llpf" => "llpf-wire",
        "atm" => "atm-cell",
        "diffserv" => "diffserv",
        "ngisec" => "ngisec-wire",
        _ => "sixtofour",
    }
}
