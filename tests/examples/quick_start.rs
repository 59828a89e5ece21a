//! The commands of README.md and docs/quick-start.md are run as a new user runs them, in a folder of their own, and print what
//! the pages show. Blocks marked `sh run` are run in order, `sh serve` is left running; what follows either is its output,
//! where `…` stands for any text.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::pages::{Block, pages};
use crate::pattern::is_like;

/// The address in the pages.
const DOCUMENTED: &str = "127.0.0.1:8080";

/// How long the service may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a shell does before and after a block, so that blocks share their variables as they do in one terminal.
const BEFORE: &str = "set -e\nif [ -f .exported ]; then . ./.exported; fi\n";
const AFTER: &str = "\nexport -p > .exported\n";

/// A user who follows a page.
struct User {
    folder: tempfile::TempDir,
    address: String,
    service: Option<Child>,
    /// What the last command printed.
    printed: Option<String>,
}

impl User {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        Self { folder: tempfile::tempdir().expect("a folder"), address, service: None, printed: None }
    }

    fn shell(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_landfall")).parent().expect("its folder").display();
        let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-c", &script.replace(DOCUMENTED, &self.address)]).current_dir(&self.folder).env("PATH", path);
        shell.env("NO_COLOR", "1").stdin(Stdio::null());
        shell
    }

    fn follow(&mut self, block: &Block) {
        match block.info.as_str() {
            "sh run" => self.run(block),
            "sh serve" => self.serve(block),
            "text" | "json" => self.compare(block),
            "yaml" if self.printed.is_some() => self.find(block),
            _ => self.printed = None,
        }
    }

    fn run(&mut self, block: &Block) {
        let output = self.shell(&format!("{BEFORE}{}{AFTER}", block.text)).output().expect("a shell");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {}\n{errors}", block.place, String::from_utf8_lossy(&output.stdout));
        self.printed = Some(String::from_utf8(output.stdout).expect("text"));
        let settings = self.folder.path().join("landfall.yaml");
        if let Ok(text) = fs::read_to_string(&settings) {
            fs::write(settings, text.replace(DOCUMENTED, &self.address)).expect("settings");
        }
    }

    fn serve(&mut self, block: &Block) {
        let [out, log] = ["out", "log"].map(|name| self.folder.path().join(name));
        let mut shell = self.shell(&format!("{BEFORE}exec {}", block.text));
        shell.stdout(File::create(&out).expect("a file")).stderr(File::create(&log).expect("a file"));
        self.service = Some(shell.spawn().expect("a shell"));
        self.printed = None;
        let began = Instant::now();
        while self.printed.is_none() {
            let late = began.elapsed() > PATIENCE;
            assert!(!late, "{}: it does not listen\n{}", block.place, fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
            self.printed = fs::read_to_string(&out).ok().filter(|printed| printed.ends_with('\n'));
        }
    }

    /// What a page shows behind a command is what the command printed.
    fn compare(&mut self, block: &Block) {
        let Some(printed) = self.printed.take() else { return };
        let shown = block.text.replace(DOCUMENTED, &self.address);
        assert!(is_like(printed.trim(), shown.trim()), "{}: the command prints\n{printed}", block.place);
    }

    /// Rules that a page shows behind a command are in the file that the command wrote.
    fn find(&mut self, block: &Block) {
        let written = fs::read_to_string(self.folder.path().join("rules/shop.yaml")).expect("the rules");
        assert!(written.contains(&block.text), "{}: the command writes\n{written}", block.place);
        self.printed = None;
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(service) = &mut self.service {
            let _ = service.kill();
            let _ = service.wait();
        }
    }
}

fn follow(name: &str) {
    let page = pages().into_iter().find(|page| page.name == name).expect("the page");
    let (mut user, blocks) = (User::new(), page.blocks());
    blocks.iter().for_each(|block| user.follow(block));
    assert!(user.service.is_some(), "{name} starts no service");
}

#[test]
#[ignore = "needs curl and openssl; run tests/run"]
fn readme_works_as_it_is_written() {
    follow("README.md");
}

#[test]
#[ignore = "needs curl and openssl; run tests/run"]
fn the_quick_start_works_as_it_is_written() {
    follow("docs/quick-start.md");
}

#[test]
fn patterns_match_texts() {
    assert!(is_like("id 7\nstate active", "id …\nstate active"));
    assert!(is_like("1 passed\nmore", "1 passed\n…"));
    assert!(!is_like("2 passed", "1 passed"));
    assert!(!is_like("1 passed and more", "1 passed"));
}
