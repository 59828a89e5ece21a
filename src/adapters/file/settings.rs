//! The settings of a file source.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FileReport, FileSource};
use crate::adapters::registry::{
    Listing, OpenError, OpenSource, SourceAdapter, SourceContext, Trial, TrialFinding, Unlisted,
};
use crate::diag::Severity;
use crate::formats::Format;
use crate::ports::BoxFuture;
use crate::rules::RecordsPath;
use crate::settings::{AdapterSettings, FileSetting, FileUse, Reporter, units};

/// An export: one file of records.
///
/// ```
/// let settings: landfall::adapters::file::FileSettings = serde_yaml::from_str(
///     "{ path: legacy/users.ndjson, logins: [ $.user_login, $.user_email ] }",
/// )?;
/// assert_eq!(settings.record_limit, 262_144);
/// # Ok::<(), serde_yaml::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// Part of every customer's key in the ledger. Never change it after customers were migrated.
    #[serde(default = "crate::adapters::legacy")]
    pub name: String,
    /// The export.
    pub path: PathBuf,
    /// `ndjson`, `json`, `csv`, `ldif` or `yaml`; if not set, detected from the file name or the first bytes.
    #[serde(default)]
    pub format: Option<Format>,
    /// The path of the list that contains the records, in JSON, NDJSON and YAML documents such as
    /// `{ "users": [ … ], "total": 2 }`. A path without such a list is an error that names the lists of the document. When
    /// it is not set, a document is a list of records or one record; a document in which only one member contains data,
    /// and that member is a list of objects, stands for that list. The log says at the start where the records were read.
    /// `$` is the document itself.
    #[serde(default)]
    pub records: Option<String>,
    /// The names of the columns of CSV without a header row; its first row is a record.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// Paths in a record to what its customer may type; a path may find several values. If two records have the same
    /// login, the start reports it, and neither customer can sign in with it. Records that cannot be read are counted at
    /// the start: their customers are refused like unknown ones, and the sign-up check answers 503 for every identifier
    /// that it does not find, because it may belong to one of them.
    pub logins: Vec<String>,
    /// Whether you know that no login of any record (user name, address, whatever `identify` lists) also leads to another
    /// customer. Then nothing is looked up before an account is created, see `login.lookups`. If this is wrong, customers
    /// can take over each other's logins.
    #[serde(default)]
    pub unique_logins: bool,
    /// Bytes of one record. Prevents one huge record from slowing down logins; admits a profile with hundreds of addresses.
    #[serde(default = "record_limit", with = "units::Size")]
    pub record_limit: usize,
    /// The folder for the records of a YAML file, stored in an unnamed file; the system's folder for temporary
    /// files if not set.
    #[serde(default)]
    pub spool: Option<PathBuf>,
    /// The file in which the index is kept, so that the next start need not read an export that has not changed. It holds
    /// salted hashes of logins and positions in the export, no values. If not set, `EXPORT.landfall-index` beside an export
    /// of more than 16 MiB; `memory` keeps no file.
    #[serde(default)]
    pub index: Option<PathBuf>,
}

/// What the engine allows.
fn record_limit() -> usize {
    256 * 1024
}

impl FileSettings {
    /// A file with these logins and default settings.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, logins: &[&str]) -> Self {
        Self {
            name: crate::adapters::legacy(),
            path: path.into(),
            format: None,
            records: None,
            columns: None,
            logins: logins.iter().map(|&path| path.to_owned()).collect(),
            unique_logins: false,
            record_limit: record_limit(),
            spool: None,
            index: None,
        }
    }

    /// The format from the settings or the extension; `None` if it must be detected from the first bytes.
    pub(super) fn named_format(&self) -> Option<Format> {
        let by_columns = self.columns.as_ref().map(|_| Format::Csv);
        self.format.or(by_columns).or_else(|| Format::from_extension(self.path.extension()?.to_str()?))
    }
}

impl AdapterSettings for FileSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        reporter.bound("record_limit", self.record_limit.try_into().unwrap_or(u64::MAX), 1024, 16 * 1024 * 1024);
        if let Some(Err(problem)) = self.records.as_deref().map(str::parse::<RecordsPath>) {
            reporter.error("R507", "records", "`source.records` is not the path of a list", problem);
        }
        if let Some(columns) = &self.columns {
            check_columns(columns, self.format, reporter);
        }
        if self.index.as_ref() == Some(&self.path) {
            let help = "set another file, or leave `index` out";
            reporter.error("R508", "index", "`source.index` is the export itself", help);
        }
        if self.logins.is_empty() {
            let help = "list the fields with the logins of a customer: `logins: [ $.user_login ]`";
            reporter.error("R507", "logins", "a source without logins never finds a customer", help);
        }
    }

    fn files(&self) -> Vec<FileSetting> {
        vec![FileSetting { key: "path", path: self.path.clone(), usage: FileUse::Records }]
    }
}

impl SourceAdapter for FileSettings {
    fn unique_logins(&self) -> bool {
        self.unique_logins
    }

    fn record_limit(&self) -> usize {
        self.record_limit
    }

    fn connect<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Trial> {
        Box::pin(async move {
            match self.open(context).await {
                Ok(OpenSource { report, .. }) => {
                    let nobody = report.as_ref().and_then(FileReport::nobody);
                    let findings = nobody.map(without_customers).into_iter().collect();
                    Trial { summary: report.map(|report| summary(&report)), findings, ..Trial::default() }
                }
                Err(error) => {
                    let (key, message) = ("path".to_owned(), format!("the source cannot be used: {error}"));
                    let help = "check the file and its format; `landfall explain --record FILE` reads a record of it"
                        .to_owned();
                    let finding = TrialFinding { severity: Severity::Error, code: "R514", key, message, help };
                    Trial { findings: vec![finding], ..Trial::default() }
                }
            }
        })
    }

    fn listing(&self, context: SourceContext<'_>) -> Result<Listing, Unlisted> {
        let path = context.folder.join(&self.path);
        let (records, columns) = (self.records.clone(), self.columns.clone());
        Ok(Listing::Export { path, format: self.format, records, columns })
    }

    fn open<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Result<OpenSource, OpenError>> {
        let SourceContext { folder, identifiers } = context;
        let path = folder.join(&self.path);
        let spool = self.spool.as_ref().map(|spool| folder.join(spool));
        let index = self.index.as_ref().map(|place| match place.to_str() {
            Some("memory") => place.clone(),
            _ => folder.join(place),
        });
        let settings = Self { path, spool, index, ..self.clone() };
        Box::pin(async move {
            // indexing takes seconds per million records
            let source = tokio::task::spawn_blocking(move || FileSource::open(settings, identifiers)).await??;
            let report = Some(source.report().clone());
            Ok(OpenSource { source: Arc::new(source), report })
        })
    }
}

/// Columns are the names of CSV, each once.
fn check_columns(columns: &[String], format: Option<Format>, reporter: &mut Reporter<'_>) {
    if let Some(format) = format.filter(|format| *format != Format::Csv) {
        let message = format!("`source.columns` is for CSV, and `source.format` is `{}`", format.name());
        reporter.error("R508", "columns", message, "leave one of the two out");
    }
    let is_double = |at: usize, name: &String| columns.iter().take(at).any(|other| other.trim() == name.trim());
    let wrong = columns.iter().enumerate().any(|(at, name)| name.trim().is_empty() || is_double(at, name));
    if columns.is_empty() || wrong {
        let help = "name every column once: `columns: [ id, mail, password ]`";
        reporter.error("R507", "columns", "`source.columns` has no name, an empty one, or one twice", help);
    }
}

fn without_customers(message: &str) -> TrialFinding {
    TrialFinding {
        severity: Severity::Warning,
        code: "R514",
        key: "path".to_owned(),
        message: message.to_owned(),
        help: "check the file, its `format`, where its `records` are, and `logins`".to_owned(),
    }
}

/// What was read, in one line.
fn summary(report: &FileReport) -> String {
    let FileReport { records, logins, ambiguous, unread, .. } = report;
    format!(
        "{records} records with {logins} logins; logins of several records: {ambiguous}; records that cannot be read: {unread}"
    )
}
