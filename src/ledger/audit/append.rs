//! Appending a decision.

use sqlx::SqliteConnection;

use super::head::{AuditHead, head};
use super::record::text;
use crate::ledger::stamp::micros;
use crate::migrate::{Decision, Keyring};
use crate::sqlite::refusal;

/// Appends a decision to the chain. The link before is read inside the transaction that writes, because another process may
/// append too.
pub(in crate::ledger) async fn append(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    decision: &Decision,
) -> Result<(), sqlx::Error> {
    let before = head(connection, keyring).await?;
    let text = text(decision)?;
    let chain = keyring.chain(&before.chain, &text);
    let head = AuditHead { number: before.number.saturating_add(1), chain };
    let number = i64::try_from(head.number).map_err(|_| refusal("the audit has no more numbers"))?;
    let sql = "INSERT INTO audit (number, at, outcome, reason, subject, customer, text, chain) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(number)
        .bind(micros(decision.at))
        .bind(decision.outcome)
        .bind(&decision.reason)
        .bind(&decision.subject)
        .bind(decision.customer.as_deref())
        .bind(text)
        .bind(&head.chain)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE meta SET number = ?, text = ?, tag = ? WHERE name = 'audit'")
        .bind(number)
        .bind(&head.chain)
        .bind(head.tag(keyring))
        .execute(connection)
        .await?;
    Ok(())
}
