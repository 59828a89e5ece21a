//! The ledger or the account store cannot be written: no success without a record, and no record without its account.

use serde_json::json;

use super::fixture::{Fixture, assert_unavailable, execute, password};

/// Concurrent sign-ins: each of them waits for the lock as long as the service does.
async fn assert_all_unavailable(fixture: &Fixture, names: &[&str]) {
    let passwords: Vec<String> = names.iter().map(|name| password(name)).collect();
    let correct = names.iter().zip(&passwords).map(|(name, password)| fixture.login(name, password));
    let incorrect = names.iter().map(|name| fixture.login(name, "wrong"));
    let correct = futures_util::future::join_all(correct);
    let (correct, incorrect) = tokio::join!(correct, futures_util::future::join_all(incorrect));
    for answers in [correct, incorrect] {
        for (answer, name) in answers.iter().zip(names) {
            assert_unavailable(answer, name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_ledger_is_an_outage_for_everybody() {
    let fixture = Fixture::new(&["ada", "old"], 1000).await;
    assert_eq!(fixture.sign_in_status("old").await, 200);
    let mut holder = fixture.database("ledger.db").await;
    execute(&mut holder, "BEGIN EXCLUSIVE").await;
    assert_all_unavailable(&fixture, &["ada", "old", "nobody"]).await;
    assert_eq!(fixture.accounts("ada").await, 0);
    execute(&mut holder, "ROLLBACK").await;
    fixture.wait_for_sign_in("ada").await;
    assert_eq!(
        (
            fixture.sign_in_status("old").await,
            fixture.wrong_password_status("old").await,
            fixture.wrong_password_status("nobody").await
        ),
        (200, 401, 401)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_account_store_still_signs_in_migrated_customers() {
    let fixture = Fixture::new(&["ada", "old"], 1000).await;
    assert_eq!(fixture.sign_in_status("old").await, 200);
    let mut holder = fixture.database("accounts.db").await;
    execute(&mut holder, "BEGIN EXCLUSIVE").await;
    assert_unavailable(&fixture.login("ada", &password("ada")).await, "ada");
    assert_eq!(
        (
            fixture.sign_in_status("old").await,
            fixture.wrong_password_status("old").await,
            fixture.wrong_password_status("ada").await
        ),
        (200, 401, 401)
    );
    execute(&mut holder, "ROLLBACK").await;
    fixture.wait_for_sign_in("ada").await;
}

/// Each table of the ledger rejects new rows in turn, as if that write had failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_success_is_recorded() {
    let fixture = Fixture::new(&["reservations0", "entries0", "audit0", "outbox0", "old"], 1000).await;
    assert_eq!(fixture.sign_in_status("old").await, 200);
    let mut ledger = fixture.database("ledger.db").await;
    for table in ["reservations", "entries", "audit", "outbox"] {
        let name = format!("{table}0");
        let refuse = "BEGIN SELECT RAISE(ABORT, 'no room'); END";
        execute(&mut ledger, &format!("CREATE TRIGGER refuses BEFORE INSERT ON {table} {refuse}")).await;
        assert_unavailable(&fixture.login(&name, &password(&name)).await, &name);
        if matches!(table, "audit" | "outbox") {
            // an accepted reset is in the ledger, and so is its notice
            let asked = fixture.post("/v1/password-reset", &json!({ "identifier": "old" })).await;
            assert_unavailable(&asked, "a reset that cannot be recorded");
        }
        if matches!(table, "reservations" | "audit") {
            assert_all_unavailable(&fixture, &["old", "nobody"]).await;
        }
        let accounts = fixture.accounts(&name).await;
        // rows written after the account was created are settled later
        assert!(accounts == 0 || matches!(table, "audit" | "outbox"), "{table}: {accounts} accounts");
        execute(&mut ledger, "DROP TRIGGER refuses").await;
        fixture.wait_for_sign_in(&name).await;
        assert_eq!((fixture.sign_in_status("old").await, fixture.wrong_password_status("old").await), (200, 401));
        assert_eq!(fixture.post("/v1/password-reset", &json!({ "identifier": "old" })).await.status, 202);
    }
    assert_eq!(landfall(&fixture, &["audit", "verify"]).status.code(), Some(0));
}

fn landfall(fixture: &Fixture, arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_landfall"));
    command.args(arguments).current_dir(fixture.folder.path()).output().expect("the program")
}
