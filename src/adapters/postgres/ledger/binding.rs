//! The account store that the ledger belongs to, and the check that the ledger can be written.

use sqlx::PgConnection;

use crate::adapters::postgres::database::check_clock;
use crate::ports::StoreId;

/// Writes what a new ledger has; `identity` is made at random for it.
pub(in crate::adapters::postgres) async fn create(
    connection: &mut PgConnection,
    identity: &str,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO landfall_meta (name, number, text, tag) VALUES ('ping', 0, $1, ''), ('nonces', 0, '', '') \
               ON CONFLICT (name) DO NOTHING";
    sqlx::query(sql).bind(identity).execute(connection).await.map(|_| ())
}

/// The account store that the ledger belongs to.
pub(super) async fn store(connection: &mut PgConnection) -> Result<Option<StoreId>, sqlx::Error> {
    let sql = "SELECT text FROM landfall_meta WHERE name = 'store'";
    Ok(sqlx::query_scalar(sql).fetch_optional(connection).await?.map(StoreId))
}

/// Binds the ledger to a store unless it is already bound. Returns the store it is bound to.
pub(super) async fn bind(connection: &mut PgConnection, id: &StoreId) -> Result<StoreId, sqlx::Error> {
    let sql =
        "INSERT INTO landfall_meta (name, number, text, tag) VALUES ('store', 0, $1, '') ON CONFLICT (name) DO NOTHING";
    sqlx::query(sql).bind(&id.0).execute(&mut *connection).await?;
    Ok(store(connection).await?.unwrap_or_else(|| id.clone()))
}

/// Writes something and returns the identity of the ledger. Fails if the clocks differ too much.
pub(super) async fn ping(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    check_clock(connection).await?;
    let sql = "UPDATE landfall_meta SET number = number + 1 WHERE name = 'ping' RETURNING text";
    sqlx::query_scalar(sql).fetch_one(connection).await
}
