//! How passwords are stored and verified.

use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Secret, units};
use crate::password::lane;
use crate::password::store::StoreParameters;

/// How passwords are stored and verified.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordSettings {
    /// The cost of new hashes.
    pub argon2: Argon2,
    /// Secrets that are mixed into new hashes, newest first.
    pub peppers: Vec<Pepper>,
    /// What customers have stored in the legacy system.
    pub decoy: Decoy,
    /// The longest that the check of one stored hash may take; as long as the deadline of a login leaves when not set.
    #[serde(with = "units::some_duration", skip_serializing_if = "Option::is_none")]
    pub longest_check: Option<Duration>,
    /// Whether passwords that the legacy system stored as they are may verify anything.
    pub plain_text: bool,
}

/// The cost of new hashes: Argon2id.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Argon2 {
    /// Memory of one hash, in bytes.
    #[serde(with = "units::size")]
    pub memory: u64,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Argon2 {
    fn default() -> Self {
        let parameters = StoreParameters::default();
        let memory = u64::from(parameters.memory_kib()) * 1024;
        Self { memory, passes: parameters.passes(), lanes: parameters.lanes() }
    }
}

/// A secret that is mixed into hashes.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pepper {
    /// Its name in stored hashes: 1 to 8 letters, digits, `-` or `_`.
    pub id: String,
    /// The secret: hexadecimal or Base64, at least 16 bytes.
    pub secret: Secret,
}

/// A stored hash like those that customers have. Its cost is paid for those who have none, so that nobody can tell them apart
/// by time.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decoy {
    /// The scheme.
    pub scheme: String,
    /// The stored text. Nobody has to know its password.
    pub value: String,
}

/// bcrypt of cost 10: what most systems of the last ten years store.
impl Default for Decoy {
    fn default() -> Self {
        let value = "$2b$10$tZbqQCnwKJP6Nyh9EaJ/DeteNibtN1I0PFNqcI6K0951mFQ.WmmMm";
        Self { scheme: "bcrypt".to_owned(), value: value.to_owned() }
    }
}

/// How much hashing is done at a time.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaneSettings {
    /// Hashing threads.
    pub threads: u32,
    /// The memory that all running hashes hold together, in bytes.
    #[serde(with = "units::size")]
    pub memory: u64,
    /// How many password checks may wait.
    pub queue: u32,
}

impl Default for LaneSettings {
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX));
        let lane = lane::LaneSettings::default();
        let queue = u32::try_from(lane.queue).unwrap_or(u32::MAX);
        Self { threads, memory: lane.budget_kib.saturating_mul(1024), queue }
    }
}
