//! A reader who follows the page of an example in a copy of its folder, and the customers in the page.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::pages::{self, Block, Page};
use crate::pattern::is_like;
use crate::running::client;

/// The columns of the customers in a page.
const COLUMNS: [&str; 5] = ["sign in as", "password", "answer", "outcome", "what is special"];

/// The address of the service in a page.
const DOCUMENTED: &str = "127.0.0.1:8080";

/// The extensions of files that the commands of pages create.
const LEFT: [&str; 3] = ["env", "secret", "ndjson"];

/// The longest wait for a server.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a shell does before and after a block, so that blocks share their variables as they do in one terminal.
const BEFORE: &str = "set -e\nif [ -f .exported ]; then . ./.exported; fi\n";
const AFTER: &str = "\nexport -p > .exported\n";

/// An example: its folder.
pub struct Example(pub &'static str);

/// A customer in a page, and how it says that they fare.
pub struct Customer {
    pub login: String,
    pub password: String,
    pub status: u16,
    pub outcome: String,
    pub place: String,
}

impl Example {
    /// The folder in the sources.
    pub fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(self.0)
    }

    /// Its page.
    pub fn readme(&self) -> Page {
        let text = fs::read_to_string(self.folder().join("README.md")).expect("the page");
        Page { name: format!("examples/{}/README.md", self.0), text }
    }

    /// A copy in a folder of its own, without what somebody left who followed the page in the folder itself:
    /// `examples/.gitignore` has the names.
    pub fn copy(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let status = Command::new("cp").arg("-R").arg(self.folder().join(".")).arg(folder.path()).status().expect("cp");
        assert!(status.success());
        let _ = fs::remove_dir_all(folder.path().join("data"));
        for entry in fs::read_dir(folder.path()).expect("the copy") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| LEFT.iter().any(|left| extension == *left)) {
                fs::remove_file(path).expect("a file");
            }
        }
        folder
    }

    /// A copy with the key of a ledger.
    #[allow(dead_code, reason = "not every test starts the service itself")]
    pub fn copy_with_key(&self) -> tempfile::TempDir {
        let folder = self.copy();
        fs::create_dir(folder.path().join("data")).expect("a folder");
        fs::write(folder.path().join("data/ledger.key"), "ab".repeat(32)).expect("a key");
        folder
    }

    /// Signs every customer in its page in, first with a wrong password, and fails unless the service answers as the page says.
    /// Returns the customers with the last answers.
    pub async fn sign_in_all(&self, base: &str, folder: &Path, environment: &[(&str, &str)]) -> Vec<(Customer, Value)> {
        let mut answered = Vec::new();
        for customer in self.customers() {
            let Customer { login, password, status, outcome, place } = &customer;
            let (wrong, body) = sign_in(base, login, &format!("not {password}")).await;
            assert_eq!(
                (wrong, &body["type"]),
                (401, &json!("urn:landfall:problem:refused")),
                "{place}: wrong password"
            );
            let (actual, body) = sign_in(base, login, password).await;
            assert_eq!(actual, *status, "{place}: {body}");
            assert_eq!(&decision(folder, environment), outcome, "{place}");
            answered.push((customer, body));
        }
        answered
    }

    /// The customers in its page.
    pub fn customers(&self) -> Vec<Customer> {
        let read = |row: pages::Row| {
            let cell = |at: usize| row.cells[at].trim_matches('`').to_owned();
            let status = cell(2).parse().expect("a status");
            Customer { login: cell(0), password: cell(1), status, outcome: cell(3), place: row.place.clone() }
        };
        self.readme().rows(&COLUMNS).into_iter().map(read).collect()
    }
}

/// The output of a command without a terminal.
pub fn output(command: &mut Command) -> Output {
    command.env("NO_COLOR", "1").stdin(Stdio::null()).output().expect("it runs")
}

/// What a command prints in a folder, with variables that the settings name.
pub fn landfall(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let made = output(program.args(arguments).envs(environment.iter().copied()).current_dir(folder));
    let [out, err] = [&made.stdout, &made.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(made.status.success(), "landfall {arguments:?}: {out}{err}");
    out
}

/// The outcome and the reason of the latest decision in the audit, as pages show them.
pub fn decision(folder: &Path, environment: &[(&str, &str)]) -> String {
    let line = landfall(folder, environment, &["audit", "list", "--limit", "1"]);
    let decision: Value = serde_json::from_str(line.trim()).expect("a decision");
    let [outcome, reason] = ["outcome", "reason"].map(|name| decision[name].as_str().unwrap_or_default());
    if reason.is_empty() { outcome.to_owned() } else { format!("{outcome}, {reason}") }
}

/// Signs in over HTTP, and returns the status and the body of the answer.
pub async fn sign_in(base: &str, identifier: &str, password: &str) -> (u16, Value) {
    let body = json!({ "identifier": identifier, "password": password }).to_string();
    let call = client(TIMEOUT).post(format!("{base}/v1/login")).header("content-type", "application/json").body(body);
    let answer = call.send().await.expect("an answer");
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
}

/// A reader who follows a page.
pub struct Reader {
    folder: tempfile::TempDir,
    /// Addresses in the page, with those that are used instead.
    addresses: Vec<(&'static str, String)>,
    /// The variables that set the ports of these addresses.
    ports: Vec<(&'static str, String)>,
    /// Folders of programs that are not installed.
    programs: Vec<PathBuf>,
    running: Vec<Started>,
    printed: String,
}

/// A command that goes on, and the file with what it says besides its output.
struct Started {
    child: Child,
    log: PathBuf,
}

impl Reader {
    /// A reader of an example.
    pub fn new(example: &Example) -> Self {
        let (addresses, ports, programs) = (Vec::new(), Vec::new(), Vec::new());
        let (running, printed) = (Vec::new(), String::new());
        let reader = Self { folder: example.copy(), addresses, ports, programs, running, printed };
        reader.with_port("PORT", DOCUMENTED)
    }

    /// Uses a free port for an address of the page; the variable tells it to the commands.
    pub fn with_port(mut self, variable: &'static str, documented: &'static str) -> Self {
        let address = free_address();
        self.ports.push((variable, address.rsplit(':').next().expect("a port").to_owned()));
        self.addresses.push((documented, address));
        self
    }

    fn with_addresses(&self, text: &str) -> String {
        self.addresses.iter().fold(text.to_owned(), |text, (documented, address)| text.replace(documented, address))
    }

    /// Finds programs in a folder before all others.
    #[allow(dead_code, reason = "not every page needs programs that are not installed")]
    pub fn with_programs(mut self, folder: PathBuf) -> Self {
        self.programs.push(folder);
        self
    }

    /// Follows a whole page, which starts a service, and cleans up at its end.
    #[allow(dead_code, reason = "not every page starts a service")]
    pub fn follow_page(self, page: &Page) {
        let starts = page.blocks().iter().any(|block| block.info == "sh serve");
        assert!(starts, "{}: the page starts no service", page.name);
        self.follow_commands(page);
    }

    /// Follows a whole page, which cleans up at its end.
    pub fn follow_commands(mut self, page: &Page) {
        page.blocks().iter().for_each(|block| self.follow(block));
        assert!(!self.folder.path().join("data").exists(), "{}: the page leaves data behind", page.name);
    }

    fn shell(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_landfall")).parent().expect("its folder");
        let mut path: Vec<PathBuf> = vec![program.to_owned()];
        path.extend(self.programs.iter().cloned());
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let path = std::env::join_paths(path).expect("a list of folders");
        let mut shell = Command::new("bash");
        shell.args(["-c", &self.with_addresses(script)]).current_dir(&self.folder);
        shell.env("PATH", path).envs(self.ports.iter().cloned()).env("NO_COLOR", "1").stdin(Stdio::null());
        shell
    }

    fn follow(&mut self, block: &Block) {
        match block.info.as_str() {
            "sh run" | "sh clean" => self.run(block),
            "sh start" | "sh serve" => self.leave_running(block),
            "text stop" => self.stop_the_first(block),
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

    /// Runs a command that goes on, and waits for its first lines. `| tee FILE` writes the file alone, because `tee` would
    /// outlive the command.
    fn leave_running(&mut self, block: &Block) {
        let (command, name) = match block.text.trim().split_once(" | tee ") {
            Some((command, name)) => (command, name.to_owned()),
            None => (block.text.trim(), format!("{}.out", self.running.len())),
        };
        let file = self.folder.path().join(name);
        let log = self.folder.path().join(format!("{}.log", self.running.len()));
        let mut shell = self.shell(&format!("{BEFORE}exec {command}"));
        shell.stdout(File::create(&file).expect("a file")).stderr(File::create(&log).expect("a log"));
        self.running.push(Started { child: shell.spawn().expect("a shell"), log: log.clone() });
        let began = Instant::now();
        self.printed = String::new();
        while !self.printed.ends_with('\n') {
            let ended = self.running.last_mut().and_then(|started| started.child.try_wait().expect("a status"));
            let log = || fs::read_to_string(&log).unwrap_or_default();
            let is_late = began.elapsed() > TIMEOUT;
            assert!(ended.is_none() && !is_late, "{}: it does not start: {ended:?}\n{}", block.place, log());
            std::thread::sleep(Duration::from_millis(20));
            self.printed = fs::read_to_string(&file).unwrap_or_default();
        }
    }

    /// Presses Ctrl-C in the first terminal; the block is the last line that is printed there.
    fn stop_the_first(&mut self, block: &Block) {
        let running = |started: &mut Started| started.child.try_wait().expect("a status").is_none();
        let first = self.running.iter_mut().find_map(|started| running(started).then_some(started));
        let first = first.expect("a running command");
        end(&mut first.child);
        let log = fs::read_to_string(&first.log).expect("a log");
        self.printed = log.lines().last().unwrap_or_default().to_owned();
        self.compare(block);
    }

    /// What the page shows behind a command is what the command printed.
    fn compare(&self, block: &Block) {
        let lines = |text: &str| text.trim().lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
        let (printed, shown) = (lines(&self.printed), lines(&self.with_addresses(&block.text)));
        assert!(is_like(&printed, &shown), "{}: the command prints\n{printed}", block.place);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for started in self.running.iter_mut().rev() {
            end(&mut started.child);
        }
    }
}

/// Asks a process to end, waits until it has, and returns its exit code.
pub fn end(child: &mut Child) -> Option<i32> {
    if child.try_wait().expect("a status").is_none() {
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    }
    child.wait().expect("a status").code()
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
