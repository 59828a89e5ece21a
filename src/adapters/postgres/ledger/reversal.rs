//! Reversals: burying customers, undoing migrations, and removing tombstones.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::entries::next_token;
use super::logins;
use crate::adapters::ledgers::{finished, later, latest, micros, stored_token, unsigned};
use crate::ports::{Buried, Finished, LegacyKey, Restore, Undo, UndoAnswer};

/// Buries a customer. `customer` is the digest of the key. A creation in progress keeps its lease, so that recovery looks
/// for its account.
pub(super) async fn bury(
    connection: &mut PgConnection,
    key: &LegacyKey,
    customer: &str,
    logins: &[String],
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    // A claim in progress ends first and is found below, or begins later and finds the tombstones.
    next_token(connection, customer).await?;
    let mut digests: Vec<&str> = std::iter::once(customer).chain(logins.iter().map(String::as_str)).collect();
    digests.sort_unstable();
    digests.dedup();
    let sql = "INSERT INTO landfall_tombstones (digest, buried_at, source, legacy_id) \
               SELECT listed.digest, $2, $3, $4 FROM unnest($1) AS listed (digest) ON CONFLICT (digest) DO NOTHING";
    let query = sqlx::query(sql).bind(digests).bind(micros(at)).bind(&key.source).bind(&key.id);
    query.execute(&mut *connection).await?;
    logins::forget(connection, key).await?;
    let sql = "UPDATE landfall_entries SET state = 'buried', \
               lease_until = CASE state WHEN 'creating' THEN lease_until ELSE 0 END \
               WHERE source = $1 AND legacy_id = $2 AND state <> 'buried'";
    sqlx::query(sql).bind(&key.source).bind(&key.id).execute(connection).await.map(|_| ())
}

/// Ends the search for the account of a buried customer.
pub(super) async fn settle_buried(connection: &mut PgConnection, key: &LegacyKey) -> Result<(), sqlx::Error> {
    let sql = "UPDATE landfall_entries SET lease_until = 0 WHERE source = $1 AND legacy_id = $2 AND state = 'buried'";
    sqlx::query(sql).bind(&key.source).bind(&key.id).execute(connection).await.map(|_| ())
}

/// Begins to undo a completed migration, or resumes an interrupted undo. `customer` is the digest of the key; `grant` is
/// made for this undo alone.
pub(super) async fn undo(
    connection: &mut PgConnection,
    undo: &Undo,
    customer: &str,
    grant: &str,
) -> Result<UndoAnswer, sqlx::Error> {
    let token = next_token(connection, customer).await?;
    let sql = "UPDATE landfall_entries SET state = 'undoing', lease_until = $1, token = $7, grant_id = $8 \
               WHERE source = $2 AND legacy_id = $3 AND account = $4 AND (state = 'done' \
               OR (state = 'undoing' AND (lease_until <= $5 OR lease_until > $6 OR grant_id = $8)))";
    let begun = sqlx::query(sql)
        .bind(later(undo.at, undo.lease))
        .bind(&undo.key.source)
        .bind(&undo.key.id)
        .bind(&undo.account.0)
        .bind(micros(undo.at))
        .bind(latest(undo.at, undo.lease))
        .bind(token)
        .bind(grant)
        .execute(connection)
        .await?;
    if begun.rows_affected() == 1 { Ok(UndoAnswer::Begun(unsigned(token)?)) } else { Ok(UndoAnswer::Busy) }
}

/// Removes an entry that is being undone; returns whether it was.
pub(super) async fn forget(
    connection: &mut PgConnection,
    key: &LegacyKey,
    token: u64,
) -> Result<Finished, sqlx::Error> {
    let sql = "DELETE FROM landfall_entries WHERE source = $1 AND legacy_id = $2 AND token = $3 AND state = 'undoing'";
    let query = sqlx::query(sql).bind(&key.source).bind(&key.id).bind(stored_token(token));
    let ended = finished(query.execute(&mut *connection).await?.rows_affected());
    if ended == Finished::Done {
        logins::forget(connection, key).await?;
    }
    Ok(ended)
}

/// Restores an entry that was being undone; returns whether it was. One that was restored under this token stays so.
pub(super) async fn keep(connection: &mut PgConnection, key: &LegacyKey, token: u64) -> Result<Finished, sqlx::Error> {
    let sql = "UPDATE landfall_entries SET state = 'done', lease_until = 0 \
               WHERE source = $1 AND legacy_id = $2 AND token = $3 AND state IN ('undoing', 'done')";
    let query = sqlx::query(sql).bind(&key.source).bind(&key.id).bind(stored_token(token));
    Ok(finished(query.execute(connection).await?.rows_affected()))
}

/// The customer buried under a login.
pub(super) async fn buried(connection: &mut PgConnection, subject: &str) -> Result<Option<Buried>, sqlx::Error> {
    let sql = "SELECT source, legacy_id FROM landfall_tombstones WHERE digest = $1 AND source IS NOT NULL";
    let found: Option<(String, String)> = sqlx::query_as(sql).bind(subject).fetch_optional(connection).await?;
    Ok(found.map(|(source, id)| Buried { key: LegacyKey { source, id } }))
}

/// Removes a customer's tombstones. If the account still exists the entry is restored, otherwise it is removed.
pub(super) async fn restore(connection: &mut PgConnection, restore: &Restore) -> Result<(), sqlx::Error> {
    let key = &restore.key;
    let sql = "DELETE FROM landfall_tombstones WHERE source = $1 AND legacy_id = $2";
    sqlx::query(sql).bind(&key.source).bind(&key.id).execute(&mut *connection).await?;
    if let Some(account) = &restore.account {
        let sql = "UPDATE landfall_entries SET state = 'done', lease_until = 0, account = $3, \
                   created_at = COALESCE(created_at, $4), done_at = COALESCE(done_at, $4) \
                   WHERE source = $1 AND legacy_id = $2 AND state = 'buried'";
        let query = sqlx::query(sql).bind(&key.source).bind(&key.id).bind(&account.0);
        query.bind(micros(restore.decision.at)).execute(&mut *connection).await?;
    }
    let sql = "DELETE FROM landfall_entries WHERE source = $1 AND legacy_id = $2 AND state = 'buried'";
    sqlx::query(sql).bind(&key.source).bind(&key.id).execute(connection).await.map(|_| ())
}
