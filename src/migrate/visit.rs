//! One customer's visit: what is known so far, what was computed for it, and how it ends in the same way for everybody
//! who is refused.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use zeroize::Zeroizing;

use super::attempts::Counting;
use super::login::{Answer, Login, Migrator};
use super::outcome::{Outcome, Refusal};
use super::rules::RuleSet;
use super::step::Step;
use crate::engine::run::{Facts, Settings};
use crate::model::Password;
use crate::ports::Identifier;
use crate::ports::{Call, PasswordCheck, Work};
use crate::ports::{Decision, Operation};
use crate::ports::{Event, EventKind};
use crate::ports::{ExternalId, PasswordChange, TargetId};
use crate::ports::{HookAnswer, HookInput, HookPoint};
use crate::ports::{PortError, PortErrorKind};

/// A step of a visit: its result, or an early end.
pub(super) type Flow<T> = Result<T, Ending>;

/// The end of a visit.
#[derive(Debug)]
pub(super) struct Ending {
    pub outcome: Outcome,
    pub account: Option<(TargetId, Option<ExternalId>)>,
    pub change: PasswordChange,
    /// Whether the ledger already has the decision.
    pub recorded: Recorded,
}

/// Whether a decision is in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    Yes,
    No,
}

impl Ending {
    pub(super) fn of(outcome: Outcome) -> Self {
        Self { outcome, account: None, change: PasswordChange::Optional, recorded: Recorded::No }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self::of(Outcome::Refused(refusal))
    }
}

/// A customer whose input is well-formed.
pub(super) struct Admission {
    pub identifier: Identifier,
    pub password: Arc<Password>,
    pub network: Option<IpAddr>,
}

/// What is known so far.
pub(super) struct Visit<'m> {
    pub migrator: &'m Migrator,
    pub request_id: String,
    pub rules: Arc<RuleSet>,
    /// What the rules run with: their parameters and limits, and the facts of this request.
    pub run: Settings,
    pub deadline: Instant,
    operation: Operation,
    started: Instant,
    subject: String,
    pub customer: Option<String>,
    queried_source: Option<String>,
    used_rules: Option<String>,
    /// What was counted, and what is in flight.
    pub counting: Counting,
    verified: PasswordVerified,
    hashes: Hashes,
    password: Option<Arc<Password>>,
    pub tags: Vec<String>,
    /// The number of logins of the record that its account does not own.
    pub left_out: usize,
}

/// Whether the presented password was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PasswordVerified {
    Yes,
    No,
}

/// How long the hashes of this visit took, real or decoy; `None` for a hash that was not computed.
#[derive(Debug, Default)]
struct Hashes {
    legacy: Option<Duration>,
    target: Option<Duration>,
}

impl<'m> Visit<'m> {
    pub(super) fn begin(migrator: &'m Migrator, operation: Operation, request_id: String) -> Self {
        let (parts, settings) = (&migrator.parts, &migrator.settings);
        let started = Instant::now();
        let rules = parts.rules.current();
        let now = Some(parts.clock.now().to_string());
        let facts = Facts { now, tenant: settings.tenant.clone(), ..Facts::default() };
        let run = Settings { facts, ..rules.settings().clone() };
        Self {
            migrator,
            request_id,
            rules,
            run,
            deadline: started + settings.deadline,
            operation,
            started,
            subject: String::new(),
            customer: None,
            queried_source: None,
            used_rules: None,
            counting: Counting::default(),
            verified: PasswordVerified::No,
            hashes: Hashes::default(),
            password: None,
            tags: Vec::new(),
            left_out: 0,
        }
    }

    /// Normalises the identifier and checks the form of the password. Uses no port.
    pub(super) fn admit(
        &mut self,
        identifier: &str,
        password: Zeroizing<Vec<u8>>,
        network: Option<IpAddr>,
    ) -> Result<Admission, Zeroizing<Vec<u8>>> {
        let Ok(identifier) = self.identify(identifier) else { return Err(password) };
        let Some(acceptable) = acceptable_password(&password) else { return Err(password) };
        self.password = Some(Arc::clone(&acceptable));
        Ok(Admission { identifier, password: acceptable, network })
    }

    /// The canonical identifier; from here on the visit has a subject.
    pub(super) fn identify(&mut self, typed: &str) -> Flow<Identifier> {
        let parts = &self.migrator.parts;
        match self.migrator.settings.identifiers.canonical(typed) {
            Ok(identifier) => {
                self.subject = parts.keyring.subject(identifier.canonical());
                self.run.facts.identifier = Some(identifier.typed().to_owned());
                Ok(identifier)
            }
            Err(_) => {
                self.subject = parts.keyring.subject("");
                Err(Ending::refused(Refusal::Malformed))
            }
        }
    }

    /// Takes a customer whose input is malformed through the same steps as everybody else.
    pub(super) fn malformed(&mut self, password: &[u8]) -> Ending {
        let presented = password.get(..password.len().min(Login::MAX_PASSWORD_BYTES)).unwrap_or_default();
        self.password = Password::new(presented.to_vec()).ok().map(Arc::new);
        Ending::refused(Refusal::Malformed)
    }

    pub(super) fn step(&self, step: &Step<'_>) {
        self.migrator.parts.observer.step(&self.request_id, step);
    }

    /// The key under which attempts on the identifier are counted.
    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// The circumstances of a call to a port within this visit.
    pub(super) fn call(&self) -> Call<'_> {
        Call { deadline: self.deadline, request_id: &self.request_id }
    }

    /// Notes what the verifier did.
    pub(super) fn note_legacy_work(&mut self, work: Work) {
        if let Work::Hash(took) = work {
            self.hashes.legacy = Some(took);
        }
    }

    /// Notes what the target did.
    pub(super) fn note_target_work(&mut self, work: Work) {
        if let Work::Hash(took) = work {
            self.hashes.target = Some(took);
        }
    }

    /// Reports to the operator that a stored hash costs too much.
    pub(super) fn too_expensive(&self, why: &str) {
        let adapter = self.migrator.parts.verifier.name();
        self.step(&Step::Failed { adapter, operation: "verify", kind: "cost_refused", detail: why });
    }

    /// Notes that the legacy system was queried.
    pub(super) fn note_source_query(&mut self) {
        self.queried_source = Some(self.migrator.parts.source.name().to_owned());
    }

    /// Notes that the rules ran.
    pub(super) fn note_rules_run(&mut self) {
        self.used_rules = Some(self.rules.hash().to_owned());
    }

    /// Notes that the presented password was verified, so this attempt was not a guess.
    pub(super) fn verified(&mut self) {
        self.verified = PasswordVerified::Yes;
    }

    /// Whether the presented password was verified.
    pub(super) fn is_verified(&self) -> bool {
        self.verified == PasswordVerified::Yes
    }

    /// Runs a hook; a denial or a failure ends the visit.
    pub(super) fn hook(&mut self, point: HookPoint, input: HookInput<'_>) -> Flow<()> {
        let hooks = &self.migrator.parts.hooks;
        if !hooks.has(point) {
            return Ok(());
        }
        let began = Instant::now();
        let answer = hooks.run(point, input);
        let result = match &answer {
            Ok(HookAnswer { deny: None, .. }) => "fine",
            Ok(_) => "denied",
            Err(_) => "failed",
        };
        let detail = answer.as_ref().err().map_or("", |error| error.message.as_str());
        self.step(&Step::Hook { point, result, detail, took: began.elapsed() });
        match answer {
            Ok(HookAnswer { deny: Some(key), .. }) => Err(Ending::of(Outcome::DeniedByRule(key))),
            Ok(answer) => {
                self.run.facts.added.extend(answer.facts);
                self.tags.extend(answer.tags);
                Ok(())
            }
            Err(_) => Err(Ending::of(Outcome::InvalidRecord)),
        }
    }

    /// The legacy system gave no usable answer. One bad record is not an outage: its customer is refused like others,
    /// so that the answer does not reveal such a record.
    pub(super) fn legacy_failed(&self, error: &PortError) -> Ending {
        if error.is_about_one_record() {
            self.report(error);
            return Ending::of(Outcome::UnreadableRecord);
        }
        self.failed(error, Outcome::LegacyUnavailable)
    }

    /// The target gave no usable answer.
    pub(super) fn target_failed(&self, error: &PortError) -> Ending {
        self.failed(error, Outcome::TargetUnavailable)
    }

    /// The ledger gave no usable answer.
    pub(super) fn ledger_failed(&self, error: &PortError) -> Ending {
        self.failed(error, Outcome::TargetUnavailable)
    }

    fn failed(&self, error: &PortError, outcome: Outcome) -> Ending {
        self.report(error);
        Ending::of(if error.kind() == PortErrorKind::RateLimited { Outcome::Overloaded } else { outcome })
    }

    /// Reports a port failure to the observer.
    pub(super) fn report(&self, error: &PortError) {
        let (adapter, operation, detail) = (error.adapter(), error.operation(), error.to_string());
        self.step(&Step::Failed { adapter, operation, kind: error.kind().name(), detail: &detail });
    }

    /// The decision for an ending.
    pub(super) fn decision(&self, ending: &Ending) -> Decision {
        Decision {
            settled: self.settled(ending),
            ..self.new_decision(ending.outcome.name(), self.reason_of(&ending.outcome), ending.account.clone())
        }
    }

    /// A decision of this visit.
    pub(super) fn new_decision(
        &self,
        outcome: &'static str,
        reason: &str,
        account: Option<(TargetId, Option<ExternalId>)>,
    ) -> Decision {
        Decision {
            at: self.migrator.parts.clock.now(),
            request_id: self.request_id.clone(),
            operation: self.operation,
            outcome,
            reason: reason.to_owned(),
            subject: self.subject.clone(),
            customer: self.customer.clone(),
            account,
            source: self.queried_source.clone(),
            rules: self.used_rules.clone(),
            micros: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            count: 1,
            settled: Vec::new(),
        }
    }

    /// The events of an ending.
    pub(super) fn events(&self, ending: &Ending) -> Vec<Event> {
        let reason = match ending.outcome.reason() {
            "" => ending.outcome.name(),
            reason => reason,
        };
        let account = ending.account.as_ref().map(|(id, _)| id);
        let kinds: &[EventKind] = match ending.outcome {
            Outcome::Migrated => &[EventKind::Migrated],
            Outcome::MigratedMustChangePassword => &[EventKind::Migrated, EventKind::NeedsAction],
            Outcome::DeniedByRule(_) | Outcome::Refused(Refusal::Disabled | Refusal::Locked | Refusal::Deleted)
                if self.verified == PasswordVerified::Yes =>
            {
                &[EventKind::Refused]
            }
            Outcome::InvalidRecord
            | Outcome::UnreadableRecord
            | Outcome::Conflict
            | Outcome::Refused(Refusal::CostRefused | Refusal::Missing) => &[EventKind::Failed],
            _ => &[],
        };
        let events = kinds.iter().filter_map(|kind| self.event(*kind, reason, account));
        events.chain(self.left_out_event(ending)).collect()
    }

    /// An event of this visit, if the settings want such events.
    pub(super) fn event(&self, kind: EventKind, reason: &str, account: Option<&TargetId>) -> Option<Event> {
        self.migrator.settings.events.contains(&kind).then(|| Event {
            at: self.migrator.parts.clock.now(),
            kind,
            reason: reason.to_owned(),
            account: account.cloned(),
            request_id: self.request_id.clone(),
            tags: self.tags.clone(),
        })
    }

    /// Ends a login: equal hashes and equal time for every refusal, then the ledger, then the answer.
    pub(super) async fn close(mut self, mut ending: Ending) -> Answer {
        if !ending.outcome.is_success() && !ending.outcome.is_temporary() {
            self.refusal_hook(&ending);
            if let Err(overloaded) = self.equalise().await {
                ending = overloaded;
            }
        }
        ending = self.record(ending).await;
        self.counting.settle();
        self.step(&Step::Ended { outcome: &ending.outcome, took: self.started.elapsed() });
        if !ending.outcome.is_success() && !ending.outcome.is_temporary() {
            ending = self.delay_refusal(ending).await;
        }
        let retry_after = ending.outcome.is_temporary().then_some(RETRY_AFTER);
        let account = ending.account.filter(|_| ending.outcome.is_success()).map(|(id, _)| id);
        Answer { outcome: ending.outcome, account, change: ending.change, retry_after }
    }

    fn refusal_hook(&mut self, ending: &Ending) {
        let (outcome, reason) = (ending.outcome.name(), ending.outcome.reason().to_owned());
        let identifier = self.run.facts.identifier.clone().unwrap_or_default();
        let input = HookInput {
            identifier: &identifier,
            outcome: Some(outcome),
            reason: Some(&reason),
            ..HookInput::default()
        };
        // The customer is already refused; beyond tags, the hook's answer changes nothing.
        let _ = self.hook(HookPoint::OnRefusal, input);
    }

    /// Does the work that this refusal skipped, so that every refusal costs one legacy hash and, if the target computes
    /// hashes here, one of those.
    async fn equalise(&mut self) -> Flow<()> {
        let Some(password) = self.password.clone() else { return Ok(()) };
        let hasher = &self.migrator.parts.hasher;
        // A late login has used up its deadline, but the work is done anyway.
        let deadline = self.deadline.max(Instant::now() + self.migrator.settings.deadline);
        if self.hashes.legacy.is_none() {
            let took = hasher.legacy_decoy(&password, deadline).await.map_err(|error| self.target_failed(&error))?;
            self.hashes.legacy = Some(took);
        }
        let hashes_here = self.migrator.parts.target.capabilities().password == PasswordCheck::Hash;
        if hashes_here && self.hashes.target.is_none() {
            let took = hasher.target_decoy(&password, deadline).await.map_err(|error| self.target_failed(&error))?;
            self.hashes.target = Some(took);
        }
        Ok(())
    }

    /// Records the decision and settles the attempt. A success that cannot be recorded is not a success.
    async fn record(&self, ending: Ending) -> Ending {
        if ending.recorded == Recorded::Yes {
            return ending;
        }
        let began = Instant::now();
        let decided = self.decide(&self.decision(&ending), &self.events(&ending)).await;
        self.step(&Step::Recorded { took: began.elapsed() });
        match decided {
            Ok(()) => ending,
            Err(error) => self.ledger_failed(&error),
        }
    }

    /// Holds a refusal back until the time at which all refusals are answered.
    pub(super) async fn delay_refusal(&self, ending: Ending) -> Ending {
        let settings = &self.migrator.settings;
        let Ok(_place) = self.migrator.waiting.try_acquire() else { return Ending::of(Outcome::Overloaded) };
        let hasher = &self.migrator.parts.hasher;
        let floor = settings.floor.max(hasher.release());
        // A cheap hash counts as the most expensive one, so that queueing before or after the floor affects all hashes
        // alike.
        let elapsed =
            self.started.elapsed() + hasher.longest_check().saturating_sub(self.hashes.legacy.unwrap_or_default());
        sleep_until(self.started + release_after(elapsed, floor, settings.quantum)).await;
        ending
    }
}

/// A password that may be verified or stored. An empty password makes LDAP servers bind anonymously (RFC 4513 section
/// 5.1.2), and bcrypt cycles over NUL.
pub(super) fn acceptable_password(typed: &[u8]) -> Option<Arc<Password>> {
    let is_acceptable = !typed.is_empty() && typed.len() <= Login::MAX_PASSWORD_BYTES && !typed.contains(&0);
    is_acceptable.then(|| Password::new(typed.to_vec()).ok().map(Arc::new)).flatten()
}

/// How long callers are asked to wait after a temporary outcome.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The time at which a refusal is answered: the floor, or the first multiple of the quantum after it that has not
/// passed.
fn release_after(elapsed: Duration, floor: Duration, quantum: Duration) -> Duration {
    if elapsed <= floor || quantum.is_zero() {
        return floor;
    }
    let late = elapsed.saturating_sub(floor).as_nanos().div_ceil(quantum.as_nanos());
    floor + quantum.saturating_mul(u32::try_from(late).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_answered_at_the_floor_or_at_a_quantum_after_it() {
        let ms = Duration::from_millis;
        for (elapsed, released) in [(0, 400), (399, 400), (400, 400), (401, 500), (500, 500), (501, 600)] {
            assert_eq!(release_after(ms(elapsed), ms(400), ms(100)), ms(released), "after {elapsed} ms");
        }
        assert_eq!(release_after(ms(3), Duration::ZERO, Duration::ZERO), Duration::ZERO);
    }
}
