//! The invented shop of the demo with a service in front of it that has one bridge.

use std::fs;
use std::process::Command;
use std::time::Duration;

use landfall::demo::shop;
use serde_json::Value;

use crate::clients::{Client, Decision, Seen};
use crate::running::{Running, client};

/// The token of the callers.
pub const TOKEN: &str = "a-token-of-the-bridge-tests-0123456789";

/// A service with one bridge.
pub struct Shop {
    folder: tempfile::TempDir,
    running: Option<Running>,
    pub http: reqwest::Client,
}

/// A customer of the shop.
pub struct Customer {
    pub login: String,
    pub password: String,
}

/// All customers of the shop, in the order of their ids.
pub fn customers() -> Vec<Customer> {
    shop::passwords().into_iter().map(|(login, password)| Customer { login, password }).collect()
}

impl Shop {
    /// Starts it with a bridge for a client. `more` are further lines of the settings.
    pub async fn start(client_of: &dyn Client, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        shop::make(&folder.path().join("shop.db")).await.expect("the shop");
        fs::write(folder.path().join("landfall.yaml"), settings(client_of, more)).expect("the settings");
        client_of.prepare(folder.path());
        let mut shop = Self { folder, running: None, http: client(Duration::from_secs(30)) };
        shop.resume();
        shop
    }

    /// Ends it as a power cut does.
    #[allow(dead_code, reason = "not every test kills it")]
    pub fn kill(&mut self) {
        drop(self.running.take());
    }

    /// Starts it again after [`kill`](Self::kill).
    pub fn resume(&mut self) {
        self.running = Some(Running::start(self.folder.path(), &[]));
    }

    /// The address of the service.
    pub fn base(&self) -> &str {
        &self.running.as_ref().expect("it runs").base
    }

    /// A login as the product of a client asks it.
    pub async fn sign_in(&self, client: &dyn Client, login: &str, password: &str) -> Seen {
        let bridge = format!("{}/bridge/{}", self.base(), client.kind());
        let began = std::time::Instant::now();
        let mut seen = client.sign_in(&self.http, &bridge, login, password).await;
        seen.took = began.elapsed();
        if std::env::var_os("LANDFALL_SHOW").is_some() {
            println!("{} {login}: {:?} {}", client.kind(), seen.decision, seen.raw);
        }
        seen
    }

    /// How the latest decisions ended, last first.
    pub fn decisions(&self, limit: usize) -> Vec<String> {
        let limit = limit.to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(["audit", "list", "--limit", &limit]).current_dir(self.path());
        let output = command.output().expect("it runs");
        let lines = String::from_utf8(output.stdout).expect("text");
        let decisions = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        decisions.map(|decision| decision["outcome"].as_str().expect("an outcome").to_owned()).collect()
    }

    /// The folder of its files.
    pub fn path(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// Shows the log of the program if a test fails.
impl Drop for Shop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(self.path().join("log")).unwrap_or_default());
        }
    }
}

impl Decision {
    /// Whether the customer is signed in.
    pub fn is_signed_in(self) -> bool {
        matches!(self, Self::SignedIn { .. })
    }

    /// Whether it requires a new password of a customer who could keep it by the other.
    pub fn is_stricter(self, other: Self) -> bool {
        (self, other) == (Self::SignedIn { must_change: true }, Self::SignedIn { must_change: false })
    }
}

fn settings(client: &dyn Client, more: &str) -> String {
    let (kind, bridge, target) = (client.kind(), client.settings(), client.target());
    let (listen, service) = (client.listen(), client.service());
    format!(
        "listen: {listen}
rules: '{rules}'
source:
  kind: sql
  name: shop
  url: 'sqlite:shop.db'
  record: '{query}'
  lists:
    meta: {{ query: 'SELECT meta_key, meta_value FROM wp_usermeta WHERE user_id = :ID ORDER BY umeta_id' }}
target: {target}
ledger: {{ url: 'sqlite:ledger.db', key: {key} }}
password: {{ argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }} }}
service: {{ request_timeout: 30s, drain: 40s, {service} }}
bridges: [ {{ kind: {kind}, {bridge} }} ]
{more}",
        rules = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/demo.yaml"),
        query = QUERY,
        key = "0123456789abcdef".repeat(4),
    )
}

const QUERY: &str = "SELECT * FROM wp_users WHERE user_login = :identifier COLLATE landfall OR user_email = :identifier COLLATE landfall";
