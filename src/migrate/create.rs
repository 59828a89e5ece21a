//! The creation of an account, exactly once: claimed in the ledger, created at the target, and told to the ledger.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::claim::{Claim, ClaimAnswer, Finish, Finished};
use super::hooks::{HookInput, HookPoint};
use super::mapping::{Draft, Who};
use super::outcome::{Outcome, Refusal};
use super::port::{PortError, PortErrorKind};
use super::ports::{AccountState, Conflict, Created, Found, NewAccount, PasswordChange, Record, TargetId};
use super::step::Step;
use super::visit::{Admission, Ending, Recorded, Visit, Way};

/// A customer who has no account yet, and the one the rules make.
pub(super) struct Newcomer {
    pub who: Who,
    pub record: Record,
    pub draft: Draft,
    pub fetched_at: Timestamp,
    /// When the password was proven; none for an account without password, of the forgot-password door.
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
    pub(super) async fn create(
        &mut self,
        admission: &Admission,
        newcomer: &Newcomer,
        pending: Option<&Found>,
    ) -> Way<Ending> {
        self.hook(HookPoint::BeforeCreate, newcomer.input(admission))?;
        let who = &newcomer.who;
        // One creation per customer in this process; the ledger sees to the other processes.
        let _turn = self.migrator.creations.take(&who.external_id.0).await;
        if pending.is_some() {
            let forgotten = self.migrator.parts.ledger.forget(&who.key).await;
            forgotten.map_err(|error| self.books_failed(&error))?;
        }
        match self.claim(newcomer).await? {
            Claimed::Ours(token) => self.create_claimed(admission, newcomer, token).await,
            Claimed::Done(id) => self.arrived(admission, who, id).await,
        }
    }

    async fn claim(&mut self, newcomer: &Newcomer) -> Way<Claimed> {
        let (parts, who, began) = (&self.migrator.parts, &newcomer.who, Instant::now());
        let mut claim = Claim {
            key: who.key.clone(),
            logins: self.digests(&who.logins),
            external_id: who.external_id.clone(),
            rules: self.rules.hash().to_owned(),
            claimed_at: newcomer.fetched_at,
            verified_at: newcomer.verified_at,
            creating_at: parts.clock.now(),
            lease: self.migrator.settings.lease,
        };
        loop {
            let answer = parts.ledger.claim(&claim).await.map_err(|error| self.books_failed(&error))?;
            let (name, claimed) = match answer {
                ClaimAnswer::Granted(token) => ("granted", Ok(Claimed::Ours(token))),
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

    async fn create_claimed(&mut self, admission: &Admission, newcomer: &Newcomer, token: u64) -> Way<Ending> {
        let (began, who) = (Instant::now(), &newcomer.who);
        let account = self.new_account(admission, newcomer);
        match self.migrator.parts.target.create(account).await {
            Ok(Created::New(id)) => {
                self.step(&Step::Created { answer: "new", took: began.elapsed() });
                self.created(admission, newcomer, token, &id).await
            }
            // Made by an attempt that nobody heard the end of, with a password of its own.
            Ok(Created::Exists(id)) => {
                self.step(&Step::Created { answer: "exists", took: began.elapsed() });
                self.created(admission, newcomer, token, &id).await?;
                self.arrived(admission, who, id).await
            }
            Ok(Created::Conflict(conflict)) => Err(self.conflict(who, token, conflict, began).await),
            Err(error) => Err(self.creation_failed(who, token, &error).await),
        }
    }

    fn new_account<'a>(&'a self, admission: &'a Admission, newcomer: &'a Newcomer) -> NewAccount<'a> {
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
        }
    }

    /// The account stands at the target: the books are told.
    async fn created(&mut self, admission: &Admission, newcomer: &Newcomer, token: u64, id: &TargetId) -> Way<Ending> {
        let (who, change) = (&newcomer.who, newcomer.draft.change);
        let outcome = match (newcomer.verified_at, change) {
            // Made without proof: nobody has come across yet.
            (None, _) => Outcome::Rejected(Refusal::Pending),
            (Some(_), PasswordChange::Required) => Outcome::MigratedMustChangePassword,
            (Some(_), PasswordChange::Optional) => Outcome::Migrated,
        };
        let account = Some((id.clone(), Some(who.external_id.clone())));
        let ending = Ending { account, change, ..Ending::of(outcome) };
        let ending = self.finish(who, token, id, ending).await?;
        // The account stands; a hook that fails now changes nothing.
        let _ = self.hook(HookPoint::AfterCreate, newcomer.input(admission));
        Ok(ending)
    }

    async fn finish(&mut self, who: &Who, token: u64, id: &TargetId, mut ending: Ending) -> Way<Ending> {
        let began = Instant::now();
        let decision = match ending.outcome {
            Outcome::Rejected(Refusal::Pending) => self.note("made_pending", "", ending.account.clone()),
            _ => self.decision(&ending),
        };
        let finish = Finish {
            key: who.key.clone(),
            token,
            account: id.clone(),
            created_at: decision.at,
            tags: self.tags.clone(),
            decision,
            events: self.events(&ending),
        };
        let finished = self.migrator.parts.ledger.finish(&finish).await;
        if finished.map_err(|error| self.books_failed(&error))? == Finished::Done {
            self.step(&Step::Recorded { took: began.elapsed() });
            if !finish.decision.settled.is_empty() {
                self.counting.settle();
            }
            ending.recorded = Recorded::Yes;
        }
        // Otherwise somebody took over after our lease and will record it, or has; the account itself is durable.
        Ok(ending)
    }

    /// The account is there already: the target alone says whether this password is its.
    async fn arrived(&mut self, admission: &Admission, who: &Who, id: TargetId) -> Way<Ending> {
        let parts = &self.migrator.parts;
        let found = parts.target.find_external(&who.external_id).await.map_err(|error| self.target_failed(&error))?;
        let Some(found) = found.filter(|found| found.id == id) else {
            // Migrated once and gone from the target: deleted stays deleted.
            let buried = parts.ledger.bury(&who.key, &self.digests(&who.logins), parts.clock.now()).await;
            buried.map_err(|error| self.books_failed(&error))?;
            return Err(Ending::refused(Refusal::Deleted));
        };
        if found.state == AccountState::Pending {
            return Err(Ending { account: Some((found.id, found.external_id)), ..Ending::refused(Refusal::Pending) });
        }
        self.check_at_target(admission, &found).await
    }

    async fn conflict(&mut self, who: &Who, token: u64, conflict: Conflict, began: Instant) -> Ending {
        let answer = match conflict {
            Conflict::Login => "login_conflict",
            Conflict::Legacy => "legacy_conflict",
        };
        self.step(&Step::Created { answer, took: began.elapsed() });
        self.give_up(who, token).await;
        Ending::of(Outcome::Conflict)
    }

    /// A refused hash wrote nothing, so that the claim can be given up; any other failure may have written, and recovery
    /// looks.
    async fn creation_failed(&mut self, who: &Who, token: u64, error: &PortError) -> Ending {
        if error.kind() == PortErrorKind::RateLimited {
            self.give_up(who, token).await;
        }
        self.target_failed(error)
    }

    async fn give_up(&mut self, who: &Who, token: u64) {
        if let Err(error) = self.migrator.parts.ledger.abandon(&who.key, token).await {
            // The lease ends it.
            self.tell(&error);
        }
    }
}

/// Whose creation it is.
enum Claimed {
    Ours(u64),
    Done(TargetId),
}
