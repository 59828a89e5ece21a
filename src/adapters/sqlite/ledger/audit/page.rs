//! Reads the audit page by page, newest row first.

use sqlx::SqliteConnection;

use super::record::{AuditRecord, record};
use crate::adapters::sqlite::ledger::stamp::unsigned;
use crate::adapters::sqlite::refusal;

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

/// The matching rows, newest first. If both digests are given, rows that match either: a customer's wrong passwords
/// before the record was known, and everything after.
pub(in crate::adapters::sqlite::ledger) async fn page(
    connection: &mut SqliteConnection,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<AuditRecord>, sqlx::Error> {
    let mut query = sqlx::QueryBuilder::<sqlx::Sqlite>::new("SELECT number, text FROM audit WHERE number < ");
    query.push_bind(filter.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX));
    match (&filter.subject, &filter.customer) {
        (Some(subject), Some(customer)) => {
            query.push(" AND (subject = ").push_bind(subject).push(" OR customer = ").push_bind(customer).push(")");
        }
        (Some(subject), None) => drop(query.push(" AND subject = ").push_bind(subject)),
        (None, Some(customer)) => drop(query.push(" AND customer = ").push_bind(customer)),
        (None, None) => {}
    }
    if let Some(outcome) = &filter.outcome {
        query.push(" AND outcome = ").push_bind(outcome);
    }
    query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows: Vec<(i64, String)> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter()
        .map(|(number, text)| {
            record(unsigned(number)?, &text).ok_or_else(|| refusal("a row of the audit cannot be read"))
        })
        .collect()
}
