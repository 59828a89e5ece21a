//! Reads the rows of the account store.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};

use crate::adapters::sqlite::refusal;
use crate::ports::{AccountState, ExternalId, Found, LegacyKey, PasswordChange, StoredAccount, TargetId};

/// An account without its hash.
pub(super) struct Row {
    id: String,
    source: String,
    legacy_id: String,
    state: String,
    must_change: bool,
    claims: String,
    rules: String,
    created_at: i64,
    changed_at: i64,
}

impl FromRow<'_, SqliteRow> for Row {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            source: row.try_get("source")?,
            legacy_id: row.try_get("legacy_id")?,
            state: row.try_get("state")?,
            must_change: row.try_get("must_change")?,
            claims: row.try_get("claims")?,
            rules: row.try_get("rules")?,
            created_at: row.try_get("created_at")?,
            changed_at: row.try_get("changed_at")?,
        })
    }
}

impl Row {
    /// The account, with its logins in order.
    ///
    /// # Errors
    /// If the database fails, or the row is invalid.
    pub async fn account(self, connection: &mut SqliteConnection) -> Result<StoredAccount, sqlx::Error> {
        let logins = sqlx::query_scalar("SELECT login FROM account_logins WHERE account_id = ? ORDER BY login")
            .bind(&self.id)
            .fetch_all(connection)
            .await?;
        Ok(StoredAccount {
            id: TargetId(self.id),
            state: state(&self.state)?,
            legacy: Some(LegacyKey { source: self.source, id: self.legacy_id }),
            logins,
            claims: self.claims,
            rules: Some(self.rules),
            created_at: time(self.created_at)?,
            changed_at: time(self.changed_at)?,
            change: change(self.must_change),
        })
    }
}

/// Whether the password must be changed.
pub(super) fn change(must_change: bool) -> PasswordChange {
    if must_change { PasswordChange::Required } else { PasswordChange::Optional }
}

/// The state with a stored name.
///
/// # Errors
/// If the name is unknown.
pub(super) fn state(name: &str) -> Result<AccountState, sqlx::Error> {
    AccountState::from_name(name).ok_or_else(|| refusal("an account has an unknown state"))
}

/// The result of looking up an account.
///
/// # Errors
/// If its state is unknown.
pub(super) fn found((id, external_id, name): (String, String, String)) -> Result<Found, sqlx::Error> {
    Ok(Found { id: TargetId(id), external_id: Some(ExternalId(external_id)), state: state(&name)? })
}

fn time(micros: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_microsecond(micros).map_err(|_| refusal("a timestamp of an account is invalid"))
}
