//! The cost of new hashes, within bounds.

use argon2::Params;
use thiserror::Error;

/// Argon2id parameters that are within RFC 9106 and within the cost limits of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreParameters {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why parameters are out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParametersError {
    /// Memory under 8 KiB per lane (RFC 9106 section 3.1) or over [`StoreParameters::MAX_MEMORY_KIB`].
    #[error("argon2 memory must be from 8 KiB per lane to {} KiB", StoreParameters::MAX_MEMORY_KIB)]
    Memory,
    /// Passes outside 1 to [`StoreParameters::MAX_PASSES`].
    #[error("argon2 passes must be from 1 to {}", StoreParameters::MAX_PASSES)]
    Passes,
    /// Lanes outside 1 to [`StoreParameters::MAX_LANES`].
    #[error("argon2 lanes must be from 1 to {}", StoreParameters::MAX_LANES)]
    Lanes,
    /// Memory times passes over [`StoreParameters::MAX_WORK_KIB`].
    #[error("argon2 memory times passes must be at most {} KiB", StoreParameters::MAX_WORK_KIB)]
    Work,
}

impl StoreParameters {
    /// The most memory, in KiB: 1 GiB. Stops hostile or mistyped strings from using up the machine's memory; RFC 9106's
    /// first recommendation, 2 GiB, is not meant for logins, and its second, 64 MiB, fits many times.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    /// The most passes. Stops endless hashes; recommendations use at most 5.
    pub const MAX_PASSES: u32 = 64;
    /// The most lanes. Stops absurd strings; real ones have as many as the machine has cores.
    pub const MAX_LANES: u32 = 64;
    /// The most memory times passes, in KiB: 4 GiB, some seconds of work.
    pub const MAX_WORK_KIB: u64 = 4 * 1024 * 1024;

    /// Creates parameters after checking them: memory in KiB, passes, lanes.
    ///
    /// # Errors
    /// [`ParametersError`] for the parameter that is out of bounds.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, ParametersError> {
        if !(1..=Self::MAX_LANES).contains(&lanes) {
            return Err(ParametersError::Lanes);
        }
        if !(8 * lanes..=Self::MAX_MEMORY_KIB).contains(&memory_kib) {
            return Err(ParametersError::Memory);
        }
        if !(1..=Self::MAX_PASSES).contains(&passes) {
            return Err(ParametersError::Passes);
        }
        if u64::from(memory_kib) * u64::from(passes) > Self::MAX_WORK_KIB {
            return Err(ParametersError::Work);
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// Memory, in KiB.
    #[must_use]
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    #[must_use]
    pub fn lanes(self) -> u32 {
        self.lanes
    }

    /// Whether the cost is at least one of the five that the OWASP Password Storage Cheat Sheet considers equivalent:
    /// 46 MiB and 1 pass, 19 and 2, 12 and 3, 9 and 4, 7 and 5.
    #[must_use]
    pub fn meets_owasp(self) -> bool {
        const MINIMA: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];
        MINIMA.iter().any(|(memory, passes)| self.memory_kib >= *memory && self.passes >= *passes)
    }

    /// The parameters for the `argon2` crate, for outputs of any length.
    ///
    /// # Errors
    /// None for parameters that [`Self::new`] accepted.
    pub(crate) fn to_argon2(self) -> Result<Params, ParametersError> {
        Params::new(self.memory_kib, self.passes, self.lanes, None).map_err(|_| ParametersError::Memory)
    }
}

impl Default for StoreParameters {
    /// 19 MiB, 2 passes, 1 lane: the first choice of the OWASP sheet for servers (about 27 ms on one core).
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_bounds() {
        for (memory, passes, lanes, expected) in [
            (19_456, 2, 1, Ok(())),
            (8, 1, 1, Ok(())),
            (1_048_576, 4, 64, Ok(())),
            (7, 1, 1, Err(ParametersError::Memory)),
            (15, 1, 2, Err(ParametersError::Memory)),
            (1_048_577, 1, 1, Err(ParametersError::Memory)),
            (1_048_576, 5, 1, Err(ParametersError::Work)),
            (64, 0, 1, Err(ParametersError::Passes)),
            (64, 65, 1, Err(ParametersError::Passes)),
            (64, 1, 0, Err(ParametersError::Lanes)),
            (u32::MAX, u32::MAX, u32::MAX, Err(ParametersError::Lanes)),
        ] {
            let accepted = StoreParameters::new(memory, passes, lanes).map(|parameters| {
                assert!(parameters.to_argon2().is_ok());
            });
            assert_eq!(accepted, expected, "{memory} {passes} {lanes}");
        }
    }

    #[test]
    fn owasp_minima_are_known() {
        for (memory, passes, meets) in
            [(19_456, 2, true), (19_455, 2, false), (47_104, 1, true), (7_168, 5, true), (7_168, 4, false)]
        {
            assert_eq!(StoreParameters::new(memory, passes, 1).unwrap().meets_owasp(), meets, "{memory} {passes}");
        }
        assert!(StoreParameters::default().meets_owasp());
    }
}
