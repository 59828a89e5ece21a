//! The same books in memory, for tests and benches: nothing survives the process.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::outbox_memory::Outbox;
use super::stamp::{later, micros};
use crate::migrate::{
    Attempt, Claim, ClaimAnswer, Counter, Decision, DeliveryState, Entry, EntryState, Event, ExternalId, Finish,
    Finished, Ledger, LegacyKey, Outgoing, Pending, PortError, Reserved, Subscription, TargetId,
};

/// How many expired counters a reservation sweeps, as in the file.
const SWEEP: usize = 8;

/// A ledger that lives as long as its process. It behaves as [`SqliteLedger`](super::SqliteLedger) does, without its audit
/// chain; decisions are kept in a list that only grows.
#[derive(Default)]
pub struct MemoryLedger {
    books: Mutex<Books>,
}

/// Never shows what the books hold.
impl std::fmt::Debug for MemoryLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLedger").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Books {
    entries: HashMap<LegacyKey, Held>,
    tokens: u64,
    buried_keys: HashSet<LegacyKey>,
    buried_logins: HashSet<String>,
    attempts: Attempts,
    decisions: Vec<Decision>,
    outbox: Outbox,
}

struct Held {
    entry: Entry,
    lease_until: i64,
}

impl MemoryLedger {
    /// Empty books.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every decision so far, the oldest first.
    #[must_use]
    pub fn decisions(&self) -> Vec<Decision> {
        self.books().decisions.clone()
    }

    /// How many counters are remembered.
    #[must_use]
    pub fn counters(&self) -> usize {
        self.books().attempts.counters.len()
    }

    /// How many events wait for somebody.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.books().outbox.len()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the books.
    fn with<'a, T>(&'a self, work: impl FnOnce(&mut Books) -> T + Send + 'a) -> Pending<'a, Result<T, PortError>> {
        Box::pin(async move { Ok(work(&mut self.books())) })
    }
}

/// Counters, and the order in which they expire.
#[derive(Default)]
struct Attempts {
    counters: HashMap<String, (u32, i64)>,
    expiries: BTreeSet<(i64, String)>,
}

impl Attempts {
    fn would_admit(&self, attempt: &Attempt) -> Reserved {
        let now = micros(attempt.at);
        let is_full = |counter: &Counter| self.failed(&counter.key, now) >= counter.limit;
        if attempt.counters.iter().any(is_full) { Reserved::OverLimit } else { Reserved::Admitted }
    }

    fn reserve(&mut self, attempt: &Attempt) -> Reserved {
        let now = micros(attempt.at);
        if self.would_admit(attempt) == Reserved::OverLimit {
            return Reserved::OverLimit;
        }
        for counter in &attempt.counters {
            let failed = self.failed(&counter.key, now);
            self.set(&counter.key, failed.saturating_add(1), later(attempt.at, counter.window));
        }
        self.sweep(now);
        Reserved::Admitted
    }

    fn failed(&self, key: &str, now: i64) -> u32 {
        self.counters.get(key).filter(|(_, expires_at)| *expires_at > now).map_or(0, |(failed, _)| *failed)
    }

    fn set(&mut self, key: &str, failed: u32, expires_at: i64) {
        if let Some((_, before)) = self.counters.insert(key.to_owned(), (failed, expires_at)) {
            self.expiries.remove(&(before, key.to_owned()));
        }
        self.expiries.insert((expires_at, key.to_owned()));
    }

    fn sweep(&mut self, now: i64) {
        for _ in 0..SWEEP {
            match self.expiries.first() {
                Some((expires_at, _)) if *expires_at <= now => {
                    if let Some((_, key)) = self.expiries.pop_first() {
                        self.counters.remove(&key);
                    }
                }
                _ => return,
            }
        }
    }

    fn settle(&mut self, counters: &[Counter]) {
        for counter in counters {
            if let Some((failed, _)) = self.counters.get_mut(&counter.key) {
                *failed = failed.saturating_sub(1);
            }
        }
    }
}

impl Books {
    fn claim(&mut self, claim: &Claim) -> ClaimAnswer {
        let buried = |login| self.buried_logins.contains(login);
        if self.buried_keys.contains(&claim.key) || claim.logins.iter().any(buried) {
            return ClaimAnswer::Buried;
        }
        if let Some(Held { entry, lease_until }) = self.entries.get(&claim.key) {
            match (entry.state, &entry.account) {
                (EntryState::Buried, _) => return ClaimAnswer::Buried,
                (EntryState::Done, Some(account)) => return ClaimAnswer::Done(account.clone()),
                (EntryState::Creating, _) if *lease_until > micros(claim.creating_at) => return ClaimAnswer::Held,
                _ => {}
            }
        }
        self.grant(claim)
    }

    fn grant(&mut self, claim: &Claim) -> ClaimAnswer {
        self.tokens += 1;
        let entry = Entry {
            key: claim.key.clone(),
            state: EntryState::Creating,
            external_id: claim.external_id.clone(),
            account: None,
            token: self.tokens,
            rules: claim.rules.clone(),
            claimed_at: claim.claimed_at,
            verified_at: claim.verified_at,
            creating_at: claim.creating_at,
            created_at: None,
            done_at: None,
        };
        let lease_until = later(claim.creating_at, claim.lease);
        self.entries.insert(claim.key.clone(), Held { entry, lease_until });
        ClaimAnswer::Granted(self.tokens)
    }

    /// The entry that this token still holds.
    fn held(&mut self, key: &LegacyKey, token: u64) -> Option<&mut Entry> {
        let entry = &mut self.entries.get_mut(key)?.entry;
        (entry.token == token && entry.state == EntryState::Creating).then_some(entry)
    }

    fn finish(&mut self, finish: &Finish) -> Finished {
        let Some(entry) = self.held(&finish.key, finish.token) else { return Finished::Lost };
        entry.state = EntryState::Done;
        entry.account = Some(finish.account.clone());
        entry.created_at = Some(finish.created_at);
        entry.done_at = Some(finish.decision.at);
        self.record(&finish.decision, &finish.events);
        Finished::Done
    }

    fn record(&mut self, decision: &Decision, events: &[Event]) {
        self.attempts.settle(&decision.settled);
        self.decisions.push(decision.clone());
        self.outbox.add(events);
    }

    fn decide(&mut self, decision: &Decision, events: &[Event]) {
        self.record(decision, events);
        if let Some((account, Some(external))) = &decision.account {
            self.settle(external, account, decision.at);
        }
    }

    fn settle(&mut self, external: &ExternalId, account: &TargetId, at: Timestamp) {
        let creating =
            |held: &&mut Held| held.entry.state == EntryState::Creating && held.entry.external_id == *external;
        if let Some(Held { entry, .. }) = self.entries.values_mut().find(creating) {
            entry.state = EntryState::Done;
            entry.account = Some(account.clone());
            entry.created_at = Some(at);
            entry.done_at = Some(at);
        }
    }

    fn bury(&mut self, key: &LegacyKey, logins: &[String]) {
        self.buried_keys.insert(key.clone());
        self.buried_logins.extend(logins.iter().cloned());
        if let Some(held) = self.entries.get_mut(key) {
            held.entry.state = EntryState::Buried;
        }
    }

    fn forget(&mut self, key: &LegacyKey) {
        if self.entries.get(key).is_some_and(|held| held.entry.state != EntryState::Buried) {
            self.entries.remove(key);
        }
    }

    fn unfinished(&self, now: Timestamp, limit: usize) -> Vec<Entry> {
        let over = |held: &&Held| held.entry.state == EntryState::Creating && held.lease_until <= micros(now);
        let mut over: Vec<&Held> = self.entries.values().filter(over).collect();
        over.sort_by_key(|held| (held.lease_until, held.entry.token));
        over.into_iter().take(limit).map(|held| held.entry.clone()).collect()
    }
}

impl Ledger for MemoryLedger {
    fn would_admit<'a>(&'a self, attempt: &'a Attempt) -> Pending<'a, Result<Reserved, PortError>> {
        self.with(move |books| books.attempts.would_admit(attempt))
    }

    fn reserve<'a>(&'a self, attempt: &'a Attempt) -> Pending<'a, Result<Reserved, PortError>> {
        self.with(move |books| books.attempts.reserve(attempt))
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> Pending<'a, Result<ClaimAnswer, PortError>> {
        self.with(move |books| books.claim(claim))
    }

    fn finish<'a>(&'a self, finish: &'a Finish) -> Pending<'a, Result<Finished, PortError>> {
        self.with(move |books| books.finish(finish))
    }

    fn abandon<'a>(&'a self, key: &'a LegacyKey, token: u64) -> Pending<'a, Result<(), PortError>> {
        self.with(move |books| {
            if let Some(entry) = books.held(key, token) {
                entry.state = EntryState::Abandoned;
            }
        })
    }

    fn decide<'a>(&'a self, decision: &'a Decision, events: &'a [Event]) -> Pending<'a, Result<(), PortError>> {
        self.with(move |books| books.decide(decision, events))
    }

    fn bury<'a>(
        &'a self,
        key: &'a LegacyKey,
        logins: &'a [String],
        _: Timestamp,
    ) -> Pending<'a, Result<(), PortError>> {
        self.with(move |books| books.bury(key, logins))
    }

    fn forget<'a>(&'a self, key: &'a LegacyKey) -> Pending<'a, Result<(), PortError>> {
        self.with(move |books| books.forget(key))
    }

    fn entry<'a>(&'a self, key: &'a LegacyKey) -> Pending<'a, Result<Option<Entry>, PortError>> {
        self.with(move |books| books.entries.get(key).map(|held| held.entry.clone()))
    }

    fn unfinished<'a>(&'a self, now: Timestamp, limit: usize) -> Pending<'a, Result<Vec<Entry>, PortError>> {
        self.with(move |books| books.unfinished(now, limit))
    }

    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> Pending<'a, Result<Vec<(String, u64)>, PortError>> {
        self.with(move |books| books.outbox.keep_receivers(receivers))
    }

    fn route<'a>(
        &'a self,
        subscriptions: &'a [Subscription],
        now: Timestamp,
        limit: usize,
    ) -> Pending<'a, Result<usize, PortError>> {
        self.with(move |books| books.outbox.route(subscriptions, now, limit))
    }

    fn due<'a>(
        &'a self,
        receiver: &'a str,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Pending<'a, Result<Vec<Outgoing>, PortError>> {
        self.with(move |books| books.outbox.due(receiver, now, lease, limit))
    }

    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState) -> Pending<'a, Result<(), PortError>> {
        self.with(move |books| books.outbox.sent(receiver, id, state))
    }
}
