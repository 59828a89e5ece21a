//! Reports for operators: the progress of the migration, and the entries of customers.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::{Connection as _, QueryBuilder, Sqlite, SqliteConnection};

use super::entries::{EntryRow, select_entries};
use super::stamp::{maybe_stamp, micros, stamp, tags, unsigned};
use crate::ports::{Entry, EntryState, LegacyKey, TargetId};

/// Microseconds per day.
const DAY: i64 = 86_400_000_000;

/// How many days [`Summary::per_day`] covers. Bounds the report; a migration takes months.
const DAYS: i64 = 400;

/// The progress of the migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Customers whose account was created with a verified password.
    pub migrated: u64,
    /// Accounts created without a verified password, by the forgot-password operation, that are waiting for a password.
    pub pending: u64,
    /// Accounts created without a verified password that have got one since.
    pub activated: u64,
    /// Customers whose migration is being undone.
    pub undoing: u64,
    /// Customers whose account is being created.
    pub creating: u64,
    /// Those of them whose claim has expired: recovery has to check the target.
    pub overdue: u64,
    /// Customers for whom nothing was created; their next login starts again.
    pub abandoned: u64,
    /// Customers who were permanently deleted.
    pub buried: u64,
    /// Sign-ins of customers with an account at the target.
    pub authenticated: u64,
    /// Refusals by reason, most frequent first: outcomes `refused` and `denied_by_rule`.
    pub refused: Vec<OutcomeCount>,
    /// Failures, most frequent first: of records, rules and systems.
    pub failed: Vec<OutcomeCount>,
    /// Migrated customers per day (UTC), oldest day first, at most 400 days back.
    pub per_day: Vec<(Date, u64)>,
    /// When the first customer was migrated.
    pub first_at: Option<Timestamp>,
    /// When the last customer was migrated.
    pub last_at: Option<Timestamp>,
    /// Events waiting to be sent.
    pub events: u64,
}

/// How often an outcome occurred, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeCount {
    /// The name of the outcome.
    pub outcome: String,
    /// The reason; empty if the outcome says it all.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// Which entries to return. A field that is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Created by the rules with this hash.
    pub rules: Option<String>,
    /// Whose creation began at this time or later.
    pub since: Option<Timestamp>,
    /// In this state.
    pub state: Option<EntryState>,
    /// With this account.
    pub account: Option<TargetId>,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPage {
    /// The last key of the previous page; `None` for the first page.
    pub after: Option<LegacyKey>,
    /// The maximum number of entries.
    pub limit: usize,
}

/// An entry with additional details for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryReport {
    /// The entry.
    pub entry: Entry,
    /// Tags that hooks assigned to the customer.
    pub tags: Vec<String>,
}

/// Counts everything in one snapshot.
pub(super) async fn summary(connection: &mut SqliteConnection, now: Timestamp) -> Result<Summary, sqlx::Error> {
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
        events: count(connection, "SELECT COUNT(*) FROM outbox".into()).await?,
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
pub(super) async fn entries(
    connection: &mut SqliteConnection,
    filter: &EntryFilter,
    page: &EntryPage,
) -> Result<Vec<EntryReport>, sqlx::Error> {
    let mut query = QueryBuilder::<Sqlite>::new(select_entries!("WHERE 1 = 1"));
    if let Some(rules) = &filter.rules {
        query.push(" AND rules = ").push_bind(rules);
    }
    if let Some(since) = filter.since {
        query.push(" AND creating_at >= ").push_bind(micros(since));
    }
    if let Some(state) = filter.state {
        query.push(" AND state = ").push_bind(state.name());
    }
    if let Some(account) = &filter.account {
        query.push(" AND account = ").push_bind(&account.0);
    }
    if let Some(after) = &page.after {
        query.push(" AND (source, legacy_id) > (").push_bind(&after.source);
        query.push(", ").push_bind(&after.id).push(")");
    }
    query.push(" ORDER BY source, legacy_id LIMIT ").push_bind(i64::try_from(page.limit).unwrap_or(i64::MAX));
    let rows: Vec<EntryRow> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(report).collect()
}

fn report(row: EntryRow) -> Result<EntryReport, sqlx::Error> {
    let tags = tags(&row.tags)?;
    Ok(EntryReport { entry: row.entry()?, tags })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::adapters::sqlite::SqliteLedger;
    use crate::adapters::suites::ledger::{at, decision, keyring, open};
    use crate::ports::{
        Abandon, AccountState, Claim, ClaimAnswer, Decision, DecisionReason, Finish, Ledger as _, Left, Refusal,
    };

    /// Seconds per day.
    const DAY: i64 = 86_400;

    fn key(id: &str) -> LegacyKey {
        LegacyKey { source: "shop".into(), id: id.into() }
    }

    async fn claim(ledger: &SqliteLedger, id: &str, seconds: i64, verified_at: Option<Timestamp>) -> u64 {
        let claim = Claim {
            key: key(id),
            logins: Vec::new(),
            external_id: keyring().external_id(&key(id)),
            rules: if seconds < DAY { "r1".into() } else { "r2".into() },
            claimed_at: at(seconds),
            verified_at,
            creating_at: at(seconds),
            lease: Duration::from_secs(10),
        };
        match ledger.claim(&claim).await.unwrap() {
            ClaimAnswer::Granted(grant) => grant.token,
            other => panic!("{other:?}"),
        }
    }

    async fn migrate(ledger: &SqliteLedger, id: &str, seconds: i64, verified_at: Option<Timestamp>) {
        let finish = Finish {
            key: key(id),
            token: claim(ledger, id, seconds, verified_at).await,
            account: TargetId(format!("account of {id}")),
            state: if verified_at.is_some() { AccountState::Active } else { AccountState::Pending },
            created_at: at(seconds),
            tags: vec!["vip".into()],
            decision: decision("migrated", seconds),
            events: Vec::new(),
        };
        ledger.finish(&finish).await.unwrap();
    }

    /// Customers in every state, and a few decisions.
    async fn fill(ledger: &SqliteLedger) {
        migrate(ledger, "1", 0, Some(at(0))).await;
        migrate(ledger, "2", 5, Some(at(5))).await;
        migrate(ledger, "3", DAY, Some(at(DAY))).await;
        migrate(ledger, "4", DAY, None).await;
        claim(ledger, "5", DAY, Some(at(DAY))).await;
        claim(ledger, "6", 2 * DAY, Some(at(DAY))).await;
        let token = claim(ledger, "7", DAY, Some(at(DAY))).await;
        ledger.abandon(&Abandon { key: key("7"), token, left: Left::AsBefore }).await.unwrap();
        migrate(ledger, "8", DAY, Some(at(DAY))).await;
        ledger.bury(&key("8"), &[], at(DAY)).await.unwrap();
        let refused = |refusal| ("refused", DecisionReason::Refused(refusal));
        for (outcome, reason) in [
            ("authenticated", DecisionReason::None),
            refused(Refusal::Unknown),
            refused(Refusal::Unknown),
            refused(Refusal::WrongPassword),
            ("denied_by_rule", DecisionReason::Rule("minor".into())),
            ("conflict", DecisionReason::None),
            ("legacy_unavailable", DecisionReason::None),
            ("legacy_unavailable", DecisionReason::None),
        ] {
            ledger.decide(&Decision { reason, ..decision(outcome, DAY) }, &[]).await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_summary_counts_customers_and_decisions() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(&folder).await;
        let empty = ledger.summary(at(0)).await.unwrap();
        assert_eq!((empty.migrated, empty.first_at, empty.per_day.len()), (0, None, 0));
        fill(&ledger).await;
        let summary = ledger.summary(at(2 * DAY)).await.unwrap();
        assert_eq!((summary.migrated, summary.pending, summary.authenticated), (3, 1, 1));
        assert_eq!((summary.creating, summary.overdue, summary.abandoned, summary.buried), (2, 1, 1, 1));
        let rendered = |counts: &[OutcomeCount]| -> Vec<String> {
            counts.iter().map(|count| format!("{} {} {}", count.count, count.outcome, count.reason)).collect()
        };
        let refused = ["2 refused unknown", "1 denied_by_rule minor", "1 refused wrong_password"];
        assert_eq!(rendered(&summary.refused), refused);
        assert_eq!(rendered(&summary.failed), ["2 legacy_unavailable ", "1 conflict "]);
        assert_eq!((summary.first_at, summary.last_at), (Some(at(0)), Some(at(DAY))));
        let days: Vec<_> = summary.per_day.iter().map(|(day, count)| format!("{day} {count}")).collect();
        assert_eq!(days, ["2026-03-01 2", "2026-03-02 1"]);
        assert_eq!(summary.events, 0);
    }

    #[tokio::test]
    async fn entries_are_found_page_by_page() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(&folder).await;
        fill(&ledger).await;
        let ids = async |filter: EntryFilter, after: Option<&str>, limit| -> String {
            let page = EntryPage { after: after.map(key), limit };
            let found = ledger.entries(filter, page).await.unwrap();
            found.into_iter().map(|report| report.entry.key.id).collect()
        };
        let all = EntryFilter::default();
        assert_eq!(ids(all.clone(), None, 5).await, "12345");
        assert_eq!(ids(all.clone(), Some("5"), 5).await, "678");
        assert_eq!(ids(EntryFilter { rules: Some("r1".into()), ..all.clone() }, None, 9).await, "12");
        assert_eq!(ids(EntryFilter { since: Some(at(DAY + 1)), ..all.clone() }, None, 9).await, "6");
        assert_eq!(ids(EntryFilter { state: Some(EntryState::Done), ..all.clone() }, Some("1"), 9).await, "234");
        let account = EntryFilter { account: Some(TargetId("account of 3".into())), ..all.clone() };
        assert_eq!(ids(account, None, 9).await, "3");
        let first = ledger.entries(all, EntryPage { after: None, limit: 1 }).await.unwrap().remove(0);
        assert_eq!(first.tags, ["vip"]);
        assert_eq!(Some(first.entry), ledger.entry(&key("1")).await.unwrap());
    }
}
