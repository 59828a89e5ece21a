//! All adapters that settings can name: one row for each `kind`. `config` iterates over the rows and knows no adapter, so an
//! adapter is a folder, a row here, and a cargo feature.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::accounts::AccountStoreSettings;
#[cfg(feature = "postgres")]
use super::accounts::is_postgres;
use super::file::{FileReport, FileSettings};
use super::handover::HandoverSettings;
use super::http::{HttpSettings, HttpTargetSettings, HttpVerifierSettings, HttpWriteBack};
#[cfg(feature = "ldap")]
use super::ldap::{LdapSettings, LdapVerifierSettings, LdapWriteBack};
#[cfg(feature = "postgres")]
use super::postgres;
use super::scim::ScimSettings;
use super::sql::{SqlSettings, SqlWriteBack};
use super::sqlite;
#[cfg(test)]
use super::suites;
pub use super::write_back::{UsedValue, WriteBackAdapter, WriteBackContext};
use crate::diag::{Files, Findings, Severity};
use crate::formats::{Format, Records};
use crate::hashing::Hasher;
use crate::ports::{
    AuditHead, BoxFuture, IdentifierProfile, Keyring, OpenLedger, PortError, PortErrorKind, SharedLimits, Source,
    Target, Verifier,
};
use crate::settings::{AdapterSettings, FileSetting, Reporter};

/// Why an adapter cannot be opened with valid settings.
pub type OpenError = Box<dyn std::error::Error + Send + Sync>;

/// What a source is given when it is opened.
#[derive(Debug)]
pub struct SourceContext<'c> {
    /// The folder that paths in settings are relative to.
    pub folder: &'c Path,
    /// How identifiers are normalized.
    pub identifiers: IdentifierProfile,
}

/// A source that is ready to be asked.
pub struct OpenSource {
    /// The source.
    pub source: Arc<dyn Source>,
    /// What was found when an export was read.
    pub report: Option<FileReport>,
}

/// All records of a source.
pub enum Listing {
    /// Those of an export.
    Export {
        /// The file.
        path: PathBuf,
        /// Its format, if the settings say it.
        format: Option<Format>,
        /// The path of the list that contains the records, if the settings say it.
        records: Option<String>,
        /// The names of the columns, if there is no header row.
        columns: Option<Vec<String>>,
    },
    /// Those of another system, read page by page. Reading blocks, and happens within a tokio runtime.
    Records(Records),
}

/// Why a source does not list its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What became of trying a source out. Contains no value of a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trial {
    /// What was found, in one line, such as the product and its version; `None` if the source cannot be used.
    pub summary: Option<String>,
    /// The parts of a record: the record itself, and then its lists.
    pub parts: Vec<Part>,
    /// What is wrong.
    pub findings: Vec<TrialFinding>,
}

impl Trial {
    /// How long trying out may take. Longer than a login waits, so that a slow system is seen as what it is.
    pub(in crate::adapters) const PATIENCE: Duration = Duration::from_secs(10);
}

/// A part of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `record`, or the name of a list.
    pub name: String,
    /// Its members: names, and types in the words of the source.
    pub columns: Vec<(String, String)>,
}

/// Something wrong that was found by trying a source out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialFinding {
    /// How bad it is.
    pub severity: Severity,
    /// Its code.
    pub code: &'static str,
    /// The setting, relative to the section.
    pub key: String,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The settings of a source.
pub trait SourceAdapter: AdapterSettings {
    /// Reports mistakes that show only once the secrets have been read. Opens nothing.
    fn check_secrets(&self, _context: SourceContext<'_>, _reporter: &mut Reporter<'_>) {}

    /// Tries the source out, for `check --connect`. Must be called within a tokio runtime.
    fn connect<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Trial>;

    /// Whether the operator guarantees that every login belongs to one customer.
    fn unique_logins(&self) -> bool;

    /// The maximum size of the JSON text of one record, in bytes.
    fn record_limit(&self) -> usize;

    /// Opens the source. Must be called within a tokio runtime.
    fn open<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Result<OpenSource, OpenError>>;

    /// All records, for `landfall bulk`. Reads nothing yet. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If the source is asked for one record at a time.
    fn listing(&self, _context: SourceContext<'_>) -> Result<Listing, Unlisted> {
        Err(Unlisted {
            message: format!("the source `{}` cannot list its records", self.name()),
            help: "export the records from the legacy system, and give the file with `--in`".to_owned(),
        })
    }
}

/// What a verifier is given when it is opened.
#[derive(Debug)]
pub struct VerifierContext<'c> {
    /// Its name: its key in the settings.
    pub name: &'c str,
    /// The folder that paths in settings are relative to.
    pub folder: &'c Path,
    /// How identifiers are normalized.
    pub identifiers: IdentifierProfile,
}

/// The settings of a verifier.
pub trait VerifierAdapter: AdapterSettings {
    /// Reports mistakes that show only once the secrets have been read. Opens nothing.
    fn check_secrets(&self, _context: VerifierContext<'_>, _reporter: &mut Reporter<'_>) {}

    /// Tries the verifier out, for `check --connect`. Verifies no password. Must be called within a tokio runtime.
    fn connect<'a>(&'a self, context: VerifierContext<'a>) -> BoxFuture<'a, Trial>;

    /// Opens the verifier. Must be called within a tokio runtime.
    fn open<'a>(&'a self, context: VerifierContext<'a>) -> BoxFuture<'a, Result<Arc<dyn Verifier>, OpenError>>;
}

/// What a target is given when it is opened.
pub struct TargetContext<'c> {
    /// The folder that paths in settings are relative to.
    pub folder: &'c Path,
    /// Computes the hashes of stored passwords.
    pub hasher: Arc<Hasher>,
    /// Whether a store that does not exist is created.
    pub may_create: bool,
    /// Counts calls to remote systems for all instances.
    pub limits: Arc<dyn SharedLimits>,
}

/// The API of a product that stores accounts, for bridges whose product does not say in a request who the customer is.
pub trait ProductApi: Send + Sync {
    /// Gets a path below the address of the product; `None` if there is nothing.
    fn get<'a>(&'a self, path: &'a str, request_id: &'a str) -> BoxFuture<'a, Result<Option<Value>, PortError>>;
}

/// The settings of a target.
pub trait TargetAdapter: AdapterSettings {
    /// The address of the account store; empty if there is none.
    fn url(&self) -> &str;

    /// Whether the identity providers that ask bridges store the accounts.
    fn is_handover(&self) -> bool {
        false
    }

    /// Whether accounts are found by login, as in Landfall's own account store.
    fn finds_logins(&self) -> bool {
        false
    }

    /// Reports mistakes that show only once the secrets have been read. Opens nothing. Paths in settings are relative to
    /// the folder.
    fn check_secrets(&self, _folder: &Path, _reporter: &mut Reporter<'_>) {}

    /// Compiles the rules that make the accounts of the target, and adds their findings.
    fn check_rules(&self, _folder: &Path, _files: &mut Files, _findings: &mut Findings) {}

    /// Tries the target out, for `check --connect`; `None` if there is nothing to connect to. Creates nothing. Must be
    /// called within a tokio runtime.
    fn connect<'a>(&'a self, _folder: &'a Path) -> BoxFuture<'a, Option<Trial>> {
        Box::pin(async { None })
    }

    /// Opens the target. Must be called within a tokio runtime.
    fn open<'a>(&'a self, context: TargetContext<'a>) -> BoxFuture<'a, Result<Arc<dyn Target>, PortError>>;

    /// The API of the product that stores the accounts; `None` if it has none. Connects to nothing.
    ///
    /// # Errors
    /// [`PortErrorKind::Misconfigured`](crate::ports::PortErrorKind::Misconfigured).
    fn api(&self, _folder: &Path) -> Result<Option<Arc<dyn ProductApi>>, PortError> {
        Ok(None)
    }
}

/// How to open a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// For a service: the ledger is created if it is missing. The audit must be complete.
    Trusted,
    /// For a command: the ledger must exist. The audit must be complete.
    Existing,
    /// For an inspection that accepts a damaged audit; the ledger must exist.
    Inspect,
}

/// What a ledger is given when it is opened.
#[derive(Debug)]
pub struct LedgerContext<'c> {
    /// Its address.
    pub url: &'c str,
    /// The folder that paths in settings are relative to.
    pub folder: &'c Path,
    /// The keys of the customer digests.
    pub keyring: Arc<Keyring>,
    /// How to open it.
    pub opening: Opening,
}

/// What an adapter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Has the legacy records.
    Source,
    /// Verifies passwords.
    Verifier,
    /// Stores the accounts.
    Target,
    /// Keeps the ledger.
    Ledger,
    /// Tells a legacy system of migrated customers.
    WriteBack,
}

impl Role {
    /// The section of the settings.
    #[must_use]
    pub fn section(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Verifier => "verifiers",
            Self::Target => "target",
            Self::Ledger => "ledger",
            Self::WriteBack => "write_back",
        }
    }
}

/// An adapter in one role.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What it does.
    pub role: Role,
    /// Its name: `kind` in the settings; for the ledger, the scheme of its address.
    pub kind: &'static str,
    /// What users need to know: an example, required privileges, limits. In Markdown.
    pub docs: &'static str,
    /// The schema of its settings; `None` for the ledger, whose settings are the same for every adapter.
    pub schema: Option<fn() -> Schema>,
    /// A test that runs the suite of its role over it.
    #[cfg(test)]
    suite: fn(),
}

/// The schema of settings.
fn schema<T: JsonSchema>() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<T>()
}

/// Turns rows into an enum whose variants are named by `kind`, a list of [`Row`]s, and the way from a variant to the
/// trait of its role. The doc comment of a row is what the reference says about its kind.
macro_rules! kinds {
    (
        $(#[$about:meta])*
        $name:ident is dyn $adapter:ident, $role:ident, rows $rows:ident {
            $(
                $(#[doc = $doc:literal])+ $(#[cfg($cfg:meta)])?
                $kind:literal => $variant:ident($settings:ty), docs $docs:literal, suite $suite:path;
            )+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
        #[schemars(tag = "kind")]
        pub enum $name {
            $($(#[doc = $doc])+ $(#[cfg($cfg)])? #[serde(rename = $kind)] $variant($settings),)+
        }

        impl $name {
            /// The settings of the adapter.
            #[must_use]
            pub fn adapter(&self) -> &dyn $adapter {
                // by value, because without features there may be no kind at all
                match *self {
                    $($(#[cfg($cfg)])? Self::$variant(ref settings) => settings,)+
                }
            }

            /// The settings of the adapter, to be changed.
            pub fn adapter_mut(&mut self) -> &mut dyn $adapter {
                match *self {
                    $($(#[cfg($cfg)])? Self::$variant(ref mut settings) => settings,)+
                }
            }
        }

        const $rows: &[Row] = &[
            $($(#[cfg($cfg)])? Row {
                role: Role::$role,
                kind: $kind,
                docs: include_str!($docs),
                schema: Some(schema::<$settings>),
                #[cfg(test)]
                suite: $suite,
            },)+
        ];
    };
}

kinds! {
    /// Where legacy records come from.
    SourceSettings is dyn SourceAdapter, Source, rows SOURCES {
        /// An export.
        "file" => File(FileSettings), docs "file/docs.md",
            suite suites::source::file_source_passes_in_every_format;
        /// A database that is queried at each login.
        "sql" => Sql(SqlSettings), docs "sql/docs.md", suite suites::source::sqlite_source_passes;
        /// A web API that is asked at each login.
        "http" => Http(HttpSettings), docs "http/docs.md", suite suites::source::http_source_passes;
        /// An LDAP directory or Active Directory that is searched at each login.
        #[cfg(feature = "ldap")]
        "ldap" => Ldap(LdapSettings), docs "ldap/docs.md", suite suites::source::ldap_source_passes;
    }
}

kinds! {
    /// What verifies passwords, besides the check of stored hashes.
    VerifierSettings is dyn VerifierAdapter, Verifier, rows VERIFIERS {
        /// A request to a web API.
        "http" => Http(HttpVerifierSettings), docs "http/verifier.md",
            suite super::http::answers_have_the_meaning_of_their_conditions;
        /// A bind at an LDAP directory or Active Directory.
        #[cfg(feature = "ldap")]
        "ldap" => Ldap(LdapVerifierSettings), docs "ldap/verifier.md",
            suite super::ldap::policies_of_directories_are_read;
    }
}

kinds! {
    /// Where accounts are stored.
    TargetSettings is dyn TargetAdapter, Target, rows TARGETS {
        /// Landfall's own account store.
        "sql" => Sql(AccountStoreSettings), docs "sqlite/docs.md", suite suites::target::account_store_passes;
        /// A product's API, by requests and rules that are data.
        "http" => Http(HttpTargetSettings), docs "http/target/docs.md", suite super::http::http_target_passes;
        /// A SCIM 2.0 service.
        "scim" => Scim(ScimSettings), docs "scim/docs.md", suite super::scim::scim_target_passes;
        /// The identity provider that asks a bridge.
        "handover" => Handover(HandoverSettings), docs "handover/docs.md",
            suite super::handover::nobody_is_ever_there;
    }
}

kinds! {
    /// How a legacy system is told of migrated customers.
    WriteBackKind is dyn WriteBackAdapter, WriteBack, rows WRITE_BACKS {
        /// A statement in a database.
        "sql" => Sql(SqlWriteBack), docs "sql/write_back.md", suite suites::write_back::sqlite_is_written_back;
        /// A request to a web API.
        "http" => Http(HttpWriteBack), docs "http/write_back.md", suite super::http::http_is_written_back;
        /// A change of an entry in an LDAP directory or Active Directory.
        #[cfg(feature = "ldap")]
        "ldap" => Ldap(LdapWriteBack), docs "ldap/write_back.md", suite super::ldap::attributes_are_written_back;
    }
}

/// An adapter that keeps the ledger, chosen by the scheme of `ledger.url`.
struct LedgerAdapter {
    row: Row,
    /// The schemes of its addresses, without the colon.
    schemes: &'static [&'static str],
    /// Reports an address that cannot be used; the key is relative to the section, paths to the folder.
    check: fn(key: &str, url: &str, folder: &Path, &mut Reporter<'_>),
    /// The file of an address, if the ledger is a file.
    file: fn(key: &'static str, url: &str) -> Option<FileSetting>,
    /// Tries the ledger out; `None` if there is nothing to connect to.
    connect: for<'c> fn(url: &'c str, folder: &'c Path) -> BoxFuture<'c, Option<Trial>>,
    open: for<'c> fn(LedgerContext<'c>) -> BoxFuture<'c, Result<OpenLedger, PortError>>,
}

/// The ledgers. The first one also reports addresses with unknown schemes.
const LEDGERS: &[LedgerAdapter] = &[
    LedgerAdapter {
        row: Row {
            role: Role::Ledger,
            kind: "sqlite",
            docs: include_str!("sqlite/docs.md"),
            schema: None,
            #[cfg(test)]
            suite: suites::ledger::in_a_file::a_claim_is_held_until_its_lease_expires,
        },
        schemes: &["sqlite"],
        check: sqlite::check_file,
        file: |key, url| Some(sqlite::private_file(key, url)),
        connect: |_, _| Box::pin(async { None }),
        open: sqlite::open_ledger,
    },
    #[cfg(feature = "postgres")]
    LedgerAdapter {
        row: Row {
            role: Role::Ledger,
            kind: "postgres",
            docs: include_str!("postgres/stores/docs.md"),
            schema: None,
            #[cfg(test)]
            suite: suites::ledger::in_postgres::a_claim_is_held_until_its_lease_expires,
        },
        schemes: &["postgres", "postgresql"],
        check: postgres::check_address,
        file: |_, _| None,
        connect: |url, folder| Box::pin(async move { Some(postgres::try_ledger(url, folder).await) }),
        open: postgres::open_ledger,
    },
];

fn ledger(url: &str) -> Option<&'static LedgerAdapter> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    LEDGERS.iter().find(|ledger| ledger.schemes.contains(&scheme)).or(LEDGERS.first())
}

/// Reports an address of a ledger that cannot be used.
pub fn check_ledger(key: &str, url: &str, folder: &Path, reporter: &mut Reporter<'_>) {
    if let Some(ledger) = ledger(url) {
        (ledger.check)(key, url, folder, reporter);
    }
}

/// Tries the ledger of an address out, for `check --connect`; `None` if there is nothing to connect to. Creates nothing.
/// Must be called within a tokio runtime.
pub async fn try_ledger(url: &str, folder: &Path) -> Option<Trial> {
    (ledger(url)?.connect)(url, folder).await
}

/// Opens the ledger of an address. Must be called within a tokio runtime.
///
/// # Errors
/// If it cannot be opened.
pub async fn open_ledger(context: LedgerContext<'_>) -> Result<OpenLedger, PortError> {
    let Some(ledger) = ledger(context.url) else {
        return Err(PortError::new(PortErrorKind::Misconfigured, "ledger", "open").because("no ledger is known"));
    };
    (ledger.open)(context).await
}

/// What is moved from files to a database.
#[derive(Debug)]
pub struct Copying<'c> {
    /// The file of the ledger.
    pub ledger_file: &'c str,
    /// The file of the account store that the ledger belongs to; `None` if it stays where it is.
    pub accounts_file: Option<&'c str>,
    /// The address of the new ledger.
    pub ledger_url: &'c str,
    /// The name and the address of the new account store.
    pub accounts: (&'c str, &'c str),
    /// The folder that paths in addresses are relative to.
    pub folder: &'c Path,
    /// The keys of the customer digests, which stay the same.
    pub keyring: Arc<Keyring>,
}

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Entries of customers.
    pub entries: u64,
    /// Accounts.
    pub accounts: u64,
    /// The head of the audit, which was verified in the new ledger.
    pub head: AuditHead,
}

/// Moves a ledger from an SQLite file to a PostgreSQL database, and its account store. Must be called within a tokio
/// runtime.
///
/// # Errors
/// If something cannot be read or written, or the new ledger is not empty. Nothing was moved then, and it can be tried
/// again.
pub async fn copy_ledger(copying: Copying<'_>) -> Result<Copied, PortError> {
    #[cfg(feature = "postgres")]
    if is_postgres(copying.ledger_url) && (copying.accounts_file.is_none() || is_postgres(copying.accounts.1)) {
        return postgres::copy(copying).await;
    }
    let _ = copying;
    Err(PortError::new(PortErrorKind::Unsupported, "ledger", "copy")
        .because("a ledger is copied from `sqlite:` to `postgres://` only; the settings name the new addresses"))
}

/// The path in the address of a file, relative to a folder.
#[must_use]
pub fn path_of_file(url: &str, folder: &Path) -> Option<String> {
    url.starts_with("sqlite:").then(|| sqlite::located(url, folder))
}

/// The file of a ledger, if it is one.
#[must_use]
pub fn ledger_file(key: &'static str, url: &str) -> Option<FileSetting> {
    ledger(url).and_then(|ledger| (ledger.file)(key, url))
}

/// All rows.
pub fn rows() -> impl Iterator<Item = Row> {
    SOURCES
        .iter()
        .chain(VERIFIERS)
        .chain(TARGETS)
        .chain(WRITE_BACKS)
        .copied()
        .chain(LEDGERS.iter().map(|ledger| ledger.row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_docs_a_schema_and_a_suite() {
        for row in rows() {
            let place = format!("{} {}", row.role.section(), row.kind);
            assert!(row.docs.starts_with("### "), "{place}: the docs have no title");
            for part in ["```yaml settings\n", "**Privileges.**", "**Limits.**"] {
                assert!(row.docs.contains(part), "{place}: the docs have no {part}");
            }
            let schema = row.schema.map(|schema| schema().to_value());
            let has_keys = schema.as_ref().is_none_or(|schema| {
                let keys = schema["properties"].as_object().expect("keys");
                !keys.is_empty() && schema["additionalProperties"] == false
            });
            assert!(has_keys, "{place}: {schema:?}");
            // a row that names no suite does not compile
            let _: fn() = row.suite;
        }
    }
}
