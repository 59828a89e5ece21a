//! The settings of callers.

use std::sync::Arc;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Caller, CallerCredential, CallerError, Callers};
use crate::ports::Nonces;
use crate::settings::{Secret, SecretSetting, SecretUse};

/// A system that may call the service.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerSettings {
    /// Name, for logs and metrics.
    pub name: String,
    /// Bearer token (RFC 6750), at least 32 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<Secret>,
    /// User name and password (RFC 7617).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<BasicSettings>,
    /// The secrets that sign its calls as in Standard Webhooks. Any of them is accepted, so that secrets can be rotated
    /// without an interruption.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<Secret>,
}

/// The user name and password of a caller.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicSettings {
    /// The user name.
    pub user: String,
    /// The password, at least 32 characters.
    pub password: Secret,
}

impl CallerSettings {
    /// The secrets among the settings.
    pub fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        let usage = SecretUse::Token(Secret::MIN_TOKEN);
        let Self { bearer, basic, signed, .. } = self;
        let bearer = bearer.iter_mut().map(|secret| ("bearer".to_owned(), secret));
        let basic = basic.iter_mut().map(|basic| ("basic.password".to_owned(), &mut basic.password));
        let signed = signed.iter_mut().enumerate().map(|(at, secret)| (format!("signed.{at}"), secret));
        bearer.chain(basic).chain(signed).map(|(key, secret)| SecretSetting { key, secret, usage }).collect()
    }

    /// The caller; `None` without a credential, which the checks of the settings reject.
    fn caller(&self) -> Option<Caller> {
        let text = |secret: &Secret| SecretString::from(secret.expose());
        let credential = match (&self.bearer, &self.basic, self.signed.as_slice()) {
            (Some(bearer), _, _) => CallerCredential::Bearer(text(bearer)),
            (_, Some(basic), _) => {
                CallerCredential::Basic { user: basic.user.clone(), password: text(&basic.password) }
            }
            (_, _, []) => return None,
            (_, _, signed) => CallerCredential::Signed(signed.iter().map(text).collect()),
        };
        Some(Caller { name: self.name.clone(), credential })
    }
}

impl Callers {
    /// The callers of the settings; `None` if there are none.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn from_settings(
        written: &[CallerSettings],
        nonces: Arc<dyn Nonces>,
    ) -> Result<Option<Arc<Self>>, CallerError> {
        let callers: Vec<Caller> = written.iter().filter_map(CallerSettings::caller).collect();
        if written.is_empty() { Ok(None) } else { Self::new(&callers, nonces).map(Arc::new).map(Some) }
    }
}
