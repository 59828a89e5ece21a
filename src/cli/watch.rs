//! `--watch`: runs a command again whenever a file changes that it read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::{EventKind, RecursiveMode, Watcher as _};

use super::{CommandError, FINE, report, signals};
use crate::adapters::file_stamp::Stamp;
use crate::settings::folder_of;

/// How long the files must stay unchanged: editors write within milliseconds.
const SETTLED: Duration = Duration::from_millis(100);

/// How often a change restarts the wait. Stops a file that changes all the time from delaying the next run forever.
const MAX_WAITS: usize = 20;

/// The most files of a folder that are looked at. Stops a watch of `/` from reading the whole disk.
const MAX_FILES: usize = 10_000;

/// What a run of a command reads.
#[derive(Debug, Default)]
pub struct Involved {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Involved {
    /// A file that decides the result, whether or not it exists.
    pub fn file(&mut self, path: impl Into<PathBuf>) {
        self.files.push(path.into());
    }

    /// A file, or a folder whose files decide the result.
    pub fn path(&mut self, path: &Path) {
        if path.is_dir() { self.folders.push(path.to_owned()) } else { self.file(path) }
    }

    /// The state of all files.
    fn stamps(&self) -> Stamps {
        let mut stamps: Stamps = self.files.iter().map(|file| (file.clone(), Stamp::at(file).ok())).collect();
        self.folders.iter().for_each(|folder| add_folder(folder, &mut stamps));
        stamps
    }

    /// The folders whose entries decide what the files contain: a file that is replaced is a change of its folder.
    fn watched(&self) -> BTreeMap<PathBuf, RecursiveMode> {
        let real = self.files.iter().filter_map(|file| file.canonicalize().ok());
        let of_files = self.files.iter().cloned().chain(real).map(|file| folder_of(&file).to_owned());
        let mut folders: BTreeMap<_, _> = of_files.map(|folder| (folder, RecursiveMode::NonRecursive)).collect();
        folders.extend(self.folders.iter().map(|folder| (folder.clone(), RecursiveMode::Recursive)));
        folders.retain(|folder, _| folder.is_dir());
        folders
    }
}

/// The files and their states; `None` for one that does not exist.
type Stamps = BTreeMap<PathBuf, Option<Stamp>>;

fn add_folder(folder: &Path, stamps: &mut Stamps) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, is_hidden) = (entry.path(), entry.file_name().to_string_lossy().starts_with('.'));
        if is_hidden || stamps.len() >= MAX_FILES {
            continue;
        }
        // no loops: links to folders are not followed
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => add_folder(&path, stamps),
            _ => drop(stamps.insert(path.clone(), Stamp::at(&path).ok())),
        }
    }
}

/// Runs a command, and again after every change of a file that it read, until Ctrl-C ends the process with 0. `once` says what
/// it reads even if it fails.
///
/// # Errors
/// If files cannot be watched. Errors of `once` are shown, and do not end the watch.
pub fn run(mut once: impl FnMut(&mut Involved) -> Result<u8, CommandError>) -> Result<u8, CommandError> {
    signals::on_first(|_| std::process::exit(i32::from(FINE)))?;
    let mut before = Stamps::new();
    loop {
        let mut involved = Involved::default();
        if let Err(error) = once(&mut involved) {
            report(&error);
        }
        let (events, _watcher) = watch(&involved)?;
        // what was known before the run is compared with its state before the run, so that no change meanwhile is missed
        let mut seen = involved.stamps();
        for (path, stamp) in &mut seen {
            if let Some(known) = before.get(path) {
                stamp.clone_from(known);
            }
        }
        let files = if seen.len() == 1 { "file" } else { "files" };
        anstream::eprintln!("watching {} {files}; Ctrl-C ends", seen.len());
        let now = changed(&involved, &seen, &events);
        announce(&seen, &now);
        before = now;
    }
}

/// Watches the folders of what a run read. Dropping the watcher ends it.
fn watch(involved: &Involved) -> Result<(Receiver<()>, notify::RecommendedWatcher), CommandError> {
    let failed = |error: notify::Error| {
        CommandError::new(format!("cannot watch the files: {error}")).help("run the command without `--watch`")
    };
    let (sender, events) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // reading the files is not a change
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            let _ = sender.send(());
        }
    })
    .map_err(failed)?;
    for (folder, mode) in involved.watched() {
        watcher.watch(&folder, mode).map_err(failed)?;
    }
    Ok((events, watcher))
}

/// Waits until the files are no longer as they were seen, and have settled. Returns their new state.
fn changed(involved: &Involved, seen: &Stamps, events: &Receiver<()>) -> Stamps {
    loop {
        let mut now = involved.stamps();
        if now != *seen {
            for _ in 0..MAX_WAITS {
                while events.recv_timeout(SETTLED).is_ok() {}
                let later = involved.stamps();
                if later == now {
                    break;
                }
                now = later;
            }
            return now;
        }
        // a watcher that has lost its folder says nothing more
        if let Err(RecvTimeoutError::Disconnected) = events.recv_timeout(Duration::from_secs(2)) {
            std::thread::sleep(SETTLED);
        }
    }
}

/// Separates a run from the one before.
fn announce(before: &Stamps, now: &Stamps) {
    let mut changed = now.iter().filter(|(path, stamp)| before.get(*path) != Some(*stamp)).map(|(path, _)| path);
    let gone = || before.keys().find(|path| !now.contains_key(*path));
    let name = changed.next().or_else(gone).map_or_else(String::new, |path| path.display().to_string());
    let more = match changed.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let time = jiff::Zoned::now().strftime("%H:%M:%S");
    let line = "─".repeat(if io::stderr().is_terminal() { 72 } else { 8 });
    anstream::eprintln!("\n{line}\n{time}  {name}{more} changed\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_involved_has_a_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("rules/.git")).unwrap();
        for name in ["a.yaml", "other", "rules/b.yaml", "rules/.git/x", "rules/.b.yaml.swp"] {
            fs::write(path(name), "1").unwrap();
        }
        let mut involved = Involved::default();
        involved.path(&path("a.yaml"));
        involved.path(&path("gone.yaml"));
        involved.path(&path("rules"));
        let stamps = involved.stamps();
        assert_eq!(stamps.keys().cloned().collect::<Vec<_>>(), ["a.yaml", "gone.yaml", "rules/b.yaml"].map(path));
        assert!(stamps[&path("gone.yaml")].is_none());
        // saved by rename, as editors do
        fs::write(path("new"), "2").unwrap();
        fs::rename(path("new"), path("a.yaml")).unwrap();
        let later = involved.stamps();
        assert_ne!(later, stamps);
        fs::write(path("other"), "22").unwrap();
        fs::write(path("rules/.b.yaml.swp"), "22").unwrap();
        assert_eq!(involved.stamps(), later);
        fs::write(path("rules/c.yaml"), "").unwrap();
        assert_ne!(involved.stamps(), later);
        let watched = involved.watched();
        assert_eq!(watched[&path("rules")], RecursiveMode::Recursive);
        assert_eq!(watched[folder.path()], RecursiveMode::NonRecursive);
    }
}
