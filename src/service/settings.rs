//! Service settings: every limit with the attack it stops and the deployment it admits.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::config;

/// Settings of the service.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// The address to listen on. Port 0 chooses a free port. The default is `127.0.0.1:8080`, which other machines
    /// cannot reach.
    pub listen: SocketAddr,
    /// The certificate; `None` serves plain HTTP, for a proxy on the same host or a private network.
    pub tls: Option<TlsFiles>,
    /// Networks whose `X-Forwarded-For` is trusted: proxies, and backends that forward the customer's address. The
    /// default is none. They may hold any number of [connections](ServiceLimits::connections).
    pub trusted_proxies: Vec<IpNet>,
    /// The limits.
    pub limits: ServiceLimits,
    /// How long the service still accepts connections after it reports that it is not ready. The default is zero; a
    /// load balancer that checks every few seconds needs that long.
    pub notice: Duration,
    /// How long running requests may take after the service stops accepting connections. The default of 20 s is longer
    /// than any request may take ([`request_time`](ServiceLimits::request_time)), and shorter than the 30 s after which
    /// Kubernetes kills a container.
    pub drain: Duration,
}

/// The defaults of the settings file.
impl Default for ServiceSettings {
    fn default() -> Self {
        let written = config::ServiceSettings::default();
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls: None,
            trusted_proxies: Vec::new(),
            limits: ServiceLimits::default(),
            notice: written.notice,
            drain: written.drain,
        }
    }
}

/// The certificate files. Both are PEM (RFC 7468) and are read again on SIGHUP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificates: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
}

/// Limits of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceLimits {
    /// Bytes of a request body. Stops attackers from exhausting memory; the default of 16 KiB admits the longest
    /// identifier and password many times over.
    pub body_bytes: usize,
    /// Bytes of a request head. Stops attackers from exhausting memory; the default of 16 KiB is what most proxies
    /// admit.
    pub header_bytes: u32,
    /// How long a TLS handshake and each request head may take. Stops connections that send a byte now and then
    /// (slowloris); the default of 5 s admits mobile networks. It is also how long an idle HTTP/1.1 connection is kept
    /// open.
    pub header_time: Duration,
    /// How long a request body may take. Stops bodies that trickle in; the default is 5 s.
    pub body_time: Duration,
    /// How long a request may take in all. A backstop behind the deadline of a login, which is shorter; the default is
    /// 10 s.
    pub request_time: Duration,
    /// How long a connection may be idle in both directions. Stops connections that only take up slots; the default of
    /// 30 s keeps the HTTP/2 connections of a busy backend open.
    pub idle_time: Duration,
    /// Connections in all. Stops the service from running out of file descriptors; the default of 2048 admits hundreds
    /// of logins a second.
    pub connections: usize,
    /// Connections from one IPv4 address or IPv6 /64. Stops one host from taking all connections; the default of 256
    /// admits the pool of a large backend. Trusted proxies are exempt.
    pub connections_per_peer: usize,
    /// Concurrent HTTP/2 requests on one connection. Stops one connection from taking all permits; the default of 64
    /// admits a busy backend.
    pub streams: u32,
    /// Concurrent requests; above it, the answer is 503 at once. Stops a flood from slowing everybody down; the default
    /// of 512 is more than two cores can hash in the time of a login.
    pub requests: usize,
    /// Signed calls whose body has not arrived, so that their caller is unknown. Above it, and above a quarter of it
    /// for one IPv4 address or IPv6 /64, the answer is 503 at once. Stops unauthenticated clients from using up
    /// [`requests`](Self::requests); the default of 512 bodies needs 8 MiB at most. Trusted proxies may use all of it.
    pub unverified: usize,
}

/// The defaults of the settings file.
impl Default for ServiceLimits {
    fn default() -> Self {
        Self::from(&config::ServiceSettings::default())
    }
}

impl From<&config::ServiceSettings> for ServiceLimits {
    fn from(written: &config::ServiceSettings) -> Self {
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            body_bytes: usize::try_from(written.body_limit).unwrap_or(usize::MAX),
            header_bytes: u32::try_from(written.header_limit).unwrap_or(u32::MAX),
            header_time: written.header_timeout,
            body_time: written.body_timeout,
            request_time: written.request_timeout,
            idle_time: written.idle_timeout,
            connections: count(written.connections),
            connections_per_peer: count(written.connections_per_peer),
            streams: written.streams,
            requests: count(written.requests),
            unverified: count(written.unverified),
        }
    }
}
