//! The other operations: the sign-up guard, forgot password, and what account managers do.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout_at;
use zeroize::Zeroizing;

use super::addressee::{Addressee, addressee, is_address};
use super::admin::AccountAdmin;
use super::create::Newcomer;
use super::decision::{Decision, Operation};
use super::event::{Event, EventKind};
use super::login::Migrator;
use super::outcome::{Outcome, Refusal};
use super::port::{PortError, PortErrorKind};
use super::ports::{AccountState, Coverage, StoredAccount, TargetId};
use super::visit::{Admission, Ending, Flow, RETRY_AFTER, Recorded, Visit, presentable};
use crate::model::Password;

/// Whether an identifier may be given to a new customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignupAnswer {
    /// Nobody has it.
    Free,
    /// An account or a legacy customer has it, or nobody can have it.
    Reserved,
    /// It cannot be told now. Not to be taken for free.
    Unknown(Duration),
}

/// The answer to "forgot password": the same whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetAnswer {
    /// If there is such a customer, a notice goes to the address of the stored account.
    Accepted,
    /// It cannot be done now.
    Unavailable(Duration),
}

impl Migrator {
    /// Whether an identifier is free for a new customer: neither the target nor the legacy system knows it.
    pub async fn signup_check(&self, request_id: &str, identifier: &str, network: Option<IpAddr>) -> SignupAnswer {
        let mut visit = Visit::begin(self, Operation::SignupCheck, request_id.to_owned());
        let answer = visit.is_reserved(identifier, network).await;
        let (answer, outcome) = match answer {
            Ok(()) => (SignupAnswer::Reserved, "reserved"),
            Err(ending) => match ending.outcome {
                Outcome::Refused(Refusal::Unknown) => (SignupAnswer::Free, "free"),
                Outcome::Refused(Refusal::Malformed) => (SignupAnswer::Reserved, "malformed"),
                outcome => (SignupAnswer::Unknown(RETRY_AFTER), outcome.name()),
            },
        };
        match visit.keep(outcome, None, &[]).await {
            Ok(()) => answer,
            Err(_) => SignupAnswer::Unknown(RETRY_AFTER),
        }
    }

    /// A customer has forgotten the password. Somebody who is not migrated yet gets at most an account without password
    /// that is not verified; the event names the account, so that the notice goes to its stored address and to no other.
    pub async fn forgot_password(&self, request_id: &str, identifier: &str, network: Option<IpAddr>) -> ResetAnswer {
        let mut visit = Visit::begin(self, Operation::PasswordReset, request_id.to_owned());
        let asked = visit.reset(identifier, network).await;
        let (outcome, account, recorded) = match asked {
            Ok((account, recorded)) => ("accepted", Some(account), recorded),
            Err(ending) => (ending.outcome.name(), None, Recorded::No),
        };
        let is_temporary = matches!(outcome, "legacy_unavailable" | "target_unavailable" | "overloaded");
        let events: &[EventKind] = if account.is_some() { &[EventKind::PasswordReset] } else { &[] };
        let is_kept = recorded == Recorded::Yes || visit.keep(outcome, account, events).await.is_ok();
        if !is_kept || is_temporary {
            return ResetAnswer::Unavailable(RETRY_AFTER);
        }
        visit.counting.settle();
        match visit.wait(Ending::refused(Refusal::Pending)).await.outcome {
            Outcome::Overloaded => ResetAnswer::Unavailable(RETRY_AFTER),
            _ => ResetAnswer::Accepted,
        }
    }

    /// One account, for callers that manage accounts.
    ///
    /// # Errors
    /// The target's.
    pub async fn account(&self, id: &TargetId) -> Result<Option<StoredAccount>, PortError> {
        self.parts.target.read(id).await
    }

    /// Sets a password, for callers that have asked the customer for it in their own way; a pending account becomes active.
    /// The id when there is such an account.
    ///
    /// # Errors
    /// The target's and the ledger's; [`PortErrorKind::Unsupported`] for a password that cannot be one.
    pub async fn set_password(
        &self,
        request_id: &str,
        id: &TargetId,
        password: Zeroizing<Vec<u8>>,
    ) -> Result<Option<TargetId>, PortError> {
        let password = presentable(&password).ok_or_else(|| {
            PortError::new(PortErrorKind::Unsupported, "login", "set_password").because("it is no password")
        })?;
        if self.foreign.load(Ordering::Acquire) {
            return Err(PortError::new(PortErrorKind::Unavailable, "login", "set_password"));
        }
        let mut visit = Visit::begin(self, Operation::PasswordSet, request_id.to_owned());
        let Some(account) = self.parts.target.read(id).await? else {
            visit.keep("unknown", None, &[]).await?;
            return Ok(None);
        };
        let set = self.parts.target.set_password(id, &password, self.parts.clock.now(), visit.deadline).await?;
        let outcome = if set.is_some() { "set" } else { "unknown" };
        if set.is_some() {
            visit.clears(&account);
        }
        visit.keep(outcome, set.clone(), &[]).await?;
        Ok(set)
    }

    /// What operators do with accounts.
    #[must_use]
    pub fn admin(&self) -> AccountAdmin {
        let parts = &self.parts;
        AccountAdmin {
            target: Arc::clone(&parts.target),
            ledger: Arc::clone(&parts.ledger),
            clock: Arc::clone(&parts.clock),
            keyring: Arc::clone(&parts.keyring),
            lease: self.settings.lease,
        }
    }
}

impl Visit<'_> {
    /// Whether somebody has the identifier; nobody is [`Refusal::Unknown`].
    async fn is_reserved(&mut self, identifier: &str, network: Option<IpAddr>) -> Flow<()> {
        let admission = self.without_password(identifier, network)?;
        self.reserve_network(network).await?;
        if self.look(&admission).await?.is_some() {
            return Ok(());
        }
        self.asked();
        let (source, deadline) = (&self.migrator.parts.source, self.deadline);
        let fetched = timeout_at(deadline, source.fetch(&admission.identifier, deadline)).await;
        match fetched.unwrap_or_else(|_| Err(PortError::new(PortErrorKind::Unavailable, source.name(), "fetch"))) {
            Ok(Some(_)) => Ok(()),
            // It may be the identifier of a customer whose record cannot be read.
            Ok(None) if source.coverage() == Coverage::Partial => Err(Ending::of(Outcome::LegacyUnavailable)),
            Ok(None) => Err(Ending::refused(Refusal::Unknown)),
            // Somebody has a record there, however it looks: the identifier is not free.
            Err(error) if error.is_about_one_record() => {
                self.tell(&error);
                Ok(())
            }
            Err(error) => Err(self.legacy_failed(&error)),
        }
    }

    /// The account that the notice is about, and whether making it has been recorded as this request's decision.
    async fn reset(&mut self, identifier: &str, network: Option<IpAddr>) -> Flow<(TargetId, Recorded)> {
        let admission = self.without_password(identifier, network)?;
        self.look_at_resets(network).await?;
        if let Some(found) = self.look(&admission).await? {
            self.reserve_reset(Some(found.customer())).await?;
            return match found.state {
                AccountState::Disabled => Err(Ending::refused(Refusal::Disabled)),
                AccountState::Active | AccountState::Pending => {
                    self.named(&admission, found.id).await.map(|id| (id, Recorded::No))
                }
            };
        }
        let deadline = self.deadline;
        let fetched = timeout_at(deadline, self.fetch(&admission)).await;
        let fetched = fetched.unwrap_or_else(|_| Err(Ending::of(Outcome::LegacyUnavailable)));
        if fetched.as_ref().err().is_none_or(|ending| !ending.outcome.is_temporary()) {
            self.reserve_reset(fetched.as_ref().ok().map(|(who, ..)| who.external_id.0.as_str())).await?;
        }
        let (mut who, record, fetched_at) = fetched?;
        let mut draft = self.map(&admission, &who, &record)?;
        self.reaches(&admission, &draft.claims)?;
        self.keep_own_logins(&admission, &mut who).await?;
        draft.unverify();
        let newcomer = Newcomer { who, record, draft, fetched_at, verified_at: None };
        let Ending { account, recorded, .. } = self.create(&admission, &newcomer).await?;
        account.map(|(id, _)| (id, recorded)).ok_or_else(|| Ending::refused(Refusal::Deleted))
    }

    /// The account of a notice. It has the login that was typed; whether an address is its own, its claims say.
    async fn named(&self, admission: &Admission, id: TargetId) -> Flow<TargetId> {
        if !is_address(&admission.identifier) {
            return Ok(id);
        }
        let account = self.migrator.parts.target.read(&id).await.map_err(|error| self.target_failed(&error))?;
        // One that is gone by now is nobody's.
        self.reaches(admission, &account.map(|account| account.claims).unwrap_or_default())?;
        Ok(id)
    }

    /// Refuses to name the account of these claims when an address was typed that is not its own.
    fn reaches(&self, admission: &Admission, claims: &str) -> Flow<()> {
        match addressee(&admission.identifier, claims, &self.migrator.settings.identifiers) {
            Addressee::Account => Ok(()),
            Addressee::Nobody => Err(Ending::of(Outcome::Conflict)),
        }
    }

    fn without_password(&mut self, identifier: &str, network: Option<IpAddr>) -> Flow<Admission> {
        let identifier = self.identify(identifier)?;
        // Nothing is verified here; ports that take a password get none.
        let password = Password::new(Vec::new()).map(Arc::new).map_err(|_| Ending::refused(Refusal::Malformed))?;
        Ok(Admission { identifier, password, network })
    }

    /// Puts what a operation did into the ledger.
    async fn keep(
        &self,
        outcome: &'static str,
        account: Option<TargetId>,
        events: &[EventKind],
    ) -> Result<(), PortError> {
        let decision = Decision {
            settled: self.settled_at_operation(outcome),
            ..self.note(outcome, "", account.clone().map(|id| (id, None)))
        };
        let events: Vec<Event> =
            events.iter().filter_map(|kind| self.event(*kind, outcome, account.as_ref())).collect();
        self.migrator.parts.ledger.decide(&decision, &events).await
    }
}
