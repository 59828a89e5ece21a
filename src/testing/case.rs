//! Cases: a test with one record. A test of several records becomes several cases.

use std::collections::BTreeMap;

use bumpalo::Bump;

use super::change::Change;
use super::file::{RecordSource, Test, TestFile};
use super::records;
use super::shelf::Shelf;
use crate::diag::{Diagnostic, FileId, Files, Findings};
use crate::engine::compile::{Loaded, literal};
use crate::engine::context::Cx;
use crate::engine::operand::Operand;
use crate::engine::run::Settings;
use crate::model::Value;
use crate::model::json::to_json;
use crate::model::read::parse;
use crate::rules::RecordsPath;
use crate::rules::syntax::Word;

/// A test with one record.
#[derive(Debug)]
pub struct Case<'t> {
    /// The name of the test; with several records, followed by the file or line.
    pub name: String,
    /// The name of the test file, for output.
    pub file: &'t str,
    pub(super) test: &'t Test,
    pub(super) record: Record<'t>,
    shared: &'t [(Word, Operand)],
    several: bool,
}

/// The record of a case.
#[derive(Debug)]
pub(super) enum Record<'t> {
    /// In the test.
    Inline(&'t Operand),
    /// YAML of a file.
    Yaml(Operand),
    /// JSON text, parsed in every run so that every digit is kept.
    Json(String),
}

impl Record<'_> {
    /// The record, if it can be read.
    pub fn value<'a>(&'a self, arena: &'a Bump) -> Option<Value<'a>> {
        match self {
            Self::Inline(operand) => Some(operand.value(&Cx::bare(arena))),
            Self::Yaml(operand) => Some(operand.value(&Cx::bare(arena))),
            Self::Json(text) => parse(text, arena, &Settings::default().limits).ok(),
        }
    }
}

/// Makes the cases of a test file; reads the record files.
pub fn cases<'t>(file: &'t TestFile, files: &mut Files, shelf: &dyn Shelf, findings: &mut Findings) -> Vec<Case<'t>> {
    let mut found = Vec::new();
    for test in &file.tests {
        let first = found.len();
        for (suffix, record, several) in records(test, &file.name, files, shelf, findings) {
            let name = suffix.map_or_else(|| test.name.text.clone(), |suffix| format!("{}: {suffix}", test.name.text));
            found.push(Case { name, file: &file.name, test, record, shared: &file.params, several });
        }
        removes_nothing(test, found.get(first..).unwrap_or_default(), findings);
    }
    same_snapshots(&found, findings);
    found
}

/// Reports a `without` that removes a field of no record of the test.
fn removes_nothing(test: &Test, cases: &[Case<'_>], findings: &mut Findings) {
    let removes = |at: usize, arena: &Bump, change: &Change, case: &Case<'_>| {
        // what cannot be read or changed is reported when the test runs
        let Some(record) = case.record.value(arena) else { return true };
        let before = test.changes.iter().take(at).try_fold(record, |record, change| change.apply(record, arena));
        before.map_or(true, |record| change.is_in(record))
    };
    for (at, change) in test.changes.iter().enumerate().filter(|(_, change)| change.removes()) {
        let arena = Bump::new();
        if !cases.is_empty() && !cases.iter().any(|case| removes(at, &arena, change, case)) {
            let message = format!("the record has no `{}`, so nothing is removed", change.text);
            let help = "name a field of the record, or remove the entry";
            findings.push(Diagnostic::error("R603", change.span, message, help));
        }
    }
}

type Found<'t> = (Option<String>, Record<'t>, bool);

fn records<'t>(
    test: &'t Test,
    asker: &str,
    files: &mut Files,
    shelf: &dyn Shelf,
    findings: &mut Findings,
) -> Vec<Found<'t>> {
    let (pattern, at) = match &test.record {
        RecordSource::Inline(operand) => return vec![(None, Record::Inline(operand), false)],
        RecordSource::Files(pattern, at) => (pattern, at.as_ref()),
    };
    let loaded = match shelf.find(asker, &pattern.text) {
        Ok(loaded) => loaded,
        Err(problem) => {
            let help = "the path is relative to the test file; `*` in its last part stands for any text";
            findings.push(Diagnostic::error("R606", pattern.span, problem, help));
            return Vec::new();
        }
    };
    let is_pattern = pattern.text.contains('*');
    let mut found = Vec::new();
    for file in loaded {
        let name = file.name.rsplit(['/', '\\']).next().unwrap_or("").to_owned();
        let name = is_pattern.then_some(name);
        let shown = file.name.clone();
        if let Err(problem) = of_file(file, name, pattern, at.map(|(path, _)| path), files, findings, &mut found) {
            let place = at.map_or(pattern.span, |(_, span)| *span);
            let help = "write the path of the list in the document, such as `$.users`";
            findings.push(Diagnostic::error("R606", place, format!("`{shown}`: {problem}"), help));
        }
    }
    found
}

fn of_file(
    file: Loaded,
    name: Option<String>,
    pattern: &Word,
    at: Option<&RecordsPath>,
    files: &mut Files,
    findings: &mut Findings,
    found: &mut Vec<Found<'_>>,
) -> Result<(), String> {
    let ending = file.name.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    let suffix = |more: Option<String>| match (&name, more) {
        (Some(name), Some(more)) => Some(format!("{name} {more}")),
        (name, more) => more.or_else(|| name.clone()),
    };
    let before = found.len();
    match ending.as_str() {
        "json" => {
            for (more, text) in records::of_json(&file.text, at)? {
                let suffix = suffix(more);
                found.push((suffix.clone(), Record::Json(text), suffix.is_some()));
            }
        }
        "ndjson" | "jsonl" => {
            // each line is a record, unless the records are in a list inside it
            let at = Some(at.cloned().unwrap_or_default());
            for (line, text) in file.text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
                for (more, text) in records::of_json(text, at.as_ref())? {
                    let line = format!("line {}", line + 1);
                    let line = more.map_or_else(|| line.clone(), |more| format!("{line} {more}"));
                    found.push((suffix(Some(line)), Record::Json(text), true));
                }
            }
        }
        "yaml" | "yml" => {
            let id: FileId = files.add(file.name.clone(), file.text);
            let Some(tree) = crate::rules::read(files, id, findings) else { return Ok(()) };
            for (more, record) in records::of_yaml(&tree, at)? {
                let suffix = suffix(more);
                found.push((suffix.clone(), Record::Yaml(literal(record).0), suffix.is_some()));
            }
        }
        _ => {
            let message = format!("`{}` is not a record file", file.name);
            let help = "record files are `.json`, `.yaml`, or `.ndjson` and `.jsonl` with one record per line";
            findings.push(Diagnostic::error("R606", pattern.span, message, help));
            return Ok(());
        }
    }
    if found.len() == before {
        let message = format!("`{}` contains no record", file.name);
        findings.push(Diagnostic::error(
            "R606",
            pattern.span,
            message,
            "write one JSON object per line, or a list of them",
        ));
    }
    Ok(())
}

/// Reports cases that share a snapshot: they would overwrite each other's.
fn same_snapshots(cases: &[Case<'_>], findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for case in cases {
        let (Some(path), Some(word)) = (case.snapshot(), &case.test.wants.snapshot) else { continue };
        if let Some(first) = seen.insert(path.clone(), word.span) {
            let message = format!("two records share the snapshot `{path}`");
            let help = "name a folder, ending in `/`, in which each record gets its own file";
            let mut finding = Diagnostic::error("R607", word.span, message, help);
            if first != word.span {
                finding = finding.also(first, "first here");
            }
            findings.push(finding);
        }
    }
}

impl Case<'_> {
    /// The path of the snapshot, relative to the test file, if the test has one.
    #[must_use]
    pub fn snapshot(&self) -> Option<String> {
        let word = self.test.wants.snapshot.as_ref()?;
        if word.text.to_ascii_lowercase().ends_with(".json") {
            return Some(word.text.clone());
        }
        let folder = word.text.trim_end_matches('/');
        Some(format!("{folder}/{}.json", file_name(&self.name)))
    }

    /// The settings of the run, which also finds unread fields.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let arena = Bump::new();
        let mut settings = Settings { facts: self.test.facts.clone(), unread: true, ..Settings::default() };
        for (name, value) in self.test.params.iter().chain(self.shared) {
            if !settings.params.iter().any(|(have, _)| *have == name.text) {
                settings.params.push((name.text.clone(), to_json(value.value(&Cx::bare(&arena)))));
            }
        }
        settings
    }

    /// Whether the test has more than one record.
    #[must_use]
    pub fn is_one_of_many(&self) -> bool {
        self.several
    }
}

/// The file name for a name: runs of characters that are neither letters nor digits become one `-`.
fn file_name(name: &str) -> String {
    let name = name.strip_suffix(".json").unwrap_or(name);
    let mut out = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() || c == '_' {
            out.extend(c.to_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_become_file_names() {
        for (name, file) in [
            ("all samples: wordpress-2.json", "all-samples-wordpress-2"),
            ("Größe / ../x", "größe-x"),
            ("one of two: users.ndjson line 3", "one-of-two-users-ndjson-line-3"),
        ] {
            assert_eq!(file_name(name), file);
        }
    }
}
