//! PostgreSQL as a legacy database in which a row is changed.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnectOptions;

use super::error::{failed, failed_openly, failed_to_change};
use super::{address, shape};
use crate::adapters::sql::database::{Opening, Writable};
use crate::adapters::sql::one_row::{self, Changed, Errors, OneRow};
use crate::adapters::sql::pool::Lease;
use crate::adapters::sql::statement::Statement;
use crate::ports::BoxFuture;

pub(super) fn open(opening: &Opening<'_>) -> Result<Box<dyn Writable>, String> {
    one_row::open(opening, address::options(opening.url, opening.folder)?)
}

impl OneRow for PgConnectOptions {
    const ERRORS: Errors = Errors { failed, failed_to_change, failed_openly };

    /// The settings end with the transaction.
    fn begin(left: Duration) -> String {
        let milliseconds = left.as_millis().max(1);
        format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; SET LOCAL statement_timeout = {milliseconds}; \
             SET LOCAL standard_conforming_strings = on"
        )
    }

    fn change<'l>(
        lease: &'l mut Lease<Self>,
        statement: &'l Statement,
        values: Vec<String>,
    ) -> BoxFuture<'l, Result<Changed, sqlx::Error>> {
        Box::pin(async move {
            let shape = shape::describe(lease.connection()?, &statement.0).await?;
            let query = sqlx::query(AssertSqlSafe(shape.cast())).persistent(false);
            let query = values.into_iter().fold(query, sqlx::query::Query::bind);
            let rows = query.execute(lease.connection()?).await?.rows_affected();
            Ok(Changed { rows, is_doubtful: false })
        })
    }

    fn prepare<'l>(
        lease: &'l mut Lease<Self>,
        statement: &'l Statement,
    ) -> BoxFuture<'l, Result<Vec<String>, sqlx::Error>> {
        Box::pin(async move {
            let shape = shape::describe(lease.connection()?, &statement.0).await?;
            let nulls = statement.0.names.iter().map(|_| None::<String>);
            // the plan of a statement needs its privileges, and changes nothing
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN {}", shape.cast()))).persistent(false);
            nulls.fold(plan, sqlx::query::Query::bind).execute(lease.connection()?).await?;
            Ok(Vec::new())
        })
    }
}
