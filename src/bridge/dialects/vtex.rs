//! The password migration of VTEX B2B (<https://developers.vtex.com/docs/guides/b2b-password-migration>): `POST
//! /authentication` with `{"username": …, "password": …}`, signed by HMAC-SHA-256; the status alone is the verdict.

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;
use crate::bridge::signed::{Counts, Once, digest, is_hmac};
use crate::ports::BoxFuture;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "vtex",
    product: "VTEX",
    about: "the password migration of B2B Buyer Portal asks for the verdict on a password, in signed calls",
    topology: Topology::VerifyOnly,
    authentication: Authentication::Own,
    deadline: Duration::from_millis(2700),
    repeat: Duration::from_secs(10 * 60),
    rules: None,
    needs: &["clients"],
    takes: &[],
    docs: include_str!("vtex.md"),
    scripts: &[],
    open: |cx: &OpenContext<'_>| Ok(Box::new(Vtex::new(cx))),
};

const AUTHENTICATION: &str = "/authentication";
const REGISTER: &str = "/register";

/// The headers that a signature covers.
const CLIENT: &str = "x-vtex-client-id";
const TIMESTAMP: &str = "x-vtex-timestamp";
const NONCE: &str = "x-vtex-nonce";
const CONTENT: &str = "x-vtex-content-sha256";
const SIGNED: [&str; 4] = [CLIENT, TIMESTAMP, NONCE, CONTENT];

/// The longest nonce, in bytes. Stops nonces that only cost time; a UUID has 36.
const MAX_NONCE: usize = 256;

struct Vtex {
    clients: Vec<Client>,
    once: Once,
}

/// A store of VTEX.
struct Client {
    id: String,
    secret: Zeroizing<String>,
    /// What the secret may mean as a key: the documentation does not say whether the Base64 is decoded.
    keys: Vec<Zeroizing<Vec<u8>>>,
}

impl Client {
    fn new(id: &str, secret: &str) -> Self {
        let text = Zeroizing::new(secret.as_bytes().to_vec());
        let decoded = STANDARD.decode(secret).ok().map(Zeroizing::new);
        let keys = std::iter::once(text).chain(decoded).collect();
        Self { id: id.to_owned(), secret: Zeroizing::new(secret.to_owned()), keys }
    }
}

/// The headers of a signed call.
struct Signed<'r> {
    client: &'r str,
    time: &'r str,
    nonce: &'r str,
    content: &'r str,
    signature: Vec<u8>,
    signed_at: Timestamp,
}

impl<'r> Signed<'r> {
    fn read(request: &'r BridgeRequest<'_>) -> Option<Self> {
        let [client, time, nonce, content] = SIGNED.map(|name| request.header(name));
        let (client, time, nonce, content) = (client?, time?, nonce?, content?);
        if !(1..=MAX_NONCE).contains(&nonce.len()) {
            return None;
        }
        let signature = signature(request.header("authorization")?)?;
        let signed_at = rfc2822::DateTimeParser::new().parse_timestamp(time).ok()?;
        Some(Self { client, time, nonce, content, signature, signed_at })
    }
}

/// The signature in `HMAC-SHA256 SignedHeaders=…&Signature=…`, if it covers the four headers.
fn signature(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, parameters) = authorization.split_once(' ')?;
    let (names, signature) = parameters.strip_prefix("SignedHeaders=")?.split_once("&Signature=")?;
    let mut names: Vec<String> = names.split(';').map(str::to_ascii_lowercase).collect();
    let mut wanted = SIGNED;
    names.sort_unstable();
    wanted.sort_unstable();
    let is_whole = scheme.eq_ignore_ascii_case("hmac-sha256") && names == wanted;
    is_whole.then(|| STANDARD.decode(signature).ok()).flatten()
}

impl Vtex {
    fn new(cx: &OpenContext<'_>) -> Self {
        let clients = cx.settings.clients.iter().map(|client| Client::new(&client.id, client.secret.expose()));
        Self { clients: clients.collect(), once: Once::new(cx) }
    }

    /// Whether one of the clients has signed a request.
    fn is_signed(&self, request: &BridgeRequest<'_>, signed: &Signed<'_>) -> bool {
        if STANDARD.encode(Sha256::digest(request.body)) != signed.content {
            return false;
        }
        // The documentation calls the path `/authentication` wherever the bridge is, so that both spellings count.
        let below = match request.query {
            Some(query) => format!("{}?{query}", request.path),
            None => request.path.to_owned(),
        };
        let keys = self.clients.iter().filter(|client| client.id == signed.client).flat_map(|client| &client.keys);
        let mut is_signed = false;
        // all are tried, so that the time does not reveal which one matched
        for key in keys {
            for path in [request.target, &below] {
                let lines = [request.method.as_str(), path, signed.client, signed.time, signed.nonce, signed.content];
                is_signed |= is_hmac(key, &[lines.join("\n").as_bytes()], &signed.signature);
            }
        }
        is_signed
    }

    async fn admit_signed(&self, request: &BridgeRequest<'_>) -> Result<(), Reply> {
        let refused = || Reply::empty(StatusCode::FORBIDDEN);
        let signed = Signed::read(request).ok_or_else(refused)?;
        if !self.once.is_recent(signed.signed_at) || !self.is_signed(request, &signed) {
            return Err(refused());
        }
        let id = [signed.client.as_bytes(), signed.nonce.as_bytes()];
        match self.once.counts("vtex", &id, signed.signed_at).await {
            Counts::Yes => Ok(()),
            Counts::No => Err(refused()),
            Counts::Unknown => Err(Reply::empty(StatusCode::SERVICE_UNAVAILABLE)),
        }
    }

    /// The client whose id and secret a request presents (RFC 7617). Registration has no authentication of its own, so that
    /// it tells a secret only to somebody who knows it.
    fn presented(&self, request: &BridgeRequest<'_>) -> Option<&Client> {
        let (scheme, encoded) = request.header("authorization")?.split_once(' ')?;
        let pair = Zeroizing::new(STANDARD.decode(encoded).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?);
        let colon = pair.iter().position(|byte| *byte == b':')?;
        let (id, secret) = (pair.get(..colon)?, pair.get(colon + 1..)?);
        let presented = digest("vtex registration", &[id, secret]);
        self.clients.iter().fold(None, |known, client| {
            let own = digest("vtex registration", &[client.id.as_bytes(), client.secret.as_bytes()]);
            if bool::from(own.ct_eq(&presented)) { Some(client) } else { known }
        })
    }
}

/// The body of a registration.
#[derive(Deserialize)]
struct Registration {
    #[serde(rename = "Store")]
    store: String,
}

/// The body of a login.
#[derive(Deserialize)]
struct Presented {
    username: String,
    password: SecretText,
}

impl Dialect for Vtex {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if !matches!(request.path, AUTHENTICATION | REGISTER) {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        request.only_post()?;
        if request.path == REGISTER {
            let client = self.presented(request).ok_or_else(|| Reply::empty(StatusCode::FORBIDDEN))?;
            let registration: Registration = object(request.body).ok_or_else(malformed)?;
            let credentials = json!({
                "Store": registration.store, "ClientId": client.id, "Secret": client.secret.as_str(),
            });
            return Err(Reply::json(StatusCode::OK, &credentials));
        }
        let presented: Presented = object(request.body).ok_or_else(malformed)?;
        Ok(Question::login(presented.username, presented.password.into_bytes()))
    }

    fn reply(&self, _: &Question, outcome: &BridgeOutcome) -> Reply {
        Reply::empty(match outcome {
            BridgeOutcome::Accepted(_) => StatusCode::OK,
            BridgeOutcome::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        })
    }

    fn admit<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async move {
            match request.path {
                REGISTER if self.presented(request).is_some() => Ok(()),
                REGISTER => Err(Reply::empty(StatusCode::FORBIDDEN)),
                _ => self.admit_signed(request).await,
            }
        })
    }
}
