//! Opens the settings, the ledger and the account store for one operator command.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{CommandError, show};
use crate::config::{self, BuildError, LedgerAlone, LedgerSettingsOnly, Needs, Opening, Reading, Settings, Stores};
use crate::migrate::AccountAdmin;
use crate::ports::{
    AccountLookup, Call, IdentifierProfile, Keyring, OpenLedger, PortError, SystemClock, Target, TargetId,
};

/// The request id of commands.
pub(super) const REQUEST: &str = "command";

/// The circumstances of a command's call to the target.
pub(super) fn call() -> Call<'static> {
    Call::outside_login(REQUEST)
}

/// The stores and the accounts.
pub(super) struct OpenStores {
    pub ledger: OpenLedger,
    pub target: Arc<dyn Target>,
    keyring: Arc<Keyring>,
    identifiers: IdentifierProfile,
    lease: Duration,
    /// Whether legacy systems are told of migrated customers.
    pub writes_back: bool,
}

impl OpenStores {
    /// Account operations of an operator.
    pub(super) fn admin(&self) -> AccountAdmin {
        AccountAdmin {
            target: Arc::clone(&self.target),
            ledger: Arc::clone(&self.ledger.ledger),
            clock: Arc::new(SystemClock),
            keyring: Arc::clone(&self.keyring),
            lease: self.lease,
        }
    }

    /// The digest that stands for an identifier in the ledger.
    pub(super) fn subject(&self, typed: &str) -> Result<String, CommandError> {
        subject(&self.keyring, &self.identifiers, typed)
    }

    /// The account with this id, or with this login.
    pub(super) async fn account_id(&self, named: &str) -> Result<Option<TargetId>, CommandError> {
        let (call, id) = (call(), TargetId(named.to_owned()));
        let ledger = &self.ledger.ledger;
        let lookup = self.target.capabilities().lookup;
        let exists = match lookup {
            AccountLookup::Login => self.target.read(call, &id).await?.is_some(),
            AccountLookup::ExternalId => ledger.owner(&id).await?.is_some(),
        };
        if exists {
            return Ok(Some(id));
        }
        let Ok(identifier) = self.identifiers.canonical(named) else { return Ok(None) };
        let found = match lookup {
            AccountLookup::Login => self.target.find(call, &identifier).await?,
            AccountLookup::ExternalId => {
                let subject = self.keyring.subject(identifier.canonical());
                ledger.migrated(&subject).await?.and_then(|entry| entry.found())
            }
        };
        Ok(found.map(|found| found.id))
    }
}

impl From<PortError> for CommandError {
    fn from(error: PortError) -> Self {
        Self::new(error.to_string())
    }
}

/// Reads settings, and prints nothing.
pub(super) fn read(path: &Path) -> Result<Reading, CommandError> {
    Settings::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    let message = format!("cannot read `{}`: {}", path.display(), error.kind());
    CommandError::new(message)
        .help("give the settings file with --config; `landfall config init` prints a starter file")
}

pub(super) fn not_opened(error: &BuildError) -> CommandError {
    let failed = CommandError::new(error.to_string());
    match error {
        BuildError::Missing { key, .. } => {
            failed.help(format!("fix `{key}`, or start `landfall serve`, which creates the files at its first start"))
        }
        _ => failed,
    }
}

/// The settings, if they have no errors. Prints the findings.
fn without_errors<L>(path: &Path, read: Reading<L>) -> Result<L, CommandError> {
    if !read.findings.is_empty() {
        show::findings(&read.files, &read.findings);
    }
    read.loaded.ok_or_else(|| unusable(path))
}

/// The error for settings whose errors were printed.
pub(super) fn unusable(path: &Path) -> CommandError {
    CommandError::new(format!("`{}` has errors", path.display()))
        .help("fix the errors above; `landfall check --explain CODE` explains a code")
}

/// The keyring of the ledger, without opening the ledger.
pub(super) fn keyring(read: &LedgerSettingsOnly) -> Result<Keyring, CommandError> {
    let failed = |error: &dyn std::error::Error| CommandError::new(error.to_string());
    let key = read.settings.ledger.key.key(Keyring::MIN_BYTES).map_err(|error| failed(&error))?;
    Keyring::new(&key).map_err(|error| failed(&error))
}

/// Runs async work to completion.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Reads what a command needs of the settings, without the rules; prints the findings, and fails on errors.
pub(super) fn needed_settings(path: &Path, needs: Needs) -> Result<LedgerSettingsOnly, CommandError> {
    let read = Settings::read_ledger_only(path, needs).map_err(|error| unreadable(path, &error))?;
    without_errors(path, read)
}

/// Opens only the ledger: reports work even if the account store is missing.
pub(super) fn ledger<T>(
    path: &Path,
    opening: Opening,
    work: impl AsyncFnOnce(&LedgerAlone) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let LedgerSettingsOnly { settings, folder } = needed_settings(path, Needs::Ledger)?;
    block_on(async {
        work(&config::ledger(&settings, &folder, opening).await.map_err(|error| not_opened(&error))?).await
    })
}

/// The name of the source whose rules are used: the wanted one, or the first one.
///
/// # Errors
/// If the settings have no such source.
pub(super) fn source_name(wanted: Option<&str>, settings: &Settings) -> Result<String, CommandError> {
    let names: Vec<&str> = settings.systems().map(|system| system.source.adapter().name()).collect();
    let Some(wanted) = wanted else { return Ok(names.first().copied().unwrap_or_default().to_owned()) };
    if names.contains(&wanted) {
        return Ok(wanted.to_owned());
    }
    let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Err(CommandError::new(format!("there is no source `{wanted}`")).help(format!("the settings have {known}")))
}

/// The digest that stands for an identifier in a ledger.
pub(super) fn subject(keyring: &Keyring, identifiers: &IdentifierProfile, typed: &str) -> Result<String, CommandError> {
    let identifier = identifiers.canonical(typed).map_err(|error| CommandError::new(error.to_string()))?;
    Ok(keyring.subject(identifier.canonical()))
}

/// Opens the ledger and the account store. Missing files are an error and are not created.
pub(super) fn open<T>(
    path: &Path,
    work: impl AsyncFnOnce(&OpenStores) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let LedgerSettingsOnly { settings, folder } = needed_settings(path, Needs::Accounts)?;
    block_on(async {
        let stores = config::stores(&settings, &folder, Opening::Existing).await.map_err(|error| not_opened(&error))?;
        let Stores { identifiers, keyring, ledger, target, .. } = stores;
        let (lease, writes_back) = (settings.lease(), settings.write_backs().next().is_some());
        work(&OpenStores { ledger, target, keyring, identifiers, lease, writes_back }).await
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Settings whose rules are broken, and their path.
    fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("landfall.yaml");
        let key = "0123456789abcdef".repeat(4);
        let text = format!(
            "rules: rules.yaml\nsource: {{ kind: file, path: a.ndjson, logins: [ $.login ] }}\n\
             target: {{ kind: sql, url: 'sqlite:accounts.db' }}\nledger: {{ url: 'sqlite:ledger.db', key: '{key}' }}\n\
             hooks: {{ before_fetch: missing.rhai }}\n"
        );
        fs::write(&path, text).unwrap();
        fs::write(folder.path().join("rules.yaml"), "landfall: 1\naccount: [").unwrap();
        (folder, path)
    }

    fn migrated(path: &Path) -> Result<u64, CommandError> {
        open(path, async |stores| Ok(stores.ledger.reports.summary(jiff::Timestamp::now()).await?.migrated))
    }

    #[test]
    fn commands_create_no_files_and_name_the_missing_one() {
        let (folder, path) = folder();
        let names = || {
            let entries = fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let error = migrated(&path).unwrap_err();
        assert!(error.message.starts_with("there is no ledger at `"), "{error}");
        assert!(error.help.is_some_and(|help| help.contains("`ledger.url`")));
        assert!(ledger(&path, Opening::Inspect, async |_| Ok(())).is_err());
        assert_eq!(names(), ["landfall.yaml", "rules.yaml"]);
    }

    #[test]
    fn commands_work_while_the_rules_and_scripts_are_broken() {
        let (_folder, path) = folder();
        assert!(Settings::read(&path).unwrap().loaded.is_none());
        let LedgerSettingsOnly { settings, folder } = needed_settings(&path, Needs::Accounts).unwrap();
        let made = block_on(async { Ok(config::stores(&settings, &folder, Opening::Trusted).await.map(|_| ())) });
        made.unwrap().unwrap();
        assert_eq!(migrated(&path).unwrap(), 0);
        assert!(
            ledger(&path, Opening::Inspect, async |stores| Ok(stores.ledger.reports.verify().await?))
                .unwrap()
                .broken
                .is_none()
        );
    }

    #[test]
    fn commands_need_only_the_secrets_that_they_use() {
        let (_folder, path) = folder();
        let text = fs::read_to_string(&path).unwrap();
        let made = needed_settings(&path, Needs::Accounts).unwrap();
        block_on(async { Ok(config::stores(&made.settings, &made.folder, Opening::Trusted).await.map(|_| ())) })
            .unwrap()
            .unwrap();
        let unset = "LANDFALL_TEST_UNSET";
        let source = format!("source: {{ kind: sql, url: '${{{unset}}}', record: 'SELECT ${{{unset}}}' }}");
        let text = text.replace("source: { kind: file, path: a.ndjson, logins: [ $.login ] }", &source)
            + format!(
                "service: {{ callers: [ {{ name: idp, bearer: '${{{unset}}}' }} ], header_timeout: '${{{unset}}}' }}\n"
            )
            .as_str();
        let text = text.replace(
            "hooks: { ",
            "hooks: { webhooks: [ { name: a, url: 'https://a.example', secret: 'file:no.key' } ], ",
        );
        fs::write(&path, &text).unwrap();
        assert!(Settings::read(&path).unwrap().loaded.is_none());
        assert_eq!(migrated(&path).unwrap(), 0);
        ledger(&path, Opening::Existing, async |_| Ok(())).unwrap();
        // the accounts need a pepper, the ledger alone does not
        let peppers = format!("password: {{ peppers: [ {{ id: a, secret: '${{{unset}}}' }} ] }}\n");
        fs::write(&path, text + peppers.as_str()).unwrap();
        assert_eq!(migrated(&path).unwrap_err().to_string(), format!("`{}` has errors", path.display()));
        ledger(&path, Opening::Existing, async |_| Ok(())).unwrap();
    }
}
