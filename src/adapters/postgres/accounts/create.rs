//! Creates an account: it is written if nothing conflicts with it, and then looked at only if something did.
//!
//! Repeated after a commit whose outcome is unknown, the transaction finds the account under its own id, or the hash of its
//! own password, both of which were made for this creation alone.

use sqlx::PgConnection;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

use super::lock;
use crate::adapters::accounts::new::{Before, NewRow, Next, Own, Place};
use crate::ports::{Created, TargetId};

/// Inserts an account and its logins if its external id, its legacy customer and its logins are all free.
const INSERT: &str = "WITH made AS ( \
    INSERT INTO landfall_accounts (id, state, phc, must_change, claims, rules, email, phone, username, created_at, \
    changed_at, made_at, external_id, source, legacy_id) \
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, $12, $13, $14 \
    WHERE NOT EXISTS (SELECT 1 FROM landfall_account_logins WHERE login = ANY($11)) \
    AND NOT EXISTS (SELECT 1 FROM landfall_closed WHERE external_id = $12) \
    ON CONFLICT DO NOTHING RETURNING id), \
    owned AS (INSERT INTO landfall_account_logins (login, account_id) \
    SELECT listed.login, made.id FROM made, unnest($11) AS listed (login)) \
    SELECT id FROM made";

/// Completes a pending account.
const COMPLETE: &str = "UPDATE landfall_accounts SET state = $2, phc = $3, must_change = $4, claims = $5, rules = $6, \
    email = $7, phone = $8, username = $9, changed_at = $10, made_at = $10 WHERE id = $1";

/// Writes the account, or returns why not.
pub(super) async fn create(connection: &mut PgConnection, row: &NewRow) -> Result<Created, sqlx::Error> {
    lock(connection, &row.external_id).await?;
    row.check_time()?;
    if insert(connection, row).await? {
        return Ok(Created::New(row.id.clone()));
    }
    let own = own(connection, row).await?;
    if let Some(Found { account, is_ours: true }) = own {
        return Ok(Created::New(TargetId(account.id)));
    }
    match row.next(before(connection, row, own.map(|own| own.account)).await?)? {
        Next::Answer(answer) => Ok(answer),
        Next::Complete(id) => {
            complete(connection, row, &id).await?;
            Ok(Created::New(id))
        }
    }
}

/// The account with the same external id.
struct Found {
    account: Own,
    /// Whether this very creation has written it.
    is_ours: bool,
}

/// Returns whether the account was inserted.
async fn insert(connection: &mut PgConnection, row: &NewRow) -> Result<bool, sqlx::Error> {
    let query = bound(INSERT, row, &row.id);
    let query = query.bind(&row.logins).bind(&row.external_id).bind(&row.source).bind(&row.legacy_id);
    Ok(query.fetch_optional(connection).await?.is_some())
}

/// A row of [`own`]: id, source, legacy id, state, hash.
type OwnRow = (String, String, String, String, Option<String>);

/// The account with the same external id, locked, so that nobody completes or deletes it meanwhile.
async fn own(connection: &mut PgConnection, row: &NewRow) -> Result<Option<Found>, sqlx::Error> {
    let sql = "SELECT id, source, legacy_id, state, phc FROM landfall_accounts WHERE external_id = $1 FOR UPDATE";
    let found: Option<OwnRow> = sqlx::query_as(sql).bind(&row.external_id).fetch_optional(connection).await?;
    Ok(found.map(|(id, source, legacy_id, state, phc)| {
        // a hash has a random salt
        let is_ours = id == row.id.0 || (phc.is_some() && phc == row.phc);
        Found { account: Own { id, source, legacy_id, state }, is_ours }
    }))
}

/// Finds conflicts with the account.
async fn before(connection: &mut PgConnection, row: &NewRow, own: Option<Own>) -> Result<Before, sqlx::Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM landfall_closed WHERE external_id = $1), \
               EXISTS (SELECT 1 FROM landfall_accounts WHERE source = $2 AND legacy_id = $3), \
               EXISTS (SELECT 1 FROM landfall_account_logins WHERE login = ANY($4) AND account_id <> $5)";
    let id = own.as_ref().map(|own| own.id.as_str()).unwrap_or_default();
    let (is_closed, legacy, logins): (bool, bool, bool) = sqlx::query_as(sql)
        .bind(&row.external_id)
        .bind(&row.source)
        .bind(&row.legacy_id)
        .bind(&row.logins)
        .bind(id)
        .fetch_one(connection)
        .await?;
    Ok(Before { is_closed, own, legacy: Place::taken(legacy), logins: Place::taken(logins) })
}

/// Gives a pending account its password and its logins.
async fn complete(connection: &mut PgConnection, row: &NewRow, id: &TargetId) -> Result<(), sqlx::Error> {
    bound(COMPLETE, row, id).execute(&mut *connection).await?;
    let sql = "DELETE FROM landfall_account_logins WHERE account_id = $1 AND login <> ALL($2)";
    sqlx::query(sql).bind(&id.0).bind(&row.logins).execute(&mut *connection).await?;
    // a login that somebody else takes at this moment is a violation of its key, and the creation is repeated
    let sql = "INSERT INTO landfall_account_logins (login, account_id) SELECT listed.login, $1 \
               FROM unnest($2) AS listed (login) WHERE NOT EXISTS \
               (SELECT 1 FROM landfall_account_logins AS had WHERE had.login = listed.login AND had.account_id = $1)";
    sqlx::query(sql).bind(&id.0).bind(&row.logins).execute(connection).await.map(|_| ())
}

/// A statement with the ten values that every write of an account has.
fn bound<'q>(sql: &'static str, row: &'q NewRow, id: &'q TargetId) -> Query<'q, sqlx::Postgres, PgArguments> {
    sqlx::query(sql)
        .bind(&id.0)
        .bind(row.state().name())
        .bind(&row.phc)
        .bind(row.must_change)
        .bind(&row.claims)
        .bind(&row.rules)
        .bind(&row.keys.email)
        .bind(&row.keys.phone)
        .bind(&row.keys.username)
        .bind(row.at)
}
