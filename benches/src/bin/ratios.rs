//! Prints the benchmark table: `cargo run --release -p benches --bin ratios -- GROUP [--json]`.

use std::process::ExitCode;

use benches::{GROUP_NAMES, Row, group};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let json = args.iter().any(|arg| arg == "--json");
    let names: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--json").collect();
    let groups: Vec<_> = match names.as_slice() {
        ["all"] => GROUP_NAMES.into_iter().filter_map(group).collect(),
        [name] if GROUP_NAMES.contains(name) => match group(name) {
            Some(group) => vec![group],
            None => {
                eprintln!("ratios: group `{name}` has no work items yet");
                return ExitCode::from(2);
            }
        },
        _ => {
            eprintln!("usage: ratios GROUP [--json]\ngroups: {} all", GROUP_NAMES.join(" "));
            return ExitCode::from(2);
        }
    };
    for group in groups {
        if !json {
            println!("{:<36} {:>9} {:<18} {:>9} {:>7} {:>7}  met", group.name, "ours ns", "peer", "peer ns", "ratio", "budget");
        }
        for work in &group.works {
            for row in work.measure() {
                if json {
                    println!("{}", as_json(group.name, &row));
                } else {
                    println!("{}", as_text(&row));
                }
            }
        }
    }
    ExitCode::SUCCESS
}

fn as_text(row: &Row) -> String {
    let (budget, met) = match row.budget {
        Some(budget) => (format!("{budget:.2}"), if row.met() { "yes" } else { "NO" }),
        None => ("-".to_owned(), "-"),
    };
    format!("{:<36} {:>9.2} {:<18} {:>9.2} {:>7.2} {budget:>7}  {met}", row.work, row.ours_ns, row.peer, row.peer_ns, row.ratio)
}

/// Names hold nothing that JSON would have to escape. A row without a budget has budget 0, which is always met.
fn as_json(group: &str, row: &Row) -> String {
    format!(
        r#"{{"group":"{group}","work":"{}","ours_ns":{:.3},"peer":"{}","peer_ns":{:.3},"ratio":{:.3},"budget":{},"met":{}}}"#,
        row.work,
        row.ours_ns,
        row.peer,
        row.peer_ns,
        row.ratio,
        row.budget.unwrap_or(0.0),
        row.met(),
    )
}
