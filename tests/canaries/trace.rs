//! What a service leaves behind, and which canaries may be in it.

use std::fs;
use std::path::Path;

use super::canary::{Aviary, Kind};
use super::scan::Scanner;

/// Something that was left behind, and the kinds of canaries that it may contain.
pub struct Trace {
    pub name: String,
    pub bytes: Vec<u8>,
    pub allowed: &'static [Kind],
}

impl Trace {
    pub fn of(name: impl Into<String>, bytes: impl Into<Vec<u8>>, allowed: &'static [Kind]) -> Self {
        Self { name: name.into(), bytes: bytes.into(), allowed }
    }
}

/// The kinds that a file of the service may contain: none in logs, ids in the ledger, personal data in the account
/// store.
fn allowed(file: &str) -> &'static [Kind] {
    match file {
        name if name.starts_with("accounts.db") => &[Kind::Personal, Kind::Login, Kind::LegacyId],
        name if name.starts_with("ledger.db") => &[Kind::LegacyId],
        _ => &[],
    }
}

/// The files in a folder that the service created.
pub fn files(folder: &Path, is_of_the_service: impl Fn(&Path) -> bool) -> Vec<Trace> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ours = entries.filter(|path| path.is_file() && is_of_the_service(path));
    ours.map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let allowed = allowed(&name);
        Trace::of(name, fs::read(path).unwrap(), allowed)
    })
    .collect()
}

/// No canary is where it does not belong.
pub fn assert_no_leaks(aviary: &Aviary, traces: &[Trace]) {
    let scanner = Scanner::new(aviary);
    let hits = |trace: &Trace| scanner.scan(&trace.bytes, trace.allowed);
    let found: Vec<String> = traces
        .iter()
        .flat_map(|trace| hits(trace).into_iter().map(move |hit| format!("{}: {hit:?}", trace.name)))
        .collect();
    assert!(found.is_empty(), "{} canaries where they do not belong:\n{}", found.len(), found.join("\n"));
    // stored password hashes occur only in the account store
    for trace in traces {
        let contains_hash = memchr::memmem::find(&trace.bytes, b"$argon2").is_some();
        assert!(!contains_hash || trace.name.starts_with("accounts.db"), "{} contains a hash", trace.name);
    }
}
