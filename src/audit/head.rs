//! Heads and starts as a ledger stores them: with a tag, so that nobody without the key moves them.

use crate::ports::{AuditHead, Keyring};

impl AuditHead {
    /// The tag that verifies a stored head. It never equals a row's digest: rows chain from a digest or from the empty
    /// text.
    pub(crate) fn tag(&self, keyring: &Keyring) -> String {
        keyring.chain("head", &self.to_string())
    }
}

/// A head as stored: the last row of the audit.
#[derive(Debug, Clone)]
pub(crate) struct StoredHead {
    pub head: AuditHead,
    pub tag: String,
}

impl StoredHead {
    /// The head, if its tag verifies.
    pub(crate) fn verified(self, keyring: &Keyring) -> Option<AuditHead> {
        (self.head.tag(keyring) == self.tag).then_some(self.head)
    }
}

/// A start as stored: the last row that was exported and removed.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoredStart {
    pub head: AuditHead,
    pub tag: String,
}

impl StoredStart {
    /// A start with its tag. The tag never equals the digest of a row or the tag of a head.
    pub(crate) fn new(keyring: &Keyring, head: AuditHead) -> Self {
        let tag = keyring.chain("start", &head.to_string());
        Self { head, tag }
    }

    /// The head of the exported rows, if the tag verifies.
    pub(crate) fn verified(self, keyring: &Keyring) -> Option<AuditHead> {
        (Self::new(keyring, self.head.clone()).tag == self.tag).then_some(self.head)
    }
}
