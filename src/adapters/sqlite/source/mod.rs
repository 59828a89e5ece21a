//! SQLite as a source: the file is opened read-only, and connections follow the file at the path.

mod cell;
mod collation;
mod error;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(in crate::adapters) mod tests_support;
mod writable;

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{
    AssertSqlSafe, Column as _, Executor as _, SqlSafeStr as _, Sqlite, SqlitePool, Statement as _, TypeInfo as _,
};
use tokio::time::Instant;

use crate::adapters::file_stamp::Stamp;
use crate::adapters::sql::cell::{Cell, Cells};
use crate::adapters::sql::database::{Database, Description, Kind, Opening, RowLimits, Session};
use crate::adapters::sql::dialect::{Dialect, LIMIT, Placeholders, comment, quote};
use crate::adapters::sql::template::Template;
use crate::adapters::sqlite::located;
use crate::adapters::too_large;
use crate::ports::{BoxFuture, PortError, PortErrorKind};
use cell::{bind, cells};
use error::{failed, failed_openly};

/// SQLite in the table of databases.
pub(in crate::adapters) const DATABASE: Kind =
    Kind { schemes: &["sqlite"], example: "sqlite:legacy.db", dialect: &DIALECT, open, open_writable: writable::open };

/// The SQL of SQLite (<https://www.sqlite.org/lang.html>). `?`, `$` and `@` begin placeholders of other kinds.
pub(in crate::adapters) const DIALECT: Dialect = Dialect {
    placeholders: Placeholders::QuestionNumber,
    quoted: &[
        quote("'", "'"),
        quote("\"", "\""),
        quote("`", "`"),
        quote("[", "]"),
        comment("--", "\n"),
        comment("/*", "*/"),
    ],
    dollar_quotes: false,
    nested_comments: false,
    reserved: "?$@",
    loose: &[LIMIT, ("lower", ASCII), ("upper", ASCII), ("nocase", ASCII), ("like", ASCII)],
    advice: "compare normalized identifiers: `WHERE user_login = :identifier COLLATE landfall`",
};

/// <https://www.sqlite.org/lang_corefunc.html#lower>. Customers whose stored spelling contains other letters are not found.
const ASCII: &str = "of SQLite ignores the case of ASCII letters only";

/// One transaction is one snapshot, so the lists are consistent with the record. Reading the schema in it makes the connection
/// notice that the tables have changed, before a query is prepared: otherwise the driver asks for the names of the columns
/// before SQLite notices, and a value could arrive under the name of another column.
const BEGIN: &str = "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1";

/// How long a query waits for a writer of the legacy database. Shorter than a login's deadline.
const BUSY_TIMEOUT: Duration = Duration::from_millis(200);

/// After how many steps of SQLite's virtual machine a query checks its deadline: well under a millisecond.
const STEPS_PER_DEADLINE_CHECK: i32 = 10_000;

/// A legacy database file.
struct LegacyFile {
    name: String,
    options: SqliteConnectOptions,
    path: PathBuf,
    connections: u32,
    opened: Mutex<Option<Opened>>,
}

/// A file and its connections.
struct Opened {
    file: Stamp,
    pool: SqlitePool,
}

fn open(opening: &Opening<'_>) -> Result<Box<dyn Database>, String> {
    let identifiers = opening.identifiers.clone();
    let options = SqliteConnectOptions::from_str(&relative_to(opening.folder, opening.url))
        .map_err(|_| "expected `sqlite:<path>`".to_owned())?
        .read_only(true)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("query_only", "ON")
        .pragma("trusted_schema", "OFF")
        .collation(collation::NAME, move |one: &str, other: &str| collation::compare(&identifiers, one, other));
    let path = options.get_filename().to_owned();
    let (name, connections) = (opening.name.to_owned(), opening.connections);
    Ok(Box::new(LegacyFile { name, options, path, connections, opened: Mutex::new(None) }))
}

/// An address with its path relative to the folder and its parameters unchanged.
fn relative_to(folder: &Path, url: &str) -> String {
    let (path, parameters) = url.split_once('?').map_or((url, ""), |(path, parameters)| (path, parameters));
    let mark = if parameters.is_empty() { "" } else { "?" };
    format!("sqlite:{}{mark}{parameters}", located(path, folder))
}

impl LegacyFile {
    /// Connections to the file that is currently at the path: an open connection would keep reading a file that was
    /// moved or replaced.
    fn pool(&self, operation: &'static str) -> Result<SqlitePool, PortError> {
        let current = Stamp::at(&self.path).map_err(|error| {
            PortError::new(PortErrorKind::Unavailable, &self.name, operation)
                .because("the database file does not exist")
                .caused_by(error)
        })?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Opened { file, pool }) = &*opened
            && file.is_same_file(current)
        {
            return Ok(pool.clone());
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(self.connections)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(self.options.clone());
        *opened = Some(Opened { file: current, pool: pool.clone() });
        Ok(pool)
    }
}

impl Database for LegacyFile {
    fn session<'a>(
        &'a self,
        operation: &'static str,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn Session + 'a>, PortError>> {
        Box::pin(async move {
            let pool = self.pool(operation)?;
            let failed = |error: sqlx::Error| failed(&self.name, operation, &error);
            let mut connection = pool.acquire().await.map_err(failed)?;
            let until = deadline.into_std();
            let mut handle = connection.lock_handle().await.map_err(failed)?;
            handle.set_progress_handler(STEPS_PER_DEADLINE_CHECK, move || std::time::Instant::now() < until);
            drop(handle);
            let mut session = OpenFile { name: &self.name, operation, connection, ended: false };
            session.connection.execute(BEGIN).await.map_err(failed)?;
            Ok(Box::new(session) as Box<dyn Session>)
        })
    }
}

/// A session with a file.
struct OpenFile<'s> {
    name: &'s str,
    operation: &'static str,
    connection: PoolConnection<Sqlite>,
    ended: bool,
}

impl Session for OpenFile<'_> {
    fn rows<'a>(
        &'a mut self,
        template: &'a Template,
        values: Vec<Cell>,
        limits: RowLimits,
    ) -> BoxFuture<'a, Result<Vec<Cells>, PortError>> {
        Box::pin(async move {
            // the driver would name the columns as when it first prepared the query
            let query = sqlx::query(AssertSqlSafe(template.sql.as_str())).persistent(false);
            let query = values.into_iter().fold(query, bind);
            let mut stream = query.fetch(&mut *self.connection);
            let (mut rows, mut bytes) = (Vec::new(), 0_usize);
            while let Some(row) = stream.try_next().await.map_err(|error| failed(self.name, self.operation, &error))? {
                let cells = cells(&row).map_err(|bad| bad.error(self.name, self.operation))?;
                bytes += cells.iter().map(|(_, cell)| cell.bytes()).sum::<usize>();
                if bytes > limits.bytes {
                    return Err(too_large(self.name, limits.bytes));
                }
                rows.push(cells);
                if rows.len() > limits.rows {
                    break;
                }
            }
            Ok(rows)
        })
    }

    fn describe<'a>(&'a mut self, template: &'a Template) -> BoxFuture<'a, Result<Description, PortError>> {
        Box::pin(async move {
            let sql = AssertSqlSafe(template.sql.as_str()).into_sql_str();
            let prepared = (&mut *self.connection).prepare(sql).await;
            let statement = prepared.map_err(|error| failed_openly(self.name, self.operation, error))?;
            let column = |column: &sqlx::sqlite::SqliteColumn| {
                (column.name().to_owned(), column.type_info().name().to_ascii_lowercase())
            };
            Ok(Description { columns: statement.columns().iter().map(column).collect(), loose: Vec::new() })
        })
    }

    fn end<'a>(mut self: Box<Self>) -> BoxFuture<'a, Result<(), PortError>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let ended = self.connection.execute("ROLLBACK").await;
            ended.map_err(|error| failed(self.name, self.operation, &error))?;
            self.ended = true;
            Ok(())
        })
    }
}

impl Drop for OpenFile<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}
