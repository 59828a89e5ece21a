//! Every finding as its reader sees it: one file of mistakes per case, and beside it the whole rendered text.
//!
//! `UPDATE_CASES=1 cargo test --test engine diagnostics` writes the texts anew; read the difference before it is committed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use landfall::diag::render::human;
use landfall::diag::{Diagnostic, Files, Findings, codes};
use landfall::engine::compile::{Loaded, Loader, compile};

/// Files beside the cases, by plain names.
struct Beside;

impl Loader for Beside {
    fn load(&self, _: &str, name: &str) -> Result<Loaded, String> {
        let text = fs::read_to_string(cases().join(name)).map_err(|_| format!("`{name}` cannot be read: not found"))?;
        Ok(Loaded { name: name.to_owned(), text })
    }
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/diagnostics")
}

/// Every case: the rule files of the folder itself. Files that cases name stand in `named`.
fn all_cases() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(cases())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    found.sort();
    found
}

fn check(path: &Path) -> (Files, Vec<Diagnostic>) {
    let mut files = Files::default();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let file = files.add(name, fs::read_to_string(path).unwrap());
    let mut findings = Findings::default();
    compile(&mut files, file, &Beside, &mut findings);
    (files, findings.sorted())
}

#[test]
fn every_text_is_as_agreed() {
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let mut different = Vec::new();
    let found = all_cases();
    assert!(found.len() > 20, "only {} cases", found.len());
    for path in found {
        let (files, findings) = check(&path);
        assert!(!findings.is_empty(), "{} has no finding", path.display());
        let text = human(&files, &findings, false);
        let text = text.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>();
        let agreed = path.with_extension("txt");
        if update {
            fs::write(&agreed, text).unwrap();
        } else if fs::read_to_string(&agreed).ok().as_deref() != Some(text.as_str()) {
            different.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_code_has_a_case() {
    let seen: BTreeSet<&str> = all_cases().iter().flat_map(|path| check(path).1).map(|finding| finding.code).collect();
    // settings, tests and assessments have cases of their own
    let elsewhere = |code: &str| ["R5", "R6", "R7"].iter().any(|family| code.starts_with(family));
    let unseen: Vec<&str> =
        codes::all().map(|info| info.code).filter(|code| !elsewhere(code) && !seen.contains(code)).collect();
    assert!(unseen.is_empty(), "no case shows {unseen:?}");
}

#[test]
fn twelve_mistakes_are_twelve_findings() {
    let (files, findings) = check(&cases().join("twelve.yaml"));
    let places: BTreeSet<usize> = findings.iter().map(|finding| files.position(finding.labels[0].span).0).collect();
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!((findings.len(), places.len()), (12, 12), "{codes:?}");
}

/// The codes that a source file makes findings of; those of its unit tests do not count.
fn codes_in(path: &Path, used: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            codes_in(&entry.unwrap().path(), used);
        }
        return;
    }
    let name = path.to_string_lossy().replace('\\', "/");
    if !name.ends_with(".rs") || name.contains("/diag/codes/") || name.ends_with("tests.rs") {
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    for part in text.split("\"R").skip(1) {
        if part.len() > 3 && part.as_bytes()[..3].iter().all(u8::is_ascii_digit) && part.as_bytes()[3] == b'"' {
            used.insert(format!("R{}", &part[..3]));
        }
    }
}

#[test]
fn the_table_holds_the_codes_that_are_used() {
    let mut used = BTreeSet::new();
    codes_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut used);
    used.retain(|code| !code.starts_with("R6"));
    let explained: BTreeSet<String> =
        codes::all().map(|info| info.code.to_owned()).filter(|code| !code.starts_with("R6")).collect();
    assert_eq!(used, explained);
}
