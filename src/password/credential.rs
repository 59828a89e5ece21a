//! A stored credential as it comes out of a legacy system: one string, or named parts.

use std::fmt;

use serde_json::{Map, Value};

use super::encoding;
use super::verdict::Problem;

/// The longest stored text that is looked at, in bytes. A hash has a few hundred; passport-local-mongoose has 1024.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Keys that describe the credential or the row around it and are no parts of the hash.
const AROUND: [&str; 5] = ["id", "format", "scheme", "set_at", "username"];

/// A stored credential: which scheme made it, and its text or its parts.
///
/// ```
/// use landfall::password::Credential;
/// let credential = Credential::encoded("bcrypt", "$2b$10$tZbqQCnwKJP6Nyh9EaJ/DeteNibtN1I0PFNqcI6K0951mFQ.WmmMm");
/// assert_eq!(credential.scheme(), "bcrypt");
/// ```
#[derive(Clone)]
pub struct Credential {
    scheme: String,
    fields: Map<String, Value>,
    username: Option<String>,
}

impl Credential {
    /// A credential that is one string. The scheme `auto` asks for [detection](super::detect).
    #[must_use]
    pub fn encoded(scheme: impl Into<String>, encoded: impl Into<String>) -> Self {
        let fields = Map::from_iter([("encoded".to_owned(), Value::String(encoded.into()))]);
        Self { scheme: scheme.into(), fields, username: None }
    }

    /// A credential of named parts.
    #[must_use]
    pub fn fields(scheme: impl Into<String>, fields: Map<String, Value>) -> Self {
        Self { scheme: scheme.into(), fields, username: None }
    }

    /// Names the user, whom some schemes hash together with the password.
    #[must_use]
    pub fn with_username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Reads a credential object: `format` or `scheme` names the scheme (none: `auto`), `encoded` or `value` is its text,
    /// `fields` are its parts; parts may also stand beside the scheme.
    ///
    /// # Errors
    /// [`Problem::Malformed`] when the scheme is no text, or `fields` is no object.
    ///
    /// ```
    /// use landfall::password::Credential;
    /// let object = serde_json::json!({"scheme": "md5", "hash_hex": "900150983cd24fb0d6963f7d28e17f72"});
    /// let credential = Credential::from_json(object.as_object().ok_or("no object")?)?;
    /// assert_eq!(credential.scheme(), "md5");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_json(object: &Map<String, Value>) -> Result<Self, Problem> {
        let scheme = match object.get("format").or_else(|| object.get("scheme")) {
            None => "auto",
            Some(Value::String(name)) => name,
            Some(_) => return Err(Problem::malformed("the scheme is not a text")),
        };
        let username = object.get("username").and_then(Value::as_str).map(str::to_owned);
        let fields = match object.get("fields") {
            Some(Value::Object(fields)) => fields.clone(),
            Some(_) => return Err(Problem::malformed("`fields` is not an object")),
            None => object
                .iter()
                .filter(|(key, _)| !AROUND.contains(&key.as_str()))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
        };
        Ok(Self { scheme: scheme.to_owned(), fields, username })
    }

    /// The name of the scheme.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The same parts under another scheme.
    pub(crate) fn under(&self, scheme: &str) -> Self {
        Self { scheme: scheme.to_owned(), ..self.clone() }
    }

    /// The user: from the credential itself or from its parts.
    pub(crate) fn username(&self) -> Option<&str> {
        self.username.as_deref().or_else(|| self.text(&["user", "username"]))
    }

    /// The secret that the legacy application mixed into every hash.
    pub(crate) fn pepper(&self) -> Option<&str> {
        self.text(&["pepper", "secret"])
    }

    /// The credential as one string, when it is one.
    pub(crate) fn whole(&self) -> Option<&str> {
        self.text(&["encoded", "value"])
    }

    /// Whether the place of the one string is there but empty of text: `null`.
    pub(crate) fn is_null(&self) -> bool {
        ["encoded", "value"].iter().any(|key| self.fields.get(*key).is_some_and(Value::is_null))
    }

    /// The credential as one string.
    ///
    /// # Errors
    /// [`Problem::Malformed`] when there is none.
    pub(crate) fn required(&self) -> Result<&str, Problem> {
        self.whole().ok_or(Problem::malformed("the stored hash is missing"))
    }

    /// The text of the first of these parts that is there.
    pub(crate) fn text(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.fields.get(*key)?.as_str())
    }

    /// The text of a part that must be there.
    ///
    /// # Errors
    /// [`Problem::Malformed`] names the first spelling of the part.
    pub(crate) fn required_text(&self, keys: &[&str]) -> Result<&str, Problem> {
        self.text(keys).ok_or_else(|| missing(keys))
    }

    /// A part that is a number, or a number written as text.
    ///
    /// # Errors
    /// [`Problem::Malformed`] when it is there and is something else.
    pub(crate) fn number(&self, keys: &[&str]) -> Result<Option<u64>, Problem> {
        let Some(value) = keys.iter().find_map(|key| self.fields.get(*key)).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        number_of(value).map(Some).ok_or_else(|| Problem::malformed(format!("`{}` is not a number", first(keys))))
    }

    /// A part that must be a number.
    ///
    /// # Errors
    /// [`Problem::Malformed`] when it is not there or something else.
    pub(crate) fn required_number(&self, keys: &[&str]) -> Result<u64, Problem> {
        self.number(keys)?.ok_or_else(|| missing(keys))
    }

    /// A part that is an object, or an object written as JSON text, as parts of its own.
    pub(crate) fn object(&self, keys: &[&str]) -> Option<Self> {
        let fields = match keys.iter().find_map(|key| self.fields.get(*key))? {
            Value::Object(fields) => fields.clone(),
            Value::String(text) => serde_json::from_str(text).ok()?,
            _ => return None,
        };
        Some(Self { scheme: self.scheme.clone(), fields, username: self.username.clone() })
    }

    /// The text of a part that is a text or a list of one text, as Keycloak writes it.
    pub(crate) fn listed(&self, key: &str) -> Option<&str> {
        match self.fields.get(key)? {
            Value::Array(items) => items.first()?.as_str(),
            value => value.as_str(),
        }
    }

    /// The bytes of a part, decoded as its own name (`salt_hex`, `salt_b64`) or its `…_encoding` part says.
    ///
    /// # Errors
    /// [`Problem::Malformed`] when it is not in that encoding, [`Problem::Unsupported`] for an unknown encoding.
    pub(crate) fn bytes(&self, key: &str, default_encoding: &str) -> Result<Option<Vec<u8>>, Problem> {
        for (suffix, encoding) in [("_hex", "hex"), ("_b64", "base64"), ("_base64", "base64")] {
            if let Some(text) = self.text(&[&format!("{key}{suffix}")]) {
                return decode(key, text, encoding).map(Some);
            }
        }
        let encoding = self.text(&[&format!("{key}_encoding")]).unwrap_or(default_encoding);
        self.text(&[key]).map(|text| decode(key, text, encoding)).transpose()
    }

    /// The longest text among the parts, in bytes.
    fn longest(&self) -> usize {
        self.fields.values().filter_map(Value::as_str).map(str::len).max().unwrap_or(0)
    }

    /// # Errors
    /// [`Problem::Malformed`] when a part is longer than any hash.
    pub(crate) fn check_size(&self) -> Result<(), Problem> {
        if self.longest() > MAX_TEXT_BYTES {
            Err(Problem::malformed("the stored text is longer than any hash"))
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// A JSON number, a number as text, or a list of one of them as Keycloak writes it.
fn number_of(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Array(items) => items.first().filter(|_| items.len() == 1).and_then(number_of),
        _ => None,
    }
}

fn first<'a>(keys: &[&'a str]) -> &'a str {
    keys.first().copied().unwrap_or("part")
}

fn missing(keys: &[&str]) -> Problem {
    Problem::malformed(format!("the part `{}` is missing", first(keys)))
}

/// The bytes that `text` stands for.
///
/// # Errors
/// [`Problem::Malformed`] when it is not in that encoding, [`Problem::Unsupported`] for an unknown encoding.
pub(crate) fn decode(what: &str, text: &str, encoding: &str) -> Result<Vec<u8>, Problem> {
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "utf8" | "utf-8" | "text" | "ascii" | "plain" | "raw" => Some(text.as_bytes().to_vec()),
        "hex" => encoding::from_hex(text),
        "base64" | "base64url" | "b64" => encoding::from_base64(text),
        _ => return Err(Problem::unsupported(format!("the encoding of the {what} is not known"))),
    };
    bytes.ok_or_else(|| Problem::malformed(format!("the {what} is not {encoding}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(json: &str) -> Credential {
        Credential::from_json(&serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn parts_stand_in_fields_or_beside_the_scheme() {
        for json in [
            r#"{"id": 1, "format": "digest", "fields": {"salt": "a", "n": 5}}"#,
            r#"{"scheme": "digest", "salt": "a", "n": "5", "set_at": "2022-01-28"}"#,
        ] {
            let credential = credential(json);
            assert_eq!(credential.scheme(), "digest");
            assert_eq!(credential.text(&["salt"]), Some("a"));
            assert_eq!(credential.number(&["n"]), Ok(Some(5)));
            assert_eq!(credential.text(&["id", "set_at"]), None);
        }
    }

    #[test]
    fn bytes_are_decoded_as_their_name_or_their_encoding_says() {
        for json in [
            r#"{"salt": "a"}"#,
            r#"{"salt_hex": "61"}"#,
            r#"{"salt_b64": "YQ"}"#,
            r#"{"salt": "YQ==", "salt_encoding": "base64"}"#,
        ] {
            assert_eq!(credential(json).bytes("salt", "utf8"), Ok(Some(b"a".to_vec())), "{json}");
        }
        assert!(matches!(credential(r#"{"salt_hex": "6"}"#).bytes("salt", "utf8"), Err(Problem::Malformed(_))));
        assert!(matches!(
            credential(r#"{"salt": "6", "salt_encoding": "rot13"}"#).bytes("salt", "utf8"),
            Err(Problem::Unsupported(_))
        ));
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let text = format!("{:?}", credential(r#"{"scheme": "md5", "hash": "0cc175b9", "pepper": "shh"}"#));
        assert_eq!(text, "Credential { scheme: \"md5\", .. }");
    }
}
