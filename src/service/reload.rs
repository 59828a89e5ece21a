//! Puts changed rule files in force: read and checked aside, then swapped as a whole; broken ones are told and left aside.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
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

/// Reads the rules anew: parse, check, and run their tests. The error is for the operator.
pub type LoadRules = Arc<dyn Fn() -> Result<RuleSet, String> + Send + Sync>;

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
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Our own reading is no change.
            if !matches!(event, Ok(notify::Event { kind: EventKind::Access(_), .. })) {
                woken.notify_one();
            }
        })?;
        for folder in folders(&reload.files) {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        }
        let task = tokio::spawn(serve(reload, metrics, Arc::clone(&wake)));
        Ok(Self { wake, task, _watcher: watcher })
    }

    /// Reads the rules again, changed or not.
    pub fn reload(&self) {
        self.wake.notify_one();
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        self.task.abort();
    }
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

async fn serve(reload: RuleReload, metrics: Metrics, wake: Arc<Notify>) {
    loop {
        wake.notified().await;
        let (again, counted) = (reload.clone(), metrics.clone());
        settled(&reload).await;
        // Compiling is work of milliseconds, and tests of rules are more.
        if tokio::task::spawn_blocking(move || once(&again, &counted)).await.is_err() {
            metrics.reloaded("broken");
            tracing::error!("reading the rules panicked; the rules in force stay");
        }
    }
}

/// Waits until the files stay as they are.
async fn settled(reload: &RuleReload) {
    let mut before = fingerprint(&reload.files);
    for _ in 0..MAX_WAITS {
        tokio::time::sleep(reload.settled).await;
        let now = fingerprint(&reload.files);
        if now == before {
            return;
        }
        before = now;
    }
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

/// Reads the rules once and puts them in force when they are whole and other than those in force.
fn once(reload: &RuleReload, metrics: &Metrics) {
    match (reload.load)() {
        Ok(rules) if rules.hash() == reload.rules.current().hash() => metrics.reloaded("unchanged"),
        Ok(rules) => {
            tracing::info!(rules = rules.hash(), "other rules are in force");
            reload.rules.replace(rules);
            metrics.reloaded("replaced");
        }
        Err(error) => {
            metrics.reloaded("broken");
            tracing::error!(error, "the rule files are broken; the rules in force stay");
        }
    }
}
