//! A shop with a caller that signs its calls.

use std::sync::atomic::{AtomicUsize, Ordering};

use landfall::callers::SignedRequest;
use landfall::signing::SigningKey;
use serde_json::{Value, json};

use super::support::shop::CHEAP;
use super::support::{LONG_QUEUE, PATIENT, Shop, customer, password};

pub const SECRET: &str = "a-signing-secret-of-the-tests-0123456789";

/// A shop with a number of customers.
pub fn shop(customers: usize) -> Shop {
    let shop = Shop::new((0..customers).map(customer), &format!("{CHEAP}{LONG_QUEUE}{PATIENT}"));
    shop.secret("signing.key", SECRET);
    let settings = std::fs::read_to_string(shop.path("landfall.yaml")).unwrap();
    let settings = settings.replace("callers: [", "callers: [ { name: signer, signed: [ 'file:signing.key' ] },");
    std::fs::write(shop.path("landfall.yaml"), settings).unwrap();
    shop
}

/// A signed call, which can be sent to any server.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub body: String,
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
}

/// A response: status and body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// Whether the caller was not authenticated.
    pub fn is_refused(&self) -> bool {
        self.status == 401 && self.body["type"] == "urn:landfall:problem:caller"
    }
}

/// A new id.
fn id() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("msg_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Call {
    pub fn new(method: &'static str, path: &str, body: &str) -> Self {
        let content = SignedRequest { method, path, body: body.as_bytes() }.content();
        Self::over(&content, method, path, body)
    }

    /// A call with a signature over other content.
    pub fn over(content: &[u8], method: &'static str, path: &str, body: &str) -> Self {
        let (id, timestamp) = (id(), jiff::Timestamp::now().as_second());
        let signature = SigningKey::new(&SECRET.to_owned().into()).unwrap().sign(&id, timestamp, content);
        Self { method, path: path.to_owned(), body: body.to_owned(), id, timestamp, signature }
    }

    pub fn login(number: usize) -> Self {
        let body = json!({ "identifier": format!("customer{number}"), "password": password(number) });
        Self::new("POST", "/v1/login", &body.to_string())
    }

    pub async fn send(&self, client: &reqwest::Client, base: &str) -> Answer {
        let method = reqwest::Method::from_bytes(self.method.as_bytes()).unwrap();
        let call = client.request(method, format!("{base}{}", self.path)).body(self.body.clone());
        let call = call.header("content-type", "application/json").header("webhook-id", &self.id);
        let call = call.header("webhook-timestamp", self.timestamp).header("webhook-signature", &self.signature);
        let response = call.send().await.expect("an answer");
        let status = response.status().as_u16();
        Answer { status, body: serde_json::from_str(&response.text().await.expect("a body")).unwrap_or_default() }
    }
}

/// A client without credentials.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(60)).build().unwrap()
}
