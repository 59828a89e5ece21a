//! The legacy system is told of migrated customers by a process, and is down for a while.

use std::path::PathBuf;
use std::process::Command;

use sqlx::Row as _;

use super::fixture::{Fixture, execute, password};
use super::running::{Running, md5, until};

const CRM: &str = "\
write_back:
  fields: { mail: $.mail }
  to: { kind: sql, url: 'sqlite:crm.db', statement: 'UPDATE people SET gone = :migrated_at WHERE id = :id AND mail = :mail' }
";

/// Runs a command of the program in the folder of the service.
fn landfall(fixture: &Fixture, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let output = command.args(arguments).current_dir(fixture.folder.path()).output().expect("the program");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The ids that the customers' system knows to be migrated.
async fn gone(fixture: &Fixture) -> Vec<String> {
    let mut crm = fixture.database("crm.db").await;
    let rows = sqlx::query("SELECT id FROM people WHERE gone IS NOT NULL ORDER BY id").fetch_all(&mut crm).await;
    rows.expect("rows").iter().map(|row| row.get(0)).collect()
}

fn ledger(fixture: &Fixture) -> Vec<u8> {
    let path = |name: &str| -> PathBuf { fixture.folder.path().join(name) };
    let read = |name: &str| std::fs::read(path(name)).unwrap_or_default();
    [read("ledger.db"), read("ledger.db-wal")].concat()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_legacy_system_that_is_down_is_told_later() {
    let fixture = Fixture::with(&["ada", "bob"], 1000, CRM).await;
    for name in ["ada", "bob"] {
        assert_eq!(fixture.sign_in_status(name).await, 200, "nothing to write to");
    }
    fixture.wait_for_metric("landfall_write_backs_total{source=\"shop\",result=\"retried\"} 2").await;
    let (code, list) = landfall(&fixture, &["write-back", "list"]);
    let lines: Vec<serde_json::Value> = list.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!((code, lines.len()), (Some(0), 2), "{list}");
    assert_eq!((&lines[0]["state"], &lines[0]["legacy_id"]), (&"waiting".into(), &"id-ada".into()));
    assert!(lines[0]["why"].as_str().expect("why").contains("does not exist") && !list.contains("ada@"), "{list}");
    assert!(landfall(&fixture, &["status"]).1.contains("write-backs      2 (0 of them failed)"));
    let kept = ledger(&fixture);
    assert!(contains(&kept, "ada@example.org"), "what is declared is kept");
    for secret in [password("ada"), md5(&password("ada"))] {
        assert!(!contains(&kept, &secret), "a secret is in the ledger");
    }
    let mut crm = fixture.database("crm.db").await;
    execute(&mut crm, "CREATE TABLE people (id TEXT, mail TEXT, gone TEXT)").await;
    execute(
        &mut crm,
        "INSERT INTO people VALUES ('id-ada', 'ada@example.org', NULL), ('id-eve', 'eve@example.org', NULL)",
    )
    .await;
    drop(crm);
    fixture.wait_for_metric("landfall_write_backs_total{source=\"shop\",result=\"written\"} 1").await;
    fixture.wait_for_metric("landfall_write_backs_total{source=\"shop\",result=\"gone\"} 1").await;
    assert_eq!(gone(&fixture).await, ["id-ada"]);
    assert_eq!(landfall(&fixture, &["write-back", "list"]).1, "");
}

/// What is refused is kept; a process that ends leaves it to the next one, which is told to try again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_tried_again_on_request() {
    let mut fixture = Fixture::with(&["ada"], 1000, CRM).await;
    let mut crm = fixture.database("crm.db").await;
    execute(&mut crm, "CREATE TABLE person (id TEXT, mail TEXT, gone TEXT)").await;
    execute(&mut crm, "INSERT INTO person VALUES ('id-ada', 'ada@example.org', NULL)").await;
    assert_eq!(fixture.sign_in_status("ada").await, 200);
    fixture.wait_for_metric("landfall_write_backs_total{source=\"shop\",result=\"failed\"} 1").await;
    let (code, list) = landfall(&fixture, &["write-back", "list", "--failed"]);
    assert!(code == Some(1) && list.contains("\"failed\"") && list.contains("does not match"), "{code:?} {list}");
    execute(&mut crm, "ALTER TABLE person RENAME TO people").await;
    drop(crm);
    let next = Running::start(fixture.folder.path(), &[]);
    assert_eq!(std::mem::replace(&mut fixture.server, next).stop(), Some(0));
    assert_eq!(landfall(&fixture, &["write-back", "retry", "--id", "99"]).0, Some(2));
    let (code, said) = landfall(&fixture, &["write-back", "retry"]);
    assert_eq!((code, said.as_str()), (Some(0), "1 will be tried again\n"));
    until("the write", async || (gone(&fixture).await == ["id-ada"]).then_some(())).await;
    assert_eq!(fixture.sign_in_status("ada").await, 200);
}
