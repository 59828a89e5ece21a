//! How calls of the source, the target and the ledger are guarded.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::units;

/// How calls are guarded.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardSettings {
    /// Calls of the legacy system at the same time.
    pub concurrency: u32,
    /// Calls that are made again.
    pub retries: Retries,
    /// When a system that fails is left alone.
    pub breaker: Breaker,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { concurrency: 32, retries: Retries::default(), breaker: Breaker::default() }
    }
}

/// Calls that are made again after a temporary failure, as long as the deadline of the login allows.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retries {
    /// How often.
    pub limit: u32,
    /// The wait before the first; each further one doubles it.
    #[serde(with = "units::duration")]
    pub wait: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { limit: 2, wait: Duration::from_millis(50) }
    }
}

/// When a system that fails is left alone, so that it can recover and logins are answered at once.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// The last calls that are looked at.
    pub calls: u32,
    /// Failed ones of them, in per cent, from which on the system is left alone.
    pub failures: u32,
    /// How long it is left alone before it is tried again.
    #[serde(with = "units::duration")]
    pub pause: Duration,
    /// Calls that try it again.
    pub trials: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { calls: 50, failures: 50, pause: Duration::from_secs(5), trials: 5 }
    }
}
