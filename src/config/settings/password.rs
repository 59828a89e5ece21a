//! How passwords are stored and verified.

use std::thread;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::password::lane;
use crate::password::store::{Peppers, StoreParameters};
use crate::settings::{Secret, SecretSetting, SecretUse, units};

/// How passwords are stored and verified.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordSettings {
    /// The cost of new hashes.
    pub argon2: Argon2,
    /// Up to three secrets, newest first, each with an `id` of 1 to 8 letters and a `secret` of at least 16 bytes in
    /// hexadecimal or Base64. New hashes use the newest; hashes with the others still verify and are replaced. The
    /// passwords in a stolen account store cannot be guessed without its peppers.
    pub peppers: Vec<Pepper>,
    /// A stored hash like those of the customers.
    pub decoy: Decoy,
    /// The longest that the check of one stored hash may take. A hash that is estimated to take longer, based on a
    /// measurement at the start, is refused without being computed (`cost_refused`, with a `failed` event). If not set:
    /// 50 ms if the rules name only schemes with a fixed cost, such as `md5`; the most expensive bcrypt cost that fits
    /// if they name bcrypt; otherwise as long as `login.deadline` leaves. Set it to what your most expensive hash
    /// takes, so that refusals are released earlier: `landfall_longest_check_seconds` shows the active value.
    #[serde(with = "units::OptionalTime", skip_serializing_if = "Option::is_none")]
    pub longest_check: Option<Duration>,
    /// Whether passwords that the legacy system stored in plain text may be verified. Anybody who can read such a store
    /// could log in as any customer.
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
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Argon2 {
    /// Memory of a new hash (Argon2id, RFC 9106). The defaults are the first choice of the OWASP Password Storage Cheat
    /// Sheet; less is a warning.
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
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pepper {
    /// The id in stored hashes: 1 to 8 letters, digits, `-` or `_`.
    pub id: String,
    /// The secret: hexadecimal or Base64, at least 16 bytes.
    pub secret: Secret,
}

/// A stored hash like those of the customers. Its cost is also spent on unknown customers, so that response times do
/// not reveal who is known.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Decoy {
    /// The scheme that most of your customers have, see `landfall password schemes`. A customer who does not exist
    /// costs as much as this hash, so that unknown customers load the machine like known ones. Refusals are released at
    /// one time whatever a hash costs (`login.floor`), but somebody who can measure how busy the machine is can still
    /// recognise a customer whose hash is much more expensive than the decoy.
    pub scheme: String,
    /// The stored text of the decoy; nobody has to know its password.
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
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LaneSettings {
    /// Hashing threads; the number of cores if not set. More threads only add waiting inside a hash.
    #[schemars(extend("default" = null))]
    pub threads: u32,
    /// Memory of all running hashes together; 64 MiB per core if not set. Prevents logins from taking the memory of the
    /// machine. A stored hash that needs more is refused (`cost_refused`), however idle the machine is.
    #[serde(with = "units::Size")]
    #[schemars(extend("default" = null))]
    pub memory: u64,
    /// Password checks that may wait. Prevents a flood from piling up passwords; callers would give up before a longer
    /// queue is processed.
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
