//! What operations need to know of an account that is not signed in to: whose it is, and which logins it has. The account
//! store knows it, or for other targets the ledger.

use std::fmt;

use crate::ports::{
    AccountLookup, AccountState, Call, EntryState, Keyring, Ledger, LegacyKey, PortError, Target, TargetId,
};

/// An account, without its claims.
pub(super) struct KnownAccount {
    /// The legacy customer it belongs to, if we created it.
    pub legacy: Option<LegacyKey>,
    /// Keyed digests of its logins.
    pub logins: Vec<String>,
    /// Its state.
    pub state: AccountState,
    /// Whether it was permanently deleted, as far as the ledger says; it may still be at the target.
    pub is_buried: bool,
}

impl fmt::Debug for KnownAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownAccount").field("state", &self.state).finish_non_exhaustive()
    }
}

impl KnownAccount {
    /// Finds an account; `None` if there is none. For a target that does not find accounts by login, only accounts that were
    /// created by migrations are known.
    pub(super) async fn find(
        target: &dyn Target,
        ledger: &dyn Ledger,
        keyring: &Keyring,
        call: Call<'_>,
        id: &TargetId,
    ) -> Result<Option<Self>, PortError> {
        match target.capabilities().lookup {
            AccountLookup::Login => Ok(target.read(call, id).await?.map(|account| Self {
                logins: account.logins.iter().map(|login| keyring.subject(login)).collect(),
                legacy: account.legacy,
                state: account.state,
                is_buried: false,
            })),
            AccountLookup::ExternalId => Ok(ledger.owner(id).await?.map(|owner| Self {
                state: owner.entry.found().map_or(AccountState::Pending, |found| found.state),
                is_buried: owner.entry.state == EntryState::Buried,
                legacy: Some(owner.entry.key),
                logins: owner.logins,
            })),
        }
    }
}
