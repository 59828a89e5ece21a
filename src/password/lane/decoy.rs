//! Work without a result, so that an unknown user costs as much as a known one.

use std::hint::black_box;

use argon2::{Algorithm, Argon2, Version};
use zeroize::Zeroize;

use super::workspace::{Workspace, WorkspaceError};
use super::{JobMemory, Work};
use crate::password::store::StoreParameters;

/// Work that costs as much as the dominant hash of a population; done for users that are unknown, have no usable hash,
/// or are disabled.
///
/// For a population with another scheme, submit any verification of that scheme with a fixed hash instead: the lane
/// treats both alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoy {
    parameters: StoreParameters,
}

/// An arbitrary salt; its value does not matter.
const SALT: [u8; 16] = *b"landfall-decoy-s";

impl Decoy {
    /// A decoy that costs one Argon2id hash with `parameters`.
    #[must_use]
    pub fn new(parameters: StoreParameters) -> Self {
        Self { parameters }
    }

    /// The memory to submit the decoy with.
    #[must_use]
    pub fn memory(&self) -> JobMemory {
        JobMemory::Workspace(self.parameters.memory_kib())
    }

    /// Does the work of one verification of `password` and discards the result.
    ///
    /// # Errors
    /// [`WorkspaceError`] as a real verification would report it.
    pub fn run(&self, password: &[u8], workspace: &mut Workspace) -> Result<(), WorkspaceError> {
        let params = self.parameters.to_argon2().map_err(|_| WorkspaceError::Length)?;
        let context = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut out = [0; 32];
        workspace.argon2(&context, password, &SALT, &mut out)?;
        black_box(&out);
        out.zeroize();
        Ok(())
    }

    /// The decoy as work for a lane.
    pub fn into_work(self, password: zeroize::Zeroizing<Vec<u8>>) -> Work<Result<(), WorkspaceError>> {
        Box::new(move |workspace| self.run(&password, workspace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoy_uses_the_memory_of_its_parameters() {
        let decoy = Decoy::new(StoreParameters::new(64, 1, 1).unwrap());
        let mut workspace = Workspace::new();
        assert_eq!(decoy.run(b"whatever", &mut workspace), Ok(()));
        assert_eq!(workspace.kib(), 64);
        assert_eq!(decoy.memory(), JobMemory::Workspace(64));
    }
}
