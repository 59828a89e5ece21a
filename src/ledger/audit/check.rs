//! Verifying the chain from its first row to its head.

use std::fmt;

use futures_util::TryStreamExt as _;
use sqlx::{Connection as _, SqliteConnection};

use super::head::{AuditHead, StoredHead, stored};
use super::record::{Columns, record};
use crate::migrate::Keyring;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// The last row that was proven, all from the first one on. Kept elsewhere, it proves later that nothing up to it was changed.
    pub head: AuditHead,
    /// The first break; none when the audit is whole.
    pub broken: Option<AuditBreak>,
}

/// Where the audit was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditBreak {
    /// The number of the row.
    pub number: u64,
    /// What is wrong with it.
    pub fault: AuditFault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFault {
    /// There is no row of this number.
    Missing,
    /// Its text, or what stands before it, is not what was written.
    Changed,
    /// The columns by which it is counted and found do not fit its text.
    Columns,
    /// The stored head is missing, not ours, or not this row.
    Head,
    /// The anchor is not part of the chain.
    Anchor,
}

impl AuditFault {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Columns => "columns",
            Self::Head => "head",
            Self::Anchor => "anchor",
        }
    }
}

impl fmt::Display for AuditBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, fault } = self;
        match fault {
            AuditFault::Missing => write!(f, "row {number} is missing"),
            AuditFault::Changed => write!(f, "row {number} is not what was written"),
            AuditFault::Columns => write!(f, "the columns of row {number} do not fit its text"),
            AuditFault::Head => write!(f, "the stored head is not row {number}"),
            AuditFault::Anchor => write!(f, "row {number} is not the anchor that was given"),
        }
    }
}

/// A row as it is stored.
#[derive(Debug, Clone)]
pub(super) struct StoredRow {
    pub number: i64,
    pub columns: Columns,
    pub text: String,
    pub chain: String,
}

/// Follows the chain row by row.
pub(super) struct Checker<'a> {
    keyring: &'a Keyring,
    anchor: &'a AuditHead,
    last: AuditHead,
}

impl<'a> Checker<'a> {
    /// A checker before the first row. The anchor of number 0 is part of every chain.
    pub(super) fn new(keyring: &'a Keyring, anchor: &'a AuditHead) -> Self {
        Self { keyring, anchor, last: AuditHead::default() }
    }

    /// Takes the next row.
    pub(super) fn row(&mut self, row: &StoredRow) -> Result<(), AuditBreak> {
        let number = self.last.number.saturating_add(1);
        let broken = |fault| Err(AuditBreak { number, fault });
        match u64::try_from(row.number) {
            Ok(found) if found == number => {}
            Ok(found) if found > number => return broken(AuditFault::Missing),
            _ => return broken(AuditFault::Changed),
        }
        let chain = self.keyring.chain(&self.last.chain, &row.text);
        if chain != row.chain {
            return broken(AuditFault::Changed);
        }
        if record(number, &row.text).is_none_or(|record| record.columns() != row.columns) {
            return broken(AuditFault::Columns);
        }
        if number == self.anchor.number && chain != self.anchor.chain {
            return broken(AuditFault::Anchor);
        }
        self.last = AuditHead { number, chain };
        Ok(())
    }

    /// Holds the end of the chain against the stored head and the anchor.
    pub(super) fn end(&self, stored: Option<StoredHead>) -> Result<(), AuditBreak> {
        let number = self.last.number;
        if self.anchor.number > number {
            return Err(AuditBreak { number: self.anchor.number, fault: AuditFault::Anchor });
        }
        match stored.and_then(|stored| stored.proven(self.keyring)) {
            Some(head) if head == self.last => Ok(()),
            Some(head) if head.number > number => {
                Err(AuditBreak { number: number.saturating_add(1), fault: AuditFault::Missing })
            }
            _ => Err(AuditBreak { number, fault: AuditFault::Head }),
        }
    }

    pub(super) fn report(self, broken: Option<AuditBreak>) -> AuditReport {
        AuditReport { head: self.last, broken }
    }
}

/// Verifies all rows, as they are at one moment.
pub(in crate::ledger) async fn verify(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    anchor: &AuditHead,
) -> Result<AuditReport, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let stored = stored(&mut snapshot).await?;
    let mut checker = Checker::new(keyring, anchor);
    let mut rows =
        sqlx::query_as("SELECT number, at, outcome, reason, subject, customer, text, chain FROM audit ORDER BY number")
            .fetch(&mut *snapshot);
    while let Some(row) = rows.try_next().await? {
        let (number, at, outcome, reason, subject, customer, text, chain) = row;
        let row = StoredRow { number, columns: (at, outcome, reason, subject, customer), text, chain };
        if let Err(broken) = checker.row(&row) {
            return Ok(checker.report(Some(broken)));
        }
    }
    let broken = checker.end(stored).err();
    Ok(checker.report(broken))
}
