//! The creation of an account, exactly once: claimed in the ledger, created at the target, and told to the ledger.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::claim::{Abandon, Claim, ClaimAnswer, EntryState, Finish, Finished, Grant, Left};
use super::decision::Decision;
use super::event::EventKind;
use super::hooks::{HookInput, HookPoint};
use super::mapping::{Draft, Identity};
use super::outcome::{Outcome, Refusal};
use super::port::{PortError, PortErrorKind};
use super::ports::{AccountState, Conflict, Created, Deletion, NewAccount, PasswordChange, Record, TargetId};
use super::recovery::Recovered;
use super::step::Step;
use super::visit::{Admission, Ending, Flow, Recorded, Visit};

/// A customer who has no account yet, and the one the rules make.
pub(super) struct Newcomer {
    pub who: Identity,
    pub record: Record,
    pub draft: Draft,
    pub fetched_at: Timestamp,
    /// When the password was verified; none for an account without password, of the forgot-password operation.
    pub verified_at: Option<Timestamp>,
}

/// How long somebody waits before asking again for a claim that another process holds.
const HELD: Duration = Duration::from_millis(15);

impl Newcomer {
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
    /// Creates the account, or lets the customer in to the one that somebody else has created meanwhile.
    pub(super) async fn create(&mut self, admission: &Admission, newcomer: &Newcomer) -> Flow<Ending> {
        self.hook(HookPoint::BeforeCreate, newcomer.input(admission))?;
        let who = &newcomer.who;
        // One creation per customer in this process; the ledger sees to the other processes.
        let _turn = self.migrator.creations.take(&who.external_id.0).await;
        loop {
            let ended = match self.claim(newcomer).await? {
                Claimed::Ours(claim) => self.create_claimed(admission, newcomer, &claim).await?,
                Claimed::Done(id) => self.arrived(admission, newcomer, id).await?,
            };
            match ended {
                Some(ending) => return Ok(ending),
                None if Instant::now() + HELD < self.deadline => sleep(HELD).await,
                None => return Err(Ending::of(Outcome::Overloaded)),
            }
        }
    }

    async fn claim(&mut self, newcomer: &Newcomer) -> Flow<Claimed> {
        let (parts, who, began) = (&self.migrator.parts, &newcomer.who, Instant::now());
        let lease = self.migrator.settings.lease;
        let mut claim = Claim {
            key: who.key.clone(),
            logins: self.digests(&who.logins),
            external_id: who.external_id.clone(),
            rules: self.rules.hash().to_owned(),
            claimed_at: newcomer.fetched_at,
            verified_at: newcomer.verified_at,
            creating_at: parts.clock.now(),
            lease,
        };
        loop {
            // Before the ledger is asked, so that the claim ends here no later than there.
            let until = Instant::now() + lease;
            let answer = parts.ledger.claim(&claim).await.map_err(|error| self.ledger_failed(&error))?;
            let (name, claimed) = match answer {
                ClaimAnswer::Granted(grant) => ("granted", Ok(Claimed::Ours(OurClaim { grant, until }))),
                ClaimAnswer::Done(id) => ("done", Ok(Claimed::Done(id))),
                ClaimAnswer::Buried => ("buried", Err(Ending::refused(Refusal::Deleted))),
                ClaimAnswer::Held if Instant::now() + HELD < self.deadline => {
                    sleep(HELD).await;
                    claim.creating_at = parts.clock.now();
                    continue;
                }
                ClaimAnswer::Held => ("held", Err(Ending::of(Outcome::Overloaded))),
            };
            self.step(&Step::Claimed { answer: name, took: began.elapsed() });
            return claimed;
        }
    }

    /// How the ledger names logins.
    fn digests(&self, logins: &[String]) -> Vec<String> {
        logins.iter().map(|login| self.migrator.parts.keyring.subject(login)).collect()
    }

    async fn create_claimed(
        &mut self,
        admission: &Admission,
        newcomer: &Newcomer,
        claim: &OurClaim,
    ) -> Flow<Option<Ending>> {
        let (began, who) = (Instant::now(), &newcomer.who);
        let account = self.new_account(admission, newcomer, claim);
        match self.migrator.parts.target.create(account).await {
            Ok(Created::New(id)) => {
                self.step(&Step::Created { answer: "new", took: began.elapsed() });
                self.created(admission, newcomer, claim, &id).await.map(Some)
            }
            // A pending account that got a password in another way since the claim.
            Ok(Created::Exists(id)) if claim.grant.pending.as_ref() == Some(&id) => {
                self.step(&Step::Created { answer: "exists", took: began.elapsed() });
                self.give_up(who, claim).await;
                self.arrived(admission, newcomer, id).await
            }
            // Made by an attempt that nobody heard the end of, with a password of its own. The ledger are told as recovery
            // would have told them, so that this login has one decision, its own.
            Ok(Created::Exists(id)) => {
                self.step(&Step::Created { answer: "exists", took: began.elapsed() });
                self.adopt(newcomer, claim, &id).await?;
                self.arrived(admission, newcomer, id).await
            }
            Ok(Created::Conflict(conflict)) => Err(self.conflict(who, claim, conflict, began).await),
            Err(error) => Err(self.creation_failed(who, claim, &error).await),
        }
    }

    fn new_account<'a>(&'a self, admission: &'a Admission, newcomer: &'a Newcomer, claim: &OurClaim) -> NewAccount<'a> {
        NewAccount {
            external_id: &newcomer.who.external_id,
            legacy: &newcomer.who.key,
            logins: &newcomer.who.logins,
            claims: &newcomer.draft.claims,
            password: newcomer.verified_at.map(|_| &admission.password),
            change: newcomer.draft.change,
            rules: self.rules.hash(),
            at: self.migrator.parts.clock.now(),
            // The hash may begin as long as the login is waited for; the write itself is bounded by the target's guard.
            deadline: self.deadline,
            until: claim.until,
        }
    }

    async fn adopt(&self, newcomer: &Newcomer, claim: &OurClaim, id: &TargetId) -> Flow<()> {
        let who = &newcomer.who;
        let recovered = Recovered {
            key: &who.key,
            token: claim.grant.token,
            external_id: &who.external_id,
            rules: self.rules.hash(),
            verified_at: newcomer.verified_at,
            account: id,
            state: AccountState::Active,
        };
        let finish = self.migrator.recovered(&recovered);
        // Lost means that somebody else has told them.
        self.migrator.parts.ledger.finish(&finish).await.map(|_| ()).map_err(|error| self.ledger_failed(&error))
    }

    /// The account stands at the target: the ledger are told.
    async fn created(
        &mut self,
        admission: &Admission,
        newcomer: &Newcomer,
        claim: &OurClaim,
        id: &TargetId,
    ) -> Flow<Ending> {
        let change = newcomer.draft.change;
        let outcome = match (newcomer.verified_at, change) {
            // Made without proof: nobody has come across yet.
            (None, _) => Outcome::Refused(Refusal::Pending),
            (Some(_), PasswordChange::Required) => Outcome::MigratedMustChangePassword,
            (Some(_), PasswordChange::Optional) => Outcome::Migrated,
        };
        let account = Some((id.clone(), Some(newcomer.who.external_id.clone())));
        let ending = self.finish(newcomer, claim, id, Ending { account, change, ..Ending::of(outcome) }).await?;
        // The account stands; a hook that fails now changes nothing.
        let _ = self.hook(HookPoint::AfterCreate, newcomer.input(admission));
        Ok(ending)
    }

    async fn finish(
        &mut self,
        newcomer: &Newcomer,
        claim: &OurClaim,
        id: &TargetId,
        mut ending: Ending,
    ) -> Flow<Ending> {
        let (began, who) = (Instant::now(), &newcomer.who);
        // What a password reset has made is its one decision, too.
        let (state, decision, events) = match newcomer.verified_at {
            None => {
                let reason = if self.left_out_reason().is_empty() { "made_pending" } else { self.left_out_reason() };
                let settled = self.settled_at_operation("accepted");
                let decision = Decision { settled, ..self.note("accepted", reason, ending.account.clone()) };
                let event = self.event(EventKind::PasswordReset, "accepted", Some(id));
                (AccountState::Pending, decision, event.into_iter().collect())
            }
            Some(_) => (AccountState::Active, self.decision(&ending), self.events(&ending)),
        };
        let finish = Finish {
            key: who.key.clone(),
            token: claim.grant.token,
            account: id.clone(),
            state,
            created_at: decision.at,
            tags: self.tags.clone(),
            decision,
            events,
        };
        let finished = self.migrator.parts.ledger.finish(&finish).await;
        match finished.map_err(|error| self.ledger_failed(&error))? {
            Finished::Done => {
                self.step(&Step::Recorded { took: began.elapsed() });
                if !finish.decision.settled.is_empty() {
                    self.counting.settle();
                }
                ending.recorded = Recorded::Yes;
                Ok(ending)
            }
            Finished::Lost => Err(self.lost(who, id).await),
        }
    }

    /// The claim was no longer ours when the account stood. A customer who was deleted meanwhile must not come back by it; in
    /// any other case somebody else has taken over and recorded it, or will, and the customer who comes back finds it.
    async fn lost(&self, who: &Identity, id: &TargetId) -> Ending {
        let parts = &self.migrator.parts;
        match parts.ledger.entry(&who.key).await {
            Ok(Some(entry)) if entry.state == EntryState::Buried => {}
            Ok(_) => return Ending::of(Outcome::Overloaded),
            Err(error) => return self.ledger_failed(&error),
        }
        // What cannot be done now is left to recovery: the entry keeps its lease.
        if let Err(error) = parts.target.delete(id, Deletion::ForGood).await {
            return self.target_failed(&error);
        }
        match parts.ledger.settle_buried(&who.key).await {
            Ok(()) => Ending::refused(Refusal::Deleted),
            Err(error) => self.ledger_failed(&error),
        }
    }

    /// The account is there already: the target alone says whether this password is its. None when it has gone since, and who
    /// the customer is has to be asked again.
    async fn arrived(&mut self, admission: &Admission, newcomer: &Newcomer, id: TargetId) -> Flow<Option<Ending>> {
        let (parts, who) = (&self.migrator.parts, &newcomer.who);
        let found = parts.target.find_external(&who.external_id).await.map_err(|error| self.target_failed(&error))?;
        let Some(found) = found.filter(|found| found.id == id) else { return self.vanished(who, &id).await };
        let account = || Some((found.id.clone(), found.external_id.clone()));
        match (found.state, newcomer.verified_at) {
            (AccountState::Disabled, None) => Err(Ending::refused(Refusal::Disabled)),
            // A password reset finds the account that it would have made.
            (_, None) => Ok(Some(Ending { account: account(), ..Ending::refused(Refusal::Pending) })),
            (AccountState::Pending, Some(_)) => Err(Ending { account: account(), ..Ending::refused(Refusal::Pending) }),
            (AccountState::Active | AccountState::Disabled, Some(_)) => self.check_at_target(admission, &found).await,
        }
    }

    /// The account that the ledger has named is not at the target. Somebody may be taking the migration back, and then the
    /// ledger says something else by now. If it does not, the account was removed behind our back, or the store is an older
    /// one: the customer is refused and the operator is told; nobody is buried for it.
    async fn vanished(&self, who: &Identity, id: &TargetId) -> Flow<Option<Ending>> {
        let entry = self.migrator.parts.ledger.entry(&who.key).await.map_err(|error| self.ledger_failed(&error))?;
        let still_named =
            |entry: &super::claim::Entry| entry.state == EntryState::Done && entry.account.as_ref() == Some(id);
        if !entry.as_ref().is_some_and(still_named) {
            return Ok(None);
        }
        // It may have been made anew since the first look.
        let found = self.migrator.parts.target.find_created(&who.external_id).await;
        match found.map_err(|error| self.target_failed(&error))? {
            Some(found) if found.id == *id => Ok(None),
            _ => Err(Ending::refused(Refusal::Missing)),
        }
    }

    async fn conflict(&mut self, who: &Identity, claim: &OurClaim, conflict: Conflict, began: Instant) -> Ending {
        let (answer, ending) = match conflict {
            Conflict::Login => ("login_conflict", Ending::of(Outcome::Conflict)),
            Conflict::Legacy => ("legacy_conflict", Ending::of(Outcome::Conflict)),
            Conflict::Deleted => ("deleted", Ending::refused(Refusal::Deleted)),
        };
        self.step(&Step::Created { answer, took: began.elapsed() });
        self.give_up(who, claim).await;
        ending
    }

    /// A refused hash wrote nothing, so that the claim can be given up; any other failure may have written, and recovery
    /// looks.
    async fn creation_failed(&mut self, who: &Identity, claim: &OurClaim, error: &PortError) -> Ending {
        if error.kind() == PortErrorKind::RateLimited {
            self.give_up(who, claim).await;
        }
        self.target_failed(error)
    }

    async fn give_up(&mut self, who: &Identity, claim: &OurClaim) {
        let abandon = Abandon { key: who.key.clone(), token: claim.grant.token, left: Left::AsBefore };
        if let Err(error) = self.migrator.parts.ledger.abandon(&abandon).await {
            // The lease ends it.
            self.tell(&error);
        }
    }
}

/// Whose creation it is.
enum Claimed {
    Ours(OurClaim),
    Done(TargetId),
}

/// A claim of ours.
struct OurClaim {
    grant: Grant,
    /// When it ends.
    until: Instant,
}
