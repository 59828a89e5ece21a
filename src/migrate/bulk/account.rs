//! One account: claimed in the ledger, created at the target, and finished in the ledger.

use jiff::Timestamp;
use tokio::time::Instant;

use super::outcome::{BulkOutcome, KnownCustomer, conflicting, known, left_out, without_own_login};
use super::{Bulk, BulkEvents, BulkMode, REQUEST};
use crate::engine::outcome::Reason;
use crate::migrate::mapping::Draft;
use crate::migrate::visit::Visit;
use crate::migrate::write_back::Known as Written;
use crate::model::Password;
use crate::password::Credential;
use crate::ports::{
    Abandon, AccountLookup, AccountState, Call, Claim, ClaimAnswer, Conflict, Created, Creation, Decision,
    DecisionOutcome, DecisionReason, Deletion, EntryState, Event, EventKind, ExternalId, Finish, Finished, Grant,
    HookInput, HookPoint, Identifier, Left, LegacyKey, NewAccount, PasswordChange, PortError, PortErrorKind, Record,
    TargetId,
};

/// A customer without an account, as far as is known, and the account that the rules make.
pub(super) struct Candidate {
    pub key: LegacyKey,
    pub external_id: ExternalId,
    /// The keyed digest of the customer.
    pub customer: String,
    /// As the record spells them, each once.
    pub logins: Vec<Identifier>,
    pub credential: Option<Credential>,
    pub draft: Draft,
    pub record: Record,
    /// When the record was read.
    pub at: Timestamp,
}

/// How one attempt ended.
pub(super) enum Attempt {
    Ended(BulkOutcome, Vec<Reason>),
    /// Somebody else is creating the account, or undoing it.
    Held,
}

/// A claim that this run holds.
struct OurClaim {
    grant: Grant,
    /// When it ends.
    until: Instant,
}

impl Candidate {
    fn input<'a>(&'a self, identifier: &'a str) -> HookInput<'a> {
        HookInput {
            identifier,
            record: Some(self.record.json()),
            account: Some(&self.draft.claims),
            ..HookInput::default()
        }
    }
}

impl Attempt {
    fn of(outcome: BulkOutcome) -> Self {
        Self::Ended(outcome, Vec::new())
    }
}

impl Bulk {
    /// Tries to create an account. An error may be tried again; a claim that was granted before it ends by itself.
    pub(super) async fn attempt(&self, visit: &mut Visit<'_>, candidate: &Candidate) -> Result<Attempt, PortError> {
        let logins = self.own_logins(visit, candidate).await?;
        let Some(first) = logins.first() else {
            let (outcome, reasons) = without_own_login();
            return Ok(Attempt::Ended(outcome, reasons));
        };
        visit.subject = self.cx().records.keyring.subject(first);
        let tags = visit.tags.clone();
        if let Err((outcome, reasons)) = visit.run_hook(HookPoint::BeforeCreate, candidate.input(first)) {
            return Ok(Attempt::Ended(outcome, reasons));
        }
        let attempt = match self.settings.mode {
            BulkMode::Create => self.claimed(visit, candidate, &logins).await,
            BulkMode::Rehearse => self.rehearsed(visit, candidate, &logins).await,
        };
        // the next attempt runs the hook again
        visit.tags = tags;
        attempt
    }

    async fn claimed(
        &self,
        visit: &mut Visit<'_>,
        candidate: &Candidate,
        logins: &[String],
    ) -> Result<Attempt, PortError> {
        let (records, accounts) = (&self.cx().records, &self.cx().accounts);
        let claim = Claim {
            key: candidate.key.clone(),
            logins: logins.iter().map(|login| records.keyring.subject(login)).collect(),
            lookup: accounts.lookup(),
            external_id: candidate.external_id.clone(),
            rules: visit.rules.hash().to_owned(),
            claimed_at: candidate.at,
            verified_at: None,
            creating_at: records.now(),
            lease: records.lease,
        };
        // Computed before the ledger is asked, so that the claim does not end later here than in the ledger.
        let until = Instant::now() + records.lease;
        match records.ledger.claim(&claim).await? {
            ClaimAnswer::Granted(grant) => self.create(visit, candidate, logins, &OurClaim { grant, until }).await,
            ClaimAnswer::Done(_) => {
                let entry = records.ledger.entry(&candidate.key).await?;
                // The entry has changed between the two reads, so it is asked for again.
                Ok(entry.as_ref().and_then(known).map_or(Attempt::Held, Attempt::of))
            }
            ClaimAnswer::Held => Ok(Attempt::Held),
            ClaimAnswer::Buried => Ok(Attempt::of(BulkOutcome::Known(KnownCustomer::Deleted))),
            ClaimAnswer::Taken => {
                let (outcome, reasons) = conflicting(Conflict::Login);
                Ok(Attempt::Ended(outcome, reasons))
            }
        }
    }

    async fn create(
        &self,
        visit: &mut Visit<'_>,
        candidate: &Candidate,
        logins: &[String],
        claim: &OurClaim,
    ) -> Result<Attempt, PortError> {
        let target = &self.cx().accounts.target;
        if claim.grant.pending.is_some() {
            // A login was completing this pending account when it was interrupted.
            self.give_up(candidate, claim).await?;
            return Ok(Attempt::of(BulkOutcome::Known(KnownCustomer::Pending)));
        }
        let hash = candidate.credential.as_ref().filter(|credential| target.takes_hash(credential));
        let account = NewAccount {
            external_id: &candidate.external_id,
            legacy: &candidate.key,
            logins,
            claims: &candidate.draft.claims,
            password: None,
            hash,
            pending: None,
            change: candidate.draft.change,
            rules: visit.rules.hash(),
            at: self.cx().records.now(),
            until: claim.until,
        };
        let call = Call { deadline: claim.until, request_id: REQUEST };
        let created = match target.create(call, account).await {
            Ok(Created::New(id)) if hash.is_some() => (id, AccountState::Active),
            Ok(Created::New(id) | Created::NewWithoutPassword(id)) => (id, AccountState::Pending),
            // Created by an attempt that was interrupted. A target that finds accounts by login has said that it is
            // complete; of another one nobody knows, and a pending account is completed by the customer's first login.
            Ok(Created::Exists(id)) => match self.cx().accounts.lookup() {
                AccountLookup::Login => (id, AccountState::Active),
                AccountLookup::ExternalId => (id, AccountState::Pending),
            },
            Ok(Created::Conflict(conflict)) => {
                self.give_up(candidate, claim).await?;
                let (outcome, reasons) = conflicting(conflict);
                return Ok(Attempt::Ended(outcome, reasons));
            }
            Err(error) => {
                let is_one_call = target.capabilities().creation == Creation::OneCall;
                if is_one_call && error.kind() == PortErrorKind::RateLimited {
                    self.give_up(candidate, claim).await?;
                }
                return Err(error);
            }
        };
        self.finish(visit, candidate, claim, created).await
    }

    async fn finish(
        &self,
        visit: &mut Visit<'_>,
        candidate: &Candidate,
        claim: &OurClaim,
        (account, state): (TargetId, AccountState),
    ) -> Result<Attempt, PortError> {
        visit.customer = Some(candidate.customer.clone());
        visit.note_source_query();
        visit.note_rules_run();
        let reason = match (visit.left_out, state) {
            (0, AccountState::Pending) => DecisionReason::MadePending,
            (0, _) => DecisionReason::None,
            _ => DecisionReason::LoginLeftOut,
        };
        let ids = Some((account.clone(), Some(candidate.external_id.clone())));
        let decision = visit.new_decision(DecisionOutcome::Created, reason, ids);
        let finish = Finish {
            key: candidate.key.clone(),
            token: claim.grant.token,
            account: account.clone(),
            state,
            created_at: decision.at,
            tags: visit.tags.clone(),
            events: self.events(visit, candidate, &decision, &account, state),
            decision,
        };
        match self.cx().records.ledger.finish(&finish).await? {
            Finished::Done => {
                let identifier = candidate.logins.first().map(Identifier::canonical).unwrap_or_default();
                // The account exists, so a hook that fails now changes nothing.
                let _ = visit.run_hook(HookPoint::AfterCreate, candidate.input(identifier));
                Ok(Attempt::Ended(BulkOutcome::Created { account: Some(account), state }, left_out(visit.left_out)))
            }
            Finished::Lost => self.lost(candidate, &account).await,
        }
    }

    /// The claim had expired by the time the account was created. Whoever took over records the account, unless the customer
    /// was deleted meanwhile and must not return because of it.
    async fn lost(&self, candidate: &Candidate, account: &TargetId) -> Result<Attempt, PortError> {
        let (ledger, target) = (&self.cx().records.ledger, &self.cx().accounts.target);
        let entry = ledger.entry(&candidate.key).await?;
        if entry.is_none_or(|entry| entry.state != EntryState::Buried) {
            return Ok(Attempt::Held);
        }
        target.delete(Call::outside_login(REQUEST), account, Deletion::ForGood).await?;
        ledger.settle_buried(&candidate.key).await?;
        Ok(Attempt::of(BulkOutcome::Known(KnownCustomer::Deleted)))
    }

    /// The events of a created account, if they are asked for.
    fn events(
        &self,
        visit: &Visit<'_>,
        candidate: &Candidate,
        decision: &Decision,
        account: &TargetId,
        state: AccountState,
    ) -> Vec<Event> {
        if self.settings.events == BulkEvents::Off {
            return Vec::new();
        }
        let of = |kind, reason: &str| visit.event(kind, reason, Some(account));
        if state == AccountState::Pending {
            return of(EventKind::NeedsAction, DecisionReason::MadePending.name()).into_iter().collect();
        }
        let must_change = candidate.draft.change == PasswordChange::Required;
        let action = must_change.then(|| of(EventKind::NeedsAction, decision.outcome.name())).flatten();
        let told = self.write_back(candidate, decision, account);
        of(EventKind::Migrated, decision.outcome.name()).into_iter().chain(action).chain(told).collect()
    }

    /// The event by which the legacy system is told that the account has taken its customer's password over.
    fn write_back(&self, candidate: &Candidate, decision: &Decision, account: &TargetId) -> Option<Event> {
        let password = Password::new(Vec::new()).ok()?;
        let known = Written {
            identifier: candidate.logins.first()?.canonical(),
            record: &candidate.record,
            password: &password,
            credential: candidate.credential.as_ref(),
        };
        self.cx().records.write_back(&candidate.key, account, Some(&known), decision.at, REQUEST)
    }

    async fn give_up(&self, candidate: &Candidate, claim: &OurClaim) -> Result<(), PortError> {
        let abandon = Abandon { key: candidate.key.clone(), token: claim.grant.token, left: Left::AsBefore };
        self.cx().records.ledger.abandon(&abandon).await
    }

    /// What an attempt would do, as far as reading tells.
    async fn rehearsed(
        &self,
        visit: &Visit<'_>,
        candidate: &Candidate,
        logins: &[String],
    ) -> Result<Attempt, PortError> {
        let (records, accounts) = (&self.cx().records, &self.cx().accounts);
        if let Some(outcome) = records.ledger.entry(&candidate.key).await?.as_ref().and_then(known) {
            return Ok(Attempt::of(outcome));
        }
        for login in logins {
            let subject = records.keyring.subject(login);
            if records.ledger.buried(&subject).await?.is_some() {
                return Ok(Attempt::of(BulkOutcome::Known(KnownCustomer::Deleted)));
            }
            if self.is_taken(candidate, login, &subject).await? {
                let (outcome, reasons) = conflicting(Conflict::Login);
                return Ok(Attempt::Ended(outcome, reasons));
            }
        }
        let takes_hash = candidate.credential.as_ref().is_some_and(|stored| accounts.target.takes_hash(stored));
        let state = if takes_hash { AccountState::Active } else { AccountState::Pending };
        Ok(Attempt::Ended(BulkOutcome::Created { account: None, state }, left_out(visit.left_out)))
    }

    /// Whether an account of somebody else has a login.
    async fn is_taken(&self, candidate: &Candidate, login: &str, subject: &str) -> Result<bool, PortError> {
        match self.cx().accounts.lookup() {
            AccountLookup::Login => {
                let Ok(identifier) = self.cx().identifiers.canonical(login) else { return Ok(false) };
                let found = self.cx().accounts.target.find(Call::outside_login(REQUEST), &identifier).await?;
                Ok(found.is_some_and(|found| found.external_id.as_ref() != Some(&candidate.external_id)))
            }
            AccountLookup::ExternalId => {
                let entry = self.cx().records.ledger.migrated(subject).await?;
                Ok(entry.is_some_and(|entry| entry.key != candidate.key))
            }
        }
    }
}
