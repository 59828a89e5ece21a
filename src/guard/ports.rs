//! The ports implemented by guarded ports: which calls are reads, and which are made only once.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::layer::{CallKind, Guarded, GuardedCall, Layer};
use crate::model::Password;
use crate::ports::{
    Abandon, Attempt, Authenticated, BoxFuture, Buried, Call, Capabilities, Claim, ClaimAnswer, Counter, Coverage,
    Created, Decision, Deleted, Deletion, DeliveryState, Entry, Event, ExternalId, Finish, Finished, Found, Identifier,
    Ledger, LegacyKey, NewAccount, Outgoing, PortError, Presented, Record, Reserved, Restore, Room, Source, StoreId,
    StoredAccount, Subscription, Target, TargetId, Undo, UndoAnswer, UndoEnd, Verification, Verifier,
};

/// The result of a call.
type Answer<'a, T> = BoxFuture<'a, Result<T, PortError>>;

/// A call that only reads.
fn read_call<'a>(adapter: &'a str, operation: &'static str, call: Call<'_>) -> GuardedCall<'a> {
    GuardedCall { adapter, operation, kind: CallKind::Read, deadline: Some(call.deadline) }
}

/// A call that must not be repeated.
fn single_call<'a>(adapter: &'a str, operation: &'static str, call: Call<'_>) -> GuardedCall<'a> {
    GuardedCall { adapter, operation, kind: CallKind::Once, deadline: Some(call.deadline) }
}

impl<L: Layer> Source for Guarded<dyn Source, L> {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn coverage(&self) -> Coverage {
        self.port.coverage()
    }

    fn fetch<'a>(&'a self, call: Call<'a>, identifier: &'a Identifier) -> Answer<'a, Option<Record>> {
        let guarded = read_call(self.port.name(), "fetch", call);
        Box::pin(self.layer.around(guarded, move || self.port.fetch(call, identifier)))
    }
}

impl<L: Layer> Verifier for Guarded<dyn Verifier, L> {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn verify<'a>(&'a self, call: Call<'a>, presented: Presented<'a>) -> Answer<'a, Verification> {
        let guarded = single_call(self.port.name(), "verify", call);
        Box::pin(self.layer.around(guarded, move || self.port.verify(call, presented)))
    }
}

impl<L: Layer> Guarded<dyn Target, L> {
    fn reading(&self, operation: &'static str, call: Call<'_>) -> GuardedCall<'_> {
        read_call(self.port.name(), operation, call)
    }

    fn single(&self, operation: &'static str, call: Call<'_>) -> GuardedCall<'_> {
        single_call(self.port.name(), operation, call)
    }
}

impl<L: Layer> Target for Guarded<dyn Target, L> {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.port.capabilities()
    }

    fn find<'a>(&'a self, call: Call<'a>, identifier: &'a Identifier) -> Answer<'a, Option<Found>> {
        Box::pin(self.layer.around(self.reading("find", call), move || self.port.find(call, identifier)))
    }

    fn find_external<'a>(&'a self, call: Call<'a>, external: &'a ExternalId) -> Answer<'a, Option<Found>> {
        Box::pin(
            self.layer.around(self.reading("find_external", call), move || self.port.find_external(call, external)),
        )
    }

    fn authenticate<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
    ) -> Answer<'a, Authenticated> {
        let guarded = self.single("authenticate", call);
        Box::pin(self.layer.around(guarded, move || self.port.authenticate(call, id, password)))
    }

    fn create<'a>(&'a self, call: Call<'a>, account: NewAccount<'a>) -> Answer<'a, Created> {
        Box::pin(self.layer.around(self.single("create", call), move || self.port.create(call, account)))
    }

    fn set_password<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        at: Timestamp,
    ) -> Answer<'a, Option<TargetId>> {
        let guarded = self.single("set_password", call);
        Box::pin(self.layer.around(guarded, move || self.port.set_password(call, id, password, at)))
    }

    fn find_created<'a>(&'a self, call: Call<'a>, external: &'a ExternalId) -> Answer<'a, Option<Found>> {
        Box::pin(self.layer.around(self.reading("find_created", call), move || self.port.find_created(call, external)))
    }

    fn delete<'a>(&'a self, call: Call<'a>, id: &'a TargetId, how: Deletion) -> Answer<'a, Deleted> {
        Box::pin(self.layer.around(self.single("delete", call), move || self.port.delete(call, id, how)))
    }

    fn reopen<'a>(&'a self, call: Call<'a>, external: &'a ExternalId) -> Answer<'a, ()> {
        Box::pin(self.layer.around(self.single("reopen", call), move || self.port.reopen(call, external)))
    }

    fn ping(&self) -> Answer<'_, Option<StoreId>> {
        let guarded =
            GuardedCall { adapter: self.port.name(), operation: "ping", kind: CallKind::Once, deadline: None };
        Box::pin(self.layer.around(guarded, move || self.port.ping()))
    }

    fn read<'a>(&'a self, call: Call<'a>, id: &'a TargetId) -> Answer<'a, Option<StoredAccount>> {
        Box::pin(self.layer.around(self.reading("read", call), move || self.port.read(call, id)))
    }

    fn list<'a>(&'a self, call: Call<'a>, after: Option<&'a TargetId>, limit: usize) -> Answer<'a, Vec<StoredAccount>> {
        Box::pin(self.layer.around(self.reading("list", call), move || self.port.list(call, after, limit)))
    }
}

/// A call to the ledger. None is repeated: even reading the outbox counts an attempt.
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

    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> Answer<'a, Vec<(String, u64)>> {
        Box::pin(self.layer.around(ledger("keep_receivers"), move || self.port.keep_receivers(receivers)))
    }

    fn route<'a>(&'a self, subscriptions: &'a [Subscription], now: Timestamp, limit: usize) -> Answer<'a, usize> {
        Box::pin(self.layer.around(ledger("route"), move || self.port.route(subscriptions, now, limit)))
    }

    fn due<'a>(
        &'a self,
        receiver: &'a str,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Answer<'a, Vec<Outgoing>> {
        Box::pin(self.layer.around(ledger("due"), move || self.port.due(receiver, now, lease, limit)))
    }

    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState) -> Answer<'a, ()> {
        Box::pin(self.layer.around(ledger("sent"), move || self.port.sent(receiver, id, state)))
    }
}
