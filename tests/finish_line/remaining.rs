//! Who has not come yet: ids by default, joined with the ledger by the rules.

use std::fs;

use landfall::ports::{Abandon, AccountState, DecisionOutcome, DecisionReason, Left};
use serde_json::{Value, json};

use crate::house::{House, key};
use crate::support::customer;

macro_rules! every_ledger {
    ($($case:ident)*) => {
        mod in_files {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&crate::house::House::in_files().await).await;
            })*
        }
        #[cfg(feature = "postgres")]
        mod in_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs PostgreSQL; run tests/run"]
            async fn $case() {
                super::$case(&crate::house::House::in_postgres().await).await;
            })*
        }
    };
}

every_ledger! {
    remaining_customers_are_listed_in_the_order_of_the_export
    many_customers_are_looked_up_in_batches
    cohorts_are_counted_by_the_month_of_the_last_activity
    what_cannot_be_compared_is_said
}

fn with(number: usize, member: &str, value: Value) -> Value {
    let mut customer = customer(number);
    customer[member] = value;
    customer
}

fn write(house: &House, customers: &[Value]) {
    let lines: String = customers.iter().map(|customer| format!("{customer}\n")).collect();
    fs::write(house.shop.path("users.ndjson"), lines).unwrap();
}

/// Customers in every state.
async fn fill(house: &House) {
    house.migrate("1", 3).await;
    let token = house.claim("2", 3, false).await;
    house.finish("2", token, 3, AccountState::Pending).await;
    let token = house.claim("3", 3, true).await;
    let abandon = Abandon { key: key("3"), token, left: Left::AsBefore };
    house.ledger.ledger.abandon(&abandon).await.unwrap();
    house.migrate("4", 3).await;
    house.ledger.ledger.bury(&key("4"), &[], crate::house::days_ago(2)).await.unwrap();
    write(
        house,
        &[
            with(0, "seen", json!("2001-01-01")),
            customer(1),
            with(2, "seen", json!(crate::house::days_ago(1).to_string())),
            with(3, "seen", json!("never")),
            customer(4),
            with(5, "state", json!("blocked")),
            with(6, "state", json!("locked")),
            with(7, "mail", json!("broken")),
        ],
    );
}

async fn remaining_customers_are_listed_in_the_order_of_the_export(house: &House) {
    fill(house).await;
    let list = |more: &[&str]| {
        let arguments = [&["remaining", "--in", "users.ndjson", "--active", "$.seen"], more].concat();
        let ended = house.landfall(&arguments, "");
        assert_eq!(ended.code, Some(0), "{}", ended.error);
        ended
    };
    let all = list(&[]);
    let columns = |out: &str| {
        let rows: Vec<String> = out.lines().map(|row| row.split(',').take(4).collect::<Vec<_>>().join(" ")).collect();
        rows
    };
    let wanted = [
        "source id state activity",
        "shop 0 never dormant",
        "shop 2 pending active",
        "shop 3 unfinished unknown",
        "shop 7 invalid unknown",
    ];
    assert_eq!(columns(&all.out), wanted);
    assert!(!all.out.contains('@'), "no claims unless they are asked for");
    let wanted = "8 records: 4 remaining customers (1 active, 1 dormant, 2 unknown), 4 listed\n\
                  by state: 1 migrated, 1 deleted, 2 excluded, 1 never, 1 pending, 1 unfinished, 1 invalid\n";
    assert_eq!(all.error, wanted);
    assert_eq!(columns(&list(&["--activity", "dormant", "--activity", "active"]).out), wanted_rows(&[0, 2]));
    assert_eq!(columns(&list(&["--state", "invalid"]).out), ["source id state activity", "shop 7 invalid unknown"]);
    assert_eq!(columns(&list(&["--dormant-after", "2000-01-01", "--activity", "active"]).out).len(), 3);
    let lines = list(&["--format", "ndjson", "--claim", "email.value", "--state", "never"]);
    let line: Value = serde_json::from_str(&lines.out).unwrap();
    let wanted = json!({
        "source": "shop", "id": "0", "state": "never", "activity": "dormant", "last_active": "2001-01-01T00:00:00Z",
        "email.value": "customer0@example.org",
    });
    assert_eq!(line, wanted);
    assert!(lines.out.starts_with(r#"{"source":"shop","id":"0","#), "in the order of the columns: {}", lines.out);
}

fn wanted_rows(ids: &[usize]) -> Vec<String> {
    let rows = ["shop 0 never dormant", "", "shop 2 pending active"];
    std::iter::once("source id state activity").chain(ids.iter().map(|id| rows[*id])).map(str::to_owned).collect()
}

async fn many_customers_are_looked_up_in_batches(house: &House) {
    for id in (0..2000).step_by(97) {
        house.migrate(&id.to_string(), 1).await;
    }
    write(house, &(0..2000).map(customer).collect::<Vec<_>>());
    let ended = house.landfall(&["remaining", "--in", "users.ndjson", "--out", "list.ndjson"], "");
    assert_eq!(ended.code, Some(0), "{}", ended.error);
    let list = fs::read_to_string(house.shop.path("list.ndjson")).unwrap();
    let id =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().parse::<usize>().unwrap();
    let ids: Vec<usize> = list.lines().map(id).collect();
    let wanted: Vec<usize> = (0..2000).filter(|id| id % 97 != 0).collect();
    assert_eq!(ids, wanted, "in the order of the export");
    // the list may contain personal data
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(house.shop.path("list.ndjson")).unwrap().permissions().mode() & 0o777, 0o600);
}

async fn cohorts_are_counted_by_the_month_of_the_last_activity(house: &House) {
    fill(house).await;
    write(
        house,
        &[
            with(1, "seen", json!("2024-05-31T23:59:59Z")),
            with(8, "seen", json!(1_714_608_000)),
            with(9, "seen", json!("2024-06-01 00:00:00")),
            customer(10),
        ],
    );
    let invalid = DecisionOutcome::InvalidRecord;
    for day in [3, 2, 1] {
        house.decide(house.about("9", invalid, DecisionReason::None, day)).await;
    }
    let arguments = ["status", "--in", "users.ndjson", "--active", "$.seen", "--format", "json"];
    let ended = house.landfall(&arguments, "");
    assert_eq!(ended.code, Some(0), "{}", ended.error);
    let status: Value = serde_json::from_str(&ended.out).unwrap();
    let months = [("2024-05", 2, 1), ("2024-06", 1, 0)];
    for (at, (month, customers, migrated)) in months.into_iter().enumerate() {
        let cohort = &status["cohorts"][at];
        assert_eq!(cohort["month"], month);
        assert_eq!((&cohort["customers"], &cohort["migrated"]), (&customers.into(), &migrated.into()));
    }
    assert_eq!(
        status["cohorts"][2],
        json!({ "month": null, "customers": 1, "migrated": 0, "pending": 0, "invalid": 0, "remaining": 1 })
    );
    assert_eq!(status["of"], 4, "the customers of the export");
    assert_eq!(status["stuck"], json!([{ "outcome": "invalid_record", "reason": "", "customers": 1 }]));
}

async fn what_cannot_be_compared_is_said(house: &House) {
    let text = format!("{}\nnot json\n{{\"login\":\"x\",\"mail\":\"x@example.org\"}}\n[1]\n", customer(1));
    let ended = house.landfall(&["remaining", "--in", "-", "--from", "ndjson"], &text);
    assert_eq!(ended.code, Some(1), "{}", ended.error);
    assert_eq!(ended.out.lines().count(), 2, "{}", ended.out);
    assert!(ended.error.contains("were not compared"), "{}", ended.error);
    write(house, &[customer(1)]);
    for (arguments, wanted) in [
        (&["--source", "club"][..], "there is no source `club`"),
        (&["--claim", "emial"], "the rules make no claim `emial`"),
        (&["--active", "last_seen_at"], "the rules make no claim `last_seen_at`"),
        (&["--active", "$..x"], "write a place in the record"),
        (&["--active", "$.nope"], "no record has a value at `$.nope`, the place of `--active`"),
        (&["--dormant-after", "soon"], "write a time such as `12mo`"),
    ] {
        let ended = house.landfall(&[&["remaining", "--in", "users.ndjson"], arguments].concat(), "");
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(ended.error.contains(wanted), "{arguments:?}: {}", ended.error);
    }
    let missing = house.landfall(&["remaining", "--in", "missing.ndjson", "--out", "list.csv"], "");
    assert_eq!(missing.code, Some(2), "{}", missing.error);
    assert!(!house.shop.path("list.csv").exists());
}
