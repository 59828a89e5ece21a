//! SQLite as a legacy database in which a row is changed. Each change has a connection of its own, as rare as they are, so
//! that none keeps the file from being moved or replaced.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _, SqliteConnection};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::{failed_openly, failed_to_write};
use super::{STEPS_PER_DEADLINE_CHECK, collation, relative_to};
use crate::adapters::sql::database::{Opening, Writable, too_many_rows};
use crate::adapters::sql::statement::Statement;
use crate::adapters::write_back::WRITE;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// How long a change waits for another writer of the file. No login waits for it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// A legacy database file.
struct WritableFile {
    name: String,
    options: SqliteConnectOptions,
    path: PathBuf,
    /// One change at a time, so that they do not wait for each other's lock.
    turn: Mutex<()>,
}

pub(super) fn open(opening: &Opening<'_>) -> Result<Box<dyn Writable>, String> {
    let identifiers = opening.identifiers.clone();
    let options = SqliteConnectOptions::from_str(&relative_to(opening.folder, opening.url))
        .map_err(|_| "expected `sqlite:<path>`".to_owned())?
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("trusted_schema", "OFF")
        .collation(collation::NAME, move |one: &str, other: &str| collation::compare(&identifiers, one, other))
        .disable_statement_logging();
    let path = options.get_filename().to_owned();
    Ok(Box::new(WritableFile { name: opening.name.to_owned(), options, path, turn: Mutex::default() }))
}

impl WritableFile {
    /// A connection. What fails here is an outage, because nothing was asked yet.
    async fn connect(&self, deadline: Instant) -> Result<SqliteConnection, PortError> {
        if !self.path.is_file() {
            let error = PortError::new(PortErrorKind::Unavailable, &self.name, WRITE);
            return Err(error.because("the database file does not exist"));
        }
        let failed = |error: sqlx::Error| failed_to_write(&self.name, WRITE, &error).temporarily();
        let mut connection = self.options.connect().await.map_err(failed)?;
        let mut handle = connection.lock_handle().await.map_err(failed)?;
        let until = deadline.into_std();
        handle.set_progress_handler(STEPS_PER_DEADLINE_CHECK, move || std::time::Instant::now() < until);
        drop(handle);
        Ok(connection)
    }

    async fn changed(
        &self,
        connection: &mut SqliteConnection,
        statement: &Statement,
        values: Vec<String>,
    ) -> Result<u64, sqlx::Error> {
        connection.execute("BEGIN IMMEDIATE").await?;
        let query = sqlx::query(AssertSqlSafe(statement.0.sql.as_str()));
        let query = values.into_iter().fold(query, sqlx::query::Query::bind);
        let rows = query.execute(&mut *connection).await?.rows_affected();
        connection.execute(if rows > 1 { "ROLLBACK" } else { "COMMIT" }).await?;
        Ok(rows)
    }
}

impl Writable for WritableFile {
    fn change<'a>(
        &'a self,
        statement: &'a Statement,
        values: Vec<String>,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<u64, PortError>> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            let mut connection = self.connect(deadline).await?;
            let changed = self.changed(&mut connection, statement, values).await;
            // A transaction that has not ended is rolled back when its connection is closed.
            drop(connection.close().await);
            let rows = changed.map_err(|error| failed_to_write(&self.name, WRITE, &error))?;
            if rows > 1 { Err(too_many_rows(&self.name, rows)) } else { Ok(rows) }
        })
    }

    fn prepare<'a>(
        &'a self,
        statement: &'a Statement,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Vec<String>, PortError>> {
        Box::pin(async move {
            let mut connection = self.connect(deadline).await?;
            let sql = AssertSqlSafe(statement.0.sql.as_str()).into_sql_str();
            let prepared = (&mut connection).prepare(sql).await.map(drop);
            drop(connection.close().await);
            prepared.map_err(|error| failed_openly(&self.name, WRITE, error))?;
            Ok(Vec::new())
        })
    }
}
