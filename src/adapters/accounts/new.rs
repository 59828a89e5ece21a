//! An account to be written, as every account store writes it, and what a conflict means.

use tokio::time::Instant;

use crate::adapters::refusal::{late, refusal};
use crate::ports::{AccountState, Conflict, Created, NewAccount, PasswordChange, TargetId};

/// A new account, ready to be written.
pub(in crate::adapters) struct NewRow {
    pub id: TargetId,
    pub external_id: String,
    pub source: String,
    pub legacy_id: String,
    /// In order, so that stores that lock them do so in the same order.
    pub logins: Vec<String>,
    pub claims: String,
    pub keys: Keys,
    pub phc: Option<String>,
    pub must_change: bool,
    pub rules: String,
    pub at: i64,
    /// When the claim ends.
    until: Instant,
}

/// The claims that have their own columns.
#[derive(Default)]
pub(in crate::adapters) struct Keys {
    pub email: Option<String>,
    pub phone: Option<String>,
    pub username: Option<String>,
}

impl Keys {
    fn of(claims: &str) -> Self {
        let Ok(claims) = serde_json::from_str::<serde_json::Value>(claims) else { return Self::default() };
        let text = |pointer| claims.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned);
        Self { email: text("/email/value"), phone: text("/phone/value"), username: text("/username") }
    }
}

/// The state of the store before an account is written.
pub(in crate::adapters) struct Before {
    /// Whether the external id is closed.
    pub is_closed: bool,
    /// The account with the same external id.
    pub own: Option<Own>,
    /// Whether the legacy customer has an account.
    pub legacy: Place,
    /// Whether another account has one of the logins.
    pub logins: Place,
}

/// The account with the same external id.
pub(in crate::adapters) struct Own {
    pub id: String,
    pub source: String,
    pub legacy_id: String,
    pub state: String,
}

/// Whether a value is free.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters) enum Place {
    Free,
    Taken,
}

impl Place {
    /// Whether somebody has it.
    pub fn taken(is_taken: bool) -> Self {
        if is_taken { Self::Taken } else { Self::Free }
    }
}

/// What to do with an account that could not be inserted.
pub(in crate::adapters) enum Next {
    /// Nothing: this is the answer.
    Answer(Created),
    /// Give the pending account with this id its password.
    Complete(TargetId),
}

impl NewRow {
    /// The row of a new account, with the hash of its password.
    pub fn new(id: TargetId, account: &NewAccount<'_>, phc: Option<String>) -> Self {
        let mut logins = account.logins.to_vec();
        logins.sort();
        Self {
            id,
            external_id: account.external_id.0.clone(),
            source: account.legacy.source.clone(),
            legacy_id: account.legacy.id.clone(),
            logins,
            claims: account.claims.to_owned(),
            keys: Keys::of(account.claims),
            phc,
            must_change: account.change == PasswordChange::Required,
            rules: account.rules.to_owned(),
            at: account.at.as_microsecond(),
            until: account.until,
        }
    }

    /// The state of the account.
    pub fn state(&self) -> AccountState {
        if self.phc.is_some() { AccountState::Active } else { AccountState::Pending }
    }

    /// Fails if the claim has ended. Checked inside the transaction, after it has excluded others that write this
    /// account: a process that was suspended for long finds its claim expired, and the process that took over finds
    /// everything written before.
    pub fn check_time(&self) -> Result<(), sqlx::Error> {
        if Instant::now() >= self.until {
            return Err(late("the claim on the customer has expired"));
        }
        Ok(())
    }

    /// What to do if the account could not be inserted.
    pub fn next(&self, before: Before) -> Result<Next, sqlx::Error> {
        let conflict = |conflict| Ok(Next::Answer(Created::Conflict(conflict)));
        if before.is_closed {
            return conflict(Conflict::Deleted);
        }
        let Some(own) = before.own else {
            return match (before.legacy, before.logins) {
                (Place::Taken, _) => conflict(Conflict::Legacy),
                (Place::Free, Place::Taken) => conflict(Conflict::Login),
                (Place::Free, Place::Free) => {
                    Err(refusal("an account was not written although nothing conflicts with it"))
                }
            };
        };
        if own.source != self.source || own.legacy_id != self.legacy_id {
            return conflict(Conflict::Legacy);
        }
        let id = TargetId(own.id);
        if own.state != AccountState::Pending.name() {
            return Ok(Next::Answer(Created::Exists(id)));
        }
        // Without a password there is nothing to complete.
        if self.phc.is_none() {
            return Ok(Next::Answer(Created::New(id)));
        }
        if before.logins == Place::Taken { conflict(Conflict::Login) } else { Ok(Next::Complete(id)) }
    }
}
