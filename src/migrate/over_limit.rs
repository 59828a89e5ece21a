//! Sums up refusals of one subject that is over its limit, and logins that were turned away because there is too much
//! work, so that an attack of a million guesses does not write a million rows.
//!
//! Logins that were turned away are summed up together, whoever they are of: nothing was looked up for them. The first
//! refusal is written like any other decision. Those that follow within a minute are counted in memory and
//! written as one row with a count: when the minute has passed, before the next other decision of the subject, or when
//! the service shuts down. A crash loses only that count.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::context::Records;
use super::login::Migrator;
use crate::ports::{Decision, DecisionReason, Event, PortError, Refusal};

/// How long refusals are summed up: the part of a count that a crash can lose, and the delay before an attack shows up
/// in the audit.
const PERIOD: Duration = Duration::from_secs(60);

/// How many subjects are summed up at the same time. Stops a flood over many identifiers from filling the memory;
/// beyond it every refusal is written as its own row.
const MAX_SUBJECTS: usize = 10_000;

/// How many sums are written concurrently; they share commits.
const PAGE: usize = 64;

/// Refusals that were counted but not written, by subject.
#[derive(Debug, Default)]
pub(super) struct OverLimit {
    subjects: Mutex<HashMap<String, Period>>,
}

/// The refusals of one subject since the last one that was written.
#[derive(Debug)]
struct Period {
    until: Instant,
    count: u64,
    last: Option<Decision>,
}

/// Whether decisions like this one are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sums {
    Yes,
    No,
}

/// Whose logins are turned away, as far as the audit is concerned. No identifier contains it.
const ANYBODY: &str = "\0";

/// What to do with a decision.
#[derive(Debug, PartialEq, Eq)]
enum Noted {
    /// Nothing: it was counted.
    Counted,
    /// Write it, after the sum of those before it.
    Write(Option<Box<Decision>>),
}

impl Period {
    fn new(until: Instant) -> Self {
        Self { until, count: 0, last: None }
    }

    fn add(&mut self, decision: Decision) {
        self.count = self.count.saturating_add(decision.count);
        self.last = Some(decision);
    }

    /// The last refusal, with the total count.
    fn sum(self) -> Option<Decision> {
        Some(Decision { count: self.count, ..self.last? })
    }
}

impl OverLimit {
    fn subjects(&self) -> MutexGuard<'_, HashMap<String, Period>> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, decision: &Decision, sums: Sums, now: Instant) -> Noted {
        let mut subjects = self.subjects();
        if sums == Sums::No {
            return Noted::Write(subjects.remove(&decision.subject).and_then(Period::sum).map(Box::new));
        }
        if let Some(period) = subjects.get_mut(&decision.subject).filter(|period| now < period.until) {
            period.add(decision.clone());
            return Noted::Counted;
        }
        let before = subjects.remove(&decision.subject).and_then(Period::sum).map(Box::new);
        if subjects.len() < MAX_SUBJECTS {
            subjects.insert(decision.subject.clone(), Period::new(now + PERIOD));
        }
        Noted::Write(before)
    }

    /// The first refusal could not be written, so the next one is written instead.
    fn reopen(&self, subject: &str, now: Instant) {
        if let Some(period) = self.subjects().get_mut(subject) {
            period.until = now;
        }
    }

    /// A sum could not be written, so it is kept for later.
    fn put_back(&self, sum: Decision, now: Instant) {
        match self.subjects().entry(sum.subject.clone()) {
            Entry::Occupied(mut period) => {
                let period = period.get_mut();
                period.count = period.count.saturating_add(sum.count);
                period.last.get_or_insert(sum);
            }
            Entry::Vacant(place) => place.insert(Period::new(now)).add(sum),
        }
    }

    /// Takes the sums whose period has ended.
    fn ended(&self, now: Instant) -> Vec<Decision> {
        let mut subjects = self.subjects();
        let over = subjects.extract_if(|_, period| period.until <= now);
        over.filter_map(|(_, period)| period.sum()).collect()
    }

    /// Takes all sums.
    fn all(&self) -> Vec<Decision> {
        self.subjects().drain().filter_map(|(_, period)| period.sum()).collect()
    }
}

/// Whether a decision is a refusal that is summed up. A decision that settles an attempt must be written at once.
fn over_limit(decision: &Decision) -> Sums {
    let is_over_limit = decision.reason == DecisionReason::Refused(Refusal::Attempts) && decision.settled.is_empty();
    if is_over_limit { Sums::Yes } else { Sums::No }
}

impl Records {
    /// Records a decision with its events, or counts it if the subject was just refused for the same reason.
    pub(super) async fn decide(&self, decision: &Decision, events: &[Event]) -> Result<(), PortError> {
        self.decide_or_count(decision, events, over_limit(decision)).await
    }

    /// Counts a login that was turned away.
    pub(super) async fn count_turned_away(&self, decision: Decision) -> Result<(), PortError> {
        let decision = Decision { subject: self.keyring.subject(ANYBODY), ..decision };
        self.decide_or_count(&decision, &[], Sums::Yes).await
    }

    async fn decide_or_count(&self, decision: &Decision, events: &[Event], sums: Sums) -> Result<(), PortError> {
        match self.over_limit.note(decision, sums, Instant::now()) {
            Noted::Counted => return Ok(()),
            Noted::Write(None) => {}
            Noted::Write(Some(sum)) => self.write_sum(*sum).await?,
        }
        let decided = self.ledger.decide(decision, events).await;
        if decided.is_err() {
            self.over_limit.reopen(&decision.subject, Instant::now());
        }
        decided
    }

    async fn write_each(&self, sums: Vec<Decision>) -> Result<(), PortError> {
        let mut result = Ok(());
        let mut sums = sums.into_iter().peekable();
        while sums.peek().is_some() {
            let page = sums.by_ref().take(PAGE).map(|sum| self.write_sum(sum));
            result = join_all(page).await.into_iter().fold(result, Result::and);
        }
        result
    }

    async fn write_sum(&self, sum: Decision) -> Result<(), PortError> {
        let written = self.ledger.decide(&sum, &[]).await;
        if written.is_err() {
            self.over_limit.put_back(sum, Instant::now());
        }
        written
    }
}

impl Migrator {
    /// Writes the sums of refusals whose period has ended. Call it periodically.
    ///
    /// # Errors
    /// The first error of the ledger; sums that were not written are written later.
    pub async fn write_sums(&self) -> Result<(), PortError> {
        let records = &self.cx.records;
        records.write_each(records.over_limit.ended(Instant::now())).await
    }

    /// Writes all sums of refusals. Call it once no login is running any more.
    ///
    /// # Errors
    /// The first error of the ledger.
    pub async fn write_all_sums(&self) -> Result<(), PortError> {
        let records = &self.cx.records;
        records.write_each(records.over_limit.all()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{DecisionOutcome, Operation};

    fn decision(subject: &str, outcome: DecisionOutcome, reason: DecisionReason, request_id: &str) -> Decision {
        Decision {
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            request_id: request_id.into(),
            operation: Operation::Login,
            outcome,
            reason,
            subject: subject.into(),
            customer: None,
            account: None,
            source: None,
            rules: None,
            micros: 1,
            count: 1,
            settled: Vec::new(),
        }
    }

    fn refused(subject: &str, request_id: &str) -> Decision {
        decision(subject, DecisionOutcome::Refused, DecisionReason::Refused(Refusal::Attempts), request_id)
    }

    fn sum(subject: &str, request_id: &str, count: u64) -> Decision {
        Decision { count, ..refused(subject, request_id) }
    }

    fn note(sums: &OverLimit, decision: &Decision, now: Instant) -> Noted {
        sums.note(decision, over_limit(decision), now)
    }

    #[test]
    fn the_first_refusal_is_written_and_later_ones_are_counted() {
        let (over_limit, now) = (OverLimit::default(), Instant::now());
        assert_eq!(note(&over_limit, &refused("ada", "1"), now), Noted::Write(None));
        for request in ["2", "3", "4"] {
            assert_eq!(note(&over_limit, &refused("ada", request), now), Noted::Counted);
        }
        assert_eq!(note(&over_limit, &refused("bob", "5"), now), Noted::Write(None), "another subject");
        assert_eq!(over_limit.ended(now + PERIOD - Duration::from_millis(1)), []);
        assert_eq!(over_limit.ended(now + PERIOD), [sum("ada", "4", 3)]);
        assert_eq!(note(&over_limit, &refused("ada", "6"), now + PERIOD), Noted::Write(None), "a new period begins");
        assert_eq!(over_limit.all(), []);
    }

    #[test]
    fn the_sum_is_written_before_the_next_decision() {
        let (over_limit, now) = (OverLimit::default(), Instant::now());
        for request in ["1", "2", "3"] {
            note(&over_limit, &refused("ada", request), now);
        }
        let other = decision("ada", DecisionOutcome::Authenticated, DecisionReason::None, "4");
        assert_eq!(note(&over_limit, &other, now), Noted::Write(Some(Box::new(sum("ada", "3", 2)))));
        assert_eq!(note(&over_limit, &other, now), Noted::Write(None));
        for request in ["5", "6"] {
            note(&over_limit, &refused("ada", request), now);
        }
        // the period has ended, but its sum has not been taken yet
        assert_eq!(
            note(&over_limit, &refused("ada", "7"), now + PERIOD),
            Noted::Write(Some(Box::new(sum("ada", "6", 1))))
        );
    }

    #[test]
    fn failed_writes_are_repeated() {
        let (over_limit, now) = (OverLimit::default(), Instant::now());
        note(&over_limit, &refused("ada", "1"), now);
        note(&over_limit, &refused("ada", "2"), now);
        over_limit.reopen("ada", now);
        let Noted::Write(Some(failed)) = note(&over_limit, &refused("ada", "3"), now) else { panic!("counted") };
        note(&over_limit, &refused("ada", "4"), now);
        over_limit.put_back(*failed, now);
        assert_eq!(over_limit.all(), [sum("ada", "4", 2)]);
        over_limit.put_back(sum("bob", "5", 7), now);
        assert_eq!(over_limit.ended(now), [sum("bob", "5", 7)]);
    }

    #[test]
    fn the_number_of_subjects_is_bounded() {
        let (over_limit, now) = (OverLimit::default(), Instant::now());
        for subject in 0..MAX_SUBJECTS + 5 {
            note(&over_limit, &refused(&subject.to_string(), "1"), now);
        }
        assert_eq!(over_limit.subjects().len(), MAX_SUBJECTS);
        let beyond = refused(&MAX_SUBJECTS.to_string(), "2");
        assert_eq!(note(&over_limit, &beyond, now), Noted::Write(None), "each refusal is its own row");
    }

    #[test]
    fn decisions_that_settle_attempts_are_written() {
        let (over_limit, now) = (OverLimit::default(), Instant::now());
        note(&over_limit, &refused("ada", "1"), now);
        let (owner, lane, window) = ("network:n".into(), String::new(), Duration::from_secs(1));
        let counter = crate::ports::Counter { owner, lane, limit: 1, window };
        let settles = Decision { settled: vec![crate::ports::Settled::Failed(counter)], ..refused("ada", "2") };
        assert_eq!(note(&over_limit, &settles, now), Noted::Write(None));
    }

    #[test]
    fn logins_that_were_turned_away_are_summed_up_together() {
        let (over_limit, now) = (OverLimit::default(), Instant::now());
        let overloaded = |id| decision("anybody", DecisionOutcome::Overloaded, DecisionReason::None, id);
        assert_eq!(over_limit.note(&overloaded("1"), Sums::Yes, now), Noted::Write(None));
        for request in ["2", "3"] {
            assert_eq!(over_limit.note(&overloaded(request), Sums::Yes, now), Noted::Counted);
        }
        let sum = Decision { count: 2, ..overloaded("3") };
        assert_eq!(over_limit.ended(now + PERIOD), [sum]);
        let of_somebody = decision("ada", DecisionOutcome::Overloaded, DecisionReason::None, "4");
        assert_eq!(note(&over_limit, &of_somebody, now), Noted::Write(None), "who was let in has a row of their own");
    }
}
