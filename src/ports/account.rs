//! Accounts as a target knows them, and what is asked of them.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{ExternalId, LegacyKey, Work};
use crate::model::Password;
use crate::password::Credential;

/// The id that a target assigned to an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId(pub String);

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The state of an account at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// The customer may sign in.
    Active,
    /// Created without a verified password, by the forgot-password operation or in bulk: it has no password and cannot
    /// sign in until one is set.
    Pending,
    /// Disabled at the target.
    Disabled,
}

impl AccountState {
    /// The name used in stores and responses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Disabled => "disabled",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Pending, Self::Disabled].into_iter().find(|state| state.name() == name)
    }
}

/// An account at the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: TargetId,
    /// The name under which we created it; `None` if it was created by another system.
    pub external_id: Option<ExternalId>,
    /// Its state.
    pub state: AccountState,
}

impl Found {
    /// The key under which attempts are counted: the external id, so that counters follow the customer across the
    /// migration, or the account id if another system created the account.
    pub(crate) fn customer(&self) -> &str {
        self.external_id.as_ref().map_or(&self.id.0, |external| &external.0)
    }
}

/// Whether the customer must choose a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordChange {
    /// The customer may keep the password.
    Optional,
    /// The customer must choose a new password before anything else.
    Required,
}

/// The verdict of a target on a presented password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// The password is correct.
    Verified(PasswordChange),
    /// The password is wrong.
    Mismatch,
    /// The account no longer exists.
    Gone,
    /// The account has no password or may not sign in.
    Unusable,
}

impl Authentication {
    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified(_) => "verified",
            Self::Mismatch => "mismatch",
            Self::Gone => "gone",
            Self::Unusable => "unusable",
        }
    }
}

/// The answer of a target to a presented password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authenticated {
    /// The verdict.
    pub verdict: Authentication,
    /// What was done to find out.
    pub work: Work,
}

/// An account to be created.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// The name under which it is created.
    pub external_id: &'a ExternalId,
    /// The legacy customer it belongs to.
    pub legacy: &'a LegacyKey,
    /// The canonical logins, without duplicates.
    pub logins: &'a [String],
    /// The claims: the JSON text of an account that conforms to the target schema.
    pub claims: &'a str,
    /// The verified password. Without a password and a hash the account is pending.
    pub password: Option<&'a Arc<Password>>,
    /// The stored hash of the legacy system, for a target that [takes it](super::Target::takes_hash) as it is. Not given
    /// together with a password.
    pub hash: Option<&'a Credential>,
    /// The pending account that is completed, as far as the ledger knows one.
    pub pending: Option<&'a TargetId>,
    /// Whether the password must be changed.
    pub change: PasswordChange,
    /// The hash of the rules that made the claims.
    pub rules: &'a str,
    /// The current time.
    pub at: Timestamp,
    /// When the claim ends. Another process may create the account after that, so nothing may be written any more. An
    /// adapter that uses transactions checks this inside the transaction.
    pub until: Instant,
}

/// Never shows values.
impl fmt::Debug for NewAccount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("external_id", self.external_id).finish_non_exhaustive()
    }
}

/// Why an account cannot be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Another account has one of the logins.
    Login,
    /// Another account was created for the same legacy customer under a different external id.
    Legacy,
    /// The account was permanently deleted and is never created again.
    Deleted,
}

/// The result of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The account now exists durably; a pending account with the same external id was completed.
    New(TargetId),
    /// The account now exists durably, without the password, which the target's password policy refused.
    NewWithoutPassword(TargetId),
    /// The account already existed under our external id, with its own password.
    Exists(TargetId),
    /// The account cannot be created; nothing was written.
    Conflict(Conflict),
}

/// An account as stored at the target.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAccount {
    /// Its id.
    pub id: TargetId,
    /// Its state.
    pub state: AccountState,
    /// The legacy customer it belongs to, if we created it.
    pub legacy: Option<LegacyKey>,
    /// The canonical logins.
    pub logins: Vec<String>,
    /// The claims as JSON text.
    pub claims: String,
    /// The hash of the rules that created it.
    pub rules: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its claims, password or state last changed.
    pub changed_at: Timestamp,
    /// Whether it is as its migration made it.
    pub since_migration: SinceMigration,
    /// Whether the password must be changed at the next sign-in.
    pub change: PasswordChange,
}

/// What became of an account since a migration created or completed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinceMigration {
    /// It is as it was made.
    Unchanged,
    /// Its claims, its password or its state has changed.
    Changed,
    /// The target cannot tell.
    Unknown,
}

/// Never shows values.
impl fmt::Debug for StoredAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredAccount").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// How an account is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Permanently: no account can be created under its external id any more, not even by a creation already in
    /// progress.
    ForGood,
    /// Only if the account has not changed since it was created or completed, and only before `until`: after that
    /// another process may have created it again.
    Unchanged {
        /// When the undo's lease ends.
        until: Instant,
    },
}

/// The result of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// The account was deleted.
    Yes,
    /// The account has changed since it was created, so it stays.
    Changed,
    /// There is no such account.
    Missing,
}

/// The identity of an account store: 32 hexadecimal digits, generated at random when the store is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreId(pub String);
