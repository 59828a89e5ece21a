//! Values of the rule parameters; values that may be secrets are never shown.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

/// Values of parameters by name. Hidden values are serialized as `***`, and shown nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: BTreeMap<String, Json>,
    hidden: BTreeSet<String>,
}

/// The text shown for a hidden value.
const HIDDEN: &str = "***";

/// Words in the names of parameters that hold secrets.
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

/// Whether the name of a parameter suggests a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|word| name.contains(word))
}

impl Params {
    /// Hides the values of these parameters.
    pub(crate) fn hide(&mut self, names: impl IntoIterator<Item = String>) {
        self.hidden.extend(names);
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.hidden.contains(name) || is_secret_name(name)
    }
}

impl Deref for Params {
    type Target = BTreeMap<String, Json>;

    fn deref(&self) -> &Self::Target {
        &self.values
    }
}

impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = BTreeMap::deserialize(deserializer)?;
        Ok(Self { values, hidden: BTreeSet::new() })
    }
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (name, value) in &self.values {
            if self.is_hidden(name) {
                map.serialize_entry(name, HIDDEN)?;
            } else {
                map.serialize_entry(name, &shown(value))?;
            }
        }
        map.end()
    }
}

impl JsonSchema for Params {
    fn schema_name() -> Cow<'static, str> {
        "Params".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// A value in which members whose names suggest secrets are hidden, at any depth.
fn shown(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            let hide = |(name, member): (&String, &Json)| {
                (name.clone(), if is_secret_name(name) { HIDDEN.into() } else { shown(member) })
            };
            Json::Object(members.iter().map(hide).collect())
        }
        Json::Array(items) => items.iter().map(shown).collect(),
        value => value.clone(),
    }
}

/// Never shows values.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_at_any_depth() {
        let params: Params = serde_json::from_str(r#"{"a":[{"api_key":"k","b":1}],"token":{"x":1},"c":"d"}"#).unwrap();
        let text = serde_json::to_string(&params).unwrap();
        assert_eq!(text, r#"{"a":[{"api_key":"***","b":1}],"c":"d","token":"***"}"#);
    }
}
