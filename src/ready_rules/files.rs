//! Finds the files that ready rules need: what they use, their tests, and the records of those.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::{FILES, FOLDER, Ready, TESTS};
use crate::diag::{Files, Findings};
use crate::engine::compile::{Loaded, Loader, compile};
use crate::testing::{Shelf, cases, test_file};

/// A file of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadyFile {
    /// Its path below `rules/`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Reads embedded files, and remembers which ones were read.
#[derive(Debug, Default)]
pub(super) struct Embedded {
    read: RefCell<BTreeSet<&'static str>>,
}

impl Embedded {
    /// The files that match a path; `*` in its last part stands for any text.
    fn find(&self, asker: &str, name: &str) -> Result<Vec<Loaded>, String> {
        let wanted = beside(asker, name).ok_or_else(|| format!("`{name}` is outside the folder of the rules"))?;
        let found = FILES.iter().filter(|(path, _)| matches(path, &wanted));
        let found: Vec<Loaded> = found
            .map(|(path, text)| {
                self.read.borrow_mut().insert(path);
                Loaded { name: format!("{FOLDER}/{path}"), text: (*text).to_owned() }
            })
            .collect();
        if found.is_empty() { Err(format!("`{name}` is not in the program")) } else { Ok(found) }
    }
}

impl Loader for Embedded {
    fn load(&self, asker: &str, name: &str) -> Result<Loaded, String> {
        self.find(asker, name)?.pop().ok_or_else(|| format!("`{name}` is not in the program"))
    }
}

impl Shelf for Embedded {
    fn find(&self, asker: &str, pattern: &str) -> Result<Vec<Loaded>, String> {
        Self::find(self, asker, pattern)
    }

    fn snapshot(&self, asker: &str, name: &str) -> Result<Option<String>, String> {
        Ok(Self::find(self, asker, name).ok().and_then(|mut found| found.pop()).map(|loaded| loaded.text))
    }

    fn write_snapshot(&self, _: &str, name: &str, _: &str) -> Result<(), String> {
        Err(format!("`{name}` is in the program, and cannot be written"))
    }
}

/// The path of a file below the folder of the rules, named by another file there. `None` if it is outside.
fn beside(asker: &str, name: &str) -> Option<String> {
    let asker = asker.strip_prefix(FOLDER)?.strip_prefix('/')?;
    let mut parts: Vec<&str> = asker.rsplit_once('/').map_or_else(Vec::new, |(folder, _)| folder.split('/').collect());
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn matches(path: &str, wanted: &str) -> bool {
    match wanted.split_once('*') {
        None => path == wanted,
        Some((start, end)) => path
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end))
            .is_some_and(|between| !between.contains('/')),
    }
}

/// The paths of everything that rules need.
pub(super) fn needed(ready: &Ready) -> BTreeSet<&'static str> {
    let embedded = Embedded::default();
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let rules = files.add(format!("{FOLDER}/{}", ready.path), ready.text);
    let _ = compile(&mut files, rules, &embedded, &mut findings);
    let tests = format!("{}{TESTS}", ready.name);
    if let Some((path, text)) = FILES.iter().find(|(path, _)| *path == tests) {
        embedded.read.borrow_mut().insert(path);
        let file = files.add(format!("{FOLDER}/{path}"), *text);
        if let Some(tests) = test_file(&files, file, &mut findings) {
            let _ = cases(&tests, &mut files, &embedded, &mut findings);
        }
    }
    let mut paths = embedded.read.into_inner();
    paths.insert(ready.path);
    paths
}
