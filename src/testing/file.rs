//! Reads test files: every test with its place; all problems are reported at once.

use std::collections::BTreeMap;

use bumpalo::Bump;

use super::change::Change;
use super::want::{Wants, wants};
use crate::diag::{Diagnostic, FileId, Files, Findings, Span};
use crate::engine::compile::literal;
use crate::engine::context::Cx;
use crate::engine::operand::Operand;
use crate::engine::run::Facts;
use crate::model::json::to_json;
use crate::rules::fields::{Fields, expected, map, word};
use crate::rules::syntax::Word;
use crate::rules::{Node, RecordsPath, read_rules};

/// The keys of a test file.
const FILE_KEYS: &[&str] = &["landfall", "rules", "params", "tests"];

/// The keys of a test.
pub(super) const TEST_KEYS: &[&str] = &[
    "name",
    "record",
    "records",
    "with",
    "without",
    "params",
    "facts",
    "expect",
    "exactly",
    "credential",
    "warnings",
    "denied",
    "invalid",
    "accounts",
    "password",
    "wrong_password",
    "snapshot",
];

/// The tests of one file.
#[derive(Debug)]
pub struct TestFile {
    /// The name of the file, for output.
    pub name: String,
    /// Parameters for all tests.
    pub(super) params: Vec<(Word, Operand)>,
    /// The tests in the order of the file.
    pub(super) tests: Vec<Test>,
}

/// One test as written; a file name can stand for several records.
#[derive(Debug)]
pub(super) struct Test {
    pub name: Word,
    pub record: RecordSource,
    pub changes: Vec<Change>,
    pub params: Vec<(Word, Operand)>,
    pub facts: Facts,
    pub wants: Wants,
}

/// Where the record of a test is.
#[derive(Debug)]
pub(super) enum RecordSource {
    /// In the test.
    Inline(Operand),
    /// In files; in the lists at the path, if there is one.
    Files(Word, Option<(RecordsPath, Span)>),
}

/// The value of `rules:` in a test file, if it has one.
#[must_use]
pub fn rules_of(files: &Files, file: FileId) -> Option<String> {
    let tree = read_rules(files, file, &mut Findings::default())?;
    tree.get("rules")?.as_text().map(str::to_owned)
}

/// Reads a test file: a map with `tests`, or simply the list of tests.
pub fn test_file(files: &Files, file: FileId, findings: &mut Findings) -> Option<TestFile> {
    let tree = read_rules(files, file, findings)?;
    let name = files.name(file).to_owned();
    if tree.as_list().is_some() {
        return Some(TestFile { name, params: Vec::new(), tests: tests(&tree, findings) });
    }
    let fields = Fields::open(&tree, "a test file", FILE_KEYS, findings)?;
    if let Some(node) = fields.get("landfall").filter(|node| node.as_integer() != Some(1)) {
        let message = "this program reads version 1 of the rule language";
        findings.push(Diagnostic::error("R111", node.span, message, "write `landfall: 1`, or leave it out"));
    }
    fields.word("rules", findings);
    let list = fields.need("tests", findings)?;
    Some(TestFile { name, params: values(fields.get("params"), findings), tests: tests(list, findings) })
}

/// Reads the `tests` of a rule file; `None` if it has none.
pub fn inline(files: &Files, file: FileId, findings: &mut Findings) -> Option<TestFile> {
    let tree = read_rules(files, file, findings)?;
    let tests = tests(tree.get("tests")?, findings);
    Some(TestFile { name: files.name(file).to_owned(), params: Vec::new(), tests })
}

fn tests(list: &Node, findings: &mut Findings) -> Vec<Test> {
    let Some(items) = list.as_list() else {
        findings.push(expected(list, "a list of tests"));
        return Vec::new();
    };
    if items.is_empty() {
        let help = "write a test, or remove the key; an empty list tests nothing";
        findings.push(Diagnostic::error("R601", list.span, "there is no test in this list", help));
    }
    let found: Vec<Test> = items.iter().filter_map(|item| test(item, findings)).collect();
    same_names(&found, findings);
    found
}

fn same_names(tests: &[Test], findings: &mut Findings) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for test in tests {
        if let Some(first) = seen.insert(&test.name.text, test.name.span) {
            let message = format!("two tests are named `{}`", test.name.text);
            let help = "give each test its own name; `--filter` and snapshots use it";
            findings.push(Diagnostic::error("R602", test.name.span, message, help).also(first, "first here"));
        }
    }
}

fn test(node: &Node, findings: &mut Findings) -> Option<Test> {
    let fields = Fields::open(node, "a test", TEST_KEYS, findings)?;
    let name = fields.need("name", findings).and_then(|name| word(name, findings));
    let at = fields.word("records", findings).and_then(|path| records_path(&path, findings));
    let record = fields.need("record", findings).and_then(|record| source(record, at, findings));
    let changes = super::change::read(fields.get("with"), fields.get("without"), findings);
    let params = values(fields.get("params"), findings);
    let facts = fields.get("facts").map_or_else(Facts::default, |facts| read_facts(facts, findings));
    let wants = wants(node, &fields, findings);
    Some(Test { name: name?, record: record?, changes, params, facts, wants: wants? })
}

fn records_path(word: &Word, findings: &mut Findings) -> Option<(RecordsPath, Span)> {
    match word.text.parse() {
        Ok(path) => Some((path, word.span)),
        Err(problem) => {
            let message = format!("`{}` is not the path of a list of records", word.text);
            findings.push(Diagnostic::error("R606", word.span, message, problem));
            None
        }
    }
}

fn source(node: &Node, at: Option<(RecordsPath, Span)>, findings: &mut Findings) -> Option<RecordSource> {
    if node.as_map().is_some() {
        if let Some((_, span)) = at {
            let help = "remove it, or name a file: `record: records/export.json`";
            findings.push(Diagnostic::error("R606", span, "`records` is for records in a file", help));
        }
        return Some(RecordSource::Inline(literal(node).0));
    }
    if node.as_list().is_some() || node.is_null() {
        findings.push(expected(node, "a record or the name of a file"));
        return None;
    }
    word(node, findings).map(|file| RecordSource::Files(file, at))
}

fn values(node: Option<&Node>, findings: &mut Findings) -> Vec<(Word, Operand)> {
    let Some(node) = node else { return Vec::new() };
    let entries = map(node, findings).iter();
    entries.map(|entry| (crate::rules::fields::key(entry), literal(&entry.value).0)).collect()
}

fn read_facts(node: &Node, findings: &mut Findings) -> Facts {
    let Some(fields) = Fields::open(node, "`facts`", &["now", "tenant", "identifier", "added"], findings) else {
        return Facts::default();
    };
    let arena = Bump::new();
    let added = values(fields.get("added"), findings);
    let added =
        added.iter().map(|(name, value)| (name.text.clone(), to_json(value.value(&Cx::bare(&arena))))).collect();
    if let Some(node) = fields.get("now") {
        let is_time = node.as_text().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok());
        if !is_time && node.as_map().is_none() && node.as_list().is_none() && !node.is_null() {
            let message = "`now` is a time with an offset";
            let help = "write it as in `now: \"2026-01-01T00:00:00Z\"`";
            findings.push(Diagnostic::error("R107", node.span, message, help));
        }
    }
    let mut text = |key: &str| fields.word(key, findings).map(|word| word.text);
    Facts { now: text("now"), tenant: text("tenant"), identifier: text("identifier"), added }
}
