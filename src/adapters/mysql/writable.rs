//! MySQL and MariaDB as a legacy database in which a row is changed: one transaction for each change.

use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, Executor as _, Row as _, SqlSafeStr as _};
use tokio::time::Instant;

use super::address;
use super::error::{failed, failed_openly, failed_to_change};
use crate::adapters::sql::database::{Opening, WRITE, Writable, too_many_rows};
use crate::adapters::sql::pool::{Lease, Pool};
use crate::adapters::sql::statement::Statement;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// The statements that begin a change. In the strict mode a text that is not a number is equal to no number: otherwise
/// `id = '1abc'` is true of the customer 1.
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

/// A MySQL or MariaDB database.
struct WritableMySql {
    name: String,
    pool: Pool<MySqlConnectOptions>,
}

pub(super) fn open(opening: &Opening<'_>) -> Result<Box<dyn Writable>, String> {
    let options = address::options(opening.url, opening.folder)?;
    let pool = Pool::new(options, opening.connections).map_err(|error| error.to_string())?;
    Ok(Box::new(WritableMySql { name: opening.name.to_owned(), pool }))
}

impl WritableMySql {
    async fn lease(&self, deadline: Instant) -> Result<Lease<MySqlConnectOptions>, PortError> {
        let begin = begin(deadline.saturating_duration_since(Instant::now()));
        let lease = self.pool.lease(&begin, deadline).await;
        lease.map_err(|why| why.error(&self.name, WRITE, failed_openly).temporarily())
    }
}

async fn run(
    lease: &mut Lease<MySqlConnectOptions>,
    statement: &Statement,
    values: Vec<String>,
) -> Result<u64, sqlx::Error> {
    let query = sqlx::query(AssertSqlSafe(statement.0.sql.as_str()));
    // the driver asks the server for the rows that were found, so that a repeated change counts the same rows
    let query = values.into_iter().fold(query, sqlx::query::Query::bind);
    Ok(query.execute(lease.connection()?).await?.rows_affected())
}

/// How many warnings the statement has caused. A comparison of a number with a text that begins with digits is one: it finds
/// the row of another customer.
async fn warnings(lease: &mut Lease<MySqlConnectOptions>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT CAST(@@warning_count AS SIGNED)").fetch_one(lease.connection()?).await
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

impl Writable for WritableMySql {
    fn change<'a>(
        &'a self,
        statement: &'a Statement,
        values: Vec<String>,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<u64, PortError>> {
        Box::pin(async move {
            let mut lease = self.lease(deadline).await?;
            let rows = run(&mut lease, statement, values).await;
            let rows = rows.map_err(|error| failed_to_change(&self.name, WRITE, &error))?;
            let warned = warnings(&mut lease).await.map_err(|error| failed_to_change(&self.name, WRITE, &error))?;
            if warned > 0 {
                lease.end().await.map_err(|error| failed(&self.name, WRITE, &error))?;
                let why = "the database warned of a value, such as a text that is compared with a number, and the change was \
                           rolled back: compare with a column of the same type";
                return Err(PortError::new(PortErrorKind::Conflict, &self.name, WRITE).because(why));
            }
            if rows > 1 {
                lease.end().await.map_err(|error| failed(&self.name, WRITE, &error))?;
                return Err(too_many_rows(&self.name, rows));
            }
            lease.commit().await.map_err(|error| failed_to_change(&self.name, WRITE, &error))?;
            Ok(rows)
        })
    }

    fn prepare<'a>(
        &'a self,
        statement: &'a Statement,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Vec<String>, PortError>> {
        Box::pin(async move {
            let mut lease = self.lease(deadline).await?;
            let prepared = async {
                let sql = AssertSqlSafe(statement.0.sql.as_str()).into_sql_str();
                lease.connection()?.prepare(sql).await.map(drop)?;
                without_transactions(&mut lease, statement).await
            };
            let found = prepared.await.map_err(|error| failed_openly(&self.name, WRITE, error))?;
            lease.end().await.map_err(|error| failed(&self.name, WRITE, &error))?;
            Ok(found)
        })
    }
}
