//! Checks a password at a target with one hash at the target's cost, whatever the result.

use std::sync::Arc;

use tokio::time::Instant;

use crate::hashing::Hasher;
use crate::model::Password;
use crate::password::store::StoreVerdict;
use crate::ports::{AccountState, Authentication, PasswordChange, PortError};

/// The result of a check.
pub(in crate::adapters) enum Checked {
    /// A final answer; nothing to store.
    Settled(Authentication),
    /// The password is correct; its stored hash should be replaced, unless it was replaced meanwhile.
    Outdated {
        /// The stored hash.
        old: String,
        /// The replacement.
        new: String,
        /// The answer.
        change: PasswordChange,
    },
}

impl Checked {
    /// The answer to the caller.
    pub fn answer(&self) -> Authentication {
        match self {
            Self::Settled(answer) => *answer,
            Self::Outdated { change, .. } => Authentication::Verified(*change),
        }
    }
}

/// Checks a password against the stored state and hash of an account, and whether the password must be changed.
///
/// # Errors
/// If the hash cannot be computed.
pub(in crate::adapters) async fn check(
    hasher: &Hasher,
    stored: Option<(AccountState, Option<String>, PasswordChange)>,
    password: &Arc<Password>,
    deadline: Instant,
) -> Result<Checked, PortError> {
    let without = if stored.is_some() { Authentication::Unusable } else { Authentication::Gone };
    let Some((AccountState::Active, Some(old), change)) = stored else {
        hasher.target_decoy(password, deadline).await?;
        return Ok(Checked::Settled(without));
    };
    Ok(match hasher.check(&old, password, deadline).await? {
        StoreVerdict::Mismatch => Checked::Settled(Authentication::Mismatch),
        StoreVerdict::Match => Checked::Settled(Authentication::Verified(change)),
        // A customer with the correct password is signed in even if the new hash cannot be computed now.
        StoreVerdict::MatchToUpgrade => match hasher.hash(password, deadline).await {
            Ok(new) => Checked::Outdated { old, new, change },
            Err(_) => Checked::Settled(Authentication::Verified(change)),
        },
    })
}
