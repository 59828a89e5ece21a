//! Many customers with cheap hashes, and a service with one bridge that can be killed while it is asked.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clients::{Client, NoAnswer, Seen};
use crate::running::{Running, client, md5};

const RULES: &str = "\
landfall: 1
name: crowd
target: standard
identify: { id: $.id, logins: [ $.login, $.mail ] }
admit:
  - { deny: blocked, when: { $.state: blocked } }
account:
  external_id: $.id
  username: { from: $.login, do: [ trim, lowercase ] }
  email.value: { from: $.mail, do: [ email ], on_error: reject }
  email.verified: true
  name.given: { value: Maud }
  name.family: { value: Okonjo }
  status: { from: $.state, default: active }
credential: { scheme: md5, hash_hex: $.password }
";

/// A customer in good standing.
pub fn customer(name: &str) -> Value {
    json!({
        "id": format!("id-{name}"), "login": name, "mail": format!("{name}@example.org"),
        "password": md5(&password(name)),
    })
}

/// The same with another member.
pub fn customer_with(name: &str, member: &str, value: &str) -> Value {
    let mut customer = customer(name);
    customer[member] = value.into();
    customer
}

/// The password of a customer.
pub fn password(name: &str) -> String {
    format!("secret-pass-of-{name}-9")
}

/// A service with one bridge.
pub struct Crowd {
    pub folder: tempfile::TempDir,
    client: Arc<dyn Client>,
    http: reqwest::Client,
    running: Mutex<Option<Running>>,
    base: Mutex<String>,
}

impl Crowd {
    /// Starts it. `bridge` are further members of the bridge, such as `, repeat: 0s`, and `more` further lines of the
    /// settings.
    pub fn start(client_of: Arc<dyn Client>, customers: &[Value], bridge: &str, more: &str) -> Self {
        let crowd = Self {
            folder: tempfile::tempdir().expect("a folder"),
            client: client_of,
            http: client(Duration::from_secs(30)),
            running: Mutex::new(None),
            base: Mutex::default(),
        };
        let export: String = customers.iter().map(|customer| format!("{customer}\n")).collect();
        crowd.write("export.ndjson", &export);
        crowd.write("rules.yaml", RULES);
        crowd.settings(bridge, more);
        crowd.client.prepare(crowd.folder.path());
        crowd.resume();
        crowd
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("a file");
    }

    /// Writes the settings; they count from the next start on.
    pub fn settings(&self, bridge: &str, more: &str) {
        let (kind, members, target) = (self.client.kind(), self.client.settings(), self.client.target());
        let (listen, service) = (self.client.listen(), self.client.service());
        self.write(
            "landfall.yaml",
            &format!(
                "listen: {listen}
rules: rules.yaml
source: {{ name: crowd, kind: file, path: export.ndjson, logins: [ $.login, $.mail ] }}
target: {target}
ledger: {{ url: 'sqlite:ledger.db', key: {key} }}
password:
  argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }}
  decoy: {{ scheme: md5, value: 900150983cd24fb0d6963f7d28e17f72 }}
service: {{ {service}, request_timeout: 30s }}
bridges: [ {{ kind: {kind}, {members}{bridge} }} ]
{more}",
                key = "0123456789abcdef".repeat(4),
            ),
        );
    }

    /// Ends it as a power cut does.
    pub fn kill(&self) {
        drop(self.running.lock().expect("no panic").take());
    }

    /// Starts it again, at another address.
    pub fn resume(&self) {
        let running = Running::start(self.folder.path(), &[]);
        *self.base.lock().expect("no panic") = running.base.clone();
        *self.running.lock().expect("no panic") = Some(running);
    }

    /// The address of the service.
    pub fn base(&self) -> String {
        self.base.lock().expect("no panic").clone()
    }

    /// The dialect.
    pub fn kind(&self) -> &'static str {
        self.client.kind()
    }

    /// Whether the answers that decide are of two kinds.
    pub fn asks_twice(&self) -> bool {
        self.client.asks_twice()
    }

    /// Whether the product stores who is handed over, so that nobody verifies passwords for it afterwards.
    pub fn hands_over(&self) -> bool {
        self.client.target().contains("handover")
    }

    /// A login as the product asks it. `None` if the service did not answer.
    pub async fn sign_in(self: &Arc<Self>, login: &str, password: &str) -> Option<Seen> {
        let (crowd, login, password) = (Arc::clone(self), login.to_owned(), password.to_owned());
        // a task of its own, because a client whose request is not answered ends with a panic
        let asked = tokio::spawn(async move {
            let bridge = format!("{}/bridge/{}", crowd.base(), crowd.kind());
            let began = Instant::now();
            let seen = crowd.client.sign_in(&crowd.http, &bridge, &login, &password).await;
            Seen { took: began.elapsed(), ..seen }
        });
        match asked.await {
            Ok(seen) => Some(seen),
            Err(error) => match error.into_panic().downcast::<NoAnswer>() {
                Ok(_) => None,
                Err(other) => std::panic::resume_unwind(other),
            },
        }
    }

    /// Runs a command of the program; returns what it prints.
    pub fn landfall(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        let output = command.args(arguments).current_dir(self.folder.path()).output().expect("the program");
        let [out, error] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        assert!(output.status.success(), "{arguments:?}: {out}{error}");
        out
    }
}

/// Shows the end of the log of the program if a test fails.
impl Drop for Crowd {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            println!("{}", lines[lines.len().saturating_sub(20)..].join("\n"));
        }
    }
}
