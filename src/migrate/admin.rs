//! What operators do with accounts, outside any login.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::decision::{Decision, Operation};
use super::keyring::Keyring;
use super::port::PortError;
use super::ports::{Clock, Deleted, Deletion, Ledger, LegacyKey, Target, TargetId};
use super::reversal::{Restore, Undo, UndoAnswer, UndoEnd};

/// Deletes, restores and undoes, and tells the ledger.
#[derive(Clone)]
pub struct AccountAdmin {
    /// Where accounts are stored.
    pub target: Arc<dyn Target>,
    /// What keeps the ledger.
    pub ledger: Arc<dyn Ledger>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// How customers are named in the ledger.
    pub keyring: Arc<Keyring>,
    /// How long an undo holds its customer when it is cut off; the same as a claim of a login.
    pub lease: Duration,
}

impl fmt::Debug for AccountAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountAdmin").field("target", &self.target.name()).finish_non_exhaustive()
    }
}

/// What came of an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// The account is deleted, and its customer migrates anew.
    Deleted,
    /// The account was not there any more; its customer migrates anew.
    Missing,
    /// Somebody has changed the account, so it stays.
    Changed,
    /// The customer is no longer migrated to this account, or somebody else is at work on it.
    Busy,
}

/// What came of lifting a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// The customer migrates anew at the next login.
    Forgotten,
    /// The deletion had been cut off: the customer has this account again.
    Kept(TargetId),
}

impl AccountAdmin {
    /// Deletes an account for good: its customer does not migrate again. The id when there was such an account.
    ///
    /// # Errors
    /// The target's and the ledger's.
    pub async fn delete(&self, request_id: &str, id: &TargetId) -> Result<Option<TargetId>, PortError> {
        let Some(account) = self.target.read(id).await? else { return Ok(None) };
        if let Some(key) = &account.legacy {
            let logins: Vec<String> = account.logins.iter().map(|login| self.keyring.subject(login)).collect();
            // Buried first: a crash between the two leaves an account that can be deleted again, never one that comes back.
            self.ledger.bury(key, &logins, self.clock.now()).await?;
        }
        // One that is gone by now was deleted by a login that found its customer buried.
        self.target.delete(id, Deletion::ForGood).await?;
        let decision = self.decision(request_id, "deleted", account.legacy.as_ref(), Some(id.clone()));
        self.ledger.decide(&decision, &[]).await?;
        Ok(Some(id.clone()))
    }

    /// Lifts the tombstones of the customer who is buried under a login; `subject` is its keyed digest. None when nobody is.
    ///
    /// # Errors
    /// The target's and the ledger's.
    pub async fn restore(&self, request_id: &str, subject: &str) -> Result<Option<Restored>, PortError> {
        let Some(buried) = self.ledger.buried(subject).await? else { return Ok(None) };
        let external = self.keyring.external_id(&buried.key);
        self.target.reopen(&external).await?;
        let account = self.target.find_created(&external).await?.map(|found| found.id);
        let decision = self.decision(request_id, "restored", Some(&buried.key), account.clone());
        self.ledger.restore(&Restore { key: buried.key, account: account.clone(), decision }).await?;
        Ok(Some(account.map_or(Restored::Forgotten, Restored::Kept)))
    }

    /// Undoes a migration: deletes the account when nobody has changed it since it was made, and lets the customer migrate
    /// anew. Cut off at any point, it is settled by recovery: as done when the account is gone, and otherwise as never begun.
    ///
    /// # Errors
    /// The target's and the ledger's.
    pub async fn undo(&self, request_id: &str, key: &LegacyKey, account: &TargetId) -> Result<Undone, PortError> {
        let until = Instant::now() + self.lease;
        let undo = Undo { key: key.clone(), account: account.clone(), at: self.clock.now(), lease: self.lease };
        let UndoAnswer::Begun(token) = self.ledger.undo(&undo).await? else { return Ok(Undone::Busy) };
        let deleted = self.target.delete(account, Deletion::Unchanged { until }).await?;
        let (undone, outcome) = match deleted {
            Deleted::Yes => (Undone::Deleted, "undone"),
            Deleted::Missing => (Undone::Missing, "forgotten"),
            Deleted::Changed => {
                self.ledger.end_undo(&UndoEnd::Keep { key: key.clone(), token }).await?;
                return Ok(Undone::Changed);
            }
        };
        let decision = Box::new(self.decision(request_id, outcome, Some(key), Some(account.clone())));
        self.ledger.end_undo(&UndoEnd::Forget { key: key.clone(), token, decision }).await?;
        Ok(undone)
    }

    fn decision(
        &self,
        request_id: &str,
        outcome: &'static str,
        key: Option<&LegacyKey>,
        account: Option<TargetId>,
    ) -> Decision {
        Decision {
            at: self.clock.now(),
            request_id: request_id.to_owned(),
            operation: Operation::Operator,
            outcome,
            reason: String::new(),
            subject: String::new(),
            customer: key.map(|key| self.keyring.customer(key)),
            account: account.map(|id| (id, None)),
            source: key.map(|key| key.source.clone()),
            rules: None,
            micros: 0,
            count: 1,
            settled: Vec::new(),
        }
    }
}
