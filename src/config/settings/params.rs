//! Values of the rule parameters; values that may be secrets are never shown.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use crate::settings::shown::{self, HIDDEN, is_secret_name};

/// Values of parameters by name. Hidden values are serialized as `***`, and shown nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: BTreeMap<String, Json>,
    hidden: BTreeSet<String>,
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
                map.serialize_entry(name, &shown::json(value, |_| false))?;
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
