//! Calls the operations, and records every response.

use std::sync::Mutex;

use landfall::callers::SignedRequest;
use landfall::signing::SigningKey;
use reqwest::{Client, Method};
use serde_json::json;

use super::canary::{Aviary, Kind};

/// The address of all customers.
pub const ADDRESS: &str = "198.51.100.177";

/// The credentials of a caller.
#[derive(Debug, Clone)]
pub enum Shown {
    Nothing,
    Authorization(String),
    /// The secret, the id of the call, and its time.
    Signed(String, String, i64),
}

/// A caller that records responses.
pub struct Visitor {
    client: Client,
    base: String,
    token: String,
    received: Mutex<Vec<u8>>,
}

/// A status and a body.
pub type Answer = (u16, String);

impl Visitor {
    pub fn new(base: &str, token: &str, aviary: &mut Aviary) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        aviary.add(Kind::Personal, "the address of the customers", ADDRESS);
        let (base, token) = (base.to_owned(), format!("Bearer {token}"));
        Self { client: Client::new(), base, token, received: Mutex::default() }
    }

    /// All recorded responses.
    pub fn received(&self) -> Vec<u8> {
        self.received.lock().unwrap().clone()
    }

    /// A call with any credentials.
    pub async fn call(&self, method: &str, path: &str, shown: Shown, kind: &str, body: &[u8]) -> Answer {
        let (head, body) = self.ask(method, path, shown, kind, body).await;
        self.received.lock().unwrap().extend(format!("{head}\n{body}\n").into_bytes());
        (head[..3].parse().expect("a status"), body)
    }

    /// The account with an id; the body is not recorded, because it contains claims.
    pub async fn account(&self, id: &str) -> String {
        let (head, body) = self.ask("GET", &format!("/v1/accounts/{id}"), self.known(), "", b"").await;
        self.received.lock().unwrap().extend(head.as_bytes());
        assert!(head.starts_with("200"), "{head}");
        body
    }

    /// The valid credentials of the tests.
    pub fn known(&self) -> Shown {
        Shown::Authorization(self.token.clone())
    }

    pub async fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.call("POST", path, self.known(), "application/json", body.as_ref()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, self.known(), "", b"").await
    }

    pub async fn login(&self, identifier: &str, password: &str) -> Answer {
        self.post("/v1/login", json!({ "identifier": identifier, "password": password }).to_string()).await
    }

    async fn ask(&self, method: &str, path: &str, shown: Shown, kind: &str, body: &[u8]) -> (String, String) {
        let request = SignedRequest { method, path, body };
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut call = self.client.request(method, format!("{}{path}", self.base)).header("x-forwarded-for", ADDRESS);
        call = match shown {
            Shown::Nothing => call,
            Shown::Authorization(text) => call.header("authorization", text),
            Shown::Signed(secret, id, at) => {
                let key = SigningKey::new(&secret.into()).expect("a key");
                let signature = key.sign(&id, at, &request.content());
                call.header("webhook-id", id).header("webhook-timestamp", at).header("webhook-signature", signature)
            }
        };
        if !kind.is_empty() {
            call = call.header("content-type", kind);
        }
        let response = call.body(body.to_vec()).send().await.expect("an answer");
        let head = format!("{} {:?}", response.status().as_u16(), response.headers());
        (head, response.text().await.expect("a body"))
    }
}
