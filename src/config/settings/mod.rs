//! The settings, section by section, each with its defaults.

mod anchor;
mod guard;
mod hooks;
mod ledger;
mod log;
mod login;
mod params;
mod password;
mod service;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_yaml::Value as Yaml;

pub use anchor::{AnchorSettings, AnchorWebhook};
pub use guard::{Breaker, GuardSettings};
pub use hooks::{HookSettings, Webhook, WebhookEvent};
pub use ledger::LedgerSettings;
pub use log::{LogFormat, LogLevel, LogSettings};
pub use login::{Attempts, LoginSettings, NetworkWindow, Window};
pub use params::Params;
pub(super) use params::is_secret_name;
pub use password::{Argon2, Decoy, LaneSettings, PasswordSettings, Pepper};
pub use service::{BasicPair, Caller, ServiceSettings, TlsFiles};

use super::reader::KIND;
use crate::adapters::registry::{SourceSettings, TargetSettings};
use crate::settings::units;

/// All settings of a deployment: `landfall.yaml`, with defaults for what is not written.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address that the service listens on.
    #[serde(default = "listen", with = "units::Address")]
    pub listen: SocketAddr,
    /// The rule file.
    pub rules: PathBuf,
    /// Values of the rule parameters.
    #[serde(default)]
    pub params: Params,
    /// The tenant; rules read it as `$facts.tenant`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The kind of identifiers.
    #[serde(default, serialize_with = "kinded")]
    pub identifier: IdentifierSettings,
    /// Where legacy records come from.
    #[serde(serialize_with = "kinded")]
    pub source: SourceSettings,
    /// Where accounts are stored.
    #[serde(serialize_with = "kinded")]
    pub target: TargetSettings,
    /// The ledger.
    pub ledger: LedgerSettings,
    /// How passwords are stored and verified.
    #[serde(default)]
    pub password: PasswordSettings,
    /// How much hashing runs at the same time.
    #[serde(default)]
    pub lane: LaneSettings,
    /// Login settings.
    #[serde(default)]
    pub login: LoginSettings,
    /// Limits of calls to the source, the target and the ledger.
    #[serde(default)]
    pub guard: GuardSettings,
    /// The operator's scripts, and webhooks.
    #[serde(default)]
    pub hooks: HookSettings,
    /// Callers, TLS, timeouts and limits of the service.
    #[serde(default)]
    pub service: ServiceSettings,
    /// What is logged.
    #[serde(default)]
    pub log: LogSettings,
}

/// The keys that have no default.
pub(super) const REQUIRED: &[&str] = &["rules", "source", "target", "ledger"];

/// Loopback: other machines cannot reach the service until the operator decides so.
fn listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))
}

/// The kind of identifiers, which decides how they are normalized.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum IdentifierSettings {
    /// User names and email addresses.
    #[default]
    Username,
    /// Email addresses only.
    Email,
    /// Phone numbers.
    Phone {
        /// The region of numbers without a country prefix, two letters.
        #[serde(default)]
        region: Option<String>,
    },
}

/// Serializes an enum the way it is read: as a map in which `kind` names the variant.
fn kinded<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let written = serde_yaml::to_value(value).map_err(S::Error::custom)?;
    let (kind, members) = match &written {
        Yaml::Tagged(tagged) => (tagged.tag.to_string(), tagged.value.as_mapping()),
        Yaml::Mapping(map) => match map.iter().next() {
            Some((kind, members)) => (kind.as_str().unwrap_or_default().to_owned(), members.as_mapping()),
            None => return Err(S::Error::custom("a variant has no name")),
        },
        Yaml::String(kind) => (kind.clone(), None),
        _ => return Err(S::Error::custom("a variant has no name")),
    };
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(KIND, kind.trim_start_matches('!'))?;
    for (key, value) in members.into_iter().flatten() {
        map.serialize_entry(key, value)?;
    }
    map.end()
}
