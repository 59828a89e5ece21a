//! Settings from the user's view: every finding as a whole rendered text, and every example and default in the
//! reference.
//!
//! `UPDATE_CASES=1 cargo test --test settings` rewrites the texts; read the difference before committing.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and prints its measurements"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use landfall::config::{Reading, Settings};
use landfall::diag::render::{human, plain};
use landfall::diag::{Files, Findings, codes};
use serde_json::Value;

#[path = "support/pages.rs"]
mod pages;

use pages::{Block, Page, pages};

const REFERENCE: &str = include_str!("../docs/settings.md");

/// The keys that examples leave out.
const REST: [(&str, &str); 4] = [
    ("rules", "rules: rules/shop.yaml"),
    ("source", "source: { kind: file, path: export.ndjson, logins: [ $.login ] }"),
    ("target", "target: { kind: sql, url: 'sqlite:accounts.db' }"),
    ("ledger", "ledger: { url: 'sqlite:ledger.db', key: 'file:ledger.key' }"),
];

fn environment(name: &str) -> Option<String> {
    (name != "UNSET" && name != "PORT").then(|| "0123456789abcdef".repeat(4))
}

fn cases() -> Vec<PathBuf> {
    // paths relative to the package's folder, where cargo runs tests, so that names are the same on every machine
    let paths = fs::read_dir("tests/cases/settings").unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    found.sort();
    found
}

fn read(path: &Path) -> Reading {
    Settings::read_in(path, &environment).unwrap()
}

#[test]
fn every_finding_has_its_expected_text() {
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let mut different = Vec::new();
    for path in cases() {
        let read = read(&path);
        assert!(!read.findings.is_empty(), "{} has no finding", path.display());
        let text = human(&read.files, &read.findings, false);
        let text: String = text.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        let expected = path.with_extension("txt");
        if update {
            fs::write(&expected, text).unwrap();
        } else if fs::read_to_string(&expected).ok().as_deref() != Some(text.as_str()) {
            different.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_settings_code_has_a_case() {
    let seen: BTreeSet<&str> =
        cases().iter().flat_map(|path| read(path).findings).map(|finding| finding.code).collect();
    let unseen: Vec<&str> =
        codes::all().map(|info| info.code).filter(|code| code.starts_with("R5") && !seen.contains(code)).collect();
    assert!(unseen.is_empty(), "no case for {unseen:?}");
}

#[test]
fn findings_never_show_secrets() {
    for path in cases() {
        let read = read(&path);
        let shown = human(&read.files, &read.findings, false);
        assert!(!shown.contains("0123456789abcdef"), "{}: {shown}", path.display());
    }
}

fn parse(text: &str) -> (Option<Settings>, String) {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("landfall.yaml", text);
    let settings = Settings::parse(&files, file, &environment, &mut findings);
    (settings, plain(&files, &findings.sorted()))
}

/// An example with the keys it leaves out.
fn whole(example: &str) -> String {
    let missing = REST.iter().filter(|(key, _)| !example.lines().any(|line| line.starts_with(&format!("{key}:"))));
    example.to_owned() + &*missing.map(|(_, line)| format!("{line}\n")).collect::<String>()
}

/// The parts of settings files that a page shows.
fn examples(page: &Page) -> Vec<Block> {
    page.blocks().into_iter().filter(|block| block.info == "yaml settings").collect()
}

#[test]
fn every_example_of_the_documentation_can_be_read() {
    let examples: Vec<Block> = pages().iter().flat_map(examples).collect();
    assert!(examples.len() > 12, "{} examples", examples.len());
    for Block { text, place, .. } in examples {
        let (settings, shown) = parse(&whole(&text));
        assert!(settings.is_some() && shown.is_empty(), "{place}: {shown}\n{text}");
    }
}

/// The rows of the reference's tables: key and default.
fn rows() -> Vec<(String, String)> {
    let lines = REFERENCE.lines().filter(|line| line.starts_with("| `"));
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    lines.map(|line| line.split('|').collect::<Vec<_>>()).map(|cells| (cell(cells[1]), cell(cells[2]))).collect()
}

#[test]
fn the_defaults_in_the_reference_are_correct() {
    let sql = whole("source: { kind: sql, url: 'sqlite:a', record: SELECT 1 }\n");
    let shown: Vec<Value> =
        [whole(""), sql].iter().map(|text| serde_json::to_value(parse(text).0.unwrap()).unwrap()).collect();
    let mut compared = 0;
    for (key, default) in rows().into_iter().filter(|(_, default)| !default.is_empty()) {
        let pointer = format!("/{}", key.replace('.', "/"));
        let found = shown.iter().filter_map(|shown| shown.pointer(&pointer));
        let found: Vec<String> =
            found.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
        assert!(found.contains(&default), "`{key}`: the reference says `{default}`, but it is {found:?}");
        compared += 1;
    }
    assert!(compared > 40, "{compared} defaults");
}

#[test]
fn every_setting_is_in_the_reference() {
    let rows = rows();
    let page = Page { name: "docs/settings.md".to_owned(), text: REFERENCE.to_owned() };
    let texts: Vec<String> = examples(&page).iter().map(|example| whole(&example.text)).collect();
    let mut unnamed = BTreeSet::new();
    for text in texts {
        walk("", &serde_json::to_value(parse(&text).0.unwrap()).unwrap(), &mut |key| {
            let is_part = |whole: &str, part: &str| part.starts_with(&format!("{whole}."));
            let is_named = rows.iter().any(|(row, _)| key == row || is_part(row, key) || is_part(key, row));
            if !is_named {
                unnamed.insert(key.to_owned());
            }
        });
    }
    assert!(unnamed.is_empty(), "the reference does not name {unnamed:?}");
}

fn walk(key: &str, value: &Value, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                walk(&if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, member, visit);
            }
        }
        _ => visit(key),
    }
}
