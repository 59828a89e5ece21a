//! Every refusal is the same answer, byte for byte on the wire, except for the date and the request id.

use std::process::Command;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::fixture::{Fixture, add, execute, password};

/// The raw answer from the wire.
async fn raw_answer(fixture: &Fixture, identifier: &str, password: &str) -> String {
    let address = fixture.server.base.strip_prefix("http://").unwrap();
    let body = json!({ "identifier": identifier, "password": password }).to_string();
    let request = format!(
        "POST /v1/login HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer a-token-of-the-tests-0123456789-0123456789\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The answer with its date and request id masked.
fn masked(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let line = |line: &str| match line.split_once(": ") {
        Some((name @ ("date" | "x-request-id"), value)) => format!("{name}: ({} characters)", value.len()),
        _ => line.to_owned(),
    };
    let head: Vec<String> = head.split("\r\n").map(line).collect();
    format!("{}\r\n\r\n{body}", head.join("\r\n"))
}

/// The expected refusals, by the labels of the metrics.
const REASONS: [(&str, &str); 12] = [
    ("refused", "unknown"),
    ("refused", "wrong_password"),
    ("refused", "wrong_password_at_target"),
    ("refused", "disabled"),
    ("refused", "locked"),
    ("refused", "attempts"),
    ("refused", "unverifiable"),
    ("refused", "malformed"),
    ("refused", "deleted"),
    ("invalid_record", ""),
    ("invalid_record", "unreadable"),
    ("denied_by_rule", ""),
];

/// Customers who are refused for reasons of their own, whatever they type.
async fn fixture() -> Fixture {
    let names = ["ada", "bob", "bart", "conrad", "dora", "erin", "gone", "hank", "luke", "nora", "ove", "rick", "twin"];
    let fixture = Fixture::new(&names, 5).await;
    let mut legacy = fixture.database("legacy.db").await;
    add(&mut legacy, "twin").await;
    for change in [
        "UPDATE customers SET state = 'blocked' WHERE login = 'bart'",
        "UPDATE customers SET state = 'disabled' WHERE login = 'dora'",
        "UPDATE customers SET state = 'locked' WHERE login = 'luke'",
        "UPDATE customers SET password = NULL WHERE login = 'nora'",
        "UPDATE customers SET mail = 'no address' WHERE login = 'rick'",
    ] {
        execute(&mut legacy, change).await;
    }
    for name in ["bob", "erin", "gone"] {
        assert_eq!(fixture.sign_in_status(name).await, 200, "{name}");
    }
    // bob has given up his address in the legacy system, and keeps it here
    execute(&mut legacy, "UPDATE customers SET mail = 'robert@example.org' WHERE login = 'bob'").await;
    execute(&mut legacy, "UPDATE customers SET mail = 'bob@example.org' WHERE login = 'conrad'").await;
    let mut accounts = fixture.database("accounts.db").await;
    execute(&mut accounts, "UPDATE accounts SET state = 'disabled' WHERE username = 'erin'").await;
    let mut delete = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let deleted =
        delete.args(["account", "delete", "gone", "--yes"]).current_dir(fixture.folder.path()).status().unwrap();
    assert!(deleted.success());
    for _ in 0..5 {
        assert_eq!(fixture.wrong_password_status("ove").await, 401);
    }
    fixture
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_is_the_same_answer() {
    let fixture = fixture().await;
    let long = "x".repeat(1025);
    let own: Vec<(&str, String)> =
        ["ove", "bart", "conrad", "dora", "erin", "gone", "hank", "luke", "nora", "rick", "twin"]
            .into_iter()
            .map(|name| (name, password(name)))
            .collect();
    let mut cases: Vec<(&str, &str)> = own.iter().map(|(name, password)| (*name, password.as_str())).collect();
    cases.extend([("nobody", "x"), ("ada", "wrong"), ("bob", "wrong"), ("ada", ""), ("ada", "a\0b"), ("ada", &long)]);
    cases.extend([("two words", "x"), ("", "x")]);
    let first = raw_answer(&fixture, "nobody", "x").await;
    assert!(first.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{first}");
    for (identifier, password) in cases {
        let answer = raw_answer(&fixture, identifier, password).await;
        assert_eq!(masked(&answer), masked(&first), "{identifier}");
    }
    let metrics = fixture.metrics().await;
    for (outcome, reason) in REASONS.into_iter().chain([("conflict", "")]) {
        let line = format!("landfall_logins_total{{outcome=\"{outcome}\",reason=\"{reason}\"}}");
        assert!(metrics.contains(&line), "nobody was refused as {outcome} {reason}:\n{metrics}");
    }
    assert_eq!(fixture.sign_in_status("ada").await, 200, "a correct password is not refused");
}
