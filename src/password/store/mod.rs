//! How Landfall stores a new password: Argon2id (RFC 9106) in the PHC string format, with an optional pepper.
//!
//! ```
//! use landfall::model::Password;
//! use landfall::password::lane::Workspace;
//! use landfall::password::store::{PasswordStore, Peppers, StoreParameters, StoreVerdict};
//!
//! let store = PasswordStore::new(StoreParameters::new(64, 1, 1)?, Peppers::none());
//! let password = Password::new(b"correct horse".to_vec())?;
//! let mut memory = Workspace::new();
//! let phc = store.hash(&password, &mut || Ok([7; 16]), &mut memory)?;
//! assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
//! assert_eq!(store.verify(&password, &phc, &mut memory)?, StoreVerdict::Match);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The string format is the one of <https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md>, with the
//! `keyid` parameter of its Argon2 encoding; the default cost is the first choice of the OWASP Password Storage Cheat
//! Sheet, <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>.

mod parameters;
mod peppers;
mod phc;

use std::io;

use argon2::{Algorithm, Argon2, Version};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

pub use parameters::{ParametersError, StoreParameters};
pub use peppers::{KeyId, Peppers, PeppersError};
use phc::PhcText;

use crate::model::Password;
use crate::password::lane::{Workspace, WorkspaceError};

/// The length of a salt, in bytes; RFC 9106 section 3.1 and the PHC format recommend 16.
pub const SALT_BYTES: usize = 16;

/// The length of a hash, in bytes.
pub const HASH_BYTES: usize = 32;

/// Makes a salt of random bytes. A parameter, so that everything except its caller is deterministic.
pub type SaltSource<'s> = dyn FnMut() -> io::Result<[u8; SALT_BYTES]> + 's;

/// Hashes new passwords, and verifies its own hashes.
#[derive(Debug)]
pub struct PasswordStore {
    parameters: StoreParameters,
    peppers: Peppers,
}

/// The result of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreVerdict {
    /// The password matches.
    Match,
    /// The password matches, but the hash must be replaced: the parameters or the pepper have changed.
    MatchToUpgrade,
    /// The password does not match.
    Mismatch,
}

/// Why a password could not be hashed or verified. A wrong password is not an error.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The stored string is not in the format of this module.
    #[error("the stored hash is malformed: {0}")]
    Malformed(&'static str),
    /// Another scheme or Argon2 variant, which the verifiers of legacy hashes may support.
    #[error("the stored hash is not Argon2id version 19")]
    NotArgon2id,
    /// The stored cost is above every reasonable limit.
    #[error(transparent)]
    Cost(#[from] ParametersError),
    /// The hash uses a pepper that is not configured.
    #[error("the stored hash uses a pepper that is not configured")]
    UnknownKey,
    /// The source of random bytes failed.
    #[error("cannot generate a salt")]
    Salt(#[source] io::Error),
    /// There is not enough memory, or an input is too long.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl PasswordStore {
    /// A store that hashes with `parameters` and the newest of `peppers`.
    #[must_use]
    pub fn new(parameters: StoreParameters, peppers: Peppers) -> Self {
        Self { parameters, peppers }
    }

    /// The parameters of new hashes.
    #[must_use]
    pub fn parameters(&self) -> StoreParameters {
        self.parameters
    }

    /// Hashes a new password to a PHC string.
    ///
    /// # Errors
    /// [`StoreError::Salt`] and [`StoreError::Workspace`].
    pub fn hash(
        &self,
        password: &Password,
        salt: &mut SaltSource<'_>,
        workspace: &mut Workspace,
    ) -> Result<String, StoreError> {
        let fresh = salt().map_err(StoreError::Salt)?;
        let (key_id, secret) = self.peppers.newest().unzip();
        let mut hash = Zeroizing::new(vec![0; HASH_BYTES]);
        argon2(self.parameters, secret, password, &fresh, &mut hash, workspace)?;
        Ok(PhcText { parameters: self.parameters, key_id: key_id.copied(), salt: fresh.to_vec(), hash }.to_string())
    }

    /// Verifies a presented password against a stored PHC string.
    ///
    /// # Errors
    /// [`StoreError`]; the cost in the string is checked before anything is allocated.
    pub fn verify(
        &self,
        password: &Password,
        phc: &str,
        workspace: &mut Workspace,
    ) -> Result<StoreVerdict, StoreError> {
        let stored = PhcText::parse(phc)?;
        let secret = match &stored.key_id {
            None => None,
            Some(key_id) => Some(self.peppers.find(key_id).ok_or(StoreError::UnknownKey)?),
        };
        let mut hash = Zeroizing::new(vec![0; stored.hash.len()]);
        argon2(stored.parameters, secret, password, &stored.salt, &mut hash, workspace)?;
        if !bool::from(hash.ct_eq(&stored.hash)) {
            return Ok(StoreVerdict::Mismatch);
        }
        let newest = self.peppers.newest().map(|(key_id, _)| key_id);
        if stored.is_outdated(self.parameters) || stored.key_id.as_ref() != newest {
            return Ok(StoreVerdict::MatchToUpgrade);
        }
        Ok(StoreVerdict::Match)
    }
}

/// Whether a stored string differs from what `parameters` would give: another scheme, another cost, a shorter salt or
/// hash. Does not consider peppers; [`PasswordStore::verify`] does.
#[must_use]
pub fn needs_upgrade(phc: &str, parameters: &StoreParameters) -> bool {
    PhcText::parse(phc).map_or(true, |stored| stored.is_outdated(*parameters))
}

fn argon2(
    parameters: StoreParameters,
    secret: Option<&[u8]>,
    password: &Password,
    salt: &[u8],
    hash: &mut [u8],
    workspace: &mut Workspace,
) -> Result<(), StoreError> {
    let params = parameters.to_argon2()?;
    let context = match secret {
        None => Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
        Some(secret) => Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params)
            .map_err(|_| WorkspaceError::Length)?,
    };
    Ok(workspace.argon2(&context, password.expose(), salt, hash)?)
}

#[cfg(test)]
mod tests;
