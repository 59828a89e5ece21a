//! `examples/rdbms-account-migration`: its page works as it is written, its customers have the documented outcomes, and the
//! records of its rule tests are what its database returns.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]
#![cfg(all(feature = "cli", unix))]

#[path = "support/pattern.rs"]
mod pattern;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

#[allow(dead_code, reason = "the page is not one of `docs`")]
#[path = "support/pages.rs"]
mod pages;
#[allow(dead_code, reason = "the shop brings its own hashes")]
#[path = "support/running.rs"]
mod running;

use pages::{Block, Page};
use pattern::is_like;
use running::Running;

/// The columns of the customers in the page.
const COLUMNS: [&str; 5] = ["sign in as", "password", "answer", "outcome", "what is special"];

/// The address of the service in the page.
const DOCUMENTED: &str = "127.0.0.1:8080";

/// The longest wait for a server.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a shell does before and after a block, so that blocks share their variables as they do in one terminal.
const BEFORE: &str = "set -e\nif [ -f .exported ]; then . ./.exported; fi\n";
const AFTER: &str = "\nexport -p > .exported\n";

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/rdbms-account-migration")
}

fn readme() -> Page {
    Page { name: "README.md".to_owned(), text: fs::read_to_string(example().join("README.md")).expect("the page") }
}

/// A copy of the example in a folder of its own.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let status = Command::new("cp").arg("-R").arg(example().join(".")).arg(folder.path()).status().expect("cp");
    assert!(status.success());
    // what somebody left who followed the page in the folder itself
    for name in ["data", "shop.env", "shop.ndjson", "accounts.ndjson"] {
        let path = folder.path().join(name);
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
    folder
}

fn output(command: &mut Command) -> Output {
    command.env("NO_COLOR", "1").stdin(Stdio::null()).output().expect("it runs")
}

/// What a command prints. The settings name the address of the shop, which commands that do not ask the shop need as well.
fn landfall(folder: &Path, url: &str, arguments: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let made = output(program.args(arguments).current_dir(folder).env("LANDFALL_SHOP_URL", url));
    let [out, err] = [&made.stdout, &made.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(made.status.success(), "landfall {arguments:?}: {out}{err}");
    out
}

/// Asks a process to end, and waits until it has.
fn end(child: &mut Child) -> Option<i32> {
    if child.try_wait().expect("a status").is_none() {
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    }
    child.wait().expect("a status").code()
}

/// The running shop. It is stopped, and its folder removed, when the value is dropped.
struct Shop {
    child: Child,
    url: String,
}

impl Shop {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(example().join("start"))
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

/// A customer in the page, and how it says that they fare.
struct Customer {
    login: String,
    password: String,
    status: u16,
    outcome: String,
    place: String,
}

fn customers() -> Vec<Customer> {
    let read = |row: pages::Row| {
        let [login, password, status, outcome] =
            [0, 1, 2, 3].map(|at: usize| row.cells[at].trim_matches('`').to_owned());
        Customer { login, password, status: status.parse().expect("a status"), outcome, place: row.place }
    };
    let found: Vec<Customer> = readme().rows(&COLUMNS).into_iter().map(read).collect();
    assert!(found.len() >= 15, "{} customers", found.len());
    found
}

/// Signs in over HTTP, and returns the status and the body of the answer.
async fn sign_in(client: &reqwest::Client, base: &str, identifier: &str, password: &str) -> (u16, Value) {
    let body = json!({ "identifier": identifier, "password": password }).to_string();
    let call = client.post(format!("{base}/v1/login")).header("content-type", "application/json").body(body);
    let answer = call.send().await.expect("an answer");
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
}

/// The claims of the account that a sign-in returned.
async fn claims(client: &reqwest::Client, base: &str, answer: &Value) -> Value {
    let id = answer["account_id"].as_str().expect("an account");
    let account = client.get(format!("{base}/v1/accounts/{id}")).send().await.expect("an answer");
    let account: Value = serde_json::from_str(&account.text().await.expect("a body")).expect("JSON");
    account["claims"].clone()
}

/// The accounts that the rules make of the export, by their external ids.
fn transformed(folder: &Path, shop: &Shop) -> HashMap<String, Value> {
    let export = shop.psql(&["-f", &example().join("export.sql").display().to_string()]).stdout;
    fs::write(folder.join("shop.ndjson"), export).expect("an export");
    let accounts = landfall(folder, &shop.url, &["transform", "--rules", "rules.yaml", "--in", "shop.ndjson"]);
    let read = |line: &str| {
        let mut account: Value = serde_json::from_str(line).expect("an account");
        account.as_object_mut().expect("an object").remove("warnings");
        (account["external_id"].as_str().expect("an id").to_owned(), account)
    };
    accounts.lines().map(read).collect()
}

/// The outcome and the reason of the latest decision in the audit, as the page shows them.
fn decision(folder: &Path, url: &str) -> String {
    let line = landfall(folder, url, &["audit", "list", "--limit", "1"]);
    let decision: Value = serde_json::from_str(line.trim()).expect("a decision");
    let [outcome, reason] = ["outcome", "reason"].map(|name| decision[name].as_str().unwrap_or_default());
    if reason.is_empty() { outcome.to_owned() } else { format!("{outcome}, {reason}") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn every_customer_has_the_documented_outcome() {
    let (folder, shop) = (copy(), Shop::start(&[]));
    fs::create_dir(folder.path().join("data")).expect("a folder");
    fs::write(folder.path().join("data/ledger.key"), "ab".repeat(32)).expect("a key");
    let environment = [("PORT", "0"), ("LANDFALL_SHOP_URL", shop.url.as_str())];
    let service = Running::start(folder.path(), &environment);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(TIMEOUT).build().expect("a client");
    let expected = transformed(folder.path(), &shop);
    for customer in customers() {
        let Customer { login, password, status, outcome, place } = &customer;
        let (wrong, body) = sign_in(&client, &service.base, login, &format!("not {password}")).await;
        assert_eq!((wrong, &body["type"]), (401, &json!("urn:landfall:problem:refused")), "{place}: wrong password");
        let (actual, body) = sign_in(&client, &service.base, login, password).await;
        assert_eq!(actual, *status, "{place}: {body}");
        assert_eq!(&decision(folder.path(), &shop.url), outcome, "{place}");
        if actual == 200 {
            let claims = claims(&client, &service.base, &body).await;
            assert_eq!(expected.get(claims["external_id"].as_str().expect("an id")), Some(&claims), "{place}");
        }
        let must_change = outcome == "migrated_must_change_password";
        assert!(actual != 200 || body["password_change_required"] == json!(must_change), "{place}: {body}");
    }
    let migrated = customers().iter().filter(|customer| customer.status == 200).count();
    let status = landfall(folder.path(), &shop.url, &["status"]);
    let line = status.lines().find(|line| line.starts_with("migrated")).unwrap_or_default();
    assert!(line.ends_with(&format!(" {migrated}")), "{status}");
    assert_eq!(service.stop(), Some(0));
}

/// A reader who follows the page.
struct Reader {
    folder: tempfile::TempDir,
    address: String,
    running: Vec<Child>,
    printed: String,
}

impl Reader {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        Self { folder: copy(), address, running: Vec::new(), printed: String::new() }
    }

    fn shell(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_landfall")).parent().expect("its folder").display();
        let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
        let port = self.address.rsplit(':').next().expect("a port");
        let mut shell = Command::new("bash");
        shell.args(["-c", &script.replace(DOCUMENTED, &self.address)]).current_dir(&self.folder);
        shell.env("PATH", path).env("PORT", port).env("NO_COLOR", "1").stdin(Stdio::null());
        shell
    }

    fn follow(&mut self, block: &Block) {
        match block.info.as_str() {
            "sh run" | "sh clean" => self.run(block),
            // `tee` would outlive the script; the file is what the page needs
            "sh start" => self.leave_running(&block.text.replace("| tee", ">"), "shop.env", block),
            "sh serve" => self.leave_running(&format!("{} > served", block.text.trim()), "served", block),
            "text" | "json" => self.compare(block),
            _ => {}
        }
    }

    fn run(&mut self, block: &Block) {
        let made = output(&mut self.shell(&format!("{BEFORE}{}{AFTER}", block.text)));
        let [out, err] = [made.stdout, made.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
        assert!(made.status.success(), "{}: {out}{err}", block.place);
        self.printed = out;
    }

    /// Runs a command that goes on, and waits for the line that it writes to a file when it is ready.
    fn leave_running(&mut self, command: &str, file: &str, block: &Block) {
        let [file, log] = [file, "log"].map(|name| self.folder.path().join(name));
        let mut shell = self.shell(&format!("{BEFORE}exec {command}"));
        self.running.push(shell.stderr(File::create(&log).expect("a log")).spawn().expect("a shell"));
        let began = Instant::now();
        self.printed = String::new();
        while !self.printed.ends_with('\n') {
            let ended = self.running.last_mut().and_then(|child| child.try_wait().expect("a status"));
            let log = || fs::read_to_string(&log).unwrap_or_default();
            let is_late = began.elapsed() > TIMEOUT;
            assert!(ended.is_none() && !is_late, "{}: it does not start: {ended:?}\n{}", block.place, log());
            std::thread::sleep(Duration::from_millis(20));
            self.printed = fs::read_to_string(&file).unwrap_or_default();
        }
    }

    /// What the page shows behind a command is what the command printed.
    fn compare(&mut self, block: &Block) {
        let lines = |text: &str| text.trim().lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
        let (printed, shown) = (lines(&self.printed), lines(&block.text.replace(DOCUMENTED, &self.address)));
        assert!(is_like(&printed, &shown), "{}: the command prints\n{printed}", block.place);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for child in self.running.iter_mut().rev() {
            end(child);
        }
    }
}

#[test]
#[ignore = "needs PostgreSQL; run tests/run"]
fn the_page_works_as_it_is_written() {
    let (page, mut reader) = (readme(), Reader::new());
    let blocks = page.blocks();
    assert!(blocks.iter().any(|block| block.info == "sh serve"), "the page starts no service");
    blocks.iter().for_each(|block| reader.follow(block));
    assert!(!reader.folder.path().join("data").exists(), "the page leaves data behind");
}

#[test]
#[ignore = "needs PostgreSQL; run tests/run"]
fn the_records_of_the_rule_tests_are_what_the_shop_returns() {
    let shop = Shop::start(&[]);
    let made = shop.psql(&["-f", &example().join("export.sql").display().to_string()]);
    let lines = String::from_utf8(made.stdout).expect("text");
    let mut exported: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let files = fs::read_dir(example().join("records")).expect("records").map(|entry| entry.expect("an entry").path());
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
        let made = output(Command::new(example().join("start")).args(arguments));
        let err = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.code() == Some(2) && err.contains(message), "{err}");
    }
    assert!(shop.psql(&["-c", "SELECT 1"]).status.success(), "the shop still runs");
    assert_eq!(end(&mut shop.child), Some(0));
    assert!(!folder.exists() && !server.join("exe").exists(), "the server or its folder is still there");
}

#[test]
fn the_script_explains_itself() {
    let script = example().join("start");
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
    let folder = copy();
    landfall(folder.path(), "", &["check", "rules.yaml"]);
    landfall(folder.path(), "", &["fmt", "--check", "."]);
    landfall(folder.path(), "", &["test", ".", "--coverage", "--threshold", "95"]);
}
