//! Embeds the presets of web APIs and all ready rules, so that a product is added by its files alone.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    table("src/adapters/http/presets", "presets.rs", &["yaml"])?;
    // of legacy systems, targets and bridges, with what they share, their tests, and the records of those
    table("rules", "rules.rs", &["yaml", "json", "ndjson"])
}

/// Writes a table of all files below a folder that end so: their paths inside of it, and their texts.
fn table(folder: &str, name: &str, endings: &[&str]) -> io::Result<()> {
    println!("cargo::rerun-if-changed={folder}");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(folder);
    let mut paths = Vec::new();
    files(&root, endings, &mut paths)?;
    let mut rows: Vec<(String, String)> = paths
        .iter()
        .map(|path| {
            let parts = path.strip_prefix(&root).unwrap_or(path).components();
            let inside: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
            (inside.join("/"), path.display().to_string())
        })
        .collect();
    rows.sort();
    let mut out = String::from("&[\n");
    for (inside, path) in rows {
        // writing to a `String` cannot fail
        let _ = writeln!(out, "    ({inside:?}, include_str!({path:?})),");
    }
    out.push_str("]\n");
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(name), out)
}

/// All files below a folder with one of these endings.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, endings, found)?;
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            found.push(path);
        }
    }
    Ok(())
}
