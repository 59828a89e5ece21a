//! Argon2 memory that is reused from one hash to the next.

use std::fmt;

use argon2::{Argon2, Block};
use zeroize::Zeroize;

/// The memory blocks of Argon2, kept between hashes and wiped when dropped.
///
/// Allocating memory for every hash costs about a third of the throughput on two threads, in page faults.
#[derive(Default)]
pub struct Workspace {
    blocks: Vec<Block>,
}

/// Why an Argon2 hash could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkspaceError {
    /// The system has no more memory.
    #[error("out of memory for a password hash")]
    OutOfMemory,
    /// The lengths of salt, password, secret or output are outside of RFC 9106, section 3.1.
    #[error("an input of the password hash has a length that Argon2 does not accept")]
    Length,
}

impl Workspace {
    /// An empty workspace, which grows with the first hash.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The memory of the workspace, in KiB.
    #[must_use]
    pub fn kib(&self) -> u64 {
        u64::try_from(self.blocks.capacity()).unwrap_or(u64::MAX)
    }

    /// Computes one Argon2 hash into `out` with the memory of this workspace.
    ///
    /// The caller must check the cost: this function allocates and computes whatever `context` says.
    ///
    /// # Errors
    /// [`WorkspaceError`] if there is not enough memory or a length is out of range.
    pub fn argon2(
        &mut self,
        context: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), WorkspaceError> {
        let blocks = self.blocks(context.params().block_count())?;
        context.hash_password_into_with_memory(password, salt, out, blocks).map_err(|_| WorkspaceError::Length)
    }

    /// Exactly `count` blocks of 1 KiB, with unspecified content.
    ///
    /// # Errors
    /// [`WorkspaceError::OutOfMemory`], never an abort.
    pub fn blocks(&mut self, count: usize) -> Result<&mut [Block], WorkspaceError> {
        if count > self.blocks.capacity() {
            // The old memory is freed first, so that growing never holds both.
            self.wipe();
            self.blocks = Vec::new();
            self.blocks.try_reserve_exact(count).map_err(|_| WorkspaceError::OutOfMemory)?;
        }
        if count > self.blocks.len() {
            self.blocks.resize_with(count, Block::new);
        }
        self.blocks.get_mut(..count).ok_or(WorkspaceError::OutOfMemory)
    }

    fn wipe(&mut self) {
        self.blocks.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace").field("kib", &self.kib()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, Params, Version};

    use super::*;

    #[test]
    fn reused_memory_does_not_change_hashes() {
        let mut workspace = Workspace::new();
        for (kib, passes, lanes) in [(64, 1, 1), (256, 2, 1), (8, 3, 1), (130, 1, 4), (64, 1, 1)] {
            let context =
                Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(kib, passes, lanes, Some(32)).unwrap());
            let (mut reused, mut fresh) = ([0; 32], [0; 32]);
            workspace.argon2(&context, b"password", b"somesalt", &mut reused).unwrap();
            context.hash_password_into(b"password", b"somesalt", &mut fresh).unwrap();
            assert_eq!(reused, fresh, "{kib} {passes} {lanes}");
        }
        assert_eq!(workspace.kib(), 256);
    }

    #[test]
    fn impossible_memory_is_an_error() {
        assert_eq!(Workspace::new().blocks(usize::MAX / 1024).err(), Some(WorkspaceError::OutOfMemory));
        let context = Argon2::default();
        let short_salt = Workspace::new().argon2(&context, b"password", b"short", &mut [0; 32]);
        assert_eq!(short_salt, Err(WorkspaceError::Length));
    }
}
