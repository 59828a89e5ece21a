//! The demo put together: the shop, the account store, the ledger, the login between them, and the service with its pages.

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use super::folder::Folder;
use super::routes::{Stage, routes};
use super::rules::{DemoRulesError, rules};
use super::shop::{self, ShopError};
use super::step_text::SOURCE;
use super::switch::Switch;
use super::watch::{Both, Watch};
use crate::ledger::SqliteLedger;
use crate::migrate::{
    Hasher, Keyring, KeyringError, Ledger, LiveRules, Migrator, MigratorParts, MigratorSettings, NoHooks, PortError,
    SystemClock, Target,
};
use crate::password::lane::{Lane, LaneSettings};
use crate::password::store::{PasswordStore, Peppers, SALT_BYTES, StoreParameters, system_salt};
use crate::password::{Credential, Limits, Problem};
use crate::service::{Bound, Metrics, Service, ServiceError, ServiceSettings, Telemetry};
use crate::sources::{ListSettings, SqlError, SqlSettings, SqlSource, StoredHashVerifier};
use crate::targets::{AccountStore, StoreSettings};

/// The record of a customer, by name or by mail address; spaces around the address do not count.
const RECORD: &str = "SELECT * FROM wp_users WHERE user_login = :identifier COLLATE landfall OR user_email = :identifier COLLATE landfall";

/// What belongs to a record.
const META: &str = "SELECT meta_key, meta_value FROM wp_usermeta WHERE user_id = :ID ORDER BY umeta_id";

/// Why there is no demo.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The folder of its files.
    #[error("the files of the demo cannot be written: {0}")]
    Folder(#[from] io::Error),
    /// The legacy shop.
    #[error(transparent)]
    Shop(#[from] ShopError),
    /// The queries into the legacy shop.
    #[error(transparent)]
    Source(#[from] SqlError),
    /// The rules.
    #[error(transparent)]
    Rules(#[from] DemoRulesError),
    /// The account store or the ledger.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The key of the ledger.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// The hasher.
    #[error("the hasher cannot be made: {0}")]
    Hasher(Problem),
    /// The service.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// A demo that is ready to be served.
#[derive(Debug)]
pub struct Demo {
    /// The service; it listens already.
    pub service: Bound,
    /// The folder of its files. It has to outlive the service.
    pub folder: Folder,
}

/// Makes everything anew in a temporary folder, or goes on with what stands in a kept one.
///
/// # Errors
/// [`DemoError`].
pub async fn open(listen: SocketAddr, keep: Option<&Path>) -> Result<Demo, DemoError> {
    let folder = keep.map_or_else(Folder::temporary, Folder::kept)?;
    let keyring = Arc::new(Keyring::new(&key(&folder.file("ledger.key"))?)?);
    let shop = Arc::new(Switch::new(Arc::new(source(&folder).await?)));
    let hasher = hasher()?;
    let store = StoreSettings::new(folder.file("accounts.db"));
    let target: Arc<dyn Target> = Arc::new(AccountStore::open("accounts", &store, Arc::clone(&hasher)).await?);
    let ledger = folder.file("ledger.db").display().to_string();
    let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(&ledger, Arc::clone(&keyring)).await?);
    let (watch, metrics) = (Arc::new(Watch::default()), Metrics::new());
    let migrator = Arc::new(Migrator::new(
        MigratorParts {
            source: Arc::clone(&shop) as _,
            verifier: Arc::new(StoredHashVerifier::new(Arc::clone(&hasher))),
            target: Arc::clone(&target),
            ledger: Arc::clone(&ledger),
            clock: Arc::new(SystemClock),
            hasher,
            hooks: Arc::new(NoHooks),
            observer: Arc::new(Both(Arc::clone(&watch), Telemetry::new(metrics.clone()))),
            rules: Arc::new(LiveRules::new(rules()?)),
            keyring,
        },
        // The invented shop gives every login once.
        MigratorSettings { unique_logins: true, ..MigratorSettings::default() },
    ));
    let settings = ServiceSettings { listen, ..ServiceSettings::default() };
    let (operations, store) = (Arc::clone(&migrator), Arc::clone(&target));
    let service =
        Service { migrator: operations, target: store, ledger, callers: None, metrics, reload: None, settings };
    let service = service.bind()?;
    let address = service.address().to_string();
    let service = service.beside(routes(Stage { migrator, target, shop, watch, address }));
    Ok(Demo { service, folder })
}

/// The shop, made when it is not there.
async fn source(folder: &Folder) -> Result<SqlSource, DemoError> {
    let path = folder.file("shop.db");
    if !path.exists() {
        shop::make(&path).await?;
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

/// The key of the ledger: random, kept beside it.
fn key(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Ok(key) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut halves = [[0; SALT_BYTES]; 2];
            halves.iter_mut().try_for_each(system_salt)?;
            private_file(path)?.write_all(&halves.concat())?;
            Ok(halves.concat())
        }
        Err(error) => Err(error),
    }
}

/// A new file that nobody else may read.
fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
