//! The ports implemented by guarded ports: which calls are reads, and which are made only once.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::layer::{Call, CallKind, Guarded, Layer};
use crate::model::Password;
use crate::password::Verdict;
use crate::ports::{
    Authentication, BoxFuture, Coverage, Created, Deleted, Deletion, ExternalId, Found, Identifier, NewAccount,
    PortError, Presented, Record, Source, StoreId, StoredAccount, Target, TargetId, Verifier,
};

/// The result of a call.
pub(super) type Answer<'a, T> = BoxFuture<'a, Result<T, PortError>>;

impl<L: Layer> Source for Guarded<dyn Source, L> {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn coverage(&self) -> Coverage {
        self.port.coverage()
    }

    fn fetch<'a>(&'a self, identifier: &'a Identifier, deadline: Instant) -> Answer<'a, Option<Record>> {
        let call =
            Call { adapter: self.port.name(), operation: "fetch", kind: CallKind::Read, deadline: Some(deadline) };
        Box::pin(self.layer.around(call, move || self.port.fetch(identifier, deadline)))
    }
}

impl<L: Layer> Verifier for Guarded<dyn Verifier, L> {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn verify<'a>(&'a self, presented: Presented<'a>) -> Answer<'a, Verdict> {
        let call = Call {
            adapter: self.port.name(),
            operation: "verify",
            kind: CallKind::Once,
            deadline: Some(presented.deadline),
        };
        Box::pin(self.layer.around(call, move || self.port.verify(presented)))
    }
}

impl<L: Layer> Guarded<dyn Target, L> {
    fn read_call(&self, operation: &'static str) -> Call<'_> {
        Call { adapter: self.port.name(), operation, kind: CallKind::Read, deadline: None }
    }

    fn write_call(&self, operation: &'static str, deadline: Option<Instant>) -> Call<'_> {
        Call { adapter: self.port.name(), operation, kind: CallKind::Once, deadline }
    }
}

impl<L: Layer> Target for Guarded<dyn Target, L> {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn find<'a>(&'a self, identifier: &'a Identifier) -> Answer<'a, Option<Found>> {
        Box::pin(self.layer.around(self.read_call("find"), move || self.port.find(identifier)))
    }

    fn find_external<'a>(&'a self, external: &'a ExternalId) -> Answer<'a, Option<Found>> {
        Box::pin(self.layer.around(self.read_call("find_external"), move || self.port.find_external(external)))
    }

    fn authenticate<'a>(
        &'a self,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        deadline: Instant,
    ) -> Answer<'a, Authentication> {
        let call = self.write_call("authenticate", Some(deadline));
        Box::pin(self.layer.around(call, move || self.port.authenticate(id, password, deadline)))
    }

    fn create<'a>(&'a self, account: NewAccount<'a>) -> Answer<'a, Created> {
        let call = self.write_call("create", Some(account.deadline));
        Box::pin(self.layer.around(call, move || self.port.create(account)))
    }

    fn set_password<'a>(
        &'a self,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        at: Timestamp,
        deadline: Instant,
    ) -> Answer<'a, Option<TargetId>> {
        let call = self.write_call("set_password", Some(deadline));
        Box::pin(self.layer.around(call, move || self.port.set_password(id, password, at, deadline)))
    }

    fn find_created<'a>(&'a self, external: &'a ExternalId) -> Answer<'a, Option<Found>> {
        Box::pin(self.layer.around(self.read_call("find_created"), move || self.port.find_created(external)))
    }

    fn delete<'a>(&'a self, id: &'a TargetId, how: Deletion) -> Answer<'a, Deleted> {
        let call = self.write_call("delete", None);
        Box::pin(self.layer.around(call, move || self.port.delete(id, how)))
    }

    fn reopen<'a>(&'a self, external: &'a ExternalId) -> Answer<'a, ()> {
        let call = self.write_call("reopen", None);
        Box::pin(self.layer.around(call, move || self.port.reopen(external)))
    }

    fn ping(&self) -> Answer<'_, Option<StoreId>> {
        Box::pin(self.layer.around(self.write_call("ping", None), move || self.port.ping()))
    }

    fn read<'a>(&'a self, id: &'a TargetId) -> Answer<'a, Option<StoredAccount>> {
        Box::pin(self.layer.around(self.read_call("read"), move || self.port.read(id)))
    }

    fn list<'a>(&'a self, after: Option<&'a TargetId>, limit: usize) -> Answer<'a, Vec<StoredAccount>> {
        Box::pin(self.layer.around(self.read_call("list"), move || self.port.list(after, limit)))
    }

    fn checkpoint(&self) -> Answer<'_, ()> {
        Box::pin(self.layer.around(self.write_call("checkpoint", None), move || self.port.checkpoint()))
    }
}
