//! `landfall serve` with settings and files of its own, and the logins that it answers.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::{Running, client};

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The program with its settings and files.
pub struct Service {
    folder: tempfile::TempDir,
    running: Option<Running>,
    client: reqwest::Client,
}

impl Service {
    /// Starts it in a folder that has everything but the settings.
    pub fn start_in(folder: tempfile::TempDir, settings: &str) -> Self {
        fs::write(folder.path().join("landfall.yaml"), settings).expect("the settings");
        let mut service = Self { folder, running: None, client: client(TIMEOUT) };
        service.resume();
        service
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) {
        drop(self.running.take());
    }

    /// Starts it again after [`kill`](Self::kill).
    pub fn resume(&mut self) {
        self.running = Some(Running::start(self.path(), &[]));
    }

    /// Ends it in good order.
    pub fn stop(mut self) {
        assert_eq!(self.running.take().expect("it runs").stop(), Some(0));
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Sends a login. The service may be killed meanwhile.
    pub fn send(
        &self,
        identifier: &str,
        password: &str,
    ) -> impl Future<Output = reqwest::Result<reqwest::Response>> + use<> {
        let body = json!({ "identifier": identifier, "password": password }).to_string();
        let base = &self.running.as_ref().expect("it runs").base;
        self.client.post(format!("{base}/v1/login")).header("content-type", "application/json").body(body).send()
    }

    /// What it answers to a login: the status and the body.
    pub async fn answer(&self, identifier: &str, password: &str) -> (u16, Value) {
        let answer = self.send(identifier, password).await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
    }

    /// The status of a login, and how it ended: `migrated`, or `refused, wrong_password`.
    pub async fn sign_in(&self, identifier: &str, password: &str) -> (u16, String) {
        let (status, answer) = self.answer(identifier, password).await;
        // an outage decides nothing
        (status, if status == 503 { answer["type"].as_str().unwrap_or_default().to_owned() } else { self.decision() })
    }

    /// How the latest login ended.
    fn decision(&self) -> String {
        let latest: Value = serde_json::from_str(&self.landfall(&["audit", "list", "--limit", "1"])).expect("JSON");
        let parts = ["outcome", "reason"].map(|name| latest[name].as_str().unwrap_or_default());
        parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
    }

    /// What the program prints.
    pub fn landfall(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        let output = command.output().expect("it runs");
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "landfall {arguments:?}: {stdout}{stderr}");
        stdout
    }
}

/// Shows the log of the program if a test fails.
impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(self.path().join("log")).unwrap_or_default());
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

/// How a login succeeded.
pub fn signed_in(outcome: &str) -> (u16, String) {
    (200, outcome.to_owned())
}
