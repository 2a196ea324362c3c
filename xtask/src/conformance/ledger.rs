//! Reading, checking and printing of one ledger.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use toml::{Table, Value};

use crate::Failure;

#[derive(Debug)]
pub(super) struct Ledger {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    id: String,
    source: String,
    level: Level,
    rule: String,
    evidence: Evidence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Must,
    Should,
    May,
}

#[derive(Debug)]
enum Evidence {
    Tests(Vec<String>),
    NotApplicable(String),
}

impl Ledger {
    /// The rules that are well formed, and what is wrong with the others. `ids` holds the ids of all ledgers so far.
    pub(super) fn parse(package: &str, text: &str, ids: &mut BTreeSet<String>) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut rules = Vec::new();
        match text.parse::<Table>() {
            Err(error) => problems.push(error.to_string()),
            Ok(table) => {
                for key in table.keys().filter(|key| *key != "rule") {
                    problems.push(format!("unknown key `{key}`"));
                }
                let list = table.get("rule").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                if list.is_empty() {
                    problems.push("no [[rule]]".to_owned());
                }
                for (index, value) in list.iter().enumerate() {
                    match Rule::parse(package, value) {
                        Ok(rule) if !ids.insert(rule.id.clone()) => {
                            problems.push(format!("{}: the id is not unique", rule.id));
                        }
                        Ok(rule) => rules.push(rule),
                        Err(problem) => {
                            let id = value.get("id").and_then(Value::as_str);
                            let place = id.map_or_else(|| format!("rule number {}", index + 1), str::to_owned);
                            problems.push(format!("{place}: {problem}"));
                        }
                    }
                }
            }
        }
        (Self { rules }, problems)
    }

    /// What `living` says about each test that a rule names.
    pub(super) fn missing_tests(
        &self,
        mut living: impl FnMut(&str) -> Result<Option<String>, Failure>,
    ) -> Result<Vec<String>, Failure> {
        let mut problems = Vec::new();
        for rule in &self.rules {
            if let Evidence::Tests(tests) = &rule.evidence {
                for test in tests {
                    if let Some(problem) = living(test)? {
                        problems.push(format!("{}: test `{test}` {problem}", rule.id));
                    }
                }
            }
        }
        Ok(problems)
    }

    pub(super) fn counts(&self) -> String {
        let level = |level| self.rules.iter().filter(|rule| rule.level == level).count();
        let not_applicable = self.rules.iter().filter(|rule| matches!(rule.evidence, Evidence::NotApplicable(_))).count();
        format!(
            "{} rules: {} must, {} should, {} may; {} shown by tests, {} not applicable",
            self.rules.len(),
            level(Level::Must),
            level(Level::Should),
            level(Level::May),
            self.rules.len() - not_applicable,
            not_applicable,
        )
    }

    /// The table for the documentation.
    pub(super) fn markdown(&self, package: &str) -> String {
        let mut out = format!(
            "# Conformance of `{package}`\n\nWritten by `cargo xtask conformance --write` from `conformance.toml`.\n\n\
             {}.\n\n| id | level | source | rule | shown by |\n| --- | --- | --- | --- | --- |\n",
            self.counts(),
        );
        for rule in &self.rules {
            let evidence = match &rule.evidence {
                Evidence::Tests(tests) => tests.iter().map(|test| format!("`{}`", cell(test))).collect::<Vec<_>>().join(", "),
                Evidence::NotApplicable(reason) => format!("not applicable: {}", cell(reason)),
            };
            // Writing to a string does not fail.
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {evidence} |",
                cell(&rule.id),
                rule.level.word(),
                cell(&rule.source),
                cell(&rule.rule),
            );
        }
        out
    }
}

impl Rule {
    fn parse(package: &str, value: &Value) -> Result<Self, String> {
        let table = value.as_table().ok_or("it is not a table")?;
        const KEYS: [&str; 6] = ["id", "source", "level", "rule", "tests", "not_applicable"];
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("unknown key `{key}`"));
        }
        let id = text(table, "id")?;
        if id.strip_prefix(package).and_then(|rest| rest.strip_prefix('/')).is_none_or(str::is_empty) {
            return Err(format!("the id must begin with `{package}/`"));
        }
        let level = text(table, "level")?;
        let level = Level::parse(&level).ok_or_else(|| format!("level `{level}` is not must, should or may"))?;
        let evidence = match (table.get("tests"), table.contains_key("not_applicable")) {
            (Some(_), true) => return Err("both `tests` and `not_applicable`".to_owned()),
            (None, false) => return Err("neither `tests` nor `not_applicable`".to_owned()),
            (None, true) => Evidence::NotApplicable(text(table, "not_applicable")?),
            (Some(tests), false) => Evidence::Tests(names(tests)?),
        };
        Ok(Self { id, source: text(table, "source")?, level, rule: text(table, "rule")?, evidence })
    }
}

impl Level {
    fn parse(word: &str) -> Option<Self> {
        [Self::Must, Self::Should, Self::May].into_iter().find(|level| level.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
        }
    }
}

fn text(table: &Table, key: &str) -> Result<String, String> {
    let text = table.get(key).ok_or_else(|| format!("no `{key}`"))?;
    let text = text.as_str().ok_or_else(|| format!("`{key}` is not a string"))?.trim();
    if text.is_empty() { Err(format!("`{key}` is empty")) } else { Ok(text.to_owned()) }
}

fn names(tests: &Value) -> Result<Vec<String>, String> {
    let tests = tests.as_array().ok_or("`tests` is not a list")?;
    if tests.is_empty() {
        return Err("`tests` is empty".to_owned());
    }
    tests
        .iter()
        .map(|test| test.as_str().map(str::to_owned).ok_or_else(|| "`tests` holds something that is no string".to_owned()))
        .collect()
}

/// The text as it can stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Ledger;

    const GOOD: &str = r#"
        [[rule]]
        id = "demo/a-1"
        source = "RFC 791 3.1"
        level = "must"
        rule = "The version is 4 | nothing else."
        tests = ["ipv4::tests::version"]

        [[rule]]
        id = "demo/a-2"
        source = "RFC 791 3.1"
        level = "may"
        rule = "A gateway may do so."
        not_applicable = "no gateway"
    "#;

    fn problems(text: &str) -> Vec<String> {
        Ledger::parse("demo", text, &mut BTreeSet::new()).1
    }

    fn rule(lines: &str) -> String {
        format!("[[rule]]\nid = \"demo/1\"\nsource = \"RFC 1 1\"\nlevel = \"must\"\nrule = \"x\"\n{lines}\n")
    }

    #[test]
    fn a_good_ledger_has_no_problem_and_is_counted() {
        let (ledger, problems) = Ledger::parse("demo", GOOD, &mut BTreeSet::new());
        assert_eq!(problems, [""; 0]);
        assert_eq!(ledger.counts(), "2 rules: 1 must, 0 should, 1 may; 1 shown by tests, 1 not applicable");
    }

    #[test]
    fn the_table_has_one_row_a_rule_and_escapes_bars() {
        let (ledger, _) = Ledger::parse("demo", GOOD, &mut BTreeSet::new());
        let markdown = ledger.markdown("demo");
        assert!(
            markdown
                .contains("| demo/a-1 | must | RFC 791 3.1 | The version is 4 \\| nothing else. | `ipv4::tests::version` |\n")
        );
        assert!(markdown.contains("| demo/a-2 | may | RFC 791 3.1 | A gateway may do so. | not applicable: no gateway |\n"));
    }

    #[test]
    fn a_test_that_does_not_live_is_a_problem() {
        let (ledger, _) = Ledger::parse("demo", GOOD, &mut BTreeSet::new());
        let found = ledger.missing_tests(|_| Ok(Some("does not exist".to_owned()))).unwrap();
        assert_eq!(found, ["demo/a-1: test `ipv4::tests::version` does not exist"]);
        assert!(ledger.missing_tests(|_| Ok(None)).unwrap().is_empty());
    }

    #[test]
    fn an_id_used_twice_is_a_problem_across_ledgers_too() {
        let text = rule("tests = [\"t\"]");
        assert_eq!(problems(&format!("{text}{text}")), ["demo/1: the id is not unique"]);
        let mut ids = BTreeSet::new();
        assert!(Ledger::parse("demo", &text, &mut ids).1.is_empty());
        assert_eq!(Ledger::parse("demo", &text, &mut ids).1, ["demo/1: the id is not unique"]);
    }

    #[test]
    fn an_unknown_key_is_a_problem() {
        assert_eq!(problems(&rule("tests = [\"t\"]\nnote = \"x\"")), ["demo/1: unknown key `note`"]);
        assert_eq!(problems(&format!("title = \"x\"\n{}", rule("tests = [\"t\"]"))), ["unknown key `title`"]);
    }

    #[test]
    fn tests_and_a_reason_together_are_a_problem() {
        let found = problems(&rule("tests = [\"t\"]\nnot_applicable = \"x\""));
        assert_eq!(found, ["demo/1: both `tests` and `not_applicable`"]);
    }

    #[test]
    fn neither_tests_nor_a_reason_is_a_problem() {
        assert_eq!(problems(&rule("")), ["demo/1: neither `tests` nor `not_applicable`"]);
    }

    #[test]
    fn empty_texts_and_lists_are_problems() {
        assert_eq!(problems(&rule("tests = []")), ["demo/1: `tests` is empty"]);
        assert_eq!(problems(&rule("not_applicable = \" \"")), ["demo/1: `not_applicable` is empty"]);
        let empty_rule = rule("tests = [\"t\"]").replace("rule = \"x\"", "rule = \"\"");
        assert_eq!(problems(&empty_rule), ["demo/1: `rule` is empty"]);
        assert_eq!(problems(""), ["no [[rule]]"]);
    }

    #[test]
    fn a_missing_key_a_foreign_id_and_an_unknown_level_are_problems() {
        let text = rule("tests = [\"t\"]");
        assert_eq!(problems(&text.replace("source = \"RFC 1 1\"\n", "")), ["demo/1: no `source`"]);
        assert_eq!(problems(&text.replace("demo/1", "other/1")), ["other/1: the id must begin with `demo/`"]);
        assert_eq!(problems(&text.replace("\"must\"", "\"shall\"")), ["demo/1: level `shall` is not must, should or may"]);
    }
}
