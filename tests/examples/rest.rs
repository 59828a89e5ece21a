//! `examples/account-migration`: its page works as it is written, its customers have the documented outcomes, and the records
//! of its rule tests are what its customer system answers.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::reader::{Customer, Example, Reader, end, landfall, sign_in};
use crate::running::Running;

const EXAMPLE: Example = Example("account-migration");

/// The customer system. It is stopped when the value is dropped.
struct System {
    child: Child,
    port: String,
}

impl System {
    /// Starts it on a port, `0` for a free one.
    fn start(folder: &Path, port: &str) -> Self {
        let mut child = Command::new("python3")
            .arg("legacy_api.py")
            .current_dir(folder)
            .env("NORDWALL_PORT", port)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let address = line.split_once("http://127.0.0.1:").and_then(|(_, rest)| rest.split_once(';'));
        let port = address.expect("its address").0.to_owned();
        Self { child, port }
    }

    fn stop(mut self) {
        end(&mut self.child);
    }
}

impl Drop for System {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A copy of the example with the key of a ledger, and its running customer system.
fn started() -> (tempfile::TempDir, System) {
    let folder = EXAMPLE.copy_with_key();
    let system = System::start(folder.path(), "0");
    (folder, system)
}

#[test]
#[ignore = "needs python3, curl and openssl; run tests/run"]
fn the_page_works_as_it_is_written() {
    Reader::new(&EXAMPLE).with_port("NORDWALL_PORT", "127.0.0.1:9090").follow_page(&EXAMPLE.readme());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs python3; run tests/run"]
async fn every_customer_has_the_documented_outcome() {
    let (folder, system) = started();
    let service = Running::start(folder.path(), &[("PORT", "0"), ("NORDWALL_PORT", &system.port)]);
    let customers = EXAMPLE.sign_in_all(&service.base, folder.path(), &[]).await;
    assert!(customers.len() >= 12, "{} customers", customers.len());
    system.stop();
    for (Customer { login, password, status, place, .. }, _) in &customers {
        let (actual, body) = sign_in(&service.base, login, password).await;
        let expected = if *status == 200 { 200 } else { 503 };
        assert_eq!(actual, expected, "{place} without the system: {body}");
    }
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs python3; run tests/run"]
async fn a_system_that_is_back_signs_customers_in() {
    let (folder, system) = started();
    let port = system.port.clone();
    let service = Running::start(folder.path(), &[("PORT", "0"), ("NORDWALL_PORT", &port)]);
    assert_eq!(sign_in(&service.base, "ida.brandt", "harbour-lamp-42").await.0, 200);
    system.stop();
    assert_eq!(sign_in(&service.base, "otto", "old-anchor-60").await.0, 503);
    // the tokens from before are not valid any more
    let _system = System::start(folder.path(), &port);
    let status = crate::running::until("the migration", async || {
        let (status, _) = sign_in(&service.base, "otto", "old-anchor-60").await;
        assert!([200, 503].contains(&status), "{status}");
        Some(status).filter(|status| *status == 200)
    });
    assert_eq!(status.await, 200);
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs python3; run tests/run"]
async fn the_records_of_the_rule_tests_are_what_the_system_answers() {
    let (folder, system) = started();
    crate::fetched::compare(folder.path(), &[("NORDWALL_PORT", &system.port)], "/login").await;
}

#[test]
fn the_rules_are_clean_and_tested() {
    let folder = EXAMPLE.copy();
    landfall(folder.path(), &[], &["check", "rules.yaml"]);
    landfall(folder.path(), &[], &["fmt", "--check", "."]);
    landfall(folder.path(), &[], &["test", ".", "--coverage", "--threshold", "85"]);
}
