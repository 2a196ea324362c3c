//! What the outside agrees on: the table in `interop/README.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Failure, cargo, output_of, read, root};

const BEGIN: &str = "<!-- evidence: begin -->\n";
const END: &str = "<!-- evidence: end -->\n";

/// What the tests said: counts by oracle and subject, and the tests that did not run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Evidence {
    agreed: BTreeMap<(String, String), u64>,
    skipped: BTreeMap<String, String>,
}

/// Runs the tests against the outside and prints or writes the table.
pub fn run(write: bool) -> Result<(), Failure> {
    let log = std::env::temp_dir().join(format!("wirecraft-evidence-{}", std::process::id()));
    let tests = output_of(cargo().args(["test", "--package", "interop", "--tests"]).env("WIRECRAFT_EVIDENCE", &log));
    let said = read(&log);
    let _missing = std::fs::remove_file(&log);
    tests?;
    let evidence = parse(&said?)?;
    let table = table(&evidence);
    if !write {
        print!("{table}");
        for (test, reason) in &evidence.skipped {
            println!("skipped: {test}: {reason}");
        }
        return Ok(());
    }
    if !evidence.skipped.is_empty() {
        return Err(format!("not written, for not every oracle is here: {:?}", evidence.skipped));
    }
    let path = root().join("interop/README.md");
    let page = read(&path)?;
    let page = replaced(&page, &table).ok_or_else(|| format!("{}: the marks around the table are missing", path.display()))?;
    std::fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Result<Evidence, Failure> {
    let mut evidence = Evidence::default();
    for line in text.lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["agreed", oracle, what, count] => {
                let count: u64 = count.parse().map_err(|_| format!("not a count: {line}"))?;
                *evidence.agreed.entry((oracle.to_owned(), what.to_owned())).or_default() += count;
            }
            ["skipped", test, reason] => {
                evidence.skipped.insert(test.to_owned(), reason.to_owned());
            }
            _ => return Err(format!("not a line of evidence: {line}")),
        }
    }
    Ok(evidence)
}

fn table(evidence: &Evidence) -> String {
    let mut table = "| oracle | what agrees | count |\n| --- | --- | --- |\n".to_owned();
    for ((oracle, what), count) in &evidence.agreed {
        let _infallible = writeln!(table, "| {oracle} | {what} | {count} |");
    }
    table
}

fn replaced(page: &str, table: &str) -> Option<String> {
    let (head, rest) = page.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}{table}{END}{tail}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::{BEGIN, END, parse, replaced, table};

    #[test]
    fn counts_of_one_subject_add_up_and_the_table_is_in_order() {
        let evidence = parse("agreed\tb\tx\t2\nskipped\tt\twhy\nagreed\ta\ty\t1\nagreed\tb\tx\t3\n").unwrap();
        assert_eq!(table(&evidence).lines().skip(2).collect::<Vec<_>>(), ["| a | y | 1 |", "| b | x | 5 |"]);
        assert_eq!(evidence.skipped["t"], "why");
        assert!(parse("agreed\ta\ty\tmany\n").is_err());
        assert!(parse("else\n").is_err());
    }

    #[test]
    fn the_table_goes_between_its_marks_only() {
        let page = format!("head\n{BEGIN}old\n{END}tail\n");
        assert_eq!(replaced(&page, "new\n").unwrap(), format!("head\n{BEGIN}new\n{END}tail\n"));
        assert_eq!(replaced("no marks", "new\n"), None);
    }
}
