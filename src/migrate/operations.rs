//! The other operations: sign-up check, forgot password, and account management.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout_at;
use zeroize::Zeroizing;

use super::addressee::{Addressee, addressee, is_address};
use super::admin::AccountAdmin;
use super::admission::{Admission, acceptable_password};
use super::close::RETRY_AFTER;
use super::context::Store;
use super::create::Newcomer;
use super::ending::{Ending, Flow, Recorded};
use super::known_account::KnownAccount;
use super::login::Migrator;
use super::outcome::{Outcome, Refusal};
use super::visit::Visit;
use crate::model::Password;
use crate::ports::{
    AccountLookup, AccountState, Call, Coverage, Decision, DecisionOutcome, DecisionReason, Event, EventKind,
    Identifier, Operation, PortError, PortErrorKind, StoredAccount, TargetId,
};

/// Whether a new customer may take an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignupAnswer {
    /// The identifier is free.
    Free,
    /// An account or a legacy customer has it, or it is not a valid identifier.
    Reserved,
    /// Temporarily unknown. Must not be treated as free.
    Unknown(Duration),
}

/// The answer to an identity provider that wants an account without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvisionAnswer {
    /// The account exists now, if there is such a customer.
    Done(Option<TargetId>),
    /// Temporarily unavailable.
    Unavailable(Duration),
}

/// The answer to "forgot password", which is the same for every identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetAnswer {
    /// If the customer exists, a notice goes to the address of the stored account.
    Accepted,
    /// Temporarily unavailable.
    Unavailable(Duration),
}

impl Migrator {
    /// Whether an identifier is free for a new customer: neither the target nor the legacy system has it.
    pub async fn signup_check(&self, request_id: &str, identifier: &str, network: Option<IpAddr>) -> SignupAnswer {
        let mut visit = Visit::begin(&self.cx, Operation::SignupCheck, request_id.to_owned());
        let answer = visit.is_reserved(identifier, network).await;
        let (answer, outcome) = match answer {
            Ok(()) => (SignupAnswer::Reserved, DecisionOutcome::Reserved),
            Err(ending) => match ending.outcome {
                Outcome::Refused(Refusal::Unknown) => (SignupAnswer::Free, DecisionOutcome::Free),
                Outcome::Refused(Refusal::Malformed) => (SignupAnswer::Reserved, DecisionOutcome::Malformed),
                outcome => (SignupAnswer::Unknown(RETRY_AFTER), outcome.decided()),
            },
        };
        match visit.record_decision(outcome, None, Vec::new()).await {
            Ok(()) => answer,
            Err(_) => SignupAnswer::Unknown(RETRY_AFTER),
        }
    }

    /// Handles a forgotten password. A customer who is not migrated yet gets at most a pending account with unverified
    /// claims. The event names the account, so that the notice goes to its stored address and no other.
    pub async fn forgot_password(
        &self,
        request_id: &str,
        identifier: &str,
        network: Option<IpAddr>,
        tenant: Option<String>,
    ) -> ResetAnswer {
        let mut visit = Visit::begin(&self.cx, Operation::PasswordReset, request_id.to_owned());
        visit.turn_to_tenant(tenant);
        if let Err(after) = visit.pending_account(identifier, network).await {
            return ResetAnswer::Unavailable(after);
        }
        visit.counting.settle();
        match visit.delay_refusal(Ending::refused(Refusal::Pending)).await.outcome {
            Outcome::Overloaded => ResetAnswer::Unavailable(RETRY_AFTER),
            _ => ResetAnswer::Accepted,
        }
    }

    /// Creates the account of a customer without a password, for an identity provider that needs it before it asks for the
    /// verdict on one. A pending account with unverified claims, as for a forgotten password, and nobody is notified.
    pub async fn provision(
        &self,
        request_id: &str,
        identifier: &str,
        network: Option<IpAddr>,
        tenant: Option<String>,
    ) -> ProvisionAnswer {
        let mut visit = Visit::begin(&self.cx, Operation::Provision, request_id.to_owned());
        visit.turn_to_tenant(tenant);
        match visit.pending_account(identifier, network).await {
            Ok(account) => ProvisionAnswer::Done(account),
            Err(after) => ProvisionAnswer::Unavailable(after),
        }
    }

    /// Reads one account, for callers that manage accounts.
    ///
    /// # Errors
    /// Any error of the target.
    pub async fn account(&self, request_id: &str, id: &TargetId) -> Result<Option<StoredAccount>, PortError> {
        self.cx.accounts.target.read(Call::outside_login(request_id), id).await
    }

    /// Sets a password on behalf of a caller that obtained it from the customer; a pending account becomes active.
    /// Returns the id if the account exists.
    ///
    /// # Errors
    /// Any error of the target or the ledger; [`PortErrorKind::PasswordRefused`] if the password is invalid or the target's policy
    /// refuses it.
    pub async fn set_password(
        &self,
        request_id: &str,
        id: &TargetId,
        password: Zeroizing<Vec<u8>>,
    ) -> Result<Option<TargetId>, PortError> {
        let password = acceptable_password(&password).ok_or_else(|| {
            PortError::new(PortErrorKind::PasswordRefused, "login", "set_password")
                .because("the password is empty, too long, or contains a NUL byte")
        })?;
        let (mut visit, account) = self.password_of("set_password", request_id, id).await?;
        let Some(account) = account else { return Ok(None) };
        let set = self.cx.accounts.target.set_password(visit.call(), id, &password, self.cx.records.now()).await?;
        match &set {
            Some(_) => visit.record_password(&account, id).await?,
            None => visit.record_decision(DecisionOutcome::Unknown, None, Vec::new()).await?,
        }
        Ok(set)
    }

    /// Notes that an account has got a password at the target without Landfall, as after a forgotten one: a pending account
    /// becomes active, and the legacy password is worth nothing from now on. Returns whether the account is known.
    ///
    /// # Errors
    /// Any error of the target or the ledger.
    pub async fn password_was_set(&self, request_id: &str, id: &TargetId) -> Result<bool, PortError> {
        let (mut visit, account) = self.password_of("password_was_set", request_id, id).await?;
        let Some(account) = account else { return Ok(false) };
        visit.record_password(&account, id).await.map(|()| true)
    }

    /// The account whose password is set, and the visit for it. If there is none, the decision has been recorded.
    async fn password_of(
        &self,
        operation: &'static str,
        request_id: &str,
        id: &TargetId,
    ) -> Result<(Visit<'_>, Option<KnownAccount>), PortError> {
        if self.cx.accounts.store() == Store::Wrong {
            return Err(PortError::new(PortErrorKind::Unavailable, "login", operation));
        }
        let visit = Visit::begin(&self.cx, Operation::PasswordSet, request_id.to_owned());
        let (target, records) = (&*self.cx.accounts.target, &self.cx.records);
        let known = KnownAccount::find(target, &*records.ledger, &records.keyring, visit.call(), id).await?;
        let account = known.filter(|account| !account.is_buried);
        if account.is_none() {
            visit.record_decision(DecisionOutcome::Unknown, None, Vec::new()).await?;
        }
        Ok((visit, account))
    }

    /// The account operations for operators.
    #[must_use]
    pub fn admin(&self) -> AccountAdmin {
        let (accounts, records) = (&self.cx.accounts, &self.cx.records);
        AccountAdmin {
            target: Arc::clone(&accounts.target),
            ledger: Arc::clone(&records.ledger),
            clock: Arc::clone(&records.clock),
            keyring: Arc::clone(&records.keyring),
            lease: records.lease,
        }
    }
}

impl Visit<'_> {
    /// Whether the identifier is taken; a free one ends as [`Refusal::Unknown`].
    async fn is_reserved(&mut self, identifier: &str, network: Option<IpAddr>) -> Flow<()> {
        let admission = self.without_password(identifier, network)?;
        self.reserve_network(network).await?;
        if self.find_account(&admission).await?.is_some() {
            return Ok(());
        }
        for system in self.cx.systems.of(&admission.identifier) {
            self.turn_to(system);
            match self.is_known_to_system(&admission.identifier).await {
                Err(ending) if ending.is_unknown() => {}
                known => return known,
            }
        }
        Err(Ending::refused(Refusal::Unknown))
    }

    /// Whether the legacy system knows an identifier.
    async fn is_known_to_system(&mut self, identifier: &Identifier) -> Flow<()> {
        self.note_source_query();
        let source = self.legacy.source.without_parts().unwrap_or(&*self.legacy.source);
        let fetched = timeout_at(self.deadline, source.fetch(self.call(), identifier)).await;
        match fetched.unwrap_or_else(|_| Err(PortError::new(PortErrorKind::Unavailable, source.name(), "fetch"))) {
            Ok(Some(_)) => Ok(()),
            // It may belong to a customer whose record cannot be read.
            Ok(None) if source.coverage() == Coverage::Partial => Err(Ending::of(Outcome::LegacyUnavailable)),
            Ok(None) => Err(Ending::refused(Refusal::Unknown)),
            // The source has a record, even if it is invalid, so the identifier is not free.
            Err(error) if error.is_about_one_record() => {
                self.report(&error);
                Ok(())
            }
            Err(error) => Err(self.legacy_failed(&error)),
        }
    }

    /// The account of a customer, which is pending if there was none; `None` if there is no such customer. The decision has been
    /// recorded.
    ///
    /// # Errors
    /// When to try again, if it is temporarily unavailable.
    async fn pending_account(
        &mut self,
        identifier: &str,
        network: Option<IpAddr>,
    ) -> Result<Option<TargetId>, Duration> {
        let (outcome, account, recorded) = match self.reset(identifier, network).await {
            Ok((account, recorded)) => (DecisionOutcome::Accepted, Some(account), recorded),
            Err(ending) => (ending.outcome.decided(), None, Recorded::No),
        };
        let events = account.as_ref().and_then(|id| self.notice(id)).into_iter().collect();
        let is_recorded =
            recorded == Recorded::Yes || self.record_decision(outcome, account.clone(), events).await.is_ok();
        if is_recorded && !outcome.is_temporary() { Ok(account) } else { Err(RETRY_AFTER) }
    }

    /// The event by which a customer is notified of a forgotten password; other operations notify nobody.
    pub(super) fn notice(&self, id: &TargetId) -> Option<Event> {
        let is_reset = self.operation == Operation::PasswordReset;
        is_reset.then(|| self.event(EventKind::PasswordReset, DecisionOutcome::Accepted.name(), Some(id))).flatten()
    }

    /// The account for the notice, and whether its creation was recorded as this request's decision.
    async fn reset(&mut self, identifier: &str, network: Option<IpAddr>) -> Flow<(TargetId, Recorded)> {
        let admission = self.without_password(identifier, network)?;
        self.check_resets(network).await?;
        if let Some(found) = self.find_account(&admission).await? {
            self.reserve_reset(Some(found.customer())).await?;
            return match found.state {
                AccountState::Disabled => Err(Ending::refused(Refusal::Disabled)),
                AccountState::Active | AccountState::Pending => {
                    self.addressable(&admission, found.id).await.map(|id| (id, Recorded::No))
                }
            };
        }
        let deadline = self.deadline;
        let fetched = timeout_at(deadline, self.fetch(&admission)).await;
        let fetched = fetched.unwrap_or_else(|_| Err(Ending::of(Outcome::LegacyUnavailable)));
        if fetched.as_ref().err().is_none_or(|ending| !ending.outcome.is_temporary()) {
            self.reserve_reset(fetched.as_ref().ok().map(|(identity, ..)| identity.external_id.0.as_str())).await?;
        }
        let (mut identity, record, fetched_at) = fetched?;
        let mut draft = self.map(&admission, &identity, &record)?;
        self.check_addressee(&admission, &draft.claims)?;
        self.keep_own_logins(&admission, &mut identity).await?;
        draft.unverify();
        let newcomer = Newcomer { identity, record, draft, fetched_at, verified_at: None };
        let Ending { account, recorded, .. } = self.create(&admission, &newcomer).await?;
        account.map(|(id, _)| (id, recorded)).ok_or_else(|| Ending::refused(Refusal::Deleted))
    }

    /// The account for the notice. It owns the typed login; its claims determine whether a typed address is its own.
    async fn addressable(&self, admission: &Admission, id: TargetId) -> Flow<TargetId> {
        // Without the claims of an account, a login that the ledger keeps counts as its own.
        if !is_address(&admission.identifier) || self.cx.accounts.lookup() == AccountLookup::ExternalId {
            return Ok(id);
        }
        let account =
            self.cx.accounts.target.read(self.call(), &id).await.map_err(|error| self.target_failed(&error))?;
        // The account has been deleted meanwhile.
        self.check_addressee(admission, &account.map(|account| account.claims).unwrap_or_default())?;
        Ok(id)
    }

    /// Refuses to name the account with these claims if an address was typed that is not its own.
    fn check_addressee(&self, admission: &Admission, claims: &str) -> Flow<()> {
        match addressee(&admission.identifier, claims, &self.cx.identifiers) {
            Addressee::Account => Ok(()),
            Addressee::Nobody => Err(Ending::of(Outcome::Conflict)),
        }
    }

    fn without_password(&mut self, identifier: &str, network: Option<IpAddr>) -> Flow<Admission> {
        let identifier = self.identify(identifier)?;
        // Nothing is verified here, so ports that take a password get an empty one.
        let password = Password::new(Vec::new()).map(Arc::new).map_err(|_| Ending::refused(Refusal::Malformed))?;
        Ok(Admission { identifier, password, network })
    }

    /// Records that an account has got a password of its own.
    async fn record_password(&mut self, account: &KnownAccount, id: &TargetId) -> Result<(), PortError> {
        self.note_password_set(account.legacy.as_ref(), id);
        let told = account.legacy.as_ref().filter(|_| account.state == AccountState::Pending).and_then(|key| {
            // from now on the legacy password is worth nothing, as after a migration
            self.cx.records.write_back(key, id, None, self.cx.records.now(), &self.request_id)
        });
        self.record_decision(DecisionOutcome::Set, Some(id.clone()), told.into_iter().collect()).await
    }

    /// Records the decision of an operation in the ledger.
    async fn record_decision(
        &self,
        outcome: DecisionOutcome,
        account: Option<TargetId>,
        events: Vec<Event>,
    ) -> Result<(), PortError> {
        let decision = Decision {
            settled: self.settled_at_operation(outcome),
            ..self.new_decision(outcome, DecisionReason::None, account.map(|id| (id, None)))
        };
        self.cx.records.ledger.decide(&decision, &events).await
    }
}
