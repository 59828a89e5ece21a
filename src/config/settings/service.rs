//! Service settings: callers, TLS, timeouts and limits.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::callers::CallerSettings;
use crate::settings::{Network, SecretSetting, units};

/// Service settings: callers, TLS, timeouts and limits.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceSettings {
    /// Who may call. If not set, everybody on this machine may, and the service listens on loopback addresses only.
    /// `name` is for logs and metrics; one of: `bearer`, a token (RFC 6750); `basic`, a `user` and `password` (RFC
    /// 7617); `signed`, secrets with which calls are [signed](#signed-calls), any of which is accepted. All secrets
    /// have at least 32 characters.
    pub callers: Vec<CallerSettings>,
    /// The certificate and key; plain HTTP by default.
    pub tls: Option<TlsFiles>,
    /// Whether other machines may connect without TLS. Passwords are then sent unencrypted: use it only behind a proxy
    /// that terminates TLS in the same private network.
    pub allow_plain_http: bool,
    /// Networks whose `X-Forwarded-For` is believed. Machines in them decide where customers appear to come from.
    pub trusted_proxies: Vec<Network>,
    /// For a handshake and each request head. Stops connections that send a byte now and then (slowloris); admits
    /// mobile networks.
    #[serde(with = "units::Time")]
    pub header_timeout: Duration,
    /// For a request body. Stops bodies that trickle in.
    #[serde(with = "units::Time")]
    pub body_timeout: Duration,
    /// For a request in total, a backstop above `login.deadline`.
    #[serde(with = "units::Time")]
    pub request_timeout: Duration,
    /// How long a connection may be silent. Closes connections that only take up space.
    #[serde(with = "units::Time")]
    pub idle_timeout: Duration,
    /// Bytes of a request body. Prevents large bodies from filling the memory; admits the longest identifier and
    /// password.
    #[serde(with = "units::Size")]
    pub body_limit: u64,
    /// Bytes of a request head. Prevents large heads from filling the memory; most proxies admit as much.
    #[serde(with = "units::Size")]
    pub header_limit: u64,
    /// Connections in total. Prevents the service from running out of file handles.
    pub connections: u32,
    /// Connections from one IPv4 address or IPv6 /64. Prevents one host from taking all of them; admits the pool of a
    /// large backend.
    pub connections_per_peer: u32,
    /// HTTP/2 requests at the same time on one connection. Prevents one connection from taking the whole service.
    pub streams: u32,
    /// Requests of authenticated callers at the same time; above it, 503 at once. A bearer token or a password is
    /// checked before the body is read, so that strangers take none of these places.
    pub requests: u32,
    /// Signed calls whose body has not arrived within 250 ms of the head, so that the caller is not known yet; above
    /// it, and above a quarter of it for one IPv4 address or IPv6 /64, 503 at once. A call whose body arrives with its
    /// head needs no such place. Trusted proxies may use all of them.
    pub unverified: u32,
    /// How long connections are still accepted after the service reported that it is not ready; a load balancer that
    /// asks every few seconds needs as long.
    #[serde(with = "units::Time")]
    pub notice: Duration,
    /// How long running requests may take after the service stopped accepting connections. Longer than
    /// `request_timeout`, so that each is answered, and shorter than the 30 s after which Kubernetes kills a container.
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
        let mut secrets = Vec::new();
        for (at, caller) in self.callers.iter_mut().enumerate() {
            let of = caller.secrets().into_iter();
            secrets.extend(of.map(|secret| SecretSetting { key: format!("callers.{at}.{}", secret.key), ..secret }));
        }
        secrets
    }
}

/// The certificate files. Both are PEM (RFC 7468).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// PEM (RFC 7468), with the certificates up to its root.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}
