//! The resource owner's password credentials (RFC 6749, section 4.3) and the profile (OpenID Connect Core, section 5.3): what
//! products ask that take "the old tenant" by OAuth. `POST /oauth/token`, `GET /userinfo`.

mod request;
mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{AUTHORIZATION, HeaderValue, PRAGMA, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use self::request::{Presented, TokenRequest, basic};
use self::token::{Contents, Tokens};
use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{Accepted, BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::ports::{BoxFuture, Clock};

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "ropc",
    product: "OAuth 2.0 password grant",
    about: "products that verify passwords at an old tenant by `/oauth/token`, and read the profile from `/userinfo`",
    topology: Topology::Write,
    authentication: Authentication::Own,
    deadline: Duration::from_secs(8),
    repeat: Duration::ZERO,
    rules: Some("ropc.yaml"),
    needs: &["clients"],
    takes: &[],
    docs: include_str!("ropc.md"),
    scripts: &[],
    open: |context: &OpenContext<'_>| Ropc::open(context).map(|dialect| Box::new(dialect) as Box<dyn Dialect>),
};

/// How long an access token is good for: products read the profile at once.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The grants: that of the RFC, and that of Auth0 with a realm.
const GRANTS: [&str; 2] = ["password", "http://auth0.com/oauth/grant-type/password-realm"];

struct Ropc {
    clients: Vec<Client>,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
}

/// A client: its id, and the digests of what it presents, which are compared in place of texts of different length.
struct Client {
    id: String,
    digests: [[u8; 32]; 2],
}

/// What a request is, by its path and method.
enum Route {
    Token,
    Profile,
}

impl Ropc {
    fn open(context: &OpenContext<'_>) -> Result<Self, String> {
        let mut clients: Vec<Client> = Vec::new();
        for client in &context.settings.clients {
            if client.id.is_empty() || clients.iter().any(|known| known.id == client.id) {
                return Err("each of `clients` needs an `id` of its own".to_owned());
            }
            let digests = [client.id.as_bytes(), client.secret.expose().as_bytes()].map(digest);
            clients.push(Client { id: client.id.clone(), digests });
        }
        let tokens = Tokens::new(&context.keyring, &context.settings.path());
        Ok(Self { clients, tokens, clock: Arc::clone(&context.clock) })
    }

    /// The client that presents its credentials. All clients are compared, whoever it is.
    fn client(&self, presented: &Presented) -> Option<&Client> {
        let (id, secret) = (digest(&presented.id), digest(&presented.secret));
        let is = |client: &Client| -> Choice {
            let [known_id, known_secret] = &client.digests;
            id.ct_eq(known_id) & secret.ct_eq(known_secret)
        };
        self.clients.iter().fold(None, |found, client| if bool::from(is(client)) { Some(client) } else { found })
    }

    /// The client of a token request, and the request.
    fn authenticated(&self, request: &BridgeRequest<'_>) -> Result<(&Client, TokenRequest), Reply> {
        let by_header = request.headers.contains_key(AUTHORIZATION);
        let read = TokenRequest::read(request);
        if by_header {
            let presented = basic(request).ok_or_else(invalid_client)?;
            let client = presented.iter().find_map(|presented| self.client(presented)).ok_or_else(invalid_client)?;
            let read = read.ok_or_else(invalid_request)?;
            // one way to authenticate, and one client
            let is_other = read.client_id.as_ref().is_some_and(|id| *id != client.id);
            return if is_other || read.client_secret.is_some() { Err(invalid_request()) } else { Ok((client, read)) };
        }
        let read = read.ok_or_else(invalid_request)?;
        let client = read.client().and_then(|presented| self.client(&presented)).ok_or_else(invalid_client)?;
        Ok((client, read))
    }

    /// What the token of a request stands for.
    fn presented(&self, request: &BridgeRequest<'_>) -> Result<Contents, Reply> {
        let token = request.header("authorization").and_then(|value| value.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let contents = token.and_then(|token| self.tokens.open(token, self.clock.now()));
        let is_known = |contents: &Contents| self.clients.iter().any(|client| client.id == contents.client);
        contents.filter(is_known).ok_or_else(invalid_token)
    }

    fn granted(&self, client: &str, accepted: &Accepted) -> Reply {
        let until = self.clock.now().as_second().saturating_add(LIFETIME.as_secs().cast_signed());
        let must_change_password = accepted.must_change_password;
        let token = self.tokens.seal(&Contents {
            client: client.to_owned(),
            until,
            account: accepted.account.clone(),
            must_change_password,
            profile: accepted.profile.clone(),
        });
        let Some(token) = token else {
            let about = "the profile is too large for an access token; let the rules of the bridge make fewer claims";
            return error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", about);
        };
        let mut body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFETIME.as_secs() });
        mark(&mut body, must_change_password);
        Reply::json(StatusCode::OK, &body).with(PRAGMA, HeaderValue::from_static("no-cache"))
    }
}

impl Dialect for Ropc {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        match route(request)? {
            Route::Profile => Err(profile(self.presented(request)?)),
            Route::Token => {
                let (client, read) = self.authenticated(request)?;
                let grant = read.grant.ok_or_else(invalid_request)?;
                if !GRANTS.contains(&grant.as_str()) {
                    let about = "the grants are `password` and that of Auth0 with a realm";
                    return Err(error(StatusCode::BAD_REQUEST, "unsupported_grant_type", about));
                }
                let (Some(username), Some(password)) = (read.username, read.password) else {
                    return Err(invalid_request());
                };
                Ok(Question { echo: Value::from(client.id.as_str()), ..Question::login(username, password) })
            }
        }
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        match outcome {
            BridgeOutcome::Accepted(accepted) => self.granted(question.echo.as_str().unwrap_or_default(), accepted),
            BridgeOutcome::Unavailable { retry_after } => {
                let about = "try again later";
                error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", about).retry_after(*retry_after)
            }
            _ => error(StatusCode::BAD_REQUEST, "invalid_grant", "wrong user name or password"),
        }
    }

    fn admit<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<(), Reply>> {
        let admitted = route(request).and_then(|route| match route {
            Route::Token => self.authenticated(request).map(drop),
            Route::Profile => self.presented(request).map(drop),
        });
        Box::pin(async move { admitted })
    }
}

fn route(request: &BridgeRequest<'_>) -> Result<Route, Reply> {
    match (request.path, request.method) {
        ("/oauth/token", &Method::POST) => Ok(Route::Token),
        ("/userinfo", &Method::GET | &Method::POST) => Ok(Route::Profile),
        ("/oauth/token" | "/userinfo", _) => Err(Reply::empty(StatusCode::METHOD_NOT_ALLOWED)),
        _ => Err(Reply::empty(StatusCode::NOT_FOUND)),
    }
}

/// The profile, with the id of the account.
fn profile(contents: Contents) -> Reply {
    let mut body = Value::Object(contents.profile);
    if let Some(members) = body.as_object_mut() {
        members.insert("sub".to_owned(), contents.account.into());
    }
    mark(&mut body, contents.must_change_password);
    Reply::json(StatusCode::OK, &body)
}

/// Says that a new password must be chosen, which OAuth has no word for.
fn mark(body: &mut Value, must_change_password: bool) {
    if let Some(members) = body.as_object_mut().filter(|_| must_change_password) {
        members.insert("password_change_required".to_owned(), true.into());
    }
}

/// An error of RFC 6749, section 5.2.
fn error(status: StatusCode, error: &str, about: &str) -> Reply {
    let body = json!({ "error": error, "error_description": about });
    Reply::json(status, &body).with(PRAGMA, HeaderValue::from_static("no-cache"))
}

fn invalid_request() -> Reply {
    error(StatusCode::BAD_REQUEST, "invalid_request", "a parameter is missing, invalid, or given twice")
}

fn invalid_client() -> Reply {
    error(StatusCode::UNAUTHORIZED, "invalid_client", "the client is not known, or its secret is wrong")
        .with(WWW_AUTHENTICATE, challenge("Basic realm=\"landfall\""))
}

/// An error of RFC 6750, section 3.1.
fn invalid_token() -> Reply {
    Reply::json(StatusCode::UNAUTHORIZED, &json!({ "error": "invalid_token" }))
        .with(WWW_AUTHENTICATE, challenge("Bearer error=\"invalid_token\""))
}

fn challenge(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

fn digest(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
