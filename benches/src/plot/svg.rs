//! What both pictures are drawn with. Colors follow the reader's theme.

use std::fmt::Write;

/// Classes for text, lines and five series, in light and dark.
const STYLE: &str = "text{font-family:ui-sans-serif,'Segoe UI',Helvetica,Arial,sans-serif;font-size:13px;fill:#1b2a3d}\
.h{font-size:22px;font-weight:700}.n{font-size:14px;font-weight:600}.s{fill:#46566b}.e{text-anchor:end}.m{text-anchor:middle}\
.bg{fill:#f8fafc;stroke:#b8c5d6}.g{stroke:#d5dde8;stroke-width:1}.b{stroke:#b3261e;stroke-width:2.5}\
.f0{fill:#0b6e99}.f1{fill:#9aa9bb}.f2{fill:#b9c4d1}.f3{fill:#cfd7e0}\
.l{fill:none;stroke-width:2.5}.l0{stroke:#0b6e99}.l1{stroke:#c2571a}.l2{stroke:#3f8f3f}.l3{stroke:#8a4fbf}\
.d{stroke-dasharray:5 4;stroke-width:1.6}.t0{fill:#0b6e99}.t1{fill:#c2571a}.t2{fill:#3f8f3f}.t3{fill:#8a4fbf}\
@media(prefers-color-scheme:dark){text{fill:#e6edf5}.s{fill:#a9b8ca}.bg{fill:#111a26;stroke:#33445a}.g{stroke:#27364a}.b{stroke:#ff8a80}\
.f0{fill:#4fb3dd}.f1{fill:#5d6d82}.f2{fill:#4b5a6e}.f3{fill:#3d4a5c}\
.l0{stroke:#4fb3dd}.l1{stroke:#f0935a}.l2{stroke:#7cc77c}.l3{stroke:#c397ef}.t0{fill:#4fb3dd}.t1{fill:#f0935a}.t2{fill:#7cc77c}.t3{fill:#c397ef}}";

/// A picture being drawn.
pub(super) struct Svg(String);

impl Svg {
    pub(super) fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let mut svg = Self(String::new());
        let _ = write!(
            svg.0,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"t d\">\n\
             <title id=\"t\">{title}</title>\n<desc id=\"d\">{description}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"bg\" x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"14\" stroke-width=\"2\"/>\n",
            width - 2.0,
            height - 2.0,
        );
        svg.text("h", 28.0, 42.0, title);
        svg
    }

    pub(super) fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(self.0, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>");
    }

    pub(super) fn bar(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let width = width.max(1.0);
        let _ = writeln!(
            self.0,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" rx=\"2\"/>"
        );
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let _ = writeln!(
            self.0,
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    pub(super) fn curve(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.0, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "));
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}
