//! What the routes need from a migrator, so that they can be tested with every possible outcome.

use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::migrate::{Answer, Handover, Login, Profile, ProfileAnswer, ProvisionAnswer, ResetAnswer, SignupAnswer};
use crate::ports::{BoxFuture, PortError, StoredAccount, TargetId};

/// The operations of a migrator.
pub(super) trait Operations: Send + Sync {
    /// Signs a customer in.
    fn login(&self, login: Login) -> BoxFuture<'_, Answer>;

    /// Signs a customer in at an identity provider that asks.
    fn hand_over<'a>(&'a self, login: Login, handover: &'a Handover) -> BoxFuture<'a, (Answer, Option<Profile>)>;

    /// The profile of a customer, for an identity provider that asks without a password.
    fn profile<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
        tenant: Option<String>,
        handover: &'a Handover,
    ) -> BoxFuture<'a, ProfileAnswer>;

    /// Creates the account of a customer without a password.
    fn provision<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
        tenant: Option<String>,
    ) -> BoxFuture<'a, ProvisionAnswer>;

    /// Whether an identifier is free for a new customer.
    fn signup_check<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
    ) -> BoxFuture<'a, SignupAnswer>;

    /// Handles a forgotten password.
    fn forgot_password<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
        tenant: Option<String>,
    ) -> BoxFuture<'a, ResetAnswer>;

    /// Whether a tenant has a legacy system of its own.
    fn serves_tenant(&self, tenant: &str) -> bool;

    /// Reads an account.
    fn account<'a>(
        &'a self,
        request_id: &'a str,
        id: &'a TargetId,
    ) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>>;

    /// Sets a password; `None` if there is no such account.
    fn set_password<'a>(
        &'a self,
        request_id: &'a str,
        id: &'a TargetId,
        password: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>>;

    /// Notes that an account has got a password at the target; whether the account is known.
    fn password_was_set<'a>(&'a self, request_id: &'a str, id: &'a TargetId) -> BoxFuture<'a, Result<bool, PortError>>;

    /// Checks that the ledger and the target respond.
    fn ready(&self) -> BoxFuture<'_, Result<(), PortError>>;
}
