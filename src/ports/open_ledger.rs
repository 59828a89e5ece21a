//! What opening a ledger gives.

use std::fmt;
use std::sync::Arc;

use super::{Ledger, Nonces, Observations, Outbox, Reports, SharedLimits};

/// A ledger that was opened: one store behind six ports.
#[derive(Clone)]
pub struct OpenLedger {
    /// What logins use.
    pub ledger: Arc<dyn Ledger>,
    /// What the delivery of events uses.
    pub outbox: Arc<dyn Outbox>,
    /// What operators use.
    pub reports: Arc<dyn Reports>,
    /// What signed calls use.
    pub nonces: Arc<dyn Nonces>,
    /// What calls to remote targets use.
    pub limits: Arc<dyn SharedLimits>,
    /// What looks at live records beside the logins uses.
    pub observations: Arc<dyn Observations>,
}

impl OpenLedger {
    /// All ports of one ledger.
    #[must_use]
    pub fn new<L>(ledger: L) -> Self
    where
        L: Ledger + Outbox + Reports + Nonces + SharedLimits + Observations + 'static,
    {
        let ledger = Arc::new(ledger);
        Self {
            ledger: Arc::clone(&ledger) as _,
            outbox: Arc::clone(&ledger) as _,
            reports: Arc::clone(&ledger) as _,
            nonces: Arc::clone(&ledger) as _,
            limits: Arc::clone(&ledger) as _,
            observations: ledger,
        }
    }
}

impl fmt::Debug for OpenLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenLedger").finish_non_exhaustive()
    }
}
