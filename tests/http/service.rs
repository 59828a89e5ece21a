//! `landfall serve` in front of a legacy system, with the ready rules.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::{Running, client, until};

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The program with its settings and files.
pub struct Service {
    folder: tempfile::TempDir,
    running: Option<Running>,
    client: reqwest::Client,
}

impl Service {
    /// Starts it with ready rules, and with the settings of sources and verifiers.
    pub fn start(rules: &str, legacy: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(rules);
        let settings = format!(
            "listen: 127.0.0.1:0\nrules: '{}'\n{legacy}\
             target: {{ kind: sql, url: 'sqlite:accounts.db' }}\nledger: {{ url: 'sqlite:ledger.db', key: '{}' }}\n\
             login: {{ floor: 1ms, deadline: 8s, lease: 10s, attempts: {{ customer: {{ limit: 100, window: 15m }} }} }}\n\
             password: {{ longest_check: 1ms, argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }} }}\nlane: {{ threads: 1 }}\nguard: {{ call: 4s }}\n",
            rules.display(),
            "0123456789abcdef".repeat(4),
        );
        fs::write(folder.path().join("landfall.yaml"), settings).expect("the settings");
        let running = Some(Running::start(folder.path(), &[]));
        let client = client(TIMEOUT);
        Self { folder, running, client }
    }

    /// The status of a sign-in, and how it ended: `migrated`, `refused, wrong_password`.
    pub async fn sign_in(&self, identifier: &str, password: &str) -> (u16, String) {
        let body = json!({ "identifier": identifier, "password": password }).to_string();
        let base = &self.running.as_ref().expect("it runs").base;
        let call = self.client.post(format!("{base}/v1/login")).body(body);
        let answer = call.header("content-type", "application/json").send().await.expect("an answer");
        let status = answer.status().as_u16();
        let answer: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        // an outage decides nothing
        (status, if status == 503 { answer["type"].as_str().unwrap_or_default().to_owned() } else { self.decision() })
    }

    /// Signs in until it succeeds.
    pub async fn sign_in_at_last(&self, identifier: &str, password: &str) -> (u16, String) {
        let attempt = async || {
            let (status, how) = self.sign_in(identifier, password).await;
            assert!(matches!(status, 200 | 503), "{identifier}: {status} {how}");
            (status == 200).then_some((status, how))
        };
        until("a sign-in", attempt).await
    }

    /// How the latest login ended.
    fn decision(&self) -> String {
        let latest: Value = serde_json::from_str(&self.landfall(&["audit", "list", "--limit", "1"])).expect("JSON");
        let parts = ["outcome", "reason"].map(|name| latest[name].as_str().unwrap_or_default());
        parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
    }

    /// The account of a customer.
    pub fn account(&self, login: &str) -> Value {
        serde_json::from_str(&self.landfall(&["account", "show", "--format", "json", login])).expect("JSON")
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> usize {
        self.landfall(&["account", "list"]).lines().filter(|line| !line.trim().is_empty()).count()
    }

    /// What `landfall check` says of the systems.
    pub fn check(&self) -> String {
        self.landfall(&["check", "--config", "landfall.yaml", "--connect"])
    }

    fn landfall(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        let output = command.output().expect("it runs");
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "landfall {arguments:?}: {stderr}");
        stdout
    }

    /// Ends it in good order.
    pub fn stop(mut self) {
        assert_eq!(self.running.take().expect("it runs").stop(), Some(0));
    }
}

/// Shows the log of the program if a test fails.
impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
        }
    }
}

/// How a login was answered in an outage.
pub fn outage() -> (u16, String) {
    (503, "urn:landfall:problem:unavailable".to_owned())
}

/// How a login was refused.
pub fn refused(reason: &str) -> (u16, String) {
    (401, format!("refused, {reason}"))
}

/// How a login ends whose password the legacy system verified for somebody else.
pub fn about_somebody_else() -> (u16, String) {
    (401, "invalid_record, unreadable".to_owned())
}

/// How a login succeeded.
pub fn signed_in(outcome: &str) -> (u16, String) {
    (200, outcome.to_owned())
}
