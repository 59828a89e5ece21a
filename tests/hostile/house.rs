//! A service in a folder, and who signs in to it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::running::{Running, client};

/// Stands for what a customer may be, whoever it is.
pub const RULES: &str = "\
landfall: 1
name: shop
schema: standard
verifiers: [ shop ]
identify: { id: $.id, logins: [ $.login ] }
account:
  external_id: $.id
  username: { from: $.login, on_error: reject }
credential: { source: shop }
";

/// A folder with rules and settings.
pub struct House {
    pub folder: tempfile::TempDir,
}

impl House {
    /// `systems` has the sources and verifiers. The rules are in `shop.yaml`.
    pub fn new(systems: &str) -> Self {
        let house = Self { folder: tempfile::tempdir().expect("a folder") };
        house.write("shop.yaml", RULES);
        house.write(
            "landfall.yaml",
            &format!(
                "listen: 127.0.0.1:0
target: {{ kind: sql, url: 'sqlite:accounts.db' }}
ledger: {{ url: 'sqlite:ledger.db', key: '{}' }}
password: {{ longest_check: 1ms, argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }} }}
login:
  floor: 1ms
  quantum: 1ms
  attempts: {{ customer: {{ limit: 1000000, window: 15m }}, network: {{ limit: 1000000, window: 15m }} }}
guard: {{ breaker: {{ window: 10000, minimum: 10000 }} }}
service: {{ callers: [ {{ name: tests, bearer: '{TOKEN}' }} ] }}
{systems}",
                "0123456789abcdef".repeat(4),
            ),
        );
        house
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }
}

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

const TOKEN: &str = "token-of-the-tests-0123456789abcdef";

/// Who signs in.
pub struct Caller {
    client: reqwest::Client,
    base: String,
}

impl Caller {
    pub fn new(running: &Running) -> Self {
        Self { client: client(TIMEOUT), base: running.base.clone() }
    }

    /// The status of a login.
    pub async fn login(&self, identifier: &str, password: &str) -> u16 {
        let body = serde_json::json!({ "identifier": identifier, "password": password }).to_string();
        let request = self.client.post(format!("{}/v1/login", self.base)).bearer_auth(TOKEN);
        let response = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
        response.status().as_u16()
    }
}
