//! How far the legacy systems are still needed, as the ledger knows it.

use jiff::Timestamp;

/// What the ledger knows of the use of the legacy systems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegacyUse {
    /// When the oldest decision was made that the audit still has; `None` if it has none.
    pub audit_since: Option<Timestamp>,
    /// The requests of customers that were decided within the period. Without any, the absence of calls proves nothing.
    pub requests: u64,
    /// The legacy systems that the ledger knows, ordered by the names of their sources.
    pub systems: Vec<SystemUse>,
}

/// What the ledger knows of the use of one legacy system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemUse {
    /// The name of the source.
    pub source: String,
    /// The requests within the period that needed it: it knew the customer, or gave no usable answer.
    pub calls: u64,
    /// The requests within the period that asked it for identifiers that it does not know.
    pub unknown: u64,
    /// When a request needed it for the last time, as far back as the audit reaches.
    pub last_call: Option<Timestamp>,
    /// Customers who have an account with a password of their own.
    pub migrated: u64,
    /// Customers whose account is being created or whose migration is being undone.
    pub open: u64,
    /// Customers for whom nothing was created although they tried.
    pub abandoned: u64,
    /// Accounts without a password, whose customers have not signed in.
    pub pending: u64,
    /// Accounts without a password whose customers sign in with the legacy one, because the target refused it.
    pub legacy_passwords: u64,
    /// Migrated customers whom the legacy system is still to be told of, including those of whom it was given up.
    pub write_backs: u64,
}

/// Customers who came and could not be migrated, or must still do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The name of the outcome of their last login.
    pub outcome: String,
    /// Its reason; empty if the outcome says it all.
    pub reason: String,
    /// How many customers; each is counted once.
    pub customers: u64,
}

impl Stuck {
    /// How often a customer without an account must have presented a wrong password to count as stuck. Everybody mistypes
    /// once or twice.
    pub const WRONG_PASSWORDS: u64 = 3;
}
