//! The operator's scripts at fixed points of a login, and webhooks.

use serde::{Deserialize, Serialize};

use crate::config::Secret;
use crate::ports::{EventKind, HookPoint};

/// The operator's scripts at fixed points of a login, and webhooks. A script is the path of a `.rhai` file, or the
/// script itself.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HookSettings {
    /// Runs before the legacy system is queried.
    pub before_fetch: Option<String>,
    /// Runs after the record was fetched; nothing is verified yet.
    pub after_fetch: Option<String>,
    /// Runs after the account was built and validated; nothing is written yet.
    pub before_create: Option<String>,
    /// Runs after the account was stored.
    pub after_create: Option<String>,
    /// Runs when the customer is refused.
    pub on_refusal: Option<String>,
    /// The webhooks that receive events.
    pub webhooks: Vec<Webhook>,
}

impl HookSettings {
    /// The script of a hook point, as written.
    #[must_use]
    pub fn script(&self, point: HookPoint) -> Option<&str> {
        match point {
            HookPoint::BeforeFetch => self.before_fetch.as_deref(),
            HookPoint::AfterFetch => self.after_fetch.as_deref(),
            HookPoint::BeforeCreate => self.before_create.as_deref(),
            HookPoint::AfterCreate => self.after_create.as_deref(),
            HookPoint::OnRefusal => self.on_refusal.as_deref(),
        }
    }
}

/// A webhook that receives events.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
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
    use WebhookEvent::{Failed, Migrated, NeedsAction, PasswordReset, Refused};
    vec![Migrated, NeedsAction, PasswordReset, Refused, Failed]
}

/// An event of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
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
}

impl From<WebhookEvent> for EventKind {
    fn from(event: WebhookEvent) -> Self {
        match event {
            WebhookEvent::Migrated => Self::Migrated,
            WebhookEvent::NeedsAction => Self::NeedsAction,
            WebhookEvent::PasswordReset => Self::PasswordReset,
            WebhookEvent::Refused => Self::Refused,
            WebhookEvent::Failed => Self::Failed,
        }
    }
}
