//! The run as text.

use std::fmt::Write;

use super::Printed;

/// A table a group, with how many budgets are met before it.
#[must_use]
pub fn markdown(rows: &[Printed]) -> String {
    let mut out = String::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|row| row.group == first.group).count();
        let (group, others) = rest.split_at(count);
        rest = others;
        let budgets = group.iter().filter(|row| row.budget.is_some());
        let (met, all) = (budgets.clone().filter(|row| row.met).count(), budgets.count());
        let _ = write!(out, "### {}\n\n{met} of {all} budgets met.\n\n", first.group);
        out.push_str("| work | ours | peer | peer's | ratio | budget | met |\n| --- | ---: | --- | ---: | ---: | ---: | --- |\n");
        let mut last = "";
        for row in group {
            // What repeats is left out.
            let (work, ours) = if row.work == last { ("", String::new()) } else { (row.work.as_str(), number(row, row.ours)) };
            last = &row.work;
            let (budget, met) = match row.budget {
                Some(budget) => (format!("{budget:.2}"), if row.met { "yes" } else { "**NO**" }),
                None => (String::new(), ""),
            };
            let theirs = number(row, row.theirs);
            let _ = writeln!(out, "| {work} | {ours} | {} | {theirs} | {:.2} | {budget} | {met} |", row.peer, row.ratio);
        }
        out.push('\n');
    }
    out
}

fn number(row: &Printed, value: f64) -> String {
    if row.unit == "octets" { format!("{value:.0} octets") } else { format!("{value:.2}") }
}
