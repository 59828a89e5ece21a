//! Azure AD B2C, RESTful technical profiles of a custom policy, in the two shapes of Microsoft's samples: just-in-time, where
//! the policy creates the account from the claims in the reply, and seamless, where the account exists without a password.
//!
//! | path below the bridge | asks |
//! | --- | --- |
//! | `/migrate` | a login; with `useInputPassword`, the claims for an account with a new password |
//! | `/RaiseErrorIfExists` | whether a new customer may take the name |
//! | `/RaiseErrorIfNotExists` | whether somebody who forgot the password is known |
//! | `/identity`, or none | a login, seamless |

use std::time::Duration;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind, Script};
use crate::bridge::question::{Accepted, Ask, BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The row of the dialect. The product asks at every login of customers whom its policy does not know, and may do so for all.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "b2c",
    product: "Azure AD B2C",
    about: "RESTful technical profiles of a custom policy ask at sign-in, sign-up and password reset",
    topology: Topology::ReturnProfile,
    authentication: Authentication::Callers,
    deadline: Duration::from_secs(8),
    repeat: Duration::from_secs(60),
    rules: Some("b2c.yaml"),
    needs: &[],
    takes: &[],
    docs: include_str!("b2c.md"),
    scripts: &[
        Script { name: "just-in-time", text: include_str!("b2c/just-in-time.xml") },
        Script { name: "seamless", text: include_str!("b2c/seamless.xml") },
    ],
    open: |_: &OpenContext<'_>| Ok(Box::new(B2c)),
};

struct B2c;

/// What a technical profile asks. The paths are those of Microsoft's samples, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Seamless,
    JustInTime,
    SignUp,
    Reset,
}

const STEPS: &[(&str, Step)] = &[
    ("", Step::Seamless),
    ("identity", Step::Seamless),
    ("migrate", Step::JustInTime),
    ("raiseerrorifexists", Step::SignUp),
    ("raiseerrorifnotexists", Step::Reset),
];

/// The input claims.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    sign_in_name: Option<String>,
    email: Option<String>,
    password: Option<SecretText>,
    use_input_password: Option<Flag>,
    object_id: Option<String>,
}

/// A claim that is true or false; policies also send it as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
}

impl Flag {
    fn is_set(&self) -> Option<bool> {
        match self {
            Self::Bool(is_set) => Some(*is_set),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.is_empty() || text.eq_ignore_ascii_case("false") => Some(false),
            Self::Text(_) => None,
        }
    }
}

impl Step {
    fn of(path: &str) -> Option<Self> {
        let name = path.strip_prefix('/').unwrap_or(path).to_ascii_lowercase();
        STEPS.iter().find(|(known, _)| *known == name).map(|(_, step)| *step)
    }

    /// As the reply finds it in the question.
    fn name(self) -> &'static str {
        match self {
            Self::Seamless => "seamless",
            Self::JustInTime => "just-in-time",
            Self::SignUp => "sign-up",
            Self::Reset => "reset",
        }
    }
}

impl Dialect for B2c {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        let step = Step::of(request.path).ok_or_else(|| Reply::empty(StatusCode::NOT_FOUND))?;
        request.only_post()?;
        let claims: Claims = object(request.body).ok_or_else(malformed)?;
        if step == Step::Reset && claims.object_id.is_some_and(|id| !id.is_empty()) {
            // the account is in the directory
            return Err(done());
        }
        let names = [claims.sign_in_name, claims.email];
        let identifier = names.into_iter().flatten().find(|name| !name.is_empty()).ok_or_else(malformed)?;
        let takes_new = claims.use_input_password.map_or(Some(false), |flag| flag.is_set()).ok_or_else(malformed)?;
        let mut question = match step {
            Step::SignUp => Question::new(Ask::SignupCheck, identifier),
            Step::Reset => Question::new(Ask::Profile, identifier),
            Step::JustInTime if takes_new => Question::new(Ask::Profile, identifier),
            Step::JustInTime | Step::Seamless => {
                Question::login(identifier, claims.password.ok_or_else(malformed)?.into_bytes())
            }
        };
        question.echo = Value::from(step.name());
        Ok(question)
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        let is_step = |step: Step| question.echo == step.name();
        match outcome {
            BridgeOutcome::Accepted(accepted) if is_step(Step::JustInTime) => created(question.ask, accepted),
            BridgeOutcome::Accepted(accepted) if is_step(Step::Seamless) => verified(accepted),
            BridgeOutcome::Accepted(_) | BridgeOutcome::Free => done(),
            // not a customer of the legacy system any more, or never one: the policy goes on with its own accounts, which refuse
            // a wrong password
            BridgeOutcome::Refused if is_step(Step::JustInTime) && question.ask == Ask::Login => done(),
            BridgeOutcome::Refused if is_step(Step::Seamless) => {
                failed("wrong_credentials", "The name or the password is wrong.")
            }
            BridgeOutcome::Reserved => failed("exists", "There is already an account with this name. Sign in instead."),
            BridgeOutcome::Unavailable { .. } => {
                failed("unavailable", "Signing in does not work at the moment. Try again in a few minutes.")
            }
            BridgeOutcome::Refused | BridgeOutcome::Provisioned { .. } | BridgeOutcome::Noted => {
                failed("unknown", "There is no account with this name.")
            }
        }
    }
}

/// The claims of an account that the policy creates, with the password that the customer typed: it has it, so that it is not
/// sent back.
fn created(ask: Ask, accepted: &Accepted) -> Reply {
    let Accepted { profile, must_change_password, .. } = accepted;
    let mut claims: Map<String, Value> = profile.clone();
    claims.insert("needToMigrate".to_owned(), Value::from("local"));
    // whoever resets the password has chosen a new one
    claims.insert("mustChangePassword".to_owned(), Value::from(*must_change_password && ask == Ask::Login));
    Reply::json(StatusCode::OK, &Value::Object(claims))
}

fn verified(accepted: &Accepted) -> Reply {
    let claims = json!({
        "tokenSuccess": true,
        "migrationRequired": false,
        "mustChangePassword": accepted.must_change_password,
    });
    Reply::json(StatusCode::OK, &claims)
}

/// No claim: the policy goes on.
fn done() -> Reply {
    Reply::json(StatusCode::OK, &json!({}))
}

/// The only status whose message the policy shows.
fn failed(code: &str, message: &str) -> Reply {
    let body = json!({ "version": "1.0.0", "status": 409, "code": code, "userMessage": message });
    Reply::json(StatusCode::CONFLICT, &body)
}
