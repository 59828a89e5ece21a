//! The settings of a database source.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

/// The database, and the queries that build a record.
///
/// Queries use named parameters: `:identifier` is the canonical identifier, `:typed` is the identifier as typed; in the
/// queries of lists, every other name is a column of the record. Values cannot enter a query in any other way.
///
/// ```
/// let settings: landfall::adapters::sql::SqlSettings = serde_yaml::from_str(r#"
/// url: sqlite:legacy/wordpress.db
/// record: >-
///   SELECT * FROM wp_users WHERE user_login = :identifier COLLATE landfall OR user_email = :identifier COLLATE landfall
/// lists:
///   meta: { query: 'SELECT meta_key, meta_value FROM wp_usermeta WHERE user_id = :ID ORDER BY umeta_id' }
/// "#)?;
/// assert_eq!(settings.connections, 4);
/// # Ok::<(), serde_yaml::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlSettings {
    /// `sqlite:<path>`. Secret as a whole, since the addresses of database servers contain passwords.
    pub url: SecretString,
    /// The query for the record. Two rows are an error, because we must not guess which one is the customer's.
    ///
    /// The identifier is canonical but columns may contain any spelling: `COLLATE landfall` compares identifiers
    /// instead of letters. It scans every row.
    pub record: String,
    /// Additional members of the record, each from its own query.
    #[serde(default)]
    pub lists: BTreeMap<String, ListSettings>,
    /// The maximum number of rows in a list. Stops a broken relation from filling the memory; 1000 allows for a
    /// WordPress user with every plugin.
    #[serde(default = "list_rows")]
    pub list_rows: usize,
    /// The maximum size of one record's JSON text in bytes, including lists. Stops photos stored as blobs from filling
    /// the memory; 1 MiB allows for one.
    #[serde(default = "record_bytes")]
    pub record_bytes: usize,
    /// The maximum number of open connections. Stops a flood of logins from taking all connections of the database.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// An additional member of a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSettings {
    /// The query; it uses at least one column of the record.
    pub query: String,
    /// How its rows are converted.
    #[serde(default, rename = "as")]
    pub shape: ListShape,
    /// The column with the names, for [`ListShape::Map`].
    #[serde(default)]
    pub key: Option<String>,
    /// The column with the values, for [`ListShape::Map`].
    #[serde(default)]
    pub value: Option<String>,
}

impl ListSettings {
    /// A list of objects, one per row of a query.
    #[must_use]
    pub fn rows(query: impl Into<String>) -> Self {
        Self { query: query.into(), shape: ListShape::Rows, key: None, value: None }
    }
}

/// How the rows of a list are converted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListShape {
    /// A list of objects, one per row.
    #[default]
    Rows,
    /// A list of the values of the only column.
    Values,
    /// One object: the column `key` has the names, the column `value` the values. A name that occurs twice gets a list.
    Map,
}

fn list_rows() -> usize {
    1000
}

fn record_bytes() -> usize {
    1024 * 1024
}

fn connections() -> u32 {
    4
}

impl SqlSettings {
    /// A database with this query and default settings.
    #[must_use]
    pub fn new(url: impl Into<String>, record: impl Into<String>) -> Self {
        Self {
            url: SecretString::from(url.into()),
            record: record.into(),
            lists: BTreeMap::new(),
            list_rows: list_rows(),
            record_bytes: record_bytes(),
            connections: connections(),
        }
    }
}
