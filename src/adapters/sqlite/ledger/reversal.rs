//! Reversals: burying customers, undoing migrations, and removing tombstones.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::logins;
use crate::adapters::ledgers::{finished, later, latest, micros, stored_token, unsigned};
use crate::ports::{Buried, Finished, LegacyKey, Restore, Undo, UndoAnswer};

/// Buries a customer. `customer` is the digest of the key. A creation in progress keeps its lease, so that recovery
/// looks for its account.
pub(super) async fn bury(
    connection: &mut SqliteConnection,
    key: &LegacyKey,
    customer: &str,
    logins: &[String],
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO tombstones (digest, buried_at, source, legacy_id) VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING";
    for digest in std::iter::once(customer).chain(logins.iter().map(String::as_str)) {
        sqlx::query(sql)
            .bind(digest)
            .bind(micros(at))
            .bind(&key.source)
            .bind(&key.id)
            .execute(&mut *connection)
            .await?;
    }
    logins::forget(connection, key).await?;
    let sql = "UPDATE entries SET lease_until = CASE state WHEN 'creating' THEN lease_until ELSE 0 END, state = 'buried' \
               WHERE source = ? AND legacy_id = ? AND state <> 'buried'";
    sqlx::query(sql).bind(&key.source).bind(&key.id).execute(connection).await?;
    Ok(())
}

/// Ends the search for the account of a buried customer.
pub(super) async fn settle_buried(connection: &mut SqliteConnection, key: &LegacyKey) -> Result<(), sqlx::Error> {
    let sql = "UPDATE entries SET lease_until = 0 WHERE source = ? AND legacy_id = ? AND state = 'buried'";
    sqlx::query(sql).bind(&key.source).bind(&key.id).execute(connection).await?;
    Ok(())
}

/// Begins to undo a completed migration, or resumes an interrupted undo.
pub(super) async fn undo(connection: &mut SqliteConnection, undo: &Undo) -> Result<UndoAnswer, sqlx::Error> {
    let sql = "UPDATE meta SET number = number + 1 WHERE name = 'token'; \
               UPDATE entries SET state = 'undoing', lease_until = ?1, \
               token = (SELECT number FROM meta WHERE name = 'token') \
               WHERE source = ?2 AND legacy_id = ?3 AND account = ?4 AND (state = 'done' \
               OR (state = 'undoing' AND (lease_until <= ?5 OR lease_until > ?6))) RETURNING token";
    let tokens: Vec<i64> = sqlx::query_scalar(sql)
        .bind(later(undo.at, undo.lease))
        .bind(&undo.key.source)
        .bind(&undo.key.id)
        .bind(&undo.account.0)
        .bind(micros(undo.at))
        .bind(latest(undo.at, undo.lease))
        .fetch_all(connection)
        .await?;
    tokens.first().map_or(Ok(UndoAnswer::Busy), |token| Ok(UndoAnswer::Begun(unsigned(*token)?)))
}

/// Removes an entry that is being undone; returns whether it was.
pub(super) async fn forget(
    connection: &mut SqliteConnection,
    key: &LegacyKey,
    token: u64,
) -> Result<Finished, sqlx::Error> {
    let sql = "DELETE FROM entries WHERE source = ? AND legacy_id = ? AND token = ? AND state = 'undoing'";
    let query = sqlx::query(sql).bind(&key.source).bind(&key.id).bind(stored_token(token));
    let ended = finished(query.execute(&mut *connection).await?.rows_affected());
    if ended == Finished::Done {
        logins::forget(connection, key).await?;
    }
    Ok(ended)
}

/// Restores an entry that was being undone; returns whether it was.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    key: &LegacyKey,
    token: u64,
) -> Result<Finished, sqlx::Error> {
    let sql = "UPDATE entries SET state = 'done', lease_until = 0 \
               WHERE source = ? AND legacy_id = ? AND token = ? AND state = 'undoing'";
    let query = sqlx::query(sql).bind(&key.source).bind(&key.id).bind(stored_token(token));
    Ok(finished(query.execute(connection).await?.rows_affected()))
}

/// The customer buried under a login.
pub(super) async fn buried(connection: &mut SqliteConnection, subject: &str) -> Result<Option<Buried>, sqlx::Error> {
    let sql = "SELECT source, legacy_id FROM tombstones WHERE digest = ? AND source IS NOT NULL";
    let found: Option<(String, String)> = sqlx::query_as(sql).bind(subject).fetch_optional(connection).await?;
    Ok(found.map(|(source, id)| Buried { key: LegacyKey { source, id } }))
}

/// Removes a customer's tombstones. If the account still exists the entry is restored, otherwise it is removed.
pub(super) async fn restore(connection: &mut SqliteConnection, restore: &Restore) -> Result<(), sqlx::Error> {
    let (key, account) = (&restore.key, restore.account.as_ref().map(|account| &account.0));
    let delete_tombstones = "DELETE FROM tombstones WHERE source = ? AND legacy_id = ?";
    sqlx::query(delete_tombstones).bind(&key.source).bind(&key.id).execute(&mut *connection).await?;
    let restore_entry = "UPDATE entries SET state = 'done', lease_until = 0, account = ?3, created_at = COALESCE(created_at, ?4), \
                  done_at = COALESCE(done_at, ?4) WHERE source = ?1 AND legacy_id = ?2 AND state = 'buried' AND ?3 IS NOT NULL";
    let at = micros(restore.decision.at);
    let query = sqlx::query(restore_entry).bind(&key.source).bind(&key.id).bind(account).bind(at);
    query.execute(&mut *connection).await?;
    let remove_entry = "DELETE FROM entries WHERE source = ? AND legacy_id = ? AND state = 'buried'";
    sqlx::query(remove_entry).bind(&key.source).bind(&key.id).execute(connection).await?;
    Ok(())
}
