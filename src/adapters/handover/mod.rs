//! The target of a service whose customers are handed over: the identity providers that ask store the accounts, and no
//! system is called.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::registry::{TargetAdapter, TargetContext};
use crate::model::Password;
use crate::ports::{
    Authenticated, BoxFuture, Call, Capabilities, Created, Deleted, Deletion, ExternalId, Found, Identifier,
    NewAccount, PasswordCheck, PortError, PortErrorKind, StoreId, StoredAccount, Support, Target, TargetId,
};
use crate::settings::{AdapterSettings, Reporter};

/// The identity provider that asks a bridge stores the accounts.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoverSettings {
    /// Its name in logs and metrics.
    #[serde(default = "name")]
    pub name: String,
}

fn name() -> String {
    "accounts".to_owned()
}

impl AdapterSettings for HandoverSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, _: &mut Reporter<'_>) {}
}

impl TargetAdapter for HandoverSettings {
    fn url(&self) -> &str {
        ""
    }

    fn is_handover(&self) -> bool {
        true
    }

    fn open<'a>(&'a self, _: TargetContext<'a>) -> BoxFuture<'a, Result<Arc<dyn Target>, PortError>> {
        Box::pin(async { Ok(nowhere(&self.name)) })
    }
}

/// The target itself.
pub(crate) fn nowhere(name: &str) -> Arc<dyn Target> {
    Arc::new(Nowhere { name: name.to_owned() })
}

/// A target without accounts.
struct Nowhere {
    name: String,
}

impl Nowhere {
    fn unsupported<'a, T: Send + 'a>(&'a self, operation: &'static str) -> BoxFuture<'a, Result<T, PortError>> {
        let error = PortError::new(PortErrorKind::Unsupported, &self.name, operation)
            .because("the identity providers that ask the bridges store the accounts");
        Box::pin(async { Err(error) })
    }
}

/// There is never an account, so that whatever was interrupted is settled as not done.
fn nothing<'a, T: Send + 'a>() -> BoxFuture<'a, Result<Option<T>, PortError>> {
    Box::pin(async { Ok(None) })
}

impl Target for Nowhere {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        // an undo tells the ledger alone
        Capabilities { undo: Support::Yes, ..Capabilities::remote(PasswordCheck::Nothing) }
    }

    fn find<'a>(&'a self, _: Call<'a>, _: &'a Identifier) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        nothing()
    }

    fn find_external<'a>(&'a self, _: Call<'a>, _: &'a ExternalId) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        nothing()
    }

    fn authenticate<'a>(
        &'a self,
        _: Call<'a>,
        _: &'a TargetId,
        _: &'a Arc<Password>,
    ) -> BoxFuture<'a, Result<Authenticated, PortError>> {
        self.unsupported("authenticate")
    }

    fn create<'a>(&'a self, _: Call<'a>, _: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>> {
        self.unsupported("create")
    }

    fn set_password<'a>(
        &'a self,
        _: Call<'a>,
        _: &'a TargetId,
        _: &'a Arc<Password>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>> {
        self.unsupported("set_password")
    }

    fn delete<'a>(&'a self, _: Call<'a>, _: &'a TargetId, _: Deletion) -> BoxFuture<'a, Result<Deleted, PortError>> {
        Box::pin(async { Ok(Deleted::Missing) })
    }

    fn reopen<'a>(&'a self, _: Call<'a>, _: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }

    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        nothing()
    }

    fn read<'a>(&'a self, _: Call<'a>, _: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        nothing()
    }

    fn list<'a>(
        &'a self,
        _: Call<'a>,
        _: Option<&'a TargetId>,
        _: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>> {
        self.unsupported("list")
    }
}

/// There is nothing to run the suite of targets over: no account is ever there, and what was interrupted was not done.
#[cfg(test)]
pub(crate) fn nobody_is_ever_there() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let target = Nowhere { name: name() };
    let call = Call::outside_login("test");
    let (id, external) = (TargetId("1".to_owned()), ExternalId("e".to_owned()));
    runtime.block_on(async {
        assert_eq!(target.find_created(call, &external).await.unwrap(), None);
        assert_eq!(target.delete(call, &id, Deletion::ForGood).await.unwrap(), Deleted::Missing);
        assert_eq!(target.list(call, None, 1).await.unwrap_err().kind(), PortErrorKind::Unsupported);
        assert_eq!(target.ping().await.unwrap(), None);
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn nobody_is_ever_there() {
        super::nobody_is_ever_there();
    }
}
