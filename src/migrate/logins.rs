//! Determines which logins an account may own: those that the source resolves to its customer and nobody else.
//!
//! A record lists what its customer entered, possibly including someone else's email address. If an account owned every
//! listed login, one customer could sign in under another's name, and the other could no longer be migrated. So each
//! login is looked up at the source before the account is created; logins that resolve to someone else are left out and
//! stay free.

use futures_util::future::try_join_all;
use tokio::time::{Instant, timeout_at};

use super::admission::Admission;
use super::ending::{Ending, Flow};
use super::mapping::{Identity, Question};
use super::outcome::{Outcome, Refusal};
use super::step::Step;
use super::visit::Visit;
use crate::ports::{AccountState, DecisionReason, Event, EventKind, Identifier, LegacyKey, PortError, Source};

/// Where the source resolves a login to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolution {
    /// The same customer.
    SameCustomer,
    /// Another customer, several customers, or a record that cannot be read.
    Elsewhere,
    /// No customer.
    Nobody,
}

/// Whether a system that is asked before the customer's own knows a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// One does.
    Known,
    /// None does.
    Unknown,
    /// None does, and the customer's own system does not serve such logins.
    NotServed,
}

/// A login of a record that has to be looked up.
struct Candidate {
    login: Identifier,
    origin: Origin,
}

/// The origin of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The customer typed it: it found the record, though perhaps in another spelling.
    Typed,
    /// The record lists it.
    Listed,
}

impl Candidate {
    fn is_owned(&self, resolution: Resolution) -> bool {
        match (self.origin, resolution) {
            (_, Resolution::SameCustomer) => true,
            // A source that compares spellings exactly finds this customer by the login as typed, and nobody by its
            // canonical form, which is what the account owns.
            (Origin::Typed, Resolution::Nobody) => true,
            (Origin::Typed, Resolution::Elsewhere) | (Origin::Listed, _) => false,
        }
    }
}

impl Visit<'_> {
    /// Removes the logins that the account may not own. By now the password is verified, or none is set, so guessing
    /// cannot put load on the source.
    ///
    /// An outage ends the visit, and so does a record that is left without a login.
    pub(super) async fn keep_own_logins(&mut self, admission: &Admission, identity: &mut Identity) -> Flow<()> {
        if self.legacy.unique_logins && self.cx.systems.is_single() {
            return Ok(());
        }
        let (began, listed) = (Instant::now(), identity.logins.len());
        let (mut owned, candidates) = self.partition(admission, identity);
        let has_candidates = !candidates.is_empty();
        let found = self.resolve_candidates(candidates, &identity.key).await?;
        self.is_contested = found.iter().any(|(_, resolution)| *resolution == Resolution::Elsewhere);
        let own = found.into_iter().filter(|(candidate, resolution)| candidate.is_owned(*resolution));
        owned.extend(own.map(|(candidate, _)| candidate.login.canonical().to_owned()));
        self.left_out = listed - owned.len();
        // Keeps the order of the record.
        identity.logins.retain(|login| owned.contains(login));
        if has_candidates || self.left_out > 0 {
            let source = self.legacy.source.name();
            self.step(&Step::LookedUpLogins { source, left_out: self.left_out, took: began.elapsed() });
        }
        if identity.logins.is_empty() { Err(Ending::of(Outcome::Conflict)) } else { Ok(()) }
    }

    /// A customer who signs in with a login that the account does not own may have changed the account's password since
    /// migrating. If the legacy system refuses the password, the target decides.
    pub(super) async fn or_check_at_target(
        &mut self,
        admission: &Admission,
        identity: &Identity,
        refused: Ending,
    ) -> Ending {
        if !matches!(refused.outcome, Outcome::Refused(Refusal::WrongPassword | Refusal::Unverifiable)) {
            return refused;
        }
        match self.account_of(identity).await {
            Ok(Some(found)) if found.state != AccountState::Pending || self.activates() => {
                match self.check_at_target(admission, &found).await {
                    // A pending account has a password only if it verifies one.
                    Ok(Some(ending)) if found.state == AccountState::Pending && !ending.outcome.is_success() => refused,
                    Ok(Some(ending)) | Err(ending) => ending,
                    // The account has disappeared, so the answer of the legacy system stands.
                    Ok(None) => refused,
                }
            }
            Ok(_) => refused,
            Err(ending) => ending,
        }
    }

    /// The logins known to resolve to the customer, and those to look up. Logins beyond the limit are in neither list.
    fn partition(&self, admission: &Admission, identity: &Identity) -> (Vec<String>, Vec<Candidate>) {
        let typed = &admission.identifier;
        let (mut owned, mut candidates, mut left) = (Vec::new(), Vec::new(), self.cx.lookups);
        for login in &identity.logins {
            let origin = if login == typed.canonical() { Origin::Typed } else { Origin::Listed };
            match origin {
                Origin::Typed if typed.typed() == typed.canonical() && !self.skipped_earlier(typed) => {
                    owned.push(login.clone());
                    continue;
                }
                Origin::Listed if left == 0 => continue,
                Origin::Listed => left -= 1,
                Origin::Typed => {}
            }
            // The text is already canonical, so this succeeds; if it does not, the login is left out.
            candidates.extend(self.cx.identifiers.canonical(login).ok().map(|login| Candidate { login, origin }));
        }
        (owned, candidates)
    }

    /// Whether a system that comes earlier was not asked because of the tenant.
    fn skipped_earlier(&self, login: &Identifier) -> bool {
        let own = self.legacy.source.name();
        let mut earlier = self.cx.systems.of(login).into_iter().take_while(|system| system.source.name() != own);
        earlier.any(|system| !self.is_asked(system))
    }

    /// Looks up the logins concurrently.
    async fn resolve_candidates(
        &self,
        candidates: Vec<Candidate>,
        key: &LegacyKey,
    ) -> Flow<Vec<(Candidate, Resolution)>> {
        let lookups = try_join_all(candidates.iter().map(|candidate| self.resolve(&candidate.login, key)));
        let found = timeout_at(self.deadline, lookups).await;
        let found = match found {
            Ok(found) => found.map_err(|error| self.legacy_failed(&error))?,
            Err(_) => return Err(Ending::of(Outcome::LegacyUnavailable)),
        };
        Ok(candidates.into_iter().zip(found).collect())
    }

    /// Looks up a login: a login that a system asked earlier knows leads there.
    pub(super) async fn resolve(&self, login: &Identifier, key: &LegacyKey) -> Result<Resolution, PortError> {
        match self.resolve_earlier(login).await? {
            Earlier::Known => Ok(Resolution::Elsewhere),
            Earlier::Unknown => self.resolve_at_system(login, key).await,
            Earlier::NotServed => Ok(Resolution::Nobody),
        }
    }

    /// Looks up a login at the systems that are asked before the customer's own.
    pub(super) async fn resolve_earlier(&self, login: &Identifier) -> Result<Earlier, PortError> {
        for system in self.cx.systems.of(login) {
            if system.source.name() == self.legacy.source.name() {
                return Ok(Earlier::Unknown);
            }
            let source = system.source.without_parts().unwrap_or(&*system.source);
            match source.fetch(self.call(), login).await {
                Ok(None) => {}
                Ok(Some(_)) => return Ok(Earlier::Known),
                Err(error) if error.is_about_one_record() => return Ok(Earlier::Known),
                Err(error) => return Err(error),
            }
        }
        Ok(Earlier::NotServed)
    }

    /// Looks up a login at the source. Parts of records from elsewhere are fetched only if the rules need them to tell whose
    /// the record is.
    async fn resolve_at_system(&self, login: &Identifier, key: &LegacyKey) -> Result<Resolution, PortError> {
        let source = &*self.legacy.source;
        if let Some(bare) = source.without_parts()
            && let Some(resolution) = self.resolve_at(bare, login, key).await?
        {
            return Ok(resolution);
        }
        Ok(self.resolve_at(source, login, key).await?.unwrap_or(Resolution::Elsewhere))
    }

    /// Looks up a login; `None` if the rules cannot tell whose the record is.
    async fn resolve_at(
        &self,
        source: &dyn Source,
        login: &Identifier,
        key: &LegacyKey,
    ) -> Result<Option<Resolution>, PortError> {
        let record = match source.fetch(self.call(), login).await {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(Some(Resolution::Nobody)),
            Err(error) if error.is_about_one_record() => return Ok(Some(Resolution::Elsewhere)),
            Err(error) => return Err(error),
        };
        // With the facts of a login by that name.
        let mut run = self.run.clone();
        run.facts.identifier = Some(login.typed().to_owned());
        let question = Question {
            rules: &self.rules,
            source: self.legacy.source.name(),
            identifier: login,
            identifiers: &self.cx.identifiers,
            settings: &run,
            keyring: &self.cx.records.keyring,
        };
        let found = question.identity(&record).ok();
        Ok(found.map(|found| if found.key == *key { Resolution::SameCustomer } else { Resolution::Elsewhere }))
    }

    /// The reason of a decision: that of its outcome, or that an account was created without a login of its record.
    pub(super) fn reason_of(&self, outcome: &Outcome) -> DecisionReason {
        match outcome {
            Outcome::Migrated | Outcome::MigratedMustChangePassword => self.left_out_reason(),
            outcome => outcome.reason(),
        }
    }

    /// The reason for an account that is being created: whether it owns all logins of its record.
    pub(super) fn left_out_reason(&self) -> DecisionReason {
        if self.left_out > 0 { DecisionReason::LoginLeftOut } else { DecisionReason::None }
    }

    /// The event for the operator when an account was created without a login of its record.
    pub(super) fn left_out_event(&self, ending: &Ending) -> Option<Event> {
        let is_created = matches!(
            ending.outcome,
            Outcome::Migrated | Outcome::MigratedMustChangePassword | Outcome::MigratedWithoutPassword
        );
        let account = ending.account.as_ref().map(|(id, _)| id);
        let reason = self.left_out_reason();
        let is_left_out = is_created && reason == DecisionReason::LoginLeftOut;
        if is_left_out { self.event(EventKind::NeedsAction, reason.name(), account) } else { None }
    }
}
