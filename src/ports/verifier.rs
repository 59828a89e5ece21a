//! How a presented password is verified against the legacy system.

use std::sync::Arc;

use super::{BoxFuture, Call, Identifier, PortError, Record, Work};
use crate::model::Password;
use crate::password::{Credential, Verdict};

/// The input of a verifier.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The identifier that the customer typed.
    pub identifier: &'a Identifier,
    /// The customer's record.
    pub record: &'a Record,
    /// The stored credential, as the rules read it from the record.
    pub credential: Option<&'a Credential>,
    /// The password the customer typed.
    pub password: &'a Arc<Password>,
}

/// The answer of a verifier. Nothing needs to be known of the work of a check that is cut off: it ends the login with an
/// outage, or with a refusal that computes the decoy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Whether the password is correct.
    pub verdict: Verdict,
    /// What was done to find out.
    pub work: Work,
}

impl Verification {
    /// A verdict that took no work.
    #[must_use]
    pub fn without_work(verdict: Verdict) -> Self {
        Self { verdict, work: Work::Nothing }
    }
}

/// Verifies a presented password against the legacy system.
pub trait Verifier: Send + Sync {
    /// The name of the verifier in logs and the ledger.
    fn name(&self) -> &str;

    /// Verifies the password. Never called twice for one login, because legacy systems count wrong passwords.
    fn verify<'a>(&'a self, call: Call<'a>, presented: Presented<'a>)
    -> BoxFuture<'a, Result<Verification, PortError>>;
}
