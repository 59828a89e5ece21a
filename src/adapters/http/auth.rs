//! How Landfall identifies itself: constant headers, tokens that are renewed, signatures.

use std::sync::Arc;
use std::time::Duration;

use bumpalo::Bump;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use super::aws::Signer;
use super::client::Raw;
use super::error::Failure;
use super::request::{Built, Mistake, RESERVED, basic, sensitive};
use super::settings::{AuthSettings, OauthAuth, SendSecret};
use crate::model::Value;
use crate::ports::PortErrorKind;

/// How long a token is kept whose answer does not say when it expires.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A token is renewed when a tenth of its life is left, or this much.
const MARGIN: Duration = Duration::from_secs(30);

/// How a client identifies itself.
#[derive(Debug)]
pub(super) enum Auth {
    /// Not at all.
    Nobody,
    /// By the same header in each request.
    Header(HeaderName, HeaderValue),
    /// By a token.
    Oauth(Box<Oauth>),
    /// By a signature.
    Aws(Arc<Signer>),
}

/// OAuth 2.0 client credentials, and the token that they got.
#[derive(Debug)]
pub(super) struct Oauth {
    url: Url,
    settings: OauthAuth,
    token: Mutex<Option<Token>>,
}

#[derive(Debug, Clone)]
struct Token {
    header: HeaderValue,
    renew: Instant,
}

/// What identifies one request.
pub(super) enum Credentials {
    Nobody,
    Header(HeaderName, HeaderValue),
    Token { header: HeaderValue, was_kept: bool },
    Aws(Arc<Signer>),
}

impl Auth {
    /// Reads settings. `check` checks a URL of its own.
    pub fn new(
        settings: Option<&AuthSettings>,
        base: &Url,
        check: impl Fn(&str) -> Result<Url, Mistake>,
    ) -> Result<Self, Mistake> {
        let at = |key: &str, message: &str, help: &str| Mistake::new(format!("server.auth{key}"), message, help);
        let unfit = |_| at("", "the credentials cannot be sent in a header", "they must be visible ASCII characters");
        Ok(match settings {
            None => Self::Nobody,
            Some(AuthSettings::Bearer(bearer)) => {
                let text = Zeroizing::new(format!("Bearer {}", bearer.token.expose()));
                Self::Header(AUTHORIZATION, sensitive(&text).map_err(unfit)?)
            }
            Some(AuthSettings::Basic(user)) if user.user.contains(':') => {
                return Err(at(".user", "the user contains a colon", "basic authentication cannot send it"));
            }
            Some(AuthSettings::Basic(user)) => {
                Self::Header(AUTHORIZATION, basic(&user.user, user.password.expose()).map_err(unfit)?)
            }
            Some(AuthSettings::Header(header)) => {
                let name = HeaderName::from_bytes(header.name.as_bytes());
                let name = name.map_err(|_| at(".name", "the name of the header is invalid", "such as `x-api-key`"))?;
                if RESERVED.contains(&name.as_str()) {
                    return Err(at(".name", "the header cannot be set", "name one that Landfall does not set itself"));
                }
                Self::Header(name, sensitive(header.value.expose()).map_err(unfit)?)
            }
            Some(AuthSettings::Oauth(oauth)) => {
                let absolute = if oauth.token_url.starts_with('/') {
                    base.join(&oauth.token_url).map(String::from).unwrap_or_default()
                } else {
                    oauth.token_url.clone()
                };
                let url =
                    check(&absolute).map_err(|mistake| Mistake { key: "server.auth.token_url".into(), ..mistake })?;
                if oauth.token_url.starts_with('/') && url.origin() != base.origin() {
                    let help = "write a path such as `/oauth/token`, or a whole URL with `https://`";
                    return Err(at(".token_url", "the path leads to another host", help));
                }
                Self::Oauth(Box::new(Oauth { url, settings: OauthAuth::clone(oauth), token: Mutex::new(None) }))
            }
            Some(AuthSettings::Aws(aws)) => Self::Aws(Arc::new(Signer::new(aws))),
        })
    }

    /// The credentials of one request; gets a token if there is none.
    pub async fn credentials(&self, raw: &Raw) -> Result<Credentials, Failure> {
        match self {
            Self::Nobody => Ok(Credentials::Nobody),
            Self::Header(name, value) => Ok(Credentials::Header(name.clone(), value.clone())),
            Self::Oauth(oauth) => oauth.credentials(raw).await,
            Self::Aws(signer) => Ok(Credentials::Aws(Arc::clone(signer))),
        }
    }

    /// Forgets a token that the system did not accept.
    pub async fn forget(&self, credentials: &Credentials) {
        if let (Self::Oauth(oauth), Credentials::Token { header, .. }) = (self, credentials) {
            let mut token = oauth.token.lock().await;
            if token.as_ref().is_some_and(|token| token.header == *header) {
                *token = None;
            }
        }
    }
}

impl Auth {
    /// Forgets the token, whichever it is.
    pub async fn clear(&self) {
        if let Self::Oauth(oauth) = self {
            *oauth.token.lock().await = None;
        }
    }
}

impl Credentials {
    /// None at all.
    pub fn none() -> Self {
        Self::Nobody
    }

    /// Whether the request has credentials of Landfall.
    pub fn are_used(&self) -> bool {
        !matches!(self, Self::Nobody)
    }

    /// Whether they were kept from an earlier request, so that the system may have revoked them.
    pub fn may_be_old(&self) -> bool {
        matches!(self, Self::Token { was_kept: true, .. })
    }

    /// Adds them to the headers of a request.
    pub fn apply(&self, built: &Built, headers: &mut HeaderMap) -> Result<(), Failure> {
        match self {
            Self::Nobody => {}
            Self::Header(name, value) => drop(headers.insert(name, value.clone())),
            Self::Token { header, .. } => drop(headers.insert(AUTHORIZATION, header.clone())),
            Self::Aws(signer) => signer.sign(built, headers, Timestamp::now())?,
        }
        Ok(())
    }
}

impl Oauth {
    /// The lock is held while a token is fetched, so that many logins fetch one.
    async fn credentials(&self, raw: &Raw) -> Result<Credentials, Failure> {
        let mut token = self.token.lock().await;
        if let Some(kept) = token.as_ref().filter(|token| Instant::now() < token.renew) {
            return Ok(Credentials::Token { header: kept.header.clone(), was_kept: true });
        }
        let new = self.fetch(raw).await?;
        let header = new.header.clone();
        *token = Some(new);
        Ok(Credentials::Token { header, was_kept: false })
    }

    async fn fetch(&self, raw: &Raw) -> Result<Token, Failure> {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut form = Zeroizing::new("grant_type=client_credentials".to_owned());
        let mut field = |name: &str, value: &str| {
            form.push_str(&format!("&{name}="));
            form.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        };
        let settings = &self.settings;
        settings.scope.iter().for_each(|scope| field("scope", scope));
        settings.audience.iter().for_each(|audience| field("audience", audience));
        settings.resource.iter().for_each(|resource| field("resource", resource));
        let mut request = raw.post(&self.url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let secret = settings.client_secret.expose();
        match settings.send_secret {
            SendSecret::Body => {
                field("client_id", &settings.client_id);
                field("client_secret", secret);
            }
            // both are encoded first (RFC 6749, section 2.3.1)
            SendSecret::Basic => {
                let header = basic(&encode(&settings.client_id), &Zeroizing::new(encode(secret)))?;
                request = request.header(AUTHORIZATION, header);
            }
        }
        let asked = Instant::now();
        let answer = raw.send(request.body(form.to_string()), self.url.host_str().unwrap_or_default()).await?;
        match answer.status {
            200 => {}
            400 | 401 | 403 => {
                let detail = format!("the token endpoint refused Landfall's client (status {})", answer.status);
                return Err(Failure::new(PortErrorKind::Denied, detail));
            }
            _ => return Err(answer.failure()),
        }
        let arena = Bump::new();
        token(answer.json(&arena)?, asked, &arena)
            .ok_or_else(|| Failure::bad("the answer of the token endpoint has no token"))
    }
}

fn token(answer: Value<'_>, asked: Instant, arena: &Bump) -> Option<Token> {
    let text = answer.member("access_token").as_text().filter(|text| !text.is_empty())?;
    let kind = answer.member("token_type");
    if kind.is_present() && !kind.as_text()?.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let header = sensitive(&Zeroizing::new(format!("Bearer {text}"))).ok()?;
    let seconds = answer.member("expires_in").scalar_text(arena).and_then(|text| text.parse().ok());
    let lifetime = seconds.map_or(UNKNOWN_LIFETIME, |seconds: u32| Duration::from_secs(seconds.into()));
    let renew = asked + lifetime - MARGIN.min(lifetime / 10);
    Some(Token { header, renew })
}
