//! Where the programs of a server are.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are often not in `PATH`: those of daemons.
const DAEMONS: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// A program in `PATH` or in a folder of daemons.
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(DAEMONS.map(PathBuf::from));
    found(name, folders)
}

/// A program of the newest installed PostgreSQL. Debian and Ubuntu keep each version in a folder outside `PATH`.
pub fn postgres_program(name: &str) -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by(|left, right| right.cmp(left));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = versions.into_iter().map(|(_, folder)| folder).chain(std::env::split_paths(&path));
    found(name, folders)
}

/// What `tests/run` has downloaded into the cache, which is outside of the sources.
pub fn cached(name: &str) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let cache = set("LANDFALL_TEST_CACHE").or_else(|| Some(user()?.join("landfall-tests"))).expect("a home");
    let path = cache.join(name);
    assert!(path.exists(), "{} is missing; `tests/run` downloads what the tests need", path.display());
    path
}

fn found(name: &str, folders: impl Iterator<Item = PathBuf>) -> PathBuf {
    let mut files = folders.map(|folder| folder.join(name)).filter(|path| Path::is_file(path));
    files.next().unwrap_or_else(|| panic!("`{name}` is not installed; `tests/run` installs what the tests need"))
}
