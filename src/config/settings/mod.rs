//! The settings, section by section, each with its defaults.

mod enrich;
mod guard;
mod hooks;
mod ledger;
mod log;
mod login;
mod more_source;
mod params;
mod password;
mod sampling;
mod service;
mod write_back;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_yaml::Value as Yaml;

pub use enrich::EnrichSettings;
pub(crate) use enrich::plain_path;
pub use guard::{Breaker, GuardSettings};
pub use hooks::HookSettings;
pub use ledger::LedgerSettings;
pub use log::{LogFormat, LogLevel, LogSettings};
pub use login::{Attempts, LoginSettings, NetworkWindow, Window};
pub use more_source::{AfterMismatchSetting, MoreSource};
pub use params::Params;
pub use password::{Argon2, Decoy, LaneSettings, PasswordSettings, Pepper};
pub use sampling::{DriftSettings, ShadowSettings};
pub use service::{ServiceSettings, TlsFiles};
pub use write_back::WriteBackSettings;

use super::reader::KIND;
use crate::adapters::registry::{SourceSettings, TargetSettings, VerifierSettings};
use crate::bridge::BridgeSettings;
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
    /// parameters whose name contains `secret`, `password`, `passphrase`, `pepper`, `salt`, `token`, `credential`, `key`,
    /// `authorization` or `cookie`.
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
    /// The domains of the mail addresses that the source is asked for, such as `[ shop.example ]`; if not set, it is asked
    /// for every identifier. Useful with `more_sources`.
    #[serde(default)]
    pub domains: Vec<String>,
    /// The tenants whose customers the source is asked for. A login names its tenant in `tenant`; rules read it as
    /// `$facts.tenant`. If not set, the source is asked for the customers of every tenant, and of none. Accounts of all
    /// tenants share their logins.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// What follows if the customer is known and the password is wrong: `refuse`, or `ask_next` in `more_sources`, as if the
    /// customer were not known. Only for systems that share their customers: otherwise one guess tests the passwords of two
    /// people, and the first of them to sign in owns the login.
    #[serde(default)]
    pub after_mismatch: AfterMismatchSetting,
    /// More members of every record, by name, each from another `source`: orders, roles. `by` is the field of the record that
    /// leads to the part, such as `$.id`; the other source is asked for its value as if it were an identifier (`:typed` is
    /// the value as it is in the record). A customer for whom the source has nothing gets no such member. `required` (the
    /// default is `true`): whether an outage of the source is an outage of the login; otherwise the member is left out, and
    /// the account stays without it. `timeout` (`500ms`): the longest time for the part.
    #[serde(default)]
    pub enrich: BTreeMap<String, EnrichSettings>,
    /// How the legacy system is told of its migrated customers, after the login and in the background. Off unless it is set.
    #[serde(default)]
    pub write_back: Option<WriteBackSettings>,
    /// Candidate rules that run beside the active ones. Off unless it is set.
    #[serde(default)]
    pub shadow: Option<ShadowSettings>,
    /// Tells when records have another shape than those that were assessed. Off unless it is set.
    #[serde(default)]
    pub drift: Option<DriftSettings>,
    /// What verifies passwords besides the check of stored hashes, by name. The rules choose with
    /// `credential: { source: NAME }`; for customers whose rules choose none, `verify_with` does.
    #[serde(default, serialize_with = "all_kinded")]
    pub verifiers: BTreeMap<String, VerifierSettings>,
    /// The verifiers of the source's customers whose rules choose none; `stored_hash` checks the stored hash. Of several, the
    /// next is asked only if the one before says that the password is wrong, or has none to compare with. A wrong password
    /// counts, also if the next one cannot be asked.
    #[serde(default = "verify_with")]
    pub verify_with: Vec<String>,
    /// Further legacy systems, each with rules of its own. They are asked in this order if `source` does not know the
    /// customer; a login that two of them know belongs to the first. An outage of one ends the login, because it may know
    /// the customer.
    #[serde(default)]
    pub more_sources: Vec<MoreSource>,
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
    /// Identity providers that ask at their own login, each in its own dialect. See [Bridges](bridges.md).
    #[serde(default)]
    pub bridges: Vec<BridgeSettings>,
    /// Callers, TLS, timeouts and limits of the service.
    #[serde(default)]
    pub service: ServiceSettings,
    /// What is logged.
    #[serde(default)]
    pub log: LogSettings,
}

/// The name of the verifier that checks stored hashes.
pub(crate) const STORED_HASH: &str = "stored_hash";

/// The keys that have no default.
pub(super) const REQUIRED: &[&str] = &["rules", "source", "target", "ledger"];

/// One legacy system among the settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemSettings<'s> {
    /// Its place in `more_sources`; `None` for the one that is asked first.
    at: Option<usize>,
    pub rules: &'s PathBuf,
    pub params: &'s Params,
    pub source: &'s SourceSettings,
    pub domains: &'s [String],
    pub verify_with: &'s [String],
    pub tenants: &'s [String],
    pub after_mismatch: AfterMismatchSetting,
    pub enrich: &'s BTreeMap<String, EnrichSettings>,
    pub write_back: Option<&'s WriteBackSettings>,
    pub shadow: Option<&'s ShadowSettings>,
    pub drift: Option<&'s DriftSettings>,
}

impl SystemSettings<'_> {
    /// The path of one of its settings.
    pub(crate) fn path(&self, key: &str) -> String {
        system_path(self.at, key)
    }
}

/// The path of a setting of a legacy system.
fn system_path(at: Option<usize>, key: &str) -> String {
    at.map_or_else(|| key.to_owned(), |at| format!("more_sources.{at}.{key}"))
}

/// The path of the source of a part of its records.
fn part_path(at: Option<usize>, name: &str) -> String {
    system_path(at, &format!("enrich.{name}.source"))
}

/// The path of a verifier.
fn verifier_path(name: &str) -> String {
    format!("verifiers.{name}")
}

impl Settings {
    /// The names that rules may give in `credential.source`.
    pub(crate) fn verifier_names(&self) -> Vec<&str> {
        self.verifiers.keys().map(String::as_str).chain([STORED_HASH]).collect()
    }

    /// The sources with the paths of their sections, in the order in which they are asked.
    pub fn sources(&self) -> impl Iterator<Item = (String, &SourceSettings)> {
        self.systems().flat_map(|system| {
            let parts = system.enrich.iter().map(|(name, part)| (part_path(system.at, name), &part.source));
            std::iter::once((system.path("source"), system.source)).chain(parts.collect::<Vec<_>>())
        })
    }

    /// The same sources, to be changed.
    pub(crate) fn sources_mut(&mut self) -> Vec<(String, &mut SourceSettings)> {
        let Self { source, enrich, more_sources, .. } = self;
        let more = more_sources.iter_mut().enumerate().map(|(at, more)| (Some(at), &mut more.source, &mut more.enrich));
        let mut found = Vec::new();
        for (at, source, enrich) in std::iter::once((None, source, enrich)).chain(more) {
            found.push((system_path(at, "source"), source));
            found.extend(enrich.iter_mut().map(|(name, part)| (part_path(at, name), &mut part.source)));
        }
        found
    }

    /// What legacy systems are told of migrated customers: the path of the section, the name of the source, and the settings.
    pub fn write_backs(&self) -> impl Iterator<Item = (String, &str, &WriteBackSettings)> {
        let of = |system: SystemSettings<'_>| system.path("write_back");
        self.systems().filter_map(move |system| {
            let path = of(system);
            system.write_back.map(|write_back| (path, system.source.adapter().name(), write_back))
        })
    }

    /// The same settings, to be changed.
    pub(crate) fn write_backs_mut(&mut self) -> impl Iterator<Item = (String, &mut WriteBackSettings)> {
        let first = self.write_back.as_mut().map(|write_back| (system_path(None, "write_back"), write_back));
        let more = self.more_sources.iter_mut().enumerate();
        first
            .into_iter()
            .chain(more.filter_map(|(at, more)| Some((system_path(Some(at), "write_back"), more.write_back.as_mut()?))))
    }

    /// The verifiers with the paths of their sections and their names.
    pub fn named_verifiers(&self) -> impl Iterator<Item = (String, &str, &VerifierSettings)> {
        self.verifiers.iter().map(|(name, verifier)| (verifier_path(name), name.as_str(), verifier))
    }

    /// The same verifiers, to be changed.
    pub(crate) fn named_verifiers_mut(&mut self) -> impl Iterator<Item = (String, &mut VerifierSettings)> {
        self.verifiers.iter_mut().map(|(name, verifier)| (verifier_path(name), verifier))
    }

    /// The legacy systems, in the order in which they are asked.
    pub(crate) fn systems(&self) -> impl Iterator<Item = SystemSettings<'_>> {
        let Self { rules, params, source, domains, tenants, after_mismatch, enrich, write_back, shadow, drift, .. } =
            self;
        let first = SystemSettings {
            at: None,
            rules,
            params,
            source,
            domains,
            tenants,
            verify_with: &self.verify_with,
            after_mismatch: *after_mismatch,
            enrich,
            write_back: write_back.as_ref(),
            shadow: shadow.as_ref(),
            drift: drift.as_ref(),
        };
        std::iter::once(first).chain(self.more_sources.iter().enumerate().map(|(at, more)| {
            let MoreSource {
                rules,
                params,
                source,
                domains,
                tenants,
                verify_with,
                after_mismatch,
                enrich,
                write_back,
                shadow,
                drift,
            } = more;
            SystemSettings {
                at: Some(at),
                rules,
                params,
                source,
                domains,
                tenants,
                verify_with,
                after_mismatch: *after_mismatch,
                enrich,
                write_back: write_back.as_ref(),
                shadow: shadow.as_ref(),
                drift: drift.as_ref(),
            }
        }))
    }
}

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

/// Without other systems, the stored hash decides.
pub(super) fn verify_with() -> Vec<String> {
    vec![STORED_HASH.to_owned()]
}

/// Serializes enums the way they are read.
fn all_kinded<T: Serialize, S: Serializer>(values: &BTreeMap<String, T>, serializer: S) -> Result<S::Ok, S::Error> {
    struct Kinded<'v, T>(&'v T);
    impl<T: Serialize> Serialize for Kinded<'_, T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            kinded(self.0, serializer)
        }
    }
    serializer.collect_map(values.iter().map(|(name, value)| (name, Kinded(value))))
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
