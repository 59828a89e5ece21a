//! `examples/wordpress-mariadb`: its page works as it is written, its users have the documented outcomes, and the records of
//! its rule tests are what its database returns.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::pages::Page;
use crate::running::{Running, client};
use crate::terminal::Terminal;

const NAME: &str = "examples/wordpress-mariadb";

/// The columns of the users in the page.
const COLUMNS: [&str; 6] = ["user", "sign in as", "password", "answer", "outcome", "what is special"];

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> Page {
    let path = root().join(NAME).join("README.md");
    Page { name: format!("{NAME}/README.md"), text: fs::read_to_string(path).expect("the page") }
}

/// A copy of the example and of the ready rules that it uses.
struct Copied {
    _root: tempfile::TempDir,
    folder: PathBuf,
}

impl Copied {
    fn new() -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path().join(NAME);
        fs::create_dir_all(&folder).expect("a folder");
        let copied = Self { _root: temporary, folder };
        // not what somebody left who followed the page in the folder itself
        for name in ["start", "users.php", "landfall.yaml", "wordpress.test.yaml", "export.sql", "records"] {
            copied.copy(&root().join(NAME).join(name), &copied.folder);
        }
        copied.copy(&root().join("rules"), &copied.folder.join("../.."));
        copied
    }

    fn copy(&self, from: &Path, to: &Path) {
        let output = output(Command::new("cp").arg("-R").args([from, to]));
        assert!(output.status.success(), "{}: {}", from.display(), text(&output.stderr));
    }
}

fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// WordPress' database. It is stopped, and its folder removed, when the value is dropped.
struct WordPress {
    child: Child,
    /// What `start` printed: two variables.
    printed: String,
    url: String,
    client: PathBuf,
}

impl WordPress {
    fn start() -> Self {
        let mut start = Command::new(root().join(NAME).join("start"));
        let mut child = start.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the script");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines().take(2);
        let lines: Vec<String> = lines.map(|line| line.expect("a line")).collect();
        let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        let (url, client) = (value("LANDFALL_WORDPRESS_URL="), value("LANDFALL_WORDPRESS_CLIENT=").into());
        let wordpress = Self { child, printed: format!("{}\n", lines.join("\n")), url, client };
        assert!(wordpress.url.starts_with("mysql://reader:"), "{}", wordpress.printed);
        wordpress
    }

    /// What `mariadb` prints for the statements in a file.
    fn query(&self, file: &Path) -> String {
        let mut client = Command::new("mariadb");
        client.arg(format!("--defaults-file={}", self.client.display()));
        client.args(["--batch", "--raw", "--skip-column-names", "wordpress"]);
        let statements = fs::File::open(file).expect("statements");
        let output = client.stdin(statements).output().expect("the client");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Asks `start` to end, waits for it, and returns its exit code.
    fn stop(&mut self) -> Option<i32> {
        // once it has ended, its process id may belong to another process
        if let Some(status) = self.child.try_wait().expect("a status") {
            return status.code();
        }
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        self.child.wait().expect("a status").code()
    }
}

impl Drop for WordPress {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A user in the page, and how the page says that they fare.
struct User {
    id: String,
    login: String,
    password: String,
    status: u16,
    outcome: String,
    place: String,
}

fn users() -> Vec<User> {
    let read = |row: crate::pages::Row| {
        let [id, login, password, status, outcome] =
            [0, 1, 2, 3, 4].map(|at: usize| row.cells[at].trim_matches('`').to_owned());
        User { id, login, password, status: status.parse().expect("a status"), outcome, place: row.place }
    };
    let found: Vec<User> = readme().rows(&COLUMNS).into_iter().map(read).collect();
    assert!(found.len() >= 15, "{} users", found.len());
    found
}

/// The service with the settings of the example, and a client.
struct Service {
    copied: Copied,
    running: Running,
    client: reqwest::Client,
    url: String,
}

impl Service {
    fn start(wordpress: &WordPress) -> Self {
        let copied = Copied::new();
        fs::create_dir(copied.folder.join("data")).expect("a folder");
        fs::write(copied.folder.join("data/ledger.key"), "ab".repeat(32)).expect("a key");
        let environment = [("PORT", "0"), ("LANDFALL_WORDPRESS_URL", wordpress.url.as_str())];
        let running = Running::start(&copied.folder, &environment);
        Self { copied, running, client: client(TIMEOUT), url: wordpress.url.clone() }
    }

    /// The status and the body of the answer to a sign-in.
    async fn sign_in(&self, identifier: &str, password: &str) -> (u16, Value) {
        let body = json!({ "identifier": identifier, "password": password }).to_string();
        let call = self.client.post(format!("{}/v1/login", self.running.base)).body(body);
        let answer = call.header("content-type", "application/json").send().await.expect("an answer");
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
    }

    /// The JSON that a command prints.
    fn landfall(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(arguments).current_dir(&self.copied.folder).env("LANDFALL_WORDPRESS_URL", &self.url);
        let output = output(&mut command);
        assert!(output.status.success(), "landfall {arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The outcome and the reason of the latest decision, as the page shows them.
    fn decision(&self) -> String {
        let decision = self.landfall(&["audit", "list", "--limit", "1"]);
        let parts = ["outcome", "reason"].map(|name| decision[name].as_str().unwrap_or_default());
        parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs MariaDB and WordPress; run tests/run"]
async fn every_user_has_the_documented_outcome() {
    let wordpress = WordPress::start();
    let service = Service::start(&wordpress);
    let users = users();
    // at the same time, because every refusal waits until all refusals are released
    let wrong = users.iter().map(async |user| {
        let (status, body) = service.sign_in(&user.login, &format!("not {}", user.password)).await;
        assert_eq!(status, 401, "{}: wrong password: {body}", user.place);
    });
    futures_util::future::join_all(wrong).await;
    let mut accounts: BTreeMap<&str, Value> = BTreeMap::new();
    for User { id, login, password, status, outcome, place } in &users {
        let (answered, body) = service.sign_in(login, password).await;
        assert_eq!((answered, &service.decision()), (*status, outcome), "{place}: {body}");
        if answered == 200 {
            // each user has one account, which no other user gets
            let account = service.landfall(&["account", "show", "--format", "json", login]);
            assert_eq!((&account["legacy_id"], &account["id"]), (&json!(id), &body["account_id"]), "{place}");
            assert_eq!(accounts.entry(id).or_insert(account["id"].clone()), &account["id"], "{place}");
        }
    }
    assert_eq!(accounts.len(), 14);
    assert_eq!(service.running.stop(), Some(0));
}

#[test]
#[ignore = "needs MariaDB and WordPress; run tests/run"]
fn the_page_works_as_it_is_written() {
    let (mut wordpress, copied) = (WordPress::start(), Copied::new());
    let mut terminal = Terminal::new(&copied.folder);
    let mut service = None;
    for block in readme().blocks() {
        match block.info.as_str() {
            "sh start" => {
                // the script runs already; this is what `tee` would write
                assert_eq!(block.text, "./start | tee wordpress.env\n");
                fs::write(copied.folder.join("wordpress.env"), &wordpress.printed).expect("the variables");
                terminal.prints(&wordpress.printed);
            }
            "sh serve" => {
                let environment = [("PORT", "0"), ("LANDFALL_WORDPRESS_URL", wordpress.url.as_str())];
                let running = Running::start(&copied.folder, &environment);
                terminal.address = running.base.trim_start_matches("http://").to_owned();
                terminal.prints(&format!("listening on {}", running.base));
                service = Some(running);
            }
            _ => terminal.follow(&block),
        }
    }
    assert_eq!(service.expect("the page starts the service").stop(), Some(0));
    assert!(!copied.folder.join("data").exists(), "the page cleans up");
    assert_eq!(wordpress.stop(), Some(0));
    assert!(!wordpress.client.parent().expect("its folder").exists(), "`start` removes its folder");
}

#[test]
#[ignore = "needs MariaDB and WordPress; run tests/run"]
fn the_records_are_those_of_the_database() {
    let folder = root().join(NAME);
    let exported = WordPress::start().query(&folder.join("export.sql"));
    let exported: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let files = fs::read_dir(folder.join("records")).expect("the records").map(|entry| entry.expect("an entry").path());
    let mut records: Vec<Value> =
        files.map(|path| serde_json::from_slice(&fs::read(path).expect("a record")).expect("JSON")).collect();
    records.sort_by_key(|record| record["ID"].as_u64());
    // a password has another hash each time, of the same scheme: $P$…, $wp$…
    let without_hash = |mut record: Value| {
        let hash = record["user_pass"].take();
        let scheme = hash.as_str().and_then(|hash| hash.split('$').nth(1)).map(str::to_owned);
        (scheme, record)
    };
    let [exported, records] = [exported, records].map(|all| all.into_iter().map(without_hash).collect::<Vec<_>>());
    assert_eq!(exported, records, "write the files anew with export.sql");
}

#[test]
fn the_rule_tests_pass() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let output = output(command.args(["test", "."]).current_dir(root().join(NAME)));
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}
