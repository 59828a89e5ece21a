//! Settings of the anchor, which regularly stores the head of the audit elsewhere.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::settings::{Secret, units};

/// Where the head of the audit is sent regularly, to serve as an anchor later.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorSettings {
    /// How often the head is sent if it has changed.
    #[serde(default = "hour", with = "units::Time")]
    pub every: Duration,
    /// A file that gets a line for each head.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// A webhook that gets an event for each head.
    #[serde(default)]
    pub webhook: Option<AnchorWebhook>,
}

/// A webhook that receives heads.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorWebhook {
    /// The HTTPS URL that heads are sent to.
    pub url: String,
    /// The signing secret, at least 32 bytes.
    pub secret: Secret,
}

fn hour() -> Duration {
    Duration::from_secs(3600)
}
