//! Verifies the chain from its start to its head.

use super::head::{StoredHead, StoredStart};
use super::record::{Columns, record};
use crate::ports::{AuditBreak, AuditFault, AuditHead, AuditReport, Keyring};

/// A row as stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredRow {
    pub number: i64,
    pub columns: Columns,
    pub text: String,
    pub chain: String,
}

impl StoredRow {
    /// Its time, as stored.
    pub(crate) fn at(&self) -> i64 {
        self.columns.0
    }
}

/// Verifies the chain row by row.
pub(crate) struct Checker<'a> {
    keyring: &'a Keyring,
    /// The anchors still ahead, the last one first.
    anchors: Vec<&'a AuditHead>,
    exported: Vec<AuditHead>,
    start: AuditHead,
    last: AuditHead,
}

impl<'a> Checker<'a> {
    /// A checker that begins after the start. An anchor with number 0 is part of every chain.
    pub(crate) fn new(keyring: &'a Keyring, start: AuditHead, anchors: &'a [AuditHead]) -> Self {
        let is_ahead = |anchor: &&AuditHead| anchor.number > 0 && anchor.number >= start.number;
        let mut ahead: Vec<&AuditHead> = anchors.iter().filter(is_ahead).collect();
        ahead.sort_by_key(|anchor| std::cmp::Reverse(anchor.number));
        let behind = anchors.iter().filter(|anchor| anchor.number > 0 && anchor.number < start.number);
        Self { keyring, anchors: ahead, exported: behind.cloned().collect(), last: start.clone(), start }
    }

    /// A checker for the rows of a ledger, which begin after its stored start. If the start itself is broken, the
    /// report that says so.
    pub(crate) fn after(
        keyring: &'a Keyring,
        start: Option<StoredStart>,
        anchors: &'a [AuditHead],
    ) -> Result<Self, AuditReport> {
        let head = start.as_ref().map(|start| start.head.clone()).unwrap_or_default();
        let is_intact = start.is_none_or(|start| start.verified(keyring).is_some());
        let broken = AuditBreak { number: head.number, fault: AuditFault::Start };
        let mut checker = Self::new(keyring, head, anchors);
        let begun = if is_intact { checker.begin() } else { Err(broken) };
        match begun {
            Ok(()) => Ok(checker),
            Err(broken) => Err(checker.report(Some(broken))),
        }
    }

    /// The report after the last row.
    pub(crate) fn finish(self, stored: Option<StoredHead>) -> AuditReport {
        let broken = self.end(stored).err();
        self.report(broken)
    }

    pub(crate) fn keyring(&self) -> &'a Keyring {
        self.keyring
    }

    /// The last row that was verified.
    pub(crate) fn last(&self) -> &AuditHead {
        &self.last
    }

    /// Checks the anchors at the start itself.
    pub(crate) fn begin(&mut self) -> Result<(), AuditBreak> {
        let start = self.start.clone();
        self.check_anchors(&start)
    }

    /// Checks the anchors of a row.
    fn check_anchors(&mut self, row: &AuditHead) -> Result<(), AuditBreak> {
        while let Some(anchor) = self.anchors.pop_if(|anchor| anchor.number <= row.number) {
            if anchor != row {
                return Err(AuditBreak { number: anchor.number, fault: AuditFault::Anchor });
            }
        }
        Ok(())
    }

    /// Verifies the next row.
    pub(crate) fn row(&mut self, row: &StoredRow) -> Result<(), AuditBreak> {
        let number = self.last.number.saturating_add(1);
        let broken = |fault| Err(AuditBreak { number, fault });
        match u64::try_from(row.number) {
            Ok(found) if found == number => {}
            Ok(found) if found > number => return broken(AuditFault::Missing),
            Ok(found) if found <= self.start.number => {
                return Err(AuditBreak { number: found, fault: AuditFault::Exported });
            }
            _ => return broken(AuditFault::Changed),
        }
        let chain = self.keyring.chain(&self.last.chain, &row.text);
        if chain != row.chain {
            return broken(AuditFault::Changed);
        }
        if record(number, &row.text).is_none_or(|record| record.columns() != row.columns) {
            return broken(AuditFault::Columns);
        }
        let head = AuditHead { number, chain };
        self.check_anchors(&head)?;
        self.last = head;
        Ok(())
    }

    /// Checks the end of the chain against the stored head and the remaining anchors.
    pub(crate) fn end(&self, stored: Option<StoredHead>) -> Result<(), AuditBreak> {
        let number = self.last.number;
        if let Some(anchor) = self.anchors.last() {
            return Err(AuditBreak { number: anchor.number, fault: AuditFault::Anchor });
        }
        match stored.and_then(|stored| stored.verified(self.keyring)) {
            Some(head) if head == self.last => Ok(()),
            Some(head) if head.number > number => {
                Err(AuditBreak { number: number.saturating_add(1), fault: AuditFault::Missing })
            }
            _ => Err(AuditBreak { number, fault: AuditFault::Head }),
        }
    }

    pub(crate) fn report(self, broken: Option<AuditBreak>) -> AuditReport {
        AuditReport { start: self.start, head: self.last, exported: self.exported, broken }
    }
}
