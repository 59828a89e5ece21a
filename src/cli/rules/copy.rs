//! `landfall rules copy`: writes ready rules and everything that they need to a folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{CommandError, show};
use crate::ready_rules::{Kind, Ready, ReadyFile};

/// Writes the files, or none of them if one is there and differs.
///
/// # Errors
/// If a file is there and differs and `force` does not replace it, or a file cannot be written.
pub(super) fn run(ready: Ready, folder: &Path, force: bool) -> Result<(), CommandError> {
    let files: Vec<(ReadyFile, PathBuf)> =
        ready.files().into_iter().map(|file| (file, folder.join(file.path))).collect();
    let differing: Vec<&PathBuf> = files
        .iter()
        .filter(|(file, path)| is_there(path) && !has_text(path, file.text))
        .map(|(_, path)| path)
        .collect();
    if let (Some(first), false) = (differing.first(), force) {
        let others = match differing.len() - 1 {
            0 => String::new(),
            1 => " and 1 other file".to_owned(),
            count => format!(" and {count} other files"),
        };
        let message = format!("`{}`{others} would be replaced", first.display());
        let help = "set another folder with `--to`, or replace them with `--force`";
        return Err(CommandError::new(message).help(help));
    }
    for (file, path) in &files {
        let state = if has_text(path, file.text) { "unchanged" } else { "wrote    " };
        write(file, path)?;
        show::output(&format!("{state} {}\n", path.display()))?;
    }
    anstream::eprintln!("{}", next(ready, folder));
    Ok(())
}

/// Whether something stands at a path, even a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn has_text(path: &Path, text: &str) -> bool {
    fs::read(path).is_ok_and(|have| have == text.as_bytes())
}

fn write(file: &ReadyFile, path: &Path) -> Result<(), CommandError> {
    let failed = |path: &Path, error: std::io::Error| {
        CommandError::new(format!("cannot write `{}`: {}", path.display(), error.kind()))
            .help("set another folder with `--to`")
    };
    if has_text(path, file.text) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
    }
    fs::write(path, file.text).map_err(|error| failed(path, error))
}

/// What to do with the copy.
fn next(ready: Ready, folder: &Path) -> String {
    let path = folder.join(ready.path);
    let path = path.display();
    let test = format!("next, run `landfall test {path}`");
    match ready.kind {
        Kind::Legacy => {
            format!("{test}, and `landfall explain --rules {path} --record EXPORT` with a record of your own")
        }
        Kind::Target => format!("{test}; the settings name it: `target: {{ …, rules: {path} }}`"),
        Kind::Bridge => format!("{test}; the settings name it: `bridges: [ {{ kind: …, rules: {path} }} ]`"),
    }
}
