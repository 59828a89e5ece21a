//! The reports of every ledger that has them.

use std::io::BufReader;
use std::time::Duration;

use jiff::Timestamp;

use super::ledger::{at, decision, keyring, open};
use crate::audit::read_segment;
use crate::ports::{
    Abandon, AccountLookup, AccountState, AuditFault, AuditFilter, AuditHead, Claim, ClaimAnswer, Decision,
    DecisionReason, EntryFilter, EntryPage, EntryState, ExportError, Finish, Ledger, Left, LegacyKey, OutcomeCount,
    Refusal, Reports, SegmentReport, TargetId,
};

/// A ledger with its reports: what the one writes, the other shows.
pub(in crate::adapters) trait WithReports: Ledger + Reports {}

impl<L: Ledger + Reports> WithReports for L {}

macro_rules! every_report {
    ($($case:ident)*) => {
        mod in_a_file {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::$case(&super::open(&folder).await).await;
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
    the_summary_counts_customers_and_decisions
    entries_are_found_page_by_page
    pages_of_the_audit_begin_with_the_newest_row
    exported_rows_are_removed_and_stay_counted
    only_rows_of_this_ledger_are_removed
}

/// Decides at these seconds; every third decision is a migration.
async fn decide(ledger: &dyn WithReports, from: i64, to: i64) {
    for second in from..to {
        let outcome = if second % 3 == 0 { "migrated" } else { "refused" };
        ledger.decide(&decision(outcome, second), &[]).await.unwrap();
    }
}

/// Seconds per day.
pub(super) const DAY: i64 = 86_400;

pub(super) fn key(id: &str) -> LegacyKey {
    LegacyKey { source: "shop".into(), id: id.into() }
}

pub(super) async fn claim(ledger: &dyn WithReports, id: &str, seconds: i64, verified_at: Option<Timestamp>) -> u64 {
    let claim = Claim {
        key: key(id),
        logins: Vec::new(),
        lookup: AccountLookup::Login,
        external_id: keyring().external_id(&key(id)),
        rules: if seconds < DAY { "r1".into() } else { "r2".into() },
        claimed_at: at(seconds),
        verified_at,
        creating_at: at(seconds),
        lease: Duration::from_secs(10),
    };
    match ledger.claim(&claim).await.unwrap() {
        ClaimAnswer::Granted(grant) => grant.token,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn migrate(ledger: &dyn WithReports, id: &str, seconds: i64, verified_at: Option<Timestamp>) {
    let finish = Finish {
        key: key(id),
        token: claim(ledger, id, seconds, verified_at).await,
        account: TargetId(format!("account of {id}")),
        state: if verified_at.is_some() { AccountState::Active } else { AccountState::Pending },
        created_at: at(seconds),
        tags: vec!["vip".into()],
        decision: decision("migrated", seconds),
        events: Vec::new(),
    };
    ledger.finish(&finish).await.unwrap();
}

/// Customers in every state, and a few decisions.
async fn fill(ledger: &dyn WithReports) {
    migrate(ledger, "1", 0, Some(at(0))).await;
    migrate(ledger, "2", 5, Some(at(5))).await;
    migrate(ledger, "3", DAY, Some(at(DAY))).await;
    migrate(ledger, "4", DAY, None).await;
    claim(ledger, "5", DAY, Some(at(DAY))).await;
    claim(ledger, "6", 2 * DAY, Some(at(DAY))).await;
    let token = claim(ledger, "7", DAY, Some(at(DAY))).await;
    ledger.abandon(&Abandon { key: key("7"), token, left: Left::AsBefore }).await.unwrap();
    migrate(ledger, "8", DAY, Some(at(DAY))).await;
    ledger.bury(&key("8"), &[], at(DAY)).await.unwrap();
    let refused = |refusal| ("refused", DecisionReason::Refused(refusal));
    for (outcome, reason) in [
        ("authenticated", DecisionReason::None),
        refused(Refusal::Unknown),
        refused(Refusal::Unknown),
        refused(Refusal::WrongPassword),
        ("denied_by_rule", DecisionReason::Rule("minor".into())),
        ("conflict", DecisionReason::None),
        ("legacy_unavailable", DecisionReason::None),
        ("legacy_unavailable", DecisionReason::None),
    ] {
        ledger.decide(&Decision { reason, ..decision(outcome, DAY) }, &[]).await.unwrap();
    }
}

async fn the_summary_counts_customers_and_decisions(ledger: &dyn WithReports) {
    let empty = ledger.summary(at(0)).await.unwrap();
    assert_eq!((empty.migrated, empty.first_at, empty.per_day.len()), (0, None, 0));
    fill(ledger).await;
    let summary = ledger.summary(at(2 * DAY)).await.unwrap();
    assert_eq!((summary.migrated, summary.pending, summary.authenticated), (3, 1, 1));
    assert_eq!((summary.creating, summary.overdue, summary.abandoned, summary.buried), (2, 1, 1, 1));
    let rendered = |counts: &[OutcomeCount]| -> Vec<String> {
        counts.iter().map(|count| format!("{} {} {}", count.count, count.outcome, count.reason)).collect()
    };
    let refused = ["2 refused unknown", "1 denied_by_rule minor", "1 refused wrong_password"];
    assert_eq!(rendered(&summary.refused), refused);
    assert_eq!(rendered(&summary.failed), ["2 legacy_unavailable ", "1 conflict "]);
    assert_eq!((summary.first_at, summary.last_at), (Some(at(0)), Some(at(DAY))));
    let days: Vec<_> = summary.per_day.iter().map(|(day, count)| format!("{day} {count}")).collect();
    assert_eq!(days, ["2026-03-01 2", "2026-03-02 1"]);
    assert_eq!(summary.events, 0);
}

async fn entries_are_found_page_by_page(ledger: &dyn WithReports) {
    fill(ledger).await;
    let ids = async |filter: EntryFilter, after: Option<&str>, limit| -> String {
        let page = EntryPage { after: after.map(key), limit };
        let found = ledger.entries(filter, page).await.unwrap();
        found.into_iter().map(|report| report.entry.key.id).collect()
    };
    let all = EntryFilter::default();
    assert_eq!(ids(all.clone(), None, 5).await, "12345");
    assert_eq!(ids(all.clone(), Some("5"), 5).await, "678");
    assert_eq!(ids(EntryFilter { rules: Some("r1".into()), ..all.clone() }, None, 9).await, "12");
    assert_eq!(ids(EntryFilter { since: Some(at(DAY + 1)), ..all.clone() }, None, 9).await, "6");
    assert_eq!(ids(EntryFilter { state: Some(EntryState::Done), ..all.clone() }, Some("1"), 9).await, "234");
    let account = EntryFilter { account: Some(TargetId("account of 3".into())), ..all.clone() };
    assert_eq!(ids(account, None, 9).await, "3");
    let first = ledger.entries(all, EntryPage { after: None, limit: 1 }).await.unwrap().remove(0);
    assert_eq!(first.tags, ["vip"]);
    assert_eq!(Some(first.entry), ledger.entry(&key("1")).await.unwrap());
}

async fn pages_of_the_audit_begin_with_the_newest_row(ledger: &dyn WithReports) {
    decide(ledger, 0, 12).await;
    let mut other = decision("refused", 50);
    other.subject = "other".into();
    other.customer = Some("customer".into());
    ledger.decide(&other, &[]).await.unwrap();
    let numbers = async |filter: AuditFilter, limit| -> Vec<u64> {
        ledger.audit(filter, limit).await.unwrap().into_iter().map(|record| record.number).collect()
    };
    let all = AuditFilter::default();
    assert_eq!(numbers(all.clone(), 3).await, [13, 12, 11]);
    assert_eq!(numbers(AuditFilter { before: Some(11), ..all.clone() }, 2).await, [10, 9]);
    let migrated = AuditFilter { outcome: Some("migrated".into()), ..all.clone() };
    assert_eq!(numbers(migrated, 99).await, [10, 7, 4, 1]);
    let customer = AuditFilter { customer: Some("customer".into()), ..all.clone() };
    assert_eq!(numbers(customer.clone(), 99).await, [13]);
    let either = AuditFilter { subject: Some("subject".into()), ..customer };
    assert_eq!(numbers(either, 2).await, [13, 12]);
    let record = ledger.audit(all, 1).await.unwrap().remove(0);
    assert_eq!((record.at, record.customer.as_deref(), record.micros), (other.at, Some("customer"), 1500));
}

/// Exports the rows before a second.
async fn export(ledger: &dyn WithReports, before: i64) -> SegmentReport {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (start, head) = ledger.export_audit(at(before), Box::new(file.reopen().unwrap())).await.unwrap();
    let segment = read_segment(&mut BufReader::new(file.reopen().unwrap()), &keyring(), &[]).unwrap();
    assert_eq!((&segment.start, &segment.head, segment.broken), (&start, &head, None));
    segment
}

async fn exported_rows_are_removed_and_stay_counted(ledger: &dyn WithReports) {
    decide(ledger, 0, 6).await;
    let old = ledger.audit_head().await.unwrap();
    decide(ledger, 6, 12).await;
    let (whole, counts) = (ledger.verify().await.unwrap(), ledger.summary(at(0)).await.unwrap());
    let segment = export(ledger, 7).await;
    assert_eq!((segment.start.number, segment.head.number), (0, 7));
    assert_eq!(ledger.verify().await.unwrap(), whole, "an export changes nothing");
    assert_eq!(ledger.remove_exported(&segment).await.unwrap(), 7);
    assert_eq!(ledger.remove_exported(&segment).await.unwrap(), 0, "nothing is left to remove");
    let report = ledger.verify_with(&[old.clone(), segment.head.clone(), whole.head.clone()]).await.unwrap();
    assert_eq!((&report.start, &report.head, report.broken), (&segment.head, &whole.head, None));
    assert_eq!(report.exported, [old], "only the segment can verify it");
    assert_eq!(ledger.summary(at(0)).await.unwrap(), counts);
    decide(ledger, 12, 14).await;
    let next = export(ledger, 99).await;
    assert_eq!((next.start, next.head.number), (segment.head, 14), "the next segment continues the first one");
}

async fn only_rows_of_this_ledger_are_removed(ledger: &dyn WithReports) {
    decide(ledger, 0, 12).await;
    let segment = export(ledger, 6).await;
    let broken =
        SegmentReport { broken: read_segment(&mut &b""[..], &keyring(), &[]).unwrap().broken, ..segment.clone() };
    assert!(matches!(ledger.remove_exported(&broken).await, Err(ExportError::Broken(_))));
    let gap = SegmentReport { start: AuditHead { number: 2, chain: "0".repeat(32) }, ..segment.clone() };
    assert!(matches!(ledger.remove_exported(&gap).await, Err(ExportError::Gap(2, 0))));
    let foreign = SegmentReport { head: AuditHead { chain: "0".repeat(32), ..segment.head.clone() }, ..segment };
    assert!(matches!(ledger.remove_exported(&foreign).await, Err(ExportError::Foreign(6))));
    let wrong = AuditHead { number: 3, chain: "0".repeat(32) };
    let report = ledger.verify_with(&[wrong]).await.unwrap();
    assert_eq!((report.start.number, report.broken.unwrap().fault), (0, AuditFault::Anchor), "nothing was removed");
}
