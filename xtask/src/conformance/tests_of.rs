//! The tests that a package really has, asked from its test programs.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::{Failure, cargo, output_of, root};

/// The tests of every package asked for so far.
pub(super) struct Tests {
    packages: BTreeSet<String>,
    /// Those that are compiled at once when the first of them is asked for: with the same features, what one needs serves all.
    together: BTreeSet<String>,
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
    pub(super) fn new(packages: BTreeSet<String>, together: BTreeSet<String>) -> Self {
        Self { packages, together, known: BTreeMap::new(), known_docs: BTreeMap::new() }
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
            if name.contains(" - ") {
                known.insert(package.to_owned(), list_docs(package)?);
            } else if self.together.contains(package) {
                let packages = self.together.iter().flat_map(|package| ["--package", package]);
                known.extend(list(packages.chain(["--all-features"]), &self.together)?);
            } else {
                // As `cargo test` alone compiles them: tests against the outside, the tool.
                known.extend(list([], &self.packages.difference(&self.together).cloned().collect())?);
            }
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

/// The unit and integration tests of `packages`, of what `cargo test` with some arguments makes.
fn list<'a>(
    arguments: impl IntoIterator<Item = &'a str>,
    packages: &BTreeSet<String>,
) -> Result<BTreeMap<String, Listing>, Failure> {
    let mut command = cargo();
    command.args(["test", "--no-run", "--message-format", "json-render-diagnostics"]).args(arguments);
    let messages = output_of(&mut command)?;
    let mut listings: BTreeMap<String, Listing> = packages.iter().map(|package| (package.clone(), Listing::default())).collect();
    for message in messages.lines() {
        let Some(TestProgram { package, path, prefix }) = test_program(message)? else { continue };
        let run = |more: &[&str]| output_of(Command::new(&path).arg("--list").args(more).current_dir(root()));
        let Some(listing) = listings.get_mut(&package) else { continue };
        listing.all.extend(names(&run(&[])?).map(|name| format!("{prefix}{name}")));
        listing.ignored.extend(names(&run(&["--ignored"])?).map(|name| format!("{prefix}{name}")));
    }
    Ok(listings)
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

/// A test program that cargo made.
#[derive(Debug, PartialEq, Eq)]
struct TestProgram {
    package: String,
    path: String,
    /// What stands before the names of its tests.
    prefix: String,
}

/// The test program that a message of cargo tells of.
fn test_program(message: &str) -> Result<Option<TestProgram>, Failure> {
    let message: Value = serde_json::from_str(message).map_err(|error| format!("message of cargo: {error}"))?;
    let Some(path) = message.get("executable").and_then(Value::as_str) else { return Ok(None) };
    if message.pointer("/profile/test").and_then(Value::as_bool) != Some(true) {
        return Ok(None);
    }
    let kind = message.pointer("/target/kind/0").and_then(Value::as_str).unwrap_or_default();
    let target = message.pointer("/target/name").and_then(Value::as_str).unwrap_or_default();
    let prefix = if kind == "test" { format!("{target}::") } else { String::new() };
    let package = package_name(message.get("package_id").and_then(Value::as_str).unwrap_or_default());
    Ok(Some(TestProgram { package: package.to_owned(), path: path.to_owned(), prefix }))
}

/// The name in a package's ID: `path+file:///folder/name#version` or `path+file:///folder#name@version`.
fn package_name(id: &str) -> &str {
    let (folder, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    match fragment.split_once('@') {
        Some((name, _)) => name,
        None => folder.rsplit('/').next().unwrap_or(folder),
    }
}

/// The names in the output of `--list`.
fn names(listing: &str) -> impl Iterator<Item = &str> {
    listing.lines().filter_map(|line| line.strip_suffix(": test"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Listing, TestProgram, Tests, names, package_name, test_program};

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
        let program =
            |prefix: &str| Some(TestProgram { package: "demo".to_owned(), path: "/x".to_owned(), prefix: prefix.to_owned() });
        let message = |kind: &str| {
            format!(
                r#"{{"executable":"/x","package_id":"path+file:///a/demo#0.1.0","profile":{{"test":true}},"target":{{"kind":["{kind}"],"name":"foo"}}}}"#
            )
        };
        assert_eq!(test_program(&message("test")).unwrap(), program("foo::"));
        assert_eq!(test_program(&message("lib")).unwrap(), program(""));
    }

    #[test]
    fn a_package_is_named_by_its_id() {
        assert_eq!(package_name("path+file:///a/b/ip-wire#0.1.0"), "ip-wire");
        assert_eq!(package_name("path+file:///a/cli#wirecraft-cli@0.1.0"), "wirecraft-cli");
    }

    #[test]
    fn messages_of_other_things_are_passed_over() {
        assert_eq!(test_program(r#"{"reason":"build-finished","success":true}"#).unwrap(), None);
        assert_eq!(test_program(r#"{"executable":"/x","profile":{"test":false}}"#).unwrap(), None);
    }

    #[test]
    fn a_missing_or_ignored_test_does_not_live_here_or_in_another_package() {
        let mut tests = Tests::new(set(&["demo", "other"]), set(&[]));
        tests.known.insert("demo".to_owned(), Listing { all: set(&["a", "b"]), ignored: set(&["b"]) });
        tests.known.insert("other".to_owned(), Listing { all: set(&["t::c"]), ignored: set(&[]) });
        assert_eq!(tests.living("demo", "a").unwrap(), None);
        assert_eq!(tests.living("demo", "b").unwrap().as_deref(), Some("is ignored"));
        assert_eq!(tests.living("demo", "c").unwrap().as_deref(), Some("does not exist"));
        assert_eq!(tests.living("demo", "other/t::c").unwrap(), None);
        assert_eq!(tests.living("demo", "other/a").unwrap().as_deref(), Some("does not exist"));
    }
}
