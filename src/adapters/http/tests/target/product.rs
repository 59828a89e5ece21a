//! What golden cases are made of: an account, an answer, an outcome.

use serde::Deserialize;

use super::*;
use crate::adapters::http::HttpTargetSettings;
use crate::adapters::http::target::HttpTarget;
use crate::adapters::suites::target::{password, soon};
use crate::password::Credential;
use crate::ports::{
    Authentication, Conflict, Created, Deleted, Deletion, ExternalId, Found, LegacyKey, NewAccount, PasswordChange,
    SharedLimits, Target, TargetId,
};

/// The account of a case.
#[derive(Clone, Deserialize)]
pub struct Case {
    #[serde(default = "external_id")]
    pub external_id: String,
    #[serde(default)]
    pub claims: Json,
    /// Without it the account is pending.
    #[serde(default)]
    pub password: Option<String>,
    /// A stored hash, as in `credential` of rules.
    #[serde(default)]
    pub hash: Option<serde_json::Map<String, Json>>,
    #[serde(default)]
    pub pending: Option<String>,
    #[serde(default)]
    pub must_change: bool,
    /// The product's id, for what is done with an account that exists.
    #[serde(default)]
    pub id: String,
}

fn external_id() -> String {
    "9c1d8a7f4e2b4b6c8d0e1f2a3b4c5d6e".to_owned()
}

/// The answer of a product.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answering {
    status: u16,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    body: Option<Json>,
    /// A body that is not JSON.
    #[serde(default)]
    page: Option<String>,
    /// Whether the connection breaks before the answer is complete.
    #[serde(default)]
    lost: bool,
}

impl Answering {
    pub fn response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        if self.lost {
            let broken = futures_util::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("lost"))]);
            return response.body(Body::from_stream(broken)).unwrap();
        }
        match (self.page, self.body) {
            (Some(page), _) => response.header("content-type", "text/html").body(page.into()).unwrap(),
            (None, Some(body)) => {
                if !self.headers.contains_key("content-type") {
                    response = response.header("content-type", "application/json");
                }
                response.body(body.to_string().into()).unwrap()
            }
            (None, None) => response.body(Body::empty()).unwrap(),
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// Created, or completed.
    New(String),
    /// Created without the password.
    NewWithoutPassword(String),
    /// It was there.
    Exists(String),
    /// It is somebody else's.
    Conflict,
    /// An account, and its state.
    Found(String, String),
    /// There is none.
    None,
    /// A verdict.
    Verdict(String),
    /// The password is set.
    Set,
    /// It is deleted.
    Deleted,
    /// It works.
    Works,
    /// A failure, by its kind.
    Failed(String),
    /// A failure of this record alone.
    Rejected,
}

fn created(created: Created) -> Outcome {
    match created {
        Created::New(id) => Outcome::New(id.0),
        Created::NewWithoutPassword(id) => Outcome::NewWithoutPassword(id.0),
        Created::Exists(id) => Outcome::Exists(id.0),
        Created::Conflict(Conflict::Login) => Outcome::Conflict,
        other => panic!("{other:?}"),
    }
}

fn found(found: Option<Found>) -> Outcome {
    found.map_or(Outcome::None, |found| Outcome::Found(found.id.0, found.state.name().to_owned()))
}

impl Case {
    /// Calls the target.
    pub async fn run(&self, target: &HttpTarget, operation: &str) -> Outcome {
        let id = TargetId(self.id.clone());
        let typed = || password(self.password.as_deref().expect("a password"));
        let result = match operation {
            "create" => self.create(target).await.map(created),
            "find_created" => target.find_created(call(), &ExternalId(self.external_id.clone())).await.map(found),
            "authenticate" => target.authenticate(call(), &id, &typed()).await.map(|answer| match answer.verdict {
                Authentication::Verified(PasswordChange::Required) => Outcome::Verdict("must_change".to_owned()),
                verdict => Outcome::Verdict(verdict.name().to_owned()),
            }),
            "set_password" => {
                let set = target.set_password(call(), &id, &typed(), jiff::Timestamp::UNIX_EPOCH).await;
                set.map(|set| set.map_or(Outcome::None, |_| Outcome::Set))
            }
            "delete" => target.delete(call(), &id, Deletion::ForGood).await.map(|deleted| match deleted {
                Deleted::Yes => Outcome::Deleted,
                _ => Outcome::None,
            }),
            "ping" => target.ping().await.map(|_| Outcome::Works),
            other => panic!("unknown operation {other}"),
        };
        result.unwrap_or_else(|error| match error.is_about_one_record() {
            true => Outcome::Rejected,
            false => Outcome::Failed(error.kind().name().to_owned()),
        })
    }

    pub async fn create(&self, target: &dyn Target) -> Result<Created, PortError> {
        let external = ExternalId(self.external_id.clone());
        let legacy = LegacyKey { source: "shop".to_owned(), id: "C-17".to_owned() };
        let claims = if self.claims.is_null() { "{}".to_owned() } else { self.claims.to_string() };
        let password = self.password.as_deref().map(password);
        let hash = self.hash.as_ref().map(|hash| Credential::from_json(hash).unwrap());
        let pending = self.pending.clone().map(TargetId);
        let logins = [String::from("ada")];
        let new = NewAccount {
            external_id: &external,
            legacy: &legacy,
            logins: &logins,
            claims: &claims,
            password: password.as_ref(),
            hash: hash.as_ref(),
            pending: pending.as_ref(),
            change: if self.must_change { PasswordChange::Required } else { PasswordChange::Optional },
            rules: "rules-1",
            at: jiff::Timestamp::UNIX_EPOCH,
            until: soon(),
        };
        target.create(call(), new).await
    }
}

/// A target with these settings.
pub fn target_of(settings: Json, folder: &Path) -> Result<HttpTarget, String> {
    let settings: HttpTargetSettings = serde_json::from_value(kinded(settings)).unwrap();
    let limits: Arc<dyn SharedLimits> = Arc::new(crate::adapters::http::target::Uncounted);
    HttpTarget::open(&settings, limits, folder)
}
