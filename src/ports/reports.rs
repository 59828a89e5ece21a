//! What a ledger tells operators.

use std::io::Write;

use jiff::Timestamp;

use super::{
    AuditFilter, AuditHead, AuditRecord, AuditReport, BoxFuture, Entry, EntryFilter, EntryPage, EntryReport,
    ExportError, LegacyUse, PortError, SegmentReport, Stuck, Summary,
};

/// The reports of a ledger for operators, and the care of its audit. No login waits for any of it, so it is not guarded.
pub trait Reports: Send + Sync {
    /// The progress of the migration.
    fn summary(&self, now: Timestamp) -> BoxFuture<'_, Result<Summary, PortError>>;

    /// Entries that match a filter, ordered by source and legacy id.
    fn entries(&self, filter: EntryFilter, page: EntryPage) -> BoxFuture<'_, Result<Vec<EntryReport>, PortError>>;

    /// The entries of the customers of a source with these legacy ids, in any order; nothing for customers without one. The
    /// caller bounds the number of ids.
    fn entries_of(&self, source: String, ids: Vec<String>) -> BoxFuture<'_, Result<Vec<Entry>, PortError>>;

    /// Customers who came and are not migrated, or must still choose a password: by the reason of their last decision, most
    /// frequent first. Covers the decisions that the audit still has.
    fn stuck(&self) -> BoxFuture<'_, Result<Vec<Stuck>, PortError>>;

    /// How far the legacy systems are still needed; the period begins at `since`.
    fn legacy_use(&self, since: Timestamp) -> BoxFuture<'_, Result<LegacyUse, PortError>>;

    /// Rows of the audit that match a filter, newest first.
    fn audit(&self, filter: AuditFilter, limit: usize) -> BoxFuture<'_, Result<Vec<AuditRecord>, PortError>>;

    /// The current head of the audit; an error if its tag does not verify.
    fn audit_head(&self) -> BoxFuture<'_, Result<AuditHead, PortError>>;

    /// Verifies the audit from its first row to its head. A break is part of the report.
    fn verify(&self) -> BoxFuture<'_, Result<AuditReport, PortError>> {
        self.verify_with(&[])
    }

    /// Verifies the audit, and that heads kept elsewhere are still part of it.
    fn verify_with<'a>(&'a self, anchors: &'a [AuditHead]) -> BoxFuture<'a, Result<AuditReport, PortError>>;

    /// Writes the rows before a time as a segment: from the start of the audit to the first row that is not older. Each
    /// row is verified first. Returns the heads before and at the end of the segment; they are equal if no row is old
    /// enough. After an error the output is not a valid segment.
    fn export_audit(
        &self,
        before: Timestamp,
        out: Box<dyn Write + Send>,
    ) -> BoxFuture<'_, Result<(AuditHead, AuditHead), ExportError>>;

    /// Removes the rows of a verified segment; returns how many were removed. The head of the segment becomes the start
    /// of the audit. Rows removed before an error stay removed, and the audit stays intact.
    fn remove_exported<'a>(&'a self, segment: &'a SegmentReport) -> BoxFuture<'a, Result<u64, ExportError>>;

    /// Completes what is stored when the service stops, such as a file whose journal is beside it. Nothing is lost
    /// without it.
    fn checkpoint(&self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}
