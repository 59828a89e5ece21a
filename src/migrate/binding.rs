//! The ledger belongs to one account store, and to no other.
//!
//! Every promise of the ledger is about accounts of that store: with another one, an empty one or an older one under its
//! address, migrated customers would look as if they had been deleted. The store has an identity that was made at random with
//! it, and the ledger remembers it.

use super::port::{PortError, PortErrorKind};
use super::ports::{Ledger, Target};

/// Binds the ledger to its store at the start, and refuses any other store.
///
/// A ledger that was made before it could be bound is bound to the store in which its last migrated customer has an account.
///
/// # Errors
/// [`PortErrorKind::Misconfigured`] when the store is not the ledger's; the ports' own.
pub async fn bind_store(ledger: &dyn Ledger, target: &dyn Target) -> Result<(), PortError> {
    let Some(store) = target.ping().await? else { return Ok(()) };
    if ledger.store().await?.is_none()
        && let Some(last) = ledger.last_migrated().await?
        && target.find_external(&last).await?.is_none()
    {
        return Err(foreign(target));
    }
    if ledger.bind(&store).await? == store { Ok(()) } else { Err(foreign(target)) }
}

/// Whether both can be written now, and still belong together.
///
/// # Errors
/// As for [`bind_store`].
pub async fn check_store(ledger: &dyn Ledger, target: &dyn Target) -> Result<(), PortError> {
    ledger.ping().await?;
    let (known, store) = (ledger.store().await?, target.ping().await?);
    match (known, store) {
        (Some(known), Some(store)) if known != store => Err(foreign(target)),
        _ => Ok(()),
    }
}

fn foreign(target: &dyn Target) -> PortError {
    PortError::new(PortErrorKind::Misconfigured, target.name(), "open").because(
        "the account store is not the one that the ledger belongs to; check the address of the target, or restore the store",
    )
}
