//! Deletes an account: permanently, or only if it has not changed.

use sqlx::PgConnection;
use tokio::time::Instant;

use super::lock;
use crate::adapters::refusal::late;
use crate::ports::{Deleted, Deletion, TargetId};

/// Deletes an account. The stripe of its external id is held, so that no creation is in progress.
pub(super) async fn delete(
    connection: &mut PgConnection,
    id: &TargetId,
    how: Deletion,
) -> Result<Deleted, sqlx::Error> {
    let sql = "SELECT external_id FROM landfall_accounts WHERE id = $1";
    let external: Option<String> = sqlx::query_scalar(sql).bind(&id.0).fetch_optional(&mut *connection).await?;
    let Some(external) = external else { return Ok(Deleted::Missing) };
    lock(connection, &external).await?;
    let sql = match how {
        Deletion::ForGood => {
            let close = "INSERT INTO landfall_closed (external_id) VALUES ($1) ON CONFLICT (external_id) DO NOTHING";
            sqlx::query(close).bind(&external).execute(&mut *connection).await?;
            "DELETE FROM landfall_accounts WHERE id = $1"
        }
        Deletion::Unchanged { until } if Instant::now() >= until => {
            return Err(late("the undo took longer than its lease"));
        }
        Deletion::Unchanged { .. } => "DELETE FROM landfall_accounts WHERE id = $1 AND changed_at <= made_at",
    };
    if sqlx::query(sql).bind(&id.0).execute(&mut *connection).await?.rows_affected() > 0 {
        return Ok(Deleted::Yes);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM landfall_accounts WHERE id = $1)";
    let exists: bool = sqlx::query_scalar(sql).bind(&id.0).fetch_one(connection).await?;
    Ok(if exists { Deleted::Changed } else { Deleted::Missing })
}

/// Allows an external id to be used again.
pub(super) async fn reopen(connection: &mut PgConnection, external: &str) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM landfall_closed WHERE external_id = $1";
    sqlx::query(sql).bind(external).execute(connection).await.map(|_| ())
}
