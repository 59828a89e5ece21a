//! Puts changed rule files in force: read and checked aside, then swapped as a whole; broken ones are told and left aside.

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

/// The usual value of [`RuleReload::settled`]: editors and deployments write within milliseconds.
pub const SETTLED: Duration = Duration::from_millis(100);

/// How often it is waited for that. Stops a file that changes all the time from keeping a task busy for ever.
const MAX_WAITS: usize = 100;

/// Reads the rules anew: parse, check, and run their tests. The rules with the files that they are made of; the error is for
/// the operator.
pub type LoadRules = Arc<dyn Fn() -> Result<(RuleSet, Vec<PathBuf>), String> + Send + Sync>;

/// Which rules are read again, and how.
#[derive(Clone)]
pub struct RuleReload {
    /// The files that matter.
    pub files: Vec<PathBuf>,
    /// The rules in force.
    pub rules: Arc<LiveRules>,
    /// Reads them.
    pub load: LoadRules,
    /// How long files must stay as they are before they are read; [`SETTLED`] is right for most. Keeps a file that is being
    /// written from being taken for rules.
    pub settled: Duration,
}

impl std::fmt::Debug for RuleReload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleReload").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Why changes cannot be noticed.
#[derive(Debug, Error)]
#[error("changes of the rule files cannot be noticed: {0}")]
pub struct ReloadError(#[from] notify::Error);

/// Watches rule files until it is dropped.
pub struct Reloader {
    wake: Arc<Notify>,
    /// Somebody asked for the rules to be read, changed or not.
    asked: Arc<AtomicBool>,
    task: JoinHandle<()>,
    _watcher: RecommendedWatcher,
}

impl Reloader {
    /// Begins to watch. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ReloadError`] when a folder cannot be watched.
    pub fn start(reload: RuleReload, metrics: Metrics) -> Result<Self, ReloadError> {
        let wake = Arc::new(Notify::new());
        let woken = Arc::clone(&wake);
        let own = Own::of(&reload.files);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if own.may_concern(&event) {
                woken.notify_one();
            }
        })?;
        for folder in folders(&reload.files) {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        }
        // What changed between the first reading and now was not seen.
        wake.notify_one();
        let asked = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(reload, metrics, Arc::clone(&wake), Arc::clone(&asked)));
        Ok(Self { wake, asked, task, _watcher: watcher })
    }

    /// Reads the rules again, changed or not.
    pub fn reload(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.wake.notify_one();
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Which changes of files may concern the rules. A ledger or a log in the same folder changes many times a second.
struct Own {
    /// Of the rule files, and of the links on the way to them.
    names: BTreeSet<OsString>,
    /// Of files that rules may come to name.
    endings: BTreeSet<OsString>,
}

/// How many links on the way to a file are followed, as Linux does.
const MAX_LINKS: usize = 40;

/// The endings of files that rules are made of.
const ENDINGS: [&str; 4] = ["yaml", "yml", "json", "csv"];

impl Own {
    fn of(files: &[PathBuf]) -> Self {
        let endings = files.iter().filter_map(|file| file.extension()).map(OsStr::to_owned);
        Self {
            names: files.iter().flat_map(|file| names(file)).collect(),
            endings: endings.chain(ENDINGS.map(OsString::from)).collect(),
        }
    }

    /// Whether an event may be a change of rules: one of a file that is theirs or could be, and any that says nothing.
    fn may_concern(&self, event: &notify::Result<notify::Event>) -> bool {
        let Ok(event) = event else { return true };
        // Our own reading is no change.
        let is_change = !matches!(event.kind, EventKind::Access(_));
        is_change && (event.paths.is_empty() || event.paths.iter().any(|path| self.has(path)))
    }

    fn has(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.names.contains(name))
            || path.extension().is_some_and(|ending| self.endings.contains(ending))
    }
}

/// The name of a file, and those of the links that are followed to it, such as `..data` of a Kubernetes volume.
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

/// The folders whose entries decide what the files hold: their own, and those that symbolic links lead to. A file that is
/// replaced or a link that is turned is a change of its folder.
fn folders(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let real = files.iter().filter_map(|file| file.canonicalize().ok());
    files.iter().cloned().chain(real).map(|file| folder(&file)).collect()
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

async fn serve(reload: RuleReload, metrics: Metrics, wake: Arc<Notify>, asked: Arc<AtomicBool>) {
    // What the files held when their rules were last found whole, and which they are: rules may come to name others.
    let (mut whole, mut files, mut before) = (None, reload.files.clone(), Health::Good);
    loop {
        wake.notified().await;
        let (again, counted) = (reload.clone(), metrics.clone());
        let now = settled(&files, reload.settled).await;
        if !asked.swap(false, Ordering::SeqCst) && whole == Some(now) {
            // Another file of the folder has changed.
            continue;
        }
        // Compiling is work of milliseconds, and tests of rules are more.
        let read = tokio::task::spawn_blocking(move || once(&again, &counted)).await.unwrap_or_else(|_| {
            metrics.reloaded("broken");
            Read::Broken("reading them panicked".to_owned())
        });
        before = tell(&read, before);
        // Broken rules are read again at any change beside them: they may name a file that is still to come.
        whole = match read {
            Read::Replaced { files: named, .. } | Read::Unchanged { files: named, .. } if named == files => Some(now),
            Read::Replaced { files: named, .. } | Read::Unchanged { files: named, .. } => {
                files = named;
                Some(fingerprint(&files))
            }
            Read::Broken(_) => None,
        };
    }
}

/// Waits until the files stay as they are, and gives what they hold.
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

/// What the files hold, in one digest; files that cannot be read count as such.
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

/// What came of reading the rules.
enum Read {
    /// Others were put in force.
    Replaced { hash: String, files: Vec<PathBuf> },
    /// They are those in force.
    Unchanged { hash: String, files: Vec<PathBuf> },
    /// They have errors: the first, with its file and line.
    Broken(String),
}

/// How the files were when they were read the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Broken,
}

/// Reads the rules once and puts them in force when they are whole and other than those in force.
fn once(reload: &RuleReload, metrics: &Metrics) -> Read {
    match (reload.load)() {
        Ok((rules, files)) if rules.hash() == reload.rules.current().hash() => {
            metrics.reloaded("unchanged");
            Read::Unchanged { hash: rules.hash().to_owned(), files }
        }
        Ok((rules, files)) => {
            let hash = rules.hash().to_owned();
            reload.rules.replace(rules);
            metrics.reloaded("replaced");
            Read::Replaced { hash, files }
        }
        Err(error) => {
            metrics.reloaded("broken");
            Read::Broken(error)
        }
    }
}

/// Logs what came of a reading, and after broken files that they are good again.
fn tell(read: &Read, before: Health) -> Health {
    match (read, before) {
        (Read::Broken(error), _) => {
            tracing::error!(error, "the rule files are broken; the active rules stay");
            return Health::Broken;
        }
        (Read::Replaced { hash, .. }, Health::Good) => tracing::info!(rules = hash, "other rules are active"),
        (Read::Replaced { hash, .. }, Health::Broken) => {
            tracing::info!(rules = hash, "the rule files are good again; other rules are active");
        }
        (Read::Unchanged { hash, .. }, Health::Broken) => {
            tracing::info!(rules = hash, "the rule files are good again, and are the active rules");
        }
        (Read::Unchanged { .. }, Health::Good) => {}
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
            readings.iter().fold(Health::Good, |before, read| tell(read, before));
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let told: Vec<&str> = text.lines().map(|line| line.split_once("reload: ").unwrap().1).collect();
        let broken = "the rule files are broken; the active rules stay error=\"the rules `r.yaml` have errors: \
                      r.yaml:3:1: error[R106]: x\"";
        let wanted = [
            broken,
            broken,
            "the rule files are good again, and are the active rules rules=\"a\"",
            broken,
            "the rule files are good again; other rules are active rules=\"b\"",
            "other rules are active rules=\"b\"",
        ];
        assert_eq!(told, wanted, "{text}");
    }
}
