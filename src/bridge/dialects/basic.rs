//! HTTP Basic (RFC 7617): the product sends what the customer typed as the credentials of the request, as the HTTP user module of
//! glewlwyd does with a `GET`. The header that would authenticate the product is taken, so that its address does, and a secret
//! in the path.

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::malformed;
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::ports::BoxFuture;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "basic",
    product: "HTTP Basic (glewlwyd and others)",
    about: "the product asks at every login, with what the customer typed as the credentials of the request",
    topology: Topology::Write,
    authentication: Authentication::Own,
    deadline: Duration::from_secs(8),
    // later logins are answered by the target
    repeat: Duration::ZERO,
    rules: None,
    needs: &["networks"],
    takes: &["path_secrets"],
    docs: include_str!("basic.md"),
    scripts: &[],
    open: |context: &OpenContext<'_>| Ok(Box::new(Basic::open(context)?)),
};

struct Basic {
    networks: Vec<IpNet>,
    /// Digests, so that comparing them reveals no length.
    secrets: Vec<[u8; 32]>,
}

impl Basic {
    fn open(context: &OpenContext<'_>) -> Result<Self, String> {
        let networks = context.settings.networks.iter().map(|network| network.0).collect();
        let secrets: Vec<&str> = context.settings.path_secrets.iter().map(|secret| secret.expose()).collect();
        Self::new(networks, &secrets)
    }

    fn new(networks: Vec<IpNet>, secrets: &[&str]) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !secrets.iter().all(|secret| secret.bytes().all(is_plain)) {
            return Err("one of `path_secrets` has other characters than letters, digits, `-` and `_`".to_owned());
        }
        Ok(Self { networks, secrets: secrets.iter().map(|secret| digest(secret)).collect() })
    }

    fn is_from_network(&self, request: &BridgeRequest<'_>) -> bool {
        request.caller.is_some_and(|caller| self.networks.iter().any(|network| network.contains(&caller)))
    }

    /// All secrets are compared, so that the time does not reveal which one matched.
    fn has_secret(&self, request: &BridgeRequest<'_>) -> bool {
        let presented = digest(&request.only_segment().unwrap_or_default());
        let matching = |matched, secret: &[u8; 32]| matched | bool::from(secret.ct_eq(&presented));
        self.secrets.is_empty() || self.secrets.iter().fold(false, matching)
    }
}

impl Dialect for Basic {
    fn admit<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<(), Reply>> {
        let is_admitted = self.is_from_network(request) & self.has_secret(request);
        Box::pin(async move { if is_admitted { Ok(()) } else { Err(Reply::empty(StatusCode::FORBIDDEN)) } })
    }

    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if self.secrets.is_empty() && !matches!(request.path, "" | "/") {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        if !matches!(*request.method, Method::GET | Method::HEAD | Method::POST) {
            return Err(Reply::empty(StatusCode::METHOD_NOT_ALLOWED));
        }
        // clients that wait to be asked send their first request without
        let header = request.header(AUTHORIZATION.as_str()).ok_or_else(challenge)?;
        let (identifier, password) = credentials(header).ok_or_else(malformed)?;
        Ok(Question::login(identifier, password))
    }

    fn reply(&self, _: &Question, outcome: &BridgeOutcome) -> Reply {
        match outcome {
            BridgeOutcome::Accepted(accepted) => {
                Reply::json(StatusCode::OK, &json!({ "must_change_password": accepted.must_change_password }))
            }
            BridgeOutcome::Unavailable { retry_after } => {
                Reply::empty(StatusCode::SERVICE_UNAVAILABLE).retry_after(*retry_after)
            }
            _ => challenge(),
        }
    }
}

/// What the customer typed; `None` if it is no Basic credentials. A user name has no colon, and is UTF-8.
fn credentials(header: &str) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let (user, password) = pair.split_at_checked(colon)?;
    let password = password.get(1..)?.to_vec();
    Some((std::str::from_utf8(user).ok()?.to_owned(), Zeroizing::new(password)))
}

/// The answer to credentials that are missing, and to those that are refused.
fn challenge() -> Reply {
    let asks = HeaderValue::from_static("Basic realm=\"landfall\", charset=\"UTF-8\"");
    Reply::empty(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, asks)
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stand_in_a_path_as_they_are() {
        let open = |secret: &str| Basic::new(Vec::new(), &[secret]).map(|_| ());
        assert_eq!(open("0123456789abcdef-0123456789_ABCDEF"), Ok(()));
        for secret in ["0123456789abcdef/0123456789abcdef", "0123456789abcdef%2f0123456789abcd", "ä0123456789abcdef"] {
            assert!(open(secret).unwrap_err().contains("path_secrets"), "{secret}");
        }
    }
}
