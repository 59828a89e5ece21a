//! What operators do with accounts, outside any login.

use std::fmt;
use std::sync::Arc;

use super::decision::{Decision, Door};
use super::keyring::Keyring;
use super::port::PortError;
use super::ports::{Clock, Ledger, LegacyKey, Target, TargetId};

/// Deletes and undoes, and tells the books.
#[derive(Clone)]
pub struct Desk {
    /// Where accounts are stored.
    pub target: Arc<dyn Target>,
    /// What keeps the books.
    pub ledger: Arc<dyn Ledger>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// How customers are named in the books.
    pub keyring: Arc<Keyring>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("target", &self.target.name()).finish_non_exhaustive()
    }
}

impl Desk {
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
        let deleted = self.target.delete(id, None).await?;
        self.note(request_id, "deleted", account.legacy.as_ref(), deleted.clone()).await?;
        Ok(deleted)
    }

    /// Undoes a migration: deletes the account when nobody changed it since it was made, and lets the customer migrate anew.
    /// The id when it was undone.
    ///
    /// # Errors
    /// The target's and the ledger's.
    pub async fn undo(&self, request_id: &str, id: &TargetId) -> Result<Option<TargetId>, PortError> {
        let Some(account) = self.target.read(id).await? else { return Ok(None) };
        let Some(key) = account.legacy else { return Ok(None) };
        let Some(deleted) = self.target.delete(id, Some(account.created_at)).await? else { return Ok(None) };
        self.ledger.forget(&key).await?;
        self.note(request_id, "undone", Some(&key), Some(deleted.clone())).await?;
        Ok(Some(deleted))
    }

    async fn note(
        &self,
        request_id: &str,
        outcome: &'static str,
        key: Option<&LegacyKey>,
        account: Option<TargetId>,
    ) -> Result<(), PortError> {
        let decision = Decision {
            at: self.clock.now(),
            request_id: request_id.to_owned(),
            door: Door::Operator,
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
        };
        self.ledger.decide(&decision, &[]).await
    }
}
