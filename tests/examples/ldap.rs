//! `examples/ldap`: its page works as it is written, its readers have the documented outcomes, and the records of its rule
//! tests are what its directory returns.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::reader::{Example, Reader, end, landfall};
use crate::running::Running;

const EXAMPLE: Example = Example("ldap");

/// The running directory. It is stopped, and its folder removed, when the value is dropped.
struct Directory {
    child: Child,
    environment: Vec<(String, String)>,
}

impl Directory {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(folder.join("start"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines().take(3);
        let pair = |line: String| {
            let (name, value) = line.split_once('=').expect("a variable");
            (name.to_owned(), value.to_owned())
        };
        let environment: Vec<_> = lines.map(|line| pair(line.expect("a line"))).collect();
        assert_eq!(environment.len(), 3, "the directory does not start");
        Self { child, environment }
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn value(&self, name: &str) -> &str {
        self.environment().into_iter().find(|(known, _)| *known == name).expect("a variable").1
    }

    /// The output of a search with Landfall's account.
    fn search(&self, base: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("ldapsearch");
        command.args([
            "-x",
            "-LLL",
            "-H",
            self.value("LANDFALL_LDAP_URL"),
            "-D",
            "cn=landfall,dc=wesermund,dc=example",
        ]);
        command.args(["-w", self.value("LANDFALL_LDAP_PASSWORD"), "-b", base]).args(arguments);
        command.env("LDAPTLS_CACERT", self.value("LANDFALL_LDAP_CA")).output().expect("ldapsearch")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

#[test]
#[ignore = "needs slapd, curl and openssl; run tests/run"]
fn the_page_works_as_it_is_written() {
    Reader::new(&EXAMPLE).follow_page(&EXAMPLE.readme());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs slapd and openssl; run tests/run"]
async fn every_reader_has_the_documented_outcome() {
    let folder = EXAMPLE.copy_with_key();
    let directory = Directory::start(folder.path(), &[]);
    let mut environment = directory.environment();
    environment.push(("PORT", "0"));
    let service = Running::start(folder.path(), &environment);
    let customers = EXAMPLE.sign_in_all(&service.base, folder.path(), &environment).await;
    assert!(customers.len() >= 10, "{} readers", customers.len());
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs slapd and openssl; run tests/run"]
async fn the_records_of_the_rule_tests_are_what_the_directory_returns() {
    let folder = EXAMPLE.copy_with_key();
    let directory = Directory::start(folder.path(), &[]);
    crate::fetched::compare(folder.path(), &directory.environment(), "/uid/0").await;
}

#[test]
#[ignore = "needs slapd and openssl; run tests/run"]
fn the_account_of_landfall_reads_no_password() {
    let folder = EXAMPLE.copy_with_key();
    let directory = Directory::start(folder.path(), &[]);
    let found = directory.search("ou=readers,dc=wesermund,dc=example", &["(uid=ida.brandt)", "*", "+"]);
    let text = String::from_utf8_lossy(&found.stdout);
    assert!(text.contains("uid: ida.brandt") && !text.contains("userPassword"), "{text}");
    let found = directory.search("cn=policy,dc=wesermund,dc=example", &["*"]);
    assert!(!found.status.success(), "it reads the policy");
}

#[test]
#[ignore = "needs slapd and openssl; run tests/run"]
fn the_script_leaves_nothing_behind() {
    // the user who runs the server has to enter the folder, so it is not inside a private one
    let folder = std::env::temp_dir().join(format!("landfall-example-ldap-{}", std::process::id()));
    let (copy, arguments) = (EXAMPLE.copy_with_key(), ["--folder", folder.to_str().expect("a path")]);
    let directory = Directory::start(copy.path(), &arguments);
    let port = directory.value("LANDFALL_LDAP_URL").rsplit(':').next().expect("a port").to_owned();
    // neither the folder nor the port of a running directory is taken away
    for (arguments, message) in [(arguments, "is not an empty folder"), (["--port", &port], "is in use")] {
        let made = Command::new(copy.path().join("start")).args(arguments).output().expect("the script");
        let err = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.code() == Some(2) && err.contains(message), "{err}");
    }
    assert!(directory.search("ou=readers,dc=wesermund,dc=example", &["(uid=noa)"]).status.success());
    drop(directory);
    assert!(!folder.exists(), "its folder is still there");
    assert!(std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err(), "the server still runs");
}

#[test]
fn the_script_explains_itself() {
    let script = EXAMPLE.copy();
    let run =
        |arguments: &[&str]| Command::new(script.path().join("start")).args(arguments).output().expect("a script");
    let help = run(&["--help"]);
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--folder DIR"));
    for arguments in [&["--port", "none"][..], &["--port", "65536"], &["--folder"], &["--ports"]] {
        let made = run(arguments);
        let err = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.code() == Some(2) && err.starts_with("start: "), "{arguments:?}: {err}");
    }
}

#[test]
fn the_settings_for_active_directory_have_no_mistakes() {
    let folder = EXAMPLE.copy_with_key();
    let blocks = EXAMPLE.readme().blocks();
    let settings = &blocks.iter().find(|block| block.info == "yaml").expect("the settings").text;
    let rules = format!("{}/rules/", env!("CARGO_MANIFEST_DIR"));
    let rest =
        "target: { kind: sql, url: 'sqlite:a.db' }\nledger: { url: 'sqlite:l.db', key: 'file:data/ledger.key' }\n";
    let settings = format!("{}\n{rest}", settings.replace("../../rules/", &rules));
    fs::write(folder.path().join("ad.yaml"), settings).expect("settings");
    fs::write(folder.path().join("ad.password"), "a password").expect("a password");
    let printed = landfall(folder.path(), &[], &["check", "--config", "ad.yaml"]);
    assert!(!printed.contains("error"), "{printed}");
}

#[test]
fn the_rules_are_clean_and_tested() {
    let folder = EXAMPLE.copy();
    landfall(folder.path(), &[], &["check", "rules.yaml"]);
    landfall(folder.path(), &[], &["fmt", "--check", "."]);
    landfall(folder.path(), &[], &["test", ".", "--coverage", "--threshold", "75"]);
}
