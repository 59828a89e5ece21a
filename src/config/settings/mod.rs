//! The settings themselves, section by section, each with its defaults.

mod anchor;
mod guard;
mod hooks;
mod log;
mod login;
mod params;
mod password;
mod service;
mod source;
mod target;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_yaml::Value as Yaml;

pub use anchor::{AnchorSettings, AnchorWebhook};
pub use guard::{Breaker, GuardSettings};
pub use hooks::{HookSettings, Webhook, WebhookEvent};
pub use log::{LogFormat, LogLevel, LogSettings};
pub use login::{Attempts, LoginSettings, NetworkWindow, Window};
pub use params::Params;
pub(super) use params::is_secret_name;
pub use password::{Argon2, Decoy, LaneSettings, PasswordSettings, Pepper};
pub use service::{BasicPair, Caller, ServiceSettings, TlsFiles};
pub use source::{FileSource, ListShape, RecordFormat, RecordList, SourceSettings, SqlSource};
pub use target::{AccountStore, LedgerSettings, TargetSettings};

use super::reader::KIND;
use super::units;

/// Everything that a deployment sets: `landfall.yaml`, with defaults for what is not written there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the service listens.
    #[serde(default = "listen", with = "units::address")]
    pub listen: SocketAddr,
    /// The rule file.
    pub rules: PathBuf,
    /// Values of the rules' parameters.
    #[serde(default)]
    pub params: Params,
    /// The tenant, which rules read as `$facts.tenant`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// What identifiers are.
    #[serde(default, serialize_with = "kinded")]
    pub identifier: IdentifierSettings,
    /// Where legacy records come from.
    #[serde(serialize_with = "kinded")]
    pub source: SourceSettings,
    /// Where accounts are stored.
    #[serde(serialize_with = "kinded")]
    pub target: TargetSettings,
    /// What keeps the ledger.
    pub ledger: LedgerSettings,
    /// How passwords are stored and verified.
    #[serde(default)]
    pub password: PasswordSettings,
    /// How much hashing is done at a time.
    #[serde(default)]
    pub lane: LaneSettings,
    /// How a login behaves.
    #[serde(default)]
    pub login: LoginSettings,
    /// How calls of the source, the target and the ledger are guarded.
    #[serde(default)]
    pub guard: GuardSettings,
    /// Scripts of the operator, and webhooks.
    #[serde(default)]
    pub hooks: HookSettings,
    /// How the service listens and what it bears.
    #[serde(default)]
    pub service: ServiceSettings,
    /// What is logged.
    #[serde(default)]
    pub log: LogSettings,
}

/// The keys that have no default.
pub(super) const REQUIRED: &[&str] = &["rules", "source", "target", "ledger"];

/// Loopback: nobody else reaches it until somebody decides so.
fn listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))
}

/// What identifiers are, which decides how they are made one spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum IdentifierSettings {
    /// User names and mail addresses alike.
    #[default]
    Username,
    /// Mail addresses only.
    Email,
    /// Phone numbers.
    Phone {
        /// The region of numbers without a country prefix, two letters.
        #[serde(default)]
        region: Option<String>,
    },
}

/// Writes an enum as it is read: a map in which `kind` names the case.
fn kinded<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let written = serde_yaml::to_value(value).map_err(S::Error::custom)?;
    let (kind, members) = match &written {
        Yaml::Tagged(tagged) => (tagged.tag.to_string(), tagged.value.as_mapping()),
        Yaml::Mapping(map) => match map.iter().next() {
            Some((kind, members)) => (kind.as_str().unwrap_or_default().to_owned(), members.as_mapping()),
            None => return Err(S::Error::custom("a case has no name")),
        },
        Yaml::String(kind) => (kind.clone(), None),
        _ => return Err(S::Error::custom("a case has no name")),
    };
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(KIND, kind.trim_start_matches('!'))?;
    for (key, value) in members.into_iter().flatten() {
        map.serialize_entry(key, value)?;
    }
    map.end()
}
