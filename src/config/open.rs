//! Opens what settings name: the ledger, and the target that belongs to it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use super::settings::Settings;
use crate::adapters::registry::{self, LedgerContext, OpenError, Opening, TargetContext};
use crate::bridge::OpenBridgeError;
use crate::callers::CallerError;
use crate::events::WebhookError;
use crate::hashing::Hasher;
use crate::migrate::bind_store;
use crate::password::lane::{Lane, LaneSettings};
use crate::password::store::{KeyId, ParametersError, PasswordStore, Peppers, PeppersError, StoreParameters};
use crate::password::{Credential, Limits, Problem};
use crate::ports::{IdentifierProfile, Keyring, KeyringError, OpenLedger, PortError, Target};
use crate::settings::{FileSetting, FileUse, SecretError};

/// Why a service cannot be built from valid settings.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The source cannot be opened.
    #[error("cannot use the source: {0}")]
    Source(OpenError),
    /// A verifier cannot be opened.
    #[error("cannot use the verifier `{0}`: {1}")]
    Verifier(String, OpenError),
    /// A command needs a file that does not exist.
    #[error("there is no {what} at `{path}` (set by `{key}`)")]
    Missing {
        /// `ledger` or `account store`.
        what: &'static str,
        /// The setting.
        key: String,
        /// The path, relative to the working directory.
        path: String,
    },
    /// What tells a legacy system of migrated customers cannot be opened.
    #[error("cannot open the write-back of the source `{0}`: {1}")]
    WriteBack(String, OpenError),
    /// The ledger or the account store cannot be opened.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A secret cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The ledger's key cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The cost of new hashes is out of bounds.
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    /// The peppers cannot be used.
    #[error(transparent)]
    Peppers(#[from] PeppersError),
    /// The decoy is not a valid stored password.
    #[error("the decoy is not a valid stored password: {0}")]
    Decoy(Problem),
    /// The callers cannot be used.
    #[error(transparent)]
    Callers(#[from] CallerError),
    /// A bridge cannot be opened.
    #[error(transparent)]
    Bridge(#[from] OpenBridgeError),
    /// The webhooks cannot be used.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// The thread for `shadow` and `drift` cannot be started.
    #[error("cannot start the thread for `shadow` and `drift`: {0}")]
    Sampling(io::ErrorKind),
    /// The hashing threads cannot be started.
    #[error("cannot start the hashing threads: {0}")]
    Lane(io::ErrorKind),
}

/// What operators need: the ledger and the accounts, without a source.
pub struct Stores {
    /// How identifiers are normalized.
    pub identifiers: IdentifierProfile,
    /// The keys of the customer digests in the ledger.
    pub keyring: Arc<Keyring>,
    /// Computes hashes.
    pub hasher: Arc<Hasher>,
    /// The ledger.
    pub ledger: OpenLedger,
    /// The target.
    pub target: Arc<dyn Target>,
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stores").field("identifiers", &self.identifiers).finish_non_exhaustive()
    }
}

/// The ledger without the account store, for reports that must work even if the store is missing.
pub struct LedgerAlone {
    /// How identifiers are normalized.
    pub identifiers: IdentifierProfile,
    /// The keys of the customer digests in the ledger.
    pub keyring: Arc<Keyring>,
    /// The ledger.
    pub ledger: OpenLedger,
}

impl std::fmt::Debug for LedgerAlone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerAlone").field("identifiers", &self.identifiers).finish_non_exhaustive()
    }
}

/// Opens the ledger. Must be called within a tokio runtime.
///
/// # Errors
/// [`BuildError`].
pub async fn ledger(settings: &Settings, folder: &Path, opening: Opening) -> Result<LedgerAlone, BuildError> {
    let url = settings.ledger.url.expose();
    if opening != Opening::Trusted {
        must_exist("ledger", "ledger", registry::ledger_file("url", url).as_slice(), folder)?;
    }
    let keyring = Arc::new(Keyring::new(&settings.ledger.key.key(Keyring::MIN_BYTES)?)?);
    let context = LedgerContext { url, folder, keyring: Arc::clone(&keyring), opening };
    let ledger = registry::open_ledger(context).await?;
    Ok(LedgerAlone { identifiers: settings.identifier.profile(), keyring, ledger })
}

/// Opens the ledger and the target that belongs to it. Must be called within a tokio runtime.
///
/// # Errors
/// [`BuildError`], including for a store that is missing, new, or not the one that the ledger belongs to.
pub async fn stores(settings: &Settings, folder: &Path, opening: Opening) -> Result<Stores, BuildError> {
    let LedgerAlone { identifiers, keyring, ledger } = ledger(settings, folder, opening).await?;
    let hasher = Arc::new(hasher(settings)?);
    let target = settings.target.adapter();
    // If the ledger already belongs to a store, no other store may be created in its place.
    let may_create = opening == Opening::Trusted && ledger.ledger.store().await?.is_none();
    if !may_create {
        must_exist("account store", "target", &target.files(), folder)?;
    }
    let (hasher_of_target, limits) = (Arc::clone(&hasher), Arc::clone(&ledger.limits));
    let target = target.open(TargetContext { folder, hasher: hasher_of_target, may_create, limits }).await?;
    bind_store(&*ledger.ledger, &*target).await?;
    Ok(Stores { identifiers, keyring, hasher, ledger, target })
}

/// Checks that files exist. Opening a missing file would create it, empty.
fn must_exist(what: &'static str, section: &str, files: &[FileSetting], folder: &Path) -> Result<(), BuildError> {
    for file in files.iter().filter(|file| file.usage == FileUse::Private) {
        let path = folder.join(&file.path);
        // Opening the file detects whether an empty one has lost its contents.
        if !path.is_file() {
            let key = format!("{section}.{}", file.key);
            return Err(BuildError::Missing { what, key, path: path.display().to_string() });
        }
    }
    Ok(())
}

pub(super) fn number(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What computes hashes, with the costs and peppers of the settings.
pub(super) fn hasher(settings: &Settings) -> Result<Hasher, BuildError> {
    let argon2 = settings.password.argon2;
    let kib = u32::try_from(argon2.memory / 1024).unwrap_or(u32::MAX);
    let parameters = StoreParameters::new(kib, argon2.passes, argon2.lanes)?;
    let mut peppers = Vec::new();
    for pepper in &settings.password.peppers {
        peppers.push((KeyId::new(&pepper.id)?, pepper.secret.key(Peppers::MIN_SECRET)?));
    }
    let lane = LaneSettings {
        threads: number(settings.lane.threads),
        budget_kib: settings.lane.memory / 1024,
        queue: number(settings.lane.queue),
        ..LaneSettings::default()
    };
    let lane = Lane::start(lane).map_err(|error| BuildError::Lane(error.kind()))?;
    let limits = Limits { plain_text: settings.password.plain_text, ..Limits::default() };
    let decoy = &settings.password.decoy;
    let decoy = Credential::encoded(&decoy.scheme, &decoy.value);
    let store = PasswordStore::new(parameters, Peppers::new(peppers)?);
    Hasher::new(lane, store, limits, &decoy).map_err(BuildError::Decoy)
}
