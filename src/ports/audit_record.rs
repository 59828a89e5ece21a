//! A decision as the audit keeps it, and which of them to read.

use jiff::Timestamp;

/// A row of the audit. Identifiers are keyed digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// The row number; the first row is 1.
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The id of the request.
    pub request_id: String,
    /// The name of the operation.
    pub operation: String,
    /// The name of the outcome, or of an operator's action.
    pub outcome: String,
    /// The reason; empty if there is none.
    pub reason: String,
    /// The digest of the canonical identifier.
    pub subject: String,
    /// The digest of source and legacy id, if the record was known.
    pub customer: Option<String>,
    /// The account at the target.
    pub account: Option<String>,
    /// The external id under which we created the account.
    pub external_id: Option<String>,
    /// The name of the source, if it was queried.
    pub source: Option<String>,
    /// The hash of the rules, if they ran.
    pub rules: Option<String>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// How many decisions the row represents: more than one for refusals of one subject that were summed up.
    pub count: u64,
}

/// Which rows of the audit to return. A field that is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The digest of the canonical identifier.
    pub subject: Option<String>,
    /// The digest of source and legacy id.
    pub customer: Option<String>,
    /// The name of the outcome.
    pub outcome: Option<String>,
    /// Only rows before this number, which is the last number of the previous page.
    pub before: Option<u64>,
}
