//! Creates an account exactly once: claims it in the ledger, creates it at the target, and finishes it in the ledger.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::admission::Admission;
use super::ending::{Ending, Flow, Recorded};
use super::handover::Customer;
use super::mapping::{Draft, Identity};
use super::outcome::{Outcome, Refusal};
use super::recovery::Recovered;
use super::step::{ClaimResult, CreateResult, Step};
use super::visit::Visit;
use super::write_back::Known;
use crate::ports::{
    Abandon, AccountLookup, AccountState, Call, Claim, ClaimAnswer, Conflict, Created, Creation, Decision,
    DecisionOutcome, DecisionReason, Deletion, EntryState, Finish, Finished, Found, Grant, HookInput, HookPoint, Left,
    NewAccount, PasswordChange, PortError, PortErrorKind, Record, TargetId,
};

/// A customer without an account, and the account that the rules create.
pub(super) struct Newcomer {
    pub identity: Identity,
    pub record: Record,
    pub draft: Draft,
    pub fetched_at: Timestamp,
    /// When the password was verified; `None` for a pending account of the forgot-password operation.
    pub verified_at: Option<Timestamp>,
}

/// How long to wait before retrying a claim that another process holds.
const HELD_RETRY: Duration = Duration::from_millis(15);

impl Newcomer {
    fn known<'k>(&'k self, admission: &'k Admission) -> Known<'k> {
        Known {
            identifier: admission.identifier.canonical(),
            record: &self.record,
            password: &admission.password,
            credential: self.identity.credential.as_ref(),
        }
    }

    fn customer(&self) -> Customer<'_> {
        let Self { identity, draft, .. } = self;
        Customer {
            external_id: &identity.external_id,
            legacy: Some(&identity.key),
            logins: &identity.logins,
            claims: &draft.claims,
            change: draft.change,
            typed: None,
        }
    }

    fn input<'a>(&'a self, admission: &'a Admission) -> HookInput<'a> {
        HookInput {
            identifier: admission.identifier.canonical(),
            record: Some(self.record.json()),
            account: Some(&self.draft.claims),
            ..HookInput::default()
        }
    }
}

impl Visit<'_> {
    /// Creates the account, or signs the customer in to the account that another login has created meanwhile.
    pub(super) async fn create(&mut self, admission: &Admission, newcomer: &Newcomer) -> Flow<Ending> {
        self.hook(HookPoint::BeforeCreate, newcomer.input(admission))?;
        let identity = &newcomer.identity;
        // Made before anything is written: a customer without a profile is not handed over.
        self.make_profile(&newcomer.customer())?;
        // One creation per customer in this process; the ledger coordinates with other processes.
        let _turn = self.cx.accounts.creations.acquire(&identity.external_id.0).await;
        loop {
            let ended = match self.claim(newcomer).await? {
                Claimed::Ours(claim) => self.create_claimed(admission, newcomer, &claim).await?,
                Claimed::Done(id) => self.already_created(admission, newcomer, id).await?,
            };
            match ended {
                Some(ending) => return Ok(ending),
                None if Instant::now() + HELD_RETRY < self.deadline => sleep(HELD_RETRY).await,
                None => return Err(Ending::of(Outcome::Overloaded)),
            }
        }
    }

    async fn claim(&mut self, newcomer: &Newcomer) -> Flow<Claimed> {
        let (records, identity, began) = (&self.cx.records, &newcomer.identity, Instant::now());
        let mut claim = Claim {
            key: identity.key.clone(),
            logins: self.digests(&identity.logins),
            lookup: self.cx.accounts.lookup(),
            external_id: identity.external_id.clone(),
            rules: self.rules.hash().to_owned(),
            claimed_at: newcomer.fetched_at,
            verified_at: newcomer.verified_at,
            creating_at: self.cx.records.now(),
            lease: records.lease,
        };
        loop {
            // Computed before the ledger is asked, so that the claim does not end later here than in the ledger.
            let until = Instant::now() + records.lease;
            let answer = self.cx.records.ledger.claim(&claim).await.map_err(|error| self.ledger_failed(&error))?;
            let (result, claimed) = match answer {
                ClaimAnswer::Granted(grant) => (ClaimResult::Granted, Ok(Claimed::Ours(OurClaim { grant, until }))),
                ClaimAnswer::Done(id) => (ClaimResult::Done, Ok(Claimed::Done(id))),
                ClaimAnswer::Taken => (ClaimResult::Taken, Err(Ending::of(Outcome::Conflict))),
                ClaimAnswer::Buried => (ClaimResult::Buried, Err(Ending::refused(Refusal::Deleted))),
                ClaimAnswer::Held if Instant::now() + HELD_RETRY < self.deadline => {
                    sleep(HELD_RETRY).await;
                    claim.creating_at = self.cx.records.now();
                    continue;
                }
                ClaimAnswer::Held => (ClaimResult::Held, Err(Ending::of(Outcome::Overloaded))),
            };
            self.step(&Step::Claimed { answer: result, took: began.elapsed() });
            return claimed;
        }
    }

    /// The keyed digests of logins.
    fn digests(&self, logins: &[String]) -> Vec<String> {
        logins.iter().map(|login| self.cx.records.keyring.subject(login)).collect()
    }

    async fn create_claimed(
        &mut self,
        admission: &Admission,
        newcomer: &Newcomer,
        claim: &OurClaim,
    ) -> Flow<Option<Ending>> {
        let (began, identity) = (Instant::now(), &newcomer.identity);
        let account = self.new_account(admission, newcomer, claim);
        let created = match self.handover.filter(|_| self.caller_writes()) {
            Some(handover) => {
                let id = claim.grant.pending.clone().unwrap_or_else(|| handover.account(&identity.external_id));
                Ok(Created::New(id))
            }
            None => self.cx.accounts.target.create(self.call(), account).await,
        };
        if let Ok(Created::New(id) | Created::NewWithoutPassword(id) | Created::Exists(id)) = &created
            && self.is_somebody_elses(id, identity).await?
        {
            return Err(self.conflict(identity, claim, Conflict::Legacy, began).await);
        }
        match created {
            Ok(Created::New(id)) => {
                self.step(&Step::Created { answer: CreateResult::New, took: began.elapsed() });
                self.created(admission, newcomer, claim, &id, Password::Stored).await.map(Some)
            }
            Ok(Created::NewWithoutPassword(id)) => {
                self.step(&Step::Created { answer: CreateResult::NewWithoutPassword, took: began.elapsed() });
                self.created(admission, newcomer, claim, &id, Password::Refused).await.map(Some)
            }
            // The pending account was given a password in another way. A target that finds accounts by login says so itself;
            // for others the ledger has to learn that the legacy password counts no more.
            Ok(Created::Exists(id)) if claim.grant.pending.as_ref() == Some(&id) => {
                self.step(&Step::Created { answer: CreateResult::Exists, took: began.elapsed() });
                match self.cx.accounts.lookup() {
                    AccountLookup::Login => {
                        self.give_up(identity, claim).await;
                        self.already_created(admission, newcomer, id).await
                    }
                    AccountLookup::ExternalId => {
                        self.adopt(admission, newcomer, claim, &id).await?;
                        let external_id = Some(identity.external_id.clone());
                        self.check_at_target(admission, &Found { id, external_id, state: AccountState::Active }).await
                    }
                }
            }
            // Created by an attempt that was interrupted before it finished, with its own password. The ledger is
            // updated as recovery would do it, so that this login still records exactly one decision of its own.
            Ok(Created::Exists(id)) => {
                self.step(&Step::Created { answer: CreateResult::Exists, took: began.elapsed() });
                self.adopt(admission, newcomer, claim, &id).await?;
                self.already_created(admission, newcomer, id).await
            }
            Ok(Created::Conflict(conflict)) => Err(self.conflict(identity, claim, conflict, began).await),
            Err(error) => Err(self.creation_failed(identity, claim, &error).await),
        }
    }

    /// Whether the ledger knows that an account belongs to another customer. A target behind an API may give one id twice.
    async fn is_somebody_elses(&self, id: &TargetId, identity: &Identity) -> Flow<bool> {
        if self.cx.accounts.lookup() == AccountLookup::Login {
            return Ok(false);
        }
        let owner = self.cx.records.ledger.owner(id).await.map_err(|error| self.ledger_failed(&error))?;
        Ok(owner.is_some_and(|owner| owner.entry.key != identity.key))
    }

    /// Signs in a customer whose migration was completed while this login was in progress, if the target verifies nothing:
    /// the legacy system has just verified the password that counted until then.
    async fn completed_meanwhile(&mut self, newcomer: &Newcomer) -> Flow<Option<Ending>> {
        // Elsewhere the target itself is asked, and the ledger need not be.
        if newcomer.verified_at.is_none() || !self.verifies_nothing() {
            return Ok(None);
        }
        let entry = self.cx.records.ledger.entry(&newcomer.identity.key).await;
        let entry = entry.map_err(|error| self.ledger_failed(&error))?;
        let Some(entry) = entry.filter(|entry| self.was_overtaken(entry)) else { return Ok(None) };
        self.verified();
        let account = entry.account.map(|id| (id, Some(entry.external_id)));
        Ok(Some(Ending { account, change: newcomer.draft.change, ..Ending::of(Outcome::Authenticated) }))
    }

    fn new_account<'a>(
        &'a self,
        admission: &'a Admission,
        newcomer: &'a Newcomer,
        claim: &'a OurClaim,
    ) -> NewAccount<'a> {
        NewAccount {
            external_id: &newcomer.identity.external_id,
            legacy: &newcomer.identity.key,
            logins: &newcomer.identity.logins,
            claims: &newcomer.draft.claims,
            password: newcomer.verified_at.map(|_| &admission.password),
            hash: None,
            pending: claim.grant.pending.as_ref(),
            change: newcomer.draft.change,
            rules: self.rules.hash(),
            at: self.cx.records.now(),
            until: claim.until,
        }
    }

    async fn adopt(&self, admission: &Admission, newcomer: &Newcomer, claim: &OurClaim, id: &TargetId) -> Flow<()> {
        let (identity, known) = (&newcomer.identity, newcomer.known(admission));
        let recovered = Recovered {
            key: &identity.key,
            token: claim.grant.token,
            external_id: &identity.external_id,
            rules: self.rules.hash(),
            verified_at: newcomer.verified_at,
            account: id,
            state: AccountState::Active,
            known: Some(&known),
        };
        let finish = self.cx.records.recovered(&recovered);
        // `Lost` means that another process has already finished the entry.
        self.cx.records.ledger.finish(&finish).await.map(|_| ()).map_err(|error| self.ledger_failed(&error))
    }

    /// The account exists at the target: finishes the entry in the ledger.
    async fn created(
        &mut self,
        admission: &Admission,
        newcomer: &Newcomer,
        claim: &OurClaim,
        id: &TargetId,
        password: Password,
    ) -> Flow<Ending> {
        let change = newcomer.draft.change;
        let outcome = match (newcomer.verified_at, password, change) {
            // Created without a verified password, so nobody is migrated yet.
            (None, ..) => Outcome::Refused(Refusal::Pending),
            (Some(_), Password::Refused, _) => Outcome::MigratedWithoutPassword,
            (Some(_), Password::Stored, PasswordChange::Required) => Outcome::MigratedMustChangePassword,
            (Some(_), Password::Stored, PasswordChange::Optional) => Outcome::Migrated,
        };
        let account = Some((id.clone(), Some(newcomer.identity.external_id.clone())));
        let ending =
            self.finish(admission, newcomer, claim, id, Ending { account, change, ..Ending::of(outcome) }).await?;
        // The account exists, so a hook that fails now changes nothing.
        let _ = self.hook(HookPoint::AfterCreate, newcomer.input(admission));
        Ok(ending)
    }

    async fn finish(
        &mut self,
        admission: &Admission,
        newcomer: &Newcomer,
        claim: &OurClaim,
        id: &TargetId,
        mut ending: Ending,
    ) -> Flow<Ending> {
        let (began, identity) = (Instant::now(), &newcomer.identity);
        // Creating the pending account is the only decision of a password reset or a provision.
        let (state, decision, events) = match newcomer.verified_at {
            None => {
                let outcome = DecisionOutcome::Accepted;
                let reason = match self.left_out_reason() {
                    DecisionReason::None => DecisionReason::MadePending,
                    left_out => left_out,
                };
                let settled = self.settled_at_operation(outcome);
                let decision = Decision { settled, ..self.new_decision(outcome, reason, ending.account.clone()) };
                (AccountState::Pending, decision, self.notice(id).into_iter().collect())
            }
            // The legacy password still counts until there is another one.
            Some(_) if ending.outcome == Outcome::MigratedWithoutPassword => {
                (AccountState::Pending, self.decision(&ending), self.events(&ending))
            }
            Some(_) => {
                let (decision, mut events) = (self.decision(&ending), self.events(&ending));
                let known = newcomer.known(admission);
                let records = &self.cx.records;
                events.extend(records.write_back(&identity.key, id, Some(&known), decision.at, &self.request_id));
                (AccountState::Active, decision, events)
            }
        };
        let finish = Finish {
            key: identity.key.clone(),
            token: claim.grant.token,
            account: id.clone(),
            state,
            created_at: decision.at,
            tags: self.tags.clone(),
            decision,
            events,
        };
        let finished = self.cx.records.ledger.finish(&finish).await;
        match finished.map_err(|error| self.ledger_failed(&error))? {
            Finished::Done => {
                self.step(&Step::Recorded { took: began.elapsed() });
                if !finish.decision.settled.is_empty() {
                    self.counting.settle();
                }
                ending.recorded = Recorded::Yes;
                Ok(ending)
            }
            Finished::Lost => Err(self.claim_lost(identity, id).await),
        }
    }

    /// The claim had expired by the time the account was created. A customer who was deleted meanwhile must not return
    /// because of it. In all other cases another process has taken over and records the account, and the customer finds
    /// it at the next login.
    async fn claim_lost(&self, identity: &Identity, id: &TargetId) -> Ending {
        match self.cx.records.ledger.entry(&identity.key).await {
            Ok(Some(entry)) if entry.state == EntryState::Buried => {}
            Ok(_) => return Ending::of(Outcome::Overloaded),
            Err(error) => return self.ledger_failed(&error),
        }
        // If the deletion fails, recovery repeats it: the entry keeps its lease.
        // The login may be over, but the account must not stay.
        let call = Call::outside_login(&self.request_id);
        if let Err(error) = self.cx.accounts.target.delete(call, id, Deletion::ForGood).await {
            return self.target_failed(&error);
        }
        match self.cx.records.ledger.settle_buried(&identity.key).await {
            Ok(()) => Ending::refused(Refusal::Deleted),
            Err(error) => self.ledger_failed(&error),
        }
    }

    /// The account already exists, so the target alone verifies the password. Returns `None` if the account has
    /// disappeared since and the customer must be looked up again.
    async fn already_created(
        &mut self,
        admission: &Admission,
        newcomer: &Newcomer,
        id: TargetId,
    ) -> Flow<Option<Ending>> {
        let identity = &newcomer.identity;
        let found = self.account_of(identity).await?;
        let Some(found) = found.filter(|found| found.id == id) else {
            return self.missing_account(identity, &id).await;
        };
        let account = || Some((found.id.clone(), found.external_id.clone()));
        match (found.state, newcomer.verified_at) {
            (AccountState::Disabled, None) => Err(Ending::refused(Refusal::Disabled)),
            // A password reset finds the account that it would have created.
            (_, None) => Ok(Some(Ending { account: account(), ..Ending::refused(Refusal::Pending) })),
            (AccountState::Pending, Some(_)) => Err(Ending { account: account(), ..Ending::refused(Refusal::Pending) }),
            (AccountState::Active, Some(_)) => match self.completed_meanwhile(newcomer).await? {
                Some(ending) => Ok(Some(ending)),
                None => self.check_at_target(admission, &found).await,
            },
            (AccountState::Disabled, Some(_)) => self.check_at_target(admission, &found).await,
        }
    }

    /// The account that the ledger names is not at the target. An undo may be in progress, in which case the ledger has
    /// changed by now. Otherwise the account was removed outside Landfall, or the store is an older copy: the customer
    /// is refused, the operator is notified, and nobody is buried.
    async fn missing_account(&self, identity: &Identity, id: &TargetId) -> Flow<Option<Ending>> {
        let entry = self.cx.records.ledger.entry(&identity.key).await.map_err(|error| self.ledger_failed(&error))?;
        let still_named =
            |entry: &crate::ports::Entry| entry.state == EntryState::Done && entry.account.as_ref() == Some(id);
        if !entry.as_ref().is_some_and(still_named) {
            return Ok(None);
        }
        if self.cx.accounts.lookup() == AccountLookup::ExternalId {
            // The entry was changed between the two reads.
            return Ok(None);
        }
        // The account may have been created again since the first lookup.
        let found = self.cx.accounts.target.find_created(self.call(), &identity.external_id).await;
        match found.map_err(|error| self.target_failed(&error))? {
            Some(found) if found.id == *id => Ok(None),
            _ => Err(Ending::refused(Refusal::Missing)),
        }
    }

    async fn conflict(&mut self, identity: &Identity, claim: &OurClaim, conflict: Conflict, began: Instant) -> Ending {
        let ending = match conflict {
            Conflict::Login | Conflict::Legacy => Ending::of(Outcome::Conflict),
            Conflict::Deleted => Ending::refused(Refusal::Deleted),
        };
        self.step(&Step::Created { answer: CreateResult::Conflict(conflict), took: began.elapsed() });
        self.give_up(identity, claim).await;
        ending
    }

    /// A creation that was turned away before a call, or that the target does not take, can be tried again by the next login,
    /// so the claim is given up. Any other failure may have written, so recovery checks.
    async fn creation_failed(&mut self, identity: &Identity, claim: &OurClaim, error: &PortError) -> Ending {
        let creation = self.cx.accounts.target.capabilities().creation;
        if error.is_about_one_record() {
            // The target does not take this account, today and tomorrow.
            self.report(error);
            self.give_up(identity, claim).await;
            return Ending::of(Outcome::InvalidRecord);
        }
        let is_turned_away = error.kind() == PortErrorKind::RateLimited;
        if is_turned_away && (creation == Creation::OneCall || error.is_about_this_process()) {
            self.give_up(identity, claim).await;
        }
        self.target_failed(error)
    }

    async fn give_up(&mut self, identity: &Identity, claim: &OurClaim) {
        let abandon = Abandon { key: identity.key.clone(), token: claim.grant.token, left: Left::AsBefore };
        if let Err(error) = self.cx.records.ledger.abandon(&abandon).await {
            // The claim ends with its lease.
            self.report(&error);
        }
    }
}

/// Whether the target has stored the presented password.
#[derive(Debug, Clone, Copy)]
enum Password {
    /// It has.
    Stored,
    /// Its password policy refused it.
    Refused,
}

/// The result of a claim.
enum Claimed {
    Ours(OurClaim),
    Done(TargetId),
}

/// A claim that this login holds.
struct OurClaim {
    grant: Grant,
    /// When it ends.
    until: Instant,
}
