//! Puts the demo together: the shop, the account store, the ledger, the login, and the service with its pages.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::{NamedTempFile, PersistError};
use thiserror::Error;

use super::again::Again;
use super::bridge::settings;
use super::folder::Folder;
use super::kept;
use super::routes::{PageState, routes};
use super::rules::{DemoRulesError, rules};
use super::shop::{self, ShopError};
use super::step_text::SOURCE;
use super::switch::Switch;
use super::watch::{Both, Watch};
use crate::adapters::handover::nowhere;
use crate::adapters::sql::{ListSettings, SqlError, SqlSettings, SqlSource};
use crate::adapters::sqlite::{AccountStore, SqliteLedger};
use crate::adapters::stored_hash::StoredHashVerifier;
use crate::bridge::{Bridge, Kind, OpenBridgeError, OpenContext};
use crate::hashing::Hasher;
use crate::migrate::{
    AccountAdmin, LegacySystem, LiveRules, Migrator, MigratorParts, MigratorSettings, Verifiers, Writer,
};
use crate::password::lane::{Lane, LaneSettings};
use crate::password::store::{PasswordStore, Peppers, StoreParameters};
use crate::password::{Credential, Limits, Problem};
use crate::ports::{Keyring, KeyringError, Ledger, NoHooks, Nonces, PortError, Reports, SystemClock, Target};
use crate::random;
use crate::service::{Bound, Metrics, Service, ServiceError, ServiceSettings, Telemetry};

/// The query of a record, by login or email address; spaces around the address are ignored.
const RECORD: &str = "SELECT * FROM wp_users WHERE user_login = :identifier COLLATE landfall OR user_email = :identifier COLLATE landfall";

/// The query of the metadata of a record.
const META: &str = "SELECT meta_key, meta_value FROM wp_usermeta WHERE user_id = :ID ORDER BY umeta_id";

/// How long an interrupted undo locks its customer.
const LEASE: Duration = Duration::from_secs(30);

/// Why the demo cannot start.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The folder of the files cannot be written.
    #[error("cannot write the files of the demo: {0}")]
    Folder(#[from] io::Error),
    /// The legacy shop cannot be created.
    #[error(transparent)]
    Shop(#[from] ShopError),
    /// The queries of the legacy shop cannot be used.
    #[error(transparent)]
    Source(#[from] SqlError),
    /// The rules cannot be used.
    #[error(transparent)]
    Rules(#[from] DemoRulesError),
    /// The account store or the ledger cannot be opened.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The key of the ledger is invalid.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// The hasher cannot be created.
    #[error("cannot create the hasher: {0}")]
    Hasher(Problem),
    /// The bridge cannot be opened.
    #[error(transparent)]
    Bridge(#[from] OpenBridgeError),
    /// The service cannot start.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// A demo that is ready to be served.
pub struct Demo {
    /// The service, bound to its address.
    pub service: Bound,
    /// What the ledger tells.
    pub reports: Arc<dyn Reports>,
    /// The folder of the files. It must outlive the service.
    pub folder: Folder,
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Demo").field("service", &self.service).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Creates everything in a temporary folder, or continues with the files in a kept folder.
///
/// # Errors
/// [`DemoError`].
pub async fn open(listen: SocketAddr, keep: Option<&Path>) -> Result<Demo, DemoError> {
    build(listen, keep.map_or_else(Folder::temporary, Folder::kept)?, None).await
}

/// The same in a temporary folder, with a bridge. If its product stores the accounts, there is no account store.
///
/// # Errors
/// [`DemoError`].
pub async fn open_bridge(listen: SocketAddr, kind: &Kind) -> Result<Demo, DemoError> {
    build(listen, Folder::temporary()?, Some(kind)).await
}

async fn build(listen: SocketAddr, folder: Folder, bridge: Option<&Kind>) -> Result<Demo, DemoError> {
    let keyring = Arc::new(Keyring::new(&key(&folder)?)?);
    let shop = Arc::new(Switch::new(Arc::new(source(&folder, listen).await?)));
    let hasher = hasher()?;
    let target: Arc<dyn Target> = match bridge.map(|kind| kind.topology.writer()) {
        Some(Writer::Caller) => nowhere("accounts"),
        Some(Writer::Target) | None => {
            Arc::new(AccountStore::open("accounts", &folder.file("accounts.db"), Arc::clone(&hasher)).await?)
        }
    };
    let ledger = folder.file("ledger.db").display().to_string();
    let ledger = Arc::new(SqliteLedger::open(&ledger, Arc::clone(&keyring)).await?);
    let reports: Arc<dyn Reports> = Arc::clone(&ledger) as _;
    let bridges =
        bridge.map(|kind| opened(kind, &folder, Arc::clone(&ledger) as _, Arc::clone(&keyring))).transpose()?;
    let ledger: Arc<dyn Ledger> = ledger;
    let (watch, metrics) = (Arc::new(Watch::default()), Metrics::new());
    let admin = AccountAdmin {
        target: Arc::clone(&target),
        ledger: Arc::clone(&ledger),
        clock: Arc::new(SystemClock),
        keyring: Arc::clone(&keyring),
        lease: LEASE,
    };
    let verifiers = Verifiers::only(Arc::new(StoredHashVerifier::new(Arc::clone(&hasher))));
    let rules = Arc::new(LiveRules::new(rules()?));
    let migrator = Arc::new(Migrator::new(
        MigratorParts {
            // Every login in the shop is unique.
            legacy: LegacySystem { unique_logins: true, ..LegacySystem::new(Arc::clone(&shop) as _, verifiers, rules) },
            more: Vec::new(),
            target: Arc::clone(&target),
            ledger: Arc::clone(&ledger),
            clock: Arc::new(SystemClock),
            hasher,
            hooks: Arc::new(NoHooks),
            observer: Arc::new(Both(Arc::clone(&watch), Telemetry::new(metrics.clone()))),
            keyring,
        },
        MigratorSettings::default(),
    ));
    let settings = ServiceSettings { listen, ..ServiceSettings::default() };
    let (operations, store) = (Arc::clone(&migrator), Arc::clone(&target));
    let service = Service {
        migrator: operations,
        target: store,
        ledger,
        callers: None,
        bridges: bridges.into_iter().collect(),
        metrics,
        reload: Vec::new(),
        settings,
    };
    let service = service.bind()?;
    let address = service.address().to_string();
    let again = Arc::new(Again { admin, ledger: folder.file("ledger.db") });
    let service = service.with_pages(routes(PageState { migrator, target, shop, watch, address, again }));
    Ok(Demo { service, reports, folder })
}

/// The bridge of a dialect.
fn opened(kind: &Kind, folder: &Folder, nonces: Arc<dyn Nonces>, keyring: Arc<Keyring>) -> Result<Bridge, DemoError> {
    let reason = "the demo has no recorded calls of it".to_owned();
    let settings = settings(kind).ok_or_else(|| OpenBridgeError { kind: kind.name.to_owned(), reason })?;
    let (folder, clock) = (folder.path(), Arc::new(SystemClock));
    Ok(Bridge::open(&OpenContext { settings: &settings, folder, nonces, keyring, clock, product: None })?)
}

/// Opens the shop, and creates it if it does not exist.
async fn source(folder: &Folder, listen: SocketAddr) -> Result<SqlSource, DemoError> {
    let path = folder.file("shop.db");
    if !path.exists() {
        shop::make(&path).await?;
    }
    if folder.is_kept() {
        kept::write(folder, listen)?;
        let export = folder.file(kept::EXPORT);
        if !export.exists() {
            kept::write_missing(&export, &shop::export(&path).await?)?;
        }
    }
    let mut settings = SqlSettings::new(format!("sqlite:{}", path.display()), RECORD);
    settings.lists.insert("meta".to_owned(), ListSettings::rows(META));
    Ok(SqlSource::new(SOURCE, settings)?)
}

fn hasher() -> Result<Arc<Hasher>, DemoError> {
    let profile = Credential::encoded("wordpress", shop::usual_hash()?);
    let store = PasswordStore::new(StoreParameters::default(), Peppers::none());
    let hasher = Hasher::new(Lane::start(LaneSettings::default())?, store, Limits::default(), &profile);
    Ok(Arc::new(hasher.map_err(DemoError::Hasher)?))
}

/// The key of the ledger: random, stored beside the ledger in hexadecimal, as settings read it, in a file that other users
/// cannot read.
fn key(folder: &Folder) -> io::Result<Vec<u8>> {
    let path = folder.file("ledger.key");
    match fs::read(&path) {
        Ok(written) => match std::str::from_utf8(&written).ok().and_then(|text| hex::decode(text.trim()).ok()) {
            Some(key) => Ok(key),
            // an earlier version wrote the bytes themselves
            None => write_key(folder, &path, written, |file, path| file.persist(path)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_key(folder, &path, random::bytes::<32>()?.to_vec(), |file, path| file.persist_noclobber(path))
        }
        Err(error) => Err(error),
    }
}

fn write_key(
    folder: &Folder,
    path: &Path,
    key: Vec<u8>,
    persist: impl FnOnce(NamedTempFile, &Path) -> Result<File, PersistError>,
) -> io::Result<Vec<u8>> {
    let mut file = NamedTempFile::new_in(folder.path())?;
    file.write_all(hex::encode(&key).as_bytes())?;
    file.write_all(b"\n")?;
    persist(file, path)?;
    Ok(key)
}
