//! Rate limits that all processes share: one row for each.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::SqliteLedger;
use crate::adapters::ledgers::limits::{pause_name, pause_until, paused, take};
use crate::ports::{BoxFuture, PortError, RateLimit, SharedLimits, Taken};

/// The schema step for shared limits.
pub(super) const TABLES: &str = "
CREATE TABLE limits (
    name TEXT NOT NULL PRIMARY KEY,
    stamp INTEGER NOT NULL
) WITHOUT ROWID;
";

async fn stamp(connection: &mut SqliteConnection, name: &str) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT stamp FROM limits WHERE name = ?").bind(name).fetch_optional(connection).await
}

async fn store(connection: &mut SqliteConnection, name: &str, stamp: i64) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO limits (name, stamp) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET stamp = excluded.stamp";
    sqlx::query(sql).bind(name).bind(stamp).execute(connection).await.map(|_| ())
}

impl SharedLimits for SqliteLedger {
    fn take<'a>(
        &'a self,
        limit: &'a RateLimit,
        wanted: u32,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Taken, PortError>> {
        let limit = limit.clone();
        Box::pin(self.write("take", move |connection| {
            Box::pin(async move {
                let before = stamp(connection, &limit.name).await?;
                let (taken, after) = take(&limit, before, wanted, now);
                store(connection, &limit.name, after).await?;
                Ok(taken)
            })
        }))
    }

    fn paused<'a>(&'a self, system: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Timestamp>, PortError>> {
        let name = pause_name(system);
        Box::pin(self.read("paused", move |connection| {
            Box::pin(async move { Ok(paused(stamp(connection, &name).await?, now)) })
        }))
    }

    fn pause<'a>(&'a self, system: &'a str, until: Timestamp, now: Timestamp) -> BoxFuture<'a, Result<(), PortError>> {
        let name = pause_name(system);
        Box::pin(self.write("pause", move |connection| {
            Box::pin(async move {
                let until = pause_until(stamp(connection, &name).await?, until, now);
                store(connection, &name, until).await
            })
        }))
    }
}
