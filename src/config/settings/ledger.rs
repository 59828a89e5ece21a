//! The ledger.

use serde::{Deserialize, Serialize};

use super::AnchorSettings;
use crate::config::MIN_TOKEN;
use crate::ports::Keyring;
use crate::settings::{Secret, SecretSetting, SecretUse};

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

impl LedgerSettings {
    /// The secrets among the settings.
    pub(crate) fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        let usage = SecretUse::Key(Keyring::MIN_BYTES);
        let mut secrets = vec![SecretSetting { key: "key".to_owned(), secret: &mut self.key, usage }];
        if let Some(webhook) = self.anchor.as_mut().and_then(|anchor| anchor.webhook.as_mut()) {
            let (key, usage) = ("anchor.webhook.secret".to_owned(), SecretUse::Token(MIN_TOKEN));
            secrets.push(SecretSetting { key, secret: &mut webhook.secret, usage });
        }
        secrets
    }
}
