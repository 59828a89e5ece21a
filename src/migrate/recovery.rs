//! Recovery after a crash: looks up unfinished entries at the target, and completes them or gives them up.

use super::context::Records;
use super::login::Migrator;
use super::write_back::Known;
use crate::ports::{
    Abandon, AccountLookup, AccountState, Call, Decision, DecisionOutcome, DecisionReason, Deletion, Entry, EntryState,
    Event, EventKind, ExternalId, Finish, Finished, Found, Left, LegacyKey, Operation, PortError, Support, Target,
    TargetId, UndoEnd,
};

/// The request id of recovery in the audit.
const REQUEST: &str = "recovery";

/// How many entries are processed per page.
const PAGE: usize = 100;

/// An account whose creator was interrupted before updating the ledger.
pub(super) struct Recovered<'a> {
    pub key: &'a LegacyKey,
    /// The token of the claim: of several processes that recover, one ends it.
    pub token: u64,
    pub external_id: &'a ExternalId,
    pub rules: &'a str,
    pub verified_at: Option<jiff::Timestamp>,
    pub account: &'a TargetId,
    pub state: AccountState,
    /// What is known of the customer, if it is a login that recovers.
    pub known: Option<&'a Known<'a>>,
}

impl Migrator {
    /// Settles all entries whose lease has expired; returns how many there were. Call it at startup and periodically.
    /// Customers who return earlier are served anyway.
    ///
    /// # Errors
    /// The first error of the ledger or the target; entries settled before it stay settled.
    pub async fn recover(&self) -> Result<usize, PortError> {
        Recovery { target: &*self.cx.accounts.target, records: &self.cx.records }.run().await
    }
}

/// What recovery works with.
struct Recovery<'m> {
    target: &'m dyn Target,
    records: &'m Records,
}

impl Recovery<'_> {
    async fn run(&self) -> Result<usize, PortError> {
        let mut settled = 0;
        loop {
            let entries = self.records.ledger.unfinished(self.records.now(), self.records.lease, PAGE).await?;
            for entry in &entries {
                self.settle(entry).await?;
                settled += 1;
            }
            if entries.len() < PAGE {
                return Ok(settled);
            }
        }
    }

    async fn settle(&self, entry: &Entry) -> Result<(), PortError> {
        // Ordered with all writes: a write that has begun completes before this is answered, and a write that has not
        // begun finds the claim expired.
        let found = self.target.find_created(Call::outside_login(REQUEST), &entry.external_id).await?;
        match (entry.state, found) {
            (EntryState::Buried, found) => self.settle_buried(entry, found).await,
            (EntryState::Undoing, found) => self.settle_undo(entry, found).await,
            (_, Some(found)) => self.settle_created(entry, &found).await,
            (_, None) => {
                let (key, token) = (entry.key.clone(), entry.token);
                self.records.ledger.abandon(&Abandon { key, token, left: Left::Nothing }).await
            }
        }
    }

    async fn settle_created(&self, entry: &Entry, found: &Found) -> Result<(), PortError> {
        // A target that does not find accounts by login may not say whether the account has a password. If nobody has
        // presented one, or if the account was there before the claim and nothing shows that the password reached it (an
        // identity provider that asked may never have got its answer), the account is pending: its customer's next login
        // completes it, whatever the target has.
        let capabilities = self.target.capabilities();
        let was_pending = entry.account.is_some() && capabilities.states == Support::No;
        let is_unclear =
            capabilities.lookup == AccountLookup::ExternalId && (entry.verified_at.is_none() || was_pending);
        let state = if is_unclear { AccountState::Pending } else { found.state };
        let finish = self.records.recovered(&Recovered {
            key: &entry.key,
            token: entry.token,
            external_id: &entry.external_id,
            rules: &entry.rules,
            verified_at: entry.verified_at,
            account: &found.id,
            state,
            known: None,
        });
        // Another process may have recovered it first.
        self.records.ledger.finish(&finish).await.map(|_: Finished| ())
    }

    /// A creation that was in progress when its customer was deleted must not bring the customer back.
    async fn settle_buried(&self, entry: &Entry, found: Option<Found>) -> Result<(), PortError> {
        if let Some(found) = found {
            self.target.delete(Call::outside_login(REQUEST), &found.id, Deletion::ForGood).await?;
        }
        self.records.ledger.settle_buried(&entry.key).await
    }

    /// An interrupted undo has happened if the account is gone; otherwise it has not.
    async fn settle_undo(&self, entry: &Entry, found: Option<Found>) -> Result<(), PortError> {
        let (key, token) = (entry.key.clone(), entry.token);
        let exists = found.is_some_and(|found| entry.account.as_ref() == Some(&found.id));
        let end = if exists {
            UndoEnd::Keep { key, token }
        } else {
            let account = entry.account.clone().map(|id| (id, Some(entry.external_id.clone())));
            let decision = self.records.settled(DecisionOutcome::UndoSettled, &entry.key, account, &entry.rules);
            UndoEnd::Forget { key, token, decision: Box::new(decision) }
        };
        self.records.ledger.end_undo(&end).await.map(|_: Finished| ())
    }
}

impl Records {
    /// The ledger's record of a recovered account.
    pub(super) fn recovered(&self, recovered: &Recovered<'_>) -> Finish {
        let account = Some((recovered.account.clone(), Some(recovered.external_id.clone())));
        let decision = self.settled(DecisionOutcome::Recovered, recovered.key, account, recovered.rules);
        let is_migrated = recovered.verified_at.is_some() && recovered.state != AccountState::Pending;
        let is_subscribed = is_migrated && self.events.contains(&EventKind::Migrated);
        let event = || Event {
            at: decision.at,
            kind: EventKind::Migrated,
            reason: decision.outcome.name().to_owned(),
            account: Some(recovered.account.clone()),
            request_id: decision.request_id.clone(),
            tags: Vec::new(),
            customer: None,
        };
        let write_back = is_migrated.then(|| {
            self.write_back(recovered.key, recovered.account, recovered.known, decision.at, &decision.request_id)
        });
        Finish {
            key: recovered.key.clone(),
            token: recovered.token,
            account: recovered.account.clone(),
            state: recovered.state,
            created_at: decision.at,
            tags: Vec::new(),
            events: is_subscribed.then(event).into_iter().chain(write_back.flatten()).collect(),
            decision,
        }
    }

    fn settled(
        &self,
        outcome: DecisionOutcome,
        key: &LegacyKey,
        account: Option<(TargetId, Option<ExternalId>)>,
        rules: &str,
    ) -> Decision {
        Decision {
            at: self.now(),
            request_id: REQUEST.to_owned(),
            operation: Operation::Operator,
            outcome,
            reason: DecisionReason::None,
            subject: String::new(),
            customer: Some(self.keyring.customer(key)),
            account,
            source: Some(key.source.clone()),
            rules: Some(rules.to_owned()),
            micros: 0,
            count: 1,
            settled: Vec::new(),
        }
    }
}
