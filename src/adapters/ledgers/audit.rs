//! Rows of the audit in ledgers in databases.

use sqlx::{Database, Encode, QueryBuilder, Type};

use crate::audit::StoredRow;
use crate::ports::AuditFilter;

/// A row as selected.
pub(in crate::adapters) type RowTuple = (i64, i64, String, String, String, Option<String>, i64, String, String);

/// The row of the chain.
pub(in crate::adapters) fn stored_row(row: RowTuple) -> StoredRow {
    let (number, at, outcome, reason, subject, customer, count, text, chain) = row;
    StoredRow { number, columns: (at, outcome, reason, subject, customer, count), text, chain }
}

/// Adds the conditions of a filter to a query that ends with `WHERE number <`, and how many rows are wanted, newest first. If
/// both digests are given, rows that match either: a customer's wrong passwords before the record was known, and everything
/// after.
pub(in crate::adapters) fn push_audit_filter<DB>(query: &mut QueryBuilder<DB>, filter: &AuditFilter, limit: usize)
where
    DB: Database,
    for<'t> &'t str: Encode<'t, DB> + Type<DB>,
    for<'t> i64: Encode<'t, DB> + Type<DB>,
{
    query.push_bind(filter.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX));
    match (filter.subject.as_deref(), filter.customer.as_deref()) {
        (Some(subject), Some(customer)) => {
            query.push(" AND (subject = ").push_bind(subject).push(" OR customer = ").push_bind(customer).push(")");
        }
        (Some(subject), None) => drop(query.push(" AND subject = ").push_bind(subject)),
        (None, Some(customer)) => drop(query.push(" AND customer = ").push_bind(customer)),
        (None, None) => {}
    }
    if let Some(outcome) = filter.outcome.as_deref() {
        query.push(" AND outcome = ").push_bind(outcome);
    }
    query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
}
