//! If the account store or the ledger is moved, replaced, missing or the wrong one, that is an outage, and nobody is
//! buried.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::fixture::{Fixture, assert_unavailable, password};
use super::running::Running;

/// Runs `landfall` with some arguments.
fn landfall(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_landfall")).args(arguments).current_dir(folder).output().expect("the program")
}

/// Moves a database with its journal.
fn rename(folder: &Path, from: &str, to: &str) {
    for end in ["", "-wal", "-shm"] {
        let (from, to) = (folder.join(format!("{from}{end}")), folder.join(format!("{to}{end}")));
        if from.exists() {
            std::fs::rename(from, to).expect("a file");
        }
    }
}

/// Every login gets 503, and the service becomes not ready within a second.
async fn assert_outage(fixture: &Fixture) {
    let began = Instant::now();
    while fixture.ready().await != 503 {
        assert!(began.elapsed() < Duration::from_secs(2), "the service stays ready for too long");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for name in ["old", "ada", "nobody"] {
        for password in [password(name), "wrong".to_owned()] {
            assert_unavailable(&fixture.login(name, &password).await, name);
        }
    }
}

/// Nothing was lost: migrated customers sign in, and so do new ones.
async fn assert_recovered(fixture: &Fixture) {
    fixture.wait_for_sign_in("old").await;
    fixture.wait_for_sign_in("ada").await;
    assert_eq!(fixture.wrong_password_status("nobody").await, 401);
    let buried: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM tombstones")
        .fetch_one(&mut fixture.database("ledger.db").await)
        .await
        .expect("a number");
    assert_eq!(buried, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_file_is_an_outage_until_it_returns() {
    for file in ["accounts.db", "ledger.db"] {
        let fixture = Fixture::new(&["old", "ada"], 1000).await;
        assert_eq!(fixture.sign_in_status("old").await, 200);
        rename(fixture.folder.path(), file, "away.db");
        assert_outage(&fixture).await;
        // another file in its place does not help
        std::fs::write(fixture.folder.path().join(file), "").expect("a file");
        assert_outage(&fixture).await;
        rename(fixture.folder.path(), "away.db", file);
        assert_recovered(&fixture).await;
        assert_eq!(fixture.server.stop(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_or_wrong_store_is_rejected_at_startup() {
    let Fixture { server, folder, .. } = {
        let fixture = Fixture::new(&["old", "ada"], 1000).await;
        assert_eq!(fixture.sign_in_status("old").await, 200);
        fixture
    };
    assert_eq!(server.stop(), Some(0));
    let folder = folder.path();
    rename(folder, "accounts.db", "away.db");
    let assert_rejected = |expected: &str| {
        for arguments in [&["serve"][..], &["undo", "--since", "2020-01-01T00:00:00Z", "--yes"], &["account", "list"]] {
            let output = landfall(folder, arguments);
            let text = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
            assert!(text.contains(expected), "{arguments:?}: {text}");
        }
    };
    assert_rejected("there is no account store at");
    assert!(!folder.join("accounts.db").exists(), "nothing was created in its place");
    assert_eq!(landfall(folder, &["status"]).status.code(), Some(0), "reports need only the ledger");
    // an empty file, and the store of another service
    std::fs::write(folder.join("accounts.db"), "").expect("a file");
    assert_rejected("there is no database at");
    std::fs::remove_file(folder.join("accounts.db")).expect("a file");
    let other = Fixture::new(&["eve"], 1000).await;
    assert_eq!(other.sign_in_status("eve").await, 200);
    assert_eq!(other.server.stop(), Some(0));
    std::fs::copy(other.folder.path().join("accounts.db"), folder.join("accounts.db")).expect("a copy");
    assert_rejected("belongs to a different account store");
    std::fs::remove_file(folder.join("accounts.db")).expect("a file");
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.join(format!("accounts.db{end}")));
    }
    rename(folder, "away.db", "accounts.db");
    drop(Running::start(folder, &[]));
}

/// The contents of another store or ledger, copied over the file in place: the same file to the operating system, but
/// not to Landfall.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_overwritten_in_place_is_an_outage() {
    for file in ["accounts.db", "ledger.db"] {
        let other = Fixture::new(&["eve"], 1000).await;
        assert_eq!(other.sign_in_status("eve").await, 200);
        let foreign = other.folder.path().join(file);
        assert_eq!(other.server.stop(), Some(0), "a clean shutdown leaves one complete file");
        let fixture = Fixture::new(&["old", "ada"], 1000).await;
        assert_eq!(fixture.sign_in_status("old").await, 200);
        let mut holder = fixture.database(file).await;
        super::fixture::execute(&mut holder, "PRAGMA wal_checkpoint(TRUNCATE)").await;
        drop(holder);
        std::fs::write(fixture.folder.path().join(file), std::fs::read(foreign).expect("a file")).expect("a file");
        super::running::until("not ready", async || (fixture.ready().await == 503).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        for name in ["old", "ada", "eve", "nobody"] {
            assert_unavailable(&fixture.login(name, &password(name)).await, name);
        }
    }
}

/// Acknowledged writes are in the journal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_journal_is_an_outage_until_it_returns() {
    for file in ["accounts.db-wal", "ledger.db-wal"] {
        let fixture = Fixture::new(&["old", "ada"], 1000).await;
        assert_eq!(fixture.sign_in_status("old").await, 200);
        let (path, away) = (fixture.folder.path().join(file), fixture.folder.path().join("away"));
        std::fs::rename(&path, &away).expect("a file");
        assert_outage(&fixture).await;
        std::fs::rename(&away, &path).expect("a file");
        assert_recovered(&fixture).await;
    }
}

/// An older copy of the right store: its missing customers are reported, and can be reset by undo.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_missing_from_an_older_store_are_reported_and_can_be_undone() {
    let fixture = Fixture::new(&["old", "ada"], 1000).await;
    assert_eq!(fixture.sign_in_status("old").await, 200);
    let mut accounts = fixture.database("accounts.db").await;
    super::fixture::execute(&mut accounts, "PRAGMA foreign_keys = ON; DELETE FROM accounts").await;
    assert_eq!(fixture.sign_in_status("old").await, 401);
    fixture.wait_for_metric("landfall_logins_total{outcome=\"refused\",reason=\"missing\"} 1").await;
    let undo = landfall(fixture.folder.path(), &["undo", "--since", "2020-01-01T00:00:00Z", "--yes"]);
    let output = String::from_utf8_lossy(&undo.stdout).into_owned();
    assert!(output.starts_with("0 undone, 0 kept because they have changed, 1 forgotten"), "{output}");
    assert_recovered(&fixture).await;
}

/// A tombstone can be removed by any of the customer's logins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn account_restore_restores_a_deleted_customer() {
    let fixture = Fixture::new(&["old", "ada"], 1000).await;
    assert_eq!(fixture.sign_in_status("old").await, 200);
    let command = |arguments: &[&str]| landfall(fixture.folder.path(), arguments).status.code();
    assert_eq!(command(&["account", "restore", "old"]), Some(1), "no customer was deleted");
    assert_eq!(command(&["account", "delete", "old", "--yes"]), Some(0));
    assert_eq!(fixture.sign_in_status("old").await, 401);
    assert_eq!(command(&["account", "restore", "OLD"]), Some(0));
    assert_recovered(&fixture).await;
}
