//! Shared by the tests of the whole service: a legacy export, settings, running processes, and a client.

pub mod running;
pub mod shop;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use running::md5;
use shop::{RULES, TOKEN};

/// A customer of the export.
pub fn customer(number: usize) -> Value {
    json!({
        "id": number.to_string(), "login": format!("customer{number}"), "mail": format!("customer{number}@example.org"),
        "password": md5(&password(number)),
    })
}

/// The password of a customer.
pub fn password(number: usize) -> String {
    format!("pass word {number}")
}

/// A folder with rules, export, keys and settings.
pub struct Shop {
    pub folder: tempfile::TempDir,
}

impl Shop {
    /// A shop with these customers; `settings` are additional lines of `landfall.yaml`.
    pub fn new(customers: impl Iterator<Item = Value>, settings: &str) -> Self {
        let shop = Self { folder: tempfile::tempdir().expect("a folder") };
        shop.export(customers);
        fs::write(shop.path("rules.yaml"), RULES).expect("rules");
        shop.secret("ledger.key", &"ab".repeat(32));
        shop.secret("caller.token", TOKEN);
        let text = format!(
            "listen: 127.0.0.1:0\n\
             rules: rules.yaml\n\
             source: {{ name: shop, kind: file, path: export.ndjson, logins: [ $.login, $.mail ] }}\n\
             target: {{ name: accounts, kind: sql, url: 'sqlite:accounts.db' }}\n\
             ledger: {{ url: 'sqlite:ledger.db', key: 'file:ledger.key' }}\n\
             service: {{ callers: [ {{ name: tests, bearer: 'file:caller.token' }} ] }}\n\
             {settings}"
        );
        fs::write(shop.path("landfall.yaml"), text).expect("settings");
        shop
    }

    /// Rewrites the export.
    pub fn export(&self, customers: impl Iterator<Item = Value>) {
        let lines: String = customers.map(|customer| format!("{customer}\n")).collect();
        fs::write(self.path("export.ndjson"), lines).expect("an export");
    }

    /// A file that only its owner can read.
    pub fn secret(&self, name: &str, text: &str) {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path(name));
        file.as_mut().expect("a secret file").write_all(text.as_bytes()).expect("a secret");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A long queue, for many concurrent customers.
pub const LONG_QUEUE: &str = "lane: { queue: 4096 }\n";

/// Long timeouts, for many concurrent customers on a busy machine.
pub const PATIENT: &str = "\
login: { floor: 1ms, quantum: 1ms, deadline: 9s, lease: 9500ms, attempts: { customer: { limit: 1000, window: 15m }, network: { limit: 1000000, window: 15m } } }
";

/// Short timeouts, as in production.
#[allow(dead_code, reason = "not every test that starts a service is brisk")]
pub const BRISK: &str = "\
login: { floor: 1ms, quantum: 1ms, deadline: 1500ms, lease: 1600ms, attempts: { customer: { limit: 1000, window: 15m }, network: { limit: 1000000, window: 15m } } }
";

/// A client with the caller's token.
pub fn client() -> reqwest::Client {
    // The process-wide provider may have been set by another test.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {TOKEN}").parse().expect("a header"));
    reqwest::Client::builder().default_headers(headers).timeout(Duration::from_secs(60)).build().expect("a client")
}

/// Signs in and returns the status; `None` if there was no response.
pub async fn sign_in(client: &reqwest::Client, base: &str, identifier: &str, password: &str) -> Option<u16> {
    let body = json!({ "identifier": identifier, "password": password }).to_string();
    let request = client.post(format!("{base}/v1/login")).header("content-type", "application/json").body(body);
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    response.bytes().await.ok()?;
    Some(status)
}
