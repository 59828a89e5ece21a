//! Service settings: callers, TLS, timeouts and limits.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::MIN_TOKEN;
use crate::settings::{Network, Secret, SecretSetting, SecretUse, units};

/// Service settings: callers, TLS, timeouts and limits.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceSettings {
    /// The systems that may call the service. The health routes need no caller.
    pub callers: Vec<Caller>,
    /// The certificate and key; plain HTTP by default.
    pub tls: Option<TlsFiles>,
    /// Whether other machines may connect without TLS.
    pub allow_plain_http: bool,
    /// The networks whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<Network>,
    /// The timeout of a handshake and of each request head.
    #[serde(with = "units::Time")]
    pub header_timeout: Duration,
    /// The timeout of a request body.
    #[serde(with = "units::Time")]
    pub body_timeout: Duration,
    /// The total time of a request.
    #[serde(with = "units::Time")]
    pub request_timeout: Duration,
    /// How long a connection may be idle.
    #[serde(with = "units::Time")]
    pub idle_timeout: Duration,
    /// The maximum size of a request body.
    #[serde(with = "units::Size")]
    pub body_limit: u64,
    /// The maximum size of a request head.
    #[serde(with = "units::Size")]
    pub header_limit: u64,
    /// The maximum number of connections.
    pub connections: u32,
    /// The maximum number of connections from one address.
    pub connections_per_peer: u32,
    /// Concurrent HTTP/2 requests on one connection.
    pub streams: u32,
    /// The maximum number of concurrent requests.
    pub requests: u32,
    /// The maximum number of signed calls whose body has not arrived.
    pub unverified: u32,
    /// How long connections are still accepted after the service reports that it is not ready.
    #[serde(with = "units::Time")]
    pub notice: Duration,
    /// How long running requests may take after the service stops accepting connections.
    #[serde(with = "units::Time")]
    pub drain: Duration,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            callers: Vec::new(),
            tls: None,
            allow_plain_http: false,
            trusted_proxies: Vec::new(),
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            body_limit: 16 * 1024,
            header_limit: 16 * 1024,
            connections: 2048,
            connections_per_peer: 256,
            streams: 64,
            requests: 512,
            unverified: 512,
            notice: Duration::ZERO,
            drain: Duration::from_secs(20),
        }
    }
}

impl ServiceSettings {
    /// The secrets among the settings.
    pub(crate) fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        let usage = SecretUse::Token(MIN_TOKEN);
        let mut secrets = Vec::new();
        for (at, caller) in self.callers.iter_mut().enumerate() {
            let key = |key: &str| format!("callers.{at}.{key}");
            if let Some(bearer) = &mut caller.bearer {
                secrets.push(SecretSetting { key: key("bearer"), secret: bearer, usage });
            }
            if let Some(basic) = &mut caller.basic {
                secrets.push(SecretSetting { key: key("basic.password"), secret: &mut basic.password, usage });
            }
            for (number, secret) in caller.signed.iter_mut().enumerate() {
                secrets.push(SecretSetting { key: key(&format!("signed.{number}")), secret, usage });
            }
        }
        secrets
    }
}

/// A system that may call the service.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// Name, for logs and metrics.
    pub name: String,
    /// Bearer token (RFC 6750), at least 32 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<Secret>,
    /// User name and password (RFC 7617).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<BasicPair>,
    /// The secrets that sign its calls as in Standard Webhooks. Any of them is accepted, so that secrets can be rotated
    /// without an interruption.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<Secret>,
}

/// The user name and password of a caller.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BasicPair {
    /// The user name.
    pub user: String,
    /// The password, at least 32 characters.
    pub password: Secret,
}

/// The certificate files. Both are PEM (RFC 7468).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
}
