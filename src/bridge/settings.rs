//! The settings of a bridge.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::jose::access_token_mistake;
use super::kinds::{Authentication, KINDS, Kind};
use crate::adapters::product_rules::{Owner, RulesFile, RulesMistake};
use crate::diag::{Files, Findings, closest};
use crate::settings::units::{self, Network};
use crate::settings::{Reporter, Secret, SecretSetting, SecretUse};

/// An identity provider that asks Landfall at its own login.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BridgeSettings {
    /// Its dialect; `landfall bridge list` shows all.
    #[schemars(with = "KindName")]
    pub kind: String,
    /// The path below which it is served. The default is `/bridge/KIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Who may ask, by the names in `service.callers`. These callers may call nothing else. Not for dialects whose products
    /// authenticate in a way of their own.
    #[serde(default)]
    pub callers: Vec<String>,
    /// The rule file that makes what the product stores from the claims. The default is the one for the dialect in the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<PathBuf>,
    /// Values of the parameters that this rule file declares.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rule_params: BTreeMap<String, Json>,
    /// How long a question may take, in place of `login.deadline`. The default is a little less than the product waits.
    #[serde(default, with = "units::OptionalTime", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<units::OptionalTime>")]
    pub deadline: Option<Duration>,
    /// How long the product may ask again for a customer whom it was handed, as it does after a lost answer. After that, the
    /// legacy password is worth nothing: the customer is refused. The default is that of the dialect.
    #[serde(default, with = "units::OptionalTime", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<units::OptionalTime>")]
    pub repeat: Option<Duration>,
    /// The tenant whose customers sign in at the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The secrets with which the product signs its calls; any of them is accepted, so that they can be rotated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_secrets: Vec<Secret>,
    /// The key with which we decrypt what the product encrypts for us: PEM for an RSA key, Base64 for others. Usually
    /// `file:NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decryption_key: Option<Secret>,
    /// What the access token of the caller must be (RFC 9068).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<AccessTokenSettings>,
    /// The OAuth 2.0 clients that may ask (RFC 6749).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientSettings>,
    /// The addresses and networks from which the product calls. Addresses that a proxy forwards count only if the proxy is one
    /// of `service.trusted_proxies`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// Secrets of which one is the last segment of the address that the product calls; any of them is accepted, so that
    /// they can be rotated. At least 32 letters, digits, `-` and `_`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path_secrets: Vec<Secret>,
}

/// What the access token of a caller must be.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessTokenSettings {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `aud`: one of these.
    pub audience: Vec<String>,
    /// The claim `azp` or `appid`: one of these. Empty for any.
    #[serde(default)]
    pub authorized_parties: Vec<String>,
    /// The public keys: an `https://` address of a JSON Web Key Set (RFC 7517), or a file with one.
    pub keys: String,
}

/// An OAuth 2.0 client.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientSettings {
    /// Its `client_id`.
    pub id: String,
    /// Its `client_secret`, at least 32 characters.
    pub secret: Secret,
}

/// The schema of `kind`.
struct KindName;

impl JsonSchema for KindName {
    fn schema_name() -> Cow<'static, str> {
        "KindName".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>() })
    }
}

impl BridgeSettings {
    /// The path below which it is served.
    #[must_use]
    pub fn path(&self) -> Cow<'_, str> {
        self.path.as_deref().map_or_else(|| format!("/bridge/{}", self.kind).into(), Cow::Borrowed)
    }

    /// The rules that make what the product stores; `None` if it takes no profile.
    pub(super) fn rules_file(&self, kind: &Kind, folder: &Path) -> Option<RulesFile> {
        let embedded = kind.rules?;
        Some(match &self.rules {
            Some(path) => RulesFile::on_disk(Owner::Bridge, folder.join(path)),
            None => RulesFile::embedded(Owner::Bridge, embedded),
        })
    }

    /// The secrets among the settings.
    pub fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        let Self { signing_secrets, decryption_key, clients, path_secrets, .. } = self;
        let signing = signing_secrets.iter_mut().enumerate().map(|(at, secret)| {
            let usage = SecretUse::Token(MIN_SIGNING);
            SecretSetting { key: format!("signing_secrets.{at}"), secret, usage }
        });
        let decryption = decryption_key.iter_mut().map(|secret| SecretSetting {
            key: "decryption_key".to_owned(),
            secret,
            usage: SecretUse::Token(MIN_SIGNING),
        });
        let clients = clients.iter_mut().enumerate().map(|(at, client)| SecretSetting {
            key: format!("clients.{at}.secret"),
            secret: &mut client.secret,
            usage: SecretUse::Token(Secret::MIN_TOKEN),
        });
        let path = path_secrets.iter_mut().enumerate().map(|(at, secret)| SecretSetting {
            key: format!("path_secrets.{at}"),
            secret,
            usage: SecretUse::Token(Secret::MIN_TOKEN),
        });
        signing.chain(decryption).chain(clients).chain(path).collect()
    }

    /// Reports mistakes beyond the shape of the settings, except in secrets and files. `callers` are the names in
    /// `service.callers`.
    pub fn check(&self, callers: &[&str], reporter: &mut Reporter<'_>) {
        let Some(kind) = Kind::named(&self.kind) else {
            let message = format!("there is no bridge `{}`", self.kind);
            let help = match closest(&self.kind, KINDS.iter().map(|kind| kind.name)) {
                Some(near) => format!("did you mean `{near}`? `landfall bridge list` lists all bridges"),
                None => "`landfall bridge list` lists all bridges".to_owned(),
            };
            return reporter.error("R506", "kind", message, help);
        };
        self.check_path(reporter);
        self.check_callers(kind, callers, reporter);
        self.check_own(kind, reporter);
        self.check_networks(reporter);
        if let Some((key, message)) = self.access_token.as_ref().and_then(access_token_mistake) {
            let help = "`landfall bridge show` says where the identity provider has it";
            reporter.error("R506", &format!("access_token.{key}"), message, help);
        }
        let of_rules = [("rules", self.rules.is_some()), ("rule_params", !self.rule_params.is_empty())];
        for (key, _) in of_rules.into_iter().filter(|(_, is_set)| *is_set && kind.rules.is_none()) {
            let message = format!("{} takes no profile, so that rules have nothing to make", kind.product);
            reporter.error("R506", key, message, format!("remove `{key}`"));
        }
        if let Some(deadline) = self.deadline {
            reporter.time("deadline", deadline, Duration::from_millis(100), Duration::from_secs(60));
        }
        if let Some(repeat) = self.repeat {
            reporter.time("repeat", repeat, Duration::ZERO, Duration::from_secs(24 * 60 * 60));
        }
    }

    fn check_path(&self, reporter: &mut Reporter<'_>) {
        let path = self.path();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
        let is_whole = path.len() > 1 && path.starts_with('/') && !path.ends_with('/') && !path.contains("//");
        if !is_whole || !path.chars().all(is_plain) {
            let help = "write it as in `/bridge/shop`, without a slash at the end";
            reporter.error("R506", "path", format!("`{path}` is not the path of a bridge"), help);
        } else if RESERVED.iter().any(|taken| path == *taken || path.starts_with(&format!("{taken}/"))) {
            let help = "use another one, such as `/bridge/shop`";
            reporter.error("R506", "path", format!("`{path}` is a path of the service itself"), help);
        }
    }

    fn check_callers(&self, kind: &Kind, callers: &[&str], reporter: &mut Reporter<'_>) {
        match kind.authentication {
            Authentication::Own if !self.callers.is_empty() => {
                let message = format!("{} authenticates in a way of its own", kind.product);
                reporter.error(
                    "R506",
                    "callers",
                    message,
                    "remove `callers`; `landfall bridge show` describes the settings",
                );
            }
            Authentication::Own => {}
            // without callers at all, the service listens on loopback addresses only
            Authentication::Callers if self.callers.is_empty() && !callers.is_empty() => {
                let help = "name a caller of `service.callers` for it";
                reporter.error("R507", "callers", "nobody could ask", help);
            }
            Authentication::Callers => {
                for name in self.callers.iter().filter(|name| !callers.contains(&name.as_str())) {
                    let message = format!("`service.callers` has no caller `{name}`");
                    reporter.error("R506", "callers", message, "add it there, with a token or a password of its own");
                }
            }
        }
    }

    /// Settings that only some dialects have.
    fn check_own(&self, kind: &Kind, reporter: &mut Reporter<'_>) {
        let own = [
            ("signing_secrets", !self.signing_secrets.is_empty()),
            ("decryption_key", self.decryption_key.is_some()),
            ("access_token", self.access_token.is_some()),
            ("clients", !self.clients.is_empty()),
            ("networks", !self.networks.is_empty()),
            ("path_secrets", !self.path_secrets.is_empty()),
        ];
        for (key, is_set) in own {
            let is_needed = kind.needs.contains(&key);
            if is_set && !is_needed && !kind.takes.contains(&key) {
                let message = format!("the bridge `{}` has no setting `{key}`", kind.name);
                reporter.error("R506", key, message, "remove it");
            } else if !is_set && is_needed {
                let message = format!("the bridge `{}` needs `{key}`", kind.name);
                let help = format!("`landfall bridge show {}` says where to get it", kind.name);
                reporter.error("R507", key, message, help);
            }
        }
    }

    /// Without a secret, anybody who calls from one of the networks could guess passwords.
    fn check_networks(&self, reporter: &mut Reporter<'_>) {
        if !self.path_secrets.is_empty() {
            return;
        }
        for Network(network) in self.networks.iter().filter(|network| !is_closed(&network.0)) {
            let message = format!("anybody in `{network}` could try passwords");
            let help = "list the addresses of the product alone, or set `path_secrets` too";
            reporter.error("R506", "networks", message, help);
        }
    }

    /// Reports mistakes in the settings of the rules.
    pub fn check_params(&self, folder: &Path, reporter: &mut Reporter<'_>) {
        let rules = Kind::named(&self.kind).and_then(|kind| self.rules_file(kind, folder));
        for RulesMistake { key, message, help } in rules.iter().flat_map(|rules| rules.mistakes(&self.rule_params)) {
            reporter.error("R506", &key, message, help);
        }
    }

    /// Adds the findings in rules on the disk.
    pub fn check_rules(&self, folder: &Path, files: &mut Files, findings: &mut Findings) {
        if let Some(rules) = Kind::named(&self.kind).and_then(|kind| self.rules_file(kind, folder)) {
            rules.check(files, findings);
        }
    }
}

/// The shortest secret that a product issues for its signatures or its encryption, in bytes.
const MIN_SIGNING: usize = 16;

/// The addresses of private networks (RFC 1918, RFC 4193, RFC 6598, loopback and link-local addresses).
const PRIVATE: &[&str] = &[
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// Whether a network is a single address, or not a part of the Internet.
fn is_closed(network: &IpNet) -> bool {
    let is_single = network.prefix_len() == network.max_prefix_len();
    let private = PRIVATE.iter().filter_map(|private| private.parse::<IpNet>().ok());
    is_single || private.into_iter().any(|private| private.contains(network))
}

/// The first segments of the service's own paths.
const RESERVED: &[&str] = &["/v1", "/health", "/metrics", "/openapi.json"];
