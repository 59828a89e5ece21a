//! `landfall serve` between a legacy shop and a product.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::{Running, client, md5, until};

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The rules of the shop.
const RULES: &str = "\
landfall: 1
name: shop
target: standard
identify:
  id: $.id
  logins: [ $.login, $.mail ]
account:
  external_id: $.id
  username: { from: $.login, do: [ trim, lowercase ] }
  email.value: { from: $.mail, do: [ email ], on_error: reject }
  email.verified: true
  name.given: $.given
  name.family: $.family
  name.full: '{$.given} {$.family}'
  status: active
credential:
  scheme: md5
  hash_hex: $.password
";

/// A customer of the shop, who signs in by the name `given.family`.
#[derive(Clone, Copy)]
pub struct Customer {
    pub given: &'static str,
    pub family: &'static str,
    pub password: &'static str,
}

impl Customer {
    /// The name with which the customer signs in.
    pub fn login(&self) -> String {
        format!("{}.{}", self.given, self.family).to_lowercase()
    }

    /// The mail address.
    pub fn mail(&self) -> String {
        format!("{}@example.com", self.login())
    }

    fn record(&self) -> Value {
        json!({
            "id": format!("c-{}", self.login()), "login": self.login(), "mail": self.mail(), "given": self.given,
            "family": self.family, "password": md5(self.password),
        })
    }
}

/// Migrated by the tests.
pub const IDA: Customer = Customer { given: "Ida", family: "Brandt", password: "Harbour-lamp-42" };
/// Signs in at several devices at once.
pub const MIA: Customer = Customer { given: "Mia", family: "Falk", password: "Copper-kettle-5" };
/// Comes while the product is down.
pub const HANNA: Customer = Customer { given: "Hanna", family: "Vogt", password: "North-pier-77" };
/// Has a password that policies of products refuse.
pub const OTTO: Customer = Customer { given: "Otto", family: "Lind", password: "anchor" };
/// Has an account at the product that Landfall did not create.
pub const ROLF: Customer = Customer { given: "Rolf", family: "Weber", password: "Old-anchor-60" };
/// The password of this account.
pub const PASSWORD_OF_ROLF_THERE: &str = "New-sails-2025";
/// Comes when Landfall is killed.
pub const LINA: Customer = Customer { given: "Lina", family: "Berg", password: "Winter-coat-88" };

/// The program with its settings and files.
pub struct Service {
    folder: tempfile::TempDir,
    running: Option<Running>,
    client: reqwest::Client,
}

impl Service {
    /// Starts it with the settings of a target, which may name files in a folder of the tests.
    pub fn start(target: &str, files: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(files) = files {
            let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets").join(files);
            for file in fs::read_dir(files).expect("files").map(|file| file.expect("a file").path()) {
                fs::copy(&file, folder.path().join(file.file_name().expect("a name"))).expect("a copy");
            }
        }
        fs::write(folder.path().join("rules.yaml"), RULES).expect("rules");
        let lines: String =
            [IDA, MIA, HANNA, OTTO, ROLF, LINA].iter().map(|customer| format!("{}\n", customer.record())).collect();
        fs::write(folder.path().join("export.ndjson"), lines).expect("an export");
        let settings = format!(
            "listen: 127.0.0.1:0\nrules: rules.yaml\n\
             source: {{ name: shop, kind: file, path: export.ndjson, logins: [ $.login, $.mail ] }}\n\
             target:\n{target}\
             ledger: {{ url: 'sqlite:ledger.db', key: '{}' }}\n\
             login: {{ floor: 1ms, deadline: 6s, lease: 7s, attempts: {{ customer: {{ limit: 100, window: 15m }} }} }}\n\
             password: {{ longest_check: 1ms, argon2: {{ memory: 8KiB, passes: 1, lanes: 1 }} }}\nguard: {{ call: 4s }}\n",
            "0123456789abcdef".repeat(4),
        );
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
        self.running = Some(Running::start(self.folder.path(), &[]));
    }

    /// What it answers to a login: the status and the body.
    pub async fn answer(&self, identifier: &str, password: &str) -> (u16, Value) {
        let answer = self.send(identifier, password).await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
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

    /// The status of a login, and how it ended: `migrated`, or `refused, wrong_password`.
    pub async fn sign_in(&self, identifier: &str, password: &str) -> (u16, String) {
        let (status, answer) = self.answer(identifier, password).await;
        // an outage decides nothing
        (status, if status == 503 { answer["type"].as_str().unwrap_or_default().to_owned() } else { self.decision() })
    }

    /// Signs in until it is no outage any more.
    pub async fn sign_in_at_last(&self, identifier: &str, password: &str) -> (u16, String) {
        let attempt = async || {
            let (status, how) = self.sign_in(identifier, password).await;
            (status != 503).then_some((status, how))
        };
        until("an answer that decides", attempt).await
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
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        let output = command.output().expect("it runs");
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "landfall {arguments:?}: {stdout}{stderr}");
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

/// How a login succeeded.
pub fn signed_in(outcome: &str) -> (u16, String) {
    (200, outcome.to_owned())
}
