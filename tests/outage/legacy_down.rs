//! The legacy system is down: whoever is not migrated is told so and never refused, and everybody else signs in.

use std::fs;

use serde_json::json;
use sqlx::sqlite::SqliteConnection;

use super::house::{House, assert_unavailable, execute};

/// How a database fails.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// A folder is in its place.
    Folder,
    /// It is gone, and comes back as a copy.
    Removed,
    /// Somebody writes to it and does not end.
    Locked,
    /// It holds something else.
    Garbage,
}

/// What is needed to undo a fault.
enum Broken {
    Folder,
    Removed,
    Locked(SqliteConnection),
    Garbage(Vec<u8>),
}

async fn smash(house: &House, fault: Fault) -> Broken {
    let (legacy, away) = (house.folder.path().join("legacy.db"), house.folder.path().join("away.db"));
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
            let mut holder = house.database("legacy.db").await;
            execute(&mut holder, "BEGIN EXCLUSIVE").await;
            Broken::Locked(holder)
        }
        Fault::Garbage => {
            let whole = fs::read(&legacy).unwrap();
            fs::write(&legacy, "no database at all ".repeat(whole.len() / 19)).unwrap();
            Broken::Garbage(whole)
        }
    }
}

async fn heal(house: &House, broken: Broken) {
    let (legacy, away) = (house.folder.path().join("legacy.db"), house.folder.path().join("away.db"));
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
async fn nobody_is_refused_because_the_legacy_system_is_down() {
    let faults = [Fault::Folder, Fault::Removed, Fault::Locked, Fault::Garbage];
    let names: Vec<String> = (0..faults.len()).flat_map(|at| [format!("new{at}"), format!("other{at}")]).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("old");
    let house = House::new(&names, 1000).await;
    assert_eq!(house.right("old").await, 200);
    for (at, fault) in faults.into_iter().enumerate() {
        outage(&house, fault, &format!("new{at}"), &format!("other{at}")).await;
    }
}

/// The service starts while the legacy system is down, and needs no other start when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_during_an_outage_is_a_start() {
    let house = House::new(&["ada"], 1000).await;
    // nothing was asked of the database yet
    let broken = smash(&house, Fault::Folder).await;
    house.is_unavailable_to("ada").await;
    heal(&house, broken).await;
    house.lets_in("ada").await;
}

async fn outage(house: &House, fault: Fault, name: &str, other: &str) {
    let broken = smash(house, fault).await;
    for round in 0..3 {
        house.is_unavailable_to(name).await;
        house.is_unavailable_to("nobody").await;
        assert_eq!(house.right("old").await, 200, "{fault:?}, round {round}");
        assert_eq!(house.wrong("old").await, 401, "{fault:?}, round {round}");
    }
    let asked = house.post("/v1/signup-check", &json!({ "identifier": "nobody" })).await;
    assert_unavailable(&asked, "an identifier that may be taken");
    let asked = house.post("/v1/password-reset", &json!({ "identifier": name })).await;
    assert_unavailable(&asked, "a reset of which nobody can tell whose it is");
    assert_eq!(house.post("/v1/password-reset", &json!({ "identifier": "old" })).await.status, 202);
    house.says("landfall_breaker_state{adapter=\"shop\"} 2").await;
    assert_eq!(house.accounts(name).await, 0);
    heal(house, broken).await;
    house.lets_in(name).await;
    house.says("landfall_breaker_state{adapter=\"shop\"} 0").await;
    assert_eq!(house.wrong(other).await, 401, "{fault:?}");
    assert_eq!(house.right(other).await, 200, "{fault:?}: what failed during the outage did not count");
    assert_eq!(house.right("nobody").await, 401, "{fault:?}");
}
