//! Rate limits that all instances share: one row for each, locked while calls are taken.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::store::{PostgresLedger, soon};
use crate::adapters::ledgers::limits::{pause_name, pause_until, paused, take};
use crate::ports::{BoxFuture, PortError, RateLimit, SharedLimits, Taken};

/// The schema step for shared limits.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS landfall_limits (
    name TEXT NOT NULL PRIMARY KEY,
    stamp BIGINT NOT NULL
);
";

/// The stamp of a row, which is locked until the end of the transaction. One that did not exist is 0, long past.
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
        Box::pin(self.database.write("take", soon(), (limit, wanted, now), |connection, (limit, wanted, now)| {
            Box::pin(async move {
                let before = lock(connection, &limit.name).await?;
                let (taken, after) = take(limit, Some(before), *wanted, *now);
                store(connection, &limit.name, after).await?;
                Ok(taken)
            })
        }))
    }

    fn paused<'a>(&'a self, system: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Timestamp>, PortError>> {
        Box::pin(self.database.read("paused", soon(), (pause_name(system), now), |connection, (name, now)| {
            Box::pin(async move {
                let sql = "SELECT stamp FROM landfall_limits WHERE name = $1";
                let stamp = sqlx::query_scalar(sql).bind(&*name).fetch_optional(connection).await?;
                Ok(paused(stamp, *now))
            })
        }))
    }

    fn pause<'a>(&'a self, system: &'a str, until: Timestamp, now: Timestamp) -> BoxFuture<'a, Result<(), PortError>> {
        let data = (pause_name(system), until, now);
        Box::pin(self.database.write("pause", soon(), data, |connection, (name, until, now)| {
            Box::pin(async move {
                let before = lock(connection, name).await?;
                store(connection, name, pause_until(Some(before), *until, *now)).await
            })
        }))
    }
}
