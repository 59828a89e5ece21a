//! A service with the settings that the documentation shows for Active Directory.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::reader;
use crate::running::Running;
use crate::servers::samba::Samba;

/// The documentation of the adapter.
const DOCS: &str = include_str!("../../../src/adapters/ldap/docs.md");

/// A running service.
pub struct Service {
    folder: tempfile::TempDir,
    running: Running,
    client: reqwest::Client,
}

impl Service {
    /// A service as the documentation has it, on these domain controllers.
    pub fn start(controllers: &[&Samba]) -> Self {
        Self::with(controllers, |_| ())
    }

    /// The same with other settings. Paths in the settings are relative to a folder with the certificate `ad-ca.pem`.
    pub fn with(controllers: &[&Samba], change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = documented();
        for side in ["source", "verifier"] {
            let servers: Vec<String> = controllers.iter().map(|samba| samba.secure()).collect();
            directory(&mut settings, side)["servers"] = json!(servers);
        }
        let [first, ..] = controllers else { panic!("no domain controller") };
        fs::copy(first.ca(), folder.path().join("ad-ca.pem")).unwrap();
        change(&mut settings);
        fs::write(folder.path().join("landfall.yaml"), settings.to_string()).unwrap();
        // a rule file does not read through a link
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        assert!(Command::new("cp").arg("-R").args([&rules, folder.path()]).status().unwrap().success());
        secret(folder.path(), "ad.password", reader().1);
        secret(folder.path(), "ledger.key", &"0123456789abcdef".repeat(4));
        let running = Running::start(folder.path(), &[]);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Self { folder, running, client }
    }

    /// Signs in, and returns the answer's status, and the outcome and reason of the decision in the audit.
    pub async fn sign_in(&self, identifier: &str, password: &str) -> (u16, String) {
        let (status, _) = self.answer(identifier, password).await;
        let line = self.landfall(&["audit", "list", "--limit", "1"]);
        let decision: Value = serde_json::from_str(line.trim()).unwrap();
        let [outcome, reason] = ["outcome", "reason"].map(|name| decision[name].as_str().unwrap_or_default());
        let separator = if reason.is_empty() { "" } else { ", " };
        (status, format!("{outcome}{separator}{reason}"))
    }

    /// Signs in, and returns status and body of the answer.
    pub async fn answer(&self, identifier: &str, password: &str) -> (u16, Value) {
        let body = json!({ "identifier": identifier, "password": password }).to_string();
        let call = self.client.post(format!("{}/v1/login", self.running.base));
        let answer = call.header("content-type", "application/json").body(body).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// The accounts in the store, one a line.
    pub fn accounts(&self) -> String {
        self.landfall(&["account", "list"])
    }

    /// The account of a customer.
    pub fn account(&self, identifier: &str) -> Value {
        serde_json::from_str(&self.landfall(&["account", "show", "--format", "json", identifier])).unwrap()
    }

    /// What a command prints in the folder of the service.
    pub fn landfall(&self, arguments: &[&str]) -> String {
        let program = env!("CARGO_BIN_EXE_landfall");
        let made = Command::new(program).args(arguments).current_dir(self.folder.path()).output().unwrap();
        let [out, err] = [&made.stdout, &made.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert!(made.status.success(), "landfall {arguments:?}: {out}{err}");
        out
    }
}

/// The example in the documentation, with a target and a ledger, with time for a busy machine, and without the waits that
/// make refusals alike.
fn documented() -> Value {
    let (_, section) = DOCS.split_once("#### Active Directory\n").unwrap();
    let (_, block) = section.split_once("```yaml settings\n").unwrap();
    let mut settings: Value = serde_yaml::from_str(block.split_once("```").unwrap().0).unwrap();
    settings["listen"] = json!("127.0.0.1:0");
    settings["target"] = json!({ "kind": "sql", "url": "sqlite:accounts.db" });
    settings["ledger"] = json!({ "url": "sqlite:ledger.db", "key": "file:ledger.key" });
    settings["login"]["floor"] = json!("1ms");
    settings["login"]["deadline"] = json!("9s");
    settings["login"]["lease"] = json!("10s");
    settings["guard"] = json!({ "call": "5s", "queue": "5s" });
    settings["login"]["attempts"]["customer"]["limit"] = json!(100);
    settings["password"] = json!({ "longest_check": "1ms", "argon2": { "memory": "8KiB", "passes": 1, "lanes": 1 } });
    settings
}

/// How the settings reach the directory that is the `source`, or the `verifier`.
pub fn directory<'s>(settings: &'s mut Value, side: &str) -> &'s mut Value {
    match side {
        "source" => &mut settings["source"]["directory"],
        _ => &mut settings["verifiers"]["legacy-ldap-bind"]["directory"],
    }
}

fn secret(folder: &Path, name: &str, text: &str) {
    use std::io::Write as _;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name));
    file.unwrap().write_all(text.as_bytes()).unwrap();
}
