//! The next row of the chain.

use super::record::text;
use crate::ports::{AuditHead, Decision, Keyring};

/// A row to append, and the head after it.
pub(crate) struct NextRow {
    /// The canonical text of the decision.
    pub text: String,
    /// The number and digest of the row.
    pub head: AuditHead,
    /// The tag of the head.
    pub tag: String,
}

impl NextRow {
    /// The row of a decision. `before` must have been read inside the transaction that writes, because another process
    /// may append too.
    pub(crate) fn new(keyring: &Keyring, before: &AuditHead, decision: &Decision) -> serde_json::Result<Self> {
        let text = text(decision)?;
        let head = AuditHead { number: before.number.saturating_add(1), chain: keyring.chain(&before.chain, &text) };
        let tag = head.tag(keyring);
        Ok(Self { text, head, tag })
    }
}
