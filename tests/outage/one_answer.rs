//! Every refusal is the same answer, byte for byte on the wire; only the date and the id of the request are their own.

use std::process::Command;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::house::{House, add, execute, password};

/// The answer as it came over the wire.
async fn on_the_wire(house: &House, identifier: &str, password: &str) -> String {
    let address = house.server.base.strip_prefix("http://").unwrap();
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

/// The answer with its own date and id left out.
fn masked(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let line = |line: &str| match line.split_once(": ") {
        Some((name @ ("date" | "x-request-id"), value)) => format!("{name}: ({} characters)", value.len()),
        _ => line.to_owned(),
    };
    let head: Vec<String> = head.split("\r\n").map(line).collect();
    format!("{}\r\n\r\n{body}", head.join("\r\n"))
}

/// What must have been refused, by the labels of the metrics.
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
async fn house() -> House {
    let names = ["ada", "bob", "bart", "conrad", "dora", "erin", "gone", "hank", "luke", "nora", "ove", "rick", "twin"];
    let house = House::new(&names, 5).await;
    let mut legacy = house.database("legacy.db").await;
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
        assert_eq!(house.right(name).await, 200, "{name}");
    }
    // bob has given his address up in the legacy system, and keeps it here
    execute(&mut legacy, "UPDATE customers SET mail = 'robert@example.org' WHERE login = 'bob'").await;
    execute(&mut legacy, "UPDATE customers SET mail = 'bob@example.org' WHERE login = 'conrad'").await;
    let mut accounts = house.database("accounts.db").await;
    execute(&mut accounts, "UPDATE accounts SET state = 'disabled' WHERE username = 'erin'").await;
    let mut delete = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let deleted = delete.args(["account", "delete", "gone"]).current_dir(house.folder.path()).status().unwrap();
    assert!(deleted.success());
    for _ in 0..5 {
        assert_eq!(house.wrong("ove").await, 401);
    }
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_is_the_same_answer() {
    let house = house().await;
    let long = "x".repeat(1025);
    let own: Vec<(&str, String)> =
        ["ove", "bart", "conrad", "dora", "erin", "gone", "hank", "luke", "nora", "rick", "twin"]
            .into_iter()
            .map(|name| (name, password(name)))
            .collect();
    let mut cases: Vec<(&str, &str)> = own.iter().map(|(name, password)| (*name, password.as_str())).collect();
    cases.extend([("nobody", "x"), ("ada", "wrong"), ("bob", "wrong"), ("ada", ""), ("ada", "a\0b"), ("ada", &long)]);
    cases.extend([("two words", "x"), ("", "x")]);
    let first = on_the_wire(&house, "nobody", "x").await;
    assert!(first.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{first}");
    for (identifier, password) in cases {
        let answer = on_the_wire(&house, identifier, password).await;
        assert_eq!(masked(&answer), masked(&first), "{identifier}");
    }
    let metrics = house.metrics().await;
    for (outcome, reason) in REASONS.into_iter().chain([("conflict", "")]) {
        let line = format!("landfall_logins_total{{outcome=\"{outcome}\",reason=\"{reason}\"}}");
        assert!(metrics.contains(&line), "nobody was refused as {outcome} {reason}:\n{metrics}");
    }
    assert_eq!(house.right("ada").await, 200, "and a right password is not refused");
}
