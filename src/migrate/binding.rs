//! Binds the ledger to exactly one account store.
//!
//! Everything in the ledger refers to accounts of that store. With another store at the same address, or an empty or
//! older one, migrated customers would look as if they had been deleted. The store has an identity that was generated
//! at random when it was created, and the ledger remembers it.

use crate::ports::{AccountLookup, Call, Ledger, PortError, PortErrorKind, Target};

/// Binds the ledger to its store at startup, and refuses any other store.
///
/// A ledger from a version without binding is bound to the store in which its last migrated customer has an account.
///
/// # Errors
/// [`PortErrorKind::Misconfigured`] if the store is not the ledger's; any error of the ports.
pub async fn bind_store(ledger: &dyn Ledger, target: &dyn Target) -> Result<(), PortError> {
    // A target behind an API has no identity, and is another place than the store that the ledger belongs to. It need not
    // answer: logins that do not need it work meanwhile.
    if target.capabilities().lookup == AccountLookup::ExternalId {
        return if ledger.store().await?.is_none() { Ok(()) } else { Err(wrong_store(target)) };
    }
    let Some(store) = target.ping().await? else { return Ok(()) };
    if ledger.store().await?.is_none()
        && let Some(last) = ledger.last_migrated().await?
        && target.find_external(Call::outside_login("start"), &last).await?.is_none()
    {
        return Err(wrong_store(target));
    }
    if ledger.bind(&store).await? == store { Ok(()) } else { Err(wrong_store(target)) }
}

/// Checks that both the ledger and the store can be written and still belong together.
///
/// # Errors
/// As for [`bind_store`].
pub async fn check_store(ledger: &dyn Ledger, target: &dyn Target) -> Result<(), PortError> {
    ledger.ping().await?;
    let (known, store) = (ledger.store().await?, target.ping().await?);
    match (known, store) {
        (Some(known), Some(store)) if known != store => Err(wrong_store(target)),
        _ => Ok(()),
    }
}

fn wrong_store(target: &dyn Target) -> PortError {
    PortError::new(PortErrorKind::Misconfigured, target.name(), "open").because(
        "the ledger belongs to a different account store; check the address of the target, or restore the store",
    )
}
