//! The settings of a database source.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SqlSource;
use super::all::Pages;
use super::table::is_loose;
use crate::adapters::registry::{Listing, OpenError, OpenSource, SourceAdapter, SourceContext, Trial, Unlisted};
use crate::ports::BoxFuture;
use crate::settings::{AdapterSettings, Reporter, Secret, SecretSetting, SecretUse, units};

/// A database that is queried at each login.
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
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlSettings {
    /// Part of every customer's key in the ledger. Never change it after customers were migrated.
    #[serde(default = "crate::adapters::legacy")]
    pub name: String,
    /// Secret: `sqlite:PATH`, `postgres://USER:PASSWORD@HOST/DATABASE`, or `mysql://` or `mariadb://` with the same parts.
    pub url: Secret,
    /// The query for the record. `:identifier` is the normalised identifier, `:typed` is what was typed; there is no other
    /// way for a value to enter a query. Two rows are an error, because Landfall cannot decide which customer is meant.
    /// `COLLATE landfall` compares texts as identifiers: ignoring case, surrounding blanks, and the difference between
    /// composed and decomposed letters. SQLite's own `lower` knows only ASCII letters; with it, a customer stored as `ÄNNE`
    /// is not found, and `check --config` warns (R513). The collation reads every row. A query that compares `:typed` alone
    /// finds nobody for other spellings, and the account owns only the typed login.
    pub record: String,
    /// All records, for `landfall bulk`, page by page: a `query` that uses `:after`, and `by`, the column whose last value is
    /// `:after` of the next page. Its columns are those of `record`.
    #[serde(default)]
    pub all: Option<AllSettings>,
    /// Whether you know that no login of any record (user name, address, whatever `identify` lists) also leads to another
    /// customer. Then nothing is looked up before an account is created, see `login.lookups`. If this is wrong, customers
    /// can take over each other's logins.
    #[serde(default)]
    pub unique_logins: bool,
    /// More members of the record, by name, each with a `query` that uses columns of the record (`:ID`). `as` is `rows` (a
    /// list of objects, the default), `values` (a list of the only column) or `map` (one object; the columns `key` and
    /// `value` give names and values).
    #[serde(default)]
    pub lists: BTreeMap<String, ListSettings>,
    /// Rows of one list. Prevents a broken relation from filling the memory; admits a WordPress user with every plugin.
    #[serde(default = "list_rows")]
    pub list_rows: usize,
    /// Bytes of one record with its lists. Prevents blobs from filling the memory; admits one photo.
    #[serde(default = "record_limit", with = "units::Size")]
    pub record_limit: usize,
    /// Connections that are open at the same time. Prevents a flood of logins from taking all connections of the database.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// How all records are read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllSettings {
    /// The query for one page, such as `SELECT * FROM wp_users WHERE ID > :after ORDER BY ID LIMIT 500`.
    pub query: String,
    /// The column that the pages are ordered by. Its values differ.
    pub by: String,
    /// `:after` of the first page, below all values: a whole number or a text.
    #[serde(default)]
    pub start: Start,
}

/// Where the first page begins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Start {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

impl Default for Start {
    fn default() -> Self {
        Self::Number(0)
    }
}

/// An additional member of a record, with its own query.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSettings {
    /// The query; it uses at least one column of the record as a parameter, such as `:ID`.
    pub query: String,
    /// What the rows become.
    #[serde(default, rename = "as")]
    pub shape: ListShape,
    /// The column with the names, for `as: map`.
    #[serde(default)]
    pub key: Option<String>,
    /// The column with the values, for `as: map`.
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
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

fn record_limit() -> usize {
    1024 * 1024
}

fn connections() -> u32 {
    4
}

impl SqlSettings {
    /// A database with this query and default settings.
    #[must_use]
    pub fn new(url: impl AsRef<str>, record: impl Into<String>) -> Self {
        Self {
            name: crate::adapters::legacy(),
            url: Secret::new(url.as_ref()),
            record: record.into(),
            all: None,
            unique_logins: false,
            lists: BTreeMap::new(),
            list_rows: list_rows(),
            record_limit: record_limit(),
            connections: connections(),
        }
    }
}

impl AdapterSettings for SqlSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        reporter.bound("record_limit", number(self.record_limit), 1024, 16 * 1024 * 1024);
        reporter.bound("list_rows", number(self.list_rows), 1, 1_000_000);
        reporter.bound("connections", self.connections.into(), 1, 1000);
    }

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        vec![SecretSetting { key: "url".to_owned(), secret: &mut self.url, usage: SecretUse::Address }]
    }
}

impl SourceAdapter for SqlSettings {
    fn unique_logins(&self) -> bool {
        self.unique_logins
    }

    fn record_limit(&self) -> usize {
        self.record_limit
    }

    fn check_secrets(&self, context: SourceContext<'_>, reporter: &mut Reporter<'_>) {
        let opened = SqlSource::open(&self.name, self.clone(), context.identifiers, context.folder);
        match opened {
            Err(error) => {
                let (code, key) = error.place();
                reporter.error(code, &key, error.to_string(), error.help());
            }
            Ok(_) => {
                if let Some((message, help)) = is_loose(self.url.expose(), &self.record) {
                    reporter.warning("R513", "record", message, help);
                }
            }
        }
    }

    fn connect<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Trial> {
        Box::pin(async move {
            match SqlSource::open(&self.name, self.clone(), context.identifiers, context.folder) {
                Ok(source) => source.try_out().await,
                // reported with the settings
                Err(_) => Trial::default(),
            }
        })
    }

    fn listing(&self, context: SourceContext<'_>) -> Result<Listing, Unlisted> {
        let unlisted = |message: String, help: &str| Unlisted { message, help: help.to_owned() };
        let source = SqlSource::open(&self.name, self.clone(), context.identifiers, context.folder)
            .map_err(|error| unlisted(error.to_string(), error.help()))?;
        let pages = Pages::new(Arc::new(source)).ok_or_else(|| {
            unlisted(
                format!("the source `{}` has no query for all records", self.name),
                "set `all: { query: 'SELECT … WHERE ID > :after ORDER BY ID LIMIT 500', by: ID }` in the source, or give an export \
                 with `--in`",
            )
        })?;
        Ok(Listing::Records(Box::new(pages)))
    }

    fn open<'a>(&'a self, context: SourceContext<'a>) -> BoxFuture<'a, Result<OpenSource, OpenError>> {
        Box::pin(async move {
            let SourceContext { folder, identifiers } = context;
            let source = SqlSource::open(&self.name, self.clone(), identifiers, folder)?;
            Ok(OpenSource { source: Arc::new(source), report: None })
        })
    }
}
