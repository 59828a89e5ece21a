//! Rate limits that all instances share: one row for each. Calls that were taken by a commit whose outcome is unknown are taken
//! again: fewer are made than the limit allows.

use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::time::Instant;

use super::store::PostgresLedger;
use crate::adapters::ledgers::limits::{pause_name, pause_until, paused, take};
use crate::adapters::postgres::database::PATIENCE;
use crate::ports::{BoxFuture, PortError, RateLimit, SharedLimits, Taken};

/// The stamp of a limit, locked, so that instances take calls one after the other. A new limit has a stamp that is over.
async fn lock(connection: &mut PgConnection, name: &str) -> Result<i64, sqlx::Error> {
    let sql = "INSERT INTO landfall_limits (name, stamp) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING";
    sqlx::query(sql).bind(name).execute(&mut *connection).await?;
    let sql = "SELECT stamp FROM landfall_limits WHERE name = $1 FOR UPDATE";
    sqlx::query_scalar(sql).bind(name).fetch_one(connection).await
}

async fn store(connection: &mut PgConnection, name: &str, stamp: i64) -> Result<(), sqlx::Error> {
    let sql = "UPDATE landfall_limits SET stamp = $2 WHERE name = $1";
    sqlx::query(sql).bind(name).bind(stamp).execute(connection).await.map(|_| ())
}

impl SharedLimits for PostgresLedger {
    fn take<'a>(
        &'a self,
        limit: &'a RateLimit,
        wanted: u32,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Taken, PortError>> {
        let (deadline, data) = (Instant::now() + PATIENCE, (limit, wanted, now));
        Box::pin(self.database.write("take", deadline, data, |connection, (limit, wanted, now)| {
            Box::pin(async move {
                let before = lock(connection, &limit.name).await?;
                let (taken, after) = take(limit, Some(before), *wanted, *now);
                store(connection, &limit.name, after).await?;
                Ok(taken)
            })
        }))
    }

    fn paused<'a>(&'a self, system: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Timestamp>, PortError>> {
        let (deadline, data) = (Instant::now() + PATIENCE, (pause_name(system), now));
        Box::pin(self.database.read("paused", deadline, data, |connection, (name, now)| {
            Box::pin(async move {
                let sql = "SELECT stamp FROM landfall_limits WHERE name = $1";
                Ok(paused(sqlx::query_scalar(sql).bind(name).fetch_optional(connection).await?, *now))
            })
        }))
    }

    fn pause<'a>(&'a self, system: &'a str, until: Timestamp, now: Timestamp) -> BoxFuture<'a, Result<(), PortError>> {
        let (deadline, data) = (Instant::now() + PATIENCE, (pause_name(system), until, now));
        Box::pin(self.database.write("pause", deadline, data, |connection, (name, until, now)| {
            Box::pin(async move {
                let before = lock(connection, name).await?;
                store(connection, name, pause_until(Some(before), *until, *now)).await
            })
        }))
    }
}
