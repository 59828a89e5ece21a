//! A database source: one query for the record, further ones for its lists. Only SQLite for now.
//!
//! The database is opened read-only. A record and its lists come from one snapshot. Values keep their exact form:
//! integers and reals as numbers, text as text, blobs as base64 text, `NULL` as null; columns keep their order.

mod ascii;
mod cell;
mod collation;
mod error;
mod settings;
mod shape;
mod template;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) mod tests_support;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use secrecy::ExposeSecret as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqlSafeStr as _, SqlitePool, Statement as _};
use tokio::time::{Instant, timeout_at};

pub use ascii::ascii_comparison;
pub use error::SqlError;
use error::{failed, failed_openly};
pub use settings::{ListSettings, ListShape, SqlSettings};
use shape::{Cells, column};
use template::Template;
pub use template::TemplateError;

use super::file_stamp::Stamp;
use super::{ambiguous, too_large};
use crate::ports::{BoxFuture, Call, Identifier, IdentifierProfile, PortError, PortErrorKind, Record, Source};
use cell::{Cell, cells, write_members, write_text};

/// How long a query waits for a writer of the legacy database. Shorter than a login's deadline.
const BUSY_TIMEOUT: Duration = Duration::from_millis(200);

/// After how many steps of SQLite's virtual machine a query checks its deadline: well under a millisecond.
const STEPS_PER_DEADLINE_CHECK: i32 = 10_000;

/// Records in a database.
pub struct SqlSource {
    name: String,
    options: SqliteConnectOptions,
    path: PathBuf,
    opened: Mutex<Option<Opened>>,
    record: Template,
    lists: Vec<List>,
    settings: SqlSettings,
}

/// A file and its connections.
struct Opened {
    file: Stamp,
    pool: SqlitePool,
}

struct List {
    name: String,
    template: Template,
    settings: ListSettings,
}

impl SqlSource {
    /// Creates a source. Nothing is opened yet, so the service starts even if a legacy system is down.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn new(name: impl Into<String>, settings: SqlSettings) -> Result<Self, SqlError> {
        let url = settings.url.expose_secret();
        if !url.starts_with("sqlite:") {
            return Err(SqlError::Url);
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| SqlError::Url)?
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("query_only", "ON")
            .pragma("trusted_schema", "OFF");
        let path = options.get_filename().to_owned();
        let record = template("record", &settings.record)?;
        if let Some(name) = record.names.iter().find(|name| !matches!(name.as_str(), "identifier" | "typed")) {
            return Err(SqlError::Name(name.clone()));
        }
        let lists = settings.lists.iter().map(|(name, list)| List::new(name, list)).collect::<Result<_, _>>()?;
        let source = Self { name: name.into(), options, path, opened: Mutex::new(None), record, lists, settings };
        Ok(source.with_identifiers(IdentifierProfile::default()))
    }

    /// Sets the kind of identifiers for the collation `landfall` in queries; the default is user names.
    #[must_use]
    pub fn with_identifiers(mut self, profile: IdentifierProfile) -> Self {
        let compare = move |one: &str, other: &str| collation::compare(&profile, one, other);
        self.options = self.options.collation(collation::NAME, compare);
        self
    }

    /// Checks that the database is available and has all tables and columns of the queries. Reads no record.
    ///
    /// # Errors
    /// The mismatch, in the database's own words.
    pub async fn check(&self, deadline: Instant) -> Result<(), PortError> {
        let check = async {
            let pool = self.pool("check")?;
            let failed = |error| failed_openly(&self.name, "check", error);
            let mut connection = pool.acquire().await.map_err(failed)?;
            let columns = columns(&mut connection, &self.record.sql).await.map_err(failed)?;
            for list in &self.lists {
                columns_of_list(&mut connection, list, &columns).await.map_err(|problem| match problem {
                    Ok(error) => failed(error),
                    Err(detail) => self.failed(PortErrorKind::Misconfigured, "check", detail),
                })?;
            }
            Ok(())
        };
        timeout_at(deadline, check).await.unwrap_or_else(|_| Err(self.late("check")))
    }

    async fn find(&self, identifier: &Identifier, deadline: Instant) -> Result<Option<Record>, PortError> {
        let pool = self.pool("fetch")?;
        let failed = |error: sqlx::Error| failed(&self.name, "fetch", &error);
        let mut connection = pool.acquire().await.map_err(failed)?;
        let until = deadline.into_std();
        let mut handle = connection.lock_handle().await.map_err(failed)?;
        handle.set_progress_handler(STEPS_PER_DEADLINE_CHECK, move || std::time::Instant::now() < until);
        drop(handle);
        // One transaction is one snapshot, so the lists are consistent with the record.
        let mut transaction = connection.begin().await.map_err(failed)?;
        let found = self.read(&mut transaction, identifier).await?;
        transaction.rollback().await.map_err(failed)?;
        Ok(found)
    }

    async fn read(
        &self,
        connection: &mut SqliteConnection,
        identifier: &Identifier,
    ) -> Result<Option<Record>, PortError> {
        let value_of = |name: &str| match name {
            "typed" => Some(Cell::Text(identifier.typed().to_owned())),
            _ => Some(Cell::Text(identifier.canonical().to_owned())),
        };
        let mut rows = self.rows(connection, &self.record, value_of, 1).await?;
        let record = match rows.len() {
            0 => return Ok(None),
            1 => rows.pop().unwrap_or_default(),
            _ => return Err(ambiguous(&self.name)),
        };
        let mut json = String::with_capacity(1024);
        write_members(&record, &mut json);
        for list in &self.lists {
            if record.iter().any(|(name, _)| *name == list.name) {
                let detail = format!("the record has a column and a list `{}`", list.name);
                return Err(self.failed(PortErrorKind::Misconfigured, "fetch", detail));
            }
            self.list(connection, list, &record, &mut json).await?;
            if json.len() > self.settings.record_bytes {
                break;
            }
        }
        json.push('}');
        if json.len() > self.settings.record_bytes {
            return Err(too_large(&self.name, self.settings.record_bytes));
        }
        Ok(Some(Record::new(json)))
    }

    async fn list(
        &self,
        connection: &mut SqliteConnection,
        list: &List,
        record: &Cells,
        json: &mut String,
    ) -> Result<(), PortError> {
        let limit = self.settings.list_rows;
        let rows = self.rows(connection, &list.template, |name| column(record, name).cloned(), limit).await?;
        if rows.len() > limit {
            let detail = format!("the list `{}` has more than {limit} rows", list.name);
            return Err(self.failed(PortErrorKind::BadResponse, "fetch", detail).about_one_record());
        }
        json.push(',');
        write_text(&list.name, json);
        json.push(':');
        shape::write(&list.settings, &rows, json).map_err(|why| {
            self.failed(PortErrorKind::Misconfigured, "fetch", format!("the list `{}` is invalid: {why}", list.name))
        })
    }

    /// The rows of a query, at most one more than the limit.
    async fn rows(
        &self,
        connection: &mut SqliteConnection,
        template: &Template,
        value_of: impl Fn(&str) -> Option<Cell>,
        limit: usize,
    ) -> Result<Vec<Cells>, PortError> {
        let mut query = sqlx::query(AssertSqlSafe(template.sql.as_str()));
        for name in &template.names {
            let Some(cell) = value_of(name) else {
                let detail = format!("the record has no column `{name}`");
                return Err(self.failed(PortErrorKind::Misconfigured, "fetch", detail));
            };
            query = cell.bind(query);
        }
        let mut stream = query.fetch(connection);
        let (mut rows, mut bytes) = (Vec::new(), 0_usize);
        while let Some(row) = stream.try_next().await.map_err(|error| failed(&self.name, "fetch", &error))? {
            let cells = cells(&row).map_err(|bad| {
                let detail = format!("the column `{}` {}", bad.column, bad.why);
                self.failed(PortErrorKind::BadResponse, "fetch", detail).about_one_record()
            })?;
            bytes += cells.iter().map(|(_, cell)| cell.bytes()).sum::<usize>();
            if bytes > self.settings.record_bytes {
                return Err(too_large(&self.name, self.settings.record_bytes));
            }
            rows.push(cells);
            if rows.len() > limit {
                break;
            }
        }
        Ok(rows)
    }

    /// Connections to the file that is currently at the path: an open connection would keep reading a file that was
    /// moved or replaced.
    fn pool(&self, operation: &'static str) -> Result<SqlitePool, PortError> {
        let current = Stamp::at(&self.path).map_err(|error| {
            self.failed(PortErrorKind::Unavailable, operation, "the database file does not exist").caused_by(error)
        })?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Opened { file, pool }) = &*opened
            && file.is_same_file(current)
        {
            return Ok(pool.clone());
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(self.settings.connections.max(1))
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(self.options.clone());
        *opened = Some(Opened { file: current, pool: pool.clone() });
        Ok(pool)
    }

    fn late(&self, operation: &'static str) -> PortError {
        self.failed(PortErrorKind::Unavailable, operation, "the query took too long")
    }

    fn failed(&self, kind: PortErrorKind, operation: &'static str, detail: impl Into<String>) -> PortError {
        PortError::new(kind, &self.name, operation).because(detail)
    }
}

/// Never shows the address.
impl fmt::Debug for SqlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSource").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source for SqlSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn fetch<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        Box::pin(async move {
            timeout_at(call.deadline, self.find(identifier, call.deadline))
                .await
                .unwrap_or_else(|_| Err(self.late("fetch")))
        })
    }
}

impl List {
    fn new(name: &str, settings: &ListSettings) -> Result<Self, SqlError> {
        let named = settings.key.is_some() && settings.value.is_some();
        let plain = settings.key.is_none() && settings.value.is_none();
        if !(if settings.shape == ListShape::Map { named } else { plain }) {
            return Err(SqlError::Map(name.to_owned()));
        }
        let template = template(name, &settings.query)?;
        Ok(Self { name: name.to_owned(), template, settings: settings.clone() })
    }
}

fn template(place: &str, query: &str) -> Result<Template, SqlError> {
    Template::parse(query).map_err(|problem| SqlError::Template { place: place.to_owned(), problem })
}

/// The column names of a query.
async fn columns(connection: &mut SqliteConnection, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let statement = connection.prepare(AssertSqlSafe(sql).into_sql_str()).await?;
    Ok(statement.columns().iter().map(|column| sqlx::Column::name(column).to_owned()).collect())
}

/// Prepares the query of a list, and checks the columns it needs.
async fn columns_of_list(
    connection: &mut SqliteConnection,
    list: &List,
    record: &[String],
) -> Result<(), Result<sqlx::Error, String>> {
    let has = |columns: &[String], name: &str| columns.iter().any(|have| have.eq_ignore_ascii_case(name));
    if let Some(name) = list.template.names.iter().find(|name| !has(record, name)) {
        return Err(Err(format!("the record has no column `{name}`, which the list `{}` uses", list.name)));
    }
    let columns = columns(connection, &list.template.sql).await.map_err(Ok)?;
    for name in [&list.settings.key, &list.settings.value].into_iter().flatten() {
        if !has(&columns, name) {
            return Err(Err(format!("the list `{}` has no column `{name}`", list.name)));
        }
    }
    if list.settings.shape == ListShape::Values && columns.len() != 1 {
        return Err(Err(format!("the list `{}` is read `as: values`, but has more than one column", list.name)));
    }
    Ok(())
}
