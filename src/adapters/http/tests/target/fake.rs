//! A product within the test, with the API that the preset `rest` describes.

use std::sync::Mutex;

use axum::body::to_bytes;
use axum::http::Method;

use super::*;

/// The fewest characters of a password.
const SHORTEST: usize = 8;

#[derive(Default)]
struct State {
    accounts: Vec<Json>,
    made: usize,
    /// What was asked, without queries.
    asked: Vec<String>,
}

/// A product.
#[derive(Clone, Default)]
pub struct Product {
    state: Arc<Mutex<State>>,
}

fn failed(status: u16, error: &str) -> Response {
    reply(status, "application/json", json!({ "error": error }).to_string())
}

fn done(status: u16, body: &Json) -> Response {
    reply(status, "application/json", body.to_string())
}

fn is_weak(password: &Json) -> bool {
    password.as_str().is_some_and(|password| password.chars().count() < SHORTEST)
}

/// An account without its password.
fn shown(account: &Json) -> Json {
    let mut shown = account.clone();
    let password = shown.as_object_mut().unwrap().remove("password");
    shown["has_password"] = password.is_some().into();
    shown
}

impl State {
    fn create(&mut self, mut account: Json) -> Response {
        let is_same = |one: &Json, name: &str| !one[name].is_null() && one[name] == account[name];
        let is_taken = |one: &Json| is_same(one, "external_id") || is_same(one, "username");
        if self.accounts.iter().any(is_taken) {
            return failed(409, "duplicate");
        }
        if is_weak(&account["password"]) {
            return failed(422, "weak_password");
        }
        self.made += 1;
        account["id"] = format!("a-{}", self.made).into();
        self.accounts.push(account.clone());
        done(201, &json!({ "id": account["id"] }))
    }

    fn search(&self, query: &str) -> Response {
        let (name, value) = url::form_urlencoded::parse(query.as_bytes()).next().unwrap();
        let has = |one: &&Json| match &*name {
            "email" => one["email"]["value"] == *value,
            name => one[name] == *value,
        };
        let found = self.accounts.iter().filter(has);
        done(200, &json!({ "items": found.map(shown).collect::<Vec<_>>() }))
    }

    fn one(&mut self, method: &Method, id: &str, part: &str, body: &Json) -> Response {
        let Some(at) = self.accounts.iter().position(|one| one["id"] == id) else {
            return failed(404, "unknown_account");
        };
        let account = &mut self.accounts[at];
        match (method.as_str(), part) {
            ("GET", "") => done(200, &shown(account)),
            ("PUT", "roles") => {
                account["roles"] = body.clone();
                done(200, &json!({}))
            }
            ("PUT", "password") if is_weak(&body["password"]) => failed(422, "weak_password"),
            ("PUT", "password") => {
                account["password"] = body["password"].clone();
                account["password_change_required"] = false.into();
                done(200, &json!({}))
            }
            ("POST", "verify") if account["password"].is_null() => failed(403, "no_password"),
            ("POST", "verify") if account["password"] != body["password"] => failed(401, "wrong_password"),
            ("POST", "verify") => {
                let change = account["password_change_required"].clone();
                done(200, &json!({ "id": id, "password_change_required": change }))
            }
            ("DELETE", "") => {
                self.accounts.remove(at);
                done(200, &json!({}))
            }
            _ => failed(405, "method"),
        }
    }
}

impl Product {
    /// Starts the product, with an account that somebody else created.
    pub async fn start(&self) -> Server {
        self.state.lock().unwrap().create(json!({ "username": "stranger", "password": "a strange password" }));
        let product = self.clone();
        Server::answering(move |request: Request| {
            let product = product.clone();
            async move { product.answer(request).await }
        })
        .await
    }

    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body: Json = if body.is_empty() { Json::Null } else { serde_json::from_slice(&body).unwrap() };
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        let mut state = self.state.lock().unwrap();
        state.asked.push(format!("{} {path}", parts.method));
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (parts.method.as_str(), segments.as_slice()) {
            ("GET", ["health"]) => done(200, &json!({ "status": "up" })),
            ("POST", ["accounts"]) => state.create(body),
            ("GET", ["accounts"]) => state.search(query),
            (_, ["accounts", id]) => state.one(&parts.method, id, "", &body),
            (_, ["accounts", id, part]) => state.one(&parts.method, id, part, &body),
            _ => failed(404, "unknown path"),
        }
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}
