//! The settings of webhooks, and of the anchor, which regularly stores the head of the audit elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Anchor, Anchors, Delivery, DeliverySettings, Webhook, WebhookError, Webhooks, WriteBack};
use crate::ports::{Clock, EventKind, Outbox, Reports};
use crate::settings::{Secret, units};

/// A webhook that receives events.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Name, for logs and metrics.
    pub name: String,
    /// The HTTPS URL that events are sent to.
    pub url: String,
    /// The signing secret, at least 32 bytes.
    pub secret: Secret,
    /// The events to send; all by default.
    #[serde(default = "all")]
    pub events: Vec<WebhookEvent>,
}

fn all() -> Vec<WebhookEvent> {
    use WebhookEvent::{Drift, Failed, Migrated, NeedsAction, PasswordReset, Refused};
    vec![Migrated, NeedsAction, PasswordReset, Refused, Failed, Drift]
}

/// An event of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEvent {
    /// A customer's account was created.
    Migrated,
    /// A customer has to choose a password.
    NeedsAction,
    /// A customer asked for a new password.
    PasswordReset,
    /// A known customer was refused.
    Refused,
    /// A customer could not be migrated.
    Failed,
    /// Legacy records have another shape than when they were assessed.
    Drift,
}

impl From<WebhookEvent> for EventKind {
    fn from(event: WebhookEvent) -> Self {
        match event {
            WebhookEvent::Migrated => Self::Migrated,
            WebhookEvent::NeedsAction => Self::NeedsAction,
            WebhookEvent::PasswordReset => Self::PasswordReset,
            WebhookEvent::Refused => Self::Refused,
            WebhookEvent::Failed => Self::Failed,
            WebhookEvent::Drift => Self::Drift,
        }
    }
}

impl From<&WebhookSettings> for Webhook {
    fn from(written: &WebhookSettings) -> Self {
        Self {
            name: written.name.clone(),
            url: written.url.clone(),
            secret: SecretString::from(written.secret.expose()),
            events: written.events.iter().map(|event| (*event).into()).collect(),
        }
    }
}

/// The events that at least one webhook receives.
#[must_use]
pub fn subscribed(webhooks: &[WebhookSettings]) -> Vec<EventKind> {
    let all = || webhooks.iter().flat_map(|webhook| webhook.events.iter().map(|event| EventKind::from(*event)));
    EventKind::ALL.into_iter().filter(|kind| all().any(|event| event == *kind)).collect()
}

impl Delivery {
    /// Delivers events to the webhooks of the settings and to legacy systems; `None` if there are none.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn from_settings(
        written: &[WebhookSettings],
        write_backs: Vec<WriteBack>,
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Self>, WebhookError> {
        if written.is_empty() && write_backs.is_empty() {
            return Ok(None);
        }
        let webhooks: Vec<Webhook> = written.iter().map(Webhook::from).collect();
        Ok(Some(Self::to(Webhooks::new(&webhooks)?, write_backs, outbox, clock, DeliverySettings::default())))
    }
}

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

impl Anchors {
    /// Sends heads to where the settings say. Paths are relative to the folder.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn from_settings(
        written: &AnchorSettings,
        folder: &Path,
        reports: Arc<dyn Reports>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebhookError> {
        let webhook = written.webhook.as_ref().map(|webhook| Webhook {
            name: "anchor".to_owned(),
            url: webhook.url.clone(),
            secret: SecretString::from(webhook.secret.expose()),
            events: EventKind::ALL.to_vec(),
        });
        let file = written.file.as_ref().map(|file| folder.join(file));
        Self::new(reports, clock, &Anchor { every: written.every, file, webhook })
    }
}
