//! The PHC string of a stored hash, read strictly and written canonically.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::parameters::StoreParameters;
use super::peppers::KeyId;
use super::{HASH_BYTES, SALT_BYTES, StoreError};

/// The parts of `$argon2id$v=19$m=…,t=…,p=…[,keyid=…]$salt$hash`.
pub(super) struct PhcText {
    pub parameters: StoreParameters,
    pub key_id: Option<KeyId>,
    pub salt: Vec<u8>,
    pub hash: Zeroizing<Vec<u8>>,
}

/// Lengths in bytes that are read: from what RFC 9106 calls enough to what the PHC format allows.
const SALT_RANGE: std::ops::RangeInclusive<usize> = 8..=48;
const HASH_RANGE: std::ops::RangeInclusive<usize> = 16..=64;

impl PhcText {
    /// Reads a string. The cost is checked here, before anybody allocates.
    pub(super) fn parse(phc: &str) -> Result<Self, StoreError> {
        let rest = phc.strip_prefix("$argon2id$v=19$").ok_or(StoreError::NotArgon2id)?;
        let mut sections = rest.split('$');
        let (parameters, key_id) = read_parameters(sections.next().unwrap_or_default())?;
        let salt = decode(sections.next(), "the salt is not base64")?;
        let hash = decode(sections.next(), "the hash is not base64")?;
        if sections.next().is_some() {
            return Err(StoreError::Malformed("there is text behind the hash"));
        }
        if !SALT_RANGE.contains(&salt.len()) {
            return Err(StoreError::Malformed("the salt is too short or too long"));
        }
        if !HASH_RANGE.contains(&hash.len()) {
            return Err(StoreError::Malformed("the hash is too short or too long"));
        }
        Ok(Self { parameters, key_id, salt, hash: Zeroizing::new(hash) })
    }

    /// Whether `parameters` would give something else.
    pub(super) fn is_outdated(&self, parameters: StoreParameters) -> bool {
        self.parameters != parameters || self.salt.len() < SALT_BYTES || self.hash.len() < HASH_BYTES
    }
}

fn read_parameters(section: &str) -> Result<(StoreParameters, Option<KeyId>), StoreError> {
    let mut parts = section.split(',');
    let memory = number(parts.next(), "m=")?;
    let passes = number(parts.next(), "t=")?;
    let lanes = number(parts.next(), "p=")?;
    let key_id = parts.next().map(read_key_id).transpose()?;
    if parts.next().is_some() {
        return Err(StoreError::Malformed("there are unknown parameters"));
    }
    Ok((StoreParameters::new(memory, passes, lanes)?, key_id))
}

/// A decimal number as the PHC format has it: no sign, no leading zero.
fn number(part: Option<&str>, name: &str) -> Result<u32, StoreError> {
    let digits = part.and_then(|part| part.strip_prefix(name)).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.starts_with('0') {
        return Err(StoreError::Malformed("the parameters are not `m`, `t` and `p` with plain numbers"));
    }
    digits.parse().map_err(|_| StoreError::Malformed("a parameter is out of range"))
}

fn read_key_id(part: &str) -> Result<KeyId, StoreError> {
    let malformed = StoreError::Malformed("the key id is not one of this program");
    let bytes = part.strip_prefix("keyid=").and_then(|text| STANDARD_NO_PAD.decode(text).ok());
    bytes.and_then(|bytes| KeyId::from_bytes(&bytes).ok()).ok_or(malformed)
}

fn decode(section: Option<&str>, problem: &'static str) -> Result<Vec<u8>, StoreError> {
    let text = section.ok_or(StoreError::Malformed("the string ends too early"))?;
    STANDARD_NO_PAD.decode(text).map_err(|_| StoreError::Malformed(problem))
}

impl fmt::Display for PhcText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters;
        write!(f, "$argon2id$v=19$m={}", parameters.memory_kib())?;
        write!(f, ",t={},p={}", parameters.passes(), parameters.lanes())?;
        if let Some(key_id) = &self.key_id {
            write!(f, ",keyid={}", STANDARD_NO_PAD.encode(key_id.as_bytes()))?;
        }
        write!(f, "${}${}", STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(&*self.hash))
    }
}
