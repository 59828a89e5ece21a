//! The check of a password at a target: one hash of the target's cost, whatever the answer.

use std::sync::Arc;

use tokio::time::Instant;

use crate::migrate::{AccountState, Authentication, Hasher, PasswordChange, PortError};
use crate::model::Password;
use crate::password::store::StoreVerdict;

/// What a check found.
pub(super) enum Checked {
    /// An answer, and nothing to store.
    Settled(Authentication),
    /// The password is right; its stored hash is to be replaced, unless it was replaced meanwhile.
    Outdated {
        /// The stored hash.
        old: String,
        /// The one that replaces it.
        new: String,
        /// The answer.
        change: PasswordChange,
    },
}

impl Checked {
    /// What the customer hears.
    pub fn answer(&self) -> Authentication {
        match self {
            Self::Settled(answer) => *answer,
            Self::Outdated { change, .. } => Authentication::Verified(*change),
        }
    }
}

/// Checks a password against what is stored of an account: its state, its hash, and whether the password must be changed.
///
/// # Errors
/// When the hash cannot be computed.
pub(super) async fn check(
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
        // A customer whose password is right is let in, although the new hash has to wait for another time.
        StoreVerdict::MatchToUpgrade => match hasher.hash(password, deadline).await {
            Ok(new) => Checked::Outdated { old, new, change },
            Err(_) => Checked::Settled(Authentication::Verified(change)),
        },
    })
}
