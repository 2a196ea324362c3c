//! The tests that a package really has, asked from its test programs.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::{Failure, cargo, output_of, root};

/// The tests of every package asked for so far.
pub(super) struct Tests {
    packages: BTreeSet<String>,
    known: BTreeMap<String, Listing>,
    known_docs: BTreeMap<String, Listing>,
}

/// What a package's test programs list.
#[derive(Debug, Default)]
struct Listing {
    all: BTreeSet<String>,
    ignored: BTreeSet<String>,
}

impl Tests {
    pub(super) fn new(packages: BTreeSet<String>) -> Self {
        Self { packages, known: BTreeMap::new(), known_docs: BTreeMap::new() }
    }

    /// Nothing if `test` exists and is run by default, else what is wrong with it.
    ///
    /// A test of another package than `own` is written `package/test`. Tests of a library are named as cargo lists
    /// them, those of `tests/foo.rs` with `foo::` before, documentation tests as listed but without the line number.
    pub(super) fn living(&mut self, own: &str, test: &str) -> Result<Option<String>, Failure> {
        let (package, name) = match test.split_once('/') {
            Some((package, name)) if self.packages.contains(package) => (package, name),
            _ => (own, test),
        };
        // Test paths have no spaces; documentation tests are `file - item`.
        let known = if name.contains(" - ") { &mut self.known_docs } else { &mut self.known };
        if !known.contains_key(package) {
            let listing = if name.contains(" - ") { list_docs(package)? } else { list(package)? };
            known.insert(package.to_owned(), listing);
        }
        Ok(known.get(package).and_then(|listing| listing.verdict(name)))
    }
}

impl Listing {
    fn verdict(&self, name: &str) -> Option<String> {
        if self.ignored.contains(name) {
            Some("is ignored".to_owned())
        } else if self.all.contains(name) {
            None
        } else {
            Some("does not exist".to_owned())
        }
    }
}

/// The unit and integration tests of `package`.
fn list(package: &str) -> Result<Listing, Failure> {
    let messages = output_of(cargo().args([
        "test",
        "--package",
        package,
        "--all-features",
        "--no-run",
        "--message-format",
        "json-render-diagnostics",
    ]))?;
    let mut listing = Listing::default();
    for message in messages.lines() {
        let Some((program, prefix)) = test_program(message)? else { continue };
        let run = |more: &[&str]| output_of(Command::new(&program).arg("--list").args(more).current_dir(root()));
        listing.all.extend(names(&run(&[])?).map(|name| format!("{prefix}{name}")));
        listing.ignored.extend(names(&run(&["--ignored"])?).map(|name| format!("{prefix}{name}")));
    }
    Ok(listing)
}

/// The documentation tests of `package`.
fn list_docs(package: &str) -> Result<Listing, Failure> {
    let run = |more: &[&str]| {
        let args = ["test", "--quiet", "--package", package, "--all-features", "--doc", "--", "--list"];
        output_of(cargo().args(args).args(more))
    };
    let without_line = |name: &str| name.split(" (line ").next().unwrap_or(name).trim().to_owned();
    Ok(Listing {
        all: names(&run(&[])?).map(without_line).collect(),
        ignored: names(&run(&["--ignored"])?).map(without_line).collect(),
    })
}

/// The test program that a message of cargo tells of, and what stands before the names of its tests.
fn test_program(message: &str) -> Result<Option<(String, String)>, Failure> {
    let message: Value = serde_json::from_str(message).map_err(|error| format!("message of cargo: {error}"))?;
    let Some(program) = message.get("executable").and_then(Value::as_str) else { return Ok(None) };
    if message.pointer("/profile/test").and_then(Value::as_bool) != Some(true) {
        return Ok(None);
    }
    let kind = message.pointer("/target/kind/0").and_then(Value::as_str).unwrap_or_default();
    let target = message.pointer("/target/name").and_then(Value::as_str).unwrap_or_default();
    let prefix = if kind == "test" { format!("{target}::") } else { String::new() };
    Ok(Some((program.to_owned(), prefix)))
}

/// The names in the output of `--list`.
fn names(listing: &str) -> impl Iterator<Item = &str> {
    listing.lines().filter_map(|line| line.strip_suffix(": test"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Listing, Tests, names, test_program};

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_tests_are_taken_from_a_listing() {
        let listing = "a::b: test\nc: benchmark\n\n2 tests, 1 benchmarks\nd: test\n";
        assert_eq!(names(listing).collect::<Vec<_>>(), ["a::b", "d"]);
    }

    #[test]
    fn tests_of_an_integration_target_have_its_name_before() {
        let message = r#"{"executable":"/x","profile":{"test":true},"target":{"kind":["test"],"name":"foo"}}"#;
        assert_eq!(test_program(message).unwrap(), Some(("/x".to_owned(), "foo::".to_owned())));
        let message = r#"{"executable":"/x","profile":{"test":true},"target":{"kind":["lib"],"name":"foo"}}"#;
        assert_eq!(test_program(message).unwrap(), Some(("/x".to_owned(), String::new())));
    }

    #[test]
    fn messages_of_other_things_are_passed_over() {
        assert_eq!(test_program(r#"{"reason":"build-finished","success":true}"#).unwrap(), None);
        assert_eq!(test_program(r#"{"executable":"/x","profile":{"test":false}}"#).unwrap(), None);
    }

    #[test]
    fn a_missing_or_ignored_test_does_not_live_here_or_in_another_package() {
        let mut tests = Tests::new(set(&["demo", "other"]));
        tests.known.insert("demo".to_owned(), Listing { all: set(&["a", "b"]), ignored: set(&["b"]) });
        tests.known.insert("other".to_owned(), Listing { all: set(&["t::c"]), ignored: set(&[]) });
        assert_eq!(tests.living("demo", "a").unwrap(), None);
        assert_eq!(tests.living("demo", "b").unwrap().as_deref(), Some("is ignored"));
        assert_eq!(tests.living("demo", "c").unwrap().as_deref(), Some("does not exist"));
        assert_eq!(tests.living("demo", "other/t::c").unwrap(), None);
        assert_eq!(tests.living("demo", "other/a").unwrap().as_deref(), Some("does not exist"));
    }
}
