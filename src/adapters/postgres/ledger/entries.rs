//! The entries of customers: claims, their ends, and tombstones.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgConnection;

use super::logins;
use crate::adapters::ledgers::{
    EntryRow, Existing, finished, later, latest, micros, stored_token, tags_json, unsigned,
};
use crate::adapters::postgres::database::stripe;
use crate::adapters::refusal::refusal;
use crate::ports::{
    Abandon, AccountState, Claim, ClaimAnswer, Entry, ExternalId, Finish, Finished, Grant, Left, LegacyKey, TargetId,
};

/// Selects the columns of an [`EntryRow`], followed by the given clause.
macro_rules! select_entries {
    ($rest:literal) => {
        concat!(
            "SELECT source, legacy_id, state, external_id, account, token, rules, claimed_at, verified_at, creating_at, ",
            "created_at, done_at, activated_at, tags FROM landfall_entries ",
            $rest
        )
    };
}
pub(super) use select_entries;

/// How often a claim looks again at an entry that comes and goes.
const LOOKS: u32 = 3;

/// What is claimed.
pub(super) struct Claiming<'c> {
    pub claim: &'c Claim,
    /// The digest of the key.
    pub customer: String,
    /// Made for this claim alone.
    pub grant: String,
}

/// Waits for the turn of a customer, until the end of the transaction, and returns the next token. Tokens grow even if an
/// entry was removed in between.
pub(super) async fn next_token(connection: &mut PgConnection, customer: &str) -> Result<i64, sqlx::Error> {
    let sql = "UPDATE landfall_stripes SET token = token + 1 WHERE slot = $1 RETURNING token";
    sqlx::query_scalar(sql).bind(stripe(customer)).fetch_one(connection).await
}

impl Claiming<'_> {
    /// Claims a customer.
    pub async fn claim(&self, connection: &mut PgConnection) -> Result<ClaimAnswer, sqlx::Error> {
        logins::lock(connection, &self.customer, self.claim).await?;
        let token = next_token(connection, &self.customer).await?;
        if logins::are_taken(connection, self.claim).await? {
            return Ok(ClaimAnswer::Taken);
        }
        for _ in 0..LOOKS {
            // The fast path: almost every customer is new.
            if self.insert(connection, token).await? {
                logins::keep(connection, self.claim).await?;
                return granted(token, None);
            }
            if self.is_buried(connection).await? {
                return Ok(ClaimAnswer::Buried);
            }
            let Some((existing, own)) = self.existing(connection).await? else { continue };
            if let Some((token, account)) = own {
                return granted(token, account);
            }
            if let Some(answer) = existing.conflict_with(self.claim)? {
                return Ok(answer);
            }
            let pending = self.take_over(connection, token).await?;
            logins::keep(connection, self.claim).await?;
            return granted(token, pending);
        }
        Err(refusal("a claim was not written although nothing conflicts with it"))
    }

    /// Writes a claim of a customer without an entry; returns whether it was written.
    async fn insert(&self, connection: &mut PgConnection, token: i64) -> Result<bool, sqlx::Error> {
        let sql = "INSERT INTO landfall_entries (source, legacy_id, state, external_id, token, grant_id, rules, \
                   claimed_at, verified_at, creating_at, lease_until, tags) \
                   SELECT $1, $2, 'creating', $3, $4, $5, $6, $7, $8, $9, $10, '[]' \
                   WHERE NOT EXISTS (SELECT 1 FROM landfall_tombstones WHERE digest = ANY($11)) \
                   ON CONFLICT (source, legacy_id) DO NOTHING";
        let written = self.bound(sql, token).bind(self.digests()).execute(connection).await?;
        Ok(written.rows_affected() == 1)
    }

    /// Replaces an entry that ended without an account. A pending account, the only kind that it names at this point, stays
    /// in the entry: it is what the entry returns to if the claim is given up. Returns it.
    async fn take_over(&self, connection: &mut PgConnection, token: i64) -> Result<Option<String>, sqlx::Error> {
        let sql = "UPDATE landfall_entries SET state = 'creating', external_id = $3, token = $4, grant_id = $5, rules = $6, \
                   claimed_at = $7, verified_at = $8, creating_at = $9, lease_until = $10, activated_at = NULL, \
                   tags = '[]', account = CASE WHEN state IN ('done', 'creating') THEN account END, \
                   created_at = CASE WHEN state IN ('done', 'creating') THEN created_at END, \
                   done_at = CASE WHEN state IN ('done', 'creating') THEN done_at END \
                   WHERE source = $1 AND legacy_id = $2 RETURNING account";
        use sqlx::Row as _;
        self.bound(sql, token).fetch_one(connection).await?.try_get(0)
    }

    /// A statement with the ten values that a claim has.
    fn bound<'q>(
        &'q self,
        sql: &'static str,
        token: i64,
    ) -> sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments> {
        let claim = self.claim;
        sqlx::query(sql)
            .bind(&claim.key.source)
            .bind(&claim.key.id)
            .bind(&claim.external_id.0)
            .bind(token)
            .bind(&self.grant)
            .bind(&claim.rules)
            .bind(micros(claim.claimed_at))
            .bind(claim.verified_at.map(micros))
            .bind(micros(claim.creating_at))
            .bind(later(claim.creating_at, claim.lease))
    }

    /// The digests of the customer and the logins.
    fn digests(&self) -> Vec<&String> {
        std::iter::once(&self.customer).chain(&self.claim.logins).collect()
    }

    async fn is_buried(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM landfall_tombstones WHERE digest = ANY($1))";
        sqlx::query_scalar(sql).bind(self.digests()).fetch_one(connection).await
    }

    /// What the ledger knows about the customer, locked; and the token and the pending account, if it is this very claim
    /// that was granted.
    async fn existing(&self, connection: &mut PgConnection) -> Result<Option<(Existing, Own)>, sqlx::Error> {
        let sql = "SELECT state, account, lease_until, verified_at, activated_at, token, grant_id FROM landfall_entries \
                   WHERE source = $1 AND legacy_id = $2 FOR UPDATE";
        let query = sqlx::query_as(sql).bind(&self.claim.key.source).bind(&self.claim.key.id);
        let found: Option<ExistingRow> = query.fetch_optional(connection).await?;
        Ok(found.map(|(state, account, lease_until, verified_at, activated_at, token, grant)| {
            let own = (grant == self.grant).then(|| (token, account.clone()));
            let (state, lease_until) = (Some(state), Some(lease_until));
            (Existing { tombstones: 0, state, account, lease_until, verified_at, activated_at }, own)
        }))
    }
}

/// The token and the pending account of a claim.
type Own = Option<(i64, Option<String>)>;

/// A row of [`Claiming::existing`].
type ExistingRow = (String, Option<String>, i64, Option<i64>, Option<i64>, i64, String);

fn granted(token: i64, pending: Option<String>) -> Result<ClaimAnswer, sqlx::Error> {
    Ok(ClaimAnswer::Granted(Grant { token: unsigned(token)?, pending: pending.map(TargetId) }))
}

/// Ends a claim; returns whether it was still held.
pub(super) async fn finish(connection: &mut PgConnection, finish: &Finish) -> Result<Finished, sqlx::Error> {
    let sql = "UPDATE landfall_entries SET state = 'done', account = $1, created_at = $2, done_at = $3, tags = $4, \
               lease_until = 0, verified_at = CASE WHEN $5 THEN NULL ELSE verified_at END, \
               activated_at = CASE WHEN verified_at IS NULL AND NOT $5 THEN $3 END \
               WHERE source = $6 AND legacy_id = $7 AND token = $8 AND state = 'creating'";
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
pub(super) async fn abandon(connection: &mut PgConnection, abandon: &Abandon) -> Result<(), sqlx::Error> {
    let sql = match abandon.left {
        Left::Nothing => {
            "UPDATE landfall_entries SET state = 'abandoned', lease_until = 0, account = NULL, created_at = NULL, \
            done_at = NULL WHERE source = $1 AND legacy_id = $2 AND token = $3 AND state = 'creating'"
        }
        // An entry that names an account was taken over from a pending one.
        Left::AsBefore => {
            "UPDATE landfall_entries SET lease_until = 0, \
            state = CASE WHEN account IS NULL THEN 'abandoned' ELSE 'done' END, \
            verified_at = CASE WHEN account IS NULL THEN verified_at END \
            WHERE source = $1 AND legacy_id = $2 AND token = $3 AND state = 'creating'"
        }
    };
    let query = sqlx::query(sql).bind(&abandon.key.source).bind(&abandon.key.id).bind(stored_token(abandon.token));
    let ended = query.execute(&mut *connection).await?;
    if ended.rows_affected() == 1 && abandon.left == Left::Nothing {
        logins::forget(connection, &abandon.key).await?;
    }
    Ok(())
}

/// The entry of a customer.
pub(super) async fn entry(connection: &mut PgConnection, key: &LegacyKey) -> Result<Option<Entry>, sqlx::Error> {
    let row: Option<EntryRow> = sqlx::query_as(select_entries!("WHERE source = $1 AND legacy_id = $2"))
        .bind(&key.source)
        .bind(&key.id)
        .fetch_optional(connection)
        .await?;
    row.map(EntryRow::entry).transpose()
}

/// Entries whose lease has expired, oldest first.
pub(super) async fn unfinished(
    connection: &mut PgConnection,
    now: Timestamp,
    lease: Duration,
    limit: usize,
) -> Result<Vec<Entry>, sqlx::Error> {
    let sql = select_entries!(
        "WHERE lease_until > 0 AND (lease_until <= $1 OR lease_until > $2) ORDER BY lease_until, token LIMIT $3"
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
pub(super) async fn last_migrated(connection: &mut PgConnection) -> Result<Option<ExternalId>, sqlx::Error> {
    let sql = "SELECT external_id FROM landfall_entries WHERE state = 'done' ORDER BY done_at DESC LIMIT 1";
    Ok(sqlx::query_scalar(sql).fetch_optional(connection).await?.map(ExternalId))
}
