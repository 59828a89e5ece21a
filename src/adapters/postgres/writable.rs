//! PostgreSQL as a legacy database in which a row is changed: one transaction for each change.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnectOptions;
use tokio::time::Instant;

use super::error::{failed, failed_openly, failed_to_change};
use super::{address, shape};
use crate::adapters::sql::database::{Opening, WRITE, Writable, too_many_rows};
use crate::adapters::sql::pool::{Lease, Pool};
use crate::adapters::sql::statement::Statement;
use crate::ports::{BoxFuture, PortError};

/// The statements that begin a change. The settings end with the transaction.
fn begin(left: Duration) -> String {
    let milliseconds = left.as_millis().max(1);
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; SET LOCAL statement_timeout = {milliseconds}; \
         SET LOCAL standard_conforming_strings = on"
    )
}

/// A PostgreSQL database.
struct WritablePostgres {
    name: String,
    pool: Pool<PgConnectOptions>,
}

pub(super) fn open(opening: &Opening<'_>) -> Result<Box<dyn Writable>, String> {
    let options = address::options(opening.url, opening.folder)?;
    let pool = Pool::new(options, opening.connections).map_err(|error| error.to_string())?;
    Ok(Box::new(WritablePostgres { name: opening.name.to_owned(), pool }))
}

impl WritablePostgres {
    async fn lease(&self, deadline: Instant) -> Result<Lease<PgConnectOptions>, PortError> {
        let begin = begin(deadline.saturating_duration_since(Instant::now()));
        let lease = self.pool.lease(&begin, deadline).await;
        lease.map_err(|why| why.error(&self.name, WRITE, failed_openly).temporarily())
    }
}

async fn run(
    lease: &mut Lease<PgConnectOptions>,
    statement: &Statement,
    values: Vec<String>,
) -> Result<u64, sqlx::Error> {
    let shape = shape::describe(lease.connection()?, &statement.0).await?;
    let query = sqlx::query(AssertSqlSafe(shape.cast())).persistent(false);
    let query = values.into_iter().fold(query, sqlx::query::Query::bind);
    Ok(query.execute(lease.connection()?).await?.rows_affected())
}

impl Writable for WritablePostgres {
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
            if rows > 1 {
                lease.end().await.map_err(|error| failed(&self.name, WRITE, &error))?;
                return Err(too_many_rows(&self.name, rows));
            }
            // constraints may be checked only now
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
                let shape = shape::describe(lease.connection()?, &statement.0).await?;
                let nulls = statement.0.names.iter().map(|_| None::<String>);
                // the plan of a statement needs its privileges, and changes nothing
                let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN {}", shape.cast()))).persistent(false);
                nulls.fold(plan, sqlx::query::Query::bind).execute(lease.connection()?).await.map(drop)
            };
            prepared.await.map_err(|error| failed_openly(&self.name, WRITE, error))?;
            lease.end().await.map_err(|error| failed(&self.name, WRITE, &error))?;
            Ok(Vec::new())
        })
    }
}
