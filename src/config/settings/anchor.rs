//! Settings of the anchor, which regularly stores the head of the audit elsewhere.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::{Secret, units};

/// Where the head of the audit is sent regularly, to serve as an anchor later.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnchorSettings {
    /// How often the head of the audit is pushed after it has changed. An anchor proves everything before it, so this is
    /// the longest period that somebody who has the ledger's key can change without a trace.
    #[serde(default = "hour", with = "units::Time")]
    pub every: Duration,
    /// A file that gets a line `TIME HEAD` for each anchor, for `landfall audit verify --anchors`. Put it where
    /// somebody who can write the ledger can only append.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// A webhook that receives each head: `url` with `https://` (or `http://` to the machine itself) and a `secret` of
    /// at least 32 characters, which signs it like events. A push that fails is logged, counted in
    /// `landfall_anchors_total`, and repeated within a minute.
    #[serde(default)]
    pub webhook: Option<AnchorWebhook>,
}

/// A webhook that receives heads.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
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
