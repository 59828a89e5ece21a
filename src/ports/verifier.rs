//! How a presented password is verified against the legacy system.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::{BoxFuture, Identifier, PortError, Record};
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
    /// When the answer is no longer needed.
    pub deadline: Instant,
    /// Collects the time spent computing.
    pub spent: &'a Spent,
}

/// How long the hash of one login took to compute, without the time it waited in the queue.
#[derive(Debug, Default)]
pub struct Spent(AtomicU64);

impl Spent {
    /// Adds computing time.
    pub fn add(&self, took: Duration) {
        self.0.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The total time.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Verifies a presented password against the legacy system.
pub trait Verifier: Send + Sync {
    /// The name of the verifier in logs and the ledger.
    fn name(&self) -> &str;

    /// Verifies the password. Never called twice for one login, because legacy systems count wrong passwords.
    fn verify<'a>(&'a self, presented: Presented<'a>) -> BoxFuture<'a, Result<Verdict, PortError>>;
}
