//! Pieces that the schemas of rule files and of test files share.

use serde_json::{Map, Value as Json, json};

/// A map with exactly these keys, each with a description and a schema.
pub(super) fn closed(about: &str, keys: &[(&str, &str, Json)], required: &[&str]) -> Json {
    let properties: Map<String, Json> =
        keys.iter().map(|(key, about, schema)| ((*key).to_owned(), described(about, schema))).collect();
    json!({
        "description": about,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A schema with a description. Draft 07 ignores everything beside `$ref`, so a reference is wrapped in `allOf`.
pub(super) fn described(about: &str, schema: &Json) -> Json {
    let mut schema = if schema.get("$ref").is_some() { json!({ "allOf": [schema] }) } else { schema.clone() };
    if let Some(members) = schema.as_object_mut()
        && !members.contains_key("description")
    {
        members.insert("description".to_owned(), about.into());
    }
    schema
}

/// A named part of the schema.
pub(super) fn part(name: &str) -> Json {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// One value, or a list of values.
pub(super) fn one_or_more(schema: &Json) -> Json {
    json!({ "anyOf": [schema, { "type": "array", "items": schema, "minItems": 1 }] })
}

/// A text, number or boolean as written in YAML; rules read it as text.
pub(super) fn scalar() -> Json {
    json!({ "type": ["string", "number", "boolean"] })
}

/// A reference such as `$.email`.
pub(super) fn reference() -> Json {
    json!({ "type": "string", "pattern": r"^\$([A-Za-z_][A-Za-z0-9_]*)?($|[.\[])" })
}

/// The reason of a denial or check.
pub(super) fn reason() -> Json {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9_.-]+$" })
}

/// A map with arbitrary keys.
pub(super) fn map_of(schema: &Json) -> Json {
    json!({ "type": "object", "additionalProperties": schema })
}
