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
    /// An export.
    File(FileSource),
    /// A database that is asked at each login.
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

    /// Whether the operator says that every login leads to one customer.
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
    /// Its format; by the ending of its name or its first bytes when it is not set.
    #[serde(default)]
    pub format: Option<RecordFormat>,
    /// The path of the list of records in a document.
    #[serde(default)]
    pub records: Option<String>,
    /// Paths in a record to what its customer may type to sign in.
    pub logins: Vec<String>,
    /// Whether every login leads to one customer, so that none is looked up before an account is made.
    #[serde(default)]
    pub unique_logins: bool,
    /// Bytes of the JSON text of one record.
    #[serde(default = "file_record", with = "units::size")]
    pub record_limit: u64,
    /// The folder for the lines of a file that is not NDJSON; the one for temporary files when it is not set.
    #[serde(default)]
    pub spool: Option<PathBuf>,
}

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordFormat {
    /// One JSON object per line.
    Ndjson,
    /// A JSON list.
    Json,
    /// CSV with a line of names.
    Csv,
    /// LDIF (RFC 2849).
    Ldif,
    /// A YAML list.
    Yaml,
}

impl RecordFormat {
    /// The name, as in the settings.
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

/// A database that is asked at each login.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SqlSource {
    /// The name of the source.
    #[serde(default = "name")]
    pub name: String,
    /// The address of the database.
    pub url: Secret,
    /// The query of the record; `:identifier` stands for the identifier in its one spelling, `:typed` for what was typed.
    pub record: String,
    /// Whether every login leads to one customer, so that none is looked up before an account is made.
    #[serde(default)]
    pub unique_logins: bool,
    /// More members of the record, each from a query of its own.
    #[serde(default)]
    pub lists: BTreeMap<String, RecordList>,
    /// Rows of one list.
    #[serde(default = "list_rows")]
    pub list_rows: u32,
    /// Bytes of the JSON text of one record, lists included.
    #[serde(default = "sql_record", with = "units::size")]
    pub record_limit: u64,
    /// Connections that are open at the same time.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// One more member of a record.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RecordList {
    /// The query; it names at least one column of the record, such as `:ID`.
    pub query: String,
    /// What its rows become.
    #[serde(default, rename = "as")]
    pub shape: ListShape,
    /// The column of the names, for maps.
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
    /// One object of names and values.
    Map,
}

fn name() -> String {
    "legacy".to_owned()
}

/// What the engine admits: a profile with hundreds of addresses.
fn file_record() -> u64 {
    256 * 1024
}

/// One photo in a record.
fn sql_record() -> u64 {
    1024 * 1024
}

fn list_rows() -> u32 {
    1000
}

fn connections() -> u32 {
    4
}
