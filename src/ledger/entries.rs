//! How far every customer is: claims, their ends, and tombstones.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Row as _, SqliteConnection};

use super::stamp::{later, maybe_stamp, micros, stamp, tags_json, unsigned};
use crate::migrate::{Claim, ClaimAnswer, Entry, EntryState, ExternalId, Finish, Finished, LegacyKey, TargetId};
use crate::sqlite::{Batch, refusal};

/// The columns of an [`EntryRow`], and what follows them.
macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT source, legacy_id, state, external_id, account, token, rules, claimed_at, verified_at, creating_at, ",
            "created_at, done_at, tags FROM entries ",
            $rest
        )
    };
}
pub(super) use select_entries;

/// An entry as it is stored.
pub(super) struct EntryRow {
    source: String,
    legacy_id: String,
    state: String,
    external_id: String,
    account: Option<String>,
    token: i64,
    rules: String,
    claimed_at: i64,
    verified_at: Option<i64>,
    creating_at: i64,
    created_at: Option<i64>,
    done_at: Option<i64>,
    /// A JSON list.
    pub tags: String,
}

impl FromRow<'_, SqliteRow> for EntryRow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            source: row.try_get(0)?,
            legacy_id: row.try_get(1)?,
            state: row.try_get(2)?,
            external_id: row.try_get(3)?,
            account: row.try_get(4)?,
            token: row.try_get(5)?,
            rules: row.try_get(6)?,
            claimed_at: row.try_get(7)?,
            verified_at: row.try_get(8)?,
            creating_at: row.try_get(9)?,
            created_at: row.try_get(10)?,
            done_at: row.try_get(11)?,
            tags: row.try_get(12)?,
        })
    }
}

impl EntryRow {
    /// The entry.
    pub(super) fn entry(self) -> Result<Entry, sqlx::Error> {
        Ok(Entry {
            key: LegacyKey { source: self.source, id: self.legacy_id },
            state: state(&self.state)?,
            external_id: ExternalId(self.external_id),
            account: self.account.map(TargetId),
            token: unsigned(self.token)?,
            rules: self.rules,
            claimed_at: stamp(self.claimed_at)?,
            verified_at: maybe_stamp(self.verified_at)?,
            creating_at: stamp(self.creating_at)?,
            created_at: maybe_stamp(self.created_at)?,
            done_at: maybe_stamp(self.done_at)?,
        })
    }
}

fn state(name: &str) -> Result<EntryState, sqlx::Error> {
    EntryState::from_name(name).ok_or_else(|| refusal("an entry of the ledger has no state that is known"))
}

/// Claims a customer. `customer` is the digest of the key.
pub(super) async fn claim(
    connection: &mut SqliteConnection,
    customer: &str,
    claim: &Claim,
) -> Result<ClaimAnswer, sqlx::Error> {
    // Nearly everybody is new.
    if let Some(token) = write(connection, Claimable::New, customer, claim).await? {
        return Ok(ClaimAnswer::Granted(unsigned(token)?));
    }
    let standing = standing(connection, customer, claim).await?;
    if standing.tombstones > 0 {
        return Ok(ClaimAnswer::Buried);
    }
    match (standing.state.as_deref().map(state).transpose()?, standing.account) {
        (Some(EntryState::Buried), _) => return Ok(ClaimAnswer::Buried),
        (Some(EntryState::Done), Some(account)) => return Ok(ClaimAnswer::Done(TargetId(account))),
        (Some(EntryState::Done), None) => return Err(refusal("an entry of the ledger is done and names no account")),
        (Some(EntryState::Creating), _) if standing.lease_until > Some(micros(claim.creating_at)) => {
            return Ok(ClaimAnswer::Held);
        }
        (Some(EntryState::Creating | EntryState::Abandoned) | None, _) => {}
    }
    let token = write(connection, Claimable::Again, customer, claim).await?;
    let token = token.ok_or_else(|| refusal("a claim was not written, and nothing stands against it"))?;
    Ok(ClaimAnswer::Granted(unsigned(token)?))
}

/// Whom a claim may be written for.
#[derive(Clone, Copy)]
enum Claimable {
    /// Somebody of whom nothing is known.
    New,
    /// Somebody whose claim ended without an account.
    Again,
}

/// Writes a claim under a new token; the token, when it was written. Tokens are counted for the whole ledger, so that they
/// grow even when an entry was forgotten in between.
async fn write(
    connection: &mut SqliteConnection,
    whom: Claimable,
    customer: &str,
    claim: &Claim,
) -> Result<Option<i64>, sqlx::Error> {
    let (unless, conflict) = match whom {
        Claimable::New => {
            (format!("AND NOT EXISTS (SELECT 1 FROM tombstones WHERE digest IN ({}))", digests(9, claim)), "NOTHING")
        }
        Claimable::Again => (String::new(), TAKE_OVER),
    };
    // Only placeholders are put together, here and below, no values.
    let sql = format!(
        "UPDATE meta SET number = number + 1 WHERE name = 'token'; \
         INSERT INTO entries (source, legacy_id, state, external_id, token, rules, claimed_at, verified_at, creating_at, \
         lease_until, tags) \
         SELECT ?1, ?2, 'creating', ?3, number, ?4, ?5, ?6, ?7, ?8, '[]' FROM meta WHERE name = 'token' {unless} \
         ON CONFLICT (source, legacy_id) DO {conflict} RETURNING token"
    );
    let query = sqlx::query_scalar(AssertSqlSafe(sql))
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
    let tokens: Vec<i64> = query.fetch_all(connection).await?;
    Ok(tokens.first().copied())
}

/// How a claim takes the place of one that ended without an account.
const TAKE_OVER: &str = "UPDATE SET state = excluded.state, external_id = excluded.external_id, account = NULL, \
    token = excluded.token, rules = excluded.rules, claimed_at = excluded.claimed_at, verified_at = excluded.verified_at, \
    creating_at = excluded.creating_at, lease_until = excluded.lease_until, created_at = NULL, done_at = NULL, \
    tags = excluded.tags";

/// The places of the customer's and the logins' digests, counted from the first one.
fn digests(first: usize, claim: &Claim) -> String {
    let places: Vec<String> = (first..=first + claim.logins.len()).map(|place| format!("?{place}")).collect();
    places.join(", ")
}

/// What the ledger knows when somebody is claimed.
struct Standing {
    /// How many of the digests are buried.
    tombstones: i64,
    state: Option<String>,
    account: Option<String>,
    lease_until: Option<i64>,
}

async fn standing(connection: &mut SqliteConnection, customer: &str, claim: &Claim) -> Result<Standing, sqlx::Error> {
    let sql = format!(
        "SELECT (SELECT COUNT(*) FROM tombstones WHERE digest IN ({})), state, account, lease_until \
         FROM (SELECT 1) LEFT JOIN entries ON source = ?1 AND legacy_id = ?2",
        digests(3, claim)
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(&claim.key.source).bind(&claim.key.id).bind(customer);
    let query = claim.logins.iter().fold(query, |query, login| query.bind(login));
    let (tombstones, state, account, lease_until) = query.fetch_one(connection).await?;
    Ok(Standing { tombstones, state, account, lease_until })
}

/// Ends a claim; whether it was ours.
pub(super) async fn finish(connection: &mut SqliteConnection, finish: &Finish) -> Result<Finished, sqlx::Error> {
    let sql = "UPDATE entries SET state = 'done', account = ?, created_at = ?, done_at = ?, tags = ? \
               WHERE source = ? AND legacy_id = ? AND token = ? AND state = 'creating'";
    let ended = sqlx::query(sql)
        .bind(&finish.account.0)
        .bind(micros(finish.created_at))
        .bind(micros(finish.decision.at))
        .bind(tags_json(&finish.tags))
        .bind(&finish.key.source)
        .bind(&finish.key.id)
        .bind(stored_token(finish.token))
        .execute(connection)
        .await?;
    Ok(if ended.rows_affected() == 1 { Finished::Done } else { Finished::Lost })
}

/// Gives a claim up, when it is still held with this token.
pub(super) async fn abandon(connection: &mut SqliteConnection, key: &LegacyKey, token: u64) -> Result<(), sqlx::Error> {
    let sql = "UPDATE entries SET state = 'abandoned' \
               WHERE source = ? AND legacy_id = ? AND token = ? AND state = 'creating'";
    sqlx::query(sql).bind(&key.source).bind(&key.id).bind(stored_token(token)).execute(connection).await?;
    Ok(())
}

/// A token as it is stored. One beyond the stored numbers was never given.
fn stored_token(token: u64) -> i64 {
    i64::try_from(token).unwrap_or(-1)
}

/// Finishes the entry of an account that was found at the target.
pub(super) fn settle(batch: &mut Batch, external: &ExternalId, account: &TargetId, at: Timestamp) {
    let sql = "UPDATE entries SET state = 'done', account = ?, created_at = COALESCE(created_at, ?), done_at = ? \
               WHERE external_id = ? AND state = 'creating'";
    let at = micros(at);
    batch.add(sql).bind(account.0.clone()).bind(at).bind(at).bind(external.0.clone());
}

/// Buries a customer. `customer` is the digest of the key.
pub(super) async fn bury(
    connection: &mut SqliteConnection,
    key: &LegacyKey,
    customer: &str,
    logins: &[String],
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    for digest in std::iter::once(customer).chain(logins.iter().map(String::as_str)) {
        sqlx::query("INSERT INTO tombstones (digest, buried_at) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING")
            .bind(digest)
            .bind(micros(at))
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("UPDATE entries SET state = 'buried' WHERE source = ? AND legacy_id = ?")
        .bind(&key.source)
        .bind(&key.id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a customer who is not buried.
pub(super) async fn forget(connection: &mut SqliteConnection, key: &LegacyKey) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM entries WHERE source = ? AND legacy_id = ? AND state <> 'buried'")
        .bind(&key.source)
        .bind(&key.id)
        .execute(connection)
        .await?;
    Ok(())
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

/// Entries whose claim ran out, the oldest first.
pub(super) async fn unfinished(
    connection: &mut SqliteConnection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Entry>, sqlx::Error> {
    let sql = select_entries!("WHERE state = 'creating' AND lease_until <= ? ORDER BY lease_until, token LIMIT ?");
    let rows: Vec<EntryRow> = sqlx::query_as(sql)
        .bind(micros(now))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(EntryRow::entry).collect()
}
