//! A service with a legacy database, and customers to sign in.

use std::path::PathBuf;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};

use super::running::{Running, md5, until};
use super::shop::{CHEAP, RULES, TOKEN};

/// All settings except hashes and `login`: a breaker that opens after a few calls and closes soon.
const SETTINGS: &str = "\
listen: 127.0.0.1:0
rules: rules.yaml
source:
  name: shop
  kind: sql
  url: sqlite:legacy.db
  record: >-
    SELECT id, login, mail, state, password, about FROM people
    WHERE lower(login) = :identifier OR lower(mail) = :identifier
  record_limit: 4KiB
target: { name: accounts, kind: sql, url: 'sqlite:accounts.db' }
ledger: { url: 'sqlite:ledger.db', key: 'file:ledger.key' }
guard: { breaker: { window: 4, minimum: 4, failures: 50, open: 150ms } }
service: { callers: [ { name: tests, bearer: 'file:caller.token' } ] }
";

/// A customer's password.
pub fn password(name: &str) -> String {
    format!("pass word of {name}")
}

/// A running service and its folder.
pub struct Fixture {
    pub server: Running,
    pub folder: tempfile::TempDir,
    client: reqwest::Client,
}

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Fixture {
    /// A fixture whose customers may fail this often before they are locked out.
    pub async fn new(names: &[&str], failures: u32) -> Self {
        Self::with(names, failures, "").await
    }

    /// The same with more settings.
    pub async fn with(names: &[&str], failures: u32, more: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        write("rules.yaml", RULES);
        write("ledger.key", &"ab".repeat(32));
        write("caller.token", TOKEN);
        let login = format!(
            "login: {{ floor: 1ms, quantum: 1ms, deadline: 3s, lease: 3500ms, attempts: {{ customer: {{ limit: {failures}, \
             window: 15m }}, network: {{ limit: 1000000, window: 15m }} }} }}\n"
        );
        // events are kept for a receiver that never answers
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let hooks = format!(
            "hooks: {{ before_fetch: 'if identifier == \"hank\" {{ #{{ deny: \"not_today\" }} }}', \
             webhooks: [ {{ name: crm, url: 'http://{nobody}/', secret: '{TOKEN}' }} ] }}\n"
        );
        write("landfall.yaml", &format!("{SETTINGS}{CHEAP}{login}{hooks}{more}"));
        let mut legacy = open(folder.path().join("legacy.db")).await;
        let schema = "CREATE TABLE customers (id, login, mail, state, password, about); \
                      CREATE VIEW people AS SELECT * FROM customers";
        execute(&mut legacy, schema).await;
        for name in names {
            add(&mut legacy, name).await;
        }
        drop(legacy);
        let server = Running::start(folder.path(), &[]);
        Self { server, folder, client: reqwest::Client::new() }
    }

    /// Opens a database of the service.
    pub async fn database(&self, name: &str) -> SqliteConnection {
        open(self.folder.path().join(name)).await
    }

    /// Calls an operation.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let call = self.client.post(format!("{}{path}", self.server.base)).bearer_auth(TOKEN);
        let response = call.header(CONTENT_TYPE, "application/json").body(body.to_string()).send().await;
        let response = response.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        Answer { status, headers, body: serde_json::from_str(&text).expect("JSON") }
    }

    pub async fn login(&self, identifier: &str, password: &str) -> Answer {
        self.post("/v1/login", &json!({ "identifier": identifier, "password": password })).await
    }

    /// Signs in with the correct password and returns the status.
    pub async fn sign_in_status(&self, name: &str) -> u16 {
        self.login(name, &password(name)).await.status
    }

    /// Signs in with a wrong password and returns the status.
    pub async fn wrong_password_status(&self, name: &str) -> u16 {
        self.login(name, "wrong").await.status
    }

    /// Checks that sign-ins with either password get 503.
    pub async fn assert_unavailable_to(&self, name: &str) {
        for password in [password(name), "wrong".to_owned()] {
            let answer = self.login(name, &password).await;
            assert_unavailable(&answer, name);
        }
    }

    /// The status of the readiness check.
    pub async fn ready(&self) -> u16 {
        let call = self.client.get(format!("{}/health/ready", self.server.base));
        call.send().await.expect("an answer").status().as_u16()
    }

    pub async fn metrics(&self) -> String {
        let call = self.client.get(format!("{}/metrics", self.server.base)).bearer_auth(TOKEN);
        call.send().await.expect("an answer").text().await.expect("metrics")
    }

    /// Waits until the metrics contain a line.
    pub async fn wait_for_metric(&self, line: &str) {
        until(line, async || self.metrics().await.lines().any(|found| found == line).then_some(())).await;
    }

    /// The accounts of a customer.
    pub async fn accounts(&self, name: &str) -> i64 {
        let mut accounts = self.database("accounts.db").await;
        let query = sqlx::query("SELECT COUNT(*) FROM accounts WHERE username = ?").bind(name);
        query.fetch_one(&mut accounts).await.expect("a number").get(0)
    }

    /// Waits until a customer can sign in.
    pub async fn wait_for_sign_in(&self, name: &str) {
        until(name, async || (self.sign_in_status(name).await == 200).then_some(())).await;
        assert_eq!(self.accounts(name).await, 1, "{name}");
    }
}

/// Checks for 503 with a `Retry-After` header.
pub fn assert_unavailable(answer: &Answer, who: &str) {
    assert_eq!(answer.status, 503, "{who}: {answer:?}");
    let after = answer.headers[RETRY_AFTER].to_str().expect("text").parse::<u64>();
    assert!(after.is_ok_and(|after| after > 0), "{who}: {answer:?}");
    assert_eq!(answer.headers[CONTENT_TYPE], "application/problem+json");
    assert_eq!(answer.body["type"], "urn:landfall:problem:unavailable");
}

async fn open(path: PathBuf) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.busy_timeout(std::time::Duration::from_secs(20)).connect().await.expect("a database")
}

/// Runs statements without parameters.
pub async fn execute(database: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(database).await.expect(sql);
}

/// Adds a customer to the legacy system.
pub async fn add(legacy: &mut SqliteConnection, name: &str) {
    let add = sqlx::query("INSERT INTO customers VALUES (?, ?, ?, NULL, ?, NULL)");
    let add = add.bind(format!("id-{name}")).bind(name).bind(format!("{name}@example.org")).bind(md5(&password(name)));
    add.execute(legacy).await.expect("a customer");
}
