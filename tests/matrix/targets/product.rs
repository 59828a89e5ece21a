//! A product with accounts, as far as the presets of these tests know it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::cells::Moment;
use crate::servers::http_faults::{Answer, Request};

/// When users are created and changed.
const CREATED: &str = "2026-01-02T03:04:05Z";
const CHANGED: &str = "2026-01-02T03:04:06Z";

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub external_id: String,
    pub email: String,
    pub password: Option<String>,
    pub roles: Option<Value>,
    /// Whether a further creation is answered as if it were the first.
    pub is_made_again: bool,
    /// A user as a SCIM service returns it.
    pub user: Value,
}

/// What is special about the next answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    #[default]
    Usual,
    /// The request at the moment of the fault changes nothing.
    WithoutEffect(Moment),
    /// A creation takes effect after this time, if nothing is against it then.
    Late(Duration),
    /// A creation is sent twice by somebody on the way, who passes the second answer on.
    SentTwice,
    /// A creation is answered without the id.
    WithoutId,
    /// Further creations of the same account are answered as the first.
    CreatedAgain,
    /// Every creation is a duplicate, of nothing.
    Nowhere,
}

/// The product.
#[derive(Clone, Default)]
pub struct Product {
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Default)]
struct State {
    accounts: Vec<Account>,
    made: usize,
    manner: Manner,
}

/// Which moment a request is.
pub fn moment_of(request: &Request) -> Option<Moment> {
    // as the client encodes it
    let path = request.target.replace("%5F", "_");
    match request.method.as_str() {
        "POST" if path == "/accounts" || path == "/Users" => Some(Moment::Creation),
        "POST" if path.ends_with("/verify") => Some(Moment::LaterLogin),
        "PUT" | "PATCH" => Some(Moment::SecondCall),
        "GET" if path.contains("?external_id=") || path.contains("?filter=") => Some(Moment::LookUp),
        _ => None,
    }
}

impl Product {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers in another manner from now on.
    pub fn answer_in(&self, manner: Manner) {
        self.state().manner = manner;
    }

    /// The accounts with an address.
    pub fn accounts_of(&self, email: &str) -> Vec<Account> {
        self.state().accounts.iter().filter(|account| account.email == email).cloned().collect()
    }

    /// The good answer to a request.
    pub fn answer(&self, request: &Request) -> Answer {
        let mut state = self.state();
        let is_creation = moment_of(request) == Some(Moment::Creation);
        match state.manner {
            Manner::WithoutEffect(moment) if is_at(request, moment) => state.clone().answer(request),
            Manner::Late(after) if is_creation => {
                let (later, held_back) = (self.clone(), request.clone());
                thread::spawn(move || {
                    thread::sleep(after);
                    later.state().answer(&held_back);
                });
                state.clone().answer(request)
            }
            Manner::SentTwice if is_creation => {
                state.answer(request);
                state.answer(request)
            }
            Manner::WithoutId if is_creation => {
                state.answer(request);
                Answer::status(201, r#"{"created":true}"#)
            }
            Manner::Nowhere if is_creation => duplicate(request),
            _ => state.answer(request),
        }
    }
}

/// Whether a request is one of this moment.
pub fn is_at(request: &Request, moment: Moment) -> bool {
    let is_change = moment == Moment::NewPassword && moment_of(request) == Some(Moment::SecondCall);
    is_change || moment_of(request) == Some(moment)
}

fn duplicate(request: &Request) -> Answer {
    let is_scim = request.target.starts_with("/Users");
    let error = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "scimType": "uniqueness", "status": "409" });
    Answer::status(409, if is_scim { error } else { json!({ "error": "duplicate" }) }.to_string())
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if request.target.starts_with("/Users") {
            return self.answer_scim(request, &body);
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut parts = path.trim_start_matches('/').split('/').skip(1);
        match (request.method.as_str(), parts.next(), parts.next()) {
            ("POST", None, None) => self.create(request, &body),
            ("GET", None, None) => self.search(query),
            ("GET", Some(id), None) => self.one(id, |account| shown(account)),
            ("PUT", Some(id), Some("password")) => self.one(id, |account| {
                account.password = body["password"].as_str().map(str::to_owned);
                json!({ "done": true })
            }),
            ("PUT", Some(id), Some("roles")) => self.one(id, |account| {
                account.roles = Some(body.clone());
                json!({ "done": true })
            }),
            ("POST", Some(id), Some("verify")) => {
                let found = self.accounts.iter().find(|account| account.id == id);
                match found.map(|account| account.password.as_deref() == body["password"].as_str()) {
                    Some(true) => Answer::json(json!({ "id": id }).to_string()),
                    Some(false) => Answer::status(401, r#"{"error":"wrong_password"}"#),
                    None => unknown(),
                }
            }
            _ => Answer::status(404, "{}"),
        }
    }

    fn create(&mut self, request: &Request, body: &Value) -> Answer {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (external_id, email) = (text(&body["external_id"]), text(&body["email"]["value"]));
        match self.made(external_id, email, body["password"].as_str()) {
            Some(account) => Answer::status(201, json!({ "id": account.id }).to_string()),
            None => duplicate(request),
        }
    }

    /// The new account; `None` if another one has the id or the address.
    fn made(&mut self, external_id: String, email: String, password: Option<&str>) -> Option<&mut Account> {
        let is_known = |account: &Account| account.external_id == external_id || account.email == email;
        if let Some(at) = self.accounts.iter().position(is_known) {
            return self.accounts.get_mut(at).filter(|known| known.is_made_again && known.external_id == external_id);
        }
        self.made += 1;
        let is_made_again = self.manner == Manner::CreatedAgain;
        let (id, password) = (format!("account-{}", self.made), password.map(str::to_owned));
        self.accounts.push(Account { id, external_id, email, password, roles: None, is_made_again, user: Value::Null });
        self.accounts.last_mut()
    }

    fn answer_scim(&mut self, request: &Request, body: &Value) -> Answer {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        match (request.method.as_str(), path.strip_prefix("/Users/")) {
            ("POST", None) => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let (external_id, email) = (text(&body["externalId"]), text(&body["emails"][0]["value"]));
                let Some(account) = self.made(external_id, email, body["password"].as_str()) else {
                    return duplicate(request);
                };
                account.user = body.clone();
                account.user["id"] = json!(account.id);
                account.user["meta"] = json!({ "created": CREATED, "lastModified": CREATED });
                if let Some(user) = account.user.as_object_mut() {
                    user.remove("password");
                }
                Answer::status(201, account.user.to_string())
            }
            ("GET", None) => {
                let wanted = query.split("%22").nth(1).unwrap_or_default();
                let found = self.accounts.iter().filter(|account| account.external_id == wanted);
                let users: Vec<&Value> = found.map(|account| &account.user).collect();
                Answer::json(json!({ "totalResults": users.len(), "Resources": users }).to_string())
            }
            ("GET", Some(id)) => self.one(id, |account| account.user.clone()),
            ("PATCH", Some(id)) => self.one(id, |account| {
                for operation in body["Operations"].as_array().into_iter().flatten() {
                    match operation["path"].as_str() {
                        Some("password") => account.password = operation["value"].as_str().map(str::to_owned),
                        Some(name) => account.user[name] = operation["value"].clone(),
                        None => {}
                    }
                }
                account.user["meta"]["lastModified"] = json!(CHANGED);
                account.user.clone()
            }),
            _ => Answer::status(404, "{}"),
        }
    }

    fn search(&self, query: &str) -> Answer {
        let (name, value) = query.split_once('=').unwrap_or_default();
        let (name, value) = (name.replace("%5F", "_"), value.replace("%40", "@"));
        let is_meant = |account: &&Account| {
            value == if name == "external_id" { account.external_id.as_str() } else { account.email.as_str() }
        };
        let items: Vec<Value> = self.accounts.iter().filter(is_meant).map(shown).collect();
        Answer::json(json!({ "items": items }).to_string())
    }

    fn one(&mut self, id: &str, answer: impl FnOnce(&mut Account) -> Value) -> Answer {
        match self.accounts.iter_mut().find(|account| account.id == id) {
            Some(account) => Answer::json(answer(account).to_string()),
            None => unknown(),
        }
    }
}

fn unknown() -> Answer {
    Answer::status(404, r#"{"error":"unknown_account"}"#)
}

fn shown(account: &Account) -> Value {
    json!({
        "id": account.id,
        "external_id": account.external_id,
        "email": { "value": account.email, "verified": true },
        "has_password": account.password.is_some(),
        "status": "active",
    })
}
