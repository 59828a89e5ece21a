//! Deletes an account: permanently, or only if it has not changed.

use sqlx::SqliteConnection;
use tokio::time::Instant;

use crate::adapters::sqlite::late;
use crate::ports::{Deleted, Deletion, TargetId};

/// Deletes an account, inside one transaction.
///
/// # Errors
/// If the database fails, or the undo's lease has expired.
pub(super) async fn delete(
    connection: &mut SqliteConnection,
    id: &TargetId,
    how: Deletion,
) -> Result<Deleted, sqlx::Error> {
    let sql = match how {
        Deletion::ForGood => {
            "INSERT INTO closed (external_id) SELECT external_id FROM accounts WHERE id = ?1 ON CONFLICT DO NOTHING; \
             DELETE FROM accounts WHERE id = ?1 RETURNING id"
        }
        Deletion::Unchanged { until } if Instant::now() >= until => {
            return Err(late("the undo took longer than its lease"));
        }
        Deletion::Unchanged { .. } => "DELETE FROM accounts WHERE id = ?1 AND changed_at <= made_at RETURNING id",
    };
    let deleted: Vec<String> = sqlx::query_scalar(sql).bind(&id.0).fetch_all(&mut *connection).await?;
    if !deleted.is_empty() {
        return Ok(Deleted::Yes);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ?)";
    let exists: bool = sqlx::query_scalar(sql).bind(&id.0).fetch_one(connection).await?;
    Ok(if exists { Deleted::Changed } else { Deleted::Missing })
}

/// Allows an external id to be used again.
///
/// # Errors
/// If the database fails.
pub(super) async fn reopen(connection: &mut SqliteConnection, external: String) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM closed WHERE external_id = ?";
    sqlx::query(sql).bind(external).execute(connection).await.map(|_| ())
}
