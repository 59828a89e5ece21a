//! A running service, and what it says of a login.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::running::{Running, client, md5};
use crate::shop::{CHEAP, TOKEN};

/// How long a login may take.
pub const DEADLINE: Duration = Duration::from_millis(1000);

/// What a login may take beyond that: writing the answer, and this client.
pub const ALLOWANCE: Duration = Duration::from_millis(100);

/// Settings of every service: a breaker that opens after a few calls and closes soon.
const COMMON: &str = "\
listen: 127.0.0.1:0
target: { name: accounts, kind: sql, url: 'sqlite:accounts.db' }
ledger: { url: 'sqlite:ledger.db', key: 'file:ledger.key' }
guard: { call: 800ms, breaker: { window: 4, minimum: 4, failures: 50, open: 200ms } }
service: { callers: [ { name: tests, bearer: 'file:caller.token' } ] }
login: { floor: 1ms, quantum: 1ms, deadline: 1s, lease: 1100ms, attempts: { customer: { limit: 1000, window: 15m }, network: { limit: 1000000, window: 15m } } }
";

/// The login name of a customer.
pub fn name(number: usize) -> String {
    format!("customer{number}")
}

/// The password of a customer.
pub fn password(name: &str) -> String {
    format!("pass word of {name}")
}

/// The record of a customer in the shop.
pub fn record(name: &str) -> Value {
    json!({
        "id": format!("id-{name}"), "login": name, "mail": format!("{name}@example.org"), "password": md5(&password(name)),
    })
}

/// A running service.
pub struct Service {
    server: Running,
    folder: tempfile::TempDir,
    client: reqwest::Client,
}

/// What a login was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    /// The time that this client measured, or what the service says if that is less: this machine may be busy.
    pub took: Duration,
    /// What failed, as the log says.
    pub failures: Vec<Failed>,
    /// The outcome of a login and its reason, if the log has them: it does at the level `debug`.
    pub outcome: String,
    pub reason: String,
}

/// A line of the log about something that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub kind: String,
    pub detail: String,
}

impl Service {
    /// Starts a service with these files and lines of settings.
    pub fn start(files: &[(&str, &str)], settings: &str) -> Self {
        Self::start_whole(files, &format!("{COMMON}{settings}"))
    }

    /// The same with all settings.
    pub fn start_whole(files: &[(&str, &str)], settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
        write("ledger.key", &"ab".repeat(32));
        write("caller.token", TOKEN);
        files.iter().for_each(|(name, text)| write(name, text));
        write("landfall.yaml", &format!("{CHEAP}{settings}"));
        let server = Running::start(folder.path(), &[]);
        let client = client(Duration::from_secs(60));
        Self { server, folder, client }
    }

    /// A login.
    pub async fn login(&self, name: &str, password: &str) -> Answered {
        self.post("/v1/login", &json!({ "identifier": name, "password": password })).await
    }

    /// Sets the password of an account.
    pub async fn set_password(&self, id: &str, password: &str) -> Answered {
        self.post(&format!("/v1/accounts/{id}/password"), &json!({ "password": password })).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answered {
        let call = self.client.post(format!("{}{path}", self.server.base)).bearer_auth(TOKEN);
        let call = call.header("content-type", "application/json").body(body.to_string());
        let began = Instant::now();
        let answer = call.send().await.expect("an answer");
        let (status, id) =
            (answer.status().as_u16(), answer.headers()["x-request-id"].to_str().expect("text").to_owned());
        answer.bytes().await.expect("a body");
        let measured = began.elapsed();
        let lines = self.lines(&id).await;
        let answered = lines.iter().find(|line| line["message"] == "answered").expect("a line about the answer");
        let reported = Duration::from_micros(answered["micros"].as_u64().expect("a time"));
        let ended = lines.iter().find(|line| line["message"] == "login ended");
        let text = |key: &str| ended.and_then(|line| line[key].as_str()).unwrap_or_default().to_owned();
        Answered {
            status,
            took: measured.min(reported),
            failures: lines.iter().filter_map(failed).collect(),
            outcome: text("outcome"),
            reason: text("reason"),
        }
    }

    /// Signs in with the right password.
    pub async fn sign_in(&self, name: &str) -> Answered {
        self.login(name, &password(name)).await
    }

    /// The lines of the log about a request, once the one about its answer is there.
    async fn lines(&self, id: &str) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let log = fs::read_to_string(self.folder.path().join("log")).expect("a log");
            let about = log.lines().filter(|line| line.contains(id)).filter_map(|line| serde_json::from_str(line).ok());
            let lines: Vec<Value> = about.collect();
            if lines.iter().any(|line| line["message"] == "answered") {
                return lines;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "no line about an answer\n{log}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The most memory that the process has had, in bytes.
    pub fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.pid())).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// Whether a text is in its log.
    pub fn has_logged(&self, text: &str) -> bool {
        fs::read_to_string(self.folder.path().join("log")).expect("a log").contains(text)
    }
}

/// A failure that ended the login, or a part of a record that was left out.
fn failed(line: &Value) -> Option<Failed> {
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    match line["message"].as_str()? {
        "a port failed" => Some(Failed { kind: text("kind"), detail: text("detail") }),
        message if message.starts_with("a part of a record is left out") => {
            Some(Failed { kind: String::new(), detail: text("error") })
        }
        _ => None,
    }
}
