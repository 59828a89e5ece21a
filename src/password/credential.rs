//! A stored credential of a legacy system: one string, or named parts.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::encoding;
use super::used_parts::{UsedParts, is_empty, shown};
use super::verdict::Problem;

/// The longest stored text that is accepted, in bytes. A hash has a few hundred; passport-local-mongoose has 1024.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// The shortest part that is a hash and nothing else, in bytes. The oldest hashes have 13 characters.
#[cfg(feature = "login")]
const SHORTEST_HASH: usize = 13;

/// Keys that describe the credential or its row and are not parts of the hash.
const NOT_PARTS: [&str; 7] = ["id", "format", "scheme", "set_at", "username", "source", "needs_rehash"];

/// A stored credential: its scheme, and its text or its parts.
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
    /// The parts that its scheme reads; only set while it is parsed.
    used: Option<Arc<UsedParts>>,
}

impl Credential {
    /// A credential in one string. The scheme `auto` means [detection](super::detect).
    #[must_use]
    pub fn encoded(scheme: impl Into<String>, encoded: impl Into<String>) -> Self {
        let fields = Map::from_iter([("encoded".to_owned(), Value::String(encoded.into()))]);
        Self { scheme: scheme.into(), fields, username: None, used: None }
    }

    /// A credential in named parts.
    #[must_use]
    pub fn fields(scheme: impl Into<String>, fields: Map<String, Value>) -> Self {
        Self { scheme: scheme.into(), fields, username: None, used: None }
    }

    /// Whether one of its parts is this text. Short texts are none: a salt may be the number of a customer.
    #[cfg(feature = "login")]
    pub(crate) fn has_part(&self, text: &str) -> bool {
        let is_part = |(name, value): (&String, &Value)| {
            !NOT_PARTS.contains(&name.as_str()) && value.as_str().is_some_and(|part| part == text)
        };
        text.len() >= SHORTEST_HASH && self.fields.iter().any(is_part)
    }

    /// Sets the user name, which some schemes hash together with the password.
    #[must_use]
    pub fn with_username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Reads a credential object. `format` or `scheme` is the scheme (default: `auto`), `encoded` or `value` is its
    /// text, and `fields` are its parts. Parts may also be members beside the scheme, or members of `value` or
    /// `parameters`.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if the scheme or the user name is not text, or `fields` is not an object.
    ///
    /// ```
    /// use landfall::password::Credential;
    /// let object = serde_json::json!({"scheme": "md5", "hash_hex": "900150983cd24fb0d6963f7d28e17f72"});
    /// let credential = Credential::from_json(object.as_object().ok_or("not an object")?)?;
    /// assert_eq!(credential.scheme(), "md5");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_json(object: &Map<String, Value>) -> Result<Self, Problem> {
        let scheme = match object.get("format").or_else(|| object.get("scheme")) {
            None => "auto",
            Some(Value::String(name)) => name,
            Some(_) => return Err(Problem::malformed("the scheme is not text")),
        };
        let username = match object.get("username") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.clone()),
            Some(_) => return Err(Problem::malformed("the user name is not text")),
        };
        let fields = match object.get("fields") {
            Some(Value::Object(fields)) => fields.clone(),
            Some(_) => return Err(Problem::malformed("`fields` is not an object")),
            None => flattened(object.iter().filter(|(key, _)| !NOT_PARTS.contains(&key.as_str()))),
        };
        Ok(Self { scheme: scheme.to_owned(), fields, username, used: None })
    }

    /// The name of the scheme.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Its parts as they are written.
    #[cfg(feature = "login")]
    pub(crate) fn parts(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The same parts with another scheme.
    pub(crate) fn with_scheme(&self, scheme: &str) -> Self {
        Self { scheme: scheme.to_owned(), ..self.clone() }
    }

    /// The same credential, recording which parts are read.
    pub(crate) fn tracked(&self) -> Self {
        Self { used: Some(Arc::default()), ..self.clone() }
    }

    /// Rejects parts that the scheme did not read.
    ///
    /// # Errors
    /// [`Problem::Unsupported`] for the first such part.
    pub(crate) fn check_used(&self) -> Result<(), Problem> {
        let Some(used) = &self.used else { return Ok(()) };
        let unused = self.fields.iter().find(|(name, value)| !is_empty(value) && !used.has(name));
        if let Some((name, _)) = unused {
            return Err(Problem::unsupported(format!("{} is not used by the scheme of this hash", shown(name))));
        }
        used.objects().iter().try_for_each(Self::check_used)
    }

    /// The user name, from the credential itself or from its parts.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is not text.
    pub(crate) fn username(&self) -> Result<Option<&str>, Problem> {
        let in_parts = self.text(&["user", "username"])?;
        Ok(self.username.as_deref().or(in_parts))
    }

    /// The secret that the legacy application mixed into every hash: `pepper` or `secret`, in the encoding given by its
    /// name or its `…_encoding` part.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is not in that encoding, or both names are used.
    pub(crate) fn pepper(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        let (pepper, secret) = (self.bytes("pepper", "utf8")?, self.bytes("secret", "utf8")?);
        if pepper.is_some() && secret.is_some() {
            return Err(Problem::malformed("`pepper` and `secret` are two names of the same part"));
        }
        Ok(pepper.or(secret).map(Zeroizing::new))
    }

    /// The credential as one string, if it is one.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is not text.
    pub(crate) fn whole(&self) -> Result<Option<&str>, Problem> {
        self.text(&["encoded", "value"])
    }

    /// Whether the string is `null`.
    pub(crate) fn is_null(&self) -> bool {
        ["encoded", "value"].iter().any(|key| self.fields.get(*key).is_some_and(Value::is_null))
    }

    /// The credential as one string, which is required.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is missing.
    pub(crate) fn required(&self) -> Result<&str, Problem> {
        self.whole()?.ok_or(Problem::malformed("the stored hash is missing"))
    }

    /// The first of these parts that exists and is not `null`, with its name.
    fn part(&self, keys: &[&str]) -> Option<(&String, &Value)> {
        if let Some(used) = &self.used {
            keys.iter().for_each(|key| used.record(key));
        }
        keys.iter().filter_map(|key| self.fields.get_key_value(*key)).find(|(_, value)| !value.is_null())
    }

    /// The text of the first of these parts that exists.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is not text: a salt that is a number must not be treated as no salt, which no password would match.
    pub(crate) fn text(&self, keys: &[&str]) -> Result<Option<&str>, Problem> {
        let Some((key, value)) = self.part(keys) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| Problem::malformed(format!("the part `{key}` is not text")))
    }

    /// The text of a required part.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is missing or not text.
    pub(crate) fn required_text(&self, keys: &[&str]) -> Result<&str, Problem> {
        self.text(keys)?.ok_or_else(|| missing(keys))
    }

    /// A numeric part, possibly written as text.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is not a number.
    pub(crate) fn number(&self, keys: &[&str]) -> Result<Option<u64>, Problem> {
        let Some((key, value)) = self.part(keys) else { return Ok(None) };
        number_of(value).map(Some).ok_or_else(|| Problem::malformed(format!("`{key}` is not a number")))
    }

    /// A required numeric part.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is missing or not a number.
    pub(crate) fn required_number(&self, keys: &[&str]) -> Result<u64, Problem> {
        self.number(keys)?.ok_or_else(|| missing(keys))
    }

    /// Checks that the part `algorithm`, which some systems write beside the others, matches the scheme.
    ///
    /// # Errors
    /// [`Problem::Unsupported`] if it does not.
    pub(crate) fn confirm(&self, algorithm: &str) -> Result<(), Problem> {
        match self.text(&["algorithm"])? {
            Some(named) if !named.eq_ignore_ascii_case(algorithm) => {
                Err(Problem::unsupported("the part `algorithm` names another scheme"))
            }
            _ => Ok(()),
        }
    }

    /// An object part, possibly written as JSON text, as a credential with its own parts.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is not an object.
    pub(crate) fn object(&self, keys: &[&str]) -> Result<Option<Self>, Problem> {
        let Some((key, value)) = self.part(keys) else { return Ok(None) };
        let fields = match value {
            Value::Object(fields) => Some(fields.clone()),
            Value::String(text) => serde_json::from_str(text).ok(),
            _ => None,
        };
        let fields = fields.ok_or_else(|| Problem::malformed(format!("the part `{key}` is not an object")))?;
        let used = self.used.as_ref().map(|_| Arc::default());
        let object = Self { scheme: self.scheme.clone(), fields, username: self.username.clone(), used };
        if let Some(used) = &self.used {
            used.record_object(&object);
        }
        Ok(Some(object))
    }

    /// A required object part.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is missing or not an object.
    pub(crate) fn required_object(&self, key: &str) -> Result<Self, Problem> {
        self.object(&[key])?.ok_or_else(|| missing(&[key]))
    }

    /// The text of a part that is text or a list of one text, as Keycloak writes it.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is neither.
    pub(crate) fn listed(&self, key: &str) -> Result<Option<&str>, Problem> {
        let text = match self.part(&[key]) {
            None => return Ok(None),
            Some((_, Value::Array(items))) => items.first().filter(|_| items.len() == 1).and_then(Value::as_str),
            Some((_, value)) => value.as_str(),
        };
        text.map(Some).ok_or_else(|| Problem::malformed(format!("the part `{key}` is not text")))
    }

    /// The bytes of a part, in the encoding given by its name (`salt_hex`, `salt_b64`) or its `…_encoding` part.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if it is not in that encoding, [`Problem::Unsupported`] for an unknown encoding.
    pub(crate) fn bytes(&self, key: &str, default_encoding: &str) -> Result<Option<Vec<u8>>, Problem> {
        let mut found = Vec::new();
        for (suffix, encoding) in [("_hex", "hex"), ("_b64", "base64"), ("_base64", "base64")] {
            found.extend(self.text(&[&format!("{key}{suffix}")])?.map(|text| (text, encoding)));
        }
        let encoding = self.text(&[&format!("{key}_encoding")])?.unwrap_or(default_encoding);
        found.extend(self.text(&[key])?.map(|text| (text, encoding)));
        match found.as_slice() {
            [] => Ok(None),
            [(text, encoding)] => decode(key, text, encoding).map(Some),
            _ => Err(Problem::malformed(format!("the part `{key}` exists in two encodings"))),
        }
    }

    /// # Errors
    /// [`Problem::Malformed`] if it contains a text that is longer than any hash.
    pub(crate) fn check_size(&self) -> Result<(), Problem> {
        if self.fields.values().any(|value| longest(value) > MAX_TEXT_BYTES) {
            Err(Problem::malformed("the stored text is longer than any hash"))
        } else {
            Ok(())
        }
    }
}

/// Moves the members of an object in `encoded`, `value` or `parameters` to the top level: rules pass on objects of the
/// legacy system unchanged.
fn flattened<'v>(parts: impl Iterator<Item = (&'v String, &'v Value)>) -> Map<String, Value> {
    let (mut flat, mut members) = (Map::new(), Map::new());
    for (key, value) in parts {
        match value {
            Value::Object(inside) if ["encoded", "value", "parameters"].contains(&key.as_str()) => {
                members.extend(inside.clone());
            }
            _ => drop(flat.insert(key.clone(), value.clone())),
        }
    }
    members.extend(flat);
    members
}

/// The longest text in a value, in bytes.
fn longest(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(longest).max().unwrap_or(0),
        Value::Object(fields) => fields.values().map(longest).max().unwrap_or(0),
        _ => 0,
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// A JSON number, a number as text, or a list of one number as Keycloak writes it.
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

/// Decodes `text`.
///
/// # Errors
/// [`Problem::Malformed`] if it is not in that encoding, [`Problem::Unsupported`] for an unknown encoding.
pub(crate) fn decode(what: &str, text: &str, encoding: &str) -> Result<Vec<u8>, Problem> {
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "utf8" | "utf-8" | "text" | "ascii" | "plain" | "raw" => Some(text.as_bytes().to_vec()),
        "hex" => encoding::from_hex(text),
        "base64" | "base64url" | "b64" => encoding::from_base64(text),
        _ => return Err(Problem::unsupported(format!("unknown encoding of the {what}"))),
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
    fn parts_are_in_fields_or_beside_the_scheme() {
        for json in [
            r#"{"id": 1, "format": "digest", "fields": {"salt": "a", "n": 5}}"#,
            r#"{"scheme": "digest", "salt": "a", "n": "5", "set_at": "2022-01-28"}"#,
        ] {
            let credential = credential(json);
            assert_eq!(credential.scheme(), "digest");
            assert_eq!(credential.text(&["salt"]), Ok(Some("a")));
            assert_eq!(credential.number(&["n"]), Ok(Some(5)));
            assert_eq!(credential.text(&["id", "set_at"]), Ok(None));
        }
    }

    #[test]
    fn an_object_in_place_of_the_text_contains_the_parts() {
        for json in [
            r#"{"scheme": "okta", "value": {"value": "a", "salt": "b"}, "salt": "c"}"#,
            r#"{"scheme": "okta", "parameters": {"value": "a", "salt": "b"}, "salt": "c"}"#,
        ] {
            let credential = credential(json);
            assert_eq!(credential.whole(), Ok(Some("a")), "{json}");
            assert_eq!(credential.text(&["salt"]), Ok(Some("c")), "{json}");
        }
    }

    #[test]
    fn bytes_are_decoded_by_their_name_or_encoding_part() {
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
    fn parts_of_the_wrong_type_are_malformed_and_not_missing() {
        let broken = |answer: Result<(), Problem>| matches!(answer, Err(Problem::Malformed(_)));
        for json in [r#"{"p": 7}"#, r#"{"p": true}"#, r#"{"p": ["a", "b"]}"#, r#"{"p": [{}]}"#, r#"{"p": []}"#] {
            let credential = credential(json);
            assert!(broken(credential.text(&["p", "q"]).map(drop)), "{json}");
            assert!(broken(credential.object(&["p"]).map(drop)), "{json}");
            assert!(broken(credential.listed("p").map(drop)), "{json}");
            assert!(broken(credential.bytes("p", "utf8").map(drop)), "{json}");
        }
        let credential = credential(r#"{"p": null, "q": "a"}"#);
        assert_eq!(credential.text(&["p", "q"]), Ok(Some("a")));
        assert!(Credential::from_json(&serde_json::from_str(r#"{"username": 7}"#).unwrap()).is_err());
    }

    #[test]
    fn texts_inside_parts_have_a_size_limit() {
        let long = "a".repeat(MAX_TEXT_BYTES + 1);
        for json in [format!(r#"{{"hash": {{"value": "{long}"}}}}"#), format!(r#"{{"salt": [["{long}"]]}}"#)] {
            assert!(credential(&json).check_size().is_err());
        }
    }

    #[test]
    fn only_the_scheme_is_printed() {
        let text = format!("{:?}", credential(r#"{"scheme": "md5", "hash": "0cc175b9", "pepper": "shh"}"#));
        assert_eq!(text, "Credential { scheme: \"md5\", .. }");
    }
}
