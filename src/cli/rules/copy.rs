//! `landfall rules copy`: writes ready rules and everything that they need to a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::output::{Existing, OutError, Sink};
use super::super::{CommandError, show};
use crate::ready_rules::{Kind, Ready, ReadyFile};
use crate::settings::folder_of;

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
    let (unchanged, wanted): (Vec<_>, Vec<_>) = files.iter().partition(|(file, path)| has_text(path, file.text));
    write(&wanted)?;
    for (state, files) in [("wrote    ", wanted), ("unchanged", unchanged)] {
        for (_, path) in files {
            show::output(&format!("{state} {}\n", path.display()))?;
        }
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

/// Writes all files or none of them: they get their names when all are on disk.
fn write(files: &[&(ReadyFile, PathBuf)]) -> Result<(), CommandError> {
    let mut folders = Folders::default();
    let written = complete(files, &mut folders);
    if written.is_err() {
        folders.remove();
    }
    written
}

fn complete(files: &[&(ReadyFile, PathBuf)], folders: &mut Folders) -> Result<(), CommandError> {
    let failed = |OutError { name, error }: OutError| cannot_write(&name, &error);
    let mut sinks = Vec::new();
    for (file, path) in files {
        let folder = folder_of(path);
        folders.make(folder).map_err(|error| cannot_write(&format!("`{}`", folder.display()), &error))?;
        // what may not be replaced was found before
        let mut sink = Sink::create_readable(path, Existing::IsReplaced)?;
        sink.write(file.text.as_bytes()).map_err(failed)?;
        sinks.push(sink);
    }
    Sink::finish(sinks).map_err(failed)
}

fn cannot_write(name: &str, error: &io::Error) -> CommandError {
    let help = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "nothing was written; make room, or set another folder with `--to`"
        }
        _ => "set another folder with `--to`",
    };
    CommandError::new(format!("cannot write {name}: {}", error.kind())).help(help)
}

/// The folders that were made for files.
#[derive(Default)]
struct Folders(Vec<PathBuf>);

impl Folders {
    fn make(&mut self, folder: &Path) -> io::Result<()> {
        let mut missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty()).collect();
        missing.retain(|folder| !folder.exists());
        fs::create_dir_all(folder)?;
        self.0.extend(missing.into_iter().rev().map(Path::to_owned));
        Ok(())
    }

    /// Removes those that are empty again.
    fn remove(self) {
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
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
