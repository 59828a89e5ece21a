//! Token requests (RFC 6749, section 4.3.2), as a form or as JSON, and the credentials of their clients.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::bridge::json::object;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The parameters that count. Others are ignored, as the RFC asks: a scope, an audience, a realm.
#[derive(Default)]
pub(super) struct TokenRequest {
    pub grant: Option<String>,
    pub username: Option<String>,
    pub password: Option<Zeroizing<Vec<u8>>>,
    pub client_id: Option<String>,
    pub client_secret: Option<Zeroizing<Vec<u8>>>,
}

/// Never shows what was typed.
impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest").finish_non_exhaustive()
    }
}

/// The same as JSON, which is not of the RFC; Auth0 takes it.
#[derive(Deserialize)]
struct Document {
    grant_type: Option<String>,
    username: Option<String>,
    password: Option<SecretText>,
    client_id: Option<String>,
    client_secret: Option<SecretText>,
}

/// The credentials that a client presents.
pub(super) struct Presented {
    pub id: Zeroizing<Vec<u8>>,
    pub secret: Zeroizing<Vec<u8>>,
}

impl TokenRequest {
    /// Reads a body; `None` if it has no such shape, or a parameter twice.
    pub fn read(request: &BridgeRequest<'_>) -> Option<Self> {
        match request.media_type().as_str() {
            "application/x-www-form-urlencoded" => Self::of_form(request.body),
            "application/json" => Self::of_json(request.body),
            _ => None,
        }
    }

    fn of_json(body: &[u8]) -> Option<Self> {
        let Document { grant_type, username, password, client_id, client_secret } = object(body)?;
        let [password, client_secret] = [password, client_secret].map(|secret| secret.map(SecretText::into_bytes));
        Some(Self { grant: grant_type, username, password, client_id, client_secret })
    }

    fn of_form(body: &[u8]) -> Option<Self> {
        let (mut out, mut seen) = (Self::default(), Vec::new());
        for pair in std::str::from_utf8(body).ok()?.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = text(decoded(name))?;
            // RFC 6749, section 3.2: an empty parameter counts as omitted, and none may be repeated
            if value.is_empty() {
                continue;
            }
            if seen.contains(&name) {
                return None;
            }
            let value = decoded(value);
            match name.as_str() {
                "grant_type" => out.grant = Some(text(value)?),
                "username" => out.username = Some(text(value)?),
                "password" => out.password = Some(value),
                "client_id" => out.client_id = Some(text(value)?),
                "client_secret" => out.client_secret = Some(value),
                _ => {}
            }
            seen.push(name);
        }
        Some(out)
    }

    /// What the client presents in the body, if it presents a secret there.
    pub fn client(&self) -> Option<Presented> {
        let secret = self.client_secret.clone()?;
        Some(Presented { id: Zeroizing::new(self.client_id.clone().unwrap_or_default().into_bytes()), secret })
    }
}

/// What a client presents by Basic authentication: as it is, and decoded, because the RFC (section 2.3.1) asks clients to
/// encode both and many do not. `None` if the header is something else.
pub(super) fn basic(request: &BridgeRequest<'_>) -> Option<[Presented; 2]> {
    let (scheme, value) = request.header("authorization")?.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(value.trim()).ok()).flatten()?;
    let bytes = Zeroizing::new(bytes);
    let (id, secret) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    let plain = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    Some([Presented { id: plain(id), secret: plain(secret) }, Presented { id: decoded(id), secret: decoded(secret) }])
}

/// The bytes of a value of a form.
fn decoded(text: &str) -> Zeroizing<Vec<u8>> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    Zeroizing::new(percent_decode_str(&spaced).collect())
}

fn text(bytes: Zeroizing<Vec<u8>>) -> Option<String> {
    std::str::from_utf8(&bytes).ok().map(str::to_owned)
}
