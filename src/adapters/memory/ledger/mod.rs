//! The ledger in memory, for tests and benchmarks: nothing survives the process.

mod counters;
mod limits;
mod nonces;
mod observations;
mod outbox;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use self::counters::Counters;
use self::nonces::Remembered;
use self::observations::Seen;
use self::outbox::Events;
use crate::adapters::ledgers::{later, latest, micros};
use crate::ports::{
    Abandon, AccountLookup, AccountState, Attempt, BoxFuture, Buried, Claim, ClaimAnswer, Counter, Decision,
    DecisionOutcome, Entry, EntryState, Event, ExternalId, Finish, Finished, Grant, Ledger, Left, LegacyKey, Operation,
    Owner, PortError, Reserved, Restore, Room, StoreId, TargetId, Undo, UndoAnswer, UndoEnd,
};

/// A ledger that lives as long as its process. It behaves like the one in a file but has no audit chain, and so no
/// reports; decisions are kept in a growing list.
#[derive(Default)]
pub struct MemoryLedger {
    state: Mutex<State>,
    nonces: Mutex<Remembered>,
    limits: Mutex<HashMap<String, i64>>,
}

/// Never shows the contents of the ledger.
impl std::fmt::Debug for MemoryLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLedger").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    entries: HashMap<LegacyKey, Held>,
    tokens: u64,
    buried_keys: HashSet<LegacyKey>,
    buried_logins: HashMap<String, LegacyKey>,
    /// The logins of customers whose target does not find accounts by them.
    logins: HashMap<String, LegacyKey>,
    store: Option<StoreId>,
    attempts: Counters,
    decisions: Vec<Decision>,
    outbox: Events,
    observations: Seen,
}

struct Held {
    entry: Entry,
    /// 0 if no operation is in progress.
    lease_until: i64,
}

impl Held {
    /// Whether an operation is in progress.
    fn is_leased(&self, now: Timestamp, lease: Duration) -> bool {
        self.lease_until > micros(now) && self.lease_until <= latest(now, lease)
    }

    /// The answer if something conflicts with the claim.
    fn conflict(&self, claim: &Claim) -> Option<ClaimAnswer> {
        let entry = &self.entry;
        match (entry.state, &entry.account) {
            (EntryState::Buried, _) => Some(ClaimAnswer::Buried),
            (EntryState::Done, Some(account)) => {
                let has_password = entry.verified_at.or(entry.activated_at).is_some();
                (has_password || claim.verified_at.is_none()).then(|| ClaimAnswer::Done(account.clone()))
            }
            (EntryState::Creating | EntryState::Undoing, _) => {
                self.is_leased(claim.creating_at, claim.lease).then_some(ClaimAnswer::Held)
            }
            (EntryState::Abandoned | EntryState::Done, _) => None,
        }
    }
}

impl MemoryLedger {
    /// Creates an empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All decisions so far, oldest first.
    #[must_use]
    pub fn decisions(&self) -> Vec<Decision> {
        self.state().decisions.clone()
    }

    /// The number of stored counter buckets.
    #[must_use]
    pub fn counters(&self) -> usize {
        self.state().attempts.rows()
    }

    /// The number of attempts in flight, including expired ones that were not removed yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.state().attempts.in_flight()
    }

    /// The number of events waiting to be delivered.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().outbox.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs an operation on the state.
    fn with<'a, T>(&'a self, work: impl FnOnce(&mut State) -> T + Send + 'a) -> BoxFuture<'a, Result<T, PortError>> {
        Box::pin(async move { Ok(work(&mut self.state())) })
    }
}

impl State {
    fn claim(&mut self, claim: &Claim) -> ClaimAnswer {
        if self.are_taken(claim) {
            return ClaimAnswer::Taken;
        }
        let buried = |login| self.buried_logins.contains_key(login);
        if self.buried_keys.contains(&claim.key) || claim.logins.iter().any(buried) {
            return ClaimAnswer::Buried;
        }
        let conflict = self.entries.get(&claim.key).and_then(|held| held.conflict(claim));
        conflict.unwrap_or_else(|| self.grant(claim))
    }

    /// Whether another customer who has an account, or is about to get one, has one of the logins of a claim.
    fn are_taken(&self, claim: &Claim) -> bool {
        let has_account = |key: &LegacyKey| {
            let state = self.entries.get(key).map(|held| held.entry.state);
            matches!(state, Some(EntryState::Creating | EntryState::Done | EntryState::Undoing))
        };
        let is_taken = |login| self.logins.get(login).is_some_and(|key| *key != claim.key && has_account(key));
        claim.lookup == AccountLookup::ExternalId && claim.logins.iter().any(is_taken)
    }

    /// Keeps the logins of a claim in place of those that the customer had.
    fn keep_logins(&mut self, claim: &Claim) {
        if claim.lookup == AccountLookup::ExternalId {
            self.forget_logins(&claim.key);
            self.logins.extend(claim.logins.iter().map(|login| (login.clone(), claim.key.clone())));
        }
    }

    fn forget_logins(&mut self, key: &LegacyKey) {
        self.logins.retain(|_, owner| owner != key);
    }

    fn migrated(&self, subject: &str) -> Option<Entry> {
        let entry = &self.entries.get(self.logins.get(subject)?)?.entry;
        (entry.state == EntryState::Done).then(|| entry.clone())
    }

    fn owner(&self, account: &TargetId) -> Option<Owner> {
        let entry = self.entries.values().map(|held| &held.entry).find(|entry| {
            let has_account = matches!(entry.state, EntryState::Done | EntryState::Undoing | EntryState::Buried);
            entry.account.as_ref() == Some(account) && has_account
        })?;
        let logins = self.logins.iter().filter(|(_, key)| **key == entry.key).map(|(login, _)| login.clone());
        Some(Owner { entry: entry.clone(), logins: logins.collect() })
    }

    fn grant(&mut self, claim: &Claim) -> ClaimAnswer {
        self.keep_logins(claim);
        self.tokens += 1;
        let before = self.entries.get(&claim.key).map(|held| &held.entry);
        let pending = before.filter(|entry| matches!(entry.state, EntryState::Done | EntryState::Creating));
        let entry = Entry {
            key: claim.key.clone(),
            state: EntryState::Creating,
            external_id: claim.external_id.clone(),
            account: pending.and_then(|entry| entry.account.clone()),
            token: self.tokens,
            rules: claim.rules.clone(),
            claimed_at: claim.claimed_at,
            verified_at: claim.verified_at,
            creating_at: claim.creating_at,
            created_at: pending.and_then(|entry| entry.created_at),
            done_at: pending.and_then(|entry| entry.done_at),
            activated_at: None,
        };
        let pending = entry.account.clone();
        let lease_until = later(claim.creating_at, claim.lease);
        self.entries.insert(claim.key.clone(), Held { entry, lease_until });
        ClaimAnswer::Granted(Grant { token: self.tokens, pending })
    }

    /// The entry in a state, under this token.
    fn held(&mut self, key: &LegacyKey, token: u64, state: EntryState) -> Option<&mut Held> {
        self.entries.get_mut(key).filter(|held| held.entry.token == token && held.entry.state == state)
    }

    fn finish(&mut self, finish: &Finish) -> Finished {
        let Some(held) = self.held(&finish.key, finish.token, EntryState::Creating) else { return Finished::Lost };
        held.lease_until = 0;
        let entry = &mut held.entry;
        entry.state = EntryState::Done;
        entry.account = Some(finish.account.clone());
        entry.created_at = Some(finish.created_at);
        entry.done_at = Some(finish.decision.at);
        match (finish.state, entry.verified_at) {
            (AccountState::Pending, _) => entry.verified_at = None,
            (_, None) => entry.activated_at = entry.done_at,
            _ => {}
        }
        self.record(&finish.decision, &finish.events);
        Finished::Done
    }

    fn abandon(&mut self, abandon: &Abandon) {
        let Some(held) = self.held(&abandon.key, abandon.token, EntryState::Creating) else { return };
        held.lease_until = 0;
        let entry = &mut held.entry;
        if abandon.left == Left::AsBefore && entry.account.is_some() {
            (entry.state, entry.verified_at) = (EntryState::Done, None);
            return;
        }
        (entry.state, entry.account, entry.created_at, entry.done_at) = (EntryState::Abandoned, None, None, None);
        self.forget_logins(&abandon.key);
    }

    fn record(&mut self, decision: &Decision, events: &[Event]) {
        self.attempts.settle(&decision.settled, decision.at);
        self.decisions.push(decision.clone());
        self.outbox.add(events);
    }

    fn decide(&mut self, decision: &Decision, events: &[Event]) {
        self.record(decision, events);
        self.activate(decision);
    }

    fn activate(&mut self, decision: &Decision) {
        let Some((account, external)) = &decision.account else { return };
        let matches_entry = |entry: &Entry| match (decision.operation, external) {
            (Operation::Login, Some(external)) if decision.outcome == DecisionOutcome::Authenticated => {
                entry.external_id == *external
            }
            (Operation::PasswordSet, _) => entry.account.as_ref() == Some(account),
            _ => false,
        };
        let Some(held) = self.entries.values_mut().find(|held| matches_entry(&held.entry)) else { return };
        let (entry, at) = (&mut held.entry, decision.at);
        match entry.state {
            EntryState::Done if entry.verified_at.or(entry.activated_at).is_none() => entry.activated_at = Some(at),
            EntryState::Abandoned => {
                (entry.state, entry.account) = (EntryState::Done, Some(account.clone()));
                (entry.created_at, entry.done_at) = (entry.created_at.or(Some(at)), entry.done_at.or(Some(at)));
            }
            _ => {}
        }
    }

    fn bury(&mut self, key: &LegacyKey, logins: &[String]) {
        self.forget_logins(key);
        self.buried_keys.insert(key.clone());
        for login in logins {
            self.buried_logins.entry(login.clone()).or_insert_with(|| key.clone());
        }
        let Some(held) = self.entries.get_mut(key).filter(|held| held.entry.state != EntryState::Buried) else {
            return;
        };
        if held.entry.state != EntryState::Creating {
            held.lease_until = 0;
        }
        held.entry.state = EntryState::Buried;
    }

    fn settle_buried(&mut self, key: &LegacyKey) {
        if let Some(held) = self.entries.get_mut(key).filter(|held| held.entry.state == EntryState::Buried) {
            held.lease_until = 0;
        }
    }

    fn undo(&mut self, undo: &Undo) -> UndoAnswer {
        let token = self.tokens + 1;
        let Some(held) = self.entries.get_mut(&undo.key) else { return UndoAnswer::Busy };
        let is_free = match held.entry.state {
            EntryState::Done => true,
            EntryState::Undoing => !held.is_leased(undo.at, undo.lease),
            _ => false,
        };
        if !is_free || held.entry.account.as_ref() != Some(&undo.account) {
            return UndoAnswer::Busy;
        }
        (held.entry.state, held.entry.token) = (EntryState::Undoing, token);
        held.lease_until = later(undo.at, undo.lease);
        self.tokens = token;
        UndoAnswer::Begun(token)
    }

    fn end_undo(&mut self, end: &UndoEnd) -> Finished {
        let (UndoEnd::Keep { key, token } | UndoEnd::Forget { key, token, .. }) = end;
        let Some(held) = self.held(key, *token, EntryState::Undoing) else { return Finished::Lost };
        match end {
            UndoEnd::Keep { .. } => (held.entry.state, held.lease_until) = (EntryState::Done, 0),
            UndoEnd::Forget { decision, .. } => {
                self.entries.remove(key);
                self.forget_logins(key);
                self.record(decision, &[]);
            }
        }
        Finished::Done
    }

    fn restore(&mut self, restore: &Restore) {
        self.buried_keys.remove(&restore.key);
        self.buried_logins.retain(|_, key| *key != restore.key);
        let at = restore.decision.at;
        if let Some(held) = self.entries.get_mut(&restore.key).filter(|held| held.entry.state == EntryState::Buried) {
            held.lease_until = 0;
            let entry = &mut held.entry;
            match &restore.account {
                None => drop(self.entries.remove(&restore.key)),
                Some(account) => {
                    (entry.state, entry.account) = (EntryState::Done, Some(account.clone()));
                    (entry.created_at, entry.done_at) = (entry.created_at.or(Some(at)), entry.done_at.or(Some(at)));
                }
            }
        }
        self.record(&restore.decision, &[]);
    }

    fn unfinished(&self, now: Timestamp, lease: Duration, limit: usize) -> Vec<Entry> {
        let over = |held: &&Held| held.lease_until > 0 && !held.is_leased(now, lease);
        let mut over: Vec<&Held> = self.entries.values().filter(over).collect();
        over.sort_by_key(|held| (held.lease_until, held.entry.token));
        over.into_iter().take(limit).map(|held| held.entry.clone()).collect()
    }

    fn last_migrated(&self) -> Option<ExternalId> {
        let done = self.entries.values().map(|held| &held.entry).filter(|entry| entry.state == EntryState::Done);
        done.max_by_key(|entry| entry.done_at).map(|entry| entry.external_id.clone())
    }
}

impl Ledger for MemoryLedger {
    fn would_admit<'a>(&'a self, counter: &'a Counter, at: Timestamp) -> BoxFuture<'a, Result<Room, PortError>> {
        self.with(move |state| state.attempts.would_admit(counter, at))
    }

    fn reserve<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Reserved, PortError>> {
        self.with(move |state| state.attempts.reserve(attempt))
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<ClaimAnswer, PortError>> {
        self.with(move |state| state.claim(claim))
    }

    fn finish<'a>(&'a self, finish: &'a Finish) -> BoxFuture<'a, Result<Finished, PortError>> {
        self.with(move |state| state.finish(finish))
    }

    fn abandon<'a>(&'a self, abandon: &'a Abandon) -> BoxFuture<'a, Result<(), PortError>> {
        self.with(move |state| state.abandon(abandon))
    }

    fn decide<'a>(&'a self, decision: &'a Decision, events: &'a [Event]) -> BoxFuture<'a, Result<(), PortError>> {
        self.with(move |state| state.decide(decision, events))
    }

    fn bury<'a>(
        &'a self,
        key: &'a LegacyKey,
        logins: &'a [String],
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        self.with(move |state| state.bury(key, logins))
    }

    fn undo<'a>(&'a self, undo: &'a Undo) -> BoxFuture<'a, Result<UndoAnswer, PortError>> {
        self.with(move |state| state.undo(undo))
    }

    fn end_undo<'a>(&'a self, end: &'a UndoEnd) -> BoxFuture<'a, Result<Finished, PortError>> {
        self.with(move |state| state.end_undo(end))
    }

    fn buried<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<Buried>, PortError>> {
        self.with(move |state| state.buried_logins.get(subject).map(|key| Buried { key: key.clone() }))
    }

    fn restore<'a>(&'a self, restore: &'a Restore) -> BoxFuture<'a, Result<(), PortError>> {
        self.with(move |state| state.restore(restore))
    }

    fn entry<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<Option<Entry>, PortError>> {
        self.with(move |state| state.entries.get(key).map(|held| held.entry.clone()))
    }

    fn migrated<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<Entry>, PortError>> {
        self.with(move |state| state.migrated(subject))
    }

    fn owner<'a>(&'a self, account: &'a TargetId) -> BoxFuture<'a, Result<Option<Owner>, PortError>> {
        self.with(move |state| state.owner(account))
    }

    fn unfinished<'a>(
        &'a self,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Entry>, PortError>> {
        self.with(move |state| state.unfinished(now, lease, limit))
    }

    fn settle_buried<'a>(&'a self, key: &'a LegacyKey) -> BoxFuture<'a, Result<(), PortError>> {
        self.with(move |state| state.settle_buried(key))
    }

    fn store(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        self.with(|state| state.store.clone())
    }

    fn bind<'a>(&'a self, store: &'a StoreId) -> BoxFuture<'a, Result<StoreId, PortError>> {
        self.with(move |state| state.store.get_or_insert_with(|| store.clone()).clone())
    }

    fn last_migrated(&self) -> BoxFuture<'_, Result<Option<ExternalId>, PortError>> {
        self.with(|state| state.last_migrated())
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), PortError>> {
        self.with(|_| ())
    }
}
