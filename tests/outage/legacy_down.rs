//! The legacy system is down: customers who are not migrated get 503 and are never refused, and everybody else can sign
//! in.

use std::fs;

use serde_json::json;
use sqlx::sqlite::SqliteConnection;

use super::fixture::{Fixture, assert_unavailable, execute};

/// How a database fails.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The database is replaced by a folder.
    Folder,
    /// The database is removed, and comes back as a copy.
    Removed,
    /// Another process holds a write lock.
    Locked,
    /// The file is not a database.
    Garbage,
}

/// What is needed to repair the database.
enum Broken {
    Folder,
    Removed,
    Locked(SqliteConnection),
    Garbage(Vec<u8>),
}

async fn break_database(fixture: &Fixture, fault: Fault) -> Broken {
    let (legacy, away) = (fixture.folder.path().join("legacy.db"), fixture.folder.path().join("away.db"));
    match fault {
        Fault::Folder => {
            fs::rename(&legacy, &away).unwrap();
            fs::create_dir(&legacy).unwrap();
            Broken::Folder
        }
        Fault::Removed => {
            fs::rename(&legacy, &away).unwrap();
            Broken::Removed
        }
        Fault::Locked => {
            let mut holder = fixture.database("legacy.db").await;
            execute(&mut holder, "BEGIN EXCLUSIVE").await;
            Broken::Locked(holder)
        }
        Fault::Garbage => {
            let whole = fs::read(&legacy).unwrap();
            fs::write(&legacy, "not a database at all ".repeat(whole.len() / 19)).unwrap();
            Broken::Garbage(whole)
        }
    }
}

async fn repair_database(fixture: &Fixture, broken: Broken) {
    let (legacy, away) = (fixture.folder.path().join("legacy.db"), fixture.folder.path().join("away.db"));
    match broken {
        Broken::Folder => {
            fs::remove_dir(&legacy).unwrap();
            fs::rename(&away, &legacy).unwrap();
        }
        Broken::Removed => {
            fs::copy(&away, &legacy).unwrap();
            fs::remove_file(&away).unwrap();
        }
        Broken::Locked(mut holder) => execute(&mut holder, "ROLLBACK").await,
        Broken::Garbage(whole) => fs::write(&legacy, whole).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_legacy_outage_refuses_nobody() {
    let faults = [Fault::Folder, Fault::Removed, Fault::Locked, Fault::Garbage];
    let names: Vec<String> = (0..faults.len()).flat_map(|at| [format!("new{at}"), format!("other{at}")]).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("old");
    let fixture = Fixture::new(&names, 1000).await;
    assert_eq!(fixture.sign_in_status("old").await, 200);
    for (at, fault) in faults.into_iter().enumerate() {
        outage(&fixture, fault, &format!("new{at}"), &format!("other{at}")).await;
    }
}

/// The service starts while the legacy system is down, and needs no restart when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_starts_during_a_legacy_outage() {
    let fixture = Fixture::new(&["ada"], 1000).await;
    // the database has not been queried yet
    let broken = break_database(&fixture, Fault::Folder).await;
    fixture.assert_unavailable_to("ada").await;
    repair_database(&fixture, broken).await;
    fixture.wait_for_sign_in("ada").await;
}

async fn outage(fixture: &Fixture, fault: Fault, name: &str, other: &str) {
    let broken = break_database(fixture, fault).await;
    for round in 0..3 {
        fixture.assert_unavailable_to(name).await;
        fixture.assert_unavailable_to("nobody").await;
        assert_eq!(fixture.sign_in_status("old").await, 200, "{fault:?}, round {round}");
        assert_eq!(fixture.wrong_password_status("old").await, 401, "{fault:?}, round {round}");
    }
    let asked = fixture.post("/v1/signup-check", &json!({ "identifier": "nobody" })).await;
    assert_unavailable(&asked, "an identifier that may be taken");
    let asked = fixture.post("/v1/password-reset", &json!({ "identifier": name })).await;
    assert_unavailable(&asked, "a reset for an unknown owner");
    assert_eq!(fixture.post("/v1/password-reset", &json!({ "identifier": "old" })).await.status, 202);
    fixture.wait_for_metric("landfall_breaker_state{adapter=\"shop\"} 2").await;
    assert_eq!(fixture.accounts(name).await, 0);
    repair_database(fixture, broken).await;
    fixture.wait_for_sign_in(name).await;
    fixture.wait_for_metric("landfall_breaker_state{adapter=\"shop\"} 0").await;
    assert_eq!(fixture.wrong_password_status(other).await, 401, "{fault:?}");
    assert_eq!(fixture.sign_in_status(other).await, 200, "{fault:?}: failures during the outage did not count");
    assert_eq!(fixture.sign_in_status("nobody").await, 401, "{fault:?}");
}
