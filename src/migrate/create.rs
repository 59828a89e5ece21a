//! The creation of an account, exactly once: claimed in the ledger, created at the target, and told to the ledger.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::claim::{Claim, ClaimAnswer, Finish, Finished};
use super::hooks::{HookInput, HookPoint};
use super::mapping::{Draft, Who};
use super::outcome::{Outcome, Refusal};
use super::port::{PortError, PortErrorKind};
use super::ports::{AccountState, Conflict, Created, ExternalId, Found, NewAccount, PasswordChange, Record, TargetId};
use super::step::Step;
use super::visit::{Admission, Ending, Recorded, Visit, Way};

/// When the record was there, and when the password was proven.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof {
    pub fetched_at: Timestamp,
    /// None for an account without password, of the forgot-password door.
    pub verified_at: Option<Timestamp>,
}

/// How long somebody waits before asking again for a claim that another process holds.
const HELD: Duration = Duration::from_millis(15);

impl Visit<'_> {
    /// Creates the account, or lets the customer in to the one that somebody else has created meanwhile.
    pub(super) async fn create(
        &mut self,
        admission: &Admission,
        who: &Who,
        record: &Record,
        draft: &Draft,
        proof: Proof,
        pending: Option<&Found>,
    ) -> Way<Ending> {
        let input = HookInput {
            identifier: admission.identifier.canonical(),
            record: Some(record.json()),
            account: Some(&draft.claims),
            ..HookInput::default()
        };
        self.hook(HookPoint::BeforeCreate, input)?;
        let external_id = self.migrator.parts.keyring.external_id(&who.key);
        // One creation per customer in this process; the ledger sees to the other processes.
        let _turn = self.migrator.creations.take(&external_id.0).await;
        if pending.is_some() {
            let forgotten = self.migrator.parts.ledger.forget(&who.key).await;
            forgotten.map_err(|error| self.books_failed(&error))?;
        }
        match self.claim(who, &external_id, proof).await? {
            Claimed::Ours(token) => self.create_claimed(admission, who, draft, proof, &external_id, token, input).await,
            Claimed::Done(id) => self.arrived(admission, who, &external_id, id).await,
        }
    }

    async fn claim(&mut self, who: &Who, external_id: &ExternalId, proof: Proof) -> Way<Claimed> {
        let parts = &self.migrator.parts;
        let began = Instant::now();
        loop {
            let claim = Claim {
                key: who.key.clone(),
                logins: who.logins.iter().map(|login| parts.keyring.subject(login)).collect(),
                external_id: external_id.clone(),
                rules: self.rules.hash().to_owned(),
                claimed_at: proof.fetched_at,
                verified_at: proof.verified_at,
                creating_at: parts.clock.now(),
                lease: self.migrator.settings.lease,
            };
            let answer = parts.ledger.claim(&claim).await.map_err(|error| self.books_failed(&error))?;
            let (name, claimed) = match answer {
                ClaimAnswer::Granted(token) => ("granted", Ok(Claimed::Ours(token))),
                ClaimAnswer::Done(id) => ("done", Ok(Claimed::Done(id))),
                ClaimAnswer::Buried => ("buried", Err(Ending::refused(Refusal::Deleted))),
                ClaimAnswer::Held if Instant::now() + HELD < self.deadline => {
                    sleep(HELD).await;
                    continue;
                }
                ClaimAnswer::Held => ("held", Err(Ending::of(Outcome::Overloaded))),
            };
            self.step(&Step::Claimed { answer: name, took: began.elapsed() });
            return claimed;
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what a creation needs is known step by step and belongs to no one noun"
    )]
    async fn create_claimed(
        &mut self,
        admission: &Admission,
        who: &Who,
        draft: &Draft,
        proof: Proof,
        external_id: &ExternalId,
        token: u64,
        input: HookInput<'_>,
    ) -> Way<Ending> {
        let began = Instant::now();
        let account = NewAccount {
            external_id,
            legacy: &who.key,
            logins: &who.logins,
            claims: &draft.claims,
            password: proof.verified_at.map(|_| &admission.password),
            change: draft.change,
            rules: self.rules.hash(),
            at: self.migrator.parts.clock.now(),
            // The hash may begin as long as the login is waited for; the write itself is bounded by the target's guard.
            deadline: self.deadline,
        };
        let created = self.migrator.parts.target.create(account).await;
        let created = match created {
            Ok(created) => created,
            Err(error) => return Err(self.creation_failed(who, token, &error).await),
        };
        let (name, id) = match created {
            Created::New(id) => ("new", id),
            Created::Exists(id) => ("exists", id),
            Created::Conflict(conflict) => return Err(self.conflict(who, token, conflict, began).await),
        };
        self.step(&Step::Created { answer: name, took: began.elapsed() });
        let outcome = match (proof.verified_at, draft.change) {
            // Made without proof: nobody has come across yet.
            (None, _) => Outcome::Rejected(Refusal::Pending),
            (Some(_), PasswordChange::Required) => Outcome::MigratedMustChangePassword,
            (Some(_), PasswordChange::Optional) => Outcome::Migrated,
        };
        let account = Some((id.clone(), Some(external_id.clone())));
        let ending = Ending { account, change: draft.change, ..Ending::of(outcome) };
        let ending = self.finish(who, token, &id, ending).await?;
        // The account stands; a hook that fails now changes nothing.
        let _ = self.hook(HookPoint::AfterCreate, input);
        if name == "exists" {
            // Made by an attempt that nobody heard the end of, with a password of its own.
            return self.arrived(admission, who, external_id, id).await;
        }
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
            self.counted.retain(|counter| !finish.decision.settled.contains(counter));
            ending.recorded = Recorded::Yes;
        }
        // Otherwise somebody took over after our lease and will record it, or has; the account itself is durable.
        Ok(ending)
    }

    /// The account is there already: the target alone says whether this password is its.
    async fn arrived(
        &mut self,
        admission: &Admission,
        who: &Who,
        external_id: &ExternalId,
        id: TargetId,
    ) -> Way<Ending> {
        let parts = &self.migrator.parts;
        let found = parts.target.find_external(external_id).await.map_err(|error| self.target_failed(&error))?;
        let Some(found) = found.filter(|found| found.id == id) else {
            // Migrated once and gone from the target: deleted stays deleted.
            let logins: Vec<String> = who.logins.iter().map(|login| parts.keyring.subject(login)).collect();
            let buried = parts.ledger.bury(&who.key, &logins, parts.clock.now()).await;
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
