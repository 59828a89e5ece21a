//! Loads the files that rules and tests refer to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::engine::compile::{Loaded, Loader};
use crate::settings::folder_of;
use crate::testing::Shelf;

/// The largest file that rules may refer to, in bytes: a table of all postal codes of a country fits.
const MAX_NAMED_BYTES: u64 = 16 * 1024 * 1024;

/// Loads files by paths relative to the file that refers to them. Paths cannot leave the parent of the folder of the
/// first rule file, so that rules from others cannot read the whole disk. If that folder is a link, which whoever names the
/// rules has chosen, the parent of the folder that it leads to counts, too.
#[derive(Debug)]
pub struct Disk {
    /// Without links; empty if the folder does not exist.
    roots: Vec<PathBuf>,
}

impl Disk {
    /// A loader for the rule file at a path.
    #[must_use]
    pub fn beside(rules: &Path) -> Self {
        let folder = rules.parent().unwrap_or_else(|| Path::new(""));
        let above = if folder.as_os_str().is_empty() { PathBuf::from("..") } else { normal(&folder.join("..")) };
        let above = fs::canonicalize(if above.as_os_str().is_empty() { Path::new(".") } else { &above }).ok();
        let real = fs::canonicalize(folder_of(rules))
            .ok()
            .map(|real| real.parent().map_or_else(|| real.clone(), Path::to_owned));
        Self { roots: above.into_iter().chain(real).collect() }
    }
}

impl Loader for Disk {
    fn load(&self, asker: &str, name: &str) -> Result<Loaded, String> {
        let folder = Path::new(asker).parent().unwrap_or_else(|| Path::new(""));
        let path = normal(&folder.join(name));
        if Path::new(name).is_absolute() || !self.has(&path) {
            return Err(format!("`{name}` is outside the folder of the rules"));
        }
        let size = fs::metadata(&path).map_err(|error| format!("cannot read `{name}`: {}", error.kind()))?.len();
        if size > MAX_NAMED_BYTES {
            return Err(format!("`{name}` is larger than {MAX_NAMED_BYTES} bytes"));
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read `{name}`: {}", error.kind()))?;
        Ok(Loaded { name: path.display().to_string(), text })
    }
}

impl Disk {
    /// Whether a path stays inside, wherever links in it lead.
    fn has(&self, path: &Path) -> bool {
        // a missing file cannot be read, which is reported then
        fs::canonicalize(path).map_or(true, |path| self.roots.iter().any(|root| path.starts_with(root)))
    }
}

/// The path without `.` and, where possible, without `..`.
pub(super) fn normal(path: &Path) -> PathBuf {
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

/// The files that a test file refers to.
#[derive(Debug)]
pub struct Beside {
    disk: Disk,
}

impl Beside {
    /// The files for the test file at a path.
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
            return Err(format!("`{pattern}` has a `*` in a folder name"));
        }
        let below = Path::new(asker).parent().unwrap_or_else(|| Path::new("")).join(folder);
        let below = if below.as_os_str().is_empty() { PathBuf::from(".") } else { below };
        let entries = fs::read_dir(&below).map_err(|error| format!("cannot read `{folder}`: {}", error.kind()))?;
        let mut names = BTreeSet::new();
        for entry in entries {
            let entry = entry.map_err(|error| format!("cannot read `{folder}`: {}", error.kind()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if matches(last, &name) && entry.path().is_file() {
                names.insert(name);
            }
        }
        if names.is_empty() {
            return Err(format!("no file matches `{pattern}`"));
        }
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        names.iter().map(|name| self.disk.load(asker, &format!("{prefix}{name}"))).collect()
    }

    fn snapshot(&self, asker: &str, name: &str) -> Result<Option<String>, String> {
        let path = beside_file(asker, name)?;
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read `{name}`: {}", error.kind())),
        }
    }

    fn write_snapshot(&self, asker: &str, name: &str, text: &str) -> Result<(), String> {
        let path = beside_file(asker, name)?;
        let write = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(&path, text)
        };
        write().map_err(|error: std::io::Error| format!("cannot write `{name}`: {}", error.kind()))
    }
}

/// The path of a snapshot, inside the folder of the test file, so that tests from others cannot write elsewhere.
fn beside_file(asker: &str, name: &str) -> Result<PathBuf, String> {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        return Err(format!("the snapshot `{name}` is outside the folder of the test file"));
    }
    Ok(Path::new(asker).parent().unwrap_or_else(|| Path::new("")).join(name))
}

/// Whether a name matches a pattern in which `*` stands for any text.
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
    fn names_match_patterns() {
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

    #[cfg(unix)]
    #[test]
    fn a_folder_may_be_a_link_and_links_inside_must_not_lead_out() {
        let around = tempfile::tempdir().unwrap();
        let path = |name: &str| around.path().join(name);
        for folder in ["real/rules/common", "real/tables", "work", "secret"] {
            fs::create_dir_all(path(folder)).unwrap();
        }
        for file in ["real/rules/common/a.yaml", "real/tables/t.csv", "work/beside.csv", "secret/key"] {
            fs::write(path(file), file).unwrap();
        }
        std::os::unix::fs::symlink(path("real/rules"), path("work/rules")).unwrap();
        std::os::unix::fs::symlink(path("secret/key"), path("real/rules/key")).unwrap();
        std::os::unix::fs::symlink(path("real/tables/t.csv"), path("real/rules/t.csv")).unwrap();
        let asker = path("work/rules/shop.yaml");
        let load = |name: &str| Disk::beside(&asker).load(&asker.display().to_string(), name).map(|loaded| loaded.text);
        assert_eq!(load("common/a.yaml"), Ok("real/rules/common/a.yaml".to_owned()));
        assert_eq!(load("t.csv"), Ok("real/tables/t.csv".to_owned()));
        assert_eq!(load("../beside.csv"), Ok("work/beside.csv".to_owned()), "beside the link");
        for name in ["key", "../../secret/key", "common/../../../secret/key"] {
            assert_eq!(load(name), Err(format!("`{name}` is outside the folder of the rules")));
        }
    }

    #[test]
    fn snapshots_stay_in_the_folder_of_their_tests() {
        for name in ["../x.json", "/x.json", "a/../../x.json"] {
            assert!(beside_file("rules/a.test.yaml", name).is_err(), "{name}");
        }
        assert_eq!(beside_file("rules/a.test.yaml", "s/x.json"), Ok(PathBuf::from("rules/s/x.json")));
    }
}
