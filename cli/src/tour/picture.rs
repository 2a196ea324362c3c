//! The tour as a picture: stages with what a packet looks like behind each, counts, overhead.

use std::fmt::Write as _;

use super::table::{Report, Row};

const WIDTH: u32 = 1040;
const HEIGHT: u32 = 642;
const MARGIN: u32 = 32;
const COLUMNS: u32 = 4;
const BOX: (u32, u32) = (220, 134);
const GAP: (u32, u32) = (32, 38);
/// Where the boxes begin.
const TOP: u32 = 92;
/// Octets of a packet are drawn from here to there within a box.
const BAR: (u32, u32, u32) = (12, 44, 196);

/// What a part of a packet is to the stage.
#[derive(Clone, Copy)]
enum Part {
    /// As it came.
    Plain,
    /// Put on or changed here.
    New,
    /// Encrypted.
    Hidden,
}

/// How a stage is drawn.
struct Look {
    /// The crate that does it.
    by: &'static str,
    /// Parts of the packet behind the stage, with their widths.
    parts: &'static [(&'static str, u32, Part)],
}

use Part::{Hidden, New, Plain};

/// One for each stage, in order.
const LOOKS: [Look; 12] = [
    Look { by: "diffserv", parts: &[("IP, DS", 56, New), ("data", 140, Plain)] },
    Look { by: "llpf-wire", parts: &[("IP", 36, New), ("IP", 36, Plain), ("data", 88, Plain), ("AT", 36, New)] },
    Look { by: "atm-cell", parts: &[("cell", 48, New), ("cell", 48, New), ("cell", 48, New), ("cell", 48, New)] },
    Look { by: "atm-cell", parts: &[("IP", 36, Plain), ("IP", 36, Plain), ("data", 88, Plain), ("AT", 36, Plain)] },
    Look { by: "llpf-wire", parts: &[("IP", 46, Plain), ("data", 150, Plain)] },
    Look {
        by: "ipsec-wire",
        parts: &[("IP", 34, New), ("ESP", 36, New), ("IP", 30, Hidden), ("data", 62, Hidden), ("ICV", 34, New)],
    },
    Look { by: "ipsec-wire", parts: &[("IP", 46, Plain), ("data", 150, Plain)] },
    Look {
        by: "ngisec-wire",
        parts: &[
            ("IP", 22, Plain),
            ("T", 16, Plain),
            ("AH", 26, New),
            ("ESP", 30, New),
            ("IP", 22, Hidden),
            ("T", 16, Hidden),
            ("data", 34, Hidden),
            ("ICV", 30, New),
        ],
    },
    Look {
        by: "ngisec-wire",
        parts: &[
            ("IP", 22, New),
            ("T", 16, New),
            ("AH", 26, Plain),
            ("ESP", 30, Plain),
            ("IP", 22, Hidden),
            ("T", 16, Hidden),
            ("data", 34, Hidden),
            ("ICV", 30, Plain),
        ],
    },
    Look { by: "ngisec-wire", parts: &[("IP", 40, Plain), ("T", 30, Plain), ("data", 126, Plain)] },
    Look { by: "sixtofour", parts: &[("IPv4", 46, New), ("IPv6", 56, Plain), ("data", 94, Plain)] },
    Look { by: "sixtofour", parts: &[("IPv6", 56, Plain), ("data", 140, Plain)] },
];

/// The picture as SVG. Times are not in it, so that the same tour gives the same picture.
#[must_use]
pub fn svg(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = write_svg(&mut out, report);
    out
}

fn write_svg(out: &mut String, report: &Report) -> std::fmt::Result {
    let Report { name, seed, loss, capture, rows, faults } = report;
    let name = name.replace('&', "&amp;").replace('<', "&lt;");
    let what = format!(
        "{name}: {} frames, {} IP packets. The line loses {loss} of the cells (seed {seed}).",
        grouped(capture.entered),
        grouped(capture.left)
    );
    writeln!(out, r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">"#)?;
    writeln!(out, r#"<title id="t">wirecraft tour: a capture through the whole family</title>"#)?;
    write!(out, r#"<desc id="d">{what}"#)?;
    for row in rows {
        write!(
            out,
            " {}: {} in, {} out, {} discarded, {} passed by.",
            row.name,
            row.entered,
            row.left,
            row.discarded(),
            row.passed()
        )?;
    }
    writeln!(out, "</desc>")?;
    writeln!(
        out,
        "<style>text{{font-family:ui-sans-serif,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1b2a3d}}.h{{font-size:24px;font-weight:700}}\
         .s{{font-size:15px;fill:#46566b}}.n{{font-size:16px;font-weight:700}}.c{{font-size:14px;fill:#526277}}.b{{font-size:15px}}\
         .r{{font-size:14px;fill:#b3261e;font-weight:600}}.p{{font-size:12.5px;text-anchor:middle}}.w{{fill:#fff}}</style>"
    )?;
    let inner = (WIDTH.saturating_sub(2), HEIGHT.saturating_sub(2));
    writeln!(
        out,
        "<rect x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"16\" fill=\"#f5f8fc\" stroke=\"#b8c5d6\" stroke-width=\"2\"/>",
        inner.0, inner.1
    )?;
    writeln!(out, r#"<text class="h" x="{MARGIN}" y="44">A capture through the whole family</text>"#)?;
    writeln!(out, r#"<text class="s" x="{MARGIN}" y="70">{what}</text>"#)?;
    for (place, (row, look)) in (0u32..).zip(rows.iter().zip(&LOOKS)) {
        arrow(out, place)?;
        stage(out, place, row, look)?;
    }
    legend(out, faults.count())?;
    writeln!(out, "</svg>")
}

/// The upper left corner of a box.
fn corner(place: u32) -> (u32, u32) {
    let (column, line) = (place.checked_rem(COLUMNS).unwrap_or(0), place.checked_div(COLUMNS).unwrap_or(0));
    let across = |count: u32, size: u32, gap: u32| count.saturating_mul(size.saturating_add(gap));
    (MARGIN.saturating_add(across(column, BOX.0, GAP.0)), TOP.saturating_add(across(line, BOX.1, GAP.1)))
}

/// The arrow to a box, from the one before.
fn arrow(out: &mut String, place: u32) -> std::fmt::Result {
    let Some(before) = place.checked_sub(1) else { return Ok(()) };
    let ((x, y), (from_x, from_y)) = (corner(place), corner(before));
    let line = "fill=\"none\" stroke=\"#6b7f99\" stroke-width=\"2\"";
    if from_y == y {
        let (middle, start, end) = (y.saturating_add(BOX.1 / 2), from_x.saturating_add(BOX.0), x.saturating_sub(8));
        writeln!(out, r#"<path d="M{start} {middle}H{end}" {line}/>"#)?;
        return head(out, x, middle, [(-9, -5), (0, 0), (-9, 5)]);
    }
    let (start, end) = (from_x.saturating_add(BOX.0 / 2), x.saturating_add(BOX.0 / 2));
    let (bottom, between, top) = (from_y.saturating_add(BOX.1), y.saturating_sub(GAP.1 / 2), y.saturating_sub(8));
    writeln!(out, r#"<path d="M{start} {bottom}V{between}H{end}V{top}" {line}/>"#)?;
    head(out, end, y, [(-5, -9), (0, 0), (5, -9)])
}

/// An arrow's head, of points beside its tip.
fn head(out: &mut String, x: u32, y: u32, points: [(i32, i32); 3]) -> std::fmt::Result {
    let points = points.map(|(dx, dy)| format!("{},{}", x.saturating_add_signed(dx), y.saturating_add_signed(dy)));
    writeln!(out, "<polygon points=\"{}\" fill=\"#6b7f99\"/>", points.join(" "))
}

fn stage(out: &mut String, place: u32, row: &Row, look: &Look) -> std::fmt::Result {
    let (x, y) = corner(place);
    let at = |dx: u32, dy: u32| (x.saturating_add(dx), y.saturating_add(dy));
    let (width, height) = BOX;
    writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"10\" fill=\"#fff\" stroke=\"#c3cfdd\" stroke-width=\"1.5\"/>"
    )?;
    let ((left, base), (right, _)) = (at(12, 28), at(width.saturating_sub(12), 28));
    writeln!(out, r#"<text class="n" x="{left}" y="{base}">{}</text>"#, row.name)?;
    let (mut bar, top) = at(BAR.0, BAR.1);
    for (label, width, part) in look.parts {
        let (fill, class) = match part {
            Plain => ("#d9e4f2", "p"),
            New => ("#f4b860", "p"),
            Hidden => ("#3d5a80", "p w"),
        };
        // A cell is a piece by itself.
        let drawn = if *label == "cell" { width.saturating_sub(4) } else { *width };
        writeln!(
            out,
            "<rect x=\"{bar}\" y=\"{top}\" width=\"{drawn}\" height=\"22\" fill=\"{fill}\" stroke=\"#fff\"/>\
             <text class=\"{class}\" x=\"{}\" y=\"{}\">{label}</text>",
            bar.saturating_add(drawn / 2),
            top.saturating_add(15)
        )?;
        bar = bar.saturating_add(*width);
    }
    let (left, first) = at(12, 89);
    write!(out, r#"<text class="b" x="{left}" y="{first}">{} in, {} out</text>"#, grouped(row.entered), grouped(row.left))?;
    if row.discarded() > 0 {
        write!(out, r#"<text class="r" x="{right}" y="{first}" text-anchor="end">{} lost</text>"#, grouped(row.discarded()))?;
    }
    let second = first.saturating_add(18);
    let sign = if row.overhead < 0 { "\u{2212}" } else { "+" };
    let overhead = match row.overhead {
        0 => "no overhead".to_owned(),
        octets => format!("{sign}{} octets", grouped(octets.unsigned_abs())),
    };
    write!(out, r#"<text class="c" x="{left}" y="{second}">{overhead}</text>"#)?;
    let third = second.saturating_add(17);
    if row.passed() > 0 {
        write!(out, r#"<text class="c" x="{left}" y="{third}">{} passed by</text>"#, grouped(row.passed()))?;
    }
    write!(out, r#"<text class="c" x="{right}" y="{third}" text-anchor="end">{}</text>"#, look.by)?;
    writeln!(out)
}

fn legend(out: &mut String, faults: u64) -> std::fmt::Result {
    let y = HEIGHT.saturating_sub(22);
    let mut x = MARGIN;
    for (fill, text, width) in
        [("#d9e4f2", "as it came", 112u32), ("#f4b860", "put on or changed", 166), ("#3d5a80", "encrypted", 104)]
    {
        let (top, label) = (y.saturating_sub(13), x.saturating_add(22));
        writeln!(
            out,
            "<rect x=\"{x}\" y=\"{top}\" width=\"16\" height=\"16\" fill=\"{fill}\"/><text class=\"c\" x=\"{label}\" y=\"{y}\">{text}</text>"
        )?;
        x = x.saturating_add(width);
    }
    let verdict = match faults {
        0 => "Packets out are what they were to be, octet by octet. Passed by: not for that stage.".to_owned(),
        count => format!("{count} faults"),
    };
    let right = WIDTH.saturating_sub(MARGIN);
    writeln!(out, r#"<text class="c" x="{right}" y="{y}" text-anchor="end">{verdict}</text>"#)
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_every_three_digits() {
        let shown = [0, 12, 999, 1000, 123_456, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "12", "999", "1,000", "123,456", "1,234,567"]);
    }

    #[test]
    fn the_parts_of_a_packet_fill_the_bar() {
        for look in &LOOKS {
            let width: u32 = look.parts.iter().map(|(_, width, _)| width).sum();
            assert!((192..=BAR.2).contains(&width), "{}: {width}", look.by);
        }
    }
}
