//! An export as a source: indexed once by login, and read by position.
//!
//! The index is kept in a file beside the export, or in memory with 24 bytes per login. A changed export is indexed again in
//! the background. Until then the old index answers if another file took the export's name, because the old content is
//! still readable; if the export itself was modified, every answer is an error.

mod build;
pub(crate) mod index;
mod kept;
mod logins;
mod opened;
pub(crate) mod positioned;
mod settings;
pub(crate) mod sorter;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

pub use crate::formats::Format;
use build::{Context, limits};
pub use build::{FileError, FileReport, UnreadRecord};
use index::Index;
use opened::Opened;
pub use settings::FileSettings;

use super::file_stamp::Stamp;
use super::{ambiguous, too_large};
use crate::ports::{
    BoxFuture, Call, Coverage, Identifier, IdentifierProfile, PortError, PortErrorKind, Record, Source,
};
pub use logins::LoginPathError;
use logins::LoginPaths;

/// Records in an export: NDJSON, JSON, CSV, LDIF or YAML.
pub struct FileSource {
    shared: Arc<Shared>,
}

struct Shared {
    settings: FileSettings,
    profile: IdentifierProfile,
    paths: LoginPaths,
    current: RwLock<Arc<Opened>>,
    refresh: Mutex<Refresh>,
    /// The report of the first opening.
    report: FileReport,
}

/// The work on an export that changed.
enum Refresh {
    Idle,
    Running,
    /// It failed for this state of the export, and is tried again after a while.
    Failed(Stamp, Instant),
}

/// How long an export must be unchanged before it is indexed again.
const SETTLED: Duration = Duration::from_secs(1);

/// How long a failed attempt is not repeated for the same file.
const PAUSE: Duration = Duration::from_secs(30);

impl FileSource {
    /// Indexes a file. It is read once from beginning to end, which takes seconds per million records, so async callers
    /// should use a thread for blocking work.
    ///
    /// # Errors
    /// [`FileError`]. Single unreadable records are not an error; the [report](Self::report) lists them.
    pub fn open(settings: FileSettings, profile: IdentifierProfile) -> Result<Self, FileError> {
        let paths = LoginPaths::new(&settings.logins)?;
        let opened = Opened::open(&Context { paths: &paths, profile: &profile, settings: &settings })?;
        let report = opened.report.clone();
        let (current, refresh) = (RwLock::new(Arc::new(opened)), Mutex::new(Refresh::Idle));
        Ok(Self { shared: Arc::new(Shared { settings, profile, paths, current, refresh, report }) })
    }

    /// The result of reading the file when the source was opened.
    #[must_use]
    pub fn report(&self) -> &FileReport {
        &self.shared.report
    }
}

/// Never shows records.
impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSource").field("name", &self.shared.settings.name).finish_non_exhaustive()
    }
}

impl Source for FileSource {
    fn name(&self) -> &str {
        &self.shared.settings.name
    }

    fn coverage(&self) -> Coverage {
        if self.shared.current().report.unknown > 0 { Coverage::Partial } else { Coverage::Whole }
    }

    fn fetch<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        let (shared, login) = (Arc::clone(&self.shared), identifier.canonical().to_owned());
        Box::pin(async move {
            let find = tokio::task::spawn_blocking(move || shared.fetch(&login));
            match timeout_at(call.deadline, find).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(self.shared.failed(PortErrorKind::Unavailable, "the lookup was interrupted")),
                Err(_) => Err(self.shared.failed(PortErrorKind::Unavailable, "the lookup took too long")),
            }
        })
    }
}

impl Shared {
    fn current(&self) -> Arc<Opened> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn fetch(self: &Arc<Self>, login: &str) -> Result<Option<Record>, PortError> {
        let opened = self.current();
        let found = self.find(&opened, login);
        // Checked after the lookup: data read before a change would be outdated, too.
        self.check_current(&opened).and(found)
    }

    fn find(self: &Arc<Self>, opened: &Opened, login: &str) -> Result<Option<Record>, PortError> {
        let mut found = None;
        let candidates = opened.index.candidates(login).map_err(|error| {
            self.discard(opened);
            self.unread("the index", error)
        })?;
        for entry in candidates {
            let json =
                opened.store.read(entry.offset, entry.bytes).map_err(|error| self.unread("the record", error))?;
            let logins = self.paths.of(&json, &limits(&self.settings), &self.profile);
            let logins = logins
                .map_err(|_| self.failed(PortErrorKind::BadResponse, "the record cannot be read").about_one_record())?;
            if !logins.has(login) {
                continue;
            }
            if found.is_some() {
                return Err(ambiguous(&self.settings.name));
            }
            if json.len() > self.settings.record_limit {
                return Err(too_large(&self.settings.name, self.settings.record_limit));
            }
            found = Some(Record::new(json));
        }
        Ok(found)
    }

    /// Has a damaged index made again.
    fn discard(self: &Arc<Self>, opened: &Opened) {
        if let Index::Kept(kept) = &opened.index
            && self.refresh(opened.stamp)
        {
            kept.discard();
        }
    }

    fn unread(&self, what: &str, error: io::Error) -> PortError {
        let kind = match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => PortErrorKind::BadResponse,
            _ => PortErrorKind::Unavailable,
        };
        self.failed(kind, &format!("{what} cannot be read")).caused_by(error)
    }

    /// Checks that a state may still answer, and has a changed export indexed again.
    fn check_current(self: &Arc<Self>, opened: &Opened) -> Result<(), PortError> {
        let gone = |error| self.failed(PortErrorKind::Unavailable, "the file does not exist").caused_by(error);
        let stamp = Stamp::at(&self.settings.path).map_err(gone)?;
        if stamp == opened.stamp {
            return Ok(());
        }
        if !self.refresh(stamp) {
            return Err(self.failed(PortErrorKind::BadResponse, "the changed file cannot be indexed; see the log"));
        }
        if opened.is_intact() && !stamp.is_same_file(opened.stamp) {
            return Ok(());
        }
        Err(self.failed(PortErrorKind::BadResponse, "the file was modified and is being indexed again"))
    }

    /// Has the export indexed in the background; false if that failed for this state of it.
    fn refresh(self: &Arc<Self>, stamp: Stamp) -> bool {
        let mut refresh = self.refresh.lock().unwrap_or_else(PoisonError::into_inner);
        match *refresh {
            Refresh::Running => return true,
            Refresh::Failed(failed, at) if failed == stamp && at.elapsed() < PAUSE => return false,
            _ => {}
        }
        let shared = Arc::clone(self);
        let started = thread::Builder::new().name("index".to_owned()).spawn(move || shared.reopen());
        *refresh = started.map_or_else(|_| Refresh::Failed(stamp, Instant::now()), |_| Refresh::Running);
        matches!(*refresh, Refresh::Running)
    }

    fn reopen(&self) {
        let path = &self.settings.path;
        let mut stamp = Stamp::at(path);
        loop {
            thread::sleep(SETTLED);
            let later = Stamp::at(path);
            if stamp.as_ref().ok() == later.as_ref().ok() {
                break;
            }
            stamp = later;
        }
        let context = Context { paths: &self.paths, profile: &self.profile, settings: &self.settings };
        let had_records = self.current().report.records > 0;
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match Opened::open(&context) {
            Ok(opened) if had_records && opened.report.records == 0 => Err(FileError::NoRecords(path.clone())),
            opened => opened,
        }));
        let next = match (opened, stamp) {
            (Ok(Ok(opened)), _) => {
                let FileReport { records, logins, ambiguous, unread, .. } = opened.report;
                tracing::info!(records, logins, ambiguous, unread, "indexed the changed export");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(opened);
                Refresh::Idle
            }
            (Ok(Err(error)), Ok(stamp)) => {
                tracing::error!(%error, "cannot index the changed export");
                Refresh::Failed(stamp, Instant::now())
            }
            (Err(_), Ok(stamp)) => Refresh::Failed(stamp, Instant::now()),
            (_, Err(_)) => Refresh::Idle,
        };
        *self.refresh.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn failed(&self, kind: PortErrorKind, detail: &str) -> PortError {
        PortError::new(kind, &self.settings.name, "fetch").because(detail)
    }
}
