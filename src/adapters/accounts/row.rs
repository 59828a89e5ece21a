//! Rows of account stores, as every database holds them.

use jiff::Timestamp;
use sqlx::{ColumnIndex, Decode, FromRow, Type};

use crate::adapters::refusal::refusal;
use crate::ports::{
    AccountState, ExternalId, Found, LegacyKey, PasswordChange, SinceMigration, StoredAccount, TargetId,
};

/// An account without its hash.
pub(in crate::adapters) struct Row {
    pub id: String,
    source: String,
    legacy_id: String,
    state: String,
    must_change: bool,
    claims: String,
    rules: String,
    created_at: i64,
    changed_at: i64,
    is_changed: bool,
}

impl<'r, R> FromRow<'r, R> for Row
where
    R: sqlx::Row,
    usize: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            source: row.try_get(1)?,
            legacy_id: row.try_get(2)?,
            state: row.try_get(3)?,
            must_change: row.try_get(4)?,
            claims: row.try_get(5)?,
            rules: row.try_get(6)?,
            created_at: row.try_get(7)?,
            changed_at: row.try_get(8)?,
            is_changed: row.try_get(9)?,
        })
    }
}

impl Row {
    /// The account with these logins.
    ///
    /// # Errors
    /// If the row is invalid.
    pub fn account(self, logins: Vec<String>) -> Result<StoredAccount, sqlx::Error> {
        Ok(StoredAccount {
            id: TargetId(self.id),
            state: state(&self.state)?,
            legacy: Some(LegacyKey { source: self.source, id: self.legacy_id }),
            logins,
            claims: self.claims,
            rules: Some(self.rules),
            created_at: time(self.created_at)?,
            changed_at: time(self.changed_at)?,
            since_migration: if self.is_changed { SinceMigration::Changed } else { SinceMigration::Unchanged },
            change: change(self.must_change),
        })
    }
}

/// Whether the password must be changed.
pub(in crate::adapters) fn change(must_change: bool) -> PasswordChange {
    if must_change { PasswordChange::Required } else { PasswordChange::Optional }
}

/// The state with a stored name.
///
/// # Errors
/// If the name is unknown.
pub(in crate::adapters) fn state(name: &str) -> Result<AccountState, sqlx::Error> {
    AccountState::from_name(name).ok_or_else(|| refusal("an account has an unknown state"))
}

/// The result of looking up an account.
///
/// # Errors
/// If its state is unknown.
pub(in crate::adapters) fn found((id, external_id, name): (String, String, String)) -> Result<Found, sqlx::Error> {
    Ok(Found { id: TargetId(id), external_id: Some(ExternalId(external_id)), state: state(&name)? })
}

fn time(micros: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_microsecond(micros).map_err(|_| refusal("a timestamp of an account is invalid"))
}
