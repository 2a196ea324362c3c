//! The conformance ledgers: each crate's `conformance.toml` lists the rules that its standards give, and for each either
//! the tests that show it or the reason why it does not apply.

mod ledger;
mod tests_of;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{Failure, read, root};
use ledger::Ledger;
use tests_of::Tests;

pub(crate) fn run(write: bool) -> Result<(), Failure> {
    let root = root();
    let packages = packages(&root)?;
    let names = |with: fn(&Path) -> bool| packages.iter().filter(|(_, dir)| with(dir)).map(|(name, _)| name.clone()).collect();
    let mut tests = Tests::new(names(|_| true), names(|dir| dir.join("conformance.toml").is_file()));
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    let mut ledgers = 0_usize;
    for (name, dir) in &packages {
        let path = dir.join("conformance.toml");
        if !path.is_file() {
            continue;
        }
        ledgers = ledgers.saturating_add(1);
        let (ledger, mut found) = Ledger::parse(name, &read(&path)?, &mut ids);
        found.extend(ledger.missing_tests(|test| tests.living(name, test))?);
        let problem_free = found.is_empty();
        problems.extend(found.into_iter().map(|problem| format!("{name}/conformance.toml: {problem}")));
        if problem_free {
            problems.extend(table(&ledger, &dir.join("CONFORMANCE.md"), name, write)?);
            println!("conformance: {name}: {}", ledger.counts());
        }
    }
    if ledgers == 0 {
        return Err("no crate has a conformance.toml".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("the ledgers have problems:\n  {}", problems.join("\n  "))) }
}

/// Writes the table, or says that the one on disk is not current.
fn table(ledger: &Ledger, path: &Path, name: &str, write: bool) -> Result<Option<String>, Failure> {
    let markdown = ledger.markdown(name);
    if write {
        std::fs::write(path, markdown).map_err(|error| format!("{}: {error}", path.display()))?;
        return Ok(None);
    }
    let current = std::fs::read_to_string(path).is_ok_and(|found| found == markdown);
    Ok((!current).then(|| format!("{name}/CONFORMANCE.md is not current: run `cargo xtask conformance --write`")))
}

/// Name and directory of every package directly below the root.
fn packages(root: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let entries = std::fs::read_dir(root).map_err(|error| format!("{}: {error}", root.display()))?;
    let mut packages = Vec::new();
    for entry in entries {
        let dir = entry.map_err(|error| format!("{}: {error}", root.display()))?.path();
        let manifest = dir.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let parsed: toml::Table = read(&manifest)?.parse().map_err(|error| format!("{}: {error}", manifest.display()))?;
        let name = parsed.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
        if let Some(name) = name {
            packages.push((name.to_owned(), dir));
        }
    }
    packages.sort();
    Ok(packages)
}
