//! Every edit of the audit in the file is detected.

use sqlx::{Connection as _, SqliteConnection};

use super::{SqliteLedger, audit};
use crate::adapters::suites::ledger::{decision, keyring, open};
use crate::ports::{AuditFault, Ledger as _, Reports as _};

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
        let report = audit::verify(&mut edit, &keyring(), &[]).await;
        assert!(report.is_err() || report.unwrap().broken.is_some(), "{sql} was not detected");
        edit.rollback().await.unwrap();
    }
    let report = audit::verify(&mut connection, &keyring(), std::slice::from_ref(&intact.head)).await.unwrap();
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
