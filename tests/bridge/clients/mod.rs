//! How each product asks at a login, one file for each dialect.

pub mod auth0;
pub mod b2c;
pub mod basic;
pub mod cognito;
pub mod curity;
pub mod entra;
pub mod fusionauth;
pub mod gravitee;
pub mod keycloak;
pub mod kinde;
pub mod kratos;
pub mod logto;
pub mod okta;
pub mod ropc;
pub mod strivacity;
pub mod vtex;
pub mod wso2;
pub mod zitadel;

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use crate::shop::TOKEN;

/// The settings of a target that keeps the passwords: Landfall's own account store.
pub const OWN_STORE: &str = "{ kind: sql, url: 'sqlite:accounts.db' }";

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

    /// Where the service listens.
    fn listen(&self) -> String {
        "127.0.0.1:0".to_owned()
    }

    /// The members of `service` in the settings.
    fn service(&self) -> String {
        format!("callers: [ {{ name: idp, bearer: {TOKEN} }} ]")
    }

    /// The target of the service.
    fn target(&self) -> String {
        "{ kind: handover }".to_owned()
    }

    /// Writes the files that the settings name, such as keys.
    fn prepare(&self, _folder: &Path) {}

    /// Whether the product asks who the customer is before it asks for the verdict on the password, so that the answers that
    /// decide are not of one kind.
    fn asks_twice(&self) -> bool {
        false
    }

    /// Whether the product is told before the verdict whether the password must be changed. Then it must be for every
    /// customer whose hash may be verified in part.
    fn is_told_early(&self) -> bool {
        false
    }

    /// Asks as the product does when a customer signs in. `bridge` is the address of the bridge.
    fn sign_in<'a>(
        &'a self,
        http: &'a reqwest::Client,
        bridge: &'a str,
        identifier: &'a str,
        password: &'a str,
    ) -> Asked<'a>;
}

/// All clients, in the order of the names of their dialects.
pub fn all() -> Vec<Box<dyn Client>> {
    vec![
        Box::new(auth0::Auth0),
        Box::new(b2c::B2c { seamless: false }),
        Box::new(b2c::B2c { seamless: true }),
        Box::new(basic::Basic),
        Box::new(cognito::Cognito),
        Box::new(curity::Curity),
        Box::new(entra::Entra),
        Box::new(fusionauth::FusionAuth),
        Box::new(gravitee::Gravitee),
        Box::new(keycloak::UserMigration::keycloak()),
        Box::new(kinde::Kinde),
        Box::new(kratos::Kratos),
        Box::new(logto::Logto),
        Box::new(okta::Okta),
        Box::new(keycloak::UserMigration::phasetwo()),
        Box::new(ropc::Ropc),
        Box::new(strivacity::Strivacity),
        Box::new(vtex::Vtex),
        Box::new(wso2::Wso2),
        Box::new(zitadel::Zitadel::start()),
    ]
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: String,
}

/// What a task ends with whose request was not answered.
pub struct NoAnswer;

/// Ends the task. Tests that kill the service recognise it; in all others it is a failure.
pub fn no_answer(error: &reqwest::Error) -> ! {
    println!("no answer: {error:?}");
    std::panic::resume_unwind(Box::new(NoAnswer))
}

/// Sends a request of a caller with the token of the tests, or of nobody. Ends the task with [`NoAnswer`] if there is no
/// answer.
pub async fn send(request: reqwest::RequestBuilder, token: bool) -> Answer {
    let request = if token { request.bearer_auth(TOKEN) } else { request };
    let answer = request.send().await.unwrap_or_else(|error| no_answer(&error));
    let status = answer.status().as_u16();
    let mut headers: Vec<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "x-request-id", "retry-after"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    headers.sort();
    Answer { status, headers: headers.join("\n"), body: answer.text().await.unwrap_or_else(|error| no_answer(&error)) }
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
#[allow(dead_code, reason = "not every product encodes so")]
pub fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
