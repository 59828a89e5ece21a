//! A product with accounts, as far as the presets of these tests know it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::cells::Moment;
use crate::servers::http_faults::{Answer, Request};

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub external_id: String,
    pub email: String,
    pub password: Option<String>,
    pub roles: Option<Value>,
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
    /// Whether a creation under an external id that exists is answered as if it were the first.
    is_idempotent: bool,
}

/// Which moment a request is.
pub fn moment_of(request: &Request) -> Option<Moment> {
    let path = request.target.as_str();
    match request.method.as_str() {
        "POST" if path == "/accounts" => Some(Moment::Creation),
        "POST" if path.ends_with("/verify") => Some(Moment::LaterLogin),
        "PUT" => Some(Moment::SecondCall),
        "GET" if path.contains("?external_id=") => Some(Moment::LookUp),
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

    /// Answers a creation under an external id that exists as if it were the first, from now on.
    pub fn be_idempotent(&self) {
        self.state().is_idempotent = true;
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
            Manner::Nowhere if is_creation => duplicate(),
            _ => state.answer(request),
        }
    }
}

fn is_at(request: &Request, moment: Moment) -> bool {
    let is_put = request.method == "PUT" && moment == Moment::NewPassword;
    is_put || moment_of(request) == Some(moment)
}

fn duplicate() -> Answer {
    Answer::status(409, r#"{"error":"duplicate"}"#)
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut parts = path.trim_start_matches('/').split('/').skip(1);
        match (request.method.as_str(), parts.next(), parts.next()) {
            ("POST", None, None) => self.create(&body),
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

    fn create(&mut self, body: &Value) -> Answer {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (external_id, email) = (text(&body["external_id"]), text(&body["email"]["value"]));
        let created = |id: &str| Answer::status(201, json!({ "id": id }).to_string());
        let is_known = |account: &&Account| account.external_id == external_id || account.email == email;
        if let Some(known) = self.accounts.iter().find(is_known) {
            let is_same = self.is_idempotent && known.external_id == external_id;
            return if is_same { created(&known.id) } else { duplicate() };
        }
        self.made += 1;
        let id = format!("account-{}", self.made);
        let password = body["password"].as_str().map(str::to_owned);
        self.accounts.push(Account { id: id.clone(), external_id, email, password, roles: None });
        created(&id)
    }

    fn search(&self, query: &str) -> Answer {
        let (name, value) = query.split_once('=').unwrap_or_default();
        let value = value.replace("%40", "@");
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
