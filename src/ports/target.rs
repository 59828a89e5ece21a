//! Where accounts are stored.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Authenticated, BoxFuture, Call, Capabilities, Created, Deleted, Deletion, ExternalId, Found, Identifier,
    NewAccount, PortError, StoreId, StoredAccount, TargetId,
};
use crate::model::Password;
use crate::password::Credential;

/// Where accounts are stored. Writes are durable once their future resolves.
pub trait Target: Send + Sync {
    /// The name of the target in the settings.
    fn name(&self) -> &str;

    /// What the target can do.
    fn capabilities(&self) -> Capabilities;

    /// Whether a stored hash of the legacy system can be the password of a new account as it is.
    fn takes_hash(&self, _: &Credential) -> bool {
        false
    }

    /// The account that this identifier signs in to. Needs [`AccountLookup::Login`](super::AccountLookup::Login).
    fn find<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>>;

    /// The account that we created under this external id.
    fn find_external<'a>(
        &'a self,
        call: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>>;

    /// Verifies a password, in the way that [`Capabilities::password`] declares. If the password is correct and its hash
    /// is outdated, the hash is replaced.
    fn authenticate<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
    ) -> BoxFuture<'a, Result<Authenticated, PortError>>;

    /// Creates an account, or completes the pending account with the same external id.
    fn create<'a>(&'a self, call: Call<'a>, account: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>>;

    /// Sets a password; a pending account becomes active. Returns the id if the account exists;
    /// [`PortErrorKind::PasswordRefused`](super::PortErrorKind::PasswordRefused) if the target's policy refuses the
    /// password.
    fn set_password<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>>;

    /// The account that we created under this external id, ordered with all writes: no write that began earlier can
    /// change the answer afterwards. Used by recovery, which must not give up an account that is about to be created.
    fn find_created<'a>(
        &'a self,
        call: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        self.find_external(call, external)
    }

    /// Deletes an account. [`Deletion::Unchanged`] needs [`Capabilities::undo`].
    fn delete<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        how: Deletion,
    ) -> BoxFuture<'a, Result<Deleted, PortError>>;

    /// Allows an account that was permanently deleted to be created again.
    fn reopen<'a>(&'a self, call: Call<'a>, external: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>>;

    /// Checks that the store can be read and written, and returns its identity, which was generated at random with the
    /// store and never changes. `None` if the store has no identity.
    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>>;

    /// Reads one account.
    fn read<'a>(&'a self, call: Call<'a>, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>>;

    /// Up to `limit` accounts ordered by id, starting after `after`. Needs [`Capabilities::listing`].
    fn list<'a>(
        &'a self,
        call: Call<'a>,
        after: Option<&'a TargetId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>>;

    /// Completes what is stored when the service stops, such as a file whose journal is beside it. Nothing is lost
    /// without it.
    fn checkpoint(&self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}
