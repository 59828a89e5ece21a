//! MySQL and MariaDB as a legacy database in which a row is changed.

use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, Executor as _, Row as _, SqlSafeStr as _};

use super::address;
use super::error::{failed, failed_openly, failed_to_change};
use crate::adapters::sql::database::{Opening, Writable};
use crate::adapters::sql::one_row::{self, Changed, Errors, OneRow};
use crate::adapters::sql::pool::Lease;
use crate::adapters::sql::statement::Statement;
use crate::ports::BoxFuture;

pub(super) fn open(opening: &Opening<'_>) -> Result<Box<dyn Writable>, String> {
    one_row::open(opening, address::options(opening.url, opening.folder)?)
}

impl OneRow for MySqlConnectOptions {
    const ERRORS: Errors = Errors { failed, failed_to_change, failed_openly };

    /// In the strict mode an UPDATE that compares a number with a text fails: otherwise `id = '1abc'` is true of the customer 1.
    fn begin(left: Duration) -> String {
        let (seconds, whole) = (left.as_secs_f64(), left.as_secs().max(1));
        format!(
            "SET SESSION sql_mode = CONCAT(REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), ',STRICT_ALL_TABLES'), \
             SESSION innodb_lock_wait_timeout = {whole}, SESSION lock_wait_timeout = {whole} \
             /*M!100101 , SESSION max_statement_time = {seconds:.3} */; \
             SET SESSION TRANSACTION READ WRITE; \
             START TRANSACTION READ WRITE"
        )
    }

    /// The comparison of a number with a text is only a warning in a DELETE of MariaDB.
    fn change<'l>(
        lease: &'l mut Lease<Self>,
        statement: &'l Statement,
        values: Vec<String>,
    ) -> BoxFuture<'l, Result<Changed, sqlx::Error>> {
        Box::pin(async move {
            let query = sqlx::query(AssertSqlSafe(statement.0.sql.as_str()));
            // the driver asks the server for the rows that were found, so that a repeated change counts the same rows
            let query = values.into_iter().fold(query, sqlx::query::Query::bind);
            let rows = query.execute(lease.connection()?).await?.rows_affected();
            let count = sqlx::query_scalar("SELECT CAST(@@warning_count AS SIGNED)");
            let warnings: i64 = count.fetch_one(lease.connection()?).await?;
            Ok(Changed { rows, is_doubtful: warnings > 0 })
        })
    }

    fn prepare<'l>(
        lease: &'l mut Lease<Self>,
        statement: &'l Statement,
    ) -> BoxFuture<'l, Result<Vec<String>, sqlx::Error>> {
        Box::pin(async move {
            let sql = AssertSqlSafe(statement.0.sql.as_str()).into_sql_str();
            lease.connection()?.prepare(sql).await?;
            without_transactions(lease, statement).await
        })
    }
}

/// Sentences about tables in which nothing can be rolled back.
async fn without_transactions(
    lease: &mut Lease<MySqlConnectOptions>,
    statement: &Statement,
) -> Result<Vec<String>, sqlx::Error> {
    let sql = "SELECT table_name, tables.engine FROM information_schema.tables \
               JOIN information_schema.engines ON engines.engine = tables.engine \
               WHERE table_schema = DATABASE() AND transactions <> 'YES'";
    let rows = lease.connection()?.fetch_all(sql).await?;
    let mut found = Vec::new();
    for row in rows {
        let (table, engine): (String, String) = (row.try_get_unchecked(0)?, row.try_get_unchecked(1)?);
        if statement.0.sql.contains(&table) {
            found.push(format!(
                "`{table}` has the engine {engine}, which rolls nothing back: a statement that changes several rows stays"
            ));
        }
    }
    Ok(found)
}
