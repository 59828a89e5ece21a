//! The ports implemented by guarded ports: which calls are reads, and which are made only once.

use std::sync::Arc;

use jiff::Timestamp;

use super::layer::{CallKind, Guarded, GuardedCall, Layer};
use crate::model::Password;
use crate::password::Credential;
use crate::ports::{
    Authenticated, BoxFuture, Call, Capabilities, Coverage, Created, Deleted, Deletion, ExternalId, Found, Identifier,
    Members, NewAccount, PortError, Presented, Record, Source, StoreId, StoredAccount, Target, TargetId, Verification,
    Verifier,
};

/// The result of a call.
pub(super) type Answer<'a, T> = BoxFuture<'a, Result<T, PortError>>;

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

    fn members(&self) -> Members {
        self.port.members()
    }

    fn fetch<'a>(&'a self, call: Call<'a>, identifier: &'a Identifier) -> Answer<'a, Option<Record>> {
        let guarded = read_call(self.port.name(), "fetch", call);
        let limit = self.layer.limit();
        Box::pin(self.layer.around(guarded, move || self.port.fetch(call.within(limit), identifier)))
    }
}

impl<L: Layer> Verifier for Guarded<dyn Verifier, L> {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn verify<'a>(&'a self, call: Call<'a>, presented: Presented<'a>) -> Answer<'a, Verification> {
        let guarded = single_call(self.port.name(), "verify", call);
        let limit = self.layer.limit();
        Box::pin(self.layer.around(guarded, move || self.port.verify(call.within(limit), presented)))
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

    fn takes_hash(&self, credential: &Credential) -> bool {
        self.port.takes_hash(credential)
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

    fn checkpoint(&self) -> Answer<'_, ()> {
        let call =
            GuardedCall { adapter: self.port.name(), operation: "checkpoint", kind: CallKind::Once, deadline: None };
        Box::pin(self.layer.around(call, move || self.port.checkpoint()))
    }
}
