//! One read-only transaction.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::mysql::{MySqlArguments, MySqlColumn, MySqlConnectOptions};
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, Column as _, Executor as _, MySql, Row as _, SqlSafeStr as _, Statement as _, TypeInfo as _,
};

use super::cell::cells;
use super::error::{failed, failed_openly, is_other_character_set};
use crate::adapters::sql::cell::{Cell, Cells};
use crate::adapters::sql::compared::{compared, has_exact_condition};
use crate::adapters::sql::database::{Description, RowLimits, Session};
use crate::adapters::sql::pool::Lease;
use crate::adapters::sql::template::Template;
use crate::adapters::too_large;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// How much later than the login the server gives up. Functions that the server interrupts return as if they had ended,
/// so an interrupted query may find nobody; nobody waits for its answer any more.
const MARGIN: Duration = Duration::from_millis(100);

/// The statements that begin a session. MySQL and MariaDB have the statement timeout under different names and in
/// different units: MariaDB alone reads `/*M! … */`, and skips what is for MySQL from 5.7.8 on.
///
/// The session is read-only in addition to the transaction, because a procedure can end the transaction. Backslashes in
/// quotes are escapes, as the reader of queries takes them.
pub(super) fn begin(left: Duration) -> String {
    let left = left + MARGIN;
    let (milliseconds, seconds) = (left.as_millis(), left.as_secs_f64());
    format!(
        "SET SESSION sql_mode = REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '') \
         /*M!100101 , SESSION max_statement_time = {seconds:.3} */ \
         /*!50708 , SESSION max_execution_time = {milliseconds} */; \
         SET SESSION TRANSACTION READ ONLY; \
         START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
    )
}

/// Columns of a name whose collation ignores accents, in all databases that the user may read.
const LOOSE: &str = "SELECT DISTINCT table_name, collation_name, table_schema, table_schema <=> DATABASE() \
    FROM information_schema.columns \
    WHERE column_name = ? AND (collation_name LIKE '%\\_ci' OR collation_name LIKE '%\\_ai\\_cs')";

/// A session.
pub(super) struct Snapshot<'s> {
    name: &'s str,
    operation: &'static str,
    lease: Lease<MySqlConnectOptions>,
    /// Whether rows were left unread, which the server goes on sending.
    has_unread: bool,
}

impl<'s> Snapshot<'s> {
    pub fn new(name: &'s str, operation: &'static str, lease: Lease<MySqlConnectOptions>) -> Self {
        Self { name, operation, lease, has_unread: false }
    }

    async fn fetch(
        &mut self,
        template: &Template,
        values: Vec<Cell>,
        limits: RowLimits,
    ) -> Result<Vec<Cells>, PortError> {
        match self.run(&template.sql, values.clone(), limits).await {
            Err(Failure::Database(error)) if is_other_character_set(&error) => {
                // Parameters whose text the column's character set does not have: then the column is converted and not
                // the parameter. Only then, because no index serves a converted column.
                let sql = template.with(|_| "CONVERT(? USING utf8mb4)".to_owned());
                self.run(&sql, values, limits).await
            }
            result => result,
        }
        .map_err(|failure| match failure {
            Failure::Port(error) => error,
            Failure::Database(error) => failed(self.name, self.operation, &error),
        })
    }

    async fn run(&mut self, sql: &str, values: Vec<Cell>, limits: RowLimits) -> Result<Vec<Cells>, Failure> {
        let (name, operation) = (self.name, self.operation);
        let query = sqlx::query(AssertSqlSafe(sql));
        let query = values
            .into_iter()
            .try_fold(query, bind)
            .map_err(|why| PortError::new(PortErrorKind::Misconfigured, name, operation).because(why))?;
        self.has_unread = true;
        let mut stream = query.fetch(self.lease.connection()?);
        let (mut rows, mut bytes) = (Vec::new(), 0_usize);
        while let Some(row) = stream.try_next().await? {
            let cells = cells(&row).map_err(|bad| bad.error(name, operation))?;
            bytes += cells.iter().map(|(_, cell)| cell.bytes()).sum::<usize>();
            if bytes > limits.bytes {
                return Err(too_large(name, limits.bytes).into());
            }
            rows.push(cells);
            if rows.len() > limits.rows {
                return Ok(rows);
            }
        }
        drop(stream);
        self.has_unread = false;
        Ok(rows)
    }

    /// Sentences about columns whose collation is looser than the one spelling of an identifier.
    async fn loose(&mut self, template: &Template) -> Result<Vec<String>, sqlx::Error> {
        let mut loose = Vec::new();
        if has_exact_condition(template) {
            return Ok(loose);
        }
        for column in compared(template) {
            let rows = sqlx::query(LOOSE).bind(&column).fetch_all(self.lease.connection()?).await?;
            for row in rows {
                let (table, collation): (String, String) = (row.try_get_unchecked(0)?, row.try_get_unchecked(1)?);
                let (schema, is_default): (String, bool) = (row.try_get_unchecked(2)?, row.try_get_unchecked(3)?);
                let is_read = template.sql.contains(&table) && (is_default || template.sql.contains(&schema));
                if is_read && !collation.ends_with("_as_ci") {
                    loose.push(format!(
                        "`{table}.{column}` is compared by {collation}, which ignores accents: the query finds `jörg` for \
                         `jorg`"
                    ));
                }
            }
        }
        Ok(loose)
    }
}

/// Why a query gave no rows.
enum Failure {
    /// The database or the connection failed.
    Database(sqlx::Error),
    /// What it returned cannot be used.
    Port(PortError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl Session for Snapshot<'_> {
    fn rows<'a>(
        &'a mut self,
        template: &'a Template,
        values: Vec<Cell>,
        limits: RowLimits,
    ) -> BoxFuture<'a, Result<Vec<Cells>, PortError>> {
        Box::pin(self.fetch(template, values, limits))
    }

    fn describe<'a>(&'a mut self, template: &'a Template) -> BoxFuture<'a, Result<Description, PortError>> {
        Box::pin(async move {
            let (name, operation) = (self.name, self.operation);
            let described = async {
                let sql = AssertSqlSafe(template.sql.as_str()).into_sql_str();
                let statement = self.lease.connection()?.prepare(sql).await?;
                let columns = statement.columns().iter().map(described).collect();
                Ok(Description { columns, loose: self.loose(template).await? })
            };
            described.await.map_err(|error| failed_openly(name, operation, error))
        })
    }

    fn end<'a>(self: Box<Self>) -> BoxFuture<'a, Result<(), PortError>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            if self.has_unread {
                return Ok(());
            }
            let (name, operation) = (self.name, self.operation);
            self.lease.end().await.map_err(|error| failed(name, operation, &error))
        })
    }
}

fn described(column: &MySqlColumn) -> (String, String) {
    (column.name().to_owned(), column.type_info().name().to_ascii_lowercase())
}

/// Binds a value in its own type: MySQL converts what it compares, and `'1abc' = 1` is true.
fn bind<'q>(
    query: Query<'q, MySql, MySqlArguments>,
    cell: Cell,
) -> Result<Query<'q, MySql, MySqlArguments>, &'static str> {
    Ok(match cell {
        // MariaDB compares no uuid with a number, even if it is null.
        Cell::Null => query.bind(None::<String>),
        Cell::Boolean(value) => query.bind(value),
        Cell::Integer(number) => query.bind(number),
        Cell::Real(number) => query.bind(number),
        Cell::Number(text) => match text.parse::<u64>() {
            Ok(number) => query.bind(number),
            Err(_) => query.bind(text),
        },
        Cell::Text(text) => query.bind(text),
        Cell::Blob(bytes) => query.bind(bytes),
        Cell::Json(_) => return Err("a list uses a JSON column as its parameter"),
    })
}
