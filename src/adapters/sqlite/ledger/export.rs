//! Exports the oldest rows of the audit, and removes exported rows.

use std::io::{self, Write};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::{Connection as _, SqliteConnection};
use thiserror::Error;

use super::SqliteLedger;
use super::audit::{
    self, AuditBreak, AuditHead, Checker, RowTuple, SELECT_ROWS, SegmentReport, SegmentWriter, StoredRow,
};
use super::stamp::{micros, unsigned};
use crate::ports::{Keyring, PortError};

/// Why rows cannot be exported or removed.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The ledger gave no usable answer.
    #[error(transparent)]
    Ledger(#[from] PortError),
    /// The segment cannot be written.
    #[error("cannot write the segment: {0}")]
    Write(io::ErrorKind),
    /// The audit or the segment is broken.
    #[error("{0}")]
    Broken(AuditBreak),
    /// The segment begins too late: some rows between the start of the ledger and the segment are in neither.
    #[error(
        "the segment starts after row {0}, but the ledger starts after row {1}; remove the segment with the rows between them first"
    )]
    Gap(u64, u64),
    /// The segment does not belong to this ledger.
    #[error("the segment does not belong to this ledger: its head is not row {0} of the ledger")]
    Foreign(u64),
}

impl SqliteLedger {
    /// Writes the rows before a time as a segment: from the start of the audit to the first row that is not older. Each
    /// row is verified first. Returns the heads before and at the end of the segment; they are equal if no row is old
    /// enough.
    ///
    /// # Errors
    /// [`ExportError`]; the output is then not a valid segment.
    pub async fn export_audit<W: Write + Send + 'static>(
        &self,
        before: Timestamp,
        out: W,
    ) -> Result<(AuditHead, AuditHead), ExportError> {
        let keyring = Arc::clone(&self.keyring);
        self.read("export", move |connection| Box::pin(async move { export(connection, &keyring, before, out).await }))
            .await?
    }

    /// Removes the rows of a verified segment; returns how many were removed. The head of the segment becomes the start
    /// of the audit.
    ///
    /// # Errors
    /// [`ExportError`]; rows removed before the error stay removed, and the audit stays intact.
    pub async fn remove_exported(&self, segment: &SegmentReport) -> Result<u64, ExportError> {
        if let Some(broken) = segment.broken {
            return Err(ExportError::Broken(broken));
        }
        let (keyring, asked) = (Arc::clone(&self.keyring), segment.clone());
        self.read("remove", move |connection| {
            Box::pin(async move { check_segment(connection, &keyring, &asked).await })
        })
        .await??;
        let mut removed = 0;
        for step in segment.steps() {
            let (keyring, step) = (Arc::clone(&self.keyring), step.clone());
            removed += self
                .write("remove", move |connection| {
                    Box::pin(async move { audit::advance(connection, &keyring, &step).await })
                })
                .await?;
        }
        Ok(removed)
    }
}

async fn export<W: Write + Send>(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    before: Timestamp,
    out: W,
) -> Result<Result<(AuditHead, AuditHead), ExportError>, sqlx::Error> {
    let failed = |error: io::Error| Ok(Err(ExportError::Write(error.kind())));
    let mut snapshot = connection.begin().await?;
    let start = audit::start(&mut snapshot, keyring).await?;
    let mut checker = Checker::new(keyring, start.clone(), &[]);
    let mut writer = match SegmentWriter::begin(keyring, out, &start) {
        Ok(writer) => writer,
        Err(error) => return failed(error),
    };
    let mut rows = sqlx::query_as::<_, RowTuple>(SELECT_ROWS).fetch(&mut *snapshot);
    while let Some(row) = rows.try_next().await? {
        let row = StoredRow::from(row);
        if let Err(broken) = checker.row(&row) {
            return Ok(Err(ExportError::Broken(broken)));
        }
        if row.at() >= micros(before) {
            break;
        }
        if let Err(error) = writer.row(unsigned(row.number)?, &row.text, &row.chain) {
            return failed(error);
        }
    }
    match writer.end() {
        Ok(head) => Ok(Ok((start, head))),
        Err(error) => failed(error),
    }
}

/// Checks that a segment continues the removed rows, and ends with a row of this ledger or before its start.
async fn check_segment(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    segment: &SegmentReport,
) -> Result<Result<(), ExportError>, sqlx::Error> {
    let start = audit::start(connection, keyring).await?;
    if segment.start.number > start.number {
        return Ok(Err(ExportError::Gap(segment.start.number, start.number)));
    }
    let head = &segment.head;
    let chain = if head.number > start.number {
        let number = i64::try_from(head.number).unwrap_or(i64::MAX);
        let sql = "SELECT chain FROM audit WHERE number = ?";
        sqlx::query_scalar(sql).bind(number).fetch_optional(connection).await?.unwrap_or_default()
    } else {
        head.chain.clone()
    };
    Ok(if chain == head.chain { Ok(()) } else { Err(ExportError::Foreign(head.number)) })
}
