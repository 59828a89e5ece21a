//! Customers whose accounts `landfall bulk` creates at a product, and a service whose bridge the product asks at their first login.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::running::{Running, md5};
use crate::shop::TOKEN;

/// The login names of the customers. The one with `locked` in it is locked in the legacy system.
pub const CUSTOMERS: [&str; 4] = ["ada.bright", "bo.lund", "cy.ferro", "dee.locked"];

/// The password of a customer.
pub fn password(login: &str) -> String {
    format!("seven quiet lamps of {login}")
}

/// The mail address of a customer.
pub fn mail(login: &str) -> String {
    format!("{login}@example.com")
}

const RULES: &str = "\
landfall: 1
name: shop
target: standard
identify:
  id: $.id
  logins: [ $.login, $.mail ]
account:
  external_id: $.id
  username: $.login
  email.value: { from: $.mail, do: [ email ], on_error: reject }
  email.verified: true
  name.given: $.given
  name.family: $.family
  status: $.status
credential:
  scheme: md5
  hash_hex: $.password
";

/// The service, its files and its legacy system.
pub struct Imported {
    folder: tempfile::TempDir,
    running: Option<Running>,
}

impl Imported {
    /// Writes the files. `listen`, `target` and `bridge` are values of the settings, `bridge` without braces.
    pub fn new(listen: &str, target: &str, bridge: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = "0123456789abcdef".repeat(4);
        let settings = format!(
            "listen: {listen}
rules: rules.yaml
source: {{ kind: file, name: shop, path: customers.ndjson, logins: [ $.login, $.mail ] }}
target: {target}
ledger: {{ url: 'sqlite:ledger.db', key: {key} }}
service: {{ request_timeout: 30s, drain: 40s, callers: [ {{ name: idp, bearer: {TOKEN} }} ] }}
bridges: [ {{ {bridge} }} ]
"
        );
        let records: String = CUSTOMERS.iter().map(|login| format!("{}\n", record(login))).collect();
        for (name, text) in [("landfall.yaml", &*settings), ("rules.yaml", RULES), ("customers.ndjson", &records)] {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        Self { folder, running: None }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces a part of the settings, for the next start.
    pub fn change(&self, from: &str, to: &str) {
        let path = self.path().join("landfall.yaml");
        let settings = fs::read_to_string(&path).expect("the settings");
        assert!(settings.contains(from), "{settings}");
        fs::write(path, settings.replace(from, to)).expect("a file");
    }

    /// Starts the service.
    pub fn start(&mut self) -> &str {
        &self.running.insert(Running::start(self.folder.path(), &[])).base
    }

    /// Kills the service.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Creates the accounts of those who have none, and returns the results by login.
    pub fn bulk(&self) -> Vec<Value> {
        let output = self.landfall(&["bulk", "--results", "results.ndjson"]);
        let results = fs::read_to_string(self.path().join("results.ndjson"));
        let results = lines(&results.unwrap_or_else(|_| panic!("no results: {output}")));
        assert_eq!(results.len(), CUSTOMERS.len(), "{output}");
        results
    }

    /// The accounts that became active by logins with an identifier, as the audit has them.
    pub fn migrated(&self, identifier: &str) -> Vec<String> {
        let rows = self.landfall(&["audit", "list", "--identifier", identifier, "--outcome", "migrated"]);
        lines(&rows).iter().map(|row| row["account"].as_str().expect("an id").to_owned()).collect()
    }

    /// What the program prints.
    fn landfall(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        let output = command.args(arguments).current_dir(self.path()).output().expect("the program");
        let [out, errors] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        format!("{out}{errors}")
    }
}

/// The lines of JSON; warnings about the cheap hashes of the tests stand beside them.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{text}")))
        .collect()
}

/// The outcome of a customer in the results, and the id of the account that was created.
pub fn outcome<'r>(results: &'r [Value], login: &str) -> (&'r str, Option<&'r str>) {
    let id = format!("c-{login}");
    let result = results.iter().find(|result| result["id"] == id).expect("a result");
    (result["outcome"].as_str().expect("an outcome"), result["account_id"].as_str())
}

/// Shows the log of the service if a test fails.
impl Drop for Imported {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(self.path().join("log")).unwrap_or_default());
        }
    }
}

fn record(login: &str) -> Value {
    let (given, family) = login.split_once('.').expect("two names");
    let status = if family == "locked" { "locked" } else { "active" };
    json!({
        "id": format!("c-{login}"), "login": login, "mail": mail(login), "given": given, "family": family,
        "status": status, "password": md5(&password(login)),
    })
}
