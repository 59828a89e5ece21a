//! Where the head of the audit is pushed regularly.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Secret, units};

/// Where the head of the audit is pushed regularly, to be an anchor later.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorSettings {
    /// How often, when it has changed.
    #[serde(default = "hour", with = "units::duration")]
    pub every: Duration,
    /// The file that gets a line for each head.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// The webhook that gets an event for each head.
    #[serde(default)]
    pub webhook: Option<AnchorWebhook>,
}

/// Somebody who keeps heads.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorWebhook {
    /// Where heads are sent, with HTTPS.
    pub url: String,
    /// The secret that signs them, at least 32 bytes.
    pub secret: Secret,
}

fn hour() -> Duration {
    Duration::from_secs(3600)
}
