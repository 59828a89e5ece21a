//! A password in a JSON body, read straight into memory that is wiped.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use zeroize::Zeroizing;

use crate::migrate::Login;

/// A password as it was sent. The buffers of the connection and of the JSON parser, which held it before, are not
/// wiped: hyper and serde_json own them.
pub struct SecretText(Zeroizing<Vec<u8>>);

impl SecretText {
    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    /// The bytes of a valid new password: not empty, no NUL, and not too long.
    #[must_use]
    pub fn into_new_password(self) -> Option<Zeroizing<Vec<u8>>> {
        let fits = (1..=Login::MAX_PASSWORD_BYTES).contains(&self.0.len()) && !self.0.contains(&0);
        fits.then_some(self.0)
    }
}

/// Never shows the password.
impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(***)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SecretVisitor)
    }
}

struct SecretVisitor;

impl Visitor<'_> for SecretVisitor {
    type Value = SecretText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretText, E> {
        Ok(SecretText(Zeroizing::new(text.as_bytes().to_vec())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<SecretText, E> {
        Ok(SecretText(Zeroizing::new(text.into_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_changed_and_never_shown() {
        for (json, bytes) in
            [(r#"" a ""#, " a ".as_bytes()), (r#""\u0000\u00e9""#, "\0é".as_bytes()), (r#""""#, b"" as &[u8])]
        {
            let secret: SecretText = serde_json::from_str(json).unwrap();
            assert_eq!(format!("{secret:?}"), "SecretText(***)");
            assert_eq!(secret.into_bytes().as_slice(), bytes);
        }
        for json in ["1", "null", "[]", "{}", "true"] {
            assert!(serde_json::from_str::<SecretText>(json).is_err(), "{json}");
        }
    }
}
