//! What every ledger with reports knows of the use of the legacy systems, and of customers who are stuck.

use std::collections::BTreeMap;

use super::ledger::{at, decision, event};
use super::reports::{DAY, WithReports, claim, key, migrate};
use crate::ports::{
    Abandon, Decision, DecisionOutcome, DecisionReason, EventKind, Left, LegacyKey, MigratedCustomer, Operation,
    Refusal, SystemUse, TargetId,
};

macro_rules! every_report {
    ($($case:ident)*) => {
        mod in_a_file {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::$case(&super::super::ledger::open(&folder).await).await;
            })*
        }
        #[cfg(feature = "postgres")]
        mod in_postgres {
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL; run tests/run"]
            async fn $case() {
                super::$case(&crate::adapters::suites::postgres::ledger().await).await;
            })*
        }
    };
}

every_report! {
    entries_of_a_source_are_found_by_their_ids
    calls_are_counted_by_source
    accounts_without_a_password_are_told_apart
    write_backs_are_counted_by_source
    a_customer_is_stuck_once_for_the_last_reason
    customers_with_an_account_are_not_stuck
    a_new_password_is_waited_for_until_it_is_set
}

async fn entries_of_a_source_are_found_by_their_ids(ledger: &dyn WithReports) {
    migrate(ledger, "1", 0, Some(at(0))).await;
    migrate(ledger, "2", 0, None).await;
    migrate(ledger, "3", 0, Some(at(0))).await;
    let found = async |source: &str, ids: &[&str]| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let mut entries = ledger.entries_of(source.to_owned(), ids).await.unwrap();
        entries.sort_by(|one, other| one.key.id.cmp(&other.key.id));
        entries
    };
    let ids = |entries: Vec<crate::ports::Entry>| entries.into_iter().map(|entry| entry.key.id).collect::<Vec<_>>();
    assert_eq!(ids(found("shop", &["2", "9", "1", "' OR 1=1 --"]).await), ["1", "2"]);
    assert_eq!(ids(found("other", &["1"]).await), [""; 0], "the same id in another source is another customer");
    assert_eq!(ids(found("shop", &[]).await), [""; 0]);
    assert_eq!(found("shop", &["1"]).await.pop(), crate::ports::Ledger::entry(ledger, &key("1")).await.unwrap());
    let many: Vec<String> = (0..5000).map(|id| id.to_string()).collect();
    assert_eq!(ledger.entries_of("shop".into(), many).await.unwrap().len(), 3);
}

/// A decision about a customer.
fn about(customer: &str, outcome: DecisionOutcome, reason: DecisionReason, seconds: i64) -> Decision {
    Decision { outcome, reason, customer: Some(customer.to_owned()), ..decision("refused", seconds) }
}

fn refused(refusal: Refusal) -> (DecisionOutcome, DecisionReason) {
    (DecisionOutcome::Refused, DecisionReason::Refused(refusal))
}

async fn decide(ledger: &dyn WithReports, decisions: impl IntoIterator<Item = Decision>) {
    for decision in decisions {
        ledger.decide(&decision, &[]).await.unwrap();
    }
}

async fn calls_are_counted_by_source(ledger: &dyn WithReports) {
    let empty = ledger.legacy_use(at(0)).await.unwrap();
    assert_eq!((empty.audit_since, empty.requests, empty.systems.len()), (None, 0, 0));
    let of = |source: Option<&str>, decision: Decision| Decision { source: source.map(str::to_owned), ..decision };
    let unknown =
        |seconds| Decision { reason: DecisionReason::Refused(Refusal::Unknown), ..decision("refused", seconds) };
    let wrong = |seconds| {
        let (outcome, reason) = refused(Refusal::WrongPassword);
        about("c1", outcome, reason, seconds)
    };
    decide(
        ledger,
        [
            of(Some("shop"), wrong(0)),
            of(Some("club"), wrong(5)),
            of(Some("shop"), unknown(DAY)),
            of(Some("shop"), Decision { count: 9, ..unknown(DAY + 1) }),
            of(Some("shop"), Decision { outcome: DecisionOutcome::Free, ..decision("refused", DAY + 2) }),
            of(Some("shop"), decision("legacy_unavailable", DAY + 3)),
            of(Some("shop"), wrong(DAY + 4)),
            of(None, decision("authenticated", DAY + 5)),
            // names a source, and asks none
            of(
                Some("shop"),
                Decision {
                    operation: Operation::Operator,
                    ..about("c1", DecisionOutcome::Undone, DecisionReason::None, DAY + 6)
                },
            ),
        ],
    )
    .await;
    let found = ledger.legacy_use(at(DAY)).await.unwrap();
    assert_eq!((found.audit_since, found.requests), (Some(at(0)), 14));
    let club = SystemUse { source: "club".into(), last_call: Some(at(5)), ..SystemUse::default() };
    let shop = SystemUse {
        source: "shop".into(),
        calls: 2,
        unknown: 11,
        last_call: Some(at(DAY + 4)),
        ..SystemUse::default()
    };
    assert_eq!(found.systems, [club, shop]);
}

async fn accounts_without_a_password_are_told_apart(ledger: &dyn WithReports) {
    migrate(ledger, "1", 0, Some(at(0))).await;
    migrate(ledger, "2", 0, None).await;
    migrate(ledger, "3", 0, None).await;
    claim(ledger, "4", 0, Some(at(0))).await;
    let token = claim(ledger, "5", 0, Some(at(0))).await;
    ledger.abandon(&Abandon { key: key("5"), token, left: Left::AsBefore }).await.unwrap();
    // the target refused the legacy password of the third one
    let account = Some((TargetId("account of 3".into()), None));
    let without = about("c3", DecisionOutcome::MigratedMustChangePassword, DecisionReason::PasswordPolicy, 1);
    decide(ledger, [Decision { account: account.clone(), ..without }]).await;
    let use_of = async || {
        let system = ledger.legacy_use(at(0)).await.unwrap().systems.remove(0);
        (system.migrated, system.pending, system.legacy_passwords, system.open, system.abandoned)
    };
    assert_eq!(use_of().await, (1, 1, 1, 1, 1));
    assert_eq!(stuck(ledger).await, ["1 migrated_must_change_password password_policy"]);
    let set = Decision { operation: Operation::PasswordSet, account, source: None, ..decision("set", 2) };
    decide(ledger, [set]).await;
    assert_eq!(use_of().await, (2, 1, 0, 1, 1), "a password was set");
    assert_eq!(stuck(ledger).await, [""; 0]);
}

async fn write_backs_are_counted_by_source(ledger: &dyn WithReports) {
    let told = |source: &str, id: &str| {
        let key = LegacyKey { source: source.into(), id: id.into() };
        let customer = MigratedCustomer { key, at: at(0), kept: BTreeMap::new() };
        crate::ports::Event { customer: Some(customer), ..event(EventKind::WriteBack, 0) }
    };
    let events = [told("shop", "1"), told("club", "1"), told("shop", "2"), event(EventKind::Migrated, 0)];
    ledger.decide(&Decision { source: None, ..decision("authenticated", 0) }, &events).await.unwrap();
    let found = ledger.legacy_use(at(0)).await.unwrap().systems;
    let counts: Vec<_> = found.iter().map(|system| (system.source.as_str(), system.write_backs)).collect();
    assert_eq!(counts, [("club", 1), ("shop", 2)]);
}

async fn stuck(ledger: &dyn WithReports) -> Vec<String> {
    let stuck = ledger.stuck().await.unwrap();
    stuck.into_iter().map(|stuck| format!("{} {} {}", stuck.customers, stuck.outcome, stuck.reason)).collect()
}

async fn a_customer_is_stuck_once_for_the_last_reason(ledger: &dyn WithReports) {
    assert_eq!(stuck(ledger).await, [""; 0]);
    let invalid =
        |customer: &str, seconds| about(customer, DecisionOutcome::InvalidRecord, DecisionReason::None, seconds);
    let with = |customer: &str, refusal, seconds| {
        let (outcome, reason) = refused(refusal);
        about(customer, outcome, reason, seconds)
    };
    let denied = |customer: &str, seconds| {
        about(customer, DecisionOutcome::DeniedByRule, DecisionReason::Rule("minor".into()), seconds)
    };
    decide(ledger, [invalid("a", 0), invalid("a", 1), invalid("b", 2), denied("b", 3), invalid("c", 4)]).await;
    // mistyped once, and often
    decide(ledger, [with("d", Refusal::WrongPassword, 5)]).await;
    decide(ledger, (6..9).map(|second| with("e", Refusal::WrongPassword, second))).await;
    decide(ledger, [Decision { count: 20, ..with("f", Refusal::Attempts, 9) }, with("g", Refusal::Deleted, 10)]).await;
    // nobody knows whom it is about
    decide(ledger, [decision("conflict", 11)]).await;
    let wanted = ["2 invalid_record ", "1 denied_by_rule minor", "1 refused attempts", "1 refused wrong_password"];
    assert_eq!(stuck(ledger).await, wanted);
}

async fn customers_with_an_account_are_not_stuck(ledger: &dyn WithReports) {
    let conflict = |customer: &str, seconds| about(customer, DecisionOutcome::Conflict, DecisionReason::None, seconds);
    let other = |customer: &str, outcome, reason, seconds| about(customer, outcome, reason, seconds);
    use DecisionOutcome::{Created, Migrated, Undone};
    decide(
        ledger,
        [
            conflict("a", 0),
            other("a", Migrated, DecisionReason::None, 1),
            // a second login name of a migrated customer
            conflict("b", 2),
            other("b", Migrated, DecisionReason::None, 3),
            conflict("b", 4),
            other("c", Created, DecisionReason::None, 5),
            conflict("c", 6),
            // no password yet, so the legacy one still counts
            other("d", Created, DecisionReason::MadePending, 7),
            conflict("d", 8),
            other("e", Migrated, DecisionReason::None, 9),
            other("e", Undone, DecisionReason::None, 10),
        ],
    )
    .await;
    assert_eq!(stuck(ledger).await, ["1 conflict "]);
    decide(ledger, [conflict("e", 11)]).await;
    assert_eq!(stuck(ledger).await, ["2 conflict "], "what was undone does not count any more");
}

async fn a_new_password_is_waited_for_until_it_is_set(ledger: &dyn WithReports) {
    let with = |outcome, account: &str, seconds| Decision {
        account: Some((TargetId(account.into()), None)),
        ..about(account, outcome, DecisionReason::None, seconds)
    };
    use DecisionOutcome::{Deleted, MigratedMustChangePassword as MustChange, Set};
    decide(ledger, ["a", "b", "c"].map(|account| with(MustChange, account, 0))).await;
    assert_eq!(stuck(ledger).await, ["3 migrated_must_change_password "]);
    decide(ledger, [with(Set, "a", 1), with(Deleted, "c", 2)]).await;
    assert_eq!(stuck(ledger).await, ["1 migrated_must_change_password "]);
}
