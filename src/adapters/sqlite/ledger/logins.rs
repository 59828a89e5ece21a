//! The logins of customers whose target does not find accounts by them, as keyed digests.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::entries::select_entries;
use crate::adapters::ledgers::EntryRow;
use crate::ports::{AccountLookup, Claim, Entry, LegacyKey, Owner, TargetId};

/// The schema step for logins.
pub(super) const TABLES: &str = "
CREATE TABLE logins (
    digest TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    legacy_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX logins_customer ON logins (source, legacy_id);
";

/// Whether another customer who has an account, or is about to get one, has one of the logins of a claim.
pub(super) async fn are_taken(connection: &mut SqliteConnection, claim: &Claim) -> Result<bool, sqlx::Error> {
    if claim.lookup == AccountLookup::Login || claim.logins.is_empty() {
        return Ok(false);
    }
    let places: Vec<String> = (3..3 + claim.logins.len()).map(|place| format!("?{place}")).collect();
    // Only placeholders are interpolated, never values.
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM logins JOIN entries USING (source, legacy_id) WHERE digest IN ({}) \
         AND NOT (source = ?1 AND legacy_id = ?2) AND state IN ('creating', 'done', 'undoing'))",
        places.join(", ")
    );
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(&claim.key.source).bind(&claim.key.id);
    claim.logins.iter().fold(query, |query, login| query.bind(login)).fetch_one(connection).await
}

/// Keeps the logins of a claim in place of those that the customer had.
pub(super) async fn keep(connection: &mut SqliteConnection, claim: &Claim) -> Result<(), sqlx::Error> {
    if claim.lookup == AccountLookup::Login {
        return Ok(());
    }
    forget(connection, &claim.key).await?;
    let sql = "INSERT INTO logins (digest, source, legacy_id) VALUES (?, ?, ?) \
               ON CONFLICT (digest) DO UPDATE SET source = excluded.source, legacy_id = excluded.legacy_id";
    for login in &claim.logins {
        sqlx::query(sql).bind(login).bind(&claim.key.source).bind(&claim.key.id).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Forgets the logins of a customer.
pub(super) async fn forget(connection: &mut SqliteConnection, key: &LegacyKey) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM logins WHERE source = ? AND legacy_id = ?";
    sqlx::query(sql).bind(&key.source).bind(&key.id).execute(connection).await.map(|_| ())
}

/// The customer who was migrated under a login.
pub(super) async fn migrated(connection: &mut SqliteConnection, subject: &str) -> Result<Option<Entry>, sqlx::Error> {
    let sql = select_entries!("JOIN logins USING (source, legacy_id) WHERE digest = ? AND state = 'done'");
    let row: Option<EntryRow> = sqlx::query_as(sql).bind(subject).fetch_optional(connection).await?;
    row.map(EntryRow::entry).transpose()
}

/// The customer whom an account belongs to.
pub(super) async fn owner(connection: &mut SqliteConnection, account: &TargetId) -> Result<Option<Owner>, sqlx::Error> {
    let sql = select_entries!("WHERE account = ? AND state IN ('done', 'undoing', 'buried') LIMIT 1");
    let row: Option<EntryRow> = sqlx::query_as(sql).bind(&account.0).fetch_optional(&mut *connection).await?;
    let Some(entry) = row.map(EntryRow::entry).transpose()? else { return Ok(None) };
    let sql = "SELECT digest FROM logins WHERE source = ? AND legacy_id = ? ORDER BY digest";
    let query = sqlx::query_scalar(sql).bind(&entry.key.source).bind(&entry.key.id);
    let logins = query.fetch_all(connection).await?;
    Ok(Some(Owner { entry, logins }))
}
