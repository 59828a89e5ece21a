//! The account store or the ledger is moved away, replaced, missing or another one: an outage, and nobody is buried for it.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::house::{House, assert_unavailable, password};
use super::running::Running;

/// What `landfall` says to some arguments.
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

/// Everybody gets 503, and the service is not ready within a second.
async fn is_an_outage(house: &House) {
    let began = Instant::now();
    while house.ready().await != 503 {
        assert!(began.elapsed() < Duration::from_secs(2), "it is ready for too long");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for name in ["old", "ada", "nobody"] {
        for password in [password(name), "wrong".to_owned()] {
            assert_unavailable(&house.login(name, &password).await, name);
        }
    }
}

/// Nothing was lost: who was migrated is in, and so is who comes now.
async fn all_is_well(house: &House) {
    house.lets_in("old").await;
    house.lets_in("ada").await;
    assert_eq!(house.wrong("nobody").await, 401);
    let buried: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM tombstones")
        .fetch_one(&mut house.database("ledger.db").await)
        .await
        .expect("a number");
    assert_eq!(buried, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_moved_away_is_an_outage_until_it_is_back() {
    for file in ["accounts.db", "ledger.db"] {
        let house = House::new(&["old", "ada"], 1000).await;
        assert_eq!(house.right("old").await, 200);
        rename(house.folder.path(), file, "away.db");
        is_an_outage(&house).await;
        // another file in its place is no better
        std::fs::write(house.folder.path().join(file), "").expect("a file");
        is_an_outage(&house).await;
        rename(house.folder.path(), "away.db", file);
        all_is_well(&house).await;
        assert_eq!(house.server.stop(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_missing_or_another_one_is_refused_at_the_start() {
    let House { server, folder, .. } = {
        let house = House::new(&["old", "ada"], 1000).await;
        assert_eq!(house.right("old").await, 200);
        house
    };
    assert_eq!(server.stop(), Some(0));
    let folder = folder.path();
    rename(folder, "accounts.db", "away.db");
    let refused = |said: &str| {
        for arguments in [&["serve"][..], &["undo", "--since", "2020-01-01T00:00:00Z"], &["account", "list"]] {
            let output = landfall(folder, arguments);
            let text = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
            assert!(text.contains(said), "{arguments:?}: {text}");
        }
    };
    refused("there is no account store at");
    assert!(!folder.join("accounts.db").exists(), "nothing was made in its place");
    assert_eq!(landfall(folder, &["status"]).status.code(), Some(0), "reports need the ledger alone");
    // an empty file, and the store of somebody else
    std::fs::write(folder.join("accounts.db"), "").expect("a file");
    refused("there is no database at");
    std::fs::remove_file(folder.join("accounts.db")).expect("a file");
    let other = House::new(&["eve"], 1000).await;
    assert_eq!(other.right("eve").await, 200);
    assert_eq!(other.server.stop(), Some(0));
    std::fs::copy(other.folder.path().join("accounts.db"), folder.join("accounts.db")).expect("a copy");
    refused("is not the one that the ledger belongs to");
    std::fs::remove_file(folder.join("accounts.db")).expect("a file");
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.join(format!("accounts.db{end}")));
    }
    rename(folder, "away.db", "accounts.db");
    drop(Running::start(folder, &[]));
}

/// The bytes of another store, or of another ledger, copied over the file in place: it is the same file to the operating
/// system, and another one to us.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_overwritten_in_place_is_an_outage() {
    for file in ["accounts.db", "ledger.db"] {
        let other = House::new(&["eve"], 1000).await;
        assert_eq!(other.right("eve").await, 200);
        let foreign = other.folder.path().join(file);
        assert_eq!(other.server.stop(), Some(0), "it leaves one whole file");
        let house = House::new(&["old", "ada"], 1000).await;
        assert_eq!(house.right("old").await, 200);
        let mut holder = house.database(file).await;
        super::house::execute(&mut holder, "PRAGMA wal_checkpoint(TRUNCATE)").await;
        drop(holder);
        std::fs::write(house.folder.path().join(file), std::fs::read(foreign).expect("a file")).expect("a file");
        super::running::until("not ready", async || (house.ready().await == 503).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        for name in ["old", "ada", "eve", "nobody"] {
            assert_unavailable(&house.login(name, &password(name)).await, name);
        }
    }
}

/// What was acknowledged stands in the journal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_is_moved_away_is_an_outage_until_it_is_back() {
    for file in ["accounts.db-wal", "ledger.db-wal"] {
        let house = House::new(&["old", "ada"], 1000).await;
        assert_eq!(house.right("old").await, 200);
        let (path, away) = (house.folder.path().join(file), house.folder.path().join("away"));
        std::fs::rename(&path, &away).expect("a file");
        is_an_outage(&house).await;
        std::fs::rename(&away, &path).expect("a file");
        all_is_well(&house).await;
    }
}

/// An older copy of the right store: its customers are missing, which is told and taken back by undo.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_an_older_store_does_not_have_is_told_and_can_be_taken_back() {
    let house = House::new(&["old", "ada"], 1000).await;
    assert_eq!(house.right("old").await, 200);
    let mut accounts = house.database("accounts.db").await;
    super::house::execute(&mut accounts, "PRAGMA foreign_keys = ON; DELETE FROM accounts").await;
    assert_eq!(house.right("old").await, 401);
    house.says("landfall_logins_total{outcome=\"refused\",reason=\"missing\"} 1").await;
    let undo = landfall(house.folder.path(), &["undo", "--since", "2020-01-01T00:00:00Z"]);
    let said = String::from_utf8_lossy(&undo.stdout).into_owned();
    assert!(said.starts_with("0 undone, 0 kept because somebody has changed them, 1 forgotten"), "{said}");
    all_is_well(&house).await;
}

/// A tombstone is lifted by any of the customer's logins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_customer_is_restored_by_a_command() {
    let house = House::new(&["old", "ada"], 1000).await;
    assert_eq!(house.right("old").await, 200);
    let command = |arguments: &[&str]| landfall(house.folder.path(), arguments).status.code();
    assert_eq!(command(&["account", "restore", "old"]), Some(1), "nobody was deleted");
    assert_eq!(command(&["account", "delete", "old"]), Some(0));
    assert_eq!(house.right("old").await, 401);
    assert_eq!(command(&["account", "restore", "OLD"]), Some(0));
    all_is_well(&house).await;
}
