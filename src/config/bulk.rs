//! Opens what `landfall bulk` needs: the rules of one legacy system, the systems that are asked before it, the ledger and
//! the target.

use std::path::Path;
use std::sync::Arc;

use super::Loaded;
use super::build::{LEDGER_CALL, migrator, target_guards};
use super::open::{BuildError, Stores, hasher, stores};
use super::settings::Settings;
use super::systems::{self, OpenSystems, OwnRecords, Which};
use crate::adapters::file::FileReport;
use crate::adapters::memory::{MemoryLedger, MemoryTarget};
use crate::adapters::registry::{Opening, TargetContext};
use crate::events::subscribed;
use crate::guard::{guarded_ledger, guarded_target};
use crate::migrate::{MigratorParts, MigratorSettings, Silent};
use crate::ports::{IdentifierProfile, Keyring, Ledger, SharedLimits, SystemClock, Target};

/// The parts of a bulk creation.
pub struct BulkParts {
    /// The parts of the migrator.
    pub parts: MigratorParts,
    /// The settings of the migrator.
    pub migrator: MigratorSettings,
    /// Tells how long the target asked for a pause.
    pub limits: Arc<dyn SharedLimits>,
    /// The target itself; the one in `parts` is guarded.
    pub target: Arc<dyn Target>,
    /// What was found when exports were read.
    pub reports: Vec<FileReport>,
    /// How many calls to the target may be made at a time.
    pub concurrency: usize,
}

impl std::fmt::Debug for BulkParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BulkParts").field("migrator", &self.migrator).finish_non_exhaustive()
    }
}

/// The ledger and the target of a bulk creation.
struct Places {
    identifiers: IdentifierProfile,
    keyring: Arc<Keyring>,
    hasher: Arc<crate::hashing::Hasher>,
    ledger: Arc<dyn Ledger>,
    limits: Arc<dyn SharedLimits>,
    target: Arc<dyn Target>,
}

/// Opens what a bulk creation of the records of `source` needs. Only [`Opening::Trusted`] creates the ledger and the account
/// store; otherwise nothing stands for them if they do not exist yet. Must be called within a tokio runtime.
///
/// # Errors
/// [`BuildError`].
pub async fn bulk(
    loaded: Loaded,
    opening: Opening,
    source: &str,
    records: OwnRecords,
) -> Result<BulkParts, BuildError> {
    let Loaded { settings, folder, rules, hooks, .. } = loaded;
    let Places { identifiers, keyring, hasher, ledger, limits, target: store } =
        match stores(&settings, &folder, opening).await {
            Ok(Stores { identifiers, keyring, hasher, ledger, target }) => {
                Places { identifiers, keyring, hasher, ledger: ledger.ledger, limits: ledger.limits, target }
            }
            Err(BuildError::Missing { .. }) if opening != Opening::Trusted => nothing_yet(&settings, &folder).await?,
            Err(error) => return Err(error),
        };
    let (verifiers, _) = systems::verifiers(&settings, &folder, &hasher, &identifiers).await?;
    let which = Which::UpTo(source, records);
    let OpenSystems { first: legacy, more, reports, .. } =
        systems::open(&settings, &folder, rules, &verifiers, &identifiers, which).await?;
    let guards = target_guards(&settings, &*store);
    let (target, _) = guarded_target(Arc::clone(&store), &guards);
    let (ledger, _) = guarded_ledger(ledger, LEDGER_CALL);
    let parts = MigratorParts {
        legacy,
        more,
        target,
        ledger,
        clock: Arc::new(SystemClock),
        hasher,
        hooks: Arc::new(hooks),
        observer: Arc::new(Silent),
        keyring,
    };
    let migrator =
        MigratorSettings { events: subscribed(&settings.hooks.webhooks), ..migrator(&settings, identifiers) };
    Ok(BulkParts { parts, migrator, limits, target: store, reports, concurrency: guards.concurrency })
}

/// What stands for a ledger and an account store that do not exist yet, so that nobody has come.
async fn nothing_yet(settings: &Settings, folder: &Path) -> Result<Places, BuildError> {
    let keyring = Arc::new(Keyring::new(&settings.ledger.key.key(Keyring::MIN_BYTES)?)?);
    let (hasher, ledger) = (Arc::new(hasher(settings)?), Arc::new(MemoryLedger::new()));
    let limits: Arc<dyn SharedLimits> = Arc::clone(&ledger) as _;
    let adapter = settings.target.adapter();
    let target: Arc<dyn Target> = match adapter.files().is_empty() {
        // a remote target exists, whether or not there is a ledger
        true => {
            let (hasher, limits) = (Arc::clone(&hasher), Arc::clone(&limits));
            adapter.open(TargetContext { folder, hasher, may_create: false, limits }).await?
        }
        false => Arc::new(MemoryTarget::new(adapter.name(), Arc::clone(&hasher))),
    };
    Ok(Places { identifiers: settings.identifier.profile(), keyring, hasher, ledger, limits, target })
}
