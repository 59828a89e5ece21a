//! What a command needs of the target, checked before it changes anything.

use super::CommandError;
use crate::ports::{Support, Target};

/// Fails if the target cannot list its accounts.
pub(super) fn needs_listing(target: &dyn Target) -> Result<(), CommandError> {
    match target.capabilities().listing {
        Support::Yes => Ok(()),
        Support::No => Err(CommandError::new(format!("the target `{}` cannot list its accounts", target.name()))
            .help("show one account with `landfall account show LOGIN`, or list the accounts in the target itself")),
    }
}

/// Fails if the target cannot undo migrations.
pub(super) fn needs_undo(target: &dyn Target) -> Result<(), CommandError> {
    match target.capabilities().undo {
        Support::Yes => Ok(()),
        Support::No => {
            let message = format!(
                "the target `{}` cannot tell which accounts have changed since their migration, so nothing was undone",
                target.name()
            );
            Err(CommandError::new(message).help(
                "look at each account yourself; `landfall account delete` and then `landfall account restore` let its \
                 customer migrate again",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::adapters::memory::MemoryTarget;
    use crate::hashing::Hasher;
    use crate::password::lane::{Lane, LaneSettings};
    use crate::password::store::{PasswordStore, Peppers, StoreParameters};
    use crate::password::{Credential, Limits};
    use crate::ports::Capabilities;

    #[test]
    fn a_missing_capability_is_an_error_that_says_what_to_do() {
        let store = PasswordStore::new(StoreParameters::new(8, 1, 1).unwrap(), Peppers::none());
        let decoy = Credential::encoded("md5", "900150983cd24fb0d6963f7d28e17f72");
        let lane = Lane::start(LaneSettings::default()).unwrap();
        let hasher = Arc::new(Hasher::new(lane, store, Limits::default(), &decoy).unwrap());
        let target = |capabilities| MemoryTarget::new("crm", Arc::clone(&hasher)).with_capabilities(capabilities);

        let full = target(Capabilities::DATABASE);
        assert!(needs_listing(&full).is_ok() && needs_undo(&full).is_ok());

        let none = Capabilities { listing: Support::No, undo: Support::No, ..Capabilities::DATABASE };
        for (needed, message, command) in [
            (
                needs_listing(&target(none)),
                "the target `crm` cannot list its accounts",
                "`landfall account show LOGIN`",
            ),
            (needs_undo(&target(none)), "the target `crm` cannot tell which accounts", "`landfall account delete`"),
        ] {
            let error = needed.unwrap_err();
            assert!(error.message.starts_with(message), "{}", error.message);
            assert!(error.help.is_some_and(|help| help.contains(command)));
        }
    }
}
