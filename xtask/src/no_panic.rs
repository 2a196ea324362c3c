//! Links the program of `xtask/no-panic`, whose functions link only where no panic can be reached, and compares the names of those that
//! do not with the list beside it.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};

use crate::{Failure, cargo, read, root, target_dir};

pub(crate) fn run() -> Result<(), Failure> {
    // One linker stops after twenty errors if not told otherwise, another does not know the word.
    let output = build(&["--", "-C", "link-arg=-Wl,--error-limit=0"])?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let (output, text) = if text.contains("--error-limit") && found(&text).is_empty() && !output.status.success() {
        let output = build(&[])?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        (output, text)
    } else {
        (output, text)
    };
    let not_shown = found(&text);
    if not_shown.is_empty() && !output.status.success() {
        return Err(format!("no-panic: not built:\n{text}"));
    }
    let path = root().join("xtask/no-panic/not-shown.txt");
    let listed = listed(&read(&path)?)?;
    compare(&not_shown, &listed)?;
    let all = count(&root().join("xtask/no-panic/src"))?;
    println!(
        "no-panic: shown of {} of {all} entry points, {} are listed as not shown",
        all.saturating_sub(listed.len()),
        listed.len()
    );
    Ok(())
}

fn build(more: &[&str]) -> Result<Output, Failure> {
    cargo()
        .args(["rustc", "--release", "--target-dir"])
        .arg(target_dir().join("no-panic"))
        .arg("--manifest-path")
        .arg(root().join("xtask/no-panic/Cargo.toml"))
        .args(more)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("no-panic: {error}"))
}

/// The names that a linker's complaints have.
fn found(text: &str) -> Vec<String> {
    let mut names: Vec<String> =
        text.split("detected panic in function `").skip(1).filter_map(|rest| Some(rest.split_once('`')?.0.to_owned())).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// `name: reason` a line.
fn listed(text: &str) -> Result<BTreeMap<String, String>, Failure> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| match line.split_once(": ") {
            Some((name, reason)) => Ok((name.to_owned(), reason.to_owned())),
            None => Err(format!("no-panic: no reason in the line {line:?}")),
        })
        .collect()
}

fn compare(found: &[String], listed: &BTreeMap<String, String>) -> Result<(), Failure> {
    let new: Vec<&String> = found.iter().filter(|name| !listed.contains_key(*name)).collect();
    let gone: Vec<&String> = listed.keys().filter(|name| !found.contains(name)).collect();
    if new.is_empty() && gone.is_empty() {
        return Ok(());
    }
    Err(format!("no-panic: a panic can be reached from {new:?}; listed, but shown to be free of panics: {gone:?}"))
}

/// How many functions have the guard: those that the macro is given.
fn count(folder: &std::path::Path) -> Result<usize, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut all = 0_usize;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let text = read(&path)?;
        let body = text.split_once("entry_points! {\n").map_or("", |(_, body)| body);
        let starts = body.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     ") && line.contains('('));
        all = all.saturating_add(starts.count());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::{compare, found, listed};

    #[test]
    fn names_are_read_from_complaints_once_each() {
        let text = "undefined symbol:\n ERROR[no-panic]: detected panic in function `b`\n x detected panic in function `a` detected panic in function `b`";
        assert_eq!(found(text), ["a", "b"]);
        assert!(found("error: something else").is_empty());
    }

    #[test]
    fn the_list_must_be_true_both_ways() {
        let list = listed("# head\na: why\nb: why\n").unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(compare(&names(&["a", "b"]), &list), Ok(()));
        assert!(compare(&names(&["a"]), &list).unwrap_err().contains("[\"b\"]"));
        assert!(compare(&names(&["a", "b", "c"]), &list).unwrap_err().contains("[\"c\"]"));
        assert!(listed("a\n").is_err());
    }
}
