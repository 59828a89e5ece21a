//! How far the legacy systems are still needed, and customers who are stuck.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::adapters::ledgers::{self, Tables, UseRows, micros};
use crate::ports::{LegacyUse, Stuck};

/// The tables of this ledger.
const TABLES: Tables = Tables {
    entries: "entries",
    audit: "audit",
    outbox: "outbox",
    member: |name| format!("json_extract(text, '$.{name}')"),
};

/// The use of the legacy systems. All questions are asked in one snapshot.
pub(super) async fn legacy_use(connection: &mut SqliteConnection, since: Timestamp) -> Result<LegacyUse, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let connection = &mut *snapshot;
    let since = micros(since);
    let coverage = sqlx::query_as(AssertSqlSafe(TABLES.coverage(since))).fetch_one(&mut *connection).await?;
    let rows = UseRows {
        entries: sqlx::query_as(AssertSqlSafe(TABLES.count_entries())).fetch_all(&mut *connection).await?,
        legacy_passwords: sqlx::query_as(AssertSqlSafe(TABLES.count_legacy_passwords()))
            .fetch_all(&mut *connection)
            .await?,
        write_backs: sqlx::query_as(AssertSqlSafe(TABLES.count_write_backs())).fetch_all(&mut *connection).await?,
        calls: sqlx::query_as(AssertSqlSafe(TABLES.count_calls(since))).fetch_all(&mut *connection).await?,
    };
    ledgers::legacy_use(coverage, rows)
}

/// Customers who are stuck, by reason. All questions are asked in one snapshot.
pub(super) async fn stuck(connection: &mut SqliteConnection) -> Result<Vec<Stuck>, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let connection = &mut *snapshot;
    let rows = sqlx::query_as(AssertSqlSafe(TABLES.stuck())).fetch_all(&mut *connection).await?;
    let must_change = sqlx::query_scalar(AssertSqlSafe(TABLES.must_change())).fetch_one(&mut *connection).await?;
    let legacy_passwords: Vec<(String, i64)> =
        sqlx::query_as(AssertSqlSafe(TABLES.count_legacy_passwords())).fetch_all(&mut *connection).await?;
    ledgers::stuck(rows, must_change, &legacy_passwords)
}
