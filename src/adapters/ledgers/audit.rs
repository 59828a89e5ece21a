//! Rows of the audit in ledgers in databases.

use crate::audit::StoredRow;

/// A row as selected.
pub(in crate::adapters) type RowTuple = (i64, i64, String, String, String, Option<String>, i64, String, String);

/// The row of the chain.
pub(in crate::adapters) fn stored_row(row: RowTuple) -> StoredRow {
    let (number, at, outcome, reason, subject, customer, count, text, chain) = row;
    StoredRow { number, columns: (at, outcome, reason, subject, customer, count), text, chain }
}
