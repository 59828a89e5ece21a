//! Every edit of the audit in the database is detected.

use sqlx::{Connection as _, PgConnection};

use super::audit;
use crate::adapters::suites::ledger::{decision, keyring};
use crate::adapters::suites::postgres::{ledger_at, new_database};
use crate::ports::{AuditFault, Ledger as _, Reports as _};

/// Edits of the tables; each is rolled back after the check.
const EDITS: &[&str] = &[
    "UPDATE landfall_audit SET text = replace(text, 'refused', 'migrated') WHERE number = 5",
    "UPDATE landfall_audit SET chain = '00112233445566778899aabbccddeeff' WHERE number = 12",
    "UPDATE landfall_audit SET outcome = 'migrated' WHERE number = 5",
    "UPDATE landfall_audit SET reason = 'x' WHERE number = 1",
    "UPDATE landfall_audit SET at = at + 1 WHERE number = 3",
    "UPDATE landfall_audit SET customer = 'x' WHERE number = 3",
    "UPDATE landfall_audit SET count = 2 WHERE number = 3",
    "DELETE FROM landfall_audit WHERE number = 1",
    "DELETE FROM landfall_audit WHERE number = 6",
    "DELETE FROM landfall_audit WHERE number = 12",
    "DELETE FROM landfall_audit",
    "UPDATE landfall_audit SET number = -number",
    "INSERT INTO landfall_audit SELECT 13, at, outcome, reason, subject, customer, count, text, chain FROM landfall_audit \
     WHERE number = 12",
    "INSERT INTO landfall_meta SELECT 'audit_start', number, chain, '00' FROM landfall_audit WHERE number = 3; \
     DELETE FROM landfall_audit WHERE number <= 3",
    "INSERT INTO landfall_meta SELECT 'audit_start', number, chain, tag FROM landfall_head; DELETE FROM landfall_audit",
    "DELETE FROM landfall_head",
    "UPDATE landfall_head SET number = 11",
    "UPDATE landfall_head SET number = -1",
    "DELETE FROM landfall_audit WHERE number = 12; UPDATE landfall_head SET number = 11, \
     chain = (SELECT chain FROM landfall_audit WHERE number = 11)",
];

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn edits_of_the_tables_are_detected() {
    let url = new_database();
    let ledger = ledger_at(&url).await;
    for at in 0..12 {
        ledger.decide(&decision(if at % 3 == 0 { "migrated" } else { "refused" }, at), &[]).await.unwrap();
    }
    let intact = ledger.verify().await.unwrap();
    assert_eq!((intact.head.number, intact.broken), (12, None));
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for sql in EDITS {
        let mut edit = connection.begin().await.unwrap();
        sqlx::raw_sql(*sql).execute(&mut *edit).await.unwrap();
        let report = audit::verify(&mut edit, &keyring(), &[]).await;
        assert!(report.is_err() || report.unwrap().broken.is_some(), "{sql} was not detected");
        edit.rollback().await.unwrap();
    }
    assert_eq!(ledger.verify_with(std::slice::from_ref(&intact.head)).await.unwrap(), intact);
    // a gap stays a gap, and an earlier database is detected with an anchor
    sqlx::raw_sql("DELETE FROM landfall_audit WHERE number > 10").execute(&mut connection).await.unwrap();
    ledger.decide(&decision("migrated", 99), &[]).await.unwrap();
    assert_eq!(ledger.verify().await.unwrap().broken.unwrap().to_string(), "row 11 is missing");
    let sql = "DELETE FROM landfall_audit WHERE number > 10; UPDATE landfall_head SET number = 10, \
               chain = (SELECT chain FROM landfall_audit WHERE number = 10)";
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    assert!(ledger.decide(&decision("migrated", 99), &[]).await.is_err(), "nothing is appended to a changed head");
    let fault = ledger.verify_with(&[intact.head]).await.unwrap().broken.unwrap().fault;
    assert!(matches!(fault, AuditFault::Head | AuditFault::Anchor), "{fault:?}");
}
