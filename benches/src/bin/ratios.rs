//! Prints the benchmark table: `cargo run --release -p benches --bin ratios -- GROUP [--json]`.

use std::process::ExitCode;

use benches::{GROUP_NAMES, Row, Unit, group};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let json = args.iter().any(|arg| arg == "--json");
    let names: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--json").collect();
    let names: Vec<&str> = match names.as_slice() {
        ["all"] => GROUP_NAMES.to_vec(),
        [name] if GROUP_NAMES.contains(name) => vec![name],
        _ => {
            eprintln!("usage: ratios GROUP [--json]\ngroups: {} all", GROUP_NAMES.join(" "));
            return ExitCode::from(2);
        }
    };
    // One group at a time: their tables and packets are large.
    for group in names.into_iter().filter_map(group) {
        if !json {
            println!("{:<36} {:>9} {:<22} {:>9} {:>7} {:>7}  met", group.name, "ours ns", "peer", "peer ns", "ratio", "budget");
        }
        let print = |row: &Row| println!("{}", if json { as_json(group.name, row) } else { as_text(row) });
        group.facts.iter().for_each(print);
        for work in &group.works {
            work.measure().iter().for_each(print);
        }
    }
    ExitCode::SUCCESS
}

fn as_text(row: &Row) -> String {
    let (budget, met) = match row.budget {
        Some(budget) => (format!("{budget:.2}"), if row.met() { "yes" } else { "NO" }),
        None => ("-".to_owned(), "-"),
    };
    let number = |number: f64| match row.unit {
        Unit::Nanoseconds => format!("{number:.2}"),
        Unit::Octets => format!("{number:.0} oct."),
    };
    format!(
        "{:<36} {:>9} {:<22} {:>9} {:>7.2} {budget:>7}  {met}",
        row.work,
        number(row.ours),
        row.peer,
        number(row.theirs),
        row.ratio
    )
}

/// Names hold nothing that JSON would have to escape. A row without a budget has budget 0, which is always met.
fn as_json(group: &str, row: &Row) -> String {
    let unit = row.unit.name();
    format!(
        r#"{{"group":"{group}","work":"{}","ours_{unit}":{:.3},"peer":"{}","peer_{unit}":{:.3},"ratio":{:.3},"budget":{:.3},"met":{}}}"#,
        row.work,
        row.ours,
        row.peer,
        row.theirs,
        row.ratio,
        row.budget.unwrap_or(0.0),
        row.met(),
    )
}
