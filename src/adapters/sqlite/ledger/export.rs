//! Exports the oldest rows of the audit, and removes exported rows.

use std::io::Write;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::{Connection as _, SqliteConnection};

use super::audit::{self, SELECT_ROWS};
use crate::adapters::ledgers::{RowTuple, stored_row};
use crate::audit::{Export, may_remove};
use crate::ports::{AuditHead, ExportError, Keyring, SegmentReport};

/// Writes the rows before a time as a segment, in one snapshot.
pub(super) async fn export<W: Write + Send>(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    before: Timestamp,
    out: W,
) -> Result<Result<(AuditHead, AuditHead), ExportError>, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let start = audit::start(&mut snapshot, keyring).await?;
    let mut export = match Export::begin(keyring, start, before, out) {
        Ok(export) => export,
        Err(error) => return Ok(Err(error)),
    };
    let mut rows = sqlx::query_as::<_, RowTuple>(SELECT_ROWS).fetch(&mut *snapshot);
    while let Some(row) = rows.try_next().await? {
        match export.row(&stored_row(row)) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(export.end())
}

/// Checks that the rows of a segment may be removed from this ledger.
pub(super) async fn check_segment(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    segment: &SegmentReport,
) -> Result<Result<(), ExportError>, sqlx::Error> {
    let start = audit::start(connection, keyring).await?;
    let number = i64::try_from(segment.head.number).unwrap_or(i64::MAX);
    let sql = "SELECT chain FROM audit WHERE number = ?";
    let last: Option<String> = sqlx::query_scalar(sql).bind(number).fetch_optional(connection).await?;
    Ok(may_remove(segment, &start, last.as_deref()))
}
