//! Secrets: written in the settings, taken from the environment, or read from a file; never shown.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use zeroize::Zeroizing;

/// The largest secret file, in bytes. Stops a log or a device from being read as a secret; keys and tokens are short.
pub const MAX_SECRET_BYTES: u64 = 16 * 1024;

/// The prefix of the path of a secret file.
const FILE: &str = "file:";

/// A secret in the settings. It is never printed, written or logged.
#[derive(Debug, Clone)]
pub struct Secret {
    text: SecretString,
    file: Option<String>,
}

/// Why a secret cannot be used. It never contains the secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the secret file `{0}`: {1}")]
    File(String, String),
    /// The secret is too short.
    #[error("the secret has {0} bytes, but needs at least {1}")]
    Short(usize, usize),
    /// Neither hexadecimal nor Base64.
    #[error("the key is neither hexadecimal nor Base64")]
    Encoding,
}

impl Secret {
    /// The shortest secret that is presented as text or signs calls, in bytes: 128 bits in hexadecimal. Stops secrets that
    /// can be guessed.
    pub const MIN_TOKEN: usize = 32;

    /// A secret from its text; `file:PATH` stands for the contents of the file.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let file = text.strip_prefix(FILE).map(str::to_owned);
        Self { text: SecretString::from(text), file }
    }

    /// Reads the file of a secret in a file; the path is relative to `folder`. A line end after the secret is not part
    /// of it.
    ///
    /// # Errors
    /// [`SecretError::File`].
    pub fn resolve(&mut self, folder: &Path) -> Result<(), SecretError> {
        let Some(name) = self.file.take() else { return Ok(()) };
        let failed = |why: String| SecretError::File(name.clone(), why);
        let path = folder.join(&name);
        let about = fs::metadata(&path).map_err(|error| failed(error.kind().to_string()))?;
        if about.len() > MAX_SECRET_BYTES {
            return Err(failed(format!("the file has more than {MAX_SECRET_BYTES} bytes")));
        }
        let text = fs::read_to_string(&path).map(Zeroizing::new).map_err(|error| failed(error.kind().to_string()))?;
        self.text = SecretString::from(text.trim_end_matches(['\n', '\r']));
        Ok(())
    }

    /// The path of the file that is yet to be read.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The secret as text, to be used and not stored.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The bytes of a key in hexadecimal or Base64 (RFC 4648, either alphabet, with or without padding).
    ///
    /// # Errors
    /// [`SecretError::Encoding`] and [`SecretError::Short`].
    pub fn key(&self, least: usize) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let text = self.expose().trim();
        let bare = text.trim_end_matches('=');
        let decoded = hex::decode(text)
            .ok()
            .or_else(|| STANDARD_NO_PAD.decode(bare).ok())
            .or_else(|| URL_SAFE_NO_PAD.decode(bare).ok());
        let key = Zeroizing::new(decoded.ok_or(SecretError::Encoding)?);
        if key.len() < least { Err(SecretError::Short(key.len(), least)) } else { Ok(key) }
    }

    /// The text, if it has enough bytes to be a token.
    ///
    /// # Errors
    /// [`SecretError::Short`].
    pub fn token(&self, least: usize) -> Result<&str, SecretError> {
        let text = self.expose();
        if text.len() < least { Err(SecretError::Short(text.len(), least)) } else { Ok(text) }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Ok(Self::new(&text))
    }
}

/// `writeOnly` marks secrets: what shows settings shows none of these.
impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "writeOnly": true })
    }
}

/// Always as `***`.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// Shows the address of a file; that of a database server may contain a password.
///
/// # Errors
/// Those of the serializer.
pub fn address<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    let text = secret.expose();
    if text.starts_with("sqlite:") { serializer.serialize_str(text) } else { secret.serialize(serializer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hexadecimal_or_base64() {
        let bytes: Vec<u8> = (0..32).map(|byte| byte * 8 + 3).collect();
        for text in [hex::encode(&bytes), base64::engine::general_purpose::STANDARD.encode(&bytes)] {
            assert_eq!(*Secret::new(&text).key(32).unwrap(), bytes);
        }
        assert_eq!(*Secret::new(&URL_SAFE_NO_PAD.encode(&bytes)).key(32).unwrap(), bytes);
        assert_eq!(Secret::new("00ff").key(32), Err(SecretError::Short(2, 32)));
        assert_eq!(Secret::new("no key at all").key(32), Err(SecretError::Encoding));
        assert_eq!(Secret::new("short").token(32), Err(SecretError::Short(5, 32)));
    }

    #[test]
    fn secret_files_are_relative_to_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.key"), "secret of a file\r\n").unwrap();
        let mut secret = Secret::new("file:a.key");
        secret.resolve(folder.path()).unwrap();
        assert_eq!(secret.expose(), "secret of a file");
        assert!(Secret::new("file:b.key").resolve(folder.path()).unwrap_err().to_string().contains("`b.key`"));
        fs::write(folder.path().join("b.key"), vec![b'x'; 20_000]).unwrap();
        assert!(Secret::new("file:b.key").resolve(folder.path()).is_err());
    }

    #[test]
    fn secrets_are_never_shown() {
        let secret = Secret::new("hunter2 hunter2");
        let shown = format!("{secret:?} {} {}", serde_json::to_string(&secret).unwrap(), SecretError::Encoding);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
