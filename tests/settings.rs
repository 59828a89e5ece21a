//! Settings from the user's view: every finding as a whole rendered text, and every example and default in the
//! reference.
//!
//! `UPDATE_CASES=1 cargo test --test settings` rewrites the texts, and `UPDATE_DOCS=1` the tables of the reference and the pages
//! of bridges; read the difference before committing.

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

use landfall::config::{Reading, STARTER, Settings, json_schema};
use landfall::diag::render::{human, plain};
use landfall::diag::{Files, Findings, codes};
use serde_json::Value;

#[path = "support/bridge_pages.rs"]
mod bridge_pages;
#[path = "support/pages.rs"]
mod pages;
#[path = "support/settings_reference.rs"]
mod settings_reference;

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
    if name.ends_with("_DATABASE_URL") {
        return Some("postgres://landfall:pw@db.example/shop".to_owned());
    }
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

/// Found only by connecting: their cases are in `tests/sources/connecting.rs` and with the targets.
const CONNECTED: [&str; 2] = ["R514", "R515"];

#[test]
fn every_settings_code_has_a_case() {
    let seen: BTreeSet<&str> =
        cases().iter().flat_map(|path| read(path).findings).map(|finding| finding.code).collect();
    let unseen: Vec<&str> = codes::all()
        .map(|info| info.code)
        .filter(|code| code.starts_with("R5") && !CONNECTED.contains(code) && !seen.contains(code))
        .collect();
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

#[test]
fn every_example_is_valid_by_the_json_schema() {
    let schema = jsonschema::draft7::new(json_schema()).unwrap();
    let pages = pages();
    let shown = pages.iter().flat_map(examples).map(|example| (example.place, whole(&example.text)));
    let folders = fs::read_dir("examples").unwrap().map(|entry| entry.unwrap().path().join("landfall.yaml"));
    let files = folders.filter(|path| path.is_file());
    let files = files.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()));
    let mut checked = 0;
    for (place, text) in shown.chain(files) {
        let document: Value = serde_yaml::from_str(&text).unwrap();
        let problems: Vec<String> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{place}: {problems:?}");
        checked += 1;
    }
    assert!(checked > 15, "{checked} examples");
}

#[test]
fn the_tables_of_the_reference_are_generated() {
    let wanted = settings_reference::generated(REFERENCE, json_schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write("docs/settings.md", wanted).unwrap();
    } else {
        let different = REFERENCE.lines().zip(wanted.lines()).find(|(have, wanted)| have != wanted);
        assert!(REFERENCE == wanted, "run with UPDATE_DOCS=1, and read the difference: {different:#?}");
    }
}

#[test]
fn the_pages_of_bridges_are_generated() {
    let wanted = bridge_pages::wanted();
    let stale = bridge_pages::present().into_iter().filter(|path| !wanted.contains_key(path)).collect::<Vec<_>>();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        wanted.iter().for_each(|(path, text)| fs::write(path, text).unwrap());
        return stale.iter().for_each(|path| fs::remove_file(path).unwrap());
    }
    let differs = |(path, text): &(&PathBuf, &String)| fs::read_to_string(path).ok().as_ref() != Some(text);
    let different: Vec<_> = wanted.iter().filter(differs).map(|(path, _)| path).collect();
    assert!(different.is_empty() && stale.is_empty(), "run with UPDATE_DOCS=1: {different:?} {stale:?}");
}

#[test]
fn the_docs_of_every_adapter_are_in_the_reference() {
    let mut missing = Vec::new();
    let mut folders = vec![PathBuf::from("src/adapters")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("docs.md")
                && !settings_reference::files(REFERENCE).iter().any(|file| path == Path::new(file))
            {
                missing.push(path);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_setting_is_in_the_reference() {
    let rows = settings_reference::keys(REFERENCE);
    let mut unnamed = BTreeSet::new();
    let mut visited = 0;
    walk("", json_schema(), &mut |key| {
        visited += 1;
        if !rows.iter().any(|row| key == row || key.starts_with(&format!("{row}."))) {
            unnamed.insert(key.to_owned());
        }
    });
    assert!(visited > 80, "{visited} settings");
    assert!(unnamed.is_empty(), "the reference does not name {unnamed:?}");
}

/// Visits the keys of a schema that are not sections.
fn walk(key: &str, schema: &Value, visit: &mut dyn FnMut(&str)) {
    let kinds = schema["anyOf"].as_array().into_iter().flatten();
    let sections: Vec<_> =
        std::iter::once(schema).chain(kinds).filter_map(|way| way["properties"].as_object()).collect();
    if sections.is_empty() {
        return visit(key);
    }
    for (name, below) in sections.into_iter().flatten() {
        walk(&if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, below, visit);
    }
}

/// The starter with the keys that it only shows in comments.
fn starter_with_comments() -> String {
    let is_key = |text: &str| {
        text.split_once(": {").is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    };
    let line = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        match line.trim_start().strip_prefix("# ") {
            Some(text) if is_key(text) => format!("{}{text}\n", &line[..indent]),
            _ => format!("{line}\n"),
        }
    };
    STARTER.lines().map(line).collect()
}

#[test]
fn every_key_of_the_starter_is_a_setting_with_its_default() {
    let text = starter_with_comments();
    for shown in ["\nlogin:", "\nhooks:", "\n  decoy:"] {
        assert!(text.contains(shown), "{text}");
    }
    let (_, findings) = parse(&text);
    // the decoy is a placeholder
    let others: Vec<&str> =
        findings.lines().filter(|line| !line.contains("password.decoy") && !line.contains("decoy is")).collect();
    assert!(others.is_empty(), "{others:#?}");
    let written: Value = serde_yaml::from_str(&text).unwrap();
    for section in ["/listen", "/source/name", "/password/argon2", "/login", "/log"] {
        let (defaults, written) = (parse(&whole("")).0.unwrap(), written.pointer(section).unwrap());
        let defaults = serde_json::to_value(&defaults).unwrap();
        let default = defaults.pointer(section).unwrap();
        match written.as_object() {
            Some(members) => {
                members.iter().for_each(|(key, value)| assert_eq!(*value, default[key], "{section}/{key}"))
            }
            None => assert_eq!(written, default, "{section}"),
        }
    }
}
