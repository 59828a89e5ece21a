//! The audit in the database: its rows, its head and its start. What they mean is computed in [`crate::audit`].

use std::io::Write;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::{PgConnection, Postgres};

use super::records::Record;
use crate::adapters::ledgers::{RowTuple, kept_json, micros, push_audit_filter, stored_row, tags_json, unsigned};
use crate::adapters::postgres::database::stripe;
use crate::adapters::refusal::refusal;
use crate::audit::{Checker, Export, NextRow, StoredHead, StoredStart, may_remove, record};
use crate::ports::{
    AuditFilter, AuditHead, AuditRecord, AuditReport, Decision, Event, ExportError, Keyring, SegmentReport,
};

/// All rows.
const SELECT_ROWS: &str =
    "SELECT number, at, outcome, reason, subject, customer, count, text, chain FROM landfall_audit ORDER BY number";

/// The stored head.
const SELECT_HEAD: &str = "SELECT number, chain, tag, events FROM landfall_head WHERE id = 1";

/// The head as selected.
type HeadRow = (i64, String, String, i64);

fn stored_head((number, chain, tag, _): HeadRow) -> Result<StoredHead, sqlx::Error> {
    Ok(StoredHead { head: AuditHead { number: unsigned(number)?, chain }, tag })
}

fn wrong_head() -> sqlx::Error {
    refusal("the head of the audit does not match the key: the key is wrong, or the database was changed")
}

/// The head. Read from its own row and not from the last row of the audit, so that rows cut off the end leave a permanent
/// gap.
pub(super) async fn head(connection: &mut PgConnection, keyring: &Keyring) -> Result<AuditHead, sqlx::Error> {
    let row: Option<HeadRow> = sqlx::query_as(SELECT_HEAD).fetch_optional(connection).await?;
    row.map(stored_head).transpose()?.and_then(|stored| stored.verified(keyring)).ok_or_else(wrong_head)
}

/// Locks the head until the end of the transaction. Waits for every transaction that is about to append.
async fn lock(connection: &mut PgConnection) -> Result<Option<HeadRow>, sqlx::Error> {
    let sql = "SELECT number, chain, tag, events FROM landfall_head WHERE id = 1 FOR UPDATE";
    sqlx::query_as(sql).fetch_optional(connection).await
}

/// Whether a head is part of the audit. Afterwards no transaction that began earlier can append.
pub(super) async fn has(connection: &mut PgConnection, head: &AuditHead) -> Result<bool, sqlx::Error> {
    lock(connection).await?;
    let number = i64::try_from(head.number).unwrap_or(i64::MAX);
    let sql = "SELECT EXISTS (SELECT 1 FROM landfall_audit WHERE number = $1 AND chain = $2)";
    sqlx::query_scalar(sql).bind(number).bind(&head.chain).fetch_one(connection).await
}

/// Writes the first head of a new ledger.
pub(super) async fn create(connection: &mut PgConnection, keyring: &Keyring) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO landfall_head (id, number, chain, tag, events) SELECT 1, 0, '', $1, 0 \
               WHERE NOT EXISTS (SELECT 1 FROM landfall_head) AND NOT EXISTS (SELECT 1 FROM landfall_audit) \
               ON CONFLICT (id) DO NOTHING";
    sqlx::query(sql).bind(AuditHead::default().tag(keyring)).execute(connection).await.map(|_| ())
}

/// Appends decisions to the chain, and their events to the outbox. Returns the new head.
pub(super) async fn append(
    connection: &mut PgConnection,
    keyring: &Keyring,
    records: &[&Record],
) -> Result<AuditHead, sqlx::Error> {
    // computed before the lock is taken
    let events = Events::of(records);
    let row = lock(connection).await?.ok_or_else(wrong_head)?;
    let before_events = row.3;
    let before = stored_head(row)?.verified(keyring).ok_or_else(wrong_head)?;
    let rows = Rows::after(before, keyring, records)?;
    let last_event = before_events.saturating_add(i64::try_from(events.at.len()).unwrap_or(i64::MAX));
    let sql = "WITH decided AS (INSERT INTO landfall_audit \
               (number, at, outcome, reason, subject, customer, count, text, chain) \
               SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)), \
               sent AS (INSERT INTO landfall_outbox \
               (id, at, kind, reason, account, request_id, tags, source, legacy_id, kept, routed) \
               SELECT e.*, FALSE FROM unnest($10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
               AS e (id, at, kind, reason, account, request_id, tags, source, legacy_id, kept)) \
               UPDATE landfall_head SET number = $20, chain = $21, tag = $22, events = $23 WHERE id = 1";
    let of =
        |text: fn(&Decision) -> &str| -> Vec<&str> { records.iter().map(|record| text(record.decision())).collect() };
    sqlx::query(sql)
        .bind(&rows.numbers)
        .bind(records.iter().map(|record| micros(record.decision().at)).collect::<Vec<_>>())
        .bind(of(|decision| decision.outcome.name()))
        .bind(of(|decision| decision.reason.name()))
        .bind(of(|decision| &decision.subject))
        .bind(records.iter().map(|record| record.decision().customer.as_deref()).collect::<Vec<_>>())
        .bind(
            records.iter().map(|record| i64::try_from(record.decision().count).unwrap_or(i64::MAX)).collect::<Vec<_>>(),
        )
        .bind(&rows.texts)
        .bind(&rows.chains)
        .bind((before_events + 1..=last_event).collect::<Vec<i64>>())
        .bind(events.at)
        .bind(events.kinds)
        .bind(events.reasons)
        .bind(events.accounts)
        .bind(events.requests)
        .bind(events.tags)
        .bind(events.sources)
        .bind(events.legacy_ids)
        .bind(events.kept)
        .bind(i64::try_from(rows.head.number).map_err(|_| refusal("the audit has reached the largest row number"))?)
        .bind(&rows.head.chain)
        .bind(rows.head.tag(keyring))
        .bind(last_event)
        .execute(connection)
        .await?;
    Ok(rows.head)
}

/// The rows of decisions, column by column.
struct Rows {
    numbers: Vec<i64>,
    texts: Vec<String>,
    chains: Vec<String>,
    head: AuditHead,
}

impl Rows {
    fn after(before: AuditHead, keyring: &Keyring, records: &[&Record]) -> Result<Self, sqlx::Error> {
        let mut rows = Self { numbers: Vec::new(), texts: Vec::new(), chains: Vec::new(), head: before };
        for record in records {
            let next = NextRow::new(keyring, &rows.head, record.decision());
            let next = next.map_err(|error| sqlx::Error::Encode(error.into()))?;
            rows.numbers.push(i64::try_from(next.head.number).unwrap_or(i64::MAX));
            rows.texts.push(next.text);
            rows.chains.push(next.head.chain.clone());
            rows.head = next.head;
        }
        Ok(rows)
    }
}

/// Events, column by column.
struct Events<'r> {
    at: Vec<i64>,
    kinds: Vec<&'static str>,
    reasons: Vec<&'r str>,
    accounts: Vec<Option<&'r str>>,
    requests: Vec<&'r str>,
    tags: Vec<String>,
    sources: Vec<Option<&'r str>>,
    legacy_ids: Vec<Option<&'r str>>,
    kept: Vec<Option<String>>,
}

impl<'r> Events<'r> {
    fn of(records: &[&'r Record]) -> Self {
        let all: Vec<&'r Event> = records.iter().flat_map(|record| record.events()).collect();
        let customers = || all.iter().map(|event| event.customer.as_ref());
        Self {
            at: all.iter().map(|event| micros(event.at)).collect(),
            kinds: all.iter().map(|event| event.kind.name()).collect(),
            reasons: all.iter().map(|event| event.reason.as_str()).collect(),
            accounts: all.iter().map(|event| event.account.as_ref().map(|account| account.0.as_str())).collect(),
            requests: all.iter().map(|event| event.request_id.as_str()).collect(),
            tags: all.iter().map(|event| tags_json(&event.tags)).collect(),
            sources: customers().map(|customer| customer.map(|customer| customer.key.source.as_str())).collect(),
            legacy_ids: customers().map(|customer| customer.map(|customer| customer.key.id.as_str())).collect(),
            kept: customers().map(|customer| customer.map(kept_json)).collect(),
        }
    }
}

/// The start; `None` if no rows were removed.
async fn stored_start(connection: &mut PgConnection) -> Result<Option<StoredStart>, sqlx::Error> {
    let sql = "SELECT number, text, tag FROM landfall_meta WHERE name = 'audit_start'";
    let row: Option<(i64, String, String)> = sqlx::query_as(sql).fetch_optional(connection).await?;
    row.map(|(number, chain, tag)| Ok(StoredStart { head: AuditHead { number: unsigned(number)?, chain }, tag }))
        .transpose()
}

/// The head of the exported and removed rows; the default if there are none.
async fn start(connection: &mut PgConnection, keyring: &Keyring) -> Result<AuditHead, sqlx::Error> {
    match stored_start(connection).await? {
        None => Ok(AuditHead::default()),
        Some(stored) => stored.verified(keyring).ok_or_else(|| refusal("the start of the audit was changed")),
    }
}

/// Moves the start and removes the rows up to it in one step: after a crash the audit has either the old or the new
/// start. The removed rows stay in the totals. Returns how many rows were removed; none if the start is already
/// there.
pub(super) async fn advance(
    connection: &mut PgConnection,
    keyring: &Keyring,
    to: &AuditHead,
) -> Result<u64, sqlx::Error> {
    // one removal at a time, which does not wait for decisions
    let sql = "SELECT token FROM landfall_stripes WHERE slot = $1 FOR UPDATE";
    sqlx::query(sql).bind(stripe("audit_start")).fetch_one(&mut *connection).await?;
    let from = start(connection, keyring).await?;
    if from.number >= to.number {
        return Ok(0);
    }
    let number = i64::try_from(to.number).map_err(|_| refusal("the audit has no such number"))?;
    let stored = StoredStart::new(keyring, to.clone());
    let sql = "INSERT INTO landfall_audit_totals (outcome, reason, count) \
               SELECT outcome, reason, CAST(SUM(count) AS BIGINT) FROM landfall_audit WHERE number <= $1 \
               GROUP BY outcome, reason \
               ON CONFLICT (outcome, reason) DO UPDATE SET count = landfall_audit_totals.count + excluded.count";
    sqlx::query(sql).bind(number).execute(&mut *connection).await?;
    let sql = "INSERT INTO landfall_meta (name, number, text, tag) VALUES ('audit_start', $1, $2, $3) \
               ON CONFLICT (name) DO UPDATE SET number = excluded.number, text = excluded.text, tag = excluded.tag";
    sqlx::query(sql).bind(number).bind(&to.chain).bind(&stored.tag).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM landfall_audit WHERE number <= $1").bind(number).execute(connection).await?;
    Ok(to.number - from.number)
}

/// Verifies all rows. Must run in a snapshot.
pub(super) async fn verify(
    connection: &mut PgConnection,
    keyring: &Keyring,
    anchors: &[AuditHead],
) -> Result<AuditReport, sqlx::Error> {
    let row: Option<HeadRow> = sqlx::query_as(SELECT_HEAD).fetch_optional(&mut *connection).await?;
    // a number that cannot be is a head that does not match
    let stored = row.map(stored_head).transpose().unwrap_or(None);
    let mut checker = match Checker::after(keyring, stored_start(connection).await?, anchors) {
        Ok(checker) => checker,
        Err(report) => return Ok(report),
    };
    let mut rows = sqlx::query_as::<_, RowTuple>(SELECT_ROWS).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        if let Err(broken) = checker.row(&stored_row(row)) {
            return Ok(checker.report(Some(broken)));
        }
    }
    Ok(checker.finish(stored))
}

/// Writes the rows before a time as a segment. Must run in a snapshot.
pub(super) async fn export(
    connection: &mut PgConnection,
    keyring: &Keyring,
    before: Timestamp,
    out: Box<dyn Write + Send>,
) -> Result<Result<(AuditHead, AuditHead), ExportError>, sqlx::Error> {
    let start = start(connection, keyring).await?;
    let mut export = match Export::begin(keyring, start, before, out) {
        Ok(export) => export,
        Err(error) => return Ok(Err(error)),
    };
    let mut rows = sqlx::query_as::<_, RowTuple>(SELECT_ROWS).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        match export.row(&stored_row(row)) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(export.end())
}

/// Checks that the rows of a segment may be removed from this ledger.
pub(super) async fn check_segment(
    connection: &mut PgConnection,
    keyring: &Keyring,
    segment: &SegmentReport,
) -> Result<Result<(), ExportError>, sqlx::Error> {
    let start = start(connection, keyring).await?;
    let number = i64::try_from(segment.head.number).unwrap_or(i64::MAX);
    let sql = "SELECT chain FROM landfall_audit WHERE number = $1";
    let last: Option<String> = sqlx::query_scalar(sql).bind(number).fetch_optional(connection).await?;
    Ok(may_remove(segment, &start, last.as_deref()))
}

/// The matching rows, newest first.
pub(super) async fn page(
    connection: &mut PgConnection,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<AuditRecord>, sqlx::Error> {
    let mut query = sqlx::QueryBuilder::<Postgres>::new("SELECT number, text FROM landfall_audit WHERE number < ");
    push_audit_filter(&mut query, filter, limit);
    let rows: Vec<(i64, String)> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter()
        .map(|(number, text)| {
            record(unsigned(number)?, &text).ok_or_else(|| refusal("a row of the audit cannot be read"))
        })
        .collect()
}
