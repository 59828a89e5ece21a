//! How the service listens and what it bears.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Network, Secret, units};

/// How the service listens and what it bears.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceSettings {
    /// Who may call, besides `/healthz` and `/readyz`.
    pub callers: Vec<Caller>,
    /// The certificate; plain HTTP without one.
    pub tls: Option<TlsFiles>,
    /// Whether other machines may be served without TLS.
    pub allow_plain_http: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// How long a handshake and each request head may take.
    #[serde(with = "units::duration")]
    pub header_timeout: Duration,
    /// How long a request body may take.
    #[serde(with = "units::duration")]
    pub body_timeout: Duration,
    /// How long a request may take in all.
    #[serde(with = "units::duration")]
    pub request_timeout: Duration,
    /// How long a connection may be silent.
    #[serde(with = "units::duration")]
    pub idle_timeout: Duration,
    /// Bytes of a request body.
    #[serde(with = "units::size")]
    pub body_limit: u64,
    /// Bytes of a request head.
    #[serde(with = "units::size")]
    pub header_limit: u64,
    /// Connections in all.
    pub connections: u32,
    /// Connections from one address.
    pub connections_per_peer: u32,
    /// HTTP/2 requests at the same time on one connection.
    pub streams: u32,
    /// Requests at the same time.
    pub requests: u32,
    /// Signed calls whose body is not there yet.
    pub unverified: u32,
    /// How long connections are still accepted after the service said that it is not ready.
    #[serde(with = "units::duration")]
    pub notice: Duration,
    /// How long running requests may take after the service stopped accepting.
    #[serde(with = "units::duration")]
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

/// A system that may call the service.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// Its name, for logs and metrics.
    pub name: String,
    /// Its bearer token (RFC 6750), at least 32 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<Secret>,
    /// Its user and password (RFC 7617).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<BasicPair>,
    /// The secrets with which it signs its calls as Standard Webhooks do; any of them counts, so that they can be changed
    /// without a gap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<Secret>,
}

/// A user and a password of a caller.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BasicPair {
    /// The user.
    pub user: String,
    /// The password, at least 32 characters.
    pub password: Secret,
}

/// Where the certificate is. Both files are PEM (RFC 7468).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate and those that lead to its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}
