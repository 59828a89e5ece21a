//! The progress of a migration, as the ledger counts it.

use jiff::Timestamp;
use jiff::civil::Date;

/// The progress of the migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Customers whose account was created with a verified password.
    pub migrated: u64,
    /// Accounts created without a verified password, by the forgot-password operation, that are waiting for a password.
    pub pending: u64,
    /// Accounts created without a verified password that have got one since.
    pub activated: u64,
    /// Customers whose migration is being undone.
    pub undoing: u64,
    /// Customers whose account is being created.
    pub creating: u64,
    /// Those of them whose claim has expired: recovery has to check the target.
    pub overdue: u64,
    /// Customers for whom nothing was created; their next login starts again.
    pub abandoned: u64,
    /// Customers who were permanently deleted.
    pub buried: u64,
    /// Sign-ins of customers with an account at the target.
    pub authenticated: u64,
    /// Refusals by reason, most frequent first: outcomes `refused` and `denied_by_rule`.
    pub refused: Vec<OutcomeCount>,
    /// Failures, most frequent first: of records, rules and systems.
    pub failed: Vec<OutcomeCount>,
    /// Migrated customers per day (UTC), oldest day first, at most 400 days back.
    pub per_day: Vec<(Date, u64)>,
    /// When the first customer was migrated.
    pub first_at: Option<Timestamp>,
    /// When the last customer was migrated.
    pub last_at: Option<Timestamp>,
    /// Events waiting to be sent, without those for legacy systems.
    pub events: u64,
    /// Migrated customers whom their legacy systems are still to be told of.
    pub write_backs: u64,
    /// Those of whom telling it was given up.
    pub write_backs_failed: u64,
}

/// How often an outcome occurred, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeCount {
    /// The name of the outcome.
    pub outcome: String,
    /// The reason; empty if the outcome says it all.
    pub reason: String,
    /// How often.
    pub count: u64,
}
