//! Account operations for operators, outside of logins.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::known_account::KnownAccount;
use crate::ports::{
    Call, Clock, Decision, DecisionOutcome, DecisionReason, Deleted, Deletion, EntryState, Finished, Keyring, Ledger,
    LegacyKey, Operation, PortError, PortErrorKind, Restore, SinceMigration, Support, Target, TargetId, Undo,
    UndoAnswer, UndoEnd,
};

/// Deletes, restores and undoes, and records it in the ledger.
#[derive(Clone)]
pub struct AccountAdmin {
    /// Where accounts are stored.
    pub target: Arc<dyn Target>,
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Creates the pseudonyms of customers in the ledger.
    pub keyring: Arc<Keyring>,
    /// How long an interrupted undo locks its customer; the same as the claim of a login.
    pub lease: Duration,
}

impl fmt::Debug for AccountAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountAdmin").field("target", &self.target.name()).finish_non_exhaustive()
    }
}

/// The result of an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// The account was deleted; its customer will migrate again.
    Deleted,
    /// The account no longer existed; its customer will migrate again.
    Missing,
    /// The account has changed since it was created, so it stays.
    Changed,
    /// The customer is no longer migrated to this account, or another operation is in progress.
    Busy,
}

/// The result of removing a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// The customer migrates again at the next login.
    Forgotten,
    /// The deletion had been interrupted: the customer owns this account again.
    Kept(TargetId),
}

impl AccountAdmin {
    /// Deletes an account permanently: its customer does not migrate again. Returns the id if the account existed.
    ///
    /// # Errors
    /// Any error of the target or the ledger.
    pub async fn delete(&self, request_id: &str, id: &TargetId) -> Result<Option<TargetId>, PortError> {
        let call = Call::outside_login(request_id);
        let known = KnownAccount::find(&*self.target, &*self.ledger, &self.keyring, call, id).await?;
        let Some(account) = known else { return Ok(None) };
        if let Some(key) = &account.legacy {
            // Buried first: a crash between the two writes leaves an account that can be deleted again, never one that
            // returns.
            self.ledger.bury(key, &account.logins, self.clock.now()).await?;
        }
        // If it is already gone, a login found its customer buried and deleted it.
        let deleted = self.target.delete(call, id, Deletion::ForGood).await?;
        if deleted == Deleted::Missing && account.is_buried {
            return Ok(None);
        }
        let successor = match (deleted, &account.legacy) {
            (Deleted::Missing, Some(key)) => self.delete_successor(call, key).await?,
            _ => None,
        };
        let id = successor.unwrap_or_else(|| id.clone());
        let decision = self.decision(request_id, DecisionOutcome::Deleted, account.legacy.as_ref(), Some(id.clone()));
        self.ledger.decide(&decision, &[]).await?;
        Ok(Some(id))
    }

    /// Deletes the account that its customer got in place of one that is gone: between the look at that one and the burial,
    /// its migration may have been undone and the customer have migrated again. Nobody gets another one after the burial.
    async fn delete_successor(&self, call: Call<'_>, key: &LegacyKey) -> Result<Option<TargetId>, PortError> {
        let Some(found) = self.target.find_created(call, &self.keyring.external_id(key)).await? else {
            return Ok(None);
        };
        let deleted = self.target.delete(call, &found.id, Deletion::ForGood).await?;
        Ok((deleted == Deleted::Yes).then_some(found.id))
    }

    /// Removes the tombstones of the customer buried under a login; `subject` is its keyed digest. Returns `None` if
    /// there is none.
    ///
    /// # Errors
    /// Any error of the target or the ledger.
    pub async fn restore(&self, request_id: &str, subject: &str) -> Result<Option<Restored>, PortError> {
        let Some(buried) = self.ledger.buried(subject).await? else { return Ok(None) };
        let (call, external) = (Call::outside_login(request_id), self.keyring.external_id(&buried.key));
        self.target.reopen(call, &external).await?;
        let account = self.target.find_created(call, &external).await?.map(|found| found.id);
        let decision = self.decision(request_id, DecisionOutcome::Restored, Some(&buried.key), account.clone());
        self.ledger.restore(&Restore { key: buried.key, account: account.clone(), decision }).await?;
        Ok(Some(account.map_or(Restored::Forgotten, Restored::Kept)))
    }

    /// Undoes a migration: deletes the account if it has not changed since it was created, and lets the customer
    /// migrate again. If interrupted, recovery settles it: as done if the account is gone, otherwise as never started.
    ///
    /// # Errors
    /// [`PortErrorKind::Unsupported`] if the target cannot do that; any error of the target or the ledger.
    pub async fn undo(&self, request_id: &str, key: &LegacyKey, account: &TargetId) -> Result<Undone, PortError> {
        // Asked before the customer is locked.
        if self.target.capabilities().undo == Support::No {
            return Err(PortError::new(PortErrorKind::Unsupported, self.target.name(), "delete")
                .because("it cannot tell whether an account has changed since its migration"));
        }
        let until = Instant::now() + self.lease;
        let undo = Undo { key: key.clone(), account: account.clone(), at: self.clock.now(), lease: self.lease };
        let UndoAnswer::Begun(token) = self.ledger.undo(&undo).await? else { return Ok(Undone::Busy) };
        let deleted =
            self.target.delete(Call::outside_login(request_id), account, Deletion::Unchanged { until }).await?;
        let (undone, outcome) = match deleted {
            Deleted::Yes => (Undone::Deleted, DecisionOutcome::Undone),
            Deleted::Missing => (Undone::Missing, DecisionOutcome::Forgotten),
            Deleted::Changed => {
                self.ledger.end_undo(&UndoEnd::Keep { key: key.clone(), token }).await?;
                return Ok(Undone::Changed);
            }
        };
        let decision = Box::new(self.decision(request_id, outcome, Some(key), Some(account.clone())));
        let ended = self.ledger.end_undo(&UndoEnd::Forget { key: key.clone(), token, decision }).await?;
        // Otherwise recovery has settled it as done meanwhile, or the customer was permanently deleted.
        if ended != Finished::Done
            && self.ledger.entry(key).await?.is_some_and(|entry| entry.state == EntryState::Buried)
        {
            return Ok(Undone::Busy);
        }
        Ok(undone)
    }

    /// What [`undo`](Self::undo) would do with an account, as far as nobody changes it meanwhile.
    ///
    /// # Errors
    /// Any error of the target.
    pub async fn would_undo(&self, request_id: &str, account: &TargetId) -> Result<Undone, PortError> {
        let found = self.target.read(Call::outside_login(request_id), account).await?;
        Ok(match found.map(|account| account.since_migration) {
            None => Undone::Missing,
            Some(SinceMigration::Unchanged) => Undone::Deleted,
            // a target that cannot tell deletes nothing
            Some(SinceMigration::Changed | SinceMigration::Unknown) => Undone::Changed,
        })
    }

    fn decision(
        &self,
        request_id: &str,
        outcome: DecisionOutcome,
        key: Option<&LegacyKey>,
        account: Option<TargetId>,
    ) -> Decision {
        Decision {
            at: self.clock.now(),
            request_id: request_id.to_owned(),
            operation: Operation::Operator,
            outcome,
            reason: DecisionReason::None,
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
