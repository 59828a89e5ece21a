//! Appends a decision.

use super::head::AuditHead;
use super::record::text;
use crate::adapters::sqlite::ledger::stamp::micros;
use crate::adapters::sqlite::{Batch, refusal};
use crate::ports::{Decision, Keyring};

/// Appends a decision to the chain. `before` must have been read inside the transaction that writes, because another
/// process may append too.
pub(in crate::adapters::sqlite::ledger) fn append(
    batch: &mut Batch,
    keyring: &Keyring,
    before: &AuditHead,
    decision: &Decision,
) -> Result<(), sqlx::Error> {
    let text = text(decision)?;
    let chain = keyring.chain(&before.chain, &text);
    let head = AuditHead { number: before.number.saturating_add(1), chain };
    let number = i64::try_from(head.number).map_err(|_| refusal("the audit has reached the largest row number"))?;
    batch
        .add(
            "INSERT INTO audit (number, at, outcome, reason, subject, customer, count, text, chain) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(number)
        .bind(micros(decision.at))
        .bind(decision.outcome.name())
        .bind(decision.reason.name().to_owned())
        .bind(decision.subject.clone())
        .bind(decision.customer.clone())
        .bind(i64::try_from(decision.count).unwrap_or(i64::MAX))
        .bind(text)
        .bind(head.chain.clone())
        .add("UPDATE meta SET number = ?, text = ?, tag = ? WHERE name = 'audit'")
        .bind(number)
        .bind(head.chain.clone())
        .bind(head.tag(keyring));
    Ok(())
}
