//! The entries of customers: claims, their ends, and tombstones.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::logins;
use crate::adapters::ledgers::{
    EntryRow, Existing, finished, later, latest, micros, stored_token, tags_json, unsigned,
};
use crate::adapters::sqlite::{Batch, refusal};
use crate::ports::{
    Abandon, AccountState, Claim, ClaimAnswer, Decision, DecisionOutcome, Entry, ExternalId, Finish, Finished, Grant,
    Left, LegacyKey, Operation, TargetId,
};

/// Selects the columns of an [`EntryRow`], followed by the given clause.
macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT source, legacy_id, state, external_id, account, token, rules, claimed_at, verified_at, creating_at, ",
            "created_at, done_at, activated_at, tags FROM entries ",
            $rest
        )
    };
}
pub(super) use select_entries;

/// Claims a customer. `customer` is the digest of the key.
pub(super) async fn claim(
    connection: &mut SqliteConnection,
    customer: &str,
    claim: &Claim,
) -> Result<ClaimAnswer, sqlx::Error> {
    if logins::are_taken(connection, claim).await? {
        return Ok(ClaimAnswer::Taken);
    }
    // The fast path: almost every customer is new.
    if let Some((token, _)) = write(connection, Claimable::New, customer, claim).await? {
        logins::keep(connection, claim).await?;
        return Ok(ClaimAnswer::Granted(Grant { token: unsigned(token)?, pending: None }));
    }
    let existing = existing(connection, customer, claim).await?;
    if let Some(answer) = existing.conflict_with(claim)? {
        return Ok(answer);
    }
    let written = write(connection, Claimable::Retry, customer, claim).await?;
    let (token, pending) =
        written.ok_or_else(|| refusal("a claim was not written although nothing conflicts with it"))?;
    logins::keep(connection, claim).await?;
    Ok(ClaimAnswer::Granted(Grant { token: unsigned(token)?, pending: pending.map(TargetId) }))
}

/// When a claim may be written.
#[derive(Clone, Copy)]
enum Claimable {
    /// For a customer without an entry.
    New,
    /// For a customer whose claim ended without an account, or with a pending one.
    Retry,
}

/// Writes a claim under a new token. Returns the token and the pending account that was taken over, if the claim was
/// written. Tokens are counted for the whole ledger, so that they grow even if an entry was removed in between.
async fn write(
    connection: &mut SqliteConnection,
    condition: Claimable,
    customer: &str,
    claim: &Claim,
) -> Result<Option<(i64, Option<String>)>, sqlx::Error> {
    let (unless, conflict) = match condition {
        Claimable::New => {
            (format!("AND NOT EXISTS (SELECT 1 FROM tombstones WHERE digest IN ({}))", digests(9, claim)), "NOTHING")
        }
        Claimable::Retry => (String::new(), TAKE_OVER),
    };
    // Only placeholders are interpolated, here and below, never values.
    let sql = format!(
        "UPDATE meta SET number = number + 1 WHERE name = 'token'; \
         INSERT INTO entries (source, legacy_id, state, external_id, token, rules, claimed_at, verified_at, creating_at, \
         lease_until, tags) \
         SELECT ?1, ?2, 'creating', ?3, number, ?4, ?5, ?6, ?7, ?8, '[]' FROM meta WHERE name = 'token' {unless} \
         ON CONFLICT (source, legacy_id) DO {conflict} RETURNING token, account"
    );
    let query = sqlx::query_as(AssertSqlSafe(sql))
        .bind(&claim.key.source)
        .bind(&claim.key.id)
        .bind(&claim.external_id.0)
        .bind(&claim.rules)
        .bind(micros(claim.claimed_at))
        .bind(claim.verified_at.map(micros))
        .bind(micros(claim.creating_at))
        .bind(later(claim.creating_at, claim.lease))
        .bind(customer);
    let query = claim.logins.iter().fold(query, |query, login| query.bind(login));
    let written: Vec<(i64, Option<String>)> = query.fetch_all(connection).await?;
    Ok(written.into_iter().next())
}

/// How a claim replaces one that ended without an account. A pending account, the only kind that an entry names at this
/// point, stays in the entry: it is what the entry returns to if the claim is given up.
const TAKE_OVER: &str = "UPDATE SET state = excluded.state, external_id = excluded.external_id, \
    account = CASE WHEN entries.state IN ('done', 'creating') THEN entries.account END, \
    created_at = CASE WHEN entries.state IN ('done', 'creating') THEN entries.created_at END, \
    done_at = CASE WHEN entries.state IN ('done', 'creating') THEN entries.done_at END, \
    token = excluded.token, rules = excluded.rules, claimed_at = excluded.claimed_at, verified_at = excluded.verified_at, \
    creating_at = excluded.creating_at, lease_until = excluded.lease_until, activated_at = NULL, tags = excluded.tags";

/// The placeholders for the digests of the customer and the logins, counted from `first`.
fn digests(first: usize, claim: &Claim) -> String {
    let places: Vec<String> = (first..=first + claim.logins.len()).map(|place| format!("?{place}")).collect();
    places.join(", ")
}

async fn existing(connection: &mut SqliteConnection, customer: &str, claim: &Claim) -> Result<Existing, sqlx::Error> {
    let sql = format!(
        "SELECT (SELECT COUNT(*) FROM tombstones WHERE digest IN ({})), state, account, lease_until, verified_at, \
         activated_at FROM (SELECT 1) LEFT JOIN entries ON source = ?1 AND legacy_id = ?2",
        digests(3, claim)
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(&claim.key.source).bind(&claim.key.id).bind(customer);
    let query = claim.logins.iter().fold(query, |query, login| query.bind(login));
    let (tombstones, state, account, lease_until, verified_at, activated_at) = query.fetch_one(connection).await?;
    Ok(Existing { tombstones, state, account, lease_until, verified_at, activated_at })
}

/// Ends a claim; returns whether it was still held.
pub(super) async fn finish(connection: &mut SqliteConnection, finish: &Finish) -> Result<Finished, sqlx::Error> {
    let sql = "UPDATE entries SET state = 'done', account = ?1, created_at = ?2, done_at = ?3, tags = ?4, lease_until = 0, \
               verified_at = CASE WHEN ?5 THEN NULL ELSE verified_at END, \
               activated_at = CASE WHEN verified_at IS NULL AND NOT ?5 THEN ?3 END \
               WHERE source = ?6 AND legacy_id = ?7 AND token = ?8 AND state = 'creating'";
    let ended = sqlx::query(sql)
        .bind(&finish.account.0)
        .bind(micros(finish.created_at))
        .bind(micros(finish.decision.at))
        .bind(tags_json(&finish.tags))
        .bind(finish.state == AccountState::Pending)
        .bind(&finish.key.source)
        .bind(&finish.key.id)
        .bind(stored_token(finish.token))
        .execute(connection)
        .await?;
    Ok(finished(ended.rows_affected()))
}

/// Gives up a claim if it is still held under this token.
pub(super) async fn abandon(connection: &mut SqliteConnection, abandon: &Abandon) -> Result<(), sqlx::Error> {
    let sql = match abandon.left {
        Left::Nothing => {
            "UPDATE entries SET state = 'abandoned', lease_until = 0, account = NULL, created_at = NULL, \
            done_at = NULL WHERE source = ? AND legacy_id = ? AND token = ? AND state = 'creating'"
        }
        // An entry that names an account was taken over from a pending one.
        Left::AsBefore => {
            "UPDATE entries SET lease_until = 0, \
            state = CASE WHEN account IS NULL THEN 'abandoned' ELSE 'done' END, \
            verified_at = CASE WHEN account IS NULL THEN verified_at END \
            WHERE source = ? AND legacy_id = ? AND token = ? AND state = 'creating'"
        }
    };
    let query = sqlx::query(sql).bind(&abandon.key.source).bind(&abandon.key.id).bind(stored_token(abandon.token));
    let ended = query.execute(&mut *connection).await?;
    if ended.rows_affected() == 1 && abandon.left == Left::Nothing {
        logins::forget(connection, &abandon.key).await?;
    }
    Ok(())
}

/// A sign-in, or setting a password, shows that an account has a password. Activates the entry of a pending account,
/// and completes an abandoned entry whose account exists after all.
pub(super) fn activate(batch: &mut Batch, decision: &Decision) {
    const SET: &str = "UPDATE entries SET \
        activated_at = CASE WHEN state = 'done' AND verified_at IS NULL THEN ? ELSE activated_at END, \
        account = ?, created_at = COALESCE(created_at, ?), done_at = COALESCE(done_at, ?), state = 'done' WHERE ";
    let Some((account, external)) = &decision.account else { return };
    let (condition, key) = match (decision.operation, external) {
        (Operation::Login, Some(external)) if decision.outcome == DecisionOutcome::Authenticated => {
            ("external_id = ?", &external.0)
        }
        (Operation::PasswordSet, _) => ("account = ?", &account.0),
        _ => return,
    };
    let pending = "(state = 'done' AND verified_at IS NULL AND activated_at IS NULL)";
    let at = micros(decision.at);
    batch.add(&format!("{SET} {condition} AND (state = 'abandoned' OR {pending})"));
    batch.bind(at).bind(account.0.clone()).bind(at).bind(at).bind(key.clone());
}

/// The entry of a customer.
pub(super) async fn entry(connection: &mut SqliteConnection, key: &LegacyKey) -> Result<Option<Entry>, sqlx::Error> {
    let row: Option<EntryRow> = sqlx::query_as(select_entries!("WHERE source = ? AND legacy_id = ?"))
        .bind(&key.source)
        .bind(&key.id)
        .fetch_optional(connection)
        .await?;
    row.map(EntryRow::entry).transpose()
}

/// Entries whose lease has expired, oldest first.
pub(super) async fn unfinished(
    connection: &mut SqliteConnection,
    now: Timestamp,
    lease: Duration,
    limit: usize,
) -> Result<Vec<Entry>, sqlx::Error> {
    let sql = select_entries!(
        "WHERE lease_until > 0 AND (lease_until <= ? OR lease_until > ?) ORDER BY lease_until, token LIMIT ?"
    );
    let rows: Vec<EntryRow> = sqlx::query_as(sql)
        .bind(micros(now))
        .bind(latest(now, lease))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(EntryRow::entry).collect()
}

/// The external id of the customer who was migrated last.
pub(super) async fn last_migrated(connection: &mut SqliteConnection) -> Result<Option<ExternalId>, sqlx::Error> {
    let sql = "SELECT external_id FROM entries WHERE state = 'done' ORDER BY done_at DESC LIMIT 1";
    Ok(sqlx::query_scalar(sql).fetch_optional(connection).await?.map(ExternalId))
}
