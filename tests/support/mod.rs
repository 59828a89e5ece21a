//! What the tests of the whole service share: a legacy export, settings, running processes, and a client.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The rules of the tests: small, so that what is measured is the login.
pub const RULES: &str = "\
landfall: 1
name: shop
target: standard
identify:
  id: $.id
  logins: [ $.login, $.mail ]
admit:
  - { refuse: blocked, when: { $.blocked: true } }
account:
  external_id: $.id
  username: { from: $.login, do: [ trim, lowercase ] }
  email.value: { from: $.mail, do: [ email ], on_error: reject }
  email.verified: true
  status: { from: $.state, default: active }
credential:
  scheme: md5
  hash_hex: $.password
";

/// A customer of the export.
pub fn customer(number: usize) -> Value {
    json!({
        "id": number.to_string(), "login": format!("customer{number}"), "mail": format!("customer{number}@example.org"),
        "password": md5(&password(number)),
    })
}

/// The password of a customer.
pub fn password(number: usize) -> String {
    format!("pass word {number}")
}

/// A plain MD5 digest in hex: the cheapest legacy hash there is.
pub fn md5(text: &str) -> String {
    use md5::{Digest as _, Md5};
    hex::encode(Md5::digest(text.as_bytes()))
}

/// A folder with rules, export, keys and settings.
pub struct Shop {
    pub folder: tempfile::TempDir,
}

impl Shop {
    /// A shop of these customers; `settings` are further lines of `landfall.yaml`.
    pub fn new(customers: impl Iterator<Item = Value>, settings: &str) -> Self {
        let shop = Self { folder: tempfile::tempdir().expect("a folder") };
        let mut export = fs::File::create(shop.path("export.ndjson")).expect("an export");
        for customer in customers {
            writeln!(export, "{customer}").expect("a line");
        }
        fs::write(shop.path("rules.yaml"), RULES).expect("rules");
        shop.secret("ledger.key", &"ab".repeat(32));
        shop.secret("caller.token", TOKEN);
        let text = format!(
            "listen: 127.0.0.1:0\n\
             rules: rules.yaml\n\
             source: {{ name: shop, kind: file, path: export.ndjson, logins: [ $.login, $.mail ] }}\n\
             target: {{ name: accounts, kind: sql, url: 'sqlite:accounts.db' }}\n\
             ledger: {{ url: 'sqlite:ledger.db', key: 'file:ledger.key' }}\n\
             service: {{ callers: [ {{ name: tests, bearer: 'file:caller.token' }} ] }}\n\
             {settings}"
        );
        fs::write(shop.path("landfall.yaml"), text).expect("settings");
        shop
    }

    /// A file that only we may read.
    pub fn secret(&self, name: &str, text: &str) {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path(name));
        file.as_mut().expect("a secret file").write_all(text.as_bytes()).expect("a secret");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What the tests show as callers.
pub const TOKEN: &str = "a-token-of-the-tests-0123456789-0123456789";

/// The cheapest Argon2 that is one, so that tests measure everything else; refusals hardly wait, and a crowd is no attack.
pub const CHEAP: &str = "\
password: { argon2: { memory: 8KiB, passes: 1, lanes: 1 }, decoy: { scheme: md5, value: 900150983cd24fb0d6963f7d28e17f72 } }
lane: { queue: 4096 }
";

/// Time enough for a crowd on a busy machine.
pub const PATIENT: &str = "\
login: { floor: 1ms, quantum: 1ms, deadline: 9s, lease: 9500ms, attempts: { customer: { limit: 1000, window: 15m }, network: { limit: 1000000, window: 15m } } }
";

/// As short as a customer may notice.
pub const BRISK: &str = "\
login: { floor: 1ms, quantum: 1ms, deadline: 1500ms, lease: 1600ms, attempts: { customer: { limit: 1000, window: 15m }, network: { limit: 1000000, window: 15m } } }
";

/// A running service. It is killed when it is dropped.
pub struct Server {
    child: Child,
    pub base: String,
}

/// The program under test; `LANDFALL_PROGRAM` names another build of it, for long storms.
fn program() -> PathBuf {
    std::env::var_os("LANDFALL_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_landfall").into(), PathBuf::from)
}

impl Server {
    /// Starts a process and waits until it listens.
    pub fn start(folder: &Path) -> Self {
        let mut child = Command::new(program())
            .args(["serve", "--config", "landfall.yaml"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).expect("a log"))
            .spawn()
            .expect("the program");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let base =
            lines.find_map(|line| Some(line.ok()?.split_once("listening on ")?.1.trim().to_owned())).unwrap_or_else(
                || panic!("no address; its log:\n{}", fs::read_to_string(folder.join("log")).unwrap_or_default()),
            );
        Self { child, base }
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, and waits for its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A client with the callers' token.
pub fn client() -> reqwest::Client {
    // The process-wide provider may have been set by another test.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {TOKEN}").parse().expect("a header"));
    reqwest::Client::builder().default_headers(headers).timeout(Duration::from_secs(60)).build().expect("a client")
}

/// One sign-in: the status, or none when there was no answer.
pub async fn sign_in(client: &reqwest::Client, base: &str, identifier: &str, password: &str) -> Option<u16> {
    let body = json!({ "identifier": identifier, "password": password }).to_string();
    let request = client.post(format!("{base}/v1/login")).header("content-type", "application/json").body(body);
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    response.bytes().await.ok()?;
    Some(status)
}
