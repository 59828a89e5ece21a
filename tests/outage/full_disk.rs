//! The disk is full: ledger, accounts and logs cannot be written. Once there is room again, the service continues.

#![cfg(target_os = "linux")]

use std::process::Command;

use super::fixture::{Fixture, assert_unavailable, password};
use super::running::until;

/// Limits the size of the files that the service writes.
fn limit_file_size(fixture: &Fixture, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    assert!(Command::new("prlimit").args(["--pid", &fixture.server.pid(), &limit]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_a_temporary_outage() {
    let fixture = Fixture::new(&["ada", "bob", "old"], 1000).await;
    assert_eq!(fixture.sign_in_status("old").await, 200);
    assert_eq!(fixture.ready().await, 200);
    limit_file_size(&fixture, "0");
    // a health answer is cached for a second
    until("not ready", async || (fixture.ready().await == 503).then_some(())).await;
    for name in ["ada", "old", "nobody"] {
        for password in [password(name), "wrong".to_owned()] {
            assert_unavailable(&fixture.login(name, &password).await, name);
        }
    }
    limit_file_size(&fixture, "unlimited");
    until("ready again", async || (fixture.ready().await == 200).then_some(())).await;
    assert_eq!(fixture.accounts("ada").await, 0);
    for name in ["ada", "bob"] {
        fixture.wait_for_sign_in(name).await;
        assert_eq!(fixture.wrong_password_status(name).await, 401);
    }
    assert_eq!(fixture.sign_in_status("old").await, 200);
    assert_eq!(fixture.server.stop(), Some(0), "the service never crashed");
}
