//! The files that a settings file names, for commands that must not replace them.

use std::path::{Path, PathBuf};

use super::environment::{self, expand};
use super::rules;
use crate::adapters::registry::ledger_file;
use crate::diag::{Files, Findings};
use crate::rules::{MAX_FILE_BYTES, Node, NodeKind};

/// A file that settings name, or that a file named by them reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The setting that leads to it, such as `ledger.key`.
    pub key: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What the address of an SQLite database begins with.
const DATABASE: &str = "sqlite:";

/// Files of an SQLite database beside the one with its name.
const OF_DATABASE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What is appended to the name of an export for its index.
const INDEX: &str = ".landfall-index";

/// What a secret in a file begins with.
const SECRET_FILE: &str = "file:";

/// The files that exist and that a settings file names, whatever for: secrets, certificates, databases, exports, scripts,
/// presets, assessments, and rules with everything that these read. Mistakes in the settings are nobody's concern here.
///
/// Every text is tried as a path instead of those of known keys, so that no adapter can be forgotten. A text that is a
/// file by chance costs nothing but another name for an output.
#[must_use]
pub fn named_files(settings: &Path) -> Vec<NamedFile> {
    let mut found = Vec::new();
    of_file(settings, "", &mut found);
    found
}

/// The files that a YAML file names. `key` leads to it.
fn of_file(file: &Path, key: &str, found: &mut Vec<NamedFile>) {
    let is_small = std::fs::metadata(file).is_ok_and(|about| about.is_file() && about.len() <= MAX_FILE_BYTES as u64);
    let Some(text) = is_small.then(|| std::fs::read_to_string(file).ok()).flatten() else { return };
    let mut files = Files::default();
    let id = files.add(file.display().to_string(), text);
    if let Some(node) = crate::rules::read(&files, id, &mut Findings::default()) {
        of_node(&node, key, file.parent().unwrap_or_else(|| Path::new("")), found);
    }
}

fn of_node(node: &Node, key: &str, folder: &Path, found: &mut Vec<NamedFile>) {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let text = expand(&scalar.text, &environment::process);
            of_text(text.as_ref().map_or(&scalar.text, |text| text), key, folder, found);
        }
        NodeKind::List(items) => {
            items.iter().enumerate().for_each(|(at, item)| of_node(item, &format!("{key}.{at}"), folder, found));
        }
        NodeKind::Map(entries) => {
            for entry in entries {
                let key = if key.is_empty() { entry.key.clone() } else { format!("{key}.{}", entry.key) };
                of_node(&entry.value, &key, folder, found);
            }
        }
    }
}

/// Adds the file that a text names, and what belongs to it.
fn of_text(text: &str, key: &str, folder: &Path, found: &mut Vec<NamedFile>) {
    let text = text.trim_end();
    if text.is_empty() || text.contains('\n') {
        return;
    }
    let database = text.starts_with(DATABASE).then(|| ledger_file("url", text)).flatten();
    let database = database.map(|file| folder.join(file.path));
    let path = match (&database, text.strip_prefix(SECRET_FILE)) {
        (Some(path), _) => path.clone(),
        (None, Some(secret)) => folder.join(secret),
        (None, None) => folder.join(text),
    };
    let beside = if database.is_some() { &OF_DATABASE[..] } else { &[INDEX] };
    let names = [path.clone()].into_iter().chain(beside.iter().map(|ending| with_ending(&path, ending)));
    let mut add = |path: PathBuf| found.push(NamedFile { key: key.to_owned(), path });
    names.filter(|path| path.is_file()).for_each(&mut add);
    match key.rsplit('.').next() {
        Some("rules") if path.is_file() => files_of_rules(&path).into_iter().for_each(add),
        Some("preset") if path.is_file() => of_file(&path, key, found),
        _ => {}
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The files that rules consist of, tables included, and the tests beside them, without which the rules are not used.
#[must_use]
pub fn files_of_rules(path: &Path) -> Vec<PathBuf> {
    let read = rules::compiled(path).map(|read| read.paths).unwrap_or_default();
    read.into_iter().chain(rules::tests_beside(path)).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_file_that_settings_name_is_found_with_its_setting() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let settings = "rules: rules/shop.yaml\n\
                        source: { kind: file, path: users.ndjson, logins: [ $.login ] }\n\
                        more_sources:\n  - rules: gone.yaml\n    source: { kind: http, preset: ./old.yaml, ca: ca.pem }\n\
                        target: { kind: sql, url: 'sqlite:accounts.db' }\n\
                        ledger: { url: 'sqlite:ledger.db', key: 'file:ledger.key' }\n\
                        shadow: { rules: rules/new.yaml }\ndrift: { assessment: '${LANDFALL_TEST_UNSET:-shape.json}' }\n\
                        service: { tls: { certificate: tls.pem, key: tls.key } }\n\
                        hooks: { before_fetch: first.rhai, after_fetch: \"let a = 1;\\nlet b = 2;\" }\n";
        write("landfall.yaml", settings);
        write("rules/shop.yaml", "landfall: 1\nuse: [ common/steps.yaml ]\nlookups: { roles: { file: roles.csv } }\n");
        write("rules/common/steps.yaml", "landfall: 1\nsteps: { x: [ trim ] }\n");
        write("rules/roles.csv", "key,value\na,b\n");
        write("rules/shop.test.yaml", "tests: []\n");
        write("rules/new.yaml", "landfall: 1\n");
        write("old.yaml", "target: { rules: made.yaml }\n");
        write("made.yaml", "landfall: 1\n");
        for name in [
            "users.ndjson",
            "users.ndjson.landfall-index",
            "ca.pem",
            "accounts.db",
            "ledger.db",
            "ledger.db-wal",
            "ledger.key",
            "shape.json",
            "tls.pem",
            "tls.key",
            "first.rhai",
            "other.txt",
        ] {
            write(name, "");
        }
        let mut found: Vec<(String, String)> = named_files(&folder.path().join("landfall.yaml"))
            .into_iter()
            .map(|file| {
                let path = fs::canonicalize(&file.path).unwrap();
                let name = path.strip_prefix(fs::canonicalize(folder.path()).unwrap()).unwrap();
                (file.key, name.display().to_string())
            })
            .collect();
        found.sort();
        found.dedup();
        let wanted = [
            ("drift.assessment", "shape.json"),
            ("hooks.before_fetch", "first.rhai"),
            ("ledger.key", "ledger.key"),
            ("ledger.url", "ledger.db"),
            ("ledger.url", "ledger.db-wal"),
            ("more_sources.0.source.ca", "ca.pem"),
            ("more_sources.0.source.preset", "old.yaml"),
            ("more_sources.0.source.preset.target.rules", "made.yaml"),
            ("rules", "rules/common/steps.yaml"),
            ("rules", "rules/roles.csv"),
            ("rules", "rules/shop.test.yaml"),
            ("rules", "rules/shop.yaml"),
            ("service.tls.certificate", "tls.pem"),
            ("service.tls.key", "tls.key"),
            ("shadow.rules", "rules/new.yaml"),
            ("source.path", "users.ndjson"),
            ("source.path", "users.ndjson.landfall-index"),
            ("target.url", "accounts.db"),
        ];
        assert_eq!(found, wanted.map(|(key, name)| (key.to_owned(), name.to_owned())));
    }

    #[test]
    fn settings_that_cannot_be_read_name_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("landfall.yaml");
        assert!(named_files(&path).is_empty());
        fs::write(&path, "rules: [").unwrap();
        assert!(named_files(&path).is_empty());
        assert!(named_files(folder.path()).is_empty());
    }
}
