//! The operator's scripts at fixed points of a login, and webhooks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::events::WebhookSettings;
use crate::ports::HookPoint;
use crate::settings::{Secret, SecretSetting, SecretUse};

/// The operator's scripts at fixed points of a login, and webhooks. A script is the path of a `.rhai` file, or the
/// script itself.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HookSettings {
    /// A script that runs before the legacy system is asked: the path of a `.rhai` file, or the script itself.
    pub before_fetch: Option<String>,
    /// Runs when the record is there and nothing has been verified yet.
    pub after_fetch: Option<String>,
    /// Runs when the account is built and valid and nothing has been written yet.
    pub before_create: Option<String>,
    /// Runs when the account is stored.
    pub after_create: Option<String>,
    /// Runs when the customer is refused.
    pub on_refusal: Option<String>,
    /// Who is told of events: `name`, `url` with `https://` (or `http://` to the machine itself), `secret` of at least
    /// 32 characters that signs them, and which `events`: `migrated`, `needs_action`, `password_reset`, `refused`,
    /// `failed`, `drift`; all if not set. Events name accounts and reasons, never a value of a customer. Each webhook has its
    /// own queue, with up to 8 events in progress. If a webhook is removed, its unsent events are dropped, which is
    /// logged. A new webhook receives what happens after the service has started with the new settings.
    pub webhooks: Vec<WebhookSettings>,
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

impl HookSettings {
    /// The secrets among the settings.
    pub(crate) fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        let mut secrets = Vec::new();
        for (at, webhook) in self.webhooks.iter_mut().enumerate() {
            let (key, usage) = (format!("webhooks.{at}.secret"), SecretUse::Token(Secret::MIN_TOKEN));
            secrets.push(SecretSetting { key, secret: &mut webhook.secret, usage });
        }
        secrets
    }
}
