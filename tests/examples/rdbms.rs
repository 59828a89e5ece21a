//! `examples/rdbms-account-migration`: its page works as it is written, its customers have the documented outcomes, and the
//! records of its rule tests are what its database returns.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::reader::{Example, Reader, end, output};
use crate::running::{Running, client};
use serde_json::{Value, json};

const EXAMPLE: Example = Example("rdbms-account-migration");

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a command prints. The settings name the address of the shop, which commands that do not ask the shop need as well.
fn landfall(folder: &Path, url: &str, arguments: &[&str]) -> String {
    crate::reader::landfall(folder, &[("LANDFALL_SHOP_URL", url)], arguments)
}

/// The running shop. It is stopped, and its folder removed, when the value is dropped.
struct Shop {
    child: Child,
    url: String,
}

impl Shop {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(EXAMPLE.folder().join("start"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("LANDFALL_SHOP_URL=").unwrap_or_default().to_owned();
        let shop = Self { child, url };
        assert!(shop.url.starts_with("postgres://landfall_reader:"), "{line}");
        shop
    }

    fn psql(&self, arguments: &[&str]) -> Output {
        output(Command::new("psql").args(["-X", "-q", &self.url]).args(arguments))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The claims of the account that a sign-in returned.
async fn claims(base: &str, answer: &Value) -> Value {
    let id = answer["account_id"].as_str().expect("an account");
    let account = client(TIMEOUT).get(format!("{base}/v1/accounts/{id}")).send().await.expect("an answer");
    let account: Value = serde_json::from_str(&account.text().await.expect("a body")).expect("JSON");
    account["claims"].clone()
}

/// The accounts that the rules make of the export, by their external ids.
fn transformed(folder: &Path, shop: &Shop) -> HashMap<String, Value> {
    let export = shop.psql(&["-f", &EXAMPLE.folder().join("export.sql").display().to_string()]).stdout;
    fs::write(folder.join("shop.ndjson"), export).expect("an export");
    let accounts = landfall(folder, &shop.url, &["transform", "--rules", "rules.yaml", "--in", "shop.ndjson"]);
    let read = |line: &str| {
        let mut account: Value = serde_json::from_str(line).expect("an account");
        account.as_object_mut().expect("an object").remove("warnings");
        (account["external_id"].as_str().expect("an id").to_owned(), account)
    };
    accounts.lines().map(read).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn every_customer_has_the_documented_outcome() {
    let (folder, shop) = (EXAMPLE.copy_with_key(), Shop::start(&[]));
    let environment = [("PORT", "0"), ("LANDFALL_SHOP_URL", shop.url.as_str())];
    let service = Running::start(folder.path(), &environment);
    let expected = transformed(folder.path(), &shop);
    let customers = EXAMPLE.sign_in_all(&service.base, folder.path(), &environment).await;
    assert!(customers.len() >= 15, "{} customers", customers.len());
    let migrated = customers.iter().filter(|(customer, _)| customer.status == 200);
    for (customer, answer) in migrated.clone() {
        let (claims, place) = (claims(&service.base, answer).await, &customer.place);
        assert_eq!(expected.get(claims["external_id"].as_str().expect("an id")), Some(&claims), "{place}");
        let must_change = customer.outcome == "migrated_must_change_password";
        assert_eq!(answer["password_change_required"], json!(must_change), "{place}: {answer}");
    }
    let migrated = migrated.count();
    let status = landfall(folder.path(), &shop.url, &["status"]);
    let line = status.lines().find(|line| line.starts_with("migrated")).unwrap_or_default();
    assert!(line.ends_with(&format!(" {migrated}")), "{status}");
    assert_eq!(service.stop(), Some(0));
}

#[test]
#[ignore = "needs PostgreSQL; run tests/run"]
fn the_page_works_as_it_is_written() {
    Reader::new(&EXAMPLE).follow_page(&EXAMPLE.readme());
}

#[test]
#[ignore = "needs PostgreSQL; run tests/run"]
fn the_records_of_the_rule_tests_are_what_the_shop_returns() {
    let shop = Shop::start(&[]);
    let made = shop.psql(&["-f", &EXAMPLE.folder().join("export.sql").display().to_string()]);
    let lines = String::from_utf8(made.stdout).expect("text");
    let mut exported: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let files =
        fs::read_dir(EXAMPLE.folder().join("records")).expect("records").map(|entry| entry.expect("an entry").path());
    let read = |path: PathBuf| serde_json::from_str(&fs::read_to_string(path).expect("a record")).expect("JSON");
    let mut records: Vec<Value> = files.map(read).collect();
    for list in [&mut exported, &mut records] {
        list.sort_by_key(|record| record["account_id"].to_string());
    }
    assert!(exported.len() >= 15, "{lines}");
    assert_eq!(exported, records, "run `start` and export.sql, and replace the records");
}

#[test]
#[ignore = "needs PostgreSQL; run tests/run"]
fn the_reader_sees_the_views_and_writes_nothing() {
    let shop = Shop::start(&[]);
    assert!(shop.psql(&["-c", "SELECT FROM migration.customer, migration.role"]).status.success());
    for query in [
        "SELECT * FROM identity.accounts",
        "SELECT * FROM crm.customers",
        "SELECT * FROM pg_authid",
        "DELETE FROM migration.role",
        "UPDATE migration.preference SET value = ''",
        "CREATE TABLE migration.mine (i int)",
        "CREATE TEMP TABLE mine (i int)",
        "SET ROLE shop_owner",
    ] {
        let made = shop.psql(&["-c", query]);
        let err = String::from_utf8_lossy(&made.stderr);
        assert!(!made.status.success() && err.contains("permission denied"), "{query}: {err}");
    }
}

#[test]
#[ignore = "needs PostgreSQL; run tests/run"]
fn the_script_leaves_nothing_behind() {
    // the user who runs the server has to enter the folder, so it is not inside a private one
    let folder = std::env::temp_dir().join(format!("landfall-example-{}", std::process::id()));
    let arguments = ["--folder", folder.to_str().expect("a path")];
    let mut shop = Shop::start(&arguments);
    let port = shop.url.rsplit(['/', ':']).nth(1).expect("a port").to_owned();
    let server = fs::read_to_string(folder.join("data/postmaster.pid")).expect("its process");
    let server = Path::new("/proc").join(server.lines().next().expect("an id"));
    // neither the folder nor the port of a running shop is taken away
    for (arguments, message) in [(arguments, "is not an empty folder"), (["--port", &port], "is in use")] {
        let made = output(Command::new(EXAMPLE.folder().join("start")).args(arguments));
        let err = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.code() == Some(2) && err.contains(message), "{err}");
    }
    assert!(shop.psql(&["-c", "SELECT 1"]).status.success(), "the shop still runs");
    assert_eq!(end(&mut shop.child), Some(0));
    assert!(!folder.exists() && !server.join("exe").exists(), "the server or its folder is still there");
}

#[test]
fn the_script_explains_itself() {
    let script = EXAMPLE.folder().join("start");
    let help = output(Command::new(&script).arg("--help"));
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--folder DIR"));
    for arguments in [&["--port", "none"][..], &["--port", "65536"], &["--folder"], &["--ports"]] {
        let made = output(Command::new(&script).args(arguments));
        let err = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.code() == Some(2) && err.starts_with("start: "), "{arguments:?}: {err}");
    }
}

#[test]
fn the_rules_are_clean_and_tested() {
    let folder = EXAMPLE.copy();
    landfall(folder.path(), "", &["check", "rules.yaml"]);
    landfall(folder.path(), "", &["fmt", "--check", "."]);
    landfall(folder.path(), "", &["test", ".", "--coverage", "--threshold", "95"]);
}
