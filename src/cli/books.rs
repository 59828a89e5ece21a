//! What operators' commands stand on: the settings, the ledger and the account store, opened for one command.

use std::path::Path;
use std::sync::Arc;

use super::{CommandError, show};
use crate::config::{self, Loaded, Opening, Settings, Stores};
use crate::ledger::SqliteLedger;
use crate::migrate::{Desk, IdentifierProfile, Keyring, PortError, SystemClock, Target, TargetId};

/// The books and the accounts.
pub(super) struct Books {
    pub ledger: Arc<SqliteLedger>,
    pub target: Arc<dyn Target>,
    keyring: Arc<Keyring>,
    identifiers: IdentifierProfile,
}

impl Books {
    /// What operators do with accounts.
    pub(super) fn desk(&self) -> Desk {
        Desk {
            target: Arc::clone(&self.target),
            ledger: Arc::clone(&self.ledger) as _,
            clock: Arc::new(SystemClock),
            keyring: Arc::clone(&self.keyring),
        }
    }

    /// How customers are named in the books.
    pub(super) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The digest under which the books know an identifier.
    pub(super) fn subject(&self, typed: &str) -> Result<String, CommandError> {
        let identifier = self.identifiers.canonical(typed).map_err(|error| CommandError::new(error.to_string()))?;
        Ok(self.keyring.subject(identifier.canonical()))
    }

    /// The account of an id, or of what its customer types to sign in.
    pub(super) async fn account_id(&self, named: &str) -> Result<Option<TargetId>, CommandError> {
        let id = TargetId(named.to_owned());
        if self.target.read(&id).await?.is_some() {
            return Ok(Some(id));
        }
        let Ok(identifier) = self.identifiers.canonical(named) else { return Ok(None) };
        Ok(self.target.find(&identifier).await?.map(|found| found.id))
    }
}

impl From<PortError> for CommandError {
    fn from(error: PortError) -> Self {
        Self::new(error.to_string())
    }
}

/// Reads settings; findings are shown, errors end the command.
pub(super) fn settings(path: &Path) -> Result<Loaded, CommandError> {
    let read = Settings::read(path).map_err(|error| {
        let message = format!("`{}` cannot be read: {}", path.display(), error.kind());
        CommandError::new(message)
            .help("name the settings with --config; `landfall config init` prints a file to begin with")
    })?;
    if !read.findings.is_empty() {
        show::findings(&read.files, &read.findings);
    }
    read.loaded.ok_or_else(|| {
        CommandError::new(format!("`{}` has errors", path.display()))
            .help("mend what is shown above; `landfall check --explain CODE` says more")
    })
}

/// The key of the ledger, without the ledger.
pub(super) fn keyring(loaded: &Loaded) -> Result<Keyring, CommandError> {
    let failed = |error: &dyn std::error::Error| CommandError::new(error.to_string());
    let key = loaded.settings.ledger.key.key(Keyring::MIN_BYTES).map_err(|error| failed(&error))?;
    Keyring::new(&key).map_err(|error| failed(&error))
}

/// Runs async work to its end.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Opens the books for some work.
pub(super) fn open<T>(
    path: &Path,
    work: impl AsyncFnOnce(&Books) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    with(path, Opening::Trusted, work)
}

/// Opens the books for some work, whatever was done to the audit.
pub(super) fn inspected<T>(
    path: &Path,
    work: impl AsyncFnOnce(&Books) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    with(path, Opening::Unseen, work)
}

fn with<T>(
    path: &Path,
    opening: Opening,
    work: impl AsyncFnOnce(&Books) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let loaded = settings(path)?;
    block_on(async {
        let stores = config::stores(&loaded, opening).await.map_err(|error| CommandError::new(error.to_string()))?;
        let Stores { identifiers, keyring, ledger, store, .. } = stores;
        work(&Books { ledger, target: store, keyring, identifiers }).await
    })
}
