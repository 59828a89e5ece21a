//! What is shown of settings with free names: no value whose name suggests a secret.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

/// The text shown for a hidden value.
pub(crate) const HIDDEN: &str = "***";

/// Words in names of secrets.
const SECRETS: [&str; 11] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pepper",
    "salt",
    "token",
    "credential",
    "key",
    "authorization",
    "cookie",
];

/// Whether a name suggests a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|word| name.contains(word))
}

/// Whether a text has placeholders, and nothing else besides a word before them, such as `Bearer {param.token}`.
pub(crate) fn only_placeholders(text: &str) -> bool {
    let (before, rest) = text.split_once('{').unwrap_or((text, ""));
    let is_word = before.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' ') && before.len() <= 8;
    let mut between = rest.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    !rest.is_empty() && is_word && between.all(|after| after.len() <= 1)
}

/// Texts by name, without secrets.
pub(crate) fn texts<S: Serializer>(texts: &BTreeMap<String, String>, serializer: S) -> Result<S::Ok, S::Error> {
    let hides = |name: &str, text: &str| is_secret_name(name) && !only_placeholders(text);
    let shown = |(name, text)| (name, if hides(name, text) { HIDDEN } else { text });
    serializer.collect_map(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).map(shown))
}

/// Texts by name, if there are any, without secrets.
pub(crate) fn optional_texts<S: Serializer>(
    found: &Option<BTreeMap<String, String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match found {
        Some(found) => texts(found, serializer),
        None => serializer.serialize_none(),
    }
}

/// A JSON value without secrets.
pub(crate) fn optional_json<S: Serializer>(found: &Option<Json>, serializer: S) -> Result<S::Ok, S::Error> {
    found.as_ref().map(|found| json(found, only_placeholders)).serialize(serializer)
}

/// A value in which members whose names suggest secrets are hidden at any depth, unless they are texts of this kind.
pub(crate) fn json(value: &Json, is_open: fn(&str) -> bool) -> Json {
    match value {
        Json::Object(members) => {
            let hide = |(name, member): (&String, &Json)| {
                let is_hidden = is_secret_name(name) && !member.as_str().is_some_and(is_open);
                (name.clone(), if is_hidden { HIDDEN.into() } else { json(member, is_open) })
            };
            Json::Object(members.iter().map(hide).collect())
        }
        Json::Array(items) => items.iter().map(|item| json(item, is_open)).collect(),
        value => value.clone(),
    }
}

/// JSON values by name, without secrets.
#[cfg(feature = "login")]
pub(crate) fn json_by_name<S: Serializer>(found: &BTreeMap<String, Json>, serializer: S) -> Result<S::Ok, S::Error> {
    let members = found.iter().map(|(name, value)| (name.clone(), value.clone()));
    json(&Json::Object(members.collect()), only_placeholders).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_placeholders_are_no_secrets() {
        for open in ["{password}", "Bearer {param.token}", "{identifier}:{password}", "SSWS {param.token}"] {
            assert!(only_placeholders(open), "{open}");
        }
        for hidden in ["hunter", "", "Bearer hunter", "hunter2{identifier}", "{identifier}hunter", "{a}b{c}de", "{"] {
            assert!(!only_placeholders(hidden), "{hidden}");
        }
    }
}
