//! Builds the parts of a service from its settings: opens the adapters, wraps them in guards, and derives the settings
//! of the migrator.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use thiserror::Error;

use super::settings::{
    Caller, FileSource, IdentifierSettings, ListShape, LoginSettings, Settings, SourceSettings, SqlSource,
    TargetSettings,
};
use super::{Loaded, Secret, SecretError};
use crate::adapters::file::{FileError, FileReport, FileSettings};
use crate::adapters::sql::{ListSettings, SqlError, SqlSettings};
use crate::adapters::sqlite::{AccountStore, SqliteLedger, StoreSettings};
use crate::adapters::stored_hash::StoredHashVerifier;
use crate::callers::{CallerCredential, CallerError, Callers};
use crate::events::{self, AnchorSettings, Anchors, Delivery, DeliverySettings, Webhook, WebhookError, Webhooks};
use crate::guard::{
    self, GuardFigures, guarded_ledger, guarded_nonces, guarded_outbox, guarded_source, guarded_target,
    guarded_verifier,
};
use crate::hashing::{Admission, Hasher, MostExpensive, TimeSettings};
use crate::migrate::{LiveRules, MigratorParts, MigratorSettings, Observer, RuleSet, bind_store};
use crate::password::lane::{Lane, LaneSettings};
use crate::password::store::{KeyId, ParametersError, PasswordStore, Peppers, PeppersError, StoreParameters};
use crate::password::{Credential, Limits, Problem};
use crate::ports::{
    Clock, EventKind, IdentifierKind, IdentifierProfile, Keyring, KeyringError, Nonces, OpenLedger, Outbox, PortError,
    Reports, Source, SystemClock, Target,
};

/// All parts of a service.
pub struct Built {
    /// The parts of the migrator.
    pub parts: MigratorParts,
    /// The settings of the migrator.
    pub migrator: MigratorSettings,
    /// The ledger itself, for reports and operators; the one in `parts` is guarded.
    pub ledger: OpenLedger,
    /// The target itself; the one in `parts` is guarded.
    pub target: Arc<dyn Target>,
    /// The callers; `None` if there are none, and then only loopback addresses may be listened on.
    pub callers: Option<Arc<Callers>>,
    /// Sends events; `None` without webhooks.
    pub delivery: Option<Delivery>,
    /// Sends the head of the audit; `None` if the settings do not ask for it.
    pub anchors: Option<Anchors>,
    /// What was found when the export was read, if the source is a file.
    pub report: Option<FileReport>,
    /// The figures of the guards, by the name of the guarded port.
    pub figures: Vec<(&'static str, GuardFigures)>,
}

impl std::fmt::Debug for Built {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Built").field("migrator", &self.migrator).finish_non_exhaustive()
    }
}

/// Why a service cannot be built from valid settings.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The file of the source cannot be indexed.
    #[error("cannot use the source: {0}")]
    File(#[from] FileError),
    /// The queries of the source cannot be used.
    #[error("cannot use the source: {0}")]
    Sql(#[from] SqlError),
    /// A command needs a file that does not exist.
    #[error("there is no {what} at `{path}` (set by `{key}`)")]
    Missing {
        /// `ledger` or `account store`.
        what: &'static str,
        /// The setting.
        key: &'static str,
        /// The path, relative to the working directory.
        path: String,
    },
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
    /// The webhooks cannot be used.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// The hashing threads cannot be started.
    #[error("cannot start the hashing threads: {0}")]
    Lane(io::ErrorKind),
    /// The task that reads the source was cancelled or panicked.
    #[error("reading the source was interrupted")]
    CutOff,
}

/// The timeout of a single call of the ledger. Stops a full disk from delaying logins; commits take milliseconds.
const LEDGER_CALL: Duration = Duration::from_secs(2);

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

/// How to open a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// For a service: the ledger is created if it is missing. The audit must be complete.
    Trusted,
    /// For a command: both files must exist. The audit must be complete.
    Existing,
    /// For an inspection that accepts a damaged audit; both files must exist.
    Inspect,
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
    let path = sqlite(folder, &settings.ledger.url);
    if opening != Opening::Trusted {
        must_exist("ledger", "ledger.url", &path)?;
    }
    let keyring = Arc::new(Keyring::new(&settings.ledger.key.key(Keyring::MIN_BYTES)?)?);
    let ledger = match opening {
        Opening::Trusted => SqliteLedger::open(&path, Arc::clone(&keyring)).await?,
        Opening::Existing => SqliteLedger::open_existing(&path, Arc::clone(&keyring)).await?,
        Opening::Inspect => SqliteLedger::inspect(&path, Arc::clone(&keyring)).await?,
    };
    Ok(LedgerAlone { identifiers: profile(&settings.identifier), keyring, ledger: OpenLedger::new(ledger) })
}

/// Opens the ledger and the account store that belongs to it. Must be called within a tokio runtime.
///
/// # Errors
/// [`BuildError`], including for a store that is missing, new, or not the one that the ledger belongs to.
pub async fn stores(settings: &Settings, folder: &Path, opening: Opening) -> Result<Stores, BuildError> {
    let LedgerAlone { identifiers, keyring, ledger } = ledger(settings, folder, opening).await?;
    let hasher = Arc::new(hasher(settings)?);
    let TargetSettings::Sql(target) = &settings.target;
    let path = sqlite(folder, &target.url);
    let place = StoreSettings::new(&path);
    // If the ledger already belongs to a store, no other store may be created in its place.
    let store = if opening == Opening::Trusted && ledger.ledger.store().await?.is_none() {
        AccountStore::open(&target.name, &place, Arc::clone(&hasher)).await?
    } else {
        must_exist("account store", "target.url", &path)?;
        AccountStore::open_existing(&target.name, &place, Arc::clone(&hasher)).await?
    };
    bind_store(&*ledger.ledger, &store).await?;
    Ok(Stores { identifiers, keyring, hasher, ledger, target: Arc::new(store) })
}

/// Checks that a file exists. Opening a missing file would create it, empty.
fn must_exist(what: &'static str, key: &'static str, path: &str) -> Result<(), BuildError> {
    // Opening the file detects whether an empty one has lost its contents.
    if Path::new(path).is_file() {
        return Ok(());
    }
    Err(BuildError::Missing { what, key, path: path.to_owned() })
}

/// Opens everything in the settings and puts it together. A file source is indexed, which takes seconds per million
/// records. Must be called within a tokio runtime.
///
/// # Errors
/// [`BuildError`].
pub async fn build(loaded: Loaded, observer: Arc<dyn Observer>) -> Result<Built, BuildError> {
    let Stores { identifiers, keyring, hasher, ledger, target: store } =
        stores(&loaded.settings, &loaded.folder, Opening::Trusted).await?;
    let Loaded { settings, folder, rules, hooks, .. } = loaded;
    calibrate(&hasher, &settings, &rules);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let callers = callers(&settings, &ledger.nonces)?;
    let (source, report) = source(&settings.source, &folder, identifiers.clone()).await?;
    let verifier = Arc::new(StoredHashVerifier::new(Arc::clone(&hasher)));
    let local = guard::GuardSettings::local();
    let (source, source_figures) = guarded_source(source, &guards(&settings));
    let (verifier, verifier_figures) = guarded_verifier(verifier, &local);
    let (target, target_figures) = guarded_target(Arc::clone(&store), &local);
    let (guarded, ledger_figures) = guarded_ledger(Arc::clone(&ledger.ledger), LEDGER_CALL);
    let outbox = guarded_outbox(Arc::clone(&ledger.outbox), LEDGER_CALL, &ledger_figures);
    let figures = vec![
        ("source", source_figures),
        ("verifier", verifier_figures),
        ("target", target_figures),
        ("ledger", ledger_figures),
    ];
    let delivery = delivery(&settings, Arc::clone(&outbox), Arc::clone(&clock))?;
    let webhooks: Vec<String> = settings.hooks.webhooks.iter().map(|webhook| webhook.name.clone()).collect();
    events::drop_removed(&*outbox, &*clock, &webhooks).await?;
    let anchors = anchors(&settings, &folder, &ledger.reports, &clock)?;
    let parts = MigratorParts {
        source,
        verifier,
        target,
        ledger: guarded,
        clock,
        hasher,
        hooks: Arc::new(hooks),
        observer,
        rules: Arc::new(LiveRules::new(rules)),
        keyring,
    };
    let migrator = MigratorSettings {
        events: subscribed(&settings.hooks.webhooks),
        unique_logins: settings.source.unique_logins(),
        ..migrator(&settings.login, identifiers, settings.tenant.clone())
    };
    Ok(Built { parts, migrator, ledger, target: store, callers, delivery, anchors, report, figures })
}

fn number(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn bytes(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

fn profile(written: &IdentifierSettings) -> IdentifierProfile {
    let kind = match written {
        IdentifierSettings::Username => IdentifierKind::Username,
        IdentifierSettings::Email => IdentifierKind::Email,
        IdentifierSettings::Phone { region } => IdentifierKind::Phone { region: region.clone() },
    };
    IdentifierProfile { kind }
}

fn migrator(login: &LoginSettings, identifiers: IdentifierProfile, tenant: Option<String>) -> MigratorSettings {
    MigratorSettings {
        identifiers,
        tenant,
        deadline: login.deadline,
        floor: login.floor,
        quantum: login.quantum,
        attempts: (&login.attempts).into(),
        turns: number(login.turns),
        lease: login.lease,
        waiting: number(login.waiting),
        lookups: number(login.lookups),
        ..MigratorSettings::default()
    }
}

fn guards(settings: &Settings) -> guard::GuardSettings {
    settings.guard.into()
}

/// The path of a `sqlite:` address, relative to the working directory.
fn sqlite(folder: &Path, url: &str) -> String {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    folder.join(path).display().to_string()
}

fn hasher(settings: &Settings) -> Result<Hasher, BuildError> {
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

/// Measures this machine for the stored hashes that the rules declare.
pub fn calibrate(hasher: &Hasher, settings: &Settings, rules: &RuleSet) -> Admission {
    let times = TimeSettings { deadline: settings.login.deadline, longest_check: settings.password.longest_check };
    hasher.calibrate(MostExpensive::of(rules.plan()), times)
}

type OpenSource = (Arc<dyn Source>, Option<FileReport>);

async fn source(written: &SourceSettings, folder: &Path, profile: IdentifierProfile) -> Result<OpenSource, BuildError> {
    match written {
        SourceSettings::File(file) => {
            let (name, settings) = (file.name.clone(), file_settings(file, folder));
            let open = move || crate::adapters::file::FileSource::open(name, settings, profile);
            let source = tokio::task::spawn_blocking(open).await.map_err(|_| BuildError::CutOff)??;
            let report = source.report().clone();
            Ok((Arc::new(source), Some(report)))
        }
        SourceSettings::Sql(sql) => {
            let settings = sql_settings(sql);
            let source = crate::adapters::sql::SqlSource::open(&sql.name, settings, profile, folder)?;
            Ok((Arc::new(source), None))
        }
    }
}

fn file_settings(file: &FileSource, folder: &Path) -> FileSettings {
    FileSettings {
        path: folder.join(&file.path),
        format: file.format.map(|format| format.name().to_owned()),
        records: file.records.clone(),
        logins: file.logins.clone(),
        record_bytes: bytes(file.record_limit),
        spool: file.spool.as_ref().map(|spool| folder.join(spool)),
    }
}

fn sql_settings(sql: &SqlSource) -> SqlSettings {
    let list = |list: &super::settings::RecordList| ListSettings {
        query: list.query.clone(),
        shape: match list.shape {
            ListShape::Rows => crate::adapters::sql::ListShape::Rows,
            ListShape::Values => crate::adapters::sql::ListShape::Values,
            ListShape::Map => crate::adapters::sql::ListShape::Map,
        },
        key: list.key.clone(),
        value: list.value.clone(),
    };
    SqlSettings {
        url: SecretString::from(sql.url.expose()),
        record: sql.record.clone(),
        lists: sql.lists.iter().map(|(name, written)| (name.clone(), list(written))).collect(),
        list_rows: number(sql.list_rows),
        record_bytes: bytes(sql.record_limit),
        connections: sql.connections,
    }
}

fn callers(settings: &Settings, nonces: &Arc<dyn Nonces>) -> Result<Option<Arc<Callers>>, BuildError> {
    if settings.service.callers.is_empty() {
        return Ok(None);
    }
    let callers: Vec<crate::callers::Caller> = settings.service.callers.iter().filter_map(caller).collect();
    Ok(Some(Arc::new(Callers::new(&callers, guarded_nonces(Arc::clone(nonces), LEDGER_CALL))?)))
}

fn text(secret: &Secret) -> SecretString {
    SecretString::from(secret.expose())
}

/// The caller for the guard; `None` without a credential, which the checks of the settings reject.
fn caller(written: &Caller) -> Option<crate::callers::Caller> {
    let credential = match (&written.bearer, &written.basic, written.signed.as_slice()) {
        (Some(bearer), _, _) => CallerCredential::Bearer(text(bearer)),
        (_, Some(basic), _) => CallerCredential::Basic { user: basic.user.clone(), password: text(&basic.password) },
        (_, _, []) => return None,
        (_, _, signed) => CallerCredential::Signed(signed.iter().map(text).collect()),
    };
    Some(crate::callers::Caller { name: written.name.clone(), credential })
}

/// The events that at least one webhook receives.
fn subscribed(webhooks: &[super::settings::Webhook]) -> Vec<EventKind> {
    let all = || webhooks.iter().flat_map(|webhook| webhook.events.iter().map(|event| EventKind::from(*event)));
    EventKind::ALL.into_iter().filter(|kind| all().any(|event| event == *kind)).collect()
}

fn delivery(
    settings: &Settings,
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
) -> Result<Option<Delivery>, BuildError> {
    if settings.hooks.webhooks.is_empty() {
        return Ok(None);
    }
    let webhook = |written: &super::settings::Webhook| Webhook {
        name: written.name.clone(),
        url: written.url.clone(),
        secret: text(&written.secret),
        events: written.events.iter().map(|event| (*event).into()).collect(),
    };
    let webhooks: Vec<Webhook> = settings.hooks.webhooks.iter().map(webhook).collect();
    Ok(Some(Delivery::new(Webhooks::new(&webhooks)?, outbox, clock, DeliverySettings::default())))
}

fn anchors(
    settings: &Settings,
    folder: &Path,
    reports: &Arc<dyn Reports>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Anchors>, BuildError> {
    let Some(written) = &settings.ledger.anchor else { return Ok(None) };
    let webhook = written.webhook.as_ref().map(|webhook| Webhook {
        name: "anchor".to_owned(),
        url: webhook.url.clone(),
        secret: text(&webhook.secret),
        events: EventKind::ALL.to_vec(),
    });
    let file = written.file.as_ref().map(|file| folder.join(file));
    let anchor = AnchorSettings { every: written.every, file, webhook };
    Ok(Some(Anchors::new(Arc::clone(reports), Arc::clone(clock), &anchor)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::Silent;

    const RULES: &str = "landfall: 1\nname: shop\ntarget: standard\nidentify: { id: $.id, logins: [ $.login ] }\n\
                         account:\n  username: $.login\ncredential: { scheme: md5, hash_hex: $.hash }\n";

    fn folder(source: &str, more: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("shop.yaml", RULES);
        write("a.ndjson", "{\"id\":1,\"login\":\"Ada\"}\n{\"id\":2,\"login\":\"ada\"}\n{\"id\":3,\"login\":\"bo\"}\n");
        let settings = format!(
            "rules: shop.yaml\nsource: {source}\ntarget: {{ kind: sql, url: 'sqlite:accounts.db' }}\n\
             ledger: {{ url: 'sqlite:ledger.db', key: '${{KEY}}' }}\nlane: {{ threads: 1 }}\n{more}"
        );
        write("landfall.yaml", &settings);
        folder
    }

    fn loaded(folder: &Path) -> Loaded {
        let environment = |_: &str| Some("0123456789abcdef".repeat(4));
        let read = Settings::read_in(&folder.join("landfall.yaml"), &environment).unwrap();
        let shown = crate::diag::render::plain(&read.files, &read.findings);
        read.loaded.unwrap_or_else(|| panic!("{shown}"))
    }

    #[tokio::test]
    async fn a_service_is_built_from_its_settings() {
        let more = "service: { callers: [ { name: idp, bearer: '${T}' }, { name: shop, signed: [ '${T}' ] } ] }\n\
                    hooks: { webhooks: [ { name: crm, url: 'https://crm.example/', secret: '${T}' } ] }\n";
        let folder = folder("{ kind: file, path: a.ndjson, logins: [ $.login ] }", more);
        let loaded = loaded(folder.path());
        assert_eq!(loaded.rule_files, [folder.path().join("shop.yaml")]);
        let hash = loaded.rules.hash().to_owned();
        let built = build(loaded, Arc::new(Silent)).await.unwrap();
        let report = built.report.unwrap();
        assert_eq!((report.records, report.ambiguous), (3, 1));
        assert_eq!(built.parts.rules.current().hash(), hash);
        assert_eq!(built.parts.source.name(), "legacy");
        assert!(built.callers.is_some() && built.delivery.is_some());
        for file in ["accounts.db", "ledger.db"] {
            assert!(folder.path().join(file).is_file(), "{file}");
        }
    }

    #[tokio::test]
    async fn a_source_that_cannot_be_opened_is_an_error() {
        let folder = folder("{ kind: sql, url: 'sqlite:legacy.db', record: 'SELECT :nothing' }", "");
        let error = build(loaded(folder.path()), Arc::new(Silent)).await.unwrap_err();
        assert!(matches!(error, BuildError::Sql(_)), "{error}");
    }

    #[test]
    fn addresses_are_relative_to_the_settings_file() {
        let folder = Path::new("etc");
        assert_eq!(sqlite(folder, "sqlite:a/b.db"), "etc/a/b.db");
        assert_eq!(sqlite(folder, "sqlite:/var/b.db"), "/var/b.db");
        assert_eq!(sqlite(folder, "sqlite:///var/b.db"), "/var/b.db");
    }
}
