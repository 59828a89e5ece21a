//! An export as a source: indexed once by login, and read by position.
//!
//! The index needs 16 bytes per record and 16 per login in memory, regardless of record sizes. The file must not
//! change: if it is moved, replaced or modified, every answer is an error, because an outdated record is as wrong as a
//! missing one.

mod build;
mod index;
mod line_starts;
mod logins;
mod positioned;
mod settings;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use tokio::time::timeout_at;

pub use crate::formats::Format;
use build::{Context, build, limits};
pub use build::{FileError, FileReport, UnreadRecord};
use index::Index;
pub use settings::FileSettings;
use store::Store;

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
    store: Store,
    index: Index,
    stamp: Stamp,
    report: FileReport,
}

impl FileSource {
    /// Indexes a file. It is read once from beginning to end, which takes seconds per million records, so async callers
    /// should use a thread for blocking work.
    ///
    /// # Errors
    /// [`FileError`]. Single unreadable records are not an error; the [report](Self::report) lists them.
    pub fn open(settings: FileSettings, profile: IdentifierProfile) -> Result<Self, FileError> {
        let unread = |error| FileError::Read { path: settings.path.clone(), error };
        let paths = LoginPaths::new(&settings.logins)?;
        let file = File::open(&settings.path).map_err(unread)?;
        let metadata = file.metadata().map_err(unread)?;
        if !metadata.is_file() {
            return Err(unread(io::ErrorKind::IsADirectory.into()));
        }
        let stamp = Stamp::of(&metadata);
        let built = build(file, &Context { paths: &paths, profile: &profile, settings: &settings })?;
        if Stamp::at(&settings.path).map_err(unread)? != stamp {
            return Err(FileError::Changed(settings.path));
        }
        let (store, index, report) = (built.store, built.index, built.report);
        Ok(Self { shared: Arc::new(Shared { settings, profile, paths, store, index, stamp, report }) })
    }

    /// The result of reading the file.
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
        if self.shared.report.unknown > 0 { Coverage::Partial } else { Coverage::Whole }
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
    fn fetch(&self, login: &str) -> Result<Option<Record>, PortError> {
        let found = self.find(login);
        // Checked after the lookup: data read before a change would be outdated, too.
        self.check_unchanged().and(found)
    }

    fn find(&self, login: &str) -> Result<Option<Record>, PortError> {
        let mut found = None;
        for number in self.index.candidates(login) {
            let json = self.record(number)?;
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

    fn record(&self, number: u32) -> Result<String, PortError> {
        let span = usize::try_from(number).ok().and_then(|number| self.store.spans.get(number).copied());
        let read = span.ok_or_else(|| io::ErrorKind::InvalidData.into()).and_then(|span| self.store.read(span));
        read.map_err(|error| {
            let kind = match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => PortErrorKind::BadResponse,
                _ => PortErrorKind::Unavailable,
            };
            self.failed(kind, "the record cannot be read").caused_by(error)
        })
    }

    fn check_unchanged(&self) -> Result<(), PortError> {
        match Stamp::at(&self.settings.path) {
            Ok(stamp) if stamp == self.stamp => Ok(()),
            Ok(_) => Err(self
                .failed(PortErrorKind::BadResponse, "the file has changed since it was indexed; restart the service")),
            Err(error) => Err(self.failed(PortErrorKind::Unavailable, "the file does not exist").caused_by(error)),
        }
    }

    fn failed(&self, kind: PortErrorKind, detail: &str) -> PortError {
        PortError::new(kind, &self.settings.name, "fetch").because(detail)
    }
}
