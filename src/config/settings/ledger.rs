//! The ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::events::AnchorSettings;
use crate::ports::Keyring;
use crate::settings::{Secret, SecretSetting, SecretUse, address};

/// The ledger: migrated customers, failed attempts, the audit, and outgoing events.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerSettings {
    /// Secret: `sqlite:PATH` of the ledger, or `postgres://USER:PASSWORD@HOST/DATABASE` for several instances: who was
    /// migrated, failed attempts, the audit, events to be sent.
    #[serde(serialize_with = "address")]
    pub url: Secret,
    /// Secret: hexadecimal or Base64, at least 32 bytes. The ledger stores what customers type, and their networks,
    /// only as digests under this key; legacy ids are stored as they are. The key must not change: with another key
    /// every customer is a stranger.
    pub key: Secret,
    /// Where the head of the audit is sent; nowhere by default.
    #[serde(default)]
    pub anchor: Option<AnchorSettings>,
}

impl LedgerSettings {
    /// The secrets among the settings.
    pub(crate) fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        let usage = SecretUse::Key(Keyring::MIN_BYTES);
        let mut secrets = vec![
            SecretSetting { key: "url".to_owned(), secret: &mut self.url, usage: SecretUse::Address },
            SecretSetting { key: "key".to_owned(), secret: &mut self.key, usage },
        ];
        if let Some(webhook) = self.anchor.as_mut().and_then(|anchor| anchor.webhook.as_mut()) {
            let (key, usage) = ("anchor.webhook.secret".to_owned(), SecretUse::Token(Secret::MIN_TOKEN));
            secrets.push(SecretSetting { key, secret: &mut webhook.secret, usage });
        }
        secrets
    }
}
