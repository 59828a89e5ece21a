//! Where accounts are stored, and the ledger.

use serde::{Deserialize, Serialize};

use super::AnchorSettings;
use crate::config::Secret;

/// Where accounts are stored.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetSettings {
    /// Landfall's own account store.
    Sql(AccountStore),
}

/// Landfall's own account store, in SQLite.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AccountStore {
    /// The name of the target, for logs and metrics.
    #[serde(default = "name")]
    pub name: String,
    /// The file, as `sqlite:PATH`; it is created if it is missing.
    pub url: String,
}

/// The ledger: migrated customers, failed attempts, the audit, and outgoing events.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSettings {
    /// The file, as `sqlite:PATH`; it is created if it is missing.
    pub url: String,
    /// The key of the customer digests: hexadecimal or Base64, at least 32 bytes. It must not change: with another key,
    /// every customer is unknown again.
    pub key: Secret,
    /// Where the head of the audit is sent; nowhere by default.
    #[serde(default)]
    pub anchor: Option<AnchorSettings>,
}

fn name() -> String {
    "accounts".to_owned()
}
