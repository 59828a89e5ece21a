//! `--watch`: commands that run again when their files change.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Watching {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const RULES: &str = "landfall: 1\nname: shop\naccount:\n  username: { from: $.login, do: [ trim ] }\n";
const TESTS: &str = "tests:\n  - { name: a name, record: { login: ' ada ' }, account: { username: ada } }\n";

impl Watching {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        fs::write(folder.path().join("rules/shop.yaml"), RULES).unwrap();
        fs::write(folder.path().join("rules/shop.test.yaml"), TESTS).unwrap();
        fs::write(folder.path().join("ada.json"), "{\"login\":\"ada\"}").unwrap();
        let log = |name: &str| fs::File::create(folder.path().join(name)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(arguments).arg("--watch").current_dir(folder.path()).stdin(Stdio::null());
        let child = command.stdout(log("out")).stderr(log("err")).spawn().unwrap();
        Self { child, folder }
    }

    /// Waits until so many runs have ended, and returns the output of all.
    fn runs(&self, count: usize) -> String {
        let began = Instant::now();
        loop {
            let text = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap();
            let err = text("err");
            if err.matches("Ctrl-C ends").count() >= count {
                return text("out") + err.as_str();
            }
            assert!(began.elapsed() < Duration::from_secs(30), "run {count}: {}{err}", text("out"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Saves a file as editors do: under another name, which is then changed.
    fn save(&self, name: &str, text: &str) {
        fs::write(self.path().join("rules/.saving"), text).unwrap();
        fs::rename(self.path().join("rules/.saving"), self.path().join(name)).unwrap();
    }

    fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn rules_are_checked_again_when_they_change() {
    let watching = Watching::start(&["check", "rules"]);
    assert!(watching.runs(1).contains("checked 1 file: no findings"));
    watching.save("rules/shop.yaml", &RULES.replace("trim", "trimm"));
    let said = watching.runs(2);
    assert!(said.contains("did you mean `trim`?") && said.contains("rules/shop.yaml changed"), "{said}");
    // a file that cannot be read does not end the watch, and one that comes back is seen
    fs::remove_file(watching.path().join("rules/shop.yaml")).unwrap();
    assert!(watching.runs(3).contains("error: `rules` contains no rule file"));
    fs::write(watching.path().join("rules/shop.yaml"), RULES).unwrap();
    let said = watching.runs(4);
    assert_eq!(said.matches("no findings").count(), 2, "{said}");
    watching.end();
}

#[test]
fn tests_run_again_when_they_or_their_rules_change() {
    let watching = Watching::start(&["test", "rules/shop.yaml"]);
    watching.runs(1);
    watching.save("rules/shop.test.yaml", &TESTS.replace("username: ada", "username: bo"));
    assert!(watching.runs(2).contains("shop.test.yaml changed"));
    watching.save("rules/shop.yaml", &RULES.replace("trim", "trim, uppercase"));
    assert!(watching.runs(3).contains("shop.yaml changed"));
    // other files are none of its business
    fs::write(watching.path().join("other"), "").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(watching.runs(3).matches("Ctrl-C ends").count(), 3);
    watching.end();
}

#[test]
fn a_record_is_explained_again_when_it_or_the_rules_change() {
    let watching = Watching::start(&["explain", "--rules", "rules/shop.yaml", "--in", "ada.json", "--show-sensitive"]);
    watching.runs(1);
    fs::write(watching.path().join("ada.json"), "{\"login\":\"grace\"}").unwrap();
    assert!(watching.runs(2).contains("\"username\": \"grace\""));
    watching.end();
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    command.args(["explain", "--rules", "rules.yaml", "--watch"]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), said.lines().next()),
        (Some(2), Some("error: `--watch` cannot read standard input again"))
    );
}
