//! The ports of a ledger, guarded.

use std::time::Duration;

use jiff::Timestamp;

use super::layer::{CallKind, Guarded, GuardedCall, Layer};
use super::ports::Answer;
use crate::ports::{
    Abandon, Attempt, Buried, Claim, ClaimAnswer, Counter, Decision, DeliveryState, Entry, Event, EventKind,
    ExternalId, Finish, Finished, Fresh, Ledger, LegacyKey, Nonce, Nonces, Outbox, Outgoing, Owner, Reserved, Restore,
    Room, StoreId, Subscription, TargetId, Undelivered, Undo, UndoAnswer, UndoEnd,
};

/// A call to the ledger. None is repeated: even reading the outbox counts an attempt. None has a deadline: a decision
/// must be recorded even if the deadline of its login has passed.
fn ledger(operation: &'static str) -> GuardedCall<'static> {
    GuardedCall { adapter: "ledger", operation, kind: CallKind::Once, deadline: None }
}

impl<L: Layer> Ledger for Guarded<dyn Ledger, L> {
    fn would_admit<'a>(&'a self, counter: &'a Counter, at: Timestamp) -> Answer<'a, Room> {
        Box::pin(self.layer.around(ledger("would_admit"), move || self.port.would_admit(counter, at)))
    }

    fn reserve<'a>(&'a self, attempt: &'a Attempt) -> Answer<'a, Reserved> {
        Box::pin(self.layer.around(ledger("reserve"), move || self.port.reserve(attempt)))
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> Answer<'a, ClaimAnswer> {
        Box::pin(self.layer.around(ledger("claim"), move || self.port.claim(claim)))
    }

    fn finish<'a>(&'a self, finish: &'a Finish) -> Answer<'a, Finished> {
        Box::pin(self.layer.around(ledger("finish"), move || self.port.finish(finish)))
    }

    fn abandon<'a>(&'a self, abandon: &'a Abandon) -> Answer<'a, ()> {
        Box::pin(self.layer.around(ledger("abandon"), move || self.port.abandon(abandon)))
    }

    fn decide<'a>(&'a self, decision: &'a Decision, events: &'a [Event]) -> Answer<'a, ()> {
        Box::pin(self.layer.around(ledger("decide"), move || self.port.decide(decision, events)))
    }

    fn bury<'a>(&'a self, key: &'a LegacyKey, logins: &'a [String], at: Timestamp) -> Answer<'a, ()> {
        Box::pin(self.layer.around(ledger("bury"), move || self.port.bury(key, logins, at)))
    }

    fn undo<'a>(&'a self, undo: &'a Undo) -> Answer<'a, UndoAnswer> {
        Box::pin(self.layer.around(ledger("undo"), move || self.port.undo(undo)))
    }

    fn end_undo<'a>(&'a self, end: &'a UndoEnd) -> Answer<'a, Finished> {
        Box::pin(self.layer.around(ledger("end_undo"), move || self.port.end_undo(end)))
    }

    fn buried<'a>(&'a self, subject: &'a str) -> Answer<'a, Option<Buried>> {
        Box::pin(self.layer.around(ledger("buried"), move || self.port.buried(subject)))
    }

    fn restore<'a>(&'a self, restore: &'a Restore) -> Answer<'a, ()> {
        Box::pin(self.layer.around(ledger("restore"), move || self.port.restore(restore)))
    }

    fn entry<'a>(&'a self, key: &'a LegacyKey) -> Answer<'a, Option<Entry>> {
        Box::pin(self.layer.around(ledger("entry"), move || self.port.entry(key)))
    }

    fn migrated<'a>(&'a self, subject: &'a str) -> Answer<'a, Option<Entry>> {
        Box::pin(self.layer.around(ledger("migrated"), move || self.port.migrated(subject)))
    }

    fn owner<'a>(&'a self, account: &'a TargetId) -> Answer<'a, Option<Owner>> {
        Box::pin(self.layer.around(ledger("owner"), move || self.port.owner(account)))
    }

    fn unfinished<'a>(&'a self, now: Timestamp, lease: Duration, limit: usize) -> Answer<'a, Vec<Entry>> {
        Box::pin(self.layer.around(ledger("unfinished"), move || self.port.unfinished(now, lease, limit)))
    }

    fn settle_buried<'a>(&'a self, key: &'a LegacyKey) -> Answer<'a, ()> {
        Box::pin(self.layer.around(ledger("settle_buried"), move || self.port.settle_buried(key)))
    }

    fn store(&self) -> Answer<'_, Option<StoreId>> {
        Box::pin(self.layer.around(ledger("store"), move || self.port.store()))
    }

    fn bind<'a>(&'a self, store: &'a StoreId) -> Answer<'a, StoreId> {
        Box::pin(self.layer.around(ledger("bind"), move || self.port.bind(store)))
    }

    fn last_migrated(&self) -> Answer<'_, Option<ExternalId>> {
        Box::pin(self.layer.around(ledger("last_migrated"), move || self.port.last_migrated()))
    }

    fn ping(&self) -> Answer<'_, ()> {
        Box::pin(self.layer.around(ledger("ping"), move || self.port.ping()))
    }
}

impl<L: Layer> Outbox for Guarded<dyn Outbox, L> {
    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> Answer<'a, Vec<(String, u64)>> {
        Box::pin(self.layer.around(ledger("keep_receivers"), move || self.port.keep_receivers(receivers)))
    }

    fn route<'a>(&'a self, subscriptions: &'a [Subscription], now: Timestamp, limit: usize) -> Answer<'a, usize> {
        Box::pin(self.layer.around(ledger("route"), move || self.port.route(subscriptions, now, limit)))
    }

    fn due<'a>(
        &'a self,
        receiver: &'a Subscription,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Answer<'a, Vec<Outgoing>> {
        Box::pin(self.layer.around(ledger("due"), move || self.port.due(receiver, now, lease, limit)))
    }

    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState<'a>) -> Answer<'a, ()> {
        Box::pin(self.layer.around(ledger("sent"), move || self.port.sent(receiver, id, state)))
    }

    fn undelivered<'a>(&'a self, kind: EventKind, after: i64, limit: usize) -> Answer<'a, Vec<Undelivered>> {
        Box::pin(self.layer.around(ledger("undelivered"), move || self.port.undelivered(kind, after, limit)))
    }

    fn send_again<'a>(&'a self, kind: EventKind, id: Option<i64>, now: Timestamp) -> Answer<'a, u64> {
        Box::pin(self.layer.around(ledger("send_again"), move || self.port.send_again(kind, id, now)))
    }
}

impl<L: Layer> Nonces for Guarded<dyn Nonces, L> {
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> Answer<'a, Fresh> {
        Box::pin(self.layer.around(ledger("remember"), move || self.port.remember(nonce)))
    }
}
