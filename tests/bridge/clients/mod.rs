//! How each product asks at a login, one file for each dialect.

mod curity;
mod keycloak;
mod kratos;
mod okta;

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use crate::shop::TOKEN;

/// What the product makes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// It signs the customer in.
    SignedIn {
        /// Whether the customer has to choose a new password.
        must_change: bool,
    },
    /// It says that user name or password are wrong.
    Refused,
    /// It says that something does not work.
    #[allow(dead_code, reason = "Keycloak does not tell this from a wrong password")]
    Unavailable,
}

/// What the product saw.
#[derive(Debug, Clone)]
pub struct Seen {
    pub decision: Decision,
    /// The status, the headers and the body of the answer that decided, without what differs by nature: the time, the id of
    /// the request, what the product said itself.
    pub raw: String,
    pub took: Duration,
}

/// A future of a client.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Seen> + Send + 'a>>;

/// Asks as a product does.
pub trait Client: Send + Sync {
    /// Its dialect.
    fn kind(&self) -> &'static str;

    /// The members of the bridge in the settings beside `kind`.
    fn settings(&self) -> String {
        "callers: [ idp ]".to_owned()
    }

    /// The target of the service.
    fn target(&self) -> String {
        "{ kind: handover }".to_owned()
    }

    /// Writes the files that the settings name, such as keys.
    fn prepare(&self, _folder: &Path) {}

    /// Asks as the product does when a customer signs in. `bridge` is the address of the bridge.
    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a>;
}

/// All clients.
pub fn all() -> Vec<Box<dyn Client>> {
    vec![Box::new(curity::Curity), Box::new(keycloak::Keycloak), Box::new(kratos::Kratos), Box::new(okta::Okta)]
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: String,
}

/// Sends a request of a caller with the token of the tests, or of nobody. Panics if there is no answer.
pub async fn send(request: reqwest::RequestBuilder, token: bool) -> Answer {
    let request = if token { request.bearer_auth(TOKEN) } else { request };
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let mut headers: Vec<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "x-request-id", "retry-after"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    headers.sort();
    Answer { status, headers: headers.join("\n"), body: answer.text().await.expect("a body") }
}

impl Answer {
    /// What the product saw, if this answer decided.
    pub fn seen(&self, decision: Decision) -> Seen {
        let raw = format!("{}\n{}\n\n{}", self.status, self.headers, self.body);
        Seen { decision, raw, took: Duration::ZERO }
    }
}

/// A request with a JSON body.
pub fn json_body(request: reqwest::RequestBuilder, body: &serde_json::Value) -> reqwest::RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

/// The percent-encoding of a segment of a path.
pub fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
