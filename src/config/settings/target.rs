//! Where accounts are stored, and where the ledger are kept.

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
    /// The file, as `sqlite:PATH`; it is made when it is not there.
    pub url: String,
}

/// The ledger: who was migrated, attempts, the audit, and events to be sent.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSettings {
    /// The file, as `sqlite:PATH`; it is made when it is not there.
    pub url: String,
    /// The key that names customers in it: hexadecimal or Base64, at least 32 bytes. It must be kept: with another key,
    /// every customer is a stranger again.
    pub key: Secret,
    /// Where the head of the audit is pushed; nowhere when it is not set.
    #[serde(default)]
    pub anchor: Option<AnchorSettings>,
}

fn name() -> String {
    "accounts".to_owned()
}
