//! The disk is full: nothing can be written, neither ledger nor accounts nor logs, and when there is room again all goes on.

#![cfg(target_os = "linux")]

use std::process::Command;

use super::house::{House, assert_unavailable, password};
use super::running::until;

/// Sets how large a file may grow that the service writes.
fn room(house: &House, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    assert!(Command::new("prlimit").args(["--pid", &house.server.pid(), &limit]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_an_outage_and_passes() {
    let house = House::new(&["ada", "bob", "old"], 1000).await;
    assert_eq!(house.right("old").await, 200);
    assert_eq!(house.ready().await, 200);
    room(&house, "0");
    // an answer is good for a second
    until("not ready", async || (house.ready().await == 503).then_some(())).await;
    for name in ["ada", "old", "nobody"] {
        for password in [password(name), "wrong".to_owned()] {
            assert_unavailable(&house.login(name, &password).await, name);
        }
    }
    room(&house, "unlimited");
    until("ready again", async || (house.ready().await == 200).then_some(())).await;
    assert_eq!(house.accounts("ada").await, 0);
    for name in ["ada", "bob"] {
        house.lets_in(name).await;
        assert_eq!(house.wrong(name).await, 401);
    }
    assert_eq!(house.right("old").await, 200);
    assert_eq!(house.server.stop(), Some(0), "it never fell");
}
