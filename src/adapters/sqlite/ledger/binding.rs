//! The account store that the ledger belongs to, and the check that the ledger can be written.

use sqlx::SqliteConnection;

use crate::ports::StoreId;

/// The account store that the ledger belongs to.
pub(super) async fn store(connection: &mut SqliteConnection) -> Result<Option<StoreId>, sqlx::Error> {
    let sql = "SELECT text FROM meta WHERE name = 'store'";
    Ok(sqlx::query_scalar(sql).fetch_optional(connection).await?.map(StoreId))
}

/// Binds the ledger to a store unless it is already bound. Returns the store it is bound to.
pub(super) async fn bind(connection: &mut SqliteConnection, id: &StoreId) -> Result<StoreId, sqlx::Error> {
    let sql = "INSERT INTO meta (name, number, text, tag) VALUES ('store', 0, ?, '') ON CONFLICT (name) DO NOTHING";
    sqlx::query(sql).bind(&id.0).execute(&mut *connection).await?;
    Ok(store(connection).await?.unwrap_or_else(|| id.clone()))
}

/// Writes something and returns the identity of the ledger, which was generated at random with it.
pub(super) async fn ping(connection: &mut SqliteConnection) -> Result<String, sqlx::Error> {
    let sql = "UPDATE meta SET number = number + 1 WHERE name = 'ping' RETURNING text";
    sqlx::query_scalar(sql).fetch_one(connection).await
}
