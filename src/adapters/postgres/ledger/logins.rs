//! The logins of customers whose target does not find accounts by them, as keyed digests.

use sqlx::PgConnection;

use super::entries::select_entries;
use crate::adapters::ledgers::EntryRow;
use crate::ports::{AccountLookup, Claim, ClaimAnswer, Entry, LegacyKey, Owner, TargetId};

/// The schema step for logins.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS landfall_logins (
    digest TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    legacy_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS landfall_logins_customer ON landfall_logins (source, legacy_id);
";

/// The logins of a claim, locked until the end of the transaction: of two customers with one login, the second waits and
/// then finds the entry of the first.
pub(super) struct Locked {
    digests: Vec<String>,
    /// Those that nobody had.
    new: Vec<String>,
}

impl Locked {
    /// Locks the logins of a claim, if the ledger keeps them.
    pub async fn lock(connection: &mut PgConnection, claim: &Claim) -> Result<Option<Self>, sqlx::Error> {
        if claim.lookup == AccountLookup::Login || claim.logins.is_empty() {
            return Ok(None);
        }
        // Everybody locks in the same order, so that nobody waits for each other.
        let mut digests = claim.logins.clone();
        digests.sort_unstable();
        digests.dedup();
        let sql = "INSERT INTO landfall_logins (digest, source, legacy_id) \
                   SELECT listed.digest, $2, $3 FROM unnest($1) AS listed (digest) ORDER BY listed.digest \
                   ON CONFLICT (digest) DO NOTHING RETURNING digest";
        let query = sqlx::query_scalar(sql).bind(&digests).bind(&claim.key.source).bind(&claim.key.id);
        let new = query.fetch_all(&mut *connection).await?;
        let sql = "SELECT digest FROM landfall_logins WHERE digest = ANY($1) ORDER BY digest FOR UPDATE";
        sqlx::query(sql).bind(&digests).execute(connection).await?;
        Ok(Some(Self { digests, new }))
    }

    /// Whether another customer who has an account, or is about to get one, has one of the logins.
    pub async fn are_taken(&self, connection: &mut PgConnection, key: &LegacyKey) -> Result<bool, sqlx::Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM landfall_logins AS login \
                   JOIN landfall_entries AS entry ON entry.source = login.source AND entry.legacy_id = login.legacy_id \
                   WHERE login.digest = ANY($1) AND NOT (login.source = $2 AND login.legacy_id = $3) \
                   AND entry.state IN ('creating', 'done', 'undoing'))";
        sqlx::query_scalar(sql).bind(&self.digests).bind(&key.source).bind(&key.id).fetch_one(connection).await
    }

    /// Keeps the logins if the claim was granted, in place of those that the customer had; otherwise nothing changes.
    pub async fn settle(
        self,
        connection: &mut PgConnection,
        key: &LegacyKey,
        answer: &ClaimAnswer,
    ) -> Result<(), sqlx::Error> {
        if !matches!(answer, ClaimAnswer::Granted(_)) {
            let sql = "DELETE FROM landfall_logins WHERE digest = ANY($1)";
            return sqlx::query(sql).bind(&self.new).execute(connection).await.map(|_| ());
        }
        let sql = "DELETE FROM landfall_logins WHERE source = $2 AND legacy_id = $3 AND digest <> ALL($1)";
        let query = sqlx::query(sql).bind(&self.digests).bind(&key.source).bind(&key.id);
        query.execute(&mut *connection).await?;
        let sql = "UPDATE landfall_logins SET source = $2, legacy_id = $3 \
                   WHERE digest = ANY($1) AND NOT (source = $2 AND legacy_id = $3)";
        let query = sqlx::query(sql).bind(&self.digests).bind(&key.source).bind(&key.id);
        query.execute(connection).await.map(|_| ())
    }
}

/// Forgets the logins of a customer.
pub(super) async fn forget(connection: &mut PgConnection, key: &LegacyKey) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM landfall_logins WHERE source = $1 AND legacy_id = $2";
    sqlx::query(sql).bind(&key.source).bind(&key.id).execute(connection).await.map(|_| ())
}

/// The customer who was migrated under a login.
pub(super) async fn migrated(connection: &mut PgConnection, subject: &str) -> Result<Option<Entry>, sqlx::Error> {
    let sql = select_entries!("JOIN landfall_logins USING (source, legacy_id) WHERE digest = $1 AND state = 'done'");
    let row: Option<EntryRow> = sqlx::query_as(sql).bind(subject).fetch_optional(connection).await?;
    row.map(EntryRow::entry).transpose()
}

/// The customer whom an account belongs to.
pub(super) async fn owner(connection: &mut PgConnection, account: &TargetId) -> Result<Option<Owner>, sqlx::Error> {
    let sql = select_entries!("WHERE account = $1 AND state IN ('done', 'undoing') LIMIT 1");
    let row: Option<EntryRow> = sqlx::query_as(sql).bind(&account.0).fetch_optional(&mut *connection).await?;
    let Some(entry) = row.map(EntryRow::entry).transpose()? else { return Ok(None) };
    let sql = "SELECT digest FROM landfall_logins WHERE source = $1 AND legacy_id = $2 ORDER BY digest";
    let query = sqlx::query_scalar(sql).bind(&entry.key.source).bind(&entry.key.id);
    let logins = query.fetch_all(connection).await?;
    Ok(Some(Owner { entry, logins }))
}
