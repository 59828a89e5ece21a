//! The steps of a sign-in: ask the target, fetch, count, verify, map, create.

use tokio::time::{Instant, timeout_at};

use super::admission::Admission;
use super::create::Newcomer;
use super::ending::{Ending, Flow};
use super::mapping::{Draft, Identity, Mapped, Question, Standing};
use super::outcome::{Outcome, Refusal};
use super::step::{Known, Step};
use super::systems::{AfterMismatch, LegacySystem};
use super::visit::Visit;
use crate::ports::{
    AccountLookup, AccountState, Authenticated, Authentication, Found, HookInput, HookPoint, Members, PasswordChange,
    PasswordCheck, PortError, PortErrorKind, Record,
};

impl Visit<'_> {
    /// Runs a sign-in to its end.
    pub(super) async fn sign_in(&mut self, admission: &Admission) -> Ending {
        // Logins of one customer wait for each other, so that a burst of guesses is not verified before the first one
        // counts.
        let subject = self.subject.clone();
        let permit = timeout_at(self.deadline, self.cx.limits.customers.acquire(&subject)).await;
        if permit.is_err() {
            return Ending::of(Outcome::Overloaded);
        }
        match self.try_sign_in(admission).await {
            Ok(ending) | Err(ending) => ending,
        }
    }

    async fn try_sign_in(&mut self, admission: &Admission) -> Flow<Ending> {
        self.check_attempts(admission.network).await?;
        let mut gone = None;
        loop {
            match self.find_account(admission).await? {
                // The ledger still names the account that the target does not have.
                Some(found) if gone.as_ref() == Some(&found.id) => return Err(Ending::refused(Refusal::Missing)),
                Some(found) if found.state != AccountState::Pending => {
                    if let Some(ending) = self.authenticate(admission, &found).await? {
                        return Ok(ending);
                    }
                    gone = (self.cx.accounts.lookup() == AccountLookup::ExternalId).then_some(found.id);
                }
                _ => return self.migrate(admission).await,
            }
            // The account disappeared between lookup and check: it was deleted, or its migration is being undone.
            if Instant::now() >= self.deadline {
                return Err(Ending::of(Outcome::Overloaded));
            }
        }
    }

    /// Looks up the account at the target, or in the ledger if the target does not find accounts by login.
    pub(super) async fn find_account(&mut self, admission: &Admission) -> Flow<Option<Found>> {
        let began = Instant::now();
        let found = match self.cx.accounts.lookup() {
            AccountLookup::Login => {
                let found = self.cx.accounts.target.find(self.call(), &admission.identifier).await;
                found.map_err(|error| self.target_failed(&error))?
            }
            AccountLookup::ExternalId => {
                let entry = self.cx.records.ledger.migrated(&self.subject).await;
                let entry = entry.map_err(|error| self.ledger_failed(&error))?;
                entry.filter(|entry| !self.was_overtaken(entry)).and_then(|entry| entry.found())
            }
        };
        let known = if found.is_some() { Known::Yes } else { Known::No };
        self.step(&Step::Looked { known, took: began.elapsed() });
        Ok(found)
    }

    /// The account of a customer, as the target or the ledger knows it.
    pub(super) async fn account_of(&self, identity: &Identity) -> Flow<Option<Found>> {
        match self.cx.accounts.lookup() {
            AccountLookup::Login => {
                let found = self.cx.accounts.target.find_external(self.call(), &identity.external_id).await;
                found.map_err(|error| self.target_failed(&error))
            }
            AccountLookup::ExternalId => {
                let entry = self.cx.records.ledger.entry(&identity.key).await;
                Ok(entry.map_err(|error| self.ledger_failed(&error))?.and_then(|entry| entry.found()))
            }
        }
    }

    /// The target has the account, so it alone decides. Returns `None` if the account has disappeared since.
    pub(super) async fn authenticate(&mut self, admission: &Admission, found: &Found) -> Flow<Option<Ending>> {
        self.reserve(Some(found.customer())).await?;
        self.check_at_target(admission, found).await
    }

    /// Checks the password against the account at the target. Returns `None` if the account no longer exists.
    pub(super) async fn check_at_target(&mut self, admission: &Admission, found: &Found) -> Flow<Option<Ending>> {
        let began = Instant::now();
        let target = &self.cx.accounts.target;
        if self.verifies_nothing() {
            let account = Some((found.id.clone(), found.external_id.clone()));
            return Ok(Some(Ending { account, ..Ending::refused(Refusal::AlreadyMigrated) }));
        }
        let answer = target.authenticate(self.call(), &found.id, &admission.password).await;
        let Authenticated { verdict, work } = answer.map_err(|error| self.target_failed(&error))?;
        self.note_target_work(work);
        if verdict == Authentication::Mismatch {
            self.note_mismatch();
        }
        self.step(&Step::Authenticated { verdict, took: began.elapsed() });
        let account = Some((found.id.clone(), found.external_id.clone()));
        let refused = |refusal| Ending { account: account.clone(), ..Ending::refused(refusal) };
        let state = match found.state {
            AccountState::Pending if self.activates() => AccountState::Active,
            state => state,
        };
        Ok(Some(match (verdict, state) {
            (Authentication::Gone, _) => return Ok(None),
            (Authentication::Verified(change), AccountState::Active) => {
                self.verified();
                self.profile_of_account(found).await?;
                Ending { account, change, ..Ending::of(Outcome::Authenticated) }
            }
            (_, AccountState::Disabled) => refused(Refusal::Disabled),
            (_, AccountState::Pending) => refused(Refusal::Pending),
            (Authentication::Mismatch, _) => refused(Refusal::WrongPasswordAtTarget),
            (Authentication::Unusable, _) => refused(Refusal::Disabled),
        }))
    }

    /// Whether a password that the target verifies shows that a pending account has got one there: the ledger alone calls it
    /// pending, and learns of it by the decision.
    pub(super) fn activates(&self) -> bool {
        let target = self.cx.accounts.target.capabilities();
        target.lookup == AccountLookup::ExternalId && target.password == PasswordCheck::Api
    }

    /// The target does not have the account yet, or has it without a password, so the legacy system is asked.
    async fn migrate(&mut self, admission: &Admission) -> Flow<Ending> {
        // Nothing before the first write may outlast the deadline; writes that have begun are not interrupted.
        let deadline = self.deadline;
        let prepared = timeout_at(deadline, self.prepare(admission)).await;
        let newcomer = prepared.unwrap_or_else(|_| Err(Ending::of(Outcome::LegacyUnavailable)))?;
        self.create(admission, &newcomer).await
    }

    /// Asks the legacy systems in their order: each one if those before it do not know the customer.
    async fn prepare(&mut self, admission: &Admission) -> Flow<Newcomer> {
        let mut ending = Ending::refused(Refusal::Unknown);
        for system in self.systems(&admission.identifier) {
            self.turn_to(system);
            match self.prepare_from_system(admission).await {
                Err(unknown) if unknown.is_unknown() => {}
                Err(refused) if self.may_ask_on() && is_asked_on(system, &refused) => ending = refused,
                prepared => return prepared,
            }
        }
        if ending.is_unknown() {
            self.reserve(None).await?;
        }
        Err(ending)
    }

    /// Whether further legacy systems may know the customer better than the first one that does. An identity provider that has
    /// the account of that customer already would give it to another one.
    fn may_ask_on(&self) -> bool {
        !self.handover.is_some_and(|handover| handover.knows_account)
    }

    /// Fetches, verifies and maps. Writes nothing. A customer who is not known is not counted.
    async fn prepare_from_system(&mut self, admission: &Admission) -> Flow<Newcomer> {
        let (mut identity, record, fetched_at) = match self.fetch_from_system(admission).await {
            Ok(fetched) => fetched,
            // An outage is never counted. An unreadable record is a definite answer.
            Err(ending) if ending.outcome.is_temporary() || ending.is_unknown() => return Err(ending),
            Err(ending) => {
                self.reserve(None).await?;
                return Err(ending);
            }
        };
        self.reserve(Some(&identity.external_id.0)).await?;
        let lossy = match self.verify(admission, &identity, &record).await {
            Ok(lossy) => lossy,
            Err(refused) if refused.outcome == Outcome::Refused(Refusal::Unverifiable) => {
                let refused = self.unless_lacking(admission, &record, refused);
                return Err(self.or_check_at_target(admission, &identity, refused).await);
            }
            Err(refused) => return Err(self.or_check_at_target(admission, &identity, refused).await),
        };
        let verified_at = self.cx.records.now();
        let mut draft = self.map(admission, &identity, &record)?;
        if lossy == PasswordChange::Required {
            draft.change = PasswordChange::Required;
        }
        self.keep_own_logins(admission, &mut identity).await?;
        self.unverify_contested(&mut draft);
        Ok(Newcomer { identity, record, draft, fetched_at, verified_at: Some(verified_at) })
    }

    /// Fetches the record from the first legacy system that knows the customer, and identifies the customer.
    pub(super) async fn fetch(&mut self, admission: &Admission) -> Flow<(Identity, Record, jiff::Timestamp)> {
        for system in self.systems(&admission.identifier) {
            self.turn_to(system);
            match self.fetch_from_system(admission).await {
                Err(ending) if ending.is_unknown() => {}
                fetched => return fetched,
            }
        }
        Err(Ending::refused(Refusal::Unknown))
    }

    /// Fetches the record and identifies the customer.
    async fn fetch_from_system(&mut self, admission: &Admission) -> Flow<(Identity, Record, jiff::Timestamp)> {
        let identifier = admission.identifier.canonical();
        self.hook(HookPoint::BeforeFetch, HookInput { identifier, ..HookInput::default() })?;
        self.note_source_query();
        let (began, source) = (Instant::now(), &self.legacy.source);
        let record = source.fetch(self.call(), &admission.identifier).await;
        let record = record.map_err(|error| self.legacy_failed(&error))?;
        let known = if record.is_some() { Known::Yes } else { Known::No };
        self.step(&Step::Fetched { source: source.name(), known, took: began.elapsed() });
        let record = record.ok_or_else(|| Ending::refused(Refusal::Unknown))?;
        self.keep_sample(&record);
        let fetched_at = self.cx.records.now();
        let input = HookInput { identifier, record: Some(record.json()), ..HookInput::default() };
        self.hook(HookPoint::AfterFetch, input)?;
        self.note_rules_run();
        let rules = std::sync::Arc::clone(&self.rules);
        let identity = self.question(&rules, admission).identity(&record).map_err(|invalid| {
            self.step(&Step::Invalid { reasons: &invalid.0 });
            self.unless_lacking(admission, &record, Ending::of(Outcome::InvalidRecord))
        })?;
        self.customer = Some(identity.customer.clone());
        Ok((identity, record, fetched_at))
    }

    /// The end of a customer whose record is not enough, unless that is so for everybody: where all records have the same
    /// members, one that the rules need and that is missing was dropped from a table or from a query.
    fn unless_lacking(&self, admission: &Admission, record: &Record, ending: Ending) -> Ending {
        let source = &self.legacy.source;
        if source.members() == Members::Differ {
            return ending;
        }
        let rules = std::sync::Arc::clone(&self.rules);
        let question = self.question(&rules, admission);
        let Some(part) = question.lacking(record) else { return ending };
        let error = PortError::new(PortErrorKind::Misconfigured, source.name(), "fetch");
        self.legacy_failed(&error.because(format!("the records have no member that `{part}` reads")))
    }

    fn question<'a>(&'a self, rules: &'a super::rules::RuleSet, admission: &'a Admission) -> Question<'a> {
        Question {
            rules,
            source: self.legacy.source.name(),
            identifier: &admission.identifier,
            identifiers: &self.cx.identifiers,
            settings: &self.run,
            keyring: &self.cx.records.keyring,
        }
    }

    /// Maps the record to an account. Customers who are disabled or locked in the legacy system stay so.
    pub(super) fn map(&mut self, admission: &Admission, identity: &Identity, record: &Record) -> Flow<Draft> {
        let began = Instant::now();
        let rules = std::sync::Arc::clone(&self.rules);
        let mapped = self.question(&rules, admission).map(record, identity);
        let draft = match mapped {
            Mapped::Account(draft) => draft,
            Mapped::Denied(key) => return Err(Ending::of(Outcome::DeniedByRule(key))),
            Mapped::Invalid(invalid) => {
                self.step(&Step::Invalid { reasons: &invalid.0 });
                return Err(Ending::of(Outcome::InvalidRecord));
            }
        };
        self.step(&Step::Mapped { warnings: &draft.warnings, took: began.elapsed() });
        match draft.standing {
            Standing::Good => Ok(draft),
            Standing::Disabled => Err(Ending::refused(Refusal::Disabled)),
            Standing::Locked => Err(Ending::refused(Refusal::Locked)),
        }
    }
}

/// Whether the next legacy system is asked although this one knows the customer.
fn is_asked_on(system: &LegacySystem, refused: &Ending) -> bool {
    system.after_mismatch == AfterMismatch::AskNext && refused.outcome == Outcome::Refused(Refusal::WrongPassword)
}
