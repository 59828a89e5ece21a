//! How passwords are stored and verified.

use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::password::lane;
use crate::password::store::{Peppers, StoreParameters};
use crate::settings::{Secret, SecretSetting, SecretUse, units};

/// How passwords are stored and verified.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordSettings {
    /// The cost of new hashes.
    pub argon2: Argon2,
    /// Secrets that are mixed into new hashes, newest first.
    pub peppers: Vec<Pepper>,
    /// A stored hash like those of the customers.
    pub decoy: Decoy,
    /// The longest time to verify one stored hash; by default what the deadline of a login leaves.
    #[serde(with = "units::OptionalTime", skip_serializing_if = "Option::is_none")]
    pub longest_check: Option<Duration>,
    /// Whether passwords that the legacy system stored in plain text are accepted.
    pub plain_text: bool,
}

impl PasswordSettings {
    /// The secrets among the settings.
    pub(crate) fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        let mut secrets = Vec::new();
        for (at, pepper) in self.peppers.iter_mut().enumerate() {
            let (key, usage) = (format!("peppers.{at}.secret"), SecretUse::Key(Peppers::MIN_SECRET));
            secrets.push(SecretSetting { key, secret: &mut pepper.secret, usage });
        }
        secrets
    }
}

/// The cost of new hashes: Argon2id.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Argon2 {
    /// Memory of one hash, in bytes.
    #[serde(with = "units::Size")]
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
    /// The id in stored hashes: 1 to 8 letters, digits, `-` or `_`.
    pub id: String,
    /// The secret: hexadecimal or Base64, at least 16 bytes.
    pub secret: Secret,
}

/// A stored hash like those of the customers. Its cost is also spent on unknown customers, so that response times do
/// not reveal who is known.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decoy {
    /// The scheme.
    pub scheme: String,
    /// The stored text. Its password need not be known.
    pub value: String,
}

/// bcrypt of cost 10: what most systems of the last ten years store.
impl Default for Decoy {
    fn default() -> Self {
        let value = "$2b$10$tZbqQCnwKJP6Nyh9EaJ/DeteNibtN1I0PFNqcI6K0951mFQ.WmmMm";
        Self { scheme: "bcrypt".to_owned(), value: value.to_owned() }
    }
}

/// How much hashing runs at the same time.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaneSettings {
    /// The number of hashing threads.
    pub threads: u32,
    /// The memory of all running hashes, in bytes.
    #[serde(with = "units::Size")]
    pub memory: u64,
    /// The maximum number of waiting password checks.
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
