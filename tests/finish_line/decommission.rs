//! The report says no for each single reason, and yes when all are gone.

use std::fs;
use std::future::Future;

use landfall::ports::{AccountState, Decision, DecisionOutcome, DecisionReason, Operation, Refusal, TargetId};
use sqlx::Connection as _;

use crate::house::{House, decision, unknown};
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
    nothing_keeps_a_system_that_nobody_needs
    a_call_within_the_days_is_a_reason
    too_little_evidence_is_a_reason
    an_open_claim_is_a_reason_until_it_ends
    a_pending_account_is_a_reason_until_it_has_a_password
    a_password_that_is_verified_there_is_a_reason_until_a_new_one_is_set
    a_write_back_is_a_reason_until_it_is_done
    a_remaining_customer_is_a_reason
    a_changed_audit_is_a_reason
    the_report_is_a_page_of_its_own
}

/// A migration that is over: a customer came long ago, and signs in without the legacy system.
async fn over(house: &House) {
    house.decide(decision(DecisionOutcome::Authenticated, 50)).await;
    house.migrate("1", 40).await;
    house.decide(decision(DecisionOutcome::Authenticated, 2)).await;
    house.decide(unknown(1)).await;
}

/// Asserts which conditions are not met.
fn assert_unmet(house: &House, arguments: &[&str], wanted: &[&str]) {
    let (code, unmet, report) = house.decommission(arguments);
    assert_eq!(unmet, wanted, "{report:#}");
    assert_eq!(
        (code, report["can_be_switched_off"].as_bool()),
        (Some(i32::from(!wanted.is_empty())), Some(wanted.is_empty()))
    );
}

/// Asserts that something is the only reason, and that there is none any more once it is put right.
async fn only<F: Future>(house: &House, reason: &str, arguments: &[&str], put_right: F) {
    assert_unmet(house, arguments, &[reason]);
    put_right.await;
    assert_unmet(house, arguments, &[]);
}

async fn nothing_keeps_a_system_that_nobody_needs(house: &House) {
    over(house).await;
    assert_unmet(house, &[], &[]);
    let (_, _, report) = house.decommission(&[]);
    assert_eq!(
        report["checks"][0]["evidence"].as_str().unwrap().split(", the last").next(),
        Some("none of 2 requests needed it")
    );
    assert_eq!((&report["systems"][0]["unknown"], &report["systems"][0]["migrated"]), (&1.into(), &1.into()));
    assert_eq!(report["checks"][5]["result"], "not_checked");
    let text = house.landfall(&["decommission"], "").out;
    assert!(text.starts_with("the legacy system `shop` can be switched off\n"), "{text}");
}

async fn a_call_within_the_days_is_a_reason(house: &House) {
    over(house).await;
    let reason = DecisionReason::Refused(Refusal::WrongPassword);
    house.decide(house.about("2", DecisionOutcome::Refused, reason, 10)).await;
    assert_unmet(house, &[], &["calls"]);
    assert_unmet(house, &["--days", "9"], &[]);
    house.decide(Decision { source: Some("shop".into()), ..decision(DecisionOutcome::LegacyUnavailable, 5) }).await;
    assert_unmet(house, &["--days", "9"], &["calls"]);
}

async fn too_little_evidence_is_a_reason(house: &House) {
    assert_unmet(house, &[], &["calls"]);
    house.migrate("1", 40).await;
    // nobody has signed in, so that nobody knows whether they could
    assert_unmet(house, &[], &["calls"]);
    house.decide(decision(DecisionOutcome::Authenticated, 2)).await;
    assert_unmet(house, &[], &[]);
    // the audit begins later
    assert_unmet(house, &["--days", "60"], &["calls"]);
}

async fn an_open_claim_is_a_reason_until_it_ends(house: &House) {
    over(house).await;
    let token = house.claim("2", 40, true).await;
    only(house, "claims", &[], house.finish("2", token, 40, AccountState::Active)).await;
}

async fn a_pending_account_is_a_reason_until_it_has_a_password(house: &House) {
    over(house).await;
    let token = house.claim("2", 40, false).await;
    house.finish("2", token, 40, AccountState::Pending).await;
    only(house, "pending", &[], set_password(house, "2")).await;
}

async fn a_password_that_is_verified_there_is_a_reason_until_a_new_one_is_set(house: &House) {
    over(house).await;
    let token = house.claim("2", 40, true).await;
    house.finish("2", token, 40, AccountState::Pending).await;
    let must_change = DecisionOutcome::MigratedMustChangePassword;
    house.decide(house.about("2", must_change, DecisionReason::PasswordPolicy, 40)).await;
    only(house, "passwords", &[], set_password(house, "2")).await;
}

async fn set_password(house: &House, id: &str) {
    let account = Some((TargetId(format!("account of {id}")), None));
    let set = Decision { operation: Operation::PasswordSet, account, ..decision(DecisionOutcome::Set, 1) };
    house.decide(set).await;
}

async fn a_write_back_is_a_reason_until_it_is_done(house: &House) {
    over(house).await;
    house.tell("1").await;
    assert_unmet(house, &[], &["write_backs"]);
    execute(house, "DELETE FROM {}outbox").await;
    assert_unmet(house, &[], &[]);
}

async fn a_remaining_customer_is_a_reason(house: &House) {
    over(house).await;
    let file = |customers: &[usize]| {
        let lines: String = customers.iter().map(|number| format!("{}\n", customer(*number))).collect();
        fs::write(house.shop.path("users.ndjson"), lines).unwrap();
    };
    let with_export = ["--in", "users.ndjson"];
    file(&[1, 2]);
    assert_unmet(house, &with_export, &["customers"]);
    let customers = house.decommission(&with_export).2["customers"].clone();
    assert_eq!((&customers["remaining"], &customers["migrated"]), (&1.into(), &1.into()));
    only(house, "customers", &with_export, house.migrate("2", 40)).await;
    // who was last active long ago does not count, if that is asked for
    let mut dormant = customer(3);
    dormant["seen"] = "2001-02-03".into();
    fs::write(house.shop.path("users.ndjson"), format!("{}\n{dormant}\n", customer(1))).unwrap();
    assert_unmet(house, &["--in", "users.ndjson", "--active", "$.seen"], &["customers"]);
    assert_unmet(house, &["--in", "users.ndjson", "--active", "$.seen", "--dormant-after", "2y"], &[]);
    // neither an empty export nor an unreadable record proves anything
    file(&[]);
    assert_unmet(house, &with_export, &["customers"]);
    fs::write(house.shop.path("users.ndjson"), format!("{}\n{{\"login\":\"x\"}}\n", customer(1))).unwrap();
    assert_unmet(house, &with_export, &["customers"]);
}

async fn a_changed_audit_is_a_reason(house: &House) {
    over(house).await;
    execute(house, "UPDATE {}audit SET text = REPLACE(text, 'subject', 'another') WHERE number = 2").await;
    assert_unmet(house, &[], &["audit"]);
    execute(house, "UPDATE {}audit SET text = REPLACE(text, 'another', 'subject') WHERE number = 2").await;
    assert_unmet(house, &[], &[]);
}

/// Changes the ledger behind its back; `{}` is what the names of its tables begin with.
async fn execute(house: &House, sql: &'static str) {
    let sql = sqlx::AssertSqlSafe(sql.replace("{}", if house.url.starts_with("sqlite:") { "" } else { "landfall_" }));
    if house.url.starts_with("sqlite:") {
        let mut connection = sqlx::SqliteConnection::connect(&house.url).await.unwrap();
        sqlx::raw_sql("DROP TRIGGER IF EXISTS audit_keeps").execute(&mut connection).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        return;
    }
    #[cfg(feature = "postgres")]
    {
        let mut connection = sqlx::PgConnection::connect(&house.url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }
}

async fn the_report_is_a_page_of_its_own(house: &House) {
    over(house).await;
    house.claim("2", 40, true).await;
    let ended = house.landfall(&["decommission", "--html", "report.html"], "");
    assert_eq!(ended.code, Some(1), "{}", ended.error);
    let page = fs::read_to_string(house.shop.path("report.html")).unwrap();
    assert!(page.contains("<h1>The legacy system shop cannot be switched off yet, for 1 reason</h1>"), "{page}");
    for outside in ["<script", "<link", "<img", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("What to do:"));
    // a name that could be taken for a part of the page
    let settings = fs::read_to_string(house.shop.path("landfall.yaml")).unwrap();
    assert!(settings.contains("name: shop"));
    let to_output = house.landfall(&["decommission", "--html", "-"], "");
    assert!(to_output.out.starts_with("<!doctype html>") && to_output.out.trim_end().ends_with("</html>"));
}
