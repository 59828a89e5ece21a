//! The settings, section by section, each with its defaults.

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

use schemars::JsonSchema;
use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_yaml::Value as Yaml;

pub use guard::{Breaker, GuardSettings};
pub use hooks::HookSettings;
pub use ledger::LedgerSettings;
pub use log::{LogFormat, LogLevel, LogSettings};
pub use login::{Attempts, LoginSettings, NetworkWindow, Window};
pub use params::Params;
pub(super) use params::is_secret_name;
pub use password::{Argon2, Decoy, LaneSettings, PasswordSettings, Pepper};
pub use service::{ServiceSettings, TlsFiles};

use super::reader::KIND;
use crate::adapters::registry::{SourceSettings, TargetSettings};
use crate::ports::{IdentifierKind, IdentifierProfile};
use crate::settings::units;

/// All settings of a deployment: `landfall.yaml`, with defaults for what is not written.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port. Any address except loopback needs `service.tls` or `service.allow_plain_http`.
    #[serde(default = "listen", with = "units::Address")]
    pub listen: SocketAddr,
    /// The rule file. It must say who a record is (`identify`) and which stored password belongs to it (`credential`),
    /// and its tests must pass.
    pub rules: PathBuf,
    /// Values of the parameters that the rules declare; a value for an undeclared parameter is an error, and a blank
    /// value counts as not set. `landfall config show` prints `***` for values that come from the environment and for
    /// parameters whose name contains `secret`, `password`, `passphrase`, `pepper`, `salt`, `token`, `credential` or
    /// `key`.
    #[serde(default)]
    pub params: Params,
    /// What rules read as `$facts.tenant`.
    #[serde(default)]
    pub tenant: Option<String>,
    /// What customers type.
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(tag = "kind")]
pub enum IdentifierSettings {
    /// Names and mail addresses alike (RFC 8265, UsernameCaseMapped).
    #[default]
    Username,
    /// Mail addresses only, with the domain in ASCII.
    Email,
    /// Numbers in E.164.
    Phone {
        /// For `phone`: the region of numbers without a country prefix (ISO 3166-1). If not set, only numbers with a
        /// prefix are accepted.
        #[serde(default)]
        region: Option<String>,
    },
}

impl IdentifierSettings {
    /// How identifiers are normalized.
    #[must_use]
    pub fn profile(&self) -> IdentifierProfile {
        let kind = match self {
            Self::Username => IdentifierKind::Username,
            Self::Email => IdentifierKind::Email,
            Self::Phone { region } => IdentifierKind::Phone { region: region.clone() },
        };
        IdentifierProfile { kind }
    }
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
