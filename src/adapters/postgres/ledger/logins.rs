//! The logins of customers whose target does not find accounts by them, as keyed digests.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use super::entries::select_entries;
use crate::adapters::ledgers::EntryRow;
use crate::adapters::postgres::database::stripe;
use crate::ports::{AccountLookup, Claim, Entry, LegacyKey, Owner, TargetId};

/// The schema step for logins.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS landfall_logins (
    digest TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    legacy_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS landfall_logins_customer ON landfall_logins (source, legacy_id);
";

/// Waits for the turns of a customer and of the logins of a claim, in one order, so that of two customers with the same login
/// the second one finds the first one's.
pub(super) async fn lock(connection: &mut PgConnection, customer: &str, claim: &Claim) -> Result<(), sqlx::Error> {
    if claim.lookup == AccountLookup::Login {
        return Ok(());
    }
    let names = claim.logins.iter().map(String::as_str).chain([customer]);
    let slots: Vec<i64> = names.map(stripe).collect::<BTreeSet<_>>().into_iter().collect();
    let sql = "SELECT slot FROM landfall_stripes WHERE slot = ANY($1) ORDER BY slot FOR UPDATE";
    sqlx::query(sql).bind(slots).execute(connection).await.map(|_| ())
}

/// Whether another customer who has an account, or is about to get one, has one of the logins of a claim.
pub(super) async fn are_taken(connection: &mut PgConnection, claim: &Claim) -> Result<bool, sqlx::Error> {
    if claim.lookup == AccountLookup::Login || claim.logins.is_empty() {
        return Ok(false);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM landfall_logins JOIN landfall_entries USING (source, legacy_id) \
               WHERE digest = ANY($3) AND NOT (source = $1 AND legacy_id = $2) \
               AND state IN ('creating', 'done', 'undoing'))";
    let query = sqlx::query_scalar(sql).bind(&claim.key.source).bind(&claim.key.id).bind(&claim.logins);
    query.fetch_one(connection).await
}

/// Keeps the logins of a claim in place of those that the customer had.
pub(super) async fn keep(connection: &mut PgConnection, claim: &Claim) -> Result<(), sqlx::Error> {
    if claim.lookup == AccountLookup::Login {
        return Ok(());
    }
    forget(connection, &claim.key).await?;
    let logins: BTreeSet<&str> = claim.logins.iter().map(String::as_str).collect();
    let sql = "INSERT INTO landfall_logins (digest, source, legacy_id) \
               SELECT listed.digest, $2, $3 FROM unnest($1) AS listed (digest) \
               ON CONFLICT (digest) DO UPDATE SET source = excluded.source, legacy_id = excluded.legacy_id";
    let query = sqlx::query(sql).bind(logins.into_iter().collect::<Vec<_>>());
    query.bind(&claim.key.source).bind(&claim.key.id).execute(connection).await.map(|_| ())
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
    let sql = select_entries!("WHERE account = $1 AND state IN ('done', 'undoing', 'buried') LIMIT 1");
    let row: Option<EntryRow> = sqlx::query_as(sql).bind(&account.0).fetch_optional(&mut *connection).await?;
    let Some(entry) = row.map(EntryRow::entry).transpose()? else { return Ok(None) };
    let sql = "SELECT digest FROM landfall_logins WHERE source = $1 AND legacy_id = $2 ORDER BY digest";
    let query = sqlx::query_scalar(sql).bind(&entry.key.source).bind(&entry.key.id);
    let logins = query.fetch_all(connection).await?;
    Ok(Some(Owner { entry, logins }))
}
