//! The client: one server, no redirects, no proxies, no retries, bounded answers.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, HeaderValue};
use reqwest::{Certificate, Identity, Version};
use url::Url;
use zeroize::Zeroizing;

use super::address::{Allowed, Resolver, is_this_machine};
use super::answer::Answer;
use super::auth::{Auth, Credentials};
use super::error::Failure;
use super::request::{Built, Mistake};
use super::settings::{Server, TlsSettings};

/// How long a connection may take. Leaves most of a login's time to the request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an idle connection is kept; servers close theirs after a minute or so, and a request on a closed one fails.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Whether a request may be sent again with a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resend {
    /// It may: it only reads, or has the same effect twice.
    Allowed,
    /// Never: it verifies a password, and the system counts those.
    Never,
}

/// A client of one server.
#[derive(Debug)]
pub(crate) struct Client {
    raw: Raw,
    base: Url,
    auth: Auth,
}

/// The connections of a client, without credentials.
#[derive(Debug)]
pub(super) struct Raw {
    http: reqwest::Client,
    allowed: Arc<Allowed>,
    limit: usize,
}

impl Client {
    /// Creates a client; connects to nothing. Paths are relative to the folder.
    ///
    /// # Errors
    /// The first mistake in the settings.
    pub fn open(server: &Server, response_limit: usize, folder: &Path) -> Result<Self, Mistake> {
        let (base, allowed) = place(server)?;
        let allowed = Arc::new(allowed);
        let auth = Auth::new(server.auth.as_ref(), &base, |url| checked(url, server, &allowed))?;
        let http = connections(&server.tls, Arc::clone(&allowed), folder)?;
        Ok(Self { raw: Raw { http, allowed, limit: response_limit }, base, auth })
    }

    /// Where requests go.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The bytes that one answer may have.
    pub fn response_limit(&self) -> usize {
        self.raw.limit
    }

    /// Sends a request and reads the answer. The caller bounds the time.
    pub async fn send(&self, built: &Built, resend: Resend, request_id: &str) -> Result<Answer, Failure> {
        let (answer, credentials) = self.send_once(built, request_id).await?;
        if answer.status == 403 && credentials.may_be_old() {
            // a token that was revoked, or that lost a right, is replaced for the next request
            self.auth.forget(&credentials).await;
        }
        if answer.status != 401 || !credentials.may_be_old() {
            return Self::checked(answer, &credentials);
        }
        if resend == Resend::Allowed || answer.rejects_token() {
            self.auth.forget(&credentials).await;
        }
        match resend {
            Resend::Allowed => {
                let (answer, credentials) = self.send_once(built, request_id).await?;
                Self::checked(answer, &credentials)
            }
            Resend::Never => Self::checked(answer, &credentials),
        }
    }

    /// Gets a new token next time, because the system may have revoked this one.
    pub async fn distrust(&self) {
        self.auth.clear().await;
    }

    /// Gets a token, if the system wants one.
    pub async fn prepare(&self) -> Result<(), Failure> {
        self.auth.credentials(&self.raw).await.map(drop)
    }

    /// Connects, and returns the status of whatever is at the base.
    pub async fn reach(&self) -> Result<Answer, Failure> {
        self.raw.send(self.raw.http.get(self.base.clone()), self.base.host_str().unwrap_or_default()).await
    }

    fn checked(answer: Answer, credentials: &Credentials) -> Result<Answer, Failure> {
        // 401 with this challenge is about Landfall's token and never about a password
        let is_ours = credentials.are_used() && answer.rejects_token();
        if is_ours || (300..400).contains(&answer.status) { Err(answer.failure()) } else { Ok(answer) }
    }

    async fn send_once(&self, built: &Built, request_id: &str) -> Result<(Answer, Credentials), Failure> {
        let mut headers = built.headers.clone();
        let credentials = if headers.contains_key(AUTHORIZATION) {
            Credentials::none()
        } else {
            self.auth.credentials(&self.raw).await?
        };
        if !headers.contains_key(ACCEPT) {
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.entry("x-request-id").or_insert(id);
        }
        credentials.apply(built, &mut headers)?;
        let mut request = self.raw.http.request(built.method.clone(), built.url.clone()).headers(headers);
        if let Some(body) = &built.body {
            request = request.body(body.to_vec());
        }
        let answer = self.raw.send(request, self.base.host_str().unwrap_or_default()).await?;
        Ok((answer, credentials))
    }
}

impl Raw {
    /// The builder of a request to another URL that was checked.
    pub fn post(&self, url: &Url) -> reqwest::RequestBuilder {
        self.http.post(url.clone())
    }

    /// Sends a request and reads the answer within its limit.
    pub async fn send(&self, request: reqwest::RequestBuilder, host: &str) -> Result<Answer, Failure> {
        let mut response = request.send().await.map_err(|error| Failure::transport(&error))?;
        // the resolver has checked names, and addresses were checked when the client was made
        if response.remote_addr().is_some_and(|peer| !self.allowed.admits(host, peer.ip())) {
            return Err(Failure::bad("the answer came from an address that is not allowed"));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Failure::transport(&error))? {
            if body.len() + chunk.len() > self.limit {
                return Err(Failure::bad(format!("the answer is larger than {} bytes", self.limit)));
            }
            body.extend_from_slice(&chunk);
        }
        // the client takes the header away when it decompresses
        if response.headers().get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity") {
            return Err(Failure::bad("the answer has an unknown content coding"));
        }
        let version = match response.version() {
            Version::HTTP_2 => "HTTP/2",
            _ => "HTTP/1.1",
        };
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body, version })
    }
}

/// Where a server is, and what else may be connected to.
pub(in crate::adapters) fn place(server: &Server) -> Result<(Url, Allowed), Mistake> {
    let allowed = Allowed::parse(&server.allow).map_err(|_| {
        let help = "write host names, addresses, and networks such as `10.0.0.0/8`";
        Mistake::new("server.allow", "an entry of `allow` is not a host", help)
    })?;
    let base = checked(&server.url, server, &allowed)?;
    if base.query().is_some() {
        let help = "parameters belong in the `query` of a request";
        return Err(Mistake::new("server.url", "the URL has a query", help));
    }
    Ok((base, allowed))
}

/// A URL that may be requested.
fn checked(text: &str, server: &Server, allowed: &Allowed) -> Result<Url, Mistake> {
    let wrong = |message: &str, help: &str| Mistake::new("server.url", message, help);
    let parsed = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = parsed.filter(|url| url.host_str().is_some_and(|host| !host.is_empty()));
    let url =
        url.ok_or_else(|| wrong("the URL is invalid", "write `https://HOST`, with a port and a path if needed"))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong("the URL has a user, a password or a fragment", "credentials belong in `server.auth`"));
    }
    allowed.check_literal(&url).map_err(|refused| {
        Mistake::new("server.url", refused.to_string(), "list the address in `server.allow` if it is a system of yours")
    })?;
    if url.scheme() == "http" && !server.plain_http && !is_local(&url) {
        let help = "use `https://`; `plain_http: true` lets passwords and records cross the network unencrypted";
        return Err(Mistake::contradiction("server.url", "a server on another machine is used without TLS", help));
    }
    Ok(url)
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => is_this_machine(name),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn connections(tls: &TlsSettings, allowed: Arc<Allowed>, folder: &Path) -> Result<reqwest::Client, Mistake> {
    crate::tls::install_provider();
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("landfall/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .dns_resolver(Arc::new(Resolver::new(allowed)));
    if let Some(ca) = &tls.ca {
        let pem = read("server.tls.ca", &folder.join(ca))?;
        let found = Certificate::from_pem_bundle(&pem).ok().filter(|found| !found.is_empty());
        builder = builder.tls_certs_only(found.ok_or_else(|| pem_mistake("server.tls.ca"))?);
    }
    if let Some(identity) = identity(tls, folder)? {
        builder = builder.identity(identity);
    }
    builder.build().map_err(|_| {
        let help = "check the certificates in `server.tls`, and those that the system trusts";
        Mistake::new("server.tls", "the HTTP client cannot be created", help)
    })
}

fn identity(tls: &TlsSettings, folder: &Path) -> Result<Option<Identity>, Mistake> {
    match (&tls.certificate, &tls.key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let mut pem = read("server.tls.certificate", &folder.join(certificate))?;
            pem.push(b'\n');
            pem.extend_from_slice(&read("server.tls.key", &folder.join(key))?);
            Identity::from_pem(&pem).map(Some).map_err(|_| pem_mistake("server.tls.certificate"))
        }
        _ => {
            let help = "a client certificate needs both `certificate` and `key`";
            Err(Mistake::missing("server.tls", "half of a client certificate is missing", help))
        }
    }
}

fn pem_mistake(key: &str) -> Mistake {
    Mistake::new(key, "the file has no usable certificate in PEM", "it begins with `-----BEGIN CERTIFICATE-----`")
}

fn read(key: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Mistake> {
    fs::read(path).map(Zeroizing::new).map_err(|error| {
        let message = format!("the file cannot be read: {}", error.kind());
        Mistake::new(key, message, "name a file in PEM, relative to the settings")
    })
}
