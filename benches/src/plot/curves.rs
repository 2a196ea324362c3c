//! What an operation costs as tables grow: group `scaling`.

use super::svg::Svg;
use super::{Printed, nanoseconds};

/// A panel: its title, what is counted, and its curves by the work items' names, with the peer that is drawn beside each.
struct Panel {
    title: &'static str,
    counted: &'static str,
    curves: &'static [(&'static str, &'static str, &'static str)],
}

const PANELS: [Panel; 8] = [
    Panel {
        title: "IPsec associations",
        counted: "associations",
        curves: &[("SAD, own SPI", "own SPI", "HashMap SPI,dst,proto"), ("SAD, foreign SPI", "foreign SPI", "")],
    },
    Panel {
        title: "IPsec policy",
        counted: "entries",
        curves: &[("SPD, first match", "first match", "linear scan"), ("SPD, known conversation", "known conversation", "")],
    },
    Panel {
        title: "DiffServ classifier",
        counted: "rules",
        curves: &[("DiffServ rules", "ours", "linear scan"), ("DiffServ rules", "", "tuple space search")],
    },
    Panel { title: "LLPF keys", counted: "keys", curves: &[("LLPF keys", "ours", "HashMap")] },
    Panel { title: "meters", counted: "flows", curves: &[("meters, batches of 32", "ours, in batches", "one by one")] },
    Panel { title: "address translation", counted: "pairs of flows", curves: &[("NAT pairs", "ours", "HashMap")] },
    Panel {
        title: "reassembly of IP, a fragment",
        counted: "packets at once, or fragments of one",
        curves: &[
            ("packets in reassembly", "packets at once", "HashMap of Vecs"),
            ("fragments of a packet", "fragments of one", ""),
        ],
    },
    Panel {
        title: "reassembly of AAL5, a cell",
        counted: "channels whose cells take turns",
        curves: &[("ATM channels", "ours", "HashMap of Vecs, crc-fast")],
    },
];

const PANEL: (f64, f64) = (460.0, 290.0);
/// From a panel's corner to the corner of its axes, and the axes' lengths.
const INSET: (f64, f64) = (64.0, 34.0);
const AXES: (f64, f64) = (250.0, 190.0);

/// Curves on logarithmic scales: ours are whole lines, peers dashed ones.
///
/// # Errors
/// Names a curve that the run lacks.
pub fn curves(rows: &[Printed]) -> Result<String, String> {
    let lines = PANELS.len().div_ceil(2) as f64;
    let height = 92.0 + lines * PANEL.1;
    let mut svg =
        Svg::new(2.0 * PANEL.0 + 56.0, height, "Time of an operation as tables grow", "The same numbers are in benchmarks.md.");
    svg.text(
        "s",
        28.0,
        66.0,
        "Nanoseconds over the number of what there is, both logarithmic. Whole lines are ours, dashed ones peers.",
    );
    for (at, panel) in PANELS.iter().enumerate() {
        let corner = (28.0 + (at % 2) as f64 * PANEL.0, 92.0 + (at / 2) as f64 * PANEL.1);
        draw(&mut svg, panel, corner, rows)?;
    }
    Ok(svg.finish())
}

struct Curve {
    label: String,
    class: usize,
    dashed: bool,
    points: Vec<(f64, f64)>,
}

fn draw(svg: &mut Svg, panel: &Panel, corner: (f64, f64), rows: &[Printed]) -> Result<(), String> {
    let mut curves = Vec::new();
    for (at, (work, label, peer)) in panel.curves.iter().enumerate() {
        if !label.is_empty() {
            let points = points(rows, work, None)?;
            curves.push(Curve { label: (*label).to_owned(), class: at, dashed: false, points });
        }
        if !peer.is_empty() {
            let label = peer.replace("HashMap SPI,dst,proto", "HashMap").replace(", crc-fast", "");
            curves.push(Curve { label, class: at + 2, dashed: true, points: points(rows, work, Some(peer))? });
        }
    }
    let all = || curves.iter().flat_map(|curve| &curve.points);
    // A little more than a power of ten does not need the next one.
    let last = (all().map(|point| point.0).fold(10.0, f64::max).log10() - 0.05).ceil();
    let low = all().map(|point| point.1).fold(f64::MAX, f64::min).log10().floor();
    let high = all().map(|point| point.1).fold(1.0, f64::max).log10().ceil().max(low + 2.0);
    let origin = (corner.0 + INSET.0, corner.1 + INSET.1);
    let x = |count: f64| origin.0 + count.log10() / last * AXES.0;
    let y = |value: f64| origin.1 + (high - value.log10()) / (high - low) * AXES.1;
    svg.text("n", corner.0, corner.1 + 16.0, panel.title);
    for decade in low as i32..=high as i32 {
        let value = 10_f64.powi(decade);
        svg.line("g", (origin.0, y(value)), (origin.0 + AXES.0, y(value)));
        let label = if value < 1.0 { format!("{value}") } else { nanoseconds(value).replace(".0", "") };
        svg.text("s e", origin.0 - 8.0, y(value) + 4.0, &label);
    }
    for decade in 0..=last as i32 {
        let count = 10_f64.powi(decade);
        svg.line("g", (x(count), origin.1), (x(count), origin.1 + AXES.1));
        let label = if decade < 4 { format!("{count}") } else { format!("10^{decade}") };
        svg.text("s m", x(count), origin.1 + AXES.1 + 18.0, &label);
    }
    svg.text("s m", origin.0 + AXES.0 / 2.0, origin.1 + AXES.1 + 38.0, panel.counted);
    // Names stand behind the last points, moved apart where they would touch.
    let mut names: Vec<(f64, &Curve)> = Vec::new();
    for curve in &curves {
        let points: Vec<(f64, f64)> = curve.points.iter().map(|(count, value)| (x(*count), y(*value))).collect();
        svg.curve(&format!("l l{}{}", curve.class, if curve.dashed { " d" } else { "" }), &points);
        names.push((points.last().map_or(0.0, |point| point.1), curve));
    }
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut least = f64::MIN;
    for (place, curve) in names {
        let place = place.max(least);
        least = place + 16.0;
        svg.text(&format!("t{}", curve.class), origin.0 + AXES.0 + 8.0, place + 4.0, &curve.label);
    }
    Ok(())
}

/// Numbers and times of the items `work @ N`, ours or a peer's.
fn points(rows: &[Printed], work: &str, peer: Option<&str>) -> Result<Vec<(f64, f64)>, String> {
    let mut points: Vec<(f64, f64)> = rows
        .iter()
        .filter(|row| row.group == "scaling" && peer.is_none_or(|peer| row.peer == peer))
        .filter_map(|row| {
            let (name, count) = row.work.split_once(" @ ")?;
            (name == work).then_some((count.parse().ok()?, if peer.is_some() { row.theirs } else { row.ours }))
        })
        .collect();
    points.dedup_by_key(|point| point.0.to_bits());
    if points.len() < 2 {
        return Err(format!("the run has no curve `{work}`{}", peer.map(|peer| format!(" of {peer}")).unwrap_or_default()));
    }
    Ok(points)
}
