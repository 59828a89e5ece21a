//! The ledger or the account store cannot be written: no success without a record, and no record without its account.

use serde_json::json;

use super::house::{House, assert_unavailable, execute, password};

/// Sign-ins at the same time: each of them waits for the lock as long as the service does.
async fn nobody_is_told_anything(house: &House, names: &[&str]) {
    let passwords: Vec<String> = names.iter().map(|name| password(name)).collect();
    let rights = names.iter().zip(&passwords).map(|(name, password)| house.login(name, password));
    let wrongs = names.iter().map(|name| house.login(name, "wrong"));
    let rights = futures_util::future::join_all(rights);
    let (rights, wrongs) = tokio::join!(rights, futures_util::future::join_all(wrongs));
    for answers in [rights, wrongs] {
        for (answer, name) in answers.iter().zip(names) {
            assert_unavailable(answer, name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_ledger_is_an_outage_for_everybody() {
    let house = House::new(&["ada", "old"], 1000).await;
    assert_eq!(house.right("old").await, 200);
    let mut holder = house.database("ledger.db").await;
    execute(&mut holder, "BEGIN EXCLUSIVE").await;
    nobody_is_told_anything(&house, &["ada", "old", "nobody"]).await;
    assert_eq!(house.accounts("ada").await, 0);
    execute(&mut holder, "ROLLBACK").await;
    house.lets_in("ada").await;
    assert_eq!((house.right("old").await, house.wrong("old").await, house.wrong("nobody").await), (200, 401, 401));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_account_store_still_lets_in_whom_it_knows() {
    let house = House::new(&["ada", "old"], 1000).await;
    assert_eq!(house.right("old").await, 200);
    let mut holder = house.database("accounts.db").await;
    execute(&mut holder, "BEGIN EXCLUSIVE").await;
    assert_unavailable(&house.login("ada", &password("ada")).await, "ada");
    assert_eq!((house.right("old").await, house.wrong("old").await, house.wrong("ada").await), (200, 401, 401));
    execute(&mut holder, "ROLLBACK").await;
    house.lets_in("ada").await;
}

/// Each table of the ledger refuses new rows, as if that write had failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_success_without_its_record() {
    let house = House::new(&["reservations0", "entries0", "audit0", "outbox0", "old"], 1000).await;
    assert_eq!(house.right("old").await, 200);
    let mut ledger = house.database("ledger.db").await;
    for table in ["reservations", "entries", "audit", "outbox"] {
        let name = format!("{table}0");
        let refuse = "BEGIN SELECT RAISE(ABORT, 'no room'); END";
        execute(&mut ledger, &format!("CREATE TRIGGER refuses BEFORE INSERT ON {table} {refuse}")).await;
        assert_unavailable(&house.login(&name, &password(&name)).await, &name);
        if matches!(table, "audit" | "outbox") {
            // what is accepted is in the ledger, and so is the notice
            let asked = house.post("/v1/password-reset", &json!({ "identifier": "old" })).await;
            assert_unavailable(&asked, "a reset that cannot be recorded");
        }
        if matches!(table, "reservations" | "audit") {
            nobody_is_told_anything(&house, &["old", "nobody"]).await;
        }
        let accounts = house.accounts(&name).await;
        // what is written after the account was made is settled later
        assert!(accounts == 0 || matches!(table, "audit" | "outbox"), "{table}: {accounts} accounts");
        execute(&mut ledger, "DROP TRIGGER refuses").await;
        house.lets_in(&name).await;
        assert_eq!((house.right("old").await, house.wrong("old").await), (200, 401));
        assert_eq!(house.post("/v1/password-reset", &json!({ "identifier": "old" })).await.status, 202);
    }
    assert_eq!(landfall(&house, &["audit", "verify"]).status.code(), Some(0));
}

fn landfall(house: &House, arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_landfall"));
    command.args(arguments).current_dir(house.folder.path()).output().expect("the program")
}
