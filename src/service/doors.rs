//! What the routes need of a migrator, so that they can be tested against every outcome there is.

use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::migrate::{Answer, Login, Pending, PortError, ResetAnswer, SignupAnswer, StoredAccount, TargetId};

/// The doors of a migrator.
pub(super) trait Doors: Send + Sync {
    /// Sign-in.
    fn login(&self, login: Login) -> Pending<'_, Answer>;

    /// Whether an identifier may be given to a new customer.
    fn signup_check<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
    ) -> Pending<'a, SignupAnswer>;

    /// Forgot password.
    fn forgot_password<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
    ) -> Pending<'a, ResetAnswer>;

    /// One account.
    fn account<'a>(&'a self, id: &'a TargetId) -> Pending<'a, Result<Option<StoredAccount>, PortError>>;

    /// Sets a password; none when there is no such account.
    fn set_password<'a>(
        &'a self,
        request_id: &'a str,
        id: &'a TargetId,
        password: Zeroizing<Vec<u8>>,
    ) -> Pending<'a, Result<Option<TargetId>, PortError>>;

    /// Whether the ledger and the target answer.
    fn ready(&self) -> Pending<'_, Result<(), PortError>>;
}
