//! Checks a password at a target with one hash at the target's cost, whatever the result.

use std::sync::Arc;

use tokio::time::Instant;

use crate::hashing::Hasher;
use crate::model::Password;
use crate::password::store::StoreVerdict;
use crate::ports::{AccountState, Authenticated, Authentication, PasswordChange, PortError, Work};

/// The result of a check.
pub(in crate::adapters) enum Checked {
    /// A final answer; nothing to store.
    Settled(Authenticated),
    /// The password is correct; its stored hash should be replaced, unless it was replaced meanwhile.
    Outdated {
        /// The stored hash.
        old: String,
        /// The replacement.
        new: String,
        /// The answer.
        answer: Authenticated,
    },
}

impl Checked {
    /// The answer to the caller.
    pub fn answer(&self) -> Authenticated {
        match self {
            Self::Settled(answer) | Self::Outdated { answer, .. } => *answer,
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
        let work = Work::Hash(hasher.target_decoy(password, deadline).await?);
        return Ok(Checked::Settled(Authenticated { verdict: without, work }));
    };
    let (checked, took) = hasher.check(&old, password, deadline).await?;
    let answer = |verdict| Authenticated { verdict, work: Work::Hash(took) };
    let verified = answer(Authentication::Verified(change));
    Ok(match checked {
        StoreVerdict::Mismatch => Checked::Settled(answer(Authentication::Mismatch)),
        StoreVerdict::Match => Checked::Settled(verified),
        // A customer with the correct password is signed in even if the new hash cannot be computed now.
        StoreVerdict::MatchToUpgrade => match hasher.hash(password, deadline).await {
            Ok(new) => Checked::Outdated { old, new, answer: verified },
            Err(_) => Checked::Settled(verified),
        },
    })
}
