//! Deletes an account: permanently, or only if it has not changed.

use std::sync::{Mutex, PoisonError};

use sqlx::PgConnection;
use tokio::time::Instant;

use super::lock;
use crate::adapters::refusal::late;
use crate::ports::{Deleted, Deletion, TargetId};

/// A deletion, and what an earlier try of it has deleted if its commit took effect.
pub(super) struct Deleting<'d> {
    id: &'d TargetId,
    how: Deletion,
    external: Mutex<Option<String>>,
}

impl<'d> Deleting<'d> {
    pub fn new(id: &'d TargetId, how: Deletion) -> Self {
        Self { id, how, external: Mutex::default() }
    }

    fn earlier(&self) -> Option<String> {
        self.external.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Deletes the account. The stripe of its external id is held, so that no creation is in progress.
    pub async fn delete(&self, connection: &mut PgConnection) -> Result<Deleted, sqlx::Error> {
        let sql = "SELECT external_id FROM landfall_accounts WHERE id = $1";
        let found: Option<String> = sqlx::query_scalar(sql).bind(&self.id.0).fetch_optional(&mut *connection).await?;
        let Some(external) = found.clone().or_else(|| self.earlier()) else { return Ok(Deleted::Missing) };
        lock(connection, &external).await?;
        let sql = match self.how {
            Deletion::ForGood => {
                let sql = "INSERT INTO landfall_closed (external_id) VALUES ($1) ON CONFLICT (external_id) DO NOTHING";
                sqlx::query(sql).bind(&external).execute(&mut *connection).await?;
                "DELETE FROM landfall_accounts WHERE id = $1"
            }
            Deletion::Unchanged { until } if found.is_some() && Instant::now() >= until => {
                return Err(late("the undo took longer than its lease"));
            }
            Deletion::Unchanged { .. } => "DELETE FROM landfall_accounts WHERE id = $1 AND changed_at <= made_at",
        };
        let deleted = sqlx::query(sql).bind(&self.id.0).execute(&mut *connection).await?.rows_affected() > 0;
        if deleted {
            *self.external.lock().unwrap_or_else(PoisonError::into_inner) = Some(external);
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM landfall_accounts WHERE id = $1)";
        let exists: bool = sqlx::query_scalar(sql).bind(&self.id.0).fetch_one(connection).await?;
        Ok(match (exists, self.earlier()) {
            (true, _) => Deleted::Changed,
            (false, Some(_)) => Deleted::Yes,
            (false, None) => Deleted::Missing,
        })
    }
}

/// Allows an external id to be used again.
pub(super) async fn reopen(connection: &mut PgConnection, external: &str) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM landfall_closed WHERE external_id = $1";
    sqlx::query(sql).bind(external).execute(connection).await.map(|_| ())
}
