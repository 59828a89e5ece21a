//! Embeds the presets of web APIs and the rules of targets and bridges, so that a product is added by its files alone.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    table("src/adapters/http/presets", "presets.rs", &["yaml"], &[])?;
    table("rules/targets", "target_rules.rs", &["yaml", "json"], &["test.yaml"])?;
    table("rules/bridges", "bridge_rules.rs", &["yaml", "json"], &["test.yaml"])
}

/// Writes a table of the names and texts of all files in a folder that end so.
fn table(folder: &str, name: &str, endings: &[&str], but: &[&str]) -> io::Result<()> {
    println!("cargo::rerun-if-changed={folder}");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let ends = |path: &Path, endings: &[&str]| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        endings.iter().any(|ending| name.ends_with(&format!(".{ending}")))
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(folder))? {
        let path = entry?.path();
        if ends(&path, endings) && !ends(&path, but) {
            files.push(path);
        }
    }
    files.sort();
    let mut out = String::from("&[\n");
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // writing to a `String` cannot fail
        let _ = writeln!(out, "    ({:?}, include_str!({:?})),", name, path.display().to_string());
    }
    out.push_str("]\n");
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(name), out)
}
