//! Requests and conditions as they are written in settings and presets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use crate::settings::shown;

/// A request. Its texts may contain placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestSettings {
    /// The method. `GET` by default, with a body `POST`.
    #[serde(default)]
    pub method: Option<String>,
    /// The path below `server.url`, such as `/customers/{identifier}`.
    pub path: String,
    /// Parameters of the query.
    #[serde(default, serialize_with = "shown::texts")]
    pub query: BTreeMap<String, String>,
    /// Headers.
    #[serde(default, serialize_with = "shown::texts")]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: Option<BodySettings>,
    /// Basic authentication as the customer, in a verifier.
    #[serde(default)]
    pub basic: Option<BasicSettings>,
}

/// A body: one of `json`, `form` and `text`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BodySettings {
    /// JSON. A text that is one placeholder of the record keeps the type of its value.
    #[serde(default, serialize_with = "shown::optional_json")]
    pub json: Option<Json>,
    /// The fields of a form.
    #[serde(default, serialize_with = "shown::optional_texts")]
    pub form: Option<BTreeMap<String, String>>,
    /// A text in XML, JSON or as a form, which `content_type` tells, for example for SOAP.
    #[serde(default)]
    pub text: Option<String>,
    /// The content type, if it is not the usual one of `json` and `form`.
    #[serde(default)]
    pub content_type: Option<String>,
}

/// Basic authentication.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicSettings {
    /// The user.
    #[serde(default = "identifier")]
    pub user: String,
    /// The password.
    #[serde(default = "password")]
    pub password: String,
}

fn identifier() -> String {
    "{identifier}".to_owned()
}

fn password() -> String {
    "{password}".to_owned()
}

/// A request for a part of the record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartSettings {
    /// The request.
    pub request: RequestSettings,
    /// Where the part is in the answer.
    #[serde(default = "whole")]
    pub pick: String,
    /// Answers that mean that there is none. Then the part is an empty list.
    #[serde(default)]
    pub none_when: Vec<ConditionSettings>,
}

/// The path of a whole answer.
pub(super) fn whole() -> String {
    "$".to_owned()
}

/// A description of answers. An answer must have everything that is described.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionSettings {
    /// The status, or a list of them.
    pub status: Statuses,
    /// Values in the body, by path: a text, a whole number, `true` or `false`, or one of `exists`, `one_of`, `contains` and
    /// `starts_with`. Types must agree: `1` is not `'1'`. A value that is missing, null, `false`, `0` or empty does not
    /// exist.
    #[serde(default)]
    pub body: BTreeMap<String, Test>,
    /// Headers, in the same way.
    #[serde(default)]
    pub headers: BTreeMap<String, Test>,
    /// A text that occurs in the body, for answers that are not JSON.
    #[serde(default)]
    pub text: Option<String>,
    /// `false` accepts a right password although the answer does not say whose it is, in `must_change_when` beside
    /// `subject`. Only if nobody else signs in with what the request sends.
    #[serde(default)]
    pub subject: Option<bool>,
}

/// One or several statuses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Statuses(pub Vec<u16>);

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a status such as `200`, or a list of them")]
        enum Written {
            One(u16),
            Many(Vec<u16>),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::One(status) => vec![status],
            Written::Many(statuses) => statuses,
        }))
    }
}

impl JsonSchema for Statuses {
    fn schema_name() -> Cow<'static, str> {
        "Statuses".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "array"], "items": { "type": "integer" } })
    }
}

/// A test of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// The value.
    Is(Scalar),
    /// One of these values.
    OneOf(Vec<Scalar>),
    /// A value that says something: not missing, null, `false`, `0` or empty; or the opposite.
    Exists(bool),
    /// A text that contains this one.
    Contains(String),
    /// A text that begins with this one.
    StartsWith(String),
}

/// A value that an answer may have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected a text, a whole number, `true` or `false`")]
pub enum Scalar {
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
}

/// The long form of a test.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    exists: Option<bool>,
    one_of: Option<Vec<Scalar>>,
    contains: Option<String>,
    starts_with: Option<String>,
}

/// Reads a value, or the long form, whose unknown keys are reported like those of any section.
struct TestVisitor;

impl<'de> Visitor<'de> for TestVisitor {
    type Value = Test;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or one of `exists`, `one_of`, `contains` and `starts_with`")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Test, E> {
        Ok(Test::Is(Scalar::Boolean(flag)))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Test, E> {
        Ok(Test::Is(Scalar::Integer(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Test, E> {
        i64::try_from(number).map(|number| Test::Is(Scalar::Integer(number))).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Test, E> {
        Ok(Test::Is(Scalar::Text(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Test, A::Error> {
        let long = Long::deserialize(MapAccessDeserializer::new(map))?;
        match (long.exists, long.one_of, long.contains, long.starts_with) {
            (Some(exists), None, None, None) => Ok(Test::Exists(exists)),
            (None, Some(values), None, None) => Ok(Test::OneOf(values)),
            (None, None, Some(text), None) if !text.is_empty() => Ok(Test::Contains(text)),
            (None, None, None, Some(text)) if !text.is_empty() => Ok(Test::StartsWith(text)),
            _ => Err(de::Error::custom(
                "expected exactly one of `exists`, `one_of`, `contains` and `starts_with`, and no empty text",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Test {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TestVisitor)
    }
}

/// As it is written.
impl Serialize for Test {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Is(value) => value.serialize(serializer),
            Self::OneOf(values) => serializer.collect_map([("one_of", values)]),
            Self::Exists(exists) => serializer.collect_map([("exists", exists)]),
            Self::Contains(text) => serializer.collect_map([("contains", text)]),
            Self::StartsWith(text) => serializer.collect_map([("starts_with", text)]),
        }
    }
}

impl JsonSchema for Test {
    fn schema_name() -> Cow<'static, str> {
        "Test".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let scalar = json_schema!({ "type": ["string", "integer", "boolean"] });
        json_schema!({
            "type": ["string", "integer", "boolean", "object"],
            "properties": {
                "exists": { "type": "boolean" },
                "one_of": { "type": "array", "items": scalar },
                "contains": { "type": "string" },
                "starts_with": { "type": "string" },
            },
            "additionalProperties": false,
        })
    }
}

/// Whose answer it is: a value of the answer that must equal a value of the record, or the identifier.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectSettings {
    /// The value in the answer to `then`, or without it in the first answer.
    pub answer: String,
    /// The value in the record. Without it the identifier is compared.
    #[serde(default)]
    pub record: Option<String>,
}
