//! Every change to the audit is detected.

use sqlx::{Connection as _, SqliteConnection};

use super::check::{Checker, StoredRow};
use super::head::{AuditHead, StoredHead};
use super::record::{record, text};
use super::{AuditFault, AuditFilter};
use crate::adapters::sqlite::SqliteLedger;
use crate::adapters::suites::ledger::{decision, keyring, open};
use crate::ports::{Keyring, Ledger as _};

/// xorshift64*: the same edits in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % bound
    }
}

#[derive(Clone)]
struct Audit {
    rows: Vec<StoredRow>,
    head: Option<StoredHead>,
}

/// An intact audit with the given number of rows.
fn audit(keyring: &Keyring, rows: usize) -> Audit {
    let mut head = AuditHead::default();
    let mut written = Vec::new();
    for at in 0..rows {
        let outcome = if at % 3 == 0 { "migrated" } else { "refused" };
        let text = text(&decision(outcome, i64::try_from(at).unwrap())).unwrap();
        head = AuditHead { number: head.number + 1, chain: keyring.chain(&head.chain, &text) };
        let columns = record(head.number, &text).unwrap().columns();
        let number = i64::try_from(head.number).unwrap();
        written.push(StoredRow { number, columns, text, chain: head.chain.clone() });
    }
    let tag = head.tag(keyring);
    Audit { rows: written, head: Some(StoredHead { head, tag }) }
}

fn check(keyring: &Keyring, audit: &Audit, anchor: &AuditHead) -> Result<AuditHead, AuditFault> {
    let mut checker = Checker::new(keyring, AuditHead::default(), std::slice::from_ref(anchor));
    for row in &audit.rows {
        checker.row(row).map_err(|broken| broken.fault)?;
    }
    checker.end(audit.head.clone()).map_err(|broken| broken.fault)?;
    Ok(checker.report(None).head)
}

/// Changes one character.
fn flip(dice: &mut Dice, text: &mut String) {
    let mut bytes = std::mem::take(text).into_bytes();
    let at = dice.below(bytes.len());
    bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
    *text = String::from_utf8(bytes).unwrap();
}

/// An edit by somebody without the key.
fn edit(dice: &mut Dice, forger: &Keyring, audit: &mut Audit) -> &'static str {
    let (at, other) = (dice.below(audit.rows.len()), dice.below(audit.rows.len()));
    match dice.below(10) {
        0 => {
            flip(dice, &mut audit.rows[at].text);
            "a character of a text"
        }
        1 => {
            flip(dice, &mut audit.rows[at].chain);
            "a character of a digest"
        }
        2 => {
            audit.rows.remove(at);
            "a row removed"
        }
        3 => {
            audit.rows.remove(at);
            (0..).zip(&mut audit.rows).for_each(|(at, row)| row.number = at + 1);
            "a row removed and the others renumbered"
        }
        4 => {
            let other = if at == other { (at + 1) % audit.rows.len() } else { other };
            audit.rows.swap(at, other);
            (0..).zip(&mut audit.rows).for_each(|(at, row)| row.number = at + 1);
            "two rows swapped"
        }
        5 => {
            let row = audit.rows[other].clone();
            audit.rows.insert(at, row);
            (0..).zip(&mut audit.rows).for_each(|(at, row)| row.number = at + 1);
            "a copy inserted"
        }
        6 => {
            forge(forger, audit, at);
            "a text changed and all later digests recomputed with another key"
        }
        7 => {
            audit.rows.truncate(at);
            "the end cut off"
        }
        8 => {
            audit.rows[at].columns.1.push('x');
            "a column"
        }
        _ => {
            audit.rows.truncate(at);
            let head = audit.rows.last().map_or_else(AuditHead::default, |row| AuditHead {
                number: u64::try_from(row.number).unwrap(),
                chain: row.chain.clone(),
            });
            let tag = head.tag(forger);
            audit.head = Some(StoredHead { head, tag });
            "the end cut off and a head made with another key"
        }
    }
}

fn forge(forger: &Keyring, audit: &mut Audit, from: usize) {
    audit.rows[from].text = text(&decision("authenticated", 77)).unwrap();
    audit.rows[from].columns = record(1, &audit.rows[from].text).unwrap().columns();
    let mut before = if from == 0 { String::new() } else { audit.rows[from - 1].chain.clone() };
    for row in audit.rows.iter_mut().skip(from) {
        row.chain = forger.chain(&before, &row.text);
        before = row.chain.clone();
    }
    let head = AuditHead { number: u64::try_from(audit.rows.len()).unwrap(), chain: before };
    let tag = head.tag(forger);
    audit.head = Some(StoredHead { head, tag });
}

#[test]
fn ten_thousand_edits_are_detected() {
    let (keyring, forger) = (keyring(), Keyring::new(&[9; 32]).unwrap());
    let intact = audit(&keyring, 12);
    let none = AuditHead::default();
    assert_eq!(check(&keyring, &intact, &none).unwrap(), intact.head.clone().unwrap().head);
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    for _ in 0..10_000 {
        let mut edited = intact.clone();
        let description = edit(&mut dice, &forger, &mut edited);
        assert!(check(&keyring, &edited, &none).is_err(), "{description} was not detected");
    }
}

#[test]
fn an_earlier_state_is_detected_with_an_anchor() {
    let keyring = keyring();
    let intact = audit(&keyring, 12);
    for rows in 0..=12 {
        let earlier = audit(&keyring, rows);
        let anchor = earlier.head.clone().unwrap().head;
        assert!(check(&keyring, &intact, &anchor).is_ok(), "an earlier head is part of the chain");
        let latest = &intact.head.as_ref().unwrap().head;
        assert_eq!(check(&keyring, &earlier, latest).is_err(), rows < 12, "{rows}");
        let wrong = AuditHead { number: anchor.number, chain: "0".repeat(32) };
        assert_eq!(check(&keyring, &intact, &wrong).is_err(), rows > 0, "{rows}");
    }
}

/// Edits of the file itself; each is rolled back after the check.
const EDITS: &[&str] = &[
    "UPDATE audit SET text = replace(text, 'refused', 'migrated') WHERE number = 5",
    "UPDATE audit SET chain = '00112233445566778899aabbccddeeff' WHERE number = 12",
    "UPDATE audit SET outcome = 'migrated' WHERE number = 5",
    "UPDATE audit SET reason = 'x' WHERE number = 1",
    "UPDATE audit SET at = at + 1 WHERE number = 3",
    "UPDATE audit SET customer = 'x' WHERE number = 3",
    "DELETE FROM audit WHERE number = 1",
    "DELETE FROM audit WHERE number = 6",
    "DELETE FROM audit WHERE number = 12",
    "DELETE FROM audit WHERE number > 3",
    "DELETE FROM audit",
    "UPDATE audit SET number = number + 100 WHERE number > 6",
    "UPDATE audit SET number = 0 WHERE number = 1",
    "UPDATE audit SET number = -number",
    "UPDATE audit SET count = 2 WHERE number = 3",
    "INSERT INTO audit SELECT 13, at, outcome, reason, subject, customer, text, chain, count FROM audit WHERE number = 12",
    "INSERT INTO meta VALUES ('audit_start', 0, '', '')",
    "INSERT INTO meta SELECT 'audit_start', number, chain, '00' FROM audit WHERE number = 3",
    "INSERT INTO meta SELECT 'audit_start', number, chain, '00' FROM audit WHERE number = 3; DELETE FROM audit WHERE number <= 3",
    "INSERT INTO meta SELECT 'audit_start', number, text, tag FROM meta WHERE name = 'audit'; DELETE FROM audit",
    "DELETE FROM meta WHERE name = 'audit'",
    "UPDATE meta SET number = 11 WHERE name = 'audit'",
    "UPDATE meta SET number = -1 WHERE name = 'audit'",
    "DELETE FROM audit WHERE number = 12; UPDATE meta SET number = 11, text = (SELECT chain FROM audit WHERE number = 11) \
     WHERE name = 'audit'",
];

async fn ledger_of_twelve(folder: &tempfile::TempDir) -> SqliteLedger {
    let ledger = open(folder).await;
    for at in 0..12 {
        ledger.decide(&decision(if at % 3 == 0 { "migrated" } else { "refused" }, at), &[]).await.unwrap();
    }
    ledger
}

async fn raw(folder: &tempfile::TempDir) -> SqliteConnection {
    let path = folder.path().join("ledger.db");
    SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap()
}

#[tokio::test]
async fn edits_of_the_file_are_detected() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_of_twelve(&folder).await;
    let intact = ledger.verify().await.unwrap();
    assert_eq!((intact.head.number, intact.broken), (12, None));
    drop(ledger);
    let mut connection = raw(&folder).await;
    for sql in ["UPDATE audit SET reason = 'x'", "DELETE FROM audit WHERE number = 12"] {
        assert!(sqlx::raw_sql(sql).execute(&mut connection).await.is_err(), "the triggers must reject {sql}");
    }
    sqlx::raw_sql("DROP TRIGGER audit_keeps; DROP TRIGGER audit_holds").execute(&mut connection).await.unwrap();
    for sql in EDITS {
        let mut edit = connection.begin().await.unwrap();
        sqlx::raw_sql(*sql).execute(&mut *edit).await.unwrap();
        let report = super::verify(&mut edit, &keyring(), &[]).await;
        assert!(report.is_err() || report.unwrap().broken.is_some(), "{sql} was not detected");
        edit.rollback().await.unwrap();
    }
    let report = super::verify(&mut connection, &keyring(), std::slice::from_ref(&intact.head)).await.unwrap();
    assert_eq!(report, intact, "every edit was rolled back");
}

#[tokio::test]
async fn an_earlier_file_is_detected_with_an_anchor() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_of_twelve(&folder).await;
    let mut connection = raw(&folder).await;
    let early: (i64, String, String) = sqlx::query_as("SELECT number, text, tag FROM meta WHERE name = 'audit'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    ledger.decide(&decision("migrated", 99), &[]).await.unwrap();
    let anchor = ledger.verify().await.unwrap().head;
    drop(ledger);
    sqlx::raw_sql("DROP TRIGGER audit_holds; DELETE FROM audit WHERE number = 13")
        .execute(&mut connection)
        .await
        .unwrap();
    let sql = "UPDATE meta SET number = ?, text = ?, tag = ? WHERE name = 'audit'";
    sqlx::query(sql).bind(early.0).bind(early.1).bind(early.2).execute(&mut connection).await.unwrap();
    let ledger = open(&folder).await;
    assert_eq!(ledger.verify().await.unwrap().broken, None, "without an anchor it cannot be detected");
    let broken = ledger.verify_with(&[anchor]).await.unwrap().broken.unwrap();
    assert_eq!((broken.number, broken.fault), (13, AuditFault::Anchor));
    assert_eq!(broken.to_string(), "row 13 does not match its anchor");
}

#[tokio::test]
async fn a_gap_stays_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_of_twelve(&folder).await;
    let mut connection = raw(&folder).await;
    sqlx::raw_sql("DROP TRIGGER audit_holds; DELETE FROM audit WHERE number > 10")
        .execute(&mut connection)
        .await
        .unwrap();
    ledger.decide(&decision("migrated", 99), &[]).await.unwrap();
    let report = ledger.verify().await.unwrap();
    assert_eq!(report.head.number, 10);
    assert_eq!(report.broken.unwrap().to_string(), "row 11 is missing");
}

#[tokio::test]
async fn pages_are_ordered_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger_of_twelve(&folder).await;
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
