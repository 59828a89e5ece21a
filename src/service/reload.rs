//! Reloads changed rule files: the new rules are read and checked first, then replace the active rules as a whole.
//! Broken rules are logged and ignored.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::metrics::Metrics;
use crate::migrate::{LiveRules, RuleSet};
use crate::settings::folder_of;

/// The usual value of [`RuleReload::settled`]: editors and deployments write files within milliseconds.
pub const SETTLED: Duration = Duration::from_millis(100);

/// How often a change restarts the wait. Stops a file that changes all the time from blocking reloads forever.
const MAX_WAITS: usize = 100;

/// Reads, checks and tests the rules. Returns the rules and the files they were read from; the error is for the
/// operator.
pub type LoadRules = Arc<dyn Fn() -> Result<(RuleSet, Vec<PathBuf>), String> + Send + Sync>;

/// What rules are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleUse {
    /// Logins run them.
    Active,
    /// They are candidates that run beside the active rules of the source with this name.
    Candidate(String),
}

/// Which rules to reload, and how.
#[derive(Clone)]
pub struct RuleReload {
    /// What the rules are for.
    pub usage: RuleUse,
    /// The files to watch.
    pub files: Vec<PathBuf>,
    /// The active rules.
    pub rules: Arc<LiveRules>,
    /// Reads the rules.
    pub load: LoadRules,
    /// How long the files must stay unchanged before they are read; [`SETTLED`] suits most deployments. Prevents a file
    /// that is still being written from being read as rules.
    pub settled: Duration,
}

impl std::fmt::Debug for RuleReload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleReload").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Why rule files cannot be watched.
#[derive(Debug, Error)]
#[error("cannot watch the rule files: {0}")]
pub struct ReloadError(#[from] notify::Error);

/// Watches rule files until it is dropped.
pub struct Reloader {
    wake: Arc<Notify>,
    /// A reload was requested, whether or not files have changed.
    requested: Arc<AtomicBool>,
    task: JoinHandle<()>,
    _watcher: RecommendedWatcher,
}

impl Reloader {
    /// Starts watching. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ReloadError`] if a folder cannot be watched.
    pub fn start(reload: RuleReload, metrics: Metrics) -> Result<Self, ReloadError> {
        let wake = Arc::new(Notify::new());
        let woken = Arc::clone(&wake);
        let watched = Watched::of(&reload.files);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if watched.may_concern(&event) {
                woken.notify_one();
            }
        })?;
        for folder in folders(&reload.files) {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        }
        // A change between the first read and the start of the watch would be missed.
        wake.notify_one();
        let requested = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(reload, metrics, Arc::clone(&wake), Arc::clone(&requested)));
        Ok(Self { wake, requested, task, _watcher: watcher })
    }

    /// Reads the rules again, whether or not files have changed.
    pub fn reload(&self) {
        self.requested.store(true, Ordering::SeqCst);
        self.wake.notify_one();
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The file names that may belong to the rules. A ledger or a log in the same folder changes many times a second.
struct Watched {
    /// Names of the rule files, and of the links on the way to them.
    names: BTreeSet<OsString>,
    /// Extensions of files that rules may refer to.
    extensions: BTreeSet<OsString>,
}

/// How many links on the way to a file are followed, as on Linux.
const MAX_LINKS: usize = 40;

/// File extensions that rules can consist of.
const EXTENSIONS: [&str; 4] = ["yaml", "yml", "json", "csv"];

impl Watched {
    fn of(files: &[PathBuf]) -> Self {
        let extensions = files.iter().filter_map(|file| file.extension()).map(OsStr::to_owned);
        Self {
            names: files.iter().flat_map(|file| names(file)).collect(),
            extensions: extensions.chain(EXTENSIONS.map(OsString::from)).collect(),
        }
    }

    /// Whether an event may be a change of the rules: it concerns a file that may belong to them, or says nothing about
    /// files.
    fn may_concern(&self, event: &notify::Result<notify::Event>) -> bool {
        let Ok(event) = event else { return true };
        // Reading the files ourselves is not a change.
        let is_change = !matches!(event.kind, EventKind::Access(_));
        is_change && (event.paths.is_empty() || event.paths.iter().any(|path| self.has(path)))
    }

    fn has(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.names.contains(name))
            || path.extension().is_some_and(|extension| self.extensions.contains(extension))
    }
}

/// The names of a file and of the links on the way to it, such as `..data` of a Kubernetes volume.
fn names(file: &Path) -> Vec<OsString> {
    let (mut names, mut at) = (Vec::new(), file.to_owned());
    names.extend(at.file_name().map(OsStr::to_owned));
    for _ in 0..MAX_LINKS {
        let link = at.ancestors().find(|path| path.is_symlink()).map(Path::to_owned);
        let Some(link) = link else { break };
        let Ok(target) = std::fs::read_link(&link) else { break };
        let rest = at.strip_prefix(&link).map(Path::to_owned).unwrap_or_default();
        at = link.parent().unwrap_or_else(|| Path::new("")).join(target).join(rest);
        names.extend([&link, &at].into_iter().filter_map(|path| path.file_name()).map(OsStr::to_owned));
    }
    names
}

/// The folders whose entries decide what the files contain: their own, and those that symbolic links point to.
/// Replacing a file or redirecting a link is a change of its folder.
fn folders(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let real = files.iter().filter_map(|file| file.canonicalize().ok());
    files.iter().cloned().chain(real).map(|file| folder_of(&file).to_owned()).collect()
}

async fn serve(reload: RuleReload, metrics: Metrics, wake: Arc<Notify>, requested: Arc<AtomicBool>) {
    // The fingerprint of the files when they last gave valid rules, and the files: new rules may refer to other files.
    let (mut valid, mut files, mut before) = (None, reload.files.clone(), Health::Good);
    loop {
        wake.notified().await;
        let (again, counted) = (reload.clone(), metrics.clone());
        let now = settled(&files, reload.settled).await;
        if !requested.swap(false, Ordering::SeqCst) && valid == Some(now) {
            // Another file in the folder has changed.
            continue;
        }
        // Compiling takes milliseconds, and rule tests take longer.
        let read = tokio::task::spawn_blocking(move || once(&again, &counted)).await.unwrap_or_else(|_| {
            metrics.reloaded(&reload.usage, "broken");
            Read::Broken("reading them panicked".to_owned())
        });
        before = log_read(&reload.usage, &read, before);
        // Broken rules are read again at any change in the folder: they may refer to a file that is yet to come.
        valid = match read {
            Read::Replaced { files: named, .. } | Read::Unchanged { files: named, .. } if named == files => Some(now),
            Read::Replaced { files: named, .. } | Read::Unchanged { files: named, .. } => {
                files = named;
                Some(fingerprint(&files))
            }
            Read::Broken(_) => None,
        };
    }
}

/// Waits until the files stay unchanged, and returns their fingerprint.
async fn settled(files: &[PathBuf], time: Duration) -> [u8; 32] {
    let mut before = fingerprint(files);
    for _ in 0..MAX_WAITS {
        tokio::time::sleep(time).await;
        let now = fingerprint(files);
        if now == before {
            break;
        }
        before = now;
    }
    before
}

/// A digest of the files' contents; files that cannot be read are included as unreadable.
fn fingerprint(files: &[PathBuf]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for file in files {
        match std::fs::read(file) {
            Ok(bytes) => {
                digest.update((bytes.len() as u64).to_be_bytes());
                digest.update(bytes);
            }
            Err(_) => digest.update(u64::MAX.to_be_bytes()),
        }
    }
    digest.finalize().into()
}

/// The result of reading the rules.
enum Read {
    /// Other rules were activated.
    Replaced { hash: String, files: Vec<PathBuf> },
    /// They are the active rules.
    Unchanged { hash: String, files: Vec<PathBuf> },
    /// They have errors: the first, with its file and line.
    Broken(String),
}

/// The state of the files when they were last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Broken,
}

/// Reads the rules once, and activates them if they are valid and have changed.
fn once(reload: &RuleReload, metrics: &Metrics) -> Read {
    match (reload.load)() {
        Ok((rules, files)) if rules.hash() == reload.rules.current().hash() => {
            metrics.reloaded(&reload.usage, "unchanged");
            Read::Unchanged { hash: rules.hash().to_owned(), files }
        }
        Ok((rules, files)) => {
            let hash = rules.hash().to_owned();
            reload.rules.replace(rules);
            metrics.reloaded(&reload.usage, "replaced");
            Read::Replaced { hash, files }
        }
        Err(error) => {
            metrics.reloaded(&reload.usage, "broken");
            Read::Broken(error)
        }
    }
}

/// Logs what came of a reading, and after broken files that they are good again.
fn log_read(usage: &RuleUse, read: &Read, before: Health) -> Health {
    if let RuleUse::Candidate(source) = usage {
        return log_candidate(source, read, before);
    }
    match (read, before) {
        (Read::Broken(error), _) => {
            tracing::error!(error, "the rule files are broken; the previous rules stay active");
            return Health::Broken;
        }
        (Read::Replaced { hash, .. }, Health::Good) => tracing::info!(rules = hash, "the rules were replaced"),
        (Read::Replaced { hash, .. }, Health::Broken) => {
            tracing::info!(rules = hash, "the rule files are valid again; the rules were replaced");
        }
        (Read::Unchanged { hash, .. }, Health::Broken) => {
            tracing::info!(rules = hash, "the rule files are valid again and unchanged");
        }
        (Read::Unchanged { .. }, Health::Good) => {}
    }
    Health::Good
}

/// The same for candidate rules, which no login runs.
fn log_candidate(source: &str, read: &Read, before: Health) -> Health {
    match read {
        Read::Broken(error) => {
            tracing::error!(
                source,
                error,
                "the files of the candidate rules are broken; the previous candidates run on"
            );
            return Health::Broken;
        }
        Read::Replaced { hash, .. } => tracing::info!(source, rules = hash, "the candidate rules were replaced"),
        Read::Unchanged { hash, .. } if before == Health::Broken => {
            tracing::info!(source, rules = hash, "the files of the candidate rules are valid again and unchanged");
        }
        Read::Unchanged { .. } => {}
    }
    Health::Good
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn broken_files_are_told_with_the_first_error_and_so_are_good_ones_after_them() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().without_time().with_ansi(false).with_writer(move || writer.clone()).finish();
        let unchanged = || Read::Unchanged { hash: "a".to_owned(), files: Vec::new() };
        let replaced = || Read::Replaced { hash: "b".to_owned(), files: Vec::new() };
        let broken = || Read::Broken("the rules `r.yaml` have errors: r.yaml:3:1: error[R106]: x".to_owned());
        tracing::subscriber::with_default(subscriber, || {
            let readings =
                [unchanged(), broken(), broken(), unchanged(), unchanged(), broken(), replaced(), replaced()];
            readings.iter().fold(Health::Good, |before, read| log_read(&RuleUse::Active, read, before));
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let told: Vec<&str> = text.lines().map(|line| line.split_once("reload: ").unwrap().1).collect();
        let broken = "the rule files are broken; the previous rules stay active error=\"the rules `r.yaml` have errors: \
                      r.yaml:3:1: error[R106]: x\"";
        let wanted = [
            broken,
            broken,
            "the rule files are valid again and unchanged rules=\"a\"",
            broken,
            "the rule files are valid again; the rules were replaced rules=\"b\"",
            "the rules were replaced rules=\"b\"",
        ];
        assert_eq!(told, wanted, "{text}");
    }
}
