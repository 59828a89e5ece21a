//! What the routes need of a migrator, so that they can be tested against every outcome there is.

use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::migrate::{Answer, BoxFuture, Login, PortError, ResetAnswer, SignupAnswer, StoredAccount, TargetId};

/// The operations of a migrator.
pub(super) trait Operations: Send + Sync {
    /// Sign-in.
    fn login(&self, login: Login) -> BoxFuture<'_, Answer>;

    /// Whether an identifier may be given to a new customer.
    fn signup_check<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
    ) -> BoxFuture<'a, SignupAnswer>;

    /// Forgot password.
    fn forgot_password<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
    ) -> BoxFuture<'a, ResetAnswer>;

    /// One account.
    fn account<'a>(&'a self, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>>;

    /// Sets a password; none when there is no such account.
    fn set_password<'a>(
        &'a self,
        request_id: &'a str,
        id: &'a TargetId,
        password: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>>;

    /// Whether the ledger and the target answer.
    fn ready(&self) -> BoxFuture<'_, Result<(), PortError>>;
}
