//! Hands a customer over to an identity provider that asks at its own login: the provider stores the account and the
//! password, so handing over is the creation.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::time::timeout_at;
use zeroize::Zeroizing;

use super::admission::Admission;
use super::close::RETRY_AFTER;
use super::ending::{Ending, Flow};
use super::login::{Answer, Login, Migrator};
use super::mapping::Draft;
use super::mapping::Identity;
use super::outcome::{Outcome, Refusal};
use super::step::Step;
use super::visit::Visit;
use crate::model::Password;
use crate::password::{Credential, parse};
use crate::ports::{
    AccountLookup, AccountState, Decision, DecisionOutcome, DecisionReason, Entry, EntryState, ExternalId, Found,
    LegacyKey, Operation, PasswordChange, StoredAccount, TargetId,
};

/// Who writes the account of a customer who is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The identity provider that asks, from our answer. The target is never asked.
    Caller,
    /// The target, as in every login.
    Target,
}

/// How a customer is handed over.
#[derive(Clone)]
pub struct Handover {
    /// Who writes the account.
    pub writer: Writer,
    /// The name of the provider, such as the path of its bridge: only the one that a customer was handed to may ask again.
    /// Empty for a single one.
    pub provider: String,
    /// The external id of the customer whose account the provider has, if it says it. Nobody else is handed over.
    pub customer: Option<String>,
    /// Whether the provider has the account, or its profile from another answer, when it asks for the verdict on the password.
    /// The verdict is about the customer whom the first legacy system that knows the identifier has: no other one is asked
    /// after a wrong password.
    pub knows_account: bool,
    /// Makes the profile that the provider stores; `None` if it takes none.
    pub profiles: Option<Arc<dyn Profiles>>,
    /// How long the provider may ask again for a customer who was handed over, and the legacy system still verifies the
    /// password. After that, the customer is refused.
    pub repeat: Duration,
    /// What else the provider says in its request, for the rules that make the profile: `$facts.added.NAME`.
    pub facts: Map<String, Value>,
    /// How long the whole login may take, in place of [`MigratorSettings::deadline`](super::MigratorSettings::deadline).
    pub deadline: Duration,
}

/// What stands between the external id and the provider in the id of an account that a provider writes.
const AT: char = '@';

impl Handover {
    /// The id in the ledger of the account that the provider writes.
    pub(super) fn account(&self, external_id: &ExternalId) -> TargetId {
        let provider = &self.provider;
        TargetId(if provider.is_empty() { external_id.0.clone() } else { format!("{}{AT}{provider}", external_id.0) })
    }

    /// Whether a customer was handed to another provider. Accounts that were created before have an id of the provider's own.
    fn is_anothers(&self, entry: &Entry) -> bool {
        let account = entry.account.as_ref().and_then(|id| id.0.strip_prefix(&entry.external_id.0));
        self.writer == Writer::Caller
            && account.and_then(|rest| rest.strip_prefix(AT)).is_some_and(|provider| provider != self.provider)
    }
}

/// Never shows a profile.
impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").field("writer", &self.writer).finish_non_exhaustive()
    }
}

/// Makes what an identity provider stores from an account.
pub trait Profiles: Send + Sync {
    /// The profile of a customer, as JSON text. `facts` is what the provider says in its request.
    ///
    /// # Errors
    /// Why there is none, in one sentence without values.
    fn profile(&self, customer: &Customer<'_>, facts: &Map<String, Value>) -> Result<Zeroizing<String>, String>;
}

/// A customer to make a profile for.
#[derive(Clone, Copy)]
pub struct Customer<'a> {
    /// The id under which the customer is created.
    pub external_id: &'a ExternalId,
    /// The legacy customer, if the account was migrated.
    pub legacy: Option<&'a LegacyKey>,
    /// The canonical logins, without duplicates.
    pub logins: &'a [String],
    /// The claims: the JSON text of an account that conforms to the schema of the rules.
    pub claims: &'a str,
    /// Whether the password must be changed.
    pub change: PasswordChange,
    /// The identifier as the customer typed it at the identity provider that asks.
    pub typed: Option<&'a str>,
}

/// Never shows values.
impl fmt::Debug for Customer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customer").field("external_id", self.external_id).finish_non_exhaustive()
    }
}

/// The profile of a customer, as JSON text.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile(pub Zeroizing<String>);

/// Never shows the profile.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(***)")
    }
}

/// The answer to an identity provider that asks for a profile without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileAnswer {
    /// The customer is known.
    Known(Profile),
    /// Nobody is known by the identifier, or the customer may not be handed over.
    Unknown,
    /// Temporarily unknown.
    Unavailable(Duration),
}

impl Migrator {
    /// Signs a customer in at an identity provider that asks. The profile is there if the customer is signed in and
    /// [`Handover::profiles`] makes one.
    pub async fn hand_over(&self, login: Login, handover: &Handover) -> (Answer, Option<Profile>) {
        self.run(login, Some(handover)).await
    }

    /// The profile of a customer, for an identity provider that asks for it without a password: before it asks for the
    /// verdict on one, or because the password was forgotten. Nobody is handed over by it; it contains no hash. Customers
    /// who are disabled or locked in the legacy system, denied by the rules, or handed over before are not known. A password
    /// whose stored hash ignores part of it must be changed: whether it was verified in full is known only afterwards.
    pub async fn profile(
        &self,
        request_id: &str,
        identifier: &str,
        network: Option<IpAddr>,
        tenant: Option<String>,
        handover: &Handover,
    ) -> ProfileAnswer {
        let mut visit = Visit::begin(&self.cx, Operation::Profile, request_id.to_owned());
        visit.turn_to_handover(Some(handover));
        visit.turn_to_tenant(tenant);
        let found = visit.find_profile(identifier, network).await;
        // why nobody is known is for the audit alone
        let reason = found.as_ref().err().map_or(DecisionReason::None, |ending| match ending.outcome {
            Outcome::Refused(Refusal::Unknown) => DecisionReason::None,
            ref outcome => outcome.reason(),
        });
        let (answer, outcome) = match (found, visit.profile.take()) {
            (Ok(()), Some(profile)) => (ProfileAnswer::Known(profile), DecisionOutcome::Known),
            (Ok(()), None) => (ProfileAnswer::Unknown, DecisionOutcome::Unknown),
            (Err(ending), _) if ending.outcome.is_temporary() => {
                (ProfileAnswer::Unavailable(RETRY_AFTER), ending.outcome.decided())
            }
            (Err(ending), _) => {
                let outcome = if ending.is_unknown() { DecisionOutcome::Unknown } else { ending.outcome.decided() };
                (ProfileAnswer::Unknown, outcome)
            }
        };
        let decision =
            Decision { settled: visit.settled_at_operation(outcome), ..visit.new_decision(outcome, reason, None) };
        if self.cx.records.ledger.decide(&decision, &[]).await.is_err() {
            return ProfileAnswer::Unavailable(RETRY_AFTER);
        }
        visit.counting.settle();
        // Providers that ask for the profile first refuse those who have none. They are told at the time at which a wrong
        // password is refused, so that a login page does not show by its speed who is a customer.
        match answer {
            ProfileAnswer::Unknown => match visit.delay_refusal(Ending::refused(Refusal::Unknown)).await.outcome {
                Outcome::Overloaded => ProfileAnswer::Unavailable(RETRY_AFTER),
                _ => ProfileAnswer::Unknown,
            },
            answer => answer,
        }
    }
}

impl<'m> Visit<'m> {
    /// Serves an identity provider that asks, if there is one.
    pub(super) fn turn_to_handover(&mut self, handover: Option<&'m Handover>) {
        if let Some(handover) = handover {
            self.deadline = self.started + handover.deadline;
        }
        self.handover = handover;
    }
}

impl Visit<'_> {
    /// Whether the caller writes the account, so that the target is not asked.
    pub(super) fn caller_writes(&self) -> bool {
        self.handover.is_some_and(|handover| handover.writer == Writer::Caller)
    }

    /// Whether passwords of migrated customers live where nothing verifies them for us.
    pub(super) fn verifies_nothing(&self) -> bool {
        self.caller_writes() || self.cx.accounts.verifies_nothing()
    }

    /// Whether a migration was completed while this login was in progress, as by a second login at the same time, or its
    /// password was verified so recently that the same identity provider may be asking again. Then the legacy system verifies
    /// the password, which counted when this login began. Only for accounts whose passwords live where nothing verifies them
    /// for us.
    ///
    /// When an interrupted migration was settled says nothing about repeats: the customer may have another password by then.
    pub(super) fn was_overtaken(&self, entry: &Entry) -> bool {
        let Some(verified_at) = entry.verified_at.filter(|_| self.verifies_nothing()) else { return false };
        if self.handover.is_some_and(|handover| handover.is_anothers(entry)) {
            return false;
        }
        let repeat = self.handover.filter(|_| self.caller_writes()).map(|handover| handover.repeat).unwrap_or_default();
        let since = self.started_at.checked_sub(repeat).unwrap_or(Timestamp::MIN);
        // a later time was written by a clock that was ahead, and would count until it has come
        let until = self.cx.records.now().checked_add(repeat + self.cx.records.lease).unwrap_or(Timestamp::MAX);
        let was_completed = entry.done_at.is_some_and(|done_at| (self.started_at..=until).contains(&done_at));
        was_completed || (since..=until).contains(&verified_at)
    }

    /// A provider takes an address of the profile as a login. If one of the record's logins belongs to somebody else, nothing of
    /// the profile is verified.
    pub(super) fn unverify_contested(&self, draft: &mut Draft) {
        if self.is_contested && self.caller_writes() {
            draft.unverify();
        }
    }

    /// Makes the profile of a customer, if the identity provider that asks takes one.
    pub(super) fn make_profile(&mut self, customer: &Customer<'_>) -> Flow<()> {
        let Some(handover) = self.handover else { return Ok(()) };
        if handover.customer.as_ref().is_some_and(|wanted| *wanted != customer.external_id.0) {
            return Err(Ending::of(Outcome::Conflict));
        }
        let Some(profiles) = handover.profiles.as_ref() else { return Ok(()) };
        let typed = self.run.facts.identifier.as_deref();
        match profiles.profile(&Customer { typed, ..*customer }, &handover.facts) {
            Ok(profile) => {
                self.profile = Some(Profile(profile));
                Ok(())
            }
            Err(reason) => {
                self.step(&Step::Invalid { reasons: &[format!("profile: {reason}")] });
                Err(Ending::of(Outcome::InvalidRecord))
            }
        }
    }

    /// Makes the profile of a customer who has an account, from what the target has stored. Accounts that a caller has
    /// written are not there.
    pub(super) async fn profile_of_account(&mut self, found: &Found) -> Flow<()> {
        let wants = self.handover.is_some_and(|handover| handover.profiles.is_some());
        if !wants || self.profile.is_some() || self.cx.accounts.lookup() != AccountLookup::Login {
            return Ok(());
        }
        let stored = self.cx.accounts.target.read(self.call(), &found.id).await;
        // The account has been deleted meanwhile.
        let stored = stored.map_err(|error| self.target_failed(&error))?;
        let StoredAccount { legacy, logins, claims, change, .. } =
            stored.ok_or_else(|| Ending::refused(Refusal::Missing))?;
        let external_id = found.external_id.clone().unwrap_or_else(|| ExternalId(found.id.0.clone()));
        self.make_profile(&Customer {
            external_id: &external_id,
            legacy: legacy.as_ref(),
            logins: &logins,
            claims: &claims,
            change,
            typed: None,
        })
    }

    async fn find_profile(&mut self, identifier: &str, network: Option<IpAddr>) -> Flow<()> {
        let identifier = self.identify(identifier)?;
        let password = Password::new(Vec::new()).map(Arc::new).map_err(|_| Ending::refused(Refusal::Malformed))?;
        let admission = Admission { identifier, password, network };
        self.reserve_network(network).await?;
        match self.find_account(&admission).await? {
            Some(found) if found.state == AccountState::Disabled => return Err(Ending::refused(Refusal::Disabled)),
            Some(found) if found.state == AccountState::Active => return self.profile_of_account(&found).await,
            _ => {}
        }
        let deadline = self.deadline;
        let fetched = timeout_at(deadline, self.fetch(&admission)).await;
        let (mut identity, record, _) = fetched.unwrap_or_else(|_| Err(Ending::of(Outcome::LegacyUnavailable)))?;
        if self.is_handed_over(&identity.key).await? {
            return Err(Ending::refused(Refusal::AlreadyMigrated));
        }
        let mut draft = self.map(&admission, &identity, &record)?;
        self.keep_own_logins(&admission, &mut identity).await?;
        self.unverify_contested(&mut draft);
        self.check_claimable(&identity).await?;
        // Which passwords match is known too late for the profile; an unknown is never "verified".
        let may_be_lossy = identity.credential.as_ref().is_some_and(ignores_part);
        let customer = Customer {
            external_id: &identity.external_id,
            legacy: Some(&identity.key),
            logins: &identity.logins,
            claims: &draft.claims,
            change: if may_be_lossy { PasswordChange::Required } else { draft.change },
            typed: None,
        };
        self.make_profile(&customer)
    }

    /// Whether a customer was handed over, however the login is spelled, or was deleted.
    async fn is_handed_over(&self, key: &LegacyKey) -> Flow<bool> {
        let entry = self.cx.records.ledger.entry(key).await.map_err(|error| self.ledger_failed(&error))?;
        Ok(entry.is_some_and(|entry| match entry.state {
            EntryState::Buried => true,
            _ => {
                let has_account = entry.found().is_some_and(|found| found.state != AccountState::Pending);
                has_account && !self.was_overtaken(&entry)
            }
        }))
    }

    /// Refuses a customer whom a login could not claim because of the logins: one was buried with its customer, or belongs to
    /// another customer who was migrated.
    async fn check_claimable(&self, identity: &Identity) -> Flow<()> {
        let ledger = &self.cx.records.ledger;
        for login in &identity.logins {
            let subject = self.cx.records.keyring.subject(login);
            if ledger.buried(&subject).await.map_err(|error| self.ledger_failed(&error))?.is_some() {
                return Err(Ending::refused(Refusal::Deleted));
            }
            let owner = ledger.migrated(&subject).await.map_err(|error| self.ledger_failed(&error))?;
            if owner.is_some_and(|owner| owner.key != identity.key) {
                return Err(Ending::of(Outcome::Conflict));
            }
        }
        Ok(())
    }
}

/// Whether a stored hash ignores part of ordinary passwords. One that cannot be read verifies none.
fn ignores_part(credential: &Credential) -> bool {
    parse(credential).is_ok_and(|parsed| parsed.ignores_part())
}
