//! Reports for operators: the progress of the migration, the entries of customers, and the care of the audit.

use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use tokio::time::Instant;

use super::entries::select_entries;
use super::store::PostgresLedger;
use super::{audit, legacy_use, undelivered};
use crate::adapters::ledgers::{EntryRow, maybe_stamp, micros, push_entry_filter, push_keys, stamp, unsigned};
use crate::adapters::postgres::database::PATIENCE;
use crate::adapters::refusal::refusal;
use crate::ports::{
    AuditFilter, AuditHead, AuditRecord, AuditReport, BoxFuture, Entry, EntryFilter, EntryPage, EntryReport,
    ExportError, LegacyUse, OutcomeCount, PortError, Reports, SegmentReport, Stuck, Summary,
};

/// Microseconds per day.
const DAY: i64 = 86_400_000_000;

/// How many days [`Summary::per_day`] covers. Bounds the report; a migration takes months.
const DAYS: i64 = 400;

/// Counts everything. Must run in a snapshot.
async fn summary(connection: &mut PgConnection, now: Timestamp) -> Result<Summary, sqlx::Error> {
    let state = |name| format!("SELECT COUNT(*) FROM landfall_entries WHERE state = '{name}'");
    let done = "SELECT COUNT(*) FROM landfall_entries WHERE state = 'done' AND verified_at IS";
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
        events: count(connection, "SELECT COUNT(*) FROM landfall_outbox WHERE kind <> 'write_back'".into()).await?,
        write_backs: count(connection, "SELECT COUNT(*) FROM landfall_outbox WHERE kind = 'write_back'".into()).await?,
        write_backs_failed: count(connection, undelivered::failed_write_backs()).await?,
    })
}

/// Runs a count. Callers build the SQL from constants and numbers only.
async fn count(connection: &mut PgConnection, sql: String) -> Result<u64, sqlx::Error> {
    unsigned(sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(connection).await?)
}

async fn outcomes(connection: &mut PgConnection, names: &str) -> Result<Vec<OutcomeCount>, sqlx::Error> {
    // An index covers the columns of all three queries; rows that stand for several decisions are few.
    let sql = format!(
        "SELECT outcome, reason, CAST(SUM(found) AS BIGINT) FROM ( \
         SELECT outcome, reason, COUNT(*) AS found FROM landfall_audit WHERE outcome IN ({names}) GROUP BY outcome, reason \
         UNION ALL SELECT outcome, reason, count - 1 FROM landfall_audit WHERE count > 1 AND outcome IN ({names}) \
         UNION ALL SELECT outcome, reason, count FROM landfall_audit_totals WHERE outcome IN ({names})) AS counted \
         GROUP BY outcome, reason ORDER BY SUM(found) DESC, outcome, reason"
    );
    let rows: Vec<(String, String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(outcome, reason, count)| Ok(OutcomeCount { outcome, reason, count: unsigned(count)? }))
        .collect()
}

async fn per_day(connection: &mut PgConnection, now: Timestamp) -> Result<Vec<(Date, u64)>, sqlx::Error> {
    let sql = "SELECT CAST(FLOOR(done_at / $1) AS BIGINT), COUNT(*) FROM landfall_entries \
               WHERE state = 'done' AND verified_at IS NOT NULL AND done_at >= $2 GROUP BY 1 ORDER BY 1";
    let rows: Vec<(i64, i64)> =
        sqlx::query_as(sql).bind(DAY).bind(micros(now) - DAYS * DAY).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(day, count)| {
            let date = stamp(day.saturating_mul(DAY))?.to_zoned(TimeZone::UTC).date();
            Ok((date, unsigned(count)?))
        })
        .collect()
}

async fn first_and_last(connection: &mut PgConnection) -> Result<(Option<Timestamp>, Option<Timestamp>), sqlx::Error> {
    let sql =
        "SELECT MIN(done_at), MAX(done_at) FROM landfall_entries WHERE state = 'done' AND verified_at IS NOT NULL";
    let (first, last): (Option<i64>, Option<i64>) = sqlx::query_as(sql).fetch_one(connection).await?;
    Ok((maybe_stamp(first)?, maybe_stamp(last)?))
}

/// The entries that match a filter.
async fn entries(
    connection: &mut PgConnection,
    filter: &EntryFilter,
    page: &EntryPage,
) -> Result<Vec<EntryReport>, sqlx::Error> {
    let mut query = QueryBuilder::<Postgres>::new(select_entries!("WHERE 1 = 1"));
    push_entry_filter(&mut query, filter, page);
    let rows: Vec<EntryRow> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(EntryRow::report).collect()
}

/// The entries of these customers.
async fn entries_of(connection: &mut PgConnection, source: &str, ids: &[String]) -> Result<Vec<Entry>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<Postgres>::new(select_entries!("WHERE 1 = 1"));
    push_keys(&mut query, source, ids);
    let rows: Vec<EntryRow> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(EntryRow::entry).collect()
}

impl Reports for PostgresLedger {
    fn summary(&self, now: Timestamp) -> BoxFuture<'_, Result<Summary, PortError>> {
        Box::pin(self.database.report("summary", now, |connection, now| Box::pin(summary(connection, *now))))
    }

    fn entries(&self, filter: EntryFilter, page: EntryPage) -> BoxFuture<'_, Result<Vec<EntryReport>, PortError>> {
        Box::pin(self.database.report("entries", (filter, page), |connection, (filter, page)| {
            Box::pin(entries(connection, filter, page))
        }))
    }

    fn entries_of(&self, source: String, ids: Vec<String>) -> BoxFuture<'_, Result<Vec<Entry>, PortError>> {
        Box::pin(self.database.report("entries", (source, ids), |connection, (source, ids)| {
            Box::pin(entries_of(connection, source, ids))
        }))
    }

    fn stuck(&self) -> BoxFuture<'_, Result<Vec<Stuck>, PortError>> {
        Box::pin(self.database.report("stuck", (), |connection, ()| Box::pin(legacy_use::stuck(connection))))
    }

    fn legacy_use(&self, since: Timestamp) -> BoxFuture<'_, Result<LegacyUse, PortError>> {
        Box::pin(
            self.database
                .report("legacy_use", since, |connection, since| Box::pin(legacy_use::legacy_use(connection, *since))),
        )
    }

    fn audit(&self, filter: AuditFilter, limit: usize) -> BoxFuture<'_, Result<Vec<AuditRecord>, PortError>> {
        Box::pin(
            self.database
                .report("audit", filter, move |connection, filter| Box::pin(audit::page(connection, filter, limit))),
        )
    }

    fn audit_head(&self) -> BoxFuture<'_, Result<AuditHead, PortError>> {
        let deadline = Instant::now() + PATIENCE;
        Box::pin(
            self.database.read("head", deadline, &*self.keyring, |connection, keyring| {
                Box::pin(audit::head(connection, keyring))
            }),
        )
    }

    fn verify_with<'a>(&'a self, anchors: &'a [AuditHead]) -> BoxFuture<'a, Result<AuditReport, PortError>> {
        let data = (Arc::clone(&self.keyring), anchors);
        Box::pin(self.database.report("verify", data, |connection, (keyring, anchors)| {
            Box::pin(audit::verify(connection, keyring, anchors))
        }))
    }

    fn export_audit(
        &self,
        before: Timestamp,
        out: Box<dyn Write + Send>,
    ) -> BoxFuture<'_, Result<(AuditHead, AuditHead), ExportError>> {
        let data = (Arc::clone(&self.keyring), Some(out));
        Box::pin(async move {
            let exported = self.database.report("export", data, |connection, (keyring, out)| {
                Box::pin(async move {
                    let out = out.take().ok_or_else(|| refusal("the segment was already written"))?;
                    audit::export(connection, keyring, before, out).await
                })
            });
            exported.await?
        })
    }

    fn remove_exported<'a>(&'a self, segment: &'a SegmentReport) -> BoxFuture<'a, Result<u64, ExportError>> {
        Box::pin(async move {
            if let Some(broken) = segment.broken {
                return Err(ExportError::Broken(broken));
            }
            let (keyring, deadline) = (&*self.keyring, Instant::now() + PATIENCE);
            let checked =
                self.database.read("remove", deadline, (keyring, segment), |connection, (keyring, segment)| {
                    Box::pin(audit::check_segment(connection, keyring, segment))
                });
            checked.await??;
            let mut removed = 0;
            for step in segment.steps() {
                let (data, deadline) = ((keyring, step), Instant::now() + PATIENCE);
                let advanced = self.database.write("remove", deadline, data, |connection, (keyring, step)| {
                    Box::pin(audit::advance(connection, keyring, step))
                });
                removed += advanced.await?;
            }
            Ok(removed)
        })
    }
}
