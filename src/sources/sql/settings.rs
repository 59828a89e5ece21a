//! The settings of a source that is a database.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

/// The database, and the queries that make a record.
///
/// Queries name what they are given: `:identifier` is the identifier in its one spelling, `:typed` is what was typed; in the
/// queries of lists, every other name is a column of the record. There is no other way for a value into a query.
///
/// ```
/// let settings: landfall::sources::SqlSettings = serde_yaml::from_str(r#"
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
    /// `sqlite:<path>`. It is secret as a whole, since the addresses of database servers hold passwords.
    pub url: SecretString,
    /// The query of the record. Two rows are an error: which of them the customer is, is not for us to say.
    ///
    /// The identifier is in its one spelling and columns may hold any: `COLLATE landfall` compares identifiers and not letters.
    /// It looks at every row.
    pub record: String,
    /// More members of the record, each from a query of its own.
    #[serde(default)]
    pub lists: BTreeMap<String, ListSettings>,
    /// Rows of one list. Stops a broken relation from filling the memory; 1000 admits a WordPress user with every plugin.
    #[serde(default = "list_rows")]
    pub list_rows: usize,
    /// Bytes of the JSON text of one record, lists included. Stops blobs of photos from filling the memory; 1 MiB admits one.
    #[serde(default = "record_bytes")]
    pub record_bytes: usize,
    /// Connections that are open at the same time. Stops a flood of logins from taking all connections of the database.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// One more member of a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSettings {
    /// The query; it names at least one column of the record.
    pub query: String,
    /// What its rows become.
    #[serde(default, rename = "as")]
    pub shape: ListShape,
    /// The column of the names, for [`ListShape::Map`].
    #[serde(default)]
    pub key: Option<String>,
    /// The column of the values, for [`ListShape::Map`].
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

/// What the rows of a list become.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListShape {
    /// A list of objects, one per row.
    #[default]
    Rows,
    /// A list of the values of the only column.
    Values,
    /// One object: the column `key` gives names, the column `value` values. A name that is there twice gets a list.
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
    /// A database with this query, everything else by default.
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
