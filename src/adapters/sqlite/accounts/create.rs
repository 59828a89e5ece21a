//! Creates an account inside one transaction: checks for conflicts first, and writes only if there are none.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};

use crate::adapters::accounts::new::{Before, NewRow, Next, Own, Place};
use crate::ports::{Created, TargetId};

/// Inserts an account if its external id, its legacy customer and its logins are all free. One statement, because every
/// step is a round trip to SQLite's thread.
const INSERT: &str = "INSERT INTO accounts (id, state, phc, must_change, claims, rules, email, phone, username, created_at, \
    changed_at, made_at, external_id, source, legacy_id) \
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?10, ?12, ?13, ?14 \
    WHERE NOT EXISTS (SELECT 1 FROM account_logins WHERE login IN (SELECT value FROM json_each(?11))) \
    AND NOT EXISTS (SELECT 1 FROM closed WHERE external_id = ?12) \
    ON CONFLICT DO NOTHING RETURNING id; \
    INSERT INTO account_logins (login, account_id) SELECT value, ?1 FROM json_each(?11) \
    WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1)";

/// Completes a pending account.
const COMPLETE: &str = "UPDATE accounts SET state = ?2, phc = ?3, must_change = ?4, claims = ?5, rules = ?6, email = ?7, \
    phone = ?8, username = ?9, changed_at = ?10, made_at = ?10 WHERE id = ?1; \
    DELETE FROM account_logins WHERE account_id = ?1; \
    INSERT INTO account_logins (login, account_id) SELECT value, ?1 FROM json_each(?11)";

/// Finds conflicts with an account: a permanent deletion, an account of the same legacy customer, an account with one
/// of the logins, and its own account from an earlier attempt.
const BEFORE: &str = "SELECT EXISTS (SELECT 1 FROM closed WHERE external_id = ?4), \
    EXISTS (SELECT 1 FROM accounts WHERE source = ?1 AND legacy_id = ?2), \
    EXISTS (SELECT 1 FROM account_logins WHERE login IN (SELECT value FROM json_each(?3)) AND account_id IS NOT own.id), \
    own.id, own.source, own.legacy_id, own.state \
    FROM (SELECT 1) LEFT JOIN accounts AS own ON own.external_id = ?4";

/// Whether an account was written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Yes,
    No,
}

/// A row of [`BEFORE`].
type BeforeRow = (bool, bool, bool, Option<String>, Option<String>, Option<String>, Option<String>);

/// Writes the account, or returns why not.
///
/// # Errors
/// If the database fails.
pub(super) async fn create(row: NewRow, connection: &mut SqliteConnection) -> Result<Created, sqlx::Error> {
    row.check_time()?;
    let logins = serde_json::json!(row.logins).to_string();
    if insert(&row, &logins, connection).await? == Written::Yes {
        return Ok(Created::New(row.id));
    }
    match row.next(before(&row, &logins, connection).await?)? {
        Next::Answer(answer) => Ok(answer),
        Next::Complete(id) => {
            bound(COMPLETE, &row, &id, &logins).execute(connection).await?;
            Ok(Created::New(id))
        }
    }
}

/// Inserts the account and its logins unless something conflicts with them; returns whether it did.
async fn insert(row: &NewRow, logins: &str, connection: &mut SqliteConnection) -> Result<Written, sqlx::Error> {
    let query = bound(INSERT, row, &row.id, logins).bind(&row.external_id).bind(&row.source).bind(&row.legacy_id);
    let inserted = query.fetch_all(connection).await?;
    Ok(if inserted.is_empty() { Written::No } else { Written::Yes })
}

/// A statement with the eleven values that every write of an account has.
fn bound<'q>(
    sql: &'static str,
    row: &'q NewRow,
    id: &'q TargetId,
    logins: &'q str,
) -> Query<'q, Sqlite, SqliteArguments> {
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
        .bind(logins)
}

/// Finds conflicts with the account.
async fn before(row: &NewRow, logins: &str, connection: &mut SqliteConnection) -> Result<Before, sqlx::Error> {
    let query = sqlx::query_as(BEFORE).bind(&row.source).bind(&row.legacy_id).bind(logins);
    let (is_closed, legacy, logins, id, source, legacy_id, state): BeforeRow =
        query.bind(&row.external_id).fetch_one(connection).await?;
    let own = match (id, source, legacy_id, state) {
        (Some(id), Some(source), Some(legacy_id), Some(state)) => Some(Own { id, source, legacy_id, state }),
        _ => None,
    };
    Ok(Before { is_closed, own, legacy: Place::taken(legacy), logins: Place::taken(logins) })
}
