//! Where legacy records come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Secret;
use crate::config::units;

/// Where legacy records come from.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceSettings {
    /// A file exported from the legacy system.
    File(FileSource),
    /// A database that is queried at each login.
    Sql(SqlSource),
}

impl SourceSettings {
    /// The name of the source, which is part of every customer's key in the ledger.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::File(file) => &file.name,
            Self::Sql(sql) => &sql.name,
        }
    }

    /// Whether the operator guarantees that every login belongs to one customer.
    #[must_use]
    pub fn unique_logins(&self) -> bool {
        match self {
            Self::File(file) => file.unique_logins,
            Self::Sql(sql) => sql.unique_logins,
        }
    }
}

/// An export: one file of records.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FileSource {
    /// The name of the source.
    #[serde(default = "name")]
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The format; detected from the file extension or the first bytes by default.
    #[serde(default)]
    pub format: Option<RecordFormat>,
    /// The path of the list of records in a document.
    #[serde(default)]
    pub records: Option<String>,
    /// Paths to the logins in a record.
    pub logins: Vec<String>,
    /// Whether every login belongs to one customer, so that no lookups are needed before an account is created.
    #[serde(default)]
    pub unique_logins: bool,
    /// The maximum size of the JSON text of one record.
    #[serde(default = "file_record", with = "units::size")]
    pub record_limit: u64,
    /// The folder for the converted lines of a file that is not NDJSON; by default the folder for temporary files.
    #[serde(default)]
    pub spool: Option<PathBuf>,
}

/// The format of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordFormat {
    /// One JSON object per line.
    Ndjson,
    /// A JSON list.
    Json,
    /// CSV with a header line.
    Csv,
    /// LDIF (RFC 2849).
    Ldif,
    /// A YAML list.
    Yaml,
}

impl RecordFormat {
    /// The name in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Ldif => "ldif",
            Self::Yaml => "yaml",
        }
    }
}

/// A database that is queried at each login.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SqlSource {
    /// The name of the source.
    #[serde(default = "name")]
    pub name: String,
    /// The address of the database.
    pub url: Secret,
    /// The query of the record; `:identifier` is the normalized identifier, `:typed` the one that was typed.
    pub record: String,
    /// Whether every login belongs to one customer, so that no lookups are needed before an account is created.
    #[serde(default)]
    pub unique_logins: bool,
    /// Further members of the record, each with its own query.
    #[serde(default)]
    pub lists: BTreeMap<String, RecordList>,
    /// The maximum number of rows in one list.
    #[serde(default = "list_rows")]
    pub list_rows: u32,
    /// The maximum size of the JSON text of one record, lists included.
    #[serde(default = "sql_record", with = "units::size")]
    pub record_limit: u64,
    /// The maximum number of connections.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// A member of a record with its own query.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RecordList {
    /// The query; it has at least one column of the record as a parameter, such as `:ID`.
    pub query: String,
    /// What the rows become.
    #[serde(default, rename = "as")]
    pub shape: ListShape,
    /// The column of the keys, for maps.
    #[serde(default)]
    pub key: Option<String>,
    /// The column of the values, for maps.
    #[serde(default)]
    pub value: Option<String>,
}

/// What the rows of a list become.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListShape {
    /// A list of objects.
    #[default]
    Rows,
    /// A list of the values of the only column.
    Values,
    /// An object of keys and values.
    Map,
}

fn name() -> String {
    "legacy".to_owned()
}

/// The default of the engine: room for a profile with hundreds of addresses.
fn file_record() -> u64 {
    256 * 1024
}

/// Room for one photo in a record.
fn sql_record() -> u64 {
    1024 * 1024
}

fn list_rows() -> u32 {
    1000
}

fn connections() -> u32 {
    4
}
