//! Files beside rules and tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::engine::compile::{Loaded, Loader};
use crate::testing::Shelf;

/// The largest file that rules may name, in bytes: a table of all postal codes of a country fits.
const MAX_NAMED_BYTES: u64 = 16 * 1024 * 1024;

/// Files beside the rules, by paths relative to the file that names them. Paths cannot leave the folder of the first rule
/// file's parent, so that rules from elsewhere cannot read the disk.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// A loader for the rule file at a path.
    #[must_use]
    pub fn beside(rules: &Path) -> Self {
        let folder = rules.parent().unwrap_or_else(|| Path::new(""));
        let root = if folder.as_os_str().is_empty() { PathBuf::from("..") } else { folder.join("..") };
        Self { root: normal(&root) }
    }
}

impl Loader for Disk {
    fn load(&self, asker: &str, name: &str) -> Result<Loaded, String> {
        let folder = Path::new(asker).parent().unwrap_or_else(|| Path::new(""));
        let path = normal(&folder.join(name));
        if Path::new(name).is_absolute() || !is_inside(&path, &self.root) {
            return Err(format!("`{name}` lies outside the folder of the rules"));
        }
        let size = fs::metadata(&path).map_err(|error| format!("`{name}` cannot be read: {}", error.kind()))?.len();
        if size > MAX_NAMED_BYTES {
            return Err(format!("`{name}` is larger than {MAX_NAMED_BYTES} bytes"));
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("`{name}` cannot be read: {}", error.kind()))?;
        Ok(Loaded { name: path.display().to_string(), text })
    }
}

/// Whether a path stays inside a root; both are relative to the working folder or both absolute.
fn is_inside(path: &Path, root: &Path) -> bool {
    match (fs::canonicalize(path), fs::canonicalize(if root.as_os_str().is_empty() { Path::new(".") } else { root })) {
        (Ok(path), Ok(root)) => path.starts_with(root),
        // what does not exist cannot be read either, and says so by itself
        _ => true,
    }
}

/// The path without `.` and, where it can be told, without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if parts.components().next_back().is_some_and(|c| matches!(c, Component::Normal(_))) =>
            {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts
}

/// The files beside a test file.
#[derive(Debug)]
pub struct Beside {
    disk: Disk,
}

impl Beside {
    /// The files beside the test file at a path.
    #[must_use]
    pub fn new(tests: &Path) -> Self {
        Self { disk: Disk::beside(tests) }
    }
}

impl Shelf for Beside {
    fn find(&self, asker: &str, pattern: &str) -> Result<Vec<Loaded>, String> {
        if !pattern.contains('*') {
            return self.disk.load(asker, pattern).map(|loaded| vec![loaded]);
        }
        let (folder, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        if folder.contains('*') {
            return Err(format!("`{pattern}` has a `*` before its last part"));
        }
        let below = Path::new(asker).parent().unwrap_or_else(|| Path::new("")).join(folder);
        let below = if below.as_os_str().is_empty() { PathBuf::from(".") } else { below };
        let entries = fs::read_dir(&below).map_err(|error| format!("`{folder}` cannot be read: {}", error.kind()))?;
        let mut names = BTreeSet::new();
        for entry in entries {
            let entry = entry.map_err(|error| format!("`{folder}` cannot be read: {}", error.kind()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if matches(last, &name) && entry.path().is_file() {
                names.insert(name);
            }
        }
        if names.is_empty() {
            return Err(format!("no file is named like `{pattern}`"));
        }
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        names.iter().map(|name| self.disk.load(asker, &format!("{prefix}{name}"))).collect()
    }

    fn snapshot(&self, asker: &str, name: &str) -> Result<Option<String>, String> {
        let path = beside_file(asker, name)?;
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("`{name}` cannot be read: {}", error.kind())),
        }
    }

    fn write_snapshot(&self, asker: &str, name: &str, text: &str) -> Result<(), String> {
        let path = beside_file(asker, name)?;
        let write = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(&path, text)
        };
        write().map_err(|error: std::io::Error| format!("`{name}` cannot be written: {}", error.kind()))
    }
}

/// The path of a snapshot; it lies below the folder of the test file, so that tests from elsewhere write nowhere else.
fn beside_file(asker: &str, name: &str) -> Result<PathBuf, String> {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        return Err(format!("the snapshot `{name}` lies outside the folder of the test file"));
    }
    Ok(Path::new(asker).parent().unwrap_or_else(|| Path::new("")).join(name))
}

/// Whether a name is like a pattern in which `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, wanted) in [
            ("*.json", "a.json", true),
            ("*.json", "a.jsonl", false),
            ("user-*-x*.json", "user-1-x.json", true),
            ("user-*-x*.json", "user-1-y.json", false),
            ("a*a", "a", false),
            ("*", "anything", true),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} {name}");
        }
    }

    #[test]
    fn snapshots_stay_beside_their_tests() {
        for name in ["../x.json", "/x.json", "a/../../x.json"] {
            assert!(beside_file("rules/a.test.yaml", name).is_err(), "{name}");
        }
        assert_eq!(beside_file("rules/a.test.yaml", "s/x.json"), Ok(PathBuf::from("rules/s/x.json")));
    }
}
