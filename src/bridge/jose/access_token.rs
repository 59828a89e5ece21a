//! The access token of a caller (RFC 6750, RFC 9068).

use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::jws::Signed;
use super::keys::Keys;
use crate::bridge::json::object;
use crate::bridge::request::BridgeRequest;
use crate::bridge::settings::AccessTokenSettings;

/// How far the clocks of an issuer and of this machine may differ, in seconds.
const LEEWAY: f64 = 60.0;

/// Verifies access tokens.
pub(in crate::bridge) struct AccessTokens {
    issuer: String,
    audience: Vec<String>,
    authorized_parties: Vec<String>,
    keys: Keys,
}

/// Why a caller is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bridge) enum Denied {
    /// The token is missing or not valid. Nothing says why.
    Refused,
    /// Unknown, because the keys of the issuer cannot be fetched.
    Unavailable,
}

/// A claim that is one text or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: OneOrMany,
    exp: f64,
    nbf: Option<f64>,
    azp: Option<String>,
    appid: Option<String>,
}

impl AccessTokens {
    /// Verifies tokens by these settings.
    ///
    /// # Errors
    /// One sentence.
    pub fn open(settings: &AccessTokenSettings, folder: &Path) -> Result<Self, String> {
        if let Some((key, message)) = mistake(settings) {
            return Err(format!("`access_token.{key}`: {message}"));
        }
        let AccessTokenSettings { issuer, audience, authorized_parties, keys } = settings;
        Ok(Self {
            issuer: issuer.clone(),
            audience: audience.clone(),
            authorized_parties: authorized_parties.clone(),
            keys: Keys::open(keys, folder)?,
        })
    }

    /// Until when the token of a caller is valid, leeway included.
    ///
    /// # Errors
    /// [`Denied`].
    pub async fn check(&self, request: &BridgeRequest<'_>, now: Timestamp) -> Result<Timestamp, Denied> {
        let token = request.header("authorization").and_then(bearer).and_then(Signed::read).ok_or(Denied::Refused)?;
        let keys = self.keys.with(token.kid()).await.map_err(|_| Denied::Unavailable)?;
        let payload = token.payload(keys.named(token.kid())).ok_or_else(|| refused("signature"))?;
        self.checked(payload, now).map_err(refused)
    }

    /// Until when a token with these claims is valid, or the claim that is wrong.
    fn checked(&self, payload: &[u8], now: Timestamp) -> Result<Timestamp, &'static str> {
        let claims: Claims = object(payload).ok_or("claims")?;
        let is_named = |names: &[String], name: &String| names.contains(name);
        let parties = [&claims.azp, &claims.appid];
        let mut parties = parties.into_iter().flatten().peekable();
        let is_ours = match &claims.aud {
            OneOrMany::One(name) => is_named(&self.audience, name),
            OneOrMany::Many(names) => names.iter().any(|name| is_named(&self.audience, name)),
        };
        if claims.iss != self.issuer {
            return Err("iss");
        }
        if !is_ours {
            return Err("aud");
        }
        let is_any = self.authorized_parties.is_empty();
        if !is_any && (parties.peek().is_none() || !parties.all(|party| is_named(&self.authorized_parties, party))) {
            return Err("azp");
        }
        valid_until(claims.exp, claims.nbf, now).ok_or("exp")
    }
}

/// The key of a mistake in settings, and what is wrong. Empty names would match claims that are empty.
pub(in crate::bridge) fn mistake(settings: &AccessTokenSettings) -> Option<(&'static str, String)> {
    let AccessTokenSettings { issuer, audience, authorized_parties, keys } = settings;
    let is_blank = |text: &String| text.trim().is_empty();
    if is_blank(issuer) {
        return Some(("issuer", "the issuer is missing".to_owned()));
    }
    if audience.is_empty() || audience.iter().any(is_blank) {
        return Some(("audience", "an audience is missing or empty".to_owned()));
    }
    if authorized_parties.iter().any(is_blank) {
        return Some(("authorized_parties", "a name is empty".to_owned()));
    }
    Keys::mistake(keys).map(|message| ("keys", message))
}

/// Until when claims are valid, leeway included; `None` if they are not valid now.
pub(in crate::bridge) fn valid_until(exp: f64, nbf: Option<f64>, now: Timestamp) -> Option<Timestamp> {
    let until = exp + LEEWAY;
    let second = now.as_duration().as_secs_f64();
    let has_begun = nbf.is_none_or(|begin| begin - LEEWAY <= second);
    let until = jiff::SignedDuration::try_from_secs_f64(until).ok().filter(|_| second < until && has_begun)?;
    Some(Timestamp::from_duration(until).unwrap_or(Timestamp::MAX))
}

fn refused(what: &'static str) -> Denied {
    tracing::debug!(what, "the access token of a caller is not valid");
    Denied::Refused
}

/// The token of a header (RFC 6750, section 2.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
