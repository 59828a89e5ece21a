//! The end of a login: equal refusals, then the ledger, then the answer.

use std::time::Duration;

use tokio::time::Instant;

use super::ending::{Ending, Flow};
use super::equalise::Deadlines;
use super::handover::Profile;
use super::login::Answer;
use super::outcome::Outcome;
use super::step::Step;
use super::visit::Visit;
use crate::ports::{HookInput, HookPoint};

impl Visit<'_> {
    /// Ends a login: equal hashes and equal time for every refusal, then the ledger, then the answer.
    pub(super) async fn close(mut self, mut ending: Ending) -> (Answer, Option<Profile>) {
        if !ending.outcome.is_success() && !ending.outcome.is_temporary() {
            self.refusal_hook(&ending);
            if let Err(overloaded) = self.equalise().await {
                ending = overloaded;
            }
        }
        self.leave(&ending.outcome);
        ending = self.record(ending).await;
        self.counting.settle();
        self.step(&Step::Ended { outcome: &ending.outcome, took: self.started.elapsed() });
        if !ending.outcome.is_success() && !ending.outcome.is_temporary() {
            ending = self.delay_refusal(ending).await;
        }
        if self.turned_away {
            self.cx.refusals.hold_turned_away(self.started).await;
        }
        let retry_after = ending.outcome.is_temporary().then(|| self.retry_after(&ending.outcome));
        let profile = self.profile.take().filter(|_| ending.outcome.is_success());
        let account = ending.account.filter(|_| ending.outcome.is_success()).map(|(id, _)| id);
        (Answer { outcome: ending.outcome, account, change: ending.change, retry_after }, profile)
    }

    fn refusal_hook(&mut self, ending: &Ending) {
        let (outcome, reason) = (ending.outcome.decided(), ending.outcome.reason());
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

    /// Computes the hashes that this refusal skipped.
    async fn equalise(&mut self) -> Flow<()> {
        let Some(password) = self.password.clone() else { return Ok(()) };
        let second = self.deadline.max(Instant::now() + self.cx.deadline);
        let deadlines = Deadlines { first: self.deadline, second };
        let target = self.cx.accounts.target.capabilities().password;
        let before = self.hashes.total();
        let equalised = self.cx.refusals.equalise(&mut self.hashes, target, &password, deadlines).await;
        let took = self.hashes.total().saturating_sub(before);
        if !took.is_zero() {
            self.step(&Step::Equalised { took });
        }
        equalised.map_err(|error| self.target_failed(&error))
    }

    /// Holds a refusal back until the time at which all refusals are answered.
    pub(super) async fn delay_refusal(&self, ending: Ending) -> Ending {
        match self.cx.refusals.hold_back(self.started, &self.hashes).await {
            Ok(()) => ending,
            Err(_) => Ending::of(Outcome::Overloaded),
        }
    }

    /// Leaves the place among those whose hashes are computed. A login that was given up, or that an outage ended before
    /// its first hash, says nothing about what logins take.
    fn leave(&mut self, outcome: &Outcome) {
        let has_hashed = self.hashes.legacy.or(self.hashes.target).is_some();
        match self.place.take() {
            Some(place) if *outcome != Outcome::Overloaded && (has_hashed || !outcome.is_temporary()) => place.served(),
            given_up => drop(given_up),
        }
    }

    /// When the caller should try again: after an outage in a while, and if there is too much work when that is done.
    fn retry_after(&self, outcome: &Outcome) -> Duration {
        if *outcome == Outcome::Overloaded { self.cx.refusals.hasher.expected_wait() } else { RETRY_AFTER }
    }
}

/// How long callers are asked to wait after an outage.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(2);
