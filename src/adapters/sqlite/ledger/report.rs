//! Reports for operators: the progress of the migration, the entries of customers, and the care of the audit.

use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::{Connection as _, QueryBuilder, Sqlite, SqliteConnection};

use super::entries::select_entries;
use super::store::{NAME, SqliteLedger};
use super::{audit, export, legacy_use};
use crate::adapters::ledgers::{EntryRow, maybe_stamp, micros, push_entry_filter, push_keys, stamp, unsigned};
use crate::ports::{
    AuditFilter, AuditHead, AuditRecord, AuditReport, BoxFuture, Entry, EntryFilter, EntryPage, EntryReport,
    ExportError, LegacyUse, OutcomeCount, PortError, Reports, SegmentReport, Stuck, Summary,
};

/// Microseconds per day.
const DAY: i64 = 86_400_000_000;

/// How many days [`Summary::per_day`] covers. Bounds the report; a migration takes months.
const DAYS: i64 = 400;

/// Counts everything in one snapshot.
async fn summary(connection: &mut SqliteConnection, now: Timestamp) -> Result<Summary, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let connection = &mut *snapshot;
    let state = |name| format!("SELECT COUNT(*) FROM entries WHERE state = '{name}'");
    let done = "SELECT COUNT(*) FROM entries WHERE state = 'done' AND verified_at IS";
    let without = format!("{done} NULL AND activated_at IS");
    let (first_at, last_at) = first_and_last(connection).await?;
    Ok(Summary {
        migrated: count(connection, format!("{done} NOT NULL")).await?,
        pending: count(connection, format!("{without} NULL")).await?,
        activated: count(connection, format!("{without} NOT NULL")).await?,
        undoing: count(connection, state("undoing")).await?,
        creating: count(connection, state("creating")).await?,
        overdue: count(connection, format!("{} AND lease_until <= {}", state("creating"), micros(now))).await?,
        abandoned: count(connection, state("abandoned")).await?,
        buried: count(connection, state("buried")).await?,
        authenticated: outcomes(connection, "'authenticated'").await?.iter().map(|outcome| outcome.count).sum(),
        refused: outcomes(connection, "'refused', 'denied_by_rule'").await?,
        failed: outcomes(
            connection,
            "'conflict', 'invalid_record', 'legacy_unavailable', 'target_unavailable', 'overloaded'",
        )
        .await?,
        per_day: per_day(connection, now).await?,
        first_at,
        last_at,
        events: count(connection, "SELECT COUNT(*) FROM outbox WHERE kind <> 'write_back'".into()).await?,
        write_backs: count(connection, "SELECT COUNT(*) FROM outbox WHERE kind = 'write_back'".into()).await?,
        write_backs_failed: count(connection, super::undelivered::failed_write_backs()).await?,
    })
}

/// Runs a count. Callers build the SQL from constants and numbers only.
async fn count(connection: &mut SqliteConnection, sql: String) -> Result<u64, sqlx::Error> {
    unsigned(sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(connection).await?)
}

async fn outcomes(connection: &mut SqliteConnection, names: &str) -> Result<Vec<OutcomeCount>, sqlx::Error> {
    // An index covers the columns of all three queries; rows that stand for several decisions are few.
    let sql = format!(
        "SELECT outcome, reason, SUM(found) FROM ( \
         SELECT outcome, reason, COUNT(*) AS found FROM audit WHERE outcome IN ({names}) GROUP BY outcome, reason \
         UNION ALL SELECT outcome, reason, count - 1 FROM audit WHERE count > 1 AND outcome IN ({names}) \
         UNION ALL SELECT outcome, reason, count FROM audit_totals WHERE outcome IN ({names})) \
         GROUP BY outcome, reason ORDER BY SUM(found) DESC, outcome, reason"
    );
    let rows: Vec<(String, String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(outcome, reason, count)| Ok(OutcomeCount { outcome, reason, count: unsigned(count)? }))
        .collect()
}

async fn per_day(connection: &mut SqliteConnection, now: Timestamp) -> Result<Vec<(Date, u64)>, sqlx::Error> {
    let sql = "SELECT done_at / ?, COUNT(*) FROM entries WHERE state = 'done' AND verified_at IS NOT NULL AND done_at >= ? \
               GROUP BY 1 ORDER BY 1";
    let rows: Vec<(i64, i64)> =
        sqlx::query_as(sql).bind(DAY).bind(micros(now) - DAYS * DAY).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(day, count)| {
            let date = stamp(day.saturating_mul(DAY))?.to_zoned(TimeZone::UTC).date();
            Ok((date, unsigned(count)?))
        })
        .collect()
}

async fn first_and_last(
    connection: &mut SqliteConnection,
) -> Result<(Option<Timestamp>, Option<Timestamp>), sqlx::Error> {
    let sql = "SELECT MIN(done_at), MAX(done_at) FROM entries WHERE state = 'done' AND verified_at IS NOT NULL";
    let (first, last): (Option<i64>, Option<i64>) = sqlx::query_as(sql).fetch_one(connection).await?;
    Ok((maybe_stamp(first)?, maybe_stamp(last)?))
}

/// The entries that match a filter.
async fn entries(
    connection: &mut SqliteConnection,
    filter: &EntryFilter,
    page: &EntryPage,
) -> Result<Vec<EntryReport>, sqlx::Error> {
    let mut query = QueryBuilder::<Sqlite>::new(select_entries!("WHERE 1 = 1"));
    push_entry_filter(&mut query, filter, page);
    let rows: Vec<EntryRow> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(EntryRow::report).collect()
}

/// The entries of these customers.
async fn entries_of(
    connection: &mut SqliteConnection,
    source: &str,
    ids: &[String],
) -> Result<Vec<Entry>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<Sqlite>::new(select_entries!("WHERE 1 = 1"));
    push_keys(&mut query, source, ids);
    let rows: Vec<EntryRow> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(EntryRow::entry).collect()
}

impl Reports for SqliteLedger {
    fn summary(&self, now: Timestamp) -> BoxFuture<'_, Result<Summary, PortError>> {
        Box::pin(self.read("summary", move |connection| Box::pin(summary(connection, now))))
    }

    fn entries(&self, filter: EntryFilter, page: EntryPage) -> BoxFuture<'_, Result<Vec<EntryReport>, PortError>> {
        Box::pin(
            self.read("entries", move |connection| Box::pin(async move { entries(connection, &filter, &page).await })),
        )
    }

    fn entries_of(&self, source: String, ids: Vec<String>) -> BoxFuture<'_, Result<Vec<Entry>, PortError>> {
        Box::pin(
            self.read("entries", move |connection| {
                Box::pin(async move { entries_of(connection, &source, &ids).await })
            }),
        )
    }

    fn stuck(&self) -> BoxFuture<'_, Result<Vec<Stuck>, PortError>> {
        Box::pin(self.read("stuck", |connection| Box::pin(legacy_use::stuck(connection))))
    }

    fn legacy_use(&self, since: Timestamp) -> BoxFuture<'_, Result<LegacyUse, PortError>> {
        Box::pin(self.read("legacy_use", move |connection| Box::pin(legacy_use::legacy_use(connection, since))))
    }

    fn audit(&self, filter: AuditFilter, limit: usize) -> BoxFuture<'_, Result<Vec<AuditRecord>, PortError>> {
        Box::pin(
            self.read("audit", move |connection| {
                Box::pin(async move { audit::page(connection, &filter, limit).await })
            }),
        )
    }

    fn audit_head(&self) -> BoxFuture<'_, Result<AuditHead, PortError>> {
        let keyring = Arc::clone(&self.keyring);
        Box::pin(self.read("head", move |connection| Box::pin(async move { audit::head(connection, &keyring).await })))
    }

    fn verify_with<'a>(&'a self, anchors: &'a [AuditHead]) -> BoxFuture<'a, Result<AuditReport, PortError>> {
        let (keyring, anchors) = (Arc::clone(&self.keyring), anchors.to_vec());
        Box::pin(self.read("verify", move |connection| {
            Box::pin(async move { audit::verify(connection, &keyring, &anchors).await })
        }))
    }

    fn export_audit(
        &self,
        before: Timestamp,
        out: Box<dyn Write + Send>,
    ) -> BoxFuture<'_, Result<(AuditHead, AuditHead), ExportError>> {
        let keyring = Arc::clone(&self.keyring);
        Box::pin(async move {
            self.read("export", move |connection| {
                Box::pin(async move { export::export(connection, &keyring, before, out).await })
            })
            .await?
        })
    }

    fn remove_exported<'a>(&'a self, segment: &'a SegmentReport) -> BoxFuture<'a, Result<u64, ExportError>> {
        Box::pin(async move {
            if let Some(broken) = segment.broken {
                return Err(ExportError::Broken(broken));
            }
            let (keyring, asked) = (Arc::clone(&self.keyring), segment.clone());
            self.read("remove", move |connection| {
                Box::pin(async move { export::check_segment(connection, &keyring, &asked).await })
            })
            .await??;
            let mut removed = 0;
            for step in segment.steps() {
                let (keyring, step) = (Arc::clone(&self.keyring), step.clone());
                removed += self
                    .write("remove", move |connection| {
                        Box::pin(async move { audit::advance(connection, &keyring, &step).await })
                    })
                    .await?;
            }
            Ok(removed)
        })
    }

    /// Copies the journal into the database file, so that the file is complete without it.
    fn checkpoint(&self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(self.database.checkpoint(NAME))
    }
}
